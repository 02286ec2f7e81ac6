// SPDX-License-Identifier: GPL-3.0-or-later
/* The state file and the segments as files. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/point.h"
#include "spool/inner.h"

char *spool_segment_name(uint8_t priority, uint64_t epoch, uint64_t first, char out[SEGMENT_NAME])
{
	snprintf(out, SEGMENT_NAME, "%u.%016" PRIx64 ".%020" PRIu64, priority, epoch, first);
	return out;
}

struct segment *spool_first(const struct chain *c)
{
	return sk_list_empty(&c->segments) ? NULL : sk_list_entry(c->segments.next, struct segment, link);
}

struct segment *spool_last(const struct chain *c)
{
	return sk_list_empty(&c->segments) ? NULL : sk_list_entry(c->segments.previous, struct segment, link);
}

int spool_state_put(struct sk_spool *s, bool durable)
{
	uint8_t slot[STATE_SLOT];
	int r;

	SK_POINT("spool.state");
	s->state.generation++;
	for (int p = 0; p < SK_PRIORITIES; p++)
		s->state.next[p] = s->chain[p].next;
	sk_state_write(&s->state, slot);
	r = sk_fd_pwrite("spool.state", s->state_fd, slot, sizeof slot, (s->state.generation & 1) * STATE_SLOT);
	if (r)
		return r;
	s->state_dirty = true;
	if (!durable)
		return 0;
	r = sk_fd_sync("spool.state.fsync", s->state_fd);
	if (!r)
		s->state_dirty = false;
	return r;
}

int spool_segment_add(struct sk_spool *s, uint8_t priority, const struct segment *segment)
{
	struct segment *copy = sk_malloc(sizeof *copy);

	if (!copy)
		return sk_origin(-ENOMEM);
	*copy = *segment;
	sk_list_append(&s->chain[priority].segments, &copy->link);
	s->chain[priority].bytes += copy->bytes;
	s->bytes += copy->bytes;
	return 0;
}

static void close_active(struct chain *c)
{
	sk_close_p(&c->fd);
}

/* Makes a file with nothing but its header. The name is durable before anything in it counts. */
static int make_segment(struct sk_spool *s, uint8_t priority, uint64_t first, uint64_t begun_ms, int *ret_fd)
{
	const struct segment_header header = {priority, s->state.epoch, first, begun_ms};
	_cleanup_close_ int fd = -1;
	uint8_t bytes[SEGMENT_HEADER];
	char name[SEGMENT_NAME];
	int r = sk_open_in(s->dir, spool_segment_name(priority, s->state.epoch, first, name), O_RDWR | O_CREAT | O_TRUNC, 0600, &fd);

	if (r)
		return r < 0 ? r : sk_origin(-EACCES);
	sk_segment_header_write(&header, bytes);
	r = sk_fd_pwrite("spool.header", fd, bytes, sizeof bytes, 0);
	if (!r)
		r = sk_fd_sync("spool.fsync", fd);
	if (!r)
		r = fsync(s->dir) < 0 ? -errno : 0;
	if (r) {
		unlinkat(s->dir, name, 0);
		return r;
	}
	*ret_fd = SK_TAKE_FD(fd);
	return 0;
}

/* Begins a new segment at the chain's next number. */
static int rotate(struct sk_spool *s, uint8_t priority)
{
	struct chain *c = &s->chain[priority];
	struct segment segment = {.first = c->next, .last = c->next - 1, .bytes = SEGMENT_HEADER, .begun_ms = sk_clock_ms()};
	struct segment *old = spool_last(c);
	int fd = -1, r;

	r = c->fd >= 0 && c->durable < c->next ? spool_chain_sync(s, priority) : 0;
	if (r)
		sk_log(SK_LOG_WARNING, "a segment of the spool could not be made durable: %s", strerror(-r));
	if (old && old->last < old->first) /* it has no record: the new one has the same name */
		spool_segment_remove(s, priority, old);
	SK_POINT("spool.rotate");
	r = make_segment(s, priority, c->next, segment.begun_ms, &fd);
	if (r)
		return r;
	r = spool_segment_add(s, priority, &segment);
	if (r) {
		close(fd);
		return r;
	}
	close_active(c);
	c->fd = fd;
	spool_remove_acked(s, priority);
	SK_POINT("spool.rotated");
	return 0;
}

static int build_record(struct sk_spool *s, uint64_t seq, uint16_t flags, const void *data, uint32_t size)
{
	uint8_t header[RECORD_HEADER];
	int r;

	sk_record_write(seq, flags, data, size, header);
	sk_buf_clear(&s->scratch);
	r = sk_buf_append(&s->scratch, header, sizeof header);
	return r ? r : sk_buf_append(&s->scratch, data, size);
}

int spool_record_append(struct sk_spool *s, uint8_t priority, const void *data, uint32_t size)
{
	struct chain *c = &s->chain[priority];
	struct segment *active = spool_last(c);
	int r = build_record(s, c->next, c->jump ? RECORD_JUMP : 0, data, size);

	if (r)
		return r < 0 ? r : sk_origin(-EINVAL);
	if (c->fd < 0 || active->bytes + s->scratch.size > s->opts.segment_bytes) {
		r = rotate(s, priority);
		if (r)
			return r;
		active = spool_last(c);
	}
	SK_POINT("spool.append");
	r = sk_fd_pwrite("spool.append", c->fd, s->scratch.data, s->scratch.size, active->bytes);
	if (r) {
		/* What was written of it goes again; if even that fails, what stands there is never taken for a record. */
		if (ftruncate(c->fd, (off_t)active->bytes) < 0) {
			spool_chain_sync(s, priority);
			close_active(c);
		}
		return r;
	}
	SK_POINT("spool.appended");
	active->jumps |= c->jump && active->last >= active->first;
	active->bytes += s->scratch.size;
	active->last = c->next;
	c->bytes += s->scratch.size;
	s->bytes += s->scratch.size;
	if (c->jump)
		spool_settle(s, priority, c->next);
	c->jump = false;
	c->next++;
	return 0;
}

int spool_chain_sync(struct sk_spool *s, uint8_t priority)
{
	struct chain *c = &s->chain[priority];
	int r;

	if (c->durable >= c->next)
		return 0;
	SK_POINT("spool.fsync");
	r = c->fd < 0 ? 0 : sk_fd_sync("spool.fsync", c->fd);
	SK_POINT("spool.fsynced");
	/*
	 * After a failed fsync the kernel may have thrown the pages away or not, and asking again would say 0 in both cases. So nothing is promised for
	 * these records, writing goes on in a new file, and they are sent as long as they can be read.
	 */
	c->durable = c->next;
	if (r) {
		sk_log(SK_LOG_ERROR, "the spool could not be written to the disk: %s", strerror(-r));
		close_active(c);
	}
	return r;
}

void spool_segment_remove(struct sk_spool *s, uint8_t priority, struct segment *segment)
{
	struct chain *c = &s->chain[priority];
	char name[SEGMENT_NAME];

	if (segment == spool_last(c))
		close_active(c);
	if (unlinkat(s->dir, spool_segment_name(priority, s->state.epoch, segment->first, name), 0) < 0 && errno != ENOENT)
		sk_log(SK_LOG_WARNING, "segment %s of the spool cannot be removed: %s", name, strerror(errno));
	c->bytes -= segment->bytes;
	s->bytes -= segment->bytes;
	sk_list_remove(&segment->link);
	free(segment);
}

/* The state must be durable before the file goes: else the next open would take the missing numbers for damage. */
void spool_remove_acked(struct sk_spool *s, uint8_t priority)
{
	struct chain *c = &s->chain[priority];
	bool recorded = false;

	sk_list_each(segment, &c->segments, struct segment, link) {
		if (segment == spool_last(c) || segment->last > s->state.acked[priority])
			return;
		if (!recorded && spool_state_put(s, true))
			return;
		recorded = true;
		SK_POINT("spool.acked");
		spool_segment_remove(s, priority, segment);
	}
}

/* Numbers that were missing before, between its records or in front of them, are not lost once more. */
static int note_dropped(struct sk_spool *s, uint8_t priority, const struct segment *segment, enum loss_reason reason)
{
	uint64_t first = SK_MAX(s->state.acked[priority] + 1, segment->first);

	if (first > segment->last)
		return 0;
	if (segment->jumps)
		return spool_note_records(s, priority, segment, reason);
	s->chain[priority].stats.dropped += segment->last - first + 1;
	spool_note_loss(s, LOSS_DROPPED, reason, priority, first, segment->last);
	return 0;
}

bool spool_drop_segment(struct sk_spool *s, uint8_t priority, struct segment *segment, enum loss_reason reason)
{
	struct chain *c = &s->chain[priority];

	SK_POINT("spool.drop");
	if (note_dropped(s, priority, segment, reason))
		return false;
	s->state.acked[priority] = SK_MAX(s->state.acked[priority], segment->last);
	c->durable = SK_MAX(c->durable, segment->last + 1);
	if (spool_state_put(s, true))
		return false;
	SK_POINT("spool.dropped");
	spool_segment_remove(s, priority, segment);
	return true;
}

bool spool_drop_oldest(struct sk_spool *s, uint8_t priority, enum loss_reason reason)
{
	for (int p = SK_PRIORITIES - 1; p >= priority; p--) {
		struct segment *oldest = spool_first(&s->chain[p]);

		if (oldest)
			return spool_drop_segment(s, (uint8_t)p, oldest, reason);
	}
	return false;
}
