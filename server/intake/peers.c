// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The store and the fleet, seen from intake: two channels that are made again when they break, and a list of what waits for their answer.
 *
 * The store gone: every session closes (the batches that were on their way are in the agents' spools). The fleet gone: sessions go on, on what it said
 * last; requests and results wait and are sent again when it is back, after every session was attached anew.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "intake/service.h"
#include "os/point.h"

enum { RETRY_MS = 100, WAITING_UP_MAX = 4096, STORE_HIGH = 8 << 20, STORE_MAX = 96 << 20 };

/* ---- what waits ---- */

static struct sk_waiting *wait_for(struct sk_session *s, enum sk_waiting_kind kind, uint32_t id, uint32_t answer_id)
{
	struct sk_waiting *w = sk_calloc(1, sizeof *w);

	if (!w)
		return NULL;
	w->kind = kind;
	w->id = id;
	w->session = s;
	w->answer_id = answer_id;
	sk_list_append(&s->intake->waiting, &w->link);
	return w;
}

static void waiting_free(struct sk_waiting *w)
{
	sk_list_remove(&w->link);
	free(w->body);
	free(w);
}

static bool is_stores(const struct sk_waiting *w)
{
	return w->kind == SK_WAIT_RESYNC || w->kind == SK_WAIT_APPEND;
}

/* Answers come in the order of the questions, nearly: the first look finds it. */
static struct sk_waiting *find(struct sk_intake *intake, bool stores, uint32_t id)
{
	sk_list_each(w, &intake->waiting, struct sk_waiting, link)
		if (is_stores(w) == stores && w->id == id)
			return w;
	return NULL;
}

void sk_peers_forget(struct sk_intake *intake, struct sk_session *s)
{
	sk_list_each(w, &intake->waiting, struct sk_waiting, link) {
		if (w->session != s)
			continue;
		w->session = NULL;
		if (w->kind == SK_WAIT_UP)
			waiting_free(w); /* the agent says it again */
	}
}

static void drop_waiting(struct sk_intake *intake, bool stores)
{
	sk_list_each(w, &intake->waiting, struct sk_waiting, link)
		if (is_stores(w) == stores && w->kind != SK_WAIT_UP)
			waiting_free(w);
}

/* ---- the store ---- */

static int ask_store(struct sk_session *s, enum sk_waiting_kind kind, uint16_t type, uint32_t answer_id, const void *body, size_t size)
{
	struct sk_intake *intake = s->intake;
	struct sk_waiting *w;
	uint32_t id;
	int r;

	if (!intake->store)
		return SK_END;
	id = sk_chan_next_id(intake->store);
	w = wait_for(s, kind, id, answer_id);
	if (!w)
		return -ENOMEM;
	r = sk_chan_send(intake->store, type, id, body, size);
	if (r == SK_AGAIN && !intake->store_choked) {
		intake->store_choked = true;
		sk_list_each(other, &intake->sessions, struct sk_session, link)
			sk_intake_pause(intake, other);
	}
	if (r && r != SK_AGAIN) {
		waiting_free(w);
		return r;
	}
	return 0;
}

int sk_peers_resync(struct sk_session *s, uint32_t answer_id, const void *body, size_t size)
{
	return ask_store(s, SK_WAIT_RESYNC, SK_F_CALL, answer_id, body, size);
}

int sk_peers_append(struct sk_session *s, uint32_t answer_id, const void *body, size_t size)
{
	return ask_store(s, SK_WAIT_APPEND, SK_F_APPEND, answer_id, body, size);
}

/* "bad": the batch is wrong, now and for ever. Anything else passes: the agent keeps it and comes again. */
static void end_append(struct sk_session *s, uint32_t answer_id, const struct sk_frame *frame)
{
	_cleanup_json_ struct json_object *tree = NULL;
	const char *code = "", *text = "";
	struct sk_json at;

	if (sk_json_parse_object(frame->body, frame->size, frame->size, &tree, NULL) == 0) {
		at = SK_JSON(tree, "error", NULL);
		if (sk_json_string(&at, "code", 1, 64, &code) || sk_json_string(&at, "text", 0, 4096, &text))
			code = "";
	}
	if (strcmp(code, "bad") == 0)
		sk_session_end(s, answer_id, "bad-batch", text);
	else
		sk_session_end(s, answer_id, "failed", "the store cannot keep it now: try again later");
}

static void answer_append(struct sk_session *s, const struct sk_waiting *w, const struct sk_frame *frame)
{
	if (frame->type != SK_F_ACK) {
		end_append(s, w->answer_id, frame);
		return;
	}
	SK_POINT("intake.ack");
	s->batches--;
	sk_chan_send(s->chan, SK_F_ACK, w->answer_id, frame->body, frame->size);
	sk_intake_pause(s->intake, s);
}

static void on_store_frame(struct sk_chan *chan, void *arg, const struct sk_frame *frame)
{
	struct sk_intake *intake = arg;
	struct sk_waiting *w = find(intake, true, frame->id);
	struct sk_session *s;

	(void)chan;
	if (!w)
		return;
	s = w->session;
	if (s && s->state != SK_SESSION_CLOSING) {
		if (w->kind == SK_WAIT_APPEND)
			answer_append(s, w, frame);
		else if (frame->type == SK_F_RESULT)
			sk_link_welcome(s, w->answer_id, frame);
		else
			sk_session_end(s, w->answer_id, "failed", "the store does not answer: try again later");
	}
	waiting_free(w);
}

static void close_all(struct sk_intake *intake)
{
	sk_list_each(s, &intake->sessions, struct sk_session, link)
		if (s->state != SK_SESSION_ENROL && s->state != SK_SESSION_HANDSHAKE)
			sk_session_close(s);
}

static void on_store_close(struct sk_chan *chan, void *arg, const struct sk_diag *why)
{
	struct sk_intake *intake = arg;
	char text[512];

	sk_log(SK_LOG_WARNING, "the store is gone: %s", sk_diag_format(why, text, sizeof text));
	intake->store = sk_chan_free(chan);
	intake->store_choked = false;
	drop_waiting(intake, true);
	close_all(intake);
	sk_intake_doors(intake);
	sk_timer_arm(intake->retry, RETRY_MS);
}

static void on_store_drain(struct sk_chan *chan, void *arg)
{
	struct sk_intake *intake = arg;

	(void)chan;
	intake->store_choked = false;
	sk_list_each(s, &intake->sessions, struct sk_session, link)
		sk_intake_pause(intake, s);
}

static const struct sk_chan_handler store_handler = {.on_frame = on_store_frame, .on_close = on_store_close, .on_drain = on_store_drain};

/* ---- the fleet ---- */

int sk_peers_enrol(struct sk_session *s, uint32_t answer_id, const void *body, size_t size)
{
	struct sk_intake *intake = s->intake;
	uint32_t id;
	int r;

	if (!intake->fleet)
		return SK_END;
	id = sk_chan_next_id(intake->fleet);
	r = sk_chan_send(intake->fleet, SK_F_ENROL, id, body, size);
	if (r && r != SK_AGAIN)
		return r;
	s->asked = answer_id;
	return wait_for(s, SK_WAIT_ENROL, id, answer_id) ? 0 : -ENOMEM;
}

static int send_up(struct sk_intake *intake, uint32_t id, const void *text, size_t size)
{
	int r = sk_chan_send(intake->fleet, SK_F_UP, id, text, size);

	return r == SK_AGAIN ? 0 : r;
}

static int wait_up(struct sk_session *s, const char *type, const char *name, struct sk_buf *text, uint32_t id)
{
	struct sk_waiting *w;
	size_t count = 0;

	sk_list_each(other, &s->intake->waiting, struct sk_waiting, link)
		count += other->kind == SK_WAIT_UP;
	if (count >= WAITING_UP_MAX)
		return SK_FULL;
	w = wait_for(s, SK_WAIT_UP, id, 0);
	if (!w)
		return sk_origin(-ENOMEM);
	w->size = text->size;
	w->body = sk_buf_take(text);
	w->request = strcmp(type, "request") == 0;
	snprintf(w->name, sizeof w->name, "%s", name);
	return w->body ? 0 : sk_origin(-ENOMEM);
}

int sk_peers_up(struct sk_session *s, const char *type, const char *name, const void *body, size_t size)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(size + 512);
	struct sk_intake *intake = s->intake;
	uint32_t id = name && intake->fleet ? sk_chan_next_id(intake->fleet) : 0;
	int r = sk_buf_printf(&text, "{\"agent\":\"%s\",\"type\":\"%s\",\"body\":", s->who.agent, type);

	if (!r)
		r = sk_buf_append(&text, body, size);
	if (!r)
		r = sk_buf_append_char(&text, '}');
	if (!r && intake->fleet)
		r = send_up(intake, id, text.data, text.size);
	if (r == SK_FULL || r == SK_END)
		r = 0; /* the channel is closing: what has a name is sent again */
	return r || !name ? r : wait_up(s, type, name, &text, id);
}

static void on_up_taken(struct sk_session *s, const struct sk_waiting *w)
{
	char text[SK_LINK_ID_MAX + 16];

	if (w->request) {
		snprintf(text, sizeof text, "{\"id\":\"%s\"}", w->name);
		sk_chan_send(s->chan, SK_F_REQUEST_TAKEN, 0, text, strlen(text));
	}
}

static void on_fleet_answer(struct sk_intake *intake, const struct sk_frame *frame)
{
	struct sk_waiting *w = find(intake, false, frame->id);
	struct sk_session *s = w ? w->session : NULL;

	if (!w)
		return;
	if (s && w->kind == SK_WAIT_ENROL)
		sk_enrol_answer(s, w->answer_id, frame);
	else if (s && frame->type == SK_F_UP_TAKEN)
		on_up_taken(s, w);
	else if (s && frame->type == SK_F_ERROR)
		sk_chan_send(s->chan, SK_F_ERROR, 0, frame->body, frame->size);
	waiting_free(w);
}

static void revoke(struct sk_intake *intake, const char *agent)
{
	sk_admissions_remove(intake->admissions, agent);
	sk_list_each(s, &intake->sessions, struct sk_session, link)
		if (strcmp(s->who.agent, agent) == 0 && s->chan)
			sk_session_end(s, 0, "revoked", "this endpoint's admission was taken back");
}

/* After a new list: whoever is not on it any more goes. */
static void check_all(struct sk_intake *intake)
{
	sk_list_each(s, &intake->sessions, struct sk_session, link)
		if (s->who.agent[0] && s->chan && !sk_admissions_find(intake->admissions, s->who.fingerprint))
			sk_session_end(s, 0, "revoked", "this endpoint's admission was taken back");
}

static int attach_again(struct sk_intake *intake);

/* The fleet is new: it hears again who is here, and what it has not taken. */
static int attach_again(struct sk_intake *intake)
{
	sk_list_each(s, &intake->sessions, struct sk_session, link)
		if (s->state == SK_SESSION_OPEN)
			sk_link_attach(s);
	sk_list_each(w, &intake->waiting, struct sk_waiting, link) {
		if (w->kind != SK_WAIT_UP)
			continue;
		w->id = sk_chan_next_id(intake->fleet);
		send_up(intake, w->id, w->body, w->size);
	}
	return 0;
}

static int on_push(struct sk_intake *intake, const struct sk_json *at)
{
	const char *agent, *type;
	struct sk_session *s;
	struct sk_json body;
	int r = sk_json_string(at, "type", 1, 32, &type);

	if (!r)
		r = sk_json_string(at, "agent", 0, SK_AGENT_ID_MAX, &agent);
	if (r)
		return r;
	if (strcmp(type, "admitted") == 0) {
		r = sk_json_object(at, "body", &body);
		return r ? r : sk_admissions_add(intake->admissions, agent, &body);
	}
	if (strcmp(type, "ready") == 0) {
		sk_admissions_whole(intake->admissions);
		check_all(intake);
		sk_intake_doors(intake);
		return attach_again(intake);
	}
	if (strcmp(type, "revoked") == 0) {
		revoke(intake, agent);
		return 0;
	}
	s = sk_intake_session(intake, agent);
	if (s)
		sk_link_push(s, type, at);
	return 0;
}

static void on_fleet_frame(struct sk_chan *chan, void *arg, const struct sk_frame *frame)
{
	_cleanup_json_ struct json_object *tree = NULL;
	struct sk_intake *intake = arg;
	struct sk_diag diag = {0};
	struct sk_json at;
	char text[512];
	int r;

	(void)chan;
	if (frame->type != SK_F_PUSH) {
		on_fleet_answer(intake, frame);
		return;
	}
	r = sk_json_parse_object(frame->body, frame->size, frame->size, &tree, &diag);
	at = SK_JSON(tree, "PUSH", &diag);
	if (!r)
		r = on_push(intake, &at);
	if (r)
		sk_log(SK_LOG_ERROR, "a push of the fleet cannot be used: %s", sk_diag_format(&diag, text, sizeof text));
}

static void on_fleet_close(struct sk_chan *chan, void *arg, const struct sk_diag *why)
{
	struct sk_intake *intake = arg;
	char text[512];

	sk_log(SK_LOG_WARNING, "the fleet is gone: %s", sk_diag_format(why, text, sizeof text));
	intake->fleet = sk_chan_free(chan);
	sk_list_each(s, &intake->sessions, struct sk_session, link)
		if (s->state == SK_SESSION_ENROL && s->asked)
			sk_session_end(s, s->asked, "failed", "the fleet does not answer: try again later");
	drop_waiting(intake, false);
	sk_timer_arm(intake->retry, RETRY_MS);
}

static const struct sk_chan_handler fleet_handler = {.on_frame = on_fleet_frame, .on_close = on_fleet_close};

/* ---- making the channels ---- */

static void connect_fleet(struct sk_intake *intake)
{
	const struct sk_chan_opts opts = {.proto = SK_PROTO_FLEET, .side = SK_CLIENT, .max_output = 64 << 20};

	if (intake->fleet || sk_chan_connect(intake->loop, intake->root, "fleet.sock", &fleet_handler, intake, &opts, &intake->fleet))
		return;
	if (sk_admissions_begin(intake->admissions) || sk_chan_send(intake->fleet, SK_F_SUBSCRIBE, 0, "{}", 2))
		sk_log(SK_LOG_ERROR, "cannot ask the fleet who is admitted");
}

static void connect_all(void *arg)
{
	const struct sk_chan_opts opts = {.proto = SK_PROTO_STORE, .side = SK_CLIENT, .high_water = STORE_HIGH, .max_output = STORE_MAX};
	struct sk_intake *intake = arg;

	if (!intake->store)
		sk_chan_connect(intake->loop, intake->root, "store.sock", &store_handler, intake, &opts, &intake->store);
	connect_fleet(intake);
	sk_intake_doors(intake);
	if (!intake->store || !intake->fleet)
		sk_timer_arm(intake->retry, RETRY_MS);
}

int sk_peers_start(struct sk_intake *intake)
{
	int r = sk_watch_timer(intake->loop, connect_all, intake, &intake->retry);

	if (!r)
		connect_all(intake);
	return r;
}

void sk_peers_stop(struct sk_intake *intake)
{
	sk_watch_free(intake->retry);
	intake->store = sk_chan_free(intake->store);
	intake->fleet = sk_chan_free(intake->fleet);
	sk_list_each(w, &intake->waiting, struct sk_waiting, link)
		waiting_free(w);
}
