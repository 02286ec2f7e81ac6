// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * For tests and fuzzing: an engine that writes down what the parser says, a line each, and refuses what it is told to. Only what does not depend on
 * how the bytes were cut is written.
 */
#pragma once

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "proto/proto.h"

struct tape {
	struct gw_turn turn; /* first: the parser's turn is the tape */
	const struct gw_proto *proto;
	struct sk_buf text;
	const char *refuse;  /* a message's name */
	enum gw_reply reply;
	bool refuse_head;    /* already when it is said by its header */
	size_t given;        /* bytes of the piece that data() has */
	uint64_t seen;       /* bytes handed over so far, this piece included */
	uint64_t ends;       /* where the last whole message ended, in the bytes of both directions */
	bool not_mine;
};

static inline void tape_field(struct tape *tape, const struct gw_field *field)
{
	const struct gw_field_def *def = &tape->proto->fields[field->def];

	sk_buf_printf(&tape->text, " %s=", def->name);
	if (def->kind == GW_UINT)
		sk_buf_printf(&tape->text, "%" PRIu64, field->u);
	for (size_t i = 0; def->kind != GW_UINT && i < field->bytes.size; i++) {
		uint8_t c = field->bytes.data[i];

		sk_buf_printf(&tape->text, c > ' ' && c < 0x7f ? "%c" : "\\%02x", c);
	}
}

static inline enum gw_ruling tape_say(struct gw_turn *turn, const struct gw_message *message, enum gw_reply *ret_reply)
{
	static const char *const from[] = {"?", "host", "equipment"};
	struct tape *tape = (struct tape *)turn;

	sk_buf_printf(&tape->text, "%s %c %s act=%d%s%s%s id=%" PRIu64 " size=%" PRIu64, message->name, message->dir == GW_TO_SERVER ? '>' : '<',
		      from[message->from], message->act, message->request ? " asks" : "", message->whole ? "" : " head",
		      message->partial ? " partial" : "", message->id, message->size);
	for (size_t i = 0; i < message->field_count; i++)
		tape_field(tape, &message->fields[i]);
	for (size_t i = 0; i < message->buffer_count; i++)
		sk_buf_printf(&tape->text, " %s:%zu", message->buffers[i].name, message->buffers[i].size);
	sk_buf_append_char(&tape->text, '\n');
	if (message->whole)
		tape->ends = tape->seen - message->back;
	if (!tape->refuse || strcmp(tape->refuse, message->name) != 0 || (!message->whole && !tape->refuse_head))
		return GW_LET;
	*ret_reply = tape->reply;
	return GW_REFUSE;
}

static inline void tape_answer(struct gw_turn *turn, enum gw_dir dir, const void *bytes, size_t size)
{
	struct tape *tape = (struct tape *)turn;

	sk_buf_printf(&tape->text, "answer %c ", dir == GW_TO_SERVER ? '>' : '<');
	for (size_t i = 0; i < size; i++)
		sk_buf_printf(&tape->text, "%02x", ((const uint8_t *)bytes)[i]);
	sk_buf_append_char(&tape->text, '\n');
}

static inline enum gw_ruling tape_odd(struct gw_turn *turn, enum gw_dir dir, const char *word)
{
	bool declared = false;

	for (const char *const *at = ((struct tape *)turn)->proto->odds; *at; at++)
		declared |= strcmp(*at, word) == 0;
	if (!declared)
		__builtin_trap();
	sk_buf_printf(&((struct tape *)turn)->text, "odd %c %s\n", dir == GW_TO_SERVER ? '>' : '<', word);
	return GW_LET;
}

static inline void tape_not_mine(struct gw_turn *turn)
{
	((struct tape *)turn)->not_mine = true;
	sk_buf_append_str(&((struct tape *)turn)->text, "not mine\n");
}

/* Afterwards the tape can be handed to the parser's functions as its turn. */
static inline void tape_begin(struct tape *tape, const struct gw_proto *proto, bool midstream)
{
	static const struct gw_services services = {.say = tape_say, .answer = tape_answer, .odd = tape_odd, .not_mine = tape_not_mine};

	*tape = (struct tape){.proto = proto, .turn = {.engine = &services, .now = 1000000000, .midstream = midstream, .client_port = 40000, .server_port = 5000},
		.text = SK_BUF(32 << 20)};
}

static inline void tape_data(struct tape *tape, void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	tape->given = size;
	tape->seen += size;
	tape->proto->data(&tape->turn, state, dir, data, size);
}
