// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Words of the agent for people: states, and the sentences by which it refuses a call. The agent speaks English alone; a sentence that is not in this table is
 * shown as it came. "{}" stands for what the agent puts in.
 */
#include "lockdown.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

struct word {
	const char *word, *en, *ja;
};

static const struct word states[] = {
	{"good", "in force", "有効"},
	{"expired", "in force although it has EXPIRED", "期限切れのまま有効"},
	{"revoked", "in force although its key was REVOKED", "鍵が失効したまま有効"},
	{"dates-held", "in force; its dates are not looked at, the clock is wrong", "有効（時計が正しくないため、日付は判定していません）"},
	{"guarded", "guarded", "保護中"},
	{"not-guarded", "NOT guarded", "保護していません"},
	{"device-written", "guarded; its device was written to, so nothing of it is remembered", "保護中（デバイスへの直接の書き込みがあったため、判定を記憶しません）"},
	{"attached", "attached", "動作中"},
	{"waiting", "waiting", "待機"},
	{"failed", "not here", "利用不可"},
	{"deadline", "deadline", "時間切れ"},
	{"overload", "overload", "過負荷"},
	{"unreadable", "unreadable", "読み取り不可"},
	{"open-for-writing", "open for writing", "書き込み中"},
	{"unattended", "unattended", "応答者なし"},
	{"too-large", "too large", "サイズ超過"},
	{"updaters", "updaters", "信頼する更新プログラム"},
	{"observe", "observe", "監視"},
	{"code", "a code by telephone", "電話の番号"},
	{"signed", "a signed window", "署名済みの保守時間帯"},
	{"command", "sekisho lockdown window close", "操作（window close）"},
	{"policy", "a new policy", "新しいポリシー"},
	{"window-open", "opening a maintenance window", "保守時間帯の開始"},
	{"window-close", "closing the maintenance window", "保守時間帯の終了"},
	{"restart", "a restart of the machine", "機器の再起動"},
	{"operator", "an operator", "操作者"},
	{"probe", "the probe", "検査プログラム"},
	{"none", "nobody", "なし"},
	{"yes", "yes", "はい"},
	{"no", "no", "いいえ"},
	{"unknown", "not known", "不明"},
};

const char *lockdown_word(const char *word)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(states); i++)
		if (!strcmp(states[i].word, word))
			return CTL_T(states[i].en, states[i].ja);
	return word;
}

static const struct ctl_text sentences[] = {
	{"locked after {} wrong answers: try again in {} s", "誤った番号が {} 回続いたため受け付けません。{} 秒後にもう一度入力してください"},
	{"this endpoint is not enrolled: no desk can answer it. A signed window opens it all the same",
	 "このエンドポイントは登録されていないため、受付は番号に答えられません。署名済みの保守時間帯なら開けます（sekisho lockdown window open ファイル）"},
	{"a window lasts half an hour to {} hours", "保守時間帯の長さは 30 分から {} 時間です"},
	{"nothing was asked, or it was answered already: begin with sekisho lockdown window ask",
	 "確認番号が出ていないか、すでに使われています。sekisho lockdown window ask から始めてください"},
	{"the challenge is older than {} minutes: ask anew", "確認番号は {} 分で無効になります。もう一度 sekisho lockdown window ask を実行してください"},
	{"that is not the answer; {} tries are left", "番号が違います。あと {} 回入力できます"},
	{"no policy is in force here: everything starts, no window is needed", "有効なポリシーがないため、すべて起動します。保守時間帯は必要ありません"},
	{"neither the policy nor the window names a trusted updater: nothing could become known (policy: lockdown.updaters)",
	 "ポリシーにも保守時間帯にも信頼する更新プログラムがないため、何も登録できません（ポリシーの lockdown.updaters）"},
	{"this agent has no recorder", "このエージェントには記録の機能がありません"},
	{"a window is {} already", "保守時間帯はすでに {} の状態です"},
	{"the difference of the last window waits: approve it or roll it back first",
	 "前回の保守時間帯の差分が残っています。先に承認（window approve）するか、元に戻して（window rollback）ください"},
	{"no window is open", "開いている保守時間帯はありません"},
	{"no difference waits for a decision ({})", "承認を待っている差分はありません（{}）"},
	{"no difference waits for a decision", "承認を待っている差分はありません"},
	{"this window was for trusted updaters: what others wrote takes a signed policy",
	 "この保守時間帯の対象は信頼する更新プログラムだけです。ほかの者が書いたものの登録には、署名済みのポリシーが必要です"},
	{"the difference is larger than can be accepted here: sign a policy", "差分が大きく、ここでは承認できません。ポリシーに署名してください"},
	{"window {} was opened here before: each opens once", "保守時間帯 {} はすでに一度開かれています。開けるのは一度だけです"},
	{"the clock of this machine is wrong: a signed window is not opened by it. Set the clock, or ask for a code",
	 "この機器の時計が正しくないため、署名済みの保守時間帯は開けません。時計を合わせるか、電話の番号を使ってください（window ask）"},
	{"the clock of this machine is wrong: set it first, a release ends by it", "この機器の時計が正しくありません。解除は時計で終わるため、先に時計を合わせてください"},
	{"the clock of this machine is wrong: set it first, a pass ends by it", "この機器の時計が正しくありません。許可証は時計で終わるため、先に時計を合わせてください"},
	{"the pass is refused: {}", "許可証を受け入れられません: {}"},
	{"this pass is for a machine: only those of media are kept here", "この許可証は機器用です。ここで使えるのは媒体の許可証だけです"},
	{"{} passes are kept already: remove one first", "許可証はすでに {} 件あります。先に 1 件削除してください（--remove）"},
	{"no pass {} is kept here", "許可証 {} はありません"},
	{"too many requests wait for an answer", "回答を待っている申請が多すぎます"},
	{"the request could not be kept", "申請を保存できませんでした"},
};

struct parts {
	const char *at[3];
	int size[3], count;
};

/* "a {} b" against "a 5 b": what stands in the places. */
static bool fits(const char *pattern, const char *text, struct parts *parts)
{
	parts->count = 0;
	for (const char *hole; (hole = strstr(pattern, "{}")); pattern = hole + 2) {
		const char *next = hole + 2, *end;
		size_t before = (size_t)(hole - pattern), fixed = strcspn(next, "{");

		if (strncmp(pattern, text, before) || parts->count == (int)SK_ARRAY_SIZE(parts->at))
			return false;
		text += before;
		end = fixed ? memmem(text, strlen(text), next, fixed) : text + strlen(text);
		if (!end)
			return false;
		parts->at[parts->count] = text;
		parts->size[parts->count++] = (int)(end - text);
		text = end;
	}
	return !strcmp(pattern, text);
}

const char *lockdown_sentence(const char *text, char *out, size_t size)
{
	struct parts parts;
	size_t used = 0;
	int part = 0;

	snprintf(out, size, "%s", text);
	for (size_t i = 0; ctl_japanese() && i < SK_ARRAY_SIZE(sentences); i++) {
		const char *ja = sentences[i].ja;

		if (!fits(sentences[i].en, text, &parts))
			continue;
		for (const char *hole; used < size && (hole = strstr(ja, "{}")) && part < parts.count; ja = hole + 2, part++)
			used += (size_t)snprintf(out + used, size - used, "%.*s%.*s", (int)(hole - ja), ja, parts.size[part], parts.at[part]);
		if (used < size)
			snprintf(out + used, size - used, "%s", ja);
		break;
	}
	return out;
}
