// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The memory that the processes of lockdown share: guard, keeper and clerk. It is mapped once, before they are made, and outlives each of
 * them; whoever is killed leaves here what the others need to go on.
 *
 *   pending table   permission events that the kernel waits for (slot.h)         guard and keeper
 *   verdict cache   what was hashed and has not changed since (cache.h)          guard writes, keeper reads
 *   allowlist       two tables, one in force (list.h)                            clerk writes, guard and keeper read
 *   orders          mode, failure setting, file systems to mark                  clerk writes, guard reads
 *   records         what is to become an event (ring.h)                          guard and keeper write, clerk reads
 *   kernel side     tier, hooks, counts (kernel.h)                               main and guard write, everybody reads
 *   counters        what happened, and heartbeats                                everybody
 *
 * Times in here are CLOCK_MONOTONIC microseconds. Nothing in here is a pointer. The clerk is the only one that reads foreign input;
 * guard and keeper check every index that it wrote.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lockdown/guard/cache.h"
#include "lockdown/kernel/kernel.h"
#include "lockdown/list.h"
#include "lockdown/ring.h"
#include "lockdown/guard/slot.h"

enum {
	LK_GROUPS = 8,   /* fanotify groups: 0 for file systems on local disks, one each for what may hang (FUSE, network) */
	LK_SCOPE = 64,   /* file systems */
	LK_PATH = 1024,  /* bytes of a path here, with its zero; longer ones are cut */
	LK_FDS = 1024,   /* descriptors of the pair */
	LK_QUEUE = 64,   /* executions that wait to be hashed; more is overload */
	LK_QUEUE_APART = 16, /* of a group that may hang: all of these together leave room in the table for the others */
	LK_SLOTS_APART = 20, /* slots that such a group may have at all: what hangs when it is closed keeps its slot */
	LK_NAMES = 12 << 20, /* bytes of the policy's paths */
	LK_WORKERS = 4,  /* hash threads; at most half of them for one file system */
};

enum lk_mode { LK_OBSERVE, LK_LEARN, LK_ENFORCE, LK_SHADOW, LK_MODES }; /* as enum sk_mode of lib/policy */
enum lk_failure { LK_FAIL_ALLOW, LK_FAIL_DENY };    /* as enum sk_failure */
enum lk_overload { LK_OVERLOAD_FAILURE, LK_OVERLOAD_ALLOW, LK_OVERLOAD_DENY }; /* as enum sk_overload: FAILURE = as that setting says */

/* Why the failure setting (or more) had to answer. Each is counted. */
enum lk_trouble {
	LK_TROUBLE_NONE,
	LK_TROUBLE_OVERDUE,    /* the deadline passed without progress */
	LK_TROUBLE_OVERLOAD,   /* too many executions waited to be hashed */
	LK_TROUBLE_UNREADABLE, /* reading the file failed */
	LK_TROUBLE_WRITER,     /* it is open for writing: what would run is not what was hashed. Denied whatever the failure setting says */
	LK_TROUBLE_UNATTENDED, /* the guard was dead or stopped and the file was not in the verdict cache */
	LK_TROUBLE_HUGE,       /* too large to be judged in time. Whoever made it so must not gain by it: denied like WRITER */
	LK_TROUBLES
};

enum lk_wish { LK_WISH_NONE, LK_WISH_GUARD, LK_WISH_LEAVE };

/* One file system of the scope: what the clerk asks for, and what the guard made of it. */
struct lk_scope {
	char path[LK_PATH];          /* mount point */
	_Atomic uint32_t wish;       /* enum lk_wish */
	_Atomic int32_t error;       /* 0 marked; errno of the attempt; -1 not tried yet */
	_Atomic uint64_t device;     /* of stat(2); 0 = not known */
	_Atomic uint32_t type;       /* statfs magic */
	_Atomic uint32_t group;
	_Atomic uint32_t way;        /* enum lk_way of older.h */
	_Atomic bool cacheable;      /* verdicts of this file system may be remembered */
	_Atomic uint64_t image_device, image_inode; /* of the file behind a loop device; 0 = none */
	_Atomic int32_t nodes[2];    /* inotify watches on the device's node and on its whole disk's; 0 = none */
	_Atomic bool tainted;        /* its block device was written behind its back: nothing is remembered until it is mounted anew */
	_Atomic uint64_t marked_us;
};

/* What is enforced. Two of them; `shared->orders_now` says which counts. Immutable while it counts. */
struct lk_orders {
	uint32_t mode, failure;
	uint32_t overload; /* enum lk_overload: the answer when too many wait */
	uint64_t deadline_us;
	uint64_t serial;   /* of the policy */
	uint32_t subject;  /* enum sk_subject of bpf/lockdown.h: whom the kernel side acts upon */
	uint32_t kernel_what; /* enum sk_what, beyond what mode and failure say */
	uint32_t list_count; /* entries of the allowlist */
	uint64_t until_us;   /* lk_now_us() from which on the mode is `mode_then`, whether or not the clerk lives by then; 0 = never */
	uint32_t mode_then;
};

struct lk_group {
	_Atomic int32_t fan;         /* descriptor in the table that guard and keeper share; -1 = none */
	_Atomic uint32_t opened;     /* futex: 1 when there is one */
	_Atomic int32_t epoll;       /* the guard's reader waits here, first in line */
	_Atomic uint64_t turns;      /* how often the guard's reader came round */
	uint64_t turns_seen;         /* by the keeper */
	uint64_t waiting_us;         /* the keeper: since when the reader does not come although there is something to read; 0 = it does */
	bool serving;                /* the keeper reads in its place */
	int32_t helper;              /* process that does so for a group that may hang; 0 = none */
};

/* Descriptors that every life of guard and keeper needs; the rest of the table is swept when one of them died. */
struct lk_fds {
	_Atomic int32_t kick;         /* eventfd: something waits to be hashed, watch its deadline */
	_Atomic int32_t keeper_epoll; /* the keeper waits here: groups (second in line), kick, the guard's death */
	_Atomic int32_t moved;        /* fanotify, tells of changed attributes and names of files that are left alone; -1 = none */
	_Atomic int32_t nodes;        /* inotify, on the nodes of devices below guarded file systems */
	int32_t proc;                 /* the folder /proc, opened before the pair began */
	_Atomic int32_t scripts[LK_LATER]; /* links of the programs that watch restricted interpreters (kernel/attach.h); -1 = not attached */
	_Atomic int32_t keeper_signals, keeper_guard; /* the present keeper's own: closed by the guard when it dies */
	uint8_t kept[LK_FDS / 8];     /* what was open before the pair began */
};

struct lk_counters {
	_Atomic uint64_t events, hits, hashed, at_once, known, unknown, denied, would_deny, kept_out; /* kept_out: answers that were not remembered */
	_Atomic uint64_t trouble[LK_TROUBLES];
	_Atomic uint64_t by_keeper, lost_records, dropped, flushes;
	_Atomic uint64_t opens, left_alone, moved, folders, foreseen, asked; /* foresee.c */
	_Atomic uint64_t guard_starts, keeper_starts, guard_stalls;
};

/* Paths of the policy's files, each with its zero, for foresee.c. The clerk writes one half, then switches. */
struct lk_names {
	_Atomic uint32_t now;
	uint32_t size[2];
	char text[2][LK_NAMES];
};

struct lk_shared {
	_Atomic int32_t guard_pid, keeper_pid;
	_Atomic uint64_t guard_beat_us, keeper_beat_us;
	_Atomic uint32_t pairs;           /* how many pairs there were: more than the clerk knew of means that one died as a whole */
	uint32_t pairs_told;              /* of these the clerk has told */
	_Atomic uint64_t gone_us;         /* the last sign of life of the pair before; 0 = there was none */
	_Atomic uint32_t stopping;        /* orderly end: neither revives the other */
	uint64_t guard_born_us;
	uint32_t guard_haste;             /* how often in a row a guard died young */

	_Atomic uint64_t orders_count;    /* grows with every change; odd bit selects orders[] and lists[] */
	_Atomic uint64_t orders_carried;  /* the guard sets it to the orders_count that the kernel side goes by */
	_Atomic uint32_t orders_word;     /* futex: the orders changed */
	struct lk_orders orders[2];

	_Atomic uint32_t wanted;          /* futex: the clerk adds one after changing scope[] or when mounts changed */
	_Atomic bool opens;               /* FAN_OPEN_PERM asks in place of FAN_OPEN_EXEC_PERM (older.h) */
	_Atomic uint32_t applied;         /* the guard sets it to the `wanted` it carried out */
	_Atomic uint32_t scope_count;
	struct lk_scope scope[LK_SCOPE];

	struct lk_fds fds;
	struct lk_group groups[LK_GROUPS];
	struct lk_counters count;
	struct lk_slots slots;
	struct lk_cache cache;
	_Atomic uint32_t news;            /* futex: records were added */
	struct lk_ring rings[4];          /* by the guard's namer, by the keeper, by the census, by the kernel side's listener */
	struct lk_kernel kernel;
	_Atomic uint32_t foresee;         /* futex: names, marks or orders changed; folders are marked anew */
	_Atomic bool maps_ready;          /* folders are marked: executable mappings may be stopped */
	_Atomic bool ignore_exec;         /* everybody's executions are looked at again by the kernel side: known files need not ask */
	_Atomic bool ignore_always;       /* so a test says: only subjects execute there */
	_Atomic bool no_evictable;        /* this kernel's inode marks hold their inodes */
	struct lk_names names;
	_Atomic uint32_t census;          /* futex: the guard looks at what runs already when it grows */
	_Atomic uint32_t census_done;
	_Atomic uint64_t processes, restrained; /* of the scope, as the census counted them last; 0 = not yet */
	_Alignas(4096) struct lk_list lists[2]; /* whole pages, so that they can be given back */
};

/* Maps it, zeroed, shared with all later children. 0 or -errno. */
int lk_shared_new(struct lk_shared **ret_shared);
void lk_shared_free(struct lk_shared *shared);
/*
 * A whole new pair begins where another died with all its descriptors: nothing is pending, open or marked, nothing is remembered. Orders, scope,
 * counters and records stay.
 */
void lk_shared_renew(struct lk_shared *shared);

uint64_t lk_now_us(void);
/* Wakes everybody who waits for the word. */
void lk_wake(_Atomic uint32_t *word);
/* Waits while *word == seen, at most `us` (0 = for ever). */
void lk_wait(_Atomic uint32_t *word, uint32_t seen, uint64_t us);

/* A copy of the orders in force, taken without a lock, with the mode of this moment; *ret_count belongs to it. */
struct lk_orders lk_orders_get(const struct lk_shared *shared, uint64_t *ret_count);
/*
 * The clerk's side of the scope: these mount points and no others. Wakes the marker. SK_FULL when there are too many or one is too long.
 */
int lk_scope_put(struct lk_shared *shared, const char *const *paths, uint32_t count);
/*
 * The clerk's side: fills the other half (`orders` and the hashes), then switches. `hashes` is count * 32 bytes. SK_FULL when the list is
 * larger than LK_LIST_MAX. `kinds` (enum sk_as of bpf/lockdown.h) may be NULL: programs and libraries all of them.
 */
int lk_orders_put_kinds(struct lk_shared *shared, const struct lk_orders *orders, const uint8_t *hashes, const uint8_t *kinds, uint32_t count);
int lk_orders_put(struct lk_shared *shared, const struct lk_orders *orders, const uint8_t *hashes, uint32_t count);

/* The clerk: these files will be needed. `name` gives each, or a folder with a slash at its end; what is no absolute path is left out, as is what is over LK_NAMES bytes. */
void lk_names_put(struct lk_shared *shared, const char *(*name)(const void *arg, uint32_t index), const void *arg, uint32_t count);

static inline void lk_add(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}
