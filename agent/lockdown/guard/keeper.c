// SPDX-License-Identifier: GPL-3.0-or-later
/* The keeper's life: one loop over its epoll set. See keeper.h for what wakes it. */
#include "lockdown/guard/keeper.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "bpf/lockdown.h"
#include "lockdown/guard/older.h"

enum {
	LOOK_MS = 25,       /* while something is pending */
	YOUNG_US = 1000000, /* a guard that died younger than this is not started again at once */
	HASTE_MAX = 8,      /* 50 ms << 8: 12.8 s */
	CONTINUE_US = 5000000, /* a guard that does not come for so long may have been stopped: it is told to go on */
	TAG_KICK = 1000,
	TAG_GUARD = 1001,
	TAG_SIGNAL = 1002,
};

struct keeper {
	struct lk_shared *shared;
	int guard; /* pidfd; -1 = none alive */
	uint64_t revive_us;
	uint64_t stalled_us; /* since when we read in its place; 0 = it comes */
};

static int watch(struct keeper *k, int fd, uint32_t tag)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = tag};

	return epoll_ctl(k->shared->fds.keeper_epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? sk_origin_errno() : 0;
}

static void find_guard(struct keeper *k)
{
	int pid = atomic_load(&k->shared->guard_pid);

	k->guard = pid > 0 ? lk_process_watch(pid) : -1;
	atomic_store(&k->shared->fds.keeper_guard, k->guard);
	if (k->guard >= 0)
		watch(k, k->guard, TAG_GUARD);
}

static bool readable(int fd, int ms)
{
	struct pollfd poller = {.fd = fd, .events = POLLIN};

	return poll(&poller, 1, ms) == 1 && (poller.revents & POLLIN);
}

/* The guard is dead: settle what it left, and plan its successor. */
static void bury(struct keeper *k)
{
	struct lk_shared *shared = k->shared;
	int pid = atomic_load(&shared->guard_pid);

	atomic_store(&shared->fds.keeper_guard, -1);
	close(k->guard); /* leaves the epoll set with it */
	k->guard = -1;
	k->stalled_us = 0;
	waitpid(pid, NULL, WNOHANG);
	atomic_store(&shared->guard_pid, 0);
	lk_cache_recover(&shared->cache);
	lk_sweep(shared);
	shared->guard_haste = lk_now_us() - shared->guard_born_us < YOUNG_US ? shared->guard_haste + 1 : 0;
	/* once may happen to anybody; who dies young again and again waits longer each time */
	k->revive_us = lk_now_us();
	if (shared->guard_haste > 1)
		k->revive_us += UINT64_C(50000) << SK_MIN(shared->guard_haste, (uint32_t)HASTE_MAX);
	if (!atomic_load(&shared->stopping))
		lk_tell(shared, 1, LK_RECORD_REVIVED, (uint32_t)pid);
}

static void revive(struct keeper *k)
{
	k->shared->guard_born_us = lk_now_us(); /* from here on, not from when it first gets the processor */
	if (lk_make_guard(k->shared) < 0)
		k->revive_us = lk_now_us() + 100000;
	else
		find_guard(k);
}

/* A group that may hang is read by a process that may hang. True: look again soon. */
static bool serve_apart(struct keeper *k, uint32_t number)
{
	struct lk_group *group = &k->shared->groups[number];
	pid_t pid;

	if (group->helper && waitpid(group->helper, NULL, WNOHANG) == 0)
		return true; /* still at it */
	pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		lk_serve(k->shared, number);
		_exit(0);
	}
	group->helper = pid > 0 ? pid : 0;
	return true;
}

static void begin_serving(struct keeper *k, struct lk_group *group)
{
	if (!group->serving && k->guard >= 0) {
		lk_add(&k->shared->count.guard_stalls);
		lk_tell(k->shared, 1, LK_RECORD_STALL, (uint32_t)atomic_load(&k->shared->guard_pid));
		if (!k->stalled_us)
			k->stalled_us = lk_now_us();
	}
	group->serving = true;
}

/* A guard that was only just made judges by content what we could only answer by the failure setting: it gets more time. */
static uint64_t patience_us(const struct lk_shared *shared, uint64_t now)
{
	return now - shared->guard_born_us < YOUNG_US ? LK_YOUNG_STALL_US : LK_STALL_US;
}

/* True while something is to be looked at again soon. */
static bool attend(struct keeper *k, uint32_t number)
{
	struct lk_shared *shared = k->shared;
	struct lk_group *group = &shared->groups[number];
	uint64_t turns = atomic_load(&group->turns), now = lk_now_us();

	if (turns != group->turns_seen) { /* it comes */
		group->turns_seen = turns;
		group->waiting_us = 0;
		group->serving = false;
		k->stalled_us = 0;
	}
	if (!readable(group->fan, 0)) {
		group->waiting_us = 0;
		return false;
	}
	if (!group->waiting_us)
		group->waiting_us = now;
	if (k->guard >= 0 && !group->serving && now - group->waiting_us < patience_us(shared, now))
		return true;
	begin_serving(k, group);
	if (number)
		return serve_apart(k, number);
	lk_serve(shared, number);
	return false;
}

static bool attend_all(struct keeper *k)
{
	bool again = false;

	for (uint32_t i = 0; i < LK_GROUPS; i++)
		if (atomic_load(&k->shared->groups[i].fan) >= 0)
			again |= attend(k, i);
	return again;
}

/* Waits on everything, or (while a busy guard would have us woken for each event) on the guard's life alone. */
static void rest(struct keeper *k, bool quiet, int ms)
{
	struct pollfd poller = {.fd = k->guard, .events = POLLIN};
	struct epoll_event event;

	if (quiet)
		poll(&poller, 1, ms);
	else
		epoll_wait(k->shared->fds.keeper_epoll, &event, 1, ms);
}

static int pause_ms(const struct keeper *k, bool busy)
{
	uint64_t now;

	if (busy)
		return LOOK_MS;
	if (k->guard >= 0)
		return lk_process_needs_look() ? LK_OLDER_MS : LK_REST_MS;
	now = lk_now_us();
	return k->revive_us > now ? (int)((k->revive_us - now) / 1000) + 1 : 0;
}

/* The guard was stopped: from now on we read. It is our child unless we are a second keeper; then the look round must do. */
static void on_signals(struct keeper *k)
{
	struct signalfd_siginfo info;
	struct lk_shared *shared = k->shared;

	while (read(shared->fds.keeper_signals, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) {
			atomic_store(&shared->stopping, 1);
			if (k->guard >= 0)
				kill(atomic_load(&shared->guard_pid), SIGTERM);
		} else if (info.ssi_code == CLD_STOPPED && (int)info.ssi_pid == atomic_load(&shared->guard_pid)) {
			for (int i = 0; i < LK_GROUPS; i++) {
				if (atomic_load(&shared->groups[i].fan) < 0)
					continue;
				shared->groups[i].turns_seen = atomic_load(&shared->groups[i].turns);
				begin_serving(k, &shared->groups[i]);
			}
		}
	}
}

/* Whoever is only late takes no notice. */
static void continue_guard(struct keeper *k)
{
	uint64_t now = lk_now_us();

	if (k->guard < 0 || !k->stalled_us || now - k->stalled_us < CONTINUE_US)
		return;
	kill(atomic_load(&k->shared->guard_pid), SIGCONT);
	k->stalled_us = now;
}

static int begin(struct keeper *k)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t all, wanted;

	sigfillset(&all);
	sigdelset(&all, SIGSYS);
	if (sigprocmask(SIG_SETMASK, &all, NULL) < 0 || sigaction(SIGIO, &ignore, NULL) < 0) /* SIGIO: a lease is asked back */
		return sk_origin_errno();
	sigemptyset(&wanted);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGINT);
	sigaddset(&wanted, SIGCHLD);
	k->shared->fds.keeper_signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
	if (k->shared->fds.keeper_signals < 0)
		return sk_origin_errno();
	lk_urgent();
	atomic_store(&k->shared->keeper_pid, getpid());
	lk_kernel_ours(k->shared, SK_ROLE_KEEPER - SK_ROLE_GUARD, (uint32_t)getpid());
	lk_wake(&k->shared->orders_word); /* the kernel side is told who is ours */
	atomic_store(&k->shared->keeper_beat_us, lk_now_us());
	lk_add(&k->shared->count.keeper_starts);
	find_guard(k);
	return watch(k, k->shared->fds.keeper_signals, TAG_SIGNAL);
}

int lk_keeper_main(struct lk_shared *shared)
{
	struct keeper k = {.shared = shared, .guard = -1};
	bool quiet = false, busy = false;
	uint64_t drained;

	if (begin(&k) < 0)
		return 1;
	for (;;) {
		rest(&k, quiet, pause_ms(&k, busy));
		atomic_store(&shared->keeper_beat_us, lk_now_us());
		if (lk_kernel_beat(shared))
			lk_wake(&shared->orders_word);
		on_signals(&k);
		lk_process_look(k.guard, atomic_load(&shared->guard_pid));
		continue_guard(&k);
		if (k.guard >= 0 && readable(k.guard, 0))
			bury(&k);
		if (k.guard < 0 && atomic_load(&shared->stopping))
			return 0;
		if (k.guard < 0 && lk_now_us() >= k.revive_us)
			revive(&k);
		if (readable(shared->fds.kick, 0) && read(shared->fds.kick, &drained, sizeof drained) < 0)
			drained = 0;
		quiet = attend_all(&k);
		busy = lk_overdue(shared, 0, LK_HOLD_KEEPER) > 0 || quiet;
	}
}
