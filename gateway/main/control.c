// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * gateway.sock. root asks, the link of the agent on this machine brings policies. No call changes what is enforced for longer than it says.
 *
 *   CALL {"verb":"status"} -> RESULT as gw_status()          CALL {"verb":"top"} -> RESULT {"tops":[..]}
 *   CALL {"verb":"open","ms":n} -> RESULT {"until":ms}       everything passes for so long; 0 ends it. {"verb":"maintenance"} likewise
 *   CALL {"verb":"reload"} -> RESULT as status               looks at the policy store again
 *   CALL {"verb":"learn"} -> RESULT {"rows","messages","days","lost","proposed","known"}; with "know":true all that was said so far is known
 *   CALL {"verb":"propose"} -> RESULT {"draft"}              CALL {"verb":"drift"} -> RESULT {"drift","count"}
 *   CALL {"verb":"rehearse","set"} -> RESULT {"stops","count"}   CALL {"verb":"isolate","set","ms":n} -> RESULT {"until":ms}, 0 ends it
 *   CALL {"verb":"draw","ja":bool} -> RESULT {"svg"}
 *   CALL {"verb":"refusals"} -> RESULT {"refusals":[{"number","event"}]}, the newest first
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "main/clerk.h"
#include "os/peer.h"

enum { CALL_MAX = 64 << 10 };

#define SWITCH_MS_MAX (7ull * 86400 * 1000)

static void send_json(struct gw_client *client, uint16_t type, uint32_t id, struct json_object *body)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(16 << 20);

	if (!body || sk_json_canonical(body, &text) != 0)
		sk_chan_send_error(client->chan, id, "failed", "memory is out");
	else
		sk_chan_send(client->chan, type, id, text.data, text.size);
	sk_json_free(body);
}

void gw_control_to_link(struct gw_clerk *c, uint16_t type, struct json_object *body)
{
	sk_list_each(client, &c->clients, struct gw_client, link)
		if (client->is_link) {
			send_json(client, type, 0, body);
			return;
		}
	sk_json_free(body);
}

static int call_status(struct gw_client *client, const struct sk_json *at, struct json_object **ret_answer)
{
	(void)at;
	*ret_answer = gw_status(client->clerk);
	return 0;
}

static int call_top(struct gw_client *client, const struct sk_json *at, struct json_object **ret_answer)
{
	(void)at;
	*ret_answer = gw_tops(client->clerk);
	return 0;
}

static int call_reload(struct gw_client *client, const struct sk_json *at, struct json_object **ret_answer)
{
	struct gw_clerk *c = client->clerk;

	(void)at;
	gw_reload(c);
	*ret_answer = gw_status(c);
	return 0;
}

static int throw_switch(struct gw_client *client, const struct sk_json *at, void (*for_ms)(struct gw_clerk *, uint64_t, const char *),
			struct json_object **ret_answer)
{
	uint64_t ms;
	int r = sk_json_u64(at, "ms", 0, SWITCH_MS_MAX, &ms);

	if (r)
		return r;
	for_ms(client->clerk, ms, "root");
	*ret_answer = json_object_new_object();
	if (*ret_answer && sk_json_put_u64(*ret_answer, "until", ms ? gw_now_ns() / 1000000 + ms : 0))
		*ret_answer = sk_json_free(*ret_answer);
	return 0;
}

static int call_open(struct gw_client *client, const struct sk_json *at, struct json_object **ret_answer)
{
	return throw_switch(client, at, gw_open_for, ret_answer);
}

static int call_maintenance(struct gw_client *client, const struct sk_json *at, struct json_object **ret_answer)
{
	return throw_switch(client, at, gw_maintain_for, ret_answer);
}

static struct json_object *refusal_json(const struct gw_refusal *refusal)
{
	struct json_object *out = json_object_new_object(), *event = NULL;

	if (!out || !refusal->text || sk_json_parse(refusal->text, refusal->size, refusal->size, &event, NULL) != 0 || sk_json_put(out, "event", event) != 0 ||
	    sk_json_put_u64(out, "number", refusal->number) != 0)
		out = sk_json_free(out);
	return out;
}

static int call_refusals(struct gw_client *client, const struct sk_json *at, struct json_object **ret_answer)
{
	const struct gw_clerk *c = client->clerk;
	struct json_object *list = NULL;
	uint64_t count = SK_MIN(c->refusal_count, (uint64_t)GW_REFUSALS);
	int r;

	(void)at;
	*ret_answer = json_object_new_object();
	r = *ret_answer ? sk_json_put_array(*ret_answer, "refusals", &list) : -ENOMEM;
	for (uint64_t i = 0; i < count && !r; i++) {
		struct json_object *one = refusal_json(&c->refusals[(c->refusal_count - 1 - i) % GW_REFUSALS]);

		if (one)
			r = sk_json_append(list, one);
	}
	if (r)
		*ret_answer = sk_json_free(*ret_answer);
	return 0;
}

static int call_learn(struct gw_client *client, const struct sk_json *at, struct json_object **ret_answer)
{
	bool know = false;
	int r = sk_json_has(at, "know") ? sk_json_bool(at, "know", &know) : 0;

	if (r)
		return r;
	if (know)
		gw_learnt_know(client->clerk);
	*ret_answer = gw_learnt_summary(client->clerk);
	return 0;
}

static int call_propose(struct gw_client *client, const struct sk_json *at, struct json_object **ret_answer)
{
	(void)at;
	*ret_answer = gw_learnt_propose(client->clerk);
	return 0;
}

static int call_drift(struct gw_client *client, const struct sk_json *at, struct json_object **ret_answer)
{
	(void)at;
	*ret_answer = gw_learnt_drift(client->clerk);
	return 0;
}

static int call_draw(struct gw_client *client, const struct sk_json *at, struct json_object **ret_answer)
{
	bool ja;
	int r = sk_json_bool(at, "ja", &ja);

	if (!r)
		*ret_answer = gw_learnt_draw(client->clerk, ja);
	return r;
}

static int no_set(const struct sk_json *at)
{
	return sk_json_refuse(at, "set", "the policy in force has no isolation set of this name");
}

static int call_rehearse(struct gw_client *client, const struct sk_json *at, struct json_object **ret_answer)
{
	const char *set;
	bool found;
	int r = sk_json_string(at, "set", 1, 64, &set);

	if (r)
		return r;
	*ret_answer = gw_learnt_rehearse(client->clerk, set, &found);
	return found ? 0 : no_set(at);
}

static int call_isolate(struct gw_client *client, const struct sk_json *at, struct json_object **ret_answer)
{
	const char *set;
	uint64_t ms;
	int r = sk_json_string(at, "set", 1, 64, &set);

	if (!r)
		r = sk_json_u64(at, "ms", 0, SWITCH_MS_MAX, &ms);
	if (r)
		return r;
	r = gw_isolate_for(client->clerk, set, ms, "root");
	if (r)
		return r == SK_NONE ? no_set(at) : sk_json_refuse(at, "set", r == SK_FULL ? "so many sets are isolated already that there is no room" : "cannot be put in force; the log says why");
	*ret_answer = json_object_new_object();
	if (*ret_answer && sk_json_put_u64(*ret_answer, "until", ms ? gw_now_ns() / 1000000 + ms : 0))
		*ret_answer = sk_json_free(*ret_answer);
	return 0;
}

static int on_call(struct gw_client *client, const struct sk_frame *frame, struct sk_diag *diag)
{
	static const char *const verbs[] = {"status", "top", "open", "maintenance", "reload", "refusals", "learn", "propose", "drift", "rehearse", "isolate", "draw", NULL};
	static int (*const calls[])(struct gw_client *, const struct sk_json *, struct json_object **) = {
		call_status, call_top, call_open, call_maintenance, call_reload, call_refusals, call_learn, call_propose, call_drift, call_rehearse, call_isolate, call_draw};
	_cleanup_json_ struct json_object *body = NULL;
	struct json_object *answer = NULL;
	struct sk_json at;
	size_t verb;
	int r = sk_json_parse_object(frame->body, frame->size, CALL_MAX, &body, diag);

	if (r)
		return r;
	at = SK_JSON(body, "call", diag);
	r = sk_json_word(&at, "verb", verbs, &verb);
	if (!r)
		r = calls[verb](client, &at, &answer);
	if (!r)
		send_json(client, SK_F_RESULT, frame->id, answer);
	return r;
}

static void on_frame(struct sk_chan *chan, void *arg, const struct sk_frame *frame)
{
	struct gw_client *client = arg;
	struct sk_diag diag = {.source = "gateway.sock"};
	char text[500];
	int r = 0;

	if (frame->type == SK_F_HEALTH_GET)
		send_json(client, SK_F_HEALTH, frame->id, gw_health(client->clerk));
	else if (frame->type == SK_F_POLICY && client->is_link)
		gw_enforce_offer(client->clerk, (const char *)frame->body, frame->size);
	else if (frame->type == SK_F_CALL && client->is_root)
		r = on_call(client, frame, &diag);
	else if (frame->type != SK_F_ERROR)
		r = sk_diag_offset(&diag, 0, "%s is not for you", sk_frame_name(frame->type));
	if (r)
		sk_chan_send_error(chan, frame->id, r > 0 ? "bad" : "failed", r > 0 ? sk_diag_format(&diag, text, sizeof text) : strerror(-r));
}

static void client_free(struct gw_client *client)
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

static void on_accept(void *arg, int fd, uid_t uid)
{
	const struct sk_chan_opts opts = {.proto = SK_PROTO_LOCKDOWN, .side = SK_SERVER, .max_output = 32 << 20};
	struct gw_clerk *c = arg;
	struct gw_client *client = NULL;
	bool is_link = sk_role_is(uid, "link"), is_root = sk_role_is(uid, "root");

	if ((is_link || is_root) && c->client_count < GW_CLIENTS)
		client = sk_calloc(1, sizeof *client);
	if (!client) {
		close(fd);
		return;
	}
	*client = (struct gw_client){.clerk = c, .is_link = is_link, .is_root = is_root};
	if (sk_chan_new_fd(c->loop, fd, &handler, client, &opts, &client->chan) != 0) {
		free(client);
		close(fd);
		return;
	}
	sk_list_append(&c->clients, &client->link);
	c->client_count++;
	if (!is_link)
		return;
	gw_control_to_link(c, SK_F_HEALTH, gw_health(c));
	if (c->now->any || c->reason[0])
		gw_control_to_link(c, SK_F_POLICY_STATE, gw_enforce_state(c));
}

int gw_control_open(struct gw_clerk *c)
{
	return sk_accept_new(c->loop, sk_duty_listener(c->ctx, "gateway.sock"), on_accept, c, &c->accept);
}

void gw_control_close(struct gw_clerk *c)
{
	c->accept = sk_accept_free(c->accept);
	sk_list_each(client, &c->clients, struct gw_client, link)
		client_free(client);
}
