// SPDX-License-Identifier: GPL-3.0-or-later
/* The other questions a reader answers: one event, its surroundings, counts over time, sums, streams and gaps. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "event/event.h"
#include "event/pull.h"
#include "store/sqlite.h"

static const char *const gap_states[] = {"open", "dropped", "lost"};

static struct sk_sqlite_reader *reader_of(struct sk_reader *reader)
{
	return (struct sk_sqlite_reader *)reader;
}

/* ---- one event ---- */

/* The batch that holds the event. SK_NONE: there is none, or the asker may not see it. */
static int find_batch(struct sk_sqlite_reader *r, const char *id, const struct sk_query *scopes, struct sk_sqlite_batch *batch, uint64_t *ret_seq)
{
	char agent[SK_AGENT_ID_MAX + 1];
	sqlite3_stmt *stmt;
	uint64_t epoch, seq;
	uint8_t priority;
	int error;

	if (sk_event_id_read(id, agent, sizeof agent, &epoch, &priority, &seq) || epoch > INT64_MAX || seq > INT64_MAX)
		return SK_NONE;
	error = sk_sql_use(r->sql, SK_SQLITE_BATCH "WHERE e.agent=? AND s.epoch=? AND s.priority=? AND b.last>=? AND b.first<=? LIMIT 1", &stmt,
			   "tiiii", agent, (int64_t)epoch, (int64_t)priority, (int64_t)seq, (int64_t)seq);
	if (!error)
		error = sk_sql_step(r->sql, stmt);
	if (error)
		return error;
	sk_sqlite_batch_read(stmt, batch);
	sk_sql_reset(stmt);
	*ret_seq = seq;
	return sk_query_sees(scopes, batch->org, batch->site) ? 0 : SK_NONE;
}

/* Its line, inside r->space. */
static int find_line(struct sk_sqlite_reader *r, const struct sk_sqlite_batch *batch, uint64_t seq, const char **ret_line, size_t *ret_size)
{
	size_t position = 0, size;
	const char *line;
	int error = sk_sqlite_block(r, batch);

	if (error)
		return error;
	for (uint64_t at = batch->block_first; (line = sk_event_next_line(r->space.data, r->space.size, &position, &size)); at++)
		if (at == seq) {
			*ret_line = line;
			*ret_size = size;
			return 0;
		}
	return SK_BAD;
}

int sk_sqlite_get(struct sk_reader *reader, const char *id, const struct sk_query *scopes, struct sk_page *page)
{
	struct sk_sqlite_reader *r = reader_of(reader);
	struct sk_sqlite_batch batch;
	const char *line;
	uint64_t seq;
	size_t size;
	int error = find_batch(r, id, scopes, &batch, &seq);

	if (!error)
		error = find_line(r, &batch, seq, &line, &size);
	if (!error)
		error = sk_sqlite_row(&batch, seq, line, size, &page->rows);
	if (!error)
		page->count = 1;
	page->damaged += error == SK_BAD;
	return error < 0 ? error : 0;
}

static int append_page(struct sk_page *to, const struct sk_page *from)
{
	to->count += from->count;
	to->damaged += from->damaged;
	to->opened += from->opened;
	if (from->has_next)
		to->complete = false;
	return sk_buf_append(&to->rows, from->rows.data ? from->rows.data : "", from->rows.size);
}

/* The older half, newest first so that the limit cuts off what is furthest away, then turned round; then the event and the newer half. */
static int both_sides(struct sk_reader *reader, struct sk_query *q, const struct sk_key *key, uint64_t seconds, struct sk_page *page)
{
	struct sk_page side;
	int r;

	q->has_after = true;
	q->after = *key;
	q->since = key->when > seconds * 1000 ? key->when - seconds * 1000 : 0;
	q->until = key->when + seconds * 1000 + 1;
	r = sk_sqlite_search(reader, q, page);
	if (!r)
		r = sk_page_reverse(page);
	if (r)
		return r;
	page->complete = !page->has_next;
	q->oldest = true;
	q->after.seq--; /* the event itself belongs to this half */
	sk_page_init(&side);
	r = sk_sqlite_search(reader, q, &side);
	if (!r)
		r = append_page(page, &side);
	sk_page_done(&side);
	page->has_next = false;
	return r == SK_FULL ? 0 : r;
}

int sk_sqlite_around(struct sk_reader *reader, const char *id, uint64_t seconds, const struct sk_query *scopes, struct sk_page *page)
{
	struct sk_sqlite_reader *r = reader_of(reader);
	struct sk_event_columns c;
	struct sk_sqlite_batch batch;
	struct sk_query q = *scopes;
	struct sk_key key;
	const char *line;
	size_t size;
	int error = find_batch(r, id, scopes, &batch, &key.seq);

	if (!error)
		error = find_line(r, &batch, key.seq, &line, &size);
	if (!error)
		error = sk_event_scan(line, size, &c, NULL);
	if (error)
		return error == SK_BAD ? SK_NONE : error;
	key.stream = batch.stream;
	key.when = sk_when(c.time_ms, batch.received);
	q.endpoints[0] = batch.agent;
	q.endpoint_count = 1;
	q.limit = SK_MAX(scopes->limit / 2, (size_t)1);
	q.oldest = false;
	return both_sides(reader, &q, &key, seconds, page);
}

/* ---- counts over time ---- */

static bool wants_class(const struct sk_query *q, int64_t class_uid)
{
	for (size_t i = 0; i < q->class_count; i++)
		if (q->classes[i] == class_uid)
			return true;
	return q->class_count == 0;
}

struct point {
	int64_t time, class_uid, severity, count;
};

static void put_point(struct sk_jw *w, const struct point *p, unsigned *points)
{
	if (p->count == 0 || ++*points > SK_STORE_POINTS_MAX)
		return;
	sk_jw_open(w, NULL, '{');
	sk_jw_put_int(w, "time", p->time);
	sk_jw_put_int(w, "class", p->class_uid);
	sk_jw_put_int(w, "severity", p->severity);
	sk_jw_put_int(w, "count", p->count);
	sk_jw_close(w, '}');
}

static int put_points(struct sk_sqlite_reader *r, sqlite3_stmt *stmt, const struct sk_query *q, struct sk_jw *w, unsigned *points)
{
	struct point now = {0}, row;
	int error;

	while ((error = sk_sql_step(r->sql, stmt)) == 0) {
		if (!sk_query_sees(q, sk_sql_text(stmt, 3), sk_sql_text(stmt, 4)) || !wants_class(q, sqlite3_column_int64(stmt, 1)))
			continue;
		row = (struct point){sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1), sqlite3_column_int64(stmt, 2),
				     sqlite3_column_int64(stmt, 5)};
		if (row.time == now.time && row.class_uid == now.class_uid && row.severity == now.severity) {
			now.count += row.count;
			continue;
		}
		put_point(w, &now, points);
		now = row;
	}
	put_point(w, &now, points);
	return error == SK_NONE ? 0 : error;
}

int sk_sqlite_counts(struct sk_reader *reader, const struct sk_query *query, uint64_t step_ms, struct sk_buf *out)
{
	struct sk_sqlite_reader *r = reader_of(reader);
	uint64_t until = SK_MIN(query->until, (uint64_t)INT64_MAX - 60000);
	unsigned points = 0;
	sqlite3_stmt *stmt;
	struct sk_jw w;
	int error = sk_sql_use(r->sql,
			       "SELECT minute*60000/?1*?1 AS at,class,severity,org,site,sum(count) FROM minute WHERE minute>=?2 AND minute<?3 "
			       "GROUP BY at,class,severity,org,site ORDER BY at,class,severity",
			       &stmt, "iii", (int64_t)step_ms, (int64_t)(query->since / 60000), (int64_t)((until + 59999) / 60000));

	if (error)
		return error;
	sk_jw_init(&w, out);
	sk_jw_open(&w, NULL, '{');
	sk_jw_put_uint(&w, "step", step_ms);
	sk_jw_open(&w, "points", '[');
	error = put_points(r, stmt, query, &w, &points);
	sk_jw_close(&w, ']');
	sk_jw_put_bool(&w, "complete", points <= SK_STORE_POINTS_MAX);
	sk_jw_close(&w, '}');
	return error ? error : w.error;
}

/* ---- sums ---- */

static int put_totals(struct sk_sqlite_reader *r, struct sk_jw *w)
{
	static const char *const names[] = {"events", "batches", "bytes", "duplicates", "commits"};
	static const char *const removed[] = {"events", "batches", "bytes"};
	sqlite3_stmt *stmt;
	int error = sk_sql_use(r->sql,
			       "SELECT events,batches,bytes,duplicates,commits,removed_events,removed_batches,removed_bytes FROM total", &stmt, "");

	if (!error)
		error = sk_sql_step(r->sql, stmt);
	if (error)
		return error;
	for (int i = 0; i < 5; i++)
		sk_jw_put_int(w, names[i], sqlite3_column_int64(stmt, i));
	sk_jw_open(w, "removed", '{');
	for (int i = 0; i < 3; i++)
		sk_jw_put_int(w, removed[i], sqlite3_column_int64(stmt, 5 + i));
	sk_jw_close(w, '}');
	sk_sql_reset(stmt);
	return 0;
}

static int put_number(struct sk_sqlite_reader *r, struct sk_jw *w, const char *name, const char *sql)
{
	int64_t value;
	int error = sk_sql_number(r->sql, &value, sql, "");

	if (!error)
		sk_jw_put_int(w, name, value);
	return error;
}

int sk_sqlite_stats(struct sk_reader *reader, struct sk_buf *out)
{
	struct sk_sqlite_reader *r = reader_of(reader);
	struct sk_jw w;
	int error;

	sk_jw_init(&w, out);
	sk_jw_open(&w, NULL, '{');
	error = put_totals(r, &w);
	if (!error)
		error = put_number(r, &w, "oldest", "SELECT ifnull(min(time_min),0) FROM batch");
	if (!error)
		error = put_number(r, &w, "newest", "SELECT ifnull(max(time_max),0) FROM batch");
	if (!error)
		error = put_number(r, &w, "gaps", "SELECT count(*) FROM gap WHERE state=0");
	if (!error)
		error = put_number(r, &w, "lost", "SELECT ifnull(sum(last-first+1),0) FROM gap WHERE state<>0");
	sk_jw_close(&w, '}');
	return error ? error : w.error;
}

/* ---- streams and gaps ---- */

int sk_sqlite_streams(struct sk_reader *reader, const char *agent, const struct sk_query *scopes, struct sk_buf *out)
{
	struct sk_sqlite_reader *r = reader_of(reader);
	sqlite3_stmt *stmt;
	struct sk_jw w;
	int error = sk_sql_use(r->sql,
			       "SELECT e.agent,e.org,e.site,s.epoch,s.priority,s.last,s.received,"
			       "ifnull((SELECT min(g.first)-1 FROM gap g WHERE g.stream=s.id AND g.state=0),s.last) "
			       "FROM stream s JOIN endpoint e ON e.id=s.endpoint WHERE ?1 IS NULL OR e.agent=?1 ORDER BY s.id DESC LIMIT 100000",
			       &stmt, "t", agent);

	if (error)
		return error;
	sk_jw_init(&w, out);
	sk_jw_open(&w, NULL, '{');
	sk_jw_open(&w, "streams", '[');
	while ((error = sk_sql_step(r->sql, stmt)) == 0) {
		if (!sk_query_sees(scopes, sk_sql_text(stmt, 1), sk_sql_text(stmt, 2)))
			continue;
		sk_jw_open(&w, NULL, '{');
		sk_jw_put_str(&w, "agent", sk_sql_text(stmt, 0));
		sk_jw_put_int(&w, "epoch", sqlite3_column_int64(stmt, 3));
		sk_jw_put_int(&w, "priority", sqlite3_column_int64(stmt, 4));
		sk_jw_put_int(&w, "ack", sqlite3_column_int64(stmt, 7));
		sk_jw_put_int(&w, "last", sqlite3_column_int64(stmt, 5));
		sk_jw_put_int(&w, "received", sqlite3_column_int64(stmt, 6));
		sk_jw_close(&w, '}');
	}
	sk_jw_close(&w, ']');
	sk_jw_close(&w, '}');
	return error == SK_NONE ? w.error : error;
}

static void put_gap(struct sk_jw *w, sqlite3_stmt *stmt)
{
	static const char *const texts[] = {"agent", "org", "site"}, *const numbers[] = {"epoch", "priority", "first", "last"};
	int state = sqlite3_column_int(stmt, 7);

	sk_jw_open(w, NULL, '{');
	for (int i = 0; i < 3; i++)
		sk_jw_put_bytes(w, texts[i], sk_sql_text(stmt, i), strlen(sk_sql_text(stmt, i)));
	for (int i = 0; i < 4; i++)
		sk_jw_put_int(w, numbers[i], sqlite3_column_int64(stmt, 3 + i));
	sk_jw_put_str(w, "state", state >= 0 && state < 3 ? gap_states[state] : "?");
	sk_jw_put_str(w, "reason", sk_sql_text(stmt, 8));
	sk_jw_put_int(w, "seen", sqlite3_column_int64(stmt, 9));
	sk_jw_close(w, '}');
}

int sk_sqlite_gaps(struct sk_reader *reader, const char *agent, const struct sk_query *scopes, struct sk_buf *out)
{
	struct sk_sqlite_reader *r = reader_of(reader);
	sqlite3_stmt *stmt;
	struct sk_jw w;
	size_t count = 0;
	int error = sk_sql_use(r->sql,
			       "SELECT e.agent,e.org,e.site,s.epoch,s.priority,g.first,g.last,g.state,g.reason,g.seen FROM gap g "
			       "JOIN stream s ON s.id=g.stream JOIN endpoint e ON e.id=s.endpoint WHERE ?1 IS NULL OR e.agent=?1 ORDER BY g.id DESC",
			       &stmt, "t", agent);

	if (error)
		return error;
	sk_jw_init(&w, out);
	sk_jw_open(&w, NULL, '{');
	sk_jw_open(&w, "gaps", '[');
	while (count < scopes->limit && (error = sk_sql_step(r->sql, stmt)) == 0) {
		if (!sk_query_sees(scopes, sk_sql_text(stmt, 1), sk_sql_text(stmt, 2)))
			continue;
		put_gap(&w, stmt);
		count++;
	}
	sk_sql_reset(stmt);
	sk_jw_close(&w, ']');
	sk_jw_close(&w, '}');
	return error == SK_NONE ? w.error : error;
}
