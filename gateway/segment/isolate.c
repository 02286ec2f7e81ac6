// SPDX-License-Identifier: GPL-3.0-or-later
/* An isolation set becomes conduits, so that the kernel side and the engine carry it out as they do every policy. */
#include "segment/isolate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

const struct sk_isolation *gw_isolation_named(const struct sk_gateway *gateway, const char *name)
{
	const struct sk_isolation *list = gateway->isolation.items;

	for (size_t i = 0; i < gateway->isolation.count; i++)
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
	return NULL;
}

static bool has(const struct sk_strings *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], name) == 0)
			return true;
	return false;
}

/* A conduit from an isolated zone to itself: what is said within it goes on as it did. */
static bool is_inner(const struct sk_isolation *set, const struct sk_conduit *conduit)
{
	return strcmp(conduit->from, conduit->to) == 0 && has(&set->zones, conduit->from) && !has(&set->conduits, conduit->name);
}

bool gw_isolation_stops(const struct gw_policy *policy, const struct sk_isolation *set, const struct gw_tuple *flow)
{
	const struct sk_gateway *source = gw_policy_source(policy);
	const struct sk_conduit *conduits = source->conduits.items;
	const struct sk_zone *zones = source->zones.items;
	int from = gw_policy_zone(policy, flow->ip, &flow->client, flow->vlan), to = gw_policy_zone(policy, flow->ip, &flow->server, flow->vlan);
	const struct gw_ways *ways = gw_policy_conduit(policy, flow);
	bool within = from == to && ways->index < source->conduits.count && is_inner(set, &conduits[ways->index]);

	if (!within && ((from >= 0 && has(&set->zones, zones[from].name)) || (to >= 0 && has(&set->zones, zones[to].name))))
		return true;
	return ways->from && has(&set->conduits, ways->name);
}

static int make_shut(struct sk_conduit *conduit, const char *set, const char *from, const char *to, size_t number)
{
	char name[65];

	snprintf(name, sizeof name, "isolation %.40s %zu", set, number);
	*conduit = (struct sk_conduit){.action = SK_FLOW_DROP, .mode = SK_WATCH_ENFORCE, .failure = SK_FAIL_CLOSED, .answer = SK_ANSWER_SILENT};
	conduit->name = sk_strdup(name);
	conduit->from = sk_strdup(from);
	conduit->to = sk_strdup(to);
	return conduit->name && conduit->from && conduit->to ? 0 : sk_origin(-ENOMEM);
}

static void shut_named(struct sk_gateway *gateway, const struct sk_isolation *set)
{
	struct sk_conduit *list = gateway->conduits.items;

	for (size_t i = 0; i < gateway->conduits.count; i++)
		if (has(&set->conduits, list[i].name)) {
			list[i].action = SK_FLOW_DROP;
			list[i].mode = SK_WATCH_ENFORCE;
		}
}

static int put_shut(const struct sk_isolation *set, struct sk_conduit *out, size_t *count)
{
	int r = 0;

	for (size_t i = 0; i < set->zones.count && r == 0; i++) {
		r = make_shut(&out[(*count)++], set->name, set->zones.items[i], SK_GATEWAY_ANY, 2 * i + 1);
		if (r == 0)
			r = make_shut(&out[(*count)++], set->name, SK_GATEWAY_ANY, set->zones.items[i], 2 * i + 2);
	}
	return r;
}

static size_t put_old(const struct sk_gateway *gateway, const struct sk_isolation *set, bool inner, struct sk_conduit *out)
{
	const struct sk_conduit *list = gateway->conduits.items;
	size_t count = 0;

	for (size_t i = 0; i < gateway->conduits.count; i++)
		if (is_inner(set, &list[i]) == inner)
			out[count++] = list[i];
	return count;
}

int gw_isolate(struct sk_gateway *gateway, const char *name)
{
	const struct sk_isolation *set = gw_isolation_named(gateway, name);
	struct sk_conduit *list;
	size_t first, shut = 0;
	int r;

	if (!set)
		return SK_NONE;
	list = sk_calloc(2 * set->zones.count + gateway->conduits.count + 1, sizeof *list);
	if (!list)
		return sk_origin(-ENOMEM);
	first = put_old(gateway, set, true, list);
	r = put_shut(set, list + first, &shut);
	if (r != 0) {
		for (size_t i = first; i < first + shut; i++) {
			free(list[i].name);
			free(list[i].from);
			free(list[i].to);
		}
		free(list);
		return r;
	}
	put_old(gateway, set, false, list + first + shut);
	free(gateway->conduits.items);
	gateway->conduits.items = list;
	gateway->conduits.count += shut;
	shut_named(gateway, set);
	return 0;
}
