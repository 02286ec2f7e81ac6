// SPDX-License-Identifier: GPL-3.0-or-later
/* Signed policies: the list of refusals, each beside the acceptance it differs from in one thing; cuts and changes at every byte. */
#include "support/harness.h"

#include "policy/fixture-keys.h"

#include <errno.h>

#include "base/text.h"
#include "policy/payload.h"
#include "wire/json.h"

static struct sk_policy_question question(void)
{
	return (struct sk_policy_question){.trust = &trust, .when = fx_now, .place = fx_place};
}

static enum sk_refusal ask(const struct sk_policy_question *q, const struct sk_buf *text)
{
	_cleanup_answer_ struct sk_policy_answer answer;
	int r = sk_policy_verify(q, text->data, text->size, &answer);

	assert_int_equal(r, answer.refusal == SK_ACCEPTED ? 0 : SK_DENIED);
	assert_true(r == 0 || answer.diag.text[0]);
	return answer.refusal;
}

/* A policy of serial 5, good for a year, by a desk delegated for `uses` within the given dates. */
static enum sk_refusal ask_delegated(const struct sk_private *by_site, unsigned uses, int64_t from, int64_t to)
{
	_cleanup_envelope_ struct sk_envelope *delegation = fx_delegate(by_site, desk, uses, 1, from, to);
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);
	const struct sk_policy_question q = question();

	fx_signed(desk, delegation, 5, FX_NOW - FX_DAY, FX_NOW + 365 * FX_DAY, "", &text);
	return ask(&q, &text);
}

static void test_delegations(void **state)
{
	(void)state;
	assert_int_equal(ask_delegated(site, SK_USE_POLICY, FX_NOW - FX_DAY, FX_NOW + FX_DAY), SK_ACCEPTED);
	assert_int_equal(ask_delegated(site, SK_USE_POLICY | SK_USE_RELEASE, FX_NOW - FX_DAY, FX_NOW + FX_DAY), SK_ACCEPTED);
	assert_int_equal(ask_delegated(other_site, SK_USE_POLICY, FX_NOW - FX_DAY, FX_NOW + FX_DAY), SK_REFUSED_DELEGATION);
	assert_int_equal(ask_delegated(site, SK_USE_EXCEPTION, FX_NOW - FX_DAY, FX_NOW + FX_DAY), SK_REFUSED_USE);
	assert_int_equal(ask_delegated(site, SK_USE_POLICY, FX_NOW + 1, FX_NOW + FX_DAY), SK_REFUSED_DELEGATION_NOT_YET);
	assert_int_equal(ask_delegated(site, SK_USE_POLICY, FX_NOW - FX_DAY, FX_NOW), SK_REFUSED_DELEGATION_EXPIRED);
}

static enum sk_refusal ask_policy(const struct sk_policy_question *q, unsigned serial, int64_t from, int64_t to, const char *more)
{
	_cleanup_envelope_ struct sk_envelope *delegation = fx_delegate(site, desk, SK_USE_POLICY, 1, FX_NOW - FX_DAY, FX_NOW + 9 * FX_DAY);
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);

	fx_signed(desk, delegation, serial, from, to, more, &text);
	return ask(q, &text);
}

static void test_serials_and_dates(void **state)
{
	struct sk_policy_question q = question();

	(void)state;
	q.floor = 5;
	assert_int_equal(ask_policy(&q, 6, FX_NOW, FX_NOW + 1, ""), SK_ACCEPTED);
	assert_int_equal(ask_policy(&q, 4, FX_NOW, FX_NOW + 1, ""), SK_REFUSED_OLDER);
	assert_int_equal(ask_policy(&q, 5, FX_NOW, FX_NOW + 1, ""), SK_REFUSED_SAME_SERIAL);
	assert_int_equal(ask_policy(&q, 6, FX_NOW + 1, FX_NOW + 2, ""), SK_REFUSED_NOT_YET);
	assert_int_equal(ask_policy(&q, 6, FX_NOW - 2, FX_NOW, ""), SK_REFUSED_EXPIRED);
}

static void test_same_policy_again(void **state)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);
	_cleanup_answer_ struct sk_policy_answer answer;
	struct sk_policy_question q = question();

	(void)state;
	fx_signed(site, NULL, 5, FX_NOW, FX_NOW + 1, "", &text);
	assert_int_equal(sk_policy_verify(&q, text.data, text.size, &answer), 0);
	q.floor = 5;
	memcpy(q.floor_hash, answer.hash, sizeof q.floor_hash);
	assert_int_equal(ask(&q, &text), SK_ACCEPTED);
}

static void test_labels(void **state)
{
	static const struct {
		const char *labels;
		enum sk_refusal wanted;
	} cases[] = {{"", SK_ACCEPTED},
		     {"labels: {org: [acme]}\n", SK_ACCEPTED},
		     {"labels: {org: [other, acme], host: [pc-7]}\n", SK_ACCEPTED},
		     {"labels: {asset: [\"etch-*\"]}\n", SK_ACCEPTED},
		     {"labels: {asset: [\"*\"]}\n", SK_ACCEPTED},
		     {"labels: {org: [other]}\n", SK_REFUSED_LABEL},
		     {"labels: {org: [acme], site: [kitakami]}\n", SK_REFUSED_LABEL},
		     {"labels: {asset: [\"litho-*\"]}\n", SK_REFUSED_LABEL},
		     {"labels: {host: [pc-77]}\n", SK_REFUSED_LABEL},
		     {"labels: {host: [pc]}\n", SK_REFUSED_LABEL}};
	struct sk_policy_question q = question();

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++)
		assert_int_equal(ask_policy(&q, 6, FX_NOW, FX_NOW + 1, cases[i].labels), cases[i].wanted);
	q.place.host = NULL; /* not known: a policy that names a host is not for us */
	assert_int_equal(ask_policy(&q, 6, FX_NOW, FX_NOW + 1, "labels: {host: [\"*\"]}\n"), SK_REFUSED_LABEL);
	q.part = 7;
	assert_int_equal(ask_policy(&q, 6, FX_NOW, FX_NOW + 1, ""), SK_REFUSED_PART);
}

/* Our clock is known to be wrong: dates are held and told, everything else still binds. */
static void test_wrong_clock(void **state)
{
	_cleanup_envelope_ struct sk_envelope *delegation = fx_delegate(site, desk, SK_USE_POLICY, 1, FX_NOW - FX_DAY, FX_NOW + FX_DAY);
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);
	struct sk_policy_question q = question();
	struct sk_policy_answer answer;

	(void)state;
	q.when = (struct sk_moment){86400, true};
	fx_signed(site, NULL, 5, FX_NOW, FX_NOW + 1, "", &text);
	assert_int_equal(sk_policy_verify(&q, text.data, text.size, &answer), 0);
	assert_int_equal(answer.held, SK_REFUSED_NOT_YET);
	sk_policy_answer_done(&answer);
	fx_signed(desk, delegation, 5, FX_NOW, FX_NOW + 1, "", &text);
	assert_int_equal(sk_policy_verify(&q, text.data, text.size, &answer), 0);
	sk_policy_answer_done(&answer);
	q.floor = 6;
	assert_int_equal(ask(&q, &text), SK_REFUSED_OLDER);
	q.floor = 0;
	fx_signed(thief, NULL, 5, FX_NOW, FX_NOW + 1, "", &text);
	assert_int_equal(ask(&q, &text), SK_REFUSED_DELEGATION);
}

static void test_signatures(void **state)
{
	_cleanup_envelope_ struct sk_envelope *delegation = fx_delegate(site, desk, SK_USE_POLICY, 1, FX_NOW - FX_DAY, FX_NOW + FX_DAY);
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	struct sk_policy_question q = question();
	struct sk_trust nobody;

	(void)state;
	fx_signed(thief, delegation, 5, FX_NOW, FX_NOW + 1, "", &text);
	assert_int_equal(ask(&q, &text), SK_REFUSED_UNKNOWN_KEY);
	fx_signed(desk, delegation, 5, FX_NOW, FX_NOW + 1, "", &text);
	assert_int_equal(ask(&q, &text), SK_ACCEPTED);
	assert_int_equal(sk_envelope_parse(text.data, text.size, &envelope, NULL), 0);
	sk_buf_clear(&text);
	envelope->signatures[0].bytes[5] ^= 1;
	assert_int_equal(sk_envelope_write(envelope, &text), 0);
	assert_int_equal(ask(&q, &text), SK_REFUSED_SIGNATURE);
	sk_buf_clear(&text);
	envelope->signature_count = 0;
	assert_int_equal(sk_envelope_write(envelope, &text), 0);
	assert_int_equal(ask(&q, &text), SK_REFUSED_UNSIGNED);
	sk_trust_init(&nobody, NULL);
	q.trust = &nobody;
	assert_int_equal(ask(&q, &text), SK_REFUSED_NO_SITE_KEY);
	q.trust = &trust;
	sk_buf_clear(&text);
	assert_int_equal(sk_envelope_write(delegation, &text), 0);
	assert_int_equal(ask(&q, &text), SK_REFUSED_TYPE);
}

/* The type is signed: a delegation's signature is not good for the same bytes called a policy. */
static void test_type_is_signed(void **state)
{
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;

	(void)state;
	assert_int_equal(sk_envelope_new(SK_TYPE_DELEGATION, "{}", 2, &envelope), 0);
	assert_int_equal(sk_envelope_sign(envelope, site), 0);
	assert_int_equal(sk_envelope_verify(envelope, sk_private_public(site)), 0);
	snprintf(envelope->type, sizeof envelope->type, "%s", SK_TYPE_POLICY);
	assert_int_equal(sk_envelope_verify(envelope, sk_private_public(site)), SK_DENIED);
}

static void test_revoked(void **state)
{
	_cleanup_envelope_ struct sk_envelope *list = fx_revoke(site, 3, sk_private_public(desk)->id), *older = fx_revoke(site, 2, NULL);
	_cleanup_envelope_ struct sk_envelope *same = fx_revoke(site, 3, NULL), *false_list = fx_revoke(other_site, 9, NULL);
	struct sk_policy_question q = question();
	enum sk_refusal refusal;

	(void)state;
	assert_int_equal(ask_policy(&q, 6, FX_NOW, FX_NOW + 1, ""), SK_ACCEPTED);
	assert_int_equal(sk_trust_revoke(&trust, list, &refusal, NULL), 0);
	assert_int_equal(ask_policy(&q, 6, FX_NOW, FX_NOW + 1, ""), SK_REFUSED_REVOKED);
	assert_string_equal(sk_trust_revoked(&trust, sk_private_public(desk)->id), "lost");
	assert_int_equal(sk_trust_revoke(&trust, older, &refusal, NULL), SK_DENIED);
	assert_int_equal(refusal, SK_REFUSED_OLDER);
	assert_int_equal(sk_trust_revoke(&trust, same, &refusal, NULL), SK_DENIED);
	assert_int_equal(refusal, SK_REFUSED_SAME_SERIAL);
	assert_int_equal(sk_trust_revoke(&trust, false_list, &refusal, NULL), SK_DENIED);
	assert_int_equal(refusal, SK_REFUSED_DELEGATION);
	assert_int_equal(sk_trust_revoke(&trust, list, &refusal, NULL), 0);
	assert_int_equal(trust.revocations.serial, 3);
}

/* A delegation once narrowed stays narrow, even when the policy carries the older, wider one. */
static void test_newest_delegation_governs(void **state)
{
	_cleanup_envelope_ struct sk_envelope *narrow = fx_delegate(site, desk, SK_USE_EXCEPTION, 2, FX_NOW - FX_DAY, FX_NOW + FX_DAY);
	struct sk_policy_question q = question();
	struct sk_delegation d;
	enum sk_refusal refusal;

	(void)state;
	assert_int_equal(ask_policy(&q, 6, FX_NOW, FX_NOW + 1, ""), SK_ACCEPTED);
	assert_int_equal(sk_delegation_read(&trust, narrow, &d, &refusal, NULL), 0);
	assert_string_equal(d.holder, "policy desk");
	assert_int_equal(sk_trust_remember(&trust, &d), 0);
	assert_int_equal(sk_trust_remember(&trust, &d), SK_NONE);
	sk_delegation_done(&d);
	assert_int_equal(ask_policy(&q, 6, FX_NOW, FX_NOW + 1, ""), SK_REFUSED_REVOKED);
}

/* Two delegations of one key with one serial: the first one known stands, and what comes with the other is refused. */
static void test_same_serial_of_delegations(void **state)
{
	_cleanup_envelope_ struct sk_envelope *first = fx_delegate(site, desk, SK_USE_POLICY, 1, FX_NOW - FX_DAY, FX_NOW + FX_DAY);
	struct sk_delegation d;
	enum sk_refusal refusal;

	(void)state;
	assert_int_equal(sk_delegation_read(&trust, first, &d, &refusal, NULL), 0);
	assert_int_equal(sk_trust_remember(&trust, &d), 0);
	sk_delegation_done(&d);
	assert_int_equal(ask_delegated(site, SK_USE_POLICY, FX_NOW - FX_DAY, FX_NOW + FX_DAY), SK_ACCEPTED);
	assert_int_equal(ask_delegated(site, SK_USE_POLICY, FX_NOW - FX_DAY, FX_NOW + 90 * FX_DAY), SK_REFUSED_SAME_SERIAL);
	assert_int_equal(ask_delegated(site, SK_USE_POLICY | SK_USE_RELEASE, FX_NOW - FX_DAY, FX_NOW + FX_DAY), SK_REFUSED_SAME_SERIAL);
}

static void test_terms(void **state)
{
	const struct sk_delegation good = {.key = *sk_private_public(desk), .uses = SK_USE_POLICY, .serial = 1, .not_before = 1, .expires = 2};
	struct sk_delegation bad[] = {good, good, good, good};
	struct sk_envelope *none = NULL;
	struct sk_revoked key = {(char *)"short", NULL};
	const struct sk_revocations list = {1, {&key, 1}};
	struct sk_diag diag;

	(void)state;
	bad[0].uses = 0;
	bad[1].serial = 0;
	bad[2].expires = 1;
	bad[3].key = *sk_private_public(site);
	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++)
		assert_int_equal(sk_delegation_make(site, &bad[i], &none, &diag), SK_BAD);
	assert_int_equal(sk_revocations_make(site, &list, &none, &diag), SK_BAD);
	assert_null(none);
}

static void test_not_ready(void **state)
{
	_cleanup_policy_ struct sk_policy policy;
	struct sk_envelope *none = NULL;
	struct sk_diag diag = {0};
	struct sk_records saved;
	enum sk_refusal refusal = SK_ACCEPTED;

	(void)state;
	fx_policy(&policy, 1, FX_NOW, FX_NOW + 1, "");
	policy.serial = 0;
	assert_int_equal(sk_policy_sign(&policy, site, NULL, &none, &diag), SK_BAD);
	assert_string_equal(diag.path, "serial");
	policy.serial = 1;
	policy.expires = policy.not_before;
	assert_int_equal(sk_policy_sign(&policy, site, NULL, &none, &diag), SK_BAD);
	policy.expires++;
	saved = policy.lockdown.programs;
	policy.lockdown.programs = (struct sk_records){0};
	assert_int_equal(sk_policy_ready(&policy, &refusal, &diag), SK_BAD);
	assert_int_equal(refusal, SK_REFUSED_EMPTY);
	assert_int_equal(sk_policy_sign(&policy, site, NULL, &none, &diag), SK_BAD);
	policy.lockdown.mode = SK_MODE_LEARN;
	assert_int_equal(sk_policy_ready(&policy, &refusal, &diag), 0);
	policy.lockdown.programs = saved;
	assert_null(none);
}

/* The signature of an attacker who holds the desk's key does not make an empty list enforceable. */
static void test_signed_but_empty(void **state)
{
	static const char payload[] = "{\"expires\":\"2030-01-01T00:00:00Z\",\"lockdown\":{\"deadline_ms\":200,\"failure\":\"allow\",\"mode\":\"enforce\","
				      "\"scope\":[\"/\"]},\"not_before\":\"2026-01-01T00:00:00Z\",\"part\":\"lockdown\",\"serial\":9}";
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);
	const struct sk_policy_question q = question();

	(void)state;
	assert_int_equal(sk_envelope_new(SK_TYPE_POLICY, payload, sizeof payload - 1, &envelope), 0);
	assert_int_equal(sk_envelope_sign(envelope, site), 0);
	assert_int_equal(sk_envelope_write(envelope, &text), 0);
	assert_int_equal(ask(&q, &text), SK_REFUSED_EMPTY);
}

static enum sk_refusal read_payload(const char *text, size_t size, struct sk_diag *diag)
{
	_cleanup_policy_ struct sk_policy policy = {0};
	enum sk_refusal refusal = SK_ACCEPTED;
	int r = sk_policy_read_payload(text, size, &policy, &refusal, diag);

	assert_true(r == 0 || r == SK_DENIED);
	return refusal;
}

static void test_payload(void **state)
{
	_cleanup_policy_ struct sk_policy policy, back;
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_PAYLOAD_MAX), again = SK_BUF(SK_PAYLOAD_MAX);
	_cleanup_json_ struct json_object *json = NULL;
	enum sk_refusal refusal;
	struct sk_diag diag;

	(void)state;
	fx_policy(&policy, 1, FX_NOW, FX_NOW + 1, "labels: {org: [acme]}\ntitle: \"関所 \\\"1\\\"\\t\\\\\"\n");
	assert_int_equal(sk_policy_write_payload(&policy, &text), 0);
	/* Our writer and lib/wire's judge of canonical form agree. */
	assert_int_equal(sk_json_parse_object(text.data, text.size, SK_PAYLOAD_MAX, &json, NULL), 0);
	assert_int_equal(sk_json_check_canonical(json, text.data, text.size, NULL), 0);
	assert_int_equal(sk_policy_read_payload(text.data, text.size, &back, &refusal, NULL), 0);
	assert_int_equal(sk_policy_write_payload(&back, &again), 0);
	assert_string_equal(text.data, again.data);
	assert_int_equal(sk_policy_programs(&back)[0].sha256[31], 1);
	assert_int_equal(sk_policy_programs(&back)[1].size, 7);
	for (size_t i = 0; i < text.size; i++) {
		diag = (struct sk_diag){0};
		assert_int_not_equal(read_payload(text.data, i, &diag), SK_ACCEPTED);
		assert_true(diag.text[0] && (diag.has_offset || diag.path[0]));
	}
	assert_int_equal(sk_buf_append_str(&text, " "), 0);
	assert_int_not_equal(read_payload(text.data, text.size, &diag), SK_ACCEPTED);
}

static void test_malformed_payload_names_the_path(void **state)
{
	static const struct {
		const char *text, *path;
		enum sk_refusal refusal;
	} cases[] = {
		{"{\"lockdown\":{\"mode\":\"enforce\",\"programs\":[{\"sha256\":\"00\"}]},\"part\":\"lockdown\"}", "lockdown.programs[0].sha256",
		 SK_REFUSED_MALFORMED},
		{"{\"lockdown\":{\"mode\":7},\"part\":\"lockdown\"}", "lockdown.mode", SK_REFUSED_MALFORMED},
		{"{\"lockdown\":{\"mode\":\"learn\"},\"part\":\"lockdown\",\"serial\":\"1\"}", "serial", SK_REFUSED_MALFORMED},
		{"{\"lockdown\":{\"mode\":\"learn\"},\"part\":\"lockdown\",\"surprise\":1}", "surprise", SK_REFUSED_MALFORMED},
		{"{\"lockdown\":{\"mode\":\"learn\"}}", "part", SK_REFUSED_MALFORMED},
		{"{\"lockdown\":{\"mode\":\"learn\"},\"not_before\":\"2026-01-01\",\"part\":\"lockdown\"}", "not_before", SK_REFUSED_MALFORMED},
		{"{\"part\":\"lockdown\",\"lockdown\":{\"mode\":\"learn\"}}", NULL, SK_REFUSED_NOT_CANONICAL},
		{"{\"lockdown\":{\"mode\":\"learn\"},\"part\": \"lockdown\"}", NULL, SK_REFUSED_NOT_CANONICAL}};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		struct sk_diag diag = {0};

		assert_int_equal(read_payload(cases[i].text, strlen(cases[i].text), &diag), cases[i].refusal);
		if (cases[i].path)
			assert_string_equal(diag.path, cases[i].path);
	}
}

/* A program list in another order, or with one twice, is not the canonical form: bsearch would lie. */
static void test_unsorted(void **state)
{
	char text[512];
	struct sk_diag diag = {0};

	(void)state;
	for (int second = 0; second <= 2; second++) {
		snprintf(text, sizeof text,
			 "{\"lockdown\":{\"mode\":\"learn\",\"programs\":[{\"sha256\":\"%064x\",\"size\":0},{\"sha256\":\"%064x\",\"size\":0}]},"
			 "\"part\":\"lockdown\"}",
			 1, second);
		assert_int_equal(read_payload(text, strlen(text), &diag), second == 2 ? SK_ACCEPTED : SK_REFUSED_NOT_CANONICAL);
	}
	assert_string_equal(diag.path, "lockdown.programs[1].sha256");
}

/* Cut anywhere, or with any one bit of any byte changed: never accepted, never a crash. */
static void test_envelope_cut_and_changed(void **state)
{
	_cleanup_envelope_ struct sk_envelope *delegation = fx_delegate(site, desk, SK_USE_POLICY, 1, FX_NOW - FX_DAY, FX_NOW + FX_DAY);
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);
	const struct sk_policy_question q = question();
	struct sk_policy_answer answer;

	(void)state;
	fx_signed(desk, delegation, 5, FX_NOW, FX_NOW + 1, "", &text);
	assert_int_equal(ask(&q, &text), SK_ACCEPTED);
	for (size_t i = 0; i < text.size; i++) {
		assert_int_equal(sk_policy_verify(&q, text.data, i, &answer), SK_DENIED);
		assert_int_equal(answer.refusal, SK_REFUSED_MALFORMED);
		assert_true(answer.diag.has_offset || answer.diag.path[0]);
		sk_policy_answer_done(&answer);
	}
	for (size_t i = 0; i < text.size; i++) {
		text.data[i] ^= (char)(1 << (i % 7));
		assert_int_equal(sk_policy_verify(&q, text.data, text.size, &answer), SK_DENIED);
		sk_policy_answer_done(&answer);
		text.data[i] ^= (char)(1 << (i % 7));
	}
}

static void test_draft(void **state)
{
	_cleanup_policy_ struct sk_policy policy, back;
	_cleanup_buf_ struct sk_buf draft = SK_BUF(65536), a = SK_BUF(65536), b = SK_BUF(65536);
	static const char twice[] = "part: lockdown\nlockdown: {mode: learn, programs: [{sha256: \"%064x\"}, {sha256: \"%064x\"}]}\n";
	struct sk_diag diag = {0};
	char text[512];

	(void)state;
	fx_policy(&policy, 1, FX_NOW, FX_NOW + 1, "title: \"yes\"\nlabels: {host: [\"etch-*\"]}\n");
	assert_int_equal(sk_policy_write_draft(&policy, &draft), 0);
	assert_int_equal(sk_policy_parse_draft(draft.data, draft.size, &back, &diag), 0);
	assert_int_equal(sk_policy_write_payload(&policy, &a), 0);
	assert_int_equal(sk_policy_write_payload(&back, &b), 0);
	assert_string_equal(a.data, b.data);
	sk_policy_done(&back);
	snprintf(text, sizeof text, twice, 3, 3);
	assert_int_equal(sk_policy_parse_draft(text, strlen(text), &back, &diag), 0);
	assert_int_equal(back.lockdown.programs.count, 1);
	assert_int_equal(sk_table_check(&sk_policy_table, &diag), 0);
}

static void test_programs(void **state)
{
	_cleanup_policy_ struct sk_policy policy = {0};
	struct sk_program program = {.name = (char *)"/bin/x", .size = 9};
	struct sk_allowlist list;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		program.sha256[0] = (uint8_t)(i * 7);
		program.sha256[1] = (uint8_t)(i >> 3);
		program.sha256[31] = (uint8_t)i;
		assert_int_equal(sk_policy_add_program(&policy, &program), 0);
		assert_int_equal(sk_policy_add_program(&policy, &program), SK_NONE);
	}
	assert_int_equal(policy.lockdown.programs.count, 1000);
	assert_string_equal(sk_policy_find_program(&policy, program.sha256)->name, "/bin/x");
	assert_int_equal(sk_allowlist_make(&policy, &list), 0);
	assert_true(sk_allowlist_has(&list, program.sha256));
	program.sha256[30] = 1;
	assert_false(sk_allowlist_has(&list, program.sha256));
	assert_null(sk_policy_find_program(&policy, program.sha256));
	sk_allowlist_done(&list);
	assert_false(sk_allowlist_has(&list, program.sha256));
}

/* What was on the list stays, and the first of several of one hash; the order is as if each had been put in its place. */
static void test_collect(void **state)
{
	_cleanup_policy_ struct sk_policy one = {0}, many = {0};
	_cleanup_buf_ struct sk_buf a = SK_BUF(1 << 20), b = SK_BUF(1 << 20);
	struct sk_program program = {.size = 9};
	struct sk_collector c;

	(void)state;
	for (unsigned i = 0; i < 1500; i++) {
		char name[16];

		snprintf(name, sizeof name, "/bin/%u", i);
		program.name = name;
		program.sha256[0] = (uint8_t)(i % 1000 * 7);
		program.sha256[1] = (uint8_t)(i % 1000 >> 3);
		assert_int_equal(sk_policy_add_program(&one, &program), i < 1000 ? 0 : SK_NONE);
		if (i == 0 || i == 10)
			assert_int_equal(sk_collect_begin(&c, &many), 0);
		assert_int_equal(sk_collect_program(&c, &program), i < 1000 ? 0 : SK_NONE);
		if (i == 9)
			sk_collect_end(&c);
	}
	sk_collect_end(&c);
	sk_collect_end(&c);
	assert_int_equal(sk_policy_write_payload(&one, &a), 0);
	assert_int_equal(sk_policy_write_payload(&many, &b), 0);
	assert_string_equal(a.data, b.data);
}

static void test_sentences(void **state)
{
	(void)state;
	for (int i = 0; i < SK_REFUSAL_COUNT; i++) {
		assert_true(sk_refusal_code(i)[0] && sk_refusal_text(i, false)[0] && sk_refusal_text(i, true)[0]);
		assert_string_not_equal(sk_refusal_text(i, false), sk_refusal_text(i, true));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(sk_refusal_code(i), sk_refusal_code(j));
	}
}

static int sign_and_verify(void)
{
	static const char draft[] = "part: lockdown\nserial: 1\nnot_before: 2026-01-01\nexpires: 2030-01-01\n"
				    "lockdown: {mode: enforce, scope: [/], programs: [{sha256: \"%064d\", name: a}]}\n";
	_cleanup_envelope_ struct sk_envelope *delegation = NULL, *envelope = NULL;
	_cleanup_answer_ struct sk_policy_answer answer = {0};
	_cleanup_policy_ struct sk_policy policy = {0};
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);
	const struct sk_policy_question q = question();
	const struct sk_delegation terms = {.key = *sk_private_public(desk), .uses = SK_USE_POLICY, .serial = 1, .not_before = 1,
					    .expires = 2000000000};
	char yaml[400];
	int r;

	snprintf(yaml, sizeof yaml, draft, 7);
	r = sk_policy_parse_draft(yaml, strlen(yaml), &policy, NULL);
	if (r == 0)
		r = sk_delegation_make(site, &terms, &delegation, NULL);
	if (r == 0)
		r = sk_policy_sign(&policy, desk, delegation, &envelope, NULL);
	if (r == 0)
		r = sk_envelope_write(envelope, &text);
	return r != 0 ? r : sk_policy_verify(&q, text.data, text.size, &answer);
}

static void test_allocation_failure(void **state)
{
	unsigned long n = 1;
	int r;

	(void)state;
	assert_int_equal(sign_and_verify(), 0);
	do {
		sk_alloc_fail_at(n);
		r = sign_and_verify();
		assert_true(r == 0 || r == -ENOMEM);
	} while (sk_alloc_count() >= n++ && n < 2000);
	sk_alloc_fail_at(0);
	assert_int_equal(r, 0);
	assert_true(n > 30);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
SK_TEST_MAIN(CASE(test_delegations), CASE(test_serials_and_dates), CASE(test_same_policy_again), CASE(test_labels), CASE(test_wrong_clock),
	     CASE(test_signatures), CASE(test_type_is_signed), CASE(test_revoked), CASE(test_newest_delegation_governs), CASE(test_same_serial_of_delegations), CASE(test_terms),
	     CASE(test_not_ready), CASE(test_signed_but_empty), CASE(test_payload), CASE(test_malformed_payload_names_the_path),
	     CASE(test_unsorted), CASE(test_envelope_cut_and_changed), CASE(test_draft), CASE(test_programs), CASE(test_collect), CASE(test_sentences),
	     CASE(test_allocation_failure))
