// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A search as the store's interface takes it, read from the JSON of wire/store.h: filter, order, place to go on from. And the matching of one
 * event. Knows nothing of how events are kept.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "wire/json.h"
#include "wire/store.h"

/* Where an event stands in the order of all: time (of receipt, where the event claims a later one), then stream, then number. */
struct sk_key {
	uint64_t when; /* ms */
	uint64_t stream;
	uint64_t seq;
};

struct sk_scope {
	const char *org;
	const char *site; /* NULL = all of the organisation */
};

struct sk_query {
	struct json_object *owner; /* keeps the texts below alive */
	uint64_t since, until;     /* ms; [since, until) */
	const char *endpoints[SK_STORE_LIST_MAX];
	size_t endpoint_count; /* 0 = any */
	uint32_t classes[SK_STORE_LIST_MAX];
	size_t class_count;
	uint8_t severities; /* bits of sk_severity_bit(); 0xff = any */
	const char *path;
	size_t path_size; /* 0 = any */
	char text[SK_STORE_TEXT_MAX * 2 + 1]; /* as it stands in JSON, ASCII in lower case */
	size_t text_size;
	struct sk_scope scopes[SK_STORE_LIST_MAX];
	size_t scope_count;
	bool scoped; /* without it everything may be seen */
	size_t limit;
	bool oldest; /* oldest first */
	bool has_after;
	struct sk_key after;
};

/* Everything, newest first, the default limit. */
void sk_query_init(struct sk_query *query);
/* {"filter","limit","order","after"}; takes a reference on the tree. 0, SK_BAD. `backlog`: FOLLOW's form instead. */
int sk_query_read(const struct sk_json *at, bool follow, struct sk_query *ret_query);
/* The "scopes" member alone (may be absent). */
int sk_query_read_scopes(const struct sk_json *at, struct sk_query *query);
void sk_query_done(struct sk_query *query);

int sk_key_compare(const struct sk_key *a, const struct sk_key *b);
enum { SK_KEY_TEXT = 64 };
char *sk_key_text(const struct sk_key *key, char out[SK_KEY_TEXT]);
int sk_key_read(const char *text, struct sk_key *ret_key); /* 0 or SK_BAD */

/* Does a row of this organisation and site, of this endpoint, concern the query? */
bool sk_query_sees(const struct sk_query *query, const char *org, const char *site);
bool sk_query_wants(const struct sk_query *query, const char *agent, const char *host);
struct sk_event_columns;
/* Class, severity, path and text of one event; time and endpoint are the caller's. */
bool sk_query_matches(const struct sk_query *query, const char *line, size_t size, const struct sk_event_columns *columns);
/* True when the line cannot match, found without reading its JSON. */
bool sk_query_rules_out(const struct sk_query *query, const char *line, size_t size);
