// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The two duties of lockdown, for the agent's process table. List `guard` before `lockdown`: its prepare makes the memory they share.
 *
 *   guard     the pair that answers the kernel (guard.h, keeper.h). Root, because event descriptors and other processes' /proc are;
 *             no file descriptors of foreign origin but the kernel's, no socket, no parser.
 *   lockdown  the clerk (clerk.h): policy, control socket, events. Holds no group and answers no event: it may die at any time.
 */
#pragma once

#include "os/proc.h"

#define LOCKDOWN_FOLDER "var/lib/sekisho/lockdown"
#define LOCKDOWN_POLICY "var/lib/sekisho/policy"
#define LOCKDOWN_PASSES LOCKDOWN_POLICY "/passes"

int lk_guard_duty_prepare(const struct sk_duty_ctx *ctx, uid_t uid, gid_t gid);
/* Where the kernel side acts: setting lockdown.cgroup ("" = nowhere but by scope). Before the duties are prepared. */
void lk_guard_duty_cgroup(const char *cgroup);
/* In main, after the duties have ended in order: takes the kernel side out of the kernel. */
void lk_guard_duty_end(void);
/* In a process of another duty: what it inherited of lockdown's memory (orders, lists, what the kernel side goes by) is not its business any more. */
void lk_duty_leave(void);
extern int lk_kernel_inherited[];
int lk_guard_duty_run(const struct sk_duty_ctx *ctx);
extern const char *const lk_guard_duty_calls[];

int lk_clerk_duty_prepare(const struct sk_duty_ctx *ctx, uid_t uid, gid_t gid);
int lk_clerk_duty_run(const struct sk_duty_ctx *ctx);
extern const struct sk_land_rule lk_clerk_duty_land[];
extern const struct sk_listener lk_clerk_duty_listeners[];
extern const char *const lk_clerk_duty_calls[];

/* The rows, so that the agent's table need not know them. CAP_* from <linux/capability.h>. */
#define LK_GUARD_DUTY                                                                                                                  \
	{.name = "guard", .as_root = true, .any_file = true, .fork = true, .survives_main = true, .spared = true, .max_files = 1024, .inherits = lk_kernel_inherited, \
	 .caps = SK_CAP(CAP_SYS_ADMIN) | SK_CAP(CAP_DAC_READ_SEARCH) | SK_CAP(CAP_SYS_PTRACE) | SK_CAP(CAP_LEASE) | SK_CAP(CAP_SYS_NICE) | \
		 SK_CAP(CAP_IPC_LOCK),                                                                                               \
	 .syscalls = lk_guard_duty_calls, .prepare = lk_guard_duty_prepare, .run = lk_guard_duty_run}
#define LK_CLERK_DUTY                                                                                                                  \
	{.name = "lockdown", .as_root = true, .max_files = 256, .caps = SK_CAP(CAP_DAC_READ_SEARCH), .land = lk_clerk_duty_land,       \
	 .listeners = lk_clerk_duty_listeners, .syscalls = lk_clerk_duty_calls, .prepare = lk_clerk_duty_prepare, .run = lk_clerk_duty_run}
