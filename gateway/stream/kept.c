// SPDX-License-Identifier: GPL-3.0-or-later
/* The ring ends at side->next: the caller moves `next` after a put. */
#include "stream/kept.h"

#include <string.h>

#include "base/mem.h"

enum { KEPT_LEAST = 2048, KEPT_IDLE = 16384 };

static uint32_t space_for(uint32_t size)
{
	uint32_t space = KEPT_LEAST;

	while (space < size)
		space *= 2;
	return space;
}

static void copy_out(const struct gw_tcp_side *side, uint32_t from, uint8_t *out, uint32_t size)
{
	uint32_t at = (side->kept_head + from) & (side->kept_space - 1), first = SK_MIN(size, side->kept_space - at);

	memcpy(out, side->kept + at, first);
	memcpy(out + first, side->kept, size - first);
}

static bool grow(struct gw_tcp_side *side, const struct gw_tcp_calls *calls, uint32_t size)
{
	uint32_t space = space_for(size);
	uint8_t *ring;

	while (!gw_memory_take(calls->memory, space))
		if (!calls->room(calls->context))
			return false;
	ring = sk_malloc(space);
	if (!ring) {
		gw_memory_give(calls->memory, space);
		return false;
	}
	if (side->kept_size)
		copy_out(side, 0, ring, side->kept_size);
	if (side->kept)
		gw_memory_give(calls->memory, side->kept_space);
	free(side->kept);
	side->kept = ring;
	side->kept_space = space;
	side->kept_head = 0;
	return true;
}

bool gw_kept_put(struct gw_tcp_side *side, const struct gw_tcp_calls *calls, const uint8_t *data, uint32_t size, bool forget)
{
	uint32_t at, first;

	if (size > GW_KEPT_MAX - side->kept_size) {
		if (!forget || size > GW_KEPT_MAX)
			return false;
		gw_kept_forget(side, side->next - (GW_KEPT_MAX - size), calls->memory);
	}
	if (side->kept_size + size > side->kept_space && !grow(side, calls, side->kept_size + size))
		return false;
	at = (side->kept_head + side->kept_size) & (side->kept_space - 1);
	first = SK_MIN(size, side->kept_space - at);
	memcpy(side->kept + at, data, first);
	memcpy(side->kept, data + first, size - first);
	side->kept_size += size;
	return true;
}

void gw_kept_forget(struct gw_tcp_side *side, uint32_t to, struct gw_memory *memory)
{
	int32_t size = (int32_t)(to - gw_kept_from(side));

	if (size <= 0)
		return;
	size = SK_MIN(size, (int32_t)side->kept_size);
	side->kept_head = (side->kept_head + (uint32_t)size) & (side->kept_space - 1);
	side->kept_size -= (uint32_t)size;
	if (side->kept_size)
		return;
	side->kept_head = 0;
	if (side->kept_space > KEPT_IDLE)
		gw_kept_end(side, memory);
}

bool gw_kept_same(const struct gw_tcp_side *side, uint32_t at, uint8_t *data, uint32_t size, bool mend)
{
	uint32_t from = at - gw_kept_from(side);
	bool same = true;

	while (size) {
		uint32_t place = (side->kept_head + from) & (side->kept_space - 1), part = SK_MIN(size, side->kept_space - place);

		if (memcmp(side->kept + place, data, part) != 0) {
			same = false;
			if (mend)
				memcpy(data, side->kept + place, part);
		}
		from += part;
		data += part;
		size -= part;
	}
	return same;
}

void gw_kept_end(struct gw_tcp_side *side, struct gw_memory *memory)
{
	if (side->kept)
		gw_memory_give(memory, side->kept_space);
	free(side->kept);
	side->kept = NULL;
	side->kept_space = side->kept_head = side->kept_size = 0;
}
