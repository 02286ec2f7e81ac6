// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * HSMS frames (SEMI E37): four bytes of length, ten of header, then the length less ten of body. All numbers big-endian.
 *
 *     session id (2) | byte 2: W bit and stream | byte 3: function | PType | SType | system bytes (4)
 *
 * SType 0 is a SECS-II message; the others are control messages without a body, in which byte 2 and 3 have other meanings.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hsms_stype {
	HSMS_DATA = 0, HSMS_SELECT_REQ = 1, HSMS_SELECT_RSP = 2, HSMS_DESELECT_REQ = 3, HSMS_DESELECT_RSP = 4, HSMS_LINKTEST_REQ = 5,
	HSMS_LINKTEST_RSP = 6, HSMS_REJECT_REQ = 7, HSMS_SEPARATE_REQ = 9,
};

enum { HSMS_HEADER = 10, HSMS_HEAD = 14 /* with the length */ };
#define HSMS_LENGTH_MAX (32u << 20) /* more than two items of the greatest length: nobody sends that */
#define HSMS_NO_SESSION 0xffffu     /* the session id of control messages of a single-session entity (E37.1) */

struct hsms_head {
	uint32_t length;  /* of header and body */
	uint16_t session;
	uint8_t byte2, byte3, ptype, stype;
	uint32_t system;
};

/* `head` has HSMS_HEAD bytes. */
void hsms_head_read(const uint8_t head[static HSMS_HEAD], struct hsms_head *ret_head);
void hsms_head_write(const struct hsms_head *head, uint8_t out[static HSMS_HEAD]);
/* Stream, W bit and function of a data message. */
static inline unsigned hsms_stream(const struct hsms_head *head)
{
	return head->byte2 & 0x7f;
}
static inline bool hsms_wait(const struct hsms_head *head)
{
	return head->stype == HSMS_DATA && head->byte2 & 0x80;
}
/* "select.req" ...; NULL for an SType that E37 does not know. */
const char *hsms_control_name(unsigned stype);
/* Whether these are bytes that an honest peer begins a frame with. */
bool hsms_head_plausible(const struct hsms_head *head);
