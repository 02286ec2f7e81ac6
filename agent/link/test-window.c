// SPDX-License-Identifier: GPL-3.0-or-later
/* What may go out, what may come back, and what a server cannot make us believe. */
#include "support/harness.h"

#include "base/error.h"
#include "base/mem.h"
#include "link/enrol.h"
#include "link/window.h"

static struct sk_batch batch(uint8_t priority, uint64_t first, uint32_t count)
{
	return (struct sk_batch){.epoch = 7, .priority = priority, .first_seq = first, .count = count};
}

static bool send(struct window *w, uint32_t id, uint8_t priority, uint64_t first, uint32_t count)
{
	const struct sk_batch b = batch(priority, first, count);

	return window_send(w, id, &b);
}

static void test_order(void **state)
{
	const struct sk_batch other = {.epoch = 8, .priority = 0, .first_seq = 1, .count = 1};
	struct window w;

	window_reset(&w, 7);
	assert_true(send(&w, 1, 2, 1, 10));
	assert_false(send(&w, 2, 2, 10, 5));
	assert_false(send(&w, 2, 2, 1, 10));
	assert_true(send(&w, 2, 2, 20, 5)); /* a gap: its tombstone went before */
	assert_true(send(&w, 3, 0, 1, 1));
	assert_false(window_send(&w, 4, &other));
	assert_int_equal(w.count, 3);
}

static void test_full(void **state)
{
	struct window w;
	bool news;

	window_reset(&w, 7);
	for (uint32_t i = 0; i < WINDOW; i++)
		assert_true(send(&w, i + 1, 1, i + 1, 1));
	assert_true(window_full(&w));
	assert_false(send(&w, 99, 1, 100, 1));
	assert_int_equal(window_ack(&w, 3, &(struct sk_ack){7, 1, 3}, &news), 0);
	assert_true(news);
	assert_true(send(&w, 99, 1, 100, 1));
}

static void test_answers(void **state)
{
	struct window w;
	bool news;

	window_reset(&w, 7);
	window_welcome(&w, 1, 50);
	assert_false(send(&w, 1, 1, 50, 1));
	assert_true(send(&w, 1, 1, 51, 10));
	assert_int_equal(window_ack(&w, 2, &(struct sk_ack){7, 1, 60}, &news), SK_BAD); /* nobody asked */
	assert_int_equal(window_ack(&w, 0, &(struct sk_ack){7, 1, 60}, &news), SK_BAD);
	assert_int_equal(window_ack(&w, 1, &(struct sk_ack){8, 1, 60}, &news), SK_BAD); /* another epoch */
	assert_int_equal(window_ack(&w, 1, &(struct sk_ack){7, 1, 61}, &news), SK_BAD); /* never sent */
	assert_int_equal(window_ack(&w, 1, &(struct sk_ack){7, 3, 1}, &news), SK_BAD);
	assert_int_equal(window_ack(&w, 1, &(struct sk_ack){7, 1, 50}, &news), 0);
	assert_false(news); /* a gap is still open there: nothing is forgotten here */
	assert_int_equal(w.count, 0);
}

static void test_rewind(void **state)
{
	struct window w;
	bool news;

	window_reset(&w, 7);
	assert_true(send(&w, 1, 0, 1, 10) && send(&w, 2, 0, 11, 10));
	assert_int_equal(window_ack(&w, 1, &(struct sk_ack){7, 0, 10}, &news), 0);
	window_rewind(&w);
	assert_int_equal(w.count, 0);
	assert_true(send(&w, 3, 0, 11, 10));
}

static void test_token(void **state)
{
	static const char good[] = "sk1-abc.000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
	static const char *const wrong[] = {"", ".", "abc", "abc.", "abc.00", ".000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
					    "a.000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1x"};
	char token[SK_LINK_TOKEN_MAX + 1];
	uint8_t pin[32];

	assert_int_equal(token_split(good, token, pin), 0);
	assert_string_equal(token, "sk1-abc");
	for (int i = 0; i < 32; i++)
		assert_int_equal(pin[i], i);
	for (size_t i = 0; i < SK_ARRAY_SIZE(wrong); i++)
		assert_int_equal(token_split(wrong[i], token, pin), SK_BAD);
}

SK_TEST_MAIN(cmocka_unit_test(test_order), cmocka_unit_test(test_full), cmocka_unit_test(test_answers), cmocka_unit_test(test_rewind),
	     cmocka_unit_test(test_token))
