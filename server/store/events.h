// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The store of events as its users see it: one writer, any number of readers beside it. SQLite is one way to keep them
 * (sk_sqlite_open); another implementation fills the same two tables of functions.
 *
 * What every implementation owes:
 * - exactly once: an event is its place (agent, epoch, priority, seq); a place is kept once, however often and in whatever batches it is sent;
 * - durable before 0: what commit() returned 0 for survives a power cut, all items of the call or none;
 * - no gap hidden: a range that did not come is recorded until it comes, or until the agent (its tombstone) or resync() says that it never
 *   will; the acknowledged seq never passes a gap that is still open.
 *
 * Results: 0; SK_FULL the disk is full, nothing was kept, try again later; negative fatal. A writer and each reader belong to one thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/append.h"
#include "store/query.h"

enum { SK_EVENTS_GAPS_MAX = 1024 /* of one stream; then only the batch that goes on where it is acknowledged is taken */ };

struct sk_events_item {
	const struct sk_append *append; /* the caller's */
	int result;                     /* set by commit: 0, or SK_BAD with `why` (nothing of this item was kept) */
	const char *why;                /* a constant */
	uint64_t ack;                   /* highest contiguous seq that is now durable */
	uint32_t fresh;                 /* events that were not there before */
};

struct sk_resync {
	const char *agent, *host, *org, *site;
	uint64_t now; /* ms */
	uint64_t epoch;
	struct {
		bool known;           /* the agent spoke of this priority */
		uint64_t first, next; /* its spool holds [first, next) */
		uint64_t ack;         /* set by resync */
	} streams[SK_PRIORITIES];
};

struct sk_keep {
	uint64_t max_age_ms; /* 0 = for ever */
	uint64_t max_bytes;  /* of blocks; 0 = no limit */
};

struct sk_removed {
	uint64_t batches, events, bytes;
	uint64_t oldest, newest; /* ms; of what was removed */
	bool more;               /* there is more to remove: call again soon */
};

struct sk_events;

struct sk_events_ops {
	int (*commit)(struct sk_events *events, struct sk_events_item *items, size_t count);
	int (*resync)(struct sk_events *events, struct sk_resync *resync);
	/* Removes what is over the limits, whole blocks, the oldest of the least important priority first; bounded work a call. */
	int (*keep)(struct sk_events *events, const struct sk_keep *limits, uint64_t now, struct sk_removed *ret_removed);
	void (*close)(struct sk_events *events);
};

struct sk_events {
	const struct sk_events_ops *ops;
};

/* One answer of a reader. */
struct sk_page {
	struct sk_buf rows; /* lines as wire/store.h says */
	size_t count;
	bool complete; /* false: the time was used up; go on at `next` */
	bool has_next;
	struct sk_key next;
	uint32_t damaged; /* blocks that could not be opened */
	uint32_t opened;  /* blocks that were */
	uint64_t skipped; /* follow: rows over the limit */
};

void sk_page_init(struct sk_page *page);
void sk_page_done(struct sk_page *page);
int sk_page_reverse(struct sk_page *page); /* turns the order of the rows round. 0 or -ENOMEM */

struct sk_reader;

struct sk_reader_ops {
	int (*search)(struct sk_reader *reader, const struct sk_query *query, struct sk_page *page);
	int (*get)(struct sk_reader *reader, const char *id, const struct sk_query *scopes, struct sk_page *page);
	/* SK_NONE when there is no such event. */
	int (*around)(struct sk_reader *reader, const char *id, uint64_t seconds, const struct sk_query *scopes, struct sk_page *page);
	/*
	 * Events committed at or behind *position that match, in order of commit; *position moves behind what was looked at. At first it is 0: it
	 * is set to the present end, and the page gets the newest query->limit events before that, oldest first. Later, what matched beyond query->limit rows is counted as skipped. page->complete is false when there is more to look at.
	 */
	int (*follow)(struct sk_reader *reader, const struct sk_query *query, uint64_t *position, struct sk_page *page);
	/* Each appends one JSON object. */
	int (*counts)(struct sk_reader *reader, const struct sk_query *query, uint64_t step_ms, struct sk_buf *out);
	int (*stats)(struct sk_reader *reader, struct sk_buf *out);
	int (*streams)(struct sk_reader *reader, const char *agent, const struct sk_query *scopes, struct sk_buf *out);
	int (*gaps)(struct sk_reader *reader, const char *agent, const struct sk_query *scopes, struct sk_buf *out);
	void (*close)(struct sk_reader *reader);
};

struct sk_reader {
	const struct sk_reader_ops *ops;
	uint64_t share_ms; /* time a search may take before it answers with what it has; default 1000 */
};

/*
 * events.db in the folder `path`, made when absent. A damaged one is refused (-EBADMSG) with a line that names the file and says what to do.
 */
int sk_sqlite_open(const char *path, struct sk_events **ret_events);
int sk_sqlite_reader(const char *path, struct sk_reader **ret_reader);

struct sk_events *sk_events_close(struct sk_events *events);
struct sk_reader *sk_reader_close(struct sk_reader *reader);
void sk_events_close_p(struct sk_events **events);
void sk_reader_close_p(struct sk_reader **reader);
#define _cleanup_events_ __attribute__((cleanup(sk_events_close_p)))
#define _cleanup_reader_ __attribute__((cleanup(sk_reader_close_p)))
