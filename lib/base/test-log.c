// SPDX-License-Identifier: GPL-3.0-or-later
/* A log that nobody reads: never a wait, and the next reader is told what is missing. On a pipe, on a socket, and beside another writer. */
#include "base/log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "support/harness.h"

enum { LINES = 20000 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Everything that is there to be read; the last 8 KiB of it, terminated. */
static size_t drain(int fd, char tail[8192 + 1])
{
	static char piece[65536];
	size_t all = 0, kept = 0;
	ssize_t n;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while ((n = read(fd, piece, sizeof piece)) > 0) {
		size_t take = (size_t)n < 8192 ? (size_t)n : 8192;

		if (kept + take > 8192)
			kept = 0;
		memcpy(tail + kept, piece + (size_t)n - take, take);
		kept += take;
		all += (size_t)n;
	}
	tail[kept] = 0;
	return all;
}

static void check_stuck(int reader, int writer)
{
	static char tail[8192 + 1];
	int kept = dup(STDERR_FILENO);
	double began;
	size_t filled;

	assert_true(kept >= 0 && dup2(writer, STDERR_FILENO) >= 0);
	sk_log_name("test");
	sk_log_max(SK_LOG_NOTICE);
	began = now();
	for (int i = 0; i < LINES; i++)
		sk_log(SK_LOG_NOTICE, "line %d of many, padded so that they fill whatever lies between us and a reader", i);
	began = now() - began;
	filled = drain(reader, tail);
	sk_log(SK_LOG_NOTICE, "the reader is back");
	drain(reader, tail);
	dup2(kept, STDERR_FILENO);
	close(kept);
	assert_true(began < 5);
	assert_true(filled > 1000 && filled < (size_t)LINES * 60);
	assert_non_null(strstr(tail, "lines before this one were left out"));
	assert_non_null(strstr(tail, "the reader is back\n"));
	assert_true(strstr(tail, "left out") < strstr(tail, "the reader is back"));
}

static void test_stuck_pipe(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	check_stuck(ends[0], ends[1]);
	close(ends[0]);
	close(ends[1]);
}

static void test_stuck_socket(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	check_stuck(ends[0], ends[1]);
	close(ends[0]);
	close(ends[1]);
}

/* A file takes every line. */
static void test_file(void **state)
{
	char name[] = "/tmp/sekisho-log-XXXXXX", text[256] = "";
	int fd = mkstemp(name), kept = dup(STDERR_FILENO);

	(void)state;
	assert_true(fd >= 0 && kept >= 0 && dup2(fd, STDERR_FILENO) >= 0);
	sk_log_name("test");
	sk_log(SK_LOG_NOTICE, "one\ntwo");
	dup2(kept, STDERR_FILENO);
	close(kept);
	assert_true(pread(fd, text, sizeof text - 1, 0) > 0);
	assert_string_equal(text, "test: notice: one two\n");
	close(fd);
	unlink(name);
}

SK_TEST_MAIN(cmocka_unit_test(test_stuck_pipe), cmocka_unit_test(test_stuck_socket), cmocka_unit_test(test_file))
