// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The packets around an alert, on their way from the engine to the clerk who writes them.
 *
 * The engine remembers the last packets in memory of its own: their headers, or all of them where the policy wants bodies. At an alert those between the same two addresses
 * go into a ring that it shares with the clerk, and then the next few, until there were enough or GW_AROUND_PATIENCE is over. What finds no room in the ring is lost and
 * counted: the engine never waits. At most GW_AROUND_OPEN are being taken at once, and GW_AROUND_BEGUN begin within GW_AROUND_SPAN.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/packet.h"

struct gw_event; /* engine/event.h */

enum {
	GW_AROUND_ROOM = 4 << 20,   /* bytes of the ring */
	GW_AROUND_PACKETS = 2048,   /* remembered */
	GW_AROUND_HEADS = 128,      /* of each, when headers are enough */
	GW_AROUND_WHOLE = 4096,     /* when they are not */
	GW_AROUND_OPEN = 8,
	GW_AROUND_BEGUN = 20,
	GW_AROUND_NAME = 40,
};
#define GW_AROUND_SPAN UINT64_C(60000000000)
#define GW_AROUND_PATIENCE UINT64_C(5000000000)

struct gw_around_ring {
	_Atomic uint64_t in, out; /* bytes written and read */
	_Atomic uint64_t lost;    /* packets and captures for which there was no room */
	char bytes[GW_AROUND_ROOM];
};

enum gw_around_what { GW_AROUND_BEGIN, GW_AROUND_PACKET, GW_AROUND_END };

struct gw_around_record {
	uint32_t size;  /* bytes behind this: a name, or of a frame */
	uint8_t what, open, port, bodies; /* which of the open ones; 0 A, 1 B; bodies are in it */
	uint32_t whole; /* bytes the frame had */
	uint32_t unused;
	uint64_t time;  /* ns since the epoch */
};

/* --- the engine's end */

struct gw_around;

int gw_around_new(struct gw_around_ring *ring, struct gw_around **ret_around);
struct gw_around *gw_around_free(struct gw_around *around);
/* What the policy wants: enum sk_capture_body, packets before (with the alert's own) and after. */
void gw_around_want(struct gw_around *around, int keep, unsigned before, unsigned after);
/* A packet comes: before the engine sees it, and once it was decoded. */
void gw_around_frame(struct gw_around *around, const struct gw_packet *packet);
void gw_around_judged(struct gw_around *around, const struct gw_packet *packet);
/* The packet in hand gave an alert. The name of its capture, which is valid until the next call; NULL = it has none. */
const char *gw_around_alert(struct gw_around *around, const struct gw_event *event);
void gw_around_tick(struct gw_around *around, uint64_t now);

/* --- the clerk's end: the next record with what is behind it, copied out. SK_NONE: there is none. */
int gw_around_next(struct gw_around_ring *ring, struct gw_around_record *ret_record, void *out, size_t room);
