// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The census: when file systems were marked (at start, or when one was mounted), what runs from them already was never asked about. It is judged now,
 * program by program and mapped file by mapped file, and told when it is not on the list. Nothing is killed: that is the tool owner's
 * decision. At the same time, and once in COUNT_US, it counts the processes of the scope, and those of them under restraints: what Linux shows of
 * these to others is that there is a seccomp filter.
 *
 * It runs at the lowest priority, far from the answer path. Opens what /proc shows, in the table shared with the keeper: closed at once, or swept
 * after the guard's death. Owns ring 2.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "lockdown/guard/guard.h"

enum { SEEN = 1024, NAMES = 16384, STATUS = 4096, COUNT_US = 60000000 };

struct census {
	struct lk_shared *shared;
	struct sk_hasher *hasher;
	void *space;
	struct {
		uint64_t device, inode;
	} seen[SEEN]; /* judged in this round; more are judged again */
	uint32_t seen_count;
	uint64_t processes, restrained;
	char names[NAMES], status[STATUS];
};

static bool first_time(struct census *c, const struct stat *st)
{
	for (uint32_t i = 0; i < SK_MIN(c->seen_count, (uint32_t)SEEN); i++)
		if (c->seen[i].device == st->st_dev && c->seen[i].inode == st->st_ino)
			return false;
	c->seen[c->seen_count % SEEN].device = st->st_dev;
	c->seen[c->seen_count % SEEN].inode = st->st_ino;
	c->seen_count++;
	return true;
}

static void tell(struct census *c, uint32_t pid, int fd, const struct stat *st, const uint8_t hash[LK_HASH], const struct lk_orders *orders)
{
	struct lk_record *record = lk_ring_space(&c->shared->rings[2]);
	struct lk_slot slot = {.meta = {.fd = fd, .pid = (int)pid}, .has_hash = true, .since_us = lk_now_us()};

	if (!record) {
		lk_add(&c->shared->count.lost_records);
		return;
	}
	memcpy(slot.hash, hash, LK_HASH);
	slot.key = (struct lk_key){.device = st->st_dev, .inode = st->st_ino, .size = (uint64_t)st->st_size};
	record->kind = LK_RECORD_RUNNING;
	record->mode = orders->mode;
	record->serial = orders->serial;
	lk_describe(record, &slot, LK_DEPTH_ALL);
	lk_ring_publish(&c->shared->rings[2]);
	lk_wake(&c->shared->news);
}

/* A file that process `pid` runs or has mapped executable. */
static void judge_file(struct census *c, uint32_t pid, const char *path)
{
	_cleanup_close_ int fd = -1;
	struct lk_orders orders;
	struct stat st;
	uint8_t hash[LK_HASH];

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || !lk_scope_of(c->shared, st.st_dev) || !first_time(c, &st))
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || sk_hasher_fd(c->hasher, fd, c->space, LK_PIECE, NULL, NULL, hash, NULL) != 0)
		return;
	if (!lk_listed(c->shared, hash, &orders))
		tell(c, pid, fd, &st, hash, &orders);
}

static void judge_process(struct census *c, uint32_t pid)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%u/exe", pid);
	judge_file(c, pid, path);
}

static bool has_filter(struct census *c, uint32_t pid)
{
	char path[64];
	const char *line;
	ssize_t size;

	snprintf(path, sizeof path, "/proc/%u/status", pid);
	{
		_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

		size = fd < 0 ? -1 : read(fd, c->status, sizeof c->status - 1);
	}
	c->status[SK_MAX(size, (ssize_t)0)] = 0;
	line = strstr(c->status, "\nSeccomp:\t");
	return line && line[10] != '0';
}

static void count_process(struct census *c, uint32_t pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof path, "/proc/%u/exe", pid);
	if (stat(path, &st) < 0 || !lk_scope_of(c->shared, st.st_dev))
		return;
	c->processes++;
	c->restrained += has_filter(c, pid);
}

/* readdir(3) allocates; the guard does not. */
static void each_process(struct census *c, void (*each)(struct census *c, uint32_t pid))
{
	_cleanup_close_ int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long size;

	while (proc >= 0 && (size = syscall(SYS_getdents64, proc, c->names, sizeof c->names)) > 0)
		for (long at = 0; at < size;) {
			const struct dirent64 *entry = (const struct dirent64 *)(c->names + at);
			unsigned long pid = strtoul(entry->d_name, NULL, 10);

			if (pid > 0 && pid <= UINT32_MAX)
				each(c, (uint32_t)pid);
			at += entry->d_reclen;
		}
}

static void count_all(struct census *c)
{
	c->processes = c->restrained = 0;
	each_process(c, count_process);
	atomic_store(&c->shared->processes, c->processes);
	atomic_store(&c->shared->restrained, c->restrained);
}

void *lk_census_run(void *arg)
{
	static struct census c;
	struct lk_shared *shared = ((struct lk_guard *)arg)->shared;

	memset(&c, 0, sizeof c);
	c.shared = shared;
	c.space = sk_malloc(LK_PIECE);
	if (!c.space || sk_hasher_new(&c.hasher) < 0) {
		sk_log(SK_LOG_WARNING, "lockdown: no memory to judge what runs already");
		return NULL;
	}
	setpriority(PRIO_PROCESS, 0, 19);
	for (;;) {
		uint32_t wanted = atomic_load(&shared->census);

		if (wanted == atomic_load(&shared->census_done)) {
			lk_wait(&shared->census, wanted, COUNT_US);
			if (wanted == atomic_load(&shared->census))
				count_all(&c);
			continue;
		}
		c.seen_count = 0;
		each_process(&c, judge_process);
		count_all(&c);
		atomic_store(&shared->census_done, wanted);
		lk_wake(&shared->news);
	}
}
