// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Chained buckets that double when there are as many flows as buckets, a list by age, and a list of flows that are free to be used again, so that a
 * new flow seldom allocates. The hash is hash.h's, with a seed of this start.
 */
#include "flow/flow.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/seed.h"
#include "flow/hash.h"

enum { BUCKETS_LEAST = 1024, SPARE_MAX = 1024 };

struct gw_flows {
	struct gw_flow **buckets;
	size_t mask, count, size, spares;
	uint64_t seed[2], evicted;
	struct {
		struct gw_flow *oldest, *newest;
	} ages[2]; /* [1]: settled */
	struct gw_flow *spare;
	struct gw_memory *memory;
	void *context;
	void (*end)(void *context, struct gw_flow *flow, bool evicted);
};

_Static_assert(sizeof(struct gw_flow_key) % 4 == 0, "the hash reads words");

int gw_flows_new(size_t size, struct gw_memory *memory, void *context, void (*end)(void *context, struct gw_flow *flow, bool evicted),
		 struct gw_flows **ret_flows)
{
	struct gw_flows *flows = sk_calloc(1, sizeof *flows);

	if (!flows)
		return sk_origin(-ENOMEM);
	*flows = (struct gw_flows){.mask = BUCKETS_LEAST - 1, .size = size, .memory = memory, .context = context, .end = end};
	flows->buckets = sk_calloc(BUCKETS_LEAST, sizeof(struct gw_flow *));
	if (!flows->buckets || sk_seed(flows->seed, sizeof flows->seed) != 0) {
		gw_flows_free(flows);
		return sk_origin(-ENOMEM);
	}
	*ret_flows = flows;
	return 0;
}

struct gw_flows *gw_flows_free(struct gw_flows *flows)
{
	if (!flows)
		return NULL;
	for (int settled = 0; settled < 2; settled++)
		while (flows->ages[settled].oldest)
			gw_flows_drop(flows, flows->ages[settled].oldest);
	while (flows->spare) {
		struct gw_flow *next = flows->spare->chain;

		free(flows->spare);
		flows->spare = next;
	}
	free(flows->buckets);
	free(flows);
	return NULL;
}

int gw_flow_key_of(const struct gw_packet *p, struct gw_flow_key *ret_key)
{
	int order = memcmp(&p->src, &p->dst, sizeof p->src), side;
	bool ports = p->transport == 6 || p->transport == 17;
	uint16_t sport = ports ? p->sport : 0, dport = ports ? p->dport : 0;

	side = order > 0 || (order == 0 && sport > dport);
	*ret_key = (struct gw_flow_key){.transport = p->transport, .ip = p->ip, .vlan = {p->vlan[0], p->vlan[1]}};
	ret_key->addr[side] = p->src;
	ret_key->addr[!side] = p->dst;
	ret_key->port[side] = sport;
	ret_key->port[!side] = dport;
	return side;
}

static void age_take(struct gw_flows *flows, struct gw_flow *flow)
{
	*(flow->older ? &flow->older->newer : &flows->ages[flow->settled].oldest) = flow->newer;
	*(flow->newer ? &flow->newer->older : &flows->ages[flow->settled].newest) = flow->older;
}

static void age_put(struct gw_flows *flows, struct gw_flow *flow)
{
	struct gw_flow **newest = &flows->ages[flow->settled].newest;

	flow->newer = NULL;
	flow->older = *newest;
	*(*newest ? &(*newest)->newer : &flows->ages[flow->settled].oldest) = flow;
	*newest = flow;
}

static void grow(struct gw_flows *flows)
{
	size_t mask = flows->mask * 2 + 1;
	struct gw_flow **buckets = sk_calloc(mask + 1, sizeof *buckets);

	if (!buckets)
		return; /* longer chains until there is memory */
	for (int settled = 0; settled < 2; settled++)
		for (struct gw_flow *flow = flows->ages[settled].oldest; flow; flow = flow->newer) {
			flow->chain = buckets[flow->hash & mask];
			buckets[flow->hash & mask] = flow;
		}
	free(flows->buckets);
	flows->buckets = buckets;
	flows->mask = mask;
}

static void remove_flow(struct gw_flows *flows, struct gw_flow *flow, bool evicted)
{
	struct gw_flow **at = &flows->buckets[flow->hash & flows->mask];

	flows->end(flows->context, flow, evicted);
	while (*at != flow)
		at = &(*at)->chain;
	*at = flow->chain;
	age_take(flows, flow);
	flows->count--;
	flows->evicted += evicted;
	gw_memory_give(flows->memory, flows->size);
	if (flows->spares < SPARE_MAX) {
		flow->chain = flows->spare;
		flows->spare = flow;
		flows->spares++;
	} else {
		free(flow);
	}
}

void gw_flows_drop(struct gw_flows *flows, struct gw_flow *flow)
{
	remove_flow(flows, flow, false);
}

bool gw_flows_evict(struct gw_flows *flows, const struct gw_flow *keep)
{
	for (int settled = 0; settled < 2; settled++) {
		struct gw_flow *flow = flows->ages[settled].oldest;

		if (flow && flow == keep)
			flow = flow->newer;
		if (flow) {
			remove_flow(flows, flow, true);
			return true;
		}
	}
	return false;
}

static struct gw_flow *make(struct gw_flows *flows, const struct gw_flow_key *key, uint64_t hash)
{
	struct gw_flow *flow;

	while (!gw_memory_take(flows->memory, flows->size))
		if (!gw_flows_evict(flows, NULL))
			return NULL;
	flow = flows->spare;
	if (flow) {
		flows->spare = flow->chain;
		flows->spares--;
	} else if (!(flow = sk_malloc(flows->size))) {
		gw_memory_give(flows->memory, flows->size);
		return NULL;
	}
	memset(flow, 0, flows->size);
	flow->key = *key;
	flow->hash = hash;
	if (flows->count > flows->mask)
		grow(flows);
	flow->chain = flows->buckets[hash & flows->mask];
	flows->buckets[hash & flows->mask] = flow;
	age_put(flows, flow);
	flows->count++;
	return flow;
}

struct gw_flow *gw_flows_get(struct gw_flows *flows, const struct gw_packet *p, int *ret_side, bool *ret_new)
{
	struct gw_flow_key key;
	int side = gw_flow_key_of(p, &key);
	uint64_t hash = gw_hash(flows->seed, &key, sizeof key);
	struct gw_flow *flow = flows->buckets[hash & flows->mask];

	while (flow && (flow->hash != hash || memcmp(&flow->key, &key, sizeof key) != 0))
		flow = flow->chain;
	*ret_new = !flow;
	if (!flow) {
		flow = make(flows, &key, hash);
		if (!flow)
			return NULL;
		flow->first = p->time;
	} else if (flow->newer) {
		age_take(flows, flow);
		age_put(flows, flow);
	}
	flow->last = p->time;
	flow->packets[side]++;
	flow->bytes[side] += p->size;
	*ret_side = side;
	return flow;
}

struct gw_flow *gw_flows_oldest(struct gw_flows *flows, bool settled)
{
	return flows->ages[settled].oldest;
}

void gw_flows_settle(struct gw_flows *flows, struct gw_flow *flow)
{
	if (flow->settled)
		return;
	age_take(flows, flow);
	flow->settled = true;
	age_put(flows, flow);
}

size_t gw_flows_count(const struct gw_flows *flows)
{
	return flows->count;
}

uint64_t gw_flows_evicted(const struct gw_flows *flows)
{
	return flows->evicted;
}
