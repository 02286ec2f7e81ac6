// SPDX-License-Identifier: GPL-3.0-or-later
/* A buffer up to its maximum and not a byte further, with memory running out at each step. */
#include "support/harness.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"

static void test_append(void **state)
{
	_cleanup_buf_ struct sk_buf buf = SK_BUF(100);

	(void)state;
	assert_int_equal(sk_buf_append(&buf, NULL, 0), 0);
	assert_null(buf.data);
	assert_int_equal(sk_buf_append_str(&buf, "ab"), 0);
	assert_int_equal(sk_buf_append_char(&buf, 'c'), 0);
	assert_int_equal(sk_buf_printf(&buf, "%d-%s", 42, "x"), 0);
	assert_string_equal(buf.data, "abc42-x");
	assert_int_equal(buf.size, 7);
	sk_buf_drop(&buf, 3);
	assert_string_equal(buf.data, "42-x");
	sk_buf_drop(&buf, 100);
	assert_int_equal(buf.size, 0);
	assert_string_equal(buf.data, "");
}

static void test_maximum(void **state)
{
	(void)state;
	for (size_t max = 0; max < 300; max += 7) {
		_cleanup_buf_ struct sk_buf buf = SK_BUF(max);

		for (size_t i = 0; i < max; i++)
			assert_int_equal(sk_buf_append_char(&buf, 'x'), 0);
		assert_int_equal(sk_buf_append_char(&buf, 'x'), SK_FULL);
		assert_int_equal(sk_buf_printf(&buf, "%d", 7), SK_FULL);
		assert_int_equal(sk_buf_printf(&buf, "%s", ""), 0);
		assert_int_equal(buf.size, max);
		if (max)
			assert_int_equal(strlen(buf.data), max);
	}
}

static void test_sizes_do_not_wrap(void **state)
{
	_cleanup_buf_ struct sk_buf buf = SK_BUF(1000);
	char *space;

	(void)state;
	assert_int_equal(sk_buf_append_str(&buf, "abc"), 0);
	assert_int_equal(sk_buf_reserve(&buf, SIZE_MAX, &space), SK_FULL);
	assert_int_equal(sk_buf_reserve(&buf, SIZE_MAX - 2, &space), SK_FULL);
	assert_int_equal(sk_buf_reserve(&buf, 998, &space), SK_FULL);
	assert_int_equal(sk_buf_reserve(&buf, 997, &space), 0);
	memset(space, 'y', 997);
	sk_buf_grown(&buf, 997);
	assert_int_equal(strlen(buf.data), 1000);
}

static void test_take(void **state)
{
	_cleanup_buf_ struct sk_buf buf = SK_BUF(10);
	_cleanup_free_ char *first = NULL, *second = NULL;

	(void)state;
	assert_int_equal(sk_buf_append_str(&buf, "abc"), 0);
	first = sk_buf_take(&buf);
	assert_string_equal(first, "abc");
	assert_null(buf.data);
	assert_int_equal(buf.max, 10);
	second = sk_buf_take(&buf);
	assert_string_equal(second, "");
	sk_buf_done(NULL);
}

static int grow(void *arg)
{
	_cleanup_buf_ struct sk_buf buf = SK_BUF(10000);
	_cleanup_free_ char *text = NULL;
	int r = 0;

	(void)arg;
	for (int i = 0; i < 2000 && r == 0; i++) {
		size_t before = buf.size;

		r = i % 2 ? sk_buf_append_str(&buf, "ab") : sk_buf_printf(&buf, "%02d", i % 100);
		assert_int_equal(buf.size, before + (r ? 0 : 2));
		assert_true(!buf.data || buf.data[buf.size] == '\0');
	}
	if (r)
		return r;
	text = sk_buf_take(&buf);
	return text ? 0 : -ENOMEM;
}

static void test_memory_runs_out(void **state)
{
	(void)state;
	assert_in_range(sk_test_torture(grow, NULL), 0, 100);
}

SK_TEST_MAIN(cmocka_unit_test(test_append), cmocka_unit_test(test_maximum), cmocka_unit_test(test_sizes_do_not_wrap),
	     cmocka_unit_test(test_take), cmocka_unit_test(test_memory_runs_out))
