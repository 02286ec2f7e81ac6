// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One multiplication a trigram (Knuth's multiplicative hash, top 16 bits) and no second hash: a text of n bytes asks n - 2
 * bits, which is where the certainty comes from.
 */
#include "store/filter.h"

#include <string.h>

static uint32_t fold_case(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20u : c;
}

static uint32_t place(uint32_t trigram)
{
	return (trigram * UINT32_C(0x9e3779b1)) >> 16;
}

void sk_filter_clear(struct sk_filter *filter)
{
	memset(filter, 0, sizeof *filter);
}

void sk_filter_add(struct sk_filter *filter, const void *text, size_t size)
{
	const uint8_t *p = text;
	uint32_t trigram;

	if (size < 3)
		return;
	trigram = fold_case(p[0]) << 8 | fold_case(p[1]);
	for (size_t i = 2; i < size; i++) {
		uint32_t bit;

		trigram = (trigram << 8 | fold_case(p[i])) & 0xffffff;
		bit = place(trigram);
		filter->bits[bit >> 3] |= (uint8_t)(1u << (bit & 7));
	}
}

static size_t bits_set(const struct sk_filter *filter)
{
	size_t set = 0;

	for (size_t i = 0; i < SK_FILTER_MAX; i += 8) {
		uint64_t word;

		memcpy(&word, filter->bits + i, 8);
		set += (size_t)__builtin_popcountll(word);
	}
	return set;
}

size_t sk_filter_pack(struct sk_filter *filter)
{
	size_t size = SK_FILTER_MAX, set = bits_set(filter);

	/* Folding only merges bits: `set` stays an upper bound of what is set. */
	for (; size > SK_FILTER_MIN && set * 4 <= size / 2 * 8; size /= 2)
		for (size_t i = 0; i < size / 2; i++)
			filter->bits[i] |= filter->bits[i + size / 2];
	return size;
}

bool sk_filter_may_hold(const uint8_t *packed, size_t packed_size, const void *text, size_t size)
{
	const uint8_t *p = text;
	uint32_t trigram, mask = (uint32_t)packed_size * 8 - 1;

	if (size < 3 || packed_size < SK_FILTER_MIN || packed_size > SK_FILTER_MAX || (packed_size & (packed_size - 1)))
		return true;
	trigram = fold_case(p[0]) << 8 | fold_case(p[1]);
	for (size_t i = 2; i < size; i++) {
		uint32_t bit;

		trigram = (trigram << 8 | fold_case(p[i])) & 0xffffff;
		bit = place(trigram) & mask;
		if (!(packed[bit >> 3] & 1u << (bit & 7)))
			return false;
	}
	return true;
}
