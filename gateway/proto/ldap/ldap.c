// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * LDAP version 3 (RFC 4511), over TCP and, for the question to a domain controller, over UDP: each operation with the entry that it is about. What a SASL layer
 * wraps (RFC 4422) is told as "sealed" and partial, and counts as writing; behind StartTLS nothing is read any more.
 */
#include <string.h>

#include "base/mem.h"
#include "proto/ber/ber.h"
#include "proto/pdu/pdu.h"

enum { KEEP = 16384, SEALED_MAX = 1 << 24, SIMPLE = 0x80, SASL = 0xa3, OID_TAG = 0x80, BIND = 0x60, BIND_DONE = 0x61, DELETE = 0x4a, EXTENDED = 0x77, EXTENDED_DONE = 0x78 };
static const char start_tls[] = "1.3.6.1.4.1.1466.20037";

enum { F_DN, F_SCOPE, F_AUTH, F_MECHANISM, F_OID, F_RESULT };
static const struct gw_field_def fields[] = {
	[F_DN] = {"dn", GW_TEXT, .learn = true, .en = "the entry, or where a search begins", .ja = "対象のエントリー、または検索の起点"},
	[F_SCOPE] = {"scope", GW_UINT, .en = "how far a search goes: 0 base, 1 one level, 2 subtree", .ja = "検索範囲：0 base、1 one level、2 subtree"},
	[F_AUTH] = {"auth", GW_TEXT, .learn = true, .en = "how a bind proves who it is: simple, sasl, anonymous", .ja = "bind の認証方法：simple、sasl、anonymous"},
	[F_MECHANISM] = {"mechanism", GW_TEXT, .learn = true, .en = "the SASL mechanism of a bind", .ja = "bind の SASL 機構"},
	[F_OID] = {"oid", GW_TEXT, .learn = true, .en = "which extended operation", .ja = "拡張操作の OID"},
	[F_RESULT] = {"result", GW_UINT, .en = "the answer's result code", .ja = "応答の結果コード"},
};

static const struct pdu_row rows[] = {{0x60, "bind", GW_ACT_SESSION}, {0x61, "bind", GW_ACT_SESSION}, {0x42, "unbind", GW_ACT_SESSION}, {0x63, "search", GW_ACT_READ},
	{0x64, "search-entry", GW_ACT_REPORT}, {0x65, "search", GW_ACT_REPORT}, {0x73, "search-reference", GW_ACT_REPORT}, {0x66, "modify", GW_ACT_WRITE},
	{0x67, "modify", GW_ACT_REPORT}, {0x68, "add", GW_ACT_WRITE}, {0x69, "add", GW_ACT_REPORT}, {0x4a, "delete", GW_ACT_WRITE}, {0x6b, "delete", GW_ACT_REPORT},
	{0x6c, "rename", GW_ACT_WRITE}, {0x6d, "rename", GW_ACT_REPORT}, {0x6e, "compare", GW_ACT_READ}, {0x6f, "compare", GW_ACT_REPORT},
	{0x50, "abandon", GW_ACT_SESSION}, {0x77, "extended", GW_ACT_CONTROL}, {0x78, "extended", GW_ACT_REPORT}, {0x79, "intermediate", GW_ACT_REPORT}, {0, NULL, 0}};

struct ldap {
	struct pdu_stream stream; /* first */
	bool sasl;                /* a SASL bind was asked for: what follows may be wrapped */
	uint64_t tls_id;          /* of the request for StartTLS + 1 */
	bool opaque;
};

/* A message, or after a SASL bind a wrapped buffer with its length in four bytes. */
static int64_t ldap_size(const void *state, enum gw_dir dir, const uint8_t *head, size_t have)
{
	const struct ldap *s = state;
	uint32_t sealed;
	int64_t size;

	if (head[0] == 0 && s && s->sasl) {
		if (have < 4)
			return (int64_t)have - 4;
		sealed = (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
		return sealed && sealed <= SEALED_MAX ? 4 + (int64_t)sealed : 0;
	}
	if (head[0] != BER_SEQUENCE)
		return 0;
	size = ber_size(head, have);
	return size > 0 && size < 7 ? 0 : size;
}

static bool ldap_sound(const void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	struct sk_cursor c, message, body;
	uint8_t tag;

	sk_cursor_init(&c, data, size);
	message = ber_take(&c, BER_SEQUENCE);
	ber_number(&message, BER_INTEGER);
	return ber_next(&message, &tag, &body) && pdu_row_find(rows, tag) && !sk_cursor_left(&c);
}

static void put_text(struct pdu_told *told, unsigned def, struct sk_cursor content)
{
	size_t size = sk_cursor_left(&content);

	if (content.bad)
		told->partial = true;
	else if (size)
		pdu_put_bytes(told, def, sk_get_bytes(&content, size), size);
}

static void read_bind(struct ldap *s, struct pdu_told *told, struct sk_cursor *body)
{
	struct sk_cursor how;
	uint8_t tag;

	ber_number(body, BER_INTEGER);
	put_text(told, F_DN, ber_take(body, BER_OCTETS));
	if (!ber_next(body, &tag, &how)) {
		told->partial = true;
	} else if (tag == SASL) {
		s->sasl = true;
		pdu_put_text(told, F_AUTH, "sasl");
		put_text(told, F_MECHANISM, ber_take(&how, BER_OCTETS));
	} else {
		pdu_put_text(told, F_AUTH, tag == SIMPLE && !sk_cursor_left(&how) ? "anonymous" : tag == SIMPLE ? "simple" : "other");
	}
}

static bool is_start_tls(const struct sk_cursor *oid)
{
	return sk_cursor_left(oid) == sizeof start_tls - 1 && memcmp(oid->data + oid->at, start_tls, sizeof start_tls - 1) == 0;
}

static void read_extended(struct ldap *s, struct pdu_told *told, struct sk_cursor *body)
{
	struct sk_cursor oid = ber_take(body, OID_TAG);

	put_text(told, F_OID, oid);
	if (!oid.bad && is_start_tls(&oid)) {
		told->act = GW_ACT_SESSION;
		s->tls_id = told->id;
	}
}

static void read_result(struct ldap *s, struct gw_turn *turn, struct pdu_told *told, uint8_t tag, struct sk_cursor *body)
{
	uint64_t result = ber_number(body, BER_ENUM);

	if (body->bad)
		return;
	pdu_put(told, F_RESULT, result);
	if (tag != EXTENDED_DONE || result != 0 || told->id != s->tls_id)
		return;
	s->opaque = true;
	turn->engine->harmless(turn);
}

static void read_request(struct ldap *s, struct pdu_told *told, uint8_t tag, struct sk_cursor *body)
{
	if (tag == BIND) {
		read_bind(s, told, body);
	} else if (tag == EXTENDED) {
		read_extended(s, told, body);
	} else if (tag == DELETE) {
		put_text(told, F_DN, *body);
	} else if (tag & 0x20) {
		put_text(told, F_DN, ber_take(body, BER_OCTETS));
		if (tag == 0x63)
			pdu_put(told, F_SCOPE, ber_number(body, BER_ENUM));
	}
	told->partial |= body->bad;
}

static void ldap_read(struct gw_turn *turn, void *state, const struct pdu *pdu)
{
	struct ldap *s = state;
	struct pdu_told told;
	struct sk_cursor c, message, body;
	const struct pdu_row *row = NULL;
	uint8_t tag = 0;
	uint64_t id;

	pdu_told_begin(&told, pdu, "sealed", GW_ACT_WRITE, false);
	sk_cursor_init(&c, pdu->data, pdu->size);
	message = ber_take(&c, BER_SEQUENCE);
	id = ber_number(&message, BER_INTEGER);
	if (ber_next(&message, &tag, &body))
		row = pdu_row_find(rows, tag);
	if (!row || pdu->torn) {
		told.partial = true;
		(void)pdu_say(turn, pdu, &told);
		return;
	}
	pdu_told_begin(&told, pdu, row->name, row->act, pdu->dir == GW_TO_SERVER && tag != 0x42 && tag != 0x50);
	told.id = (id & UINT32_MAX) + 1;
	if (pdu->dir == GW_TO_SERVER)
		read_request(s, &told, tag, &body);
	else if (tag != 0x64 && tag != 0x73 && tag != 0x79)
		read_result(s, turn, &told, tag, &body);
	(void)pdu_say(turn, pdu, &told);
}

static const struct pdu_kind kind = {.odd = "ldap-framing", .head = 2, .sure = 6, .keep = KEEP, .size = ldap_size, .sound = ldap_sound, .read = ldap_read};

static int ldap_begin(void *state, const struct gw_turn *turn)
{
	return pdu_begin(state, &kind, turn);
}

static void ldap_data(struct gw_turn *turn, void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	if (!((struct ldap *)state)->opaque)
		pdu_data(turn, state, dir, data, size);
}

static enum gw_guess ldap_guess(const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	return pdu_guess(&kind, data, size, dir, midstream);
}

static const uint16_t ports[] = {389, 3268, 0};
static const char *const odds[] = {"ldap-framing", NULL};

const struct gw_proto gw_proto_ldap = {.name = "ldap", .over = GW_TCP | GW_UDP, .ports = ports, .guess = ldap_guess, .state_size = sizeof(struct ldap),
	.budget = PDU_BUDGET(KEEP), .begin = ldap_begin, .end = pdu_end, .data = ldap_data, .gap = pdu_gap, .fields = fields, .field_count = SK_ARRAY_SIZE(fields),
	.odds = odds, .en = "LDAP: the entries that are read and changed", .ja = "LDAP：読み出し、変更されるエントリー"};
