// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A pull reader and a writer for JSON (RFC 8259) that build no tree and allocate nothing.
 *
 * The reader walks bytes it does not own, never past their end, and is strict: no comment, no trailing comma, no number with a leading
 * zero, no control byte in a string, no lone surrogate, well-formed UTF-8, at most SK_PULL_DEPTH levels, nothing but white
 * space after the value. What it hands out points into the input and lives as long. Object keys that occur twice are the caller's to find.
 * It goes bad once and stays bad.
 *
 * The writer appends to an sk_buf and remembers the first failure, so that an object is written without a test at each step.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/diag.h"

#define SK_PULL_DEPTH 24

enum sk_pull_token {
	SK_PULL_BAD,
	SK_PULL_END, /* the value is over, and so is the input */
	SK_PULL_OBJECT,
	SK_PULL_OBJECT_END,
	SK_PULL_ARRAY,
	SK_PULL_ARRAY_END,
	SK_PULL_KEY,     /* `text` is the key; its value comes next */
	SK_PULL_STRING,  /* `text` */
	SK_PULL_INTEGER, /* `integer`; `text` as well */
	SK_PULL_REAL,    /* a number with fraction or exponent, or beyond 64 bits: `text` alone */
	SK_PULL_TRUE,
	SK_PULL_FALSE,
	SK_PULL_NULL,
};

/* The bytes between the quotes as they stand in the input; with `escaped` they hold backslash escapes. Not terminated. */
struct sk_pull_text {
	const char *data;
	size_t size;
	bool escaped;
};

struct sk_pull {
	const char *data;
	size_t size;
	size_t at;        /* next byte; after SK_PULL_BAD the byte that is wrong */
	size_t token_at;  /* first byte of the token last given */
	const char *why;  /* after SK_PULL_BAD */
	struct sk_pull_text text;
	int64_t integer;
	uint32_t objects; /* bit d: level d is an object */
	uint8_t depth;
	uint8_t expects;
};

void sk_pull_init(struct sk_pull *json, const void *data, size_t size);
enum sk_pull_token sk_pull_next(struct sk_pull *json);
/* Passes over the value that would come next (after a key, or inside an array). False when it is bad. */
bool sk_pull_skip(struct sk_pull *json);
/* SK_BAD with the byte and the reason of a reader that went bad. */
int sk_pull_diag(const struct sk_pull *json, struct sk_diag *diag);
bool sk_pull_text_is(const struct sk_pull_text *text, const char *plain);
/* The text without escapes, terminated. 0; SK_FULL when `out` is too small (or a \u0000 would cut the string short). */
int sk_pull_plain(const struct sk_pull_text *text, char *out, size_t size, size_t *ret_size);

struct sk_jw {
	struct sk_buf *buf;
	int error;  /* the first failure of sk_buf: SK_FULL or -ENOMEM */
	bool comma; /* the next member needs one */
};

void sk_jw_init(struct sk_jw *out, struct sk_buf *buf);
/* `key` NULL inside an array or at the top. A key is written as it stands: ours only, never foreign bytes. */
void sk_jw_open(struct sk_jw *out, const char *key, char bracket); /* '{' or '[' */
void sk_jw_close(struct sk_jw *out, char bracket);                 /* '}' or ']' */
void sk_jw_put_int(struct sk_jw *out, const char *key, int64_t value);
void sk_jw_put_uint(struct sk_jw *out, const char *key, uint64_t value);
void sk_jw_put_bool(struct sk_jw *out, const char *key, bool value);
void sk_jw_put_str(struct sk_jw *out, const char *key, const char *text);
/* Foreign bytes as a string: escaped; a byte that is no part of well-formed UTF-8 becomes U+FFFD. */
void sk_jw_put_bytes(struct sk_jw *out, const char *key, const void *data, size_t size);
