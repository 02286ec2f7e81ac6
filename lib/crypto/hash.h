// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * SHA-256 (FIPS 180-4), HMAC-SHA-256 (RFC 2104, FIPS 198-1) and random bytes.
 *
 * sk_sha256() may allocate inside OpenSSL. Who must not allocate (the guard's answer path and its hash workers) makes a hasher
 * beforehand: sk_hasher_begin(), _update(), _finish() and sk_hasher_fd() allocate nothing and take no lock. A hasher belongs to one
 * thread at a time.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SK_SHA256_SIZE 32

/* 0 or fatal. */
int sk_sha256(const void *data, size_t size, uint8_t ret_hash[static SK_SHA256_SIZE]);

struct sk_hasher;

int sk_hasher_new(struct sk_hasher **ret_hasher); /* 0 or -ENOMEM */
struct sk_hasher *sk_hasher_free(struct sk_hasher *hasher);
void sk_hasher_free_p(struct sk_hasher **hasher);
#define _cleanup_hasher_ __attribute__((cleanup(sk_hasher_free_p)))

int sk_hasher_begin(struct sk_hasher *hasher);
int sk_hasher_update(struct sk_hasher *hasher, const void *data, size_t size);
int sk_hasher_finish(struct sk_hasher *hasher, uint8_t ret_hash[static SK_SHA256_SIZE]);

/* Called after each piece with the bytes hashed so far; an answer other than 0 stops the hashing. */
typedef int (*sk_hash_progress)(uint64_t done, void *arg);

/*
 * Hashes an open file from its first byte by pread(2); the file offset stays. `space` is the caller's reading space (64 KiB to
 * 1 MiB do well). 0; SK_AGAIN when `progress` (may be NULL) stopped it; -errno of the read, not logged (the file is foreign).
 * *ret_size, when given, is the number of bytes hashed.
 */
int sk_hasher_fd(struct sk_hasher *hasher, int fd, void *space, size_t space_size, sk_hash_progress progress, void *arg,
		 uint8_t ret_hash[static SK_SHA256_SIZE], uint64_t *ret_size);

int sk_hmac_sha256(const void *key, size_t key_size, const void *data, size_t size, uint8_t ret_mac[static SK_SHA256_SIZE]);

/* Random bytes from OpenSSL's generator (seeded by the kernel). 0 or -EIO. */
int sk_random(void *out, size_t size);
