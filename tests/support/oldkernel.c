// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * oldkernel - runs a program on what looks like an older kernel: calls that came later say ENOSYS, flags that came later EINVAL.
 *
 *   oldkernel 3.2|3.10|4.19|5.10 PROGRAM [ARGUMENT]...
 *
 * By a seccomp filter, so children have it too. What it cannot do: take away flags that lie in memory (EPOLLEXCLUSIVE), or files of /proc. Calls of 32-bit
 * programs are ruled as well. Needs root (the program shall not get no_new_privs by it).
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/prctl.h>
#include <unistd.h>

#define KERNEL(a, b) ((a) * 1000 + (b))

static const struct {
	int since;
	const char *call;
} calls[] = {
	{KERNEL(3, 5), "kcmp"}, {KERNEL(3, 8), "finit_module"}, {KERNEL(3, 14), "sched_setattr"}, {KERNEL(3, 14), "sched_getattr"},
	{KERNEL(3, 15), "renameat2"}, {KERNEL(3, 17), "getrandom"}, {KERNEL(3, 17), "memfd_create"}, {KERNEL(3, 17), "seccomp"},
	{KERNEL(3, 18), "bpf"}, {KERNEL(3, 19), "execveat"}, {KERNEL(4, 3), "membarrier"}, {KERNEL(4, 3), "userfaultfd"}, {KERNEL(4, 4), "mlock2"},
	{KERNEL(4, 5), "copy_file_range"}, {KERNEL(4, 6), "preadv2"}, {KERNEL(4, 6), "pwritev2"}, {KERNEL(4, 9), "pkey_mprotect"},
	{KERNEL(4, 11), "statx"}, {KERNEL(4, 18), "rseq"}, {KERNEL(5, 1), "pidfd_send_signal"}, {KERNEL(5, 1), "io_uring_setup"},
	{KERNEL(5, 1), "clock_gettime64"}, {KERNEL(5, 1), "futex_time64"}, {KERNEL(5, 1), "clock_nanosleep_time64"}, {KERNEL(5, 1), "ppoll_time64"},
	{KERNEL(5, 1), "timerfd_settime64"}, {KERNEL(5, 1), "utimensat_time64"}, {KERNEL(5, 2), "open_tree"}, {KERNEL(5, 2), "move_mount"},
	{KERNEL(5, 2), "fsopen"}, {KERNEL(5, 3), "pidfd_open"}, {KERNEL(5, 3), "clone3"}, {KERNEL(5, 6), "openat2"}, {KERNEL(5, 6), "pidfd_getfd"},
	{KERNEL(5, 8), "faccessat2"}, {KERNEL(5, 9), "close_range"}, {KERNEL(5, 11), "epoll_pwait2"}, {KERNEL(5, 12), "mount_setattr"},
	{KERNEL(5, 13), "landlock_create_ruleset"}, {KERNEL(5, 14), "memfd_secret"}, {KERNEL(5, 16), "futex_waitv"}};

static const struct {
	int since;
	const char *call;
	int error;
	struct scmp_arg_cmp when;
} flags[] = {
	{KERNEL(3, 4), "prctl", EINVAL, {0, SCMP_CMP_EQ, PR_SET_CHILD_SUBREAPER, 0}},
	{KERNEL(3, 5), "prctl", EINVAL, {0, SCMP_CMP_EQ, PR_SET_NO_NEW_PRIVS, 0}},
	{KERNEL(3, 5), "prctl", EINVAL, {0, SCMP_CMP_EQ, PR_GET_NO_NEW_PRIVS, 0}},
	{KERNEL(3, 5), "prctl", EINVAL, {0, SCMP_CMP_EQ, PR_SET_SECCOMP, 0}},
	{KERNEL(4, 3), "prctl", EINVAL, {0, SCMP_CMP_EQ, PR_CAP_AMBIENT, 0}},
	{KERNEL(4, 4), "mlockall", EINVAL, {0, SCMP_CMP_MASKED_EQ, 4 /* MCL_ONFAULT */, 4}},
	{KERNEL(4, 14), "preadv2", EOPNOTSUPP, {5, SCMP_CMP_MASKED_EQ, 8 /* RWF_NOWAIT */, 8}},
	{KERNEL(4, 20), "fanotify_mark", EINVAL, {1, SCMP_CMP_MASKED_EQ, FAN_MARK_FILESYSTEM, FAN_MARK_FILESYSTEM}},
	{KERNEL(5, 0), "fanotify_mark", EINVAL, {2, SCMP_CMP_MASKED_EQ, FAN_OPEN_EXEC_PERM, FAN_OPEN_EXEC_PERM}},
	{KERNEL(5, 5), "bpf", EINVAL, {0, SCMP_CMP_EQ, 5 /* BPF_PROG_LOAD: programs of the kinds that ours are */, 0}},
	{KERNEL(6, 3), "prctl", EINVAL, {0, SCMP_CMP_EQ, 65 /* PR_SET_MDWE */, 0}}};

static void die(const char *what)
{
	fprintf(stderr, "oldkernel: %s\n", what);
	exit(125);
}

static void add(scmp_filter_ctx filter, int error, const char *call, unsigned count, const struct scmp_arg_cmp *when)
{
	int number = seccomp_syscall_resolve_name(call), r;

	if (number == __NR_SCMP_ERROR)
		return; /* newer than this libseccomp as well: nobody here calls it */
	r = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO((uint32_t)error), number, count, when);
	if (r && r != -EDOM)
		die(call);
}

int main(int argc, char **argv)
{
	int major, minor, age;
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (argc < 3 || sscanf(argv[1], "%d.%d", &major, &minor) != 2)
		die("expected: AGE PROGRAM [ARGUMENT]...");
	age = KERNEL(major, minor);
	if (!filter || seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0))
		die("no filter");
#ifdef __x86_64__
	if (seccomp_arch_add(filter, SCMP_ARCH_X86))
		die("no 32-bit calls");
#endif
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
		if (age < calls[i].since)
			add(filter, ENOSYS, calls[i].call, 0, NULL);
	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
		if (age < flags[i].since && !(age < KERNEL(4, 6) && !strcmp(flags[i].call, "preadv2")))
			add(filter, flags[i].error, flags[i].call, 1, &flags[i].when);
	if (seccomp_load(filter))
		die("the filter was refused: not root?");
	execvp(argv[2], argv + 2);
	die(strerror(errno));
}
