// SPDX-License-Identifier: GPL-3.0-or-later
/* What the files of this folder share. */
#pragma once

#include "policy/line.h"
#include "segment/policy.h"

struct gw_prefix_of { /* a zone's prefix; sorted: bound to a VLAN first, then longest first */
	struct sk_prefix prefix;
	uint16_t vlan_low, vlan_high; /* 0, 0 = any */
	uint16_t zone;
};

struct gw_tool_at { /* an asset of a type; sorted by gw_tool_compare() */
	uint8_t ip;
	struct gw_addr address;
	const char *type; /* the source's */
};

struct gw_line {
	struct sk_line line;
	const char *text;
};

struct gw_ways_of {
	struct gw_ways ways;
	int from, to; /* zones; -1 = any */
	struct sk_port_range *ports;
	size_t port_count;
	const struct gw_proto **protos; /* NULL entries never; count 0 = any */
	size_t proto_count;
	struct gw_line *lines;
	bool refuse; /* otherwise */
};

struct gw_policy {
	struct sk_policy source;
	const struct gw_policy_state *state;
	struct gw_prefix_of *prefixes;
	size_t prefix_count;
	struct gw_tool_at *tools;
	size_t tool_count;
	struct gw_ways_of *conduits; /* one more than there are: the last is for what no conduit fits */
	size_t count;
};

/* policy.c */
int gw_tool_compare(const void *a, const void *b);

/* lines.c */
bool gw_recipe_released(const struct gw_policy *policy, const struct gw_tuple *flow, const struct gw_proto *proto, const struct gw_message *message);
