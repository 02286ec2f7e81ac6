// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The answer path. One reader per group takes events from the kernel, answers at once what the verdict cache knows and what is hashed faster than a
 * worker wakes up, and hands the rest to the workers. It must not log, allocate, open, read /proc, or wait for anything but its group. One
 * exception: before a refusal is answered, it is taken down who asked (lk_witness_take: one line of /proc, which waits for no lock of that process).
 *
 * Owns a slot from lk_slot_take() until it hands it over (lk_queue) or puts it away (lk_finish).
 */
#include "lockdown/guard/guard.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lockdown/guard/keeper.h"
#include "lockdown/guard/older.h"
#include "lockdown/window/window.h"

enum { TURN_EVENTS = 64 };

void lk_finish(struct lk_guard *guard, struct lk_slot *slot, bool tell)
{
	if (!tell) {
		atomic_store(&slot->task, LK_TASK_NONE); /* a worker may come from it */
		lk_slot_retire(slot);
		return;
	}
	atomic_store(&slot->task, LK_TASK_NAME);
	lk_wake(&guard->names[slot->group]);
}

static void count_answer(struct lk_counters *count, const struct lk_slot *slot, uint32_t answer, uint32_t mode)
{
	lk_add(slot->trouble ? &count->trouble[slot->trouble] : slot->known ? &count->known : &count->unknown);
	if (answer == FAN_DENY)
		lk_add(&count->denied);
	else if (!slot->known && !slot->trouble && mode != LK_ENFORCE)
		lk_add(&count->would_deny);
}

void lk_answer(struct lk_guard *guard, struct lk_slot *slot, const struct lk_orders *orders, uint32_t verdict, bool tell)
{
	int fan = atomic_load_explicit(&guard->shared->groups[slot->group].fan, memory_order_relaxed);

	if (slot->meta.mask & FAN_OPEN_PERM) { /* never refused, never told: what matters is what the kernel side knows now */
		lk_allow(guard->shared, slot, orders);
		lk_slot_answer(slot, fan, FAN_ALLOW);
		lk_finish(guard, slot, false);
		return;
	}
	if (verdict == FAN_ALLOW)
		lk_allow(guard->shared, slot, orders);
	if (verdict == FAN_DENY)
		lk_witness_take(&slot->witness, guard->shared->fds.proc, (uint32_t)slot->meta.pid);
	if (lk_slot_answer(slot, fan, verdict)) {
		count_answer(&guard->shared->count, slot, verdict, orders->mode);
	} else { /* who was first has counted it */
		slot->by_keeper = true;
		slot->trouble = lk_now_us() > slot->since_us + LK_HASH_CAP_US ? LK_TROUBLE_HUGE : LK_TROUBLE_OVERDUE;
	}
	lk_finish(guard, slot, tell || slot->by_keeper);
}

void lk_queue(struct lk_guard *guard, struct lk_slot *slot)
{
	struct lk_shared *shared = guard->shared;
	struct lk_orders orders;
	uint64_t one = 1, count;
	uint32_t waiting = atomic_fetch_add(&guard->queued[slot->group], 1);

	if (waiting >= (slot->group ? LK_QUEUE_APART : LK_QUEUE)) {
		atomic_fetch_sub(&guard->queued[slot->group], 1);
		orders = lk_orders_get(shared, &count);
		slot->trouble = LK_TROUBLE_OVERLOAD;
		lk_answer(guard, slot, &orders, lk_judge_trouble(&orders, LK_TROUBLE_OVERLOAD), true);
		return;
	}
	atomic_store(&slot->task, LK_TASK_HASH);
	lk_wake(&guard->work);
	if (!waiting)
		lk_wake(&guard->names[0]); /* it looks after the deadlines, too */
	if (write(atomic_load(&shared->fds.kick), &one, sizeof one) < 0)
		return; /* the keeper looks round every LK_REST_MS anyway */
}

void lk_let(struct lk_guard *guard, struct lk_slot *slot)
{
	lk_slot_answer(slot, atomic_load_explicit(&guard->shared->groups[slot->group].fan, memory_order_relaxed), FAN_ALLOW);
	lk_add(&guard->shared->count.opens);
	atomic_store(&slot->task, LK_TASK_NONE); /* a worker is free again */
	lk_finish(guard, slot, false);
}

static void judge(struct lk_guard *guard, struct lk_slot *slot)
{
	struct lk_shared *shared = guard->shared;
	struct lk_orders orders;
	uint64_t count;

	if (lk_is_data(shared, slot)) {
		lk_slot_active(slot, UINT32_MAX);
		lk_let(guard, slot);
		return;
	}
	lk_add(slot->meta.mask & FAN_OPEN_PERM ? &shared->count.opens : &shared->count.events);
	orders = lk_orders_get(shared, &count);
	lk_slot_active(slot, orders.deadline_us);
	if (slot->group == 0 && lk_recall(shared, slot, &orders)) {
		uint32_t verdict = lk_judge_known(&orders, slot->known);

		if (!slot->known && (lk_window_is_open() || slot->meta.mask & LK_BY_OPEN)) { /* perhaps only read: a worker asks */
			lk_queue(guard, slot);
			return;
		}
		lk_leave_alone(shared, slot);
		lk_add(&shared->count.hits);
		lk_answer(guard, slot, &orders, verdict, verdict == FAN_DENY || (!slot->known && orders.mode == LK_SHADOW));
		return;
	}
	if (slot->meta.mask & LK_BY_OPEN || !lk_hash_small(&guard->small, slot))
		lk_queue(guard, slot);
}

static void forget(struct lk_guard *guard, struct lk_slot *slot)
{
	lk_forget(guard->shared, slot);
	lk_slot_retire(slot);
}

/* A group that may hang must not take the table from the others. */
static bool has_slots(const struct lk_slots *slots, uint32_t group)
{
	unsigned used = 0;

	for (int i = 0; group && i < LK_SLOTS; i++)
		used += (atomic_load(&slots->guard[i].word) & LK_STATE) && slots->guard[i].group == group;
	return used < LK_SLOTS_APART;
}

enum { NOTHING, DONE, NO_SLOT };

/* One event. */
static int turn(struct lk_guard *guard, uint32_t group, int fan)
{
	struct lk_slots *slots = &guard->shared->slots;
	struct lk_slot *slot = has_slots(slots, group) ? lk_slot_take(slots->guard, LK_SLOTS, &slots->guard_hint, lk_now_us()) : NULL;
	ssize_t size;

	if (!slot) /* the namer is behind, or stuck in a dead file system */
		return NO_SLOT;
	slot->group = group;
	size = read(fan, &slot->meta, sizeof slot->meta);
	if (size != (ssize_t)sizeof slot->meta) {
		lk_slot_drop(slot);
		return size < 0 && errno != EAGAIN && errno != EBADF ? DONE : NOTHING; /* DONE: the kernel has refused this event itself */
	}
	lk_take_open(guard->shared, slot);
	if (slot->meta.mask & LK_ASKS)
		judge(guard, slot);
	else
		forget(guard, slot);
	return DONE;
}

void *lk_reader_run(void *arg)
{
	struct lk_reader *reader = arg;
	struct lk_shared *shared = reader->guard->shared;
	struct lk_group *group = &shared->groups[reader->group];
	int fan, epoll;

	lk_urgent();
	while (!atomic_load(&group->opened))
		lk_wait(&group->opened, 0, 0);
	fan = atomic_load(&group->fan);
	epoll = atomic_load(&group->epoll);
	for (;;) {
		struct epoll_event events[2];
		int ready = epoll_wait(epoll, events, 2, -1);

		if (ready < 0 && errno != EINTR)
			return NULL;
		/* what was written below a file system counts before the executions that come after it */
		for (int i = 0; i < ready; i++)
			if (events[i].data.u32 == LK_TAG_NODES)
				lk_check_nodes(shared);
		atomic_store_explicit(&shared->guard_beat_us, lk_now_us(), memory_order_relaxed);
		for (int i = 0, done = DONE; i < TURN_EVENTS && done == DONE; i++) {
			done = turn(reader->guard, reader->group, fan);
			if (done == NO_SLOT) /* not a turn: when this lasts, the keeper reads */
				usleep(reader->group ? 20000 : 1000);
			else
				atomic_fetch_add_explicit(&group->turns, 1, memory_order_relaxed);
		}
	}
}

void lk_resume(struct lk_guard *guard, struct lk_slot *slot)
{
	uint32_t task = atomic_load(&slot->task);

	if (!lk_slot_adopt(slot))
		return;
	lk_take_open(guard->shared, slot);
	if (task == LK_TASK_NAME || task == LK_TASK_NAMING || (atomic_load(&slot->word) & LK_ANSWERED))
		lk_finish(guard, slot, true);
	else if (slot->meta.mask & LK_ASKS)
		lk_queue(guard, slot);
	else
		forget(guard, slot);
}
