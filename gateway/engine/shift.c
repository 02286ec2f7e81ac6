// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A parser's own refusal within a TCP session. The refused message was taken out by the stream (turn.c asks it to); here the answer waits until the side that is to have said it is
 * between two of its own messages, and is put in there.
 *
 * From then on the two sides count differently, and the session lives only as long as this engine. Whoever runs the engine is told, and is handed two wills: frames that
 * reset the session, one for each side, made anew as its numbers go on. They are sent when the engine is gone; the next engine is told of the
 * session's packets (gw_packet.orphan) and answers each with RST, until both sides have given up.
 */
#include "engine/inside.h"

#include <string.h>

#include "base/mem.h"
#include "engine/frame.h"

#define MS 1000000ull
enum { SILENT_MS = 200, WAIT_MS = 5000, WILL_MAX = 128 };

static enum gw_port other_port(enum gw_port port)
{
	return port == GW_PORT_A ? GW_PORT_B : GW_PORT_A;
}

/* Where what `side` says goes out. */
static enum gw_port port_of(const struct engine_shift *shift, int side)
{
	return side == shift->model_side ? other_port(shift->model.port) : shift->model.port;
}

static void describe(const struct engine_flow *flow, struct gw_shifted *ret_shifted)
{
	const struct gw_flow_key *key = &flow->base.key;
	int client = flow->client;

	*ret_shifted = (struct gw_shifted){.flow = flow->shift->model.flow, .pair = flow->shift->model.pair, .ip = key->ip,
		.client = key->addr[client], .server = key->addr[!client], .client_port = key->port[client], .server_port = key->port[!client]};
}

static size_t make_reset(const struct engine_flow *flow, int to, uint8_t *frame)
{
	const struct gw_tcp *tcp = &flow->tcp;
	struct gw_segment s = {.back = to == flow->shift->model_side, .flags = GW_RST | GW_ACK,
		.seq = gw_tcp_number_out(tcp, !to, tcp->side[!to].next + tcp->side[!to].fin_told), .ack = tcp->side[to].next + tcp->side[to].fin_told};

	return gw_frame_tcp(&flow->shift->model, &s, frame);
}

static bool tell(struct gw_engine *engine, struct engine_flow *flow, enum gw_shift_step step)
{
	static uint8_t wills[2][GW_FRAME_MAX];
	struct gw_shifted shifted;

	if (!engine->setup.shifted)
		return true;
	describe(flow, &shifted);
	for (int side = 0; side < 2 && step != GW_SHIFT_OVER; side++) {
		enum gw_port to = port_of(flow->shift, !side);

		shifted.will[to].frame = wills[side];
		shifted.will[to].size = make_reset(flow, side, wills[side]);
	}
	return engine->setup.shifted(engine->setup.context, step, &shifted);
}

/* Numbers that the wills were last made of. True: they are others now. */
static bool numbers_changed(struct engine_flow *flow)
{
	const struct gw_tcp *tcp = &flow->tcp;
	uint32_t now[4];

	for (int side = 0; side < 2; side++) {
		now[side] = tcp->side[side].next + tcp->side[side].fin_told;
		now[2 + side] = gw_tcp_number_out(tcp, side, now[side]);
	}
	if (memcmp(now, flow->shift->told, sizeof now) == 0)
		return false;
	memcpy(flow->shift->told, now, sizeof now);
	return true;
}

static void keep_model(struct gw_engine *engine, struct engine_flow *flow, const struct gw_packet *p)
{
	struct engine_shift *shift = flow->shift;

	shift->model = *p;
	shift->model_side = engine->side;
	memcpy(shift->link, p->frame, SK_MIN(p->l3, (uint32_t)GW_LINK_MAX));
	shift->model.frame = shift->link;
}

bool engine_shift_begin(void *context)
{
	struct gw_engine *engine = context;
	struct engine_flow *flow = engine->flow;
	const struct gw_packet *p = engine->packet;
	struct engine_shift *shift;
	struct gw_event event;

	if (flow->shift)
		return true;
	if (!p || p->l3 > GW_LINK_MAX || p->whole || !engine->setup.inject || !gw_memory_take(&engine->memory, sizeof *shift))
		return false;
	shift = sk_calloc(1, sizeof *shift);
	flow->shift = shift;
	if (shift) {
		shift->flow = flow;
		keep_model(engine, flow, p);
	}
	if (!shift || !tell(engine, flow, GW_SHIFT_BEGINS)) {
		flow->shift = NULL;
		free(shift);
		gw_memory_give(&engine->memory, sizeof *shift);
		return false;
	}
	shift->next = engine->shifted;
	shift->at = &engine->shifted;
	if (shift->next)
		shift->next->at = &shift->next;
	engine->shifted = shift;
	engine->counts.shifted_now++;
	engine_event_begin(engine, flow, engine->side, GW_EVENT_ANSWER, &event);
	engine_tell(engine, &event);
	return true;
}

/* ---- answers wait for the end of a message ---- */

/*
 * Of a session picked up later nobody knows whether a side that has not spoken since was in the middle of something; after a
 * fifth of a second of silence it was not: what is sent comes in one piece, or at once after it.
 */
bool engine_between(const struct gw_engine *engine, const struct engine_flow *flow, int side, uint64_t since)
{
	if (flow->said[side])
		return flow->said_end[side] == flow->tcp.side[side].next;
	return flow->stream_bytes[side] == 0 && (!flow->midstream || engine->now >= since + SILENT_MS * MS);
}

static bool put_in(struct gw_engine *engine, struct engine_flow *flow, int side, uint32_t at)
{
	struct engine_shift *shift = flow->shift;

	for (unsigned i = 0; i < shift->waiting_count;) {
		if (shift->waiting[i].side != side) {
			i++;
			continue;
		}
		if (!gw_tcp_insert(&flow->tcp, &engine->calls, side, at, shift->waiting[i].bytes, shift->waiting[i].size))
			return false;
		engine->counts.answered++;
		shift->waiting_count--;
		memmove(&shift->waiting[i], &shift->waiting[i + 1], (shift->waiting_count - i) * sizeof shift->waiting[0]);
	}
	return true;
}

bool engine_shift_answer(struct gw_engine *engine, struct engine_flow *flow, int side, bool in_hand, const void *bytes, size_t size)
{
	struct engine_shift *shift = flow->shift;

	if (!shift || size > GW_ANSWER_MAX || shift->waiting_count == GW_WAITING_MAX)
		return false;
	shift->waiting[shift->waiting_count].side = (uint8_t)side;
	shift->waiting[shift->waiting_count].size = (uint16_t)size;
	shift->waiting[shift->waiting_count].since = engine->now;
	memcpy(shift->waiting[shift->waiting_count++].bytes, bytes, size);
	if (!in_hand && engine_between(engine, flow, side, engine->now))
		return put_in(engine, flow, side, flow->tcp.side[side].next);
	return true;
}

bool engine_shift_boundary(struct gw_engine *engine, struct engine_flow *flow, int side, uint32_t at)
{
	return !flow->shift || put_in(engine, flow, side, at);
}

/* False: an answer has waited for too long, or nobody takes one. */
static bool waiting_tick(struct gw_engine *engine, struct engine_flow *flow)
{
	struct engine_shift *shift = flow->shift;

	for (unsigned i = 0; i < shift->waiting_count; i++) {
		int side = shift->waiting[i].side;

		if (engine_between(engine, flow, side, shift->waiting[i].since))
			return put_in(engine, flow, side, flow->tcp.side[side].next);
		if (engine->now >= shift->waiting[i].since + WAIT_MS * MS)
			return false;
	}
	return true;
}

/* ---- time, and the end ---- */

static void reset_both(struct gw_engine *engine, struct engine_flow *flow)
{
	uint8_t frame[GW_FRAME_MAX];

	for (int side = 0; side < 2; side++)
		engine_send(engine, flow->shift->model.pair, port_of(flow->shift, !side), frame, make_reset(flow, side, frame));
}

void engine_shift_after(struct gw_engine *engine, struct engine_flow *flow)
{
	if (!flow->shift)
		return;
	if (engine->packet && !engine->packet->whole && engine->packet->l3 <= GW_LINK_MAX)
		keep_model(engine, flow, engine->packet);
	if (numbers_changed(flow))
		tell(engine, flow, GW_SHIFT_WILLS);
}

void engine_shift_tick(struct gw_engine *engine)
{
	struct engine_flow *before = engine->flow;

	for (struct engine_shift *shift = engine->shifted; shift; shift = shift->next) {
		struct engine_flow *flow = shift->flow;

		engine->flow = flow;
		if (!flow->reset && (!waiting_tick(engine, flow) || !gw_tcp_tick(&flow->tcp, &engine->calls, engine->now))) {
			reset_both(engine, flow);
			flow->reset = true;
		}
		if (numbers_changed(flow))
			tell(engine, flow, GW_SHIFT_WILLS);
	}
	engine->flow = before;
}

void engine_shift_end(struct gw_engine *engine, struct engine_flow *flow, bool broken)
{
	struct engine_shift *shift = flow->shift;

	if (!shift)
		return;
	if (broken && !flow->reset)
		reset_both(engine, flow);
	tell(engine, flow, GW_SHIFT_OVER);
	*shift->at = shift->next;
	if (shift->next)
		shift->next->at = shift->at;
	flow->shift = NULL;
	free(shift);
	gw_memory_give(&engine->memory, sizeof *shift);
	engine->counts.shifted_now--;
}

bool engine_shift_orphan(struct gw_engine *engine, struct engine_flow *flow, int side)
{
	const struct gw_packet *p = engine->packet;
	struct gw_shifted shifted = {.flow = p->flow, .pair = p->pair};

	if ((p->flags & (GW_SYN | GW_ACK)) == GW_SYN) { /* on the same ports a session begins that no engine knows */
		if (engine->setup.shifted)
			engine->setup.shifted(engine->setup.context, GW_SHIFT_OVER, &shifted);
		return false;
	}
	if (!flow->reset) {
		flow->reset = true;
		engine->counts.orphans++;
		engine_tell_odd(engine, flow, side, "engine-gone", true);
	}
	engine_reset_sender(engine, p);
	return true;
}
