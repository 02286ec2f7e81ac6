// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One session with the server.
 *
 *   begin -> spool.sock (HEALTH_GET), TLS to the server -> both there: HELLO
 *         -> WELCOME: what the server has goes to the spool, READs begin, lockdown.sock and gateway.sock are taken (they may be absent)
 *   BATCH from the spool goes to the server as it is; its ACK goes back. HEALTH, and what lockdown and the server say to each other, pass through.
 *   any connection ends, any answer is wrong, an ACK is overdue -> end
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "crypto/tls.h"
#include "link/bodies.h"
#include "link/connect.h"
#include "link/link.h"
#include "os/point.h"
#include "wire/link.h"

enum { HEALTH_MS = 30000, STALL_MS = 30000, FULL_PAUSE_MS = 2000, CHANGE_MS = 1000, READ_AHEAD = 4 << 20,
       REFUSALS = 3 /* sessions in which a batch is refused before it is given up */ };

void session_end(struct link *link, const char *why)
{
	if (!link->error[0])
		snprintf(link->error, sizeof link->error, "%s", why);
	sk_deferred_call(link->ended);
}

void session_close(struct link *link)
{
	struct sk_watch *timers[] = {link->stall, link->health, link->soon, link->again};

	for (size_t i = 0; i < SK_ARRAY_SIZE(timers); i++)
		if (timers[i])
			sk_timer_stop(timers[i]);
	link->server = sk_chan_free(link->server);
	link->spool = sk_chan_free(link->spool);
	link->lockdown = sk_chan_free(link->lockdown);
	link->gateway = sk_chan_free(link->gateway);
	link->tls = sk_tls_free(link->tls);
	link->spool_health = sk_json_free(link->spool_health);
	link->lockdown_health = sk_json_free(link->lockdown_health);
	link->gateway_health = sk_json_free(link->gateway_health);
	link->server_up = link->welcomed = link->full = false;
	memset(link->reads, 0, sizeof link->reads);
}

/* ---- from the spool to the server ---- */

static void read_priority(struct link *link, uint8_t priority)
{
	char body[64];
	int n = snprintf(body, sizeof body, "{\"after\":%llu,\"priority\":%u}", (unsigned long long)link->window.sent[priority], priority);

	link->reads[priority] = sk_chan_next_id(link->spool);
	sk_chan_send(link->spool, SK_F_READ, link->reads[priority], body, (size_t)n);
}

/* Asks for what is next of each priority, as far as the window has room: each READ may bring one batch. */
void session_read_on(struct link *link)
{
	unsigned open = 0;

	if (!link->welcomed || link->full || sk_chan_queued(link->server) > READ_AHEAD)
		return;
	for (uint8_t p = 0; p < SK_PRIORITIES; p++)
		open += link->reads[p] != 0;
	for (uint8_t p = 0; p < SK_PRIORITIES; p++)
		if (!link->reads[p] && link->window.count + open < WINDOW) {
			read_priority(link, p);
			open++;
		}
}

static void await_answer(struct link *link)
{
	if (link->window.count)
		sk_timer_arm(link->stall, STALL_MS);
	else
		sk_timer_stop(link->stall);
}

static int on_batch(struct link *link, const struct sk_frame *frame, struct sk_diag *diag)
{
	struct sk_batch batch;
	uint32_t id;
	int r = sk_batch_read(frame->body, frame->size, &batch, diag);

	if (r)
		return r;
	if (frame->id != link->reads[batch.priority])
		return 0; /* an answer to a READ that was taken back */
	link->reads[batch.priority] = 0;
	if (!link->welcomed || link->full)
		return 0;
	id = sk_chan_next_id(link->server);
	if (!window_send(&link->window, id, &batch))
		return sk_diag_offset(diag, 0, "the spool gave what does not follow");
	SK_POINT("link.batch");
	r = sk_chan_send(link->server, SK_F_BATCH, id, frame->body, frame->size);
	if (r < 0)
		return r;
	SK_POINT("link.sent");
	await_answer(link);
	session_read_on(link);
	return 0;
}

/* Tells the spool what the server has. */
static void give_ack(struct link *link, uint8_t priority, uint64_t seq)
{
	const struct sk_ack ack = {link->window.epoch, priority, seq};
	uint8_t body[SK_ACK_SIZE];
	struct sk_writer w;

	sk_writer_init(&w, body, sizeof body);
	sk_ack_write(&w, &ack);
	sk_chan_send(link->spool, SK_F_ACKED, 0, body, sizeof body);
}

static int on_ack(struct link *link, const struct sk_frame *frame, struct sk_diag *diag)
{
	struct sk_ack ack;
	bool news;
	int r = sk_ack_read(frame->body, frame->size, &ack, diag);

	if (r)
		return r;
	if (window_ack(&link->window, frame->id, &ack, &news))
		return link->full ? 0 : sk_diag_offset(diag, 0, "the server acknowledges what was not sent");
	SK_POINT("link.ack");
	if (news)
		give_ack(link, ack.priority, ack.seq);
	await_answer(link);
	session_read_on(link);
	return 0;
}

static void on_again(void *arg)
{
	struct link *link = arg;

	link->full = false;
	session_read_on(link);
}

/*
 * The server says that a batch is wrong. It may be its own fault, and somebody may mend that: so the batch is sent again, in three sessions. Then it is given up: what
 * comes behind it would never arrive. True: the spool was told so, and the server closes.
 */
static bool give_up(struct link *link, uint32_t id, const char *why)
{
	const struct window_range *range = window_next(&link->window, id);
	char body[160];
	int n;

	if (!range)
		return false; /* what was sent before it is not answered: first that */
	if (link->refused_epoch != link->window.epoch || link->refused.priority != range->priority || link->refused.first != range->first)
		link->refused_times = 0;
	link->refused = *range;
	link->refused_epoch = link->window.epoch;
	if (++link->refused_times < REFUSALS)
		return false;
	sk_log(SK_LOG_ERROR, "the server refuses events %llu to %llu of priority %u for good: %s", (unsigned long long)range->first,
	       (unsigned long long)range->last, range->priority, why);
	n = snprintf(body, sizeof body, "{\"epoch\":%llu,\"first\":%llu,\"last\":%llu,\"priority\":%u}", (unsigned long long)link->window.epoch,
		     (unsigned long long)range->first, (unsigned long long)range->last, range->priority);
	return sk_chan_send(link->spool, SK_F_REFUSED, 0, body, (size_t)n) == 0;
}

/* ERROR "full" for a batch: nothing was kept of it. The batches behind it are answered too, and ignored. */
static int on_error(struct link *link, const struct sk_frame *frame, struct sk_diag *diag)
{
	struct body_error error;
	int r = body_error_read(frame->body, frame->size, &error, diag);

	if (r)
		return r;
	if (strcmp(error.code, "bad-batch") == 0 && give_up(link, frame->id, error.text))
		return 0; /* the spool hears of it before the session ends */
	if (strcmp(error.code, "full") != 0)
		return sk_diag_offset(diag, 0, "the server says %s: %s", error.code, error.text);
	if (!link->full)
		sk_log(SK_LOG_WARNING, "the server has no room: %s", error.text);
	link->full = true;
	window_rewind(&link->window);
	memset(link->reads, 0, sizeof link->reads);
	await_answer(link);
	return sk_timer_arm(link->again, FULL_PAUSE_MS);
}

/* ---- health ---- */

static int connect_gateway(struct link *link);

static void send_health(struct link *link)
{
	_cleanup_buf_ struct sk_buf out = SK_BUF(64 << 10);

	if (link->welcomed && health_report(link, &out) == 0)
		sk_chan_send(link->server, SK_F_HEALTH, 0, out.data, out.size);
}

static void on_health_time(void *arg)
{
	struct link *link = arg;

	sk_chan_send(link->spool, SK_F_HEALTH_GET, sk_chan_next_id(link->spool), NULL, 0);
	if (link->lockdown)
		sk_chan_send(link->lockdown, SK_F_HEALTH_GET, sk_chan_next_id(link->lockdown), NULL, 0);
	if (!link->gateway)
		(void)connect_gateway(link); /* it may have been started since */
	if (link->gateway)
		sk_chan_send(link->gateway, SK_F_HEALTH_GET, sk_chan_next_id(link->gateway), NULL, 0);
	sk_timer_arm(link->soon, CHANGE_MS);
}

static void on_soon(void *arg)
{
	send_health(arg);
}

/* ---- hello ---- */

static int connect_lockdown(struct link *link);

static void hello_when_ready(struct link *link)
{
	_cleanup_buf_ struct sk_buf body = SK_BUF(16 << 10);
	int r;

	if (!link->server_up || !link->spool_health || link->welcomed)
		return;
	r = health_hello(link, &body);
	if (!r)
		r = sk_chan_send(link->server, SK_F_HELLO, 1, body.data, body.size);
	if (r)
		session_end(link, "HELLO could not be sent");
	sk_timer_arm(link->stall, STALL_MS);
}

static void take_ack(struct link *link, const struct sk_ack *ack)
{
	if (ack->epoch != link->window.epoch || ack->seq == 0)
		return;
	window_welcome(&link->window, ack->priority, ack->seq);
	give_ack(link, ack->priority, ack->seq);
}

static int on_welcome(struct link *link, const struct sk_frame *frame, struct sk_diag *diag)
{
	struct json_object *epoch;
	struct body_welcome welcome;
	int r = body_welcome_read(frame->body, frame->size, &welcome, diag);

	if (r)
		return r;
	window_reset(&link->window, json_object_object_get_ex(link->spool_health, "epoch", &epoch) ? (uint64_t)json_object_get_int64(epoch) : 0);
	for (size_t i = 0; i < welcome.ack_count; i++)
		take_ack(link, &welcome.acks[i]);
	sk_clock_trust(&link->clock, link->ctx->root_dir, CLOCK_FILE, welcome.time);
	SK_POINT("link.welcome");
	link->welcomed = true;
	link->state = LINK_CONNECTED;
	link->since_ms = sk_clock_ms();
	link->error[0] = '\0';
	link->pause_ms = 0;
	sk_log(SK_LOG_NOTICE, "connected to %s", link->identity.server);
	await_answer(link);
	session_read_on(link);
	r = connect_lockdown(link);
	on_health_time(link);
	return r ? r : sk_timer_arm_every(link->health, HEALTH_MS);
}

/* ---- frames ---- */

static void settle(struct link *link, int r, const struct sk_diag *diag)
{
	char text[512];

	if (r > 0)
		session_end(link, sk_diag_format(diag, text, sizeof text));
	else if (r < 0)
		session_end(link, strerror(-r));
}

/* Without a guard here nothing can be enforced or carried out; saying so at once is better than silence. */
static int answer_alone(struct link *link, const struct sk_frame *frame)
{
	static const char state[] = "{\"hash\":\"\",\"reason\":\"no guard runs on this endpoint\",\"serial\":0,\"state\":\"refused\"}";

	if (frame->type == SK_F_POLICY && !link->gateway)
		return sk_chan_send(link->server, SK_F_POLICY_STATE, frame->id, state, sizeof state - 1);
	return 0; /* the server keeps it, and says it again when a session begins */
}

/* What is signed goes to all who keep such things: one store, in which each finds its own part. The rest is lockdown's. */
static int hand_on(struct link *link, const struct sk_frame *frame)
{
	if (link->gateway && frame->type == SK_F_POLICY)
		sk_chan_send(link->gateway, frame->type, frame->id, frame->body, frame->size);
	return link->lockdown ? sk_chan_send(link->lockdown, frame->type, frame->id, frame->body, frame->size) : answer_alone(link, frame);
}

static void on_server_frame(struct sk_chan *chan, void *arg, const struct sk_frame *frame)
{
	struct sk_diag diag = {.source = "server"};
	struct link *link = arg;
	int r = 0;

	(void)chan;
	if (frame->type == SK_F_WELCOME && !link->welcomed)
		r = on_welcome(link, frame, &diag);
	else if (frame->type == SK_F_ERROR)
		r = on_error(link, frame, &diag);
	else if (!link->welcomed)
		r = sk_diag_offset(&diag, 0, "%s before WELCOME", sk_frame_name(frame->type));
	else if (frame->type == SK_F_ACK)
		r = on_ack(link, frame, &diag);
	else
		r = hand_on(link, frame);
	settle(link, r == SK_AGAIN ? 0 : r, &diag);
}

static void on_spool_frame(struct sk_chan *chan, void *arg, const struct sk_frame *frame)
{
	struct sk_diag diag = {.source = "spool"};
	struct link *link = arg;
	int r = 0;

	(void)chan;
	if (frame->type == SK_F_BATCH)
		r = on_batch(link, frame, &diag);
	else if (frame->type == SK_F_HEALTH)
		r = health_take(&link->spool_health, frame, &diag);
	else
		r = sk_diag_offset(&diag, 0, "it answered %s", sk_frame_name(frame->type));
	if (!r && frame->type == SK_F_HEALTH)
		hello_when_ready(link);
	settle(link, r, &diag);
}

static void on_lockdown_frame(struct sk_chan *chan, void *arg, const struct sk_frame *frame)
{
	struct sk_diag diag = {.source = "lockdown"};
	struct link *link = arg;
	int r = 0;

	(void)chan;
	if (frame->type == SK_F_HEALTH) {
		r = health_take(&link->lockdown_health, frame, &diag);
		if (!r && frame->id == 0)
			sk_timer_arm(link->soon, CHANGE_MS);
	} else if (frame->type == SK_F_ERROR) {
		sk_log(SK_LOG_WARNING, "lockdown: %.*s", (int)SK_MIN(frame->size, 200u), (const char *)frame->body);
	} else {
		r = sk_chan_send(link->server, frame->type, frame->id, frame->body, frame->size);
	}
	settle(link, r == SK_AGAIN ? 0 : r, &diag);
}

static void on_gateway_frame(struct sk_chan *chan, void *arg, const struct sk_frame *frame)
{
	struct sk_diag diag = {.source = "gateway"};
	struct link *link = arg;
	int r = 0;

	(void)chan;
	if (frame->type == SK_F_HEALTH) {
		r = health_take(&link->gateway_health, frame, &diag);
		if (!r && frame->id == 0)
			sk_timer_arm(link->soon, CHANGE_MS);
	} else if (frame->type == SK_F_POLICY_STATE) {
		r = sk_chan_send(link->server, frame->type, frame->id, frame->body, frame->size);
	} else {
		sk_log(SK_LOG_WARNING, "gateway: %.*s", (int)SK_MIN(frame->size, 200u), (const char *)frame->body);
	}
	settle(link, r == SK_AGAIN ? 0 : r, &diag);
}

/* ---- connections ---- */

static void on_server_open(struct sk_chan *chan, void *arg)
{
	struct link *link = arg;

	(void)chan;
	link->server_up = true;
	hello_when_ready(link);
}

static void on_chan_close(struct sk_chan *chan, void *arg, const struct sk_diag *why)
{
	struct link *link = arg;
	const char *who = chan == link->server ? "server" : chan == link->spool ? "spool" : chan == link->gateway ? "gateway" : "lockdown";
	char text[300];

	snprintf(text, sizeof text, "%s: %s", who, why->text);
	session_end(link, text);
}

static void on_server_drain(struct sk_chan *chan, void *arg)
{
	(void)chan;
	session_read_on(arg);
}

static const struct sk_chan_handler server_handler = {on_server_open, on_server_frame, on_chan_close, on_server_drain};
static const struct sk_chan_handler spool_handler = {.on_frame = on_spool_frame, .on_close = on_chan_close};
static const struct sk_chan_handler lockdown_handler = {.on_frame = on_lockdown_frame, .on_close = on_chan_close};
static const struct sk_chan_handler gateway_handler = {.on_frame = on_gateway_frame, .on_close = on_chan_close};

static int connect_local(struct link *link)
{
	const struct sk_chan_opts spool = {.proto = SK_PROTO_SPOOL, .side = SK_CLIENT};
	int r = sk_chan_connect(link->loop, link->ctx->root, "spool.sock", &spool_handler, link, &spool, &link->spool);

	if (!r)
		r = sk_chan_send(link->spool, SK_F_HEALTH_GET, sk_chan_next_id(link->spool), NULL, 0);
	return r;
}

/* The guard's socket is taken only now: what it has in its outbox then finds the server listening. A machine without a guard has none. */
static int connect_lockdown(struct link *link)
{
	const struct sk_chan_opts opts = {.proto = SK_PROTO_LOCKDOWN, .side = SK_CLIENT, .max_output = 64 << 20};
	int r = sk_chan_connect(link->loop, link->ctx->root, "lockdown.sock", &lockdown_handler, link, &opts, &link->lockdown);

	return r == SK_NONE || r == SK_DENIED ? 0 : r;
}

/* A program of its own, which may come later than we. */
static int connect_gateway(struct link *link)
{
	const struct sk_chan_opts opts = {.proto = SK_PROTO_LOCKDOWN, .side = SK_CLIENT, .max_output = 64 << 20};
	int r = sk_chan_connect(link->loop, link->ctx->root, "gateway.sock", &gateway_handler, link, &opts, &link->gateway);

	return r > 0 ? 0 : r;
}

static int connect_server(struct link *link, struct sk_diag *diag)
{
	const struct identity *id = &link->identity;
	const struct sk_tls_terms terms = {
		.cert = id->certificate, .key = id->key, .ca = id->ca, .alpn = SK_ALPN_LINK,
		.ignore_dates = sk_clock_check(&link->clock, sk_clock_ms()) == SK_CLOCK_WRONG};
	const char *address = link->conf->server && *link->conf->server ? link->conf->server : id->server;
	int r = sk_tls_client(&terms, &link->tls);

	return r ? r : server_connect(link->loop, address, link->tls, SK_PROTO_LINK, &server_handler, link, &link->server, diag);
}

void session_begin(struct link *link)
{
	struct sk_diag diag = {0};
	char text[512];
	int r;

	link->error[0] = '\0';
	link->state = LINK_CONNECTING;
	link->since_ms = sk_clock_ms();
	r = connect_local(link);
	if (r)
		sk_diag_offset(&diag, 0, "the spool cannot be reached");
	if (!r)
		r = connect_server(link, &diag);
	if (!r)
		r = sk_timer_arm(link->stall, STALL_MS);
	if (r)
		session_end(link, r > 0 ? sk_diag_format(&diag, text, sizeof text) : strerror(-r));
}

static void on_ended(void *arg)
{
	struct link *link = arg;

	session_close(link);
	link_session_over(link);
}

static void on_stall(void *arg)
{
	session_end(arg, "the server did not answer in time");
}

int session_prepare(struct link *link)
{
	int r = sk_watch_deferred(link->loop, on_ended, link, &link->ended);

	if (!r)
		r = sk_watch_timer(link->loop, on_stall, link, &link->stall);
	if (!r)
		r = sk_watch_timer(link->loop, on_health_time, link, &link->health);
	if (!r)
		r = sk_watch_timer(link->loop, on_soon, link, &link->soon);
	return r ? r : sk_watch_timer(link->loop, on_again, link, &link->again);
}
