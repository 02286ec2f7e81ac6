// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The pending table's steps. Each is a few atomic operations and at most two system calls (write, close); none waits, allocates or logs.
 * Owns the descriptors of the events from lk_slot_take() to the close in put_away(); nobody else may close them.
 */
#include "lockdown/guard/slot.h"

#include <string.h>
#include <unistd.h>

#define HOLDS (uint32_t)(LK_HOLD_KEEPER | LK_HOLD_GUARD)

void lk_slots_init(struct lk_slots *slots)
{
	for (int i = 0; i < LK_SLOTS; i++)
		slots->guard[i].meta.fd = -1;
	for (int i = 0; i < LK_KEEPER_SLOTS; i++)
		slots->keeper[i].meta.fd = -1;
}

/* RETIRED keeps the other side out while the slot is made clean. */
static bool claim(struct lk_slot *slot, uint32_t word)
{
	return !(word & LK_STATE) && atomic_compare_exchange_strong(&slot->word, &word, word | LK_RETIRED);
}

struct lk_slot *lk_slot_take(struct lk_slot *slots, uint32_t count, _Atomic uint32_t *hint, uint64_t now_us)
{
	uint32_t start = atomic_load_explicit(hint, memory_order_relaxed);

	for (uint32_t i = 0; i < count; i++) {
		struct lk_slot *slot = &slots[(start + i) % count];
		uint32_t word = atomic_load(&slot->word);

		if (!claim(slot, word))
			continue;
		slot->meta.mask = 0; /* meta.fd is -1 already */
		slot->progress_seen = 0;
		slot->trouble = 0;
		slot->key = (struct lk_key){0};
		slot->known = slot->has_key = slot->has_hash = slot->by_keeper = slot->kept = 0;
		slot->kinds = 0;
		atomic_store_explicit(&slot->task, LK_TASK_NONE, memory_order_relaxed);
		atomic_store_explicit(&slot->progress, 0, memory_order_relaxed);
		atomic_store_explicit(&slot->answer, 0, memory_order_relaxed);
		atomic_store_explicit(&slot->deadline_us, UINT64_MAX, memory_order_relaxed);
		atomic_store_explicit(&slot->since_us, now_us, memory_order_relaxed);
		atomic_store(&slot->word, ((word & ~(uint32_t)LK_STATE) + LK_STATE + 1) | LK_READING);
		atomic_store_explicit(hint, (start + i + 1) % count, memory_order_relaxed);
		return slot;
	}
	return NULL;
}

void lk_slot_active(struct lk_slot *slot, uint64_t deadline_us)
{
	atomic_store_explicit(&slot->deadline_us, atomic_load_explicit(&slot->since_us, memory_order_relaxed) + deadline_us,
			      memory_order_relaxed);
	atomic_fetch_xor(&slot->word, LK_READING | LK_ACTIVE); /* keeps a hold that came meanwhile */
}

static void put_away(struct lk_slot *slot)
{
	int fd = slot->meta.fd;

	slot->meta.fd = -1;
	atomic_fetch_and(&slot->word, ~(uint32_t)LK_STATE); /* from here on the slot is somebody else's */
	if (fd >= 0)
		close(fd);
}

void lk_slot_drop(struct lk_slot *slot)
{
	slot->meta.fd = -1;
	lk_slot_retire(slot);
}

/*
 * A descriptor that the kernel does not know as waiting was answered by the other side, unless the owner is still inside read(2): then the
 * kernel has not put the event on its list yet.
 */
bool lk_slot_answer(struct lk_slot *slot, int fan, uint32_t answer)
{
	struct fanotify_response response = {.fd = slot->meta.fd, .response = answer};

	if (write(fan, &response, sizeof response) == (ssize_t)sizeof response) {
		atomic_store(&slot->answer, answer);
		atomic_fetch_or(&slot->word, LK_ANSWERED);
		return true;
	}
	if (atomic_load(&slot->word) & LK_ACTIVE)
		atomic_fetch_or(&slot->word, LK_ANSWERED);
	return false;
}

void lk_slot_retire(struct lk_slot *slot)
{
	if (!(atomic_fetch_or(&slot->word, LK_RETIRED) & HOLDS))
		put_away(slot);
}

bool lk_slot_hold(struct lk_slot *slot, enum lk_slot_bits who)
{
	uint32_t word = atomic_load(&slot->word);

	while ((word & (LK_READING | LK_ACTIVE)) && !(word & (HOLDS | LK_ANSWERED | LK_RETIRED)))
		if (atomic_compare_exchange_weak(&slot->word, &word, word | who))
			return true;
	return false;
}

void lk_slot_release(struct lk_slot *slot, enum lk_slot_bits who)
{
	uint32_t word = atomic_load(&slot->word);

	while (!(word & LK_RETIRED))
		if (atomic_compare_exchange_weak(&slot->word, &word, word & ~(uint32_t)who))
			return;
	put_away(slot);
}

void lk_slot_release_dead(struct lk_slot *slot)
{
	if (atomic_load(&slot->word) & LK_HOLD_KEEPER)
		lk_slot_release(slot, LK_HOLD_KEEPER);
}

bool lk_slot_adopt(struct lk_slot *slot)
{
	uint32_t word = atomic_load(&slot->word);

	if (!(word & LK_STATE))
		return false;
	if ((word & LK_RETIRED) || !slot->meta.mask || slot->meta.fd < 0) {
		put_away(slot);
		return false;
	}
	atomic_store(&slot->word, (word & ~(uint32_t)LK_READING & ~HOLDS) | LK_ACTIVE);
	return true;
}
