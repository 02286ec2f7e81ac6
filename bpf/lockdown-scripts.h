/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Restricted interpreters: what user space and the kernel side say to each other about them, beside bpf/lockdown.h. The rows of the table
 * (bpf/lockdown-argv.h) are in the map sk_rows.
 */
#pragma once

#include "lockdown-argv.h"

enum {
	SK_INTERPRETERS = 256, /* known files that are interpreters; a policy with more is refused */
	SK_CALLED = 160,       /* names by which a chooser is called */
	SK_EXEMPTIONS = 64,    /* as in lib/policy */
	SK_DATA = 64,          /* folders of data; as in lib/policy */
	SK_DEPTH = 32,         /* folders between a file and such a folder */
	SK_ANYBODY = 0xffffffff,
};

struct sk_interpreter {
	__u8 hash[32]; /* of its content: whatever it is called, it is the same interpreter */
	__u32 row;
	__u32 unused;
};

struct sk_called {
	__u64 name; /* sk_hash_byte() over it */
	__u32 row;
	__u32 unused;
};

struct sk_exemption {
	__u32 row;
	__u32 user;    /* SK_ANYBODY */
	__u64 script;  /* hash of the script's path as it is given; 0 = whatever it is given */
	__u8 hash[32]; /* of this file alone; zeros: of any with that row */
};

struct sk_folder {
	__u32 device, unused;
	__u64 inode;
};

/* Two of them: one is in force, the other is filled while a policy is carried over. */
struct sk_scripts {
	__u32 interpreters, called, exemptions, folders; /* how many */
	struct sk_interpreter interpreter[SK_INTERPRETERS];
	struct sk_called call[SK_CALLED];
	struct sk_exemption exemption[SK_EXEMPTIONS];
	struct sk_folder folder[SK_DATA];
	__u64 used[SK_EXEMPTIONS]; /* how often each exemption let something through */
	__s64 tai_ns;              /* how far CLOCK_TAI is ahead of CLOCK_REALTIME, in which change times are */
	__u32 now, unused;         /* of the first one: which is in force */
};

/* Kept with a task, and inherited by its children. */
struct sk_mark {
	__u32 restricted; /* reads known files and data alone */
	__u32 row;
	__u64 inode;      /* of the program that was judged: another interpreter may not be mapped into the process */
	__u32 device;
	__u32 given;      /* what it was given was looked at: what it reads beyond that it loads by itself */
	__u32 since;      /* scripts_since of the orders */
	__u32 unused;
	__u64 awaited;    /* hash of the name, without folders, of the script that it was given and has not read yet; 0 = none */
};
