// SPDX-License-Identifier: GPL-3.0-or-later
/* The guard's duty: the shared memory made in main, and the pair started in a process of its own. */
#include <stdio.h>
#include <string.h>

#include "lockdown/clerk/clerk.h"
#include "lockdown/guard/keeper.h"
#include "lockdown/kernel/lsm.h"
#include "lockdown/window/window.h"
#include "os/file.h"

/* Made in main before any duty is forked, so that all of them map the same. */
static struct lk_shared *shared;

const char *const lk_guard_duty_calls[] = {"fanotify_init", "fanotify_mark", "inotify_init1", "inotify_add_watch", "ioctl", "mlockall",
					   "sched_setscheduler", "setpriority", "prctl", "bpf", "open_by_handle_at", NULL};

static const char *cgroup_setting;

/* Agents of other roots may run beside us (tests): each has its own folder. */
static void name_pins(const char *root, char *out, size_t size)
{
	uint32_t mark = 2166136261u;

	for (const char *at = root; *at; at++)
		mark = (mark ^ (uint8_t)*at) * 16777619u;
	if (!strcmp(root, "/"))
		snprintf(out, size, "/sys/fs/bpf/sekisho");
	else
		snprintf(out, size, "/sys/fs/bpf/sekisho-%08x", mark);
}

int lk_guard_duty_prepare(const struct sk_duty_ctx *ctx, uid_t uid, gid_t gid)
{
	char pins[64], interpreters[256];
	int r;

	(void)uid;
	(void)gid;
	if (shared)
		return 0;
	r = lk_window_prepare();
	if (!r)
		r = lk_shared_new(&shared);
	if (r)
		return r;
	snprintf(shared->kernel.cgroup, sizeof shared->kernel.cgroup, "%s", cgroup_setting ? cgroup_setting : "");
	name_pins(ctx->root, pins, sizeof pins);
	snprintf(interpreters, sizeof interpreters, "%s/etc/sekisho/interpreters", strcmp(ctx->root, "/") ? ctx->root : "");
	lk_kernel_interpreters(interpreters);
	lk_kernel_load(shared, pins);
	return 0;
}

void lk_guard_duty_cgroup(const char *cgroup)
{
	cgroup_setting = cgroup;
}

void lk_guard_duty_end(void)
{
	if (shared)
		lk_kernel_unload(shared);
}

int lk_guard_duty_run(const struct sk_duty_ctx *ctx)
{
	sk_duty_ready(ctx);
	return lk_pair_main(shared);
}

void lk_duty_leave(void)
{
	lk_kernel_leave();
	lk_window_leave();
	lk_shared_free(shared);
	shared = NULL;
}

struct lk_shared *lk_duty_shared(void)
{
	return shared;
}

int lk_clerk_duty_prepare(const struct sk_duty_ctx *ctx, uid_t uid, gid_t gid)
{
	char pins[64];
	int r = sk_dir_make(ctx->root_dir, LOCKDOWN_FOLDER, uid, gid, 0700);

	if (!r)
		r = sk_dir_make(ctx->root_dir, LOCKDOWN_POLICY, uid, gid, 0700);
	if (!r)
		r = sk_dir_make(ctx->root_dir, LOCKDOWN_PASSES, uid, gid, 0700);
	if (!r && shared) { /* all folders of ours are there now */
		name_pins(ctx->root, pins, sizeof pins);
		lk_lsm_begin(shared, ctx->root, pins);
	}
	return r;
}
