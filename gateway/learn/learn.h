// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Who says what to whom, counted. A row is one message of one server's port between two addresses; beside it stand rows for the kinds of it, by the values of the
 * fields that a protocol declares for learning. Client ports do not count; neither do bodies, and of a secret field no value is kept.
 *
 * Everything is bounded: a table has GW_LEARN_ROWS rows, a message GW_LEARN_KINDS kinds; what finds no room is counted as lost and makes the message one of many kinds.
 * A table is plain memory: the engine writes one that it shares with the clerk, which reads it at any time.
 */
#pragma once

#include <stdatomic.h>

#include "base/buf.h"
#include "base/diag.h"
#include "segment/policy.h"

enum { GW_LEARN_ROWS = 4096, GW_LEARN_KINDS = 48, GW_LEARN_SLOTS = 4 * GW_LEARN_ROWS };

#define GW_LEARN_TEXT_MAX (8u << 20) /* of a file */

struct gw_learn_row {
	/* set before the row is counted */
	struct gw_addr client, server;
	uint8_t ip, transport;
	uint8_t dir, from, act; /* enum gw_dir, gw_role, gw_act */
	bool answer;            /* needs no line: what it answers was let pass */
	uint16_t port, vlan;
	char proto[16];         /* "" = nobody knows what it is */
	char name[32];          /* of the message; "" = conversations that have ended */
	char kind[96];          /* "rcmd=START", several with tabs between; "" = the row of the message itself */
	/* counted */
	_Atomic uint64_t count[3];  /* allowed, would be refused, refused */
	_Atomic uint64_t bare;      /* of them: without a field to learn by */
	_Atomic uint64_t first, last; /* seconds since the epoch */
	_Atomic uint32_t days, day; /* on so many days (UTC), the newest of which is `day` since the epoch */
	_Atomic uint32_t kinds;
	_Atomic uint32_t many;      /* some of its kinds have no row */
};

struct gw_learn_table {
	_Atomic uint32_t count;
	_Atomic uint64_t lost;
	struct gw_learn_row rows[GW_LEARN_ROWS];
};

/* A table with a way to find its rows. One writer. */
struct gw_learn {
	struct gw_learn_table *table;
	uint16_t slots[GW_LEARN_SLOTS];
};

struct gw_learn_said {
	struct gw_tuple flow;
	const struct gw_proto *proto;     /* NULL = not known */
	const struct gw_message *message; /* NULL: the conversation is over */
	unsigned verdict;                 /* 0 allowed, 1 would be refused, 2 refused */
	uint64_t time;                    /* ns since the epoch */
};

/* On a table that may have rows already, whose rows are found again. The table stays the caller's. */
void gw_learn_begin(struct gw_learn *learn, struct gw_learn_table *table);
void gw_learn_take(struct gw_learn *learn, const struct gw_learn_said *said);
/* Adds what another table has counted, which another process may be writing: a row that cannot be is left out. */
void gw_learn_add(struct gw_learn *learn, const struct gw_learn_table *other);
/* One row of another table, or of a file. */
void gw_learn_add_row(struct gw_learn *learn, const struct gw_learn_row *row);
uint64_t gw_learn_total(const struct gw_learn_row *row);

/* --- as text: one JSON object, the same table always gives the same */
struct gw_learn_marks {
	uint64_t proposed; /* seconds since the epoch: when a draft was made last; 0 = never */
	uint64_t known;    /* what was first seen by then is in the policy's learning; 0 = nothing is */
};

int gw_learn_write(const struct gw_learn_table *table, const struct gw_learn_marks *marks, struct sk_buf *out);
/* Adds to `learn`. 0; SK_BAD with its place; -errno. */
int gw_learn_read(const char *text, size_t size, struct gw_learn *learn, struct gw_learn_marks *ret_marks, struct sk_diag *diag);

/* --- what people get; `policy` may be NULL where it is one that is in force or drafted */

/* A draft of a policy, each line with its evidence as a comment. */
int gw_learn_propose(const struct gw_learn_table *table, const struct gw_policy *policy, struct sk_buf *out);
/* What was first seen after `known`, or what `other` (not NULL) has no row for, as lines for people. *ret_count rows. */
int gw_learn_drift(const struct gw_learn_table *table, uint64_t known, const struct gw_learn *other, struct sk_buf *out, size_t *ret_count);
/* What stops while an isolation set holds. SK_NONE: the policy has no such set. */
int gw_learn_rehearse(const struct gw_learn_table *table, const struct gw_policy *policy, const char *set, struct sk_buf *out, size_t *ret_count);
/* Zones and conduits as SVG: by the policy on the left, by the traffic on the right. */
int gw_learn_draw(const struct gw_learn_table *table, const struct gw_policy *policy, bool ja, struct sk_buf *out);
/* The row of `learn` with the identity of `row`, or NULL. */
const struct gw_learn_row *gw_learn_find(const struct gw_learn *learn, const struct gw_learn_row *row);
