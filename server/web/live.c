// SPDX-License-Identifier: GPL-3.0-or-later
/* Owns each open live view and its request, once sk_do_live() said 0. See live.h. */
#include "web/live.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/clock.h"
#include "web-pages.gen.h"
#include "web/handlers.h"
#include "web/http.h"
#include "wire/json.h"

struct live {
	struct sk_list link;
	struct sk_web *web;
	struct sk_req *req;
	struct sk_backend *store;
	struct sk_ask *ask;
	struct sk_watch *beat, *end; /* `end`: frees it outside of the callback that found the end */
};

static void free_live(struct live *live)
{
	sk_list_remove(&live->link);
	live->web->live_count--;
	sk_ask_cancel(live->ask);
	sk_backend_free(live->store);
	sk_watch_free(live->beat);
	sk_watch_free(live->end);
	if (live->req && live->req->ev) {
		struct evhttp_request *ev = live->req->ev;

		live->req->ev = NULL;
		evhttp_connection_set_closecb(evhttp_request_get_connection(ev), NULL, NULL);
		evhttp_send_reply_end(ev);
	}
	sk_req_free(live->req);
	free(live);
}

static void on_end(void *arg)
{
	free_live(arg);
}

static void end_soon(struct live *live)
{
	sk_deferred_call(live->end);
}

static void send_piece(struct live *live, const char *data, size_t size)
{
	struct evbuffer *piece;
	struct bufferevent *connection;

	if (!live->req->ev) {
		end_soon(live);
		return;
	}
	connection = evhttp_connection_get_bufferevent(evhttp_request_get_connection(live->req->ev));
	piece = evbuffer_new();
	if (!piece || evbuffer_get_length(bufferevent_get_output(connection)) > SK_LIVE_BEHIND) {
		end_soon(live);
	} else {
		evbuffer_add(piece, data, size);
		evhttp_send_reply_chunk(live->req->ev, piece);
	}
	if (piece)
		evbuffer_free(piece);
}

/* "event: row", the id, and the HTML with "data: " before each line. */
static void send_row(struct live *live, json_object *row)
{
	struct sk_html h = SK_HTML(live->req->language);
	_cleanup_buf_ struct sk_buf out = SK_BUF(1 << 20);
	const char *at, *eol;
	int r;

	part_event_row(&h, row, true);
	r = h.error ? h.error : sk_buf_append_str(&out, "event: row\n");
	for (at = h.out.data ? h.out.data : ""; !r && *at; at = *eol ? eol + 1 : eol) {
		eol = at + strcspn(at, "\r\n");
		r = sk_buf_append_str(&out, "data: ");
		r = r ? r : sk_buf_append(&out, at, (size_t)(eol - at));
		r = r ? r : sk_buf_append_char(&out, '\n');
	}
	r = r ? r : sk_buf_append_char(&out, '\n');
	if (!r)
		send_piece(live, out.data, out.size);
	sk_buf_done(&h.out);
}

static void send_rows(struct live *live, const struct sk_frame *frame)
{
	const char *at = (const char *)frame->body, *end = at + frame->size;

	while (at < end) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		size_t size = eol ? (size_t)(eol - at) : (size_t)(end - at);
		json_tokener *tokener = json_tokener_new();
		json_object *row = tokener ? json_tokener_parse_ex(tokener, at, (int)size) : NULL;

		if (row && sk_req_in_scope(live->req, sk_field_text(row, "org"), sk_field_text(row, "site")))
			send_row(live, row);
		json_object_put(row);
		json_tokener_free(tokener);
		at += size + 1;
	}
}

static void on_rows(void *arg, const struct sk_frame *frame, const char *why)
{
	struct live *live = arg;

	if (!frame || frame->type == SK_F_ERROR) {
		live->ask = NULL;
		end_soon(live); /* the browser comes back, and then the store may be there */
	} else if (frame->type == SK_F_ROWS) {
		send_rows(live, frame);
	}
}

static void on_beat(void *arg)
{
	struct live *live = arg;

	if (!live->req->ev || sk_web_session_alive(&live->web->db, live->req->who.key, (int64_t)sk_clock_ms()))
		end_soon(live);
	else
		send_piece(live, ": here\n\n", 8);
}

static int follow(struct live *live)
{
	json_object *body = sk_event_filter(live->req);
	int r;

	if (!body)
		return SK_BAD;
	r = sk_backend_new(live->web->loop, live->web->root, "store.sock", SK_PROTO_STORE, &live->store);
	r = r ? r : sk_backend_ask(live->store, SK_F_FOLLOW, body, 0, on_rows, live, &live->ask);
	sk_json_free(body);
	return r == SK_NONE ? SK_END : r;
}

static int start(struct live *live)
{
	int r;

	r = sk_watch_timer(live->web->loop, on_beat, live, &live->beat);
	r = r ? r : sk_watch_deferred(live->web->loop, on_end, live, &live->end);
	r = r ? r : sk_timer_arm_every(live->beat, SK_LIVE_BEAT_MS);
	return r ? r : follow(live);
}

int sk_do_live(struct sk_req *q)
{
	struct live *live;
	int r;

	if (q->web->live_count >= SK_LIVE_MAX)
		return SK_FULL;
	sk_req_scope(q, SK_OBJECT_EVENT, SK_VERB_READ);
	live = sk_calloc(1, sizeof *live);
	if (!live)
		return sk_origin(-ENOMEM);
	live->web = q->web;
	live->req = q;
	sk_list_append(&q->web->live, &live->link);
	q->web->live_count++;
	r = start(live);
	if (r) {
		live->req = NULL; /* the error page is the runner's */
		free_live(live);
		return r;
	}
	/* Out of the list of requests that end with the server: this one ends with its view. */
	sk_list_remove(&q->link);
	sk_http_headers(q, "text/event-stream");
	evhttp_add_header(evhttp_request_get_output_headers(q->ev), "X-Accel-Buffering", "no");
	evhttp_send_reply_start(q->ev, 200, NULL);
	send_piece(live, "retry: 1000\n\n", 13);
	return 0;
}

void sk_live_end_all(struct sk_web *web)
{
	sk_list_each(live, &web->live, struct live, link)
		free_live(live);
}
