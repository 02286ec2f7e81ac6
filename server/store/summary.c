// SPDX-License-Identifier: GPL-3.0-or-later
/* What a search wants to know about a block without opening it. Runs in intake for each batch, in the store for batches that overlap. */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "event/event.h"
#include "store/append.h"

static int add_tally(struct sk_summary *s, uint32_t minute, uint32_t class_uid, uint8_t severity_id)
{
	struct sk_tally *grown;

	for (size_t i = s->tally_count; i-- > 0;) {
		struct sk_tally *t = &s->tallies[i];

		if (t->minute == minute && t->class_uid == class_uid && t->severity_id == severity_id) {
			t->count++;
			return 0;
		}
	}
	if ((s->tally_count & (s->tally_count - 1)) == 0) { /* a power of two, or none: time to grow */
		grown = sk_realloc_array(s->tallies, SK_MAX(s->tally_count * 2, (size_t)4), sizeof *grown);
		if (!grown)
			return sk_origin(-ENOMEM);
		s->tallies = grown;
	}
	s->tallies[s->tally_count++] = (struct sk_tally){minute, class_uid, severity_id, 1};
	return 0;
}

static int add_loss(struct sk_summary *s, const struct sk_event_columns *c)
{
	struct sk_loss *grown = sk_realloc_array(s->losses, s->loss_count + 1, sizeof *grown);

	if (!grown)
		return sk_origin(-ENOMEM);
	s->losses = grown;
	s->losses[s->loss_count++] = (struct sk_loss){c->loss_epoch, c->loss_priority, c->loss_first, c->loss_last};
	return 0;
}

static void add_class(struct sk_summary *s, uint32_t class_uid, bool *any)
{
	for (unsigned i = 0; i < s->class_count; i++)
		if (s->classes[i] == class_uid)
			return;
	if (s->class_count == SK_APPEND_CLASSES)
		*any = true;
	else
		s->classes[s->class_count++] = class_uid;
}

/* A path with escapes is searched for as it is meant: its trigrams are added unescaped as well. */
static void add_paths(struct sk_summary *s, const struct sk_event_columns *c)
{
	char plain[8192];
	size_t size;

	for (unsigned i = 0; i < c->path_count; i++)
		if (c->paths[i].escaped && sk_pull_plain(&c->paths[i], plain, sizeof plain, &size) == 0)
			sk_filter_add(&s->filter, plain, size);
}

static int add_event(struct sk_summary *s, const struct sk_event_columns *c, uint64_t received, bool *any)
{
	uint64_t when = sk_when(c->time_ms, received);
	int r;

	s->time_min = SK_MIN(s->time_min, when);
	s->time_max = SK_MAX(s->time_max, when);
	s->severities |= sk_severity_bit(c->severity_id);
	add_class(s, c->class_uid, any);
	r = add_tally(s, (uint32_t)(when / 60000), c->class_uid, c->severity_id);
	if (!r && c->has_loss)
		r = add_loss(s, c);
	return r;
}

static int read_line(const char *line, size_t size, uint32_t number, uint64_t at, struct sk_event_columns *c, struct sk_diag *diag)
{
	struct sk_diag inner = {0};
	int r = sk_event_scan(line, size, c, &inner);

	if (r != SK_BAD)
		return r;
	return sk_diag_offset(diag, at + (inner.has_offset ? inner.offset : 0), "event %u of the batch: %s", number + 1, inner.text);
}

int sk_summarise(const char *ndjson, size_t size, uint32_t from, uint32_t to, uint64_t received, bool filter,
		 struct sk_summary *ret_summary, struct sk_diag *diag)
{
	struct sk_summary *s = ret_summary;
	struct sk_event_columns c;
	size_t position = 0, length;
	const char *line;
	bool any = false;
	int r = 0;

	memset(s, 0, sizeof *s);
	s->time_min = UINT64_MAX;
	for (uint32_t i = 0; !r && i <= to && (line = sk_event_next_line(ndjson, size, &position, &length)); i++) {
		if (i < from)
			continue;
		r = read_line(line, length, i, (uint64_t)(line - ndjson), &c, diag);
		if (r)
			break;
		r = add_event(s, &c, received, &any);
		if (filter) {
			sk_filter_add(&s->filter, line, length);
			add_paths(s, &c);
		}
	}
	if (any)
		s->class_count = 0;
	if (filter)
		s->filter_size = sk_filter_pack(&s->filter);
	if (r)
		sk_summary_done(s);
	return r;
}

void sk_summary_done(struct sk_summary *summary)
{
	free(summary->tallies);
	free(summary->losses);
	summary->tallies = NULL;
	summary->losses = NULL;
	summary->tally_count = summary->loss_count = 0;
}
