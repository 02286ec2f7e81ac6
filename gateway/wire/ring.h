// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A ring of GW_RING entries with one producer and one consumer in two processes, and the bell that wakes the consumer. The other side may be dead or
 * malicious: whatever it writes into the ends, an index is below GW_RING, and a ring that claims more than it can hold is empty.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "wire/share.h"

static inline bool gw_ring_first(struct gw_ends *ends, uint32_t *ret_at)
{
	uint32_t tail = atomic_load_explicit(&ends->tail, memory_order_relaxed), head = atomic_load_explicit(&ends->head, memory_order_acquire);

	*ret_at = tail % GW_RING;
	return head != tail && head - tail <= GW_RING;
}

static inline void gw_ring_consume(struct gw_ends *ends)
{
	atomic_fetch_add_explicit(&ends->tail, 1, memory_order_release);
}

static inline bool gw_ring_room(struct gw_ends *ends, uint32_t *ret_at)
{
	uint32_t head = atomic_load_explicit(&ends->head, memory_order_relaxed), tail = atomic_load_explicit(&ends->tail, memory_order_acquire);

	*ret_at = head % GW_RING;
	return head - tail < GW_RING;
}

static inline void gw_ring_publish(struct gw_ends *ends)
{
	atomic_fetch_add(&ends->head, 1); /* sequentially consistent: before `asleep` is looked at */
}

static inline void gw_bell_ring(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof one) < 0)
		return; /* full: it rings already */
}

static inline void gw_bell_clear(int fd)
{
	uint64_t all;

	if (read(fd, &all, sizeof all) < 0)
		return; /* silent */
}
