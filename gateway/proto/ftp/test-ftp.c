// SPDX-License-Identifier: GPL-3.0-or-later
/* FTP: a password that is not told, what follows AUTH, answers of several lines, addresses that lie, what is no FTP. */
#include "proto/record.h"
#include "support/harness.h"

extern const struct gw_proto gw_proto_ftp;

#define TO_SERVER(text) record_feed(&r, GW_TO_SERVER, text, sizeof(text) - 1, piece)
#define TO_CLIENT(text) record_feed(&r, GW_TO_CLIENT, text, sizeof(text) - 1, piece)

static void test_talk(void **state)
{
	for (size_t piece = 1; piece < 60; piece++) {
		struct record r;

		record_begin(&r, &gw_proto_ftp, false, false);
		TO_CLIENT("220-a\r\n221 not the end\r\n 220 nor this\r\n220 ready\r\n");
		TO_SERVER("User etch\r\nPASS hunter2\nSTOR a b \r\n");
		assert_true(record_has(&r, "status:220\n"));
		assert_true(record_has(&r, "user:etch\n"));
		assert_true(record_has(&r, "pass whole 13\nstor whole 11\nfile:a b \n"));
		assert_false(record_has(&r, "hunter2"));
		assert_int_equal(r.said, 4);
		record_end(&r);
	}
}

static void test_auth(void **state)
{
	size_t piece = 100;
	struct record r;

	record_begin(&r, &gw_proto_ftp, false, false);
	TO_CLIENT("220 x\r\n");
	TO_SERVER("AUTH TLS\r\n");
	TO_CLIENT("234 go\r\n");
	assert_int_equal(r.harmless, 1);
	TO_SERVER("\x16\3\1\n\n\n");
	assert_int_equal(r.odd, 0);
	assert_int_equal(r.said, 3);
	record_end(&r);
}

static void test_addresses(void **state)
{
	size_t piece = 100;
	struct record r;

	record_begin(&r, &gw_proto_ftp, false, false);
	TO_SERVER("PORT 10,0,0,1,4,1\r\n");
	assert_true(record_has(&r, "address:10.0.0.1:1025\n"));
	assert_false(record_has(&r, "partial"));
	TO_SERVER("PORT 10,0,0\r\n");
	assert_true(record_has(&r, "partial"));
	record_end(&r);
}

static void test_none(void **state)
{
	size_t piece = 100;
	struct record r;

	record_begin(&r, &gw_proto_ftp, false, false);
	TO_SERVER("\x16\3\1\0\n");
	assert_int_equal(r.not_mine, 1);
	record_end(&r);
	record_begin(&r, &gw_proto_ftp, false, false);
	TO_SERVER("NOOP\r\n%n%n\r\n");
	assert_int_equal(r.odd, 1);
	record_end(&r);
	assert_int_equal(gw_proto_ftp.guess((const uint8_t *)"220 x", 5, GW_TO_CLIENT, false), GW_MORE);
	assert_int_equal(gw_proto_ftp.guess((const uint8_t *)"SSH-2", 5, GW_TO_CLIENT, false), GW_MORE);
	assert_int_equal(gw_proto_ftp.guess((const uint8_t *)"\x16\3", 2, GW_TO_CLIENT, false), GW_NO);
}

SK_TEST_MAIN(cmocka_unit_test(test_talk), cmocka_unit_test(test_auth), cmocka_unit_test(test_addresses), cmocka_unit_test(test_none))
