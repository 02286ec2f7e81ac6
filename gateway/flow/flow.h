// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The table of flows: who talks to whom over which ports, whichever side speaks. Bounded by the engine's memory account: when that is full the flow
 * that was silent longest goes, counted and told to its owner; those that proved to be conversations (settled) go only when no other is left, so that a
 * flood of beginnings ends none of them. The hash is keyed with a seed that nobody outside can know; order never depends on it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/memory.h"
#include "flow/packet.h"

struct gw_flow_key {
	struct gw_addr addr[2]; /* side 0 has the lower address, or the lower port of one address */
	uint16_t port[2];
	uint16_t vlan[2];
	uint8_t transport, ip, zero[2];
};

/* What each flow begins with; the owner's state lies behind it. */
struct gw_flow {
	struct gw_flow_key key;
	uint64_t first, last;             /* ns */
	uint64_t packets[2], bytes[2];    /* by side; bytes of frames */
	struct gw_flow *chain, *newer, *older;
	uint64_t hash;
	bool settled;                     /* goes only when no other flow is left to go */
};

struct gw_flows;

/* `size` of a flow with its owner's state, struct gw_flow included; zeroed for each new one. `end` is called before a flow goes. */
int gw_flows_new(size_t size, struct gw_memory *memory, void *context, void (*end)(void *context, struct gw_flow *flow, bool evicted),
		 struct gw_flows **ret_flows);
struct gw_flows *gw_flows_free(struct gw_flows *flows); /* ends all, oldest first */

/* The side of the key that sent the packet. */
int gw_flow_key_of(const struct gw_packet *packet, struct gw_flow_key *ret_key);
/* The packet's flow, made when there is none, now the one that spoke last. NULL when there is no memory even after eviction. */
struct gw_flow *gw_flows_get(struct gw_flows *flows, const struct gw_packet *packet, int *ret_side, bool *ret_new);
void gw_flows_drop(struct gw_flows *flows, struct gw_flow *flow);
/* The one that was silent longest, of those that are settled or of the others; NULL when there is none. */
struct gw_flow *gw_flows_oldest(struct gw_flows *flows, bool settled);
void gw_flows_settle(struct gw_flows *flows, struct gw_flow *flow);
size_t gw_flows_count(const struct gw_flows *flows);
uint64_t gw_flows_evicted(const struct gw_flows *flows);
/* Makes room by ending the flow that was silent longest, but never `keep`. False when there is no other. */
bool gw_flows_evict(struct gw_flows *flows, const struct gw_flow *keep);
