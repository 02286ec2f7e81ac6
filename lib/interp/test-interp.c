// SPDX-License-Identifier: GPL-3.0-or-later
/* The table as it ships, the machine word by word, and files that are refused with the place of what is wrong. */
#include "support/harness.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "interp/interp.h"

static struct sk_interp_table table;

static int setup(void **state)
{
	struct sk_diag diag = {0};

	(void)state;
	if (sk_interp_load(NULL, &table, &diag) != 0)
		fail_msg("%s: %s %s", diag.source, diag.path, diag.text);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sk_interp_table_done(&table);
	return 0;
}

/* Every file is right by its own examples: sk_interp_load() checks them. What the plan names is there. */
static void test_shipped(void **state)
{
	static const char *const names[] = {"/bin/sh", "/usr/bin/dash", "/bin/bash", "ksh93", "/usr/bin/zsh", "/usr/bin/python3.11", "/usr/bin/perl5.36.0",
					    "/usr/bin/perl5.36-x86_64-linux-gnu", "/usr/bin/ruby3.1", "/usr/bin/nodejs", "/usr/bin/java", "/usr/bin/gawk",
					    "/usr/bin/mawk", "/usr/bin/php8.2", "/usr/bin/lua5.4", "/usr/bin/tclsh8.6", "/usr/bin/expect", "/usr/bin/gdb",
					    "/bin/sed", "/usr/bin/m4", "/usr/bin/make", "/usr/bin/vim.basic", "/bin/busybox"};
	static const char *const others[] = {"/bin/ls", "/usr/bin/python3-config", "/usr/bin/shred", "/usr/bin/sha256sum", "/usr/bin/perldoc", "", "/", "/usr/bin/python3-config"};
	struct sk_diag diag = {0};

	(void)state;
	assert_int_equal(sk_table_check(&sk_interp_schema, &diag), 0);
	for (size_t i = 0; i < SK_ARRAY_SIZE(names); i++)
		if (sk_interp_find(&table, names[i]) < 0)
			fail_msg("%s is not known", names[i]);
	for (size_t i = 0; i < SK_ARRAY_SIZE(others); i++)
		assert_int_equal(sk_interp_find(&table, others[i]), -1);
	for (size_t i = 0; i < table.count; i++)
		assert_int_equal(table.rows[i].number, i);
}

struct call {
	const char *path;
	const char *argv[6];
	const char *env[3];
	enum sk_argv_verdict verdict;
	const char *script;
};

static void check_calls(const struct call *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct sk_interp_answer a;

		sk_interp_judge(&table, calls[i].path, calls[i].argv, calls[i].env, &a);
		if (a.verdict != calls[i].verdict)
			fail_msg("call %zu (%s): %s, expected %s", i, calls[i].path, sk_argv_verdict_names[a.verdict], sk_argv_verdict_names[calls[i].verdict]);
		if (calls[i].script)
			assert_string_equal(a.script, calls[i].script);
	}
}

static void test_calls(void **state)
{
	static const struct call calls[] = {
		{"/bin/sh", {"sh", "-c", "x"}, {NULL}, SK_ARGV_INLINE, NULL},
		{"/bin/sh", {"-sh"}, {NULL}, SK_ARGV_STDIN, NULL},
		{"/bin/sh", {"sh", "/opt/a.sh"}, {"HOME=/root", "PATH=/bin"}, SK_ARGV_SCRIPT, "/opt/a.sh"},
		{"/bin/sh", {"sh", "/opt/a.sh"}, {"ENV=", "PATH=/bin"}, SK_ARGV_SCRIPT, "/opt/a.sh"},
		{"/bin/sh", {"sh", "/opt/a.sh"}, {"PATH=/bin", "ENV=/x"}, SK_ARGV_ENVIRONMENT, NULL},
		{"/bin/sh", {"sh", "/opt/a.sh"}, {"ENVIRONMENT=/x"}, SK_ARGV_SCRIPT, NULL},
		{"/bin/sh", {"sh", "-Z", "/opt/a.sh"}, {NULL}, SK_ARGV_UNPROVABLE, NULL},
		{"/bin/sh", {"sh", "--no-such"}, {NULL}, SK_ARGV_UNPROVABLE, NULL},
		{"/usr/bin/awk", {"awk", "-f/opt/a.awk", "x"}, {NULL}, SK_ARGV_SCRIPT, "/opt/a.awk"},
		{"/usr/bin/gawk", {"gawk", "--file=/opt/a.awk", "x"}, {NULL}, SK_ARGV_SCRIPT, "/opt/a.awk"},
		{"/usr/bin/awk", {"awk", "-f", "/dev/fd/3"}, {NULL}, SK_ARGV_STDIN, NULL},
		{"/bin/sh", {"sh", "/dev/shm/x"}, {NULL}, SK_ARGV_SCRIPT, NULL},
		{"/usr/bin/ksh93", {"ksh", "a b"}, {NULL}, SK_ARGV_INLINE, NULL},
		{"/usr/bin/ksh93", {"ksh", "./a-b_1.sh"}, {NULL}, SK_ARGV_SCRIPT, "./a-b_1.sh"},
		/* BusyBox: the name it is called by chooses, whatever file it is */
		{"/bin/busybox", {"busybox", "sh", "-c", "x"}, {NULL}, SK_ARGV_INLINE, NULL},
		{"/bin/busybox", {"busybox", "busybox", "sh", "-c", "x"}, {NULL}, SK_ARGV_INLINE, NULL},
		{"/bin/busybox", {"ash", "-c", "x"}, {NULL}, SK_ARGV_INLINE, NULL},
		{"/bin/busybox", {"/bin/ash", "/opt/x"}, {NULL}, SK_ARGV_SCRIPT, "/opt/x"},
		{"/bin/busybox", {"ls", "-c", "x"}, {NULL}, SK_ARGV_DATA, NULL},
		{"/bin/busybox", {"busybox", "ls", "-c"}, {NULL}, SK_ARGV_DATA, NULL},
		{"/bin/busybox", {"busybox"}, {NULL}, SK_ARGV_DATA, NULL},
		/* no interpreter: nothing to say, whatever it is given */
		{"/bin/ls", {"sh", "-c", "x"}, {NULL}, SK_ARGV_DATA, NULL},
		/* another name as first word changes nothing where it chooses nothing */
		{"/usr/bin/python3", {"ls", "-c", "x"}, {NULL}, SK_ARGV_INLINE, NULL},
	};

	(void)state;
	check_calls(calls, SK_ARRAY_SIZE(calls));
}

/* Longer than what is looked at: never taken for harmless. */
static void test_too_long(void **state)
{
	static char word[1000];
	const char *argv[SK_WORDS + 3] = {"sh"};
	const struct sk_row *row = &table.rows[sk_interp_find(&table, "bash")];
	const char *const longs[] = {"bash", word, "/opt/x", NULL};
	const char *script = NULL;

	(void)state;
	for (int i = 1; i <= SK_WORDS; i++)
		argv[i] = "-e";
	argv[SK_WORDS - 2] = "/opt/x";
	argv[SK_WORDS - 1] = NULL;
	assert_int_equal(sk_interp_arguments(row, argv, &script), SK_ARGV_SCRIPT);
	argv[SK_WORDS - 2] = "-e";
	argv[SK_WORDS - 1] = "-e";
	argv[SK_WORDS] = "/opt/x";
	argv[SK_WORDS + 1] = NULL;
	assert_int_equal(sk_interp_arguments(row, argv, NULL), SK_ARGV_UNPROVABLE);
	memset(word, 'e', sizeof word - 1);
	word[0] = '-';
	assert_int_equal(sk_interp_arguments(row, longs, NULL), SK_ARGV_UNPROVABLE);
	memset(word, '/', sizeof word - 1); /* a long path is an operand like any other */
	assert_int_equal(sk_interp_arguments(row, longs, &script), SK_ARGV_SCRIPT);
	assert_ptr_equal(script, word);
}

static void test_refused_files(void **state)
{
	static const struct {
		const char *more, *path;
	} cases[] = {{"short: {flag: ab, code: a}\n", "short"},
		     {"long: {flag: [x], code: [x]}\n", "long"},
		     {"short: {flag: \"a-\"}\n", "short"},
		     {"examples: [{run: [\"-c\"], is: script}]\n", "examples[0].is"},
		     {"short: {code: c}\nexamples: [{run: [\"-c\", x], is: inline}, {run: [a], set: [\"A=b\"], is: environment}]\n", "examples[1].is"},
		     {"enviroment: [A]\n", "enviroment"}};
	static const char head[] = "name: x\nprograms: [x]\noperand: script\nnone: stdin\n";

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		struct sk_diag diag = {0};
		struct sk_interp in;
		struct sk_row row;
		char text[400];

		snprintf(text, sizeof text, "%s%s", head, cases[i].more);
		assert_int_equal(sk_interp_parse(text, strlen(text), &in, &row, &diag), SK_BAD);
		assert_string_equal(diag.path, cases[i].path);
	}
}

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[300];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* A site's own: added, replaced by name, and what is wrong in it told with its file. */
static void test_folder(void **state)
{
	static const char own[] = "name: recipe\nprograms: [recipe-run]\noperand: script\nnone: stdin\nshort: {code: c}\n";
	static const char tcl[] = "name: tcl\nprograms: [mytcl]\noperand: code\nnone: stdin\n";
	_cleanup_interp_ struct sk_interp_table mine = {0}, none = {0};
	char folder[] = "/tmp/sk-interp-XXXXXX", path[64];
	struct sk_diag diag = {0};

	(void)state;
	assert_non_null(mkdtemp(folder));
	write_file(folder, "recipe.yaml", own);
	write_file(folder, "tcl.yaml", tcl);
	write_file(folder, "README", "not one\n");
	assert_int_equal(sk_interp_load(folder, &mine, &diag), 0);
	assert_int_equal(mine.count, table.count + 1);
	assert_true(sk_interp_find(&mine, "/opt/recipe-run") >= 0);
	assert_true(sk_interp_find(&mine, "mytcl") >= 0 && sk_interp_find(&mine, "tclsh") == -1);
	write_file(folder, "recipe.yaml", "name: recipe\n");
	assert_int_equal(sk_interp_load(folder, &none, &diag), SK_BAD);
	assert_non_null(strstr(diag.source, "recipe.yaml"));
	for (const char *const *name = (const char *const[]){"recipe.yaml", "tcl.yaml", "README", NULL}; *name; name++) {
		snprintf(path, sizeof path, "%s/%s", folder, *name);
		unlink(path);
	}
	rmdir(folder);
	assert_int_equal(sk_interp_load("/no/such/folder", &none, &diag), 0);
}

static void test_allocation_failure(void **state)
{
	unsigned long n = 1;
	int r;

	(void)state;
	do {
		struct sk_interp_table t = {0};

		sk_alloc_fail_at(n);
		r = sk_interp_load(NULL, &t, NULL);
		assert_true(r == 0 || r == -ENOMEM);
		sk_alloc_fail_at(0);
		sk_interp_table_done(&t);
		n += n < 100 ? 1 : 97;
	} while (r != 0 && n < 20000);
	assert_int_equal(r, 0);
	assert_true(n > 50);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
SK_TEST_MAIN(CASE(test_shipped), CASE(test_calls), CASE(test_too_long), CASE(test_refused_files), CASE(test_folder), CASE(test_allocation_failure))
