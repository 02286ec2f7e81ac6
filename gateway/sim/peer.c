// SPDX-License-Identifier: GPL-3.0-or-later
/* The connection of the simulator: frames, selection, timers, the script's pace, what is printed. */
#include "sim/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "os/clock.h"
#include "sim/sml.h"

static void put_json_text(struct sk_buf *out, const char *text, size_t size)
{
	sk_buf_append_char(out, '"');
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '"' || text[i] == '\\')
			sk_buf_append_char(out, '\\');
		sk_buf_append_char(out, text[i] >= ' ' && text[i] < 0x7f ? text[i] : '?');
	}
	sk_buf_append_char(out, '"');
}

void peer_print(struct peer *peer, const char *what, const struct hsms_head *head, const uint8_t *body, size_t size, uint64_t us)
{
	_cleanup_buf_ struct sk_buf line = SK_BUF(1 << 20), text = SK_BUF(1 << 18);
	uint64_t now = sk_clock_ms();

	if (peer->options->quiet && head)
		return;
	sk_buf_printf(&line, "{\"time\": %" PRIu64 ", \"what\": \"%s\"", now, what);
	if (head && head->stype == HSMS_DATA)
		sk_buf_printf(&line, ", \"message\": \"S%uF%u\", \"w\": %s, \"system\": %u", hsms_stream(head), head->byte3, hsms_wait(head) ? "true" : "false",
			      head->system);
	else if (head)
		sk_buf_printf(&line, ", \"message\": \"%s\", \"system\": %u", hsms_control_name(head->stype) ? hsms_control_name(head->stype) : "?",
			      head->system);
	if (size > 0) {
		sml_write(body, size, &text);
		sk_buf_append_str(&line, ", \"body\": ");
		put_json_text(&line, text.data, text.size);
		sk_buf_printf(&line, ", \"size\": %zu", size);
	}
	if (us)
		sk_buf_printf(&line, ", \"us\": %" PRIu64, us);
	sk_buf_append_str(&line, "}");
	puts(line.data ? line.data : "{}");
	fflush(stdout);
}

static int send_all(struct peer *peer, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t n = send(peer->fd, at, size, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EPIPE;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

static int send_frame(struct peer *peer, const struct hsms_head *head, const struct sk_buf *body)
{
	_cleanup_buf_ struct sk_buf out = SK_BUF(PEER_FRAME_MAX);
	uint8_t raw[HSMS_HEAD];

	hsms_head_write(head, raw);
	if (sk_buf_append(&out, raw, sizeof(raw)) != 0 || (body && sk_buf_append(&out, body->data, body->size) != 0))
		return -ENOMEM;
	peer_print(peer, "sent", head, body ? (const uint8_t *)body->data : NULL, body ? body->size : 0, 0);
	return send_all(peer, out.data, out.size);
}

static void expect(struct peer *peer, const struct hsms_head *head, bool ours)
{
	for (unsigned i = 0; i < PEER_WAITING; i++)
		if (!peer->waiting[i].used) {
			peer->waiting[i] = (struct peer_waiting){true, ours, head->stype, (uint8_t)hsms_stream(head), head->byte3, head->system,
				sk_clock_mono_us()};
			return;
		}
}

uint32_t peer_new_system(struct peer *peer)
{
	return ++peer->system;
}

int peer_send(struct peer *peer, unsigned stream, unsigned function, bool wait, uint32_t system, const struct sk_buf *body)
{
	struct hsms_head head = {.length = HSMS_HEADER + (uint32_t)(body ? body->size : 0), .session = peer->options->device,
		.byte2 = (uint8_t)(stream | (wait ? 0x80 : 0)), .byte3 = (uint8_t)function, .system = system};

	if (wait)
		expect(peer, &head, false);
	return send_frame(peer, &head, body);
}

static int send_control(struct peer *peer, enum hsms_stype stype, uint32_t system, unsigned status)
{
	struct hsms_head head = {.length = HSMS_HEADER, .session = HSMS_NO_SESSION, .byte3 = (uint8_t)status, .stype = (uint8_t)stype, .system = system};

	if (stype == HSMS_SELECT_REQ || stype == HSMS_LINKTEST_REQ)
		expect(peer, &head, false);
	return send_frame(peer, &head, NULL);
}

static void keep_latency(struct peer *peer, uint64_t us)
{
	if (peer->latency_count == peer->latency_space) {
		size_t space = peer->latency_space ? 2 * peer->latency_space : 1024;
		uint32_t *more = sk_realloc_array(peer->latency_us, space, sizeof(*more));

		if (!more)
			return;
		peer->latency_us = more;
		peer->latency_space = space;
	}
	peer->latency_us[peer->latency_count++] = (uint32_t)us;
}

/* An answer has come: who waited for it; the microseconds, or 0 when nobody did. */
static uint64_t close_waiting(struct peer *peer, const struct hsms_head *head)
{
	for (unsigned i = 0; i < PEER_WAITING; i++) {
		struct peer_waiting *waiting = &peer->waiting[i];
		uint64_t us = sk_clock_mono_us() - waiting->since_us;

		if (!waiting->used || waiting->system != head->system || (waiting->stype == HSMS_DATA) != (head->stype == HSMS_DATA))
			continue;
		waiting->used = false;
		if (waiting->ours) {
			keep_latency(peer, us);
			peer->next_step_us = sk_clock_mono_us() + peer->options->pause * 1000;
		}
		return us ? us : 1;
	}
	return 0;
}

static int take_control(struct peer *peer, const struct hsms_head *head)
{
	switch ((enum hsms_stype)head->stype) {
	case HSMS_SELECT_REQ:
		peer->selected = true;
		return send_control(peer, HSMS_SELECT_RSP, head->system, 0);
	case HSMS_SELECT_RSP:
		peer->selected = head->byte3 <= 1;
		return peer->selected ? 0 : -EPIPE;
	case HSMS_DESELECT_REQ:
		peer->selected = false;
		return send_control(peer, HSMS_DESELECT_RSP, head->system, 0);
	case HSMS_LINKTEST_REQ:
		return send_control(peer, HSMS_LINKTEST_RSP, head->system, 0);
	case HSMS_SEPARATE_REQ:
		return -EPIPE;
	case HSMS_DATA: case HSMS_DESELECT_RSP: case HSMS_LINKTEST_RSP: case HSMS_REJECT_REQ:
		return 0;
	}
	return send_control(peer, HSMS_REJECT_REQ, head->system, 1);
}

static int take_frame(struct peer *peer, const struct hsms_head *head, const uint8_t *body, size_t size)
{
	bool answer = head->stype == HSMS_DATA ? head->byte3 % 2 == 0 : head->stype == HSMS_SELECT_RSP || head->stype == HSMS_LINKTEST_RSP;
	uint64_t us = answer ? close_waiting(peer, head) : 0;

	peer_print(peer, "received", head, body, size, us);
	if (head->stype != HSMS_DATA)
		return take_control(peer, head);
	if (!peer->selected)
		return send_control(peer, HSMS_REJECT_REQ, head->system, 4);
	/* An abort, and a step that S9 tells of, were not answered as wanted. */
	if ((answer && head->byte3 == 0) || hsms_stream(head) == 9)
		peer->failed = true;
	return answer ? 0 : talk_answer(peer, head, body, size);
}

static int take_bytes(struct peer *peer)
{
	char *space;
	ssize_t n;
	int r = 0;

	if (sk_buf_reserve(&peer->in, 65536, &space) != 0)
		return -ENOMEM;
	n = recv(peer->fd, space, 65536, 0);
	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN) ? 0 : -EPIPE;
	sk_buf_grown(&peer->in, (size_t)n);
	peer->last_in_us = sk_clock_mono_us();
	while (r == 0 && peer->in.size >= HSMS_HEAD) {
		struct hsms_head head;

		hsms_head_read((const uint8_t *)peer->in.data, &head);
		if (head.length < HSMS_HEADER || head.length > PEER_FRAME_MAX - 65536)
			return -EPROTO;
		if (peer->in.size < 4 + (size_t)head.length)
			break;
		r = take_frame(peer, &head, (const uint8_t *)peer->in.data + HSMS_HEAD, head.length - HSMS_HEADER);
		sk_buf_drop(&peer->in, 4 + (size_t)head.length);
	}
	return r;
}

static bool step_waits(const struct peer *peer)
{
	for (unsigned i = 0; i < PEER_WAITING; i++)
		if (peer->waiting[i].used && peer->waiting[i].ours)
			return true;
	return false;
}

static bool script_done(const struct peer *peer)
{
	return peer->round >= peer->options->repeat && !step_waits(peer);
}

static int say_next(struct peer *peer)
{
	const struct peer_options *options = peer->options;
	uint32_t system = peer_new_system(peer);
	bool wait = false;
	int r = talk_step(peer, options->steps[peer->step], system, &wait);

	if (wait)
		for (unsigned i = 0; i < PEER_WAITING; i++)
			if (peer->waiting[i].used && peer->waiting[i].system == system)
				peer->waiting[i].ours = true;
	if (peer->next_step_us < sk_clock_mono_us())
		peer->next_step_us = sk_clock_mono_us() + options->pause * 1000;
	if (++peer->step == options->step_count) {
		peer->step = 0;
		peer->round++;
	}
	return r;
}

static int overdue(struct peer *peer, uint64_t now)
{
	const struct peer_options *options = peer->options;

	for (unsigned i = 0; i < PEER_WAITING; i++) {
		struct peer_waiting *waiting = &peer->waiting[i];
		uint64_t limit = 1000 * (waiting->stype == HSMS_DATA ? options->t3 : options->t6);

		if (!waiting->used || now - waiting->since_us < limit)
			continue;
		waiting->used = false;
		peer->failed |= waiting->ours || waiting->stype != HSMS_DATA;
		printf("{\"time\": %" PRIu64 ", \"what\": \"%s\", \"message\": \"S%uF%u\", \"system\": %u}\n", sk_clock_ms(),
		       waiting->stype == HSMS_DATA ? "T3" : "T6", waiting->stream, waiting->function, waiting->system);
		fflush(stdout);
		if (waiting->stype != HSMS_DATA)
			return -ETIMEDOUT;
	}
	if (!peer->selected && now - peer->opened_us > 1000 * options->t7) {
		peer_print(peer, "T7", NULL, NULL, 0, 0);
		return -ETIMEDOUT;
	}
	if (peer->in.size > 0 && now - peer->last_in_us > 1000 * options->t8) {
		peer_print(peer, "T8", NULL, NULL, 0, 0);
		return -ETIMEDOUT;
	}
	return 0;
}

static int on_time(struct peer *peer)
{
	const struct peer_options *options = peer->options;
	uint64_t now = sk_clock_mono_us();
	int r = overdue(peer, now);

	if (r == 0 && peer->selected && options->linktest && now - peer->linktest_us > 1000 * options->linktest) {
		peer->linktest_us = now;
		r = send_control(peer, HSMS_LINKTEST_REQ, peer_new_system(peer), 0);
	}
	if (r == 0 && peer->selected && options->every && now - peer->event_us >= 1000 * options->every) {
		peer->event_us = now;
		r = talk_event(peer, 1000 + ++peer->events % 10);
	}
	if (r == 0 && peer->selected && options->step_count && peer->round < options->repeat && !step_waits(peer) && now >= peer->next_step_us)
		r = say_next(peer);
	return r;
}

/* One connection from its first byte to its end. */
static void converse(struct peer *peer)
{
	struct pollfd poller = {.fd = peer->fd, .events = POLLIN};
	int one = 1, r = 0;

	setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	memset(peer->waiting, 0, sizeof(peer->waiting));
	sk_buf_clear(&peer->in);
	peer->selected = false;
	peer->opened_us = peer->linktest_us = peer->event_us = sk_clock_mono_us();
	peer_print(peer, "connected", NULL, NULL, 0, 0);
	if (!peer->options->passive)
		r = send_control(peer, HSMS_SELECT_REQ, peer_new_system(peer), 0);
	while (r == 0) {
		int n = poll(&poller, 1, peer->options->pause || step_waits(peer) ? 1 : 5);

		if (n > 0)
			r = take_bytes(peer);
		if (r == 0)
			r = on_time(peer);
		if (r == 0 && !peer->options->passive && peer->options->once && peer->selected && script_done(peer)) {
			send_control(peer, HSMS_SEPARATE_REQ, peer_new_system(peer), 0);
			peer->separated = true;
			break;
		}
	}
	close(peer->fd);
	peer->fd = -1;
	peer_print(peer, "closed", NULL, NULL, 0, 0);
}

static int open_socket(const struct peer_options *options, struct sockaddr_in *ret_address)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	*ret_address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(options->port)};
	if (fd >= 0 && inet_pton(AF_INET, options->address, &ret_address->sin_addr) == 1 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int listen_for(struct peer *peer)
{
	struct sockaddr_in address;
	socklen_t size = sizeof(address);

	peer->listener = open_socket(peer->options, &address);
	if (peer->listener < 0 || bind(peer->listener, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(peer->listener, 1) != 0)
		return -1;
	getsockname(peer->listener, (struct sockaddr *)&address, &size);
	printf("{\"time\": %" PRIu64 ", \"what\": \"listening\", \"port\": %u}\n", sk_clock_ms(), ntohs(address.sin_port));
	fflush(stdout);
	return 0;
}

/* T5 apart (E37: the time between two attempts), at most 20 times. */
static int reach(struct peer *peer)
{
	for (unsigned i = 0; i < 20; i++) {
		struct sockaddr_in address;
		int fd = open_socket(peer->options, &address);

		if (fd < 0)
			return -1;
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
			return fd;
		close(fd);
		usleep((useconds_t)(peer->options->t5 * 1000));
	}
	return -1;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void print_stats(struct peer *peer)
{
	size_t n = peer->latency_count;

	if (n == 0)
		return;
	qsort(peer->latency_us, n, sizeof(peer->latency_us[0]), compare);
	printf("{\"what\": \"stats\", \"count\": %zu, \"p50_us\": %u, \"p99_us\": %u, \"max_us\": %u}\n", n, peer->latency_us[n / 2],
	       peer->latency_us[n * 99 / 100], peer->latency_us[n - 1]);
}

int peer_run(const struct peer_options *options)
{
	struct peer peer = {.options = options, .listener = -1, .fd = -1, .in = SK_BUF(PEER_FRAME_MAX), .system = options->passive ? 0x80000000u : 0};
	bool reached = false;

	if (options->passive && listen_for(&peer) != 0) {
		fprintf(stderr, "sekisho-tool-sim: cannot listen at %s:%u: %s\n", options->address, options->port, strerror(errno));
		return 3;
	}
	do {
		peer.fd = options->passive ? accept4(peer.listener, NULL, NULL, SOCK_CLOEXEC) : reach(&peer);
		if (peer.fd < 0)
			break;
		reached = true;
		converse(&peer);
	} while (!options->once);
	if (options->stats)
		print_stats(&peer);
	free(peer.latency_us);
	sk_buf_done(&peer.in);
	if (peer.listener >= 0)
		close(peer.listener);
	return !reached ? 3 : peer.failed || (options->step_count && peer.round < options->repeat) || (!options->passive && !peer.separated);
}
