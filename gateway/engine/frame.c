// SPDX-License-Identifier: GPL-3.0-or-later
/* The link header with its tags is the frame's, turned round where need be; the network and transport headers are the shortest there are. */
#include "engine/frame.h"

#include <netinet/in.h>
#include <string.h>

#include "base/cursor.h"
#include "flow/sum.h"

enum { TTL = 64 };

static void link_header(struct sk_writer *w, const struct gw_packet *after, bool back)
{
	sk_put_bytes(w, after->frame + (back ? 6 : 0), 6);
	sk_put_bytes(w, after->frame + (back ? 0 : 6), 6);
	sk_put_bytes(w, after->frame + 12, after->l3 - 12);
}

static void ip_header(struct sk_writer *w, const struct gw_packet *after, bool back, size_t size)
{
	const uint8_t *src = back ? after->dst.bytes : after->src.bytes, *dst = back ? after->src.bytes : after->dst.bytes;

	if (after->ip == 4) {
		sk_put_u16(w, 0x4500);
		sk_put_u16(w, (uint16_t)(20 + size));
		sk_put_u32(w, 0x00004000); /* not to be fragmented */
		sk_put_u8(w, TTL);
		sk_put_u8(w, after->transport);
		sk_put_u16(w, 0);
		sk_put_bytes(w, src, 4);
		sk_put_bytes(w, dst, 4);
		return;
	}
	sk_put_u32(w, 0x60000000);
	sk_put_u16(w, (uint16_t)size);
	sk_put_u8(w, after->transport);
	sk_put_u8(w, TTL);
	sk_put_bytes(w, src, 16);
	sk_put_bytes(w, dst, 16);
}

/* What was written is read again, which finds the places of the checksums. */
static size_t finish(struct sk_writer *w, const struct gw_packet *after)
{
	struct gw_packet made = {.frame = w->data, .size = (uint32_t)w->at, .port = after->port};

	if (w->bad)
		return 0;
	gw_decode(&made, false);
	gw_sum_mend(&made);
	return w->at;
}

static void options(struct sk_writer *w, const struct gw_segment *s)
{
	if (s->stamped) {
		sk_put_u32(w, 0x0101080a);
		sk_put_u32(w, s->stamp);
		sk_put_u32(w, s->stamp_echo);
	}
	if (s->block_count)
		sk_put_u32(w, 0x01010500 | (2 + 8 * s->block_count));
	for (unsigned i = 0; i < s->block_count; i++) {
		sk_put_u32(w, s->blocks[i].from);
		sk_put_u32(w, s->blocks[i].to);
	}
}

size_t gw_frame_tcp(const struct gw_packet *after, const struct gw_segment *s, uint8_t *out)
{
	uint32_t header = 20 + (s->stamped ? 12 : 0) + (s->block_count ? 4 + 8 * s->block_count : 0);
	struct sk_writer w;

	sk_writer_init(&w, out, GW_FRAME_MAX);
	link_header(&w, after, s->back);
	ip_header(&w, after, s->back, header + s->size);
	sk_put_u16(&w, s->back ? after->dport : after->sport);
	sk_put_u16(&w, s->back ? after->sport : after->dport);
	sk_put_u32(&w, s->seq);
	sk_put_u32(&w, s->ack);
	sk_put_u8(&w, (uint8_t)(header / 4 << 4));
	sk_put_u8(&w, s->flags);
	sk_put_u16(&w, s->window);
	sk_put_u32(&w, 0);
	options(&w, s);
	sk_put_bytes(&w, s->data, s->size);
	return finish(&w, after);
}

size_t gw_frame_udp(const struct gw_packet *after, bool back, const void *data, size_t size, uint8_t *out)
{
	struct sk_writer w;

	sk_writer_init(&w, out, GW_FRAME_MAX);
	link_header(&w, after, back);
	ip_header(&w, after, back, 8 + size);
	sk_put_u16(&w, back ? after->dport : after->sport);
	sk_put_u16(&w, back ? after->sport : after->dport);
	sk_put_u16(&w, (uint16_t)(8 + size));
	sk_put_u16(&w, 0xffff);
	sk_put_bytes(&w, data, size);
	return finish(&w, after);
}
