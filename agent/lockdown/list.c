// SPDX-License-Identifier: GPL-3.0-or-later
/* The allowlist as a sorted table of hashes. Owns nothing: the memory belongs to the shared mapping. */
#include "lockdown/list.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"
#include "bpf/lockdown.h"

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, LK_HASH);
}

void lk_list_drop(struct lk_list *list)
{
	if (madvise(list->entries, sizeof list->entries, MADV_REMOVE) < 0)
		memset(list->entries, 0, sizeof list->entries);
}

/* Neighbours with the same hash become one; the list is sorted. */
static uint32_t merge(struct lk_list_entry *entries, uint32_t count)
{
	uint32_t different = 0;

	for (uint32_t i = 0; i < count; i++)
		if (different && !compare(entries[different - 1].hash, entries[i].hash))
			entries[different - 1].kinds |= entries[i].kinds;
		else
			entries[different++] = entries[i];
	return different;
}

uint32_t lk_list_fill(struct lk_list *list, const uint8_t *hashes, const uint8_t *kinds, uint32_t count)
{
	bool sorted = true;

	lk_list_drop(list);
	for (uint32_t i = 0; i < count; i++) {
		memcpy(list->entries[i].hash, hashes + (size_t)i * LK_HASH, LK_HASH);
		list->entries[i].kinds = kinds && kinds[i] ? kinds[i] : SK_AS_PROGRAM | SK_AS_LIBRARY;
		sorted = sorted && (!i || compare(list->entries[i - 1].hash, list->entries[i].hash) <= 0);
	}
	if (!sorted) /* a policy is */
		qsort(list->entries, count, sizeof list->entries[0], compare);
	return merge(list->entries, count);
}

/* Where it would lie if the values were spread perfectly. */
static uint32_t guess(const uint8_t hash[LK_HASH], uint32_t count)
{
	uint32_t first;

	memcpy(&first, hash, sizeof first);
	return (uint32_t)((uint64_t)ntohl(first) * count >> 32);
}

/* Around the guess in growing steps, then halving: values chosen to crowd cost a few steps more. */
static const struct lk_list_entry *find(const struct lk_list_entry *entries, uint32_t count, const uint8_t hash[LK_HASH])
{
	uint32_t low = guess(hash, count), high = low, step;

	for (step = 64; low > 0 && compare(entries[low].hash, hash) > 0; step *= 2)
		low -= SK_MIN(low, step);
	for (step = 64; high < count && compare(entries[high].hash, hash) < 0; step *= 2)
		high = SK_MIN(high + step, count);
	high = SK_MIN(high + 1, count);
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = compare(entries[middle].hash, hash);

		if (!order)
			return &entries[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

uint32_t lk_list_kinds(const struct lk_list *list, uint32_t count, const uint8_t hash[LK_HASH])
{
	static const uint8_t empty[LK_HASH];
	const struct lk_list_entry *entry;

	if (!count || count > LK_LIST_MAX || !memcmp(hash, empty, LK_HASH))
		return 0;
	entry = find(list->entries, count, hash);
	return entry ? entry->kinds : 0;
}

bool lk_list_has(const struct lk_list *list, uint32_t count, const uint8_t hash[LK_HASH])
{
	return lk_list_kinds(list, count, hash) != 0;
}
