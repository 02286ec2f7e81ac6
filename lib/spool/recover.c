// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Opening: every segment is read and every record checked, so that what is missing is known, told and mended before anything else happens.
 *
 * A missing range is "declared" when the record behind it carries RECORD_JUMP: somebody told of it before. Mending a segment means to write it
 * anew with its good records alone, and that flag behind each hole; until then its range stays noted in the state.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/file.h"
#include "os/point.h"
#include "spool/inner.h"

static int load(struct sk_spool *s, const char *name, struct sk_buf *buf)
{
	int r = sk_file_read(s->dir, name, SEGMENT_FILE_MAX, buf);

	return r > 0 ? sk_origin(-EIO) : r;
}

/* A record for the mended copy. */
static int copy_record(struct sk_buf *out, const struct record *r, bool jump)
{
	uint8_t header[RECORD_HEADER];
	int e;

	sk_record_write(r->seq, jump ? RECORD_JUMP : 0, r->data, r->size, header);
	e = sk_buf_append(out, header, sizeof header);
	return e ? e : sk_buf_append(out, r->data, r->size);
}

/* The record that starts at *at or, when none that is expected does, the next good one behind it (then *lost). SK_NONE: there is none. */
static int next_record(const struct sk_buf *file, uint64_t expect, size_t *at, struct record *r, bool *lost)
{
	const uint8_t *bytes = (const uint8_t *)file->data;

	*lost = false;
	if (sk_record_read(bytes + *at, file->size - *at, r) == 0 && r->seq >= expect)
		return 0;
	*lost = true;
	return sk_record_find(bytes, file->size, *at + 1, expect, at, r);
}

/*
 * Checks the records of a loaded segment from *expect on, notes what is missing, and sets the segment's end. With `mended` not NULL, its good
 * records are appended there.
 */
static int scan(struct sk_spool *s, uint8_t priority, struct segment *segment, const struct sk_buf *file, uint64_t *expect,
		struct sk_buf *mended)
{
	struct record r;
	bool lost;
	int e = 0;

	segment->bytes = SEGMENT_HEADER;
	segment->last = segment->first - 1;
	segment->damaged = segment->jumps = false;
	for (size_t at = SEGMENT_HEADER; !e && at < file->size; at += r.whole) {
		if (next_record(file, *expect, &at, &r, &lost))
			break;
		if (r.seq > *expect && !lost && r.flags & RECORD_JUMP)
			spool_settle(s, priority, r.seq);
		else if (r.seq > *expect)
			spool_note_missing(s, priority, *expect, r.seq - 1);
		segment->damaged |= lost || (r.seq > *expect && !(r.flags & RECORD_JUMP));
		segment->jumps |= r.seq > *expect && segment->last >= segment->first;
		if (mended)
			e = copy_record(mended, &r, r.seq > *expect);
		*expect = r.seq + 1;
		segment->last = r.seq;
		segment->bytes = at + r.whole;
	}
	return e;
}

int spool_note_records(struct sk_spool *s, uint8_t priority, const struct segment *segment, enum loss_reason reason)
{
	_cleanup_buf_ struct sk_buf file = SK_BUF(SEGMENT_FILE_MAX);
	uint64_t acked = s->state.acked[priority], first = 0, next = 0;
	char name[SEGMENT_NAME];
	struct record rec;
	bool lost;
	int r = load(s, spool_segment_name(priority, s->state.epoch, segment->first, name), &file);

	for (size_t at = SEGMENT_HEADER; !r && at < file.size; at += rec.whole) {
		if (next_record(&file, SK_MAX(next, segment->first), &at, &rec, &lost))
			break;
		if (rec.seq <= acked)
			continue;
		if (first && rec.seq != next)
			spool_note_loss(s, LOSS_DROPPED, reason, priority, first, next - 1);
		if (!first || rec.seq != next)
			first = rec.seq;
		next = rec.seq + 1;
		s->chain[priority].stats.dropped++;
	}
	if (!r && first)
		spool_note_loss(s, LOSS_DROPPED, reason, priority, first, next - 1);
	return r;
}

static int cut_tail(struct sk_spool *s, const char *name, const struct segment *segment, size_t size)
{
	_cleanup_close_ int fd = -1;
	int r;

	if (size <= segment->bytes)
		return 0;
	SK_POINT("spool.cut");
	r = sk_open_in(s->dir, name, O_RDWR, 0, &fd);
	if (r)
		return r < 0 ? r : sk_origin(-EIO);
	if (ftruncate(fd, (off_t)segment->bytes) < 0)
		return sk_origin_errno();
	s->cut_bytes += size - segment->bytes;
	sk_log(SK_LOG_NOTICE, "segment %s of the spool: %zu bytes behind its last record were cut off", name,
	       size - (size_t)segment->bytes);
	return sk_fd_sync("spool.fsync", fd);
}

/* Where numbering must be when a chain's first segment begins. */
static uint64_t expected_from(const struct sk_spool *s, uint8_t priority, const struct segment *segment)
{
	const struct segment *before;

	if (segment == spool_first(&s->chain[priority]))
		return SK_MIN(segment->first, s->state.acked[priority] + 1);
	before = sk_list_entry(segment->link.previous, struct segment, link);
	return before->last + 1;
}

/* Writes a damaged segment anew. Its ranges are noted and told by now. */
static int rewrite(struct sk_spool *s, uint8_t priority, struct segment *segment)
{
	_cleanup_buf_ struct sk_buf file = SK_BUF(SEGMENT_FILE_MAX), mended = SK_BUF(SEGMENT_FILE_MAX);
	const struct segment_header header = {priority, s->state.epoch, segment->first, segment->begun_ms};
	struct chain *c = &s->chain[priority];
	uint64_t expect = expected_from(s, priority, segment), before = segment->bytes;
	uint8_t bytes[SEGMENT_HEADER];
	char name[SEGMENT_NAME];
	int r = load(s, spool_segment_name(priority, s->state.epoch, segment->first, name), &file);

	if (segment == spool_last(c))
		sk_close_p(&c->fd);
	sk_segment_header_write(&header, bytes);
	if (!r)
		r = sk_buf_append(&mended, bytes, sizeof bytes);
	if (!r)
		r = scan(s, priority, segment, &file, &expect, &mended);
	SK_POINT("spool.repair");
	if (!r)
		r = sk_file_replace("spool.repair", s->dir, name, mended.data, mended.size, 0600);
	if (r)
		return r < 0 ? r : sk_origin(-EIO);
	c->read_segment = 0;
	segment->damaged = false;
	segment->bytes = mended.size;
	c->bytes += segment->bytes - before;
	s->bytes += segment->bytes - before;
	if (segment->last >= segment->first)
		spool_settle(s, priority, segment->last + (segment->last < c->next - 1));
	else if (segment != spool_last(c))
		spool_segment_remove(s, priority, segment);
	return 0;
}

/* Tells of everything noted, then mends. What cannot be done now (a full disk) stays noted, and is done at the next open. */
static int tell_and_mend(struct sk_spool *s)
{
	int r = s->state.tombstone_count ? spool_state_put(s, true) : 0;

	if (!r)
		r = spool_tell(s);
	for (uint8_t p = 0; !r && p < SK_PRIORITIES; p++)
		sk_list_each(segment, &s->chain[p].segments, struct segment, link) {
			if (segment->damaged && !r)
				r = rewrite(s, p, segment);
		}
	if (r)
		return r;
	spool_forget(s);
	return spool_state_put(s, true);
}

int spool_mend(struct sk_spool *s, uint8_t priority, struct segment *segment)
{
	_cleanup_buf_ struct sk_buf file = SK_BUF(SEGMENT_FILE_MAX);
	struct chain *c = &s->chain[priority];
	uint64_t expect = expected_from(s, priority, segment), before = segment->bytes;
	char name[SEGMENT_NAME];
	int r = load(s, spool_segment_name(priority, s->state.epoch, segment->first, name), &file);

	if (!r)
		r = scan(s, priority, segment, &file, &expect, NULL);
	if (r)
		return r;
	c->bytes += segment->bytes - before;
	s->bytes += segment->bytes - before;
	segment->damaged = true;
	if (segment != spool_last(c)) {
		struct segment *next = sk_list_entry(segment->link.next, struct segment, link);

		if (next->first > expect) {
			spool_note_missing(s, priority, expect, next->first - 1);
			next->damaged = true;
		}
	} else if (expect < c->next) {
		spool_note_missing(s, priority, expect, c->next - 1);
		c->jump = true;
	}
	return tell_and_mend(s);
}

struct found {
	uint8_t priority;
	uint64_t epoch, first;
};

static int compare_found(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->epoch != y->epoch)
		return x->epoch < y->epoch ? -1 : 1;
	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

/* Exactly the form of spool_segment_name(). */
static bool parse_name(const char *name, struct found *ret)
{
	char again[SEGMENT_NAME];
	unsigned priority;

	if (strlen(name) != 1 + 1 + 16 + 1 + 20 || sscanf(name, "%1u.%16" SCNx64 ".%20" SCNu64, &priority, &ret->epoch, &ret->first) != 3)
		return false;
	ret->priority = (uint8_t)priority;
	return priority < SK_PRIORITIES && strcmp(name, spool_segment_name(ret->priority, ret->epoch, ret->first, again)) == 0;
}

/* The segments in the folder, by epoch, priority and number. The array is the caller's. */
static int list_segments(struct sk_spool *s, struct found **ret_list, size_t *ret_count)
{
	_cleanup_free_ struct found *list = NULL;
	size_t count = 0, room = 0;
	int fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!folder) {
		r = sk_origin_errno();
		sk_close_p(&fd);
		return r;
	}
	while (!r && (entry = readdir(folder))) {
		struct found f;

		if (!parse_name(entry->d_name, &f))
			continue;
		if (count == room) {
			struct found *larger = sk_realloc_array(list, room ? 2 * room : 64, sizeof *list);

			if (!larger) {
				r = sk_origin(-ENOMEM);
				break;
			}
			list = larger;
			room = room ? 2 * room : 64;
		}
		list[count++] = f;
	}
	closedir(folder);
	if (r)
		return r;
	if (count)
		qsort(list, count, sizeof *list, compare_found);
	*ret_list = SK_TAKE(list);
	*ret_count = count;
	return 0;
}

/* A file whose header says something else than its name, or nothing, holds nothing that could be sent: what it held is found missing. */
static bool header_is_good(const struct sk_buf *file, const struct found *f, struct segment_header *ret_header)
{
	return sk_segment_header_read((const uint8_t *)file->data, file->size, ret_header, NULL) == 0 && ret_header->epoch == f->epoch &&
	       ret_header->priority == f->priority && ret_header->first == f->first;
}

static int recover_segment(struct sk_spool *s, const struct found *f, uint64_t *expect)
{
	_cleanup_buf_ struct sk_buf file = SK_BUF(SEGMENT_FILE_MAX);
	struct segment segment = {.first = f->first};
	struct segment_header header;
	char name[SEGMENT_NAME];
	int r = load(s, spool_segment_name(f->priority, f->epoch, f->first, name), &file);

	if (r)
		return r;
	if (!header_is_good(&file, f, &header)) {
		sk_log(SK_LOG_WARNING, "segment %s of the spool is no segment: removed", name);
		return unlinkat(s->dir, name, 0) < 0 ? sk_origin_errno() : 0;
	}
	segment.begun_ms = header.begun_ms;
	r = scan(s, f->priority, &segment, &file, expect, NULL);
	if (!r)
		r = cut_tail(s, name, &segment, file.size);
	return r ? r : spool_segment_add(s, f->priority, &segment);
}

/* The chain's end: its next number is never below what the state or the last segment's header has seen. */
static int finish_chain(struct sk_spool *s, uint8_t priority, uint64_t expect)
{
	struct chain *c = &s->chain[priority];
	struct segment *last = spool_last(c);
	uint64_t floor = SK_MAX(s->state.next[priority], s->state.acked[priority] + 1);
	char name[SEGMENT_NAME];
	int r;

	if (last)
		floor = SK_MAX(floor, last->first);
	c->next = SK_MAX(expect, floor);
	c->durable = c->next;
	if (expect < c->next) {
		spool_note_missing(s, priority, expect, c->next - 1);
		c->jump = true;
	}
	if (!last || last->bytes >= s->opts.segment_bytes || last->damaged)
		return 0;
	r = sk_open_in(s->dir, spool_segment_name(priority, s->state.epoch, last->first, name), O_RDWR, 0, &c->fd);
	return r > 0 ? sk_origin(-EIO) : r;
}

static int recover_chain(struct sk_spool *s, uint8_t priority, const struct found *list, size_t count)
{
	uint64_t expect = s->state.acked[priority] + 1;
	bool first = true;
	int r = 0;

	for (size_t i = 0; !r && i < count; i++) {
		if (list[i].epoch != s->state.epoch || list[i].priority != priority)
			continue;
		if (first)
			expect = SK_MIN(expect, list[i].first);
		first = false;
		r = recover_segment(s, &list[i], &expect);
	}
	return r ? r : finish_chain(s, priority, SK_MAX(expect, s->state.acked[priority] + 1));
}

/* Which of the noted events are there already. */
static void mark_told(struct sk_spool *s)
{
	for (uint32_t i = 0; i < s->state.tombstone_count; i++) {
		struct tombstone *t = &s->state.tombstones[i];

		t->told = t->seq && s->chain[0].next > t->seq;
		if (!t->told)
			t->seq = 0;
	}
}

/*
 * Segments of another epoch: the state was lost. Their events are numbered anew (some may have been sent before, under their old numbers:
 * sent twice is better than lost).
 */
static int adopt(struct sk_spool *s, const struct found *f)
{
	_cleanup_buf_ struct sk_buf file = SK_BUF(SEGMENT_FILE_MAX);
	struct segment_header header;
	struct record r;
	char name[SEGMENT_NAME];
	uint64_t expect = 1;
	bool lost;
	int e = load(s, spool_segment_name(f->priority, f->epoch, f->first, name), &file);

	if (!e && header_is_good(&file, f, &header))
		for (size_t at = SEGMENT_HEADER; !e && at < file.size; at += r.whole) {
			if (next_record(&file, expect, &at, &r, &lost))
				break;
			e = sk_spool_append(s, f->priority, r.data, r.size, NULL);
			expect = r.seq + 1;
		}
	if (e < 0)
		return e;
	e = sk_spool_sync(s);
	return e ? e : unlinkat(s->dir, name, 0) < 0 ? sk_origin_errno() : 0;
}

int spool_recover(struct sk_spool *s)
{
	_cleanup_free_ struct found *list = NULL;
	size_t count = 0;
	int r = list_segments(s, &list, &count);

	SK_POINT("spool.open");
	for (uint8_t p = 0; !r && p < SK_PRIORITIES; p++)
		r = recover_chain(s, p, list, count);
	if (r)
		return r;
	mark_told(s);
	r = tell_and_mend(s);
	if (r)
		sk_log(SK_LOG_WARNING, "the spool could not be put in order now: %s", strerror(-r));
	for (uint8_t p = 0; p < SK_PRIORITIES; p++)
		spool_remove_acked(s, p);
	r = 0;
	for (size_t i = 0; !r && i < count; i++)
		if (list[i].epoch != s->state.epoch)
			r = adopt(s, &list[i]);
	return r;
}
