// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The process table: a program is a small supervising `main` and one process per duty, each with its own
 * user, capabilities, Landlock rules and default-deny seccomp list.
 *
 * main opens every listener and keeps it, so clients wait in the backlog while a duty restarts. It forks (no
 * exec) and restarts with back-off: 100 ms doubling to 10 s, back to 100 ms after 60 s of health. A "life
 * line" pipe per duty, whose write end only the duty and what it clones hold, tells main when the *whole*
 * duty is dead; only then it is started again. Each duty is a process group of its own and main adopts its
 * orphans. A duty that exits 0 while main is not stopping is restarted like any other.
 *
 * SIGTERM and SIGINT at main: SIGTERM to every duty, SIGKILL to what is left after the deadline, remove
 * sockets, exit. SIGHUP is passed on. When main is killed, duties see it (sk_duty_loop) and stop, except
 * those that survive it; the next main prepares everything, then stops such a survivor and starts its own in its place.
 * SIGUSR2 at main hands over: as SIGTERM, but what survives main is left to the next one (an upgrade).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "os/loop.h"
#include "os/sandbox.h"

struct sk_duty_ctx {
	const char *name;
	const char *root;  /* absolute */
	int root_dir;      /* descriptor of it, for os/file.h */
	void *config;      /* sk_proc_opts.config: the duty's own copy-on-write copy */
	unsigned start;    /* 0 at the first start, then 1, 2 ... */
	unsigned reduced;  /* SK_REDUCED_* of its sandbox */
	int main_fd;       /* readable at its end (EOF) when main is dead; -1 for a duty that survives main */
	int life_fd;       /* write end of the life line: never close it, never hand it to anyone but a clone of the duty */
	struct sk_duty_state *state;
};

struct sk_listener {
	const char *name;    /* "spool.sock": a unix socket below run/sekisho; with `address`, just a name. NULL ends a list */
	const char *address; /* TCP: "127.0.0.1:8443"; or NULL. The special text "config" asks sk_proc_opts.address_of */
	const char *owner;   /* unix: duty whose user may connect as owner; NULL = root */
	const char *group;   /* unix: duty whose group may connect; NULL = root */
	mode_t mode;         /* unix; 0 = 0660 */
};

struct sk_duty {
	const char *name;                    /* "spool"; shown as "sekisho-spool"; also its role */
	bool as_root;                        /* stays root (its capabilities are cut all the same) instead of having a user of its own */
	uint64_t caps;                       /* SK_CAP() bits */
	const char *const *syscalls;         /* beyond the base list; NULL at the end */
	const struct sk_land_rule *land;     /* path NULL at the end */
	bool any_file;                       /* no Landlock: see os/sandbox.h */
	const struct sk_listener *listeners; /* name NULL at the end; NULL = none */
	bool net;                            /* makes internet connections */
	bool uevents;                        /* hears of devices from the kernel */
	bool fork;                           /* makes processes */
	bool survives_main;
	bool spared;                         /* never chosen when the kernel kills for want of memory; it and what it makes must not grow */
	unsigned max_files;                  /* 0 = 1024 */
	const int *inherits;                 /* descriptors that `prepare` opened and the duty keeps; -1 ends them, 32 at most; NULL = none */
	enum sk_syscall_refusal refusal;
	/*
	 * In main, as root, before the first start only: makes folders and such. 0 or -errno (the program
	 * then does not start). uid and gid are the duty's. May be NULL.
	 */
	int (*prepare)(const struct sk_duty_ctx *ctx, uid_t uid, gid_t gid);
	/* The duty. In a process of its own, sandboxed. Returns the exit status, 0 to 125. */
	int (*run)(const struct sk_duty_ctx *ctx);
};

struct sk_proc_opts {
	const char *program; /* "sekisho-agent" */
	const char *root;    /* --root; NULL = "/" */
	void *config;
	/*
	 * User (name or number) of a duty from the configuration; NULL (the function or its result) =
	 * "sekisho-DUTY".
	 */
	const char *(*user_of)(void *config, const char *duty);
	/* Address of a listener declared "config"; NULL result = the listener is not opened. */
	const char *(*address_of)(void *config, const char *listener);
	/* In the process of each duty, before anything else of it: gives up what was inherited and is another duty's. May be NULL. */
	void (*leave)(const char *duty);
	bool *ret_handed;    /* the end was a handing over (SIGUSR2). May be NULL */
	unsigned stop_ms;    /* deadline of an orderly stop; 0 = 5000 */
	unsigned backoff_ms; /* first pause before a restart; 0 = 100 */
};

/*
 * Runs until stopped. Returns the exit code for main(): 0 after an orderly stop; 3 when the environment does
 * not allow it (a second instance, no such user, an address in use: one clear line says which). Writes
 * ROOT/run/sekisho/PROGRAM.pid, locked. Tells NOTIFY_SOCKET (sd_notify) READY=1 when every duty has said so,
 * and STOPPING=1.
 */
int sk_proc_run(const struct sk_duty *table, size_t count, const struct sk_proc_opts *opts);

/*
 * The mount namespace of process 1, in which people mount and work, when the service manager gave us one of our own with read-only file systems (it says
 * so by SEKISHO_PRIVATE_MOUNTS). A descriptor for setns(2), the caller's; -1: ours is theirs.
 */
int sk_host_mounts(void);
/* Does what `spared` does for this process and its children. 0; -errno: it is not permitted to. */
int sk_spare_process(void);

/*
 * Descriptor of a listener of this duty by its name; -1 when it was not opened. Stays main's: do not close
 * it.
 */
int sk_duty_listener(const struct sk_duty_ctx *ctx, const char *name);
/* Tells main that the duty serves. Once; calling it again does nothing. */
void sk_duty_ready(const struct sk_duty_ctx *ctx);
/*
 * Makes a loop that stops with 0 on SIGTERM, SIGINT and on main's death, and calls `on_hup` (may be NULL) on
 * SIGHUP. What it watches is released by sk_duty_loop_free().
 */
int sk_duty_loop(const struct sk_duty_ctx *ctx, void (*on_hup)(void *arg), void *arg, struct sk_loop **ret_loop);
struct sk_loop *sk_duty_loop_free(const struct sk_duty_ctx *ctx, struct sk_loop *loop);
