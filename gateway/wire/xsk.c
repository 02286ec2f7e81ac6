// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * AF_XDP by its own ABI. Maps are inherited over fork(), descriptors stay with whoever prepared them.
 */
#include <errno.h>
#include <linux/if_xdp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "wire/xsk.h"

static int set_rings(int fd, void *memory, size_t size, uint32_t chunk, bool registers)
{
	struct xdp_umem_reg umem = {.addr = (uintptr_t)memory, .len = size, .chunk_size = chunk};
	int entries = GW_XSK_RING;

	if (registers && setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &umem, sizeof umem) < 0)
		return -errno;
	if (setsockopt(fd, SOL_XDP, XDP_UMEM_FILL_RING, &entries, sizeof entries) < 0 ||
	    setsockopt(fd, SOL_XDP, XDP_UMEM_COMPLETION_RING, &entries, sizeof entries) < 0 ||
	    setsockopt(fd, SOL_XDP, XDP_RX_RING, &entries, sizeof entries) < 0 || setsockopt(fd, SOL_XDP, XDP_TX_RING, &entries, sizeof entries) < 0)
		return -errno;
	return 0;
}

static int map_ring(int fd, off_t page, const struct xdp_ring_offset *at, size_t entry, struct gw_xsk_ring *ret_ring)
{
	size_t size = at->desc + GW_XSK_RING * entry;
	uint8_t *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, page);

	if (map == MAP_FAILED)
		return -errno;
	ret_ring->map = map;
	ret_ring->size = size;
	ret_ring->producer = (void *)(map + at->producer);
	ret_ring->consumer = (void *)(map + at->consumer);
	ret_ring->flags = (void *)(map + at->flags);
	ret_ring->entries = map + at->desc;
	return 0;
}

static int map_rings(struct gw_xsk *xsk)
{
	struct xdp_mmap_offsets at;
	socklen_t size = sizeof at;
	int error;

	if (getsockopt(xsk->fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &size) < 0)
		return -errno;
	if (size != sizeof at)
		return -EPROTO; /* a kernel before 5.4 */
	error = map_ring(xsk->fd, XDP_PGOFF_RX_RING, &at.rx, sizeof(struct xdp_desc), &xsk->rx);
	if (!error)
		error = map_ring(xsk->fd, XDP_PGOFF_TX_RING, &at.tx, sizeof(struct xdp_desc), &xsk->tx);
	if (!error)
		error = map_ring(xsk->fd, (off_t)XDP_UMEM_PGOFF_FILL_RING, &at.fr, sizeof(uint64_t), &xsk->fill);
	if (!error)
		error = map_ring(xsk->fd, (off_t)XDP_UMEM_PGOFF_COMPLETION_RING, &at.cr, sizeof(uint64_t), &xsk->done);
	return error;
}

int gw_xsk_new(int ifindex, uint32_t queue, void *memory, size_t size, uint32_t chunk, const struct gw_xsk *first, struct gw_xsk *ret_xsk)
{
	struct sockaddr_xdp address = {.sxdp_family = AF_XDP, .sxdp_flags = XDP_USE_NEED_WAKEUP, .sxdp_ifindex = (uint32_t)ifindex, .sxdp_queue_id = queue};
	struct gw_xsk xsk = {.fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0)};
	int error;

	if (xsk.fd < 0)
		return -errno;
	if (first) {
		address.sxdp_flags = XDP_SHARED_UMEM;
		address.sxdp_shared_umem_fd = (uint32_t)first->fd;
	}
	error = set_rings(xsk.fd, memory, size, chunk, !first);
	if (!error)
		error = map_rings(&xsk);
	if (!error && bind(xsk.fd, (struct sockaddr *)&address, sizeof address) < 0)
		error = -errno;
	if (error) {
		gw_xsk_close(&xsk);
		return error;
	}
	*ret_xsk = xsk;
	return 0;
}

void gw_xsk_close(struct gw_xsk *xsk)
{
	if (xsk->fd >= 0)
		close(xsk->fd);
	xsk->fd = -1;
	gw_xsk_leave(xsk);
}

void gw_xsk_leave(struct gw_xsk *xsk)
{
	struct gw_xsk_ring *rings[] = {&xsk->rx, &xsk->tx, &xsk->fill, &xsk->done};

	for (size_t i = 0; i < SK_ARRAY_SIZE(rings); i++) {
		if (rings[i]->map)
			munmap(rings[i]->map, rings[i]->size);
		*rings[i] = (struct gw_xsk_ring){.map = NULL};
	}
}

bool gw_xsk_send(struct gw_xsk *xsk)
{
	/* The kernel takes some at a time, and says EAGAIN when there are more. */
	for (int tries = 0; tries < 64 && gw_xsk_load(xsk->tx.producer) != gw_xsk_load(xsk->tx.consumer); tries++)
		if (sendto(xsk->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 && errno != EAGAIN && errno != EBUSY && errno != EINTR)
			break;
	return gw_xsk_load(xsk->tx.producer) == gw_xsk_load(xsk->tx.consumer);
}
