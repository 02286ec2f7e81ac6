// SPDX-License-Identifier: GPL-3.0-or-later
/* Help, manual pages and shell completion, all from the tables of the families. */
#include "ctl.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static const char *say(const struct ctl_text *text)
{
	return CTL_T(text->en, text->ja);
}

static int put_option_word(const struct ctl_option *option, struct sk_buf *out)
{
	return sk_buf_printf(out, "--%s%s%s", option->name, option->value ? " " : "", option->value ? option->value : "");
}

int ctl_synopsis(const struct ctl_family *family, const struct ctl_command *command, struct sk_buf *out)
{
	int r = sk_buf_printf(out, "sekisho %s%s%s", family->name, *command->name ? " " : "", command->name);

	for (const struct ctl_option *o = command->options; o && o->name && r == 0; o++) {
		r = sk_buf_append_str(out, o->required ? " " : " [");
		if (r == 0)
			r = put_option_word(o, out);
		if (r == 0 && !o->required)
			r = sk_buf_append_str(out, o->many ? "]..." : "]");
	}
	if (r == 0 && command->arguments)
		r = sk_buf_printf(out, " %s", command->arguments);
	return r;
}

static int put_options(const struct ctl_option *options, struct sk_buf *out)
{
	int r = 0;

	for (; options && options->name && r == 0; options++) {
		size_t before;

		r = sk_buf_append_str(out, "  ");
		before = out->size;
		if (r == 0)
			r = put_option_word(options, out);
		if (r == 0)
			r = sk_buf_printf(out, "%*s  %s\n", (int)(out->size - before < 22 ? 22 - (out->size - before) : 0), "",
					  say(&options->help));
	}
	return r;
}

int ctl_help_command(const struct ctl_family *family, const struct ctl_command *command, struct sk_buf *out)
{
	int r = ctl_synopsis(family, command, out);

	if (r == 0)
		r = sk_buf_printf(out, "\n\n%s\n\n", say(&command->help));
	if (r == 0)
		r = put_options(command->options, out);
	return r != 0 ? r : put_options(ctl_common_options, out);
}

int ctl_help_family(const struct ctl_family *family, struct sk_buf *out)
{
	int r = sk_buf_printf(out, "sekisho %s: %s\n\n", family->name, say(&family->help));

	for (const struct ctl_command *c = family->commands; c->run && r == 0; c++)
		r = sk_buf_printf(out, "  %-12s  %s\n", *c->name ? c->name : family->name, say(&c->help));
	return r != 0 ? r : sk_buf_printf(out, CTL_T("\nsekisho help %s COMMAND says more.\n", "\n詳しくは sekisho help %s コマンド名\n"), family->name);
}

int ctl_help(struct sk_buf *out)
{
	int r = sk_buf_append_str(out, CTL_T("usage: sekisho SUBCOMMAND ... [--root DIR] [--json]\n\n",
					     "使い方: sekisho サブコマンド ... [--root DIR] [--json]\n\n"));

	for (size_t i = 0; ctl_families[i] && r == 0; i++)
		r = sk_buf_printf(out, "  %-12s  %s\n", ctl_families[i]->name, say(&ctl_families[i]->help));
	if (r == 0)
		r = sk_buf_printf(out, "  %-12s  %s\n  %-12s  %s\n", "help", CTL_T("help; --man prints a manual page", "説明。--man でマニュアルページを出力"),
				  "completion", CTL_T("completion bash prints a shell completion", "completion bash でシェル補完を出力"));
	return r != 0 ? r
		      : sk_buf_append_str(out, CTL_T("\nExit: 0 all is well, 1 found what it looks for, 2 wrong call, 3 the environment does not allow it.\n",
						     "\n終了コード: 0 正常、1 違反や拒否を検出、2 呼び出し方の誤り、3 環境により実行不可\n"));
}

/* Text into mdoc: a backslash, and a full stop or quote at the start of a line, mean something there. */
static int put_roff(const char *text, struct sk_buf *out)
{
	bool start = true;
	int r = 0;

	for (; *text && r == 0; text++) {
		if (start && (*text == '.' || *text == '\''))
			r = sk_buf_append_str(out, "\\&");
		if (r == 0)
			r = *text == '\\' ? sk_buf_append_str(out, "\\e") : *text == '-' ? sk_buf_append_str(out, "\\-") : sk_buf_append_char(out, *text);
		start = *text == '\n';
	}
	return r != 0 ? r : sk_buf_append_char(out, '\n');
}

static int put_man_options(const struct ctl_option *options, struct sk_buf *out)
{
	int r = 0;

	for (; options && options->name && r == 0; options++) {
		r = sk_buf_printf(out, ".It Fl \\-%s%s%s\n", options->name, options->value ? " Ar " : "", options->value ? options->value : "");
		if (r == 0)
			r = put_roff(options->help.en, out);
	}
	return r;
}

static int put_man_command(const struct ctl_family *family, const struct ctl_command *command, struct sk_buf *out)
{
	_cleanup_buf_ struct sk_buf synopsis = SK_BUF(4096);
	int r = ctl_synopsis(family, command, &synopsis);

	if (r == 0)
		r = sk_buf_append_str(out, ".It Xo\n.Ic ");
	if (r == 0)
		r = put_roff(synopsis.data, out);
	if (r == 0)
		r = sk_buf_append_str(out, ".Xc\n");
	if (r == 0)
		r = put_roff(command->help.en, out);
	if (r == 0 && command->options)
		r = sk_buf_append_str(out, ".Bl -tag -width Ds -compact\n");
	if (r == 0)
		r = put_man_options(command->options, out);
	if (r == 0 && command->options)
		r = sk_buf_append_str(out, ".El\n");
	return r;
}

static int put_man_head(const char *page, const char *about, struct sk_buf *out)
{
	char title[64];
	size_t i;

	for (i = 0; page[i] && i < sizeof title - 1; i++)
		title[i] = page[i] >= 'a' && page[i] <= 'z' ? (char)(page[i] - 32) : page[i];
	title[i] = '\0';
	return sk_buf_printf(out, ".Dd $Mdocdate$\n.Dt %s 1\n.Os Sekisho %s\n.Sh NAME\n.Nm %s\n.Nd %s\n", title, SK_VERSION, page, about);
}

static int put_man_tail(struct sk_buf *out)
{
	int r = sk_buf_append_str(out, "Every subcommand takes:\n.Bl -tag -width Ds\n");

	if (r == 0)
		r = put_man_options(ctl_common_options, out);
	return r != 0 ? r
		      : sk_buf_append_str(out, ".El\n.Sh ENVIRONMENT\n.Bl -tag -width Ds\n.It Ev LC_ALL , LC_MESSAGES , LANG\nThe language of messages: "
						"Japanese when the first that is set begins with\n.Dq ja ,\nelse English.\n.El\n.Sh EXIT STATUS\n"
						".Bl -tag -width Ds -compact\n.It 0\nAll is well.\n.It 1\nFound what it looks for: a violation, a gap, "
						"a refusal.\n.It 2\nA wrong call.\n.It 3\nThe environment does not allow it; one line says what to do.\n"
						".El\n");
}

int ctl_manual_family(const struct ctl_family *family, struct sk_buf *out)
{
	char page[64];
	int r;

	snprintf(page, sizeof page, "sekisho-%s", family->name);
	r = put_man_head(page, family->help.en, out);
	if (r == 0)
		r = sk_buf_printf(out, ".Sh SYNOPSIS\n.Nm sekisho %s\n.Op Ar command\n.Op Ar options\n.Sh DESCRIPTION\n.Bl -tag -width Ds\n", family->name);
	for (const struct ctl_command *c = family->commands; c->run && r == 0; c++)
		r = put_man_command(family, c, out);
	if (r == 0)
		r = sk_buf_append_str(out, ".El\n.Pp\n");
	if (r == 0 && family->notes.en)
		r = put_roff(family->notes.en, out);
	if (r == 0 && family->notes.en)
		r = sk_buf_append_str(out, ".Pp\n");
	if (r == 0)
		r = put_man_tail(out);
	return r != 0 ? r : sk_buf_append_str(out, ".Sh SEE ALSO\n.Xr sekisho 1\n");
}

int ctl_manual(struct sk_buf *out)
{
	int r = put_man_head("sekisho", "lockdown, events and policy of a device fab", out);

	if (r == 0)
		r = sk_buf_append_str(out, ".Sh SYNOPSIS\n.Nm\n.Ar subcommand\n.Op Ar options\n.Sh DESCRIPTION\nThe one command for people. "
					   "Its subcommands:\n.Bl -tag -width Ds\n");
	for (size_t i = 0; ctl_families[i] && r == 0; i++) {
		r = sk_buf_printf(out, ".It Xr sekisho-%s 1\n", ctl_families[i]->name);
		if (r == 0)
			r = put_roff(ctl_families[i]->help.en, out);
	}
	if (r == 0)
		r = sk_buf_append_str(out, ".It Ic help Op Fl \\-man Op Ar subcommand\nHelp, or a manual page.\n.It Ic completion bash\nA shell "
					   "completion for bash.\n.El\n.Pp\n");
	return r != 0 ? r : put_man_tail(out);
}

static int put_words(const struct ctl_option *options, struct sk_buf *out)
{
	int r = 0;

	for (; options && options->name && r == 0; options++)
		r = sk_buf_printf(out, " --%s", options->name);
	return r;
}

/* The words that may follow "family command". */
static int put_case(const char *family, const char *command, const struct ctl_option *options, struct sk_buf *out)
{
	int r = sk_buf_printf(out, "\t\"%s %s\") words=\"", family, command);

	if (r == 0)
		r = put_words(options, out);
	if (r == 0)
		r = put_words(ctl_common_options, out);
	return r != 0 ? r : sk_buf_append_str(out, "\" ;;\n");
}

static int put_family_cases(const struct ctl_family *family, struct sk_buf *out)
{
	int r = 0;

	for (const struct ctl_command *c = family->commands; c->run && r == 0; c++)
		r = put_case(family->name, c->name, c->options, out);
	return r;
}

static int put_family_words(const struct ctl_family *family, struct sk_buf *out)
{
	int r = sk_buf_printf(out, "\t%s) words=\"", family->name);

	for (const struct ctl_command *c = family->commands; c->run && r == 0; c++)
		if (*c->name)
			r = sk_buf_printf(out, " %s", c->name);
		else
			r = put_words(c->options, out);
	return r != 0 ? r : sk_buf_append_str(out, "\" ;;\n");
}

int ctl_completion_bash(struct sk_buf *out)
{
	int r = sk_buf_append_str(out, "# bash completion for sekisho\n_sekisho()\n{\n\tlocal words= word=\"${COMP_WORDS[COMP_CWORD]}\"\n"
				       "\tif [ \"$COMP_CWORD\" = 1 ]; then\n\t\twords=\"help completion --version");

	for (size_t i = 0; ctl_families[i] && r == 0; i++)
		r = sk_buf_printf(out, " %s", ctl_families[i]->name);
	if (r == 0)
		r = sk_buf_append_str(out, "\"\n\telif [ \"$COMP_CWORD\" = 2 ]; then\n\tcase \"${COMP_WORDS[1]}\" in\n\tcompletion) words=bash ;;\n");
	for (size_t i = 0; ctl_families[i] && r == 0; i++)
		r = put_family_words(ctl_families[i], out);
	if (r == 0)
		r = sk_buf_append_str(out, "\tesac\n\telse\n\tcase \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n");
	for (size_t i = 0; ctl_families[i] && r == 0; i++)
		r = put_family_cases(ctl_families[i], out);
	return r != 0 ? r
		      : sk_buf_append_str(out, "\tesac\n\tfi\n\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
						"\t[ ${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n}\n"
						"complete -o filenames -F _sekisho sekisho\n");
}
