// SPDX-License-Identifier: GPL-3.0-or-later
/* Segments that came before their turn: whole frames, in order of their sequence numbers, then of arrival; bounded, charged. For the files of stream alone. */
#pragma once

#include "stream/tcp.h"

enum { GW_HELD_MAX = 256, GW_HELD_BYTES_MAX = 512 * 1024 };

/* False when the maximum is reached, there is no memory, or the packet was reassembled from fragments and no single frame holds it. */
bool gw_held_put(struct gw_tcp_side *side, const struct gw_tcp_calls *calls, const struct gw_packet *packet);
uint32_t gw_held_seq(const struct gw_held *held);
/* Takes the first out of the list; `*ret_packet` points into it until gw_held_free(). */
void gw_held_take(struct gw_tcp_side *side, struct gw_memory *memory, struct gw_packet *ret_packet);
/* A taken one gets what its sender (side) has said since: acknowledgement, window, time stamps. Selective acknowledgements in it are outdated and go. */
void gw_held_renew(const struct gw_tcp *tcp, struct gw_packet *packet, int side);
/* What is held, as the receiver of it would say (RFC 2018): the block with `seq` first. Returns how many. */
unsigned gw_held_blocks(const struct gw_tcp_side *side, uint32_t seq, struct gw_block *out);
void gw_held_free(struct gw_held *held);
void gw_held_end(struct gw_tcp_side *side, struct gw_memory *memory);
