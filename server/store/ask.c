// SPDX-License-Identifier: GPL-3.0-or-later
/* Questions to the store: reading them, asking a reader in its thread, and sending the answer in pieces that fit a frame. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/file.h"
#include "store/service.h"

enum { PIECE = 1 << 20 };

void sk_follower_free(struct sk_follower *follower)
{
	sk_list_remove(&follower->link);
	sk_query_done(&follower->query);
	free(follower);
}

/* ---- what a searcher's thread does ---- */

static int ask_counts(struct sk_reader *reader, struct sk_store_job *job)
{
	return reader->ops->counts(reader, &job->query, job->number, &job->out);
}

static int ask_stats(struct sk_reader *reader, struct sk_store_job *job)
{
	return reader->ops->stats(reader, &job->out);
}

static int ask_streams(struct sk_reader *reader, struct sk_store_job *job)
{
	return reader->ops->streams(reader, job->agent, &job->query, &job->out);
}

static int ask_gaps(struct sk_reader *reader, struct sk_store_job *job)
{
	return reader->ops->gaps(reader, job->agent, &job->query, &job->out);
}

static int search_one(struct sk_reader *reader, struct sk_store_job *job)
{
	switch (job->kind) {
	case SK_JOB_QUERY:
		return reader->ops->search(reader, &job->query, &job->page);
	case SK_JOB_GET:
		return reader->ops->get(reader, job->event_id, &job->query, &job->page);
	case SK_JOB_AROUND:
		return reader->ops->around(reader, job->event_id, job->number, &job->query, &job->page);
	case SK_JOB_FOLLOW:
	case SK_JOB_BACKLOG:
		return reader->ops->follow(reader, &job->query, &job->position, &job->page);
	default:
		return job->ask(reader, job);
	}
}

void sk_store_search(struct sk_job *jobs, void *state)
{
	for (; jobs; jobs = jobs->next) {
		struct sk_store_job *job = (struct sk_store_job *)jobs;

		job->result = search_one(state, job);
	}
}

/* ---- reading a question ---- */

static int read_id(const struct sk_json *at, struct sk_store_job *job)
{
	int r = sk_json_string(at, "id", 1, 160, &job->event_id);

	return r ? r : sk_query_read_scopes(at, &job->query);
}

static int read_get(const struct sk_json *at, struct sk_store_job *job)
{
	int r = SK_JSON_ONLY(at, "id", "scopes");

	return r ? r : read_id(at, job);
}

static int read_around(const struct sk_json *at, struct sk_store_job *job)
{
	uint64_t limit = 500;
	int r = SK_JSON_ONLY(at, "id", "seconds", "limit", "scopes");

	job->number = 300;
	if (!r && sk_json_has(at, "seconds"))
		r = sk_json_u64(at, "seconds", 1, SK_STORE_SECONDS_MAX, &job->number);
	if (!r && sk_json_has(at, "limit"))
		r = sk_json_u64(at, "limit", 1, SK_STORE_LIMIT_MAX, &limit);
	job->query.limit = limit;
	return r ? r : read_id(at, job);
}

static int read_agent(const struct sk_json *at, struct sk_store_job *job)
{
	uint64_t limit = SK_STORE_LIMIT_MAX;
	int r = SK_JSON_ONLY(at, "verb", "agent", "scopes", "limit");

	if (!r && sk_json_has(at, "agent"))
		r = sk_json_string(at, "agent", 1, SK_AGENT_ID_MAX, &job->agent);
	if (!r && sk_json_has(at, "limit"))
		r = sk_json_u64(at, "limit", 1, SK_STORE_LIMIT_MAX, &limit);
	job->query.limit = limit;
	return r ? r : sk_query_read_scopes(at, &job->query);
}

/* Times, classes and scopes stand at the top here; the filter's own reader takes them. */
static int read_counts(const struct sk_json *at, struct sk_store_job *job)
{
	struct json_object *wrapped;
	uint64_t step = 60000;
	struct sk_json view;
	int r = SK_JSON_ONLY(at, "verb", "since", "until", "step", "scopes", "classes");

	if (!r && sk_json_has(at, "step"))
		r = sk_json_u64(at, "step", 60000, UINT64_C(31) * 86400000, &step);
	if (!r && step % 60000)
		r = sk_json_refuse(at, "step", "a whole number of minutes is expected");
	if (r)
		return r;
	job->number = step;
	json_object_object_del(at->value, "verb");
	json_object_object_del(at->value, "step");
	wrapped = json_object_new_object();
	if (!wrapped)
		return sk_origin(-ENOMEM);
	r = sk_json_put(wrapped, "filter", json_object_get(at->value));
	view = SK_JSON(wrapped, "counts", at->diag);
	if (!r)
		r = sk_query_read(&view, false, &job->query);
	sk_json_free(wrapped);
	return r;
}

static int read_nothing(const struct sk_json *at, struct sk_store_job *job)
{
	(void)job;
	return SK_JSON_ONLY(at, "verb");
}

static const struct {
	const char *verb;
	int (*read)(const struct sk_json *at, struct sk_store_job *job);
	int (*ask)(struct sk_reader *reader, struct sk_store_job *job);
} verbs[] = {
	{"counts", read_counts, ask_counts},
	{"stats", read_nothing, ask_stats},
	{"streams", read_agent, ask_streams},
	{"gaps", read_agent, ask_gaps},
};

static int read_call(const struct sk_json *at, struct sk_store_job *job)
{
	const char *verb;
	int r = sk_json_string(at, "verb", 1, 32, &verb);

	for (size_t i = 0; !r && i < SK_ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i].verb, verb) == 0) {
			job->ask = verbs[i].ask;
			return verbs[i].read(at, job);
		}
	return r ? r : sk_json_refuse(at, "verb", "the store does not know this verb");
}

static int start_follow(struct sk_store_client *client, struct sk_store_job *job)
{
	struct sk_follower *f = sk_calloc(1, sizeof *f);
	size_t count = 0;

	sk_list_each(other, &client->followers, struct sk_follower, link)
		count++;
	if (!f || count >= SK_STORE_FOLLOWERS_MAX) {
		free(f);
		return f ? SK_FULL : sk_origin(-ENOMEM);
	}
	f->id = job->id;
	f->query = job->query;
	json_object_get(f->query.owner);
	f->query.limit = SK_FOLLOW_ROWS;
	f->busy = true;
	sk_list_append(&client->followers, &f->link);
	job->follower = f;
	return 0;
}

static int read_question(struct sk_store_client *client, const struct sk_frame *frame, const struct sk_json *at, struct sk_store_job *job)
{
	int r;

	switch (frame->type) {
	case SK_F_QUERY:
		job->kind = SK_JOB_QUERY;
		return sk_query_read(at, false, &job->query);
	case SK_F_GET:
		job->kind = SK_JOB_GET;
		return read_get(at, job);
	case SK_F_AROUND:
		job->kind = SK_JOB_AROUND;
		return read_around(at, job);
	case SK_F_FOLLOW:
		job->kind = SK_JOB_BACKLOG;
		r = sk_query_read(at, true, &job->query);
		return r ? r : start_follow(client, job);
	default:
		return read_call(at, job);
	}
}

static bool is_resync(const struct sk_frame *frame, struct json_object *tree)
{
	struct json_object *verb;

	return frame->type == SK_F_CALL && json_object_object_get_ex(tree, "verb", &verb) && json_object_is_type(verb, json_type_string) &&
	       strcmp(json_object_get_string(verb), "resync") == 0;
}

/* Intake faces the network: it may add events, and may not read what others sent. */
static bool may_ask(const struct sk_store_client *client)
{
	static const char *const roles[] = {"root", "web", "fleet"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(roles); i++)
		if (strcmp(client->role, roles[i]) == 0)
			return true;
	return false;
}

int sk_store_on_question(struct sk_store_client *client, const struct sk_frame *frame, struct sk_diag *diag)
{
	_cleanup_json_ struct json_object *tree = NULL;
	struct sk_store_job *job;
	struct sk_json at;
	int r = sk_json_parse_object(frame->body, frame->size, frame->size, &tree, diag);

	if (r)
		return r;
	at = SK_JSON(tree, "", diag);
	if (is_resync(frame, tree))
		return sk_store_on_resync(client, frame->id, &at);
	if (!may_ask(client))
		return SK_DENIED;
	r = sk_store_job_new(client->service, client, SK_JOB_CALL, frame->id, &job);
	if (r)
		return r;
	job->tree = SK_TAKE(tree);
	r = read_question(client, frame, &at, job);
	if (r)
		sk_store_job_free(job);
	else
		sk_pool_send(client->service->searchers, &job->job);
	return r;
}

/* ---- answers ---- */

/* Whole lines, in frames of at most PIECE bytes (or one line). */
static void send_rows(struct sk_store_job *job)
{
	const char *at = job->page.rows.data;
	size_t left = job->page.rows.size;

	while (left > 0) {
		size_t size = left;

		if (size > PIECE) {
			const char *end = memrchr(at, '\n', PIECE);

			if (!end)
				end = memchr(at, '\n', left);
			size = (size_t)(end - at) + 1;
		}
		if (sk_chan_send(job->client->chan, SK_F_ROWS, job->id, at, size) == SK_AGAIN)
			job->client->choked = true;
		at += size;
		left -= size;
	}
}

static void send_end(struct sk_store_job *job)
{
	const struct sk_page *page = &job->page;
	char text[256], key[SK_KEY_TEXT];
	int n = snprintf(text, sizeof text, "{\"complete\":%s,\"damaged\":%u,\"next\":%s%s%s,\"rows\":%zu}", page->complete ? "true" : "false",
			 page->damaged, page->has_next ? "\"" : "", page->has_next ? sk_key_text(&page->next, key) : "null",
			 page->has_next ? "\"" : "", page->count);

	send_rows(job);
	sk_chan_send(job->client->chan, SK_F_ROWS_END, job->id, text, (size_t)n);
}

/* What a reader cannot know: the disk, and whether the writer waits for it. */
static int add_state(struct sk_store_service *service, struct sk_store_job *job)
{
	uint64_t free_bytes = 0;

	if (job->ask != ask_stats || job->out.size == 0)
		return 0;
	sk_dir_free_bytes(service->folder, &free_bytes);
	job->out.size--; /* the closing brace */
	return sk_buf_printf(&job->out, ",\"state\":\"%s\",\"free_bytes\":%" PRIu64 "}", service->full ? "full" : "ok", free_bytes);
}

static void send_result(struct sk_store_service *service, struct sk_store_job *job)
{
	if (add_state(service, job))
		sk_chan_send_error(job->client->chan, job->id, "failed", "no memory");
	else
		sk_chan_send(job->client->chan, SK_F_RESULT, job->id, job->out.data, job->out.size);
}

static void send_progress(struct sk_store_job *job, const char *text)
{
	sk_chan_send(job->client->chan, SK_F_PROGRESS, job->id, text, strlen(text));
}

static void send_followed(struct sk_store_job *job)
{
	char text[64];

	send_rows(job);
	if (job->page.skipped == 0)
		return;
	snprintf(text, sizeof text, "{\"skipped\":%" PRIu64 "}", job->page.skipped);
	send_progress(job, text);
}

static void follow_again(struct sk_store_client *client, struct sk_follower *f)
{
	struct sk_store_job *job;

	if (sk_store_job_new(client->service, client, SK_JOB_FOLLOW, f->id, &job))
		return;
	job->query = f->query;
	json_object_get(job->query.owner);
	job->follower = f;
	job->position = f->position;
	f->busy = true;
	f->commits = client->service->commits;
	sk_pool_send(client->service->searchers, &job->job);
}

void sk_store_feed(struct sk_store_client *client)
{
	if (!client->chan || client->choked || client->service->stopping)
		return;
	sk_list_each(f, &client->followers, struct sk_follower, link)
		if (!f->busy && f->commits != client->service->commits)
			follow_again(client, f);
}

static void after_backlog(struct sk_store_job *job)
{
	job->follower->position = job->position;
	job->follower->busy = false;
	send_rows(job);
	send_progress(job, "{\"following\":true}");
}

static void after_follow(struct sk_store_service *service, struct sk_store_job *job)
{
	struct sk_follower *f = job->follower;

	f->position = job->position;
	f->busy = false;
	if (!job->page.complete)
		f->commits = service->commits - 1; /* look again at once */
	send_followed(job);
}

static void answer(struct sk_store_service *service, struct sk_store_job *job)
{
	if (job->result == SK_NONE && job->kind == SK_JOB_AROUND)
		sk_chan_send_error(job->client->chan, job->id, "none", "there is no such event");
	else if (job->result)
		sk_chan_send_error(job->client->chan, job->id, "failed", "the store could not look");
	else if (job->kind == SK_JOB_CALL)
		send_result(service, job);
	else if (job->kind == SK_JOB_BACKLOG)
		after_backlog(job);
	else if (job->kind == SK_JOB_FOLLOW)
		after_follow(service, job);
	else
		send_end(job);
}

void sk_store_found(struct sk_store_service *service, struct sk_store_job *job)
{
	struct sk_store_client *client = job->client;
	bool there = client->chan != NULL; /* a channel never closes from inside a call to it */

	if (there)
		answer(service, job);
	sk_store_job_free(job);
	if (there)
		sk_store_feed(client);
}
