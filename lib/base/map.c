// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Open addressing with linear probing at most three quarters full; removal shifts the run back, so there are
 * no tombstones. SipHash-2-4 as its paper gives it (Aumasson, Bernstein 2012).
 */
#include "base/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/seed.h"

struct entry {
	uint64_t hash;
	uint8_t *key; /* NULL = free place */
	size_t size;
	void *value;
};

struct sk_map {
	struct entry *entries;
	size_t places; /* a power of two, or 0 */
	size_t used;
	size_t max;
	void (*free_value)(void *);
	uint8_t seed[16];
};

#define ROTATE(x, b) (((x) << (b)) | ((x) >> (64 - (b))))

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = ROTATE(v[1], 13) ^ v[0];
	v[0] = ROTATE(v[0], 32);
	v[2] += v[3];
	v[3] = ROTATE(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = ROTATE(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = ROTATE(v[1], 17) ^ v[2];
	v[2] = ROTATE(v[2], 32);
}

static uint64_t load_le(const uint8_t *p, size_t size)
{
	uint64_t v = 0;

	for (size_t i = 0; i < size; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static void sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	sip_round(v);
	v[0] ^= word;
}

uint64_t sk_siphash(const uint8_t key[16], const void *data, size_t size)
{
	uint64_t k0 = load_le(key, 8), k1 = load_le(key + 8, 8);
	uint64_t v[4] = {k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573};
	const uint8_t *p = data;
	size_t whole = size & ~(size_t)7;

	for (size_t i = 0; i < whole; i += 8)
		sip_word(v, load_le(p + i, 8));
	sip_word(v, (size & 7 ? load_le(p + whole, size & 7) : 0) | (uint64_t)size << 56);
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

int sk_map_new(size_t max_entries, void (*free_value)(void *), struct sk_map **ret_map)
{
	struct sk_map *map = sk_calloc(1, sizeof *map);

	if (!map)
		return sk_origin(-ENOMEM);
	map->max = max_entries;
	map->free_value = free_value;
	if (sk_seed(map->seed, sizeof map->seed)) {
		free(map);
		return -EIO;
	}
	*ret_map = map;
	return 0;
}

struct sk_map *sk_map_free(struct sk_map *map)
{
	if (!map)
		return NULL;
	for (size_t i = 0; i < map->places; i++) {
		if (!map->entries[i].key)
			continue;
		free(map->entries[i].key);
		if (map->free_value)
			map->free_value(map->entries[i].value);
	}
	free(map->entries);
	free(map);
	return NULL;
}

void sk_map_free_p(struct sk_map **map)
{
	*map = sk_map_free(*map);
}

size_t sk_map_size(const struct sk_map *map)
{
	return map->used;
}

/*
 * The entry that holds the key, or the free place where it would go. There is always a free place when places
 * > 0.
 */
static struct entry *find(const struct sk_map *map, uint64_t hash, const void *key, size_t size)
{
	size_t mask = map->places - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct entry *e = &map->entries[i];

		if (!e->key || (e->hash == hash && e->size == size && memcmp(e->key, key, size) == 0))
			return e;
	}
}

static int grow(struct sk_map *map)
{
	struct sk_map bigger = *map;

	bigger.places = map->places ? map->places * 2 : 16;
	bigger.entries = sk_calloc(bigger.places, sizeof *bigger.entries);
	if (!bigger.entries)
		return sk_origin(-ENOMEM);
	for (size_t i = 0; i < map->places; i++)
		if (map->entries[i].key)
			*find(&bigger, map->entries[i].hash, map->entries[i].key, map->entries[i].size) = map->entries[i];
	free(map->entries);
	*map = bigger;
	return 0;
}

void *sk_map_get(const struct sk_map *map, const void *key, size_t size)
{
	struct entry *e;

	if (map->places == 0)
		return NULL;
	e = find(map, sk_siphash(map->seed, key, size), key, size);
	return e->key ? e->value : NULL;
}

int sk_map_put(struct sk_map *map, const void *key, size_t size, void *value)
{
	uint64_t hash = sk_siphash(map->seed, key, size);
	struct entry *e = map->places ? find(map, hash, key, size) : NULL;
	uint8_t *copy;
	int r;

	if (e && e->key) {
		if (map->free_value && e->value != value)
			map->free_value(e->value);
		e->value = value;
		return 0;
	}
	if (map->used >= map->max)
		return SK_FULL;
	if ((map->used + 1) * 4 > map->places * 3) {
		r = grow(map);
		if (r)
			return r;
	}
	copy = sk_malloc(size);
	if (!copy)
		return sk_origin(-ENOMEM);
	memcpy(copy, key, size);
	*find(map, hash, key, size) = (struct entry){.hash = hash, .key = copy, .size = size, .value = value};
	map->used++;
	return 0;
}

/* Moves later entries of the run into the hole, unless that would put one before its own place. */
static void close_hole(struct sk_map *map, size_t hole)
{
	size_t mask = map->places - 1;

	for (size_t i = (hole + 1) & mask; map->entries[i].key; i = (i + 1) & mask) {
		size_t home = map->entries[i].hash & mask;

		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		map->entries[hole] = map->entries[i];
		hole = i;
	}
	map->entries[hole] = (struct entry){0};
}

void *sk_map_take(struct sk_map *map, const void *key, size_t size)
{
	struct entry *e;
	void *value;

	if (map->places == 0)
		return NULL;
	e = find(map, sk_siphash(map->seed, key, size), key, size);
	if (!e->key)
		return NULL;
	value = e->value;
	free(e->key);
	close_hole(map, (size_t)(e - map->entries));
	map->used--;
	return value;
}

void *sk_map_next(const struct sk_map *map, size_t *position, const void **ret_key, size_t *ret_size)
{
	while (*position < map->places) {
		const struct entry *e = &map->entries[(*position)++];

		if (!e->key)
			continue;
		if (ret_key)
			*ret_key = e->key;
		if (ret_size)
			*ret_size = e->size;
		return e->value;
	}
	return NULL;
}
