// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Signed policies and lists of revoked keys: kept as they were signed, checked against the site key when they are published, pushed to whom they are for.
 * Each endpoint checks all of it again; the fleet only keeps people from publishing what every endpoint would refuse.
 *
 * An agent is to have, of the published policies whose labels fit it, the one with the highest serial.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "fleet/inside.h"
#include "os/point.h"

/* ---- which policy for whom ---- */

enum { LABEL_VALUES = 256 }; /* as many as a policy may name */

struct label_view { /* labels as we keep them (JSON), in the shape sk_labels_fit() takes; borrows its texts */
	struct sk_labels labels;
	char *items[4][LABEL_VALUES];
};

static bool get_list(struct json_object *labels, const char *key, struct json_object **ret_list)
{
	return json_object_object_get_ex(labels, key, ret_list) && json_object_is_type(*ret_list, json_type_array);
}

static void view_list(struct json_object *labels, const char *key, char **items, struct sk_strings *out)
{
	struct json_object *list;

	*out = (struct sk_strings){items, 0};
	if (!get_list(labels, key, &list))
		return;
	for (size_t i = 0; i < json_object_array_length(list) && i < LABEL_VALUES; i++)
		items[out->count++] = (char *)json_object_get_string(json_object_array_get_idx(list, i));
}

static bool fits(struct json_object *labels, const struct sk_fleet_agent *agent)
{
	const struct sk_place place = sk_agent_place(agent);
	struct label_view view;

	view_list(labels, "org", view.items[0], &view.labels.org);
	view_list(labels, "site", view.items[1], &view.labels.site);
	view_list(labels, "asset", view.items[2], &view.labels.asset);
	view_list(labels, "host", view.items[3], &view.labels.host);
	return sk_labels_fit(&view.labels, &place);
}

static int find_assigned(struct sk_fleet *fleet, const struct sk_fleet_agent *agent, int part, sqlite3_stmt **ret_stmt)
{
	sqlite3_stmt *stmt;
	int r = sk_sql_use(fleet->sql, "SELECT labels,serial,hash,envelope FROM policy WHERE part=? ORDER BY serial DESC", &stmt, "t", sk_part_names[part]);

	while (!r && (r = sk_sql_step(fleet->sql, stmt)) == 0) {
		_cleanup_json_ struct json_object *labels = sk_fleet_column_json(stmt, 0);

		if (!fits(labels, agent))
			continue;
		*ret_stmt = stmt;
		return 0;
	}
	return r;
}

int sk_policies_assigned(struct sk_fleet *fleet, const struct sk_fleet_agent *agent, int64_t *ret_serial, char ret_hash[65])
{
	sqlite3_stmt *stmt;
	int r = find_assigned(fleet, agent, SK_PART_LOCKDOWN, &stmt);

	if (r)
		return r;
	*ret_serial = sqlite3_column_int64(stmt, 1);
	snprintf(ret_hash, 65, "%s", sk_sql_text(stmt, 2));
	sk_sql_reset(stmt);
	return 0;
}

/* What the agent said last that it has. */
static bool has_already(const struct sk_fleet_agent *agent, int part, const char *hash)
{
	struct json_object *its_hash = NULL, *state = NULL, *said = part == SK_PART_GATEWAY ? agent->gateway : agent->policy;

	json_object_object_get_ex(said, "hash", &its_hash);
	json_object_object_get_ex(said, "state", &state);
	return its_hash && state && strcmp(json_object_get_string(its_hash), hash) == 0 &&
	       strcmp(json_object_get_string(state), "refused") != 0;
}

static void push_revocations(struct sk_fleet *fleet, struct sk_fleet_agent *agent)
{
	sqlite3_stmt *stmt;
	int r = sk_sql_use(fleet->sql, "SELECT envelope,serial FROM revocations WHERE serial>? ORDER BY serial DESC LIMIT 1", &stmt, "i",
			   agent->pushed_revocations);

	if (!r)
		r = sk_sql_step(fleet->sql, stmt);
	if (r)
		return;
	agent->pushed_revocations = sqlite3_column_int64(stmt, 1);
	sk_fleet_push(fleet, agent->id, "policy", json_object_new_string(sk_sql_text(stmt, 0)));
	sk_sql_reset(stmt);
}

/* Once a session, unless the agent has it; a refusal is not argued with. */
static void push_part(struct sk_fleet *fleet, struct sk_fleet_agent *agent, int part)
{
	sqlite3_stmt *stmt;
	const char *hash;

	if (find_assigned(fleet, agent, part, &stmt))
		return;
	hash = sk_sql_text(stmt, 2);
	if (strcmp(agent->pushed[part], hash) != 0) {
		snprintf(agent->pushed[part], sizeof agent->pushed[part], "%s", hash);
		if (!has_already(agent, part, hash))
			sk_fleet_push(fleet, agent->id, "policy", json_object_new_string(sk_sql_text(stmt, 3)));
	}
	sk_sql_reset(stmt);
}

void sk_policies_push(struct sk_fleet *fleet, struct sk_fleet_agent *agent)
{
	if (!agent->connected)
		return;
	push_revocations(fleet, agent);
	for (int part = 0; part < SK_PART_COUNT; part++)
		push_part(fleet, agent, part);
}

static void push_to_all(struct sk_fleet *fleet)
{
	struct sk_fleet_agent *agent;
	size_t position = 0;

	while ((agent = sk_map_next(fleet->agents, &position, NULL, NULL)))
		sk_policies_push(fleet, agent);
}

/* ---- publishing ---- */

static int put_list(struct json_object *out, const char *key, const struct sk_strings *list)
{
	struct json_object *array;
	int r = list->count ? sk_json_put_array(out, key, &array) : 0;

	for (size_t i = 0; !r && i < list->count; i++)
		r = sk_json_append(array, json_object_new_string(list->items[i]));
	return r;
}

static int labels_of(const struct sk_policy *policy, struct json_object **ret_labels)
{
	_cleanup_json_ struct json_object *labels = json_object_new_object();
	int r = labels ? put_list(labels, "asset", &policy->labels.asset) : sk_origin(-ENOMEM);

	if (!r)
		r = put_list(labels, "host", &policy->labels.host);
	if (!r)
		r = put_list(labels, "org", &policy->labels.org);
	if (!r)
		r = put_list(labels, "site", &policy->labels.site);
	if (!r)
		*ret_labels = SK_TAKE(labels);
	return r;
}

/* All organisations and sites it speaks of must be the asker's. */
static bool may_publish(const struct sk_fleet_call *call, const struct sk_policy *policy)
{
	const struct sk_labels *l = &policy->labels;

	if (!call->scoped)
		return true;
	for (size_t o = 0; o < l->org.count; o++)
		for (size_t s = 0; s < SK_MAX(l->site.count, (size_t)1); s++)
			if (!sk_call_sees(call, l->org.items[o], l->site.count ? l->site.items[s] : ""))
				return false;
	return l->org.count > 0;
}

/* A place that the policy is for: its own first labels. Verification asks for one, and each endpoint asks for its own again. */
static struct sk_place own_place(const struct sk_policy *policy)
{
	const struct sk_labels *l = &policy->labels;

	return (struct sk_place){.org = l->org.count ? l->org.items[0] : NULL,
				 .site = l->site.count ? l->site.items[0] : NULL,
				 .asset = l->asset.count ? l->asset.items[0] : NULL,
				 .host = l->host.count ? l->host.items[0] : NULL};
}

static int refused(struct sk_fleet_call *call, enum sk_refusal refusal, const struct sk_diag *diag)
{
	sk_diag_path(call->diag, "envelope", "%s: %s%s%s", sk_refusal_code(refusal), sk_refusal_text(refusal, false),
		     diag->text[0] ? ": " : "", diag->text);
	return SK_BAD;
}

static int verify(struct sk_fleet_call *call, const char *text, const struct sk_envelope *envelope, struct sk_policy_answer *answer)
{
	struct sk_policy_question question = {.trust = &call->fleet->trust, .when = {.now = sk_fleet_now() / 1000}};
	enum sk_refusal refusal = SK_REFUSED_MALFORMED;
	struct sk_diag diag = {0};
	struct sk_policy policy;
	int r = sk_policy_read_payload(envelope->payload, envelope->payload_size, &policy, &refusal, &diag);

	if (r)
		return r < 0 ? r : refused(call, refusal, &diag);
	question.place = own_place(&policy);
	question.part = policy.part;
	r = sk_policy_verify(&question, text, strlen(text), answer);
	sk_policy_done(&policy);
	if (r == SK_DENIED && answer->refusal == SK_REFUSED_NOT_YET)
		return 0; /* it waits on the endpoints */
	return r == SK_DENIED ? refused(call, answer->refusal, &answer->diag) : r;
}

/* The serial must rise above what was published for the same labels; publishing the same thing again changes nothing. */
static int check_serial(struct sk_fleet_call *call, const struct sk_policy_answer *a, const char *labels, const char *hash)
{
	int64_t highest = 0, same = 0;
	char text[96];
	int r = sk_sql_number(call->fleet->sql, &same, "SELECT count(*) FROM policy WHERE hash=?", "t", hash);

	if (!r && same)
		return SK_END;
	if (!r)
		r = sk_sql_number(call->fleet->sql, &highest, "SELECT ifnull(max(serial),0) FROM policy WHERE part=? AND labels=?", "tt",
				  sk_part_names[a->policy.part], labels);
	if (r || a->policy.serial > highest)
		return r;
	snprintf(text, sizeof text, "serial %lld is not above %lld, published before for the same labels", (long long)a->policy.serial,
		 (long long)highest);
	return sk_call_conflict(call, text);
}

/* One word for people: of a gateway the strictest that one of its conduits has. */
static const char *mode_of(const struct sk_policy *policy)
{
	const struct sk_conduit *list = policy->gateway.conduits.items;
	int mode = policy->gateway.otherwise_mode;

	if (policy->part != SK_PART_GATEWAY)
		return sk_mode_names[policy->lockdown.mode];
	for (size_t i = 0; i < policy->gateway.conduits.count; i++)
		mode = SK_MAX(mode, list[i].mode);
	return sk_watch_names[mode];
}

static int insert_policy(struct sk_fleet_call *call, const struct sk_policy_answer *a, const char *labels, const char *hash, const char *text)
{
	const struct sk_policy *p = &a->policy;

	return sk_sql_run(call->fleet->sql, "INSERT INTO policy VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)", "ttitttitiiitt", hash, sk_part_names[p->part],
			  p->serial, labels, p->title ? p->title : "", mode_of(p), (int64_t)(p->part == SK_PART_GATEWAY ? p->gateway.conduits.count : p->lockdown.programs.count), a->signer,
			  p->not_before, p->expires, sk_fleet_now(), call->by, text);
}

static int64_t count_agents(struct sk_fleet *fleet, struct json_object *labels)
{
	struct sk_fleet_agent *agent;
	size_t position = 0;
	int64_t count = 0;

	while ((agent = sk_map_next(fleet->agents, &position, NULL, NULL)))
		count += !agent->revoked && fits(labels, agent);
	return count;
}

static int put_published(struct sk_fleet_call *call, const struct sk_policy_answer *a, struct json_object *labels, const char *hash)
{
	struct json_object *drafts;
	int r = sk_json_put_i64(call->out, "serial", a->policy.serial);

	if (!r)
		r = sk_json_put_string(call->out, "hash", hash);
	if (!r)
		r = sk_json_put_i64(call->out, "agents", count_agents(call->fleet, labels));
	if (!r)
		r = sk_json_put_array(call->out, "drafts", &drafts);
	return r ? r : sk_drafts_fulfil(call->fleet, &a->policy, drafts);
}

static int publish_policy(struct sk_fleet_call *call, const char *text, const struct sk_envelope *envelope)
{
	_cleanup_answer_ struct sk_policy_answer answer = {0};
	_cleanup_json_ struct json_object *labels = NULL;
	char hash[65];
	bool again;
	int r = verify(call, text, envelope, &answer);

	if (r)
		return r;
	if (!may_publish(call, &answer.policy))
		return sk_json_refuse(call->at, "envelope", "its labels reach beyond what you may manage");
	sk_hex(answer.hash, sizeof answer.hash, hash);
	r = labels_of(&answer.policy, &labels);
	if (!r)
		r = check_serial(call, &answer, sk_fleet_text_of(labels), hash);
	again = r == SK_END;
	if (!r)
		r = insert_policy(call, &answer, sk_fleet_text_of(labels), hash, text);
	if (!r || again)
		r = put_published(call, &answer, labels, hash);
	if (r)
		return r;
	SK_POINT("fleet.publish");
	sk_log(SK_LOG_NOTICE, "policy %lld was published by %s", (long long)answer.policy.serial, call->by);
	return 0;
}

static int publish_revocations(struct sk_fleet_call *call, const char *text, const struct sk_envelope *envelope)
{
	enum sk_refusal refusal = SK_REFUSED_MALFORMED;
	struct sk_diag diag = {0};
	int64_t serial;
	int r;

	if (call->scoped)
		return sk_json_refuse(call->at, "envelope", "keys are revoked for everybody: you may not do that");
	r = sk_trust_revoke(&call->fleet->trust, envelope, &refusal, &diag);
	if (r)
		return r == SK_DENIED || r == SK_BAD ? refused(call, refusal, &diag) : r;
	serial = (int64_t)call->fleet->trust.revocations.serial;
	r = sk_sql_run(call->fleet->sql, "INSERT OR IGNORE INTO revocations VALUES(?,?,?,?)", "iitt", serial, sk_fleet_now(), call->by, text);
	return r ? r : sk_json_put_i64(call->out, "serial", serial);
}

int sk_verb_policy_publish(struct sk_fleet_call *call)
{
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	const char *text;
	int r = SK_CALL_ONLY(call, "envelope");

	if (!r)
		r = sk_json_string(call->at, "envelope", 1, SK_FLEET_ENVELOPE_MAX, &text);
	if (!r)
		r = sk_envelope_parse(text, strlen(text), &envelope, call->diag);
	if (r)
		return r;
	if (strcmp(envelope->type, SK_TYPE_REVOCATIONS) == 0)
		r = publish_revocations(call, text, envelope);
	else if (strcmp(envelope->type, SK_TYPE_POLICY) == 0)
		r = publish_policy(call, text, envelope);
	else
		r = sk_json_refuse(call->at, "envelope", "neither a policy nor a list of revoked keys");
	if (r)
		return r;
	sk_fleet_changed(call->fleet, SK_TOPIC_POLICIES);
	call->after = push_to_all;
	return 0;
}

int sk_policies_load(struct sk_fleet *fleet)
{
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	enum sk_refusal refusal;
	struct sk_diag diag = {0};
	sqlite3_stmt *stmt;
	const char *text;
	int r = sk_sql_use(fleet->sql, "SELECT envelope FROM revocations ORDER BY serial DESC LIMIT 1", &stmt, "");

	if (!r)
		r = sk_sql_step(fleet->sql, stmt);
	if (r)
		return r == SK_NONE ? 0 : r;
	text = sk_sql_text(stmt, 0);
	r = sk_envelope_parse(text, strlen(text), &envelope, &diag);
	if (!r)
		r = sk_trust_revoke(&fleet->trust, envelope, &refusal, &diag);
	sk_sql_reset(stmt);
	if (r > 0)
		sk_log(SK_LOG_ERROR, "the kept list of revoked keys cannot be used: %s", diag.text);
	return r < 0 ? r : 0;
}

/* ---- looking ---- */

static void count_states(struct sk_fleet *fleet, struct json_object *labels, const char *hash, int64_t *agents, int64_t *enforced, int64_t *refusals)
{
	struct sk_fleet_agent *agent;
	size_t position = 0;

	*agents = *enforced = *refusals = 0;
	while ((agent = sk_map_next(fleet->agents, &position, NULL, NULL))) {
		struct json_object *its_hash = NULL, *state = NULL;

		if (agent->revoked || !fits(labels, agent))
			continue;
		++*agents;
		for (int part = 0; part < SK_PART_COUNT && !state; part++) {
			struct json_object *said = part == SK_PART_GATEWAY ? agent->gateway : agent->policy;

			if (json_object_object_get_ex(said, "hash", &its_hash) && !strcmp(json_object_get_string(its_hash), hash))
				json_object_object_get_ex(said, "state", &state);
		}
		if (!state)
			continue;
		*enforced += strcmp(json_object_get_string(state), "enforced") == 0;
		*refusals += strcmp(json_object_get_string(state), "refused") == 0;
	}
}

/* Columns: hash, part, title, mode, keyid, by, serial, programs, not_before, expires, published, labels. */
#define POLICY_COLUMNS "SELECT hash,part,title,mode,keyid,by,serial,programs,not_before,expires,published,labels"

static int put_policy(struct sk_fleet_call *call, sqlite3_stmt *stmt, struct json_object *out)
{
	static const char *const texts[] = {"hash", "part", "title", "mode", "keyid", "by", NULL};
	static const char *const numbers[] = {"serial", "programs", "not_before", "expires", "published", NULL};
	struct json_object *labels = sk_fleet_column_json(stmt, 11);
	int64_t agents, enforced, refusals;
	int r = sk_fleet_put_texts(out, stmt, 0, texts);

	count_states(call->fleet, labels, sk_sql_text(stmt, 0), &agents, &enforced, &refusals);
	if (!r)
		r = sk_fleet_put_numbers(out, stmt, 6, numbers);
	if (!r)
		r = sk_json_put_i64(out, "agents", agents);
	if (!r)
		r = sk_json_put_i64(out, "enforced", enforced);
	if (!r)
		r = sk_json_put_i64(out, "refused", refusals);
	if (r) {
		sk_json_free(labels);
		return r;
	}
	return sk_json_put(out, "labels", labels);
}

/* May the asker see a policy with these labels? One without an organisation is everybody's. */
static bool sees_labels(const struct sk_fleet_call *call, sqlite3_stmt *stmt, int column)
{
	_cleanup_json_ struct json_object *labels = sk_fleet_column_json(stmt, column);
	struct json_object *orgs, *sites;
	bool has_sites;

	if (!call->scoped || !get_list(labels, "org", &orgs))
		return true;
	has_sites = get_list(labels, "site", &sites);
	for (size_t o = 0; o < json_object_array_length(orgs); o++)
		for (size_t s = 0; s < (has_sites ? json_object_array_length(sites) : 1); s++)
			if (sk_call_sees(call, json_object_get_string(json_object_array_get_idx(orgs, o)),
					 has_sites ? json_object_get_string(json_object_array_get_idx(sites, s)) : ""))
				return true;
	return false;
}

int sk_verb_policy_list(struct sk_fleet_call *call)
{
	struct json_object *list, *one;
	uint64_t limit, count = 0;
	sqlite3_stmt *stmt;
	int r = SK_CALL_ONLY(call, "limit");

	if (!r)
		r = sk_call_limit(call, &limit);
	if (!r)
		r = sk_json_put_array(call->out, "policies", &list);
	if (!r)
		r = sk_sql_use(call->fleet->sql, POLICY_COLUMNS " FROM policy ORDER BY published DESC, serial DESC", &stmt, "");
	while (!r && count < limit && (r = sk_sql_step(call->fleet->sql, stmt)) == 0) {
		if (!sees_labels(call, stmt, 11))
			continue;
		one = json_object_new_object();
		r = one ? sk_json_append(list, one) : sk_origin(-ENOMEM);
		if (!r)
			r = put_policy(call, stmt, one);
		count++;
	}
	return r == SK_NONE ? 0 : r;
}

int sk_verb_policy_show(struct sk_fleet_call *call)
{
	sqlite3_stmt *stmt;
	const char *hash;
	int r = SK_CALL_ONLY(call, "hash");

	if (!r)
		r = sk_json_string(call->at, "hash", 1, 64, &hash);
	if (!r)
		r = sk_sql_use(call->fleet->sql, POLICY_COLUMNS ",envelope FROM policy WHERE hash=?", &stmt, "t", hash);
	if (!r)
		r = sk_sql_step(call->fleet->sql, stmt);
	if (!r && !sees_labels(call, stmt, 11))
		r = SK_NONE;
	if (!r)
		r = put_policy(call, stmt, call->out);
	return r ? r : sk_json_put_string(call->out, "envelope", sk_sql_text(stmt, 12));
}
