// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Answering in the guard's place: what is overdue, and what waits while the guard does not come. Same rules as the answer path; owns the
 * keeper's slots.
 */
#include <errno.h>
#include <unistd.h>

#include "lockdown/guard/guard.h"
#include "lockdown/guard/keeper.h"
#include "lockdown/guard/older.h"

/* Progress moves the deadline on, but not past the cap. NONE: not overdue. */
static enum lk_trouble is_overdue(struct lk_slot *slot, uint64_t now, uint64_t deadline_us, uint64_t grace_us)
{
	uint64_t progress = atomic_load(&slot->progress), due = atomic_load(&slot->deadline_us), since = atomic_load(&slot->since_us);

	if (due == UINT64_MAX) /* the owner never came so far as to set it */
		due = since + deadline_us;
	if (now < due + grace_us)
		return LK_TROUBLE_NONE;
	if (progress == slot->progress_seen)
		return LK_TROUBLE_OVERDUE;
	if (now > since + LK_HASH_CAP_US)
		return LK_TROUBLE_HUGE;
	slot->progress_seen = progress;
	atomic_store(&slot->deadline_us, now + deadline_us);
	return LK_TROUBLE_NONE;
}

/*
 * The verdict for an event that its owner has not answered. It may be one that the owner was stopped with before it looked: then the verdict cache
 * knows. The look goes into a copy, because the owner may be at the slot's own notes.
 */
static uint32_t judge_overdue(struct lk_shared *shared, const struct lk_slot *slot, enum lk_trouble trouble, bool *ret_recalled)
{
	struct lk_slot copy = {.group = slot->group, .meta = slot->meta};
	struct lk_orders orders;
	uint64_t count;
	uint32_t verdict;

	*ret_recalled = slot->group == 0 && lk_recall(shared, &copy, &orders);
	if (!*ret_recalled)
		orders = lk_orders_get(shared, &count);
	copy.trouble = *ret_recalled ? LK_TROUBLE_NONE : trouble;
	verdict = *ret_recalled ? lk_judge_known(&orders, copy.known) : lk_judge_trouble(&orders, trouble);
	if (slot->meta.mask & FAN_OPEN_PERM)
		verdict = FAN_ALLOW;
	if (verdict == FAN_ALLOW)
		lk_allow(shared, &copy, &orders);
	return verdict;
}

static void answer_overdue(struct lk_shared *shared, struct lk_slot *slot, enum lk_trouble trouble, enum lk_slot_bits who)
{
	int fan = atomic_load(&shared->groups[slot->group % LK_GROUPS].fan);
	bool recalled;
	uint32_t verdict;

	if (!lk_slot_hold(slot, who))
		return;
	verdict = judge_overdue(shared, slot, trouble, &recalled);
	if (lk_slot_answer(slot, fan, verdict)) {
		lk_add(recalled ? &shared->count.hits : &shared->count.trouble[trouble]);
		lk_add(&shared->count.by_keeper);
		if (verdict == FAN_DENY)
			lk_add(&shared->count.denied);
	}
	lk_slot_release(slot, who);
}

unsigned lk_overdue(struct lk_shared *shared, uint64_t grace_us, enum lk_slot_bits who)
{
	uint64_t now = lk_now_us(), count;
	struct lk_orders orders = lk_orders_get(shared, &count);
	unsigned waiting = 0;

	for (int i = 0; i < LK_SLOTS; i++) {
		struct lk_slot *slot = &shared->slots.guard[i];
		enum lk_trouble trouble;

		lk_take_open(shared, slot);
		if (!lk_slot_pending(slot) || !(slot->meta.mask & LK_ASKS))
			continue;
		trouble = is_overdue(slot, now, orders.deadline_us, grace_us);
		if (trouble)
			answer_overdue(shared, slot, trouble, who);
		waiting += lk_slot_pending(slot);
	}
	return waiting;
}

static void tell_unattended(struct lk_shared *shared, struct lk_slot *slot, const struct lk_orders *orders)
{
	struct lk_record *record = lk_ring_space(&shared->rings[1]);

	if (!record) {
		lk_add(&shared->count.lost_records);
		return;
	}
	record->kind = LK_RECORD_EXEC;
	record->mode = orders->mode;
	record->serial = orders->serial;
	slot->by_keeper = true;
	lk_describe(record, slot, LK_DEPTH_PROGRAMS);
	lk_ring_publish(&shared->rings[1]);
	lk_wake(&shared->news);
}

/* It is opened, and what it is stands in the verdict cache, or is not known to the kernel side: as when the guard is silent. */
static void open_unattended(struct lk_shared *shared, struct lk_slot *slot, struct lk_orders *orders)
{
	if (slot->group || !lk_recall(shared, slot, orders))
		slot->trouble = LK_TROUBLE_UNATTENDED;
	lk_allow(shared, slot, orders);
	lk_slot_answer(slot, atomic_load(&shared->groups[slot->group].fan), FAN_ALLOW);
	lk_slot_retire(slot);
}

static void judge_unattended(struct lk_shared *shared, struct lk_slot *slot)
{
	int fan = atomic_load(&shared->groups[slot->group].fan);
	struct lk_orders orders;
	uint64_t count;
	uint32_t verdict;

	if (lk_is_data(shared, slot)) {
		lk_slot_answer(slot, fan, FAN_ALLOW);
		lk_slot_retire(slot);
		return;
	}
	orders = lk_orders_get(shared, &count);
	if (slot->meta.mask & FAN_OPEN_PERM) {
		open_unattended(shared, slot, &orders);
		return;
	}
	lk_add(&shared->count.events);
	lk_add(&shared->count.by_keeper);
	if (slot->group == 0 && lk_recall(shared, slot, &orders)) {
		lk_add(&shared->count.hits);
		lk_add(slot->known ? &shared->count.known : &shared->count.unknown);
		verdict = lk_judge_known(&orders, slot->known);
	} else {
		slot->trouble = LK_TROUBLE_UNATTENDED;
		lk_add(&shared->count.trouble[LK_TROUBLE_UNATTENDED]);
		verdict = lk_judge_trouble(&orders, LK_TROUBLE_UNATTENDED);
	}
	if (verdict == FAN_ALLOW)
		lk_allow(shared, slot, &orders);
	lk_slot_answer(slot, fan, verdict);
	if (verdict == FAN_DENY)
		lk_add(&shared->count.denied);
	if (verdict == FAN_DENY || slot->trouble)
		tell_unattended(shared, slot, &orders);
	lk_slot_retire(slot);
}

void lk_settle(struct lk_shared *shared, struct lk_slot *slot)
{
	lk_take_open(shared, slot);
	if (slot->meta.mask & LK_ASKS) {
		judge_unattended(shared, slot);
		return;
	}
	lk_forget(shared, slot);
	lk_slot_retire(slot);
}

void lk_serve(struct lk_shared *shared, uint32_t group)
{
	struct lk_slots *slots = &shared->slots;
	int fan = atomic_load(&shared->groups[group].fan);

	for (;;) {
		struct lk_slot *slot = lk_slot_take(slots->keeper, LK_KEEPER_SLOTS, &slots->keeper_hint, lk_now_us());
		ssize_t size;

		if (!slot)
			return;
		slot->group = group;
		size = read(fan, &slot->meta, sizeof slot->meta);
		if (size != (ssize_t)sizeof slot->meta) {
			lk_slot_drop(slot);
			if (size < 0 && errno != EAGAIN && errno != EBADF)
				continue;
			return;
		}
		lk_slot_active(slot, 0);
		lk_settle(shared, slot);
	}
}
