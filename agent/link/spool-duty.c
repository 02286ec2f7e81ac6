// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The duty "spool": takes events from the duties that report, keeps them (lib/spool), and hands them to the duty "link" in batches.
 *
 * Owns the spool's folder and the connections on spool.sock. It judges no event but its form: what is not one strict object with the columns of
 * an event is refused here, so that one bad line can never stop a batch at the server.
 *
 * Durability: an event of priority 0, or one whose sender asked, is synced within 3 ms, all that came meanwhile with it (a disk does a few hundred
 * syncs a second, a busy reporter sends thousands of events); the others within 200 ms. Batches leave in order of priority: 1 and 2 only when everything of 0 is handed out, so that a tombstone is
 * always ahead of the gap it explains. Nothing is polled: at rest this process does not wake up but once an hour, to look at ages.
 */
#include "link/duties.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "event/event.h"
#include "link/bodies.h"
#include "os/file.h"
#include "os/peer.h"
#include "spool/spool.h"
#include "wire/batch.h"
#include "wire/chan.h"
#include "wire/json.h"

enum { GROUP_MS = 3, LAZY_SYNC_MS = 200, TICK_MS = 3600 * 1000, CLIENTS_MAX = 64, WAITING_MAX = 4096 };

const struct sk_land_rule spool_duty_land[] = {{SPOOL_FOLDER, SK_LAND_READ | SK_LAND_WRITE}, {NULL, 0}};
const struct sk_listener spool_duty_listeners[] = {{.name = "spool.sock", .group = "link"}, {.name = NULL}};

struct duty {
	struct sk_loop *loop;
	struct sk_spool *spool;
	struct sk_watch *soon, *lazy, *tick;
	struct sk_accept *accept;
	struct sk_list clients;
	unsigned client_count;
	bool soon_armed, lazy_armed;
};

struct client {
	struct sk_list link;
	struct duty *duty;
	struct sk_chan *chan;
	bool is_link; /* may read and acknowledge */
	struct {
		uint32_t id;    /* of the READ that waits; 0 = none */
		uint64_t after; /* it wants what is behind this */
	} reads[SK_PRIORITIES];
	uint32_t waiting[WAITING_MAX]; /* ids of EVENTs to be answered when they are durable */
	unsigned waiting_count;
};

static void client_free(struct client *c)
{
	sk_list_remove(&c->link);
	c->duty->client_count--;
	c->chan = sk_chan_free(c->chan);
	free(c);
}

static void on_close(struct sk_chan *chan, void *arg, const struct sk_diag *why)
{
	(void)chan;
	sk_log(SK_LOG_DEBUG, "a client left: %s", why->text);
	client_free(arg);
}

/* ---- events in ---- */

static void answer_taken(struct client *c)
{
	for (unsigned i = 0; i < c->waiting_count; i++)
		sk_chan_send(c->chan, SK_F_EVENT_TAKEN, c->waiting[i], NULL, 0);
	c->waiting_count = 0;
}

static void serve(struct duty *d);

/* One sync for everything that came meanwhile; then the answers, then the batches. */
static void flush(void *arg)
{
	struct duty *d = arg;
	int r = sk_spool_sync(d->spool);

	sk_timer_stop(d->lazy);
	sk_timer_stop(d->soon);
	d->soon_armed = d->lazy_armed = false;
	sk_list_each(c, &d->clients, struct client, link) {
		if (r == 0) {
			answer_taken(c);
			continue;
		}
		for (unsigned i = 0; i < c->waiting_count; i++)
			sk_chan_send_error(c->chan, c->waiting[i], "failed", "the disk did not take it");
		c->waiting_count = 0;
	}
	serve(d);
}

/* An armed timer stays where it is: a steady stream must not push it ahead of itself. */
static void sync_later(struct duty *d)
{
	if (!d->lazy_armed && sk_timer_arm(d->lazy, LAZY_SYNC_MS) == 0)
		d->lazy_armed = true;
}

static void sync_soon(struct duty *d)
{
	if (!d->soon_armed && sk_timer_arm(d->soon, GROUP_MS) == 0)
		d->soon_armed = true;
}

static int event_is_sound(const char *text, size_t size, struct sk_diag *diag)
{
	struct sk_event_columns columns;

	if (memchr(text, '\n', size))
		return sk_diag_offset(diag, 0, "an event is one line");
	return sk_event_scan(text, size, &columns, diag);
}

static void refuse(struct client *c, uint32_t id, const char *code, const struct sk_diag *diag)
{
	char text[512];

	sk_diag_format(diag, text, sizeof text);
	sk_log(SK_LOG_WARNING, "an event was refused: %s", text);
	if (id)
		sk_chan_send_error(c->chan, id, code, text);
}

static void on_event(struct client *c, const struct sk_frame *frame)
{
	struct sk_diag diag = {.source = "event"};
	struct duty *d = c->duty;
	const char *text;
	uint8_t priority;
	size_t size;
	int r = sk_event_read(frame->body, frame->size, &priority, &text, &size, &diag);

	if (!r)
		r = event_is_sound(text, size, &diag);
	if (r) {
		refuse(c, frame->id, "bad", &diag);
		return;
	}
	r = sk_spool_append(d->spool, priority, text, size, NULL);
	if (r) {
		sk_diag_offset(&diag, 0, "the spool could not keep it; a tombstone will say so");
		refuse(c, frame->id, "full", &diag);
		return;
	}
	if (frame->id)
		c->waiting[c->waiting_count++] = frame->id;
	if (c->waiting_count == WAITING_MAX)
		flush(d);
	else if (priority == 0 || frame->id)
		sync_soon(d);
	else
		sync_later(d);
}

/* ---- batches out ---- */

/* Answers a waiting READ. True when everything of this priority was handed to this client. */
static bool serve_priority(struct client *c, uint8_t priority)
{
	_cleanup_buf_ struct sk_buf lines = SK_BUF(SK_BATCH_MAX_RAW), batch = SK_BUF(SK_BATCH_HEADER + SK_BATCH_MAX_PACKED);
	struct sk_spool *spool = c->duty->spool;
	struct sk_diag diag = {0};
	uint32_t id = c->reads[priority].id, count;
	uint64_t first;
	int r;

	if (!id)
		return sk_spool_stats(spool).chain[priority].next <= c->reads[priority].after + 1;
	r = sk_spool_read(spool, priority, c->reads[priority].after, SK_BATCH_MAX_RAW, SK_BATCH_MAX_EVENTS, &lines, &first, &count);
	if (r == SK_NONE)
		return true;
	if (!r)
		r = sk_batch_pack(sk_spool_stats(spool).epoch, priority, first, count, lines.data, lines.size, &batch, &diag);
	if (r) {
		sk_log(SK_LOG_ERROR, "priority %u cannot be read after %llu: %s", priority, (unsigned long long)c->reads[priority].after,
		       r < 0 ? strerror(-r) : diag.text);
		return false;
	}
	c->reads[priority].id = 0;
	c->reads[priority].after = first + count - 1;
	sk_chan_send(c->chan, SK_F_BATCH, id, batch.data, batch.size);
	return sk_spool_stats(spool).chain[priority].next <= first + count;
}

static void serve_client(struct client *c)
{
	if (!serve_priority(c, 0))
		return;
	for (uint8_t p = 1; p < SK_PRIORITIES; p++)
		serve_priority(c, p);
}

static void serve(struct duty *d)
{
	sk_list_each(c, &d->clients, struct client, link)
		if (c->is_link)
			serve_client(c);
}

static int on_read(struct client *c, const struct sk_frame *frame, struct sk_diag *diag)
{
	struct body_read read;
	int r = body_read_read(frame->body, frame->size, &read, diag);

	if (r)
		return r;
	c->reads[read.priority].id = frame->id;
	c->reads[read.priority].after = read.after;
	sync_soon(c->duty);
	return 0;
}

static int on_acked(struct client *c, const struct sk_frame *frame, struct sk_diag *diag)
{
	struct sk_ack ack;
	int r = sk_ack_read(frame->body, frame->size, &ack, diag);

	if (r)
		return r;
	r = sk_spool_resync(c->duty->spool, ack.epoch, ack.priority, ack.seq);
	if (r < 0)
		return r;
	if (sk_spool_dirty(c->duty->spool))
		sync_later(c->duty);
	return 0;
}

static int on_refused(struct client *c, const struct sk_frame *frame, struct sk_diag *diag)
{
	struct body_refused refused;
	int r = body_refused_read(frame->body, frame->size, &refused, diag);

	if (r)
		return r;
	r = sk_spool_refused(c->duty->spool, refused.epoch, refused.priority, refused.first, refused.last);
	if (r == SK_BAD)
		return sk_diag_offset(diag, 0, "these are not the next events");
	if (r == 0)
		sync_soon(c->duty);
	return r < 0 ? r : 0;
}

/* ---- health ---- */

static int put_stream(struct json_object *list, uint8_t priority, const struct sk_spool_chain_stats *st)
{
	struct json_object *o = json_object_new_object();
	int r = sk_json_append(list, o);
	const struct {
		const char *key;
		uint64_t value;
	} numbers[] = {{"priority", priority}, {"acked", st->acked},     {"next", st->next},       {"bytes", st->bytes},
		       {"dropped", st->dropped}, {"not_kept", st->not_kept}, {"damaged", st->damaged}};

	for (size_t i = 0; !r && i < SK_ARRAY_SIZE(numbers); i++)
		r = sk_json_put_u64(o, numbers[i].key, numbers[i].value);
	return r;
}

static int health(struct duty *d, struct sk_buf *out)
{
	const struct sk_spool_stats st = sk_spool_stats(d->spool);
	_cleanup_json_ struct json_object *o = json_object_new_object();
	struct json_object *streams;
	int r = o ? sk_json_put_u64(o, "epoch", st.epoch) : sk_origin(-ENOMEM);

	if (!r)
		r = sk_json_put_u64(o, "bytes", st.bytes);
	if (!r)
		r = sk_json_put_u64(o, "max_bytes", st.max_bytes);
	if (!r)
		r = sk_json_put_bool(o, "disk_full", st.disk_full);
	if (!r)
		r = sk_json_put_u64(o, "tombstones", st.tombstones_pending);
	if (!r)
		r = sk_json_put_u64(o, "cut_bytes", st.cut_bytes);
	if (!r)
		r = sk_json_put_array(o, "streams", &streams);
	for (uint8_t p = 0; !r && p < SK_PRIORITIES; p++)
		r = put_stream(streams, p, &st.chain[p]);
	return r ? r : sk_json_canonical(o, out);
}

static int on_health_get(struct client *c, const struct sk_frame *frame)
{
	_cleanup_buf_ struct sk_buf out = SK_BUF(64 << 10);
	int r = health(c->duty, &out);

	if (r)
		return r;
	sk_chan_send(c->chan, SK_F_HEALTH, frame->id, out.data, out.size);
	return 0;
}

/* ---- connections ---- */

static void on_frame(struct sk_chan *chan, void *arg, const struct sk_frame *frame)
{
	struct sk_diag diag = {.source = "spool.sock"};
	struct client *c = arg;
	char text[512];
	int r = 0;

	if (frame->type == SK_F_EVENT)
		on_event(c, frame);
	else if (frame->type == SK_F_HEALTH_GET)
		r = on_health_get(c, frame);
	else if (frame->type == SK_F_READ && c->is_link)
		r = on_read(c, frame, &diag);
	else if (frame->type == SK_F_ACKED && c->is_link)
		r = on_acked(c, frame, &diag);
	else if (frame->type == SK_F_REFUSED && c->is_link)
		r = on_refused(c, frame, &diag);
	else
		sk_chan_send_error(chan, frame->id, "denied", "this is for the duty link alone");
	if (r > 0)
		sk_chan_send_error(chan, frame->id, "bad", sk_diag_format(&diag, text, sizeof text));
	else if (r < 0)
		sk_chan_send_error(chan, frame->id, "failed", strerror(-r));
}

static const struct sk_chan_handler handler = {.on_frame = on_frame, .on_close = on_close};

static void on_accept(void *arg, int fd, uid_t uid)
{
	const struct sk_chan_opts opts = {.proto = SK_PROTO_SPOOL, .side = SK_SERVER, .max_output = 16 << 20};
	struct duty *d = arg;
	struct client *c = NULL;

	if (!sk_role_of(uid) || d->client_count == CLIENTS_MAX || !(c = sk_calloc(1, sizeof *c))) {
		sk_log(SK_LOG_WARNING, "a connection of user %u was refused", (unsigned)uid);
		close(fd);
		return;
	}
	c->duty = d;
	c->is_link = sk_role_is(uid, "link") || sk_role_is(uid, "root");
	sk_list_append(&d->clients, &c->link);
	d->client_count++;
	if (sk_chan_new_fd(d->loop, fd, &handler, c, &opts, &c->chan)) {
		close(fd);
		client_free(c);
	}
}

static void on_tick(void *arg)
{
	sk_spool_tick(((struct duty *)arg)->spool);
	flush(arg);
}

int spool_duty_prepare(const struct sk_duty_ctx *ctx, uid_t uid, gid_t gid)
{
	return sk_dir_make(ctx->root_dir, SPOOL_FOLDER, uid, gid, 0700);
}

static int start(struct duty *d, const struct sk_duty_ctx *ctx)
{
	const struct link_config *conf = ctx->config;
	const struct sk_spool_opts opts = {conf->spool_bytes, conf->spool_age_ms, (uint32_t)conf->segment_bytes};
	int r = sk_spool_open(ctx->root_dir, SPOOL_FOLDER, &opts, &d->spool);

	if (r > 0)
		sk_log(SK_LOG_ERROR, "another process holds the spool");
	if (!r)
		r = sk_duty_loop(ctx, NULL, NULL, &d->loop);
	if (!r)
		r = sk_watch_timer(d->loop, flush, d, &d->soon);
	if (!r)
		r = sk_watch_timer(d->loop, flush, d, &d->lazy);
	if (!r)
		r = sk_watch_timer(d->loop, on_tick, d, &d->tick);
	if (!r)
		r = sk_timer_arm_every(d->tick, TICK_MS);
	if (!r)
		r = sk_accept_new(d->loop, sk_duty_listener(ctx, "spool.sock"), on_accept, d, &d->accept);
	return r;
}

int spool_duty_run(const struct sk_duty_ctx *ctx)
{
	struct duty d = {0};
	int r;

	sk_list_init(&d.clients);
	r = start(&d, ctx);
	if (!r) {
		sk_duty_ready(ctx);
		r = sk_loop_run(d.loop);
	}
	sk_list_each(c, &d.clients, struct client, link)
		client_free(c);
	sk_accept_free(d.accept);
	sk_watch_free(d.soon);
	sk_watch_free(d.lazy);
	sk_watch_free(d.tick);
	if (d.loop)
		sk_duty_loop_free(ctx, d.loop);
	sk_spool_free(d.spool);
	return r ? 1 : 0;
}
