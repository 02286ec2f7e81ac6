// SPDX-License-Identifier: GPL-3.0-or-later
/* What the spool promises: order, no loss unsaid, exact tombstones - over reopening, damage, caps, a full disk and lack of memory. */
#include "support/harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "event/make.h"
#include "spool/spool.h"
#include "wire/json.h"

static const struct sk_spool_opts small = {.max_bytes = 512 << 10, .segment_bytes = 128 << 10};

/* The harness gives few folders: each test gets its own below one of them. */
static const char *new_folder(void)
{
	static const char *top;
	static char paths[64][256];
	static int count;

	top = top ? top : sk_test_dir();
	assert_true(count < 64);
	snprintf(paths[count], sizeof paths[0], "%s/%d", top, count);
	assert_int_equal(mkdir(paths[count], 0700), 0);
	return paths[count++];
}

static struct sk_spool *open_at(const char *path, const struct sk_spool_opts *opts)
{
	struct sk_spool *spool = NULL;
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(dir >= 0);
	assert_int_equal(sk_spool_open(dir, "", opts, &spool), 0);
	close(dir);
	return spool;
}

/* An event that says its own number; `fill` more bytes. */
static size_t make_event(char *out, uint64_t n, size_t fill)
{
	size_t size = (size_t)snprintf(out, 64, "{\"n\":%" PRIu64 ",\"fill\":\"", n);

	memset(out + size, 'x', fill);
	memcpy(out + size + fill, "\"}", 2);
	return size + fill + 2;
}

static void append(struct sk_spool *spool, uint8_t priority, uint64_t n, size_t fill)
{
	static char event[SK_EVENT_MAX];
	uint64_t seq;

	assert_int_equal(sk_spool_append(spool, priority, event, make_event(event, n, fill), &seq), 0);
	assert_true(seq == n);
}

static uint64_t event_number(const char *line)
{
	uint64_t n = 0;

	return sscanf(line, "{\"n\":%" SCNu64, &n) == 1 ? n : 0;
}

struct seen {
	uint64_t count, first, last; /* of plain events */
	uint64_t missing;            /* numbers passed over */
	unsigned tombstones;
	struct {
		uint8_t priority;
		uint64_t first, last;
	} lost[64];
};

static void see_line(struct seen *seen, const char *line, size_t size, uint64_t seq)
{
	struct sk_event_columns c;
	uint64_t n = event_number(line);

	if (n) {
		assert_true(n == seq);
		if (!seen->count++)
			seen->first = seq;
		seen->last = seq;
		return;
	}
	assert_int_equal(sk_event_scan(line, size, &c, NULL), 0);
	assert_true(c.has_loss);
	assert_true(seen->tombstones < 64);
	seen->lost[seen->tombstones].priority = c.loss_priority;
	seen->lost[seen->tombstones].first = c.loss_first;
	seen->lost[seen->tombstones++].last = c.loss_last;
}

/* Reads a whole chain in batches: every event has its own number, in order. */
static struct seen read_all(struct sk_spool *spool, uint8_t priority, uint64_t after, uint32_t batch)
{
	_cleanup_buf_ struct sk_buf lines = SK_BUF(SK_BATCH_MAX_RAW);
	struct seen seen = {0};
	uint64_t first;
	uint32_t count;
	int r;

	while ((r = sk_spool_read(spool, priority, after, SK_BATCH_MAX_RAW, batch, &lines, &first, &count)) == 0) {
		const char *line;
		size_t at = 0, size;

		assert_true(first > after && count <= batch);
		seen.missing += first - after - 1;
		for (uint64_t seq = first; (line = sk_event_next_line(lines.data, lines.size, &at, &size)); seq++)
			see_line(&seen, line, size, seq);
		after = first + count - 1;
		sk_buf_clear(&lines);
	}
	assert_int_equal(r, SK_NONE);
	return seen;
}

static void test_order(void **state)
{
	struct sk_spool *spool = open_at(new_folder(), NULL);
	struct seen seen;

	for (uint64_t n = 1; n <= 1000; n++)
		for (uint8_t p = 0; p < SK_PRIORITIES; p++)
			append(spool, p, n, n % 500);
	for (uint8_t p = 0; p < SK_PRIORITIES; p++)
		for (uint32_t batch = 1; batch < 5000; batch = batch * 7 + 1) {
			seen = read_all(spool, p, 0, batch);
			assert_true(seen.count == 1000 && seen.first == 1 && seen.last == 1000 && !seen.missing && !seen.tombstones);
		}
	seen = read_all(spool, 1, 990, 100);
	assert_true(seen.count == 10 && seen.first == 991);
	sk_spool_free(spool);
}

static void test_bounds(void **state)
{
	_cleanup_spool_ struct sk_spool *spool = open_at(new_folder(), NULL);
	_cleanup_buf_ struct sk_buf lines = SK_BUF(SK_BATCH_MAX_RAW);
	static char event[SK_EVENT_MAX + 1];
	uint64_t first;
	uint32_t count;

	memset(event, 'x', sizeof event);
	sk_log_max(0);
	assert_int_equal(sk_spool_append(spool, 0, event, 0, NULL), -EINVAL);
	assert_int_equal(sk_spool_append(spool, 0, event, SK_EVENT_MAX + 1, NULL), -EINVAL);
	assert_int_equal(sk_spool_append(spool, SK_PRIORITIES, event, 1, NULL), -EINVAL);
	assert_int_equal(sk_spool_append(spool, 0, event, SK_EVENT_MAX, NULL), 0);
	assert_int_equal(sk_spool_append(spool, 0, event, SK_EVENT_MAX, NULL), 0);
	/* max_bytes holds, but one event always comes. */
	assert_int_equal(sk_spool_read(spool, 0, 0, SK_EVENT_MAX + 1, 100, &lines, &first, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(lines.size, SK_EVENT_MAX + 1);
}

static void test_reopen(void **state)
{
	const char *path = new_folder();
	uint64_t n = 1, epoch = 0;

	for (int turn = 0; turn < 5; turn++) {
		struct sk_spool *spool = open_at(path, &small);
		struct sk_spool_stats st = sk_spool_stats(spool);
		struct seen seen;

		assert_true(st.fresh == (turn == 0));
		assert_true(turn == 0 || st.epoch == epoch);
		assert_true(st.epoch < 1ull << 53);
		epoch = st.epoch;
		for (int i = 0; i < 100; i++)
			append(spool, 2, n++, 300);
		seen = read_all(spool, 2, 0, 64);
		assert_true(seen.last == n - 1 && !seen.tombstones);
		assert_int_equal(sk_spool_ack(spool, epoch, 2, n - 50), 0);
		assert_int_equal(sk_spool_ack(spool, epoch, 2, n - 50), SK_NONE);
		assert_int_equal(sk_spool_ack(spool, epoch + 1, 2, n - 40), SK_NONE);
		assert_int_equal(sk_spool_ack(spool, epoch, 2, n), SK_BAD);
		seen = read_all(spool, 2, 0, 64);
		assert_true(seen.first == n - 49);
		sk_spool_free(spool);
	}
}

static void test_one_owner(void **state)
{
	const char *path = new_folder();
	_cleanup_spool_ struct sk_spool *spool = open_at(path, NULL), *second = NULL;
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_non_null(spool);
	assert_int_equal(sk_spool_open(dir, "", NULL, &second), SK_AGAIN);
	assert_null(second);
	close(dir);
}

static unsigned count_files(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *e;
	unsigned n = 0;

	while ((e = readdir(folder)))
		n += e->d_name[1] == '.' && e->d_name[0] >= '0' && e->d_name[0] <= '2';
	closedir(folder);
	return n;
}

/* What is acknowledged leaves the disk; the number of files follows. */
static void test_acknowledged_goes(void **state)
{
	const char *path = new_folder();
	_cleanup_spool_ struct sk_spool *spool = open_at(path, &small);
	uint64_t epoch = sk_spool_stats(spool).epoch;

	for (uint64_t n = 1; n <= 800; n++)
		append(spool, 1, n, 500);
	assert_true(count_files(path) >= 3);
	assert_int_equal(sk_spool_ack(spool, epoch, 1, 800), 0);
	assert_int_equal(count_files(path), 1);
	assert_int_equal(read_all(spool, 1, 0, 100).count, 0);
	append(spool, 1, 801, 10);
	assert_int_equal(read_all(spool, 1, 0, 100).count, 1);
}

/* The sum of what arrives and what the tombstones say is everything, once. */
static void assert_accounts(const struct seen *told, const struct seen *got, uint8_t priority, uint64_t total)
{
	uint64_t lost = 0, next = 1;

	for (unsigned i = 0; i < told->tombstones; i++) {
		assert_int_equal(told->lost[i].priority, priority);
		assert_true(told->lost[i].first == next);
		next = told->lost[i].last + 1;
		lost += told->lost[i].last - told->lost[i].first + 1;
	}
	assert_true(got->first == next);
	assert_true(got->last == total);
	assert_true(got->count + lost == total);
}

static void test_cap_drops_whole_segments(void **state)
{
	const char *path = new_folder();
	struct sk_spool *spool = open_at(path, &small);
	struct seen got, told;

	sk_log_max(0);
	for (uint64_t n = 1; n <= 3000; n++) {
		append(spool, 2, n, 600);
		assert_true(sk_spool_stats(spool).bytes <= small.max_bytes);
	}
	for (int turn = 0; turn < 2; turn++) {
		got = read_all(spool, 2, 0, 1000);
		told = read_all(spool, 0, 0, 1000);
		assert_accounts(&told, &got, 2, 3000);
		assert_true(told.tombstones > 3);
		sk_spool_free(spool);
		spool = open_at(path, &small);
	}
	sk_spool_free(spool);
}

/* The least important goes first, and never something more important than what needs the room. */
static void test_cap_respects_priority(void **state)
{
	_cleanup_spool_ struct sk_spool *spool = open_at(new_folder(), &small);
	static char event[SK_EVENT_MAX];
	struct sk_spool_stats st;

	sk_log_max(0);
	for (uint64_t n = 1; n <= 200; n++)
		append(spool, 2, n, 1000);
	for (uint64_t n = 1; n <= 200; n++)
		append(spool, 1, n, 1000);
	for (uint64_t n = 1; n <= 150; n++) {
		size_t size = make_event(event, n, 1500);

		assert_int_equal(sk_spool_append(spool, 0, event, size, NULL), 0);
	}
	assert_int_equal(sk_spool_stats(spool).chain[0].dropped, 0);
	assert_true(sk_spool_stats(spool).chain[2].dropped > 0);
	/* All of 2 and 1 goes for 0, then the oldest of 0 itself. */
	for (int i = 0; i < 300 || sk_spool_stats(spool).bytes + SK_EVENT_MAX < small.max_bytes; i++)
		assert_int_equal(sk_spool_append(spool, 0, event, make_event(event, 7, 1500), NULL), 0);
	st = sk_spool_stats(spool);
	assert_true(st.chain[2].acked == 200 && st.chain[1].acked == 200 && st.chain[0].dropped > 0);
	/* Nothing goes for bulk but bulk. */
	assert_int_equal(sk_spool_append(spool, 2, event, SK_EVENT_MAX, NULL), SK_FULL);
	assert_int_equal(sk_spool_stats(spool).chain[0].dropped, st.chain[0].dropped);
	assert_int_equal(sk_spool_stats(spool).chain[2].not_kept, 1);
}

/* What the server refuses goes, with a tombstone of its own; also over a new opening. Nothing that was not asked for goes with it. */
static void test_refused(void **state)
{
	const char *path = new_folder();
	_cleanup_spool_ struct sk_spool *spool = open_at(path, NULL);
	struct seen seen;
	uint64_t epoch = sk_spool_stats(spool).epoch;

	(void)state;
	sk_log_max(0);
	for (uint64_t n = 1; n <= 10; n++)
		append(spool, 2, n, 100);
	assert_int_equal(sk_spool_refused(spool, epoch + 1, 2, 1, 4), SK_NONE);
	assert_int_equal(sk_spool_refused(spool, epoch, 2, 2, 4), SK_BAD);
	assert_int_equal(sk_spool_refused(spool, epoch, 2, 1, 11), SK_BAD);
	assert_int_equal(sk_spool_refused(spool, epoch, 2, 1, 4), 0);
	assert_int_equal(sk_spool_refused(spool, epoch, 2, 1, 4), SK_NONE);
	assert_true(sk_spool_stats(spool).chain[2].acked == 4 && sk_spool_stats(spool).chain[2].dropped == 4 && sk_spool_stats(spool).tombstones_pending == 0);
	spool = sk_spool_free(spool);
	spool = open_at(path, NULL);
	seen = read_all(spool, 0, 0, 100);
	assert_int_equal(seen.tombstones, 1);
	assert_true(seen.lost[0].priority == 2 && seen.lost[0].first == 1 && seen.lost[0].last == 4);
	assert_true(sk_spool_stats(spool).chain[2].acked == 4 && sk_spool_stats(spool).chain[2].next == 11);
}

static void flip(const char *path, off_t at)
{
	int fd = open(path, O_RDWR);
	uint8_t byte;

	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 0x20;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

/* Path of the only or the oldest segment of a priority. */
static const char *segment_path(const char *folder, int priority)
{
	static char best[512];
	char prefix[3] = {(char)('0' + priority), '.', '\0'};
	DIR *d = opendir(folder);
	struct dirent *e;

	best[0] = '\0';
	while ((e = readdir(d))) {
		char path[512];

		if (strncmp(e->d_name, prefix, 2) != 0)
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		if (!best[0] || strcmp(path, best) < 0)
			memcpy(best, path, sizeof best);
	}
	closedir(d);
	assert_true(best[0]);
	return best;
}

static void copy_file(const char *from, const char *to, size_t limit)
{
	static char data[4 << 20];
	int fd = open(from, O_RDONLY);
	ssize_t n = read(fd, data, sizeof data);

	assert_true(n >= 0);
	close(fd);
	sk_test_write(to, data, SK_MIN((size_t)n, limit));
}

/* Empties `to` and copies all files of `from`. */
static void copy_spool(const char *from, const char *to)
{
	DIR *d = opendir(to);
	struct dirent *e;
	char a[600], b[600];

	while ((e = readdir(d)))
		if (e->d_name[0] != '.') {
			snprintf(a, sizeof a, "%s/%s", to, e->d_name);
			unlink(a);
		}
	closedir(d);
	d = opendir(from);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.') {
			snprintf(a, sizeof a, "%s/%s", from, e->d_name);
			snprintf(b, sizeof b, "%s/%s", to, e->d_name);
			copy_file(a, b, SIZE_MAX);
		}
	closedir(d);
}

/* The power goes at every byte of the last segment: what was whole stays, numbering goes on, nothing is invented. */
static void test_every_truncation(void **state)
{
	const char *master = new_folder(), *work = new_folder();
	struct sk_spool *spool = open_at(master, NULL);
	off_t size, record;
	struct stat st;

	sk_log_max(0);
	sk_spool_sync(spool);
	for (uint64_t n = 1; n <= 6; n++)
		append(spool, 2, n, 40);
	stat(segment_path(master, 2), &st);
	size = st.st_size;
	record = (size - 48) / 6;
	/* As if the process had been killed: the state does not know of the records. */
	for (off_t cut = 0; cut < size; cut++) {
		struct sk_spool *again;
		struct seen seen;
		uint64_t whole = cut < 48 ? 0 : (uint64_t)((cut - 48) / record);

		copy_spool(master, work);
		assert_int_equal(truncate(segment_path(work, 2), cut), 0);
		again = open_at(work, NULL);
		seen = read_all(again, 2, 0, 100);
		assert_true(seen.count == whole && !seen.missing);
		append(again, 2, whole + 1, 10);
		seen = read_all(again, 2, 0, 100);
		assert_true(seen.count == whole + 1);
		assert_int_equal(read_all(again, 0, 0, 100).tombstones, 0);
		sk_spool_free(again);
	}
	sk_spool_free(spool);
}

/* One byte of any record but the last goes bad: that event alone is lost, and told once, however often the spool is opened. */
static void test_every_damage(void **state)
{
	const char *master = new_folder(), *work = new_folder();
	struct sk_spool *spool = open_at(master, NULL);
	off_t record;
	struct stat st;

	sk_log_max(0);
	for (uint64_t n = 1; n <= 5; n++)
		append(spool, 2, n, 20);
	sk_spool_free(spool);
	stat(segment_path(master, 2), &st);
	record = (st.st_size - 48) / 5;
	for (off_t at = 48; at < st.st_size - record; at++) {
		uint64_t bad = (uint64_t)((at - 48) / record) + 1;

		copy_spool(master, work);
		flip(segment_path(work, 2), at);
		for (int turn = 0; turn < 3; turn++) {
			struct sk_spool *again = open_at(work, NULL);
			struct seen got = read_all(again, 2, 0, 100), told = read_all(again, 0, 0, 100);

			assert_true(got.count == 4 && got.missing == 1);
			assert_int_equal(told.tombstones, 1);
			assert_true(told.lost[0].priority == 2 && told.lost[0].first == bad && told.lost[0].last == bad);
			sk_spool_free(again);
		}
	}
}

/* Damage that comes while the spool is open is met by the reader. */
static void test_damage_while_open(void **state)
{
	const char *path = new_folder();
	struct sk_spool *spool = open_at(path, NULL);
	struct seen got, told;

	sk_log_max(0);
	for (uint64_t n = 1; n <= 100; n++)
		append(spool, 2, n, 20);
	flip(segment_path(path, 2), 48 + 3);
	got = read_all(spool, 2, 0, 10);
	told = read_all(spool, 0, 0, 10);
	assert_true(got.count == 99 && got.first == 2);
	assert_true(told.tombstones == 1 && told.lost[0].first == 1 && told.lost[0].last == 1);
	append(spool, 2, 101, 20);
	assert_true(read_all(spool, 2, 0, 10).count == 100);
	sk_spool_free(spool);
	spool = open_at(path, NULL);
	assert_true(read_all(spool, 2, 0, 10).count == 100);
	assert_int_equal(read_all(spool, 0, 0, 10).tombstones, 1);
	sk_spool_free(spool);
}

/* A whole segment disappears, or its header goes bad: exactly its range is told. */
static void test_segment_gone(void **state)
{
	for (int how = 0; how < 2; how++) {
		const char *path = new_folder();
		struct sk_spool *spool = open_at(path, &small);
		struct seen got, told;

		sk_log_max(0);
		for (uint64_t n = 1; n <= 600; n++)
			append(spool, 1, n, 500);
		sk_spool_free(spool);
		if (how == 0)
			assert_int_equal(unlink(segment_path(path, 1)), 0);
		else
			flip(segment_path(path, 1), 20);
		for (int turn = 0; turn < 2; turn++) {
			spool = open_at(path, &small);
			got = read_all(spool, 1, 0, 1000);
			told = read_all(spool, 0, 0, 1000);
			assert_int_equal(told.tombstones, 1);
			assert_accounts(&told, &got, 1, 600);
			sk_spool_free(spool);
		}
	}
}

/* Everything of a priority disappears: numbers that were given out are not given out again. */
static void test_chain_gone(void **state)
{
	const char *path = new_folder();
	struct sk_spool *spool = open_at(path, NULL);
	struct seen told;

	sk_log_max(0);
	for (uint64_t n = 1; n <= 10; n++)
		append(spool, 2, n, 10);
	assert_int_equal(sk_spool_ack(spool, sk_spool_stats(spool).epoch, 2, 4), 0);
	sk_spool_free(spool);
	assert_int_equal(unlink(segment_path(path, 2)), 0);
	spool = open_at(path, NULL);
	append(spool, 2, 11, 10);
	told = read_all(spool, 0, 0, 10);
	assert_true(told.tombstones == 1 && told.lost[0].first == 5 && told.lost[0].last == 10);
	sk_spool_free(spool);
	spool = open_at(path, NULL);
	assert_int_equal(read_all(spool, 0, 0, 10).tombstones, 1);
	sk_spool_free(spool);
}

/* Both slots of the state are gone: a new epoch, and every event in it. */
static void test_state_lost(void **state)
{
	const char *path = new_folder();
	struct sk_spool *spool = open_at(path, NULL);
	uint64_t epoch = sk_spool_stats(spool).epoch;
	char name[512];

	sk_log_max(0);
	for (uint64_t n = 1; n <= 20; n++)
		append(spool, 2, n, 10);
	sk_spool_free(spool);
	snprintf(name, sizeof name, "%s/state", path);
	assert_int_equal(truncate(name, 100), 0);
	spool = open_at(path, NULL);
	assert_true(sk_spool_stats(spool).fresh && sk_spool_stats(spool).epoch != epoch);
	assert_true(read_all(spool, 2, 0, 100).count == 20);
	sk_spool_free(spool);
	spool = open_at(path, NULL);
	assert_false(sk_spool_stats(spool).fresh);
	assert_true(read_all(spool, 2, 0, 100).count == 20);
	sk_spool_free(spool);
}

/* An image of yesterday is put back: numbers that the server knows never mean something else. */
static void test_older_copy(void **state)
{
	_cleanup_spool_ struct sk_spool *spool = open_at(new_folder(), NULL);
	uint64_t epoch = sk_spool_stats(spool).epoch, first;
	_cleanup_buf_ struct sk_buf lines = SK_BUF(SK_BATCH_MAX_RAW);
	uint32_t count;

	sk_log_max(0);
	for (uint64_t n = 1; n <= 30; n++)
		append(spool, 2, n, 10);
	assert_int_equal(sk_spool_ack(spool, epoch, 2, 10), 0);
	assert_int_equal(sk_spool_resync(spool, epoch, 2, 1000), 0);
	assert_int_equal(sk_spool_read(spool, 2, 1000, SK_BATCH_MAX_RAW, 100, &lines, &first, &count), 0);
	assert_true(first == 1001 && count == 20);
	assert_true(event_number(lines.data) == 11);
	assert_int_equal(read_all(spool, 0, 0, 10).tombstones, 0);
	assert_int_equal(sk_spool_resync(spool, epoch, 2, 1005), 0);
	assert_true(sk_spool_stats(spool).chain[2].acked == 1005);
	/* What cannot be true changes nothing. */
	assert_int_equal(sk_spool_resync(spool, epoch, 2, UINT64_MAX), 0);
	assert_int_equal(sk_spool_resync(spool, epoch, 2, SK_JSON_MAX_INT), 0);
	assert_true(sk_spool_stats(spool).chain[2].acked == 1005 && sk_spool_stats(spool).chain[2].next == 1021);
}

static void test_age(void **state)
{
	const struct sk_spool_opts opts = {.max_age_ms = 1, .segment_bytes = 128 << 10};
	_cleanup_spool_ struct sk_spool *spool = open_at(new_folder(), &opts);
	struct seen told;

	sk_log_max(0);
	for (uint64_t n = 1; n <= 10; n++)
		append(spool, 2, n, 10);
	usleep(5000);
	sk_spool_tick(spool);
	told = read_all(spool, 0, 0, 10);
	assert_true(told.tombstones == 1 && told.lost[0].first == 1 && told.lost[0].last == 10);
	append(spool, 2, 11, 10);
	assert_int_equal(read_all(spool, 2, 0, 10).count, 1);
}

/* A small file system of its own, so that it can be full. False where that is not permitted. */
static bool mount_small(const char *path)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return false;
	return mount("tmpfs", path, "tmpfs", 0, "size=1m") == 0;
}

static void fill_disk(const char *path)
{
	static char block[4096];
	char name[512];
	int fd;

	snprintf(name, sizeof name, "%s/filler", path);
	fd = open(name, O_WRONLY | O_CREAT | O_APPEND, 0600);
	while (write(fd, block, sizeof block) == (ssize_t)sizeof block)
		;
	close(fd);
}

/* The disk is full for a while: the process goes on, older bulk makes room, then events are not kept; afterwards it says exactly which. */
static void test_full_disk(void **state)
{
	const char *path = new_folder();
	struct sk_spool *spool;
	static char event[SK_EVENT_MAX];
	struct seen told;
	char name[512];
	uint64_t lost = 0;

	if (!mount_small(path))
		skip();
	sk_log_max(0);
	spool = open_at(path, NULL);
	for (uint64_t n = 1; n <= 50; n++)
		append(spool, 1, n, 100);
	fill_disk(path);
	for (uint64_t n = 51; n <= 500; n++) {
		int r = sk_spool_append(spool, 2, event, make_event(event, n, 400), NULL);

		assert_true(r == 0 || r == SK_FULL);
	}
	assert_true(sk_spool_stats(spool).chain[2].not_kept > 0);
	assert_true(sk_spool_stats(spool).disk_full);
	assert_int_equal(sk_spool_stats(spool).chain[1].dropped, 0);
	/* Killed meanwhile: what was counted is not forgotten. */
	sk_spool_free(spool);
	spool = open_at(path, NULL);
	snprintf(name, sizeof name, "%s/filler", path);
	unlink(name);
	assert_int_equal(sk_spool_append(spool, 2, event, make_event(event, 451, 400), NULL), 0);
	assert_false(sk_spool_stats(spool).disk_full);
	assert_true(read_all(spool, 1, 0, 100).count == 50);
	for (int turn = 0; turn < 2; turn++) {
		told = read_all(spool, 0, 0, 100);
		lost = 0;
		for (unsigned i = 0; i < told.tombstones; i++) {
			assert_int_equal(told.lost[i].priority, 2);
			lost += told.lost[i].last - told.lost[i].first + 1;
		}
		assert_true(lost > 0 && lost <= 450);
		assert_true(told.lost[told.tombstones - 1].last == 450);
		sk_spool_free(spool);
		spool = open_at(path, NULL);
	}
	sk_spool_free(spool);
	umount2(path, MNT_DETACH);
}

/* Every number is an event or stands in a tombstone. */
static void assert_accounting(const char *path)
{
	_cleanup_spool_ struct sk_spool *spool = open_at(path, &small);
	_cleanup_buf_ struct sk_buf lines = SK_BUF(SK_BATCH_MAX_RAW);
	uint64_t after = 0, first, got = 0, lost = 0;
	struct seen told;
	uint32_t count;

	while (sk_spool_read(spool, 2, after, SK_BATCH_MAX_RAW, 100, &lines, &first, &count) == 0) {
		got += count;
		after = first + count - 1;
		sk_buf_clear(&lines);
	}
	told = read_all(spool, 0, 0, 100);
	for (unsigned i = 0; i < told.tombstones; i++)
		lost += told.lost[i].last - told.lost[i].first + 1;
	assert_true(got + lost == sk_spool_stats(spool).chain[2].next - 1);
}

/* Memory runs out at each place in turn: an error, no crash, and the spool is whole afterwards. */
static void test_memory_runs_out(void **state)
{
	const char *path = new_folder();
	unsigned long n = 0;
	bool reached;

	sk_log_max(0);
	do {
		struct sk_spool *spool = NULL;
		_cleanup_buf_ struct sk_buf lines = SK_BUF(SK_BATCH_MAX_RAW);
		int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		uint64_t first;
		uint32_t count;
		int r;

		sk_alloc_fail_at(++n);
		r = sk_spool_open(dir, "", &small, &spool);
		if (!r) {
			r = sk_spool_append(spool, 2, "{}", 2, NULL);
			assert_true(r == 0 || r == SK_FULL);
			r = sk_spool_read(spool, 2, 0, SK_BATCH_MAX_RAW, 10, &lines, &first, &count);
			assert_true(r == 0 || r == SK_NONE || r == -ENOMEM);
		} else {
			assert_int_equal(r, -ENOMEM);
		}
		reached = sk_alloc_count() >= n;
		sk_alloc_fail_at(0);
		sk_spool_free(spool);
		close(dir);
	} while (reached && n < 1000);
	assert_true(n > 5 && n < 1000);
	assert_accounting(path);
}

SK_TEST_MAIN(cmocka_unit_test(test_order), cmocka_unit_test(test_bounds), cmocka_unit_test(test_reopen),
	     cmocka_unit_test(test_one_owner), cmocka_unit_test(test_acknowledged_goes),
	     cmocka_unit_test(test_cap_drops_whole_segments), cmocka_unit_test(test_cap_respects_priority),
	     cmocka_unit_test(test_every_truncation), cmocka_unit_test(test_every_damage), cmocka_unit_test(test_damage_while_open),
	     cmocka_unit_test(test_segment_gone), cmocka_unit_test(test_chain_gone), cmocka_unit_test(test_state_lost),
	     cmocka_unit_test(test_older_copy), cmocka_unit_test(test_age), cmocka_unit_test(test_full_disk),
	     cmocka_unit_test(test_memory_runs_out), cmocka_unit_test(test_refused))
