// SPDX-License-Identifier: GPL-3.0-or-later
/* Reader and writer of one slot. */
#include "spool/state.h"

#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "spool/crc32c.h"

static const uint8_t magic[8] = {'S', 'K', 'S', 'T', 'A', 'T', 'E', 1};

void sk_state_write(const struct state *state, uint8_t ret_slot[STATE_SLOT])
{
	struct sk_writer w;

	memset(ret_slot, 0, STATE_SLOT);
	sk_writer_init(&w, ret_slot, STATE_SLOT - 4);
	sk_put_bytes(&w, magic, sizeof magic);
	sk_put_u64(&w, state->generation);
	sk_put_u64(&w, state->epoch);
	for (int p = 0; p < SK_PRIORITIES; p++) {
		sk_put_u64(&w, state->acked[p]);
		sk_put_u64(&w, state->next[p]);
	}
	sk_put_u32(&w, state->tombstone_count);
	for (uint32_t i = 0; i < state->tombstone_count; i++) {
		const struct tombstone *t = &state->tombstones[i];

		sk_put_u8(&w, t->kind);
		sk_put_u8(&w, t->priority);
		sk_put_u8(&w, t->reason);
		sk_put_u64(&w, t->first);
		sk_put_u64(&w, t->last);
		sk_put_u64(&w, t->seq);
	}
	sk_writer_init(&w, ret_slot + STATE_SLOT - 4, 4);
	sk_put_u32(&w, sk_crc32c(0, ret_slot, STATE_SLOT - 4));
}

static bool tombstone_is_sound(const struct tombstone *t)
{
	return t->kind >= LOSS_DROPPED && t->kind <= LOSS_DAMAGED &&
	       t->priority < SK_PRIORITIES && t->reason < LOSS_REASONS && t->first && t->first <= t->last;
}

static int read_fields(struct sk_cursor *c, struct state *s, struct sk_diag *diag)
{
	s->generation = sk_get_u64(c);
	s->epoch = sk_get_u64(c);
	for (int p = 0; p < SK_PRIORITIES; p++) {
		s->acked[p] = sk_get_u64(c);
		s->next[p] = sk_get_u64(c);
		if (s->next[p] == 0 || s->acked[p] >= s->next[p])
			return sk_diag_offset(diag, c->at, "the numbers of priority %d contradict each other", p);
	}
	s->tombstone_count = sk_get_u32(c);
	if (s->tombstone_count > TOMBSTONES)
		return sk_diag_offset(diag, c->at - 4, "more than %d tombstones", TOMBSTONES);
	for (uint32_t i = 0; i < s->tombstone_count; i++) {
		struct tombstone *t = &s->tombstones[i];

		t->kind = sk_get_u8(c);
		t->priority = sk_get_u8(c);
		t->reason = sk_get_u8(c);
		t->first = sk_get_u64(c);
		t->last = sk_get_u64(c);
		t->seq = sk_get_u64(c);
		if (!tombstone_is_sound(t))
			return sk_diag_offset(diag, c->at, "tombstone %u is not sound", i);
	}
	return 0;
}

int sk_state_read(const uint8_t slot[STATE_SLOT], struct state *ret_state, struct sk_diag *diag)
{
	struct sk_cursor c, tail;
	struct state s = {0};
	const uint8_t *found;
	int r;

	sk_cursor_init(&tail, slot + STATE_SLOT - 4, 4);
	sk_cursor_init(&c, slot, STATE_SLOT - 4);
	found = sk_get_bytes(&c, sizeof magic);
	if (memcmp(found, magic, sizeof magic) != 0)
		return sk_diag_offset(diag, 0, "not the state of a spool");
	if (sk_get_u32(&tail) != sk_crc32c(0, slot, STATE_SLOT - 4))
		return sk_diag_offset(diag, STATE_SLOT - 4, "the checksum of the state does not hold");
	r = read_fields(&c, &s, diag);
	if (r)
		return r;
	*ret_state = s;
	return 0;
}

int sk_state_choose(const uint8_t *file, size_t size, struct state *ret_state, struct sk_diag *diag)
{
	struct state best = {0}, s;
	bool found = false;

	if (size != STATE_SIZE)
		return sk_diag_offset(diag, size, "the state of a spool has %d bytes", STATE_SIZE);
	for (int i = 0; i < 2; i++)
		if (sk_state_read(file + i * STATE_SLOT, &s, diag) == 0 && (!found || s.generation > best.generation)) {
			best = s;
			found = true;
		}
	if (!found)
		return SK_BAD;
	*ret_state = best;
	return 0;
}
