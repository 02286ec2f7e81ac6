// SPDX-License-Identifier: GPL-3.0-or-later
/* For tests of rules: one rule, one packet, stream or message, and whether it speaks. The flow goes from 192.168.1.10:40000 to 10.1.2.3:`port`. */
#pragma once

#include "rule/rule.h"

struct try {
	struct gw_rules *rules;
	struct gw_rule_state *state;
	struct gw_rule_flow *flow;
	struct gw_packet packet;
	struct gw_rule_view view;
	struct gw_rules_count count;
	struct gw_rule_result result;
	char named[400]; /* keyword, then ": ", then why, of the last rule that is not honoured */
};

void try_begin(struct try *t, const char *rules); /* fails the test when they cannot be loaded */
void try_end(struct try *t);
void try_flow(struct try *t); /* a new flow */
/* Alerts of one packet, of the next bytes of a stream, of a message with one buffer. */
unsigned try_packet(struct try *t, uint8_t transport, enum gw_dir dir, const void *payload, size_t size);
unsigned try_stream(struct try *t, enum gw_dir dir, const void *bytes, size_t size);
unsigned try_buffer(struct try *t, const char *proto, enum gw_dir dir, const char *name, const void *bytes, size_t size);
bool try_has(const struct try *t, uint32_t sid);
