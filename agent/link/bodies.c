// SPDX-License-Identifier: GPL-3.0-or-later
/* Readers of the small JSON bodies of the link and of spool.sock: strict in what we use, deaf to keys a newer server may add to WELCOME. */
#include "link/bodies.h"

#include <stdio.h>

#include "base/error.h"
#include "wire/json.h"

int body_read_read(const void *body, size_t size, struct body_read *ret, struct sk_diag *diag)
{
	_cleanup_json_ struct json_object *o = NULL;
	uint64_t priority, after;
	int r = sk_json_parse_object(body, size, size, &o, diag);
	struct sk_json at = SK_JSON(o, "read", diag);

	if (!r)
		r = SK_JSON_ONLY(&at, "priority", "after");
	if (!r)
		r = sk_json_u64(&at, "priority", 0, SK_PRIORITIES - 1, &priority);
	if (!r)
		r = sk_json_u64(&at, "after", 0, SK_JSON_MAX_INT, &after);
	if (r)
		return r;
	*ret = (struct body_read){(uint8_t)priority, after};
	return 0;
}

int body_refused_read(const void *body, size_t size, struct body_refused *ret, struct sk_diag *diag)
{
	_cleanup_json_ struct json_object *o = NULL;
	struct body_refused out = {0};
	uint64_t priority = 0;
	int r = sk_json_parse_object(body, size, size, &o, diag);
	struct sk_json at = SK_JSON(o, "refused", diag);

	if (!r)
		r = SK_JSON_ONLY(&at, "epoch", "priority", "first", "last");
	if (!r)
		r = sk_json_u64(&at, "epoch", 0, SK_JSON_MAX_INT, &out.epoch);
	if (!r)
		r = sk_json_u64(&at, "priority", 0, SK_PRIORITIES - 1, &priority);
	if (!r)
		r = sk_json_u64(&at, "first", 1, SK_JSON_MAX_INT, &out.first);
	if (!r)
		r = sk_json_u64(&at, "last", out.first, SK_JSON_MAX_INT, &out.last);
	if (r)
		return r;
	out.priority = (uint8_t)priority;
	*ret = out;
	return 0;
}

static int read_ack(const struct sk_json *list, size_t i, struct sk_ack *ret)
{
	uint64_t priority = 0;
	struct sk_json item;
	int r = sk_json_item_object(list, i, &item);

	if (!r)
		r = sk_json_u64(&item, "epoch", 0, SK_JSON_MAX_INT, &ret->epoch);
	if (!r)
		r = sk_json_u64(&item, "priority", 0, SK_PRIORITIES - 1, &priority);
	ret->priority = (uint8_t)priority;
	return r ? r : sk_json_u64(&item, "seq", 0, SK_JSON_MAX_INT, &ret->seq);
}

int body_welcome_read(const void *body, size_t size, struct body_welcome *ret, struct sk_diag *diag)
{
	_cleanup_json_ struct json_object *o = NULL;
	struct body_welcome w = {0};
	struct sk_json list;
	int r = sk_json_parse_object(body, size, size, &o, diag);
	struct sk_json at = SK_JSON(o, "welcome", diag);

	if (!r)
		r = sk_json_u64(&at, "time", 0, SK_JSON_MAX_INT, &w.time);
	if (!r)
		r = sk_json_array(&at, "acks", WELCOME_ACKS_MAX, &list);
	if (r)
		return r;
	for (; !r && w.ack_count < sk_json_length(&list); w.ack_count++)
		r = read_ack(&list, w.ack_count, &w.acks[w.ack_count]);
	if (!r)
		*ret = w;
	return r;
}

int body_error_read(const void *body, size_t size, struct body_error *ret, struct sk_diag *diag)
{
	_cleanup_json_ struct json_object *o = NULL;
	const char *code, *text;
	int r = sk_json_parse_object(body, size, size, &o, diag);
	struct sk_json at = SK_JSON(o, "error", diag);

	if (!r)
		r = sk_json_string(&at, "code", 0, sizeof ret->code - 1, &code);
	if (!r)
		r = sk_json_string(&at, "text", 0, 4096, &text);
	if (r)
		return r;
	snprintf(ret->code, sizeof ret->code, "%s", code);
	snprintf(ret->text, sizeof ret->text, "%.*s", (int)sizeof ret->text - 1, text);
	return 0;
}
