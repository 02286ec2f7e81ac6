/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the programs of tier A (lockdown-lsm.bpf.c) share with who loads them (agent/lockdown/kernel/lsm.c), beside what stands in lockdown.h. Everything here is
 * plain numbers; keys of files are the kernel's own (super block's device, never stat's).
 */
#pragma once

#include "lockdown.h"

enum { LSM_LIST_MAX = 1 << 17, LSM_PLACES_MAX = 1 << 16 };
#define LSM_PROGRAM (1ULL << 32)

/* What a file or folder is to self-protection and to mounts: bits of the value of `lsm_places`. */
enum {
	LSM_AGENT = 1,  /* a program whose processes are ours */
	LSM_OURS = 2,   /* a file of ours: configuration, unit, program */
	LSM_TREE = 4,   /* a folder of ours with all that is below: state, pins */
	LSM_HOLDS = 8,  /* a folder above a known file */
	LSM_OFFERER = 16, /* the program that brings signed objects */
	LSM_OFFERS = 32, /* a folder of ours where it may put them: what lies there is believed for its signature */
};

/* Of a file or folder; counts only for the file that had this number then. */
struct lsm_place {
	__u32 bits;
	__u32 generation;
};

/* lsm_self[0]: what only the clerk's signed objects decide, and what the kernel side found out. Times: CLOCK_BOOTTIME ns; 0 = not. */
struct lsm_self {
	__u64 released_until;    /* a signed release: the agent may be stopped, traced, replaced, unloaded */
	__u64 maintenance_until; /* a signed window: trusted updaters may write known files */
	__u32 maintenance;       /* counts the windows; never 0 while one is open */
	__u32 going_down;        /* process 1 has begun to end the machine */
	__u32 teacher;           /* process (as the guard counts them) whose openings fill lsm_places; 0 = none */
	__u32 lesson;            /* with these bits */
	__u32 list;              /* counts the changes of the allowlist */
	__u32 pokes;             /* what a tracer may write is looked at: so tracing may be permitted */
};

struct lsm_hash {
	__u8 sha256[32];
};

struct lsm_entry {
	__u32 kinds;  /* enum sk_as */
	__u32 number; /* of the entry in the policy */
};

/* Kept with an inode. */
struct lsm_judged {
	__s64 changed_s;
	__u64 size;
	__u32 changed_ns;
	__u32 epoch;   /* of orders and list; 0 = nothing is known */
	__u32 known;
	__u32 kinds;
};

/* Kept with a task: what its program is, where that is more than ordinary. */
struct lsm_task {
	__u32 kinds;    /* enum sk_as of its program */
	__u32 updating; /* a trusted updater is among its ancestors, in this maintenance (lsm_self.maintenance) */
	__u32 intended; /* kinds of the program that it is about to become */
};
