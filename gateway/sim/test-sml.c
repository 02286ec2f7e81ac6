// SPDX-License-Identifier: GPL-3.0-or-later
/* Bodies as text and back, and what cannot be read. */
#include "support/harness.h"

#include <string.h>

#include "base/error.h"
#include "sim/sml.h"

static void check(const char *text, const char *bytes, size_t size, const char *again)
{
	_cleanup_buf_ struct sk_buf out = SK_BUF(4096), back = SK_BUF(4096);

	assert_int_equal(sml_read(text, &out, NULL), 0);
	assert_int_equal(out.size, size);
	assert_memory_equal(out.data, bytes, size);
	assert_int_equal(sml_write((const uint8_t *)out.data, out.size, &back), 0);
	assert_string_equal(back.data, again);
}

static void test_there_and_back(void **state)
{
	(void)state;
	check("<A START>", "\x41\x05START", 7, "<A \"START\">");
	check("<L>", "\x01\x00", 2, "<L>");
	check(" < L <A \"a b\"> <U2 1 0x102> <I1 -1><B 255> <BOOLEAN 1> > ", "\x01\x05\x41\x03" "a b\xa9\x04\x00\x01\x01\x02\x65\x01\xff\x21\x01\xff\x25\x01\x01",
	      22, "<L <A \"a b\"> <U2 1 258> <I1 -1> <B 0xff> <BOOLEAN 1>>");
	check("<L <L <F4 1.5>> <F8 -2>>", "\x01\x02\x01\x01\x91\x04\x3f\xc0\x00\x00\x81\x08\xc0\x00\x00\x00\x00\x00\x00\x00", 20,
	      "<L <L <F4 1.5>> <F8 -2>>");
}

static void test_wrong(void **state)
{
	static const char *const wrong[] = {"", "A", "<A", "<X 1>", "<U4 x>", "<U4 1", "<L <A x>", "<A \"x>", "<A x> <A y>", "<L x>"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		_cleanup_buf_ struct sk_buf out = SK_BUF(4096);
		struct sk_diag diag = {0};

		assert_int_equal(sml_read(wrong[i], &out, &diag), SK_BAD);
		assert_true(diag.text[0]);
	}
}

static void test_what_cannot_be_read_is_shown_so(void **state)
{
	_cleanup_buf_ struct sk_buf out = SK_BUF(4096);

	(void)state;
	assert_int_equal(sml_write((const uint8_t *)"\x01\x02\x41\x01x\x41", 6, &out), 0);
	assert_string_equal(out.data, "<L <A \"x\"> ...");
}

SK_TEST_MAIN(cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_wrong), cmocka_unit_test(test_what_cannot_be_read_is_shown_so))
