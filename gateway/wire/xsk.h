// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * AF_XDP sockets (linux/if_xdp.h): one of each receive queue that is inspected, all over one piece of memory.
 *
 * The four rings of a socket are shared with the kernel, and survive the process that uses them as long as anybody has the socket: the next one goes on where the last one
 * stopped. So nothing here keeps a copy of a ring's ends.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GW_XSK_RING = 1024 };

struct gw_xsk_ring {
	uint32_t *producer, *consumer, *flags;
	void *entries;
	void *map; /* of `size` bytes */
	size_t size;
};

struct gw_xsk {
	int fd;
	struct gw_xsk_ring rx, tx, fill, done;
};

/*
 * `first` is NULL for the socket that registers the memory, which has to be whole chunks; else that socket. -errno: -EAFNOSUPPORT or -ENOSYS where the kernel has no AF_XDP,
 * -EBUSY when another program has the queue.
 */
int gw_xsk_new(int ifindex, uint32_t queue, void *memory, size_t size, uint32_t chunk, const struct gw_xsk *first, struct gw_xsk *ret_xsk);
void gw_xsk_close(struct gw_xsk *xsk);
/* In a process that has no business with them: the rings are no longer in its memory. The socket is untouched. */
void gw_xsk_leave(struct gw_xsk *xsk);
/* Frames that stand in the outgoing ring are sent. False: some still stand there. */
bool gw_xsk_send(struct gw_xsk *xsk);

static inline uint32_t gw_xsk_load(const uint32_t *at)
{
	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

static inline void gw_xsk_store(uint32_t *at, uint32_t value)
{
	__atomic_store_n(at, value, __ATOMIC_RELEASE);
}
