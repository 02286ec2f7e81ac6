// SPDX-License-Identifier: GPL-3.0-or-later
/* events.db: its tables, and opening it. */
#include "store/sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"

/*
 * batch is narrow without its filter, which lies in the block's row: a search walks batch rows, and fetches a filter or a block only for the few that
 * are left. Every index serves a walk: time_max newest first, time_min oldest first, both for one endpoint, and (priority, id) for retention.
 */
static const char first_script[] =
	"CREATE TABLE endpoint(id INTEGER PRIMARY KEY, agent TEXT NOT NULL UNIQUE, host TEXT NOT NULL, org TEXT NOT NULL,"
	" site TEXT NOT NULL);"
	"CREATE TABLE stream(id INTEGER PRIMARY KEY, endpoint INTEGER NOT NULL REFERENCES endpoint(id), epoch INTEGER NOT NULL,"
	" priority INTEGER NOT NULL, last INTEGER NOT NULL, received INTEGER NOT NULL, UNIQUE(endpoint, epoch, priority));"
	"CREATE TABLE gap(id INTEGER PRIMARY KEY AUTOINCREMENT, stream INTEGER NOT NULL REFERENCES stream(id), first INTEGER NOT NULL,"
	" last INTEGER NOT NULL CHECK(last >= first), state INTEGER NOT NULL, reason TEXT NOT NULL, seen INTEGER NOT NULL,"
	" UNIQUE(stream, first));"
	"CREATE TABLE block(id INTEGER PRIMARY KEY, filter BLOB NOT NULL, data BLOB NOT NULL);"
	"CREATE TABLE batch(id INTEGER PRIMARY KEY AUTOINCREMENT, stream INTEGER NOT NULL REFERENCES stream(id),"
	" endpoint INTEGER NOT NULL, priority INTEGER NOT NULL, block INTEGER NOT NULL REFERENCES block(id),"
	" block_first INTEGER NOT NULL, count INTEGER NOT NULL, raw_size INTEGER NOT NULL, size INTEGER NOT NULL,"
	" first INTEGER NOT NULL, last INTEGER NOT NULL CHECK(last >= first), received INTEGER NOT NULL,"
	" time_min INTEGER NOT NULL, time_max INTEGER NOT NULL, severities INTEGER NOT NULL, classes BLOB NOT NULL,"
	" UNIQUE(stream, first), UNIQUE(stream, last));"
	"CREATE INDEX batch_newest ON batch(time_max, time_min);"
	"CREATE INDEX batch_oldest ON batch(time_min, time_max);"
	"CREATE INDEX batch_endpoint_newest ON batch(endpoint, time_max, time_min);"
	"CREATE INDEX batch_endpoint_oldest ON batch(endpoint, time_min, time_max);"
	"CREATE INDEX batch_priority ON batch(priority, id);"
	"CREATE INDEX batch_block ON batch(block);"
	"CREATE TABLE minute(minute INTEGER NOT NULL, org TEXT NOT NULL, site TEXT NOT NULL, class INTEGER NOT NULL,"
	" severity INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY(minute, org, site, class, severity)) WITHOUT ROWID;"
	"CREATE TABLE total(events INTEGER, batches INTEGER, bytes INTEGER, duplicates INTEGER, commits INTEGER, removed_events INTEGER,"
	" removed_batches INTEGER, removed_bytes INTEGER);"
	"INSERT INTO total VALUES(0,0,0,0,0,0,0,0);";

const char *const sk_sqlite_scripts[] = {first_script};
const int sk_sqlite_script_count = SK_ARRAY_SIZE(sk_sqlite_scripts);

void sk_page_init(struct sk_page *page)
{
	memset(page, 0, sizeof *page);
	page->rows.max = SK_STORE_ROWS_MAX;
	page->complete = true;
}

void sk_page_done(struct sk_page *page)
{
	sk_buf_done(&page->rows);
}

int sk_page_reverse(struct sk_page *page)
{
	struct sk_buf out = SK_BUF(page->rows.max);
	size_t end = page->rows.size;
	int r = 0;

	while (!r && end > 0) {
		const char *before = end > 1 ? memrchr(page->rows.data, '\n', end - 1) : NULL;
		size_t start = before ? (size_t)(before + 1 - page->rows.data) : 0;

		r = sk_buf_append(&out, page->rows.data + start, end - start);
		end = start;
	}
	sk_buf_done(r ? &out : &page->rows);
	if (!r)
		page->rows = out;
	return r;
}

struct sk_events *sk_events_close(struct sk_events *events)
{
	if (events)
		events->ops->close(events);
	return NULL;
}

void sk_events_close_p(struct sk_events **events)
{
	*events = sk_events_close(*events);
}

struct sk_reader *sk_reader_close(struct sk_reader *reader)
{
	if (reader)
		reader->ops->close(reader);
	return NULL;
}

void sk_reader_close_p(struct sk_reader **reader)
{
	*reader = sk_reader_close(*reader);
}

static void close_reader(struct sk_reader *reader)
{
	struct sk_sqlite_reader *r = (struct sk_sqlite_reader *)reader;

	sk_sql_close(r->sql);
	sk_buf_done(&r->space);
	free(r);
}

static const struct sk_reader_ops reader_ops = {
	.search = sk_sqlite_search,
	.get = sk_sqlite_get,
	.around = sk_sqlite_around,
	.follow = sk_sqlite_follow,
	.counts = sk_sqlite_counts,
	.stats = sk_sqlite_stats,
	.streams = sk_sqlite_streams,
	.gaps = sk_sqlite_gaps,
	.close = close_reader,
};

int sk_sqlite_reader(const char *path, struct sk_reader **ret_reader)
{
	struct sk_sqlite_reader *r = sk_calloc(1, sizeof *r);
	char file[4096];
	int error;

	if (!r)
		return sk_origin(-ENOMEM);
	snprintf(file, sizeof file, "%s/events.db", path);
	r->reader.ops = &reader_ops;
	r->reader.share_ms = 1000;
	r->space.max = SK_BATCH_MAX_RAW + 1;
	error = sk_sql_open(file, SK_SQL_READ_ONLY, &r->sql);
	if (error) {
		free(r);
		return error;
	}
	*ret_reader = &r->reader;
	return 0;
}
