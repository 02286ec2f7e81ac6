// SPDX-License-Identifier: GPL-3.0-or-later
/* A TLS channel to the server, for the duty "link" and for enrolment. */
#pragma once

#include "crypto/tls.h"
#include "wire/chan.h"

enum { ADDRESS_MAX = 256 };

/* "HOST:PORT" or "[ADDRESS]:PORT" in its parts. 0 or SK_BAD. */
int address_split(const char *address, char ret_host[ADDRESS_MAX], char ret_port[8]);
/*
 * Begins to connect; on_open or on_close of `handler` follows. A host name is looked up first, which blocks for as long as the resolver does.
 * 0; SK_NONE no such host (diag); -errno.
 */
int server_connect(struct sk_loop *loop, const char *address, struct sk_tls *tls, enum sk_proto proto,
		   const struct sk_chan_handler *handler, void *arg, struct sk_chan **ret_chan, struct sk_diag *diag);
