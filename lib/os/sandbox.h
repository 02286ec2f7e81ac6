// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Making a process smaller: user, capabilities, limits, Landlock, seccomp. Used by the process table for each
 * duty, and by tools that sandbox themselves. One way: nothing here can be undone. Call it single-threaded,
 * before foreign input is read.
 *
 * Not root: the user and the bounding set stay as they are (developer mode, said once); everything else still
 * applies. A kernel without Landlock or seccomp: reported through `ret_reduced` and logged as a warning,
 * never silently.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Bit of a CAP_* constant. */
#define SK_CAP(number) (UINT64_C(1) << (number))

enum {
	SK_LAND_READ = 1,  /* files and folders below can be opened for reading */
	SK_LAND_WRITE = 2, /* and written, made, renamed, removed */
	SK_LAND_EXEC = 4,
	SK_LAND_HOST = 8,  /* `path` is absolute on the machine, not below the root */
};

struct sk_land_rule {
	const char *path; /* file or folder; one that does not exist is skipped (debug log) */
	unsigned access;
};

enum sk_syscall_refusal {
	SK_REFUSE_TRAP,  /* default: "duty: system call N is not allowed" to standard error, then exit SK_EXIT_SYSCALL */
	SK_REFUSE_ERRNO, /* the call fails with EPERM */
	SK_REFUSE_KILL,  /* SIGSYS kills the process; nothing is printed, the audit log names it */
};

enum { SK_EXIT_SYSCALL = 159 };

/* Reductions that could not be made on this machine. */
enum { SK_REDUCED_LANDLOCK = 1, SK_REDUCED_SECCOMP = 2, SK_REDUCED_USER = 4 };

struct sk_sandbox {
	const char *name;                 /* for messages */
	const char *root;                 /* where the relative Landlock paths start; NULL = "/" */
	uid_t uid;                        /* (uid_t)-1 stays */
	gid_t gid;                        /* (gid_t)-1 stays */
	uint64_t caps;                    /* SK_CAP() bits kept in the permitted and effective sets; 0 = none */
	const char *const *syscalls;      /* names allowed beyond the base list, NULL at the end; NULL = none. An unknown name is an error */
	const struct sk_land_rule *land;  /* path NULL at the end; NULL = no file at all */
	/*
	 * No Landlock. For who is handed descriptors that the kernel opens in its name below mounts of other namespaces (fanotify):
	 * a path that meets none of its rules there would be refused. Files are then guarded by capabilities and system calls alone.
	 */
	bool any_file;
	bool net;                         /* may make IPv4 and IPv6 sockets and connect; otherwise unix sockets alone (listeners given to it still work) */
	bool uevents;                     /* may make the netlink socket by which the kernel tells of devices; nothing else of netlink */
	bool fork;                        /* may fork and clone processes; threads are always allowed */
	unsigned max_files;               /* RLIMIT_NOFILE; 0 = 1024 */
	enum sk_syscall_refusal refusal;
	int last_words;                   /* descriptor that gets the refused call's number (5 bytes: 'S', u32), or -1 (0 counts as -1) */
};

/*
 * Applies everything in this order: limits, groups and user, capabilities, no_new_privs, Landlock, seccomp. 0
 * or -errno: a process that gets an error must exit. `ret_reduced` may be NULL.
 */
int sk_sandbox_enter(const struct sk_sandbox *sandbox, unsigned *ret_reduced);

/*
 * Name or number of a user; its primary group (a bare number without an account gets the same number as its
 * group). 0, SK_NONE.
 */
int sk_user_find(const char *user, uid_t *ret_uid, gid_t *ret_gid);
/*
 * First thing in main(). In a static binary: users and hosts come from files and DNS alone, because the machine's other modules for names were built for
 * another C library than ours. Elsewhere: nothing.
 */
void sk_names_begin(void);
/*
 * The steps, for sk_sandbox_enter(): Landlock (the rule set is opened while we still may see the paths, and
 * put on later) and seccomp. sk_landlock_open: 0, SK_NONE this kernel has none, -errno.
 */
int sk_landlock_open(const struct sk_sandbox *sandbox, int *ret_ruleset);
int sk_landlock_enter(int ruleset);
/* 0; SK_NONE: this kernel has no filters (before Linux 3.5); -errno. */
int sk_seccomp_enter(const struct sk_sandbox *sandbox);
/* Highest Landlock ABI of this kernel, 0 = none. */
int sk_landlock_abi(void);
