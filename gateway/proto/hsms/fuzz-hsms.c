// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * HSMS sessions: the input is a tape of pieces. A byte says what comes (direction, a gap, a pause, a refusal, how the piece is cut), the next two
 * how long it is. The same pieces cut to single bytes must be told alike.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "proto/hsms/session.h"
#include "proto/hsms/tape.h"

extern const struct gw_proto gw_proto_hsms;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DIR = 1, GAP = 2, PAUSE = 4, FIN = 8 };

static void play(struct tape *tape, const uint8_t *data, size_t size, size_t cut)
{
	struct hsms_session *session = sk_calloc(1, sizeof(*session));
	struct sk_cursor in;
	uint8_t first;

	if (!session)
		return;
	sk_cursor_init(&in, data, size);
	first = sk_get_u8(&in);
	tape_begin(tape, &gw_proto_hsms, first & 1);
	tape->refuse = first & 2 ? "S7F3" : first & 4 ? "S2F41" : NULL;
	tape->refuse_head = first & 8;
	tape->reply = GW_REPLY_NATIVE;
	gw_proto_hsms.begin(session, &tape->turn);
	while (!in.bad && sk_cursor_left(&in) > 0 && !tape->not_mine) {
		uint8_t what = sk_get_u8(&in);
		size_t length = sk_get_u16(&in);
		enum gw_dir dir = what & DIR ? GW_TO_CLIENT : GW_TO_SERVER;
		const uint8_t *piece = what & GAP ? NULL : sk_get_bytes(&in, SK_MIN(length, sk_cursor_left(&in)));

		length = piece ? (size_t)(in.data + in.at - piece) : length;
		if (what & GAP && length)
			gw_proto_hsms.gap(&tape->turn, session, dir, length);
		for (size_t at = 0; piece && at < length; at += cut)
			tape_data(tape, session, dir, piece + at, SK_MIN(cut, length - at));
		if (what & PAUSE) {
			tape->turn.now += 11000000000;
			gw_proto_hsms.tick(&tape->turn, session);
		}
		if (what & FIN)
			gw_proto_hsms.fin(&tape->turn, session, dir);
	}
	gw_proto_hsms.end(session);
	free(session);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tape whole, pieces;

	if (size < 4 || size > 1 << 18)
		return 0;
	play(&whole, data, size, SIZE_MAX / 2);
	play(&pieces, data, size, 1 + data[0] / 16 % 3);
	if (whole.text.size != pieces.text.size || (whole.text.size && memcmp(whole.text.data, pieces.text.data, whole.text.size) != 0))
		__builtin_trap();
	sk_buf_done(&whole.text);
	sk_buf_done(&pieces.text);
	return 0;
}
