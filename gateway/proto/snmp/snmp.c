// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * SNMP (RFC 1157, RFC 3416, RFC 3412 and RFC 3414) over UDP: the kind of each PDU, the objects it names, the community or the user. An encrypted PDU of version 3 is told as
 * "encrypted" and partial: what it does cannot be known, so it counts as writing.
 */
#include <stdio.h>

#include "base/mem.h"
#include "proto/ber/ber.h"
#include "proto/pdu/pdu.h"

enum { KEEP = 65535, OID_TEXT = 160, TRAP1 = 0xa4, GET_BULK = 0xa5, INFORM = 0xa6, TRAP2 = 0xa7, BIT_ENCRYPTED = 2 };

enum { F_VERSION, F_COMMUNITY, F_USER, F_OID, F_ERROR, F_ENTERPRISE };
static const struct gw_field_def fields[] = {
	[F_VERSION] = {"version", GW_UINT, .learn = true, .en = "1, 2 (of 2c) or 3", .ja = "1、2（2c）または 3"},
	[F_COMMUNITY] = {"community", GW_TEXT, .secret = true, .en = "the community of versions 1 and 2c", .ja = "バージョン 1 と 2c のコミュニティ名"},
	[F_USER] = {"user", GW_TEXT, .learn = true, .en = "the user of version 3", .ja = "バージョン 3 のユーザー"},
	[F_OID] = {"oid", GW_TEXT, .learn = true, .en = "each object that is named", .ja = "指定された各オブジェクト"},
	[F_ERROR] = {"error", GW_UINT, .en = "the answer's error status", .ja = "応答のエラー状態"},
	[F_ENTERPRISE] = {"enterprise", GW_TEXT, .en = "what sends a trap of version 1", .ja = "バージョン 1 のトラップの送信元"},
};

static const struct pdu_row rows[] = {{0xa0, "get", GW_ACT_READ}, {0xa1, "get-next", GW_ACT_READ}, {0xa2, "response", GW_ACT_REPORT}, {0xa3, "set", GW_ACT_WRITE},
	{0xa4, "trap", GW_ACT_REPORT}, {0xa5, "get-bulk", GW_ACT_READ}, {0xa6, "inform", GW_ACT_REPORT}, {0xa7, "trap2", GW_ACT_REPORT},
	{0xa8, "report", GW_ACT_REPORT}, {0, NULL, 0}};

/* A datagram is one message. */
static int64_t snmp_size(const void *state, enum gw_dir dir, const uint8_t *head, size_t have)
{
	struct sk_cursor c, content;
	uint64_t version;

	sk_cursor_init(&c, head, have);
	content = ber_take(&c, BER_SEQUENCE);
	if (content.bad || sk_cursor_left(&c))
		return 0;
	version = ber_number(&content, BER_INTEGER);
	return content.bad || version > 3 || version == 2 ? 0 : (int64_t)have;
}

static void put_text(struct pdu_told *told, unsigned def, struct sk_cursor content)
{
	size_t size = sk_cursor_left(&content);

	if (size)
		pdu_put_bytes(told, def, sk_get_bytes(&content, size), size);
}

static void put_oid(struct pdu_told *told, unsigned def, struct sk_cursor content)
{
	char text[OID_TEXT];

	if (ber_oid_text(content, text, sizeof text))
		pdu_put_text(told, def, "%s", text);
	else
		told->partial = true;
}

/* Names and values; of the values nothing is kept. */
static void read_bindings(struct pdu_told *told, struct sk_cursor *pdu)
{
	struct sk_cursor list = ber_take(pdu, BER_SEQUENCE), one;
	uint8_t tag;

	while (ber_next(&list, &tag, &one)) {
		struct sk_cursor name = ber_take(&one, BER_OID);

		if (tag != BER_SEQUENCE || name.bad)
			sk_cursor_fail(&list);
		else
			put_oid(told, F_OID, name);
	}
	if (list.bad)
		sk_cursor_fail(pdu);
}

static void read_trap1(struct pdu_told *told, struct sk_cursor *pdu)
{
	struct sk_cursor enterprise = ber_take(pdu, BER_OID), skipped;
	uint8_t tag;

	if (!enterprise.bad)
		put_oid(told, F_ENTERPRISE, enterprise);
	for (int i = 0; i < 4; i++) /* address, generic and specific number, time */
		if (!ber_next(pdu, &tag, &skipped))
			sk_cursor_fail(pdu);
}

static void read_pdu(struct pdu_told *told, uint8_t tag, struct sk_cursor *pdu)
{
	if (tag == TRAP1) {
		read_trap1(told, pdu);
	} else {
		uint64_t id = ber_number(pdu, BER_INTEGER), error = ber_number(pdu, BER_INTEGER);

		ber_number(pdu, BER_INTEGER);
		told->id = (id & UINT32_MAX) + 1;
		if (error && tag != GET_BULK)
			pdu_put(told, F_ERROR, error);
	}
	read_bindings(told, pdu);
	told->partial |= pdu->bad;
}

/* Header and security parameters of version 3, up to the scoped PDU. True: it is encrypted. */
static bool read_version3(struct pdu_told *told, struct sk_cursor *message)
{
	struct sk_cursor head = ber_take(message, BER_SEQUENCE), flags, security, user;
	bool encrypted;

	ber_number(&head, BER_INTEGER);
	ber_number(&head, BER_INTEGER);
	flags = ber_take(&head, BER_OCTETS);
	encrypted = sk_get_u8(&flags) & BIT_ENCRYPTED;
	security = ber_take(message, BER_OCTETS);
	security = ber_take(&security, BER_SEQUENCE);
	ber_take(&security, BER_OCTETS);
	ber_number(&security, BER_INTEGER);
	ber_number(&security, BER_INTEGER);
	user = ber_take(&security, BER_OCTETS);
	if (head.bad || flags.bad || security.bad)
		sk_cursor_fail(message);
	else
		put_text(told, F_USER, user);
	if (user.at < user.size)
		pdu_put_buffer(told, "snmp.usm", user.data + user.at, user.size - user.at);
	return encrypted;
}

static void put_version(struct pdu_told *told, uint64_t version)
{
	pdu_put(told, F_VERSION, version == 3 ? 3 : version + 1);
}

static void snmp_read(struct gw_turn *turn, void *state, const struct pdu *pdu)
{
	struct pdu_told told;
	struct sk_cursor c, message, body, community;
	const struct pdu_row *row;
	bool encrypted = false;
	uint64_t version;
	uint8_t tag = 0;

	sk_cursor_init(&c, pdu->data, pdu->size);
	message = ber_take(&c, BER_SEQUENCE);
	version = ber_number(&message, BER_INTEGER);
	pdu_told_begin(&told, pdu, "encrypted", GW_ACT_WRITE, false);
	put_version(&told, version);
	if (version < 3) {
		community = ber_take(&message, BER_OCTETS);
		put_text(&told, F_COMMUNITY, community);
		pdu_put_buffer(&told, "snmp.community", community.data + community.at, sk_cursor_left(&community));
	} else {
		encrypted = read_version3(&told, &message);
		if (!encrypted) {
			message = ber_take(&message, BER_SEQUENCE);
			ber_take(&message, BER_OCTETS);
			ber_take(&message, BER_OCTETS);
		}
	}
	told.partial |= encrypted || !ber_next(&message, &tag, &body) || message.bad;
	row = told.partial ? NULL : pdu_row_find(rows, tag);
	if (row) {
		snprintf(told.name, sizeof told.name, "%s", row->name);
		told.act = row->act;
		told.request = row->act <= GW_ACT_READ || row->act == GW_ACT_WRITE || tag == INFORM;
		if (tag == TRAP1 || tag == TRAP2 || tag == INFORM)
			told.from = GW_ROLE_EQUIPMENT; /* it opens, and is watched all the same */
		read_pdu(&told, tag, &body);
	}
	told.partial |= !row;
	(void)pdu_say(turn, pdu, &told);
}

static const struct pdu_kind kind = {.odd = "snmp-framing", .head = 2, .sure = 2, .keep = KEEP, .size = snmp_size, .read = snmp_read};

static int snmp_begin(void *state, const struct gw_turn *turn)
{
	return pdu_begin(state, &kind, turn);
}

static enum gw_guess snmp_guess(const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	return snmp_size(NULL, dir, data, size) > 0 ? GW_MORE : GW_NO; /* at its port */
}

static const uint16_t ports[] = {161, 162, 0};
static const char *const buffers[] = {"snmp.community", "snmp.usm", NULL};
static const char *const odds[] = {"snmp-framing", NULL};

const struct gw_proto gw_proto_snmp = {.name = "snmp", .over = GW_UDP, .ports = ports, .guess = snmp_guess, .state_size = sizeof(struct pdu_stream),
	.budget = PDU_BUDGET(0), .begin = snmp_begin, .end = pdu_end, .data = pdu_data, .gap = pdu_gap, .fields = fields, .field_count = SK_ARRAY_SIZE(fields),
	.buffers = buffers, .odds = odds, .en = "SNMP: the objects that are read and set", .ja = "SNMP：読み出し、設定されるオブジェクト"};
