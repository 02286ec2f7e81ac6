// SPDX-License-Identifier: GPL-3.0-or-later
/* The verdict cache: what counts as the same file, what a drop does, and that nobody waits for a writer that died. */
#include "lockdown/guard/cache.h"

#include <pthread.h>
#include <string.h>

#include "support/harness.h"

static struct lk_cache cache;
static const struct lk_key file = {.device = 0x700, .inode = 12, .size = 9000, .changed_s = 1700000000, .changed_ns = 5, .generation = 77};
static const uint8_t content[32] = {1, 2, 3};

static int begin(void **state)
{
	(void)state;
	memset(&cache, 0, sizeof cache);
	lk_cache_init(&cache);
	return 0;
}

static bool put(const struct lk_key *key)
{
	return lk_cache_put(&cache, key, content, atomic_load(&cache.drops));
}

static bool has(const struct lk_key *key)
{
	uint8_t hash[32];

	return lk_cache_get(&cache, key, hash) && !memcmp(hash, content, 32);
}

static void test_every_part_of_the_key_counts(void **state)
{
	struct lk_key other[6];

	(void)state;
	assert_false(has(&file));
	assert_true(put(&file));
	assert_true(has(&file));
	for (int i = 0; i < 6; i++)
		other[i] = file;
	other[0].device++, other[1].inode++, other[2].size++, other[3].changed_s--, other[4].changed_ns++, other[5].generation++;
	for (int i = 0; i < 6; i++)
		assert_false(has(&other[i]));
}

static void test_newer_state_replaces_older(void **state)
{
	struct lk_key newer = file;

	(void)state;
	newer.changed_ns = 6;
	assert_true(put(&file));
	assert_true(put(&newer));
	assert_false(has(&file));
	assert_true(has(&newer));
}

static void test_drop(void **state)
{
	struct lk_key other = file;

	(void)state;
	other.inode = 13;
	put(&file);
	put(&other);
	lk_cache_drop(&cache, file.device, file.inode);
	assert_false(has(&file));
	assert_true(has(&other));
	lk_cache_clear(&cache);
	assert_false(has(&other));
	assert_true(put(&other));
	assert_true(has(&other));
}

static void test_what_was_hashed_before_a_drop_stays_out(void **state)
{
	uint64_t drops = atomic_load(&cache.drops);

	(void)state;
	lk_cache_drop(&cache, file.device, file.inode); /* even when it was not in yet */
	assert_false(lk_cache_put(&cache, &file, content, drops));
	assert_false(has(&file));
}

static void test_a_full_place_gives_up_the_oldest(void **state)
{
	struct lk_key key = file;
	int kept = 0;

	(void)state;
	for (uint64_t inode = 1; inode <= LK_CACHE_MAX * 2; inode++) {
		key.inode = inode;
		assert_true(put(&key));
		assert_true(has(&key));
	}
	for (uint64_t inode = 1; inode <= LK_CACHE_MAX * 2; inode++) {
		key.inode = inode;
		kept += has(&key);
	}
	assert_true(kept > LK_CACHE_MAX / 2 && kept <= LK_CACHE_MAX);
}

static void test_a_writer_that_died(void **state)
{
	struct lk_key other = file;

	(void)state;
	put(&file);
	for (int i = 0; i < LK_CACHE_SETS; i++)
		atomic_fetch_add(&cache.sets[i].sequence, 1); /* all died in the middle */
	assert_false(has(&file));
	assert_false(put(&file));
	lk_cache_drop(&cache, file.device, file.inode); /* cannot, so forgets all */
	lk_cache_recover(&cache);
	assert_false(has(&file));
	assert_true(put(&file));
	other.inode++;
	assert_true(put(&other) && has(&file) && has(&other));
}

static void test_the_epoch_comes_round(void **state)
{
	(void)state;
	atomic_store(&cache.epoch, UINT32_MAX);
	put(&file);
	lk_cache_clear(&cache);
	assert_int_not_equal(atomic_load(&cache.epoch), 0);
	assert_false(has(&file));
}

static void test_a_young_change_is_not_settled(void **state)
{
	struct timespec now = {.tv_sec = file.changed_s, .tv_nsec = file.changed_ns};

	(void)state;
	assert_false(lk_cache_settled(&file, &now));
	now.tv_nsec = file.changed_ns + 19999000;
	assert_false(lk_cache_settled(&file, &now));
	now.tv_nsec = file.changed_ns + 20000000;
	assert_true(lk_cache_settled(&file, &now));
	now.tv_sec++, now.tv_nsec = 0;
	assert_true(lk_cache_settled(&file, &now));
	now.tv_sec = file.changed_s - 3600;
	assert_false(lk_cache_settled(&file, &now));
}

static _Atomic bool over;

static void *write_all_the_time(void *arg)
{
	struct lk_key key = file;
	uint8_t hash[32];

	(void)arg;
	for (uint32_t i = 0; !atomic_load(&over); i++) {
		key.changed_ns = i % 1000;
		memset(hash, (int)(key.changed_ns & 0xff), sizeof hash);
		lk_cache_put(&cache, &key, hash, atomic_load(&cache.drops));
	}
	return NULL;
}

/* A reader never gets the hash of another state. */
static void test_no_mixture(void **state)
{
	struct lk_key key = file;
	uint8_t hash[32];
	pthread_t thread;

	(void)state;
	atomic_store(&over, false);
	assert_int_equal(pthread_create(&thread, NULL, write_all_the_time, NULL), 0);
	for (int i = 0; i < 300000; i++) {
		key.changed_ns = (uint32_t)i % 1000;
		if (lk_cache_get(&cache, &key, hash))
			for (int at = 0; at < 32; at++)
				assert_int_equal(hash[at], key.changed_ns & 0xff);
	}
	atomic_store(&over, true);
	pthread_join(thread, NULL);
}

#define CACHE_TEST(test) cmocka_unit_test_setup(test, begin)
SK_TEST_MAIN(CACHE_TEST(test_every_part_of_the_key_counts), CACHE_TEST(test_newer_state_replaces_older), CACHE_TEST(test_drop), CACHE_TEST(test_a_young_change_is_not_settled),
	     CACHE_TEST(test_what_was_hashed_before_a_drop_stays_out), CACHE_TEST(test_a_full_place_gives_up_the_oldest),
	     CACHE_TEST(test_a_writer_that_died), CACHE_TEST(test_the_epoch_comes_round), CACHE_TEST(test_no_mixture))
