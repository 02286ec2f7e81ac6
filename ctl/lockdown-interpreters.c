// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho lockdown interpreters: the table of interpreters as this machine has it, the check of a file that is to join it, and what a call would be: --
 * PROGRAM ARGUMENT... is judged and not started. The table and its judge are lib/interp's.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "interp/interp.h"
#include "lockdown.h"

extern char **environ;

static struct json_object *strings_json(const struct sk_strings *list)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < list->count; i++)
		json_object_array_add(array, json_object_new_string(list->items[i]));
	return array;
}

static struct json_object *examples_json(const struct sk_interp *in)
{
	const struct sk_interp_example *e = in->examples.items;
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < in->examples.count; i++) {
		struct json_object *item = json_object_new_object();

		sk_json_put(item, "run", strings_json(&e[i].run));
		sk_json_put(item, "set", strings_json(&e[i].set));
		sk_json_put(item, "only", strings_json(&e[i].only));
		sk_json_put_string(item, "is", sk_argv_verdict_names[e[i].is]);
		json_object_object_add(item, "dead", json_object_new_boolean(e[i].dead));
		json_object_array_add(array, item);
	}
	return array;
}

static struct json_object *interp_json(const struct sk_interp *in)
{
	struct json_object *json = json_object_new_object();

	if (!json || sk_json_put_string(json, "name", in->name) != 0 || sk_json_put_string(json, "about", in->about ? in->about : "") != 0 ||
	    sk_json_put(json, "programs", strings_json(&in->programs)) != 0 || sk_json_put(json, "environment", strings_json(&in->environment)) != 0 ||
	    sk_json_put(json, "startup", strings_json(&in->startup)) != 0 || sk_json_put_string(json, "mark", in->mark ? in->mark : "") != 0 ||
	    sk_json_put_string(json, "file", in->file ? in->file : "") != 0 || sk_json_put(json, "examples", examples_json(in)) != 0)
		return sk_json_free(json);
	json_object_object_add(json, "input", json_object_new_boolean(in->input));
	return json;
}

static int list(const struct ctl *ctl, const struct sk_interp_table *table)
{
	struct json_object *array;

	if (ctl->json) {
		array = json_object_new_array();
		for (size_t i = 0; array && i < table->count; i++)
			json_object_array_add(array, interp_json(&table->items[i]));
		return ctl_print_json(ctl, array);
	}
	for (size_t i = 0; i < table->count; i++) {
		printf("%-10s", table->items[i].name);
		for (size_t j = 0; j < table->items[i].programs.count; j++)
			printf("%s%s", j ? ", " : " ", table->items[i].programs.items[j]);
		printf("\n");
	}
	return CTL_OK;
}

static const char *sentence(enum sk_argv_verdict verdict)
{
	switch (verdict) {
	case SK_ARGV_NOTHING:
		return CTL_T("runs no code", "コードを実行しない");
	case SK_ARGV_SCRIPT:
		return CTL_T("runs a script, which must be known", "スクリプトを実行する（登録が必要）");
	case SK_ARGV_IMPLICIT:
		return CTL_T("runs a file whose name it knows by itself, which must be known", "既定の名前のファイルを実行する（登録が必要）");
	case SK_ARGV_LOAD:
		return CTL_T("runs files that options name; each must be known", "オプションで指定されたファイルを実行する（登録が必要）");
	case SK_ARGV_INLINE:
		return CTL_T("runs code given as an argument: refused where interpreters are restricted", "引数のコードを実行する（制限時は拒否）");
	case SK_ARGV_STDIN:
		return CTL_T("runs code from standard input: refused where interpreters are restricted", "標準入力のコードを実行する（制限時は拒否）");
	case SK_ARGV_MODULE:
		return CTL_T("loads code named by an option: refused where interpreters are restricted", "オプションで指定されたコードを読み込む（制限時は拒否）");
	case SK_ARGV_ENVIRONMENT:
		return CTL_T("takes code from the environment: refused where interpreters are restricted", "環境変数からコードを受け取る（制限時は拒否）");
	case SK_ARGV_UNPROVABLE:
		return CTL_T("cannot be judged, and is taken for code: refused where interpreters are restricted", "判定できないためコードとみなす（制限時は拒否）");
	default:
		return CTL_T("is no interpreter, or is given data alone", "インタープリターではない、またはデータのみを受け取る");
	}
}

static int judge(const struct ctl *ctl, const struct sk_interp_table *table)
{
	const char *argv[CTL_OPTIONS_MAX + 1] = {NULL}, *path = ctl->arguments[0];
	struct sk_interp_answer a;
	struct json_object *json;
	bool refused;

	for (size_t i = 0; i < ctl->argument_count && i < CTL_OPTIONS_MAX; i++)
		argv[i] = ctl->arguments[i];
	if (ctl_option(ctl, "as"))
		path = ctl_option(ctl, "as");
	sk_interp_judge(table, path, argv, (const char *const *)environ, &a);
	refused = sk_argv_refused(a.verdict);
	if (!ctl->json) {
		printf("%s: %s%s%.*s%s\n", path, sentence(a.verdict), a.variable || a.script ? ": " : "",
		       a.variable ? (int)strcspn(a.variable, "=") : a.script ? (int)strlen(a.script) : 0, a.variable ? a.variable : a.script ? a.script : "", "");
		return refused ? CTL_FOUND : CTL_OK;
	}
	json = json_object_new_object();
	if (!json || sk_json_put_string(json, "interpreter", a.row < 0 ? "" : table->items[a.row].name) != 0 ||
	    sk_json_put_string(json, "verdict", sk_argv_verdict_names[a.verdict]) != 0 || sk_json_put_string(json, "script", a.script ? a.script : "") != 0 ||
	    sk_json_put(json, "refused", json_object_new_boolean(refused)) != 0)
		json = sk_json_free(json);
	return ctl_print_json(ctl, json) == CTL_OK && refused ? CTL_FOUND : CTL_OK;
}

static int check(const struct ctl *ctl, const char *path)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(0);
	struct sk_diag diag = {0};
	struct sk_interp in;
	struct sk_row row;
	int r = ctl_read_file(ctl, path, 65536, &text);

	if (r != CTL_OK)
		return r;
	sk_diag_source(&diag, path);
	r = sk_interp_parse(text.data ? text.data : "", text.size, &in, &row, &diag);
	if (r != 0)
		return r == SK_BAD ? ctl_fail_diag(ctl, &diag) : ctl_fail_errno(ctl, r, path);
	if (ctl->json)
		r = ctl_print_json(ctl, interp_json(&in));
	else
		printf("%s: %s, %zu %s\n", path, in.name, in.examples.count, CTL_T("examples hold", "個の例が成立"));
	sk_interp_done(&in);
	return r;
}

int lockdown_run_interpreters(struct ctl *ctl)
{
	_cleanup_interp_ struct sk_interp_table table = {0};
	struct sk_diag diag = {0};
	char folder[4096];
	int r = CTL_OK;

	for (size_t i = 0; ctl_option_at(ctl, "check", i) && r == CTL_OK; i++)
		r = check(ctl, ctl_option_at(ctl, "check", i));
	if (r != CTL_OK || ctl_option(ctl, "check"))
		return r;
	if (ctl_option(ctl, "schema")) {
		r = sk_conf_print(&sk_interp_schema, SK_CONF_HELP, NULL, ctl_japanese());
		return r == 0 ? CTL_OK : ctl_fail_errno(ctl, r, "schema");
	}
	snprintf(folder, sizeof folder, "%s/etc/sekisho/interpreters", strcmp(ctl->root, "/") == 0 ? "" : ctl->root);
	r = sk_interp_load(folder, &table, &diag);
	if (r != 0)
		return r == SK_BAD ? ctl_fail_diag(ctl, &diag) : ctl_fail_errno(ctl, r, "interpreters");
	return ctl->argument_count ? judge(ctl, &table) : list(ctl, &table);
}
