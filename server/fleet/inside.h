// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The inside of fleet. One thread, one loop, one database.
 *
 * service.c   sockets, roles, transactions, who is told of changes      agents.c    agents: kept in memory as well, health, attach, revoke
 * tokens.c    enrolment tokens                                          enrol.c     the certificate authority
 * policies.c  signed policies, and which agent gets which               requests.c  requests, decisions, drafts
 * commands.c  commands and their results                                codes.c     answers that are read over a telephone
 * programs.c  programs by hash, reviewed once for all      db.c        the tables
 *
 * A CALL runs inside one transaction: a verb that fails leaves nothing behind. Memory follows the database: when a commit fails, agents are read anew.
 */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "crypto/x509.h"
#include "fleet/fleet.h"
#include "policy/policy.h"
#include "sql/sql.h"
#include "wire/chan.h"
#include "wire/fleet.h"
#include "wire/json.h"
#include "wire/link.h"

enum { SK_FLEET_ID = 64, SK_FLEET_CLIENTS_MAX = 64 };

struct sk_fleet_agent {
	char id[SK_FLEET_ID + 1];
	char host[SK_FLEET_NAME_MAX + 1], machine[SK_FLEET_NAME_MAX + 1], org[SK_FLEET_NAME_MAX + 1], site[SK_FLEET_NAME_MAX + 1];
	struct json_object *labels; /* an object of texts */
	int64_t enrolled, revoked, last_seen, health_at;
	char *reason;  /* of the revocation; NULL */
	char version[65], address[48];
	struct json_object *health, *policy; /* as the agent sent them; NULL */
	bool connected;
	char pushed[SK_PART_COUNT][65]; /* of each part, hash of the policy pushed in this session; "" = none */
	struct json_object *gateway; /* POLICY_STATE of its gateway, said in this session; NULL = none */
	int64_t pushed_revocations; /* serial, likewise */
	bool dirty;         /* last_seen, health, policy: to be written */
};

struct sk_fleet {
	struct sk_loop *loop;
	struct sk_fleet_conf conf;
	struct sk_sql *sql;
	struct sk_cert *ca, *server;
	struct sk_tls_key *ca_key;
	struct sk_trust trust;
	char site_text[SK_PUBLIC_TEXT_SIZE];
	struct sk_map *agents;   /* id to struct sk_fleet_agent */
	struct sk_list clients;
	unsigned client_count;
	struct sk_fleet_client *intake; /* who subscribed last; NULL */
	struct sk_accept *accept;
	struct sk_watch *flush, *tell;
	unsigned changed;        /* bits of enum sk_fleet_topic */
	struct sk_map *guesses;  /* address to struct guesses: wrong tokens */
};

enum sk_fleet_topic { SK_TOPIC_AGENTS, SK_TOPIC_REQUESTS, SK_TOPIC_POLICIES, SK_TOPIC_COMMANDS, SK_TOPIC_COUNT };

struct sk_fleet_client {
	struct sk_list link;
	struct sk_fleet *fleet;
	struct sk_chan *chan;
	const char *role;
	uint32_t watch; /* id of its watch, 0 = none */
};

/* One CALL. */
struct sk_fleet_call {
	struct sk_fleet *fleet;
	struct sk_fleet_client *client;
	uint32_t id;
	const char *by;
	const struct sk_json *at;
	bool scoped;
	struct sk_json scopes;
	struct json_object *out;    /* the RESULT; members are added */
	struct sk_diag *diag;
	void (*after)(struct sk_fleet *fleet); /* once it is committed and answered: tells endpoints */
};

/*
 * A verb: 0 and members in call->out; SK_BAD with the diag; SK_NONE no such thing (or out of scope); SK_DENIED; SK_AGAIN it conflicts with what was
 * decided before (the diag says); SK_FULL a limit; negative.
 */
typedef int sk_fleet_verb(struct sk_fleet_call *call);
sk_fleet_verb sk_verb_token_create, sk_verb_token_list, sk_verb_token_cancel, sk_verb_agent_list, sk_verb_agent_show, sk_verb_agent_label,
	sk_verb_agent_revoke, sk_verb_request_list, sk_verb_request_show, sk_verb_request_decide, sk_verb_draft_list, sk_verb_policy_publish,
	sk_verb_policy_list, sk_verb_policy_show, sk_verb_command_send, sk_verb_command_list, sk_verb_command_show, sk_verb_summary,
	sk_verb_code_answer, sk_verb_code_list, sk_verb_program_import, sk_verb_program_list, sk_verb_program_review, sk_verb_program_show;

/* service.c */
/* Reads who asks, finds the verb and runs it. As a verb. */
int sk_fleet_run_call(struct sk_fleet_call *call);
/* The body of UP, in the name of an agent. 0, SK_BAD, SK_DENIED, SK_FULL or negative; *ret_answers: UP_TAKEN is due. */
int sk_fleet_take_up(struct sk_fleet *fleet, const struct sk_json *at, bool *ret_answers);
bool sk_call_sees(const struct sk_fleet_call *call, const char *org, const char *site);
#define SK_CALL_ONLY(call, ...) sk_json_only((call)->at, (const char *const[]){"verb", "by", "scopes", __VA_ARGS__, NULL})
/* An endpoint in sight, by id, or by host name when only one has it; not a revoked one. 0, SK_NONE, SK_AGAIN. codes.c */
int sk_call_find_agent(struct sk_fleet_call *call, const char *name, struct sk_fleet_agent **ret_agent);
int sk_call_limit(const struct sk_fleet_call *call, uint64_t *ret_limit); /* "limit", default and at most SK_FLEET_LIST_MAX */
/*
 * A verb that lists what belongs to endpoints; the call may name one ("agent") and a limit. Rows of `sql`, whose ?1 is that agent or NULL, have org and site in
 * their columns 1 and 2; `put` fills an object of the list `name` with one.
 */
int sk_call_list_of_agents(struct sk_fleet_call *call, const char *name, const char *sql, int (*put)(sqlite3_stmt *stmt, struct json_object *one));
int sk_call_conflict(struct sk_fleet_call *call, const char *text);       /* SK_AGAIN with the reason */
void sk_fleet_changed(struct sk_fleet *fleet, enum sk_fleet_topic topic);
/* To intake, if there is one: PUSH {"agent","type","body"}; takes `body`. */
void sk_fleet_push(struct sk_fleet *fleet, const char *agent, const char *type, struct json_object *body);
int64_t sk_fleet_now(void); /* ms */
/* A column that holds JSON we wrote, as a tree; an empty object when it cannot be read. */
struct json_object *sk_fleet_column_json(sqlite3_stmt *stmt, int column);
const char *sk_fleet_text_of(struct json_object *value); /* compact, lives with the value */
/* Puts the columns `first` ... as text members under the names. */
int sk_fleet_put_texts(struct json_object *out, sqlite3_stmt *stmt, int first, const char *const *names);
int sk_fleet_put_numbers(struct json_object *out, sqlite3_stmt *stmt, int first, const char *const *names);

/* db.c */
extern const char *const sk_fleet_scripts[];
extern const int sk_fleet_script_count;

/* agents.c */
int sk_agents_load(struct sk_fleet *fleet);
struct sk_fleet_agent *sk_agents_find(struct sk_fleet *fleet, const char *id);
int sk_agents_add(struct sk_fleet *fleet, struct sk_fleet_agent *agent); /* takes it on 0 */
struct sk_fleet_agent *sk_agent_free(struct sk_fleet_agent *agent);
struct sk_place sk_agent_place(const struct sk_fleet_agent *agent);
void sk_agents_attach(struct sk_fleet *fleet, struct sk_fleet_agent *agent, const struct sk_json *body);
void sk_agents_detach(struct sk_fleet *fleet, struct sk_fleet_agent *agent);
void sk_agents_health(struct sk_fleet *fleet, struct sk_fleet_agent *agent, const struct sk_json *body);
void sk_agents_policy_state(struct sk_fleet *fleet, struct sk_fleet_agent *agent, const struct sk_json *body);
int sk_agents_flush(struct sk_fleet *fleet);
int sk_agents_admit_all(struct sk_fleet *fleet); /* everything intake must know, then "ready" */
void sk_agents_admit(struct sk_fleet *fleet, const struct sk_fleet_agent *agent, const uint8_t fingerprint[SK_SHA256_SIZE]);
int sk_fleet_read_labels(const struct sk_json *at, struct json_object **ret_labels);

/* tokens.c */
enum { SK_TOKEN_SIZE = 24 /* "abcde-fghij-klmno-pqrst" and the zero */ };
/* SHA-256 of the token as it is kept; SK_BAD when it cannot be one. */
int sk_token_hash(const char *text, uint8_t ret_hash[SK_SHA256_SIZE]);

/* enrol.c */
void sk_fleet_enrol(struct sk_fleet_client *client, uint32_t id, const struct sk_json *at);

/* policies.c */
int sk_policies_load(struct sk_fleet *fleet); /* the newest revocations into fleet->trust */
/* The policy an agent should have: serial and payload hash (hex, 65 bytes). SK_NONE. */
int sk_policies_assigned(struct sk_fleet *fleet, const struct sk_fleet_agent *agent, int64_t *ret_serial, char ret_hash[65]);
void sk_policies_push(struct sk_fleet *fleet, struct sk_fleet_agent *agent);

/* requests.c */
int sk_requests_take(struct sk_fleet *fleet, const struct sk_fleet_agent *agent, const struct sk_json *body); /* 0 also when it was there */
int sk_requests_answered(struct sk_fleet *fleet, const struct sk_fleet_agent *agent, const struct sk_json *body);
void sk_requests_push(struct sk_fleet *fleet, const struct sk_fleet_agent *agent);
/* Drafts that this policy fulfils become published. */
int sk_drafts_fulfil(struct sk_fleet *fleet, const struct sk_policy *policy, struct json_object *ret_ids);

/* commands.c */
int sk_commands_result(struct sk_fleet *fleet, const struct sk_fleet_agent *agent, const struct sk_json *body);
void sk_commands_push(struct sk_fleet *fleet, const struct sk_fleet_agent *agent);
