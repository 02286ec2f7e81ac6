// SPDX-License-Identifier: GPL-3.0-or-later
/* The reader takes exactly the grammar; the writer's output is read back as what went in. */
#include "support/harness.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "event/pull.h"

/* All tokens of a text, without looking at them; where it went bad, or -1. */
static long bad_at(const char *text)
{
	size_t size = strlen(text);
	char *exact = sk_malloc(size ? size : 1); /* no byte behind it: a sanitizer sees a read past the end */
	struct sk_pull pull;
	enum sk_pull_token token;
	long at;

	memcpy(exact, text, size);
	sk_pull_init(&pull, exact, size);
	do
		token = sk_pull_next(&pull);
	while (token != SK_PULL_BAD && token != SK_PULL_END);
	at = token == SK_PULL_BAD ? (long)pull.at : -1;
	free(exact);
	return at;
}

static void test_grammar(void **state)
{
	static const char *const good[] = {"{}", "[]", " [ 1 , -0 , 0.5 , 1e9 , 1E-2 ] ", "\"\"", "true", "false", "null",
					   "{\"a\":{\"b\":[[],{}]},\"c\":\"\\u00e9\\ud83d\\ude00\\n\"}", "\"\xe9\x96\xa2\xe6\x89\x80\"",
					   "9223372036854775807", "-9223372036854775808"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(good); i++)
		assert_int_equal(bad_at(good[i]), -1);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *text;
		long at;
	} cases[] = {
		{"", 0}, {" ", 1}, {"{", 1}, {"{\"a\"", 4}, {"{\"a\":", 5}, {"{\"a\":1", 6}, {"{\"a\":1,", 7}, {"{\"a\":1,}", 7},
		{"[1,]", 3}, {"[1 2]", 3}, {"{1:2}", 1}, {"[1}", 2}, {"{} {}", 3}, {"01", 0}, {"-", 1}, {"1.", 2}, {"1e", 2}, {"+1", 0},
		{"tru", 0}, {"nul", 0}, {"'a'", 0}, {"\"a", 2}, {"\"\x01\"", 1}, {"\"\\x\"", 1}, {"\"\\u12\"", 1}, {"\"\\ud800\"", 1},
		{"\"\\udc00\"", 1}, {"\"\\ud800\\u0041\"", 1}, {"\"\xff\"", 1}, {"\"a\xc0\x80\"", 2}, {"\"\xed\xa0\x80\"", 1}, {"// x", 0},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++)
		if (bad_at(cases[i].text) != cases[i].at)
			fail_msg("%s: %ld, expected %ld", cases[i].text, bad_at(cases[i].text), cases[i].at);
}

static void test_every_truncation(void **state)
{
	static const char text[] = "{\"a\":[1,-2.5e3,\"x\\u00e9\\ud83d\\ude00\xe9\x96\xa2\",true,null],\"b\":{\"c\":false}}";
	char part[sizeof text];

	for (size_t n = 0; n < sizeof text - 1; n++) {
		memcpy(part, text, n);
		part[n] = '\0';
		assert_true(bad_at(part) >= 0);
		assert_true(bad_at(part) <= (long)n);
	}
}

static void test_depth(void **state)
{
	char text[2 * SK_PULL_DEPTH + 3];

	memset(text, '[', SK_PULL_DEPTH);
	memset(text + SK_PULL_DEPTH, ']', SK_PULL_DEPTH);
	text[2 * SK_PULL_DEPTH] = '\0';
	assert_int_equal(bad_at(text), -1);
	memset(text, '[', SK_PULL_DEPTH + 1);
	assert_int_equal(bad_at(text), SK_PULL_DEPTH);
}

static void test_numbers(void **state)
{
	struct sk_pull pull;

	sk_pull_init(&pull, "-9223372036854775808", 20);
	assert_int_equal(sk_pull_next(&pull), SK_PULL_INTEGER);
	assert_true(pull.integer == INT64_MIN);
	sk_pull_init(&pull, "9223372036854775808", 19);
	assert_int_equal(sk_pull_next(&pull), SK_PULL_REAL);
	sk_pull_init(&pull, "1.0", 3);
	assert_int_equal(sk_pull_next(&pull), SK_PULL_REAL);
}

/* What the writer makes of any bytes is JSON, and well-formed text comes back as it was. */
static void test_round_trip(void **state)
{
	static const char *const texts[] = {"", "plain", "quote \" back \\ tab \t nul-free \x01\x1f\x7f", "\xe8\xa3\x85\xe7\xbd\xae/\xf0\x9f\x98\x80"};
	struct sk_pull pull;
	char back[128];

	for (size_t i = 0; i < SK_ARRAY_SIZE(texts); i++) {
		_cleanup_buf_ struct sk_buf buf = SK_BUF(4096);
		struct sk_jw w;

		sk_jw_init(&w, &buf);
		sk_jw_put_str(&w, NULL, texts[i]);
		assert_int_equal(w.error, 0);
		sk_pull_init(&pull, buf.data, buf.size);
		assert_int_equal(sk_pull_next(&pull), SK_PULL_STRING);
		assert_int_equal(sk_pull_plain(&pull.text, back, sizeof back, NULL), 0);
		assert_string_equal(back, texts[i]);
		assert_int_equal(sk_pull_next(&pull), SK_PULL_END);
	}
}

static void test_foreign_bytes(void **state)
{
	_cleanup_buf_ struct sk_buf buf = SK_BUF(8192);
	uint8_t all[256];
	struct sk_jw w;

	for (int i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	sk_jw_init(&w, &buf);
	sk_jw_put_bytes(&w, NULL, all, sizeof all);
	assert_int_equal(w.error, 0);
	assert_int_equal(bad_at(buf.data), -1);
}

static void test_writer_remembers(void **state)
{
	_cleanup_buf_ struct sk_buf buf = SK_BUF(8);
	struct sk_jw w;

	sk_jw_init(&w, &buf);
	sk_jw_open(&w, NULL, '{');
	sk_jw_put_str(&w, "key", "far too long for eight bytes");
	sk_jw_put_int(&w, "n", 1);
	assert_int_equal(w.error, SK_FULL);
}

static void test_plain_bounds(void **state)
{
	const struct sk_pull_text text = {"a\\u0000b", 8, true}, fine = {"abc", 3, false};
	char out[4];
	size_t n;

	assert_int_equal(sk_pull_plain(&text, out, sizeof out, &n), SK_FULL);
	assert_int_equal(sk_pull_plain(&fine, out, 3, &n), SK_FULL);
	assert_int_equal(sk_pull_plain(&fine, out, 4, &n), 0);
	assert_int_equal(n, 3);
}

SK_TEST_MAIN(cmocka_unit_test(test_grammar), cmocka_unit_test(test_refusals), cmocka_unit_test(test_every_truncation),
	     cmocka_unit_test(test_depth), cmocka_unit_test(test_numbers), cmocka_unit_test(test_round_trip),
	     cmocka_unit_test(test_foreign_bytes), cmocka_unit_test(test_writer_remembers), cmocka_unit_test(test_plain_bounds))
