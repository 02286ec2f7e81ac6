// SPDX-License-Identifier: GPL-3.0-or-later
/* The inside of the store duty: clients, jobs, followers. For service.c (sockets and the life of jobs), ask.c (questions) and write.c (appends). */
#pragma once

#include "base/list.h"
#include "store/duty.h"
#include "store/events.h"
#include "store/pool.h"
#include "wire/chan.h"

enum {
	SK_READERS = 2,                /* threads that search */
	SK_GROUP_MAX = 64,             /* appends in one transaction */
	SK_APPENDS_WAITING = 24 << 20, /* bytes; then we stop reading from who sends them */
	SK_CLIENTS_MAX = 128,
	SK_JOBS_MAX = 32,              /* of one client at a time, appends apart */
	SK_FOLLOW_ROWS = 500,          /* in one piece */
};

struct sk_store_service {
	struct sk_loop *loop;
	struct sk_store_conf conf;
	int folder; /* descriptor, for the bytes free */
	struct sk_events *events;
	struct sk_reader *readers[SK_READERS];
	struct sk_pool *writer, *searchers;
	struct sk_accept *accept;
	struct sk_watch *timer;
	struct sk_list clients;
	unsigned client_count;
	size_t waiting;         /* bytes of appends with the writer */
	uint64_t commits;       /* counts up with every commit that kept something */
	bool keeping;           /* a retention job is under way */
	_Atomic bool full;      /* set by the writer's thread */
	_Atomic bool stopping;
};

struct sk_store_client {
	struct sk_list link;
	struct sk_store_service *service;
	struct sk_chan *chan; /* NULL: gone, waiting for its jobs */
	const char *role;
	unsigned jobs;
	bool paused;
	bool choked; /* its output is above high water */
	struct sk_list followers;
};

struct sk_follower {
	struct sk_list link;
	uint32_t id;
	struct sk_query query;
	uint64_t position;
	uint64_t commits; /* what service->commits was when it last looked */
	bool busy;        /* a job of it is under way */
};

enum sk_job_kind { SK_JOB_APPEND, SK_JOB_RESYNC, SK_JOB_KEEP, SK_JOB_QUERY, SK_JOB_GET, SK_JOB_AROUND, SK_JOB_FOLLOW, SK_JOB_BACKLOG, SK_JOB_CALL };

struct sk_store_job {
	struct sk_job job; /* first */
	enum sk_job_kind kind;
	struct sk_store_client *client; /* NULL for our own */
	uint32_t id;
	int result;
	/* append */
	char *body;
	size_t body_size;
	struct sk_append append;
	struct sk_events_item item;
	/* resync, keep */
	struct json_object *tree; /* owner of texts */
	struct sk_resync resync;
	struct sk_keep limits;
	struct sk_removed removed;
	/* questions */
	struct sk_query query;
	const char *event_id, *agent; /* in query.owner or tree */
	uint64_t number;              /* seconds, or step */
	int (*ask)(struct sk_reader *reader, struct sk_store_job *job);
	struct sk_follower *follower;
	uint64_t position;
	struct sk_page page;
	struct sk_buf out;
};

/* A job for this client, counted in it; -ENOMEM, or SK_FULL when it has too many. */
int sk_store_job_new(struct sk_store_service *service, struct sk_store_client *client, enum sk_job_kind kind, uint32_t id,
		     struct sk_store_job **ret_job);
void sk_store_job_free(struct sk_store_job *job);

/* write.c */
int sk_store_on_append(struct sk_store_client *client, const struct sk_frame *frame, struct sk_diag *diag);
int sk_store_on_resync(struct sk_store_client *client, uint32_t id, const struct sk_json *at);
void sk_store_write(struct sk_job *jobs, void *state);                   /* the writer's thread */
void sk_store_written(struct sk_store_service *service, struct sk_store_job *job); /* back in the loop */
void sk_store_keep(struct sk_store_service *service);                    /* starts retention */

/* ask.c */
int sk_store_on_question(struct sk_store_client *client, const struct sk_frame *frame, struct sk_diag *diag);
void sk_store_search(struct sk_job *jobs, void *state);
void sk_store_found(struct sk_store_service *service, struct sk_store_job *job);
void sk_store_feed(struct sk_store_client *client); /* looks for its followers */
void sk_follower_free(struct sk_follower *follower);
