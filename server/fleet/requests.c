// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Requests from endpoints ("let this program run"), decisions by people, and the drafts that approvals leave for whoever signs. A decision changes
 * nothing on an endpoint: only a signed policy does.
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

enum { PENDING, APPROVED, REJECTED, PENDING_MAX = 200 /* of one endpoint */ };

static const char *const states[] = {"pending", "approved", "rejected", NULL};

/* ---- from agents ---- */

static int insert(struct sk_fleet *fleet, const struct sk_fleet_agent *agent, const char *id, const char *kind, struct json_object *body)
{
	int r = sk_sql_begin(fleet->sql);

	if (!r)
		r = sk_sql_run(fleet->sql,
			       "INSERT INTO request(agent,id,org,site,kind,body,state,created) VALUES(?,?,?,?,?,?,0,?) ON CONFLICT DO NOTHING", "tttttti",
			       agent->id, id, agent->org, agent->site, kind, sk_fleet_text_of(body), sk_fleet_now());
	if (r) {
		sk_sql_rollback(fleet->sql);
		return r;
	}
	SK_POINT("fleet.request");
	return sk_sql_commit(fleet->sql);
}

int sk_requests_take(struct sk_fleet *fleet, const struct sk_fleet_agent *agent, const struct sk_json *body)
{
	const char *id, *kind;
	struct sk_json inner;
	int64_t pending;
	int r = sk_json_string(body, "id", 1, SK_LINK_ID_MAX, &id);

	if (!r)
		r = sk_json_string(body, "kind", 1, 32, &kind);
	if (!r)
		r = sk_json_object(body, "body", &inner);
	if (!r)
		r = sk_sql_number(fleet->sql, &pending, "SELECT count(*) FROM request WHERE agent=? AND state=0", "t", agent->id);
	if (!r && pending >= PENDING_MAX)
		return SK_FULL;
	if (!r)
		r = insert(fleet, agent, id, kind, inner.value);
	if (!r)
		sk_fleet_changed(fleet, SK_TOPIC_REQUESTS);
	return r;
}

int sk_requests_answered(struct sk_fleet *fleet, const struct sk_fleet_agent *agent, const struct sk_json *body)
{
	const char *id;
	int r = sk_json_string(body, "id", 1, SK_LINK_ID_MAX, &id);

	if (!r)
		r = sk_sql_run(fleet->sql, "UPDATE request SET answered=? WHERE agent=? AND id=? AND state<>0 AND answered IS NULL", "itt", sk_fleet_now(),
			       agent->id, id);
	if (!r)
		sk_fleet_changed(fleet, SK_TOPIC_REQUESTS);
	return r;
}

void sk_requests_push(struct sk_fleet *fleet, const struct sk_fleet_agent *agent)
{
	static const char *const words[] = {"id", "by", "note", NULL};
	sqlite3_stmt *stmt;
	int r = sk_sql_use(fleet->sql, "SELECT id,by,note,state FROM request WHERE agent=? AND state<>0 AND answered IS NULL ORDER BY number", &stmt, "t",
			   agent->id);

	while (!r && (r = sk_sql_step(fleet->sql, stmt)) == 0) {
		struct json_object *body = json_object_new_object();

		if (!body || sk_fleet_put_texts(body, stmt, 0, words) || sk_json_put_string(body, "decision", states[sqlite3_column_int(stmt, 3)]))
			body = sk_json_free(body);
		sk_fleet_push(fleet, agent->id, "answer", body);
	}
}

/* ---- looking ---- */

#define REQUEST_COLUMNS                                                                                                       \
	"SELECT r.agent,r.org,r.site,r.kind,ifnull(r.by,''),ifnull(r.note,''),r.created,r.decided,r.answered,r.number,r.state,r.body,d.number "       \
	"FROM request r LEFT JOIN draft d ON d.request=r.number "

static int put_request(struct sk_fleet *fleet, sqlite3_stmt *stmt, struct json_object *out)
{
	static const char *const texts[] = {"agent", "org", "site", "kind", "by", "note", NULL};
	static const char *const numbers[] = {"created", "decided", "answered", NULL};
	const struct sk_fleet_agent *agent = sk_agents_find(fleet, sk_sql_text(stmt, 0));
	char id[24];
	int r = sk_fleet_put_texts(out, stmt, 0, texts);

	if (!r)
		r = sk_fleet_put_numbers(out, stmt, 6, numbers);
	snprintf(id, sizeof id, "%lld", (long long)sqlite3_column_int64(stmt, 9));
	if (!r)
		r = sk_json_put_string(out, "id", id);
	if (!r)
		r = sk_json_put_string(out, "state", states[sqlite3_column_int(stmt, 10)]);
	if (!r)
		r = sk_json_put_string(out, "host", agent ? agent->host : "");
	if (!r)
		r = sk_json_put(out, "body", sk_fleet_column_json(stmt, 11));
	snprintf(id, sizeof id, "%lld", (long long)sqlite3_column_int64(stmt, 12));
	if (!r)
		r = sqlite3_column_type(stmt, 12) == SQLITE_NULL ? sk_json_put_null(out, "draft") : sk_json_put_string(out, "draft", id);
	return r;
}

static int read_list_call(const struct sk_fleet_call *call, int64_t *state, int64_t *before, uint64_t *limit)
{
	uint64_t number = INT64_MAX;
	const char *text;
	size_t index;
	int r = SK_CALL_ONLY(call, "state", "limit", "before");

	*state = -1;
	if (!r && sk_json_has(call->at, "state")) {
		r = sk_json_word(call->at, "state", states, &index);
		*state = (int64_t)index;
	}
	if (!r && sk_json_has(call->at, "before")) {
		r = sk_json_string(call->at, "before", 1, 20, &text);
		if (!r && sk_parse_u64(text, INT64_MAX, &number))
			r = sk_json_refuse(call->at, "before", "not a place in a list that we gave");
	}
	*before = (int64_t)number;
	return r ? r : sk_call_limit(call, limit);
}

int sk_verb_request_list(struct sk_fleet_call *call)
{
	struct json_object *list, *one;
	int64_t state, before;
	uint64_t limit, count = 0;
	sqlite3_stmt *stmt;
	char next[24] = "";
	int r = read_list_call(call, &state, &before, &limit);

	if (!r)
		r = sk_json_put_array(call->out, "requests", &list);
	if (!r)
		r = sk_sql_use(call->fleet->sql, REQUEST_COLUMNS "WHERE (?1<0 OR r.state=?1) AND r.number<?2 ORDER BY r.number DESC", &stmt, "ii", state, before);
	while (!r && count < limit && (r = sk_sql_step(call->fleet->sql, stmt)) == 0) {
		if (!sk_call_sees(call, sk_sql_text(stmt, 1), sk_sql_text(stmt, 2)))
			continue;
		one = json_object_new_object();
		r = one ? sk_json_append(list, one) : sk_origin(-ENOMEM);
		if (!r)
			r = put_request(call->fleet, stmt, one);
		snprintf(next, sizeof next, "%lld", (long long)sqlite3_column_int64(stmt, 9));
		count++;
	}
	if (r && r != SK_NONE)
		return r;
	return count == limit ? sk_json_put_string(call->out, "next", next) : sk_json_put_null(call->out, "next");
}

static int find_request(struct sk_fleet_call *call, sqlite3_stmt **ret_stmt)
{
	const char *text;
	uint64_t number;
	int r = sk_json_string(call->at, "id", 1, 20, &text);

	if (r)
		return r;
	if (sk_parse_u64(text, INT64_MAX, &number))
		return SK_NONE;
	r = sk_sql_use(call->fleet->sql, REQUEST_COLUMNS "WHERE r.number=?", ret_stmt, "i", (int64_t)number);
	if (!r)
		r = sk_sql_step(call->fleet->sql, *ret_stmt);
	if (!r && !sk_call_sees(call, sk_sql_text(*ret_stmt, 1), sk_sql_text(*ret_stmt, 2))) {
		sk_sql_reset(*ret_stmt);
		r = SK_NONE;
	}
	return r;
}

int sk_verb_request_show(struct sk_fleet_call *call)
{
	sqlite3_stmt *stmt;
	int r = SK_CALL_ONLY(call, "id");

	if (!r)
		r = find_request(call, &stmt);
	if (r)
		return r;
	r = put_request(call->fleet, stmt, call->out);
	sk_sql_reset(stmt);
	return r;
}

/* ---- deciding ---- */

/* What the request asks to have on the list: "programs" of its body, or the body itself when that names a hash. */
static struct json_object *programs_of(struct json_object *body)
{
	struct json_object *programs, *hash;

	if (json_object_object_get_ex(body, "programs", &programs) && json_object_is_type(programs, json_type_array))
		return json_object_get(programs);
	programs = json_object_new_array();
	if (programs && json_object_object_get_ex(body, "sha256", &hash))
		json_object_array_add(programs, json_object_get(body));
	return programs;
}

static int make_draft(struct sk_fleet_call *call, int64_t number, const char *note)
{
	_cleanup_json_ struct json_object *request = NULL, *programs = NULL;
	struct json_object *body = NULL;
	sqlite3_stmt *stmt;
	int r = sk_sql_use(call->fleet->sql, "SELECT body FROM request WHERE number=?", &stmt, "i", number);

	if (!r)
		r = sk_sql_step(call->fleet->sql, stmt);
	if (r)
		return r;
	body = request = sk_fleet_column_json(stmt, 0);
	sk_sql_reset(stmt);
	programs = programs_of(body);
	if (!programs)
		return sk_origin(-ENOMEM);
	return sk_sql_run(call->fleet->sql,
			  "INSERT INTO draft(request,agent,org,site,programs,by,note,created) SELECT number,agent,org,site,?,?,?,? FROM request WHERE number=?",
			  "tttii", sk_fleet_text_of(programs), call->by, note, sk_fleet_now(), number);
}

static int decide(struct sk_fleet_call *call, int64_t number, int64_t now_state, size_t decision, const char *note)
{
	int64_t state = decision == 0 ? APPROVED : REJECTED;
	int r;

	if (now_state == state)
		return 0; /* said twice */
	if (now_state != PENDING)
		return sk_call_conflict(call, "this request was decided before, the other way");
	r = sk_sql_run(call->fleet->sql, "UPDATE request SET state=?,decided=?,by=?,note=? WHERE number=?", "iitti", state, sk_fleet_now(), call->by, note,
		       number);
	return r || state == REJECTED ? r : make_draft(call, number, note);
}

static void push_answers(struct sk_fleet *fleet)
{
	struct sk_fleet_agent *agent;
	size_t position = 0;

	while ((agent = sk_map_next(fleet->agents, &position, NULL, NULL)))
		if (agent->connected)
			sk_requests_push(fleet, agent);
}

int sk_verb_request_decide(struct sk_fleet_call *call)
{
	static const char *const decisions[] = {"approve", "reject", NULL};
	const char *note = "";
	int64_t number, state;
	sqlite3_stmt *stmt;
	size_t decision;
	int r = SK_CALL_ONLY(call, "id", "decision", "note");

	if (!r)
		r = sk_json_word(call->at, "decision", decisions, &decision);
	if (!r && sk_json_has(call->at, "note"))
		r = sk_json_string(call->at, "note", 0, SK_FLEET_NOTE_MAX, &note);
	if (!r)
		r = find_request(call, &stmt);
	if (r)
		return r;
	number = sqlite3_column_int64(stmt, 9);
	state = sqlite3_column_int64(stmt, 10);
	sk_sql_reset(stmt);
	r = decide(call, number, state, decision, note);
	if (!r)
		r = find_request(call, &stmt);
	if (r)
		return r;
	r = put_request(call->fleet, stmt, call->out);
	sk_sql_reset(stmt);
	SK_POINT("fleet.decide");
	call->after = push_answers;
	sk_fleet_changed(call->fleet, SK_TOPIC_REQUESTS);
	return r;
}

/* ---- drafts ---- */

static int put_draft(sqlite3_stmt *stmt, struct json_object *list)
{
	static const char *const texts[] = {"agent", "org", "site", "by", "note", "id", "request", NULL};
	static const char *const numbers[] = {"created", "serial", NULL};
	struct json_object *one = json_object_new_object();
	int r = one ? sk_json_append(list, one) : sk_origin(-ENOMEM);

	if (!r)
		r = sk_fleet_put_texts(one, stmt, 0, texts);
	if (!r)
		r = sk_fleet_put_numbers(one, stmt, 7, numbers);
	if (!r)
		r = sk_json_put_string(one, "state", sqlite3_column_type(stmt, 8) == SQLITE_NULL ? "open" : "published");
	return r ? r : sk_json_put(one, "programs", sk_fleet_column_json(stmt, 9));
}

int sk_verb_draft_list(struct sk_fleet_call *call)
{
	static const char *const words[] = {"open", "published", NULL};
	struct json_object *list;
	int64_t which = -1;
	sqlite3_stmt *stmt;
	size_t index;
	int r = SK_CALL_ONLY(call, "state");

	if (!r && sk_json_has(call->at, "state")) {
		r = sk_json_word(call->at, "state", words, &index);
		which = (int64_t)index;
	}
	if (!r)
		r = sk_json_put_array(call->out, "drafts", &list);
	if (!r)
		r = sk_sql_use(call->fleet->sql,
			       "SELECT agent,org,site,by,note,cast(number AS TEXT),cast(request AS TEXT),created,serial,programs FROM draft "
			       "WHERE ?1<0 OR (serial IS NOT NULL)=?1 ORDER BY number DESC LIMIT 1000",
			       &stmt, "i", which);
	while (!r && (r = sk_sql_step(call->fleet->sql, stmt)) == 0)
		if (sk_call_sees(call, sk_sql_text(stmt, 1), sk_sql_text(stmt, 2)))
			r = put_draft(stmt, list);
	return r == SK_NONE ? 0 : r;
}

/* Every program of the draft is on the policy's list. The draft holds what an endpoint wrote: a hash may be null, or no text. */
static bool holds_all(const struct sk_policy *policy, struct json_object *programs)
{
	size_t count = json_object_array_length(programs);

	for (size_t i = 0; i < count; i++) {
		struct json_object *hash;
		uint8_t sha256[SK_SHA256_SIZE];

		if (!json_object_object_get_ex(json_object_array_get_idx(programs, i), "sha256", &hash) ||
		    !json_object_is_type(hash, json_type_string) || sk_unhex(json_object_get_string(hash), sha256, sizeof sha256) || !sk_policy_find_program(policy, sha256))
			return false;
	}
	return count > 0;
}

static int fulfil(struct sk_fleet *fleet, const struct sk_policy *policy, int64_t number, struct json_object *ids)
{
	char id[24];
	int r = sk_sql_run(fleet->sql, "UPDATE draft SET serial=? WHERE number=?", "ii", policy->serial, number);

	snprintf(id, sizeof id, "%lld", (long long)number);
	return r ? r : sk_json_append(ids, json_object_new_string(id));
}

int sk_drafts_fulfil(struct sk_fleet *fleet, const struct sk_policy *policy, struct json_object *ret_ids)
{
	int64_t numbers[256];
	size_t count = 0;
	sqlite3_stmt *stmt;
	int r = sk_sql_use(fleet->sql, "SELECT number,agent,programs FROM draft WHERE serial IS NULL ORDER BY number", &stmt, "");

	while (!r && count < SK_ARRAY_SIZE(numbers) && (r = sk_sql_step(fleet->sql, stmt)) == 0) {
		_cleanup_json_ struct json_object *programs = sk_fleet_column_json(stmt, 2);
		const struct sk_fleet_agent *agent = sk_agents_find(fleet, sk_sql_text(stmt, 1));
		const struct sk_place place = agent ? sk_agent_place(agent) : (struct sk_place){0};

		if (agent && sk_labels_fit(&policy->labels, &place) && holds_all(policy, programs))
			numbers[count++] = sqlite3_column_int64(stmt, 0);
	}
	sk_sql_reset(stmt);
	if (r == SK_NONE)
		r = 0;
	for (size_t i = 0; !r && i < count; i++)
		r = fulfil(fleet, policy, numbers[i], ret_ids);
	return r;
}
