// SPDX-License-Identifier: GPL-3.0-or-later
/* Making the shared memory, waiting on a word of it, and changing the orders without a lock. */
#include "lockdown/shared.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"

int lk_shared_new(struct lk_shared **ret_shared)
{
	struct lk_shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (shared == MAP_FAILED)
		return sk_origin_errno();
	lk_slots_init(&shared->slots);
	lk_cache_init(&shared->cache);
	*ret_shared = shared;
	return 0;
}

void lk_shared_free(struct lk_shared *shared)
{
	if (shared)
		munmap(shared, sizeof *shared);
}

static void renew_scope(struct lk_scope *scope)
{
	if (scope->wish == LK_WISH_LEAVE)
		scope->wish = LK_WISH_NONE;
	scope->device = 0;
	scope->error = -1;
}

void lk_shared_renew(struct lk_shared *shared)
{
	uint64_t beat = shared->keeper_beat_us > shared->guard_beat_us ? shared->keeper_beat_us : shared->guard_beat_us;

	memset(&shared->slots, 0, sizeof shared->slots);
	lk_slots_init(&shared->slots);
	lk_cache_recover(&shared->cache);
	lk_cache_clear(&shared->cache);
	memset(&shared->fds, 0, sizeof shared->fds);
	memset(shared->groups, 0, sizeof shared->groups);
	for (int i = 0; i < LK_GROUPS; i++)
		shared->groups[i].fan = shared->groups[i].epoll = -1;
	shared->fds.kick = shared->fds.keeper_epoll = shared->fds.keeper_signals = shared->fds.keeper_guard = shared->fds.nodes = shared->fds.moved = -1;
	for (int i = 0; i < LK_LATER; i++)
		shared->fds.scripts[i] = -1;
	shared->kernel.later_settled = 0;
	shared->maps_ready = false;
	for (int i = 0; i < LK_SCOPE; i++)
		renew_scope(&shared->scope[i]);
	shared->guard_pid = shared->keeper_pid = 0;
	shared->stopping = 0;
	shared->guard_haste = 0;
	shared->gone_us = beat;
	atomic_fetch_add(&shared->pairs, 1);
	lk_wake(&shared->wanted);
}

uint64_t lk_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void lk_wake(_Atomic uint32_t *word)
{
	atomic_fetch_add(word, 1);
	syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

void lk_wait(_Atomic uint32_t *word, uint32_t seen, uint64_t us)
{
	struct timespec limit = {.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000};

	syscall(SYS_futex, word, FUTEX_WAIT, seen, us ? &limit : NULL, NULL, 0);
}

struct lk_orders lk_orders_get(const struct lk_shared *shared, uint64_t *ret_count)
{
	struct lk_orders orders;
	uint64_t count;

	do {
		count = atomic_load(&shared->orders_count);
		orders = *(const volatile struct lk_orders *)&shared->orders[count & 1];
		atomic_thread_fence(memory_order_acquire);
	} while (atomic_load(&shared->orders_count) != count);
	if (orders.until_us && lk_now_us() >= orders.until_us)
		orders.mode = orders.mode_then;
	*ret_count = count;
	return orders;
}

int lk_orders_put(struct lk_shared *shared, const struct lk_orders *orders, const uint8_t *hashes, uint32_t count)
{
	return lk_orders_put_kinds(shared, orders, hashes, NULL, count);
}

int lk_orders_put_kinds(struct lk_shared *shared, const struct lk_orders *orders, const uint8_t *hashes, const uint8_t *kinds, uint32_t count)
{
	uint64_t next = atomic_load(&shared->orders_count) + 1;
	struct lk_orders *to = &shared->orders[next & 1];

	if (count > LK_LIST_MAX)
		return SK_FULL;
	*to = *orders;
	to->list_count = lk_list_fill(&shared->lists[next & 1], hashes, kinds, count);
	atomic_store(&shared->orders_count, next);
	lk_list_drop(&shared->lists[(next + 1) & 1]); /* who was looking there sees the new count and looks again */
	lk_wake(&shared->orders_word);
	return 0;
}

static bool listed(const char *path, const char *const *paths, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (!strcmp(path, paths[i]))
			return true;
	return false;
}

/* The entry of this path, else a free one. */
static struct lk_scope *scope_place(struct lk_shared *shared, const char *path)
{
	struct lk_scope *free_one = NULL;

	for (uint32_t i = 0; i < LK_SCOPE; i++) {
		struct lk_scope *scope = &shared->scope[i];

		if (scope->wish != LK_WISH_NONE && !strcmp(scope->path, path))
			return scope;
		if (!free_one && scope->wish == LK_WISH_NONE)
			free_one = scope;
	}
	return free_one;
}

static int scope_add(struct lk_shared *shared, const char *path)
{
	struct lk_scope *scope = scope_place(shared, path);
	uint32_t end;

	if (!scope || strlen(path) >= LK_PATH)
		return SK_FULL;
	if (scope->wish == LK_WISH_NONE) {
		memcpy(scope->path, path, strlen(path) + 1);
		scope->error = -1;
		scope->device = 0;
	}
	scope->wish = LK_WISH_GUARD;
	end = (uint32_t)(scope - shared->scope) + 1;
	if (end > shared->scope_count)
		atomic_store(&shared->scope_count, end);
	return 0;
}

int lk_scope_put(struct lk_shared *shared, const char *const *paths, uint32_t count)
{
	int r = 0;

	for (uint32_t i = 0; i < LK_SCOPE; i++)
		if (shared->scope[i].wish == LK_WISH_GUARD && !listed(shared->scope[i].path, paths, count))
			shared->scope[i].wish = LK_WISH_LEAVE;
	for (uint32_t i = 0; i < count && r == 0; i++)
		r = scope_add(shared, paths[i]);
	lk_wake(&shared->wanted);
	return r;
}
