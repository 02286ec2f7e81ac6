// SPDX-License-Identifier: GPL-3.0-or-later
/* What the engine's files share. Nobody else includes this. */
#pragma once

#include "engine/engine.h"
#include "flow/flow.h"
#include "flow/frag.h"
#include "rule/rule.h"
#include "segment/policy.h"
#include "stream/tcp.h"

enum { GW_EARLY_MAX = 64 }; /* bytes of a direction that are kept until the protocol is known */

enum { GW_WAITING_MAX = 4, GW_ANSWER_MAX = 256, GW_LINK_MAX = 32 };

/* shift.c: of a session whose two sides count differently. */
struct engine_shift {
	struct engine_shift *next, **at;   /* all of them */
	struct engine_flow *flow;
	struct gw_packet model;            /* a packet of it, whose link header is in `link`: frames of our own are made after it */
	int model_side;
	uint8_t link[GW_LINK_MAX];
	uint32_t told[4];                  /* numbers of the wills */
	struct {
		uint8_t side;              /* as if it had sent it */
		uint16_t size;
		uint64_t since;
		uint8_t bytes[GW_ANSWER_MAX];
	} waiting[GW_WAITING_MAX];         /* for the end of a message of that side */
	unsigned waiting_count;
};

struct engine_flow {
	struct gw_flow base;
	struct gw_tcp tcp;
	struct engine_shift *shift; /* NULL = both sides count alike */
	uint32_t said_end[2];  /* number behind the last message of a side that was said whole */
	bool said[2];          /* there was one, and nothing was missed since */
	bool cutting[2];       /* the message that a side is sending is left out */
	const struct gw_proto *proto;
	void *state;
	struct engine_flow *next_ticking, **ticking_at; /* flows whose parser has timers */
	uint64_t ticked;
	struct gw_rule_flow *rules;
	size_t rules_size;     /* charged for it */
	uint64_t stream_bytes[2]; /* by side */
	uint8_t early[2][GW_EARLY_MAX];
	uint8_t early_size[2];
	const struct gw_ways *ways; /* of `policy`: asked for again when there is another */
	unsigned policy_serial;
	uint8_t ways_client;   /* the client that `ways` was asked for */
	uint8_t client;        /* side */
	bool midstream;
	bool opener_seen;      /* `client` is who the kernel side saw open it: no guess turns it round */
	bool protocol_settled; /* found, or there is none */
	bool stopped;          /* by a rule: nothing goes on */
	bool worded;           /* its sender was told by last words */
	bool reset;            /* both sides were sent RST: what still comes is answered with another */
	unsigned rules_asked;  /* policy_serial + 1 when `rules_stop` was found out */
	bool rules_stop;       /* a rule could end it */
	bool zone_told;        /* that no conduit lets it be */
};

enum { GW_VISITS = 256 };
struct engine_visit { /* a session that a client began */
	uint64_t time;
	struct gw_addr client, server;
	uint16_t port;
};

struct gw_engine {
	struct gw_setup setup;
	const struct gw_proto *const *protos;
	struct gw_memory memory;
	struct gw_flows *flows;
	struct gw_frags *frags;
	struct engine_flow *ticking;
	struct engine_shift *shifted;
	struct gw_counts counts;
	struct gw_tcp_calls calls;
	unsigned policy_serial; /* counts gw_engine_replace() */
	uint64_t now, swept;
	/* while a packet is in hand */
	struct engine_flow *flow;
	struct gw_packet *packet;
	int side; /* of the flow, that sent it */
	bool settled_now; /* by engine_settle(), and not judged yet whether it may be spoken */
	struct gw_rule_state *rules; /* NULL = no rules */
	struct gw_rule_result rule_result;    /* of the packet and of the bytes that came in order with it */
	struct gw_rule_result message_result; /* of the message in hand */
	struct engine_visit visits[GW_VISITS];
	struct gw_opinion opinion; /* what an event's texts point to */
};

/* turn.c: parsers are found, fed and served. */
void engine_feed(struct gw_engine *engine, struct engine_flow *flow, int side, uint8_t *data, size_t size, bool datagram, struct gw_tcp_ruling *ruling);
void engine_gap(struct gw_engine *engine, struct engine_flow *flow, int side, uint64_t missing);
void engine_fin(struct gw_engine *engine, struct engine_flow *flow, int side);
void engine_parser_tick(struct gw_engine *engine, struct engine_flow *flow);
void engine_parser_end(struct gw_engine *engine, struct engine_flow *flow);

/* The parser of a datagram's flow, before anything is asked about it. True: it was found out just now that there is one, or that there is none. */
bool engine_settle(struct gw_engine *engine, struct engine_flow *flow, int side, const uint8_t *data, size_t size);

/* event.c */
void engine_event_begin(struct gw_engine *engine, const struct engine_flow *flow, int side, enum gw_event_kind kind, struct gw_event *ret_event);
void engine_tell(struct gw_engine *engine, const struct gw_event *event);
void engine_tell_odd(struct gw_engine *engine, const struct engine_flow *flow, int side, const char *word, bool dropped);

/* answer.c: frames of our own. */
/* RST to both sides of the flow that the packet in hand belongs to; what still comes is answered with RST. */
void engine_reset(struct gw_engine *engine, struct engine_flow *flow);
/* The sender of the packet in hand is told this by the other side, which then closes: before engine_reset(). */
void engine_last_words(struct gw_engine *engine, struct engine_flow *flow, const void *bytes, size_t size);
/* RST to the sender of a segment. */
void engine_reset_sender(struct gw_engine *engine, const struct gw_packet *packet);
/* What gw_tcp_calls asks: a segment as if `side` had sent it. */
void engine_own(void *context, int side, const struct gw_tcp_own *own);
/* A parser's own datagram as if `side` had sent it. False when that cannot be. */
bool engine_answer(struct gw_engine *engine, struct engine_flow *flow, int side, const void *bytes, size_t size);

void engine_send(struct gw_engine *engine, unsigned pair, enum gw_port to, const uint8_t *frame, size_t size);

/* shift.c: bytes of our own within a session. */
/* What gw_tcp_calls asks. */
bool engine_shift_begin(void *context);
/* A parser's own bytes as if `side` had sent them, behind a message of its; `in_hand`: its bytes are being handed to the parser. False when that cannot be. */
bool engine_shift_answer(struct gw_engine *engine, struct engine_flow *flow, int side, bool in_hand, const void *bytes, size_t size);
/* `side` is between two of its messages, as far as one knows; nothing has come of it since `since`. */
bool engine_between(const struct gw_engine *engine, const struct engine_flow *flow, int side, uint64_t since);
/* A message of `side` ends before number `at`: what waits for that is put in. False when it cannot be. */
bool engine_shift_boundary(struct gw_engine *engine, struct engine_flow *flow, int side, uint32_t at);
/* A packet of the flow was judged. */
void engine_shift_after(struct gw_engine *engine, struct engine_flow *flow);
void engine_shift_tick(struct gw_engine *engine);
/* The session is over for the engine; `broken`: not for those who talk, and they are reset. */
void engine_shift_end(struct gw_engine *engine, struct engine_flow *flow, bool broken);
/* A packet of a session that another engine had shifted. True: it is reset, and the packet dropped. */
bool engine_shift_orphan(struct gw_engine *engine, struct engine_flow *flow, int side);

/* policy.c: what the flow's conduit says. */
const struct gw_ways *engine_ways(struct gw_engine *engine, struct engine_flow *flow);
/* A conduit that the packet may lie in is enforced, whoever opened it. */
bool engine_enforces(const struct gw_engine *engine, const struct gw_packet *p);
/* There is no memory for a flow: does the packet go on all the same? By the conduit's failure setting. */
bool engine_passes_unjudged(const struct gw_engine *engine, const struct gw_packet *p);
void engine_judge(struct gw_engine *engine, struct engine_flow *flow, const struct gw_message *message, struct gw_event *event, enum gw_ruling *ret_ruling);
/* An event of a stream whose framing is lost: fills in what the policy says. */
enum gw_ruling engine_judge_framing(struct gw_engine *engine, struct engine_flow *flow, struct gw_event *event);
/* The protocol of a flow was found, or there is none: may it be spoken there? False: the flow is to be stopped. */
bool engine_protocol_lawful(struct gw_engine *engine, struct engine_flow *flow, int side);

/* hand.c: says so when who judges by headers may have the flow. `side` sent the packet in hand. */
void engine_hand(struct gw_engine *engine, struct engine_flow *flow, int side);

/* rules.c. Each is true when a rule has ended the flow, the first when the frame is not to go on. */
bool engine_rules_frame(struct gw_engine *engine, const struct gw_packet *packet, uint32_t noted);
bool engine_rules_packet(struct gw_engine *engine, struct engine_flow *flow, int side);
bool engine_rules_stream(struct gw_engine *engine, struct engine_flow *flow, int side, const uint8_t *data, size_t size);
bool engine_rules_message(struct gw_engine *engine, struct engine_flow *flow, int side, const struct gw_message *message);
void engine_rules_gap(struct engine_flow *flow, int side);
void engine_rules_end(struct gw_engine *engine, struct engine_flow *flow);
