// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What endpoints ask for, and deciding it. Where a site asks for two, the first yes is kept here and the second, by somebody else, is what fleet hears; a no is
 * heard at once. A yes makes a draft: nothing changes on an endpoint until a policy that holds it is signed.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/clock.h"
#include "web/handlers.h"
#include "wire/fleet.h"
#include "wire/json.h"

enum { LIST, DECIDED };

/* "first": who has said yes already, and "second_approver": whether another must. */
static int put_approval(struct sk_req *q, json_object *request)
{
	_cleanup_rows_ sqlite3_stmt *rows = NULL;
	int64_t second = 0;
	json_object *first;
	int r;

	r = sk_db_number(&q->web->db, 0, &second, "SELECT second_approver FROM site WHERE org=? AND site=?", "ss", sk_field_text(request, "org"),
			 sk_field_text(request, "site"));
	if (r)
		return r;
	sk_put_b(request, "second_approver", second != 0);
	sk_put_b(request, "may_decide", sk_req_may(q, SK_OBJECT_REQUEST, SK_VERB_DECIDE, sk_field_text(request, "org"), sk_field_text(request, "site")));
	r = sk_db_query(&q->web->db, &rows, "SELECT name, note, change, time, user FROM approval WHERE request=?", "s", sk_field_text(request, "id"));
	r = r ? r : sk_db_row(rows);
	if (r)
		return r == SK_END ? 0 : r;
	first = sk_put_object(request, "first");
	sk_put_s(first, "name", sk_db_text(rows, 0));
	sk_put_s(first, "note", sk_db_text(rows, 1));
	sk_put_s(first, "change", sk_db_text(rows, 2));
	sk_put_i(first, "time", sk_db_int(rows, 3));
	sk_put_b(first, "mine", sk_db_int(rows, 4) == q->who.user.id);
	return 0;
}

int sk_do_requests(struct sk_req *q)
{
	const char *state = sk_form_text(&q->query, "state");
	uint64_t before = 0;
	json_object *body;
	int r;

	sk_req_scope(q, SK_OBJECT_REQUEST, SK_VERB_READ);
	if (q->step == 0) {
		body = json_object_new_object();
		if (strcmp(state, "all") != 0)
			sk_put_s(body, "state", strcmp(state, "approved") == 0 || strcmp(state, "rejected") == 0 ? state : "pending");
		sk_put_i(body, "limit", 100);
		if (sk_form_text(&q->query, "before")[0] && sk_parse_u64(sk_form_text(&q->query, "before"), SK_JSON_MAX_INT, &before) == 0)
			sk_put_i(body, "before", (int64_t)before);
		r = sk_req_call(q, LIST, "request.list", body);
		return r ? r : SK_AGAIN;
	}
	r = sk_answer_result(&q->answers[LIST]);
	if (r)
		return r;
	sk_put_o(sk_req_model(q), "requests", sk_scoped(q, q->answers[LIST].value, "requests"));
	for (size_t i = 0; !r && i < sk_field_count(q->model, "requests"); i++)
		r = put_approval(q, json_object_array_get_idx(sk_field_at(q->model, "requests"), i));
	sk_put_s(q->model, "next", sk_field_text(q->answers[LIST].value, "next"));
	sk_put_s(q->model, "state", state[0] ? state : "pending");
	return r;
}

static int ask_one(struct sk_req *q)
{
	json_object *body = json_object_new_object();
	int r;

	sk_put_s(body, "id", q->id);
	r = sk_req_call(q, LIST, "request.show", body);
	return r ? r : SK_AGAIN;
}

static int one(struct sk_req *q, json_object **ret_request)
{
	json_object *request = q->answers[LIST].value;
	int r = sk_answer_result(&q->answers[LIST]);

	if (r)
		return r == SK_BAD ? SK_NONE : r;
	if (!sk_req_in_scope(q, sk_field_text(request, "org"), sk_field_text(request, "site")))
		return SK_NONE;
	*ret_request = request;
	return 0;
}

int sk_do_request(struct sk_req *q)
{
	json_object *request;
	int r;

	sk_req_scope(q, SK_OBJECT_REQUEST, SK_VERB_READ);
	if (q->step == 0)
		return ask_one(q);
	r = one(q, &request);
	r = r ? r : put_approval(q, request);
	if (!r)
		sk_put_o(sk_req_model(q), "request", json_object_get(request));
	return r;
}

/* ---- deciding ---- */

static int audit_decision(struct sk_req *q, json_object *request, const char *action)
{
	_cleanup_json_ json_object *detail = json_object_new_object();

	sk_put_s(detail, "note", sk_form_text(&q->form, "note"));
	sk_put_s(detail, "change", sk_form_text(&q->form, "change"));
	sk_put_s(detail, "host", sk_field_text(request, "host"));
	return sk_req_audit(q, action, q->id, sk_field_text(request, "org"), sk_field_text(request, "site"), detail);
}

static int keep_first(struct sk_req *q, json_object *request)
{
	struct sk_db *db = &q->web->db;
	int r;

	r = sk_db_begin(db);
	if (r)
		return r;
	r = sk_db_run(db, "INSERT INTO approval(request, user, name, note, change, time) VALUES(?,?,?,?,?,?)", "sisssi", q->id, q->who.user.id,
		      q->who.user.name, sk_form_text(&q->form, "note"), sk_form_text(&q->form, "change"), (int64_t)sk_clock_ms());
	r = r ? r : audit_decision(q, request, "request.approve.first");
	r = sk_db_end(db, r);
	if (!r)
		sk_req_go(q, "/requests", "done", "first");
	return r;
}

static int tell_fleet(struct sk_req *q, json_object *request, bool approve)
{
	const char *note = sk_form_text(&q->form, "note"), *change = sk_form_text(&q->form, "change");
	const char *first = sk_field_text(request, "first.name");
	json_object *body = json_object_new_object();
	char text[SK_FLEET_NOTE_MAX + 1];
	int r;

	/* Fleet keeps one note: the change number and the first approver stand in front of it. */
	snprintf(text, sizeof text, "%s%s%s%s%s%s%s", change[0] ? "[" : "", change, change[0] ? "] " : "", approve && first[0] ? "(+ " : "",
		 approve ? first : "", approve && first[0] ? ") " : "", note);
	sk_put_s(body, "id", q->id);
	sk_put_s(body, "decision", approve ? "approve" : "reject");
	sk_put_s(body, "note", text);
	r = sk_req_call(q, DECIDED, "request.decide", body);
	return r ? r : SK_AGAIN;
}

static int decide(struct sk_req *q)
{
	bool approve = strcmp(sk_form_text(&q->form, "decision"), "approve") == 0;
	json_object *request;
	int r;

	r = one(q, &request);
	r = r ? r : put_approval(q, request);
	if (r)
		return r;
	if (strcmp(sk_field_text(request, "state"), "pending") != 0) {
		q->status = 409;
		return sk_fault(q, T_fault_decided);
	}
	if (approve && sk_field_bool(request, "second_approver")) {
		if (!sk_field_at(request, "first"))
			return keep_first(q, request);
		if (sk_field_bool(request, "first.mine")) {
			q->status = 409;
			return sk_fault(q, T_fault_same_person);
		}
	}
	return tell_fleet(q, request, approve);
}

static int decided(struct sk_req *q)
{
	bool approve = strcmp(sk_form_text(&q->form, "decision"), "approve") == 0;
	int r = sk_answer_result(&q->answers[DECIDED]);

	if (r == SK_BAD) {
		q->status = 409;
		return sk_fault(q, T_fault_decided);
	}
	r = r ? r : audit_decision(q, q->answers[DECIDED].value, approve ? "request.approve" : "request.reject");
	r = r ? r : sk_db_run(&q->web->db, "DELETE FROM approval WHERE request=?", "s", q->id);
	if (r)
		return r;
	sk_put_o(sk_req_model(q), "request", json_object_get(q->answers[DECIDED].value));
	sk_req_go(q, "/requests", "done", approve ? "approved" : "rejected");
	return 0;
}

int sk_do_request_decide(struct sk_req *q)
{
	const char *decision = sk_form_text(&q->form, "decision");

	sk_req_scope(q, SK_OBJECT_REQUEST, SK_VERB_DECIDE);
	if (q->step == 0) {
		if (strcmp(decision, "approve") != 0 && strcmp(decision, "reject") != 0)
			return SK_BAD;
		if (strlen(sk_form_text(&q->form, "note")) > 800 || strlen(sk_form_text(&q->form, "change")) > 60)
			return sk_fault(q, T_fault_long);
		if (strcmp(decision, "reject") == 0 && !sk_form_text(&q->form, "note")[0])
			return sk_fault(q, T_fault_note);
		return ask_one(q);
	}
	return q->step == 1 ? decide(q) : decided(q);
}
