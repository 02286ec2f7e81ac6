// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The spool's state file, for lib/spool alone: two slots of 1,024 bytes, written in turn and in place, so that writing needs no room on a full disk and a cut in
 * the middle leaves the other slot. Big-endian; the last four bytes of a slot are its crc32c. The valid slot with the higher generation counts.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"
#include "event/event.h"

enum { STATE_SLOT = 1024, STATE_SIZE = 2 * STATE_SLOT, TOMBSTONES = 16 };

/* On the disk: never renumber. */
enum loss_reason { LOSS_SIZE, LOSS_AGE, LOSS_DISK, LOSS_DAMAGE, LOSS_REFUSED, LOSS_REASONS };

/* On the disk: never renumber. The activity_id of the event as well. */
enum loss_kind { LOSS_DROPPED = 1, LOSS_NOT_KEPT, LOSS_DAMAGED };

/* A range that is lost and must be told. */
struct tombstone {
	uint8_t kind;     /* enum loss_kind */
	uint8_t priority;
	uint8_t reason;   /* enum loss_reason */
	uint64_t first, last;
	uint64_t seq;     /* number in priority 0 it is to have or has; 0 = not decided yet */
	bool told;        /* not stored: that event is in the chain */
	bool settled;     /* not stored: the chain itself shows that the range is known to be missing */
};

struct state {
	uint64_t generation;
	uint64_t epoch;
	uint64_t acked[SK_PRIORITIES];
	uint64_t next[SK_PRIORITIES]; /* at least this was the next number when the state was written */
	uint32_t tombstone_count;
	struct tombstone tombstones[TOMBSTONES];
};

void sk_state_write(const struct state *state, uint8_t ret_slot[STATE_SLOT]);
/* 0, or SK_BAD with the offset in the slot. */
int sk_state_read(const uint8_t slot[STATE_SLOT], struct state *ret_state, struct sk_diag *diag);
/* The better of the two slots of a whole file. 0; SK_BAD: neither is good. */
int sk_state_choose(const uint8_t *file, size_t size, struct state *ret_state, struct sk_diag *diag);
