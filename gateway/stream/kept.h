// SPDX-License-Identifier: GPL-3.0-or-later
/* What a side has sent and the other has not acknowledged: a ring that grows to a maximum, charged to the engine's account. For the files of stream alone. */
#pragma once

#include "stream/tcp.h"

enum { GW_KEPT_MAX = 1 << 20 };

/* Remembers `size` bytes that begin at side->next. False when there is no memory, or the maximum is reached and `forget` is not set. */
bool gw_kept_put(struct gw_tcp_side *side, const struct gw_tcp_calls *calls, const uint8_t *data, uint32_t size, bool forget);
/* Forgets what stands before sequence number `to`. */
void gw_kept_forget(struct gw_tcp_side *side, uint32_t to, struct gw_memory *memory);
/* Compares `size` bytes at sequence number `at`, all of them remembered; with `mend` makes them equal. True when they were. */
bool gw_kept_same(const struct gw_tcp_side *side, uint32_t at, uint8_t *data, uint32_t size, bool mend);
void gw_kept_end(struct gw_tcp_side *side, struct gw_memory *memory);
/* The first sequence number that is remembered. */
static inline uint32_t gw_kept_from(const struct gw_tcp_side *side)
{
	return side->next - side->kept_size;
}
