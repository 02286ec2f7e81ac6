// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The tables of events.db, for the writer (sqlite-write.c), retention (sqlite-keep.c) and the readers (sqlite-read.c, sqlite-ask.c).
 *
 *   endpoint   one row an agent
 *   stream     one row an (agent, epoch, priority): `last` is the highest seq seen; what is below and not in `gap` is or was kept
 *   gap        ranges below `last` that did not come: 0 open, 1 dropped (the agent's tombstone), 2 lost (nobody has it)
 *   block      a batch's zstd frame as it was received
 *   batch      first .. last of a stream, inside a block whose own first seq is block_first. Nearly always the whole block; a batch that
 *              overlapped what was there before has a row for each range that was new. No two rows of a stream overlap.
 *   minute     how many events of a class and severity in a minute, for the overview
 *   total      one row of running sums
 *
 * An event belongs to the store when its seq is at most `last` and in no gap: that is how a resend is recognised, exactly, also after retention
 * removed the rows.
 */
#pragma once

#include "base/map.h"
#include "sql/sql.h"
#include "store/events.h"

enum sk_gap_state { SK_GAP_OPEN, SK_GAP_DROPPED, SK_GAP_LOST };

extern const char *const sk_sqlite_scripts[];
extern const int sk_sqlite_script_count;

struct sk_sqlite_stream {
	int64_t id;
	int64_t endpoint;
	uint64_t last;
	uint32_t gaps; /* of any state */
	uint32_t open; /* open ones */
	char host[SK_APPEND_NAME_MAX + 1], org[SK_APPEND_NAME_MAX + 1], site[SK_APPEND_NAME_MAX + 1];
};

struct sk_sqlite {
	struct sk_events events; /* first */
	struct sk_sql *sql;
	struct sk_map *streams; /* "agent/epoch/priority" to struct sk_sqlite_stream; emptied when a transaction fails */
	struct sk_buf space;    /* for opening blocks */
};

int sk_sqlite_keep(struct sk_events *events, const struct sk_keep *limits, uint64_t now, struct sk_removed *ret_removed);

struct sk_sqlite_reader {
	struct sk_reader reader; /* first */
	struct sk_sql *sql;
	struct sk_buf space;
};

/* One row of `batch` with what its stream and endpoint say. */
struct sk_sqlite_batch {
	int64_t id, block;
	uint64_t stream, block_first, first, last, received, time_min, time_max, epoch;
	uint32_t count, raw_size; /* of the block */
	uint8_t priority, severities;
	bool any_class;
	uint32_t classes[SK_APPEND_CLASSES];
	size_t class_count;
	char agent[SK_AGENT_ID_MAX + 1];
	char host[SK_APPEND_NAME_MAX + 1], org[SK_APPEND_NAME_MAX + 1], site[SK_APPEND_NAME_MAX + 1];
};

/* The columns a batch is read from, in the order sk_sqlite_batch_read() wants them. */
#define SK_SQLITE_BATCH                                                                                                       \
	"SELECT b.id,b.block,b.stream,b.block_first,b.first,b.last,b.received,b.time_min,b.time_max,s.epoch,b.count,b.raw_size,"      \
	"s.priority,b.severities,b.classes,e.agent,e.host,e.org,e.site FROM batch b JOIN stream s ON s.id=b.stream "                   \
	"JOIN endpoint e ON e.id=s.endpoint "
void sk_sqlite_batch_read(sqlite3_stmt *stmt, struct sk_sqlite_batch *batch);
/* The block's NDJSON in r->space. 0; SK_BAD damaged; negative. */
int sk_sqlite_block(struct sk_sqlite_reader *r, const struct sk_sqlite_batch *batch);
/* Can the batch hold what the query wants, by its row and its filter? 1, 0 or negative. */
int sk_sqlite_worth(struct sk_sqlite_reader *r, const struct sk_query *query, const struct sk_sqlite_batch *batch);
/* Appends one row of an answer. */
int sk_sqlite_row(const struct sk_sqlite_batch *batch, uint64_t seq, const char *line, size_t size, struct sk_buf *out);

int sk_sqlite_search(struct sk_reader *reader, const struct sk_query *query, struct sk_page *page);
int sk_sqlite_get(struct sk_reader *reader, const char *id, const struct sk_query *scopes, struct sk_page *page);
int sk_sqlite_around(struct sk_reader *reader, const char *id, uint64_t seconds, const struct sk_query *scopes, struct sk_page *page);
int sk_sqlite_follow(struct sk_reader *reader, const struct sk_query *query, uint64_t *position, struct sk_page *page);
int sk_sqlite_counts(struct sk_reader *reader, const struct sk_query *query, uint64_t step_ms, struct sk_buf *out);
int sk_sqlite_stats(struct sk_reader *reader, struct sk_buf *out);
int sk_sqlite_streams(struct sk_reader *reader, const char *agent, const struct sk_query *scopes, struct sk_buf *out);
int sk_sqlite_gaps(struct sk_reader *reader, const char *agent, const struct sk_query *scopes, struct sk_buf *out);
