// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The verdict cache: which content a file had when it was hashed. It lies in shared memory, so that the keeper can go on with it when the guard is
 * dead.
 *
 * An entry is found by device and inode and counts only while size, change time (ns) and inode generation are the same. That alone is
 * not sound; the rest of the soundness lies with whoever inserts (hash.c), and is listed here because the cache is where one looks for it:
 *
 *   store through a mapping that was live when hashing        refused read lease: not inserted
 *   mapping made later; any other store                       change time moves at the first store, because the inserted one is
 *                                                             at least LK_SETTLED_US old (kernels tick in up to 10 ms)
 *   write right after the look, within the same clock tick    the same
 *   clock set back so that the change time comes out equal    the guard's inode mark: FAN_MODIFY and FAN_CLOSE_WRITE drop the entry, and come through
 *                                                             the same queue before the next execution's question
 *   deleted and made anew with the same inode number          generation and change time
 *   unmounted, edited, mounted again                          entries of a device are dropped before a new superblock is marked
 *   device or image written below a mounted file system       a mark on the device node: from then on nothing of it is remembered
 *   tmpfs, overlay, FUSE, network                             never inserted
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum {
	LK_CACHE_SETS = 2048,
	LK_CACHE_WAYS = 4,
	LK_CACHE_MAX = LK_CACHE_SETS * LK_CACHE_WAYS,
	LK_SETTLED_US = 20000, /* a younger change time may be reused by the next write */
};

struct lk_key {
	uint64_t device, inode, size;
	int64_t changed_s;
	uint32_t changed_ns, generation;
};

struct lk_entry {
	struct lk_key key;
	uint32_t epoch; /* counts while it equals the cache's; 0 = empty */
	uint32_t stamp; /* larger = inserted later */
	uint8_t hash[32];
};

struct lk_cache_set {
	_Atomic uint32_t sequence; /* odd while being written */
	struct lk_entry ways[LK_CACHE_WAYS];
};

struct lk_cache {
	_Atomic uint32_t epoch;   /* raising it empties the cache at once */
	_Atomic uint32_t stamp;
	_Atomic uint64_t drops;   /* grows with every drop: what was hashed before one is not inserted after it */
	_Atomic uint64_t entries; /* inserted since the last clear */
	struct lk_cache_set sets[LK_CACHE_SETS];
};

void lk_cache_init(struct lk_cache *cache);
/*
 * Is the change time old enough at `now` (UTC) that the next write will surely get another one? False as well when it lies in the future: the clock
 * was set back.
 */
bool lk_cache_settled(const struct lk_key *key, const struct timespec *now);
/* True and the hash when this very content is remembered. Never waits. */
bool lk_cache_get(const struct lk_cache *cache, const struct lk_key *key, uint8_t ret_hash[32]);
/* `drops` is what cache->drops was before the file was looked at. False when something was dropped since, or another thread is at this place. */
bool lk_cache_put(struct lk_cache *cache, const struct lk_key *key, const uint8_t hash[32], uint64_t drops);
/* Forgets an inode. Never waits: when the place is being written, everything is forgotten instead. */
void lk_cache_drop(struct lk_cache *cache, uint64_t device, uint64_t inode);
void lk_cache_clear(struct lk_cache *cache);
/* After a writer died: half-written places are emptied. The caller is the only writer. */
void lk_cache_recover(struct lk_cache *cache);
