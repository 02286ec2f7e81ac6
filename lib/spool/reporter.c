// SPDX-License-Identifier: GPL-3.0-or-later
/* Events on their way to the spool; owns the channel, the list and its count. */
#include "spool/reporter.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "wire/chan.h"
#include "wire/json.h"

enum { RETRY_MIN_MS = 100, RETRY_MAX_MS = 5000, QUEUE_HIGH = 1 << 20, BULK = 2 };

struct waiting {
	struct sk_list link;
	uint32_t id; /* 0 = not sent */
	bool sent;
	uint8_t priority;
	size_t size;
	char text[];
};

struct sk_reporter {
	struct sk_loop *loop;
	const char *root;
	struct sk_chan *spool;
	struct sk_watch *retry;
	uint64_t retry_ms;
	struct sk_list events;
	uint32_t count, max;
	size_t bytes, max_bytes;
	uint64_t lost, lost_told;
};

static void drop(struct sk_reporter *r, struct waiting *event)
{
	sk_list_remove(&event->link);
	r->count--;
	r->bytes -= event->size;
	free(event);
}

static int send_one(struct sk_reporter *r, struct waiting *event)
{
	int done;

	event->id = event->priority < BULK ? sk_chan_next_id(r->spool) : 0;
	done = sk_chan_send2(r->spool, SK_F_EVENT, event->id, &event->priority, 1, event->text, event->size);
	event->sent = done == 0 || done == SK_AGAIN;
	return done;
}

static void send_waiting(struct sk_reporter *r)
{
	sk_list_each(event, &r->events, struct waiting, link) {
		int done;

		if (event->sent)
			continue;
		if (!r->spool || sk_chan_queued(r->spool) > QUEUE_HIGH)
			return;
		done = send_one(r, event);
		if (event->sent && event->priority >= BULK)
			drop(r, event);
		if (done)
			return;
	}
}

static void on_close(struct sk_chan *chan, void *arg, const struct sk_diag *why)
{
	struct sk_reporter *r = arg;

	(void)chan;
	sk_log(SK_LOG_INFO, "the spool is gone: %s", why->text);
	r->spool = sk_chan_free(r->spool);
	sk_list_each(event, &r->events, struct waiting, link)
		event->sent = false;
	sk_timer_arm(r->retry, r->retry_ms = RETRY_MIN_MS);
}

/* Refused as "bad" it got no number, so it is ours to count; what the spool could not keep it counts itself. */
static void on_refused(struct sk_reporter *r, const struct sk_frame *frame)
{
	_cleanup_json_ struct json_object *body = NULL;
	struct sk_json at;
	const char *code = "";

	if (sk_json_parse_object(frame->body, frame->size, frame->size, &body, NULL) == 0) {
		at = SK_JSON(body, "error", NULL);
		(void)sk_json_string(&at, "code", 0, 64, &code);
	}
	r->lost += strcmp(code, "bad") == 0;
	sk_log(SK_LOG_WARNING, "the spool did not take an event: %.*s", (int)SK_MIN(frame->size, 200u), (const char *)frame->body);
}

static void on_frame(struct sk_chan *chan, void *arg, const struct sk_frame *frame)
{
	struct sk_reporter *r = arg;

	(void)chan;
	r->retry_ms = RETRY_MIN_MS;
	if (frame->type == SK_F_ERROR)
		on_refused(r, frame);
	else if (frame->type != SK_F_EVENT_TAKEN)
		return;
	sk_list_each(event, &r->events, struct waiting, link)
		if (event->sent && event->id == frame->id) {
			drop(r, event);
			break;
		}
	send_waiting(r);
}

static void on_drain(struct sk_chan *chan, void *arg)
{
	(void)chan;
	send_waiting(arg);
}

static const struct sk_chan_handler handler = {.on_frame = on_frame, .on_close = on_close, .on_drain = on_drain};

static void connect_spool(void *arg)
{
	struct sk_reporter *r = arg;
	const struct sk_chan_opts opts = {.proto = SK_PROTO_SPOOL, .side = SK_CLIENT};

	if (r->spool)
		return;
	if (sk_chan_connect(r->loop, r->root, "spool.sock", &handler, r, &opts, &r->spool) == 0) {
		send_waiting(r);
		return;
	}
	r->retry_ms = SK_MIN(r->retry_ms * 2, (uint64_t)RETRY_MAX_MS);
	sk_timer_arm(r->retry, r->retry_ms);
}

int sk_reporter_new(struct sk_loop *loop, const char *root, uint32_t max, size_t max_bytes, struct sk_reporter **ret_reporter)
{
	struct sk_reporter *made = sk_calloc(1, sizeof *made);
	int r;

	if (!made)
		return sk_origin(-ENOMEM);
	*made = (struct sk_reporter){.loop = loop, .root = root, .max = max, .max_bytes = max_bytes, .retry_ms = RETRY_MIN_MS};
	sk_list_init(&made->events);
	r = sk_watch_timer(loop, connect_spool, made, &made->retry);
	if (r != 0) {
		free(made);
		return r;
	}
	connect_spool(made);
	*ret_reporter = made;
	return 0;
}

struct sk_reporter *sk_reporter_free(struct sk_reporter *r)
{
	if (!r)
		return NULL;
	sk_list_each(event, &r->events, struct waiting, link)
		drop(r, event);
	sk_chan_free(r->spool);
	sk_watch_free(r->retry);
	free(r);
	return NULL;
}

void sk_reporter_send(struct sk_reporter *r, uint8_t priority, const char *text, size_t size)
{
	struct waiting *event = NULL;

	if (r->count < r->max && r->bytes + size <= r->max_bytes)
		event = sk_malloc(sizeof *event + size);
	if (!event) {
		r->lost++;
		return;
	}
	*event = (struct waiting){.priority = priority, .size = size};
	memcpy(event->text, text, size);
	sk_list_append(&r->events, &event->link);
	r->count++;
	r->bytes += size;
	send_waiting(r);
}

uint32_t sk_reporter_waiting(const struct sk_reporter *r)
{
	return r->count;
}

bool sk_reporter_connected(const struct sk_reporter *r)
{
	return r->spool != NULL;
}

uint64_t sk_reporter_take_lost(struct sk_reporter *r)
{
	uint64_t news = r->lost - r->lost_told;

	if (r->count > r->max / 2 || r->bytes > r->max_bytes / 2)
		return 0;
	r->lost_told = r->lost;
	return news;
}

uint64_t sk_reporter_lost(const struct sk_reporter *r)
{
	return r->lost;
}
