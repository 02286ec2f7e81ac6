// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Interpreters: which programs run code that is not their own, and where each takes it from. The table is data (the files of rules/interpreters, compiled in; a
 * site's own files in etc/sekisho/interpreters are read beside). Each file is checked against one declared schema and by its own examples, and becomes one row
 * of bpf/lockdown-argv.h, whose machine judges arguments here and in the kernel alike.
 *
 * Nothing here enforces.
 */
#pragma once

#include "bpf/lockdown-argv.h"
#include "conf/conf.h"

struct sk_interp_example {
	struct sk_strings run, set; /* words behind the program's name; variables */
	struct sk_strings only;     /* programs for which it holds; none = all */
	int is;                     /* enum sk_argv_verdict, from SK_ARGV_NOTHING */
	bool dead;                  /* not run for real: it would do nothing to be seen, or needs what is not there */
};

struct sk_interp {
	char *name, *about;
	struct sk_strings programs; /* base names; digits and dots may follow ("python3" is also python3.11) */
	bool chooser, plus, plus_code, assign, loose, loader, single, permute, input;
	int operand, none, dash;
	struct sk_interp_classes { /* letters of each class */
		char *flag, *value, *next, *rest, *digits, *scan, *code, *module, *stdin_, *file, *last, *quit, *end, *load, *name, *name_last, *plain;
	} letters;
	struct sk_interp_names {
		struct sk_strings flag, value, rest, code, module, stdin_, file, last, quit, end, load;
	} longs;
	struct sk_strings environment, environment_prefix, refuse, startup;
	char *mark, *file;          /* code that leaves a mark, for tests: inline, and in a file where that differs */
	struct sk_records examples; /* of struct sk_interp_example */
};

extern const struct sk_table sk_interp_schema;
extern const char *const sk_argv_verdict_names[]; /* by enum sk_argv_verdict */

struct sk_interp_table {
	struct sk_interp *items;
	struct sk_row *rows;   /* as many */
	size_t count;
};

/* One file. 0; SK_BAD with the place: not the schema's shape, a letter or name given twice, an example that the machine judges otherwise; fatal. */
int sk_interp_parse(const char *text, size_t size, struct sk_interp *ret_interp, struct sk_row *ret_row, struct sk_diag *diag);
void sk_interp_done(struct sk_interp *interp);

/*
 * All that are compiled in and, with `folder` (may be NULL, or not exist), those in it: one with a name that exists replaces it. 0, SK_BAD, fatal.
 */
int sk_interp_load(const char *folder, struct sk_interp_table *ret_table, struct sk_diag *diag);
void sk_interp_table_done(struct sk_interp_table *table);
#define _cleanup_interp_ __attribute__((cleanup(sk_interp_table_done)))

/* Which row is this program's, by the last part of `path`? -1 = none. */
int sk_interp_find(const struct sk_interp_table *table, const char *path);
/* SHA-256 and FNV are others' work: this one is the machine's. */
uint64_t sk_interp_hash(const char *text, size_t size);

struct sk_interp_answer {
	int row;                 /* -1: no interpreter */
	enum sk_argv_verdict verdict;
	const char *script;      /* with SK_ARGV_SCRIPT, perhaps with SK_ARGV_LOAD: inside the argument */
	bool loader;             /* `script` is a program that a dynamic loader was given: argv[at], and its words follow */
	size_t at;
	const char *variable;    /* with SK_ARGV_ENVIRONMENT */
};
/* Judges a call. `path` is the program that was started; argv and env end with NULL (env may be NULL). */
void sk_interp_judge(const struct sk_interp_table *table, const char *path, const char *const *argv, const char *const *env,
		     struct sk_interp_answer *ret_answer);
/*
 * The same by a row that is known already. A dynamic loader is not followed: with ret_answer->loader whoever knows what the program is asks again, with
 * argv + at, whose first word sk_interp_called() says.
 */
void sk_interp_judge_row(const struct sk_interp_table *table, int row, const char *const *argv, const char *const *env, struct sk_interp_answer *ret_answer);
/* What a program that a loader was given by these words finds as its own name. */
const char *sk_interp_called(const char *const *argv, size_t at);
/* The arguments alone, by one row. */
enum sk_argv_verdict sk_interp_arguments(const struct sk_row *row, const char *const *argv, const char **ret_script);
/* May a restricted interpreter do this? */
static inline bool sk_argv_refused(enum sk_argv_verdict verdict)
{
	return verdict >= SK_ARGV_INLINE;
}
