// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What older kernels lack, and what stands in for it. Found out by trying, at run time, by the same binary; nothing here is chosen by version.
 *
 *   lacking                        before  instead
 *   FAN_MARK_FILESYSTEM            4.20    marks on mounts: each that shows the file system, also in other mount namespaces (looked for once in LK_ELSEWHERE_US)
 *   FAN_OPEN_EXEC_PERM             5.0     FAN_OPEN_PERM: the kernel asks about every open. Answered at once unless the file is a regular one with an execute
 *                                          bit; then by content like an execution, and where that would be refused, it is asked whether it is one
 *   pidfd_open, EPOLLEXCLUSIVE     5.3     looking whether the process lives, every LK_OLDER_MS; more wakeups
 *   statx                          4.11    fstat
 *
 * No ignore marks: one on a file without an execute bit would still hold when it gets the bit. So opening data costs a question where FAN_OPEN_EXEC_PERM is
 * missing; docs/lockdown.md has the figure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lockdown/shared.h"

enum { LK_OLDER_MS = 50, LK_ELSEWHERE_US = 1000000 };

/* How a file system of the scope is guarded: the best that the kernel takes. */
enum lk_way {
	LK_WAY_SYSTEM,      /* filesystem mark, asked about executions */
	LK_WAY_SYSTEM_OPEN, /* filesystem mark, asked about every open */
	LK_WAY_MOUNT_OPEN,  /* mount marks, asked about every open */
	LK_WAYS
};
/* For people: "FAN_OPEN_EXEC_PERM on the file system", ... */
extern const char *const lk_way_names[LK_WAYS];

/* marks.c: the mark of the scope's file system, whose folder is `fd`. 0 and scope->way; or an errno. */
int lk_mark(struct lk_shared *shared, struct lk_scope *scope, int fd);
bool lk_is_marked(const struct lk_shared *shared, const struct lk_scope *scope, int fd);
void lk_unmark(const struct lk_shared *shared, const struct lk_scope *scope, int fd);
/* Marks what shows a file system of the scope beside its folder: other mounts, other namespaces. Only where marks are on mounts. */
void lk_mark_elsewhere(struct lk_shared *shared);
/* True when lk_mark_elsewhere() has something to do. */
bool lk_has_mount_marks(const struct lk_shared *shared);

/*
 * In meta.mask of a slot, by us: the kernel asked about an open because it cannot ask about an execution. lk_take_open() makes an execution's question of a
 * FAN_OPEN_PERM there; whoever reads a slot's mask first calls it. (Where the kernel can, FAN_OPEN_PERM is for the kernel side, and never refused.)
 */
#define LK_BY_OPEN (UINT64_C(1) << 62)
static inline void lk_take_open(const struct lk_shared *shared, struct lk_slot *slot)
{
	if (slot->meta.mask & FAN_OPEN_PERM && atomic_load_explicit(&shared->opens, memory_order_relaxed))
		slot->meta.mask = (slot->meta.mask & ~(uint64_t)FAN_OPEN_PERM) | FAN_OPEN_EXEC_PERM | LK_BY_OPEN;
}

/* Is the path a mount point of this namespace? */
bool lk_is_mount_point(const char *path);

/* The answer path, for what came by an open: surely no execution. Looks at the file alone, waits for nothing. */
bool lk_is_data(const struct lk_shared *shared, const struct lk_slot *slot);
/* Of a file with an execute bit: has it the beginning of something that the kernel executes? Reads from the file. */
bool lk_looks_executable(int fd);
/*
 * Is process `pid`, which waits for an answer about an open, executing? A kernel that holds a lock while it executes says so by making a look at
 * the process wait: a child looks, and is killed when it does not come back. Where it cannot be said: true. Takes up to 60 ms.
 */
bool lk_is_executing(int pid);
/* Its half that waits for the child: what it exits with; LK_HEARD_EXECUTION when it sleeps uninterruptibly, and is killed. */
enum { LK_HEARD_EXECUTION = 1, LK_HEARD_NONE = 2, LK_HEARD_UNCERTAIN = 3 };
int lk_hear(int child, uint64_t end_us);

/* A descriptor that becomes readable when the process ends, or (stand-in) when lk_process_look() finds it ended. -1: it has ended. */
int lk_process_watch(int pid);
/* To be called every LK_OLDER_MS where lk_process_needs_look(). */
bool lk_process_needs_look(void);
void lk_process_look(int fd, int pid);
