// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The namer: after an answer, finds out which path it was about and who asked, and hands a record to the clerk. It runs behind the answer
 * path, so it may read /proc; nobody waits for it.
 *
 * A race that cannot be closed here: the process that asked runs on, so what /proc says about it (name, parent, program) may be newer
 * than the question, or gone (then has_process is 0). The path, the hash and the process id come from the event itself and are exact.
 *
 * Owns a slot from LK_TASK_NAMING until it retires it. While something is being hashed it also looks after deadlines: the keeper does that
 * first, this is for the case that the keeper is stopped.
 *
 * Closing a file of a dead FUSE may never end. So each group has a namer of its own.
 */
#include "lockdown/guard.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lockdown/keeper.h"

enum { BACKUP_US = 100000, BACKUP_GRACE_US = 150000 };

/* A small file of /proc, terminated. False when it is gone. */
static bool read_proc(uint32_t pid, const char *name, char *out, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%u/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, out, size - 1);
	close(fd);
	if (n <= 0)
		return false;
	out[n] = 0;
	return true;
}

static const char *field(const char *status, const char *name)
{
	const char *at = strstr(status, name);

	return at ? at + strlen(name) : "";
}

static void copy_line(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%.*s", (int)strcspn(text, "\n"), text);
}

static void link_of(const char *path, char *out, size_t size)
{
	ssize_t n = readlink(path, out, size - 1);

	out[n < 0 ? 0 : n] = 0;
}

static void describe_process(struct lk_record *record)
{
	char status[1024], path[48];

	if (!read_proc(record->pid, "status", status, sizeof status))
		return;
	record->has_process = true;
	copy_line(record->comm, sizeof record->comm, field(status, "Name:\t"));
	record->parent = (uint32_t)strtoul(field(status, "\nPPid:\t"), NULL, 10);
	record->uid = (uint32_t)strtoul(field(status, "\nUid:\t"), NULL, 10);
	snprintf(path, sizeof path, "/proc/%u/exe", record->pid);
	link_of(path, record->actor, sizeof record->actor);
	if (read_proc(record->parent, "comm", status, sizeof status))
		copy_line(record->parent_comm, sizeof record->parent_comm, status);
}

void lk_describe(struct lk_record *record, const struct lk_slot *slot)
{
	struct timespec now;
	char path[48];

	record->pid = (uint32_t)slot->meta.pid;
	describe_process(record); /* first: it may be gone soon */
	snprintf(path, sizeof path, "/proc/self/fd/%d", slot->meta.fd);
	link_of(path, record->path, sizeof record->path);
	clock_gettime(CLOCK_REALTIME, &now);
	record->time_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	record->waited_us = (uint32_t)(lk_now_us() - slot->since_us);
	record->answer = slot->answer;
	record->trouble = slot->trouble;
	record->known = slot->known;
	record->by_keeper = slot->by_keeper;
	record->has_hash = slot->has_hash;
	memcpy(record->hash, slot->hash, sizeof record->hash);
	record->device = slot->key.device;
	record->inode = slot->key.inode;
	record->size = slot->key.size;
}

static void tell(struct lk_shared *shared, const struct lk_slot *slot)
{
	struct lk_record *record = lk_ring_space(&shared->rings[0]);
	struct lk_orders orders;
	uint64_t count;

	if (!record) {
		lk_add(&shared->count.lost_records);
		return;
	}
	orders = lk_orders_get(shared, &count);
	record->kind = LK_RECORD_EXEC;
	record->mode = orders.mode;
	record->serial = orders.serial;
	lk_describe(record, slot);
	lk_ring_publish(&shared->rings[0]);
	lk_wake(&shared->news);
}

static unsigned name_all(struct lk_guard *guard, uint32_t group)
{
	struct lk_shared *shared = guard->shared;
	unsigned done = 0;

	for (int i = 0; i < LK_SLOTS; i++) {
		struct lk_slot *slot = &shared->slots.guard[i];
		uint32_t task = LK_TASK_NAME;

		if (slot->group != group || !atomic_compare_exchange_strong(&slot->task, &task, LK_TASK_NAMING))
			continue;
		pthread_mutex_lock(&guard->telling);
		tell(shared, slot);
		pthread_mutex_unlock(&guard->telling);
		atomic_store(&slot->task, LK_TASK_NONE);
		lk_slot_retire(slot); /* a dead file system may keep us here */
		done++;
	}
	return done;
}

/* The namer of group 0 cannot hang, so it is the one that looks after deadlines: is there any now? */
static bool is_backup(const struct lk_reader *reader)
{
	bool queued = false;

	for (int i = 0; i < LK_GROUPS; i++)
		queued |= atomic_load(&reader->guard->queued[i]) > 0;
	return queued && reader->group == 0;
}

void *lk_namer_run(void *arg)
{
	struct lk_reader *reader = arg;
	struct lk_guard *guard = reader->guard;
	_Atomic uint32_t *names = &guard->names[reader->group];

	for (;;) {
		uint32_t seen = atomic_load(names);

		if (name_all(guard, reader->group))
			continue;
		lk_wait(names, seen, is_backup(reader) ? BACKUP_US : 0);
		if (is_backup(reader))
			lk_overdue(guard->shared, BACKUP_GRACE_US, LK_HOLD_GUARD);
	}
}
