// SPDX-License-Identifier: GPL-3.0-or-later
/* What clerk, recorder and guard share of a window, its state on the disk, and that the guard's question ends. */
#include "lockdown/window/window.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "lockdown/shared.h"
#include "os/file.h"
#include "support/harness.h"

static void make_hash(uint32_t number, uint8_t out[LK_HASH])
{
	memset(out, 7, LK_HASH);
	memcpy(out, &(uint32_t){number % 97}, 4); /* they crowd */
	memcpy(out + 8, &number, 4);
}

static void open_for(uint64_t us)
{
	atomic_store(&lk_window->until_us, lk_now_us() + us);
	atomic_store(&lk_window->open, 1);
}

static void test_known_only_while_open(void **state)
{
	uint8_t hash[LK_HASH], other[LK_HASH];

	(void)state;
	assert_int_equal(lk_window_prepare(), 0);
	make_hash(1, hash);
	make_hash(2, other);
	assert_int_equal(lk_window_add(hash), 0);
	assert_false(lk_window_has(hash));
	open_for(60000000);
	assert_true(lk_window_has(hash));
	assert_false(lk_window_has(other));
	open_for(0); /* its time is over, although nobody has closed it */
	assert_false(lk_window_has(hash));
	open_for(60000000);
	atomic_store(&lk_window->open, 0);
	assert_false(lk_window_has(hash));
	lk_window_forget();
	open_for(60000000);
	assert_false(lk_window_has(hash));
}

static void test_as_many_as_declared(void **state)
{
	uint8_t hash[LK_HASH];

	(void)state;
	open_for(60000000);
	for (uint32_t i = 0; i < LK_WINDOW_KNOWN; i++) {
		make_hash(i, hash);
		hash[1] = (uint8_t)(i >> 3), hash[2] = (uint8_t)(i >> 11);
		assert_int_equal(lk_window_add(hash), 0);
		assert_int_equal(lk_window_add(hash), 0); /* again changes nothing */
	}
	assert_int_equal(atomic_load(&lk_window->known_count), LK_WINDOW_KNOWN);
	memset(hash, 0xee, sizeof hash);
	assert_int_equal(lk_window_add(hash), SK_FULL);
	assert_false(lk_window_has(hash));
	lk_window_forget();
}

static void *answer(void *arg)
{
	(void)arg;
	usleep(30000);
	lk_window_answer(atomic_load(&lk_window->asked));
	return NULL;
}

/* It waits for the recorder, says meanwhile that it lives, and does not wait where nobody watches. */
static void test_settle(void **state)
{
	_Atomic uint64_t progress = 0;
	uint64_t began = lk_now_us();
	pthread_t thread;

	(void)state;
	open_for(60000000);
	atomic_store(&lk_window->watching, 0);
	lk_window_settle(&progress);
	assert_true(lk_now_us() - began < 1000000);
	atomic_store(&lk_window->watching, 1);
	assert_int_equal(pthread_create(&thread, NULL, answer, NULL), 0);
	lk_window_settle(&progress);
	pthread_join(thread, NULL);
	assert_true(lk_now_us() - began >= 20000);
	assert_true(progress > 0);
	open_for(50000); /* the window ends while it waits: no longer */
	began = lk_now_us();
	lk_window_settle(&progress);
	assert_true(lk_now_us() - began < LK_WINDOW_WAIT_US / 2);
}

static void test_state_on_disk(void **state)
{
	struct lk_window_state out = {.phase = LK_WINDOW_OPEN, .id = "20261123-0900-abcdef", .source = "code", .scope = "observe", .change = "CHG-1",
				      .owner = "佐藤", .consent = "letter", .boot = "b", .opened_ms = 5, .until_ms = 6, .seconds = 7, .until_boot_ms = 8,
				      .keep_max = 9, .updater_count = 1};
	_cleanup_window_ struct lk_window_state in = {.phase = LK_WINDOW_NONE};
	_cleanup_close_ int root = -1;
	const char *folder = sk_test_dir();

	(void)state;
	memset(out.updaters[0], 0xab, LK_HASH);
	out.paths[out.path_count++] = (char *)"/mnt/pc";
	assert_int_equal(sk_dir_open(folder, "", &root), 0);
	assert_int_equal(lk_window_load(root, &in), SK_NONE);
	assert_int_equal(sk_dir_make(root, "var/lib/sekisho/lockdown", (uid_t)-1, (gid_t)-1, 0700), 0);
	assert_int_equal(lk_window_save(root, &out), 0);
	assert_int_equal(lk_window_load(root, &in), 0);
	assert_int_equal(in.phase, LK_WINDOW_OPEN);
	assert_string_equal(in.owner, "佐藤");
	assert_int_equal(in.until_boot_ms, 8);
	assert_int_equal(in.updater_count, 1);
	assert_memory_equal(in.updaters[0], out.updaters[0], LK_HASH);
	assert_string_equal(in.paths[0], "/mnt/pc");
}

/* A state that leads out of the folder, or is none, is refused. */
static void test_bad_state(void **state)
{
	static const char *const bad[] = {"", "{}", "{\"phase\":\"open\"}", "[1]"};
	_cleanup_close_ int root = -1;
	struct lk_window_state in = {.phase = LK_WINDOW_NONE};
	struct lk_window_state out = {.phase = LK_WINDOW_OPEN, .id = "../x"};

	(void)state;
	assert_int_equal(sk_dir_open(sk_test_dir(), "", &root), 0);
	assert_int_equal(sk_dir_make(root, "var/lib/sekisho/lockdown", (uid_t)-1, (gid_t)-1, 0700), 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(sk_file_replace("test", root, WINDOW_STATE, bad[i], strlen(bad[i]), 0600), 0);
		assert_int_equal(lk_window_load(root, &in), SK_BAD);
	}
	assert_int_equal(lk_window_save(root, &out), 0);
	assert_int_equal(lk_window_load(root, &in), SK_BAD);
}

SK_TEST_MAIN(cmocka_unit_test(test_known_only_while_open), cmocka_unit_test(test_as_many_as_declared), cmocka_unit_test(test_settle),
	     cmocka_unit_test(test_state_on_disk), cmocka_unit_test(test_bad_state))
