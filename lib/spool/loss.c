// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * From a lost range to its event, exactly once.
 *
 * A range is noted in the state (durable with the deed that loses it), then gets the number its event will have in priority 0 (durable before
 * that event is written). At open, an event whose number is below the chain's next one is there already. A range that the chain
 * itself does not show yet - nothing was written behind it - stays noted until it does, so that it is not found "missing" again.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "event/make.h"
#include "os/point.h"
#include "spool/inner.h"

static const char *const reason_names[LOSS_REASONS] = {"size", "age", "disk", "damage", "refused"};

/* One that the range continues and whose event is not written yet. */
static struct tombstone *find_open(struct state *st, enum loss_kind kind, uint8_t priority, uint64_t first)
{
	for (uint32_t i = 0; i < st->tombstone_count; i++) {
		struct tombstone *t = &st->tombstones[i];

		if (t->kind == kind && t->priority == priority && t->seq == 0 && t->last + 1 == first)
			return t;
	}
	return NULL;
}

/* The list is full, which takes a full disk and damage in many places: the range joins the last one of its priority, which then says more than is lost. */
static struct tombstone *find_any(struct state *st, uint8_t priority)
{
	for (uint32_t i = st->tombstone_count; i > 0; i--)
		if (st->tombstones[i - 1].priority == priority)
			return &st->tombstones[i - 1];
	return &st->tombstones[st->tombstone_count - 1];
}

void spool_note_loss(struct sk_spool *s, enum loss_kind kind, enum loss_reason reason, uint8_t priority, uint64_t first, uint64_t last)
{
	struct state *st = &s->state;
	struct tombstone *t = find_open(st, kind, priority, first);

	if (t) {
		t->last = last;
		return;
	}
	if (st->tombstone_count < TOMBSTONES) {
		st->tombstones[st->tombstone_count++] = (struct tombstone){
			.kind = (uint8_t)kind, .priority = priority, .reason = (uint8_t)reason, .first = first, .last = last};
		return;
	}
	t = find_any(st, priority);
	t->first = SK_MIN(t->first, first);
	t->last = SK_MAX(t->last, last);
	t->seq = 0;
	t->told = false;
}

static const struct tombstone *covering(const struct state *st, uint8_t priority, uint64_t seq)
{
	for (uint32_t i = 0; i < st->tombstone_count; i++) {
		const struct tombstone *t = &st->tombstones[i];

		if (t->priority == priority && t->first <= seq && t->last >= seq)
			return t;
	}
	return NULL;
}

void spool_note_missing(struct sk_spool *s, uint8_t priority, uint64_t first, uint64_t last)
{
	first = SK_MAX(first, s->state.acked[priority] + 1);
	while (first <= last) {
		const struct tombstone *known = covering(&s->state, priority, first);
		uint64_t stop = last;

		if (known) {
			first = known->last + 1;
			continue;
		}
		for (uint32_t i = 0; i < s->state.tombstone_count; i++) {
			const struct tombstone *t = &s->state.tombstones[i];

			if (t->priority == priority && t->first > first && t->first <= stop)
				stop = t->first - 1;
		}
		s->chain[priority].stats.damaged += stop - first + 1;
		spool_note_loss(s, LOSS_DAMAGED, LOSS_DAMAGE, priority, first, stop);
		first = stop + 1;
	}
}

static int tell_one(struct sk_spool *s, struct tombstone *t)
{
	_cleanup_buf_ struct sk_buf event = SK_BUF(SK_EVENT_MAX);
	const struct sk_event_stamp now = sk_event_now(NULL);
	uint64_t first = t->first, last = t->last;
	enum sk_event_kind kind = (enum sk_event_kind)(SK_EVENT_SPOOL_DROPPED + t->kind - LOSS_DROPPED);
	int r = sk_event_loss(kind, &now, s->state.epoch, t->priority, first, last, reason_names[t->reason], &event);

	if (r)
		return r < 0 ? r : sk_origin(-EINVAL);
	t->seq = s->chain[0].next;
	r = spool_state_put(s, true);
	SK_POINT("spool.tombstone");
	if (!r)
		r = spool_record_append(s, 0, event.data, (uint32_t)event.size);
	if (r) {
		t->seq = 0;
		return r;
	}
	t->told = true;
	sk_log(SK_LOG_WARNING, "events %llu to %llu of priority %u are lost (%s)", (unsigned long long)first, (unsigned long long)last,
	       t->priority, reason_names[t->reason]);
	return spool_chain_sync(s, 0);
}

void spool_forget(struct sk_spool *s)
{
	struct state *st = &s->state;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < st->tombstone_count; i++) {
		const struct tombstone *t = &st->tombstones[i];
		bool settled = t->kind == LOSS_DROPPED || t->settled || t->last <= st->acked[t->priority];

		if (!t->told || !settled)
			st->tombstones[kept++] = *t;
	}
	st->tombstone_count = kept;
}

int spool_tell(struct sk_spool *s)
{
	bool any = false;

	for (uint32_t i = 0; i < s->state.tombstone_count; i++) {
		int r;

		if (s->state.tombstones[i].told)
			continue;
		r = tell_one(s, &s->state.tombstones[i]);
		if (r)
			return r;
		any = true;
	}
	if (!any)
		return 0;
	spool_forget(s);
	return spool_state_put(s, false);
}

void spool_settle(struct sk_spool *s, uint8_t priority, uint64_t seq)
{
	for (uint32_t i = 0; i < s->state.tombstone_count; i++)
		if (s->state.tombstones[i].priority == priority && s->state.tombstones[i].last < seq)
			s->state.tombstones[i].settled = true;
}
