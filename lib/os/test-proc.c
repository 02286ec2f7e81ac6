// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The process table with real processes: a program of two duties is started in a temporary root, talked to
 * through its sockets, hurt and looked at through /proc. "echo" answers one-letter orders; "stay" survives
 * main.
 */
#include "support/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "os/clock.h"
#include "os/peer.h"
#include "os/proc.h"

enum { ECHO_UID = 61100, STAY_UID = 61101, KEEPER_MS = 700 };

struct server {
	const struct sk_duty_ctx *ctx;
	int hups;
};

static void on_hup(void *arg)
{
	((struct server *)arg)->hups++;
}

static int keeper(void *arg)
{
	(void)arg;
	nanosleep(&(struct timespec){.tv_nsec = KEEPER_MS * 1000000L}, NULL);
	_exit(0);
}

static int try_open(const struct server *server, const char *path, int flags)
{
	char full[512];
	int fd;

	snprintf(full, sizeof full, "%s%s", server->ctx->root, path);
	fd = open(full, flags | O_CLOEXEC);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* The child shares our descriptors, as lockdown's keeper does; then we die and it lives on. */
static void leave_keeper(void)
{
	static char stack[65536];

	if (clone(keeper, stack + sizeof stack, CLONE_FILES | SIGCHLD, NULL) < 0)
		_exit(99);
	_exit(5);
}

static void obey(struct server *server, int fd, char order)
{
	char answer[128];

	snprintf(answer, sizeof answer, "%d %u %d %d\n", getpid(), server->ctx->start, server->hups,
		 order == 'r' ? try_open(server, "/data/allowed", O_RDONLY) : order == 'w' ? try_open(server, "/data/allowed", O_WRONLY)
		 : order == 'f' ? try_open(server, "/secret", O_RDONLY) : 0);
	if (write(fd, answer, strlen(answer)) < 0)
		_exit(98);
	if (order == 'x')
		_exit(7);
	if (order == 's')
		syscall(SYS_mount, NULL, NULL, NULL, 0, NULL);
	if (order == 'k')
		leave_keeper();
}

static void on_connection(void *arg, int listener, unsigned what)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	char order;

	(void)what;
	if (fd < 0)
		return;
	if (read(fd, &order, 1) == 1)
		obey(arg, fd, order);
	close(fd);
}

static int run_echo(const struct sk_duty_ctx *ctx)
{
	struct server server = {.ctx = ctx};
	struct sk_watch *watch = NULL;
	struct sk_loop *loop = NULL;
	char name[32];
	int r;

	snprintf(name, sizeof name, "%s.sock", ctx->name);
	if (sk_duty_loop(ctx, on_hup, &server, &loop) ||
	    sk_watch_fd(loop, sk_duty_listener(ctx, name), SK_READ, on_connection, &server, &watch))
		return 50;
	sk_duty_ready(ctx);
	r = sk_loop_run(loop);
	sk_watch_free(watch);
	sk_duty_loop_free(ctx, loop);
	return r;
}

static int run_deaf(const struct sk_duty_ctx *ctx)
{
	sigaction(SIGTERM, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	sk_duty_ready(ctx);
	sk_log(SK_LOG_INFO, "deaf from now on");
	for (;;)
		pause();
	return 0;
}

static const char *user_of(void *config, const char *duty)
{
	(void)config;
	return strcmp(duty, "echo") == 0 ? "61100" : "61101";
}

static const struct sk_land_rule echo_land[] = {{"data", SK_LAND_READ}, {"not-there", SK_LAND_READ}, {NULL, 0}};
static const char *const echo_calls[] = {"pause", NULL};
static const struct sk_listener echo_listeners[] = {{.name = "echo.sock", .group = "stay"}, {.name = NULL}};
static const struct sk_listener stay_listeners[] = {{.name = "stay.sock"}, {.name = NULL}};
static const struct sk_duty both[] = {
	{.name = "echo", .land = echo_land, .listeners = echo_listeners, .fork = true, .run = run_echo},
	{.name = "stay", .listeners = stay_listeners, .survives_main = true, .run = run_echo},
};
static const struct sk_duty deaf[] = {{.name = "echo", .syscalls = echo_calls, .run = run_deaf}};

static const char *root;
static char log_path[256];

static void make_root(void)
{
	char path[256];

	root = sk_test_dir();
	chmod(root, 0755);
	snprintf(path, sizeof path, "%s/data", root);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof path, "%s/data/allowed", root);
	sk_test_write(path, "x", 1);
	chmod(path, 0666);
	snprintf(path, sizeof path, "%s/secret", root);
	sk_test_write(path, "x", 1);
	chmod(path, 0644);
	snprintf(log_path, sizeof log_path, "%s/log", root);
}

/* Main as a process of its own; its notes go to a file. */
static pid_t start_main(const struct sk_duty *table, size_t count)
{
	const struct sk_proc_opts opts = {.program = "sekisho-test", .root = root, .user_of = user_of, .stop_ms = 600};
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);

		dup2(fd, STDERR_FILENO);
		sk_log_max(SK_LOG_INFO);
		_exit(sk_proc_run(table, count, &opts));
	}
	return pid;
}

static int stop_main(pid_t pid, int number)
{
	int status;

	kill(pid, number);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

struct answer {
	int pid, start, hups, error;
};

/* False when nobody answered within 5 s. Retries while the socket does not exist yet. */
static bool order(const char *name, char what, struct answer *ret)
{
	uint64_t until = sk_clock_mono_ms() + 5000;
	char text[128] = "";
	int fd = -1;

	while (sk_peer_connect(root, name, &fd) != 0) {
		if (sk_clock_mono_ms() > until)
			return false;
		usleep(5000);
	}
	fcntl(fd, F_SETFL, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 5}, sizeof(struct timeval));
	if (write(fd, &what, 1) != 1 || read(fd, text, sizeof text - 1) <= 0) {
		close(fd);
		return false;
	}
	close(fd);
	return sscanf(text, "%d %d %d %d", &ret->pid, &ret->start, &ret->hups, &ret->error) == 4;
}

static bool log_has(const char *text)
{
	char all[16384] = "";
	int fd = open(log_path, O_RDONLY);

	if (fd >= 0 && read(fd, all, sizeof all - 1) < 0)
		all[0] = '\0';
	close(fd);
	return strstr(all, text) != NULL;
}

static bool exists(const char *name)
{
	char path[512];

	snprintf(path, sizeof path, "%s/run/sekisho/%s", root, name);
	return access(path, F_OK) == 0;
}

/* Reaps nothing: the process is not our child. A zombie counts as gone. */
static bool gone_within(pid_t pid, int ms)
{
	uint64_t until = sk_clock_mono_ms() + (uint64_t)ms;

	do {
		char path[64], text[512] = "";
		int fd;

		snprintf(path, sizeof path, "/proc/%d/stat", pid);
		fd = open(path, O_RDONLY);
		if (fd < 0)
			return true;
		if (read(fd, text, sizeof text - 1) > 0 && strstr(text, ") Z "))
			text[0] = '\0';
		close(fd);
		if (!text[0])
			return true;
		usleep(5000);
	} while (sk_clock_mono_ms() < until);
	return false;
}

static void status_has(pid_t pid, const char *line)
{
	char path[64], text[4096] = "";
	int fd;

	snprintf(path, sizeof path, "/proc/%d/status", pid);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_true(read(fd, text, sizeof text - 1) > 0);
	close(fd);
	if (!strstr(text, line))
		fail_msg("/proc/%d/status has no \"%s\":\n%s", pid, line, text);
}

/* What a main leaves behind comes to this process, so that clean_up() finds it. */
static int begin(void **state)
{
	(void)state;
	return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

/* After a test that failed half-way, or with a feature taken out: whatever is left of its processes goes. */
static int clean_up(void **state)
{
	(void)state;
	for (;;) {
		char path[64], text[256] = "";
		pid_t pid;
		int fd;

		snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return -1;
		if (read(fd, text, sizeof text - 1) < 0)
			text[0] = '\0';
		close(fd);
		pid = (pid_t)strtol(text, NULL, 10);
		if (pid <= 0)
			return 0;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

static void need_root(void)
{
	if (geteuid() != 0)
		skip();
}

static void test_identity(void **state)
{
	struct answer a;
	struct stat st;
	char path[256];
	pid_t pid;

	(void)state;
	need_root();
	make_root();
	pid = start_main(both, 2);
	assert_true(order("echo.sock", 'i', &a));
	status_has(a.pid, "Name:\tsekisho-echo\n");
	status_has(a.pid, "Uid:\t61100\t61100\t61100\t61100\n");
	status_has(a.pid, "Gid:\t61100\t61100\t61100\t61100\n");
	status_has(a.pid, "Groups:\t \n");
	status_has(a.pid, "CapInh:\t0000000000000000\n");
	status_has(a.pid, "CapPrm:\t0000000000000000\n");
	status_has(a.pid, "CapEff:\t0000000000000000\n");
	status_has(a.pid, "CapBnd:\t0000000000000000\n");
	status_has(a.pid, "CapAmb:\t0000000000000000\n");
	status_has(a.pid, "NoNewPrivs:\t1\n");
	status_has(a.pid, "Seccomp:\t2\n");
	assert_int_equal(getpgid(a.pid), a.pid);
	snprintf(path, sizeof path, "%s/run/sekisho/echo.sock", root);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(st.st_gid, STAY_UID);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(stop_main(pid, SIGTERM), 0);
	assert_false(exists("echo.sock"));
	assert_false(exists("sekisho-test.pid"));
}

static void test_files(void **state)
{
	struct answer a;
	pid_t pid;

	(void)state;
	need_root();
	if (sk_landlock_abi() == 0)
		skip();
	make_root();
	pid = start_main(both, 2);
	/* Modes allow all three; only Landlock refuses. */
	assert_true(order("echo.sock", 'r', &a));
	assert_int_equal(a.error, 0);
	assert_true(order("echo.sock", 'w', &a));
	assert_int_equal(a.error, EACCES);
	assert_true(order("echo.sock", 'f', &a));
	assert_int_equal(a.error, EACCES);
	assert_int_equal(stop_main(pid, SIGTERM), 0);
}

static void test_restart(void **state)
{
	struct answer a, b;
	pid_t pid;

	(void)state;
	need_root();
	make_root();
	pid = start_main(both, 2);
	for (int i = 0; i < 3; i++) {
		uint64_t died, back;

		assert_true(order("echo.sock", 'x', &a));
		assert_int_equal(a.start, i);
		died = sk_clock_mono_ms();
		/* Connects while nobody accepts: the client waits in the backlog of main's listener. */
		assert_true(order("echo.sock", 'i', &b));
		back = sk_clock_mono_ms() - died;
		assert_int_not_equal(a.pid, b.pid);
		assert_int_equal(b.start, i + 1);
		assert_in_range(back, (100 << i) - 20, (100 << i) + 1500);
	}
	assert_true(log_has("echo ended with status 7"));
	assert_true(log_has("echo starts again in 400 ms"));
	assert_int_equal(stop_main(pid, SIGTERM), 0);
}

static void test_keeper_holds_the_life_line(void **state)
{
	uint64_t begin;
	struct answer a, b;
	pid_t pid;

	(void)state;
	need_root();
	make_root();
	pid = start_main(both, 2);
	assert_true(order("echo.sock", 'k', &a));
	begin = sk_clock_mono_ms();
	assert_true(order("echo.sock", 'i', &b));
	/* Not 100 ms after its death, but after the death of the one it left behind. */
	assert_in_range(sk_clock_mono_ms() - begin, KEEPER_MS - 50, KEEPER_MS + 2500);
	assert_int_not_equal(a.pid, b.pid);
	assert_true(log_has("echo ended with status 5 (what it cloned may live on)"));
	assert_int_equal(stop_main(pid, SIGTERM), 0);
}

static void test_forbidden_call(void **state)
{
	struct answer a;
	pid_t pid;

	(void)state;
	need_root();
	make_root();
	pid = start_main(both, 2);
	assert_true(order("echo.sock", 's', &a));
	assert_true(order("echo.sock", 'i', &a));
	assert_int_equal(a.start, 1);
	assert_true(log_has("echo: system call ") && log_has("is not allowed"));
	assert_true(log_has("it asked for the system call mount"));
	assert_true(log_has("echo ended with status 159"));
	assert_int_equal(stop_main(pid, SIGTERM), 0);
}

/* Whoever may open a lock file may take the lock (flock asks for no right to write), and so keep us from ever starting again. */
static void test_lock_files_are_ours(void **state)
{
	static const char *const names[] = {"sekisho-test.pid", "stay.life"};
	struct answer a;
	struct stat st;
	char path[256];
	pid_t pid;
	int fd;

	(void)state;
	need_root();
	make_root();
	snprintf(path, sizeof path, "%s/run", root);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof path, "%s/run/sekisho", root);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof path, "%s/run/sekisho/%s", root, names[0]);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644); /* left by somebody who was less careful */
	assert_true(fd >= 0);
	close(fd);
	pid = start_main(both, 2);
	assert_true(order("stay.sock", 'i', &a));
	for (size_t i = 0; i < SK_ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof path, "%s/run/sekisho/%s", root, names[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_uid, 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
	assert_int_equal(stop_main(pid, SIGTERM), 0);
}

static void test_main_killed(void **state)
{
	struct answer echo, stay, again;
	pid_t pid;

	(void)state;
	need_root();
	make_root();
	pid = start_main(both, 2);
	assert_true(order("echo.sock", 'i', &echo));
	assert_true(order("stay.sock", 'i', &stay));
	assert_int_equal(stop_main(pid, SIGKILL), -SIGKILL);
	assert_true(gone_within(echo.pid, 2000));
	assert_false(gone_within(stay.pid, 300));
	assert_true(order("stay.sock", 'i', &again));
	assert_int_equal(again.pid, stay.pid);
	/* The next main replaces what survived. */
	pid = start_main(both, 2);
	assert_true(gone_within(stay.pid, 3000));
	assert_true(order("echo.sock", 'i', &echo));
	assert_true(order("stay.sock", 'i', &again));
	assert_int_not_equal(again.pid, stay.pid);
	assert_true(log_has("stay outlived an earlier main"));
	assert_int_equal(stop_main(pid, SIGTERM), 0);
}

/* SIGUSR2: main ends in order, what survives it is left for the next one. */
static void test_hand_over(void **state)
{
	struct answer echo, stay, again;
	pid_t pid;

	(void)state;
	need_root();
	make_root();
	pid = start_main(both, 2);
	assert_true(order("echo.sock", 'i', &echo));
	assert_true(order("stay.sock", 'i', &stay));
	assert_int_equal(stop_main(pid, SIGUSR2), 0);
	assert_true(gone_within(echo.pid, 2000));
	assert_false(gone_within(stay.pid, 300));
	pid = start_main(both, 2);
	assert_true(gone_within(stay.pid, 3000));
	assert_true(order("stay.sock", 'i', &again));
	assert_int_not_equal(again.pid, stay.pid);
	assert_int_equal(stop_main(pid, SIGTERM), 0);
	assert_true(gone_within(again.pid, 2000));
}

static void test_second_instance(void **state)
{
	struct answer a;
	pid_t pid, second;
	int status;

	(void)state;
	need_root();
	make_root();
	pid = start_main(both, 2);
	assert_true(order("echo.sock", 'i', &a));
	second = start_main(both, 2);
	assert_true(gone_within(second, 3000));
	assert_int_equal(waitpid(second, &status, WNOHANG), second);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 3);
	assert_true(log_has("already running as process"));
	assert_true(order("echo.sock", 'i', &a));
	assert_int_equal(stop_main(pid, SIGTERM), 0);
}

static void test_hangup_and_notification(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct answer a = {0};
	char text[64] = "";
	pid_t pid;
	int fd;

	(void)state;
	need_root();
	make_root();
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s/notify", root);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 5}, sizeof(struct timeval));
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	pid = start_main(both, 2);
	unsetenv("NOTIFY_SOCKET");
	assert_true(recv(fd, text, sizeof text - 1, 0) > 0);
	assert_string_equal(text, "READY=1");
	kill(pid, SIGHUP);
	for (int i = 0; i < 200 && a.hups == 0; i++)
		assert_true(order("echo.sock", 'i', &a));
	assert_int_equal(a.hups, 1);
	assert_int_equal(stop_main(pid, SIGTERM), 0);
	memset(text, 0, sizeof text);
	assert_true(recv(fd, text, sizeof text - 1, 0) > 0);
	assert_string_equal(text, "STOPPING=1");
	close(fd);
}

static void test_deadline(void **state)
{
	uint64_t begin;
	pid_t pid;

	(void)state;
	need_root();
	make_root();
	pid = start_main(deaf, 1);
	for (int i = 0; i < 4000 && !log_has("deaf from now on"); i++)
		usleep(5000);
	begin = sk_clock_mono_ms();
	assert_int_equal(stop_main(pid, SIGTERM), 0);
	assert_in_range(sk_clock_mono_ms() - begin, 500, 20000); /* at 600; a machine under load is late */
	assert_true(log_has("echo does not stop: killing it"));
}

static void test_refuses_unknown_user(void **state)
{
	const struct sk_proc_opts opts = {.program = "sekisho-test", .root = NULL};
	struct sk_proc_opts own = opts;
	int status;
	pid_t pid;

	(void)state;
	need_root();
	make_root();
	own.root = root;
	pid = fork();
	if (pid == 0) {
		dup2(open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0600), STDERR_FILENO);
		_exit(sk_proc_run(both, 2, &own)); /* sekisho-echo is no user of this machine */
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 3);
	assert_true(log_has("no user sekisho-echo for echo"));
	assert_false(exists("sekisho-test.pid"));
}

static void test_developer_mode(void **state)
{
	struct answer a;
	pid_t pid;

	(void)state;
	make_root();
	if (geteuid() == 0) {
		assert_int_equal(chown(root, 61109, 61109), 0);
		pid = fork();
		if (pid == 0) {
			/* The whole test as an ordinary user. */
			bool fine;
			pid_t inner;

			if (setresgid(61109, 61109, 61109) || setresuid(61109, 61109, 61109))
				_exit(9);
			inner = start_main(both, 2);
			fine = order("echo.sock", 'i', &a);
			_exit(fine && stop_main(inner, SIGTERM) == 0 && log_has("developer mode") ? 0 : 1);
		}
		assert_int_equal(stop_main(pid, 0), 0);
		return;
	}
	pid = start_main(both, 2);
	assert_true(order("echo.sock", 'i', &a));
	assert_true(log_has("developer mode"));
	assert_int_equal(stop_main(pid, SIGTERM), 0);
}

#define CLEAN(test) cmocka_unit_test_setup_teardown(test, begin, clean_up)

SK_TEST_MAIN(CLEAN(test_identity), CLEAN(test_files), CLEAN(test_restart),
	     CLEAN(test_keeper_holds_the_life_line), CLEAN(test_forbidden_call), CLEAN(test_main_killed),
	     CLEAN(test_lock_files_are_ours),
	     CLEAN(test_hand_over), CLEAN(test_second_instance), CLEAN(test_hangup_and_notification), CLEAN(test_deadline),
	     CLEAN(test_refuses_unknown_user), CLEAN(test_developer_mode))
