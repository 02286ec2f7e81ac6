// SPDX-License-Identifier: GPL-3.0-or-later
/* The decision and the look. Owns nothing. */
#include "lockdown/guard/judge.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/mem.h"
#include "bpf/lockdown.h"
#include "lockdown/window/window.h"

enum { OVERLAY = 0x794c7630 };

uint32_t lk_judge_known(const struct lk_orders *orders, bool known)
{
	return known || orders->mode != LK_ENFORCE ? FAN_ALLOW : FAN_DENY;
}

uint32_t lk_judge_trouble(const struct lk_orders *orders, enum lk_trouble trouble)
{
	bool deny = orders->failure == LK_FAIL_DENY;

	if (orders->mode != LK_ENFORCE)
		return FAN_ALLOW;
	if (trouble == LK_TROUBLE_WRITER || trouble == LK_TROUBLE_HUGE)
		return FAN_DENY;
	if (trouble == LK_TROUBLE_OVERLOAD && orders->overload != LK_OVERLOAD_FAILURE)
		deny = orders->overload != LK_OVERLOAD_ALLOW;
	return deny ? FAN_DENY : FAN_ALLOW;
}

bool lk_listed_as(const struct lk_shared *shared, const uint8_t hash[LK_HASH], struct lk_orders *ret_orders, uint32_t *ret_kinds)
{
	uint64_t count;

	do { /* the list may be exchanged under us */
		*ret_orders = lk_orders_get(shared, &count);
		*ret_kinds = lk_list_kinds(&shared->lists[count & 1], ret_orders->list_count, hash);
		if (!*ret_kinds && lk_window_has(hash))
			*ret_kinds = SK_AS_PROGRAM | SK_AS_LIBRARY;
		atomic_thread_fence(memory_order_acquire);
	} while (atomic_load(&shared->orders_count) != count);
	return *ret_kinds != 0;
}

bool lk_listed(const struct lk_shared *shared, const uint8_t hash[LK_HASH], struct lk_orders *ret_orders)
{
	uint32_t kinds;

	return lk_listed_as(shared, hash, ret_orders, &kinds);
}

/* Before Linux 4.11. A server or a FUSE daemon may be asked; those have groups of their own. */
static bool look_older(int fd, struct lk_key *ret_key)
{
	struct stat found;

	if (fstat(fd, &found) < 0)
		return false;
	*ret_key = (struct lk_key){.device = found.st_dev,
				   .inode = found.st_ino,
				   .size = (uint64_t)found.st_size,
				   .changed_s = found.st_ctim.tv_sec,
				   .changed_ns = (uint32_t)found.st_ctim.tv_nsec};
	return S_ISREG(found.st_mode);
}

bool lk_look(int fd, struct lk_key *ret_key)
{
	struct statx found;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO | STATX_SIZE | STATX_CTIME | STATX_TYPE, &found) < 0)
		return errno == ENOSYS && look_older(fd, ret_key);
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

void lk_keep(struct lk_shared *shared, struct lk_slot *slot, uint64_t drops)
{
	struct lk_orders orders;
	uint32_t kinds;

	if (!slot->known || !lk_kernel_acts(shared))
		return;
	slot->kept = lk_kernel_know(shared, &slot->key, slot->hash, slot->kinds);
	/* what was written, or taken off the list, meanwhile: whoever did that looked for it before it was there */
	if (atomic_load(&shared->cache.drops) != drops || !lk_listed_as(shared, slot->hash, &orders, &kinds)) {
		lk_kernel_forget(shared, slot->key.device, slot->key.inode);
		slot->kept = false;
	}
}

bool lk_recall(struct lk_shared *shared, struct lk_slot *slot, struct lk_orders *ret_orders)
{
	uint64_t drops = atomic_load(&shared->cache.drops);

	slot->has_key = lk_look(slot->meta.fd, &slot->key);
	if (!slot->has_key || !lk_may_remember(shared, slot->key.device))
		return false;
	slot->key.generation = generation(slot->meta.fd);
	if (!lk_cache_get(&shared->cache, &slot->key, slot->hash))
		return false;
	slot->has_hash = true;
	slot->known = lk_listed_as(shared, slot->hash, ret_orders, &slot->kinds);
	lk_keep(shared, slot, drops);
	return true;
}

void lk_forget_all(struct lk_shared *shared)
{
	lk_cache_clear(&shared->cache);
	fanotify_mark(atomic_load(&shared->groups[0].fan), FAN_MARK_FLUSH, 0, AT_FDCWD, NULL); /* before nothing is known: who opens from here on asks */
	lk_kernel_forget_all(shared);
	lk_wake(&shared->foresee);
	lk_wake(&shared->wanted);
}

void lk_forget_system(struct lk_shared *shared, uint64_t device)
{
	lk_cache_clear(&shared->cache);
	if (!lk_kernel_acts(shared))
		return;
	fanotify_mark(atomic_load(&shared->groups[0].fan), FAN_MARK_FLUSH, 0, AT_FDCWD, NULL);
	lk_kernel_forget_system(shared, device);
	lk_wake(&shared->foresee);
}

/* The kernel's device of a file in an overlay is the overlay's, whatever stat(2) says. */
static uint64_t kernel_device(struct lk_shared *shared, const struct lk_slot *slot, uint64_t device)
{
	for (uint32_t i = 0; slot->group && i < LK_SCOPE; i++)
		if (shared->scope[i].wish == LK_WISH_GUARD && shared->scope[i].group == slot->group && shared->scope[i].type == OVERLAY)
			return shared->scope[i].device;
	return device;
}

/* What is opened may be mapped in several pieces, and only what is known; what was allowed to be executed runs once. */
void lk_allow(struct lk_shared *shared, const struct lk_slot *slot, const struct lk_orders *orders)
{
	bool opening = slot->meta.mask & FAN_OPEN_PERM;
	bool excused = slot->trouble && lk_judge_trouble(orders, slot->trouble) == FAN_ALLOW;
	struct lk_key key = slot->key;

	if (slot->kept || !lk_kernel_acts(shared) || (opening && !slot->known && !excused))
		return;
	if (!slot->has_key && !lk_look(slot->meta.fd, &key))
		return;
	key.device = kernel_device(shared, slot, key.device);
	lk_kernel_permit(shared, (uint32_t)slot->meta.pid, &key, slot->has_hash ? slot->hash : NULL, slot->kinds, opening);
}

static void taint(struct lk_shared *shared, struct lk_scope *scope)
{
	if (atomic_exchange(&scope->tainted, true))
		return;
	lk_forget_system(shared, scope->device);
	lk_wake(&shared->wanted);
	lk_wake(&shared->news);
}

void lk_forget(struct lk_shared *shared, const struct lk_slot *slot)
{
	struct stat found;

	lk_add(&shared->count.dropped);
	if ((slot->meta.mask & FAN_Q_OVERFLOW) || slot->meta.fd < 0 || fstat(slot->meta.fd, &found) < 0) {
		lk_forget_all(shared);
		return;
	}
	lk_cache_drop(&shared->cache, found.st_dev, found.st_ino);
	lk_kernel_forget(shared, found.st_dev, found.st_ino);
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
