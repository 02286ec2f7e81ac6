// SPDX-License-Identifier: GPL-3.0-or-later
/* SipHash with one round a word and three at the end. */
#include "flow/hash.h"

#include <string.h>

#include "base/mem.h"

static inline uint64_t turn(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = turn(v[1], 13) ^ v[0];
	v[3] = turn(v[3], 16) ^ v[2];
	v[0] = turn(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = turn(v[1], 17) ^ v[2];
	v[3] = turn(v[3], 21) ^ v[0];
	v[2] = turn(v[2], 32);
}

uint64_t gw_hash(const uint64_t seed[2], const void *key, size_t size)
{
	uint64_t v[4] = {seed[0] ^ 0x736f6d6570736575, seed[1] ^ 0x646f72616e646f6d, seed[0] ^ 0x6c7967656e657261, seed[1] ^ 0x7465646279746573};
	uint64_t words[GW_HASHED_MAX / 8];

	size = SK_MIN(size, (size_t)GW_HASHED_MAX);
	words[(size + 7) / 8 - 1] = 0; /* what pads the last one */
	memcpy(words, key, size);
	for (size_t i = 0; i < (size + 7) / 8; i++) {
		v[3] ^= words[i];
		sip_round(v);
		v[0] ^= words[i];
	}
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
