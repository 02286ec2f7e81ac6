// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho policy: the key ceremony and the life of a policy on the command line. All of it works without a server and without a network: files
 * in, files out; --root is touched by pin, import and status alone. What shows (show, status) is policy-show.c's.
 */
#include "policy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/clock.h"
#include "pass.h"
#include "wire/json.h"

struct sk_moment policy_now(void)
{
	const struct sk_clock clock = {.floor_ms = sk_clock_build_ms()};
	uint64_t ms = sk_clock_ms();

	return (struct sk_moment){(int64_t)(ms / 1000), sk_clock_check(&clock, ms) == SK_CLOCK_WRONG};
}

static int option_time(const struct ctl *ctl, const char *name, int64_t fallback, int64_t *ret_seconds)
{
	const char *text = ctl_option(ctl, name);

	*ret_seconds = fallback;
	if (text && sk_time_parse(text, ret_seconds) != 0)
		return ctl_fail(ctl, CTL_USAGE, CTL_T("--%s %s: expected a UTC time such as 2026-11-23T10:00:00Z",
						      "--%s %s: 2026-11-23T10:00:00Z のような UTC の日時を指定してください"), name, text);
	return CTL_OK;
}

/* A machine whose clock is a little behind the signer's must not have to wait for what is meant for now. */
enum { CLOCK_SLACK = 600 };

/* --from (now) and --days or --until. */
static int option_dates(const struct ctl *ctl, unsigned days, int64_t *ret_from, int64_t *ret_until)
{
	unsigned long long count;
	int r = option_time(ctl, "from", policy_now().now - CLOCK_SLACK, ret_from);

	if (r == CTL_OK)
		r = ctl_option_number(ctl, "days", 1, 36500, days, &count);
	if (r == CTL_OK)
		r = option_time(ctl, "until", *ret_from + (int64_t)count * 86400, ret_until);
	return r;
}

int policy_read_envelope(const struct ctl *ctl, const char *path, const char *type, struct sk_envelope **ret_envelope)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(0);
	struct sk_diag diag = {0};
	int r = ctl_read_file(ctl, path, SK_ENVELOPE_MAX, &text);

	if (r != CTL_OK)
		return r;
	sk_diag_source(&diag, path);
	r = sk_envelope_parse(text.data ? text.data : "", text.size, ret_envelope, &diag);
	if (r != 0)
		return r == SK_BAD ? ctl_fail_diag(ctl, &diag) : ctl_fail_errno(ctl, r, path);
	if (type && strcmp((*ret_envelope)->type, type) != 0)
		return ctl_fail(ctl, CTL_FOUND, CTL_T("%s: is %s, expected %s", "%s: %s です。%s が必要です"), path, (*ret_envelope)->type, type);
	return CTL_OK;
}

static int write_envelope(const struct ctl *ctl, const struct sk_envelope *envelope)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);
	int r = sk_envelope_write(envelope, &text);

	return r != 0 ? ctl_fail_errno(ctl, r, "envelope") : ctl_write_file(ctl, ctl_option(ctl, "out"), text.data, text.size, false);
}

/* After a file was written: one line for people, or {"written": ..., key: value}. Nothing when the file itself went to standard output. */
static int tell_written(const struct ctl *ctl, const char *key, const char *value)
{
	const char *path = ctl_option(ctl, "out") ? ctl_option(ctl, "out") : ctl->arguments[0];
	struct json_object *json;

	if (strcmp(path, "-") == 0)
		return CTL_OK;
	if (!ctl->json) {
		printf("%s: %s %s\n", path, key, value);
		return CTL_OK;
	}
	json = json_object_new_object();
	if (!json || sk_json_put_string(json, "written", path) != 0 || sk_json_put_string(json, key, value) != 0)
		json = sk_json_free(json);
	return ctl_print_json(ctl, json);
}

static int refused_by_diag(const struct ctl *ctl, int r, const struct sk_diag *diag, const char *what)
{
	return r == SK_BAD ? ctl_fail_diag(ctl, diag) : ctl_fail_errno(ctl, r, what);
}

static int save_pair(const struct ctl *ctl, const struct sk_private *key, const char *pass)
{
	const char *path = ctl->arguments[0];
	_cleanup_free_ char *public = sk_malloc(strlen(path) + 8);
	int r;

	if (!public)
		return ctl_fail_errno(ctl, -ENOMEM, path);
	snprintf(public, strlen(path) + 8, "%s.pub", path);
	r = sk_private_save(path, key, pass);
	if (r < 0)
		return ctl_fail_errno(ctl, r, path);
	r = sk_public_save(public, sk_private_public(key));
	if (r < 0)
		unlink(path); /* half a pair is worse than none */
	return r < 0 ? ctl_fail_errno(ctl, r, public) : tell_written(ctl, "keyid", sk_private_public(key)->id);
}

static int run_keygen(struct ctl *ctl)
{
	_cleanup_private_ struct sk_private *key = NULL;
	char pass[SK_PASS_MAX + 1];
	bool plain = ctl_option(ctl, "plain");
	int r;

	if (plain && ctl_option(ctl, "pass-file"))
		return ctl_fail(ctl, CTL_USAGE, CTL_T("--plain and --pass-file exclude each other", "--plain と --pass-file は同時に指定できません"));
	if (!plain) {
		r = ctl_pass(ctl, CTL_T("pass phrase of the new key", "新しい鍵のパスフレーズ"), true, pass);
		if (r != CTL_OK)
			return r;
	}
	r = sk_private_generate(&key);
	r = r < 0 ? ctl_fail_errno(ctl, r, "keygen") : save_pair(ctl, key, plain ? NULL : pass);
	sk_wipe(pass, sizeof pass);
	return r;
}

static int run_delegate(struct ctl *ctl)
{
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	_cleanup_private_ struct sk_private *site = NULL;
	struct sk_delegation terms = {.holder = (char *)ctl_option(ctl, "holder")};
	struct sk_diag diag = {0};
	unsigned long long serial;
	int r;

	if (sk_uses_parse(ctl_option(ctl, "uses"), &terms.uses) != 0)
		return ctl_fail(ctl, CTL_USAGE, CTL_T("--uses %s: expected policy, exception, release, accept, with commas between",
						      "--uses %s: policy、exception、release、accept をコンマ区切りで指定してください"), ctl_option(ctl, "uses"));
	r = ctl_option_number(ctl, "serial", 1, INT32_MAX, 1, &serial);
	if (r == CTL_OK)
		r = option_dates(ctl, 365, &terms.not_before, &terms.expires);
	if (r == CTL_OK)
		r = ctl_load_public(ctl, ctl->arguments[0], &terms.key);
	if (r == CTL_OK)
		r = ctl_load_key(ctl, ctl_option(ctl, "site-key"), &site);
	if (r != CTL_OK)
		return r;
	terms.serial = (int64_t)serial;
	r = sk_delegation_make(site, &terms, &envelope, &diag);
	if (r != 0)
		return refused_by_diag(ctl, r, &diag, "delegate");
	r = write_envelope(ctl, envelope);
	return r != CTL_OK ? r : tell_written(ctl, "keyid", terms.key.id);
}

/* The keys of the list before, so that a new list forgets none. */
static int previous_keys(const struct ctl *ctl, const struct sk_private *site, struct sk_trust *trust)
{
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	const char *path = ctl_option(ctl, "previous");
	enum sk_refusal refusal;
	int r;

	sk_trust_init(trust, sk_private_public(site));
	if (!path)
		return CTL_OK;
	r = policy_read_envelope(ctl, path, SK_TYPE_REVOCATIONS, &envelope);
	if (r != CTL_OK)
		return r;
	r = sk_trust_revoke(trust, envelope, &refusal, NULL);
	if (r == SK_DENIED)
		return ctl_fail(ctl, CTL_FOUND, "%s: %s", path, sk_refusal_text(refusal, ctl_japanese()));
	return r == 0 ? CTL_OK : ctl_fail_errno(ctl, r, path);
}

static int make_revocations(const struct ctl *ctl, const struct sk_private *site, const struct sk_trust *trust)
{
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	struct sk_revoked keys[SK_REVOKED_MAX];
	struct sk_revocations list = {trust->revocations.serial + 1, {keys, 0}};
	const struct sk_revoked *before = trust->revocations.keys.items;
	struct sk_diag diag = {0};
	char serial[24];
	int r;

	for (size_t i = 0; i < trust->revocations.keys.count; i++)
		keys[list.keys.count++] = before[i];
	for (size_t i = 0; i < ctl->argument_count; i++) {
		if (list.keys.count == SK_REVOKED_MAX)
			return ctl_fail(ctl, CTL_USAGE, CTL_T("more than %d revoked keys", "失効できる鍵は %d 個までです"), SK_REVOKED_MAX);
		keys[list.keys.count++] = (struct sk_revoked){(char *)ctl->arguments[i], (char *)ctl_option(ctl, "reason")};
	}
	r = sk_revocations_make(site, &list, &envelope, &diag);
	if (r != 0)
		return refused_by_diag(ctl, r, &diag, "revoke");
	r = write_envelope(ctl, envelope);
	snprintf(serial, sizeof serial, "%" PRId64, list.serial);
	return r != CTL_OK ? r : tell_written(ctl, "serial", serial);
}

static int run_revoke(struct ctl *ctl)
{
	_cleanup_private_ struct sk_private *site = NULL;
	struct sk_trust trust;
	unsigned long long serial;
	int r = ctl_option_number(ctl, "serial", 1, INT32_MAX, 0, &serial);

	if (r == CTL_OK)
		r = ctl_load_key(ctl, ctl_option(ctl, "site-key"), &site);
	if (r != CTL_OK)
		return r;
	r = previous_keys(ctl, site, &trust);
	if (r == CTL_OK && !ctl_option(ctl, "previous") && serial != 1)
		r = ctl_fail(ctl, CTL_USAGE, CTL_T("give --previous FILE (the list before), or --serial 1 for the first list of this site",
						   "--previous FILE（前回のリスト）を指定してください。最初のリストには --serial 1 を指定します"));
	if (r == CTL_OK && ctl->argument_count == 0 && !ctl_option(ctl, "previous"))
		r = ctl_fail(ctl, CTL_USAGE, CTL_T("which key? give its id (sekisho policy show FILE)", "鍵 ID を指定してください（sekisho policy show FILE）"));
	if (r == CTL_OK)
		r = make_revocations(ctl, site, &trust);
	sk_trust_done(&trust);
	return r;
}

static int read_draft(const struct ctl *ctl, const char *path, struct sk_policy *ret_policy)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(0);
	struct sk_diag diag = {0};
	int r = ctl_read_file(ctl, path, SK_CONF_MAX, &text);

	if (r != CTL_OK)
		return r;
	sk_diag_source(&diag, path);
	r = sk_policy_parse_draft(text.data ? text.data : "", text.size, ret_policy, &diag);
	return r == 0 ? CTL_OK : refused_by_diag(ctl, r, &diag, path);
}

static int run_check(struct ctl *ctl)
{
	_cleanup_policy_ struct sk_policy policy = {0};
	int kind, r = policy_signed_kind(ctl, &kind);

	if (r == CTL_OK && kind >= 0)
		return policy_signed_check(ctl, (enum sk_signed_kind)kind);
	if (r == CTL_OK)
		r = read_draft(ctl, ctl->arguments[0], &policy);
	if (r != CTL_OK)
		return r;
	if (policy.lockdown.mode == SK_MODE_ENFORCE && (policy.lockdown.programs.count == 0 || policy.lockdown.scope.count == 0))
		return ctl_fail(ctl, CTL_FOUND, "%s: %s", ctl->arguments[0], sk_refusal_text(SK_REFUSED_EMPTY, ctl_japanese()));
	return policy_show(ctl, &policy, NULL);
}

/* What only the signer knows: serial and dates, where the draft has none or an option says otherwise. */
static int complete(const struct ctl *ctl, struct sk_policy *policy)
{
	unsigned long long serial;
	int64_t from, until;
	int r = ctl_option_number(ctl, "serial", 1, INT32_MAX, (unsigned long long)policy->serial, &serial);

	if (r == CTL_OK)
		r = option_dates(ctl, 365, &from, &until);
	if (r != CTL_OK)
		return r;
	policy->serial = (int64_t)serial;
	if (!policy->not_before || ctl_option(ctl, "from"))
		policy->not_before = from;
	if (!policy->expires || ctl_option(ctl, "until") || ctl_option(ctl, "days"))
		policy->expires = until;
	return CTL_OK;
}

static int sign_policy(struct ctl *ctl, const struct sk_private *key, const struct sk_envelope *delegation, struct sk_envelope **ret_envelope,
		       char serial[static 24])
{
	_cleanup_policy_ struct sk_policy policy = {0};
	struct sk_diag diag = {0};
	int r = read_draft(ctl, ctl->arguments[0], &policy);

	if (r == CTL_OK)
		r = complete(ctl, &policy);
	if (r != CTL_OK)
		return r;
	sk_diag_source(&diag, ctl->arguments[0]);
	r = sk_policy_sign(&policy, key, delegation, ret_envelope, &diag);
	snprintf(serial, 24, "%" PRId64, policy.serial);
	return r == 0 ? CTL_OK : refused_by_diag(ctl, r, &diag, ctl->arguments[0]);
}

static int run_sign(struct ctl *ctl)
{
	_cleanup_envelope_ struct sk_envelope *delegation = NULL, *envelope = NULL;
	_cleanup_private_ struct sk_private *key = NULL;
	const char *path = ctl_option(ctl, "delegation");
	int64_t from, until;
	char word[129];
	int kind, r = policy_signed_kind(ctl, &kind);

	if (r == CTL_OK)
		r = option_dates(ctl, kind < 0 ? 365 : 1, &from, &until);
	if (r == CTL_OK && path)
		r = policy_read_envelope(ctl, path, SK_TYPE_DELEGATION, &delegation);
	if (r == CTL_OK)
		r = ctl_load_key(ctl, ctl_option(ctl, "key"), &key);
	if (r == CTL_OK)
		r = kind < 0 ? sign_policy(ctl, key, delegation, &envelope, word)
			     : policy_signed_sign(ctl, (enum sk_signed_kind)kind, key, delegation, from, until, &envelope, word);
	if (r == CTL_OK)
		r = write_envelope(ctl, envelope);
	return r != CTL_OK ? r : tell_written(ctl, kind < 0 ? "serial" : "id", word);
}

struct sk_place policy_place(const struct ctl *ctl, char host[static 65])
{
	struct sk_place place = {ctl_option(ctl, "org"), ctl_option(ctl, "site"), ctl_option(ctl, "asset"), ctl_option(ctl, "host")};

	if (!place.host && gethostname(host, 65) == 0) {
		host[64] = '\0';
		place.host = host;
	}
	return place;
}

static int verify_trust(const struct ctl *ctl, struct sk_trust *trust)
{
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	const char *path = ctl_option(ctl, "revocations");
	enum sk_refusal refusal;
	struct sk_public site;
	int r;

	if (!ctl_option(ctl, "site-pub") && !ctl_option(ctl, "vendor-pub"))
		return ctl_fail(ctl, CTL_USAGE, CTL_T("--site-pub FILE is required (for a manifest --vendor NAME and --vendor-pub FILE)",
						      "--site-pub FILE を指定してください（マニフェストの場合は --vendor と --vendor-pub）"));
	r = ctl_option(ctl, "site-pub") ? ctl_load_public(ctl, ctl_option(ctl, "site-pub"), &site) : CTL_OK;
	if (r != CTL_OK)
		return r;
	sk_trust_init(trust, ctl_option(ctl, "site-pub") ? &site : NULL);
	if (!path)
		return CTL_OK;
	r = policy_read_envelope(ctl, path, SK_TYPE_REVOCATIONS, &envelope);
	if (r != CTL_OK)
		return r;
	r = sk_trust_revoke(trust, envelope, &refusal, NULL);
	if (r == SK_DENIED)
		return ctl_fail(ctl, CTL_FOUND, "%s: %s", path, sk_refusal_text(refusal, ctl_japanese()));
	return r == 0 ? CTL_OK : ctl_fail_errno(ctl, r, path);
}

static int verify_text(const struct ctl *ctl, const struct sk_trust *trust, const char *text, size_t size)
{
	_cleanup_answer_ struct sk_policy_answer answer = {0};
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	struct sk_policy_question q = {.trust = trust, .when = policy_now(), .part = -1};
	enum sk_signed_kind kind;
	unsigned long long floor;
	char host[65];
	int r = ctl_option_number(ctl, "floor", 0, INT64_MAX, 0, &floor);

	if (r == CTL_OK)
		r = option_time(ctl, "at", q.when.now, &q.when.now);
	if (r != CTL_OK)
		return r;
	if (sk_envelope_parse(text, size, &envelope, NULL) == 0 && sk_signed_kind_of_type(envelope->type, &kind) == 0)
		return policy_signed_verify(ctl, trust, &q.when, text, size);
	q.floor = floor;
	q.place = policy_place(ctl, host);
	r = sk_policy_verify(&q, text, size, &answer);
	if (r < 0)
		return ctl_fail_errno(ctl, r, ctl->arguments[0]);
	if (r == SK_DENIED)
		return policy_refused(ctl, ctl->arguments[0], answer.refusal, &answer.diag);
	return policy_show(ctl, &answer.policy, &answer);
}

static int run_verify(struct ctl *ctl)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(0);
	struct sk_trust trust = {0};
	int r = ctl_read_file(ctl, ctl->arguments[0], SK_ENVELOPE_MAX + 1, &text);

	if (r == CTL_OK)
		r = verify_trust(ctl, &trust);
	if (r == CTL_OK)
		r = verify_text(ctl, &trust, text.data ? text.data : "", text.size);
	sk_trust_done(&trust);
	return r;
}

/* The envelope's policy (or other object) as a draft; nothing is verified. */
static int draft_of(struct ctl *ctl, const char *path, struct sk_buf *out)
{
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	_cleanup_policy_ struct sk_policy policy = {0};
	struct sk_diag diag = {0};
	enum sk_signed_kind kind;
	enum sk_refusal refusal;
	int r = policy_read_envelope(ctl, path, NULL, &envelope);

	if (r != CTL_OK)
		return r;
	if (sk_signed_kind_of_type(envelope->type, &kind) == 0)
		return policy_signed_draft(ctl, kind, envelope, out);
	if (strcmp(envelope->type, SK_TYPE_POLICY) != 0)
		return ctl_fail(ctl, CTL_FOUND, CTL_T("%s: is %s, expected %s", "%s: %s です。%s が必要です"), path, envelope->type, SK_TYPE_POLICY);
	sk_diag_source(&diag, path);
	r = sk_policy_read_payload(envelope->payload, envelope->payload_size, &policy, &refusal, &diag);
	if (r == SK_DENIED)
		return policy_refused(ctl, path, refusal, &diag);
	if (r == 0)
		r = sk_policy_write_draft(&policy, out);
	return r == 0 ? CTL_OK : ctl_fail_errno(ctl, r, path);
}

static int run_draft(struct ctl *ctl)
{
	static const char start[] = "part: lockdown\nlockdown:\n  mode: observe\n  scope: [/]\n  programs: []\n";
	_cleanup_buf_ struct sk_buf text = SK_BUF(2 * SK_CONF_MAX);
	const char *out = ctl_option(ctl, "out");
	int kind, r = policy_signed_kind(ctl, &kind);

	if (r == CTL_OK && ctl->argument_count)
		r = draft_of(ctl, ctl->arguments[0], &text);
	else if (r == CTL_OK && kind >= 0)
		r = policy_signed_draft(ctl, (enum sk_signed_kind)kind, NULL, &text);
	else if (r == CTL_OK && (sk_conf_example(&sk_policy_table, ctl_japanese(), &text) != 0 || sk_buf_append_char(&text, '\n') != 0 ||
		 sk_buf_append_str(&text, start) != 0))
		r = ctl_fail_errno(ctl, -ENOMEM, "draft");
	return r != CTL_OK ? r : ctl_write_file(ctl, out ? out : "-", text.data, text.size, false);
}

#define OPTION_OUT {"out", "FILE", {"file to write; - is standard output", "出力先。- は標準出力"}, .required = true}
#define OPTION_SITE_KEY {"site-key", "FILE", {"private site key", "サイトの秘密鍵"}, .required = true}
#define OPTION_PASS {"pass-file", "FILE", {"pass phrase of the key in the first line of FILE (else asked)", "鍵のパスフレーズを FILE の 1 行目から読む（省略時は入力）"}}
#define OPTIONS_DATES                                                                                                                 \
	{"from", "TIME", {"begin of validity, UTC (now)", "有効期間の開始、UTC（既定は現在）"}},                                       \
		{"days", "N", {"days of validity (365)", "有効日数（既定 365）"}},                                                     \
		{"until", "TIME", {"end of validity, instead of --days", "有効期間の終了。--days の代わり"}}
#define OPTIONS_PLACE                                                                                                                 \
	{"org", "NAME", {"organisation of this machine", "この機器の組織"}}, {"site", "NAME", {"site of this machine", "この機器のサイト"}},   \
		{"asset", "ID", {"equipment id of this machine", "この機器の装置 ID"}},                                               \
		{"host", "NAME", {"host name (this machine's)", "ホスト名（既定はこの機器）"}}

#define OPTION_KIND                                                                                                                   \
	{"kind", "KIND", {"policy (default), window, release, manifest, pass", "種類。policy（既定）、window、release、manifest、pass"}}

static const struct ctl_option keygen_options[] = {
	{"plain", NULL, {"no pass phrase: for tests and for keys in a safe of their own", "パスフレーズなし。試験用、または専用の保管庫に置く鍵用"}},
	OPTION_PASS, {0}};
static const struct ctl_option delegate_options[] = {
	OPTION_SITE_KEY, {"uses", "LIST", {"policy, exception, release, accept", "用途。policy、exception、release、accept"}, .required = true},
	{"serial", "N", {"a higher serial replaces what was delegated to this key before (1)", "大きい番号が以前の委任を置き換える（既定 1）"}},
	{"holder", "TEXT", {"who holds the key", "鍵の保有者"}}, OPTIONS_DATES, OPTION_OUT, OPTION_PASS, {0}};
static const struct ctl_option revoke_options[] = {
	OPTION_SITE_KEY, {"previous", "FILE", {"the site's list before; its keys stay revoked", "前回のリスト。含まれる鍵は失効のまま"}},
	{"serial", "N", {"1 for a site's first list", "サイトの最初のリストでは 1"}},
	{"reason", "TEXT", {"why", "理由"}}, OPTION_OUT, OPTION_PASS, {0}};
static const struct ctl_option sign_options[] = {
	{"key", "FILE", {"private key that signs", "署名する秘密鍵"}, .required = true},
	{"delegation", "FILE", {"the site's delegation of that key (none when the site key signs)", "その鍵への委任（サイト鍵で署名する場合は不要）"}},
	{"serial", "N", {"serial, when the draft has none", "シリアル番号（下書きにない場合）"}}, OPTIONS_DATES, OPTION_OUT, OPTION_PASS, OPTION_KIND, {0}};
static const struct ctl_option verify_options[] = {
	{"site-pub", "FILE", {"public site key", "サイトの公開鍵"}},
	{"vendor", "NAME", {"for a manifest: whose", "マニフェストの場合、ベンダー名"}},
	{"vendor-pub", "FILE", {"for a manifest: the vendor's public key", "マニフェストの場合、ベンダーの公開鍵"}},
	{"revocations", "FILE", {"the site's revocation list", "サイトの失効リスト"}},
	{"floor", "N", {"serial in force", "現在有効なシリアル番号"}}, {"at", "TIME", {"judge as of this time", "この日時で判定する"}}, OPTIONS_PLACE, {0}};
static const struct ctl_option kind_options[] = {OPTION_KIND, {0}};
static const struct ctl_option draft_options[] = {OPTION_KIND, {"out", "FILE", {"file to write (standard output)", "出力先（既定は標準出力）"}}, {0}};
static const struct ctl_option bundle_options[] = {OPTION_OUT, {0}};
static const struct ctl_option place_options[] = {OPTIONS_PLACE, {0}};

static const struct ctl_command commands[] = {
	{"keygen", run_keygen, "FILE", 1, 1, {"make a key: FILE and FILE.pub", "鍵を作る。FILE と FILE.pub を書き出す"}, keygen_options},
	{"delegate", run_delegate, "PUBLIC-KEY", 1, 1, {"let a key sign for the site", "サイトに代わって署名する鍵を委任する"}, delegate_options},
	{"revoke", run_revoke, "[KEYID]...", 0, SK_REVOKED_MAX, {"revoke keys: the site's next revocation list", "鍵を失効させる。サイトの次の失効リストを作る"},
	 revoke_options},
	{"draft", run_draft, "[SIGNED]", 0, 1, {"an empty draft with explanations, or the draft of a signed policy",
						"説明付きの空の下書き、または署名済みポリシーの下書きを出力する"}, draft_options},
	{"check", run_check, "DRAFT", 1, 1, {"check a draft", "下書きを検査する"}, kind_options},
	{"sign", run_sign, "DRAFT", 1, 1, {"sign a draft", "下書きに署名する"}, sign_options},
	{"verify", run_verify, "SIGNED", 1, 1, {"would a machine take this policy, window, release, manifest or pass?", "機器がこのポリシーなどを受け入れるかを検証する"}, verify_options},
	{"show", policy_run_show, "FILE", 1, 1, {"what is in a signed object, bundle or public key; verifies nothing",
						 "署名付きデータ、バンドル、公開鍵の内容を表示する（検証はしない）"}, NULL},
	{"bundle", policy_run_bundle, "SIGNED...", 1, SK_BUNDLE_ITEMS, {"put signed objects into one file for a medium",
									"署名付きデータを 1 個のファイルにまとめる（媒体での搬送用）"}, bundle_options},
	{"pin", policy_run_pin, "PUBLIC-KEY", 1, 1, {"pin the site key on this machine", "この機器にサイト鍵を固定する"}, NULL},
	{"import", policy_run_import, "FILE...", 1, 64, {"offer bundles and signed objects to this machine; twice changes nothing",
							 "バンドルや署名付きデータをこの機器に取り込む。2 回取り込んでも変化しない"}, place_options},
	{"status", policy_run_status, NULL, 0, 0, {"which policy is in force on this machine", "この機器で有効なポリシーを表示する"}, place_options},
	{0}};

const struct ctl_family ctl_policy = {
	"policy", {"keys, drafts, signatures, bundles", "鍵、下書き、署名、バンドル"}, commands,
	{"The site key stays offline: it delegates keys, and revokes them. docs/policy.md has the key ceremony step by step and every key of a "
	 "policy.", NULL}};
