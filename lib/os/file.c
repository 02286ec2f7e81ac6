// SPDX-License-Identifier: GPL-3.0-or-later
/* Files below a directory, and durable writing. Owns nothing between calls. */
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "os/point.h"

/* Kernels before 5.6 (and seccomp lists older than openat2) say ENOSYS; asked once a process. */
static atomic_bool no_openat2;

/* One part of a path, at most NAME_MAX long. Returns what follows it, NULL at the end. */
static const char *next_part(const char *path, char *out, size_t size)
{
	size_t n;

	path += strspn(path, "/");
	n = strcspn(path, "/");
	if (n == 0)
		return NULL;
	snprintf(out, size, "%.*s", (int)SK_MIN(n, size - 1), path);
	return path + n;
}

static bool is_last(const char *rest)
{
	return rest[strspn(rest, "/")] == '\0';
}

/* The fallback: each folder on the way is opened without following a link, and ".." is refused. */
static int walk(int dir, const char *path, int flags, mode_t mode)
{
	_cleanup_close_ int at = dup(dir);
	char part[256];
	const char *rest = path;

	if (at < 0)
		return -errno;
	while ((rest = next_part(rest, part, sizeof part))) {
		bool last = is_last(rest);
		int fd;

		if (strcmp(part, "..") == 0)
			return -EXDEV;
		fd = last ? openat(at, part, flags | O_NOFOLLOW | O_CLOEXEC, mode)
			  : openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return errno == ENOTDIR && !last ? -ELOOP : -errno;
		if (last)
			return fd;
		close(at);
		at = fd;
	}
	return openat(at, ".", flags | O_CLOEXEC);
}

/* A descriptor or -errno, nothing logged. */
static int open_in(int dir, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.mode = flags & (O_CREAT | __O_TMPFILE) ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS,
	};
	long fd;

	if (path[strspn(path, "/")] == '\0')
		path = ".";
	if (!no_openat2) {
		fd = syscall(SYS_openat2, dir, path, &how, sizeof how);
		if (fd >= 0 || errno != ENOSYS)
			return fd >= 0 ? (int)fd : -errno;
		no_openat2 = true;
	}
	return walk(dir, path, flags, mode);
}

/* -errno of an open into the conditions of the header. */
static int open_result(int error)
{
	if (error == -ENOENT)
		return SK_NONE;
	if (error == -ELOOP || error == -EXDEV)
		return SK_DENIED;
	return sk_origin(error);
}

int sk_open_in(int dir, const char *path, int flags, mode_t mode, int *ret_fd)
{
	int fd = open_in(dir, path, flags, mode);

	if (fd < 0)
		return open_result(fd);
	*ret_fd = fd;
	return 0;
}

int sk_dir_open(const char *root, const char *path, int *ret_dir)
{
	/* O_PATH: a sandboxed process may not list its root, but go through it. */
	_cleanup_close_ int top = open(root, (path[0] ? O_PATH : O_RDONLY) | O_DIRECTORY | O_CLOEXEC);

	if (top < 0)
		return errno == ENOENT ? SK_NONE : sk_origin_errno();
	if (path[0] == '\0') {
		*ret_dir = SK_TAKE_FD(top);
		return 0;
	}
	return sk_open_in(top, path, O_RDONLY | O_DIRECTORY, 0, ret_dir);
}

static int read_all(int fd, size_t max, struct sk_buf *buf)
{
	size_t start = buf->size;

	for (;;) {
		char *space;
		ssize_t n;
		int r = sk_buf_reserve(buf, SK_MIN((size_t)16384, buf->max - buf->size), &space);

		if (r)
			return r;
		/* One byte more than allowed, to see that there is more. */
		n = read(fd, space, SK_MIN((size_t)16384, buf->max - buf->size));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sk_origin_errno();
		if (n == 0)
			break;
		sk_buf_grown(buf, (size_t)n);
		if (buf->size - start > max)
			return SK_FULL;
	}
	return 0;
}

int sk_file_read(int dir, const char *path, size_t max, struct sk_buf *buf)
{
	_cleanup_close_ int fd = -1;
	size_t start = buf->size;
	struct stat st;
	char extra;
	int r;

	r = sk_open_in(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd);
	if (r)
		return r;
	if (fstat(fd, &st) < 0)
		return sk_origin_errno();
	if (!S_ISREG(st.st_mode))
		return sk_origin(S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL);
	r = read_all(fd, max, buf);
	/* The buffer's own maximum ends the reading without a sign of more: ask. */
	if (r == 0 && buf->size == buf->max && read(fd, &extra, 1) > 0)
		r = SK_FULL;
	if (r) {
		buf->size = start;
		if (buf->data)
			buf->data[start] = '\0';
	}
	return r;
}

static int write_some(int fd, const char *data, size_t size, int64_t offset)
{
	while (size > 0) {
		ssize_t n = offset < 0 ? write(fd, data, size) : pwrite(fd, data, size, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
		offset += offset < 0 ? 0 : n;
	}
	return 0;
}

int sk_fd_write(const char *point, int fd, const void *data, size_t size)
{
	int failure = sk_point_failure(point);

	(void)point;
	if (failure) {
		/* A disk that fills up takes a part first. */
		write_some(fd, data, size / 2, -1);
		return -failure;
	}
	return write_some(fd, data, size, -1);
}

int sk_fd_pwrite(const char *point, int fd, const void *data, size_t size, uint64_t offset)
{
	int failure = sk_point_failure(point);

	(void)point;
	if (offset > INT64_MAX - size)
		return -EOVERFLOW;
	if (failure) {
		write_some(fd, data, size / 2, (int64_t)offset);
		return -failure;
	}
	return write_some(fd, data, size, (int64_t)offset);
}

int sk_fd_sync(const char *point, int fd)
{
	int failure = sk_point_failure(point);

	(void)point;
	if (failure)
		return -failure;
	while (fdatasync(fd) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int sk_fd_pread(int fd, void *data, size_t size, uint64_t offset, size_t *ret_size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t n = pread(fd, (char *)data + got, size - got, (off_t)(offset + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	*ret_size = got;
	return 0;
}

/* The folder that holds the last part of the path, opened; and that part. */
static int open_parent(int dir, const char *path, int *ret_dir, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char parent[1024];

	*ret_name = slash ? slash + 1 : path;
	if ((*ret_name)[0] == '\0' || strcmp(*ret_name, "..") == 0 || strcmp(*ret_name, ".") == 0)
		return sk_origin(-EINVAL);
	if (slash && (size_t)(slash - path) >= sizeof parent)
		return sk_origin(-ENAMETOOLONG);
	snprintf(parent, sizeof parent, "%.*s", slash ? (int)(slash - path) : 0, path);
	return sk_open_in(dir, parent, O_RDONLY | O_DIRECTORY, 0, ret_dir);
}

static int write_new(const char *point, int dir, const char *name, const void *data, size_t size, mode_t mode)
{
	_cleanup_close_ int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	int r;

	if (fd < 0)
		return -errno;
	if (fchmod(fd, mode) < 0) /* the umask has no say */
		return -errno;
	r = sk_fd_write(point, fd, data, size);
	return r ? r : sk_fd_sync(point, fd);
}

int sk_file_replace(const char *point, int dir, const char *path, const void *data, size_t size, mode_t mode)
{
	_cleanup_close_ int parent = -1;
	const char *name;
	char temporary[256];
	int r;

	r = open_parent(dir, path, &parent, &name);
	if (r)
		return r;
	if ((size_t)snprintf(temporary, sizeof temporary, ".%s.new", name) >= sizeof temporary)
		return sk_origin(-ENAMETOOLONG);
	/* One writer a file by design; what a killed one left is in the way of O_EXCL. */
	if (unlinkat(parent, temporary, 0) < 0 && errno != ENOENT)
		return sk_origin_errno();
	r = write_new(point, parent, temporary, data, size, mode);
	if (r == 0 && renameat(parent, temporary, parent, name) < 0)
		r = -errno;
	if (r == 0)
		return fsync(parent) < 0 ? sk_origin_errno() : 0;
	unlinkat(parent, temporary, 0);
	return sk_origin(r);
}

int sk_file_remove(int dir, const char *path)
{
	_cleanup_close_ int parent = -1;
	const char *name;
	int r;

	r = open_parent(dir, path, &parent, &name);
	if (r)
		return r;
	if (unlinkat(parent, name, 0) < 0)
		return errno == ENOENT ? SK_NONE : sk_origin_errno();
	return fsync(parent) < 0 ? sk_origin_errno() : 0;
}

static int make_one(int at, const char *part, mode_t mode, int *ret_fd)
{
	int fd;

	if (strcmp(part, "..") == 0)
		return SK_DENIED;
	if (mkdirat(at, part, mode) < 0 && errno != EEXIST)
		return sk_origin_errno();
	fd = openat(at, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOTDIR || errno == ELOOP ? SK_DENIED : sk_origin_errno();
	*ret_fd = fd;
	return 0;
}

int sk_dir_make(int dir, const char *path, uid_t uid, gid_t gid, mode_t mode)
{
	_cleanup_close_ int at = dup(dir);
	const char *rest = path;
	char part[256];

	if (at < 0)
		return sk_origin_errno();
	while ((rest = next_part(rest, part, sizeof part))) {
		int fd = -1, r = make_one(at, part, is_last(rest) ? 0700 : 0755, &fd);

		if (r)
			return r;
		close(at);
		at = fd;
	}
	if ((uid != (uid_t)-1 || gid != (gid_t)-1) && fchown(at, uid, gid) < 0)
		return sk_origin_errno();
	return fchmod(at, mode) < 0 ? sk_origin_errno() : 0;
}

int sk_dir_sync(int dir, const char *path)
{
	_cleanup_close_ int fd = -1;
	int r = sk_open_in(dir, path, O_RDONLY | O_DIRECTORY, 0, &fd);

	if (r)
		return r;
	return fsync(fd) < 0 ? sk_origin_errno() : 0;
}

int sk_dir_free_bytes(int dir, uint64_t *ret_bytes)
{
	struct statvfs st;

	if (fstatvfs(dir, &st) < 0)
		return sk_origin_errno();
	*ret_bytes = (uint64_t)st.f_bavail * st.f_frsize;
	return 0;
}
