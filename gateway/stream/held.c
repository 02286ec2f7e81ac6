// SPDX-License-Identifier: GPL-3.0-or-later
/* The same segment twice is held once: the copy would be made equal to the first anyway. */
#include "stream/held.h"

#include <string.h>

#include "base/mem.h"
#include "flow/options.h"
#include "flow/sum.h"

struct gw_held {
	struct gw_held *next;
	struct gw_packet packet;
	uint8_t frame[];
};

static size_t size_of(const struct gw_packet *p)
{
	return sizeof(struct gw_held) + p->size;
}

uint32_t gw_held_seq(const struct gw_held *held)
{
	return held->packet.seq;
}

/* The place for a sequence number: behind all that are not later. */
static struct gw_held **place(struct gw_tcp_side *side, uint32_t seq)
{
	struct gw_held **at = &side->held;

	while (*at && (int32_t)((*at)->packet.seq - seq) <= 0)
		at = &(*at)->next;
	return at;
}

static bool there_already(const struct gw_tcp_side *side, const struct gw_packet *p)
{
	for (const struct gw_held *h = side->held; h; h = h->next)
		if (h->packet.seq == p->seq && h->packet.payload_size >= p->payload_size && (h->packet.flags & GW_FIN) == (p->flags & GW_FIN))
			return true;
	return false;
}

bool gw_held_put(struct gw_tcp_side *side, const struct gw_tcp_calls *calls, const struct gw_packet *p)
{
	struct gw_held *held, **at;

	if (there_already(side, p))
		return true;
	if (p->whole || side->held_count >= GW_HELD_MAX || side->held_bytes + p->size > GW_HELD_BYTES_MAX)
		return false;
	while (!gw_memory_take(calls->memory, size_of(p)))
		if (!calls->room(calls->context))
			return false;
	held = sk_malloc(size_of(p));
	if (!held) {
		gw_memory_give(calls->memory, size_of(p));
		return false;
	}
	memcpy(held->frame, p->frame, p->size);
	held->packet = *p;
	held->packet.frame = held->frame;
	at = place(side, p->seq);
	held->next = *at;
	*at = held;
	side->held_count++;
	side->held_bytes += p->size;
	return true;
}

void gw_held_take(struct gw_tcp_side *side, struct gw_memory *memory, struct gw_packet *ret_packet)
{
	struct gw_held *first = side->held;

	side->held = first->next;
	side->held_count--;
	side->held_bytes -= first->packet.size;
	gw_memory_give(memory, size_of(&first->packet));
	*ret_packet = first->packet;
}

static void put32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

void gw_held_renew(const struct gw_tcp *t, struct gw_packet *p, int s)
{
	const struct gw_tcp_side *side = &t->side[s], *other = &t->side[!s];
	uint8_t *stamps = gw_option_find(p, GW_OPTION_STAMPS, 10), *blocks = gw_option_find(p, GW_OPTION_SACK, 2);

	if ((p->flags & GW_ACK) && other->known && (int32_t)(other->acked - p->ack) > 0) {
		p->ack = other->acked;
		put32(p->frame + p->l4 + 8, p->ack);
	}
	p->window = (uint16_t)side->window;
	p->frame[p->l4 + 14] = (uint8_t)(p->window >> 8);
	p->frame[p->l4 + 15] = (uint8_t)p->window;
	if (stamps && (int32_t)(side->stamp - gw_option_u32(stamps + 2)) > 0) {
		put32(stamps + 2, side->stamp);
		put32(stamps + 6, side->stamp_echo);
	}
	if (blocks)
		memset(blocks, 1, blocks[1]);
	gw_sum_mend(p);
}

static uint32_t end_of(const struct gw_held *held)
{
	return held->packet.seq + held->packet.payload_size + !!(held->packet.flags & GW_FIN);
}

unsigned gw_held_blocks(const struct gw_tcp_side *side, uint32_t seq, struct gw_block *out)
{
	unsigned count = 1; /* the first is kept free for the one with `seq` */
	bool found = false;

	for (const struct gw_held *h = side->held; h;) {
		struct gw_block block = {gw_held_seq(h), end_of(h)};

		for (h = h->next; h && (int32_t)(gw_held_seq(h) - block.to) <= 0; h = h->next)
			if ((int32_t)(end_of(h) - block.to) > 0)
				block.to = end_of(h);
		if ((int32_t)(seq - block.from) >= 0 && (int32_t)(seq - block.to) < 0) {
			out[0] = block;
			found = true;
		} else if (count < GW_BLOCKS_MAX) {
			out[count++] = block;
		}
	}
	return found ? count : 0;
}

void gw_held_free(struct gw_held *held)
{
	free(held);
}

void gw_held_end(struct gw_tcp_side *side, struct gw_memory *memory)
{
	while (side->held) {
		struct gw_held *first = side->held;
		struct gw_packet p;

		gw_held_take(side, memory, &p);
		free(first);
	}
}
