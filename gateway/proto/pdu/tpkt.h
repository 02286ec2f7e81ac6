// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * ISO transport over TCP (RFC 1006, ISO 8073 class 0) for the protocols that stand upon it: TPKTs are the messages of a pdu_stream, and user data that was split over
 * several DT units is put together, up to TPKT_DATA_MAX bytes a direction.
 */
#pragma once

#include "proto/pdu/pdu.h"

enum { TPKT_HEAD = 6, TPKT_KEEP = 8192, TPKT_DATA_MAX = 16384, COTP_CR = 0xe0, COTP_CC = 0xd0, COTP_DR = 0x80, COTP_DC = 0xc0, COTP_DT = 0xf0 };

struct tpkt {
	struct pdu_stream stream; /* first */
	struct sk_buf part[2];
	bool bent[2];             /* not all of what was split is in `part` */
};

/* User data that is whole with this unit. */
struct tpkt_unit {
	uint8_t type;             /* COTP_*; what is not whole yet is COTP_DT without data */
	const uint8_t *data;      /* NULL: none; valid until the next unit */
	size_t size;
	bool torn;
};

int64_t tpkt_size(const void *state, enum gw_dir dir, const uint8_t *head, size_t have);
bool tpkt_sound(const void *state, enum gw_dir dir, const uint8_t *data, size_t size);
int tpkt_begin(struct tpkt *tpkt, const struct pdu_kind *kind, const struct gw_turn *turn);
void tpkt_end(void *state);
void tpkt_take(struct tpkt *tpkt, const struct pdu *pdu, struct tpkt_unit *ret_unit);
/* Connection units tell nothing of what is carried: the first data does. `knows` looks at its first bytes. */
enum gw_guess tpkt_guess(const uint8_t *data, size_t size, bool (*knows)(const uint8_t *data, size_t size));
/* "connect", "disconnect" of a connection unit; NULL for data. */
const char *tpkt_name(uint8_t type);
