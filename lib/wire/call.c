// SPDX-License-Identifier: GPL-3.0-or-later
/* Blocking client. Owns one connected socket and the bytes read from it that were not handed out yet. */
#include "wire/call.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "os/clock.h"
#include "os/peer.h"
#include "wire/json.h"

enum { READ_SIZE = 65536 };

struct sk_call {
	int fd;
	enum sk_proto proto;
	struct sk_buf in;
	size_t handed_out; /* bytes of the frame given last, dropped at the next call */
	uint32_t last_id;
};

int sk_call_open_fd(int fd, enum sk_proto proto, struct sk_call **ret_call)
{
	struct sk_call *call = sk_calloc(1, sizeof *call);

	if (!call)
		return sk_origin(-ENOMEM);
	call->fd = fd;
	call->proto = proto;
	call->in = SK_BUF(SK_FRAME_HEADER + (size_t)sk_proto_max_body(proto, SK_SERVER) + READ_SIZE);
	*ret_call = call;
	return 0;
}

int sk_call_open(const char *root, const char *name, enum sk_proto proto, struct sk_call **ret_call)
{
	_cleanup_close_ int fd = -1;
	int r;

	r = sk_peer_connect(root, name, &fd);
	if (r)
		return r;
	r = sk_call_open_fd(fd, proto, ret_call);
	if (r == 0)
		fd = -1;
	return r;
}

struct sk_call *sk_call_free(struct sk_call *call)
{
	if (!call)
		return NULL;
	sk_close_p(&call->fd);
	sk_buf_done(&call->in);
	free(call);
	return NULL;
}

void sk_call_free_p(struct sk_call **call)
{
	*call = sk_call_free(*call);
}

int sk_call_fd(const struct sk_call *call)
{
	return call->fd;
}

static uint64_t deadline_of(uint64_t timeout_ms)
{
	uint64_t now = sk_clock_mono_ms();

	return timeout_ms > UINT64_MAX - now ? UINT64_MAX : now + timeout_ms;
}

static int wait_for(int fd, short what, uint64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = what};

	for (;;) {
		uint64_t now = sk_clock_mono_ms(), left = deadline > now ? deadline - now : 0;
		int n = poll(&p, 1, deadline == UINT64_MAX ? -1 : (int)SK_MIN(left, (uint64_t)3600000));

		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return sk_origin_errno();
		if (n == 0 && left == 0)
			return SK_AGAIN;
	}
}

static int send_all(struct sk_call *call, const void *data, size_t size, uint64_t deadline)
{
	const char *at = data;

	while (size > 0) {
		ssize_t n = send(call->fd, at, size, MSG_NOSIGNAL | MSG_DONTWAIT);
		int r;

		if (n > 0) {
			at += n;
			size -= (size_t)n;
			continue;
		}
		if (errno == EPIPE || errno == ECONNRESET)
			return SK_END;
		if (errno != EAGAIN && errno != EINTR)
			return sk_origin_errno();
		r = wait_for(call->fd, POLLOUT, deadline);
		if (r)
			return r;
	}
	return 0;
}

int sk_call_send(struct sk_call *call, uint16_t type, uint32_t id, const void *body, size_t size, uint64_t timeout_ms)
{
	const struct sk_frame_info *info = sk_frame_info(type);
	uint64_t deadline = deadline_of(timeout_ms);
	uint8_t header[SK_FRAME_HEADER];
	int r;

	if (!info || !sk_frame_allowed(info, call->proto, SK_CLIENT) || size > info->max_body)
		return sk_origin(-EINVAL);
	sk_frame_write_header(header, type, id, (uint32_t)size);
	r = send_all(call, header, sizeof header, deadline);
	return r ? r : send_all(call, body, size, deadline);
}

static int fill(struct sk_call *call, uint64_t deadline)
{
	char *space;
	ssize_t n;
	int r;

	r = wait_for(call->fd, POLLIN, deadline);
	if (r)
		return r;
	r = sk_buf_reserve(&call->in, READ_SIZE, &space);
	if (r)
		return r < 0 ? r : sk_origin(-EOVERFLOW);
	n = recv(call->fd, space, READ_SIZE, MSG_DONTWAIT);
	if (n > 0) {
		sk_buf_grown(&call->in, (size_t)n);
		return 0;
	}
	if (n == 0 || errno == ECONNRESET)
		return SK_END;
	return errno == EAGAIN || errno == EINTR ? 0 : sk_origin_errno();
}

int sk_call_receive(struct sk_call *call, uint64_t timeout_ms, struct sk_frame *ret_frame, struct sk_diag *diag)
{
	uint64_t deadline = deadline_of(timeout_ms);
	int r;

	sk_diag_source(diag, sk_proto_name(call->proto));
	for (;;) {
		struct sk_frame frame;
		struct sk_cursor c;

		sk_buf_drop(&call->in, call->handed_out);
		call->handed_out = 0;
		sk_cursor_init(&c, call->in.data, call->in.size);
		r = sk_frame_read(&c, call->proto, SK_SERVER, &frame, diag);
		if (r == SK_BAD)
			return r;
		if (r == SK_AGAIN) {
			r = fill(call, deadline);
			if (r)
				return r;
			continue;
		}
		call->handed_out = c.at;
		if (frame.type == SK_F_PONG)
			continue;
		if (frame.type != SK_F_PING) {
			*ret_frame = frame;
			return 0;
		}
		r = sk_call_send(call, SK_F_PONG, frame.id, NULL, 0, timeout_ms);
		if (r)
			return r;
	}
}

/* The ERROR frame's own words into the diag. */
static int denied(const struct sk_frame *frame, struct sk_diag *diag)
{
	_cleanup_json_ struct json_object *object = NULL;
	const char *code, *text;
	struct sk_json body;
	int r;

	r = sk_json_parse_object(frame->body, frame->size, frame->size, &object, diag);
	if (r)
		return r;
	body = SK_JSON(object, "error", diag);
	r = sk_json_string(&body, "code", 1, 64, &code);
	if (r == 0)
		r = sk_json_string(&body, "text", 0, 4096, &text);
	if (r)
		return r;
	sk_diag_path(diag, code, "%s", text);
	return SK_DENIED;
}

int sk_call_ask(struct sk_call *call, uint16_t type, const void *body, size_t size, uint64_t timeout_ms,
		int (*on_part)(void *arg, const struct sk_frame *frame), void *arg, struct sk_frame *ret_answer, struct sk_diag *diag)
{
	struct sk_frame frame;
	uint32_t id;
	int r;

	id = ++call->last_id ? call->last_id : ++call->last_id;
	r = sk_call_send(call, type, id, body, size, timeout_ms);
	while (r == 0) {
		r = sk_call_receive(call, timeout_ms, &frame, diag);
		if (r)
			return r;
		if (frame.id != id)
			continue; /* something the other side pushed, or the rest of a question we gave up */
		if (frame.type == SK_F_ERROR)
			return denied(&frame, diag);
		if (frame.type != SK_F_PROGRESS && frame.type != SK_F_ROWS) {
			*ret_answer = frame;
			return 0;
		}
		r = on_part ? on_part(arg, &frame) : 0;
	}
	return r;
}
