// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the kernel side may judge of HSMS by heads alone (proto.h). Only messages whose heads settle what they are: none that says something about who is host and
 * who is equipment that is not known already, and of control messages only the link test.
 */
#include <stdio.h>

#include "proto/hsms/session.h"

static bool tells_role(const struct hsms_row *row, enum gw_role from)
{
	if (!row)
		return false;
	for (const struct hsms_where *at = row->at; at->path; at++)
		if (row->stream == 1 && at->field == HSMS_F_MDLN)
			return true;
	if (row->stream == 1 && (row->function == 13 || row->function == 14))
		return true;
	return row->by != BY_EITHER && (row->by == BY_HOST) != (from == GW_ROLE_HOST);
}

bool hsms_head_message(unsigned code, enum gw_role from, char name[static GW_HEAD_NAME], struct gw_message *ret_message)
{
	struct hsms_head head = {.length = HSMS_HEADER, .byte2 = (uint8_t)(code >> 7), .byte3 = code & 127};
	const struct hsms_row *row = NULL;

	if (head.byte2 == 0) {
		head.stype = head.byte3;
		head.byte3 = 0;
		if (head.stype != HSMS_LINKTEST_REQ && head.stype != HSMS_LINKTEST_RSP)
			return false;
		snprintf(name, GW_HEAD_NAME, "%s", hsms_control_name(head.stype));
	} else {
		row = hsms_row_find(head.byte2, head.byte3);
		if (tells_role(row, from))
			return false;
		snprintf(name, GW_HEAD_NAME, "S%uF%u", head.byte2, head.byte3);
	}
	*ret_message = (struct gw_message){.name = name, .from = from, .act = hsms_act(&head, row, from)};
	return true;
}

/* Between two messages on both sides, and it is settled who is who: the host has been heard as one. */
bool hsms_stands(const void *state, struct gw_stand *ret_stand)
{
	const struct hsms_session *session = state;
	enum gw_dir host = session->client_is_host > 0 ? GW_TO_SERVER : GW_TO_CLIENT;

	if (session->dead || session->mute || session->client_is_host == 0 || !session->side[host].hosts)
		return false;
	for (int dir = 0; dir < 2; dir++) {
		const struct hsms_side *side = &session->side[dir];

		if (side->lost || side->have > 0)
			return false;
		ret_stand->left[dir] = 0;
		ret_stand->role[dir] = dir == (int)host ? GW_ROLE_HOST : GW_ROLE_EQUIPMENT;
	}
	return true;
}
