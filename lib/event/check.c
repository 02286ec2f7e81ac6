// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The full check of an event against the table. Slow beside sk_event_scan(): for tests, tools, and whoever makes events of his own.
 * The walk keeps the path as text, in arrays with "[]" in place of the index, and looks each leaf up.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "event/event.h"
#include "event/table.h"

#define FIELDS_MAX 192

struct check {
	struct sk_pull pull;
	struct sk_diag *diag;
	char path[128];
	size_t length;
	uint16_t class_bit;
	bool seen[FIELDS_MAX];
	bool complete;
};

static const struct sk_event_field *find_field(const char *path)
{
	const char *last = strrchr(path, '.');

	for (size_t i = 0; i < sk_event_field_count; i++)
		if (strcmp(sk_event_fields[i].path, path) == 0)
			return &sk_event_fields[i];
	for (size_t i = 0; last && i < sk_event_field_count; i++) {
		size_t n = strlen(sk_event_fields[i].path);

		if (sk_event_fields[i].path[n - 1] == '*' && n - 1 == (size_t)(last + 1 - path) && strncmp(sk_event_fields[i].path, path, n - 1) == 0)
			return &sk_event_fields[i];
	}
	return NULL;
}

static int check_hex(struct check *c, const struct sk_event_field *f)
{
	const struct sk_pull_text *t = &c->pull.text;

	if (t->size != (size_t)f->high || strspn(t->data, "0123456789abcdef") < t->size)
		return sk_diag_path(c->diag, c->path, "must be %lld lower-case hex digits", (long long)f->high);
	return 0;
}

static int check_type(struct check *c, const struct sk_event_field *f, enum sk_pull_token token)
{
	switch (f->type) {
	case SK_FIELD_INTEGER:
	case SK_FIELD_TIME:
		if (token != SK_PULL_INTEGER || c->pull.integer < f->low || c->pull.integer > f->high)
			return sk_diag_path(c->diag, c->path, "must be a whole number from %lld to %lld", (long long)f->low,
					    (long long)f->high);
		return 0;
	case SK_FIELD_BOOL:
		if (token != SK_PULL_TRUE && token != SK_PULL_FALSE)
			return sk_diag_path(c->diag, c->path, "must be true or false");
		return 0;
	case SK_FIELD_ANY:
		if (token == SK_PULL_INTEGER || token == SK_PULL_TRUE || token == SK_PULL_FALSE)
			return 0;
		/* fall through */
	default:
		if (token != SK_PULL_STRING)
			return sk_diag_path(c->diag, c->path, "must be a string");
		if (f->type == SK_FIELD_HEX)
			return check_hex(c, f);
		if (c->pull.text.size > (size_t)f->high)
			return sk_diag_path(c->diag, c->path, "has more than %lld bytes", (long long)f->high);
		return 0;
	}
}

static int check_leaf(struct check *c, enum sk_pull_token token)
{
	const struct sk_event_field *f = find_field(c->path);

	if (!f || !(f->classes & c->class_bit))
		return sk_diag_path(c->diag, c->path, "is no field of this class");
	if (f->complete)
		c->complete = true;
	if (c->seen[f - sk_event_fields] && !strstr(f->path, "[]"))
		return sk_diag_path(c->diag, c->path, "stands here twice");
	c->seen[f - sk_event_fields] = true;
	return check_type(c, f, token);
}

static int push(struct check *c, const char *text, size_t size)
{
	if (c->length + size + 2 > sizeof c->path)
		return sk_diag_path(c->diag, c->path, "is nested deeper than any field");
	if (c->length && text[0] != '[')
		c->path[c->length++] = '.';
	memcpy(c->path + c->length, text, size);
	c->length += size;
	c->path[c->length] = '\0';
	return 0;
}

static void pop(struct check *c, size_t length)
{
	c->length = length;
	c->path[length] = '\0';
}

static int check_value(struct check *c, enum sk_pull_token token);

static int check_array(struct check *c)
{
	size_t length = c->length;
	enum sk_pull_token token;
	int r = push(c, "[]", 2);

	while (!r && (token = sk_pull_next(&c->pull)) != SK_PULL_ARRAY_END)
		r = check_value(c, token);
	pop(c, length);
	return r;
}

static int check_object(struct check *c)
{
	size_t length = c->length;
	enum sk_pull_token token;
	int r = 0;

	while (!r && (token = sk_pull_next(&c->pull)) == SK_PULL_KEY) {
		r = push(c, c->pull.text.data, c->pull.text.size);
		if (!r)
			r = check_value(c, sk_pull_next(&c->pull));
		pop(c, length);
	}
	return r ? r : token == SK_PULL_BAD ? sk_pull_diag(&c->pull, c->diag) : 0;
}

static int check_value(struct check *c, enum sk_pull_token token)
{
	if (token == SK_PULL_BAD)
		return sk_pull_diag(&c->pull, c->diag);
	if (token == SK_PULL_OBJECT)
		return check_object(c);
	if (token == SK_PULL_ARRAY)
		return check_array(c);
	return check_leaf(c, token);
}

static int check_needed(struct check *c)
{
	for (size_t i = 0; i < sk_event_field_count; i++) {
		const struct sk_event_field *f = &sk_event_fields[i];

		if (f->needed & c->class_bit && !c->seen[i] && (!f->complete || c->complete))
			return sk_diag_path(c->diag, f->path, "is missing");
	}
	return 0;
}

int sk_event_validate(const char *line, size_t size, struct sk_diag *diag)
{
	struct check c = {.diag = diag};
	struct sk_event_columns columns;
	const struct sk_event_class *class;
	int r = sk_event_scan(line, size, &columns, diag);

	if (r)
		return r;
	class = sk_event_class(columns.class_uid);
	if (!class)
		return sk_diag_path(diag, "class_uid", "is no class of ours: %u", columns.class_uid);
	c.class_bit = (uint16_t)(1u << (class - sk_event_classes));
	sk_pull_init(&c.pull, line, size);
	r = check_value(&c, sk_pull_next(&c.pull));
	return r ? r : check_needed(&c);
}
