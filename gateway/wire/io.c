// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Preparing io: memory, bells, sockets. Runs in main as root; owns all of it, and gives it to the duty by fork().
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "wire/io-own.h"

uint64_t gw_io_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int make_memory(struct gw_io *io)
{
	size_t head = (sizeof(struct gw_share) + GW_CHUNK - 1) / GW_CHUNK * GW_CHUNK, size = head + (size_t)io->chunk_count * GW_CHUNK;

	io->memory_fd = memfd_create("gateway-frames", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (io->memory_fd < 0 || ftruncate(io->memory_fd, (off_t)size) < 0)
		return -errno;
	io->share = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, io->memory_fd, 0);
	io->share_size = size;
	io->life_size = sizeof(struct gw_life) + io->chunk_count * sizeof(struct gw_chunk);
	io->life = mmap(NULL, io->life_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (io->share == MAP_FAILED || io->life == MAP_FAILED)
		return -errno;
	io->memory = (uint8_t *)io->share + head;
	io->share->magic = GW_SHARE_MAGIC;
	io->share->bytes = size;
	io->share->chunks_at = head;
	io->share->chunk_count = io->chunk_count;
	return 0;
}

static int make_bells(struct gw_io *io)
{
	io->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	io->engine_bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return io->bell < 0 || io->engine_bell < 0 ? -errno : 0;
}

static int make_socket(struct gw_io *io, int ifindex, uint32_t slot, uint32_t queue)
{
	uint32_t at = io->socket_count;
	int error;

	error = gw_xsk_new(ifindex, queue, io->memory, (size_t)io->chunk_count * GW_CHUNK, GW_CHUNK, at ? &io->sockets[0] : NULL, &io->sockets[at]);
	if (error)
		return error;
	io->socket_slot[at] = (uint8_t)slot;
	io->socket_queue[at] = (uint8_t)queue;
	io->socket_count++;
	for (uint32_t q = queue; q < GW_QUEUES; q++)
		io->out[slot][q] = (uint8_t)at; /* queues that the port does not have go out by its last one */
	return 0;
}

static uint32_t queues_of(const struct gw_pair *pair, int side)
{
	uint32_t queues = pair->queues[side];

	return queues == 0 ? 1 : queues > GW_QUEUES ? GW_QUEUES : queues;
}

/* A queue that the driver has room for but does not use cannot be bound; nothing comes there. */
static int make_sockets(struct gw_io *io)
{
	for (uint32_t p = 0; p < io->setup.pair_count; p++)
		for (int side = 0; side < 2; side++)
			for (uint32_t q = 0; q < queues_of(&io->setup.pairs[p], side); q++) {
				int error = make_socket(io, io->setup.pairs[p].index[side], 2 * p + (uint32_t)side, q);

				if (error == -EINVAL && q)
					break;
				if (error)
					return error;
			}
	return 0;
}

static int publish(struct gw_io *io)
{
	int error = 0;

	for (uint32_t i = 0; i < io->socket_count; i++)
		gw_io_fill(io, i); /* what comes before the first beat has a place */
	for (uint32_t i = 0; i < io->socket_count && !error; i++)
		error = gw_kernel_socket(io->setup.kernel, io->socket_slot[i], io->socket_queue[i], io->sockets[i].fd);
	return error;
}

static void set_up(struct gw_io *io, const struct gw_io_setup *setup)
{
	io->setup = *setup;
	io->beat = gw_kernel_beat(setup->kernel);
	io->beat_ns = gw_kernel_beat_ns(setup->kernel);
	io->owed_ns = gw_kernel_owed_ns(setup->kernel);
	io->switched_fd = gw_kernel_switched_fd(setup->kernel);
	io->memory_fd = io->bell = io->engine_bell = io->engine = -1;
	for (uint32_t p = 0; p < setup->pair_count; p++)
		io->chunk_count += GW_CHUNKS_EACH * (queues_of(&setup->pairs[p], 0) + queues_of(&setup->pairs[p], 1));
}

int gw_io_prepare(const struct gw_io_setup *setup, struct gw_io **ret_io)
{
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	struct gw_io *io;
	int error;

	if (setup->pair_count > GW_SLOTS / 2)
		return sk_origin(-E2BIG);
	io = sk_calloc(1, sizeof *io);
	if (!io)
		return sk_origin(-ENOMEM);
	set_up(io, setup);
	io->free = sk_calloc(io->chunk_count, sizeof *io->free);
	io->fifo = sk_calloc(io->chunk_count, sizeof *io->fifo);
	setrlimit(RLIMIT_MEMLOCK, &all);
	error = io->free && io->fifo ? make_memory(io) : -ENOMEM;
	if (!error)
		error = make_bells(io);
	if (!error) {
		error = make_sockets(io);
		if (error) {
			sk_log(SK_LOG_WARNING, "no AF_XDP on these ports (%s): there is zone policy, and nothing is inspected", strerror(-error));
			gw_io_free(io);
			return SK_NONE;
		}
		error = gw_io_take_over(io);
	}
	if (!error)
		error = publish(io);
	if (error) {
		gw_io_free(io);
		return sk_origin(error);
	}
	*ret_io = io;
	return 0;
}

void gw_io_leave(struct gw_io *io)
{
	for (uint32_t i = 0; i < io->socket_count; i++)
		gw_xsk_leave(&io->sockets[i]);
	if (io->share && io->share != MAP_FAILED)
		munmap(io->share, io->share_size);
	if (io->life && io->life != MAP_FAILED)
		munmap(io->life, io->life_size);
	io->share = NULL;
	io->life = NULL;
}

struct gw_io *gw_io_free(struct gw_io *io)
{
	if (!io)
		return NULL;
	for (uint32_t i = 0; i < io->socket_count; i++)
		gw_kernel_socket(io->setup.kernel, io->socket_slot[i], io->socket_queue[i], -1);
	for (uint32_t i = 0; i < io->socket_count; i++)
		gw_xsk_close(&io->sockets[i]);
	gw_io_leave(io);
	sk_close_p(&io->memory_fd);
	sk_close_p(&io->bell);
	sk_close_p(&io->engine_bell);
	sk_close_p(&io->engine);
	free(io->free);
	free(io->fifo);
	free(io);
	return NULL;
}

int gw_io_socket_fd(const struct gw_io *io, uint32_t i)
{
	return i < io->socket_count ? io->sockets[i].fd : -1;
}

void gw_io_engine_fds(const struct gw_io *io, int *ret_memory, int *ret_bell, int *ret_io_bell, int *ret_switched)
{
	*ret_memory = io->memory_fd;
	*ret_bell = io->engine_bell;
	*ret_io_bell = io->bell;
	*ret_switched = io->switched_fd;
}

const struct gw_share *gw_io_share(const struct gw_io *io)
{
	return io->share;
}

void gw_io_pids(const struct gw_io *io, int *ret_outer, int *ret_inner)
{
	*ret_outer = atomic_load(&io->life->outer);
	*ret_inner = atomic_load(&io->life->inner);
}
