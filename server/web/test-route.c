// SPDX-License-Identifier: GPL-3.0-or-later
/* The table of addresses: what fits, what does not, and that every action is kept behind a permission or one's own account. */
#include "web/route.h"

#include <string.h>

#include "support/harness.h"

#include "base/error.h"
#include "web/guard.h"

static void test_find(void **state)
{
	const struct sk_route *route;
	char id[256];

	assert_int_equal(sk_route_find("/events", false, &route, id, sizeof id), 0);
	assert_int_equal(sk_route_find("/events/live", false, &route, id, sizeof id), 0);
	assert_string_equal(route->path, "/events/live");
	assert_int_equal(sk_route_find("/events/a%2F1%2F0%2F2", false, &route, id, sizeof id), 0);
	assert_string_equal(id, "a/1/0/2");
	assert_int_equal(sk_route_find("/requests/r-1/decide", true, &route, id, sizeof id), 0);
	assert_string_equal(id, "r-1");
	assert_int_equal(sk_route_find("/requests/r-1/decide", false, &route, id, sizeof id), SK_DENIED);
	assert_int_equal(sk_route_find("/requests//decide", true, &route, id, sizeof id), SK_NONE);
	assert_int_equal(sk_route_find("/events/a/b", false, &route, id, sizeof id), SK_NONE);
	assert_int_equal(sk_route_find("/events/%00", false, &route, id, sizeof id), SK_NONE);
	assert_int_equal(sk_route_find("/events/%0a", false, &route, id, sizeof id), SK_NONE);
	assert_int_equal(sk_route_find("/events/%4", false, &route, id, sizeof id), SK_NONE);
	assert_int_equal(sk_route_find("/events/", false, &route, id, sizeof id), SK_NONE);
	assert_int_equal(sk_route_find("events", false, &route, id, sizeof id), SK_NONE);
}

static void test_every_row(void **state)
{
	for (size_t i = 0; i < sk_route_count; i++) {
		const struct sk_route *r = &sk_routes[i];

		assert_true(r->path[0] == '/' && r->handler);
		assert_true(!r->post || r->verb != SK_VERB_READ || r->flags & (SK_ROUTE_OWN | SK_ROUTE_OPEN));
		assert_true(r->page || r->post || r->flags & (SK_ROUTE_STREAM | SK_ROUTE_FILE));
		/* without sign-in: the sign-in, and nothing else */
		assert_true(!(r->flags & SK_ROUTE_OPEN) || strcmp(r->path, "/sign-in") == 0);
		/* a token makes no people and no other tokens */
		if (r->post && (r->object == SK_OBJECT_USER || strncmp(r->path, "/account/", 9) == 0))
			assert_true(r->flags & SK_ROUTE_BROWSER);
	}
}

static void test_hosts(void **state)
{
	static const char *const good[] = {"127.0.0.1", "127.0.0.1:8080", "localhost:8080", "[::1]:8080", "LOCALHOST"}, *const bad[] = {
		"", "evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "evil.example/127.0.0.1", "[::2]:8080", "localhos"};
	struct sk_web web = {0};
	char name[] = "sekisho.fab.example";

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(sk_guard_host(&web, good[i]));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(sk_guard_host(&web, bad[i]));
	assert_false(sk_guard_host(&web, "sekisho.fab.example:8443"));
	web.host = name;
	assert_true(sk_guard_host(&web, "sekisho.fab.example:8443"));
}

static void test_tries(void **state)
{
	struct sk_tries *tries;

	assert_int_equal(sk_tries_new(&tries), 0);
	for (int i = 0; i < SK_TRIES_MAX; i++)
		assert_true(sk_tries_count(tries, "10.0.0.1", 1000000));
	assert_false(sk_tries_count(tries, "10.0.0.1", 1000000));
	assert_true(sk_tries_count(tries, "10.0.0.2", 1000000));
	assert_true(sk_tries_count(tries, "10.0.0.1", 1000000 + SK_TRIES_WINDOW_MS + 1));
	sk_tries_free(tries);
}

SK_TEST_MAIN(cmocka_unit_test(test_find), cmocka_unit_test(test_every_row), cmocka_unit_test(test_hosts), cmocka_unit_test(test_tries))
