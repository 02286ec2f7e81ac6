// SPDX-License-Identifier: GPL-3.0-or-later
/* The part "gateway": drafts, their canonical form, what is refused and where; message lines as data. */
#include "support/harness.h"

#include <stdio.h>
#include <string.h>

#include "policy/fixture-keys.h"
#include "policy/line.h"

static const char draft[] =
	"part: gateway\nserial: 3\nnot_before: 2026-11-01\nexpires: 2027-11-01\n"
	"gateway:\n"
	"  pairs:\n    - {name: bay-1, a: enp1s0, b: enp2s0}\n"
	"  zones:\n"
	"    - {name: tools, addresses: [10.20.0.0/24, \"fd00:20::/64\"], vlans: [\"20\", 100-199]}\n"
	"    - {name: mes, addresses: [10.10.0.5]}\n"
	"  assets:\n    - {name: etch-01, address: 10.20.0.7, type: ETCH-9}\n"
	"  conduits:\n"
	"    - name: mes to tools\n      from: mes\n      to: tools\n      ports: [tcp/5000-5010]\n      protocols: [hsms]\n      action: inspect\n"
	"      mode: enforce\n      failure: closed\n      answer: native\n      lines:\n"
	"        - host may S2F41 with RCMD START, STOP, PP-SELECT\n"
	"        - S2F15 never\n"
	"        - S7F3 only while maintenance and recipe released\n"
	"        - S7F6 never leaves\n"
	"        - equipment may report\n"
	"    - {name: none, from: any, to: tools, action: drop, mode: enforce}\n"
	"  otherwise: {action: switch, mode: observe}\n"
	"  frames: {lldp: drop}\n"
	"  recipes:\n    - {type: ETCH-9, ppid: OXIDE/7, sha256: 00000000000000000000000000000000000000000000000000000000000000aa}\n"
	"  rules: [et/open.rules]\n"
	"  capture: {keep: none, before: 0}\n"
	"  isolation:\n    - {name: bay, zones: [tools], conduits: [none]}\n";

static void parse(const char *text, struct sk_policy *policy)
{
	struct sk_diag diag = {0};

	if (sk_policy_parse_draft(text, strlen(text), policy, &diag) != 0)
		fail_msg("%s: %s", diag.path, diag.text);
}

static void test_table(void **state)
{
	struct sk_diag diag = {0};

	(void)state;
	if (sk_table_check(&sk_gateway_policy_table, &diag) != 0)
		fail_msg("%s: %s", diag.path, diag.text);
}

static void test_values(void **state)
{
	_cleanup_policy_ struct sk_policy policy;
	const struct sk_conduit *conduits;

	(void)state;
	parse(draft, &policy);
	conduits = policy.gateway.conduits.items;
	assert_int_equal(policy.part, SK_PART_GATEWAY);
	assert_int_equal(policy.gateway.zones.count, 2);
	assert_int_equal(conduits[0].action, SK_FLOW_INSPECT);
	assert_int_equal(conduits[0].answer, SK_ANSWER_NATIVE);
	assert_int_equal(conduits[0].lines.count, 5);
	assert_int_equal(conduits[1].failure, SK_FAIL_OPEN);
	assert_int_equal(policy.gateway.frames[SK_FRAME_LLDP], SK_FRAME_DROP);
	assert_int_equal(policy.gateway.frames[SK_FRAME_PTP], SK_FRAME_PASS);
	assert_int_equal(policy.gateway.capture_before, 0);
	assert_int_equal(policy.gateway.capture_after, 20);
}

/* Draft, payload, draft, payload: the same bytes. */
static void test_round_trip(void **state)
{
	_cleanup_buf_ struct sk_buf first = SK_BUF(1 << 20), second = SK_BUF(1 << 20), yaml = SK_BUF(1 << 20);
	_cleanup_policy_ struct sk_policy policy, back, again;
	enum sk_refusal refusal;
	struct sk_diag diag = {0};

	(void)state;
	parse(draft, &policy);
	assert_int_equal(sk_policy_write_payload(&policy, &first), 0);
	if (sk_policy_read_payload(first.data, first.size, &back, &refusal, &diag) != 0)
		fail_msg("%s: %s", diag.path, diag.text);
	assert_int_equal(sk_policy_write_draft(&back, &yaml), 0);
	assert_int_equal(sk_buf_append_char(&yaml, '\0'), 0);
	parse(yaml.data, &again);
	assert_int_equal(sk_policy_write_payload(&again, &second), 0);
	assert_int_equal(first.size, second.size);
	assert_memory_equal(first.data, second.data, first.size);
}

static void test_signed(void **state)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	_cleanup_policy_ struct sk_policy policy;
	struct sk_policy_question question = {.trust = &trust, .when = fx_now, .part = SK_PART_GATEWAY, .place = fx_place};
	struct sk_policy_answer answer;

	(void)state;
	parse(draft, &policy);
	assert_int_equal(sk_policy_sign(&policy, site, NULL, &envelope, NULL), 0);
	assert_int_equal(sk_envelope_write(envelope, &text), 0);
	assert_int_equal(sk_policy_verify(&question, text.data, text.size, &answer), 0);
	assert_int_equal(answer.policy.gateway.conduits.count, 2);
	sk_policy_answer_done(&answer);
	question.part = SK_PART_LOCKDOWN; /* it is for a gateway, not for who guards programs */
	assert_int_equal(sk_policy_verify(&question, text.data, text.size, &answer), SK_DENIED);
	assert_int_equal(answer.refusal, SK_REFUSED_PART);
	sk_policy_answer_done(&answer);
}

/* `with` takes the place of `what` in the draft: it must be refused at `path`. */
static void test_refused(void **state)
{
	static const struct {
		const char *what, *with, *path, *text;
	} cases[] = {
		{"10.10.0.5", "10.10.0.500", "gateway.zones[1].addresses[0]", "is no address"},
		{"10.20.0.0/24", "10.20.0.1/24", "gateway.zones[0].addresses[0]", "bits behind the prefix"},
		{"\"20\"", "\"0\"", "gateway.zones[0].vlans[0]", "no VLAN"},
		{"100-199", "199-100", "gateway.zones[0].vlans[1]", "no VLAN"},
		{"name: mes,", "name: tools,", "gateway.zones[1].name", "twice"},
		{"name: mes,", "name: any,", "gateway.zones[1].name", "every zone"},
		{"      from: mes", "      from: mess", "gateway.conduits[0].from", "no zone"},
		{"to: tools, action: drop", "to: toolz, action: drop", "gateway.conduits[1].to", "no zone"},
		{"tcp/5000-5010", "tcp/5000-70000", "gateway.conduits[0].ports[0]", "is not like"},
		{"tcp/5000-5010", "icmp/3", "gateway.conduits[0].ports[0]", "is not like"},
		{"action: inspect", "action: switch", "gateway.conduits[0].lines", "only action: inspect"},
		{"S2F15 never", "S2F15 nevr", "gateway.conduits[0].lines[1]", "column 7: \"nevr\" stands where"},
		{"zones: [tools]", "zones: [bay-7]", "gateway.isolation[0].zones[0]", "no zone"},
		{"conduits: [none]", "conduits: [all]", "gateway.isolation[0].conduits[0]", "no conduit"},
		{"et/open.rules", "../open.rules", "gateway.rules[0]", "no name below"},
		{"address: 10.20.0.7", "address: 10.20.0.0/24", "gateway.assets[0].address", "no address"},
		{"  otherwise: {action: switch, mode: observe}\n", "", "gateway.otherwise.action", "required"},
		{"keep: none", "keep: bodies", "gateway.capture.certificate", "must be given"},
		{"before: 0", "before: 0, certificate: 'a certificate that is none, however long it may be: 0123456789abcdef'", "gateway.capture.certificate", "no certificate"},
		{"part: gateway", "part: lockdown", "gateway", "no such key"},
	};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		const char *at = strstr(draft, cases[i].what);
		struct sk_policy policy;
		struct sk_diag diag = {0};
		char text[4096];

		assert_non_null(at);
		snprintf(text, sizeof text, "%.*s%s%s", (int)(at - draft), draft, cases[i].with, at + strlen(cases[i].what));
		assert_int_equal(sk_policy_parse_draft(text, strlen(text), &policy, &diag), SK_BAD);
		if (strcmp(diag.path, cases[i].path) != 0 || !strstr(diag.text, cases[i].text))
			fail_msg("case %zu: %s: %s", i, diag.path, diag.text);
	}
}

/* A line, and as it is written again. */
static void test_lines(void **state)
{
	static const struct {
		const char *text, *again;
	} cases[] = {
		{"host may S2F41 with RCMD START, STOP, PP-SELECT", "host may S2F41 with rcmd \"START\", \"STOP\", \"PP-SELECT\""},
		{"S2F15 never", "S2F15 never"},
		{"S7F3 only while maintenance and recipe released", "S7F3 only while maintenance and recipe released"},
		{"S7F3 only recipe released", "S7F3 only recipe released"},
		{"S7F6 never leaves", "equipment S7F6 never"},
		{"Host Engineer Never", "host engineer never"},
		{"S2F* never enters", "host S2F* never"},
		{"anything", "anything"},
		{"S1F1, S1F3 , S1F13", "S1F1, S1F3, S1F13"},
		{"modbus: host may write-single-register with address 100-199 and value 0-500, 900",
		 "modbus: host may write-single-register with address 100-199 and value 0-500, 900"},
		{"S2F41 with rcmd \"GO, REMOTE\"", "S2F41 with rcmd \"GO, REMOTE\""},
		{"S2F41 with rcmd \"7\"", "S2F41 with rcmd \"7\""},
	};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct sk_buf out = SK_BUF(4096), twice = SK_BUF(4096);
		struct sk_line line;
		struct sk_diag diag = {0};

		if (sk_line_parse(cases[i].text, &line, &diag) != 0)
			fail_msg("%s: column %u: %s", cases[i].text, diag.column, diag.text);
		assert_int_equal(sk_line_write(&line, &out) | sk_buf_append_char(&out, '\0'), 0);
		assert_string_equal(out.data, cases[i].again);
		assert_int_equal(sk_line_parse(out.data, &line, &diag), 0);
		assert_int_equal(sk_line_write(&line, &twice) | sk_buf_append_char(&twice, '\0'), 0);
		assert_string_equal(twice.data, out.data);
	}
}

static void test_wrong_lines(void **state)
{
	static const struct {
		const char *text;
		unsigned column;
		const char *why;
	} cases[] = {
		{"", 1, "ends"},
		{"host may", 9, "ends where a message"},
		{"host may never", 10, "where a message"},
		{"S2F41 with", 11, "the name of a field"},
		{"S2F41 with RCMD", 16, "a value"},
		{"S2F41 with RCMD START,", 23, "a value"},
		{"S2F41 with RCMD START and", 26, "the name of a field"},
		{"S2F41 with RCMD \"START", 17, "no end"},
		{"S2F41 with RCMD \"\"", 17, "empty"},
		{"S7F3 only", 10, "while maintenance"},
		{"S7F3 only while asleep", 17, "maintenance"},
		{"S7F3 only recipe unreleased", 18, "released"},
		{"S7F3 sometimes", 6, "never"},
		{"host S7F6 never leaves", 17, "contradicts"},
		{"S7F6 never stays", 12, "leaves"},
		{"host may S2F15 never", 16, "may"},
		{"S2F15 never never", 13, "leaves"},
		{"S2F15,, S2F16", 7, "a message"},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa never", 1, "longer"},
	};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		struct sk_line line;
		struct sk_diag diag = {0};

		assert_int_equal(sk_line_parse(cases[i].text, &line, &diag), SK_BAD);
		if (diag.column != cases[i].column || !strstr(diag.text, cases[i].why))
			fail_msg("%s: column %u: %s", cases[i].text, diag.column, diag.text);
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
SK_TEST_MAIN(CASE(test_table), CASE(test_values), CASE(test_round_trip), CASE(test_signed), CASE(test_refused), CASE(test_lines), CASE(test_wrong_lines))
