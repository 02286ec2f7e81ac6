// SPDX-License-Identifier: GPL-3.0-or-later
/* What was used: nothing that is still valid is forgotten, also not to make room; what an older agent wrote counts; a damaged book says so. */
#include "lockdown/clerk/used.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "os/file.h"
#include "support/harness.h"

#define PATH "used.json"
enum { NOW = 1000000 };

static int open_root(void)
{
	int root = -1;

	assert_int_equal(sk_dir_open(sk_test_dir(), "", &root), 0);
	return root;
}

static void fill(struct lk_used *book, int64_t ends)
{
	struct json_object *mark;
	char id[16];

	for (int i = 0; i < LK_USED_MAX; i++) {
		snprintf(id, sizeof id, "W-%d", i);
		assert_int_equal(lk_used_mark(book, id, "boot", ends + i, &mark), 0);
	}
}

static void test_nothing_valid_is_forgotten(void **state)
{
	_cleanup_used_ struct lk_used book = {0};
	_cleanup_close_ int root = open_root();
	struct json_object *mark;

	(void)state;
	assert_int_equal(lk_used_load(root, PATH, &book), 0);
	fill(&book, NOW);
	assert_int_equal(lk_used_mark(&book, "more", "boot", NOW, &mark), SK_FULL);
	assert_int_equal(lk_used_make_room(&book, NOW), SK_FULL);
	assert_non_null(lk_used_find(&book, "W-0"));
	assert_int_equal(lk_used_make_room(&book, NOW + 10), 0); /* ten are over: one makes room */
	assert_null(lk_used_find(&book, "W-0"));
	assert_non_null(lk_used_find(&book, "W-1"));
	assert_int_equal(lk_used_make_room(&book, NOW + 100), 0); /* there is room: none is forgotten before it must */
	assert_non_null(lk_used_find(&book, "W-1"));
	assert_int_equal(lk_used_mark(&book, "more", "boot", NOW, &mark), 0);
}

static void test_once_each(void **state)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(LK_USED_BYTES);
	_cleanup_used_ struct lk_used book = {0}, again = {0};
	_cleanup_close_ int root = open_root();
	struct json_object *mark, *boot;

	(void)state;
	assert_int_equal(lk_used_load(root, PATH, &book), 0);
	assert_int_equal(lk_used_mark(&book, "W", "first", NOW, &mark), 0);
	assert_int_equal(lk_used_mark(&book, "W", "second", NOW, &mark), 0);
	assert_int_equal(json_object_array_length(book.list), 1);
	assert_int_equal(lk_used_text(&book, &text), 0);
	assert_int_equal(sk_file_replace("test", root, PATH, text.data, text.size, 0600), 0);
	assert_int_equal(lk_used_load(root, PATH, &again), 0);
	mark = lk_used_find(&again, "W");
	assert_true(mark && json_object_object_get_ex(mark, "boot", &boot));
	assert_string_equal(json_object_get_string(boot), "second");
}

/* Numbers as long as they may be, of letters that take the most room. */
static void test_a_full_book_fits(void **state)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(LK_USED_BYTES);
	_cleanup_used_ struct lk_used book = {0};
	struct json_object *mark;
	char id[LK_USED_ID + 1];

	(void)state;
	book.tree = json_object_new_object();
	assert_int_equal(sk_json_put_array(book.tree, "used", &book.list), 0);
	memset(id, 1, LK_USED_ID);
	id[LK_USED_ID] = 0;
	for (int i = 0; i < LK_USED_MAX; i++) {
		id[0] = (char)(i % 31 + 1), id[1] = (char)(i / 31 + 1);
		assert_int_equal(lk_used_mark(&book, id, "6e2c4d5e-0000-0000-0000-000000000000", NOW, &mark), 0);
		assert_int_equal(sk_json_put_u64(mark, "until", SK_JSON_MAX_INT), 0);
	}
	assert_int_equal(lk_used_text(&book, &text), 0);
}

static void test_older_agents(void **state)
{
	static const char was[] = "{\"used\":[\"6e2c4d5e-1111-2222-3333-000000000000 W-1\",{\"boot\":\"b\",\"id\":\"R-1\",\"until\":7}]}";
	_cleanup_used_ struct lk_used book = {0};
	_cleanup_close_ int root = open_root();

	(void)state;
	assert_int_equal(sk_file_replace("test", root, PATH, was, strlen(was), 0600), 0);
	assert_int_equal(lk_used_load(root, PATH, &book), 0);
	assert_non_null(lk_used_find(&book, "W-1"));
	assert_non_null(lk_used_find(&book, "R-1"));
	assert_int_equal(lk_used_make_room(&book, NOW), 0); /* their end is not known: they stay while there is room */
	assert_non_null(lk_used_find(&book, "R-1"));
}

static void test_damaged(void **state)
{
	static const char *const bad[] = {"", "{}", "[]", "{\"used\":[5]}", "{\"used\":7}"};
	_cleanup_close_ int root = open_root();

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		_cleanup_used_ struct lk_used book = {0};

		assert_int_equal(sk_file_replace("test", root, PATH, bad[i], strlen(bad[i]), 0600), 0);
		assert_int_equal(lk_used_load(root, PATH, &book), SK_BAD);
		assert_null(lk_used_find(&book, "W-1"));
	}
}

SK_TEST_MAIN(cmocka_unit_test(test_nothing_valid_is_forgotten), cmocka_unit_test(test_once_each), cmocka_unit_test(test_a_full_book_fits),
	     cmocka_unit_test(test_older_agents), cmocka_unit_test(test_damaged))
