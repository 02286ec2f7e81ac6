// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Against requests that a browser was made to send: the name it used (DNS rebinding), where the form stood (Origin), and the token that only our own pages hold. And
 * against guessing: wrong passwords by address.
 */
#pragma once

#include <stdbool.h>

#include "web/req.h"

/* Is this a name of ours? On loopback: loopback names and the configured one; with TLS the certificate has already said so. */
bool sk_guard_host(const struct sk_web *web, const char *host);
/* A POST is ours when its Origin is this very server and its token is the session's (before sign-in: the one that hangs on the cookie). */
bool sk_guard_forgery(const struct sk_req *q, const char *origin, const char *fetch_site, const char *header_token, const char *cookies);
/* The token for forms before sign-in: sets the cookie it hangs on when there is none. `out` has SK_SECRET_TEXT bytes. */
int sk_guard_before(struct sk_req *q, const char *cookies, char *out);

enum { SK_TRIES_MAX = 30, SK_TRIES_WINDOW_MS = 60000, SK_TRIES_ADDRESSES = 4096 };

int sk_tries_new(struct sk_tries **ret_tries);
struct sk_tries *sk_tries_free(struct sk_tries *tries);
/* Counts a try from there; false: too many in the last minute. A full table lets through: names are locked all the same. */
bool sk_tries_count(struct sk_tries *tries, const char *address, int64_t now);
