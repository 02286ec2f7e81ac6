// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The fleet's list of programs: what endpoints brought, by hash, and deciding it once for all of them. Whoever decides must be responsible for the whole
 * organisation. An acceptance changes nothing on an endpoint: whoever makes a policy takes what was accepted, and signs it.
 */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "web/handlers.h"
#include "wire/fleet.h"
#include "wire/json.h"

enum { LIST };
enum { PAGE = 50 };

int sk_do_programs(struct sk_req *q)
{
	const char *decision = sk_form_text(&q->query, "decision"), *text = sk_form_text(&q->query, "text"), *after = sk_form_text(&q->query, "after");
	json_object *body, *programs, *last;
	size_t count;
	int r;

	sk_req_scope(q, SK_OBJECT_REQUEST, SK_VERB_READ);
	if (strcmp(decision, "accepted") && strcmp(decision, "refused") && strcmp(decision, "all"))
		decision = "open";
	if (q->step == 0) {
		body = json_object_new_object();
		if (strcmp(decision, "all"))
			sk_put_s(body, "decision", decision);
		if (text[0] && strlen(text) <= 256)
			sk_put_s(body, "text", text);
		if (strlen(after) == 64)
			sk_put_s(body, "after", after);
		sk_put_i(body, "limit", PAGE);
		r = sk_req_call(q, LIST, "program.list", body);
		return r ? r : SK_AGAIN;
	}
	r = sk_answer_result(&q->answers[LIST]);
	if (r)
		return r;
	programs = sk_scoped(q, q->answers[LIST].value, "programs");
	count = json_object_array_length(programs);
	for (size_t i = 0; i < count; i++) {
		json_object *one = json_object_array_get_idx(programs, i);

		sk_put_b(one, "may_decide", sk_req_may(q, SK_OBJECT_REQUEST, SK_VERB_DECIDE, sk_field_text(one, "org"), ""));
	}
	last = count == PAGE ? json_object_array_get_idx(programs, count - 1) : NULL;
	sk_put_s(sk_req_model(q), "next", last ? sk_field_text(last, "sha256") : "");
	sk_put_o(q->model, "programs", programs);
	sk_put_s(q->model, "decision", decision);
	sk_put_s(q->model, "text", text);
	sk_put_b(q->model, "may_decide", sk_req_may_anywhere(q, SK_OBJECT_REQUEST, SK_VERB_DECIDE));
	return 0;
}

static int ask_review(struct sk_req *q, const char *decision)
{
	json_object *body = json_object_new_object(), *hashes = sk_put_array(body, "hashes");
	const char *hash;
	int r;

	for (size_t i = 0; (hash = sk_form_nth(&q->form, "hash", i)); i++)
		json_object_array_add(hashes, json_object_new_string(hash));
	sk_put_s(body, "org", sk_form_text(&q->form, "org"));
	sk_put_s(body, "decision", decision);
	sk_put_s(body, "note", sk_form_text(&q->form, "note"));
	r = sk_req_call(q, LIST, "program.review", body);
	return r ? r : SK_AGAIN;
}

static int reviewed(struct sk_req *q, bool accept)
{
	_cleanup_json_ json_object *detail = json_object_new_object();
	const char *hash;
	int r = sk_answer_result(&q->answers[LIST]);

	if (r)
		return r == SK_BAD ? SK_NONE : r;
	sk_put_s(detail, "note", sk_form_text(&q->form, "note"));
	for (size_t i = 0; !r && (hash = sk_form_nth(&q->form, "hash", i)); i++)
		r = sk_req_audit(q, accept ? "program.accept" : "program.refuse", hash, sk_form_text(&q->form, "org"), "", detail);
	if (!r)
		sk_req_go(q, "/programs", "done", accept ? "approved" : "rejected");
	return r;
}

int sk_do_programs_review(struct sk_req *q)
{
	const char *decision = sk_form_text(&q->form, "decision"), *hash;

	sk_req_scope(q, SK_OBJECT_REQUEST, SK_VERB_DECIDE);
	if (q->step)
		return reviewed(q, strcmp(decision, "accepted") == 0);
	if ((strcmp(decision, "accepted") && strcmp(decision, "refused")) || !sk_form_nth(&q->form, "hash", 0))
		return SK_BAD;
	for (size_t i = 0; (hash = sk_form_nth(&q->form, "hash", i)); i++)
		if (strlen(hash) != 64 || hash[strspn(hash, "0123456789abcdef")])
			return SK_BAD;
	if (strlen(sk_form_text(&q->form, "note")) > 800)
		return sk_fault(q, T_fault_long);
	if (!strcmp(decision, "refused") && !sk_form_text(&q->form, "note")[0])
		return sk_fault(q, T_fault_note);
	if (!sk_req_may(q, SK_OBJECT_REQUEST, SK_VERB_DECIDE, sk_form_text(&q->form, "org"), ""))
		return SK_NONE;
	return ask_review(q, decision);
}
