// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Lockdown's kernel side, as user space sees it: loading the programs of bpf/, and writing what they go by (bpf/lockdown.h).
 *
 *   who            does
 *   main           lk_kernel_load(): makes the maps, loads and attaches each program by itself, pins all of it. It has the rights of root, the guard need not
 *   guard          tells the kernel side whom to act upon (lk_kernel_orders), what is known (lk_kernel_know), what it has just allowed
 *                  (lk_kernel_permit); reads its records (lk_kernel_read)
 *   keeper         lk_kernel_permit() in the guard's place; says in each of its looks that the pair lives (lk_kernel_beat)
 *   clerk          reads struct lk_kernel: tier, hooks, counts
 *
 * Map descriptors and the mapping of the orders are made before the processes are, and inherited. A build without libbpf or clang, and a kernel without BPF,
 * have none of it: then lk_kernel_on() is false, nothing here does anything, and fanotify stands alone (tier C).
 *
 * Whether a kernel can do something is found out by really loading and attaching it.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lockdown/guard/cache.h"

enum {
	LK_HOOKS = 64,
	LK_HOOK_NAME = 40,
	LK_LATER = 4,            /* programs that are attached when the policy needs them */
	LK_KERNEL_COUNTS = 16, /* enum sk_count of bpf/lockdown.h */
	LK_CGROUP = 512,
	LK_SILENT_US = 8000000, /* without one for so long, the guard is silent and the failure setting counts */
	LK_PERMIT_US = 10000000, /* an execution that was allowed takes place, or is given up, by then */
};

/* In struct lk_shared: what was loaded, for everybody to see. Written by main, and the counts by the guard. */
struct lk_kernel {
	uint32_t tier;       /* enum sk_tier of lib/event: by what is attached, not by what acts */
	uint32_t attached;   /* enum sk_hook bits of what is attached */
	uint32_t hook_count;
	struct {
		char name[LK_HOOK_NAME];
		int32_t error;   /* 0 attached; else errno */
		uint32_t bit;    /* enum sk_hook */
	} hooks[LK_HOOKS];
	_Atomic uint32_t failed; /* of `attached`: enum sk_hook bits of what could not be attached when it was needed */
	uint32_t later_settled;  /* hooks of those that the guard has decided about once */
	_Atomic uint32_t wanted; /* enum sk_subject of the orders: acts as soon as there is one */
	_Atomic uint32_t acting; /* enum sk_subject that it acts upon now */
	_Atomic uint64_t counts[LK_KERNEL_COUNTS];
	char cgroup[LK_CGROUP];  /* setting lockdown.cgroup: path below the cgroup2 mount; "" = none */
	bool contained;          /* we are in a container: others whom we cannot see run on this kernel */
};

struct lk_shared;
struct lk_orders;

/* Descriptors that a process which does the guard's work must inherit; -1 ends them. */
extern int lk_kernel_inherited[];

/*
 * `pins`: folder in a bpffs where links and maps outlive us; NULL = they end with the last process that has them. What an earlier life left there
 * goes. Never fails: what could not be attached stands in `hooks` with its error. Call it once, before any process of lockdown is made.
 */
void lk_kernel_load(struct lk_shared *shared, const char *pins);
/* In a duty that has nothing to do with lockdown: what the kernel side goes by is no longer in its memory. */
void lk_kernel_leave(void);
/* Before it: where the site's own interpreters are described. */
void lk_kernel_interpreters(const char *folder);
/* Detaches everything and removes the pins. */
void lk_kernel_unload(struct lk_shared *shared);
/* Is anything attached that goes by the maps? */
bool lk_kernel_on(const struct lk_shared *shared);
/* Does it act upon somebody, or will as soon as that somebody is there? Cheap. */
bool lk_kernel_acts(const struct lk_shared *shared);

/* The guard: carries the orders over; finds the cgroup anew. */
void lk_kernel_orders(struct lk_shared *shared, const struct lk_orders *orders);
/* Says that we live. True: whom to act upon is somebody else by now (the cgroup came, went, or was made anew), so the orders must be carried over again. */
bool lk_kernel_beat(struct lk_shared *shared);
/* Copies what the kernel side counted to struct lk_kernel. */
/* The guard's listener alone: records for which the kernel side found no room, since it was loaded. */
uint64_t lk_kernel_lost(const struct lk_shared *shared);
void lk_kernel_counts(struct lk_shared *shared);
/* One of our own processes, at a place of its own (0 .. 15): nothing stops it. */
void lk_kernel_ours(struct lk_shared *shared, unsigned place, uint32_t process);
/* Another one: what is done to it is told. Its place is its enum sk_role - SK_ROLE_MAIN. */
void lk_kernel_watch(struct lk_shared *shared, unsigned place, uint32_t process);
/* Has nobody else emptied what is known? lk_kernel_seal() puts the mark there that it looks for. */
bool lk_kernel_is_whole(const struct lk_shared *shared);
void lk_kernel_seal(struct lk_shared *shared);
/* All that is known is forgotten at once. */
void lk_kernel_forget_all(struct lk_shared *shared);
void lk_kernel_forget(struct lk_shared *shared, uint64_t device, uint64_t inode);
/* All files of a file system. */
void lk_kernel_forget_system(struct lk_shared *shared, uint64_t device);
/* `key` as lk_look() found it, of a file system whose verdicts may be remembered. False: not kept. */
bool lk_kernel_know(struct lk_shared *shared, const struct lk_key *key, const uint8_t hash[32], uint32_t kinds);
/* The process is about to use the file, and was allowed to; `keep`: more than once. `hash` may be NULL: then nobody knows what it is. */
void lk_kernel_permit(struct lk_shared *shared, uint32_t process, const struct lk_key *key, const uint8_t *hash, uint32_t kinds, bool keep);
/* Goes through what is known and forgets what `listed` does not say true for. Returns how many. */
unsigned lk_kernel_review(struct lk_shared *shared, bool (*listed)(void *arg, const uint8_t hash[32], uint32_t *kinds), void *arg);

struct sk_record;
/* What the kernel side asked about (SK_VERDICT_ASKED): `kinds` 0 refuses it. `hash` as above. */
void lk_kernel_answer(struct lk_shared *shared, const struct sk_record *asked, const uint8_t *hash, uint32_t kinds);
/* What it asked about the words of an interpreter (SK_ASKED_CALL). */
struct lk_call_answer {
	uint32_t refused_road;   /* enum sk_road; 0: it may go on */
	uint32_t program_device; /* the kernel's number; of the program that a loader was given, with `program_inode` 0 = none */
	uint64_t program_inode;
	bool restricted;         /* that program is a restricted interpreter */
};
void lk_kernel_answer_call(struct lk_shared *shared, uint32_t process, const struct lk_call_answer *answer);
/* The kernel's number of a device, which is not what stat(2) says. */
uint32_t lk_kernel_device(uint64_t device);
/* The guard: opens the ring of records (before its threads start). 0 or -errno. */
int lk_kernel_reader(void);
/* Waits up to `ms` for records and hands them to `each`. */
void lk_kernel_read(int ms, void (*each)(void *arg, const struct sk_record *record), void *arg);
