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
	enum media_pass pass;
	int index;

	assert_int_equal(read_text(good, &rules), 0);
	assert_true(rules.act);
	terms = media_rules_find(&rules, &medium, &index, &pass);
	assert_int_equal(index, 0);
	assert_int_equal(terms.mount, SK_MOUNT_RO);
	memcpy(medium.serial, "99", 3);
	terms = media_rules_find(&rules, &medium, &index, &pass);
	assert_int_equal(index, 1);
	assert_int_equal(terms.mount, SK_MOUNT_RO); /* rw without copying is ro */
	memcpy(medium.vendor, "abcd", 5);
	terms = media_rules_find(&rules, &medium, &index, &pass);
	assert_int_equal(index, -1);
	assert_int_equal(terms.mount, SK_MOUNT_DENY);
	memcpy(medium.superblock.uuid, "4A1B-22C0", 10);
	terms = media_rules_find(&rules, &medium, &index, &pass);
	assert_int_equal(index, 2);
	assert_true(terms.mount == SK_MOUNT_RW && terms.execute && terms.copy);
	media_rules_done(&rules);
}

/* A pass is for one thing: its serial number and its file system, both. */
static void test_passes(void **state)
{
	static const char text[] = "{\"mode\":\"enforce\",\"serial\":7,\"default\":{\"mount\":\"rw\",\"execute\":true,\"copy\":true,\"pass\":true},\"rules\":[],\"passes\":["
				   "{\"serial\":\"0781:5581:A\",\"uuid\":\"11-22\",\"state\":\"valid\"},"
				   "{\"serial\":\"0781:5581:B\",\"uuid\":\"\",\"state\":\"expired\"},{\"serial\":\"0781:5581:B\",\"uuid\":\"33-44\",\"state\":\"valid\"},"
				   "{\"serial\":\"uuid:55-66\",\"uuid\":\"55-66\",\"state\":\"not-yet\"}]}";
	static const struct {
		enum sk_medium_kind kind;
		const char *serial, *uuid;
		enum media_pass pass;
	} rows[] = {{SK_MEDIUM_USB, "A", "11-22", MEDIA_PASS_VALID}, {SK_MEDIUM_USB, "C", "11-22", MEDIA_PASS_OTHER}, /* a copy of its file system */
		    {SK_MEDIUM_USB, "A", "99-99", MEDIA_PASS_OTHER}, /* formatted since */
		    {SK_MEDIUM_USB, "B", "33-44", MEDIA_PASS_VALID}, {SK_MEDIUM_USB, "B", "", MEDIA_PASS_EXPIRED}, {SK_MEDIUM_USB, "C", "", MEDIA_PASS_NONE},
		    {SK_MEDIUM_USB, "", "", MEDIA_PASS_NONE}, {SK_MEDIUM_IMAGE, "", "55-66", MEDIA_PASS_NOT_YET}, {SK_MEDIUM_USB, "Z", "55-66", MEDIA_PASS_OTHER}};
	struct media_rules rules;
	int index;

	(void)state;
	assert_int_equal(read_text(text, &rules), 0);
	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++) {
		struct sk_medium medium = {.kind = rows[i].kind, .vendor = "0781", .product = "5581"};
		enum media_pass pass;

		snprintf(medium.serial, sizeof medium.serial, "%s", rows[i].serial);
		snprintf(medium.superblock.uuid, sizeof medium.superblock.uuid, "%s", rows[i].uuid);
		assert_int_equal(media_rules_find(&rules, &medium, &index, &pass).mount, rows[i].pass == MEDIA_PASS_VALID ? SK_MOUNT_RW : SK_MOUNT_DENY);
		assert_int_equal(pass, rows[i].pass);
	}
	media_rules_done(&rules);
	assert_int_equal(read_text("{\"mode\":\"enforce\",\"serial\":7," DEFAULT ",\"rules\":[],\"passes\":[{\"serial\":\"x\",\"uuid\":\"\",\"state\":\"none\"}]}", &rules), SK_BAD);
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

SK_TEST_MAIN(cmocka_unit_test(test_find), cmocka_unit_test(test_passes), cmocka_unit_test(test_modes), cmocka_unit_test(test_refused), cmocka_unit_test(test_memory))
