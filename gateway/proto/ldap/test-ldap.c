// SPDX-License-Identifier: GPL-3.0-or-later
/* LDAP: what follows a SASL bind wrapped, what follows StartTLS, what is cut anywhere, what is not LDAP. */
#include "proto/record.h"
#include "support/harness.h"

extern const struct gw_proto gw_proto_ldap;

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1
static const char sasl_bind[] = "\x30\x17\2\1\1\x60\x12\2\1\3\4\0\xa3\x0b\4\6GSSAPI\4\1x";
static const char sealed[] = "\0\0\0\5abcde";
static const char modify[] = "\x30\x0d\2\1\2\x66\x08\4\4" "cn=a\x30\0";
static const char start[] = "\x30\x1d\2\1\3\x77\x18\x80\x16" "1.3.6.1.4.1.1466.20037";
static const char started[] = "\x30\x0c\2\1\3\x78\7\x0a\1\0\4\0\4\0";

static void test_sealed(void **state)
{
	for (size_t piece = 1; piece < 40; piece++) {
		struct record r;

		record_begin(&r, &gw_proto_ldap, false, false);
		record_feed(&r, GW_TO_SERVER, BYTES(sasl_bind), piece);
		record_feed(&r, GW_TO_SERVER, BYTES(sealed), piece);
		record_feed(&r, GW_TO_SERVER, BYTES(modify), piece);
		assert_true(record_has(&r, "mechanism:GSSAPI\n"));
		assert_true(record_has(&r, "sealed whole 9\npartial\n"));
		assert_true(record_has(&r, "modify whole 15\ndn:cn=a\n"));
		record_end(&r);
	}
}

/* Without such a bind before it, it is nothing. */
static void test_not_sealed(void **state)
{
	struct record r;

	record_begin(&r, &gw_proto_ldap, false, false);
	record_feed(&r, GW_TO_SERVER, BYTES(modify), 100);
	record_feed(&r, GW_TO_SERVER, BYTES(sealed), 100);
	assert_int_equal(r.said, 1);
	assert_int_equal(r.odd, 1);
	record_end(&r);
}

static void test_start_tls(void **state)
{
	struct record r;

	record_begin(&r, &gw_proto_ldap, false, false);
	record_feed(&r, GW_TO_SERVER, BYTES(start), 7);
	assert_int_equal(r.harmless, 0);
	record_feed(&r, GW_TO_CLIENT, BYTES(started), 7);
	assert_int_equal(r.harmless, 1);
	record_feed(&r, GW_TO_SERVER, BYTES(modify), 7);
	assert_int_equal(r.said, 2);
	record_end(&r);
}

static void test_guess(void **state)
{
	static const char snmp[] = "\x30\x0a\2\1\0\4\1p\xa0\2\5\0";

	assert_int_equal(gw_proto_ldap.guess(BYTES(modify), GW_TO_SERVER, false), GW_YES);
	assert_int_equal(gw_proto_ldap.guess(BYTES("\x30\x0d\2"), GW_TO_SERVER, false), GW_MORE);
	assert_int_not_equal(gw_proto_ldap.guess(BYTES(snmp), GW_TO_SERVER, false), GW_YES);
	assert_int_equal(gw_proto_ldap.guess(BYTES("GET / HTTP/1.1\r\n"), GW_TO_SERVER, false), GW_NO);
}

SK_TEST_MAIN(cmocka_unit_test(test_sealed), cmocka_unit_test(test_not_sealed), cmocka_unit_test(test_start_tls), cmocka_unit_test(test_guess))
