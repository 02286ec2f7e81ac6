// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Event loop over libevent. Owns the event_base and, per watch, one struct event (embedded, so that every
 * allocation is ours).
 *
 * Signals come through a signalfd of their own instead of libevent's signal handling: that keeps
 * process-global state, which a forked duty would inherit together with its parent's base.
 */
#include "os/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

struct sk_loop {
	struct event_base *base;
	bool stopped;
	int code;
};

enum kind { KIND_FD, KIND_TIMER, KIND_SIGNAL, KIND_DEFERRED };

struct sk_watch {
	struct event event;
	struct sk_loop *loop;
	enum kind kind;
	int fd; /* KIND_SIGNAL: the signalfd, ours */
	void (*fd_fn)(void *arg, int fd, unsigned what);
	void (*fn)(void *arg);
	void (*signal_fn)(void *arg, int number);
	void *arg;
};

int sk_loop_new(struct sk_loop **ret_loop)
{
	struct event_config *config = NULL;
	struct sk_loop *loop = sk_calloc(1, sizeof *loop);

	if (!loop)
		return sk_origin(-ENOMEM);
	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	config = event_config_new();
	if (config) {
		/* One thread a loop; the environment does not choose the method. */
		event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
		loop->base = event_base_new_with_config(config);
		event_config_free(config);
	}
	if (!loop->base) {
		free(loop);
		return sk_origin(-ENOMEM);
	}
	*ret_loop = loop;
	return 0;
}

struct sk_loop *sk_loop_free(struct sk_loop *loop)
{
	if (!loop)
		return NULL;
	event_base_free(loop->base);
	free(loop);
	return NULL;
}

void sk_loop_free_p(struct sk_loop **loop)
{
	*loop = sk_loop_free(*loop);
}

struct event_base *sk_loop_base(struct sk_loop *loop)
{
	return loop->base;
}

int sk_loop_run(struct sk_loop *loop)
{
	int code;

	while (!loop->stopped)
		if (event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY) < 0)
			return sk_origin(errno ? -errno : -EIO);
	code = loop->code;
	loop->stopped = false;
	return code;
}

void sk_loop_stop(struct sk_loop *loop, int code)
{
	if (loop->stopped)
		return;
	loop->stopped = true;
	loop->code = code;
	event_base_loopbreak(loop->base);
}

/* Nothing of the watch is touched after its function: it may have freed itself. */
static void on_event(evutil_socket_t fd, short what, void *arg)
{
	struct sk_watch *watch = arg;
	struct signalfd_siginfo info;

	switch (watch->kind) {
	case KIND_FD:
		watch->fd_fn(watch->arg, fd, (what & EV_READ ? SK_READ : 0) | (what & EV_WRITE ? SK_WRITE : 0));
		return;
	case KIND_SIGNAL:
		if (read(fd, &info, sizeof info) == (ssize_t)sizeof info)
			watch->signal_fn(watch->arg, (int)info.ssi_signo);
		return;
	default:
		watch->fn(watch->arg);
	}
}

static int watch_new(struct sk_loop *loop, enum kind kind, int fd, short what, struct sk_watch **ret_watch)
{
	struct sk_watch *watch = sk_calloc(1, sizeof *watch);

	if (!watch)
		return sk_origin(-ENOMEM);
	watch->loop = loop;
	watch->kind = kind;
	watch->fd = fd;
	event_assign(&watch->event, loop->base, fd, what, on_event, watch);
	*ret_watch = watch;
	return 0;
}

static short event_flags(unsigned what)
{
	return (short)((what & SK_READ ? EV_READ : 0) | (what & SK_WRITE ? EV_WRITE : 0) | EV_PERSIST);
}

int sk_watch_fd(struct sk_loop *loop, int fd, unsigned what, void (*fn)(void *arg, int fd, unsigned what), void *arg,
		struct sk_watch **ret_watch)
{
	_cleanup_watch_ struct sk_watch *watch = NULL;
	int r;

	r = watch_new(loop, KIND_FD, fd, event_flags(what), &watch);
	if (r)
		return r;
	watch->fd_fn = fn;
	watch->arg = arg;
	if (what && event_add(&watch->event, NULL) < 0)
		return sk_origin(errno ? -errno : -EBADF);
	*ret_watch = SK_TAKE(watch);
	return 0;
}

int sk_watch_fd_set(struct sk_watch *watch, unsigned what)
{
	event_del(&watch->event);
	event_assign(&watch->event, watch->loop->base, watch->fd, event_flags(what), on_event, watch);
	if (what && event_add(&watch->event, NULL) < 0)
		return sk_origin(errno ? -errno : -EBADF);
	return 0;
}

int sk_watch_timer(struct sk_loop *loop, void (*fn)(void *arg), void *arg, struct sk_watch **ret_watch)
{
	int r = watch_new(loop, KIND_TIMER, -1, 0, ret_watch);

	if (r)
		return r;
	(*ret_watch)->fn = fn;
	(*ret_watch)->arg = arg;
	return 0;
}

static int timer_arm(struct sk_watch *watch, uint64_t ms, short flags)
{
	struct timeval tv = {.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	event_del(&watch->event);
	event_assign(&watch->event, watch->loop->base, -1, flags, on_event, watch);
	if (event_add(&watch->event, &tv) < 0)
		return sk_origin(-ENOMEM);
	return 0;
}

int sk_timer_arm(struct sk_watch *watch, uint64_t ms)
{
	return timer_arm(watch, ms, 0);
}

int sk_timer_arm_every(struct sk_watch *watch, uint64_t ms)
{
	return timer_arm(watch, ms, EV_PERSIST);
}

void sk_timer_stop(struct sk_watch *watch)
{
	event_del(&watch->event);
}

static int signal_open(int number)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, number);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
		return sk_origin(-EINVAL);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return fd < 0 ? sk_origin_errno() : fd;
}

int sk_watch_signal(struct sk_loop *loop, int number, void (*fn)(void *arg, int number), void *arg, struct sk_watch **ret_watch)
{
	_cleanup_watch_ struct sk_watch *watch = NULL;
	int fd, r;

	fd = signal_open(number);
	if (fd < 0)
		return fd;
	r = watch_new(loop, KIND_SIGNAL, fd, EV_READ | EV_PERSIST, &watch);
	if (r) {
		close(fd);
		return r;
	}
	watch->signal_fn = fn;
	watch->arg = arg;
	if (event_add(&watch->event, NULL) < 0)
		return sk_origin(-ENOMEM);
	*ret_watch = SK_TAKE(watch);
	return 0;
}

int sk_watch_deferred(struct sk_loop *loop, void (*fn)(void *arg), void *arg, struct sk_watch **ret_watch)
{
	int r = watch_new(loop, KIND_DEFERRED, -1, 0, ret_watch);

	if (r)
		return r;
	(*ret_watch)->fn = fn;
	(*ret_watch)->arg = arg;
	return 0;
}

void sk_deferred_call(struct sk_watch *watch)
{
	event_active(&watch->event, EV_TIMEOUT, 1);
}

struct sk_watch *sk_watch_free(struct sk_watch *watch)
{
	if (!watch)
		return NULL;
	event_del(&watch->event);
	if (watch->kind == KIND_SIGNAL)
		close(watch->fd);
	free(watch);
	return NULL;
}

void sk_watch_free_p(struct sk_watch **watch)
{
	*watch = sk_watch_free(*watch);
}
