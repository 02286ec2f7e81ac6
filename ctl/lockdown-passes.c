// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho lockdown pass [FILE]...: brings signed passes of removable media to this machine, where a policy lets in only media that have one (`pass: true`); without
 * a file, shows those that are here. The agent judges them; `lockdown accept` makes them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "lockdown.h"
#include "os/clock.h"

enum { PASS_MAX = 256 << 10 };

static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value;

	return object && json_object_object_get_ex(object, key, &value) ? json_object_get_string(value) : "";
}

static const char *until_of(struct json_object *pass, char out[static 25])
{
	struct json_object *value;

	return sk_clock_text(json_object_object_get_ex(pass, "until", &value) ? (uint64_t)json_object_get_int64(value) : 0, out);
}

static const char *state_text(const char *state)
{
	static const struct {
		const char *state;
		struct ctl_text text;
	} rows[] = {{"valid", {"valid", "有効"}}, {"expired", {"EXPIRED", "期限切れ"}}, {"not-yet", {"not valid yet", "有効期間前"}},
		    {"clock-wrong", {"not judged: the clock is wrong", "判定不可（時計が正しくありません）"}}, {"revoked", {"its key was REVOKED", "鍵が失効"}}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].state, state))
			return CTL_T(rows[i].text.en, rows[i].text.ja);
	return state;
}

static void print_pass(struct json_object *pass)
{
	const char *state = state_text(text_of(pass, "state"));
	char until[25];

	printf(CTL_T("%s%*s %s until %s\n    %s\n", "%s%*s %s（%s まで）\n    %s\n"), CTL_PADDED(text_of(pass, "id"), 24), state, until_of(pass, until), text_of(pass, "serial"));
	if (text_of(pass, "inspector")[0])
		printf(CTL_T("    inspected by %s, signed by %s\n", "    検査者 %s、署名者 %s\n"), text_of(pass, "inspector"), text_of(pass, "signer"));
}

/* Exit 1 when one of them is no longer valid. */
static int list_passes(struct ctl *ctl)
{
	_cleanup_json_ struct json_object *answer = NULL;
	struct json_object *list = NULL;
	int r = lockdown_ask(ctl, lockdown_question("passes"), false, NULL, NULL, &answer);
	bool all_valid = true;

	if (r != CTL_OK)
		return r;
	json_object_object_get_ex(answer, "passes", &list);
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);

		all_valid &= !strcmp(text_of(one, "state"), "valid");
		if (!ctl->json)
			print_pass(one);
	}
	if (ctl->json)
		r = ctl_print_json(ctl, json_object_get(answer));
	else if (!list || !json_object_array_length(list))
		puts(CTL_T("no pass of a medium is here: sekisho lockdown accept issues one", "媒体の許可証はありません（発行は sekisho lockdown accept）"));
	return r != CTL_OK ? r : all_valid ? CTL_OK : CTL_FOUND;
}

static int bring(struct ctl *ctl, const char *path)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(PASS_MAX);
	_cleanup_json_ struct json_object *answer = NULL;
	struct json_object *question;
	char until[25];
	int r = ctl_read_file(ctl, path, PASS_MAX, &text);

	if (r != CTL_OK)
		return r;
	question = lockdown_question("pass");
	if (!question || sk_json_put_base64(question, "pass", text.size ? text.data : "", text.size))
		question = sk_json_free(question);
	r = lockdown_ask(ctl, question, false, NULL, NULL, &answer);
	if (r != CTL_OK)
		return r;
	if (ctl->json)
		return ctl_print_json(ctl, json_object_get(answer));
	printf(CTL_T("%s: kept, for %s until %s\n", "%s: 保存しました。対象 %s、期限 %s\n"), text_of(answer, "id"), text_of(answer, "serial"), until_of(answer, until));
	return CTL_OK;
}

static int drop(struct ctl *ctl, const char *id)
{
	_cleanup_json_ struct json_object *answer = NULL;
	struct json_object *question = lockdown_question("pass");
	int r;

	if (question && sk_json_put_string(question, "remove", id))
		question = sk_json_free(question);
	r = lockdown_ask(ctl, question, false, NULL, NULL, &answer);
	if (r == CTL_OK && ctl->json)
		return ctl_print_json(ctl, json_object_get(answer));
	if (r == CTL_OK)
		printf(CTL_T("%s: removed; its medium is refused from now on\n", "%s: 削除しました。以後、その媒体は拒否されます\n"), id);
	return r;
}

int lockdown_run_pass(struct ctl *ctl)
{
	const char *remove = ctl_option(ctl, "remove");
	int r = CTL_OK;

	if (!remove && !ctl->argument_count)
		return list_passes(ctl);
	if (remove)
		r = drop(ctl, remove);
	for (size_t i = 0; i < ctl->argument_count && r == CTL_OK; i++)
		r = bring(ctl, ctl->arguments[i]);
	return r;
}
