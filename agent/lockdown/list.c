// SPDX-License-Identifier: GPL-3.0-or-later
/* The allowlist as a set of hashes. Owns nothing: the memory belongs to the shared mapping. */
#include "lockdown/list.h"

#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "bpf/lockdown.h"

static uint32_t place(const uint8_t hash[LK_HASH], uint32_t mask)
{
	uint32_t first;

	memcpy(&first, hash, sizeof first);
	return first & mask;
}

uint32_t lk_list_bits(uint32_t count)
{
	uint32_t bits = 4;

	if (!count)
		return 0;
	while (bits < LK_LIST_BITS && (uint64_t)count * 4 > (UINT64_C(3) << bits))
		bits++;
	return bits;
}

uint32_t lk_list_fill(struct lk_list *list, uint32_t bits, const uint8_t *hashes, uint32_t count)
{
	return lk_list_fill_kinds(list, bits, hashes, NULL, count);
}

uint32_t lk_list_fill_kinds(struct lk_list *list, uint32_t bits, const uint8_t *hashes, const uint8_t *kinds, uint32_t count)
{
	static const uint8_t empty[LK_HASH];
	uint32_t mask = (1u << bits) - 1, different = 0;

	/* give the pages of a longer, older list back */
	if (madvise(list->entries, sizeof list->entries, MADV_REMOVE) < 0)
		memset(list->entries, 0, sizeof list->entries);
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *hash = hashes + (size_t)i * LK_HASH;
		uint32_t at = place(hash, mask);
		uint8_t kind = kinds && kinds[i] ? kinds[i] : SK_AS_PROGRAM | SK_AS_LIBRARY;
		bool first;

		while (memcmp(list->entries[at], empty, LK_HASH) && memcmp(list->entries[at], hash, LK_HASH))
			at = (at + 1) & mask;
		first = !memcmp(list->entries[at], empty, LK_HASH);
		list->kinds[at] = first ? kind : list->kinds[at] | kind;
		different += first;
		memcpy(list->entries[at], hash, LK_HASH);
	}
	return different;
}

uint32_t lk_list_kinds(const struct lk_list *list, uint32_t bits, const uint8_t hash[LK_HASH])
{
	static const uint8_t empty[LK_HASH];
	uint32_t mask = (1u << bits) - 1, at;

	if (!bits || bits > LK_LIST_BITS || !memcmp(hash, empty, LK_HASH))
		return 0;
	at = place(hash, mask);
	for (uint32_t step = 0; step <= mask; step++, at = (at + 1) & mask) {
		if (!memcmp(list->entries[at], hash, LK_HASH))
			return list->kinds[at];
		if (!memcmp(list->entries[at], empty, LK_HASH))
			return 0;
	}
	return 0;
}

bool lk_list_has(const struct lk_list *list, uint32_t bits, const uint8_t hash[LK_HASH])
{
	return lk_list_kinds(list, bits, hash) != 0;
}
