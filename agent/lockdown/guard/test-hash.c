// SPDX-License-Identifier: GPL-3.0-or-later
/* The lease before the hashing: held, refused by a writer, not permitted. In children, for the last takes another user. */
#include "lockdown/guard/guard.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/harness.h"

/* What lk_lease() says in a child of user `uid` (0: unchanged); 16 is added when it says that there are no leases. */
static int lease_as(uid_t uid, int fd)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		bool supported;
		enum lk_trouble trouble;

		if (uid && setresuid(uid, uid, uid) < 0)
			_exit(99);
		trouble = lk_lease(fd, lk_now_us() + 5000, &supported);
		_exit((int)trouble + (supported ? 0 : 16));
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_lease(void **state)
{
	char path[] = "/tmp/test-hash-XXXXXX";
	int writer = mkstemp(path), fd = open(path, O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(writer >= 0 && fd >= 0);
	unlink(path);
	assert_int_equal(lease_as(0, fd), LK_TROUBLE_WRITER);
	close(writer);
	assert_int_equal(lease_as(0, fd), LK_TROUBLE_NONE);
	close(fd);
}

/* Somebody else's file, without CAP_LEASE: not "this file system has no leases", which would let it be judged without one. */
static void test_lease_not_permitted(void **state)
{
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(lease_as(geteuid() == 0 ? 65534 : 0, fd), LK_TROUBLE_UNREADABLE);
	close(fd);
}

SK_TEST_MAIN(cmocka_unit_test(test_lease), cmocka_unit_test(test_lease_not_permitted))
