// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Who asked: the process of a record and all above it, from /proc. Allocates nothing.
 *
 * A process may end, and its number be given to another, between any two looks. So each is opened once: what is read through that descriptor is of
 * this process or fails. The way from one to the next is a number: a parent that started after its child is another process that got the
 * number, and one that started after the question did not ask it. What cannot be told any more is left out, and the record says that it is cut.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lockdown/ring.h"

/* How much of it: the numbers of process and parent come first in any case. */
enum lk_depth {
	LK_DEPTH_SEEN,     /* what the witness says, without a look */
	LK_DEPTH_PARENT,   /* process and parent */
	LK_DEPTH_PROGRAMS, /* all, without cgroups: reading those may wait for a lock of the kernel */
	LK_DEPTH_ALL,
};

/*
 * While the process waits for its answer: takes down what of it and its parent is needed to find the others. `proc` is the folder. witness->pid is 0 when nothing
 * could be had. Measured, because it is the one look at /proc before an answer: of 400 refusals 235 askers were gone before anybody could look
 * after the answer.
 */
void lk_witness_take(struct lk_witness *witness, int proc, uint32_t pid);

/* A moment of CLOCK_MONOTONIC as /proc counts starts; the tick behind it, because ticks are coarse. */
uint64_t lk_ticks_of(uint64_t mono_us);

/*
 * Walks up from record->pid; fills has_process, comm, parent, parent_comm, uid, actor, ancestor[], cut. With a witness the first processes are what it
 * says, whether they live or not. Else one that started after `asked_us` (of CLOCK_MONOTONIC; 0 = does not matter) is another one.
 * `proc` is "/proc".
 */
void lk_ancestry(struct lk_record *record, const char *proc, const struct lk_witness *witness, uint64_t asked_us, enum lk_depth depth);
/* The same in two steps: the process itself and the numbers of all, then the rest; the second closes what the first opened. */
struct lk_chain {
	int process[LK_ANCESTORS]; /* folders in /proc; -1 = it has ended */
	uint32_t recalled;         /* how many come from a witness */
	bool look;                 /* those are looked at, too */
};
void lk_ancestry_walk(struct lk_record *record, struct lk_chain *chain, const char *proc, const struct lk_witness *witness, uint64_t asked_us,
		      uint32_t limit);
void lk_ancestry_detail(struct lk_record *record, struct lk_chain *chain, bool cgroups);
