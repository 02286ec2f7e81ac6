// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Foresight: what the kernel side is to find known must have been judged before it is used. An execution asks the guard anyway; a library is only opened, and then
 * mapped. So the guard is asked when something is opened
 *
 *   in a folder that holds files of the policy   a mark on the folder (FAN_OPEN_PERM of its children)
 *   that was just written and is an ELF file     a mark on the file, set when it is closed
 *
 * and always lets it be opened; what is found goes into the kernel's map, and from then on an ignore mark on the file keeps us from being asked again. Data lies in
 * neither, and is never asked about.
 *
 * The ignore mark must go when the file's change time moves, because the map's entry counts no longer: the kernel takes it away itself at each write; a group of its
 * own tells of what else moves it (mode, owner, links, names).
 *
 * Here: the thread that marks the folders, and then opens every file of the policy once, gently, so that all of it is known before it is needed; and the thread that
 * hears of changed attributes. Owns the group `fds.moved`.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "lockdown/guard/guard.h"
#include "lockdown/guard/keeper.h"
#include "lockdown/kernel/lsm.h"
#include "lockdown/window/window.h"

#ifndef FAN_MARK_EVICTABLE
#define FAN_MARK_EVICTABLE 0x00000200
#endif

enum { MOVED = FAN_ATTRIB | FAN_MOVE_SELF, ASKED = FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM, SETTLE_US = 100000, BEHIND = 24 };

/* Since 5.19 an inode mark need not hold the inode in memory. */
static int mark(const struct lk_shared *shared, int fan, unsigned flags, uint64_t mask, int fd, const char *path)
{
	unsigned evictable = atomic_load(&shared->no_evictable) ? 0 : FAN_MARK_EVICTABLE;

	return fanotify_mark(fan, flags | evictable, mask, path ? AT_FDCWD : fd, path);
}

int lk_mark_inode(struct lk_shared *shared, int fan, unsigned flags, uint64_t mask, int fd)
{
	int r = mark(shared, fan, flags, mask, fd, NULL);

	if (r < 0 && errno == EINVAL && !atomic_load(&shared->no_evictable)) {
		atomic_store(&shared->no_evictable, true);
		r = mark(shared, fan, flags, mask, fd, NULL);
	}
	return r;
}

static uint64_t ignored(const struct lk_shared *shared)
{
	return atomic_load(&shared->ignore_exec) ? ASKED : FAN_OPEN_PERM;
}

static bool is_as_judged(int fd, const struct lk_key *key)
{
	struct lk_key now;

	return lk_look(fd, &now) && now.changed_s == key->changed_s && now.changed_ns == key->changed_ns && now.size == key->size;
}

/* Both marks first, then the look: what moves the change time after it is told, and takes the ignore mark away. */
static bool leave_known(struct lk_shared *shared, int fd)
{
	int moved = atomic_load(&shared->fds.moved);

	return moved >= 0 && lk_mark_inode(shared, moved, FAN_MARK_ADD, MOVED, fd) == 0 &&
	       lk_mark_inode(shared, atomic_load(&shared->groups[0].fan), FAN_MARK_ADD | FAN_MARK_IGNORED_MASK, ignored(shared), fd) == 0;
}

/*
 * What lies in a folder of the policy and is not in it stays so until it is written, and the kernel takes the mark away then, or until the list changes, and then all marks go. Its change
 * time does not matter, and an execution of it asks all the same. In a window it may yet become known.
 */
static bool leave_data(struct lk_shared *shared, const struct lk_slot *slot)
{
	return (slot->meta.mask & FAN_OPEN_PERM) && !slot->known && !slot->trouble && !lk_window_is_open() &&
	       lk_mark_inode(shared, atomic_load(&shared->groups[0].fan), FAN_MARK_ADD | FAN_MARK_IGNORED_MASK, FAN_OPEN_PERM, slot->meta.fd) == 0;
}

void lk_leave_alone(struct lk_shared *shared, const struct lk_slot *slot)
{
	int fd = slot->meta.fd;

	if (!lk_kernel_acts(shared) || !(slot->kept ? leave_known(shared, fd) : leave_data(shared, slot)))
		return;
	if (is_as_judged(fd, &slot->key))
		lk_add(&shared->count.left_alone);
	else
		lk_ask_again(shared, fd);
}

void lk_ask_again(struct lk_shared *shared, int fd)
{
	fanotify_mark(atomic_load(&shared->groups[0].fan), FAN_MARK_REMOVE | FAN_MARK_IGNORED_MASK, ASKED, fd, NULL);
}

/* --- what moved */

/* The mount point of the file system that an event's identity names. */
static int open_system(struct lk_shared *shared, const void *fsid)
{
	for (uint32_t i = 0; i < LK_SCOPE; i++) {
		struct lk_scope *scope = &shared->scope[i];
		_cleanup_close_ int fd = -1;
		struct statfs found;

		if (scope->wish != LK_WISH_GUARD || scope->group)
			continue;
		fd = open(scope->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (fd >= 0 && fstatfs(fd, &found) == 0 && !memcmp(&found.f_fsid, fsid, sizeof found.f_fsid))
			return SK_TAKE_FD(fd);
	}
	return -1;
}

/* A file of some other kind is data: nobody maps it to run it. */
static void on_written(struct lk_shared *shared, int fan, const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char magic[4];

	if (fd >= 0 && pread(fd, magic, sizeof magic, 0) == (ssize_t)sizeof magic && !memcmp(magic, "\177ELF", 4))
		lk_mark_inode(shared, fan, FAN_MARK_ADD, FAN_OPEN_PERM, fd);
}

static void on_moved(struct lk_shared *shared, uint64_t mask, const struct fanotify_event_info_fid *info)
{
	_cleanup_close_ int system = open_system(shared, &info->fsid), fd = -1;
	int fan = atomic_load(&shared->groups[0].fan);
	char path[48];

	if (system >= 0)
		fd = open_by_handle_at(system, (struct file_handle *)info->handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return; /* it is gone */
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	fanotify_mark(fan, FAN_MARK_REMOVE | FAN_MARK_IGNORED_MASK, ASKED, AT_FDCWD, path);
	if (mask & MOVED) /* by another name, in a folder that is not marked, it is to be judged all the same */
		fanotify_mark(fan, FAN_MARK_ADD | (atomic_load(&shared->no_evictable) ? 0 : FAN_MARK_EVICTABLE), FAN_OPEN_PERM, AT_FDCWD, path);
	if (mask & FAN_CLOSE_WRITE)
		on_written(shared, fan, path);
	lk_add(&shared->count.moved);
}

static int open_moved(struct lk_shared *shared)
{
	int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_REPORT_FID | FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS, O_RDONLY | O_LARGEFILE | O_CLOEXEC);

	if (fd < 0)
		return sk_origin_errno();
	atomic_store(&shared->fds.moved, fd);
	return 0;
}

void *lk_moved_run(void *arg)
{
	struct lk_shared *shared = ((struct lk_guard *)arg)->shared;
	_Alignas(struct fanotify_event_metadata) char space[4096];
	ssize_t size;

	lk_urgent();
	for (;;) {
		const struct fanotify_event_metadata *event = (void *)space;

		size = read(atomic_load(&shared->fds.moved), space, sizeof space);
		if (size < 0 && errno != EINTR)
			return NULL;
		if (!lk_kernel_acts(shared))
			continue;
		for (; FAN_EVENT_OK(event, size); event = FAN_EVENT_NEXT(event, size))
			if (event->event_len > event->metadata_len)
				on_moved(shared, event->mask, (const void *)((const char *)event + event->metadata_len));
	}
}

/* --- what will be needed */

void lk_names_put(struct lk_shared *shared, const char *(*name)(const void *arg, uint32_t index), const void *arg, uint32_t count)
{
	uint32_t next = (atomic_load(&shared->names.now) + 1) & 1, size = 0;

	for (uint32_t i = 0; i < count; i++) {
		const char *text = name(arg, i);
		size_t length = text ? strlen(text) + 1 : 0;

		if (length < 3 || text[0] != '/' || length > LK_PATH || size + length > LK_NAMES)
			continue;
		memcpy(shared->names.text[next] + size, text, length);
		size += (uint32_t)length;
	}
	shared->names.size[next] = size;
	atomic_store(&shared->names.now, next);
	lk_wake(&shared->foresee);
}

/* Is this the path of something on a file system that is guarded and can be remembered? */
static bool is_guarded(struct lk_shared *shared, const char *path, mode_t type)
{
	struct stat found;

	return stat(path, &found) == 0 && (found.st_mode & S_IFMT) == type && lk_may_remember(shared, found.st_dev);
}

struct folders {
	char last[8][LK_PATH]; /* marked a moment ago */
	unsigned count;
};

static bool is_recent(struct folders *folders, const char *path)
{
	for (unsigned i = 0; i < SK_ARRAY_SIZE(folders->last); i++)
		if (!strcmp(folders->last[i], path))
			return true;
	snprintf(folders->last[folders->count++ % SK_ARRAY_SIZE(folders->last)], LK_PATH, "%s", path);
	return false;
}

static void mark_folder(struct lk_shared *shared, struct folders *folders, const char *name)
{
	const char *slash = strrchr(name, '/');
	char path[LK_PATH];

	if (!slash || slash == name)
		return;
	snprintf(path, sizeof path, "%.*s", (int)(slash - name), name);
	if (!is_recent(folders, path) && is_guarded(shared, path, S_IFDIR) &&
	    fanotify_mark(atomic_load(&shared->groups[0].fan), FAN_MARK_ADD, FAN_OPEN_PERM | FAN_EVENT_ON_CHILD, AT_FDCWD, path) == 0)
		lk_add(&shared->count.folders);
	else
		return;
	for (; path[0] && is_guarded(shared, path, S_IFDIR); *strrchr(path, '/') = 0) /* and all above it */
		lk_lsm_holds(shared, path);
}

/* Opening it is all: that asks the guard. Half of the time is left to others. */
static void open_once(struct lk_shared *shared, const char *name)
{
	uint64_t began = lk_now_us();
	struct timespec pause;
	int fd = name[0] && name[strlen(name) - 1] != '/' && is_guarded(shared, name, S_IFREG) ? open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW) : -1;

	if (fd < 0)
		return;
	close(fd);
	began = lk_now_us() - began;
	pause = (struct timespec){.tv_sec = (time_t)(began / 1000000), .tv_nsec = (long)(began % 1000000) * 1000};
	nanosleep(&pause, NULL);
}

/* Stops when there is something newer. */
static bool for_names(struct lk_shared *shared, uint32_t seen, struct folders *folders)
{
	uint32_t now = atomic_load(&shared->names.now) & 1, size = SK_MIN(shared->names.size[now], (uint32_t)LK_NAMES);
	char name[LK_PATH];

	for (uint32_t at = 0; at < size && atomic_load(&shared->foresee) == seen;) {
		size_t length = strnlen(shared->names.text[now] + at, SK_MIN(size - at, (uint32_t)LK_PATH - 1));

		memcpy(name, shared->names.text[now] + at, length);
		name[length] = 0;
		at += (uint32_t)length + 1;
		if (folders)
			mark_folder(shared, folders, name);
		else
			open_once(shared, name);
	}
	return atomic_load(&shared->foresee) == seen;
}

/* What was opened before the folders were marked is mapped by then. */
static void begin_maps(struct lk_shared *shared)
{
	const struct timespec pause = {.tv_nsec = SETTLE_US * 1000};

	nanosleep(&pause, NULL);
	atomic_store(&shared->maps_ready, true);
	lk_wake(&shared->orders_word);
	lk_wake(&shared->news); /* more may be claimed */
}

void *lk_foresee_run(void *arg)
{
	static struct folders folders; /* too large for the stack */
	struct lk_shared *shared = ((struct lk_guard *)arg)->shared;

	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), BEHIND - 5);
	for (;;) {
		uint32_t seen = atomic_load(&shared->foresee);

		memset(&folders, 0, sizeof folders);
		if (lk_kernel_acts(shared) && for_names(shared, seen, &folders)) {
			begin_maps(shared);
			if (for_names(shared, seen, NULL))
				lk_add(&shared->count.foreseen);
		}
		lk_wait(&shared->foresee, seen, 0);
	}
}

int lk_foresee_open(struct lk_shared *shared)
{
	/* The group outlives a guard, and what it heard meanwhile waits in it. Closing one took over half a second on a busy machine, in which nobody was judged. */
	return lk_kernel_on(shared) && atomic_load(&shared->fds.moved) < 0 ? open_moved(shared) : 0;
}
