// SPDX-License-Identifier: GPL-3.0-or-later
/* SSH: banners of both sides, however cut; lines before them; what is none. */
#include "proto/record.h"
#include "support/harness.h"

extern const struct gw_proto gw_proto_ssh;

#define BYTES(text) text, sizeof(text) - 1

static void test_banners(void **state)
{
	for (size_t piece = 1; piece < 60; piece++) {
		struct record r;

		record_begin(&r, &gw_proto_ssh, false, false);
		record_feed(&r, GW_TO_CLIENT, BYTES("Authorised use only.\r\nSSH-2.0-OpenSSH_9.2 Debian\r\n\0\0\1\2binary\n"), piece);
		assert_int_equal(r.harmless, 0);
		record_feed(&r, GW_TO_SERVER, BYTES("SSH-2.0-PuTTY\n\0\0\1\2"), piece);
		assert_true(record_has(&r, "ssh.software=OpenSSH_9.2 Debian\n"));
		assert_true(record_has(&r, "ssh.proto=2.0\nssh.software=PuTTY\n"));
		assert_int_equal(r.said, 2);
		assert_int_equal(r.harmless, 1);
		record_end(&r);
	}
}

static void test_none(void **state)
{
	struct record r;

	record_begin(&r, &gw_proto_ssh, false, false);
	record_feed(&r, GW_TO_SERVER, BYTES("GET / HTTP/1.1\r\n"), 100);
	assert_int_equal(r.not_mine, 1);
	record_end(&r);
	record_begin(&r, &gw_proto_ssh, false, false);
	record_feed(&r, GW_TO_SERVER, BYTES("SSH-2.0\r\n"), 100);
	assert_true(record_has(&r, "partial\n"));
	record_end(&r);
}

static void test_guess(void **state)
{
	assert_int_equal(gw_proto_ssh.guess((const uint8_t *)"SSH-2", 5, GW_TO_CLIENT, false), GW_YES);
	assert_int_equal(gw_proto_ssh.guess((const uint8_t *)"SS", 2, GW_TO_CLIENT, false), GW_MORE);
	assert_int_equal(gw_proto_ssh.guess((const uint8_t *)"220 ", 4, GW_TO_CLIENT, false), GW_NO);
}

SK_TEST_MAIN(cmocka_unit_test(test_banners), cmocka_unit_test(test_none), cmocka_unit_test(test_guess))
