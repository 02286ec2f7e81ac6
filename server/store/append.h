// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One batch on its way into the store: who sent it, the block as it was received, and a summary that lets a search pass over it.
 *
 * Intake opens the block once, checks every event and makes the summary; the store keeps both and opens the block again only to search it, or when
 * part of the batch was there before. Reader and writer of the body of APPEND (binary, big-endian):
 *
 *   text16 agent, host, org, site     u64 received ms
 *   u64 time_min, time_max            u8 severities (bit n: severity_id n; bit 7: 99)
 *   u16 n, n * u32 class_uid          0 of them: more than SK_APPEND_CLASSES, any class may be there
 *   u16 n, n * (u32 minute, u32 class_uid, u8 severity_id, u32 count)
 *   u16 n, n * (u64 epoch, u8 priority, u64 first, u64 last)      ranges that tombstones in this batch declare lost
 *   u16 n, n bytes of filter
 *   BATCH (wire/batch.h) to the end
 */
#pragma once

#include "base/buf.h"
#include "base/diag.h"
#include "store/filter.h"
#include "wire/batch.h"

enum {
	SK_APPEND_NAME_MAX = 128,
	SK_APPEND_CLASSES = 64,
	/* Everything before the BATCH at its largest. */
	SK_APPEND_HEAD_MAX = 1024 + SK_APPEND_CLASSES * 4 + SK_BATCH_MAX_EVENTS * (13 + 25) + SK_FILTER_MAX,
};

struct sk_tally {
	uint32_t minute; /* since 1970 */
	uint32_t class_uid;
	uint8_t severity_id;
	uint32_t count;
};

struct sk_loss {
	uint64_t epoch;
	uint8_t priority;
	uint64_t first, last;
};

struct sk_summary {
	uint64_t time_min, time_max; /* ms; an event from the future counts as of the time of receipt */
	uint8_t severities;
	uint16_t class_count;
	uint32_t classes[SK_APPEND_CLASSES];
	struct sk_tally *tallies;
	size_t tally_count;
	struct sk_loss *losses;
	size_t loss_count;
	size_t filter_size;
	struct sk_filter filter;
};

struct sk_append {
	char agent[SK_AGENT_ID_MAX + 1];
	char host[SK_APPEND_NAME_MAX + 1];
	char org[SK_APPEND_NAME_MAX + 1];
	char site[SK_APPEND_NAME_MAX + 1];
	uint64_t received; /* ms */
	struct sk_summary summary;
	struct sk_batch batch; /* its block belongs to whoever gave the bytes */
};

/* The time an event is sorted and searched by: its own, but never later than when we had it. */
static inline uint64_t sk_when(int64_t time_ms, uint64_t received)
{
	uint64_t own = time_ms > 0 ? (uint64_t)time_ms : 0;

	return own < received ? own : received;
}

/* The bit of sk_summary.severities. */
static inline uint8_t sk_severity_bit(unsigned severity_id)
{
	return (uint8_t)(1u << (severity_id < 7 ? severity_id : 7));
}

/*
 * Reads the events numbered `from` .. `to` (0-based, inclusive) of a block's NDJSON into a summary; `filter` says whether to make the
 * filter too. Every event is checked (sk_event_scan). 0; SK_BAD with "event N" and the byte; -ENOMEM. Free with sk_summary_done().
 */
int sk_summarise(const char *ndjson, size_t size, uint32_t from, uint32_t to, uint64_t received, bool filter,
		 struct sk_summary *ret_summary, struct sk_diag *diag);
void sk_summary_done(struct sk_summary *summary);

/* Appends the body to `out`. `block` is the body of the BATCH frame that a->batch was read from. 0, SK_FULL, -ENOMEM. */
int sk_append_pack(const struct sk_append *a, const void *block, size_t block_size, struct sk_buf *out);
/* The whole body. ret_append->batch points into it; free with sk_append_done(). 0, SK_BAD, -ENOMEM. */
int sk_append_unpack(const void *body, size_t size, struct sk_append *ret_append, struct sk_diag *diag);
void sk_append_done(struct sk_append *append);
