// SPDX-License-Identifier: GPL-3.0-or-later
/* Paths that cannot leave, durable replacement, and disks that are full. */
#include "support/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "os/file.h"

static int top;

static const char *make_top(void)
{
	const char *path = sk_test_dir();

	assert_int_equal(sk_dir_open(path, "", &top), 0);
	return path;
}

static int file_read(const char *path, size_t max, char *out, size_t space)
{
	_cleanup_buf_ struct sk_buf buf = SK_BUF(1000);
	int r = sk_file_read(top, path, max, &buf);

	if (r == 0)
		snprintf(out, space, "%s", buf.data ? buf.data : "");
	else
		assert_int_equal(buf.size, 0);
	return r;
}

static void test_replace_and_read(void **state)
{
	char text[64];
	struct stat st;

	(void)state;
	make_top();
	umask(077);
	assert_int_equal(sk_dir_make(top, "a/b", -1, -1, 0750), 0);
	assert_int_equal(sk_file_replace("t", top, "a/b/f", "one", 3, 0644), 0);
	assert_int_equal(sk_file_replace("t", top, "a/b/f", "two", 3, 0644), 0);
	assert_int_equal(file_read("a/b/f", 10, text, sizeof text), 0);
	assert_string_equal(text, "two");
	assert_int_equal(fstatat(top, "a/b/f", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(fstatat(top, "a/b", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0750);
	assert_int_equal(faccessat(top, "a/b/.f.new", F_OK, 0), -1);
	assert_int_equal(sk_file_remove(top, "a/b/f"), 0);
	assert_int_equal(sk_file_remove(top, "a/b/f"), SK_NONE);
	assert_int_equal(file_read("a/b/f", 10, text, sizeof text), SK_NONE);
	assert_int_equal(file_read("none/f", 10, text, sizeof text), SK_NONE);
	/* What a killed writer left does not stop the next one. */
	assert_int_equal(close(openat(top, "a/b/.f.new", O_CREAT | O_WRONLY, 0600)), 0);
	assert_int_equal(sk_file_replace("t", top, "/a/b/f", "three", 5, 0600), 0);
	close(top);
}

static void test_maximum(void **state)
{
	char text[64], big[1000];

	(void)state;
	make_top();
	memset(big, 'x', sizeof big);
	assert_int_equal(sk_file_replace("t", top, "f", "12345", 5, 0600), 0);
	assert_int_equal(file_read("f", 5, text, sizeof text), 0);
	assert_int_equal(file_read("f", 4, text, sizeof text), SK_FULL);
	/* Exactly the buffer's own maximum, and one byte more. */
	assert_int_equal(sk_file_replace("t", top, "f", big, 1000, 0600), 0);
	assert_int_equal(file_read("f", 5000, text, sizeof text), 0);
	assert_int_equal(sk_file_replace("t", top, "f", "", 0, 0600), 0);
	assert_int_equal(file_read("f", 0, text, sizeof text), 0);
	assert_int_equal(sk_file_read(top, ".", 10, &SK_BUF(100)), -EISDIR);
	close(top);
}

static void test_links_are_not_followed(void **state)
{
	char text[64];
	int fd;

	(void)state;
	make_top();
	assert_int_equal(symlinkat("/etc", top, "link"), 0);
	assert_int_equal(symlinkat("real", top, "inside"), 0);
	assert_int_equal(sk_file_replace("t", top, "real", "r", 1, 0600), 0);
	assert_int_equal(file_read("link/passwd", 100000, text, sizeof text), SK_DENIED);
	assert_int_equal(file_read("inside", 10, text, sizeof text), SK_DENIED);
	/* ".." at the top stays there, as the root of a file system does. */
	assert_int_equal(file_read("../../../../real", 10, text, sizeof text), 0);
	assert_int_equal(sk_open_in(top, "../../etc/passwd", O_RDONLY, 0, &fd), SK_NONE);
	assert_int_equal(sk_dir_make(top, "link/made", -1, -1, 0700), SK_DENIED);
	assert_int_equal(sk_dir_make(top, "../made", -1, -1, 0700), SK_DENIED);
	assert_int_equal(sk_file_replace("t", top, "link/made", "x", 1, 0600), SK_DENIED);
	/* Replacing a link replaces the link, not what it names. */
	assert_int_equal(sk_file_replace("t", top, "inside", "new", 3, 0600), 0);
	assert_int_equal(file_read("real", 10, text, sizeof text), 0);
	assert_string_equal(text, "r");
	close(top);
}

#ifdef SK_POINTS
/* The switches are read when a program starts: so the program is started again. */
static int again(const char *variable, const char *value, const char *mode)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		setenv(variable, value, 1);
		setenv("SEKISHO_LOG", "error", 1);
		execl("/proc/self/exe", "test-file", mode, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void test_full_disk(void **state)
{
	const char *path = make_top();
	char flag[300], rule[400];

	(void)state;
	/* A replacement passes its point twice: write and fsync. */
	assert_int_equal(again("SEKISHO_FAIL", "t.write:1:ENOSPC", "1"), ENOSPC);
	assert_int_equal(again("SEKISHO_FAIL", "t.write:2:EIO", "1"), EIO);
	assert_int_equal(again("SEKISHO_FAIL", "t.write:3:EIO", "1"), 0);
	assert_int_equal(again("SEKISHO_FAIL", "t.write:3:EIO", "2"), EIO);
	assert_int_equal(again("SEKISHO_FAIL", "t.write:3:EIO", "3"), 0); /* once */
	assert_int_equal(again("SEKISHO_FAIL", "t.write:3+:EDQUOT", "3"), EDQUOT);
	assert_int_equal(again("SEKISHO_FAIL", "other:1:EIO,t.write:5:EROFS", "3"), EROFS);
	assert_int_equal(again("SEKISHO_FAIL", "other:1+:EIO", "3"), 0);
	snprintf(flag, sizeof flag, "%s/full", path);
	snprintf(rule, sizeof rule, "t.write:@%s:ENOSPC", flag);
	assert_int_equal(again("SEKISHO_FAIL", rule, "1"), 0);
	sk_test_write(flag, "", 0);
	assert_int_equal(again("SEKISHO_FAIL", rule, "1"), ENOSPC);
	/* A switch that cannot be read does not pass for one that does nothing. */
	assert_int_equal(again("SEKISHO_FAIL", "t.write:1:EWHAT", "1"), 2);
	assert_int_equal(again("SEKISHO_FAIL", "t.write:0:EIO", "1"), 2);
	close(top);
}

/* The nth replacement, as an exit status; the old content stands after a failure. */
static int child(int n)
{
	int r = 0;

	sk_test_begin();
	make_top();
	for (int i = 1; i <= n; i++) {
		char content[2] = {(char)('0' + i)};
		struct sk_buf old = SK_BUF(10), new = SK_BUF(10);

		sk_file_read(top, "f", 5, &old);
		r = sk_file_replace("t.write", top, "f", content, 1, 0600);
		sk_file_read(top, "f", 5, &new);
		if (r && (old.size != new.size || (old.size && memcmp(old.data, new.data, old.size))))
			return 99;
		if (faccessat(top, ".f.new", F_OK, 0) == 0)
			return 98;
		sk_buf_done(&old);
		sk_buf_done(&new);
	}
	return -r;
}
#endif

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replace_and_read),
		cmocka_unit_test(test_maximum),
		cmocka_unit_test(test_links_are_not_followed),
#ifdef SK_POINTS
		cmocka_unit_test(test_full_disk),
#endif
	};

#ifdef SK_POINTS
	if (argc == 2)
		exit(child(argv[1][0] - '0'));
#endif
	sk_test_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
