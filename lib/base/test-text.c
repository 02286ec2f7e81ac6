// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Hexadecimal, base64 (RFC 4648 section 10), numbers, sizes, durations and UTF-8, each with what must be
 * refused.
 */
#include "support/harness.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

static void test_hex(void **state)
{
	static const char *const bad[] = {"", "0", "012", "01020", "0102033", "01 2", "0g02", "01020x", " 10203"};
	uint8_t out[3] = {9, 9, 9};
	char text[7];

	(void)state;
	assert_string_equal(sk_hex("\x01\xab\xff", 3, text), "01abff");
	assert_int_equal(sk_unhex("01aBFf", out, 3), 0);
	assert_memory_equal(out, "\x01\xab\xff", 3);
	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++)
		assert_int_equal(sk_unhex(bad[i], out, 3), SK_BAD);
	assert_memory_equal(out, "\x01\xab\xff", 3);
	assert_int_equal(sk_unhex("", out, 0), 0);
}

static void test_base64(void **state)
{
	static const char *const pairs[][2] = {{"", ""},	     {"f", "Zg=="},	   {"fo", "Zm8="},	   {"foo", "Zm9v"},
					       {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
	/* Bits that must be zero, padding in the wrong place, other alphabets, white space, lengths. */
	static const char *const bad[] = {"Zh==", "Zm9=", "Zg=", "Zg", "Z===", "====", "=Zg=", "Zg==Zg==", "Zm9v\n", "Zm9-", "Zm9_", "Zm 9v"};
	char text[16], out[16];
	size_t n;

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(pairs); i++) {
		assert_string_equal(sk_base64(pairs[i][0], strlen(pairs[i][0]), text), pairs[i][1]);
		assert_int_equal(strlen(text), sk_base64_size(strlen(pairs[i][0])));
		assert_int_equal(sk_unbase64(text, strlen(text), out, strlen(pairs[i][0]), &n), 0);
		assert_int_equal(n, strlen(pairs[i][0]));
		assert_memory_equal(out, pairs[i][0], n);
		if (n)
			assert_int_equal(sk_unbase64(text, strlen(text), out, n - 1, &n), SK_BAD);
	}
	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++)
		if (sk_unbase64(bad[i], strlen(bad[i]), out, sizeof out, &n) != SK_BAD)
			fail_msg("accepted %s", bad[i]);
}

static void test_numbers(void **state)
{
	static const char *const bad[] = {"", "-1", "+1", " 1", "1 ", "0x1", "1.0", "18446744073709551616", "99999999999999999999999"};
	uint64_t v = 7;

	(void)state;
	assert_int_equal(sk_parse_u64("18446744073709551615", UINT64_MAX, &v), 0);
	assert_true(v == UINT64_MAX);
	v = 7;
	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++)
		assert_int_equal(sk_parse_u64(bad[i], UINT64_MAX, &v), SK_BAD);
	assert_int_equal(sk_parse_u64("11", 10, &v), SK_BAD);
	assert_int_equal(v, 7);
	assert_int_equal(sk_parse_u64("10", 10, &v), 0);
}

static void test_units(void **state)
{
	uint64_t v;

	(void)state;
	assert_int_equal(sk_parse_size("512", &v) || v != 512, 0);
	assert_int_equal(sk_parse_size("64K", &v) || v != 65536, 0);
	assert_int_equal(sk_parse_size("2G", &v) || v != 2147483648, 0);
	assert_int_equal(sk_parse_size("2g", &v), SK_BAD);
	assert_int_equal(sk_parse_size("K", &v), SK_BAD);
	assert_int_equal(sk_parse_size("99999999999T", &v), SK_BAD);
	assert_int_equal(sk_parse_duration("250ms", &v) || v != 250, 0);
	assert_int_equal(sk_parse_duration("7d", &v) || v != 604800000, 0);
	assert_int_equal(sk_parse_duration("5", &v), SK_BAD);
	assert_int_equal(sk_parse_duration("5 s", &v), SK_BAD);
}

static bool utf8(const char *text, size_t *at)
{
	return sk_utf8_valid(text, strlen(text), at);
}

/* Table 3-7 of the Unicode standard: the first and last of each row, and one beyond. */
static void test_utf8(void **state)
{
	static const char *const good[] = {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xec\xbf\xbf", "\xed\x9f\xbf",
					   "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "\xe8\xa3\x85\xe7\xbd\xae"};
	static const char *const bad[] = {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xed\xa0\x80",
					  "\xe8\xa3", "\xe8\xa3\x41", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"};
	size_t at;

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(good); i++)
		assert_true(utf8(good[i], NULL));
	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++) {
		char text[16] = "ab";

		at = 99;
		memcpy(text + 2, bad[i], strlen(bad[i]));
		assert_false(utf8(text, &at));
		assert_int_equal(at, 2);
	}
	assert_true(sk_utf8_valid("a\0b", 3, NULL));
}

SK_TEST_MAIN(cmocka_unit_test(test_hex), cmocka_unit_test(test_base64), cmocka_unit_test(test_numbers), cmocka_unit_test(test_units),
	     cmocka_unit_test(test_utf8))
