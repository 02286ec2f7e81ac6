// SPDX-License-Identifier: GPL-3.0-or-later
/* The small JSON bodies: what is right is read, every truncation and every wrong value is refused with its place. */
#include "support/harness.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "link/bodies.h"

static const char welcome[] = "{\"acks\":[{\"epoch\":7,\"priority\":2,\"seq\":99}],\"time\":1790000000000}";
static const char read_body[] = "{\"after\":41,\"priority\":1}";
static const char error_body[] = "{\"code\":\"full\",\"text\":\"no room\"}";

static void test_good(void **state)
{
	struct body_welcome w;
	struct body_error e;
	struct body_read r;

	assert_int_equal(body_welcome_read(welcome, sizeof welcome - 1, &w, NULL), 0);
	assert_true(w.time == 1790000000000 && w.ack_count == 1 && w.acks[0].epoch == 7 && w.acks[0].priority == 2 && w.acks[0].seq == 99);
	assert_int_equal(body_read_read(read_body, sizeof read_body - 1, &r, NULL), 0);
	assert_true(r.after == 41 && r.priority == 1);
	assert_int_equal(body_error_read(error_body, sizeof error_body - 1, &e, NULL), 0);
	assert_string_equal(e.code, "full");
	assert_string_equal(e.text, "no room");
}

static void test_truncation(void **state)
{
	struct body_welcome w;
	struct body_error e;
	struct body_read r;
	struct sk_diag diag;

	for (size_t n = 0; n < sizeof welcome - 1; n++)
		assert_int_equal(body_welcome_read(welcome, n, &w, &diag), SK_BAD);
	for (size_t n = 0; n < sizeof read_body - 1; n++)
		assert_int_equal(body_read_read(read_body, n, &r, &diag), SK_BAD);
	for (size_t n = 0; n < sizeof error_body - 1; n++)
		assert_int_equal(body_error_read(error_body, n, &e, &diag), SK_BAD);
}

static void test_places(void **state)
{
	static const struct {
		const char *text, *path;
	} cases[] = {
		{"{\"acks\":[{\"epoch\":7,\"priority\":3,\"seq\":9}],\"time\":1}", "welcome.acks[0].priority"},
		{"{\"acks\":[{\"epoch\":7,\"priority\":1,\"seq\":-9}],\"time\":1}", "welcome.acks[0].seq"},
		{"{\"acks\":{},\"time\":1}", "welcome.acks"},
		{"{\"acks\":[]}", "welcome.time"},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		struct body_welcome w;
		struct sk_diag diag = {0};

		assert_int_equal(body_welcome_read(cases[i].text, strlen(cases[i].text), &w, &diag), SK_BAD);
		assert_string_equal(diag.path, cases[i].path);
	}
}

SK_TEST_MAIN(cmocka_unit_test(test_good), cmocka_unit_test(test_truncation), cmocka_unit_test(test_places))
