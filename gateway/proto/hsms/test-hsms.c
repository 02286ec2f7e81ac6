// SPDX-License-Identifier: GPL-3.0-or-later
/* HSMS sessions: what is said of each message, however it is cut; pick-up and gaps; roles, transactions, timers; recipes; refusals. */
#include "support/harness.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "proto/hsms/session.h"
#include "proto/hsms/tape.h"

extern const struct gw_proto gw_proto_hsms;

#define SECOND UINT64_C(1000000000)

struct rig {
	struct tape tape;
	struct hsms_session *session;
};

static void rig_begin(struct rig *rig, bool midstream)
{
	tape_begin(&rig->tape, &gw_proto_hsms, midstream);
	rig->session = sk_calloc(1, sizeof(*rig->session));
	assert_non_null(rig->session);
	assert_int_equal(gw_proto_hsms.begin(rig->session, &rig->tape.turn), 0);
}

static void rig_end(struct rig *rig)
{
	gw_proto_hsms.end(rig->session);
	free(rig->session);
	sk_buf_done(&rig->tape.text);
}

static const char *said(struct rig *rig)
{
	return rig->tape.text.data ? rig->tape.text.data : "";
}

static void forget(struct rig *rig)
{
	sk_buf_clear(&rig->tape.text);
}

/* A frame; the body may be NULL. */
static void put_frame(struct sk_buf *out, unsigned session, unsigned byte2, unsigned byte3, unsigned stype, uint32_t system, const struct sk_buf *body)
{
	struct hsms_head head = {HSMS_HEADER + (uint32_t)(body ? body->size : 0), (uint16_t)session, (uint8_t)byte2, (uint8_t)byte3, 0,
		(uint8_t)stype, system};
	uint8_t raw[HSMS_HEAD];

	hsms_head_write(&head, raw);
	assert_int_equal(sk_buf_append(out, raw, sizeof(raw)), 0);
	if (body)
		assert_int_equal(sk_buf_append(out, body->data, body->size), 0);
}

static void send_buf(struct rig *rig, enum gw_dir dir, const struct sk_buf *bytes)
{
	tape_data(&rig->tape, rig->session, dir, (const uint8_t *)bytes->data, bytes->size);
}

static void send_frame(struct rig *rig, enum gw_dir dir, unsigned byte2, unsigned byte3, unsigned stype, uint32_t system, const struct sk_buf *body)
{
	_cleanup_buf_ struct sk_buf out = SK_BUF(32 << 20);

	put_frame(&out, stype ? HSMS_NO_SESSION : 1, byte2, byte3, stype, system, body);
	send_buf(rig, dir, &out);
}

static void select_session(struct rig *rig)
{
	send_frame(rig, GW_TO_SERVER, 0, 0, HSMS_SELECT_REQ, 1, NULL);
	send_frame(rig, GW_TO_CLIENT, 0, 0, HSMS_SELECT_RSP, 1, NULL);
	assert_true(rig->session->selected);
	forget(rig);
}

static void put_command(struct sk_buf *body, const char *name)
{
	secs_put_list(body, 2);
	secs_put_text(body, name);
	secs_put_list(body, 1);
	secs_put_list(body, 2);
	secs_put_text(body, "LOT");
	secs_put_number(body, SECS_U2, 7);
}

static void put_recipe(struct sk_buf *body, const char *name, size_t size)
{
	secs_put_list(body, 2);
	secs_put_text(body, name);
	secs_put_head(body, SECS_BINARY, 0, (uint32_t)size);
	for (size_t i = 0; i < size; i++)
		sk_buf_append_char(body, (char)(i * 7 % 251));
}

static void test_command(void **state)
{
	_cleanup_buf_ struct sk_buf body = SK_BUF(1000);
	struct rig rig;

	(void)state;
	rig_begin(&rig, false);
	select_session(&rig);
	put_command(&body, "START");
	send_frame(&rig, GW_TO_SERVER, 0x82, 41, 0, 77, &body);
	assert_string_equal(said(&rig), "S2F41 > host act=4 asks id=77 size=36 session=1 stype=0 stream=2 function=41 w=1 length=22 rcmd=START "
				       "cpname=LOT cpval=7 hsms.header:10 secs.body:22\n");
	forget(&rig);
	sk_buf_clear(&body);
	secs_put_list(&body, 2);
	secs_put_number(&body, SECS_BINARY, 3);
	secs_put_list(&body, 0);
	send_frame(&rig, GW_TO_CLIENT, 2, 42, 0, 77, &body);
	assert_string_equal(said(&rig), "S2F42 < equipment act=0 id=77 size=21 session=1 stype=0 stream=2 function=42 w=0 length=7 ack=3 hsms.header:10 "
				       "secs.body:7\n");
	rig_end(&rig);
}

static void test_control(void **state)
{
	struct rig rig;

	(void)state;
	rig_begin(&rig, false);
	send_frame(&rig, GW_TO_SERVER, 0, 0, HSMS_SELECT_REQ, 1, NULL);
	send_frame(&rig, GW_TO_CLIENT, 0, 0, HSMS_SELECT_RSP, 1, NULL);
	send_frame(&rig, GW_TO_CLIENT, 0, 0, HSMS_LINKTEST_REQ, 9, NULL);
	send_frame(&rig, GW_TO_SERVER, 0, 0, HSMS_LINKTEST_RSP, 9, NULL);
	assert_null(strstr(said(&rig), "odd"));
	assert_non_null(strstr(said(&rig), "select.req > ? act=0 asks id=1 size=14 session=65535 stype=1 status=0 length=0"));
	assert_non_null(strstr(said(&rig), "linktest.rsp > ? act=0 id=9"));
	send_frame(&rig, GW_TO_SERVER, 0, 0, HSMS_DESELECT_RSP, 10, NULL);
	assert_non_null(strstr(said(&rig), "odd > hsms-no-request\ndeselect.rsp"));
	select_session(&rig);
	send_frame(&rig, GW_TO_SERVER, 0, 0, HSMS_SEPARATE_REQ, 11, NULL);
	assert_false(rig.session->selected);
	send_frame(&rig, GW_TO_SERVER, 0x81, 1, 0, 12, NULL);
	assert_non_null(strstr(said(&rig), "odd > hsms-not-selected\nS1F1 > ? act=1 asks"));
	send_frame(&rig, GW_TO_SERVER, 0, 0, 8, 13, NULL);
	assert_non_null(strstr(said(&rig), "odd > hsms-stype\n"));
	rig_end(&rig);
}

static void test_roles(void **state)
{
	_cleanup_buf_ struct sk_buf body = SK_BUF(1000);
	struct rig rig;

	(void)state;
	rig_begin(&rig, false);
	select_session(&rig);
	/* The equipment has opened the connection here, and tells its model. */
	secs_put_list(&body, 2);
	secs_put_text(&body, "ETCH-9");
	secs_put_text(&body, "2.1");
	send_frame(&rig, GW_TO_SERVER, 0x81, 13, 0, 1, &body);
	assert_non_null(strstr(said(&rig), "S1F13 > equipment act=0 asks id=1"));
	assert_non_null(strstr(said(&rig), "mdln=ETCH-9 softrev=2.1"));
	sk_buf_clear(&body);
	put_command(&body, "STOP");
	send_frame(&rig, GW_TO_CLIENT, 0x82, 41, 0, 2, &body);
	assert_non_null(strstr(said(&rig), "S2F41 < host act=4"));
	assert_null(strstr(said(&rig), "odd"));
	/* And now it commands the host. */
	send_frame(&rig, GW_TO_SERVER, 0x82, 41, 0, 3, &body);
	assert_non_null(strstr(said(&rig), "odd > secs-role\nS2F41 > "));
	rig_end(&rig);
}

static void test_transactions(void **state)
{
	struct rig rig;

	(void)state;
	rig_begin(&rig, false);
	select_session(&rig);
	send_frame(&rig, GW_TO_SERVER, 0x81, 1, 0, 5, NULL);
	send_frame(&rig, GW_TO_CLIENT, 0x01, 2, 0, 5, NULL);
	assert_null(strstr(said(&rig), "odd"));
	send_frame(&rig, GW_TO_CLIENT, 0x01, 2, 0, 5, NULL);
	assert_non_null(strstr(said(&rig), "odd < secs-no-primary\n"));
	send_frame(&rig, GW_TO_SERVER, 0x81, 1, 0, 6, NULL);
	send_frame(&rig, GW_TO_CLIENT, 0x02, 18, 0, 6, NULL);
	assert_non_null(strstr(said(&rig), "odd < secs-wrong-reply\n"));
	send_frame(&rig, GW_TO_SERVER, 0x81, 1, 0, 7, NULL);
	forget(&rig);
	send_frame(&rig, GW_TO_SERVER, 0x81, 1, 0, 7, NULL);
	assert_non_null(strstr(said(&rig), "odd > hsms-system-bytes\n"));
	forget(&rig);
	for (unsigned i = 0; i < HSMS_OPEN; i++)
		send_frame(&rig, GW_TO_SERVER, 0x81, 1, 0, 100 + i, NULL);
	assert_non_null(strstr(said(&rig), "odd > hsms-open\n"));
	/* An abort answers anything. */
	forget(&rig);
	send_frame(&rig, GW_TO_CLIENT, 0x01, 0, 0, 120, NULL);
	assert_null(strstr(said(&rig), "odd"));
	rig_end(&rig);
}

static void pause_for(struct rig *rig, uint64_t seconds)
{
	rig->tape.turn.now += seconds * SECOND;
	gw_proto_hsms.tick(&rig->tape.turn, rig->session);
}

static void test_timers(void **state)
{
	struct rig rig;

	(void)state;
	rig_begin(&rig, false);
	pause_for(&rig, 9);
	assert_string_equal(said(&rig), "");
	pause_for(&rig, 2);
	assert_string_equal(said(&rig), "odd > hsms-t7\n");
	send_frame(&rig, GW_TO_SERVER, 0, 0, HSMS_SELECT_REQ, 1, NULL);
	forget(&rig);
	pause_for(&rig, 6);
	assert_string_equal(said(&rig), "odd > hsms-t6\n");
	send_frame(&rig, GW_TO_SERVER, 0, 0, HSMS_SELECT_REQ, 2, NULL);
	send_frame(&rig, GW_TO_CLIENT, 0, 0, HSMS_SELECT_RSP, 2, NULL);
	send_frame(&rig, GW_TO_SERVER, 0x81, 1, 0, 3, NULL);
	forget(&rig);
	pause_for(&rig, 44);
	assert_string_equal(said(&rig), "");
	pause_for(&rig, 2);
	assert_string_equal(said(&rig), "odd > secs-t3\n");
	forget(&rig);
	tape_data(&rig.tape, rig.session, GW_TO_CLIENT, (const uint8_t *)"\0\0\0\x0a\0", 5);
	pause_for(&rig, 6);
	pause_for(&rig, 6);
	assert_string_equal(said(&rig), "odd < hsms-t8\n");
	gw_proto_hsms.fin(&rig.tape.turn, rig.session, GW_TO_CLIENT);
	assert_string_equal(said(&rig), "odd < hsms-t8\nodd < hsms-cut\n");
	rig_end(&rig);
}

/* A host that poses as equipment is not let do what equipment may; the equipment is known once its host was heard. */
static void test_poses(void **state)
{
	_cleanup_buf_ struct sk_buf body = SK_BUF(1000), event = SK_BUF(1000);
	struct rig rig;

	(void)state;
	rig_begin(&rig, false);
	select_session(&rig);
	secs_put_list(&event, 0);
	put_recipe(&body, "R", 10);
	for (unsigned i = 0; i < 10; i++)
		send_frame(&rig, GW_TO_SERVER, 0x86, 11, 0, i, &event);
	send_frame(&rig, GW_TO_SERVER, 0x87, 3, 0, 20, &body);
	assert_non_null(strstr(said(&rig), "S6F11 > equipment act=2"));
	assert_non_null(strstr(said(&rig), "S7F3 > ? act=5"));
	forget(&rig);
	send_frame(&rig, GW_TO_CLIENT, 0x81, 13, 0, 21, &event); /* an empty list: it has no model to tell */
	send_frame(&rig, GW_TO_SERVER, 0x87, 3, 0, 22, &body);
	assert_non_null(strstr(said(&rig), "S7F3 > equipment act=2"));
	rig_end(&rig);
}

static void test_partial(void **state)
{
	_cleanup_buf_ struct sk_buf body = SK_BUF(10000);
	char long_name[300] = {0};
	struct rig rig;

	(void)state;
	rig_begin(&rig, false);
	select_session(&rig);
	secs_put_list(&body, 100);
	for (unsigned i = 0; i < 100; i++) {
		secs_put_list(&body, 2);
		secs_put_number(&body, SECS_U4, i);
		secs_put_number(&body, SECS_U4, 1);
	}
	send_frame(&rig, GW_TO_SERVER, 0x82, 15, 0, 1, &body);
	assert_non_null(strstr(said(&rig), "odd > secs-many\nS2F15 > host act=3 asks partial"));
	forget(&rig);
	sk_buf_clear(&body);
	memset(long_name, 'x', sizeof(long_name) - 1);
	put_command(&body, long_name);
	send_frame(&rig, GW_TO_SERVER, 0x82, 41, 0, 2, &body);
	assert_non_null(strstr(said(&rig), "odd > secs-long\nS2F41 > host act=4 asks partial"));
	forget(&rig);
	sk_buf_clear(&body);
	sk_buf_append(&body, "\x01\x02\xfd\x01\x41\x05START", 11);
	send_frame(&rig, GW_TO_SERVER, 0x82, 41, 0, 3, &body);
	assert_non_null(strstr(said(&rig), "odd > secs-format\nS2F41 > host act=4 asks partial"));
	forget(&rig);
	sk_buf_clear(&body);
	put_command(&body, "START");
	send_frame(&rig, GW_TO_SERVER, 0x82, 41, 0, 4, &body);
	assert_null(strstr(said(&rig), "partial"));
	rig_end(&rig);
}

/* A session with a bit of everything, as one stream in each direction. */
static void make_stream(struct sk_buf *out)
{
	_cleanup_buf_ struct sk_buf body = SK_BUF(200000);

	put_frame(out, HSMS_NO_SESSION, 0, 0, HSMS_SELECT_REQ, 1, NULL);
	put_command(&body, "PP-SELECT");
	put_frame(out, 1, 0x82, 41, 0, 10, &body);
	put_frame(out, 1, 0x81, 1, 0, 11, NULL);
	sk_buf_clear(&body);
	put_recipe(&body, "ETCH-7", 3000);
	put_frame(out, 1, 0x87, 3, 0, 12, &body);
	sk_buf_clear(&body);
	secs_put_list(&body, 2);
	for (unsigned i = 0; i < 2; i++) {
		secs_put_list(&body, 2);
		secs_put_number(&body, SECS_U4, 18001 + i);
		secs_put_bytes(&body, SECS_F8, "\x40\x09\x21\xfb\x54\x44\x2d\x18", 8);
	}
	put_frame(out, 1, 0x82, 15, 0, 13, &body);
	put_frame(out, HSMS_NO_SESSION, 0, 0, HSMS_LINKTEST_REQ, 14, NULL);
	sk_buf_clear(&body);
	sk_buf_append(&body, "\x01\x01\xfd\x00", 4);
	put_frame(out, 1, 0x82, 41, 0, 15, &body);
	put_frame(out, 1, 0x81, 17, 0, 16, NULL);
}

static void test_cut_anywhere(void **state)
{
	_cleanup_buf_ struct sk_buf stream = SK_BUF(100000);
	struct rig whole;

	(void)state;
	make_stream(&stream);
	rig_begin(&whole, false);
	send_buf(&whole, GW_TO_SERVER, &stream);
	assert_non_null(strstr(said(&whole), "S7F3 > host act=5 asks head id=12 size=14"));
	assert_non_null(strstr(said(&whole), "ecid=18001 ecv=3.1415926535897931 ecid=18002"));
	assert_non_null(strstr(said(&whole), "odd > secs-format\n"));
	for (size_t at = 1; at < stream.size; at++) {
		struct rig two;

		rig_begin(&two, false);
		tape_data(&two.tape, two.session, GW_TO_SERVER, (const uint8_t *)stream.data, at);
		tape_data(&two.tape, two.session, GW_TO_SERVER, (const uint8_t *)stream.data + at, stream.size - at);
		assert_string_equal(said(&two), said(&whole));
		assert_int_equal(two.tape.ends, stream.size);
		rig_end(&two);
	}
	for (size_t cut = 1; cut < 40; cut++) {
		struct rig many;

		rig_begin(&many, false);
		for (size_t at = 0; at < stream.size; at += cut)
			tape_data(&many.tape, many.session, GW_TO_SERVER, (const uint8_t *)stream.data + at, SK_MIN(cut, stream.size - at));
		assert_string_equal(said(&many), said(&whole));
		rig_end(&many);
	}
	rig_end(&whole);
}

/* Picked up at each byte: from the next frame that can be proved on, the same is said. */
static void test_pick_up(void **state)
{
	_cleanup_buf_ struct sk_buf stream = SK_BUF(100000);

	(void)state;
	make_stream(&stream);
	for (size_t at = 0; at < stream.size; at++) {
		struct rig rig, bytes;

		rig_begin(&rig, true);
		rig_begin(&bytes, true);
		tape_data(&rig.tape, rig.session, GW_TO_SERVER, (const uint8_t *)stream.data + at, stream.size - at);
		for (size_t k = at; k < stream.size; k++)
			tape_data(&bytes.tape, bytes.session, GW_TO_SERVER, (const uint8_t *)stream.data + k, 1);
		assert_string_equal(said(&rig), said(&bytes));
		if (at <= stream.size - 14 - 18 - 14) { /* two frames more */
			assert_non_null(strstr(said(&rig), "S1F17 > host"));
			assert_int_equal(rig.tape.ends, stream.size - at);
		}
		rig_end(&rig);
		rig_end(&bytes);
	}
}

static void test_one_frame_alone_is_picked_up(void **state)
{
	_cleanup_buf_ struct sk_buf body = SK_BUF(1000);
	struct rig rig;

	(void)state;
	rig_begin(&rig, true);
	put_command(&body, "START");
	send_frame(&rig, GW_TO_SERVER, 0x82, 41, 0, 77, &body);
	assert_non_null(strstr(said(&rig), "S2F41 > host"));
	assert_null(strstr(said(&rig), "odd"));
	rig_end(&rig);
}

static void test_noise_is_bounded(void **state)
{
	_cleanup_buf_ struct sk_buf stream = SK_BUF(1 << 20), tail = SK_BUF(100000);
	struct rig rig;
	uint32_t seed = 1;

	(void)state;
	for (unsigned i = 0; i < 700000; i++) {
		seed = seed * 1103515245 + 12345;
		sk_buf_append_char(&stream, (char)(seed >> 16 & 3)); /* many zeros: heads that only look like it */
	}
	make_stream(&tail);
	rig_begin(&rig, true);
	for (size_t at = 0; at < stream.size; at += 1460) {
		tape_data(&rig.tape, rig.session, GW_TO_SERVER, (const uint8_t *)stream.data + at, SK_MIN((size_t)1460, stream.size - at));
		assert_true(rig.session->side[0].seek.bytes.size <= SEEK_MAX);
	}
	rig_end(&rig);
}

static void test_gap(void **state)
{
	_cleanup_buf_ struct sk_buf body = SK_BUF(20000), out = SK_BUF(20000);
	struct rig rig;

	(void)state;
	rig_begin(&rig, false);
	select_session(&rig);
	send_frame(&rig, GW_TO_SERVER, 0x82, 13, 0, 1, NULL);
	put_recipe(&body, "R", 5000);
	put_frame(&out, 1, 0x87, 3, 0, 12, &body);
	/* Within a body: its end is known, but no hash is told. */
	tape_data(&rig.tape, rig.session, GW_TO_SERVER, (const uint8_t *)out.data, 2000);
	gw_proto_hsms.gap(&rig.tape.turn, rig.session, GW_TO_SERVER, 1000);
	tape_data(&rig.tape, rig.session, GW_TO_SERVER, (const uint8_t *)out.data + 3000, out.size - 3000);
	send_frame(&rig, GW_TO_SERVER, 0x81, 1, 0, 13, NULL);
	assert_non_null(strstr(said(&rig), "odd > hsms-torn\nS7F3 > host"));
	assert_null(strstr(said(&rig), "recipe"));
	assert_non_null(strstr(said(&rig), "\nS1F1 > host"));
	/* Past it: sought again. */
	forget(&rig);
	tape_data(&rig.tape, rig.session, GW_TO_SERVER, (const uint8_t *)out.data, 2000);
	gw_proto_hsms.gap(&rig.tape.turn, rig.session, GW_TO_SERVER, 10000);
	tape_data(&rig.tape, rig.session, GW_TO_SERVER, (const uint8_t *)out.data + 100, 200);
	send_frame(&rig, GW_TO_SERVER, 0x81, 1, 0, 14, NULL);
	send_frame(&rig, GW_TO_SERVER, 0x81, 1, 0, 15, NULL);
	assert_non_null(strstr(said(&rig), "S1F1 > host act=1 asks id=14"));
	assert_non_null(strstr(said(&rig), "S1F1 > host act=1 asks id=15"));
	rig_end(&rig);
}

static void test_recipe(void **state)
{
	_cleanup_buf_ struct sk_buf body = SK_BUF(4 << 20), value = SK_BUF(4 << 20);
	uint8_t hash[SK_SHA256_SIZE];
	char hex[2 * SK_SHA256_SIZE + 1];
	struct rig rig;

	(void)state;
	rig_begin(&rig, false);
	select_session(&rig);
	put_recipe(&body, "ETCH-7", 1 << 20);
	sk_buf_append(&value, body.data + body.size - (1 << 20), 1 << 20);
	assert_int_equal(sk_sha256(value.data, value.size, hash), 0);
	send_frame(&rig, GW_TO_SERVER, 0x87, 3, 0, 12, &body);
	assert_non_null(strstr(said(&rig), "ppid=ETCH-7 recipe.sha256="));
	assert_non_null(strstr(said(&rig), sk_hex(hash, sizeof(hash), hex)));
	assert_non_null(strstr(said(&rig), " recipe.size=1048576 "));
	/* However great, little of it is kept. */
	assert_true(rig.session->side[0].body.space <= 2 * HSMS_BODY_KEPT);
	/* A formatted one is hashed as it was sent, heads and all. */
	forget(&rig);
	sk_buf_clear(&body);
	secs_put_list(&body, 4);
	secs_put_text(&body, "F");
	secs_put_text(&body, "M");
	secs_put_text(&body, "1");
	size_t from = body.size;
	secs_put_list(&body, 1);
	secs_put_list(&body, 2);
	secs_put_number(&body, SECS_U2, 5);
	secs_put_list(&body, 1);
	secs_put_number(&body, SECS_U4, 900);
	assert_int_equal(sk_sha256(body.data + from, body.size - from, hash), 0);
	send_frame(&rig, GW_TO_SERVER, 0x87, 23, 0, 13, &body);
	assert_non_null(strstr(said(&rig), "ppid=F mdln=M softrev=1 recipe.sha256="));
	assert_non_null(strstr(said(&rig), sk_hex(hash, sizeof(hash), hex)));
	/* One whose body cannot be read to its end has no hash. */
	forget(&rig);
	sk_buf_clear(&body);
	put_recipe(&body, "X", 100);
	sk_buf_drop_end(&body, 1);
	send_frame(&rig, GW_TO_SERVER, 0x87, 3, 0, 14, &body);
	assert_non_null(strstr(said(&rig), "odd > secs-short\nS7F3"));
	assert_null(strstr(said(&rig), "recipe"));
	rig_end(&rig);
}

static void check_refused(const char *name, unsigned byte2, unsigned byte3, const struct sk_buf *body, const char *answer)
{
	struct rig rig;

	rig_begin(&rig, false);
	select_session(&rig);
	send_frame(&rig, GW_TO_SERVER, 0x82, 13, 0, 1, NULL); /* only a host asks that */
	forget(&rig);
	rig.tape.refuse = name;
	rig.tape.reply = GW_REPLY_NATIVE;
	send_frame(&rig, GW_TO_SERVER, byte2, byte3, 0, 0x0a0b0c0d, body);
	assert_non_null(strstr(said(&rig), "answer < "));
	assert_string_equal(strstr(said(&rig), "answer < ") + 9, answer);
	/* And nobody waits for an answer of the equipment. */
	forget(&rig);
	pause_for(&rig, 46);
	assert_string_equal(said(&rig), "odd > secs-t3\n"); /* the S2F13 above */
	rig_end(&rig);
}

/* The very first message, before anything told who is the host: who asks for an answer hears it; without the wish for one nothing is said. */
static void test_refused_first(void **state)
{
	_cleanup_buf_ struct sk_buf recipe = SK_BUF(20000);
	struct rig rig;

	(void)state;
	put_recipe(&recipe, "R", 100);
	for (unsigned wait = 0; wait < 2; wait++) {
		rig_begin(&rig, false);
		select_session(&rig);
		rig.tape.refuse = "S7F3";
		rig.tape.reply = GW_REPLY_NATIVE;
		send_frame(&rig, GW_TO_SERVER, wait ? 0x87 : 0x07, 3, 0, 0x0a0b0c0d, &recipe);
		assert_int_equal(strstr(said(&rig), "answer < 0000000d0001070400000a0b0c0d210101\n") != NULL, wait);
		assert_int_equal(strstr(said(&rig), "answer") != NULL, wait);
		rig_end(&rig);
	}
}

static void test_refusals(void **state)
{
	_cleanup_buf_ struct sk_buf recipe = SK_BUF(20000), command = SK_BUF(1000), other = SK_BUF(1000);
	struct rig rig;

	(void)state;
	put_recipe(&recipe, "R", 5000);
	put_command(&command, "START");
	/* S7F4 with ACKC7 1, S2F42 with HCACK 2, S7F6 with an empty list, S14F0, and S9F7 with the header where no answer is due. */
	check_refused("S7F3", 0x87, 3, &recipe, "0000000d0001070400000a0b0c0d210101\n");
	check_refused("S2F41", 0x82, 41, &command, "000000110001022a00000a0b0c0d01022101020100\n");
	secs_put_text(&other, "R");
	check_refused("S7F5", 0x87, 5, &other, "0000000c0001070600000a0b0c0d0100\n");
	check_refused("S14F11", 0x8e, 11, NULL, "0000000a00010e0000000a0b0c0d\n");
	check_refused("S2F41", 0x02, 41, &command, "000000160001090700000a0b0c0d210a00010229" "00000a0b0c0d\n");

	/* What the equipment says unasked is dropped in silence; its answer is replaced by an abort towards the host. */
	rig_begin(&rig, false);
	select_session(&rig);
	send_frame(&rig, GW_TO_SERVER, 0x82, 13, 0, 1, NULL);
	rig.tape.refuse = "S7F6";
	rig.tape.reply = GW_REPLY_NATIVE;
	send_frame(&rig, GW_TO_SERVER, 0x87, 5, 0, 2, &other);
	forget(&rig);
	send_frame(&rig, GW_TO_CLIENT, 0x07, 6, 0, 2, &recipe);
	assert_non_null(strstr(said(&rig), "answer < 0000000a0001070000000000" "0002\n"));
	forget(&rig);
	rig.tape.refuse = "S5F1";
	send_frame(&rig, GW_TO_CLIENT, 0x85, 1, 0, 3, NULL);
	assert_non_null(strstr(said(&rig), "S5F1 < equipment"));
	assert_null(strstr(said(&rig), "answer"));
	/* Refused by its header, answered once, at its end. */
	forget(&rig);
	rig.tape.refuse = "S7F3";
	rig.tape.refuse_head = true;
	send_frame(&rig, GW_TO_SERVER, 0x87, 3, 0, 4, &recipe);
	assert_non_null(strstr(said(&rig), "answer < 0000000d00010704"));
	assert_null(strstr(strstr(said(&rig), "answer") + 1, "answer"));
	rig_end(&rig);
}

static void test_another_protocol(void **state)
{
	static const uint8_t http[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	uint8_t head[HSMS_HEAD] = {0, 0, 0, 10, 255, 255, 0, 0, 0, 1, 0, 0, 0, 1};
	struct rig rig;

	(void)state;
	rig_begin(&rig, false);
	tape_data(&rig.tape, rig.session, GW_TO_SERVER, http, sizeof(http) - 1);
	tape_data(&rig.tape, rig.session, GW_TO_SERVER, http, sizeof(http) - 1);
	assert_string_equal(said(&rig), "not mine\n");
	rig_end(&rig);
	rig_begin(&rig, false);
	tape_data(&rig.tape, rig.session, GW_TO_SERVER, (const uint8_t *)"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x11\x22\x33\x44", 15);
	assert_string_equal(said(&rig), "odd > hsms-tls\nnot mine\n");
	rig_end(&rig);
	assert_int_equal(gw_proto_hsms.guess(http, sizeof(http) - 1, GW_TO_SERVER, false), GW_NO);
	assert_int_equal(gw_proto_hsms.guess(http, 3, GW_TO_SERVER, false), GW_NO);
	assert_int_equal(gw_proto_hsms.guess(head, sizeof(head), GW_TO_SERVER, false), GW_YES);
	assert_int_equal(gw_proto_hsms.guess(head, 5, GW_TO_SERVER, false), GW_MORE);
	assert_int_equal(gw_proto_hsms.guess(head, sizeof(head), GW_TO_SERVER, true), GW_YES);
}

static void test_rows(void **state)
{
	unsigned count = 0;

	(void)state;
	for (unsigned stream = 0; stream < 128; stream++)
		for (unsigned function = 0; function < 256; function++) {
			const struct hsms_row *row = hsms_row_find(stream, function);

			if (!row)
				continue;
			count++;
			assert_int_equal(row->stream, stream);
			assert_int_equal(row->function, function);
			assert_true(function > 0);
			/* An answer goes the other way than what it answers. */
			if (function % 2 == 0 && row->by != BY_EITHER)
				assert_true(hsms_row_find(stream, function - 1)->by != row->by);
		}
	assert_true(count > 250);
}

SK_TEST_MAIN(cmocka_unit_test(test_command), cmocka_unit_test(test_control), cmocka_unit_test(test_roles), cmocka_unit_test(test_poses), cmocka_unit_test(test_partial),
	     cmocka_unit_test(test_transactions),
	     cmocka_unit_test(test_timers), cmocka_unit_test(test_cut_anywhere), cmocka_unit_test(test_pick_up),
	     cmocka_unit_test(test_one_frame_alone_is_picked_up), cmocka_unit_test(test_noise_is_bounded), cmocka_unit_test(test_gap),
	     cmocka_unit_test(test_recipe), cmocka_unit_test(test_refused_first), cmocka_unit_test(test_refusals), cmocka_unit_test(test_another_protocol), cmocka_unit_test(test_rows))
