// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Retention: whole batches by age and by size, a bounded number in one transaction, and the pages they held given back to the file system.
 * Streams and gaps stay: they are what recognises a resend.
 */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "store/sqlite.h"

enum { CHUNK = 200 };

struct victim {
	int64_t id, block;
	uint64_t events, size, time_min, time_max;
};

static int collect(struct sk_sqlite *db, sqlite3_stmt *stmt, struct victim victims[CHUNK], size_t *ret_count)
{
	size_t count = 0;
	int r = SK_NONE;

	while (count < CHUNK && (r = sk_sql_step(db->sql, stmt)) == 0) {
		victims[count].id = sqlite3_column_int64(stmt, 0);
		victims[count].block = sqlite3_column_int64(stmt, 1);
		victims[count].events = (uint64_t)sqlite3_column_int64(stmt, 2);
		victims[count].size = (uint64_t)sqlite3_column_int64(stmt, 3);
		victims[count].time_min = (uint64_t)sqlite3_column_int64(stmt, 4);
		victims[count++].time_max = (uint64_t)sqlite3_column_int64(stmt, 5);
	}
	sk_sql_reset(stmt);
	*ret_count = count;
	return r == SK_NONE ? 0 : r;
}

static int too_old(struct sk_sqlite *db, uint64_t cutoff, struct victim victims[CHUNK], size_t *ret_count)
{
	sqlite3_stmt *stmt;
	int r = sk_sql_use(db->sql, "SELECT id,block,last-first+1,size,time_min,time_max FROM batch WHERE time_max<? ORDER BY time_max", &stmt,
			   "i", (int64_t)cutoff);

	return r ? r : collect(db, stmt, victims, ret_count);
}

/* The oldest of the least important priority first, no more than makes up `excess`. */
static int too_many(struct sk_sqlite *db, uint64_t excess, struct victim victims[CHUNK], size_t *ret_count)
{
	sqlite3_stmt *stmt;
	uint64_t sum = 0;
	size_t count, i;
	int r = sk_sql_use(db->sql, "SELECT id,block,last-first+1,size,time_min,time_max FROM batch ORDER BY priority DESC, id", &stmt, "");

	if (!r)
		r = collect(db, stmt, victims, &count);
	if (r)
		return r;
	for (i = 0; i < count && sum < excess; i++)
		sum += victims[i].size;
	*ret_count = i;
	return 0;
}

static int remove_one(struct sk_sqlite *db, const struct victim *v, struct sk_removed *removed)
{
	int64_t users;
	int r = sk_sql_run(db->sql, "DELETE FROM batch WHERE id=?", "i", v->id);

	if (!r)
		r = sk_sql_number(db->sql, &users, "SELECT count(*) FROM batch WHERE block=?", "i", v->block);
	if (!r && users == 0) {
		r = sk_sql_run(db->sql, "DELETE FROM block WHERE id=?", "i", v->block);
		removed->bytes += v->size;
	}
	removed->batches++;
	removed->events += v->events;
	removed->oldest = SK_MIN(removed->oldest, v->time_min);
	removed->newest = SK_MAX(removed->newest, v->time_max);
	return r;
}

static int remove_all(struct sk_sqlite *db, const struct victim *victims, size_t count, struct sk_removed *removed)
{
	int r = 0;

	for (size_t i = 0; !r && i < count; i++)
		r = remove_one(db, &victims[i], removed);
	if (!r)
		r = sk_sql_run(db->sql,
			       "UPDATE total SET events=events-?1,batches=batches-?2,bytes=bytes-?3,removed_events=removed_events+?1,"
			       "removed_batches=removed_batches+?2,removed_bytes=removed_bytes+?3",
			       "iii", (int64_t)removed->events, (int64_t)removed->batches, (int64_t)removed->bytes);
	return r;
}

static int choose(struct sk_sqlite *db, const struct sk_keep *limits, uint64_t now, struct victim victims[CHUNK], size_t *count)
{
	int64_t bytes;
	int r = 0;

	*count = 0;
	if (limits->max_age_ms && now > limits->max_age_ms)
		r = too_old(db, now - limits->max_age_ms, victims, count);
	if (r || *count || !limits->max_bytes)
		return r;
	r = sk_sql_number(db->sql, &bytes, "SELECT bytes FROM total", "");
	if (!r && (uint64_t)bytes > limits->max_bytes)
		r = too_many(db, (uint64_t)bytes - limits->max_bytes, victims, count);
	return r;
}

static int forget_minutes(struct sk_sqlite *db, const struct sk_keep *limits, uint64_t now)
{
	if (!limits->max_age_ms || now <= limits->max_age_ms)
		return 0;
	return sk_sql_run(db->sql, "DELETE FROM minute WHERE minute<?", "i", (int64_t)((now - limits->max_age_ms) / 60000));
}

static int give_back(struct sk_sqlite *db)
{
	sqlite3_stmt *stmt;
	int r = sk_sql_use(db->sql, "PRAGMA incremental_vacuum(2000)", &stmt, "");

	while (!r)
		r = sk_sql_step(db->sql, stmt);
	return r == SK_NONE ? 0 : r;
}

int sk_sqlite_keep(struct sk_events *events, const struct sk_keep *limits, uint64_t now, struct sk_removed *ret_removed)
{
	struct sk_sqlite *db = (struct sk_sqlite *)events;
	struct victim victims[CHUNK];
	struct sk_removed removed = {.oldest = UINT64_MAX};
	size_t count;
	int r = sk_sql_begin(db->sql);

	if (!r)
		r = choose(db, limits, now, victims, &count);
	if (!r)
		r = remove_all(db, victims, count, &removed);
	if (!r)
		r = forget_minutes(db, limits, now);
	if (!r)
		r = sk_sql_commit(db->sql);
	if (r) {
		sk_sql_rollback(db->sql);
		return r;
	}
	removed.more = count == CHUNK;
	*ret_removed = removed;
	return removed.bytes ? give_back(db) : 0;
}
