// SPDX-License-Identifier: GPL-3.0-or-later
/* Unix sockets in ROOT/run/sekisho: making them, reaching them, and knowing who is at the other end. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/*
 * A connected, non-blocking stream socket to ROOT/run/sekisho/NAME. 0; SK_NONE: nobody listens (no such
 * socket, or a dead one); SK_DENIED: no permission; SK_AGAIN: the listener's backlog is full; -errno. Roots
 * longer than a socket address work.
 */
int sk_peer_connect(const char *root, const char *name, int *ret_fd);
/*
 * Listens on NAME in the folder `dir` (replacing a stale socket), owned by uid:gid (-1 stays), mode.
 * Non-blocking, backlog 128.
 */
int sk_peer_listen(int dir, const char *name, uid_t uid, gid_t gid, mode_t mode, int *ret_fd);
/*
 * "127.0.0.1:8443", "[::1]:8443", "0.0.0.0:0". Non-blocking. 0; SK_BAD: not an address; -errno (EADDRINUSE
 * ...).
 */
int sk_tcp_listen(const char *address, int *ret_fd);
/* Port of a listening socket; 0 when it is not an internet socket. */
unsigned sk_tcp_port(int fd);

/* uid at the other end of a unix socket, as the kernel recorded it at connect. 0 or -errno. */
int sk_peer_uid(int fd, uid_t *ret_uid);

/*
 * Roles: "root", and the name of each duty of the process table (set by sk_proc_run, inherited by the
 * duties). In developer mode (not root) our own uid has every role.
 */
bool sk_role_is(uid_t uid, const char *role);
/* The first role of this uid ("root" in developer mode); NULL: a stranger. */
const char *sk_role_of(uid_t uid);
void sk_role_add(const char *role, uid_t uid); /* at most 16; for tests and programs without a process table */
