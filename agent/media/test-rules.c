// SPDX-License-Identifier: GPL-3.0-or-later
/* The clerk's word as rules: what fits first decides, no copying is no writing, and what is not the declared shape is refused whole. */
#include "support/harness.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "media/media.h"

#define DEFAULT "\"default\":{\"mount\":\"deny\",\"execute\":false,\"copy\":false}"

static const char good[] = "{\"mode\":\"enforce\",\"serial\":7," DEFAULT ",\"rules\":["
			   "{\"vendor\":\"0781\",\"serial\":\"4C*\",\"mount\":\"ro\",\"execute\":true,\"copy\":true},"
			   "{\"vendor\":\"0781\",\"mount\":\"rw\",\"execute\":false,\"copy\":false},"
			   "{\"uuid\":\"4A1B-22C0\",\"mount\":\"rw\",\"execute\":true,\"copy\":true}]}";

static int read_text(const char *text, struct media_rules *rules)
{
	struct sk_diag diag = {0};

	return media_rules_read(text, strlen(text), rules, &diag);
}

static void test_find(void **state)
{
	struct sk_medium medium = {.vendor = "0781", .serial = "4C53"};
	struct sk_media_terms terms;
	struct media_rules rules;
	int index;

	assert_int_equal(read_text(good, &rules), 0);
	assert_true(rules.act);
	terms = media_rules_find(&rules, &medium, &index);
	assert_int_equal(index, 0);
	assert_int_equal(terms.mount, SK_MOUNT_RO);
	memcpy(medium.serial, "99", 3);
	terms = media_rules_find(&rules, &medium, &index);
	assert_int_equal(index, 1);
	assert_int_equal(terms.mount, SK_MOUNT_RO); /* rw without copying is ro */
	memcpy(medium.vendor, "abcd", 5);
	terms = media_rules_find(&rules, &medium, &index);
	assert_int_equal(index, -1);
	assert_int_equal(terms.mount, SK_MOUNT_DENY);
	memcpy(medium.superblock.uuid, "4A1B-22C0", 10);
	terms = media_rules_find(&rules, &medium, &index);
	assert_int_equal(index, 2);
	assert_true(terms.mount == SK_MOUNT_RW && terms.execute && terms.copy);
	media_rules_done(&rules);
}

static void test_modes(void **state)
{
	static const char *const modes[] = {"observe", "learn", "shadow", "enforcing", ""};

	for (size_t i = 0; i < SK_ARRAY_SIZE(modes); i++) {
		struct media_rules rules = {0};
		char text[256];

		snprintf(text, sizeof text, "{\"mode\":\"%s\",\"serial\":7," DEFAULT ",\"rules\":[]}", modes[i]);
		assert_int_equal(read_text(text, &rules), modes[i][0] ? 0 : SK_BAD);
		assert_false(rules.act);
		media_rules_done(&rules);
	}
}

static void test_refused(void **state)
{
	static const char *const wrong[] = {
		"", "{}", "{\"mode\":\"enforce\",\"serial\":7," DEFAULT "}", "{\"mode\":\"enforce\",\"serial\":-1," DEFAULT ",\"rules\":[]}",
		"{\"mode\":\"enforce\",\"serial\":7,\"default\":{\"mount\":\"rw\"},\"rules\":[]}",
		"{\"mode\":\"enforce\",\"serial\":7," DEFAULT ",\"rules\":[{\"mount\":\"any\",\"execute\":true,\"copy\":true}]}",
		"{\"mode\":\"enforce\",\"serial\":7," DEFAULT ",\"rules\":[{\"mount\":\"rw\",\"execute\":true,\"copy\":true,\"more\":1}]}",
		"{\"mode\":\"enforce\",\"serial\":7," DEFAULT ",\"rules\":[{\"vendor\":\"\",\"mount\":\"rw\",\"execute\":true,\"copy\":true}]}"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(wrong); i++) {
		struct media_rules rules = {0};

		if (read_text(wrong[i], &rules) != SK_BAD)
			fail_msg("taken: %s", wrong[i]);
		assert_null(rules.list);
	}
}

static int take(void *arg)
{
	struct media_rules rules = {0};
	int r = read_text(arg, &rules);

	media_rules_done(&rules);
	return r;
}

static void test_memory(void **state)
{
	sk_test_torture(take, (void *)good);
}

SK_TEST_MAIN(cmocka_unit_test(test_find), cmocka_unit_test(test_modes), cmocka_unit_test(test_refused), cmocka_unit_test(test_memory))
