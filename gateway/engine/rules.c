// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Asking the rules: the packet as it came, the bytes in order, each message. Where the conduit is enforced a rule that drops or rejects ends its flow: nothing of it
 * goes on any more; but one that is about a packet alone drops that packet alone. Elsewhere it is told that it would.
 */
#include "engine/inside.h"

#include "base/mem.h"

/* The packet is looked at before the stream takes it: one that picks a session up counts as of it. */
static bool established(const struct gw_engine *engine, const struct engine_flow *flow)
{
	const struct gw_packet *p = engine->packet;

	return flow->tcp.begun || (engine->setup.midstream && p && (p->flags & (GW_ACK | GW_SYN | GW_RST)) == GW_ACK);
}

/* Of a session that is not picked up, of a SYN, or with a wrong checksum. */
static bool streamless(const struct gw_engine *engine, const struct engine_flow *flow)
{
	const struct gw_packet *p = engine->packet;

	return p && p->transport == 6 && (p->odd & GW_ODD_L4_CHECKSUM || p->flags & GW_SYN || (!flow->tcp.begun && !engine->setup.midstream));
}

static void view_of(struct gw_engine *engine, struct engine_flow *flow, int side, struct gw_rule_view *view)
{
	const struct gw_flow_key *key = &flow->base.key;
	int client = flow->client;

	*view = (struct gw_rule_view){.packet = engine->packet, .dir = side == client ? GW_TO_SERVER : GW_TO_CLIENT, .tracked = true,
		.ip = key->ip, .transport = key->transport, .client = key->addr[client], .server = key->addr[!client],
		.client_port = key->port[client], .server_port = key->port[!client], .proto = flow->proto, .settled = flow->protocol_settled,
		.bytes = {[GW_TO_SERVER] = flow->stream_bytes[client], [GW_TO_CLIENT] = flow->stream_bytes[!client]}};
	view->established = key->transport == 6 ? established(engine, flow) : flow->base.packets[0] && flow->base.packets[1];
	view->streamless = streamless(engine, flow);
	if (engine->packet) {
		view->payload = engine->packet->frame + engine->packet->payload;
		view->payload_size = engine->packet->payload_size;
	}
}

static bool enforced(struct gw_engine *engine, struct engine_flow *flow)
{
	return engine->setup.inline_ && (!engine->setup.policy || engine_ways(engine, flow)->mode == SK_WATCH_ENFORCE);
}

static void tell(struct gw_engine *engine, const struct engine_flow *flow, int side, const struct gw_message *message, const struct gw_rule_result *result, uint32_t from,
	bool stops)
{
	struct gw_event event;

	engine_event_begin(engine, flow, side, GW_EVENT_RULE, &event);
	event.message = message;
	if (flow && engine->setup.policy)
		event.conduit = flow->ways->name;
	for (uint32_t i = from; i < result->count; i++) {
		const struct gw_rule_info *rule = result->alerts[i];

		event.sid = rule->sid;
		event.gid = rule->gid;
		event.rev = rule->rev;
		event.priority = rule->priority;
		event.msg = rule->msg;
		event.classtype = rule->classtype;
		event.reply = result->actions[i] == GW_RULE_REJECT ? GW_REPLY_RESET : GW_REPLY_SILENT;
		event.verdict = result->actions[i] != GW_RULE_DROP && result->actions[i] != GW_RULE_REJECT ? GW_ALLOWED : stops ? GW_REFUSED : GW_WOULD_REFUSE;
		engine_tell(engine, &event);
	}
}

/* Tells what matched, from alert `from` on, and ends the flow where it is to be ended. True: it is. */
static bool conclude(struct gw_engine *engine, struct engine_flow *flow, int side, const struct gw_message *message, const struct gw_rule_result *result, uint32_t from)
{
	if (result->count > from)
		tell(engine, flow, side, message, result, from, enforced(engine, flow));
	if ((result->action != GW_RULE_DROP && result->action != GW_RULE_REJECT) || !enforced(engine, flow))
		return false;
	if (!result->ends)
		return true;
	flow->stopped = true;
	if (result->action == GW_RULE_REJECT)
		engine_reset(engine, flow);
	return true;
}

/* What the rules keep for a flow grows with it; the account follows. */
static void charge(struct gw_engine *engine, struct engine_flow *flow)
{
	size_t size = gw_rule_flow_size(flow->rules);

	if (size < flow->rules_size)
		gw_memory_give(&engine->memory, flow->rules_size - size);
	while (size > flow->rules_size && !gw_memory_take(&engine->memory, size - flow->rules_size))
		if (!gw_flows_evict(engine->flows, &flow->base)) {
			size = flow->rules_size;
			break;
		}
	flow->rules_size = size;
}

void engine_rules_end(struct gw_engine *engine, struct engine_flow *flow)
{
	gw_memory_give(&engine->memory, flow->rules_size);
	flow->rules_size = 0;
	flow->rules = gw_rule_flow_free(flow->rules);
}

bool engine_rules_frame(struct gw_engine *engine, const struct gw_packet *p, uint32_t noted)
{
	struct gw_rule_result *result = &engine->message_result;
	struct gw_rule_view view = {.packet = p, .ip = p->ip, .transport = p->transport, .client = p->src, .server = p->dst, .client_port = p->sport, .server_port = p->dport};
	bool stops;

	if (!engine->rules || !noted)
		return false;
	result->action = GW_RULE_NONE;
	result->ends = false;
	result->count = result->lost = 0;
	gw_rule_frame(engine->rules, &view, noted, result);
	stops = result->count && engine_enforces(engine, p);
	tell(engine, NULL, 0, NULL, result, 0, stops);
	return stops && (result->action == GW_RULE_DROP || result->action == GW_RULE_REJECT);
}

bool engine_rules_packet(struct gw_engine *engine, struct engine_flow *flow, int side)
{
	struct gw_rule_result *result = &engine->rule_result;
	struct gw_rule_view view;

	if (!engine->rules)
		return false;
	if (!flow->rules && gw_rule_flow_new(&flow->rules) != 0)
		flow->rules = NULL; /* judged packet by packet only */
	result->action = GW_RULE_NONE;
	result->ends = false;
	result->count = result->lost = 0;
	view_of(engine, flow, side, &view);
	gw_rule_packet(engine->rules, flow->rules, &view, result);
	if (flow->rules)
		charge(engine, flow);
	return conclude(engine, flow, side, NULL, result, 0);
}

/* A rule alerts once on a packet and on what came in order with it. */
bool engine_rules_stream(struct gw_engine *engine, struct engine_flow *flow, int side, const uint8_t *data, size_t size)
{
	struct gw_rule_result *result = &engine->rule_result;
	struct gw_rule_view view;
	uint32_t from = result->count;

	if (!engine->rules || result->action == GW_RULE_PASS)
		return false;
	result->action = GW_RULE_NONE;
	result->ends = false;
	view_of(engine, flow, side, &view);
	gw_rule_stream(engine->rules, flow->rules, &view, data, size, result);
	if (flow->rules)
		charge(engine, flow);
	return conclude(engine, flow, side, NULL, result, from);
}

bool engine_rules_message(struct gw_engine *engine, struct engine_flow *flow, int side, const struct gw_message *message)
{
	struct gw_rule_result *result = &engine->message_result;
	struct gw_rule_view view;

	if (!engine->rules || (engine->packet && engine->rule_result.action == GW_RULE_PASS))
		return false;
	result->action = GW_RULE_NONE;
	result->ends = false;
	result->count = result->lost = 0;
	view_of(engine, flow, side, &view);
	view.dir = message->dir;
	gw_rule_message(engine->rules, flow->rules, &view, message, result);
	return conclude(engine, flow, side, message, result, 0);
}

void engine_rules_gap(struct engine_flow *flow, int side)
{
	if (flow->rules)
		gw_rule_gap(flow->rules, side == flow->client ? GW_TO_SERVER : GW_TO_CLIENT);
}
