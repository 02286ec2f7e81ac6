// SPDX-License-Identifier: GPL-3.0-or-later
/* Published policies, who has which, and drafts that wait for a signature. Signing is done with the keys, by the command; here a signed file is only handed in. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "web/handlers.h"
#include "wire/fleet.h"
#include "wire/json.h"

enum { LIST, DRAFTS, AGENTS };

/* A policy is shown to whoever may see a place it is for: its labels name an organisation and a site, or none. */
static bool may_see(struct sk_req *q, json_object *policy)
{
	const char *org = sk_field_text(policy, "labels.org"), *site = sk_field_text(policy, "labels.site");

	if (!org[0] || q->all_places)
		return true;
	for (size_t i = 0; i < q->place_count; i++)
		if (strcmp(q->places[i].org, org) == 0 && (!site[0] || !q->places[i].site[0] || strcmp(q->places[i].site, site) == 0))
			return true;
	return false;
}

int sk_do_policies(struct sk_req *q)
{
	json_object *shown, *policies, *body;
	int r;

	sk_req_scope(q, SK_OBJECT_POLICY, SK_VERB_READ);
	if (q->step == 0) {
		body = json_object_new_object();
		sk_put_s(body, "state", "open");
		r = sk_req_call(q, DRAFTS, "draft.list", body);
		r = r ? r : sk_req_call(q, LIST, "policy.list", json_object_new_object());
		return r ? r : SK_AGAIN;
	}
	r = sk_answer_result(&q->answers[LIST]);
	if (r)
		return r;
	policies = sk_field_at(q->answers[LIST].value, "policies");
	shown = sk_put_array(sk_req_model(q), "policies");
	for (size_t i = 0; i < sk_field_count(q->answers[LIST].value, "policies"); i++)
		if (may_see(q, json_object_array_get_idx(policies, i)))
			json_object_array_add(shown, json_object_get(json_object_array_get_idx(policies, i)));
	sk_put_o(q->model, "drafts", sk_scoped(q, q->answers[DRAFTS].value, "drafts"));
	sk_put_b(q->model, "may_publish", sk_req_may_anywhere(q, SK_OBJECT_POLICY, SK_VERB_WRITE));
	return 0;
}

/* The signed payload, as a tree: programs and scope for the page. The envelope itself is what counts and is there for the API. */
static void put_payload(json_object *model)
{
	_cleanup_json_ json_object *envelope = json_tokener_parse(sk_field_text(model, "policy.envelope"));
	const char *text = sk_field_text(envelope, "payload");
	_cleanup_free_ char *payload = sk_malloc(strlen(text) + 1);
	size_t size = 0;

	if (!payload || !text[0] || sk_unbase64(text, strlen(text), payload, strlen(text), &size))
		return;
	payload[size] = '\0';
	sk_put_o(model, "payload", json_tokener_parse(payload));
}

/* Who has it: endpoints whose policy in force, or assigned, is this one. */
static void put_holders(struct sk_req *q)
{
	json_object *holders = sk_put_array(q->model, "holders");
	const char *hash = sk_field_text(q->model, "policy.hash");

	for (size_t i = 0; i < (q->collected ? json_object_array_length(q->collected) : 0); i++) {
		json_object *agent = json_object_array_get_idx(q->collected, i);

		if (strcmp(sk_field_text(agent, "policy.hash"), hash) == 0 || strcmp(sk_field_text(agent, "assigned.hash"), hash) == 0)
			json_object_array_add(holders, json_object_get(agent));
	}
}

int sk_do_policy(struct sk_req *q)
{
	json_object *body;
	int r;

	if (sk_req_scope(q, SK_OBJECT_ENDPOINT, SK_VERB_READ)) {
		r = sk_req_all_agents(q, AGENTS);
		if (r < 0 || r == SK_AGAIN)
			return r;
	}
	sk_req_scope(q, SK_OBJECT_POLICY, SK_VERB_READ);
	if (!q->answers[LIST].req) {
		body = json_object_new_object();
		sk_put_s(body, "hash", q->id);
		r = sk_req_call(q, LIST, "policy.show", body);
		return r ? r : SK_AGAIN;
	}
	r = sk_answer_result(&q->answers[LIST]);
	if (r)
		return r == SK_BAD ? SK_NONE : r;
	if (!may_see(q, q->answers[LIST].value))
		return SK_NONE;
	sk_put_o(sk_req_model(q), "policy", json_object_get(q->answers[LIST].value));
	put_payload(q->model);
	put_holders(q);
	return 0;
}

/* ---- handing in ---- */

/* The organisation and site that a signed policy names. What it says is proven by fleet; here it only decides whether the asker may hand it in. */
static int check_place(struct sk_req *q, const char *text, size_t size, char place[2][SK_PLACE_MAX])
{
	_cleanup_json_ json_object *model = json_object_new_object();
	json_object *policy = sk_put_object(model, "policy"), *labels;

	sk_put_o(policy, "envelope", json_object_new_string_len(text, (int)size));
	put_payload(model);
	labels = sk_field_at(model, "payload.labels");
	if (!sk_field_at(model, "payload"))
		return sk_fault(q, T_fault_envelope);
	snprintf(place[0], SK_PLACE_MAX, "%s", sk_field_text(labels, "org"));
	snprintf(place[1], SK_PLACE_MAX, "%s", place[0][0] ? sk_field_text(labels, "site") : "");
	return sk_req_may(q, SK_OBJECT_POLICY, SK_VERB_WRITE, place[0], place[1]) ? 0 : SK_DENIED;
}

static int publish(struct sk_req *q)
{
	const char *text = q->form.file ? q->form.file : sk_form_text(&q->form, "envelope");
	size_t size = q->form.file ? q->form.file_size : strlen(text);
	char place[2][SK_PLACE_MAX];
	json_object *body;
	int r;

	if (!size || size > SK_FLEET_ENVELOPE_MAX || !sk_utf8_valid(text, size, NULL) || memchr(text, '\0', size))
		return sk_fault(q, T_fault_envelope);
	r = check_place(q, text, size, place);
	r = r ? r : sk_req_audit(q, "policy.publish", "", place[0], place[1], NULL);
	if (r)
		return r;
	body = json_object_new_object();
	sk_put_o(body, "envelope", json_object_new_string_len(text, (int)size));
	sk_req_scope(q, SK_OBJECT_POLICY, SK_VERB_WRITE);
	r = sk_req_call(q, LIST, "policy.publish", body);
	return r ? r : SK_AGAIN;
}

int sk_do_policy_publish(struct sk_req *q)
{
	int r;

	if (q->step == 0)
		return publish(q);
	r = sk_answer_result(&q->answers[LIST]);
	if (r == SK_BAD) {
		q->status = 422;
		return sk_fault(q, T_fault_publish);
	}
	if (!r) {
		sk_put_o(sk_req_model(q), "published", json_object_get(q->answers[LIST].value));
		sk_req_go(q, "/policies", "done", "published");
	}
	return r;
}
