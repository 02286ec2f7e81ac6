// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A frame goes through: decoding, odd shapes, its flow, the stream or the datagram, the parser. Time is that of packets; each 100 ms of it parsers'
 * timers run and flows that are silent for too long go.
 */
#include "engine/engine.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "engine/inside.h"
#include "flow/sum.h"

#define SECOND 1000000000ull
enum { SWEEP_MS = 100, SWEEP_FLOWS = 256 };
static const uint64_t silent_settled = 7200 * SECOND, silent_other = 120 * SECOND, silent_over = 10 * SECOND;

/* Servers' ports above 1023 of protocols that fabs and plants have, whether or not a parser for them is built in. */
static const uint16_t server_ports[] = {1089, 1433, 1883, 1911, 2222, 2404, 3306, 3389, 4840, 5000, 5001, 5006, 5007, 5432, 9600, 18245, 20000, 44818, 47808};

static bool serves(const struct gw_engine *engine, uint16_t port)
{
	if (port < 1024)
		return true;
	for (size_t i = 0; i < SK_ARRAY_SIZE(server_ports); i++)
		if (server_ports[i] == port)
			return true;
	for (const struct gw_proto *const *p = engine->protos; *p; p++)
		for (const uint16_t *at = (*p)->ports; at && *at; at++)
			if (*at == port)
				return true;
	return false;
}

/* Who opened what was not seen to begin: whom the kernel side saw; else of TCP not the one at a server's port; else who speaks first. */
static int client_of(const struct gw_engine *engine, const struct gw_packet *p, const struct gw_flow_key *key, int speaker)
{
	bool serving = serves(engine, key->port[speaker]), other = serves(engine, key->port[!speaker]);

	if (p->sender != GW_SENDER_UNKNOWN)
		return p->sender == GW_SENDER_OPENED ? speaker : !speaker;
	return p->transport == 6 && serving && !other ? !speaker : speaker;
}

/* ---- what the stream asks ---- */

static bool stream_room(void *context)
{
	struct gw_engine *engine = context;

	return gw_flows_evict(engine->flows, &engine->flow->base);
}

static void stream_begin(void *context, int client, bool midstream)
{
	struct gw_engine *engine = context;
	struct engine_flow *flow = engine->flow;

	engine_parser_end(engine, flow);
	engine_shift_end(engine, flow, false);
	memset(flow->said, 0, sizeof flow->said);
	memset(flow->cutting, 0, sizeof flow->cutting);
	flow->client = (uint8_t)(midstream ? client_of(engine, engine->packet, &flow->base.key, client) : client);
	flow->opener_seen = engine->packet->sender != GW_SENDER_UNKNOWN;
	flow->midstream = midstream;
	flow->protocol_settled = flow->reset = flow->stopped = false;
	memset(flow->early_size, 0, sizeof flow->early_size);
	memset(flow->stream_bytes, 0, sizeof flow->stream_bytes);
}

static void stream_data(void *context, int side, uint8_t *data, size_t size, struct gw_tcp_ruling *ruling)
{
	struct gw_engine *engine = context;

	if (!engine->flow->base.settled && engine->flow->stream_bytes[!side])
		gw_flows_settle(engine->flows, &engine->flow->base);
	engine_feed(engine, engine->flow, side, data, size, false, ruling);
}

static void stream_gap(void *context, int side, uint64_t missing)
{
	struct gw_engine *engine = context;

	engine_gap(engine, engine->flow, side, missing);
}

static void stream_fin(void *context, int side)
{
	struct gw_engine *engine = context;

	engine_fin(engine, engine->flow, side);
}

static void stream_odd(void *context, int side, enum gw_tcp_odd what)
{
	struct gw_engine *engine = context;

	engine->counts.odd_streams++;
	if (what == GW_TCP_REWRITTEN)
		engine->counts.rewritten++;
	engine_tell_odd(engine, engine->flow, side, gw_tcp_odd_names[what], what != GW_TCP_URGENT && what != GW_TCP_SYN_INSIDE && what != GW_TCP_ACK_UNSEEN);
}

static void stream_release(void *context, int side, const uint8_t *frame, size_t size)
{
	struct gw_engine *engine = context;
	uint8_t port = engine->flow->tcp.side[side].port;

	if (engine->setup.inject && port)
		engine->setup.inject(engine->setup.context, engine->packet ? engine->packet->pair : 0, port - 1 == GW_PORT_A ? GW_PORT_B : GW_PORT_A, frame, size);
}

/* ---- making and ending ---- */

static void flow_end(void *context, struct gw_flow *base, bool evicted)
{
	struct gw_engine *engine = context;
	struct engine_flow *flow = (struct engine_flow *)base;
	struct gw_event event;

	engine_event_begin(engine, flow, flow->client, GW_EVENT_FLOW, &event);
	event.word = evicted ? "evicted" : flow->reset ? "reset" : gw_tcp_over(&flow->tcp) ? "closed" : "silent";
	for (int s = 0; s < 2; s++) {
		event.packets[s == flow->client ? GW_TO_SERVER : GW_TO_CLIENT] = base->packets[s];
		event.bytes[s == flow->client ? GW_TO_SERVER : GW_TO_CLIENT] = base->bytes[s];
	}
	if (engine->setup.messages)
		engine_tell(engine, &event);
	engine_shift_end(engine, flow, !gw_tcp_over(&flow->tcp));
	engine_parser_end(engine, flow);
	engine_rules_end(engine, flow);
	gw_tcp_end(&flow->tcp, &engine->memory);
}

int gw_engine_new(const struct gw_setup *setup, struct gw_engine **ret_engine)
{
	struct gw_engine *engine = sk_calloc(1, sizeof *engine);
	int r;

	if (!engine)
		return sk_origin(-ENOMEM);
	engine->setup = *setup;
	engine->protos = setup->protos ? setup->protos : gw_protos;
	engine->memory.max = setup->memory_max;
	engine->calls = (struct gw_tcp_calls){.inline_ = setup->inline_, .midstream = setup->midstream, .memory = &engine->memory, .context = engine,
		.room = stream_room, .begin = stream_begin, .data = stream_data, .gap = stream_gap, .fin = stream_fin, .odd = stream_odd,
		.release = stream_release, .own = engine_own, .shifts = engine_shift_begin};
	r = setup->rules ? gw_rule_state_new(setup->rules, &engine->rules) : 0;
	if (r == 0)
		r = gw_flows_new(sizeof(struct engine_flow), &engine->memory, engine, flow_end, &engine->flows);
	if (r == 0)
		r = gw_frags_new(&engine->memory, &engine->frags);
	if (r < 0) {
		gw_flows_free(engine->flows);
		gw_rule_state_free(engine->rules);
		free(engine);
		return r;
	}
	*ret_engine = engine;
	return 0;
}

struct gw_engine *gw_engine_free(struct gw_engine *engine)
{
	if (!engine)
		return NULL;
	gw_frags_free(engine->frags);
	gw_flows_free(engine->flows);
	gw_rule_state_free(engine->rules);
	free(engine);
	return NULL;
}

/* ---- packets ---- */

static enum gw_fate fate_of(const struct gw_engine *engine, bool drop)
{
	return drop && engine->setup.inline_ ? GW_FATE_DROP : GW_FATE_PASS;
}

/*
 * Shapes of the frame itself. True: it does not go on, and nothing of it is looked at further. Where nothing can be dropped rules are asked of what has a wrong
 * checksum: it may be wrong only where it was captured.
 */
static bool odd_frame(struct gw_engine *engine, const struct gw_packet *p)
{
	for (unsigned i = 0; p->odd && i < GW_ODDS; i++) {
		if (!(p->odd >> i & 1))
			continue;
		engine->counts.odd_frames[i]++;
		if (1u << i & (GW_ODD_SYN_DATA | GW_ODD_URGENT))
			continue; /* the stream tells them */
		engine_tell_odd(engine, NULL, 0, gw_odd_names[i], 1u << i & GW_ODD_FATAL);
	}
	return p->odd & (engine->setup.inline_ ? GW_ODD_FATAL : GW_ODD_FATAL & ~GW_ODD_L4_CHECKSUM);
}

/* A SYN may begin another session on the same ports. */
static bool opens(const struct gw_packet *p)
{
	return p->transport == 6 && (p->flags & (GW_SYN | GW_ACK)) == GW_SYN;
}

static enum gw_fate tcp(struct gw_engine *engine, struct engine_flow *flow, int side, struct gw_packet *p)
{
	enum gw_tcp_fate fate;

	if (p->orphan && engine_shift_orphan(engine, flow, side))
		return fate_of(engine, true);
	if (flow->reset && !opens(p)) {
		engine_reset_sender(engine, p);
		return fate_of(engine, true);
	}
	fate = gw_tcp_segment(&flow->tcp, &engine->calls, p, side);
	engine_shift_after(engine, flow);
	engine->counts.held += fate == GW_TCP_HELD;
	return fate_of(engine, fate != GW_TCP_PASS);
}

static enum gw_fate datagram(struct gw_engine *engine, struct engine_flow *flow, int side, struct gw_packet *p)
{
	struct gw_tcp_ruling ruling = {0};

	if (p->transport != 17 || !p->payload_size)
		return GW_FATE_PASS;
	engine_feed(engine, flow, side, p->frame + p->payload, p->payload_size, true, &ruling);
	if (ruling.changed)
		gw_sum_mend(p);
	return fate_of(engine, ruling.stop);
}

/* No conduit lets these two talk. Told once a flow. */
static bool zone_refuses(struct gw_engine *engine, struct engine_flow *flow, int side)
{
	enum sk_watch_mode mode = flow->ways->mode;

	if (!flow->zone_told) {
		struct gw_event event;

		flow->zone_told = true;
		engine_event_begin(engine, flow, side, GW_EVENT_ODD, &event);
		event.word = "no-conduit";
		event.conduit = flow->ways->name;
		event.verdict = mode == SK_WATCH_ENFORCE && engine->setup.inline_ ? GW_REFUSED : GW_WOULD_REFUSE;
		engine_tell(engine, &event);
	}
	return mode == SK_WATCH_ENFORCE;
}

/* Its receiver will not take it: rules have seen it as a packet, and that is all. */
static bool bad_segment(const struct gw_packet *p)
{
	return p->transport == 6 && p->odd & GW_ODD_L4_CHECKSUM;
}

static enum gw_fate inspect(struct gw_engine *engine, struct gw_packet *p)
{
	struct engine_flow *flow;
	bool fresh;
	int side;

	flow = (struct engine_flow *)gw_flows_get(engine->flows, p, &side, &fresh);
	if (!flow) {
		engine->counts.unjudged++;
		return fate_of(engine, !engine_passes_unjudged(engine, p));
	}
	if (fresh) {
		engine->counts.flows++;
		flow->client = (uint8_t)(opens(p) ? side : client_of(engine, p, &flow->base.key, side));
		flow->opener_seen = p->sender != GW_SENDER_UNKNOWN;
		flow->midstream = p->transport == 6;
	} else if (p->transport == 17 && flow->base.packets[!side]) {
		gw_flows_settle(engine->flows, &flow->base);
	}
	engine->flow = flow;
	engine->side = side;
	if (engine_ways(engine, flow)->action == SK_FLOW_DROP && zone_refuses(engine, flow, side))
		return fate_of(engine, true);
	if (flow->stopped && !flow->reset && !opens(p))
		return fate_of(engine, true);
	if (p->transport == 17 && p->payload_size)
		engine->settled_now = engine_settle(engine, flow, side, p->frame + p->payload, p->payload_size);
	if (engine_rules_packet(engine, flow, side) || bad_segment(p))
		return fate_of(engine, true);
	return p->transport == 6 ? tcp(engine, flow, side, p) : datagram(engine, flow, side, p);
}

struct release {
	struct gw_engine *engine;
	unsigned pair;
	enum gw_port to;
};

static void release_fragment(void *context, const uint8_t *frame, size_t size)
{
	struct release *r = context;

	if (r->engine->setup.inline_ && r->engine->setup.inject)
		r->engine->setup.inject(r->engine->setup.context, r->pair, r->to, frame, size);
}

static enum gw_fate judge(struct gw_engine *engine, struct gw_packet *p);

/* A piece waits until its datagram is whole; that is judged like any packet, and its pieces go on, or do not. A datagram that was rewritten cannot go on. */
static enum gw_fate fragment(struct gw_engine *engine, struct gw_packet *p)
{
	struct release release = {engine, p->pair, p->port == GW_PORT_A ? GW_PORT_B : GW_PORT_A};
	struct gw_datagram *datagram;
	enum gw_frag_state state;
	struct gw_packet whole;
	uint32_t size;
	uint16_t sum;

	state = gw_frags_put(engine->frags, p, &whole, &datagram);
	if (gw_frags_overlapped(engine->frags) && engine_rules_frame(engine, p, GW_NOTE_OVERLAP) && state == GW_FRAG_WHOLE) {
		gw_frags_refuse(engine->frags, datagram);
		return fate_of(engine, true);
	}
	switch (state) {
	case GW_FRAG_HELD:
		engine->counts.held++;
		return fate_of(engine, true);
	case GW_FRAG_REFUSED:
		engine->counts.odd_frames[6]++;
		engine_tell_odd(engine, NULL, 0, "fragment-overlap", true);
		return fate_of(engine, true);
	default: break;
	}
	size = whole.size;
	sum = gw_sum_fold(gw_sum_add(0, whole.frame, size));
	whole.whole = true;
	whole.flow = p->flow;
	whole.pair = p->pair;
	whole.orphan = p->orphan;
	if (judge(engine, &whole) == GW_FATE_DROP || whole.size != size || gw_sum_fold(gw_sum_add(0, whole.frame, size)) != sum) {
		gw_frags_refuse(engine->frags, datagram);
		return fate_of(engine, true);
	}
	gw_frags_release(engine->frags, datagram, &release, release_fragment);
	return GW_FATE_PASS;
}

static uint64_t patience(const struct engine_flow *flow)
{
	if (gw_tcp_over(&flow->tcp) || flow->reset)
		return silent_over;
	return flow->base.settled && flow->base.key.transport == 6 ? silent_settled : silent_other;
}

static void sweep_silent(struct gw_engine *engine, bool settled)
{
	for (int n = 0; n < SWEEP_FLOWS; n++) {
		struct engine_flow *flow = (struct engine_flow *)gw_flows_oldest(engine->flows, settled);

		if (!flow || engine->now < flow->base.last + patience(flow))
			return;
		gw_flows_drop(engine->flows, &flow->base);
	}
}

static void sweep(struct gw_engine *engine)
{
	struct engine_flow *next;

	engine->swept = engine->now;
	for (struct engine_flow *flow = engine->ticking; flow; flow = next) {
		next = flow->next_ticking;
		engine_parser_tick(engine, flow);
	}
	engine_shift_tick(engine);
	engine->counts.fragments_expired += gw_frags_expire(engine->frags, engine->now);
	sweep_silent(engine, false);
	sweep_silent(engine, true);
}

void gw_engine_tick(struct gw_engine *engine, uint64_t now)
{
	if (now > engine->now)
		engine->now = now;
	if (engine->now >= engine->swept + SWEEP_MS * (SECOND / 1000))
		sweep(engine);
}

static enum gw_fate judge(struct gw_engine *engine, struct gw_packet *p)
{
	bool stopped;

	engine->packet = p;
	gw_decode(p, !engine->setup.unsummed);
	stopped = engine_rules_frame(engine, p, p->noted);
	if (odd_frame(engine, p) || stopped)
		return fate_of(engine, true);
	if (p->ip && p->fragment)
		return fragment(engine, p);
	return p->ip && p->payload ? inspect(engine, p) : GW_FATE_PASS;
}

enum gw_fate gw_engine_packet(struct gw_engine *engine, struct gw_packet *p)
{
	enum gw_fate fate;

	gw_engine_tick(engine, p->time);
	engine->counts.packets++;
	engine->counts.bytes += p->size;
	fate = judge(engine, p);
	engine->counts.dropped += fate == GW_FATE_DROP;
	if (engine->setup.hand && engine->flow && fate == GW_FATE_PASS && !p->fragment)
		engine_hand(engine, engine->flow, engine->side);
	engine->packet = NULL;
	engine->flow = NULL;
	return fate;
}

int gw_engine_replace(struct gw_engine *engine, const struct gw_rules *rules, const struct gw_policy *policy)
{
	int r = 0;

	if (rules != engine->setup.rules && rules)
		r = engine->rules ? gw_rule_state_replace(engine->rules, rules) : gw_rule_state_new(rules, &engine->rules);
	else if (!rules)
		engine->rules = gw_rule_state_free(engine->rules);
	if (r < 0)
		return r;
	engine->setup.rules = rules;
	engine->setup.policy = policy;
	engine->policy_serial++;
	return 0;
}

void gw_engine_counts(const struct gw_engine *engine, struct gw_counts *ret_counts)
{
	*ret_counts = engine->counts;
	ret_counts->evicted = gw_flows_evicted(engine->flows);
	ret_counts->flows_now = gw_flows_count(engine->flows);
	ret_counts->memory_now = engine->memory.used;
	ret_counts->memory_peak = engine->memory.peak;
}
