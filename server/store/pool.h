// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Threads behind a loop: jobs go out, are worked on, and come back in the loop's thread. A job is owned by whoever holds it at the moment: the loop before
 * sk_pool_send() and after `back`, the thread in between. Nothing else is shared.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "os/loop.h"

struct sk_job { /* first member of the user's own */
	struct sk_job *next;
};

struct sk_pool_opts {
	unsigned threads;
	unsigned group; /* how many waiting jobs a thread takes at once, at most */
	/* In the thread: works on a chain of jobs. `state` is the thread's own, states[i]. */
	void (*work)(struct sk_job *jobs, void *state);
	void **states;
	/* In the loop: the job is done. Also called for jobs never worked on when the pool is freed. */
	void (*back)(struct sk_job *job, void *arg);
	void *arg;
};

struct sk_pool;

int sk_pool_new(struct sk_loop *loop, const struct sk_pool_opts *opts, struct sk_pool **ret_pool);
/* Waits for the threads to finish what they work on, and hands every job back. */
struct sk_pool *sk_pool_free(struct sk_pool *pool);
void sk_pool_send(struct sk_pool *pool, struct sk_job *job);
