// SPDX-License-Identifier: GPL-3.0-or-later
/* Owns the channels of console.sock. One question at a time a channel; a verb is a row of the table. */
#include "web/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/clock.h"
#include "os/peer.h"
#include "wire/chan.h"
#include "wire/json.h"
#include "web/handlers.h"

enum { CLIENTS_MAX = 16 };

struct sk_control {
	struct sk_web *web;
	struct sk_accept *accept;
	struct sk_list clients;
	size_t count;
};

struct client {
	struct sk_list link;
	struct sk_control *control;
	struct sk_chan *chan;
	struct sk_pass_job *job;
	json_object *call; /* the question that waits for its password */
	uint32_t id;
};

/* A verb: fills `result`. SK_BAD with *ret_why; SK_NONE. `record` is the password of the call, made beforehand. */
struct verb {
	const char *name;
	enum sk_object object;
	enum sk_verb verb;
	bool password;
	int (*run)(struct sk_web *web, json_object *call, const char *record, json_object *result, const char **ret_why);
};

static int audit(struct sk_web *web, const char *action, const char *object, const char *org, const char *site)
{
	struct sk_audit entry = {.actor = "root", .from = "local", .action = action, .object = object, .org = org, .site = site};

	return sk_audit_write(&web->db, &entry);
}

static int read_grant(json_object *call, struct sk_grant *grant, const char **ret_why)
{
	const char *org = sk_field_text(call, "org"), *site = sk_field_text(call, "site");

	*grant = (struct sk_grant){0};
	*ret_why = "role: administrator, security, engineer, assessor or viewer";
	if (sk_role_find(sk_field_text(call, "role"), &grant->role))
		return SK_BAD;
	*ret_why = "org and site: letters, digits, '.', '-', '_'; a site needs its org";
	if ((org[0] && !sk_place_name_valid(org)) || (site[0] && (!org[0] || !sk_place_name_valid(site))))
		return SK_BAD;
	snprintf(grant->org, sizeof grant->org, "%s", org);
	snprintf(grant->site, sizeof grant->site, "%s", site);
	return 0;
}

static int user_add(struct sk_web *web, json_object *call, const char *record, json_object *result, const char **ret_why)
{
	const char *name = sk_field_text(call, "name");
	struct sk_grant grant;
	int64_t id = 0;
	int r;

	r = read_grant(call, &grant, ret_why);
	if (r)
		return r;
	*ret_why = "the name is taken, or not one of a-z, 0-9, '.', '-', '_', '@'";
	r = sk_user_add(&web->db, name, sk_field_text(call, "display"), record, sk_field_text(call, "language"), sk_field_bool(call, "must_change"), &id);
	r = r ? r : sk_user_grant(&web->db, id, &grant);
	r = r ? r : audit(web, "user.add", name, grant.org, grant.site);
	sk_put_i(result, "id", id);
	return r;
}

static int user_list(struct sk_web *web, json_object *call, const char *record, json_object *result, const char **ret_why)
{
	json_object *users = NULL;
	int r = sk_user_list(&web->db, &users);

	sk_put_o(result, "users", users);
	return r;
}

static int user_password(struct sk_web *web, json_object *call, const char *record, json_object *result, const char **ret_why)
{
	const char *name = sk_field_text(call, "name");
	int64_t id;
	int r;

	r = sk_user_lookup(&web->db, name, &id);
	r = r ? r : sk_user_set_password(&web->db, id, record, sk_field_bool(call, "must_change"), NULL);
	r = r ? r : sk_lock_clear(&web->db, name);
	return r ? r : audit(web, "user.password", name, "", "");
}

static int change_grant(struct sk_web *web, json_object *call, bool give, const char **ret_why)
{
	const char *name = sk_field_text(call, "name");
	struct sk_grant grant;
	int64_t id;
	int r;

	r = read_grant(call, &grant, ret_why);
	r = r ? r : sk_user_lookup(&web->db, name, &id);
	r = r ? r : give ? sk_user_grant(&web->db, id, &grant) : sk_user_revoke(&web->db, id, &grant);
	return r ? r : audit(web, give ? "user.grant" : "user.ungrant", name, grant.org, grant.site);
}

static int user_grant(struct sk_web *web, json_object *call, const char *record, json_object *result, const char **ret_why)
{
	return change_grant(web, call, true, ret_why);
}

static int user_ungrant(struct sk_web *web, json_object *call, const char *record, json_object *result, const char **ret_why)
{
	return change_grant(web, call, false, ret_why);
}

static int set_disabled(struct sk_web *web, json_object *call, bool disabled)
{
	int64_t id;
	int r;

	r = sk_user_lookup(&web->db, sk_field_text(call, "name"), &id);
	r = r ? r : sk_user_set_disabled(&web->db, id, disabled);
	return r ? r : audit(web, disabled ? "user.disable" : "user.enable", sk_field_text(call, "name"), "", "");
}

static int user_disable(struct sk_web *web, json_object *call, const char *record, json_object *result, const char **ret_why)
{
	return set_disabled(web, call, true);
}

static int user_enable(struct sk_web *web, json_object *call, const char *record, json_object *result, const char **ret_why)
{
	return set_disabled(web, call, false);
}

static int user_unlock(struct sk_web *web, json_object *call, const char *record, json_object *result, const char **ret_why)
{
	int64_t id;
	int r;

	r = sk_user_lookup(&web->db, sk_field_text(call, "name"), &id);
	r = r ? r : sk_lock_clear(&web->db, sk_field_text(call, "name"));
	return r ? r : audit(web, "user.unlock", sk_field_text(call, "name"), "", "");
}

static int token_list(struct sk_web *web, json_object *call, const char *record, json_object *result, const char **ret_why)
{
	json_object *tokens = NULL;
	int r = sk_token_list(&web->db, 0, &tokens);

	sk_put_o(result, "tokens", tokens);
	return r;
}

static int token_revoke(struct sk_web *web, json_object *call, const char *record, json_object *result, const char **ret_why)
{
	int r = sk_token_revoke(&web->db, sk_field_int(call, "id"), 0, (int64_t)sk_clock_ms());

	return r ? r : audit(web, "account.token.revoke", sk_field_text(call, "id"), "", "");
}

static int audit_verify(struct sk_web *web, json_object *call, const char *record, json_object *result, const char **ret_why)
{
	struct sk_audit_state state;
	char head[2 * SK_SHA256_SIZE + 1];
	int r = sk_audit_verify(&web->db, &state);

	if (r)
		return r;
	sk_put_i(result, "entries", state.entries);
	sk_put_s(result, "head", sk_hex(state.head, sizeof state.head, head));
	sk_put_i(result, "broken", state.broken);
	sk_put_s(result, "why", state.why);
	return 0;
}

static int audit_list(struct sk_web *web, json_object *call, const char *record, json_object *result, const char **ret_why)
{
	int64_t limit = sk_field_int(call, "limit");
	json_object *lines = NULL;
	int r;

	r = sk_audit_list(&web->db, NULL, 0, true, sk_field_int(call, "before"), limit > 0 && limit <= 10000 ? limit : 100, &lines);
	sk_put_o(result, "lines", lines);
	return r;
}

static const struct verb verbs[] = {
	{"user.add", SK_OBJECT_USER, SK_VERB_WRITE, true, user_add},
	{"user.list", SK_OBJECT_USER, SK_VERB_READ, false, user_list},
	{"user.password", SK_OBJECT_USER, SK_VERB_WRITE, true, user_password},
	{"user.grant", SK_OBJECT_USER, SK_VERB_WRITE, false, user_grant},
	{"user.ungrant", SK_OBJECT_USER, SK_VERB_REVOKE, false, user_ungrant},
	{"user.disable", SK_OBJECT_USER, SK_VERB_REVOKE, false, user_disable},
	{"user.enable", SK_OBJECT_USER, SK_VERB_WRITE, false, user_enable},
	{"user.unlock", SK_OBJECT_USER, SK_VERB_WRITE, false, user_unlock},
	{"token.list", SK_OBJECT_USER, SK_VERB_READ, false, token_list},
	{"token.revoke", SK_OBJECT_USER, SK_VERB_REVOKE, false, token_revoke},
	{"audit.verify", SK_OBJECT_AUDIT, SK_VERB_READ, false, audit_verify},
	{"audit.list", SK_OBJECT_AUDIT, SK_VERB_READ, false, audit_list},
};

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

/* ---- answering ---- */

static void answer_error(struct client *c, uint32_t id, int r, const char *why)
{
	const char *code = r == SK_BAD ? "bad" : r == SK_NONE ? "none" : r == SK_FULL ? "limit" : r == SK_DENIED ? "denied" : "failed";

	if (!why)
		why = r == SK_NONE ? "no such thing" : r == SK_FULL ? "too many" : r == SK_DENIED ? "not allowed" : "it failed; see the console's log";
	sk_chan_send_error(c->chan, id, code, why);
}

static void run_verb(struct client *c, const struct verb *verb, json_object *call, uint32_t id, const char *record)
{
	_cleanup_json_ json_object *result = json_object_new_object();
	_cleanup_buf_ struct sk_buf text = SK_BUF(16 << 20);
	const char *why = NULL;
	int r;

	r = sk_db_begin(&c->control->web->db);
	if (!r)
		r = sk_db_end(&c->control->web->db, verb->run(c->control->web, call, record, result, &why));
	r = r ? r : sk_json_canonical(result, &text);
	if (r)
		answer_error(c, id, r, r == SK_BAD ? why : NULL);
	else
		sk_chan_send(c->chan, SK_F_RESULT, id, text.data, text.size);
}

static void on_password(void *arg, const struct sk_pass_result *result)
{
	struct client *c = arg;
	json_object *call = SK_TAKE(c->call);

	c->job = NULL;
	if (result->result)
		answer_error(c, c->id, result->result, NULL);
	else
		run_verb(c, find_verb(sk_field_text(call, "verb")), call, c->id, result->record);
	sk_json_free(call);
}

static void start_password(struct client *c, json_object *call, uint32_t id)
{
	const char *password = sk_field_text(call, "password");
	int r;

	if (c->call) {
		answer_error(c, id, SK_FULL, NULL);
		return;
	}
	if (sk_password_fault(password, sk_field_text(call, "name"))) {
		answer_error(c, id, SK_BAD, "the password needs 12 characters and may not be the name");
		return;
	}
	r = sk_pass_make(c->control->web->pass, password, on_password, c, &c->job);
	if (r) {
		answer_error(c, id, r, NULL);
		return;
	}
	c->id = id;
	c->call = json_object_get(call);
}

static void on_frame(struct sk_chan *chan, void *arg, const struct sk_frame *frame)
{
	/* The command speaks as root of this machine: an administrator everywhere, by the same table. */
	static const struct sk_grant root[] = {{.role = SK_ROLE_ADMINISTRATOR}};
	struct client *c = arg;
	_cleanup_json_ json_object *call = NULL;
	const struct verb *verb;
	struct sk_diag diag = {0};

	if (frame->type != SK_F_CALL || sk_json_parse_object(frame->body, frame->size, 1 << 20, &call, &diag)) {
		answer_error(c, frame->id, SK_BAD, diag.text);
		return;
	}
	verb = find_verb(sk_field_text(call, "verb"));
	if (!verb)
		answer_error(c, frame->id, SK_BAD, "no such verb");
	else if (!sk_permitted(root, 1, verb->object, verb->verb, "", ""))
		answer_error(c, frame->id, SK_DENIED, NULL);
	else if (verb->password)
		start_password(c, call, frame->id);
	else
		run_verb(c, verb, call, frame->id, "");
}

static void free_client(struct client *c)
{
	sk_list_remove(&c->link);
	c->control->count--;
	sk_pass_cancel(c->job);
	sk_json_free(c->call);
	sk_chan_free(c->chan);
	free(c);
}

static void on_close(struct sk_chan *chan, void *arg, const struct sk_diag *why)
{
	free_client(arg);
}

static const struct sk_chan_handler handler = {.on_frame = on_frame, .on_close = on_close};

static void on_accept(void *arg, int fd, uid_t uid)
{
	struct sk_control *control = arg;
	struct sk_chan_opts opts = {.proto = SK_PROTO_CONSOLE, .side = SK_SERVER, .idle_ms = 60000};
	struct client *c = sk_role_is(uid, "root") && control->count < CLIENTS_MAX ? sk_calloc(1, sizeof *c) : NULL;

	if (!c) {
		close(fd);
		return;
	}
	c->control = control;
	sk_list_append(&control->clients, &c->link);
	control->count++;
	if (sk_chan_new_fd(control->web->loop, fd, &handler, c, &opts, &c->chan)) {
		close(fd);
		free_client(c);
	}
}

int sk_control_new(struct sk_web *web, int listener, struct sk_control **ret_control)
{
	struct sk_control *control = sk_calloc(1, sizeof *control);
	int r;

	if (!control)
		return sk_origin(-ENOMEM);
	control->web = web;
	sk_list_init(&control->clients);
	r = sk_accept_new(web->loop, listener, on_accept, control, &control->accept);
	if (r) {
		sk_control_free(control);
		return r;
	}
	*ret_control = control;
	return 0;
}

struct sk_control *sk_control_free(struct sk_control *control)
{
	if (!control)
		return NULL;
	sk_accept_free(control->accept);
	sk_list_each(c, &control->clients, struct client, link)
		free_client(c);
	free(control);
	return NULL;
}
