// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A certificate's names and number (RFC 5280 section 4.1), read from DER with a bounded cursor: only the fields in front of the key are looked at, nothing is
 * verified. Names are written as rules have them: "C=JP, O=Fab, CN=host".
 */
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "proto/tls/tls.h"

enum { DER_INTEGER = 0x02, DER_OID = 0x06, DER_SEQUENCE = 0x30, DER_SET = 0x31, DER_VERSION = 0xa0 };

/* The next element's content. */
static struct sk_cursor element(struct sk_cursor *c, uint8_t *ret_tag)
{
	size_t size;

	*ret_tag = sk_get_u8(c);
	size = sk_get_u8(c);
	if (size & 0x80) {
		unsigned bytes = size & 0x7f;

		size = 0;
		if (bytes == 0 || bytes > 3)
			sk_cursor_fail(c);
		for (; bytes && !c->bad; bytes--)
			size = size << 8 | sk_get_u8(c);
	}
	return sk_get_window(c, size);
}

static struct sk_cursor expect(struct sk_cursor *c, uint8_t tag)
{
	uint8_t is;
	struct sk_cursor content = element(c, &is);

	if (is != tag)
		sk_cursor_fail(c);
	content.bad |= c->bad;
	return content;
}

static const char *attribute(const uint8_t *oid, size_t size)
{
	static const struct {
		uint8_t last;
		const char *word;
	} words[] = {{3, "CN"}, {4, "SN"}, {5, "serialNumber"}, {6, "C"}, {7, "L"}, {8, "ST"}, {9, "street"}, {10, "O"}, {11, "OU"}, {12, "title"},
		{13, "description"}, {15, "businessCategory"}, {17, "postalCode"}, {42, "GN"}};
	static const uint8_t email[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01}, dc[] = {0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19};

	if (size == sizeof email && memcmp(oid, email, size) == 0)
		return "emailAddress";
	if (size == sizeof dc && memcmp(oid, dc, size) == 0)
		return "DC";
	for (size_t i = 0; size == 3 && oid[0] == 0x55 && oid[1] == 4 && i < SK_ARRAY_SIZE(words); i++)
		if (words[i].last == oid[2])
			return words[i].word;
	return "UNDEF";
}

static void put(char *out, size_t *used, const void *text, size_t size)
{
	size = SK_MIN(size, NAME_TEXT_MAX - 1 - *used);
	memcpy(out + *used, text, size);
	*used += size;
	out[*used] = 0;
}

static bool read_name(struct sk_cursor name, char *out)
{
	size_t used = 0;

	*out = 0;
	while (sk_cursor_left(&name) && !name.bad) {
		struct sk_cursor set = expect(&name, DER_SET);

		while (sk_cursor_left(&set) && !set.bad) {
			struct sk_cursor pair = expect(&set, DER_SEQUENCE), oid = expect(&pair, DER_OID);
			uint8_t tag;
			struct sk_cursor value = element(&pair, &tag);
			const char *word = attribute(oid.data, oid.size);

			if (pair.bad)
				return false;
			if (used)
				put(out, &used, ", ", 2);
			put(out, &used, word, strlen(word));
			put(out, &used, "=", 1);
			put(out, &used, value.data, value.size);
		}
	}
	return !name.bad;
}

static void hex_pairs(const uint8_t *data, size_t size, const char *digits, char *out, size_t space)
{
	size_t to = 0;

	for (size_t i = 0; i < size && to + 4 <= space; i++) {
		if (i)
			out[to++] = ':';
		out[to++] = digits[data[i] >> 4];
		out[to++] = digits[data[i] & 15];
	}
	out[to] = 0;
}

static void fingerprint(const uint8_t *der, size_t size, char *out, size_t space)
{
	uint8_t value[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	EVP_MD *md = EVP_MD_fetch(NULL, "SHA1", NULL);

	if (!md || EVP_Digest(der, size, value, &length, md, NULL) != 1)
		length = 0;
	EVP_MD_free(md);
	hex_pairs(value, length, "0123456789abcdef", out, space);
}

int certificate_read(const uint8_t *der, size_t size, struct certificate *out)
{
	struct sk_cursor c, whole, body, serial, issuer, subject;
	uint8_t tag;

	*out = (struct certificate){.der = der, .size = size};
	sk_cursor_init(&c, der, size);
	whole = expect(&c, DER_SEQUENCE);
	body = expect(&whole, DER_SEQUENCE);
	if (whole.bad || !sk_cursor_left(&body))
		return SK_BAD;
	if (body.data[body.at] == DER_VERSION)
		element(&body, &tag);
	serial = expect(&body, DER_INTEGER);
	element(&body, &tag); /* signature */
	issuer = expect(&body, DER_SEQUENCE);
	element(&body, &tag); /* validity */
	subject = expect(&body, DER_SEQUENCE);
	if (body.bad || !read_name(issuer, out->issuer) || !read_name(subject, out->subject))
		return SK_BAD;
	hex_pairs(serial.data, serial.size, "0123456789ABCDEF", out->serial, sizeof out->serial);
	fingerprint(der, size, out->fingerprint, sizeof out->fingerprint);
	return 0;
}
