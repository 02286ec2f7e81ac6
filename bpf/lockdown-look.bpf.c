// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lockdown-map.bpf.c with a second look at what was really mapped: for kernels that have bpf_task_work (6.18). An object of its own, because a kernel without it
 * refuses the whole object.
 */
#include <linux/types.h>

/* As the kernel calls it: it looks for this name in a map's values. */
struct bpf_task_work {
	__u64 __opaque;
} __attribute__((aligned(8)));

#define SK_SECOND_LOOK
#define SK_CASTS
#define SK_TRACE_MAP sk_trace_look
#include "lockdown-map.bpf.c"
