// SPDX-License-Identifier: GPL-3.0-or-later
/* The test side of cmocka: TAP, temporary folders. */
#include "support/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

static char folders[16][128];
static int folder_count;
static pid_t owner;

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

static void remove_folders(void)
{
	if (getpid() != owner)
		return; /* a forked child must not clean up after its parent */
	for (int i = 0; i < folder_count; i++)
		nftw(folders[i], remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

void sk_test_begin(void)
{
	owner = getpid();
	setenv("SEKISHO_LOG", "error", 0);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	atexit(remove_folders);
}

const char *sk_test_dir(void)
{
	const char *base = getenv("TMPDIR");
	char *path = folders[folder_count];

	assert_true(folder_count < 16);
	snprintf(path, sizeof folders[0], "%s/sekisho-test-XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(path));
	folder_count++;
	return path;
}

void sk_test_write(const char *path, const void *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	close(fd);
}

/* There in sanitizer builds alone. */
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static void check_leaks(unsigned long n)
{
	if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check())
		fail_msg("memory is lost when allocation %lu fails", n);
}

unsigned long sk_test_torture(int (*fn)(void *arg), void *arg)
{
	unsigned long n, asked;
	int r;

	sk_log_max(0); /* each failure is logged at its origin: a thousand lines nobody reads */
	for (n = 1;; n++) {
		sk_alloc_fail_at(n);
		r = fn(arg);
		asked = sk_alloc_count();
		sk_alloc_fail_at(0);
		check_leaks(n);
		if (asked < n)
			break;
		if (r != -ENOMEM)
			fail_msg("allocation %lu failed and the function returned %d", n, r);
	}
	sk_log_max(SK_LOG_ERROR);
	assert_int_equal(r, 0);
	return n - 1;
}
