// SPDX-License-Identifier: GPL-3.0-or-later
/* One line, one write: lines of several processes never mix. A reader who is stuck costs lines, never time. */
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static char log_name[32] = "sekisho";
static int log_max = -1;
static int journal = -1;
static _Atomic unsigned long left_out;

static const char *const level_names[] = {"", "", "", "error", "warning", "notice", "info", "debug"};

static int level_from_environment(void)
{
	const char *wanted = getenv("SEKISHO_LOG");

	for (int i = SK_LOG_ERROR; wanted && i <= SK_LOG_DEBUG; i++)
		if (strcmp(wanted, level_names[i]) == 0)
			return i;
	return SK_LOG_NOTICE;
}

void sk_log_name(const char *name)
{
	snprintf(log_name, sizeof log_name, "%s", name);
}

void sk_log_max(enum sk_log_level level)
{
	log_max = (int)level;
}

/*
 * Standard error is shared with whoever started us, so O_NONBLOCK may not be set on it. A socket and a pipe can be told not to wait for this one
 * call; what knows neither (a terminal, a file, a pipe of an older kernel) is written when it says that it has room.
 */
static bool put_line(const char *line, size_t size)
{
	struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};
	struct iovec part = {.iov_base = (char *)(uintptr_t)line, .iov_len = size};
	struct stat st;

	if (poll(&room, 1, 0) == 0)
		return false;
	if (send(STDERR_FILENO, line, size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return true;
	if (errno != ENOTSOCK)
		return errno != EAGAIN; /* a closed one: nobody listens, nothing is missed */
	if (pwritev2(STDERR_FILENO, &part, 1, -1, RWF_NOWAIT) >= 0)
		return true;
	if (errno == EAGAIN && fstat(STDERR_FILENO, &st) == 0 && !S_ISREG(st.st_mode))
		return false;
	if (write(STDERR_FILENO, line, size) < 0)
		(void)0; /* nobody listens: nothing better to do */
	return true;
}

static int begin_line(enum sk_log_level level, char *line, size_t size)
{
	if (journal < 0)
		journal = getenv("JOURNAL_STREAM") != NULL;
	return journal ? snprintf(line, size, "<%d>%s: ", (int)level, log_name) : snprintf(line, size, "%s: %s: ", log_name, level_names[level]);
}

static void put_or_count(const char *line, size_t size)
{
	unsigned long missed = atomic_exchange(&left_out, 0);
	char before[128];
	int used;

	if (missed) {
		used = begin_line(SK_LOG_WARNING, before, sizeof before);
		used += snprintf(before + used, sizeof before - (size_t)used, "%lu lines before this one were left out: nobody read the log\n", missed);
		if (put_line(before, (size_t)used))
			missed = 0;
	}
	if (missed || !put_line(line, size))
		atomic_fetch_add(&left_out, missed + 1);
}

void sk_log(enum sk_log_level level, const char *format, ...)
{
	int saved = errno, used, n;
	char line[1024];
	va_list args;

	if (log_max < 0)
		log_max = level_from_environment();
	if ((int)level > log_max)
		return;
	used = begin_line(level, line, sizeof line);
	va_start(args, format);
	n = vsnprintf(line + used, sizeof line - (size_t)used - 1, format, args);
	va_end(args);
	if (n > 0)
		used += n < (int)sizeof line - used - 1 ? n : (int)sizeof line - used - 2;
	for (int i = 0; i < used; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = ' ';
	line[used++] = '\n';
	put_or_count(line, (size_t)used);
	errno = saved;
}
