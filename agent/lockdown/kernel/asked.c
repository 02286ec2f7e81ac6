// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The kernel side holds a task, before its first instruction, before it sees what it read or runs what it mapped, and asks: about a file that no permission event told of, or whose change time
 * moved a moment ago. One thread opens that file where the process has it, hashes it, and answers by a permit, or by a refusal. A second thread answers about the words
 * that interpreters are called with (asked-call.c). What is opened may be anything and lie anywhere; when a thread has to wait there, no answer comes in time, and the
 * task is stopped. So these are threads that nobody else waits for.
 *
 * The kernel side takes the answer only for the very file it asked about, unchanged and without a writer.
 */
#include "lockdown/kernel/asked.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "bpf/lockdown.h"
#include "lockdown/guard/guard.h"
#include "lockdown/guard/keeper.h"

enum { QUEUE = 512, OVERLAY = 0x794c7630 };

/* Filled by the listener alone, emptied by its thread alone. */
static struct queue {
	struct sk_record records[QUEUE];
	_Atomic uint32_t written, read;
} files, calls;

static bool is_about_call(const struct sk_record *record)
{
	return record->road == SK_ROAD_SCRIPT_OPERAND && !record->inode;
}

void lk_asked(const struct sk_record *record)
{
	struct queue *queue = is_about_call(record) ? &calls : &files;
	uint32_t written = atomic_load(&queue->written);

	if (written - atomic_load(&queue->read) >= QUEUE)
		return; /* no answer: it is stopped */
	queue->records[written % QUEUE] = *record;
	lk_wake(&queue->written);
}

/* Is this what was asked about? An overlay shows the same inode, size and time under a device of its own. */
static bool is_it(int fd, const struct stat *found, const struct sk_record *record)
{
	struct statfs system;

	if (!S_ISREG(found->st_mode) || (uint64_t)found->st_size != record->size || found->st_ctim.tv_sec != record->changed_s ||
	    (uint32_t)found->st_ctim.tv_nsec != record->changed_ns)
		return false;
	if (record->road < SK_ROAD_MAP_FILE)
		return true; /* what a process executes is one file */
	return found->st_ino == record->inode &&
	       (lk_kernel_device(found->st_dev) == record->device || (fstatfs(fd, &system) == 0 && system.f_type == OVERLAY));
}

/* A file that the process has open ("fd"), or mapped ("map_files"). */
static int open_of(const struct sk_record *record, const char *where)
{
	char path[64];
	struct dirent *entry;
	struct stat found;
	int fd = -1;
	DIR *folder;

	snprintf(path, sizeof path, "/proc/%u/%s", record->process, where);
	folder = opendir(path);
	while (folder && fd < 0 && (entry = readdir(folder))) {
		if (fstatat(dirfd(folder), entry->d_name, &found, 0) < 0 || !S_ISREG(found.st_mode) || found.st_ino != record->inode)
			continue;
		fd = openat(dirfd(folder), entry->d_name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (fd >= 0 && !is_it(fd, &found, record)) {
			close(fd);
			fd = -1;
		}
	}
	if (folder)
		closedir(folder);
	return fd;
}

static int open_asked(const struct sk_record *record)
{
	char path[64];
	int fd;

	if (record->road >= SK_ROAD_MAP_FILE) {
		fd = open_of(record, "fd");
		return fd < 0 && record->road == SK_ROAD_MAP_FILE ? open_of(record, "map_files") : fd;
	}
	snprintf(path, sizeof path, "/proc/%u/exe", record->process);
	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

static void answer(struct lk_asker *asker, const struct sk_record *record)
{
	_cleanup_close_ int fd = open_asked(record);
	struct lk_shared *shared = asker->shared;
	struct lk_orders orders;
	struct stat found;
	uint8_t hash[LK_HASH] = {0};
	uint32_t kinds = 0;

	if (fd < 0 || fstat(fd, &found) < 0 || !is_it(fd, &found, record)) /* by now the number may be another process's, which runs something else */
		return;
	lk_add(&shared->count.asked);
	if (sk_hasher_fd(asker->hasher, fd, asker->space, LK_PIECE, NULL, NULL, hash, NULL) == 0)
		lk_listed_as(shared, hash, &orders, &kinds);
	else
		memset(hash, 0, sizeof hash);
	if (record->road >= SK_ROAD_MAP_FILE && (fstat(fd, &found) < 0 || !is_it(fd, &found, record)))
		return; /* it changed meanwhile */
	lk_kernel_answer(shared, record, hash, kinds);
	lk_ask_again(shared, fd); /* it was left alone, and is not any more what it was */
	if (kinds && record->road == SK_ROAD_MAP_FILE && lk_may_remember(shared, found.st_dev)) /* from the next opening on it is known before it is mapped */
		lk_mark_inode(shared, atomic_load(&shared->groups[0].fan), FAN_MARK_ADD, FAN_OPEN_PERM, fd);
}

/* Answers what comes, for ever. */
static void *run(struct lk_asker *asker, struct queue *queue, void (*one)(struct lk_asker *asker, const struct sk_record *record))
{
	memset(queue, 0, sizeof *queue); /* of a guard before us */
	*asker = (struct lk_asker){.shared = asker->shared, .space = sk_malloc(LK_PIECE)};
	if (!asker->space || sk_hasher_new(&asker->hasher) < 0) {
		sk_log(SK_LOG_WARNING, "lockdown: no memory to answer what the kernel side asks");
		return NULL;
	}
	lk_urgent();
	for (;;) {
		uint32_t written = atomic_load(&queue->written), read = atomic_load(&queue->read);

		if (read == written) {
			lk_wait(&queue->written, written, 0);
			continue;
		}
		one(asker, &queue->records[read % QUEUE]);
		atomic_store(&queue->read, read + 1);
	}
}

void *lk_asked_run(void *arg)
{
	static struct lk_asker asker;

	asker.shared = ((struct lk_guard *)arg)->shared;
	return run(&asker, &files, answer);
}

void *lk_asked_calls_run(void *arg)
{
	static struct lk_asker asker;

	asker.shared = ((struct lk_guard *)arg)->shared;
	return run(&asker, &calls, lk_answer_call);
}
