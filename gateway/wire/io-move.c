// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Moving frames: in from the kernel, to the engine, back, out. Each step is written down in the chunk before it is done (io-own.h), so that it may end anywhere.
 */
#include <linux/if_xdp.h>
#include <string.h>

#include "base/mem.h"
#include "wire/io-own.h"
#include "wire/ring.h"

enum { MASK = GW_XSK_RING - 1, META = sizeof(struct gw_meta), GONE_NS = 1000000000 };

static void set_free(struct gw_io *io, uint32_t chunk)
{
	io->life->chunks[chunk].state = GW_CHUNK_FREE;
	io->free[io->free_count++] = chunk;
}

/* --- the kernel's rings */

void gw_io_fill(struct gw_io *io, uint32_t socket)
{
	struct gw_xsk_ring *fill = &io->sockets[socket].fill;
	uint32_t at = *fill->producer, room = GW_XSK_RING - (at - gw_xsk_load(fill->consumer)), count = SK_MIN(room, io->free_count);
	uint64_t *entries = fill->entries;

	for (uint32_t i = 0; i < count; i++, at++) {
		uint32_t number = io->free[--io->free_count];
		struct gw_chunk *chunk = &io->life->chunks[number];

		chunk->index = at;
		chunk->socket = (uint8_t)socket;
		entries[at & MASK] = (uint64_t)number * GW_CHUNK;
		__atomic_store_n(&chunk->state, GW_CHUNK_FILL, __ATOMIC_RELEASE);
	}
	if (count)
		gw_xsk_store(fill->producer, at);
}

void gw_io_done(struct gw_io *io, uint32_t socket)
{
	struct gw_xsk_ring *done = &io->sockets[socket].done;
	uint32_t from = *done->consumer, to = gw_xsk_load(done->producer);
	const uint64_t *entries = done->entries;

	for (uint32_t at = from; at != to; at++) {
		uint32_t number = (uint32_t)(entries[at & MASK] / GW_CHUNK);

		if (number < io->chunk_count && io->life->chunks[number].state == GW_CHUNK_OUT)
			set_free(io, number);
	}
	if (from != to)
		gw_xsk_store(done->consumer, to);
}

static bool put_out(struct gw_io *io, uint32_t number, uint32_t socket)
{
	struct gw_xsk_ring *tx = &io->sockets[socket].tx;
	struct gw_chunk *chunk = &io->life->chunks[number];
	uint32_t at = *tx->producer;
	struct xdp_desc *entries = tx->entries;

	if (at - gw_xsk_load(tx->consumer) >= GW_XSK_RING && !(gw_xsk_send(&io->sockets[socket]) || at - gw_xsk_load(tx->consumer) < GW_XSK_RING))
		return false;
	entries[at & MASK] = (struct xdp_desc){.addr = chunk->offset, .len = chunk->size};
	chunk->index = at;
	chunk->socket = (uint8_t)socket;
	__atomic_store_n(&chunk->state, GW_CHUNK_OUT, __ATOMIC_RELEASE);
	gw_xsk_store(tx->producer, at + 1);
	io->pending[socket] = true;
	GW_COUNT(io, sent);
	return true;
}

/* Out by the partner of the port where it came in. */
void gw_io_out(struct gw_io *io, uint32_t number)
{
	const struct gw_chunk *chunk = &io->life->chunks[number];
	uint32_t slot = (chunk->slot & (GW_SLOTS - 1)) ^ 1;

	if (put_out(io, number, io->out[slot][0]))
		return;
	GW_COUNT(io, no_room);
	set_free(io, number);
}

void gw_io_send(struct gw_io *io)
{
	for (uint32_t i = 0; i < io->socket_count; i++)
		if (io->pending[i])
			io->pending[i] = !gw_xsk_send(&io->sockets[i]);
}

/* --- in */

static void lend(struct gw_io *io, uint32_t number, uint32_t at, uint64_t now)
{
	struct gw_chunk *chunk = &io->life->chunks[number];

	chunk->number = ++io->life->number;
	chunk->since = now;
	chunk->index = atomic_load(&io->share->to_engine.head);
	__atomic_store_n(&chunk->state, GW_CHUNK_LENT, __ATOMIC_RELEASE);
	io->share->lent[at] = (struct gw_lent){.time = chunk->time, .flow = chunk->flow, .offset = chunk->offset, .size = chunk->size,
		.number = chunk->number, .conduit = chunk->conduit, .port = chunk->slot, .closed = chunk->closed,
		.opener = chunk->opener};
	gw_ring_publish(&io->share->to_engine);
	io->fifo[io->fifo_head++ % io->chunk_count] = number;
	GW_COUNT(io, lent);
}

static void decide(struct gw_io *io, uint32_t number, uint64_t now)
{
	struct gw_chunk *chunk = &io->life->chunks[number];
	uint32_t at;

	if (io->ready && !io->overdue && io->fifo_head - io->fifo_tail < GW_LENT_MAX && gw_ring_room(&io->share->to_engine, &at)) {
		lend(io, number, at, now);
	} else if (chunk->closed) {
		GW_COUNT(io, full_dropped);
		set_free(io, number);
	} else {
		GW_COUNT(io, full_passed);
		gw_io_out(io, number);
	}
}

/* What XDP wrote before the frame. */
static void read_meta(struct gw_io *io, struct gw_chunk *chunk)
{
	struct gw_meta meta = {0};

	if (chunk->offset % GW_CHUNK >= META)
		memcpy(&meta, io->memory + chunk->offset - META, META);
	if (meta.magic != GW_META_MAGIC) {
		meta = (struct gw_meta){.time = gw_io_now()};
		GW_COUNT(io, unknown);
	}
	chunk->time = meta.time;
	chunk->flow = meta.flow;
	chunk->conduit = meta.conduit;
	chunk->closed = meta.closed;
	chunk->opener = meta.opener;
}

bool gw_io_receive(struct gw_io *io, uint32_t socket, uint64_t now)
{
	struct gw_xsk_ring *rx = &io->sockets[socket].rx;
	uint32_t from = *rx->consumer, count = SK_MIN(gw_xsk_load(rx->producer) - from, (uint32_t)GW_BATCH), taken[GW_BATCH], n = 0;
	const struct xdp_desc *entries = rx->entries;

	for (uint32_t at = from; at != from + count; at++) {
		const struct xdp_desc *entry = &entries[at & MASK];
		uint32_t number = (uint32_t)(entry->addr / GW_CHUNK);
		struct gw_chunk *chunk = &io->life->chunks[number];

		chunk->index = at;
		chunk->socket = (uint8_t)socket;
		chunk->slot = io->socket_slot[socket];
		chunk->offset = (uint32_t)entry->addr;
		chunk->size = entry->len;
		read_meta(io, chunk);
		__atomic_store_n(&chunk->state, GW_CHUNK_TAKEN, __ATOMIC_RELEASE);
		taken[n++] = number;
		GW_COUNT(io, received);
	}
	if (n)
		gw_xsk_store(rx->consumer, from + n);
	for (uint32_t i = 0; i < n; i++)
		decide(io, taken[i], now);
	return n > 0;
}

/* Bytes that are nobody's frame, out of a port. */
static void send_bytes(struct gw_io *io, uint8_t port, const uint8_t *bytes, uint32_t size, _Atomic uint64_t *counter)
{
	uint32_t number;

	if (!io->free_count) {
		GW_COUNT(io, no_room);
		return;
	}
	number = io->free[--io->free_count];
	io->life->chunks[number].offset = number * GW_CHUNK;
	io->life->chunks[number].size = size;
	io->life->chunks[number].slot = port ^ 1;
	memcpy(io->memory + (size_t)number * GW_CHUNK, bytes, size);
	if (put_out(io, number, io->out[port][0])) {
		atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
	} else {
		GW_COUNT(io, no_room);
		set_free(io, number);
	}
}

/* ---- sessions that live as long as their engine */

static void send_will(struct gw_io *io, struct gw_will *will)
{
	uint32_t which = atomic_load(&will->turn) & 1;

	if (!atomic_exchange(&will->flow, 0) || will->pair >= io->setup.pair_count)
		return;
	GW_COUNT(io, wills);
	for (uint8_t side = 0; side < 2; side++)
		if (will->text[which].size[side] >= 14 && will->text[which].size[side] <= GW_WILL_MAX)
			send_bytes(io, (uint8_t)(will->pair * 2 + side), will->text[which].frame[side], will->text[which].size[side], &io->share->count.injected);
}

void gw_io_wills(struct gw_io *io)
{
	for (uint32_t i = 0; i < GW_WILLS; i++)
		send_will(io, &io->share->wills[i]);
}

/* A frame was let on as it came, and the engine has counted it otherwise since. */
static void send_will_of(struct gw_io *io, uint64_t flow)
{
	for (uint32_t i = 0; i < GW_WILLS; i++)
		if (atomic_load(&io->share->wills[i].flow) == flow)
			send_will(io, &io->share->wills[i]);
}

/* --- back from the engine */

static void give_back(struct gw_io *io, const struct gw_back *back)
{
	uint32_t number = back->offset / GW_CHUNK;
	struct gw_chunk *chunk = number < io->chunk_count ? &io->life->chunks[number] : NULL;

	if (!chunk || (chunk->state != GW_CHUNK_LENT && chunk->state != GW_CHUNK_LATE) || chunk->number != back->number || chunk->offset != back->offset) {
		GW_COUNT(io, bad_back);
	} else if (chunk->state == GW_CHUNK_LATE) {
		GW_COUNT(io, came_back);
		if (!chunk->closed && chunk->flow)
			send_will_of(io, chunk->flow);
		set_free(io, number);
	} else if (back->fate == GW_BACK_PASS) {
		GW_COUNT(io, passed);
		gw_io_out(io, number);
	} else {
		GW_COUNT(io, dropped);
		set_free(io, number);
	}
}

static void inject(struct gw_io *io, const struct gw_back *back)
{
	if (back->offset >= GW_INJECTS || back->size < 14 || back->size > GW_INJECT_MAX || back->port >= 2 * io->setup.pair_count) {
		GW_COUNT(io, bad_back);
		return;
	}
	send_bytes(io, back->port, io->share->inject[back->offset], back->size, &io->share->count.injected);
	atomic_store(&io->share->inject_busy[back->offset], 0);
}

bool gw_io_back(struct gw_io *io)
{
	struct gw_ends *ends = &io->share->to_io;
	uint32_t at, n = 0;

	for (; n < GW_BATCH && gw_ring_first(ends, &at); n++) {
		struct gw_back back = io->share->back[at];

		if (back.fate == GW_BACK_INJECT)
			inject(io, &back);
		else
			give_back(io, &back);
		gw_ring_consume(ends);
	}
	return n > 0;
}

/* --- when the engine is late, or dead */

static bool is_lent(const struct gw_io *io, uint32_t at)
{
	uint8_t state = io->life->chunks[io->fifo[at % io->chunk_count]].state;

	return state == GW_CHUNK_LENT || state == GW_CHUNK_LATE;
}

/* A chunk is in the list once: it cannot be lent again before it is given back, and then it is at the end. */
uint64_t gw_io_owed_since(struct gw_io *io)
{
	while (io->fifo_tail != io->fifo_head && !is_lent(io, io->fifo_tail))
		io->fifo_tail++;
	return io->fifo_tail == io->fifo_head ? 0 : io->life->chunks[io->fifo[io->fifo_tail % io->chunk_count]].since;
}

/* The engine may still write to what it has: what goes on is a copy. */
static void let_on(struct gw_io *io, struct gw_chunk *chunk)
{
	uint32_t number;

	__atomic_store_n(&chunk->state, GW_CHUNK_LATE, __ATOMIC_RELEASE);
	if (chunk->closed) {
		GW_COUNT(io, late_dropped);
		return;
	}
	if (!io->free_count) {
		GW_COUNT(io, no_room);
		return;
	}
	number = io->free[--io->free_count];
	io->life->chunks[number].offset = number * GW_CHUNK;
	io->life->chunks[number].size = chunk->size;
	io->life->chunks[number].slot = chunk->slot;
	memcpy(io->memory + (size_t)number * GW_CHUNK, io->memory + chunk->offset, chunk->size);
	GW_COUNT(io, late_passed);
	gw_io_out(io, number);
}

/* Who owes one frame for too long is not waited for with the others, and gets no more (decide). */
void gw_io_overdue(struct gw_io *io, uint64_t now)
{
	uint64_t since = gw_io_owed_since(io);

	io->overdue = since && now - since >= io->owed_ns;
	if (io->overdue && now - since >= GONE_NS)
		gw_io_wills(io);
	for (uint32_t at = io->fifo_tail; io->overdue && at != io->fifo_head; at++) {
		struct gw_chunk *chunk = &io->life->chunks[io->fifo[at % io->chunk_count]];

		if (chunk->state == GW_CHUNK_LENT)
			let_on(io, chunk);
	}
}

void gw_io_orphan(struct gw_io *io, uint32_t number)
{
	if (io->life->chunks[number].closed) {
		GW_COUNT(io, orphan_dropped);
		set_free(io, number);
	} else {
		GW_COUNT(io, orphan_passed);
		gw_io_out(io, number);
	}
}

void gw_io_reclaim(struct gw_io *io)
{
	for (; io->fifo_tail != io->fifo_head; io->fifo_tail++) {
		uint32_t number = io->fifo[io->fifo_tail % io->chunk_count];

		if (io->life->chunks[number].state == GW_CHUNK_LENT)
			gw_io_orphan(io, number);
		else if (io->life->chunks[number].state == GW_CHUNK_LATE)
			set_free(io, number);
	}
}
