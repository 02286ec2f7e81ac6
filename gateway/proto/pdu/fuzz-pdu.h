// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * For the fuzz targets of protocols that gw-pdu cuts: the input is a tape of pieces, each with a byte that says what it is (direction, gap) and two of its length.
 * The same pieces cut to a few bytes must be told alike, refused or not.
 */
#pragma once

#include "base/cursor.h"
#include "proto/record.h"

/* Asked before it is anybody's, of bytes in memory of their own. */
static inline void pdu_fuzz_guess(const struct gw_proto *proto, const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	uint8_t *copy = size ? sk_malloc(size) : NULL;

	if (!copy)
		return;
	memcpy(copy, data, size);
	(void)proto->guess(copy, size, dir, midstream);
	free(copy);
}

static inline void pdu_fuzz_play(struct record *r, const struct gw_proto *proto, const uint8_t *data, size_t size, size_t cut)
{
	struct sk_cursor in;
	uint8_t first;

	sk_cursor_init(&in, data, size);
	first = sk_get_u8(&in);
	record_begin(r, proto, !(proto->over & GW_TCP) || ((first & 2) && proto->over & GW_UDP), first & 1);
	while (!in.bad && sk_cursor_left(&in) > 0 && !r->not_mine) {
		uint8_t what = sk_get_u8(&in);
		size_t length = sk_get_u16(&in);
		enum gw_dir dir = what & 1 ? GW_TO_CLIENT : GW_TO_SERVER;
		const uint8_t *piece;

		if ((what & 6) == 6 && !r->turn.datagram) {
			proto->gap(&r->turn, r->state, dir, length + 1);
			continue;
		}
		length = SK_MIN(length, sk_cursor_left(&in));
		piece = sk_get_bytes(&in, length);
		if (piece && proto->guess)
			pdu_fuzz_guess(proto, piece, length, dir, r->turn.midstream);
		if (piece)
			record_feed(r, dir, piece, length, r->turn.datagram ? SIZE_MAX / 2 : cut);
	}
}

static inline int pdu_fuzz(const struct gw_proto *proto, const uint8_t *data, size_t size)
{
	struct record whole, pieces;

	if (size < 4 || size > 1 << 16)
		return 0;
	pdu_fuzz_play(&whole, proto, data, size, SIZE_MAX / 2);
	pdu_fuzz_play(&pieces, proto, data, size, 1 + data[0] / 16 % 5);
	if (whole.text.size != pieces.text.size || (whole.text.size && memcmp(whole.text.data, pieces.text.data, whole.text.size) != 0))
		__builtin_trap();
	record_end(&whole);
	record_end(&pieces);
	return 0;
}
