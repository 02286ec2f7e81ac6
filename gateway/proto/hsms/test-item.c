// SPDX-License-Identifier: GPL-3.0-or-later
/* SECS-II items: each format and nesting, cut anywhere, written again byte for byte, and what is wrong named. */
#include "support/harness.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "proto/hsms/item.h"

/* What a reader told, as text, and the same bytes written again. */
struct tape {
	struct sk_buf text, again;
};

static void on_item(void *context, const struct secs_item *item)
{
	struct tape *tape = context;

	for (unsigned i = 0; i < item->depth; i++)
		sk_buf_printf(&tape->text, "%u.", item->path[i]);
	sk_buf_printf(&tape->text, "%s[%u]", secs_format_name(item->format), item->length);
	assert_int_equal(secs_put_head(&tape->again, item->format, item->head_size - 1u, item->length), 0);
}

static void on_bytes(void *context, const uint8_t *data, size_t size)
{
	struct tape *tape = context;

	for (size_t i = 0; i < size; i++)
		sk_buf_printf(&tape->text, "%02x", data[i]);
	sk_buf_append(&tape->again, data, size);
}

static void on_close(void *context, unsigned depth)
{
	sk_buf_printf(&((struct tape *)context)->text, ";%u ", depth);
}

static unsigned play(const void *body, size_t size, uint64_t announced, size_t cut, struct tape *tape)
{
	static const struct secs_sink sink = {.item = on_item, .bytes = on_bytes, .close = on_close};
	struct secs_reader reader;

	*tape = (struct tape){SK_BUF(1 << 20), SK_BUF(1 << 20)};
	secs_reader_begin(&reader, announced);
	for (size_t at = 0; at < size; at += cut)
		secs_reader_feed(&reader, (const uint8_t *)body + at, SK_MIN(cut, size - at), &sink, tape);
	assert_true(secs_reader_good(&reader) == (reader.left == 0 && !(reader.odd & SECS_ODD_STOPS)));
	return reader.odd;
}

static void done(struct tape *tape)
{
	sk_buf_done(&tape->text);
	sk_buf_done(&tape->again);
}

/* The same text and bytes however it is cut, and the bytes again; the text is compared with `expected` when given. */
static void check_good(const void *body, size_t size, unsigned odd, const char *expected)
{
	struct tape whole;

	assert_int_equal(play(body, size, size, size ? size : 1, &whole), odd);
	if (expected)
		assert_string_equal(whole.text.data ? whole.text.data : "", expected);
	assert_int_equal(whole.again.size, size);
	if (size)
		assert_memory_equal(whole.again.data, body, size);
	for (size_t cut = 1; cut < size && cut < 9; cut++) {
		struct tape pieces;

		assert_int_equal(play(body, size, size, cut, &pieces), odd);
		assert_string_equal(pieces.text.data, whole.text.data);
		done(&pieces);
	}
	done(&whole);
}

static void test_formats(void **state)
{
	static const struct {
		enum secs_format format;
		const char *name;
		uint8_t first, element; /* E5 table 3: the format code in octal, one length byte */
	} all[] = {{SECS_BINARY, "B", 0x21, 1}, {SECS_BOOLEAN, "BOOLEAN", 0x25, 1}, {SECS_ASCII, "A", 0x41, 1}, {SECS_JIS8, "J", 0x45, 1},
		{SECS_LOCAL, "C2", 0x49, 1}, {SECS_I8, "I8", 0x61, 8}, {SECS_I1, "I1", 0x65, 1}, {SECS_I2, "I2", 0x69, 2}, {SECS_I4, "I4", 0x71, 4},
		{SECS_F8, "F8", 0x81, 8}, {SECS_F4, "F4", 0x91, 4}, {SECS_U8, "U8", 0xa1, 8}, {SECS_U1, "U1", 0xa5, 1}, {SECS_U2, "U2", 0xa9, 2},
		{SECS_U4, "U4", 0xb1, 4}};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(all); i++) {
		uint8_t body[2 + 16] = {all[i].first, 16};
		char expected[80];

		for (unsigned k = 0; k < 16; k++)
			body[2 + k] = (uint8_t)(0xf0 + k);
		snprintf(expected, sizeof(expected), "%s[16]f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff;0 ", all[i].name);
		check_good(body, sizeof(body), 0, expected);
		assert_int_equal(secs_element_size(all[i].format), all[i].element);
		if (all[i].element > 1) {
			body[1] = 15;
			check_good(body, sizeof(body) - 1, SECS_ODD_RAGGED, NULL);
		}
	}
}

static void test_nesting(void **state)
{
	static const uint8_t body[] = {1, 3, 0x41, 2, 'a', 'b', 1, 2, 1, 0, 0xa5, 1, 7, 0x21, 0};

	(void)state;
	check_good(body, sizeof(body), 0, "L[3]0.A[2]6162;1 1.L[2]1.0.L[0];2 1.1.U1[1]07;2 ;1 2.B[0];1 ;0 ");
	check_good("", 0, 0, "");
}

static void test_length_bytes(void **state)
{
	static uint8_t two[3 + 300] = {0x42, 1, 44}, three[4 + 70000] = {0x23, 1, 0x11, 0x70};
	static const uint8_t more[] = {0x02, 0, 1, 0x43, 0, 0, 1, 'x'};

	(void)state;
	check_good(two, sizeof(two), 0, NULL);
	check_good(three, sizeof(three), 0, NULL);
	check_good(more, sizeof(more), SECS_ODD_MINIMAL, "L[1]0.A[1]78;1 ;0 ");
}

static void test_depth(void **state)
{
	uint8_t body[2 * SECS_DEPTH + 4];
	struct tape tape;

	(void)state;
	for (unsigned i = 0; i <= SECS_DEPTH; i++) {
		body[2 * i] = 1;
		body[2 * i + 1] = 1;
	}
	body[2 * SECS_DEPTH] = 0x21;
	body[2 * SECS_DEPTH + 1] = 0;
	check_good(body, 2 * SECS_DEPTH + 2, 0, NULL);
	body[2 * SECS_DEPTH] = 1;
	body[2 * SECS_DEPTH + 1] = 1;
	body[2 * SECS_DEPTH + 2] = 0x21;
	body[2 * SECS_DEPTH + 3] = 0;
	assert_int_equal(play(body, sizeof(body), sizeof(body), 3, &tape), SECS_ODD_DEEP);
	done(&tape);
}

static void test_wrong(void **state)
{
	static const struct {
		uint8_t body[8];
		size_t size;
		unsigned odd;
	} wrong[] = {
		{{0x05, 0}, 2, SECS_ODD_FORMAT}, {{0xfd, 0}, 2, SECS_ODD_FORMAT}, {{0x40}, 1, SECS_ODD_LENGTH}, {{0x00, 1, 0x21, 0}, 4, SECS_ODD_LENGTH},
		{{0x41, 3, 'a', 'b'}, 4, SECS_ODD_SHORT}, {{0x41}, 1, SECS_ODD_SHORT}, {{0x01, 2, 0x21, 0}, 4, SECS_ODD_SHORT},
		{{0x01, 1, 0x21}, 3, SECS_ODD_SHORT}, {{0x01, 2, 0x21, 0, 0x21}, 5, SECS_ODD_SHORT}, {{0x41, 1, 'a', 0}, 4, SECS_ODD_BEHIND},
		{{0x03, 0xff, 0xff, 0xff}, 4, SECS_ODD_SHORT}, {{0x43, 0xff, 0xff, 0xff}, 4, SECS_ODD_SHORT},
	};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(wrong); i++)
		for (size_t cut = 1; cut <= wrong[i].size; cut++) {
			struct tape tape;

			assert_int_equal(play(wrong[i].body, wrong[i].size, wrong[i].size, cut, &tape), wrong[i].odd);
			done(&tape);
		}
}

static void test_more_than_announced(void **state)
{
	struct tape tape;

	(void)state;
	assert_int_equal(play("\x41\x01xyz", 5, 3, 5, &tape), 0);
	assert_string_equal(tape.text.data, "A[1]78;0 ");
	done(&tape);
}

static void test_writer(void **state)
{
	_cleanup_buf_ struct sk_buf out = SK_BUF(1 << 10), full = SK_BUF(3);

	(void)state;
	assert_int_equal(secs_put_list(&out, 3), 0);
	assert_int_equal(secs_put_text(&out, "ab"), 0);
	assert_int_equal(secs_put_number(&out, SECS_U4, 0x01020304), 0);
	assert_int_equal(secs_put_number(&out, SECS_I2, (uint64_t)-2), 0);
	assert_int_equal(out.size, 2 + 4 + 6 + 4);
	assert_memory_equal(out.data, "\x01\x03\x41\x02" "ab\xb1\x04\x01\x02\x03\x04\x69\x02\xff\xfe", 16);
	assert_int_equal(secs_put_head(&out, SECS_ASCII, 1, 256), SK_BAD);
	assert_int_equal(secs_put_head(&out, SECS_ASCII, 4, 1), SK_BAD);
	assert_int_equal(secs_put_head(&out, SECS_ASCII, 0, SECS_LENGTH_MAX + 1), SK_BAD);
	assert_int_equal(secs_put_text(&full, "ab"), SK_FULL);
	assert_false(secs_format_known(077));
	assert_string_equal(secs_format_name(077), "?");
}

SK_TEST_MAIN(cmocka_unit_test(test_formats), cmocka_unit_test(test_nesting), cmocka_unit_test(test_length_bytes), cmocka_unit_test(test_depth),
	     cmocka_unit_test(test_wrong), cmocka_unit_test(test_more_than_announced), cmocka_unit_test(test_writer))
