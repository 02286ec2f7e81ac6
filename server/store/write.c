// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Appending: the writer's thread takes what waits, commits it as one transaction, and only then is anything acknowledged.
 *
 * A full disk: nothing is acknowledged and nothing given up. The writer keeps what it holds, makes room by retention where it may, and tries again
 * each second; what waits behind it fills the queue, then the sockets, then the agents' own spools, which is where it belongs.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/point.h"
#include "store/service.h"

enum { RETRY_MS = 1000, RETRY_STEPS = 10 };

/* ---- in the loop ---- */

static void pause_senders(struct sk_store_service *service, bool pause)
{
	sk_list_each(client, &service->clients, struct sk_store_client, link)
		if (client->chan && client->paused != pause && strcmp(client->role, "intake") == 0) {
			client->paused = pause;
			sk_chan_pause(client->chan, pause);
		}
}

static bool may_append(const struct sk_store_client *client)
{
	return strcmp(client->role, "intake") == 0 || strcmp(client->role, "root") == 0;
}

static int take_body(struct sk_store_job *job, const struct sk_frame *frame, struct sk_diag *diag)
{
	job->body = sk_malloc(frame->size + 1);
	if (!job->body)
		return sk_origin(-ENOMEM);
	memcpy(job->body, frame->body, frame->size);
	job->body_size = frame->size;
	return sk_append_unpack(job->body, job->body_size, &job->append, diag);
}

int sk_store_on_append(struct sk_store_client *client, const struct sk_frame *frame, struct sk_diag *diag)
{
	struct sk_store_service *service = client->service;
	struct sk_store_job *job;
	int r;

	if (!may_append(client))
		return SK_DENIED;
	r = sk_store_job_new(service, client, SK_JOB_APPEND, frame->id, &job);
	if (r)
		return r;
	r = take_body(job, frame, diag);
	if (r) {
		sk_store_job_free(job);
		return r;
	}
	job->item.append = &job->append;
	service->waiting += job->body_size;
	sk_pool_send(service->writer, &job->job);
	if (service->waiting > SK_APPENDS_WAITING)
		pause_senders(service, true);
	return 0;
}

static int read_stream(const struct sk_json *list, size_t i, struct sk_resync *resync)
{
	struct sk_json item;
	uint64_t priority = 0, first = 0, next = 0;
	int r = sk_json_item_object(list, i, &item);

	if (!r)
		r = SK_JSON_ONLY(&item, "priority", "first", "next");
	if (!r)
		r = sk_json_u64(&item, "priority", 0, SK_PRIORITIES - 1, &priority);
	if (!r)
		r = sk_json_u64(&item, "first", 1, SK_JSON_MAX_INT, &first);
	if (!r)
		r = sk_json_u64(&item, "next", first, SK_JSON_MAX_INT, &next);
	if (r)
		return r;
	resync->streams[priority].known = true;
	resync->streams[priority].first = first;
	resync->streams[priority].next = next;
	return 0;
}

static int read_resync(const struct sk_json *at, struct sk_resync *resync)
{
	struct sk_json list;
	int r = SK_JSON_ONLY(at, "verb", "agent", "host", "org", "site", "epoch", "streams");

	if (!r)
		r = sk_json_string(at, "agent", 1, SK_AGENT_ID_MAX, &resync->agent);
	if (!r)
		r = sk_json_string(at, "host", 0, SK_APPEND_NAME_MAX, &resync->host);
	if (!r)
		r = sk_json_string(at, "org", 0, SK_APPEND_NAME_MAX, &resync->org);
	if (!r)
		r = sk_json_string(at, "site", 0, SK_APPEND_NAME_MAX, &resync->site);
	if (!r)
		r = sk_json_u64(at, "epoch", 0, SK_JSON_MAX_INT, &resync->epoch);
	if (!r)
		r = sk_json_array(at, "streams", SK_PRIORITIES, &list);
	for (size_t i = 0; !r && i < sk_json_length(&list); i++)
		r = read_stream(&list, i, resync);
	return r;
}

int sk_store_on_resync(struct sk_store_client *client, uint32_t id, const struct sk_json *at)
{
	struct sk_store_job *job;
	int r;

	if (!may_append(client))
		return SK_DENIED;
	r = sk_store_job_new(client->service, client, SK_JOB_RESYNC, id, &job);
	if (r)
		return r;
	job->tree = json_object_get(at->value);
	job->resync.now = sk_clock_ms();
	r = read_resync(at, &job->resync);
	if (r)
		sk_store_job_free(job);
	else
		sk_pool_send(client->service->writer, &job->job);
	return r;
}

void sk_store_keep(struct sk_store_service *service)
{
	struct sk_store_job *job;

	if (service->keeping || (!service->conf.max_age_ms && !service->conf.max_bytes))
		return;
	if (sk_store_job_new(service, NULL, SK_JOB_KEEP, 0, &job))
		return;
	job->limits = (struct sk_keep){service->conf.max_age_ms, service->conf.max_bytes};
	service->keeping = true;
	sk_pool_send(service->writer, &job->job);
}

/* ---- in the writer's thread ---- */

static bool disk_has_room(struct sk_store_service *service)
{
	uint64_t free_bytes;

	if (sk_point_failure("store.room"))
		return false;
	return sk_dir_free_bytes(service->folder, &free_bytes) || free_bytes >= service->conf.reserve;
}

static void say_full(struct sk_store_service *service, bool full)
{
	if (service->full == full)
		return;
	service->full = full;
	if (full)
		sk_log(SK_LOG_ERROR, "the disk is full: nothing is acknowledged until there is room; endpoints keep their events");
	else
		sk_log(SK_LOG_NOTICE, "there is room on the disk again");
}

static void make_room(struct sk_store_service *service)
{
	const struct sk_keep limits = {service->conf.max_age_ms, service->conf.max_bytes};
	const struct timespec step = {0, RETRY_MS / RETRY_STEPS * 1000000L};
	struct sk_removed removed;

	if (limits.max_age_ms || limits.max_bytes)
		service->events->ops->keep(service->events, &limits, sk_clock_ms(), &removed);
	for (int i = 0; i < RETRY_STEPS && !service->stopping; i++)
		nanosleep(&step, NULL);
}

/* One transaction; on a full disk again and again, until it is done or the duty stops. */
static int commit_group(struct sk_store_service *service, struct sk_events_item *items, size_t count)
{
	while (!service->stopping) {
		int r = disk_has_room(service) ? service->events->ops->commit(service->events, items, count) : SK_FULL;

		say_full(service, r == SK_FULL);
		if (r != SK_FULL)
			return r;
		make_room(service);
	}
	return SK_FULL;
}

static void write_appends(struct sk_store_service *service, struct sk_store_job **jobs, size_t count)
{
	struct sk_events_item items[SK_GROUP_MAX];
	int r;

	for (size_t i = 0; i < count; i++)
		items[i] = jobs[i]->item;
	r = commit_group(service, items, count);
	for (size_t i = 0; i < count; i++) {
		jobs[i]->item = items[i];
		jobs[i]->result = r;
	}
}

static void write_other(struct sk_store_service *service, struct sk_store_job *job)
{
	if (job->kind == SK_JOB_RESYNC)
		job->result = service->events->ops->resync(service->events, &job->resync);
	else
		job->result = service->events->ops->keep(service->events, &job->limits, sk_clock_ms(), &job->removed);
}

/* In order: appends that stand together are one group, so that a resync sees what came before it. */
void sk_store_write(struct sk_job *jobs, void *state)
{
	struct sk_store_job *group[SK_GROUP_MAX];
	size_t count = 0;

	for (; jobs; jobs = jobs->next) {
		struct sk_store_job *job = (struct sk_store_job *)jobs;

		if (job->kind == SK_JOB_APPEND) {
			group[count++] = job;
			continue;
		}
		if (count)
			write_appends(state, group, count);
		count = 0;
		write_other(state, job);
	}
	if (count)
		write_appends(state, group, count);
}

/* ---- back in the loop ---- */

static void answer_append(struct sk_store_job *job)
{
	struct sk_chan *chan = job->client->chan;
	const struct sk_ack ack = {job->append.batch.epoch, job->append.batch.priority, job->item.ack};
	uint8_t body[SK_ACK_SIZE];
	struct sk_writer w;

	if (!chan)
		return;
	if (job->result || job->item.result) {
		sk_chan_send_error(chan, job->id, job->result ? "failed" : "bad", job->result ? "the store could not keep it" : job->item.why);
		return;
	}
	SK_POINT("store.ack");
	sk_writer_init(&w, body, sizeof body);
	sk_ack_write(&w, &ack);
	sk_chan_send(chan, SK_F_ACK, job->id, body, w.at);
}

static void answer_resync(struct sk_store_job *job)
{
	struct json_object *answer = json_object_new_object(), *list = NULL, *ack;
	struct sk_chan *chan = job->client->chan;
	struct sk_buf text = SK_BUF(4096);
	int r = job->result ? job->result : sk_json_put_array(answer, "acks", &list);

	for (uint64_t p = 0; !r && p < SK_PRIORITIES; p++) {
		if (!job->resync.streams[p].known)
			continue;
		ack = json_object_new_object();
		r = sk_json_put_u64(ack, "epoch", job->resync.epoch);
		if (!r)
			r = sk_json_put_u64(ack, "priority", p);
		if (!r)
			r = sk_json_put_u64(ack, "seq", job->resync.streams[p].ack);
		if (!r)
			r = sk_json_append(list, ack);
	}
	if (!r)
		r = sk_json_canonical(answer, &text);
	if (chan && r)
		sk_chan_send_error(chan, job->id, r == SK_FULL ? "full" : "failed", "the store could not look");
	else if (chan)
		sk_chan_send(chan, SK_F_RESULT, job->id, text.data, text.size);
	sk_buf_done(&text);
	sk_json_free(answer);
}

static void after_keep(struct sk_store_service *service, struct sk_store_job *job)
{
	const struct sk_removed *gone = &job->removed;
	char from[25], to[25];

	service->keeping = false;
	if (job->result || gone->batches == 0)
		return;
	sk_log(SK_LOG_NOTICE, "retention removed %llu events in %llu blocks (%llu bytes), from %s to %s", (unsigned long long)gone->events,
	       (unsigned long long)gone->batches, (unsigned long long)gone->bytes, sk_clock_text(gone->oldest, from),
	       sk_clock_text(gone->newest, to));
	if (gone->more && !service->stopping)
		sk_store_keep(service);
}

void sk_store_written(struct sk_store_service *service, struct sk_store_job *job)
{
	if (job->kind == SK_JOB_APPEND) {
		service->waiting -= job->body_size;
		answer_append(job);
		if (!job->result && job->item.fresh)
			service->commits++;
	} else if (job->kind == SK_JOB_RESYNC) {
		answer_resync(job);
	} else {
		after_keep(service, job);
	}
	sk_store_job_free(job);
	if (service->waiting < SK_APPENDS_WAITING / 2)
		pause_senders(service, false);
	sk_list_each(client, &service->clients, struct sk_store_client, link)
		sk_store_feed(client);
}
