// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One frame as it came in at a port, and where its parts lie.
 *
 * gw_decode() looks at each header once: Ethernet II and 802.3, VLAN and QinQ (802.1Q, 802.1ad), IPv4 (RFC 791), IPv6 with its extension
 * headers (RFC 8200), TCP (RFC 9293), UDP, ICMP. It copies nothing and changes nothing; offsets are from the frame's first byte. What it finds wrong it
 * names in `odd` and goes on as far as that is safe: whoever judges decides what an odd frame is worth.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gw_addr {
	uint8_t bytes[16]; /* network order; IPv4 in the first four, the rest zero */
};

enum gw_port { GW_PORT_A, GW_PORT_B }; /* the two sides of a pair; A is the protected one (the tool's) */

/* TCP's flags as they stand in its thirteenth byte. */
enum { GW_FIN = 0x01, GW_SYN = 0x02, GW_RST = 0x04, GW_PSH = 0x08, GW_ACK = 0x10, GW_URG = 0x20 };

struct gw_packet {
	/* given */
	uint8_t *frame;     /* belongs to the caller; may be rewritten in place, never lengthened */
	uint32_t size;
	uint64_t time;      /* ns since the epoch, never going back within one engine */
	enum gw_port port;  /* where it came in */
	/* found by gw_decode() */
	uint64_t odd;       /* GW_ODD_* bits */
	uint16_t vlan[2];   /* outer, inner; the lower 12 bits */
	uint8_t vlans;
	uint16_t ethertype; /* behind the tags; 0 for 802.3 length frames */
	uint8_t ip;         /* 4, 6, or 0 */
	uint8_t transport;  /* IPPROTO_*, behind all extension headers; 0 when there is none or a later fragment */
	bool fragment;      /* of a datagram that is not whole here: offset or more-fragments */
	uint8_t ttl;
	struct gw_addr src, dst;
	uint16_t sport, dport; /* host order; of ICMP type and code */
	uint32_t l3, l4, payload; /* offsets; l4 and payload are 0 where there is none */
	uint32_t payload_size;    /* by the lengths in the headers, never beyond the frame */
	uint32_t seq, ack;     /* TCP, host order */
	uint16_t window, urgent;
	uint8_t flags;         /* TCP */
};
