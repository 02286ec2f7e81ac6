// SPDX-License-Identifier: GPL-3.0-or-later
/* CRC-32C (Castagnoli, reflected, RFC 3720 appendix B.4): by the processor's instruction where it has one, else by table. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Of `size` bytes, going on from `crc` (0 at the start). */
uint32_t sk_crc32c(uint32_t crc, const void *data, size_t size);
/* The table alone: what the test compares with. */
uint32_t sk_crc32c_table(uint32_t crc, const void *data, size_t size);
