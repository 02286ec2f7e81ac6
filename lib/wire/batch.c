// SPDX-License-Identifier: GPL-3.0-or-later
/* Reader and writer of the binary bodies, side by side. */
#include "wire/batch.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/error.h"
#include "base/mem.h"

enum { LEVEL = 3 };

static int check_batch(const struct sk_batch *b, struct sk_diag *diag)
{
	if (b->priority >= SK_PRIORITIES)
		return sk_diag_offset(diag, 8, "batch priority %u is not 0 to %d", b->priority, SK_PRIORITIES - 1);
	if (b->first_seq == 0)
		return sk_diag_offset(diag, 9, "batch starts at sequence number 0");
	if (b->count == 0 || b->count > SK_BATCH_MAX_EVENTS)
		return sk_diag_offset(diag, 17, "batch of %u events, 1 to %d are allowed", b->count, SK_BATCH_MAX_EVENTS);
	if (b->first_seq > UINT64_MAX - b->count)
		return sk_diag_offset(diag, 9, "batch runs past the last sequence number");
	if (b->raw_size == 0 || b->raw_size > SK_BATCH_MAX_RAW)
		return sk_diag_offset(diag, 21, "batch of %u bytes, 1 to %d are allowed", b->raw_size, SK_BATCH_MAX_RAW);
	if (b->packed_size == 0 || b->packed_size > SK_BATCH_MAX_PACKED)
		return sk_diag_offset(diag, SK_BATCH_HEADER, "batch has %zu compressed bytes, 1 to %d are allowed", b->packed_size,
				      SK_BATCH_MAX_PACKED);
	return 0;
}

static int read_batch(struct sk_cursor *c, struct sk_batch *ret_batch, struct sk_diag *diag)
{
	struct sk_batch b = {0};
	int r;

	b.epoch = sk_get_u64(c);
	b.priority = sk_get_u8(c);
	b.first_seq = sk_get_u64(c);
	b.count = sk_get_u32(c);
	b.raw_size = sk_get_u32(c);
	b.packed_size = sk_cursor_left(c);
	b.packed = sk_get_bytes(c, b.packed_size);
	r = sk_cursor_end(c, "batch", diag);
	if (r)
		return r;
	r = check_batch(&b, diag);
	if (r)
		return r;
	*ret_batch = b;
	return 0;
}

int sk_batch_read(const void *body, size_t size, struct sk_batch *ret_batch, struct sk_diag *diag)
{
	struct sk_cursor c;

	sk_diag_source(diag, "batch");
	sk_cursor_init(&c, body, size);
	return read_batch(&c, ret_batch, diag);
}

static void put_header(struct sk_writer *w, const struct sk_batch *b)
{
	sk_put_u64(w, b->epoch);
	sk_put_u8(w, b->priority);
	sk_put_u64(w, b->first_seq);
	sk_put_u32(w, b->count);
	sk_put_u32(w, b->raw_size);
}

void sk_batch_write(struct sk_writer *w, const struct sk_batch *b)
{
	if (check_batch(b, NULL))
		w->bad = true;
	put_header(w, b);
	sk_put_bytes(w, b->packed, b->packed_size);
}

int sk_ack_read(const void *body, size_t size, struct sk_ack *ret_ack, struct sk_diag *diag)
{
	struct sk_ack ack = {0};
	struct sk_cursor c;
	int r;

	sk_diag_source(diag, "acknowledgement");
	sk_cursor_init(&c, body, size);
	ack.epoch = sk_get_u64(&c);
	ack.priority = sk_get_u8(&c);
	ack.seq = sk_get_u64(&c);
	r = sk_cursor_end(&c, "acknowledgement", diag);
	if (r)
		return r;
	if (ack.priority >= SK_PRIORITIES)
		return sk_diag_offset(diag, 8, "priority %u is not 0 to %d", ack.priority, SK_PRIORITIES - 1);
	*ret_ack = ack;
	return 0;
}

void sk_ack_write(struct sk_writer *w, const struct sk_ack *ack)
{
	if (ack->priority >= SK_PRIORITIES)
		w->bad = true;
	sk_put_u64(w, ack->epoch);
	sk_put_u8(w, ack->priority);
	sk_put_u64(w, ack->seq);
}

static bool agent_valid(const char *text, size_t size)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	if (size == 0 || size > SK_AGENT_ID_MAX)
		return false;
	for (size_t i = 0; i < size; i++)
		if (!text[i] || !strchr(allowed, text[i]))
			return false;
	return true;
}

int sk_append_read(const void *body, size_t size, char *ret_agent, struct sk_batch *ret_batch, struct sk_diag *diag)
{
	const uint8_t *agent;
	struct sk_cursor c;
	size_t n = 0;
	int r;

	sk_diag_source(diag, "append");
	sk_cursor_init(&c, body, size);
	agent = sk_get_counted16(&c, SK_AGENT_ID_MAX, &n);
	if (!agent)
		return sk_cursor_end(&c, "append", diag);
	if (!agent_valid((const char *)agent, n))
		return sk_diag_offset(diag, 2, "this is not an agent id");
	r = read_batch(&c, ret_batch, diag);
	if (r)
		return r;
	memcpy(ret_agent, agent, n);
	ret_agent[n] = '\0';
	return 0;
}

void sk_append_write(struct sk_writer *w, const char *agent, const void *batch, size_t size)
{
	if (!agent_valid(agent, strlen(agent)))
		w->bad = true;
	sk_put_counted16(w, agent, strlen(agent));
	sk_put_bytes(w, batch, size);
}

int sk_event_read(const void *body, size_t size, uint8_t *ret_priority, const char **ret_text, size_t *ret_size, struct sk_diag *diag)
{
	struct sk_cursor c;
	uint8_t priority;
	const void *text;
	size_t n;
	int r;

	sk_diag_source(diag, "event");
	sk_cursor_init(&c, body, size);
	priority = sk_get_u8(&c);
	n = sk_cursor_left(&c);
	text = sk_get_bytes(&c, n);
	r = sk_cursor_end(&c, "event", diag);
	if (r)
		return r;
	if (priority >= SK_PRIORITIES)
		return sk_diag_offset(diag, 0, "event priority %u is not 0 to %d", priority, SK_PRIORITIES - 1);
	if (n == 0 || n > SK_EVENT_MAX)
		return sk_diag_offset(diag, 1, "event of %zu bytes, 1 to %d are allowed", n, SK_EVENT_MAX);
	*ret_priority = priority;
	*ret_text = text;
	*ret_size = n;
	return 0;
}

/* `count` lines, none empty, the last one ended as well. */
static int check_lines(const char *text, size_t size, uint32_t count, struct sk_diag *diag)
{
	const char *at = text, *end = text + size;
	uint32_t lines = 0;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		if (!stop)
			return sk_diag_offset(diag, (uint64_t)(at - text), "the last event is cut short");
		if (stop == at)
			return sk_diag_offset(diag, (uint64_t)(at - text), "empty line among the events");
		if (stop - at > SK_EVENT_MAX)
			return sk_diag_offset(diag, (uint64_t)(at - text), "event of %zu bytes, at most %d are allowed",
					      (size_t)(stop - at), SK_EVENT_MAX);
		lines++;
		at = stop + 1;
	}
	if (lines != count)
		return sk_diag_offset(diag, 0, "%u events where %u were announced", lines, count);
	return 0;
}

int sk_batch_pack(uint64_t epoch, uint8_t priority, uint64_t first_seq, uint32_t count, const void *ndjson, size_t size,
		  struct sk_buf *buf, struct sk_diag *diag)
{
	struct sk_batch b = {.epoch = epoch, .priority = priority, .first_seq = first_seq, .count = count, .packed_size = 1};
	struct sk_writer w;
	size_t bound, n;
	char *space;
	int r;

	sk_diag_source(diag, "batch");
	b.raw_size = (uint32_t)SK_MIN(size, (size_t)UINT32_MAX);
	r = check_batch(&b, diag);
	if (r == 0)
		r = check_lines(ndjson, size, count, diag);
	if (r)
		return r;
	bound = ZSTD_compressBound(size);
	r = sk_buf_reserve(buf, SK_BATCH_HEADER + bound, &space);
	if (r)
		return r;
	n = ZSTD_compress(space + SK_BATCH_HEADER, bound, ndjson, size, LEVEL);
	if (ZSTD_isError(n))
		return sk_origin(-ENOMEM);
	sk_writer_init(&w, space, SK_BATCH_HEADER);
	put_header(&w, &b);
	sk_buf_grown(buf, SK_BATCH_HEADER + n);
	return 0;
}

int sk_batch_unpack(const struct sk_batch *b, struct sk_buf *buf, struct sk_diag *diag)
{
	char *space;
	size_t n;
	int r;

	sk_diag_source(diag, "batch");
	r = check_batch(b, diag);
	if (r)
		return r;
	if (ZSTD_findFrameCompressedSize(b->packed, b->packed_size) != b->packed_size)
		return sk_diag_offset(diag, SK_BATCH_HEADER, "batch is not one whole zstd frame");
	r = sk_buf_reserve(buf, b->raw_size, &space);
	if (r)
		return r;
	/* Writes at most raw_size bytes, whatever the frame says of itself. */
	n = ZSTD_decompress(space, b->raw_size, b->packed, b->packed_size);
	if (ZSTD_isError(n))
		return ZSTD_getErrorCode(n) == ZSTD_error_memory_allocation
			       ? sk_origin(-ENOMEM)
			       : sk_diag_offset(diag, SK_BATCH_HEADER, "batch cannot be decompressed: %s", ZSTD_getErrorName(n));
	if (n != b->raw_size)
		return sk_diag_offset(diag, SK_BATCH_HEADER, "batch has %zu bytes where %u were announced", n, b->raw_size);
	r = check_lines(space, n, b->count, diag);
	if (r == 0)
		sk_buf_grown(buf, n);
	return r;
}
