// SPDX-License-Identifier: GPL-3.0-or-later
/* Reaching the server: name to address, socket, TLS, channel. */
#include "link/connect.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/error.h"
#include "base/mem.h"
#include "wire/link.h"

int address_split(const char *address, char ret_host[ADDRESS_MAX], char ret_port[8])
{
	const char *colon = strrchr(address, ':');
	size_t n;

	if (!colon || strlen(colon + 1) == 0 || strlen(colon + 1) > 5 || strspn(colon + 1, "0123456789") != strlen(colon + 1))
		return SK_BAD;
	n = (size_t)(colon - address);
	if (n > 2 && address[0] == '[' && colon[-1] == ']') {
		address++;
		n -= 2;
	}
	if (n == 0 || n >= ADDRESS_MAX)
		return SK_BAD;
	memcpy(ret_host, address, n);
	ret_host[n] = '\0';
	snprintf(ret_port, 8, "%s", colon + 1);
	return 0;
}

static int look_up(const char *address, struct addrinfo **ret_list, struct sk_diag *diag)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo numeric = hints;
	char host[ADDRESS_MAX], port[8];
	int e;

	sk_diag_source(diag, "server");
	if (address_split(address, host, port)) {
		sk_diag_offset(diag, 0, "%s is not HOST:PORT", address);
		return SK_NONE;
	}
	numeric.ai_flags |= AI_NUMERICHOST;
	e = getaddrinfo(host, port, &numeric, ret_list);
	if (e)
		e = getaddrinfo(host, port, &hints, ret_list);
	if (e) {
		sk_diag_offset(diag, 0, "%s: %s", host, gai_strerror(e));
		return SK_NONE;
	}
	return 0;
}

static void explain(struct bufferevent *bev, void *arg, char *out, size_t size)
{
	unsigned long error = bufferevent_get_openssl_error(bev);
	const char *reason = error ? ERR_reason_error_string(error) : NULL;

	(void)arg;
	if (reason)
		snprintf(out, size, "%s", reason);
	else
		sk_tls_error(out, size);
}

int server_connect(struct sk_loop *loop, const char *address, struct sk_tls *tls, enum sk_proto proto,
		   const struct sk_chan_handler *handler, void *arg, struct sk_chan **ret_chan, struct sk_diag *diag)
{
	const struct sk_chan_opts opts = {.proto = proto, .side = SK_CLIENT, .ping_ms = SK_LINK_IDLE_MS / 3, .idle_ms = SK_LINK_IDLE_MS,
					  .connecting = true, .explain = explain};
	struct addrinfo *list;
	struct bufferevent *bev;
	SSL *session;
	int r = look_up(address, &list, diag);

	if (r)
		return r;
	session = sk_tls_session(tls);
	bev = session ? bufferevent_openssl_socket_new(sk_loop_base(loop), -1, session, BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE)
		      : NULL;
	if (!bev) {
		SSL_free(session);
		freeaddrinfo(list);
		return sk_origin(-ENOMEM);
	}
	if (bufferevent_socket_connect(bev, list->ai_addr, (int)list->ai_addrlen) < 0)
		r = -ECONNREFUSED;
	freeaddrinfo(list);
	if (!r && bufferevent_getfd(bev) >= 0)
		setsockopt(bufferevent_getfd(bev), IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	if (!r)
		r = sk_chan_new(loop, bev, handler, arg, &opts, ret_chan);
	if (r)
		bufferevent_free(bev);
	return r;
}
