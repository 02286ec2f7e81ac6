// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One TCP connection as a receiver behind us can only see it, whatever the sender does (RFC 9293; Ptacek, Newsham: "Insertion, Evasion, and Denial of
 * Service"; Handley, Paxson: "Network Intrusion Detection: Evasion, Traffic Normalization").
 *
 * The rule, where frames can be dropped: **the first copy of a byte that went on is the truth.** It is remembered until the receiver has acknowledged it;
 * a later copy is made equal to it before it goes on. Whether the first copy arrived does not matter (TTL, time stamps, options that a stack refuses): the
 * receiver can never get another one. From that follows:
 *   out of order     is held back until the bytes before it were judged, then goes on behind them, with its sender's newest acknowledgement and time stamp: by the old ones
 *                    the receiver might take it for a wanderer from long ago (RFC 7323, 5.3). Its sender is told at once what is here and what is not, in the receiver's
 *                    name, who cannot know; so one lost frame costs a round trip and not a timer
 *   old, forgotten   goes on without its payload: the receiver answers with an acknowledgement, as it would have
 *   behind FIN       is dropped
 *   RST              goes on when it lies in the window, else is dropped; it ends nothing here: should bytes follow, they are judged like all others
 *   SYN in a session goes on; the session begins anew when the other side's SYN-ACK says so
 *   SYN with data    is dropped: the sender tries again without
 *   urgent           the flag is cleared, so that every stack delivers the byte in its place
 *   acknowledgement of bytes that never came: believed only when the sender goes on behind them. Then the parser is told of a gap
 * Where frames cannot be dropped (a capture) the same is told, and nothing is changed.
 *
 * Bytes may be taken out of a stream and others put in (shift.h): from then on each side counts otherwise than the other. All numbers in here are those
 * of the side that sends the bytes; what comes is translated before anything looks at it, what goes on is translated last.
 *
 * Owns what it remembers and holds, charged to the engine's account. Knows nothing of what the bytes mean.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/memory.h"
#include "flow/packet.h"

enum gw_tcp_odd {
	GW_TCP_REWRITTEN,     /* a retransmission came with other bytes */
	GW_TCP_BEHIND_FIN,
	GW_TCP_RST_OUTSIDE,
	GW_TCP_SYN_INSIDE,    /* SYN with another sequence number in a session */
	GW_TCP_SYN_ACK_WRONG, /* acknowledges no SYN that was seen */
	GW_TCP_OUTSIDE,       /* far outside of any window */
	GW_TCP_TOO_MUCH_HELD,
	GW_TCP_TOO_MUCH_SENT, /* more is on its way, unacknowledged, than can be remembered */
	GW_TCP_ACK_UNSEEN,    /* acknowledges what was never sent */
	GW_TCP_URGENT,
	GW_TCP_SYN_DATA,
	GW_TCP_FROM_OTHER_PORT, /* of this side's address, but it came in where the other side is */
	GW_TCP_ODDS
};
extern const char *const gw_tcp_odd_names[GW_TCP_ODDS];

enum gw_tcp_fate {
	GW_TCP_PASS, /* perhaps rewritten */
	GW_TCP_DROP,
	GW_TCP_HELD, /* a copy waits for the bytes before it */
};

/* What the engine wants done with the bytes that data() was given. */
struct gw_tcp_ruling {
	bool stop;    /* these bytes do not go on, nor anything later of this side */
	bool changed; /* they were rewritten in place */
};

struct gw_held;
struct gw_shift;

/* Bytes from..to, without the last. */
struct gw_block {
	uint32_t from, to;
};
enum { GW_BLOCKS_MAX = 3 }; /* as many as fit beside time stamps */

/* A segment of our own, in the numbers of who gets it. */
struct gw_tcp_own {
	uint8_t flags;
	uint16_t window;
	uint32_t seq, ack;
	bool stamped;               /* with time stamps (RFC 7323) */
	uint32_t stamp, stamp_echo;
	const uint8_t *data;
	size_t size;
	struct gw_block blocks[GW_BLOCKS_MAX]; /* what has arrived behind a hole (RFC 2018), the one that came last first; only without data */
	unsigned block_count;
};

struct gw_tcp_side {
	bool known;         /* `next` is right */
	bool fin, fin_told;
	bool stopped;
	bool pending;       /* a SYN waits for its SYN-ACK */
	uint8_t port;       /* enum gw_port + 1; 0 = has not spoken */
	uint32_t syn;       /* sequence number of that SYN */
	uint32_t next;      /* first byte that was not judged */
	uint32_t fin_at;    /* of the FIN */
	uint32_t acked;     /* by the other side, as far as `next` */
	uint32_t ack_seen;  /* the highest acknowledgement by the other side, also beyond `next` */
	bool heard;         /* this side has spoken; from then on: */
	uint32_t window;    /* as last said by this side, as it stands in its segments: SYN's, which has no scale, is brought to that */
	uint8_t scale;      /* of its windows, by its SYN; 0 where that was not seen */
	bool sack;          /* its SYN permits selective acknowledgements */
	bool stamped;       /* it sends time stamps (RFC 7323): */
	uint32_t stamp, stamp_echo; /* the newest */
	uint8_t *kept;      /* ring of `kept_space` bytes (a power of two) with the `kept_size` bytes before `next` */
	uint32_t kept_space, kept_head, kept_size;
	struct gw_held *held;
	uint32_t held_count, held_bytes;
};

struct gw_tcp {
	struct gw_tcp_side side[2];
	bool begun;      /* begin() was called */
	bool midstream;
	uint8_t client;  /* side */
	bool established;
	uint32_t odd_told; /* bits: each kind is told once a session */
	bool keyed;        /* segments carry signatures (RFC 2385, RFC 5925): nothing of ours can stand among them */
	struct gw_shift *shift; /* NULL = both sides count alike */
};

struct gw_tcp_calls {
	bool inline_;
	bool midstream;
	struct gw_memory *memory;
	void *context;
	bool (*room)(void *context); /* frees something; false when nothing is left to free */
	void (*begin)(void *context, int client, bool midstream); /* a session, perhaps on top of one that was */
	void (*data)(void *context, int side, uint8_t *data, size_t size, struct gw_tcp_ruling *ruling);
	void (*gap)(void *context, int side, uint64_t missing);
	void (*fin)(void *context, int side);
	void (*odd)(void *context, int side, enum gw_tcp_odd what);
	/* A frame that was held goes on. */
	void (*release)(void *context, int side, const uint8_t *frame, size_t size);
	/* Sends a segment as if it came from this side. */
	void (*own)(void *context, int side, const struct gw_tcp_own *own);
	/* From now on the two sides count differently. False: that may not be. */
	bool (*shifts)(void *context);
};

/* May change the packet and its frame. */
enum gw_tcp_fate gw_tcp_segment(struct gw_tcp *tcp, const struct gw_tcp_calls *calls, struct gw_packet *packet, int side);
/* Both sides have closed, or one was reset, so far as can be known. */
bool gw_tcp_over(const struct gw_tcp *tcp);
void gw_tcp_end(struct gw_tcp *tcp, struct gw_memory *memory);

/*
 * The bytes from..to of what this side says do not go on; only within data(), of what was handed to it. The sender gets them acknowledged as if they had
 * arrived. False: it cannot be done.
 */
bool gw_tcp_cut(struct gw_tcp *tcp, const struct gw_tcp_calls *calls, const struct gw_packet *packet, int side, uint32_t from, uint32_t to);
/*
 * Bytes of our own stand before number `at` of what this side says, where none before `at` is still to be cut, and nothing from `at` on has gone on. Sent with the next
 * packet or tick, and again until they are acknowledged. Only after a cut in this session. False: it cannot be done.
 */
bool gw_tcp_insert(struct gw_tcp *tcp, const struct gw_tcp_calls *calls, int side, uint32_t at, const uint8_t *bytes, size_t size);
/* False: what was put in is not acknowledged for too long. */
bool gw_tcp_tick(struct gw_tcp *tcp, const struct gw_tcp_calls *calls, uint64_t now);
/* A number of this side's, as the other side counts. */
uint32_t gw_tcp_number_out(const struct gw_tcp *tcp, int side, uint32_t number);
