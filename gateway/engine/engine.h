// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The engine: a frame goes in, a fate comes out. It owns flows, reassembly, parsers' states, rules and the policy's verdicts; it does no input or
 * output, reads no clock but the packets' own, and is the same in the gateway and in an offline replay, so that the same packets give the same events.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "engine/event.h"
#include "flow/packet.h"
#include "proto/proto.h"

struct gw_engine;
struct gw_rules;  /* rule/rule.h */
struct gw_policy; /* segment/policy.h */

enum gw_fate { GW_FATE_PASS, GW_FATE_DROP };

enum gw_shift_step { GW_SHIFT_BEGINS, GW_SHIFT_WILLS, GW_SHIFT_OVER };

struct gw_shifted {
	uint64_t flow;  /* gw_packet.flow */
	unsigned pair;
	uint8_t ip;
	struct gw_addr client, server;
	uint16_t client_port, server_port;
	struct {        /* by enum gw_port where it goes out: a frame that resets the session there, to be sent when the engine is gone; size 0 = none */
		const uint8_t *frame;
		size_t size;
	} will[2];
};

struct gw_handed_side {
	uint32_t next, acked; /* sequence numbers: its next byte, and what the other side has acknowledged */
	uint32_t left;        /* as gw_stand */
	enum gw_port port;
	enum gw_role role;
};

/* A flow that may be judged by the headers of its messages from here on, as long as each segment is shown to the engine afterwards, in order. */
struct gw_handing {
	uint64_t flow;  /* of the packet in hand */
	const struct gw_proto *proto;
	uint16_t ways;  /* gw_ways.index */
	struct gw_handed_side side[2]; /* who sent the packet in hand, and the other */
};

struct gw_setup {
	const struct gw_rules *rules;   /* NULL = none; must outlive the engine, or be replaced by gw_engine_replace() */
	const struct gw_policy *policy; /* NULL = everything is observed */
	bool midstream;                 /* pick up sessions whose beginning was not seen (the default of every caller) */
	bool inline_;                   /* false: nothing can be dropped, as in a replay of a capture without --passed */
	bool unsummed;                  /* checksums are not compared: a capture from the machine that sent has none */
	bool messages;                  /* tell each message a parser says as an event, not only what was decided against */
	const struct gw_proto *const *protos; /* ends with NULL; NULL = gw_protos */
	size_t memory_max;              /* bytes of flows, streams and parsers together */
	void *context;
	void (*event)(void *context, const struct gw_event *event);
	/* A further opinion on each message, asked first; NULL = nobody has one. */
	enum gw_ruling (*judge)(void *context, const struct gw_event *message, enum gw_reply *ret_reply);
	/* A frame of our own (reset, negative reply, the end of what was held) for port `to` of a pair. */
	void (*inject)(void *context, unsigned pair, enum gw_port to, const uint8_t *frame, size_t size);
	/*
	 * A session lives only as long as this engine from now on: its two sides count differently. Told when that begins, whenever its wills are others, and when it is over.
	 * At its beginning false = nobody will see to it: the session is reset instead of answered. NULL: nobody needs to (a replay).
	 */
	bool (*shifted)(void *context, enum gw_shift_step step, const struct gw_shifted *of);
	/* What the kernel side may do with a flow from now on without asking (engine/flow verdicts); NULL = nobody asks. */
	void (*offload)(void *context, const struct gw_packet *of, int what);
	/* Said after each packet that passes while it is so; NULL = nobody asks. */
	void (*hand)(void *context, const struct gw_handing *handing);
};

int gw_engine_new(const struct gw_setup *setup, struct gw_engine **ret_engine);
struct gw_engine *gw_engine_free(struct gw_engine *engine);
/* May rewrite the frame in place (same length; checksums are mended). */
enum gw_fate gw_engine_packet(struct gw_engine *engine, struct gw_packet *packet);
/* Time goes on without packets: timers, expiry. `now` as in gw_packet.time. */
void gw_engine_tick(struct gw_engine *engine, uint64_t now);
/* Other rules or another policy from the next packet on; flows and parsers stay. 0 or -ENOMEM: the old ones stay. */
int gw_engine_replace(struct gw_engine *engine, const struct gw_rules *rules, const struct gw_policy *policy);

/* Counted since the engine was made. */
struct gw_counts {
	uint64_t packets, bytes, dropped, injected, held, rewritten;
	uint64_t flows, evicted;     /* flows made; of those, how many went for want of memory */
	uint64_t unjudged;           /* packets for which there was no memory: they went by the conduit's failure setting */
	uint64_t fragments_expired; /* datagrams that did not become whole */
	uint64_t messages, refused;
	uint64_t odd_frames[GW_ODDS]; /* by the order of GW_ODD_* bits */
	uint64_t odd_streams;
	uint64_t answered;          /* protocols' own refusals that were put into a stream */
	uint64_t orphans;           /* sessions reset that an earlier engine had shifted */
	size_t shifted_now;         /* sessions whose two sides count differently */
	size_t flows_now, memory_now, memory_peak;
};
void gw_engine_counts(const struct gw_engine *engine, struct gw_counts *ret_counts);
