// SPDX-License-Identifier: GPL-3.0-or-later
/* A datagram has one buffer with its bytes, a bit for each eight of them that came, and the frames they came in. Datagrams lie in a list by age, and are found by a hash with a
 * seed of this start: one more costs the same however many wait. */
#include "flow/frag.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/seed.h"
#include "flow/hash.h"
#include "flow/sum.h"

enum { PATIENCE_S = 15, UNITS = 8192, HEADER_MAX = 256, BYTES_LEAST = 4096, BUCKETS = GW_DATAGRAMS_MAX };

struct held {
	struct held *next;
	uint32_t size;
	uint8_t frame[];
};

struct key {
	struct gw_addr src, dst;
	uint32_t id;
	uint16_t vlan[2];
	uint8_t ip, protocol, port, zero;
};

struct gw_datagram {
	struct key key;
	struct gw_datagram *newer, *older, *chain;
	uint64_t since;
	bool refused;
	uint32_t end, top, units; /* end: 0 = not known; top: behind the last byte that came */
	uint32_t header_size, next_header, l3; /* header: of the first fragment; 0 = it has not come */
	uint8_t header[HEADER_MAX];
	uint8_t came[UNITS / 8];
	uint8_t *data;
	uint32_t space;
	struct held *first, **last;
	size_t charged;
};

struct gw_frags {
	struct gw_datagram *oldest, *newest, *buckets[BUCKETS];
	uint64_t seed[2];
	unsigned count;
	struct gw_memory *memory;
	bool overlapped;
	uint8_t *frame; /* the last datagram that became whole */
	uint32_t frame_space;
};

int gw_frags_new(struct gw_memory *memory, struct gw_frags **ret_frags)
{
	struct gw_frags *frags = sk_calloc(1, sizeof *frags);

	if (!frags)
		return sk_origin(-ENOMEM);
	if (sk_seed(frags->seed, sizeof frags->seed) != 0) {
		free(frags);
		return sk_origin(-EIO);
	}
	frags->memory = memory;
	*ret_frags = frags;
	return 0;
}

static void forget_bytes(struct gw_frags *frags, struct gw_datagram *d)
{
	while (d->first) {
		struct held *next = d->first->next;

		free(d->first);
		d->first = next;
	}
	d->last = &d->first;
	free(d->data);
	d->data = NULL;
	d->space = 0;
	gw_memory_give(frags->memory, d->charged - sizeof *d);
	d->charged = sizeof *d;
}

static struct gw_datagram **bucket_of(struct gw_frags *frags, const struct key *key)
{
	return &frags->buckets[gw_hash(frags->seed, key, sizeof *key) % BUCKETS];
}

static void forget(struct gw_frags *frags, struct gw_datagram *d)
{
	struct gw_datagram **at = bucket_of(frags, &d->key);

	while (*at != d)
		at = &(*at)->chain;
	*at = d->chain;
	forget_bytes(frags, d);
	*(d->older ? &d->older->newer : &frags->oldest) = d->newer;
	*(d->newer ? &d->newer->older : &frags->newest) = d->older;
	gw_memory_give(frags->memory, d->charged);
	frags->count--;
	free(d);
}

struct gw_frags *gw_frags_free(struct gw_frags *frags)
{
	if (!frags)
		return NULL;
	while (frags->oldest)
		forget(frags, frags->oldest);
	free(frags->frame);
	free(frags);
	return NULL;
}

/* Room for the account; what waits longest makes it, but never `keep`. */
static bool charge(struct gw_frags *frags, struct gw_datagram *keep, size_t size)
{
	while (!gw_memory_take(frags->memory, size)) {
		if (!frags->oldest || frags->oldest == keep)
			return false;
		forget(frags, frags->oldest);
	}
	if (keep)
		keep->charged += size;
	return true;
}

static struct gw_datagram *find(struct gw_frags *frags, const struct gw_packet *p)
{
	struct key key = {.src = p->src, .dst = p->dst, .id = p->fragment_id, .vlan = {p->vlan[0], p->vlan[1]}, .ip = p->ip,
		.protocol = p->ip == 4 ? p->frame[p->l3 + 9] : 0, .port = p->port};
	struct gw_datagram **bucket = bucket_of(frags, &key), *d = *bucket;

	while (d && memcmp(&d->key, &key, sizeof key) != 0)
		d = d->chain;
	if (d)
		return d;
	if (frags->count == GW_DATAGRAMS_MAX)
		forget(frags, frags->oldest);
	if (!charge(frags, NULL, sizeof *d))
		return NULL;
	d = sk_calloc(1, sizeof *d);
	if (!d) {
		gw_memory_give(frags->memory, sizeof *d);
		return NULL;
	}
	d->charged = sizeof *d;
	d->key = key;
	d->since = p->time;
	d->last = &d->first;
	d->chain = *bucket;
	*bucket = d;
	d->older = frags->newest;
	*(frags->newest ? &frags->newest->newer : &frags->oldest) = d;
	frags->newest = d;
	frags->count++;
	return d;
}

static bool hold_frame(struct gw_frags *frags, struct gw_datagram *d, const struct gw_packet *p)
{
	struct held *held;

	if (!charge(frags, d, sizeof *held + p->size))
		return false;
	held = sk_malloc(sizeof *held + p->size);
	if (!held)
		return false; /* the charge goes with the datagram */
	held->next = NULL;
	held->size = p->size;
	memcpy(held->frame, p->frame, p->size);
	*d->last = held;
	d->last = &held->next;
	return true;
}

static bool make_space(struct gw_frags *frags, struct gw_datagram *d, uint32_t size)
{
	uint32_t space = d->space ? d->space : BYTES_LEAST;
	uint8_t *data;

	if (size <= d->space)
		return true;
	while (space < size)
		space *= 2;
	if (!charge(frags, d, space - d->space))
		return false;
	data = sk_realloc_array(d->data, space, 1);
	if (!data)
		return false;
	memset(data + d->space, 0, space - d->space);
	d->data = data;
	d->space = space;
	return true;
}

/* Copies the piece; false when a byte that came before was another. `*ret_new`: something new was in it. */
static bool copy_piece(struct gw_frags *frags, struct gw_datagram *d, uint32_t at, const uint8_t *piece, uint32_t size, bool *ret_new)
{
	*ret_new = false;
	for (uint32_t done = 0; done < size; done += 8) {
		uint32_t unit = (at + done) / 8, part = SK_MIN(size - done, 8u);

		if (d->came[unit / 8] >> unit % 8 & 1) {
			frags->overlapped = true;
			if (memcmp(d->data + at + done, piece + done, part) != 0)
				return false;
			continue;
		}
		memcpy(d->data + at + done, piece + done, part);
		d->came[unit / 8] |= (uint8_t)(1 << unit % 8);
		d->units++;
		*ret_new = true;
	}
	return true;
}

/* Where the datagram ends, as its last fragment says; and nothing may lie behind. */
static bool end_fits(struct gw_datagram *d, const struct gw_packet *p, uint32_t at, uint32_t size)
{
	uint32_t top = at + size;

	if (!p->fragment_more) {
		if ((d->end && d->end != top) || d->top > top)
			return false;
		d->end = top;
	} else if (d->end && top > d->end) {
		return false;
	}
	d->top = SK_MAX(d->top, top);
	return true;
}

static bool keep_header(struct gw_datagram *d, const struct gw_packet *p)
{
	uint32_t size = p->ip == 4 ? p->l4 : p->fragment_header;

	if (p->fragment_at || d->header_size)
		return true;
	if (size > HEADER_MAX)
		return false;
	memcpy(d->header, p->frame, size);
	d->header_size = size;
	d->l3 = p->l3;
	d->next_header = p->next_header;
	if (p->ip == 6)
		d->header[p->next_header] = p->frame[p->fragment_header];
	return true;
}

/* The packet that the fragments make. Its checksum of the header is written anew. */
static bool make_whole(struct gw_frags *frags, const struct gw_datagram *d, const struct gw_packet *p, struct gw_packet *ret_whole)
{
	uint32_t size = d->header_size + d->end, length = p->ip == 4 ? size - d->l3 : size - d->l3 - 40;
	uint8_t *frame = frags->frame;

	if (length > 65535)
		return false;
	if (size > frags->frame_space) {
		frame = sk_realloc_array(frags->frame, size, 1);
		if (!frame)
			return false;
		frags->frame = frame;
		frags->frame_space = size;
	}
	memcpy(frame, d->header, d->header_size);
	memcpy(frame + d->header_size, d->data, d->end);
	frame[d->l3 + (p->ip == 4 ? 2 : 4)] = (uint8_t)(length >> 8);
	frame[d->l3 + (p->ip == 4 ? 3 : 5)] = (uint8_t)length;
	*ret_whole = (struct gw_packet){.frame = frame, .size = size, .time = p->time, .port = p->port, .sender = p->sender};
	if (p->ip == 4) {
		struct gw_packet header = {.frame = frame, .l3 = d->l3, .ip = 4};

		memset(frame + d->l3 + 6, 0, 2);
		gw_sum_mend(&header);
	}
	return true;
}

static enum gw_frag_state refuse(struct gw_frags *frags, struct gw_datagram *d)
{
	d->refused = true;
	forget_bytes(frags, d);
	return GW_FRAG_REFUSED;
}

enum gw_frag_state gw_frags_put(struct gw_frags *frags, const struct gw_packet *p, struct gw_packet *ret_whole, struct gw_datagram **ret_datagram)
{
	struct gw_datagram *d = find(frags, p);
	uint32_t at = p->fragment_at, size = p->payload_size;
	bool fresh;

	frags->overlapped = false;
	if (!d || d->refused)
		return GW_FRAG_REFUSED;
	if (!size || !end_fits(d, p, at, size) || !make_space(frags, d, at + size) || !keep_header(d, p) ||
	    !copy_piece(frags, d, at, p->frame + p->payload, size, &fresh))
		return refuse(frags, d);
	if (!fresh)
		return GW_FRAG_HELD; /* the same again: the first is held */
	if (!d->end || d->units != (d->end + 7) / 8 || !d->header_size) {
		return hold_frame(frags, d, p) ? GW_FRAG_HELD : refuse(frags, d);
	}
	if (!make_whole(frags, d, p, ret_whole))
		return refuse(frags, d);
	*ret_datagram = d;
	return GW_FRAG_WHOLE;
}

void gw_frags_release(struct gw_frags *frags, struct gw_datagram *d, void *context, void (*each)(void *context, const uint8_t *frame, size_t size))
{
	for (const struct held *held = d->first; held; held = held->next)
		each(context, held->frame, held->size);
	forget(frags, d);
}

bool gw_frags_overlapped(const struct gw_frags *frags)
{
	return frags->overlapped;
}

void gw_frags_refuse(struct gw_frags *frags, struct gw_datagram *d)
{
	refuse(frags, d);
}

unsigned gw_frags_expire(struct gw_frags *frags, uint64_t now)
{
	unsigned count = 0;

	while (frags->oldest && now >= frags->oldest->since + PATIENCE_S * 1000000000ull) {
		count += !frags->oldest->refused;
		forget(frags, frags->oldest);
	}
	return count;
}
