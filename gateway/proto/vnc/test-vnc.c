// SPDX-License-Identifier: GPL-3.0-or-later
/* VNC: each version's opening however cut, security that hides the rest, a refusal with its reason, a session picked up, an extension that nobody knows. */
#include "proto/record.h"
#include "support/harness.h"

extern const struct gw_proto gw_proto_vnc;

#define TO_SERVER(text) record_feed(&r, GW_TO_SERVER, text, sizeof(text) - 1, piece)
#define TO_CLIENT(text) record_feed(&r, GW_TO_CLIENT, text, sizeof(text) - 1, piece)
static const char desktop[] = "\0\2\0\1................\0\0\0\1d" "\0\0\0\1 what it draws";

static void test_versions(void **state)
{
	for (size_t piece = 1; piece < 60; piece++) {
		struct record r;

		record_begin(&r, &gw_proto_vnc, false, false);
		TO_CLIENT("RFB 003.003\n");
		TO_SERVER("RFB 003.003\n");
		TO_CLIENT("\0\0\0\1");
		TO_SERVER("\1");
		TO_CLIENT(desktop);
		TO_SERVER("\4\1\0\0\0\0\0a");
		assert_true(record_has(&r, "security:1\n"));
		assert_true(record_has(&r, "name:d\n"));
		assert_true(record_has(&r, "key whole 8\n"));
		assert_int_equal(r.said, 6);
		record_end(&r);
		record_begin(&r, &gw_proto_vnc, false, false);
		TO_CLIENT("RFB 003.889\n"); /* which speaks as 3.8 */
		TO_SERVER("RFB 003.007\n");
		TO_CLIENT("\1\1");
		TO_SERVER("\1\1");
		TO_CLIENT(desktop);
		TO_SERVER("\6\0\0\0\xff\xff\xff\xfd" "abc\5\0\0\0\0\0");
		assert_true(record_has(&r, "init whole 1\n"));
		assert_true(record_has(&r, "cut-text whole 11\n"));
		assert_true(record_has(&r, "pointer whole 6\n"));
		record_end(&r);
	}
}

static void test_opaque(void **state)
{
	for (size_t piece = 1; piece < 20; piece++) {
		struct record r;

		record_begin(&r, &gw_proto_vnc, false, false);
		TO_CLIENT("RFB 003.008\n");
		TO_SERVER("RFB 003.008\n");
		TO_CLIENT("\2\x13\1");
		TO_SERVER("\x13\0\2 and whatever");
		TO_CLIENT("\0\2");
		assert_true(record_has(&r, "opaque whole 1\nsecurity:19\npartial\n"));
		assert_int_equal(r.said, 4);
		record_end(&r);
	}
}

static void test_refused(void **state)
{
	for (size_t piece = 1; piece < 20; piece++) {
		struct record r;

		record_begin(&r, &gw_proto_vnc, false, false);
		TO_CLIENT("RFB 003.008\n");
		TO_SERVER("RFB 003.008\n");
		TO_CLIENT("\0\0\0\0\3too");
		assert_true(record_has(&r, "reason whole 7\n"));
		record_end(&r);
	}
}

static void test_picked_up(void **state)
{
	size_t piece = 7;
	struct record r;

	record_begin(&r, &gw_proto_vnc, false, true);
	TO_SERVER("\4\1\0\0\0\0\0a\4\0\0\0\0\0\0a\5\0\0\0\0\0\5\0\0\0\0\0");
	assert_true(record_has(&r, "key whole 8\n"));
	assert_true(record_has(&r, "pointer whole 6\n"));
	TO_SERVER("\xfc" "an extension");
	assert_int_equal(r.odd, 1);
	record_end(&r);
}

SK_TEST_MAIN(cmocka_unit_test(test_versions), cmocka_unit_test(test_opaque), cmocka_unit_test(test_refused), cmocka_unit_test(test_picked_up))
