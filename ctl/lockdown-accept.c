// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho lockdown accept: what a tool, laptop or medium is looked at for on its way in. The target is only read. Every check says what it did; one that
 * was not made speaks against the target, and is let pass only by name (--waive), which stands in the report and in the pass.
 */
#include "lockdown-accept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "os/clock.h"
#include "os/file.h"

const char *const accept_subject_words[] = {"tool", "laptop", "medium", NULL};

const struct accept_finding accept_findings[FINDINGS] = {
	{"infected", {"malware was found", "マルウェアが見つかりました"}},
	{"unknown-programs", {"programs that no list has", "どのリストにもないプログラムがあります"}},
	{"no-allowlist", {"there is no allowlist here to compare with", "照合する許可リスト（ホワイトリスト）がありません"}},
	{"incomplete", {"not everything could be looked at", "検査できないものがありました"}},
	{"not-scanned", {"not scanned for malware", "マルウェア検査をしていません"}},
	{"scan-failed", {"the malware scan gave no verdict", "マルウェア検査の結論が出ませんでした"}},
	{"critical-vulnerabilities", {"the vulnerability report has critical ones", "脆弱性報告に重大なものがあります"}},
	{"no-vulnerability-report", {"no vulnerability report was given", "脆弱性報告がありません"}},
	{"os-support-ended", {"support of the operating system has ended", "OS のサポートが終了しています"}},
	{"os-support-unknown", {"nothing says until when the operating system is supported", "OS のサポート期限が分かりません"}},
};

/* --- options */

static int read_subject(struct acceptance *a)
{
	const char *word = ctl_option(a->ctl, "kind");

	a->subject = SK_PASS_MEDIUM;
	for (int i = 0; word && accept_subject_words[i]; i++)
		if (strcmp(word, accept_subject_words[i]) == 0) {
			a->subject = i;
			return CTL_OK;
		}
	return word ? ctl_fail(a->ctl, CTL_USAGE, CTL_T("--kind %s: expected tool, laptop or medium", "--kind %s: tool、laptop、medium のいずれかを指定してください"),
			       word)
		    : CTL_OK;
}

static int read_waivers(struct acceptance *a)
{
	const char *word;

	for (size_t i = 0; (word = ctl_option_at(a->ctl, "waive", i)); i++) {
		unsigned bit = 0;

		for (unsigned f = FINDING_INFECTED + 1; f < FINDINGS; f++)
			if (strcmp(word, accept_findings[f].code) == 0)
				bit = 1u << f;
		if (!bit)
			return ctl_fail(a->ctl, CTL_USAGE, CTL_T("--waive %s: no finding that can be waived is called so", "--waive %s: 免除できる項目ではありません"), word);
		a->waived |= bit;
	}
	return CTL_OK;
}

/* A machine's own serial number, when the target is the machine we run on. */
static void read_dmi(struct acceptance *a)
{
	_cleanup_close_ int fd = strcmp(a->target.path, "/") == 0 ? open("/sys/class/dmi/id/product_serial", O_RDONLY | O_CLOEXEC) : -1;
	char text[128] = "";
	size_t size = 0;

	if (fd < 0 || sk_fd_pread(fd, text, sizeof text - 1, 0, &size) != 0)
		return;
	text[strcspn(text, "\n")] = 0;
	for (unsigned char *c = (unsigned char *)text; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	snprintf(a->serial, sizeof a->serial, "%s", text);
}

static int read_target(struct acceptance *a)
{
	const char *given = ctl_option(a->ctl, "serial"), *name = a->ctl->arguments[0];
	struct sk_diag diag = {0};
	int r = accept_target_open(name, ctl_option(a->ctl, "mount"), &a->target, &diag);

	if (r == SK_BAD)
		return ctl_fail(a->ctl, CTL_USAGE, "%s: %s", name, diag.text);
	if (r == -EBUSY)
		return ctl_fail(a->ctl, CTL_ENVIRONMENT, CTL_T("%s: it is in use, or the agent refuses this medium", "%s: 使用中か、エージェントがこの媒体を拒否しています"), name);
	if (r)
		return ctl_fail_errno(a->ctl, r < 0 ? r : -EIO, name);
	if (a->subject == SK_PASS_MEDIUM)
		snprintf(a->serial, sizeof a->serial, "%s", a->target.serial);
	else
		read_dmi(a);
	if (given && a->subject == SK_PASS_MEDIUM && a->serial[0] && strcmp(given, a->serial) != 0)
		return ctl_fail(a->ctl, CTL_FOUND, CTL_T("%s: its serial is %s, not %s", "%s: シリアルは %s です（%s ではありません）"), name, a->serial, given);
	if (given)
		snprintf(a->serial, sizeof a->serial, "%s", given);
	return CTL_OK;
}

int accept_prepare(struct acceptance *a)
{
	struct accept_bounds bounds = accept_usual_bounds;
	unsigned long long seconds;
	int r = ctl_option_number(a->ctl, "time", 1, 86400, bounds.time_ms / 1000, &seconds);

	a->time = policy_now().now;
	a->list = SK_BUF(256u << 20);
	if (r == CTL_OK)
		r = read_subject(a);
	if (r == CTL_OK)
		r = read_target(a);
	if (r != CTL_OK)
		return r;
	bounds.time_ms = seconds * 1000;
	r = accept_look(a->target.path, &bounds, &a->inventory);
	if (r == 0)
		r = accept_list_write(&a->inventory, a->subject != SK_PASS_MEDIUM, &a->list, a->digest);
	return r ? ctl_fail_errno(a->ctl, r < 0 ? r : -EFBIG, a->ctl->arguments[0]) : CTL_OK;
}

/* --- which programs are known */

static void mark_known(struct acceptance *a, const struct sk_program *programs, size_t count)
{
	for (size_t i = 0; i < a->inventory.count; i++) {
		size_t low = 0, high = count;

		while (low < high && !a->is_known[i]) {
			size_t middle = low + (high - low) / 2;
			int order = memcmp(programs[middle].sha256, a->inventory.entries[i].sha256, SK_SHA256_SIZE);

			if (order == 0)
				a->is_known[i] = 1;
			else if (order < 0)
				low = middle + 1;
			else
				high = middle;
		}
	}
	a->any_list |= count > 0;
}

/* A vendor's manifest, believed as the policy in force says whose key that is. */
static int read_manifest(struct acceptance *a, const struct sk_policy *policy, const char *path)
{
	_cleanup_signed_answer_ struct sk_signed_answer answer = {0};
	_cleanup_store_ struct sk_policy_store *store = NULL;
	_cleanup_buf_ struct sk_buf text = SK_BUF(0);
	struct sk_signed_question question = {.when = policy_now(), .any_place = true, .vendors = &policy->lockdown.vendors};
	int r = policy_read_signed(a->ctl, path, &text, &store);

	if (r != CTL_OK)
		return r;
	question.trust = sk_store_trust(store); /* a vendor's key can be revoked as well */
	r = sk_signed_verify(SK_SIGNED_MANIFEST, &question, text.data ? text.data : "", text.size, &answer);
	if (r == SK_DENIED)
		return policy_refused(a->ctl, path, answer.refusal, &answer.diag);
	if (r)
		return ctl_fail_errno(a->ctl, r < 0 ? r : -EIO, path);
	mark_known(a, answer.object.manifest.programs.items, answer.object.manifest.programs.count);
	return CTL_OK;
}

/* Another signed policy, such as the fleet's list: believed under the pinned site key, whatever machine it is for. */
static int read_list(struct acceptance *a, const char *path)
{
	_cleanup_answer_ struct sk_policy_answer answer = {0};
	_cleanup_store_ struct sk_policy_store *store = NULL;
	_cleanup_buf_ struct sk_buf text = SK_BUF(0);
	struct sk_policy_question question = {.when = policy_now(), .part = SK_PART_LOCKDOWN};
	int r = policy_read_signed(a->ctl, path, &text, &store);

	if (r != CTL_OK)
		return r;
	question.trust = sk_store_trust(store);
	r = sk_policy_verify(&question, text.data ? text.data : "", text.size, &answer);
	if (r == SK_DENIED && answer.refusal != SK_REFUSED_LABEL)
		return policy_refused(a->ctl, path, answer.refusal, &answer.diag);
	if (r == SK_DENIED && question.when.now >= answer.policy.expires) /* the label was looked at first */
		return policy_refused(a->ctl, path, SK_REFUSED_EXPIRED, &(struct sk_diag){.source = "policy"});
	if (r < 0)
		return ctl_fail_errno(a->ctl, r, path);
	mark_known(a, answer.policy.lockdown.programs.items, answer.policy.lockdown.programs.count);
	return CTL_OK;
}

static int check_programs(struct acceptance *a)
{
	_cleanup_answer_ struct sk_policy_answer policy = {0};
	const char *path;
	bool any;
	int r = lockdown_in_force(a->ctl, &policy, &any);

	a->is_known = sk_calloc(a->inventory.count + 1, 1);
	if (!a->is_known)
		return ctl_fail_errno(a->ctl, -ENOMEM, "accept");
	if (r == CTL_OK && any)
		mark_known(a, policy.policy.lockdown.programs.items, policy.policy.lockdown.programs.count);
	for (size_t i = 0; r == CTL_OK && (path = ctl_option_at(a->ctl, "manifest", i)); i++)
		r = read_manifest(a, &policy.policy, path);
	for (size_t i = 0; r == CTL_OK && (path = ctl_option_at(a->ctl, "list", i)); i++)
		r = read_list(a, path);
	for (size_t i = 0; i < a->inventory.count; i++)
		if (ACCEPT_IS_CODE(a->inventory.entries[i].kind))
			*(a->is_known[i] ? &a->known : &a->unknown) += 1;
	return r;
}

/* --- the other checks */

static int check_malware(struct acceptance *a)
{
	struct accept_clam_job job = {.program = ctl_option(a->ctl, "clamscan"), .database = ctl_option(a->ctl, "signatures"), .target = a->target.path,
				      .file_max = UINT64_C(2000) << 20};
	unsigned long long seconds;
	int r = ctl_option_number(a->ctl, "time", 1, 86400, accept_usual_bounds.time_ms / 1000, &seconds);

	if (r != CTL_OK)
		return r;
	job.time_ms = seconds * 1000;
	if (ctl_option(a->ctl, "no-scan")) {
		snprintf(a->clam.reason, sizeof a->clam.reason, "not asked for");
		return CTL_OK;
	}
	r = accept_clam_run(&job, &a->clam);
	return r ? ctl_fail_errno(a->ctl, r, "clamscan") : CTL_OK;
}

static int check_vulnerabilities(struct acceptance *a)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(0);
	const char *path = ctl_option(a->ctl, "vulnerabilities");
	struct sk_diag diag = {0};
	int r = path ? ctl_read_file(a->ctl, path, ACCEPT_VULNS_MAX, &text) : CTL_OK;

	if (r != CTL_OK || !path)
		return r;
	if (sk_buf_append_char(&text, 0) != 0)
		return ctl_fail_errno(a->ctl, -ENOMEM, path);
	sk_diag_source(&diag, path);
	r = accept_vulns_read(text.data, text.size - 1, &a->vulns, &diag);
	a->has_vulns = r == 0;
	return r == SK_BAD ? ctl_fail_diag(a->ctl, &diag) : r ? ctl_fail_errno(a->ctl, r, path) : CTL_OK;
}

/* etc/os-release may be a link to usr/lib: both are tried, and neither may lead out of the target. */
static void check_os(struct acceptance *a)
{
	static const char *const places[] = {"etc/os-release", "usr/lib/os-release"};
	_cleanup_close_ int dir = -1;

	if (sk_dir_open(a->target.path, "", &dir) != 0)
		return;
	for (size_t i = 0; i < SK_ARRAY_SIZE(places) && !a->has_os; i++) {
		_cleanup_buf_ struct sk_buf text = SK_BUF(ACCEPT_OS_MAX + 1);

		if (sk_file_read(dir, places[i], ACCEPT_OS_MAX, &text) == 0 && text.size)
			a->has_os = accept_os_read(text.data, text.size, &a->os) == 0;
	}
}

static void judge(struct acceptance *a)
{
	bool machine = a->subject != SK_PASS_MEDIUM;
	int64_t days = 0;
	bool dated = a->has_os && accept_os_days(&a->os, a->time, &days) == 0;
	const struct {
		int finding;
		bool is;
	} rows[] = {{FINDING_INFECTED, a->clam.scan == ACCEPT_INFECTED}, {FINDING_UNKNOWN, a->any_list && a->unknown},
		    {FINDING_NO_LIST, !a->any_list && a->unknown}, {FINDING_INCOMPLETE, a->inventory.gap_count > 0},
		    {FINDING_NOT_SCANNED, a->clam.scan == ACCEPT_NOT_SCANNED}, {FINDING_SCAN_FAILED, a->clam.scan == ACCEPT_SCAN_FAILED},
		    {FINDING_CRITICAL, a->has_vulns && a->vulns.count[ACCEPT_CRITICAL]}, {FINDING_NO_VULNS, machine && !a->has_vulns},
		    {FINDING_OS_ENDED, dated && days < 0}, {FINDING_OS_UNKNOWN, machine && !dated}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++)
		a->found |= rows[i].is ? 1u << rows[i].finding : 0;
}

static int accept_it(struct acceptance *a)
{
	int r = read_waivers(a);

	if (r == CTL_OK)
		r = check_vulnerabilities(a);
	if (r == CTL_OK)
		r = accept_prepare(a);
	if (r == CTL_OK)
		r = check_programs(a);
	if (r == CTL_OK)
		r = check_malware(a);
	if (r != CTL_OK)
		return r;
	check_os(a);
	judge(a);
	if (ctl_option(a->ctl, "issue") && !(a->found & ~a->waived))
		r = accept_issue(a);
	if (r != CTL_OK)
		return r;
	if (a->ctl->json)
		r = ctl_print_json(a->ctl, accept_report(a));
	else
		accept_print(a);
	return r != CTL_OK ? r : a->found & ~a->waived ? CTL_FOUND : CTL_OK;
}

int lockdown_run_accept(struct ctl *ctl)
{
	struct acceptance *a = sk_calloc(1, sizeof *a);
	int r;

	if (!a)
		return ctl_fail_errno(ctl, -ENOMEM, "accept");
	a->ctl = ctl;
	r = ctl_option(ctl, "verify") ? accept_verify(a) : accept_it(a);
	accept_target_done(&a->target);
	accept_inventory_done(&a->inventory);
	accept_clam_done(&a->clam);
	sk_buf_done(&a->list);
	free(a->is_known);
	free(a);
	return r;
}
