// SPDX-License-Identifier: GPL-3.0-or-later
/* Filling what all events have in common, and handing them over. */
#include "engine/inside.h"

const char *const gw_event_kind_names[GW_EVENT_KINDS] = {"message", "rule", "odd", "flow", "answer"};
const char *const gw_verdict_names[] = {"allowed", "would-refuse", "refused"};

static void of_packet(const struct gw_packet *p, struct gw_event *e)
{
	e->ip = p->ip;
	e->transport = p->transport;
	e->client = p->src;
	e->server = p->dst;
	e->client_port = p->sport;
	e->server_port = p->dport;
	e->vlan = p->vlan[0];
}

static void of_flow(const struct engine_flow *f, int side, struct gw_event *e)
{
	const struct gw_flow_key *key = &f->base.key;
	int client = f->client;

	e->ip = key->ip;
	e->transport = key->transport;
	e->client = key->addr[client];
	e->server = key->addr[!client];
	e->client_port = key->port[client];
	e->server_port = key->port[!client];
	e->vlan = key->vlan[0];
	e->dir = side == client ? GW_TO_SERVER : GW_TO_CLIENT;
	e->midstream = f->midstream;
	e->proto = f->proto;
}

void engine_event_begin(struct gw_engine *engine, const struct engine_flow *flow, int side, enum gw_event_kind kind, struct gw_event *ret_event)
{
	*ret_event = (struct gw_event){.kind = kind, .time = engine->now, .packet = engine->counts.packets};
	if (flow)
		of_flow(flow, side, ret_event);
	else if (engine->packet)
		of_packet(engine->packet, ret_event);
}

void engine_tell(struct gw_engine *engine, const struct gw_event *event)
{
	if (engine->setup.event)
		engine->setup.event(engine->setup.context, event);
}

void engine_tell_odd(struct gw_engine *engine, const struct engine_flow *flow, int side, const char *word, bool dropped)
{
	struct gw_event event;

	engine_event_begin(engine, flow, side, GW_EVENT_ODD, &event);
	event.word = word;
	event.verdict = dropped ? engine->setup.inline_ ? GW_REFUSED : GW_WOULD_REFUSE : GW_ALLOWED;
	engine_tell(engine, &event);
}
