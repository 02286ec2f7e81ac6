// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The store against a model: whatever batches are sent, however often and however cut, each event is kept once and in order, acknowledged only
 * when everything before it is there or declared lost, and found again by every filter.
 */
#include "support/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "event/event.h"
#include "event/make.h"
#include "store/sqlite.h"

#define NOW UINT64_C(1790000000000)
enum { LINE = 700 };

static uint64_t seed = 0x5eed;

/* One folder of the harness, one below it a test. */
static const char *new_dir(void)
{
	static char names[32][160];
	static const char *top;
	static int count;
	char *name = names[count];

	if (!top)
		top = sk_test_dir();
	assert_true(count < 32);
	snprintf(name, sizeof names[0], "%s/%d", top, count++);
	assert_int_equal(mkdir(name, 0700), 0);
	return name;
}

static uint32_t dice(uint32_t sides)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % sides;
}

/* What event `seq` of this stream looks like: everything follows from the number, so that a resend is byte for byte the same. */
static int write_event(char *out, uint8_t priority, uint64_t seq)
{
	static const uint32_t classes[] = {1007, 2004, 6002};

	return snprintf(out, LINE,
			"{\"class_uid\":%u,\"category_uid\":1,\"activity_id\":1,\"type_uid\":100701,\"time\":%" PRIu64 ",\"severity_id\":%u,"
			"\"message\":\"event %" PRIu64 "\",\"metadata\":{\"version\":\"1.3.0\"},\"process\":{\"pid\":%" PRIu64
			",\"file\":{\"path\":\"/opt/tool/bin/prog-%" PRIu64 "%s\"}}}\n",
			classes[seq % 3], NOW - 1000000 + seq * 10 + priority, (unsigned)(seq % 6) + 1, seq, seq, seq % 40,
			seq % 7 == 0 ? "\\u002eexe" : "");
}

struct sent {
	struct sk_append append;
	struct sk_buf block;
};

static void finish_batch(struct sent *sent, const char *ndjson, size_t size, uint64_t epoch, uint8_t priority, uint64_t first, uint32_t count)
{
	struct sk_diag diag = {0};

	sent->block = SK_BUF(SK_BATCH_MAX_PACKED + SK_BATCH_HEADER);
	assert_int_equal(sk_batch_pack(epoch, priority, first, count, ndjson, size, &sent->block, &diag), 0);
	assert_int_equal(sk_batch_read(sent->block.data, sent->block.size, &sent->append.batch, &diag), 0);
	assert_int_equal(sk_summarise(ndjson, size, 0, count - 1, NOW, true, &sent->append.summary, &diag), 0);
}

static void make_batch(struct sent *sent, const char *agent, uint64_t epoch, uint8_t priority, uint64_t first, uint32_t count)
{
	char *ndjson = sk_malloc((size_t)count * LINE);
	size_t size = 0;

	memset(sent, 0, sizeof *sent);
	snprintf(sent->append.agent, sizeof sent->append.agent, "%s", agent);
	snprintf(sent->append.host, sizeof sent->append.host, "host-of-%s", agent);
	snprintf(sent->append.org, sizeof sent->append.org, "fab-%c", agent[0]);
	memcpy(sent->append.site, "kyoto", 6);
	sent->append.received = NOW;
	for (uint32_t i = 0; i < count; i++)
		size += (size_t)write_event(ndjson + size, priority, first + i);
	finish_batch(sent, ndjson, size, epoch, priority, first, count);
	free(ndjson);
}

static void done(struct sent *sent)
{
	sk_append_done(&sent->append);
	sk_buf_done(&sent->block);
}

/* Sends one batch; the item as it came back. */
static struct sk_events_item send_batch(struct sk_events *events, const char *agent, uint8_t priority, uint64_t first, uint32_t count)
{
	struct sk_events_item item = {0};
	struct sent sent;

	make_batch(&sent, agent, 7, priority, first, count);
	item.append = &sent.append;
	assert_int_equal(events->ops->commit(events, &item, 1), 0);
	done(&sent);
	return item;
}

static struct sk_events *open_store(const char *dir)
{
	struct sk_events *events;

	assert_int_equal(sk_sqlite_open(dir, &events), 0);
	return events;
}

static struct sk_reader *open_reader(const char *dir)
{
	struct sk_reader *reader;

	assert_int_equal(sk_sqlite_reader(dir, &reader), 0);
	reader->share_ms = 60000;
	return reader;
}

/* The seqs of a page's rows whose id starts with `prefix`, in the order of the rows. */
static size_t seqs_of(const struct sk_page *page, const char *prefix, uint64_t *seqs, size_t room)
{
	const char *at = page->rows.data;
	size_t count = 0, length = strlen(prefix);

	for (size_t i = 0; i < page->count; i++) {
		const char *id = strstr(at, "{\"id\":\"") + 7;

		if (strncmp(id, prefix, length) == 0) {
			assert_true(count < room);
			seqs[count++] = strtoull(id + length, NULL, 10);
		}
		at = strchr(at, '\n') + 1;
	}
	return count;
}

static size_t search_all(struct sk_reader *reader, struct sk_query *q, const char *prefix, uint64_t *seqs, size_t room)
{
	size_t count = 0;
	struct sk_page page;

	do {
		sk_page_init(&page);
		assert_int_equal(reader->ops->search(reader, q, &page), 0);
		count += seqs_of(&page, prefix, seqs + count, room - count);
		q->has_after = page.has_next;
		q->after = page.next;
		sk_page_done(&page);
	} while (q->has_after);
	return count;
}

/* ---- exactly once ---- */

enum { SEQS = 3000 };

struct model {
	bool have[SEQS + 2], gone[SEQS + 2];
	uint64_t last;
};

static uint64_t model_ack(const struct model *m)
{
	uint64_t ack = 0;

	while (ack < m->last && (m->have[ack + 1] || m->gone[ack + 1]))
		ack++;
	return ack;
}

static uint32_t model_send(struct model *m, uint64_t first, uint32_t count)
{
	uint32_t fresh = 0;

	for (uint64_t s = first; s < first + count; s++) {
		fresh += !m->have[s];
		m->have[s] = true;
	}
	m->last = SK_MAX(m->last, first + count - 1);
	return fresh;
}

static void check_kept(const char *dir, const struct model *m, uint8_t priority)
{
	static uint64_t seqs[SEQS + 2];
	struct sk_reader *reader = open_reader(dir);
	struct sk_query q;
	char prefix[64];
	size_t count, at = 0;

	snprintf(prefix, sizeof prefix, "a1/7/%u/", priority);
	sk_query_init(&q);
	q.oldest = true;
	q.limit = 37;
	count = search_all(reader, &q, prefix, seqs, SEQS + 2);
	for (uint64_t s = 1; s <= SEQS; s++) {
		if (!m->have[s])
			continue;
		assert_true(at < count);
		assert_int_equal(seqs[at++], s);
	}
	assert_int_equal(at, count);
	sk_reader_close(reader);
}

static void check_minutes(const char *dir, const struct model *m, size_t models)
{
	struct sk_reader *reader = open_reader(dir);
	struct sk_buf out = SK_BUF(1 << 20);
	struct sk_query q;
	uint64_t sum = 0, kept = 0;

	sk_query_init(&q);
	assert_int_equal(reader->ops->counts(reader, &q, 60000, &out), 0);
	for (const char *at = out.data; (at = strstr(at, "\"count\":")); at++)
		sum += strtoull(at + 8, NULL, 10);
	for (size_t i = 0; i < models; i++)
		for (uint64_t s = 1; s <= SEQS; s++)
			kept += m[i].have[s];
	assert_int_equal(sum, kept);
	sk_buf_done(&out);
	sk_reader_close(reader);
}

static void test_exactly_once(void **state)
{
	static struct model models[2];
	const char *dir = new_dir();
	struct sk_events *events = open_store(dir);

	for (int round = 0; round < 400; round++) {
		uint8_t priority = (uint8_t)dice(2);
		struct model *m = &models[priority];
		uint64_t first = 1 + dice(dice(3) ? (uint32_t)SK_MIN(m->last + 20, (uint64_t)SEQS - 130) : SEQS - 130);
		uint32_t count = 1 + dice(120), fresh = model_send(m, first, count);
		struct sk_events_item item;

		if (dice(15) == 0) { /* the process died and came back */
			sk_events_close(events);
			events = open_store(dir);
		}
		item = send_batch(events, "a1", priority, first, count);
		assert_int_equal(item.result, 0);
		assert_int_equal(item.fresh, fresh);
		assert_int_equal(item.ack, model_ack(m));
	}
	for (uint8_t p = 0; p < 2; p++)
		check_kept(dir, &models[p], p);
	check_minutes(dir, models, 2);
	sk_events_close(events);
	(void)state;
}

static void limit_pages(struct sk_events *events, const char *pragma)
{
	assert_int_equal(sk_sql_exec(((struct sk_sqlite *)events)->sql, pragma), 0);
}

static void test_group_is_all_or_nothing(void **state)
{
	const char *dir = new_dir();
	struct sk_events *events = open_store(dir);
	struct sk_events_item items[3] = {{0}};
	struct sent sent[3];

	for (int i = 0; i < 3; i++) {
		make_batch(&sent[i], "a1", 7, (uint8_t)i, 1, 1000);
		items[i].append = &sent[i].append;
	}
	limit_pages(events, "PRAGMA max_page_count=1"); /* SQLite keeps it at what the file has */
	assert_int_equal(events->ops->commit(events, items, 3), SK_FULL);
	limit_pages(events, "PRAGMA max_page_count=1000000");
	assert_int_equal(send_batch(events, "a1", 0, 1, 1000).fresh, 1000); /* nothing had been kept, and it goes on */
	assert_int_equal(events->ops->commit(events, items, 3), 0);
	assert_int_equal(items[0].fresh, 0);
	assert_int_equal(items[1].fresh, 1000);
	assert_int_equal(items[2].ack, 1000);
	for (int i = 0; i < 3; i++)
		done(&sent[i]);
	sk_events_close(events);
	(void)state;
}

/* ---- gaps ---- */

static char *gaps_text(const char *dir)
{
	struct sk_reader *reader = open_reader(dir);
	struct sk_buf out = SK_BUF(1 << 20);
	struct sk_query q;

	sk_query_init(&q);
	assert_int_equal(reader->ops->gaps(reader, NULL, &q, &out), 0);
	sk_reader_close(reader);
	return sk_buf_take(&out);
}

static void send_tombstone(struct sk_events *events, uint64_t seq, uint8_t lost_priority, uint64_t first, uint64_t last)
{
	struct sk_event_stamp stamp = {.time_ms = (int64_t)NOW};
	struct sk_buf line = SK_BUF(4096);
	struct sk_events_item item = {0};
	struct sent sent = {.append = {.agent = "a1", .host = "h", .org = "fab-a", .site = "kyoto", .received = NOW}};

	assert_int_equal(sk_event_loss(SK_EVENT_SPOOL_DROPPED, &stamp, 7, lost_priority, first, last, "size", &line), 0);
	assert_int_equal(sk_buf_append_char(&line, '\n'), 0);
	finish_batch(&sent, line.data, line.size, 7, 0, seq, 1);
	assert_int_equal(sent.append.summary.loss_count, 1);
	item.append = &sent.append;
	assert_int_equal(events->ops->commit(events, &item, 1), 0);
	sk_buf_done(&line);
	done(&sent);
}

static void test_tombstone_closes_gap(void **state)
{
	const char *dir = new_dir();
	struct sk_events *events = open_store(dir);
	char *text;

	assert_int_equal(send_batch(events, "a1", 2, 1, 50).ack, 50);
	assert_int_equal(send_batch(events, "a1", 2, 151, 50).ack, 50);
	text = gaps_text(dir);
	assert_non_null(strstr(text, "\"first\":51,\"last\":150,\"state\":\"open\""));
	free(text);
	send_tombstone(events, 1, 2, 51, 140);
	assert_int_equal(send_batch(events, "a1", 2, 201, 10).ack, 140);
	send_tombstone(events, 2, 2, 141, 150);
	assert_int_equal(send_batch(events, "a1", 2, 211, 10).ack, 220);
	text = gaps_text(dir);
	assert_null(strstr(text, "open"));
	assert_non_null(strstr(text, "\"first\":51,\"last\":140,\"state\":\"dropped\""));
	free(text);
	/* A range above everything seen, and events that come all the same. */
	send_tombstone(events, 3, 2, 221, 300);
	assert_int_equal(send_batch(events, "a1", 2, 301, 1).ack, 301);
	assert_int_equal(send_batch(events, "a1", 2, 230, 5).fresh, 5);
	assert_int_equal(send_batch(events, "a1", 2, 230, 5).fresh, 0);
	sk_events_close(events);
	(void)state;
}

static void test_resync_names_what_nobody_has(void **state)
{
	const char *dir = new_dir();
	struct sk_events *events = open_store(dir);
	struct sk_resync resync = {.agent = "a1", .host = "h", .org = "fab-a", .site = "kyoto", .now = NOW, .epoch = 7};
	char *text;

	send_batch(events, "a1", 0, 1, 100);
	resync.streams[0].known = true;
	resync.streams[0].first = 101;
	resync.streams[0].next = 101;
	assert_int_equal(events->ops->resync(events, &resync), 0);
	assert_int_equal(resync.streams[0].ack, 100);
	/* The server came back from a backup that ends at 100; the agent was told 500 and has let go of it. */
	resync.streams[0].first = 501;
	resync.streams[0].next = 600;
	assert_int_equal(events->ops->resync(events, &resync), 0);
	assert_int_equal(resync.streams[0].ack, 500);
	text = gaps_text(dir);
	assert_non_null(strstr(text, "\"first\":101,\"last\":500,\"state\":\"lost\""));
	free(text);
	assert_int_equal(send_batch(events, "a1", 0, 501, 99).ack, 599);
	send_tombstone(events, 600, 0, 101, 200); /* the agent knows better */
	text = gaps_text(dir);
	assert_non_null(strstr(text, "\"first\":101,\"last\":200,\"state\":\"dropped\""));
	assert_non_null(strstr(text, "\"first\":201,\"last\":500,\"state\":\"lost\""));
	free(text);
	sk_events_close(events);
	(void)state;
}

/* Every second number of 64, in one transaction. */
static int send_combs(struct sk_events *events, uint64_t first)
{
	struct sk_events_item items[64] = {{0}};
	struct sent sent[64];
	int result = 0;

	for (uint64_t i = 0; i < 64; i++) {
		make_batch(&sent[i], "a1", 7, 0, first + i * 2, 1);
		items[i].append = &sent[i].append;
	}
	assert_int_equal(events->ops->commit(events, items, 64), 0);
	for (int i = 0; i < 64; i++) {
		result |= items[i].result;
		if (items[i].result)
			assert_string_equal(items[i].why, "too many gaps in this stream");
		done(&sent[i]);
	}
	return result;
}

static void test_gaps_are_bounded(void **state)
{
	const char *dir = new_dir();
	struct sk_events *events = open_store(dir);
	uint64_t seq = 2;

	while (seq < 4 * SK_EVENTS_GAPS_MAX && send_combs(events, seq) == 0)
		seq += 128;
	assert_in_range(seq, SK_EVENTS_GAPS_MAX, 3 * SK_EVENTS_GAPS_MAX);
	assert_int_equal(send_batch(events, "a1", 0, 1, 3).ack, 4); /* what goes on in order is still taken */
	sk_events_close(events);
	(void)state;
}

/* ---- searching ---- */

static void fill(struct sk_events *events)
{
	for (uint64_t s = 1; s <= 900; s += 30) {
		send_batch(events, "a1", 1, s, 30);
		send_batch(events, "b1", 2, s, 30);
	}
}

static bool wanted(const struct sk_query *q, uint8_t priority, uint64_t s)
{
	static const uint32_t classes[] = {1007, 2004, 6002};
	uint64_t when = NOW - 1000000 + s * 10 + priority;
	char path[64], text[64];

	snprintf(path, sizeof path, "/opt/tool/bin/prog-%" PRIu64 "%s", s % 40, s % 7 == 0 ? ".exe" : "");
	snprintf(text, sizeof text, "event %" PRIu64 "\"", s);
	if (q->class_count && q->classes[0] != classes[s % 3])
		return false;
	if (q->text_size && !strstr(text, q->text))
		return false;
	return when >= q->since && when < q->until && (q->severities & sk_severity_bit((unsigned)(s % 6) + 1)) &&
	       (!q->path_size || strstr(path, q->path));
}

static void check_search(struct sk_reader *reader, struct sk_query q)
{
	static uint64_t a[1000], b[1000];
	size_t want_a = 0, want_b = 0, got_a, got_b;
	struct sk_query other = q;

	for (uint64_t s = 1; s <= 900; s++) {
		want_a += wanted(&q, 1, s);
		want_b += wanted(&q, 2, s);
	}
	if (q.endpoint_count)
		want_b = 0;
	got_a = search_all(reader, &q, "a1/7/1/", a, 1000);
	got_b = search_all(reader, &other, "b1/7/2/", b, 1000);
	assert_int_equal(got_a, want_a);
	assert_int_equal(got_b, want_b);
	for (size_t i = 1; i < got_a; i++)
		assert_true(q.oldest ? a[i] > a[i - 1] : a[i] < a[i - 1]);
	for (size_t i = 0; i < got_a; i++)
		assert_true(wanted(&q, 1, a[i]));
}

static void test_filters(void **state)
{
	const char *dir = new_dir();
	struct sk_events *events = open_store(dir);
	struct sk_reader *reader;

	fill(events);
	reader = open_reader(dir);
	for (int i = 0; i < 80; i++) {
		static const char *const paths[] = {"prog-17", "bin/prog-3", ".exe", "nothing", "g-21.exe", "x"};
		static const char *const texts[] = {"event 45", "event 9\"", "no such thing", "ev"};
		struct sk_query q;

		sk_query_init(&q);
		q.oldest = dice(2);
		q.limit = 1 + dice(200);
		if (dice(3) == 0)
			q.since = NOW - 1000000 + dice(9000);
		if (dice(3) == 0)
			q.until = NOW - 1000000 + dice(9000);
		if (dice(3) == 0)
			q.classes[q.class_count++] = dice(2) ? 2004 : 1007;
		if (dice(3) == 0)
			q.severities = (uint8_t)(1 + dice(254));
		if (dice(3) == 0)
			q.endpoints[q.endpoint_count++] = dice(2) ? "a1" : "host-of-a1";
		if (dice(2) == 0) {
			q.path = paths[dice(6)];
			q.path_size = strlen(q.path);
		}
		if (dice(4) == 0)
			q.text_size = (size_t)snprintf(q.text, sizeof q.text, "%s", texts[dice(4)]);
		check_search(reader, q);
	}
	sk_reader_close(reader);
	sk_events_close(events);
	(void)state;
}

static void test_out_of_time_still_gets_there(void **state)
{
	const char *dir = new_dir();
	struct sk_events *events = open_store(dir);
	static uint64_t seqs[1000];
	struct sk_reader *reader;

	fill(events);
	reader = open_reader(dir);
	reader->share_ms = 0; /* every look is over time at once */
	for (int oldest = 0; oldest < 2; oldest++) {
		struct sk_query q;

		sk_query_init(&q);
		q.oldest = oldest;
		q.limit = 1000;
		assert_int_equal(search_all(reader, &q, "a1/7/1/", seqs, 1000), 900);
		for (uint64_t i = 0; i < 900; i++)
			assert_int_equal(seqs[i], oldest ? i + 1 : 900 - i);
	}
	sk_reader_close(reader);
	sk_events_close(events);
	(void)state;
}

static void test_pages_stand_still(void **state)
{
	const char *dir = new_dir();
	struct sk_events *events = open_store(dir);
	struct sk_reader *reader;
	struct sk_page page;
	struct sk_query q;
	uint64_t seqs[100];

	send_batch(events, "a1", 1, 1, 100);
	reader = open_reader(dir);
	sk_query_init(&q);
	q.limit = 10;
	sk_page_init(&page);
	assert_int_equal(reader->ops->search(reader, &q, &page), 0);
	assert_true(page.has_next);
	q.has_after = true;
	q.after = page.next;
	sk_page_done(&page);
	send_batch(events, "a1", 1, 101, 100); /* newer ones come in between */
	sk_page_init(&page);
	assert_int_equal(reader->ops->search(reader, &q, &page), 0);
	assert_int_equal(seqs_of(&page, "a1/7/1/", seqs, 100), 10);
	for (uint64_t i = 0; i < 10; i++)
		assert_int_equal(seqs[i], 90 - i);
	sk_page_done(&page);
	sk_reader_close(reader);
	sk_events_close(events);
	(void)state;
}

static void test_scopes_hide(void **state)
{
	const char *dir = new_dir();
	struct sk_events *events = open_store(dir);
	struct sk_reader *reader;
	struct sk_page page;
	struct sk_query q;
	uint64_t seqs[100];

	send_batch(events, "a1", 1, 1, 10);
	send_batch(events, "b1", 1, 1, 10);
	reader = open_reader(dir);
	sk_query_init(&q);
	q.scoped = true;
	assert_int_equal(search_all(reader, &q, "", seqs, 100), 0);
	q.scopes[q.scope_count++] = (struct sk_scope){"fab-b", "osaka"};
	assert_int_equal(search_all(reader, &q, "", seqs, 100), 0);
	q.scopes[q.scope_count++] = (struct sk_scope){"fab-b", NULL};
	assert_int_equal(search_all(reader, &q, "", seqs, 100), 10);
	sk_page_init(&page);
	assert_int_equal(reader->ops->get(reader, "a1/7/1/5", &q, &page), 0);
	assert_int_equal(page.count, 0);
	assert_int_equal(reader->ops->get(reader, "b1/7/1/5", &q, &page), 0);
	assert_int_equal(page.count, 1);
	assert_int_equal(reader->ops->around(reader, "a1/7/1/5", 300, &q, &page), SK_NONE);
	sk_page_done(&page);
	sk_reader_close(reader);
	sk_events_close(events);
	(void)state;
}

static void test_around(void **state)
{
	const char *dir = new_dir();
	struct sk_events *events = open_store(dir);
	struct sk_reader *reader;
	struct sk_page page;
	struct sk_query q;
	uint64_t seqs[1000];

	fill(events);
	reader = open_reader(dir);
	sk_query_init(&q);
	q.limit = 1000;
	sk_page_init(&page);
	assert_int_equal(reader->ops->around(reader, "a1/7/1/450", 1, &q, &page), 0); /* 100 events a second */
	assert_int_equal(seqs_of(&page, "a1/7/1/", seqs, 1000), 201);
	assert_int_equal(page.count, 201); /* of this endpoint alone */
	for (uint64_t i = 0; i < 201; i++)
		assert_int_equal(seqs[i], 350 + i);
	assert_true(page.complete);
	sk_page_done(&page);
	q.limit = 20;
	sk_page_init(&page);
	assert_int_equal(reader->ops->around(reader, "a1/7/1/450", 1, &q, &page), 0);
	assert_int_equal(seqs_of(&page, "a1/7/1/", seqs, 1000), 20);
	assert_int_equal(seqs[0], 440);
	assert_false(page.complete);
	sk_page_done(&page);
	sk_reader_close(reader);
	sk_events_close(events);
	(void)state;
}

static void test_follow(void **state)
{
	const char *dir = new_dir();
	struct sk_events *events = open_store(dir);
	struct sk_reader *reader;
	uint64_t position = 0, seqs[100];
	struct sk_page page;
	struct sk_query q;

	send_batch(events, "a1", 1, 1, 10);
	reader = open_reader(dir);
	sk_query_init(&q);
	q.limit = 50;
	sk_page_init(&page);
	assert_int_equal(reader->ops->follow(reader, &q, &position, &page), 0); /* what was there before, oldest first */
	assert_int_equal(seqs_of(&page, "a1/7/1/", seqs, 100), 10);
	assert_int_equal(seqs[0], 1);
	sk_page_done(&page);
	sk_page_init(&page);
	send_batch(events, "a1", 1, 11, 5);
	send_batch(events, "a1", 1, 6, 12); /* overlaps: only what is new shows */
	assert_int_equal(reader->ops->follow(reader, &q, &position, &page), 0);
	assert_int_equal(seqs_of(&page, "a1/7/1/", seqs, 100), 7);
	for (uint64_t i = 0; i < 7; i++)
		assert_int_equal(seqs[i], 11 + i);
	sk_page_done(&page);
	sk_page_init(&page);
	send_batch(events, "a1", 1, 18, 60);
	assert_int_equal(reader->ops->follow(reader, &q, &position, &page), 0);
	assert_int_equal(page.count, 50);
	assert_int_equal(page.skipped, 10);
	sk_page_done(&page);
	sk_reader_close(reader);
	sk_events_close(events);
	(void)state;
}

static void test_future_counts_as_of_receipt(void **state)
{
	const char *dir = new_dir(), *line = "{\"class_uid\":1007,\"severity_id\":1,\"time\":4102444800000}\n";
	struct sk_events *events = open_store(dir);
	struct sent sent = {.append = {.agent = "a1", .received = NOW}};
	struct sk_events_item item = {.append = &sent.append};
	struct sk_reader *reader;
	struct sk_query q;
	uint64_t seqs[4];

	finish_batch(&sent, line, strlen(line), 7, 0, 1, 1);
	assert_int_equal(events->ops->commit(events, &item, 1), 0);
	done(&sent);
	reader = open_reader(dir);
	sk_query_init(&q);
	q.since = NOW;
	q.until = NOW + 1;
	assert_int_equal(search_all(reader, &q, "", seqs, 4), 1);
	sk_reader_close(reader);
	sk_events_close(events);
	(void)state;
}

/* ---- retention ---- */

static void test_retention(void **state)
{
	const char *dir = new_dir();
	struct sk_events *events = open_store(dir);
	struct sk_keep limits = {.max_age_ms = 1000000 - 3000};
	struct sk_removed removed;
	struct sk_reader *reader;
	struct sk_query q;
	static uint64_t seqs[2000];

	fill(events); /* 900 events of a1 (priority 1) and b1 (2), 10 ms apart, the first 1,000 s ago */
	assert_int_equal(events->ops->keep(events, &limits, NOW, &removed), 0);
	assert_int_equal(removed.batches, 18); /* nine batches of each lie wholly in the first 3,000 ms */
	assert_int_equal(removed.events, 540);
	assert_int_equal(send_batch(events, "a1", 1, 1, 30).fresh, 0); /* and a resend of them is still known */
	limits = (struct sk_keep){.max_bytes = 1};
	reader = open_reader(dir);
	sk_query_init(&q);
	q.limit = 1000;
	assert_int_equal(search_all(reader, &q, "a1/", seqs, 2000), 630);
	assert_int_equal(events->ops->keep(events, &limits, NOW, &removed), 0);
	assert_int_equal(removed.events, 1260);
	assert_int_equal(search_all(reader, &q, "", seqs, 2000), 0);
	sk_reader_close(reader);
	sk_events_close(events);
	(void)state;
}

static void test_retention_takes_bulk_first(void **state)
{
	const char *dir = new_dir();
	struct sk_events *events = open_store(dir);
	struct sk_keep limits = {0};
	struct sk_removed removed;
	struct sk_reader *reader;
	struct sk_buf out = SK_BUF(4096);
	struct sk_query q;
	static uint64_t seqs[2000];

	fill(events);
	reader = open_reader(dir);
	assert_int_equal(reader->ops->stats(reader, &out), 0);
	limits.max_bytes = strtoull(strstr(out.data, "\"bytes\":") + 8, NULL, 10) / 2 + 100;
	sk_buf_done(&out);
	assert_int_equal(events->ops->keep(events, &limits, NOW, &removed), 0);
	sk_query_init(&q);
	q.limit = 1000;
	assert_int_equal(search_all(reader, &q, "a1/", seqs, 2000), 900);
	assert_in_range(search_all(reader, &q, "b1/", seqs, 2000), 0, 60);
	sk_reader_close(reader);
	sk_events_close(events);
	(void)state;
}

/* ---- killed, torn, damaged ---- */

static void write_until_killed(const char *dir, int report)
{
	struct sk_events *events = open_store(dir);

	for (uint64_t s = 1;; s += 20) {
		uint64_t ack = send_batch(events, "a1", 0, s, 20).ack;

		if (write(report, &ack, sizeof ack) != sizeof ack)
			_exit(1);
	}
}

static void test_killed(void **state)
{
	for (int round = 0; round < 8; round++) {
		const char *dir = round == 0 ? new_dir() : NULL;
		static const char *kept_dir;
		uint64_t acked = 0, ack;
		int pipes[2];
		pid_t child;
		struct sk_events *events;

		if (dir)
			kept_dir = dir;
		assert_int_equal(pipe(pipes), 0);
		child = fork();
		if (child == 0)
			write_until_killed(kept_dir, pipes[1]);
		close(pipes[1]);
		usleep(20000 + dice(60000));
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		while (read(pipes[0], &ack, sizeof ack) == sizeof ack)
			acked = ack;
		close(pipes[0]);
		events = open_store(kept_dir);
		ack = send_batch(events, "a1", 0, 1, 1).ack;
		assert_true(ack >= acked);
		assert_int_equal(ack % 20 > 1, 0); /* whole batches alone (or our own probe of one event) */
		sk_events_close(events);
	}
	(void)state;
}

static void copy_file(const char *from_dir, const char *to_dir, const char *name, off_t keep)
{
	char from[512], to[512];
	_cleanup_free_ char *data = sk_malloc(32 << 20);
	ssize_t size;
	int fd;

	snprintf(from, sizeof from, "%s/%s", from_dir, name);
	snprintf(to, sizeof to, "%s/%s", to_dir, name);
	fd = open(from, O_RDONLY);
	assert_true(fd >= 0);
	size = read(fd, data, 32 << 20);
	close(fd);
	assert_true(size >= 0);
	sk_test_write(to, data, (size_t)(keep >= 0 && keep < size ? keep : size));
}

static void test_torn_wal(void **state)
{
	const char *dir = new_dir(), *torn = new_dir();
	struct sk_events *events = open_store(dir);
	uint64_t before = 0;

	for (uint64_t s = 1; s < 400; s += 20)
		send_batch(events, "a1", 0, s, 20);
	for (off_t keep = 0; keep < 8 << 20; keep += 77773) { /* the power went while the log was being written */
		struct sk_events *again;
		uint64_t ack;

		copy_file(dir, torn, "events.db", -1);
		copy_file(dir, torn, "events.db-wal", keep);
		if (sk_sqlite_open(torn, &again)) /* not even the tables were there */
			continue;
		ack = send_batch(again, "a1", 0, 1, 1).ack;
		assert_true(ack == 1 || ack % 20 == 0);
		assert_true(ack >= before);
		before = ack;
		sk_events_close(again);
	}
	assert_int_equal(before, 400);
	sk_events_close(events);
	(void)state;
}

static void test_damaged_block_is_reported(void **state)
{
	const char *dir = new_dir();
	struct sk_events *events = open_store(dir);
	struct sk_reader *reader;
	struct sk_page page;
	struct sk_query q;
	char path[512];
	sqlite3 *db;

	send_batch(events, "a1", 0, 1, 20);
	send_batch(events, "a1", 0, 21, 20);
	sk_events_close(events);
	snprintf(path, sizeof path, "%s/events.db", dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "UPDATE block SET data=zeroblob(length(data)) WHERE id=1", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	reader = open_reader(dir);
	sk_query_init(&q);
	sk_page_init(&page);
	assert_int_equal(reader->ops->search(reader, &q, &page), 0);
	assert_int_equal(page.count, 20);
	assert_int_equal(page.damaged, 1);
	sk_page_done(&page);
	sk_reader_close(reader);
	(void)state;
}

static void test_not_a_database(void **state)
{
	const char *dir = new_dir();
	struct sk_events *events = NULL;
	char path[512];

	snprintf(path, sizeof path, "%s/events.db", dir);
	sk_test_write(path, "this is something else altogether, and long enough to be looked at as a header of a database file.......", 103);
	setenv("SEKISHO_LOG", "error", 1);
	assert_int_equal(sk_sqlite_open(dir, &events), -EBADMSG);
	assert_null(events);
	(void)state;
}

SK_TEST_MAIN(cmocka_unit_test(test_exactly_once), cmocka_unit_test(test_group_is_all_or_nothing), cmocka_unit_test(test_tombstone_closes_gap),
	     cmocka_unit_test(test_resync_names_what_nobody_has), cmocka_unit_test(test_gaps_are_bounded), cmocka_unit_test(test_filters),
	     cmocka_unit_test(test_out_of_time_still_gets_there), cmocka_unit_test(test_pages_stand_still), cmocka_unit_test(test_scopes_hide),
	     cmocka_unit_test(test_around), cmocka_unit_test(test_follow), cmocka_unit_test(test_future_counts_as_of_receipt),
	     cmocka_unit_test(test_retention), cmocka_unit_test(test_retention_takes_bulk_first), cmocka_unit_test(test_killed),
	     cmocka_unit_test(test_torn_wal), cmocka_unit_test(test_damaged_block_is_reported), cmocka_unit_test(test_not_a_database))
