// SPDX-License-Identifier: GPL-3.0-or-later
/* From a signed policy to what is asked of it: zones as sorted prefixes, conduits with their lines parsed and their names looked up. */
#include "segment/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "segment/segment.h"

#define SECOND UINT64_C(1000000000)

const struct sk_gateway *gw_policy_source(const struct gw_policy *policy)
{
	return &policy->source.gateway;
}

static int by_length(const void *a, const void *b)
{
	const struct gw_prefix_of *x = a, *y = b;

	if ((x->vlan_low == 0) != (y->vlan_low == 0))
		return x->vlan_low == 0 ? 1 : -1;
	if (x->prefix.bits != y->prefix.bits)
		return x->prefix.bits < y->prefix.bits ? 1 : -1;
	return x->zone < y->zone ? -1 : x->zone > y->zone;
}

/* Every prefix with every VLAN of the zone; a zone of VLANs alone is all addresses in them. */
static size_t zone_rows(const struct sk_zone *zone)
{
	return SK_MAX(zone->addresses.count, (size_t)2 * !zone->addresses.count) * SK_MAX(zone->vlans.count, (size_t)1);
}

static struct sk_prefix prefix_at(const struct sk_zone *zone, size_t i)
{
	struct sk_prefix prefix = {.ip = i ? 6 : 4};

	if (zone->addresses.count)
		sk_prefix_parse(zone->addresses.items[i], &prefix); /* sk_gateway_check() has judged it */
	return prefix;
}

static size_t add_zone(const struct sk_zone *zone, uint16_t number, struct gw_prefix_of *out)
{
	size_t addresses = zone->addresses.count ? zone->addresses.count : 2, n = 0;

	for (size_t i = 0; i < addresses; i++)
		for (size_t j = 0; j < SK_MAX(zone->vlans.count, (size_t)1); j++) {
			out[n] = (struct gw_prefix_of){.prefix = prefix_at(zone, i), .zone = number};
			if (zone->vlans.count)
				sk_vlan_range_parse(zone->vlans.items[j], &out[n].vlan_low, &out[n].vlan_high);
			n++;
		}
	return n;
}

static int make_zones(struct gw_policy *policy)
{
	const struct sk_records *zones = &policy->source.gateway.zones;
	const struct sk_zone *list = zones->items;
	size_t total = 0;

	for (size_t i = 0; i < zones->count; i++)
		total += zone_rows(&list[i]);
	policy->prefixes = sk_calloc(total + 1, sizeof *policy->prefixes);
	if (!policy->prefixes)
		return sk_origin(-ENOMEM);
	for (size_t i = 0; i < zones->count; i++)
		policy->prefix_count += add_zone(&list[i], (uint16_t)i, policy->prefixes + policy->prefix_count);
	qsort(policy->prefixes, policy->prefix_count, sizeof *policy->prefixes, by_length);
	return 0;
}

int gw_tool_compare(const void *a, const void *b)
{
	const struct gw_tool_at *x = a, *y = b;

	return x->ip != y->ip ? x->ip - y->ip : memcmp(&x->address, &y->address, sizeof x->address);
}

/* Assets of a type, by address. */
static int make_tools(struct gw_policy *policy)
{
	const struct sk_records *assets = &policy->source.gateway.assets;
	const struct sk_asset *list = assets->items;
	struct sk_prefix prefix;

	policy->tools = sk_calloc(assets->count + 1, sizeof *policy->tools);
	if (!policy->tools)
		return sk_origin(-ENOMEM);
	for (size_t i = 0; i < assets->count; i++) {
		struct gw_tool_at *tool = &policy->tools[policy->tool_count];

		if (!list[i].type || sk_prefix_parse(list[i].address, &prefix) != 0)
			continue;
		*tool = (struct gw_tool_at){.ip = prefix.ip, .type = list[i].type};
		memcpy(tool->address.bytes, prefix.bytes, sizeof tool->address.bytes);
		policy->tool_count++;
	}
	qsort(policy->tools, policy->tool_count, sizeof *policy->tools, gw_tool_compare);
	return 0;
}

static int zone_named(const struct gw_policy *policy, const char *name)
{
	const struct sk_records *zones = &policy->source.gateway.zones;
	const struct sk_zone *list = zones->items;

	for (size_t i = 0; i < zones->count; i++)
		if (strcmp(list[i].name, name) == 0)
			return (int)i;
	return -1; /* "any" */
}

static const struct gw_proto *proto_named(const struct gw_proto *const *protos, const char *name)
{
	for (; *protos; protos++)
		if (strcmp((*protos)->name, name) == 0)
			return *protos;
	return NULL;
}

static bool has_field(const struct gw_proto *proto, const char *name)
{
	for (size_t i = 0; i < proto->field_count; i++)
		if (strcmp(proto->fields[i].name, name) == 0)
			return true;
	return false;
}

static bool field_known(const struct gw_ways_of *way, const struct gw_proto *const *protos, const struct sk_line *line, const char *name)
{
	const struct gw_proto *one = line->protocol[0] ? proto_named(protos, line->protocol) : NULL;

	if (one)
		return has_field(one, name);
	for (size_t i = 0; i < way->proto_count; i++)
		if (has_field(way->protos[i], name))
			return true;
	for (; !way->proto_count && *protos; protos++)
		if (has_field(*protos, name))
			return true;
	return false;
}

static int bad_line(size_t i, size_t j, struct sk_diag *diag, const char *kind, const char *name)
{
	char path[96];

	snprintf(path, sizeof path, "gateway.conduits[%zu].lines[%zu]", i, j);
	return sk_diag_path(diag, path, "this gateway knows no %s \"%s\" here", kind, name);
}

static int make_line(struct gw_ways_of *way, size_t j, const struct gw_proto *const *protos, struct sk_diag *diag)
{
	struct gw_line *line = &way->lines[j];
	size_t i = way->ways.index;

	if (sk_line_parse(line->text, &line->line, diag) != 0)
		return SK_BAD;
	if (line->line.protocol[0] && !proto_named(protos, line->line.protocol))
		return bad_line(i, j, diag, "protocol", line->line.protocol);
	for (size_t k = 0; k < line->line.field_count; k++)
		if (!field_known(way, protos, &line->line, line->line.fields[k].name))
			return bad_line(i, j, diag, "field", line->line.fields[k].name);
	return 0;
}

static int make_protocols(struct gw_ways_of *way, const struct sk_conduit *from, const struct gw_proto *const *protos, struct sk_diag *diag)
{
	char path[96];

	for (size_t j = 0; j < from->protocols.count; j++) {
		const struct gw_proto *proto = proto_named(protos, from->protocols.items[j]);

		snprintf(path, sizeof path, "gateway.conduits[%u].protocols[%zu]", way->ways.index, j);
		if (!proto)
			return sk_diag_path(diag, path, "this gateway knows no protocol \"%.40s\"", from->protocols.items[j]);
		way->protos[way->proto_count++] = proto;
	}
	return 0;
}

static int make_space(struct gw_ways_of *way, const struct sk_conduit *from)
{
	way->ports = sk_calloc(from->ports.count + 1, sizeof *way->ports);
	way->protos = sk_calloc(from->protocols.count + 1, sizeof *way->protos);
	way->lines = sk_calloc(from->lines.count + 1, sizeof *way->lines);
	return way->ports && way->protos && way->lines ? 0 : sk_origin(-ENOMEM);
}

static int make_conduit(struct gw_policy *policy, const struct sk_conduit *from, uint16_t index, const struct gw_proto *const *protos, struct sk_diag *diag)
{
	struct gw_ways_of *way = &policy->conduits[index];
	int r = make_space(way, from);

	way->ways = (struct gw_ways){from->name, from->from, from->to, index, (enum sk_flow_action)from->action, (enum sk_watch_mode)from->mode,
				     (enum sk_fail)from->failure, (enum gw_reply)from->answer, from->lines.count, (enum sk_framing)from->framing,
				     {from->t3 * SECOND, from->t5 * SECOND, from->t6 * SECOND, from->t7 * SECOND, from->t8 * SECOND}};
	way->from = zone_named(policy, from->from);
	way->to = zone_named(policy, from->to);
	way->refuse = from->otherwise == SK_OTHERWISE_REFUSE;
	if (r != 0)
		return r;
	for (size_t j = 0; j < from->ports.count; j++)
		way->port_count += sk_port_range_parse(from->ports.items[j], &way->ports[way->port_count]) == 0;
	r = make_protocols(way, from, protos, diag);
	for (size_t j = 0; j < from->lines.count && r == 0; j++) {
		way->lines[j].text = from->lines.items[j];
		r = make_line(way, j, protos, diag);
	}
	return r;
}

static int make_conduits(struct gw_policy *policy, const struct gw_proto *const *protos, struct sk_diag *diag)
{
	const struct sk_gateway *from = &policy->source.gateway;
	const struct sk_conduit *list = from->conduits.items;
	int r = 0;

	policy->conduits = sk_calloc(from->conduits.count + 1, sizeof *policy->conduits);
	if (!policy->conduits)
		return sk_origin(-ENOMEM);
	policy->count = from->conduits.count;
	policy->conduits[policy->count].ways = (struct gw_ways){
		"otherwise", NULL, NULL, (uint16_t)policy->count, (enum sk_flow_action)from->otherwise_action, (enum sk_watch_mode)from->otherwise_mode,
		SK_FAIL_OPEN, GW_REPLY_SILENT, 0, .framing = SK_FRAMING_REFUSE};
	for (size_t i = 0; i < policy->count && r == 0; i++)
		r = make_conduit(policy, &list[i], (uint16_t)i, protos, diag);
	return r;
}

struct gw_policy *gw_policy_free(struct gw_policy *policy)
{
	if (!policy)
		return NULL;
	for (size_t i = 0; policy->conduits && i < policy->count; i++) {
		free(policy->conduits[i].ports);
		free((void *)policy->conduits[i].protos);
		free(policy->conduits[i].lines);
	}
	free(policy->conduits);
	free(policy->prefixes);
	free(policy->tools);
	sk_policy_done(&policy->source);
	free(policy);
	return NULL;
}

int gw_policy_new(struct sk_policy *policy, const struct gw_proto *const *protos, const struct gw_policy_state *state, struct gw_policy **ret_policy,
		  struct sk_diag *diag)
{
	struct gw_policy *made;
	int r;

	if (policy->part != SK_PART_GATEWAY)
		return sk_diag_path(diag, "part", "is not gateway");
	r = sk_gateway_check(&policy->gateway, diag);
	if (r != 0)
		return r;
	made = sk_calloc(1, sizeof *made);
	if (!made)
		return sk_origin(-ENOMEM);
	made->source = *policy;
	made->state = state;
	r = make_zones(made);
	if (r == 0)
		r = make_tools(made);
	if (r == 0)
		r = make_conduits(made, protos, diag);
	if (r != 0) {
		memset(&made->source, 0, sizeof made->source); /* still the caller's */
		gw_policy_free(made);
		return r;
	}
	memset(policy, 0, sizeof *policy);
	*ret_policy = made;
	return 0;
}

static bool in_prefix(const struct sk_prefix *prefix, uint8_t ip, const struct gw_addr *address)
{
	unsigned whole = prefix->bits / 8, rest = prefix->bits % 8;

	return prefix->ip == ip && memcmp(prefix->bytes, address->bytes, whole) == 0 &&
	       (rest == 0 || (prefix->bytes[whole] ^ address->bytes[whole]) >> (8 - rest) == 0);
}

int gw_policy_zone(const struct gw_policy *policy, uint8_t ip, const struct gw_addr *address, uint16_t vlan)
{
	for (size_t i = 0; i < policy->prefix_count; i++) {
		const struct gw_prefix_of *p = &policy->prefixes[i];

		if (in_prefix(&p->prefix, ip, address) && (p->vlan_low == 0 || (vlan >= p->vlan_low && vlan <= p->vlan_high)))
			return p->zone;
	}
	return -1;
}

static bool port_fits(const struct gw_ways_of *way, const struct gw_tuple *flow)
{
	for (size_t i = 0; i < way->port_count; i++)
		if (way->ports[i].transport == flow->transport && flow->port >= way->ports[i].low && flow->port <= way->ports[i].high)
			return true;
	return way->port_count == 0;
}

const struct gw_ways *gw_policy_conduit(const struct gw_policy *policy, const struct gw_tuple *flow)
{
	static const struct gw_ways everything = {.name = "otherwise", .action = SK_FLOW_INSPECT, .mode = SK_WATCH_OBSERVE};
	int from, to;

	if (!policy)
		return &everything;
	from = gw_policy_zone(policy, flow->ip, &flow->client, flow->vlan);
	to = gw_policy_zone(policy, flow->ip, &flow->server, flow->vlan);
	for (size_t i = 0; i < policy->count; i++) {
		const struct gw_ways_of *way = &policy->conduits[i];

		if ((way->from < 0 || way->from == from) && (way->to < 0 || way->to == to) && port_fits(way, flow))
			return &way->ways;
	}
	return &policy->conduits[policy->count].ways;
}
