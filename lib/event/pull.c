// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One token at a time, by a table of byte classes. A string without escapes and without bytes above 0x7f, which nearly all are, costs one table
 * look-up a byte; UTF-8 is looked at only where such a byte was seen.
 */
#include "event/pull.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

/* What may come next. */
enum { VALUE, VALUE_OR_END, KEY, KEY_OR_END, COMMA_OR_END, NOTHING };

/* Bytes of a string that need a second look: the quote, the backslash, control bytes, everything above 0x7f. */
static const uint8_t special[256] = {
	[0 ... 0x1f] = 1,
	['"'] = 1,
	['\\'] = 1,
	[0x80 ... 0xff] = 2,
};

void sk_pull_init(struct sk_pull *json, const void *data, size_t size)
{
	*json = (struct sk_pull){.data = data, .size = size, .expects = VALUE};
}

static enum sk_pull_token bad(struct sk_pull *j, size_t at, const char *why)
{
	if (!j->why) {
		j->why = why;
		j->at = at;
	}
	return SK_PULL_BAD;
}

int sk_pull_diag(const struct sk_pull *json, struct sk_diag *diag)
{
	return sk_diag_offset(diag, json->at, "%s", json->why ? json->why : "not the value that was expected");
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(const struct sk_pull *j, size_t at)
{
	return at < j->size && j->data[at] >= '0' && j->data[at] <= '9';
}

static void skip_space(struct sk_pull *j)
{
	while (j->at < j->size && is_space(j->data[j->at]))
		j->at++;
}

static int hex4(const struct sk_pull *j, size_t at)
{
	int v = 0;

	if (j->size - at < 4)
		return -1;
	for (size_t i = 0; i < 4; i++) {
		char c = j->data[at + i];
		int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;

		if (d < 0)
			return -1;
		v = v << 4 | d;
	}
	return v;
}

/* Bytes of the escape that starts at `at` (a backslash), 0 when it is none. A surrogate counts only as a pair. */
static size_t escape_size(const struct sk_pull *j, size_t at)
{
	int v;

	if (j->size - at < 2)
		return 0;
	if (j->data[at + 1] != 'u')
		return j->data[at + 1] && strchr("\"\\/bfnrt", j->data[at + 1]) ? 2 : 0;
	v = hex4(j, at + 2);
	if (v < 0 || (v >= 0xdc00 && v <= 0xdfff))
		return 0;
	if (v < 0xd800 || v > 0xdbff)
		return 6;
	if (j->size - at < 12 || j->data[at + 6] != '\\' || j->data[at + 7] != 'u')
		return 0;
	v = hex4(j, at + 8);
	return v >= 0xdc00 && v <= 0xdfff ? 12 : 0;
}

/* `at` is behind the opening quote. Sets text and moves behind the closing one. */
static bool read_string(struct sk_pull *j)
{
	size_t start = j->at, at = start, n;
	bool wide = false, escaped = false;

	for (;;) {
		while (at < j->size && !special[(uint8_t)j->data[at]])
			at++;
		if (at >= j->size)
			return bad(j, at, "the string has no end"), false;
		if (j->data[at] == '"')
			break;
		if (special[(uint8_t)j->data[at]] == 2) {
			wide = true;
			at++;
		} else if (j->data[at] == '\\') {
			n = escape_size(j, at);
			if (n == 0)
				return bad(j, at, "not an escape of JSON"), false;
			escaped = true;
			at += n;
		} else {
			return bad(j, at, "a control byte inside a string"), false;
		}
	}
	if (wide && !sk_utf8_valid(j->data + start, at - start, &n))
		return bad(j, start + n, "not UTF-8"), false;
	j->text = (struct sk_pull_text){j->data + start, at - start, escaped};
	j->at = at + 1;
	return true;
}

/* Digits from `at`; the value in *ret_value unless it does not fit (then *fits is cleared). Returns the place behind them. */
static size_t read_digits(const struct sk_pull *j, size_t at, int64_t *ret_value, bool negative, bool *fits)
{
	int64_t v = 0;

	for (; is_digit(j, at); at++) {
		int64_t d = j->data[at] - '0';

		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, negative ? -d : d, &v))
			*fits = false;
	}
	*ret_value = v;
	return at;
}

static enum sk_pull_token read_number(struct sk_pull *j)
{
	size_t start = j->at, at = start;
	bool negative = j->data[at] == '-', whole = true;
	int64_t v = 0, unused;

	at += negative;
	if (!is_digit(j, at))
		return bad(j, at, "a number without digits");
	if (j->data[at] == '0' && is_digit(j, at + 1))
		return bad(j, at, "a number with a leading zero");
	at = read_digits(j, at, &v, negative, &whole);
	if (at < j->size && j->data[at] == '.') {
		whole = false;
		if (!is_digit(j, ++at))
			return bad(j, at, "a number that ends in a point");
		at = read_digits(j, at, &unused, false, &whole);
	}
	if (at < j->size && (j->data[at] == 'e' || j->data[at] == 'E')) {
		whole = false;
		at++;
		at += at < j->size && (j->data[at] == '+' || j->data[at] == '-');
		if (!is_digit(j, at))
			return bad(j, at, "a number with an empty exponent");
		at = read_digits(j, at, &unused, false, &whole);
	}
	j->text = (struct sk_pull_text){j->data + start, at - start, false};
	j->at = at;
	j->integer = whole ? v : 0;
	return whole ? SK_PULL_INTEGER : SK_PULL_REAL;
}

static enum sk_pull_token read_word(struct sk_pull *j, const char *word, enum sk_pull_token token)
{
	size_t n = strlen(word);

	if (j->size - j->at < n || memcmp(j->data + j->at, word, n) != 0)
		return bad(j, j->at, "not a value of JSON");
	j->at += n;
	return token;
}

static void after_value(struct sk_pull *j)
{
	j->expects = j->depth ? COMMA_OR_END : NOTHING;
}

static enum sk_pull_token open_level(struct sk_pull *j, bool object)
{
	if (j->depth >= SK_PULL_DEPTH)
		return bad(j, j->at, "nested too deeply");
	j->at++;
	j->depth++;
	j->objects = object ? j->objects | 1u << j->depth : j->objects & ~(1u << j->depth);
	j->expects = object ? KEY_OR_END : VALUE_OR_END;
	return object ? SK_PULL_OBJECT : SK_PULL_ARRAY;
}

static bool in_object(const struct sk_pull *j)
{
	return j->objects >> j->depth & 1;
}

static enum sk_pull_token close_level(struct sk_pull *j)
{
	bool object = in_object(j);

	if (j->data[j->at] != (object ? '}' : ']'))
		return bad(j, j->at, object ? "expected , or }" : "expected , or ]");
	j->at++;
	j->depth--;
	after_value(j);
	return object ? SK_PULL_OBJECT_END : SK_PULL_ARRAY_END;
}

static enum sk_pull_token read_value(struct sk_pull *j)
{
	enum sk_pull_token token;

	switch (j->data[j->at]) {
	case '{':
		return open_level(j, true);
	case '[':
		return open_level(j, false);
	case '"':
		j->at++;
		token = read_string(j) ? SK_PULL_STRING : SK_PULL_BAD;
		break;
	case 't':
		token = read_word(j, "true", SK_PULL_TRUE);
		break;
	case 'f':
		token = read_word(j, "false", SK_PULL_FALSE);
		break;
	case 'n':
		token = read_word(j, "null", SK_PULL_NULL);
		break;
	default:
		token = j->data[j->at] == '-' || is_digit(j, j->at) ? read_number(j) : bad(j, j->at, "not a value of JSON");
	}
	if (token != SK_PULL_BAD)
		after_value(j);
	return token;
}

static enum sk_pull_token read_key(struct sk_pull *j)
{
	if (j->data[j->at] != '"')
		return bad(j, j->at, "expected a name in quotes");
	j->at++;
	if (!read_string(j))
		return SK_PULL_BAD;
	skip_space(j);
	if (j->at >= j->size || j->data[j->at] != ':')
		return bad(j, j->at, "expected : behind a name");
	j->at++;
	j->expects = VALUE;
	return SK_PULL_KEY;
}

enum sk_pull_token sk_pull_next(struct sk_pull *j)
{
	if (j->why)
		return SK_PULL_BAD;
	skip_space(j);
	j->token_at = j->at;
	if (j->at >= j->size)
		return j->expects == NOTHING ? SK_PULL_END : bad(j, j->at, "the text ends early");
	if (j->expects == NOTHING)
		return bad(j, j->at, "something follows the value");
	if (j->expects == COMMA_OR_END) {
		if (j->data[j->at] != ',')
			return close_level(j);
		j->at++;
		j->expects = in_object(j) ? KEY : VALUE;
		skip_space(j);
		j->token_at = j->at;
		if (j->at >= j->size)
			return bad(j, j->at, "the text ends early");
	}
	if (j->expects == KEY_OR_END && j->data[j->at] == '}')
		return close_level(j);
	if (j->expects == VALUE_OR_END && j->data[j->at] == ']')
		return close_level(j);
	return j->expects == KEY || j->expects == KEY_OR_END ? read_key(j) : read_value(j);
}

bool sk_pull_skip(struct sk_pull *j)
{
	unsigned int depth = j->depth;

	do {
		enum sk_pull_token token = sk_pull_next(j);

		if (token == SK_PULL_BAD || token == SK_PULL_END)
			return false;
	} while (j->depth > depth);
	return true;
}

bool sk_pull_text_is(const struct sk_pull_text *text, const char *plain)
{
	size_t n = strlen(plain);

	return text->size == n && memcmp(text->data, plain, n) == 0;
}

static size_t put_utf8(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 63));
		out[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 63));
	out[2] = (char)(0x80 | (c >> 6 & 63));
	out[3] = (char)(0x80 | (c & 63));
	return 4;
}

/* The escape at `at` as UTF-8; the reader has checked it already, so 0 can only mean \u0000. */
static size_t unescape(const struct sk_pull *j, size_t at, char out[4])
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	uint32_t high, low;
	const char *p;

	if (j->data[at + 1] != 'u') {
		p = strchr(from, j->data[at + 1]);
		out[0] = p ? to[p - from] : '?';
		return 1;
	}
	high = (uint32_t)hex4(j, at + 2);
	if (high == 0)
		return 0;
	if (high < 0xd800 || high > 0xdbff)
		return put_utf8(high, out);
	low = (uint32_t)hex4(j, at + 8);
	return put_utf8(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), out);
}

int sk_pull_plain(const struct sk_pull_text *text, char *out, size_t size, size_t *ret_size)
{
	const struct sk_pull j = {.data = text->data, .size = text->size};
	size_t used = 0, at = 0, step, n;
	char bytes[4];

	while (at < text->size) {
		bytes[0] = text->data[at];
		n = step = 1;
		if (text->escaped && bytes[0] == '\\') {
			step = escape_size(&j, at);
			n = step ? unescape(&j, at, bytes) : 0;
		}
		if (n == 0 || size - used <= n)
			return SK_FULL;
		memcpy(out + used, bytes, n);
		used += n;
		at += step;
	}
	if (size == 0)
		return SK_FULL;
	out[used] = '\0';
	if (ret_size)
		*ret_size = used;
	return 0;
}

void sk_jw_init(struct sk_jw *out, struct sk_buf *buf)
{
	*out = (struct sk_jw){.buf = buf};
}

static void put_raw(struct sk_jw *out, const void *data, size_t size)
{
	if (!out->error)
		out->error = sk_buf_append(out->buf, data, size);
}

static void put_key(struct sk_jw *out, const char *key)
{
	if (out->comma)
		put_raw(out, ",", 1);
	out->comma = true;
	if (!key)
		return;
	put_raw(out, "\"", 1);
	put_raw(out, key, strlen(key));
	put_raw(out, "\":", 2);
}

void sk_jw_open(struct sk_jw *out, const char *key, char bracket)
{
	put_key(out, key);
	put_raw(out, &bracket, 1);
	out->comma = false;
}

void sk_jw_close(struct sk_jw *out, char bracket)
{
	put_raw(out, &bracket, 1);
	out->comma = true;
}

void sk_jw_put_int(struct sk_jw *out, const char *key, int64_t value)
{
	char text[24];

	put_key(out, key);
	put_raw(out, text, (size_t)snprintf(text, sizeof text, "%" PRId64, value));
}

void sk_jw_put_uint(struct sk_jw *out, const char *key, uint64_t value)
{
	char text[24];

	put_key(out, key);
	put_raw(out, text, (size_t)snprintf(text, sizeof text, "%" PRIu64, value));
}

void sk_jw_put_bool(struct sk_jw *out, const char *key, bool value)
{
	put_key(out, key);
	put_raw(out, value ? "true" : "false", value ? 4 : 5);
}

void sk_jw_put_str(struct sk_jw *out, const char *key, const char *text)
{
	sk_jw_put_bytes(out, key, text, strlen(text));
}

/* One byte of a string that cannot stand as it is. Returns how many bytes of the input it took. */
static size_t put_special(struct sk_jw *out, const uint8_t *p, size_t left)
{
	char text[8];

	if (*p == '"' || *p == '\\') {
		text[0] = '\\';
		text[1] = (char)*p;
		put_raw(out, text, 2);
		return 1;
	}
	if (*p < 0x20) {
		put_raw(out, text, (size_t)snprintf(text, sizeof text, "\\u%04x", *p));
		return 1;
	}
	for (size_t n = 2; n <= 4 && n <= left; n++)
		if (sk_utf8_valid(p, n, NULL)) {
			put_raw(out, p, n);
			return n;
		}
	put_raw(out, "\xef\xbf\xbd", 3);
	return 1;
}

void sk_jw_put_bytes(struct sk_jw *out, const char *key, const void *data, size_t size)
{
	const uint8_t *p = data;

	put_key(out, key);
	put_raw(out, "\"", 1);
	for (size_t at = 0, run; at < size;) {
		for (run = at; run < size && !special[p[run]]; run++)
			;
		put_raw(out, p + at, run - at);
		at = run;
		if (at < size)
			at += put_special(out, p + at, size - at);
	}
	put_raw(out, "\"", 1);
}
