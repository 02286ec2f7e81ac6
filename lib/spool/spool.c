// SPDX-License-Identifier: GPL-3.0-or-later
/* What callers see: opening, appending, acknowledging. Everything that touches a file is in store.c, loss.c, recover.c and read.c. */
#include "spool/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/seed.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/point.h"
#include "spool/inner.h"
#include "wire/json.h"

enum { SEGMENT_MIN = 128 << 10, SEGMENT_MAX = 64 << 20 };

static struct sk_spool_opts with_defaults(const struct sk_spool_opts *given)
{
	struct sk_spool_opts o = given ? *given : (struct sk_spool_opts){0};

	o.segment_bytes = o.segment_bytes ? SK_MAX(o.segment_bytes, (uint32_t)SEGMENT_MIN) : 1 << 20;
	o.segment_bytes = SK_MIN(o.segment_bytes, (uint32_t)SEGMENT_MAX);
	o.max_bytes = SK_MAX(o.max_bytes ? o.max_bytes : 256ull << 20, 4ull * o.segment_bytes);
	return o;
}

/* Seconds since 1970 and 20 random bits: grows with time, differs also when the clock stands still, and is exact as a number of JSON. */
static int draw_epoch(uint64_t *ret_epoch)
{
	uint32_t random;

	int r = sk_seed(&random, sizeof random);

	if (r)
		return r;
	*ret_epoch = (sk_clock_ms() / 1000 & 0xffffffff) << 20 | (random & 0xfffff);
	return 0;
}

static int fresh_state(struct sk_spool *s)
{
	s->state = (struct state){.acked = {0}};
	for (int p = 0; p < SK_PRIORITIES; p++)
		s->chain[p].next = 1;
	s->fresh = true;
	for (int p = 0; p < SK_PRIORITIES; p++)
		s->state.next[p] = 1;
	return draw_epoch(&s->state.epoch);
}

/* Both slots are written at once, so that the file has its whole size before the disk can be full. */
static int write_fresh_state(struct sk_spool *s)
{
	int r = spool_state_put(s, true);

	if (!r)
		r = spool_state_put(s, true);
	return r ? r : fsync(s->dir) < 0 ? sk_origin_errno() : 0;
}

static int load_state(struct sk_spool *s)
{
	_cleanup_buf_ struct sk_buf file = SK_BUF(STATE_SIZE + 1);
	struct sk_diag diag = {.source = "spool/state"};
	char text[512];
	int r = sk_file_read(s->dir, "state", STATE_SIZE + 1, &file);

	if (r < 0)
		return r;
	if (r == 0 && sk_state_choose((const uint8_t *)file.data, file.size, &s->state, &diag) == 0)
		return sk_open_in(s->dir, "state", O_RDWR, 0, &s->state_fd) ? sk_origin(-EIO) : 0;
	if (r == 0 && file.size)
		sk_log(SK_LOG_ERROR, "%s: a new epoch begins", sk_diag_format(&diag, text, sizeof text));
	r = sk_open_in(s->dir, "state", O_RDWR | O_CREAT | O_TRUNC, 0600, &s->state_fd);
	if (!r)
		r = fresh_state(s);
	if (!r)
		r = write_fresh_state(s);
	return r > 0 ? sk_origin(-EIO) : r;
}

static int lock_folder(struct sk_spool *s)
{
	int r = sk_open_in(s->dir, "lock", O_RDWR | O_CREAT, 0600, &s->lock_fd);

	if (r)
		return r < 0 ? r : sk_origin(-EIO);
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ? SK_AGAIN : sk_origin_errno();
}

static int open_folder(int dir, const char *path, int *ret_dir)
{
	int r = sk_open_in(dir, path, O_RDONLY | O_DIRECTORY, 0, ret_dir);

	return r > 0 ? sk_origin(-ENOENT) : r;
}

int sk_spool_open(int dir, const char *path, const struct sk_spool_opts *opts, struct sk_spool **ret_spool)
{
	_cleanup_spool_ struct sk_spool *s = sk_calloc(1, sizeof *s);
	int r;

	if (!s)
		return sk_origin(-ENOMEM);
	s->dir = s->lock_fd = s->state_fd = -1;
	s->opts = with_defaults(opts);
	s->scratch = SK_BUF(RECORD_MAX);
	for (int p = 0; p < SK_PRIORITIES; p++) {
		sk_list_init(&s->chain[p].segments);
		s->chain[p].fd = -1;
	}
	r = open_folder(dir, path, &s->dir);
	if (!r)
		r = lock_folder(s);
	if (!r)
		r = load_state(s);
	if (!r)
		r = spool_recover(s);
	if (r)
		return r;
	*ret_spool = SK_TAKE(s);
	return 0;
}

struct sk_spool *sk_spool_free(struct sk_spool *s)
{
	if (!s)
		return NULL;
	if (s->state_fd >= 0)
		sk_spool_sync(s);
	for (int p = 0; p < SK_PRIORITIES; p++) {
		sk_list_each(segment, &s->chain[p].segments, struct segment, link)
			free(segment);
		sk_close_p(&s->chain[p].fd);
	}
	sk_close_p(&s->state_fd);
	sk_close_p(&s->lock_fd);
	sk_close_p(&s->dir);
	sk_buf_done(&s->scratch);
	free(s);
	return NULL;
}

void sk_spool_free_p(struct sk_spool **spool)
{
	*spool = sk_spool_free(*spool);
}

static bool is_full(int error)
{
	return error == -ENOSPC || error == -EDQUOT;
}

/* The number is used up; what it stood for is noted. The state is written in place: that needs no room. */
static void not_kept(struct sk_spool *s, uint8_t priority, int error)
{
	struct chain *c = &s->chain[priority];

	if (!c->jump)
		sk_log(SK_LOG_ERROR, "the spool cannot keep an event of priority %u: %s", priority,
		       error == SK_FULL ? "its limit is reached by what is more important" : strerror(-error));
	s->disk_full = is_full(error);
	spool_note_loss(s, LOSS_NOT_KEPT, error == SK_FULL ? LOSS_SIZE : LOSS_DISK, priority, c->next, c->next);
	c->stats.not_kept++;
	if (c->durable == c->next)
		c->durable++;
	c->next++;
	c->jump = true;
	spool_state_put(s, false);
}

/* One try: tombstones first, since they name what is missing before this event. */
static int try_append(struct sk_spool *s, uint8_t priority, const void *event, uint32_t size)
{
	int r;

	if (s->bytes + RECORD_HEADER + size + SEGMENT_HEADER > s->opts.max_bytes)
		return SK_FULL;
	r = spool_tell(s);
	return r ? r : spool_record_append(s, priority, event, size);
}

int sk_spool_append(struct sk_spool *s, uint8_t priority, const void *event, size_t size, uint64_t *ret_seq)
{
	struct chain *c = &s->chain[priority];
	int r;

	if (priority >= SK_PRIORITIES || size == 0 || size > SK_EVENT_MAX)
		return sk_origin(-EINVAL);
	do
		r = try_append(s, priority, event, (uint32_t)size);
	while ((r == SK_FULL || is_full(r)) && spool_drop_oldest(s, priority, r == SK_FULL ? LOSS_SIZE : LOSS_DISK));
	if (ret_seq)
		*ret_seq = r ? c->next : c->next - 1;
	if (r == 0) {
		s->disk_full = false;
		if (s->state.tombstone_count)
			spool_forget(s);
		return 0;
	}
	not_kept(s, priority, r);
	return SK_FULL;
}

bool sk_spool_dirty(const struct sk_spool *s)
{
	for (int p = 0; p < SK_PRIORITIES; p++)
		if (s->chain[p].durable < s->chain[p].next)
			return true;
	return s->state_dirty;
}

int sk_spool_sync(struct sk_spool *s)
{
	int r = 0, e;

	for (uint8_t p = 0; p < SK_PRIORITIES; p++) {
		e = spool_chain_sync(s, p);
		r = r ? r : e;
	}
	if (s->state_dirty) {
		e = sk_fd_sync("spool.state.fsync", s->state_fd);
		s->state_dirty = false;
		r = r ? r : e;
	}
	return r;
}

int sk_spool_ack(struct sk_spool *s, uint64_t epoch, uint8_t priority, uint64_t seq)
{
	if (priority >= SK_PRIORITIES || epoch != s->state.epoch || seq <= s->state.acked[priority])
		return SK_NONE;
	if (seq >= s->chain[priority].next)
		return SK_BAD;
	SK_POINT("spool.ack");
	s->state.acked[priority] = seq;
	if (s->state.tombstone_count)
		spool_forget(s);
	spool_state_put(s, false);
	spool_remove_acked(s, priority);
	return 0;
}

int sk_spool_refused(struct sk_spool *s, uint64_t epoch, uint8_t priority, uint64_t first, uint64_t last)
{
	int r;

	if (priority >= SK_PRIORITIES || epoch != s->state.epoch || last <= s->state.acked[priority])
		return SK_NONE;
	if (first != s->state.acked[priority] + 1 || last >= s->chain[priority].next)
		return SK_BAD;
	r = sk_spool_sync(s); /* what is given up is on the disk, so that its numbers are never used again */
	if (r)
		return r;
	spool_note_loss(s, LOSS_DROPPED, LOSS_REFUSED, priority, first, last);
	s->chain[priority].stats.dropped += last - first + 1;
	s->state.acked[priority] = last;
	r = spool_state_put(s, true);
	if (r)
		return r;
	spool_remove_acked(s, priority);
	return spool_tell(s);
}

/* The events after `after` once more, behind everything else. */
static int number_anew(struct sk_spool *s, uint8_t priority, uint64_t after, uint64_t before)
{
	_cleanup_buf_ struct sk_buf lines = SK_BUF(SK_BATCH_MAX_RAW);
	uint64_t first;
	uint32_t count;
	int r;

	while ((r = sk_spool_read(s, priority, after, SK_BATCH_MAX_RAW, SK_BATCH_MAX_EVENTS, &lines, &first, &count)) == 0) {
		const char *line;
		size_t at = 0, size;

		if (first >= before)
			break;
		for (uint64_t seq = first; seq < before && (line = sk_event_next_line(lines.data, lines.size, &at, &size)); seq++) {
			r = sk_spool_append(s, priority, line, size, NULL);
			if (r < 0)
				return r;
		}
		after = first + count - 1;
		sk_buf_clear(&lines);
	}
	return r < 0 ? r : 0;
}

int sk_spool_resync(struct sk_spool *s, uint64_t epoch, uint8_t priority, uint64_t seq)
{
	struct chain *c = &s->chain[priority];
	uint64_t acked, before = c->next;
	int r;

	if (priority >= SK_PRIORITIES || epoch != s->state.epoch)
		return 0;
	if (seq > SK_JSON_MAX_INT / 2) { /* nobody counted so far: numbering behind it would end */
		sk_log(SK_LOG_ERROR, "an acknowledgement of event %llu is ignored: no number is so large", (unsigned long long)seq);
		return 0;
	}
	if (seq < c->next) {
		r = sk_spool_ack(s, epoch, priority, seq);
		return r < 0 ? r : 0;
	}
	sk_log(SK_LOG_WARNING, "the server has event %llu of priority %u, this spool is at %llu: it is an older copy of itself",
	       (unsigned long long)seq, priority, (unsigned long long)c->next);
	acked = s->state.acked[priority];
	c->next = c->durable = seq + 1;
	c->jump = true;
	r = number_anew(s, priority, acked, before);
	if (!r)
		r = sk_spool_sync(s);
	if (!r)
		r = sk_spool_ack(s, epoch, priority, seq);
	return r < 0 ? r : 0;
}

void sk_spool_tick(struct sk_spool *s)
{
	const uint64_t now = sk_clock_ms(), build = sk_clock_build_ms();

	if (s->opts.max_age_ms && now >= build)
		for (uint8_t p = 0; p < SK_PRIORITIES; p++) {
			struct segment *oldest;

			/* A segment begun before this program was built was begun under a wrong clock: its age is not known. */
			while ((oldest = spool_first(&s->chain[p])) && oldest->begun_ms >= build &&
			       oldest->begun_ms + s->opts.max_age_ms < now && oldest->last >= oldest->first)
				if (!spool_drop_segment(s, p, oldest, LOSS_AGE))
					break;
		}
	spool_tell(s);
}

struct sk_spool_stats sk_spool_stats(const struct sk_spool *s)
{
	struct sk_spool_stats st = {.epoch = s->state.epoch, .bytes = s->bytes, .max_bytes = s->opts.max_bytes, .cut_bytes = s->cut_bytes,
				    .disk_full = s->disk_full, .fresh = s->fresh};

	for (uint32_t i = 0; i < s->state.tombstone_count; i++)
		st.tombstones_pending += !s->state.tombstones[i].told;
	for (int p = 0; p < SK_PRIORITIES; p++) {
		const struct chain *c = &s->chain[p];
		const struct segment *oldest = spool_first(c);

		st.chain[p] = c->stats;
		st.chain[p].acked = s->state.acked[p];
		st.chain[p].next = c->next;
		st.chain[p].bytes = c->bytes;
		st.chain[p].oldest_ms = oldest ? oldest->begun_ms : 0;
	}
	return st;
}
