// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A set of trigrams that answers "can this text stand in that block?" with "no" or "perhaps": one a batch, so that a search opens only the
 * blocks worth opening. ASCII case is folded. A text under three bytes is always "perhaps".
 *
 * Packed it is a bitmap of 64 bytes to 8 KiB, a power of two, folded in half while less than a quarter of it would be set: what is small is kept small.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SK_FILTER_MIN = 64, SK_FILTER_MAX = 8192 };

struct sk_filter {
	uint8_t bits[SK_FILTER_MAX] __attribute__((aligned(8)));
};

void sk_filter_clear(struct sk_filter *filter);
void sk_filter_add(struct sk_filter *filter, const void *text, size_t size);
/* Packs in place and returns the number of bytes at the front of `bits` that are to be kept. */
size_t sk_filter_pack(struct sk_filter *filter);
/* `packed` of a size that is no power of two between the limits answers "perhaps". */
bool sk_filter_may_hold(const uint8_t *packed, size_t packed_size, const void *text, size_t size);
