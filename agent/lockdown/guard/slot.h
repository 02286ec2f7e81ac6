// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The pending table: one slot for each permission event that was read from the kernel and not put away yet.
 *
 * The kernel knows an event by the number of the descriptor that it came with. So the one rule that everything here serves is: an
 * answer is written only while that descriptor is surely still this event's. Guard and keeper share one descriptor table, hence one
 * numbering. Whoever read the event owns the slot, and nobody closes the descriptor before both sides are through with it:
 *
 *     FREE -> READING -> ACTIVE -> (answered) -> FREE, then close
 *
 * - READING: the owner is inside read(2), which writes into `meta`. When the owner is killed or stopped there, the other side finds
 *   the event in the slot (meta.mask != 0).
 * - HOLD: the other side (not the owner) is answering. It must see the slot read and neither answered nor retired when it takes the hold. When
 *   the owner retires the slot meanwhile, the holder frees it and closes the descriptor when it lets go.
 * - Both may write an answer. The kernel takes the first; the second gets ENOENT, because the descriptor is not reused before it is closed. So
 *   "who answered" is what write(2) says, and a process that dies or stalls between any two steps leaves nothing ambiguous: the survivor
 *   writes again.
 * - A slot forgets its descriptor and becomes FREE before the descriptor is closed. Killed in between, the descriptor is left over, and whoever
 *   takes over closes everything that no slot names.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/fanotify.h>

#include "lockdown/guard/cache.h"
#include "lockdown/ring.h"

enum { LK_SLOTS = 256, LK_KEEPER_SLOTS = 8 };

enum lk_slot_bits {
	LK_READING = 1,
	LK_ACTIVE = 2,
	LK_HOLD_KEEPER = 4,
	LK_ANSWERED = 8,
	LK_RETIRED = 16,
	LK_HOLD_GUARD = 32, /* another thread of the guard, when the keeper does not come */
	LK_STATE = 63, /* the bits above; the rest of the word counts how often the slot was used */
};

struct lk_slot {
	_Atomic uint32_t word;
	uint32_t group;
	struct fanotify_event_metadata meta;
	_Atomic uint64_t since_us;    /* when the owner began to read it */
	_Atomic uint64_t deadline_us; /* next look at it; moved on by progress */
	_Atomic uint64_t progress;    /* bytes hashed */
	uint64_t progress_seen;       /* by who watches the deadline */
	_Atomic uint32_t answer;      /* FAN_ALLOW, FAN_DENY: what the kernel took */
	/* The owner's own notes. */
	_Atomic uint32_t task;        /* enum lk_task */
	uint32_t trouble;             /* enum lk_trouble */
	uint8_t known, has_key, has_hash, by_keeper;
	uint8_t kept;                 /* known to the kernel side as it is */
	uint32_t kinds;               /* enum sk_as: what it may be used as */
	struct lk_key key;
	uint8_t hash[32];
	struct lk_witness witness;    /* of a refusal */
};

/* What the owner still has to do with a slot. Threads take a task by compare-and-swap. */
enum lk_task { LK_TASK_NONE, LK_TASK_HASH, LK_TASK_HASHING, LK_TASK_NAME, LK_TASK_NAMING };

struct lk_slots {
	struct lk_slot guard[LK_SLOTS];
	struct lk_slot keeper[LK_KEEPER_SLOTS];
	_Atomic uint32_t guard_hint, keeper_hint;
};

/* Once, before anything else. */
void lk_slots_init(struct lk_slots *slots);
/* Owner: takes a free slot and makes it READING with an empty meta. NULL: all are taken. */
struct lk_slot *lk_slot_take(struct lk_slot *slots, uint32_t count, _Atomic uint32_t *hint, uint64_t now_us);
/* Owner: the event is in meta; it was read at since_us. */
void lk_slot_active(struct lk_slot *slot, uint64_t deadline_us);
/* Owner: nothing was read after all. */
void lk_slot_drop(struct lk_slot *slot);
/* Either side, while it may: writes the answer. True when the kernel took this one; false when another was first. */
bool lk_slot_answer(struct lk_slot *slot, int fan, uint32_t answer);
/* Owner: done with it. The descriptor is closed now, or by the side that holds the slot. */
void lk_slot_retire(struct lk_slot *slot);
/* Other side (`who` is its HOLD bit): true = it may answer, until lk_slot_release(). False: not pending, or held. */
bool lk_slot_hold(struct lk_slot *slot, enum lk_slot_bits who);
void lk_slot_release(struct lk_slot *slot, enum lk_slot_bits who);
/*
 * The owner died; the caller is alone with the slot. Its hold (if any) and what was half done are settled. True when the slot holds an event that
 * still needs its owner's work: it is ACTIVE then, answered or not. False: it is free.
 */
bool lk_slot_adopt(struct lk_slot *slot);
/* The keeper died: lets go in its place. */
void lk_slot_release_dead(struct lk_slot *slot);

/* True when the event is read and nobody has answered it yet. */
static inline bool lk_slot_pending(const struct lk_slot *slot)
{
	uint32_t word = atomic_load(&slot->word);

	return (word & (LK_READING | LK_ACTIVE)) && !(word & (LK_ANSWERED | LK_RETIRED)) && *(volatile const uint64_t *)&slot->meta.mask;
}
