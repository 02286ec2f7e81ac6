// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The head of an HTTP/1 message (RFC 9112): its first line and its fields, and the buffers that rules know, made from them. Buffers point into the head's own text
 * or into memory of struct head; both live until head_done().
 *
 * Fields are read as the most lenient receiver would: bytes that are zero are not there, a line ends at any CR or LF, a folded line belongs to the one before it, and counts
 * by itself for the framing too. What is thus taken for chunked or packed and is not, is seen so by the body's own bytes (http.c).
 */
#pragma once

#include "base/buf.h"
#include "proto/proto.h"

enum { HEAD_MAX = 32768, HEAD_LINES_MAX = 256, HEAD_BUFFERS_MAX = 64 + HEAD_LINES_MAX /* each field is one too */, BODY_MAX = 65536 };

struct head {
	bool request;
	const uint8_t *method, *uri, *text; /* of the first line; `text` is the reason */
	size_t method_size, uri_size, text_size;
	unsigned status;
	bool http10, chunked, close, has_length, odd_length /* not one plain number */;
	unsigned packed; /* how often: gzip and deflate in the fields that say so */
	uint64_t length;
	struct sk_buf made;  /* what had to be written anew */
	char *clean;         /* the fields, one a line, without zero bytes and folds */
	struct gw_buffer buffers[HEAD_BUFFERS_MAX];
	size_t made_at[HEAD_BUFFERS_MAX]; /* offset in `made` + 1, resolved by head_settle(); 0 = points elsewhere */
	size_t count;
	const uint8_t *host;
	size_t host_size;
};

/* True when the bytes begin as a request or an answer does; GW_MORE when it cannot be told yet. */
enum gw_guess head_guess(const uint8_t *data, size_t size, enum gw_dir dir);
/* Where the head ends (behind its empty line); 0 = not yet. */
size_t head_end(const uint8_t *data, size_t size, size_t seen);
/* 0; SK_BAD: not HTTP/1; -ENOMEM. */
int head_read(struct head *h, const uint8_t *data, size_t size, enum gw_dir dir);
void head_add(struct head *h, const char *name, const uint8_t *data, size_t size);
void head_done(struct head *h);
