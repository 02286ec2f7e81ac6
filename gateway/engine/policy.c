// SPDX-License-Identifier: GPL-3.0-or-later
/* Asking the policy: which conduit a flow lies in, whether its protocol may be spoken there, and each message. */
#include "engine/inside.h"

#include <string.h>

static struct gw_tuple tuple_of(const struct engine_flow *flow)
{
	const struct gw_flow_key *key = &flow->base.key;

	return (struct gw_tuple){.ip = key->ip, .transport = key->transport, .vlan = key->vlan[0], .port = key->port[!flow->client],
		.client = key->addr[flow->client], .server = key->addr[!flow->client]};
}

const struct gw_ways *engine_ways(struct gw_engine *engine, struct engine_flow *flow)
{
	struct gw_tuple tuple;

	if (flow->ways && flow->policy_serial == engine->policy_serial && flow->ways_client == flow->client)
		return flow->ways;
	tuple = tuple_of(flow);
	flow->ways = gw_policy_conduit(engine->setup.policy, &tuple);
	flow->ways_client = flow->client;
	flow->policy_serial = engine->policy_serial;
	return flow->ways;
}

/* The conduit of a packet whose sender is the client, or else the server. */
static const struct gw_ways *conduit_of(const struct gw_engine *engine, const struct gw_packet *p, bool from_client)
{
	struct gw_tuple way = {.ip = p->ip, .transport = p->transport, .vlan = p->vlan[0], .port = from_client ? p->dport : p->sport,
		.client = from_client ? p->src : p->dst, .server = from_client ? p->dst : p->src};

	return gw_policy_conduit(engine->setup.policy, &way);
}

bool engine_enforces(const struct gw_engine *engine, const struct gw_packet *p)
{
	return engine->setup.inline_ && (!engine->setup.policy || conduit_of(engine, p, true)->mode == SK_WATCH_ENFORCE || conduit_of(engine, p, false)->mode == SK_WATCH_ENFORCE);
}

/* Either side may have opened what cannot be remembered: the conduit must let it be both ways. */
bool engine_passes_unjudged(const struct gw_engine *engine, const struct gw_packet *p)
{
	for (int i = 0; i < 2; i++) {
		const struct gw_ways *conduit = conduit_of(engine, p, i == 0);

		if (conduit->mode == SK_WATCH_ENFORCE && (conduit->action == SK_FLOW_DROP || conduit->failure == SK_FAIL_CLOSED))
			return false;
	}
	return true;
}

static void take_opinion(struct gw_engine *engine, const struct engine_flow *flow, const struct gw_opinion *o, struct gw_event *event)
{
	event->conduit = flow->ways->name;
	event->line = o->line;
	event->why = o->why[0] ? o->why : NULL;
	event->reply = o->reply;
	event->verdict = !o->refused ? GW_ALLOWED : o->ruling == GW_REFUSE && engine->setup.inline_ ? GW_REFUSED : GW_WOULD_REFUSE;
}

void engine_judge(struct gw_engine *engine, struct engine_flow *flow, const struct gw_message *message, struct gw_event *event, enum gw_ruling *ret_ruling)
{
	struct gw_opinion *opinion = &engine->opinion;
	enum gw_ruling ruling = GW_LET;
	struct gw_tuple tuple;

	event->reply = GW_REPLY_RESET;
	if (engine->setup.judge)
		ruling = engine->setup.judge(engine->setup.context, event, &event->reply);
	if (ruling == GW_REFUSE) {
		event->verdict = engine->setup.inline_ ? GW_REFUSED : GW_WOULD_REFUSE;
	} else if (engine->setup.policy) {
		tuple = tuple_of(flow);
		gw_policy_message(engine->setup.policy, engine_ways(engine, flow), &tuple, flow->proto, message, engine->now, opinion);
		take_opinion(engine, flow, opinion, event);
	}
	*ret_ruling = event->verdict == GW_REFUSED ? GW_REFUSE : GW_LET;
}

enum gw_ruling engine_judge_framing(struct gw_engine *engine, struct engine_flow *flow, struct gw_event *event)
{
	struct gw_opinion *opinion = &engine->opinion;

	if (!engine->setup.policy)
		return GW_LET;
	gw_policy_framing(engine->setup.policy, engine_ways(engine, flow), event->word, engine->now, opinion);
	take_opinion(engine, flow, opinion, event);
	return event->verdict == GW_REFUSED ? GW_REFUSE : GW_LET;
}

bool engine_protocol_lawful(struct gw_engine *engine, struct engine_flow *flow, int side)
{
	struct gw_opinion *opinion = &engine->opinion;
	struct gw_event event;

	if (!engine->setup.policy)
		return true;
	gw_policy_protocol(engine->setup.policy, engine_ways(engine, flow), flow->proto, engine->now, opinion);
	if (!opinion->refused)
		return true;
	engine_event_begin(engine, flow, side, GW_EVENT_ODD, &event);
	event.word = "protocol-not-allowed";
	take_opinion(engine, flow, opinion, &event);
	engine_tell(engine, &event);
	if (event.verdict != GW_REFUSED)
		return true;
	if (opinion->reply == GW_REPLY_RESET)
		engine_reset(engine, flow);
	return false;
}
