// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * S7comm-plus as S7-1200 and S7-1500 speak it: which function, asked or answered. Its objects are compressed or encrypted by version and are not looked into. No
 * specification is public: this follows what devices send.
 */
#include <stdio.h>

#include "base/cursor.h"
#include "proto/s7/s7.h"

enum { REQUEST = 0x31, RESPONSE = 0x32, NOTIFICATION = 0x33, VERSION_KEEPALIVE = 0xff, DIGEST_VERSION = 3 };

static const struct pdu_row functions[] = {
	{0x04bb, "plus-explore", GW_ACT_READ}, {0x04ca, "plus-create-object", GW_ACT_ENGINEER}, {0x04d4, "plus-delete-object", GW_ACT_ENGINEER},
	{0x04f2, "plus-set-variable", GW_ACT_WRITE}, {0x0524, "plus-get-link", GW_ACT_READ}, {0x0542, "plus-set-multi-variables", GW_ACT_WRITE},
	{0x054c, "plus-get-multi-variables", GW_ACT_READ}, {0x0556, "plus-begin-sequence", GW_ACT_ENGINEER}, {0x0560, "plus-end-sequence", GW_ACT_ENGINEER},
	{0x056b, "plus-invoke", GW_ACT_CONTROL}, {0x057c, "plus-set-var-substreamed", GW_ACT_WRITE}, {0x0586, "plus-get-var-substreamed", GW_ACT_READ},
	{0x0590, "plus-get-variables-address", GW_ACT_READ}, {0x059a, "plus-abort", GW_ACT_SESSION}, {0x05a9, "plus-error", GW_ACT_SESSION},
	{0x05b3, "plus-init-ssl", GW_ACT_SESSION}, {0, NULL, 0}};

/* A new session makes an object of class 287 (ObjectServerSession) before anything else can be asked for. */
static bool opens_session(const struct sk_cursor *after)
{
	struct sk_cursor c = *after;

	sk_get_u32(&c);
	sk_get_u8(&c);
	return sk_get_u32(&c) == 287;
}

bool s7_plus(struct pdu_told *told, const struct pdu *pdu, const uint8_t *bytes, size_t size)
{
	struct sk_cursor c;
	unsigned version, opcode, function;
	const struct pdu_row *row;

	(void)pdu;
	sk_cursor_init(&c, bytes, size);
	sk_get_u8(&c);
	version = sk_get_u8(&c);
	sk_get_u16(&c);
	if (c.bad)
		return false;
	pdu_put(told, S7_VERSION, version);
	told->act = GW_ACT_SESSION;
	snprintf(told->name, sizeof told->name, "plus-keepalive");
	if (version == VERSION_KEEPALIVE || sk_cursor_left(&c) == 0)
		return true;
	if (version == DIGEST_VERSION)
		sk_get_bytes(&c, sk_get_u8(&c));
	opcode = sk_get_u8(&c);
	if (opcode == NOTIFICATION) {
		snprintf(told->name, sizeof told->name, "plus-notification");
		told->act = GW_ACT_REPORT;
		told->request = false;
		return true;
	}
	sk_get_u16(&c);
	function = sk_get_u16(&c);
	sk_get_u16(&c);
	told->id = 1u + sk_get_u16(&c);
	if (c.bad || (opcode != REQUEST && opcode != RESPONSE)) {
		/* Another fragment of a longer message, or hidden: nobody knows what it does. */
		snprintf(told->name, sizeof told->name, "plus-data");
		told->act = told->from == GW_ROLE_HOST ? GW_ACT_ENGINEER : GW_ACT_REPORT;
		told->partial = true;
		return true;
	}
	row = pdu_row_find(functions, function);
	snprintf(told->name, sizeof told->name, "%s", row ? row->name : "plus-function");
	told->act = row ? row->act : GW_ACT_ENGINEER;
	if (function == 0x04ca && opcode == REQUEST && opens_session(&c))
		told->act = GW_ACT_SESSION;
	told->request = opcode == REQUEST;
	pdu_put(told, S7_FUNCTION, function);
	return true;
}
