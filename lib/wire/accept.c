// SPDX-License-Identifier: GPL-3.0-or-later
/* Accepting on a listener that belongs to main. Owns its watches; hands each new descriptor over. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/peer.h"
#include "wire/chan.h"

enum { PAUSE_MS = 100 };

struct sk_accept {
	bool unix_socket;
	void (*fn)(void *arg, int fd, uid_t uid);
	void *arg;
	struct sk_watch *watch;
	struct sk_watch *again;
};

static void wait_for_descriptors(struct sk_accept *accept)
{
	sk_log(SK_LOG_WARNING, "cannot accept a connection: %m; waiting");
	sk_watch_fd_set(accept->watch, 0);
	sk_timer_arm(accept->again, PAUSE_MS);
}

/* One connection a call: the loop comes back while more are waiting, and `fn` may free us. */
static void on_listener(void *arg, int listener, unsigned what)
{
	struct sk_accept *accept = arg;
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
	uid_t uid = (uid_t)-1;

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			wait_for_descriptors(accept);
		return;
	}
	if (!accept->unix_socket)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	else if (sk_peer_uid(fd, &uid)) {
		close(fd);
		return;
	}
	accept->fn(accept->arg, fd, uid);
}

static void on_again(void *arg)
{
	struct sk_accept *accept = arg;

	sk_watch_fd_set(accept->watch, SK_READ);
}

int sk_accept_new(struct sk_loop *loop, int listener, void (*fn)(void *arg, int fd, uid_t uid), void *arg, struct sk_accept **ret_accept)
{
	struct sk_accept *accept = sk_calloc(1, sizeof *accept);
	struct sockaddr_storage where = {0};
	socklen_t size = sizeof where;
	int r;

	if (!accept)
		return sk_origin(-ENOMEM);
	accept->fn = fn;
	accept->arg = arg;
	accept->unix_socket = getsockname(listener, (struct sockaddr *)&where, &size) == 0 && where.ss_family == AF_UNIX;
	r = sk_watch_fd(loop, listener, SK_READ, on_listener, accept, &accept->watch);
	if (r == 0)
		r = sk_watch_timer(loop, on_again, accept, &accept->again);
	if (r) {
		sk_accept_free(accept);
		return r;
	}
	*ret_accept = accept;
	return 0;
}

struct sk_accept *sk_accept_free(struct sk_accept *accept)
{
	if (!accept)
		return NULL;
	sk_watch_free(accept->watch);
	sk_watch_free(accept->again);
	free(accept);
	return NULL;
}
