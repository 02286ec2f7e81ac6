// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The map against a plain array that does the same slowly; its maximum; SipHash against its paper; memory
 * running out.
 */
#include "support/harness.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"

static int freed;

static void count_free(void *value)
{
	(void)value;
	freed++;
}

static void test_against_an_array(void **state)
{
	_cleanup_map_ struct sk_map *map = NULL;
	static int values[500];
	static char here[500];
	uint32_t random = 1;
	size_t size = 0;

	(void)state;
	assert_int_equal(sk_map_new(500, NULL, &map), 0);
	for (int step = 0; step < 200000; step++) {
		int k;

		random = random * 1664525 + 1013904223;
		k = (int)((random >> 16) % 500);
		switch (random >> 8 & 3) {
		case 0:
			assert_int_equal(sk_map_put(map, &k, sizeof k, &values[k]), 0);
			size += here[k] == 0;
			here[k] = 1;
			break;
		case 1:
			assert_ptr_equal(sk_map_take(map, &k, sizeof k), here[k] ? &values[k] : NULL);
			size -= here[k] != 0;
			here[k] = 0;
			break;
		default:
			assert_ptr_equal(sk_map_get(map, &k, sizeof k), here[k] ? &values[k] : NULL);
		}
		assert_int_equal(sk_map_size(map), size);
	}
}

static void test_walk(void **state)
{
	_cleanup_map_ struct sk_map *map = NULL;
	int seen[100] = {0}, values[100], *value;
	size_t position = 0, size;
	const void *key;

	(void)state;
	assert_int_equal(sk_map_new(100, NULL, &map), 0);
	assert_null(sk_map_next(map, &position, NULL, NULL));
	for (int i = 0; i < 100; i++)
		assert_int_equal(sk_map_put(map, &i, sizeof i, &values[i]), 0);
	position = 0;
	while ((value = sk_map_next(map, &position, &key, &size))) {
		int k;

		assert_int_equal(size, sizeof k);
		memcpy(&k, key, sizeof k);
		assert_ptr_equal(value, &values[k]);
		seen[k]++;
	}
	for (int i = 0; i < 100; i++)
		assert_int_equal(seen[i], 1);
}

static void test_maximum_and_ownership(void **state)
{
	struct sk_map *map = NULL;
	int a, b;

	(void)state;
	freed = 0;
	assert_int_equal(sk_map_new(2, count_free, &map), 0);
	assert_int_equal(sk_map_put(map, "a", 1, &a), 0);
	assert_int_equal(sk_map_put(map, "ab", 2, &a), 0);
	assert_int_equal(sk_map_put(map, "c", 1, &b), SK_FULL);
	assert_int_equal(freed, 0);
	/* At the maximum a value can still be replaced; the old one goes. */
	assert_int_equal(sk_map_put(map, "a", 1, &b), 0);
	assert_int_equal(freed, 1);
	assert_int_equal(sk_map_put(map, "a", 1, &b), 0);
	assert_int_equal(freed, 1);
	assert_ptr_equal(sk_map_take(map, "a", 1), &b);
	assert_int_equal(freed, 1);
	assert_null(sk_map_get(map, "a", 1));
	assert_null(sk_map_take(map, "", 0));
	map = sk_map_free(map);
	assert_int_equal(freed, 2);
	assert_null(sk_map_free(NULL));
}

/* Appendix A of the SipHash paper: key 00..0f, input 00..0e. */
static void test_siphash(void **state)
{
	uint8_t key[16], input[15];

	(void)state;
	for (uint8_t i = 0; i < 16; i++)
		key[i] = i;
	for (uint8_t i = 0; i < 15; i++)
		input[i] = i;
	assert_int_equal(sk_siphash(key, input, 15), 0xa129ca6149be45e5);
	assert_int_equal(sk_siphash(key, NULL, 0), 0x726fdb47dd0e0e31);
}

static int fill(void *arg)
{
	_cleanup_map_ struct sk_map *map = NULL;
	int r, value;

	(void)arg;
	r = sk_map_new(100, NULL, &map);
	for (int i = 0; i < 40 && r == 0; i++) {
		r = sk_map_put(map, &i, sizeof i, &value);
		if (r) {
			/* What failed is not in it, and what was there before still is. */
			assert_null(sk_map_get(map, &i, sizeof i));
			assert_int_equal(sk_map_size(map), i);
			for (int k = 0; k < i; k++)
				assert_ptr_equal(sk_map_get(map, &k, sizeof k), &value);
		}
	}
	return r;
}

static void test_memory_runs_out(void **state)
{
	(void)state;
	sk_test_torture(fill, NULL);
}

SK_TEST_MAIN(cmocka_unit_test(test_against_an_array), cmocka_unit_test(test_walk), cmocka_unit_test(test_maximum_and_ownership),
	     cmocka_unit_test(test_siphash), cmocka_unit_test(test_memory_runs_out))
