// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a sandboxed process may not do, tried one by one in a child that is made small first. Each trial's
 * exit status says what happened; every one is also made without the sandbox, where it must work: else the
 * refusal would prove nothing.
 */
#include "support/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "os/sandbox.h"

enum { FINE = 0, SETUP = 111 };

static const char *root;

static int in_root(const char *path, int flags)
{
	char full[300];
	int fd;

	snprintf(full, sizeof full, "%s/%s", root, path);
	fd = open(full, flags | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	close(fd);
	return FINE;
}

static int read_allowed(void)
{
	return in_root("data/file", O_RDONLY);
}

static int write_allowed(void)
{
	return in_root("data/file", O_WRONLY);
}

static int make_in_writable(void)
{
	return in_root("work/new", O_WRONLY | O_CREAT);
}

static int read_secret(void)
{
	return in_root("secret", O_RDONLY);
}

static int read_single(void)
{
	return in_root("single", O_RDONLY);
}

static int read_passwd(void)
{
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	return fd >= 0 ? FINE : errno;
}

static int run_program(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(errno);
	}
	if (pid < 0)
		return errno;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : SK_EXIT_SYSCALL;
}

static int become_program(void)
{
	execl("/bin/true", "true", (char *)NULL);
	return errno;
}

static int unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? FINE : errno;
}

static int device_messages(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	return fd >= 0 ? FINE : errno;
}

static int routes(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd >= 0 ? FINE : errno;
}

static int inet_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? FINE : errno;
}

static int packet_socket(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0) >= 0 ? FINE : errno;
}

static int executable_memory(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p != MAP_FAILED ? FINE : errno;
}

static int become_executable(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0 ? FINE : errno;
}

static int trace(void)
{
	return syscall(SYS_ptrace, 0 /* PTRACE_TRACEME */, 0, 0, 0) == 0 ? FINE : errno;
}

static int new_namespace(void)
{
	return unshare(CLONE_NEWUTS) == 0 ? FINE : errno;
}

static int raise_limit(void)
{
	struct rlimit limit = {10, 10};

	return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? FINE : errno;
}

static int abstract_socket(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "sekisho-test-%d", getppid());
	return connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? FINE : errno;
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

static int many_files(void)
{
	int n = 0;

	while (dup(0) >= 0)
		n++;
	return n < 64 ? FINE : 1;
}

/* Runs the trial in a child, in the sandbox when one is given. */
static int trial(const struct sk_sandbox *sandbox, int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		if (sandbox) {
			dup2(null, STDERR_FILENO); /* what the handler says */
			if (sk_sandbox_enter(sandbox, NULL))
				_exit(SETUP);
		}
		_exit(fn());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static const struct sk_land_rule land[] = {{"data", SK_LAND_READ},
					   {"work", SK_LAND_READ | SK_LAND_WRITE},
					   {"single", SK_LAND_READ},
					   {"absent", SK_LAND_READ},
					   {NULL, 0}};

static struct sk_sandbox small(void)
{
	return (struct sk_sandbox){.name = "trial", .root = root, .uid = (uid_t)-1, .gid = (gid_t)-1, .land = land,
				   .max_files = 64, .last_words = -1};
}

static void folder(const char *name)
{
	char path[300];

	snprintf(path, sizeof path, "%s/%s", root, name);
	assert_int_equal(mkdir(path, 0777), 0);
}

static void file(const char *name)
{
	char path[300];

	snprintf(path, sizeof path, "%s/%s", root, name);
	sk_test_write(path, "x", 1);
	assert_int_equal(chmod(path, 0666), 0);
}

static int make_root(void **state)
{
	(void)state;
	root = sk_test_dir();
	folder("data");
	folder("work");
	file("data/file");
	file("secret");
	file("single");
	return 0;
}

static void test_files(void **state)
{
	struct sk_sandbox s = small();

	(void)state;
	if (sk_landlock_abi() == 0)
		skip();
	assert_int_equal(trial(NULL, write_allowed), FINE);
	assert_int_equal(trial(NULL, read_secret), FINE);
	assert_int_equal(trial(NULL, read_passwd), FINE);
	assert_int_equal(trial(&s, read_allowed), FINE);
	assert_int_equal(trial(&s, read_single), FINE);
	assert_int_equal(trial(&s, make_in_writable), FINE);
	assert_int_equal(trial(&s, write_allowed), EACCES);
	assert_int_equal(trial(&s, read_secret), EACCES);
	assert_int_equal(trial(&s, read_passwd), EACCES);
	s.land = (const struct sk_land_rule[]){{"/etc", SK_LAND_READ | SK_LAND_HOST}, {NULL, 0}};
	assert_int_equal(trial(&s, read_passwd), FINE);
	assert_int_equal(trial(&s, read_allowed), EACCES);
	s.land = NULL;
	assert_int_equal(trial(&s, read_passwd), EACCES);
	s.any_file = true;
	assert_int_equal(trial(&s, read_passwd), FINE);
}

struct attempt {
	int (*fn)(void);
	bool needs_root;
};

static void test_calls(void **state)
{
	static const struct attempt attempts[] = {{become_program}, {inet_socket}, {packet_socket}, {executable_memory},
						  {become_executable}, {trace}, {new_namespace, true}, {raise_limit}};
	struct sk_sandbox s = small();

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(attempts); i++) {
		if (attempts[i].needs_root && geteuid() != 0)
			continue;
		assert_int_equal(trial(NULL, attempts[i].fn), FINE);
		s.refusal = SK_REFUSE_TRAP;
		assert_int_equal(trial(&s, attempts[i].fn), SK_EXIT_SYSCALL);
		s.refusal = SK_REFUSE_ERRNO;
		assert_int_equal(trial(&s, attempts[i].fn), EPERM);
		s.refusal = SK_REFUSE_KILL;
		assert_int_equal(trial(&s, attempts[i].fn), 128 + SIGSYS);
	}
}

static void test_what_stays_possible(void **state)
{
	struct sk_sandbox s = small();

	(void)state;
	assert_int_equal(trial(&s, unix_socket), FINE);
	assert_int_equal(trial(&s, thread), FINE);
	assert_int_equal(trial(&s, many_files), FINE);
	assert_int_equal(trial(NULL, many_files), 1);
	s.net = true;
	assert_int_equal(trial(&s, inet_socket), FINE);
	s.net = false;
	assert_int_equal(trial(&s, device_messages), SK_EXIT_SYSCALL);
	s.uevents = true;
	assert_int_equal(trial(&s, device_messages), FINE);
	assert_int_equal(trial(&s, routes), SK_EXIT_SYSCALL); /* of netlink that alone */
	assert_int_equal(trial(&s, inet_socket), SK_EXIT_SYSCALL);
	s.uevents = false;
	s.syscalls = (const char *const[]){"socket", NULL};
	assert_int_equal(trial(&s, inet_socket), FINE);
}

static void test_a_program_is_run_only_when_all_agree(void **state)
{
	static const struct sk_land_rule programs[] = {{"/usr", SK_LAND_READ | SK_LAND_EXEC | SK_LAND_HOST},
						       {"/bin", SK_LAND_READ | SK_LAND_EXEC | SK_LAND_HOST},
						       {"/lib", SK_LAND_READ | SK_LAND_EXEC | SK_LAND_HOST},
						       {"/lib64", SK_LAND_READ | SK_LAND_EXEC | SK_LAND_HOST},
						       {"/etc", SK_LAND_READ | SK_LAND_HOST},
						       {NULL, 0}};
	struct sk_sandbox s = small();

	(void)state;
	s.fork = true;
	s.syscalls = (const char *const[]){"execve", "mmap", "mprotect", NULL};
	s.land = programs;
	assert_int_equal(trial(&s, run_program), FINE);
	s.fork = false;
	assert_int_equal(trial(&s, run_program), SK_EXIT_SYSCALL);
	if (sk_landlock_abi() == 0)
		return;
	s.fork = true;
	s.land = land;
	assert_int_equal(trial(&s, run_program), EACCES);
}

static void test_abstract_sockets(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct sk_sandbox s = small();
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	if (sk_landlock_abi() < 6)
		skip();
	snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "sekisho-test-%d", getpid());
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(trial(NULL, abstract_socket), FINE);
	assert_int_equal(trial(&s, abstract_socket), EPERM);
	close(fd);
}

static int check_user(void)
{
	uid_t a, b, c;

	getresuid(&a, &b, &c);
	if (a != 61100 || b != 61100 || c != 61100 || getgid() != 61100)
		return 1;
	if (syscall(SYS_getgroups, 0, NULL) != 0)
		return 2;
	if (prctl(PR_GET_DUMPABLE) != 0)
		return 3; /* another process of this user may not look into it */
	return FINE;
}

static int stay_closed(void)
{
	return prctl(PR_GET_DUMPABLE) == 0 ? FINE : EPERM;
}

/* A file that only CAP_DAC_READ_SEARCH opens. */
static int read_by_capability(void)
{
	return in_root("data/closed", O_RDONLY);
}

static void test_user_and_capabilities(void **state)
{
	struct sk_sandbox s = small();
	char path[300];

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(root, 0755), 0);
	file("data/closed");
	snprintf(path, sizeof path, "%s/data/closed", root);
	assert_int_equal(chmod(path, 0600), 0);
	s.uid = s.gid = 61100;
	assert_int_equal(trial(&s, check_user), FINE);
	assert_int_equal(trial(&s, read_by_capability), EACCES);
	s.caps = SK_CAP(CAP_DAC_READ_SEARCH);
	assert_int_equal(trial(&s, read_by_capability), FINE);
	assert_int_equal(trial(&s, check_user), FINE);
	/* Root without capabilities is a user like another. */
	assert_int_equal(chown(path, 61100, 61100), 0);
	s.uid = s.gid = (uid_t)-1;
	s.caps = 0;
	assert_int_equal(trial(&s, read_by_capability), EACCES);
	assert_int_equal(trial(&s, stay_closed), FINE);
	assert_int_equal(trial(NULL, stay_closed), EPERM);
}

static void test_wrong_declarations(void **state)
{
	struct sk_sandbox s = small();

	(void)state;
	s.syscalls = (const char *const[]){"no_such_call", NULL};
	assert_int_equal(trial(&s, unix_socket), SETUP);
	s = small();
	if (geteuid() == 0 && sk_landlock_abi() > 0) {
		char path[300];

		/* A rule never goes through a link: the path would be somebody else's choice. */
		snprintf(path, sizeof path, "%s/link", root);
		assert_int_equal(symlink("/etc", path), 0);
		s.land = (const struct sk_land_rule[]){{"link", SK_LAND_READ}, {NULL, 0}};
		assert_int_equal(trial(&s, unix_socket), SETUP);
	}
}

static void test_finding_users(void **state)
{
	uid_t uid = 7;
	gid_t gid = 7;

	(void)state;
	assert_int_equal(sk_user_find("root", &uid, &gid), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(sk_user_find("61100", &uid, &gid), 0);
	assert_int_equal(uid, 61100);
	assert_int_equal(gid, 61100);
	uid = 7;
	assert_int_equal(sk_user_find("no-such-user", &uid, &gid), 2 /* SK_NONE */);
	assert_int_equal(sk_user_find("4294967295", &uid, &gid), 2); /* (uid_t)-1 means "stay" */
	assert_int_equal(sk_user_find("", &uid, &gid), 2);
	assert_int_equal(uid, 7);
}

SK_TEST_MAIN(cmocka_unit_test_setup(test_files, make_root), cmocka_unit_test(test_calls),
	     cmocka_unit_test_setup(test_what_stays_possible, make_root), cmocka_unit_test(test_a_program_is_run_only_when_all_agree),
	     cmocka_unit_test(test_abstract_sockets), cmocka_unit_test_setup(test_user_and_capabilities, make_root),
	     cmocka_unit_test_setup(test_wrong_declarations, make_root), cmocka_unit_test(test_finding_users))
