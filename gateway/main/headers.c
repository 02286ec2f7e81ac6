// SPDX-License-Identifier: GPL-3.0-or-later
/* The order is what matters: take back, read the copies, judge, give back, hand over. */
#include "main/headers.h"

#include <string.h>

void gw_headers_tables(struct gw_headers *h, const struct gw_head_tables *tables)
{
	gw_headers_read(h);
	h->tables = tables;
	if (h->judge)
		gw_judge_heads(h->judge, tables ? tables->tables : NULL, tables ? tables->count : 0);
}

static void show(struct gw_headers *h)
{
	const struct gw_mirrored *copy = &h->copy;
	struct gw_packet packet = {.frame = h->frame, .size = copy->size, .time = h->epoch + copy->time, .port = (enum gw_port)(copy->port & 1), .pair = copy->port / 2u,
		.flow = copy->flow, .sender = (enum gw_sender)copy->opener};
	uint64_t diverged = h->diverged;

	memcpy(h->frame, copy->frame, copy->size);
	h->judged++;
	h->last = packet.time;
	gw_engine_tick(h->engine, packet.time); /* what time alone brings is not this copy's */
	h->showing = true;
	if (gw_engine_packet(h->engine, &packet) != GW_FATE_PASS || packet.size != copy->size || memcmp(h->frame, copy->frame, copy->size) != 0)
		h->diverged++;
	h->showing = false;
	if (h->diverged != diverged)
		gw_judge_take_back(h->judge, copy->flow);
}

void gw_headers_read(struct gw_headers *h)
{
	while (h->judge && gw_judge_next(h->judge, &h->copy))
		show(h);
}

void gw_headers_before(struct gw_headers *h, uint64_t flow)
{
	if (!h->judge)
		return;
	gw_judge_take_back(h->judge, flow);
	gw_headers_read(h);
	h->handed = false;
}

void gw_headers_hand(struct gw_headers *h, const struct gw_handing *handing)
{
	if (h->showing || !h->judge || !h->tables)
		return;
	h->handing = *handing;
	h->handed = true;
}

void gw_headers_after(struct gw_headers *h, unsigned opener, unsigned pair, uint64_t since)
{
	const struct gw_handing *from = &h->handing;
	struct gw_judge_flow flow = {.flow = from->flow, .since = since};
	int heads;

	if (!h->handed || opener == GW_OPENER_UNKNOWN)
		return;
	h->handed = false;
	flow.framing = (uint8_t)from->proto->by_header->framing;
	heads = gw_head_tables_find(h->tables, from->ways, from->proto->by_header->framing);
	if (heads < 0)
		return;
	flow.heads = (uint16_t)heads;
	for (int i = 0; i < 2; i++) {
		const struct gw_handed_side *side = &from->side[i];

		flow.side[opener == GW_OPENER_SENDER ? i : !i] = (struct gw_judge_side){.next = side->next, .acked = side->acked, .left = side->left,
			.port = (uint8_t)(2 * pair + (unsigned)side->port), .role = side->role == GW_ROLE_EQUIPMENT};
	}
	gw_judge_hand(h->judge, &flow);
}

bool gw_headers_late(struct gw_headers *h)
{
	h->diverged += h->showing;
	return h->showing;
}
