// SPDX-License-Identifier: GPL-3.0-or-later
/* From words to a subcommand: the family table, options, and the words that work everywhere (help, completion, --version). */
#include "ctl.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

/* CTL_FAMILIES comes from ctl/meson.build: CTL_FAMILY(name) for each. */
#define CTL_FAMILY(name) extern const struct ctl_family ctl_##name;
CTL_FAMILIES
#undef CTL_FAMILY

#define CTL_FAMILY(name) &ctl_##name,
const struct ctl_family *const ctl_families[] = {CTL_FAMILIES NULL};
#undef CTL_FAMILY

const struct ctl_option ctl_common_options[] = {
	{"root", "DIR", {"folder that holds etc/sekisho, var/lib/sekisho and run/sekisho (default /)",
			 "etc/sekisho、var/lib/sekisho、run/sekisho を置くフォルダー（既定は /）"}},
	{"json", NULL, {"answer as one JSON value", "結果を 1 個の JSON 値で出力する"}},
	{"help", NULL, {"show what the subcommand does", "サブコマンドの説明を表示する"}},
	{0}};

bool ctl_japanese(void)
{
	static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(variables); i++) {
		const char *value = getenv(variables[i]);

		if (value && *value)
			return strncmp(value, "ja", 2) == 0;
	}
	return false;
}

const char *ctl_option_at(const struct ctl *ctl, const char *name, size_t n)
{
	for (size_t i = 0; i < ctl->given_count; i++)
		if (strcmp(ctl->given[i].option->name, name) == 0 && n-- == 0)
			return ctl->given[i].value;
	return NULL;
}

const char *ctl_option(const struct ctl *ctl, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < ctl->given_count; i++)
		if (strcmp(ctl->given[i].option->name, name) == 0)
			value = ctl->given[i].value;
	return value;
}

int ctl_option_number(const struct ctl *ctl, const char *name, unsigned long long min, unsigned long long max,
		      unsigned long long fallback, unsigned long long *ret_value)
{
	const char *text = ctl_option(ctl, name);
	uint64_t value;

	if (!text) {
		*ret_value = fallback;
		return CTL_OK;
	}
	if (sk_parse_u64(text, max, &value) != 0 || value < min)
		return ctl_fail(ctl, CTL_USAGE, CTL_T("--%s %s: expected a number from %llu to %llu", "--%s %s: %llu から %llu の数を指定してください"),
				name, text, min, max);
	*ret_value = value;
	return CTL_OK;
}

static const struct ctl_option *find_option(const struct ctl_option *options, const char *name, size_t size)
{
	for (; options && options->name; options++)
		if (strlen(options->name) == size && strncmp(options->name, name, size) == 0)
			return options;
	return NULL;
}

static int add_given(struct ctl *ctl, const struct ctl_option *option, const char *value)
{
	if (ctl->given_count == CTL_OPTIONS_MAX)
		return ctl_fail(ctl, CTL_USAGE, CTL_T("too many options", "オプションが多すぎます"));
	if (!option->many && ctl_option(ctl, option->name))
		return ctl_fail(ctl, CTL_USAGE, CTL_T("--%s is given twice", "--%s が 2 回指定されています"), option->name);
	ctl->given[ctl->given_count].option = option;
	ctl->given[ctl->given_count++].value = value;
	if (strcmp(option->name, "json") == 0)
		ctl->json = true;
	if (strcmp(option->name, "root") == 0)
		ctl->root = value;
	return CTL_OK;
}

/* One word that begins with "--"; *at moves past its value. */
static int parse_option(struct ctl *ctl, int count, const char *const *words, int *at)
{
	const char *name = words[*at] + 2, *equals = strchr(name, '='), *value = "";
	size_t size = equals ? (size_t)(equals - name) : strlen(name);
	const struct ctl_option *option = find_option(ctl->command->options, name, size);

	if (!option)
		option = find_option(ctl_common_options, name, size);
	if (!option)
		return ctl_fail(ctl, CTL_USAGE, CTL_T("no option --%.*s: see --help", "オプション --%.*s はありません。--help を見てください"),
				(int)size, name);
	if (!option->value && equals)
		return ctl_fail(ctl, CTL_USAGE, CTL_T("--%s takes no value", "--%s に値は指定できません"), option->name);
	if (option->value && equals)
		value = equals + 1;
	else if (option->value && *at + 1 >= count)
		return ctl_fail(ctl, CTL_USAGE, CTL_T("--%s needs a value: %s", "--%s には値が必要です: %s"), option->name, option->value);
	else if (option->value)
		value = words[++*at];
	return add_given(ctl, option, value);
}

static int check_complete(const struct ctl *ctl)
{
	const struct ctl_command *command = ctl->command;

	if (ctl_option(ctl, "help"))
		return CTL_OK;
	for (const struct ctl_option *o = command->options; o && o->name; o++)
		if (o->required && !ctl_option(ctl, o->name))
			return ctl_fail(ctl, CTL_USAGE, CTL_T("--%s %s is required", "--%s %s を指定してください"), o->name, o->value);
	if (ctl->argument_count < command->min)
		return ctl_fail(ctl, CTL_USAGE, CTL_T("expected: %s", "引数が足りません: %s"), command->arguments);
	if (ctl->argument_count > command->max)
		return ctl_fail(ctl, CTL_USAGE, CTL_T("one argument too many: %s", "余分な引数があります: %s"), ctl->arguments[command->max]);
	return CTL_OK;
}

int ctl_parse(struct ctl *ctl, int count, const char *const *words)
{
	bool only_arguments = false;

	ctl->root = "/";
	ctl->arguments = ctl->words;
	/* Known first, so that a complaint about any word is JSON as well. */
	for (int i = 0; i < count && strcmp(words[i], "--") != 0; i++)
		ctl->json |= strcmp(words[i], "--json") == 0;
	for (int i = 0; i < count; i++) {
		int r = CTL_OK;

		if (!only_arguments && strcmp(words[i], "--") == 0)
			only_arguments = true;
		else if (!only_arguments && strncmp(words[i], "--", 2) == 0)
			r = parse_option(ctl, count, words, &i);
		else if (ctl->argument_count == CTL_OPTIONS_MAX)
			r = ctl_fail(ctl, CTL_USAGE, CTL_T("too many arguments", "引数が多すぎます"));
		else
			ctl->words[ctl->argument_count++] = words[i];
		if (r != CTL_OK)
			return r;
	}
	return check_complete(ctl);
}

static const struct ctl_family *find_family(const char *name)
{
	for (size_t i = 0; ctl_families[i]; i++)
		if (strcmp(ctl_families[i]->name, name) == 0)
			return ctl_families[i];
	return NULL;
}

static const struct ctl_command *find_command(const struct ctl_family *family, const char *name)
{
	for (const struct ctl_command *c = family->commands; c->run; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

/* Prints what a writer of help.c made. */
static int print(int r, struct sk_buf *text)
{
	if (r != 0 || fwrite(text->data, 1, text->size, stdout) != text->size || fflush(stdout) != 0)
		return CTL_ENVIRONMENT;
	return CTL_OK;
}

static int no_such_family(const char *name)
{
	struct ctl ctl = {0};

	return ctl_fail(&ctl, CTL_USAGE, CTL_T("no subcommand \"%s\": see sekisho help", "サブコマンド「%s」はありません。sekisho help を見てください"), name);
}

/* help [--man] [FAMILY [COMMAND]] */
static int run_help(int count, const char *const *words)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(1 << 20);
	bool man = count > 0 && strcmp(words[0], "--man") == 0;
	const struct ctl_family *family;
	const struct ctl_command *command;

	if (man) {
		words++;
		count--;
	}
	if (count == 0)
		return print(man ? ctl_manual(&text) : ctl_help(&text), &text);
	family = find_family(words[0]);
	if (!family)
		return no_such_family(words[0]);
	if (count == 1 || man)
		return print(man ? ctl_manual_family(family, &text) : ctl_help_family(family, &text), &text);
	command = find_command(family, words[1]);
	if (!command)
		return no_such_family(words[1]);
	return print(ctl_help_command(family, command, &text), &text);
}

static int run_completion(int count, const char *const *words)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(1 << 20);
	struct ctl ctl = {0};

	if (count != 1 || strcmp(words[0], "bash") != 0)
		return ctl_fail(&ctl, CTL_USAGE, CTL_T("expected: sekisho completion bash", "使い方: sekisho completion bash"));
	return print(ctl_completion_bash(&text), &text);
}

static int run_family(const struct ctl_family *family, int count, const char *const *words)
{
	struct ctl ctl = {.family = family};
	int r;

	ctl.command = find_command(family, "");
	if (!ctl.command) {
		if (count == 0 || strcmp(words[0], "--help") == 0) {
			_cleanup_buf_ struct sk_buf text = SK_BUF(1 << 16);

			r = print(ctl_help_family(family, &text), &text);
			return count == 0 && r == CTL_OK ? CTL_USAGE : r;
		}
		ctl.command = find_command(family, words[0]);
		if (!ctl.command)
			return ctl_fail(&ctl, CTL_USAGE, CTL_T("no subcommand \"%s %s\": see sekisho help %s",
							       "サブコマンド「%s %s」はありません。sekisho help %s を見てください"),
					family->name, words[0], family->name);
		words++;
		count--;
	}
	r = ctl_parse(&ctl, count, words);
	if (r != CTL_OK)
		return r;
	if (ctl_option(&ctl, "help")) {
		_cleanup_buf_ struct sk_buf text = SK_BUF(1 << 16);

		return print(ctl_help_command(family, ctl.command, &text), &text);
	}
	return ctl.command->run(&ctl);
}

/* A reader that went away is an error of write(), with an exit code. */
static void ignore_broken_pipes(void)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGPIPE, &ignore, NULL);
}

int ctl_main(int argc, const char *const *argv)
{
	const struct ctl_family *family;
	const char *word = argc > 1 ? argv[1] : "";

	ignore_broken_pipes();
	if (argc < 2) {
		run_help(0, NULL);
		return CTL_USAGE;
	}
	if (strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		return run_help(argc - 2, argv + 2);
	if (strcmp(word, "--version") == 0 || strcmp(word, "version") == 0)
		return printf("sekisho %s\n", SK_VERSION) > 0 && fflush(stdout) == 0 ? CTL_OK : CTL_ENVIRONMENT;
	if (strcmp(word, "completion") == 0)
		return run_completion(argc - 2, argv + 2);
	family = find_family(word);
	return family ? run_family(family, argc - 2, argv + 2) : no_such_family(word);
}
