// SPDX-License-Identifier: GPL-3.0-or-later
/* The decision and the look. Owns nothing. */
#include "lockdown/judge.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/mem.h"

uint32_t lk_judge_known(const struct lk_orders *orders, bool known)
{
	return known || orders->mode != LK_ENFORCE ? FAN_ALLOW : FAN_DENY;
}

uint32_t lk_judge_trouble(const struct lk_orders *orders, enum lk_trouble trouble)
{
	if (orders->mode != LK_ENFORCE)
		return FAN_ALLOW;
	if (trouble == LK_TROUBLE_WRITER || trouble == LK_TROUBLE_HUGE)
		return FAN_DENY;
	return orders->failure == LK_FAIL_DENY ? FAN_DENY : FAN_ALLOW;
}

bool lk_listed(const struct lk_shared *shared, const uint8_t hash[LK_HASH], struct lk_orders *ret_orders)
{
	uint64_t count;
	bool known;

	do { /* the list may be exchanged under us */
		*ret_orders = lk_orders_get(shared, &count);
		known = lk_list_has(&shared->lists[count & 1], ret_orders->list_bits, hash);
		atomic_thread_fence(memory_order_acquire);
	} while (atomic_load(&shared->orders_count) != count);
	return known;
}

bool lk_look(int fd, struct lk_key *ret_key)
{
	struct statx found;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO | STATX_SIZE | STATX_CTIME | STATX_TYPE, &found) < 0)
		return false;
	*ret_key = (struct lk_key){.device = makedev(found.stx_dev_major, found.stx_dev_minor),
				   .inode = found.stx_ino,
				   .size = found.stx_size,
				   .changed_s = found.stx_ctime.tv_sec,
				   .changed_ns = found.stx_ctime.tv_nsec};
	return S_ISREG(found.stx_mode);
}

struct lk_scope *lk_scope_of(struct lk_shared *shared, uint64_t device)
{
	uint32_t count = SK_MIN(atomic_load_explicit(&shared->scope_count, memory_order_acquire), (uint32_t)LK_SCOPE);

	for (uint32_t i = 0; i < count; i++)
		if (device && atomic_load_explicit(&shared->scope[i].device, memory_order_relaxed) == device)
			return &shared->scope[i];
	return NULL;
}

bool lk_may_remember(struct lk_shared *shared, uint64_t device)
{
	struct lk_scope *scope = lk_scope_of(shared, device);

	return scope && atomic_load_explicit(&scope->cacheable, memory_order_relaxed) &&
	       !atomic_load_explicit(&scope->tainted, memory_order_relaxed);
}

/* Only asked of local file systems: a FUSE daemon would get the ioctl. */
static uint32_t generation(int fd)
{
	int value = 0;

	return ioctl(fd, FS_IOC_GETVERSION, &value) < 0 ? 0 : (uint32_t)value;
}

bool lk_recall(struct lk_shared *shared, struct lk_slot *slot, struct lk_orders *ret_orders)
{
	slot->has_key = lk_look(slot->meta.fd, &slot->key);
	if (!slot->has_key || !lk_may_remember(shared, slot->key.device))
		return false;
	slot->key.generation = generation(slot->meta.fd);
	if (!lk_cache_get(&shared->cache, &slot->key, slot->hash))
		return false;
	slot->has_hash = true;
	slot->known = lk_listed(shared, slot->hash, ret_orders);
	return true;
}

static void taint(struct lk_shared *shared, struct lk_scope *scope)
{
	if (atomic_exchange(&scope->tainted, true))
		return;
	lk_cache_clear(&shared->cache);
	lk_wake(&shared->news);
}

void lk_forget(struct lk_shared *shared, const struct lk_slot *slot)
{
	struct stat found;

	lk_add(&shared->count.dropped);
	if ((slot->meta.mask & FAN_Q_OVERFLOW) || slot->meta.fd < 0 || fstat(slot->meta.fd, &found) < 0) {
		lk_cache_clear(&shared->cache);
		return;
	}
	lk_cache_drop(&shared->cache, found.st_dev, found.st_ino);
	for (uint32_t i = 0; i < LK_SCOPE; i++) {
		struct lk_scope *scope = &shared->scope[i];

		if (scope->wish == LK_WISH_GUARD && scope->image_inode == found.st_ino && scope->image_device == found.st_dev)
			taint(shared, scope);
	}
}

static void taint_by_watch(struct lk_shared *shared, int watch)
{
	for (uint32_t i = 0; i < LK_SCOPE; i++) {
		struct lk_scope *scope = &shared->scope[i];

		if (scope->wish == LK_WISH_GUARD && (watch < 0 || scope->nodes[0] == watch || scope->nodes[1] == watch))
			taint(shared, scope);
	}
}

void lk_check_nodes(struct lk_shared *shared)
{
	struct inotify_event events[16]; /* of watches on files: without names, so all of one size */
	ssize_t size;

	while ((size = read(shared->fds.nodes, events, sizeof events)) > 0)
		for (size_t i = 0; i < (size_t)size / sizeof events[0]; i++) {
			lk_add(&shared->count.dropped);
			if (!(events[i].mask & IN_IGNORED))
				taint_by_watch(shared, events[i].mask & IN_Q_OVERFLOW ? -1 : events[i].wd);
		}
}
