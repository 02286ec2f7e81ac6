// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What every unit test includes: cmocka behind one header, a main that prints TAP, and temporary folders that
 * go away.
 *
 *     static void test_something(void **state) { ... assert_int_equal(...); }
 *     SK_TEST_MAIN(cmocka_unit_test(test_something), ...)
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SK_TEST_MAIN(...)                                                                                                             \
	int main(void)                                                                                                                \
	{                                                                                                                             \
		const struct CMUnitTest tests[] = {__VA_ARGS__};                                                                       \
		sk_test_begin();                                                                                                      \
		return cmocka_run_group_tests(tests, NULL, NULL);                                                                     \
	}

/* Sets TAP output and a quiet log. */
void sk_test_begin(void);
/*
 * A new empty folder, removed with everything in it when the process ends normally. At most 16 a process. The
 * string lives as long.
 */
const char *sk_test_dir(void);
/* Writes a whole file; fails the test when that does not work. */
void sk_test_write(const char *path, const void *data, size_t size);
/*
 * Runs `fn` with its first allocation failing, then its second, and so on until none fails: it must return
 * -ENOMEM each time, 0 at last, and (in builds with AddressSanitizer) leave nothing behind. Returns how many
 * allocations `fn` makes. Where failures are compiled out, it runs once.
 */
unsigned long sk_test_torture(int (*fn)(void *arg), void *arg);
