// SPDX-License-Identifier: GPL-3.0-or-later
/* The body of APPEND: writer and reader side by side. */
#include "store/append.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

static void put_text(struct sk_writer *w, const char *text)
{
	sk_put_counted16(w, text, strlen(text));
}

static void put_summary(struct sk_writer *w, const struct sk_summary *s)
{
	sk_put_u64(w, s->time_min);
	sk_put_u64(w, s->time_max);
	sk_put_u8(w, s->severities);
	sk_put_u16(w, s->class_count);
	for (unsigned i = 0; i < s->class_count; i++)
		sk_put_u32(w, s->classes[i]);
	sk_put_u16(w, (uint16_t)s->tally_count);
	for (size_t i = 0; i < s->tally_count; i++) {
		sk_put_u32(w, s->tallies[i].minute);
		sk_put_u32(w, s->tallies[i].class_uid);
		sk_put_u8(w, s->tallies[i].severity_id);
		sk_put_u32(w, s->tallies[i].count);
	}
	sk_put_u16(w, (uint16_t)s->loss_count);
	for (size_t i = 0; i < s->loss_count; i++) {
		sk_put_u64(w, s->losses[i].epoch);
		sk_put_u8(w, s->losses[i].priority);
		sk_put_u64(w, s->losses[i].first);
		sk_put_u64(w, s->losses[i].last);
	}
	sk_put_counted16(w, s->filter.bits, s->filter_size);
}

int sk_append_pack(const struct sk_append *a, const void *block, size_t block_size, struct sk_buf *out)
{
	size_t space = SK_APPEND_HEAD_MAX + block_size;
	struct sk_writer w;
	char *data;
	int r = sk_buf_reserve(out, space, &data);

	if (r)
		return r;
	sk_writer_init(&w, data, space);
	put_text(&w, a->agent);
	put_text(&w, a->host);
	put_text(&w, a->org);
	put_text(&w, a->site);
	sk_put_u64(&w, a->received);
	put_summary(&w, &a->summary);
	sk_put_bytes(&w, block, block_size);
	if (w.bad)
		return SK_FULL;
	sk_buf_grown(out, w.at);
	return 0;
}

static void get_text(struct sk_cursor *c, char *out, size_t space)
{
	size_t size = 0;
	const uint8_t *text = sk_get_counted16(c, space - 1, &size);

	if (!text)
		size = 0;
	else if (memchr(text, 0, size))
		sk_cursor_fail(c);
	if (size)
		memcpy(out, text, size);
	out[size] = '\0';
}

static int get_tallies(struct sk_cursor *c, struct sk_summary *s)
{
	size_t count = sk_get_u16(c);

	if (count * 13 > sk_cursor_left(c) || count > SK_BATCH_MAX_EVENTS) {
		sk_cursor_fail(c);
		return 0;
	}
	s->tallies = sk_calloc(count + 1, sizeof *s->tallies);
	if (!s->tallies)
		return sk_origin(-ENOMEM);
	s->tally_count = count;
	for (size_t i = 0; i < count; i++) {
		s->tallies[i].minute = sk_get_u32(c);
		s->tallies[i].class_uid = sk_get_u32(c);
		s->tallies[i].severity_id = sk_get_u8(c);
		s->tallies[i].count = sk_get_u32(c);
	}
	return 0;
}

static int get_losses(struct sk_cursor *c, struct sk_summary *s)
{
	size_t count = sk_get_u16(c);

	if (count * 25 > sk_cursor_left(c) || count > SK_BATCH_MAX_EVENTS) {
		sk_cursor_fail(c);
		return 0;
	}
	s->losses = sk_calloc(count + 1, sizeof *s->losses);
	if (!s->losses)
		return sk_origin(-ENOMEM);
	s->loss_count = count;
	for (size_t i = 0; i < count; i++) {
		struct sk_loss *l = &s->losses[i];

		l->epoch = sk_get_u64(c);
		l->priority = sk_get_u8(c);
		l->first = sk_get_u64(c);
		l->last = sk_get_u64(c);
		if (l->priority >= SK_PRIORITIES || l->first == 0 || l->last < l->first || l->last > INT64_MAX || l->epoch > INT64_MAX)
			sk_cursor_fail(c);
	}
	return 0;
}

static void get_filter(struct sk_cursor *c, struct sk_summary *s)
{
	const uint8_t *filter = sk_get_counted16(c, SK_FILTER_MAX, &s->filter_size);

	if (filter)
		memcpy(s->filter.bits, filter, s->filter_size);
}

static int get_summary(struct sk_cursor *c, struct sk_summary *s)
{
	int r;

	s->time_min = sk_get_u64(c);
	s->time_max = sk_get_u64(c);
	s->severities = sk_get_u8(c);
	s->class_count = sk_get_u16(c);
	if (s->class_count > SK_APPEND_CLASSES || s->time_min > s->time_max || s->time_max > INT64_MAX) {
		sk_cursor_fail(c);
		s->class_count = 0;
	}
	for (unsigned i = 0; i < s->class_count; i++)
		s->classes[i] = sk_get_u32(c);
	r = get_tallies(c, s);
	if (!r)
		r = get_losses(c, s);
	if (!r)
		get_filter(c, s);
	return r;
}

static int unpack(struct sk_cursor *c, struct sk_append *a, struct sk_diag *diag)
{
	int r;

	get_text(c, a->agent, sizeof a->agent);
	get_text(c, a->host, sizeof a->host);
	get_text(c, a->org, sizeof a->org);
	get_text(c, a->site, sizeof a->site);
	a->received = sk_get_u64(c);
	r = get_summary(c, &a->summary);
	if (r)
		return r;
	if (c->bad || a->agent[0] == '\0')
		return sk_diag_offset(diag, c->at, "an append is cut short or out of bounds");
	return sk_batch_read(c->data + c->at, sk_cursor_left(c), &a->batch, diag);
}

int sk_append_unpack(const void *body, size_t size, struct sk_append *ret_append, struct sk_diag *diag)
{
	struct sk_cursor c;
	int r;

	memset(ret_append, 0, sizeof *ret_append);
	sk_cursor_init(&c, body, size);
	r = unpack(&c, ret_append, diag);
	if (r)
		sk_append_done(ret_append);
	return r;
}

void sk_append_done(struct sk_append *append)
{
	sk_summary_done(&append->summary);
}
