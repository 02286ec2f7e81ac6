// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Records on their way from guard (or keeper) to clerk: a ring for one writer and one reader, without locks, in shared memory. A full ring loses
 * the new record and counts it; writing never waits. A writer that dies in the middle of a record never published it.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { LK_RING = 128, LK_RECORD_PATH = 1024, LK_RECORD_ACTOR = 256, LK_ANCESTORS = 16, LK_RECORD_TEXTS = 2048 };

enum lk_record_kind {
	LK_RECORD_EXEC = 1,   /* an execution was judged */
	LK_RECORD_RUNNING,    /* it ran already when its file system was marked, and is not on the list */
	LK_RECORD_STALL,      /* the keeper answered because the guard did not */
	LK_RECORD_REVIVED,    /* one of the pair died and was started again */
	LK_RECORD_KERNEL,     /* the kernel side stopped something, or would have */
	LK_RECORD_NOTICED,    /* something was done to us, or a subject left its group: told by the kernel side */
	LK_RECORD_HURT,       /* one of the pair found itself changed, and put it right: `detail` is enum lk_hurt */
};

/* What was done to a process of ours that shows in itself. */
enum lk_hurt { LK_HURT_LIMITS = 1, LK_HURT_PRIORITY, LK_HURT_STOPPED, LK_HURT_MAPS, LK_HURTS };

/* Which rule decided: words in lk_rule_words. */
enum lk_rule {
	LK_RULE_ALLOWLIST,   /* its content is not listed */
	LK_RULE_FAILURE,     /* no verdict could be had: the failure setting */
	LK_RULE_WRITER,      /* it was open for writing */
	LK_RULE_SIZE,        /* it is too large to be judged in time */
	LK_RULE_MEMORY,      /* memory that is not a known file became executable */
	LK_RULE_INTERPRETERS, /* code for a restricted interpreter */
	LK_RULE_MODULES,
	LK_RULE_MOUNTS,
	LK_RULE_PROTECT,     /* known files are not changed */
	LK_RULE_MEDIA,
	LK_RULE_SELF,        /* the agent itself */
	LK_RULES
};

/* One process on the way up to the first. Numbers as /proc tells them. */
struct lk_ancestor {
	uint32_t pid, uid, session; /* uid UINT32_MAX = not known */
	int32_t tty;      /* device number; 0 = none */
	uint64_t start;   /* clock ticks since the machine's start: with the pid, the process for ever */
	uint16_t program, cgroup; /* where they begin in `texts`, plus one; 0 = not known */
	char comm[16];
};

/* What is taken down of a process, and of its parent, before it hears that it was refused: it often ends at once. */
enum { LK_SEEN = 2 };
struct lk_witness {
	uint32_t pid; /* 0 = nothing was */
	uint32_t count;
	struct lk_seen {
		uint32_t pid, parent, session, uid;
		int32_t tty;
		uint64_t start;
		bool at_most; /* it started then or earlier: the kernel side tells no start, only when it happened */
		char comm[16];
		char program[128];
	} seen[LK_SEEN];
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
	uint32_t road;    /* enum sk_attack of lib/event */
	uint32_t role, detail; /* of what was done to us: enum sk_role; a signal or enum sk_notice */
	uint32_t verdict, reason; /* enum sk_verdict, sk_reason of bpf/lockdown.h; of LK_RECORD_KERNEL alone */
	uint8_t known, has_hash, has_process, by_keeper;
	uint8_t rule;       /* enum lk_rule */
	uint8_t ancestors;  /* how many are filled: [0] is the process itself, [1] its parent; 0 = it was gone */
	uint8_t cut;        /* there are more, or one ended while it was looked at */
	uint16_t texts_used;
	uint8_t hash[32];
	char comm[16], parent_comm[16];
	struct lk_ancestor ancestor[LK_ANCESTORS];
	char path[LK_RECORD_PATH];
	char actor[LK_RECORD_ACTOR]; /* program of the process when it was looked at: after the answer, so it may be the new one */
	char texts[LK_RECORD_TEXTS]; /* programs and cgroups of the ancestors, each ended by a zero */
};

static inline const char *lk_record_text(const struct lk_record *record, uint16_t at)
{
	return at && at <= LK_RECORD_TEXTS ? record->texts + at - 1 : "";
}

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
