// SPDX-License-Identifier: GPL-3.0-or-later
/* FINS/UDP: a frame in each datagram, told as over TCP; what is no frame is not taken for one. Banks and bits of memory by their codes. */
#include "proto/record.h"
#include "support/harness.h"

extern const struct gw_proto gw_proto_fins;

static void feed(const uint8_t *frame, size_t size, struct record *r)
{
	record_begin(r, &gw_proto_fins, true, false);
	record_feed(r, GW_TO_SERVER, frame, size, size);
}

static void test_datagram(void **state)
{
	static const uint8_t write[] = {0x80, 0, 2, 0, 1, 0, 0, 99, 0, 5, 1, 2, 0x82, 0, 100, 0, 0, 1, 1, 44}, stop[] = {0x80, 0, 2, 0, 1, 0, 0, 99, 0, 5, 4, 2};
	struct record r;

	feed(write, sizeof write, &r);
	assert_true(record_has(&r, "memory-write whole 20\n"));
	assert_true(record_has(&r, "area:D\naddress:100-100\nvalue:300\n"));
	assert_false(record_has(&r, "partial"));
	record_end(&r);
	feed(stop, sizeof stop, &r);
	assert_true(record_has(&r, "stop whole 12\n"));
	record_end(&r);
}

static void test_places(void **state)
{
	static const uint8_t bank[] = {0x80, 0, 2, 0, 1, 0, 0, 99, 0, 5, 1, 1, 0xa2, 0, 7, 0, 0, 2}, bits[] = {0x80, 0, 2, 0, 1, 0, 0, 99, 0, 5, 1, 1, 0x31, 0, 7, 14, 0, 4},
		unknown[] = {0x80, 0, 2, 0, 1, 0, 0, 99, 0, 5, 1, 1, 0x77, 0, 7, 0, 0, 2};
	struct record r;

	feed(bank, sizeof bank, &r);
	assert_true(record_has(&r, "area:E2\naddress:7-8\n"));
	record_end(&r);
	feed(bits, sizeof bits, &r);
	assert_true(record_has(&r, "area:W\naddress:7-8\nbit:14-17\n"));
	record_end(&r);
	feed(unknown, sizeof unknown, &r);
	assert_true(record_has(&r, "partial"));
	record_end(&r);
}

static void test_others(void **state)
{
	static const uint8_t dns[] = {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1};
	struct record r;

	assert_int_equal(gw_proto_fins.guess(dns, sizeof dns, GW_TO_SERVER, false), GW_NO);
	feed(dns, sizeof dns, &r);
	assert_int_equal(r.not_mine, 1);
	assert_int_equal(r.said, 0);
	record_end(&r);
}

SK_TEST_MAIN(cmocka_unit_test(test_datagram), cmocka_unit_test(test_places), cmocka_unit_test(test_others))
