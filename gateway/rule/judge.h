// SPDX-License-Identifier: GPL-3.0-or-later
/* One question to the rules: what is judged just now. judge.c asks it of each candidate; facts.c answers for heads and facts. */
#pragma once

#include "rule/state.h"

struct question {
	const struct gw_rule_view *view;
	const struct gw_message *message; /* NULL = a packet or a stream */
	const uint8_t *payload;           /* the packet's, or the stream's window */
	size_t payload_size;
	bool from_start;                  /* the payload begins where the stream or packet does */
	bool stream;
	uint32_t noted;                   /* of a frame */
	uint8_t app;
};

bool head_holds(const struct rule *rule, const struct question *q);
bool facts_hold(const struct rule *rule, const struct question *q);
/* NULL: the packet has no such part. */
const uint8_t *part_of(const struct gw_packet *packet, enum packet_part part, size_t *ret_size);
