// SPDX-License-Identifier: GPL-3.0-or-later
/* Package and publisher of an entry are found by its content and by its name, and each text stands once. */
#include "lockdown/clerk/origin.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "support/harness.h"

enum { ENTRIES = 1000 };

static int add(struct sk_policy *policy, unsigned i)
{
	char name[64], version[16];
	struct sk_program program = {.name = name, .provenance = (char *)"test"};

	snprintf(name, sizeof name, "/opt/tool/program-%u", i);
	snprintf(version, sizeof version, "1.%u", i % 7);
	memcpy(program.sha256, &i, sizeof i);
	program.sha256[31] = 1;
	if (i % 3 != 0) {
		program.package = (char *)"tool-control";
		program.version = version;
	}
	if (i % 3 != 1)
		program.publisher = i % 3 ? (char *)"Maker" : NULL;
	return sk_policy_add_program(policy, &program);
}

static int make(void *policy)
{
	struct lk_origins *origins = lk_origins_new(policy);

	if (!origins)
		return -ENOMEM;
	lk_origins_free(origins);
	return 0;
}

static void test_found(void **state)
{
	struct sk_policy policy = {0};
	struct lk_origins *origins;
	struct lk_origin found;
	uint8_t hash[32];
	unsigned i;

	(void)state;
	for (i = 0; i < ENTRIES; i++)
		assert_int_equal(add(&policy, i), 0);
	origins = lk_origins_new(&policy);
	sk_policy_done(&policy); /* the texts are its own */
	assert_non_null(origins);
	for (i = 0; i < ENTRIES; i++) {
		char name[64], package[64];

		memset(hash, 0, sizeof hash);
		memcpy(hash, &i, sizeof i);
		hash[31] = 1;
		snprintf(name, sizeof name, "/opt/tool/program-%u", i);
		snprintf(package, sizeof package, "tool-control 1.%u", i % 7);
		assert_int_equal(lk_origin_of(origins, hash, "/elsewhere", &found), i % 3 != 0);
		if (i % 3 == 0)
			continue;
		assert_string_equal(found.package, package);
		assert_string_equal(found.publisher, i % 3 == 2 ? "Maker" : "");
		memset(hash, 0xee, sizeof hash); /* another content under the name */
		assert_true(lk_origin_of(origins, hash, name, &found));
		assert_string_equal(found.package, package);
		assert_true(lk_origin_of(origins, NULL, name, &found));
	}
	assert_false(lk_origin_of(origins, hash, "/opt/tool/program", &found));
	assert_false(lk_origin_of(NULL, hash, "/opt/tool/program-1", &found));
	lk_origins_free(origins);
}

static void test_nothing(void **state)
{
	struct sk_policy policy = {0};

	(void)state;
	assert_int_equal(add(&policy, 0), 0);
	assert_null(lk_origins_new(&policy)); /* nothing is said of it */
	for (unsigned i = 1; i < 4; i++)
		assert_int_equal(add(&policy, i), 0);
	assert_true(sk_test_torture(make, &policy) >= 4);
	sk_policy_done(&policy);
}

SK_TEST_MAIN(cmocka_unit_test(test_found), cmocka_unit_test(test_nothing))
