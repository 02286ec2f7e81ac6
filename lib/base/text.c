// SPDX-License-Identifier: GPL-3.0-or-later
/* Strict readers of small texts: what is not exactly the grammar is refused. */
#include "base/text.h"

#include <string.h>

#include "base/error.h"

char *sk_hex(const void *data, size_t size, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = data;

	for (size_t i = 0; i < size; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * size] = '\0';
	return out;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int sk_unhex(const char *text, void *out, size_t size)
{
	uint8_t *p = out;

	if (strlen(text) != 2 * size)
		return SK_BAD;
	for (size_t i = 0; i < 2 * size; i++)
		if (hex_digit(text[i]) < 0)
			return SK_BAD;
	for (size_t i = 0; i < size; i++)
		p[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
	return 0;
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t sk_base64_size(size_t size)
{
	return (size + 2) / 3 * 4;
}

char *sk_base64(const void *data, size_t size, char *out)
{
	const uint8_t *p = data;
	char *o = out;

	for (size_t i = 0; i < size; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16;

		v |= i + 1 < size ? (uint32_t)p[i + 1] << 8 : 0;
		v |= i + 2 < size ? (uint32_t)p[i + 2] : 0;
		*o++ = base64_digits[v >> 18];
		*o++ = base64_digits[v >> 12 & 63];
		*o++ = i + 1 < size ? base64_digits[v >> 6 & 63] : '=';
		*o++ = i + 2 < size ? base64_digits[v & 63] : '=';
	}
	*o = '\0';
	return out;
}

/* One more than the digit's value; 0 = no digit. A policy of 36 MiB is all base64. */
static const uint8_t base64_values[256] = {
	[32] = 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 63, 0, 0, 0, 64,
	[48] = 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 0, 0, 0, 0, 0, 0,
	[64] = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
	[80] = 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 0, 0, 0, 0, 0,
	[96] = 0, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41,
	[112] = 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 0, 0, 0, 0, 0,
};

static int base64_digit(char c)
{
	return base64_values[(unsigned char)c] - 1;
}

int sk_unbase64(const char *text, size_t length, void *out, size_t space, size_t *ret_size)
{
	size_t pad = 0, size;
	uint8_t *p = out;

	if (length % 4 != 0)
		return SK_BAD;
	if (length && text[length - 1] == '=')
		pad = text[length - 2] == '=' ? 2 : 1;
	size = length / 4 * 3 - pad;
	if (size > space)
		return SK_BAD;
	for (size_t i = 0, n = 0; i < length; i += 4) {
		uint32_t v = 0;

		for (size_t k = 0; k < 4; k++) {
			int d = i + k >= length - pad ? 0 : base64_digit(text[i + k]);

			if (d < 0)
				return SK_BAD;
			v = v << 6 | (uint32_t)d;
		}
		for (size_t k = 0; k < 3; k++) {
			uint8_t byte = (uint8_t)(v >> (16 - 8 * k));

			if (n < size)
				p[n++] = byte;
			else if (byte)
				return SK_BAD;
		}
	}
	*ret_size = size;
	return 0;
}

/* Reads digits; *ret_rest is what follows them. */
static int parse_digits(const char *text, uint64_t *ret_value, const char **ret_rest)
{
	uint64_t v = 0;

	if (*text < '0' || *text > '9')
		return SK_BAD;
	for (; *text >= '0' && *text <= '9'; text++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(*text - '0'), &v))
			return SK_BAD;
	*ret_value = v;
	*ret_rest = text;
	return 0;
}

int sk_parse_u64(const char *text, uint64_t max, uint64_t *ret_value)
{
	const char *rest;
	uint64_t v;

	if (parse_digits(text, &v, &rest) || *rest || v > max)
		return SK_BAD;
	*ret_value = v;
	return 0;
}

struct unit {
	const char *name;
	uint64_t factor;
};

static int parse_with_unit(const char *text, const struct unit *units, uint64_t *ret_value)
{
	const char *rest;
	uint64_t v;

	if (parse_digits(text, &v, &rest))
		return SK_BAD;
	for (const struct unit *u = units; u->name; u++) {
		if (strcmp(rest, u->name) != 0)
			continue;
		if (__builtin_mul_overflow(v, u->factor, &v))
			return SK_BAD;
		*ret_value = v;
		return 0;
	}
	return SK_BAD;
}

int sk_parse_size(const char *text, uint64_t *ret_bytes)
{
	static const struct unit units[] = {{"", 1}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"T", 1ull << 40}, {0}};

	return parse_with_unit(text, units, ret_bytes);
}

int sk_parse_duration(const char *text, uint64_t *ret_ms)
{
	static const struct unit units[] = {{"ms", 1},	    {"s", 1000},	  {"m", 60000},
					    {"h", 3600000}, {"d", 86400000}, {0}};

	return parse_with_unit(text, units, ret_ms);
}

/* Length of the well-formed sequence at p, 0 when it is not one. Table 3-7 of the Unicode standard. */
static size_t utf8_sequence(const uint8_t *p, size_t left)
{
	uint8_t low = 0x80, high = 0xbf;
	size_t n;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (left < n)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* Eight bytes at once. */
static bool is_ascii(const uint8_t *p, size_t left)
{
	uint64_t word;

	if (left < sizeof word)
		return false;
	memcpy(&word, p, sizeof word);
	return !(word & 0x8080808080808080u);
}

bool sk_utf8_valid(const void *data, size_t size, size_t *ret_at)
{
	const uint8_t *p = data;

	for (size_t i = 0, n; i < size; i += n) {
		n = is_ascii(p + i, size - i) ? 8 : utf8_sequence(p + i, size - i);
		if (n == 0) {
			if (ret_at)
				*ret_at = i;
			return false;
		}
	}
	return true;
}
