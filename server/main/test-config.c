// SPDX-License-Identifier: GPL-3.0-or-later
/* The table of server.yaml is sound, and says where a setting is wrong. */
#include "support/harness.h"

#include <string.h>

#include "base/error.h"
#include "main/config.h"

static void test_table(void **state)
{
	struct sk_diag diag = {0};

	if (sk_table_check(&server_table, &diag))
		fail_msg("%s: %s", diag.path, diag.text);
	(void)state;
}

static void test_defaults(void **state)
{
	struct server_config c;

	assert_int_equal(sk_conf_parse(&server_table, "", 0, &c, NULL), 0);
	assert_string_equal(c.intake_listen, "0.0.0.0:8443");
	assert_int_equal(c.intake.handshake_ms, 10000);
	assert_int_equal(c.store.max_age_ms, UINT64_C(365) * 86400000);
	assert_int_equal(c.store.max_bytes, 0);
	assert_string_equal(c.user_store, "sekisho-store");
	assert_string_equal(c.web.address, "127.0.0.1:8080");
	assert_int_equal(sk_web_check(&c.web, NULL), 0);
	sk_conf_done(&server_table, &c);
	(void)state;
}

static void test_refusals(void **state)
{
	static const char *const wrong[] = {"store:\n  max_agee: 1d\n", "intake:\n  max_connections: 0\n", "fleet: 3\n",
					    "users:\n  store: [a]\n", "intake:\n  handshake: 1h\n"};

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct sk_diag diag = {0};
		struct server_config c;

		assert_int_equal(sk_conf_parse(&server_table, wrong[i], strlen(wrong[i]), &c, &diag), SK_BAD);
		assert_true(diag.line > 0 && diag.text[0]);
	}
	(void)state;
}

/* The console does not speak without TLS to anybody but this machine. */
static void test_console_needs_tls(void **state)
{
	static const struct {
		const char *text;
		int result;
	} cases[] = {{"web:\n  listen: 0.0.0.0:8080\n", SK_BAD},
		     {"web:\n  listen: 192.168.1.5:8080\n", SK_BAD},
		     {"web:\n  listen: '[::1]:8080'\n", 0},
		     {"web:\n  certificate: /etc/sekisho/c.pem\n", SK_BAD},
		     {"web:\n  listen: 0.0.0.0:8080\n  certificate: /etc/sekisho/c.pem\n  key: /etc/sekisho/k.pem\n", 0}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct sk_diag diag = {0};
		struct server_config c;

		assert_int_equal(sk_conf_parse(&server_table, cases[i].text, strlen(cases[i].text), &c, &diag), 0);
		assert_int_equal(sk_web_check(&c.web, &diag), cases[i].result);
		assert_int_equal(diag.text[0] != 0, cases[i].result != 0);
		sk_conf_done(&server_table, &c);
	}
	(void)state;
}

SK_TEST_MAIN(cmocka_unit_test(test_table), cmocka_unit_test(test_defaults), cmocka_unit_test(test_refusals),
	     cmocka_unit_test(test_console_needs_tls))
