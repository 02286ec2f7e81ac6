// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho fleet: endpoints, tokens, requests, policies, commands. Each subcommand is one question to the fleet and a way to print the answer; with
 * --json the answer comes as it is.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "fleet-code.h"
#include "fleet-programs.h"
#include "fleet-draft.h"
#include "server-call.h"
#include "wire/fleet.h"

/* ---- shared ---- */

static int ask(const struct ctl *ctl, struct json_object *question, struct json_object **ret_answer)
{
	return server_call(ctl, SK_PROTO_FLEET, question, ret_answer);
}

/* {"verb", key: argument} */
static struct json_object *about(const char *verb, const char *key, const char *value)
{
	struct json_object *o = server_verb(verb);

	return o && sk_json_put_string(o, key, value) ? sk_json_free(o) : o;
}

static int put_option(const struct ctl *ctl, struct json_object *question, const char *option, const char *key)
{
	const char *value = ctl_option(ctl, option);

	return question && value ? sk_json_put_string(question, key, value) : 0;
}

/* Prints the answer's list: with --json as it is, else a line each by `line`. */
static int print_list(const struct ctl *ctl, struct json_object *answer, const char *key, void (*line)(struct json_object *one))
{
	struct json_object *list = server_member(answer, key);

	if (ctl->json)
		return ctl_print_json(ctl, json_object_get(answer));
	for (size_t i = 0; i < json_object_array_length(list); i++)
		line(json_object_array_get_idx(list, i));
	return CTL_OK;
}

static int ask_and_list(const struct ctl *ctl, struct json_object *question, const char *key, void (*line)(struct json_object *one))
{
	_cleanup_json_ struct json_object *answer = NULL;
	int r = ask(ctl, question, &answer);

	return r == CTL_OK ? print_list(ctl, answer, key, line) : r;
}

static int ask_and_say(const struct ctl *ctl, struct json_object *question, const char *text)
{
	_cleanup_json_ struct json_object *answer = NULL;
	int r = ask(ctl, question, &answer);

	if (r != CTL_OK)
		return r;
	if (ctl->json)
		return ctl_print_json(ctl, json_object_get(answer));
	puts(text);
	return CTL_OK;
}

/* "name=value" words into an object. */
static int put_labels(const struct ctl *ctl, struct json_object *question, const char *(*next)(const struct ctl *ctl, size_t n))
{
	struct json_object *labels;
	const char *word;
	int r = sk_json_put_object(question, "labels", &labels);

	for (size_t n = 0; !r && (word = next(ctl, n)); n++) {
		const char *equals = strchr(word, '=');
		_cleanup_free_ char *name = NULL;

		if (!equals || equals == word)
			return ctl_fail(ctl, CTL_USAGE, CTL_T("%s: expected NAME=VALUE", "%s: NAME=VALUE の形で指定してください"), word);
		name = sk_strndup(word, (size_t)(equals - word));
		r = name ? sk_json_put_string(labels, name, equals + 1) : -ENOMEM;
	}
	return r ? ctl_fail_errno(ctl, r, "labels") : CTL_OK;
}

static const char *label_option(const struct ctl *ctl, size_t n)
{
	return ctl_option_at(ctl, "label", n);
}

static const char *label_argument(const struct ctl *ctl, size_t n)
{
	return n + 1 < ctl->argument_count ? ctl->arguments[n + 1] : NULL;
}

/* ---- tokens ---- */

static int print_token(const struct ctl *ctl, struct json_object *answer)
{
	char when[24];

	if (ctl->json)
		return ctl_print_json(ctl, json_object_get(answer));
	printf("%s.%s\n", server_text(answer, "token"), server_text(answer, "pin"));
	fprintf(stderr, CTL_T("One endpoint may enrol with it until %s: sekisho-agent enrol --server HOST:PORT --token TOKEN\n",
			      "このトークンで %s まで 1 台を登録できます: sekisho-agent enrol --server HOST:PORT --token TOKEN\n"),
		server_time(server_number(answer, "expires"), when));
	return CTL_OK;
}

static int run_token(struct ctl *ctl)
{
	_cleanup_json_ struct json_object *answer = NULL;
	struct json_object *question;
	unsigned long long hours;
	int r = ctl_option_number(ctl, "hours", 1, 720, 24, &hours);

	if (r != CTL_OK)
		return r;
	question = about("token.create", "org", ctl_option(ctl, "org"));
	if (put_option(ctl, question, "site", "site") || put_option(ctl, question, "note", "note") ||
	    sk_json_put_u64(question, "seconds", hours * 3600))
		question = sk_json_free(question);
	r = question ? put_labels(ctl, question, label_option) : CTL_OK;
	if (r != CTL_OK) {
		sk_json_free(question);
		return r;
	}
	r = ask(ctl, question, &answer);
	return r == CTL_OK ? print_token(ctl, answer) : r;
}

static void line_token(struct json_object *t)
{
	char when[24];

	printf("%-10s  %-9s  %-20s  %s/%s  %s  %s\n", server_text(t, "id"), server_text(t, "state"), server_time(server_number(t, "expires"), when),
	       server_text(t, "org"), server_text(t, "site"), server_text(t, "agent"), server_text(t, "note"));
}

static int run_tokens(struct ctl *ctl)
{
	return ask_and_list(ctl, server_verb("token.list"), "tokens", line_token);
}

static int run_cancel(struct ctl *ctl)
{
	return ask_and_say(ctl, about("token.cancel", "id", ctl->arguments[0]), CTL_T("The token is cancelled.", "トークンを取り消しました。"));
}

/* ---- endpoints ---- */

static const char *policy_word(struct json_object *agent, char out[64])
{
	struct json_object *policy = server_member(agent, "policy"), *assigned = server_member(agent, "assigned");

	if (!policy)
		snprintf(out, 64, "%s", assigned ? "policy -" : "-");
	else
		snprintf(out, 64, "policy %" PRId64 " %s", server_number(policy, "serial"), server_text(policy, "state"));
	return out;
}

static void line_agent(struct json_object *a)
{
	const char *state = strcmp(server_text(a, "state"), "revoked") == 0 ? "revoked" : server_bool(a, "connected") ? "connected" : "away";
	char when[24], policy[64];

	printf("%-32s  %-9s  %-20s  %-20s  %s/%s  %s\n", server_text(a, "agent"), state, server_time(server_number(a, "last_seen"), when),
	       policy_word(a, policy), server_text(a, "org"), server_text(a, "site"), server_text(a, "host"));
}

static int add_all(struct json_object *list, struct json_object *page)
{
	int r = 0;

	for (size_t i = 0; !r && i < json_object_array_length(page); i++)
		r = sk_json_append(list, json_object_get(json_object_array_get_idx(page, i)));
	return r;
}

/* All pages of the list. */
static int list_agents(const struct ctl *ctl, struct json_object *list)
{
	_cleanup_call_ struct sk_call *call = NULL;
	char after[SK_FLEET_NAME_MAX + 1] = "";
	int r = server_open(ctl, SK_PROTO_FLEET, &call);

	while (r == CTL_OK) {
		_cleanup_json_ struct json_object *answer = NULL;

		r = server_ask(ctl, call, about("agent.list", "after", after), &answer);
		if (r == CTL_OK && add_all(list, server_member(answer, "agents")))
			r = ctl_fail_errno(ctl, -ENOMEM, "list");
		if (r != CTL_OK || !server_member(answer, "next"))
			break;
		snprintf(after, sizeof after, "%s", server_text(answer, "next"));
	}
	return r;
}

static int run_list(struct ctl *ctl)
{
	_cleanup_json_ struct json_object *answer = json_object_new_object();
	struct json_object *list;
	int r = sk_json_put_array(answer, "agents", &list) ? ctl_fail_errno(ctl, -ENOMEM, "list") : list_agents(ctl, list);

	return r == CTL_OK ? print_list(ctl, answer, "agents", line_agent) : r;
}

static void print_pretty(struct json_object *value)
{
	puts(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE));
}

static int ask_and_show(const struct ctl *ctl, struct json_object *question)
{
	_cleanup_json_ struct json_object *answer = NULL;
	int r = ask(ctl, question, &answer);

	if (r != CTL_OK || ctl->json)
		return r == CTL_OK ? ctl_print_json(ctl, json_object_get(answer)) : r;
	print_pretty(answer);
	return CTL_OK;
}

static int run_show(struct ctl *ctl)
{
	return ask_and_show(ctl, about("agent.show", "agent", ctl->arguments[0]));
}

static int run_revoke(struct ctl *ctl)
{
	struct json_object *question = about("agent.revoke", "agent", ctl->arguments[0]);

	if (put_option(ctl, question, "reason", "reason"))
		question = sk_json_free(question);
	return ask_and_say(ctl, question, CTL_T("The endpoint is revoked: nothing of it is accepted any more.", "エンドポイントを失効させました。以後、一切受け付けません。"));
}

static int run_label(struct ctl *ctl)
{
	struct json_object *question = about("agent.label", "agent", ctl->arguments[0]);
	int r = put_labels(ctl, question, label_argument);

	if (r != CTL_OK) {
		sk_json_free(question);
		return r;
	}
	return ask_and_say(ctl, question, CTL_T("The labels are set.", "ラベルを設定しました。"));
}

/* ---- requests ---- */

static void line_request(struct json_object *q)
{
	struct json_object *body = server_member(q, "body");
	char when[24];

	printf("%-6s  %-8s  %-20s  %-9s  %-32s  %s\n", server_text(q, "id"), server_text(q, "state"), server_time(server_number(q, "created"), when),
	       server_text(q, "kind"), server_text(q, "agent"), json_object_to_json_string_ext(body, JSON_C_TO_STRING_NOSLASHESCAPE));
}

static int run_requests(struct ctl *ctl)
{
	struct json_object *question = server_verb("request.list");

	if (put_option(ctl, question, "state", "state"))
		question = sk_json_free(question);
	return ask_and_list(ctl, question, "requests", line_request);
}

static int run_decide(struct ctl *ctl)
{
	struct json_object *question = about("request.decide", "id", ctl->arguments[0]);

	if (sk_json_put_string(question, "decision", ctl->arguments[1]) || put_option(ctl, question, "note", "note"))
		question = sk_json_free(question);
	return ask_and_say(ctl, question,
			   strcmp(ctl->arguments[1], "approve") == 0
				   ? CTL_T("Approved. It takes effect with the next policy that is signed and published: sekisho fleet drafts",
					   "承認しました。次に署名・公開するポリシーで有効になります: sekisho fleet drafts")
				   : CTL_T("Rejected.", "却下しました。"));
}

static void line_draft(struct json_object *d)
{
	char when[24];

	printf("%-6s  %-9s  %-20s  %-32s  %s: %s\n", server_text(d, "id"), server_text(d, "state"), server_time(server_number(d, "created"), when),
	       server_text(d, "agent"), server_text(d, "by"), json_object_to_json_string_ext(server_member(d, "programs"), JSON_C_TO_STRING_NOSLASHESCAPE));
}

static int run_drafts(struct ctl *ctl)
{
	_cleanup_json_ struct json_object *answer = NULL;
	int r;

	if (!ctl_option(ctl, "onto"))
		return ask_and_list(ctl, ctl_option(ctl, "all") ? server_verb("draft.list") : about("draft.list", "state", "open"), "drafts", line_draft);
	r = ask(ctl, about("draft.list", "state", "open"), &answer);
	return r == CTL_OK ? fleet_draft_onto(ctl, server_member(answer, "drafts")) : r;
}

/* ---- policies ---- */

static int run_publish(struct ctl *ctl)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_FLEET_ENVELOPE_MAX);
	_cleanup_json_ struct json_object *answer = NULL;
	int r = ctl_read_file(ctl, ctl->arguments[0], SK_FLEET_ENVELOPE_MAX, &text);

	if (r != CTL_OK)
		return r;
	while (text.size && text.data[text.size - 1] == '\n')
		text.data[--text.size] = '\0';
	r = ask(ctl, about("policy.publish", "envelope", text.data ? text.data : ""), &answer);
	if (r != CTL_OK)
		return r == CTL_USAGE ? CTL_FOUND : r; /* what is wrong is the file, not the call */
	if (ctl->json)
		return ctl_print_json(ctl, json_object_get(answer));
	printf(CTL_T("Published, serial %" PRId64 ", for %" PRId64 " endpoints.\n", "公開しました。シリアル %" PRId64 "、対象 %" PRId64 " 台。\n"),
	       server_number(answer, "serial"), server_number(answer, "agents"));
	return CTL_OK;
}

static void line_policy(struct json_object *p)
{
	char when[24];

	printf("%-6" PRId64 "  %-8s  %-20s  %6" PRId64 " programs  %" PRId64 " of %" PRId64 " enforced, %" PRId64 " refused  %.16s  %s\n",
	       server_number(p, "serial"), server_text(p, "mode"), server_time(server_number(p, "published"), when), server_number(p, "programs"),
	       server_number(p, "enforced"), server_number(p, "agents"), server_number(p, "refused"), server_text(p, "hash"),
	       server_text(p, "title"));
}

static int run_policies(struct ctl *ctl)
{
	return ask_and_list(ctl, server_verb("policy.list"), "policies", line_policy);
}

/* ---- commands ---- */

static void line_command(struct json_object *c)
{
	char when[24];

	printf("%-12s  %-7s  %-20s  %-8s  %-32s  %s\n", server_text(c, "id"), server_text(c, "state"), server_time(server_number(c, "created"), when),
	       server_text(c, "kind"), server_text(c, "agent"), json_object_to_json_string_ext(server_member(c, "result"), JSON_C_TO_STRING_NOSLASHESCAPE));
}

static int run_commands(struct ctl *ctl)
{
	struct json_object *question = server_verb("command.list");

	if (put_option(ctl, question, "agent", "agent"))
		question = sk_json_free(question);
	return ask_and_list(ctl, question, "commands", line_command);
}

/* Asks every 100 ms until there is a result or the time is up. */
static int wait_result(const struct ctl *ctl, const char *id, unsigned long long seconds)
{
	for (unsigned long long i = 0; i <= seconds * 10; i++) {
		_cleanup_json_ struct json_object *answer = NULL;
		int r = ask(ctl, about("command.show", "id", id), &answer);

		if (r != CTL_OK)
			return r;
		if (server_member(answer, "result")) {
			if (ctl->json)
				ctl_print_json(ctl, json_object_get(answer));
			else
				print_pretty(server_member(answer, "result"));
			return strcmp(server_text(answer, "state"), "done") == 0 ? CTL_OK : CTL_FOUND;
		}
		usleep(100000);
	}
	return ctl_fail(ctl, CTL_FOUND, CTL_T("no result yet: the endpoint is away; it waits as %s", "結果はまだありません。エンドポイントの接続を待っています: %s"), id);
}

static int run_command(struct ctl *ctl)
{
	_cleanup_json_ struct json_object *answer = NULL;
	struct json_object *question = about("command.send", "agent", ctl->arguments[0]);
	unsigned long long seconds;
	int r = ctl_option_number(ctl, "wait", 0, 3600, 10, &seconds);

	if (sk_json_put_string(question, "kind", ctl->arguments[1]))
		question = sk_json_free(question);
	if (r != CTL_OK) {
		sk_json_free(question);
		return r;
	}
	r = ask(ctl, question, &answer);
	if (r != CTL_OK)
		return r;
	if (seconds)
		return wait_result(ctl, server_text(answer, "id"), seconds);
	if (ctl->json)
		return ctl_print_json(ctl, json_object_get(answer));
	puts(server_text(answer, "id"));
	return CTL_OK;
}

/* ---- the table ---- */

static const struct ctl_option token_options[] = {
	{"org", "ORG", {"organisation the endpoint belongs to", "エンドポイントの組織"}, .required = true},
	{"site", "SITE", {"site it stands at", "設置拠点"}, .required = true},
	{"label", "NAME=VALUE", {"label it gets, for policies (asset=...)", "ポリシーの対象指定に使うラベル（asset=...）"}, .many = true},
	{"hours", "N", {"good for so long (24)", "有効時間（24）"}},
	{"note", "TEXT", {"what it is for", "用途"}},
	{0}};
static const struct ctl_option revoke_options[] = {{"reason", "TEXT", {"why, for the record", "理由（記録用）"}}, {0}};
static const struct ctl_option request_options[] = {{"state", "STATE", {"pending, approved or rejected", "pending、approved、rejected"}}, {0}};
static const struct ctl_option decide_options[] = {{"note", "TEXT", {"what the person who asked is told", "申請者に伝える内容"}}, {0}};
static const struct ctl_option draft_options[] = {
	{"all", NULL, {"those published already too", "公開済みも表示"}},
	{"onto", "FILE.yaml", {"a policy draft: what was approved is added to it", "承認内容を追加するポリシー下書き"}},
	{"out", "FILE.yaml", {"where the new draft goes (default: standard output)", "新しい下書きの出力先（既定: 標準出力）"}},
	{0}};
static const struct ctl_option command_options[] = {{"wait", "SECONDS", {"for the result (10; 0 = do not wait)", "結果を待つ秒数（10。0 は待たない）"}}, {0}};
static const struct ctl_option code_options[] = {
	{"asked-by", "NAME", {"who asks, at the tool", "機器側の申請者"}, .required = true},
	{"why", "TEXT", {"why, with the change number", "理由（変更番号を含む）"}, .required = true},
	{0}};
static const struct ctl_option program_options[] = {
	{"endpoint", "NAME", {"import: which endpoint has them (id or host name)", "import: どの機器のものか（識別子かホスト名）"}},
	{"org", "NAME", {"of this organisation", "対象の組織"}},
	{"decision", "WORD", {"accepted, refused or open", "accepted、refused、open のいずれか"}},
	{"note", "TEXT", {"review: why", "review: 理由"}},
	{"by", "NAME", {"review: who (default: root)", "review: 確認者（既定: root）"}},
	{"text", "TEXT", {"list: somewhere in name, publisher or package, or the hash", "list: 名前、発行元、パッケージに含まれる文字列、またはハッシュ"}},
	{"out", "FILE.yaml", {"draft: where it goes (default: standard output)", "draft: 出力先（既定: 標準出力）"}},
	{0}};
static const struct ctl_option commands_options[] = {{"agent", "ID", {"of this endpoint alone", "このエンドポイントのみ"}}, {0}};

static const struct ctl_command commands[] = {
	{"token", run_token, .help = {"make a one-time token for enrolling an endpoint", "登録用の使い捨てトークンを発行"}, .options = token_options},
	{"tokens", run_tokens, .help = {"tokens and what became of them", "トークンの一覧"}},
	{"cancel", run_cancel, "TOKEN-ID", 1, 1, {"cancel a token that was not used", "未使用のトークンを取り消す"}},
	{"list", run_list, .help = {"endpoints, whether they are connected, and their policy", "エンドポイントの一覧、接続状態、ポリシー"}},
	{"show", run_show, "ENDPOINT", 1, 1, {"all that is known of one endpoint", "エンドポイント 1 台の詳細"}},
	{"label", run_label, "ENDPOINT [NAME=VALUE...]", 1, 17, {"replace an endpoint's labels", "エンドポイントのラベルを置き換える"}},
	{"revoke", run_revoke, "ENDPOINT", 1, 1, {"shut an endpoint out, at once and for good", "エンドポイントを即時かつ恒久的に締め出す"}, revoke_options},
	{"requests", run_requests, .help = {"what endpoints ask for", "エンドポイントからの申請"}, .options = request_options},
	{"decide", run_decide, "REQUEST approve|reject", 2, 2, {"answer a request", "申請に回答"}, decide_options},
	{"drafts", run_drafts, .help = {"what was approved and waits to be signed", "承認済みで署名待ちの内容"}, .options = draft_options},
	{"publish", run_publish, "FILE", 1, 1, {"hand out a signed policy, or a signed list of revoked keys", "署名済みポリシー（または失効鍵一覧）を配布"}},
	{"policies", run_policies, .help = {"published policies and how far they got", "公開済みポリシーと適用状況"}},
	{"code", fleet_run_code, "ENDPOINT CHALLENGE", 2, 4, {"the answer to a challenge that is read over a telephone", "電話で読み上げられた確認番号への回答番号を出す"}, code_options},
	{"window", fleet_run_window, "ENDPOINT FILE", 2, 2, {"bring a signed maintenance window to an endpoint", "署名済みの保守時間帯を機器に届ける"}},
	{"codes", fleet_run_codes, .help = {"answers that were read over a telephone: who asked, who answered, why", "電話で回答した番号の記録（申請者、回答者、理由）"}},
	{"programs", fleet_run_programs, "list|import|review|draft|show [DRAFT|SHA-256...]", 1, 501,
	 {"programs by hash, reviewed once for all endpoints", "ハッシュ単位のプログラム一覧。一度の確認が全機器に及ぶ"}, program_options},
	{"command", run_command, "ENDPOINT status|rescan", 2, 2, {"have an endpoint do something", "エンドポイントに指示を送る"}, command_options},
	{"commands", run_commands, .help = {"commands and their results", "指示と結果の一覧"}, .options = commands_options},
	{0}};

const struct ctl_family ctl_fleet = {
	.name = "fleet",
	.help = {"endpoints: enrolment, requests, policies", "エンドポイント: 登録、申請、ポリシー"},
	.commands = commands,
};
