// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The recorder: the process that watches, keeps and puts back while the clerk decides (window.h). It sleeps when there is no window. Whatever it does it can be
 * killed at; started again it reads window.json and begins that step anew.
 *
 * Beside that it runs the probe of the tool-state interlock: a program that the policy names, as nobody, without capabilities or network, for PROBE_S seconds.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/ioprio.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "lockdown/clerk/clerk.h"
#include "lockdown/window/window.h"
#include "os/file.h"

enum { PROBE_S = 5, NOBODY = 65534, RETRY_MS = 1000 };

const char *const lk_window_duty_calls[] = {
	"fanotify_init", "fanotify_mark", "bind", "flistxattr", "fgetxattr", "fsetxattr", "fchown", "fchownat", "lchown", "symlink", "symlinkat", "linkat", "fchmod", "unlinkat", "readlinkat", "mkdirat", "renameat", "syncfs",
	"ioprio_set", "setns",
	/* the probe: another program, which begins with nothing of ours */
	"execve", "setresuid", "setresgid", "setgroups", "setrlimit", "prlimit64", "setsid", "prctl", "mmap", "mprotect", "ioctl", "alarm", "getpgid",
	"getxattr", "lgetxattr", "sched_setaffinity", NULL};

struct recorder {
	const struct sk_duty_ctx *ctx;
	struct lk_window_state state;
	struct lk_watch *watch;
	bool unwritten; /* the record waits for room on the disk */
	int wake; /* eventfd: a futex of the shared memory was woken */
};

static void tell_clerk(void)
{
	lk_wake(&lk_duty_shared()->news);
}

static bool is_done(struct recorder *x, const char *name)
{
	char path[256];
	_cleanup_close_ int fd = -1;

	lk_window_path(&x->state, name, path);
	return sk_open_in(x->ctx->root_dir, path, O_RDONLY, 0, &fd) == 0;
}

static void stop_watching(struct recorder *x)
{
	atomic_store(&lk_window->watching, 0);
	x->watch = lk_watch_free(x->watch);
}

static int start_watching(struct recorder *x)
{
	char path[256];
	int r;

	if (x->watch)
		return 0;
	lk_window_path(&x->state, "", path);
	r = sk_dir_make(x->ctx->root_dir, path, (uid_t)-1, (gid_t)-1, 0700);
	if (!r)
		r = lk_watch_new(x->ctx->root_dir, &x->state, &x->watch);
	if (!r)
		r = lk_watch_turn(x->watch);
	atomic_store(&lk_window->watching, !r);
	return r;
}

/* What is written while the old content is being kept is on record, too: first the marks. */
static int on_opening(struct recorder *x)
{
	int r;

	if (is_done(x, "kept.json"))
		return start_watching(x);
	lk_window_forget();
	lk_keep_sweep(x->ctx->root_dir, x->state.id);
	r = start_watching(x);
	if (!r)
		r = lk_keep_before(x->ctx->root_dir, &x->state);
	if (!r)
		tell_clerk();
	return r;
}

static int on_closing(struct recorder *x)
{
	struct lk_written *items;
	size_t count;
	int r = 0;

	if (is_done(x, "changes.json")) {
		tell_clerk();
		return 0;
	}
	if (x->watch)
		r = lk_watch_turn(x->watch);
	else /* after a restart: only to read what was recorded */
		r = start_watching(x);
	atomic_store(&lk_window->watching, 0);
	if (r)
		return r;
	count = lk_watch_items(x->watch, &items);
	r = lk_changes(x->ctx->root_dir, &x->state, items, count);
	stop_watching(x);
	if (!r)
		tell_clerk();
	return r;
}

/* Files are put back where people see them: under a service manager our own view of them is read-only. */
static int restore(struct recorder *x)
{
	_cleanup_close_ int space = sk_host_mounts();
	int status;
	pid_t pid;

	if (space < 0)
		return lk_keep_restore(x->ctx->root_dir, &x->state);
	pid = fork();
	if (pid == 0)
		_exit(setns(space, CLONE_NEWNS) < 0 || lk_keep_restore(x->ctx->root_dir, &x->state) < 0);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return sk_origin_errno();
	return status ? sk_origin(-EIO) : 0;
}

static int on_rolling_back(struct recorder *x)
{
	int r = is_done(x, "restored.json") ? 0 : restore(x);

	if (!r)
		tell_clerk();
	return r;
}

/* One step towards what window.json says. */
static int step(struct recorder *x)
{
	struct lk_window_state state = {.phase = LK_WINDOW_NONE};
	int r = lk_window_load(x->ctx->root_dir, &state);

	if (r < 0)
		return r;
	if (x->watch && (r || strcmp(state.id, x->state.id)))
		stop_watching(x);
	if (!x->watch) { /* the watch refers to the state it began with */
		lk_window_state_done(&x->state);
		x->state = state;
	} else {
		x->state.phase = state.phase;
		lk_window_state_done(&state);
	}
	switch (r ? LK_WINDOW_NONE : x->state.phase) {
	case LK_WINDOW_OPENING:
		return on_opening(x);
	case LK_WINDOW_OPEN:
		return start_watching(x);
	case LK_WINDOW_CLOSING:
		return on_closing(x);
	case LK_WINDOW_ROLLING_BACK:
		return on_rolling_back(x);
	default:
		stop_watching(x);
		return 0;
	}
}

/* --- the probe */

static void become_probe(const char *path)
{
	const struct rlimit seconds = {PROBE_S, PROBE_S}, memory = {256 << 20, 256 << 20}, none = {0, 0}, files = {64, 64};
	const struct sigaction usual = {.sa_handler = SIG_DFL};
	static char path_text[] = "PATH=/usr/bin:/bin", language[] = "LC_ALL=C";
	char *const arguments[] = {(char *)path, NULL}, *const environment[] = {path_text, language, NULL};

	setsid();
	setrlimit(RLIMIT_CPU, &seconds);
	setrlimit(RLIMIT_AS, &memory);
	setrlimit(RLIMIT_FSIZE, &none);
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_NOFILE, &files);
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
		_exit(126);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	sigaction(SIGIO, &usual, NULL);
	sigaction(SIGSYS, &usual, NULL);
	close_range(0, ~0U, 0);
	if (open("/dev/null", O_RDWR) != 0 || dup(0) != 1 || dup(0) != 2)
		_exit(126);
	execve(path, arguments, environment);
	_exit(127);
}

/* 2 idle, 1 busy, 3 it could not be asked. */
static uint32_t run_probe(const char *path)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	uint64_t end = lk_now_us() + PROBE_S * 1000000;
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		become_probe(path);
	if (pid < 0)
		return 3;
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (lk_now_us() > end) {
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return 3;
		}
		nanosleep(&pause, NULL);
	}
	kill(-pid, SIGKILL); /* what it left behind */
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 125)
		return 3;
	return WEXITSTATUS(status) ? 1 : 2;
}

static void *probe_run(void *arg)
{
	char path[sizeof lk_window->probe_path];

	(void)arg;
	for (uint32_t seen = atomic_load(&lk_window->probe);; seen = atomic_load(&lk_window->probe)) {
		lk_wait(&lk_window->probe, seen, 0);
		if (atomic_load(&lk_window->probe) == seen)
			continue;
		snprintf(path, sizeof path, "%s", lk_window->probe_path);
		atomic_store(&lk_window->probe_began_us, lk_now_us());
		atomic_store(&lk_window->idle, run_probe(path));
		tell_clerk();
	}
	return NULL;
}

/* --- the process */

static void *wait_word(void *arg)
{
	struct recorder *x = ((void **)arg)[0];
	_Atomic uint32_t *word = ((void **)arg)[1];
	uint64_t one = 1;

	for (uint32_t seen = atomic_load(word);; seen = atomic_load(word)) {
		lk_wait(word, seen, 0);
		if (atomic_load(word) != seen && write(x->wake, &one, sizeof one) < 0 && errno != EAGAIN)
			return NULL;
	}
	return NULL;
}

static int start_threads(struct recorder *x)
{
	static void *turn[2], *asked[2];
	pthread_t thread;
	int r;

	turn[0] = asked[0] = x;
	turn[1] = (void *)&lk_window->turn;
	asked[1] = (void *)&lk_window->asked;
	r = pthread_create(&thread, NULL, wait_word, turn);
	if (!r)
		r = pthread_create(&thread, NULL, wait_word, asked);
	if (!r)
		r = pthread_create(&thread, NULL, probe_run, NULL);
	return r ? sk_origin(-r) : 0;
}

static void serve(struct recorder *x, uint32_t *turn, bool failed)
{
	uint32_t asked = atomic_load(&lk_window->asked), now = atomic_load(&lk_window->turn);

	if (now != *turn || failed) {
		if (step(x))
			sk_log(SK_LOG_ERROR, "window: the step %s failed; it is tried again", lk_window_phases[x->state.phase]);
		else
			*turn = now;
	}
	now = x->unwritten;
	x->unwritten = x->watch && lk_watch_turn(x->watch);
	if (x->unwritten && !now)
		sk_log(SK_LOG_ERROR, "window: the record cannot be written: what is not on record does not become known. It is tried again");
	lk_window_answer(asked);
}

int lk_window_duty_run(const struct sk_duty_ctx *ctx)
{
	struct recorder x = {.ctx = ctx, .wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	const struct sigaction ignored = {.sa_handler = SIG_IGN};
	uint32_t turn = atomic_load(&lk_window->turn) - 1; /* the first look is due */
	uint64_t count;

	sigaction(SIGIO, &ignored, NULL); /* somebody wants to write what we hash under a lease */
	atomic_store(&lk_window->watching, 0);
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 7));
	if (x.wake < 0 || start_threads(&x) < 0)
		return 1;
	sk_duty_ready(ctx);
	for (;;) {
		struct pollfd pollers[4] = {{.fd = ctx->main_fd, .events = POLLIN}, {.fd = x.wake, .events = POLLIN},
					    {.fd = x.watch ? lk_watch_fd(x.watch) : -1, .events = POLLIN},
					    {.fd = x.watch ? lk_watch_lineage_fd(x.watch) : -1, .events = POLLIN}};
		bool behind = turn != atomic_load(&lk_window->turn);

		if (poll(pollers, 4, behind || x.unwritten ? RETRY_MS : -1) < 0 && errno != EINTR)
			return 1;
		if (pollers[0].revents)
			return 0;
		if (read(x.wake, &count, sizeof count) < 0 && errno != EAGAIN)
			return 1;
		serve(&x, &turn, behind);
	}
}

int lk_window_duty_prepare(const struct sk_duty_ctx *ctx, uid_t uid, gid_t gid)
{
	int r = sk_dir_make(ctx->root_dir, WINDOW_FOLDER, uid, gid, 0700);

	return r ? r : lk_window_prepare();
}
