// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The supervisor's loop: starts duties, hears their life lines, restarts, stops. Owns the children and their
 * listeners. It reads no foreign input: one byte of a life line ("R" ready, "S" and a system call's number)
 * and signals are all it ever hears.
 */
#include "os/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/clock.h"
#include "os/proc-parts.h"

enum { FIRST_PAUSE_MS = 100, LAST_PAUSE_MS = 10000, HEALTHY_MS = 60000, STOP_MS = 5000 };

static void start(struct sk_child *child);

static uint64_t first_pause(const struct sk_proc *proc)
{
	return proc->opts->backoff_ms ? proc->opts->backoff_ms : FIRST_PAUSE_MS;
}

/* To the next main. */
static bool is_left(const struct sk_child *child)
{
	return child->proc->handing && child->duty->survives_main;
}

static void stop_when_all_dead(struct sk_proc *proc)
{
	for (size_t i = 0; i < proc->count; i++)
		if (!is_left(&proc->children[i]) && (proc->children[i].life >= 0 || proc->children[i].pid))
			return;
	if (proc->stopping)
		sk_loop_stop(proc->loop, 0);
}

static void plan_restart(struct sk_child *child)
{
	struct sk_proc *proc = child->proc;

	if (sk_clock_mono_ms() - child->started_ms >= HEALTHY_MS)
		child->pause_ms = first_pause(proc);
	sk_log(SK_LOG_NOTICE, "%s starts again in %" PRIu64 " ms", child->duty->name, child->pause_ms);
	if (sk_timer_arm(child->restart, child->pause_ms))
		sk_loop_stop(proc->loop, 3);
	child->pause_ms = SK_MIN(child->pause_ms * 2, (uint64_t)LAST_PAUSE_MS);
}

/* The whole duty is dead when its process is reaped and nobody holds the life line. Either may come first. */
static void look_at(struct sk_child *child)
{
	if (child->life >= 0 || child->pid || !child->group)
		return;
	child->group = 0;
	if (child->proc->stopping)
		stop_when_all_dead(child->proc);
	else
		plan_restart(child);
}

static void tell_ready(struct sk_proc *proc)
{
	for (size_t i = 0; i < proc->count; i++)
		if (!proc->children[i].ready)
			return;
	if (!proc->told_ready)
		sk_proc_notify("READY=1");
	proc->told_ready = true;
}

static void log_refused_call(const struct sk_child *child, struct sk_cursor *c)
{
	uint32_t number = sk_get_u32(c);
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)number);

	sk_log(SK_LOG_ERROR, "%s was ended: it asked for the system call %s (%u), which it does not need", child->duty->name,
	       name ? name : "?", number);
	free(name);
}

static void on_life_line(void *arg, int fd, unsigned what)
{
	struct sk_child *child = arg;
	struct sk_cursor c;
	char words[64];
	ssize_t n = read(fd, words, sizeof words);

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	sk_cursor_init(&c, words, n > 0 ? (size_t)n : 0);
	while (sk_cursor_left(&c)) {
		uint8_t word = sk_get_u8(&c);

		if (word == 'R') {
			child->ready = true;
			tell_ready(child->proc);
		} else if (word == 'S') {
			log_refused_call(child, &c);
		}
	}
	if (n > 0)
		return;
	child->life_watch = sk_watch_free(child->life_watch);
	sk_close_p(&child->life);
	look_at(child);
}

static void log_end(const struct sk_child *child, int status)
{
	enum sk_log_level level = child->proc->stopping ? SK_LOG_INFO : SK_LOG_WARNING;
	const char *rest = child->life >= 0 ? " (what it cloned may live on)" : "";

	if (WIFSIGNALED(status))
		sk_log(level, "%s was killed by signal %d%s", child->duty->name, WTERMSIG(status), rest);
	else
		sk_log(level, "%s ended with status %d%s", child->duty->name, WEXITSTATUS(status), rest);
}

/* Reaps duties, and orphans of theirs that came to us. */
static void on_child(void *arg, int number)
{
	struct sk_proc *proc = arg;
	int status;
	pid_t pid;

	(void)number;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < proc->count; i++) {
			struct sk_child *child = &proc->children[i];

			if (child->pid != pid)
				continue;
			child->pid = 0;
			log_end(child, status);
			look_at(child);
		}
	}
}

/* The life line before the fork, so that nothing can fail after it. */
static int open_life_line(struct sk_child *child, int *ret_write_end)
{
	int line[2], r;

	if (pipe2(line, O_CLOEXEC) < 0)
		return sk_origin_errno();
	fcntl(line[0], F_SETFL, O_NONBLOCK);
	r = sk_watch_fd(child->proc->loop, line[0], SK_READ, on_life_line, child, &child->life_watch);
	if (r) {
		close(line[0]);
		close(line[1]);
		return r;
	}
	child->life = line[0];
	*ret_write_end = line[1];
	return 0;
}

static int start_process(struct sk_child *child)
{
	_cleanup_close_ int line = -1;
	pid_t pid;
	int r;

	r = open_life_line(child, &line);
	if (r)
		return r;
	child->started_ms = sk_clock_mono_ms();
	pid = fork();
	if (pid == 0)
		sk_duty_main(child, line);
	if (pid < 0) {
		child->life_watch = sk_watch_free(child->life_watch);
		sk_close_p(&child->life);
		return sk_origin_errno();
	}
	setpgid(pid, pid); /* in both, so that it is true whoever runs first */
	child->pid = child->group = pid;
	child->starts++;
	return 0;
}

static void start(struct sk_child *child)
{
	if (start_process(child) < 0)
		plan_restart(child);
}

static void on_restart(void *arg)
{
	struct sk_child *child = arg;

	if (!child->proc->stopping)
		start(child);
}

static void on_deadline(void *arg)
{
	struct sk_proc *proc = arg;

	for (size_t i = 0; i < proc->count; i++) {
		if (!proc->children[i].group || is_left(&proc->children[i]))
			continue;
		sk_log(SK_LOG_WARNING, "%s does not stop: killing it", proc->children[i].duty->name);
		kill(-proc->children[i].group, SIGKILL);
	}
	/* A process in an uninterruptible call may outlive even that; main does not wait for it for ever. */
	if (proc->killed)
		sk_loop_stop(proc->loop, 0);
	proc->killed = true;
	sk_timer_arm(proc->deadline, STOP_MS);
}

static void stop(struct sk_proc *proc)
{
	if (proc->stopping)
		return;
	proc->stopping = true;
	sk_proc_notify("STOPPING=1");
	for (size_t i = 0; i < proc->count; i++) {
		struct sk_child *child = &proc->children[i];

		sk_timer_stop(child->restart);
		if (is_left(child))
			continue;
		if (child->pid)
			kill(child->pid, SIGTERM);
		else if (child->group)
			kill(-child->group, SIGTERM);
	}
	sk_timer_arm(proc->deadline, proc->opts->stop_ms ? proc->opts->stop_ms : STOP_MS);
	stop_when_all_dead(proc);
}

static void on_stop(void *arg, int number)
{
	(void)number;
	stop(arg);
}

static void on_hand_over(void *arg, int number)
{
	struct sk_proc *proc = arg;

	(void)number;
	proc->handing = !proc->stopping;
	stop(proc);
}

static void on_hup(void *arg, int number)
{
	struct sk_proc *proc = arg;

	(void)number;
	for (size_t i = 0; i < proc->count; i++)
		if (proc->children[i].pid)
			kill(proc->children[i].pid, SIGHUP);
}

static int watch_all(struct sk_proc *proc)
{
	int r;

	r = sk_loop_new(&proc->loop);
	if (r == 0)
		r = sk_watch_signal(proc->loop, SIGTERM, on_stop, proc, &proc->signals[0]);
	if (r == 0)
		r = sk_watch_signal(proc->loop, SIGINT, on_stop, proc, &proc->signals[1]);
	if (r == 0)
		r = sk_watch_signal(proc->loop, SIGHUP, on_hup, proc, &proc->signals[2]);
	if (r == 0)
		r = sk_watch_signal(proc->loop, SIGCHLD, on_child, proc, &proc->signals[3]);
	if (r == 0)
		r = sk_watch_signal(proc->loop, SIGUSR2, on_hand_over, proc, &proc->signals[4]);
	if (r == 0)
		r = sk_watch_timer(proc->loop, on_deadline, proc, &proc->deadline);
	for (size_t i = 0; i < proc->count && r == 0; i++) {
		proc->children[i].pause_ms = first_pause(proc);
		r = sk_watch_timer(proc->loop, on_restart, &proc->children[i], &proc->children[i].restart);
	}
	return r;
}

static void unwatch_all(struct sk_proc *proc)
{
	for (size_t i = 0; i < proc->count; i++) {
		sk_watch_free(proc->children[i].restart);
		sk_watch_free(proc->children[i].life_watch);
		sk_close_p(&proc->children[i].life);
	}
	for (size_t i = 0; i < SK_ARRAY_SIZE(proc->signals); i++)
		sk_watch_free(proc->signals[i]);
	sk_watch_free(proc->deadline);
	sk_loop_free(proc->loop);
}

static int supervise(struct sk_proc *proc)
{
	int r;

	/* What a duty leaves behind comes to us, so that its end is noticed. Before Linux 3.4 it goes to process 1; life lines tell of its end all the same. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 && errno != EINVAL)
		return sk_origin_errno();
	r = watch_all(proc);
	if (r == 0) {
		for (size_t i = 0; i < proc->count; i++)
			start(&proc->children[i]);
		r = sk_loop_run(proc->loop);
	}
	unwatch_all(proc);
	return r;
}

int sk_proc_run(const struct sk_duty *table, size_t count, const struct sk_proc_opts *opts)
{
	struct sk_proc *proc = sk_calloc(1, sizeof *proc);
	int r;

	if (!proc)
		return 3;
	*proc = (struct sk_proc){.opts = opts, .root_dir = -1, .run_dir = -1, .pid_file = -1, .main_line = {-1, -1}};
	sk_log_name(opts->program);
	r = sk_proc_setup(proc, table, count);
	if (r == 0)
		r = supervise(proc);
	if (opts->ret_handed)
		*opts->ret_handed = proc->handing;
	sk_proc_undo(proc);
	free(proc);
	return r < 0 ? 3 : r;
}
