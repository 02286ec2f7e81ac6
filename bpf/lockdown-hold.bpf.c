// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lockdown-trace.bpf.c with a question to the guard about what would be stopped: for kernels that have bpf_task_work (6.18). An object of its own, because a kernel
 * without it refuses the whole object.
 */
#include <linux/types.h>

/* As the kernel calls it: it looks for this name in a map's values. */
struct bpf_task_work {
	__u64 __opaque;
} __attribute__((aligned(8)));

#define SK_HOLD
#define SK_CASTS
#define SK_TRACE_EXEC sk_hold_exec
#include "lockdown-trace.bpf.c"
