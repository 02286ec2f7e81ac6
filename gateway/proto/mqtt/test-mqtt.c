// SPDX-License-Identifier: GPL-3.0-or-later
/* MQTT: version 5's properties, lengths of each size, what is cut anywhere, what is not MQTT. */
#include "proto/record.h"
#include "support/harness.h"

extern const struct gw_proto gw_proto_mqtt;

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1
static const char connect5[] = "\x10\x1a\0\4MQTT\5\6\0\x3c\5\x11\0\0\0\x0a\0\1a\0\0\1w\0\1b";
static const char subscribe5[] = "\x82\x07\0\1\0\0\1t\1";

static void test_version5(void **state)
{
	for (size_t piece = 1; piece < 40; piece++) {
		struct record r;

		record_begin(&r, &gw_proto_mqtt, false, false);
		record_feed(&r, GW_TO_SERVER, BYTES(connect5), piece);
		record_feed(&r, GW_TO_SERVER, BYTES(subscribe5), piece);
		assert_true(record_has(&r, "version:5\nclient:a\nwill:w\n"));
		assert_true(record_has(&r, "subscribe whole 9\ntopic:t\n"));
		assert_false(record_has(&r, "partial"));
		record_end(&r);
	}
}

/* Of a connection that was not seen the filters tell whether properties stand before them; what reads neither way is told as partial. */
static void test_version_unseen(void **state)
{
	static const char neither[] = "\x82\x07\0\1\0\0\7t\1";
	struct record r;

	record_begin(&r, &gw_proto_mqtt, false, true);
	record_feed(&r, GW_TO_SERVER, BYTES(neither), 100);
	record_feed(&r, GW_TO_SERVER, BYTES(neither), 100);
	assert_true(record_has(&r, "subscribe whole 9\n"));
	assert_true(record_has(&r, "partial"));
	sk_buf_clear(&r.text);
	record_feed(&r, GW_TO_SERVER, BYTES(subscribe5), 100);
	assert_true(record_has(&r, "subscribe whole 9\ntopic:t\n"));
	assert_false(record_has(&r, "partial"));
	record_end(&r);
}

static void test_long(void **state)
{
	uint8_t *bytes = sk_calloc(1, 300000);
	struct record r;

	assert_non_null(bytes);
	memcpy(bytes, "\x30\xdb\xa7\x12\0\1t", 7); /* 300,000 - 5 bytes follow the length */
	record_begin(&r, &gw_proto_mqtt, false, false);
	record_feed(&r, GW_TO_SERVER, bytes, 300000 - 1, 1400);
	assert_true(record_has(&r, "publish whole 299999\nqos:0\nretain:0\ntopic:t\n"));
	assert_false(record_has(&r, "partial"));
	record_end(&r);
	free(bytes);
}

static void test_guess(void **state)
{
	assert_int_equal(gw_proto_mqtt.guess(BYTES(connect5), GW_TO_SERVER, false), GW_YES);
	assert_int_equal(gw_proto_mqtt.guess(BYTES("\x10\x1a\0\4MQ"), GW_TO_SERVER, false), GW_MORE);
	assert_int_equal(gw_proto_mqtt.guess(BYTES("\x30\x80\x80\x80\x80\1"), GW_TO_SERVER, false), GW_NO);
	assert_int_equal(gw_proto_mqtt.guess(BYTES("GET / HTTP/1.1"), GW_TO_SERVER, false), GW_NO);
	assert_int_equal(gw_proto_mqtt.guess(BYTES("\x16\3\1\0\x80\1\0\0"), GW_TO_SERVER, false), GW_NO);
}

SK_TEST_MAIN(cmocka_unit_test(test_version5), cmocka_unit_test(test_version_unseen), cmocka_unit_test(test_long), cmocka_unit_test(test_guess))
