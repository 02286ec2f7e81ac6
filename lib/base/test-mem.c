// SPDX-License-Identifier: GPL-3.0-or-later
/* Allocation that fails when asked to, sizes that do not wrap, secrets, and the cleanup helpers. */
#include "support/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

/* AddressSanitizer asks this at its start: an impossible size is an answer here, not a bug. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void *failing(int what, void *old)
{
	switch (what) {
	case 0:
		return sk_malloc(1);
	case 1:
		return sk_calloc(1, 1);
	case 2:
		return sk_strdup("x");
	case 3:
		return sk_strndup("xy", 1);
	default:
		return sk_realloc_array(old, 2, 8);
	}
}

static void test_the_nth_fails(void **state)
{
	(void)state;
#ifndef SK_POINTS
	skip();
#endif
	for (int what = 0; what < 5; what++) {
		void *old = sk_malloc(8), *p;

		sk_alloc_fail_at(2);
		p = failing(what, NULL);
		assert_non_null(p);
		free(p);
		errno = 0;
		assert_null(failing(what, old));
		assert_int_equal(errno, ENOMEM);
		p = failing(what, what == 4 ? old : NULL); /* once */
		assert_non_null(p);
		assert_int_equal(sk_alloc_count(), 3);
		free(p);
		if (what != 4)
			free(old);
		sk_alloc_fail_at(0);
	}
}

static void test_sizes_do_not_wrap(void **state)
{
	volatile size_t half = SIZE_MAX / 2 + 1; /* volatile: the compiler would warn of what is being tested */
	_cleanup_free_ void *nothing = sk_malloc(0);

	(void)state;
	assert_non_null(nothing);
	assert_null(sk_calloc(half, 2));
	assert_null(sk_realloc_array(NULL, half, 2));
}

static void test_strings(void **state)
{
	_cleanup_free_ char *whole = sk_strdup("abc"), *part = sk_strndup("abc", 2), *more = sk_strndup("abc", 9);

	(void)state;
	assert_string_equal(whole, "abc");
	assert_string_equal(part, "ab");
	assert_string_equal(more, "abc");
}

static void test_secrets(void **state)
{
	char secret[8] = "hidden";

	(void)state;
	assert_int_equal(sk_equal_secret("abcd", "abcd", 4), 1);
	assert_int_equal(sk_equal_secret("abcd", "abcx", 4), 0);
	assert_int_equal(sk_equal_secret("xbcd", "abcd", 4), 0);
	assert_int_equal(sk_equal_secret("a", "b", 0), 1);
	sk_wipe(secret, sizeof secret);
	assert_memory_equal(secret, "\0\0\0\0\0\0\0\0", 8);
}

static void test_cleanup(void **state)
{
	int kept = -1, line[2], value = 5, *pointer = &value, *taken;

	(void)state;
	assert_int_equal(pipe(line), 0);
	{
		_cleanup_close_ int first = line[0], second = line[1], none = -1;

		(void)none;
		kept = SK_TAKE_FD(second);
		assert_int_equal(second, -1);
		(void)first;
	}
	assert_int_equal(fcntl(line[0], F_GETFD), -1);
	assert_true(fcntl(kept, F_GETFD) >= 0);
	errno = 77;
	sk_close_p(&kept);
	assert_int_equal(errno, 77);
	assert_int_equal(kept, -1);
	taken = SK_TAKE(pointer);
	assert_ptr_equal(taken, &value);
	assert_null(pointer);
	assert_int_equal(SK_MIN(3, 2), 2);
	assert_int_equal(SK_MAX(3, 2), 3);
}

SK_TEST_MAIN(cmocka_unit_test(test_the_nth_fails), cmocka_unit_test(test_sizes_do_not_wrap), cmocka_unit_test(test_strings),
	     cmocka_unit_test(test_secrets), cmocka_unit_test(test_cleanup))
