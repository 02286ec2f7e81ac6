// SPDX-License-Identifier: GPL-3.0-or-later
/* Escaping by the place where a value stands: text, attribute, address; and fields of models as text. */
#include "web/html.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

static void keep(struct sk_html *h, int error)
{
	if (error && !h->error)
		h->error = error;
}

void sk_html_raw(struct sk_html *h, const char *text, size_t size)
{
	if (!h->error)
		keep(h, sk_buf_append(&h->out, text, size));
}

static const char *entity(unsigned char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/*
 * The character at p when it is one that deceives the eye, else 0: control bytes, U+200B..F, U+202A..E, U+2066..9, U+FEFF, and bytes
 * that are not UTF-8. *ret_size is how many bytes to pass over in either case.
 */
static uint32_t deceiving(const unsigned char *p, size_t left, size_t *ret_size)
{
	uint32_t c;

	*ret_size = 1;
	if (p[0] < 0x80)
		return (p[0] < 0x20 && p[0] != '\n' && p[0] != '\t') || p[0] == 0x7f ? 0x2400u + (p[0] == 0x7f ? 0x21 : p[0]) : 0;
	*ret_size = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || *ret_size > left) {
		*ret_size = 1;
		return 0xfffd;
	}
	for (size_t i = 1; i < *ret_size; i++)
		if ((p[i] & 0xc0) != 0x80) {
			*ret_size = 1;
			return 0xfffd;
		}
	if (*ret_size != 3)
		return *ret_size == 2 && p[0] == 0xc2 && p[1] < 0xa0 ? 0x80u + (p[1] & 0x1f) : 0;
	c = (uint32_t)(p[0] & 15) << 12 | (uint32_t)(p[1] & 63) << 6 | (p[2] & 63);
	return (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff ? c : 0;
}

static void put_visible(struct sk_html *h, uint32_t c)
{
	char name[16];
	int n;

	/* U+24xx are the pictures of the control bytes and U+FFFD is what everyone shows for a wrong byte. */
	if (c == 0xfffd || c < 0x2000 || (c >= 0x2400 && c <= 0x2421)) {
		uint32_t shown = c < 0x2000 ? 0xfffd : c;
		char utf8[3] = {(char)(0xe0 | shown >> 12), (char)(0x80 | (shown >> 6 & 63)), (char)(0x80 | (shown & 63))};

		sk_html_raw(h, utf8, sizeof utf8);
		return;
	}
	n = snprintf(name, sizeof name, "\xe2\x9f\xa8U+%04X\xe2\x9f\xa9", c); /* in angle brackets that no file name has by chance */
	sk_html_raw(h, name, (size_t)n);
}

void sk_html_text(struct sk_html *h, const char *text)
{
	size_t size = text ? strlen(text) : 0, from = 0, step;

	for (size_t i = 0; i < size; i += step) {
		const char *safe = entity((unsigned char)text[i]);
		uint32_t shown = deceiving((const unsigned char *)text + i, size - i, &step);

		if (!safe && !shown)
			continue;
		sk_html_raw(h, text + from, i - from);
		if (safe)
			sk_html_raw(h, safe, strlen(safe));
		else
			put_visible(h, shown);
		from = i + step;
	}
	if (size > from)
		sk_html_raw(h, text + from, size - from);
}

void sk_html_int(struct sk_html *h, long long value)
{
	char text[24];

	sk_html_raw(h, text, (size_t)snprintf(text, sizeof text, "%lld", value));
}

void sk_html_double(struct sk_html *h, double value)
{
	char text[64];

	sk_html_raw(h, text, (size_t)snprintf(text, sizeof text, "%.2f", value > 1e15 || value < -1e15 ? 0 : value));
}

void sk_html_url(struct sk_html *h, const char *path)
{
	/* "//host" and "/\host" are other machines for a browser; a control byte is dropped by it. */
	bool ours = path && path[0] == '/' && path[1] != '/' && path[1] != '\\';

	for (const char *c = path; ours && *c; c++)
		ours = (unsigned char)*c > 0x20 && *c != '\\' && *c != 0x7f;
	sk_html_text(h, ours ? path : "#");
}

void sk_html_url_text(struct sk_html *h, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	char code[4];

	for (; text && *text; text++) {
		if (strchr(plain, *text))
			sk_html_raw(h, text, 1);
		else
			sk_html_raw(h, code, (size_t)snprintf(code, sizeof code, "%%%02X", (unsigned char)*text));
	}
}

void sk_html_url_int(struct sk_html *h, long long value)
{
	sk_html_int(h, value);
}

const char *sk_text_in(enum sk_language language, enum sk_text text)
{
	return sk_texts[language == SK_JA][text];
}

void sk_html_fill(struct sk_html *h, enum sk_text text, const char *first, const char *second)
{
	const char *at = sk_text_in(h->language, text), *brace;

	while ((brace = strchr(at, '{'))) {
		if ((brace[1] != '1' && brace[1] != '2') || brace[2] != '}')
			break;
		sk_html_raw(h, "", 0);
		for (const char *c = at; c < brace; c++) {
			const char *safe = entity((unsigned char)*c);

			sk_html_raw(h, safe ? safe : c, safe ? strlen(safe) : 1);
		}
		sk_html_text(h, brace[1] == '1' ? first : second);
		at = brace + 3;
	}
	sk_html_text(h, at);
}

const char *sk_html_same(const char *text)
{
	return text;
}

const char *sk_html_number(long long value)
{
	static char places[8][24];
	static unsigned next;
	char *place = places[next++ % 8];

	snprintf(place, sizeof places[0], "%lld", value);
	return place;
}

/* A member by name, or an element by number. */
static json_object *member(json_object *object, const char *name)
{
	uint64_t index;

	if (json_object_is_type(object, json_type_object))
		return json_object_object_get(object, name);
	if (json_object_is_type(object, json_type_array) && sk_parse_u64(name, 100000, &index) == 0)
		return json_object_array_get_idx(object, (size_t)index);
	return NULL;
}

json_object *sk_field_at(json_object *object, const char *path)
{
	char name[64];

	while (object && *path) {
		size_t n = strcspn(path, ".");

		if (n >= sizeof name)
			return NULL;
		memcpy(name, path, n);
		name[n] = '\0';
		object = member(object, name);
		path += n + (path[n] == '.');
	}
	return object;
}

const char *sk_field_text(json_object *object, const char *path)
{
	json_object *at = sk_field_at(object, path);

	return at ? json_object_get_string(at) : "";
}

int64_t sk_field_int(json_object *object, const char *path)
{
	return json_object_get_int64(sk_field_at(object, path));
}

bool sk_field_bool(json_object *object, const char *path)
{
	return json_object_get_boolean(sk_field_at(object, path));
}

size_t sk_field_count(json_object *object, const char *path)
{
	json_object *at = sk_field_at(object, path);

	return json_object_is_type(at, json_type_array) ? json_object_array_length(at) : 0;
}
