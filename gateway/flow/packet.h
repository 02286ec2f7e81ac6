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

/* Who sent it: the side that opened its flow, or the one that was called. A capture does not say. */
enum gw_sender { GW_SENDER_UNKNOWN, GW_SENDER_OPENED, GW_SENDER_CALLED };

/* TCP's flags as they stand in its thirteenth byte. */
enum { GW_FIN = 0x01, GW_SYN = 0x02, GW_RST = 0x04, GW_PSH = 0x08, GW_ACK = 0x10, GW_URG = 0x20 };

/* Shapes that no honest stack sends, or that stacks read differently. Bits of gw_packet.odd. */
enum gw_odd {
	GW_ODD_SHORT = 1 << 0,          /* a header is cut short by the frame's end */
	GW_ODD_TAGS = 1 << 1,           /* more than two VLAN tags */
	GW_ODD_IP_HEADER = 1 << 2,      /* version or header length is wrong */
	GW_ODD_IP_LENGTH = 1 << 3,      /* the datagram says it is longer than the frame, or shorter than its header */
	GW_ODD_IP_CHECKSUM = 1 << 4,
	GW_ODD_SOURCE_ROUTE = 1 << 5,   /* IPv4 options 131, 137; IPv6 routing header 0 */
	GW_ODD_FRAGMENT = 1 << 6,       /* ends behind 65,535, is empty, or has a length that is no multiple of 8 and is not the last */
	GW_ODD_EXTENSIONS = 1 << 7,     /* IPv6: more than eight, or hop-by-hop that is not the first */
	GW_ODD_SOURCE = 1 << 8,         /* from a group or broadcast address */
	GW_ODD_LAND = 1 << 9,           /* source and destination are the same */
	GW_ODD_L4_SHORT = 1 << 10,      /* TCP, UDP or ICMP header does not fit, or says a wrong length */
	GW_ODD_L4_CHECKSUM = 1 << 11,
	GW_ODD_TCP_FLAGS = 1 << 12,     /* none, SYN with FIN or RST, FIN without ACK, RST with FIN */
	GW_ODD_TCP_OPTIONS = 1 << 13,   /* an option runs past the header or has an impossible length */
	GW_ODD_SYN_DATA = 1 << 14,
	GW_ODD_URGENT = 1 << 15,        /* urgent data: stacks do not agree where it lies */
};
enum { GW_ODDS = 16 };

/* What a rule may ask for by name and what no decision of ours hangs on. */
enum gw_note {
	GW_NOTE_OPTION_LENGTH = 1 << 0,  /* IPv4: an option runs past the header, or has another length than it must have */
	GW_NOTE_HOP_OPTION = 1 << 1,     /* IPv6: an unknown option in the hop-by-hop header, */
	GW_NOTE_DST_OPTION = 1 << 2,     /* or in the one for the destination */
	GW_NOTE_ATOMIC = 1 << 3,         /* a fragment header on what is no fragment */
	GW_NOTE_FRAGMENT_TWICE = 1 << 4, /* more than one fragment header */
	GW_NOTE_EXTENSION_CUT = 1 << 5,  /* an extension header is cut short, or nothing follows where something is named */
	GW_NOTE_FRAGMENT_LONG = 1 << 6,  /* ends behind 65,535 */
	GW_NOTE_FRAGMENT_UNEVEN = 1 << 7,/* not the last, and no multiple of 8 */
	GW_NOTE_OVERLAP = 1 << 8,        /* has bytes of its datagram that have come before; found by who makes datagrams whole */
};
extern const char *const gw_odd_names[GW_ODDS]; /* "short", in the order of the bits */

/* What a receiver would not take, or what receivers take differently: nothing like it goes on where frames can be dropped. */
#define GW_ODD_FATAL                                                                                                                           \
	(GW_ODD_SHORT | GW_ODD_IP_HEADER | GW_ODD_IP_LENGTH | GW_ODD_IP_CHECKSUM | GW_ODD_SOURCE_ROUTE | GW_ODD_FRAGMENT | GW_ODD_EXTENSIONS | \
	 GW_ODD_SOURCE | GW_ODD_LAND | GW_ODD_L4_SHORT | GW_ODD_L4_CHECKSUM | GW_ODD_TCP_FLAGS | GW_ODD_TCP_OPTIONS)

struct gw_packet {
	/* given */
	uint8_t *frame;     /* belongs to the caller; may be rewritten in place, never lengthened */
	uint32_t size;
	uint64_t time;      /* ns since the epoch, never going back within one engine */
	enum gw_port port;  /* where it came in */
	enum gw_sender sender; /* as whoever lends the frame knows it */
	uint64_t flow;      /* the name its flow has with whoever lends the frame; 0 = none */
	uint8_t pair;       /* of ports: where it came in, and where what goes out for it goes out */
	bool orphan;        /* of a TCP session whose numbers an engine had shifted that is no more */
	bool whole;         /* made of fragments: `frame` is no frame that came in, and cannot be sent on as one */
	/* found by gw_decode() */
	uint64_t odd;       /* GW_ODD_* bits */
	uint32_t noted;     /* GW_NOTE_* bits */
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
	uint32_t ack_said;     /* as `ack`; stays as the sender counts, whatever the stream makes of `ack` */
	uint16_t window, urgent;
	uint8_t flags;         /* TCP */
	uint16_t fragment_at;  /* of a fragment: offset of its first byte in the datagram, and whether more come */
	bool fragment_more;
	uint32_t fragment_id;
	uint32_t fragment_header; /* IPv6: offset of the fragment header; `l4` of a fragment is where its piece begins */
	uint32_t next_header;     /* IPv6: offset of the byte that names what follows the last header before the fragment header or transport */
	uint32_t l3_end;          /* where the datagram ends by its own length: padding of short frames lies behind */
};

/*
 * Fills what is found from `frame`, `size`, `time`, `port`. `checksums`: compare them (a capture taken on the sending machine has none where the
 * card adds them). Returns `odd`.
 */
uint64_t gw_decode(struct gw_packet *packet, bool checksums);
