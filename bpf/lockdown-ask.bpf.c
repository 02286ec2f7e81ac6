// SPDX-License-Identifier: GPL-2.0-or-later
/* lockdown-interp.bpf.c, and the guard is asked (lockdown-ask.h): for kernels that have bpf_task_work (6.18). An object of its own, because a kernel without it refuses the whole object. */
#include <linux/types.h>

/* As the kernel calls it: it looks for this name in a map's values. */
struct bpf_task_work {
	__u64 __opaque;
} __attribute__((aligned(8)));

#define SK_ASK
#define SK_CASTS
#define SK_SCRIPT_EXEC sk_ask_exec
#define SK_SCRIPT_FORK sk_ask_fork
#define SK_SCRIPT_READ sk_ask_read
#include "lockdown-interp.bpf.c"
