// SPDX-License-Identifier: GPL-3.0-or-later
/* What the clerk says of lockdown: `status` for people and tools, HEALTH for the server. Read from the shared memory; changes nothing. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "bpf/lockdown.h"
#include "lockdown/clerk/clerk.h"
#include "lockdown/guard/judge.h"
#include "lockdown/guard/older.h"
#include "lockdown/window/windows.h"

const char *const lk_mode_words[] = {"observe", "learn", "enforce", "shadow", NULL};
const char *const lk_trouble_words[LK_TROUBLES] = {
	[LK_TROUBLE_NONE] = "none",
	[LK_TROUBLE_OVERDUE] = "deadline",
	[LK_TROUBLE_OVERLOAD] = "overload",
	[LK_TROUBLE_UNREADABLE] = "unreadable",
	[LK_TROUBLE_WRITER] = "open-for-writing",
	[LK_TROUBLE_UNATTENDED] = "unattended",
	[LK_TROUBLE_HUGE] = "too-large",
};
const char *const lk_guard_states[] = {"down", "up", "stalled", "starting", NULL};

enum { BEAT_LATE_US = 5000000 };

int lk_guard_state(const struct clerk *c)
{
	const struct lk_shared *shared = c->shared;
	uint64_t now = lk_now_us(), beat = shared->keeper_beat_us;

	if (!shared->keeper_pid || now - beat > BEAT_LATE_US)
		return shared->pairs ? 0 : 3;
	for (int i = 0; i < LK_GROUPS; i++)
		if (shared->groups[i].serving && shared->groups[i].fan >= 0)
			return 2;
	return shared->guard_pid ? 1 : 2;
}

struct put {
	struct json_object *object;
	int r;
};

static void put_text(struct put *p, const char *key, const char *text)
{
	if (!p->r)
		p->r = sk_json_put_string(p->object, key, text);
}

static void put_number(struct put *p, const char *key, uint64_t number)
{
	if (!p->r)
		p->r = sk_json_put_u64(p->object, key, number);
}

static struct put put_object(struct put *p, const char *key)
{
	struct put inner = {.r = p->r};

	if (!inner.r)
		inner.r = p->r = sk_json_put_object(p->object, key, &inner.object);
	return inner;
}

static void put_counts(struct put *p, const struct lk_counters *count)
{
	struct put troubles;

	put_number(p, "judged", count->events);
	put_number(p, "remembered", count->hits);
	put_number(p, "hashed", count->hashed);
	put_number(p, "known", count->known);
	put_number(p, "foreseen", count->foreseen);
	put_number(p, "unknown", count->unknown);
	put_number(p, "denied", count->denied);
	put_number(p, "would_deny", count->would_deny);
	put_number(p, "by_keeper", count->by_keeper);
	put_number(p, "guard_starts", count->guard_starts);
	put_number(p, "keeper_starts", count->keeper_starts);
	put_number(p, "guard_stalls", count->guard_stalls);
	put_number(p, "lost_records", count->lost_records);
	troubles = put_object(p, "troubles");
	for (int i = 1; i < LK_TROUBLES; i++)
		put_number(&troubles, lk_trouble_words[i], count->trouble[i]);
	p->r = p->r ? p->r : troubles.r;
}

static const char *scope_state(const struct lk_scope *scope)
{
	if (scope->error)
		return scope->error < 0 ? "waiting" : "not-guarded";
	return scope->tainted ? "device-written" : "guarded";
}

static void put_scope(struct put *p, const struct lk_shared *shared)
{
	struct json_object *list = NULL;

	if (!p->r)
		p->r = sk_json_put_array(p->object, "scope", &list);
	for (uint32_t i = 0; i < LK_SCOPE && !p->r; i++) {
		const struct lk_scope *scope = &shared->scope[i];
		struct put one = {.object = NULL};

		if (scope->wish != LK_WISH_GUARD)
			continue;
		one.object = json_object_new_object();
		p->r = sk_json_append(list, one.object);
		one.r = p->r;
		put_text(&one, "path", scope->path);
		put_text(&one, "state", scope_state(scope));
		if (!scope->error)
			put_text(&one, "way", lk_way_names[scope->way % LK_WAYS]);
		put_text(&one, "error", scope->error > 0 ? strerror(scope->error) : "");
		if (!one.r)
			one.r = sk_json_put_bool(one.object, "remembered", scope->cacheable && !scope->tainted);
		p->r = one.r;
	}
}

static void put_policy(struct put *p, const struct clerk *c)
{
	struct put policy = put_object(p, "policy");
	struct lk_orders overload = {.mode = LK_ENFORCE, .failure = c->now.orders.failure, .overload = c->now.orders.overload};

	put_number(&policy, "serial", c->now.orders.serial);
	if (!policy.r && c->now.any)
		policy.r = sk_json_put_hex(policy.object, "hash", c->now.hash, sizeof c->now.hash);
	put_text(&policy, "state", c->now.any ? sk_force_name(c->now.force) : "none");
	put_text(&policy, "refused", c->now.reason);
	put_number(&policy, "programs", c->shared->orders[c->shared->orders_count & 1].list_count);
	put_text(&policy, "failure", c->now.orders.failure == LK_FAIL_DENY ? "deny" : "allow");
	put_text(&policy, "overload", lk_judge_trouble(&overload, LK_TROUBLE_OVERLOAD) == FAN_DENY ? "deny" : "allow");
	put_number(&policy, "deadline_ms", c->now.orders.deadline_us / 1000);
	p->r = p->r ? p->r : policy.r;
}

static struct put make(const struct clerk *c, bool texts)
{
	struct put p = {.object = json_object_new_object()};

	p.r = p.object ? 0 : -ENOMEM;
	put_text(&p, "guard", lk_guard_states[lk_guard_state(c)]);
	put_text(&p, "mode", c->now.any ? lk_mode_words[c->now.orders.mode] : "observe");
	put_number(&p, "serial", c->now.orders.serial);
	if (!p.r)
		p.r = lk_protection_put(c, p.object, texts);
	put_policy(&p, c);
	put_scope(&p, c->shared);
	if (!p.r)
		p.r = sk_json_put(p.object, "window", lk_windows_state(c));
	if (!p.r)
		p.r = sk_json_put(p.object, "interlock", lk_interlock_state(c));
	if (c->unguarded_to_ms) {
		struct put gap = put_object(&p, "unguarded");

		put_number(&gap, "from", c->unguarded_from_ms);
		put_number(&gap, "to", c->unguarded_to_ms);
		p.r = p.r ? p.r : gap.r;
	}
	return p;
}

struct json_object *lk_health(struct clerk *c)
{
	struct put p = make(c, false), count = put_object(&p, "count");

	put_counts(&count, &c->shared->count);
	return p.r || count.r ? sk_json_free(p.object) : p.object;
}

struct json_object *lk_status(struct clerk *c)
{
	struct put p = make(c, true), count = put_object(&p, "count"), pids = put_object(&p, "processes"), self;

	put_counts(&count, &c->shared->count);
	put_number(&pids, "guard", (uint64_t)c->shared->guard_pid);
	put_number(&pids, "keeper", (uint64_t)c->shared->keeper_pid);
	put_number(&pids, "lockdown", (uint64_t)getpid());
	put_number(&p, "learned", lk_learned_count(c));
	put_number(&p, "events_waiting", c->event_count);
	self = put_object(&p, "self");
	if (!self.r)
		self.r = sk_json_put_bool(self.object, "release", c->now.any && c->now.orders.kernel_what & SK_DO_SELF);
	put_number(&self, "released_s", lk_release_left(c));
	p.r = p.r ? p.r : self.r;
	if (!p.r)
		p.r = sk_json_put(p.object, "requests", lk_outbox_list(c));
	return p.r || count.r || pids.r ? sk_json_free(p.object) : p.object;
}
