// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Making each other: clone with a shared descriptor table and nothing else shared but the mapping. No exec, so no event of our own; the
 * group's descriptor never leaves the pair.
 *
 * A process cloned from a guard with threads has only the calling one. What it inherits is sound because the guard allocates nothing and
 * logs nothing that holds a lock once its threads run; it sets all of its own state up anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "lockdown/guard/guard.h"
#include "lockdown/guard/keeper.h"

static int make(struct lk_shared *shared, int (*run)(struct lk_shared *), const char *name)
{
	long pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);

	if (pid < 0)
		return sk_origin_errno();
	if (pid == 0) {
		prctl(PR_SET_NAME, name, 0, 0, 0);
		_exit(run(shared));
	}
	return (int)pid;
}

int lk_make_guard(struct lk_shared *shared)
{
	int pid = make(shared, lk_guard_main, "lockdown-guard");

	if (pid < 0)
		return pid;
	atomic_store(&shared->guard_pid, pid);
	return 0;
}

int lk_make_keeper(struct lk_shared *shared)
{
	int pid = make(shared, lk_keeper_main, "lockdown-keeper");

	if (pid < 0)
		return pid;
	atomic_store(&shared->keeper_pid, pid);
	return 0;
}

/* What is open now belongs to the pair for good. */
static void keep_open(struct lk_shared *shared)
{
	for (int fd = 0; fd < LK_FDS; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			shared->fds.kept[fd / 8] |= (uint8_t)(1 << fd % 8);
}

/* What every life of the pair needs. */
static int open_channels(struct lk_shared *shared)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = LK_GROUPS};

	shared->fds.proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	keep_open(shared);
	shared->fds.kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	shared->fds.keeper_epoll = epoll_create1(EPOLL_CLOEXEC);
	if (shared->fds.kick < 0 || shared->fds.keeper_epoll < 0)
		return sk_origin_errno();
	if (epoll_ctl(shared->fds.keeper_epoll, EPOLL_CTL_ADD, shared->fds.kick, &event) < 0)
		return sk_origin_errno();
	shared->fds.nodes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (shared->fds.nodes < 0)
		return sk_origin_errno();
	return lk_group_open(shared, 0);
}

int lk_pair_main(struct lk_shared *shared)
{
	prctl(PR_SET_NAME, "lockdown-keeper", 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* who reaches into us needs a right, and the kernel side sees him ask for it */
	lk_shared_renew(shared);
	return open_channels(shared) < 0 ? 1 : lk_keeper_main(shared);
}

void lk_urgent(void)
{
	const struct sched_param first = {.sched_priority = 1};

	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first) < 0)
		setpriority(PRIO_PROCESS, 0, -20);
}

static void keep(uint8_t *kept, int fd)
{
	if (fd >= 0 && fd < LK_FDS)
		kept[fd / 8] |= (uint8_t)(1 << fd % 8);
}

static void keep_slots(uint8_t *kept, const struct lk_slot *slots, int count)
{
	for (int i = 0; i < count; i++)
		if (atomic_load(&slots[i].word) & LK_STATE)
			keep(kept, slots[i].meta.fd);
}

void lk_sweep(struct lk_shared *shared)
{
	uint8_t kept[LK_FDS / 8];

	memcpy(kept, shared->fds.kept, sizeof kept);
	keep(kept, shared->fds.kick);
	keep(kept, shared->fds.keeper_epoll);
	keep(kept, shared->fds.keeper_signals);
	keep(kept, shared->fds.nodes);
	keep(kept, shared->fds.moved);
	for (int i = 0; i < LK_LATER; i++)
		keep(kept, shared->fds.scripts[i]);
	for (int i = 0; i < LK_GROUPS; i++) {
		keep(kept, shared->groups[i].fan);
		keep(kept, shared->groups[i].epoll);
	}
	keep_slots(kept, shared->slots.guard, LK_SLOTS);
	keep_slots(kept, shared->slots.keeper, LK_KEEPER_SLOTS);
	for (int fd = 0; fd < LK_FDS; fd++)
		if (!(kept[fd / 8] & 1 << fd % 8))
			close(fd);
}

void lk_tell(struct lk_shared *shared, unsigned ring, enum lk_record_kind kind, uint32_t pid)
{
	struct lk_record *record = lk_ring_space(&shared->rings[ring]);
	struct timespec now;

	if (!record) {
		lk_add(&shared->count.lost_records);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	record->kind = kind;
	record->pid = pid;
	record->by_keeper = ring == 1;
	record->time_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	lk_ring_publish(&shared->rings[ring]);
	lk_wake(&shared->news);
}
