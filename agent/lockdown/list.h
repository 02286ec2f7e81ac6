// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The allowlist as the guard sees it: SHA-256 values, no names, sorted, in shared memory: 33 bytes a program and nothing beside it. SHA-256 values
 * are evenly spread, so a place is guessed from the first four bytes and found a few entries from there.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	LK_HASH = 32,
	LK_LIST_MAX = 1 << 17, /* entries */
};

struct lk_list_entry {
	uint8_t hash[LK_HASH];
	uint8_t kinds; /* enum sk_as of bpf/lockdown.h */
};

struct lk_list {
	struct lk_list_entry entries[LK_LIST_MAX];
};

/*
 * Fills the list; the caller knows that nobody reads it now. Any order; `kinds` is what each may be used as (of the same hash twice, both), NULL or 0:
 * programs and libraries. Returns how many different ones there are: the first so many entries count.
 */
uint32_t lk_list_fill(struct lk_list *list, const uint8_t *hashes, const uint8_t *kinds, uint32_t count);
/* Gives the pages back. Who still reads it finds zeros, which are never listed. */
void lk_list_drop(struct lk_list *list);
/* What it may be used as; 0: not listed. Any thread, any process; allocates nothing. The all-zero value never is listed. */
uint32_t lk_list_kinds(const struct lk_list *list, uint32_t count, const uint8_t hash[LK_HASH]);
bool lk_list_has(const struct lk_list *list, uint32_t count, const uint8_t hash[LK_HASH]);
