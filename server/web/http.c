// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Owns the evhttp server. Each request goes through these gates in order, and the first that closes answers: Host, static file, who, address, permission
 * somewhere, forgery (POST), body. What passes is run by run.c; it checks the place.
 *
 * Limits: 16 KiB of headers, 8 MiB of body, 30 s of silence, and as many connections as leave 64 descriptors free; more wait in the backlog.
 */
#include "web/http.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "crypto/tls.h"
#include "os/clock.h"
#include "web/asset-file.h"
#include "web/csv.h"
#include "web/guard.h"
#include "web/route.h"

enum { HEADERS_MAX = 16 << 10, SILENCE_S = 30, SPARE_DESCRIPTORS = 64 };

struct sk_http {
	struct sk_web *web;
	struct evhttp *server;
	struct evhttp_bound_socket *socket;
	struct sk_tls *tls;
	struct sk_watch *again; /* accepts again */
	int most;               /* highest descriptor that a connection may have */
};

/* ---- connections ---- */

/* A new descriptor is the lowest free one, so while the lowest free one is small, so is every connection's. */
static bool crowded(const struct sk_http *http)
{
	int lowest = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

	if (lowest < 0)
		return true;
	close(lowest);
	return lowest > http->most;
}

static void accept_again(void *arg)
{
	struct sk_http *http = arg;

	if (crowded(http))
		sk_timer_arm(http->again, 100);
	else
		evconnlistener_enable(evhttp_bound_socket_get_listener(http->socket));
}

static struct bufferevent *make_connection(struct event_base *base, void *arg)
{
	struct sk_http *http = arg;

	if (crowded(http)) {
		evconnlistener_disable(evhttp_bound_socket_get_listener(http->socket));
		sk_timer_arm(http->again, 100);
	}
	if (!http->tls)
		return bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	return bufferevent_openssl_socket_new(base, -1, sk_tls_session(http->tls), BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
}

/* ---- headers ---- */

static const char *const safe_headers[][2] = {
	{"Content-Security-Policy",
	 "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none';"
	 " frame-ancestors 'none'"},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "same-origin"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Permissions-Policy", "camera=(), microphone=(), geolocation=(), usb=(), payment=()"},
};

static void put_headers(struct sk_web *web, struct evhttp_request *ev, const char *type, const char *cache)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(ev);

	for (size_t i = 0; i < SK_ARRAY_SIZE(safe_headers); i++)
		evhttp_add_header(headers, safe_headers[i][0], safe_headers[i][1]);
	if (web->tls)
		evhttp_add_header(headers, "Strict-Transport-Security", "max-age=31536000");
	evhttp_add_header(headers, "Cache-Control", cache);
	evhttp_add_header(headers, "Content-Type", type);
}

void sk_http_headers(struct sk_req *q, const char *type)
{
	put_headers(q->web, q->ev, type, "no-store");
	for (size_t i = 0; i < SK_ARRAY_SIZE(q->cookie); i++)
		if (q->cookie[i][0])
			evhttp_add_header(evhttp_request_get_output_headers(q->ev), "Set-Cookie", q->cookie[i]);
}

static void forget_connection(struct sk_req *q)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(q->ev);

	if (connection)
		evhttp_connection_set_closecb(connection, NULL, NULL);
}

void sk_http_answer(struct sk_req *q, int status, const char *type, struct sk_buf *body)
{
	struct evbuffer *out;

	if (!q->ev)
		return;
	forget_connection(q);
	sk_http_headers(q, type);
	if (q->location[0])
		evhttp_add_header(evhttp_request_get_output_headers(q->ev), "Location", q->location);
	if (status == 401 && q->api)
		evhttp_add_header(evhttp_request_get_output_headers(q->ev), "WWW-Authenticate", "Bearer");
	out = evbuffer_new();
	if (out && body && body->size)
		evbuffer_add(out, body->data, body->size);
	evhttp_send_reply(q->ev, status, NULL, out);
	if (out)
		evbuffer_free(out);
	q->ev = NULL;
}

/* ---- static files ---- */

const char *sk_asset_version(const char *name)
{
	for (const struct sk_asset_file *f = sk_asset_files; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f->version;
	return "";
}

static bool serve_file(struct sk_web *web, struct evhttp_request *ev, const char *path)
{
	const struct sk_asset_file *f = sk_asset_files;
	struct evbuffer *out;

	if (strncmp(path, "/assets/", 8) != 0)
		return false;
	while (f->name && strcmp(f->name, path + 8) != 0)
		f++;
	out = f->name ? evbuffer_new() : NULL;
	if (!out)
		return false;
	evbuffer_add_reference(out, f->data, f->size, NULL, NULL);
	put_headers(web, ev, f->type, "public, max-age=31536000, immutable");
	evhttp_send_reply(ev, 200, NULL, out);
	evbuffer_free(out);
	return true;
}

/* ---- reading a request ---- */

static void on_gone(struct evhttp_connection *connection, void *arg)
{
	((struct sk_req *)arg)->ev = NULL;
}

static const char *header(struct sk_req *q, const char *name)
{
	const char *value = evhttp_find_header(evhttp_request_get_input_headers(q->ev), name);

	return value ? value : "";
}

/* 0, or the status of the refusal. */
static int read_address(struct sk_req *q)
{
	const char *uri = evhttp_request_get_uri(q->ev), *mark = strchr(uri, '?');
	size_t size = mark ? (size_t)(mark - uri) : strlen(uri);

	if (uri[0] != '/' || size >= sizeof q->path)
		return 404;
	memcpy(q->path, uri, size);
	q->path[size] = '\0';
	q->api = strncmp(q->path, "/api/v1/", 8) == 0;
	if (q->api)
		memmove(q->path, q->path + 7, size - 7 + 1);
	q->fragment = header(q, "HX-Request")[0] != '\0';
	q->post = evhttp_request_get_command(q->ev) == EVHTTP_REQ_POST;
	if (mark && sk_form_parse(mark + 1, strlen(mark + 1), &q->query))
		return 400;
	return 0;
}

static void read_peer(struct sk_req *q)
{
	char *address = NULL;
	ev_uint16_t port = 0;

	evhttp_connection_get_peer(evhttp_request_get_connection(q->ev), &address, &port);
	snprintf(q->address, sizeof q->address, "%s", address ? address : "?");
}

/* What the person chose; else, before sign-in, the cookie of the choice; else what the browser prefers. */
static void choose_language(struct sk_req *q)
{
	char cookie[8] = "";
	const char *wish;

	if (q->signed_in) {
		q->language = strcmp(q->who.user.language, "ja") == 0 ? SK_JA : SK_EN;
		return;
	}
	if (sk_cookie_get(header(q, "Cookie"), SK_COOKIE_LANGUAGE, cookie, sizeof cookie))
		snprintf(cookie, sizeof cookie, "%.7s", header(q, "Accept-Language"));
	wish = sk_form_text(&q->query, "language");
	if (strcmp(wish, "ja") == 0 || strcmp(wish, "en") == 0) {
		snprintf(cookie, sizeof cookie, "%s", wish);
		sk_req_set_cookie(q, 1, SK_COOKIE_LANGUAGE, wish, 365 * 86400, false);
	}
	q->language = strncmp(cookie, "ja", 2) == 0 ? SK_JA : SK_EN;
}

static int find_who(struct sk_req *q)
{
	const char *bearer = header(q, "Authorization");
	int64_t now = (int64_t)sk_clock_ms();
	char secret[SK_SECRET_TEXT];
	int r = SK_NONE;

	if (strncmp(bearer, "Bearer ", 7) == 0)
		r = q->api ? sk_token_find(&q->web->db, bearer + 7, now, &q->who) : SK_NONE;
	else if (sk_cookie_get(header(q, "Cookie"), SK_COOKIE, secret, sizeof secret) == 0)
		r = sk_web_session_find(&q->web->db, secret, now, &q->who);
	q->signed_in = r == 0;
	return r < 0 ? 500 : 0;
}

static int read_body(struct sk_req *q)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(q->ev);
	size_t size = evbuffer_get_length(body);
	const char *data = size ? (const char *)evbuffer_pullup(body, -1) : "", *type = header(q, "Content-Type");
	int r;

	if (size && !data)
		return 500;
	if (strncasecmp(type, "multipart/form-data", 19) == 0)
		r = sk_form_parse_multipart(type, data, size, &q->form);
	else if (strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0)
		r = sk_form_parse(data, size, &q->form);
	else if (strncasecmp(type, "application/json", 16) == 0)
		r = sk_form_parse_json(data, size, &q->form);
	else
		return size ? 415 : 0;
	return r ? 400 : 0;
}

static int gate(struct sk_req *q)
{
	int status = read_address(q);

	if (!status && !sk_guard_host(q->web, header(q, "Host")))
		status = 421;
	status = status ? status : find_who(q);
	choose_language(q);
	if (status)
		return status;
	switch (sk_route_find(q->path, q->post, &q->route, q->id, sizeof q->id)) {
	case SK_NONE:
		return 404;
	case SK_DENIED:
		return 405;
	}
	if (q->api && q->route->flags & SK_ROUTE_NO_API)
		return 404;
	return 0;
}

static int gate_who(struct sk_req *q)
{
	unsigned flags = q->route->flags;

	if (flags & SK_ROUTE_OPEN)
		return 0;
	if (!q->signed_in)
		return 401;
	if (q->who.token[0] && flags & SK_ROUTE_BROWSER)
		return 403;
	if (!(flags & SK_ROUTE_OWN) && !sk_req_may_anywhere(q, q->route->object, q->route->verb))
		return 403;
	return 0;
}

/* Whoever got a first password from somebody else chooses an own one before anything else. */
static bool must_change_first(const struct sk_req *q)
{
	return q->signed_in && !q->who.token[0] && q->who.user.must_change && strncmp(q->path, "/account", 8) != 0 &&
	       strcmp(q->path, "/sign-out") != 0;
}

static int gate_post(struct sk_req *q)
{
	int status;

	if (!q->post)
		return 0;
	status = read_body(q);
	if (status)
		return status;
	/* A token is not sent by a browser on its own, so a request that carries it is not forged. */
	if (q->who.token[0])
		return 0;
	return sk_guard_forgery(q, header(q, "Origin"), header(q, "Sec-Fetch-Site"), header(q, "X-CSRF-Token"), header(q, "Cookie")) ? 0 : 403;
}

static enum sk_text reason_of(int status)
{
	switch (status) {
	case 400:
		return T_error_bad;
	case 401:
		return T_error_sign_in;
	case 403:
		return T_error_denied;
	case 404:
		return T_error_none;
	case 405:
		return T_error_method;
	case 415:
		return T_error_type;
	case 421:
		return T_error_host;
	default:
		return T_error_internal;
	}
}

static void on_request(struct evhttp_request *ev, void *arg)
{
	struct sk_http *http = arg;
	struct sk_req *q = NULL;
	int status;

	if (serve_file(http->web, ev, evhttp_request_get_uri(ev)[0] ? evhttp_uri_get_path(evhttp_request_get_evhttp_uri(ev)) : ""))
		return;
	if (sk_req_new(http->web, ev, &q)) {
		evhttp_send_error(ev, 503, NULL);
		return;
	}
	evhttp_connection_set_closecb(evhttp_request_get_connection(ev), on_gone, q);
	read_peer(q);
	status = gate(q);
	status = status ? status : gate_who(q);
	status = status ? status : gate_post(q);
	if (status == 401 && !q->api && !q->post) {
		sk_req_go(q, "/sign-in", strcmp(q->path, "/") ? "to" : NULL, q->path);
		sk_http_answer(q, 303, "text/plain", NULL);
		sk_req_free(q);
	} else if (!status && must_change_first(q)) {
		sk_req_go(q, "/account", NULL, NULL);
		sk_http_answer(q, 303, "text/plain", NULL);
		sk_req_free(q);
	} else if (status) {
		sk_req_fail(q, status, reason_of(status));
	} else {
		sk_req_run(q);
	}
}

/* ---- the server ---- */

static void set_limits(struct sk_http *http)
{
	struct rlimit files;

	evhttp_set_max_headers_size(http->server, HEADERS_MAX);
	evhttp_set_max_body_size(http->server, SK_BODY_MAX);
	evhttp_set_timeout(http->server, SILENCE_S);
	evhttp_set_allowed_methods(http->server, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST);
	evhttp_set_default_content_type(http->server, NULL);
	http->most = 512;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < 512 + SPARE_DESCRIPTORS)
		http->most = (int)files.rlim_cur - SPARE_DESCRIPTORS;
}

static int bind_listener(struct sk_http *http, int listener)
{
	int one = 1, copy = fcntl(listener, F_DUPFD_CLOEXEC, 0);

	if (copy < 0)
		return sk_origin_errno();
	/* Accepted sockets inherit it; without it each answer waits 40 ms for the browser's delayed acknowledgement. */
	setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	http->socket = evhttp_accept_socket_with_handle(http->server, copy);
	if (!http->socket) {
		close(copy);
		return sk_origin(-EIO);
	}
	return 0;
}

int sk_http_new(struct sk_web *web, int listener, struct sk_tls *tls, struct sk_http **ret_http)
{
	struct sk_http *http = sk_calloc(1, sizeof *http);
	int r;

	if (!http)
		return sk_origin(-ENOMEM);
	http->web = web;
	http->tls = tls;
	http->server = evhttp_new(sk_loop_base(web->loop));
	r = http->server ? sk_watch_timer(web->loop, accept_again, http, &http->again) : sk_origin(-ENOMEM);
	if (!r) {
		set_limits(http);
		evhttp_set_gencb(http->server, on_request, http);
		evhttp_set_bevcb(http->server, make_connection, http);
		r = bind_listener(http, listener);
	}
	if (r) {
		sk_http_free(http);
		return r;
	}
	*ret_http = http;
	return 0;
}

struct sk_http *sk_http_free(struct sk_http *http)
{
	if (!http)
		return NULL;
	sk_list_each(q, &http->web->requests, struct sk_req, link)
		sk_req_free(q);
	sk_watch_free(http->again);
	if (http->server)
		evhttp_free(http->server);
	free(http);
	return NULL;
}
