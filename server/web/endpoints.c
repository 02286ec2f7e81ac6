// SPDX-License-Identifier: GPL-3.0-or-later
/* Endpoints: is each one well, what does it hold back, what does it enforce; and the tokens that let new ones in. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/clock.h"
#include "web/handlers.h"
#include "wire/json.h"

enum { AGENT, GAPS, STREAMS, COMMANDS };
enum { OFFLINE_MS = 120000, SPOOL_MANY = 10000, UNGUARDED_MS = 86400000 };

static void concern(json_object *agent, const char *word)
{
	json_object_array_add(sk_field_at(agent, "concerns"), json_object_new_string(word));
}

/* Events waiting, over all priorities, and dropped. */
static void put_spool(json_object *agent)
{
	json_object *depth = sk_field_at(agent, "health.spool.depth");
	int64_t waiting = 0;

	for (size_t i = 0; i < sk_field_count(agent, "health.spool.depth"); i++)
		waiting += json_object_get_int64(json_object_array_get_idx(depth, i));
	sk_put_i(agent, "spool", waiting);
	sk_put_i(agent, "dropped", sk_field_int(agent, "health.spool.dropped"));
}

static bool unguarded_lately(json_object *agent, int64_t now)
{
	int64_t to = sk_field_int(agent, "health.lockdown.unguarded.to");

	return to && now - to < UNGUARDED_MS;
}

void sk_endpoint_judge(json_object *agent, int64_t now)
{
	const char *guard = sk_field_text(agent, "health.lockdown.guard"), *state = "ok";
	bool offline = !sk_field_bool(agent, "connected") && now - sk_field_int(agent, "last_seen") > OFFLINE_MS;

	put_spool(agent);
	sk_put_array(agent, "concerns");
	if (strcmp(sk_field_text(agent, "state"), "revoked") == 0) {
		sk_put_s(agent, "state_word", "revoked");
		return;
	}
	if (offline)
		concern(agent, "offline");
	if (guard[0] && strcmp(guard, "up") != 0)
		concern(agent, "guard");
	if (strcmp(sk_field_text(agent, "health.clock"), "wrong") == 0)
		concern(agent, "clock");
	if (sk_field_int(agent, "dropped"))
		concern(agent, "dropped");
	if (sk_field_int(agent, "spool") > SPOOL_MANY)
		concern(agent, "spool");
	if (strcmp(sk_field_text(agent, "policy.state"), "refused") == 0)
		concern(agent, "policy");
	if (unguarded_lately(agent, now))
		concern(agent, "unguarded");
	if (sk_field_count(agent, "concerns"))
		state = offline ? "offline" : "attention";
	sk_put_s(agent, "state_word", state);
}

static bool wanted(struct sk_req *q, json_object *agent)
{
	const char *state = sk_form_text(&q->query, "state"), *search = sk_form_text(&q->query, "search");

	if (state[0] && strcmp(state, sk_field_text(agent, "state_word")) != 0)
		return false;
	return !search[0] || strcasestr(sk_field_text(agent, "host"), search) || strcasestr(sk_field_text(agent, "agent"), search) ||
	       strcasestr(sk_field_text(agent, "site"), search);
}

int sk_do_endpoints(struct sk_req *q)
{
	json_object *shown;
	int r;

	sk_req_scope(q, SK_OBJECT_ENDPOINT, SK_VERB_READ);
	r = sk_req_all_agents(q, AGENT);
	if (r)
		return r;
	shown = sk_put_array(sk_req_model(q), "endpoints");
	for (size_t i = 0; i < json_object_array_length(q->collected); i++) {
		json_object *agent = json_object_array_get_idx(q->collected, i);

		sk_endpoint_judge(agent, (int64_t)sk_clock_ms());
		if (wanted(q, agent))
			json_object_array_add(shown, json_object_get(agent));
	}
	sk_put_i(q->model, "total", (int64_t)json_object_array_length(q->collected));
	return 0;
}

/* ---- one ---- */

static int ask_store(struct sk_req *q, int slot, const char *verb)
{
	json_object *body = json_object_new_object();
	int r;

	r = sk_json_put_string(body, "verb", verb);
	r = r ? r : sk_json_put_string(body, "agent", q->id);
	if (!r && slot == GAPS)
		r = sk_json_put_i64(body, "limit", 50);
	r = r ? r : sk_req_put_scopes(q, body);
	if (r) {
		sk_json_free(body);
		return r;
	}
	return sk_req_ask(q, slot, q->web->store, SK_F_CALL, body);
}

static int ask_agent(struct sk_req *q)
{
	json_object *body = json_object_new_object();

	sk_put_s(body, "agent", q->id);
	return sk_req_call(q, AGENT, "agent.show", body);
}

/* The agent of the answer, when it is there and in the scope last asked for. */
static int agent_of(struct sk_req *q, json_object **ret_agent)
{
	json_object *agent = q->answers[AGENT].value;
	int r = sk_answer_result(&q->answers[AGENT]);

	if (r)
		return r == SK_BAD ? SK_NONE : r;
	if (!sk_req_in_scope(q, sk_field_text(agent, "org"), sk_field_text(agent, "site")))
		return SK_NONE;
	*ret_agent = agent;
	return 0;
}

int sk_do_endpoint(struct sk_req *q)
{
	json_object *agent;
	int r;

	sk_req_scope(q, SK_OBJECT_ENDPOINT, SK_VERB_READ);
	if (q->step == 0) {
		r = ask_agent(q);
		r = r ? r : ask_store(q, GAPS, "gaps");
		r = r ? r : ask_store(q, STREAMS, "streams");
		return r ? r : SK_AGAIN;
	}
	r = agent_of(q, &agent);
	if (r)
		return r;
	sk_endpoint_judge(agent, (int64_t)sk_clock_ms());
	sk_put_o(sk_req_model(q), "endpoint", json_object_get(agent));
	sk_put_o(q->model, "gaps", sk_scoped(q, q->answers[GAPS].value, "gaps"));
	sk_put_o(q->model, "streams", json_object_get(sk_field_at(q->answers[STREAMS].value, "streams")));
	sk_put_b(q->model, "may_revoke",
		 sk_req_may(q, SK_OBJECT_ENDPOINT, SK_VERB_REVOKE, sk_field_text(agent, "org"), sk_field_text(agent, "site")));
	return 0;
}

int sk_do_endpoint_revoke(struct sk_req *q)
{
	json_object *agent, *body;
	int r;

	sk_req_scope(q, SK_OBJECT_ENDPOINT, SK_VERB_REVOKE);
	if (q->step == 0) {
		if (!sk_form_text(&q->form, "reason")[0])
			return sk_fault(q, T_fault_reason);
		r = ask_agent(q);
		return r ? r : SK_AGAIN;
	}
	if (q->step == 1) {
		r = agent_of(q, &agent);
		if (r)
			return r;
		body = json_object_new_object();
		sk_put_s(body, "agent", q->id);
		sk_put_s(body, "reason", sk_form_text(&q->form, "reason"));
		r = sk_req_audit(q, "endpoint.revoke", q->id, sk_field_text(agent, "org"), sk_field_text(agent, "site"), body);
		r = r ? r : sk_req_call(q, COMMANDS, "agent.revoke", json_object_get(body));
		sk_json_free(body);
		return r ? r : SK_AGAIN;
	}
	sk_req_go(q, "/endpoints", "done", "revoked");
	return sk_answer_result(&q->answers[COMMANDS]);
}

/* ---- enrolment ---- */

int sk_do_enrolment(struct sk_req *q)
{
	int r;

	sk_req_scope(q, SK_OBJECT_ENROLMENT, SK_VERB_READ);
	if (q->answers[AGENT].req == NULL) {
		r = sk_req_call(q, AGENT, "token.list", json_object_new_object());
		return r ? r : SK_AGAIN;
	}
	r = sk_answer_result(&q->answers[AGENT]);
	if (!r)
		sk_put_o(sk_req_model(q), "tokens", sk_scoped(q, q->answers[AGENT].value, "tokens"));
	sk_put_b(sk_req_model(q), "may_write", sk_req_may_anywhere(q, SK_OBJECT_ENROLMENT, SK_VERB_WRITE));
	return r;
}

static int make_token(struct sk_req *q)
{
	const char *org = sk_form_text(&q->form, "org"), *site = sk_form_text(&q->form, "site"), *hours = sk_form_text(&q->form, "hours");
	json_object *body;
	uint64_t n = 24;
	int r;

	if (!sk_place_name_valid(org) || !sk_place_name_valid(site))
		return sk_fault(q, T_fault_place);
	if (!sk_req_may(q, SK_OBJECT_ENROLMENT, SK_VERB_WRITE, org, site))
		return SK_DENIED;
	if (hours[0] && (sk_parse_u64(hours, 720, &n) || n == 0))
		return sk_fault(q, T_fault_hours);
	body = json_object_new_object();
	sk_put_s(body, "org", org);
	sk_put_s(body, "site", site);
	sk_put_i(body, "seconds", (int64_t)n * 3600);
	sk_put_s(body, "note", sk_form_text(&q->form, "note"));
	r = sk_req_audit(q, "enrolment.make", "", org, site, body);
	sk_req_scope(q, SK_OBJECT_ENROLMENT, SK_VERB_WRITE);
	r = r ? r : sk_req_call(q, GAPS, "token.create", json_object_get(body));
	sk_json_free(body);
	return r ? r : SK_AGAIN;
}

int sk_do_enrolment_make(struct sk_req *q)
{
	int r;

	if (q->step == 0)
		return make_token(q);
	if (q->step == 1) {
		r = sk_answer_result(&q->answers[GAPS]);
		if (r)
			return r;
		sk_put_o(sk_req_model(q), "made", json_object_get(q->answers[GAPS].value));
	}
	return sk_do_enrolment(q);
}

int sk_do_enrolment_cancel(struct sk_req *q)
{
	json_object *body, *tokens, *token = NULL;
	int r;

	sk_req_scope(q, SK_OBJECT_ENROLMENT, SK_VERB_REVOKE);
	if (q->step == 0) {
		r = sk_req_call(q, AGENT, "token.list", json_object_new_object());
		return r ? r : SK_AGAIN;
	}
	if (q->step == 1) {
		tokens = sk_field_at(q->answers[AGENT].value, "tokens");
		for (size_t i = 0; i < sk_field_count(q->answers[AGENT].value, "tokens"); i++)
			if (strcmp(sk_field_text(json_object_array_get_idx(tokens, i), "id"), q->id) == 0)
				token = json_object_array_get_idx(tokens, i);
		if (!token || !sk_req_in_scope(q, sk_field_text(token, "org"), sk_field_text(token, "site")))
			return SK_NONE;
		body = json_object_new_object();
		sk_put_o(body, "id", json_object_get(sk_field_at(token, "id")));
		r = sk_req_audit(q, "enrolment.cancel", q->id, sk_field_text(token, "org"), sk_field_text(token, "site"), NULL);
		r = r ? r : sk_req_call(q, GAPS, "token.cancel", json_object_get(body));
		sk_json_free(body);
		return r ? r : SK_AGAIN;
	}
	sk_req_go(q, "/enrolment", "done", "cancelled");
	return sk_answer_result(&q->answers[GAPS]);
}
