// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho lockdown exec: puts restraints on and becomes the program. The restraints and what each refuses are os/restrain.h's; this is the call, and
 * what it says when something is missing. Asks no agent and changes nothing on the machine.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "lockdown.h"
#include "os/restrain.h"

enum { PLACES_MAX = 64 };

/* Where programs are installed, and nobody but root writes. */
static const char *const usual_places[] = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", NULL};

static int list_restraints(const struct ctl *ctl, unsigned what)
{
	unsigned here = sk_restraints_here();
	struct json_object *list;

	if (!ctl->json) {
		for (const struct sk_restraint_row *row = sk_restraints; row->name; row++)
			printf("%-12s %s  %s\n", row->name,
			       !(here & row->bit)   ? CTL_T("not here", "利用不可")
			       : what & row->bit ? CTL_T("put on  ", "適用    ")
						    : CTL_T("allowed ", "許可    "),
			       CTL_T(row->en, row->ja));
		return CTL_OK;
	}
	list = json_object_new_array();
	for (const struct sk_restraint_row *row = sk_restraints; list && row->name; row++) {
		struct json_object *one = json_object_new_object();

		if (!one || sk_json_put_string(one, "name", row->name) || sk_json_put_bool(one, "here", here & row->bit) ||
		    sk_json_put_bool(one, "put_on", here & what & row->bit) || sk_json_put_string(one, "refuses", CTL_T(row->en, row->ja)) ||
		    sk_json_append(list, one))
			return ctl_fail_errno(ctl, -ENOMEM, "exec");
	}
	return ctl_print_json(ctl, list);
}

static int choose(const struct ctl *ctl, unsigned *ret_what)
{
	unsigned what = SK_RESTRAIN_ALL;
	const char *name;

	if (ctl_option(ctl, "jit"))
		what &= ~(unsigned)SK_RESTRAIN_NOT_JIT;
	for (size_t i = 0; (name = ctl_option_at(ctl, "allow", i)); i++) {
		enum sk_restraint bit;

		if (sk_restraint_find(name, &bit))
			return ctl_fail(ctl, CTL_USAGE, CTL_T("--allow %s is not known: see sekisho lockdown exec --list",
							      "--allow %s は指定できません。sekisho lockdown exec --list を見てください"), name);
		what &= ~(unsigned)bit;
	}
	/* Landlock refuses mounting whatever it is asked for. */
	if (!(what & SK_RESTRAIN_MOUNTS))
		what &= ~(unsigned)SK_RESTRAIN_BY_LANDLOCK;
	*ret_what = what;
	return CTL_OK;
}

static void tell_missing(const struct ctl *ctl, unsigned missing)
{
	fprintf(stderr, "%s", CTL_T("sekisho: this kernel does not have:", "sekisho: このカーネルでは利用できません:"));
	for (const struct sk_restraint_row *row = sk_restraints; row->name; row++)
		if (missing & row->bit)
			fprintf(stderr, " %s", row->name);
	fputc('\n', stderr);
	(void)ctl;
}

static int put_on(const struct ctl *ctl, unsigned what)
{
	const char *places[PLACES_MAX + SK_ARRAY_SIZE(usual_places)];
	struct sk_restrain restrain = {.what = what, .no_new_privs = ctl_option(ctl, "no-new-privs"), .places = places};
	unsigned missing = what & ~sk_restraints_here();
	size_t count = SK_ARRAY_SIZE(usual_places) - 1;
	int r;

	if (missing && ctl_option(ctl, "strict"))
		tell_missing(ctl, missing);
	if (missing && ctl_option(ctl, "strict"))
		return ctl_fail(ctl, CTL_ENVIRONMENT, CTL_T("--strict: nothing was started", "--strict のため、起動しませんでした"));
	memcpy(places, usual_places, sizeof usual_places);
	for (size_t i = 0; ctl_option_at(ctl, "place", i); i++) {
		if (i == PLACES_MAX)
			return ctl_fail(ctl, CTL_USAGE, CTL_T("at most %d --place", "--place は %d 個までです"), PLACES_MAX);
		places[count++] = ctl_option_at(ctl, "place", i);
	}
	places[count] = NULL;
	r = sk_restrain(&restrain, NULL);
	if (r == SK_DENIED)
		return ctl_fail(ctl, CTL_ENVIRONMENT, CTL_T("not root: add --no-new-privs (setuid programs lose their power then)",
							    "root ではありません。--no-new-privs を付けてください（setuid プログラムは特権を得られなくなります）"));
	if (r)
		return ctl_fail_errno(ctl, r < 0 ? r : -ENOSYS, "exec");
	if (missing)
		tell_missing(ctl, missing);
	return CTL_OK;
}

/* As the parent gave them to us, but for what main() ignored. */
static void default_signals(void)
{
	const struct sigaction usual = {.sa_handler = SIG_DFL};

	sigaction(SIGPIPE, &usual, NULL);
}

int lockdown_run_exec(struct ctl *ctl)
{
	unsigned what = SK_RESTRAIN_ALL;
	int r = choose(ctl, &what);

	if (r != CTL_OK)
		return r;
	if (ctl_option(ctl, "list"))
		return list_restraints(ctl, what);
	if (ctl->argument_count == 0)
		return ctl_fail(ctl, CTL_USAGE, CTL_T("expected: PROGRAM [ARGUMENT]...", "引数が足りません: PROGRAM [ARGUMENT]..."));
	r = put_on(ctl, what);
	if (r != CTL_OK)
		return r;
	ctl->words[ctl->argument_count] = NULL;
	default_signals();
	execvp(ctl->words[0], (char *const *)(uintptr_t)ctl->words);
	if (errno == EACCES && what & sk_restraints_here() & SK_RESTRAIN_EXECUTION)
		return ctl_fail(ctl, CTL_ENVIRONMENT, CTL_T("%s may not be executed here: add its folder with --place",
							    "%s は実行できません。そのフォルダーを --place で指定してください"), ctl->words[0]);
	return ctl_fail_errno(ctl, -errno, ctl->words[0]);
}
