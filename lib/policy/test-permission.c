// SPDX-License-Identifier: GPL-3.0-or-later
/* The whole permission table, written a second time as a person reads it: a change of a right must be made twice, on purpose. */
#include "policy/permission.h"

#include <string.h>

#include "support/harness.h"

#include "base/error.h"
#include "base/mem.h"

/* Per role and object: verbs as letters (r, w, d, x); upper case: only with a grant of a whole organisation. */
static const char *const expected[SK_ROLES][SK_OBJECTS] = {
	/*                        event endpoint asset request policy enrolment site  user  audit */
	[SK_ROLE_ADMINISTRATOR] = {"r", "rwx",   "rw", "r",    "r",   "rwx",    "rw", "rwx", "r"},
	[SK_ROLE_SECURITY] = 	  {"r", "rwx",   "rw", "rd",   "rw",  "rwx",    "r",  "",    "R"},
	[SK_ROLE_ENGINEER] = 	  {"r", "r",     "rw", "r",    "r",   "",       "",   "",    ""},
	[SK_ROLE_ASSESSOR] = 	  {"r", "r",     "r",  "r",    "r",   "",       "r",  "",    "r"},
	[SK_ROLE_VIEWER] = 	  {"r", "r",     "r",  "",     "",    "",       "",   "",    ""},
};

static bool expect(enum sk_role role, enum sk_object object, enum sk_verb verb, bool organisation)
{
	static const char letters[] = "rwdx";
	const char *cell = expected[role][object];

	return strchr(cell, letters[verb]) || (organisation && strchr(cell, letters[verb] - 32));
}

static void one_cell(enum sk_role role, enum sk_object object, enum sk_verb verb)
{
	struct sk_grant site = {.role = role, .org = "acme", .site = "kumamoto"}, org = {.role = role, .org = "acme"};
	struct sk_grant all = {.role = role};
	bool at_site = expect(role, object, verb, false), at_org = expect(role, object, verb, true);

	assert_int_equal(sk_permitted(&site, 1, object, verb, "acme", "kumamoto"), at_site);
	assert_int_equal(sk_permitted_anywhere(&site, 1, object, verb), at_site);
	assert_false(sk_permitted(&site, 1, object, verb, "acme", "chitose"));
	assert_false(sk_permitted(&site, 1, object, verb, "acme", ""));
	assert_false(sk_permitted(&site, 1, object, verb, "other", "kumamoto"));
	assert_false(sk_permitted(&site, 1, object, verb, "", ""));
	assert_int_equal(sk_permitted(&org, 1, object, verb, "acme", "kumamoto"), at_org);
	assert_int_equal(sk_permitted(&org, 1, object, verb, "acme", ""), at_org);
	assert_false(sk_permitted(&org, 1, object, verb, "other", "kumamoto"));
	assert_false(sk_permitted(&org, 1, object, verb, "", ""));
	assert_int_equal(sk_permitted(&all, 1, object, verb, "other", "anywhere"), at_org);
	assert_int_equal(sk_permitted(&all, 1, object, verb, "", ""), at_org);
}

static void test_every_cell(void **state)
{
	for (int role = 0; role < SK_ROLES; role++)
		for (int object = 0; object < SK_OBJECTS; object++)
			for (int verb = 0; verb < SK_VERBS; verb++)
				one_cell(role, object, verb);
}

static void test_nothing_without_grants(void **state)
{
	for (int object = 0; object < SK_OBJECTS; object++)
		for (int verb = 0; verb < SK_VERBS; verb++)
			assert_false(sk_permitted(NULL, 0, object, verb, "acme", "kumamoto"));
}

static void test_places(void **state)
{
	struct sk_grant grants[] = {{SK_ROLE_VIEWER, "acme", "kumamoto"}, {SK_ROLE_SECURITY, "other", ""}, {SK_ROLE_SECURITY, "acme", "chitose"}};
	struct sk_grant everywhere = {.role = SK_ROLE_SECURITY};
	struct sk_place places[3];
	bool all;

	assert_int_equal(sk_permitted_places(grants, 3, SK_OBJECT_EVENT, SK_VERB_READ, places, &all), 3);
	assert_false(all);
	assert_int_equal(sk_permitted_places(grants, 3, SK_OBJECT_REQUEST, SK_VERB_DECIDE, places, &all), 2);
	assert_string_equal(places[0].org, "other");
	assert_string_equal(places[0].site, "");
	assert_string_equal(places[1].site, "chitose");
	assert_int_equal(sk_permitted_places(grants, 3, SK_OBJECT_AUDIT, SK_VERB_READ, places, &all), 1);
	assert_int_equal(sk_permitted_places(grants, 3, SK_OBJECT_USER, SK_VERB_READ, places, &all), 0);
	assert_false(all);
	assert_int_equal(sk_permitted_places(&everywhere, 1, SK_OBJECT_EVENT, SK_VERB_READ, places, &all), 0);
	assert_true(all);
}

static void test_giving(void **state)
{
	struct sk_grant admin = {.role = SK_ROLE_ADMINISTRATOR, .org = "acme", .site = "kumamoto"};
	struct sk_grant same = {.role = SK_ROLE_SECURITY, .org = "acme", .site = "kumamoto"}, wider = {.role = SK_ROLE_VIEWER, .org = "acme"};
	struct sk_grant everywhere = {.role = SK_ROLE_VIEWER}, security = {.role = SK_ROLE_SECURITY};

	assert_true(sk_may_give(&admin, 1, &same));
	assert_false(sk_may_give(&admin, 1, &wider));
	assert_false(sk_may_give(&admin, 1, &everywhere));
	assert_false(sk_may_give(&security, 1, &same));
}

static void test_names(void **state)
{
	enum sk_role role;

	for (int i = 0; i < SK_ROLES; i++) {
		assert_int_equal(sk_role_find(sk_role_name(i), &role), 0);
		assert_int_equal(role, i);
	}
	assert_int_equal(sk_role_find("root", &role), SK_BAD);
	assert_true(sk_place_name_valid("acme-fab.1"));
	assert_true(sk_place_name_valid("熊本"));
	assert_false(sk_place_name_valid(""));
	assert_false(sk_place_name_valid("a/b"));
	assert_false(sk_place_name_valid("a b"));
	assert_false(sk_place_name_valid("\xff"));
	assert_false(sk_place_name_valid("0123456789012345678901234567890123456789012345678901234567890123"));
	for (int i = 0; i < SK_OBJECTS; i++)
		assert_non_null(sk_object_name(i));
	for (int i = 0; i < SK_VERBS; i++)
		assert_non_null(sk_verb_name(i));
}

SK_TEST_MAIN(cmocka_unit_test(test_every_cell), cmocka_unit_test(test_nothing_without_grants), cmocka_unit_test(test_places),
	     cmocka_unit_test(test_giving), cmocka_unit_test(test_names))
