// SPDX-License-Identifier: GPL-3.0-or-later
/* sekisho lockdown release FILE: a signed release goes to the agent, which may then be stopped, replaced and removed until it ends. */
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "lockdown.h"
#include "os/file.h"

enum { RELEASE_MAX = 256 << 10 };

/* 0: it may be stopped and removed. 1: that takes a release, and there is none. */
static int check(struct ctl *ctl)
{
	_cleanup_json_ struct json_object *status = NULL;
	struct json_object *self, *value;
	bool needed, released;
	int r = lockdown_ask(ctl, lockdown_question("status"), false, NULL, NULL, &status);

	if (r != CTL_OK)
		return r;
	if (!json_object_object_get_ex(status, "self", &self))
		return ctl_fail(ctl, CTL_ENVIRONMENT, CTL_T("this agent is older than this command", "エージェントがこのコマンドより古い版です"));
	needed = json_object_object_get_ex(self, "release", &value) && json_object_get_boolean(value);
	released = json_object_object_get_ex(self, "released_s", &value) && json_object_get_int64(value) > 0;
	if (ctl->json)
		r = ctl_print_json(ctl, json_object_get(self));
	else if (needed && !released)
		puts(CTL_T("The policy lets nobody stop or remove this agent without a signed release. At the desk: sekisho policy sign --kind release; "
			   "here: sekisho lockdown release FILE; then again.",
			   "ポリシーにより、このエージェントの停止と削除には署名済みの解除が必要です。受付: sekisho policy sign --kind release、"
			   "この機器: sekisho lockdown release ファイル。その後、もう一度実行してください。"));
	else
		puts(needed ? CTL_T("released: the agent may be stopped and removed", "解除済みです。エージェントを停止、削除できます")
			    : CTL_T("no release is needed", "解除は必要ありません"));
	return r != CTL_OK ? r : needed && !released ? CTL_FOUND : CTL_OK;
}

int lockdown_run_release(struct ctl *ctl)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(RELEASE_MAX);
	struct json_object *question, *answer = NULL, *seconds = NULL;
	int r;

	if (ctl_option(ctl, "check"))
		return check(ctl);
	if (!ctl->argument_count)
		return ctl_fail(ctl, CTL_USAGE, "%s", CTL_T("which signed release? (or --check)", "署名済みの解除のファイルを指定してください（または --check）"));
	r = ctl_read_file(ctl, ctl->arguments[0], RELEASE_MAX, &text);
	if (r != CTL_OK)
		return r;
	question = lockdown_question("release");
	if (!question || sk_json_put_base64(question, "release", text.data, text.size))
		question = sk_json_free(question);
	r = lockdown_ask(ctl, question, false, NULL, NULL, &answer);
	if (r == CTL_OK && ctl->json)
		return ctl_print_json(ctl, answer);
	if (r == CTL_OK && json_object_object_get_ex(answer, "seconds", &seconds))
		printf(CTL_T("released: for %lld s the agent may be stopped, replaced and removed\n", "解除しました。%lld 秒間、エージェントを停止、置換、削除できます\n"),
		       (long long)json_object_get_int64(seconds));
	sk_json_free(answer);
	return r;
}
