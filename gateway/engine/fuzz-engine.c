// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The engine as a wire sees it, with all protocols that are built in and little memory. The input is a tape: a byte says what comes, then what it needs.
 * Either a raw frame, or a TCP segment of one session (so that sequence numbers are near each other and streams, not only the decoder, are reached), or time.
 * Memory stays below its bound and comes back when all is ended.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "engine/engine.h"
#include "flow/sum.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 1 << 20, STEP = 50000000, HEADERS = 54 };
enum { BACK = 1, RAW = 2, LATER = 4, PIECES = 8 };

static const uint16_t ports[] = {5000, 80, 53, 443}; /* of HSMS, HTTP, DNS, TLS */

static void put(struct gw_engine *engine, const uint8_t *bytes, size_t size, uint64_t now, unsigned what, bool mend)
{
	struct gw_packet p = {.size = (uint32_t)size, .time = now, .port = what & BACK ? GW_PORT_A : GW_PORT_B};

	if (size == 0 || !(p.frame = malloc(size)))
		return;
	memcpy(p.frame, bytes, size);
	if (mend) {
		gw_decode(&p, false);
		gw_sum_mend(&p);
	}
	gw_engine_packet(engine, &p);
	free(p.frame);
}

/* A segment of the session between 10.0.0.1 and 10.0.0.2: flags, place in the stream and acknowledgement are the tape's. */
static void segment(struct gw_engine *engine, struct sk_cursor *in, uint64_t now, unsigned what, uint16_t server)
{
	uint8_t frame[HEADERS + 2048] = {0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6};
	struct sk_writer w;
	uint8_t flags = sk_get_u8(in);
	uint32_t seq = 1000 + sk_get_u16(in), ack = 1000 + sk_get_u16(in);
	size_t size = sk_get_u8(in) * (what & PIECES ? 1 : 8);
	const uint8_t *payload;

	if (size > sk_cursor_left(in))
		size = sk_cursor_left(in);
	payload = sk_get_bytes(in, size);
	sk_writer_init(&w, frame + 16, 2);
	sk_put_u16(&w, (uint16_t)(40 + size));
	sk_writer_init(&w, frame + 26, sizeof frame - 26);
	sk_put_u32(&w, what & BACK ? 0x0a000002 : 0x0a000001);
	sk_put_u32(&w, what & BACK ? 0x0a000001 : 0x0a000002);
	sk_put_u16(&w, what & BACK ? server : 40000);
	sk_put_u16(&w, what & BACK ? 40000 : server);
	sk_put_u32(&w, seq);
	sk_put_u32(&w, ack);
	sk_put_u16(&w, (uint16_t)(0x5000 | flags));
	sk_put_u16(&w, 0xffff);
	sk_put_u32(&w, 0);
	sk_put_bytes(&w, payload, payload ? size : 0);
	put(engine, frame, HEADERS + (payload ? size : 0), now, what, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct gw_setup setup = {.midstream = size & 1, .inline_ = true, .messages = true, .memory_max = MEMORY, .event = NULL, .inject = NULL};
	struct gw_engine *engine;
	struct gw_counts counts;
	struct sk_cursor in;
	uint64_t now = 1000000000;
	uint16_t server;

	if (size < 8 || gw_engine_new(&setup, &engine) != 0)
		return 0;
	sk_cursor_init(&in, data, size);
	server = ports[sk_get_u8(&in) % 4];
	while (!in.bad && sk_cursor_left(&in) > 0) {
		uint8_t what = sk_get_u8(&in);

		now += what & LATER ? (uint64_t)(what >> 4) * 20 * STEP : STEP / 1000;
		if (what & LATER)
			gw_engine_tick(engine, now);
		if (what & RAW) {
			size_t length = sk_get_u8(&in);
			const uint8_t *frame = sk_get_bytes(&in, length > sk_cursor_left(&in) ? sk_cursor_left(&in) : length);

			put(engine, frame, frame ? (size_t)(in.data + in.at - frame) : 0, now, what, what & PIECES);
		} else {
			segment(engine, &in, now, what, server);
		}
	}
	gw_engine_counts(engine, &counts);
	if (counts.memory_peak > MEMORY)
		__builtin_trap();
	gw_engine_free(engine);
	return 0;
}
