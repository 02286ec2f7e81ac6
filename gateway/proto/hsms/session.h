// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One HSMS session as both sides are seen by somebody between them: the framing of each direction, selected or not (E37), open transactions by
 * their system bytes, timers in packet time, and who is host and who is equipment by what they send.
 *
 * Bounded: one struct hsms_session, up to HSMS_BODY_KEPT bytes of body a direction for rules, a hasher, and what seek.h holds while it seeks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "proto/hsms/extract.h"
#include "proto/hsms/frame.h"
#include "proto/hsms/seek.h"
#include "proto/proto.h"

enum {
	HSMS_BODY_KEPT = 64 << 10, /* of a body that rules may look at */
	HSMS_LONG = 1024,          /* a message with a longer body is said by its header first */
	HSMS_OPEN = 64,            /* open transactions a direction */
	HSMS_SOUGHT_MAX = 1 << 20, /* bytes without any framing: more is not a message on its way when the session was picked up */
};

/* E37 and E5, where the conduit says nothing: 45 s, 5 s, 10 s, 5 s. T5, the pause between two attempts to connect, is the engine's to know. */
extern const struct gw_timers hsms_timers_usual;

struct hsms_open {
	bool used;
	uint8_t stype, stream, function;
	uint32_t system;
	uint64_t since;
};

struct hsms_side {
	uint8_t raw[HSMS_HEAD];
	size_t have;            /* of `raw`; HSMS_HEAD: in the body */
	struct hsms_head head;
	uint64_t left;          /* bytes of the body to come */
	const struct hsms_row *row;
	struct extract extract;
	struct sk_buf body;
	bool early, refused, native; /* said by its header; refused then; and to be answered */
	bool hosts;             /* has sent what only a host sends */
	bool torn;              /* bytes of this message were not seen */
	bool late;              /* T8 was told of this message */
	uint64_t last;          /* time of the last byte */
	bool lost, sought_told;
	uint64_t sought;        /* bytes in which no framing was found */
	struct hsms_seek seek;
	struct hsms_open open[HSMS_OPEN];
};

struct hsms_session {
	bool dead, midstream, selected, unselected_told;
	bool mute;              /* no refusal of its own can be sent (SECS-I: a line has to be asked for) */
	uint64_t since;
	int client_is_host;     /* evidence, -8 to 8; negative: the client is the equipment */
	uint32_t messages;
	struct hsms_side side[2]; /* by enum gw_dir */
};

/*
 * Who sends the message whose head `dir` has. What both may send is taken for the equipment's only when the other side has been heard as a host: else a
 * host that first says what equipment says would be let do what equipment may.
 */
enum gw_role hsms_role(const struct hsms_session *session, enum gw_dir dir);
/* The head of a frame is whole: its oddities are told. */
void hsms_head_odds(struct gw_turn *turn, struct hsms_session *session, enum gw_dir dir);
/* A message begins, whose head is in the side; its body of `size` bytes follows. */
void hsms_begin_message(struct gw_turn *turn, struct hsms_session *session, enum gw_dir dir, uint64_t size);
void hsms_take_body(struct hsms_side *side, const uint8_t *data, size_t size);
/* And its last byte was taken: it is said, and answered when it is refused. */
void hsms_end_message(struct gw_turn *turn, struct hsms_session *session, enum gw_dir dir, size_t back);
/* What a message does, by its head, its row (NULL: not in the table) and who says it. */
enum gw_act hsms_act(const struct hsms_head *head, const struct hsms_row *row, enum gw_role from);
/* struct gw_by_header. */
bool hsms_head_message(unsigned code, enum gw_role from, char name[static GW_HEAD_NAME], struct gw_message *ret_message);
bool hsms_stands(const void *state, struct gw_stand *ret_stand);
void hsms_session_done(struct hsms_session *session);
/* The fields of the head; before those of the body. */
void hsms_put_head(struct extract *extract, const struct hsms_head *head);
/* The message of which `dir` has the head, and of its whole when `whole`, is told; `back` as in gw_message. */
void hsms_say(struct gw_turn *turn, struct hsms_session *session, enum gw_dir dir, bool whole, size_t back);
/* Who is host, by the head of a message, and again by its body when that is whole. */
void hsms_note_role(struct gw_turn *turn, struct hsms_session *session, enum gw_dir dir, bool whole);
/* What the message means for selection and transactions; before it is said. */
void hsms_note_state(struct gw_turn *turn, struct hsms_session *session, enum gw_dir dir);
void hsms_note_timers(struct gw_turn *turn, struct hsms_session *session);
/* A refused primary is not waited for: its answer was ours. */
void hsms_forget(struct hsms_session *session, enum gw_dir dir, uint32_t system);
/* The native refusal of the message of `dir`, towards the host. */
void hsms_refuse(struct gw_turn *turn, struct hsms_session *session, enum gw_dir dir);
