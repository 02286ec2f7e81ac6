// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Stand-ins for what older kernels lack; older.h has the table. The marks belong to the marker's thread, lk_is_executing() to the workers, lk_is_data() to the
 * answer path. Keeps no state but what the kernel was found to lack.
 */
#include "lockdown/guard/older.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "lockdown/guard/guard.h"

enum {
	SPACES = 64, /* mount namespaces beside ours */
	LINE = 4200,
	EXECUTION = LK_HEARD_EXECUTION,
	NO_EXECUTION = LK_HEARD_NONE,
	UNCERTAIN = LK_HEARD_UNCERTAIN,
	LOOK_US = 200,
	STUCK_US = 6000, /* a child that sleeps for so long in its look waits for the lock that an execution holds */
	LOOKS_US = 120000, /* on a busy machine who asked may not have come to wait yet */
};

const char *const lk_way_names[] = {"FAN_OPEN_EXEC_PERM on the file system", "FAN_OPEN_PERM on the file system", "FAN_OPEN_PERM on mounts"};

static const struct {
	unsigned flag;
	uint64_t mask;
} ways[] = {{FAN_MARK_FILESYSTEM, FAN_OPEN_EXEC_PERM}, {FAN_MARK_FILESYSTEM, FAN_OPEN_PERM}, {FAN_MARK_MOUNT, FAN_OPEN_PERM}};

/* --- marks */

static int fan_of(const struct lk_shared *shared, const struct lk_scope *scope)
{
	return atomic_load(&shared->groups[scope->group % LK_GROUPS].fan);
}

int lk_mark(struct lk_shared *shared, struct lk_scope *scope, int fd)
{
	bool before = atomic_load(&shared->opens);
	int error = EINVAL;

	for (uint32_t way = LK_WAY_SYSTEM; way < SK_ARRAY_SIZE(ways) && error == EINVAL; way++) {
		scope->way = way;
		atomic_store(&shared->opens, before || way != LK_WAY_SYSTEM); /* before the first question comes */
		error = fanotify_mark(fan_of(shared, scope), FAN_MARK_ADD | ways[way].flag, ways[way].mask, fd, NULL) < 0 ? errno : 0;
	}
	if (error)
		atomic_store(&shared->opens, before);
	return error;
}

/* Removing a bit that is not set changes nothing and fails when there is no mark. */
bool lk_is_marked(const struct lk_shared *shared, const struct lk_scope *scope, int fd)
{
	return fanotify_mark(fan_of(shared, scope), FAN_MARK_REMOVE | ways[scope->way].flag, FAN_CLOSE_NOWRITE, fd, NULL) == 0;
}

void lk_unmark(const struct lk_shared *shared, const struct lk_scope *scope, int fd)
{
	fanotify_mark(fan_of(shared, scope), FAN_MARK_REMOVE | ways[scope->way].flag, ways[scope->way].mask, fd, NULL);
}

static bool on_mounts(const struct lk_scope *scope)
{
	return scope->wish == LK_WISH_GUARD && scope->error == 0 && scope->way == LK_WAY_MOUNT_OPEN;
}

bool lk_has_mount_marks(const struct lk_shared *shared)
{
	for (uint32_t i = 0; i < LK_SCOPE; i++)
		if (on_mounts(&shared->scope[i]))
			return true;
	return false;
}

/* "\040" and the like back into bytes, in place. */
static void unescape(char *text)
{
	char *out = text;

	for (char *in = text; *in; in++) {
		if (in[0] == '\\' && in[1] >= '0' && in[1] <= '3' && in[2] && in[3]) {
			*out++ = (char)((in[1] - '0') << 6 | (in[2] - '0') << 3 | (in[3] - '0'));
			in += 3;
		} else {
			*out++ = *in;
		}
	}
	*out = 0;
}

/* Calls `each` for every mount of the namespace of `pid` (0: ours) until it says true; that is returned. Allocates nothing. */
static bool each_mount(int pid, bool (*each)(void *arg, uint64_t device, const char *path), void *arg)
{
	static char line[LINE]; /* the marker's thread alone comes here */
	char name[48];
	size_t have = 0;
	bool found = false;
	ssize_t n = 0;
	int fd;

	if (pid)
		snprintf(name, sizeof name, "/proc/%d/mountinfo", pid);
	fd = open(pid ? name : "/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && !found && (n = read(fd, line + have, sizeof line - 1 - have)) >= 0 && have + (size_t)n > 0) {
		char *end;

		have += (size_t)n;
		line[have] = 0;
		while (!found && (end = strchr(line, '\n'))) {
			char path[LK_PATH];
			unsigned a, b;

			*end = 0;
			if (sscanf(line, "%*u %*u %u:%u %*s %1023s", &a, &b, path) == 3) {
				unescape(path);
				found = each(arg, makedev(a, b), path);
			}
			have -= (size_t)(end + 1 - line);
			memmove(line, end + 1, have + 1);
		}
		if (n == 0 || have == sizeof line - 1)
			break;
	}
	if (fd >= 0)
		close(fd);
	return found;
}

static bool is_path(void *arg, uint64_t device, const char *path)
{
	(void)device;
	return strcmp(arg, path) == 0;
}

bool lk_is_mount_point(const char *path)
{
	return each_mount(0, is_path, (void *)(uintptr_t)path);
}

struct elsewhere {
	struct lk_shared *shared;
	int pid; /* in whose namespace; 0 = ours */
};

static bool mark_shown(void *arg, uint64_t device, const char *path)
{
	const struct elsewhere *where = arg;
	char full[LK_PATH + 40];

	if (where->pid)
		snprintf(full, sizeof full, "/proc/%d/root%s", where->pid, path);
	else
		snprintf(full, sizeof full, "%s", path);
	for (uint32_t i = 0; i < LK_SCOPE; i++) {
		const struct lk_scope *scope = &where->shared->scope[i];
		struct stat st;

		if (on_mounts(scope) && scope->device == device && stat(full, &st) == 0 && st.st_dev == device)
			fanotify_mark(fan_of(where->shared, scope), FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_OPEN_PERM, AT_FDCWD, full);
	}
	return false;
}

/* One process of each mount namespace but ours. */
static void mark_namespaces(struct lk_shared *shared)
{
	static char names[16384];
	uint64_t seen[SPACES] = {0};
	unsigned count = 0;
	struct stat st;
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long size;

	if (stat("/proc/self/ns/mnt", &st) == 0)
		seen[count++] = st.st_ino;
	while (proc >= 0 && (size = syscall(SYS_getdents64, proc, names, sizeof names)) > 0)
		for (long at = 0; at < size;) {
			const struct dirent64 *entry = (const struct dirent64 *)(names + at);
			struct elsewhere where = {.shared = shared, .pid = (int)strtol(entry->d_name, NULL, 10)};
			char path[48];
			bool known = false;

			at += entry->d_reclen;
			snprintf(path, sizeof path, "/proc/%d/ns/mnt", where.pid);
			if (where.pid <= 0 || stat(path, &st) < 0)
				continue;
			for (unsigned i = 0; i < count; i++)
				known |= seen[i] == st.st_ino;
			if (known || count == SPACES)
				continue;
			seen[count++] = st.st_ino;
			each_mount(where.pid, mark_shown, &where);
		}
	if (proc >= 0)
		close(proc);
}

void lk_mark_elsewhere(struct lk_shared *shared)
{
	struct elsewhere ours = {.shared = shared};

	each_mount(0, mark_shown, &ours);
	mark_namespaces(shared);
}

/* --- is it an execution? */

bool lk_is_data(const struct lk_shared *shared, const struct lk_slot *slot)
{
	struct stat st;

	if (!(slot->meta.mask & LK_BY_OPEN))
		return false;
	if (slot->meta.pid == atomic_load(&shared->guard_pid) || slot->meta.pid == atomic_load(&shared->keeper_pid))
		return true;
	return fstat(slot->meta.fd, &st) == 0 && (!S_ISREG(st.st_mode) || !(st.st_mode & 0111));
}

bool lk_looks_executable(int fd)
{
	unsigned char head[18] = {0};
	ssize_t n = pread(fd, head, sizeof head, 0);

	if (n < 0)
		return true;
	if (n >= 2 && head[0] == '#' && head[1] == '!')
		return true;
	/* programs and shared objects; not what a compiler has not linked yet, nor the memory of a dead process */
	return n == sizeof head && memcmp(head, "\177ELF", 4) == 0 && (head[16] == 2 || head[16] == 3 || head[17] == 2 || head[17] == 3);
}

/* execve, execveat, uselib of x86_64, i386 and x32. What else has these numbers in the other table opens no files. */
static bool is_exec_number(long number)
{
	static const int numbers[] = {59, 322, 134, 11, 358, 86, 520, 545};

	for (size_t i = 0; i < SK_ARRAY_SIZE(numbers); i++)
		if (number == numbers[i])
			return true;
	return false;
}

static int look_at_thread(int pid, const char *thread)
{
	char path[320], text[32] = "";
	char *end;
	ssize_t n;
	long number;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/task/%s/syscall", pid, thread);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return UNCERTAIN;
	number = strtol(text, &end, 10);
	if (end == text) /* "running" */
		return UNCERTAIN;
	return number < 0 || is_exec_number(number) ? EXECUTION : NO_EXECUTION;
}

/* In the child. Any thread of it may be the one that asks. */
static int look_at_process(int pid)
{
	char path[48], names[2048];
	int result = NO_EXECUTION, dir;
	long size;

	snprintf(path, sizeof path, "/proc/%d/task", pid);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return UNCERTAIN;
	while (result != EXECUTION && (size = syscall(SYS_getdents64, dir, names, sizeof names)) > 0)
		for (long at = 0; at < size && result != EXECUTION;) {
			const struct dirent64 *entry = (const struct dirent64 *)(names + at);
			int one = entry->d_name[0] == '.' ? NO_EXECUTION : look_at_thread(pid, entry->d_name);

			result = one == NO_EXECUTION ? result : one;
			at += entry->d_reclen;
		}
	close(dir);
	return result;
}

/* 'D', 'S', 'R' ... of a process of ours. */
static char state_of(int pid)
{
	char path[48], text[256];
	const char *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;
	at = strrchr(text, ')');
	return at && at[1] ? at[2] : '?';
}

int lk_hear(int child, uint64_t end_us)
{
	const struct timespec pause = {.tv_nsec = LOOK_US * 1000};
	uint64_t asleep_us = 0;
	int status;

	while (waitpid(child, &status, WNOHANG) == 0) {
		uint64_t now = lk_now_us();

		asleep_us = state_of(child) != 'D' ? 0 : asleep_us ? asleep_us : now;
		if (now >= end_us || (asleep_us && now - asleep_us > STUCK_US)) {
			kill(child, SIGKILL);
			waitpid(child, &status, 0);
			return asleep_us ? EXECUTION : UNCERTAIN;
		}
		nanosleep(&pause, NULL);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : UNCERTAIN;
}

bool lk_is_executing(int pid)
{
	const struct timespec pause = {.tv_nsec = LOOK_US * 1000};
	uint64_t end_us = lk_now_us() + LOOKS_US;
	int said = UNCERTAIN;

	while (said == UNCERTAIN && lk_now_us() < end_us) {
		/* CLONE_FILES: nobody else may hold the group */
		long child = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);

		if (child == 0)
			_exit(look_at_process(pid));
		if (child < 0)
			return true;
		said = lk_hear((int)child, end_us);
		if (said == UNCERTAIN)
			nanosleep(&pause, NULL);
	}
	return said != NO_EXECUTION;
}

/* --- processes */

static int open_pidfd(int pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

bool lk_process_needs_look(void)
{
	static _Atomic int needs = -1;
	int fd;

	if (atomic_load(&needs) < 0) {
		fd = open_pidfd(getpid());
		atomic_store(&needs, fd < 0 && errno == ENOSYS);
		if (fd >= 0)
			close(fd);
	}
	return atomic_load(&needs);
}

int lk_process_watch(int pid)
{
	if (!lk_process_needs_look())
		return open_pidfd(pid);
	return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM) ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
}

void lk_process_look(int fd, int pid)
{
	static const uint64_t one = 1;
	pid_t child;

	if (fd < 0 || !lk_process_needs_look())
		return;
	child = waitpid(pid, NULL, WNOHANG);
	if (child == 0)
		return;
	if (child < 0 && kill(pid, 0) == 0 && state_of(pid) != 'Z') /* somebody else's child */
		return;
	if (write(fd, &one, sizeof one) < 0)
		return; /* it was told already */
}
