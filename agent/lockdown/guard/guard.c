// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A life of the guard, made by the keeper (signals are blocked already): takes over what a predecessor left, starts its threads, and then minds:
 * waits for the keeper's death, and makes another, and for the order to stop. guard.h has the picture.
 *
 * Owns the threads and the (process-private) struct lk_guard. All state that must outlive it lies in struct lk_shared.
 */
#include "lockdown/guard/guard.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "lockdown/guard/keeper.h"
#include "lockdown/guard/older.h"

enum { EXIT_FAILED = 1 };

int lk_thread(void *(*run)(void *), void *arg)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int r;

	if (pthread_attr_init(&attributes) != 0)
		return sk_origin(-ENOMEM);
	pthread_attr_setstacksize(&attributes, LK_STACK);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	r = pthread_create(&thread, &attributes, run, arg);
	pthread_attr_destroy(&attributes);
	return r ? sk_origin(-r) : 0;
}

static int start_threads(struct lk_guard *guard)
{
	int r = lk_worker_init(&guard->small, guard);

	for (int i = 0; i < LK_WORKERS && r == 0; i++) {
		r = lk_worker_init(&guard->workers[i], guard);
		if (r == 0)
			r = lk_thread(lk_worker_run, &guard->workers[i]);
	}
	for (uint32_t i = 0; i < LK_GROUPS && r == 0; i++) {
		guard->readers[i] = (struct lk_reader){.guard = guard, .group = i};
		r = lk_thread(lk_reader_run, &guard->readers[i]);
		if (r == 0)
			r = lk_thread(lk_namer_run, &guard->readers[i]);
	}
	if (r == 0)
		r = lk_thread(lk_census_run, guard);
	if (r == 0 && lk_kernel_on(guard->shared))
		r = lk_thread(lk_kernel_minder, guard);
	if (r == 0 && lk_kernel_on(guard->shared))
		r = lk_thread(lk_kernel_listener, guard);
	if (r == 0 && lk_kernel_on(guard->shared))
		r = lk_thread(lk_asked_run, guard);
	if (r == 0 && lk_kernel_on(guard->shared))
		r = lk_thread(lk_asked_calls_run, guard);
	if (r == 0 && lk_kernel_on(guard->shared))
		r = lk_thread(lk_moved_run, guard);
	if (r == 0 && lk_kernel_on(guard->shared))
		r = lk_thread(lk_foresee_run, guard);
	return r ? r : lk_thread(lk_marker_run, guard);
}

/* Nothing is swept while we live, and each keeper has a few of its own. */
static void close_of_dead(_Atomic int32_t *fd)
{
	int old = atomic_exchange(fd, -1);

	if (old >= 0)
		close(old);
}

/* The keeper's death: what it held goes on, its own events are answered, and there is a new one. */
static int renew_keeper(struct lk_shared *shared, int *keeper)
{
	int pid = atomic_load(&shared->keeper_pid), r;

	if (*keeper >= 0)
		close(*keeper);
	*keeper = -1;
	if (pid > 0)
		waitpid(pid, NULL, WNOHANG);
	close_of_dead(&shared->fds.keeper_signals);
	close_of_dead(&shared->fds.keeper_guard);
	for (int i = 0; i < LK_SLOTS; i++)
		lk_slot_release_dead(&shared->slots.guard[i]);
	for (int i = 0; i < LK_KEEPER_SLOTS; i++)
		if (lk_slot_adopt(&shared->slots.keeper[i]))
			lk_settle(shared, &shared->slots.keeper[i]);
	if (pid > 0)
		lk_tell(shared, 1, LK_RECORD_REVIVED, (uint32_t)pid); /* its ring has no other writer now */
	r = lk_make_keeper(shared);
	if (r == 0)
		*keeper = lk_process_watch(shared->keeper_pid);
	return r;
}

static bool alive(int pid)
{
	return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM);
}

static int prepare(struct lk_shared *shared, int *keeper)
{
	atomic_store(&shared->guard_pid, getpid());
	shared->guard_born_us = lk_now_us();
	lk_add(&shared->count.guard_starts);
	if (alive(atomic_load(&shared->keeper_pid))) {
		*keeper = lk_process_watch(atomic_load(&shared->keeper_pid));
		return 0;
	}
	return renew_keeper(shared, keeper);
}

/* Until the order to stop. */
static void mind(struct lk_shared *shared, int keeper, int signals)
{
	struct pollfd pollers[2] = {{.fd = signals, .events = POLLIN}, {.fd = keeper, .events = POLLIN}};
	int r = 0;

	while (!(pollers[0].revents & POLLIN)) {
		lk_process_look(keeper, atomic_load(&shared->keeper_pid));
		if (poll(pollers, 2, r < 0 ? 100 : lk_process_needs_look() ? LK_OLDER_MS : -1) < 0 && errno != EINTR)
			return;
		if (pollers[1].fd < 0 || (pollers[1].revents & POLLIN)) {
			r = renew_keeper(shared, &keeper);
			pollers[1].fd = keeper;
		}
	}
	atomic_store(&shared->stopping, 1);
}

int lk_guard_main(struct lk_shared *shared)
{
	static struct lk_guard guard;
	sigset_t stop;
	int keeper = -1, signals;

	/* cloned from a process with a past: nothing of it counts */
	memset(&guard, 0, sizeof guard);
	guard.shared = shared;
	pthread_mutex_init(&guard.picking, NULL);
	pthread_mutex_init(&guard.telling, NULL);
	lk_urgent(); /* executions wait until we serve; our threads begin as everybody does */
	mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT); /* what was needed once is not taken away; refused: go on without */
	if (lk_kernel_reader() < 0 || lk_foresee_open(shared) < 0 || prepare(shared, &keeper) < 0)
		return EXIT_FAILED;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	signals = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
	for (int i = 0; i < LK_SLOTS; i++)
		lk_resume(&guard, &shared->slots.guard[i]);
	if (signals < 0 || start_threads(&guard) < 0)
		return EXIT_FAILED;
	mind(shared, keeper, signals);
	return 0;
}
