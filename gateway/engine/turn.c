// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Finding the parser of a flow, handing it bytes, and what it may ask meanwhile.
 *
 * A refused message: rewritten by its parser, it goes on in its new shape. Else it is taken out of the stream (stream/shift.h) and the session goes on behind it, with the
 * parser's own refusal in the other direction where the policy asks for it. That cannot be when some of the message has gone on in earlier segments: then the segment it ends in
 * does not go on, nor anything later of that direction, so that the receiver never gets its last byte, and both sides are reset; likewise where the policy asks for a reset. Where it
 * asks for the protocol's refusal, and the other side is between two messages, that is the last thing the sender hears, and its connection is closed behind it.
 */
#include "engine/inside.h"

#include <string.h>

#include "base/mem.h"

#define USUAL_T5 UINT64_C(10000000000)

struct turn {
	struct gw_turn base; /* first: parsers are handed this */
	struct gw_engine *engine;
	struct engine_flow *flow;
	int side;
	uint8_t *data;
	size_t size, gone; /* of `data`; how much of it went on in earlier segments */
	uint32_t first;    /* of a stream: the number of data[0] */
	bool pending;      /* data[from..to) was refused: to be taken out unless it is rewritten */
	bool open;         /* and what follows, up to the end of the message */
	size_t from, to;
	unsigned refused;  /* messages refused that could be neither rewritten nor taken out */
	bool changed, reset, not_mine;
	bool stopped;      /* by a rule */
};

static enum gw_dir dir_of(const struct engine_flow *flow, int side)
{
	return side == flow->client ? GW_TO_SERVER : GW_TO_CLIENT;
}

static void tell_message(struct turn *t, const struct gw_event *event)
{
	if (event->verdict != GW_ALLOWED)
		t->engine->counts.refused++;
	if (event->verdict != GW_ALLOWED || t->engine->setup.messages)
		engine_tell(t->engine, event);
}

static void cannot(struct turn *t)
{
	t->refused++;
	t->reset = true;
}

static void take_out(struct turn *t)
{
	if (!t->pending)
		return;
	t->pending = false;
	if (t->refused == 0 && t->to > t->from &&
	    !gw_tcp_cut(&t->flow->tcp, &t->engine->calls, t->engine->packet, t->side, t->first + (uint32_t)t->from, t->first + (uint32_t)t->to))
		cannot(t);
}

/* The part of the message that is here, when none of it has gone on. */
static void refuse(struct turn *t, const struct gw_message *message, enum gw_reply reply)
{
	size_t end = t->size - message->back;

	if (t->flow->base.key.transport != 6 || reply == GW_REPLY_RESET || dir_of(t->flow, t->side) != message->dir) {
		t->refused++;
		t->reset |= reply == GW_REPLY_RESET;
		return;
	}
	if (!t->open) {
		if (message->size > end - t->gone) {
			cannot(t);
			return;
		}
		t->from = end - message->size;
	}
	t->to = end;
	t->pending = true;
	t->open = !message->whole;
}

/* A message ends here: one that was refused by its header has been taken out so far, whatever is said of its whole. */
static bool note_end(struct turn *t, const struct gw_message *message)
{
	bool cut = t->open;

	if (dir_of(t->flow, t->side) != message->dir)
		return false;
	t->flow->said[t->side] = true;
	t->flow->said_end[t->side] = t->first + (uint32_t)(t->size - message->back);
	return cut;
}

static enum gw_ruling say(struct gw_turn *base, const struct gw_message *message, enum gw_reply *ret_reply)
{
	struct turn *t = (struct turn *)base;
	enum gw_ruling ruling;
	struct gw_event event;
	bool cut = false;

	if (!t->open)
		take_out(t);
	engine_event_begin(t->engine, t->flow, t->side, GW_EVENT_MESSAGE, &event);
	event.dir = message->dir;
	event.message = message;
	if (message->whole) {
		t->engine->counts.messages++;
		cut = note_end(t, message);
	}
	t->stopped |= engine_rules_message(t->engine, t->flow, t->side, message);
	engine_judge(t->engine, t->flow, message, &event, &ruling);
	tell_message(t, &event);
	if (ruling == GW_LET && !cut) {
		if (message->whole && !engine_shift_boundary(t->engine, t->flow, t->side, t->flow->said_end[t->side]))
			cannot(t);
		return GW_LET;
	}
	if (ruling == GW_LET)
		event.reply = GW_REPLY_SILENT;
	refuse(t, message, event.reply);
	*ret_reply = event.reply;
	return GW_REFUSE;
}

static bool rewrite(struct gw_turn *base, size_t back, const void *bytes, size_t size)
{
	struct turn *t = (struct turn *)base;

	if (back > t->size || size > t->size - back || t->size - back - size < t->gone)
		return false;
	memcpy(t->data + t->size - back - size, bytes, size);
	t->changed = true;
	if (t->pending)
		t->pending = t->open = false;
	else if (t->refused)
		t->refused--;
	return true;
}

static void answer(struct gw_turn *base, enum gw_dir dir, const void *bytes, size_t size)
{
	struct turn *t = (struct turn *)base;
	int as = dir == GW_TO_SERVER ? t->flow->client : !t->flow->client;

	if (t->flow->base.key.transport == 17) {
		t->reset |= !engine_answer(t->engine, t->flow, as, bytes, size);
		return;
	}
	take_out(t);
	if (t->refused) {
		if (t->reset && as != t->side && engine_between(t->engine, t->flow, as, t->engine->now))
			engine_last_words(t->engine, t->flow, bytes, size);
		return;
	}
	if (!engine_shift_answer(t->engine, t->flow, as, as == t->side, bytes, size) ||
	    (as == t->side && !engine_shift_boundary(t->engine, t->flow, as, t->flow->said_end[as])))
		cannot(t);
}

static bool listed(const char *const *words, const char *word)
{
	while (words && *words && strcmp(*words, word) != 0)
		words++;
	return words && *words;
}

static enum gw_ruling odd(struct gw_turn *base, enum gw_dir dir, const char *word)
{
	struct turn *t = (struct turn *)base;
	enum gw_ruling ruling = GW_LET;
	struct gw_event event;

	t->engine->counts.odd_streams++;
	engine_event_begin(t->engine, t->flow, dir == GW_TO_SERVER ? t->flow->client : !t->flow->client, GW_EVENT_ODD, &event);
	event.word = word;
	if (listed(t->flow->proto->lost, word))
		ruling = engine_judge_framing(t->engine, t->flow, &event);
	engine_tell(t->engine, &event);
	if (ruling == GW_REFUSE)
		cannot(t);
	return ruling;
}

static void not_mine(struct gw_turn *base)
{
	((struct turn *)base)->not_mine = true;
}

static void harmless(struct gw_turn *base)
{
	struct turn *t = (struct turn *)base;

	if (t->engine->setup.offload && t->engine->packet)
		t->engine->setup.offload(t->engine->setup.context, t->engine->packet, 1);
}

static const struct gw_services services = {say, answer, rewrite, odd, not_mine, harmless};

static void begin_turn(struct gw_engine *engine, struct engine_flow *flow, int side, struct turn *ret_turn)
{
	const struct gw_flow_key *key = &flow->base.key;

	*ret_turn = (struct turn){.open = flow->cutting[side], .pending = flow->cutting[side],
		.base = {.engine = &services, .now = engine->now, .datagram = key->transport == 17, .midstream = flow->midstream,
			.timers = flow->ways ? flow->ways->timers : (struct gw_timers){0}, .client_port = key->port[flow->client], .server_port = key->port[!flow->client]},
		.engine = engine, .flow = flow, .side = side};
}

static size_t charge_of(const struct gw_proto *proto)
{
	return proto->state_size + proto->budget;
}

static void stop_ticking(struct engine_flow *flow)
{
	if (!flow->ticking_at)
		return;
	*flow->ticking_at = flow->next_ticking;
	if (flow->next_ticking)
		flow->next_ticking->ticking_at = flow->ticking_at;
	flow->ticking_at = NULL;
}

void engine_parser_end(struct gw_engine *engine, struct engine_flow *flow)
{
	stop_ticking(flow);
	if (!flow->state)
		return;
	if (flow->proto->end)
		flow->proto->end(flow->state);
	gw_memory_give(&engine->memory, charge_of(flow->proto));
	free(flow->state);
	flow->state = NULL;
	flow->proto = NULL;
}

static void start_ticking(struct gw_engine *engine, struct engine_flow *flow)
{
	if (!flow->proto->tick)
		return;
	flow->ticked = engine->now;
	flow->next_ticking = engine->ticking;
	flow->ticking_at = &engine->ticking;
	if (engine->ticking)
		engine->ticking->ticking_at = &flow->next_ticking;
	engine->ticking = flow;
}

/* A client that comes again at once. Of two that share a place the later one is remembered. */
static void note_visit(struct gw_engine *engine, struct engine_flow *flow, int side)
{
	const struct gw_flow_key *key = &flow->base.key;
	struct engine_visit now = {engine->now, key->addr[flow->client], key->addr[!flow->client], key->port[!flow->client]}, *last;
	uint32_t place = now.port;
	uint64_t t5 = flow->ways && flow->ways->timers.t5 ? flow->ways->timers.t5 : USUAL_T5;

	if (!flow->proto->hasty || flow->midstream)
		return;
	for (size_t i = 0; i < sizeof now.client.bytes; i++)
		place = place * 31 + now.client.bytes[i] + 7u * now.server.bytes[i];
	last = &engine->visits[place % GW_VISITS];
	if (last->time && engine->now - last->time < t5 && last->port == now.port && memcmp(&last->client, &now.client, sizeof now.client) == 0 &&
	    memcmp(&last->server, &now.server, sizeof now.server) == 0) {
		engine->counts.odd_streams++;
		engine_tell_odd(engine, flow, side, flow->proto->hasty, false);
	}
	*last = now;
}

static void begin_parser(struct gw_engine *engine, struct engine_flow *flow, const struct gw_proto *proto, int side)
{
	struct turn turn;

	flow->protocol_settled = true;
	while (!gw_memory_take(&engine->memory, charge_of(proto)))
		if (!gw_flows_evict(engine->flows, &flow->base))
			return;
	flow->state = sk_calloc(1, proto->state_size ? proto->state_size : 1);
	flow->proto = proto;
	begin_turn(engine, flow, side, &turn);
	if (!flow->state || (proto->begin && proto->begin(flow->state, &turn.base) != 0)) {
		gw_memory_give(&engine->memory, charge_of(proto));
		free(flow->state);
		flow->state = NULL;
		flow->proto = NULL;
		return;
	}
	start_ticking(engine, flow);
	note_visit(engine, flow, side);
}

static bool has_port(const struct gw_proto *proto, uint16_t port)
{
	for (const uint16_t *p = proto->ports; p && *p; p++)
		if (*p == port)
			return true;
	return false;
}

/* Of a session picked up later, the side at a known port is the server. */
static void turn_round(struct engine_flow *flow, const struct gw_proto *proto)
{
	const struct gw_flow_key *key = &flow->base.key;

	if (flow->midstream && !flow->opener_seen && has_port(proto, key->port[flow->client]) && !has_port(proto, key->port[!flow->client]))
		flow->client = !flow->client;
}

/* What is known of a flow's first bytes when no parser knows them for sure. */
struct guessed {
	bool more;                      /* one cannot tell yet */
	const struct gw_proto *by_port; /* of those, the first one whose usual port it is */
	bool alone;                     /* and the only one */
};

/* The parser for these first bytes. Several may know them: then the one whose usual port it is, else the first of the list. */
static const struct gw_proto *guess(struct gw_engine *engine, struct engine_flow *flow, int side, const uint8_t *data, size_t size, struct guessed *ret)
{
	unsigned over = flow->base.key.transport == 6 ? GW_TCP : GW_UDP;
	const uint16_t *ports = flow->base.key.port;
	const struct gw_proto *first = NULL;

	*ret = (struct guessed){.alone = true};
	for (const struct gw_proto *const *p = engine->protos; *p; p++) {
		bool known = has_port(*p, ports[0]) || has_port(*p, ports[1]);
		enum gw_guess g;

		if (!((*p)->over & over))
			continue;
		g = (*p)->guess ? (*p)->guess(data, size, dir_of(flow, side), flow->midstream) : known ? GW_YES : GW_NO;
		if (g == GW_YES && known)
			return *p;
		if (g == GW_YES && !first)
			first = *p;
		if (g == GW_MORE && known && ret->by_port)
			ret->alone = false;
		else if (g == GW_MORE && known)
			ret->by_port = *p;
		ret->more |= g == GW_MORE;
	}
	return ret->by_port ? NULL : first;
}

/* Keeps the first bytes until the protocol is known. What has a port of its own is taken for that protocol's when nobody can tell any better. */
static void find_parser(struct gw_engine *engine, struct engine_flow *flow, int side, const uint8_t *data, size_t size)
{
	uint8_t joined[GW_EARLY_MAX * 2];
	size_t early = flow->early_size[side], n = SK_MIN(size, sizeof joined - early);
	const struct gw_proto *proto;
	struct guessed guessed;
	bool full = early + size > GW_EARLY_MAX;

	memcpy(joined, flow->early[side], early);
	memcpy(joined + early, data, n);
	proto = early ? guess(engine, flow, side, joined, early + n, &guessed) : guess(engine, flow, side, data, size, &guessed);
	if (!proto && guessed.by_port && (guessed.alone || full))
		proto = guessed.by_port;
	if (proto) {
		turn_round(flow, proto);
		begin_parser(engine, flow, proto, side);
		return;
	}
	if (!guessed.more || full) {
		flow->protocol_settled = true;
		return;
	}
	memcpy(flow->early[side] + early, data, size);
	flow->early_size[side] = (uint8_t)(early + size);
}

static void hand_over(struct turn *t, uint8_t *data, size_t size, size_t gone, bool datagram)
{
	t->data = data;
	t->size = size;
	t->gone = gone;
	t->base.datagram = datagram;
	t->first = t->flow->tcp.side[t->side].next - (uint32_t)gone;
	t->flow->proto->data(&t->base, t->flow->state, dir_of(t->flow, t->side), data, size);
	if (t->open)
		t->to = size;
	t->flow->cutting[t->side] = t->open;
	take_out(t);
}

/* The other direction's first bytes came before the protocol was known: the parser gets them first. They have gone on already. */
static void hand_early_other(struct gw_engine *engine, struct engine_flow *flow, int side)
{
	struct turn t;

	if (!flow->early_size[!side])
		return;
	begin_turn(engine, flow, !side, &t);
	hand_over(&t, flow->early[!side], flow->early_size[!side], flow->early_size[!side], false);
	flow->early_size[!side] = 0;
	if (t.refused)
		engine_reset(engine, flow);
}

static void after(struct turn *t, struct gw_tcp_ruling *ruling)
{
	ruling->changed |= t->changed;
	if (t->refused || t->stopped) {
		ruling->stop = true;
		if (t->reset)
			engine_reset(t->engine, t->flow);
	}
	if (!t->not_mine)
		return;
	engine_parser_end(t->engine, t->flow);
	if (!engine_protocol_lawful(t->engine, t->flow, t->side)) /* nobody knows what it is now */
		ruling->stop = true;
}

/* First bytes kept from before, joined with those in hand. */
static void hand_joined(struct turn *t, uint8_t *data, size_t size)
{
	size_t early = t->flow->early_size[t->side];
	uint8_t *joined = sk_malloc(early + size);

	t->flow->early_size[t->side] = 0;
	if (!joined)
		return;
	memcpy(joined, t->flow->early[t->side], early);
	memcpy(joined + early, data, size);
	hand_over(t, joined, early + size, early, false);
	memcpy(data, joined + early, size);
	free(joined);
}

bool engine_settle(struct gw_engine *engine, struct engine_flow *flow, int side, const uint8_t *data, size_t size)
{
	if (!flow->protocol_settled)
		find_parser(engine, flow, side, data, size);
	else
		return false;
	return flow->protocol_settled;
}

void engine_feed(struct gw_engine *engine, struct engine_flow *flow, int side, uint8_t *data, size_t size, bool datagram, struct gw_tcp_ruling *ruling)
{
	struct turn t;
	bool settled = datagram ? engine->settled_now : engine_settle(engine, flow, side, data, size);

	engine->settled_now = false;
	if (!datagram && engine_rules_stream(engine, flow, side, data, size)) {
		ruling->stop = true;
		return;
	}
	flow->stream_bytes[side] += size;
	if (settled) {
		if (!engine_protocol_lawful(engine, flow, side)) {
			ruling->stop = true;
			return;
		}
		if (flow->state)
			hand_early_other(engine, flow, side);
	}
	if (!flow->state)
		return;
	begin_turn(engine, flow, side, &t);
	if (flow->early_size[side])
		hand_joined(&t, data, size);
	else
		hand_over(&t, data, size, 0, datagram);
	after(&t, ruling);
}

void engine_gap(struct gw_engine *engine, struct engine_flow *flow, int side, uint64_t missing)
{
	struct turn t;

	flow->early_size[side] = 0;
	engine_rules_gap(flow, side);
	if (!flow->state)
		return;
	begin_turn(engine, flow, side, &t);
	flow->said[side] = flow->cutting[side] = t.open = t.pending = false;
	flow->proto->gap(&t.base, flow->state, dir_of(flow, side), missing);
}

void engine_fin(struct gw_engine *engine, struct engine_flow *flow, int side)
{
	struct turn t;

	if (!flow->state || !flow->proto->fin)
		return;
	begin_turn(engine, flow, side, &t);
	flow->proto->fin(&t.base, flow->state, dir_of(flow, side));
}

void engine_parser_tick(struct gw_engine *engine, struct engine_flow *flow)
{
	struct turn t;

	flow->ticked = engine->now;
	begin_turn(engine, flow, flow->client, &t);
	flow->proto->tick(&t.base, flow->state);
}
