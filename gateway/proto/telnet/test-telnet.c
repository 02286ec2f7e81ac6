// SPDX-License-Identifier: GPL-3.0-or-later
/* Telnet: options and text however cut, an IAC that is text, a subnegotiation with one inside; nothing that was typed is told. */
#include "proto/record.h"
#include "support/harness.h"

extern const struct gw_proto gw_proto_telnet;

static const char talk[] = "\xff\xfd\x18\xff\xfa\x18\0xterm\xff\xff\xff\xf0" "hunter2\r\n\xff\xff\xff\xf4";

static void test_talk(void **state)
{
	for (size_t piece = 1; piece < sizeof talk; piece++) {
		struct record r;

		record_begin(&r, &gw_proto_telnet, false, false);
		record_feed(&r, GW_TO_SERVER, talk, sizeof talk - 1, piece);
		assert_string_equal(r.text.data,
				    "negotiate whole 3\ncommand:253\noption:24\nnegotiate whole 13\ncommand:250\noption:24\ntext whole 1\ncommand whole 2\ncommand:244\n");
		record_end(&r);
	}
}

static void test_guess(void **state)
{
	assert_int_equal(gw_proto_telnet.guess((const uint8_t *)talk, 3, GW_TO_SERVER, false), GW_YES);
	assert_int_equal(gw_proto_telnet.guess((const uint8_t *)talk, 1, GW_TO_SERVER, false), GW_MORE);
	assert_int_equal(gw_proto_telnet.guess((const uint8_t *)"\xff\x01", 2, GW_TO_SERVER, false), GW_NO);
	assert_int_equal(gw_proto_telnet.guess((const uint8_t *)"\x16\3", 2, GW_TO_SERVER, false), GW_NO);
}

SK_TEST_MAIN(cmocka_unit_test(test_talk), cmocka_unit_test(test_guess))
