// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho gateway: what the gateway of this machine does and says, and its switches with an end. Questions go to gateway.sock; replay and check-rules are
 * sekisho-gateway's own, which is called in our place.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "ctl.h"
#include "gateway.h"
#include "os/clock.h"
#include "policy/store.h"
#include "wire/call.h"
#include "wire/json.h"

enum { ASK_MS = 10000, WORDS_MAX = 80 };

static int no_gateway(const struct ctl *ctl, int r)
{
	if (r == SK_DENIED)
		return ctl_fail(ctl, CTL_ENVIRONMENT, CTL_T("only root may ask the gateway", "ゲートウェイへの問い合わせは root だけができます"));
	if (r == SK_NONE || r == SK_AGAIN)
		return ctl_fail(ctl, CTL_ENVIRONMENT, CTL_T("the gateway is not running here: start sekisho-gateway (or give its --root)",
							    "ゲートウェイが動いていません。sekisho-gateway を起動するか --root を指定してください"));
	return ctl_fail_errno(ctl, r < 0 ? r : -EIO, "gateway.sock");
}

/* CTL_OK with the answer, or the complaint printed. Releases the question. */
int ctl_gateway_ask(const struct ctl *ctl, struct json_object *question, struct json_object **ret_answer)
{
	_cleanup_json_ struct json_object *asked = question;
	_cleanup_buf_ struct sk_buf text = SK_BUF(64 << 10);
	_cleanup_call_ struct sk_call *call = NULL;
	struct sk_diag diag = {0};
	struct sk_frame frame;
	int r = asked ? sk_json_canonical(asked, &text) : -ENOMEM;

	if (r == 0)
		r = sk_call_open(ctl->root, "gateway.sock", SK_PROTO_LOCKDOWN, &call);
	if (r)
		return no_gateway(ctl, r);
	r = sk_call_ask(call, SK_F_CALL, text.data, text.size, ASK_MS, NULL, NULL, &frame, &diag);
	if (r == SK_AGAIN || r == SK_END)
		return ctl_fail(ctl, CTL_ENVIRONMENT, CTL_T("the gateway did not answer in time", "ゲートウェイが時間内に応答しませんでした"));
	if (r == SK_DENIED || r == SK_BAD)
		return ctl_fail_diag(ctl, &diag);
	if (r == 0)
		r = sk_json_parse_object(frame.body, frame.size, frame.size, ret_answer, &diag);
	return r == 0 ? CTL_OK : r == SK_BAD ? ctl_fail_diag(ctl, &diag) : ctl_fail_errno(ctl, r, "gateway.sock");
}

struct json_object *ctl_gateway_question(const char *verb)
{
	struct json_object *o = json_object_new_object();

	return o && sk_json_put_string(o, "verb", verb) ? sk_json_free(o) : o;
}

static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value;

	return object && json_object_object_get_ex(object, key, &value) ? value : NULL;
}

static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value = member(object, key);

	return value ? json_object_get_string(value) : "";
}

static uint64_t number_of(struct json_object *object, const char *key)
{
	struct json_object *value = member(object, key);

	return value ? (uint64_t)json_object_get_int64(value) : 0;
}

/* --- status */

static const char *engine_word(const char *state)
{
	if (!strcmp(state, "up"))
		return CTL_T("inspecting", "検査中");
	return !strcmp(state, "absent") ? CTL_T("absent: zone policy only", "なし。ゾーンのポリシーのみ") : CTL_T("DOWN: failure settings hold", "停止。failure の設定に従います");
}

static const char *mode_word(const char *mode)
{
	if (!strcmp(mode, "open"))
		return CTL_T("OPEN: everything passes", "開放中。すべて通過します");
	if (!strcmp(mode, "enforce"))
		return CTL_T("enforcing", "適用中");
	return !strcmp(mode, "shadow") ? CTL_T("shadow: told, nothing is refused", "シャドー。記録のみで拒否しません")
				       : CTL_T("observing: no policy is in force", "監視のみ。有効なポリシーがありません");
}

static void print_until(const char *name, uint64_t ms)
{
	char time[21];

	if (ms)
		printf("%s%*s %s\n", CTL_PADDED(name, 14), sk_time_text((int64_t)(ms / 1000), time));
}

/* Sessions that end with the engine. */
static void print_answered(struct json_object *list)
{
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);

		printf(CTL_T("%s%*s %s port %" PRIu64 " - %s port %" PRIu64 " (is reset when the engine ends)\n",
			     "%s%*s %s ポート %" PRIu64 " - %s ポート %" PRIu64 "（エンジンの終了時に切断します）\n"),
		       CTL_PADDED(CTL_T("answered in", "応答済み"), 14), text_of(one, "client"), number_of(one, "client_port"), text_of(one, "server"),
		       number_of(one, "server_port"));
	}
}

static void print_status(struct json_object *status)
{
	struct json_object *policy = member(status, "policy"), *engine = member(status, "engine"), *events = member(status, "events"),
			   *pairs = member(status, "pairs"), *isolated = member(status, "isolated");
	char time[21];

	printf("%s%*s %s\n", CTL_PADDED(CTL_T("mode", "モード"), 14), mode_word(text_of(status, "mode")));
	print_until(CTL_T("open until", "開放の期限"), number_of(status, "open_until"));
	print_until(CTL_T("maintenance", "保守の期限"), number_of(status, "maintenance_until"));
	for (size_t i = 0; isolated && i < json_object_array_length(isolated); i++) {
		struct json_object *one = json_object_array_get_idx(isolated, i);

		printf("%s%*s %s, %s %s\n", CTL_PADDED(CTL_T("ISOLATED", "隔離中"), 14), text_of(one, "set"), CTL_T("until", "期限"),
		       sk_time_text((int64_t)(number_of(one, "until") / 1000), time));
	}
	printf("%s%*s %" PRIu64 " (%s), ", CTL_PADDED(CTL_T("policy", "ポリシー"), 14), number_of(policy, "serial"), text_of(policy, "state"));
	printf(CTL_T("%" PRIu64 " zones, %" PRIu64 " conduits\n", "ゾーン %" PRIu64 "、コンジット %" PRIu64 "\n"), number_of(policy, "zones"),
	       number_of(policy, "conduits"));
	if (text_of(policy, "refused")[0])
		printf("%s%*s %s\n", CTL_PADDED(CTL_T("refused", "拒否"), 14), text_of(policy, "refused"));
	printf("%s%*s %s\n", CTL_PADDED(CTL_T("engine", "エンジン"), 14), engine_word(text_of(engine, "state")));
	printf(CTL_T("               %" PRIu64 " packets, %" PRIu64 " flows, %" PRIu64 " messages, %" PRIu64 " refused\n",
		     "               パケット %" PRIu64 "、フロー %" PRIu64 "、メッセージ %" PRIu64 "、拒否 %" PRIu64 "\n"),
	       number_of(engine, "packets"), number_of(engine, "flows"), number_of(engine, "messages"), number_of(engine, "refused"));
	print_answered(member(status, "answered_in"));
	for (size_t i = 0; pairs && i < json_object_array_length(pairs); i++) {
		struct json_object *pair = json_object_array_get_idx(pairs, i);

		printf("%s%*s %s: %s - %s\n", CTL_PADDED(CTL_T("pair", "ポート対"), 14), text_of(pair, "name"), text_of(pair, "a"), text_of(pair, "b"));
	}
	printf(CTL_T("events         %" PRIu64 " waiting, %" PRIu64 " lost\n", "イベント       待機 %" PRIu64 "、破棄 %" PRIu64 "\n"), number_of(events, "waiting"),
	       number_of(events, "lost"));
}

/* 1 while something is not as the policy wants it: open, isolated, an engine that is down, a policy that was refused or has expired. */
static int state_code(struct json_object *status)
{
	const char *engine = text_of(member(status, "engine"), "state");

	const char *state = text_of(member(status, "policy"), "state");
	struct json_object *isolated = member(status, "isolated");

	if ((isolated && json_object_array_length(isolated)) || !strcmp(state, "expired") || !strcmp(state, "revoked"))
		return CTL_FOUND;
	return !strcmp(text_of(status, "mode"), "open") || !strcmp(engine, "down") || text_of(member(status, "policy"), "refused")[0] ? CTL_FOUND : CTL_OK;
}

static int show_status(struct ctl *ctl, const char *verb)
{
	_cleanup_json_ struct json_object *status = NULL;
	int r = ctl_gateway_ask(ctl, ctl_gateway_question(verb), &status);

	if (r != CTL_OK)
		return r;
	if (!ctl->json)
		print_status(status);
	else if (ctl_print_json(ctl, json_object_get(status)) != CTL_OK)
		return CTL_ENVIRONMENT;
	return state_code(status);
}

static int run_status(struct ctl *ctl)
{
	return show_status(ctl, "status");
}

static int run_reload(struct ctl *ctl)
{
	return show_status(ctl, "reload");
}

/* --- top */

static int run_top(struct ctl *ctl)
{
	_cleanup_json_ struct json_object *answer = NULL;
	struct json_object *list;
	int r = ctl_gateway_ask(ctl, ctl_gateway_question("top"), &answer);

	if (r != CTL_OK || ctl->json)
		return r != CTL_OK ? r : ctl_print_json(ctl, json_object_get(answer));
	list = member(answer, "tops");
	printf("%10s %10s %10s  %s\n", CTL_T("allowed", "許可"), CTL_T("would", "拒否相当"), CTL_T("refused", "拒否"), CTL_T("conduit, message", "コンジット、メッセージ"));
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);

		printf("%10" PRIu64 " %10" PRIu64 " %10" PRIu64 "  %s, %s %s\n", number_of(one, "allowed"), number_of(one, "would_refuse"), number_of(one, "refused"),
		       text_of(one, "conduit"), text_of(one, "protocol"), text_of(one, "message"));
	}
	return CTL_OK;
}

/* --- open, maintenance */

static int throw_switch(struct ctl *ctl, const char *verb, const char *name)
{
	_cleanup_json_ struct json_object *answer = NULL;
	const char *given = ctl_option(ctl, "for");
	struct json_object *o = ctl_gateway_question(verb);
	uint64_t ms = 0;
	char time[21];
	int r;

	if (!ctl_option(ctl, "close") == !given || (given && (sk_parse_duration(given, &ms) != 0 || ms == 0))) {
		sk_json_free(o);
		return ctl_fail(ctl, CTL_USAGE, CTL_T("give --for 10m (or 2h ...), or --close", "--for 10m（または 2h など）か --close を指定してください"));
	}
	if (o && sk_json_put_u64(o, "ms", ms))
		o = sk_json_free(o);
	r = ctl_gateway_ask(ctl, o, &answer);
	if (r != CTL_OK || ctl->json)
		return r != CTL_OK ? r : ctl_print_json(ctl, json_object_get(answer));
	if (ms)
		printf(CTL_T("%s until %s\n", "%s。期限 %s\n"), name, sk_time_text((int64_t)(number_of(answer, "until") / 1000), time));
	else
		puts(CTL_T("closed", "終了しました"));
	return CTL_OK;
}

static int run_open(struct ctl *ctl)
{
	return throw_switch(ctl, "open", CTL_T("open: everything passes", "開放しました。すべて通過します"));
}

static int run_maintenance(struct ctl *ctl)
{
	return throw_switch(ctl, "maintenance", CTL_T("maintenance", "保守中です"));
}

/* --- explain */

static void print_event(uint64_t number, struct json_object *event)
{
	struct json_object *fab = member(event, "fab");
	static const struct {
		const char *key;
		struct ctl_text name;
	} rows[] = {{"conduit", {"conduit", "コンジット"}}, {"protocol", {"protocol", "プロトコル"}}, {"name", {"message", "メッセージ"}}, {"word", {"oddity", "異常"}},
		    {"line", {"line", "行"}}, {"why", {"why", "理由"}}, {"capture", {"capture", "キャプチャー"}}};

	printf("%" PRIu64 "  %s\n", number, text_of(event, "message"));
	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++)
		if (text_of(fab, rows[i].key)[0])
			printf("   %s%*s %s\n", CTL_PADDED(CTL_T(rows[i].name.en, rows[i].name.ja), 12), text_of(fab, rows[i].key));
}

static int run_explain(struct ctl *ctl)
{
	_cleanup_json_ struct json_object *answer = NULL;
	struct json_object *list;
	uint64_t wanted = 0;
	size_t shown = 0;
	int r;

	if (ctl->argument_count && sk_parse_u64(ctl->arguments[0], SK_JSON_MAX_INT, &wanted) != 0)
		return ctl_fail(ctl, CTL_USAGE, CTL_T("EVENT is the number that explain shows", "EVENT は explain が表示する番号です"));
	r = ctl_gateway_ask(ctl, ctl_gateway_question("refusals"), &answer);
	if (r != CTL_OK)
		return r;
	list = member(answer, "refusals");
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);

		if (wanted && number_of(one, "number") != wanted)
			continue;
		shown++;
		if (wanted && ctl->json)
			return ctl_print_json(ctl, json_object_get(one));
		if (!ctl->json)
			print_event(number_of(one, "number"), member(one, "event"));
	}
	if (wanted && !shown)
		return ctl_fail(ctl, CTL_FOUND, CTL_T("there is no refusal %" PRIu64 " among the last ones", "直近の拒否に %" PRIu64 " はありません"), wanted);
	return ctl->json ? ctl_print_json(ctl, json_object_get(answer)) : CTL_OK;
}

/* --- what sekisho-gateway does itself */

static int become_gateway(struct ctl *ctl, const char *const *words)
{
	static const char usual[] = "/usr/sbin/sekisho-gateway";
	char path[4096];
	ssize_t size = readlink("/proc/self/exe", path, sizeof path - 32);
	char *slash;

	path[size > 0 ? size : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash) {
		memcpy(slash, "/sekisho-gateway", 17);
		execv(path, (char *const *)words);
	}
	execv(usual, (char *const *)words);
	return ctl_fail(ctl, CTL_ENVIRONMENT, CTL_T("sekisho-gateway is not installed here", "sekisho-gateway がインストールされていません"));
}

/* sekisho-gateway NAME --option value ... arguments */
int ctl_gateway_itself(struct ctl *ctl)
{
	const char *words[WORDS_MAX + 2] = {"sekisho-gateway", ctl->command->name};
	char names[WORDS_MAX][40];
	size_t count = 2;

	for (size_t i = 0; i < ctl->given_count && count + 3 < WORDS_MAX; i++) {
		snprintf(names[count], sizeof names[count], "--%s", ctl->given[i].option->name);
		words[count] = names[count];
		count++;
		if (ctl->given[i].option->value)
			words[count++] = ctl->given[i].value;
	}
	if (ctl->json && count + 1 < WORDS_MAX)
		words[count++] = "--json";
	for (size_t i = 0; i < ctl->argument_count; i++) {
		if (count + 1 >= WORDS_MAX)
			return ctl_fail(ctl, CTL_USAGE, CTL_T("at most %d words", "引数は %d 個までです"), WORDS_MAX);
		words[count++] = ctl->arguments[i];
	}
	return become_gateway(ctl, words);
}

static const struct ctl_option switch_options[] = {
	{"for", "TIME", {"how long: 10m, 2h (at most 7d)", "期間。10m、2h など（最長 7d）"}}, {"close", NULL, {"end it now", "今すぐ終了する"}}, {0}};
static const struct ctl_option replay_options[] = {
	{"pcap", "FILE", {"capture to replay (pcap or pcapng)", "再生するキャプチャー（pcap または pcapng）"}, .required = true},
	{"rules", "FILE", {"rule file", "ルールファイル"}, .many = true},
	{"var", "NAME=VALUE", {"what $NAME stands for in the rules", "ルールの $NAME の値"}, .many = true},
	{"policy", "FILE", {"draft of a policy of part gateway", "part が gateway のポリシーの下書き"}},
	{"learn", "FILE", {"count what is said into this file, beside what it has", "通信内容をこのファイルに集計する（既存の集計に加算）"}},
	{"passed", "FILE", {"write what would have passed", "通過したはずのパケットの出力先"}},
	{"midstream", NULL, {"pick up sessions whose beginning is missing (default)", "開始が記録されていないセッションも追跡する（既定）"}},
	{"no-midstream", NULL, {"do not", "追跡しない"}},
	{0}};

static const struct ctl_command commands[] = {
	{"status", run_status, NULL, 0, 0, {"what the gateway does; exit code 1 while it is open, or not whole", "ゲートウェイの状態。開放中や異常時の終了コードは 1"}, NULL},
	{"top", run_top, NULL, 0, 0, {"which messages were said how often", "メッセージごとの回数"}, NULL},
	{"open", run_open, NULL, 0, 0, {"let everything pass for a time; zone policy too", "一定時間すべてを通過させる（ゾーンのポリシーを含む）"}, switch_options},
	{"maintenance", run_maintenance, NULL, 0, 0, {"the tool is in maintenance for a time", "一定時間、装置を保守中とする"}, switch_options},
	{"reload", run_reload, NULL, 0, 0, {"look at policy and rules again", "ポリシーとルールを読み直す"}, NULL},
	{"explain", run_explain, "[EVENT]", 0, 1, {"why something was refused, and what would allow it", "拒否の理由と、許可に必要なこと"}, NULL},
	{"learn", ctl_gateway_learn, NULL, 0, 0, {"what was learnt so far: rows, messages, days", "これまでに学習した内容の概要"}, ctl_gateway_learn_options},
	{"propose", ctl_gateway_propose, NULL, 0, 0, {"a draft of a policy from what was learnt, with the evidence for each line", "学習内容から、行ごとの根拠を添えたポリシーの下書きを作る"}, ctl_gateway_propose_options},
	{"drift", ctl_gateway_drift, NULL, 0, 0, {"what was said that the policy's learning did not know; exit code 1 when there is any", "ポリシー作成後に現れた通信。あれば終了コード 1"}, ctl_gateway_drift_options},
	{"rehearse", ctl_gateway_rehearse, "SET", 1, 1, {"which conversations an isolation set would stop", "隔離セットの発動で止まる通信を示す"}, ctl_gateway_propose_options},
	{"isolate", ctl_gateway_isolate, "SET", 1, 1, {"shut an isolation set of the policy for a time", "ポリシーの隔離セットを一定時間発動する"}, switch_options},
	{"draw", ctl_gateway_draw, NULL, 0, 0, {"zones and conduits as SVG, by the policy and by the traffic side by side", "ゾーンとコンジットをポリシーと実際の通信で並べて SVG に描く"}, ctl_gateway_propose_options},
	{"replay", ctl_gateway_itself, NULL, 0, 0, {"run the same engine over a capture", "同じエンジンでキャプチャーを検査する"}, replay_options},
	{"check-rules", ctl_gateway_itself, "FILE...", 1, 64, {"which rules of some files are honoured", "ルールファイルのうち有効なルールを確認する"}, NULL},
	{0}};

const struct ctl_family ctl_gateway = {
	"gateway", {"the gateway before a tool: status, switches, replay", "装置の前に置くゲートウェイ。状態、切り替え、再生"}, commands,
	{"replay and check-rules need no gateway and no privileges, nor do propose, drift, rehearse and draw with --from. All others ask the gateway that runs on this machine, and are for root.",
	 "replay と check-rules、および --from を付けた propose、drift、rehearse、draw はゲートウェイも特権も必要としません。その他はこのマシンで動くゲートウェイに問い合わせるもので、root 用です。"}};
