// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Crash points and injected failures, for tests. Everything is read from the environment before main(), while
 * there is still no sandbox, and the counters lie in memory shared by all processes forked later: a duty that
 * was killed at the third pass is not killed again when it comes back.
 */
#include "os/point.h"

#ifndef SK_POINTS
int sk_point_fd(void)
{
	return -1;
}
#else

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { RULES = 8, LOGGED = 64 };

struct rule {
	char name[64];
	char while_file[256]; /* fails while it exists; "" = by count */
	unsigned long from;
	bool onwards;
	int error; /* 0 = kill */
};

static struct rule rules[RULES];
static int rule_count;
static atomic_ulong *passes; /* one counter a rule, shared over fork */
static int log_fd = -1;
static bool log_waits;
static atomic_uint logged[LOGGED]; /* hashes of the names this process has written */

static const struct {
	const char *name;
	int number;
} errors[] = {{"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EIO", EIO},	  {"EROFS", EROFS},   {"ENOMEM", ENOMEM},
	      {"EMFILE", EMFILE}, {"EAGAIN", EAGAIN}, {"EACCES", EACCES}, {"EINVAL", EINVAL}, {"EPERM", EPERM}};

static int error_number(const char *name)
{
	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
		if (strcmp(errors[i].name, name) == 0)
			return errors[i].number;
	return 0;
}

/* A wrong switch must not make a test pass by doing nothing. */
static void refuse(const char *variable, const char *text)
{
	dprintf(STDERR_FILENO, "%s: cannot read \"%s\"\n", variable, text);
	_exit(2);
}

/* NAME:N, NAME:N+, NAME:@FILE, each with :ERRNO when `with_error`. */
static void add_rule(const char *variable, char *text, bool with_error)
{
	struct rule *rule = &rules[rule_count];
	char *when = strchr(text, ':'), *error = NULL, *end;

	if (!when || rule_count == RULES)
		refuse(variable, text);
	*when++ = '\0';
	if (with_error) {
		error = strrchr(when, ':');
		if (!error)
			refuse(variable, text);
		*error++ = '\0';
		rule->error = error_number(error);
	}
	snprintf(rule->name, sizeof rule->name, "%s", text);
	if (when[0] == '@') {
		snprintf(rule->while_file, sizeof rule->while_file, "%s", when + 1);
	} else {
		rule->from = strtoul(when, &end, 10);
		rule->onwards = *end == '+';
		if (rule->from == 0 || (*end && strcmp(end, "+") != 0))
			refuse(variable, when);
	}
	if (with_error && rule->error == 0)
		refuse(variable, error);
	rule_count++;
}

static void add_rules(const char *variable, bool with_error)
{
	const char *value = getenv(variable);
	char copy[1024], *rest = copy, *one;

	if (!value)
		return;
	if ((size_t)snprintf(copy, sizeof copy, "%s", value) >= sizeof copy)
		refuse(variable, value);
	while ((one = strsep(&rest, ",")))
		if (*one)
			add_rule(variable, one, with_error);
}

static void open_log(void)
{
	const char *path = getenv("SEKISHO_POINT_LOG");
	int fd;

	if (!path)
		return;
	log_waits = getenv("SEKISHO_POINT_WAIT");
	fd = open(path, (log_waits ? O_RDWR | O_NOCTTY : O_WRONLY | O_APPEND | O_CREAT) | O_CLOEXEC, 0666);
	if (fd < 0)
		refuse("SEKISHO_POINT_LOG", path);
	/* Out of the way of code that counts on low numbers. */
	log_fd = fcntl(fd, F_DUPFD_CLOEXEC, 500);
	if (log_fd < 0)
		log_fd = fd;
	else
		close(fd);
}

__attribute__((constructor)) static void begin(void)
{
	add_rules("SEKISHO_POINT", false);
	add_rules("SEKISHO_FAIL", true);
	open_log();
	if (rule_count == 0)
		return;
	passes = mmap(NULL, RULES * sizeof *passes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (passes == MAP_FAILED)
		refuse("SEKISHO_POINT", "no shared memory");
}

static unsigned hash_name(const char *name)
{
	unsigned h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	return h ? h : 1;
}

static void log_name(const char *name)
{
	unsigned h = hash_name(name);
	char line[80];
	int n;

	for (int i = 0; i < LOGGED && !log_waits; i++) {
		unsigned seen = atomic_load(&logged[i]);

		if (seen == h)
			return;
		if (seen == 0 && atomic_compare_exchange_strong(&logged[i], &seen, h))
			break;
	}
	n = snprintf(line, sizeof line, "%s\n", name);
	if (n > 0 && write(log_fd, line, (size_t)n) < 0)
		(void)0; /* the test sees the name missing */
	while (n > 0 && log_waits && read(log_fd, line, 1) < 0 && errno == EINTR)
		continue;
}

static bool rule_applies(int i)
{
	const struct rule *rule = &rules[i];
	unsigned long n;

	if (rule->while_file[0])
		return access(rule->while_file, F_OK) == 0;
	n = atomic_fetch_add(&passes[i], 1) + 1;
	return n == rule->from || (rule->onwards && n > rule->from);
}

void sk_point_reached(const char *name)
{
	if (log_fd >= 0)
		log_name(name);
	for (int i = 0; i < rule_count; i++)
		if (rules[i].error == 0 && strcmp(rules[i].name, name) == 0 && rule_applies(i))
			kill(getpid(), SIGKILL);
}

int sk_point_failure(const char *name)
{
	int failure = 0;

	if (log_fd >= 0)
		log_name(name);
	for (int i = 0; i < rule_count; i++)
		if (rules[i].error != 0 && strcmp(rules[i].name, name) == 0 && rule_applies(i))
			failure = rules[i].error;
	return failure;
}

int sk_point_fd(void)
{
	return log_fd;
}
#endif
