// SPDX-License-Identifier: GPL-3.0-or-later
/* Reading and writing HSMS heads, and what an honest head looks like. */
#include "proto/hsms/frame.h"

#include "base/cursor.h"

void hsms_head_read(const uint8_t head[static HSMS_HEAD], struct hsms_head *ret_head)
{
	struct sk_cursor in;

	sk_cursor_init(&in, head, HSMS_HEAD);
	ret_head->length = sk_get_u32(&in);
	ret_head->session = sk_get_u16(&in);
	ret_head->byte2 = sk_get_u8(&in);
	ret_head->byte3 = sk_get_u8(&in);
	ret_head->ptype = sk_get_u8(&in);
	ret_head->stype = sk_get_u8(&in);
	ret_head->system = sk_get_u32(&in);
}

void hsms_head_write(const struct hsms_head *head, uint8_t out[static HSMS_HEAD])
{
	struct sk_writer to;

	sk_writer_init(&to, out, HSMS_HEAD);
	sk_put_u32(&to, head->length);
	sk_put_u16(&to, head->session);
	sk_put_u8(&to, head->byte2);
	sk_put_u8(&to, head->byte3);
	sk_put_u8(&to, head->ptype);
	sk_put_u8(&to, head->stype);
	sk_put_u32(&to, head->system);
}

const char *hsms_control_name(unsigned stype)
{
	static const char *const names[] = {[HSMS_SELECT_REQ] = "select.req", [HSMS_SELECT_RSP] = "select.rsp",
		[HSMS_DESELECT_REQ] = "deselect.req", [HSMS_DESELECT_RSP] = "deselect.rsp", [HSMS_LINKTEST_REQ] = "linktest.req",
		[HSMS_LINKTEST_RSP] = "linktest.rsp", [HSMS_REJECT_REQ] = "reject.req", [HSMS_SEPARATE_REQ] = "separate.req"};

	return stype < sizeof(names) / sizeof(names[0]) ? names[stype] : NULL;
}

bool hsms_head_plausible(const struct hsms_head *head)
{
	if (head->ptype != 0 || head->length < HSMS_HEADER || head->length > HSMS_LENGTH_MAX)
		return false;
	if (head->stype != HSMS_DATA)
		return hsms_control_name(head->stype) && head->length == HSMS_HEADER;
	/* An answer is never due to an answer, and stream 0 does not exist. A body has at least an item's two bytes. */
	return hsms_stream(head) != 0 && !(hsms_wait(head) && head->byte3 % 2 == 0) && head->length != HSMS_HEADER + 1 &&
	       head->session != HSMS_NO_SESSION;
}
