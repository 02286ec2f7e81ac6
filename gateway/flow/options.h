// SPDX-License-Identifier: GPL-3.0-or-later
/* The options of a TCP segment (RFC 9293, 3.2), found in place. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "flow/packet.h"

enum { GW_OPTION_SCALE = 3, GW_OPTION_SACK_PERMITTED = 4, GW_OPTION_SACK = 5, GW_OPTION_STAMPS = 8, GW_OPTION_SIGNATURE = 19, GW_OPTION_AUTHENTIC = 29 };

/*
 * The first byte, its kind, of an option that is at least `size` bytes long; NULL where there is none before the list ends or one runs past its end.
 * Only of a decoded packet with a TCP header. Points into the frame.
 */
uint8_t *gw_option_find(const struct gw_packet *packet, uint8_t kind, size_t size);

static inline uint32_t gw_option_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}
