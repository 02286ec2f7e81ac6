// SPDX-License-Identifier: GPL-3.0-or-later
/* What the engine remembers of the last packets, and the ring between it and the clerk. */
#include "main/around.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"
#include "engine/event.h"
#include "policy/gateway.h"

struct seen {
	uint64_t time;
	struct gw_addr src, dst;
	uint32_t whole, kept;
	uint8_t ip, port;
};

struct open {
	bool used;
	uint8_t ip;
	struct gw_addr a, b;
	unsigned left;  /* packets still to come */
	uint64_t end;
	char name[GW_AROUND_NAME];
};

struct gw_around {
	struct gw_around_ring *ring;
	int keep;
	unsigned before, after;
	uint32_t stride;   /* bytes of one packet in `bytes` */
	uint64_t count;    /* packets remembered so far; the newest is the one before */
	uint64_t span, begun;
	int pending;       /* the capture that the packet in hand begins; -1 */
	struct open open[GW_AROUND_OPEN];
	struct seen seen[GW_AROUND_PACKETS];
	uint8_t *bytes;    /* GW_AROUND_PACKETS of `stride` */
};

/* --- the ring */

static void copy_in(struct gw_around_ring *ring, uint64_t at, const void *from, size_t size)
{
	size_t offset = at % GW_AROUND_ROOM, first = SK_MIN(size, GW_AROUND_ROOM - offset);

	memcpy(ring->bytes + offset, from, first);
	memcpy(ring->bytes, (const char *)from + first, size - first);
}

static void copy_out(const struct gw_around_ring *ring, uint64_t at, void *to, size_t size)
{
	size_t offset = at % GW_AROUND_ROOM, first = SK_MIN(size, GW_AROUND_ROOM - offset);

	memcpy(to, ring->bytes + offset, first);
	memcpy((char *)to + first, ring->bytes, size - first);
}

static bool put(struct gw_around_ring *ring, struct gw_around_record record, const void *data)
{
	uint64_t in = atomic_load(&ring->in), used = in - atomic_load(&ring->out);

	if (used > GW_AROUND_ROOM || sizeof record + record.size > GW_AROUND_ROOM - used) {
		atomic_fetch_add(&ring->lost, 1);
		return false;
	}
	copy_in(ring, in, &record, sizeof record);
	copy_in(ring, in + sizeof record, data, record.size);
	atomic_store(&ring->in, in + sizeof record + record.size);
	return true;
}

int gw_around_next(struct gw_around_ring *ring, struct gw_around_record *ret_record, void *out, size_t room)
{
	uint64_t at = atomic_load(&ring->out), used = atomic_load(&ring->in) - at;

	if (used == 0)
		return SK_NONE;
	copy_out(ring, at, ret_record, sizeof *ret_record);
	if (used < sizeof *ret_record || used > GW_AROUND_ROOM || ret_record->size > used - sizeof *ret_record || ret_record->size > room ||
	    ret_record->what > GW_AROUND_END || ret_record->open >= GW_AROUND_OPEN) {
		atomic_store(&ring->out, at + used); /* the engine died in the middle of it, or is not itself: begin anew */
		atomic_fetch_add(&ring->lost, 1);
		return SK_NONE;
	}
	copy_out(ring, at + sizeof *ret_record, out, ret_record->size);
	atomic_store(&ring->out, at + sizeof *ret_record + ret_record->size);
	return 0;
}

/* --- what is remembered */

int gw_around_new(struct gw_around_ring *ring, struct gw_around **ret_around)
{
	struct gw_around *a = sk_calloc(1, sizeof *a);

	if (!a)
		return sk_origin(-ENOMEM);
	a->ring = ring;
	a->pending = -1;
	a->keep = SK_CAPTURE_NONE;
	*ret_around = a;
	return 0;
}

struct gw_around *gw_around_free(struct gw_around *a)
{
	if (!a)
		return NULL;
	free(a->bytes);
	free(a);
	return NULL;
}

static void end(struct gw_around *a, int which)
{
	const struct gw_around_record record = {.what = GW_AROUND_END, .open = (uint8_t)which};

	if (put(a->ring, record, ""))
		a->open[which].used = false; /* else again at the next tick: the clerk must know */
}

void gw_around_want(struct gw_around *a, int keep, unsigned before, unsigned after)
{
	uint32_t stride = keep == SK_CAPTURE_BODIES ? GW_AROUND_WHOLE : GW_AROUND_HEADS;

	a->before = before;
	a->after = after;
	if (keep == a->keep)
		return;
	for (int i = 0; i < GW_AROUND_OPEN; i++)
		a->open[i].left = 0;
	free(a->bytes);
	a->bytes = keep == SK_CAPTURE_NONE ? NULL : sk_malloc((size_t)GW_AROUND_PACKETS * stride);
	a->keep = a->bytes ? keep : SK_CAPTURE_NONE;
	a->stride = stride;
	a->count = 0;
}

static uint8_t *bytes_of(const struct gw_around *a, uint64_t number)
{
	return a->bytes + number % GW_AROUND_PACKETS * a->stride;
}

void gw_around_frame(struct gw_around *a, const struct gw_packet *p)
{
	struct seen *s = &a->seen[a->count % GW_AROUND_PACKETS];

	if (a->keep == SK_CAPTURE_NONE)
		return;
	*s = (struct seen){.time = p->time, .whole = p->size, .kept = SK_MIN(p->size, a->stride), .port = (uint8_t)p->port};
	memcpy(bytes_of(a, a->count), p->frame, s->kept);
	a->pending = -1;
}

/* Up to the payload; of what is no IP, and of a later fragment, the link header. */
static uint32_t header_size(const struct gw_packet *p)
{
	if (!p->ip)
		return p->l3 ? p->l3 : 14;
	return p->payload ? p->payload : p->l4 ? p->l4 : p->l3;
}

static void give(struct gw_around *a, int which, uint64_t number)
{
	const struct seen *s = &a->seen[number % GW_AROUND_PACKETS];
	const struct gw_around_record record = {.size = s->kept, .what = GW_AROUND_PACKET, .open = (uint8_t)which, .port = s->port,
		.bodies = a->keep == SK_CAPTURE_BODIES, .whole = s->whole, .time = s->time};

	put(a->ring, record, bytes_of(a, number));
}

static bool same(const struct gw_addr *a, const struct gw_addr *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

static bool between(uint8_t ip, const struct gw_addr *a, const struct gw_addr *b, const struct open *o)
{
	return ip == o->ip && ((same(a, &o->a) && same(b, &o->b)) || (same(a, &o->b) && same(b, &o->a)));
}

/* The packets before, the oldest first, and the one in hand. */
static void give_before(struct gw_around *a, int which)
{
	uint64_t oldest = a->count > GW_AROUND_PACKETS ? a->count - GW_AROUND_PACKETS : 0, from = a->count;
	const struct open *o = &a->open[which];

	for (unsigned found = 0; from > oldest && found <= a->before; from--) {
		const struct seen *s = &a->seen[(from - 1) % GW_AROUND_PACKETS];

		found += between(s->ip, &s->src, &s->dst, o);
	}
	for (unsigned found = 0; from < a->count; from++) {
		const struct seen *s = &a->seen[from % GW_AROUND_PACKETS];

		if (between(s->ip, &s->src, &s->dst, o) && found++ <= a->before)
			give(a, which, from);
	}
}

void gw_around_judged(struct gw_around *a, const struct gw_packet *p)
{
	struct seen *s = &a->seen[a->count % GW_AROUND_PACKETS];

	if (a->keep == SK_CAPTURE_NONE)
		return;
	s->ip = p->ip;
	s->src = p->src;
	s->dst = p->dst;
	if (a->keep == SK_CAPTURE_HEADERS)
		s->kept = SK_MIN(s->kept, header_size(p));
	a->count++;
	for (int i = 0; i < GW_AROUND_OPEN; i++) {
		struct open *o = &a->open[i];

		if (i == a->pending) {
			give_before(a, i);
		} else if (o->used && o->left && between(s->ip, &s->src, &s->dst, o)) {
			give(a, i, a->count - 1);
			o->left--;
		} else {
			continue;
		}
		if (o->left == 0)
			end(a, i);
	}
	a->pending = -1;
}

static void make_name(uint64_t time, char *out)
{
	time_t seconds = (time_t)(time / 1000000000);
	struct tm tm = {0};
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(out, GW_AROUND_NAME, "%Y%m%dT%H%M%S", &tm);
	snprintf(out + n, GW_AROUND_NAME - n, ".%09uZ", (unsigned)(time % 1000000000));
}

static bool may_begin(struct gw_around *a, uint64_t now)
{
	if (now >= a->span + GW_AROUND_SPAN) {
		a->span = now;
		a->begun = 0;
	}
	return a->begun < GW_AROUND_BEGUN;
}

const char *gw_around_alert(struct gw_around *a, const struct gw_event *event)
{
	struct gw_around_record record = {.what = GW_AROUND_BEGIN, .bodies = a->keep == SK_CAPTURE_BODIES, .time = event->time};
	int which = -1;

	if (a->keep == SK_CAPTURE_NONE)
		return NULL;
	for (int i = 0; i < GW_AROUND_OPEN; i++) {
		if (a->open[i].used && (i == a->pending || a->open[i].left) && between(event->ip, &event->client, &event->server, &a->open[i]))
			return a->open[i].name;
		if (!a->open[i].used && which < 0)
			which = i;
	}
	if (which < 0 || a->pending >= 0 || !may_begin(a, event->time)) {
		atomic_fetch_add(&a->ring->lost, 1);
		return NULL;
	}
	a->open[which] = (struct open){.ip = event->ip, .a = event->client, .b = event->server, .left = a->after, .end = event->time + GW_AROUND_PATIENCE};
	make_name(event->time, a->open[which].name);
	record.open = (uint8_t)which;
	record.size = (uint32_t)strlen(a->open[which].name);
	if (!put(a->ring, record, a->open[which].name))
		return NULL;
	a->begun++;
	a->open[which].used = true;
	a->pending = which;
	return a->open[which].name;
}

void gw_around_tick(struct gw_around *a, uint64_t now)
{
	for (int i = 0; i < GW_AROUND_OPEN; i++)
		if (a->open[i].used && i != a->pending && (a->open[i].left == 0 || now >= a->open[i].end))
			end(a, i);
}
