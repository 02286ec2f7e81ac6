// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Opening a batch that an agent sent: the one place where its bytes are believed or not. Bounded before it allocates: at most 1 MiB comes out of
 * a frame whatever it says of itself. Every event is read (lib/event), every place checked against the session it came by.
 */
#pragma once

#include "base/buf.h"
#include "base/diag.h"
#include "store/append.h"

struct sk_origin_of { /* whose batch it is: from the certificate, never from the batch */
	const char *agent, *host, *org, *site;
	uint64_t epoch;    /* as in HELLO */
	uint64_t received; /* ms */
};

/*
 * Reads the body of a BATCH and appends the body of an APPEND to `out`. `space` is for the opened block (maximum at least SK_BATCH_MAX_RAW); it is
 * cleared first. *ret_batch is what it was (its bytes point into `body`). 0; SK_BAD with the place ("event 3 of the batch", byte); -ENOMEM.
 */
int sk_open_batch(const struct sk_origin_of *from, const void *body, size_t size, struct sk_buf *space, struct sk_buf *out,
		  struct sk_batch *ret_batch, struct sk_diag *diag);
