// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The workers: judge by content what the verdict cache does not know, and decide what may be remembered (cache.h lists the reasons).
 *
 * A read lease is held from before the hashing until the descriptor is closed after the answer: it is refused while anybody has the file open for
 * writing (a live writable mapping included), and while it is held an open for writing waits. So what was hashed is what the kernel
 * takes for the execution: from there on it denies writers itself (ETXTBSY).
 * At most half of the workers serve one local file system, one of them its large files, and one worker each that may hang: a dead one stops no others.
 *
 * Part of the answer path: no logging, no allocation, no /proc, no open. Owns a slot from LK_TASK_HASHING to lk_finish().
 */
#include "lockdown/guard/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "lockdown/guard/older.h"
#include "lockdown/window/window.h"

enum { WRITER_LOOK_US = 2000, OPEN_LOOK_US = 10000, LARGE = 32 << 20 };

int lk_worker_init(struct lk_worker *worker, struct lk_guard *guard)
{
	worker->guard = guard;
	worker->space = sk_malloc(LK_PIECE);
	return worker->space ? sk_hasher_new(&worker->hasher) : -ENOMEM;
}

static uint64_t place_of(const struct lk_slot *slot)
{
	return slot->has_key ? slot->key.device : UINT64_MAX - slot->group;
}

static bool is_large(const struct lk_slot *slot)
{
	return slot->has_key && slot->key.size > LARGE;
}

/*
 * May one more worker begin at the file system of this slot? Those that may hang get half of the workers together, and each one of them. Large files
 * of a local one get one worker: with both, whoever starts two of them would keep all others of that file system waiting beyond their deadlines.
 */
static bool has_worker(const struct lk_slots *slots, const struct lk_slot *wanted)
{
	unsigned busy = 0, large = 0, apart = 0;

	for (int i = 0; i < LK_SLOTS; i++) {
		const struct lk_slot *slot = &slots->guard[i];

		if (atomic_load(&slot->task) != LK_TASK_HASHING)
			continue;
		apart += slot->group != 0;
		if (place_of(slot) == place_of(wanted)) {
			busy++;
			large += is_large(slot);
		}
	}
	if (wanted->group)
		return apart < LK_WORKERS / 2 && !busy;
	return busy < LK_WORKERS / 2 && !(large && is_large(wanted));
}

/* The slot that waits longest and whose file system is not busy; LK_TASK_HASHING then. */
static struct lk_slot *pick(struct lk_guard *guard)
{
	struct lk_slots *slots = &guard->shared->slots;
	struct lk_slot *best = NULL;

	pthread_mutex_lock(&guard->picking);
	for (int i = 0; i < LK_SLOTS; i++) {
		struct lk_slot *slot = &slots->guard[i];

		if (atomic_load(&slot->task) == LK_TASK_HASH && (!best || slot->since_us < best->since_us) &&
		    has_worker(slots, slot))
			best = slot;
	}
	if (best)
		atomic_store(&best->task, LK_TASK_HASHING);
	pthread_mutex_unlock(&guard->picking);
	return best;
}

/*
 * A writer may be about to leave (an installer that runs what it wrote): wait for three fifths of the deadline. A lease that is not permitted to us
 * (CAP_LEASE is missing) says nothing of the file system: what is hashed without one may be changed before it runs.
 */
enum lk_trouble lk_lease(int fd, uint64_t until_us, bool *ret_supported)
{
	const struct timespec pause = {.tv_nsec = WRITER_LOOK_US * 1000};

	*ret_supported = true;
	while (fcntl(fd, F_SETLEASE, F_RDLCK) < 0) {
		if (errno == EACCES)
			return LK_TROUBLE_UNREADABLE;
		if (errno != EAGAIN && errno != EBUSY) {
			*ret_supported = false; /* this file system has none */
			return LK_TROUBLE_NONE;
		}
		if (lk_now_us() >= until_us)
			return LK_TROUBLE_WRITER;
		nanosleep(&pause, NULL);
	}
	return LK_TROUBLE_NONE;
}

static int on_progress(uint64_t done, void *arg)
{
	struct lk_slot *slot = arg;

	atomic_store_explicit(&slot->progress, done, memory_order_relaxed);
	/* when somebody else has answered, the rest is not worth reading; what was not read to its end is not remembered */
	return (atomic_load_explicit(&slot->word, memory_order_relaxed) & LK_ANSWERED) != 0;
}

static bool settled(const struct lk_key *key)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return lk_cache_settled(key, &now);
}

static bool same_state(const struct lk_key *a, const struct lk_key *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size && a->changed_s == b->changed_s &&
	       a->changed_ns == b->changed_ns;
}

static uint32_t generation(int fd)
{
	int value = 0;

	return ioctl(fd, FS_IOC_GETVERSION, &value) < 0 ? 0 : (uint32_t)value;
}

/*
 * Too many inode marks hold too many inodes in memory: all are given up, and then what they guarded. The other order would let a worker insert
 * what has lost its mark.
 */
static void make_room(struct lk_shared *shared, int fan)
{
	if (atomic_load(&shared->cache.entries) < LK_CACHE_MAX / 2 || (lk_kernel_on(shared) && !atomic_load(&shared->no_evictable)))
		return;
	fanotify_mark(fan, FAN_MARK_FLUSH, 0, AT_FDCWD, NULL);
	lk_cache_clear(&shared->cache);
	lk_add(&shared->count.flushes);
	lk_wake(&shared->wanted); /* the marks on device nodes went too */
	lk_wake(&shared->foresee); /* and those on folders */
}

/* The inode mark comes before the hashing: a change that comes later must be told. */
static bool prepare_memory(struct lk_shared *shared, struct lk_slot *slot, int fan)
{
	if (slot->group || !slot->has_key || !lk_may_remember(shared, slot->key.device))
		return false;
	make_room(shared, fan);
	return lk_mark_inode(shared, fan, FAN_MARK_ADD, LK_MARK_INODE, slot->meta.fd) == 0;
}

/* How long to wait for a writer. An open that writes is one itself. */
static uint64_t until(const struct lk_slot *slot, const struct lk_orders *orders)
{
	if (slot->meta.mask & FAN_OPEN_PERM)
		return 0;
	return slot->since_us + (slot->meta.mask & LK_BY_OPEN ? OPEN_LOOK_US : orders->deadline_us / 5 * 3);
}

/*
 * Hashes what `slot` holds. NONE: slot->hash is its content, and with *ret_remember it may be remembered under slot->key.
 */
static enum lk_trouble content(struct lk_worker *worker, struct lk_slot *slot, const struct lk_orders *orders, bool *ret_remember)
{
	struct lk_shared *shared = worker->guard->shared;
	int fd = slot->meta.fd;
	bool remember, supported;
	enum lk_trouble trouble;
	struct lk_key after;

	if (slot->has_key && slot->key.size > LK_SIZE_MAX)
		return LK_TROUBLE_HUGE;
	remember = prepare_memory(shared, slot, atomic_load(&shared->groups[slot->group].fan));
	trouble = lk_lease(fd, until(slot, orders), &supported);
	if (trouble) {
		if (trouble != LK_TROUBLE_WRITER || orders->mode == LK_ENFORCE)
			return trouble;
		supported = false;
	}
	if (remember && lk_look(fd, &slot->key))
		slot->key.generation = generation(fd);
	if (sk_hasher_fd(worker->hasher, fd, worker->space, LK_PIECE, on_progress, slot, slot->hash, NULL) != 0)
		return atomic_load(&slot->word) & LK_ANSWERED ? LK_TROUBLE_OVERDUE : LK_TROUBLE_UNREADABLE;
	slot->has_hash = true;
	*ret_remember = remember && supported && lk_look(fd, &after) && same_state(&slot->key, &after) && settled(&slot->key);
	return LK_TROUBLE_NONE;
}

/* The answer to a slot whose content() is through; `drops` is from before it. */
static void conclude(struct lk_guard *guard, struct lk_slot *slot, struct lk_orders *orders, bool remember, uint64_t drops)
{
	struct lk_shared *shared = guard->shared;
	uint32_t verdict;

	lk_add(&shared->count.hashed);
	if (slot->trouble) {
		verdict = lk_judge_trouble(orders, slot->trouble);
	} else {
		slot->known = lk_listed_as(shared, slot->hash, orders, &slot->kinds);
		verdict = lk_judge_known(orders, slot->known);
	}
	if (!remember || !lk_cache_put(&shared->cache, &slot->key, slot->hash, drops)) {
		lk_add(&shared->count.kept_out);
	} else {
		lk_keep(shared, slot, drops);
		lk_leave_alone(shared, slot);
	}
	lk_answer(guard, slot, orders, verdict, true);
}

/* Where the kernel asks about opens: what would be refused, or told, may be no execution at all. */
static bool is_only_opened(const struct lk_shared *shared, const struct lk_slot *slot)
{
	struct lk_orders orders;

	if (!(slot->meta.mask & LK_BY_OPEN) || (!slot->trouble && lk_listed(shared, slot->hash, &orders)))
		return false;
	return !lk_is_executing(slot->meta.pid);
}

static void judge(struct lk_worker *worker, struct lk_slot *slot)
{
	struct lk_guard *guard = worker->guard;
	uint64_t drops = atomic_load(&guard->shared->cache.drops), count;
	struct lk_orders orders = lk_orders_get(guard->shared, &count);
	uint32_t group = slot->group; /* the slot is somebody else's when this is through */
	bool remember = false;

	if (slot->meta.mask & LK_BY_OPEN && !lk_looks_executable(slot->meta.fd)) {
		lk_let(guard, slot);
		atomic_fetch_sub(&guard->queued[group], 1);
		return;
	}
	slot->trouble = content(worker, slot, &orders, &remember);
	if (is_only_opened(guard->shared, slot)) {
		lk_let(guard, slot);
		atomic_fetch_sub(&guard->queued[group], 1);
		return;
	}
	if (!slot->trouble && lk_window_is_open() && !lk_listed(guard->shared, slot->hash, &orders))
		lk_window_settle(&slot->progress); /* an updater may have written it a moment ago */
	conclude(guard, slot, &orders, remember, drops);
	atomic_fetch_sub(&guard->queued[group], 1);
}

/* All of it, if that takes no waiting for a disk. */
static bool read_small(int fd, void *space, uint64_t size)
{
	struct iovec part = {.iov_base = space, .iov_len = LK_PIECE};

	return preadv2(fd, &part, 1, 0, RWF_NOWAIT) == (ssize_t)size; /* Linux 4.14; where it fails a worker reads */
}

bool lk_hash_small(struct lk_worker *worker, struct lk_slot *slot)
{
	struct lk_guard *guard = worker->guard;
	struct lk_shared *shared = guard->shared;
	uint64_t drops = atomic_load(&shared->cache.drops), count;
	struct lk_orders orders = lk_orders_get(shared, &count);
	int fd = slot->meta.fd;
	struct lk_key after;
	bool remember;

	if (slot->group || !slot->has_key || slot->key.size > LK_SMALL)
		return false;
	remember = prepare_memory(shared, slot, atomic_load(&shared->groups[slot->group].fan));
	if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0 || !lk_look(fd, &slot->key) || !read_small(fd, worker->space, slot->key.size))
		return false;
	slot->key.generation = generation(fd);
	if (sk_hasher_begin(worker->hasher) < 0 || sk_hasher_update(worker->hasher, worker->space, slot->key.size) < 0 ||
	    sk_hasher_finish(worker->hasher, slot->hash) < 0)
		return false;
	if (lk_window_is_open() && !lk_listed(shared, slot->hash, &orders))
		return false; /* a worker may wait for the recorder, a reader may not */
	slot->has_hash = true;
	lk_add(&shared->count.at_once);
	remember = remember && lk_look(fd, &after) && same_state(&slot->key, &after) && settled(&slot->key);
	conclude(guard, slot, &orders, remember, drops);
	return true;
}

void *lk_worker_run(void *arg)
{
	struct lk_worker *worker = arg;
	struct lk_guard *guard = worker->guard;

	for (;;) {
		uint32_t seen = atomic_load(&guard->work);
		struct lk_slot *slot = pick(guard);

		if (slot)
			judge(worker, slot);
		else
			lk_wait(&guard->work, seen, 0);
	}
}
