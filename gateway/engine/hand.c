// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Handing a flow to who judges by headers alone: when nothing about its stream is open, its parser stands between two messages, and no rule could end it. Whoever it is
 * shows us every segment all the same, so nothing is forgotten here meanwhile.
 */
#include "engine/inside.h"

#include "base/mem.h"

static bool stream_is_plain(const struct gw_tcp *tcp)
{
	for (int s = 0; s < 2; s++) {
		const struct gw_tcp_side *side = &tcp->side[s];

		if (!side->known || !side->port || side->fin || side->fin_told || side->stopped || side->pending || side->held)
			return false;
		if ((int32_t)(side->ack_seen - side->next) > 0)
			return false;
	}
	return tcp->begun && !tcp->shift && !tcp->keyed && tcp->side[0].port != tcp->side[1].port;
}

/* Asked once a flow and rule set: it walks all rules. */
static bool rules_let(struct gw_engine *engine, struct engine_flow *flow)
{
	if (!engine->setup.rules)
		return true;
	if (flow->rules_asked != engine->policy_serial + 1) {
		flow->rules_asked = engine->policy_serial + 1;
		flow->rules_stop = gw_rules_may_stop(engine->setup.rules, flow->proto, flow->base.key.port);
	}
	return !flow->rules_stop;
}

void engine_hand(struct gw_engine *engine, struct engine_flow *flow, int side)
{
	struct gw_handing handing = {.flow = engine->packet->flow};
	struct gw_stand stand;

	if (flow->base.key.transport != 6 || !flow->state || !flow->proto->by_header || engine->setup.judge || !engine->setup.inline_)
		return;
	if (flow->shift || flow->cutting[0] || flow->cutting[1])
		return;
	if (flow->stopped || flow->reset || !stream_is_plain(&flow->tcp) || !rules_let(engine, flow) || !flow->proto->by_header->stands(flow->state, &stand))
		return;
	for (int i = 0; i < 2; i++) {
		int s = i ? !side : side, dir = s == flow->client ? GW_TO_SERVER : GW_TO_CLIENT;
		const struct gw_tcp_side *at = &flow->tcp.side[s];

		handing.side[i] = (struct gw_handed_side){.next = at->next, .acked = at->acked, .left = stand.left[dir], .port = (enum gw_port)(at->port - 1), .role = stand.role[dir]};
	}
	handing.proto = flow->proto;
	handing.ways = engine_ways(engine, flow)->index;
	engine->setup.hand(engine->setup.context, &handing);
}
