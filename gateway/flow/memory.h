// SPDX-License-Identifier: GPL-3.0-or-later
/* One account for all that the engine keeps: flows, held segments, reassembly, parsers. Who takes gives back the same; a taker that is refused says so. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gw_memory {
	size_t used, max, peak;
	uint64_t refused;
};

static inline bool gw_memory_take(struct gw_memory *memory, size_t size)
{
	if (size > memory->max || memory->used > memory->max - size) {
		memory->refused++;
		return false;
	}
	memory->used += size;
	if (memory->used > memory->peak)
		memory->peak = memory->used;
	return true;
}

static inline void gw_memory_give(struct gw_memory *memory, size_t size)
{
	memory->used -= size;
}
