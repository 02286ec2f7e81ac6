// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Hash map from byte strings to pointers, with a maximum number of entries. Keys are copied; values belong to
 * the caller (or to `free_value` when one is given). SipHash-2-4 under a key drawn at creation, so that a
 * peer who chooses keys cannot make them collide. Not thread-safe.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct sk_map;

/* 0 or -ENOMEM. `free_value` may be NULL. */
int sk_map_new(size_t max_entries, void (*free_value)(void *), struct sk_map **ret_map);
struct sk_map *sk_map_free(struct sk_map *map);
void sk_map_free_p(struct sk_map **map);
#define _cleanup_map_ __attribute__((cleanup(sk_map_free_p)))

size_t sk_map_size(const struct sk_map *map);
/* NULL when absent. */
void *sk_map_get(const struct sk_map *map, const void *key, size_t size);
/*
 * 0; SK_FULL at the maximum; -ENOMEM. An older value of the key is freed and replaced. On failure the value
 * stays the caller's.
 */
int sk_map_put(struct sk_map *map, const void *key, size_t size, void *value);
/* The value, now the caller's; NULL when absent. */
void *sk_map_take(struct sk_map *map, const void *key, size_t size);
/*
 * Walks in no particular order: *position starts at 0; returns the value or NULL at the end; the map must not
 * change meanwhile.
 */
void *sk_map_next(const struct sk_map *map, size_t *position, const void **ret_key, size_t *ret_size);

uint64_t sk_siphash(const uint8_t key[16], const void *data, size_t size);
