// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Datagrams made whole again (RFC 791, RFC 8200 4.5). Fragments are held until the datagram is whole and was judged; then they go on as they came,
 * so that the receiver makes the same datagram of them. Rules, where stacks differ and evasions live:
 *   an overlap with other bytes     drops the datagram, and what still comes of it
 *   the same bytes again            are not needed: dropped
 *   two different ends, or bytes behind the end   drop the datagram
 *   not whole after 15 s            dropped, before the 30 s that Linux waits
 *   too many, or no memory          the oldest datagram goes
 */
#pragma once

#include "flow/memory.h"
#include "flow/packet.h"

enum { GW_DATAGRAMS_MAX = 1024 };

enum gw_frag_state {
	GW_FRAG_HELD,
	GW_FRAG_REFUSED, /* an overlap, or of a datagram that was refused */
	GW_FRAG_WHOLE,
};

struct gw_frags;
struct gw_datagram;

int gw_frags_new(struct gw_memory *memory, struct gw_frags **ret_frags);
struct gw_frags *gw_frags_free(struct gw_frags *frags);
/* A fragment. When it makes its datagram whole, `*ret_whole` is the packet it makes, not yet decoded, and `*ret_datagram` is to be ended by one of the two below. */
enum gw_frag_state gw_frags_put(struct gw_frags *frags, const struct gw_packet *packet, struct gw_packet *ret_whole, struct gw_datagram **ret_datagram);
/* The last fragment that was put had bytes which had come before. */
bool gw_frags_overlapped(const struct gw_frags *frags);
/* Hands out the frames that were held, in the order they came (not the last one: it is in the caller's hand), and forgets the datagram. */
void gw_frags_release(struct gw_frags *frags, struct gw_datagram *datagram, void *context, void (*each)(void *context, const uint8_t *frame, size_t size));
/* Nothing of it goes on. */
void gw_frags_refuse(struct gw_frags *frags, struct gw_datagram *datagram);
/* Forgets what waits since before `now` - 15 s. Returns how many datagrams went. */
unsigned gw_frags_expire(struct gw_frags *frags, uint64_t now);
