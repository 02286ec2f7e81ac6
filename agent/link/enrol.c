// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One TLS connection, one question, one answer. The private key is made here and never leaves this machine; the server is believed because its
 * certificate is the one the token names.
 */
#include "link/enrol.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/tls.h"
#include "link/connect.h"
#include "link/identity.h"
#include "os/file.h"
#include "os/peer.h"
#include "wire/call.h"
#include "wire/json.h"
#include "wire/link.h"

enum { TIMEOUT_MS = 30000 };

struct enrolment {
	struct sk_loop *loop;
	struct sk_chan *chan;
	struct sk_tls_key *key;
	const char *token;
	struct sk_buf answer; /* the body of ENROLLED */
	struct sk_diag diag;
	bool refused; /* by the server, in words */
};

int token_split(const char *text, char ret_token[SK_LINK_TOKEN_MAX + 1], uint8_t ret_pin[32])
{
	const char *dot = strrchr(text, '.');
	size_t n = dot ? (size_t)(dot - text) : 0;

	if (n == 0 || n > SK_LINK_TOKEN_MAX || sk_unhex(dot + 1, ret_pin, 32))
		return SK_BAD;
	memcpy(ret_token, text, n);
	ret_token[n] = '\0';
	return 0;
}

static void first_line(const char *path, char *out, size_t size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, out, size - 1);

	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
}

static int build_question(struct enrolment *e, struct sk_buf *out)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	_cleanup_buf_ struct sk_buf csr = SK_BUF(SK_PEM_MAX);
	char host[256] = "", machine[64];
	int r = o ? sk_csr_make(e->key, "agent", &csr) : sk_origin(-ENOMEM);

	gethostname(host, sizeof host - 1);
	first_line("/etc/machine-id", machine, sizeof machine);
	if (!r)
		r = sk_json_put_string(o, "token", e->token);
	if (!r)
		r = sk_json_put_string(o, "csr", csr.data);
	if (!r)
		r = sk_json_put_string(o, "host", host);
	if (!r)
		r = sk_json_put_string(o, "machine", machine);
	return r ? r : sk_json_canonical(o, out);
}

static void on_open(struct sk_chan *chan, void *arg)
{
	_cleanup_buf_ struct sk_buf body = SK_BUF(64 << 10);
	struct enrolment *e = arg;
	int r = build_question(e, &body);

	if (!r)
		r = sk_chan_send(chan, SK_F_ENROL, 1, body.data, body.size);
	if (r)
		sk_loop_stop(e->loop, 3);
}

static void on_frame(struct sk_chan *chan, void *arg, const struct sk_frame *frame)
{
	struct enrolment *e = arg;

	(void)chan;
	if (frame->type == SK_F_ENROLLED && sk_buf_append(&e->answer, frame->body, frame->size) == 0) {
		sk_loop_stop(e->loop, 0);
		return;
	}
	e->refused = frame->type == SK_F_ERROR;
	sk_diag_offset(&e->diag, 0, "%.*s", (int)SK_MIN(frame->size, 200u), (const char *)frame->body);
	sk_loop_stop(e->loop, 1);
}

static void on_close(struct sk_chan *chan, void *arg, const struct sk_diag *why)
{
	struct enrolment *e = arg;

	e->chan = sk_chan_free(chan);
	e->diag = *why;
	sk_loop_stop(e->loop, 3);
}

static void on_timeout(void *arg)
{
	struct enrolment *e = arg;

	sk_diag_offset(&e->diag, 0, "no answer within %d seconds", TIMEOUT_MS / 1000);
	sk_loop_stop(e->loop, 3);
}

/* Asks; 0 with the answer, else an exit code and the diag. */
static int ask(struct enrolment *e, const char *server, const uint8_t pin[32])
{
	static const struct sk_chan_handler handler = {.on_open = on_open, .on_frame = on_frame, .on_close = on_close};
	const struct sk_tls_terms terms = {.alpn = SK_ALPN_ENROL, .pin = pin};
	_cleanup_tls_ struct sk_tls *tls = NULL;
	struct sk_watch *timeout = NULL;
	int r = sk_tls_client(&terms, &tls);

	if (!r)
		r = sk_loop_new(&e->loop);
	if (!r)
		r = sk_watch_timer(e->loop, on_timeout, e, &timeout);
	if (!r)
		r = sk_timer_arm(timeout, TIMEOUT_MS);
	if (!r)
		r = server_connect(e->loop, server, tls, SK_PROTO_ENROL, &handler, e, &e->chan, &e->diag);
	if (r) {
		if (r < 0)
			sk_diag_offset(&e->diag, 0, "%s", strerror(-r));
		r = 3;
	} else {
		r = sk_loop_run(e->loop);
	}
	e->chan = sk_chan_free(e->chan);
	sk_watch_free(timeout);
	e->loop = sk_loop_free(e->loop);
	return r < 0 ? 3 : r;
}

/* The answer, checked as far as it can be here: the certificate must be ours and the CA's. */
static int check_certificate(const struct enrolment *e, const char *pem, const char *ca_pem, struct sk_diag *diag)
{
	_cleanup_cert_ struct sk_cert *cert = NULL, *ca = NULL;
	int r = sk_cert_parse(pem, strlen(pem), diag, &cert);

	if (!r)
		r = sk_cert_parse(ca_pem, strlen(ca_pem), diag, &ca);
	if (r)
		return r;
	if (!sk_cert_has_key(cert, e->key) || sk_cert_issued_by(cert, ca))
		return sk_diag_path(diag, "certificate", "is not for our key, or not of the server's CA");
	return 0;
}

static int read_site_key(const struct sk_json *at, struct sk_public *key, struct enrolled *out)
{
	uint8_t bytes[SK_PUBLIC_SIZE];
	const char *text;
	size_t size;
	int r = sk_json_string(at, "site_key", 0, SK_PUBLIC_TEXT_SIZE, &text);

	if (r || !*text)
		return r;
	r = sk_json_base64(at, "site_key", bytes, sizeof bytes, &size);
	if (!r && size != sizeof bytes)
		r = sk_json_refuse(at, "site_key", "must be 32 bytes");
	if (!r)
		r = sk_public_set(key, bytes);
	if (!r)
		out->site_key = key;
	return r;
}

static int read_answer(struct enrolment *e, const struct sk_json *at, uint8_t secret[32], struct sk_public *site_key,
		       struct enrolled *out)
{
	size_t size;
	int r = sk_json_string(at, "agent", 1, SK_AGENT_ID_MAX, &out->agent);

	if (!r)
		r = sk_json_string(at, "certificate", 1, SK_PEM_MAX, &out->certificate);
	if (!r)
		r = sk_json_string(at, "ca", 1, SK_PEM_MAX, &out->ca);
	if (!r)
		r = sk_json_string(at, "site", 0, IDENTITY_NAME - 1, &out->site);
	if (!r)
		r = sk_json_string(at, "org", 0, IDENTITY_NAME - 1, &out->org);
	if (!r)
		r = sk_json_string(at, "asset", 0, IDENTITY_NAME - 1, &out->asset);
	if (!r)
		r = sk_json_base64(at, "secret", secret, 32, &size);
	if (!r && size != 32)
		r = sk_json_refuse(at, "secret", "must be 32 bytes");
	if (!r)
		r = read_site_key(at, site_key, out);
	if (!r)
		r = check_certificate(e, out->certificate, out->ca, at->diag);
	out->key = e->key;
	out->secret = secret;
	return r;
}

/* A running agent takes its new identity at once. */
static void tell_agent(const char *root)
{
	static const char reload[] = "{\"verb\":\"reload\"}";
	_cleanup_call_ struct sk_call *call = NULL;
	struct sk_frame answer;
	struct sk_diag diag = {0};

	if (sk_call_open(root, "link.sock", SK_PROTO_LINKCTL, &call) == 0)
		sk_call_ask(call, SK_F_CALL, reload, sizeof reload - 1, 2000, NULL, NULL, &answer, &diag);
}

static int keep(struct enrolment *e, const char *root, const char *server, uid_t uid, gid_t gid, bool json)
{
	_cleanup_json_ struct json_object *body = NULL;
	_cleanup_close_ int dir = -1;
	struct enrolled out = {.server = server};
	struct sk_public site_key;
	uint8_t secret[32];
	char text[512];
	int r = sk_json_parse_object(e->answer.data, e->answer.size, 64 << 10, &body, &e->diag);
	struct sk_json at = SK_JSON(body, "enrolled", &e->diag);

	if (!r)
		r = read_answer(e, &at, secret, &site_key, &out);
	if (r) {
		fprintf(stderr, "sekisho-agent: the server's answer: %s\n",
			r < 0 ? strerror(-r) : sk_diag_format(&e->diag, text, sizeof text));
		return 1;
	}
	r = sk_dir_open(root, "", &dir);
	if (!r)
		r = identity_save(root, dir, uid, gid, &out);
	sk_wipe(secret, sizeof secret);
	if (r) {
		fprintf(stderr, "sekisho-agent: %s\n",
			r == SK_DENIED ? "another site key is pinned here: " POLICY_FOLDER "/site.pub must be removed first, on purpose"
				       : strerror(r < 0 ? -r : EIO));
		return 3;
	}
	tell_agent(root);
	printf(json ? "{\"agent\":\"%s\"}\n" : "Enrolled as %s.\n", out.agent);
	return 0;
}

int enrol(const char *root, const char *server, const char *token, uid_t uid, gid_t gid, bool json)
{
	char text[512], host[ADDRESS_MAX], port[8], secret[SK_LINK_TOKEN_MAX + 1];
	struct enrolment e = {.token = secret, .answer = SK_BUF(64 << 10)};
	uint8_t pin[32];
	int r;

	if (token_split(token, secret, pin) || address_split(server, host, port)) {
		fprintf(stderr, "sekisho-agent: --server must be HOST:PORT, --token TOKEN.PIN as the server printed it\n");
		return 2;
	}
	if (sk_tls_key_generate(&e.key))
		return 3;
	r = ask(&e, server, pin);
	if (r)
		fprintf(stderr, "sekisho-agent: %s %s: %s\n", server, e.refused ? "refused" : "cannot be reached or believed",
			sk_diag_format(&e.diag, text, sizeof text));
	else
		r = keep(&e, root, server, uid, gid, json);
	sk_tls_key_free(e.key);
	sk_buf_done(&e.answer);
	return r;
}
