// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Taking over from an io process that may have died between any two instructions. What a chunk's state announces is compared with the ring it speaks of: done, or to be done now.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "wire/io-own.h"

/* True when the place `index` of a ring is before its `end`: what was announced has happened. */
static bool is_before(uint32_t index, uint32_t end)
{
	return (int32_t)(index - end) < 0;
}

static void remember_lent(struct gw_io *io, uint32_t number)
{
	io->fifo[io->fifo_head++ % io->chunk_count] = number;
}

static void look_at(struct gw_io *io, uint32_t number)
{
	const struct gw_chunk *chunk = &io->life->chunks[number];
	const struct gw_xsk *xsk = &io->sockets[chunk->socket];

	switch ((enum gw_chunk_state)chunk->state) {
	case GW_CHUNK_FREE:
		break;
	case GW_CHUNK_FILL:
		if (!is_before(chunk->index, *xsk->fill.producer))
			io->life->chunks[number].state = GW_CHUNK_FREE;
		break;
	case GW_CHUNK_TAKEN:
		if (is_before(chunk->index, *xsk->rx.consumer))
			gw_io_orphan(io, number); /* else it is read again */
		break;
	case GW_CHUNK_LENT:
		if (is_before(chunk->index, atomic_load(&io->share->to_engine.head)))
			remember_lent(io, number);
		else
			gw_io_orphan(io, number);
		break;
	case GW_CHUNK_LATE:
		remember_lent(io, number);
		break;
	case GW_CHUNK_OUT:
		if (!is_before(chunk->index, *xsk->tx.producer))
			gw_io_out(io, number);
		break;
	}
}

static const struct gw_chunk *sorted_by;

static int by_number(const void *a, const void *b)
{
	int32_t apart = (int32_t)(sorted_by[*(const uint32_t *)a].number - sorted_by[*(const uint32_t *)b].number);

	return (apart > 0) - (apart < 0);
}

/* Free ones are gathered last, so that a step that was finished above gives its chunk back once. */
static void gather_free(struct gw_io *io)
{
	io->free_count = 0;
	for (uint32_t number = 0; number < io->chunk_count; number++)
		if (io->life->chunks[number].state == GW_CHUNK_FREE)
			io->free[io->free_count++] = number;
}

int gw_io_take_over(struct gw_io *io)
{
	io->fifo_head = io->fifo_tail = io->free_count = 0;
	for (uint32_t i = 0; i < io->socket_count; i++) {
		io->pending[i] = true;
		gw_io_done(io, i);
	}
	for (uint32_t number = 0; number < io->chunk_count; number++)
		look_at(io, number);
	sorted_by = io->life->chunks;
	qsort(io->fifo, io->fifo_head, sizeof *io->fifo, by_number);
	gather_free(io);
	return 0;
}
