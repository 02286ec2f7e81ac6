// SPDX-License-Identifier: GPL-3.0-or-later
/* CSV as spreadsheets write it, in both encodings, and what is refused with its line. */
#include "web/csv.h"

#include <stdlib.h>
#include <string.h>

#include "support/harness.h"

#include "base/error.h"
#include "base/mem.h"

static struct sk_diag diag;

static int open_text(const char *text, struct sk_csv *csv)
{
	diag = (struct sk_diag){0};
	return sk_csv_open(text, strlen(text), csv, &diag);
}

static void test_rows(void **state)
{
	_cleanup_csv_ struct sk_csv csv;

	assert_int_equal(open_text("\xef\xbb\xbfid,name\r\n\r\n1,\"a \"\"b\"\"\nc\"\r\n ,\n2,\n3", &csv), 0);
	assert_int_equal(sk_csv_row(&csv, &diag), 0);
	assert_int_equal(csv.count, 2);
	assert_string_equal(csv.cells[0], "id");
	assert_int_equal(sk_csv_row(&csv, &diag), 0);
	assert_int_equal(csv.line, 3);
	assert_string_equal(csv.cells[1], "a \"b\"\nc");
	assert_int_equal(sk_csv_row(&csv, &diag), 0);
	assert_int_equal(csv.line, 6);
	assert_int_equal(csv.count, 2);
	assert_string_equal(csv.cells[1], "");
	assert_int_equal(sk_csv_row(&csv, &diag), 0);
	assert_int_equal(csv.count, 1);
	assert_string_equal(csv.cells[0], "3");
	assert_int_equal(sk_csv_row(&csv, &diag), SK_END);
}

static void test_separators(void **state)
{
	static const char *const files[] = {"a;b;c,d\n1;2;3\n", "a\tb\tc\n1\t2\t3\n", "a,b,c\n1,2,3\n"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(files); i++) {
		_cleanup_csv_ struct sk_csv csv;

		assert_int_equal(open_text(files[i], &csv), 0);
		assert_int_equal(sk_csv_row(&csv, &diag), 0);
		assert_int_equal(csv.count, 3);
		assert_int_equal(sk_csv_row(&csv, &diag), 0);
		assert_string_equal(csv.cells[2], "3");
	}
}

static void test_shift_jis(void **state)
{
	/* 装置,表 in Shift_JIS; the second byte of 表 is a backslash. */
	static const char sjis[] = "\x91\x95\x92\x75,\x95\x5c\r\n\xb1,\xfb\xfc\r\n";
	_cleanup_csv_ struct sk_csv csv;

	assert_int_equal(open_text(sjis, &csv), 0);
	assert_string_equal(csv.encoding, "Shift_JIS");
	assert_int_equal(sk_csv_row(&csv, &diag), 0);
	assert_string_equal(csv.cells[0], "装置");
	assert_string_equal(csv.cells[1], "表");
	assert_int_equal(sk_csv_row(&csv, &diag), 0);
	assert_string_equal(csv.cells[0], "ｱ");
	assert_string_equal(csv.cells[1], "髙"); /* in CP932 alone, and in many Japanese names */
}

static void test_bad(void **state)
{
	static char wide[2 * SK_CSV_CELLS_MAX + 2], large[SK_CSV_CELL_MAX + 2];
	_cleanup_csv_ struct sk_csv csv;

	assert_int_equal(open_text("a\n\"b", &csv), 0);
	assert_int_equal(sk_csv_row(&csv, &diag), 0);
	assert_int_equal(sk_csv_row(&csv, &diag), SK_BAD);
	assert_int_equal(diag.line, 2);
	sk_csv_done(&csv);
	assert_int_equal(open_text("\"a\"b,c", &csv), 0);
	assert_int_equal(sk_csv_row(&csv, &diag), SK_BAD);
	sk_csv_done(&csv);
	memset(wide, ',', sizeof wide - 1);
	assert_int_equal(open_text(wide, &csv), 0);
	assert_int_equal(sk_csv_row(&csv, &diag), SK_BAD);
	sk_csv_done(&csv);
	memset(large, 'x', sizeof large - 1);
	assert_int_equal(open_text(large, &csv), 0);
	assert_int_equal(sk_csv_row(&csv, &diag), SK_BAD);
	sk_csv_done(&csv);
	assert_int_equal(open_text("\xff\xff\xff", &csv), SK_BAD);
	assert_int_equal(sk_csv_open("a\0b", 3, &csv, &diag), SK_BAD);
	assert_int_equal(diag.offset, 1);
}

static void test_empty(void **state)
{
	static const char *const files[] = {"", "\n\n", "\xef\xbb\xbf", " , \n"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(files); i++) {
		_cleanup_csv_ struct sk_csv csv;

		assert_int_equal(open_text(files[i], &csv), 0);
		assert_int_equal(sk_csv_row(&csv, &diag), SK_END);
	}
}

SK_TEST_MAIN(cmocka_unit_test(test_rows), cmocka_unit_test(test_separators), cmocka_unit_test(test_shift_jis),
	     cmocka_unit_test(test_bad), cmocka_unit_test(test_empty))
