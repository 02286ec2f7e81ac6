// SPDX-License-Identifier: GPL-3.0-or-later
/* Single-writer, single-reader ring of records. Owns nothing: it lies in the shared mapping. */
#include "lockdown/ring.h"

#include <stddef.h>
#include <string.h>

struct lk_record *lk_ring_space(struct lk_ring *ring)
{
	uint32_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
	struct lk_record *record;

	if (written - atomic_load_explicit(&ring->read, memory_order_acquire) >= LK_RING) {
		atomic_fetch_add(&ring->lost, 1);
		return NULL;
	}
	record = &ring->records[written % LK_RING];
	/* the long texts begin with their end: wiping them would touch pages for nothing */
	memset(record, 0, offsetof(struct lk_record, path));
	record->path[0] = record->actor[0] = 0;
	return record;
}

void lk_ring_publish(struct lk_ring *ring)
{
	atomic_fetch_add_explicit(&ring->written, 1, memory_order_release);
}

const struct lk_record *lk_ring_first(struct lk_ring *ring)
{
	uint32_t read = atomic_load_explicit(&ring->read, memory_order_relaxed);

	return read == atomic_load_explicit(&ring->written, memory_order_acquire) ? NULL : &ring->records[read % LK_RING];
}

void lk_ring_next(struct lk_ring *ring)
{
	atomic_fetch_add_explicit(&ring->read, 1, memory_order_release);
}
