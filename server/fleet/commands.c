// SPDX-License-Identifier: GPL-3.0-or-later
/* Commands to endpoints and what came of them. A command waits until its endpoint is there, is sent again until its result came, and runs once: its id says so. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "fleet/inside.h"
#include "os/point.h"

enum { WAITING_MAX = 100 /* for one endpoint */ };

static const char *const kinds[] = {"status", "rescan", "idle", "window", NULL};

static int64_t number_of(const char *id)
{
	uint64_t number;

	return strncmp(id, "command-", 8) == 0 && sk_parse_u64(id + 8, INT64_MAX, &number) == 0 ? (int64_t)number : -1;
}

static void push_one(struct sk_fleet *fleet, const char *agent, sqlite3_stmt *stmt)
{
	struct json_object *body = json_object_new_object();
	char id[40];

	snprintf(id, sizeof id, "command-%lld", (long long)sqlite3_column_int64(stmt, 0));
	if (!body || sk_json_put_string(body, "id", id) || sk_json_put_string(body, "kind", sk_sql_text(stmt, 1)) ||
	    sk_json_put(body, "body", sk_fleet_column_json(stmt, 2)))
		body = sk_json_free(body);
	sk_fleet_push(fleet, agent, "command", body);
}

void sk_commands_push(struct sk_fleet *fleet, const struct sk_fleet_agent *agent)
{
	sqlite3_stmt *stmt;
	int r = sk_sql_use(fleet->sql, "SELECT number,kind,body FROM command WHERE agent=? AND done IS NULL ORDER BY number", &stmt, "t", agent->id);

	while (!r && (r = sk_sql_step(fleet->sql, stmt)) == 0)
		push_one(fleet, agent->id, stmt);
	if (r == SK_NONE)
		sk_sql_run(fleet->sql, "UPDATE command SET sent=? WHERE agent=? AND done IS NULL AND sent IS NULL", "it", sk_fleet_now(), agent->id);
}

int sk_commands_result(struct sk_fleet *fleet, const struct sk_fleet_agent *agent, const struct sk_json *body)
{
	struct sk_json inner;
	const char *id;
	bool ok;
	int r = sk_json_string(body, "id", 1, SK_LINK_ID_MAX, &id);

	if (!r)
		r = sk_json_bool(body, "ok", &ok);
	if (!r)
		r = sk_json_object(body, "body", &inner);
	if (r)
		return r;
	r = sk_sql_run(fleet->sql, "UPDATE command SET done=?,ok=?,result=? WHERE number=? AND agent=? AND done IS NULL", "iitit", sk_fleet_now(),
		       (int64_t)ok, sk_fleet_text_of(inner.value), number_of(id), agent->id);
	if (r)
		return r;
	SK_POINT("fleet.result");
	sk_fleet_changed(fleet, SK_TOPIC_COMMANDS);
	return 0;
}

/* ---- verbs ---- */

#define COMMAND_COLUMNS "SELECT agent,org,site,kind,by,'command-'||number,created,sent,done,ok,body,result FROM command "

static int put_command(sqlite3_stmt *stmt, struct json_object *out)
{
	static const char *const texts[] = {"agent", "org", "site", "kind", "by", "id", NULL};
	static const char *const numbers[] = {"created", "sent", "done", NULL};
	bool sent = sqlite3_column_type(stmt, 7) != SQLITE_NULL, done = sqlite3_column_type(stmt, 8) != SQLITE_NULL;
	const char *state = done ? (sqlite3_column_int(stmt, 9) ? "done" : "failed") : sent ? "sent" : "queued";
	int r = sk_fleet_put_texts(out, stmt, 0, texts);

	if (!r)
		r = sk_fleet_put_numbers(out, stmt, 6, numbers);
	if (!r)
		r = sk_json_put_string(out, "state", state);
	if (!r)
		r = sk_json_put(out, "body", sk_fleet_column_json(stmt, 10));
	if (!r)
		r = done ? sk_json_put(out, "result", sk_fleet_column_json(stmt, 11)) : sk_json_put_null(out, "result");
	return r;
}

static void push_to_connected(struct sk_fleet *fleet)
{
	struct sk_fleet_agent *agent;
	size_t position = 0;

	while ((agent = sk_map_next(fleet->agents, &position, NULL, NULL)))
		if (agent->connected)
			sk_commands_push(fleet, agent);
}

static int insert(struct sk_fleet_call *call, const struct sk_fleet_agent *agent, const char *kind, struct json_object *body)
{
	char id[40];
	int64_t waiting;
	int r = sk_sql_number(call->fleet->sql, &waiting, "SELECT count(*) FROM command WHERE agent=? AND done IS NULL", "t", agent->id);

	if (!r && waiting >= WAITING_MAX)
		return SK_FULL;
	if (!r)
		r = sk_sql_run(call->fleet->sql, "INSERT INTO command(agent,org,site,kind,body,by,created) VALUES(?,?,?,?,?,?,?)", "tttttti", agent->id,
			       agent->org, agent->site, kind, body ? sk_fleet_text_of(body) : "{}", call->by, sk_fleet_now());
	if (r)
		return r;
	snprintf(id, sizeof id, "command-%lld", (long long)sk_sql_last_id(call->fleet->sql));
	call->after = push_to_connected;
	sk_fleet_changed(call->fleet, SK_TOPIC_COMMANDS);
	return sk_json_put_string(call->out, "id", id);
}

int sk_verb_command_send(struct sk_fleet_call *call)
{
	struct sk_fleet_agent *agent;
	struct sk_json body = {0};
	const char *id;
	size_t kind;
	int r = SK_CALL_ONLY(call, "agent", "kind", "body");

	if (!r)
		r = sk_json_string(call->at, "agent", 1, SK_FLEET_ID, &id);
	if (!r)
		r = sk_json_word(call->at, "kind", kinds, &kind);
	if (!r && sk_json_has(call->at, "body"))
		r = sk_json_object(call->at, "body", &body);
	if (r)
		return r;
	agent = sk_agents_find(call->fleet, id);
	if (!agent || !sk_call_sees(call, agent->org, agent->site))
		return SK_NONE;
	if (agent->revoked)
		return sk_call_conflict(call, "this endpoint was revoked");
	return insert(call, agent, kinds[kind], body.value);
}

int sk_verb_command_list(struct sk_fleet_call *call)
{
	return sk_call_list_of_agents(call, "commands", COMMAND_COLUMNS "WHERE ?1 IS NULL OR agent=?1 ORDER BY number DESC", put_command);
}

int sk_verb_command_show(struct sk_fleet_call *call)
{
	sqlite3_stmt *stmt;
	const char *id;
	int r = SK_CALL_ONLY(call, "id");

	if (!r)
		r = sk_json_string(call->at, "id", 1, SK_LINK_ID_MAX, &id);
	if (!r)
		r = sk_sql_use(call->fleet->sql, COMMAND_COLUMNS "WHERE number=?", &stmt, "i", number_of(id));
	if (!r)
		r = sk_sql_step(call->fleet->sql, stmt);
	if (r)
		return r;
	if (sk_call_sees(call, sk_sql_text(stmt, 1), sk_sql_text(stmt, 2)))
		r = put_command(stmt, call->out);
	else
		r = SK_NONE;
	sk_sql_reset(stmt);
	return r;
}
