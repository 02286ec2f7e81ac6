// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * JSON that somebody else wrote, strictly, value by value: RFC 8259 with the limits of I-JSON (RFC 7493). It builds nothing. Who wants a tree makes one
 * of what it says (wire/json.h one of json-c's, conf/node.h one that a table judges), so that all of them refuse the same, with the same words.
 *
 * Refused, with the byte and the path: anything after the value, bytes that are not UTF-8, lone surrogates, U+0000, a control character in a string, depth
 * over SK_LEX_DEPTH, over 1,300,000 values or 131,072 objects and arrays, numbers that are not integers within +-(2^53 - 1), and the same key twice
 * in a row. A key that comes twice with others between is left to the caller, who knows the members; in canonical text there is none.
 *
 *     sk_lex_begin(&lex, text, size, max, diag)
 *     sk_lex_value(&lex, &value)      a scalar is read, an object or array entered
 *     while (sk_lex_member(&lex) == 0) ... sk_lex_value(&lex, ...)      SK_END: the object is closed
 *     while (sk_lex_item(&lex) == 0) ... sk_lex_value(&lex, ...)        SK_END: the array is closed
 *     sk_lex_end(&lex)
 *
 * Each returns 0; SK_BAD with the diag filled; -ENOMEM.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/diag.h"

#define SK_LEX_DEPTH 32
#define SK_LEX_MAX_INT 9007199254740991LL

enum sk_lex_kind { SK_LEX_NULL, SK_LEX_FALSE, SK_LEX_TRUE, SK_LEX_NUMBER, SK_LEX_TEXT, SK_LEX_ARRAY, SK_LEX_OBJECT };

struct sk_lex_value {
	enum sk_lex_kind kind;
	int64_t number;
	const char *text; /* of TEXT: `size` bytes, not terminated, in the source or in the lexer; good until the next call */
	size_t size;
	size_t from; /* offset of its first byte */
};

struct sk_lex_step {
	bool object, named; /* named: its key is read */
	size_t count;       /* items or members begun */
	size_t key, key_at; /* offset of the present key in `keys`, and in the source */
};

struct sk_lex {
	const char *text;
	size_t size, at;
	size_t odd; /* 1 + offset of the first byte that canonical text (RFC 8785) would not have there; 0 = none up to `at` */
	size_t values, containers;
	struct sk_lex_step path[SK_LEX_DEPTH];
	int depth;
	struct sk_buf keys, scratch; /* the keys on the path, each terminated; a text with escapes */
	struct sk_diag *diag;
};

#define _cleanup_lex_ __attribute__((cleanup(sk_lex_done)))
/* `lex` is always to be done. The text stays the caller's, and must stay. */
int sk_lex_begin(struct sk_lex *lex, const void *text, size_t size, size_t max, struct sk_diag *diag);
void sk_lex_done(struct sk_lex *lex);
int sk_lex_value(struct sk_lex *lex, struct sk_lex_value *ret_value);
int sk_lex_member(struct sk_lex *lex);
int sk_lex_item(struct sk_lex *lex);
int sk_lex_end(struct sk_lex *lex);
/* The first byte of what follows; 0 at the end. */
char sk_lex_peek(struct sk_lex *lex);
/* A part of a text that was read to its end before: one whole value. Not to be refused, but bounded all the same. */
void sk_lex_again(struct sk_lex *lex, const char *text, size_t size);
/* Key of the member that we are in or that was read last: terminated, good until the next call. */
const char *sk_lex_key(const struct sk_lex *lex);
size_t sk_lex_key_at(const struct sk_lex *lex);
/* Fills the diag with the path and an offset of the source. Returns SK_BAD. */
int sk_lex_refuse(const struct sk_lex *lex, size_t at, const char *text);

/*
 * The order of keys in RFC 8785, section 3.2.3: by UTF-16 code units. It differs from the order of UTF-8 bytes in one case: what UTF-16 writes as
 * surrogates (lead byte 0xf0 and up) comes before U+E000 to U+FFFF (lead bytes 0xee, 0xef).
 */
int sk_lex_compare_keys(const char *a, const char *b);
