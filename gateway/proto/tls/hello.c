// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * ClientHello and ServerHello (RFC 8446 section 4.1, RFC 5246 section 7.4.1) and the fingerprints made of them: JA3 and JA3S as salesforce/ja3
 * describes them (MD5 of decimal lists without GREASE), JA4 as FoxIO's description says (version, counts, ALPN, truncated SHA-256 of sorted lists).
 */
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "proto/tls/tls.h"

enum { LIST_MAX = 256, EXT_SNI = 0, EXT_GROUPS = 10, EXT_FORMATS = 11, EXT_SIGNATURES = 13, EXT_ALPN = 16, EXT_VERSIONS = 43 };

struct list {
	uint16_t at[LIST_MAX];
	size_t count;
};

struct lists {
	uint16_t version, best;
	struct list ciphers, extensions, groups, formats, signatures;
};

/* RFC 8701: values that clients invent so that servers stay tolerant. */
static bool is_grease(uint16_t v)
{
	return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

static void push(struct list *list, uint16_t value)
{
	if (!is_grease(value) && list->count < LIST_MAX)
		list->at[list->count++] = value;
}

static void read_u16s(struct sk_cursor c, struct list *list)
{
	while (sk_cursor_left(&c) >= 2)
		push(list, sk_get_u16(&c));
}

static void read_sni(struct sk_cursor c, struct hello *h)
{
	struct sk_cursor names = sk_get_window(&c, sk_get_u16(&c));

	while (sk_cursor_left(&names) >= 3) {
		uint8_t type = sk_get_u8(&names);
		size_t size = sk_get_u16(&names);
		const uint8_t *name = sk_get_bytes(&names, size);

		if (name && type == 0 && !h->sni) {
			h->sni = name;
			h->sni_size = size;
		}
	}
}

static void read_alpn(struct sk_cursor c, struct hello *h)
{
	sk_get_u16(&c);
	h->alpn_size = sk_get_u8(&c);
	h->alpn = sk_get_bytes(&c, h->alpn_size);
	if (!h->alpn)
		h->alpn_size = 0;
}

static void read_versions(struct sk_cursor c, bool client, struct lists *l)
{
	if (client)
		sk_get_u8(&c);
	while (sk_cursor_left(&c) >= 2) {
		uint16_t version = sk_get_u16(&c);

		if (!is_grease(version) && version > l->best)
			l->best = version;
	}
}

static void read_extension(uint16_t type, struct sk_cursor body, bool client, struct hello *h, struct lists *l)
{
	struct sk_cursor inner = body;

	push(&l->extensions, type);
	switch (type) {
	case EXT_SNI:
		read_sni(body, h);
		break;
	case EXT_GROUPS:
		read_u16s(sk_get_window(&inner, sk_get_u16(&inner)), &l->groups);
		break;
	case EXT_SIGNATURES:
		read_u16s(sk_get_window(&inner, sk_get_u16(&inner)), &l->signatures);
		break;
	case EXT_FORMATS:
		for (size_t n = sk_get_u8(&inner); n && sk_cursor_left(&inner); n--)
			push(&l->formats, sk_get_u8(&inner));
		break;
	case EXT_ALPN:
		read_alpn(body, h);
		break;
	case EXT_VERSIONS:
		read_versions(body, client, l);
		break;
	}
}

static int read_body(struct sk_cursor *c, bool client, struct hello *h, struct lists *l)
{
	struct sk_cursor extensions;

	l->version = sk_get_u16(c);
	h->random = sk_get_bytes(c, 32);
	sk_get_bytes(c, sk_get_u8(c));
	if (client) {
		struct sk_cursor ciphers = sk_get_window(c, sk_get_u16(c));

		read_u16s(ciphers, &l->ciphers);
		sk_get_bytes(c, sk_get_u8(c));
	} else {
		push(&l->ciphers, sk_get_u16(c));
		sk_get_u8(c);
	}
	if (c->bad)
		return SK_BAD;
	if (!sk_cursor_left(c))
		return 0;
	extensions = sk_get_window(c, sk_get_u16(c));
	while (sk_cursor_left(&extensions) >= 4 && !extensions.bad) {
		uint16_t type = sk_get_u16(&extensions);
		struct sk_cursor body = sk_get_window(&extensions, sk_get_u16(&extensions));

		if (!body.bad)
			read_extension(type, body, client, h, l);
	}
	return c->bad || extensions.bad ? SK_BAD : 0;
}

static int put_list(struct sk_buf *out, const struct list *list, const char *format, char between)
{
	int r = 0;

	for (size_t i = 0; i < list->count && r == 0; i++) {
		if (i)
			r = sk_buf_append_char(out, between);
		if (r == 0)
			r = *format == 'd' ? sk_buf_printf(out, "%u", list->at[i]) : sk_buf_printf(out, "%04x", list->at[i]);
	}
	return r;
}

static void digest(const char *name, const void *data, size_t size, char *out, size_t digits)
{
	uint8_t value[EVP_MAX_MD_SIZE] = {0};
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	unsigned length = 0;
	EVP_MD *md = EVP_MD_fetch(NULL, name, NULL);

	if (md)
		EVP_Digest(data, size, value, &length, md, NULL);
	EVP_MD_free(md);
	sk_hex(value, length, hex);
	hex[SK_MIN(2 * (size_t)length, digits)] = 0;
	memcpy(out, hex, strlen(hex) + 1);
}

static void make_ja3(const struct lists *l, bool client, struct hello *h)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(HELLO_TEXT_MAX - 1);
	int r = sk_buf_printf(&text, "%u,", l->version);

	if (r == 0)
		r = put_list(&text, &l->ciphers, "d", '-');
	if (r == 0)
		r = sk_buf_append_char(&text, ',');
	if (r == 0)
		r = put_list(&text, &l->extensions, "d", '-');
	if (r == 0 && client)
		r = sk_buf_append_char(&text, ',');
	if (r == 0 && client)
		r = put_list(&text, &l->groups, "d", '-');
	if (r == 0 && client)
		r = sk_buf_append_char(&text, ',');
	if (r == 0 && client)
		r = put_list(&text, &l->formats, "d", '-');
	if (r)
		return; /* a hello that is too long has no fingerprint */
	memcpy(h->ja3, text.data, text.size + 1);
	digest("MD5", text.data, text.size, h->ja3_hash, 32);
}

static int by_value(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* Twelve digits of the SHA-256 of a sorted list, then of "_" and another in its own order. */
static void part_of_ja4(const struct list *sorted, const struct list *then, char out[13])
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(8192);
	struct list copy = *sorted;

	qsort(copy.at, copy.count, sizeof copy.at[0], by_value);
	memcpy(out, "000000000000", 13);
	if (!copy.count || put_list(&text, &copy, "x", ','))
		return;
	if (then && then->count && (sk_buf_append_char(&text, '_') || put_list(&text, then, "x", ',')))
		return;
	digest("SHA256", text.data, text.size, out, 12);
}

static const char *version_word(uint16_t version)
{
	switch (version) {
	case 0x0304: return "13";
	case 0x0303: return "12";
	case 0x0302: return "11";
	case 0x0301: return "10";
	case 0x0300: return "s3";
	default: return "00";
	}
}

static void make_ja4(const struct lists *l, struct hello *h)
{
	static const char digits[] = "0123456789abcdef";
	struct list extensions = {.count = 0};
	char ciphers[13], rest[13], alpn[3] = "00";

	for (size_t i = 0; i < l->extensions.count; i++)
		if (l->extensions.at[i] != EXT_SNI && l->extensions.at[i] != EXT_ALPN)
			push(&extensions, l->extensions.at[i]);
	if (h->alpn_size) {
		uint8_t first = h->alpn[0], last = h->alpn[h->alpn_size - 1];
		bool plain = first > 32 && first < 127 && last > 32 && last < 127;

		alpn[0] = plain ? (char)first : digits[first >> 4];
		alpn[1] = plain ? (char)last : digits[last & 15];
	}
	part_of_ja4(&l->ciphers, NULL, ciphers);
	part_of_ja4(&extensions, &l->signatures, rest);
	snprintf(h->ja4, sizeof h->ja4, "t%s%c%02zu%02zu%s_%s_%s", version_word(h->version), h->sni ? 'd' : 'i', SK_MIN(l->ciphers.count, (size_t)99),
		SK_MIN(l->extensions.count, (size_t)99), alpn, ciphers, rest);
}

int hello_read(const uint8_t *data, size_t size, bool client, struct hello *h)
{
	_cleanup_free_ struct lists *l = sk_calloc(1, sizeof *l);
	struct sk_cursor c;

	*h = (struct hello){.version = 0};
	if (!l)
		return sk_origin(-ENOMEM);
	sk_cursor_init(&c, data, size);
	if (read_body(&c, client, h, l))
		return SK_BAD;
	h->version = l->best ? l->best : l->version;
	make_ja3(l, client, h);
	if (client)
		make_ja4(l, h);
	return 0;
}
