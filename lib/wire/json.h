// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * JSON that somebody else wrote, strictly: RFC 8259 with the limits of I-JSON (RFC 7493), as json-c objects.
 *
 * Refused, with the place: what base/json-lex.h refuses, and duplicate keys. So a string is always a C string, and a number is always exact;
 * what is larger than 2^53 - 1 travels as a string.
 *
 * Reading goes through views: a view knows where it stands, so that a refusal names the whole path
 * ("body.programs[3].sha256").
 */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json-lex.h"
#include "base/diag.h"

#define SK_JSON_MAX_INT SK_LEX_MAX_INT
#define SK_JSON_MAX_DEPTH SK_LEX_DEPTH

#define _cleanup_json_ __attribute__((cleanup(sk_json_free_p)))
struct json_object *sk_json_free(struct json_object *value); /* drops one reference; takes NULL, returns NULL */
void sk_json_free_p(struct json_object **value);

/* One whole value of at most `max` bytes. 0; SK_BAD with byte offset and path; -ENOMEM. */
int sk_json_parse(const void *text, size_t size, size_t max, struct json_object **ret_value, struct sk_diag *diag);
/* The same, and the value must be an object. */
int sk_json_parse_object(const void *text, size_t size, size_t max, struct json_object **ret_value, struct sk_diag *diag);

/*
 * Canonical text (RFC 8785), appended: keys sorted by UTF-16 code units, no white space. SK_BAD: a value with
 * no canonical form here (a float); SK_FULL; -ENOMEM.
 */
int sk_json_canonical(struct json_object *value, struct sk_buf *buf);
/*
 * 0 when the text is, byte for byte, the canonical form of `value`; SK_BAD with the offset of the first
 * difference; -ENOMEM.
 */
int sk_json_check_canonical(struct json_object *value, const void *text, size_t size, struct sk_diag *diag);

/* A place in a tree. Made on the stack; refers to its parent view, which must outlive it. Owns nothing. */
struct sk_json {
	struct json_object *value;
	const struct sk_json *parent;
	const char *key;      /* name in the parent object, or of the root */
	size_t index;         /* place in the parent array, when key == NULL */
	struct sk_diag *diag; /* may be NULL */
};

#define SK_JSON(object, name, diagnostics) ((struct sk_json){.value = (object), .key = (name), .diag = (diagnostics)})

/* "body.programs[3]" into out. Returns out. */
const char *sk_json_path(const struct sk_json *at, char *out, size_t size);
/* Fills the diag with the path of `at`.`key` (key may be NULL) and the sentence; returns SK_BAD. */
int sk_json_refuse(const struct sk_json *at, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * Members of an object. 0, or SK_BAD: missing, or not of this type or range. Numbers are inclusive ranges;
 * string lengths are in bytes. Strings belong to the tree.
 */
int sk_json_string(const struct sk_json *at, const char *key, size_t min, size_t max, const char **ret_text);
int sk_json_u64(const struct sk_json *at, const char *key, uint64_t min, uint64_t max, uint64_t *ret_value);
int sk_json_i64(const struct sk_json *at, const char *key, int64_t min, int64_t max, int64_t *ret_value);
int sk_json_bool(const struct sk_json *at, const char *key, bool *ret_value);
int sk_json_object(const struct sk_json *at, const char *key, struct sk_json *ret_view);
int sk_json_array(const struct sk_json *at, const char *key, size_t max_items, struct sk_json *ret_view);
/* Exactly 2 * size hex digits, lower case. */
int sk_json_hex(const struct sk_json *at, const char *key, void *out, size_t size);
/* Strict base64 of at most `space` bytes. */
int sk_json_base64(const struct sk_json *at, const char *key, void *out, size_t space, size_t *ret_size);
/* One of the words; *ret_index is its place in the NULL-ended list. */
int sk_json_word(const struct sk_json *at, const char *key, const char *const *words, size_t *ret_index);
/* True when the member exists and is not null: ask before reading an optional one. */
bool sk_json_has(const struct sk_json *at, const char *key);
/* SK_BAD when the object has a key that is not in the NULL-ended list. */
int sk_json_only(const struct sk_json *at, const char *const *keys);
#define SK_JSON_ONLY(at, ...) sk_json_only((at), (const char *const[]){__VA_ARGS__, NULL})

size_t sk_json_length(const struct sk_json *at); /* of an array */
/* Item of an array, of any type; i < length. */
struct sk_json sk_json_item(const struct sk_json *at, size_t i);
/* Item of an array that must be a string or an object. */
int sk_json_item_string(const struct sk_json *at, size_t i, size_t min, size_t max, const char **ret_text);
int sk_json_item_object(const struct sk_json *at, size_t i, struct sk_json *ret_view);

/*
 * Writing: 0 or -ENOMEM. `value` of sk_json_put belongs to the object afterwards, and is released on failure;
 * NULL counts as out of memory.
 */
int sk_json_put(struct json_object *object, const char *key, struct json_object *value);
int sk_json_put_string(struct json_object *object, const char *key, const char *text);
/*
 * Bytes of unknown encoding, such as a file name: kept when they are UTF-8 without control characters; else
 * each byte that is not becomes \xHH, and a backslash \\, so that different bytes never look the same.
 */
int sk_json_put_bytes(struct json_object *object, const char *key, const void *data, size_t size);
int sk_json_put_u64(struct json_object *object, const char *key, uint64_t value); /* -ERANGE over SK_JSON_MAX_INT */
int sk_json_put_i64(struct json_object *object, const char *key, int64_t value);
int sk_json_put_bool(struct json_object *object, const char *key, bool value);
int sk_json_put_null(struct json_object *object, const char *key);
int sk_json_put_base64(struct json_object *object, const char *key, const void *data, size_t size);
int sk_json_put_hex(struct json_object *object, const char *key, const void *data, size_t size);
/* Makes an object or array as a member; it stays the parent's. */
int sk_json_put_object(struct json_object *object, const char *key, struct json_object **ret_child);
int sk_json_put_array(struct json_object *object, const char *key, struct json_object **ret_child);
/* Appends to an array; as sk_json_put. */
int sk_json_append(struct json_object *array, struct json_object *value);
