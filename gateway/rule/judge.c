// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Judging: the groups that apply are scanned for literals, what is found becomes candidates, and each candidate's conditions are held against the packet,
 * the stream's window or the message, in the set's order. Owns nothing: the state and the flow are its callers'.
 */
#include "rule/judge.h"

#include <netinet/in.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "rule/limits.h"

struct scan {
	struct gw_rule_state *state;
	const struct group *group;
	unsigned long long behind; /* what ends at or before it was judged already */
};

static void candidate(struct gw_rule_state *state, uint32_t rule)
{
	if (state->seen[rule] == state->round)
		return;
	state->seen[rule] = state->round;
	state->candidates[state->candidate_count++] = rule;
}

static int found(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
	struct scan *scan = context;

	if (to > scan->behind)
		for (uint32_t i = scan->group->first[id]; i < scan->group->first[id + 1]; i++)
			candidate(scan->state, scan->group->members[i]);
	return 0;
}

static void look_host(struct gw_rule_state *state, const struct hosts *hosts, const uint8_t address[16])
{
	for (uint32_t i = hosts_last(hosts, address); i-- > 0 && memcmp(hosts->at[i].reach, address, 16) >= 0;)
		if (memcmp(hosts->at[i].range.high, address, 16) >= 0)
			candidate(state, hosts->at[i].rule);
}

static void scan_bytes(const struct group *group, const uint8_t *data, size_t size, struct scan *scan)
{
	const char *piece = (const char *)data;
	unsigned length = (unsigned)SK_MIN(size, (size_t)UINT32_MAX);

	if (group->vector)
		hs_scan_vector(group->db, &piece, &length, 1, 0, scan->state->hs, found, scan);
	else
		hs_scan(group->db, piece, length, 0, scan->state->hs, found, scan);
}

static void look(struct gw_rule_state *state, const struct group *group, const uint8_t *data, size_t size, size_t behind)
{
	struct scan scan = {state, group, behind};

	if (!group)
		return;
	for (uint32_t i = 0; i < group->always_count; i++)
		candidate(state, group->always[i]);
	look_host(state, &group->hosts[0], state->ends[0]);
	look_host(state, &group->hosts[1], state->ends[1]);
	if (group->db && size)
		scan_bytes(group, data, size, &scan);
}

static void begin(struct gw_rule_state *state, const struct gw_rule_view *view)
{
	address_widen(view->dir == GW_TO_SERVER ? &view->client : &view->server, view->ip, state->ends[0]);
	address_widen(view->dir == GW_TO_SERVER ? &view->server : &view->client, view->ip, state->ends[1]);
	state->candidate_count = 0;
	if (++state->round == 0) {
		memset(state->seen, 0, (state->rules->rule_count + 1) * sizeof *state->seen);
		state->round = 1;
	}
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void put_in_order(struct gw_rule_state *state)
{
	for (uint32_t i = 1; i < state->candidate_count; i++)
		if (state->candidates[i] < state->candidates[i - 1]) {
			qsort(state->candidates, state->candidate_count, sizeof *state->candidates, by_number);
			return;
		}
}

/* ---- buffers of a message */

static bool list_holds(struct gw_rule_state *state, const struct slot *slot, const struct question *q, int64_t *numbers, bool *ret_there)
{
	const struct list *list = &state->rules->lists[slot->list];
	const struct gw_message *m = q->message;
	size_t size;

	*ret_there = false;
	for (size_t i = 0; m && list->field && q->view->proto == list->proto && i < m->field_count; i++) {
		const struct gw_field *f = &m->fields[i];

		if (f->def != list->def || list->proto->fields[f->def].kind < GW_TEXT)
			continue;
		*ret_there = true;
		const uint8_t *data = list_transform(&state->scratch, list, f->bytes.data, f->bytes.size, &size);
		if (slot_holds(&state->scratch, slot, data, size, numbers))
			return true;
	}
	for (size_t i = 0; m && !list->field && i < m->buffer_count; i++) {
		if (strcmp(m->buffers[i].name, list->buffer) != 0)
			continue;
		*ret_there = true;
		const uint8_t *data = list_transform(&state->scratch, list, m->buffers[i].data, m->buffers[i].size, &size);
		if (slot_holds(&state->scratch, slot, data, size, numbers))
			return true;
	}
	return false;
}

static bool part_holds(struct gw_rule_state *state, const struct slot *slot, const struct question *q, int64_t *numbers, bool *ret_there)
{
	const struct list *list = &state->rules->lists[slot->list];
	size_t size;
	const uint8_t *data = q->view->packet ? part_of(q->view->packet, (enum packet_part)list->part, &size) : NULL;

	*ret_there = data != NULL;
	if (!data)
		return false;
	data = list_transform(&state->scratch, list, data, size, &size);
	return slot_holds(&state->scratch, slot, data, size, numbers);
}

static bool slots_hold(struct gw_rule_state *state, const struct rule *rule, const struct question *q)
{
	int64_t numbers[RULE_VARS_MAX] = {0};

	for (unsigned i = 0; i < rule->slot_count; i++) {
		const struct slot *slot = &rule->slots[i];
		bool there = true, holds;

		if (slot->list == 0)
			holds = q->payload_size && slot_holds(&state->scratch, slot, q->payload, q->payload_size, numbers); /* nothing there: not even what must be absent */
		else if (state->rules->lists[slot->list].part)
			holds = part_holds(state, slot, q, numbers, &there);
		else
			holds = list_holds(state, slot, q, numbers, &there);
		if (!holds && (there || !slot->absent_ok))
			return false;
	}
	return true;
}

/* ---- one rule */

/* What was asked of a packet alone is done to that packet alone. */
static bool ends_flow(const struct rule *rule, enum gw_rule_action action)
{
	return action == GW_RULE_REJECT || (action == GW_RULE_DROP && rule->hooks != HOOK_PACKET);
}

static void take_action(struct gw_rule_flow *flow, const struct question *q, const struct rule *rule, enum gw_rule_action action, struct gw_rule_result *result)
{
	result->ends |= ends_flow(rule, action);
	if (action > result->action)
		result->action = action;
	if (action == GW_RULE_PASS && flow && (q->message || q->stream || rule->hooks & HOOK_FLOW))
		flow->pass = true;
}

static void speak(const struct rule *rule, enum gw_rule_action action, struct gw_rule_result *result)
{
	for (uint32_t i = 0; i < result->count; i++)
		if (result->alerts[i] == &rule->info)
			return;
	if (result->count == GW_RULE_ALERTS_MAX) {
		result->lost++;
	} else {
		result->actions[result->count] = (uint8_t)action;
		result->alerts[result->count++] = &rule->info;
	}
}

static bool already(const struct rule *rule, const struct gw_rule_result *result)
{
	for (uint32_t i = 0; i < result->count; i++)
		if (result->alerts[i] == &rule->info)
			return true;
	return false;
}

/* True when every condition holds; then its effects are done. */
static bool judge(struct gw_rule_state *state, struct gw_rule_flow *flow, const struct rule *rule, const struct question *q, struct gw_rule_result *result)
{
	enum gw_rule_action action;

	if (!head_holds(rule, q) || !facts_hold(rule, q) || !bits_hold(state, flow, rule, q->view) || !ints_hold(flow, rule))
		return false;
	if (rule->anchored && !q->from_start && !q->message)
		return false;
	if (!slots_hold(state, rule, q))
		return false;
	if (already(rule, result))
		return true; /* the same packet's bytes, seen once as a packet and once in the stream */
	bits_apply(state, flow, rule, q->view);
	action = rule->limits ? rate_ask(state, rule, q->view) : rule->info.action;
	switch (threshold_ask(state, rule, q->view)) {
	case SAY_NOTHING:
		return true;
	case SAY_ALERT:
		if (!rule->noalert && (action != GW_RULE_PASS || rule->speaks) && !(rule->limits && limit_suppresses(rule, q->view)))
			speak(rule, action, result);
		break;
	case SAY_ACTION:
		break;
	}
	if (!rule->noalert)
		take_action(flow, q, rule, action, result);
	return true;
}

static void judge_all(struct gw_rule_state *state, struct gw_rule_flow *flow, const struct question *q, struct gw_rule_result *result)
{
	put_in_order(state);
	for (uint32_t i = 0; i < state->candidate_count && result->action != GW_RULE_PASS; i++)
		judge(state, flow, state->rules->rules[state->candidates[i]], q, result);
}

static bool passed(const struct gw_rule_flow *flow, struct gw_rule_result *result)
{
	if (flow && flow->pass)
		result->action = GW_RULE_PASS;
	return result->action == GW_RULE_PASS;
}

/* What belongs to an older set is forgotten; bits stay. */
static void meet_set(struct gw_rule_flow *flow, const struct gw_rules *rules)
{
	if (!flow || flow->serial == rules->serial)
		return;
	flow->serial = rules->serial;
	for (int dir = 0; dir < 2; dir++)
		flow->side[dir].pending_count = flow->side[dir].told_count = flow->side[dir].alerted_count = 0;
}

static uint8_t app_now(const struct gw_rule_flow *flow, const struct gw_rule_view *view)
{
	return view->proto ? app_of_proto(view->proto) : flow ? flow->app : APP_UNKNOWN;
}

static const struct group *port_group(const struct payload_groups *groups, uint16_t port)
{
	uint32_t low = 0, high = groups->port_count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (groups->by_port[middle].port == port)
			return groups->by_port[middle].group;
		if (groups->by_port[middle].port < port)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* Of each group its own overlap: what comes before the new bytes and may belong to a literal that ends in them. */
static void look_stream(struct gw_rule_state *state, const struct group *group, const struct question *q, size_t fresh)
{
	size_t old = q->payload_size - fresh, overlap;

	if (!group)
		return;
	overlap = SK_MIN(old, (size_t)(group->longest ? group->longest - 1 : 0));
	look(state, group, q->payload + old - overlap, fresh + overlap, overlap);
}

static void look_payload(struct gw_rule_state *state, const struct payload_groups *groups, const struct question *q, size_t fresh)
{
	uint16_t port = q->view->server_port;

	look_stream(state, groups->any, q, fresh);
	look_stream(state, port_group(groups, port), q, fresh);
	if (q->app != APP_UNKNOWN)
		look_stream(state, groups->app[q->app], q, fresh);
}

static int class_of(const struct gw_rule_view *view)
{
	return view->transport == IPPROTO_TCP ? CLASS_TCP : view->transport == IPPROTO_UDP ? CLASS_UDP : CLASS_REST;
}

void gw_rule_frame(struct gw_rule_state *state, const struct gw_rule_view *view, uint32_t noted, struct gw_rule_result *result)
{
	struct question q = {.view = view, .noted = noted};

	if (!state->rules->frame)
		return;
	begin(state, view);
	look(state, state->rules->frame, NULL, 0, 0);
	judge_all(state, NULL, &q, result);
}

void gw_rule_packet(struct gw_rule_state *state, struct gw_rule_flow *flow, const struct gw_rule_view *view, struct gw_rule_result *result)
{
	struct question q = {.view = view, .payload = view->payload, .payload_size = view->payload_size, .from_start = true};

	if (passed(flow, result))
		return;
	meet_set(flow, state->rules);
	q.app = app_now(flow, view);
	begin(state, view);
	if (!flow || !flow->side[view->dir].spoken)
		look(state, state->rules->flow, NULL, 0, 0);
	if (flow)
		flow->side[view->dir].spoken = true;
	look_payload(state, &state->rules->packet[class_of(view)][view->dir], &q, q.payload_size);
	if (view->streamless && q.payload_size)
		look_payload(state, &state->rules->stream[view->dir], &q, q.payload_size);
	judge_all(state, flow, &q, result);
}

/* ---- streams */

/* A rule that has alerted on the window sees only what came since: else the same bytes would alert with each segment. */
static struct question unseen(const struct side *side, uint32_t number, const struct question *q)
{
	struct question rest = *q;

	for (unsigned i = 0; i < side->alerted_count; i++)
		if (side->alerted[i].rule == number && side->total - side->alerted[i].total < q->payload_size) {
			rest.payload_size = (size_t)(side->total - side->alerted[i].total);
			rest.payload = q->payload + q->payload_size - rest.payload_size;
			rest.from_start = false;
		}
	return rest;
}

static void note_alerted(struct side *side, uint32_t number)
{
	unsigned at = 0;

	while (at < side->alerted_count && side->alerted[at].rule != number)
		at++;
	if (at == SPOKEN_MAX) {
		at = side->alerted_next;
		side->alerted_next = (uint8_t)((at + 1) % SPOKEN_MAX);
	} else if (at == side->alerted_count) {
		side->alerted_count++;
	}
	side->alerted[at].rule = number;
	side->alerted[at].total = side->total;
}

/* Rules whose literal came earlier are asked again while it is in the window; those that have matched leave. */
static void judge_stream(struct gw_rule_state *state, struct gw_rule_flow *flow, const struct question *q, struct side *side, size_t fresh,
	struct gw_rule_result *result)
{
	unsigned kept = 0;
	uint16_t ages[PENDING_MAX];
	uint32_t rules[PENDING_MAX];

	for (unsigned i = 0; i < side->pending_count; i++) {
		uint32_t age = side->pending_age[i] + (uint32_t)SK_MIN(fresh, (size_t)RULE_WINDOW);

		if (age < RULE_WINDOW && state->seen[side->pending[i]] != state->round) {
			rules[kept] = side->pending[i];
			ages[kept++] = (uint16_t)age;
			candidate(state, side->pending[i]);
		}
	}
	side->pending_count = 0;
	put_in_order(state);
	for (uint32_t i = 0; i < state->candidate_count && result->action != GW_RULE_PASS; i++) {
		uint32_t number = state->candidates[i];
		const struct rule *rule = state->rules->rules[number];
		struct question rest = unseen(side, number, q);
		uint16_t age = 0;
		bool holds = judge(state, flow, rule, &rest, result);

		if (holds)
			note_alerted(side, number);
		if (holds || side->pending_count == PENDING_MAX || rule->fast_slot < 0)
			continue;
		for (unsigned k = 0; k < kept; k++)
			age = rules[k] == number ? ages[k] : age;
		side->pending[side->pending_count] = number;
		side->pending_age[side->pending_count++] = age;
	}
}

void gw_rule_stream(struct gw_rule_state *state, struct gw_rule_flow *flow, const struct gw_rule_view *view, const uint8_t *data, size_t size,
	struct gw_rule_result *result)
{
	struct question q = {.view = view, .stream = true};
	struct side *side;

	if (!flow || !size || passed(flow, result))
		return;
	meet_set(flow, state->rules);
	side = &flow->side[view->dir];
	while (size && result->action != GW_RULE_PASS) {
		size_t piece = SK_MIN(size, (size_t)RULE_WINDOW / 2);

		if (flow->app == APP_UNKNOWN && side->total < 64)
			flow->app = app_of_bytes(data, piece, view->dir, view->server_port);
		flow_window_add(side, data, piece);
		q.app = app_now(flow, view);
		q.payload = side->window;
		q.payload_size = side->used;
		q.from_start = !side->broken && side->total == side->used;
		begin(state, view);
		look_payload(state, &state->rules->stream[view->dir], &q, SK_MIN(piece, (size_t)side->used));
		judge_stream(state, flow, &q, side, piece, result);
		data += piece;
		size -= piece;
	}
}

/* ---- messages */

static void look_buffer(struct gw_rule_state *state, uint16_t number, enum gw_dir dir, const uint8_t *data, size_t size)
{
	const struct group *group = state->rules->messages[number][dir];
	size_t made;

	if (!group)
		return;
	data = list_transform(&state->scratch, &state->rules->lists[number], data, size, &made);
	look(state, group, data, made, 0);
}

static void look_message(struct gw_rule_state *state, const struct gw_rule_view *view, const struct gw_message *m)
{
	const struct gw_rules *rules = state->rules;

	look(state, rules->bare[view->dir], NULL, 0, 0);
	for (size_t i = 0; i < m->buffer_count; i++) {
		const struct gw_buffer *b = &m->buffers[i];
		const struct list_names *names = sk_map_get(rules->list_of_name, b->name, strlen(b->name));

		for (unsigned k = 0; names && k < names->count; k++)
			look_buffer(state, names->lists[k], view->dir, b->data, b->size);
	}
	for (uint32_t number = 1; number < rules->list_count; number++) {
		const struct list *list = &rules->lists[number];

		for (size_t i = 0; list->field && list->proto == view->proto && i < m->field_count; i++)
			if (m->fields[i].def == list->def && list->proto->fields[list->def].kind >= GW_TEXT)
				look_buffer(state, (uint16_t)number, view->dir, m->fields[i].bytes.data, m->fields[i].bytes.size);
	}
}

static bool told(const struct side *side, uint32_t rule)
{
	for (unsigned i = 0; side && i < side->told_count; i++)
		if (side->told[i] == rule)
			return true;
	return false;
}

void gw_rule_message(struct gw_rule_state *state, struct gw_rule_flow *flow, const struct gw_rule_view *view, const struct gw_message *message,
	struct gw_rule_result *result)
{
	struct side *side = flow ? &flow->side[view->dir] : NULL;
	struct question q = {.view = view, .message = message, .from_start = true};

	if (passed(flow, result))
		return;
	meet_set(flow, state->rules);
	q.app = app_now(flow, view);
	q.payload = view->transport == IPPROTO_TCP && side ? side->window : view->payload;
	q.payload_size = view->transport == IPPROTO_TCP && side ? side->used : view->payload_size;
	begin(state, view);
	look_message(state, view, message);
	put_in_order(state);
	for (uint32_t i = 0; i < state->candidate_count && result->action != GW_RULE_PASS; i++) {
		uint32_t number = state->candidates[i];

		if (!told(side, number) && judge(state, flow, state->rules->rules[number], &q, result) && side && !message->whole && side->told_count < TOLD_MAX)
			side->told[side->told_count++] = number;
	}
	if (side && message->whole)
		side->told_count = 0;
}
