// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Answers for endpoints that no network reaches: somebody at the tool reads a challenge over the telephone, the desk reads the answer back
 * (lib/crypto/phone.h). Every answer leaves a row: for which endpoint, what it permits, who asked, who answered, and why. The answer itself is not kept.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "crypto/phone.h"
#include "fleet/inside.h"
#include "os/point.h"

/* By id, or by host name when only one endpoint in sight has it. */
int sk_call_find_agent(struct sk_fleet_call *call, const char *name, struct sk_fleet_agent **ret_agent)
{
	struct sk_fleet_agent *agent = sk_agents_find(call->fleet, name), *found = NULL;
	size_t position = 0;

	if (agent && sk_call_sees(call, agent->org, agent->site))
		found = agent;
	while (!found && (agent = sk_map_next(call->fleet->agents, &position, NULL, NULL))) {
		struct sk_fleet_agent *other;

		if (strcmp(agent->host, name) || agent->revoked || !sk_call_sees(call, agent->org, agent->site))
			continue;
		while ((other = sk_map_next(call->fleet->agents, &position, NULL, NULL)))
			if (!strcmp(other->host, name) && !other->revoked && sk_call_sees(call, other->org, other->site))
				return sk_call_conflict(call, "several endpoints have this name: give the id");
		found = agent;
	}
	if (!found)
		return SK_NONE;
	if (found->revoked)
		return sk_call_conflict(call, "this endpoint was revoked");
	*ret_agent = found;
	return 0;
}

static int read_secret(struct sk_fleet *fleet, const char *agent, uint8_t secret[static SK_PHONE_SECRET])
{
	sqlite3_stmt *stmt;
	int r = sk_sql_use(fleet->sql, "SELECT secret FROM agent WHERE id=?", &stmt, "t", agent);

	if (!r)
		r = sk_sql_step(fleet->sql, stmt);
	if (r)
		return r;
	if (sqlite3_column_bytes(stmt, 0) == SK_PHONE_SECRET)
		memcpy(secret, sqlite3_column_blob(stmt, 0), SK_PHONE_SECRET);
	else
		r = sk_origin(-EBADMSG);
	sk_sql_reset(stmt);
	return r;
}

static int put_answer(struct sk_fleet_call *call, const struct sk_fleet_agent *agent, const struct sk_phone *phone)
{
	char digits[SK_PHONE_ANSWER + 1], text[SK_PHONE_TEXT];
	uint8_t secret[SK_PHONE_SECRET];
	int r = read_secret(call->fleet, agent->id, secret);

	if (!r)
		r = sk_phone_answer(secret, phone, digits);
	sk_wipe(secret, sizeof secret);
	if (!r)
		r = sk_json_put_string(call->out, "answer", sk_phone_group(digits, text));
	if (!r)
		r = sk_json_put_string(call->out, "agent", agent->id);
	if (!r)
		r = sk_json_put_string(call->out, "host", agent->host);
	if (!r)
		r = sk_json_put_string(call->out, "scope", sk_phone_scopes[phone->scope]);
	return r ? r : sk_json_put_u64(call->out, "minutes", phone->half_hours * 30);
}

int sk_verb_code_answer(struct sk_fleet_call *call)
{
	const char *name, *challenge, *asked_by, *why;
	struct sk_fleet_agent *agent = NULL;
	struct sk_phone phone;
	int r = SK_CALL_ONLY(call, "agent", "challenge", "asked_by", "why");

	if (!r)
		r = sk_json_string(call->at, "agent", 1, SK_FLEET_NAME_MAX, &name);
	if (!r)
		r = sk_json_string(call->at, "challenge", SK_PHONE_CHALLENGE, 64, &challenge);
	if (!r)
		r = sk_json_string(call->at, "asked_by", 1, SK_FLEET_NAME_MAX, &asked_by);
	if (!r)
		r = sk_json_string(call->at, "why", 1, SK_FLEET_NOTE_MAX, &why);
	if (!r)
		r = sk_phone_read_challenge(challenge, &phone, call->diag);
	if (!r)
		r = sk_call_find_agent(call, name, &agent);
	if (!r)
		r = sk_sql_run(call->fleet->sql, "INSERT INTO code(agent,org,site,challenge,scope,minutes,asked_by,by,why,created) VALUES(?,?,?,?,?,?,?,?,?,?)",
			       "tttttittti", agent->id, agent->org, agent->site, phone.digits, sk_phone_scopes[phone.scope],
			       (int64_t)(phone.half_hours * 30), asked_by, call->by, why, sk_fleet_now());
	SK_POINT("fleet.code");
	return r ? r : put_answer(call, agent, &phone);
}

static int put_code(sqlite3_stmt *stmt, struct json_object *one)
{
	static const char *const texts[] = {"agent", "org", "site", "challenge", "scope", "asked_by", "by", "why", NULL};
	static const char *const numbers[] = {"minutes", "created", NULL};
	int r = sk_fleet_put_texts(one, stmt, 0, texts);

	return r ? r : sk_fleet_put_numbers(one, stmt, 8, numbers);
}

int sk_verb_code_list(struct sk_fleet_call *call)
{
	return sk_call_list_of_agents(call, "codes", "SELECT agent,org,site,challenge,scope,asked_by,by,why,minutes,created FROM code "
						     "WHERE ?1 IS NULL OR agent=?1 ORDER BY number DESC", put_code);
}
