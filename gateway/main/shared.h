// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the gateway's processes share, made in main before the first of them: one mapping and a bell for each who waits.
 *
 * Two halves, so that no one who reads frames can change what is enforced: the clerk's, which everybody else has read-only and cannot make writable, and the others'.
 *
 *   policy   the clerk writes the payload of the policy in force into the slot that is not in use and raises `count`; engine and ports read it
 *   state    switches that people throw (segment/policy.h): the clerk writes, the engine reads with each message
 *   events   engine -> clerk: bare events as text; one producer, one consumer; what finds no room is counted
 *   tops     what was said how often: the engine counts, the clerk reads
 *   counts   of the engine, copied now and then
 *   learnt   who says what to whom, since the start: the engine counts, the clerk reads; what was counted before the start is `past`, which the clerk read from disk
 *   around   engine -> clerk: packets around alerts (around.h)
 *
 * Nobody believes a length that another process wrote without comparing it with the room.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "learn/learn.h"
#include "main/around.h"
#include "segment/policy.h"

enum {
	GW_POLICY_ROOM = 16 << 20,
	GW_EVENT_ROOM = 4 << 20,
	GW_EVENT_LONGEST = 64 << 10,
	GW_TOPS = 512,
	GW_SHIFTS = 256,
};

struct gw_slot {
	_Atomic uint32_t size;
	char text[GW_POLICY_ROOM];
};

struct gw_top { /* one message of one conduit */
	char conduit[65], protocol[32], message[64]; /* longer ones are cut */
	_Atomic uint64_t count[3]; /* allowed, would be refused, refused */
};

struct gw_shift_entry { /* a session in which the engine has answered: it lives as long as the engine. The engine's; 0 = none */
	_Atomic uint64_t flow;
	char client[46], server[46];
	uint16_t client_port, server_port;
};

struct gw_engine_state {
	_Atomic int32_t pid;
	_Atomic uint64_t beat_ms;  /* CLOCK_MONOTONIC */
	_Atomic uint32_t has;      /* the `count` of the policy it works with */
	_Atomic uint32_t refused;  /* the `count` of one that it could not take */
	_Atomic uint64_t by_header, diverged; /* segments that the kernel side judged; of those, what the engine would have done otherwise */
	_Atomic uint64_t packets, dropped, messages, message_refusals, flows, memory, memory_peak, unjudged, rules, answered, orphans;
};

struct gw_present { /* what the clerk knows of the policy that it put last; its own */
	bool any, enforcing;
	uint32_t told_force; /* enum sk_force, as it was told */
	uint64_t serial;
	uint8_t hash[SK_SHA256_SIZE];
	size_t zones, conduits;
	char certificate[8200]; /* for whom captured bodies are encrypted; "" = for nobody */
};

struct gw_isolated { /* a set of the policy that people have thrown */
	char set[65];
	_Atomic uint64_t until; /* ns since the epoch; 0 = free */
	bool told;
};

enum { GW_PAGE = 4096, GW_ISOLATED = 8 };

struct gw_common {
	/* the clerk's half */
	struct gw_present present;
	struct gw_policy_state state;
	_Atomic uint32_t count; /* policies put so far; the last stands in slots[count & 1] */
	_Atomic uint32_t reloads;
	struct gw_slot slots[2];
	struct gw_isolated isolated[GW_ISOLATED];
	bool past_read;
	struct gw_learn_marks marks;
	struct gw_learn_table past;
	/* the engine's, and what others write */
	_Alignas(GW_PAGE) struct gw_engine_state engine;
	_Atomic uint32_t ports_have;
	_Atomic uint64_t events_in, events_out, events_lost; /* bytes written and read; events */
	uint32_t top_count;
	struct gw_top tops[GW_TOPS];
	struct gw_shift_entry shifts[GW_SHIFTS];
	struct gw_learn_table learnt;
	char events[GW_EVENT_ROOM];
	struct gw_around_ring around;
};

struct gw_bells {
	int clerk, engine, ports; /* eventfds */
};

/* In main. 0 or -errno. */
int gw_common_new(struct gw_common **ret_common, struct gw_bells *ret_bells);
/* In a duty that is not the clerk, once, before anything foreign is read: the clerk's half is read-only from then on; mprotect() cannot change that. -errno. */
int gw_common_narrow(struct gw_common *common);
/* In a duty that shares nothing: it is no longer in its memory. */
void gw_common_leave(struct gw_common *common);
void gw_bell(int fd);
void gw_bell_quiet(int fd);

/* The clerk's: 0; SK_FULL: larger than a slot. */
int gw_common_put(struct gw_common *common, const char *payload, size_t size);
/* A reader's: the present policy, parsed and made for asking. SK_NONE: there is none; SK_AGAIN: it changed meanwhile; SK_BAD; -errno. */
int gw_common_policy(struct gw_common *common, const struct gw_proto *const *protos, struct gw_policy **ret_policy, uint32_t *ret_count,
		     struct sk_diag *diag);

/* The engine's. */
void gw_common_event(struct gw_common *common, uint8_t priority, const char *text, size_t size);
/* The clerk's: the next event, copied out. SK_NONE: there is none. */
int gw_common_next(struct gw_common *common, uint8_t *ret_priority, char *out, size_t room, size_t *ret_size);
void gw_common_top(struct gw_common *common, const char *conduit, const char *protocol, const char *message, unsigned what);
