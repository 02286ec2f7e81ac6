// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The duty "link": the only one that talks to the server.
 *
 * Owns var/lib/sekisho/link (the certificate and its key, the last trusted time) and the connections of link.sock. Keeps no event and
 * no message: those are the spool's, lockdown's and the server's until the other side has them. One session at a time (session.c); between
 * two of them a pause that doubles from 200 ms to the configured maximum, with a random half of it, so that a thousand endpoints do not come back at
 * the same moment. Not enrolled, it waits for SIGHUP or `reload` and does not wake up.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "crypto/hash.h"
#include "link/link.h"
#include "os/file.h"
#include "os/peer.h"

enum { PAUSE_FIRST_MS = 200, CONTROLS_MAX = 16 };

const struct sk_land_rule link_duty_land[] = {
	{LINK_FOLDER, SK_LAND_READ | SK_LAND_WRITE},
	{"run/sekisho", SK_LAND_READ | SK_LAND_WRITE},
	{"/etc/resolv.conf", SK_LAND_READ | SK_LAND_HOST}, /* a server named by its name */
	{"/etc/hosts", SK_LAND_READ | SK_LAND_HOST},
	{"/etc/nsswitch.conf", SK_LAND_READ | SK_LAND_HOST},
	{"/etc/host.conf", SK_LAND_READ | SK_LAND_HOST},
	{"/etc/gai.conf", SK_LAND_READ | SK_LAND_HOST},
	{"/etc/ssl/openssl.cnf", SK_LAND_READ | SK_LAND_HOST},
	{"/usr/lib", SK_LAND_READ | SK_LAND_EXEC | SK_LAND_HOST}, /* the resolver's modules */
	{NULL, 0}};
const struct sk_listener link_duty_listeners[] = {{.name = "link.sock"}, {.name = NULL}};

struct control {
	struct sk_list link;
	struct sk_chan *chan;
};

static const char *const state_names[] = {"idle", "waiting", "connecting", "connected"};

/* ---- when to connect ---- */

static void set_state(struct link *link, enum link_state state)
{
	link->state = state;
	link->since_ms = sk_clock_ms();
}

static uint64_t with_jitter(uint64_t ms)
{
	uint32_t random = 0;

	sk_random(&random, sizeof random);
	return ms / 2 + random % (ms / 2 + 1);
}

void link_session_over(struct link *link)
{
	if (!link->enrolled) {
		set_state(link, LINK_IDLE);
		return;
	}
	sk_log(link->pause_ms ? SK_LOG_INFO : SK_LOG_NOTICE, "no connection to the server: %s", link->error);
	link->pause_ms = link->pause_ms ? SK_MIN(link->pause_ms * 2, link->conf->retry_max_ms) : PAUSE_FIRST_MS;
	set_state(link, LINK_WAITING);
	sk_timer_arm(link->retry, with_jitter(link->pause_ms));
}

static void on_retry(void *arg)
{
	session_begin(arg);
}

static void load_identity(struct link *link)
{
	struct sk_diag diag = {0};
	char text[512];
	int r;

	identity_done(&link->identity);
	r = identity_load(link->ctx->root_dir, &link->identity, &diag);
	link->enrolled = r == 0;
	if (r > 0 && r != SK_NONE)
		sk_log(SK_LOG_ERROR, "%s", sk_diag_format(&diag, text, sizeof text));
	else if (r == SK_NONE)
		sk_log(SK_LOG_NOTICE, "this endpoint is not enrolled: sekisho-agent enrol");
	else if (r < 0)
		sk_log(SK_LOG_ERROR, "the identity cannot be read: %s", strerror(-r));
}

/* Takes the identity anew and begins a session with it. */
static void reload(void *arg)
{
	struct link *link = arg;

	sk_timer_stop(link->retry);
	session_close(link);
	load_identity(link);
	link->pause_ms = 0;
	if (link->enrolled)
		session_begin(link);
	else
		set_state(link, LINK_IDLE);
}

/* ---- link.sock ---- */

static int describe(const struct link *link, struct sk_buf *out)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	int r = o ? sk_json_put_bool(o, "enrolled", link->enrolled) : sk_origin(-ENOMEM);

	if (!r)
		r = sk_json_put_string(o, "agent", link->identity.agent);
	if (!r)
		r = sk_json_put_string(o, "server", link->identity.server);
	if (!r)
		r = sk_json_put_string(o, "state", state_names[link->state]);
	if (!r)
		r = sk_json_put_u64(o, "since", link->since_ms);
	if (!r)
		r = sk_json_put_string(o, "error", link->error);
	return r ? r : sk_json_canonical(o, out);
}

static int on_call(struct link *link, const struct sk_frame *frame, struct sk_buf *answer, struct sk_diag *diag)
{
	_cleanup_json_ struct json_object *body = NULL;
	const char *verb;
	int r = sk_json_parse_object(frame->body, frame->size, 4096, &body, diag);
	struct sk_json at = SK_JSON(body, "call", diag);

	if (!r)
		r = SK_JSON_ONLY(&at, "verb");
	if (!r)
		r = sk_json_string(&at, "verb", 1, 32, &verb);
	if (r)
		return r;
	if (strcmp(verb, "status") == 0)
		return describe(link, answer);
	if (strcmp(verb, "reload") != 0)
		return sk_json_refuse(&at, "verb", "must be status or reload");
	reload(link);
	return sk_buf_append_str(answer, "{}");
}

static void on_control_frame(struct sk_chan *chan, void *arg, const struct sk_frame *frame)
{
	_cleanup_buf_ struct sk_buf answer = SK_BUF(4096);
	struct sk_diag diag = {0};
	char text[512];
	int r;

	if (frame->type != SK_F_CALL) {
		sk_chan_send_error(chan, frame->id, "bad", "only CALL is answered here");
		return;
	}
	r = on_call(arg, frame, &answer, &diag);
	if (r)
		sk_chan_send_error(chan, frame->id, r > 0 ? "bad" : "failed",
				   r > 0 ? sk_diag_format(&diag, text, sizeof text) : strerror(-r));
	else
		sk_chan_send(chan, SK_F_RESULT, frame->id, answer.data, answer.size);
}

static void control_free(struct control *c)
{
	sk_list_remove(&c->link);
	sk_chan_free(c->chan);
	free(c);
}

static void on_control_close(struct sk_chan *chan, void *arg, const struct sk_diag *why)
{
	struct link *link = arg;

	(void)why;
	sk_list_each(c, &link->controls, struct control, link)
		if (c->chan == chan)
			control_free(c);
}

static const struct sk_chan_handler control_handler = {.on_frame = on_control_frame, .on_close = on_control_close};

static void on_control(void *arg, int fd, uid_t uid)
{
	const struct sk_chan_opts opts = {.proto = SK_PROTO_LINKCTL, .side = SK_SERVER, .idle_ms = 60000};
	struct link *link = arg;
	struct control *c = NULL;
	unsigned count = 0;

	sk_list_each(each, &link->controls, struct control, link)
		count += each != NULL;
	if (!sk_role_is(uid, "root") || count >= CONTROLS_MAX || !(c = sk_calloc(1, sizeof *c))) {
		close(fd);
		return;
	}
	sk_list_append(&link->controls, &c->link);
	if (sk_chan_new_fd(link->loop, fd, &control_handler, link, &opts, &c->chan)) {
		close(fd);
		control_free(c);
	}
}

/* ---- the process ---- */

int link_duty_prepare(const struct sk_duty_ctx *ctx, uid_t uid, gid_t gid)
{
	return sk_dir_make(ctx->root_dir, LINK_FOLDER, uid, gid, 0700);
}

static int start(struct link *link)
{
	int r = sk_duty_loop(link->ctx, reload, link, &link->loop);

	if (!r)
		r = session_prepare(link);
	if (!r)
		r = sk_watch_timer(link->loop, on_retry, link, &link->retry);
	if (!r)
		r = sk_accept_new(link->loop, sk_duty_listener(link->ctx, "link.sock"), on_control, link, &link->control);
	if (!r)
		r = sk_clock_load(&link->clock, link->ctx->root_dir, CLOCK_FILE);
	return r;
}

static void stop(struct link *link)
{
	struct sk_watch **watches[] = {&link->retry, &link->ended, &link->stall, &link->health, &link->soon, &link->again};

	session_close(link);
	sk_list_each(c, &link->controls, struct control, link)
		control_free(c);
	sk_accept_free(link->control);
	for (size_t i = 0; i < SK_ARRAY_SIZE(watches); i++)
		*watches[i] = sk_watch_free(*watches[i]);
	identity_done(&link->identity);
	if (link->loop)
		sk_duty_loop_free(link->ctx, link->loop);
}

int link_duty_run(const struct sk_duty_ctx *ctx)
{
	struct link link = {.ctx = ctx, .conf = ctx->config};
	int r;

	sk_list_init(&link.controls);
	r = start(&link);
	if (!r) {
		sk_duty_ready(ctx);
		reload(&link);
		r = sk_loop_run(link.loop);
	}
	stop(&link);
	return r ? 1 : 0;
}
