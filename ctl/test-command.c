// SPDX-License-Identifier: GPL-3.0-or-later
/* The command's own grammar: options, arguments, exit codes, and that every family's table is complete in both languages. */
#include "support/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ctl.h"
#include "lockdown.h"

static const struct ctl_option options[] = {{"out", "FILE", {"o", "o"}},
					    {"tag", "TAG", {"t", "t"}, .many = true},
					    {"fast", NULL, {"f", "f"}},
					    {"need", "N", {"n", "n"}, .required = true},
					    {0}};

static int nothing(struct ctl *ctl)
{
	return ctl->json ? CTL_OK : CTL_FOUND;
}

static const struct ctl_command command = {"test", nothing, "FILE [MORE]", 1, 2, {"t", "t"}, options};

static int parse(struct ctl *ctl, const char *const *words)
{
	int count = 0;

	while (words[count])
		count++;
	*ctl = (struct ctl){.command = &command};
	return ctl_parse(ctl, count, words);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_options(void **state)
{
	struct ctl ctl;
	unsigned long long number;

	(void)state;
	assert_int_equal(parse(&ctl, WORDS("--need", "7", "a", "--tag=x", "--fast", "--tag", "y", "b", "--root=/r")), CTL_OK);
	assert_string_equal(ctl_option(&ctl, "need"), "7");
	assert_string_equal(ctl_option_at(&ctl, "tag", 0), "x");
	assert_string_equal(ctl_option_at(&ctl, "tag", 1), "y");
	assert_null(ctl_option_at(&ctl, "tag", 2));
	assert_string_equal(ctl_option(&ctl, "fast"), "");
	assert_null(ctl_option(&ctl, "out"));
	assert_string_equal(ctl.root, "/r");
	assert_false(ctl.json);
	assert_int_equal(ctl.argument_count, 2);
	assert_string_equal(ctl.arguments[1], "b");
	assert_int_equal(ctl_option_number(&ctl, "need", 1, 7, 3, &number), CTL_OK);
	assert_int_equal(number, 7);
	assert_int_equal(ctl_option_number(&ctl, "out", 1, 7, 3, &number), CTL_OK);
	assert_int_equal(number, 3);
	assert_int_equal(ctl_option_number(&ctl, "need", 1, 6, 3, &number), CTL_USAGE);
}

static void test_arguments_that_look_like_options(void **state)
{
	struct ctl ctl;

	(void)state;
	assert_int_equal(parse(&ctl, WORDS("--need", "--json", "--", "--fast", "-")), CTL_OK);
	assert_string_equal(ctl_option(&ctl, "need"), "--json");
	assert_string_equal(ctl.arguments[0], "--fast");
	assert_string_equal(ctl.arguments[1], "-");
	assert_null(ctl_option(&ctl, "fast"));
}

static void test_wrong_calls(void **state)
{
	struct ctl ctl;

	(void)state;
	assert_int_equal(parse(&ctl, WORDS("a")), CTL_USAGE);
	assert_int_equal(parse(&ctl, WORDS("--need", "7")), CTL_USAGE);
	assert_int_equal(parse(&ctl, WORDS("--need", "7", "a", "b", "c")), CTL_USAGE);
	assert_int_equal(parse(&ctl, WORDS("a", "--need")), CTL_USAGE);
	assert_int_equal(parse(&ctl, WORDS("a", "--need", "7", "--need", "8")), CTL_USAGE);
	assert_int_equal(parse(&ctl, WORDS("a", "--need", "7", "--fas")), CTL_USAGE);
	assert_int_equal(parse(&ctl, WORDS("a", "--need", "7", "--fast=1")), CTL_USAGE);
	assert_int_equal(parse(&ctl, WORDS("--help")), CTL_OK);
}

static void check_text(const struct ctl_text *text)
{
	assert_true(text->en && text->en[0]);
	assert_true(text->ja && text->ja[0]);
	assert_null(strchr(text->en, '\n'));
}

static void test_tables(void **state)
{
	(void)state;
	assert_non_null(ctl_families[0]);
	for (size_t i = 0; ctl_families[i]; i++) {
		check_text(&ctl_families[i]->help);
		for (const struct ctl_command *c = ctl_families[i]->commands; c->run; c++) {
			check_text(&c->help);
			assert_true(c->min <= c->max);
			assert_true(c->max == 0 || c->arguments);
			for (const struct ctl_option *o = c->options; o && o->name; o++)
				check_text(&o->help);
		}
	}
}

/* As roff has it: a hyphen of a name is written with a backslash. */
static const char *roff(const char *name)
{
	static char out[64];
	size_t n = 0;

	for (; *name && n < sizeof out - 2; name++) {
		if (*name == '-')
			out[n++] = '\\';
		out[n++] = *name;
	}
	out[n] = 0;
	return out;
}

static void test_generated(void **state)
{
	(void)state;
	for (size_t i = 0; ctl_families[i]; i++) {
		_cleanup_buf_ struct sk_buf man = SK_BUF(1 << 20), help = SK_BUF(1 << 20), bash = SK_BUF(1 << 20);

		assert_int_equal(ctl_manual_family(ctl_families[i], &man), 0);
		assert_int_equal(ctl_help_family(ctl_families[i], &help), 0);
		assert_int_equal(ctl_completion_bash(&bash), 0);
		for (const struct ctl_command *c = ctl_families[i]->commands; c->run; c++) {
			assert_non_null(strstr(man.data, roff(c->name)));
			assert_non_null(strstr(help.data, c->name));
			assert_non_null(strstr(bash.data, c->name));
		}
	}
}

static void test_language(void **state)
{
	(void)state;
	unsetenv("LC_ALL");
	unsetenv("LC_MESSAGES");
	setenv("LANG", "ja_JP.UTF-8", 1);
	assert_true(ctl_japanese());
	setenv("LC_MESSAGES", "en_US.UTF-8", 1);
	assert_false(ctl_japanese());
	setenv("LC_ALL", "ja", 1);
	assert_true(ctl_japanese());
	setenv("LC_ALL", "C", 1);
	assert_false(ctl_japanese());
}

static void test_words(void **state)
{
	char out[400];

	(void)state;
	assert_int_equal(ctl_pad("mode", 6), 2);
	assert_int_equal(ctl_pad("モード", 8), 2);
	assert_int_equal(ctl_pad("longer", 3), 0);
	setenv("LC_ALL", "C", 1);
	assert_string_equal(lockdown_sentence("no window is open", out, sizeof out), "no window is open");
	assert_string_equal(lockdown_word("good"), "in force");
	setenv("LC_ALL", "ja", 1);
	assert_string_equal(lockdown_word("guarded"), "保護中");
	assert_string_equal(lockdown_word("a word of tomorrow"), "a word of tomorrow");
	assert_string_equal(lockdown_sentence("that is not the answer; 4 tries are left", out, sizeof out), "番号が違います。あと 4 回入力できます");
	assert_string_equal(lockdown_sentence("locked after 5 wrong answers: try again in 60 s", out, sizeof out),
			    "誤った番号が 5 回続いたため受け付けません。60 秒後にもう一度入力してください");
	assert_string_equal(lockdown_sentence("locked after 5 wrong answers", out, sizeof out), "locked after 5 wrong answers");
	assert_string_equal(lockdown_sentence("", out, sizeof out), "");
	setenv("LC_ALL", "C", 1);
}

static void test_whole_calls(void **state)
{
	(void)state;
	assert_int_equal(ctl_main(1, WORDS("sekisho")), CTL_USAGE);
	assert_int_equal(ctl_main(2, WORDS("sekisho", "--version")), CTL_OK);
	assert_int_equal(ctl_main(2, WORDS("sekisho", "nonsense")), CTL_USAGE);
	assert_int_equal(ctl_main(3, WORDS("sekisho", "help", "nonsense")), CTL_USAGE);
	assert_int_equal(ctl_main(3, WORDS("sekisho", "completion", "zsh")), CTL_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_options),	 cmocka_unit_test(test_arguments_that_look_like_options),
					   cmocka_unit_test(test_wrong_calls), cmocka_unit_test(test_tables),
					   cmocka_unit_test(test_generated),	 cmocka_unit_test(test_language), cmocka_unit_test(test_words),
					   cmocka_unit_test(test_whole_calls)};

	sk_test_begin();
	/* What subcommands print is not TAP. */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
