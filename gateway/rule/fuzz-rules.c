// SPDX-License-Identifier: GPL-3.0-or-later
/* The loader under any text: each rule is either in the set or named, and the set can be judged with. */
#include <stdlib.h>

#include "rule/rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void named(void *context, const struct gw_rule_named *n)
{
	*(uint32_t *)context += !n->limit;
	if (!n->why || !n->keyword || !n->file)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t refused = 0;
	struct gw_rules_setup setup = {.named = named, .context = &refused};
	struct gw_rules *rules = NULL;
	struct gw_rules_count count;
	struct gw_rule_state *state = NULL;

	if (size > 8192 || gw_rules_load_text(&setup, "fuzz", (const char *)data, size, &rules, &count, NULL) != 0)
		return 0;
	if (count.honoured + refused != count.enabled)
		abort();
	if (gw_rule_state_new(rules, &state) == 0) {
		struct gw_packet packet = {.ip = 4, .transport = 17};
		struct gw_rule_view view = {.packet = &packet, .ip = 4, .transport = 17, .payload = data, .payload_size = size};
		struct gw_rule_result result = {.count = 0};

		gw_rule_packet(state, NULL, &view, &result);
	}
	gw_rule_state_free(state);
	gw_rules_free(rules);
	return 0;
}
