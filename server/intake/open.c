// SPDX-License-Identifier: GPL-3.0-or-later
/* From the body of a BATCH to the body of an APPEND. */
#include "intake/open.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

static int check_place(const struct sk_origin_of *from, const struct sk_batch *batch, struct sk_diag *diag)
{
	if (batch->epoch != from->epoch)
		return sk_diag_offset(diag, 0, "a batch of another epoch than the one this connection began with");
	if (batch->first_seq > INT64_MAX - SK_BATCH_MAX_EVENTS)
		return sk_diag_offset(diag, 9, "sequence number out of range");
	return 0;
}

/* A tombstone may only speak of what it can know: ranges that make sense. They are its own agent's by where they are kept. */
static int check_losses(const struct sk_summary *summary, struct sk_diag *diag)
{
	for (size_t i = 0; i < summary->loss_count; i++) {
		const struct sk_loss *l = &summary->losses[i];

		if (l->priority >= SK_PRIORITIES || l->first == 0 || l->last < l->first || l->last > INT64_MAX || l->epoch > INT64_MAX)
			return sk_diag_path(diag, "tombstone", "its range is out of bounds");
	}
	return 0;
}

static void name(struct sk_append *a, const struct sk_origin_of *from)
{
	snprintf(a->agent, sizeof a->agent, "%s", from->agent);
	snprintf(a->host, sizeof a->host, "%s", from->host);
	snprintf(a->org, sizeof a->org, "%s", from->org);
	snprintf(a->site, sizeof a->site, "%s", from->site);
	a->received = from->received;
}

int sk_open_batch(const struct sk_origin_of *from, const void *body, size_t size, struct sk_buf *space, struct sk_buf *out,
		  struct sk_batch *ret_batch, struct sk_diag *diag)
{
	struct sk_append append;
	int r = sk_batch_read(body, size, &append.batch, diag);

	if (!r)
		r = check_place(from, &append.batch, diag);
	if (r)
		return r;
	sk_buf_clear(space);
	r = sk_batch_unpack(&append.batch, space, diag);
	if (!r)
		r = sk_summarise(space->data, space->size, 0, append.batch.count - 1, from->received, true, &append.summary, diag);
	if (r)
		return r;
	name(&append, from);
	r = check_losses(&append.summary, diag);
	if (!r)
		r = sk_append_pack(&append, body, size, out);
	if (!r)
		*ret_batch = append.batch;
	sk_append_done(&append);
	return r;
}
