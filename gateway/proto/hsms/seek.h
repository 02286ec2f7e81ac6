// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Finding the framing again in a stream of which bytes are missing.
 *
 * A frame is believed when a plausible head is followed, where its length says, by another; or when it is the very first that is seen, and its body is
 * one SECS-II item to the last byte. What is believed depends on the bytes alone, not on how they were cut: the frame whose proof ends first.
 * Owns the bytes it still needs, at most SEEK_MAX; a frame longer than SEEK_SPAN is passed over.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { SEEK_SPAN = 16 << 10, SEEK_MAX = 2 * SEEK_SPAN, SEEK_CANDIDATES = 16 };

struct hsms_seek {
	struct sk_buf bytes;
	size_t seen;   /* so many of them were looked at */
	bool moved;    /* the first bytes after the gap are gone */
	struct {
		size_t at, proof; /* where it begins, and with how many bytes it is proved */
		bool first;       /* may be believed alone */
	} candidates[SEEK_CANDIDATES];
	unsigned count;
};

void hsms_seek_begin(struct hsms_seek *seek);
void hsms_seek_done(struct hsms_seek *seek);
/*
 * Takes the next bytes. 0: not found yet, all are consumed. 1: found; seek->bytes holds the stream from the frame on to the end of its proof, which is
 * the *ret_used'th byte of `data`. -ENOMEM.
 */
int hsms_seek_feed(struct hsms_seek *seek, const uint8_t *data, size_t size, size_t *ret_used);
