// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The format of one segment file, for lib/spool alone. All integers big-endian.
 *
 *   header, 48 bytes:  "SKSPOOL" 0x01, u8 priority, 7 zero bytes, u64 epoch, u64 first_seq, u64 begun (ms since 1970), u32 zero,
 *                      u32 crc32c of the 44 bytes before
 *   record:            u16 0x5352 ("SR"), u16 flags (bit 0: the numbers before this one are missing and that is told), u32 length,
 *                      u64 seq, u32 crc32c of these 16 bytes and the payload; payload
 *
 * A record knows its number, so that behind a damaged place the next good one tells exactly what is missing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "event/event.h"

enum {
	SEGMENT_HEADER = 48,
	RECORD_HEADER = 20,
	RECORD_JUMP = 1,
	RECORD_MAX = RECORD_HEADER + SK_EVENT_MAX,
};

struct segment_header {
	uint8_t priority;
	uint64_t epoch, first, begun_ms;
};

struct record {
	uint64_t seq;
	uint16_t flags;
	const uint8_t *data; /* into the buffer it was read from */
	uint32_t size;
	size_t whole; /* bytes with its header */
};

void sk_segment_header_write(const struct segment_header *header, uint8_t ret_bytes[SEGMENT_HEADER]);
/* 0, or SK_BAD with the offset. */
int sk_segment_header_read(const uint8_t *bytes, size_t size, struct segment_header *ret_header, struct sk_diag *diag);

/* Writes the header of a record whose payload is given. */
void sk_record_write(uint64_t seq, uint16_t flags, const void *data, uint32_t size, uint8_t ret_header[RECORD_HEADER]);
/* The record at the start of `bytes`. 0; SK_BAD: none stands here (cut short, or damaged). */
int sk_record_read(const uint8_t *bytes, size_t size, struct record *ret_record);
/* The first good record with a number of at least `min_seq` at or behind bytes[from]. 0 and *ret_at, or SK_NONE. */
int sk_record_find(const uint8_t *bytes, size_t size, size_t from, uint64_t min_seq, size_t *ret_at, struct record *ret_record);
