// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The strict reader (each refusal with its place), views and paths, and canonical text with the examples of
 * RFC 8785.
 */
#include "support/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "wire/json.h"

static int parse(const char *text, struct json_object **ret, struct sk_diag *diag)
{
	return sk_json_parse(text, strlen(text), 1 << 20, ret, diag);
}

struct refused {
	const char *text;
	uint64_t offset;
	const char *why;
};

static const struct refused refused[] = {
	{"", 0, "cut short"},
	{"{", 1, "cut short"},
	{"[1,", 3, "cut short"},
	{"[1 2]", 3, "a comma or the end"},
	{"[1,]", 3, "not a value"},
	{"{\"a\":1,}", 7, "string in double quotes"},
	{"{\"a\" 1}", 5, "a colon"},
	{"{\"a\":1,\"a\":2}", 7, "twice"},
	{"{\"a\":1,\"\\u0061\":2}", 7, "twice"},
	{"{\"a\":1,\"b\":2,\"a\":3}", 13, "twice"},
	{"{a:1}", 1, "string in double quotes"},
	{"{'a':1}", 1, "string in double quotes"},
	{"1 1", 2, "something follows"},
	{"{} x", 3, "something follows"},
	{"nul", 0, "not a value"},
	{"NaN", 0, "not a value"},
	{"Infinity", 0, "not a value"},
	{"-", 0, "not a value"},
	{"+1", 0, "not a value"},
	{"01", 0, "may not start with 0"},
	{"-0", 0, "-0"},
	{"1.0", 0, "only integers"},
	{"1e3", 0, "only integers"},
	{"9007199254740992", 0, "2^53 - 1"},
	{"-9007199254740992", 0, "2^53 - 1"},
	{"99999999999999999999999999", 0, "2^53 - 1"},
	{"\"a", 2, "cut short"},
	{"\"a\nb\"", 2, "control character"},
	{"\"\\x\"", 2, "unknown escape"},
	{"\"\\u12g4\"", 5, "four hexadecimal"},
	{"\"\\u0000\"", 1, "U+0000"},
	{"\"\\ud800\"", 1, "surrogate"},
	{"\"\\udc00\"", 1, "surrogate"},
	{"\"\\ud800\\u0041\"", 1, "surrogate"},
	{"\"\xff\"", 1, "not UTF-8"},
	{"\"\xc0\x80\"", 1, "not UTF-8"},
	{"\"\xed\xa0\x80\"", 1, "not UTF-8"},
	{"/* x */ 1", 0, "not a value"},
	{"\xef\xbb\xbf{}", 0, "not a value"},
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		struct json_object *value = (void *)1;
		struct sk_diag diag = {0};

		if (parse(refused[i].text, &value, &diag) != SK_BAD)
			fail_msg("accepted: %s", refused[i].text);
		assert_ptr_equal(value, (void *)1);
		if (diag.offset != refused[i].offset || !strstr(diag.text, refused[i].why))
			fail_msg("%s: byte %d, %s", refused[i].text, (int)diag.offset, diag.text);
	}
}

static void test_cut_at_every_byte(void **state)
{
	static const char text[] = "{\"b\":[1,-2,{\"x\":\"\\ud83d\\ude00\\n\"}],\"c\":{\"d\":null,\"e\":[true,false]},\"f\":\"\xe5\xb7\xa5\"}";
	struct json_object *value;
	struct sk_diag diag;

	(void)state;
	for (size_t cut = 0; cut < sizeof text - 1; cut++) {
		char *exact = sk_malloc(cut ? cut : 1);

		memcpy(exact, text, cut);
		diag = (struct sk_diag){0};
		assert_int_equal(sk_json_parse(exact, cut, 1000, &value, &diag), SK_BAD);
		assert_true(diag.has_offset && diag.offset <= cut && diag.text[0]);
		free(exact);
	}
	assert_int_equal(parse(text, &value, &diag), 0);
	sk_json_free(value);
}

static void test_limits(void **state)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(4 << 20);
	struct json_object *value;
	struct sk_diag diag = {0};

	(void)state;
	for (int i = 0; i < SK_JSON_MAX_DEPTH; i++)
		assert_int_equal(sk_buf_append_char(&text, '['), 0);
	for (int i = 0; i < SK_JSON_MAX_DEPTH; i++)
		assert_int_equal(sk_buf_append_char(&text, ']'), 0);
	assert_int_equal(parse(text.data, &value, &diag), 0);
	sk_json_free(value);
	sk_buf_clear(&text);
	for (int i = 0; i <= SK_JSON_MAX_DEPTH; i++)
		assert_int_equal(sk_buf_append_char(&text, '['), 0);
	assert_int_equal(parse(text.data, &value, &diag), SK_BAD);
	assert_string_equal(diag.text, "nested too deep");
	sk_buf_clear(&text);
	assert_int_equal(sk_buf_append_str(&text, "[[]"), 0);
	for (int i = 0; i < 140000; i++)
		assert_int_equal(sk_buf_append_str(&text, ",[]"), 0);
	assert_int_equal(sk_json_parse(text.data, text.size, text.size, &value, &diag), SK_BAD);
	assert_string_equal(diag.text, "too many objects and arrays");
	assert_int_equal(sk_json_parse("[1]", 3, 2, &value, &diag), SK_BAD);
	assert_non_null(strstr(diag.text, "at most 2"));
}

static void canonical_is(const char *text, const char *wanted)
{
	_cleanup_json_ struct json_object *value = NULL;
	_cleanup_buf_ struct sk_buf buf = SK_BUF(10000);
	struct sk_diag diag = {0};

	if (parse(text, &value, &diag))
		fail_msg("%s: byte %d: %s", text, (int)diag.offset, diag.text);
	assert_int_equal(sk_json_canonical(value, &buf), 0);
	assert_string_equal(buf.data, wanted);
	assert_int_equal(sk_json_check_canonical(value, wanted, strlen(wanted), NULL), 0);
	if (strcmp(text, wanted) != 0)
		assert_int_equal(sk_json_check_canonical(value, text, strlen(text), &diag), SK_BAD);
}

/* RFC 8785: section 3.2.2 (without its floats), 3.2.3 and the order of appendix B's style. */
static void test_canonical(void **state)
{
	(void)state;
	canonical_is("{ \"b\" : 1, \"a\" : [ 1 , 2 ] }", "{\"a\":[1,2],\"b\":1}");
	canonical_is("{\"string\":\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\"literals\":[null,true,false]}",
		     "{\"literals\":[null,true,false],\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
	canonical_is("{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew Letter Dalet With Dagesh\","
		     "\"1\":\"One\",\"\\ud83d\\ude00\":\"Emoji: Grinning Face\",\"\\u0080\":\"Control\","
		     "\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}",
		     "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
		     "\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\",\"\xe2\x82\xac\":\"Euro Sign\","
		     "\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\",\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}");
	canonical_is("\"\\b\\t\\n\\f\\r\\u001f\\u007f\"", "\"\\b\\t\\n\\f\\r\\u001f\x7f\"");
	canonical_is("-9007199254740991", "-9007199254740991");
	canonical_is("{}", "{}");
	canonical_is("{\"aa\":0,\"a\":0,\"\":0}", "{\"\":0,\"a\":0,\"aa\":0}");
}

static void test_canonical_refuses(void **state)
{
	_cleanup_json_ struct json_object *number = json_object_new_double(1.5), *text = json_object_new_string("\xff");
	_cleanup_buf_ struct sk_buf buf = SK_BUF(100);

	(void)state;
	assert_int_equal(sk_json_canonical(number, &buf), SK_BAD);
	assert_int_equal(sk_json_canonical(text, &buf), SK_BAD);
}

static const char document[] = "{\"name\":\"x\",\"programs\":[{},{},{},{\"sha256\":\"AB\",\"size\":-1,\"on\":1}],\"mode\":\"loose\",\"n\":null}";

static void path_is(const struct sk_diag *diag, const char *path, const char *text)
{
	assert_string_equal(diag->path, path);
	if (!strstr(diag->text, text))
		fail_msg("%s", diag->text);
}

static void test_views_name_the_path(void **state)
{
	static const char *const modes[] = {"observe", "enforce", NULL};
	_cleanup_json_ struct json_object *value = NULL;
	struct sk_diag diag = {0};
	struct sk_json body, programs, item;
	uint8_t digest[32];
	const char *text;
	size_t index, n;
	uint64_t u;
	bool on;

	(void)state;
	assert_int_equal(parse(document, &value, NULL), 0);
	body = SK_JSON(value, "body", &diag);
	assert_int_equal(sk_json_string(&body, "name", 1, 10, &text), 0);
	assert_string_equal(text, "x");
	assert_int_equal(sk_json_array(&body, "programs", 4, &programs), 0);
	assert_int_equal(sk_json_length(&programs), 4);
	assert_int_equal(sk_json_item_object(&programs, 3, &item), 0);
	assert_int_equal(sk_json_hex(&item, "sha256", digest, 32), SK_BAD);
	path_is(&diag, "body.programs[3].sha256", "64 hexadecimal digits");
	assert_int_equal(sk_json_u64(&item, "size", 0, 10, &u), SK_BAD);
	path_is(&diag, "body.programs[3].size", "is -1, 0 to 10");
	assert_int_equal(sk_json_bool(&item, "on", &on), SK_BAD);
	path_is(&diag, "body.programs[3].on", "true or false");
	assert_int_equal(sk_json_string(&item, "none", 0, 1, &text), SK_BAD);
	path_is(&diag, "body.programs[3].none", "is missing");
	assert_int_equal(sk_json_word(&body, "mode", modes, &index), SK_BAD);
	path_is(&diag, "body.mode", "must be one of observe, enforce");
	assert_int_equal(sk_json_array(&body, "programs", 3, &programs), SK_BAD);
	path_is(&diag, "body.programs", "has 4 items, at most 3");
	assert_int_equal(sk_json_item_string(&programs, 0, 0, 1, &text), SK_BAD);
	path_is(&diag, "body.programs[0]", "must be a string");
	assert_int_equal(SK_JSON_ONLY(&body, "name", "programs", "n"), SK_BAD);
	path_is(&diag, "body.mode", "not a known key");
	assert_int_equal(SK_JSON_ONLY(&body, "name", "programs", "n", "mode"), 0);
	assert_int_equal(sk_json_base64(&body, "name", digest, sizeof digest, &n), SK_BAD);
	assert_false(sk_json_has(&body, "n"));
	assert_false(sk_json_has(&body, "absent"));
	assert_true(sk_json_has(&body, "mode"));
}

static void test_writing(void **state)
{
	_cleanup_json_ struct json_object *object = json_object_new_object();
	_cleanup_buf_ struct sk_buf buf = SK_BUF(1000);
	struct json_object *list;

	(void)state;
	assert_int_equal(sk_json_put_string(object, "s", "\xe8\xa3\x85"), 0);
	assert_int_equal(sk_json_put_u64(object, "u", SK_JSON_MAX_INT), 0);
	assert_int_equal(sk_json_put_u64(object, "v", SK_JSON_MAX_INT + 1ULL), -34 /* ERANGE */);
	assert_int_equal(sk_json_put_hex(object, "h", "\x01\xff", 2), 0);
	assert_int_equal(sk_json_put_base64(object, "b", "\x01\xff", 2), 0);
	assert_int_equal(sk_json_put_array(object, "l", &list), 0);
	assert_int_equal(sk_json_append(list, json_object_new_int64(1)), 0);
	assert_int_equal(sk_json_put_null(object, "n"), 0);
	assert_int_equal(sk_json_canonical(object, &buf), 0);
	assert_string_equal(buf.data, "{\"b\":\"Af8=\",\"h\":\"01ff\",\"l\":[1],\"n\":null,\"s\":\"\xe8\xa3\x85\",\"u\":9007199254740991}");
}

static void bytes_become(const char *bytes, size_t size, const char *wanted)
{
	_cleanup_json_ struct json_object *object = json_object_new_object();
	struct json_object *value;

	assert_int_equal(sk_json_put_bytes(object, "p", bytes, size), 0);
	assert_true(json_object_object_get_ex(object, "p", &value));
	assert_string_equal(json_object_get_string(value), wanted);
}

static void test_file_names(void **state)
{
	(void)state;
	bytes_become("/usr/bin/\xe8\xa3\x85", 12, "/usr/bin/\xe8\xa3\x85");
	bytes_become("a\xff" "b", 3, "a\\xffb");
	bytes_become("a\\xff", 5, "a\\\\xff");
	bytes_become("a\nb\0c\x7f", 6, "a\\x0ab\\x00c\\x7f");
	bytes_become("", 0, "");
	bytes_become("\xe8\xa3", 2, "\\xe8\\xa3");
}

SK_TEST_MAIN(cmocka_unit_test(test_refusals), cmocka_unit_test(test_cut_at_every_byte), cmocka_unit_test(test_limits),
	     cmocka_unit_test(test_canonical), cmocka_unit_test(test_canonical_refuses), cmocka_unit_test(test_views_name_the_path),
	     cmocka_unit_test(test_writing), cmocka_unit_test(test_file_names))
