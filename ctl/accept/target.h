// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What stands at the door: a folder, a block device or an image, and whose it is.
 *
 * Mounting happens in a mount namespace of this process alone: read-only, nodev, noexec, nosuid, without replaying a journal, and only file systems of
 * lib/medium's table. Nobody else sees it, and it is gone when the process ends, also when it is killed. An image's loop device is read-only and
 * clears itself.
 */
#pragma once

#include "base/diag.h"
#include "medium/medium.h"

struct accept_target {
	char path[4096];      /* folder or file to look at, absolute */
	bool mounted;         /* by us, at `path` */
	struct sk_medium medium; /* kind NONE when there is no block device behind it */
	char serial[160];     /* "0781:5581:4C53", "uuid:...", "sha256:..." of an image; "" = nothing that it could be bound to */
	char uuid[40];        /* of its file system; "" = none */
};

/* 0; SK_BAD with what to do; -errno (EPERM: not root; EBUSY: it is in use). Done with accept_target_done(), which unmounts. */
int accept_target_open(const char *name, bool mount_it, struct accept_target *ret_target, struct sk_diag *diag);
void accept_target_done(struct accept_target *target);
