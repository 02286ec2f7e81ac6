// SPDX-License-Identifier: GPL-3.0-or-later
/* From zones and conduits to the kernel's tables. */
#include "main/table.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

enum { PREFIXES = GW_PREFIXES / 2, CONDUITS = GW_CONDUITS - 1 };

static const enum gw_course verdicts[] = {[SK_FLOW_DROP] = GW_DROP, [SK_FLOW_SWITCH] = GW_SWITCH, [SK_FLOW_INSPECT] = GW_INSPECT};
static const enum gw_mode modes[] = {[SK_WATCH_OBSERVE] = GW_OBSERVE, [SK_WATCH_SHADOW] = GW_SHADOW, [SK_WATCH_ENFORCE] = GW_ENFORCE};

static bool same_prefix(const struct gw_table_prefix *a, const struct gw_table_prefix *b)
{
	return a->ip == b->ip && a->bits == b->bits && a->vlan == b->vlan && memcmp(a->address, b->address, sizeof a->address) == 0;
}

/* Of two zones with the same prefix the first has it, as in segment/policy.h. */
static int add_prefix(struct gw_tables *t, const struct sk_prefix *prefix, uint16_t vlan, uint32_t zone)
{
	struct gw_table_prefix *row = &t->prefixes[t->table.prefix_count];

	if (t->table.prefix_count == PREFIXES)
		return -E2BIG;
	*row = (struct gw_table_prefix){.ip = prefix->ip, .bits = prefix->bits, .vlan = vlan, .zone = zone};
	memcpy(row->address, prefix->bytes, sizeof row->address);
	for (uint32_t i = 0; i < t->table.prefix_count; i++)
		if (same_prefix(&t->prefixes[i], row))
			return 0;
	t->table.prefix_count++;
	return 0;
}

static int add_vlans(struct gw_tables *t, const struct sk_zone *zone, const struct sk_prefix *prefix, uint32_t number)
{
	int r = zone->vlans.count ? 0 : add_prefix(t, prefix, GW_VLAN_ANY, number);

	for (size_t i = 0; i < zone->vlans.count; i++) {
		uint16_t low, high;

		t->table.bits |= GW_LIVE_VLANS;
		if (sk_vlan_range_parse(zone->vlans.items[i], &low, &high) != 0)
			return -EINVAL;
		for (uint32_t vlan = low; vlan <= high && r == 0; vlan++)
			r = add_prefix(t, prefix, (uint16_t)vlan, number);
	}
	return r;
}

static int add_zone(struct gw_tables *t, const struct sk_zone *zone, uint32_t number)
{
	const struct sk_prefix all[] = {{.ip = 4}, {.ip = 6}};
	struct sk_prefix prefix;
	int r = 0;

	for (size_t i = 0; i < zone->addresses.count && r == 0; i++)
		r = sk_prefix_parse(zone->addresses.items[i], &prefix) == 0 ? add_vlans(t, zone, &prefix, number) : -EINVAL;
	for (size_t i = 0; i < 2 && zone->addresses.count == 0 && r == 0; i++)
		r = add_vlans(t, zone, &all[i], number);
	return r;
}

static uint32_t zone_number(const struct sk_gateway *gateway, const char *name)
{
	const struct sk_zone *list = gateway->zones.items;

	for (size_t i = 0; i < gateway->zones.count; i++)
		if (strcmp(list[i].name, name) == 0)
			return (uint32_t)i + 1;
	return 0;
}

static bool joins(const struct sk_gateway *gateway, const struct sk_conduit *conduit, uint32_t from, uint32_t to)
{
	bool from_fits = strcmp(conduit->from, SK_GATEWAY_ANY) == 0 || zone_number(gateway, conduit->from) == from;

	return from_fits && (strcmp(conduit->to, SK_GATEWAY_ANY) == 0 || zone_number(gateway, conduit->to) == to);
}

static bool fails_closed(const struct sk_conduit *conduit)
{
	return conduit->action == SK_FLOW_INSPECT && conduit->failure == SK_FAIL_CLOSED;
}

static int add_rules(struct gw_tables *t, const struct sk_conduit *conduit)
{
	for (size_t i = 0; i < conduit->ports.count; i++) {
		struct sk_port_range range;

		if (t->table.rule_count == GW_RULES)
			return -E2BIG;
		if (sk_port_range_parse(conduit->ports.items[i], &range) != 0)
			return -EINVAL;
		t->rules[t->table.rule_count++] = (struct gw_rule_entry){.low = range.low, .high = range.high, .protocol = (uint8_t)range.transport,
			.verdict = (uint8_t)verdicts[conduit->action], .mode = (uint8_t)modes[conduit->mode], .closed = fails_closed(conduit)};
	}
	return 0;
}

/* The same rules as those of a pair before: shared. */
static void share_rules(struct gw_tables *t, struct gw_table_conduit *row)
{
	for (uint32_t i = 0; i < t->table.conduit_count; i++) {
		const struct gw_table_conduit *other = &t->conduits[i];

		if (other->count != row->count || memcmp(&t->rules[other->first], &t->rules[row->first], row->count * sizeof t->rules[0]) != 0)
			continue;
		t->table.rule_count = row->first;
		row->first = other->first;
		return;
	}
}

/* One pair of zones. Without a conduit it has no row, and goes by `none`. */
static int add_pair(struct gw_tables *t, const struct sk_gateway *gateway, uint32_t from, uint32_t to)
{
	const struct sk_conduit *list = gateway->conduits.items;
	struct gw_table_conduit row = {.from = from, .to = to, .first = t->table.rule_count, .mode = modes[gateway->otherwise_mode],
				       .otherwise = verdicts[gateway->otherwise_action]};
	bool any = false, ended = false;
	int r = 0;

	for (size_t i = 0; i < gateway->conduits.count && !ended && r == 0; i++) {
		if (!joins(gateway, &list[i], from, to))
			continue;
		any = true;
		ended = list[i].ports.count == 0;
		if (!ended) {
			r = add_rules(t, &list[i]);
			continue;
		}
		row.otherwise = verdicts[list[i].action];
		row.mode = modes[list[i].mode];
		row.closed = fails_closed(&list[i]);
	}
	if (!any || r != 0)
		return r;
	row.count = t->table.rule_count - row.first;
	if (row.count > GW_RULES_EACH || t->table.conduit_count == CONDUITS)
		return -E2BIG;
	share_rules(t, &row);
	t->conduits[t->table.conduit_count++] = row;
	return 0;
}

static void add_types(struct gw_tables *t, const struct sk_gateway *gateway)
{
	static const uint16_t types[] = {[SK_FRAME_LLDP] = 0x88cc, [SK_FRAME_8021X] = 0x888e, [SK_FRAME_LACP] = 0x8809, [SK_FRAME_STP] = 0,
					 [SK_FRAME_PTP] = 0x88f7,  [SK_FRAME_PROFINET] = 0x8892};

	for (size_t i = 0; i < SK_ARRAY_SIZE(types); i++)
		t->types[t->table.type_count++] = (struct gw_table_type){types[i], gateway->frames[i] == SK_FRAME_DROP ? GW_DROP : GW_SWITCH};
	if (gateway->frames[SK_FRAME_UNKNOWN] == SK_FRAME_DROP)
		t->table.bits |= GW_LIVE_TYPES_DROP;
}

void gw_tables_done(struct gw_tables *tables)
{
	free(tables->prefixes);
	free(tables->conduits);
	free(tables->rules);
	*tables = (struct gw_tables){.prefixes = NULL};
}

static int make(struct gw_tables *t, const struct sk_gateway *gateway)
{
	const struct sk_zone *zones = gateway->zones.items;
	uint32_t count = (uint32_t)gateway->zones.count;
	int r = 0;

	for (uint32_t i = 0; i < count && r == 0; i++)
		r = add_zone(t, &zones[i], i + 1);
	for (uint32_t from = 0; from <= count && r == 0; from++)
		for (uint32_t to = 0; to <= count && r == 0; to++)
			r = add_pair(t, gateway, from, to);
	add_types(t, gateway);
	t->table.none = (struct gw_table_conduit){.otherwise = verdicts[gateway->otherwise_action], .mode = modes[gateway->otherwise_mode]};
	return r;
}

int gw_tables_make(const struct sk_gateway *gateway, struct gw_tables *ret_tables)
{
	struct gw_tables t = {.prefixes = sk_calloc(PREFIXES + 1, sizeof *t.prefixes),
			      .conduits = sk_calloc(CONDUITS, sizeof *t.conduits),
			      .rules = sk_calloc(GW_RULES, sizeof *t.rules)};
	int r = t.prefixes && t.conduits && t.rules ? make(&t, gateway) : sk_origin(-ENOMEM);

	if (r != 0) {
		gw_tables_done(&t);
		return r;
	}
	*ret_tables = t;
	ret_tables->table.prefixes = t.prefixes;
	ret_tables->table.conduits = t.conduits;
	ret_tables->table.rules = t.rules;
	ret_tables->table.types = ret_tables->types;
	return 0;
}
