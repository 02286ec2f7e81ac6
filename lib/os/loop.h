// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Event loop: a thin layer over libevent's event_base. One loop a process (a loop is never carried over a
 * fork).
 *
 * A watch is one thing waited for: a descriptor, a point in time, a signal, or "later in this turn". It
 * belongs to whoever made it, calls `fn` from sk_loop_run(), and may be freed at any time, also from inside
 * its own callback. Nothing is polled: a loop whose descriptors are silent and whose timers are not armed
 * never wakes up.
 */
#pragma once

#include <stdint.h>

struct event_base; /* libevent's, for evhttp and bufferevents */
struct sk_loop;
struct sk_watch;

enum { SK_READ = 1, SK_WRITE = 2 };

/* 0, -ENOMEM, -errno. Makes the process ignore SIGPIPE. */
int sk_loop_new(struct sk_loop **ret_loop);
struct sk_loop *sk_loop_free(struct sk_loop *loop); /* its watches must be gone; takes NULL, returns NULL */
void sk_loop_free_p(struct sk_loop **loop);
struct event_base *sk_loop_base(struct sk_loop *loop);
/* Runs until sk_loop_stop(), also with nothing to wait for. Returns the code given there, or -errno. */
int sk_loop_run(struct sk_loop *loop);
/* Lets the present callback finish. The first code wins; called before run, run returns at once. */
void sk_loop_stop(struct sk_loop *loop, int code);

/*
 * `what` = SK_READ | SK_WRITE, level-triggered, on at once. The descriptor stays the caller's and must
 * outlive the watch.
 */
int sk_watch_fd(struct sk_loop *loop, int fd, unsigned what, void (*fn)(void *arg, int fd, unsigned what), void *arg,
		struct sk_watch **ret_watch);
/* Changes what is waited for; 0 pauses the watch. */
int sk_watch_fd_set(struct sk_watch *watch, unsigned what);

/* A timer, not armed yet. */
int sk_watch_timer(struct sk_loop *loop, void (*fn)(void *arg), void *arg, struct sk_watch **ret_watch);
int sk_timer_arm(struct sk_watch *watch, uint64_t ms);       /* once, `ms` from now (monotonic); arming again moves it */
int sk_timer_arm_every(struct sk_watch *watch, uint64_t ms); /* again and again; ms > 0 */
void sk_timer_stop(struct sk_watch *watch);

/*
 * The signal is blocked in the calling thread and read from a descriptor: `fn` runs in the loop, not in a
 * signal handler. Make signal watches before starting threads (they inherit the mask). Freeing the watch
 * leaves the signal blocked.
 */
int sk_watch_signal(struct sk_loop *loop, int number, void (*fn)(void *arg, int number), void *arg, struct sk_watch **ret_watch);

/*
 * `fn` runs once from the loop after sk_deferred_call(), however often that was called meanwhile; never from
 * inside the call.
 */
int sk_watch_deferred(struct sk_loop *loop, void (*fn)(void *arg), void *arg, struct sk_watch **ret_watch);
void sk_deferred_call(struct sk_watch *watch);

struct sk_watch *sk_watch_free(struct sk_watch *watch); /* takes NULL, returns NULL; `fn` is not called again */
void sk_watch_free_p(struct sk_watch **watch);
#define _cleanup_loop_ __attribute__((cleanup(sk_loop_free_p)))
#define _cleanup_watch_ __attribute__((cleanup(sk_watch_free_p)))
