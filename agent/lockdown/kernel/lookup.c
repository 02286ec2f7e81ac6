// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A path as another process would find it. The kernel offers no such lookup across name spaces, so it is gone part by part from that process' own root or working
 * folder: each part opened without following links, links read and followed here. Races with whoever changes the names meanwhile; whoever asks says what that means.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/mem.h"
#include "lockdown/kernel/asked.h"

enum { LINKS = 40, PROC = 0x9fa0 };

struct walk {
	int root, at;
	unsigned links;
	char left[2 * PATH_MAX]; /* of the path */
};

static bool is_same(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int go_to(struct walk *walk, int fd)
{
	if (fd < 0)
		return -errno;
	if (walk->at >= 0)
		close(walk->at);
	walk->at = fd;
	return 0;
}

/* A link was found: what it says comes before what is left. */
static int follow(struct walk *walk, int link)
{
	char text[PATH_MAX], rest[PATH_MAX];
	ssize_t size = readlinkat(link, "", text, sizeof text - 1);
	struct statfs system;

	if (size < 0)
		return -errno;
	if (fstatfs(link, &system) == 0 && system.f_type == PROC)
		return -EXDEV; /* what it leads to depends on who follows it */
	if (++walk->links > LINKS)
		return -ELOOP;
	text[size] = 0;
	if ((size_t)snprintf(rest, sizeof rest, "%s", walk->left) >= sizeof rest ||
	    (size_t)snprintf(walk->left, sizeof walk->left, "%s/%s", text, rest) >= sizeof walk->left)
		return -ENAMETOOLONG;
	return text[0] == '/' ? go_to(walk, fcntl(walk->root, F_DUPFD_CLOEXEC, 3)) : 0;
}

/* One part of the path. */
static int step(struct walk *walk, const char *part)
{
	_cleanup_close_ int fd = -1;
	struct stat found;

	if (!strcmp(part, "..") && is_same(walk->at, walk->root))
		return 0;
	fd = openat(walk->at, part, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &found) < 0)
		return -errno;
	return S_ISLNK(found.st_mode) ? follow(walk, fd) : go_to(walk, SK_TAKE_FD(fd));
}

static int go(struct walk *walk)
{
	int r = 0;

	while (r == 0 && walk->left[0]) {
		char part[NAME_MAX + 1];
		size_t skip = strspn(walk->left, "/"), size = strcspn(walk->left + skip, "/");

		if (size > NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(part, walk->left + skip, size);
		part[size] = 0;
		memmove(walk->left, walk->left + skip + size, strlen(walk->left + skip + size) + 1);
		if (size)
			r = step(walk, part);
	}
	return r;
}

static int open_place(uint32_t process, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%u/%s", process, name);
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int lk_open_as(uint32_t process, const char *path)
{
	struct walk walk = {.at = -1};
	_cleanup_close_ int root = open_place(process, "root");
	int r = 0;

	if (!path[0] || strlen(path) >= PATH_MAX)
		return -ENOENT;
	walk.root = root;
	walk.at = path[0] == '/' ? fcntl(root, F_DUPFD_CLOEXEC, 3) : open_place(process, "cwd");
	if (root < 0 || walk.at < 0)
		r = -ESRCH;
	snprintf(walk.left, sizeof walk.left, "%s", path);
	if (r == 0)
		r = go(&walk);
	if (r == 0)
		return walk.at;
	if (walk.at >= 0)
		close(walk.at);
	return r;
}
