// SPDX-License-Identifier: GPL-3.0-or-later
/* Strict JSON, value by value, over bytes that were checked to be UTF-8 first. Notes on the way what is not canonical. */
#include "base/json-lex.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

enum { MAX_VALUES = 1300000, MAX_CONTAINERS = 131072 };

int sk_lex_compare_keys(const char *a, const char *b)
{
	const unsigned char *x = (const unsigned char *)a, *y = (const unsigned char *)b;

	while (*x && *x == *y) {
		x++;
		y++;
	}
	if (*x >= 0xf0 && (*y == 0xee || *y == 0xef))
		return -1;
	if (*y >= 0xf0 && (*x == 0xee || *x == 0xef))
		return 1;
	return (int)*x - (int)*y;
}

static void path_text(const struct sk_lex *lex, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (int i = 0; i < lex->depth && used < size; i++) {
		const struct sk_lex_step *step = &lex->path[i];

		used += (size_t)(step->object ? snprintf(out + used, size - used, "%s%s", i ? "." : "", step->named ? lex->keys.data + step->key : "")
					      : snprintf(out + used, size - used, "[%zu]", step->count ? step->count - 1 : 0));
	}
}

int sk_lex_refuse(const struct sk_lex *lex, size_t at, const char *text)
{
	sk_diag_offset(lex->diag, at, "%s", text);
	if (lex->diag)
		path_text(lex, lex->diag->path, sizeof lex->diag->path);
	return SK_BAD;
}

static int cut_short(const struct sk_lex *lex)
{
	return sk_lex_refuse(lex, lex->at, "the text is cut short");
}

static void note_odd(struct sk_lex *lex, size_t at)
{
	if (!lex->odd)
		lex->odd = at + 1;
}

static char peek(const struct sk_lex *lex)
{
	return lex->at < lex->size ? lex->text[lex->at] : '\0';
}

static void skip_space(struct sk_lex *lex)
{
	char c;

	while (lex->at < lex->size && (c = lex->text[lex->at], c == ' ' || c == '\t' || c == '\n' || c == '\r'))
		note_odd(lex, lex->at++);
}

static int expect(struct sk_lex *lex, char c, const char *complaint)
{
	if (peek(lex) != c)
		return lex->at == lex->size ? cut_short(lex) : sk_lex_refuse(lex, lex->at, complaint);
	lex->at++;
	return 0;
}

/* Four hex digits. */
static int read_hex4(struct sk_lex *lex, uint32_t *ret_code)
{
	static const char digits[] = "0123456789abcdef";
	uint32_t code = 0;

	for (int i = 0; i < 4; i++) {
		char c = peek(lex);
		bool upper = c >= 'A' && c <= 'F';
		const char *digit = c ? strchr(digits, c | (upper ? 0x20 : 0)) : NULL;

		if (!digit)
			return sk_lex_refuse(lex, lex->at, "\\u needs four hexadecimal digits");
		if (upper)
			note_odd(lex, lex->at);
		code = code << 4 | (uint32_t)(digit - digits);
		lex->at++;
	}
	*ret_code = code;
	return 0;
}

static int append_code(struct sk_lex *lex, uint32_t code)
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
	return sk_buf_append(&lex->scratch, out, n);
}

static int read_unicode(struct sk_lex *lex)
{
	size_t start = lex->at - 2;
	uint32_t code, low;
	int r = read_hex4(lex, &code);

	if (r)
		return r;
	if (code == 0)
		return sk_lex_refuse(lex, start, "a string may not contain U+0000");
	if (code >= 0x20 || strchr("\b\t\n\f\r", (int)code))
		note_odd(lex, start); /* it stands for itself, or has an escape of two characters */
	if (code >= 0xdc00 && code <= 0xdfff)
		return sk_lex_refuse(lex, start, "half of a surrogate pair");
	if (code < 0xd800 || code > 0xdbff)
		return append_code(lex, code);
	if (lex->size - lex->at < 2 || lex->text[lex->at] != '\\' || lex->text[lex->at + 1] != 'u')
		return sk_lex_refuse(lex, start, "half of a surrogate pair");
	lex->at += 2;
	r = read_hex4(lex, &low);
	if (r)
		return r;
	if (low < 0xdc00 || low > 0xdfff)
		return sk_lex_refuse(lex, start, "half of a surrogate pair");
	return append_code(lex, 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00));
}

static int read_escape(struct sk_lex *lex)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char c = peek(lex);
	const char *at = c ? strchr(from, c) : NULL;

	if (c == 'u') {
		lex->at++;
		return read_unicode(lex);
	}
	if (!at)
		return sk_lex_refuse(lex, lex->at, "unknown escape in a string");
	if (c == '/')
		note_odd(lex, lex->at - 1);
	lex->at++;
	return sk_buf_append_char(&lex->scratch, to[at - from]);
}

/* Up to what is not plain text. */
static void skip_plain(struct sk_lex *lex)
{
	const char *text = lex->text;
	size_t at = lex->at;

	while (at < lex->size && (unsigned char)text[at] >= 0x20 && text[at] != '"' && text[at] != '\\')
		at++;
	lex->at = at;
}

/* The rest of a text that has escapes. */
static int read_escaped(struct sk_lex *lex, size_t start)
{
	int r;

	sk_buf_clear(&lex->scratch);
	for (;;) {
		r = sk_buf_append(&lex->scratch, lex->text + start, lex->at - start);
		if (r)
			return r;
		if (lex->at == lex->size)
			return cut_short(lex);
		if (lex->text[lex->at++] == '"')
			return 0;
		r = lex->text[lex->at - 1] == '\\' ? read_escape(lex) : sk_lex_refuse(lex, lex->at - 1, "a control character in a string");
		if (r)
			return r;
		start = lex->at;
		skip_plain(lex);
	}
}

/* Without escapes it is not copied. */
static int read_text(struct sk_lex *lex, const char **ret_text, size_t *ret_size)
{
	int r = expect(lex, '"', "a string in double quotes is needed here");
	size_t start = lex->at;

	if (r)
		return r;
	skip_plain(lex);
	if (peek(lex) == '"') {
		*ret_text = lex->text + start;
		*ret_size = lex->at++ - start;
		return 0;
	}
	r = read_escaped(lex, start);
	if (r)
		return r;
	*ret_text = lex->scratch.data ? lex->scratch.data : "";
	*ret_size = lex->scratch.size;
	return 0;
}

static int read_number(struct sk_lex *lex, int64_t *ret_number)
{
	size_t start = lex->at;
	bool negative = peek(lex) == '-';
	int64_t v = 0;

	lex->at += negative;
	if (peek(lex) < '0' || peek(lex) > '9')
		return sk_lex_refuse(lex, start, "this is not a value");
	if (peek(lex) == '0' && lex->at + 1 < lex->size && lex->text[lex->at + 1] >= '0' && lex->text[lex->at + 1] <= '9')
		return sk_lex_refuse(lex, start, "a number may not start with 0");
	for (; peek(lex) >= '0' && peek(lex) <= '9'; lex->at++) {
		v = v * 10 + (peek(lex) - '0');
		if (v > SK_LEX_MAX_INT)
			return sk_lex_refuse(lex, start, "the number is over 2^53 - 1");
	}
	if (peek(lex) == '.' || peek(lex) == 'e' || peek(lex) == 'E')
		return sk_lex_refuse(lex, start, "only integers are allowed");
	if (negative && v == 0)
		return sk_lex_refuse(lex, start, "-0 is not an integer");
	*ret_number = negative ? -v : v;
	return 0;
}

static int read_word(struct sk_lex *lex, enum sk_lex_kind *ret_kind)
{
	static const char *const words[] = {[SK_LEX_NULL] = "null", [SK_LEX_FALSE] = "false", [SK_LEX_TRUE] = "true"};

	for (enum sk_lex_kind i = SK_LEX_NULL; i <= SK_LEX_TRUE; i++) {
		size_t n = strlen(words[i]);

		if (lex->size - lex->at < n || memcmp(lex->text + lex->at, words[i], n) != 0)
			continue;
		lex->at += n;
		*ret_kind = i;
		return 0;
	}
	return lex->at == lex->size ? cut_short(lex) : sk_lex_refuse(lex, lex->at, "this is not a value");
}

/* Goes one level down. The object or array is bounded before anybody makes it. */
static int enter(struct sk_lex *lex, bool object)
{
	if (lex->depth == SK_LEX_DEPTH)
		return sk_lex_refuse(lex, lex->at, "nested too deep");
	if (++lex->containers > MAX_CONTAINERS)
		return sk_lex_refuse(lex, lex->at, "too many objects and arrays");
	lex->path[lex->depth++] = (struct sk_lex_step){.object = object, .key = lex->keys.size};
	lex->at++;
	return 0;
}

int sk_lex_value(struct sk_lex *lex, struct sk_lex_value *ret_value)
{
	skip_space(lex);
	ret_value->from = lex->at;
	if (++lex->values > MAX_VALUES)
		return sk_lex_refuse(lex, lex->at, "too many values");
	switch (peek(lex)) {
	case '{':
		ret_value->kind = SK_LEX_OBJECT;
		return enter(lex, true);
	case '[':
		ret_value->kind = SK_LEX_ARRAY;
		return enter(lex, false);
	case '"':
		ret_value->kind = SK_LEX_TEXT;
		return read_text(lex, &ret_value->text, &ret_value->size);
	case '-':
	case '0' ... '9':
		ret_value->kind = SK_LEX_NUMBER;
		return read_number(lex, &ret_value->number);
	default:
		return read_word(lex, &ret_value->kind);
	}
}

/* Before an item: 0 = one follows; SK_END = closed, and we are one level up. */
static int follow(struct sk_lex *lex, struct sk_lex_step *step, char close)
{
	skip_space(lex);
	if (peek(lex) == close) {
		lex->at++;
		lex->depth--;
		sk_buf_drop_end(&lex->keys, lex->keys.size - step->key);
		return SK_END;
	}
	if (step->count && peek(lex) != ',')
		return lex->at == lex->size ? cut_short(lex) : sk_lex_refuse(lex, lex->at, "a comma or the end is needed here");
	lex->at += step->count != 0;
	return 0;
}

int sk_lex_item(struct sk_lex *lex)
{
	struct sk_lex_step *step = &lex->path[lex->depth - 1];
	int r = follow(lex, step, ']');

	step->count += r == 0;
	return r;
}

/* The key takes the place of the one before it. */
static int keep_key(struct sk_lex *lex, struct sk_lex_step *step, const char *text, size_t size)
{
	size_t old = lex->keys.size;
	int r = sk_buf_append(&lex->keys, text, size), order;

	if (r == 0)
		r = sk_buf_append_char(&lex->keys, '\0');
	if (r)
		return r;
	order = step->count ? sk_lex_compare_keys(lex->keys.data + step->key, lex->keys.data + old) : -1;
	memmove(lex->keys.data + step->key, lex->keys.data + old, size + 1);
	sk_buf_drop_end(&lex->keys, old - step->key);
	step->named = true;
	if (order > 0)
		note_odd(lex, step->key_at);
	return order == 0 ? sk_lex_refuse(lex, step->key_at, "the key is there twice") : 0;
}

int sk_lex_member(struct sk_lex *lex)
{
	struct sk_lex_step *step = &lex->path[lex->depth - 1];
	const char *text;
	size_t size;
	int r;

	step->named = false;
	r = follow(lex, step, '}');
	if (r)
		return r;
	skip_space(lex);
	step->key_at = lex->at;
	r = read_text(lex, &text, &size);
	if (r == 0)
		r = keep_key(lex, step, text, size);
	if (r)
		return r;
	step->count++;
	skip_space(lex);
	return expect(lex, ':', "a colon is needed here");
}

const char *sk_lex_key(const struct sk_lex *lex)
{
	return lex->keys.data + lex->path[lex->depth - 1].key;
}

size_t sk_lex_key_at(const struct sk_lex *lex)
{
	return lex->path[lex->depth - 1].key_at;
}

int sk_lex_begin(struct sk_lex *lex, const void *text, size_t size, size_t max, struct sk_diag *diag)
{
	size_t bad;

	sk_lex_again(lex, text, size);
	lex->diag = diag;
	if (size > max || size > INT32_MAX)
		return sk_diag_offset(diag, max, "%zu bytes, at most %zu are allowed", size, max);
	if (!sk_utf8_valid(text, size, &bad))
		return sk_lex_refuse(lex, bad, "this is not UTF-8");
	return 0;
}

void sk_lex_again(struct sk_lex *lex, const char *text, size_t size)
{
	*lex = (struct sk_lex){.text = text, .size = size, .scratch = SK_BUF(size + 1), .keys = SK_BUF(2 * size + 2 * SK_LEX_DEPTH)};
}

char sk_lex_peek(struct sk_lex *lex)
{
	skip_space(lex);
	return peek(lex);
}

int sk_lex_end(struct sk_lex *lex)
{
	skip_space(lex);
	return lex->at == lex->size ? 0 : sk_lex_refuse(lex, lex->at, "something follows after the value");
}

void sk_lex_done(struct sk_lex *lex)
{
	sk_buf_done(&lex->keys);
	sk_buf_done(&lex->scratch);
}
