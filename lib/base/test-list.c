// SPDX-License-Identifier: GPL-3.0-or-later
/* Order, removal while walking, and removing twice. */
#include "support/harness.h"

#include "base/list.h"

struct item {
	int number;
	struct sk_list link;
};

static int sum(struct sk_list *list)
{
	int total = 0;

	sk_list_each(item, list, struct item, link)
		total = total * 10 + item->number;
	return total;
}

static void test_list(void **state)
{
	struct item items[5];
	struct sk_list list;

	(void)state;
	sk_list_init(&list);
	assert_true(sk_list_empty(&list));
	assert_int_equal(sum(&list), 0);
	for (int i = 0; i < 5; i++) {
		items[i].number = i + 1;
		sk_list_append(&list, &items[i].link);
	}
	assert_int_equal(sum(&list), 12345);
	sk_list_remove(&items[2].link);
	sk_list_remove(&items[2].link); /* a list of its own now */
	assert_int_equal(sum(&list), 1245);
	sk_list_each(item, &list, struct item, link)
		if (item->number % 2 == 0)
			sk_list_remove(&item->link);
	assert_int_equal(sum(&list), 15);
	sk_list_append(&list, &items[2].link);
	assert_int_equal(sum(&list), 153);
	sk_list_each(item, &list, struct item, link)
		sk_list_remove(&item->link);
	assert_true(sk_list_empty(&list));
}

SK_TEST_MAIN(cmocka_unit_test(test_list))
