// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A segment goes through the same steps in this order: which side and port, SYN, pick-up, acknowledgement, RST, payload, FIN. Sequence numbers are compared
 * as signed differences, so that they may wrap.
 */
#include "stream/tcp.h"

#include <string.h>

#include "base/mem.h"
#include "flow/options.h"
#include "flow/sum.h"
#include "stream/held.h"
#include "stream/kept.h"
#include "stream/shift.h"

/* The largest window there is, and what may lie in flight behind it. */
enum { FAR = 1 << 30 };

const char *const gw_tcp_odd_names[GW_TCP_ODDS] = {"retransmission-differs", "data-behind-fin", "rst-outside-window", "syn-in-session",
	"syn-ack-wrong", "outside-window", "too-much-held", "too-much-unacknowledged", "ack-of-unseen", "urgent", "syn-with-data", "wrong-port"};

static int32_t past(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static void odd(struct gw_tcp *t, const struct gw_tcp_calls *calls, int side, enum gw_tcp_odd what)
{
	if (t->odd_told & 1u << what)
		return;
	t->odd_told |= 1u << what;
	calls->odd(calls->context, side, what);
}

void gw_tcp_end(struct gw_tcp *t, struct gw_memory *memory)
{
	gw_shift_end(t, memory);
	for (int s = 0; s < 2; s++) {
		gw_kept_end(&t->side[s], memory);
		gw_held_end(&t->side[s], memory);
	}
}

static void set_next(struct gw_tcp_side *side, uint32_t next)
{
	side->known = true;
	side->next = side->acked = side->ack_seen = next;
}

/* Of a SYN or its answer: how its windows are to be read, what it permits, and whether segments are signed. */
static void syn_options(struct gw_tcp *t, const struct gw_packet *p, int s)
{
	const uint8_t *scale = gw_option_find(p, GW_OPTION_SCALE, 3);

	t->side[s].scale = scale ? SK_MIN(scale[2], 14) : 0;
	t->side[s].heard = true;
	t->side[s].window = p->window >> t->side[s].scale;
	t->side[s].sack = gw_option_find(p, GW_OPTION_SACK_PERMITTED, 2);
	t->keyed |= gw_option_find(p, GW_OPTION_SIGNATURE, 2) || gw_option_find(p, GW_OPTION_AUTHENTIC, 2);
}

/* A session begins: what was remembered of an earlier one on the same ports goes. */
static void begin(struct gw_tcp *t, const struct gw_tcp_calls *calls, int client, bool midstream)
{
	const struct gw_tcp_side before[2] = {t->side[0], t->side[1]};
	bool keyed = t->keyed;

	gw_tcp_end(t, calls->memory);
	memset(t, 0, sizeof *t);
	for (int s = 0; s < 2; s++)
		t->side[s] = (struct gw_tcp_side){.port = before[s].port, .scale = before[s].scale, .sack = before[s].sack, .heard = before[s].heard,
			.window = before[s].window};
	t->keyed = keyed;
	t->begun = true;
	t->midstream = midstream;
	t->client = (uint8_t)client;
	calls->begin(calls->context, client, midstream);
}

static enum gw_tcp_fate syn(struct gw_tcp *t, const struct gw_tcp_calls *calls, const struct gw_packet *p, int s)
{
	struct gw_tcp_side *side = &t->side[s];

	if (p->payload_size) {
		odd(t, calls, s, GW_TCP_SYN_DATA);
		if (calls->inline_)
			return GW_TCP_DROP;
	}
	if (side->known && t->begun && !t->midstream && p->seq == side->syn)
		return GW_TCP_PASS; /* again */
	if (side->known)
		odd(t, calls, s, GW_TCP_SYN_INSIDE);
	side->pending = true;
	side->syn = p->seq;
	t->keyed = false;
	syn_options(t, p, s);
	return GW_TCP_PASS;
}

/* The answer to a SYN of the other side begins the session. */
static enum gw_tcp_fate syn_ack(struct gw_tcp *t, const struct gw_tcp_calls *calls, const struct gw_packet *p, int s)
{
	struct gw_tcp_side *other = &t->side[!s];
	uint32_t theirs = other->syn + 1;
	bool again = t->begun && !t->midstream && !other->pending && p->ack == theirs && p->seq == t->side[s].syn;

	if (p->payload_size) {
		odd(t, calls, s, GW_TCP_SYN_DATA);
		if (calls->inline_)
			return GW_TCP_DROP;
	}
	if (again)
		return GW_TCP_PASS;
	if (other->pending ? p->ack != theirs : t->begun || !calls->midstream) {
		odd(t, calls, s, GW_TCP_SYN_ACK_WRONG);
		return calls->inline_ ? GW_TCP_DROP : GW_TCP_PASS;
	}
	syn_options(t, p, s);
	begin(t, calls, !s, false); /* of a session picked up between SYN and SYN-ACK, too */
	set_next(&t->side[s], p->seq + 1);
	set_next(&t->side[!s], p->ack);
	t->side[s].syn = p->seq;
	t->side[!s].syn = p->ack - 1;
	return GW_TCP_PASS;
}

/* A session whose SYN was not seen. The side that speaks first is taken for the client; who is called may know better. */
static bool pick_up(struct gw_tcp *t, const struct gw_tcp_calls *calls, const struct gw_packet *p, int s)
{
	if (t->side[s].known)
		return true;
	if (!(p->flags & GW_ACK) || (p->flags & GW_RST) || !calls->midstream)
		return false;
	if (!t->begun)
		begin(t, calls, s, true);
	set_next(&t->side[s], p->seq);
	if (!t->side[!s].known)
		set_next(&t->side[!s], p->ack);
	return true;
}

static void acknowledged(struct gw_tcp *t, const struct gw_tcp_calls *calls, const struct gw_packet *p, int s)
{
	struct gw_tcp_side *other = &t->side[!s];
	uint32_t end = other->next + (other->fin_told ? 1 : 0);

	if (!(p->flags & GW_ACK) || !other->known || past(p->ack, other->ack_seen) <= 0)
		return;
	if (past(p->ack, end) > 0) {
		if (past(p->ack, end) > FAR)
			return;
		if (!other->held)
			odd(t, calls, s, GW_TCP_ACK_UNSEEN);
	}
	other->ack_seen = p->ack;
	if (past(p->ack, other->next) <= 0) {
		other->acked = p->ack;
		gw_kept_forget(other, p->ack, calls->memory);
	}
}

static enum gw_tcp_fate reset(struct gw_tcp *t, const struct gw_tcp_calls *calls, const struct gw_packet *p, int s)
{
	struct gw_tcp_side *side = &t->side[s], *other = &t->side[!s];
	bool inside;

	if (!side->known && other->pending) /* refuses the SYN */
		inside = (p->flags & GW_ACK) && p->ack == other->syn + 1;
	else
		inside = side->known && past(p->seq, side->acked) >= 0 && past(p->seq, side->next) <= (int32_t)(1 << 16) + (int32_t)other->window;
	if (inside || !t->begun)
		return GW_TCP_PASS;
	odd(t, calls, s, GW_TCP_RST_OUTSIDE);
	return calls->inline_ ? GW_TCP_DROP : GW_TCP_PASS;
}

/* Bytes behind a FIN do not exist for a receiver. True when some were cut off. */
static bool cut_behind_fin(struct gw_tcp *t, const struct gw_tcp_calls *calls, struct gw_packet *p, int s)
{
	struct gw_tcp_side *side = &t->side[s];

	if (!side->fin || past(p->seq + p->payload_size, side->fin_at) <= 0)
		return false;
	odd(t, calls, s, GW_TCP_BEHIND_FIN);
	return true;
}

/* The part that was judged before: equal to what went on, or made equal. False when nothing new is left. */
static bool old_part(struct gw_tcp *t, const struct gw_tcp_calls *calls, struct gw_packet *p, int s, uint32_t *ret_old)
{
	struct gw_tcp_side *side = &t->side[s];
	int32_t old = past(side->next, p->seq), forgotten;
	uint32_t known;

	*ret_old = 0;
	if (old <= 0)
		return true;
	old = SK_MIN(old, (int32_t)p->payload_size);
	forgotten = SK_MAX(past(gw_kept_from(side), p->seq), 0);
	if (forgotten < old) {
		known = (uint32_t)(old - forgotten);
		if (!gw_kept_same(side, p->seq + (uint32_t)forgotten, p->frame + p->payload + forgotten, known, calls->inline_)) {
			odd(t, calls, s, GW_TCP_REWRITTEN);
			if (calls->inline_)
				gw_sum_mend(p);
		}
	}
	if (forgotten && calls->inline_) {
		uint32_t front = SK_MIN((uint32_t)forgotten, p->payload_size);
		bool empty = front == p->payload_size;

		gw_packet_cut(p, front, p->payload_size - front, empty ? p->seq : p->seq + front);
		old = empty ? 0 : old - forgotten;
		*ret_old = (uint32_t)old;
		return p->payload_size > (uint32_t)old;
	}
	*ret_old = (uint32_t)old;
	return p->payload_size > (uint32_t)old;
}

/* Bytes that come next. */
static enum gw_tcp_fate in_order(struct gw_tcp *t, const struct gw_tcp_calls *calls, struct gw_packet *p, int s, uint32_t old)
{
	struct gw_tcp_side *side = &t->side[s];
	uint8_t *data = p->frame + p->payload + old;
	uint32_t size = p->payload_size - old;
	struct gw_tcp_ruling ruling = {0};

	if (calls->inline_ && size > GW_KEPT_MAX - side->kept_size) {
		odd(t, calls, s, GW_TCP_TOO_MUCH_SENT);
		return GW_TCP_DROP;
	}
	calls->data(calls->context, s, data, size, &ruling);
	if (ruling.stop) {
		side->stopped = true;
		return GW_TCP_DROP;
	}
	if (ruling.changed)
		gw_sum_mend(p);
	if (!gw_kept_put(side, calls, data, size, !calls->inline_) && calls->inline_) {
		side->stopped = true; /* judged, but cannot be remembered: nothing of it may go on */
		return GW_TCP_DROP;
	}
	side->next += size;
	t->established = true;
	if (past(side->ack_seen, side->next) <= 0 && past(side->ack_seen, side->acked) > 0) {
		side->acked = side->ack_seen;
		gw_kept_forget(side, side->acked, calls->memory);
	}
	return GW_TCP_PASS;
}

/* The bytes before these will not come: the receiver says it has them, and the sender goes on behind them. */
static bool gap_believed(struct gw_tcp *t, const struct gw_tcp_calls *calls, uint32_t seq, int s)
{
	struct gw_tcp_side *side = &t->side[s];
	uint32_t missing = seq - side->next;

	if (past(side->ack_seen, seq) < 0)
		return false;
	gw_kept_end(side, calls->memory);
	side->next = side->acked = seq;
	calls->gap(calls->context, s, missing);
	return true;
}

static enum gw_tcp_fate payload(struct gw_tcp *t, const struct gw_tcp_calls *calls, struct gw_packet *p, int s)
{
	struct gw_tcp_side *side = &t->side[s];
	int32_t ahead = past(p->seq, side->next);
	uint32_t old;

	if (side->stopped)
		return calls->inline_ ? GW_TCP_DROP : GW_TCP_PASS;
	if (cut_behind_fin(t, calls, p, s) || ahead > FAR || ahead < -FAR) {
		if (ahead > FAR || ahead < -FAR)
			odd(t, calls, s, GW_TCP_OUTSIDE);
		return calls->inline_ ? GW_TCP_DROP : GW_TCP_PASS;
	}
	if (ahead > 0 && !gap_believed(t, calls, p->seq, s)) {
		if (gw_held_put(side, calls, p))
			return GW_TCP_HELD;
		odd(t, calls, s, GW_TCP_TOO_MUCH_HELD);
		return GW_TCP_DROP;
	}
	if (!old_part(t, calls, p, s, &old))
		return GW_TCP_PASS;
	return in_order(t, calls, p, s, old);
}

static void finish(struct gw_tcp *t, const struct gw_tcp_calls *calls, const struct gw_packet *p, int s)
{
	struct gw_tcp_side *side = &t->side[s];

	if (!(p->flags & GW_FIN) || side->fin_told || p->seq + p->payload_size != side->next)
		return;
	side->fin = side->fin_told = true;
	side->fin_at = side->next;
	calls->fin(calls->context, s);
}

/* Payload and FIN of a segment in hand or of one that was held. */
static enum gw_tcp_fate content(struct gw_tcp *t, const struct gw_tcp_calls *calls, struct gw_packet *p, int s)
{
	enum gw_tcp_fate fate = GW_TCP_PASS;

	if (p->payload_size)
		fate = payload(t, calls, p, s);
	else if ((p->flags & GW_FIN) && past(p->seq, t->side[s].next) > 0 && !gap_believed(t, calls, p->seq, s))
		return gw_held_put(&t->side[s], calls, p) ? GW_TCP_HELD : GW_TCP_DROP;
	if (fate == GW_TCP_PASS)
		finish(t, calls, p, s);
	return fate;
}

/* In the receiver's numbers, where those are others. */
static enum gw_tcp_fate goes_on(struct gw_tcp *t, const struct gw_tcp_calls *calls, struct gw_packet *p, int s)
{
	return t->shift && calls->inline_ ? gw_shift_out(t, calls, p, s) : GW_TCP_PASS;
}

/* A segment was held that now comes next. */
static bool held_is_next(const struct gw_tcp_side *side)
{
	return side->held && (past(gw_held_seq(side->held), side->next) <= 0 || past(side->ack_seen, gw_held_seq(side->held)) >= 0);
}

static void held(struct gw_tcp *t, const struct gw_tcp_calls *calls, int s)
{
	struct gw_tcp_side *side = &t->side[s];

	while (held_is_next(side)) {
		struct gw_packet p;
		struct gw_held *first = side->held;

		gw_held_take(side, calls->memory, &p);
		if (calls->inline_ && !t->keyed)
			gw_held_renew(t, &p, s);
		if (content(t, calls, &p, s) == GW_TCP_PASS && calls->inline_ && goes_on(t, calls, &p, s) == GW_TCP_PASS)
			calls->release(calls->context, s, p.frame, p.size);
		gw_held_free(first);
	}
}

/* Whether the frame came in where this side is. */
static bool at_its_port(struct gw_tcp *t, const struct gw_tcp_calls *calls, const struct gw_packet *p, int s)
{
	struct gw_tcp_side *side = &t->side[s];

	if (!side->port)
		side->port = (uint8_t)(p->port + 1);
	if (side->port == p->port + 1)
		return true;
	odd(t, calls, s, GW_TCP_FROM_OTHER_PORT);
	return false;
}

/*
 * A segment is held, and its receiver, who would say so, has not seen it: the sender is told in its name. Of a session picked up later nobody knows whether
 * selective acknowledgements are permitted; who does not know them passes over them (RFC 9293, 3.1: MUST-6).
 */
static void tell_hole(struct gw_tcp *t, const struct gw_tcp_calls *calls, const struct gw_packet *p, int s)
{
	const struct gw_tcp_side *side = &t->side[s], *other = &t->side[!s];
	struct gw_tcp_own own = {.flags = GW_ACK, .seq = gw_tcp_number_out(t, !s, other->next + other->fin_told), .ack = side->ack_seen, .window = (uint16_t)other->window,
		.stamped = side->stamped && other->stamped, .stamp = other->stamp, .stamp_echo = side->stamp};

	if (!calls->inline_ || t->keyed || p->whole || !other->known || !other->window)
		return;
	if (t->midstream || (side->sack && other->sack))
		own.block_count = gw_held_blocks(side, p->seq, own.blocks);
	calls->own(calls->context, !s, &own);
}

/* What this segment says of its side, whatever becomes of its bytes. */
static void note(struct gw_tcp *t, const struct gw_packet *p, int s)
{
	struct gw_tcp_side *side = &t->side[s], *other = &t->side[!s];
	const uint8_t *stamps = gw_option_find(p, GW_OPTION_STAMPS, 10);

	side->heard = true;
	side->window = p->window;
	if (!stamps || (side->stamped && past(gw_option_u32(stamps + 2), side->stamp) < 0))
		return;
	side->stamp = gw_option_u32(stamps + 2);
	side->stamp_echo = gw_option_u32(stamps + 6);
	if (!other->stamped)
		other->stamp = side->stamp_echo;
	side->stamped = other->stamped = true;
}

/* In the sender's own numbers. */
static enum gw_tcp_fate segment(struct gw_tcp *t, const struct gw_tcp_calls *calls, struct gw_packet *p, int s)
{
	if (p->flags & GW_RST)
		return reset(t, calls, p, s);
	if (!pick_up(t, calls, p, s))
		return GW_TCP_PASS;
	note(t, p, s);
	if (p->flags & GW_URG) {
		odd(t, calls, s, GW_TCP_URGENT);
		if (calls->inline_) {
			p->frame[p->l4 + 13] &= (uint8_t)~GW_URG;
			memset(p->frame + p->l4 + 18, 0, 2);
			gw_sum_mend(p);
		}
	}
	acknowledged(t, calls, p, s);
	held(t, calls, !s); /* an acknowledgement may have shown that a gap stays one */
	return content(t, calls, p, s);
}

/* What was held goes on behind the segment it waited for. One that is made of fragments goes on by itself, later. */
static enum gw_tcp_fate with_held(struct gw_tcp *t, const struct gw_tcp_calls *calls, struct gw_packet *p, int s, enum gw_tcp_fate fate)
{
	if (!held_is_next(&t->side[s]))
		return fate;
	if (calls->inline_ && fate == GW_TCP_PASS && !p->whole) {
		calls->release(calls->context, s, p->frame, p->size);
		fate = GW_TCP_DROP;
	}
	held(t, calls, s);
	return fate;
}

enum gw_tcp_fate gw_tcp_segment(struct gw_tcp *t, const struct gw_tcp_calls *calls, struct gw_packet *p, int s)
{
	uint32_t said = p->payload_size;
	enum gw_tcp_fate fate;

	if (!at_its_port(t, calls, p, s) && calls->inline_)
		return GW_TCP_DROP;
	if (p->flags & GW_SYN)
		return p->flags & GW_ACK ? syn_ack(t, calls, p, s) : syn(t, calls, p, s);
	if (t->shift)
		gw_shift_in(t, p, s, calls->memory);
	fate = segment(t, calls, p, s);
	if (fate == GW_TCP_PASS)
		fate = with_held(t, calls, p, s, goes_on(t, calls, p, s));
	else if (fate == GW_TCP_HELD)
		tell_hole(t, calls, p, s);
	if (!t->shift)
		return fate;
	if (said && !p->payload_size)
		gw_shift_owe(t, s);
	gw_shift_flush(t, calls, s);
	gw_shift_flush(t, calls, !s);
	return fate;
}

bool gw_tcp_over(const struct gw_tcp *t)
{
	return t->side[0].fin_told && t->side[1].fin_told;
}
