// SPDX-License-Identifier: GPL-3.0-or-later
/* The allowlist, the orders that are exchanged under a reader, the ring of records, the scope, and the decision itself. */
#include "lockdown/shared.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "lockdown/clerk/clerk.h"
#include "lockdown/guard/judge.h"
#include "lockdown/guard/keeper.h"
#include "support/harness.h"

static struct lk_shared *shared;

static int begin(void **state)
{
	(void)state;
	return lk_shared_new(&shared);
}

static int finish(void **state)
{
	(void)state;
	lk_shared_free(shared);
	return 0;
}

static void make_hash(uint32_t number, uint8_t out[LK_HASH])
{
	uint64_t mixed = (number + 1) * UINT64_C(0x9E3779B97F4A7C15);

	for (int i = 0; i < LK_HASH; i += 8, mixed *= UINT64_C(0xD1342543DE82EF95))
		memcpy(out + i, &mixed, 8);
}

static uint8_t hashes[LK_LIST_MAX + 1][LK_HASH];

static void fill(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		make_hash(i, hashes[i]);
}

static void put(uint32_t mode, uint32_t count)
{
	struct lk_orders orders = {.mode = mode, .failure = LK_FAIL_DENY, .serial = 5, .deadline_us = 200000};

	assert_int_equal(lk_orders_put(shared, &orders, hashes[0], count), 0);
}

/* A mode that was given for a time ends by it, whoever else is dead or stopped. */
static void test_mode_ends(void **state)
{
	struct lk_orders orders = {.mode = LK_OBSERVE, .mode_then = LK_ENFORCE, .until_us = lk_now_us() + 50000, .failure = LK_FAIL_DENY};
	uint64_t count;

	(void)state;
	assert_int_equal(lk_orders_put(shared, &orders, hashes[0], 0), 0);
	assert_int_equal(lk_orders_get(shared, &count).mode, LK_OBSERVE);
	usleep(60000);
	assert_int_equal(lk_orders_get(shared, &count).mode, LK_ENFORCE);
	orders.until_us = 0;
	assert_int_equal(lk_orders_put(shared, &orders, hashes[0], 0), 0);
	assert_int_equal(lk_orders_get(shared, &count).mode, LK_OBSERVE);
}

static bool listed(uint32_t number)
{
	struct lk_orders orders;
	uint8_t hash[LK_HASH];

	make_hash(number, hash);
	return lk_listed(shared, hash, &orders);
}

static void test_list(void **state)
{
	static const uint32_t sizes[] = {0, 1, 11, 12, 13, 10000, LK_LIST_MAX};

	(void)state;
	fill(LK_LIST_MAX + 1);
	for (size_t i = 0; i < SK_ARRAY_SIZE(sizes); i++) {
		put(LK_ENFORCE, sizes[i]);
		for (uint32_t n = 0; n < sizes[i]; n += n < 100 ? 1 : 97)
			assert_true(listed(n));
		for (uint32_t n = sizes[i]; n < sizes[i] + 100; n++)
			assert_false(listed(n));
	}
	assert_int_equal(lk_orders_put(shared, &(struct lk_orders){0}, hashes[0], LK_LIST_MAX + 1), SK_FULL);
	assert_true(listed(LK_LIST_MAX - 1)); /* what was in force stays */
}

static void test_a_shorter_list_forgets(void **state)
{
	(void)state;
	fill(1000);
	put(LK_ENFORCE, 1000);
	put(LK_ENFORCE, 10);
	put(LK_ENFORCE, 10); /* both halves */
	assert_true(listed(9));
	assert_false(listed(10) || listed(999));
	memset(hashes[0], 0, LK_HASH); /* the empty mark is never a program */
	put(LK_ENFORCE, 1);
	assert_false(lk_list_has(&shared->lists[0], 1, hashes[0]) || lk_list_has(&shared->lists[1], 1, hashes[0]));
}

static size_t resident(const void *start, size_t size)
{
	static unsigned char pages[sizeof shared->lists / 4096 + 1];
	size_t count = 0;

	assert_int_equal(mincore((void *)(uintptr_t)start, size, pages), 0);
	for (size_t i = 0; i < size / 4096; i++)
		count += pages[i] & 1;
	return count;
}

/* A list that is exchanged for a shorter one takes the memory of the shorter one. */
static void test_memory_is_given_back(void **state)
{
	(void)state;
	fill(LK_LIST_MAX);
	put(LK_ENFORCE, LK_LIST_MAX);
	assert_in_range(resident(shared->lists, sizeof shared->lists), sizeof(struct lk_list) / 4096, sizeof(struct lk_list) / 4096 + 2);
	put(LK_ENFORCE, 10);
	assert_in_range(resident(shared->lists, sizeof shared->lists), 1, 2);
}

/* Values that lie close together, twice each, in no order: found all the same, and nothing between them. */
static void test_a_crowded_list(void **state)
{
	enum { COUNT = 5000 };

	(void)state;
	memset(hashes, 0, sizeof hashes);
	for (uint32_t i = 0; i < COUNT; i++) {
		uint32_t value = (i * 2741 % COUNT / 2 + 1) * 2; /* 2741 shares no factor with COUNT */

		hashes[i][0] = 0x80;
		hashes[i][LK_HASH - 2] = (uint8_t)(value >> 8);
		hashes[i][LK_HASH - 1] = (uint8_t)value;
	}
	put(LK_ENFORCE, COUNT);
	assert_int_equal(shared->orders[atomic_load(&shared->orders_count) & 1].list_count, COUNT / 2);
	for (uint32_t value = 0; value <= COUNT + 1; value++) {
		uint8_t hash[LK_HASH] = {0x80, [LK_HASH - 2] = (uint8_t)(value >> 8), [LK_HASH - 1] = (uint8_t)value};
		struct lk_orders orders;

		assert_int_equal(lk_listed(shared, hash, &orders), value % 2 == 0 && value >= 2 && value <= COUNT);
	}
}

static _Atomic bool over;

static void *exchange(void *arg)
{
	(void)arg;
	for (uint32_t i = 0; !atomic_load(&over); i++)
		put(LK_ENFORCE, i % 2 ? 500 : 1000);
	return NULL;
}

/* What is on both lists is always listed, also while one is being filled. */
static void test_exchange_under_a_reader(void **state)
{
	pthread_t thread;

	(void)state;
	fill(2000);
	put(LK_ENFORCE, 1000);
	atomic_store(&over, false);
	assert_int_equal(pthread_create(&thread, NULL, exchange, NULL), 0);
	for (uint32_t i = 0; i < 200000; i++) {
		assert_true(listed(i % 500));
		assert_false(listed(1000 + i % 500));
	}
	atomic_store(&over, true);
	pthread_join(thread, NULL);
}

static void test_decision(void **state)
{
	static const struct {
		uint32_t mode, failure;
		uint32_t known, unknown, overdue, writer;
	} rows[] = {
		{LK_OBSERVE, LK_FAIL_DENY, FAN_ALLOW, FAN_ALLOW, FAN_ALLOW, FAN_ALLOW},
		{LK_LEARN, LK_FAIL_DENY, FAN_ALLOW, FAN_ALLOW, FAN_ALLOW, FAN_ALLOW},
		{LK_ENFORCE, LK_FAIL_DENY, FAN_ALLOW, FAN_DENY, FAN_DENY, FAN_DENY},
		{LK_ENFORCE, LK_FAIL_ALLOW, FAN_ALLOW, FAN_DENY, FAN_ALLOW, FAN_DENY},
	};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++) {
		struct lk_orders orders = {.mode = rows[i].mode, .failure = rows[i].failure};

		assert_int_equal(lk_judge_known(&orders, true), rows[i].known);
		assert_int_equal(lk_judge_known(&orders, false), rows[i].unknown);
		assert_int_equal(lk_judge_trouble(&orders, LK_TROUBLE_OVERDUE), rows[i].overdue);
		assert_int_equal(lk_judge_trouble(&orders, LK_TROUBLE_WRITER), rows[i].writer);
		assert_int_equal(lk_judge_trouble(&orders, LK_TROUBLE_HUGE), rows[i].writer);
	}
}

/* An event that waits since `age_us`, of which `progress` bytes are hashed. Returns what was answered; 0 = nothing yet. */
static uint32_t overdue(uint64_t age_us, uint64_t progress)
{
	struct fanotify_response response = {0};
	struct lk_slot *slot = lk_slot_take(shared->slots.guard, LK_SLOTS, &shared->slots.guard_hint, lk_now_us() - age_us);
	int channel[2];

	assert_int_equal(pipe2(channel, O_NONBLOCK | O_CLOEXEC), 0);
	shared->groups[0].fan = channel[1];
	slot->meta.mask = FAN_OPEN_EXEC_PERM;
	slot->meta.fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	lk_slot_active(slot, 200000);
	atomic_store(&slot->progress, progress);
	lk_overdue(shared, 0, LK_HOLD_KEEPER);
	if (read(channel[0], &response, sizeof response) < 0)
		response.response = 0;
	lk_slot_retire(slot);
	close(channel[0]);
	close(channel[1]);
	return response.response;
}

/* What goes on is waited for, up to the cap; then the one who made the file so large has not gained by it. */
static void test_overdue(void **state)
{
	struct lk_orders orders = {.mode = LK_ENFORCE, .failure = LK_FAIL_ALLOW, .serial = 5, .deadline_us = 200000};

	(void)state;
	assert_int_equal(lk_orders_put(shared, &orders, hashes[0], 0), 0);
	assert_int_equal(overdue(100000, 0), 0);
	assert_int_equal(overdue(300000, 0), FAN_ALLOW);
	assert_int_equal(overdue(300000, 1000), 0);
	assert_int_equal(overdue(LK_HASH_CAP_US + 300000, 0), FAN_ALLOW);
	assert_int_equal(overdue(LK_HASH_CAP_US + 300000, 1000), FAN_DENY);
	assert_int_equal(shared->count.trouble[LK_TROUBLE_OVERDUE], 2);
	assert_int_equal(shared->count.trouble[LK_TROUBLE_HUGE], 1);
}

static void test_ring(void **state)
{
	struct lk_ring *ring = &shared->rings[0];

	(void)state;
	assert_null(lk_ring_first(ring));
	for (uint32_t i = 0; i < LK_RING; i++) {
		struct lk_record *record = lk_ring_space(ring);

		assert_non_null(record);
		record->pid = i;
		lk_ring_publish(ring);
	}
	assert_null(lk_ring_space(ring));
	assert_int_equal(ring->lost, 1);
	for (uint32_t i = 0; i < LK_RING; i++) {
		assert_int_equal(lk_ring_first(ring)->pid, i);
		lk_ring_next(ring);
	}
	assert_null(lk_ring_first(ring));
	assert_non_null(lk_ring_space(ring)); /* never published: its writer died */
	assert_null(lk_ring_first(ring));
}

static void test_scope(void **state)
{
	static const char *const two[] = {"/a", "/b"}, *const other[] = {"/b", "/c"};
	uint32_t before = shared->wanted;

	(void)state;
	assert_int_equal(lk_scope_put(shared, two, 2), 0);
	assert_int_equal(shared->scope_count, 2);
	assert_int_not_equal(shared->wanted, before);
	assert_int_equal(lk_scope_put(shared, other, 2), 0);
	assert_int_equal(shared->scope[0].wish, LK_WISH_LEAVE);
	assert_int_equal(shared->scope[1].wish, LK_WISH_GUARD);
	assert_string_equal(shared->scope[2].path, "/c");
	shared->scope[0].wish = LK_WISH_NONE; /* as the marker does */
	assert_int_equal(lk_scope_put(shared, two, 2), 0);
	assert_string_equal(shared->scope[0].path, "/a");
	assert_int_equal(shared->scope[2].wish, LK_WISH_LEAVE);
}

static void test_every_trouble_has_a_word(void **state)
{
	(void)state;
	for (int i = 0; i < LK_TROUBLES; i++)
		assert_non_null(lk_trouble_words[i]);
}

#define SHARED_TEST(test) cmocka_unit_test_setup_teardown(test, begin, finish)
SK_TEST_MAIN(SHARED_TEST(test_list), SHARED_TEST(test_mode_ends), SHARED_TEST(test_a_shorter_list_forgets), SHARED_TEST(test_a_crowded_list), SHARED_TEST(test_memory_is_given_back), SHARED_TEST(test_exchange_under_a_reader),
	     SHARED_TEST(test_decision), SHARED_TEST(test_overdue), SHARED_TEST(test_ring), SHARED_TEST(test_scope), SHARED_TEST(test_every_trouble_has_a_word))
