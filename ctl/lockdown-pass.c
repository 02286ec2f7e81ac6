// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The pass: what `lockdown accept` found, signed for one thing, one content and some days. Beside it two files: PASS.list (what lay on it, whose SHA-256
 * the pass holds) and PASS.json (the report, whose SHA-256 stands in its first check). Without the list a change is seen, with it, which files changed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "lockdown-accept.h"
#include "pass.h"

enum { DAY = 86400, SLACK = 600, LIST_MAX = 256 << 20, SHOWN = 40, LISTED = 1000 };

/* --- issue */

static char *copy(const char *text)
{
	return text && *text ? sk_strdup(text) : NULL;
}

static int word_result(const struct acceptance *a, unsigned found, bool skipped)
{
	unsigned here = a->found & found;

	return here & ~a->waived ? SK_PASS_FOUND : here ? SK_PASS_WAIVED : skipped ? SK_PASS_SKIPPED : SK_PASS_GOOD;
}

static int fill_checks(const struct acceptance *a, const uint8_t report[SK_SHA256_SIZE], struct sk_pass *pass)
{
	struct sk_pass_check *checks = sk_calloc(4, sizeof *checks);
	char scanner[96] = "", vulns[160] = "";

	if (!checks)
		return -ENOMEM;
	pass->checks.items = checks;
	pass->checks.count = 4;
	if (a->clam.engine[0])
		snprintf(scanner, sizeof scanner, "ClamAV %s", a->clam.engine);
	if (a->has_vulns)
		snprintf(vulns, sizeof vulns, "%s %s", a->vulns.tool, a->vulns.version);
	checks[0] = (struct sk_pass_check){
		.name = copy("allowlist"), .looked = (int64_t)(a->known + a->unknown), .found = (int64_t)a->unknown,
		.result = word_result(a, 1u << FINDING_UNKNOWN | 1u << FINDING_NO_LIST | 1u << FINDING_INCOMPLETE, false)};
	memcpy(checks[0].report, report, SK_SHA256_SIZE);
	checks[1] = (struct sk_pass_check){.name = copy("malware"), .with = copy(scanner), .looked = (int64_t)a->clam.scanned,
					   .found = (int64_t)a->clam.infected,
					   .result = word_result(a, 1u << FINDING_INFECTED | 1u << FINDING_NOT_SCANNED | 1u << FINDING_SCAN_FAILED, false)};
	checks[2] = (struct sk_pass_check){.name = copy("vulnerabilities"), .with = copy(vulns), .data = copy(a->vulns.date),
					   .found = (int64_t)a->vulns.count[ACCEPT_CRITICAL],
					   .result = word_result(a, 1u << FINDING_CRITICAL | 1u << FINDING_NO_VULNS, !a->has_vulns)};
	checks[3] = (struct sk_pass_check){.name = copy("operating-system"), .with = copy(a->os.name), .data = copy(a->os.support_end),
					   .result = word_result(a, 1u << FINDING_OS_ENDED | 1u << FINDING_OS_UNKNOWN, !a->has_os)};
	return checks[0].name && checks[1].name && checks[2].name && checks[3].name ? 0 : -ENOMEM;
}

static int fill_pass(const struct acceptance *a, int64_t days, const uint8_t report[SK_SHA256_SIZE], struct sk_pass *pass)
{
	uint8_t random[8];
	char hex[17], id[32];

	if (sk_random(random, sizeof random))
		return -EIO;
	snprintf(id, sizeof id, "pass-%s", sk_hex(random, sizeof random, hex));
	pass->head.id = copy(id);
	pass->head.from = a->time - SLACK;
	pass->head.until = a->time + days * DAY;
	pass->head.change = copy(ctl_option(a->ctl, "change"));
	pass->head.note = copy(ctl_option(a->ctl, "note"));
	pass->subject = a->subject;
	pass->maker = copy(a->target.medium.vendor);
	pass->model = copy(a->target.medium.product);
	pass->serial = copy(a->serial);
	pass->uuid = copy(a->subject == SK_PASS_MEDIUM ? a->target.uuid : "");
	pass->inspector = copy(ctl_option(a->ctl, "inspector"));
	memcpy(pass->content, a->digest, sizeof pass->content);
	if (!pass->head.id || !pass->serial || !pass->inspector)
		return -ENOMEM;
	return fill_checks(a, report, pass);
}

static int write_beside(const struct acceptance *a, const char *end, const void *data, size_t size)
{
	const char *out = ctl_option(a->ctl, "issue");
	_cleanup_free_ char *path = sk_malloc(strlen(out) + 16);

	if (!path)
		return ctl_fail_errno(a->ctl, -ENOMEM, out);
	snprintf(path, strlen(out) + 16, "%s%s", out, end);
	return ctl_write_file(a->ctl, path, data ? data : "", size, false);
}

static int check_call(const struct acceptance *a)
{
	static const char *const needed[] = {"key", "inspector"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(needed); i++)
		if (!ctl_option(a->ctl, needed[i]))
			return ctl_fail(a->ctl, CTL_USAGE, CTL_T("--issue needs --%s", "--issue には --%s が必要です"), needed[i]);
	if (!a->serial[0])
		return ctl_fail(a->ctl, CTL_USAGE, "%s", CTL_T("nothing tells this target from another: give its --serial",
							      "対象を特定できる情報がありません。--serial を指定してください"));
	return CTL_OK;
}

/* The report first, the pass last: a pass without its papers cannot come about. */
static int write_all(const struct acceptance *a, const struct sk_private *key, const struct sk_envelope *delegation, int64_t days)
{
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	_cleanup_buf_ struct sk_buf report = SK_BUF(64 << 20), text = SK_BUF(SK_ENVELOPE_MAX);
	_cleanup_json_ struct json_object *json = accept_report(a);
	union sk_signed_object object = {0};
	uint8_t hash[SK_SHA256_SIZE];
	struct sk_diag diag = {0};
	int r = json ? sk_json_canonical(json, &report) : -ENOMEM;

	if (r == 0)
		r = sk_sha256(report.data, report.size, hash);
	if (r == 0)
		r = fill_pass(a, days, hash, &object.pass);
	if (r == 0)
		r = sk_signed_sign(SK_SIGNED_PASS, &object, key, delegation, &envelope, &diag);
	if (r == 0)
		r = sk_envelope_write(envelope, &text);
	sk_signed_done(SK_SIGNED_PASS, &object);
	if (r)
		return r == SK_BAD ? ctl_fail_diag(a->ctl, &diag) : ctl_fail_errno(a->ctl, r < 0 ? r : -EIO, "pass");
	r = write_beside(a, ".json", report.data, report.size);
	if (r == CTL_OK)
		r = write_beside(a, ".list", a->list.data, a->list.size);
	return r != CTL_OK ? r : write_beside(a, "", text.data, text.size);
}

int accept_issue(const struct acceptance *a)
{
	_cleanup_private_ struct sk_private *key = NULL;
	_cleanup_envelope_ struct sk_envelope *delegation = NULL;
	unsigned long long days;
	int r = check_call(a);

	if (r == CTL_OK)
		r = ctl_option_number(a->ctl, "days", 1, 3650, a->subject == SK_PASS_MEDIUM ? 7 : 90, &days);
	if (r == CTL_OK)
		r = ctl_load_key(a->ctl, ctl_option(a->ctl, "key"), &key);
	if (r == CTL_OK && ctl_option(a->ctl, "delegation"))
		r = policy_read_envelope(a->ctl, ctl_option(a->ctl, "delegation"), SK_TYPE_DELEGATION, &delegation);
	return r != CTL_OK ? r : write_all(a, key, delegation, (int64_t)days);
}

/* --- verify */

struct change {
	const char *path, *how; /* "added", "removed", "changed" */
};

struct comparison {
	struct change *changes; /* LISTED of them */
	uint64_t count;
	bool has_list;
};

static void note(struct comparison *c, const char *path, const char *how)
{
	if (c->count < LISTED)
		c->changes[c->count] = (struct change){path, how};
	c->count++;
}

static bool counts(const struct acceptance *a, const struct accept_entry *e)
{
	return !e->member && (a->subject == SK_PASS_MEDIUM || ACCEPT_IS_CODE(e->kind));
}

static void compare(const struct acceptance *a, const struct accept_inventory *before, struct comparison *c)
{
	for (size_t i = 0; i < before->count; i++) {
		const struct accept_entry *old = &before->entries[i], *now = accept_find(&a->inventory, old->path);

		if (!now || !counts(a, now))
			note(c, old->path, "removed");
		else if (now->kind != old->kind || now->size != old->size || memcmp(now->sha256, old->sha256, SK_SHA256_SIZE) != 0)
			note(c, old->path, "changed");
	}
	for (size_t i = 0; i < a->inventory.count; i++)
		if (counts(a, &a->inventory.entries[i]) && !accept_find(before, a->inventory.entries[i].path))
			note(c, a->inventory.entries[i].path, "added");
}

/* PASS.list, when it is there and is what the pass speaks of. */
static int read_list(struct acceptance *a, const char *pass_path, const struct sk_pass *pass, struct accept_inventory *before, bool *ret_has)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(0);
	_cleanup_free_ char *path = sk_malloc(strlen(pass_path) + 16);
	uint8_t digest[SK_SHA256_SIZE];
	struct sk_diag diag = {0};
	FILE *file;
	int r;

	if (!path)
		return ctl_fail_errno(a->ctl, -ENOMEM, pass_path);
	snprintf(path, strlen(pass_path) + 16, "%s.list", pass_path);
	file = fopen(path, "re");
	if (!file)
		return CTL_OK;
	fclose(file);
	r = ctl_read_file(a->ctl, path, LIST_MAX, &text);
	if (r != CTL_OK)
		return r;
	if (sk_sha256(text.data ? text.data : "", text.size, digest) != 0 || memcmp(digest, pass->content, sizeof digest) != 0)
		return ctl_fail(a->ctl, CTL_FOUND, CTL_T("%s: is not the list of this pass", "%s: この許可証の一覧ではありません"), path);
	sk_diag_source(&diag, path);
	r = accept_list_read(text.data ? text.data : "", text.size, before, &diag);
	*ret_has = r == 0;
	return r == SK_BAD ? ctl_fail_diag(a->ctl, &diag) : r ? ctl_fail_errno(a->ctl, r, path) : CTL_OK;
}

static int verify_json(const struct acceptance *a, const struct sk_signed_answer *answer, const char *verdict, const struct comparison *c)
{
	const struct sk_pass *pass = &answer->object.pass;
	struct json_object *out = json_object_new_object(), *list;
	char until[21];
	int r = out ? sk_json_put_string(out, "verdict", verdict) : -ENOMEM;

	if (!r)
		r = sk_json_put_string(out, "id", pass->head.id) || sk_json_put_string(out, "serial", pass->serial) ||
				    sk_json_put_bytes(out, "serial_here", a->serial, strlen(a->serial)) ||
				    sk_json_put_string(out, "until", sk_time_text(pass->head.until, until)) || sk_json_put_string(out, "signer", answer->signer) ||
				    sk_json_put_u64(out, "changes", c->count) || sk_json_put_bool(out, "list", c->has_list) ||
				    sk_json_put_array(out, "changed", &list)
			    ? -ENOMEM
			    : 0;
	for (size_t i = 0; i < SK_MIN(c->count, (uint64_t)LISTED) && r == 0; i++) {
		struct json_object *one = json_object_new_object();

		if (!one || sk_json_put_string(one, "path", c->changes[i].path) || sk_json_put_string(one, "how", c->changes[i].how))
			one = sk_json_free(one);
		r = sk_json_append(list, one);
	}
	return ctl_print_json(a->ctl, r ? sk_json_free(out) : out);
}

static void verify_print(const struct sk_signed_answer *answer, const char *verdict, const struct comparison *c)
{
	static const struct {
		const char *verdict;
		struct ctl_text text;
	} words[] = {{"valid", {"valid: what it was issued for is unchanged", "有効: 発行時から変わっていません"}},
		     {"expired", {"EXPIRED", "期限切れ"}}, {"not-yet", {"not valid yet", "有効期間前"}},
		     {"other", {"this is ANOTHER thing than the pass is for", "許可証の対象とは別のものです"}},
		     {"changed", {"CHANGED since the pass was issued", "発行後に内容が変わっています"}},
		     {"incomplete", {"not everything could be looked at", "検査できないものがありました"}}};
	char until[21];

	for (size_t i = 0; i < SK_ARRAY_SIZE(words); i++)
		if (strcmp(words[i].verdict, verdict) == 0)
			puts(CTL_T(words[i].text.en, words[i].text.ja));
	printf("%s  %s  %s\n", answer->object.pass.head.id, answer->object.pass.serial, sk_time_text(answer->object.pass.head.until, until));
	for (size_t i = 0; i < SK_MIN(c->count, (uint64_t)SHOWN); i++)
		printf("  %-8s %s\n", c->changes[i].how, c->changes[i].path);
	if (c->count > SHOWN)
		printf(CTL_T("  and %" PRIu64 " more: --json\n", "  ほか %" PRIu64 " 件（--json で表示）\n"), c->count - SHOWN);
}

static const char *judge(const struct acceptance *a, const struct sk_signed_answer *answer, bool same)
{
	const struct sk_pass *pass = &answer->object.pass;

	if (strcmp(pass->serial, a->serial) != 0 || (pass->uuid && strcmp(pass->uuid, a->target.uuid) != 0))
		return "other";
	if (!same)
		return "changed";
	if (a->inventory.gap_count)
		return "incomplete";
	if (answer->refusal == SK_REFUSED_EXPIRED)
		return "expired";
	return answer->refusal == SK_REFUSED_NOT_YET ? "not-yet" : "valid";
}

/* 0 the pass is one of ours, if perhaps expired; else CTL_*. */
static int read_pass(struct acceptance *a, const char *path, struct sk_signed_answer *answer)
{
	_cleanup_store_ struct sk_policy_store *store = NULL;
	_cleanup_buf_ struct sk_buf text = SK_BUF(0);
	struct sk_signed_question question = {.when = policy_now(), .any_place = true};
	int r = policy_read_signed(a->ctl, path, &text, &store);

	if (r != CTL_OK)
		return r;
	question.trust = sk_store_trust(store);
	r = sk_signed_verify(SK_SIGNED_PASS, &question, text.data ? text.data : "", text.size, answer);
	if (r < 0)
		return ctl_fail_errno(a->ctl, r, path);
	if (r == SK_DENIED && !(answer->has_object && (answer->refusal == SK_REFUSED_EXPIRED || answer->refusal == SK_REFUSED_NOT_YET)))
		return policy_refused(a->ctl, path, answer->refusal, &answer->diag);
	return CTL_OK;
}

int accept_verify(struct acceptance *a)
{
	_cleanup_signed_answer_ struct sk_signed_answer answer = {0};
	const char *path = ctl_option(a->ctl, "verify"), *verdict;
	struct accept_inventory before = {0};
	struct comparison c = {.changes = sk_calloc(LISTED, sizeof *c.changes)};
	bool same;
	int r = c.changes ? read_pass(a, path, &answer) : ctl_fail_errno(a->ctl, -ENOMEM, path);

	if (r == CTL_OK)
		r = accept_prepare(a);
	if (r == CTL_OK && a->subject != answer.object.pass.subject)
		r = ctl_fail(a->ctl, CTL_USAGE, CTL_T("the pass is for a %s: give --kind %s", "許可証の対象は %s です。--kind %s を指定してください"),
			     accept_subject_words[answer.object.pass.subject], accept_subject_words[answer.object.pass.subject]);
	if (r == CTL_OK)
		r = read_list(a, path, &answer.object.pass, &before, &c.has_list);
	if (r == CTL_OK) {
		same = memcmp(a->digest, answer.object.pass.content, sizeof a->digest) == 0;
		if (!same && c.has_list)
			compare(a, &before, &c);
		verdict = judge(a, &answer, same);
		if (a->ctl->json)
			r = verify_json(a, &answer, verdict, &c);
		else
			verify_print(&answer, verdict, &c);
		r = r != CTL_OK ? r : strcmp(verdict, "valid") == 0 ? CTL_OK : CTL_FOUND;
	}
	accept_inventory_done(&before);
	free(c.changes);
	return r;
}
