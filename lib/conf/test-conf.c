// SPDX-License-Identifier: GPL-3.0-or-later
/* The engine over a table with every kind: values, places of errors, bounds, cuts at every byte, failed allocations, what is written. */
#include "support/harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "conf/node.h"
#include "conf/sample.h"

static const char full[] = "# everything\n"
			   "listen: '0.0.0.0:1'\n"
			   "level: high\n"
			   "strict: false\n"
			   "port: 99\n"
			   "spool:\n"
			   "  cap: 64M\n"
			   "  keep: 90s\n"
			   "since: 2026-11-23T10:20:30Z\n"
			   "folder: /var/lib/sekisho\n"
			   "users: {spool: 61100}\n"
			   "id: 00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF\n"
			   "hosts: [x, \"関所\"]\n"
			   "mounts: [/, /opt]\n"
			   "labels: {bay: A1, line: \"2\\n\"}\n"
			   "parts:\n"
			   "  - name: one\n"
			   "    sha256: \"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\"\n"
			   "  - {name: two, sha256: 0000000000000000000000000000000000000000000000000000000000000000, size: 9007199254740991}\n"
			   "a: {b: {c: 3}}\n";

static int parse(const char *text, struct sample *sample, struct sk_diag *diag)
{
	*diag = (struct sk_diag){0};
	return sk_conf_parse(&sample_table, text, strlen(text), sample, diag);
}

static void test_defaults(void **state)
{
	static const char *const empty[] = {"", "# nothing\n", "---\n", "{}", "\n\n", "spool:\n  # cap: 1M\n"};
	struct sk_diag diag;
	struct sample s;

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(empty); i++) {
		assert_int_equal(parse(empty[i], &s, &diag), 0);
		assert_string_equal(s.listen, "127.0.0.1:8443");
		assert_int_equal(s.level, 1);
		assert_true(s.strict);
		assert_int_equal(s.cap, 512 << 20);
		assert_int_equal(s.keep, 7 * 86400000);
		assert_string_equal(s.spool_user, "sekisho-spool");
		assert_int_equal(s.hosts.count, 2);
		assert_string_equal(s.hosts.items[1], "b");
		assert_null(s.folder);
		assert_int_equal(s.parts.count, 0);
		sk_conf_done(&sample_table, &s);
	}
}

static void test_values(void **state)
{
	struct sk_diag diag;
	struct sample s;
	const struct sample_part *parts;

	(void)state;
	assert_int_equal(parse(full, &s, &diag), 0);
	assert_string_equal(s.listen, "0.0.0.0:1");
	assert_int_equal(s.level, 2);
	assert_false(s.strict);
	assert_int_equal(s.port, 99);
	assert_int_equal(s.cap, 64 << 20);
	assert_int_equal(s.keep, 90000);
	assert_int_equal(s.since, 1795429230);
	assert_string_equal(s.folder, "/var/lib/sekisho");
	assert_string_equal(s.spool_user, "61100");
	assert_int_equal(s.id[31], 0xff);
	assert_int_equal(s.hosts.count, 2);
	assert_string_equal(s.hosts.items[1], "関所");
	assert_string_equal(s.mounts.items[1], "/opt");
	assert_int_equal(s.labels.count, 2);
	assert_string_equal(s.labels.items[1].key, "line");
	assert_string_equal(s.labels.items[1].value, "2\n");
	assert_int_equal(s.parts.count, 2);
	parts = s.parts.items;
	assert_string_equal(parts[1].name, "two");
	assert_int_equal(parts[1].size, 9007199254740991);
	assert_int_equal(s.deep, 3);
	sk_conf_done(&sample_table, &s);
}

/* Each bad text with the place and a piece of the sentence. */
static const struct {
	const char *text, *wanted;
} wrong[] = {
	{"lisen: x\n", "sample.yaml:1:8: lisen: there is no such key; did you mean \"listen\"?"},
	{"port: 1\nspool:\n  cup: 1\n", "sample.yaml:3:8: spool.cup: there is no such key; did you mean \"cap\"?"},
	{"quite_other: 1\n", "sample.yaml:1:14: quite_other: there is no such key"},
	{"spool.cap: 64M\n", "spool.cap: there is no such key"},
	{"port: eighty\n", "sample.yaml:1:7: port: expected a whole number from 1 to 65535, found \"eighty\""},
	{"port: 0\n", "port: expected a whole number from 1 to 65535, found \"0\""},
	{"port: 65536\n", "port: expected"},
	{"port: '80'\n", "port: expected"},
	{"port: -1\n", "port: expected"},
	{"port: 0x50\n", "port: expected"},
	{"port: [80]\n", "sample.yaml:1:7: port: expected a whole number from 1 to 65535, found a list"},
	{"port:\n", "port: has no value"},
	{"port: ~\n", "port: has no value"},
	{"port: 80\nport: 81\n", "sample.yaml:2:1: the key \"port\" is given twice"},
	{"spool: {cap: 2M, cap: 3M}\n", "sample.yaml:1:18: the key \"cap\" is given twice"},
	{"level: highest\n", "level: expected one of low, middle, high, found \"highest\""},
	{"strict: yes\n", "strict: expected true or false, found \"yes\""},
	{"spool: {cap: 1K}\n", "spool.cap: expected a size from 1M to 1024G"},
	{"spool: {keep: 10}\n", "spool.keep: expected a time"},
	{"spool: 5\n", "sample.yaml:1:8: spool: expected a mapping"},
	{"since: 2026-02-30\n", "since: expected a UTC time"},
	{"folder: var\n", "folder: \"var\" is not an absolute path"},
	{"folder: /var/../etc\n", "folder: \"/var/../etc\" is not an absolute path"},
	{"users: {spool: \"a b\"}\n", "users.spool: \"a b\" is not a user name or number"},
	{"id: abc\n", "id: expected SHA-256 as 64 hex digits"},
	{"hosts: x\n", "hosts: expected a list of at most 4 texts"},
	{"hosts: [a, b, c, d, e]\n", "hosts: expected a list of at most 4 texts"},
	{"hosts: [a, [b]]\n", "sample.yaml:1:12: hosts[1]: expected a text"},
	{"hosts: [a, \"a\\u0007\"]\n", "hosts[1]: expected text"},
	{"hosts: [\"a\\N\"]\n", "hosts[0]: expected text"},
	{"hosts: [\"\\u009b2J\"]\n", "hosts[0]: expected text"},
	{"hosts: [\"a\\L\"]\n", "hosts[0]: expected text"},
	{"hosts: [\"a\\uFEFF\"]\n", "hosts[0]: expected text"},
	{"hosts: [\"a\\uFFFF\"]\n", "hosts[0]: expected text"},
	{"mounts: [/, opt]\n", "mounts[1]: \"opt\" is not an absolute path"},
	{"labels: {\"a b\": x}\n", "labels.a b: a key here is"},
	{"labels: {a: 1, b: 2, c: 3, d: 4}\n", "labels: expected a mapping of at most 3 keys"},
	{"parts: [{name: a}]\n", "sample.yaml:1:9: parts[0].sha256: is required"},
	{"parts:\n  - {name: a, sha256: \"00\"}\n", "sample.yaml:2:23: parts[0].sha256: expected SHA-256"},
	{"parts: [7]\n", "parts[0]: expected a mapping"},
	{"- a\n", "sample.yaml:1:1: expected a mapping of keys to values"},
	{"just a text\n", "sample.yaml:1:1: expected a mapping of keys to values"},
	{"a: &x 1\n", "sample.yaml:1:4: anchors (&name) are not taken here"},
	{"port: *x\n", "sample.yaml:1:7: aliases (*name) are not taken here"},
	{"port: !!int 8\n", "sample.yaml:1:7: tags (!name) are not taken here"},
	{"port: 1\n---\nport: 2\n", "sample.yaml:2:1: one document alone is taken"},
	{"<<: {port: 1}\n", "<<: there is no such key"},
	{"? [a]\n: b\n", "a key is a plain word here"},
	{"a: [[[[[[[[[[[[[[1]]]]]]]]]]]]]]\n", "sample.yaml:1:15: nested too deeply"},
	{"listen: \"a\\0b\"\n", "sample.yaml:1:9: a zero byte"},
	{"port: 1\nlisten: \xff\n", "sample.yaml:2:9: not UTF-8"},
	{"listen: \"unfinished\n", "found unexpected end of stream"},
	{"port: 1\n\tlisten: x\n", "sample.yaml:2:1: "},
};

static void test_wrong(void **state)
{
	char text[640];
	struct sk_diag diag;
	struct sample s;

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(wrong); i++) {
		assert_int_equal(parse(wrong[i].text, &s, &diag), SK_BAD);
		sk_diag_format(&diag, text, sizeof text);
		if (!strstr(text, wrong[i].wanted))
			fail_msg("%s: wanted \"%s\", got \"%s\"", wrong[i].text, wrong[i].wanted, text);
		assert_true(diag.line > 0);
		for (size_t n = 0; n < sizeof s; n++)
			assert_int_equal(((const char *)&s)[n], 0);
	}
}

/* Cut at every byte it is a shorter text or an error with a place. */
static void test_cut(void **state)
{
	unsigned good = 0, bad = 0;

	(void)state;
	for (size_t i = 0; i < sizeof full - 1; i++) {
		struct sk_diag diag = {0};
		struct sample s;
		int r = sk_conf_parse(&sample_table, full, i, &s, &diag);

		assert_true(r == 0 || (r == SK_BAD && diag.line > 0 && diag.text[0]));
		good += r == 0;
		bad += r != 0;
		sk_conf_done(&sample_table, &s);
	}
	assert_true(good > 50 && bad > 50);
}

static void test_size(void **state)
{
	char *text = sk_malloc(SK_CONF_MAX + 2);
	struct sk_diag diag = {0};
	struct sample s;

	(void)state;
	memset(text, '\n', SK_CONF_MAX + 1);
	assert_int_equal(sk_conf_parse(&sample_table, text, SK_CONF_MAX + 1, &s, &diag), SK_BAD);
	assert_int_equal(sk_conf_parse(&sample_table, text, 1000, &s, &diag), 0);
	sk_conf_done(&sample_table, &s);
	memcpy(text, "listen: ", 8);
	memset(text + 8, 'a', SK_CONF_TEXT_MAX + 1);
	assert_int_equal(sk_conf_parse(&sample_table, text, 8 + SK_CONF_TEXT_MAX + 1, &s, &diag), SK_BAD);
	assert_string_equal(diag.text, "this text is too long");
	text[0] = '[';
	for (size_t i = 1; i < SK_CONF_MAX; i += 2)
		memcpy(text + i, "a,", 2);
	assert_int_equal(sk_conf_parse(&sample_table, text, SK_CONF_MAX, &s, &diag), SK_BAD);
	assert_string_equal(diag.text, "too many keys and values in one document");
	free(text);
}

static void test_load(void **state)
{
	char path[256];
	struct sk_diag diag = {0};
	struct sample s;

	(void)state;
	snprintf(path, sizeof path, "%s/sample.yaml", sk_test_dir());
	assert_int_equal(sk_conf_load(&sample_table, path, false, &s, &diag), SK_NONE);
	assert_string_equal(diag.text, "No such file or directory");
	assert_int_equal(sk_conf_load(&sample_table, path, true, &s, &diag), 0);
	assert_int_equal(s.port, 8080);
	sk_conf_done(&sample_table, &s);
	sk_test_write(path, full, sizeof full - 1);
	assert_int_equal(sk_conf_load(&sample_table, path, false, &s, &diag), 0);
	assert_int_equal(s.port, 99);
	sk_conf_done(&sample_table, &s);
	assert_int_equal(sk_conf_load(&sample_table, "/tmp", false, &s, &diag), SK_NONE);
	sk_test_write(path, "port: x\n", 8);
	assert_int_equal(sk_conf_load(&sample_table, path, false, &s, &diag), SK_BAD);
	assert_string_equal(diag.source, path);
}

static void write_json(const struct sample *s, struct sk_buf *json, struct sk_buf *yaml)
{
	_cleanup_arena_ struct sk_arena *arena = NULL;
	struct sk_node *root;

	assert_int_equal(sk_arena_new(&arena), 0);
	assert_int_equal(sk_node_from_object(arena, &sample_table, s, true, &root), 0);
	assert_int_equal(sk_node_json(root, json), 0);
	assert_int_equal(sk_node_from_object(arena, &sample_table, s, false, &root), 0);
	assert_int_equal(sk_node_yaml(root, yaml), 0);
}

static void test_canonical(void **state)
{
	static const char wanted[] =
		"{\"a\":{\"b\":{\"c\":3}},\"folder\":\"/var/lib/sekisho\",\"hosts\":[\"x\",\"関所\"],"
		"\"id\":\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\",\"labels\":{\"bay\":\"A1\",\"line\":\"2\\n\"},"
		"\"level\":\"high\",\"listen\":\"0.0.0.0:1\",\"mounts\":[\"/\",\"/opt\"],\"parts\":[{\"name\":\"one\",\"sha256\":"
		"\"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\",\"size\":0},{\"name\":\"two\",\"sha256\":"
		"\"0000000000000000000000000000000000000000000000000000000000000000\",\"size\":9007199254740991}],\"port\":99,"
		"\"since\":\"2026-11-23T10:20:30Z\",\"spool\":{\"cap\":67108864,\"keep\":90000},\"strict\":false,"
		"\"users\":{\"spool\":\"61100\"}}";
	_cleanup_buf_ struct sk_buf json = SK_BUF(65536), yaml = SK_BUF(65536), again = SK_BUF(65536), rest = SK_BUF(65536);
	struct sk_diag diag;
	struct sample s;

	(void)state;
	assert_int_equal(parse(full, &s, &diag), 0);
	write_json(&s, &json, &yaml);
	assert_string_equal(json.data, wanted);
	sk_conf_done(&sample_table, &s);
	assert_int_equal(sk_conf_parse(&sample_table, yaml.data, yaml.size, &s, &diag), 0);
	write_json(&s, &again, &rest);
	assert_string_equal(again.data, wanted);
	assert_string_equal(rest.data, yaml.data);
	sk_conf_done(&sample_table, &s);
}

/* An empty list where the default is another one stays empty when it is written and read again. */
static void test_empty_is_not_absent(void **state)
{
	_cleanup_buf_ struct sk_buf json = SK_BUF(65536), yaml = SK_BUF(65536);
	struct sk_diag diag;
	struct sample s;

	(void)state;
	assert_int_equal(parse("hosts: []\n", &s, &diag), 0);
	assert_int_equal(s.hosts.count, 0);
	write_json(&s, &json, &yaml);
	sk_conf_done(&sample_table, &s);
	assert_int_equal(sk_conf_parse(&sample_table, yaml.data, yaml.size, &s, &diag), 0);
	assert_int_equal(s.hosts.count, 0);
	sk_conf_done(&sample_table, &s);
}

static int parse_and_write(void)
{
	_cleanup_buf_ struct sk_buf json = SK_BUF(65536);
	_cleanup_arena_ struct sk_arena *arena = NULL;
	struct sk_diag diag = {0};
	struct sk_node *root;
	struct sample s;
	int r = sk_conf_parse(&sample_table, full, sizeof full - 1, &s, &diag);

	if (r == 0)
		r = sk_arena_new(&arena);
	if (r == 0)
		r = sk_node_from_object(arena, &sample_table, &s, true, &root);
	if (r == 0)
		r = sk_node_json(root, &json);
	sk_conf_done(&sample_table, &s);
	return r;
}

static void test_allocation_failure(void **state)
{
	unsigned long n = 1;
	int r;

	(void)state;
	do {
		sk_alloc_fail_at(n);
		r = parse_and_write();
		assert_true(r == 0 || r == -ENOMEM);
	} while (sk_alloc_count() >= n++ && n < 1000);
	sk_alloc_fail_at(0);
	assert_int_equal(r, 0);
	assert_true(n > 30);
}

static void test_help(void **state)
{
	_cleanup_buf_ struct sk_buf en = SK_BUF(65536), ja = SK_BUF(65536), man = SK_BUF(65536), example = SK_BUF(65536);
	struct sk_diag diag;
	struct sample s;

	(void)state;
	assert_int_equal(sk_conf_help(&sample_table, false, &en), 0);
	assert_int_equal(sk_conf_help(&sample_table, true, &ja), 0);
	assert_int_equal(sk_conf_manual(&sample_table, "sample.yaml", &man), 0);
	assert_int_equal(sk_conf_example(&sample_table, false, &example), 0);
	for (const struct sk_setting *row = sample_rows; row->key; row++) {
		assert_non_null(strstr(en.data, row->key));
		assert_non_null(strstr(en.data, row->en));
		assert_non_null(strstr(ja.data, row->ja));
		assert_non_null(strstr(man.data, row->key));
		assert_non_null(strstr(example.data, row->en));
	}
	assert_non_null(strstr(en.data, "parts[].sha256"));
	assert_non_null(strstr(en.data, "a size from 1M to 1024G, such as 64K, 512M, 2G; default 512M"));
	/* As shipped the example says nothing; with its settings uncommented it says the defaults. */
	assert_int_equal(sk_conf_parse(&sample_table, example.data, example.size, &s, &diag), 0);
	sk_conf_done(&sample_table, &s);
}

static void test_table_check(void **state)
{
	struct sk_setting rows[] = {{"port", SK_KIND_INT, SK_AT(struct sample, port), .fallback = "8", .en = "P", .ja = "P"}, {0}};
	struct sk_table table = {"t", sizeof(struct sample), rows, "T", "T"};
	struct sk_diag diag = {0};

	(void)state;
	assert_int_equal(sk_table_check(&sample_table, &diag), 0);
	assert_int_equal(sk_table_check(&table, &diag), 0);
	rows[0].fallback = "eight";
	assert_int_equal(sk_table_check(&table, &diag), SK_BAD);
	rows[0].fallback = "8";
	rows[0].kind = SK_KIND_ENUM;
	assert_int_equal(sk_table_check(&table, &diag), SK_BAD);
	rows[0].kind = SK_KIND_INT;
	rows[0].ja = NULL;
	assert_int_equal(sk_table_check(&table, &diag), SK_BAD);
}

static void test_users(void **state)
{
	uid_t uid;
	gid_t gid;

	(void)state;
	assert_int_equal(sk_conf_user("root", &uid, &gid), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(sk_conf_user("61100", &uid, &gid), 0);
	assert_int_equal(uid, 61100);
	assert_int_equal(gid, 61100);
	assert_int_equal(sk_conf_user("sekisho-nobody-has-this", &uid, &gid), SK_NONE);
}

static void test_times(void **state)
{
	static const char *const bad[] = {"",		   "2026",		   "2026-13-01",	   "2026-02-29",	   "2026-01-01T24:00:00Z",
					  "2026-01-01T00:00:60Z", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "1969-12-31", "2026-01-01T00:00:00ZZ",
					  "+026-01-01"};
	char text[21];
	int64_t t;

	(void)state;
	assert_int_equal(sk_time_parse("1970-01-01", &t), 0);
	assert_int_equal(t, 0);
	assert_int_equal(sk_time_parse("2028-02-29T23:59:59Z", &t), 0);
	assert_string_equal(sk_time_text(t, text), "2028-02-29T23:59:59Z");
	assert_int_equal(sk_time_parse("9999-12-31T23:59:59Z", &t), 0);
	assert_string_equal(sk_time_text(t, text), "9999-12-31T23:59:59Z");
	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++)
		assert_int_equal(sk_time_parse(bad[i], &t), SK_BAD);
}

SK_TEST_MAIN(cmocka_unit_test(test_defaults), cmocka_unit_test(test_values), cmocka_unit_test(test_wrong), cmocka_unit_test(test_cut),
	     cmocka_unit_test(test_size), cmocka_unit_test(test_load), cmocka_unit_test(test_canonical), cmocka_unit_test(test_empty_is_not_absent),
	     cmocka_unit_test(test_allocation_failure), cmocka_unit_test(test_help), cmocka_unit_test(test_table_check),
	     cmocka_unit_test(test_users), cmocka_unit_test(test_times))
