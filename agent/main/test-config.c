// SPDX-License-Identifier: GPL-3.0-or-later
/* The table of agent.yaml is sound, and says where a setting is wrong. */
#include "support/harness.h"

#include <string.h>

#include "base/error.h"
#include "main/config.h"

static void test_table(void **state)
{
	struct sk_diag diag = {0};

	if (sk_table_check(&agent_table, &diag))
		fail_msg("%s: %s", diag.path, diag.text);
}

static void test_defaults(void **state)
{
	struct agent_config c;

	assert_int_equal(sk_conf_parse(&agent_table, "", 0, &c, NULL), 0);
	assert_int_equal(c.link.spool_bytes, 256 << 20);
	assert_int_equal(c.link.segment_bytes, 1 << 20);
	assert_int_equal(c.link.retry_max_ms, 30000);
	assert_string_equal(c.user_link, "sekisho-link");
	sk_conf_done(&agent_table, &c);
}

static void test_refusals(void **state)
{
	static const char *const wrong[] = {"spool:\n  max_bytes: 1K\n", "spool:\n  max_byte: 1G\n", "link: 3\n", "users:\n  spool: [a]\n"};

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct sk_diag diag = {0};
		struct agent_config c;

		assert_int_equal(sk_conf_parse(&agent_table, wrong[i], strlen(wrong[i]), &c, &diag), SK_BAD);
		assert_true(diag.line > 0 && diag.text[0]);
	}
}

SK_TEST_MAIN(cmocka_unit_test(test_table), cmocka_unit_test(test_defaults), cmocka_unit_test(test_refusals))
