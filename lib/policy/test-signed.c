// SPDX-License-Identifier: GPL-3.0-or-later
/* Windows, releases, manifests, passes: each kind by the key that may sign it and by every other; dates, labels, vendors, cuts; policies of before unchanged. */
#include "support/harness.h"

#include "policy/fixture-keys.h"

#include <errno.h>

#include "policy/signed.h"

#define DATES "from: 2027-01-14\nuntil: 2027-01-16\n"
static const char hash_a[] = "00000000000000000000000000000000000000000000000000000000000000aa";
static const char hash_b[] = "00000000000000000000000000000000000000000000000000000000000000bb";

static const char *const drafts[SK_SIGNED_KINDS] = {
	[SK_SIGNED_WINDOW] = "id: w-1\n" DATES "change: CHG-1\nowner: etch team\nvendor_consent: letter 7\nlabels: {asset: [\"etch-*\"]}\n"
			     "updaters:\n  - {sha256: 00000000000000000000000000000000000000000000000000000000000000bb}\n"
			     "  - {sha256: 00000000000000000000000000000000000000000000000000000000000000aa, note: setup}\n"
			     "  - {sha256: 00000000000000000000000000000000000000000000000000000000000000bb}\n",
	[SK_SIGNED_RELEASE] = "id: r-1\n" DATES "action: remove\nreason: end of life\n",
	[SK_SIGNED_MANIFEST] = "id: m-1\nfrom: 2027-01-14\nvendor: Etch Works\nproduct: controller\nversion: 4.2\n"
			       "programs:\n  - {sha256: 00000000000000000000000000000000000000000000000000000000000000bb, kind: library, name: /opt/b.so}\n"
			       "  - {sha256: 00000000000000000000000000000000000000000000000000000000000000aa, name: /opt/a}\n",
	[SK_SIGNED_PASS] = "id: p-1\n" DATES "subject: laptop\nserial: SN123\ninspector: k.mori\nchecks:\n"
			   "  - {name: malware, result: good, with: clamscan 1.0, looked: 120}\n"};

static void sign_draft(enum sk_signed_kind kind, const char *draft, const struct sk_private *key, unsigned uses, struct sk_buf *out)
{
	_cleanup_envelope_ struct sk_envelope *delegation = uses ? fx_delegate(site, key, uses, 1, FX_NOW - FX_DAY, FX_NOW + FX_DAY) : NULL;
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	union sk_signed_object object;
	struct sk_diag diag = {0};

	if (sk_signed_parse_draft(kind, draft, strlen(draft), &object, &diag) != 0 ||
	    sk_signed_sign(kind, &object, key, delegation, &envelope, &diag) != 0)
		fail_msg("%s %s", diag.path, diag.text);
	sk_signed_done(kind, &object);
	sk_buf_clear(out);
	assert_int_equal(sk_envelope_write(envelope, out), 0);
}

static enum sk_refusal ask_at(int kind, const struct sk_buf *text, int64_t now, bool wrong, const struct sk_place *place, const struct sk_records *vendors)
{
	const struct sk_signed_question q = {.trust = &trust, .when = {now, wrong}, .place = *place, .vendors = vendors};
	_cleanup_signed_answer_ struct sk_signed_answer answer;
	int r = sk_signed_verify(kind, &q, text->data, text->size, &answer);

	assert_int_equal(r, answer.refusal == SK_ACCEPTED ? 0 : SK_DENIED);
	assert_true(r == 0 ? answer.has_object : answer.diag.text[0] != 0);
	return answer.refusal;
}

static enum sk_refusal ask(int kind, const struct sk_buf *text)
{
	return ask_at(kind, text, FX_NOW, false, &fx_place, NULL);
}

static struct sk_records vendors_of(struct sk_vendor *vendor, const char *name, const struct sk_private *key, char text[static SK_PUBLIC_TEXT_SIZE])
{
	*vendor = (struct sk_vendor){(char *)name, sk_public_text(sk_private_public(key), text)};
	return (struct sk_records){vendor, 1};
}

/* Each use signs its own kind and no other; a manifest no site key at all. */
static void test_uses(void **state)
{
	static const unsigned uses[] = {SK_USE_POLICY, SK_USE_EXCEPTION, SK_USE_RELEASE, SK_USE_ACCEPT};
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);

	(void)state;
	for (int kind = 0; kind < SK_SIGNED_KINDS; kind++) {
		if (kind == SK_SIGNED_MANIFEST)
			continue;
		for (size_t i = 0; i < SK_ARRAY_SIZE(uses); i++) {
			sign_draft((enum sk_signed_kind)kind, drafts[kind], desk, uses[i], &text);
			assert_int_equal(ask(kind, &text), uses[i] == (unsigned)sk_signed_kinds[kind].use ? SK_ACCEPTED : SK_REFUSED_USE);
		}
		sign_draft((enum sk_signed_kind)kind, drafts[kind], site, 0, &text);
		assert_int_equal(ask(kind, &text), SK_ACCEPTED);
		assert_int_equal(ask(-1, &text), SK_ACCEPTED);
		assert_int_equal(ask((kind + 1) % SK_SIGNED_KINDS, &text), SK_REFUSED_TYPE);
		sign_draft((enum sk_signed_kind)kind, drafts[kind], thief, 0, &text);
		assert_int_equal(ask(kind, &text), SK_REFUSED_DELEGATION);
	}
}

static void test_policy_is_no_window(void **state)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);
	const struct sk_policy_question q = {.trust = &trust, .when = fx_now, .place = fx_place, .part = -1};
	_cleanup_answer_ struct sk_policy_answer answer;

	(void)state;
	fx_signed(site, NULL, 1, FX_NOW, FX_NOW + 1, "", &text);
	assert_int_equal(ask(-1, &text), SK_REFUSED_TYPE);
	sign_draft(SK_SIGNED_WINDOW, drafts[SK_SIGNED_WINDOW], site, 0, &text);
	assert_int_equal(sk_policy_verify(&q, text.data, text.size, &answer), SK_DENIED);
	assert_int_equal(answer.refusal, SK_REFUSED_TYPE);
}

static void test_dates_and_labels(void **state)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);
	struct sk_place other = fx_place;

	(void)state;
	other.asset = "litho-01";
	sign_draft(SK_SIGNED_WINDOW, drafts[SK_SIGNED_WINDOW], site, 0, &text);
	assert_int_equal(ask_at(-1, &text, FX_NOW - 2 * FX_DAY, false, &fx_place, NULL), SK_REFUSED_NOT_YET);
	assert_int_equal(ask_at(-1, &text, FX_NOW + 2 * FX_DAY, false, &fx_place, NULL), SK_REFUSED_EXPIRED);
	assert_int_equal(ask_at(-1, &text, FX_NOW + 2 * FX_DAY, true, &fx_place, NULL), SK_ACCEPTED);
	assert_int_equal(ask_at(-1, &text, FX_NOW, false, &other, NULL), SK_REFUSED_LABEL);
}

static void test_revoked(void **state)
{
	_cleanup_envelope_ struct sk_envelope *list = fx_revoke(site, 1, sk_private_public(desk)->id);
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);
	enum sk_refusal refusal;

	(void)state;
	sign_draft(SK_SIGNED_RELEASE, drafts[SK_SIGNED_RELEASE], desk, SK_USE_RELEASE, &text);
	assert_int_equal(ask(-1, &text), SK_ACCEPTED);
	assert_int_equal(sk_trust_revoke(&trust, list, &refusal, NULL), 0);
	assert_int_equal(ask(-1, &text), SK_REFUSED_REVOKED);
}

/* Believed by the key and the name together, as the policy has them; not by the site's key, not without the policy. */
static void test_manifest(void **state)
{
	_cleanup_envelope_ struct sk_envelope *list = fx_revoke(site, 1, sk_private_public(maker)->id);
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);
	char key[SK_PUBLIC_TEXT_SIZE];
	struct sk_vendor vendor;
	struct sk_records vendors = vendors_of(&vendor, "Etch Works", maker, key);
	enum sk_refusal refusal;

	(void)state;
	sign_draft(SK_SIGNED_MANIFEST, drafts[SK_SIGNED_MANIFEST], maker, 0, &text);
	assert_int_equal(ask_at(-1, &text, FX_NOW, false, &fx_place, &vendors), SK_ACCEPTED);
	assert_int_equal(ask_at(-1, &text, FX_NOW + 9999 * (int64_t)FX_DAY, false, &fx_place, &vendors), SK_ACCEPTED);
	assert_int_equal(ask(-1, &text), SK_REFUSED_UNKNOWN_KEY);
	vendor.name = (char *)"Other";
	assert_int_equal(ask_at(-1, &text, FX_NOW, false, &fx_place, &vendors), SK_REFUSED_UNKNOWN_KEY);
	vendor.name = (char *)"Etch Works";
	sign_draft(SK_SIGNED_MANIFEST, drafts[SK_SIGNED_MANIFEST], thief, 0, &text);
	assert_int_equal(ask_at(-1, &text, FX_NOW, false, &fx_place, &vendors), SK_REFUSED_UNKNOWN_KEY);
	sign_draft(SK_SIGNED_MANIFEST, drafts[SK_SIGNED_MANIFEST], site, 0, &text);
	assert_int_equal(ask_at(-1, &text, FX_NOW, false, &fx_place, &vendors), SK_REFUSED_UNKNOWN_KEY);
	sign_draft(SK_SIGNED_MANIFEST, drafts[SK_SIGNED_MANIFEST], maker, 0, &text);
	assert_int_equal(sk_trust_revoke(&trust, list, &refusal, NULL), 0);
	assert_int_equal(ask_at(-1, &text, FX_NOW, false, &fx_place, &vendors), SK_REFUSED_REVOKED);
}

static void test_not_ready(void **state)
{
	static const struct {
		enum sk_signed_kind kind;
		const char *draft, *path;
	} cases[] = {{SK_SIGNED_WINDOW, "id: w\nfrom: 2027-01-14\nuntil: 2027-01-14\nchange: C\nowner: o\n", "until"},
		     {SK_SIGNED_WINDOW, "id: w\nuntil: 2027-01-14\nchange: C\nowner: o\n", "from"},
		     {SK_SIGNED_WINDOW, "id: w\n" DATES "owner: o\n", "change"},
		     {SK_SIGNED_WINDOW, "id: w\n" DATES "change: C\n", "owner"},
		     {SK_SIGNED_RELEASE, "id: r\nfrom: 2027-01-14\naction: stop\nreason: x\n", "until"},
		     {SK_SIGNED_MANIFEST, "id: m\nfrom: 2027-01-14\nvendor: v\nproduct: p\nversion: 1\n", "programs"},
		     {SK_SIGNED_PASS, "id: p\n" DATES "subject: tool\nserial: s\ninspector: i\n", "checks"}};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		union sk_signed_object object;
		struct sk_envelope *none = NULL;
		struct sk_diag diag = {0};

		assert_int_equal(sk_signed_parse_draft(cases[i].kind, cases[i].draft, strlen(cases[i].draft), &object, &diag), 0);
		assert_int_equal(sk_signed_sign(cases[i].kind, &object, site, NULL, &none, &diag), SK_BAD);
		assert_string_equal(diag.path, cases[i].path);
		sk_signed_done(cases[i].kind, &object);
	}
}

/* Draft -> payload -> draft -> payload: the same; the list sorted, one of each hash. Cut anywhere: refused. */
static void test_forms(void **state)
{
	(void)state;
	for (int i = 0; i < SK_SIGNED_KINDS; i++) {
		_cleanup_buf_ struct sk_buf a = SK_BUF(65536), b = SK_BUF(65536), yaml = SK_BUF(65536);
		enum sk_signed_kind kind = (enum sk_signed_kind)i, found;
		union sk_signed_object object, back;
		enum sk_refusal refusal;
		struct sk_diag diag = {0};

		assert_int_equal(sk_table_check(sk_signed_kinds[i].table, &diag), 0);
		assert_int_equal(sk_signed_kind_find(sk_signed_kinds[i].name, &found), 0);
		assert_int_equal(found, i);
		assert_int_equal(sk_signed_parse_draft(kind, drafts[i], strlen(drafts[i]), &object, &diag), 0);
		assert_int_equal(sk_signed_write_payload(kind, &object, &a), 0);
		assert_int_equal(sk_signed_write_draft(kind, &object, &yaml), 0);
		sk_signed_done(kind, &object);
		assert_int_equal(sk_signed_parse_draft(kind, yaml.data, yaml.size, &back, &diag), 0);
		assert_int_equal(sk_signed_write_payload(kind, &back, &b), 0);
		sk_signed_done(kind, &back);
		assert_string_equal(a.data, b.data);
		assert_int_equal(sk_signed_read_payload(kind, a.data, a.size, &back, &refusal, &diag), 0);
		sk_signed_done(kind, &back);
		for (size_t cut = 0; cut < a.size; cut++)
			assert_int_equal(sk_signed_read_payload(kind, a.data, cut, &back, &refusal, &diag), SK_DENIED);
		if (kind == SK_SIGNED_WINDOW)
			assert_true(strstr(a.data, hash_a) < strstr(a.data, hash_b) && !strstr(strstr(a.data, hash_b) + 1, hash_b));
	}
}

static void test_payload_complete_and_sorted(void **state)
{
	static const char unsorted[] = "{\"change\":\"C\",\"from\":\"2027-01-14T00:00:00Z\",\"id\":\"w\",\"owner\":\"o\",\"until\":\"2027-01-16T00:00:00Z\",\"updaters\":["
				       "{\"sha256\":\"00000000000000000000000000000000000000000000000000000000000000bb\"},"
				       "{\"sha256\":\"00000000000000000000000000000000000000000000000000000000000000aa\"}]}";
	static const char no_owner[] = "{\"change\":\"C\",\"from\":\"2027-01-14T00:00:00Z\",\"id\":\"w\",\"until\":\"2027-01-16T00:00:00Z\"}";
	union sk_signed_object object;
	enum sk_refusal refusal = SK_ACCEPTED;
	struct sk_diag diag = {0};

	(void)state;
	assert_int_equal(sk_signed_read_payload(SK_SIGNED_WINDOW, unsorted, sizeof unsorted - 1, &object, &refusal, &diag), SK_DENIED);
	assert_string_equal(diag.path, "updaters");
	assert_int_equal(sk_signed_read_payload(SK_SIGNED_WINDOW, no_owner, sizeof no_owner - 1, &object, &refusal, &diag), SK_DENIED);
	assert_int_equal(refusal, SK_REFUSED_MALFORMED);
	assert_string_equal(diag.path, "owner");
}

/* What a policy of the first release looked like: read and written again, not a byte is different. Its absent keys mean what they meant. */
static void test_policy_of_before(void **state)
{
	static const char old[] = "{\"expires\":\"2030-01-01T00:00:00Z\",\"lockdown\":{\"deadline_ms\":200,\"failure\":\"deny\",\"mode\":\"enforce\","
				  "\"programs\":[{\"name\":\"/bin/x\",\"sha256\":\"0000000000000000000000000000000000000000000000000000000000000001\",\"size\":0}],"
				  "\"scope\":[\"/\"]},\"not_before\":\"2026-01-01T00:00:00Z\",\"part\":\"lockdown\",\"serial\":9}";
	_cleanup_buf_ struct sk_buf text = SK_BUF(65536);
	_cleanup_policy_ struct sk_policy policy;
	enum sk_refusal refusal;
	struct sk_diag diag = {0};

	(void)state;
	assert_int_equal(sk_policy_read_payload(old, sizeof old - 1, &policy, &refusal, &diag), 0);
	assert_int_equal(sk_policy_write_payload(&policy, &text), 0);
	assert_string_equal(text.data, old);
	assert_int_equal(sk_policy_programs(&policy)->kind, SK_PROGRAM);
	assert_int_equal(sk_policy_overload(&policy.lockdown), SK_FAILURE_DENY);
	assert_false(policy.lockdown.interpreters.restrict_ || policy.lockdown.protect || policy.lockdown.self_release);
	assert_int_equal(policy.lockdown.modules + policy.lockdown.mounts + policy.lockdown.memory_exec + policy.lockdown.interlock.source, 0);
	assert_int_equal(policy.lockdown.media_default.mount, SK_MOUNT_RW);
	assert_true(policy.lockdown.media_default.execute && policy.lockdown.media_default.copy);
}

static const char everything[] =
	"part: lockdown\nserial: 2\nnot_before: 2026-01-01\nexpires: 2030-01-01\nlockdown:\n  mode: shadow\n  scope: [/]\n  failure: deny\n  overload: allow\n"
	"  programs:\n    - {sha256: 00000000000000000000000000000000000000000000000000000000000000bb, kind: script, package: p, version: \"1\"}\n"
	"  jit:\n    - {sha256: 00000000000000000000000000000000000000000000000000000000000000bb, note: engine}\n"
	"    - {sha256: 00000000000000000000000000000000000000000000000000000000000000aa, name: /usr/bin/java}\n"
	"  updaters: [{sha256: 00000000000000000000000000000000000000000000000000000000000000aa}]\n"
	"  interpreters: {restrict: true, data: [/opt/data], exempt: [{program: bash, user: root, script: /opt/a.sh, note: n}]}\n"
	"  protect: true\n  modules: listed\n  mounts: deny\n  memory: {exec: deny}\n"
	"  media: [{vendor: 0781, serial: x, uuid: u, mount: ro, execute: true}]\n  media_default: {mount: deny, execute: false, copy: false}\n"
	"  interlock: {source: probe, probe: /opt/idle, wait_s: 60}\n  self: {release: true}\n"
	"  vendors: [{name: v, key: \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}]\n";

static void test_policy_with_everything(void **state)
{
	_cleanup_buf_ struct sk_buf a = SK_BUF(65536), b = SK_BUF(65536), yaml = SK_BUF(65536);
	_cleanup_policy_ struct sk_policy policy, back, again;
	const struct sk_lockdown *l = &policy.lockdown;
	const struct sk_exempt *exempt;
	enum sk_refusal refusal;
	struct sk_diag diag = {0};
	uint8_t hash[SK_SHA256_SIZE] = {[31] = 0xaa};

	(void)state;
	if (sk_policy_parse_draft(everything, sizeof everything - 1, &policy, &diag) != 0)
		fail_msg("%s", diag.text);
	exempt = l->interpreters.exempt.items;
	assert_int_equal(l->mode, SK_MODE_SHADOW);
	assert_int_equal(sk_policy_overload(l), SK_FAILURE_ALLOW);
	assert_string_equal(sk_policy_find_note(&l->jit, hash)->name, "/usr/bin/java");
	assert_non_null(sk_policy_find_note(&l->updaters, hash));
	hash[0] = 1;
	assert_null(sk_policy_find_note(&l->jit, hash));
	assert_string_equal(exempt->script, "/opt/a.sh");
	assert_true(l->interpreters.restrict_ && l->protect && l->self_release && l->interlock.wait_s == 60);
	assert_int_equal(sk_policy_programs(&policy)->kind, SK_SCRIPT);
	assert_int_equal(((struct sk_media *)l->media.items)->terms.mount, SK_MOUNT_RO);
	assert_false(l->media_default.copy);
	assert_int_equal(sk_policy_write_payload(&policy, &a), 0);
	assert_int_equal(sk_policy_read_payload(a.data, a.size, &back, &refusal, &diag), 0);
	assert_int_equal(sk_policy_write_draft(&back, &yaml), 0);
	assert_int_equal(sk_policy_parse_draft(yaml.data, yaml.size, &again, &diag), 0);
	assert_int_equal(sk_policy_write_payload(&again, &b), 0);
	assert_string_equal(a.data, b.data);
}

static void test_policy_rules_between_keys(void **state)
{
	static const struct {
		const char *more, *path;
	} cases[] = {{"interlock: {source: probe}", "lockdown.interlock.probe"},
		     {"vendors: [{name: v, key: \"????????????????????????????????????????????\"}]", "lockdown.vendors[0].key"},
		     {"jit: []", NULL}};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		_cleanup_policy_ struct sk_policy policy = {0};
		enum sk_refusal refusal = SK_ACCEPTED;
		struct sk_diag diag = {0};
		char text[400];

		snprintf(text, sizeof text, "part: lockdown\nserial: 2\nnot_before: 2026-01-01\nexpires: 2030-01-01\nlockdown:\n  mode: learn\n  %s\n", cases[i].more);
		assert_int_equal(sk_policy_parse_draft(text, strlen(text), &policy, &diag), 0);
		assert_int_equal(sk_policy_ready(&policy, &refusal, &diag), cases[i].path ? SK_BAD : 0);
		if (cases[i].path)
			assert_string_equal(diag.path, cases[i].path);
	}
}

static int sign_and_verify(void)
{
	const struct sk_signed_question q = {.trust = &trust, .when = fx_now, .place = fx_place};
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	_cleanup_signed_answer_ struct sk_signed_answer answer = {0};
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);
	union sk_signed_object object = {0};
	int r = sk_signed_parse_draft(SK_SIGNED_WINDOW, drafts[SK_SIGNED_WINDOW], strlen(drafts[SK_SIGNED_WINDOW]), &object, NULL);

	if (r == 0)
		r = sk_signed_sign(SK_SIGNED_WINDOW, &object, site, NULL, &envelope, NULL);
	sk_signed_done(SK_SIGNED_WINDOW, &object);
	if (r == 0)
		r = sk_envelope_write(envelope, &text);
	return r != 0 ? r : sk_signed_verify(-1, &q, text.data, text.size, &answer);
}

static void test_allocation_failure(void **state)
{
	unsigned long n = 1;
	int r;

	(void)state;
	do {
		sk_alloc_fail_at(n);
		r = sign_and_verify();
		assert_true(r == 0 || r == -ENOMEM);
	} while (sk_alloc_count() >= n++ && n < 2000);
	sk_alloc_fail_at(0);
	assert_int_equal(r, 0);
	assert_true(n > 20);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
SK_TEST_MAIN(CASE(test_uses), CASE(test_policy_is_no_window), CASE(test_dates_and_labels), CASE(test_revoked), CASE(test_manifest), CASE(test_not_ready),
	     CASE(test_forms), CASE(test_payload_complete_and_sorted), CASE(test_policy_of_before), CASE(test_policy_with_everything),
	     CASE(test_policy_rules_between_keys), CASE(test_allocation_failure))
