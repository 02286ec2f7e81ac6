// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Writing HTML so that what others wrote stays text.
 *
 * Pages (server/web/pages) are turned into calls of these functions by generate.py, which knows for each value the place where it
 * stands and picks the writer for it. Code by hand uses sk_html_put() and the like, never sk_html_raw() with foreign bytes.
 *
 * Characters that change the order or the look of other characters (bidirectional overrides, control bytes) are shown as "U+202E",
 * so that a file name of an attacker cannot look like another one.
 *
 * A writer that failed (page too large, memory) remembers it in `error`; later writes do nothing; the caller asks once at the end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "base/buf.h"
#include "web-text.gen.h"

enum sk_language { SK_EN, SK_JA, SK_LANGUAGES };

struct sk_html {
	struct sk_buf out;
	enum sk_language language;
	int error; /* 0, SK_FULL or -ENOMEM */
};

#define SK_HTML_MAX (8u << 20)
#define SK_HTML(lang) ((struct sk_html){.out = SK_BUF(SK_HTML_MAX), .language = (lang)})

/* Bytes of ours, as they are. */
void sk_html_raw(struct sk_html *h, const char *text, size_t size);
/* Text, and values of attributes in double quotes. NULL writes nothing. */
void sk_html_text(struct sk_html *h, const char *text);
void sk_html_int(struct sk_html *h, long long value);
void sk_html_double(struct sk_html *h, double value);
/* A whole address: a path of ours ("/..."); anything else becomes "#". */
void sk_html_url(struct sk_html *h, const char *path);
/* One part of an address: everything but unreserved characters is percent-encoded. */
void sk_html_url_text(struct sk_html *h, const char *text);
void sk_html_url_int(struct sk_html *h, long long value);
/* A text of the catalogue with {1} and {2} filled in. */
void sk_html_fill(struct sk_html *h, enum sk_text text, const char *first, const char *second);
const char *sk_text_in(enum sk_language language, enum sk_text text);

#define sk_html_put(h, value)                                                                                                          \
	_Generic((value), char *: sk_html_text, const char *: sk_html_text, double: sk_html_double, default: sk_html_int)(h, value)
#define sk_html_url_part(h, value) _Generic((value), char *: sk_html_url_text, const char *: sk_html_url_text, default: sk_html_url_int)(h, value)
/* A value as text, for sk_html_fill(): numbers live in one of eight static places in turn. */
#define sk_html_str(value) _Generic((value), char *: sk_html_same, const char *: sk_html_same, default: sk_html_number)(value)
const char *sk_html_same(const char *text);
const char *sk_html_number(long long value);

/* A field by its dotted path as text; "" when absent. Numbers and booleans as JSON writes them. Borrowed from the object. */
const char *sk_field_text(json_object *object, const char *path);
int64_t sk_field_int(json_object *object, const char *path);
bool sk_field_bool(json_object *object, const char *path);
/* The member itself, NULL when absent; borrowed. */
json_object *sk_field_at(json_object *object, const char *path);
size_t sk_field_count(json_object *object, const char *path);
