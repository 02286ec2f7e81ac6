// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Batch, acknowledgement, append and event bodies: back and forth, cut at every byte, out of range, and
 * compressed lies.
 */
#include "support/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/error.h"
#include "base/mem.h"
#include "wire/batch.h"

static const char lines[] = "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n";

static void pack(struct sk_buf *buf)
{
	assert_int_equal(sk_batch_pack(7, 2, 100, 3, lines, sizeof lines - 1, buf, NULL), 0);
}

static void test_round_trip(void **state)
{
	_cleanup_buf_ struct sk_buf body = SK_BUF(SK_BATCH_HEADER + SK_BATCH_MAX_PACKED), raw = SK_BUF(SK_BATCH_MAX_RAW);
	struct sk_batch batch;

	(void)state;
	pack(&body);
	assert_int_equal(sk_batch_read(body.data, body.size, &batch, NULL), 0);
	assert_int_equal(batch.epoch, 7);
	assert_int_equal(batch.priority, 2);
	assert_int_equal(batch.first_seq, 100);
	assert_int_equal(batch.count, 3);
	assert_int_equal(sk_batch_unpack(&batch, &raw, NULL), 0);
	assert_string_equal(raw.data, lines);
}

/* A reader over an exact copy of the first `cut` bytes. */
static int read_cut(int kind, const void *body, size_t cut, struct sk_diag *diag)
{
	char agent[SK_AGENT_ID_MAX + 1];
	uint8_t *exact = sk_malloc(cut ? cut : 1);
	struct sk_batch batch;
	struct sk_ack ack;
	const char *text;
	uint8_t priority;
	size_t n;
	int r;

	memcpy(exact, body, cut);
	r = kind == 0	? sk_batch_read(exact, cut, &batch, diag)
	    : kind == 1 ? sk_ack_read(exact, cut, &ack, diag)
	    : kind == 2 ? sk_append_read(exact, cut, agent, &batch, diag)
			: sk_event_read(exact, cut, &priority, &text, &n, diag);
	if (r == 0 && (kind == 0 || kind == 2)) {
		_cleanup_buf_ struct sk_buf raw = SK_BUF(SK_BATCH_MAX_RAW);

		/* The header is whole: then the compressed part is what is short. */
		r = sk_batch_unpack(&batch, &raw, diag);
		assert_int_equal(raw.size, 0);
	}
	free(exact);
	return r;
}

static void test_truncation_at_every_byte(void **state)
{
	_cleanup_buf_ struct sk_buf body = SK_BUF(SK_BATCH_HEADER + SK_BATCH_MAX_PACKED);
	uint8_t append[512], ack[SK_ACK_SIZE];
	struct sk_diag diag;
	struct sk_writer w;

	(void)state;
	pack(&body);
	for (size_t cut = 0; cut < body.size; cut++) {
		diag = (struct sk_diag){0};
		assert_int_equal(read_cut(0, body.data, cut, &diag), SK_BAD);
		assert_true(diag.has_offset && diag.text[0]);
		assert_string_equal(diag.source, "batch");
	}
	sk_writer_init(&w, append, sizeof append);
	sk_append_write(&w, "press-17", body.data, body.size);
	assert_false(w.bad);
	for (size_t cut = 0; cut < w.at; cut++) {
		diag = (struct sk_diag){0};
		assert_int_equal(read_cut(2, append, cut, &diag), SK_BAD);
		assert_true(diag.has_offset && diag.text[0]);
	}
	sk_writer_init(&w, ack, sizeof ack);
	sk_ack_write(&w, &(struct sk_ack){.epoch = 1, .priority = 1, .seq = UINT64_MAX});
	assert_int_equal(w.at, SK_ACK_SIZE);
	for (size_t cut = 0; cut < w.at; cut++)
		assert_int_equal(read_cut(1, ack, cut, &diag), SK_BAD);
	assert_int_equal(read_cut(3, "\1", 0, &diag), SK_BAD);
	assert_int_equal(read_cut(3, "\1", 1, &diag), SK_BAD);
	assert_int_equal(read_cut(3, "\1{}", 3, &diag), 0);
}

static void test_too_long(void **state)
{
	uint8_t ack[SK_ACK_SIZE + 1] = {0};
	struct sk_diag diag = {0};
	struct sk_ack out;

	(void)state;
	assert_int_equal(sk_ack_read(ack, sizeof ack, &out, &diag), SK_BAD);
	assert_int_equal(diag.offset, SK_ACK_SIZE);
	assert_non_null(strstr(diag.text, "1 bytes too many"));
}

struct wrong {
	struct sk_batch batch;
	uint64_t offset;
	const char *text;
};

static void write_unchecked(struct sk_writer *w, const struct sk_batch *b)
{
	sk_put_u64(w, b->epoch);
	sk_put_u8(w, b->priority);
	sk_put_u64(w, b->first_seq);
	sk_put_u32(w, b->count);
	sk_put_u32(w, b->raw_size);
	sk_put_bytes(w, "zz", 2);
}

static void test_ranges(void **state)
{
	static const struct wrong wrongs[] = {
		{{.priority = 3, .first_seq = 1, .count = 1, .raw_size = 1}, 8, "priority 3"},
		{{.first_seq = 0, .count = 1, .raw_size = 1}, 9, "sequence number 0"},
		{{.first_seq = 1, .count = 0, .raw_size = 1}, 17, "batch of 0 events"},
		{{.first_seq = 1, .count = SK_BATCH_MAX_EVENTS + 1, .raw_size = 1}, 17, "batch of 5001 events"},
		{{.first_seq = UINT64_MAX - 1, .count = 2, .raw_size = 1}, 9, "past the last"},
		{{.first_seq = 1, .count = 1, .raw_size = 0}, 21, "batch of 0 bytes"},
		{{.first_seq = 1, .count = 1, .raw_size = SK_BATCH_MAX_RAW + 1}, 21, "batch of 1048577 bytes"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
		struct sk_batch out = {.count = 4711}, again = wrongs[i].batch;
		struct sk_diag diag = {0};
		struct sk_writer w;
		uint8_t body[64];

		sk_writer_init(&w, body, sizeof body);
		write_unchecked(&w, &wrongs[i].batch);
		assert_int_equal(sk_batch_read(body, w.at, &out, &diag), SK_BAD);
		assert_int_equal(out.count, 4711);
		assert_int_equal(diag.offset, wrongs[i].offset);
		assert_non_null(strstr(diag.text, wrongs[i].text));
		again.packed = (const uint8_t *)"zz";
		again.packed_size = 2;
		sk_writer_init(&w, body, sizeof body);
		sk_batch_write(&w, &again);
		assert_true(w.bad);
	}
}

/* A header and compressed content that do not belong together. */
static int unpack_as(uint32_t count, uint32_t raw_size, const char *content, size_t size, const char *tail, struct sk_diag *diag)
{
	_cleanup_buf_ struct sk_buf raw = SK_BUF(SK_BATCH_MAX_RAW);
	struct sk_batch batch = {.first_seq = 1, .count = count, .raw_size = raw_size};
	size_t bound = ZSTD_compressBound(size) + strlen(tail);
	uint8_t *packed = sk_malloc(bound);
	int r;

	batch.packed_size = ZSTD_compress(packed, bound, content, size, 3);
	memcpy(packed + batch.packed_size, tail, strlen(tail));
	batch.packed_size += strlen(tail);
	batch.packed = packed;
	r = sk_batch_unpack(&batch, &raw, diag);
	assert_int_equal(raw.size, r ? 0 : raw_size);
	free(packed);
	return r;
}

static void test_compressed_lies(void **state)
{
	struct sk_diag diag = {0};
	char *bomb = sk_calloc(1, 64 << 20);

	(void)state;
	assert_int_equal(unpack_as(2, 6, "{}\n{}\n", 6, "", &diag), 0);
	assert_int_equal(unpack_as(2, 6, "{}\n{}\n", 6, "x", &diag), SK_BAD);
	assert_int_equal(unpack_as(2, 5, "{}\n{}\n", 6, "", &diag), SK_BAD);
	assert_int_equal(unpack_as(2, 7, "{}\n{}\n", 6, "", &diag), SK_BAD);
	assert_int_equal(unpack_as(3, 6, "{}\n{}\n", 6, "", &diag), SK_BAD);
	assert_string_equal(diag.text, "2 events where 3 were announced");
	assert_int_equal(unpack_as(2, 5, "{}\n{}", 5, "", &diag), SK_BAD);
	assert_string_equal(diag.text, "the last event is cut short");
	assert_int_equal(unpack_as(2, 4, "{}\n\n", 4, "", &diag), SK_BAD);
	assert_string_equal(diag.text, "empty line among the events");
	/* 64 MiB of zeros in a few kilobytes: never more memory than the announced size. */
	assert_int_equal(unpack_as(1, SK_BATCH_MAX_RAW, bomb, 64 << 20, "", &diag), SK_BAD);
	free(bomb);
}

static void test_agent_ids(void **state)
{
	static const char *const bad[] = {"", "a b", "../x", "a\n", "\xc3\xa4",
					  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	uint8_t body[128];
	struct sk_writer w;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		char agent[SK_AGENT_ID_MAX + 1] = "kept";
		struct sk_batch batch;

		sk_writer_init(&w, body, sizeof body);
		sk_append_write(&w, bad[i], "x", 1);
		assert_true(w.bad);
		sk_writer_init(&w, body, sizeof body);
		sk_put_counted16(&w, bad[i], strlen(bad[i]));
		assert_int_equal(sk_append_read(body, w.at, agent, &batch, NULL), SK_BAD);
		assert_string_equal(agent, "kept");
	}
}

SK_TEST_MAIN(cmocka_unit_test(test_round_trip), cmocka_unit_test(test_truncation_at_every_byte), cmocka_unit_test(test_too_long),
	     cmocka_unit_test(test_ranges), cmocka_unit_test(test_compressed_lies), cmocka_unit_test(test_agent_ids))
