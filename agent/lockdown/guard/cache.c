// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The verdict cache in shared memory: sets of four ways, each set under a sequence lock. Readers copy and compare the sequence; writers
 * that meet another writer give up (put) or empty the whole cache (drop), so that nobody ever waits for a process that may be stopped.
 */
#include "lockdown/guard/cache.h"

#include <stddef.h>
#include <string.h>

enum { TRIES = 200 };

void lk_cache_init(struct lk_cache *cache)
{
	atomic_store(&cache->epoch, 1);
}

bool lk_cache_settled(const struct lk_key *key, const struct timespec *now)
{
	int64_t age_us = (now->tv_sec - key->changed_s) * 1000000 + (now->tv_nsec - (int64_t)key->changed_ns) / 1000;

	return age_us >= LK_SETTLED_US;
}

static uint32_t place(uint64_t device, uint64_t inode)
{
	uint64_t mixed = (inode ^ (device << 32 | device >> 32)) * UINT64_C(0x9E3779B97F4A7C15);

	return (uint32_t)(mixed >> 40) % LK_CACHE_SETS;
}

static bool same(const struct lk_key *a, const struct lk_key *b)
{
	return a->inode == b->inode && a->device == b->device && a->size == b->size && a->changed_s == b->changed_s &&
	       a->changed_ns == b->changed_ns && a->generation == b->generation;
}

bool lk_cache_get(const struct lk_cache *cache, const struct lk_key *key, uint8_t ret_hash[32])
{
	const struct lk_cache_set *set = &cache->sets[place(key->device, key->inode)];
	uint32_t before = atomic_load_explicit(&set->sequence, memory_order_acquire);
	uint32_t epoch = atomic_load(&cache->epoch);
	uint8_t hash[32];
	bool found = false;

	if (before & 1)
		return false;
	for (int i = 0; i < LK_CACHE_WAYS && !found; i++) {
		found = set->ways[i].epoch == epoch && same(&set->ways[i].key, key);
		if (found)
			memcpy(hash, set->ways[i].hash, sizeof hash);
	}
	atomic_thread_fence(memory_order_acquire);
	if (!found || atomic_load_explicit(&set->sequence, memory_order_relaxed) != before || atomic_load(&cache->epoch) != epoch)
		return false;
	memcpy(ret_hash, hash, sizeof hash);
	return true;
}

static bool begin(struct lk_cache_set *set)
{
	uint32_t sequence = atomic_load(&set->sequence);

	for (int i = 0; i < TRIES; i++) {
		if (sequence & 1)
			sequence = atomic_load(&set->sequence);
		else if (atomic_compare_exchange_weak(&set->sequence, &sequence, sequence + 1))
			return true;
	}
	return false;
}

static void end(struct lk_cache_set *set)
{
	atomic_fetch_add_explicit(&set->sequence, 1, memory_order_release);
}

/* The inode's own place, else an empty one, else the oldest. */
static struct lk_entry *choose(struct lk_cache_set *set, const struct lk_key *key, uint32_t epoch)
{
	struct lk_entry *best = &set->ways[0];

	for (int i = 0; i < LK_CACHE_WAYS; i++) {
		struct lk_entry *entry = &set->ways[i];

		if (entry->epoch == epoch && entry->key.inode == key->inode && entry->key.device == key->device)
			return entry;
		if (best->epoch == epoch && (entry->epoch != epoch || (int32_t)(entry->stamp - best->stamp) < 0))
			best = entry;
	}
	return best;
}

bool lk_cache_put(struct lk_cache *cache, const struct lk_key *key, const uint8_t hash[32], uint64_t drops)
{
	struct lk_cache_set *set = &cache->sets[place(key->device, key->inode)];
	uint32_t epoch = atomic_load(&cache->epoch);
	bool put = false;

	if (!begin(set))
		return false;
	if (atomic_load(&cache->drops) == drops) {
		struct lk_entry *entry = choose(set, key, epoch);

		entry->key = *key;
		memcpy(entry->hash, hash, 32);
		entry->stamp = atomic_fetch_add(&cache->stamp, 1);
		entry->epoch = epoch;
		atomic_fetch_add(&cache->entries, 1);
		put = true;
	}
	end(set);
	return put;
}

void lk_cache_drop(struct lk_cache *cache, uint64_t device, uint64_t inode)
{
	struct lk_cache_set *set = &cache->sets[place(device, inode)];

	atomic_fetch_add(&cache->drops, 1); /* before the lock: a put that comes later sees it */
	if (!begin(set)) {
		lk_cache_clear(cache);
		return;
	}
	for (int i = 0; i < LK_CACHE_WAYS; i++)
		if (set->ways[i].key.inode == inode && set->ways[i].key.device == device)
			set->ways[i].epoch = 0;
	end(set);
}

void lk_cache_clear(struct lk_cache *cache)
{
	atomic_fetch_add(&cache->drops, 1);
	if (atomic_fetch_add(&cache->epoch, 1) == UINT32_MAX) /* 0 means empty */
		atomic_fetch_add(&cache->epoch, 1);
	atomic_store(&cache->entries, 0);
}

void lk_cache_recover(struct lk_cache *cache)
{
	for (int i = 0; i < LK_CACHE_SETS; i++) {
		struct lk_cache_set *set = &cache->sets[i];

		if (!(atomic_load(&set->sequence) & 1))
			continue;
		for (int way = 0; way < LK_CACHE_WAYS; way++)
			set->ways[way].epoch = 0;
		end(set);
	}
}
