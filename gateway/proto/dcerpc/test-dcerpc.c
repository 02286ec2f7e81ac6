// SPDX-License-Identifier: GPL-3.0-or-later
/* DCE/RPC over TCP: binds, calls, fragments, byte orders, cut at every byte, and what is not RPC. */
#include "proto/dcerpc/rpc.h"
#include "proto/record.h"
#include "support/harness.h"

extern const struct gw_proto gw_proto_dcerpc;

static const uint8_t bind[] = "\5\0\x0b\3\x10\0\0\0\x48\0\0\0\1\0\0\0\xb8\x10\xb8\x10\0\0\0\0\1\0\0\0\0\0\1\0"
			      "\x81\xbb\x7a\x36\x44\x98\xf1\x35\xad\x32\x98\xf0\x38\0\x10\3\2\0\0\0\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\0\x2b\x10\x48\x60\2\0\0\0";
static const uint8_t bind_big[] = "\5\0\x0b\3\0\0\0\0\0\x48\0\0\0\0\0\1\x10\xb8\x10\xb8\0\0\0\0\1\0\0\0\0\0\1\0"
				  "\x36\x7a\xbb\x81\x98\x44\x35\xf1\xad\x32\x98\xf0\x38\0\x10\3\0\0\0\2\x8a\x88\x5d\x04\x1c\xeb\x11\xc9\x9f\xe8\x08\0\x2b\x10\x48\x60\0\0\0\2";
static const uint8_t call[] = "\5\0\0\3\x10\0\0\0\x1c\0\0\0\2\0\0\0\4\0\0\0\0\0\x0c\0ABCD";
static const uint8_t parts[] = "\5\0\0\1\x10\0\0\0\x1a\0\0\0\2\0\0\0\4\0\0\0\0\0\x0c\0AB"
			       "\5\0\0\2\x10\0\0\0\x1a\0\0\0\2\0\0\0\2\0\0\0\0\0\x0c\0CD";
static const uint8_t answer[] = "\5\0\2\3\x10\0\0\0\x1a\0\0\0\2\0\0\0\2\0\0\0\0\0\0\0xy";

static void test_call(void **state)
{
	struct record r;

	record_begin(&r, &gw_proto_dcerpc, false, false);
	record_feed(&r, GW_TO_SERVER, bind, sizeof bind - 1, 1000);
	assert_true(record_has(&r, "rpc-bind whole 72"));
	record_feed(&r, GW_TO_SERVER, call, sizeof call - 1, 1000);
	assert_true(record_has(&r, "svcctl-create-service whole 28\ndcerpc.stub_data=ABCD\n"));
	assert_true(record_has(&r, "iface_version:2\nopnum:12\n"));
	record_feed(&r, GW_TO_CLIENT, answer, sizeof answer - 1, 1000);
	assert_true(record_has(&r, "rpc-response whole 26\ndcerpc.stub_data=xy\n"));
	record_end(&r);
}

static void test_fragments(void **state)
{
	struct record r;

	record_begin(&r, &gw_proto_dcerpc, false, false);
	record_feed(&r, GW_TO_SERVER, bind_big, sizeof bind_big - 1, 7);
	record_feed(&r, GW_TO_SERVER, parts, sizeof parts - 1, 1000);
	assert_true(record_has(&r, "svcctl-create-service head 26\ndcerpc.stub_data=AB\n"));
	assert_true(record_has(&r, "svcctl-create-service whole 52\ndcerpc.stub_data=ABCD\n"));
	record_end(&r);
}

static void test_cuts(void **state)
{
	uint8_t all[sizeof bind + sizeof parts + sizeof call];
	size_t size = 0;
	struct record whole;

	memcpy(all, bind, sizeof bind - 1);
	size += sizeof bind - 1;
	memcpy(all + size, parts, sizeof parts - 1);
	size += sizeof parts - 1;
	memcpy(all + size, call, sizeof call - 1);
	size += sizeof call - 1;
	record_begin(&whole, &gw_proto_dcerpc, false, false);
	record_feed(&whole, GW_TO_SERVER, all, size, size);
	assert_int_equal(whole.said, 4);
	for (size_t piece = 1; piece < size; piece++) {
		struct record r;

		record_begin(&r, &gw_proto_dcerpc, false, false);
		record_feed(&r, GW_TO_SERVER, all, size, piece);
		assert_string_equal(r.text.data, whole.text.data);
		record_end(&r);
	}
	record_end(&whole);
}

/* After a gap the rest of a call is not taken for another, and the next PDU is read. */
static void test_gap(void **state)
{
	struct record r;

	record_begin(&r, &gw_proto_dcerpc, false, false);
	record_feed(&r, GW_TO_SERVER, bind, sizeof bind - 1, 1000);
	record_feed(&r, GW_TO_SERVER, call, 20, 1000);
	gw_proto_dcerpc.gap(&r.turn, r.state, GW_TO_SERVER, 4);
	record_feed(&r, GW_TO_SERVER, "ABCD", 4, 4);
	assert_int_equal(r.said, 1);
	record_feed(&r, GW_TO_SERVER, call, sizeof call - 1, 1000);
	assert_true(record_has(&r, "svcctl-create-service whole"));
	assert_int_equal(r.not_mine, 0);
	record_end(&r);
}

static void test_other(void **state)
{
	uint8_t other[sizeof call - 1];
	struct record r;

	assert_int_equal(gw_proto_dcerpc.guess(bind, sizeof bind - 1, GW_TO_SERVER, false), GW_YES);
	assert_int_equal(gw_proto_dcerpc.guess(call, sizeof call - 1, GW_TO_SERVER, false), GW_YES);
	memcpy(other, call, sizeof other);
	other[6] = 1;
	assert_int_equal(gw_proto_dcerpc.guess(other, sizeof other, GW_TO_SERVER, false), GW_NO);
	assert_int_equal(gw_proto_dcerpc.guess(call, sizeof call - 1, GW_TO_SERVER, true), GW_YES);
	assert_int_equal(gw_proto_dcerpc.guess((const uint8_t *)"GET / HTTP/1.1\r\n", 16, GW_TO_SERVER, false), GW_NO);
	record_begin(&r, &gw_proto_dcerpc, false, false);
	record_feed(&r, GW_TO_SERVER, "GET / HTTP/1.1\r\n\r\n", 18, 18);
	assert_int_equal(r.not_mine, 1);
	record_end(&r);
}

SK_TEST_MAIN(cmocka_unit_test(test_call), cmocka_unit_test(test_fragments), cmocka_unit_test(test_cuts), cmocka_unit_test(test_gap), cmocka_unit_test(test_other))
