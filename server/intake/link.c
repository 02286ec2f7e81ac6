// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What an agent says, and what it is told. One handler a frame type; the table below is the protocol. Each JSON body is read before it is handed on:
 * the fleet gets bytes that are JSON, in the name of the agent of the certificate.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "intake/service.h"
#include "os/clock.h"
#include "os/point.h"
#include "wire/fleet.h"

static void refuse(struct sk_session *s, uint32_t id, const char *code, const struct sk_diag *diag)
{
	char text[512];

	sk_session_end(s, id, code, sk_diag_format(diag, text, sizeof text));
}

/* ---- HELLO ---- */

static int check_stream(const struct sk_json *list, size_t i)
{
	struct sk_json item;
	uint64_t priority, first = 1, next;
	int r = sk_json_item_object(list, i, &item);

	if (!r)
		r = SK_JSON_ONLY(&item, "priority", "first", "next");
	if (!r)
		r = sk_json_u64(&item, "priority", 0, SK_PRIORITIES - 1, &priority);
	if (!r)
		r = sk_json_u64(&item, "first", 1, SK_JSON_MAX_INT, &first);
	return r ? r : sk_json_u64(&item, "next", first, SK_JSON_MAX_INT, &next);
}

static int check_clock(const struct sk_json *at)
{
	static const char *const states[] = {"ok", "wrong", NULL};
	struct sk_json clock;
	uint64_t time;
	size_t state;
	int r = sk_json_object(at, "clock", &clock);

	if (!r)
		r = SK_JSON_ONLY(&clock, "time", "state");
	if (!r)
		r = sk_json_u64(&clock, "time", 0, SK_JSON_MAX_INT, &time);
	return r ? r : sk_json_word(&clock, "state", states, &state);
}

static int check_hello(struct sk_session *s, const struct sk_json *at)
{
	const char *agent, *text;
	struct sk_json list;
	int r = SK_JSON_ONLY(at, "agent", "version", "boot", "clock", "epoch", "streams");

	if (!r)
		r = sk_json_string(at, "agent", 1, SK_AGENT_ID_MAX, &agent);
	if (!r && strcmp(agent, s->who.agent) != 0)
		r = sk_json_refuse(at, "agent", "the certificate is another agent's");
	if (!r)
		r = sk_json_string(at, "version", 1, 64, &text);
	if (!r)
		r = sk_json_string(at, "boot", 0, 64, &text);
	if (!r)
		r = check_clock(at);
	if (!r)
		r = sk_json_u64(at, "epoch", 0, SK_JSON_MAX_INT, &s->epoch);
	if (!r)
		r = sk_json_array(at, "streams", SK_PRIORITIES, &list);
	for (size_t i = 0; !r && i < sk_json_length(&list); i++)
		r = check_stream(&list, i);
	return r;
}

static int ask_store(struct sk_session *s, uint32_t id, struct json_object *hello)
{
	_cleanup_json_ struct json_object *ask = json_object_new_object();
	_cleanup_buf_ struct sk_buf text = SK_BUF(16 << 10);
	struct json_object *streams = NULL;
	int r = ask ? 0 : sk_origin(-ENOMEM);

	json_object_object_get_ex(hello, "streams", &streams);
	if (!r)
		r = sk_json_put_string(ask, "verb", "resync");
	if (!r)
		r = sk_json_put_string(ask, "agent", s->who.agent);
	if (!r)
		r = sk_json_put_string(ask, "host", s->who.host);
	if (!r)
		r = sk_json_put_string(ask, "org", s->who.org);
	if (!r)
		r = sk_json_put_string(ask, "site", s->who.site);
	if (!r)
		r = sk_json_put_u64(ask, "epoch", s->epoch);
	if (!r)
		r = sk_json_put(ask, "streams", json_object_get(streams));
	if (!r)
		r = sk_json_canonical(ask, &text);
	return r ? r : sk_peers_resync(s, id, text.data, text.size);
}

/* The same agent again: the older connection is dead and does not know it yet. */
static void replace_older(struct sk_session *s)
{
	sk_list_each(other, &s->intake->sessions, struct sk_session, link)
		if (other != s && other->chan && other->state != SK_SESSION_CLOSING && strcmp(other->who.agent, s->who.agent) == 0)
			sk_session_end(other, 0, "replaced", "the agent has connected again");
}

static int on_hello(struct sk_session *s, const struct sk_frame *frame, struct sk_json *at)
{
	int r;

	if (s->state != SK_SESSION_HELLO)
		return sk_json_refuse(at, NULL, "HELLO comes once, first");
	r = check_hello(s, at);
	if (r)
		return r;
	replace_older(s);
	sk_timer_stop(s->timer);
	s->hello = json_object_get(at->value);
	s->state = SK_SESSION_RESYNC;
	return ask_store(s, frame->id, at->value);
}

int sk_link_attach(struct sk_session *s)
{
	_cleanup_json_ struct json_object *body = json_object_new_object();
	_cleanup_buf_ struct sk_buf text = SK_BUF(32 << 10);
	int r = body ? 0 : sk_origin(-ENOMEM);

	if (!r)
		r = sk_json_put_string(body, "address", s->address);
	if (!r)
		r = sk_json_put(body, "hello", json_object_get(s->hello));
	if (!r)
		r = sk_json_canonical(body, &text);
	return r ? r : sk_peers_up(s, "attach", NULL, text.data, text.size);
}

/* `acks` is the store's RESULT {"acks":[...]}: it goes on as it stands, with our time. */
void sk_link_welcome(struct sk_session *s, uint32_t id, const struct sk_frame *acks)
{
	_cleanup_json_ struct json_object *tree = NULL;
	_cleanup_buf_ struct sk_buf text = SK_BUF(16 << 10);
	int r = sk_json_parse_object(acks->body, acks->size, 16 << 10, &tree, NULL);

	if (!r)
		r = sk_json_put_u64(tree, "time", sk_clock_ms());
	if (!r)
		r = sk_json_canonical(tree, &text);
	if (r) {
		sk_session_end(s, id, "failed", "the store's answer cannot be read");
		return;
	}
	s->state = SK_SESSION_OPEN;
	sk_chan_send(s->chan, SK_F_WELCOME, id, text.data, text.size);
	sk_link_attach(s);
}

/* ---- BATCH ---- */

static void on_batch(struct sk_session *s, const struct sk_frame *frame)
{
	struct sk_intake *intake = s->intake;
	const struct sk_origin_of from = {s->who.agent, s->who.host, s->who.org, s->who.site, s->epoch, sk_clock_ms()};
	struct sk_diag diag = {0};
	struct sk_batch batch;
	int r;

	SK_POINT("intake.receive");
	sk_buf_clear(&intake->out);
	r = sk_open_batch(&from, frame->body, frame->size, &intake->space, &intake->out, &batch, &diag);
	if (r == SK_BAD) {
		intake->bad_batches++;
		refuse(s, frame->id, "bad-batch", &diag);
		return;
	}
	SK_POINT("intake.commit");
	if (r || sk_peers_append(s, frame->id, intake->out.data, intake->out.size)) {
		sk_session_close(s);
		return;
	}
	s->batches++;
	sk_intake_pause(intake, s);
}

/* ---- what goes up ---- */

static bool is_id(const char *text)
{
	size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	return text[0] && !text[length] && length <= SK_LINK_ID_MAX;
}

static int up_named(struct sk_session *s, const struct sk_frame *frame, struct sk_json *at, const char *type)
{
	const char *id;
	int r = sk_json_string(at, "id", 1, SK_LINK_ID_MAX, &id);

	if (!r && !is_id(id))
		r = sk_json_refuse(at, "id", "letters, digits, dot, underscore and hyphen alone");
	return r ? r : sk_peers_up(s, type, id, frame->body, frame->size);
}

static int on_health(struct sk_session *s, const struct sk_frame *frame, struct sk_json *at)
{
	(void)at;
	return sk_peers_up(s, "health", NULL, frame->body, frame->size);
}

static int on_policy_state(struct sk_session *s, const struct sk_frame *frame, struct sk_json *at)
{
	static const char *const states[] = {"enforced", "refused", "shadow", "waiting", NULL};
	size_t state;
	int r = sk_json_word(at, "state", states, &state);

	return r ? r : sk_peers_up(s, "policy_state", NULL, frame->body, frame->size);
}

static int on_request(struct sk_session *s, const struct sk_frame *frame, struct sk_json *at)
{
	static const char *const kinds[] = {"allow", "unknown", "exception", NULL};
	struct sk_json body;
	size_t kind;
	int r = SK_JSON_ONLY(at, "id", "kind", "body");

	if (!r)
		r = sk_json_word(at, "kind", kinds, &kind);
	if (!r)
		r = sk_json_object(at, "body", &body);
	return r ? r : up_named(s, frame, at, "request");
}

static int on_result(struct sk_session *s, const struct sk_frame *frame, struct sk_json *at)
{
	struct sk_json body;
	bool ok;
	int r = SK_JSON_ONLY(at, "id", "ok", "body");

	if (!r)
		r = sk_json_bool(at, "ok", &ok);
	if (!r && frame->size > SK_FLEET_BODY_MAX)
		r = sk_json_refuse(at, "body", "a result has at most %d bytes", SK_FLEET_BODY_MAX);
	if (!r)
		r = sk_json_object(at, "body", &body);
	return r ? r : up_named(s, frame, at, "result");
}

static int on_answer_taken(struct sk_session *s, const struct sk_frame *frame, struct sk_json *at)
{
	const char *id;
	int r = SK_JSON_ONLY(at, "id");

	if (!r)
		r = sk_json_string(at, "id", 1, SK_LINK_ID_MAX, &id);
	return r ? r : sk_peers_up(s, "answer_taken", NULL, frame->body, frame->size);
}

static int on_error(struct sk_session *s, const struct sk_frame *frame, struct sk_json *at)
{
	const char *text = "";

	(void)frame;
	sk_json_string(at, "text", 0, 1000, &text);
	sk_log(SK_LOG_WARNING, "%s says: %s", s->who.agent, text);
	return 0;
}

static const struct {
	uint16_t type;
	enum sk_session_state state;
	int (*handle)(struct sk_session *s, const struct sk_frame *frame, struct sk_json *at);
} handlers[] = {
	{SK_F_HELLO, SK_SESSION_HELLO, on_hello},
	{SK_F_HEALTH, SK_SESSION_OPEN, on_health},
	{SK_F_POLICY_STATE, SK_SESSION_OPEN, on_policy_state},
	{SK_F_REQUEST, SK_SESSION_OPEN, on_request},
	{SK_F_RESULT, SK_SESSION_OPEN, on_result},
	{SK_F_ANSWER_TAKEN, SK_SESSION_OPEN, on_answer_taken},
	{SK_F_ERROR, SK_SESSION_OPEN, on_error},
};

static int handle_json(struct sk_session *s, const struct sk_frame *frame, struct sk_diag *diag)
{
	_cleanup_json_ struct json_object *tree = NULL;
	struct sk_json at;
	int r = sk_json_parse_object(frame->body, frame->size, frame->size, &tree, diag);

	if (r)
		return r;
	at = SK_JSON(tree, sk_frame_name(frame->type), diag);
	for (size_t i = 0; i < SK_ARRAY_SIZE(handlers); i++)
		if (handlers[i].type == frame->type)
			return handlers[i].state == s->state ? handlers[i].handle(s, frame, &at)
							     : sk_json_refuse(&at, NULL, "not at this point of the conversation");
	return sk_json_refuse(&at, NULL, "not for a server");
}

void sk_link_on_frame(struct sk_session *s, const struct sk_frame *frame)
{
	struct sk_diag diag = {0};
	int r;

	if (frame->type == SK_F_BATCH && s->state == SK_SESSION_OPEN) {
		on_batch(s, frame);
		return;
	}
	if (frame->type == SK_F_BATCH)
		r = sk_diag_path(&diag, "BATCH", "comes after WELCOME");
	else
		r = handle_json(s, frame, &diag);
	if (r == SK_BAD)
		refuse(s, frame->id, "bad", &diag);
	else if (r)
		sk_session_end(s, frame->id, "failed", "the server could not do it: try again later");
}

/* ---- what comes down ---- */

static int push_policy(struct sk_session *s, const struct sk_json *push)
{
	const char *envelope;
	int r = sk_json_string(push, "body", 1, SK_FLEET_ENVELOPE_MAX, &envelope);

	return r ? r : sk_chan_send(s->chan, SK_F_POLICY, 0, envelope, strlen(envelope));
}

static int push_json(struct sk_session *s, const struct sk_json *push, uint16_t type)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_FLEET_BODY_MAX + 4096);
	struct sk_json body;
	int r = sk_json_object(push, "body", &body);

	if (!r)
		r = sk_json_canonical(body.value, &text);
	return r ? r : sk_chan_send(s->chan, type, 0, text.data, text.size);
}

void sk_link_push(struct sk_session *s, const char *type, const struct sk_json *push)
{
	int r = SK_BAD;

	if (strcmp(type, "policy") == 0)
		r = push_policy(s, push);
	else if (strcmp(type, "answer") == 0)
		r = push_json(s, push, SK_F_ANSWER);
	else if (strcmp(type, "command") == 0)
		r = push_json(s, push, SK_F_COMMAND);
	if (r && r != SK_AGAIN)
		sk_log(SK_LOG_WARNING, "%s: a push of kind %s was not sent", s->who.agent, type);
}
