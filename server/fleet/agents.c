// SPDX-License-Identifier: GPL-3.0-or-later
/* Agents: the rows of fleet.db, a copy in memory that also knows who is connected, and the verbs about them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "fleet/inside.h"

struct sk_fleet_agent *sk_agent_free(struct sk_fleet_agent *agent)
{
	if (!agent)
		return NULL;
	sk_json_free(agent->labels);
	sk_json_free(agent->health);
	sk_json_free(agent->policy);
	sk_json_free(agent->gateway);
	free(agent->reason);
	free(agent);
	return NULL;
}

struct sk_fleet_agent *sk_agents_find(struct sk_fleet *fleet, const char *id)
{
	return sk_map_get(fleet->agents, id, strlen(id));
}

int sk_agents_add(struct sk_fleet *fleet, struct sk_fleet_agent *agent)
{
	return sk_map_put(fleet->agents, agent->id, strlen(agent->id), agent);
}

struct sk_place sk_agent_place(const struct sk_fleet_agent *agent)
{
	struct json_object *asset = NULL;

	json_object_object_get_ex(agent->labels, "asset", &asset);
	return (struct sk_place){.org = agent->org, .site = agent->site, .host = agent->host, .asset = asset ? json_object_get_string(asset) : NULL};
}

/* ---- from and to the database ---- */

static void copy(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text);
}

static struct sk_fleet_agent *read_row(sqlite3_stmt *stmt)
{
	struct sk_fleet_agent *a = sk_calloc(1, sizeof *a);

	if (!a)
		return NULL;
	copy(a->id, sizeof a->id, sk_sql_text(stmt, 0));
	copy(a->host, sizeof a->host, sk_sql_text(stmt, 1));
	copy(a->machine, sizeof a->machine, sk_sql_text(stmt, 2));
	copy(a->org, sizeof a->org, sk_sql_text(stmt, 3));
	copy(a->site, sizeof a->site, sk_sql_text(stmt, 4));
	a->labels = sk_fleet_column_json(stmt, 5);
	a->enrolled = sqlite3_column_int64(stmt, 6);
	a->revoked = sqlite3_column_int64(stmt, 7);
	a->reason = a->revoked ? sk_strdup(sk_sql_text(stmt, 8)) : NULL;
	a->last_seen = sqlite3_column_int64(stmt, 9);
	copy(a->version, sizeof a->version, sk_sql_text(stmt, 10));
	copy(a->address, sizeof a->address, sk_sql_text(stmt, 11));
	a->health = sk_fleet_column_json(stmt, 12);
	a->health_at = sqlite3_column_int64(stmt, 13);
	a->policy = sk_fleet_column_json(stmt, 14);
	return a;
}

static int load_into(struct sk_fleet *fleet, struct sk_map *map)
{
	struct sk_fleet_agent *agent, *old;
	sqlite3_stmt *stmt;
	int r = sk_sql_use(fleet->sql,
			   "SELECT id,host,machine,org,site,labels,enrolled,revoked,reason,last_seen,version,address,health,health_at,policy FROM agent",
			   &stmt, "");

	while (!r && (r = sk_sql_step(fleet->sql, stmt)) == 0) {
		agent = read_row(stmt);
		if (!agent)
			return sk_origin(-ENOMEM);
		old = fleet->agents ? sk_agents_find(fleet, agent->id) : NULL;
		agent->connected = old && old->connected;
		r = sk_map_put(map, agent->id, strlen(agent->id), agent);
		if (r)
			sk_agent_free(agent);
	}
	return r == SK_NONE ? 0 : r;
}

static void free_all(struct sk_map *map)
{
	size_t position = 0;
	struct sk_fleet_agent *agent;

	while (map && (agent = sk_map_next(map, &position, NULL, NULL)))
		sk_agent_free(agent);
	sk_map_free(map);
}

int sk_agents_load(struct sk_fleet *fleet)
{
	struct sk_map *map;
	int r = sk_map_new(SK_FLEET_AGENTS_MAX, NULL, &map);

	if (!r)
		r = load_into(fleet, map);
	if (r) {
		free_all(map);
		return r;
	}
	free_all(fleet->agents);
	fleet->agents = map;
	return 0;
}

static const char *text_or_null(struct json_object *value)
{
	return value ? sk_fleet_text_of(value) : NULL;
}

static int flush_one(struct sk_fleet *fleet, struct sk_fleet_agent *a)
{
	return sk_sql_run(fleet->sql, "UPDATE agent SET last_seen=?,version=?,address=?,health=?,health_at=?,policy=? WHERE id=?", "itttitt", a->last_seen,
			  a->version, a->address, text_or_null(a->health), a->health_at, text_or_null(a->policy), a->id);
}

int sk_agents_flush(struct sk_fleet *fleet)
{
	struct sk_fleet_agent *agent;
	size_t position = 0;
	bool begun = false;
	int r = 0;

	while (!r && (agent = sk_map_next(fleet->agents, &position, NULL, NULL))) {
		if (!agent->dirty)
			continue;
		if (!begun)
			r = sk_sql_begin(fleet->sql);
		begun = true;
		if (!r)
			r = flush_one(fleet, agent);
		agent->dirty = r != 0;
	}
	if (!begun)
		return 0;
	if (!r)
		return sk_sql_commit(fleet->sql);
	sk_sql_rollback(fleet->sql);
	return r;
}

/* ---- what intake must know ---- */

void sk_agents_admit(struct sk_fleet *fleet, const struct sk_fleet_agent *agent, const uint8_t fingerprint[SK_SHA256_SIZE])
{
	struct json_object *body = json_object_new_object();

	if (!body || sk_json_put_hex(body, "fingerprint", fingerprint, SK_SHA256_SIZE) || sk_json_put_string(body, "host", agent->host) ||
	    sk_json_put_string(body, "org", agent->org) || sk_json_put_string(body, "site", agent->site))
		body = sk_json_free(body);
	sk_fleet_push(fleet, agent->id, "admitted", body);
}

int sk_agents_admit_all(struct sk_fleet *fleet)
{
	sqlite3_stmt *stmt;
	int r = sk_sql_use(fleet->sql, "SELECT agent,fingerprint FROM certificate", &stmt, "");

	while (!r && (r = sk_sql_step(fleet->sql, stmt)) == 0) {
		struct sk_fleet_agent *agent = sk_agents_find(fleet, sk_sql_text(stmt, 0));

		if (agent && !agent->revoked && sqlite3_column_bytes(stmt, 1) == SK_SHA256_SIZE)
			sk_agents_admit(fleet, agent, sqlite3_column_blob(stmt, 1));
	}
	if (r != SK_NONE)
		return r;
	sk_fleet_push(fleet, "", "ready", json_object_new_object());
	return 0;
}

/* ---- what agents say ---- */

void sk_agents_attach(struct sk_fleet *fleet, struct sk_fleet_agent *agent, const struct sk_json *body)
{
	const char *text;
	struct sk_json hello;

	if (sk_json_string(body, "address", 0, sizeof agent->address - 1, &text) == 0)
		copy(agent->address, sizeof agent->address, text);
	if (sk_json_object(body, "hello", &hello) == 0 && sk_json_string(&hello, "version", 1, 64, &text) == 0)
		copy(agent->version, sizeof agent->version, text);
	agent->connected = true;
	memset(agent->pushed, 0, sizeof agent->pushed);
	agent->pushed_revocations = 0;
	agent->last_seen = sk_fleet_now();
	agent->dirty = true;
	sk_fleet_changed(fleet, SK_TOPIC_AGENTS);
	sk_policies_push(fleet, agent);
	sk_requests_push(fleet, agent);
	sk_commands_push(fleet, agent);
}

void sk_agents_detach(struct sk_fleet *fleet, struct sk_fleet_agent *agent)
{
	agent->connected = false;
	agent->last_seen = sk_fleet_now();
	agent->dirty = true;
	sk_fleet_changed(fleet, SK_TOPIC_AGENTS);
}

void sk_agents_health(struct sk_fleet *fleet, struct sk_fleet_agent *agent, const struct sk_json *body)
{
	sk_json_free(agent->health);
	agent->health = json_object_get(body->value);
	agent->health_at = agent->last_seen = sk_fleet_now();
	agent->dirty = true;
	sk_fleet_changed(fleet, SK_TOPIC_AGENTS);
}

void sk_agents_policy_state(struct sk_fleet *fleet, struct sk_fleet_agent *agent, const struct sk_json *body)
{
	struct json_object *part = NULL, **slot = &agent->policy;

	if (json_object_object_get_ex(body->value, "part", &part) && !strcmp(json_object_get_string(part), sk_part_names[SK_PART_GATEWAY]))
		slot = &agent->gateway;
	sk_json_free(*slot);
	*slot = json_object_get(body->value);
	agent->last_seen = sk_fleet_now();
	sk_json_put_i64(*slot, "at", agent->last_seen);
	agent->dirty = true;
	sk_fleet_changed(fleet, SK_TOPIC_AGENTS);
	sk_policies_push(fleet, agent);
}

/* ---- verbs ---- */

int sk_fleet_read_labels(const struct sk_json *at, struct json_object **ret_labels)
{
	struct sk_json labels;
	int r;

	if (!sk_json_has(at, "labels")) {
		*ret_labels = json_object_new_object();
		return *ret_labels ? 0 : sk_origin(-ENOMEM);
	}
	r = sk_json_object(at, "labels", &labels);
	if (r)
		return r;
	if (json_object_object_length(labels.value) > SK_FLEET_LABELS_MAX)
		return sk_json_refuse(&labels, NULL, "at most %d labels", SK_FLEET_LABELS_MAX);
	json_object_object_foreach(labels.value, key, value) {
		const char *text;

		(void)value;
		if (strlen(key) > SK_FLEET_NAME_MAX || key[0] == '\0')
			return sk_json_refuse(&labels, NULL, "a label's name has 1 to %d bytes", SK_FLEET_NAME_MAX);
		r = sk_json_string(&labels, key, 0, SK_FLEET_NAME_MAX, &text);
		if (r)
			return r;
	}
	*ret_labels = json_object_get(labels.value);
	return 0;
}

static int put_assigned(struct sk_fleet *fleet, const struct sk_fleet_agent *a, struct json_object *out)
{
	struct json_object *assigned;
	int64_t serial;
	char hash[65];
	int r = sk_policies_assigned(fleet, a, &serial, hash);

	if (r == SK_NONE)
		return sk_json_put_null(out, "assigned");
	if (!r)
		r = sk_json_put_object(out, "assigned", &assigned);
	if (!r)
		r = sk_json_put_i64(assigned, "serial", serial);
	return r ? r : sk_json_put_string(assigned, "hash", hash);
}

static int put_optional(struct json_object *out, const char *key, struct json_object *value)
{
	return value ? sk_json_put(out, key, json_object_get(value)) : sk_json_put_null(out, key);
}

static int put_agent(struct sk_fleet *fleet, const struct sk_fleet_agent *a, struct json_object *out)
{
	const struct {
		const char *key, *text;
	} texts[] = {{"agent", a->id},	 {"host", a->host},	  {"machine", a->machine}, {"org", a->org},
		     {"site", a->site}, {"version", a->version}, {"address", a->address}, {"state", a->revoked ? "revoked" : "enrolled"},
		     {"reason", a->reason ? a->reason : ""}};
	int r = 0;

	for (size_t i = 0; !r && i < SK_ARRAY_SIZE(texts); i++)
		r = sk_json_put_string(out, texts[i].key, texts[i].text);
	if (!r)
		r = put_optional(out, "labels", a->labels);
	if (!r)
		r = sk_json_put_i64(out, "enrolled", a->enrolled);
	if (!r)
		r = sk_json_put_bool(out, "connected", a->connected);
	if (!r)
		r = sk_json_put_i64(out, "last_seen", a->last_seen);
	if (!r)
		r = put_optional(out, "health", a->health);
	if (!r)
		r = sk_json_put_i64(out, "health_at", a->health_at);
	if (!r)
		r = put_optional(out, "policy", a->policy);
	if (!r && a->gateway)
		r = put_optional(out, "gateway_policy", a->gateway);
	return r ? r : put_assigned(fleet, a, out);
}

static int by_id(const void *a, const void *b)
{
	return strcmp((*(struct sk_fleet_agent *const *)a)->id, (*(struct sk_fleet_agent *const *)b)->id);
}

/* Those the asker may see, by id. */
static int sorted_agents(const struct sk_fleet_call *call, struct sk_fleet_agent ***ret_list, size_t *ret_count)
{
	struct sk_fleet_agent **list = sk_calloc(sk_map_size(call->fleet->agents) + 1, sizeof *list), *agent;
	size_t position = 0, count = 0;

	if (!list)
		return sk_origin(-ENOMEM);
	while ((agent = sk_map_next(call->fleet->agents, &position, NULL, NULL)))
		if (sk_call_sees(call, agent->org, agent->site))
			list[count++] = agent;
	qsort(list, count, sizeof *list, by_id);
	*ret_list = list;
	*ret_count = count;
	return 0;
}

static int put_page(struct sk_fleet_call *call, struct sk_fleet_agent **list, size_t count, const char *after, uint64_t limit)
{
	struct json_object *agents, *one;
	size_t i = 0, put = 0;
	int r = sk_json_put_array(call->out, "agents", &agents);

	while (i < count && strcmp(list[i]->id, after) <= 0)
		i++;
	for (; !r && i < count && put < limit; i++, put++) {
		one = json_object_new_object();
		r = one ? sk_json_append(agents, one) : sk_origin(-ENOMEM);
		if (!r)
			r = put_agent(call->fleet, list[i], one);
	}
	if (r)
		return r;
	return i < count ? sk_json_put_string(call->out, "next", list[i - 1]->id) : sk_json_put_null(call->out, "next");
}

int sk_verb_agent_list(struct sk_fleet_call *call)
{
	_cleanup_free_ struct sk_fleet_agent **list = NULL;
	const char *after = "";
	uint64_t limit;
	size_t count = 0;
	int r = SK_CALL_ONLY(call, "limit", "after");

	if (!r)
		r = sk_call_limit(call, &limit);
	if (!r && sk_json_has(call->at, "after"))
		r = sk_json_string(call->at, "after", 0, SK_FLEET_ID, &after);
	if (!r)
		r = sorted_agents(call, &list, &count);
	return r ? r : put_page(call, list, count, after, limit);
}

/* The agent the call names, when the asker may see it. */
static int find_agent(const struct sk_fleet_call *call, struct sk_fleet_agent **ret_agent)
{
	const char *id;
	struct sk_fleet_agent *agent;
	int r = sk_json_string(call->at, "agent", 1, SK_FLEET_ID, &id);

	if (r)
		return r;
	agent = sk_agents_find(call->fleet, id);
	if (!agent || !sk_call_sees(call, agent->org, agent->site))
		return SK_NONE;
	*ret_agent = agent;
	return 0;
}

static int put_certificates(struct sk_fleet_call *call, const struct sk_fleet_agent *agent)
{
	static const char *const numbers[] = {"not_before", "not_after", NULL};
	struct json_object *list, *one;
	sqlite3_stmt *stmt;
	int r = sk_json_put_array(call->out, "certificates", &list);

	if (!r)
		r = sk_sql_use(call->fleet->sql, "SELECT fingerprint,serial,not_before,not_after FROM certificate WHERE agent=? ORDER BY not_before DESC",
			       &stmt, "t", agent->id);
	while (!r && (r = sk_sql_step(call->fleet->sql, stmt)) == 0) {
		one = json_object_new_object();
		r = one ? sk_json_append(list, one) : sk_origin(-ENOMEM);
		if (!r)
			r = sk_json_put_hex(one, "fingerprint", sqlite3_column_blob(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0));
		if (!r)
			r = sk_json_put_string(one, "serial", sk_sql_text(stmt, 1));
		if (!r)
			r = sk_fleet_put_numbers(one, stmt, 2, numbers);
		if (!r)
			r = sk_json_put_string(one, "state", agent->revoked ? "revoked" : "admitted");
	}
	return r == SK_NONE ? 0 : r;
}

int sk_verb_agent_show(struct sk_fleet_call *call)
{
	struct sk_fleet_agent *agent;
	int r = SK_CALL_ONLY(call, "agent");

	if (!r)
		r = find_agent(call, &agent);
	if (!r)
		r = put_agent(call->fleet, agent, call->out);
	return r ? r : put_certificates(call, agent);
}

int sk_verb_agent_label(struct sk_fleet_call *call)
{
	_cleanup_json_ struct json_object *labels = NULL;
	struct sk_fleet_agent *agent;
	struct json_object *old;
	int r = SK_CALL_ONLY(call, "agent", "labels");

	if (!r)
		r = find_agent(call, &agent);
	if (!r)
		r = sk_fleet_read_labels(call->at, &labels);
	if (!r)
		r = sk_sql_run(call->fleet->sql, "UPDATE agent SET labels=? WHERE id=?", "tt", sk_fleet_text_of(labels), agent->id);
	if (r)
		return r;
	old = agent->labels;
	agent->labels = SK_TAKE(labels);
	sk_json_free(old);
	sk_fleet_changed(call->fleet, SK_TOPIC_AGENTS);
	if (agent->connected)
		sk_policies_push(call->fleet, agent); /* other labels, perhaps another policy */
	return 0;
}

int sk_verb_agent_revoke(struct sk_fleet_call *call)
{
	struct sk_fleet_agent *agent;
	const char *reason = "";
	int64_t now = sk_fleet_now();
	bool connected;
	int r = SK_CALL_ONLY(call, "agent", "reason");

	if (!r && sk_json_has(call->at, "reason"))
		r = sk_json_string(call->at, "reason", 0, SK_FLEET_NOTE_MAX, &reason);
	if (!r)
		r = find_agent(call, &agent);
	if (!r && agent->revoked)
		return sk_call_conflict(call, "this endpoint was revoked before");
	if (!r)
		r = sk_sql_run(call->fleet->sql, "UPDATE agent SET revoked=?,reason=? WHERE id=?", "itt", now, reason, agent->id);
	if (r)
		return r;
	connected = agent->connected;
	agent->revoked = now;
	agent->connected = false;
	free(agent->reason);
	agent->reason = sk_strdup(reason);
	sk_log(SK_LOG_NOTICE, "%s was revoked by %s", agent->id, call->by);
	sk_fleet_push(call->fleet, agent->id, "revoked", json_object_new_object());
	sk_fleet_changed(call->fleet, SK_TOPIC_AGENTS);
	return sk_json_put_bool(call->out, "closed", connected);
}

/* ---- summary ---- */

static int put_count(struct sk_fleet_call *call, const char *key, const char *sql, const char *types, int64_t now)
{
	int64_t count = 0;
	sqlite3_stmt *stmt;
	int r = types[0] ? sk_sql_use(call->fleet->sql, sql, &stmt, types, now) : sk_sql_use(call->fleet->sql, sql, &stmt, "");

	while (!r && (r = sk_sql_step(call->fleet->sql, stmt)) == 0)
		if (sk_call_sees(call, sk_sql_text(stmt, 0), sk_sql_text(stmt, 1)))
			count += sqlite3_column_int64(stmt, 2);
	return r == SK_NONE ? sk_json_put_i64(call->out, key, count) : r;
}

int sk_verb_summary(struct sk_fleet_call *call)
{
	int64_t agents = 0, connected = 0, revoked = 0;
	struct sk_fleet_agent *agent;
	size_t position = 0;
	int r = sk_json_only(call->at, (const char *const[]){"verb", "by", "scopes", NULL});

	while (!r && (agent = sk_map_next(call->fleet->agents, &position, NULL, NULL)))
		if (sk_call_sees(call, agent->org, agent->site)) {
			agents += !agent->revoked;
			revoked += agent->revoked != 0;
			connected += agent->connected;
		}
	if (!r)
		r = sk_json_put_i64(call->out, "agents", agents);
	if (!r)
		r = sk_json_put_i64(call->out, "connected", connected);
	if (!r)
		r = sk_json_put_i64(call->out, "revoked", revoked);
	if (!r)
		r = put_count(call, "pending", "SELECT org,site,count(*) FROM request WHERE state=0 GROUP BY org,site", "", 0);
	if (!r)
		r = put_count(call, "drafts", "SELECT org,site,count(*) FROM draft WHERE serial IS NULL GROUP BY org,site", "", 0);
	return r ? r
		 : put_count(call, "tokens", "SELECT org,site,count(*) FROM token WHERE state=0 AND expires>? GROUP BY org,site", "i", sk_fleet_now());
}
