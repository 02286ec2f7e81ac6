// SPDX-License-Identifier: GPL-3.0-or-later
/* Datagrams in pieces: in any order the same whole; what overlaps with other bytes, ends twice or is too long goes nowhere; patience, bounds, and a flood that costs no more a piece. */
#include "support/harness.h"

#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "flow/frag.h"
#include "flow/memory.h"
#include "flow/packet.h"

static struct gw_memory memory;
static struct gw_frags *frags;
static uint64_t now;
static unsigned released;

static int setup(void **state)
{
	memory = (struct gw_memory){.max = 8 << 20};
	now = 1000000000;
	released = 0;
	return gw_frags_new(&memory, &frags);
}

static int teardown(void **state)
{
	gw_frags_free(frags);
	return memory.used != 0; /* all that was charged was given back */
}

static void count(void *context, const uint8_t *frame, size_t size)
{
	released++;
}

/* A piece of datagram `id` of UDP from 10.0.0.1: `size` bytes of `with` at `at`. */
static enum gw_frag_state piece(unsigned id, unsigned at, unsigned size, bool more, uint8_t with, struct gw_packet *ret_whole, struct gw_datagram **ret_datagram)
{
	static uint8_t frame[2048];
	const uint8_t head[34] = {0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, (uint8_t)((20 + size) >> 8), (uint8_t)(20 + size), (uint8_t)(id >> 8), (uint8_t)id,
		(uint8_t)((more ? 0x20 : 0) | at / 8 >> 8), (uint8_t)(at / 8), 64, 17, 0, 0, 10, 0, (uint8_t)(id >> 16), 1, 10, 0, 0, 2};
	struct gw_packet p = {.frame = frame, .size = 34 + size, .time = now};

	memcpy(frame, head, sizeof head);
	memset(frame + 34, with, size);
	gw_decode(&p, false);
	assert_true(p.fragment);
	return gw_frags_put(frags, &p, ret_whole, ret_datagram);
}

static enum gw_frag_state plain(unsigned id, unsigned at, unsigned size, bool more, uint8_t with)
{
	struct gw_packet whole;
	struct gw_datagram *d;

	return piece(id, at, size, more, with, &whole, &d);
}

static void test_any_order(void **state)
{
	static const uint8_t orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

	for (unsigned o = 0; o < 6; o++) {
		struct gw_packet whole = {0};
		struct gw_datagram *d = NULL;

		for (unsigned i = 0; i < 3; i++) {
			unsigned n = orders[o][i];

			assert_int_equal(piece(o, n * 16, n == 2 ? 5 : 16, n != 2, (uint8_t)('a' + n), &whole, &d), i == 2 ? GW_FRAG_WHOLE : GW_FRAG_HELD);
		}
		assert_int_equal(whole.size, 34 + 37);
		assert_memory_equal(whole.frame + 34, "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccc", 37);
		released = 0;
		gw_frags_release(frags, d, NULL, count);
		assert_int_equal(released, 2);
	}
}

static void test_overlaps(void **state)
{
	assert_int_equal(plain(1, 0, 16, true, 'a'), GW_FRAG_HELD);
	assert_int_equal(plain(1, 0, 16, true, 'a'), GW_FRAG_HELD);    /* a copy */
	assert_int_equal(plain(1, 8, 16, true, 'b'), GW_FRAG_REFUSED); /* other bytes: nobody knows which a receiver takes */
	assert_int_equal(plain(1, 24, 8, false, 'c'), GW_FRAG_REFUSED); /* nor does anything later of it go on */
	assert_int_equal(plain(2, 0, 16, true, 'a'), GW_FRAG_HELD);    /* another datagram is another matter */
	assert_int_equal(plain(77, 0, 16, true, 1), GW_FRAG_HELD);
	assert_false(gw_frags_overlapped(frags));
	assert_int_equal(plain(77, 8, 16, true, 1), GW_FRAG_HELD);
	assert_true(gw_frags_overlapped(frags)); /* with the same bytes too */
	assert_int_equal(plain(77, 24, 8, true, 1), GW_FRAG_HELD);
	assert_false(gw_frags_overlapped(frags));
}

static void test_ends(void **state)
{
	assert_int_equal(plain(1, 16, 8, false, 'a'), GW_FRAG_HELD);
	assert_int_equal(plain(1, 32, 8, false, 'b'), GW_FRAG_REFUSED); /* two ends */
	assert_int_equal(plain(2, 16, 8, false, 'a'), GW_FRAG_HELD);
	assert_int_equal(plain(2, 24, 8, true, 'b'), GW_FRAG_REFUSED);  /* behind the end */
	assert_int_equal(plain(3, 32, 8, true, 'a'), GW_FRAG_HELD);
	assert_int_equal(plain(3, 16, 8, false, 'b'), GW_FRAG_REFUSED); /* an end before what came */
}

/* As the ping of death had it: pieces that are lawful one by one, and 65,536 bytes together with their header. */
static void test_too_long(void **state)
{
	enum gw_frag_state last = GW_FRAG_HELD;

	for (unsigned at = 0; at < 65520 && last == GW_FRAG_HELD; at += 1456)
		last = plain(1, at, 1456, at + 1456 < 65520, 'a');
	assert_int_equal(last, GW_FRAG_REFUSED);
}

static void test_patience(void **state)
{
	assert_int_equal(plain(1, 0, 8, true, 'a'), GW_FRAG_HELD);
	assert_int_equal(gw_frags_expire(frags, now + 14999999999), 0);
	assert_int_equal(gw_frags_expire(frags, now + 15000000000), 1);
	assert_int_equal(memory.used, 0);
	assert_int_equal(plain(1, 8, 8, false, 'b'), GW_FRAG_HELD); /* it begins anew */
}

static void test_no_more_than_so_many(void **state)
{
	size_t used;

	for (unsigned id = 0; id < GW_DATAGRAMS_MAX; id++)
		assert_int_equal(plain(id, 0, 8, true, 'a'), GW_FRAG_HELD);
	used = memory.used;
	for (unsigned id = 0; id < 5000; id++)
		assert_int_equal(plain(10000 + id, 0, 8, true, 'a'), GW_FRAG_HELD);
	assert_int_equal(memory.used, used);
	assert_int_equal(gw_frags_expire(frags, now + 15000000000), GW_DATAGRAMS_MAX);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Copies of one piece, the oldest of `others`: processor time of 20,000; the best of five. */
static double cost(unsigned others)
{
	double best = 1e9;

	for (unsigned id = 0; id < others; id++)
		plain(id, 0, 8, true, 'a');
	for (int round = 0; round < 5; round++) {
		double begin = seconds();

		for (unsigned i = 0; i < 20000; i++)
			plain(0, 0, 8, true, 'a');
		best = SK_MIN(best, seconds() - begin);
	}
	return best;
}

static void test_a_flood_costs_no_more(void **state)
{
	double few = cost(1), many = cost(GW_DATAGRAMS_MAX);

	if (many > 4 * few)
		fail_msg("20,000 pieces take %.1f ms beside %d datagrams, %.1f ms alone", many * 1e3, GW_DATAGRAMS_MAX, few * 1e3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
SK_TEST_MAIN(TEST(test_any_order), TEST(test_overlaps), TEST(test_ends), TEST(test_too_long), TEST(test_patience), TEST(test_no_more_than_so_many),
	     TEST(test_a_flood_costs_no_more))
