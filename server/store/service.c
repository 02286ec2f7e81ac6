// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The store duty's sockets and the life of its jobs.
 *
 * Three kinds of thread: the loop (sockets, this file), one writer (owns the writing connection), SK_READERS searchers (each owns a reading connection).
 * A search never delays an acknowledgement: they share nothing but the database, where readers do not block the writer.
 *
 * A client that goes away leaves its jobs running; it is freed with the last of them. Who may do what: intake appends and resyncs; root, web and
 * fleet ask; nobody else is let in.
 */
#include "store/service.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/file.h"
#include "os/peer.h"
#include "sql/own.h"

enum { KEEP_EVERY_MS = 10000, HIGH_WATER = 1 << 20, MAX_OUTPUT = 24 << 20 };

int sk_store_job_new(struct sk_store_service *service, struct sk_store_client *client, enum sk_job_kind kind, uint32_t id,
		     struct sk_store_job **ret_job)
{
	struct sk_store_job *job;

	if (client && kind != SK_JOB_APPEND && client->jobs >= SK_JOBS_MAX)
		return SK_FULL;
	job = sk_calloc(1, sizeof *job);
	if (!job)
		return sk_origin(-ENOMEM);
	job->kind = kind;
	job->client = client;
	job->id = id;
	job->out.max = 8 << 20;
	sk_query_init(&job->query);
	sk_page_init(&job->page);
	if (client)
		client->jobs++;
	*ret_job = job;
	(void)service;
	return 0;
}

static void client_free(struct sk_store_client *client)
{
	if (client->chan || client->jobs)
		return;
	sk_list_each(f, &client->followers, struct sk_follower, link)
		sk_follower_free(f);
	sk_list_remove(&client->link);
	client->service->client_count--;
	free(client);
}

void sk_store_job_free(struct sk_store_job *job)
{
	struct sk_store_client *client = job->client;

	sk_append_done(&job->append);
	sk_query_done(&job->query);
	sk_json_free(job->tree);
	sk_page_done(&job->page);
	sk_buf_done(&job->out);
	free(job->body);
	free(job);
	if (!client)
		return;
	client->jobs--;
	client_free(client);
}

/* ---- clients ---- */

static void on_frame(struct sk_chan *chan, void *arg, const struct sk_frame *frame)
{
	struct sk_store_client *client = arg;
	struct sk_diag diag = {0};
	char text[512];
	int r;

	if (frame->type == SK_F_APPEND)
		r = sk_store_on_append(client, frame, &diag);
	else
		r = sk_store_on_question(client, frame, &diag);
	if (r == 0)
		return;
	if (r == SK_BAD)
		sk_chan_send_error(chan, frame->id, "bad", sk_diag_format(&diag, text, sizeof text));
	else if (r == SK_DENIED)
		sk_chan_send_error(chan, frame->id, "denied", "this is not for you to ask");
	else if (r == SK_FULL)
		sk_chan_send_error(chan, frame->id, "limit", "too many questions at once");
	else
		sk_chan_send_error(chan, frame->id, "failed", strerror(r < 0 ? -r : EIO));
}

static void on_close(struct sk_chan *chan, void *arg, const struct sk_diag *why)
{
	struct sk_store_client *client = arg;
	char text[512];

	sk_log(SK_LOG_INFO, "%s went: %s", client->role, sk_diag_format(why, text, sizeof text));
	client->chan = sk_chan_free(chan);
	client_free(client);
}

static void on_drain(struct sk_chan *chan, void *arg)
{
	struct sk_store_client *client = arg;

	(void)chan;
	client->choked = false;
	sk_store_feed(client);
}

static const struct sk_chan_handler handler = {.on_frame = on_frame, .on_close = on_close, .on_drain = on_drain};

static void on_accept(void *arg, int fd, uid_t uid)
{
	const struct sk_chan_opts opts = {.proto = SK_PROTO_STORE, .side = SK_SERVER, .high_water = HIGH_WATER, .max_output = MAX_OUTPUT};
	struct sk_store_service *service = arg;
	const char *role = sk_role_of(uid);
	struct sk_store_client *client;

	if (!role || service->client_count >= SK_CLIENTS_MAX) {
		sk_log(SK_LOG_WARNING, "store.sock: %s", role ? "too many clients" : "a stranger was turned away");
		close(fd);
		return;
	}
	client = sk_calloc(1, sizeof *client);
	if (!client || sk_chan_new_fd(service->loop, fd, &handler, client, &opts, &client->chan)) {
		free(client);
		close(fd);
		return;
	}
	client->service = service;
	client->role = role;
	sk_list_init(&client->followers);
	sk_list_append(&service->clients, &client->link);
	service->client_count++;
}

/* ---- jobs coming back ---- */

static void writer_back(struct sk_job *job, void *arg)
{
	sk_store_written(arg, (struct sk_store_job *)job);
}

static void searcher_back(struct sk_job *job, void *arg)
{
	sk_store_found(arg, (struct sk_store_job *)job);
}

static void on_timer(void *arg)
{
	sk_store_keep(arg);
}

/* ---- beginning and end ---- */

static int open_all(struct sk_store_service *s, const char *folder)
{
	int r = sk_sqlite_open(folder, &s->events);

	for (int i = 0; !r && i < SK_READERS; i++)
		r = sk_sqlite_reader(folder, &s->readers[i]);
	if (!r)
		r = sk_dir_open(folder, "", &s->folder);
	return r;
}

static int start_pools(struct sk_store_service *s)
{
	void *writer_state = s, *reader_states[SK_READERS];
	struct sk_pool_opts writer = {.threads = 1, .group = SK_GROUP_MAX, .work = sk_store_write, .states = &writer_state, .back = writer_back,
				      .arg = s};
	struct sk_pool_opts readers = {.threads = SK_READERS, .group = 1, .work = sk_store_search, .states = reader_states,
				       .back = searcher_back, .arg = s};
	int r;

	for (int i = 0; i < SK_READERS; i++)
		reader_states[i] = s->readers[i];
	r = sk_pool_new(s->loop, &writer, &s->writer);
	return r ? r : sk_pool_new(s->loop, &readers, &s->searchers);
}

int sk_store_service_new(struct sk_loop *loop, const char *folder, int listener, const struct sk_store_conf *conf,
			 struct sk_store_service **ret_service)
{
	struct sk_store_service *s = sk_calloc(1, sizeof *s);
	int r;

	if (!s)
		return sk_origin(-ENOMEM);
	s->loop = loop;
	s->conf = *conf;
	s->folder = -1;
	sk_list_init(&s->clients);
	r = open_all(s, folder);
	if (!r)
		r = start_pools(s);
	if (!r)
		r = sk_watch_timer(loop, on_timer, s, &s->timer);
	if (!r)
		r = sk_timer_arm_every(s->timer, KEEP_EVERY_MS);
	if (!r)
		r = sk_accept_new(loop, listener, on_accept, s, &s->accept);
	if (r) {
		sk_store_service_free(s);
		return r;
	}
	sk_store_keep(s);
	*ret_service = s;
	return 0;
}

struct sk_store_service *sk_store_service_free(struct sk_store_service *s)
{
	if (!s)
		return NULL;
	s->stopping = true;
	sk_accept_free(s->accept);
	sk_watch_free(s->timer);
	sk_list_each(client, &s->clients, struct sk_store_client, link) {
		client->chan = sk_chan_free(client->chan);
		client_free(client);
	}
	sk_pool_free(s->writer);
	sk_pool_free(s->searchers);
	for (int i = 0; i < SK_READERS; i++)
		sk_reader_close(s->readers[i]);
	sk_events_close(s->events);
	sk_close_p(&s->folder);
	free(s);
	return NULL;
}

const struct sk_land_rule sk_store_land[] = {{SK_STORE_FOLDER, SK_LAND_READ | SK_LAND_WRITE}, {"/dev/urandom", SK_LAND_READ | SK_LAND_HOST}, {0}};

int sk_store_prepare(const struct sk_duty_ctx *ctx, uid_t uid, gid_t gid)
{
	int r = sk_dir_make(ctx->root_dir, SK_STORE_FOLDER, uid, gid, 0700);

	return r ? r : sk_folder_own(ctx->root_dir, SK_STORE_FOLDER, uid, gid, 0600);
}

int sk_store_run(const struct sk_duty_ctx *ctx, const struct sk_store_conf *conf)
{
	struct sk_store_service *service = NULL;
	struct sk_loop *loop;
	char folder[4096];
	int r = sk_duty_loop(ctx, NULL, NULL, &loop);

	if (r)
		return 1;
	snprintf(folder, sizeof folder, "%s/" SK_STORE_FOLDER, ctx->root);
	r = sk_store_service_new(loop, folder, sk_duty_listener(ctx, SK_STORE_SOCKET), conf, &service);
	if (!r) {
		sk_duty_ready(ctx);
		r = sk_loop_run(loop);
	}
	sk_store_service_free(service);
	sk_duty_loop_free(ctx, loop);
	return r ? 1 : 0;
}
