// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The io duty: moves frames between the ports' AF_XDP sockets and the engine, and shows the kernel side that it lives.
 *
 * main prepares everything as root and keeps it: sockets, rings, memory, bells, what is known of each chunk. gw_io_run() is the body of a duty that has no
 * files, no capabilities and no state of its own: an outer process that waits, and an inner one that moves frames. When the inner one dies or hangs, the outer one has
 * another in its place within a millisecond (dead) or two beats (hung), which finds in memory what the last one left at which step, and loses no frame. When both
 * die, main starts the duty again; until then the kernel side sees no beat and lets everything on, or drops it, by each conduit's failure setting.
 */
#pragma once

#include <stdint.h>

#include "wire/kernel.h"
#include "wire/ports.h"
#include "wire/share.h"

struct gw_io;

struct gw_io_setup {
	struct gw_kernel *kernel;  /* pairs are attached */
	const struct gw_pair *pairs; /* pair i has slots 2 * i and 2 * i + 1 */
	uint32_t pair_count;
	uint32_t spin_us;          /* how long it looks for more before it sleeps; costs processor time, saves a wake-up */
	int priority;              /* real-time priority; 0 = none. Not permitted: told, and done without */
};

/*
 * SK_NONE: this kernel has no AF_XDP, or the driver of a port does not take part; it was logged. Then there is zone policy and nothing else: conduits that ask
 * for inspection are handled by their failure setting. -errno.
 */
int gw_io_prepare(const struct gw_io_setup *setup, struct gw_io **ret_io);
/* Sockets are taken out of the kernel side first: from then on nothing comes to io. */
struct gw_io *gw_io_free(struct gw_io *io);
/* In a duty that is not io: what fork() put into its memory goes, so that nothing there can touch a ring, a chunk or the book of them. */
void gw_io_leave(struct gw_io *io);
/* Descriptor of the i-th socket, for who inherits them; -1 behind the last. */
int gw_io_socket_fd(const struct gw_io *io, uint32_t i);
/* What gw_lend_new() needs. They belong to io. */
void gw_io_engine_fds(const struct gw_io *io, int *ret_memory, int *ret_bell, int *ret_io_bell, int *ret_switched);
const struct gw_share *gw_io_share(const struct gw_io *io);
uint64_t gw_io_now(void); /* CLOCK_MONOTONIC, ns */
/* Process ids of the present outer and inner process; 0 = none. */
void gw_io_pids(const struct gw_io *io, int *ret_outer, int *ret_inner);

/* The duty. Returns after SIGTERM or SIGINT: what was on its way has gone on by then. 0. */
int gw_io_run(struct gw_io *io);
