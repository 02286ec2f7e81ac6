// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho console: the people of the console and its audit trail, for root on the server. Each subcommand is one question on console.sock (server/web/control.h).
 * Passwords are asked at the terminal, or read from --pass-file ("-": standard input); never from the command line, which every user of the machine can see.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "pass.h"
#include "server-call.h"

static int ask(const struct ctl *ctl, struct json_object *question, struct json_object **ret_answer)
{
	return server_call(ctl, SK_PROTO_CONSOLE, question, ret_answer);
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

/* {"verb", "name": second argument} */
static struct json_object *about(const struct ctl *ctl, const char *verb)
{
	struct json_object *o = server_verb(verb);

	return o && sk_json_put_string(o, "name", ctl->arguments[1]) ? sk_json_free(o) : o;
}

static struct json_object *put_option(const struct ctl *ctl, struct json_object *o, const char *option, const char *key)
{
	const char *value = ctl_option(ctl, option);

	return o && value && sk_json_put_string(o, key, value) ? sk_json_free(o) : o;
}

static struct json_object *put_grant(const struct ctl *ctl, struct json_object *o)
{
	return put_option(ctl, put_option(ctl, put_option(ctl, o, "role", "role"), "org", "org"), "site", "site");
}

static int ask_with_password(const struct ctl *ctl, struct json_object *question, const char *text)
{
	char password[SK_PASS_MAX + 1];
	int r = ctl_pass(ctl, CTL_T("Password", "パスワード"), true, password);

	if (r == CTL_OK && (!question || sk_json_put_string(question, "password", password)))
		r = ctl_fail_errno(ctl, -ENOMEM, "console");
	sk_wipe(password, sizeof password);
	if (r == CTL_OK)
		return ask_and_say(ctl, question, text);
	sk_json_free(question);
	return r;
}

static int need_role(const struct ctl *ctl)
{
	return ctl_option(ctl, "role") ? CTL_OK : ctl_fail(ctl, CTL_USAGE, CTL_T("--role ROLE is needed", "--role ROLE を指定してください"));
}

/* ---- users ---- */

static int run_user_add(struct ctl *ctl)
{
	struct json_object *question;
	int r = need_role(ctl);

	if (r != CTL_OK)
		return r;
	question = put_grant(ctl, about(ctl, "user.add"));
	question = put_option(ctl, put_option(ctl, question, "display", "display"), "language", "language");
	if (question && ctl_option(ctl, "must-change") && sk_json_put_bool(question, "must_change", true))
		question = sk_json_free(question);
	return ask_with_password(ctl, question, CTL_T("added", "追加しました"));
}

static void print_grants(struct json_object *user)
{
	struct json_object *grants = server_member(user, "grants");

	for (size_t i = 0; i < json_object_array_length(grants); i++) {
		struct json_object *g = json_object_array_get_idx(grants, i);
		const char *org = server_text(g, "org"), *site = server_text(g, "site");

		printf("%s%s@%s%s%s", i ? ", " : "", server_text(g, "role"), org[0] ? org : "*", site[0] ? "/" : "", site);
	}
}

static int run_user_list(struct ctl *ctl)
{
	_cleanup_json_ struct json_object *answer = NULL;
	struct json_object *users;
	int r = ask(ctl, server_verb("user.list"), &answer);

	if (r != CTL_OK)
		return r;
	if (ctl->json)
		return ctl_print_json(ctl, json_object_get(answer));
	users = server_member(answer, "users");
	for (size_t i = 0; i < json_object_array_length(users); i++) {
		struct json_object *user = json_object_array_get_idx(users, i);
		char when[24];

		printf("%-20s  %-8s  %-20s  ", server_text(user, "name"), server_bool(user, "disabled") ? "disabled" : "active",
		       server_time(server_number(user, "last_sign_in"), when));
		print_grants(user);
		putchar('\n');
	}
	return CTL_OK;
}

static int run_user_password(struct ctl *ctl)
{
	struct json_object *question = about(ctl, "user.password");

	if (question && ctl_option(ctl, "must-change") && sk_json_put_bool(question, "must_change", true))
		question = sk_json_free(question);
	return ask_with_password(ctl, question, CTL_T("changed; all sessions of this user have ended", "変更しました。この利用者のセッションはすべて終了しました"));
}

static int run_user_grant(struct ctl *ctl)
{
	int r = need_role(ctl);

	return r == CTL_OK ? ask_and_say(ctl, put_grant(ctl, about(ctl, "user.grant")), CTL_T("given", "付与しました")) : r;
}

static int run_user_ungrant(struct ctl *ctl)
{
	int r = need_role(ctl);

	return r == CTL_OK ? ask_and_say(ctl, put_grant(ctl, about(ctl, "user.ungrant")), CTL_T("taken away", "取り上げました")) : r;
}

static int run_user_disable(struct ctl *ctl)
{
	return ask_and_say(ctl, about(ctl, "user.disable"), CTL_T("disabled", "無効にしました"));
}

static int run_user_enable(struct ctl *ctl)
{
	return ask_and_say(ctl, about(ctl, "user.enable"), CTL_T("enabled", "有効にしました"));
}

static int run_user_unlock(struct ctl *ctl)
{
	return ask_and_say(ctl, about(ctl, "user.unlock"), CTL_T("unlocked", "ロックを解除しました"));
}

/* ---- audit ---- */

static int say_verified(const struct ctl *ctl, struct json_object *answer, bool cut)
{
	long long broken = server_number(answer, "broken");

	if (broken)
		printf(CTL_T("broken at entry %lld: %s\n", "%lld番で連鎖が壊れています: %s\n"), broken, server_text(answer, "why"));
	else if (cut)
		puts(CTL_T("the expected hash is not in the chain: its end was cut off, or it is another chain",
			   "指定されたハッシュは連鎖の中にありません。末尾が削除されたか、別の連鎖です"));
	else
		printf(CTL_T("whole: %lld entries, head %s\n", "完全です: %lld件、先頭ハッシュ %s\n"), (long long)server_number(answer, "entries"),
		       server_text(answer, "head"));
	return broken || cut ? CTL_FOUND : CTL_OK;
}

/* Is the hash that was noted down earlier still some line's? */
static int find_noted(const struct ctl *ctl, const char *noted, bool *ret_found)
{
	long long before = 0;

	*ret_found = false;
	do {
		_cleanup_json_ struct json_object *answer = NULL;
		struct json_object *lines, *question = server_verb("audit.list");
		int r;

		if (!question || sk_json_put_i64(question, "limit", 10000) || sk_json_put_i64(question, "before", before)) {
			sk_json_free(question);
			return ctl_fail_errno(ctl, -ENOMEM, "console");
		}
		r = ask(ctl, question, &answer);
		if (r != CTL_OK)
			return r;
		lines = server_member(answer, "lines");
		before = 0;
		for (size_t i = 0; i < json_object_array_length(lines); i++) {
			struct json_object *line = json_object_array_get_idx(lines, i);

			*ret_found = *ret_found || strcmp(server_text(line, "hash"), noted) == 0;
			before = server_number(line, "seq");
		}
	} while (!*ret_found && before > 1);
	return CTL_OK;
}

static int run_audit_verify(struct ctl *ctl)
{
	_cleanup_json_ struct json_object *answer = NULL;
	const char *noted = ctl_option(ctl, "expect");
	bool found = true;
	int r = ask(ctl, server_verb("audit.verify"), &answer);

	if (r == CTL_OK && noted)
		r = find_noted(ctl, noted, &found);
	if (r != CTL_OK)
		return r;
	if (!ctl->json)
		return say_verified(ctl, answer, !found);
	if (sk_json_put_bool(answer, "expected_found", found))
		return ctl_fail_errno(ctl, -ENOMEM, "console");
	r = ctl_print_json(ctl, json_object_get(answer));
	return r == CTL_OK && (server_number(answer, "broken") || !found) ? CTL_FOUND : r;
}

static int run_audit_list(struct ctl *ctl)
{
	_cleanup_json_ struct json_object *answer = NULL;
	struct json_object *lines, *question = server_verb("audit.list");
	unsigned long long limit;
	int r = ctl_option_number(ctl, "limit", 1, 10000, 100, &limit);

	if (r == CTL_OK && question && sk_json_put_u64(question, "limit", limit))
		question = sk_json_free(question);
	if (r != CTL_OK) {
		sk_json_free(question);
		return r;
	}
	r = ask(ctl, question, &answer);
	if (r != CTL_OK)
		return r;
	if (ctl->json)
		return ctl_print_json(ctl, json_object_get(answer));
	lines = server_member(answer, "lines");
	for (size_t i = json_object_array_length(lines); i-- > 0;) {
		struct json_object *line = json_object_array_get_idx(lines, i);
		char when[24];

		printf("%6lld  %s  %-16s  %-22s  %s  %s\n", (long long)server_number(line, "seq"), server_time(server_number(line, "time"), when),
		       server_text(line, "actor"), server_text(line, "action"), server_text(line, "object"), server_text(line, "from"));
	}
	return CTL_OK;
}

/* ---- tables ---- */

struct action {
	const char *name;
	size_t arguments; /* with the action's own name */
	int (*run)(struct ctl *ctl);
};

static const struct action user_actions[] = {{"add", 2, run_user_add},	     {"list", 1, run_user_list},       {"password", 2, run_user_password},
					     {"grant", 2, run_user_grant},   {"ungrant", 2, run_user_ungrant}, {"disable", 2, run_user_disable},
					     {"enable", 2, run_user_enable}, {"unlock", 2, run_user_unlock},   {0}};
static const struct action audit_actions[] = {{"list", 1, run_audit_list}, {"verify", 1, run_audit_verify}, {0}};

static int run_action(struct ctl *ctl, const struct action *actions)
{
	const char *name = ctl->arguments[0];

	for (; actions->name; actions++) {
		if (strcmp(actions->name, name) != 0)
			continue;
		if (ctl->argument_count == actions->arguments)
			return actions->run(ctl);
		return ctl_fail(ctl, CTL_USAGE, actions->arguments == 2 ? CTL_T("%s: whom? give one NAME", "%s: 利用者名を 1 つ指定してください")
									: CTL_T("%s takes no name", "%s に利用者名は指定できません"), name);
	}
	return ctl_fail(ctl, CTL_USAGE, CTL_T("%s: no such action", "%s という操作はありません"), name);
}

static int run_user(struct ctl *ctl)
{
	return run_action(ctl, user_actions);
}

static int run_audit(struct ctl *ctl)
{
	return run_action(ctl, audit_actions);
}

static const struct ctl_option user_options[] = {
	{"role", "ROLE", {"administrator, security, engineer, assessor or viewer", "administrator、security、engineer、assessor、viewer のいずれか"}},
	{"org", "ORG", {"in this organisation only", "この組織に限る"}},
	{"site", "SITE", {"at this site only", "このサイトに限る"}},
	{"display", "TEXT", {"add: the name to show", "add: 表示名"}},
	{"language", "en|ja", {"add: language of the pages", "add: 画面の言語"}},
	{"must-change", NULL, {"add, password: it must be changed at the next sign-in", "add、password: 次のサインインで変更を求める"}},
	{"pass-file", "FILE", {"add, password: read the password from the first line ('-': standard input)",
			       "add、password: パスワードをファイルの 1 行目から読む（- は標準入力）"}},
	{0}};
static const struct ctl_option audit_options[] = {
	{"limit", "N", {"list: at most so many (100)", "list: 最大件数（100）"}},
	{"expect", "HASH", {"verify: a head hash noted earlier must still be in the chain", "verify: 以前に控えた先頭ハッシュが連鎖に残っていることも確かめる"}},
	{0}};

static const struct ctl_command commands[] = {
	{"user", run_user, "add|list|password|grant|ungrant|disable|enable|unlock [NAME]", 1, 2,
	 {"the people of the console, their roles and passwords", "コンソールの利用者、役割、パスワード"}, user_options},
	{"audit", run_audit, "list|verify", 1, 1, {"the audit trail, and whether its chain is whole", "監査証跡の表示と連鎖の検証"}, audit_options},
	{0}};

const struct ctl_family ctl_console = {
	.name = "console",
	.help = {"people and audit trail of the console", "コンソールの利用者と監査証跡"},
	.commands = commands,
};
