// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The pending table with a pipe in the place of the fanotify group: what is written there is what the kernel would get. Descriptors are real, so
 * that closing the wrong one, or one too early, shows.
 */
#include "lockdown/guard/slot.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "support/harness.h"

static struct lk_slots slots;
static int channel[2];

static int begin(void **state)
{
	(void)state;
	slots = (struct lk_slots){0};
	lk_slots_init(&slots);
	assert_int_equal(pipe2(channel, O_CLOEXEC | O_NONBLOCK), 0);
	return 0;
}

static int finish(void **state)
{
	(void)state;
	close(channel[0]);
	close(channel[1]);
	return 0;
}

static struct lk_slot *take(void)
{
	return lk_slot_take(slots.guard, LK_SLOTS, &slots.guard_hint, 1000);
}

static struct lk_slot *event(void)
{
	struct lk_slot *slot = take();

	assert_non_null(slot);
	slot->meta.mask = FAN_OPEN_EXEC_PERM;
	slot->meta.fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(slot->meta.fd >= 0);
	return slot;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void test_life(void **state)
{
	struct lk_slot *slot = event();
	int fd = slot->meta.fd;
	struct fanotify_response response;

	(void)state;
	assert_true(lk_slot_pending(slot));
	lk_slot_active(slot, 200);
	assert_int_equal(slot->deadline_us, 1200);
	assert_true(lk_slot_answer(slot, channel[1], FAN_DENY));
	assert_false(lk_slot_pending(slot));
	assert_int_equal(read(channel[0], &response, sizeof response), sizeof response);
	assert_int_equal(response.fd, fd);
	assert_int_equal(response.response, FAN_DENY);
	assert_true(is_open(fd));
	lk_slot_retire(slot);
	assert_false(is_open(fd));
	assert_int_equal(atomic_load(&slot->word) & LK_STATE, 0);
	assert_int_equal(slot->meta.fd, -1);
}

static void test_hold_delays_the_close(void **state)
{
	struct lk_slot *slot = event();
	int fd = slot->meta.fd;

	(void)state;
	lk_slot_active(slot, 200);
	assert_true(lk_slot_hold(slot, LK_HOLD_KEEPER));
	assert_false(lk_slot_hold(slot, LK_HOLD_GUARD));
	lk_slot_answer(slot, channel[1], FAN_ALLOW);
	lk_slot_retire(slot); /* the keeper may still be about to write */
	assert_true(is_open(fd));
	assert_ptr_not_equal(take(), slot);
	lk_slot_release(slot, LK_HOLD_KEEPER);
	assert_false(is_open(fd));
}

static void test_hold_let_go_first(void **state)
{
	struct lk_slot *slot = event();
	int fd = slot->meta.fd;

	(void)state;
	lk_slot_active(slot, 200);
	assert_true(lk_slot_hold(slot, LK_HOLD_KEEPER));
	lk_slot_release(slot, LK_HOLD_KEEPER);
	assert_true(is_open(fd));
	lk_slot_retire(slot);
	assert_false(is_open(fd));
	assert_false(lk_slot_hold(slot, LK_HOLD_KEEPER));
}

static void test_no_hold_of_what_is_answered(void **state)
{
	struct lk_slot *slot = event();

	(void)state;
	lk_slot_active(slot, 200);
	lk_slot_answer(slot, channel[1], FAN_ALLOW);
	assert_false(lk_slot_hold(slot, LK_HOLD_KEEPER));
	lk_slot_retire(slot);
}

static void test_keeper_died_holding(void **state)
{
	struct lk_slot *retired = event(), *active = event();
	int fd = retired->meta.fd, other = active->meta.fd;

	(void)state;
	lk_slot_active(retired, 200);
	lk_slot_active(active, 200);
	assert_true(lk_slot_hold(retired, LK_HOLD_KEEPER) && lk_slot_hold(active, LK_HOLD_KEEPER));
	lk_slot_retire(retired);
	lk_slot_release_dead(retired);
	lk_slot_release_dead(active);
	assert_false(is_open(fd));
	assert_true(is_open(other));
	assert_true(lk_slot_hold(active, LK_HOLD_GUARD)); /* answerable again */
	lk_slot_release(active, LK_HOLD_GUARD);
	lk_slot_retire(active);
}

/* The owner killed in each state: what is pending goes on, what is not is put away, and nothing else is closed. */
static void test_adopt(void **state)
{
	struct lk_slot *reading = event(), *empty = take(), *active = event(), *retired = event(), *held = event();
	int bystander = open("/dev/null", O_RDONLY | O_CLOEXEC), gone = retired->meta.fd;

	(void)state;
	lk_slot_active(active, 200);
	lk_slot_active(retired, 200);
	lk_slot_active(held, 200);
	assert_true(lk_slot_hold(retired, LK_HOLD_KEEPER) && lk_slot_hold(held, LK_HOLD_KEEPER));
	lk_slot_retire(retired);
	assert_true(lk_slot_adopt(reading));
	assert_int_equal(atomic_load(&reading->word) & LK_STATE, LK_ACTIVE);
	assert_false(lk_slot_adopt(empty));
	assert_true(lk_slot_adopt(active));
	assert_false(lk_slot_adopt(retired));
	assert_false(is_open(gone));
	assert_true(lk_slot_adopt(held));
	assert_int_equal(atomic_load(&held->word) & LK_STATE, LK_ACTIVE);
	assert_true(is_open(bystander) && is_open(0));
	lk_slot_retire(reading);
	lk_slot_retire(active);
	lk_slot_retire(held);
	close(bystander);
}

/* Inside read(2) the kernel does not know the descriptor yet: a refused answer there is no answer. */
static void test_refused_answer(void **state)
{
	struct lk_slot *slot = event();

	(void)state;
	assert_false(lk_slot_answer(slot, -1, FAN_ALLOW));
	assert_true(lk_slot_pending(slot));
	lk_slot_active(slot, 200);
	assert_false(lk_slot_answer(slot, -1, FAN_ALLOW)); /* somebody else was first */
	assert_false(lk_slot_pending(slot));
	lk_slot_retire(slot);
}

/* The notes of the event before must not pass for those of the next. */
static void test_notes_are_wiped(void **state)
{
	struct lk_slot *slot = event();

	(void)state;
	slot->key.inode = 7;
	slot->has_key = slot->has_hash = slot->known = 1;
	lk_slot_active(slot, 200);
	lk_slot_retire(slot);
	for (int i = 0; i < LK_SLOTS; i++) {
		slot = take();
		assert_true(slot->key.inode == 0 && !slot->has_key && !slot->has_hash && !slot->known);
	}
}

static void test_full(void **state)
{
	(void)state;
	for (int i = 0; i < LK_SLOTS; i++)
		assert_non_null(take());
	assert_null(take());
	for (int i = 0; i < LK_SLOTS; i++)
		lk_slot_drop(&slots.guard[i]);
	assert_non_null(take());
}

static _Atomic bool over;

/* Holds and lets go of whatever it can, as a keeper gone wild. */
static void *harass(void *arg)
{
	(void)arg;
	while (!atomic_load(&over))
		for (int i = 0; i < LK_SLOTS; i++)
			if (lk_slot_hold(&slots.guard[i], LK_HOLD_KEEPER)) {
				lk_slot_answer(&slots.guard[i], channel[1], FAN_DENY);
				lk_slot_release(&slots.guard[i], LK_HOLD_KEEPER);
			}
	return NULL;
}

/* Every descriptor is closed exactly once: a second close would hit the next event's, and its answer would fail. */
static void test_race(void **state)
{
	struct fanotify_response response;
	pthread_t thread;

	(void)state;
	atomic_store(&over, false);
	assert_int_equal(pthread_create(&thread, NULL, harass, NULL), 0);
	for (int i = 0; i < 20000; i++) {
		struct lk_slot *slot = event();
		int fd = slot->meta.fd;

		lk_slot_active(slot, 200);
		assert_true(is_open(fd));
		lk_slot_answer(slot, channel[1], FAN_ALLOW);
		assert_true(is_open(fd));
		lk_slot_retire(slot);
		while (read(channel[0], &response, sizeof response) > 0)
			;
	}
	atomic_store(&over, true);
	pthread_join(thread, NULL);
	for (int i = 0; i < LK_SLOTS; i++)
		assert_int_equal(atomic_load(&slots.guard[i].word) & LK_STATE, 0);
}

#define SLOT_TEST(test) cmocka_unit_test_setup_teardown(test, begin, finish)
SK_TEST_MAIN(SLOT_TEST(test_life), SLOT_TEST(test_hold_delays_the_close), SLOT_TEST(test_hold_let_go_first),
	     SLOT_TEST(test_no_hold_of_what_is_answered), SLOT_TEST(test_keeper_died_holding), SLOT_TEST(test_adopt),
	     SLOT_TEST(test_refused_answer), SLOT_TEST(test_notes_are_wiped), SLOT_TEST(test_full), SLOT_TEST(test_race))
