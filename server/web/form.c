// SPDX-License-Identifier: GPL-3.0-or-later
/* Reading what a browser sends. See form.h; fuzzed by fuzz-form.c. */
#include "web/form.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "wire/json.h"

void sk_form_done(struct sk_form *form)
{
	free(form->text);
	memset(form, 0, sizeof *form);
}

static bool text_ok(const char *text, size_t size)
{
	return !memchr(text, '\0', size) && sk_utf8_valid(text, size, NULL);
}

static int add(struct sk_form *form, const char *name, const char *value)
{
	if (form->count == SK_FORM_FIELDS_MAX)
		return SK_BAD;
	form->fields[form->count++] = (struct sk_field){name, value};
	return 0;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes [text, text + size) into *at, terminates it and moves *at behind. */
static int decode(const char *text, size_t size, size_t max, char **at, const char **ret_text)
{
	char *from = *at, *to = from;

	for (size_t i = 0; i < size; i++) {
		if (text[i] == '%') {
			if (size - i < 3 || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0)
				return SK_BAD;
			*to++ = (char)(hex(text[i + 1]) << 4 | hex(text[i + 2]));
			i += 2;
		} else {
			*to++ = text[i] == '+' ? ' ' : text[i];
		}
	}
	if ((size_t)(to - from) > max || !text_ok(from, (size_t)(to - from)))
		return SK_BAD;
	*to++ = '\0';
	*at = to;
	*ret_text = from;
	return 0;
}

static int parse_pair(struct sk_form *form, const char *pair, size_t size, char **at)
{
	const char *equals = memchr(pair, '=', size), *name, *value;
	size_t name_size = equals ? (size_t)(equals - pair) : size;
	int r;

	r = decode(pair, name_size, SK_FORM_NAME_MAX, at, &name);
	if (!r)
		r = equals ? decode(equals + 1, size - name_size - 1, SK_FORM_VALUE_MAX, at, &value) : decode("", 0, 0, at, &value);
	return r ? r : add(form, name, value);
}

int sk_form_parse(const char *text, size_t size, struct sk_form *form)
{
	const char *end = text + size;
	char *at;
	int r = 0;

	/* Decoded text is never longer; each pair needs two terminators, where it had at least '&' or the end. */
	at = form->text = sk_malloc(2 * size + 2);
	if (!at)
		return sk_origin(-ENOMEM);
	while (text < end && !r) {
		const char *amp = memchr(text, '&', (size_t)(end - text));
		size_t n = amp ? (size_t)(amp - text) : (size_t)(end - text);

		if (n)
			r = parse_pair(form, text, n, &at);
		text += n + (amp ? 1 : 0);
	}
	if (r)
		sk_form_done(form);
	return r;
}

/* ---- multipart ---- */

struct part {
	char name[SK_FORM_NAME_MAX + 1];
	char file[256];
	bool is_file;
};

/* boundary=abc or boundary="abc", 1 to 70 bytes of RFC 2046's set. */
static int find_boundary(const char *content_type, char out[74])
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'()+_,-./:=?";
	const char *at = strcasestr(content_type, "boundary=");
	size_t n;

	if (!at)
		return SK_BAD;
	at += strlen("boundary=");
	at += *at == '"';
	n = strspn(at, set);
	if (n == 0 || n > 70)
		return SK_BAD;
	memcpy(out, "--", 2);
	memcpy(out + 2, at, n);
	out[2 + n] = '\0';
	return 0;
}

/* One parameter of Content-Disposition: ; key="value". Browsers write %22 for a quote and never a backslash escape. */
static int parameter(const char *line, size_t size, const char *key, char *out, size_t space)
{
	const char *at = memmem(line, size, key, strlen(key)), *end;
	size_t n;

	if (!at)
		return SK_NONE;
	at += strlen(key);
	end = memchr(at, '"', (size_t)(line + size - at));
	if (!end)
		return SK_BAD;
	n = (size_t)(end - at);
	if (n >= space || !text_ok(at, n))
		return SK_BAD;
	memcpy(out, at, n);
	out[n] = '\0';
	return 0;
}

static int read_disposition(const char *line, size_t size, struct part *part)
{
	static const char head[] = "content-disposition: form-data";
	int r;

	if (size < sizeof head - 1 || strncasecmp(line, head, sizeof head - 1) != 0)
		return strncasecmp(line, "content-disposition:", SK_MIN(size, (size_t)20)) == 0 ? SK_BAD : 0;
	if (parameter(line, size, "; name=\"", part->name, sizeof part->name))
		return SK_BAD;
	r = parameter(line, size, "; filename=\"", part->file, sizeof part->file);
	part->is_file = r == 0;
	return r == SK_BAD ? SK_BAD : 0;
}

/* Header lines up to the empty one; *at moves behind it. */
static int read_head(const char **at, const char *end, struct part *part)
{
	for (int lines = 0; lines < 8; lines++) {
		const char *eol = memmem(*at, (size_t)(end - *at), "\r\n", 2);
		size_t n;

		if (!eol)
			return SK_BAD;
		n = (size_t)(eol - *at);
		if (n == 0) {
			*at = eol + 2;
			return part->name[0] ? 0 : SK_BAD;
		}
		if (read_disposition(*at, n, part))
			return SK_BAD;
		*at = eol + 2;
	}
	return SK_BAD;
}

static int take_value(struct sk_form *form, const struct part *part, const char *body, size_t size, char **to)
{
	const char *name = *to, *value;

	if (part->is_file) {
		if (form->file)
			return SK_BAD;
		form->file = body;
		form->file_size = size;
		memcpy(form->file_name, part->file, sizeof form->file_name);
		return 0;
	}
	if (size > SK_FORM_VALUE_MAX || !text_ok(body, size))
		return SK_BAD;
	*to = stpcpy(*to, part->name) + 1;
	value = *to;
	memcpy(*to, body, size);
	(*to)[size] = '\0';
	*to += size + 1;
	return add(form, name, value);
}

static int read_parts(struct sk_form *form, const char *mark, const char *at, const char *end, char *to)
{
	size_t mark_size = strlen(mark);
	char between[80] = "\r\n";

	memcpy(between + 2, mark, mark_size + 1);
	if ((size_t)(end - at) < mark_size || memcmp(at, mark, mark_size) != 0)
		return SK_BAD;
	at += mark_size;
	for (;;) {
		struct part part = {0};
		const char *next;

		if (end - at >= 2 && memcmp(at, "--", 2) == 0)
			return end - at == 2 || (end - at == 4 && memcmp(at + 2, "\r\n", 2) == 0) ? 0 : SK_BAD;
		if (end - at < 2 || memcmp(at, "\r\n", 2) != 0)
			return SK_BAD;
		at += 2;
		if (read_head(&at, end, &part))
			return SK_BAD;
		next = memmem(at, (size_t)(end - at), between, mark_size + 2);
		if (!next || take_value(form, &part, at, (size_t)(next - at), &to))
			return SK_BAD;
		at = next + mark_size + 2;
	}
}

int sk_form_parse_multipart(const char *content_type, const char *body, size_t size, struct sk_form *form)
{
	char mark[74];
	int r;

	r = find_boundary(content_type, mark);
	if (r)
		return r;
	/* Each field copied has its name, its value and two terminators, and stood in the body with far more around it. */
	form->text = sk_malloc(size + 1);
	if (!form->text)
		return sk_origin(-ENOMEM);
	r = read_parts(form, mark, body, body + size, form->text);
	if (r)
		sk_form_done(form);
	return r;
}

/* ---- JSON ---- */

static int take_member(struct sk_form *form, const char *key, json_object *value, char **to)
{
	const char *text = json_object_get_string(value), *name = *to, *copy;
	enum json_type type = json_object_get_type(value);

	if (type != json_type_string && type != json_type_int && type != json_type_boolean)
		return SK_BAD;
	if (strlen(key) > SK_FORM_NAME_MAX || strlen(text) > SK_FORM_VALUE_MAX)
		return SK_BAD;
	*to = stpcpy(*to, key) + 1;
	copy = *to;
	*to = stpcpy(*to, text) + 1;
	return add(form, name, copy);
}

static size_t space_needed(json_object *object)
{
	size_t n = 1;

	json_object_object_foreach(object, key, value)
		n += strlen(key) + (value ? strlen(json_object_get_string(value)) : 0) + 2;
	return n;
}

int sk_form_parse_json(const char *body, size_t size, struct sk_form *form)
{
	_cleanup_json_ json_object *object = NULL;
	struct sk_diag diag = {0};
	char *to;
	int r;

	r = sk_json_parse_object(body, size, 1 << 20, &object, &diag);
	if (r)
		return r;
	to = form->text = sk_malloc(space_needed(object));
	if (!to)
		return sk_origin(-ENOMEM);
	json_object_object_foreach(object, key, value) {
		r = value ? take_member(form, key, value, &to) : 0;
		if (r)
			break;
	}
	if (r)
		sk_form_done(form);
	return r;
}

/* ---- looking up ---- */

const char *sk_form_nth(const struct sk_form *form, const char *name, size_t n)
{
	for (size_t i = 0; i < form->count; i++)
		if (strcmp(form->fields[i].name, name) == 0 && n-- == 0)
			return form->fields[i].value;
	return NULL;
}

const char *sk_form_get(const struct sk_form *form, const char *name)
{
	return sk_form_nth(form, name, 0);
}

const char *sk_form_text(const struct sk_form *form, const char *name)
{
	const char *value = sk_form_get(form, name);

	return value ? value : "";
}

int sk_cookie_get(const char *header, const char *name, char *out, size_t size)
{
	size_t name_size = strlen(name), found = 0;

	while (header && *header) {
		size_t n;

		header += strspn(header, " \t");
		n = strcspn(header, ";");
		if (n > name_size && header[name_size] == '=' && memcmp(header, name, name_size) == 0) {
			size_t value = n - name_size - 1;

			if (++found > 1 || value >= size)
				return SK_NONE;
			memcpy(out, header + name_size + 1, value);
			out[value] = '\0';
		}
		header += n + (header[n] == ';');
	}
	return found ? 0 : SK_NONE;
}
