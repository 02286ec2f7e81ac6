// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Three tables of the kernel side, mapped. Its ring of copies is read by the kernel's own layout (Documentation/bpf/ringbuf.rst): a page with the reader's position, one
 * with the writer's, then the records, mapped twice so that none is torn at the end.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "wire/judge.h"

enum { HEADER = 8, SPINS = 1000000 };

struct gw_judge {
	struct gw_judged *flows;
	struct gw_heads *heads;
	uint64_t *reader;
	const uint8_t *ring; /* the writer's page, then the records */
	size_t page;
	int mirror_fd;
};

static void *map_fd(int fd, size_t size, int rights, off_t at)
{
	void *map = mmap(NULL, size, rights, MAP_SHARED, fd, at);

	return map == MAP_FAILED ? NULL : map;
}

static size_t whole_pages(const struct gw_judge *judge, size_t size)
{
	return (size + judge->page - 1) / judge->page * judge->page;
}

static void void_all(struct gw_judge *judge)
{
	__atomic_add_fetch(&judge->flows[0].epoch, 1, __ATOMIC_SEQ_CST);
}

int gw_judge_new(int judged_fd, int heads_fd, int mirror_fd, struct gw_judge **ret_judge)
{
	struct gw_judge *judge = sk_calloc(1, sizeof *judge);

	if (!judge)
		return sk_origin(-ENOMEM);
	judge->page = (size_t)sysconf(_SC_PAGESIZE);
	judge->mirror_fd = mirror_fd;
	judge->flows = map_fd(judged_fd, whole_pages(judge, GW_JUDGED * sizeof *judge->flows), PROT_READ | PROT_WRITE, 0);
	judge->heads = map_fd(heads_fd, whole_pages(judge, GW_HEADS * sizeof *judge->heads), PROT_READ | PROT_WRITE, 0);
	judge->reader = map_fd(mirror_fd, judge->page, PROT_READ | PROT_WRITE, 0);
	judge->ring = map_fd(mirror_fd, judge->page + 2 * (size_t)GW_MIRROR_BYTES, PROT_READ, (off_t)judge->page);
	if (!judge->flows || !judge->heads || !judge->reader || !judge->ring) {
		int error = -errno;

		gw_judge_free(judge);
		return sk_origin(error);
	}
	void_all(judge);
	*ret_judge = judge;
	return 0;
}

struct gw_judge *gw_judge_free(struct gw_judge *judge)
{
	if (!judge)
		return NULL;
	if (judge->flows) {
		void_all(judge);
		munmap(judge->flows, whole_pages(judge, GW_JUDGED * sizeof *judge->flows));
	}
	if (judge->heads)
		munmap(judge->heads, whole_pages(judge, GW_HEADS * sizeof *judge->heads));
	if (judge->reader)
		munmap(judge->reader, judge->page);
	if (judge->ring)
		munmap((void *)(uintptr_t)judge->ring, judge->page + 2 * (size_t)GW_MIRROR_BYTES);
	free(judge);
	return NULL;
}

void gw_judge_heads(struct gw_judge *judge, const struct gw_heads *heads, uint32_t count)
{
	void_all(judge);
	for (uint32_t i = 0; i < count && i < GW_HEADS; i++)
		judge->heads[i] = heads[i];
}

static struct gw_judged *place_of(struct gw_judge *judge, uint64_t flow)
{
	return &judge->flows[1 + flow % (GW_JUDGED - 1)];
}

/* Spoilt first, so that no decision is made from here on; one that was made before has its copy in the ring already. */
static void spoil(struct gw_judged *at)
{
	__atomic_store_n(&at->owned, 0, __ATOMIC_SEQ_CST);
	for (int i = 0; i < 2; i++)
		__atomic_exchange_n(&at->side[i].at, GW_JUDGED_SPOILT, __ATOMIC_SEQ_CST);
}

void gw_judge_take_back(struct gw_judge *judge, uint64_t flow)
{
	struct gw_judged *at = place_of(judge, flow);

	if (flow && at->flow == flow)
		spoil(at);
}

bool gw_judge_hand(struct gw_judge *judge, const struct gw_judge_flow *flow)
{
	struct gw_judged *at = place_of(judge, flow->flow);
	bool other = at->flow != flow->flow && __atomic_load_n(&at->owned, __ATOMIC_SEQ_CST) && at->epoch == judge->flows[0].epoch;

	if (!flow->flow || flow->heads >= GW_HEADS)
		return false;
	spoil(at);
	if (other)
		return false; /* it is free now */
	at->since = flow->since;
	at->epoch = judge->flows[0].epoch;
	at->heads = flow->heads;
	at->framing = flow->framing;
	at->flow = flow->flow;
	for (int i = 0; i < 2; i++) {
		at->side[i].acked = flow->side[i].acked;
		at->side[i].port = flow->side[i].port;
		at->side[i].role = flow->side[i].role;
	}
	for (int i = 0; i < 2; i++)
		__atomic_store_n(&at->side[i].at, (uint64_t)flow->side[i].next << 32 | flow->side[i].left, __ATOMIC_SEQ_CST);
	__atomic_store_n(&at->owned, 1, __ATOMIC_SEQ_CST);
	return true;
}

/* The length of the record at `from`, with the kernel's two bits; it is whole when this returns. */
static uint32_t head_of(const struct gw_judge *judge, uint64_t from)
{
	const uint32_t *at = (const void *)(judge->ring + judge->page + (from & (GW_MIRROR_BYTES - 1)));
	uint32_t head = __atomic_load_n(at, __ATOMIC_ACQUIRE);

	for (int i = 0; i < SPINS && head & BPF_RINGBUF_BUSY_BIT; i++)
		head = __atomic_load_n(at, __ATOMIC_ACQUIRE);
	return head;
}

bool gw_judge_next(struct gw_judge *judge, struct gw_mirrored *ret_copy)
{
	uint64_t from = *judge->reader;

	while (from != __atomic_load_n((const uint64_t *)(const void *)judge->ring, __ATOMIC_ACQUIRE)) {
		uint32_t head = head_of(judge, from), size = head & ~(uint32_t)(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		const struct gw_mirrored *copy = (const void *)(judge->ring + judge->page + (from & (GW_MIRROR_BYTES - 1)) + HEADER);
		bool good = !(head & (BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT)) && size == sizeof *copy && copy->size <= GW_MIRROR_FRAME;

		if (head & BPF_RINGBUF_BUSY_BIT)
			return false;
		if (good)
			memcpy(ret_copy, copy, offsetof(struct gw_mirrored, frame) + copy->size);
		from += (size + HEADER + 7) / 8 * 8;
		__atomic_store_n(judge->reader, from, __ATOMIC_RELEASE);
		if (good)
			return true;
	}
	return false;
}

int gw_judge_fd(const struct gw_judge *judge)
{
	return judge->mirror_fd;
}
