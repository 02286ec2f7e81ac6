// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A channel: frames over a bufferevent (plain socket or TLS, both work the same). Not thread-safe; lives in
 * one loop.
 *
 * Ownership: the channel belongs to whoever made it, until sk_chan_free(). It owns its bufferevent and
 * socket. Callbacks come from the loop only, never from inside a call to the channel. on_close comes at most
 * once and nothing after it; after sk_chan_free() nothing at all. sk_chan_free() may be called from inside
 * any callback of the same channel.
 *
 * Limits: input never holds more than one frame of the largest size that the peer may send here. Output: over
 * `high_water` sk_chan_send() says SK_AGAIN (the frame is taken; stop until on_drain); over `max_output` the
 * frame is not taken and the channel closes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/diag.h"
#include "os/loop.h"
#include "wire/frame.h"

struct bufferevent;
struct sk_chan;

struct sk_chan_handler {
	/*
	 * The connection is up (with TLS: the handshake is done). Not called for a channel made on a
	 * connected socket. May be NULL.
	 */
	void (*on_open)(struct sk_chan *chan, void *arg);
	/* A frame that the table allows; body valid during the call. PING and PONG are not shown. */
	void (*on_frame)(struct sk_chan *chan, void *arg, const struct sk_frame *frame);
	/*
	 * The channel is dead; `why` says so in one sentence ("closed by the other side", "frame type 99 is
	 * unknown", ...). Now free it.
	 */
	void (*on_close)(struct sk_chan *chan, void *arg, const struct sk_diag *why);
	/* Output fell below half of high_water after SK_AGAIN. May be NULL. */
	void (*on_drain)(struct sk_chan *chan, void *arg);
};

struct sk_chan_opts {
	enum sk_proto proto;
	enum sk_side side;       /* which side we are */
	size_t high_water;       /* 0 = 256 KiB */
	size_t max_output;       /* 0 = twice the largest body we may send, at least 4 MiB */
	uint64_t idle_ms;        /* closes when nothing came from the peer for so long; 0 = never */
	uint64_t ping_ms;        /* sends PING when nothing came for so long; 0 = never */
	bool connecting;         /* the bufferevent is not connected yet: on_open or on_close follows */
	/*
	 * Why a bufferevent failed, in words (TLS: the library's reason). May be NULL; an empty string = no
	 * reason known.
	 */
	void (*explain)(struct bufferevent *bev, void *arg, char *out, size_t size);
};

struct sk_chan_counts {
	uint64_t frames_in, frames_out, bytes_in, bytes_out; /* bytes with headers */
};

/*
 * Takes the bufferevent (made with BEV_OPT_CLOSE_ON_FREE) on success only. The handler table must outlive the
 * channel. 0 or -ENOMEM.
 */
int sk_chan_new(struct sk_loop *loop, struct bufferevent *bev, const struct sk_chan_handler *handler, void *arg,
		const struct sk_chan_opts *opts, struct sk_chan **ret_chan);
/* The same over a connected non-blocking socket; takes the descriptor on success only. */
int sk_chan_new_fd(struct sk_loop *loop, int fd, const struct sk_chan_handler *handler, void *arg, const struct sk_chan_opts *opts,
		   struct sk_chan **ret_chan);
/*
 * Connects to ROOT/run/sekisho/NAME: results of sk_peer_connect() (SK_NONE, SK_DENIED, SK_AGAIN). side is
 * SK_CLIENT.
 */
int sk_chan_connect(struct sk_loop *loop, const char *root, const char *name, const struct sk_chan_handler *handler, void *arg,
		    const struct sk_chan_opts *opts, struct sk_chan **ret_chan);
struct sk_chan *sk_chan_free(struct sk_chan *chan);

/*
 * 0; SK_AGAIN taken, but stop until on_drain; SK_FULL not taken, the channel is closing; SK_END not taken,
 * the channel is closed or finishing; -ENOMEM; -EINVAL a frame this side may not send (a bug of ours).
 */
int sk_chan_send(struct sk_chan *chan, uint16_t type, uint32_t id, const void *body, size_t size);
/* A body in two pieces, joined. */
int sk_chan_send2(struct sk_chan *chan, uint16_t type, uint32_t id, const void *head, size_t head_size, const void *body, size_t size);
/* ERROR {"code","text"} with the id of the request it answers. */
int sk_chan_send_error(struct sk_chan *chan, uint32_t id, const char *code, const char *text);
/* Orderly: takes nothing more, reads nothing more, sends what is queued (within 5 s), then on_close. */
void sk_chan_finish(struct sk_chan *chan);
/* Stops and resumes reading from the peer: our own back-pressure. Frames already read wait too. */
void sk_chan_pause(struct sk_chan *chan, bool pause);
/* 1, 2, 3 ...: an id for a request of ours that no other of this channel's last 4 thousand million has. */
uint32_t sk_chan_next_id(struct sk_chan *chan);
size_t sk_chan_queued(const struct sk_chan *chan); /* bytes waiting to be sent */
struct sk_chan_counts sk_chan_counts(const struct sk_chan *chan);
struct bufferevent *sk_chan_bufferevent(struct sk_chan *chan); /* to look at (TLS peer certificate), not to read, write or free */
int sk_chan_fd(const struct sk_chan *chan);
void *sk_chan_arg(const struct sk_chan *chan);

/*
 * Accepts connections on a listening socket of main (not closed by the watch). For unix sockets `uid` is the
 * peer's; for TCP it is (uid_t)-1. `fn` owns the descriptor (non-blocking, close-on-exec). When descriptors
 * run out, accepting pauses for 100 ms.
 */
struct sk_accept;
int sk_accept_new(struct sk_loop *loop, int listener, void (*fn)(void *arg, int fd, uid_t uid), void *arg, struct sk_accept **ret_accept);
struct sk_accept *sk_accept_free(struct sk_accept *accept);
