// SPDX-License-Identifier: GPL-3.0-or-later
/* Questions to the store: what is taken, what is refused and where, and what an event is compared with. */
#include "support/harness.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "event/event.h"
#include "store/append.h"
#include "store/query.h"

static int read_text(const char *text, bool follow, struct sk_query *query, struct sk_diag *diag)
{
	struct json_object *tree = NULL;
	struct sk_json at;
	int r;

	assert_int_equal(sk_json_parse_object(text, strlen(text), 1 << 20, &tree, diag), 0);
	at = SK_JSON(tree, "QUERY", diag);
	r = sk_query_read(&at, follow, query);
	sk_json_free(tree);
	return r;
}

static void test_reads(void **state)
{
	struct sk_diag diag = {0};
	struct sk_query q;

	(void)state;
	assert_int_equal(read_text("{}", false, &q, &diag), 0);
	assert_int_equal(q.limit, 100);
	assert_false(q.scoped || q.oldest || q.has_after);
	sk_query_done(&q);
	assert_int_equal(read_text("{\"filter\":{\"since\":5,\"until\":9,\"classes\":[1007],\"severities\":[99,1],\"text\":\"A\\\"b\",\"scopes\":[]},"
				   "\"order\":\"oldest\",\"after\":\"7.8.9\",\"limit\":3}",
				   false, &q, &diag),
			 0);
	assert_true(q.since == 5 && q.until == 9 && q.oldest && q.limit == 3 && q.scoped && q.scope_count == 0);
	assert_true(q.after.when == 7 && q.after.stream == 8 && q.after.seq == 9);
	assert_int_equal(q.severities, sk_severity_bit(99) | sk_severity_bit(1));
	assert_string_equal(q.text, "a\\\"b"); /* as it stands in JSON */
	assert_false(sk_query_sees(&q, "any", "where"));
	sk_query_done(&q);
}

static void test_refuses(void **state)
{
	static const struct {
		const char *text, *path;
	} wrong[] = {
		{"{\"x\":1}", "QUERY.x"},
		{"{\"limit\":0}", "QUERY.limit"},
		{"{\"limit\":1001}", "QUERY.limit"},
		{"{\"order\":\"up\"}", "QUERY.order"},
		{"{\"after\":\"1.2\"}", "QUERY.after"},
		{"{\"after\":\"1.2.3.4\"}", "QUERY.after"},
		{"{\"after\":\"1.2.99999999999999999999\"}", "QUERY.after"},
		{"{\"filter\":[]}", "QUERY.filter"},
		{"{\"filter\":{\"since\":\"now\"}}", "QUERY.filter.since"},
		{"{\"filter\":{\"classes\":[1,\"a\"]}}", "QUERY.filter.classes[1]"},
		{"{\"filter\":{\"severities\":[7]}}", "QUERY.filter.severities[0]"},
		{"{\"filter\":{\"scopes\":[{\"site\":\"a\"}]}}", "QUERY.filter.scopes[0].org"},
		{"{\"filter\":{\"path\":1}}", "QUERY.filter.path"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct sk_diag diag = {0};
		struct sk_query q;

		assert_int_equal(read_text(wrong[i].text, false, &q, &diag), SK_BAD);
		assert_string_equal(diag.path, wrong[i].path);
		sk_query_done(&q);
	}
}

static void test_lists_are_bounded(void **state)
{
	struct sk_buf text = SK_BUF(4096);
	struct sk_diag diag = {0};
	struct sk_query q;

	(void)state;
	sk_buf_append_str(&text, "{\"filter\":{\"endpoints\":[\"a\"");
	for (int i = 0; i < SK_STORE_LIST_MAX; i++)
		sk_buf_append_str(&text, ",\"a\"");
	sk_buf_append_str(&text, "]}}");
	assert_int_equal(read_text(text.data, false, &q, &diag), SK_BAD);
	sk_query_done(&q);
	sk_buf_done(&text);
}

static bool matches(const char *question, const char *line)
{
	struct sk_event_columns columns;
	struct sk_diag diag = {0};
	struct sk_query q;
	bool yes;

	assert_int_equal(read_text(question, false, &q, &diag), 0);
	assert_int_equal(sk_event_scan(line, strlen(line), &columns, &diag), 0);
	yes = sk_query_matches(&q, line, strlen(line), &columns);
	sk_query_done(&q);
	return yes;
}

static void test_matches(void **state)
{
	static const char line[] = "{\"class_uid\":1007,\"severity_id\":3,\"time\":1,\"message\":\"C:\\\\Tool said \\\"no\\\"\",\"process\":{\"file\":{\"path\":"
				   "\"/opt/\\u0074ool/a\"}},\"actor\":{\"process\":{\"file\":{\"path\":\"/bin/bash\"}}}}";

	(void)state;
	assert_true(matches("{}", line));
	assert_true(matches("{\"filter\":{\"path\":\"/opt/tool\"}}", line)); /* as it is meant, not as it is written */
	assert_true(matches("{\"filter\":{\"path\":\"bash\"}}", line));
	assert_false(matches("{\"filter\":{\"path\":\"BASH\"}}", line));
	assert_true(matches("{\"filter\":{\"text\":\"c:\\\\tool SAID \\\"NO\\\"\"}}", line));
	assert_false(matches("{\"filter\":{\"text\":\"yes\"}}", line));
	assert_true(matches("{\"filter\":{\"classes\":[1,1007],\"severities\":[3]}}", line));
	assert_false(matches("{\"filter\":{\"classes\":[1]}}", line));
	assert_false(matches("{\"filter\":{\"severities\":[4]}}", line));
}

SK_TEST_MAIN(cmocka_unit_test(test_reads), cmocka_unit_test(test_refuses), cmocka_unit_test(test_lists_are_bounded), cmocka_unit_test(test_matches))
