// SPDX-License-Identifier: GPL-3.0-or-later
/* sekisho fleet code, codes: the desk's side of a code read over a telephone. The fleet works out the answer and keeps who asked, who answered, and why. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "fleet-code.h"
#include "server-call.h"
#include "wire/fleet.h"

/* The challenge as one word: people type its groups as they heard them. */
static int join_challenge(const struct ctl *ctl, struct sk_buf *out)
{
	int r = 0;

	for (size_t i = 1; i < ctl->argument_count && !r; i++)
		r = sk_buf_append_str(out, ctl->arguments[i]);
	return r ? r : sk_buf_append_char(out, '\0');
}

static void print_code(struct json_object *answer)
{
	printf(CTL_T("%s asks for a maintenance window: %s, %" PRId64 " minutes.\nRead back:  %s\n",
		     "%s の保守時間帯の申請: %s、%" PRId64 " 分。\n読み上げる番号:  %s\n"),
	       server_text(answer, "host"), server_text(answer, "scope"), server_number(answer, "minutes"), server_text(answer, "answer"));
	fputs(CTL_T("It is good once, at that endpoint, for this challenge. Who asked and why is on record: sekisho fleet codes\n",
		    "この番号は、その機器のこの確認番号に一度だけ使えます。申請者と理由は記録しました: sekisho fleet codes\n"), stderr);
}

int fleet_run_code(struct ctl *ctl)
{
	_cleanup_buf_ struct sk_buf challenge = SK_BUF(256);
	_cleanup_json_ struct json_object *answer = NULL;
	struct json_object *question = server_verb("code.answer");
	int r;

	if (!question || join_challenge(ctl, &challenge) || sk_json_put_string(question, "agent", ctl->arguments[0]) ||
	    sk_json_put_string(question, "challenge", challenge.data) || sk_json_put_string(question, "asked_by", ctl_option(ctl, "asked-by")) ||
	    sk_json_put_string(question, "why", ctl_option(ctl, "why"))) {
		sk_json_free(question);
		return ctl_fail_errno(ctl, -ENOMEM, "code");
	}
	r = server_call(ctl, SK_PROTO_FLEET, question, &answer);
	if (r != CTL_OK)
		return r;
	if (ctl->json)
		return ctl_print_json(ctl, json_object_get(answer));
	print_code(answer);
	return CTL_OK;
}

/* The server carries it; the endpoint judges it, and its answer stands in `sekisho fleet commands`. */
int fleet_run_window(struct ctl *ctl)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(1 << 16);
	_cleanup_json_ struct json_object *answer = NULL;
	struct json_object *question = server_verb("command.send"), *body;
	int r = ctl_read_file(ctl, ctl->arguments[1], 1 << 16, &text);

	while (r == CTL_OK && text.size && text.data[text.size - 1] == '\n')
		text.data[--text.size] = '\0';
	if (r == CTL_OK && (!question || sk_json_put_string(question, "agent", ctl->arguments[0]) || sk_json_put_string(question, "kind", "window") ||
			    sk_json_put_object(question, "body", &body) || sk_json_put_string(body, "envelope", text.size ? text.data : "")))
		r = ctl_fail_errno(ctl, -ENOMEM, "window");
	if (r != CTL_OK) {
		sk_json_free(question);
		return r;
	}
	r = server_call(ctl, SK_PROTO_FLEET, question, &answer);
	if (r != CTL_OK || ctl->json)
		return r == CTL_OK ? ctl_print_json(ctl, json_object_get(answer)) : r;
	printf(CTL_T("%s: on its way. The endpoint judges it; what came of it: sekisho fleet commands\n",
		     "%s: 送りました。判断は機器が行います。結果は sekisho fleet commands で確認できます\n"), server_text(answer, "id"));
	return CTL_OK;
}

int fleet_run_codes(struct ctl *ctl)
{
	_cleanup_json_ struct json_object *answer = NULL;
	struct json_object *list;
	int r = server_call(ctl, SK_PROTO_FLEET, server_verb("code.list"), &answer);

	if (r != CTL_OK || ctl->json)
		return r == CTL_OK ? ctl_print_json(ctl, json_object_get(answer)) : r;
	list = server_member(answer, "codes");
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);
		char when[24];

		printf("%-20s  %-32s  %-8s  %4" PRId64 " min  %s -> %s: %s\n", server_time(server_number(one, "created"), when), server_text(one, "agent"),
		       server_text(one, "scope"), server_number(one, "minutes"), server_text(one, "asked_by"), server_text(one, "by"),
		       server_text(one, "why"));
	}
	return CTL_OK;
}
