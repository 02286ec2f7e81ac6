// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The stand-ins for older kernels, one by one: what looks executable, who is executing, a child that waits for the lock of an execution, the end of a
 * process. That they work together is tests/integration/lockdown-older.py's.
 */
#include "support/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "lockdown/guard/guard.h"
#include "lockdown/guard/older.h"

static bool looks(const void *data, size_t size)
{
	char path[300];
	_cleanup_close_ int fd = -1;

	snprintf(path, sizeof path, "%s/file", sk_test_dir());
	sk_test_write(path, data, size);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return lk_looks_executable(fd);
}

static void test_looks(void **state)
{
	unsigned char elf[64] = "\177ELF";

	(void)state;
	assert_true(looks("#!/bin/sh\n", 10));
	assert_true(looks("#!", 2));
	assert_false(looks("#", 1));
	assert_false(looks("", 0));
	assert_false(looks("PK\003\004 data", 9));
	elf[16] = 2;
	assert_true(looks(elf, sizeof elf)); /* ET_EXEC */
	elf[16] = 3;
	assert_true(looks(elf, sizeof elf)); /* ET_DYN */
	elf[16] = 1;
	assert_false(looks(elf, sizeof elf)); /* ET_REL */
	elf[16] = 4;
	assert_false(looks(elf, sizeof elf)); /* ET_CORE */
	elf[16] = 0;
	elf[17] = 2;
	assert_true(looks(elf, sizeof elf)); /* of the other byte order: binfmt_misc runs it */
	assert_false(looks(elf, 17));
	assert_true(lk_looks_executable(-1)); /* cannot be read: not let through */
}

static void test_data(void **state)
{
	static struct lk_shared shared;
	char path[300];
	struct lk_slot slot = {.meta = {.pid = 1, .mask = FAN_OPEN_EXEC_PERM | LK_BY_OPEN}};

	(void)state;
	snprintf(path, sizeof path, "%s/file", sk_test_dir());
	sk_test_write(path, "x", 1);
	slot.meta.fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(chmod(path, 0644), 0);
	assert_true(lk_is_data(&shared, &slot));
	for (unsigned bit = 1; bit <= 0100; bit <<= 3) {
		assert_int_equal(chmod(path, 0600 | bit), 0);
		assert_false(lk_is_data(&shared, &slot));
	}
	slot.meta.mask = FAN_OPEN_EXEC_PERM;
	assert_int_equal(chmod(path, 0644), 0);
	assert_false(lk_is_data(&shared, &slot));
	slot.meta.mask = FAN_OPEN_EXEC_PERM | LK_BY_OPEN;
	assert_int_equal(chmod(path, 0755), 0);
	shared.guard_pid = 1;
	assert_true(lk_is_data(&shared, &slot)); /* the guard's own look */
	close(slot.meta.fd);
}

static void *wait_for_ever(void *arg)
{
	poll(NULL, 0, -1);
	return arg;
}

/* A process that waits in another call, with several threads; one that is running never says so for sure. */
static pid_t waiter(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pthread_t thread;

		alarm(20);
		pthread_create(&thread, NULL, wait_for_ever, NULL);
		wait_for_ever(NULL);
		_exit(0);
	}
	usleep(50000);
	return pid;
}

static void test_executing(void **state)
{
	uint64_t before = lk_now_us();
	pid_t pid = waiter();

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_false(lk_is_executing(pid));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_true(lk_is_executing(pid)); /* gone: cannot be said */
	pid = fork();
	if (pid == 0)
		for (alarm(20);;)
			;
	before = lk_now_us();
	assert_true(lk_is_executing(pid)); /* running: cannot be said */
	assert_true(lk_now_us() - before < 1000000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* While its vfork() child lives, a process sleeps as one does that waits for the lock of an execution: killably, not interruptibly. */
static void test_stuck(void **state)
{
	uint64_t before = lk_now_us();
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		if (syscall(SYS_vfork) == 0) {
			alarm(3);
			for (;;)
				syscall(SYS_pause);
		}
		_exit(LK_HEARD_NONE);
	}
	assert_int_equal(lk_hear(pid, lk_now_us() + 2000000), LK_HEARD_EXECUTION);
	assert_true(lk_now_us() - before < 1000000);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
	pid = fork();
	if (pid == 0)
		_exit(LK_HEARD_NONE);
	assert_int_equal(lk_hear(pid, lk_now_us() + 2000000), LK_HEARD_NONE);
	pid = fork();
	if (pid == 0)
		pause();
	assert_int_equal(lk_hear(pid, lk_now_us() + 30000), LK_HEARD_UNCERTAIN); /* asleep, but not so */
}

static void test_process(void **state)
{
	pid_t pid = waiter();
	int fd = lk_process_watch(pid);
	struct pollfd poller = {.fd = fd, .events = POLLIN};

	(void)state;
	assert_true(fd >= 0);
	lk_process_look(fd, pid);
	assert_int_equal(poll(&poller, 1, 0), 0);
	kill(pid, SIGKILL);
	for (int i = 0; i < 100 && poll(&poller, 1, 20) == 0; i++)
		lk_process_look(fd, pid);
	assert_int_equal(poll(&poller, 1, 0), 1);
	waitpid(pid, NULL, 0);
	close(fd);
	assert_int_equal(lk_process_watch(pid), -1);
}

static void test_mount_point(void **state)
{
	char path[300];

	(void)state;
	assert_true(lk_is_mount_point("/proc"));
	snprintf(path, sizeof path, "%s", sk_test_dir());
	assert_false(lk_is_mount_point(path));
}

SK_TEST_MAIN(cmocka_unit_test(test_looks), cmocka_unit_test(test_data), cmocka_unit_test(test_executing), cmocka_unit_test(test_stuck),
	     cmocka_unit_test(test_process), cmocka_unit_test(test_mount_point))
