// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * link-rig: both neighbours of the agent's link, for tests that kill and starve everything. Not installed.
 *
 *   link-rig serve FOLDER PORT      a server that only remembers: makes its CA in FOLDER, enrols whoever comes, writes each event it had not to FOLDER/received
 *                                   ("EPOCH PRIORITY SEQ NUMBER" or "EPOCH PRIORITY SEQ 0 LOST-PRIORITY FIRST LAST") before it acknowledges. While
 *                                   FOLDER/full exists it has no room. Sends each new line of FOLDER/commands to the agent as a COMMAND, and writes what comes
 *                                   back (RESULT, REQUEST, HEALTH, POLICY_STATE) to FOLDER/said. Prints the pin of its certificate first.
 *   link-rig enrol FOLDER PORT      the same server's door for enrolment: the token "good" is
 *   link-rig guard ROOT GID         lockdown.sock: one request in its outbox, an answer to each command; prints what it gets
 *   link-rig report ROOT FROM TO    events FROM .. TO of all priorities in turn to ROOT's spool, again until they are taken
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/tls.h"
#include "event/event.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/loop.h"
#include "os/peer.h"
#include "os/point.h"
#include "wire/call.h"
#include "wire/chan.h"
#include "wire/json.h"

enum { EPOCHS = 8 };

struct known {
	uint64_t epoch;
	uint64_t has[SK_PRIORITIES];
};

struct server {
	const char *folder;
	int dir;
	struct sk_loop *loop;
	struct sk_tls *tls;
	struct sk_tls_key *ca_key, *key;
	struct sk_cert *ca, *cert;
	struct sk_chan *link; /* of the enrolled agent, after WELCOME */
	struct known known[EPOCHS];
	int received, said;
	off_t commands;
};

static void die(const char *what, int r)
{
	fprintf(stderr, "link-rig: %s: %s\n", what, r < 0 ? strerror(-r) : "refused");
	exit(1);
}

static int64_t now_s(void)
{
	return (int64_t)(sk_clock_ms() / 1000);
}

/* ---- keys ---- */

static void keep(struct server *s, const char *name, struct sk_buf *text)
{
	if (sk_file_replace("rig", s->dir, name, text->data, text->size, 0600))
		die(name, -EIO);
}

static bool load_keys(struct server *s)
{
	static const char *const names[] = {"ca.key", "ca.pem", "server.key", "server.pem"};
	int r = 0;

	for (int i = 0; !r && i < 4; i++) {
		_cleanup_buf_ struct sk_buf text = SK_BUF(SK_PEM_MAX);

		r = sk_file_read(s->dir, names[i], SK_PEM_MAX, &text);
		if (!r)
			r = i == 0   ? sk_tls_key_parse(text.data, text.size, NULL, &s->ca_key)
			    : i == 1 ? sk_cert_parse(text.data, text.size, NULL, &s->ca)
			    : i == 2 ? sk_tls_key_parse(text.data, text.size, NULL, &s->key)
				     : sk_cert_parse(text.data, text.size, NULL, &s->cert);
	}
	return r == 0;
}

static void make_keys(struct server *s)
{
	static const char *const sans[] = {"127.0.0.1", "localhost", NULL};
	const struct sk_cert_terms terms = {SK_CERT_SERVER, "rig", sans, now_s() - 3600, now_s() + 86400 * 30};
	_cleanup_buf_ struct sk_buf csr = SK_BUF(SK_PEM_MAX);
	struct sk_buf text[4] = {SK_BUF(SK_PEM_MAX), SK_BUF(SK_PEM_MAX), SK_BUF(SK_PEM_MAX), SK_BUF(SK_PEM_MAX)};

	if (sk_tls_key_generate(&s->ca_key) || sk_tls_key_generate(&s->key) ||
	    sk_ca_make(s->ca_key, "rig CA", now_s() - 3600, now_s() + 86400 * 30, &s->ca) || sk_csr_make(s->key, "rig", &csr) ||
	    sk_cert_issue(s->ca, s->ca_key, csr.data, csr.size, &terms, NULL, &s->cert) || sk_tls_key_pem(s->ca_key, &text[0]) ||
	    sk_cert_pem(s->ca, &text[1]) || sk_tls_key_pem(s->key, &text[2]) || sk_cert_pem(s->cert, &text[3]))
		die("keys", 1);
	keep(s, "ca.key", &text[0]);
	keep(s, "ca.pem", &text[1]);
	keep(s, "server.key", &text[2]);
	keep(s, "server.pem", &text[3]);
	for (int i = 0; i < 4; i++)
		sk_buf_done(&text[i]);
}

/* ---- what is remembered ---- */

static struct known *known_of(struct server *s, uint64_t epoch)
{
	for (int i = 0; i < EPOCHS; i++) {
		if (s->known[i].epoch == 0)
			s->known[i].epoch = epoch;
		if (s->known[i].epoch == epoch)
			return &s->known[i];
	}
	die("too many epochs", 1);
	return NULL;
}

static void remember(struct server *s)
{
	char path[512], line[256];
	off_t whole = 0;
	FILE *f;

	snprintf(path, sizeof path, "%s/received", s->folder);
	s->received = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f) && strchr(line, '\n')) {
		uint64_t epoch, seq;
		unsigned p;

		if (sscanf(line, "%" SCNu64 " %u %" SCNu64, &epoch, &p, &seq) != 3 || p >= SK_PRIORITIES)
			die("its file", 1);
		known_of(s, epoch)->has[p] = seq;
		whole += (off_t)strlen(line);
	}
	if (f)
		fclose(f);
	if (s->received < 0 || ftruncate(s->received, whole) < 0 || lseek(s->received, whole, SEEK_SET) < 0)
		die(path, -errno);
	snprintf(path, sizeof path, "%s/said", s->folder);
	s->said = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

static void put_line(struct sk_buf *out, const struct sk_batch *b, uint64_t seq, const char *line, size_t size)
{
	struct sk_event_columns c;
	const char *at = memmem(line, size, "\"pid\":", 6);

	if (sk_event_scan(line, size, &c, NULL))
		die("an event that is none", 1);
	sk_buf_printf(out, "%" PRIu64 " %u %" PRIu64 " %ld", b->epoch, b->priority, seq, at ? strtol(at + 6, NULL, 10) : 0L);
	if (c.has_loss)
		sk_buf_printf(out, " %u %" PRIu64 " %" PRIu64, c.loss_priority, c.loss_first, c.loss_last);
	sk_buf_append_str(out, "\n");
}

static int on_batch(struct server *s, struct sk_chan *chan, const struct sk_frame *frame)
{
	_cleanup_buf_ struct sk_buf raw = SK_BUF(SK_BATCH_MAX_RAW), out = SK_BUF(16 << 20);
	struct sk_batch b;
	struct known *k;
	uint8_t body[SK_ACK_SIZE];
	struct sk_writer w;
	const char *line;
	size_t at = 0, size;

	if (faccessat(s->dir, "full", F_OK, 0) == 0)
		return sk_chan_send_error(chan, frame->id, "full", "no room");
	if (sk_batch_read(frame->body, frame->size, &b, NULL) || sk_batch_unpack(&b, &raw, NULL))
		die("a batch that is none", 1);
	if (faccessat(s->dir, "refuse", F_OK, 0) == 0 && memmem(raw.data, raw.size, "\"pid\":1234", 10)) {
		sk_chan_send_error(chan, frame->id, "bad-batch", "event 1234 is not liked here");
		sk_chan_finish(chan);
		return 0;
	}
	k = known_of(s, b.epoch);
	for (uint64_t seq = b.first_seq; (line = sk_event_next_line(raw.data, raw.size, &at, &size)); seq++)
		if (seq > k->has[b.priority])
			put_line(&out, &b, seq, line, size);
	SK_POINT("rig.commit");
	if (out.size && sk_fd_write("rig.commit", s->received, out.data, out.size))
		die("received", -errno);
	SK_POINT("rig.committed");
	k->has[b.priority] = SK_MAX(k->has[b.priority], b.first_seq + b.count - 1);
	sk_writer_init(&w, body, sizeof body);
	sk_ack_write(&w, &(struct sk_ack){b.epoch, b.priority, k->has[b.priority]});
	return sk_chan_send(chan, SK_F_ACK, frame->id, body, sizeof body);
}

/* ---- frames ---- */

static int on_enrol(struct server *s, struct sk_chan *chan, const struct sk_frame *frame)
{
	const struct sk_cert_terms terms = {SK_CERT_CLIENT, "agent-1", NULL, now_s() - 3600, now_s() + 86400 * 30};
	_cleanup_json_ struct json_object *question = NULL, *o = json_object_new_object();
	_cleanup_buf_ struct sk_buf cert = SK_BUF(SK_PEM_MAX), ca = SK_BUF(SK_PEM_MAX), text = SK_BUF(64 << 10);
	_cleanup_cert_ struct sk_cert *issued = NULL;
	const char *csr, *token;
	struct sk_json at;

	if (sk_json_parse_object(frame->body, frame->size, frame->size, &question, NULL))
		return SK_BAD;
	at = SK_JSON(question, "enrol", NULL);
	if (sk_json_string(&at, "csr", 1, SK_PEM_MAX, &csr) || sk_json_string(&at, "token", 1, 100, &token))
		return SK_BAD;
	if (strcmp(token, "good") != 0)
		return sk_chan_send_error(chan, frame->id, "denied", "the token is not known");
	if (sk_cert_issue(s->ca, s->ca_key, csr, strlen(csr), &terms, NULL, &issued) || sk_cert_pem(issued, &cert) || sk_cert_pem(s->ca, &ca))
		return SK_BAD;
	sk_json_put_string(o, "agent", "agent-1");
	sk_json_put_string(o, "certificate", cert.data);
	sk_json_put_string(o, "ca", ca.data);
	sk_json_put_string(o, "org", "org");
	sk_json_put_string(o, "site", "site");
	sk_json_put_string(o, "asset", "asset");
	sk_json_put_base64(o, "secret", (const uint8_t[32]){1, 2, 3}, 32);
	sk_json_put_base64(o, "site_key", (const uint8_t[32]){9, 8, 7}, 32);
	if (sk_json_canonical(o, &text))
		return SK_BAD;
	return sk_chan_send(chan, SK_F_ENROLLED, frame->id, text.data, text.size);
}

static int on_hello(struct server *s, struct sk_chan *chan, const struct sk_frame *frame)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(16 << 10);
	const char *between = "";

	sk_buf_printf(&text, "{\"time\":%" PRIu64 ",\"acks\":[", sk_clock_ms());
	for (int i = 0; i < EPOCHS && s->known[i].epoch; i++)
		for (int p = 0; p < SK_PRIORITIES; p++) {
			sk_buf_printf(&text, "%s{\"epoch\":%" PRIu64 ",\"priority\":%d,\"seq\":%" PRIu64 "}", between, s->known[i].epoch, p,
				      s->known[i].has[p]);
			between = ",";
		}
	sk_buf_append_str(&text, "]}");
	s->link = chan;
	s->commands = 0;
	return sk_chan_send(chan, SK_F_WELCOME, frame->id, text.data, text.size);
}

static int on_said(struct server *s, struct sk_chan *chan, const struct sk_frame *frame)
{
	char head[32];
	int n = snprintf(head, sizeof head, "%s ", sk_frame_name(frame->type));

	if (write(s->said, head, (size_t)n) != n || write(s->said, frame->body, frame->size) != (ssize_t)frame->size ||
	    write(s->said, "\n", 1) != 1)
		return -errno;
	if (frame->type != SK_F_REQUEST)
		return 0;
	return sk_chan_send(chan, SK_F_REQUEST_TAKEN, frame->id, "{\"id\":\"r-1\"}", 12);
}

static void on_frame(struct sk_chan *chan, void *arg, const struct sk_frame *frame)
{
	struct server *s = arg;
	int r = frame->type == SK_F_BATCH   ? on_batch(s, chan, frame)
		: frame->type == SK_F_HELLO ? on_hello(s, chan, frame)
		: frame->type == SK_F_ENROL ? on_enrol(s, chan, frame)
					    : on_said(s, chan, frame);

	if (r < 0 || r == SK_BAD)
		sk_chan_send_error(chan, frame->id, "bad", "the rig does not understand");
}

static void on_close(struct sk_chan *chan, void *arg, const struct sk_diag *why)
{
	struct server *s = arg;

	sk_log(SK_LOG_INFO, "closed: %s", why->text);
	if (s->link == chan)
		s->link = NULL;
	sk_chan_free(chan);
}

static void on_accept(void *arg, int fd, uid_t uid)
{
	static const struct sk_chan_handler handler = {.on_frame = on_frame, .on_close = on_close};
	struct server *s = arg;
	struct bufferevent *bev = bufferevent_openssl_socket_new(sk_loop_base(s->loop), fd, sk_tls_session(s->tls), BUFFEREVENT_SSL_ACCEPTING,
								 BEV_OPT_CLOSE_ON_FREE);
	struct sk_chan_opts opts = {.proto = SK_PROTO_LINK, .side = SK_SERVER, .connecting = true};
	struct sk_chan *chan;

	(void)uid;
	if (s->commands == -1)
		opts.proto = SK_PROTO_ENROL;
	if (!bev || sk_chan_new(s->loop, bev, &handler, s, &opts, &chan))
		close(fd);
}

/* New lines of FOLDER/commands go to the agent. */
static void on_tick(void *arg)
{
	struct server *s = arg;
	char line[512], path[512];
	FILE *f;

	if (!s->link)
		return;
	snprintf(path, sizeof path, "%s/commands", s->folder);
	f = fopen(path, "re");
	if (f && fseeko(f, s->commands, SEEK_SET) == 0)
		while (fgets(line, sizeof line, f)) {
			sk_chan_send(s->link, SK_F_COMMAND, 0, line, strcspn(line, "\n"));
			s->commands = ftello(f);
		}
	if (f)
		fclose(f);
}

static int serve(const char *folder, const char *port, bool enrolling)
{
	static const struct sk_tls_name link_names[] = {{SK_ALPN_LINK, true}, {NULL, false}}, enrol_names[] = {{SK_ALPN_ENROL, false}, {NULL, false}};
	struct server s = {.folder = folder, .dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), .commands = enrolling ? -1 : 0};
	struct sk_tls_terms terms = {.names = enrolling ? enrol_names : link_names};
	struct sk_accept *accept;
	struct sk_watch *tick;
	char address[64], pin[65];
	int fd, r;

	if (!load_keys(&s))
		make_keys(&s);
	remember(&s);
	terms.cert = s.cert;
	terms.key = s.key;
	terms.ca = s.ca;
	snprintf(address, sizeof address, "127.0.0.1:%s", port);
	r = sk_tls_server(&terms, &s.tls);
	if (!r)
		r = sk_tcp_listen(address, &fd);
	if (!r)
		r = sk_loop_new(&s.loop);
	if (!r)
		r = sk_accept_new(s.loop, fd, on_accept, &s, &accept);
	if (!r)
		r = sk_watch_timer(s.loop, on_tick, &s, &tick);
	if (!r && !enrolling)
		r = sk_timer_arm_every(tick, 50);
	if (r)
		die("cannot serve", r);
	printf("%s\n", sk_hex(sk_cert_info(s.cert)->fingerprint, 32, pin));
	fflush(stdout);
	return sk_loop_run(s.loop);
}

/* ---- the guard ---- */

struct guard {
	struct sk_loop *loop;
	bool taken;
};

static void guard_frame(struct sk_chan *chan, void *arg, const struct sk_frame *frame)
{
	static const char result[] = "{\"body\":{\"mode\":\"enforce\"},\"id\":\"c-1\",\"ok\":true}";
	static const char health[] = "{\"mode\":\"enforce\",\"serial\":7}";
	struct guard *g = arg;

	printf("%s %.*s\n", sk_frame_name(frame->type), (int)frame->size, frame->size ? (const char *)frame->body : "");
	fflush(stdout);
	if (frame->type == SK_F_REQUEST_TAKEN)
		g->taken = true;
	else if (frame->type == SK_F_COMMAND)
		sk_chan_send(chan, SK_F_RESULT, frame->id, result, sizeof result - 1);
	else if (frame->type == SK_F_HEALTH_GET)
		sk_chan_send(chan, SK_F_HEALTH, frame->id, health, sizeof health - 1);
}

static void guard_close(struct sk_chan *chan, void *arg, const struct sk_diag *why)
{
	(void)arg;
	(void)why;
	sk_chan_free(chan);
}

/* What is in the outbox goes out when a connection begins, until it is taken. */
static void guard_accept(void *arg, int fd, uid_t uid)
{
	static const struct sk_chan_handler handler = {.on_frame = guard_frame, .on_close = guard_close};
	static const char request[] = "{\"body\":{\"path\":\"/opt/tool/new\"},\"id\":\"r-1\",\"kind\":\"unknown\"}";
	const struct sk_chan_opts opts = {.proto = SK_PROTO_LOCKDOWN, .side = SK_SERVER};
	struct guard *g = arg;
	struct sk_chan *chan;

	(void)uid;
	if (sk_chan_new_fd(g->loop, fd, &handler, g, &opts, &chan))
		die("lockdown.sock", 1);
	if (!g->taken)
		sk_chan_send(chan, SK_F_REQUEST, 1, request, sizeof request - 1);
}

static int guard(const char *root, const char *group)
{
	struct guard g = {0};
	struct sk_accept *accept;
	int dir, fd, r = sk_dir_open(root, "run/sekisho", &dir);

	if (!r)
		r = sk_peer_listen(dir, "lockdown.sock", (uid_t)-1, (gid_t)strtoul(group, NULL, 10), 0660, &fd);
	if (!r)
		r = sk_loop_new(&g.loop);
	if (!r)
		r = sk_accept_new(g.loop, fd, guard_accept, &g, &accept);
	if (r)
		die("lockdown.sock", r);
	return sk_loop_run(g.loop);
}

/* ---- the reporter ---- */

static size_t make_event(char *out, size_t size, uint64_t number)
{
	int n = snprintf(out, size,
			 "{\"class_uid\":1007,\"severity_id\":4,\"time\":%" PRIu64 ",\"process\":{\"pid\":%" PRIu64
			 ",\"file\":{\"path\":\"/opt/tool/bin/%" PRIu64 "\"}},\"fill\":\"%0*d\"}",
			 sk_clock_ms(), number, number, (int)(number % 200 + 1), 0);

	return (size_t)n;
}

static int send_event(struct sk_call *call, uint64_t number, bool ask)
{
	char body[1024];
	size_t n;

	body[0] = (char)(number % SK_PRIORITIES);
	n = make_event(body + 1, sizeof body - 1, number);
	return sk_call_send(call, SK_F_EVENT, ask ? (uint32_t)number : 0, body, n + 1, 5000);
}

/* A group of events, of which the last one of each priority asks to be taken. 0 when all are. */
static int send_group(struct sk_call *call, uint64_t from, uint64_t to)
{
	struct sk_frame answer;
	struct sk_diag diag;
	int r = 0, asked = 0;

	for (uint64_t n = from; !r && n <= to; n++) {
		bool ask = n + SK_PRIORITIES > to;

		r = send_event(call, n, ask);
		asked += ask;
	}
	for (; !r && asked; asked--) {
		r = sk_call_receive(call, 10000, &answer, &diag);
		if (!r && answer.type != SK_F_EVENT_TAKEN)
			r = SK_BAD;
	}
	return r;
}

static int report(const char *root, uint64_t from, uint64_t to)
{
	enum { GROUP = 1500 };
	uint64_t deadline = sk_clock_mono_ms() + 120000;
	struct sk_call *call = NULL;

	while (from <= to && sk_clock_mono_ms() < deadline) {
		uint64_t end = SK_MIN(from + GROUP - 1, to);

		if (!call && sk_call_open(root, "spool.sock", SK_PROTO_SPOOL, &call)) {
			usleep(50000);
			continue;
		}
		if (send_group(call, from, end) == 0) {
			from = end + 1;
			continue;
		}
		call = sk_call_free(call);
		usleep(50000);
	}
	sk_call_free(call);
	return from <= to;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "serve") == 0)
		return serve(argv[2], argv[3], false);
	if (argc == 4 && strcmp(argv[1], "enrol") == 0)
		return serve(argv[2], argv[3], true);
	if (argc == 4 && strcmp(argv[1], "guard") == 0)
		return guard(argv[2], argv[3]);
	if (argc == 5 && strcmp(argv[1], "report") == 0)
		return report(argv[2], strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
	return 2;
}
