// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * SipHash-1-3 (Aumasson, Bernstein: "SipHash: a fast short-input PRF") over a key of 1 to 128 bytes, padded with zeros. With a seed that is made anew at each start nobody
 * outside knows which keys meet in a bucket. Every table that strangers' packets fill is looked up by it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { GW_HASHED_MAX = 128 };

uint64_t gw_hash(const uint64_t seed[2], const void *key, size_t size);
