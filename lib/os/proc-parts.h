// SPDX-License-Identifier: GPL-3.0-or-later
/* Inside of the process table: what its three files share. Nobody else includes this. */
#pragma once

#include "os/proc.h"

enum { SK_DUTY_LISTENERS = 8, SK_DUTIES = 16 };

struct sk_listening {
	const char *name;
	int fd; /* -1: not opened (no address configured) */
};

/* A duty as main sees it. */
struct sk_child {
	struct sk_proc *proc;
	const struct sk_duty *duty;
	uid_t uid; /* (uid_t)-1 in developer mode */
	gid_t gid;
	struct sk_listening listeners[SK_DUTY_LISTENERS + 1]; /* name NULL at the end */

	pid_t pid;       /* 0: not running, or reaped */
	pid_t group;     /* of the last start, while something of it lives */
	int life;        /* read end of the life line; -1: nothing of the duty lives */
	bool ready;
	unsigned starts;
	uint64_t started_ms; /* monotonic */
	uint64_t pause_ms;   /* before the next restart */
	struct sk_watch *life_watch;
	struct sk_watch *restart;
};

struct sk_proc {
	const struct sk_proc_opts *opts;
	char root[4096];
	int root_dir;
	int run_dir;      /* ROOT/run/sekisho */
	int pid_file;     /* locked */
	int main_line[2]; /* its write end is held by main alone: duties read EOF when main is dead */
	bool developer;   /* not root */
	bool stopping;
	bool handing;     /* with it: what survives main is left to the next one */
	bool killed;      /* the deadline of the stop has passed once */
	bool told_ready;
	struct sk_loop *loop;
	struct sk_watch *signals[5];
	struct sk_watch *deadline;
	struct sk_child children[SK_DUTIES];
	size_t count;
};

/* What a duty keeps beside its context. */
struct sk_duty_state {
	const struct sk_listening *listeners;
	bool told_ready;
	struct sk_watch *watches[4];
	void (*on_hup)(void *arg);
	void *hup_arg;
	struct sk_loop *loop;
};

/* proc-setup.c: 0 or the exit code of the program; what is wrong was said. */
int sk_proc_setup(struct sk_proc *proc, const struct sk_duty *table, size_t count);
void sk_proc_undo(struct sk_proc *proc);
void sk_proc_notify(const char *text);

/* duty.c: the child after fork; never returns. */
void sk_duty_main(struct sk_child *child, int life) __attribute__((noreturn));
/* Locks ROOT/run/sekisho/NAME.life. 0, SK_AGAIN: held, *ret_pid is the holder; -errno. */
int sk_survivor_lock(int run_dir, const char *duty, int *ret_fd, pid_t *ret_pid);
