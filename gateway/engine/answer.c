// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the engine sends by itself: RST both ways, a refusal as the last thing that is said in a session, the stream's own segments, and a parser's own datagram. Which bytes
 * of ours stand within a stream: shift.c.
 *
 * A receiver takes RST only with the very number it expects (RFC 5961). We know the last byte that went on, not whether it arrived: so a flow that was
 * reset stays known, and whatever either side still sends is answered with an RST that takes its numbers from it.
 */
#include "engine/inside.h"

#include <string.h>

#include "engine/frame.h"
#include "flow/options.h"

void engine_send(struct gw_engine *engine, unsigned pair, enum gw_port to, const uint8_t *frame, size_t size)
{
	if (!size || !engine->setup.inject)
		return;
	engine->counts.injected++;
	engine->setup.inject(engine->setup.context, pair, to, frame, size);
}

static enum gw_port other_port(enum gw_port port)
{
	return port == GW_PORT_A ? GW_PORT_B : GW_PORT_A;
}

static uint32_t length_of(const struct gw_packet *p)
{
	return p->payload_size + !!(p->flags & (GW_SYN | GW_FIN));
}

void engine_reset_sender(struct gw_engine *engine, const struct gw_packet *p)
{
	struct gw_segment s = {.back = true, .flags = GW_RST | GW_ACK, .seq = p->ack_said, .ack = p->seq + length_of(p)};
	uint8_t frame[GW_FRAME_MAX];

	if (!(p->flags & GW_RST))
		engine_send(engine, p->pair, p->port, frame, gw_frame_tcp(p, &s, frame));
}

/* The time stamps of a segment (RFC 7323), for an answer to it: what it echoes was the last of the side in whose name we speak. */
static void stamp_after(const struct gw_packet *p, struct gw_segment *s)
{
	const uint8_t *option = gw_option_find(p, GW_OPTION_STAMPS, 10);

	if (!option)
		return;
	s->stamped = true;
	s->stamp_echo = gw_option_u32(option + 2);
	s->stamp = gw_option_u32(option + 6);
}

/* Of a session that is not shifted, only while one of its packets is in hand. */
void engine_own(void *context, int side, const struct gw_tcp_own *own)
{
	struct gw_engine *engine = context;
	const struct engine_shift *shift = engine->flow->shift;
	const struct gw_packet *after = shift ? &shift->model : engine->packet;
	struct gw_segment s = {.flags = own->flags, .window = own->window, .seq = own->seq, .ack = own->ack, .stamped = own->stamped, .stamp = own->stamp,
		.stamp_echo = own->stamp_echo, .blocks = own->blocks, .block_count = own->block_count, .data = own->data, .size = own->size};
	uint8_t frame[GW_FRAME_MAX];

	if (!after)
		return;
	s.back = side != (shift ? shift->model_side : engine->side);
	engine_send(engine, after->pair, s.back ? after->port : other_port(after->port), frame, gw_frame_tcp(after, &s, frame));
}

void engine_last_words(struct gw_engine *engine, struct engine_flow *flow, const void *bytes, size_t size)
{
	const struct gw_packet *p = engine->packet;
	int as = !engine->side;
	struct gw_segment s = {.back = true, .flags = GW_FIN | GW_PSH | GW_ACK, .window = 1024, .data = bytes, .size = size};
	uint8_t frame[GW_FRAME_MAX];

	if (flow->reset || !p || p->transport != 6 || p->whole || !engine->setup.inline_ || p->flags & GW_RST || flow->tcp.side[as].fin_told)
		return;
	s.seq = gw_tcp_number_out(&flow->tcp, as, flow->tcp.side[as].next);
	s.ack = p->seq + length_of(p);
	stamp_after(p, &s);
	engine_send(engine, p->pair, p->port, frame, gw_frame_tcp(p, &s, frame));
	flow->worded = true;
	engine->counts.answered++;
}

void engine_reset(struct gw_engine *engine, struct engine_flow *flow)
{
	const struct gw_packet *p = engine->packet;
	struct gw_segment s = {.flags = GW_RST | GW_ACK, .seq = gw_tcp_number_out(&flow->tcp, engine->side, flow->tcp.side[engine->side].next)};
	uint8_t frame[GW_FRAME_MAX];

	if (flow->reset || !p || p->transport != 6 || !engine->setup.inline_)
		return;
	flow->reset = true;
	if (!flow->worded) /* else its connection is closed: what it still sends gets RST */
		engine_reset_sender(engine, p);
	s.ack = p->ack;
	engine_send(engine, p->pair, other_port(p->port), frame, gw_frame_tcp(p, &s, frame));
}

bool engine_answer(struct gw_engine *engine, struct engine_flow *flow, int side, const void *bytes, size_t size)
{
	const struct gw_packet *p = engine->packet;
	bool back = p && side != engine->side;
	uint8_t frame[GW_FRAME_MAX];
	size_t made;

	if (!p || flow->base.key.transport != 17)
		return false;
	made = gw_frame_udp(p, back, bytes, size, frame);
	engine_send(engine, p->pair, back ? p->port : other_port(p->port), frame, made);
	return made;
}
