// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Each row of tcp.h's table, segment by segment: what the parser is told, what goes on and in which order, and what it looks like. "seen" is what data() got,
 * "out" what a receiver behind us gets, both as letters.
 */
#include "support/harness.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "flow/options.h"
#include "stream/held.h"
#include "stream/tcp.h"
#include "stream/test-made.h"

enum { CLIENT, SERVER, C0 = 1000, S0 = 5000, WINDOW = 4000, TEXT = 4096 };

static struct {
	struct gw_tcp tcp;
	struct gw_tcp_calls calls;
	struct gw_memory memory;
	char seen[TEXT], out[TEXT];
	struct gw_packet last; /* that went on */
	uint8_t last_frame[2048];
	struct gw_tcp_own own;
	unsigned owns, begun, odd, fins;
	uint64_t gap;
	char stop_at;          /* data() with this letter is not to go on */
	uint64_t now;
} w;

static void append(char *text, const void *data, size_t size)
{
	size_t at = strlen(text);

	assert_true(at + size < TEXT);
	memcpy(text + at, data, size);
	text[at + size] = '\0';
}

static void goes_on(const uint8_t *frame, size_t size)
{
	assert_true(size <= sizeof w.last_frame);
	memcpy(w.last_frame, frame, size);
	w.last = (struct gw_packet){.frame = w.last_frame, .size = (uint32_t)size};
	assert_int_equal(gw_decode(&w.last, true), 0); /* checksums and lengths are right */
	append(w.out, w.last_frame + w.last.payload, w.last.payload_size);
	append(w.out, "|", 1);
}

static void on_release(void *context, int side, const uint8_t *frame, size_t size)
{
	goes_on(frame, size);
}

static void on_own(void *context, int side, const struct gw_tcp_own *own)
{
	w.owns++;
	w.own = *own;
}

static bool no(void *context)
{
	return false;
}

static void on_begin(void *context, int client, bool midstream)
{
	w.begun++;
}

static void on_data(void *context, int s, uint8_t *data, size_t size, struct gw_tcp_ruling *ruling)
{
	append(w.seen, data, size);
	ruling->stop = w.stop_at && memchr(data, w.stop_at, size);
}

static void on_gap(void *context, int side, uint64_t missing)
{
	w.gap += missing;
	append(w.seen, "?", 1);
}

static void on_fin(void *context, int side)
{
	w.fins++;
}

static void on_odd(void *context, int side, enum gw_tcp_odd what)
{
	w.odd |= 1u << what;
}

static void fresh(bool inline_)
{
	gw_tcp_end(&w.tcp, &w.memory);
	memset(&w, 0, sizeof w);
	w.memory.max = 1 << 20;
	w.calls = (struct gw_tcp_calls){.inline_ = inline_, .midstream = true, .memory = &w.memory, .room = no, .begin = on_begin, .data = on_data, .gap = on_gap, .fin = on_fin,
		.odd = on_odd, .release = on_release, .own = on_own, .shifts = no};
}

static enum gw_tcp_fate put(int from, uint8_t flags, uint32_t seq, uint32_t ack, const struct options *o, const char *text)
{
	uint8_t frame[2048];
	struct gw_packet p = {.frame = frame, .time = w.now += 1000000, .port = from == CLIENT ? GW_PORT_B : GW_PORT_A};
	static const struct options none;
	enum gw_tcp_fate fate;

	p.size = (uint32_t)make(from, flags, seq, ack, WINDOW, o ? o : &none, text, strlen(text), frame);
	gw_decode(&p, true);
	fate = gw_tcp_segment(&w.tcp, &w.calls, &p, from);
	if (fate == GW_TCP_PASS)
		goes_on(p.frame, p.size);
	return fate;
}

/* The client says `text`, `at` bytes into what it says. */
static enum gw_tcp_fate say(uint32_t at, const char *text)
{
	return put(CLIENT, GW_ACK, C0 + 1 + at, S0 + 1, NULL, text);
}

static enum gw_tcp_fate acknowledge(uint32_t at)
{
	return put(SERVER, GW_ACK, S0 + 1, C0 + 1 + at, NULL, "");
}

static void open_session(bool inline_)
{
	fresh(inline_);
	put(CLIENT, GW_SYN, C0, 0, NULL, "");
	put(SERVER, GW_SYN | GW_ACK, S0, C0 + 1, NULL, "");
	put(CLIENT, GW_ACK, C0 + 1, S0 + 1, NULL, "");
	assert_int_equal(w.begun, 1);
	w.out[0] = '\0';
}

static void test_in_order(void **state)
{
	open_session(true);
	assert_int_equal(say(0, "abc"), GW_TCP_PASS);
	assert_int_equal(say(3, "def"), GW_TCP_PASS);
	assert_string_equal(w.seen, "abcdef");
	assert_string_equal(w.out, "abc|def|");
	assert_int_equal(w.odd, 0);
	assert_int_equal(w.owns, 0);
}

/* What came early waits, its sender is told, and behind the missing part it goes on with what was said since. */
static void test_out_of_order(void **state)
{
	const struct options old = {.stamps = true, .stamp = 10, .echo = 1}, new = {.stamps = true, .stamp = 20, .echo = 2};

	open_session(true);
	assert_int_equal(put(SERVER, GW_ACK, S0 + 1, C0 + 1, &(struct options){.stamps = true, .stamp = 1, .echo = 9}, "xy"), GW_TCP_PASS);
	w.out[0] = w.seen[0] = '\0';
	assert_int_equal(put(CLIENT, GW_ACK, C0 + 1 + 3, S0 + 1, &old, "def"), GW_TCP_HELD);
	assert_string_equal(w.seen, "");
	assert_string_equal(w.out, "");
	assert_int_equal(w.owns, 1);
	assert_int_equal(w.own.flags, GW_ACK);
	assert_int_equal(w.own.ack, C0 + 1);
	assert_int_equal(w.own.seq, S0 + 3);
	assert_int_equal(w.own.window, WINDOW);
	assert_true(w.own.stamped);
	assert_int_equal(w.own.stamp, 1);
	assert_int_equal(w.own.stamp_echo, 10);
	assert_int_equal(w.own.block_count, 0); /* neither SYN permits them */
	assert_int_equal(put(CLIENT, GW_ACK, C0 + 1, S0 + 3, &new, "abc"), GW_TCP_DROP); /* has gone before what was held */
	assert_string_equal(w.seen, "abcdef");
	assert_string_equal(w.out, "abc|def|");
	assert_int_equal(w.last.ack, S0 + 3);
	assert_int_equal(gw_option_u32(gw_option_find(&w.last, GW_OPTION_STAMPS, 10) + 2), 20);
	assert_int_equal(gw_option_u32(gw_option_find(&w.last, GW_OPTION_STAMPS, 10) + 6), 2);
}

static void test_blocks_of_what_is_held(void **state)
{
	const struct gw_block stale = {C0 + 90, C0 + 91};

	fresh(true);
	assert_int_equal(put(CLIENT, GW_ACK, C0 + 1, S0 + 1, NULL, "a"), GW_TCP_PASS); /* picked up: nobody saw what the SYNs permit */
	acknowledge(1);
	assert_int_equal(put(CLIENT, GW_ACK, C0 + 1 + 3, S0 + 1, &(struct options){.block = &stale}, "d"), GW_TCP_HELD);
	assert_int_equal(say(4, "ef"), GW_TCP_HELD);
	assert_int_equal(say(9, "j"), GW_TCP_HELD);
	assert_int_equal(w.own.block_count, 2);
	assert_int_equal(w.own.blocks[0].from, C0 + 1 + 9); /* the newest first */
	assert_int_equal(w.own.blocks[0].to, C0 + 1 + 10);
	assert_int_equal(w.own.blocks[1].from, C0 + 1 + 3);
	assert_int_equal(w.own.blocks[1].to, C0 + 1 + 6);
	assert_int_equal(w.own.ack, C0 + 2);
	assert_int_equal(say(13, "n"), GW_TCP_HELD);
	assert_int_equal(say(17, "r"), GW_TCP_HELD);
	assert_int_equal(w.own.block_count, GW_BLOCKS_MAX);
	assert_int_equal(w.own.blocks[0].from, C0 + 1 + 17);
	w.out[0] = '\0';
	assert_int_equal(say(1, "bc"), GW_TCP_DROP);
	assert_string_equal(w.out, "bc|d|ef|");
	assert_null(gw_option_find(&w.last, GW_OPTION_SACK, 2));
	assert_int_equal(say(6, "ghi"), GW_TCP_DROP);
	assert_string_equal(w.out, "bc|d|ef|ghi|j|");
	assert_string_equal(w.seen, "abcdefghij");
}

/* The first copy that went on is the truth. */
static void test_other_bytes(void **state)
{
	open_session(true);
	say(0, "abcdef");
	assert_int_equal(say(2, "XYef"), GW_TCP_PASS);
	assert_string_equal(w.out, "abcdef|cdef|");
	assert_int_equal(w.odd, 1u << GW_TCP_REWRITTEN);
	assert_int_equal(say(4, "EFgh"), GW_TCP_PASS);
	assert_string_equal(w.out, "abcdef|cdef|efgh|");
	assert_string_equal(w.seen, "abcdefgh");
}

/* Nobody remembers what was acknowledged: it goes on without its payload, and the receiver answers. */
static void test_forgotten(void **state)
{
	open_session(true);
	say(0, "abc");
	acknowledge(3);
	w.out[0] = '\0';
	assert_int_equal(say(0, "XYZ"), GW_TCP_PASS);
	assert_string_equal(w.out, "|");
	assert_int_equal(say(0, "XYZd"), GW_TCP_PASS);
	assert_string_equal(w.out, "|d|");
	assert_int_equal(w.last.seq, C0 + 1 + 3);
	assert_string_equal(w.seen, "abcd");
}

static void test_behind_fin(void **state)
{
	open_session(true);
	assert_int_equal(put(CLIENT, GW_ACK | GW_FIN, C0 + 1, S0 + 1, NULL, "abc"), GW_TCP_PASS);
	assert_int_equal(w.fins, 1);
	assert_int_equal(say(3, "d"), GW_TCP_DROP);
	assert_string_equal(w.seen, "abc");
	assert_int_equal(w.odd, 1u << GW_TCP_BEHIND_FIN);
	assert_false(gw_tcp_over(&w.tcp));
	put(SERVER, GW_ACK | GW_FIN, S0 + 1, C0 + 5, NULL, "");
	assert_true(gw_tcp_over(&w.tcp));
}

static void test_rst(void **state)
{
	open_session(true);
	say(0, "abc");
	assert_int_equal(put(CLIENT, GW_RST, C0 + 1 + 500000, 0, NULL, ""), GW_TCP_DROP);
	assert_int_equal(w.odd, 1u << GW_TCP_RST_OUTSIDE);
	assert_int_equal(put(CLIENT, GW_RST, C0 + 1 + 3, 0, NULL, ""), GW_TCP_PASS);
	assert_int_equal(say(3, "def"), GW_TCP_PASS); /* ends nothing here: what follows is judged */
	assert_string_equal(w.seen, "abcdef");
}

static void test_syn(void **state)
{
	fresh(true);
	assert_int_equal(put(CLIENT, GW_SYN, C0, 0, NULL, "early"), GW_TCP_DROP);
	assert_int_equal(w.odd, 1u << GW_TCP_SYN_DATA);
	open_session(true);
	assert_int_equal(put(SERVER, GW_SYN | GW_ACK, S0 + 77, C0 + 9, NULL, ""), GW_TCP_DROP);
	assert_int_equal(w.odd, 1u << GW_TCP_SYN_ACK_WRONG);
	assert_int_equal(put(CLIENT, GW_SYN, C0 + 100000, 0, NULL, ""), GW_TCP_PASS);
	say(0, "abc"); /* the old session goes on until the other side answers the SYN */
	assert_string_equal(w.seen, "abc");
	assert_int_equal(put(SERVER, GW_SYN | GW_ACK, S0 + 9000, C0 + 100001, NULL, ""), GW_TCP_PASS);
	assert_int_equal(w.begun, 2);
	say(100000, "new");
	assert_string_equal(w.seen, "abcnew");
}

static void test_urgent(void **state)
{
	open_session(true);
	assert_int_equal(put(CLIENT, GW_ACK | GW_URG, C0 + 1, S0 + 1, NULL, "abc"), GW_TCP_PASS);
	assert_int_equal(w.last.flags & GW_URG, 0);
	assert_int_equal(w.last.urgent, 0);
	assert_string_equal(w.seen, "abc");
}

/* A receiver that says it has what never came is believed only when the sender goes on behind it. */
static void test_a_gap(void **state)
{
	open_session(true);
	say(0, "abc");
	acknowledge(10);
	assert_int_equal(w.gap, 0);
	assert_int_equal(say(10, "klm"), GW_TCP_PASS);
	assert_int_equal(w.gap, 7);
	assert_string_equal(w.seen, "abc?klm");
}

static void test_stopped(void **state)
{
	open_session(true);
	w.stop_at = 'X';
	assert_int_equal(say(3, "def"), GW_TCP_HELD);
	assert_int_equal(say(0, "aXc"), GW_TCP_DROP);
	assert_int_equal(say(0, "abc"), GW_TCP_DROP);
	assert_int_equal(say(6, "g"), GW_TCP_DROP);
	assert_string_equal(w.out, "");
	assert_string_equal(w.seen, "aXc");
}

static void test_limits(void **state)
{
	char text[1001] = "";

	open_session(true);
	for (uint32_t i = 1; i <= GW_HELD_MAX; i++)
		assert_int_equal(say(2 * i, "x"), GW_TCP_HELD);
	assert_int_equal(say(2 * GW_HELD_MAX + 2, "x"), GW_TCP_DROP);
	assert_int_equal(w.odd, 1u << GW_TCP_TOO_MUCH_HELD);
	fresh(true);
	memset(text, 'x', sizeof text - 1);
	w.memory.max = 600;
	put(CLIENT, GW_ACK, C0 + 1, S0 + 1, NULL, "a");
	assert_int_equal(say(1001, text), GW_TCP_DROP); /* no memory to hold it in */
	assert_true(w.memory.used <= 600);
}

/* Of the other side's address, but from this side's wire. */
static void test_wrong_port(void **state)
{
	uint8_t frame[FRAME];
	struct gw_packet p = {.frame = frame, .port = GW_PORT_A};
	const struct options none = {0};

	open_session(true);
	p.size = (uint32_t)make(CLIENT, GW_ACK, C0 + 1, S0 + 1, WINDOW, &none, "abc", 3, frame);
	gw_decode(&p, true);
	assert_int_equal(gw_tcp_segment(&w.tcp, &w.calls, &p, CLIENT), GW_TCP_DROP);
	assert_int_equal(w.odd, 1u << GW_TCP_FROM_OTHER_PORT);
	assert_string_equal(w.seen, "");
}

/* Of segments that carry signatures nothing may be changed, and none may be ours. */
static void test_signed_segments(void **state)
{
	open_session(true);
	w.tcp.keyed = true;
	assert_int_equal(say(3, "def"), GW_TCP_HELD);
	assert_int_equal(w.owns, 0);
	say(0, "abc");
	assert_string_equal(w.out, "abc|def|");
}

/* Where nothing can be dropped the same is told, and nothing is sent. */
static void test_a_capture(void **state)
{
	open_session(false);
	assert_int_equal(say(3, "def"), GW_TCP_HELD);
	assert_int_equal(say(0, "abc"), GW_TCP_PASS);
	say(0, "Xbc");
	assert_string_equal(w.seen, "abcdef");
	assert_int_equal(w.odd, 1u << GW_TCP_REWRITTEN);
	assert_int_equal(w.owns, 0);
}

static int end(void **state)
{
	gw_tcp_end(&w.tcp, &w.memory);
	assert_int_equal(w.memory.used, 0);
	return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, end)
SK_TEST_MAIN(TEST(test_in_order), TEST(test_out_of_order), TEST(test_blocks_of_what_is_held), TEST(test_other_bytes), TEST(test_forgotten), TEST(test_behind_fin), TEST(test_rst),
	     TEST(test_syn), TEST(test_urgent), TEST(test_a_gap), TEST(test_stopped), TEST(test_limits), TEST(test_wrong_port), TEST(test_signed_segments), TEST(test_a_capture))
