// SPDX-License-Identifier: GPL-3.0-or-later
/* What /proc says of a process, for window/lineage.c: where the kernel does not tell, or what it told was lost. Each may be gone while it is asked about. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lockdown/window/window.h"

/* The text of /proc/PID/NAME. False: it is gone. */
static bool read_text(uint32_t pid, const char *name, char *text, size_t size)
{
	char path[48];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%u/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, size - 1);
	if (fd >= 0)
		close(fd);
	text[n < 0 ? 0 : n] = 0;
	return n > 0;
}

bool lk_proc_user(uint32_t pid, uint32_t *ret_user)
{
	char text[4096];
	const char *at = read_text(pid, "status", text, sizeof text) ? strstr(text, "\nUid:") : NULL;
	unsigned user;

	if (!at || sscanf(at + 5, "%*u %u", &user) != 1)
		return false;
	*ret_user = user;
	return true;
}

uint32_t lk_proc_parent(uint32_t pid)
{
	char text[1024];
	const char *at = read_text(pid, "stat", text, sizeof text) ? strrchr(text, ')') : NULL;
	unsigned parent = 0;

	return at && sscanf(at + 1, " %*c %u", &parent) == 1 ? parent : 0;
}

uint64_t lk_proc_start(uint32_t pid)
{
	char text[1024];
	const char *at = read_text(pid, "stat", text, sizeof text) ? strrchr(text, ')') : NULL;
	unsigned long long start = 0;

	return at && sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &start) == 1 ? start : 0;
}

uint64_t lk_proc_ticks(void)
{
	return lk_boot_ms() * (uint64_t)sysconf(_SC_CLK_TCK) / 1000;
}

bool lk_proc_program(uint32_t pid, struct stat *found)
{
	char path[32];

	snprintf(path, sizeof path, "/proc/%u/exe", pid);
	return stat(path, found) == 0;
}
