// SPDX-License-Identifier: GPL-3.0-or-later
/* Every character that means something to a browser, in every place where a value can stand; and fields of models. */
#include "web/html.h"

#include <string.h>

#include "support/harness.h"

#include "base/error.h"
#include "base/mem.h"

static const char *text_of(struct sk_html *h, void (*write)(struct sk_html *h, const char *text), const char *text)
{
	sk_buf_clear(&h->out);
	write(h, text);
	return h->out.data ? h->out.data : "";
}

static void test_text(void **state)
{
	struct sk_html h = SK_HTML(SK_EN);

	assert_string_equal(text_of(&h, sk_html_text, "a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
	assert_string_equal(text_of(&h, sk_html_text, "装置 ok\n\t"), "装置 ok\n\t");
	assert_string_equal(text_of(&h, sk_html_text, ""), "");
	assert_string_equal(text_of(&h, sk_html_text, NULL), "");
	assert_string_equal(text_of(&h, sk_html_text, "x\xe2\x80\xaegnp.exe"), "x⟨U+202E⟩gnp.exe");
	assert_string_equal(text_of(&h, sk_html_text, "\xe2\x80\x8b\xe2\x81\xa6\xef\xbb\xbf"), "⟨U+200B⟩⟨U+2066⟩⟨U+FEFF⟩");
	assert_string_equal(text_of(&h, sk_html_text, "a\033[2Jb\x7f"), "a␛[2Jb␡");
	assert_string_equal(text_of(&h, sk_html_text, "a\xff\xc3(\xe3\x81"), "a��(��");
	assert_string_equal(text_of(&h, sk_html_text, "\xc2\x85"), "�");
	sk_buf_done(&h.out);
}

/* Each byte alone, and behind a letter: nothing raw of what could open a tag, an attribute or a reference. */
static void test_every_byte(void **state)
{
	struct sk_html h = SK_HTML(SK_EN);

	for (int c = 1; c < 256; c++) {
		char in[] = {'a', (char)c, 'b', '\0'};
		const char *out = text_of(&h, sk_html_text, in);

		assert_null(strpbrk(out, "<>\"'"));
		for (const char *amp = strchr(out, '&'); amp; amp = strchr(amp + 1, '&'))
			assert_non_null(strchr("alqg#", amp[1]));
		assert_true(out[0] == 'a' && out[strlen(out) - 1] == 'b');
		out = text_of(&h, sk_html_url_text, in);
		assert_int_equal(strspn(out, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%"), strlen(out));
	}
	sk_buf_done(&h.out);
}

static void test_addresses(void **state)
{
	static const char *const bad[] = {"//evil.example", "/\\evil.example", "javascript:alert(1)", "http://evil.example/", "", "/a b", "/a\nb", "/a\\b", NULL};
	struct sk_html h = SK_HTML(SK_EN);

	assert_string_equal(text_of(&h, sk_html_url, "/events?a=1&b=%22"), "/events?a=1&amp;b=%22");
	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++)
		assert_string_equal(text_of(&h, sk_html_url, bad[i]), "#");
	assert_string_equal(text_of(&h, sk_html_url_text, "a/b?c=d&e 装"), "a%2Fb%3Fc%3Dd%26e%20%E8%A3%85");
	sk_buf_done(&h.out);
}

static void test_fill(void **state)
{
	struct sk_html h = SK_HTML(SK_JA);

	sk_html_fill(&h, T_shown_of, "<3>", sk_html_str((int64_t)7));
	assert_string_equal(h.out.data, "7件中&lt;3&gt;件");
	sk_buf_done(&h.out);
	h.language = SK_EN;
	sk_html_fill(&h, T_shown_of, "3", "7");
	assert_string_equal(h.out.data, "3 of 7");
	sk_buf_done(&h.out);
}

static void test_too_large(void **state)
{
	struct sk_html h = {.out = SK_BUF(16)};

	sk_html_text(&h, "0123456789");
	assert_int_equal(h.error, 0);
	sk_html_text(&h, "0123456789");
	assert_int_equal(h.error, SK_FULL);
	sk_html_text(&h, "x");
	assert_string_equal(h.out.data, "0123456789");
	sk_buf_done(&h.out);
}

static void test_fields(void **state)
{
	json_object *o = json_tokener_parse("{\"a\":{\"b\":[{\"c\":\"x\"},{\"c\":5}]},\"t\":true,\"n\":null}");

	assert_string_equal(sk_field_text(o, "a.b.0.c"), "x");
	assert_string_equal(sk_field_text(o, "a.b.1.c"), "5");
	assert_int_equal(sk_field_int(o, "a.b.1.c"), 5);
	assert_string_equal(sk_field_text(o, "a.b.2.c"), "");
	assert_string_equal(sk_field_text(o, "a.x.c"), "");
	assert_string_equal(sk_field_text(o, "n"), "");
	assert_string_equal(sk_field_text(NULL, "a"), "");
	assert_true(sk_field_bool(o, "t"));
	assert_int_equal(sk_field_count(o, "a.b"), 2);
	assert_int_equal(sk_field_count(o, "a"), 0);
	json_object_put(o);
}

SK_TEST_MAIN(cmocka_unit_test(test_text), cmocka_unit_test(test_every_byte), cmocka_unit_test(test_addresses), cmocka_unit_test(test_fill),
	     cmocka_unit_test(test_too_large), cmocka_unit_test(test_fields))
