// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The child that looks. It opens the device exclusively, which the kernel honours for mounts as well: while it lives, mount(2) of this device says EBUSY, in
 * every namespace. Then it gives up its capabilities and all system calls but reading, writing and ending; only then does it read what the
 * medium's maker wrote.
 *
 * A device that is mounted already cannot be had alone: then it only looks.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "media/media.h"

void media_close_but(int first, int second)
{
	for (int fd = STDERR_FILENO + 1; fd < MEDIA_FILES; fd++)
		if (fd != first && fd != second)
			close(fd);
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct none[2] = {{0}};

	if (syscall(SYS_capset, &head, none) < 0)
		_exit(126);
}

/* A second filter below the duty's: what is not named ends the child. */
static void only_read(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_read, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_write, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_exit_group, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_exit, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {SK_ARRAY_SIZE(code), code};

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		_exit(126);
}

/* Only the device that was meant: its name may have gone to another in the meantime. */
static int open_device(const struct sk_medium *medium, int flags)
{
	char path[64];
	struct stat st;
	int fd;

	snprintf(path, sizeof path, "/dev/%s", medium->name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | flags);
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISBLK(st.st_mode) || st.st_rdev != makedev(medium->major, medium->minor))) {
		close(fd);
		errno = ENXIO;
		return -1;
	}
	return fd;
}

static void child(const struct sk_medium *medium, int report, int hold)
{
	static char window[SK_SUPERBLOCK_WINDOW];
	struct media_seen seen = {.held = 1};
	size_t size = 0;
	ssize_t n;
	int fd = open_device(medium, O_EXCL);

	if (fd < 0 && errno == EBUSY) {
		seen.held = 0;
		fd = open_device(medium, 0);
	}
	if (fd < 0)
		_exit(1);
	drop_capabilities();
	only_read();
	while (size < sizeof window && (n = read(fd, window + size, sizeof window - size)) > 0)
		size += (size_t)n;
	seen.known = sk_superblock_read(window, size, &seen.superblock) == 0;
	if (write(report, &seen, sizeof seen) != (ssize_t)sizeof seen)
		_exit(1);
	while (read(hold, window, 1) > 0)
		;
	_exit(0);
}

int media_look_start(const struct sk_medium *medium, struct media_look *ret_look)
{
	int report[2], hold[2];
	pid_t pid, self = getpid();

	if (pipe2(report, O_CLOEXEC | O_NONBLOCK) < 0)
		return sk_origin_errno();
	if (pipe2(hold, O_CLOEXEC) < 0) {
		close(report[0]);
		close(report[1]);
		return sk_origin_errno();
	}
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		if (getppid() != self)
			_exit(1);
		media_close_but(report[1], hold[0]);
		child(medium, report[1], hold[0]);
	}
	close(report[1]);
	close(hold[0]);
	if (pid < 0) {
		close(report[0]);
		close(hold[1]);
		return sk_origin_errno();
	}
	*ret_look = (struct media_look){pid, report[0], hold[1]};
	return 0;
}
