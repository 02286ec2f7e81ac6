// SPDX-License-Identifier: GPL-3.0-or-later
/* Reading and writing of every width, and both cut at every byte. */
#include "support/harness.h"

#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/mem.h"

static const uint8_t sample[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c,
				 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x00, 0x02, 'h', 'i'};

static int read_sample(struct sk_cursor *c, struct sk_diag *diag)
{
	size_t n = 0;

	sk_get_u8(c);
	sk_get_u16(c);
	sk_get_u32(c);
	sk_get_u64(c);
	sk_get_u16_le(c);
	sk_get_u32_le(c);
	sk_get_counted16(c, 2, &n);
	return sk_cursor_end(c, "sample", diag);
}

static void test_values(void **state)
{
	const uint8_t *text;
	struct sk_cursor c;
	size_t n;

	(void)state;
	sk_cursor_init(&c, sample, sizeof sample);
	assert_int_equal(sk_get_u8(&c), 0x01);
	assert_int_equal(sk_get_u16(&c), 0x0203);
	assert_int_equal(sk_get_u32(&c), 0x04050607);
	assert_int_equal(sk_get_u64(&c), 0x08090a0b0c0d0e0f);
	assert_int_equal(sk_get_u16_le(&c), 0x1110);
	assert_int_equal(sk_get_u32_le(&c), 0x15141312);
	assert_int_equal(sk_cursor_left(&c), 4);
	text = sk_get_counted16(&c, 2, &n);
	assert_int_equal(n, 2);
	assert_memory_equal(text, "hi", 2);
	assert_int_equal(sk_cursor_end(&c, "sample", NULL), 0);
}

static void test_cut_at_every_byte(void **state)
{
	(void)state;
	for (size_t cut = 0; cut < sizeof sample; cut++) {
		_cleanup_free_ uint8_t *exact = sk_malloc(cut);
		struct sk_diag diag = {0};
		struct sk_cursor c;

		memcpy(exact, sample, cut);
		sk_cursor_init(&c, exact, cut);
		assert_int_equal(read_sample(&c, &diag), SK_BAD);
		assert_true(c.bad && diag.has_offset && diag.offset <= cut);
		/* Bad once, bad for ever; reading goes on giving nothing. */
		assert_int_equal(sk_get_u64(&c), 0);
		assert_null(sk_get_bytes(&c, 0));
		assert_int_equal(sk_cursor_left(&c), 0);
	}
}

static void test_too_many(void **state)
{
	struct sk_diag diag = {0};
	struct sk_cursor c;

	(void)state;
	sk_cursor_init(&c, sample, 3);
	sk_get_u8(&c);
	assert_int_equal(sk_cursor_end(&c, "thing", &diag), SK_BAD);
	assert_int_equal(diag.offset, 1);
	assert_string_equal(diag.text, "thing has 2 bytes too many");
}

static void test_counted_over_the_maximum(void **state)
{
	static const uint8_t bytes[] = {9, 0, 3, 'a', 'b', 'c'};
	size_t n = 77;
	struct sk_cursor c;

	(void)state;
	sk_cursor_init(&c, bytes, sizeof bytes);
	sk_get_u8(&c);
	assert_null(sk_get_counted16(&c, 2, &n));
	assert_int_equal(n, 77);
	assert_true(c.bad);
	assert_int_equal(c.at, 1); /* the place of the length, which is what is wrong */
}

static void test_window(void **state)
{
	struct sk_cursor c, inner;
	uint8_t two[2];

	(void)state;
	sk_cursor_init(&c, sample, 5);
	inner = sk_get_window(&c, 2);
	assert_true(sk_get_copy(&inner, two, 2));
	assert_memory_equal(two, sample, 2);
	assert_false(sk_get_copy(&inner, two, 1)); /* cannot leave its window */
	assert_int_equal(sk_get_u8(&c), 0x03);
	inner = sk_get_window(&c, 3);
	assert_true(inner.bad && c.bad);
	sk_cursor_init(&c, NULL, 0);
	assert_int_equal(sk_cursor_end(&c, "nothing", NULL), 0);
}

static void write_sample(struct sk_writer *w)
{
	sk_put_u8(w, 0x01);
	sk_put_u16(w, 0x0203);
	sk_put_u32(w, 0x04050607);
	sk_put_u64(w, 0x08090a0b0c0d0e0f);
	sk_put_bytes(w, sample + 15, 6);
	sk_put_counted16(w, "hi", 2);
}

static void test_writer(void **state)
{
	struct sk_writer w;

	(void)state;
	for (size_t space = 0; space <= sizeof sample; space++) {
		_cleanup_free_ uint8_t *exact = sk_malloc(space);

		sk_writer_init(&w, exact, space);
		write_sample(&w);
		assert_int_equal(w.bad, space < sizeof sample);
		assert_true(w.at <= space);
		assert_memory_equal(exact, sample, w.at);
	}
}

static void test_writer_counted_limit(void **state)
{
	_cleanup_free_ uint8_t *big = sk_calloc(1, 70000), *out = sk_malloc(70010);
	struct sk_writer w;

	(void)state;
	sk_writer_init(&w, out, 70010);
	sk_put_counted16(&w, big, 65535);
	assert_false(w.bad);
	sk_writer_init(&w, out, 70010);
	sk_put_counted16(&w, big, 65536);
	assert_true(w.bad);
}

SK_TEST_MAIN(cmocka_unit_test(test_values), cmocka_unit_test(test_cut_at_every_byte), cmocka_unit_test(test_too_many),
	     cmocka_unit_test(test_counted_over_the_maximum), cmocka_unit_test(test_window), cmocka_unit_test(test_writer),
	     cmocka_unit_test(test_writer_counted_limit))
