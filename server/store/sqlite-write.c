// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The writer of events.db: what makes "exactly once" and "no gap hidden" true.
 *
 * Of a batch [first, last] the new ranges are what lies above the stream's `last` and what lies in its gaps. A new range below fills (splits, shrinks,
 * removes) the gap; a batch that begins above last + 1 leaves a new gap behind. The acknowledged seq is last, or the one before the lowest open gap.
 * Everything of one commit() is one transaction; when it fails the stream cache is emptied, so that it never runs ahead of the disk.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/point.h"
#include "store/sqlite.h"

enum { PARTS_MAX = 64, STREAMS_MAX = 65536 };
enum { OPEN = 1u << SK_GAP_OPEN, LOST = 1u << SK_GAP_LOST, ANY = ~0u };

struct range {
	uint64_t first, last;
};

struct gap {
	int64_t id;
	struct range range;
	int state;
};

static struct sk_sqlite *sqlite_of(struct sk_events *events)
{
	return (struct sk_sqlite *)events;
}

/* ---- endpoints and streams ---- */

static int find_endpoint(struct sk_sqlite *db, const struct sk_append *a, int64_t *ret_id)
{
	int r = sk_sql_run(db->sql,
			   "INSERT INTO endpoint(agent,host,org,site) VALUES(?,?,?,?) ON CONFLICT(agent) DO UPDATE SET host=excluded.host,"
			   "org=excluded.org,site=excluded.site",
			   "tttt", a->agent, a->host, a->org, a->site);

	return r ? r : sk_sql_number(db->sql, ret_id, "SELECT id FROM endpoint WHERE agent=?", "t", a->agent);
}

static int count_gaps(struct sk_sqlite *db, struct sk_sqlite_stream *s)
{
	sqlite3_stmt *stmt;
	int r = sk_sql_use(db->sql, "SELECT count(*),sum(state=0) FROM gap WHERE stream=?", &stmt, "i", s->id);

	if (!r)
		r = sk_sql_step(db->sql, stmt);
	if (r)
		return r;
	s->gaps = (uint32_t)sqlite3_column_int64(stmt, 0);
	s->open = (uint32_t)sqlite3_column_int64(stmt, 1);
	sk_sql_reset(stmt);
	return 0;
}

static int load_stream(struct sk_sqlite *db, uint64_t epoch, uint8_t priority, struct sk_sqlite_stream *s)
{
	sqlite3_stmt *stmt;
	int r = sk_sql_run(db->sql, "INSERT INTO stream(endpoint,epoch,priority,last,received) VALUES(?,?,?,0,0) ON CONFLICT DO NOTHING", "iii",
			   s->endpoint, (int64_t)epoch, (int64_t)priority);

	if (!r)
		r = sk_sql_use(db->sql, "SELECT id,last FROM stream WHERE endpoint=? AND epoch=? AND priority=?", &stmt, "iii", s->endpoint,
			       (int64_t)epoch, (int64_t)priority);
	if (!r)
		r = sk_sql_step(db->sql, stmt);
	if (r)
		return r;
	s->id = sqlite3_column_int64(stmt, 0);
	s->last = (uint64_t)sqlite3_column_int64(stmt, 1);
	sk_sql_reset(stmt);
	return count_gaps(db, s);
}

static int make_stream(struct sk_sqlite *db, const struct sk_append *a, uint64_t epoch, uint8_t priority, struct sk_sqlite_stream **ret)
{
	_cleanup_free_ struct sk_sqlite_stream *s = sk_calloc(1, sizeof *s);
	int r;

	if (!s)
		return sk_origin(-ENOMEM);
	snprintf(s->host, sizeof s->host, "%s", a->host);
	snprintf(s->org, sizeof s->org, "%s", a->org);
	snprintf(s->site, sizeof s->site, "%s", a->site);
	r = find_endpoint(db, a, &s->endpoint);
	if (!r)
		r = load_stream(db, epoch, priority, s);
	if (r)
		return r;
	*ret = SK_TAKE(s);
	return 0;
}

static int new_map(struct sk_sqlite *db)
{
	return sk_map_new(STREAMS_MAX, free, &db->streams);
}

static int find_stream(struct sk_sqlite *db, const struct sk_append *a, uint64_t epoch, uint8_t priority, struct sk_sqlite_stream **ret)
{
	char key[SK_AGENT_ID_MAX + 32];
	int n = snprintf(key, sizeof key, "%s/%" PRIu64 "/%u", a->agent, epoch, priority), r;
	struct sk_sqlite_stream *s = sk_map_get(db->streams, key, (size_t)n);

	if (s && strcmp(s->host, a->host) == 0 && strcmp(s->org, a->org) == 0 && strcmp(s->site, a->site) == 0) {
		*ret = s;
		return 0;
	}
	r = make_stream(db, a, epoch, priority, &s);
	if (r)
		return r;
	r = sk_map_put(db->streams, key, (size_t)n, s);
	if (r == SK_FULL) { /* a cache: begin again */
		db->streams = sk_map_free(db->streams);
		r = new_map(db);
		if (!r)
			r = sk_map_put(db->streams, key, (size_t)n, s);
	}
	if (r) {
		free(s);
		return r;
	}
	*ret = s;
	return 0;
}

static int find_ack(struct sk_sqlite *db, const struct sk_sqlite_stream *s, uint64_t *ret_ack)
{
	int64_t first;
	int r;

	*ret_ack = s->last;
	if (s->open == 0)
		return 0;
	r = sk_sql_number(db->sql, &first, "SELECT min(first) FROM gap WHERE stream=? AND state=0", "i", s->id);
	if (!r)
		*ret_ack = (uint64_t)first - 1;
	return r;
}

/* ---- gaps ---- */

static int add_gap(struct sk_sqlite *db, struct sk_sqlite_stream *s, struct range range, int state, const char *reason, uint64_t seen)
{
	int r = sk_sql_run(db->sql, "INSERT INTO gap(stream,first,last,state,reason,seen) VALUES(?,?,?,?,?,?)", "iiiiti", s->id,
			   (int64_t)range.first, (int64_t)range.last, (int64_t)state, reason, (int64_t)seen);

	if (r)
		return r;
	s->gaps++;
	s->open += state == SK_GAP_OPEN;
	return 0;
}

static int take_gap(struct sk_sqlite *db, struct sk_sqlite_stream *s, const struct gap *gap)
{
	int r = sk_sql_run(db->sql, "DELETE FROM gap WHERE id=?", "i", gap->id);

	if (r)
		return r;
	s->gaps--;
	s->open -= gap->state == SK_GAP_OPEN;
	return 0;
}

/* The first gap of the stream that overlaps `range`, in one of the states (bits). SK_NONE when there is none. */
static int next_gap(struct sk_sqlite *db, const struct sk_sqlite_stream *s, struct range range, unsigned states, struct gap *ret_gap,
		    char *reason, size_t reason_size)
{
	sqlite3_stmt *stmt;
	int r;

	if (s->gaps == 0)
		return SK_NONE;
	r = sk_sql_use(db->sql,
		       "SELECT id,first,last,state,reason FROM gap WHERE stream=?1 AND first<=?3 AND last>=?2 AND (1<<state)&?4 "
		       "ORDER BY first LIMIT 1",
		       &stmt, "iiii", s->id, (int64_t)range.first, (int64_t)range.last, (int64_t)states);
	if (!r)
		r = sk_sql_step(db->sql, stmt);
	if (r)
		return r;
	ret_gap->id = sqlite3_column_int64(stmt, 0);
	ret_gap->range.first = (uint64_t)sqlite3_column_int64(stmt, 1);
	ret_gap->range.last = (uint64_t)sqlite3_column_int64(stmt, 2);
	ret_gap->state = sqlite3_column_int(stmt, 3);
	snprintf(reason, reason_size, "%s", sk_sql_text(stmt, 4));
	sk_sql_reset(stmt);
	return 0;
}

/* Cuts `range` out of the gap; what is left of it on either side stays as it was. */
static int cut_gap(struct sk_sqlite *db, struct sk_sqlite_stream *s, const struct gap *gap, struct range range, const char *reason, uint64_t seen)
{
	int r = take_gap(db, s, gap);

	if (!r && gap->range.first < range.first)
		r = add_gap(db, s, (struct range){gap->range.first, range.first - 1}, gap->state, reason, seen);
	if (!r && gap->range.last > range.last)
		r = add_gap(db, s, (struct range){range.last + 1, gap->range.last}, gap->state, reason, seen);
	return r;
}

static int set_last(struct sk_sqlite *db, struct sk_sqlite_stream *s, uint64_t last, uint64_t received)
{
	s->last = SK_MAX(s->last, last);
	return sk_sql_run(db->sql, "UPDATE stream SET last=max(last,?),received=max(received,?) WHERE id=?", "iii", (int64_t)s->last,
			  (int64_t)received, s->id);
}

/* Nothing of `range` will come: its open gaps become closed ones, and what is above `last` is one as well. */
static int close_range(struct sk_sqlite *db, struct sk_sqlite_stream *s, struct range range, int state, const char *reason, uint64_t now)
{
	unsigned which = state == SK_GAP_DROPPED ? OPEN | LOST : OPEN; /* the agent's word explains what we only missed */
	char old_reason[64];
	struct gap gap;
	int r;

	while ((r = next_gap(db, s, range, which, &gap, old_reason, sizeof old_reason)) == 0) {
		struct range part = {SK_MAX(gap.range.first, range.first), SK_MIN(gap.range.last, range.last)};

		r = cut_gap(db, s, &gap, part, old_reason, now);
		if (!r)
			r = add_gap(db, s, part, state, reason, now);
		if (r)
			return r;
	}
	if (r != SK_NONE)
		return r;
	if (range.last <= s->last)
		return 0;
	if (range.first > s->last + 1) {
		r = add_gap(db, s, (struct range){s->last + 1, range.first - 1}, SK_GAP_OPEN, "not received", now);
		if (r)
			return r;
	}
	r = add_gap(db, s, (struct range){SK_MAX(range.first, s->last + 1), range.last}, state, reason, now);
	return r ? r : set_last(db, s, range.last, 0);
}

/* ---- one batch ---- */

/* The ranges of the batch that were not there before, ascending; those below `last` are cut out of their gaps at once. */
static int find_parts(struct sk_sqlite *db, struct sk_sqlite_stream *s, struct range batch, struct range parts[PARTS_MAX], size_t *ret_count,
		      uint64_t now)
{
	char reason[64];
	struct gap gap;
	size_t count = 0;
	int r = SK_NONE;

	while (count < PARTS_MAX - 1 && (r = next_gap(db, s, batch, ANY, &gap, reason, sizeof reason)) == 0) {
		parts[count] = (struct range){SK_MAX(gap.range.first, batch.first), SK_MIN(gap.range.last, batch.last)};
		r = cut_gap(db, s, &gap, parts[count++], reason, now);
		if (r)
			return r;
	}
	if (r && r != SK_NONE)
		return r;
	/* More gaps than places: the rest stays open and is not acknowledged, so the agent sends it again. */
	if (r == SK_NONE && batch.last > s->last)
		parts[count++] = (struct range){SK_MAX(batch.first, s->last + 1), batch.last};
	*ret_count = count;
	return 0;
}

static int store_tallies(struct sk_sqlite *db, const struct sk_append *a, const struct sk_summary *summary)
{
	int r = 0;

	for (size_t i = 0; !r && i < summary->tally_count; i++) {
		const struct sk_tally *t = &summary->tallies[i];

		r = sk_sql_run(db->sql,
			       "INSERT INTO minute VALUES(?,?,?,?,?,?) ON CONFLICT DO UPDATE SET count=count+excluded.count", "ittiii",
			       (int64_t)t->minute, a->org, a->site, (int64_t)t->class_uid, (int64_t)t->severity_id, (int64_t)t->count);
	}
	return r;
}

/* Part of a batch was there before: the minutes count what is new alone, so the block is opened once more. */
static int store_part_tallies(struct sk_sqlite *db, const struct sk_append *a, struct range part)
{
	struct sk_summary summary;
	struct sk_diag diag = {0};
	int r;

	sk_buf_clear(&db->space);
	r = sk_batch_unpack(&a->batch, &db->space, &diag);
	if (!r)
		r = sk_summarise(db->space.data, db->space.size, (uint32_t)(part.first - a->batch.first_seq),
				 (uint32_t)(part.last - a->batch.first_seq), a->received, false, &summary, &diag);
	if (r)
		return r;
	r = store_tallies(db, a, &summary);
	sk_summary_done(&summary);
	return r;
}

static void put_classes(const struct sk_summary *summary, uint8_t out[SK_APPEND_CLASSES * 4], size_t *ret_size)
{
	struct sk_writer w;

	sk_writer_init(&w, out, SK_APPEND_CLASSES * 4);
	for (unsigned i = 0; i < summary->class_count; i++)
		sk_put_u32(&w, summary->classes[i]);
	*ret_size = w.at;
}

static int store_part(struct sk_sqlite *db, const struct sk_append *a, const struct sk_sqlite_stream *s, int64_t block, struct range part)
{
	const struct sk_summary *m = &a->summary;
	const struct sk_batch *b = &a->batch;
	uint8_t classes[SK_APPEND_CLASSES * 4];
	size_t classes_size;

	put_classes(m, classes, &classes_size);
	return sk_sql_run(db->sql,
			  "INSERT INTO batch(stream,endpoint,priority,block,block_first,count,raw_size,size,first,last,received,time_min,time_max,"
			  "severities,classes) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
			  "iiiiiiiiiiiiiib", s->id, s->endpoint, (int64_t)b->priority, block, (int64_t)b->first_seq, (int64_t)b->count,
			  (int64_t)b->raw_size, (int64_t)b->packed_size, (int64_t)part.first, (int64_t)part.last, (int64_t)a->received,
			  (int64_t)m->time_min, (int64_t)m->time_max, (int64_t)m->severities, classes, classes_size);
}

static int store_parts(struct sk_sqlite *db, const struct sk_append *a, struct sk_sqlite_stream *s, const struct range *parts, size_t count)
{
	int64_t block;
	int r = sk_sql_run(db->sql, "INSERT INTO block(filter,data) VALUES(?,?)", "bb", a->summary.filter.bits, a->summary.filter_size,
			   a->batch.packed, a->batch.packed_size);

	if (r)
		return r;
	block = sk_sql_last_id(db->sql);
	for (size_t i = 0; !r && i < count; i++) {
		r = store_part(db, a, s, block, parts[i]);
		if (r)
			break;
		if (parts[i].last - parts[i].first + 1 == a->batch.count)
			r = store_tallies(db, a, &a->summary);
		else
			r = store_part_tallies(db, a, parts[i]);
	}
	return r;
}

static int apply_losses(struct sk_sqlite *db, const struct sk_append *a)
{
	struct sk_sqlite_stream *s;
	int r = 0;

	for (size_t i = 0; !r && i < a->summary.loss_count; i++) {
		const struct sk_loss *l = &a->summary.losses[i];

		r = find_stream(db, a, l->epoch, l->priority, &s);
		if (!r)
			r = close_range(db, s, (struct range){l->first, l->last}, SK_GAP_DROPPED, "dropped by the agent", a->received);
	}
	return r;
}

static int add_totals(struct sk_sqlite *db, uint64_t fresh, size_t parts, size_t bytes, uint64_t duplicates)
{
	return sk_sql_run(db->sql, "UPDATE total SET events=events+?,batches=batches+?,bytes=bytes+?,duplicates=duplicates+?", "iiii", (int64_t)fresh,
			  (int64_t)parts, (int64_t)bytes, (int64_t)duplicates);
}

static int append_parts(struct sk_sqlite *db, struct sk_events_item *item, struct sk_sqlite_stream *s)
{
	const struct sk_append *a = item->append;
	struct range batch = {a->batch.first_seq, a->batch.first_seq + a->batch.count - 1}, parts[PARTS_MAX];
	size_t count;
	int r = 0;

	if (batch.first > s->last + 1)
		r = add_gap(db, s, (struct range){s->last + 1, batch.first - 1}, SK_GAP_OPEN, "not received", a->received);
	if (!r)
		r = find_parts(db, s, batch, parts, &count, a->received);
	if (!r && count > 0)
		r = store_parts(db, a, s, parts, count);
	if (r)
		return r;
	item->fresh = 0;
	for (size_t i = 0; i < count; i++)
		item->fresh += (uint32_t)(parts[i].last - parts[i].first + 1);
	r = count > 0 ? set_last(db, s, parts[count - 1].last, a->received) : 0;
	return r ? r : add_totals(db, item->fresh, count, count ? a->batch.packed_size : 0, a->batch.count - item->fresh);
}

static int refuse(struct sk_events_item *item, const char *why)
{
	item->result = SK_BAD;
	item->why = why;
	return 0;
}

/* What is refused is refused before anything of it is written. */
static int append_one(struct sk_sqlite *db, struct sk_events_item *item)
{
	const struct sk_append *a = item->append;
	struct sk_sqlite_stream *s;
	int r;

	item->result = 0;
	if (a->batch.epoch > INT64_MAX || a->batch.first_seq > INT64_MAX - SK_BATCH_MAX_EVENTS)
		return refuse(item, "epoch or seq is out of range");
	r = find_stream(db, a, a->batch.epoch, a->batch.priority, &s);
	if (r)
		return r;
	if (s->gaps >= SK_EVENTS_GAPS_MAX && a->batch.first_seq != s->last + 1) {
		r = find_ack(db, s, &item->ack);
		if (r || a->batch.first_seq != item->ack + 1)
			return r ? r : refuse(item, "too many gaps in this stream");
	}
	r = append_parts(db, item, s);
	if (!r)
		r = apply_losses(db, a);
	return r ? r : find_ack(db, s, &item->ack);
}

/* After a failure: back to what is on the disk. */
static int undo(struct sk_sqlite *db, int error)
{
	sk_sql_rollback(db->sql);
	db->streams = sk_map_free(db->streams);
	if (new_map(db))
		return -ENOMEM;
	return error == SK_BAD || error == SK_NONE ? sk_origin(-EIO) : error; /* a constraint refused what the rules above allowed */
}

static int commit(struct sk_events *events, struct sk_events_item *items, size_t count)
{
	struct sk_sqlite *db = sqlite_of(events);
	int r = sk_sql_begin(db->sql);

	for (size_t i = 0; !r && i < count; i++)
		r = append_one(db, &items[i]);
	if (!r)
		r = sk_sql_run(db->sql, "UPDATE total SET commits=commits+1", "");
	if (!r) {
		SK_POINT("store.commit");
		r = sk_sql_commit(db->sql);
	}
	return r ? undo(db, r) : 0;
}

static int resync_stream(struct sk_sqlite *db, const struct sk_append *who, struct sk_resync *resync, uint8_t priority)
{
	uint64_t first = resync->streams[priority].first;
	struct sk_sqlite_stream *s;
	int r = find_stream(db, who, resync->epoch, priority, &s);

	if (!r && first > 1 && (s->open > 0 || s->last + 1 < first))
		r = close_range(db, s, (struct range){1, first - 1}, SK_GAP_LOST, "acknowledged before, and not in this store", who->received);
	return r ? r : find_ack(db, s, &resync->streams[priority].ack);
}

static int resync(struct sk_events *events, struct sk_resync *resync)
{
	struct sk_sqlite *db = sqlite_of(events);
	struct sk_append who = {.received = resync->now};
	int r = sk_sql_begin(db->sql);

	snprintf(who.agent, sizeof who.agent, "%s", resync->agent);
	snprintf(who.host, sizeof who.host, "%s", resync->host);
	snprintf(who.org, sizeof who.org, "%s", resync->org);
	snprintf(who.site, sizeof who.site, "%s", resync->site);
	for (uint8_t p = 0; !r && p < SK_PRIORITIES; p++)
		if (resync->streams[p].known)
			r = resync_stream(db, &who, resync, p);
	if (!r)
		r = sk_sql_commit(db->sql);
	return r ? undo(db, r) : 0;
}

static void close_events(struct sk_events *events)
{
	struct sk_sqlite *db = sqlite_of(events);

	sk_sql_close(db->sql);
	sk_map_free(db->streams);
	sk_buf_done(&db->space);
	free(db);
}

static const struct sk_events_ops ops = {.commit = commit, .resync = resync, .keep = sk_sqlite_keep, .close = close_events};

int sk_sqlite_open(const char *path, struct sk_events **ret_events)
{
	struct sk_sqlite *db = sk_calloc(1, sizeof *db);
	char file[4096];
	int r;

	if (!db)
		return sk_origin(-ENOMEM);
	db->events.ops = &ops;
	db->space.max = SK_BATCH_MAX_RAW + 1;
	snprintf(file, sizeof file, "%s/events.db", path);
	r = new_map(db);
	if (!r)
		r = sk_sql_open(file, SK_SQL_BULK, &db->sql);
	if (!r)
		r = sk_sql_migrate(db->sql, sk_sqlite_scripts, sk_sqlite_script_count);
	if (r == -EBADMSG)
		sk_log(SK_LOG_ERROR, "%s is damaged: stop the server, move the file away and run `sekisho server restore`", file);
	if (r) {
		close_events(&db->events);
		return r;
	}
	*ret_events = &db->events;
	return 0;
}
