// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Searching events.db.
 *
 * Batches are walked by time (newest first: by time_max; oldest first: by time_min); what a batch's row or filter rules out is not opened. The best
 * limit + 1 matches so far stand in a heap whose root is the worst of them: once it is full and the next batch lies wholly behind the root, the page
 * is done. When the share of time is used up first, matches that lie before the next batch are final, the others are given up, and `next` says where to go
 * on; at least one step forward is made however long it takes.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "event/event.h"
#include "event/pull.h"
#include "os/clock.h"
#include "store/sqlite.h"

struct hit {
	struct sk_key key;
	char *line;
	size_t size;
	struct sk_sqlite_batch *batch; /* shared by its hits, in search.batches */
};

struct kept_batch {
	struct kept_batch *next;
	struct sk_sqlite_batch batch;
};

struct search {
	struct sk_sqlite_reader *reader;
	const struct sk_query *query;
	struct sk_page *page;
	struct hit *heap;
	size_t count, room;
	struct kept_batch *batches;
	uint64_t deadline;
	uint64_t looked; /* batches */
};

static struct sk_sqlite_reader *reader_of(struct sk_reader *reader)
{
	return (struct sk_sqlite_reader *)reader;
}

/* ---- one batch ---- */

static void copy_text(char *out, size_t size, const char *text)
{
	size_t length = strlen(text);

	length = SK_MIN(length, size - 1);
	memcpy(out, text, length);
	out[length] = '\0';
}

static void read_classes(sqlite3_stmt *stmt, int column, struct sk_sqlite_batch *b)
{
	struct sk_cursor c;

	sk_cursor_init(&c, sqlite3_column_blob(stmt, column), (size_t)sqlite3_column_bytes(stmt, column));
	b->class_count = 0;
	while (sk_cursor_left(&c) >= 4 && b->class_count < SK_APPEND_CLASSES)
		b->classes[b->class_count++] = sk_get_u32(&c);
	b->any_class = b->class_count == 0;
}

void sk_sqlite_batch_read(sqlite3_stmt *stmt, struct sk_sqlite_batch *b)
{
	b->id = sqlite3_column_int64(stmt, 0);
	b->block = sqlite3_column_int64(stmt, 1);
	b->stream = (uint64_t)sqlite3_column_int64(stmt, 2);
	b->block_first = (uint64_t)sqlite3_column_int64(stmt, 3);
	b->first = (uint64_t)sqlite3_column_int64(stmt, 4);
	b->last = (uint64_t)sqlite3_column_int64(stmt, 5);
	b->received = (uint64_t)sqlite3_column_int64(stmt, 6);
	b->time_min = (uint64_t)sqlite3_column_int64(stmt, 7);
	b->time_max = (uint64_t)sqlite3_column_int64(stmt, 8);
	b->epoch = (uint64_t)sqlite3_column_int64(stmt, 9);
	b->count = (uint32_t)sqlite3_column_int64(stmt, 10);
	b->raw_size = (uint32_t)sqlite3_column_int64(stmt, 11);
	b->priority = (uint8_t)sqlite3_column_int(stmt, 12);
	b->severities = (uint8_t)sqlite3_column_int(stmt, 13);
	read_classes(stmt, 14, b);
	copy_text(b->agent, sizeof b->agent, sk_sql_text(stmt, 15));
	copy_text(b->host, sizeof b->host, sk_sql_text(stmt, 16));
	copy_text(b->org, sizeof b->org, sk_sql_text(stmt, 17));
	copy_text(b->site, sizeof b->site, sk_sql_text(stmt, 18));
}

static bool class_may_match(const struct sk_query *query, const struct sk_sqlite_batch *b)
{
	for (size_t i = 0; i < query->class_count; i++)
		for (size_t k = 0; k < b->class_count; k++)
			if (query->classes[i] == b->classes[k])
				return true;
	return query->class_count == 0 || b->any_class;
}

static int filter_may_match(struct sk_sqlite_reader *r, const struct sk_query *query, const struct sk_sqlite_batch *b)
{
	const uint8_t *filter;
	sqlite3_stmt *stmt;
	size_t size;
	int error, yes;

	if (query->path_size == 0 && query->text_size == 0)
		return 1;
	error = sk_sql_use(r->sql, "SELECT filter FROM block WHERE id=?", &stmt, "i", b->block);
	if (!error)
		error = sk_sql_step(r->sql, stmt);
	if (error)
		return error == SK_NONE ? 1 : error; /* without a filter the block itself decides */
	filter = sqlite3_column_blob(stmt, 0);
	size = (size_t)sqlite3_column_bytes(stmt, 0);
	yes = sk_filter_may_hold(filter, size, query->path, query->path_size) &&
	      sk_filter_may_hold(filter, size, query->text, query->text_size);
	sk_sql_reset(stmt);
	return yes;
}

int sk_sqlite_worth(struct sk_sqlite_reader *r, const struct sk_query *query, const struct sk_sqlite_batch *b)
{
	if (!(query->severities & b->severities) || !class_may_match(query, b) || !sk_query_sees(query, b->org, b->site) ||
	    !sk_query_wants(query, b->agent, b->host))
		return 0;
	return filter_may_match(r, query, b);
}

int sk_sqlite_block(struct sk_sqlite_reader *r, const struct sk_sqlite_batch *b)
{
	struct sk_batch batch = {.epoch = b->epoch, .priority = b->priority, .first_seq = b->block_first, .count = b->count,
				 .raw_size = b->raw_size};
	struct sk_diag diag = {0};
	sqlite3_stmt *stmt;
	char text[512];
	int error = sk_sql_use(r->sql, "SELECT data FROM block WHERE id=?", &stmt, "i", b->block);

	if (!error)
		error = sk_sql_step(r->sql, stmt);
	if (error)
		return error == SK_NONE ? SK_BAD : error;
	batch.packed = sqlite3_column_blob(stmt, 0);
	batch.packed_size = (size_t)sqlite3_column_bytes(stmt, 0);
	sk_buf_clear(&r->space);
	error = sk_batch_unpack(&batch, &r->space, &diag);
	sk_sql_reset(stmt);
	if (error == SK_BAD || error == SK_FULL) {
		sk_log(SK_LOG_ERROR, "events.db: block %lld is damaged: %s", (long long)b->block, sk_diag_format(&diag, text, sizeof text));
		return SK_BAD;
	}
	return error;
}

int sk_sqlite_row(const struct sk_sqlite_batch *b, uint64_t seq, const char *line, size_t size, struct sk_buf *out)
{
	struct sk_event_place place = {.agent = b->agent, .hostname = b->host, .org = b->org, .site = b->site, .epoch = b->epoch, .seq = seq,
				       .priority = b->priority};
	size_t before = out->size;
	struct sk_diag diag = {0};
	char id[SK_EVENT_ID_SIZE];
	struct sk_jw w;
	int r;

	sk_jw_init(&w, out);
	sk_jw_open(&w, NULL, '{');
	sk_jw_put_str(&w, "id", sk_event_id(&place, id));
	sk_jw_put_str(&w, "agent", b->agent);
	sk_jw_put_bytes(&w, "host", b->host, strlen(b->host));
	sk_jw_put_bytes(&w, "org", b->org, strlen(b->org));
	sk_jw_put_bytes(&w, "site", b->site, strlen(b->site));
	sk_jw_put_uint(&w, "received", b->received);
	r = w.error;
	if (!r)
		r = sk_buf_append_str(out, ",\"event\":");
	if (!r)
		r = sk_event_complete(line, size, &place, out, &diag);
	if (!r)
		r = sk_buf_append_str(out, "}\n");
	if (r)
		out->size = before;
	return r;
}

/* ---- the heap ---- */

/* True when `a` comes later in the answer than `b`. */
static bool worse(const struct search *s, const struct sk_key *a, const struct sk_key *b)
{
	int order = sk_key_compare(a, b);

	return s->query->oldest ? order > 0 : order < 0;
}

static void sift_down(struct search *s)
{
	for (size_t at = 0;;) {
		size_t child = at * 2 + 1;
		struct hit swap;

		if (child + 1 < s->count && worse(s, &s->heap[child + 1].key, &s->heap[child].key))
			child++;
		if (child >= s->count || !worse(s, &s->heap[child].key, &s->heap[at].key))
			return;
		swap = s->heap[at];
		s->heap[at] = s->heap[child];
		s->heap[child] = swap;
		at = child;
	}
}

static void sift_up(struct search *s)
{
	for (size_t at = s->count - 1; at > 0;) {
		size_t parent = (at - 1) / 2;
		struct hit swap = s->heap[at];

		if (!worse(s, &s->heap[at].key, &s->heap[parent].key))
			return;
		s->heap[at] = s->heap[parent];
		s->heap[parent] = swap;
		at = parent;
	}
}

static struct hit take_worst(struct search *s)
{
	struct hit worst = s->heap[0];

	s->heap[0] = s->heap[--s->count];
	sift_down(s);
	return worst;
}

static int offer(struct search *s, const struct sk_key *key, const char *line, size_t size, struct sk_sqlite_batch *batch)
{
	char *copy;

	if (s->count == s->room && !worse(s, &s->heap[0].key, key))
		return 0;
	copy = sk_strndup(line, size);
	if (!copy)
		return sk_origin(-ENOMEM);
	if (s->count == s->room)
		free(take_worst(s).line);
	s->heap[s->count++] = (struct hit){*key, copy, size, batch};
	sift_up(s);
	return 0;
}

/* ---- the walk ---- */

static struct sk_sqlite_batch *keep_batch(struct search *s, const struct sk_sqlite_batch *batch)
{
	struct kept_batch *kept = sk_malloc(sizeof *kept);

	if (!kept)
		return NULL;
	kept->batch = *batch;
	kept->next = s->batches;
	s->batches = kept;
	return &kept->batch;
}

static bool before_cursor(const struct sk_query *q, const struct sk_key *key)
{
	int order;

	if (!q->has_after)
		return false;
	order = sk_key_compare(key, &q->after);
	return q->oldest ? order <= 0 : order >= 0;
}

static int judge_line(struct search *s, struct sk_sqlite_batch *b, uint64_t seq, const char *line, size_t size)
{
	struct sk_event_columns columns;
	struct sk_key key = {0, b->stream, seq};

	if (seq < b->first || seq > b->last || sk_query_rules_out(s->query, line, size))
		return 0;
	if (sk_event_scan(line, size, &columns, NULL))
		return 0;
	key.when = sk_when(columns.time_ms, b->received);
	if (key.when < s->query->since || key.when >= s->query->until || before_cursor(s->query, &key) ||
	    !sk_query_matches(s->query, line, size, &columns))
		return 0;
	return offer(s, &key, line, size, b);
}

static int open_batch(struct search *s, const struct sk_sqlite_batch *batch)
{
	struct sk_sqlite_batch *b;
	const char *line;
	size_t position = 0, size;
	int r = sk_sqlite_block(s->reader, batch);

	if (r == SK_BAD) {
		s->page->damaged++;
		return 0;
	}
	if (r)
		return r;
	s->page->opened++;
	b = keep_batch(s, batch);
	if (!b)
		return sk_origin(-ENOMEM);
	for (uint64_t seq = b->block_first; (line = sk_event_next_line(s->reader->space.data, s->reader->space.size, &position, &size)); seq++) {
		r = judge_line(s, b, seq, line, size);
		if (r)
			return r;
	}
	return 0;
}

/* Nothing in the batch or in those behind it can come before what the heap has. */
static bool page_is_done(const struct search *s, const struct sk_sqlite_batch *b)
{
	if (s->count < s->room)
		return false;
	return s->query->oldest ? b->time_min > s->heap[0].key.when : b->time_max < s->heap[0].key.when;
}

/* Out of time before this batch: what is already certain stays. False when stopping here would not get us forward. */
static bool stop_before(struct search *s, const struct sk_sqlite_batch *b)
{
	const struct sk_query *q = s->query;
	struct sk_key next = {q->oldest ? b->time_min : b->time_max + 1, 0, 0};

	if (sk_clock_mono_ms() < s->deadline || s->looked == 0)
		return false;
	if (q->has_after && (q->oldest ? next.when <= q->after.when : next.when >= q->after.when))
		return false;
	while (s->count > 0 && !worse(s, &next, &s->heap[0].key))
		free(take_worst(s).line);
	s->page->complete = false;
	s->page->has_next = true;
	s->page->next = next;
	return true;
}

#define NEWEST "WHERE b.time_max>=?1 AND b.time_min<?2 AND b.time_min<=?3 AND b.time_max>=?4 "
#define OLDEST "WHERE b.time_min<?2 AND b.time_max>=?1 AND b.time_min<=?3 AND b.time_max>=?4 "

static int prepare(struct search *s, sqlite3_stmt **ret_stmt)
{
	const struct sk_query *q = s->query;
	int64_t since = (int64_t)SK_MIN(q->since, (uint64_t)INT64_MAX), until = (int64_t)SK_MIN(q->until, (uint64_t)INT64_MAX);
	int64_t low = q->has_after && q->oldest ? (int64_t)q->after.when : 0;
	int64_t high = q->has_after && !q->oldest ? (int64_t)q->after.when : INT64_MAX;

	if (q->endpoint_count == 1 && q->oldest)
		return sk_sql_use(s->reader->sql,
				  SK_SQLITE_BATCH OLDEST "AND b.endpoint IN (SELECT id FROM endpoint WHERE agent=?5 OR host=?5) ORDER BY b.time_min",
				  ret_stmt, "iiiit", since, until, high, low, q->endpoints[0]);
	if (q->endpoint_count == 1)
		return sk_sql_use(s->reader->sql,
				  SK_SQLITE_BATCH NEWEST
				  "AND b.endpoint IN (SELECT id FROM endpoint WHERE agent=?5 OR host=?5) ORDER BY b.time_max DESC",
				  ret_stmt, "iiiit", since, until, high, low, q->endpoints[0]);
	if (q->oldest)
		return sk_sql_use(s->reader->sql, SK_SQLITE_BATCH OLDEST "ORDER BY b.time_min", ret_stmt, "iiii", since, until, high, low);
	return sk_sql_use(s->reader->sql, SK_SQLITE_BATCH NEWEST "ORDER BY b.time_max DESC", ret_stmt, "iiii", since, until, high, low);
}

static int walk(struct search *s)
{
	struct sk_sqlite_batch b;
	sqlite3_stmt *stmt;
	int r = prepare(s, &stmt);

	while (!r && (r = sk_sql_step(s->reader->sql, stmt)) == 0) {
		sk_sqlite_batch_read(stmt, &b);
		if (page_is_done(s, &b) || stop_before(s, &b))
			break;
		s->looked++;
		r = sk_sqlite_worth(s->reader, s->query, &b);
		if (r > 0)
			r = open_batch(s, &b);
	}
	sk_sql_reset(stmt);
	return r == SK_NONE ? 0 : r;
}

/* ---- the answer ---- */

static void sort_heap(struct search *s)
{
	size_t count = s->count;

	while (s->count > 1) {
		struct hit worst = take_worst(s);

		s->heap[s->count] = worst; /* behind the shrunk heap */
	}
	s->count = count;
}

/* The best rows, in order; `next` stands at the last one written when there are more or they did not fit. */
static int write_rows(struct search *s)
{
	size_t wanted = SK_MIN(s->count, s->query->limit), i;
	int r = 0;

	sort_heap(s);
	for (i = 0; i < wanted; i++) {
		r = sk_sqlite_row(s->heap[i].batch, s->heap[i].key.seq, s->heap[i].line, s->heap[i].size, &s->page->rows);
		if (r)
			break;
		s->page->count++;
	}
	if (r && (r != SK_FULL || i == 0))
		return r == SK_FULL || r == SK_BAD ? sk_origin(-EMSGSIZE) : r;
	if (i < s->count) {
		s->page->has_next = true;
		s->page->complete = true;
		s->page->next = s->heap[i - 1].key;
	}
	return 0;
}

static void end(struct search *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->heap[i].line);
	free(s->heap);
	while (s->batches) {
		struct kept_batch *next = s->batches->next;

		free(s->batches);
		s->batches = next;
	}
}

/* Inside one view of the database. */
static int search_view(struct sk_sqlite_reader *r, const struct sk_query *query, struct sk_page *page)
{
	struct search s = {.reader = r, .query = query, .page = page, .room = query->limit + 1};
	int error;

	s.heap = sk_calloc(s.room, sizeof *s.heap);
	if (!s.heap)
		return sk_origin(-ENOMEM);
	s.deadline = sk_clock_mono_ms() + r->reader.share_ms;
	error = walk(&s);
	if (!error)
		error = write_rows(&s);
	end(&s);
	return error;
}

int sk_sqlite_search(struct sk_reader *reader, const struct sk_query *query, struct sk_page *page)
{
	struct sk_sqlite_reader *r = reader_of(reader);
	int error = sk_sql_begin(r->sql);

	if (!error)
		error = search_view(r, query, page);
	sk_sql_rollback(r->sql);
	return error;
}

/* ---- what was committed since ---- */

static int follow_batch(struct sk_sqlite_reader *r, const struct sk_query *query, const struct sk_sqlite_batch *b, struct sk_page *page)
{
	struct sk_event_columns c;
	size_t position = 0, size;
	const char *line;
	int error = sk_sqlite_block(r, b);

	if (error == SK_BAD)
		page->damaged++;
	if (error)
		return error == SK_BAD ? 0 : error;
	for (uint64_t seq = b->block_first; (line = sk_event_next_line(r->space.data, r->space.size, &position, &size)); seq++) {
		uint64_t when;

		if (seq < b->first || seq > b->last || sk_query_rules_out(query, line, size) || sk_event_scan(line, size, &c, NULL))
			continue;
		when = sk_when(c.time_ms, b->received);
		if (when < query->since || when >= query->until || !sk_query_matches(query, line, size, &c))
			continue;
		if (page->count >= query->limit || sk_sqlite_row(b, seq, line, size, &page->rows))
			page->skipped++;
		else
			page->count++;
	}
	return 0;
}

/* Where the end is, and what lies before it, in one view: nothing is shown twice or missed. */
static int follow_from_here(struct sk_sqlite_reader *r, const struct sk_query *query, uint64_t *position, struct sk_page *page)
{
	int64_t next = 0;
	int error = sk_sql_begin(r->sql);

	if (!error)
		error = sk_sql_number(r->sql, &next, "SELECT ifnull(max(id),0)+1 FROM batch", "");
	if (!error && query->limit)
		error = search_view(r, query, page);
	sk_sql_rollback(r->sql);
	if (!error)
		error = sk_page_reverse(page);
	if (!error)
		*position = (uint64_t)next;
	return error;
}

int sk_sqlite_follow(struct sk_reader *reader, const struct sk_query *query, uint64_t *position, struct sk_page *page)
{
	struct sk_sqlite_reader *r = reader_of(reader);
	struct sk_sqlite_batch b;
	sqlite3_stmt *stmt;
	int error;

	if (*position == 0)
		return follow_from_here(r, query, position, page);
	error = sk_sql_use(r->sql, SK_SQLITE_BATCH "WHERE b.id>=? ORDER BY b.id LIMIT 64", &stmt, "i", (int64_t)*position);
	for (page->opened = 0; !error && (error = sk_sql_step(r->sql, stmt)) == 0; page->opened++) {
		sk_sqlite_batch_read(stmt, &b);
		error = sk_sqlite_worth(r, query, &b);
		if (error > 0)
			error = follow_batch(r, query, &b, page);
		if (!error)
			*position = (uint64_t)b.id + 1;
	}
	sk_sql_reset(stmt);
	page->complete = page->opened < 64;
	return error == SK_NONE ? 0 : error;
}
