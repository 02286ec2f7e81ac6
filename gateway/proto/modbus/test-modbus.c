// SPDX-License-Identifier: GPL-3.0-or-later
/* Modbus/TCP: a refused request goes on with a function that the device refuses, and its answer is that of the function asked for; values and ranges however cut. */
#include "proto/record.h"
#include "support/harness.h"

extern const struct gw_proto gw_proto_modbus;

static const uint8_t write_one[] = {0, 9, 0, 0, 0, 6, 1, 6, 0, 100, 1, 44}, write_more[] = {0, 10, 0, 0, 0, 11, 1, 16, 0, 100, 0, 2, 4, 1, 0, 2, 0};

static void test_rewritten(void **state)
{
	static const uint8_t answer[] = {0, 9, 0, 0, 0, 3, 1, 0x80, 1}, other[] = {0, 8, 0, 0, 0, 3, 1, 0x80, 1};
	struct record r;

	record_begin(&r, &gw_proto_modbus, false, false);
	r.refuse = "write-single-register";
	record_feed(&r, GW_TO_SERVER, write_one, sizeof write_one, 100);
	assert_int_equal(r.passed[0].size, sizeof write_one);
	assert_memory_equal(r.passed[0].data, ((uint8_t[]){0, 9, 0, 0, 0, 6, 1, 0, 0, 100, 1, 44}), sizeof write_one);
	assert_int_equal(r.answered.size, 0);
	record_feed(&r, GW_TO_CLIENT, other, sizeof other, 100);
	record_feed(&r, GW_TO_CLIENT, answer, sizeof answer, 100);
	assert_memory_equal(r.passed[1].data, other, sizeof other);
	assert_memory_equal(r.passed[1].data + sizeof other, ((uint8_t[]){0, 9, 0, 0, 0, 3, 1, 0x86, 1}), sizeof answer);
	record_end(&r);
}

/* What has gone on cannot be rewritten: the exception is the gateway's. */
static void test_answered(void **state)
{
	struct record r;

	record_begin(&r, &gw_proto_modbus, false, false);
	r.refuse = "write-single-register";
	record_feed(&r, GW_TO_SERVER, write_one, sizeof write_one, 7);
	assert_int_equal(r.answered.size, 9);
	assert_memory_equal(r.answered.data, ((uint8_t[]){0, 9, 0, 0, 0, 3, 1, 0x86, 1}), 9);
	record_end(&r);
}

static void test_fields(void **state)
{
	for (size_t piece = 1; piece < 40; piece++) {
		struct record r;

		record_begin(&r, &gw_proto_modbus, false, false);
		record_feed(&r, GW_TO_SERVER, write_more, sizeof write_more, piece);
		record_feed(&r, GW_TO_SERVER, write_one, sizeof write_one, piece);
		assert_true(record_has(&r, "write-multiple-registers whole 17\n"));
		assert_true(record_has(&r, "unit:1\nfunction:16\nholding:100-101\nvalue:256\nvalue:512\n"));
		assert_true(record_has(&r, "holding:100-100\nvalue:300\n"));
		assert_false(record_has(&r, "partial"));
		record_end(&r);
	}
}

/* A count that is not that of the bytes: what a policy asks for must not be believed. */
static void test_partial(void **state)
{
	uint8_t bent[sizeof write_more];
	struct record r;

	memcpy(bent, write_more, sizeof bent);
	bent[11] = 1;
	record_begin(&r, &gw_proto_modbus, false, false);
	record_feed(&r, GW_TO_SERVER, bent, sizeof bent, 100);
	assert_true(record_has(&r, "partial\n"));
	record_end(&r);
}

static void test_guess(void **state)
{
	static const uint8_t hsms[] = {0, 0, 0, 10, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 1}, tls[] = {22, 3, 1, 0, 50, 1, 0, 0, 46, 3};

	assert_int_equal(gw_proto_modbus.guess(write_one, sizeof write_one, GW_TO_SERVER, false), GW_YES);
	assert_int_equal(gw_proto_modbus.guess(write_one, 9, GW_TO_SERVER, false), GW_MORE);
	assert_int_equal(gw_proto_modbus.guess(hsms, sizeof hsms, GW_TO_SERVER, false), GW_NO);
	assert_int_equal(gw_proto_modbus.guess(tls, sizeof tls, GW_TO_SERVER, false), GW_NO);
}

SK_TEST_MAIN(cmocka_unit_test(test_rewritten), cmocka_unit_test(test_answered), cmocka_unit_test(test_fields), cmocka_unit_test(test_partial),
	cmocka_unit_test(test_guess))
