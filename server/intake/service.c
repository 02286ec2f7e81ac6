// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * intake: the process that faces the network. It owns the listener (lent by main), the TLS context with the server's key, and its sessions. It
 * owns no event, no account and no policy: what an agent says is opened, checked and handed to the store or the fleet, and only their answer goes
 * back. Killed, it loses nothing: what was not acknowledged, agents send again.
 *
 * A connection costs nothing much until its certificate is accepted: a limit of connections in all and per address, a deadline for the handshake and
 * the first frame, and not one byte of ours before the handshake is done. Only ALPN sekisho-enrol/1 may come without a certificate, and
 * there only ENROL is understood.
 *
 * When the store goes away all sessions close: their unacknowledged batches are only in the agents' spools, and that is where they are taken from again.
 */
#include "intake/service.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/file.h"
#include "sql/own.h"

enum { HANDSHAKE_INPUT = 64 << 10, ENROL_MS = 20000, PING_MS = 30000, SESSION_OUTPUT = 64 << 20 };

struct address {
	unsigned count;
};

/* ---- limits ---- */

static bool address_enter(struct sk_intake *intake, const char *address)
{
	struct address *a = sk_map_get(intake->addresses, address, strlen(address));

	if (!a) {
		a = sk_calloc(1, sizeof *a);
		if (!a || sk_map_put(intake->addresses, address, strlen(address), a)) {
			free(a);
			return false;
		}
	}
	if (a->count >= (unsigned)intake->conf.max_per_address)
		return false;
	a->count++;
	return true;
}

static void address_leave(struct sk_intake *intake, const char *address)
{
	struct address *a = sk_map_get(intake->addresses, address, strlen(address));

	if (a && --a->count == 0)
		free(sk_map_take(intake->addresses, address, strlen(address)));
}

static void name_address(int fd, char *out, size_t size)
{
	struct sockaddr_storage where = {0};
	socklen_t length = sizeof where;
	char text[INET6_ADDRSTRLEN] = "?";

	if (getpeername(fd, (struct sockaddr *)&where, &length) == 0 && where.ss_family == AF_INET)
		inet_ntop(AF_INET, &((struct sockaddr_in *)&where)->sin_addr, text, sizeof text);
	else if (where.ss_family == AF_INET6)
		inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&where)->sin6_addr, text, sizeof text);
	snprintf(out, size, "%s", text);
}

/* ---- sessions ---- */

void sk_session_close(struct sk_session *s)
{
	struct sk_intake *intake = s->intake;

	if (s->state == SK_SESSION_OPEN)
		sk_peers_up(s, "detach", NULL, "{}", 2);
	sk_peers_forget(intake, s);
	sk_watch_free(s->timer);
	if (s->bev)
		bufferevent_free(s->bev);
	sk_chan_free(s->chan);
	sk_json_free(s->hello);
	address_leave(intake, s->address);
	sk_list_remove(&s->link);
	intake->session_count--;
	free(s);
	sk_intake_doors(intake);
}

void sk_session_end(struct sk_session *s, uint32_t id, const char *code, const char *text)
{
	if (s->state == SK_SESSION_CLOSING)
		return;
	sk_log(SK_LOG_INFO, "%s%s%s: %s", s->address, s->who.agent[0] ? " " : "", s->who.agent, text);
	if (s->state == SK_SESSION_OPEN)
		sk_peers_up(s, "detach", NULL, "{}", 2);
	s->state = SK_SESSION_CLOSING;
	sk_peers_forget(s->intake, s);
	sk_timer_arm(s->timer, 5000);
	sk_chan_send_error(s->chan, id, code, text);
	sk_chan_finish(s->chan);
}

struct sk_session *sk_intake_session(struct sk_intake *intake, const char *agent)
{
	sk_list_each(s, &intake->sessions, struct sk_session, link)
		if (s->state == SK_SESSION_OPEN && strcmp(s->who.agent, agent) == 0)
			return s;
	return NULL;
}

void sk_intake_pause(struct sk_intake *intake, struct sk_session *s)
{
	bool pause = intake->store_choked || s->batches >= SK_LINK_WINDOW;

	if (!s->chan || s->paused == pause)
		return;
	s->paused = pause;
	sk_chan_pause(s->chan, pause);
}

static void on_frame(struct sk_chan *chan, void *arg, const struct sk_frame *frame)
{
	struct sk_session *s = arg;

	(void)chan;
	if (s->state == SK_SESSION_ENROL)
		sk_enrol_on_frame(s, frame);
	else if (s->state != SK_SESSION_CLOSING)
		sk_link_on_frame(s, frame);
}

static void on_close(struct sk_chan *chan, void *arg, const struct sk_diag *why)
{
	struct sk_session *s = arg;
	char text[512];

	(void)chan;
	sk_log(SK_LOG_INFO, "%s%s%s: %s", s->address, s->who.agent[0] ? " " : "", s->who.agent, sk_diag_format(why, text, sizeof text));
	sk_session_close(s);
}

static const struct sk_chan_handler handler = {.on_frame = on_frame, .on_close = on_close};

/* ---- the handshake ---- */

static bool is_accepted(const uint8_t fingerprint[SK_SHA256_SIZE], const char *name, void *arg)
{
	struct sk_intake *intake = arg;
	const struct sk_admitted *a = sk_admissions_find(intake->admissions, fingerprint);

	return a && strcmp(a->agent, name) == 0;
}

/* Who it is, by the certificate the handshake has just proven; the fleet may have changed its mind since the chain was checked. */
static int identify(struct sk_session *s, SSL *ssl)
{
	_cleanup_cert_ struct sk_cert *cert = NULL;
	const struct sk_admitted *a;
	int r = sk_tls_peer(ssl, &cert);

	if (r)
		return r;
	a = sk_admissions_find(s->intake->admissions, sk_cert_info(cert)->fingerprint);
	if (!a)
		return SK_DENIED;
	s->who = *a;
	return 0;
}

static void on_handshake_done(struct sk_session *s)
{
	SSL *ssl = bufferevent_openssl_get_ssl(s->bev);
	bool enrol = strcmp(sk_tls_alpn(ssl), SK_ALPN_ENROL) == 0;
	const struct sk_chan_opts opts = {.proto = enrol ? SK_PROTO_ENROL : SK_PROTO_LINK, .side = SK_SERVER, .idle_ms = SK_LINK_IDLE_MS,
					  .ping_ms = PING_MS, .max_output = SESSION_OUTPUT};

	if (!enrol && identify(s, ssl)) {
		sk_session_close(s);
		return;
	}
	s->state = enrol ? SK_SESSION_ENROL : SK_SESSION_HELLO;
	if (enrol)
		sk_timer_arm(s->timer, ENROL_MS);
	if (sk_chan_new(s->intake->loop, s->bev, &handler, s, &opts, &s->chan)) {
		sk_session_close(s);
		return;
	}
	s->bev = NULL;
	sk_intake_pause(s->intake, s);
}

static void on_handshake_event(struct bufferevent *bev, short what, void *arg)
{
	struct sk_session *s = arg;
	char text[128] = "";
	unsigned long code;

	if (what & BEV_EVENT_CONNECTED) {
		on_handshake_done(s);
		return;
	}
	code = bufferevent_get_openssl_error(bev);
	if (code)
		snprintf(text, sizeof text, "%s", ERR_reason_error_string(code) ? ERR_reason_error_string(code) : "TLS error");
	s->intake->refused++;
	sk_log(SK_LOG_INFO, "%s: no connection: %s", s->address, text[0] ? text : "closed during the handshake");
	sk_session_close(s);
}

static void on_deadline(void *arg)
{
	struct sk_session *s = arg;

	sk_log(SK_LOG_INFO, "%s: too slow", s->address);
	s->intake->refused++;
	sk_session_close(s);
}

static int begin_handshake(struct sk_session *s, int fd)
{
	SSL *ssl = sk_tls_session(s->intake->tls);
	int r;

	if (!ssl)
		return sk_origin(-ENOMEM);
	s->bev = bufferevent_openssl_socket_new(sk_loop_base(s->intake->loop), fd, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (!s->bev) {
		SSL_free(ssl);
		return sk_origin(-ENOMEM);
	}
	bufferevent_openssl_set_allow_dirty_shutdown(s->bev, 1);
	bufferevent_setcb(s->bev, NULL, NULL, on_handshake_event, s);
	bufferevent_setwatermark(s->bev, EV_READ, 0, HANDSHAKE_INPUT);
	r = bufferevent_enable(s->bev, EV_READ | EV_WRITE) ? sk_origin(-EIO) : 0;
	if (!r)
		r = sk_watch_timer(s->intake->loop, on_deadline, s, &s->timer);
	return r ? r : sk_timer_arm(s->timer, s->intake->conf.handshake_ms);
}

static void on_accept(void *arg, int fd, uid_t uid)
{
	struct sk_intake *intake = arg;
	struct sk_session *s = sk_calloc(1, sizeof *s);

	(void)uid;
	if (!s) {
		close(fd);
		return;
	}
	s->intake = intake;
	name_address(fd, s->address, sizeof s->address);
	if (!address_enter(intake, s->address)) {
		intake->refused++;
		sk_log(SK_LOG_INFO, "%s: too many connections from there", s->address);
		close(fd);
		free(s);
		return;
	}
	sk_list_append(&intake->sessions, &s->link);
	intake->session_count++;
	if (begin_handshake(s, fd)) {
		if (!s->bev)
			close(fd);
		sk_session_close(s);
		return;
	}
	sk_intake_doors(intake);
}

void sk_intake_doors(struct sk_intake *intake)
{
	bool open = intake->store && sk_admissions_ready(intake->admissions) && intake->session_count < (unsigned)intake->conf.max_connections;

	if (open && !intake->accept)
		sk_accept_new(intake->loop, intake->listener, on_accept, intake, &intake->accept);
	else if (!open && intake->accept)
		intake->accept = sk_accept_free(intake->accept);
}

/* ---- beginning and end ---- */

static int read_pem(const struct sk_duty_ctx *ctx, const char *name, struct sk_buf *out)
{
	char path[128];
	int r;

	snprintf(path, sizeof path, SK_INTAKE_FOLDER "/%s", name);
	r = sk_file_read(ctx->root_dir, path, SK_PEM_MAX, out);
	if (r)
		sk_log(SK_LOG_ERROR, "cannot read %s: run `sekisho server init` first", path);
	return r;
}

static int read_identity(const struct sk_duty_ctx *ctx, struct sk_cert **cert, struct sk_tls_key **key, struct sk_cert **ca)
{
	_cleanup_buf_ struct sk_buf cert_pem = SK_BUF(SK_PEM_MAX), key_pem = SK_BUF(SK_PEM_MAX), ca_pem = SK_BUF(SK_PEM_MAX);
	struct sk_diag diag = {0};
	int r = read_pem(ctx, "server.pem", &cert_pem);

	if (!r)
		r = read_pem(ctx, "server.key", &key_pem);
	if (!r)
		r = read_pem(ctx, "ca.pem", &ca_pem);
	if (!r)
		r = sk_cert_parse(cert_pem.data, cert_pem.size, &diag, cert);
	if (!r)
		r = sk_tls_key_parse(key_pem.data, key_pem.size, &diag, key);
	if (!r)
		r = sk_cert_parse(ca_pem.data, ca_pem.size, &diag, ca);
	if (key_pem.data)
		sk_wipe(key_pem.data, key_pem.size);
	if (r == SK_BAD)
		sk_log(SK_LOG_ERROR, SK_INTAKE_FOLDER ": %s", diag.text);
	return r;
}

static int make_tls(const struct sk_duty_ctx *ctx, struct sk_intake *intake)
{
	static const struct sk_tls_name names[] = {{SK_ALPN_LINK, true}, {SK_ALPN_ENROL, false}, {0}};
	_cleanup_tls_key_ struct sk_tls_key *key = NULL;
	_cleanup_cert_ struct sk_cert *cert = NULL, *ca = NULL;
	struct sk_tls_terms terms = {.names = names, .accepted = is_accepted, .arg = intake};
	int r = read_identity(ctx, &cert, &key, &ca);

	if (r)
		return r;
	terms.cert = cert;
	terms.key = key;
	terms.ca = ca;
	return sk_tls_server(&terms, &intake->tls);
}

static void end(struct sk_intake *intake)
{
	sk_accept_free(intake->accept);
	intake->accept = NULL;
	intake->conf.max_connections = 0; /* the doors stay shut */
	sk_list_each(s, &intake->sessions, struct sk_session, link)
		sk_session_close(s);
	sk_peers_stop(intake);
	sk_admissions_free(intake->admissions);
	sk_map_free(intake->addresses);
	sk_tls_free(intake->tls);
	sk_buf_done(&intake->space);
	sk_buf_done(&intake->out);
}

static int begin(const struct sk_duty_ctx *ctx, struct sk_intake *intake)
{
	int r = make_tls(ctx, intake);

	if (!r)
		r = sk_admissions_new(&intake->admissions);
	if (!r)
		r = sk_map_new((size_t)intake->conf.max_connections + 1, free, &intake->addresses);
	return r ? r : sk_peers_start(intake);
}

int sk_intake_run(const struct sk_duty_ctx *ctx, const struct sk_intake_conf *conf)
{
	struct sk_intake intake = {.root = ctx->root, .conf = *conf, .listener = sk_duty_listener(ctx, SK_INTAKE_LISTENER),
				   .space = SK_BUF(SK_BATCH_MAX_RAW + 1), .out = SK_BUF(SK_APPEND_HEAD_MAX + SK_BATCH_MAX_PACKED + 4096)};
	int r = sk_duty_loop(ctx, NULL, NULL, &intake.loop);

	if (r)
		return 1;
	sk_list_init(&intake.sessions);
	sk_list_init(&intake.waiting);
	r = begin(ctx, &intake);
	if (!r) {
		sk_duty_ready(ctx);
		r = sk_loop_run(intake.loop);
	}
	end(&intake);
	sk_duty_loop_free(ctx, intake.loop);
	return r ? 1 : 0;
}

const struct sk_land_rule sk_intake_land[] = {{SK_INTAKE_FOLDER, SK_LAND_READ}, {"run/sekisho", SK_LAND_READ}, {0}};

int sk_intake_prepare(const struct sk_duty_ctx *ctx, uid_t uid, gid_t gid)
{
	int r = sk_dir_make(ctx->root_dir, SK_INTAKE_FOLDER, 0, gid, 0750);

	(void)uid;
	return r ? r : sk_folder_own(ctx->root_dir, SK_INTAKE_FOLDER, 0, gid, 0640);
}
