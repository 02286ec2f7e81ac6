// SPDX-License-Identifier: GPL-3.0-or-later
/* The clerk's process: what wakes it, the events it hands on, and the switches with an end. */
#include "main/clerk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/file.h"

enum { SETTLE_MS = 50 };

const struct sk_land_rule gw_clerk_land[] = {{GATEWAY_POLICY, SK_LAND_READ | SK_LAND_WRITE},
					     {GATEWAY_OWN, SK_LAND_READ | SK_LAND_WRITE},
					     {"run/sekisho", SK_LAND_READ | SK_LAND_WRITE},
					     {"var/lib/sekisho/link", SK_LAND_READ},
					     {NULL, 0}};
const struct sk_listener gw_clerk_listeners[] = {{.name = "gateway.sock", .group = "link"}, {.name = NULL}};
const char *const gw_clerk_calls[] = {"inotify_init1", "inotify_add_watch", NULL};

struct sk_event_stamp gw_stamp(const struct gw_clerk *c)
{
	return sk_event_now(&c->clock);
}

void gw_report(struct gw_clerk *c, enum sk_event_kind kind, const struct sk_buf *text)
{
	sk_reporter_send(c->reporter, sk_event_kinds[kind].priority, text->data, text->size);
}

uint64_t gw_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* --- open, maintenance */

static void tell_mode(struct gw_clerk *c, const char *from, const char *to, const char *by)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	struct sk_event_stamp at = gw_stamp(c);

	sk_log(SK_LOG_NOTICE, "%s -> %s, by %s", from, to, by);
	if (sk_event_mode_changed(&at, "gateway", from, to, by, &text) == 0)
		gw_report(c, SK_EVENT_MODE_CHANGED, &text);
}

const char *gw_usual_mode(const struct gw_clerk *c)
{
	return !c->now->any ? "observe" : c->now->enforcing ? "enforce" : "shadow";
}

/* The next end of a switch. */
static void arm_closing(struct gw_clerk *c)
{
	uint64_t now = gw_now_ns(), open = c->told_open, maintenance = c->told_maintenance;
	uint64_t next = open && (!maintenance || open < maintenance) ? open : maintenance;

	if (next)
		sk_timer_arm(c->closing, next > now ? (next - now) / 1000000 + 1 : 1);
	else
		sk_timer_stop(c->closing);
}

static void on_closing(void *arg)
{
	struct gw_clerk *c = arg;
	uint64_t now = gw_now_ns();

	if (c->told_open && now >= c->told_open) {
		c->told_open = 0;
		tell_mode(c, "open", gw_usual_mode(c), "time");
	}
	if (c->told_maintenance && now >= c->told_maintenance) {
		c->told_maintenance = 0;
		tell_mode(c, "maintenance", gw_usual_mode(c), "time");
	}
	gw_bell(c->bells->ports);
	arm_closing(c);
	gw_control_to_link(c, SK_F_HEALTH, gw_health(c));
}

static void throw_switch(struct gw_clerk *c, _Atomic uint64_t *until, uint64_t *told, const char *name, uint64_t ms, const char *by)
{
	uint64_t end = ms ? gw_now_ns() + ms * 1000000 : 0;
	bool was = *told != 0;

	atomic_store(until, end);
	*told = end;
	if (ms && !was)
		tell_mode(c, gw_usual_mode(c), name, by);
	else if (!ms && was)
		tell_mode(c, name, gw_usual_mode(c), by);
	gw_bell(c->bells->ports);
	gw_bell(c->bells->engine);
	arm_closing(c);
	gw_control_to_link(c, SK_F_HEALTH, gw_health(c));
}

void gw_open_for(struct gw_clerk *c, uint64_t ms, const char *by)
{
	throw_switch(c, &c->common->state.open_until, &c->told_open, "open", ms, by);
}

void gw_maintain_for(struct gw_clerk *c, uint64_t ms, const char *by)
{
	throw_switch(c, &c->common->state.maintenance_until, &c->told_maintenance, "maintenance", ms, by);
}

/* A clerk that begins anew finds what its predecessor had thrown. */
static void take_up_switches(struct gw_clerk *c)
{
	uint64_t now = gw_now_ns();

	c->told_open = atomic_load(&c->common->state.open_until);
	c->told_maintenance = atomic_load(&c->common->state.maintenance_until);
	if (c->ctx->start == 0 || c->told_open + 60000000000ull < now)
		c->told_open = c->told_open > now ? c->told_open : 0;
	if (c->ctx->start == 0 || c->told_maintenance + 60000000000ull < now)
		c->told_maintenance = c->told_maintenance > now ? c->told_maintenance : 0;
	arm_closing(c);
}

/* --- the engine's events */

static void remember(struct gw_clerk *c, const char *text, size_t size)
{
	struct gw_refusal *refusal = &c->refusals[c->refusal_count % GW_REFUSALS];

	free(refusal->text);
	refusal->text = sk_strndup(text, size);
	refusal->size = refusal->text ? size : 0;
	refusal->number = ++c->refusal_count;
}

static void tell_lost(struct gw_clerk *c)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	uint64_t lost = sk_reporter_take_lost(c->reporter) + atomic_exchange(&c->common->events_lost, 0);
	struct sk_event_stamp at = gw_stamp(c);

	if (lost && sk_event_queue_overflow(&at, "gateway", "events", lost, &text) == 0)
		gw_report(c, SK_EVENT_QUEUE_OVERFLOW, &text);
}

static void take_events(struct gw_clerk *c)
{
	static char text[GW_EVENT_LONGEST];
	uint8_t priority;
	size_t size;

	while (gw_common_next(c->common, &priority, text, sizeof text, &size) == 0) {
		sk_reporter_send(c->reporter, priority, text, size);
		if (priority == 0)
			remember(c, text, size);
	}
}

static void on_bell(void *arg, int fd, unsigned what)
{
	(void)what;
	gw_bell_quiet(fd);
	take_events(arg);
	gw_captures_take(arg);
}

/* Each change of the engine's life is one event. */
static void watch_engine(struct gw_clerk *c)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	struct sk_event_stamp at = gw_stamp(c);
	bool down = !gw_engine_lives(c);
	enum sk_event_kind kind = down ? SK_EVENT_GUARD_STOPPED : SK_EVENT_GUARD_STARTED;

	if (down == c->told_down || !atomic_load(&c->common->engine.pid))
		return;
	c->told_down = down;
	if (sk_event_guard(kind, &at, "gateway", gw_usual_mode(c), NULL, down ? "engine-silent" : "start", &text) == 0)
		gw_report(c, kind, &text);
	gw_control_to_link(c, SK_F_HEALTH, gw_health(c));
}

static void on_tick(void *arg)
{
	struct gw_clerk *c = arg;

	take_events(c);
	gw_captures_take(c);
	tell_lost(c);
	watch_engine(c);
	gw_learnt_tick(c);
}

/* --- the policy folder */

static void watch_below(struct gw_clerk *c, const char *below)
{
	char path[4200];

	snprintf(path, sizeof path, "%s/%s%s", strcmp(c->ctx->root, "/") ? c->ctx->root : "", GATEWAY_POLICY, below);
	if (inotify_add_watch(c->folder_fd, path, IN_CREATE | IN_MOVED_TO | IN_DELETE) < 0 && errno != ENOENT)
		sk_log(SK_LOG_WARNING, "%s is not watched: %s", path, strerror(errno));
}

/* An import writes several files: look when it is quiet. */
static void on_folder(void *arg, int fd, unsigned what)
{
	struct gw_clerk *c = arg;
	char space[4096];

	(void)what;
	while (read(fd, space, sizeof space) > 0)
		;
	sk_timer_arm(c->settle, SETTLE_MS);
}

static void on_settle(void *arg)
{
	watch_below(arg, "/gateway"); /* it may be new */
	gw_enforce(arg);
}

void gw_reload(struct gw_clerk *c)
{
	gw_enforce(c);
	atomic_fetch_add(&c->common->reloads, 1);
	gw_bell(c->bells->engine);
	gw_bell(c->bells->ports);
}

static void on_hup(void *arg)
{
	sk_log(SK_LOG_NOTICE, "policy and rules are looked at again");
	gw_reload(arg);
}

/* --- the process */

int gw_clerk_prepare(const struct sk_duty_ctx *ctx, uid_t uid, gid_t gid)
{
	int r = sk_dir_make(ctx->root_dir, GATEWAY_POLICY, uid, gid, 0700);

	if (r == 0)
		r = sk_dir_make(ctx->root_dir, GATEWAY_OWN, uid, gid, 0700);
	return r ? r : sk_dir_make(ctx->root_dir, GATEWAY_CAPTURES, uid, gid, 0700);
}

static int open_watches(struct gw_clerk *c)
{
	int r;

	c->folder_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (c->folder_fd < 0)
		return sk_origin_errno();
	r = sk_watch_fd(c->loop, c->folder_fd, SK_READ, on_folder, c, &c->folder);
	if (!r)
		r = sk_watch_fd(c->loop, c->bells->clerk, SK_READ, on_bell, c, &c->bell);
	if (!r)
		r = sk_watch_timer(c->loop, on_settle, c, &c->settle);
	if (!r)
		r = sk_watch_timer(c->loop, on_closing, c, &c->closing);
	if (!r)
		r = sk_watch_timer(c->loop, on_tick, c, &c->tick);
	if (!r)
		r = sk_timer_arm_every(c->tick, GW_TICK_MS);
	watch_below(c, "");
	watch_below(c, "/gateway");
	return r;
}

static int open_parts(struct gw_clerk *c)
{
	int r = sk_reporter_new(c->loop, c->ctx->root, (uint32_t)c->config->events, c->config->event_bytes, &c->reporter);

	if (!r)
		r = gw_enforce_open(c);
	if (!r)
		r = open_watches(c);
	if (!r)
		r = gw_isolated_open(c);
	if (!r)
		gw_learnt_open(c);
	return r ? r : gw_control_open(c);
}

static void close_parts(struct gw_clerk *c)
{
	struct sk_watch **watches[] = {&c->bell, &c->folder, &c->settle, &c->tick, &c->closing, &c->isolating};

	gw_control_close(c);
	gw_enforce_close(c);
	c->reporter = sk_reporter_free(c->reporter);
	for (size_t i = 0; i < SK_ARRAY_SIZE(watches); i++)
		*watches[i] = sk_watch_free(*watches[i]);
	for (size_t i = 0; i < GW_REFUSALS; i++)
		free(c->refusals[i].text);
}

int gw_clerk_run(const struct sk_duty_ctx *ctx)
{
	static struct gw_clerk c;
	int r;

	c = (struct gw_clerk){.ctx = ctx, .config = ctx->config, .common = gateway_common, .bells = &gateway_bells, .now = &gateway_common->present, .folder_fd = -1};
	sk_list_init(&c.clients);
	if (sk_duty_loop(ctx, on_hup, &c, &c.loop) != 0)
		return 1;
	r = open_parts(&c);
	if (r == 0) {
		take_up_switches(&c);
		gw_enforce(&c);
		sk_duty_ready(ctx);
		r = sk_loop_run(c.loop);
		take_events(&c);
		gw_learnt_save(&c);
		gw_captures_close(&c);
	}
	close_parts(&c);
	sk_duty_loop_free(ctx, c.loop);
	return r == 0 ? 0 : 1;
}
