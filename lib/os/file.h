// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Files below a directory that the path cannot leave, and writing that survives a power cut.
 *
 * `dir` is a directory descriptor (sk_dir_open), `path` is relative to it; a leading '/' means the same
 * directory. No part of the path may be a symbolic link, so neither ".." nor a link planted by a less
 * privileged user leads elsewhere (openat2 with RESOLVE_IN_ROOT and RESOLVE_NO_SYMLINKS; kernels before 5.6:
 * component by component with O_NOFOLLOW).
 *
 * Results: 0; SK_NONE no such file; SK_DENIED the path meets a symbolic link or would leave the directory;
 * SK_FULL over the stated maximum; negative anything else. `point` names the place for failure injection
 * (os/point.h).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

/*
 * The directory ROOT/PATH. ROOT is our own --root and may go through links; PATH ("var/lib/sekisho", "" for
 * the root itself) may not. O_PATH is not used: the descriptor can be read and fsynced.
 */
int sk_dir_open(const char *root, const char *path, int *ret_dir);

/* open(2) flags; O_CLOEXEC is always added. */
int sk_open_in(int dir, const char *path, int flags, mode_t mode, int *ret_fd);
/*
 * Appends the whole regular file to `buf`; SK_FULL when it has more than `max` bytes or the buffer's maximum
 * is passed.
 */
int sk_file_read(int dir, const char *path, size_t max, struct sk_buf *buf);
/*
 * Atomic and durable: temporary name beside it, write, fsync, rename, fsync of the folder. Readers see the
 * old or the new content, never a mixture; after 0 the new one survives a power cut; on failure the old one
 * stands and the temporary name is gone. Passes `point` twice: at the write and at the fsync.
 */
int sk_file_replace(const char *point, int dir, const char *path, const void *data, size_t size, mode_t mode);
/* Removes one file durably; SK_NONE when there was none. */
int sk_file_remove(int dir, const char *path);
/*
 * Makes the folder; missing parents get mode 0755 and our own owner. Owner and mode of the last part are set
 * even when it existed. -1 keeps an id.
 */
int sk_dir_make(int dir, const char *path, uid_t uid, gid_t gid, mode_t mode);
int sk_dir_sync(int dir, const char *path);
/* Bytes free for unprivileged users on the file system of `dir`. */
int sk_dir_free_bytes(int dir, uint64_t *ret_bytes);

/*
 * Writes all of it, going on after short writes and EINTR. 0 or -errno (ENOSPC, EDQUOT, EIO ... logged once
 * by the caller's caller: not here).
 */
int sk_fd_write(const char *point, int fd, const void *data, size_t size);
int sk_fd_pwrite(const char *point, int fd, const void *data, size_t size, uint64_t offset);
/*
 * fdatasync. After a failure the written pages may be gone: the caller must not retry as if nothing happened.
 */
int sk_fd_sync(const char *point, int fd);
/* Reads until `size` bytes or the end; *ret_size says how many. 0 or -errno. */
int sk_fd_pread(int fd, void *data, size_t size, uint64_t offset, size_t *ret_size);
