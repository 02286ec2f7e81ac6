/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lockdown's kernel side and its user space say to each other: the layout of every map. Included by both, so it has fixed sizes, no pointers and no
 * includes beyond the kernel's own types. A device is the kernel's number (major << 20 | minor); times are CLOCK_MONOTONIC nanoseconds.
 *
 *   sk_orders    one entry: whom it acts upon, what to do, the guard's last sign of life          written by user space
 *   sk_known     inode -> what it was when it was judged known; counts only while it is the same  written by user space
 *   sk_permits   process and inode -> runs once or for a while, though it may not be remembered    written by user space
 *   sk_records   ring buffer: what was stopped, or would have been                                 written by the kernel side
 *   sk_counts    per processor: what was looked at                                                 written by the kernel side
 */
#pragma once

#include <linux/types.h>

enum {
	SK_KNOWN_MAX = 1 << 18,
	SK_PERMITS_MAX = 1 << 13,
	SK_RECORDS_BYTES = 1 << 18,
	SK_OURS = 16,
	SK_WATCHED = 16,
	SK_MAP_IDS = 24,
	SK_ORIGINS = 4096,          /* threads in one piece of sk_origins */
	SK_ORIGINS_MAX = 1 << 22,   /* numbers that there are for threads (PID_MAX_LIMIT); made for as many as the machine gives */
	SK_COMM = 16,
	SK_FILE_NAME = 64,
};

/* Whom the kernel side acts upon. Nobody else is ever looked at twice. */
enum sk_subject { SK_SUBJECT_NONE, SK_SUBJECT_MACHINE, SK_SUBJECT_CGROUP };

enum sk_what {
	SK_DO_ENFORCE = 1,      /* else nothing is stopped, only recorded */
	SK_DO_FAIL_DENY = 2,    /* when the guard is silent, the unknown is stopped; else it goes on, and is recorded */
	SK_DO_MEMORY_DENY = 4,  /* memory that is executable and no unchanged file */
	SK_DO_RECORD = 8,       /* records are wanted at all */
	SK_DO_PROTECT = 16,     /* known files may not be changed (tier A) */
	SK_DO_MODULES_LISTED = 32, /* only known kernel modules (tier A) */
	SK_DO_MODULES_DENY = 64,
	SK_DO_MOUNTS_DENY = 128,   /* no new mounts by the subject (tier A) */
	SK_DO_SCRIPTS = 256,       /* interpreters are restricted */
	SK_DO_MAPS = 1024,         /* executable mappings are stopped as well: what is in use was judged by now */
	SK_DO_NOT_MAPS = 2048,     /* the policy lists no library, so it was made without looking at them: mapped files are not judged */
	SK_DO_SELF = 512,          /* the agent may not be stopped, traced or replaced (tier A) */
};

struct sk_orders {
	__u32 subject;     /* enum sk_subject */
	__u32 what;        /* enum sk_what */
	__u64 cgroup;      /* id of the subject's cgroup */
	__u32 level;       /* its depth below the root, which has 0 */
	__u32 epoch;       /* entries of another epoch count for nothing */
	__u64 beat_ns;     /* the guard's last sign of life */
	__u64 stale_ns;    /* after so long without one it is silent; 0 = never */
	__u64 serial;      /* of the policy */
	__u32 pid_space;   /* inode number of the guard's pid namespace: permits count process ids in it */
	__u32 unused;
	__u32 ours[SK_OURS]; /* our own processes (pid_space), which nothing here stops; 0 = none */
	__u32 watched[SK_WATCHED]; /* more of ours: not spared when they execute, but what is done to them is told. Places: enum sk_role - SK_ROLE_MAIN */
	__u32 map_ids[SK_MAP_IDS]; /* the kernel's numbers of these maps; 0 = none */
	__u32 strays;              /* written by the kernel side: a subject has left its cgroup */
	__u32 scripts_since;       /* counts how often the programs that watch interpreters were detached: older marks of tasks count for nothing */
};

/* Which of the agent's processes something was done to: its place in `ours`, then in `watched`. */
enum sk_role { SK_ROLE_NONE, SK_ROLE_GUARD, SK_ROLE_KEEPER, SK_ROLE_MAIN = SK_OURS + 1, SK_ROLE_CLERK };

/* Of NOTICED, beside signals and paths: how it was done. */
enum sk_notice { SK_NOTICE_NONE, SK_NOTICE_TRACED, SK_NOTICE_DESCRIPTOR, SK_NOTICE_MEMORY, SK_NOTICE_MAP };

/* What a known file may be used as. Bits; of the policy's entry. */
enum sk_as {
	SK_AS_PROGRAM = 1,
	SK_AS_LIBRARY = 2,
	SK_AS_SCRIPT = 4,
	SK_AS_MODULE = 8,
	SK_AS_INTERPRETER = 16, /* its arguments are looked at */
	SK_AS_JIT = 32,         /* may make executable memory */
	SK_AS_UPDATER = 64,     /* what it writes becomes known, in a maintenance window */
};

struct sk_file_key {
	__u32 device;
	__u32 unused;
	__u64 inode;
};

/* In force only when all of it is equal, and nobody has the file open or mapped for writing. */
struct sk_known {
	__s64 changed_s;
	__u64 size;
	__u32 changed_ns;
	__u32 generation;
	__u32 has_generation; /* 0: this file system tells user space none */
	__u32 kinds;
	__u32 epoch;
	__u32 entry;          /* of the policy; for whoever shows it */
	__u8 hash[32];
};

struct sk_permit_key {
	__u32 process; /* thread group, counted in pid_space */
	__u32 device;
	__u64 inode;
};

struct sk_permit {
	__u64 until_ns;
	__s64 changed_s;
	__u64 size;
	__u32 changed_ns;
	__u32 kinds;
	__u32 epoch;
	__u32 keep; /* not used up by the first use: a library is mapped in several pieces */
	__u32 deny; /* the guard looked, and it is not known: whoever is held for it is stopped */
	__u32 used; /* it was for one use, which took place. What it says of the content stays true */
	__u8 hash[32]; /* zeros: not told */
	__u64 program_inode; /* of an answer about what an interpreter is given (SK_ASKED_CALL): the program that the loader is given */
	__u32 program_device;
	__u32 restricted;    /* and whether that is an interpreter */
};

/* The place of such an answer among the permits: a process has one. No file is there. */
#define SK_ASKED_CALL 0xffffffffu

/* By which road code came to run. User space has the attack class of each. */
enum sk_road {
	SK_ROAD_NONE,
	SK_ROAD_EXEC_FILE,       /* a file on a known kind of file system */
	SK_ROAD_EXEC_MEMFD,
	SK_ROAD_EXEC_DELETED,
	SK_ROAD_EXEC_OVERLAY,
	SK_ROAD_EXEC_ELSEWHERE,  /* a file system made in a user namespace */
	SK_ROAD_EXEC_LOADER,     /* the program is known, the loader it was started with is not */
	SK_ROAD_MAP_FILE,        /* a library, or a program that the loader was given */
	SK_ROAD_MEM_ANONYMOUS,
	SK_ROAD_MEM_CHANGED,     /* made executable after it was writable */
	SK_ROAD_MEM_SHARED,
	SK_ROAD_SCRIPT_INLINE,
	SK_ROAD_SCRIPT_STDIN,
	SK_ROAD_SCRIPT_OPERAND,
	SK_ROAD_SCRIPT_ENVIRONMENT,
	SK_ROAD_SCRIPT_MODULE,
	SK_ROAD_PTRACE,
	SK_ROAD_PROC_MEM,
	SK_ROAD_PROCESS_VM,
	SK_ROAD_MODULE,
	SK_ROAD_KEXEC,
	SK_ROAD_BPF,
	SK_ROAD_MOUNT,
	SK_ROAD_FILE_WRITE,
	SK_ROAD_FILE_RENAME,
	SK_ROAD_FILE_ATTRIBUTE,
	SK_ROAD_FILE_LINK,
	SK_ROAD_AGENT_SIGNAL,
	SK_ROAD_AGENT_TRACE,
	SK_ROAD_AGENT_FILE,
	SK_ROAD_AGENT_UNLOAD,
	SK_ROAD_AGENT_STARVE,
	SK_ROAD_DEVICE,
	SK_ROAD_BINFMT,
	SK_ROADS
};

enum sk_verdict {
	SK_VERDICT_NONE,
	SK_VERDICT_WOULD,   /* would have been stopped, in mode enforce */
	SK_VERDICT_KILLED,
	SK_VERDICT_DENIED,  /* with EPERM, by an LSM program */
	SK_VERDICT_ASKED,   /* not a verdict yet: it is held, and the guard is asked (sk_permits) */
	SK_VERDICT_FAILURE, /* went on because the guard is silent and the failure setting says so */
	SK_VERDICT_NOTICED, /* done to the agent, and cannot be stopped: told */
};

/* Why the file was not known. */
enum sk_reason {
	SK_REASON_NONE,
	SK_REASON_UNLISTED,  /* not in the map */
	SK_REASON_CHANGED,   /* in the map, but it is another by now */
	SK_REASON_WRITER,    /* somebody has it open or mapped for writing */
	SK_REASON_EPOCH,     /* judged under orders that no longer count */
	SK_REASON_NO_FILE,   /* memory that no file stands behind */
	SK_REASON_KIND,      /* known, but not for this use */
};

struct sk_record {
	__u64 time_ns;
	__u32 road, verdict, reason;
	__u32 process;  /* counted in pid_space; 0 = not visible there */
	__u32 parent;
	__u32 uid;
	__u32 device;
	__u32 kinds;
	__u64 inode;
	__u64 size;
	__u64 address;  /* of the mapping */
	__s64 changed_s;
	__u32 changed_ns;
	__u32 victim;   /* one of the agent's processes (pid_space) that it was done to; 0 = none */
	__u32 role;     /* enum sk_role of it */
	__u32 detail;   /* a signal, or enum sk_notice */
	__u64 serial;
	char comm[SK_COMM];
	char parent_comm[SK_COMM];
	char name[SK_FILE_NAME]; /* last part of the path */
};

/* By the number of a thread: it came from the subject's cgroup. */
struct sk_origins {
	__u8 came[SK_ORIGINS];
};

enum sk_count {
	SK_COUNT_EXECS,    /* of subjects */
	SK_COUNT_MAPS,     /* executable mappings of subjects */
	SK_COUNT_KNOWN,
	SK_COUNT_PERMITTED,
	SK_COUNT_STOPPED,
	SK_COUNT_WOULD,
	SK_COUNT_FAILURE,
	SK_COUNT_LOST,     /* records without room */
	SK_COUNT_UNSURE,   /* looks that could not be made */
	SK_COUNTS
};
