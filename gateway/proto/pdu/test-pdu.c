// SPDX-License-Identifier: GPL-3.0-or-later
/* Cutting messages out of a stream, with a protocol of our own: a letter, the size of all of it in one byte, then a body of small letters. */
#include "proto/pdu/pdu.h"
#include "proto/record.h"
#include "support/harness.h"

static int64_t toy_size(const void *state, enum gw_dir dir, const uint8_t *head, size_t have)
{
	if (head[0] == 'W') /* its size lies further back */
		return have < 4 ? -4 : head[3] >= 4 ? head[3] : 0;
	return head[0] == 'M' && head[1] >= 2 ? head[1] : 0;
}

static bool toy_sound(const void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	return data[size - 1] == '.';
}

static void toy_read(struct gw_turn *turn, void *state, const struct pdu *pdu)
{
	struct pdu_told told;

	pdu_told_begin(&told, pdu, "toy", GW_ACT_READ, true);
	pdu_put_bytes(&told, 0, pdu->data, pdu->size);
	(void)pdu_say(turn, pdu, &told);
}

static const struct pdu_kind toy_kind = {.odd = "toy", .head = 2, .sure = 4, .keep = 16, .size = toy_size, .sound = toy_sound, .read = toy_read};

static int toy_begin(void *state, const struct gw_turn *turn)
{
	return pdu_begin(state, &toy_kind, turn);
}

static const struct gw_field_def toy_fields[] = {{"all", GW_TEXT}};
static const struct gw_proto toy = {.name = "toy", .over = GW_TCP | GW_UDP, .state_size = sizeof(struct pdu_stream), .begin = toy_begin, .end = pdu_end,
	.data = pdu_data, .gap = pdu_gap, .fields = toy_fields, .field_count = 1};

/* The same text, however it is cut. */
static void check(bool midstream, const char *bytes, size_t size, size_t gap_at, const char *wanted)
{
	for (size_t piece = 1; piece <= size; piece++) {
		struct record r;

		record_begin(&r, &toy, false, midstream);
		record_feed(&r, GW_TO_SERVER, bytes, gap_at, piece);
		if (gap_at < size) {
			toy.gap(&r.turn, r.state, GW_TO_SERVER, 3);
			record_feed(&r, GW_TO_SERVER, bytes + gap_at, size - gap_at, piece);
		}
		assert_string_equal(r.text.data ? r.text.data : "", wanted);
		record_end(&r);
	}
}

static void test_cuts(void **state)
{
	static const char bytes[] = "M\4ab" "Wab\6cd" "M\2" "M\24abcdefghijklmnopqr" "M\3c";

	check(false, bytes, sizeof bytes - 1, sizeof bytes - 1, "toy whole 4\nall:M\4ab\ntoy whole 6\nall:Wab\6cd\ntoy whole 2\nall:M\2\n"
		"toy whole 20\nall:M\24abcdefghijklmn\npartial\ntoy whole 3\nall:M\3c\n");
}

static void test_not_mine(void **state)
{
	struct record r;

	record_begin(&r, &toy, false, false);
	record_feed(&r, GW_TO_SERVER, "x", 1, 1);
	assert_int_equal(r.not_mine, 0);
	record_feed(&r, GW_TO_SERVER, "xM\2", 3, 3);
	assert_int_equal(r.not_mine, 1);
	assert_int_equal(r.said, 0);
	record_end(&r);
}

/* Given up, it says nothing of the rest either, though messages stand there: what is told must not hang on where the bytes were cut. */
static void test_gone(void **state)
{
	static const char bytes[] = "xxxx" "M\4ab" "M\4cd" "M\4ef";
	struct record r;

	record_begin(&r, &toy, false, false);
	record_feed(&r, GW_TO_SERVER, bytes, sizeof bytes - 1, 100);
	assert_int_equal(r.not_mine, 1);
	toy.gap(&r.turn, r.state, GW_TO_SERVER, 1);
	toy.data(&r.turn, r.state, GW_TO_SERVER, (const uint8_t *)bytes + 4, sizeof bytes - 5);
	toy.data(&r.turn, r.state, GW_TO_CLIENT, (const uint8_t *)bytes + 4, sizeof bytes - 5);
	assert_int_equal(r.said, 0);
	assert_int_equal(r.not_mine, 1);
	record_end(&r);
}

/* In the middle: a head alone proves nothing, a following one does; what has stood there first may prove itself. */
static void test_seeking(void **state)
{
	static const char junk[] = "qqM\10qq" "M\5abc" "M\4de" "M\4fg", sound[] = "M\6abc." "M\4de";

	check(true, junk, sizeof junk - 1, sizeof junk - 1, "toy whole 5\nall:M\5abc\ntoy whole 4\nall:M\4de\ntoy whole 4\nall:M\4fg\n");
	check(true, sound, sizeof sound - 1, sizeof sound - 1, "toy whole 6\nall:M\6abc.\ntoy whole 4\nall:M\4de\n");
	check(true, sound, 6, 6, "toy whole 6\nall:M\6abc.\n");
	check(true, "M\3.", 3, 3, "toy whole 3\nall:M\3.\n"); /* shorter than what is sure */
}

static void test_gaps(void **state)
{
	static const char bytes[] = "M\10abc" "M\4de" "qqq" "M\4fg" "M\4hi";

	/* Within a body: that message is a partial one. Behind its end: sought. */
	check(false, bytes, 9, 5, "toy whole 8\nall:M\10abc\npartial\ntoy whole 4\nall:M\4de\n");
	check(false, bytes + 5, sizeof bytes - 6, 4, "toy whole 4\nall:M\4de\ntoy whole 4\nall:M\4fg\ntoy whole 4\nall:M\4hi\n");
}

static void test_odd(void **state)
{
	static const char bytes[] = "M\4ab" "xxxx" "M\4cd" "M\4ef";
	struct record r;

	check(false, bytes, sizeof bytes - 1, sizeof bytes - 1, "toy whole 4\nall:M\4ab\ntoy whole 4\nall:M\4cd\ntoy whole 4\nall:M\4ef\n");
	record_begin(&r, &toy, false, false);
	record_feed(&r, GW_TO_SERVER, bytes, sizeof bytes - 1, 100);
	assert_int_equal(r.odd, 1);
	record_end(&r);
}

static void test_datagram(void **state)
{
	struct record r;

	record_begin(&r, &toy, true, true);
	record_feed(&r, GW_TO_SERVER, "M\4abM\3cM\11", 9, 100);
	assert_string_equal(r.text.data, "toy whole 4\nall:M\4ab\ntoy whole 3\nall:M\3c\n");
	assert_int_equal(r.odd, 1);
	record_end(&r);
}

/* However long the seeking, what is kept is bounded, and a message behind it is found. */
static void test_bound(void **state)
{
	struct record r;
	struct pdu_stream *s;
	char *junk = sk_malloc(100000);

	memset(junk, 'x', 100000);
	record_begin(&r, &toy, false, true);
	record_feed(&r, GW_TO_SERVER, junk, 100000, 1460);
	s = r.state;
	assert_true(s->side[0].buf.space <= PDU_SEEK_MAX + 1);
	record_feed(&r, GW_TO_SERVER, "M\4abM\4cd", 8, 3);
	assert_string_equal(r.text.data, "toy whole 4\nall:M\4ab\ntoy whole 4\nall:M\4cd\n");
	record_end(&r);
	free(junk);
}

SK_TEST_MAIN(cmocka_unit_test(test_cuts), cmocka_unit_test(test_not_mine), cmocka_unit_test(test_gone), cmocka_unit_test(test_seeking), cmocka_unit_test(test_gaps),
	cmocka_unit_test(test_odd), cmocka_unit_test(test_datagram), cmocka_unit_test(test_bound))
