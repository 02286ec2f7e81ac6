// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Cutting a direction's bytes into messages. A message that lies whole in the bytes in hand is read where it is; of any other the first `keep` bytes are copied.
 */
#include "proto/pdu/pdu.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"

int pdu_begin(struct pdu_stream *stream, const struct pdu_kind *kind, const struct gw_turn *turn)
{
	stream->kind = kind;
	for (int dir = 0; dir < 2; dir++) {
		struct pdu_side *side = &stream->side[dir];

		side->buf = SK_BUF(SK_MAX(kind->keep, (size_t)PDU_SEEK_MAX));
		side->lost = side->first = turn->midstream && !turn->datagram;
	}
	return 0;
}

void pdu_end(void *state)
{
	struct pdu_stream *stream = state;

	sk_buf_done(&stream->side[0].buf);
	sk_buf_done(&stream->side[1].buf);
}

static void reset(struct pdu_side *side)
{
	sk_buf_clear(&side->buf);
	side->want = side->have = 0;
	side->torn = false;
}

static void lose(struct pdu_side *side)
{
	reset(side);
	side->lost = side->first = true;
	side->seen = 0;
	side->count = 0;
}

static void hand_over(struct gw_turn *turn, struct pdu_stream *s, struct pdu *pdu)
{
	s->messages++;
	s->kind->read(turn, s, pdu);
}

/* Nothing begins here: of a session's first bytes, another protocol's; later on, bytes to seek in. */
static void none_begins(struct gw_turn *turn, struct pdu_stream *s, enum gw_dir dir)
{
	if (s->messages == 0 && !turn->midstream) {
		s->gone = true;
		turn->engine->not_mine(turn);
	} else {
		(void)turn->engine->odd(turn, dir, s->kind->odd);
	}
	lose(&s->side[dir]);
}

/* The kept message is whole: it is told. */
static void finish(struct gw_turn *turn, struct pdu_stream *s, enum gw_dir dir, size_t back)
{
	struct pdu_side *side = &s->side[dir];
	struct sk_buf taken = side->buf;
	struct pdu pdu = {.dir = dir, .data = (const uint8_t *)taken.data, .size = taken.size, .total = side->want, .back = back,
		.torn = side->torn || taken.size < side->want};

	side->buf = SK_BUF(taken.max);
	hand_over(turn, s, &pdu);
	if (!side->lost) {
		side->buf = taken;
		reset(side);
	} else {
		sk_buf_done(&taken);
	}
}

static void keep(struct pdu_stream *s, struct pdu_side *side, const uint8_t *data, size_t size)
{
	size_t room = s->kind->keep - SK_MIN(s->kind->keep, side->buf.size);

	if (!side->torn && side->have == side->buf.size && sk_buf_append(&side->buf, data, SK_MIN(size, room)) != 0)
		side->torn = true;
	side->have += size;
}

/* The next bytes of a message of which some are kept, or of which the size is not known yet. */
static size_t take_kept(struct gw_turn *turn, struct pdu_stream *s, enum gw_dir dir, const uint8_t *data, size_t size, size_t behind)
{
	struct pdu_side *side = &s->side[dir];
	size_t at = 0;

	while (side->want == 0 && at < size) {
		int64_t told;

		keep(s, side, data + at++, 1);
		if (side->torn) {
			lose(side);
			return at;
		}
		if (side->have < s->kind->head)
			continue;
		told = s->kind->size(s, dir, (const uint8_t *)side->buf.data, side->buf.size);
		if (told == 0 || (told > 0 && (uint64_t)told < side->have)) {
			none_begins(turn, s, dir);
			return at;
		}
		side->want = told > 0 ? (uint64_t)told : 0;
	}
	if (side->want > side->have) {
		size_t part = (size_t)SK_MIN((uint64_t)(size - at), side->want - side->have);

		keep(s, side, data + at, part);
		at += part;
	}
	if (side->want && side->have == side->want)
		finish(turn, s, dir, size - at + behind);
	return at;
}

/* A message that lies whole in `data`. 0: it does not. */
static size_t take_whole(struct gw_turn *turn, struct pdu_stream *s, enum gw_dir dir, const uint8_t *data, size_t size, size_t behind)
{
	struct pdu pdu = {.dir = dir, .data = data};
	int64_t told = size < s->kind->head ? -1 : s->kind->size(s, dir, data, size);

	if (told <= 0 || (uint64_t)told > size || (uint64_t)told > s->kind->keep || (uint64_t)told < s->kind->head)
		return 0;
	pdu.size = (size_t)told;
	pdu.total = (uint64_t)told;
	pdu.back = size - pdu.size + behind;
	hand_over(turn, s, &pdu);
	return pdu.size;
}

/* Bytes in their framing. Ends early where it is lost: the number of bytes taken. */
static size_t take(struct gw_turn *turn, struct pdu_stream *s, enum gw_dir dir, const uint8_t *data, size_t size, size_t behind)
{
	size_t at = 0;

	while (at < size && !s->side[dir].lost) {
		size_t used = s->side[dir].have ? 0 : take_whole(turn, s, dir, data + at, size - at, behind);

		if (!used)
			used = take_kept(turn, s, dir, data + at, size - at, behind);
		at += used;
	}
	return at;
}

/* ---- seeking ---- */

static void forget(struct pdu_side *side, unsigned i)
{
	side->count--;
	memmove(&side->candidates[i], &side->candidates[i + 1], (side->count - i) * sizeof side->candidates[0]);
}

static void add_candidate(const struct pdu_stream *s, enum gw_dir dir, struct pdu_side *side, size_t at, size_t have)
{
	int64_t told = s->kind->size(s, dir, (const uint8_t *)side->buf.data + at, have);

	if (told <= 0 || told > PDU_SEEK_SPAN || side->count == PDU_CANDIDATES)
		return;
	side->candidates[side->count].at = at;
	side->candidates[side->count].end = at + (size_t)told;
	side->candidates[side->count++].proof = at + (size_t)told + s->kind->sure;
}

/* A head that ends with the n'th byte becomes a candidate; the very first one as soon as it tells its size. */
static void consider(const struct pdu_stream *s, enum gw_dir dir, struct pdu_side *side, size_t n)
{
	bool known = side->first && side->count && side->candidates[0].at == 0;

	if (n >= s->kind->sure && !(known && n == s->kind->sure))
		add_candidate(s, dir, side, n - s->kind->sure, s->kind->sure);
	else if (n >= s->kind->head && n < s->kind->sure && side->first && !known)
		add_candidate(s, dir, side, 0, n);
}

/* What the n'th byte proves: the index of a candidate, or -1. */
static int proved(const struct pdu_stream *s, enum gw_dir dir, struct pdu_side *side, size_t n)
{
	const uint8_t *data = (const uint8_t *)side->buf.data;

	for (unsigned i = 0; i < side->count; i++) {
		size_t at = side->candidates[i].at, end = side->candidates[i].end;

		if (at == 0 && side->first && (end == n || SK_MAX(end, s->kind->sure) == n) && s->kind->sound && s->kind->sound(s, dir, data, end))
			return (int)i;
		if (side->candidates[i].proof != n)
			continue;
		if (s->kind->size(s, dir, data + end, s->kind->sure) > 0)
			return (int)i;
		forget(side, i--);
	}
	return -1;
}

/* Bytes before anything that may still begin a message are dropped. */
static void drop_old(struct pdu_side *side)
{
	size_t old = side->buf.size > PDU_SEEK_MAX / 2 ? side->buf.size - PDU_SEEK_MAX / 2 : 0;

	if (!old)
		return;
	for (unsigned i = 0; i < side->count; i++)
		old = SK_MIN(old, side->candidates[i].at);
	sk_buf_drop(&side->buf, old);
	side->seen -= old;
	side->first &= old == 0;
	for (unsigned i = 0; i < side->count; i++) {
		side->candidates[i].at -= old;
		side->candidates[i].end -= old;
		side->candidates[i].proof -= old;
	}
}

/* The framing begins at candidate `i`: what was kept from there on is taken. */
static void believe(struct gw_turn *turn, struct pdu_stream *s, enum gw_dir dir, unsigned i, size_t behind)
{
	struct pdu_side *side = &s->side[dir];
	struct sk_buf found = side->buf;
	size_t at = side->candidates[i].at, used;

	side->buf = SK_BUF(found.max);
	side->lost = side->first = false;
	side->count = 0;
	reset(side);
	used = take(turn, s, dir, (const uint8_t *)found.data + at, found.size - at, behind);
	if (side->lost && used < found.size - at) /* lost again within the proof: the rest is sought in with what comes */
		(void)sk_buf_append(&side->buf, found.data + at + used, found.size - at - used);
	sk_buf_done(&found);
}

static size_t seek(struct gw_turn *turn, struct pdu_stream *s, enum gw_dir dir, const uint8_t *data, size_t size)
{
	struct pdu_side *side = &s->side[dir];

	for (size_t at = 0; at < size; at++) {
		size_t n;
		int i;

		if (sk_buf_append(&side->buf, data + at, 1) != 0) {
			lose(side);
			continue;
		}
		while (side->lost && !s->gone && side->seen < side->buf.size) {
			n = ++side->seen;
			consider(s, dir, side, n);
			i = proved(s, dir, side, n);
			if (i >= 0) {
				believe(turn, s, dir, (unsigned)i, size - at - 1);
				if (!side->lost)
					return at + 1;
			}
		}
		drop_old(side);
	}
	return size;
}

static void one_datagram(struct gw_turn *turn, struct pdu_stream *s, enum gw_dir dir, const uint8_t *data, size_t size)
{
	size_t used;

	for (size_t at = 0; at < size; at += used) {
		used = take_whole(turn, s, dir, data + at, size - at, 0);
		if (used)
			continue;
		if (s->messages == 0)
			turn->engine->not_mine(turn);
		else
			(void)turn->engine->odd(turn, dir, s->kind->odd);
		return;
	}
}

void pdu_data(struct gw_turn *turn, void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	struct pdu_stream *s = state;

	if (turn->datagram) {
		one_datagram(turn, s, dir, data, size);
		return;
	}
	while (size && !s->gone) {
		size_t used = s->side[dir].lost ? seek(turn, s, dir, data, size) : take(turn, s, dir, data, size, 0);

		data += used;
		size -= used;
	}
}

void pdu_gap(struct gw_turn *turn, void *state, enum gw_dir dir, uint64_t missing)
{
	struct pdu_stream *s = state;
	struct pdu_side *side = &s->side[dir];

	if (s->gone)
		return;
	if (side->lost || side->want == 0 || missing > side->want - side->have) {
		lose(side);
		return;
	}
	side->torn = true;
	side->have += missing;
	if (side->have == side->want)
		finish(turn, s, dir, 0);
}

bool pdu_between(const struct pdu_stream *stream)
{
	for (int dir = 0; dir < 2; dir++) {
		const struct pdu_side *side = &stream->side[dir];

		if (side->lost || side->have || side->want || side->buf.size)
			return false;
	}
	return stream->messages > 0;
}

enum gw_guess pdu_guess(const struct pdu_kind *kind, const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	int64_t told;

	(void)midstream;
	if (size < kind->head)
		return GW_MORE;
	told = kind->size(NULL, dir, data, size);
	if (told < 0)
		return GW_MORE;
	if (told == 0)
		return GW_NO;
	/* Bent, it may still be this protocol's: at its port it is taken for that. */
	return kind->sound && ((uint64_t)told > size || !kind->sound(NULL, dir, data, (size_t)told)) ? GW_MORE : GW_YES;
}
