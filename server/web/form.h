// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a browser sends: query strings, forms, forms with a file, cookies. All of it foreign: strict, bounded, UTF-8 alone.
 *
 * A form owns its text. Names may occur several times. SK_BAD: not of the form's grammar, a zero byte, not UTF-8, or more than the limits.
 */
#pragma once

#include <stddef.h>

enum {
	SK_FORM_FIELDS_MAX = 128,
	SK_FORM_NAME_MAX = 64,       /* bytes of a field's name */
	SK_FORM_VALUE_MAX = 8 << 10, /* bytes of a value, decoded; a file has no limit but the body's */
};

struct sk_field {
	const char *name, *value; /* terminated, well-formed UTF-8 */
};

struct sk_form {
	struct sk_field fields[SK_FORM_FIELDS_MAX];
	size_t count;
	char *text;            /* what the fields point into */
	const char *file;      /* bytes of the one file, inside the body that was parsed; NULL when there is none */
	size_t file_size;
	char file_name[256];   /* as the browser names it; for showing */
};

void sk_form_done(struct sk_form *form);
#define _cleanup_form_ __attribute__((cleanup(sk_form_done)))

/* "a=1&b=%E3%81%82+x": application/x-www-form-urlencoded. The form must be empty. 0, SK_BAD, -ENOMEM. */
int sk_form_parse(const char *text, size_t size, struct sk_form *form);
/* multipart/form-data (RFC 7578). `content_type` is the header's value; the body must outlive form->file. 0, SK_BAD, -ENOMEM. */
int sk_form_parse_multipart(const char *content_type, const char *body, size_t size, struct sk_form *form);
/* One flat JSON object of strings, numbers and booleans, as the API takes it. 0, SK_BAD, -ENOMEM. */
int sk_form_parse_json(const char *body, size_t size, struct sk_form *form);

/* First value of that name; NULL when absent. */
const char *sk_form_get(const struct sk_form *form, const char *name);
/* The same, "" when absent. */
const char *sk_form_text(const struct sk_form *form, const char *name);
/* The n-th value of that name, NULL past the last. */
const char *sk_form_nth(const struct sk_form *form, const char *name, size_t n);

/* Value of a cookie in a Cookie header (RFC 6265), into `out`. 0; SK_NONE absent, there twice, or longer than `out`. */
int sk_cookie_get(const char *header, const char *name, char *out, size_t size);
