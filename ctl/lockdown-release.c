// SPDX-License-Identifier: GPL-3.0-or-later
/* sekisho lockdown release FILE: a signed release goes to the agent, which may then be stopped, replaced and removed until it ends. */
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "lockdown.h"
#include "os/file.h"

enum { RELEASE_MAX = 256 << 10 };

int lockdown_run_release(struct ctl *ctl)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(RELEASE_MAX);
	struct json_object *question = lockdown_question("release"), *answer = NULL, *seconds = NULL;
	int r = ctl_read_file(ctl, ctl->arguments[0], RELEASE_MAX, &text);

	if (r != CTL_OK) {
		sk_json_free(question);
		return r;
	}
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
