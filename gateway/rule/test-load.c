// SPDX-License-Identifier: GPL-3.0-or-later
/* The loader: what it joins, skips and counts; what it refuses, and by which name. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "rule/report.h"
#include "rule/try.h"
#include "support/harness.h"

static void test_lines(void **state)
{
	struct try t;

	try_begin(&t, "# a comment\n\n#alert udp any any -> any any (sid:9;)\nalert udp any any -> any any (msg:\"two \\\n  lines\"; \\\n"
		      "content:\"abc\"; sid:1;)\r\n  alert udp any any -> any any (msg:\"b\"; content:\"abd\"; sid:2; rev:3; gid:4; priority:1; classtype:x;)");
	assert_int_equal(t.count.enabled, 2);
	assert_int_equal(t.count.honoured, 2);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "abd", 3), 1);
	assert_int_equal(t.result.alerts[0]->rev, 3);
	assert_int_equal(t.result.alerts[0]->gid, 4);
	assert_int_equal(t.result.alerts[0]->priority, 1);
	assert_int_equal(t.result.alerts[0]->line, 7);
	assert_string_equal(t.result.alerts[0]->classtype, "x");
	try_end(&t);
}

static const struct {
	const char *rule, *named;
} refused[] = {
	{"alert udp any any -> any any (nonsense:1; sid:1;)", "nonsense: the keyword is not known"},
	{"alert udp any any -> any any (content:abc; sid:1;)", "content: its value is not in quotes"},
	{"alert udp any any -> any any (content:\"|0|\"; sid:1;)", "content: empty"},
	{"alert udp any any -> any any (content:\"\"; sid:1;)", "content: empty"},
	{"alert udp any any -> any any (nocase; sid:1;)", "nocase: no content before it"},
	{"alert udp any any -> any any (content:\"abc\"; depth:2; sid:1;)", "depth: less than the content is long"},
	{"alert udp any any -> any any (content:\"abc\"; offset:later; sid:1;)", "offset: not a number"},
	{"alert udp any any -> any any (pcre:\"/(/\"; sid:1;)", "pcre: PCRE at byte 1"},
	{"alert udp any any -> any any (pcre:\"/a/q\"; sid:1;)", "pcre: the flag"},
	{"alert udp any any -> any any (byte_test:9,=,1,0; sid:1;)", "byte_test: more than 8 bytes"},
	{"alert udp any any -> any any (byte_jump:4,0,dce; sid:1;)", "byte_jump: dce"},
	{"alert udp any any -> any any (flow:sideways; sid:1;)", "flow: the word"},
	{"alert udp any any -> any any (flow:to_server,to_client; sid:1;)", "flow: words that contradict"},
	{"alert udp any any -> any any (flowbits:dance,x; sid:1;)", "flowbits: not of the form"},
	{"alert udp any any -> any any (threshold:type limit, count 1; sid:1;)", "threshold: needs type"},
	{"alert udp any any -> any any (no.such; content:\"a\"; sid:1;)", "no.such: needs the buffer no.such"},
	{"alert udp any any -> any any (bsize:3; sid:1;)", ": bsize is about a buffer"},
	{"alert udp any any -> any any (content:\"a\")", ": the last option"},
	{"alert udp any any -> any any (content:\"a\";)", ": it has no sid"},
	{"alert udp any any -> any (sid:1;)", ": the head has not seven words"},
	{"alert udp any any => any any (sid:1;)", ": neither -> nor <>"},
	{"alert xyz any any -> any any (sid:1;)", ": the protocol \"xyz\""},
	{"log udp any any -> any any (sid:1;)", ": the action \"log\""},
	{"alert udp $NOBODY any -> any any (sid:1;)", ": addresses \"$NOBODY\": a variable that nobody has set"},
	{"alert udp 1.2.3.400 any -> any any (sid:1;)", ": addresses \"1.2.3.400\": not an address"},
	{"alert udp any 70000 -> any any (sid:1;)", ": ports \"70000\": not a port"},
	{"alert udp any [80,81 -> any any (sid:1;)", ": the head has not seven words"},
	{"alert udp !any any -> any any (sid:1;)", ": addresses \"!any\": a set that nothing can be in"},
	{"alert tcp any any -> any any (flags:S; http.uri; content:\"a\"; sid:1;)", ": conditions on a packet and on a protocol's"},
};

static void test_refused(void **state)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(refused); i++) {
		struct try t;

		try_begin(&t, refused[i].rule);
		assert_int_equal(t.count.enabled, 1);
		if (t.count.honoured || strncmp(t.named, refused[i].named, strlen(refused[i].named)) != 0)
			fail_msg("%s: \"%s\" in place of \"%s\"", refused[i].rule, t.named, refused[i].named);
		try_end(&t);
	}
}

static const struct {
	const char *head;
	bool there, back; /* matches from the client, and the other way round */
} heads[] = {
	{"192.168.1.10 any -> any any", true, false},
	{"192.168.1.10 40000 -> 10.1.2.3 80", true, false},
	{"10.1.2.3 80 -> 192.168.1.10 any", false, true},
	{"10.1.2.3 80 <> 192.168.1.10 any", true, true},
	{"[192.168.0.0/16,!192.168.1.10] any -> any any", false, false},
	{"[192.168.0.0/16,!192.168.1.11] any -> any any", true, false},
	{"192.168.1.9-192.168.1.11 any -> any any", true, false},
	{"!10.0.0.0/8 any -> any any", true, false},
	{"$HOME_NET any -> $HOME_NET any", true, true},
	{"$EXTERNAL_NET any -> any any", false, false},
	{"any any -> any [79:81,!80]", false, false},
	{"any any -> any 80:", true, true},
	{"any any -> any $HTTP_PORTS", true, false},
	{"any !80 -> any any", true, false},
	{"2001:db8::/32 any -> any any", false, false},
};

static void test_heads(void **state)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(heads); i++) {
		char rule[256];
		struct try t;

		snprintf(rule, sizeof rule, "alert udp %s (content:\"x\"; sid:1;)", heads[i].head);
		try_begin(&t, rule);
		if (t.count.honoured != 1)
			fail_msg("%s: %s", heads[i].head, t.named);
		if (try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "x", 1) != heads[i].there || try_packet(&t, IPPROTO_UDP, GW_TO_CLIENT, "x", 1) != heads[i].back)
			fail_msg("%s: %d %d expected", heads[i].head, heads[i].there, heads[i].back);
		try_end(&t);
	}
}

static void test_double(void **state)
{
	struct try t;

	try_begin(&t, "alert udp any any -> any any (content:\"a\"; sid:1; rev:1;)\nalert udp any any -> any any (content:\"b\"; sid:1; rev:2;)");
	assert_int_equal(t.count.enabled, 2);
	assert_int_equal(t.count.honoured, 1);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "b", 1), 1);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "a", 1), 0);
	try_end(&t);
}

static void test_limits(void **state)
{
	size_t size = 70000;
	char *text = sk_malloc(size + 200);
	struct try t;
	int head = snprintf(text, 200, "alert udp any any -> any any (sid:1; msg:\"");

	memset(text + head, 'x', size);
	snprintf(text + (size_t)head + size, 10, "\";)\n");
	try_begin(&t, text);
	assert_int_equal(t.count.enabled, 1);
	assert_int_equal(t.count.honoured, 0);
	assert_string_equal(t.named, ": the rule is too long");
	try_end(&t);
	free(text);
}

static void test_report(void **state)
{
	char path[300], line[1000];
	const char *files[] = {path};
	struct gw_rules_count count;
	struct sk_diag diag = {0};
	FILE *out = tmpfile();

	snprintf(path, sizeof path, "%s/a.rules", sk_test_dir());
	sk_test_write(path, "\nalert udp any any -> any any (sid:7; foo;)\nalert udp any any -> any any (sid:8; content:\"a\";)\n",
		strlen("\nalert udp any any -> any any (sid:7; foo;)\nalert udp any any -> any any (sid:8; content:\"a\";)\n"));
	assert_int_equal(gw_rules_report(NULL, 0, files, 1, true, out, &count, &diag), 0);
	rewind(out);
	assert_non_null(fgets(line, sizeof line, out));
	assert_non_null(strstr(line, "{\"enabled\":2,\"honoured\":1,\"named\":[{\"file\":\""));
	assert_non_null(strstr(line, "\"line\":2,\"sid\":7,\"keyword\":\"foo\",\"why\":\"the keyword is not known\"}]}"));
	fclose(out);
	files[0] = "/nonexistent/x.rules";
	assert_int_equal(gw_rules_report(NULL, 0, files, 1, true, stdout, &count, &diag), SK_BAD);
}

/* Lists of hosts that overlap, without a literal: found by address, whichever of them holds it. */
static void test_hosts(void **state)
{
	struct try t;

	try_begin(&t, "alert udp [192.168.1.0/24,1.2.3.4] any -> any any (dsize:1; sid:1;)\nalert udp [192.168.1.10,192.168.1.12] any -> any any (dsize:1; sid:2;)\n"
		      "alert udp [192.168.1.9,192.168.1.11] any -> any any (dsize:1; sid:3;)\nalert udp any any -> [10.1.2.3,10.9.9.9] any (dsize:1; sid:4;)\n"
		      "alert udp 192.0.0.0/8 any -> 10.1.2.4 any (dsize:1; sid:5;)\nalert udp 10.1.2.3 any <> 192.168.1.10 any (dsize:1; sid:6;)");
	assert_int_equal(t.count.honoured, 6);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "x", 1), 4);
	assert_true(try_has(&t, 1) && try_has(&t, 2) && try_has(&t, 4) && try_has(&t, 6));
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_CLIENT, "x", 1), 1);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "xx", 2), 0);
	try_end(&t);
}

/* Lines of threshold.config are no rules, and are named where they are not taken. */
static void test_limit_lines(void **state)
{
	static const struct {
		const char *line, *named;
	} lines[] = {
		{"suppress gen_id 1, sig_id 1, track by_src", "suppress: an ip needs"},
		{"rate_filter gen_id 1, sig_id 1, track by_src, count 1, seconds 1, timeout 1", "rate_filter: needs a new action"},
		{"threshold gen_id 1, sig_id 1, type sometimes, track by_src, count 1, seconds 1", "threshold: a word"},
		{"suppress gen_id 1, sig_id 1", "sig_id: no rule with this number"},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(lines); i++) {
		struct try t;

		try_begin(&t, lines[i].line);
		assert_int_equal(t.count.enabled, 0);
		if (strncmp(t.named, lines[i].named, strlen(lines[i].named)) != 0)
			fail_msg("%s: \"%s\"", lines[i].line, t.named);
		try_end(&t);
	}
}

static void write_list(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* Whole buffers looked up in lists; an entry of another type, a list that is not there and whatever would write one are refused. */
static void test_datasets(void **state)
{
	char dir[] = "/tmp/sk-datasets-XXXXXX", path[64], rules[1024];
	struct try t;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/list", dir);
	write_list(path, "ZXZpbC5jb20=\r\n\nZXZpbC5vcmc=,7\n");
	snprintf(rules, sizeof rules,
		"alert dns any any -> any any (dns.query; datarep:a, >, 6, load %s, type string; sid:3;)\nalert dns any any -> any any (dns.query; datarep:a, <, 7, load %s, type string; sid:4;)",
		path, path);
	try_begin(&t, rules);
	assert_int_equal(t.count.honoured, 0); /* its first entry has no value */
	try_end(&t);
	write_list(path, "ZXZpbC5jb20=,6\nZXZpbC5vcmc=,7\n");
	try_begin(&t, rules);
	assert_int_equal(try_buffer(&t, "dns", GW_TO_SERVER, "dns.query", "evil.org", 8), 1);
	assert_true(try_has(&t, 3));
	assert_int_equal(try_buffer(&t, "dns", GW_TO_SERVER, "dns.query", "evil.com", 8), 1);
	assert_true(try_has(&t, 4));
	assert_int_equal(try_buffer(&t, "dns", GW_TO_SERVER, "dns.query", "evil.net", 8), 0);
	try_end(&t);
	write_list(path, "10.1.2.3\n2001:db8::1\n");
	snprintf(rules, sizeof rules, "alert udp any any -> any any (ip.dst; dataset:isset, a, type ip, load %s; sid:1;)\nalert udp any any -> any any (ip.src; dataset:isnotset, a, type ip, load %s; sid:2;)\n"
		"alert dns any any -> any any (dns.query; dataset:set, a, type string; sid:3;)\nalert dns any any -> any any (dns.query; dataset:isset, a, type md5, load %s; sid:4;)\n"
		"alert dns any any -> any any (dns.query; dataset:isset, a, type string, load %s.none; sid:5;)", path, path, path, path);
	try_begin(&t, rules);
	assert_int_equal(t.count.honoured, 2);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "", 0), 2);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_CLIENT, "", 0), 0);
	try_end(&t);
	unlink(path);
	rmdir(dir);
}

SK_TEST_MAIN(cmocka_unit_test(test_hosts), cmocka_unit_test(test_lines), cmocka_unit_test(test_refused), cmocka_unit_test(test_limit_lines), cmocka_unit_test(test_datasets), cmocka_unit_test(test_heads), cmocka_unit_test(test_double),
	cmocka_unit_test(test_limits), cmocka_unit_test(test_report))
