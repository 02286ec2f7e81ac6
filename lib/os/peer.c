// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Local and TCP sockets, and the role table. The role table is the only state; it is filled before a process
 * forks.
 */
#include "os/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/file.h"

static struct {
	char name[32];
	uid_t uid;
} roles[16];
static int role_count;

/* A socket address holds 107 characters: a longer path goes through the folder's descriptor. */
static int socket_address(int dir, const char *name, struct sockaddr_un *ret_address)
{
	int n;

	*ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
	n = snprintf(ret_address->sun_path, sizeof ret_address->sun_path, "/proc/self/fd/%d/%s", dir, name);
	return n < 0 || (size_t)n >= sizeof ret_address->sun_path || strchr(name, '/') ? sk_origin(-ENAMETOOLONG) : 0;
}

static int connect_result(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case ECONNREFUSED:
		return SK_NONE;
	case EACCES:
	case EPERM:
		return SK_DENIED;
	case EAGAIN:
		return SK_AGAIN;
	default:
		return sk_origin(-error);
	}
}

int sk_peer_connect(const char *root, const char *name, int *ret_fd)
{
	_cleanup_close_ int fd = -1, dir = -1;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int n, r;

	n = snprintf(address.sun_path, sizeof address.sun_path, "%s/run/sekisho/%s", root, name);
	if (n < 0 || (size_t)n >= sizeof address.sun_path) {
		char path[4096];

		snprintf(path, sizeof path, "%s/run/sekisho", root);
		dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			return connect_result(errno);
		r = socket_address(dir, name, &address);
		if (r)
			return r;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return sk_origin_errno();
	if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return connect_result(errno);
	*ret_fd = SK_TAKE_FD(fd);
	return 0;
}

int sk_peer_listen(int dir, const char *name, uid_t uid, gid_t gid, mode_t mode, int *ret_fd)
{
	_cleanup_close_ int fd = -1;
	struct sockaddr_un address;
	int r;

	r = socket_address(dir, name, &address);
	if (r)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return sk_origin_errno();
	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return sk_origin_errno();
	/* Nobody can connect between bind and listen, so nobody sees the first mode. */
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return sk_origin_errno();
	if ((uid != (uid_t)-1 || gid != (gid_t)-1) && fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return sk_origin_errno();
	if (fchmodat(dir, name, mode, 0) < 0)
		return sk_origin_errno();
	if (listen(fd, 128) < 0)
		return sk_origin_errno();
	*ret_fd = SK_TAKE_FD(fd);
	return 0;
}

/* HOST:PORT or [HOST]:PORT, numbers only: a name could resolve to something else tomorrow. */
static int parse_address(const char *text, struct sockaddr_storage *ret_address, socklen_t *ret_size)
{
	const char *colon = strrchr(text, ':');
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret_address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret_address;
	char host[64];
	uint64_t port;
	size_t n;

	if (!colon || sk_parse_u64(colon + 1, 65535, &port))
		return SK_BAD;
	n = (size_t)(colon - text);
	if (n >= sizeof host)
		return SK_BAD;
	memset(ret_address, 0, sizeof *ret_address);
	if (text[0] == '[' && n > 2 && text[n - 1] == ']') {
		snprintf(host, sizeof host, "%.*s", (int)n - 2, text + 1);
		*v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
		*ret_size = sizeof *v6;
		return inet_pton(AF_INET6, host, &v6->sin6_addr) == 1 ? 0 : SK_BAD;
	}
	snprintf(host, sizeof host, "%.*s", (int)n, text);
	*v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	*ret_size = sizeof *v4;
	return inet_pton(AF_INET, host, &v4->sin_addr) == 1 ? 0 : SK_BAD;
}

int sk_tcp_listen(const char *address, int *ret_fd)
{
	_cleanup_close_ int fd = -1;
	struct sockaddr_storage where;
	socklen_t size;
	int one = 1;

	if (parse_address(address, &where, &size))
		return SK_BAD;
	fd = socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return sk_origin_errno();
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0)
		return sk_origin_errno();
	/* Not logged: the caller says which address is taken. */
	if (bind(fd, (struct sockaddr *)&where, size) < 0 || listen(fd, 512) < 0)
		return -errno;
	*ret_fd = SK_TAKE_FD(fd);
	return 0;
}

unsigned sk_tcp_port(int fd)
{
	struct sockaddr_storage where = {0};
	socklen_t size = sizeof where;

	if (getsockname(fd, (struct sockaddr *)&where, &size) < 0)
		return 0;
	if (where.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *)&where)->sin_port);
	if (where.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&where)->sin6_port);
	return 0;
}

int sk_peer_uid(int fd, uid_t *ret_uid)
{
	struct ucred cred;
	socklen_t size = sizeof cred;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return sk_origin_errno();
	if (cred.uid == (uid_t)-1)
		return sk_origin(-ENOTSUP); /* not a unix socket */
	*ret_uid = cred.uid;
	return 0;
}

void sk_role_add(const char *role, uid_t uid)
{
	if ((size_t)role_count == SK_ARRAY_SIZE(roles))
		return;
	snprintf(roles[role_count].name, sizeof roles[0].name, "%s", role);
	roles[role_count++].uid = uid;
}

/* Decided once, before a duty gives up its user: the parent's euid is what counts. */
static bool developer_mode(uid_t uid)
{
	static int developer = -1;
	static uid_t own;

	if (developer < 0) {
		own = geteuid();
		developer = own != 0 && role_count == 0;
	}
	return developer && uid == own;
}

bool sk_role_is(uid_t uid, const char *role)
{
	if (developer_mode(uid))
		return true;
	if (uid == 0 && strcmp(role, "root") == 0)
		return true;
	for (int i = 0; i < role_count; i++)
		if (roles[i].uid == uid && strcmp(roles[i].name, role) == 0)
			return true;
	return false;
}

const char *sk_role_of(uid_t uid)
{
	if (uid == 0 || developer_mode(uid))
		return "root";
	for (int i = 0; i < role_count; i++)
		if (roles[i].uid == uid)
			return roles[i].name;
	return NULL;
}
