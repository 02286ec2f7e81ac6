// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Files that root wrote into a duty's folder (keys by `sekisho server init`, databases by `sekisho server restore`) become the duty's. Run by main, as
 * root, before the duty starts.
 */
#pragma once

#include <sys/types.h>

/* Owner and mode of every regular file directly in the folder; links and folders are left alone. 0 or -errno. */
int sk_folder_own(int root_dir, const char *folder, uid_t uid, gid_t gid, mode_t mode);
