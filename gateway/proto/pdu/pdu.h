// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Messages of protocols whose head tells their size, found in a direction's bytes wherever these were cut: what the protocols of control systems share.
 *
 * A protocol says how long a message is (pdu_kind.size) and reads one (pdu_kind.read); this finds where each begins and ends, keeps what is not whole, and after
 * lost bytes seeks the framing again: a head is believed when another follows where it says, or, the very first one, when its message is sound by itself. What is
 * believed depends on the bytes alone. Bounded: `keep` bytes of a message and PDU_SEEK_MAX while seeking, a direction.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "proto/proto.h"

enum { PDU_FIELDS = 192, PDU_BUFFERS = 4, PDU_TEXT = 2048, PDU_NAME = 48, PDU_HEAD_MAX = 32, PDU_SEEK_SPAN = 2048, PDU_SEEK_MAX = 8192, PDU_CANDIDATES = 16 };

/* A message as it was cut out. */
struct pdu {
	enum gw_dir dir;
	const uint8_t *data; /* valid during read() */
	size_t size;         /* of `data`: all of the message, or what was kept of it */
	uint64_t total;      /* of the message */
	size_t back;         /* as in gw_message */
	bool torn;           /* not all of it is in `data` */
};

struct pdu_kind {
	const char *odd;     /* told where no message begins that should */
	size_t head;         /* bytes that size() needs at least, at most PDU_HEAD_MAX */
	size_t sure;         /* bytes with which size() never asks for more; for seeking */
	size_t keep;         /* bytes of a message that are kept */
	/* The size of the message that begins so, head included; 0 = none begins so; -N = N bytes are needed to tell. */
	int64_t (*size)(const void *state, enum gw_dir dir, const uint8_t *head, size_t have);
	/* Whether a whole message is sound by more than its head. */
	bool (*sound)(const void *state, enum gw_dir dir, const uint8_t *data, size_t size);
	void (*read)(struct gw_turn *turn, void *state, const struct pdu *pdu);
};

struct pdu_side {
	struct sk_buf buf;   /* of a message, or while seeking of the stream */
	uint64_t want;       /* its size; 0 = not known */
	uint64_t have;       /* bytes of it that came */
	bool torn, lost;
	bool first;          /* seeking: nothing was dropped since the gap */
	size_t seen;         /* seeking: so many of buf were looked at */
	struct {
		size_t at, end, proof;
	} candidates[PDU_CANDIDATES];
	unsigned count;
};

/* The first member of a protocol's state. */
struct pdu_stream {
	const struct pdu_kind *kind;
	struct pdu_side side[2];
	uint64_t messages;
	bool gone;           /* not_mine() was said: nothing is told any more, not even of the bytes in hand */
};

#define PDU_BUDGET(keep) (2 * ((size_t)(keep) + PDU_SEEK_MAX + 1024))

int pdu_begin(struct pdu_stream *stream, const struct pdu_kind *kind, const struct gw_turn *turn);
void pdu_end(void *state);
void pdu_data(struct gw_turn *turn, void *state, enum gw_dir dir, const uint8_t *data, size_t size);
void pdu_gap(struct gw_turn *turn, void *state, enum gw_dir dir, uint64_t missing);
/* YES for a head and, where sound() is there, a sound message behind it; of a longer one MORE. */
enum gw_guess pdu_guess(const struct pdu_kind *kind, const uint8_t *data, size_t size, enum gw_dir dir, bool midstream);

/* Both directions stand between two messages (gw_by_header.stands). */
bool pdu_between(const struct pdu_stream *stream);

/* What a message says, as it is put together for the engine. */
struct pdu_told {
	char name[PDU_NAME];
	enum gw_act act;
	bool request, partial;
	enum gw_role from;
	uint64_t id;
	struct gw_field fields[PDU_FIELDS];
	size_t field_count;
	struct gw_buffer buffers[PDU_BUFFERS];
	size_t buffer_count;
	char text[PDU_TEXT]; /* of fields that are made here */
	size_t text_used;
	enum gw_reply reply; /* after pdu_say() */
};

/* An answer comes from the server; from the host when `request`. */
void pdu_told_begin(struct pdu_told *told, const struct pdu *pdu, const char *name, enum gw_act act, bool request);
void pdu_put(struct pdu_told *told, unsigned def, uint64_t value);
void pdu_put_int(struct pdu_told *told, unsigned def, int64_t value);
/* `count` of them from `low` on; none for 0. */
void pdu_put_range(struct pdu_told *told, unsigned def, uint64_t low, uint64_t count);
/* The same value is not put twice: for lists of which only the different ones matter. */
void pdu_put_once(struct pdu_told *told, unsigned def, uint64_t value);
void pdu_put_bytes(struct pdu_told *told, unsigned def, const uint8_t *data, size_t size);
/* Without blanks and zeros around it, and nothing when it is empty. */
void pdu_put_trimmed(struct pdu_told *told, unsigned def, const uint8_t *data, size_t size);
void pdu_put_text(struct pdu_told *told, unsigned def, const char *format, ...) __attribute__((format(printf, 3, 4)));
void pdu_put_buffer(struct pdu_told *told, const char *name, const uint8_t *data, size_t size);
enum gw_ruling pdu_say(struct gw_turn *turn, const struct pdu *pdu, struct pdu_told *told);

/* A row of a table by code, ascending or not; the last one has no name. */
struct pdu_row {
	uint32_t code;
	const char *name;
	enum gw_act act;
};
const struct pdu_row *pdu_row_find(const struct pdu_row *rows, uint32_t code);
