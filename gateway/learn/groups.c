// SPDX-License-Identifier: GPL-3.0-or-later
/* Rows to zones and conduits: which zone an address lies in, and what of the counts belongs to one way from zone to zone by one protocol. */
#include "learn/groups.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"

const char *gw_learn_number(uint64_t value, char out[static 32])
{
	char digits[24];
	int n = snprintf(digits, sizeof digits, "%" PRIu64, value), at = 0;

	for (int i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = '\0';
	return out;
}

const char *gw_learn_date(uint64_t second, char out[static 16])
{
	time_t at = (time_t)second;
	struct tm tm;

	if (!gmtime_r(&at, &tm) || strftime(out, 16, "%Y-%m-%d", &tm) == 0)
		snprintf(out, 16, "-");
	return out;
}

const char *gw_learn_addr(const struct gw_addr *addr, uint8_t ip, char out[static 48])
{
	if (!inet_ntop(ip == 6 ? AF_INET6 : AF_INET, addr->bytes, out, 48))
		out[0] = '\0';
	return out;
}

static struct gw_group_addr *find_addr(const struct gw_groups *g, const struct gw_addr *addr, uint8_t ip, uint16_t vlan)
{
	for (size_t i = 0; i < g->addr_count; i++)
		if (g->addrs[i].ip == ip && g->addrs[i].vlan == vlan && memcmp(&g->addrs[i].addr, addr, sizeof *addr) == 0)
			return &g->addrs[i];
	return NULL;
}

int gw_groups_zone(const struct gw_groups *g, const struct gw_addr *addr, uint8_t ip, uint16_t vlan)
{
	const struct gw_group_addr *found = find_addr(g, addr, ip, vlan);

	return found ? found->zone : -1;
}

static struct gw_group_addr *add_addr(struct gw_groups *g, const struct gw_addr *addr, uint8_t ip, uint16_t vlan)
{
	struct gw_group_addr *found = find_addr(g, addr, ip, vlan);

	if (found || g->addr_count == GW_GROUP_ADDRS)
		return found;
	g->addrs[g->addr_count] = (struct gw_group_addr){.addr = *addr, .ip = ip, .vlan = vlan, .zone = -1};
	return &g->addrs[g->addr_count++];
}

static void add_row_addrs(struct gw_groups *g, const struct gw_learn_row *row)
{
	struct gw_group_addr *client = add_addr(g, &row->client, row->ip, row->vlan), *server = add_addr(g, &row->server, row->ip, row->vlan);
	struct gw_group_addr *sender = row->dir == GW_TO_SERVER ? client : server, *other = row->dir == GW_TO_SERVER ? server : client;

	if (!row->name[0] || row->from == GW_ROLE_UNKNOWN || !sender || !other)
		return;
	if (row->from == GW_ROLE_HOST)
		sender->host = other->equipment = true;
	else
		sender->equipment = other->host = true;
}

static int made_zone(struct gw_groups *g, const char *name)
{
	for (size_t i = 0; i < g->zone_count; i++)
		if (g->zones[i].made && strcmp(g->zones[i].name, name) == 0)
			return (int)i;
	g->zones[g->zone_count] = (struct gw_group_zone){name, true};
	return (int)g->zone_count++;
}

static int zone_for(struct gw_groups *g, const struct gw_group_addr *a)
{
	int zone = g->policy ? gw_policy_zone(g->policy, a->ip, &a->addr, a->vlan) : -1;

	if (zone >= 0)
		return zone;
	if (a->equipment)
		return made_zone(g, g->policy ? "new-tools" : "tools");
	return a->host ? made_zone(g, g->policy ? "new-hosts" : "hosts") : made_zone(g, g->policy ? "new-others" : "others");
}

static void put_zones(struct gw_groups *g)
{
	const struct sk_gateway *source = g->policy ? gw_policy_source(g->policy) : NULL;
	const struct sk_zone *zones = source ? source->zones.items : NULL;

	for (size_t i = 0; source && i < source->zones.count; i++)
		g->zones[g->zone_count++] = (struct gw_group_zone){zones[i].name, false};
	for (size_t i = 0; i < g->addr_count; i++)
		g->addrs[i].zone = zone_for(g, &g->addrs[i]);
}

static struct gw_group *group_for(struct gw_groups *g, const struct gw_learn_row *row)
{
	int from = gw_groups_zone(g, &row->client, row->ip, row->vlan), to = gw_groups_zone(g, &row->server, row->ip, row->vlan);
	struct gw_group *group;

	if (from < 0 || to < 0)
		return NULL;
	for (size_t i = 0; i < g->count; i++)
		if (g->groups[i].from == from && g->groups[i].to == to && strcmp(g->groups[i].proto, row->proto) == 0)
			return &g->groups[i];
	if (g->count == GW_GROUPS)
		return NULL;
	group = &g->groups[g->count++];
	*group = (struct gw_group){.from = from, .to = to};
	memcpy(group->proto, row->proto, sizeof group->proto);
	return group;
}

static void add_port(struct gw_group *group, uint8_t transport, uint16_t port)
{
	for (size_t i = 0; i < group->port_count; i++)
		if (group->ports[i].transport == transport && group->ports[i].port == port)
			return;
	if (group->port_count == GW_GROUP_PORTS)
		group->more_ports = true;
	else
		group->ports[group->port_count++] = (struct gw_group_port){transport, port};
}

static void add_row(struct gw_groups *g, const struct gw_learn_row *row)
{
	struct gw_group *group = row->kind[0] ? NULL : group_for(g, row);
	uint64_t first = atomic_load(&row->first), last = atomic_load(&row->last);

	if (!group)
		return;
	add_port(group, row->transport, row->port);
	*(row->name[0] ? &group->messages : &group->conversations) += gw_learn_total(row);
	group->refused += atomic_load(&row->count[2]) + atomic_load(&row->count[1]);
	if (!group->first || first < group->first)
		group->first = first;
	group->last = SK_MAX(group->last, last);
	group->days = SK_MAX(group->days, atomic_load(&row->days));
}

bool gw_group_has(const struct gw_groups *g, const struct gw_group *group, const struct gw_learn_row *row)
{
	return strcmp(group->proto, row->proto) == 0 && gw_groups_zone(g, &row->client, row->ip, row->vlan) == group->from &&
	       gw_groups_zone(g, &row->server, row->ip, row->vlan) == group->to;
}

static int by_way(const void *a, const void *b)
{
	const struct gw_group *x = a, *y = b;

	if (x->from != y->from)
		return x->from - y->from;
	return x->to != y->to ? x->to - y->to : strcmp(x->proto, y->proto);
}

static int by_addr(const void *a, const void *b)
{
	const struct gw_group_addr *x = a, *y = b;

	if (x->ip != y->ip)
		return x->ip - y->ip;
	return memcmp(&x->addr, &y->addr, sizeof x->addr);
}

int gw_groups_make(const struct gw_learn_table *table, const struct gw_policy *policy, struct gw_groups *g)
{
	*g = (struct gw_groups){.table = table, .policy = policy};
	g->row_count = SK_MIN(atomic_load_explicit(&table->count, memory_order_acquire), (uint32_t)GW_LEARN_ROWS);
	g->addrs = sk_calloc(GW_GROUP_ADDRS, sizeof *g->addrs);
	g->groups = sk_calloc(GW_GROUPS, sizeof *g->groups);
	if (!g->addrs || !g->groups) {
		gw_groups_done(g);
		return sk_origin(-ENOMEM);
	}
	for (uint32_t i = 0; i < g->row_count; i++)
		add_row_addrs(g, &table->rows[i]);
	qsort(g->addrs, g->addr_count, sizeof *g->addrs, by_addr);
	put_zones(g);
	for (uint32_t i = 0; i < g->row_count; i++)
		add_row(g, &table->rows[i]);
	qsort(g->groups, g->count, sizeof *g->groups, by_way);
	return 0;
}

void gw_groups_done(struct gw_groups *g)
{
	free(g->addrs);
	free(g->groups);
	*g = (struct gw_groups){.table = NULL};
}
