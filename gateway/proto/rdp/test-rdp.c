// SPDX-License-Identifier: GPL-3.0-or-later
/* RDP: cookie, security, channels, cut at every byte, and what other users of TPKT say. */
#include "proto/record.h"
#include "support/harness.h"

extern const struct gw_proto gw_proto_rdp;

static const uint8_t request[] = "\3\0\0\x29\x24\xe0\0\0\0\0\0Cookie: mstshash=op1\r\n\1\0\x08\0\3\0\0\0";
static const uint8_t confirm[] = "\3\0\0\x13\x0e\xd0\0\0\x12\x34\0\2\0\x08\0\0\0\0\0";
static const uint8_t confirm_tls[] = "\3\0\0\x13\x0e\xd0\0\0\x12\x34\0\2\0\x08\0\1\0\0\0";
static const uint8_t initial[] = "\3\0\0\x44\2\xf0\x80\x7f\x65\x3a\4\1\1\4\1\1\1\1\xff\x30\0\x30\0\x30\0\4\x29"
				 "\0\5\0\x14\x7c\0\1\x22\0\x08\0\x10\0\1\xc0\0Duca\x14"
				 "\3\xc0\x14\0\1\0\0\0MS_T120\0\0\0\0\x80";
static const uint8_t s7[] = "\3\0\0\x16\x11\xe0\0\0\0\1\0\xc1\2\1\0\xc2\2\1\2\xc0\1\x0a";

static void test_connect(void **state)
{
	for (size_t piece = 1; piece < sizeof initial; piece++) {
		struct record r;

		record_begin(&r, &gw_proto_rdp, false, false);
		record_feed(&r, GW_TO_SERVER, request, sizeof request - 1, piece);
		assert_true(record_has(&r, "connection-request whole 41\nrdp.cookie=op1\ncookie:op1\nasked:3\n"));
		record_feed(&r, GW_TO_CLIENT, confirm, sizeof confirm - 1, piece);
		assert_true(record_has(&r, "chosen:0\n"));
		record_feed(&r, GW_TO_SERVER, initial, sizeof initial - 1, piece);
		assert_true(record_has(&r, "connect-initial whole 68\nrdp.channel=MS_T120\n"));
		assert_int_equal(r.harmless, 0);
		record_end(&r);
	}
}

static void test_encrypted(void **state)
{
	struct record r;

	record_begin(&r, &gw_proto_rdp, false, false);
	record_feed(&r, GW_TO_SERVER, request, sizeof request - 1, 100);
	record_feed(&r, GW_TO_CLIENT, confirm_tls, sizeof confirm_tls - 1, 100);
	assert_int_equal(r.harmless, 1);
	record_feed(&r, GW_TO_SERVER, initial, sizeof initial - 1, 100);
	assert_int_equal(r.said, 2);
	record_end(&r);
}

static void test_other(void **state)
{
	assert_int_equal(gw_proto_rdp.guess(request, sizeof request - 1, GW_TO_SERVER, false), GW_YES);
	assert_int_equal(gw_proto_rdp.guess(s7, sizeof s7 - 1, GW_TO_SERVER, false), GW_NO);
	assert_int_equal(gw_proto_rdp.guess((const uint8_t *)"GET / HTTP/1.1", 14, GW_TO_SERVER, false), GW_NO);
}

static void test_gap(void **state)
{
	struct record r;

	record_begin(&r, &gw_proto_rdp, false, false);
	record_feed(&r, GW_TO_SERVER, request, 20, 20);
	gw_proto_rdp.gap(&r.turn, r.state, GW_TO_SERVER, 10);
	record_feed(&r, GW_TO_SERVER, request + 30, sizeof request - 31, 20);
	record_feed(&r, GW_TO_SERVER, initial, sizeof initial - 1, 20);
	assert_true(record_has(&r, "rdp.channel=MS_T120\n"));
	assert_false(record_has(&r, "cookie=op1"));
	record_end(&r);
}

SK_TEST_MAIN(cmocka_unit_test(test_connect), cmocka_unit_test(test_encrypted), cmocka_unit_test(test_other), cmocka_unit_test(test_gap))
