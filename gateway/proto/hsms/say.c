// SPDX-License-Identifier: GPL-3.0-or-later
/* Telling the engine a message, and the refusal in SECS's own words. Owns nothing; the fields belong to the side's extract. */
#include <stdio.h>
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/mem.h"
#include "proto/hsms/session.h"

void hsms_put_head(struct extract *extract, const struct hsms_head *head)
{
	extract_put_number(extract, HSMS_F_SESSION, head->session);
	extract_put_number(extract, HSMS_F_STYPE, head->stype);
	if (head->stype == HSMS_DATA) {
		extract_put_number(extract, HSMS_F_STREAM, hsms_stream(head));
		extract_put_number(extract, HSMS_F_FUNCTION, head->byte3);
		extract_put_number(extract, HSMS_F_WAIT, hsms_wait(head));
	} else {
		extract_put_number(extract, HSMS_F_STATUS, head->byte3);
	}
	extract_put_number(extract, HSMS_F_LENGTH, head->length - HSMS_HEADER);
}

/* What a message does. The table speaks of what is done to the equipment; sent by it, the same message is a report. */
enum gw_act hsms_act(const struct hsms_head *head, const struct hsms_row *row, enum gw_role from)
{
	if (head->stype != HSMS_DATA)
		return GW_ACT_SESSION;
	if (head->byte3 == 0)
		return GW_ACT_SESSION;
	if (!row)
		return hsms_act_unknown(hsms_stream(head), head->byte3, from);
	if (row->by == BY_EITHER && from == GW_ROLE_EQUIPMENT && row->act > GW_ACT_REPORT)
		return GW_ACT_REPORT;
	return row->act;
}

static const char *name_of(const struct hsms_head *head, char *space, size_t size)
{
	const char *control = head->stype == HSMS_DATA ? NULL : hsms_control_name(head->stype);

	if (control)
		return control;
	if (head->stype == HSMS_DATA)
		snprintf(space, size, "S%uF%u", hsms_stream(head), head->byte3);
	else
		snprintf(space, size, "stype.%u", head->stype);
	return space;
}

static bool names_recipe(const struct hsms_row *row)
{
	for (const struct hsms_where *at = row->at; at->path; at++)
		if (at->field == HSMS_F_PPID)
			return true;
	return false;
}

void hsms_say(struct gw_turn *turn, struct hsms_session *session, enum gw_dir dir, bool whole, size_t back)
{
	struct hsms_side *side = &session->side[dir];
	struct gw_buffer buffers[] = {{"hsms.header", side->raw + 4, HSMS_HEADER}, {"secs.body", (const uint8_t *)side->body.data, side->body.size}};
	struct extract *extract = &side->extract;
	enum gw_reply reply = GW_REPLY_SILENT;
	char name[16];
	struct gw_message message = {.name = name_of(&side->head, name, sizeof(name)), .dir = dir, .from = hsms_role(session, dir),
		.request = hsms_wait(&side->head) || side->head.stype == HSMS_SELECT_REQ || side->head.stype == HSMS_DESELECT_REQ ||
			   side->head.stype == HSMS_LINKTEST_REQ,
		.whole = whole, .id = side->head.system, .size = whole ? 4 + (uint64_t)side->head.length : HSMS_HEAD, .back = back,
		.partial = whole && (side->torn || extract->odd || (side->head.stype == HSMS_DATA && extract->reader.odd & SECS_ODD_STOPS)),
		.buffers = buffers, .buffer_count = side->body.size ? 2 : 1};

	message.act = hsms_act(&side->head, side->row, message.from);
	message.fields = extract->fields;
	message.field_count = extract->field_count;
	message.unnamed = extract->hashed && side->row && !names_recipe(side->row);
	if (turn->engine->say(turn, &message, &reply) == GW_REFUSE) {
		side->refused = true;
		side->native |= reply == GW_REPLY_NATIVE;
	}
}

static int put_answer(const struct hsms_row *row, struct sk_buf *body)
{
	int r;

	switch ((enum hsms_no)row->no) {
	case NO_CODE:
		return secs_put_number(body, SECS_BINARY, row->code);
	case NO_CODE_LIST:
		r = secs_put_list(body, 2);
		if (r == 0)
			r = secs_put_number(body, SECS_BINARY, row->code);
		return r ? r : secs_put_list(body, 0);
	case NO_EMPTY:
		return secs_put_list(body, 0);
	case NO_ABORT:
		break;
	}
	return SK_NONE;
}

/*
 * What the host is told: the answer of its own transaction, or SxF0, under the same system bytes; of a message for which no answer is due, S9F7
 * with its header, as the equipment would.
 */
static int put_refusal(const struct hsms_side *side, bool asked, struct hsms_head *head, struct sk_buf *body)
{
	*head = (struct hsms_head){.session = side->head.session, .byte2 = (uint8_t)hsms_stream(&side->head), .system = side->head.system};
	if (asked && !hsms_wait(&side->head)) {
		head->byte2 = 9;
		head->byte3 = 7;
		return secs_put_bytes(body, SECS_BINARY, side->raw + 4, HSMS_HEADER);
	}
	if (asked && side->row && put_answer(side->row, body) == 0)
		head->byte3 = side->head.byte3 + 1;
	return 0;
}

void hsms_refuse(struct gw_turn *turn, struct hsms_session *session, enum gw_dir dir)
{
	_cleanup_buf_ struct sk_buf body = SK_BUF(64), out = SK_BUF(128);
	const struct hsms_side *side = &session->side[dir];
	enum gw_role role = hsms_role(session, dir);
	bool primary = side->head.byte3 % 2 == 1;
	/* Before anything has told the roles, who asks for an answer gets one: it is right for either. */
	bool asked = primary && (role == GW_ROLE_HOST || (role != GW_ROLE_EQUIPMENT && hsms_wait(&side->head)));
	uint8_t raw[HSMS_HEAD];
	struct hsms_head head;

	/* A primary of the equipment has no answer from us, nor has what the host answers: the equipment's own timer ends it. */
	if (session->mute || side->head.stype != HSMS_DATA || (!asked && (primary || role != GW_ROLE_EQUIPMENT)))
		return;
	if (put_refusal(side, asked, &head, &body) != 0)
		return;
	head.length = HSMS_HEADER + (uint32_t)body.size;
	hsms_head_write(&head, raw);
	if (sk_buf_append(&out, raw, sizeof(raw)) != 0 || sk_buf_append(&out, body.data, body.size) != 0)
		return;
	/* Back to who asked, or on in place of the answer that is not to leave. */
	turn->engine->answer(turn, asked ? !dir : dir, out.data, out.size);
}
