// SPDX-License-Identifier: GPL-3.0-or-later
/* Flow bits and numbers, host bits, thresholds, and the windows over a flow's bytes. */
#include "rule/state.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"

/* ---- flows */

int gw_rule_flow_new(struct gw_rule_flow **ret_flow)
{
	struct gw_rule_flow *flow = sk_calloc(1, sizeof *flow);

	if (!flow)
		return sk_origin(-ENOMEM);
	flow->app = APP_UNKNOWN;
	*ret_flow = flow;
	return 0;
}

struct gw_rule_flow *gw_rule_flow_free(struct gw_rule_flow *flow)
{
	if (!flow)
		return NULL;
	free(flow->side[0].window);
	free(flow->side[1].window);
	free(flow);
	return NULL;
}

size_t gw_rule_flow_size(const struct gw_rule_flow *flow)
{
	return flow ? sizeof *flow + flow->side[0].space + flow->side[1].space : 0;
}

void gw_rule_gap(struct gw_rule_flow *flow, enum gw_dir dir)
{
	if (!flow)
		return;
	flow->side[dir].used = 0;
	flow->side[dir].pending_count = 0;
	flow->side[dir].broken = true;
}

/* Out of memory makes the window begin anew: rules see less, nothing else. */
void flow_window_add(struct side *side, const uint8_t *data, size_t size)
{
	size_t keep = size >= RULE_WINDOW ? 0 : SK_MIN((size_t)side->used, RULE_WINDOW - size), space;

	side->total += size;
	if (size > RULE_WINDOW) {
		data += size - RULE_WINDOW;
		size = RULE_WINDOW;
	}
	if (keep + size > side->space) {
		uint8_t *window;

		for (space = 256; space < keep + size;)
			space *= 2;
		window = sk_realloc_array(side->window, space, 1);
		if (!window) {
			side->used = 0;
			side->broken = true;
			return;
		}
		side->window = window;
		side->space = (uint32_t)space;
	}
	memmove(side->window, side->window + side->used - keep, keep);
	memcpy(side->window + keep, data, size);
	side->used = (uint32_t)(keep + size);
}

/* ---- the table */

static void key_of(uint64_t name, uint8_t kind, uint8_t track, const struct gw_rule_view *view, uint64_t ret_key[2])
{
	static const uint8_t keys[2][16] = {"sekisho rules 1", "sekisho rules 2"};
	bool to_server = view->dir == GW_TO_SERVER;
	struct {
		uint64_t name;
		uint8_t kind, track, ip, zero[5];
		struct gw_addr addr[2];
	} k = {.name = name, .kind = kind, .track = track, .ip = view->ip};
	bool unordered = kind != 't'; /* two hosts are the same pair whichever sends */

	if (track == TRACK_SRC || track == TRACK_BOTH)
		k.addr[0] = to_server ? view->client : view->server;
	if (track == TRACK_DST || track == TRACK_BOTH)
		k.addr[1] = to_server ? view->server : view->client;
	if (kind == 'x' && track == TRACK_DST)
		k.addr[0] = k.addr[1], k.addr[1] = (struct gw_addr){{0}};
	if (kind == 'x' && track != TRACK_BOTH)
		k.track = TRACK_SRC; /* a host's bit is the same whichever end it was */
	else if (unordered && track == TRACK_BOTH && memcmp(&k.addr[0], &k.addr[1], sizeof k.addr[0]) > 0) {
		struct gw_addr first = k.addr[0];

		k.addr[0] = k.addr[1];
		k.addr[1] = first;
	}
	ret_key[0] = sk_siphash(keys[0], &k, sizeof k);
	ret_key[1] = sk_siphash(keys[1], &k, sizeof k);
}

static struct entry *entry_find(struct gw_rule_state *state, const uint64_t key[2], bool make, bool *ret_new)
{
	struct entry *row = state->table + key[0] % TABLE_ROWS * TABLE_WAYS, *oldest = row;

	*ret_new = false;
	for (unsigned i = 0; i < TABLE_WAYS; i++) {
		if (row[i].count && row[i].key[0] == key[0] && row[i].key[1] == key[1])
			return &row[i];
		if (oldest->count && (!row[i].count || row[i].since < oldest->since))
			oldest = &row[i];
	}
	if (!make)
		return NULL;
	*ret_new = true;
	*oldest = (struct entry){.key = {key[0], key[1]}};
	return oldest;
}

enum say threshold_ask(struct gw_rule_state *state, const struct rule *rule, const struct gw_rule_view *view)
{
	const struct threshold *t = &rule->threshold;
	uint64_t key[2], now = view->packet ? view->packet->time : 0;
	struct entry *entry;
	bool fresh;

	if (t->type == THRESHOLD_NONE)
		return SAY_ALERT;
	key_of((uint64_t)rule->info.gid << 32 | rule->info.sid, 't', t->track, view, key);
	entry = entry_find(state, key, true, &fresh);
	if (fresh || now - entry->since >= t->seconds * 1000000000ull) {
		entry->since = now;
		entry->count = 0;
	}
	entry->count += entry->count < UINT32_MAX;
	switch (t->type) {
	case THRESHOLD_LIMIT:
		return entry->count <= t->count ? SAY_ALERT : SAY_ACTION;
	case THRESHOLD_EVERY:
		if (entry->count < t->count)
			return SAY_NOTHING;
		entry->count = 0;
		entry->since = 0; /* the next one begins a new period */
		return SAY_ALERT;
	case THRESHOLD_BOTH:
		return entry->count == t->count ? SAY_ALERT : entry->count > t->count ? SAY_ACTION : SAY_NOTHING;
	default:
		return entry->count > t->count ? SAY_ALERT : SAY_NOTHING;
	}
}

/* More than `count` in `seconds`: from then on, for the timeout, another action. */
enum gw_rule_action rate_ask(struct gw_rule_state *state, const struct rule *rule, const struct gw_rule_view *view)
{
	uint64_t key[2], now = view->packet ? view->packet->time : 0, name = (uint64_t)rule->info.gid << 32 | rule->info.sid;
	struct entry *entry;
	bool fresh;

	for (const struct limit *l = rule->limits; l; l = l->next) {
		if (l->kind != LIMIT_RATE)
			continue;
		key_of(name, 'R', l->track, view, key);
		entry = entry_find(state, key, false, &fresh);
		if (entry && now < entry->since)
			return (enum gw_rule_action)l->action;
		key_of(name, 'r', l->track, view, key);
		entry = entry_find(state, key, true, &fresh);
		if (fresh || now - entry->since >= l->threshold.seconds * 1000000000ull) {
			entry->since = now;
			entry->count = 0;
		}
		if (++entry->count <= l->threshold.count)
			continue;
		entry->count = l->threshold.count;
		key_of(name, 'R', l->track, view, key);
		entry = entry_find(state, key, true, &fresh);
		entry->count = 1;
		entry->since = now + l->timeout * 1000000000ull;
		return (enum gw_rule_action)l->action;
	}
	return rule->info.action;
}

/* ---- bits */

static int flow_bit(const struct gw_rule_flow *flow, uint64_t name)
{
	for (unsigned i = 0; flow && i < flow->bit_count; i++)
		if (flow->bits[i] == name)
			return (int)i;
	return -1;
}

static bool host_bit(struct gw_rule_state *state, const struct bit *bit, uint64_t name, const struct gw_rule_view *view)
{
	uint64_t key[2];
	bool fresh;
	const struct entry *entry;

	key_of(name, 'x', bit->track, view, key);
	entry = entry_find(state, key, false, &fresh);
	return entry && view->packet && entry->since > view->packet->time;
}

bool bits_hold(struct gw_rule_state *state, const struct gw_rule_flow *flow, const struct rule *rule, const struct gw_rule_view *view)
{
	for (const struct bit *bit = rule->bits; bit; bit = bit->next) {
		bool is = false;

		if (bit->what < BIT_ISSET)
			continue;
		for (unsigned i = 0; i < bit->names && !is; i++)
			is = bit->track == TRACK_FLOW ? flow_bit(flow, bit->name[i]) >= 0 : host_bit(state, bit, bit->name[i], view);
		if (is != (bit->what == BIT_ISSET))
			return false;
	}
	return true;
}

static void flow_bit_apply(struct gw_rule_flow *flow, const struct bit *bit)
{
	int at = flow_bit(flow, bit->name[0]);
	bool on = bit->what == BIT_SET || (bit->what == BIT_TOGGLE && at < 0);

	if (!flow)
		return;
	if (on && at < 0 && flow->bit_count < FLOW_BITS_MAX)
		flow->bits[flow->bit_count++] = bit->name[0];
	else if (!on && at >= 0)
		flow->bits[at] = flow->bits[--flow->bit_count];
}

static void host_bit_apply(struct gw_rule_state *state, const struct bit *bit, const struct gw_rule_view *view)
{
	bool set = host_bit(state, bit, bit->name[0], view), on = bit->what == BIT_SET || (bit->what == BIT_TOGGLE && !set), fresh;
	struct entry *entry;
	uint64_t key[2];

	key_of(bit->name[0], 'x', bit->track, view, key);
	entry = entry_find(state, key, on, &fresh);
	if (!entry || !view->packet)
		return;
	entry->count = on;
	entry->since = view->packet->time + bit->expire * 1000000000ull;
}

static uint32_t *flow_int(struct gw_rule_flow *flow, uint64_t name, bool make)
{
	for (unsigned i = 0; flow && i < flow->int_count; i++)
		if (flow->ints[i].name == name)
			return &flow->ints[i].value;
	if (!flow || !make || flow->int_count == FLOW_INTS_MAX)
		return NULL;
	flow->ints[flow->int_count].name = name;
	flow->ints[flow->int_count].value = 0;
	return &flow->ints[flow->int_count++].value;
}

static uint32_t int_value(const struct gw_rule_flow *flow, const struct flowint *f)
{
	const uint32_t *other = f->by_name ? flow_int((struct gw_rule_flow *)flow, f->other, false) : NULL;

	return other ? *other : f->value;
}

bool ints_hold(const struct gw_rule_flow *flow, const struct rule *rule)
{
	for (const struct flowint *f = rule->ints; f; f = f->next) {
		const uint32_t *value = flow_int((struct gw_rule_flow *)flow, f->name, false);
		uint32_t with = int_value(flow, f);
		bool holds = true;

		switch (f->op) {
		case 's': holds = value != NULL; break;
		case 'n': holds = value == NULL; break;
		case '<': holds = value && *value < with; break;
		case '>': holds = value && *value > with; break;
		case 'l': holds = value && *value <= with; break;
		case 'g': holds = value && *value >= with; break;
		case 'e': holds = value && *value == with; break;
		case '!': holds = value && *value != with; break;
		}
		if (!holds)
			return false;
	}
	return true;
}

void bits_apply(struct gw_rule_state *state, struct gw_rule_flow *flow, const struct rule *rule, const struct gw_rule_view *view)
{
	for (const struct bit *bit = rule->bits; bit; bit = bit->next)
		if (bit->what < BIT_ISSET && bit->track == TRACK_FLOW)
			flow_bit_apply(flow, bit);
		else if (bit->what < BIT_ISSET)
			host_bit_apply(state, bit, view);
	for (const struct flowint *f = rule->ints; f; f = f->next) {
		uint32_t with = int_value(flow, f), *value;

		if (!strchr("+-=", f->op) || !(value = flow_int(flow, f->name, true)))
			continue;
		*value = f->op == '=' ? with : f->op == '+' ? *value + with : *value - SK_MIN(with, *value);
	}
}

/* ---- the engine's state */

static int scratch_new(const struct gw_rules *rules, hs_scratch_t **ret_hs)
{
	hs_scratch_t *hs = NULL;

	for (uint32_t i = 0; i < rules->db_count; i++)
		if (hs_alloc_scratch(rules->dbs[i], &hs) != HS_SUCCESS) {
			hs_free_scratch(hs);
			return sk_origin(-ENOMEM);
		}
	*ret_hs = hs;
	return 0;
}

struct gw_rule_state *gw_rule_state_free(struct gw_rule_state *state)
{
	if (!state)
		return NULL;
	hs_free_scratch(state->hs);
	pcre2_match_data_free(state->scratch.match);
	pcre2_match_context_free(state->scratch.context);
	free(state->scratch.space);
	free(state->scratch.other);
	free(state->table);
	free(state->seen);
	free(state->candidates);
	free(state);
	return NULL;
}

int gw_rule_state_replace(struct gw_rule_state *state, const struct gw_rules *rules)
{
	uint32_t *seen = sk_calloc(rules->rule_count + 1, sizeof *seen), *candidates = sk_calloc(rules->rule_count + 1, sizeof *candidates);
	hs_scratch_t *hs = NULL;
	int r = seen && candidates ? scratch_new(rules, &hs) : sk_origin(-ENOMEM);

	if (r) {
		free(seen);
		free(candidates);
		return r;
	}
	hs_free_scratch(state->hs);
	free(state->seen);
	free(state->candidates);
	state->rules = rules;
	state->hs = hs;
	state->seen = seen;
	state->candidates = candidates;
	state->round = 0;
	return 0;
}

int gw_rule_state_new(const struct gw_rules *rules, struct gw_rule_state **ret_state)
{
	enum { MATCH_LIMIT = 3500, DEPTH_LIMIT = 1500, HEAP_KB = 1024 }; /* as in Suricata's own configuration; the heap bounds what is not JIT */
	struct gw_rule_state *state = sk_calloc(1, sizeof *state);
	int r;

	if (!state)
		return sk_origin(-ENOMEM);
	state->table = sk_calloc((size_t)TABLE_ROWS * TABLE_WAYS, sizeof *state->table);
	state->scratch.space = sk_malloc(RULE_SPACE);
	state->scratch.other = sk_malloc(RULE_SPACE);
	state->scratch.match = pcre2_match_data_create(32, NULL);
	state->scratch.context = pcre2_match_context_create(NULL);
	r = state->table && state->scratch.space && state->scratch.other && state->scratch.match && state->scratch.context ? 0 : sk_origin(-ENOMEM);
	if (r == 0) {
		pcre2_set_match_limit(state->scratch.context, MATCH_LIMIT);
		pcre2_set_depth_limit(state->scratch.context, DEPTH_LIMIT);
		pcre2_set_heap_limit(state->scratch.context, HEAP_KB);
		r = gw_rule_state_replace(state, rules);
	}
	if (r) {
		gw_rule_state_free(state);
		return r;
	}
	*ret_state = state;
	return 0;
}
