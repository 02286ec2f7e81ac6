// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The namer: after an answer, finds out which path it was about and who asked, and hands a record to the clerk. It runs behind the answer
 * path, so it may read /proc; nobody waits for it.
 *
 * The process that asked runs on, so what /proc says about it (name, parent, program) may be newer than the question, or gone (then has_process is 0). That
 * another process got its number is noticed (ancestry.h). Where it was refused, a witness was taken before the answer: that is exact, and
 * so are the path, the hash and the process id, which come from the event itself.
 *
 * Owns a slot from LK_TASK_NAMING until it retires it. While something is being hashed it also looks after deadlines: the keeper does that
 * first, this is for the case that the keeper is stopped.
 *
 * Closing a file of a dead FUSE may never end. So each group has a namer of its own.
 */
#include "lockdown/guard/guard.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "event/attack.h"
#include "lockdown/guard/keeper.h"

enum { BACKUP_US = 100000, BACKUP_GRACE_US = 150000, LATELY_US = 2000000 };

static void link_of(const char *path, char *out, size_t size)
{
	ssize_t n = readlink(path, out, size - 1);

	out[n < 0 ? 0 : n] = 0;
}

/* Reading a file that may hang is not worth a word: those of group 0 do not. */
static enum sk_attack road_of(const struct lk_record *record, const struct lk_slot *slot)
{
	char begin[2];
	struct stat st;

	if (fstat(slot->meta.fd, &st) == 0 && st.st_nlink == 0)
		return SK_ATTACK_EXEC_DELETED;
	if (slot->group == 0 && pread(slot->meta.fd, begin, sizeof begin, 0) == 2 && !memcmp(begin, "#!", 2))
		return SK_ATTACK_SCRIPT_SHEBANG;
	return record->path[0] ? SK_ATTACK_EXEC_FILE : SK_ATTACK_EXEC_FD;
}

static enum lk_rule rule_of(uint32_t trouble)
{
	if (trouble == LK_TROUBLE_WRITER)
		return LK_RULE_WRITER;
	if (trouble == LK_TROUBLE_HUGE)
		return LK_RULE_SIZE;
	return trouble ? LK_RULE_FAILURE : LK_RULE_ALLOWLIST;
}

/* The keeper's own answers have no witness: what stands there is of an earlier event. */
static const struct lk_witness *seen_by_reader(const struct lk_slot *slot, enum lk_depth depth)
{
	bool seen = (depth == LK_DEPTH_ALL || depth == LK_DEPTH_SEEN) && slot->answer == FAN_DENY && slot->witness.pid == (uint32_t)slot->meta.pid;

	return seen ? &slot->witness : NULL;
}

void lk_describe(struct lk_record *record, const struct lk_slot *slot, enum lk_depth depth)
{
	struct timespec now;
	char path[48];

	record->pid = (uint32_t)slot->meta.pid;
	lk_ancestry(record, "/proc", seen_by_reader(slot, depth), slot->since_us, depth); /* first: it may be gone soon */
	snprintf(path, sizeof path, "/proc/self/fd/%d", slot->meta.fd);
	link_of(path, record->path, sizeof record->path);
	clock_gettime(CLOCK_REALTIME, &now);
	record->time_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	record->waited_us = (uint32_t)(lk_now_us() - slot->since_us);
	record->answer = slot->answer;
	record->trouble = slot->trouble;
	record->road = road_of(record, slot);
	record->rule = (uint8_t)rule_of(slot->trouble);
	record->known = slot->known;
	record->by_keeper = slot->by_keeper;
	record->has_hash = slot->has_hash;
	memcpy(record->hash, slot->hash, sizeof record->hash);
	record->device = slot->key.device;
	record->inode = slot->key.inode;
	record->size = slot->key.size;
}

/*
 * Who refuses the same file to children of the same parent over and over need not look at all of them above: the clerk counts these. So a flood does not
 * leave the namer behind. The caller holds guard->telling.
 */
static bool seen_lately(struct lk_guard *guard, const struct lk_slot *slot)
{
	const struct lk_seen *parent = &slot->witness.seen[1];
	uint64_t now = lk_now_us();
	struct lk_lately *oldest = &guard->lately[0];

	if (slot->answer != FAN_DENY || slot->witness.pid != (uint32_t)slot->meta.pid || slot->witness.count < 2)
		return false;
	for (int i = 0; i < LK_LATELY; i++) {
		struct lk_lately *one = &guard->lately[i];

		if (one->device == slot->key.device && one->inode == slot->key.inode && one->parent == parent->pid && one->start == parent->start)
			return now - one->told_us < LATELY_US || (one->told_us = now, false);
		if (one->told_us < oldest->told_us)
			oldest = one;
	}
	*oldest = (struct lk_lately){.device = slot->key.device, .inode = slot->key.inode, .parent = parent->pid, .start = parent->start, .told_us = now};
	return false;
}

static enum lk_depth depth_of(struct lk_guard *guard, const struct lk_slot *slot)
{
	if (slot->known && !slot->trouble)
		return LK_DEPTH_PARENT;
	return seen_lately(guard, slot) ? LK_DEPTH_SEEN : LK_DEPTH_ALL;
}

static void tell(struct lk_guard *guard, const struct lk_slot *slot)
{
	struct lk_shared *shared = guard->shared;
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
	lk_describe(record, slot, depth_of(guard, slot));
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
		tell(guard, slot);
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
