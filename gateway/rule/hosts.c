// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Rules without a literal that are about few addresses (lists of known bad hosts: a thousand of them in ET Open) become candidates by those addresses:
 * ranges sorted by where they begin, each with how far those before it reach, so that an address is looked up in a few steps.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "rule/set.h"

/* None of its ranges is wider than an IPv4 /8. */
static bool is_few(const struct addresses *group)
{
	for (uint32_t i = 0; i < group->count; i++)
		if (memcmp(group->ranges[i].low, group->ranges[i].high, 13) != 0)
			return false;
	return !group->any;
}

static int by_low(const void *a, const void *b)
{
	const struct host *x = a, *y = b;
	int order = memcmp(x->range.low, y->range.low, 16);

	return order ? order : x->rule < y->rule ? -1 : x->rule > y->rule;
}

static void sort_hosts(struct hosts *hosts)
{
	if (hosts->count)
		qsort(hosts->at, hosts->count, sizeof *hosts->at, by_low);
	for (uint32_t i = 0; i < hosts->count; i++) {
		bool further = i && memcmp(hosts->at[i - 1].reach, hosts->at[i].range.high, 16) > 0;

		memcpy(hosts->at[i].reach, further ? hosts->at[i - 1].reach : hosts->at[i].range.high, 16);
	}
}

/* The side whose addresses are few: 0 the sender's, 1 the receiver's, -1 neither. */
static int side_of(const struct rule *rule)
{
	if (rule->both_ways)
		return -1;
	return is_few(rule->src) ? 0 : is_few(rule->dst) ? 1 : -1;
}

int group_by_hosts(struct gw_rules *set, struct group *group)
{
	uint32_t kept = 0, total[2] = {0};

	for (uint32_t i = 0; i < group->always_count; i++) {
		const struct rule *rule = set->rules[group->always[i]];
		int side = side_of(rule);

		if (side >= 0)
			total[side] += (side ? rule->dst : rule->src)->count;
	}
	for (int side = 0; side < 2; side++)
		if (!(group->hosts[side].at = arena_take(&set->arena, (total[side] + 1) * sizeof *group->hosts[side].at)))
			return sk_origin(-ENOMEM);
	for (uint32_t i = 0; i < group->always_count; i++) {
		uint32_t number = group->always[i];
		const struct rule *rule = set->rules[number];
		int side = side_of(rule);

		if (side < 0) {
			group->always[kept++] = number;
			continue;
		}
		for (uint32_t k = 0; k < (side ? rule->dst : rule->src)->count; k++)
			group->hosts[side].at[group->hosts[side].count++] = (struct host){.range = (side ? rule->dst : rule->src)->ranges[k], .rule = number};
	}
	group->always_count = kept;
	sort_hosts(&group->hosts[0]);
	sort_hosts(&group->hosts[1]);
	return 0;
}

uint32_t hosts_last(const struct hosts *hosts, const uint8_t address[16])
{
	uint32_t low = 0, high = hosts->count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (memcmp(hosts->at[middle].range.low, address, 16) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
