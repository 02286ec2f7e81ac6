// SPDX-License-Identifier: GPL-3.0-or-later
/* The part of `sekisho lockdown explain` that says how it was last refused: road, rule, who asked, what would allow it. */
#include "lockdown.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "event/attack.h"
#include "os/clock.h"

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

static int64_t number_of(struct json_object *object, const char *key)
{
	struct json_object *value = member(object, key);

	return value ? json_object_get_int64(value) : -1;
}

static void decode(struct json_object *object, const char *key, char *out, size_t size)
{
	const char *text = text_of(object, key);
	size_t done = 0;

	if (sk_unbase64(text, strlen(text), out, size - 1, &done))
		done = 0;
	out[done] = 0;
	for (size_t i = 0; i < done; i++)
		if ((unsigned char)out[i] < ' ' || out[i] == 127)
			out[i] = '?';
}

struct word {
	const char *word, *en, *ja;
};

static const struct word rules[] = {
	{"allowlist", "its content is not on the allowlist", "内容が許可リスト（ホワイトリスト）にありません"},
	{"failure", "it could not be judged in time; the failure setting answered", "時間内に判定できず、failure の設定で応答しました"},
	{"open-for-writing", "it was open for writing", "書き込み用に開かれていました"},
	{"size", "it is too large to be judged in time", "大きすぎて時間内に判定できません"},
	{"memory", "memory that is not a known file became executable", "登録済みのファイルではないメモリーが実行可能になりました"},
	{"interpreters", "code for a restricted interpreter", "制限されたインタープリターへのコードです"},
	{"modules", "kernel modules are restricted", "カーネルモジュールが制限されています"},
	{"mounts", "mounts are restricted", "マウントが制限されています"},
	{"protect", "known files may not be changed", "登録済みのファイルは変更できません"},
	{"media", "removable media are restricted", "リムーバブル媒体が制限されています"},
	{"self", "the agent protects itself", "エージェントの自己保護です"},
};

static const struct word remedies[] = {
	{"allow", "a person approves it, and a new policy is signed", "担当者が承認し、新しいポリシーに署名します"},
	{"file", "keep it in a file on a guarded file system, and have that allowed", "保護されたファイルシステムのファイルに置き、それを登録します"},
	{"again", "start it again when the machine is less busy, or change the policy", "負荷が下がってから再度起動するか、ポリシーを変更します"},
	{"close-writer", "close what has it open, then start it again", "開いているプログラムを終了してから再度起動します"},
	{"jit", "a policy may name this program, by its SHA-256, as a just-in-time compiler (lockdown.jit)", "ポリシー（lockdown.jit）で、SHA-256 により JIT コンパイラーとして例外にできます"},
	{"exempt", "a policy may exempt this interpreter, user and script", "ポリシーでインタープリター、ユーザー、スクリプトの組を例外にできます"},
	{"window", "in a maintenance window", "保守時間帯の中で行います"},
	{"media", "a policy may list this medium", "ポリシーでこの媒体を登録できます"},
	{"policy", "a policy may allow it", "ポリシーで許可できます"},
	{"release", "with a release that is signed for this", "署名された解除が必要です"},
};

static const char *say(const struct word *words, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(words[i].word, word))
			return CTL_T(words[i].en, words[i].ja);
	return word;
}

static void print_user(int64_t uid)
{
	const struct passwd *user = uid >= 0 ? getpwuid((uid_t)uid) : NULL;

	if (user)
		printf(CTL_T(", user %s", "、ユーザー %s"), user->pw_name);
	else if (uid >= 0)
		printf(CTL_T(", user %" PRId64, "、ユーザー %" PRId64), uid);
}

static void print_process(struct json_object *one, size_t depth)
{
	const char *program = text_of(one, "program"), *tty = text_of(one, "tty"), *container = text_of(one, "container"), *cgroup = text_of(one, "cgroup");

	printf("  %*s%s (%" PRId64 ")", (int)(2 * depth), "", program[0] ? program : text_of(one, "name"), number_of(one, "pid"));
	print_user(number_of(one, "uid"));
	if (tty[0])
		printf(CTL_T(", terminal %s", "、端末 %s"), tty);
	if (container[0])
		printf(CTL_T(", container %s", "、コンテナー %s"), container);
	else if (depth == 0 && cgroup[0] && cgroup[1])
		printf(CTL_T(", control group %s", "、制御グループ %s"), cgroup);
	putchar('\n');
}

static void print_who(struct json_object *refused)
{
	struct json_object *list = member(refused, "ancestry");
	size_t count = list ? json_object_array_length(list) : 0;

	if (!count) {
		puts(CTL_T("Who asked had ended before it could be looked at.", "要求元のプロセスは、確認する前に終了していました。"));
		return;
	}
	puts(CTL_T("Asked for by, and started by:", "要求元と、その起動元:"));
	for (size_t i = 0; i < count; i++)
		print_process(json_object_array_get_idx(list, i), i);
}

/* The agent's word for a start that could not be judged; "none" says nothing. */
static void print_rule(struct json_object *refused)
{
	const char *reason = text_of(refused, "reason"), *rule = text_of(refused, "rule");

	printf(CTL_T("Rule: %s (%s", "規則: %s（%s"), say(rules, SK_ARRAY_SIZE(rules), rule), rule);
	if (reason[0] && strcmp(reason, "none"))
		printf(CTL_T(", %s", "、%s"), lockdown_word(reason));
	puts(CTL_T(").", "）"));
}

bool lockdown_print_refusal(struct json_object *refused)
{
	enum sk_attack road = sk_attack_of(text_of(refused, "road"));
	const char *line = text_of(refused, "remedy_line");
	char path[2048], time[25];

	if (!refused)
		return false;
	decode(refused, "path", path, sizeof path);
	sk_clock_text((uint64_t)number_of(refused, "time"), time);
	if (text_of(refused, "allowed")[0] == 't')
		printf(CTL_T("Started all the same at %s (policy %" PRId64 ", %s), as %s%s.\n", "%s に起動しました（ポリシー %" PRId64 "、%s）、%s%s\n"), time,
		       number_of(refused, "serial"), text_of(refused, "mode"), path,
		       strcmp(text_of(refused, "mode"), "enforce") ? CTL_T("; enforce would have refused it", "。強制モードなら拒否していました") : "");
	else
		printf(CTL_T("Last refused at %s (policy %" PRId64 "), as %s.\n", "最後の拒否: %s（ポリシー %" PRId64 "）、%s\n"), time, number_of(refused, "serial"), path);
	if (road)
		printf(CTL_T("Road: %s (%s).\n", "経路: %s（%s）\n"), CTL_T(sk_attacks[road].en, sk_attacks[road].ja), sk_attacks[road].id);
	print_rule(refused);
	if (text_of(refused, "package")[0] || text_of(refused, "publisher")[0])
		printf(CTL_T("The policy has a file of this name from: %s%s%s\n", "ポリシーにある同名のファイルの出所: %s%s%s\n"), text_of(refused, "package"),
		       text_of(refused, "package")[0] && text_of(refused, "publisher")[0] ? ", " : "", text_of(refused, "publisher"));
	print_who(refused);
	printf(CTL_T("What would allow it: %s%s%s\n", "許可するには: %s%s%s\n"), say(remedies, SK_ARRAY_SIZE(remedies), text_of(refused, "remedy")),
	       line[0] ? ": " : "", line);
	return true;
}

int lockdown_explain_last(struct ctl *ctl)
{
	_cleanup_json_ struct json_object *answer = NULL;
	struct json_object *list;
	size_t count;
	int r = lockdown_ask(ctl, lockdown_question("refusals"), false, NULL, NULL, &answer);

	if (r != CTL_OK)
		return r;
	list = member(answer, "refusals");
	count = list ? json_object_array_length(list) : 0;
	if (ctl->json)
		return ctl_print_json(ctl, json_object_get(answer)) != CTL_OK ? CTL_ENVIRONMENT : count ? CTL_FOUND : CTL_OK;
	if (!count)
		puts(CTL_T("Nothing was refused since the agent started.", "エージェントの起動後に拒否したものはありません。"));
	for (size_t i = 0; i < count; i++) {
		if (i)
			putchar('\n');
		lockdown_print_refusal(json_object_array_get_idx(list, i));
	}
	return count ? CTL_FOUND : CTL_OK;
}
