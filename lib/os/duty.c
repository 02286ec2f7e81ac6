// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The child after fork: closes what is not its own, becomes small, runs. It never returns to main's code;
 * main's loop and its memory are left alone (its descriptors are closed, so that nothing done here reaches
 * main's epoll set).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/point.h"
#include "os/proc-parts.h"

enum { EXIT_SETUP = 3, INHERITED = 32, KEPT = SK_DUTY_LISTENERS + INHERITED + 8 };

static int compare_int(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

static void close_between(int from, int to)
{
	if (from > to || syscall(SYS_close_range, from, to, 0) == 0)
		return;
	/* Kernels before 5.9. */
	for (int fd = from; fd <= SK_MIN(to, 65535); fd++)
		close(fd);
}

/* Closes everything above standard error but the `count` descriptors of `keep`; -1 in it is skipped. */
static void close_others(int *keep, size_t count)
{
	int from = 3;

	qsort(keep, count, sizeof *keep, compare_int);
	for (size_t i = 0; i < count; i++) {
		if (keep[i] < from)
			continue;
		close_between(from, keep[i] - 1);
		from = keep[i] + 1;
	}
	close_between(from, INT32_MAX);
}

static void reset_signals(void)
{
	struct sigaction usual = {.sa_handler = SIG_DFL}, ignore = {.sa_handler = SIG_IGN};
	sigset_t none;

	for (int number = 1; number < 32; number++)
		sigaction(number, &usual, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

int sk_host_mounts(void)
{
	return getenv("SEKISHO_PRIVATE_MOUNTS") ? open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC) : -1;
}

int sk_spare_process(void)
{
	static const char never[] = "-1000"; /* proc(5): OOM_SCORE_ADJ_MIN */
	_cleanup_close_ int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, never, sizeof never - 1) < 0 ? -errno : 0;
}

/* Names, groups and descriptors, while still privileged. */
static int settle(const struct sk_child *child, const struct sk_duty_ctx *ctx)
{
	char name[32];
	int keep[KEPT], n = 0, survivor = -1;
	pid_t other;

	snprintf(name, sizeof name, "sekisho-%s", child->duty->name);
	sk_log_name(name);
	prctl(PR_SET_NAME, name, 0, 0, 0);
	setpgid(0, 0);
	reset_signals();
	/* The lock stays with whatever holds a copy of this descriptor: the duty and its clones. */
	if (child->duty->survives_main && sk_survivor_lock(child->proc->run_dir, child->duty->name, &survivor, &other))
		return sk_origin(-EBUSY);
	for (const struct sk_listening *listening = child->listeners; listening->name; listening++)
		keep[n++] = listening->fd;
	keep[n++] = ctx->root_dir;
	keep[n++] = ctx->main_fd;
	for (const int *fd = child->duty->inherits; fd && *fd >= 0 && fd < child->duty->inherits + INHERITED; fd++)
		keep[n++] = *fd;
	keep[n++] = ctx->life_fd;
	keep[n++] = survivor;
	keep[n++] = sk_point_fd();
	close_others(keep, (size_t)n);
	if (child->duty->spared && sk_spare_process() < 0)
		sk_log(SK_LOG_INFO, "the kernel may choose this process when memory is short");
	umask(077);
	return chdir("/") < 0 ? sk_origin_errno() : 0;
}

static int enter_sandbox(const struct sk_child *child, struct sk_duty_ctx *ctx)
{
	const struct sk_duty *duty = child->duty;
	const struct sk_sandbox sandbox = {
		.name = duty->name,
		.root = ctx->root,
		.uid = child->uid,
		.gid = child->gid,
		.caps = duty->caps,
		.syscalls = duty->syscalls,
		.land = duty->land,
		.any_file = duty->any_file,
		.net = duty->net,
		.uevents = duty->uevents,
		.fork = duty->fork,
		.max_files = duty->max_files,
		.refusal = duty->refusal,
		.last_words = ctx->life_fd,
	};
	int r = sk_sandbox_enter(&sandbox, &ctx->reduced);

	if (child->proc->developer)
		ctx->reduced |= SK_REDUCED_USER;
	return r;
}

void sk_duty_main(struct sk_child *child, int life)
{
	struct sk_proc *proc = child->proc;
	struct sk_duty_state state = {.listeners = child->listeners};
	struct sk_duty_ctx ctx = {
		.name = child->duty->name,
		.root = proc->root,
		.root_dir = proc->root_dir,
		.config = proc->opts->config,
		.start = child->starts,
		.main_fd = child->duty->survives_main ? -1 : proc->main_line[0],
		.life_fd = life,
		.state = &state,
	};
	pid_t main_pid = getppid();

	if (proc->opts->leave)
		proc->opts->leave(child->duty->name);
	if (settle(child, &ctx) || enter_sandbox(child, &ctx))
		_exit(EXIT_SETUP);
	/* For a duty that sits in a long call when main dies. Set late: a change of user clears it. */
	if (!child->duty->survives_main) {
		prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
		if (getppid() != main_pid)
			_exit(0);
	}
	_exit(child->duty->run(&ctx));
}

int sk_duty_listener(const struct sk_duty_ctx *ctx, const char *name)
{
	for (const struct sk_listening *listening = ctx->state->listeners; listening->name; listening++)
		if (strcmp(listening->name, name) == 0)
			return listening->fd;
	return -1;
}

void sk_duty_ready(const struct sk_duty_ctx *ctx)
{
	if (ctx->state->told_ready)
		return;
	ctx->state->told_ready = true;
	if (write(ctx->life_fd, "R", 1) != 1)
		(void)0; /* main is dead: nobody to tell */
}

static void on_stop(void *arg, int number)
{
	struct sk_duty_state *state = arg;

	(void)number;
	sk_loop_stop(state->loop, 0);
}

static void on_hup(void *arg, int number)
{
	struct sk_duty_state *state = arg;

	(void)number;
	if (state->on_hup)
		state->on_hup(state->hup_arg);
}

static void on_main_dead(void *arg, int fd, unsigned what)
{
	struct sk_duty_state *state = arg;

	(void)fd;
	(void)what;
	sk_log(SK_LOG_WARNING, "main is dead: stopping");
	sk_watch_fd_set(state->watches[3], 0);
	sk_loop_stop(state->loop, 0);
}

int sk_duty_loop(const struct sk_duty_ctx *ctx, void (*hup)(void *arg), void *arg, struct sk_loop **ret_loop)
{
	struct sk_duty_state *state = ctx->state;
	int r;

	r = sk_loop_new(&state->loop);
	if (r)
		return r;
	state->on_hup = hup;
	state->hup_arg = arg;
	r = sk_watch_signal(state->loop, SIGTERM, on_stop, state, &state->watches[0]);
	if (r == 0)
		r = sk_watch_signal(state->loop, SIGINT, on_stop, state, &state->watches[1]);
	if (r == 0)
		r = sk_watch_signal(state->loop, SIGHUP, on_hup, state, &state->watches[2]);
	if (r == 0 && ctx->main_fd >= 0)
		r = sk_watch_fd(state->loop, ctx->main_fd, SK_READ, on_main_dead, state, &state->watches[3]);
	if (r) {
		sk_duty_loop_free(ctx, state->loop);
		return r;
	}
	*ret_loop = state->loop;
	return 0;
}

struct sk_loop *sk_duty_loop_free(const struct sk_duty_ctx *ctx, struct sk_loop *loop)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(ctx->state->watches); i++)
		ctx->state->watches[i] = sk_watch_free(ctx->state->watches[i]);
	return sk_loop_free(loop);
}
