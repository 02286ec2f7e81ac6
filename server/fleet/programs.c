// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Programs by hash, an organisation's: one review serves every endpoint that has the same file. A row says what it is (name, publisher, package, where it came
 * from), which endpoint had it first and how many have it, and what was decided, by whom and why; each decision stays on record. The server signs nothing:
 * whoever makes a policy takes what was accepted here (sekisho fleet programs draft, lockdown scan --fleet).
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "fleet/inside.h"
#include "os/point.h"

enum { PROGRAMS_A_CALL = 500, PROGRAMS_MAX = 2000000 };
static const char *const decisions[] = {"open", "accepted", "refused", NULL};

#define COLUMNS "hash,org,name,publisher,package,version,provenance,kind,decision,reviewer,note,first_agent,first_host,brought_by,size,created,reviewed"
static const char *const texts[] = {"sha256", "org", "name", "publisher", "package", "version", "provenance", "kind", "decision", "by", "note", "first_agent",
				    "first_host", "brought_by", NULL};
static const char *const numbers[] = {"size", "created", "reviewed", NULL};

static int put_row(struct sk_fleet_call *call, sqlite3_stmt *stmt, struct json_object *list)
{
	struct json_object *one = json_object_new_object();
	int r = one ? sk_json_append(list, one) : sk_origin(-ENOMEM);

	(void)call;
	if (!r)
		r = sk_fleet_put_texts(one, stmt, 0, texts);
	if (!r)
		r = sk_fleet_put_numbers(one, stmt, SK_ARRAY_SIZE(texts) - 1, numbers);
	return r ? r : sk_json_put_i64(one, "endpoints", sqlite3_column_int64(stmt, SK_ARRAY_SIZE(texts) + SK_ARRAY_SIZE(numbers) - 2));
}

/* Whose list: the endpoint's organisation, or the one that is named. */
static int read_org(struct sk_fleet_call *call, const char **ret_org, const struct sk_fleet_agent **ret_agent)
{
	struct sk_fleet_agent *agent = NULL;
	const char *name;
	int r;

	*ret_agent = NULL;
	if (!sk_json_has(call->at, "agent")) {
		r = sk_json_string(call->at, "org", 0, SK_FLEET_NAME_MAX, ret_org);
		return r ? r : sk_call_sees(call, *ret_org, "") ? 0 : SK_NONE;
	}
	r = sk_json_string(call->at, "agent", 1, SK_FLEET_NAME_MAX, &name);
	if (!r)
		r = sk_call_find_agent(call, name, &agent);
	if (r)
		return r;
	*ret_agent = agent;
	*ret_org = agent->org;
	return 0;
}

struct program {
	const char *hash, *name, *publisher, *package, *version, *provenance, *kind;
	uint64_t size;
};

static int read_program(const struct sk_json *at, struct program *out)
{
	const struct {
		const char *key;
		const char **to;
		size_t max;
	} members[] = {{"name", &out->name, 4096}, {"publisher", &out->publisher, 256}, {"package", &out->package, 256}, {"version", &out->version, 256},
		       {"provenance", &out->provenance, 256}, {"kind", &out->kind, 16}};
	uint8_t hash[SK_SHA256_SIZE];
	int r = SK_JSON_ONLY(at, "sha256", "name", "publisher", "package", "version", "provenance", "kind", "size");

	if (!r)
		r = sk_json_hex(at, "sha256", hash, sizeof hash);
	if (!r)
		r = sk_json_string(at, "sha256", 64, 64, &out->hash);
	for (size_t i = 0; !r && i < SK_ARRAY_SIZE(members); i++) {
		*members[i].to = "";
		if (sk_json_has(at, members[i].key))
			r = sk_json_string(at, members[i].key, 0, members[i].max, members[i].to);
	}
	return r ? r : sk_json_u64(at, "size", 0, SK_JSON_MAX_INT, &out->size);
}

/* What the fleet has decided of it; SK_NONE: it has never seen it. */
static int decision_of(struct sk_fleet *fleet, const char *org, const char *hash, size_t *ret_decision)
{
	sqlite3_stmt *stmt;
	int r = sk_sql_use(fleet->sql, "SELECT decision FROM program WHERE org=? AND hash=?", &stmt, "tt", org, hash);

	if (!r)
		r = sk_sql_step(fleet->sql, stmt);
	for (*ret_decision = 0; !r && decisions[*ret_decision + 1] && strcmp(decisions[*ret_decision], sk_sql_text(stmt, 0));)
		++*ret_decision;
	sk_sql_reset(stmt);
	return r;
}

static int take_program(struct sk_fleet_call *call, const char *org, const struct sk_fleet_agent *agent, const struct program *p)
{
	int r = sk_sql_run(call->fleet->sql, "INSERT INTO program(org,hash,name,publisher,package,version,provenance,kind,size,decision,reviewer,note,first_agent,"
					     "first_host,brought_by,created) VALUES(?,?,?,?,?,?,?,?,?,'open','','',?,?,?,?) ON CONFLICT(org,hash) DO UPDATE SET "
					     "publisher=iif(publisher='',excluded.publisher,publisher), package=iif(package='',excluded.package,package),"
					     "version=iif(version='',excluded.version,version)",
			   "ttttttttittt" "i", org, p->hash, p->name, p->publisher, p->package, p->version, p->provenance, p->kind[0] ? p->kind : "program",
			   (int64_t)p->size, agent ? agent->id : "", agent ? agent->host : "", call->by, sk_fleet_now());

	if (!r && agent)
		r = sk_sql_run(call->fleet->sql, "INSERT OR IGNORE INTO program_at(org,hash,agent,seen) VALUES(?,?,?,?)", "ttti", org, p->hash, agent->id,
			       sk_fleet_now());
	return r;
}

int sk_verb_program_import(struct sk_fleet_call *call)
{
	uint64_t count[4] = {0}; /* as decisions, and new */
	const struct sk_fleet_agent *agent = NULL;
	struct sk_json list, item;
	struct program program;
	const char *org;
	size_t decision;
	int r = SK_CALL_ONLY(call, "agent", "org", "programs");

	if (!r)
		r = read_org(call, &org, &agent);
	if (!r)
		r = sk_json_array(call->at, "programs", PROGRAMS_A_CALL, &list);
	for (size_t i = 0; !r && i < sk_json_length(&list); i++) {
		r = sk_json_item_object(&list, i, &item);
		if (!r)
			r = read_program(&item, &program);
		if (r)
			break;
		r = decision_of(call->fleet, org, program.hash, &decision);
		if (r < 0)
			break;
		count[r == SK_NONE ? 3 : decision]++;
		r = take_program(call, org, agent, &program);
	}
	SK_POINT("fleet.programs");
	for (size_t i = 0; !r && i < 4; i++)
		r = sk_json_put_u64(call->out, i == 3 ? "new" : decisions[i], count[i]);
	return r;
}

int sk_verb_program_list(struct sk_fleet_call *call)
{
	const char *org = NULL, *decision = NULL, *text = NULL, *after = "";
	struct json_object *list;
	uint64_t limit, count = 0;
	sqlite3_stmt *stmt;
	size_t which;
	int r = SK_CALL_ONLY(call, "org", "decision", "text", "after", "limit");

	if (!r && sk_json_has(call->at, "org"))
		r = sk_json_string(call->at, "org", 0, SK_FLEET_NAME_MAX, &org);
	if (!r && sk_json_has(call->at, "decision")) {
		r = sk_json_word(call->at, "decision", decisions, &which);
		decision = r ? NULL : decisions[which];
	}
	if (!r && sk_json_has(call->at, "text"))
		r = sk_json_string(call->at, "text", 1, 256, &text);
	if (!r && sk_json_has(call->at, "after"))
		r = sk_json_string(call->at, "after", 64, 64, &after);
	if (!r)
		r = sk_call_limit(call, &limit);
	if (!r)
		r = sk_json_put_array(call->out, "programs", &list);
	if (!r)
		r = sk_sql_use(call->fleet->sql, "SELECT " COLUMNS ",(SELECT count(*) FROM program_at a WHERE a.org=program.org AND a.hash=program.hash) FROM program "
						 "WHERE (?1 IS NULL OR org=?1) AND (?2 IS NULL OR decision=?2) AND hash>?3 AND (?4 IS NULL OR hash=lower(?4) OR "
						 "instr(lower(name||' '||publisher||' '||package),lower(?4))) ORDER BY hash", &stmt, "tttt", org, decision, after, text);
	while (!r && count < limit && (r = sk_sql_step(call->fleet->sql, stmt)) == 0) {
		if (!sk_call_sees(call, sk_sql_text(stmt, 1), ""))
			continue;
		r = put_row(call, stmt, list);
		count++;
	}
	return r == SK_NONE ? 0 : r;
}

static int review_one(struct sk_fleet_call *call, const char *org, const char *hash, const char *decision, const char *note)
{
	size_t before;
	int r = decision_of(call->fleet, org, hash, &before);

	if (r)
		return r;
	r = sk_sql_run(call->fleet->sql, "UPDATE program SET decision=?,reviewer=?,note=?,reviewed=? WHERE org=? AND hash=?", "ttti" "tt", decision, call->by, note,
		       sk_fleet_now(), org, hash);
	return r ? r : sk_sql_run(call->fleet->sql, "INSERT INTO program_review(org,hash,decision,by,note,created) VALUES(?,?,?,?,?,?)", "tttt" "ti", org, hash,
				  decision, call->by, note, sk_fleet_now());
}

int sk_verb_program_review(struct sk_fleet_call *call)
{
	const char *org, *note, *hash;
	struct sk_json list;
	size_t which;
	int r = SK_CALL_ONLY(call, "org", "hashes", "decision", "note");

	if (!r)
		r = sk_json_string(call->at, "org", 0, SK_FLEET_NAME_MAX, &org);
	if (!r && !sk_call_sees(call, org, ""))
		return SK_NONE;
	if (!r)
		r = sk_json_word(call->at, "decision", decisions, &which);
	if (!r)
		r = sk_json_string(call->at, "note", 0, SK_FLEET_NOTE_MAX, &note);
	if (!r)
		r = sk_json_array(call->at, "hashes", PROGRAMS_A_CALL, &list);
	for (size_t i = 0; !r && i < sk_json_length(&list); i++) {
		r = sk_json_item_string(&list, i, 64, 64, &hash);
		if (!r)
			r = review_one(call, org, hash, decisions[which], note);
	}
	SK_POINT("fleet.review");
	return r ? r : sk_json_put_u64(call->out, "reviewed", sk_json_length(&list));
}

/* Who decided what of one program, oldest first. */
int sk_verb_program_show(struct sk_fleet_call *call)
{
	static const char *const words[] = {"decision", "by", "note", NULL}, *const times[] = {"created", NULL};
	const char *org, *hash;
	struct json_object *list, *one;
	sqlite3_stmt *stmt;
	int r = SK_CALL_ONLY(call, "org", "sha256");

	if (!r)
		r = sk_json_string(call->at, "org", 0, SK_FLEET_NAME_MAX, &org);
	if (!r)
		r = sk_json_string(call->at, "sha256", 64, 64, &hash);
	if (!r && !sk_call_sees(call, org, ""))
		return SK_NONE;
	if (!r)
		r = sk_json_put_array(call->out, "reviews", &list);
	if (!r)
		r = sk_sql_use(call->fleet->sql, "SELECT decision,by,note,created FROM program_review WHERE org=? AND hash=? ORDER BY number", &stmt, "tt", org, hash);
	while (!r && (r = sk_sql_step(call->fleet->sql, stmt)) == 0) {
		one = json_object_new_object();
		r = one ? sk_json_append(list, one) : sk_origin(-ENOMEM);
		if (!r)
			r = sk_fleet_put_texts(one, stmt, 0, words);
		if (!r)
			r = sk_fleet_put_numbers(one, stmt, 3, times);
	}
	return r == SK_NONE ? 0 : r;
}
