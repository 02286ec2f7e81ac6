// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * For tests and fuzz targets of parsers: feeds bytes cut as asked for and writes down what was said, one line a buffer: "name=value". The same bytes must
 * give the same record however they were cut.
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "proto/proto.h"

struct record {
	struct gw_turn turn; /* first: the services are handed it */
	const struct gw_proto *proto;
	void *state;
	struct sk_buf text;
	unsigned said, not_mine, harmless, odd;
	const char *refuse; /* messages of this name are refused, to be answered natively */
	uint8_t *piece;     /* in hand, for rewriting */
	size_t piece_size;
	struct sk_buf answered, passed[2]; /* what was sent by the parser; what went on, when `refuse` is set */
};

static void record_field(struct sk_buf *text, const struct gw_field_def *def, const struct gw_field *field)
{
	if (def->kind == GW_UINT)
		sk_buf_printf(text, "%s:%llu\n", def->name, (unsigned long long)field->u);
	else if (def->kind == GW_INT)
		sk_buf_printf(text, "%s:%lld\n", def->name, (long long)field->i);
	else if (def->kind == GW_RANGE)
		sk_buf_printf(text, "%s:%llu-%llu\n", def->name, (unsigned long long)field->range.low, (unsigned long long)field->range.high);
	else
		sk_buf_printf(text, "%s:%.*s\n", def->name, (int)field->bytes.size, (const char *)field->bytes.data);
}

static enum gw_ruling record_say(struct gw_turn *turn, const struct gw_message *m, enum gw_reply *ret_reply)
{
	struct record *r = (struct record *)turn;

	r->said++;
	sk_buf_printf(&r->text, "%s %s %llu\n", m->name, m->whole ? "whole" : "head", (unsigned long long)m->size);
	for (size_t i = 0; i < m->buffer_count; i++) {
		sk_buf_printf(&r->text, "%s=", m->buffers[i].name);
		sk_buf_append(&r->text, m->buffers[i].data, m->buffers[i].size);
		sk_buf_append_char(&r->text, '\n');
	}
	for (size_t i = 0; i < m->field_count; i++)
		record_field(&r->text, &r->proto->fields[m->fields[i].def], &m->fields[i]);
	if (m->partial)
		sk_buf_append_str(&r->text, "partial\n");
	if (!r->refuse || strcmp(r->refuse, m->name) != 0)
		return GW_LET;
	*ret_reply = GW_REPLY_NATIVE;
	return GW_REFUSE;
}

static void record_answer(struct gw_turn *turn, enum gw_dir dir, const void *bytes, size_t size)
{
	sk_buf_append(&((struct record *)turn)->answered, bytes, size);
}

static bool record_rewrite(struct gw_turn *turn, size_t back, const void *bytes, size_t size)
{
	struct record *r = (struct record *)turn;

	if (back > r->piece_size || size > r->piece_size - back)
		return false;
	memcpy(r->piece + r->piece_size - back - size, bytes, size);
	return true;
}

static enum gw_ruling record_odd(struct gw_turn *turn, enum gw_dir dir, const char *word)
{
	((struct record *)turn)->odd++;
	return GW_LET;
}

static void record_not_mine(struct gw_turn *turn)
{
	((struct record *)turn)->not_mine++;
}

static void record_harmless(struct gw_turn *turn)
{
	((struct record *)turn)->harmless++;
}

static inline void record_begin(struct record *r, const struct gw_proto *proto, bool datagram, bool midstream)
{
	static const struct gw_services services = {record_say, record_answer, record_rewrite, record_odd, record_not_mine, record_harmless};

	*r = (struct record){.turn = {.engine = &services, .datagram = datagram, .midstream = midstream}, .proto = proto, .text = SK_BUF(16 << 20), .answered = SK_BUF(1 << 16), .passed = {SK_BUF(1 << 16), SK_BUF(1 << 16)}};
	r->state = sk_calloc(1, proto->state_size);
	if (r->state && proto->begin)
		proto->begin(r->state, &r->turn);
}

static inline void record_end(struct record *r)
{
	if (r->proto->end)
		r->proto->end(r->state);
	free(r->state);
	sk_buf_done(&r->text);
	sk_buf_done(&r->answered);
	sk_buf_done(&r->passed[0]);
	sk_buf_done(&r->passed[1]);
}

/* Each piece in memory of its own, so that reading past its end is seen. */
static inline void record_feed(struct record *r, enum gw_dir dir, const void *bytes, size_t size, size_t piece)
{
	for (size_t at = 0; at < size && !r->not_mine; at += piece) {
		size_t n = size - at < piece ? size - at : piece;
		uint8_t *copy = sk_malloc(n);

		if (!copy)
			return;
		memcpy(copy, (const uint8_t *)bytes + at, n);
		r->piece = copy;
		r->piece_size = n;
		r->proto->data(&r->turn, r->state, dir, copy, n);
		if (r->refuse)
			sk_buf_append(&r->passed[dir], copy, n);
		free(copy);
	}
}

static inline bool record_has(const struct record *r, const char *text)
{
	return r->text.data && memmem(r->text.data, r->text.size, text, strlen(text)) != NULL;
}
