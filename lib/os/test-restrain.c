// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Each restraint against what it is for: the attack is made in a child without it, where it must work, in one with everything but it, where it
 * must work as well (so that nothing else stops it), and in one with it alone, where it must fail with the stated error. And what lawful
 * programs do, with all of them on.
 */
#include "support/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/restrain.h"
#include "os/sandbox.h"

enum { FINE = 0, SETUP = 222, NO_EXEC_SEAL = 8, EXECUTABLE = 16 };

static const char *folder;
static char program[300];

static int said(long result)
{
	return result < 0 ? errno : FINE;
}

static int writable_and_executable(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : FINE;
}

static int become_executable(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return said(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

static int become_executable_by_key(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return said(syscall(SYS_pkey_mprotect, p, 4096, PROT_READ | PROT_EXEC, -1));
}

static int executable_segment(void)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0700), r;
	void *p = shmat(id, NULL, SHM_EXEC);

	r = p == (void *)-1 ? errno : FINE;
	shmctl(id, IPC_RMID, NULL);
	return r;
}

static int read_implies_execute(void)
{
	return said(personality(READ_IMPLIES_EXEC));
}

static int be_traced(void)
{
	return said(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int write_into_a_child(void)
{
	static char word[8] = "before";
	char other[8] = "after";
	struct iovec from = {other, sizeof other}, to = {word, sizeof word};
	pid_t pid = fork();
	int r;

	if (pid == 0)
		for (;;)
			pause();
	r = said(process_vm_writev(pid, &from, 1, &to, 1, 0));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return r;
}

static int take_a_descriptor(void)
{
	int self = (int)syscall(SYS_pidfd_open, getpid(), 0);

	return said(syscall(438, self, 0, 0));
}

/* The way into one's own read-only code, which no memory protection stops. */
static int write_own_code(void)
{
	static const volatile char mark[64] = "read only";
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return errno;
	return pwrite(fd, "over", 4, (off_t)(uintptr_t)mark) == 4 && mark[0] == 'o' ? FINE : 1;
}

static int memory_file(void)
{
	return said(syscall(SYS_memfd_create, "x", 0));
}

static int executable_memory_file(void)
{
	return said(syscall(SYS_memfd_create, "x", EXECUTABLE));
}

static int load_module(void)
{
	return said(syscall(SYS_init_module, "", 0, ""));
}

static int load_module_file(void)
{
	return said(syscall(SYS_finit_module, -1, "", 0));
}

static int load_kernel(void)
{
	return said(syscall(SYS_kexec_load, 0, 1UL << 20, NULL, 0));
}

static int make_map(void)
{
	union bpf_attr attributes = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};

	return said(syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes));
}

static int fault_by_hand(void)
{
	return said(syscall(SYS_userfaultfd, O_CLOEXEC));
}

static int set_up_ring(void)
{
	char parameters[120] = {0};

	return said(syscall(425, 4, parameters));
}

static int user_namespace(void)
{
	return said(unshare(CLONE_NEWUSER));
}

static int child_in_user_namespace(void)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return said(pid);
}

static int child_by_clone3(void)
{
	uint64_t arguments[8] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD};
	long pid = syscall(435, arguments, sizeof arguments);

	if (pid == 0)
		_exit(0);
	return said(pid);
}

static int mount_something(void)
{
	return unshare(CLONE_NEWNS) < 0 ? SETUP : said(mount("none", folder, "tmpfs", 0, NULL));
}

static int open_file_system(void)
{
	return said(syscall(430, "tmpfs", 0));
}

static int run(const char *path)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execl(path, "program", "0", (char *)NULL);
		_exit(errno);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static int run_from_elsewhere(void)
{
	return run(program);
}

static int move_among_programs(void)
{
	char from[320], to[320];
	int r;

	snprintf(from, sizeof from, "%s/elsewhere/moved", folder);
	snprintf(to, sizeof to, "%s/place/moved", folder);
	sk_test_write(from, "x", 1);
	r = said(rename(from, to));
	unlink(from);
	unlink(to);
	return r;
}

#if defined(__x86_64__)
/* The same kernel by the calls of 32-bit programs; memory must lie low. */
static long call_32(long number, long a, long b, long c, long d, long e)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
}

static int low_page(long *ret)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	*ret = (long)p;
	return p == MAP_FAILED;
}

static int become_executable_32(void)
{
	long p;

	return low_page(&p) ? SETUP : (int)-call_32(125, p, 4096, PROT_READ | PROT_EXEC, 0, 0);
}

static int old_mmap_32(void)
{
	uint32_t *arguments;
	long p, r;

	if (low_page(&p))
		return SETUP;
	arguments = (uint32_t *)p;
	arguments[1] = 4096;
	arguments[2] = PROT_READ | PROT_WRITE | PROT_EXEC;
	arguments[3] = MAP_PRIVATE | MAP_ANONYMOUS;
	arguments[4] = UINT32_MAX;
	r = call_32(90, p, 0, 0, 0, 0);
	return r < 0 && r > -4096 ? (int)-r : FINE;
}

static int executable_segment_32(void)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0700);
	long p, r;

	if (low_page(&p))
		return SETUP;
	r = call_32(117, 21, id, SHM_EXEC, p, 0);
	shmctl(id, IPC_RMID, NULL);
	return (int)-r;
}

static int be_traced_32(void)
{
	return (int)-call_32(26, PTRACE_TRACEME, 0, 0, 0, 0);
}

static int memory_file_32(void)
{
	long p, r;

	if (low_page(&p))
		return SETUP;
	r = call_32(356, p, 0, 0, 0, 0);
	return r < 0 ? (int)-r : FINE;
}

static bool has_32(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) /* a kernel without these calls sends SIGSEGV */
		_exit(call_32(20, 0, 0, 0, 0, 0) != getpid());
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int x32_call(void)
{
	return said(syscall(0x40000000 | SYS_getpid));
}
#endif

static const char *places[] = {"/usr", "/bin", "/lib", "/lib64", NULL, NULL};

/* Runs the trial in a child under these restraints. */
static int trial(unsigned what, int (*fn)(void))
{
	struct sk_restrain restrain = {.what = what, .places = places, .no_new_privs = geteuid() != 0};
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (sk_restrain(&restrain, NULL))
			_exit(SETUP);
		_exit(fn());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct attack {
	unsigned stopped_by; /* several: by each of them */
	const char *name;
	int (*fn)(void);
	int refusal;         /* 0 = EPERM */
	int without;         /* what it says when nothing refuses it; 0 = works */
};

#define NAMED(function) #function, function

static const struct attack attacks[] = {
	{SK_RESTRAIN_MEMORY | SK_RESTRAIN_MDWE, NAMED(writable_and_executable)},
	{SK_RESTRAIN_MEMORY | SK_RESTRAIN_MDWE, NAMED(become_executable)},
	{SK_RESTRAIN_MEMORY | SK_RESTRAIN_MDWE, NAMED(become_executable_by_key)},
	{SK_RESTRAIN_MEMORY | SK_RESTRAIN_MDWE, NAMED(executable_segment)},
	{SK_RESTRAIN_PERSONALITY, NAMED(read_implies_execute)},
	{SK_RESTRAIN_TRACE, NAMED(be_traced)},
	{SK_RESTRAIN_TRACE, NAMED(write_into_a_child)},
	{SK_RESTRAIN_TRACE, NAMED(take_a_descriptor)},
	{SK_RESTRAIN_PROC_MEM, NAMED(write_own_code), EACCES},
	{SK_RESTRAIN_MEMFD, NAMED(memory_file)},
	{SK_RESTRAIN_MEMFD, NAMED(executable_memory_file)},
	{SK_RESTRAIN_MODULES, NAMED(load_module), 0, ENOEXEC},
	{SK_RESTRAIN_MODULES, NAMED(load_module_file), 0, EBADF},
	{SK_RESTRAIN_KEXEC, NAMED(load_kernel), 0, EINVAL},
	{SK_RESTRAIN_BPF, NAMED(make_map)},
	{SK_RESTRAIN_USERFAULTFD, NAMED(fault_by_hand)},
	{SK_RESTRAIN_IO_URING, NAMED(set_up_ring)},
	{SK_RESTRAIN_NAMESPACES, NAMED(user_namespace)},
	{SK_RESTRAIN_NAMESPACES, NAMED(child_in_user_namespace)},
	{SK_RESTRAIN_NAMESPACES, NAMED(child_by_clone3), ENOSYS},
	{SK_RESTRAIN_MOUNTS | SK_RESTRAIN_BY_LANDLOCK, NAMED(mount_something)},
	{SK_RESTRAIN_MOUNTS, NAMED(open_file_system)},
	{SK_RESTRAIN_EXECUTION, NAMED(run_from_elsewhere), EACCES},
	{SK_RESTRAIN_EXECUTION, NAMED(move_among_programs), EXDEV},
};

static int make_folder(void **state)
{
	static char place[300];
	char path[300];

	(void)state;
	folder = sk_test_dir();
	snprintf(path, sizeof path, "%s/elsewhere", folder);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(place, sizeof place, "%s/place", folder);
	assert_int_equal(mkdir(place, 0755), 0);
	places[4] = place;
	snprintf(program, sizeof program, "%s/elsewhere/program", folder);
	{
		_cleanup_close_ int in = open("/bin/sleep", O_RDONLY | O_CLOEXEC), out = open(program, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
		char piece[4096];
		ssize_t n;

		while ((n = read(in, piece, sizeof piece)) > 0)
			assert_int_equal(write(out, piece, (size_t)n), n);
	}
	return 0;
}

static void expect(unsigned what, const struct attack *attack, int wanted, const char *with)
{
	int got = trial(what, attack->fn);

	if (got != wanted)
		fail_msg("%s %s: %d (%s), not %d", attack->name, with, got, strerror(got), wanted);
}

static void test_attacks(void **state)
{
	unsigned here = sk_restraints_here();
	unsigned tried = 0;

	(void)state;
	if (geteuid() != 0)
		skip(); /* namespaces, modules, mounts: they fail without root anyhow */
	for (const struct attack *a = attacks; a < attacks + SK_ARRAY_SIZE(attacks); a++) {
		unsigned stopped_by = a->stopped_by & here;

		if (!stopped_by || trial(0, a->fn) == ENOSYS)
			continue; /* this kernel has no such road */
		tried++;
		expect(0, a, a->without, "without restraints");
		expect(SK_RESTRAIN_ALL & ~a->stopped_by, a, a->without, "with all the others");
		for (unsigned bit = 1; bit < SK_RESTRAIN_ALL; bit <<= 1)
			if (bit & stopped_by)
				expect(bit, a, bit == SK_RESTRAIN_MDWE ? EACCES : a->refusal ? a->refusal : EPERM, "with its restraint");
	}
	assert_true(tried > SK_ARRAY_SIZE(attacks) / 2);
}

static void test_other_architectures(void **state)
{
#if defined(__x86_64__)
	static const struct attack other[] = {
		{SK_RESTRAIN_MEMORY, NAMED(become_executable_32)}, {SK_RESTRAIN_MEMORY, NAMED(old_mmap_32)},
		{SK_RESTRAIN_MEMORY, NAMED(executable_segment_32)}, {SK_RESTRAIN_TRACE, NAMED(be_traced_32)},
		{SK_RESTRAIN_MEMFD, NAMED(memory_file_32)}};

	(void)state;
	assert_int_equal(trial(SK_RESTRAIN_BPF, x32_call), ENOSYS);
	if (!has_32())
		skip();
	for (size_t i = 0; i < SK_ARRAY_SIZE(other); i++) {
		expect(0, &other[i], FINE, "without restraints");
		expect(SK_RESTRAIN_ALL & ~(other[i].stopped_by | SK_RESTRAIN_MDWE), &other[i], FINE, "with all the others");
		expect(other[i].stopped_by, &other[i], EPERM, "with its restraint");
	}
#else
	skip();
#endif
}

static void *nothing(void *arg)
{
	return arg;
}

static int thread(void)
{
	pthread_t t;

	return pthread_create(&t, NULL, nothing, NULL) == 0 && pthread_join(t, NULL) == 0 ? FINE : 1;
}

static int run_known(void)
{
	return run("/bin/sleep");
}

static int read_only_code(void)
{
	_cleanup_close_ int fd = open("/bin/sleep", O_RDONLY | O_CLOEXEC);

	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED ? errno : FINE;
}

static int sealed_memory_file(void)
{
	int fd = (int)syscall(SYS_memfd_create, "x", NO_EXEC_SEAL);

	return fd < 0 && errno == EINVAL ? FINE /* before Linux 6.3 */ : said(fd);
}

static int ask_personality(void)
{
	return said(personality(0xffffffff));
}

static int other_namespace(void)
{
	return geteuid() ? FINE : said(unshare(CLONE_NEWUTS));
}

static int write_a_file(void)
{
	char path[320];

	snprintf(path, sizeof path, "%s/elsewhere/written", folder);
	return said(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int move_a_file(void)
{
	char from[320], to[320];

	snprintf(from, sizeof from, "%s/elsewhere/written", folder);
	snprintf(to, sizeof to, "%s/written", folder);
	sk_test_write(from, "x", 1);
	return said(rename(from, to));
}

static int read_own_memory(void)
{
	return said(open("/proc/self/mem", O_RDONLY | O_CLOEXEC));
}

static int set_a_kernel_value(void)
{
	return geteuid() ? FINE : said(open("/proc/sys/kernel/core_pattern", O_WRONLY | O_CLOEXEC));
}

/* Of a grandchild: inherited over fork and execve. */
static int still_restrained(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(become_executable());
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static void test_lawful(void **state)
{
	static const struct attack lawful[] = {
		{0, NAMED(thread)}, {0, NAMED(run_known)}, {0, NAMED(read_only_code)}, {0, NAMED(sealed_memory_file)}, {0, NAMED(ask_personality)},
		{0, NAMED(other_namespace)}, {0, NAMED(write_a_file)}, {0, NAMED(move_a_file)}, {0, NAMED(read_own_memory)},
		{0, NAMED(set_a_kernel_value)}};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(lawful); i++)
		expect(SK_RESTRAIN_ALL, &lawful[i], FINE, "with all restraints");
	assert_int_not_equal(trial(SK_RESTRAIN_ALL, still_restrained), FINE);
	assert_int_equal(trial(SK_RESTRAIN_ALL & ~(unsigned)SK_RESTRAIN_NOT_JIT, still_restrained), FINE);
}

static void test_not_root(void **state)
{
	struct sk_restrain restrain = {.what = SK_RESTRAIN_ALL};
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		if (geteuid() == 0 && (setresgid(61100, 61100, 61100) || setresuid(61100, 61100, 61100)))
			_exit(SETUP);
		if (sk_restrain(&restrain, NULL) != 6 /* SK_DENIED */ || prctl(PR_GET_SECCOMP) != 0)
			_exit(1);
		restrain.no_new_privs = true;
		if (sk_restrain(&restrain, NULL) || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
			_exit(2);
		_exit(become_executable() == EPERM ? FINE : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static int no_new_privs(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
}

static void test_names(void **state)
{
	enum sk_restraint bit = 0;
	unsigned all = 0;

	(void)state;
	for (const struct sk_restraint_row *row = sk_restraints; row->name; row++) {
		assert_int_equal(sk_restraint_find(row->name, &bit), 0);
		assert_int_equal(bit, row->bit);
		assert_int_equal(all & row->bit, 0);
		all |= row->bit;
	}
	assert_int_equal(all, SK_RESTRAIN_ALL);
	assert_int_equal(sk_restraint_find("mdw", &bit), 2);
	/* root's setuid programs keep their power unless it is asked otherwise */
	if (geteuid() == 0)
		assert_int_equal(trial(SK_RESTRAIN_ALL, no_new_privs), 0);
}

SK_TEST_MAIN(cmocka_unit_test_setup(test_attacks, make_folder), cmocka_unit_test(test_other_architectures),
	     cmocka_unit_test_setup(test_lawful, make_folder), cmocka_unit_test(test_not_root), cmocka_unit_test(test_names))
