// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The sekisho command: what every subcommand may rely on.
 *
 * A family ("policy") is one file ctl/FAMILY.c with one table `const struct ctl_family ctl_FAMILY`; its name in the list of ctl/meson.build is
 * all that is needed to add it. Help, completion and manual pages come from the tables.
 *
 * A subcommand answers on standard output (text for people, or one JSON value with --json), complains in one line on standard error that says
 * what to do, and returns an exit code. Texts for people are in English and Japanese: CTL_T().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/diag.h"

struct json_object;

enum ctl_exit {
	CTL_OK = 0,         /* all is well */
	CTL_FOUND = 1,      /* found what it looks for: a violation, a gap, a refusal */
	CTL_USAGE = 2,      /* a wrong call */
	CTL_ENVIRONMENT = 3 /* the environment does not allow it */
};

/* Japanese when LC_ALL, LC_MESSAGES or LANG (the first that is set) begins with "ja". */
bool ctl_japanese(void);
/* A text, or a printf format, in the language of the person. Both sides are checked as formats. */
#define CTL_T(english, japanese) (ctl_japanese() ? (japanese) : (english))

struct ctl_text {
	const char *en, *ja;
};

/* Columns of a terminal that `text` lacks to be `width` wide: Japanese letters take two. For printf("%s%*s", CTL_PADDED(text, 12)). */
int ctl_pad(const char *text, int width);
#define CTL_PADDED(text, width) (text), ctl_pad(text, width), ""

struct ctl_option {
	const char *name;  /* without the dashes */
	const char *value; /* how the value is called in the help: "FILE"; NULL = a switch */
	struct ctl_text help;
	bool many;         /* may be given more than once */
	bool required;
};

struct ctl;

struct ctl_command {
	const char *name;      /* "" when the family is the command: `sekisho events` */
	int (*run)(struct ctl *ctl);
	const char *arguments; /* "FILE [MORE...]"; NULL = none */
	unsigned min, max;     /* number of arguments; max 0 with min 0 = none */
	struct ctl_text help;  /* one line */
	const struct ctl_option *options; /* ends with name NULL; may be NULL */
};

struct ctl_family {
	const char *name;
	struct ctl_text help;
	const struct ctl_command *commands; /* ends with run NULL */
	struct ctl_text notes;              /* more for the manual page; may be empty */
};

#define CTL_OPTIONS_MAX 1024

/* One call. Owns nothing: everything points into argv. */
struct ctl {
	const char *root; /* --root, "/" when not given */
	bool json;
	const struct ctl_family *family;
	const struct ctl_command *command;
	const char *const *arguments;
	size_t argument_count;
	struct {
		const struct ctl_option *option;
		const char *value;
	} given[CTL_OPTIONS_MAX];
	size_t given_count;
	const char *words[CTL_OPTIONS_MAX + 1]; /* room for a NULL behind them */
};

/* The option's value; NULL when it was not given ("" for a switch that was). The last one counts. */
const char *ctl_option(const struct ctl *ctl, const char *name);
/* The nth value of an option that may be given several times; NULL behind the last. */
const char *ctl_option_at(const struct ctl *ctl, const char *name, size_t n);
/* A number between bounds, `fallback` when not given. CTL_OK, or CTL_USAGE with the complaint printed. */
int ctl_option_number(const struct ctl *ctl, const char *name, unsigned long long min, unsigned long long max, unsigned long long fallback,
		      unsigned long long *ret_value);

/* "sekisho: text" on standard error; with --json {"error": {"exit", "text"}} on standard output besides. Returns `code`. */
int ctl_fail(const struct ctl *ctl, enum ctl_exit code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same for foreign input. Returns CTL_FOUND. */
int ctl_fail_diag(const struct ctl *ctl, const struct sk_diag *diag);
/* For a negative result: CTL_ENVIRONMENT with "what: strerror". */
int ctl_fail_errno(const struct ctl *ctl, int error, const char *what);

/* Prints one JSON value and a line feed; releases it. NULL = memory was out. Returns CTL_OK or CTL_ENVIRONMENT. */
int ctl_print_json(const struct ctl *ctl, struct json_object *value);

/* A whole file of at most `max` bytes, "-" = standard input. CTL_OK, or CTL_ENVIRONMENT with the complaint printed. */
int ctl_read_file(const struct ctl *ctl, const char *path, size_t max, struct sk_buf *out);
/* "-" = standard output. Else a new file written beside and renamed; `overwrite` false: refuses when it exists. As above. */
int ctl_write_file(const struct ctl *ctl, const char *path, const void *data, size_t size, bool overwrite);

/* The families, in the order of the help. Ends with NULL. */
extern const struct ctl_family *const ctl_families[];
/* Common options of every subcommand. Ends with name NULL. */
extern const struct ctl_option ctl_common_options[];

/* What main() does, for tests as well. */
int ctl_main(int argc, const char *const *argv);
/* Fills `ctl` from the words behind family and command. CTL_OK, or CTL_USAGE with the complaint printed. */
int ctl_parse(struct ctl *ctl, int count, const char *const *words);
/* "sekisho policy sign [--key FILE] FILE" */
int ctl_synopsis(const struct ctl_family *family, const struct ctl_command *command, struct sk_buf *out);
int ctl_help(struct sk_buf *out);
int ctl_help_family(const struct ctl_family *family, struct sk_buf *out);
int ctl_help_command(const struct ctl_family *family, const struct ctl_command *command, struct sk_buf *out);
int ctl_manual(struct sk_buf *out);                                     /* sekisho(1), mdoc */
int ctl_manual_family(const struct ctl_family *family, struct sk_buf *out); /* sekisho-FAMILY(1) */
int ctl_completion_bash(struct sk_buf *out);
