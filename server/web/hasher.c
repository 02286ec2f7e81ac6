// SPDX-License-Identifier: GPL-3.0-or-later
/* One thread for scrypt; an eventfd brings the results back to the loop. See hasher.h. */
#include "web/hasher.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/list.h"
#include "base/mem.h"

struct sk_pass_job {
	struct sk_list link;
	bool make, known;
	char record[SK_PASSWORD_RECORD_SIZE];
	char *password;
	struct sk_pass_result result;
	sk_pass_fn fn; /* NULL: cancelled; touched by the loop alone */
	void *arg;
};

struct sk_pass {
	pthread_t thread;
	pthread_mutex_t lock; /* over everything up to the next blank line */
	pthread_cond_t work;
	struct sk_list todo, done;
	size_t count;
	bool stop;

	int fd;
	bool running;
	struct sk_watch *watch;
};

static void do_job(struct sk_pass_job *job)
{
	bool again = false;

	if (job->make) {
		job->result.result = sk_password_make(job->password, job->result.record);
	} else {
		job->result.result = sk_password_check(job->known ? job->record : NULL, job->password, &again);
		if (job->result.result == 0 && again && sk_password_make(job->password, job->result.record))
			job->result.record[0] = '\0';
	}
	sk_wipe(job->password, strlen(job->password));
}

static void *work(void *arg)
{
	struct sk_pass *pass = arg;
	uint64_t one = 1;

	pthread_mutex_lock(&pass->lock);
	while (!pass->stop) {
		struct sk_pass_job *job;

		if (sk_list_empty(&pass->todo)) {
			pthread_cond_wait(&pass->work, &pass->lock);
			continue;
		}
		job = sk_list_entry(pass->todo.next, struct sk_pass_job, link);
		sk_list_remove(&job->link);
		pthread_mutex_unlock(&pass->lock);
		do_job(job);
		pthread_mutex_lock(&pass->lock);
		sk_list_append(&pass->done, &job->link);
		if (write(pass->fd, &one, sizeof one) < 0)
			continue; /* the counter is at its maximum: the loop wakes up anyway */
	}
	pthread_mutex_unlock(&pass->lock);
	return NULL;
}

static void free_job(struct sk_pass_job *job)
{
	if (job->password)
		sk_wipe(job->password, strlen(job->password));
	free(job->password);
	sk_wipe(job->record, sizeof job->record);
	free(job);
}

static void on_done(void *arg, int fd, unsigned what)
{
	struct sk_pass *pass = arg;
	uint64_t count;

	if (read(fd, &count, sizeof count) < 0)
		return;
	for (;;) {
		struct sk_pass_job *job = NULL;

		pthread_mutex_lock(&pass->lock);
		if (!sk_list_empty(&pass->done)) {
			job = sk_list_entry(pass->done.next, struct sk_pass_job, link);
			sk_list_remove(&job->link);
			pass->count--;
		}
		pthread_mutex_unlock(&pass->lock);
		if (!job)
			return;
		if (job->fn)
			job->fn(job->arg, &job->result);
		free_job(job);
	}
}

int sk_pass_new(struct sk_loop *loop, struct sk_pass **ret_pass)
{
	struct sk_pass *pass = sk_calloc(1, sizeof *pass);
	int r;

	if (!pass)
		return sk_origin(-ENOMEM);
	sk_list_init(&pass->todo);
	sk_list_init(&pass->done);
	pthread_mutex_init(&pass->lock, NULL);
	pthread_cond_init(&pass->work, NULL);
	pass->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = pass->fd < 0 ? sk_origin_errno() : sk_watch_fd(loop, pass->fd, SK_READ, on_done, pass, &pass->watch);
	if (!r) {
		int error = pthread_create(&pass->thread, NULL, work, pass);

		r = error ? sk_origin(-error) : 0;
		pass->running = !error;
	}
	if (r) {
		sk_pass_free(pass);
		return r;
	}
	*ret_pass = pass;
	return 0;
}

struct sk_pass *sk_pass_free(struct sk_pass *pass)
{
	if (!pass)
		return NULL;
	pthread_mutex_lock(&pass->lock);
	pass->stop = true;
	pthread_cond_signal(&pass->work);
	pthread_mutex_unlock(&pass->lock);
	if (pass->running)
		pthread_join(pass->thread, NULL);
	sk_list_each(job, &pass->todo, struct sk_pass_job, link)
		free_job(job);
	sk_list_each(job, &pass->done, struct sk_pass_job, link)
		free_job(job);
	sk_watch_free(pass->watch);
	sk_close_p(&pass->fd);
	pthread_cond_destroy(&pass->work);
	pthread_mutex_destroy(&pass->lock);
	free(pass);
	return NULL;
}

static int add_job(struct sk_pass *pass, struct sk_pass_job *job)
{
	int r = 0;

	pthread_mutex_lock(&pass->lock);
	if (pass->count >= SK_HASHER_QUEUE) {
		r = SK_FULL;
	} else {
		sk_list_append(&pass->todo, &job->link);
		pass->count++;
		pthread_cond_signal(&pass->work);
	}
	pthread_mutex_unlock(&pass->lock);
	return r;
}

static int start(struct sk_pass *pass, bool make, const char *record, const char *password, sk_pass_fn fn, void *arg,
		 struct sk_pass_job **ret_job)
{
	struct sk_pass_job *job = sk_calloc(1, sizeof *job);
	int r;

	if (!job)
		return sk_origin(-ENOMEM);
	job->make = make;
	job->known = record;
	snprintf(job->record, sizeof job->record, "%s", record ? record : "");
	job->fn = fn;
	job->arg = arg;
	job->password = sk_strdup(password);
	r = job->password ? add_job(pass, job) : sk_origin(-ENOMEM);
	if (r) {
		free_job(job);
		return r;
	}
	*ret_job = job;
	return 0;
}

int sk_pass_check(struct sk_pass *pass, const char *record, const char *password, sk_pass_fn fn, void *arg, struct sk_pass_job **ret_job)
{
	return start(pass, false, record, password, fn, arg, ret_job);
}

int sk_pass_make(struct sk_pass *pass, const char *password, sk_pass_fn fn, void *arg, struct sk_pass_job **ret_job)
{
	return start(pass, true, NULL, password, fn, arg, ret_job);
}

void sk_pass_cancel(struct sk_pass_job *job)
{
	if (job)
		job->fn = NULL;
}
