// SPDX-License-Identifier: GPL-3.0-or-later
/* What handlers do with a request. See req.h. */
#include "web/req.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "web/route.h"
#include "wire/json.h"

bool sk_req_may(const struct sk_req *q, enum sk_object object, enum sk_verb verb, const char *org, const char *site)
{
	return sk_permitted(q->who.user.grants, q->who.user.grant_count, object, verb, org, site);
}

bool sk_req_may_anywhere(const struct sk_req *q, enum sk_object object, enum sk_verb verb)
{
	return sk_permitted_anywhere(q->who.user.grants, q->who.user.grant_count, object, verb);
}

bool sk_req_scope(struct sk_req *q, enum sk_object object, enum sk_verb verb)
{
	q->place_count = sk_permitted_places(q->who.user.grants, q->who.user.grant_count, object, verb, q->places, &q->all_places);
	return q->all_places || q->place_count > 0;
}

bool sk_req_in_scope(const struct sk_req *q, const char *org, const char *site)
{
	for (size_t i = 0; i < q->place_count; i++)
		if (sk_place_covers(q->places[i].org, q->places[i].site, org, site))
			return true;
	return q->all_places;
}

int sk_req_put_scopes(const struct sk_req *q, json_object *body)
{
	json_object *scopes;
	int r;

	if (q->all_places)
		return 0;
	r = sk_json_put_array(body, "scopes", &scopes);
	for (size_t i = 0; !r && i < q->place_count; i++) {
		json_object *place = json_object_new_object();

		r = sk_json_append(scopes, place);
		r = r ? r : sk_json_put_string(place, "org", q->places[i].org);
		if (!r && q->places[i].site[0])
			r = sk_json_put_string(place, "site", q->places[i].site);
	}
	return r;
}

/* ---- answers ---- */

static void fault_answer(struct sk_answer *a, const char *code, const char *text)
{
	snprintf(a->code, sizeof a->code, "%s", code);
	snprintf(a->text, sizeof a->text, "%s", text);
}

static void arrived(struct sk_answer *a)
{
	struct sk_req *q = a->req;

	a->ask = NULL;
	if (--q->waiting == 0)
		sk_req_run(q);
}

/* Lines of ROWS are added to value.rows; an event that is no JSON cannot be in the store. */
static void take_rows(struct sk_answer *a, const struct sk_frame *frame)
{
	const char *at = (const char *)frame->body, *end = at + frame->size;
	json_object *rows;

	if (!a->value)
		a->value = json_object_new_object();
	rows = json_object_object_get(a->value, "rows");
	if (!rows) {
		rows = json_object_new_array();
		json_object_object_add(a->value, "rows", rows);
	}
	while (at < end) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		size_t size = eol ? (size_t)(eol - at) : (size_t)(end - at);
		json_tokener *tokener = json_tokener_new();
		json_object *row = tokener ? json_tokener_parse_ex(tokener, at, (int)size) : NULL;

		if (row)
			json_object_array_add(rows, row);
		json_tokener_free(tokener);
		at += size + 1;
	}
}

static void take_end(struct sk_answer *a, const struct sk_frame *frame)
{
	_cleanup_json_ json_object *end = NULL;
	struct sk_diag diag = {0};

	take_rows(a, &(struct sk_frame){0});
	if (sk_json_parse_object(frame->body, frame->size, frame->size, &end, &diag)) {
		fault_answer(a, "failed", diag.text);
		return;
	}
	json_object_object_foreach(end, key, value)
		if (strcmp(key, "rows") != 0)
			json_object_object_add(a->value, key, json_object_get(value));
}

static void take_error(struct sk_answer *a, const struct sk_frame *frame)
{
	_cleanup_json_ json_object *error = NULL;
	struct sk_diag diag = {0};

	if (sk_json_parse_object(frame->body, frame->size, frame->size, &error, &diag))
		fault_answer(a, "failed", diag.text);
	else
		fault_answer(a, sk_field_text(error, "code"), sk_field_text(error, "text"));
}

static void on_answer(void *arg, const struct sk_frame *frame, const char *why)
{
	struct sk_answer *a = arg;
	struct sk_diag diag = {0};

	if (frame && frame->type == SK_F_ROWS) {
		take_rows(a, frame);
		return;
	}
	if (frame && frame->type == SK_F_PROGRESS)
		return;
	if (!frame)
		fault_answer(a, "away", why);
	else if (frame->type == SK_F_ERROR)
		take_error(a, frame);
	else if (frame->type == SK_F_ROWS_END)
		take_end(a, frame);
	else if (sk_json_parse_object(frame->body, frame->size, frame->size, &a->value, &diag))
		fault_answer(a, "failed", diag.text);
	arrived(a);
}

int sk_req_ask(struct sk_req *q, int slot, struct sk_backend *backend, uint16_t type, json_object *body)
{
	_cleanup_json_ json_object *owned = body;
	struct sk_answer *a = &q->answers[slot];
	uint16_t last = type == SK_F_CALL ? SK_F_RESULT : SK_F_ROWS_END;
	int r;

	if (!owned)
		return sk_origin(-ENOMEM);
	sk_json_free(a->value);
	*a = (struct sk_answer){.req = q};
	r = sk_backend_ask(backend, type, owned, last, on_answer, a, &a->ask);
	if (r == SK_NONE || r == SK_FULL) {
		fault_answer(a, "away", "nobody listens");
		return 0;
	}
	if (!r)
		q->waiting++;
	return r;
}

int sk_req_call(struct sk_req *q, int slot, const char *verb, json_object *body)
{
	int r;

	if (!body)
		return sk_origin(-ENOMEM);
	r = sk_json_put_string(body, "verb", verb);
	r = r ? r : sk_json_put_string(body, "by", q->who.actor);
	r = r ? r : sk_req_put_scopes(q, body);
	if (r) {
		sk_json_free(body);
		return r;
	}
	return sk_req_ask(q, slot, q->web->fleet, SK_F_CALL, body);
}

static void on_password(void *arg, const struct sk_pass_result *result)
{
	struct sk_req *q = arg;

	q->job = NULL;
	q->password = *result;
	if (--q->waiting == 0)
		sk_req_run(q);
}

int sk_req_check_password(struct sk_req *q, const char *record, const char *password)
{
	int r = sk_pass_check(q->web->pass, record, password, on_password, q, &q->job);

	if (!r)
		q->waiting++;
	return r;
}

int sk_req_make_password(struct sk_req *q, const char *password)
{
	int r = sk_pass_make(q->web->pass, password, on_password, q, &q->job);

	if (!r)
		q->waiting++;
	return r;
}

int sk_answer_result(const struct sk_answer *answer)
{
	static const struct {
		const char *code;
		int result;
	} codes[] = {{"", 0}, {"away", SK_END}, {"none", SK_NONE}, {"denied", SK_DENIED}, {"bad", SK_BAD}, {"conflict", SK_BAD}, {"limit", SK_FULL}, {"full", SK_FULL}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(codes); i++)
		if (strcmp(codes[i].code, answer->code) == 0)
			return codes[i].result;
	return SK_END;
}

static int ask_agents(struct sk_req *q, int slot, const char *after)
{
	json_object *body = json_object_new_object();
	int r;

	r = sk_json_put_i64(body, "limit", 1000);
	if (!r && after[0])
		r = sk_json_put_string(body, "after", after);
	if (r) {
		sk_json_free(body);
		return r;
	}
	r = sk_req_call(q, slot, "agent.list", body);
	return r ? r : SK_AGAIN;
}

int sk_req_all_agents(struct sk_req *q, int slot)
{
	struct sk_answer *a = &q->answers[slot];
	char after[256];
	int r;

	if (q->agents_done)
		return 0;
	if (!q->collected) {
		q->collected = json_object_new_array();
		return q->collected ? ask_agents(q, slot, "") : sk_origin(-ENOMEM);
	}
	r = sk_answer_result(a);
	if (r) {
		q->agents_done = true;
		return r;
	}
	for (size_t i = 0; i < sk_field_count(a->value, "agents"); i++) {
		json_object *agent = json_object_array_get_idx(sk_field_at(a->value, "agents"), i);

		if (sk_req_in_scope(q, sk_field_text(agent, "org"), sk_field_text(agent, "site")))
			json_object_array_add(q->collected, json_object_get(agent));
	}
	snprintf(after, sizeof after, "%s", sk_field_text(a->value, "next"));
	q->agents_done = !after[0];
	return after[0] ? ask_agents(q, slot, after) : 0;
}

/* ---- the rest ---- */

int sk_req_audit(struct sk_req *q, const char *action, const char *object, const char *org, const char *site, json_object *detail)
{
	struct sk_audit entry = {.actor = q->who.actor[0] ? q->who.actor : "-", .from = q->address, .action = action, .object = object,
				 .org = org, .site = site, .detail = detail};

	return sk_audit_write(&q->web->db, &entry);
}

void sk_req_go(struct sk_req *q, const char *path, const char *key, const char *value)
{
	struct sk_html h = SK_HTML(SK_EN);

	sk_html_url(&h, path);
	if (key) {
		sk_html_put(&h, "?");
		sk_html_url_text(&h, key);
		sk_html_put(&h, "=");
		sk_html_url_text(&h, value);
	}
	snprintf(q->location, sizeof q->location, "%s", h.error || h.out.size >= sizeof q->location ? "/" : h.out.data);
	sk_buf_done(&h.out);
}

json_object *sk_req_model(struct sk_req *q)
{
	if (!q->model)
		q->model = json_object_new_object();
	return q->model;
}

void sk_req_set_cookie(struct sk_req *q, int slot, const char *name, const char *value, int64_t seconds, bool script_free)
{
	/* Secure also over plain HTTP: that is loopback alone, which browsers take as secure. */
	snprintf(q->cookie[slot], sizeof q->cookie[slot], "%s=%s; Path=/; Secure; SameSite=%s; Max-Age=%lld%s", name, value,
		 "Lax", (long long)seconds, script_free ? "; HttpOnly" : "");
}

int sk_req_new(struct sk_web *web, struct evhttp_request *ev, struct sk_req **ret_req)
{
	struct sk_req *q = sk_calloc(1, sizeof *q);

	if (!q)
		return sk_origin(-ENOMEM);
	q->web = web;
	q->ev = ev;
	sk_list_append(&web->requests, &q->link);
	*ret_req = q;
	return 0;
}

struct sk_req *sk_req_free(struct sk_req *q)
{
	if (!q)
		return NULL;
	sk_list_remove(&q->link);
	for (int i = 0; i < SK_REQ_ANSWERS; i++) {
		sk_ask_cancel(q->answers[i].ask);
		sk_json_free(q->answers[i].value);
	}
	sk_pass_cancel(q->job);
	sk_json_free(q->model);
	sk_json_free(q->collected);
	sk_form_done(&q->query);
	for (size_t i = 0; i < q->form.count; i++)
		if (strstr(q->form.fields[i].name, "password"))
			sk_wipe((char *)q->form.fields[i].value, strlen(q->form.fields[i].value));
	sk_form_done(&q->form);
	sk_wipe(&q->who, sizeof q->who);
	free(q);
	return NULL;
}
