// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The engine's end of the shared memory. Owns its mapping and its places in the rings; touches neither before io has granted them.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "bpf/gateway.h"
#include "wire/ring.h"
#include "wire/share.h"

enum { SWITCHED_BYTES = (GW_SWITCHED + GW_SHIFTED) * sizeof(uint64_t) };

struct gw_lend {
	struct gw_share *share;
	uint8_t *chunks;
	uint64_t *switched;
	size_t bytes;
	int bell, io_bell;
	uint32_t me, next_room;
	uint64_t epoch_ns; /* of the monotonic clock */
	uint64_t mine[GW_SHIFTED];   /* flows shifted by this engine, in the places they have in the table */
	uint16_t will_of[GW_SHIFTED];
};

static uint64_t clock_ns(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int map_all(struct gw_lend *lend, int memory_fd, int switched_fd)
{
	struct stat about;

	if (fstat(memory_fd, &about) < 0)
		return -errno;
	lend->bytes = (size_t)about.st_size;
	lend->share = mmap(NULL, lend->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd, 0);
	if (lend->share == MAP_FAILED) {
		lend->share = NULL;
		return -errno;
	}
	if (lend->bytes < sizeof *lend->share || lend->share->magic != GW_SHARE_MAGIC || lend->share->bytes != lend->bytes)
		return -EINVAL;
	lend->chunks = (uint8_t *)lend->share + lend->share->chunks_at;
	if (switched_fd >= 0) {
		lend->switched = mmap(NULL, SWITCHED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, switched_fd, 0);
		if (lend->switched == MAP_FAILED)
			lend->switched = NULL;
	}
	return 0;
}

static bool wait_granted(struct gw_lend *lend, unsigned ms)
{
	uint64_t end = clock_ns(CLOCK_MONOTONIC) + (uint64_t)ms * 1000000;

	do {
		gw_bell_ring(lend->io_bell);
		usleep(200);
		if (atomic_load(&lend->share->granted) == lend->me)
			return true;
	} while (clock_ns(CLOCK_MONOTONIC) < end);
	return false;
}

int gw_lend_new(int memory_fd, int bell_fd, int io_bell_fd, int switched_fd, unsigned ms, struct gw_lend **ret_lend)
{
	struct gw_lend *lend = sk_calloc(1, sizeof *lend);
	int error;

	if (!lend)
		return sk_origin(-ENOMEM);
	lend->bell = bell_fd;
	lend->io_bell = io_bell_fd;
	lend->epoch_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
	error = map_all(lend, memory_fd, switched_fd);
	if (!error) {
		atomic_store(&lend->share->engine_pid, getpid());
		lend->me = atomic_fetch_add(&lend->share->wanted, 1) + 1;
		if (!wait_granted(lend, ms)) {
			lend->me = 0;
			gw_lend_free(lend);
			return SK_AGAIN;
		}
		*ret_lend = lend;
		return 0;
	}
	gw_lend_free(lend);
	return sk_origin(error);
}

struct gw_lend *gw_lend_free(struct gw_lend *lend)
{
	struct gw_lent lent;
	uint8_t *frame;

	if (!lend)
		return NULL;
	if (lend->share && lend->me && !gw_lend_lost(lend)) {
		while (gw_lend_take(lend, &lent, &frame) == 0)
			gw_lend_back(lend, &lent, true);
		atomic_store(&lend->share->engine_pid, 0);
		gw_bell_ring(lend->io_bell);
	}
	if (lend->switched)
		munmap(lend->switched, SWITCHED_BYTES);
	if (lend->share)
		munmap(lend->share, lend->bytes);
	free(lend);
	return NULL;
}

int gw_lend_take(struct gw_lend *lend, struct gw_lent *ret_lent, uint8_t **ret_frame)
{
	struct gw_ends *ends = &lend->share->to_engine;
	struct gw_lent lent;
	uint32_t at;

	if (!gw_ring_first(ends, &at))
		return SK_AGAIN;
	lent = lend->share->lent[at];
	gw_ring_consume(ends);
	lent.time += lend->epoch_ns;
	*ret_lent = lent;
	*ret_frame = lend->chunks + lent.offset;
	return 0;
}

/* The ring to io has room for every loan and every injection there can be at once. */
static int hand_over(struct gw_lend *lend, const struct gw_back *back)
{
	struct gw_ends *ends = &lend->share->to_io;
	uint32_t at;

	if (!gw_ring_room(ends, &at))
		return SK_FULL;
	lend->share->back[at] = *back;
	gw_ring_publish(ends);
	if (atomic_load(&ends->asleep))
		gw_bell_ring(lend->io_bell);
	return 0;
}

void gw_lend_back(struct gw_lend *lend, const struct gw_lent *lent, bool pass)
{
	struct gw_back back = {.offset = lent->offset, .number = lent->number, .fate = pass ? GW_BACK_PASS : GW_BACK_DROP};

	while (hand_over(lend, &back) == SK_FULL && !gw_lend_lost(lend))
		usleep(50); /* io is behind; it beats, or XDP asks us no more */
}

int gw_lend_inject(struct gw_lend *lend, unsigned port, const uint8_t *frame, size_t size)
{
	struct gw_back back = {.fate = GW_BACK_INJECT, .port = (uint8_t)port, .size = (uint32_t)size};

	if (size < 14 || size > GW_INJECT_MAX)
		return SK_BAD;
	for (uint32_t i = 0; i < GW_INJECTS; i++) {
		uint32_t room = (lend->next_room + i) % GW_INJECTS;

		if (atomic_load(&lend->share->inject_busy[room]))
			continue;
		atomic_store(&lend->share->inject_busy[room], 1);
		memcpy(lend->share->inject[room], frame, size);
		back.offset = room;
		lend->next_room = room + 1;
		if (hand_over(lend, &back) == 0)
			return 0;
		atomic_store(&lend->share->inject_busy[room], 0);
		return SK_FULL;
	}
	return SK_FULL;
}

void gw_lend_switch(struct gw_lend *lend, uint64_t flow)
{
	if (lend->switched && flow)
		__atomic_store_n(&lend->switched[flow & (GW_SWITCHED - 1)], flow, __ATOMIC_RELAXED);
}

/* ---- sessions whose numbers are shifted ---- */

static uint64_t *mark_of(const struct gw_lend *lend, uint64_t flow)
{
	return &lend->switched[GW_SWITCHED + (flow & (GW_SHIFTED - 1))];
}

static void write_will(struct gw_will *will, unsigned pair, const uint8_t *const frames[2], const size_t sizes[2])
{
	uint32_t turn = atomic_load(&will->turn) + 1;

	will->pair = (uint8_t)pair;
	for (int i = 0; i < 2; i++) {
		will->text[turn & 1].size[i] = (uint16_t)sizes[i];
		memcpy(will->text[turn & 1].frame[i], frames[i], sizes[i]);
	}
	atomic_store(&will->turn, turn);
}

static int find_will(const struct gw_lend *lend)
{
	for (int i = 0; i < GW_WILLS; i++)
		if (!atomic_load(&lend->share->wills[i].flow))
			return i;
	return -1;
}

int gw_lend_shift(struct gw_lend *lend, uint64_t flow, unsigned pair, const uint8_t *const frames[2], const size_t sizes[2])
{
	uint32_t at = flow & (GW_SHIFTED - 1);
	int will;

	if (!lend->switched || !flow || sizes[0] > GW_WILL_MAX || sizes[1] > GW_WILL_MAX || pair >= GW_SLOTS / 2)
		return SK_FULL;
	if (lend->mine[at] != flow) {
		uint64_t marked = __atomic_load_n(mark_of(lend, flow), __ATOMIC_RELAXED);

		will = find_will(lend);
		if (lend->mine[at] || (marked && marked != flow) || will < 0)
			return SK_FULL;
		lend->will_of[at] = (uint16_t)will;
		lend->mine[at] = flow;
	}
	write_will(&lend->share->wills[lend->will_of[at]], pair, frames, sizes);
	atomic_store(&lend->share->wills[lend->will_of[at]].flow, flow);
	__atomic_store_n(mark_of(lend, flow), flow, __ATOMIC_RELEASE);
	return 0;
}

void gw_lend_unshift(struct gw_lend *lend, uint64_t flow)
{
	uint32_t at = flow & (GW_SHIFTED - 1);

	if (!lend->switched || !flow)
		return;
	if (*mark_of(lend, flow) == flow)
		__atomic_store_n(mark_of(lend, flow), 0, __ATOMIC_RELEASE);
	if (lend->mine[at] != flow)
		return;
	lend->mine[at] = 0;
	if (atomic_load(&lend->share->wills[lend->will_of[at]].flow) == flow)
		atomic_store(&lend->share->wills[lend->will_of[at]].flow, 0);
}

bool gw_lend_is_orphan(const struct gw_lend *lend, uint64_t flow)
{
	return lend->switched && flow && __atomic_load_n(mark_of(lend, flow), __ATOMIC_RELAXED) == flow && lend->mine[flow & (GW_SHIFTED - 1)] != flow;
}

bool gw_lend_waiting(const struct gw_lend *lend)
{
	uint32_t at;

	return gw_ring_first(&lend->share->to_engine, &at);
}

void gw_lend_wait(struct gw_lend *lend, unsigned ms, unsigned spin_us, int other_fd, int third_fd)
{
	struct pollfd waits[3] = {{.fd = lend->bell, .events = POLLIN}, {.fd = other_fd, .events = POLLIN}, {.fd = third_fd, .events = POLLIN}};
	uint64_t end = clock_ns(CLOCK_MONOTONIC) + (uint64_t)spin_us * 1000;

	while (spin_us && clock_ns(CLOCK_MONOTONIC) < end)
		if (gw_lend_waiting(lend))
			return;
	atomic_store(&lend->share->to_engine.asleep, 1);
	if (!gw_lend_waiting(lend))
		poll(waits, 3, (int)ms);
	atomic_store(&lend->share->to_engine.asleep, 0);
	gw_bell_clear(lend->bell);
}

bool gw_lend_lost(const struct gw_lend *lend)
{
	return atomic_load(&lend->share->wanted) != lend->me;
}

uint64_t gw_lend_time(const struct gw_lend *lend, uint64_t monotonic)
{
	return lend->epoch_ns + monotonic;
}

uint64_t gw_lend_now(const struct gw_lend *lend)
{
	return lend->epoch_ns + clock_ns(CLOCK_MONOTONIC);
}
