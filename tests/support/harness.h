// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What every unit test includes: cmocka behind one header, a main that prints TAP, and temporary folders that go away.
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
/* A new empty folder, removed with everything in it when the process ends normally. At most 16 a process. The string lives as long. */
const char *sk_test_dir(void);
/* Writes a whole file; fails the test when that does not work. */
void sk_test_write(const char *path, const void *data, size_t size);
