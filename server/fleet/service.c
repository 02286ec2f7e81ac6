// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * fleet: the process that decides who belongs to us. It owns the certificate authority's key, fleet.db and its socket; it never touches the network and
 * never signs a policy (that key is offline, or with people). intake asks it who may come in and carries what it says; web and the command
 * call its verbs.
 *
 * What must not be lost (tokens used, certificates, revocations, policies, requests, decisions, results) is committed before it is answered or
 * pushed. Health and last-seen times are kept in memory and written every few seconds.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "fleet/inside.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/peer.h"
#include "sql/own.h"

enum { FLUSH_MS = 5000, TELL_MS = 100, MAX_OUTPUT = 128 << 20, HIGH_WATER = 16 << 20 };

static const char *const topics[] = {"agents", "requests", "policies", "commands"};

static const struct {
	const char *name;
	sk_fleet_verb *run;
	bool reads; /* changes nothing */
} verbs[] = {
	{"token.create", sk_verb_token_create, false},	     {"token.list", sk_verb_token_list, true},
	{"token.cancel", sk_verb_token_cancel, false},	     {"agent.list", sk_verb_agent_list, true},
	{"agent.show", sk_verb_agent_show, true},	     {"agent.label", sk_verb_agent_label, false},
	{"agent.revoke", sk_verb_agent_revoke, false},	     {"request.list", sk_verb_request_list, true},
	{"request.show", sk_verb_request_show, true},	     {"request.decide", sk_verb_request_decide, false},
	{"draft.list", sk_verb_draft_list, true},	     {"policy.publish", sk_verb_policy_publish, false},
	{"policy.list", sk_verb_policy_list, true},	     {"policy.show", sk_verb_policy_show, true},
	{"command.send", sk_verb_command_send, false},	     {"command.list", sk_verb_command_list, true},
	{"command.show", sk_verb_command_show, true},	     {"summary", sk_verb_summary, true},
	{"code.answer", sk_verb_code_answer, false},	     {"code.list", sk_verb_code_list, true},
	{"program.import", sk_verb_program_import, false},    {"program.list", sk_verb_program_list, true},
	{"program.review", sk_verb_program_review, false},    {"program.show", sk_verb_program_show, true},
};

int64_t sk_fleet_now(void)
{
	return (int64_t)sk_clock_ms();
}

/* ---- what verbs share ---- */

bool sk_call_sees(const struct sk_fleet_call *call, const char *org, const char *site)
{
	if (!call->scoped)
		return true;
	for (size_t i = 0; i < sk_json_length(&call->scopes); i++) {
		struct sk_json item = sk_json_item(&call->scopes, i);
		struct json_object *its_org = NULL, *its_site = NULL;

		json_object_object_get_ex(item.value, "org", &its_org);
		json_object_object_get_ex(item.value, "site", &its_site);
		if (its_org && strcmp(json_object_get_string(its_org), org) == 0 &&
		    (!its_site || strcmp(json_object_get_string(its_site), site) == 0))
			return true;
	}
	return false;
}

int sk_call_limit(const struct sk_fleet_call *call, uint64_t *ret_limit)
{
	*ret_limit = SK_FLEET_LIST_MAX;
	return sk_json_has(call->at, "limit") ? sk_json_u64(call->at, "limit", 1, SK_FLEET_LIST_MAX, ret_limit) : 0;
}

int sk_call_list_of_agents(struct sk_fleet_call *call, const char *name, const char *sql, int (*put)(sqlite3_stmt *stmt, struct json_object *one))
{
	struct json_object *list, *one;
	const char *agent = NULL;
	uint64_t limit, count = 0;
	sqlite3_stmt *stmt;
	int r = SK_CALL_ONLY(call, "agent", "limit");

	if (!r && sk_json_has(call->at, "agent"))
		r = sk_json_string(call->at, "agent", 1, SK_FLEET_ID, &agent);
	if (!r)
		r = sk_call_limit(call, &limit);
	if (!r)
		r = sk_json_put_array(call->out, name, &list);
	if (!r)
		r = sk_sql_use(call->fleet->sql, sql, &stmt, "t", agent);
	while (!r && count < limit && (r = sk_sql_step(call->fleet->sql, stmt)) == 0) {
		if (!sk_call_sees(call, sk_sql_text(stmt, 1), sk_sql_text(stmt, 2)))
			continue;
		one = json_object_new_object();
		r = one ? sk_json_append(list, one) : sk_origin(-ENOMEM);
		if (!r)
			r = put(stmt, one);
		count++;
	}
	return r == SK_NONE ? 0 : r;
}

int sk_call_conflict(struct sk_fleet_call *call, const char *text)
{
	sk_diag_path(call->diag, "", "%s", text);
	return SK_AGAIN;
}

const char *sk_fleet_text_of(struct json_object *value)
{
	return json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

struct json_object *sk_fleet_column_json(sqlite3_stmt *stmt, int column)
{
	struct json_object *value = NULL;
	const char *text = sk_sql_text(stmt, column);

	if (text[0] == '\0')
		return NULL;
	if (sk_json_parse(text, strlen(text), SK_FLEET_BODY_MAX * 2, &value, NULL))
		return json_object_new_object();
	return value;
}

int sk_fleet_put_texts(struct json_object *out, sqlite3_stmt *stmt, int first, const char *const *names)
{
	int r = 0;

	for (; !r && *names; names++, first++)
		r = sk_json_put_string(out, *names, sk_sql_text(stmt, first));
	return r;
}

int sk_fleet_put_numbers(struct json_object *out, sqlite3_stmt *stmt, int first, const char *const *names)
{
	int r = 0;

	for (; !r && *names; names++, first++)
		r = sqlite3_column_type(stmt, first) == SQLITE_NULL ? sk_json_put_null(out, *names)
								     : sk_json_put_i64(out, *names, sqlite3_column_int64(stmt, first));
	return r;
}

/* ---- telling others ---- */

static void send_json(struct sk_chan *chan, uint16_t type, uint32_t id, struct json_object *value)
{
	struct sk_buf text = SK_BUF(64 << 20);

	if (sk_json_canonical(value, &text))
		sk_chan_send_error(chan, id, "failed", "the answer could not be written");
	else
		sk_chan_send(chan, type, id, text.data, text.size);
	sk_buf_done(&text);
}

void sk_fleet_push(struct sk_fleet *fleet, const char *agent, const char *type, struct json_object *body)
{
	_cleanup_json_ struct json_object *push = json_object_new_object();

	if (!fleet->intake || !push || !body || sk_json_put_string(push, "agent", agent) || sk_json_put_string(push, "type", type)) {
		sk_json_free(body);
		return;
	}
	if (sk_json_put(push, "body", body) == 0)
		send_json(fleet->intake->chan, SK_F_PUSH, 0, push);
}

void sk_fleet_changed(struct sk_fleet *fleet, enum sk_fleet_topic topic)
{
	if (fleet->changed == 0)
		sk_timer_arm(fleet->tell, TELL_MS);
	fleet->changed |= 1u << topic;
}

static void tell_watchers(void *arg)
{
	struct sk_fleet *fleet = arg;
	char text[64];

	for (unsigned topic = 0; topic < SK_TOPIC_COUNT; topic++) {
		if (!(fleet->changed & 1u << topic))
			continue;
		snprintf(text, sizeof text, "{\"changed\":\"%s\"}", topics[topic]);
		sk_list_each(client, &fleet->clients, struct sk_fleet_client, link)
			if (client->watch)
				sk_chan_send(client->chan, SK_F_PROGRESS, client->watch, text, strlen(text));
	}
	fleet->changed = 0;
}

static void flush(void *arg)
{
	sk_agents_flush(arg);
}

/* ---- calls ---- */

static int run_in_transaction(struct sk_fleet_call *call, sk_fleet_verb *verb, bool reads)
{
	struct sk_fleet *fleet = call->fleet;
	int r;

	if (reads)
		return verb(call);
	r = sk_sql_begin(fleet->sql);
	if (!r)
		r = verb(call);
	if (!r) {
		r = sk_sql_commit(fleet->sql);
		if (r)
			sk_agents_load(fleet);
		return r;
	}
	sk_sql_rollback(fleet->sql);
	return r;
}

static void answer(struct sk_fleet_call *call, int r)
{
	static const struct {
		int result;
		const char *code, *text;
	} errors[] = {{SK_BAD, "bad", NULL},	     {SK_NONE, "none", "there is no such thing"},
		      {SK_DENIED, "denied", NULL},   {SK_AGAIN, "conflict", NULL},
		      {SK_FULL, "limit", "a limit is reached, or the disk is full"}};
	struct sk_chan *chan = call->client->chan;
	char text[512];

	if (r == 0) {
		send_json(chan, SK_F_RESULT, call->id, call->out);
		return;
	}
	for (size_t i = 0; i < SK_ARRAY_SIZE(errors); i++)
		if (errors[i].result == r) {
			sk_chan_send_error(chan, call->id, errors[i].code,
					   errors[i].text ? errors[i].text : sk_diag_format(call->diag, text, sizeof text));
			return;
		}
	sk_chan_send_error(chan, call->id, "failed", "the fleet could not do it; its log says why");
}

static int run_verb(struct sk_fleet_call *call)
{
	const char *name;
	int r = sk_json_string(call->at, "verb", 1, 32, &name);

	if (r)
		return r;
	for (size_t i = 0; i < SK_ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return run_in_transaction(call, verbs[i].run, verbs[i].reads);
	return sk_json_refuse(call->at, "verb", "the fleet does not know this verb");
}

/* Who asks and what they may see: read before the verb is. */
static int read_asker(struct sk_fleet_call *call)
{
	int r = 0;

	call->by = call->client->role;
	if (sk_json_has(call->at, "by"))
		r = sk_json_string(call->at, "by", 1, SK_FLEET_NAME_MAX, &call->by);
	if (r || !sk_json_has(call->at, "scopes"))
		return r;
	call->scoped = true;
	r = sk_json_array(call->at, "scopes", 64, &call->scopes);
	for (size_t i = 0; !r && i < sk_json_length(&call->scopes); i++) {
		struct sk_json item;
		const char *text;

		r = sk_json_item_object(&call->scopes, i, &item);
		if (!r)
			r = SK_JSON_ONLY(&item, "org", "site");
		if (!r)
			r = sk_json_string(&item, "org", 0, SK_FLEET_NAME_MAX, &text);
		if (!r && sk_json_has(&item, "site"))
			r = sk_json_string(&item, "site", 0, SK_FLEET_NAME_MAX, &text);
	}
	return r;
}

int sk_fleet_run_call(struct sk_fleet_call *call)
{
	int r = read_asker(call);

	return r ? r : run_verb(call);
}

static bool is_watch(const struct sk_json *at)
{
	struct json_object *verb = NULL;

	return json_object_object_get_ex(at->value, "verb", &verb) && json_object_is_type(verb, json_type_string) &&
	       strcmp(json_object_get_string(verb), "watch") == 0;
}

static void on_call(struct sk_fleet_client *client, uint32_t id, const struct sk_json *at, struct sk_diag *diag)
{
	_cleanup_json_ struct json_object *out = json_object_new_object();
	struct sk_fleet_call call = {.fleet = client->fleet, .client = client, .id = id, .at = at, .out = out, .diag = diag};
	int r;

	if (is_watch(at)) {
		client->watch = id;
		return;
	}
	r = out ? sk_fleet_run_call(&call) : sk_origin(-ENOMEM);
	answer(&call, r);
	if (!r && call.after)
		call.after(client->fleet);
}

/* ---- intake ---- */

static int take_up(struct sk_fleet *fleet, struct sk_fleet_agent *agent, const char *type, const struct sk_json *body, bool *answers)
{
	*answers = strcmp(type, "request") == 0 || strcmp(type, "result") == 0;
	if (strcmp(type, "attach") == 0)
		sk_agents_attach(fleet, agent, body);
	else if (strcmp(type, "detach") == 0)
		sk_agents_detach(fleet, agent);
	else if (strcmp(type, "health") == 0)
		sk_agents_health(fleet, agent, body);
	else if (strcmp(type, "policy_state") == 0)
		sk_agents_policy_state(fleet, agent, body);
	else if (strcmp(type, "request") == 0)
		return sk_requests_take(fleet, agent, body);
	else if (strcmp(type, "answer_taken") == 0)
		return sk_requests_answered(fleet, agent, body);
	else if (strcmp(type, "result") == 0)
		return sk_commands_result(fleet, agent, body);
	else
		return sk_json_refuse(body, NULL, "the fleet does not know this type");
	return 0;
}

int sk_fleet_take_up(struct sk_fleet *fleet, const struct sk_json *at, bool *ret_answers)
{
	struct sk_fleet_agent *agent;
	const char *name, *type;
	struct sk_json body;
	int r = sk_json_string(at, "agent", 1, SK_FLEET_ID, &name);

	*ret_answers = false;
	if (!r)
		r = sk_json_string(at, "type", 1, 32, &type);
	if (!r)
		r = sk_json_object(at, "body", &body);
	if (r)
		return r;
	agent = sk_agents_find(fleet, name);
	return agent && !agent->revoked ? take_up(fleet, agent, type, &body, ret_answers) : SK_DENIED;
}

static void on_up(struct sk_fleet_client *client, uint32_t id, const struct sk_json *at)
{
	bool answers;
	char text[512];
	int r = sk_fleet_take_up(client->fleet, at, &answers);

	if (r)
		sk_chan_send_error(client->chan, id, r == SK_BAD ? "bad" : r == SK_FULL ? "limit" : "failed",
				   r == SK_BAD ? sk_diag_format(at->diag, text, sizeof text) : "the fleet could not take it");
	else if (answers)
		sk_chan_send(client->chan, SK_F_UP_TAKEN, id, "{}", 2);
}

static void subscribe(struct sk_fleet_client *client)
{
	struct sk_fleet *fleet = client->fleet;
	size_t position = 0;
	struct sk_fleet_agent *agent;

	fleet->intake = client;
	while ((agent = sk_map_next(fleet->agents, &position, NULL, NULL)))
		agent->connected = false; /* it will say who is */
	if (sk_agents_admit_all(fleet))
		sk_log(SK_LOG_ERROR, "cannot say who is admitted");
}

/* ---- sockets ---- */

static void handle(struct sk_fleet_client *client, const struct sk_frame *frame, const struct sk_json *at, struct sk_diag *diag)
{
	bool root = strcmp(client->role, "root") == 0, intake = root || strcmp(client->role, "intake") == 0;
	bool caller = root || strcmp(client->role, "web") == 0; /* intake faces the network: it decides nothing */

	if (frame->type == SK_F_CALL ? !caller : !intake)
		sk_chan_send_error(client->chan, frame->id, "denied", "this is not for you to ask");
	else if (frame->type == SK_F_CALL)
		on_call(client, frame->id, at, diag);
	else if (frame->type == SK_F_SUBSCRIBE)
		subscribe(client);
	else if (frame->type == SK_F_UP)
		on_up(client, frame->id, at);
	else if (frame->type == SK_F_ENROL)
		sk_fleet_enrol(client, frame->id, at);
}

static void on_frame(struct sk_chan *chan, void *arg, const struct sk_frame *frame)
{
	_cleanup_json_ struct json_object *tree = NULL;
	struct sk_fleet_client *client = arg;
	struct sk_diag diag = {0};
	struct sk_json at;
	char text[512];

	if (sk_json_parse_object(frame->body, frame->size, frame->size, &tree, &diag)) {
		sk_chan_send_error(chan, frame->id, "bad", sk_diag_format(&diag, text, sizeof text));
		return;
	}
	at = SK_JSON(tree, "", &diag);
	handle(client, frame, &at, &diag);
}

static void client_free(struct sk_fleet_client *client)
{
	struct sk_fleet *fleet = client->fleet;

	if (fleet->intake == client)
		fleet->intake = NULL;
	sk_list_remove(&client->link);
	sk_chan_free(client->chan);
	fleet->client_count--;
	free(client);
}

static void on_close(struct sk_chan *chan, void *arg, const struct sk_diag *why)
{
	(void)chan;
	(void)why;
	client_free(arg);
}

static const struct sk_chan_handler handler = {.on_frame = on_frame, .on_close = on_close};

static void on_accept(void *arg, int fd, uid_t uid)
{
	const struct sk_chan_opts opts = {.proto = SK_PROTO_FLEET, .side = SK_SERVER, .high_water = HIGH_WATER, .max_output = MAX_OUTPUT};
	struct sk_fleet *fleet = arg;
	const char *role = sk_role_of(uid);
	struct sk_fleet_client *client;

	if (!role || fleet->client_count >= SK_FLEET_CLIENTS_MAX) {
		sk_log(SK_LOG_WARNING, "fleet.sock: %s", role ? "too many clients" : "a stranger was turned away");
		close(fd);
		return;
	}
	client = sk_calloc(1, sizeof *client);
	if (!client || sk_chan_new_fd(fleet->loop, fd, &handler, client, &opts, &client->chan)) {
		free(client);
		close(fd);
		return;
	}
	client->fleet = fleet;
	client->role = role;
	sk_list_append(&fleet->clients, &client->link);
	fleet->client_count++;
}

/* ---- beginning and end ---- */

static int read_file(int folder, const char *name, struct sk_buf *out)
{
	int r = sk_file_read(folder, name, SK_PEM_MAX, out);

	if (r)
		sk_log(SK_LOG_ERROR, SK_FLEET_FOLDER "/%s cannot be read: run `sekisho server init` first", name);
	return r;
}

static int read_keys(struct sk_fleet *fleet, int folder)
{
	_cleanup_buf_ struct sk_buf ca = SK_BUF(SK_PEM_MAX), key = SK_BUF(SK_PEM_MAX), server = SK_BUF(SK_PEM_MAX), site = SK_BUF(4096);
	struct sk_public site_key;
	struct sk_diag diag = {0};
	int r = read_file(folder, "ca.pem", &ca);

	if (!r)
		r = read_file(folder, "ca.key", &key);
	if (!r)
		r = read_file(folder, "server.pem", &server);
	if (!r)
		r = read_file(folder, "site.pub", &site);
	if (!r)
		r = sk_cert_parse(ca.data, ca.size, &diag, &fleet->ca);
	if (!r)
		r = sk_tls_key_parse(key.data, key.size, &diag, &fleet->ca_key);
	if (!r)
		r = sk_cert_parse(server.data, server.size, &diag, &fleet->server);
	if (!r)
		r = sk_public_parse(site.data, site.size, &diag, &site_key);
	if (key.data)
		sk_wipe(key.data, key.size);
	if (r == SK_BAD)
		sk_log(SK_LOG_ERROR, SK_FLEET_FOLDER ": %s", diag.text);
	if (r)
		return r;
	sk_public_text(&site_key, fleet->site_text);
	sk_trust_init(&fleet->trust, &site_key);
	return 0;
}

static int open_database(struct sk_fleet *fleet, const char *folder)
{
	char path[4096];
	int r;

	snprintf(path, sizeof path, "%s/fleet.db", folder);
	r = sk_sql_open(path, 0, &fleet->sql);
	if (!r)
		r = sk_sql_migrate(fleet->sql, sk_fleet_scripts, sk_fleet_script_count);
	if (!r)
		r = sk_map_new(4096, free, &fleet->guesses);
	if (!r)
		r = sk_agents_load(fleet);
	return r ? r : sk_policies_load(fleet);
}

static int begin(struct sk_fleet *fleet, const char *folder, int listener)
{
	_cleanup_close_ int dir = -1;
	int r = sk_dir_open(folder, "", &dir);

	if (!r)
		r = read_keys(fleet, dir);
	if (!r)
		r = open_database(fleet, folder);
	if (!r)
		r = sk_watch_timer(fleet->loop, flush, fleet, &fleet->flush);
	if (!r)
		r = sk_timer_arm_every(fleet->flush, FLUSH_MS);
	if (!r)
		r = sk_watch_timer(fleet->loop, tell_watchers, fleet, &fleet->tell);
	return r ? r : sk_accept_new(fleet->loop, listener, on_accept, fleet, &fleet->accept);
}

int sk_fleet_new(struct sk_loop *loop, const char *folder, int listener, const struct sk_fleet_conf *conf, struct sk_fleet **ret_fleet)
{
	struct sk_fleet *fleet = sk_calloc(1, sizeof *fleet);
	int r;

	if (!fleet)
		return sk_origin(-ENOMEM);
	fleet->loop = loop;
	fleet->conf = *conf;
	sk_list_init(&fleet->clients);
	r = begin(fleet, folder, listener);
	if (r) {
		sk_fleet_free(fleet);
		return r;
	}
	*ret_fleet = fleet;
	return 0;
}

static void free_agents(struct sk_fleet *fleet)
{
	size_t position = 0;
	struct sk_fleet_agent *agent;

	while (fleet->agents && (agent = sk_map_next(fleet->agents, &position, NULL, NULL)))
		sk_agent_free(agent);
	fleet->agents = sk_map_free(fleet->agents);
}

struct sk_fleet *sk_fleet_free(struct sk_fleet *fleet)
{
	if (!fleet)
		return NULL;
	sk_accept_free(fleet->accept);
	sk_list_each(client, &fleet->clients, struct sk_fleet_client, link)
		client_free(client);
	if (fleet->sql && fleet->agents)
		sk_agents_flush(fleet);
	sk_watch_free(fleet->flush);
	sk_watch_free(fleet->tell);
	free_agents(fleet);
	sk_map_free(fleet->guesses);
	sk_sql_close(fleet->sql);
	sk_cert_free(fleet->ca);
	sk_cert_free(fleet->server);
	sk_tls_key_free(fleet->ca_key);
	sk_trust_done(&fleet->trust);
	free(fleet);
	return NULL;
}

const struct sk_land_rule sk_fleet_land[] = {{SK_FLEET_FOLDER, SK_LAND_READ | SK_LAND_WRITE}, {"/dev/urandom", SK_LAND_READ | SK_LAND_HOST}, {0}};

int sk_fleet_prepare(const struct sk_duty_ctx *ctx, uid_t uid, gid_t gid)
{
	int r = sk_dir_make(ctx->root_dir, SK_FLEET_FOLDER, uid, gid, 0700);

	return r ? r : sk_folder_own(ctx->root_dir, SK_FLEET_FOLDER, uid, gid, 0600);
}

int sk_fleet_run(const struct sk_duty_ctx *ctx, const struct sk_fleet_conf *conf)
{
	struct sk_fleet *fleet = NULL;
	struct sk_loop *loop;
	char folder[4096];
	int r = sk_duty_loop(ctx, NULL, NULL, &loop);

	if (r)
		return 1;
	snprintf(folder, sizeof folder, "%s/" SK_FLEET_FOLDER, ctx->root);
	r = sk_fleet_new(loop, folder, sk_duty_listener(ctx, SK_FLEET_SOCKET), conf, &fleet);
	if (!r) {
		sk_duty_ready(ctx);
		r = sk_loop_run(loop);
	}
	sk_fleet_free(fleet);
	sk_duty_loop_free(ctx, loop);
	return r ? 1 : 0;
}
