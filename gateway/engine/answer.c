// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the engine sends by itself: RST both ways, and a parser's own datagram. Bytes within a stream: shift.c.
 *
 * A receiver takes RST only with the very number it expects (RFC 5961). We know the last byte that went on, not whether it arrived: so a flow that was
 * reset stays known, and whatever either side still sends is answered with an RST that takes its numbers from it.
 */
#include "engine/inside.h"

#include <string.h>

#include "engine/frame.h"

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

void engine_reset(struct gw_engine *engine, struct engine_flow *flow)
{
	const struct gw_packet *p = engine->packet;
	struct gw_segment s = {.flags = GW_RST | GW_ACK, .seq = gw_tcp_number_out(&flow->tcp, engine->side, flow->tcp.side[engine->side].next)};
	uint8_t frame[GW_FRAME_MAX];

	if (flow->reset || !p || p->transport != 6 || !engine->setup.inline_)
		return;
	flow->reset = true;
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
