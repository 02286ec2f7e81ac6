// SPDX-License-Identifier: GPL-3.0-or-later
/* The guard's duty: the shared memory made in main, and the pair started in a process of its own. */
#include "lockdown/clerk.h"
#include "lockdown/keeper.h"
#include "os/file.h"

/* Made in main before any duty is forked, so that all of them map the same. */
static struct lk_shared *shared;

const char *const lk_guard_duty_calls[] = {"fanotify_init", "fanotify_mark", "inotify_init1", "inotify_add_watch", "ioctl", "mlockall",
					   "sched_setscheduler", "setpriority", "prctl", NULL};

int lk_guard_duty_prepare(const struct sk_duty_ctx *ctx, uid_t uid, gid_t gid)
{
	(void)ctx;
	(void)uid;
	(void)gid;
	return shared ? 0 : lk_shared_new(&shared);
}

int lk_guard_duty_run(const struct sk_duty_ctx *ctx)
{
	sk_duty_ready(ctx);
	return lk_pair_main(shared);
}

struct lk_shared *lk_duty_shared(void)
{
	return shared;
}

int lk_clerk_duty_prepare(const struct sk_duty_ctx *ctx, uid_t uid, gid_t gid)
{
	int r = sk_dir_make(ctx->root_dir, LOCKDOWN_FOLDER, uid, gid, 0700);

	return r ? r : sk_dir_make(ctx->root_dir, LOCKDOWN_POLICY, uid, gid, 0700);
}
