// SPDX-License-Identifier: GPL-3.0-or-later
/* A clock that went back is seen, also after a restart; times as text. */
#include "support/harness.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "os/clock.h"
#include "os/file.h"

#define HOUR UINT64_C(3600000)

static void test_floor(void **state)
{
	struct sk_clock clock, again;
	uint64_t build = sk_clock_build_ms(), later = build + 100 * HOUR;
	int dir;

	(void)state;
	assert_int_equal(sk_dir_open(sk_test_dir(), "", &dir), 0);
	assert_int_equal(sk_clock_load(&clock, dir, "time"), 0);
	assert_int_equal(sk_clock_check(&clock, build - 1), SK_CLOCK_WRONG);
	assert_int_equal(sk_clock_check(&clock, build), SK_CLOCK_OK);
	assert_int_equal(sk_clock_check(&clock, 0), SK_CLOCK_WRONG);
	assert_int_equal(sk_clock_trust(&clock, dir, "time", later), 0);
	assert_int_equal(sk_clock_check(&clock, later - 1), SK_CLOCK_WRONG);
	/* Kept: the next process knows. Never lowered. */
	assert_int_equal(sk_clock_load(&again, dir, "time"), 0);
	assert_int_equal(sk_clock_check(&again, later - 1), SK_CLOCK_WRONG);
	assert_int_equal(sk_clock_trust(&again, dir, "time", later - 50 * HOUR), 0);
	assert_int_equal(sk_clock_check(&again, later - 1), SK_CLOCK_WRONG);
	/* Less than an hour on: known to this process, not written. */
	assert_int_equal(sk_clock_trust(&again, dir, "time", later + HOUR / 2), 0);
	assert_int_equal(sk_clock_check(&again, later + 1), SK_CLOCK_WRONG);
	assert_int_equal(sk_clock_load(&again, dir, "time"), 0);
	assert_int_equal(sk_clock_check(&again, later + 1), SK_CLOCK_OK);
	close(dir);
}

static void test_damaged_file(void **state)
{
	static const char *const contents[] = {"", "\n", "x\n", "-1\n", "99999999999999999999999\n", "12 34\n",
					       "1111111111111111111111111111111111111111111"};
	struct sk_clock clock;
	int dir;

	(void)state;
	assert_int_equal(sk_dir_open(sk_test_dir(), "", &dir), 0);
	for (size_t i = 0; i < SK_ARRAY_SIZE(contents); i++) {
		assert_int_equal(sk_file_replace("t", dir, "time", contents[i], strlen(contents[i]), 0600), 0);
		assert_int_equal(sk_clock_load(&clock, dir, "time"), 0);
		assert_true(clock.floor_ms == sk_clock_build_ms());
	}
	close(dir);
}

static void test_text(void **state)
{
	static const char *const bad[] = {"", "2025-10-02", "2025-10-02T03:04:05", "2025-10-02T03:04:05.6Z", "2025-10-02T03:04:05.678",
					  "2025-10-02 03:04:05Z", "2025-13-02T03:04:05Z", "2025-02-30T03:04:05Z", "2025-10-02T24:00:00Z",
					  "2025-10-02T03:60:05Z", "2025-10-02T03:04:60Z", "1969-12-31T23:59:59Z", "2025-10-02T03:04:05Zx",
					  "2025-10-02T03:04:05+09:00", "2025-1-02T03:04:05Z", "2025-10-02T03:04:05.678Z "};
	uint64_t ms = 7;
	char text[25];

	(void)state;
	assert_string_equal(sk_clock_text(0, text), "1970-01-01T00:00:00.000Z");
	assert_string_equal(sk_clock_text(1759374245678, text), "2025-10-02T03:04:05.678Z");
	assert_string_equal(sk_clock_text(UINT64_MAX, text) + 4, "-12-31T23:59:59.615Z");
	assert_int_equal(sk_clock_parse("2025-10-02T03:04:05.678Z", &ms), 0);
	assert_true(ms == 1759374245678);
	assert_int_equal(sk_clock_parse("2024-02-29T00:00:00Z", &ms), 0);
	assert_true(ms == 1709164800000);
	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++)
		if (sk_clock_parse(bad[i], &ms) != SK_BAD)
			fail_msg("accepted %s", bad[i]);
	assert_true(ms == 1709164800000);
}

static void test_sources(void **state)
{
	uint64_t a = sk_clock_mono_us(), b = sk_clock_mono_ms();

	(void)state;
	assert_in_range(b, a / 1000, a / 1000 + 1000);
	assert_true(sk_clock_build_ms() > 1700000000000);
	assert_true(sk_clock_ms() >= sk_clock_build_ms());
	assert_int_equal(strlen(sk_clock_boot_id()), 36);
	assert_string_equal(sk_clock_state_name(SK_CLOCK_WRONG), "wrong");
}

SK_TEST_MAIN(cmocka_unit_test(test_floor), cmocka_unit_test(test_damaged_file), cmocka_unit_test(test_text),
	     cmocka_unit_test(test_sources))
