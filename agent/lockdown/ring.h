// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Records on their way from guard (or keeper) to clerk: a ring for one writer and one reader, without locks, in shared memory. A full ring loses
 * the new record and counts it; writing never waits. A writer that dies in the middle of a record never published it.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { LK_RING = 128, LK_RECORD_PATH = 1024, LK_RECORD_ACTOR = 256 };

enum lk_record_kind {
	LK_RECORD_EXEC = 1,   /* an execution was judged */
	LK_RECORD_RUNNING,    /* it ran already when its file system was marked, and is not on the list */
	LK_RECORD_STALL,      /* the keeper answered because the guard did not */
	LK_RECORD_REVIVED,    /* one of the pair died and was started again */
	LK_RECORD_KERNEL,     /* the kernel side stopped something, or would have */
};

struct lk_record {
	uint32_t kind;
	uint32_t pid, parent, uid;
	uint64_t time_ms; /* UTC */
	uint64_t serial;  /* of the policy */
	uint64_t device, inode, size;
	uint32_t mode;
	uint32_t answer;  /* FAN_ALLOW, FAN_DENY */
	uint32_t trouble; /* enum lk_trouble */
	uint32_t waited_us;
	uint32_t road;    /* enum sk_attack of lib/event; of LK_RECORD_KERNEL alone, as are the next two */
	uint32_t verdict, reason; /* enum sk_verdict, sk_reason of bpf/lockdown.h */
	uint8_t known, has_hash, has_process, by_keeper;
	uint8_t hash[32];
	char comm[16], parent_comm[16];
	char path[LK_RECORD_PATH];
	char actor[LK_RECORD_ACTOR]; /* program of the process when it was looked at: after the answer, so it may be the new one */
};

struct lk_ring {
	_Atomic uint32_t written, read;
	_Atomic uint64_t lost;
	struct lk_record records[LK_RING];
};

/* Writer: space for one record, zeroed; NULL (and one more lost) when full. lk_ring_publish() hands it over. */
struct lk_record *lk_ring_space(struct lk_ring *ring);
void lk_ring_publish(struct lk_ring *ring);
/* Reader: the oldest record; NULL when there is none. lk_ring_next() gives it back. */
const struct lk_record *lk_ring_first(struct lk_ring *ring);
void lk_ring_next(struct lk_ring *ring);
