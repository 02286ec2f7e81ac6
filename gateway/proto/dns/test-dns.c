// SPDX-License-Identifier: GPL-3.0-or-later
/* DNS: names of queries and answers, compression, TCP, and what is not DNS. */
#include "proto/record.h"
#include "support/harness.h"

extern const struct gw_proto gw_proto_dns;

static const uint8_t query[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\3www\4evil\3com\0\x00\x10\x00\x01";
static const uint8_t answer[] = "\x12\x34\x81\x83\x00\x01\x00\x01\x00\x00\x00\x00\3www\4evil\3com\0\x00\x01\x00\x01"
				"\2xx\xc0\x10\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x01\x02\x03\x04";
static const uint8_t loop[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01";

static void test_datagrams(void **state)
{
	struct record r;

	record_begin(&r, &gw_proto_dns, true, false);
	record_feed(&r, GW_TO_SERVER, query, sizeof query - 1, 1000);
	assert_true(record_has(&r, "query whole"));
	assert_true(record_has(&r, "dns.query=www.evil.com\n"));
	assert_true(record_has(&r, "rrtype:16\n"));
	record_feed(&r, GW_TO_CLIENT, answer, sizeof answer - 1, 1000);
	assert_true(record_has(&r, "dns.answer.name=xx.evil.com\n"));
	assert_true(record_has(&r, "rcode:3\n"));
	record_feed(&r, GW_TO_SERVER, loop, sizeof loop - 1, 1000);
	assert_int_equal(r.not_mine, 1);
	record_end(&r);
}

static void test_stream(void **state)
{
	uint8_t bytes[2 * (sizeof query + 1)];
	size_t one = sizeof query - 1 + 2;

	for (int i = 0; i < 2; i++) {
		bytes[i * one] = 0;
		bytes[i * one + 1] = sizeof query - 1;
		memcpy(bytes + i * one + 2, query, sizeof query - 1);
	}
	for (size_t piece = 1; piece < 2 * one; piece++) {
		struct record r;

		record_begin(&r, &gw_proto_dns, false, false);
		record_feed(&r, GW_TO_SERVER, bytes, 2 * one, piece);
		assert_int_equal(r.said, 2);
		record_end(&r);
	}
}

static void test_cut_short(void **state)
{
	for (size_t size = 1; size < sizeof answer - 1; size++) {
		struct record r;

		record_begin(&r, &gw_proto_dns, true, false);
		record_feed(&r, GW_TO_CLIENT, answer, size, 1000);
		assert_false(record_has(&r, "dns.answer.name"));
		record_end(&r);
	}
}

SK_TEST_MAIN(cmocka_unit_test(test_datagrams), cmocka_unit_test(test_stream), cmocka_unit_test(test_cut_short))
