/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the gateway's kernel side and its user space say to each other: the layout of every map. Included by both, so it has fixed sizes, no pointers and no
 * includes beyond the kernel's own types. Times are CLOCK_MONOTONIC nanoseconds. Ports and addresses stand as they stand on the wire (network order) in flows and
 * zones, in host order in rules.
 *
 *   gw_ports      ifindex -> which port this is                                        written by user space (main)
 *   gw_live       one entry: the generation in force, switches, limits                 written by main
 *   gw_zones4, 6  generation, VLAN, prefix -> zone                                     written by main
 *   gw_pairs      generation, zone, zone -> conduit                                    written by main
 *   gw_conduits   generation, conduit -> its rules and what becomes of the rest        written by main
 *   gw_rules      generation, number -> one rule                                       written by main
 *   gw_types      generation, ethertype -> verdict                                     written by main
 *   gw_beat       one entry, mapped into user space: the io process's signs of life    written by io
 *   gw_switched   mapped: flows that the engine wants to see no more; behind GW_SWITCHED those that must not go on without it, since
 *                 it has shifted their sequence numbers                                written by the engine
 *   gw_flows      least recently used go first: flows that were let through            written by the kernel side
 *   gw_pieces     the same of fragmented datagrams                                     written by the kernel side
 *   gw_counts     per processor: how often for which reason                            written by the kernel side
 *   gw_tallies    per processor: the same for each conduit                             written by the kernel side
 *   gw_judged     mapped: flows whose segments the kernel side judges by their headers           written by the engine, then by both
 *   gw_heads      mapped: what passes by its header, of each conduit   written by the engine
 *   gw_mirror     a ring: copies of the segments that were judged so   written by the kernel side, read by the engine
 *   gw_xsks       port and queue -> AF_XDP socket                                      written by main
 *   gw_devs       port -> its partner's interface                                      written by main
 *
 * A policy stands in one of two halves of each table, the half of its generation's lowest bit. It is written there while the other is in force, and
 * comes into force with the one write of gw_live.generation: no frame ever meets half of a policy.
 */
#pragma once

#include <linux/types.h>

enum {
	GW_SLOTS = 8,         /* ports of one gateway */
	GW_QUEUES = 8,        /* receive queues of a port that are inspected */
	GW_ZONES = 64,
	GW_CONDUITS = 1024,   /* of each half; the first is for pairs of zones that have none */
	GW_RULES = 8192,      /* of each half */
	GW_RULES_EACH = 128,  /* of one conduit */
	GW_PREFIXES = 16384,
	GW_TYPES = 256,
	GW_FLOWS = 131072,
	GW_PIECES = 8192,
	GW_SWITCHED = 65536,
	GW_SHIFTED = 4096,    /* behind them in the same table */
	GW_VLAN_ANY = 0xffff, /* in a zone's key */
	GW_JUDGED = 4096,     /* the first holds the epoch alone */
	GW_HEADS = 256,
	GW_HEAD_CODES = 4096, /* HSMS: stream (below 32) * 128 + function (below 128), control messages their type; Modbus: the function */
	GW_HSMS_MAX = 32 << 20, /* an HSMS length beyond it is the engine's to judge */
	GW_MIRROR_BYTES = 4 << 20,
	GW_MIRROR_FRAME = 2048, /* room of a copy; a power of two */
	GW_JUDGED_FLIGHT = 256 << 10, /* bytes that may be unacknowledged */
	GW_FRAME_MAX = 3584,  /* longer ones fit into no chunk, and are not inspected */
};

/* What becomes of a frame by zones and rules. */
enum gw_course { GW_DROP, GW_SWITCH, GW_INSPECT, GW_COURSES };

/* What is enforced of a conduit. In shadow the engine, too, only tells. */
enum gw_mode { GW_ENFORCE, GW_SHADOW, GW_OBSERVE };

enum gw_live_bits {
	GW_LIVE_VLANS = 1,       /* some zone is bound to a VLAN */
	GW_LIVE_STRICT = 2,      /* TCP segments of sessions that nobody saw begin are not picked up */
	GW_LIVE_REDIRECT = 4,    /* switched frames go straight to the other port, not through the bridge */
	GW_LIVE_TYPES_DROP = 8,  /* ethertypes that gw_types does not name are dropped; else they pass */
};

struct gw_port_entry {
	__u32 slot;
	__u32 zone;       /* of addresses that no prefix names, seen on this side */
	__u32 other_zone; /* the same of its partner */
	__u32 pair;
};

struct gw_live {
	__u32 generation; /* 0 = no policy: everything passes */
	__u32 bits;       /* enum gw_live_bits */
	__u64 open_until; /* everything passes until then */
	__u64 beat_ns;    /* io is silent after so long without a beat */
	__u64 owed_ns;    /* the engine is, when it owes a frame for so long */
};

/* Mapped; each on a cache line of its own. */
struct gw_beat {
	__u64 beat;       /* io's last sign of life; 0 = it says that it is away */
	__u64 ready;      /* an engine is attached */
	__u64 owed_since; /* when io got the oldest frame that the engine has not returned; 0 = none */
	__u64 unused[5];
};

struct gw_zone4 {
	__u32 prefix; /* bits: 48 + of the address */
	__u32 generation;
	__u16 vlan;
	__u8 address[4];
	__u8 pad[2];
};

struct gw_zone6 {
	__u32 prefix; /* bits: 48 + of the address */
	__u32 generation;
	__u16 vlan;
	__u8 address[16];
	__u8 pad[2];
};

struct gw_conduit {
	__u32 first, count; /* of gw_rules, within the half */
	__u8 otherwise;     /* enum gw_course, when no rule fits */
	__u8 mode;          /* enum gw_mode: of what no rule fits */
	__u8 closed;        /* the same: what should be inspected and cannot be is dropped */
	__u8 present;
	__u8 stray;         /* enum gw_course of a later fragment whose first was not seen */
	__u8 plain;         /* it switches everything: also what cannot be read */
	__u8 odd_mode, odd_closed; /* the strictest of its rules: of what no rule can be found for */
};

struct gw_rule_entry {
	__u16 low, high; /* destination port; of ICMP the type */
	__u8 protocol;   /* IPPROTO_*; 0 = any */
	__u8 verdict;    /* enum gw_course */
	__u8 mode;       /* enum gw_mode */
	__u8 closed;     /* what should be inspected and cannot be is dropped */
};

struct gw_type_key {
	__u32 generation;
	__u16 type; /* host order; below 1536: IEEE 802.3 with a length, which is told as 0 */
	__u16 unused;
};

struct gw_flow_key {
	__u8 address[2][16]; /* the lower one first; IPv4 in the first four bytes */
	__u16 port[2];
	__u16 vlan[2];
	__u8 protocol, ip, pair, unused;
};

struct gw_flow_entry {
	__u64 id;         /* of this flow alone; 0 is nobody's */
	__u64 last;       /* when it was seen, to a second */
	__u32 generation; /* of the policy that judged it */
	__u16 conduit;
	__u8 verdict;     /* GW_SWITCH or GW_INSPECT */
	__u8 from : 1;    /* which of the two addresses opened it */
	__u8 mode : 2;    /* of the rule that it was judged by */
	__u8 closed : 1;
	__u8 unused : 4;
};

struct gw_piece_key {
	__u8 source[16], destination[16];
	__u32 id;
	__u16 vlan;
	__u8 protocol, pair;
};

struct gw_piece_entry {
	__u64 flow, last;
	__u32 generation;
	__u16 conduit;
	__u8 verdict;
	__u8 opener : 2, mode : 2, closed : 1, unused : 3;
};

/* Who opened the flow of a frame, as far as the kernel side saw it; it outlives io and the engine, and so does what it knows. */
enum gw_opener { GW_OPENER_UNKNOWN, GW_OPENER_SENDER, GW_OPENER_RECEIVER };

/* What stands before a frame that io gets. */
struct gw_meta {
	__u64 time;
	__u64 flow;
	__u16 conduit;
	__u8 closed : 1; /* drop it when the engine does not answer */
	__u8 opener : 2; /* enum gw_opener */
	__u8 unused : 5;
	__u8 slot;       /* where it came in */
	__u32 magic;
};

enum { GW_META_MAGIC = 0x53474d31 };

/* How messages stand in a stream whose segments are judged by their headers. */
enum gw_framed { GW_FRAMED_NONE, GW_FRAMED_HSMS, GW_FRAMED_MODBUS };

#define GW_JUDGED_SPOILT 0xffffffffffffffffull

struct gw_judged_side {
	__u64 at;     /* next sequence number << 32 | bytes of a body to come; changed in one step; GW_JUDGED_SPOILT: the engine has the flow */
	__u32 acked;
	__u8 port;    /* slot where this side is */
	__u8 role;    /* row of gw_heads.pass */
	__u16 unused;
};

/* A flow in place 1 + id % (GW_JUDGED - 1). */
struct gw_judged {
	__u64 flow;
	__u64 since;  /* CLOCK_MONOTONIC: not before, so that what the engine gave back goes first */
	__u32 epoch;  /* void when it is not that of place 0: another engine, or another policy */
	__u32 owned;  /* 1: by the kernel side */
	__u16 heads;  /* which of gw_heads */
	__u8 framing; /* enum gw_framed */
	__u8 pad[5];
	struct gw_judged_side side[2]; /* who opened it, and the other */
};

/* A bit for each code that passes by its header alone. */
struct gw_heads {
	__u8 pass[2][GW_HEAD_CODES / 8]; /* said by the host, by the equipment */
};

struct gw_mirrored {
	__u64 time, flow;
	__u32 size;
	__u16 conduit;
	__u8 port, opener; /* as in gw_lent */
	__u8 frame[GW_MIRROR_FRAME];
};

/* Why a frame went where it went. Of each frame exactly one of those before GW_WHY_NOTES. */
#define GW_REASONS(X)                                                        \
	X(NO_POLICY, "no-policy", "no policy is in force: passed")            \
	X(TYPE_PASSED, "type-passed", "not IP: passed by the policy")         \
	X(TYPE_DROPPED, "type-dropped", "not IP: dropped by the policy")      \
	X(LINK, "link", "address resolution and neighbour discovery: passed") \
	X(SWITCHED, "switched", "permitted, not inspected")                   \
	X(INSPECTED, "inspected", "given to the engine")                      \
	X(JUDGED, "judged", "judged by the headers of its messages: passed")  \
	X(DONE, "done", "to be inspected, but the engine wants it no more")   \
	X(DROPPED, "dropped", "no rule permits it")                           \
	X(PIECE_DROPPED, "piece-dropped", "a fragment of what was dropped")   \
	X(WOULD, "would", "not permitted, but this is not enforced: passed")  \
	X(OPENED, "opened", "not permitted, but the gateway is open: passed") \
	X(SILENT_PASSED, "silent-passed", "io gives no sign of life: passed uninspected") \
	X(SILENT_DROPPED, "silent-dropped", "io gives no sign of life: dropped")          \
	X(OWED_PASSED, "owed-passed", "the engine owes a frame for too long: passed uninspected") \
	X(OWED_DROPPED, "owed-dropped", "the engine owes a frame for too long: dropped")  \
	X(ABSENT_PASSED, "absent-passed", "no engine is attached: passed uninspected")    \
	X(ABSENT_DROPPED, "absent-dropped", "no engine is attached: dropped")             \
	X(LONG_PASSED, "long-passed", "too long to be inspected: passed")     \
	X(LONG_DROPPED, "long-dropped", "too long to be inspected: dropped")  \
	X(PIECE_PASSED, "piece-passed", "a fragment whose first was not seen: passed, nothing is inspected there") \
	X(PIECE_LOST, "piece-lost", "a fragment whose first was not seen: dropped")                          \
	X(ODD_PASSED, "odd-passed", "headers that cannot be read: passed, everything is switched there")      \
	X(ODD_DROPPED, "odd-dropped", "headers that cannot be read: dropped")                                    \
	X(RELATED, "related", "an ICMP error about a flow that was let through: passed")  \
	X(SHIFTED_DROPPED, "shifted-dropped", "the engine has answered within this session and does not see it now: dropped") \
	X(NOTES, "", "")                                                      \
	X(NEW_FLOW, "new-flow", "flows judged for the first time")            \
	X(PICKED_UP, "picked-up", "of these, sessions that nobody saw begin") \
	X(FULL, "full", "a table was full")                                   \
	X(TAKEN_BACK, "taken-back", "flows judged by headers that went back to the engine")

enum gw_why {
#define GW_WHY_ENUM(name, word, text) GW_WHY_##name,
	GW_REASONS(GW_WHY_ENUM)
#undef GW_WHY_ENUM
	GW_WHYS
};

/* Of one conduit. */
struct gw_tally {
	__u64 switched, inspected, dropped, would, passed_blind, dropped_blind, judged;
};
