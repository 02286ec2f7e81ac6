// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What was learnt as zones and conduits: each address in a zone (the policy's, or one made from what it is: tools, hosts, others), each way from zone to zone by one
 * protocol as one group.
 */
#pragma once

#include "learn/learn.h"

enum { GW_GROUP_PORTS = 24, GW_GROUP_ADDRS = 2048, GW_GROUPS = 256 };

struct gw_group_addr {
	struct gw_addr addr;
	uint8_t ip;
	bool host, equipment;
	uint16_t vlan;
	int zone; /* in gw_groups.zones */
};

struct gw_group_zone {
	const char *name;
	bool made; /* not one of the policy's */
};

struct gw_group_port {
	uint8_t transport;
	uint16_t port;
};

struct gw_group {
	int from, to;
	char proto[16];
	struct gw_group_port ports[GW_GROUP_PORTS];
	size_t port_count;
	bool more_ports; /* than there is room for */
	uint64_t messages, conversations, refused, first, last;
	uint32_t days;
};

struct gw_groups {
	const struct gw_learn_table *table;
	const struct gw_policy *policy;
	uint32_t row_count;
	struct gw_group_addr *addrs;
	size_t addr_count;
	struct gw_group_zone zones[SK_ZONES_MAX + 4];
	size_t zone_count;
	struct gw_group *groups;
	size_t count;
};

/* 0 or -ENOMEM. */
int gw_groups_make(const struct gw_learn_table *table, const struct gw_policy *policy, struct gw_groups *ret_groups);
void gw_groups_done(struct gw_groups *g);
#define _cleanup_groups_ __attribute__((cleanup(gw_groups_done)))

int gw_groups_zone(const struct gw_groups *g, const struct gw_addr *addr, uint8_t ip, uint16_t vlan);
/* Is the row of this group? */
bool gw_group_has(const struct gw_groups *g, const struct gw_group *group, const struct gw_learn_row *row);
/* "4,211" */
const char *gw_learn_number(uint64_t value, char out[static 32]);
/* "2026-11-24" */
const char *gw_learn_date(uint64_t second, char out[static 16]);
const char *gw_learn_addr(const struct gw_addr *addr, uint8_t ip, char out[static 48]);
