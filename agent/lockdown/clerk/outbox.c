// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Requests that people on this machine made, until the server has taken them and a person has answered: one file, replaced at each change (requests
 * are rare, and each is a person's). Sent to whoever holds the link role, again after each reconnect until taken.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "lockdown/clerk/clerk.h"
#include "os/file.h"
#include "os/point.h"

#define OUTBOX LOCKDOWN_FOLDER "/requests.json"
enum { OUTBOX_MAX = 4 << 20 };

/* {"requests":[{"id","kind","body","made","taken":bool,"decision","note","by"}]} as it lies on disk. */
struct lk_outbox {
	struct json_object *file, *list;
};

static int start_empty(struct lk_outbox *box)
{
	box->file = json_object_new_object();
	if (!box->file)
		return sk_origin(-ENOMEM);
	return sk_json_put_array(box->file, "requests", &box->list);
}

static int load(struct clerk *c, struct lk_outbox *box)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(OUTBOX_MAX);
	struct sk_diag diag = {.source = OUTBOX};
	char why[500];
	int r = sk_file_read(c->ctx->root_dir, OUTBOX, OUTBOX_MAX, &text);

	if (r < 0)
		return r;
	if (r == 0)
		r = sk_json_parse_object(text.data, text.size, OUTBOX_MAX, &box->file, &diag);
	if (r == 0 && json_object_object_get_ex(box->file, "requests", &box->list) && json_object_is_type(box->list, json_type_array))
		return 0;
	if (r != SK_NONE)
		sk_log(SK_LOG_WARNING, "requests are lost: %s", sk_diag_format(&diag, why, sizeof why));
	box->file = sk_json_free(box->file);
	return start_empty(box);
}

int lk_outbox_open(struct clerk *c)
{
	c->outbox = sk_calloc(1, sizeof *c->outbox);
	return c->outbox ? load(c, c->outbox) : sk_origin(-ENOMEM);
}

void lk_outbox_close(struct clerk *c)
{
	if (c->outbox)
		sk_json_free(c->outbox->file);
	free(c->outbox);
	c->outbox = NULL;
}

static int save(struct clerk *c)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(OUTBOX_MAX);
	int r = sk_json_canonical(c->outbox->file, &text);

	SK_POINT("lockdown.outbox");
	return r ? r : sk_file_replace("lockdown.outbox", c->ctx->root_dir, OUTBOX, text.data, text.size, 0600);
}

static const char *text_of(struct json_object *request, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(request, key, &value) ? json_object_get_string(value) : "";
}

static bool is_taken(struct json_object *request)
{
	struct json_object *value;

	return json_object_object_get_ex(request, "taken", &value) && json_object_get_boolean(value);
}

static struct json_object *find(const struct clerk *c, const char *id)
{
	for (size_t i = 0; i < json_object_array_length(c->outbox->list); i++) {
		struct json_object *request = json_object_array_get_idx(c->outbox->list, i);

		if (!strcmp(text_of(request, "id"), id))
			return request;
	}
	return NULL;
}

/* The oldest that is answered makes room; an unanswered one never goes. */
static int make_room(struct clerk *c)
{
	size_t count = json_object_array_length(c->outbox->list);

	if (count < LK_OUTBOX)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (text_of(json_object_array_get_idx(c->outbox->list, i), "decision")[0])
			return json_object_array_del_idx(c->outbox->list, i, 1) == 0 ? 0 : SK_FULL;
	return SK_FULL;
}

static int new_id(char out[static 33])
{
	uint8_t random[16];
	int r = sk_random(random, sizeof random);

	if (r == 0)
		sk_hex(random, sizeof random, out);
	return r;
}

static void send_one(struct clerk *c, struct json_object *request)
{
	struct json_object *frame = json_object_new_object(), *body = NULL;

	json_object_object_get_ex(request, "body", &body);
	if (!frame || sk_json_put_string(frame, "id", text_of(request, "id")) || sk_json_put_string(frame, "kind", text_of(request, "kind")) ||
	    sk_json_put(frame, "body", json_object_get(body)))
		frame = sk_json_free(frame);
	lk_control_to_link(c, SK_F_REQUEST, 0, frame);
}

int lk_outbox_add(struct clerk *c, const char *kind, struct json_object *body, char ret_id[static 33])
{
	struct json_object *request;
	int r = make_room(c);

	if (r == 0)
		r = new_id(ret_id);
	if (r)
		return r;
	request = json_object_new_object();
	if (!request)
		return sk_origin(-ENOMEM);
	r = sk_json_put_string(request, "id", ret_id);
	if (!r)
		r = sk_json_put_string(request, "kind", kind);
	if (!r)
		r = sk_json_put(request, "body", json_object_get(body));
	if (!r)
		r = sk_json_put_u64(request, "made", sk_clock_ms());
	if (!r)
		r = sk_json_put_bool(request, "taken", false);
	if (r) {
		sk_json_free(request);
		return r;
	}
	r = sk_json_append(c->outbox->list, request);
	if (r == 0)
		r = save(c);
	if (r == 0)
		send_one(c, request);
	return r;
}

void lk_outbox_send(struct clerk *c)
{
	for (size_t i = 0; i < json_object_array_length(c->outbox->list); i++) {
		struct json_object *request = json_object_array_get_idx(c->outbox->list, i);

		if (!is_taken(request))
			send_one(c, request);
	}
}

void lk_outbox_taken(struct clerk *c, const char *id)
{
	struct json_object *request = find(c, id);

	if (request && sk_json_put_bool(request, "taken", true) == 0)
		save(c);
}

static void tell_answer(struct clerk *c, const char *id, const char *kind, const char *decision, const char *by)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	struct sk_event_stamp at = lk_stamp(c, 0);

	if (sk_event_request(SK_EVENT_REQUEST_ANSWERED, &at, id, kind, decision, by, &text) == 0)
		lk_report(c, SK_EVENT_REQUEST_ANSWERED, &text);
}

int lk_outbox_answer(struct clerk *c, const struct sk_json *at)
{
	const char *id, *decision, *note = "", *by = "";
	struct json_object *request;
	int r = sk_json_string(at, "id", 1, 64, &id);

	if (!r)
		r = sk_json_string(at, "decision", 1, 32, &decision);
	if (!r && sk_json_has(at, "note"))
		r = sk_json_string(at, "note", 0, 4096, &note);
	if (!r && sk_json_has(at, "by"))
		r = sk_json_string(at, "by", 0, 256, &by);
	if (r)
		return r;
	request = find(c, id);
	if (!request)
		return SK_NONE;
	if (!strcmp(text_of(request, "decision"), decision))
		return 0; /* said again */
	r = sk_json_put_string(request, "decision", decision);
	if (!r)
		r = sk_json_put_string(request, "note", note);
	if (!r)
		r = sk_json_put_string(request, "by", by);
	if (!r)
		r = sk_json_put_bool(request, "taken", true);
	if (!r)
		r = save(c);
	if (!r)
		tell_answer(c, id, text_of(request, "kind"), decision, by);
	return r;
}

struct json_object *lk_outbox_list(const struct clerk *c)
{
	return json_object_get(c->outbox->list);
}
