// SPDX-License-Identifier: GPL-3.0-or-later
/* One line of /proc/PID/mountinfo (proc(5)), whose texts somebody else chose: mount points may hold any byte but zero, escaped as \ooo. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define SK_MOUNT_PATH 4096

struct sk_mount_entry {
	unsigned major, minor;
	char point[SK_MOUNT_PATH];  /* unescaped */
	char source[512];           /* unescaped; a longer one is "" */
	char type[32];
	unsigned long flags;        /* MS_RDONLY, MS_NOEXEC ... of this mount */
	bool super_read_only;       /* of the file system as a whole */
};

/* `line` without its line feed. 0; SK_BAD: not a line of mountinfo, or too long. */
int sk_mount_read(const char *line, size_t size, struct sk_mount_entry *ret_mount);
/*
 * Every mount of this process's namespace. `fd` is /proc/self/mountinfo, read from its start. An answer other than 0 of `each` ends it, and is returned.
 * -errno of the read.
 */
int sk_mounts_each(int fd, int (*each)(void *arg, const struct sk_mount_entry *mount), void *arg);
