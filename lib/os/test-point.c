// SPDX-License-Identifier: GPL-3.0-or-later
/* Crash points: killed at the nth pass, counted over processes, once; and the list of those reached. */
#include "support/harness.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/point.h"

#ifdef SK_POINTS
/*
 * What main and its duties do: processes that pass a point one after the other. The exit status is how many
 * were killed.
 */
static int worker(void)
{
	int killed = 0, status;

	for (int i = 0; i < 6; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			SK_POINT("t.one");
			SK_POINT("t.two");
			_exit(0);
		}
		waitpid(pid, &status, 0);
		killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 1 << i : 0;
	}
	return killed;
}

static int again(const char *point, const char *log)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		setenv("SEKISHO_POINT", point, 1);
		if (log)
			setenv("SEKISHO_POINT_LOG", log, 1);
		execl("/proc/self/exe", "test-point", "work", (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_killed_once(void **state)
{
	(void)state;
	assert_int_equal(again("t.one:1", NULL), 1 << 0);
	assert_int_equal(again("t.one:3", NULL), 1 << 2);
	assert_int_equal(again("t.two:6", NULL), 1 << 5);
	assert_int_equal(again("t.two:7", NULL), 0);
	assert_int_equal(again("t.none:1", NULL), 0);
	assert_int_equal(again("t.one:2,t.two:3", NULL), 1 << 1 | 1 << 3);
	assert_int_equal(again("t.one", NULL), 2); /* unreadable: refused, not ignored */
}

static void test_log(void **state)
{
	char path[300], text[300] = "";
	int fd;

	(void)state;
	snprintf(path, sizeof path, "%s/log", sk_test_dir());
	assert_int_equal(again("t.one:1", path), 1);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0 && read(fd, text, sizeof text - 1) > 0);
	close(fd);
	/* The point is in the list although the process died there; each process names each point once. */
	assert_int_equal(strncmp(text, "t.one\nt.one\nt.two\n", 18), 0);
}
#endif

int main(int argc, char **argv)
{
#ifdef SK_POINTS
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_killed_once), cmocka_unit_test(test_log)};

	if (argc == 2 && strcmp(argv[1], "work") == 0)
		exit(worker());
	sk_test_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
#else
	(void)argc;
	(void)argv;
	printf("1..0 # SKIP built without points\n");
	return 0;
#endif
}
