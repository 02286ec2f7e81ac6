// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What changes while rules are judged: the engine's state (scratch space, a table of thresholds and host bits) and a flow's (bits, numbers, windows). The
 * table has a fixed size; when a row is full its oldest entry makes room, so that a flood of addresses can only make a threshold begin anew.
 */
#pragma once

#include "rule/set.h"

enum {
	FLOW_BITS_MAX = 64,
	FLOW_INTS_MAX = 16,
	PENDING_MAX = 48,  /* rules whose literal was seen and whose other tests may still come */
	SPOKEN_MAX = 8,    /* rules whose last alert on the window is remembered */
	TOLD_MAX = 32,     /* rules that have alerted on the message that is not whole yet */
	TABLE_ROWS = 4096,
	TABLE_WAYS = 8,
};

struct entry {
	uint64_t key[2];
	uint64_t since; /* ns: a period's beginning; a bit's end */
	uint32_t count; /* 0 = free */
};

struct side {
	uint8_t *window;        /* RULE_WINDOW bytes at most, the newest last */
	uint32_t used, space;
	uint64_t total;         /* bytes of the stream so far */
	bool broken;            /* the window does not reach back to the stream's first byte because of a gap */
	bool spoken;
	uint32_t pending[PENDING_MAX];
	uint16_t pending_age[PENDING_MAX]; /* bytes that came since the literal */
	uint8_t pending_count;
	struct {
		uint32_t rule;
		uint64_t total;    /* of the stream, when it alerted: what it sees next lies behind */
	} alerted[SPOKEN_MAX];
	uint8_t alerted_count, alerted_next;
	uint32_t told[TOLD_MAX];
	uint8_t told_count;
};

struct gw_rule_flow {
	uint64_t serial;        /* of the set that pending and told are of */
	uint64_t bits[FLOW_BITS_MAX];
	struct {
		uint64_t name;
		uint32_t value;
	} ints[FLOW_INTS_MAX];
	uint8_t bit_count, int_count, app;
	bool pass;
	struct side side[2];
};

struct gw_rule_state {
	const struct gw_rules *rules;
	hs_scratch_t *hs;
	struct scratch scratch;
	struct entry *table;    /* TABLE_ROWS * TABLE_WAYS */
	uint8_t ends[2][16];    /* sender and receiver of what is judged, as in address_range */
	uint32_t *seen;         /* by rule: the round in which it became a candidate */
	uint32_t round;
	uint32_t *candidates;
	uint32_t candidate_count;
};

bool bits_hold(struct gw_rule_state *state, const struct gw_rule_flow *flow, const struct rule *rule, const struct gw_rule_view *view);
bool ints_hold(const struct gw_rule_flow *flow, const struct rule *rule);
/* After a match: sets bits, counts numbers. */
void bits_apply(struct gw_rule_state *state, struct gw_rule_flow *flow, const struct rule *rule, const struct gw_rule_view *view);

/* After a match: may it speak, and does its action count? */
enum say { SAY_NOTHING, SAY_ALERT, SAY_ACTION };
/* The rule's action, or the one that a rate_filter has put in its place. */
enum gw_rule_action rate_ask(struct gw_rule_state *state, const struct rule *rule, const struct gw_rule_view *view);
enum say threshold_ask(struct gw_rule_state *state, const struct rule *rule, const struct gw_rule_view *view);

void flow_window_add(struct side *side, const uint8_t *data, size_t size);
