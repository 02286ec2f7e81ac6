// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The kernel side holds a task before its first instruction and asks what it executes: a file that no permission event told of, or whose change time moved a moment ago.
 * One thread opens what the process runs, hashes it, and answers by a permit, or by a refusal. What it opens may be anything and lie anywhere; when it has to wait
 * there, no answer comes in time, and the task is stopped. So it is a thread that nobody else waits for.
 *
 * The kernel side takes the answer only for the very file it asked about, unchanged and without a writer.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "bpf/lockdown.h"
#include "lockdown/guard.h"
#include "lockdown/keeper.h"

enum { QUEUE = 64 };

/* Filled by the listener alone, emptied by the thread alone. */
static struct {
	struct sk_record records[QUEUE];
	_Atomic uint32_t written, read;
} queue;

void lk_asked(const struct sk_record *record)
{
	uint32_t written = atomic_load(&queue.written);

	if (written - atomic_load(&queue.read) >= QUEUE)
		return; /* no answer: it is stopped */
	queue.records[written % QUEUE] = *record;
	lk_wake(&queue.written);
}

/* By now the number may be another process's, which runs something else. An overlay's device and inode are not what the kernel side saw; its times are. */
static bool is_asked(const struct stat *found, const struct sk_record *record)
{
	return (uint64_t)found->st_size == record->size && found->st_ctim.tv_sec == record->changed_s && (uint32_t)found->st_ctim.tv_nsec == record->changed_ns;
}

static void answer(struct lk_shared *shared, struct sk_hasher *hasher, void *space, const struct sk_record *record)
{
	_cleanup_close_ int fd = -1;
	struct lk_orders orders;
	struct stat found;
	uint8_t hash[LK_HASH] = {0};
	uint32_t kinds = 0;
	char path[64];

	snprintf(path, sizeof path, "/proc/%u/exe", record->process);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &found) < 0 || !S_ISREG(found.st_mode) || !is_asked(&found, record))
		return;
	lk_add(&shared->count.asked);
	if (sk_hasher_fd(hasher, fd, space, LK_PIECE, NULL, NULL, hash, NULL) == 0)
		lk_listed_as(shared, hash, &orders, &kinds);
	lk_kernel_answer(shared, record, hash, kinds);
	lk_ask_again(shared, fd); /* it was left alone, and is not any more what it was */
}

void *lk_asked_run(void *arg)
{
	struct lk_shared *shared = ((struct lk_guard *)arg)->shared;
	static struct sk_hasher *hasher;
	static void *space;

	memset(&queue, 0, sizeof queue); /* of a guard before us */
	hasher = NULL;
	space = sk_malloc(LK_PIECE);
	if (!space || sk_hasher_new(&hasher) < 0) {
		sk_log(SK_LOG_WARNING, "lockdown: no memory to answer what the kernel side asks");
		return NULL;
	}
	lk_urgent();
	for (;;) {
		uint32_t written = atomic_load(&queue.written), read = atomic_load(&queue.read);

		if (read == written) {
			lk_wait(&queue.written, written, 0);
			continue;
		}
		answer(shared, hasher, space, &queue.records[read % QUEUE]);
		atomic_store(&queue.read, read + 1);
	}
}
