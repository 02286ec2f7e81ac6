// SPDX-License-Identifier: GPL-3.0-or-later
/* What the gateway says of itself: status for people, HEALTH for the server, what was said how often. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "main/clerk.h"

/* An object under construction; the first failure stays. */
struct put {
	struct json_object *object;
	int r;
};

static void put_number(struct put *p, const char *key, uint64_t value)
{
	if (!p->r)
		p->r = sk_json_put_u64(p->object, key, value);
}

static void put_text(struct put *p, const char *key, const char *value)
{
	if (!p->r)
		p->r = sk_json_put_string(p->object, key, value);
}

static void put_bool(struct put *p, const char *key, bool value)
{
	if (!p->r)
		p->r = sk_json_put_bool(p->object, key, value);
}

static struct put put_object(struct put *p, const char *key)
{
	struct put inner = {.r = p->r};

	if (!inner.r)
		inner.r = p->r = sk_json_put_object(p->object, key, &inner.object);
	return inner;
}

static uint64_t mono_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool gw_engine_lives(const struct gw_clerk *c)
{
	uint64_t beat = atomic_load(&c->common->engine.beat_ms);

	return beat && mono_ms() < beat + GW_STALE_MS;
}

static void put_policy(struct put *p, const struct gw_clerk *c)
{
	struct put policy = put_object(p, "policy");
	uint32_t count = atomic_load(&c->common->count);

	put_number(&policy, "serial", c->now->serial);
	if (!policy.r && c->now->any)
		policy.r = sk_json_put_hex(policy.object, "hash", c->now->hash, sizeof c->now->hash);
	put_text(&policy, "state", c->now->any ? sk_force_name(c->force) : "none");
	put_text(&policy, "refused", c->reason);
	put_number(&policy, "zones", c->now->zones);
	put_number(&policy, "conduits", c->now->conduits);
	put_bool(&policy, "engine_has_it", count == 0 || atomic_load(&c->common->engine.has) == count);
	p->r = p->r ? p->r : policy.r;
}

static void put_engine(struct put *p, const struct gw_clerk *c)
{
	const struct gw_engine_state *e = &c->common->engine;
	struct put engine = put_object(p, "engine");

	put_text(&engine, "state", gw_engine_lives(c) ? "up" : atomic_load(&e->pid) ? "down" : "absent");
	put_number(&engine, "packets", atomic_load(&e->packets));
	put_number(&engine, "dropped", atomic_load(&e->dropped));
	put_number(&engine, "messages", atomic_load(&e->messages));
	put_number(&engine, "refused", atomic_load(&e->message_refusals));
	put_number(&engine, "by_header", atomic_load(&e->by_header));
	put_number(&engine, "diverged", atomic_load(&e->diverged));
	put_number(&engine, "unjudged", atomic_load(&e->unjudged));
	put_number(&engine, "flows", atomic_load(&e->flows));
	put_number(&engine, "memory", atomic_load(&e->memory));
	put_number(&engine, "memory_peak", atomic_load(&e->memory_peak));
	put_number(&engine, "answered", atomic_load(&e->answered));
	put_number(&engine, "orphans", atomic_load(&e->orphans));
	put_number(&engine, "rules", atomic_load(&e->rules));
	p->r = p->r ? p->r : engine.r;
}

static void put_events(struct put *p, const struct gw_clerk *c)
{
	struct put events = put_object(p, "events");

	put_bool(&events, "spool", sk_reporter_connected(c->reporter));
	put_number(&events, "waiting", sk_reporter_waiting(c->reporter));
	put_number(&events, "lost", sk_reporter_lost(c->reporter));
	p->r = p->r ? p->r : events.r;
}

/* Milliseconds since the epoch, 0 = not thrown. */
static uint64_t end_of(const _Atomic uint64_t *until)
{
	uint64_t end = atomic_load(until);

	return end > gw_now_ns() ? end / 1000000 : 0;
}

static struct put make(const struct gw_clerk *c)
{
	struct put p = {.object = json_object_new_object()};

	p.r = p.object ? 0 : -ENOMEM;
	put_text(&p, "mode", end_of(&c->common->state.open_until) ? "open" : !c->now->any ? "observe" : c->now->enforcing ? "enforce" : "shadow");
	put_number(&p, "open_until", end_of(&c->common->state.open_until));
	put_number(&p, "maintenance_until", end_of(&c->common->state.maintenance_until));
	if (!p.r)
		p.r = sk_json_put(p.object, "isolated", gw_isolated_list(c));
	put_policy(&p, c);
	put_engine(&p, c);
	put_events(&p, c);
	return p;
}

struct json_object *gw_health(struct gw_clerk *c)
{
	struct put p = make(c);

	return p.r ? sk_json_free(p.object) : p.object;
}

static void put_pairs(struct put *p, const struct gateway_config *config)
{
	const struct gateway_pair *list = config->pairs.items;
	struct json_object *pairs = NULL;

	if (!p->r)
		p->r = sk_json_put_array(p->object, "pairs", &pairs);
	for (size_t i = 0; i < config->pairs.count && !p->r; i++) {
		struct put one = {.object = json_object_new_object()};

		p->r = one.r = sk_json_append(pairs, one.object);
		put_text(&one, "name", list[i].name);
		put_text(&one, "a", list[i].a);
		put_text(&one, "b", list[i].b);
		p->r = one.r;
	}
}

/* Sessions in which the engine has answered: they are reset when it ends. */
static void put_shifts(struct put *p, struct gw_common *common)
{
	struct json_object *list = NULL;

	if (!p->r)
		p->r = sk_json_put_array(p->object, "answered_in", &list);
	for (size_t i = 0; i < GW_SHIFTS && !p->r; i++) {
		struct gw_shift_entry entry = common->shifts[i];
		struct put one = {0};

		if (!entry.flow)
			continue;
		entry.client[sizeof entry.client - 1] = entry.server[sizeof entry.server - 1] = '\0';
		one.object = json_object_new_object();
		p->r = one.r = sk_json_append(list, one.object);
		put_text(&one, "client", entry.client);
		put_number(&one, "client_port", entry.client_port);
		put_text(&one, "server", entry.server);
		put_number(&one, "server_port", entry.server_port);
		p->r = one.r;
	}
}

struct json_object *gw_status(struct gw_clerk *c)
{
	struct put p = make(c), pids = put_object(&p, "processes"), captures;

	put_number(&pids, "clerk", (uint64_t)getpid());
	put_number(&pids, "engine", (uint64_t)atomic_load(&c->common->engine.pid));
	p.r = p.r ? p.r : pids.r;
	put_pairs(&p, c->config);
	put_number(&p, "refusals", c->refusal_count);
	put_shifts(&p, c->common);
	captures = put_object(&p, "captures");
	put_number(&captures, "written", c->captures_written);
	put_number(&captures, "failed", c->captures_failed);
	put_number(&captures, "lost", atomic_load(&c->common->around.lost));
	p.r = p.r ? p.r : captures.r;
	return p.r ? sk_json_free(p.object) : p.object;
}

struct json_object *gw_tops(struct gw_clerk *c)
{
	struct put p = {.object = json_object_new_object()};
	struct json_object *list = NULL;
	uint32_t count = SK_MIN(c->common->top_count, (uint32_t)GW_TOPS);

	p.r = p.object ? sk_json_put_array(p.object, "tops", &list) : -ENOMEM;
	for (uint32_t i = 0; i < count && !p.r; i++) {
		const struct gw_top *top = &c->common->tops[i];
		struct put one = {.object = json_object_new_object()};

		p.r = one.r = sk_json_append(list, one.object);
		put_text(&one, "conduit", top->conduit);
		put_text(&one, "protocol", top->protocol);
		put_text(&one, "message", top->message);
		put_number(&one, "allowed", atomic_load(&top->count[0]));
		put_number(&one, "would_refuse", atomic_load(&top->count[1]));
		put_number(&one, "refused", atomic_load(&top->count[2]));
		p.r = one.r;
	}
	return p.r ? sk_json_free(p.object) : p.object;
}
