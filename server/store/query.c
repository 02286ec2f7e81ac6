// SPDX-License-Identifier: GPL-3.0-or-later
/* Reading a search strictly, and deciding about one event. */
#include "store/query.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "event/event.h"
#include "store/append.h"

static const char *const orders[] = {"newest", "oldest", NULL};

void sk_query_init(struct sk_query *query)
{
	memset(query, 0, sizeof *query);
	query->until = UINT64_MAX;
	query->severities = 0xff;
	query->limit = SK_STORE_LIMIT_DEFAULT;
}

void sk_query_done(struct sk_query *query)
{
	query->owner = sk_json_free(query->owner);
}

static int read_time(const struct sk_json *at, const char *key, uint64_t *value)
{
	return sk_json_has(at, key) ? sk_json_u64(at, key, 0, SK_JSON_MAX_INT, value) : 0;
}

static int read_endpoints(const struct sk_json *filter, struct sk_query *q)
{
	struct sk_json list;
	int r = 0;

	if (!sk_json_has(filter, "endpoints"))
		return 0;
	r = sk_json_array(filter, "endpoints", SK_STORE_LIST_MAX, &list);
	for (size_t i = 0; !r && i < sk_json_length(&list); i++)
		r = sk_json_item_string(&list, i, 1, SK_APPEND_NAME_MAX, &q->endpoints[q->endpoint_count++]);
	return r;
}

/* An integer item of a list, as sk_json_u64() reads a member. */
static int read_number(const struct sk_json *list, size_t i, uint64_t max, uint64_t *ret_value)
{
	struct sk_json item = sk_json_item(list, i);
	int64_t value;

	if (!json_object_is_type(item.value, json_type_int))
		return sk_json_refuse(&item, NULL, "a number is expected");
	value = json_object_get_int64(item.value);
	if (value < 0 || (uint64_t)value > max)
		return sk_json_refuse(&item, NULL, "at most %" PRIu64, max);
	*ret_value = (uint64_t)value;
	return 0;
}

static int read_classes(const struct sk_json *filter, struct sk_query *q)
{
	struct sk_json list;
	uint64_t value = 0;
	int r;

	if (!sk_json_has(filter, "classes"))
		return 0;
	r = sk_json_array(filter, "classes", SK_STORE_LIST_MAX, &list);
	for (size_t i = 0; !r && i < sk_json_length(&list); i++) {
		r = read_number(&list, i, UINT32_MAX, &value);
		q->classes[q->class_count++] = (uint32_t)value;
	}
	return r;
}

static int read_severities(const struct sk_json *filter, struct sk_query *q)
{
	struct sk_json list;
	uint64_t value = 0;
	int r;

	if (!sk_json_has(filter, "severities"))
		return 0;
	r = sk_json_array(filter, "severities", SK_STORE_LIST_MAX, &list);
	if (!r && sk_json_length(&list) > 0)
		q->severities = 0;
	for (size_t i = 0; !r && i < sk_json_length(&list); i++) {
		struct sk_json item = sk_json_item(&list, i);

		r = read_number(&list, i, 99, &value);
		if (!r && value > 6 && value != 99)
			r = sk_json_refuse(&item, NULL, "a severity is 0 to 6 or 99");
		q->severities |= sk_severity_bit((unsigned)value);
	}
	return r;
}

/* As the text stands inside a JSON string, in lower case: what a search compares bytes with. */
static void fold_text(struct sk_query *q, const char *text)
{
	for (; *text; text++) {
		char c = *text;

		if (c == '"' || c == '\\')
			q->text[q->text_size++] = '\\';
		q->text[q->text_size++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
	}
	q->text[q->text_size] = '\0';
}

static int read_texts(const struct sk_json *filter, struct sk_query *q)
{
	const char *text;
	int r = 0;

	if (sk_json_has(filter, "path")) {
		r = sk_json_string(filter, "path", 0, SK_STORE_TEXT_MAX, &q->path);
		if (r)
			return r;
		q->path_size = strlen(q->path);
	}
	if (sk_json_has(filter, "text")) {
		r = sk_json_string(filter, "text", 0, SK_STORE_TEXT_MAX, &text);
		if (!r)
			fold_text(q, text);
	}
	return r;
}

static int read_scope(const struct sk_json *list, size_t i, struct sk_scope *scope)
{
	struct sk_json item;
	int r = sk_json_item_object(list, i, &item);

	if (!r)
		r = SK_JSON_ONLY(&item, "org", "site");
	if (!r)
		r = sk_json_string(&item, "org", 0, SK_APPEND_NAME_MAX, &scope->org);
	if (!r && sk_json_has(&item, "site"))
		r = sk_json_string(&item, "site", 0, SK_APPEND_NAME_MAX, &scope->site);
	return r;
}

int sk_query_read_scopes(const struct sk_json *at, struct sk_query *query)
{
	struct sk_json list;
	int r;

	if (!sk_json_has(at, "scopes"))
		return 0;
	query->scoped = true;
	r = sk_json_array(at, "scopes", SK_STORE_LIST_MAX, &list);
	for (size_t i = 0; !r && i < sk_json_length(&list); i++)
		r = read_scope(&list, i, &query->scopes[query->scope_count++]);
	return r;
}

static int read_filter(const struct sk_json *at, struct sk_query *q)
{
	struct sk_json filter;
	int r;

	if (!sk_json_has(at, "filter"))
		return 0;
	r = sk_json_object(at, "filter", &filter);
	if (!r)
		r = SK_JSON_ONLY(&filter, "since", "until", "endpoints", "classes", "severities", "path", "text", "scopes");
	if (!r)
		r = read_time(&filter, "since", &q->since);
	if (!r)
		r = read_time(&filter, "until", &q->until);
	if (!r)
		r = read_endpoints(&filter, q);
	if (!r)
		r = read_classes(&filter, q);
	if (!r)
		r = read_severities(&filter, q);
	if (!r)
		r = read_texts(&filter, q);
	return r ? r : sk_query_read_scopes(&filter, q);
}

static int read_after(const struct sk_json *at, struct sk_query *q)
{
	const char *text;
	int r;

	if (!sk_json_has(at, "after"))
		return 0;
	r = sk_json_string(at, "after", 1, SK_KEY_TEXT, &text);
	if (r)
		return r;
	if (sk_key_read(text, &q->after))
		return sk_json_refuse(at, "after", "not a place in a list that we gave");
	q->has_after = true;
	return 0;
}

static int read_page(const struct sk_json *at, struct sk_query *q)
{
	uint64_t limit = q->limit;
	size_t order = 0;
	int r = SK_JSON_ONLY(at, "filter", "limit", "order", "after");

	if (!r && sk_json_has(at, "limit"))
		r = sk_json_u64(at, "limit", 1, SK_STORE_LIMIT_MAX, &limit);
	if (!r && sk_json_has(at, "order"))
		r = sk_json_word(at, "order", orders, &order);
	q->limit = limit;
	q->oldest = order == 1;
	return r ? r : read_after(at, q);
}

static int read_follow(const struct sk_json *at, struct sk_query *q)
{
	uint64_t backlog = 0;
	int r = SK_JSON_ONLY(at, "filter", "backlog");

	if (!r && sk_json_has(at, "backlog"))
		r = sk_json_u64(at, "backlog", 0, SK_STORE_LIMIT_MAX, &backlog);
	q->limit = backlog;
	return r;
}

int sk_query_read(const struct sk_json *at, bool follow, struct sk_query *ret_query)
{
	int r;

	sk_query_init(ret_query);
	r = follow ? read_follow(at, ret_query) : read_page(at, ret_query);
	if (!r)
		r = read_filter(at, ret_query);
	if (!r)
		ret_query->owner = json_object_get(at->value);
	return r;
}

int sk_key_compare(const struct sk_key *a, const struct sk_key *b)
{
	if (a->when != b->when)
		return a->when < b->when ? -1 : 1;
	if (a->stream != b->stream)
		return a->stream < b->stream ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

char *sk_key_text(const struct sk_key *key, char out[SK_KEY_TEXT])
{
	snprintf(out, SK_KEY_TEXT, "%" PRIu64 ".%" PRIu64 ".%" PRIu64, key->when, key->stream, key->seq);
	return out;
}

int sk_key_read(const char *text, struct sk_key *ret_key)
{
	uint64_t parts[3];
	char part[24];

	for (int i = 0; i < 3; i++) {
		size_t length = strcspn(text, ".");

		if (length >= sizeof part || (i < 2) != (text[length] == '.'))
			return SK_BAD;
		memcpy(part, text, length);
		part[length] = '\0';
		if (sk_parse_u64(part, INT64_MAX, &parts[i]))
			return SK_BAD;
		text += length + 1;
	}
	*ret_key = (struct sk_key){parts[0], parts[1], parts[2]};
	return 0;
}

bool sk_query_sees(const struct sk_query *query, const char *org, const char *site)
{
	for (size_t i = 0; i < query->scope_count; i++) {
		const struct sk_scope *s = &query->scopes[i];

		if (strcmp(s->org, org) == 0 && (!s->site || strcmp(s->site, site) == 0))
			return true;
	}
	return !query->scoped;
}

bool sk_query_wants(const struct sk_query *query, const char *agent, const char *host)
{
	for (size_t i = 0; i < query->endpoint_count; i++)
		if (strcmp(query->endpoints[i], agent) == 0 || strcmp(query->endpoints[i], host) == 0)
			return true;
	return query->endpoint_count == 0;
}

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* `needle` is folded already. */
static bool holds_folded(const char *text, size_t size, const char *needle, size_t needle_size)
{
	for (size_t i = 0; i + needle_size <= size; i++) {
		size_t k = 0;

		while (k < needle_size && fold(text[i + k]) == needle[k])
			k++;
		if (k == needle_size)
			return true;
	}
	return false;
}

bool sk_query_rules_out(const struct sk_query *query, const char *line, size_t size)
{
	return query->text_size && !holds_folded(line, size, query->text, query->text_size);
}

static bool path_holds(const struct sk_pull_text *path, const struct sk_query *query)
{
	char plain[8192];
	size_t size;

	if (!path->escaped)
		return memmem(path->data, path->size, query->path, query->path_size) != NULL;
	return sk_pull_plain(path, plain, sizeof plain, &size) == 0 && memmem(plain, size, query->path, query->path_size) != NULL;
}

static bool class_matches(const struct sk_query *query, uint32_t class_uid)
{
	for (size_t i = 0; i < query->class_count; i++)
		if (query->classes[i] == class_uid)
			return true;
	return query->class_count == 0;
}

bool sk_query_matches(const struct sk_query *query, const char *line, size_t size, const struct sk_event_columns *columns)
{
	bool found = query->path_size == 0;

	if (!class_matches(query, columns->class_uid) || !(query->severities & sk_severity_bit(columns->severity_id)))
		return false;
	for (unsigned i = 0; !found && i < columns->path_count; i++)
		found = path_holds(&columns->paths[i], query);
	return found && !sk_query_rules_out(query, line, size);
}
