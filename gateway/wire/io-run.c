// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The two processes of the io duty. The inner one turns a loop that never sleeps longer than a quarter of the beat; the outer one waits for its end, and kills it
 * when it shows no sign of life. Neither has a file, a capability or a thread.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/point.h"
#include "wire/io-own.h"
#include "wire/ring.h"

enum { DRAIN_NS = 30000000, QUIET_NS = 2000000, YOUNG_NS = 50000000, DEATHS = 8, SPELL_NS = 9500000, BREATH_NS = 500000 };

static volatile sig_atomic_t told_to_stop;

static void on_stop(int number)
{
	told_to_stop = 1;
}

/* --- the engine, seen from here */

static void forget_engine(struct gw_io *io)
{
	io->ready = false;
	__atomic_store_n(&io->beat->ready, 0, __ATOMIC_RELEASE);
	sk_close_p(&io->engine);
	io->engine = -1;
	gw_io_reclaim(io);
	gw_io_wills(io);
}

static void know_engine(struct gw_io *io)
{
	int pid = atomic_load(&io->share->engine_pid);

	io->engine = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	io->ready = pid > 0 && !(io->engine < 0 && errno == ESRCH);
}

/* An engine that begins finds empty rings; what the last one had has gone on. */
static void grant(struct gw_io *io)
{
	struct gw_ends *ends[] = {&io->share->to_engine, &io->share->to_io};
	uint32_t wanted = atomic_load(&io->share->wanted);

	forget_engine(io);
	for (size_t i = 0; i < SK_ARRAY_SIZE(ends); i++) {
		atomic_store(&ends[i]->tail, 0);
		atomic_store(&ends[i]->head, 0);
	}
	for (uint32_t i = 0; i < GW_INJECTS; i++)
		atomic_store(&io->share->inject_busy[i], 0);
	know_engine(io);
	GW_COUNT(io, engines);
	atomic_store(&io->share->granted, wanted);
}

static bool is_readable(int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	return fd >= 0 && poll(&wait, 1, 0) > 0;
}

static void look_after_engine(struct gw_io *io, bool woken)
{
	if (atomic_load(&io->share->wanted) != atomic_load(&io->share->granted))
		grant(io);
	else if (io->ready && (!atomic_load(&io->share->engine_pid) || (woken && is_readable(io->engine))))
		forget_engine(io);
}

/* --- the inner process */

static bool turn(struct gw_io *io, uint64_t now)
{
	bool worked = gw_io_back(io);

	for (uint32_t i = 0; i < io->socket_count; i++) {
		gw_io_done(io, i);
		worked |= gw_io_receive(io, i, now);
	}
	if (worked && atomic_load(&io->share->to_engine.asleep) && io->fifo_head != io->fifo_tail)
		gw_bell_ring(io->engine_bell);
	gw_io_overdue(io, now);
	__atomic_store_n(&io->beat->owed_since, gw_io_owed_since(io), __ATOMIC_RELEASE);
	gw_io_send(io);
	for (uint32_t i = 0; i < io->socket_count; i++)
		gw_io_fill(io, i);
	return worked;
}

static bool is_idle(struct gw_io *io)
{
	uint32_t at;

	for (uint32_t i = 0; i < io->socket_count; i++)
		if (*io->sockets[i].rx.consumer != gw_xsk_load(io->sockets[i].rx.producer))
			return false;
	return !gw_ring_first(&io->share->to_io, &at);
}

/* Until something comes, the next beat, or the moment at which the engine is late. */
static void rest(struct gw_io *io, uint64_t now)
{
	struct pollfd waits[GW_SOCKETS + 2];
	uint64_t owed = gw_io_owed_since(io), ns = io->beat_ns / 4;
	struct timespec limit;
	nfds_t n = 0;

	if (owed && now < owed + io->owed_ns)
		ns = SK_MIN(ns, owed + io->owed_ns - now + 1000);
	limit = (struct timespec){.tv_nsec = (long)ns};
	for (uint32_t i = 0; i < io->socket_count; i++)
		waits[n++] = (struct pollfd){.fd = io->sockets[i].fd, .events = POLLIN};
	waits[n++] = (struct pollfd){.fd = io->bell, .events = POLLIN};
	waits[n++] = (struct pollfd){.fd = io->engine, .events = POLLIN};
	atomic_store(&io->share->to_io.asleep, 1);
	if (is_idle(io))
		ppoll(waits, n, &limit, NULL);
	atomic_store(&io->share->to_io.asleep, 0);
	gw_bell_clear(io->bell);
}

static bool is_flowing(const struct gw_io *io)
{
	for (uint32_t i = 0; i < io->chunk_count; i++)
		if (io->life->chunks[i].state >= GW_CHUNK_TAKEN && io->life->chunks[i].state != GW_CHUNK_LATE)
			return true;
	return false;
}

/* The kernel side sends nothing more from the first line on; what is here goes on. */
static void drain(struct gw_io *io)
{
	uint64_t begin = gw_io_now(), now = begin, last = begin;

	__atomic_store_n(&io->beat->beat, 0, __ATOMIC_SEQ_CST);
	while (now - begin < DRAIN_NS && (now - last < QUIET_NS || is_flowing(io))) {
		if (turn(io, now))
			last = now;
		else
			usleep(100);
		if (now - begin > 2 * io->owed_ns)
			forget_engine(io);
		now = gw_io_now();
	}
	if (told_to_stop || atomic_load(&io->life->stop))
		gw_io_wills(io); /* nobody moves what the engine still decides */
	gw_io_send(io);
}

static void become_first(const struct gw_io *io)
{
	struct sched_param param = {.sched_priority = io->setup.priority};

	if (param.sched_priority && sched_setscheduler(0, SCHED_FIFO, &param) < 0)
		sk_log(SK_LOG_NOTICE, "io runs without real-time priority: %s", strerror(errno));
}

/*
 * Under a load that never lets it rest, it rests nevertheless: a real-time process that takes all of a processor is stopped by the kernel for 50 ms in each second
 * (sched_rt_runtime_us, or the fair server), which would be a gap. A twentieth given away in small pieces is none.
 */
static void breathe(const struct gw_io *io, uint64_t now, uint64_t *rested)
{
	struct timespec breath = {.tv_nsec = BREATH_NS};

	if (!io->setup.priority || now - *rested < SPELL_NS)
		return;
	nanosleep(&breath, NULL);
	*rested = gw_io_now();
}

static void run_inner(struct gw_io *io, pid_t outer)
{
	uint64_t now = gw_io_now(), busy = now, rested = now;

	atomic_store(&io->life->inner, getpid());
	become_first(io);
	gw_io_take_over(io);
	know_engine(io);
	io->ready = io->ready && atomic_load(&io->share->wanted) == atomic_load(&io->share->granted);
	GW_COUNT(io, takeovers);
	for (bool woken = true; !told_to_stop && getppid() == outer && !atomic_load(&io->life->stop); now = gw_io_now()) {
		__atomic_store_n(&io->beat->beat, now, __ATOMIC_RELEASE);
		look_after_engine(io, woken);
		__atomic_store_n(&io->beat->ready, io->ready, __ATOMIC_RELEASE);
		SK_POINT("gateway.io");
		woken = false;
		if (turn(io, now)) {
			busy = now;
			breathe(io, now, &rested);
		} else if (now - busy >= (uint64_t)io->setup.spin_us * 1000) {
			rest(io, now);
			rested = gw_io_now();
			woken = true;
		}
	}
	drain(io);
}

/* --- the outer process */

static pid_t begin_inner(struct gw_io *io)
{
	pid_t outer = getpid(), pid = fork();

	if (pid == 0) {
		run_inner(io, outer);
		_exit(0);
	}
	return pid;
}

/* True: it is dead. It is killed when it shows no sign of life; a beat that was never begun counts from `since`. */
static bool watch(struct gw_io *io, pid_t inner, uint64_t since)
{
	struct timespec limit = {.tv_nsec = (long)(io->beat_ns / 2)};
	sigset_t child;
	int status;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigtimedwait(&child, NULL, &limit);
	if (waitpid(inner, &status, WNOHANG) != 0)
		return true;
	since = SK_MAX(since, __atomic_load_n(&io->beat->beat, __ATOMIC_ACQUIRE));
	if (!told_to_stop && gw_io_now() - since > io->beat_ns * 3 / 2) {
		sk_log(SK_LOG_WARNING, "io gave no sign of life: another one takes over");
		kill(inner, SIGKILL);
	}
	return false;
}

/* Of an outer process that was killed: its inner one sees that and ends by itself, having let everything on. */
static void wait_for_last(struct gw_io *io)
{
	int last = atomic_load(&io->life->inner);

	for (int i = 0; last > 0 && i < 200 && kill(last, 0) == 0; i++)
		usleep(1000);
	if (last > 0)
		kill(last, SIGKILL);
}

int gw_io_run(struct gw_io *io)
{
	struct sigaction stop = {.sa_handler = on_stop};
	sigset_t child;
	int deaths = 0;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	wait_for_last(io);
	atomic_store(&io->life->outer, getpid());
	while (!told_to_stop) {
		uint64_t since = gw_io_now();
		pid_t inner = begin_inner(io);

		if (inner < 0)
			return sk_origin_errno();
		while (!watch(io, inner, since))
			if (told_to_stop)
				kill(inner, SIGTERM);
		deaths = gw_io_now() - since < YOUNG_NS ? deaths + 1 : 0;
		if (deaths == DEATHS)
			return sk_origin(-ECHILD); /* what it finds kills it: main begins anew, the kernel side goes by the failure settings */
	}
	atomic_store(&io->life->inner, 0);
	atomic_store(&io->life->outer, 0);
	return 0;
}
