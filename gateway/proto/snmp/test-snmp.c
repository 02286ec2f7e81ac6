// SPDX-License-Identifier: GPL-3.0-or-later
/* SNMP: what is encrypted or torn is partial, a community is secret, and what is not SNMP is not taken for it. */
#include "proto/record.h"
#include "support/harness.h"

extern const struct gw_proto gw_proto_snmp;

static const uint8_t set[] = {0x30, 0x23, 2, 1, 1, 4, 7, 'p', 'r', 'i', 'v', 'a', 't', 'e', 0xa3, 0x15, 2, 1, 9, 2, 1, 0, 2, 1, 0,
			      0x30, 0x0a, 0x30, 0x08, 6, 3, 0x2b, 6, 1, 2, 1, 2};

static void test_set(void **state)
{
	struct record r;

	record_begin(&r, &gw_proto_snmp, true, false);
	record_feed(&r, GW_TO_SERVER, set, sizeof set, sizeof set);
	assert_true(record_has(&r, "set whole 37\n"));
	assert_true(record_has(&r, "oid:1.3.6.1\n"));
	assert_true(record_has(&r, "version:2\n"));
	assert_false(record_has(&r, "partial"));
	record_end(&r);
	assert_true(gw_proto_snmp.fields[1].secret);
}

static void test_cut_short(void **state)
{
	for (size_t size = 1; size < sizeof set; size++) {
		struct record r;

		record_begin(&r, &gw_proto_snmp, true, false);
		record_feed(&r, GW_TO_SERVER, set, size, sizeof set);
		assert_int_equal(r.not_mine, 1);
		assert_int_equal(r.said, 0);
		record_end(&r);
	}
}

/* Lengths that lie inside a message whose frame is right. */
static void test_lies_inside(void **state)
{
	for (size_t at = 4; at < sizeof set; at++) {
		uint8_t bent[sizeof set];
		struct record r;

		memcpy(bent, set, sizeof bent);
		bent[at] ^= 0x40;
		record_begin(&r, &gw_proto_snmp, true, false);
		record_feed(&r, GW_TO_SERVER, bent, sizeof bent, sizeof bent);
		assert_true(r.said == 1 || r.not_mine == 1);
		record_end(&r);
	}
}

static void test_guess(void **state)
{
	static const uint8_t ldap[] = {0x30, 0x0c, 2, 1, 2, 0x60, 7, 2, 1, 3, 4, 0, 0x80, 0};

	assert_int_equal(gw_proto_snmp.guess(set, sizeof set, GW_TO_SERVER, false), GW_MORE);
	assert_int_equal(gw_proto_snmp.guess(ldap, sizeof ldap, GW_TO_SERVER, false), GW_NO);
}

SK_TEST_MAIN(cmocka_unit_test(test_set), cmocka_unit_test(test_cut_short), cmocka_unit_test(test_lies_inside), cmocka_unit_test(test_guess))
