// SPDX-License-Identifier: GPL-3.0-or-later
/* Reader and writer of segment headers and records. */
#include "spool/segment.h"

#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "spool/crc32c.h"

static const uint8_t magic[8] = {'S', 'K', 'S', 'P', 'O', 'O', 'L', 1};
enum { RECORD_MAGIC = 0x5352 };

void sk_segment_header_write(const struct segment_header *header, uint8_t ret_bytes[SEGMENT_HEADER])
{
	struct sk_writer w;

	sk_writer_init(&w, ret_bytes, SEGMENT_HEADER);
	sk_put_bytes(&w, magic, sizeof magic);
	sk_put_u8(&w, header->priority);
	sk_put_bytes(&w, (const uint8_t[7]){0}, 7);
	sk_put_u64(&w, header->epoch);
	sk_put_u64(&w, header->first);
	sk_put_u64(&w, header->begun_ms);
	sk_put_u32(&w, 0);
	sk_put_u32(&w, sk_crc32c(0, ret_bytes, SEGMENT_HEADER - 4));
}

int sk_segment_header_read(const uint8_t *bytes, size_t size, struct segment_header *ret_header, struct sk_diag *diag)
{
	struct segment_header h;
	struct sk_cursor c;
	const uint8_t *found, *pad;
	uint32_t zero, crc;

	if (size < SEGMENT_HEADER)
		return sk_diag_offset(diag, size, "the header of a segment is cut short");
	sk_cursor_init(&c, bytes, SEGMENT_HEADER);
	found = sk_get_bytes(&c, sizeof magic);
	if (memcmp(found, magic, sizeof magic) != 0)
		return sk_diag_offset(diag, 0, "not a segment of a spool");
	h.priority = sk_get_u8(&c);
	pad = sk_get_bytes(&c, 7);
	h.epoch = sk_get_u64(&c);
	h.first = sk_get_u64(&c);
	h.begun_ms = sk_get_u64(&c);
	zero = sk_get_u32(&c);
	crc = sk_get_u32(&c);
	if (crc != sk_crc32c(0, bytes, SEGMENT_HEADER - 4))
		return sk_diag_offset(diag, SEGMENT_HEADER - 4, "the checksum of the header does not hold");
	if (h.priority >= SK_PRIORITIES || zero || memcmp(pad, (const uint8_t[7]){0}, 7) != 0 || h.first == 0)
		return sk_diag_offset(diag, 8, "the header of the segment holds a value out of range");
	*ret_header = h;
	return 0;
}

void sk_record_write(uint64_t seq, uint16_t flags, const void *data, uint32_t size, uint8_t ret_header[RECORD_HEADER])
{
	struct sk_writer w;
	uint32_t crc;

	sk_writer_init(&w, ret_header, RECORD_HEADER);
	sk_put_u16(&w, RECORD_MAGIC);
	sk_put_u16(&w, flags);
	sk_put_u32(&w, size);
	sk_put_u64(&w, seq);
	crc = sk_crc32c(0, ret_header, RECORD_HEADER - 4);
	sk_put_u32(&w, sk_crc32c(crc, data, size));
}

int sk_record_read(const uint8_t *bytes, size_t size, struct record *ret_record)
{
	struct sk_cursor c;
	struct record r;
	uint32_t crc;

	sk_cursor_init(&c, bytes, size);
	if (sk_get_u16(&c) != RECORD_MAGIC)
		return SK_BAD;
	r.flags = sk_get_u16(&c);
	r.size = sk_get_u32(&c);
	r.seq = sk_get_u64(&c);
	crc = sk_get_u32(&c);
	if (c.bad || r.flags & ~RECORD_JUMP || r.size == 0 || r.size > SK_EVENT_MAX || r.seq == 0)
		return SK_BAD;
	r.data = sk_get_bytes(&c, r.size);
	if (!r.data || crc != sk_crc32c(sk_crc32c(0, bytes, RECORD_HEADER - 4), r.data, r.size))
		return SK_BAD;
	r.whole = c.at;
	*ret_record = r;
	return 0;
}

int sk_record_find(const uint8_t *bytes, size_t size, size_t from, uint64_t min_seq, size_t *ret_at, struct record *ret_record)
{
	for (size_t at = from; at + RECORD_HEADER < size; at++) {
		const uint8_t *p = memchr(bytes + at, RECORD_MAGIC >> 8, size - at);

		if (!p)
			return SK_NONE;
		at = (size_t)(p - bytes);
		if (sk_record_read(p, size - at, ret_record) == 0 && ret_record->seq >= min_seq) {
			*ret_at = at;
			return 0;
		}
	}
	return SK_NONE;
}
