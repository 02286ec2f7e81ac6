// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Named sockets: reached, absent, dead, forbidden, below a root longer than an address; who is at the other
 * end; TCP addresses.
 */
#include "support/harness.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "os/file.h"
#include "os/peer.h"

static void make_run(const char *root, int *ret_dir)
{
	int top;

	assert_int_equal(sk_dir_open(root, "", &top), 0);
	assert_int_equal(sk_dir_make(top, "run/sekisho", -1, -1, 0755), 0);
	assert_int_equal(sk_dir_open(root, "run/sekisho", ret_dir), 0);
	close(top);
}

static void reach(const char *root)
{
	int dir, listener, fd, other;
	uid_t uid = 12345;

	make_run(root, &dir);
	assert_int_equal(sk_peer_connect(root, "a.sock", &fd), SK_NONE);
	assert_int_equal(sk_peer_listen(dir, "a.sock", -1, -1, 0600, &listener), 0);
	assert_int_equal(sk_peer_connect(root, "a.sock", &fd), 0);
	other = accept(listener, NULL, NULL);
	assert_true(other >= 0);
	assert_int_equal(sk_peer_uid(other, &uid), 0);
	assert_int_equal(uid, geteuid());
	close(other);
	close(fd);
	close(listener);
	/* Dead: the name is there, nobody behind it. Listening again replaces it. */
	assert_int_equal(sk_peer_connect(root, "a.sock", &fd), SK_NONE);
	assert_int_equal(sk_peer_listen(dir, "a.sock", -1, -1, 0600, &listener), 0);
	assert_int_equal(sk_peer_connect(root, "a.sock", &fd), 0);
	close(fd);
	close(listener);
	close(dir);
}

static void test_reach(void **state)
{
	(void)state;
	reach(sk_test_dir());
}

static void test_long_root(void **state)
{
	char root[400];
	int n = snprintf(root, sizeof root, "%s", sk_test_dir());

	(void)state;
	for (int i = 0; i < 4; i++) {
		n += snprintf(root + n, sizeof root - (size_t)n, "/%050d", i);
		assert_int_equal(mkdir(root, 0755), 0);
	}
	reach(root);
}

static void test_forbidden(void **state)
{
	const char *root = sk_test_dir();
	int dir, listener, fd, status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	chmod(root, 0755);
	make_run(root, &dir);
	assert_int_equal(sk_peer_listen(dir, "a.sock", -1, 61101, 0660, &listener), 0);
	for (uid_t uid = 61100; uid <= 61101; uid++) {
		uid_t seen = 1;

		pid = fork();
		if (pid == 0) {
			if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
				_exit(99);
			_exit(sk_peer_connect(root, "a.sock", &fd));
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(WEXITSTATUS(status), uid == 61101 ? 0 : SK_DENIED);
		if (uid == 61101) {
			fd = accept(listener, NULL, NULL);
			assert_int_equal(sk_peer_uid(fd, &seen), 0);
			assert_int_equal(seen, 61101);
			close(fd);
		}
	}
	close(listener);
	close(dir);
}

static void test_tcp(void **state)
{
	static const char *const bad[] = {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", ":80", "localhost:80", "127.0.0.1:80x",
					  "[::1:80", "::1:80", "[]:80", "256.0.0.1:80"};
	char address[64];
	int fd, again;
	uid_t uid;

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++)
		assert_int_equal(sk_tcp_listen(bad[i], &fd), SK_BAD);
	assert_int_equal(sk_tcp_listen("127.0.0.1:0", &fd), 0);
	assert_in_range(sk_tcp_port(fd), 1, 65535);
	snprintf(address, sizeof address, "127.0.0.1:%u", sk_tcp_port(fd));
	assert_int_equal(sk_tcp_listen(address, &again), -EADDRINUSE);
	assert_true(sk_peer_uid(fd, &uid) < 0); /* nobody vouches for the other end of TCP */
	close(fd);
}

static void test_roles(void **state)
{
	(void)state;
	sk_role_add("spool", 61100);
	sk_role_add("link", 61101);
	assert_true(sk_role_is(0, "root"));
	assert_true(sk_role_is(61100, "spool"));
	assert_false(sk_role_is(61100, "link"));
	assert_false(sk_role_is(61100, "root"));
	assert_false(sk_role_is(61109, "spool"));
	assert_string_equal(sk_role_of(0), "root");
	assert_string_equal(sk_role_of(61101), "link");
	assert_null(sk_role_of(61109));
}

SK_TEST_MAIN(cmocka_unit_test(test_reach), cmocka_unit_test(test_long_root), cmocka_unit_test(test_forbidden), cmocka_unit_test(test_tcp),
	     cmocka_unit_test(test_roles))
