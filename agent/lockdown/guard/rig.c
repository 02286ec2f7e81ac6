// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * lockdown-rig: guard and keeper alone, for tests and benches. No policy, no clerk, no sandbox: what is enforced comes from the command line and
 * from standard input, what happens goes to standard output. Never installed.
 *
 *   lockdown-rig [--mode observe|learn|enforce] [--failure allow|deny] [--deadline MS] [--list FILE] [--cgroup PATH] [--memory deny] [--alone] [--no-libraries] MOUNTPOINT...
 *
 * With --cgroup the kernel side is loaded as well, and acts upon that cgroup (below the cgroup2 mount) and nobody else; --alone says that
 * nobody else executes anything on these file systems, so that known files need not ask the guard at all.
 * FILE has one SHA-256 (hex) at the start of each line; with a name behind it, interpreters are known by it (--scripts restricts them). Prints "ready GUARD KEEPER" (process ids). Commands, one a line: "list FILE",
 * "mode MODE", "remark", "pids", "count", "quit". Each is answered by one line. Records are printed as they come: "exec allow|deny known|unknown|trouble:N keeper|guard
 * WAITED_US HASH PATH". When standard input ends, everything ends, guard and keeper are killed.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "bpf/lockdown.h"
#include "event/attack.h"
#include "lockdown/guard/guard.h"
#include "lockdown/kernel/interp.h"
#include "lockdown/guard/keeper.h"
#include "os/proc.h"

enum { MAX_HASHES = 60000 };

struct rig {
	struct lk_shared *shared;
	struct lk_orders orders;
	uint8_t (*hashes)[LK_HASH];
	char **names;
	uint32_t count;
	const char *mounts[LK_SCOPE];
	uint32_t mount_count;
	uint8_t *kinds;
	const char *exempts[16], *folders[16];
	uint32_t exempt_count, folder_count;
};

static int word_of(const char *word, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(words[i], word))
			return i;
	fprintf(stderr, "lockdown-rig: %s is not known here\n", word);
	return 0;
}

static int mode_of(const char *word)
{
	return word_of(word, (const char *const[]){"observe", "learn", "enforce", "shadow", NULL});
}

static void load(struct rig *rig, const char *path)
{
	char line[4096];
	FILE *file = fopen(path, "re");

	rig->count = 0;
	while (file && fgets(line, sizeof line, file) && rig->count < MAX_HASHES) {
		char *name = line + strcspn(line, " \t\n");

		line[strcspn(line, "\n")] = 0;
		if (*name)
			*name++ = 0;
		if (sk_unhex(line, rig->hashes[rig->count], LK_HASH))
			continue;
		free(rig->names[rig->count]);
		rig->names[rig->count++] = sk_strdup(name + strspn(name, " \t"));
	}
	if (file)
		fclose(file);
}

static const char *name_of(const void *arg, uint32_t index)
{
	return ((const struct rig *)arg)->names[index];
}

/* "PROGRAM[:USER[:SCRIPT]]" */
static void exempt(const char *text)
{
	char copy[512], *user, *script = NULL;

	snprintf(copy, sizeof copy, "%s", text);
	user = strchr(copy, ':');
	if (user) {
		*user++ = 0;
		script = strchr(user, ':');
		if (script)
			*script++ = 0;
	}
	if (!lk_interp_exempt(copy, user && *user ? user : NULL, script))
		fprintf(stderr, "lockdown-rig: the exemption %s does not fit\n", text);
}

static void apply(struct rig *rig)
{
	lk_names_put(rig->shared, name_of, rig, rig->count);
	rig->orders.serial++;
	lk_interp_begin();
	for (uint32_t i = 0; i < rig->count; i++)
		rig->kinds[i] = (uint8_t)(SK_AS_PROGRAM | SK_AS_LIBRARY | (lk_interp_add(rig->hashes[i], rig->names[i]) ? SK_AS_INTERPRETER : 0));
	for (uint32_t i = 0; i < rig->exempt_count; i++)
		exempt(rig->exempts[i]);
	for (uint32_t i = 0; i < rig->folder_count; i++)
		if (!lk_interp_data(rig->folders[i]))
			fprintf(stderr, "lockdown-rig: %s is no folder of data\n", rig->folders[i]);
	lk_interp_publish();
	if (lk_orders_put_kinds(rig->shared, &rig->orders, rig->hashes[0], rig->kinds, rig->count) != 0)
		fprintf(stderr, "lockdown-rig: the list is too long\n");
}

static void say_record(const struct lk_record *record)
{
	char hash[2 * LK_HASH + 1], verdict[32];

	if (record->kind == LK_RECORD_KERNEL) {
		printf("kernel %s %s reason=%u pid=%u comm=%s parent=%s %s\n", sk_attacks[record->road].id,
		       (const char *const[]){"-", "would", "killed", "denied", "asked", "failure"}[record->verdict % 6], record->reason, record->pid, record->comm,
		       record->parent_comm, record->path);
		return;
	}
	if (record->kind == LK_RECORD_NOTICED) {
		printf("noticed %s role=%u detail=%u pid=%u comm=%s %s\n", sk_attacks[record->road].id, record->role, record->detail, record->pid, record->comm,
		       record->path);
		return;
	}
	if (record->kind != LK_RECORD_EXEC) {
		printf("record %u pid %u %s\n", record->kind, record->pid, record->path);
		return;
	}
	snprintf(verdict, sizeof verdict, record->trouble ? "trouble:%u" : record->known ? "known" : "unknown", record->trouble);
	printf("exec %s %s %s %u %s %s pid=%u above=%u parent=%s\n", record->answer == FAN_ALLOW ? "allow" : "deny", verdict,
	       record->by_keeper ? "keeper" : "guard", record->waited_us, record->has_hash ? sk_hex(record->hash, LK_HASH, hash) : "-",
	       record->path, record->pid, record->ancestors, record->parent_comm);
}

static void say_records(struct lk_shared *shared)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(shared->rings); i++)
		for (const struct lk_record *record; (record = lk_ring_first(&shared->rings[i])); lk_ring_next(&shared->rings[i]))
			say_record(record);
	fflush(stdout);
}

static void say_counts(const struct lk_shared *shared)
{
	const struct lk_counters *c = &shared->count;

	printf("count events=%lu hits=%lu hashed=%lu at_once=%lu known=%lu unknown=%lu denied=%lu would=%lu kept_out=%lu keeper=%lu dropped=%lu stalls=%lu "
	       "guards=%lu keepers=%lu lost=%lu",
	       c->events, c->hits, c->hashed, c->at_once, c->known, c->unknown, c->denied, c->would_deny, c->kept_out, c->by_keeper, c->dropped,
	       c->guard_stalls, c->guard_starts, c->keeper_starts, c->lost_records);
	for (int i = 1; i < LK_TROUBLES; i++)
		printf(" trouble%d=%lu", i, c->trouble[i]);
	for (int i = 0; i < SK_COUNTS; i++)
		printf(" kernel%d=%lu", i, shared->kernel.counts[i]);
	printf(" acting=%u maps=%d opens=%lu left_alone=%lu moved=%lu folders=%lu foreseen=%lu asked=%lu tainted=%d exempted=%lu\n", shared->kernel.acting, shared->maps_ready,
	       c->opens, c->left_alone, c->moved, c->folders, c->foreseen, c->asked, shared->scope[0].tainted, lk_interp_let_through());
}

static bool wait_applied(struct lk_shared *shared, uint64_t limit_ms)
{
	uint64_t end = lk_now_us() + limit_ms * 1000;

	while (atomic_load(&shared->applied) != atomic_load(&shared->wanted) && lk_now_us() < end)
		usleep(1000);
	return atomic_load(&shared->applied) == atomic_load(&shared->wanted);
}

static bool command(struct rig *rig, char *line)
{
	char *rest = strchr(line, ' ');

	line[strcspn(line, "\n")] = 0;
	if (rest)
		*rest++ = 0;
	if (!strcmp(line, "quit"))
		return false;
	if (!strcmp(line, "list") && rest)
		load(rig, rest), apply(rig);
	else if (!strcmp(line, "mode") && rest)
		rig->orders.mode = (uint32_t)mode_of(rest), apply(rig);
	else if (!strcmp(line, "remark"))
		lk_scope_put(rig->shared, rig->mounts, rig->mount_count), wait_applied(rig->shared, 2000);
	say_records(rig->shared);
	lk_kernel_counts(rig->shared);
	if (!strcmp(line, "count"))
		say_counts(rig->shared);
	else if (!strcmp(line, "pids"))
		printf("pids %d %d\n", rig->shared->guard_pid, rig->shared->keeper_pid);
	else
		printf("ok\n");
	fflush(stdout);
	return true;
}

static void serve(struct rig *rig)
{
	struct pollfd poller = {.fd = 0, .events = POLLIN};
	char line[4200];

	for (;;) {
		if (poll(&poller, 1, 20) > 0 && (!fgets(line, sizeof line, stdin) || !command(rig, line)))
			return;
		say_records(rig->shared);
	}
}

/* The one may just be making the other: until none is left. */
static void finish(struct lk_shared *shared, pid_t first)
{
	atomic_store(&shared->stopping, 1);
	for (int i = 0; i < 2000; i++) {
		int guard = shared->guard_pid, keeper = shared->keeper_pid;

		kill(first, SIGKILL);
		if (keeper > 0)
			kill(keeper, SIGKILL);
		if (guard > 0)
			kill(guard, SIGKILL);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
			return;
		usleep(1000);
	}
}

static void begin_kernel(struct rig *rig, const char *cgroup)
{
	struct lk_kernel *kernel = &rig->shared->kernel;

	snprintf(kernel->cgroup, sizeof kernel->cgroup, "%s", cgroup);
	rig->orders.subject = SK_SUBJECT_CGROUP;
	lk_kernel_load(rig->shared, NULL);
	for (uint32_t i = 0; i < kernel->hook_count; i++)
		printf("hook %s %s\n", kernel->hooks[i].name, kernel->hooks[i].error ? strerror(kernel->hooks[i].error) : "attached");
}

static int start(struct rig *rig)
{
	pid_t first = fork();

	if (first == 0) {
		sk_spare_process(); /* where it is permitted */
		_exit(lk_pair_main(rig->shared));
	}
	apply(rig);
	lk_scope_put(rig->shared, rig->mounts, rig->mount_count);
	if (wait_applied(rig->shared, 5000))
		for (uint32_t i = 0; i < rig->mount_count; i++)
			if (rig->shared->scope[i].error)
				fprintf(stderr, "lockdown-rig: %s: %s\n", rig->mounts[i], strerror(rig->shared->scope[i].error));
	printf("ready %d %d\n", rig->shared->guard_pid, rig->shared->keeper_pid);
	fflush(stdout);
	return first;
}

int main(int argc, char **argv)
{
	static struct rig rig = {.orders = {.mode = LK_ENFORCE, .failure = LK_FAIL_DENY, .deadline_us = 200000}};
	const char *cgroup = NULL;
	uint64_t ms;
	pid_t first;

	rig.hashes = sk_calloc(MAX_HASHES, LK_HASH);
	rig.names = sk_calloc(MAX_HASHES, sizeof *rig.names);
	rig.kinds = sk_calloc(MAX_HASHES, 1);
	if (!rig.hashes || !rig.kinds || !rig.names || lk_shared_new(&rig.shared) < 0)
		return 3;
	setvbuf(stdin, NULL, _IONBF, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--mode") && i + 1 < argc)
			rig.orders.mode = (uint32_t)mode_of(argv[++i]);
		else if (!strcmp(argv[i], "--failure") && i + 1 < argc)
			rig.orders.failure = (uint32_t)word_of(argv[++i], (const char *const[]){"allow", "deny", NULL});
		else if (!strcmp(argv[i], "--overload") && i + 1 < argc)
			rig.orders.overload = (uint32_t)word_of(argv[++i], (const char *const[]){"failure", "allow", "deny", NULL});
		else if (!strcmp(argv[i], "--deadline") && i + 1 < argc && sk_parse_u64(argv[++i], 60000, &ms) == 0)
			rig.orders.deadline_us = ms * 1000;
		else if (!strcmp(argv[i], "--list") && i + 1 < argc)
			load(&rig, argv[++i]);
		else if (!strcmp(argv[i], "--cgroup") && i + 1 < argc)
			cgroup = argv[++i];
		else if (!strcmp(argv[i], "--no-libraries"))
			rig.orders.kernel_what |= SK_DO_NOT_MAPS;
		else if (!strcmp(argv[i], "--alone"))
			atomic_store(&rig.shared->ignore_always, true);
		else if (!strcmp(argv[i], "--memory") && i + 1 < argc)
			rig.orders.kernel_what |= strcmp(argv[++i], "deny") ? 0 : SK_DO_MEMORY_DENY;
		else if (!strcmp(argv[i], "--scripts"))
			rig.orders.kernel_what |= SK_DO_SCRIPTS;
		else if (!strcmp(argv[i], "--exempt") && i + 1 < argc && rig.exempt_count < 16)
			rig.exempts[rig.exempt_count++] = argv[++i];
		else if (!strcmp(argv[i], "--data") && i + 1 < argc && rig.folder_count < 16)
			rig.folders[rig.folder_count++] = argv[++i];
		else if (rig.mount_count < LK_SCOPE)
			rig.mounts[rig.mount_count++] = argv[i];
	}
	if (cgroup)
		begin_kernel(&rig, cgroup);
	first = start(&rig);
	serve(&rig);
	finish(rig.shared, first);
	lk_kernel_unload(rig.shared);
	return 0;
}
