// SPDX-License-Identifier: GPL-3.0-or-later
/* The table of frame types, and the header reader cut at every byte. */
#include "support/harness.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "wire/frame.h"

static void test_table_is_sound(void **state)
{
	const struct sk_frame_info *a, *b;

	(void)state;
	for (size_t i = 0; (a = sk_frame_info_at(i)); i++) {
		assert_ptr_equal(sk_frame_info(a->type), a);
		assert_true(a->from_client | a->from_server);
		assert_int_equal((a->from_client | a->from_server) >> SK_PROTO_COUNT, 0);
		assert_true(a->body == SK_BODY_NONE ? a->max_body == 0 : a->max_body > 0);
		for (size_t k = i + 1; (b = sk_frame_info_at(k)); k++) {
			assert_int_not_equal(a->type, b->type);
			assert_string_not_equal(a->name, b->name);
		}
	}
	assert_null(sk_frame_info(0));
	assert_string_equal(sk_frame_name(9999), "?");
}

static void test_directions(void **state)
{
	(void)state;
	assert_true(sk_frame_allowed(sk_frame_info(SK_F_ENROL), SK_PROTO_ENROL, SK_CLIENT));
	assert_false(sk_frame_allowed(sk_frame_info(SK_F_ENROL), SK_PROTO_LINK, SK_CLIENT));
	assert_false(sk_frame_allowed(sk_frame_info(SK_F_BATCH), SK_PROTO_ENROL, SK_CLIENT));
	assert_false(sk_frame_allowed(sk_frame_info(SK_F_POLICY), SK_PROTO_LINK, SK_CLIENT));
	assert_true(sk_frame_allowed(sk_frame_info(SK_F_POLICY), SK_PROTO_LINK, SK_SERVER));
	/* Without a certificate nobody makes us hold more than an enrolment. */
	assert_int_equal(sk_proto_max_body(SK_PROTO_ENROL, SK_CLIENT), 32 << 10);
}

/* Every frame type in every protocol and direction: written, read back, and cut at each byte. */
static void test_round_trip_and_truncation(void **state)
{
	const struct sk_frame_info *info;
	uint8_t space[SK_FRAME_HEADER + 8];

	(void)state;
	for (size_t i = 0; (info = sk_frame_info_at(i)); i++) {
		for (unsigned k = 0; k < 2 * SK_PROTO_COUNT; k++) {
			enum sk_side sender = k & 1 ? SK_SERVER : SK_CLIENT;
			struct sk_frame frame = {.type = info->type, .id = 0x01020304, .body = (const uint8_t *)"1234",
						 .size = info->max_body ? 4 : 0};
			struct sk_frame back;
			struct sk_writer w;
			struct sk_cursor c;
			int wanted = sk_frame_allowed(info, k / 2, sender) ? 0 : SK_BAD;

			sk_writer_init(&w, space, sizeof space);
			sk_frame_write(&w, &frame);
			assert_false(w.bad);
			sk_cursor_init(&c, space, w.at);
			assert_int_equal(sk_frame_read(&c, k / 2, sender, &back, NULL), wanted);
			if (wanted)
				continue;
			assert_int_equal(back.type, frame.type);
			assert_int_equal(back.id, frame.id);
			assert_int_equal(back.size, frame.size);
			assert_memory_equal(back.size ? back.body : frame.body, frame.body, frame.size);
			assert_int_equal(sk_cursor_end(&c, "frame", NULL), 0);
			for (size_t cut = 0; cut < w.at; cut++) {
				uint8_t *exact = sk_malloc(cut ? cut : 1); /* so that a sanitizer sees a byte too far */

				memcpy(exact, space, cut);
				sk_cursor_init(&c, exact, cut);
				assert_int_equal(sk_frame_read(&c, k / 2, sender, &back, NULL), SK_AGAIN);
				assert_int_equal(c.at, 0);
				free(exact);
			}
		}
	}
}

struct wrong {
	const char *what;
	uint32_t size;
	uint16_t type, version;
	uint64_t offset;
	const char *text;
};

static void test_refusals_name_the_place(void **state)
{
	static const struct wrong wrongs[] = {
		{"version", 0, SK_F_PING, 2, 6, "frame version 2 is not 1"},
		{"no version", 0, SK_F_PING, 0, 6, "frame version 0 is not 1"},
		{"unknown", 0, 9, 1, 4, "frame type 9 is unknown"},
		{"wrong side", 4, SK_F_WELCOME, 1, 4, "a client may not send WELCOME here (link)"},
		{"wrong protocol", 4, SK_F_QUERY, 1, 4, "a client may not send QUERY here (link)"},
		{"oversize", (16 << 10) + 1, SK_F_HELLO, 1, 0, "HELLO has a body of 16385 bytes, at most 16384 are allowed"},
		{"body where none", 1, SK_F_PING, 1, 0, "PING has a body of 1 bytes, at most 0 are allowed"},
		{"huge", UINT32_MAX, SK_F_BATCH, 1, 0, "BATCH has a body of 4294967295 bytes"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
		struct sk_diag diag = {0};
		struct sk_frame frame = {.type = 7777};
		uint8_t bytes[SK_FRAME_HEADER];
		struct sk_writer w;

		sk_writer_init(&w, bytes, sizeof bytes);
		sk_put_u32(&w, wrongs[i].size);
		sk_put_u16(&w, wrongs[i].type);
		sk_put_u16(&w, wrongs[i].version);
		sk_put_u32(&w, 1);
		assert_int_equal(sk_frame_read_header(bytes, SK_PROTO_LINK, SK_CLIENT, &frame, &diag), SK_BAD);
		assert_int_equal(frame.type, 7777);
		assert_int_equal(diag.offset, wrongs[i].offset);
		assert_non_null(strstr(diag.text, wrongs[i].text));
	}
}

SK_TEST_MAIN(cmocka_unit_test(test_table_is_sound), cmocka_unit_test(test_directions),
	     cmocka_unit_test(test_round_trip_and_truncation), cmocka_unit_test(test_refusals_name_the_place))
