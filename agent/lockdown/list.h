// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The allowlist as the guard sees it: a set of SHA-256 values, no names, in shared memory. Open addressing; the hash itself is the hash.
 * Only as many pages are touched as the list needs. An all-zero entry is empty.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	LK_HASH = 32,
	LK_LIST_BITS = 17,                       /* largest table */
	LK_LIST_MAX = (1 << LK_LIST_BITS) / 4 * 3, /* entries at most */
};

struct lk_list {
	uint8_t entries[1 << LK_LIST_BITS][LK_HASH];
	uint8_t kinds[1 << LK_LIST_BITS]; /* enum sk_as of bpf/lockdown.h */
};

/* Bits of a table that is at most three quarters full with `count` entries. */
uint32_t lk_list_bits(uint32_t count);
/* Fills the first 1 << bits entries; the caller knows that nobody reads this list now. Returns how many different ones there are. */
uint32_t lk_list_fill(struct lk_list *list, uint32_t bits, const uint8_t *hashes, uint32_t count);
/* With what each may be used as; of the same hash twice, both. NULL: programs and libraries. */
uint32_t lk_list_fill_kinds(struct lk_list *list, uint32_t bits, const uint8_t *hashes, const uint8_t *kinds, uint32_t count);
/* Any thread, any process; allocates nothing. bits == 0: nothing is listed. */
bool lk_list_has(const struct lk_list *list, uint32_t bits, const uint8_t hash[LK_HASH]);
/* 0: not listed. */
uint32_t lk_list_kinds(const struct lk_list *list, uint32_t bits, const uint8_t hash[LK_HASH]);
