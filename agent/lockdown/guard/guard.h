// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The guard's threads and what they share. The guard is one process with the keeper's descriptor table; inside it
 *
 *   minder       waits for the end of the keeper, and of us          guard.c
 *   reader       one per group: reads events, answers what is known  reader.c   \  the answer path: no logging, no
 *   worker       LK_WORKERS: hash the rest                           hash.c     /  allocation, no /proc, no open
 *   namer        one per group: after the answer, which path was it, who asked   names.c
 *   marker       carries out the scope                               marks.c
 *   census       when file systems were marked: judges what runs     census.c
 *
 * A slot goes reader -> (worker) -> namer -> retired, or is retired by the reader at once. After the threads are started nothing in the guard
 * allocates memory, so that a process cloned from it at any moment finds the allocator unlocked.
 */
#pragma once

#include <pthread.h>

#include "crypto/hash.h"
#include "lockdown/guard/ancestry.h"
#include "lockdown/guard/judge.h"

enum { LK_TAG_NODES = 2000 }; /* in the epoll set of group 0; the group itself has its number */
enum { LK_STACK = 128 * 1024, LK_PIECE = 128 * 1024, LK_SMALL = 64 * 1024 };
#define LK_SIZE_MAX (UINT64_C(8) << 30) /* bytes; a larger file is not even begun: at 270 MB/s it takes LK_HASH_CAP_US */

struct lk_guard;
struct sk_record;

struct lk_worker {
	struct lk_guard *guard;
	struct sk_hasher *hasher;
	void *space; /* LK_PIECE bytes */
};

struct lk_reader {
	struct lk_guard *guard;
	uint32_t group;
};

/* A refusal that was described in full. */
struct lk_lately {
	uint64_t device, inode, start, told_us;
	uint32_t parent;
};
enum { LK_LATELY = 32 };

struct lk_guard {
	struct lk_shared *shared;
	_Atomic uint32_t work;   /* futex: there is something to hash */
	_Atomic uint32_t names[LK_GROUPS];  /* futex: there is something to name */
	_Atomic uint32_t queued[LK_GROUPS]; /* slots with LK_TASK_HASH or _HASHING */
	pthread_mutex_t picking; /* among workers */
	pthread_mutex_t telling; /* among namers: the ring has one writer */
	struct lk_worker workers[LK_WORKERS];
	struct lk_worker small; /* not a thread: hasher and space of the reader of group 0 */
	struct lk_reader readers[LK_GROUPS];
	struct lk_lately lately[LK_LATELY]; /* under telling */
};

/* A detached thread with a small stack. 0 or -errno. */
int lk_thread(void *(*run)(void *), void *arg);

/* reader.c */
void *lk_reader_run(void *reader);
/* Makes the event's answer known to the namer, or puts the slot away when it need not be told. */
void lk_finish(struct lk_guard *guard, struct lk_slot *slot, bool tell);
/* Answers, counts, finishes. `tell`: there shall be a record of it. */
void lk_answer(struct lk_guard *guard, struct lk_slot *slot, const struct lk_orders *orders, uint32_t verdict, bool tell);
/* An open that is no execution (older.h): allowed, counted, not told. */
void lk_let(struct lk_guard *guard, struct lk_slot *slot);
/* Hands a slot to the workers, or answers by the failure setting when too many wait. */
void lk_queue(struct lk_guard *guard, struct lk_slot *slot);
/* A dead guard's slot goes on where it was. */
void lk_resume(struct lk_guard *guard, struct lk_slot *slot);

/* hash.c */
int lk_worker_init(struct lk_worker *worker, struct lk_guard *guard);
void *lk_worker_run(void *worker);
/*
 * For the reader of group 0: hashes and answers what is not larger than LK_SMALL, lies in the page cache and has no writer, because waking a worker
 * takes longer than that. False: nothing was answered, a worker must.
 */
/* A read lease. NONE: held, or *ret_supported is false; WRITER: somebody writes; UNREADABLE: it is not permitted to us. */
enum lk_trouble lk_lease(int fd, uint64_t until_us, bool *ret_supported);
bool lk_hash_small(struct lk_worker *worker, struct lk_slot *slot);

/* names.c */
void *lk_namer_run(void *reader);
/* Fills path, process, road and rule of a record; the descriptor must be open. */
void lk_describe(struct lk_record *record, const struct lk_slot *slot, enum lk_depth depth);

/* foresee.c */
void *lk_foresee_run(void *guard);
void *lk_moved_run(void *guard);
/* Before the threads: the group that tells what moved. 0 or -errno. */
int lk_foresee_open(struct lk_shared *shared);
/* An inode mark that need not hold the inode, where the kernel has such. As fanotify_mark(2). */
int lk_mark_inode(struct lk_shared *shared, int fan, unsigned flags, uint64_t mask, int fd);
/* Of a file that is remembered as slot->key: what the kernel side knows need not ask us any more, until it is written or its change time moves; what was opened and is data not either. */
void lk_leave_alone(struct lk_shared *shared, const struct lk_slot *slot);
void lk_ask_again(struct lk_shared *shared, int fd);

/* kernel/guard.c */
void *lk_kernel_minder(void *guard);
void *lk_kernel_listener(void *guard);

/* asked.c: what the kernel side holds somebody for is hashed and answered. */
void *lk_asked_run(void *guard);
void *lk_asked_calls_run(void *guard);
void lk_asked(const struct sk_record *record);

/* census.c */
void *lk_census_run(void *guard);

/* marks.c */
void *lk_marker_run(void *guard);
/* Masks of an inode mark (on what is remembered), and of events that wait for an answer. */
enum { LK_MARK_INODE = FAN_MODIFY | FAN_CLOSE_WRITE, LK_ASKS = FAN_OPEN_EXEC_PERM | FAN_OPEN_PERM, LK_MARK_WRITTEN = FAN_CLOSE_WRITE /* in the group that tells what moved */ };
/* A group and its two queues of waiters. 0 or -errno. */
int lk_group_open(struct lk_shared *shared, uint32_t group);

/* guard.c: a life of the guard; returns the exit status. */
int lk_guard_main(struct lk_shared *shared);
