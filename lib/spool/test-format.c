// SPDX-License-Identifier: GPL-3.0-or-later
/* The formats on the disk: what is written is read back, and no truncation and no flipped bit passes. */
#include "support/harness.h"

#include <string.h>

#include "base/error.h"
#include "spool/crc32c.h"
#include "spool/segment.h"
#include "spool/state.h"

static const struct segment_header header = {2, 77, 1001, 1790000000000};

static void test_crc(void **state)
{
	uint8_t zeros[32] = {0}, many[1000];

	assert_int_equal(sk_crc32c(0, zeros, sizeof zeros), 0x8a9136aa); /* RFC 3720 B.4 */
	assert_int_equal(sk_crc32c(0, "123456789", 9), 0xe3069283);
	for (size_t i = 0; i < sizeof many; i++)
		many[i] = (uint8_t)(i * 7);
	for (size_t n = 0; n < sizeof many; n += 13) {
		assert_int_equal(sk_crc32c(0, many, n), sk_crc32c_table(0, many, n));
		assert_int_equal(sk_crc32c(sk_crc32c(0, many, n / 2), many + n / 2, n - n / 2), sk_crc32c(0, many, n));
	}
}

static void test_header(void **state)
{
	uint8_t bytes[SEGMENT_HEADER];
	struct segment_header back;

	sk_segment_header_write(&header, bytes);
	assert_int_equal(sk_segment_header_read(bytes, sizeof bytes, &back, NULL), 0);
	assert_int_equal(back.priority, 2);
	assert_true(back.epoch == 77 && back.first == 1001 && back.begun_ms == header.begun_ms);
	for (size_t n = 0; n < sizeof bytes; n++) {
		struct sk_diag diag = {0};

		assert_int_equal(sk_segment_header_read(bytes, n, &back, &diag), SK_BAD);
		assert_true(diag.has_offset && diag.offset == n);
	}
	for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(sk_segment_header_read(bytes, sizeof bytes, &back, NULL), SK_BAD);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static size_t put_record(uint8_t *out, uint64_t seq, uint16_t flags, const char *text)
{
	size_t n = strlen(text);

	sk_record_write(seq, flags, text, (uint32_t)n, out);
	memcpy(out + RECORD_HEADER, text, n);
	return RECORD_HEADER + n;
}

static void test_record(void **state)
{
	uint8_t bytes[64];
	struct record r;
	size_t size = put_record(bytes, 5, RECORD_JUMP, "{\"a\":1}");

	assert_int_equal(sk_record_read(bytes, size, &r), 0);
	assert_true(r.seq == 5 && r.flags == RECORD_JUMP && r.size == 7 && r.whole == size);
	assert_memory_equal(r.data, "{\"a\":1}", 7);
	for (size_t n = 0; n < size; n++)
		assert_int_equal(sk_record_read(bytes, n, &r), SK_BAD);
	for (size_t bit = 0; bit < 8 * size; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(sk_record_read(bytes, size, &r), SK_BAD);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void test_find(void **state)
{
	uint8_t bytes[256];
	size_t one = put_record(bytes, 5, 0, "SRSRSR one"), two = put_record(bytes + one, 6, 0, "two"), at = 0;
	struct record r;

	assert_int_equal(sk_record_find(bytes, one + two, 1, 1, &at, &r), 0);
	assert_int_equal(at, one);
	assert_true(r.seq == 6);
	assert_int_equal(sk_record_find(bytes, one + two, 1, 7, &at, &r), SK_NONE);
	assert_int_equal(sk_record_find(bytes, one + two - 1, 1, 1, &at, &r), SK_NONE);
}

static const struct state sample = {
	.generation = 9, .epoch = 77, .acked = {1, 2, 3}, .next = {4, 5, 6}, .tombstone_count = 1,
	.tombstones = {{.kind = LOSS_NOT_KEPT, .priority = 2, .reason = LOSS_DISK, .first = 4, .last = 5, .seq = 8}},
};

static void test_state(void **state)
{
	static uint8_t slot[STATE_SLOT];
	struct state back;

	sk_state_write(&sample, slot);
	assert_int_equal(sk_state_read(slot, &back, NULL), 0);
	assert_true(back.generation == 9 && back.epoch == 77 && back.acked[2] == 3 && back.next[2] == 6);
	assert_int_equal(back.tombstone_count, 1);
	assert_true(back.tombstones[0].first == 4 && back.tombstones[0].last == 5 && back.tombstones[0].seq == 8);
	for (size_t bit = 0; bit < 8 * sizeof slot; bit++) {
		slot[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(sk_state_read(slot, &back, NULL), SK_BAD);
		slot[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

/* A slot that was being written when the power went leaves the other one. */
static void test_state_slots(void **state)
{
	static uint8_t file[STATE_SIZE];
	struct state newer = sample, back;

	newer.generation++;
	sk_state_write(&sample, file);
	sk_state_write(&newer, file + STATE_SLOT);
	assert_int_equal(sk_state_choose(file, sizeof file, &back, NULL), 0);
	assert_true(back.generation == 10);
	for (size_t n = 0; n < STATE_SLOT; n++) {
		memset(file + STATE_SLOT + n, 0xee, STATE_SLOT - n);
		assert_int_equal(sk_state_choose(file, sizeof file, &back, NULL), 0);
		assert_true(back.generation == 9);
		sk_state_write(&newer, file + STATE_SLOT);
	}
	for (size_t n = 0; n < sizeof file; n++)
		assert_int_equal(sk_state_choose(file, n, &back, NULL), SK_BAD);
	memset(file, 0, sizeof file);
	assert_int_equal(sk_state_choose(file, sizeof file, &back, NULL), SK_BAD);
}

SK_TEST_MAIN(cmocka_unit_test(test_crc), cmocka_unit_test(test_header), cmocka_unit_test(test_record), cmocka_unit_test(test_find),
	     cmocka_unit_test(test_state), cmocka_unit_test(test_state_slots))
