// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Batches out of segments, a piece of file at a time. Where a read ended is remembered, so that reading on in order costs no search; any other
 * number is looked for from the start of its segment.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/file.h"
#include "spool/inner.h"

enum { PIECE = 4 * RECORD_MAX };

struct reading {
	uint8_t priority;
	uint64_t after;     /* numbers up to this are passed over */
	size_t max_bytes;
	uint32_t max_events;
	struct sk_buf *out;
	size_t start;       /* of the batch in out */
	uint64_t first;     /* number of its first event, 0 = none yet */
	uint32_t count;
	bool done;          /* full, or the next number does not follow */
	bool damaged;       /* met what is no record */
};

static int take(struct reading *g, const struct record *r)
{
	size_t used = g->out->size - g->start;
	int e;

	if (r->seq <= g->after)
		return 0;
	if (g->count && (r->seq != g->first + g->count || used + r->size + 1 > g->max_bytes || g->count == g->max_events)) {
		g->done = true;
		return 0;
	}
	e = sk_buf_append(g->out, r->data, r->size);
	if (!e)
		e = sk_buf_append_char(g->out, '\n');
	if (e)
		return e;
	if (!g->count)
		g->first = r->seq;
	g->count++;
	return 0;
}

/* Takes the records of one piece; *ret_used bytes of it are dealt with. */
static int take_piece(struct reading *g, const uint8_t *bytes, size_t size, bool last, size_t *ret_used)
{
	struct record r;
	size_t at = 0;

	while (!g->done && at < size) {
		if (sk_record_read(bytes + at, size - at, &r)) {
			g->damaged = last || size - at >= RECORD_MAX;
			break;
		}
		int e = take(g, &r);

		if (e)
			return e;
		if (!g->done)
			at += r.whole;
	}
	*ret_used = at;
	return 0;
}

static int read_segment(struct sk_spool *s, struct reading *g, const struct segment *segment, uint64_t *offset)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ uint8_t *piece = NULL;
	char name[SEGMENT_NAME];
	size_t n, used;
	int r = sk_open_in(s->dir, spool_segment_name(g->priority, s->state.epoch, segment->first, name), O_RDONLY, 0, &fd);

	if (r > 0) {
		g->damaged = true;
		return 0;
	}
	piece = r ? NULL : sk_malloc(PIECE);
	if (!piece)
		return r ? r : sk_origin(-ENOMEM);
	while (!g->done && !g->damaged && *offset < segment->bytes) {
		r = sk_fd_pread(fd, piece, SK_MIN((uint64_t)PIECE, segment->bytes - *offset), *offset, &n);
		if (r)
			return r;
		used = 0;
		r = take_piece(g, piece, n, n == 0 || *offset + n >= segment->bytes, &used);
		if (r)
			return r;
		g->damaged |= n == 0;
		*offset += used;
	}
	return 0;
}

/* Reads on through the chain. *ret_damaged: the segment in which reading stopped at a bad record, or NULL. */
static int read_chain(struct sk_spool *s, struct reading *g, struct segment **ret_damaged)
{
	struct chain *c = &s->chain[g->priority];
	int r = 0;

	*ret_damaged = NULL;
	sk_list_each(segment, &c->segments, struct segment, link) {
		uint64_t offset = SEGMENT_HEADER;

		if (segment->last <= g->after || segment->last < segment->first || g->done || r || *ret_damaged)
			continue;
		if (c->read_segment == segment->first && c->read_after <= g->after && c->read_offset <= segment->bytes)
			offset = c->read_offset;
		r = read_segment(s, g, segment, &offset);
		if (!r && g->count) {
			c->read_segment = segment->first;
			c->read_offset = offset;
			c->read_after = g->first + g->count - 1;
		}
		if (g->damaged)
			*ret_damaged = segment;
	}
	return r;
}

int sk_spool_read(struct sk_spool *s, uint8_t priority, uint64_t after, size_t max_bytes, uint32_t max_events, struct sk_buf *out,
		  uint64_t *ret_first, uint32_t *ret_count)
{
	struct reading g = {.priority = priority, .max_bytes = max_bytes, .max_events = max_events, .out = out, .start = out->size};
	struct segment *damaged;
	int r;

	if (priority >= SK_PRIORITIES)
		return sk_origin(-EINVAL);
	spool_chain_sync(s, priority);
	g.after = SK_MAX(after, s->state.acked[priority]);
	r = read_chain(s, &g, &damaged);
	if (!r && damaged && !g.count) {
		sk_log(SK_LOG_ERROR, "the spool holds a damaged record");
		s->chain[priority].read_segment = 0;
		r = spool_mend(s, priority, damaged);
		g.damaged = false;
		if (!r)
			r = read_chain(s, &g, &damaged);
	}
	if (r)
		return r;
	if (!g.count)
		return SK_NONE;
	*ret_first = g.first;
	*ret_count = g.count;
	return 0;
}
