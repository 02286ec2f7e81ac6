// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Strict JSON reader: recursive descent over bytes that were checked to be UTF-8 first. It builds json-c
 * objects but does not use json-c's own parser, which accepts more than RFC 8259 and lets the last of two
 * equal keys win.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "wire/json.h"

enum { MAX_VALUES = 1300000, MAX_CONTAINERS = 131072 };

struct step {
	const char *key; /* of the member being read; "" between members; NULL = array */
	size_t index;
};

struct parser {
	const char *text;
	size_t size;
	size_t at;
	size_t values, containers;
	struct step path[SK_JSON_MAX_DEPTH];
	int depth;
	struct sk_buf scratch; /* the text of a string with escapes, and of keys */
	struct sk_diag *diag;
};

static int parse_value(struct parser *p, struct json_object **ret_value);

static void path_text(const struct parser *p, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (int i = 0; i < p->depth && used < size; i++) {
		const struct step *step = &p->path[i];

		used += (size_t)(step->key ? snprintf(out + used, size - used, "%s%s", i ? "." : "", step->key)
					   : snprintf(out + used, size - used, "[%zu]", step->index));
	}
}

static int refuse(struct parser *p, size_t at, const char *text)
{
	sk_diag_offset(p->diag, at, "%s", text);
	if (p->diag)
		path_text(p, p->diag->path, sizeof p->diag->path);
	return SK_BAD;
}

static char peek(const struct parser *p)
{
	return p->at < p->size ? p->text[p->at] : '\0';
}

static void skip_space(struct parser *p)
{
	while (p->at < p->size && strchr(" \t\n\r", p->text[p->at]) && p->text[p->at])
		p->at++;
}

static int expect(struct parser *p, char c, const char *complaint)
{
	if (peek(p) != c)
		return refuse(p, p->at, p->at == p->size ? "the text is cut short" : complaint);
	p->at++;
	return 0;
}

/* Four hex digits. */
static int parse_hex4(struct parser *p, uint32_t *ret_code)
{
	uint32_t code = 0;

	for (int i = 0; i < 4; i++) {
		char c = peek(p);
		const char *digits = "0123456789abcdef", *digit = c ? strchr(digits, c | (c >= 'A' && c <= 'F' ? 0x20 : 0)) : NULL;

		if (!digit)
			return refuse(p, p->at, "\\u needs four hexadecimal digits");
		code = code << 4 | (uint32_t)(digit - digits);
		p->at++;
	}
	*ret_code = code;
	return 0;
}

static int append_code(struct parser *p, uint32_t code)
{
	char out[4];
	size_t n;

	if (code < 0x80) {
		out[0] = (char)code;
		n = 1;
	} else if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 63));
		n = 2;
	} else if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 63));
		out[2] = (char)(0x80 | (code & 63));
		n = 3;
	} else {
		out[0] = (char)(0xf0 | code >> 18);
		out[1] = (char)(0x80 | (code >> 12 & 63));
		out[2] = (char)(0x80 | (code >> 6 & 63));
		out[3] = (char)(0x80 | (code & 63));
		n = 4;
	}
	return sk_buf_append(&p->scratch, out, n);
}

static int parse_unicode(struct parser *p)
{
	size_t start = p->at - 2;
	uint32_t code, low;
	int r;

	r = parse_hex4(p, &code);
	if (r)
		return r;
	if (code == 0)
		return refuse(p, start, "a string may not contain U+0000");
	if (code >= 0xdc00 && code <= 0xdfff)
		return refuse(p, start, "half of a surrogate pair");
	if (code < 0xd800 || code > 0xdbff)
		return append_code(p, code);
	if (p->size - p->at < 2 || p->text[p->at] != '\\' || p->text[p->at + 1] != 'u')
		return refuse(p, start, "half of a surrogate pair");
	p->at += 2;
	r = parse_hex4(p, &low);
	if (r)
		return r;
	if (low < 0xdc00 || low > 0xdfff)
		return refuse(p, start, "half of a surrogate pair");
	return append_code(p, 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00));
}

static int parse_escape(struct parser *p)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char c = peek(p);
	const char *at = c ? strchr(from, c) : NULL;

	if (c == 'u') {
		p->at++;
		return parse_unicode(p);
	}
	if (!at)
		return refuse(p, p->at, "unknown escape in a string");
	p->at++;
	return sk_buf_append_char(&p->scratch, to[at - from]);
}

/* A string; its text is in the scratch buffer. */
static int parse_text(struct parser *p)
{
	int r = expect(p, '"', "a string in double quotes is needed here");

	sk_buf_clear(&p->scratch);
	while (r == 0) {
		size_t start = p->at;

		while (p->at < p->size && (unsigned char)p->text[p->at] >= 0x20 && p->text[p->at] != '"' && p->text[p->at] != '\\')
			p->at++;
		r = sk_buf_append(&p->scratch, p->text + start, p->at - start);
		if (r)
			return r;
		if (p->at == p->size)
			return refuse(p, p->at, "the text is cut short");
		if (p->text[p->at++] == '"')
			return 0;
		r = p->text[p->at - 1] == '\\' ? parse_escape(p) : refuse(p, p->at - 1, "a control character in a string");
	}
	return r;
}

static int parse_string(struct parser *p, struct json_object **ret_value)
{
	int r = parse_text(p);

	if (r)
		return r;
	*ret_value = json_object_new_string_len(p->scratch.data ? p->scratch.data : "", (int)p->scratch.size);
	return *ret_value ? 0 : sk_origin(-ENOMEM);
}

static int parse_number(struct parser *p, struct json_object **ret_value)
{
	size_t start = p->at;
	bool negative = peek(p) == '-';
	int64_t v = 0;

	p->at += negative;
	if (peek(p) < '0' || peek(p) > '9')
		return refuse(p, start, "this is not a value");
	if (peek(p) == '0' && p->at + 1 < p->size && p->text[p->at + 1] >= '0' && p->text[p->at + 1] <= '9')
		return refuse(p, start, "a number may not start with 0");
	for (; peek(p) >= '0' && peek(p) <= '9'; p->at++) {
		v = v * 10 + (peek(p) - '0');
		if (v > SK_JSON_MAX_INT)
			return refuse(p, start, "the number is over 2^53 - 1");
	}
	if (peek(p) == '.' || peek(p) == 'e' || peek(p) == 'E')
		return refuse(p, start, "only integers are allowed");
	if (negative && v == 0)
		return refuse(p, start, "-0 is not an integer");
	*ret_value = json_object_new_int64(negative ? -v : v);
	return *ret_value ? 0 : sk_origin(-ENOMEM);
}

/* true, false, null. */
static int parse_word(struct parser *p, struct json_object **ret_value)
{
	static const char *const words[] = {"null", "false", "true"};

	for (int i = 0; i < 3; i++) {
		size_t n = strlen(words[i]);

		if (p->size - p->at < n || memcmp(p->text + p->at, words[i], n) != 0)
			continue;
		p->at += n;
		*ret_value = i == 0 ? NULL : json_object_new_boolean(i - 1);
		return i == 0 || *ret_value ? 0 : sk_origin(-ENOMEM);
	}
	return refuse(p, p->at, p->at == p->size ? "the text is cut short" : "this is not a value");
}

/* Goes one level down. The object or array is bounded before it is made. */
static int enter(struct parser *p)
{
	if (p->depth == SK_JSON_MAX_DEPTH)
		return refuse(p, p->at, "nested too deep");
	if (++p->containers > MAX_CONTAINERS)
		return refuse(p, p->at, "too many objects and arrays");
	p->path[p->depth++] = (struct step){.key = ""};
	p->at++;
	skip_space(p);
	return 0;
}

/* After an item: 0 = another follows, SK_END = closed. */
static int next_item(struct parser *p, char close)
{
	skip_space(p);
	if (peek(p) == close) {
		p->at++;
		return SK_END;
	}
	if (peek(p) != ',')
		return refuse(p, p->at, p->at == p->size ? "the text is cut short" : "a comma or the end is needed here");
	p->at++;
	skip_space(p);
	return 0;
}

/* "key" : value, into the object. */
static int parse_member(struct parser *p, struct json_object *object)
{
	_cleanup_free_ char *key = NULL;
	struct json_object *value = NULL;
	struct step *step = &p->path[p->depth - 1];
	size_t start = p->at;
	int r;

	step->key = "";
	r = parse_text(p);
	if (r)
		return r;
	key = sk_strdup(p->scratch.data ? p->scratch.data : "");
	if (!key)
		return sk_origin(-ENOMEM);
	step->key = key;
	if (json_object_object_get_ex(object, key, NULL))
		return refuse(p, start, "the key is there twice");
	skip_space(p);
	r = expect(p, ':', "a colon is needed here");
	if (r)
		return r;
	r = parse_value(p, &value);
	if (r)
		return r;
	if (json_object_object_add(object, key, value) < 0) {
		json_object_put(value);
		return sk_origin(-ENOMEM);
	}
	step->key = ""; /* what is wrong from here on is not in this member, and its text goes */
	return 0;
}

static int parse_object(struct parser *p, struct json_object **ret_value)
{
	_cleanup_json_ struct json_object *object = NULL;
	int r = enter(p);

	if (r)
		return r;
	object = json_object_new_object();
	if (!object)
		return sk_origin(-ENOMEM);
	if (peek(p) == '}') {
		p->at++;
		r = SK_END;
	}
	while (r == 0) {
		r = parse_member(p, object);
		if (r)
			return r;
		r = next_item(p, '}');
	}
	if (r != SK_END)
		return r;
	p->depth--;
	*ret_value = SK_TAKE(object);
	return 0;
}

/* A null is stored as NULL, so sk_json_append() does not serve here. */
static int append_item(struct json_object *array, struct json_object *value)
{
	if (json_object_array_add(array, value) == 0)
		return 0;
	json_object_put(value);
	return sk_origin(-ENOMEM);
}

static int parse_item(struct parser *p, struct json_object *array, size_t index)
{
	struct json_object *value = NULL;
	int r;

	p->path[p->depth - 1] = (struct step){.index = index};
	r = parse_value(p, &value);
	return r ? r : append_item(array, value);
}

static int parse_array(struct parser *p, struct json_object **ret_value)
{
	_cleanup_json_ struct json_object *array = NULL;
	int r = enter(p);

	if (r)
		return r;
	array = json_object_new_array_ext(4); /* the usual 32 places would let "[],[],[]" cost a hundred times its size */
	if (!array)
		return sk_origin(-ENOMEM);
	if (peek(p) == ']') {
		p->at++;
		r = SK_END;
	}
	for (size_t i = 0; r == 0; i++) {
		r = parse_item(p, array, i);
		if (r)
			return r;
		r = next_item(p, ']');
	}
	if (r != SK_END)
		return r;
	p->depth--;
	*ret_value = SK_TAKE(array);
	return 0;
}

static int parse_value(struct parser *p, struct json_object **ret_value)
{
	skip_space(p);
	if (++p->values > MAX_VALUES)
		return refuse(p, p->at, "too many values");
	switch (peek(p)) {
	case '{':
		return parse_object(p, ret_value);
	case '[':
		return parse_array(p, ret_value);
	case '"':
		return parse_string(p, ret_value);
	case '-':
	case '0' ... '9':
		return parse_number(p, ret_value);
	default:
		return parse_word(p, ret_value);
	}
}

int sk_json_parse(const void *text, size_t size, size_t max, struct json_object **ret_value, struct sk_diag *diag)
{
	struct parser p = {.text = text, .size = size, .scratch = SK_BUF(size + 1), .diag = diag};
	_cleanup_json_ struct json_object *value = NULL;
	size_t bad;
	int r;

	if (size > max || size > INT32_MAX)
		return sk_diag_offset(diag, max, "%zu bytes, at most %zu are allowed", size, max);
	if (!sk_utf8_valid(text, size, &bad))
		return refuse(&p, bad, "this is not UTF-8");
	r = parse_value(&p, &value);
	sk_buf_done(&p.scratch);
	if (r)
		return r;
	skip_space(&p);
	if (p.at != p.size)
		return refuse(&p, p.at, "something follows after the value");
	*ret_value = SK_TAKE(value);
	return 0;
}

int sk_json_parse_object(const void *text, size_t size, size_t max, struct json_object **ret_value, struct sk_diag *diag)
{
	_cleanup_json_ struct json_object *value = NULL;
	int r = sk_json_parse(text, size, max, &value, diag);

	if (r)
		return r;
	if (!json_object_is_type(value, json_type_object))
		return sk_diag_offset(diag, 0, "a JSON object is needed");
	*ret_value = SK_TAKE(value);
	return 0;
}
