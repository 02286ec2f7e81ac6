// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Channel over a bufferevent. Owns the bufferevent, a timer and a deferred call, and nothing else.
 *
 * States: OPENING (TLS or connect under way), OPEN, FINISHING (flushing what is queued), CLOSED (on_close is
 * due or was called). A callback of the owner may free the channel: `depth` counts the callbacks on the
 * stack, and the memory goes when the last one returns.
 */
#include "wire/chan.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/clock.h"
#include "os/peer.h"
#include "wire/json.h"

enum { FINISH_MS = 5000, DEFAULT_HIGH_WATER = 256 << 10, MIN_MAX_OUTPUT = 4 << 20 };

enum state { OPENING, OPEN, FINISHING, CLOSED };

struct sk_chan {
	struct bufferevent *bev;
	const struct sk_chan_handler *handler;
	void *arg;
	struct sk_chan_opts opts;
	enum state state;
	bool told;    /* on_close was called */
	bool paused;
	bool above;   /* SK_AGAIN was given; on_drain is due */
	bool owns_fd; /* made from a descriptor: closed by us, not by the bufferevent */
	bool freed;   /* by the owner, while callbacks are on the stack */
	int depth;
	uint32_t last_id;
	uint64_t heard_ms;  /* monotonic: when something came last */
	uint64_t pinged_ms;
	struct sk_chan_counts counts;
	struct sk_diag why;
	struct sk_watch *deferred; /* tells on_close, goes on reading after a pause */
	struct sk_watch *timer;    /* silence; finishing takes too long */
};

static void destroy(struct sk_chan *chan)
{
	sk_watch_free(chan->deferred);
	sk_watch_free(chan->timer);
	if (chan->bev) {
		int fd = chan->owns_fd ? bufferevent_getfd(chan->bev) : -1;

		bufferevent_free(chan->bev);
		sk_close_p(&fd);
	}
	free(chan);
}

static void enter(struct sk_chan *chan)
{
	chan->depth++;
}

/* False when the owner freed the channel meanwhile: it must not be touched any more. */
static bool leave(struct sk_chan *chan)
{
	if (--chan->depth > 0 || !chan->freed)
		return true;
	destroy(chan);
	return false;
}

/* Silences the bufferevent; on_close follows from the loop. */
static void die(struct sk_chan *chan)
{
	if (chan->state == CLOSED)
		return;
	chan->state = CLOSED;
	bufferevent_disable(chan->bev, EV_READ | EV_WRITE);
	bufferevent_setcb(chan->bev, NULL, NULL, NULL, NULL);
	sk_timer_stop(chan->timer);
	sk_deferred_call(chan->deferred);
}

static void die_because(struct sk_chan *chan, const char *text)
{
	if (chan->state != CLOSED && chan->state != FINISHING)
		sk_diag_path(&chan->why, "", "%s", text);
	die(chan);
}

/* When the timer has to look next, 0 = never. */
static uint64_t next_look(const struct sk_chan *chan)
{
	uint64_t idle = chan->opts.idle_ms ? chan->heard_ms + chan->opts.idle_ms : 0;
	uint64_t ping = chan->opts.ping_ms ? SK_MAX(chan->heard_ms, chan->pinged_ms) + chan->opts.ping_ms : 0;

	return idle && ping ? SK_MIN(idle, ping) : idle + ping;
}

static void arm(struct sk_chan *chan, uint64_t now)
{
	uint64_t at = next_look(chan);

	if (at)
		sk_timer_arm(chan->timer, at > now ? at - now : 0);
}

/*
 * Armed once for the earliest moment, not moved by every frame: it looks again when something came meanwhile.
 */
static void on_timer(void *arg)
{
	struct sk_chan *chan = arg;
	uint64_t now = sk_clock_mono_ms();

	if (chan->state == FINISHING) {
		die(chan);
		return;
	}
	if (chan->paused)
		chan->heard_ms = now; /* we do not listen: silence proves nothing */
	if (chan->opts.idle_ms && now - chan->heard_ms >= chan->opts.idle_ms) {
		die_because(chan, chan->state == OPENING ? "the connection did not come up in time"
							 : "the other side has been silent too long");
		return;
	}
	if (chan->opts.ping_ms && chan->state == OPEN && next_look(chan) <= now) {
		chan->pinged_ms = now;
		sk_chan_send(chan, SK_F_PING, 0, NULL, 0);
	}
	if (chan->state != CLOSED)
		arm(chan, now);
}

static int queue(struct sk_chan *chan, uint16_t type, uint32_t id, const void *head, size_t head_size, const void *body, size_t size)
{
	struct evbuffer *out = bufferevent_get_output(chan->bev);
	uint8_t header[SK_FRAME_HEADER];

	sk_frame_write_header(header, type, id, (uint32_t)(head_size + size));
	/* Room first: a frame goes in whole or not at all. */
	if (evbuffer_expand(out, sizeof header + head_size + size) < 0)
		return sk_origin(-ENOMEM);
	if (evbuffer_add(out, header, sizeof header) < 0 || (head_size && evbuffer_add(out, head, head_size) < 0) ||
	    (size && evbuffer_add(out, body, size) < 0)) {
		die_because(chan, "out of memory");
		return sk_origin(-ENOMEM);
	}
	chan->counts.frames_out++;
	chan->counts.bytes_out += sizeof header + head_size + size;
	return 0;
}

int sk_chan_send2(struct sk_chan *chan, uint16_t type, uint32_t id, const void *head, size_t head_size, const void *body, size_t size)
{
	const struct sk_frame_info *info = sk_frame_info(type);
	size_t queued = sk_chan_queued(chan);
	int r;

	if (!info || !sk_frame_allowed(info, chan->opts.proto, chan->opts.side) || head_size > info->max_body ||
	    size > info->max_body - head_size) {
		sk_log(SK_LOG_ERROR, "%s of %zu bytes may not be sent on %s", sk_frame_name(type), head_size + size,
		       sk_proto_name(chan->opts.proto));
		return sk_origin(-EINVAL);
	}
	if (chan->state == FINISHING || chan->state == CLOSED)
		return SK_END;
	if (queued + SK_FRAME_HEADER + head_size + size > chan->opts.max_output) {
		die_because(chan, "the other side does not read: too much is waiting to be sent");
		return SK_FULL;
	}
	r = queue(chan, type, id, head, head_size, body, size);
	if (r)
		return r;
	if (sk_chan_queued(chan) <= chan->opts.high_water)
		return 0;
	chan->above = true;
	return SK_AGAIN;
}

int sk_chan_send(struct sk_chan *chan, uint16_t type, uint32_t id, const void *body, size_t size)
{
	return sk_chan_send2(chan, type, id, NULL, 0, body, size);
}

int sk_chan_send_error(struct sk_chan *chan, uint32_t id, const char *code, const char *text)
{
	_cleanup_json_ struct json_object *object = json_object_new_object();
	_cleanup_buf_ struct sk_buf buf = SK_BUF(4096);
	int r;

	if (!object)
		return sk_origin(-ENOMEM);
	r = sk_json_put_string(object, "code", code);
	if (r == 0)
		r = sk_json_put_string(object, "text", text);
	if (r == 0)
		r = sk_json_canonical(object, &buf);
	if (r)
		return r < 0 ? r : sk_origin(-EINVAL);
	return sk_chan_send(chan, SK_F_ERROR, id, buf.data, buf.size);
}

static void deliver(struct sk_chan *chan, const struct sk_frame *frame)
{
	chan->counts.frames_in++;
	chan->counts.bytes_in += SK_FRAME_HEADER + frame->size;
	if (frame->type == SK_F_PING) {
		sk_chan_send(chan, SK_F_PONG, frame->id, NULL, 0);
		return;
	}
	if (frame->type != SK_F_PONG)
		chan->handler->on_frame(chan, chan->arg, frame);
}

/* One frame out of the input. 0; SK_AGAIN not complete; SK_BAD. */
static int take_frame(struct sk_chan *chan, struct evbuffer *in)
{
	enum sk_side sender = chan->opts.side == SK_CLIENT ? SK_SERVER : SK_CLIENT;
	uint8_t header[SK_FRAME_HEADER];
	struct sk_frame frame;
	unsigned char *whole;
	int r;

	if (evbuffer_copyout(in, header, sizeof header) < (ssize_t)sizeof header) {
		bufferevent_setwatermark(chan->bev, EV_READ, SK_FRAME_HEADER, 0);
		return SK_AGAIN;
	}
	r = sk_frame_read_header(header, chan->opts.proto, sender, &frame, &chan->why);
	if (r)
		return r;
	if (evbuffer_get_length(in) < SK_FRAME_HEADER + (size_t)frame.size) {
		/*
		 * No call-back before the whole of it is there, and not more than it and a little is read
		 * ahead.
		 */
		bufferevent_setwatermark(chan->bev, EV_READ, SK_FRAME_HEADER + (size_t)frame.size, 0);
		return SK_AGAIN;
	}
	whole = evbuffer_pullup(in, (ssize_t)(SK_FRAME_HEADER + frame.size));
	if (!whole)
		return sk_origin(-ENOMEM);
	frame.body = frame.size ? whole + SK_FRAME_HEADER : NULL;
	deliver(chan, &frame);
	if (!chan->freed)
		evbuffer_drain(in, SK_FRAME_HEADER + (size_t)frame.size);
	return 0;
}

static void read_frames(struct sk_chan *chan)
{
	struct evbuffer *in = bufferevent_get_input(chan->bev);
	int r = 0;

	chan->heard_ms = sk_clock_mono_ms();
	enter(chan);
	while (r == 0 && !chan->freed && !chan->paused && chan->state == OPEN)
		r = take_frame(chan, in);
	if (!leave(chan))
		return;
	if (r == SK_BAD)
		die(chan);
	else if (r < 0)
		die_because(chan, "out of memory");
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct sk_chan *chan = arg;
	struct evbuffer *in = bufferevent_get_input(bev);

	if (chan->state == FINISHING)
		evbuffer_drain(in, evbuffer_get_length(in));
	else
		read_frames(chan);
}

/*
 * Everything queued is with the kernel: says so to the other side and waits for its end, so that no reset
 * overtakes the last frame.
 */
static void half_close(struct sk_chan *chan)
{
	shutdown(bufferevent_getfd(chan->bev), SHUT_WR);
	bufferevent_setwatermark(chan->bev, EV_READ, 0, 0);
	bufferevent_enable(chan->bev, EV_READ);
}

static void on_write(struct bufferevent *bev, void *arg)
{
	struct sk_chan *chan = arg;

	if (chan->state == FINISHING) {
		if (sk_chan_queued(chan) == 0)
			half_close(chan);
		return;
	}
	if (!chan->above || sk_chan_queued(chan) > chan->opts.high_water / 2)
		return;
	chan->above = false;
	if (!chan->handler->on_drain)
		return;
	enter(chan);
	chan->handler->on_drain(chan, chan->arg);
	leave(chan);
}

static void explain(struct sk_chan *chan)
{
	int error = EVUTIL_SOCKET_ERROR();
	char text[200] = "";

	if (chan->opts.explain)
		chan->opts.explain(chan->bev, chan->arg, text, sizeof text);
	die_because(chan, text[0] ? text : error ? strerror(error) : "the connection failed");
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct sk_chan *chan = arg;

	if (what & BEV_EVENT_CONNECTED) {
		chan->state = OPEN;
		chan->heard_ms = sk_clock_mono_ms();
		if (!chan->handler->on_open)
			return;
		enter(chan);
		chan->handler->on_open(chan, chan->arg);
		leave(chan);
	} else if (what & BEV_EVENT_EOF) {
		die_because(chan, evbuffer_get_length(bufferevent_get_input(bev)) && chan->state == OPEN
					  ? "closed by the other side in the middle of a frame"
					  : "closed by the other side");
	} else if (what & BEV_EVENT_ERROR) {
		explain(chan);
	}
}

static void on_deferred(void *arg)
{
	struct sk_chan *chan = arg;

	if (chan->state != CLOSED) {
		if (!chan->paused)
			on_read(chan->bev, chan);
		return;
	}
	if (chan->told)
		return;
	chan->told = true;
	enter(chan);
	chan->handler->on_close(chan, chan->arg, &chan->why);
	leave(chan);
}

static void set_defaults(struct sk_chan_opts *opts)
{
	if (opts->high_water == 0)
		opts->high_water = DEFAULT_HIGH_WATER;
	if (opts->max_output == 0)
		opts->max_output = SK_MAX((size_t)MIN_MAX_OUTPUT, 2 * (size_t)sk_proto_max_body(opts->proto, opts->side));
}

int sk_chan_new(struct sk_loop *loop, struct bufferevent *bev, const struct sk_chan_handler *handler, void *arg,
		const struct sk_chan_opts *opts, struct sk_chan **ret_chan)
{
	struct sk_chan *chan = sk_calloc(1, sizeof *chan);
	int r;

	if (!chan)
		return sk_origin(-ENOMEM);
	chan->handler = handler;
	chan->arg = arg;
	chan->opts = *opts;
	set_defaults(&chan->opts);
	chan->state = opts->connecting ? OPENING : OPEN;
	chan->heard_ms = sk_clock_mono_ms();
	sk_diag_source(&chan->why, sk_proto_name(opts->proto));
	r = sk_watch_deferred(loop, on_deferred, chan, &chan->deferred);
	if (r == 0)
		r = sk_watch_timer(loop, on_timer, chan, &chan->timer);
	if (r) {
		destroy(chan);
		return r;
	}
	chan->bev = bev;
	arm(chan, chan->heard_ms);
	bufferevent_setcb(bev, on_read, on_write, on_event, chan);
	bufferevent_setwatermark(bev, EV_READ, SK_FRAME_HEADER, 0);
	bufferevent_setwatermark(bev, EV_WRITE, chan->opts.high_water / 2, 0);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	if (evbuffer_get_length(bufferevent_get_input(bev)))
		sk_deferred_call(chan->deferred);
	*ret_chan = chan;
	return 0;
}

int sk_chan_new_fd(struct sk_loop *loop, int fd, const struct sk_chan_handler *handler, void *arg, const struct sk_chan_opts *opts,
		   struct sk_chan **ret_chan)
{
	struct bufferevent *bev = bufferevent_socket_new(sk_loop_base(loop), fd, 0);
	int r;

	if (!bev)
		return sk_origin(-ENOMEM);
	r = sk_chan_new(loop, bev, handler, arg, opts, ret_chan);
	if (r) {
		bufferevent_free(bev); /* without the descriptor: it stays the caller's */
		return r;
	}
	(*ret_chan)->owns_fd = true;
	return 0;
}

int sk_chan_connect(struct sk_loop *loop, const char *root, const char *name, const struct sk_chan_handler *handler, void *arg,
		    const struct sk_chan_opts *opts, struct sk_chan **ret_chan)
{
	struct sk_chan_opts client = *opts;
	_cleanup_close_ int fd = -1;
	int r;

	client.side = SK_CLIENT;
	client.connecting = false;
	r = sk_peer_connect(root, name, &fd);
	if (r)
		return r;
	r = sk_chan_new_fd(loop, fd, handler, arg, &client, ret_chan);
	if (r == 0)
		fd = -1;
	return r;
}

struct sk_chan *sk_chan_free(struct sk_chan *chan)
{
	if (!chan || chan->freed)
		return NULL;
	chan->freed = true;
	chan->told = true;
	die(chan);
	if (chan->depth == 0)
		destroy(chan);
	return NULL;
}

void sk_chan_finish(struct sk_chan *chan)
{
	if (chan->state == OPENING)
		die_because(chan, "closed before the connection was up");
	if (chan->state != OPEN)
		return;
	chan->state = FINISHING;
	sk_diag_path(&chan->why, "", "closed by us");
	bufferevent_disable(chan->bev, EV_READ);
	bufferevent_setwatermark(chan->bev, EV_WRITE, 0, 0);
	sk_timer_arm(chan->timer, FINISH_MS);
	if (sk_chan_queued(chan) == 0)
		half_close(chan);
}

void sk_chan_pause(struct sk_chan *chan, bool pause)
{
	if (chan->paused == pause || chan->state == FINISHING || chan->state == CLOSED)
		return;
	chan->paused = pause;
	if (pause) {
		bufferevent_disable(chan->bev, EV_READ);
		return;
	}
	chan->heard_ms = sk_clock_mono_ms();
	bufferevent_enable(chan->bev, EV_READ);
	sk_deferred_call(chan->deferred);
}

uint32_t sk_chan_next_id(struct sk_chan *chan)
{
	if (++chan->last_id == 0)
		chan->last_id = 1;
	return chan->last_id;
}

size_t sk_chan_queued(const struct sk_chan *chan)
{
	return evbuffer_get_length(bufferevent_get_output(chan->bev));
}

struct sk_chan_counts sk_chan_counts(const struct sk_chan *chan)
{
	return chan->counts;
}

struct bufferevent *sk_chan_bufferevent(struct sk_chan *chan)
{
	return chan->bev;
}

int sk_chan_fd(const struct sk_chan *chan)
{
	return bufferevent_getfd(chan->bev);
}

void *sk_chan_arg(const struct sk_chan *chan)
{
	return chan->arg;
}
