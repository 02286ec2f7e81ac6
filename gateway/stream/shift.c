// SPDX-License-Identifier: GPL-3.0-or-later
/* Numbers of the sender are called its own, those the receiver has for the same bytes are called said. */
#include "stream/shift.h"

#include <string.h>

#include "base/mem.h"
#include "flow/options.h"
#include "flow/sum.h"
#include "stream/kept.h"

#define MS 1000000ull
enum { AGAIN_MS = 200, AGAIN_MAX_MS = 3200, TRIES_MAX = 12, WINDOW_UNKNOWN = 1024 };

struct edit {
	uint32_t at, cut;     /* own: bytes from here on are left out */
	uint32_t size;        /* of ours, behind them */
	uint8_t *bytes;
	uint64_t sent;        /* 0 = not yet */
	uint32_t tries;
};

struct direction {
	uint32_t delta;       /* said = own + delta, before the first edit */
	uint32_t count;
	struct edit edits[GW_EDITS_MAX];
	bool owes_ack;        /* to this side */
};

struct gw_shift {
	struct direction from[2];
	uint64_t now;
};

static int32_t past(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static uint32_t behind(const struct edit *e)
{
	return e->at + e->cut;
}

static uint32_t said(const struct direction *d, uint32_t own)
{
	uint32_t delta = d->delta;

	for (uint32_t i = 0; i < d->count && past(own, d->edits[i].at) >= 0; i++) {
		const struct edit *e = &d->edits[i];

		if (past(own, behind(e)) < 0)
			return e->at + delta + e->size;
		delta += e->size - e->cut;
	}
	return own + delta;
}

/* An acknowledgement of what was said, as one of its own numbers: half of what is ours is none of it. */
static uint32_t own_of(const struct direction *d, uint32_t number)
{
	uint32_t delta = d->delta;

	for (uint32_t i = 0; i < d->count; i++) {
		const struct edit *e = &d->edits[i];

		if (past(number, e->at + delta) < 0)
			break;
		if (past(number, e->at + delta + e->size) < 0)
			return behind(e);
		delta += e->size - e->cut;
	}
	return number - delta;
}

static void drop_first(struct direction *d, struct gw_memory *memory)
{
	struct edit *e = &d->edits[0];

	d->delta += e->size - e->cut;
	if (e->bytes)
		gw_memory_give(memory, e->size);
	free(e->bytes);
	d->count--;
	memmove(d->edits, d->edits + 1, d->count * sizeof *e);
}

static void acknowledged(struct direction *d, uint32_t number, struct gw_memory *memory)
{
	while (d->count && (!d->edits[0].size || d->edits[0].sent) && past(number, d->edits[0].at + d->delta + d->edits[0].size) >= 0)
		drop_first(d, memory);
}

/* Bytes of ours that lie in the receiver's window and that the sender does not know of. */
static uint32_t unknown(const struct direction *d)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < d->count; i++)
		sum += d->edits[i].size;
	return sum;
}

static void put32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

static void blocks_in(const struct direction *d, const struct gw_packet *p)
{
	uint8_t *option = gw_option_find(p, GW_OPTION_SACK, 2);

	for (int i = 2; option && i + 4 <= option[1]; i += 4)
		put32(option + i, own_of(d, gw_option_u32(option + i)));
}

void gw_shift_in(struct gw_tcp *t, struct gw_packet *p, int s, struct gw_memory *memory)
{
	struct direction *d = &t->shift->from[!s];
	uint32_t less;

	t->shift->now = p->time;
	if (!(p->flags & GW_ACK))
		return;
	p->ack = own_of(d, p->ack_said);
	blocks_in(d, p);
	acknowledged(d, p->ack_said, memory);
	less = unknown(d) ? (unknown(d) >> t->side[s].scale) + 1 : 0;
	p->window = p->window > less ? (uint16_t)(p->window - less) : 0;
	put32(p->frame + p->l4 + 8, p->ack);
	p->frame[p->l4 + 14] = (uint8_t)(p->window >> 8);
	p->frame[p->l4 + 15] = (uint8_t)p->window;
}

/* ---- sending ---- */

static void send_own(struct gw_tcp *t, const struct gw_tcp_calls *calls, int s, uint32_t number, uint8_t flags, const uint8_t *data, size_t size)
{
	const struct gw_tcp_own own = {.flags = flags, .seq = number, .ack = t->side[!s].ack_seen, .window = (uint16_t)t->side[s].window,
		.stamped = t->side[s].stamped, .stamp = t->side[s].stamp, .stamp_echo = t->side[!s].stamp, .data = data, .size = size};

	t->shift->from[!s].owes_ack = false;
	calls->own(calls->context, s, &own);
}

/* The first number of ours of edit `i`, as it is said. */
static uint32_t place(const struct direction *d, uint32_t i)
{
	uint32_t delta = d->delta;

	for (uint32_t n = 0; n < i; n++)
		delta += d->edits[n].size - d->edits[n].cut;
	return d->edits[i].at + delta;
}

static void send_edit(struct gw_tcp *t, const struct gw_tcp_calls *calls, int s, uint32_t i)
{
	struct edit *e = &t->shift->from[s].edits[i];

	e->sent = t->shift->now;
	e->tries++;
	send_own(t, calls, s, place(&t->shift->from[s], i), GW_PSH | GW_ACK, e->bytes, e->size);
}

/* What was put in before number `to` and was not sent. */
static bool is_due(const struct direction *d, uint32_t i, uint32_t to)
{
	return d->edits[i].size && !d->edits[i].sent && past(to, behind(&d->edits[i])) >= 0;
}

static bool any_due(const struct direction *d, uint32_t to)
{
	for (uint32_t i = 0; i < d->count; i++)
		if (is_due(d, i, to))
			return true;
	return false;
}

static void send_due(struct gw_tcp *t, const struct gw_tcp_calls *calls, int s, uint32_t to)
{
	for (uint32_t i = 0; i < t->shift->from[s].count; i++)
		if (is_due(&t->shift->from[s], i, to))
			send_edit(t, calls, s, i);
}

void gw_shift_flush(struct gw_tcp *t, const struct gw_tcp_calls *calls, int side)
{
	struct gw_tcp_side *from = &t->side[!side];

	if (!t->shift)
		return;
	if (from->known)
		send_due(t, calls, !side, from->next);
	if (from->known && t->shift->from[side].owes_ack)
		send_own(t, calls, !side, said(&t->shift->from[!side], from->next + from->fin_told), GW_ACK, NULL, 0);
}

void gw_shift_owe(struct gw_tcp *t, int side)
{
	t->shift->from[side].owes_ack = true;
}

/* ---- a segment goes on ---- */

struct piece {
	uint32_t from, to;
};

/* What is left of from..to when the edits are made, apart wherever one lies. */
static uint32_t pieces_of(const struct direction *d, uint32_t from, uint32_t to, struct piece *out)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < d->count && past(d->edits[i].at, to) < 0; i++) {
		const struct edit *e = &d->edits[i];

		if (past(behind(e), from) < 0)
			continue;
		if (past(e->at, from) > 0)
			out[count++] = (struct piece){from, e->at};
		if (past(behind(e), from) > 0)
			from = behind(e);
	}
	if (past(to, from) > 0)
		out[count++] = (struct piece){from, to};
	return count;
}

static void release_piece(struct gw_tcp *t, const struct gw_tcp_calls *calls, const struct gw_packet *p, int s, const struct piece *piece)
{
	uint8_t *frame = sk_malloc(p->size);
	struct gw_packet part = *p;

	if (!frame)
		return; /* lost: the sender sends it again */
	memcpy(frame, p->frame, p->size);
	part.frame = frame;
	frame[p->l4 + 13] &= (uint8_t)~(GW_FIN | GW_PSH);
	gw_packet_cut(&part, piece->from - p->seq, piece->to - piece->from, said(&t->shift->from[s], piece->from));
	calls->release(calls->context, s, part.frame, part.size);
	free(frame);
}

enum gw_tcp_fate gw_shift_out(struct gw_tcp *t, const struct gw_tcp_calls *calls, struct gw_packet *p, int s)
{
	const struct direction *d = &t->shift->from[s];
	uint32_t end = p->seq + p->payload_size, count;
	struct piece pieces[GW_EDITS_MAX + 1], last = {end, end};

	count = pieces_of(d, p->seq, end, pieces);
	for (uint32_t i = 0; i + 1 < count; i++) {
		send_due(t, calls, s, pieces[i].from);
		release_piece(t, calls, p, s, &pieces[i]);
	}
	if (count)
		last = pieces[count - 1];
	else if (!p->payload_size)
		last = (struct piece){p->seq, p->seq};
	send_due(t, calls, s, last.from);
	gw_packet_cut(p, p->payload_size ? last.from - p->seq : 0, last.to - last.from, said(d, last.from));
	if (!any_due(d, t->side[s].next))
		return GW_TCP_PASS;
	calls->release(calls->context, s, p->frame, p->size); /* what is ours follows it */
	return GW_TCP_DROP;
}

/* ---- edits ---- */

static bool begin(struct gw_tcp *t, const struct gw_tcp_calls *calls, const struct gw_packet *p, int s)
{
	while (!gw_memory_take(calls->memory, sizeof *t->shift))
		if (!calls->room(calls->context))
			return false;
	t->shift = sk_calloc(1, sizeof *t->shift);
	if (!t->shift) {
		gw_memory_give(calls->memory, sizeof *t->shift);
		return false;
	}
	if (!calls->shifts(calls->context)) {
		gw_shift_end(t, calls->memory);
		return false;
	}
	t->shift->now = p->time;
	return true;
}

static struct edit *last_edit(struct direction *d)
{
	return d->count ? &d->edits[d->count - 1] : NULL;
}

static struct edit *add(struct direction *d, uint32_t at)
{
	struct edit *last = last_edit(d);

	if (d->count == GW_EDITS_MAX || (last && past(at, behind(last)) < 0))
		return NULL;
	d->edits[d->count] = (struct edit){.at = at};
	return &d->edits[d->count++];
}

bool gw_tcp_cut(struct gw_tcp *t, const struct gw_tcp_calls *calls, const struct gw_packet *p, int s, uint32_t from, uint32_t to)
{
	struct gw_tcp_side *side = &t->side[s];
	struct edit *e;

	if (!calls->inline_ || t->keyed || past(from, side->next) < 0 || past(to, from) <= 0)
		return false;
	if (!t->shift && !begin(t, calls, p, s))
		return false;
	e = last_edit(&t->shift->from[s]);
	if (!e || e->size || behind(e) != from)
		e = add(&t->shift->from[s], from);
	if (!e)
		return false;
	e->cut += to - from;
	if (past(side->ack_seen, from) >= 0 && past(side->ack_seen, to) < 0)
		side->ack_seen = to; /* everything before it has arrived */
	gw_shift_owe(t, s);
	return true;
}

bool gw_tcp_insert(struct gw_tcp *t, const struct gw_tcp_calls *calls, int s, uint32_t at, const uint8_t *bytes, size_t size)
{
	struct edit *e;
	uint8_t *copy;

	if (!t->shift || !t->side[s].known || t->side[s].fin || t->side[s].stopped || !size || size > GW_INSERT_MAX || past(at, t->side[s].next) < 0)
		return false;
	if (!gw_memory_take(calls->memory, size))
		return false;
	copy = sk_malloc(size);
	e = last_edit(&t->shift->from[s]);
	if (copy && (!e || e->size || behind(e) != at))
		e = add(&t->shift->from[s], at);
	if (!copy || !e) {
		gw_memory_give(calls->memory, size);
		free(copy);
		return false;
	}
	memcpy(copy, bytes, size);
	e->bytes = copy;
	e->size = (uint32_t)size;
	return true;
}

bool gw_tcp_tick(struct gw_tcp *t, const struct gw_tcp_calls *calls, uint64_t now)
{
	if (!t->shift)
		return true;
	t->shift->now = now;
	for (int s = 0; s < 2; s++) {
		gw_shift_flush(t, calls, s);
		for (uint32_t i = 0; i < t->shift->from[s].count; i++) {
			const struct edit *e = &t->shift->from[s].edits[i];

			if (!e->sent || now < e->sent + SK_MIN(AGAIN_MS << (e->tries - 1), (int)AGAIN_MAX_MS) * MS)
				continue;
			if (e->tries == TRIES_MAX)
				return false;
			send_edit(t, calls, s, i);
		}
	}
	return true;
}

uint32_t gw_tcp_number_out(const struct gw_tcp *t, int side, uint32_t number)
{
	return t->shift ? said(&t->shift->from[side], number) : number;
}

void gw_shift_end(struct gw_tcp *t, struct gw_memory *memory)
{
	for (int s = 0; t->shift && s < 2; s++)
		while (t->shift->from[s].count)
			drop_first(&t->shift->from[s], memory);
	if (t->shift)
		gw_memory_give(memory, sizeof *t->shift);
	free(t->shift);
	t->shift = NULL;
}
