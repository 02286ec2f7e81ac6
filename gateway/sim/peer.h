// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One end of an HSMS connection (SEMI E37.1): connecting or listening, selection, link tests, transactions and timers, and a script of messages. What it
 * does it prints, a JSON object a line. One thread, one connection at a time; it owns the socket and the buffers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "proto/hsms/frame.h"

enum { PEER_WAITING = 64, PEER_STEPS = 256, PEER_FRAME_MAX = 17 << 20 };

struct peer_options {
	bool equipment;       /* answers as an equipment does; else as a host */
	bool passive;         /* listens; else connects */
	const char *address;
	uint16_t port, device;
	const char *mdln, *softrev;
	const char *recipes;  /* folder of process programs, NULL = none */
	uint64_t t3, t5, t6, t7, t8, linktest, every; /* milliseconds; 0 = no link tests, no events by itself */
	const char *steps[PEER_STEPS]; /* said one after the other, each when the one before is answered */
	unsigned step_count;
	uint64_t repeat, pause; /* the whole script so often, with so many milliseconds between its messages */
	bool once;            /* ends with the connection (passive) or the script (active) */
	bool stats, quiet;    /* latencies at the end; no line for each message */
};

struct peer_waiting {
	bool used, ours; /* a step of the script waits for it */
	uint8_t stype, stream, function;
	uint32_t system;
	uint64_t since_us;
};

struct peer {
	const struct peer_options *options;
	int listener, fd;
	bool selected, failed, separated;
	struct sk_buf in;
	uint64_t last_in_us, opened_us, linktest_us, event_us, next_step_us;
	uint32_t system;
	struct peer_waiting waiting[PEER_WAITING];
	unsigned step;
	uint64_t round, events;
	uint32_t *latency_us; /* of script transactions */
	size_t latency_count, latency_space;
};

/* 0 when the script was said and each message answered, 1 when not, 3 when there was nobody to talk to. */
int peer_run(const struct peer_options *options);

/* For talk.c. `body` may be NULL. 0 or negative when the connection is gone. */
int peer_send(struct peer *peer, unsigned stream, unsigned function, bool wait, uint32_t system, const struct sk_buf *body);
uint32_t peer_new_system(struct peer *peer);
void peer_print(struct peer *peer, const char *what, const struct hsms_head *head, const uint8_t *body, size_t size, uint64_t us);

/* talk.c: answers a primary message; says the step of a script (SK_BAD: it cannot be read); the equipment's event by itself. */
int talk_answer(struct peer *peer, const struct hsms_head *head, const uint8_t *body, size_t size);
int talk_step(struct peer *peer, const char *step, uint32_t system, bool *ret_wait);
int talk_event(struct peer *peer, uint64_t ceid);
