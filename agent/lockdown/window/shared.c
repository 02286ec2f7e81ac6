// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What clerk, recorder and guard share of a window: the hashes it made known, and the question whether the recorder has seen everything by now. The recorder
 * alone adds; nobody removes while the window is open.
 */
#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "lockdown/shared.h"
#include "lockdown/window/window.h"

struct lk_window_shared *lk_window;

int lk_window_prepare(void)
{
	if (lk_window)
		return 0;
	lk_window = mmap(NULL, sizeof *lk_window, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (lk_window == MAP_FAILED) {
		lk_window = NULL;
		return sk_origin(-ENOMEM);
	}
	return 0;
}

void lk_window_leave(void)
{
	if (lk_window)
		munmap(lk_window, sizeof *lk_window);
	lk_window = NULL;
}

bool lk_window_is_open(void)
{
	return lk_window && atomic_load_explicit(&lk_window->open, memory_order_acquire) && lk_now_us() < atomic_load(&lk_window->until_us);
}

static uint32_t place(const uint8_t hash[LK_HASH])
{
	uint32_t first;

	memcpy(&first, hash, sizeof first);
	return first & ((1u << LK_WINDOW_BITS) - 1);
}

/* The entry of this hash, or the empty one where it belongs; NULL = neither. */
static struct lk_window_entry *find(const uint8_t hash[LK_HASH])
{
	uint32_t mask = (1u << LK_WINDOW_BITS) - 1, at = place(hash);

	for (uint32_t step = 0; step <= mask; step++, at = (at + 1) & mask) {
		struct lk_window_entry *entry = &lk_window->known[at];

		if (!atomic_load_explicit(&entry->used, memory_order_acquire) || !memcmp(entry->hash, hash, LK_HASH))
			return entry;
	}
	return NULL;
}

bool lk_window_has(const uint8_t hash[LK_HASH])
{
	struct lk_window_entry *entry;

	if (!lk_window_is_open())
		return false;
	entry = find(hash);
	return entry && atomic_load_explicit(&entry->used, memory_order_acquire);
}

int lk_window_add(const uint8_t hash[LK_HASH])
{
	struct lk_window_entry *entry = find(hash);

	if (entry && atomic_load(&entry->used))
		return 0;
	if (!entry || atomic_load(&lk_window->known_count) >= LK_WINDOW_KNOWN)
		return SK_FULL;
	memcpy(entry->hash, hash, LK_HASH);
	atomic_store_explicit(&entry->used, 1, memory_order_release);
	atomic_fetch_add(&lk_window->known_count, 1);
	return 0;
}

void lk_window_forget(void)
{
	for (uint32_t i = 0; i < 1u << LK_WINDOW_BITS; i++)
		atomic_store(&lk_window->known[i].used, 0);
	atomic_store(&lk_window->known_count, 0);
}

void lk_window_answer(uint32_t asked)
{
	atomic_store(&lk_window->answered, asked);
	syscall(SYS_futex, &lk_window->answered, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

void lk_window_settle(_Atomic uint64_t *progress)
{
	uint64_t end = lk_now_us() + LK_WINDOW_WAIT_US;
	uint32_t mine;

	if (!lk_window_is_open() || !atomic_load(&lk_window->watching))
		return;
	lk_wake(&lk_window->asked);
	mine = atomic_load(&lk_window->asked);
	while (lk_window_is_open() && lk_now_us() < end) {
		uint32_t seen = atomic_load(&lk_window->answered);

		if ((int32_t)(seen - mine) >= 0)
			return;
		lk_wait(&lk_window->answered, seen, 20000);
		atomic_fetch_add_explicit(progress, 1, memory_order_relaxed); /* we are not stuck: the deadline moves on */
	}
}
