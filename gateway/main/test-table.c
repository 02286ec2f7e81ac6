// SPDX-License-Identifier: GPL-3.0-or-later
/* A policy as the kernel's tables: which rules stand for which pair of zones, their order, modes, failure, VLANs and types. */
#include "support/harness.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "main/table.h"
#include "policy/policy.h"

static const char head[] = "part: gateway\nserial: 1\nnot_before: 2026-11-01\nexpires: 2027-11-01\ngateway:\n  zones:\n"
			   "    - {name: tools, addresses: [10.20.0.0/24, \"fd00::/64\"]}\n    - {name: mes, addresses: [10.10.0.5], vlans: [\"7\", 20-22]}\n";

static struct gw_tables tables;
static struct sk_policy policy;

static int make(const char *rest)
{
	struct sk_diag diag = {0};
	char text[8192];

	snprintf(text, sizeof text, "%s%s", head, rest);
	if (sk_policy_parse_draft(text, strlen(text), &policy, &diag) != 0)
		fail_msg("%s: %s", diag.path, diag.text);
	return gw_tables_make(&policy.gateway, &tables);
}

static int teardown(void **state)
{
	(void)state;
	gw_tables_done(&tables);
	sk_policy_done(&policy);
	return 0;
}

static const struct gw_table_conduit *pair(uint32_t from, uint32_t to)
{
	for (uint32_t i = 0; i < tables.table.conduit_count; i++)
		if (tables.conduits[i].from == from && tables.conduits[i].to == to)
			return &tables.conduits[i];
	return NULL;
}

static void test_rules(void **state)
{
	const struct gw_table_conduit *row;
	const struct gw_rule_entry *rules;

	(void)state;
	assert_int_equal(make("  conduits:\n    - {name: a, from: mes, to: tools, ports: [tcp/5000-5010, icmp], action: inspect, mode: enforce, failure: closed}\n"
			      "    - {name: b, from: any, to: tools, ports: [udp/161], action: switch, mode: enforce}\n"
			      "    - {name: c, from: mes, to: tools, action: switch, mode: enforce}\n"
			      "    - {name: d, from: mes, to: tools, ports: [tcp/1], action: drop, mode: enforce}\n  otherwise: {action: drop, mode: shadow}\n"), 0);
	row = pair(2, 1);
	assert_non_null(row);
	rules = &tables.rules[row->first];
	assert_int_equal(row->count, 3); /* what stands behind a conduit for every port is never reached */
	assert_true(rules[0].protocol == IPPROTO_TCP && rules[0].low == 5000 && rules[0].high == 5010 && rules[0].verdict == GW_INSPECT);
	assert_true(rules[1].protocol == IPPROTO_ICMP && rules[1].low == 0 && rules[1].verdict == GW_INSPECT);
	assert_true(rules[2].protocol == IPPROTO_UDP && rules[2].low == 161 && rules[2].high == 161 && rules[2].verdict == GW_SWITCH);
	assert_int_equal(row->otherwise, GW_SWITCH);
	assert_true(rules[0].closed && !rules[2].closed && !row->closed);
	assert_non_null(pair(0, 1)); /* "any" is also what no prefix names */
	assert_int_equal(pair(0, 1)->otherwise, GW_DROP);
	assert_int_equal(pair(0, 1)->mode, GW_SHADOW);
	assert_false(pair(0, 1)->closed);
	assert_int_equal(pair(0, 1)->first, pair(1, 1)->first); /* the same rules are there once */
	assert_null(pair(1, 2)); /* a conduit has a direction */
	assert_int_equal(tables.table.none.otherwise, GW_DROP);
	assert_int_equal(tables.table.none.mode, GW_SHADOW);
}

/* Conduits of one pair that differ keep their own mode and failure setting. */
static void test_mixed_modes(void **state)
{
	const struct gw_table_conduit *row;
	const struct gw_rule_entry *rules;

	(void)state;
	assert_int_equal(make("  conduits:\n    - {name: a, from: mes, to: tools, ports: [tcp/23], action: drop, mode: shadow}\n"
			      "    - {name: b, from: mes, to: tools, ports: [tcp/5000], action: inspect, mode: enforce, failure: closed}\n"
			      "    - {name: c, from: mes, to: tools, ports: [tcp/80], action: inspect, mode: observe, failure: open}\n"
			      "  otherwise: {action: drop, mode: enforce}\n"), 0);
	row = pair(2, 1);
	rules = &tables.rules[row->first];
	assert_int_equal(row->count, 3);
	assert_true(rules[0].verdict == GW_DROP && rules[0].mode == GW_SHADOW && !rules[0].closed);
	assert_true(rules[1].verdict == GW_INSPECT && rules[1].mode == GW_ENFORCE && rules[1].closed);
	assert_true(rules[2].verdict == GW_INSPECT && rules[2].mode == GW_OBSERVE && !rules[2].closed);
	assert_true(row->otherwise == GW_DROP && row->mode == GW_ENFORCE && !row->closed);
}

static void test_prefixes_and_types(void **state)
{
	uint32_t bound = 0;

	(void)state;
	assert_int_equal(make("  otherwise: {action: switch, mode: observe}\n  frames: {lldp: drop, unknown: drop}\n"), 0);
	assert_int_equal(tables.table.prefix_count, 2 + 4);
	for (uint32_t i = 0; i < tables.table.prefix_count; i++)
		bound += tables.prefixes[i].vlan != GW_VLAN_ANY && tables.prefixes[i].zone == 2;
	assert_int_equal(bound, 4);
	assert_int_equal(tables.table.bits, GW_LIVE_VLANS | GW_LIVE_TYPES_DROP);
	assert_true(tables.types[0].type == 0x88cc && tables.types[0].verdict == GW_DROP);
	assert_true(tables.types[2].type == 0x8809 && tables.types[2].verdict == GW_SWITCH);
	assert_int_equal(tables.table.conduit_count, 0);
}

static void test_too_many(void **state)
{
	char text[6000] = "  conduits:\n    - {name: a, from: mes, to: tools, action: switch, mode: enforce, ports: [";

	(void)state;
	for (int i = 0; i < 64; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%stcp/%d", i ? ", " : "", i + 1);
	for (int copy = 0; copy < 2; copy++) {
		char more[6000];

		snprintf(more, sizeof more, "%s]}\n    - {name: b%d, from: mes, to: tools, ports: [udp], action: drop, mode: enforce}\n%s", text, copy,
			 "  otherwise: {action: drop, mode: enforce}\n");
		assert_int_equal(make(more), 0);
		assert_int_equal(pair(2, 1)->count, 65);
		teardown(NULL);
	}
	/* 90 prefixes in 100 VLANs are more than the kernel's tables hold. */
	snprintf(text, sizeof text, "    - {name: many, vlans: [100-199], addresses: [");
	for (int i = 0; i < 90; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s10.9.%d.0/24", i ? ", " : "", i);
	snprintf(text + strlen(text), sizeof text - strlen(text), "]}\n  otherwise: {action: drop, mode: enforce}\n");
	assert_int_equal(make(text), -E2BIG);
}

#define CASE(f) cmocka_unit_test_teardown(f, teardown)
SK_TEST_MAIN(CASE(test_rules), CASE(test_mixed_modes), CASE(test_prefixes_and_types), CASE(test_too_many))
