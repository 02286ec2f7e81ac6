// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The keeper: a tiny process that shares the guard's descriptor table and sees to it that nothing hangs.
 *
 *   something is being hashed     watches deadlines: no progress for `deadline` -> the failure setting answers
 *   the guard does not come       (stopped, starved, stuck in a dead file system) reads the group itself: the verdict cache answers, else
 *   although events wait          the failure setting
 *   the guard is dead             settles what it left, starts a new one from its own clean memory
 *
 * The keeper is the first of the pair: it makes the guard. When it dies, the guard makes another.
 *
 * At rest it sleeps: the kernel wakes it only when the guard is not waiting for events (EPOLLEXCLUSIVE, second in line), when the guard
 * hands something to its workers, or when the guard dies or is stopped; and once every LK_REST_MS, for a guard that is starved of the processor.
 * It allocates nothing, holds no lock and has one thread, so that it can always clone.
 */
#pragma once

#include "lockdown/shared.h"

enum {
	LK_REST_MS = 1500,        /* the keeper's own look round */
	LK_YOUNG_STALL_US = 500000, /* the same in the first second of a guard */
	LK_STALL_US = 100000,     /* events wait and the reader does not come for so long: the keeper reads */
	LK_HASH_CAP_US = 30000000 /* progress extends the deadline up to here; then the file is too large to be judged */
};

/*
 * Answers by the failure setting what is past its deadline by `grace_us`; progress since the last look moves the deadline on. Returns how many
 * events are still waiting.
 */
unsigned lk_overdue(struct lk_shared *shared, uint64_t grace_us, enum lk_slot_bits who);
/* Reads and answers what waits in a group, from the verdict cache or by the failure setting. */
void lk_serve(struct lk_shared *shared, uint32_t group);
/* Answers and retires one event that is ACTIVE and ours. */
void lk_settle(struct lk_shared *shared, struct lk_slot *slot);
/* A life of the keeper; returns the exit status. */
int lk_keeper_main(struct lk_shared *shared);
/* The whole pair, in a process made for it that has one thread: becomes the keeper. */
int lk_pair_main(struct lk_shared *shared);

/* pair.c: makes the other process of the pair. 0 or -errno. */
int lk_make_guard(struct lk_shared *shared);
int lk_make_keeper(struct lk_shared *shared);
/* After the guard's death: closes every descriptor that neither a slot nor the pair needs. */
void lk_sweep(struct lk_shared *shared);
/* This thread comes before ordinary ones: it works for microseconds and others wait for it. Refused: goes on without. */
void lk_urgent(void);
/* Tells the clerk about the pair itself. `ring`: 0 guard, 1 keeper. */
void lk_tell(struct lk_shared *shared, unsigned ring, enum lk_record_kind kind, uint32_t pid);
