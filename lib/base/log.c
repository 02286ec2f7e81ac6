// SPDX-License-Identifier: GPL-3.0-or-later
/* One line, one write: lines of several processes never mix. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char log_name[32] = "sekisho";
static int log_max = -1;
static int journal = -1;

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

void sk_log(enum sk_log_level level, const char *format, ...)
{
	int saved = errno, used, n;
	char line[1024];
	va_list args;

	if (log_max < 0)
		log_max = level_from_environment();
	if ((int)level > log_max)
		return;
	if (journal < 0)
		journal = getenv("JOURNAL_STREAM") != NULL;
	used = journal ? snprintf(line, sizeof line, "<%d>%s: ", (int)level, log_name)
		       : snprintf(line, sizeof line, "%s: %s: ", log_name, level_names[level]);
	va_start(args, format);
	n = vsnprintf(line + used, sizeof line - (size_t)used - 1, format, args);
	va_end(args);
	if (n > 0)
		used += n < (int)sizeof line - used - 1 ? n : (int)sizeof line - used - 2;
	for (int i = 0; i < used; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = ' ';
	line[used++] = '\n';
	if (write(STDERR_FILENO, line, (size_t)used) < 0)
		(void)0; /* nobody listens: nothing better to do */
	errno = saved;
}
