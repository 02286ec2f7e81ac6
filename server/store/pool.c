// SPDX-License-Identifier: GPL-3.0-or-later
/* One mutex over two queues: to do and done. An eventfd wakes the loop. Threads block every signal, so that the loop alone gets them. */
#include "store/pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

struct queue {
	struct sk_job *first, **last;
};

struct thread {
	pthread_t id;
	struct sk_pool *pool;
	void *state;
	bool started;
};

struct sk_pool {
	struct sk_pool_opts opts;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	struct queue to_do, done;
	bool stop;
	int event;
	struct sk_watch *watch;
	struct thread *threads;
};

static void put(struct queue *queue, struct sk_job *job)
{
	job->next = NULL;
	*queue->last = job;
	queue->last = &job->next;
}

static struct sk_job *take(struct queue *queue, unsigned count)
{
	struct sk_job *first = queue->first, *last = first;

	if (!first)
		return NULL;
	while (--count > 0 && last->next)
		last = last->next;
	queue->first = last->next;
	if (!queue->first)
		queue->last = &queue->first;
	last->next = NULL;
	return first;
}

static void *work(void *arg)
{
	struct thread *thread = arg;
	struct sk_pool *pool = thread->pool;
	uint64_t one = 1;

	pthread_mutex_lock(&pool->mutex);
	while (!pool->stop) {
		struct sk_job *jobs = take(&pool->to_do, pool->opts.group), *next;

		if (!jobs) {
			pthread_cond_wait(&pool->wake, &pool->mutex);
			continue;
		}
		pthread_mutex_unlock(&pool->mutex);
		pool->opts.work(jobs, thread->state);
		pthread_mutex_lock(&pool->mutex);
		for (; jobs; jobs = next) {
			next = jobs->next;
			put(&pool->done, jobs);
		}
		if (write(pool->event, &one, sizeof one) < 0)
			(void)0; /* it is readable already */
	}
	pthread_mutex_unlock(&pool->mutex);
	return NULL;
}

static void hand_back(struct sk_pool *pool, struct queue *queue)
{
	struct sk_job *jobs, *next;

	pthread_mutex_lock(&pool->mutex);
	jobs = take(queue, ~0u);
	pthread_mutex_unlock(&pool->mutex);
	for (; jobs; jobs = next) {
		next = jobs->next;
		pool->opts.back(jobs, pool->opts.arg);
	}
}

static void on_event(void *arg, int fd, unsigned what)
{
	struct sk_pool *pool = arg;
	uint64_t count;

	if (read(fd, &count, sizeof count) < 0)
		return;
	hand_back(pool, &pool->done);
	(void)what;
}

static int start(struct thread *thread)
{
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&thread->id, NULL, work, thread);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	thread->started = r == 0;
	return r ? sk_origin(-r) : 0;
}

static int start_all(struct sk_pool *pool)
{
	int r = 0;

	for (unsigned i = 0; !r && i < pool->opts.threads; i++) {
		pool->threads[i].pool = pool;
		pool->threads[i].state = pool->opts.states ? pool->opts.states[i] : NULL;
		r = start(&pool->threads[i]);
	}
	return r;
}

int sk_pool_new(struct sk_loop *loop, const struct sk_pool_opts *opts, struct sk_pool **ret_pool)
{
	struct sk_pool *pool = sk_calloc(1, sizeof *pool);
	int r;

	if (!pool)
		return sk_origin(-ENOMEM);
	pool->opts = *opts;
	pool->to_do.last = &pool->to_do.first;
	pool->done.last = &pool->done.first;
	pthread_mutex_init(&pool->mutex, NULL);
	pthread_cond_init(&pool->wake, NULL);
	pool->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pool->threads = sk_calloc(opts->threads, sizeof *pool->threads);
	r = pool->event < 0 ? sk_origin_errno() : pool->threads ? 0 : sk_origin(-ENOMEM);
	if (!r)
		r = sk_watch_fd(loop, pool->event, SK_READ, on_event, pool, &pool->watch);
	if (!r)
		r = start_all(pool);
	if (r) {
		sk_pool_free(pool);
		return r;
	}
	*ret_pool = pool;
	return 0;
}

struct sk_pool *sk_pool_free(struct sk_pool *pool)
{
	if (!pool)
		return NULL;
	pthread_mutex_lock(&pool->mutex);
	pool->stop = true;
	pthread_cond_broadcast(&pool->wake);
	pthread_mutex_unlock(&pool->mutex);
	for (unsigned i = 0; pool->threads && i < pool->opts.threads; i++)
		if (pool->threads[i].started)
			pthread_join(pool->threads[i].id, NULL);
	hand_back(pool, &pool->done);
	hand_back(pool, &pool->to_do);
	sk_watch_free(pool->watch);
	sk_close_p(&pool->event);
	pthread_cond_destroy(&pool->wake);
	pthread_mutex_destroy(&pool->mutex);
	free(pool->threads);
	free(pool);
	return NULL;
}

void sk_pool_send(struct sk_pool *pool, struct sk_job *job)
{
	pthread_mutex_lock(&pool->mutex);
	put(&pool->to_do, job);
	pthread_cond_signal(&pool->wake);
	pthread_mutex_unlock(&pool->mutex);
}
