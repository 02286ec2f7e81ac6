// SPDX-License-Identifier: GPL-3.0-or-later
/* SECS-I: blocks become the messages that HSMS would carry, however they are cut; repetitions, wrong sums, missing blocks, roles by the R bit. */
#include "support/harness.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "proto/hsms/tape.h"
#include "proto/secs1/secs1.h"

extern const struct gw_proto gw_proto_secs1;

struct rig {
	struct tape tape;
	struct secs1_session *session;
};

static void rig_begin(struct rig *rig, bool midstream)
{
	tape_begin(&rig->tape, &gw_proto_secs1, midstream);
	rig->session = sk_calloc(1, sizeof(*rig->session));
	assert_non_null(rig->session);
	assert_int_equal(gw_proto_secs1.begin(rig->session, &rig->tape.turn), 0);
}

static void rig_end(struct rig *rig)
{
	gw_proto_secs1.end(rig->session);
	free(rig->session);
	sk_buf_done(&rig->tape.text);
}

static const char *said(struct rig *rig)
{
	return rig->tape.text.data ? rig->tape.text.data : "";
}

static void send_buf(struct rig *rig, enum gw_dir dir, const struct sk_buf *bytes)
{
	tape_data(&rig->tape, rig->session, dir, (const uint8_t *)bytes->data, bytes->size);
}

/* ENQ and one block. */
static void put_block(struct sk_buf *out, bool equipment, unsigned byte2, unsigned function, unsigned number, bool end, uint32_t system, const char *data, size_t size)
{
	uint8_t head[10] = {equipment ? 0x80 : 0, 3, (uint8_t)byte2, (uint8_t)function, (uint8_t)((number >> 8) | (end ? 0x80 : 0)), (uint8_t)number,
		(uint8_t)(system >> 24), (uint8_t)(system >> 16), (uint8_t)(system >> 8), (uint8_t)system};
	unsigned sum = 0;

	sk_buf_append_char(out, 5);
	sk_buf_append_char(out, (char)(10 + size));
	sk_buf_append(out, head, sizeof(head));
	sk_buf_append(out, data, size);
	for (size_t i = 0; i < 10 + size; i++)
		sum += (uint8_t)out->data[out->size - 10 - size + i];
	sk_buf_append_char(out, (char)(sum >> 8));
	sk_buf_append_char(out, (char)sum);
}

static void put_message(struct sk_buf *out, bool equipment, unsigned byte2, unsigned function, uint32_t system, const struct sk_buf *body)
{
	size_t at = 0;
	unsigned number = 1;

	do {
		size_t part = SK_MIN((size_t)244, body->size - at);

		put_block(out, equipment, byte2, function, number++, at + part == body->size, system, body->data + at, part);
		at += part;
	} while (at < body->size);
}

static void put_command(struct sk_buf *body)
{
	secs_put_list(body, 2);
	secs_put_text(body, "START");
	secs_put_list(body, 0);
}

static void put_recipe(struct sk_buf *body)
{
	secs_put_list(body, 2);
	secs_put_text(body, "OLD-1");
	secs_put_head(body, SECS_BINARY, 0, 1000);
	for (unsigned i = 0; i < 1000; i++)
		sk_buf_append_char(body, (char)(i * 3));
}

static void test_messages(void **state)
{
	_cleanup_buf_ struct sk_buf body = SK_BUF(5000), out = SK_BUF(5000), back = SK_BUF(5000);
	uint8_t hash[SK_SHA256_SIZE];
	char hex[2 * SK_SHA256_SIZE + 1];
	struct rig whole;

	(void)state;
	put_command(&body);
	put_message(&out, false, 0x82, 41, 7, &body);
	sk_buf_append_char(&out, 4); /* gives the line */
	sk_buf_append_char(&out, 6); /* takes a block */
	sk_buf_clear(&body);
	put_recipe(&body);
	put_message(&out, false, 0x87, 3, 8, &body);
	assert_int_equal(sk_sha256(body.data + body.size - 1000, 1000, hash), 0);
	rig_begin(&whole, false);
	send_buf(&whole, GW_TO_SERVER, &out);
	assert_non_null(strstr(said(&whole), "S2F41 > host act=4 asks id=7 size=25 session=3 stype=0 stream=2 function=41 w=1 length=11 rcmd=START"));
	assert_non_null(strstr(said(&whole), "S7F3 > host act=5 asks id=8"));
	assert_non_null(strstr(said(&whole), sk_hex(hash, sizeof(hash), hex)));
	assert_non_null(strstr(said(&whole), " length=1012 "));
	assert_null(strstr(said(&whole), "odd"));
	assert_int_equal(whole.tape.ends, out.size);
	for (size_t at = 1; at < out.size; at++) {
		struct rig two;

		rig_begin(&two, false);
		tape_data(&two.tape, two.session, GW_TO_SERVER, (const uint8_t *)out.data, at);
		tape_data(&two.tape, two.session, GW_TO_SERVER, (const uint8_t *)out.data + at, out.size - at);
		assert_string_equal(said(&two), said(&whole));
		rig_end(&two);
	}
	sk_buf_clear(&whole.tape.text);
	sk_buf_clear(&body);
	secs_put_number(&body, SECS_BINARY, 0);
	put_message(&back, true, 0x07, 4, 8, &body);
	send_buf(&whole, GW_TO_CLIENT, &back);
	assert_non_null(strstr(said(&whole), "S7F4 < equipment act=0 id=8"));
	assert_null(strstr(said(&whole), "odd"));
	rig_end(&whole);
}

static void test_repetitions(void **state)
{
	_cleanup_buf_ struct sk_buf body = SK_BUF(5000), out = SK_BUF(5000);
	struct rig rig;

	(void)state;
	put_command(&body);
	put_message(&out, false, 0x82, 41, 7, &body);
	rig_begin(&rig, false);
	out.data[out.size - 1] ^= 1;
	send_buf(&rig, GW_TO_SERVER, &out);
	assert_string_equal(said(&rig), "odd > secs1-checksum\n");
	out.data[out.size - 1] ^= 1;
	send_buf(&rig, GW_TO_SERVER, &out);
	assert_non_null(strstr(said(&rig), "S2F41 > host"));
	sk_buf_clear(&rig.tape.text);
	send_buf(&rig, GW_TO_SERVER, &out);
	assert_string_equal(said(&rig), "odd > secs1-again\n");
	rig_end(&rig);
}

static void test_missing_block(void **state)
{
	_cleanup_buf_ struct sk_buf body = SK_BUF(5000), out = SK_BUF(5000), next = SK_BUF(5000);
	struct rig rig;

	(void)state;
	put_recipe(&body);
	put_message(&out, false, 0x87, 3, 8, &body);
	rig_begin(&rig, false);
	tape_data(&rig.tape, rig.session, GW_TO_SERVER, (const uint8_t *)out.data, 258);
	gw_proto_secs1.gap(&rig.tape.turn, rig.session, GW_TO_SERVER, 258);
	tape_data(&rig.tape, rig.session, GW_TO_SERVER, (const uint8_t *)out.data + 2 * 258, out.size - 2 * 258);
	assert_non_null(strstr(said(&rig), "odd > secs1-block\n"));
	assert_non_null(strstr(said(&rig), "odd > hsms-torn\nS7F3"));
	assert_null(strstr(said(&rig), "recipe"));
	/* And one that never ends. */
	sk_buf_clear(&rig.tape.text);
	put_block(&next, false, 0x87, 3, 1, false, 9, "\x01\x02", 2);
	send_buf(&rig, GW_TO_SERVER, &next);
	assert_string_equal(said(&rig), "");
	rig.tape.turn.now += UINT64_C(46000000000);
	gw_proto_secs1.tick(&rig.tape.turn, rig.session);
	assert_non_null(strstr(said(&rig), "odd > secs1-t4\n"));
	rig_end(&rig);
}

static void test_roles(void **state)
{
	_cleanup_buf_ struct sk_buf body = SK_BUF(5000), out = SK_BUF(5000);
	struct rig rig;

	(void)state;
	put_command(&body);
	put_message(&out, false, 0x82, 41, 7, &body);
	put_message(&out, true, 0x82, 41, 8, &body);
	rig_begin(&rig, false);
	send_buf(&rig, GW_TO_CLIENT, &out);
	assert_non_null(strstr(said(&rig), "S2F41 < host"));
	assert_non_null(strstr(said(&rig), "odd < secs-role\n"));
	rig_end(&rig);
}

static void test_guess(void **state)
{
	_cleanup_buf_ struct sk_buf body = SK_BUF(5000), out = SK_BUF(5000);
	struct rig rig;

	(void)state;
	put_command(&body);
	put_message(&out, false, 0x82, 41, 7, &body);
	for (size_t size = 1; size < out.size; size++)
		assert_int_equal(gw_proto_secs1.guess((const uint8_t *)out.data, size, GW_TO_SERVER, false), GW_MORE);
	assert_int_equal(gw_proto_secs1.guess((const uint8_t *)out.data, out.size, GW_TO_SERVER, false), GW_YES);
	out.data[out.size - 1] ^= 1;
	assert_int_equal(gw_proto_secs1.guess((const uint8_t *)out.data, out.size, GW_TO_SERVER, false), GW_NO);
	assert_int_equal(gw_proto_secs1.guess((const uint8_t *)"GET / HTTP/1.1", 14, GW_TO_SERVER, false), GW_NO);
	rig_begin(&rig, false);
	tape_data(&rig.tape, rig.session, GW_TO_SERVER, (const uint8_t *)"GET /", 5);
	assert_string_equal(said(&rig), "not mine\n");
	rig_end(&rig);
	rig_begin(&rig, true);
	tape_data(&rig.tape, rig.session, GW_TO_SERVER, (const uint8_t *)"GET /", 5);
	assert_string_equal(said(&rig), "odd > secs1-noise\n");
	rig_end(&rig);
}

SK_TEST_MAIN(cmocka_unit_test(test_messages), cmocka_unit_test(test_repetitions), cmocka_unit_test(test_missing_block), cmocka_unit_test(test_roles),
	     cmocka_unit_test(test_guess))
