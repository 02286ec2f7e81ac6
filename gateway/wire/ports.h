// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Two interfaces of this machine as a pair of ports: joined by a bridge of their own that has no address, hears nothing and forwards everything, and, while the gateway
 * lives, each with the link state of the other.
 *
 * The bridge outlives the gateway: a machine whose gateway is stopped or dead is a cable. Nothing here ever takes a port out of it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"

struct gw_pair {
	char bridge[16];
	char names[2][16]; /* GW_PORT_A, GW_PORT_B */
	int index[2];
	uint32_t queues[2];
};

/*
 * Makes the bridge, or adopts it with the ports it has. Both ports: promiscuous, up, no offload that makes frames other than they were on the cable, no VLAN tag taken
 * off, IPv6 off, the larger MTU of the two. Bridges of this machine (of this network namespace) ask its packet filter no more, which would cut off padding. 0; SK_BAD with a sentence: no such interface, it is in another bridge, it has an address; -errno.
 * Fills `index` and `queues`.
 */
int gw_ports_prepare(struct gw_pair *pair, struct sk_diag *diag);
/* Takes the bridge away: for tests and for a machine that is to be a gateway no more. */
int gw_ports_release(struct gw_pair *pair);

/*
 * Carries the loss of a link over to the other side, and back. Runs until `stop_fd` is readable; needs CAP_NET_ADMIN and nothing else. A port that was taken
 * down because its partner lost its link is set up again when that comes back, or when this ends. `lost`, when given, is told each change.
 */
int gw_ports_carry(const struct gw_pair *pairs, uint32_t count, int stop_fd, void (*lost)(void *arg, const char *port, bool carrier), void *arg);
