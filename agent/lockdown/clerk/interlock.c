// SPDX-License-Identifier: GPL-3.0-or-later
/* The tool-state interlock: see interlock.h. Owns what was said and what waits; who waits asks again when something was said. */
#include "lockdown/clerk/interlock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "lockdown/clerk/clerk.h"
#include "lockdown/window/windows.h"

enum { LOOK_MS = 3000 };

static const char *const waiters[] = {"policy", "window-open", "window-close"};
static const char *const sources[] = {"none", "operator", "probe", "gem"};

static void tell(struct clerk *c, enum sk_event_kind kind, enum lk_waiter who, const char *reason)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	struct sk_event_stamp at = lk_stamp(c, 0);
	struct sk_event_window what = {.what = waiters[who], .reason = reason};

	if (sk_event_window(kind, &at, &what, &text) == 0)
		lk_report(c, kind, &text);
}

static void ask_probe(struct clerk *c)
{
	if (!lk_window || c->interlock.source != SK_INTERLOCK_PROBE)
		return;
	snprintf(lk_window->probe_path, sizeof lk_window->probe_path, "%s", c->interlock.probe);
	lk_wake(&lk_window->probe);
}

static bool anybody_waits(const struct clerk *c)
{
	bool any = false;

	for (int i = 0; i < LK_WAITERS; i++)
		any |= c->interlock.since[i] != 0;
	return any;
}

static void retry(struct clerk *c)
{
	if (c->interlock.since[LK_WAITS_POLICY])
		lk_enforce(c);
	lk_windows_retry(c);
}

static void on_look(void *arg)
{
	struct clerk *c = arg;

	if (!anybody_waits(c))
		return;
	ask_probe(c);
	retry(c);
	if (anybody_waits(c))
		sk_timer_arm(c->interlock.timer, LOOK_MS);
}

int lk_interlock_open(struct clerk *c)
{
	c->interlock.probe_said = lk_window ? atomic_load(&lk_window->idle) : 0;
	return sk_watch_timer(c->loop, on_look, c, &c->interlock.timer);
}

void lk_interlock_close(struct clerk *c)
{
	c->interlock.timer = sk_watch_free(c->interlock.timer);
}

void lk_interlock_terms(struct clerk *c, const struct sk_interlock_terms *terms)
{
	c->interlock.source = terms->source;
	c->interlock.wait_ms = (uint64_t)terms->wait_s * 1000;
	snprintf(c->interlock.probe, sizeof c->interlock.probe, "%s", terms->probe ? terms->probe : "");
}

/* A probe's answer is of its moment: it counts when it was asked for this, that is after the waiting began. */
static bool is_idle(const struct clerk *c, uint64_t since)
{
	int source = c->interlock.source;

	if (c->interlock.said[source].idle != LK_IDLE_YES)
		return false;
	return source != SK_INTERLOCK_PROBE || (since && c->interlock.said[source].mono_ms > since);
}

enum lk_ready lk_interlock_ask(struct clerk *c, enum lk_waiter who, const struct sk_interlock_terms *terms)
{
	struct lk_interlock *lock = &c->interlock;
	uint64_t now = sk_clock_mono_ms();

	if (terms && terms->source != SK_INTERLOCK_NONE)
		lk_interlock_terms(c, terms); /* the newer policy says how to wait for it */
	if (lock->source == SK_INTERLOCK_NONE || is_idle(c, lock->since[who])) {
		if (lock->since[who])
			tell(c, SK_EVENT_INTERLOCK_PASSED, who, "idle");
		lock->since[who] = 0;
		return LK_READY;
	}
	if (!lock->since[who]) {
		lock->since[who] = now;
		tell(c, SK_EVENT_INTERLOCK_WAITING, who, sources[lock->source]);
		sk_timer_arm(lock->timer, 1);
	}
	if (!lock->wait_ms || now - lock->since[who] < lock->wait_ms)
		return LK_NOT_YET;
	tell(c, SK_EVENT_INTERLOCK_PASSED, who, "time-is-over");
	lock->since[who] = 0;
	return LK_LATE;
}

void lk_interlock_forget(struct clerk *c, enum lk_waiter who)
{
	c->interlock.since[who] = 0;
}

static void say(struct clerk *c, enum sk_interlock source, bool idle, const char *by, uint64_t mono_ms)
{
	c->interlock.said[source].idle = idle ? LK_IDLE_YES : LK_IDLE_NO;
	c->interlock.said[source].mono_ms = mono_ms;
	snprintf(c->interlock.said[source].by, sizeof c->interlock.said[source].by, "%s", by ? by : "");
	sk_log(SK_LOG_INFO, "the tool is %s, says %s", idle ? "idle" : "at work", sources[source]);
	if (idle)
		retry(c);
}

void lk_interlock_say(struct clerk *c, enum sk_interlock source, bool idle, const char *by)
{
	say(c, source, idle, by, sk_clock_mono_ms());
}

void lk_interlock_news(struct clerk *c)
{
	uint32_t said = lk_window ? atomic_exchange(&lk_window->idle, 0) : 0;

	if (said)
		say(c, SK_INTERLOCK_PROBE, said == 2, said == 3 ? "the probe failed" : "probe", atomic_load(&lk_window->probe_began_us) / 1000);
}

struct json_object *lk_interlock_state(const struct clerk *c)
{
	static const char *const words[] = {"unknown", "no", "yes"};
	struct json_object *out = json_object_new_object();
	struct json_object *waiting;
	int r = out ? sk_json_put_string(out, "source", sources[c->interlock.source]) : -ENOMEM;

	if (!r)
		r = sk_json_put_string(out, "idle", words[c->interlock.said[c->interlock.source].idle]);
	if (!r)
		r = sk_json_put_string(out, "by", c->interlock.said[c->interlock.source].by);
	if (!r)
		r = sk_json_put_u64(out, "wait_s", c->interlock.wait_ms / 1000);
	if (!r)
		r = sk_json_put_array(out, "waiting", &waiting);
	for (int i = 0; !r && i < LK_WAITERS; i++)
		if (c->interlock.since[i])
			r = sk_json_append(waiting, json_object_new_string(waiters[i]));
	return r ? sk_json_free(out) : out;
}
