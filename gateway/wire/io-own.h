// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the files of io share among themselves.
 *
 * A chunk is in exactly one state, and the state is written before the step that it announces: `index` is the place in a ring that the step will fill. Whoever takes over sees by
 * the ring's own end whether the step was done.
 */
#pragma once

#include "wire/io.h"
#include "wire/xsk.h"

enum {
	GW_CHUNKS_EACH = 2560, /* of one socket: both its rings full, and some on their way */
	GW_LENT_MAX = 2048,
	GW_BATCH = 64,
	GW_SOCKETS = GW_SLOTS * GW_QUEUES,
};

enum gw_chunk_state {
	GW_CHUNK_FREE,
	GW_CHUNK_FILL,  /* the kernel has it, or will when index < fill's producer */
	GW_CHUNK_TAKEN, /* a frame is in it that nobody has decided about; taken out of rx when index < rx's consumer */
	GW_CHUNK_LENT,  /* the engine has it, or will when index < to_engine's head */
	GW_CHUNK_LATE,  /* the engine has it, but the frame has gone on (or not) without it */
	GW_CHUNK_OUT,   /* it is being sent, or will when index < tx's producer */
};

struct gw_chunk {
	uint32_t index, offset, size, number;
	uint64_t since;  /* when it was lent */
	uint64_t time, flow;
	uint16_t conduit;
	uint8_t state, closed, opener;
	uint8_t slot;    /* where the frame came in */
	uint8_t socket;  /* whose ring `index` counts */
};

/* In memory that every io process shares, and no engine. */
struct gw_life {
	_Atomic int32_t outer, inner;
	_Atomic uint32_t stop;
	uint32_t number; /* of the last loan */
	struct gw_chunk chunks[];
};

struct gw_io {
	struct gw_io_setup setup;
	struct gw_beat *beat;
	uint64_t beat_ns, owed_ns;
	struct gw_share *share;
	uint8_t *memory; /* the chunks */
	struct gw_life *life;
	size_t life_size, share_size;
	uint32_t chunk_count;
	int memory_fd, bell, engine_bell, switched_fd;
	struct gw_xsk sockets[GW_SOCKETS];
	uint8_t socket_slot[GW_SOCKETS], socket_queue[GW_SOCKETS];
	uint32_t socket_count;
	uint8_t out[GW_SLOTS][GW_QUEUES]; /* which socket sends for a port and queue */
	/* of the inner process alone, made anew by each */
	uint32_t *free, free_count;
	uint32_t *fifo, fifo_head, fifo_tail; /* what is lent, oldest first */
	bool pending[GW_SOCKETS];
	int engine; /* pidfd; -1 = cannot be had */
	bool ready, overdue;
};

#define GW_COUNT(io, what) atomic_fetch_add_explicit(&(io)->share->count.what, 1, memory_order_relaxed)

/* io-move.c */
bool gw_io_receive(struct gw_io *io, uint32_t socket, uint64_t now);
void gw_io_done(struct gw_io *io, uint32_t socket);
void gw_io_fill(struct gw_io *io, uint32_t socket);
bool gw_io_back(struct gw_io *io);
void gw_io_overdue(struct gw_io *io, uint64_t now);
/* When the oldest frame was lent that the engine still has; 0 = none. */
uint64_t gw_io_owed_since(struct gw_io *io);
void gw_io_reclaim(struct gw_io *io);
/* The engine is gone, or as good as: what it left for that is sent. */
void gw_io_wills(struct gw_io *io);
void gw_io_send(struct gw_io *io);
/* A frame that nobody will decide about any more. */
void gw_io_orphan(struct gw_io *io, uint32_t chunk);
void gw_io_out(struct gw_io *io, uint32_t chunk);

/* io-take.c: makes this process's lists of what memory says, and finishes what was begun. */
int gw_io_take_over(struct gw_io *io);
