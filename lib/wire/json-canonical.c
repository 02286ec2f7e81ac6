// SPDX-License-Identifier: GPL-3.0-or-later
/* Canonical JSON, RFC 8785, for documents whose numbers are integers. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json-lex.h"
#include "base/mem.h"
#include "base/text.h"
#include "wire/json.h"

struct member {
	const char *key;
	struct json_object *value;
};

static int put_value(struct json_object *value, int depth, struct sk_buf *buf);

/*
 * Section 3.2.2.2: two-character escapes where they exist, \u00xx for other controls, everything else as it
 * is.
 */
static int put_escape(unsigned char c, struct sk_buf *buf)
{
	static const char from[] = "\b\t\n\f\r\"\\", to[] = "btnfr\"\\";
	const char *at = memchr(from, c, sizeof from - 1);

	return at ? sk_buf_printf(buf, "\\%c", to[at - from]) : sk_buf_printf(buf, "\\u%04x", c);
}

static int put_string(const char *text, size_t size, struct sk_buf *buf)
{
	int r;

	if (!sk_utf8_valid(text, size, NULL))
		return SK_BAD;
	r = sk_buf_append_char(buf, '"');
	for (size_t start = 0, i = 0; r == 0; i++) {
		unsigned char c = i < size ? (unsigned char)text[i] : 0;

		if (i < size && c >= 0x20 && c != '"' && c != '\\')
			continue;
		r = sk_buf_append(buf, text + start, i - start);
		if (i >= size)
			break;
		if (r == 0)
			r = put_escape(c, buf);
		start = i + 1;
	}
	return r ? r : sk_buf_append_char(buf, '"');
}

static int compare_members(const void *a, const void *b)
{
	return sk_lex_compare_keys(((const struct member *)a)->key, ((const struct member *)b)->key);
}

static int put_members(const struct member *members, size_t count, int depth, struct sk_buf *buf)
{
	int r = sk_buf_append_char(buf, '{');

	for (size_t i = 0; i < count && r == 0; i++) {
		if (i)
			r = sk_buf_append_char(buf, ',');
		if (r == 0)
			r = put_string(members[i].key, strlen(members[i].key), buf);
		if (r == 0)
			r = sk_buf_append_char(buf, ':');
		if (r == 0)
			r = put_value(members[i].value, depth, buf);
	}
	return r ? r : sk_buf_append_char(buf, '}');
}

static int put_object(struct json_object *object, int depth, struct sk_buf *buf)
{
	size_t count = (size_t)json_object_object_length(object), n = 0;
	_cleanup_free_ struct member *members = sk_calloc(count, sizeof *members);

	if (!members)
		return sk_origin(-ENOMEM);
	json_object_object_foreach(object, key, value)
		members[n++] = (struct member){.key = key, .value = value};
	qsort(members, n, sizeof *members, compare_members);
	return put_members(members, n, depth, buf);
}

static int put_array(struct json_object *array, int depth, struct sk_buf *buf)
{
	size_t count = json_object_array_length(array);
	int r = sk_buf_append_char(buf, '[');

	for (size_t i = 0; i < count && r == 0; i++) {
		if (i)
			r = sk_buf_append_char(buf, ',');
		if (r == 0)
			r = put_value(json_object_array_get_idx(array, i), depth, buf);
	}
	return r ? r : sk_buf_append_char(buf, ']');
}

static int put_value(struct json_object *value, int depth, struct sk_buf *buf)
{
	if (depth > SK_JSON_MAX_DEPTH)
		return SK_BAD;
	switch (json_object_get_type(value)) {
	case json_type_null:
		return sk_buf_append_str(buf, "null");
	case json_type_boolean:
		return sk_buf_append_str(buf, json_object_get_boolean(value) ? "true" : "false");
	case json_type_int:
		return sk_buf_printf(buf, "%" PRId64, json_object_get_int64(value));
	case json_type_string:
		return put_string(json_object_get_string(value), (size_t)json_object_get_string_len(value), buf);
	case json_type_object:
		return put_object(value, depth + 1, buf);
	case json_type_array:
		return put_array(value, depth + 1, buf);
	default:
		return SK_BAD;
	}
}

int sk_json_canonical(struct json_object *value, struct sk_buf *buf)
{
	return put_value(value, 0, buf);
}

int sk_json_check_canonical(struct json_object *value, const void *text, size_t size, struct sk_diag *diag)
{
	_cleanup_buf_ struct sk_buf buf = SK_BUF(size + 64);
	int r = sk_json_canonical(value, &buf);
	size_t i = 0;

	if (r < 0)
		return r;
	if (r == SK_BAD)
		return sk_diag_offset(diag, 0, "this has no canonical form");
	while (i < size && i < buf.size && buf.data[i] == ((const char *)text)[i])
		i++;
	if (r || i != size || i != buf.size)
		return sk_diag_offset(diag, i, "the text is not canonical JSON (RFC 8785) from here on");
	return 0;
}
