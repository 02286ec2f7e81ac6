// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * lockdown.sock. root asks (CALL: status, explain, allow, learn, rescan), the link hands on what the server says and takes our requests. No call
 * changes what is enforced.
 *
 *   CALL {"verb":"status"} -> RESULT as lk_status()
 *   CALL {"verb":"explain","sha256":hex} -> RESULT {"known":bool,"mode","serial","name","provenance","refused":{..} or absent,"requests":[..]}
 *   CALL {"verb":"refusals"} -> RESULT {"refusals":[{..}]}: the last ones, as in explain's "refused", the newest first
 *   CALL {"verb":"allow","programs":[{"sha256","name","size"}],"note"} -> RESULT {"id"}
 *   CALL {"verb":"learned"} -> PROGRESS {"programs":[..]}*, RESULT {"count"}; CALL {"verb":"forget"} -> RESULT {}
 *   CALL {"verb":"media..."}: media.c
 *   CALL {"verb":"rescan"} -> RESULT {}: judges again what runs
 *   CALL {"verb":"pass","pass":base64 of a signed pass} or {"verb":"pass","remove":id} or {"verb":"passes"}: passes.c
 *   CALL {"verb":"release","release":base64 of a signed release} -> RESULT {"seconds"}: the agent may be stopped and removed for so long
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "lockdown/clerk/clerk.h"
#include "lockdown/guard/judge.h"
#include "lockdown/window/windows.h"
#include "os/peer.h"

enum { CALL_MAX_BYTES = 8 << 20, LEARNED_PART = 200, RELEASE_MAX_BYTES = 192 << 10 };

struct call {
	struct clerk *clerk;
	struct lk_client *client;
	uint32_t id;
	const struct sk_json *at;
	struct sk_diag *diag;
};

static void send_json(struct lk_client *client, uint16_t type, uint32_t id, struct json_object *body)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(16 << 20);

	if (!body || sk_json_canonical(body, &text) != 0)
		sk_chan_send_error(client->chan, id, "failed", "memory is out");
	else
		sk_chan_send(client->chan, type, id, text.data, text.size);
	sk_json_free(body);
}

void lk_control_to_link(struct clerk *c, uint16_t type, uint32_t id, struct json_object *body)
{
	sk_list_each(client, &c->clients, struct lk_client, link)
		if (client->is_link && body) {
			send_json(client, type, id, json_object_get(body));
			break;
		}
	sk_json_free(body);
}

/* --- the calls */

static int call_status(struct call *call)
{
	send_json(call->client, SK_F_RESULT, call->id, lk_status(call->clerk));
	return 0;
}

static int call_rescan(struct call *call)
{
	lk_wake(&call->clerk->shared->census);
	send_json(call->client, SK_F_RESULT, call->id, json_object_new_object());
	return 0;
}

/* The entry's name and origin: from the policy itself, which is not kept in memory. */
static int put_entry(struct clerk *c, struct json_object *result, const uint8_t hash[LK_HASH])
{
	_cleanup_answer_ struct sk_policy_answer answer = {0};
	struct sk_moment when = lk_moment(c);
	struct sk_place place = lk_place(c);
	const struct sk_program *program;
	enum sk_force force;
	int64_t next;

	if (sk_store_in_force(c->store, SK_PART_LOCKDOWN, &place, &when, &answer, &force, &next) != 0)
		return 0;
	program = sk_policy_find_program(&answer.policy, hash);
	if (!program)
		return 0;
	if (program->name && sk_json_put_string(result, "name", program->name))
		return -ENOMEM;
	if (program->publisher && sk_json_put_string(result, "publisher", program->publisher))
		return -ENOMEM;
	return program->provenance ? sk_json_put_string(result, "provenance", program->provenance) : 0;
}

static int put_who(struct json_object *out, const struct lk_record *record, const struct lk_why *why)
{
	struct json_object *list;
	int r = sk_json_put_array(out, "ancestry", &list);

	for (uint32_t i = 0; !r && i < record->ancestors; i++) {
		const struct sk_event_ancestor *one = &why->ancestry[i];
		struct json_object *item = json_object_new_object();

		r = sk_json_append(list, item);
		if (!r)
			r = sk_json_put_i64(item, "pid", one->pid);
		if (!r)
			r = sk_json_put_bytes(item, "name", one->name, strlen(one->name));
		if (!r && one->program)
			r = sk_json_put_bytes(item, "program", one->program, strlen(one->program));
		if (!r && one->uid >= 0)
			r = sk_json_put_i64(item, "uid", one->uid);
		if (!r)
			r = sk_json_put_i64(item, "session", one->session);
		if (!r && one->tty)
			r = sk_json_put_string(item, "tty", one->tty);
		if (!r && one->cgroup)
			r = sk_json_put_bytes(item, "cgroup", one->cgroup, strlen(one->cgroup));
		if (!r && one->container)
			r = sk_json_put_bytes(item, "container", one->container, strlen(one->container));
	}
	return r ? r : sk_json_put_bool(out, "cut", record->cut);
}

static int put_why(const struct clerk *c, struct json_object *out, const struct lk_record *record)
{
	struct lk_origin origin;
	struct lk_why why;
	int r;

	if (lk_origin_of(c->now.origins, record->has_hash ? record->hash : NULL, record->path, &origin) &&
	    (sk_json_put_string(out, "package", origin.package) || sk_json_put_string(out, "publisher", origin.publisher)))
		return -ENOMEM;
	lk_why_of(record, &why);
	r = why.road ? sk_json_put_string(out, "road", why.road) : 0;
	if (!r)
		r = sk_json_put_string(out, "rule", why.rule);
	if (!r)
		r = sk_json_put_string(out, "remedy", why.remedy);
	if (!r)
		r = sk_json_put_bytes(out, "remedy_line", why.line, strlen(why.line));
	return r ? r : put_who(out, record, &why);
}

static struct json_object *refusal_of(const struct clerk *c, const struct lk_record *refusal)
{
	struct json_object *out = json_object_new_object();

	if (!out || sk_json_put_u64(out, "time", refusal->time_ms) || sk_json_put_u64(out, "serial", refusal->serial) ||
	    sk_json_put_bool(out, "allowed", refusal->answer == FAN_ALLOW) || sk_json_put_string(out, "mode", lk_mode_words[refusal->mode % LK_MODES]) ||
	    sk_json_put_string(out, "reason", lk_trouble_words[refusal->trouble % LK_TROUBLES]) ||
	    sk_json_put_base64(out, "path", refusal->path, strlen(refusal->path)) ||
	    sk_json_put_base64(out, "actor", refusal->actor, strlen(refusal->actor)) || put_why(c, out, refusal))
		out = sk_json_free(out);
	return out;
}

static int put_refusal(const struct clerk *c, struct json_object *result, const uint8_t hash[LK_HASH])
{
	for (uint32_t i = 0; i < SK_MIN(c->refusal_count, (uint32_t)LK_REFUSALS); i++) {
		const struct lk_record *refusal = &c->refusals[i];

		if (refusal->has_hash && !memcmp(refusal->hash, hash, LK_HASH))
			return sk_json_put(result, "refused", refusal_of(c, refusal));
	}
	return 0;
}

static int newest_first(const void *a, const void *b)
{
	const struct lk_record *const *x = a, *const *y = b;

	return (*x)->time_ms < (*y)->time_ms ? 1 : (*x)->time_ms > (*y)->time_ms ? -1 : 0;
}

static int call_refusals(struct call *call)
{
	const struct clerk *c = call->clerk;
	const struct lk_record *all[LK_REFUSALS];
	uint32_t count = SK_MIN(c->refusal_count, (uint32_t)LK_REFUSALS);
	struct json_object *result = json_object_new_object(), *list = NULL;
	int r = result ? sk_json_put_array(result, "refusals", &list) : -ENOMEM;

	for (uint32_t i = 0; i < count; i++)
		all[i] = &c->refusals[i];
	qsort(all, count, sizeof all[0], newest_first);
	for (uint32_t i = 0; !r && i < count; i++)
		r = sk_json_append(list, refusal_of(c, all[i]));
	send_json(call->client, SK_F_RESULT, call->id, r ? sk_json_free(result) : result);
	return 0;
}

static int call_explain(struct call *call)
{
	struct clerk *c = call->clerk;
	struct lk_orders orders;
	struct json_object *result;
	uint8_t hash[LK_HASH];
	bool known;
	int r = sk_json_hex(call->at, "sha256", hash, sizeof hash);

	if (r)
		return r;
	result = json_object_new_object();
	if (!result)
		return sk_origin(-ENOMEM);
	known = lk_listed(c->shared, hash, &orders);
	r = sk_json_put_bool(result, "known", known);
	if (!r)
		r = sk_json_put_bool(result, "policy", c->now.any);
	if (!r)
		r = sk_json_put_string(result, "mode", c->now.any ? lk_mode_words[orders.mode % LK_MODES] : "observe");
	if (!r)
		r = sk_json_put_u64(result, "serial", orders.serial);
	if (!r && known)
		r = put_entry(c, result, hash);
	if (!r)
		r = put_refusal(c, result, hash);
	send_json(call->client, SK_F_RESULT, call->id, r ? sk_json_free(result) : result);
	return 0;
}

static int check_programs(const struct sk_json *at)
{
	struct sk_json list, one;
	const char *name;
	uint8_t hash[LK_HASH];
	int r = sk_json_array(at, "programs", 256, &list);

	for (size_t i = 0; !r && i < sk_json_length(&list); i++) {
		r = sk_json_item_object(&list, i, &one);
		if (!r)
			r = sk_json_hex(&one, "sha256", hash, sizeof hash);
		if (!r)
			r = sk_json_string(&one, "name", 0, 4096, &name);
		if (!r)
			r = SK_JSON_ONLY(&one, "sha256", "name", "size", "publisher");
	}
	return r;
}

static void tell_request(struct clerk *c, const char *id, const char *kind)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	struct sk_event_stamp at = lk_stamp(c, 0);

	if (sk_event_request(SK_EVENT_REQUEST_MADE, &at, id, kind, NULL, NULL, &text) == 0)
		lk_report(c, SK_EVENT_REQUEST_MADE, &text);
}

static int call_allow(struct call *call)
{
	struct json_object *body, *result;
	const char *note = "";
	char id[33];
	int r = check_programs(call->at);

	if (!r && sk_json_has(call->at, "note"))
		r = sk_json_string(call->at, "note", 0, 1000, &note);
	if (r)
		return r;
	body = json_object_new_object();
	if (!body || sk_json_put(body, "programs", json_object_get(json_object_object_get(call->at->value, "programs"))) ||
	    sk_json_put_string(body, "note", note)) {
		sk_json_free(body);
		return sk_origin(-ENOMEM);
	}
	r = lk_outbox_add(call->clerk, "allow", body, id);
	sk_json_free(body);
	if (r) {
		sk_chan_send_error(call->client->chan, call->id, r == SK_FULL ? "full" : "failed",
				   r == SK_FULL ? "too many requests wait for an answer" : "the request could not be kept");
		return 0;
	}
	tell_request(call->clerk, id, "allow");
	result = json_object_new_object();
	if (!result || sk_json_put_string(result, "id", id))
		result = sk_json_free(result);
	send_json(call->client, SK_F_RESULT, call->id, result);
	return 0;
}

struct learned_part {
	struct call *call;
	struct json_object *part, *list;
	uint64_t count;
};

static void flush_part(struct learned_part *out)
{
	if (out->part)
		send_json(out->call->client, SK_F_PROGRESS, out->call->id, out->part);
	out->part = out->list = NULL;
}

static int add_learned(void *arg, struct json_object *program)
{
	struct learned_part *out = arg;

	if (!out->part) {
		out->part = json_object_new_object();
		if (!out->part || sk_json_put_array(out->part, "programs", &out->list))
			return sk_origin(-ENOMEM);
	}
	out->count++;
	if (sk_json_append(out->list, json_object_get(program)))
		return sk_origin(-ENOMEM);
	if (json_object_array_length(out->list) >= LEARNED_PART)
		flush_part(out);
	return 0;
}

static int call_learned(struct call *call)
{
	struct learned_part out = {.call = call};
	struct json_object *result = json_object_new_object();
	int r;

	lk_learned_save(call->clerk);
	r = lk_learned_each(call->clerk, add_learned, &out);
	flush_part(&out);
	if (r || !result || sk_json_put_u64(result, "count", out.count))
		result = sk_json_free(result);
	send_json(call->client, SK_F_RESULT, call->id, result);
	return 0;
}

static int call_forget(struct call *call)
{
	int r = lk_learned_clear(call->clerk);

	if (r)
		return r < 0 ? r : sk_origin(-EIO);
	send_json(call->client, SK_F_RESULT, call->id, json_object_new_object());
	return 0;
}

/* window/call.c: each gives its result or the reason. */
static int answer_by(struct call *call, int (*run)(struct clerk *, const struct sk_json *, struct json_object **))
{
	struct json_object *result = NULL;
	int r = run(call->clerk, call->at, &result);

	if (!r)
		send_json(call->client, SK_F_RESULT, call->id, result);
	return r;
}

static int call_window(struct call *call)
{
	return answer_by(call, lk_window_call);
}

static int call_code(struct call *call)
{
	return answer_by(call, lk_code_call);
}

static int call_idle(struct call *call)
{
	return answer_by(call, lk_idle_call);
}

/* --- the duty media: see media.c */

static int call_media(struct call *call)
{
	return lk_media_subscribe(call->clerk, call->client, call->id);
}

static int answer_media(struct call *call, int r)
{
	if (r == 0)
		send_json(call->client, SK_F_RESULT, call->id, json_object_new_object());
	return r;
}

static int call_media_mounts(struct call *call)
{
	return answer_media(call, lk_media_mounts(call->clerk, call->at));
}

static int call_media_event(struct call *call)
{
	return answer_media(call, lk_media_event(call->clerk, call->at));
}

static int call_release(struct call *call)
{
	_cleanup_buf_ struct sk_buf object = SK_BUF(RELEASE_MAX_BYTES);
	struct json_object *result = NULL;
	uint64_t seconds = 0;
	size_t size = 0;
	char *space;
	int r = sk_buf_reserve(&object, RELEASE_MAX_BYTES, &space);

	if (!r)
		r = sk_json_base64(call->at, "release", space, RELEASE_MAX_BYTES, &size);
	if (!r)
		r = lk_release_offer(call->clerk, space, size, &seconds, call->diag);
	if (r)
		return r;
	result = json_object_new_object();
	if (!result || sk_json_put_u64(result, "seconds", seconds))
		result = sk_json_free(result);
	send_json(call->client, SK_F_RESULT, call->id, result);
	return 0;
}

static int call_pass(struct call *call)
{
	return answer_by(call, lk_passes_call);
}

static const struct {
	const char *verb;
	int (*run)(struct call *call);
} calls[] = {{"status", call_status}, {"explain", call_explain}, {"refusals", call_refusals}, {"allow", call_allow}, {"learned", call_learned}, {"forget", call_forget},
	     {"rescan", call_rescan}, {"window", call_window}, {"code", call_code}, {"idle", call_idle},
	     {"media", call_media}, {"media-mounts", call_media_mounts}, {"media-event", call_media_event}, {"release", call_release},
	     {"pass", call_pass}, {"passes", call_pass}};

static int on_call(struct call *call)
{
	const char *verb;
	int r = sk_json_string(call->at, "verb", 1, 32, &verb);

	if (r)
		return r;
	for (size_t i = 0; i < SK_ARRAY_SIZE(calls); i++)
		if (!strcmp(calls[i].verb, verb))
			return calls[i].run(call);
	return sk_json_refuse(call->at, "verb", "is none of ours");
}

/* --- the link */

static void answer_taken(struct lk_client *client, const char *id)
{
	struct json_object *body = json_object_new_object();

	if (!body || sk_json_put_string(body, "id", id))
		body = sk_json_free(body);
	send_json(client, SK_F_ANSWER_TAKEN, 0, body);
}

static int on_answer(struct call *call)
{
	const char *id;
	int r = sk_json_string(call->at, "id", 1, 64, &id);

	if (!r)
		r = lk_outbox_answer(call->clerk, call->at);
	if (r == 0 || r == SK_NONE)
		answer_taken(call->client, id);
	return r == SK_NONE ? 0 : r;
}

/* A signed window: the result says that it opens, or why not. */
static bool is_window_command(struct call *call, struct json_object *result)
{
	struct sk_diag diag = {.source = "window"};
	const char *envelope;
	struct sk_json body;
	char why[400];
	bool ok = sk_json_object(call->at, "body", &body) == 0 && sk_json_string(&body, "envelope", 1, 1 << 20, &envelope) == 0 &&
		  lk_windows_offer(call->clerk, envelope, strlen(envelope), &diag) == 0;

	if (!ok)
		(void)sk_json_put_string(result, "reason", sk_diag_format(&diag, why, sizeof why));
	return ok;
}

static bool is_idle_command(struct call *call)
{
	struct sk_json body;

	return sk_json_object(call->at, "body", &body) == 0 && lk_idle_command(call->clerk, &body, call->diag) == 0;
}

static int on_command(struct call *call)
{
	const char *id, *kind;
	struct json_object *result, *body;
	bool ok = true;
	int r = sk_json_string(call->at, "id", 1, 64, &id);

	if (!r)
		r = sk_json_string(call->at, "kind", 1, 32, &kind);
	if (r)
		return r;
	body = !strcmp(kind, "status") ? lk_status(call->clerk) : json_object_new_object();
	if (!strcmp(kind, "rescan"))
		lk_wake(&call->clerk->shared->census);
	else if (!strcmp(kind, "idle"))
		ok = is_idle_command(call);
	else if (!strcmp(kind, "window") && body)
		ok = is_window_command(call, body);
	else if (strcmp(kind, "status"))
		ok = false;
	result = json_object_new_object();
	if (!result || sk_json_put_string(result, "id", id) || sk_json_put_bool(result, "ok", ok) || sk_json_put(result, "body", json_object_get(body)))
		result = sk_json_free(result);
	sk_json_free(body);
	send_json(call->client, SK_F_RESULT, call->id, result);
	return 0;
}

static int on_request_taken(struct call *call)
{
	const char *id;
	int r = sk_json_string(call->at, "id", 1, 64, &id);

	if (!r)
		lk_outbox_taken(call->clerk, id);
	return r;
}

int lk_control_body(struct lk_client *client, const struct sk_frame *frame, struct sk_diag *diag)
{
	static const struct {
		uint16_t type;
		bool link;
		int (*run)(struct call *call);
	} rows[] = {{SK_F_CALL, false, on_call}, {SK_F_ANSWER, true, on_answer}, {SK_F_COMMAND, true, on_command}, {SK_F_REQUEST_TAKEN, true, on_request_taken}};
	_cleanup_json_ struct json_object *body = NULL;
	struct sk_json at;
	struct call call = {.clerk = client->clerk, .client = client, .id = frame->id, .at = &at, .diag = diag};
	int r = sk_json_parse_object(frame->body, frame->size, CALL_MAX_BYTES, &body, diag);

	if (r)
		return r;
	at = SK_JSON(body, "body", diag);
	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++)
		if (rows[i].type == frame->type && (rows[i].link ? client->is_link : client->is_root))
			return rows[i].run(&call);
	return sk_diag_offset(diag, 0, "%s is not for you", sk_frame_name(frame->type));
}

static void on_frame(struct sk_chan *chan, void *arg, const struct sk_frame *frame)
{
	struct lk_client *client = arg;
	struct sk_diag diag = {.source = "lockdown.sock"};
	char text[500];
	int r = 0;

	if (frame->type == SK_F_HEALTH_GET)
		send_json(client, SK_F_HEALTH, frame->id, lk_health(client->clerk));
	else if (frame->type == SK_F_POLICY && client->is_link)
		lk_enforce_offer(client->clerk, (const char *)frame->body, frame->size);
	else if (frame->type != SK_F_ERROR)
		r = lk_control_body(client, frame, &diag);
	if (r)
		sk_chan_send_error(chan, frame->id, r > 0 ? "bad" : "failed", r > 0 ? sk_diag_format(&diag, text, sizeof text) : strerror(-r));
}

static void client_free(struct lk_client *client)
{
	sk_list_remove(&client->link);
	client->clerk->client_count--;
	sk_chan_free(client->chan);
	free(client);
}

static void on_close(struct sk_chan *chan, void *arg, const struct sk_diag *why)
{
	(void)chan;
	sk_log(SK_LOG_DEBUG, "a client left: %s", why->text);
	client_free(arg);
}

static const struct sk_chan_handler handler = {.on_frame = on_frame, .on_close = on_close};

/* What the server does not know yet is said as soon as there is somebody to say it to. */
static void greet_link(struct clerk *c)
{
	lk_control_to_link(c, SK_F_HEALTH, 0, lk_health(c));
	if (c->now.any || c->now.reason[0])
		lk_control_to_link(c, SK_F_POLICY_STATE, 0, lk_policy_state(c));
	lk_outbox_send(c);
}

static void on_accept(void *arg, int fd, uid_t uid)
{
	const struct sk_chan_opts opts = {.proto = SK_PROTO_LOCKDOWN, .side = SK_SERVER, .max_output = 32 << 20};
	struct clerk *c = arg;
	struct lk_client *client = NULL;
	bool is_link = sk_role_is(uid, "link"), is_root = sk_role_is(uid, "root");

	if ((is_link || is_root) && c->client_count < LK_CLIENTS)
		client = sk_calloc(1, sizeof *client);
	if (!client) {
		close(fd);
		return;
	}
	*client = (struct lk_client){.clerk = c, .is_link = is_link, .is_root = is_root};
	if (sk_chan_new_fd(c->loop, fd, &handler, client, &opts, &client->chan) != 0) {
		free(client);
		close(fd);
		return;
	}
	sk_list_append(&c->clients, &client->link);
	c->client_count++;
	if (is_link)
		greet_link(c);
}

int lk_control_open(struct clerk *c)
{
	return sk_accept_new(c->loop, sk_duty_listener(c->ctx, "lockdown.sock"), on_accept, c, &c->accept);
}

void lk_control_close(struct clerk *c)
{
	c->accept = sk_accept_free(c->accept);
	sk_list_each(client, &c->clients, struct lk_client, link)
		client_free(client);
}
