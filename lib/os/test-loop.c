// SPDX-License-Identifier: GPL-3.0-or-later
/* Watches of each kind, freed from inside themselves, and a loop at rest that does not wake up. */
#include "support/harness.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/clock.h"
#include "os/loop.h"

struct seen {
	struct sk_loop *loop;
	struct sk_watch *watch;
	int calls, stop_at;
};

static void count(struct seen *seen)
{
	if (++seen->calls == seen->stop_at) {
		seen->watch = sk_watch_free(seen->watch);
		sk_loop_stop(seen->loop, seen->calls);
	}
}

static void on_fd(void *arg, int fd, unsigned what)
{
	char byte;

	assert_int_equal(what, SK_READ);
	assert_int_equal(read(fd, &byte, 1), 1);
	count(arg);
}

static void on_time(void *arg)
{
	count(arg);
}

static void on_signal(void *arg, int number)
{
	assert_int_equal(number, SIGUSR1);
	count(arg);
}

static void begin(struct seen *seen, int stop_at)
{
	*seen = (struct seen){.stop_at = stop_at};
	assert_int_equal(sk_loop_new(&seen->loop), 0);
}

static void test_fd(void **state)
{
	struct seen seen;
	int line[2];

	(void)state;
	begin(&seen, 3);
	assert_int_equal(pipe(line), 0);
	assert_int_equal(write(line[1], "abcd", 4), 4);
	assert_int_equal(sk_watch_fd(seen.loop, line[0], SK_READ, on_fd, &seen, &seen.watch), 0);
	assert_int_equal(sk_watch_fd_set(seen.watch, 0), 0);
	assert_int_equal(sk_watch_fd_set(seen.watch, SK_READ), 0);
	assert_int_equal(sk_loop_run(seen.loop), 3);
	assert_null(seen.watch);
	sk_loop_free(seen.loop);
	close(line[0]);
	close(line[1]);
}

static void test_timers(void **state)
{
	uint64_t start = sk_clock_mono_ms();
	struct seen seen;

	(void)state;
	begin(&seen, 1);
	assert_int_equal(sk_watch_timer(seen.loop, on_time, &seen, &seen.watch), 0);
	assert_int_equal(sk_timer_arm(seen.watch, 5), 0);
	assert_int_equal(sk_timer_arm(seen.watch, 60), 0); /* moved */
	assert_int_equal(sk_loop_run(seen.loop), 1);
	assert_in_range(sk_clock_mono_ms() - start, 55, 500);
	sk_loop_free(seen.loop);

	begin(&seen, 4);
	start = sk_clock_mono_ms();
	assert_int_equal(sk_watch_timer(seen.loop, on_time, &seen, &seen.watch), 0);
	assert_int_equal(sk_timer_arm_every(seen.watch, 20), 0);
	assert_int_equal(sk_loop_run(seen.loop), 4);
	assert_in_range(sk_clock_mono_ms() - start, 70, 500);
	sk_loop_free(seen.loop);
}

static void test_signal(void **state)
{
	struct seen seen;

	(void)state;
	begin(&seen, 1);
	assert_int_equal(sk_watch_signal(seen.loop, SIGUSR1, on_signal, &seen, &seen.watch), 0);
	kill(getpid(), SIGUSR1);
	assert_int_equal(sk_loop_run(seen.loop), 1);
	sk_loop_free(seen.loop);
}

static void test_deferred(void **state)
{
	struct seen seen;

	(void)state;
	begin(&seen, 1);
	assert_int_equal(sk_watch_deferred(seen.loop, on_time, &seen, &seen.watch), 0);
	sk_deferred_call(seen.watch);
	sk_deferred_call(seen.watch);
	assert_int_equal(seen.calls, 0);
	assert_int_equal(sk_loop_run(seen.loop), 1);
	sk_loop_free(seen.loop);
}

static void test_stop_before_run(void **state)
{
	struct seen seen;

	(void)state;
	begin(&seen, 0);
	sk_loop_stop(seen.loop, 7);
	sk_loop_stop(seen.loop, 8);
	assert_int_equal(sk_loop_run(seen.loop), 7);
	sk_loop_free(seen.loop);
}

/* Waiting on a silent descriptor and a far timer: asleep all the time. */
static void test_no_wakeups_at_rest(void **state)
{
	struct rusage before, after;
	struct sk_watch *timer;
	struct seen seen;
	int line[2];

	(void)state;
	begin(&seen, 1);
	assert_int_equal(pipe(line), 0);
	assert_int_equal(sk_watch_fd(seen.loop, line[0], SK_READ, on_fd, &seen, &seen.watch), 0);
	assert_int_equal(sk_watch_timer(seen.loop, on_time, &seen, &timer), 0);
	assert_int_equal(sk_timer_arm(timer, 1200), 0);
	getrusage(RUSAGE_THREAD, &before);
	sk_loop_run(seen.loop);
	getrusage(RUSAGE_THREAD, &after);
	assert_in_range(after.ru_nvcsw - before.ru_nvcsw, 0, 3);
	sk_watch_free(timer);
	sk_loop_free(seen.loop);
	close(line[0]);
	close(line[1]);
}

SK_TEST_MAIN(cmocka_unit_test(test_fd), cmocka_unit_test(test_timers), cmocka_unit_test(test_signal), cmocka_unit_test(test_deferred),
	     cmocka_unit_test(test_stop_before_run), cmocka_unit_test(test_no_wakeups_at_rest))
