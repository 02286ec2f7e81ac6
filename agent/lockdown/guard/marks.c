// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The marker: carries out the scope. A file system is marked as a whole (its superblock), so that every mount of it, also in other
 * namespaces, asks us. The marker runs again whenever the clerk changes the scope or sees the mount table change; it is the only
 * thread that follows paths, so a dead file system stops nothing but itself.
 *
 * Owns the groups and the marks. Transient descriptors of its own are closed at once, or swept after its death.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "lockdown/guard/guard.h"
#include "lockdown/kernel/lsm.h"
#include "lockdown/guard/older.h"

#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x2000
#endif

/*
 * What we know of file systems by their statfs magic. What is not listed may wait for somebody (FUSE, network, overlay over them) and gets a
 * group of its own.
 */
static const struct {
	uint32_t type;
	bool cacheable;
} local_types[] = {
	{0xEF53, true},      /* ext2, ext3, ext4 */
	{0x58465342, true},  /* XFS */
	{0x9123683E, true},  /* btrfs: its subvolumes have devices of their own, which are not remembered */
	{0xF2F52010, true},  /* F2FS */
	{0x73717368, true},  /* squashfs */
	{0x9660, true},      /* ISO 9660 */
	{0x01021994, false}, /* tmpfs: a store through a mapping changes no time */
	{0x858458F6, false}, /* ramfs */
	{0x4D44, false},     /* FAT: times of 2 s */
	{0x2011BAB0, false}, /* exFAT */
	{0x7366746E, false}, /* NTFS */
};

static bool is_local(uint32_t type, bool *ret_cacheable)
{
	*ret_cacheable = false;
	for (size_t i = 0; i < SK_ARRAY_SIZE(local_types); i++)
		if (local_types[i].type == type) {
			*ret_cacheable = local_types[i].cacheable;
			return true;
		}
	return false;
}

static int add_waiter(int epoll, int fd, uint32_t events, uint32_t tag)
{
	struct epoll_event event = {.events = events, .data.u32 = tag};

	if (lk_process_needs_look()) /* EPOLLEXCLUSIVE is some years older than pidfd_open; without it both wake up, and see who comes */
		event.events &= ~(uint32_t)EPOLLEXCLUSIVE;
	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? sk_origin_errno() : 0;
}

/*
 * O_NONBLOCK is for the descriptors of the events. The kernel opens each file anew for us, and waits there for whoever holds a write lease on
 * it: any user may hold one on a file of his own and keep it for 45 s (fs.lease-break-time), and two such files would stop guard and keeper.
 * So it does not wait: the execution is refused, read(2) says EAGAIN, and the holder is asked to give the lease up, so that the
 * next try succeeds.
 *
 * The guard's reader first, the keeper second: the kernel wakes the first that is really waiting, and only that one.
 */
int lk_group_open(struct lk_shared *shared, uint32_t number)
{
	struct lk_group *group = &shared->groups[number];
	_cleanup_close_ int fan = -1, epoll = -1;
	int r;

	if (group->fan >= 0)
		return 0;
	fan = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS,
			    O_RDONLY | O_LARGEFILE | O_CLOEXEC | O_NOATIME | O_NONBLOCK);
	if (fan < 0)
		return sk_origin_errno();
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
		return sk_origin_errno();
	r = add_waiter(epoll, fan, EPOLLIN | EPOLLEXCLUSIVE, number);
	if (r == 0 && number == 0)
		r = add_waiter(epoll, shared->fds.nodes, EPOLLIN, LK_TAG_NODES);
	if (r == 0)
		r = add_waiter(shared->fds.keeper_epoll, fan, EPOLLIN | EPOLLEXCLUSIVE, number);
	if (r)
		return r;
	group->epoll = SK_TAKE_FD(epoll);
	atomic_store(&group->fan, SK_TAKE_FD(fan));
	lk_wake(&group->opened);
	return 0;
}

/* A group for what may hang: its own if one is left. */
static uint32_t choose_group(struct lk_shared *shared, const struct lk_scope *scope)
{
	bool used[LK_GROUPS] = {true};

	if (scope->error == 0 && scope->group)
		return scope->group;
	for (uint32_t i = 0; i < LK_SCOPE; i++)
		if (shared->scope[i].wish == LK_WISH_GUARD && shared->scope[i].error == 0)
			used[shared->scope[i].group % LK_GROUPS] = true;
	for (uint32_t i = 1; i < LK_GROUPS; i++)
		if (!used[i])
			return i;
	return LK_GROUPS - 1;
}

/* One line of a small file of /sys. */
static bool read_line(const char *path, const char *key, char *out, size_t size)
{
	char text[2048];
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	const char *at;

	if (n <= 0)
		return false;
	text[n] = 0;
	at = strstr(text, key);
	if (!at)
		return false;
	at += strlen(key);
	snprintf(out, size, "%.*s", (int)strcspn(at, "\n"), at);
	return true;
}

/* The watch on a device's node; 0 = there is none. fanotify tells nothing of devices, inotify does. */
static int32_t watch_node(const struct lk_shared *shared, const char *uevent)
{
	char name[128], path[160];
	int watch;

	if (!read_line(uevent, "DEVNAME=", name, sizeof name))
		return 0;
	snprintf(path, sizeof path, "/dev/%s", name);
	watch = inotify_add_watch(shared->fds.nodes, path, IN_MODIFY | IN_CLOSE_WRITE);
	return watch > 0 ? watch : 0;
}

static void mark_image(int fan, struct lk_scope *scope, const char *path)
{
	struct stat found;

	scope->image_inode = scope->image_device = 0;
	if (stat(path, &found) < 0 || fanotify_mark(fan, FAN_MARK_ADD, LK_MARK_INODE, AT_FDCWD, path) < 0)
		return;
	scope->image_device = found.st_dev;
	scope->image_inode = found.st_ino;
}

/* Who writes to the device below a file system changes programs without touching them: its nodes and its image are watched. */
static void mark_device(struct lk_shared *shared, struct lk_scope *scope)
{
	unsigned major_number = major(scope->device), minor_number = minor(scope->device);
	char path[128], image[LK_PATH];

	scope->nodes[0] = scope->nodes[1] = 0;
	if (!major_number)
		return;
	snprintf(path, sizeof path, "/sys/dev/block/%u:%u/uevent", major_number, minor_number);
	scope->nodes[0] = watch_node(shared, path);
	snprintf(path, sizeof path, "/sys/dev/block/%u:%u/partition", major_number, minor_number);
	if (access(path, F_OK) == 0) {
		snprintf(path, sizeof path, "/sys/dev/block/%u:%u/../uevent", major_number, minor_number);
		scope->nodes[1] = watch_node(shared, path);
	}
	snprintf(path, sizeof path, "/sys/dev/block/%u:%u/loop/backing_file", major_number, minor_number);
	if (read_line(path, "", image, sizeof image))
		mark_image(shared->groups[0].fan, scope, image);
}

/* A folder that is not a mount point lies on another file system, which nobody asked us to guard. */
static int check_mount_point(int fd, const char *path, uint64_t *ret_device)
{
	struct statx found;
	struct stat older;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &found) < 0) {
		if (errno != ENOSYS || fstat(fd, &older) < 0)
			return errno;
		*ret_device = older.st_dev;
		return lk_is_mount_point(path) ? 0 : ENODEV;
	}
	if (!(found.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT)
		    ? !lk_is_mount_point(path) /* before Linux 5.8 */
		    : !(found.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return ENODEV;
	*ret_device = makedev(found.stx_dev_major, found.stx_dev_minor);
	return 0;
}

static int guard_system(struct lk_shared *shared, struct lk_scope *scope, int fd)
{
	uint32_t number;
	struct statfs system;
	uint64_t device = 0;
	bool cacheable, watched;
	int r = check_mount_point(fd, scope->path, &device);

	if (r)
		return r;
	if (fstatfs(fd, &system) < 0)
		return errno;
	number = is_local((uint32_t)system.f_type, &cacheable) ? 0 : choose_group(shared, scope);
	r = lk_group_open(shared, number);
	if (r)
		return -r;
	watched = cacheable && lk_kernel_on(shared); /* what was just written is judged when it is opened */
	if (scope->error == 0 && scope->group == number && scope->device == device && lk_is_marked(shared, scope, fd)) {
		if (cacheable)
			mark_device(shared, scope); /* inode marks may have been flushed */
		return 0;
	}
	/* a superblock we have not seen: nothing that is remembered may be taken for one of its files */
	lk_forget_system(shared, device);
	scope->type = (uint32_t)system.f_type;
	scope->group = number;
	scope->cacheable = cacheable;
	scope->tainted = false;
	scope->device = device;
	if (cacheable)
		mark_device(shared, scope);
	r = lk_mark(shared, scope, fd);
	if (r)
		return r;
	if (watched)
		fanotify_mark(shared->fds.moved, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, LK_MARK_WRITTEN, fd, NULL);
	lk_wake(&shared->foresee);
	scope->marked_us = lk_now_us();
	lk_wake(&shared->census);
	return 0;
}

static void leave_system(struct lk_shared *shared, struct lk_scope *scope, int fd)
{
	uint32_t leave = LK_WISH_LEAVE;

	if (fd >= 0 && scope->error == 0)
		lk_unmark(shared, scope, fd);
	scope->device = 0;
	scope->error = -1;
	/* Wanted again in the meantime: the entry stays, and the next round marks it anew. */
	atomic_compare_exchange_strong(&scope->wish, &leave, LK_WISH_NONE);
}

static void apply(struct lk_shared *shared, struct lk_scope *scope)
{
	_cleanup_close_ int fd = open(scope->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int error;

	if (scope->wish == LK_WISH_LEAVE) {
		leave_system(shared, scope, fd);
		return;
	}
	error = fd < 0 ? errno : guard_system(shared, scope, fd);
	if (error)
		scope->device = 0;
	if (error && scope->error != error)
		sk_log(SK_LOG_WARNING, "lockdown: %s is not guarded: %s", scope->path, strerror(error));
	scope->error = error;
}

/* Local ones first: what comes behind a dead file system waits. */
static void apply_all(struct lk_shared *shared)
{
	for (int pass = 0; pass < 2; pass++)
		for (uint32_t i = 0; i < LK_SCOPE; i++) {
			struct lk_scope *scope = &shared->scope[i];

			if (scope->wish != LK_WISH_NONE && (scope->error == 0 && scope->group != 0) == (pass == 1))
				apply(shared, scope);
		}
}

void *lk_marker_run(void *arg)
{
	struct lk_shared *shared = ((struct lk_guard *)arg)->shared;

	for (;;) {
		uint32_t wanted = atomic_load(&shared->wanted);

		if (wanted != atomic_load(&shared->applied)) {
			apply_all(shared);
			lk_mark_elsewhere(shared);
			lk_lsm_disks(shared);
			atomic_store(&shared->applied, wanted);
			lk_wake(&shared->news);
		} else {
			lk_wait(&shared->wanted, wanted, lk_has_mount_marks(shared) ? LK_ELSEWHERE_US : 0);
			if (lk_has_mount_marks(shared)) /* of other namespaces nobody tells us */
				lk_mark_elsewhere(shared);
		}
	}
}
