// SPDX-License-Identifier: GPL-3.0-or-later
/* Whether any rule of a set could end a flow. Addresses are not asked: it may say yes where the answer is no. */
#include "rule/set.h"

static bool ports_fit(const struct rule *rule, uint16_t from, uint16_t to)
{
	return (!rule->sport || ports_have(rule->sport, from)) && (!rule->dport || ports_have(rule->dport, to));
}

bool gw_rules_may_stop(const struct gw_rules *rules, const struct gw_proto *proto, const uint16_t ports[2])
{
	uint8_t app = app_of_proto(proto);

	for (uint32_t i = 0; i < rules->rule_count; i++) {
		const struct rule *rule = rules->rules[i];

		if (rule->info.action != GW_RULE_DROP && rule->info.action != GW_RULE_REJECT)
			continue;
		if (!(rule->protocols & HEAD_TCP) || (rule->proto && rule->proto != proto))
			continue;
		if (rule->app != APP_ANY && rule->app != APP_UNKNOWN && rule->app != app)
			continue;
		if (ports_fit(rule, ports[0], ports[1]) || ports_fit(rule, ports[1], ports[0]))
			return true;
	}
	return false;
}
