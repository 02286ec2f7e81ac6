// SPDX-License-Identifier: GPL-3.0-or-later
/* Segments for the tests of this folder: from 10.0.0.1 (side 0) to 10.0.0.2 (side 1) or back, both on the same port, with right lengths and checksums. */
#pragma once

#include <string.h>

#include "flow/options.h"
#include "flow/sum.h"
#include "stream/tcp.h"

enum { FRAME = 192 };

static inline void put32(uint8_t *at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> (24 - 8 * i));
}

struct options {
	bool permit, stamps;
	uint32_t stamp, echo;
	const struct gw_block *block;
};

static inline size_t put_options(const struct options *o, uint8_t *at)
{
	size_t size = 0;

	if (o->permit) {
		memcpy(at, (uint8_t[]){1, 1, 4, 2}, 4);
		size = 4;
	}
	if (o->stamps) {
		memcpy(at + size, (uint8_t[]){1, 1, 8, 10}, 4);
		put32(at + size + 4, o->stamp);
		put32(at + size + 8, o->echo);
		size += 12;
	}
	if (o->block) {
		memcpy(at + size, (uint8_t[]){1, 1, 5, 10}, 4);
		put32(at + size + 4, o->block->from);
		put32(at + size + 8, o->block->to);
		size += 12;
	}
	return size;
}

static inline size_t make(int from, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t window, const struct options *o, const void *data, size_t size, uint8_t *frame)
{
	size_t options = (o->permit ? 4 : 0) + (o->stamps ? 12 : 0) + (o->block ? 12 : 0);
	struct gw_packet p = {.frame = frame, .size = (uint32_t)(54 + options + size)};

	memset(frame, 0, 54 + options);
	frame[12] = 8;
	frame[14] = 0x45;
	frame[16] = (uint8_t)((40 + options + size) >> 8);
	frame[17] = (uint8_t)(40 + options + size);
	frame[22] = 64;
	frame[23] = 6;
	memcpy(frame + 26, (uint8_t[]){10, 0, 0, from ? 2 : 1, 10, 0, 0, from ? 1 : 2}, 8);
	frame[34] = frame[36] = 7;
	put32(frame + 38, seq);
	put32(frame + 42, ack);
	frame[46] = (uint8_t)((5 + options / 4) << 4);
	frame[47] = flags;
	frame[48] = (uint8_t)(window >> 8);
	frame[49] = (uint8_t)window;
	put_options(o, frame + 54);
	if (size)
		memcpy(frame + 54 + options, data, size);
	gw_decode(&p, false);
	gw_sum_mend(&p);
	return p.size;
}
