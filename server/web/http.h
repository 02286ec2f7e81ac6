// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The HTTP server: libevent's evhttp, with OpenSSL bufferevents where there is TLS. It turns what arrives into a sk_req, decides who asks, whether the address is
 * theirs and the request unforged, and sends the answer with the headers that keep a browser safe.
 */
#pragma once

#include "web/req.h"

struct sk_http;
struct sk_tls;

/* `listener` stays the caller's. `tls` NULL: plain, on loopback. 0, -ENOMEM, -errno. */
int sk_http_new(struct sk_web *web, int listener, struct sk_tls *tls, struct sk_http **ret_http);
struct sk_http *sk_http_free(struct sk_http *http);

/* Sends page or JSON or redirect, whatever the request holds; takes `body`. */
void sk_http_answer(struct sk_req *q, int status, const char *type, struct sk_buf *body);
/* Headers of every answer; live.c sends its own body. */
void sk_http_headers(struct sk_req *q, const char *type);
