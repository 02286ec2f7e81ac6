// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho lockdown: scan, learn, enforce, observe (drafts), status, explain, allow (what is, why, and how it can change). None of them changes what
 * is enforced: only a signed policy does.
 */
#include "lockdown-window.h"
#include "lockdown.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/clock.h"

enum { ASK_MS = 10000 };

struct json_object *lockdown_question(const char *verb)
{
	struct json_object *question = json_object_new_object();

	if (!question || sk_json_put_string(question, "verb", verb))
		question = sk_json_free(question);
	return question;
}

static int no_agent(const struct ctl *ctl, int r, bool quiet)
{
	if (quiet)
		return CTL_ENVIRONMENT;
	if (r == SK_DENIED)
		return ctl_fail(ctl, CTL_ENVIRONMENT, CTL_T("only root may ask the agent", "エージェントへの問い合わせは root だけができます"));
	if (r == SK_NONE || r == SK_AGAIN)
		return ctl_fail(ctl, CTL_ENVIRONMENT, CTL_T("the agent is not running here: start sekisho-agent (or give its --root)",
							    "エージェントが動いていません。sekisho-agent を起動するか --root を指定してください"));
	return ctl_fail_errno(ctl, r < 0 ? r : -EIO, "lockdown.sock");
}

/* The agent's own words: where it read them from says nothing to people. */
static int refused(const struct ctl *ctl, const struct sk_diag *diag)
{
	static const char source[] = "lockdown.sock: ";
	const char *text = diag->text;
	char out[1000];

	if (!strncmp(text, source, sizeof source - 1))
		text += sizeof source - 1;
	return ctl_fail(ctl, CTL_FOUND, "%s", lockdown_sentence(text, out, sizeof out));
}

int lockdown_ask(const struct ctl *ctl, struct json_object *question, bool quiet, int (*on_part)(void *arg, const struct sk_frame *frame),
		 void *arg, struct json_object **ret_answer)
{
	_cleanup_json_ struct json_object *asked = question;
	_cleanup_buf_ struct sk_buf text = SK_BUF(8 << 20);
	_cleanup_call_ struct sk_call *call = NULL;
	struct sk_diag diag = {0};
	struct sk_frame frame;
	int r = asked ? sk_json_canonical(asked, &text) : -ENOMEM;

	if (r == 0)
		r = sk_call_open(ctl->root, "lockdown.sock", SK_PROTO_LOCKDOWN, &call);
	if (r)
		return no_agent(ctl, r, quiet);
	r = sk_call_ask(call, SK_F_CALL, text.data, text.size, ASK_MS, on_part, arg, &frame, &diag);
	if (r == SK_DENIED)
		return refused(ctl, &diag);
	if (r == SK_BAD)
		return ctl_fail_diag(ctl, &diag);
	if (r == SK_AGAIN || r == SK_END)
		return ctl_fail(ctl, CTL_ENVIRONMENT, CTL_T("the agent did not answer in time", "エージェントが時間内に応答しませんでした"));
	if (r == 0)
		r = sk_json_parse_object(frame.body, frame.size, frame.size, ret_answer, &diag);
	return r == 0 ? CTL_OK : r == SK_BAD ? ctl_fail_diag(ctl, &diag) : ctl_fail_errno(ctl, r, "lockdown.sock");
}

static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value;

	return object && json_object_object_get_ex(object, key, &value) ? json_object_get_string(value) : "";
}

static uint64_t number_of(struct json_object *object, const char *key)
{
	struct json_object *value;

	return object && json_object_object_get_ex(object, key, &value) ? (uint64_t)json_object_get_int64(value) : 0;
}

static bool is_true(struct json_object *object, const char *key)
{
	struct json_object *value;

	return object && json_object_object_get_ex(object, key, &value) && json_object_get_boolean(value);
}

static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value;

	return object && json_object_object_get_ex(object, key, &value) ? value : NULL;
}

/* --- status */

static const char *guard_word(const char *state)
{
	if (!strcmp(state, "up"))
		return CTL_T("guarding", "保護しています");
	if (!strcmp(state, "stalled"))
		return CTL_T("the guard does not answer; the keeper answers in its place", "ガードが応答せず、番人が代わりに応答しています");
	return !strcmp(state, "starting") ? CTL_T("starting", "起動中") : CTL_T("NOT guarding", "保護していません");
}

static const char *mode_word(const char *mode)
{
	if (!strcmp(mode, "enforce"))
		return CTL_T("enforce: what is not on the allowlist does not start", "強制モード（enforce）: 許可リスト（ホワイトリスト）にないものは起動しません");
	if (!strcmp(mode, "learn"))
		return CTL_T("learn: everything starts, unknown programs are noted", "学習モード（learn）: すべて起動し、未登録のものを記録します");
	if (!strcmp(mode, "shadow"))
		return CTL_T("shadow: everything starts; what enforce would refuse is reported each time",
			     "試行モード（shadow）: すべて起動し、強制モードなら拒否するものを毎回報告します");
	return CTL_T("observe: everything starts, unknown programs are reported", "監視モード（observe）: すべて起動し、未登録のものを報告します");
}

static void print_scope(struct json_object *list)
{
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);
		const char *error = text_of(one, "error");

		printf("  %s%*s %s%s%s\n", CTL_PADDED(text_of(one, "path"), 24), lockdown_word(text_of(one, "state")), error[0] ? ": " : "", error);
	}
}

static void print_counts(struct json_object *count)
{
	static const char *const troubles[] = {"deadline", "overload", "unreadable", "open-for-writing", "unattended", "too-large"};

	uint64_t all = 0;

	printf(CTL_T("judged %" PRIu64 " starts: denied %" PRIu64 ", would have denied %" PRIu64 "; hashed %" PRIu64 " files\n",
		     "起動の判定 %" PRIu64 " 件: 拒否 %" PRIu64 " 件、拒否相当 %" PRIu64 " 件。ハッシュを計算したファイル %" PRIu64 " 個\n"),
	       number_of(count, "judged"), number_of(count, "denied"), number_of(count, "would_deny"), number_of(count, "hashed"));
	for (size_t i = 0; i < SK_ARRAY_SIZE(troubles); i++)
		all += number_of(member(count, "troubles"), troubles[i]);
	if (!all)
		return;
	printf("%s", CTL_T("answered by the failure setting:", "failure の設定で応答した件数:"));
	for (size_t i = 0; i < SK_ARRAY_SIZE(troubles); i++)
		if (number_of(member(count, "troubles"), troubles[i]))
			printf(" %s %" PRIu64, lockdown_word(troubles[i]), number_of(member(count, "troubles"), troubles[i]));
	printf("\n");
}

/* What became of what was asked for here. */
static void print_requests(struct json_object *list)
{
	size_t waiting = 0, count = list ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < count; i++)
		waiting += !text_of(json_object_array_get_idx(list, i), "decision")[0];
	if (count)
		printf(CTL_T("requests made here: %zu, of which %zu wait for a decision\n", "この機器からの申請 %zu 件（うち判断待ち %zu 件）\n"), count, waiting);
}

static void print_policy(struct json_object *status, struct json_object *policy)
{
	if (!strcmp(text_of(policy, "state"), "none")) {
		puts(CTL_T("no policy is in force: everything starts, nothing is refused. Begin with: sekisho lockdown scan / --mode observe --out draft.yaml",
			   "有効なポリシーがないため、すべて起動し、何も拒否しません。始めるには: sekisho lockdown scan / --mode observe --out draft.yaml"));
		return;
	}
	printf("%s\n", mode_word(text_of(status, "mode")));
	printf(CTL_T("policy %" PRIu64 " (%s), %" PRIu64 " programs; what cannot be judged within %" PRIu64 " ms: %s\n",
		     "ポリシー %" PRIu64 "（%s）、プログラム %" PRIu64 " 個。%" PRIu64 " ms 以内に判定できないとき: %s\n"),
	       number_of(policy, "serial"), lockdown_word(text_of(policy, "state")), number_of(policy, "programs"), number_of(policy, "deadline_ms"),
	       !strcmp(text_of(policy, "failure"), "deny") ? CTL_T("denied", "拒否（failure: deny）") : CTL_T("allowed (failure: allow)", "許可（failure: allow）"));
}

static void print_status(struct json_object *status)
{
	struct json_object *policy = member(status, "policy"), *gap = member(status, "unguarded"), *requests = member(status, "requests");
	char from[25], to[25], why[1000];

	printf("%s\n", guard_word(text_of(status, "guard")));
	print_policy(status, policy);
	if (text_of(policy, "refused")[0])
		printf(CTL_T("the newest policy was refused: %s\n", "最新のポリシーは受け入れられませんでした: %s\n"), lockdown_sentence(text_of(policy, "refused"), why, sizeof why));
	lockdown_print_window(member(status, "window"), true);
	print_scope(member(status, "scope"));
	print_counts(member(status, "count"));
	lockdown_print_protection(status);
	if (gap)
		printf(CTL_T("nothing was judged from %s to %s\n", "無防備時間: %s から %s まで判定していません\n"), sk_clock_text(number_of(gap, "from"), from),
		       sk_clock_text(number_of(gap, "to"), to));
	if (number_of(status, "learned"))
		printf(CTL_T("unknown programs seen: %" PRIu64 " (sekisho lockdown learn --group --out FILE)\n",
			     "記録した未登録のプログラム %" PRIu64 " 個（sekisho lockdown learn --group --out ファイル）\n"), number_of(status, "learned"));
	print_requests(requests);
}

/* 0: it does what the policy says. 1: it does not, or there is none. */
static int judge_status(struct json_object *status)
{
	struct json_object *scope = member(status, "scope");

	if (strcmp(text_of(status, "guard"), "up") || !strcmp(text_of(member(status, "policy"), "state"), "none"))
		return CTL_FOUND;
	for (size_t i = 0; scope && i < json_object_array_length(scope); i++)
		if (!strcmp(text_of(json_object_array_get_idx(scope, i), "state"), "not-guarded"))
			return CTL_FOUND;
	return CTL_OK;
}

static int run_status(struct ctl *ctl)
{
	_cleanup_json_ struct json_object *status = NULL;
	int r = lockdown_ask(ctl, lockdown_question("status"), false, NULL, NULL, &status), found;

	if (r != CTL_OK)
		return r;
	found = judge_status(status);
	if (ctl->json)
		r = ctl_print_json(ctl, json_object_get(status));
	else
		print_status(status);
	return r != CTL_OK ? r : found;
}

/* --- explain */

static void print_explanation(const char *path, const struct lockdown_file *file, struct json_object *answer)
{
	const char *mode = text_of(answer, "mode"), *name = text_of(answer, "name"), *provenance = text_of(answer, "provenance");
	uint64_t serial = number_of(answer, "serial");

	printf("%s\nSHA-256 %s\n", path, file->hex);
	if (is_true(answer, "known")) {
		printf(CTL_T("Known: policy %" PRIu64 " lists this content", "登録済み: ポリシー %" PRIu64 " にこの内容があります"), serial);
		printf("%s%s%s%s%s\n", name[0] ? " (" : "", name, provenance[0] ? ", " : "", provenance, name[0] ? ")" : "");
		puts(CTL_T("It starts, wherever it lies and whatever it is called.", "置き場所や名前にかかわらず起動します。"));
		return;
	}
	if (!is_true(answer, "policy"))
		puts(CTL_T("Unknown: no policy is in force on this machine, so nothing is refused. Begin with sekisho lockdown scan.",
			   "未登録: この機器に有効なポリシーがないため、何も拒否されません。sekisho lockdown scan から始めてください。"));
	else if (!strcmp(mode, "enforce"))
		printf(CTL_T("Unknown: no entry of policy %" PRIu64 " (enforce) has this content, so it does not start on the guarded file systems.\n",
			     "未登録: ポリシー %" PRIu64 "（enforce）にこの内容がないため、保護されたファイルシステムでは起動しません。\n"), serial);
	else
		printf(CTL_T("Unknown: no entry of policy %" PRIu64 " (%s) has this content. It starts and is reported; enforce would refuse it.\n",
			     "未登録: ポリシー %" PRIu64 "（%s）にこの内容がありません。起動して報告されますが、enforce では拒否されます。\n"), serial, mode);
	if (lockdown_print_refusal(member(answer, "refused")))
		return;
	printf(CTL_T("To let it start: sekisho lockdown allow %s --note \"why\" (a person approves it, a new policy is signed).\n",
		     "起動させるには: sekisho lockdown allow %s --note \"理由\"（担当者が承認し、新しいポリシーに署名します）\n"), path);
}

/* Without the agent: what the store says. */
static int explain_offline(const struct ctl *ctl, const struct lockdown_file *file, struct json_object **ret_answer)
{
	_cleanup_answer_ struct sk_policy_answer policy = {0};
	const struct sk_program *program;
	struct json_object *out;
	bool any;
	int r = lockdown_in_force(ctl, &policy, &any);

	if (r != CTL_OK)
		return r;
	program = any ? sk_policy_find_program(&policy.policy, file->sha256) : NULL;
	out = json_object_new_object();
	if (!out || sk_json_put_bool(out, "known", program != NULL) || sk_json_put_bool(out, "policy", any) || sk_json_put_bool(out, "agent", false) ||
	    sk_json_put_string(out, "mode", any ? sk_mode_names[policy.policy.lockdown.mode] : "observe") ||
	    sk_json_put_u64(out, "serial", any ? (uint64_t)policy.policy.serial : 0) ||
	    (program && program->name && sk_json_put_string(out, "name", program->name)) ||
	    (program && program->provenance && sk_json_put_string(out, "provenance", program->provenance))) {
		sk_json_free(out);
		return ctl_fail_errno(ctl, -ENOMEM, "explain");
	}
	*ret_answer = out;
	return CTL_OK;
}

static int run_explain(struct ctl *ctl)
{
	_cleanup_json_ struct json_object *answer = NULL;
	struct json_object *question;
	struct lockdown_file file;
	bool known;
	int r;

	if (!ctl->argument_count)
		return lockdown_explain_last(ctl);
	r = lockdown_hash(ctl, ctl->arguments[0], &file);
	if (r != CTL_OK)
		return r;
	question = lockdown_question("explain");
	if (!question || sk_json_put_string(question, "sha256", file.hex))
		question = sk_json_free(question);
	r = lockdown_ask(ctl, question, true, NULL, NULL, &answer);
	if (r == CTL_ENVIRONMENT)
		r = explain_offline(ctl, &file, &answer);
	if (r != CTL_OK)
		return r;
	known = is_true(answer, "known");
	if (!ctl->json)
		print_explanation(ctl->arguments[0], &file, answer);
	else if (sk_json_put_string(answer, "sha256", file.hex) || sk_json_put_string(answer, "file", ctl->arguments[0]) ||
		 ctl_print_json(ctl, json_object_get(answer)) != CTL_OK)
		return CTL_ENVIRONMENT;
	return known ? CTL_OK : CTL_FOUND;
}

/* --- allow */

static int put_program(const struct ctl *ctl, struct json_object *list, const char *path)
{
	_cleanup_free_ char *real = realpath(path, NULL);
	struct json_object *program;
	struct lockdown_file file;
	const char *name = real && sk_utf8_valid(real, strlen(real), NULL) ? real : "?";
	int r = lockdown_hash(ctl, path, &file);

	if (r != CTL_OK)
		return r;
	program = json_object_new_object();
	if (!program || sk_json_put_string(program, "sha256", file.hex) || sk_json_put_string(program, "name", name) ||
	    sk_json_put_u64(program, "size", file.size)) {
		sk_json_free(program);
		return ctl_fail_errno(ctl, -ENOMEM, path);
	}
	return sk_json_append(list, program) ? ctl_fail_errno(ctl, -ENOMEM, path) : CTL_OK;
}

static int request(const struct ctl *ctl)
{
	_cleanup_json_ struct json_object *answer = NULL;
	struct json_object *question = lockdown_question("allow"), *list;
	int r = question && !sk_json_put_array(question, "programs", &list) &&
				!sk_json_put_string(question, "note", ctl_option(ctl, "note") ? ctl_option(ctl, "note") : "")
			? CTL_OK
			: ctl_fail_errno(ctl, -ENOMEM, "allow");

	for (size_t i = 0; i < ctl->argument_count && r == CTL_OK; i++)
		r = put_program(ctl, list, ctl->arguments[i]);
	if (r != CTL_OK) {
		sk_json_free(question);
		return r;
	}
	r = lockdown_ask(ctl, question, false, NULL, NULL, &answer);
	if (r != CTL_OK)
		return r;
	if (ctl->json)
		return ctl_print_json(ctl, json_object_get(answer));
	printf(CTL_T("Asked (request %s). It starts when the request is approved on the console and the new policy is signed.\n",
		     "申請しました（申請 %s）。コンソールで承認され、新しいポリシーに署名されると起動できます。\n"), text_of(answer, "id"));
	return CTL_OK;
}

/* Without a server: a draft with the programs added. */
static int allow_by_draft(const struct ctl *ctl)
{
	_cleanup_answer_ struct sk_policy_answer policy = {0};
	char provenance[64];
	bool any;
	int r = lockdown_in_force(ctl, &policy, &any);

	if (r == CTL_OK && !any)
		r = ctl_fail(ctl, CTL_FOUND, CTL_T("no policy is in force here: begin with sekisho lockdown scan",
						   "有効なポリシーがありません。sekisho lockdown scan から始めてください"));
	if (r != CTL_OK)
		return r;
	lockdown_provenance("allow", provenance, sizeof provenance);
	for (size_t i = 0; i < ctl->argument_count; i++) {
		struct sk_program program = {.name = (char *)ctl->arguments[i], .provenance = provenance, .note = (char *)ctl_option(ctl, "note")};
		struct lockdown_file file;
		int added;

		r = lockdown_hash(ctl, ctl->arguments[i], &file);
		if (r != CTL_OK)
			return r;
		memcpy(program.sha256, file.sha256, sizeof program.sha256);
		program.size = (int64_t)file.size;
		added = sk_policy_add_program(&policy.policy, &program);
		if (added && added != SK_NONE)
			return ctl_fail_errno(ctl, added < 0 ? added : -EFBIG, ctl->arguments[i]);
	}
	policy.policy.serial++;
	policy.policy.not_before = policy.policy.expires = 0;
	return lockdown_write_draft(ctl, &policy.policy, ctl_option(ctl, "out"));
}

static int run_allow(struct ctl *ctl)
{
	return ctl_option(ctl, "out") ? allow_by_draft(ctl) : request(ctl);
}

/* --- the table */

#define OUT_OPTION {"out", "FILE", {"file to write (default: standard output)", "書き出すファイル（既定は標準出力）"}}

#define VENDOR_OPTIONS                                                                                                                \
	{"vendor", "NAME", {"the vendor (when the policy in force does not name it)", "ベンダー名（有効なポリシーに記載がない場合）"}},  \
		{"vendor-pub", "FILE", {"the vendor's public key", "ベンダーの公開鍵"}}

static const struct ctl_option manifest_options[] = {
	OUT_OPTION, VENDOR_OPTIONS,
	{"id", "TEXT", {"make: its own number", "make: 固有の番号"}},
	{"product", "TEXT", {"make: the product", "make: 製品"}},
	{"version", "TEXT", {"make: the product's version", "make: 製品の版"}},
	{"key", "FILE", {"make: the vendor's private key", "make: ベンダーの秘密鍵"}},
	{"pass-file", "FILE", {"file whose first line is the key's pass phrase", "鍵のパスフレーズを 1 行目に書いたファイル"}},
	{"scripts", NULL, {"make: also what interpreters load by its name", "make: インタープリターが読み込むファイルも対象にする"}},
	{0}};
static const struct ctl_option scan_options[] = {
	OUT_OPTION,
	{"mode", "MODE", {"observe (default), learn or enforce", "observe（既定）、learn、enforce のいずれか"}},
	{"failure", "WORD", {"allow (default) or deny: answer when a program cannot be judged in time", "時間内に判定できないときの応答。allow（既定）または deny"}},
	{"title", "TEXT", {"what the policy is for", "ポリシーの目的"}},
	{"change", "TEXT", {"change number", "変更番号"}},
	{"scripts", NULL, {"also what interpreters load by its name (.py, .pm, .jar ...)", "インタープリターが読み込むファイル（.py、.pm、.jar など）も対象にする"}},
	{"fleet", "FILE", {"what the fleet has accepted (sekisho fleet programs list --decision accepted --json) is marked", "フリートで承認済みのもの（sekisho fleet programs list --decision accepted --json の出力）に印を付ける"}},
	{"archive", "FOLDER", {"signed package archives (InRelease, Packages, .deb): provenance is proved", "署名付きパッケージアーカイブ（InRelease、Packages、.deb）。出所を証明する"}, .many = true},
	{"keyring", "FILE", {"keys that may sign them (Debian's)", "署名を認める鍵（既定は Debian の鍵）"}},
	{"manifest", "FILE", {"a vendor's signed manifest, by --vendor and --vendor-pub or the policy in force", "ベンダーの署名付きマニフェスト"}, .many = true},
	VENDOR_OPTIONS,
	{"group", NULL, {"in groups that a person can review: package, folder", "確認しやすいように、パッケージとフォルダごとに並べる"}},
	{0}};
static const struct ctl_option out_options[] = {OUT_OPTION, {0}};
static const struct ctl_option learn_options[] = {
	OUT_OPTION,
	{"fleet", "FILE", {"what the fleet has accepted (sekisho fleet programs list --decision accepted --json) is marked", "フリートで承認済みのもの（sekisho fleet programs list --decision accepted --json の出力）に印を付ける"}},
	{"group", NULL, {"in groups that a person can review: package, folder, first use", "パッケージ、フォルダ、初回使用日ごとに並べる"}},
	{"clear", NULL, {"forget what was seen: begin a new learning period", "記録を消し、新しい学習期間を始める"}}, {0}};
static const struct ctl_option allow_options[] = {
	{"note", "TEXT", {"why it is needed", "必要な理由"}},
	{"out", "FILE", {"write a draft instead of asking the console", "コンソールへ申請せず下書きを書き出す"}},
	{0}};

static const struct ctl_option exec_options[] = {
	{"jit", NULL, {"allow what a just-in-time compiler needs (mdwe, memory)", "実行時コンパイラーに必要なもの（mdwe、memory）を許す"}},
	{"allow", "WHAT", {"leave one restraint off; --list names them", "制限を 1 つ外す。名前は --list で表示"}, .many = true},
	{"place", "PATH", {"programs may also be executed from here (beside /usr, /bin, /sbin, /lib*, /opt)", "ここからの実行も許す（/usr、/bin、/sbin、/lib*、/opt のほかに）"}, .many = true},
	{"no-new-privs", NULL, {"setuid programs lose their power; needed when not root", "setuid プログラムに特権を与えない。root 以外では必須"}},
	{"strict", NULL, {"start nothing when this kernel lacks a restraint", "このカーネルにない制限があれば起動しない"}},
	{"list", NULL, {"show the restraints, and start nothing", "制限の一覧を表示し、何も起動しない"}},
	{0}};

static const struct ctl_option harden_options[] = {
	{"check", NULL, {"show what would be written and whether it is there (default)", "書き込む内容と適用状況を表示する（既定）"}},
	{"apply", NULL, {"write it; takes effect at the next start", "書き込む。次の起動から有効"}},
	{"undo", NULL, {"take back what --apply wrote", "--apply で書き込んだものを元へ戻す"}},
	{"unit", "NAME", {"a service to restrain by a drop-in", "ドロップインで制限するサービス"}, .many = true},
	{"jit-unit", "NAME", {"the same for one that compiles at run time", "実行時コンパイルを行うサービス"}, .many = true},
	{"place", "PATH", {"these services may also execute from here", "これらのサービスにここからの実行も許す"}, .many = true},
	{"noexec", "PATH", {"mount this without execution (beside /tmp, /var/tmp, /dev/shm)", "実行不可でマウントする（/tmp、/var/tmp、/dev/shm のほかに）"}, .many = true},
	{"immutable", NULL, {"make the known files of the policy in force immutable", "有効なポリシーの登録済みファイルを変更不可にする"}},
	{"modules", NULL, {"no kernel modules once the machine is up", "起動後はカーネルモジュールを読み込ませない"}},
	{"without", "WHAT", {"leave out a setting, directive or mount", "設定、ディレクティブ、マウントを除く"}, .many = true},
	{0}};

static const struct ctl_option accept_options[] = {
	{"kind", "KIND", {"tool, laptop or medium (default)", "対象の種類。tool、laptop、medium（既定）"}},
	{"serial", "TEXT", {"its serial number, where it cannot be read", "製造番号（読み取れない場合）"}},
	{"mount", NULL, {"TARGET is a device or an image: mount it read-only where nobody else sees it", "対象はデバイスまたはイメージ。他から見えない場所に読み取り専用でマウントする"}},
	{"list", "FILE", {"another signed policy whose programs are known", "照合に加える署名済みポリシー"}, .many = true},
	{"manifest", "FILE", {"a vendor's signed manifest", "ベンダーの署名済みマニフェスト"}, .many = true},
	{"signatures", "PATH", {"ClamAV's database (default: its own)", "ClamAV のデータベース（既定は標準の場所）"}},
	{"clamscan", "FILE", {"the program clamscan", "clamscan プログラム"}},
	{"no-scan", NULL, {"do not scan for malware", "マルウェア検査をしない"}},
	{"vulnerabilities", "FILE", {"a report to import: CycloneDX, Trivy (JSON) or GVM (CSV)", "取り込む脆弱性報告。CycloneDX、Trivy（JSON）、GVM（CSV）"}},
	{"waive", "CODE", {"let a finding pass; stands in report and pass", "検出項目を免除する。報告書と許可証に記録される"}, .many = true},
	{"time", "SECONDS", {"limit of each check (14400)", "各検査の制限時間（既定 14400 秒）"}},
	{"issue", "FILE", {"write a signed pass when it is accepted (and FILE.list, FILE.json)", "受け入れ可なら署名した許可証を書き出す（FILE.list と FILE.json も）"}},
	{"key", "FILE", {"key that signs the pass", "許可証に署名する鍵"}},
	{"delegation", "FILE", {"its delegation for the use accept", "その鍵の委任状（用途 accept）"}},
	{"inspector", "NAME", {"who inspects", "検査者"}},
	{"days", "N", {"validity of the pass (a medium 7, else 90)", "許可証の有効日数（媒体は 7、ほかは 90）"}},
	{"change", "TEXT", {"change number", "変更番号"}},
	{"note", "TEXT", {"anything else for the pass", "許可証の備考"}},
	{"verify", "PASS", {"is TARGET still what PASS was issued for?", "対象が許可証の発行時のままかを確認する"}},
	{"pass-file", "FILE", {"file whose first line is the key's pass phrase", "鍵のパスフレーズを 1 行目に書いたファイル"}},
	{0}};

static const struct ctl_option interpreters_options[] = {
	{"check", "FILE", {"check a file that is to join the table", "表に加えるファイルを検査する"}, .many = true},
	{"as", "PATH", {"the program that is started, when it is not the first word", "起動されるプログラム（最初の語と異なる場合）"}},
	{"schema", NULL, {"show every key of such a file", "ファイルの各キーを表示する"}},
	{0}};
static const struct ctl_option window_options[] = {
	{"scope", "WORD", {"ask: updaters (default: what trusted updaters write becomes known) or observe (unknown programs start, too)",
			   "ask: updaters（既定。信頼する更新プログラムの書き込みを登録）または observe（未登録のプログラムも起動）"}},
	{"for", "TIME", {"ask: how long, 30m to 48h (4h)", "ask: 長さ。30m から 48h（既定 4h）"}},
	{"by", "NAME", {"who decides, for the record", "判断した人（記録用）"}},
	{"all", NULL, {"approve: also what no trusted updater wrote (scope observe)", "approve: 信頼する更新プログラム以外が書いたものも含める（範囲 observe のとき）"}},
	{"out", "FILE", {"approve: write the draft of the next policy", "approve: 次のポリシーの下書きを書き出す"}},
	{"no-wait", NULL, {"do not wait until it is done", "完了を待たない"}},
	{0}};
static const struct ctl_option release_options[] = {{"check", NULL, {"may the agent be stopped and removed now? exit code 1: not without a release", "今、エージェントを停止、削除できるか。終了コード 1 は解除が必要"}}, {0}};
static const struct ctl_option pass_options[] = {{"remove", "ID", {"take the pass of this number away", "この番号の許可証を削除する"}}, {0}};
static const struct ctl_option code_options[] = {
	{"change", "NUMBER", {"change number", "変更番号"}}, {"owner", "NAME", {"the tool's owner", "装置責任者"}},
	{"no-wait", NULL, {"do not wait until it is done", "完了を待たない"}}, {0}};
static const struct ctl_option idle_options[] = {{"by", "NAME", {"who says so, for the record", "判断した人（記録用）"}},
						 {"no-wait", NULL, {"do not wait until it is done", "完了を待たない"}}, {0}};

static const struct ctl_command commands[] = {
	{"scan", lockdown_run_scan, "[FOLDER]...", 0, 64, {"the programs below folders, as a draft", "フォルダー以下のプログラムを調べ、下書きを作る"}, scan_options},
	{"learn", lockdown_run_learn, NULL, 0, 0, {"the policy in force and what was seen beside it, as a draft", "有効なポリシーに、見つかった未登録プログラムを加えた下書きを作る"},
	 learn_options},
	{"enforce", lockdown_run_enforce, NULL, 0, 0, {"the policy in force in mode enforce, as a draft", "有効なポリシーを enforce にした下書きを作る"}, out_options},
	{"observe", lockdown_run_observe, NULL, 0, 0, {"the policy in force in mode observe, as a draft", "有効なポリシーを observe にした下書きを作る"}, out_options},
	{"status", run_status, NULL, 0, 0, {"what is guarded, how, and since when", "何をどのように保護しているかを表示する"}, NULL},
	{"explain", run_explain, "[FILE]", 0, 1, {"is this program known, why not, and what would let it start; without FILE: what was refused last", "このプログラムが登録済みか、拒否の理由、起動させる方法を示す。ファイルの指定がなければ最近の拒否"}, NULL},
	{"allow", run_allow, "FILE...", 1, 64, {"ask for programs to be put on the allowlist", "プログラムの許可リスト（ホワイトリスト）への登録を申請する"}, allow_options},
	{"release", lockdown_run_release, "[FILE]", 0, 1, {"a signed release: for its time the agent may be stopped, replaced and removed", "署名済みの解除。有効な間、エージェントの停止、置換、削除を許可する"}, release_options},
	{"exec", lockdown_run_exec, "-- PROGRAM [ARGUMENT]...", 0, CTL_OPTIONS_MAX,
	 {"start a program under restraints that it and its children keep", "本人と子プロセスが解除できない制限を付けてプログラムを起動する"}, exec_options},
	{"manifest", lockdown_run_manifest, "make|verify|import PATH...", 2, 64,
	 {"a vendor's manifest: make one of a folder, verify, take its programs into a draft", "ベンダーのマニフェストを作成、検証し、下書きに取り込む"}, manifest_options},
	{"interpreters", lockdown_run_interpreters, "[-- PROGRAM [ARGUMENT]...]", 0, CTL_OPTIONS_MAX,
	 {"the table of interpreters; or would this call run code (it is not started)", "インタープリターの一覧。または呼び出しがコードを実行するかの判定（起動はしない）"},
	 interpreters_options},
	{"harden", lockdown_run_harden, NULL, 0, 0, {"what the machine itself refuses: kernel settings, services, mounts, known files", "OS 自体による制限（カーネル設定、サービス、マウント、登録済みファイル）"},
	 harden_options},
	{"accept", lockdown_run_accept, "TARGET", 1, 1, {"check a tool, laptop or medium on its way in, and issue a pass", "持ち込まれる装置、ノート PC、媒体を検査し、許可証を発行する"},
	 accept_options},
	{"pass", lockdown_run_pass, "[FILE]...", 0, 64,
	 {"bring signed passes of removable media here (policy: pass: true); without FILE: those that are here", "媒体の許可証を取り込む（ポリシーの pass: true）。ファイルの指定がなければ一覧を表示する"}, pass_options},
	{"window", lockdown_run_window, "status|ask|open|close|difference|approve|rollback [FILE]", 1, 2,
	 {"maintenance: a time in which what trusted updaters write becomes known", "保守時間帯（信頼する更新プログラムの書き込みを登録する時間）を扱う"}, window_options},
	{"code", lockdown_run_code, "ANSWER", 1, 9, {"type the answer that the desk reads back over the telephone", "受付が電話で読み上げた番号を入力する"}, code_options},
	{"idle", lockdown_run_idle, "yes|no", 1, 1, {"say whether the tool is idle: what waits for it goes on", "装置が待機中かどうかを伝える（待っている変更を進める）"}, idle_options},
	{0}};

const struct ctl_family ctl_lockdown = {
	"lockdown", {"only what is on the allowlist starts", "許可リスト（ホワイトリスト）にあるものだけを起動させる"}, commands,
	{"Nothing here changes what is enforced: a draft is reviewed, signed (sekisho policy sign) and brought to the machine (sekisho policy import, or "
	 "published on the console). docs/lockdown.md says what lockdown stops and what it does not.", NULL}};
