// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The system calls a process keeps. Default-deny: the base list is what a program with a loop, threads, files
 * (Landlock says which) and unix sockets needs; a duty names what it needs beyond.
 *
 * A call that is refused ends the process (SK_REFUSE_TRAP): going on after a surprise is what an intruder
 * hopes for.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/sandbox.h"

static const char *const base_list[] = {
	/* descriptors */
	"read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2", "lseek", "close",
	"close_range", "dup", "dup2", "dup3", "fcntl", "pipe", "pipe2", "flock",
	/* files: Landlock and the user say which */
	"open", "openat", "openat2", "creat", "stat", "fstat", "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2",
	"readlink", "readlinkat", "getdents64", "getcwd", "statfs", "fstatfs", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat",
	"rename", "renameat", "renameat2", "truncate", "ftruncate", "fallocate", "fsync", "fdatasync", "sync_file_range", "fadvise64",
	"chmod", "fchmod", "fchmodat", "umask", "utimensat",
	/* memory; mmap and mprotect are ruled below */
	"munmap", "mremap", "brk", "madvise", "msync", "mincore",
	/* waiting */
	"epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "select", "pselect6",
	"eventfd2", "timerfd_create", "timerfd_settime", "timerfd_gettime", "signalfd4",
	/* sockets that exist, and unix ones; socket() is ruled below */
	"connect", "accept", "accept4", "shutdown", "sendto", "recvfrom", "sendmsg", "recvmsg", "sendmmsg", "recvmmsg", "getsockname",
	"getpeername", "getsockopt", "setsockopt",
	/* time */
	"clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
	/* signals: to its own threads only, kill() is not here */
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigsuspend", "rt_sigpending", "rt_sigtimedwait", "sigaltstack", "tgkill",
	"restart_syscall",
	/* itself */
	"exit", "exit_group", "getpid", "getppid", "gettid", "getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid",
	"getgroups", "getpgrp", "getpgid", "getsid", "getrlimit", "getrusage", "sysinfo", "uname", "times", "capget", "getrandom",
	"getcpu", "sched_yield", "sched_getaffinity", "sched_getparam", "sched_getscheduler", "getpriority", "futex", "futex_waitv",
	"set_robust_list", "get_robust_list", "rseq", "membarrier", "set_tid_address", "arch_prctl", "wait4", "waitid",
	/* the same as 32-bit programs call it; "socketcall" has its arguments in memory, so there all kinds of sockets are possible */
	"_llseek", "fstat64", "stat64", "lstat64", "fstatat64", "fcntl64", "_newselect", "statfs64", "fstatfs64", "truncate64", "ftruncate64",
	"fadvise64_64", "socketcall", "clock_gettime64", "clock_getres_time64", "clock_nanosleep_time64", "ppoll_time64", "pselect6_time64",
	"rt_sigtimedwait_time64", "futex_time64", "timerfd_settime64", "timerfd_gettime64", "utimensat_time64", "recvmmsg_time64", "sigreturn",
	"getuid32", "geteuid32", "getgid32", "getegid32", "getresuid32", "getresgid32", "getgroups32", "ugetrlimit", "set_thread_area",
	"get_thread_area", "waitpid",
#ifdef SK_POINTS
	"kill", /* crash points */
#endif
};

static const struct {
	const char *call;
	struct scmp_arg_cmp when;
} base_rules[] = {
	/* No memory that is writable at one time and executable at another. */
	{"mmap", {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
	{"mmap2", {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
	{"mprotect", {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
	{"socket", {0, SCMP_CMP_EQ, AF_UNIX, 0}},
	{"socketpair", {0, SCMP_CMP_EQ, AF_UNIX, 0}},
	{"clone", {0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD}},
	{"ioctl", {1, SCMP_CMP_EQ, FIONREAD, 0}},
	{"ioctl", {1, SCMP_CMP_EQ, FIONBIO, 0}},
	{"ioctl", {1, SCMP_CMP_EQ, TCGETS, 0}},
	{"prctl", {0, SCMP_CMP_EQ, PR_SET_NAME, 0}},
	{"prctl", {0, SCMP_CMP_EQ, PR_GET_NAME, 0}},
	{"prctl", {0, SCMP_CMP_EQ, PR_SET_PDEATHSIG, 0}},
	{"prctl", {0, SCMP_CMP_EQ, PR_GET_DUMPABLE, 0}},
	{"prctl", {0, SCMP_CMP_EQ, PR_SET_TIMERSLACK, 0}},
	{"prctl", {0, SCMP_CMP_EQ, 0x53564d41 /* PR_SET_VMA: names of malloc's areas */, 0}},
	/* Reading limits, not setting them. */
	{"prlimit64", {2, SCMP_CMP_EQ, 0, 0}},
};

static const struct {
	const char *call;
	struct scmp_arg_cmp when;
} net_rules[] = {
	{"socket", {0, SCMP_CMP_EQ, AF_INET, 0}},
	{"socket", {0, SCMP_CMP_EQ, AF_INET6, 0}},
	{"socket", {0, SCMP_CMP_EQ, AF_NETLINK, 0}}, /* the resolver asks which addresses the machine has */
};

#define NAMESPACES                                                                                                                    \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

/* For the handler, which can do nothing but write. */
static char handler_name[40];
static int handler_fd = -1;

static size_t put_number(char *out, unsigned number)
{
	char digits[10];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + number % 10);
	while ((number /= 10));
	for (size_t i = 0; i < n; i++)
		out[i] = digits[n - 1 - i];
	return n;
}

static void on_refused(int number, siginfo_t *info, void *context)
{
	static const char text[] = ": system call ", end[] = " is not allowed\n";
	unsigned call = (unsigned)info->si_syscall;
	unsigned char words[5] = {'S', (unsigned char)(call >> 24), (unsigned char)(call >> 16), (unsigned char)(call >> 8),
				  (unsigned char)call};
	char line[128];
	size_t n = strlen(handler_name);

	(void)number;
	(void)context;
	memcpy(line, handler_name, n);
	memcpy(line + n, text, sizeof text - 1);
	n += sizeof text - 1;
	n += put_number(line + n, call);
	memcpy(line + n, end, sizeof end - 1);
	n += sizeof end - 1;
	if (write(STDERR_FILENO, line, n) < 0 || (handler_fd >= 0 && write(handler_fd, words, sizeof words) < 0))
		(void)0; /* the exit status remains */
	_exit(SK_EXIT_SYSCALL);
}

static int set_handler(const struct sk_sandbox *sandbox)
{
	struct sigaction action = {.sa_sigaction = on_refused, .sa_flags = SA_SIGINFO};
	sigset_t set;

	snprintf(handler_name, sizeof handler_name, "%s", sandbox->name ? sandbox->name : "sandbox");
	handler_fd = sandbox->last_words > 0 ? sandbox->last_words : -1;
	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	if (sigaction(SIGSYS, &action, NULL) < 0 || pthread_sigmask(SIG_UNBLOCK, &set, NULL) != 0)
		return sk_origin(-EINVAL);
	return 0;
}

/* A name this architecture does not have is skipped when `strict` is false. */
static int allow(scmp_filter_ctx filter, const char *name, bool strict, unsigned count, const struct scmp_arg_cmp *when)
{
	int number = seccomp_syscall_resolve_name(name), r;

	if (number == __NR_SCMP_ERROR) {
		if (!strict)
			return 0;
		sk_log(SK_LOG_ERROR, "sandbox: no system call is called %s", name);
		return sk_origin(-EINVAL);
	}
	if (number < 0)
		return 0;
	r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, count, when);
	return r ? sk_origin(r) : 0;
}

static int add_clone(scmp_filter_ctx filter, bool fork_too)
{
	const struct scmp_arg_cmp no_namespace = SCMP_A0_64(SCMP_CMP_MASKED_EQ, NAMESPACES, 0);
	int r;

	/* Its flags lie in memory where no filter sees them; the C library goes back to clone. */
	r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (r)
		return sk_origin(r);
	if (!fork_too)
		return 0;
	r = allow(filter, "clone", true, 1, &no_namespace);
	for (const char *const *name = (const char *const[]){"fork", "vfork", "kill", "setpgid", "pidfd_open", NULL}; *name && r == 0; name++)
		r = allow(filter, *name, false, 0, NULL);
	return r;
}

static int add_rules(scmp_filter_ctx filter, const struct sk_sandbox *sandbox)
{
	int r = 0;

	for (size_t i = 0; i < SK_ARRAY_SIZE(base_list) && r == 0; i++)
		r = allow(filter, base_list[i], false, 0, NULL);
	for (size_t i = 0; i < SK_ARRAY_SIZE(base_rules) && r == 0; i++)
		r = allow(filter, base_rules[i].call, false, 1, &base_rules[i].when);
	for (size_t i = 0; i < SK_ARRAY_SIZE(net_rules) && sandbox->net && r == 0; i++)
		r = allow(filter, net_rules[i].call, false, 1, &net_rules[i].when);
	if (r == 0 && sandbox->uevents) {
		const struct scmp_arg_cmp uevents[] = {{0, SCMP_CMP_EQ, AF_NETLINK, 0}, {2, SCMP_CMP_EQ, NETLINK_KOBJECT_UEVENT, 0}};

		r = allow(filter, "socket", false, SK_ARRAY_SIZE(uevents), uevents);
		if (r == 0)
			r = allow(filter, "bind", false, 0, NULL);
	}
	for (const char *const *name = sandbox->syscalls; name && *name && r == 0; name++)
		r = allow(filter, *name, true, 0, NULL);
	return r ? r : add_clone(filter, sandbox->fork);
}

static void release_filter(scmp_filter_ctx *filter)
{
	if (*filter)
		seccomp_release(*filter);
}

int sk_seccomp_enter(const struct sk_sandbox *sandbox)
{
	static const uint32_t actions[] = {
		[SK_REFUSE_TRAP] = SCMP_ACT_TRAP, [SK_REFUSE_ERRNO] = SCMP_ACT_ERRNO(EPERM), [SK_REFUSE_KILL] = SCMP_ACT_KILL_PROCESS};
	_cleanup_(release_filter) scmp_filter_ctx filter = seccomp_init(actions[sandbox->refusal]);
	int r;

	if (!filter)
		return sk_origin(-ENOMEM);
	/* A binary tree instead of a chain of 200 comparisons before each call. */
	r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r)
		return sk_origin(r);
	r = add_rules(filter, sandbox);
	if (r == 0 && sandbox->refusal == SK_REFUSE_TRAP)
		r = set_handler(sandbox);
	if (r)
		return r;
	r = seccomp_load(filter);
	if (r && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) < 0)
		return SK_NONE; /* filters are as old as this flag */
	return r ? sk_origin(r) : 0;
}
