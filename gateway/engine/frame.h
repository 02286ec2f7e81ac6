// SPDX-License-Identifier: GPL-3.0-or-later
/* Frames of our own: TCP segments and UDP datagrams that look as if one side of a flow had sent them, made after a frame of that flow. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/packet.h"
#include "stream/tcp.h"

enum { GW_FRAME_MAX = 9216 };

struct gw_segment {
	bool back;          /* towards the sender of the frame it is made after */
	uint8_t flags;
	uint16_t window;
	uint32_t seq, ack;
	bool stamped;       /* with time stamps (RFC 7323) */
	uint32_t stamp, stamp_echo;
	const struct gw_block *blocks; /* of a selective acknowledgement (RFC 2018) */
	unsigned block_count;          /* at most 3 */
	const void *data;
	size_t size;
};

/* Returns the frame's size; 0 when it would be over GW_FRAME_MAX. `out` has that much. */
size_t gw_frame_tcp(const struct gw_packet *after, const struct gw_segment *segment, uint8_t *out);
size_t gw_frame_udp(const struct gw_packet *after, bool back, const void *data, size_t size, uint8_t *out);
