// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Bodies of BATCH, ACK, ACKED, APPEND and EVENT: readers and writers.
 *
 *   BATCH    u64 epoch, u8 priority, u64 first_seq, u32 count, u32 raw_size, then one zstd frame of NDJSON (count lines, raw_size bytes)
 *   ACK      u64 epoch, u8 priority, u64 seq (highest contiguous durable; 0 = none)
 *   APPEND   u16 length, agent id, BATCH
 *   EVENT    u8 priority, JSON text
 * Sequence numbers start at 1 and are contiguous: the batch holds first_seq .. first_seq + count - 1.
 */
#pragma once

#include "base/buf.h"
#include "base/cursor.h"
#include "base/diag.h"

enum {
	SK_PRIORITIES = 3,
	SK_BATCH_MAX_EVENTS = 5000,
	SK_BATCH_MAX_RAW = 1 << 20,
	SK_BATCH_HEADER = 25,
	SK_BATCH_MAX_PACKED = SK_BATCH_MAX_RAW + 8192, /* what zstd makes of a MiB that does not compress, rounded up */
	SK_EVENT_MAX = 64 << 10,                       /* one event, without its line end */
	SK_ACK_SIZE = 17,
	SK_AGENT_ID_MAX = 64,
};

struct sk_batch {
	uint64_t epoch;
	uint8_t priority;    /* 0 .. SK_PRIORITIES - 1 */
	uint64_t first_seq;  /* >= 1 */
	uint32_t count;      /* 1 .. SK_BATCH_MAX_EVENTS */
	uint32_t raw_size;   /* 1 .. SK_BATCH_MAX_RAW */
	const uint8_t *packed;
	size_t packed_size;
};

struct sk_ack {
	uint64_t epoch;
	uint8_t priority;
	uint64_t seq;
};

/* Each reader takes the whole body to its last byte: 0 or SK_BAD. Pointers go into the body. */
int sk_batch_read(const void *body, size_t size, struct sk_batch *ret_batch, struct sk_diag *diag);
int sk_ack_read(const void *body, size_t size, struct sk_ack *ret_ack, struct sk_diag *diag);
/* ret_agent has SK_AGENT_ID_MAX + 1 bytes. An agent id is 1 to 64 of [A-Za-z0-9._-]. */
int sk_append_read(const void *body, size_t size, char *ret_agent, struct sk_batch *ret_batch, struct sk_diag *diag);
int sk_event_read(const void *body, size_t size, uint8_t *ret_priority, const char **ret_text, size_t *ret_size, struct sk_diag *diag);

/* Writers; a value out of range makes the writer bad. */
void sk_batch_write(struct sk_writer *w, const struct sk_batch *batch);
void sk_ack_write(struct sk_writer *w, const struct sk_ack *ack);
void sk_append_write(struct sk_writer *w, const char *agent, const void *batch, size_t size);

/*
 * NDJSON to a whole BATCH body appended to `buf` (room for SK_BATCH_HEADER + SK_BATCH_MAX_PACKED), at zstd
 * level 3. SK_BAD over the limits or a count that is not the number of lines; SK_FULL; -ENOMEM.
 */
int sk_batch_pack(uint64_t epoch, uint8_t priority, uint64_t first_seq, uint32_t count, const void *ndjson, size_t size,
		  struct sk_buf *buf, struct sk_diag *diag);
/*
 * Appends exactly raw_size bytes to `buf`, and checks that they are `count` lines, each ended by \n. 0,
 * SK_BAD, SK_FULL, -ENOMEM.
 */
int sk_batch_unpack(const struct sk_batch *batch, struct sk_buf *buf, struct sk_diag *diag);
