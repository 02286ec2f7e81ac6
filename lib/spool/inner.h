// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the files of lib/spool share.
 *
 *   segment.c, state.c   formats, without files
 *   store.c              the state file; segments as files: begin, append, drop, remove
 *   loss.c               tombstones: noting a lost range, writing its event, forgetting it
 *   recover.c            what is found at open, and repair
 *   read.c               batches
 *   spool.c              what the callers see
 */
#pragma once

#include "base/list.h"
#include "spool/segment.h"
#include "spool/spool.h"
#include "spool/state.h"

struct segment {
	struct sk_list link;
	uint64_t first;    /* of the header */
	uint64_t last;     /* number of its last record; first - 1 when it has none */
	uint64_t bytes;    /* up to the end of its last good record */
	uint64_t begun_ms;
	bool damaged;      /* to be repaired */
	bool jumps;        /* numbers are missing between its records, and that is told */
};

struct chain {
	struct sk_list segments; /* oldest first; the last one is appended to while fd >= 0 */
	uint64_t bytes;
	uint64_t next;
	uint64_t durable; /* all numbers below are on the disk */
	int fd;           /* of the last segment; -1: the next record begins a new one */
	bool jump;        /* numbers before the next record are missing */
	/* Where the last read ended: the record behind number read_after starts there. */
	uint64_t read_segment, read_offset, read_after;
	struct sk_spool_chain_stats stats; /* dropped, not_kept, damaged */
};

struct sk_spool {
	int dir;
	int lock_fd;
	int state_fd;
	struct sk_spool_opts opts;
	struct state state;      /* epoch, acked, tombstones; `next` is filled in when written */
	bool state_dirty;        /* written, not synced */
	struct chain chain[SK_PRIORITIES];
	struct sk_buf scratch;   /* one record */
	uint64_t bytes;
	uint64_t cut_bytes;
	bool disk_full;
	bool fresh;
};

enum { SEGMENT_NAME = 48, SEGMENT_FILE_MAX = 80 << 20 };

/* store.c */
/* "PRIORITY.EPOCH.FIRST" */
char *spool_segment_name(uint8_t priority, uint64_t epoch, uint64_t first, char out[SEGMENT_NAME]);
int spool_state_put(struct sk_spool *s, bool durable);
int spool_segment_add(struct sk_spool *s, uint8_t priority, const struct segment *segment);
/* The record with the chain's next number, the number used up on success alone. 0 or -errno (nothing was written then). */
int spool_record_append(struct sk_spool *s, uint8_t priority, const void *data, uint32_t size);
int spool_chain_sync(struct sk_spool *s, uint8_t priority);
/* Removes the file and forgets the segment. */
void spool_segment_remove(struct sk_spool *s, uint8_t priority, struct segment *segment);
void spool_remove_acked(struct sk_spool *s, uint8_t priority);
/* The oldest segment of the least important priority that is not more important than `priority`. False when there is none. */
bool spool_drop_oldest(struct sk_spool *s, uint8_t priority, enum loss_reason reason);
bool spool_drop_segment(struct sk_spool *s, uint8_t priority, struct segment *segment, enum loss_reason reason);
struct segment *spool_first(const struct chain *c); /* NULL when there is none */
struct segment *spool_last(const struct chain *c);

/* loss.c */
void spool_note_loss(struct sk_spool *s, enum loss_kind kind, enum loss_reason reason, uint8_t priority, uint64_t first, uint64_t last);
/* As spool_note_loss(LOSS_DAMAGED), but only for what is neither acknowledged nor noted already. */
void spool_note_missing(struct sk_spool *s, uint8_t priority, uint64_t first, uint64_t last);
/* Writes the events of what is noted. 0, or -errno of the write that failed. */
int spool_tell(struct sk_spool *s);
/* Ranges of this priority below `seq` are settled: the chain itself shows that they are missing on purpose. */
void spool_settle(struct sk_spool *s, uint8_t priority, uint64_t seq);
/* Drops from the list what is told and settled. */
void spool_forget(struct sk_spool *s);

/* recover.c */
int spool_recover(struct sk_spool *s);
/* Notes what a segment still holds as dropped: exactly its records that are not acknowledged. 0 or -errno. */
int spool_note_records(struct sk_spool *s, uint8_t priority, const struct segment *segment, enum loss_reason reason);
/* Looks at a segment again in which a bad record was met, tells what is missing and repairs it. */
int spool_mend(struct sk_spool *s, uint8_t priority, struct segment *segment);
