// SPDX-License-Identifier: GPL-3.0-or-later
/* Query strings, forms, files in forms, cookies: what is read, and that nothing else is. */
#include "web/form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/harness.h"

#include "base/error.h"
#include "base/mem.h"

static int parse(const char *text, struct sk_form *form)
{
	memset(form, 0, sizeof *form);
	return sk_form_parse(text, strlen(text), form);
}

static void test_pairs(void **state)
{
	_cleanup_form_ struct sk_form form;

	assert_int_equal(parse("a=1&b=%E3%81%82+x&a=2&&c&=e", &form), 0);
	assert_string_equal(sk_form_get(&form, "a"), "1");
	assert_string_equal(sk_form_nth(&form, "a", 1), "2");
	assert_null(sk_form_nth(&form, "a", 2));
	assert_string_equal(sk_form_get(&form, "b"), "あ x");
	assert_string_equal(sk_form_get(&form, "c"), "");
	assert_string_equal(sk_form_get(&form, ""), "e");
	assert_null(sk_form_get(&form, "d"));
	assert_string_equal(sk_form_text(&form, "d"), "");
}

static void test_bad_pairs(void **state)
{
	static const char *const bad[] = {"a=%", "a=%4", "a=%zz", "%=1", "a=%00", "a=%ff", "a=%c0%80", "a=%ed%a0%80",
		"0123456789012345678901234567890123456789012345678901234567890123456=1"};
	struct sk_form form;

	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++) {
		assert_int_equal(parse(bad[i], &form), SK_BAD);
		assert_int_equal(form.count, 0);
	}
}

static void test_limits(void **state)
{
	char many[8 * (SK_FORM_FIELDS_MAX + 1)], big[SK_FORM_VALUE_MAX + 8];
	struct sk_form form;
	size_t n = 0;

	for (int i = 0; i < SK_FORM_FIELDS_MAX; i++)
		n += (size_t)snprintf(many + n, sizeof many - n, "&a=%d", i);
	assert_int_equal(parse(many, &form), 0);
	sk_form_done(&form);
	snprintf(many + n, sizeof many - n, "&b=1");
	assert_int_equal(parse(many, &form), SK_BAD);
	memset(big, 'x', sizeof big);
	memcpy(big, "a=", 2);
	big[2 + SK_FORM_VALUE_MAX] = '\0';
	assert_int_equal(parse(big, &form), 0);
	sk_form_done(&form);
	big[2 + SK_FORM_VALUE_MAX] = 'x';
	big[3 + SK_FORM_VALUE_MAX] = '\0';
	assert_int_equal(parse(big, &form), SK_BAD);
}

static const char TYPE[] = "multipart/form-data; boundary=----x1";
static const char BODY[] = "------x1\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\nabc\r\n"
			   "------x1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"資産.csv\"\r\n"
			   "Content-Type: text/csv\r\n\r\nid,name\r\n--\r\n----\r\n------x1--\r\n";

static void test_multipart(void **state)
{
	_cleanup_form_ struct sk_form form = {0};

	assert_int_equal(sk_form_parse_multipart(TYPE, BODY, sizeof BODY - 1, &form), 0);
	assert_string_equal(sk_form_get(&form, "csrf"), "abc");
	assert_null(sk_form_get(&form, "file"));
	assert_string_equal(form.file_name, "資産.csv");
	assert_int_equal(form.file_size, strlen("id,name\r\n--\r\n----"));
	assert_memory_equal(form.file, "id,name\r\n--\r\n----", form.file_size);
}

static void test_multipart_cut_anywhere(void **state)
{
	for (size_t n = 0; n < sizeof BODY - 1 - 2; n++) { /* the last line break may be missing */
		struct sk_form form = {0};
		char *cut = sk_malloc(n + 1);

		memcpy(cut, BODY, n);
		assert_int_equal(sk_form_parse_multipart(TYPE, cut, n, &form), SK_BAD);
		free(cut);
	}
}

static void test_multipart_refused(void **state)
{
	static const char *const types[] = {"multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a b\""};
	static const char two[] = "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"1\"\r\n\r\n1\r\n"
				  "--x\r\nContent-Disposition: form-data; name=\"b\"; filename=\"2\"\r\n\r\n2\r\n--x--";
	static const char attachment[] = "--x\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n1\r\n--x--";
	struct sk_form form = {0};

	for (size_t i = 0; i < SK_ARRAY_SIZE(types); i++)
		assert_int_equal(sk_form_parse_multipart(types[i], BODY, sizeof BODY - 1, &form), SK_BAD);
	assert_int_equal(sk_form_parse_multipart("multipart/form-data; boundary=x", two, sizeof two - 1, &form), SK_BAD);
	assert_int_equal(sk_form_parse_multipart("multipart/form-data; boundary=x", attachment, sizeof attachment - 1, &form), SK_BAD);
}

static void test_json(void **state)
{
	static const char *const bad[] = {"[]", "{\"a\":[1]}", "{\"a\":{}}", "{\"a\":\"\\u0000\"}", "{\"a\":1,\"a\":2}", "{", "{} x"};
	static const char good[] = "{\"note\":\"可\",\"n\":3,\"yes\":true,\"none\":null}";
	_cleanup_form_ struct sk_form form = {0};

	assert_int_equal(sk_form_parse_json(good, sizeof good - 1, &form), 0);
	assert_string_equal(sk_form_get(&form, "note"), "可");
	assert_string_equal(sk_form_get(&form, "n"), "3");
	assert_string_equal(sk_form_get(&form, "yes"), "true");
	assert_null(sk_form_get(&form, "none"));
	sk_form_done(&form);
	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++)
		assert_int_equal(sk_form_parse_json(bad[i], strlen(bad[i]), &form), SK_BAD);
}

static void test_cookie(void **state)
{
	char out[8];

	assert_int_equal(sk_cookie_get("a=1; session=abc;b=2", "session", out, sizeof out), 0);
	assert_string_equal(out, "abc");
	assert_int_equal(sk_cookie_get("xsession=abc", "session", out, sizeof out), SK_NONE);
	assert_int_equal(sk_cookie_get("session=abc; session=abd", "session", out, sizeof out), SK_NONE);
	assert_int_equal(sk_cookie_get("session=12345678", "session", out, sizeof out), SK_NONE);
	assert_int_equal(sk_cookie_get("session=", "session", out, sizeof out), 0);
	assert_int_equal(sk_cookie_get("session", "session", out, sizeof out), SK_NONE);
	assert_int_equal(sk_cookie_get("", "session", out, sizeof out), SK_NONE);
	assert_int_equal(sk_cookie_get(NULL, "session", out, sizeof out), SK_NONE);
}

SK_TEST_MAIN(cmocka_unit_test(test_pairs), cmocka_unit_test(test_bad_pairs), cmocka_unit_test(test_limits),
	     cmocka_unit_test(test_multipart), cmocka_unit_test(test_multipart_cut_anywhere),
	     cmocka_unit_test(test_multipart_refused), cmocka_unit_test(test_json), cmocka_unit_test(test_cookie))
