// SPDX-License-Identifier: GPL-3.0-or-later
/* Asking store and fleet. See backend.h. */
#include "web/backend.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/clock.h"
#include "wire/chan.h"
#include "wire/json.h"

struct sk_ask {
	struct sk_list link;
	struct sk_backend *backend;
	uint32_t id;
	uint16_t last;
	uint64_t deadline; /* monotonic ms; 0 = none */
	sk_ask_fn fn;
	void *arg;
};

struct sk_backend {
	struct sk_loop *loop;
	char *root, *name;
	enum sk_proto proto;
	struct sk_chan *chan;
	struct sk_watch *timer;
	struct sk_list asks;
	size_t count;
};

static void forget(struct sk_ask *ask)
{
	sk_list_remove(&ask->link);
	ask->backend->count--;
	free(ask);
}

/* Takes the ask out before the call: fn may ask again or free what it belongs to. */
static void end_ask(struct sk_ask *ask, const struct sk_frame *frame, const char *why)
{
	sk_ask_fn fn = ask->fn;
	void *arg = ask->arg;

	forget(ask);
	fn(arg, frame, why);
}

static struct sk_ask *find(struct sk_backend *backend, uint32_t id)
{
	sk_list_each(ask, &backend->asks, struct sk_ask, link)
		if (ask->id == id)
			return ask;
	return NULL;
}

static void on_frame(struct sk_chan *chan, void *arg, const struct sk_frame *frame)
{
	struct sk_backend *backend = arg;
	struct sk_ask *ask = find(backend, frame->id);

	if (!ask)
		return; /* cancelled meanwhile */
	if (frame->type == SK_F_ERROR || frame->type == ask->last)
		end_ask(ask, frame, "");
	else
		ask->fn(ask->arg, frame, "");
}

static void on_close(struct sk_chan *chan, void *arg, const struct sk_diag *why)
{
	struct sk_backend *backend = arg;
	struct sk_list ended;

	backend->chan = sk_chan_free(chan);
	/* Only what was asked on this channel: an answer's callback may ask anew, on the next one. */
	sk_list_init(&ended);
	sk_list_each(ask, &backend->asks, struct sk_ask, link) {
		sk_list_remove(&ask->link);
		sk_list_append(&ended, &ask->link);
	}
	while (!sk_list_empty(&ended))
		end_ask(sk_list_entry(ended.next, struct sk_ask, link), NULL, why->text);
}

static const struct sk_chan_handler handler = {.on_frame = on_frame, .on_close = on_close};

static void on_timer(void *arg)
{
	struct sk_backend *backend = arg;
	uint64_t now = sk_clock_mono_ms();
	struct sk_ask *late;

	do {
		late = NULL;
		sk_list_each(ask, &backend->asks, struct sk_ask, link)
			if (ask->deadline && ask->deadline <= now)
				late = ask;
		if (late)
			end_ask(late, NULL, "no answer in time");
	} while (late);
	if (backend->count)
		sk_timer_arm(backend->timer, 500);
}

int sk_backend_new(struct sk_loop *loop, const char *root, const char *name, enum sk_proto proto, struct sk_backend **ret_backend)
{
	struct sk_backend *backend = sk_calloc(1, sizeof *backend);
	int r;

	if (!backend)
		return sk_origin(-ENOMEM);
	sk_list_init(&backend->asks);
	backend->loop = loop;
	backend->proto = proto;
	backend->root = sk_strdup(root);
	backend->name = sk_strdup(name);
	r = backend->root && backend->name ? sk_watch_timer(loop, on_timer, backend, &backend->timer) : sk_origin(-ENOMEM);
	if (r) {
		sk_backend_free(backend);
		return r;
	}
	*ret_backend = backend;
	return 0;
}

struct sk_backend *sk_backend_free(struct sk_backend *backend)
{
	if (!backend)
		return NULL;
	sk_list_each(ask, &backend->asks, struct sk_ask, link)
		forget(ask);
	sk_watch_free(backend->timer);
	sk_chan_free(backend->chan);
	free(backend->root);
	free(backend->name);
	free(backend);
	return NULL;
}

static int connect_backend(struct sk_backend *backend)
{
	struct sk_chan_opts opts = {.proto = backend->proto, .side = SK_CLIENT};
	int r;

	if (backend->chan)
		return 0;
	r = sk_chan_connect(backend->loop, backend->root, backend->name, &handler, backend, &opts, &backend->chan);
	return r > 0 ? SK_NONE : r;
}

static int send_ask(struct sk_backend *backend, uint16_t type, uint32_t id, json_object *body)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(sk_frame_info(type)->max_body);
	int r;

	r = sk_json_canonical(body, &text);
	r = r ? r : sk_chan_send(backend->chan, type, id, text.data, text.size);
	return r == SK_AGAIN ? 0 : r > 0 ? SK_NONE : r;
}

int sk_backend_ask(struct sk_backend *backend, uint16_t type, json_object *body, uint16_t last, sk_ask_fn fn, void *arg,
		   struct sk_ask **ret_ask)
{
	struct sk_ask *ask;
	int r;

	if (backend->count >= SK_BACKEND_ASKS_MAX)
		return SK_FULL;
	r = connect_backend(backend);
	if (r)
		return r;
	ask = sk_calloc(1, sizeof *ask);
	if (!ask)
		return sk_origin(-ENOMEM);
	*ask = (struct sk_ask){.backend = backend, .id = sk_chan_next_id(backend->chan), .last = last, .fn = fn, .arg = arg};
	ask->deadline = last ? sk_clock_mono_ms() + SK_BACKEND_WAIT_MS : 0;
	sk_list_append(&backend->asks, &ask->link);
	backend->count++;
	r = send_ask(backend, type, ask->id, body);
	if (r) {
		forget(ask);
		return r;
	}
	sk_timer_arm(backend->timer, 500);
	if (ret_ask)
		*ret_ask = ask;
	return 0;
}

void sk_ask_cancel(struct sk_ask *ask)
{
	if (ask)
		forget(ask);
}
