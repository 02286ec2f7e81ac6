// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The spool: where events wait until the server has them. Nothing in it is lost unsaid.
 *
 * Per priority a chain of append-only files ("segments") of checksummed records; sequence numbers start at 1 and are contiguous per priority
 * within an epoch. An epoch is a number drawn when the spool is made afresh. Beside them one small state file, written in place in two alternating
 * slots, with how far the server acknowledged, and the tombstones still to be written.
 *
 * What is promised
 *   - A record that sk_spool_sync() or sk_spool_read() has seen survives a power cut. Nothing is handed out for sending before it is on
 *     the disk, so a sequence number the server has seen never comes to mean something else.
 *   - A record cut short at the end of a chain (power cut while writing) is cut off. A record that is damaged anywhere else is left out and
 *     reported with its exact range.
 *   - Over the limit of bytes or age, whole segments go, oldest first, of the highest priority number first; never one of a more
 *     important priority than the event that needs the room.
 *   - When the disk is full, room is made in the same way; if there is none, the event is not kept, its number is used up, and the
 *     process goes on.
 *   - Each range so lost becomes one tombstone event (sk_event_loss) of priority 0, written as soon as it can be, exactly once over any
 *     number of crashes. The range counts as acknowledged.
 *
 * Owns its folder and an exclusive lock in it. Not thread-safe. It never wakes up by itself: the caller calls sk_spool_sync() within
 * the time he promises durability for. Crash points: spool.open, spool.append, spool.appended, spool.fsync, spool.fsynced, spool.rotate,
 * spool.rotated, spool.drop, spool.dropped, spool.tombstone, spool.ack, spool.acked, spool.state, spool.repair, spool.cut. Operations that can
 * be made to fail: spool.append, spool.fsync, spool.header, spool.state, spool.state.fsync, spool.repair.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/diag.h"
#include "event/event.h"

struct sk_spool;

struct sk_spool_opts {
	uint64_t max_bytes;     /* of all segments; at least 4 segments. 0 = 256 MiB */
	uint64_t max_age_ms;    /* of a segment since it was begun; 0 = without limit */
	uint32_t segment_bytes; /* 128 KiB .. 64 MiB. 0 = 1 MiB */
};

struct sk_spool_chain_stats {
	uint64_t acked; /* highest number acknowledged, dropped ranges included */
	uint64_t next;  /* number of the next event */
	uint64_t bytes; /* of its segments */
	uint64_t oldest_ms; /* when its oldest segment was begun; 0 = none */
	uint64_t dropped, not_kept, damaged; /* events lost since the spool was opened, by cause */
};

struct sk_spool_stats {
	uint64_t epoch;
	uint64_t bytes;     /* of all segments */
	uint64_t max_bytes;
	uint64_t cut_bytes; /* cut off at the end of chains when it was opened */
	bool disk_full;     /* the last write failed for want of room */
	bool fresh;         /* made afresh by this open */
	unsigned tombstones_pending;
	struct sk_spool_chain_stats chain[SK_PRIORITIES];
};

/*
 * Opens (makes, when `dir`/`path` has none) the spool in an existing folder. `dir` is a directory descriptor. What is found damaged
 * is repaired and reported by a tombstone. 0; SK_AGAIN another process has it; -errno.
 */
int sk_spool_open(int dir, const char *path, const struct sk_spool_opts *opts, struct sk_spool **ret_spool);
/* Syncs and closes. Takes NULL, returns NULL. */
struct sk_spool *sk_spool_free(struct sk_spool *spool);
void sk_spool_free_p(struct sk_spool **spool);
#define _cleanup_spool_ __attribute__((cleanup(sk_spool_free_p)))

/*
 * Appends one bare event (1 .. SK_EVENT_MAX bytes, no newline). 0: written, durable after the next sk_spool_sync(); SK_FULL: not kept, counted, its number
 * stands in a tombstone to come; -EINVAL: size or priority out of range (a bug of the caller's). `ret_seq` may be NULL and is set in both cases.
 */
int sk_spool_append(struct sk_spool *spool, uint8_t priority, const void *event, size_t size, uint64_t *ret_seq);
/* Makes durable what was appended. 0, or -errno: then the records written since the last sync are counted as damaged when they cannot be read back. */
int sk_spool_sync(struct sk_spool *spool);
bool sk_spool_dirty(const struct sk_spool *spool); /* something was appended since the last sync */

/*
 * Appends to `out` up to max_events events after number `after`, as lines (NDJSON), at most max_bytes; contiguous numbers from
 * *ret_first. *ret_first > after + 1 means that what is between is lost and stands in a tombstone of priority 0 (sent before it, when
 * priorities are sent in order). Syncs first. 0; SK_NONE nothing after `after`; SK_FULL of `out`; -errno.
 */
int sk_spool_read(struct sk_spool *spool, uint8_t priority, uint64_t after, size_t max_bytes, uint32_t max_events, struct sk_buf *out,
		  uint64_t *ret_first, uint32_t *ret_count);

/* The server has everything up to `seq`. 0; SK_NONE another epoch, or known already; SK_BAD a number not given out yet. */
int sk_spool_ack(struct sk_spool *spool, uint64_t epoch, uint8_t priority, uint64_t seq);
/*
 * What the server says it has, when a connection begins. A number that this spool has not given out means that the spool's folder is an older
 * copy (a restored image): numbering goes on behind it, and events the spool holds unacknowledged are numbered anew. 0 or -errno.
 */
int sk_spool_resync(struct sk_spool *spool, uint64_t epoch, uint8_t priority, uint64_t seq);
/*
 * The server will never take these: they go as if they were acknowledged, and a tombstone ("refused") says which. `first` is the one behind what is acknowledged. 0; SK_NONE:
 * they are gone already, or of another epoch; SK_BAD: they are not what comes next, or not all there; -errno: nothing is changed.
 */
int sk_spool_refused(struct sk_spool *spool, uint64_t epoch, uint8_t priority, uint64_t first, uint64_t last);

/* Drops by age, writes pending tombstones. Call it now and then while it is not empty (once an hour is enough). */
void sk_spool_tick(struct sk_spool *spool);
struct sk_spool_stats sk_spool_stats(const struct sk_spool *spool);
