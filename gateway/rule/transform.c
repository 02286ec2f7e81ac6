// SPDX-License-Identifier: GPL-3.0-or-later
/* Transforms: a buffer as a rule wants to see it (dotprefix, to_lowercase, url_decode ...). Results lie in the scratch space and are cut at its size. */
#include <ctype.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/mem.h"
#include "rule/set.h"

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static int hex_digit(uint8_t c)
{
	return isdigit(c) ? c - '0' : isxdigit(c) ? (c | 32) - 'a' + 10 : -1;
}

static size_t url_decode(const uint8_t *data, size_t size, uint8_t *out)
{
	size_t to = 0;

	for (size_t i = 0; i < size; i++) {
		if (data[i] == '%' && i + 2 < size && hex_digit(data[i + 1]) >= 0 && hex_digit(data[i + 2]) >= 0) {
			out[to++] = (uint8_t)(hex_digit(data[i + 1]) << 4 | hex_digit(data[i + 2]));
			i += 2;
		} else {
			out[to++] = data[i] == '+' ? ' ' : data[i];
		}
	}
	return to;
}

static size_t spaces(const uint8_t *data, size_t size, uint8_t *out, bool keep_one)
{
	size_t to = 0;

	for (size_t i = 0; i < size; i++)
		if (!is_space(data[i]) || (keep_one && (!i || !is_space(data[i - 1]))))
			out[to++] = is_space(data[i]) ? ' ' : data[i];
	return to;
}

/* Lines that begin with a colon are HTTP/2's. */
static size_t strip_pseudo(const uint8_t *data, size_t size, uint8_t *out)
{
	size_t to = 0;

	for (size_t at = 0; at < size;) {
		const uint8_t *end = memchr(data + at, '\n', size - at);
		size_t length = end ? (size_t)(end - data) + 1 - at : size - at;

		if (data[at] != ':') {
			memmove(out + to, data + at, length);
			to += length;
		}
		at += length;
	}
	return to;
}

static size_t digest(const char *name, const uint8_t *data, size_t size, uint8_t *out)
{
	unsigned length = 0;
	uint8_t value[EVP_MAX_MD_SIZE];
	EVP_MD *md = EVP_MD_fetch(NULL, name, NULL);

	if (!md || EVP_Digest(data, size, value, &length, md, NULL) != 1)
		length = 0;
	EVP_MD_free(md);
	memcpy(out, value, length);
	return length;
}

static size_t capture(struct scratch *scratch, const struct transform *xf, const uint8_t *data, size_t size, uint8_t *out)
{
	const PCRE2_SIZE *at;

	if (pcre2_match(xf->code, data, size, 0, 0, scratch->match, scratch->context) < 2)
		return 0;
	at = pcre2_get_ovector_pointer(scratch->match);
	if (at[2] == PCRE2_UNSET || at[3] < at[2])
		return 0;
	memmove(out, data + at[2], at[3] - at[2]);
	return at[3] - at[2];
}

/* `out` may be `data`, but for dotprefix and digests, which memmove() or copy first. */
static size_t apply(struct scratch *scratch, const struct transform *xf, const uint8_t *data, size_t size, uint8_t *out)
{
	switch (xf->kind) {
	case XF_DOTPREFIX:
		size = SK_MIN(size, (size_t)RULE_SPACE - 1);
		memmove(out + 1, data, size);
		out[0] = '.';
		return size + 1;
	case XF_LOWER:
	case XF_UPPER:
		for (size_t i = 0; i < size; i++)
			out[i] = (uint8_t)(xf->kind == XF_LOWER ? tolower(data[i]) : toupper(data[i]));
		return size;
	case XF_XOR:
		for (size_t i = 0; i < size; i++)
			out[i] = data[i] ^ xf->key[i % xf->size];
		return size;
	case XF_STRIP_SPACE: return spaces(data, size, out, false);
	case XF_COMPRESS_SPACE: return spaces(data, size, out, true);
	case XF_URL_DECODE: return url_decode(data, size, out);
	case XF_STRIP_PSEUDO: return strip_pseudo(data, size, out);
	case XF_MD5: return digest("MD5", data, size, out);
	case XF_SHA1: return digest("SHA1", data, size, out);
	case XF_SHA256: return digest("SHA256", data, size, out);
	default: return capture(scratch, xf, data, size, out);
	}
}

const uint8_t *list_transform(struct scratch *scratch, const struct list *list, const uint8_t *data, size_t size, size_t *ret_size)
{
	if (list->transform_count == 0) {
		*ret_size = size;
		return data;
	}
	size = SK_MIN(size, (size_t)RULE_SPACE);
	memcpy(scratch->space, data, size);
	for (unsigned i = 0; i < list->transform_count; i++)
		size = apply(scratch, &list->transforms[i], scratch->space, size, scratch->space);
	*ret_size = size;
	return scratch->space;
}
