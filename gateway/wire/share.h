// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Where io and the engine meet: one piece of shared memory (a memfd) with two rings, room for injected frames, and behind them the chunks in which frames lie.
 *
 *   io --- to_engine ---> engine   a frame is lent: where it lies, when it came, by which port, of which flow and conduit
 *   io <-- to_io -------- engine   it is given back with its fate, or a frame of the engine's own is handed over
 *
 * Each ring has one producer and one consumer, entries are copied out before they are looked at, and io believes nothing: a chunk comes back once, with the number under
 * which it was lent, and what is sent has the size it came with. The engine may write to a frame while it has it. When it keeps one longer than
 * `owed_ns` io copies it and lets it on, or drops it, as the conduit says; the chunk itself stays lent until the engine gives it back or is dead, so that a late
 * writer spoils no other frame.
 *
 * An engine that begins raises `wanted`; io takes back everything that was lent, empties both rings, and sets `granted` to the same number. Only then the
 * engine touches the rings.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	GW_SHARE_MAGIC = 0x53475731,
	GW_CHUNK = 4096,       /* bytes of one chunk, and its alignment */
	GW_RING = 4096,        /* entries of each ring */
	GW_INJECTS = 256,      /* frames that may be on their way from the engine's own */
	GW_INJECT_MAX = 3584,
	GW_WILLS = 256,        /* sessions that live as long as the engine does */
	GW_WILL_MAX = 128,
};

struct gw_lent {
	uint64_t time;    /* ns since the epoch, made of the monotonic clock at which it came in */
	uint64_t flow;    /* the kernel side's name of its flow; for gw_lend_switch() */
	uint32_t offset;  /* of the frame within the chunks */
	uint32_t size;
	uint32_t number;  /* of this loan */
	uint16_t conduit; /* as in gw_tally */
	uint8_t port;     /* slot where it came in: pair * 2 + side */
	uint8_t closed : 1;
	uint8_t opener : 2; /* enum gw_opener of bpf/gateway.h: who opened its flow */
	uint8_t unused : 5;
};

enum gw_back_fate { GW_BACK_PASS, GW_BACK_DROP, GW_BACK_INJECT };

struct gw_back {
	uint32_t offset; /* as lent; of an injected frame: which of the rooms */
	uint32_t number;
	uint32_t size;   /* of an injected frame */
	uint8_t fate;    /* enum gw_back_fate */
	uint8_t port;    /* of an injected frame: slot where it goes out */
	uint16_t unused;
};

/*
 * Two frames that io sends when the engine that wrote them is gone, out of the two ports of a pair: they reset a session in which it has answered. Written into the text that is
 * not in use, then `turn` is raised: io never sends half of one. `flow` is written last and taken first.
 */
struct gw_will {
	_Atomic uint64_t flow; /* 0 = none */
	_Atomic uint32_t turn;
	uint8_t pair;
	struct {
		uint16_t size[2];
		uint8_t frame[2][GW_WILL_MAX];
	} text[2];
};

struct gw_ends {
	_Alignas(64) _Atomic uint32_t head; /* the producer's: entries written so far */
	_Alignas(64) _Atomic uint32_t tail; /* the consumer's: entries read so far */
	_Alignas(64) _Atomic uint32_t asleep; /* the consumer waits for its bell */
};

struct gw_io_counts {
	_Atomic uint64_t received, sent, lent, passed, dropped, injected; /* what is usual */
	_Atomic uint64_t late_passed, late_dropped;     /* the engine did not give them back in time */
	_Atomic uint64_t orphan_passed, orphan_dropped; /* the engine died over them */
	_Atomic uint64_t full_passed, full_dropped;     /* no engine, a late one, or no room in its ring */
	_Atomic uint64_t unknown;                       /* came without what XDP puts before a frame: passed */
	_Atomic uint64_t no_room;                       /* the outgoing ring was full: lost */
	_Atomic uint64_t bad_back;                      /* the engine gave back what it did not have */
	_Atomic uint64_t came_back;                     /* given back after it was let on: not sent again */
	_Atomic uint64_t wills;                         /* sessions reset because the engine was gone that had answered in them */
	_Atomic uint64_t takeovers, engines;            /* how often an io, or an engine, began */
};

struct gw_share {
	uint32_t magic, chunk_count;
	uint64_t bytes;         /* of all of it */
	uint64_t chunks_at;     /* offset of the chunks */
	_Atomic uint32_t wanted, granted; /* which engine */
	_Atomic int32_t engine_pid;       /* 0 = it has said good-bye */
	struct gw_ends to_engine, to_io;
	struct gw_io_counts count;
	struct gw_lent lent[GW_RING];
	struct gw_back back[GW_RING];
	_Atomic uint32_t inject_busy[GW_INJECTS];
	struct gw_will wills[GW_WILLS];
	uint8_t inject[GW_INJECTS][GW_INJECT_MAX];
};

/* --- the engine's end */

struct gw_lend;

/*
 * Maps the memory and asks io for it. `memory_fd`, `bell_fd` (the engine's, readable), `io_bell_fd`, and `switched_fd` (the table of flows that need no more
 * looking at; -1 = none) are inherited from gw_io_prepare() and stay the caller's. Waits up to `ms` for io. SK_AGAIN: no io answered; -errno.
 */
int gw_lend_new(int memory_fd, int bell_fd, int io_bell_fd, int switched_fd, unsigned ms, struct gw_lend **ret_lend);
/* Gives everything back that it has (passed on), says good-bye. */
struct gw_lend *gw_lend_free(struct gw_lend *lend);
/* The next frame, or SK_AGAIN. `*ret_frame` may be rewritten in place until it is given back. */
int gw_lend_take(struct gw_lend *lend, struct gw_lent *ret_lent, uint8_t **ret_frame);
/* Gives it back. Every frame, in any order, soon. */
void gw_lend_back(struct gw_lend *lend, const struct gw_lent *lent, bool pass);
/* A frame of the engine's own, out of a port (slot). SK_FULL: no room now; SK_BAD: too long. */
int gw_lend_inject(struct gw_lend *lend, unsigned port, const uint8_t *frame, size_t size);
/* Nothing of this flow needs to be looked at any more: the kernel side switches it until it is forgotten. */
void gw_lend_switch(struct gw_lend *lend, uint64_t flow);
/*
 * From now on nothing of this flow goes on without an engine, and when this one is gone these frames go out of the ports of `pair`. Again for other frames.
 * SK_FULL: that cannot be.
 */
int gw_lend_shift(struct gw_lend *lend, uint64_t flow, unsigned pair, const uint8_t *const frames[2], const size_t sizes[2]);
void gw_lend_unshift(struct gw_lend *lend, uint64_t flow);
/* It was an engine before this one that has shifted this flow. */
bool gw_lend_is_orphan(const struct gw_lend *lend, uint64_t flow);
/* Frames wait to be taken. */
bool gw_lend_waiting(const struct gw_lend *lend);
/* Sleeps until there is a frame, or `ms` have gone by, or `other_fd` or `third_fd` (-1 = none) is readable. Looks for `spin_us` before it sleeps. */
void gw_lend_wait(struct gw_lend *lend, unsigned ms, unsigned spin_us, int other_fd, int third_fd);
/* True: io has another engine now, and this one is to end. */
bool gw_lend_lost(const struct gw_lend *lend);
/* A time of CLOCK_MONOTONIC on the clock of gw_lent.time. */
uint64_t gw_lend_time(const struct gw_lend *lend, uint64_t monotonic);
uint64_t gw_lend_now(const struct gw_lend *lend); /* on the clock of gw_lent.time */
