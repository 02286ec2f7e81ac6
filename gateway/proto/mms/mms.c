// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * MMS (ISO 9506) over ISO transport: through session and presentation, also without them, to the kinds of PDU, whose services service.c reads. Owns what tpkt.h
 * keeps.
 */
#include "proto/mms/mms.h"

#include "base/error.h"
#include "base/mem.h"
#include "proto/pdu/tpkt.h"

enum { SESSION_DATA = 0x01, SESSION_CONNECT = 0x0d, SESSION_ACCEPT = 0x0e, PRESENTATION = 1, REQUEST = 0, ANSWER = 1, REFUSAL = 2, UNCONFIRMED = 3, INITIATE = 8, CONCLUDE = 11,
	KINDS = 14 };

static const struct gw_field_def fields[] = {
	[MMS_SERVICE] = {"service", GW_UINT, .learn = true, .en = "number of the confirmed service", .ja = "確認型サービスの番号"},
	[MMS_OBJECT] = {"object", GW_TEXT, .learn = true, .en = "each object that is named: domain/item, a domain, a program, a file", .ja = "名指しされた各オブジェクト。ドメイン/項目、ドメイン、プログラム、ファイル"},
	[MMS_VALUE] = {"value", GW_INT, .en = "each number that is written, without its fraction; of booleans 0 and 1", .ja = "書き込む数値。小数部は切り捨て、真偽値では 0 と 1"},
	[MMS_TEXT] = {"text", GW_TEXT, .en = "each string that is written", .ja = "書き込む文字列"},
	[MMS_VENDOR] = {"vendor", GW_TEXT, .en = "vendor (identify)", .ja = "製造者（identify）"},
	[MMS_PRODUCT] = {"product", GW_TEXT, .en = "model (identify)", .ja = "形式（identify）"},
	[MMS_REVISION] = {"revision", GW_TEXT, .en = "revision (identify)", .ja = "版（identify）"},
};

static const struct pdu_row kinds[] = {
	{REFUSAL, "refusal", GW_ACT_SESSION}, {UNCONFIRMED, "report", GW_ACT_REPORT}, {4, "reject", GW_ACT_SESSION}, {5, "cancel", GW_ACT_SESSION},
	{6, "cancelled", GW_ACT_SESSION}, {7, "cancel-refusal", GW_ACT_SESSION}, {INITIATE, "initiate", GW_ACT_SESSION}, {9, "initiated", GW_ACT_SESSION},
	{10, "initiate-refusal", GW_ACT_SESSION}, {CONCLUDE, "conclude", GW_ACT_SESSION}, {12, "concluded", GW_ACT_SESSION}, {13, "conclude-refusal", GW_ACT_SESSION}, {0, NULL, 0}};

static void named(struct pdu_told *told, const char *name, enum gw_act act)
{
	size_t i = 0;

	for (; name[i] && i + 1 < sizeof told->name; i++)
		told->name[i] = name[i];
	told->name[i] = '\0';
	told->act = act;
}

/* The number of a call, then its service. Modifiers may stand between. */
static void read_confirmed(struct pdu_told *told, const struct mms_element *pdu)
{
	struct sk_cursor c = mms_inside(pdu);
	struct mms_element id, service;
	uint64_t number = 0;

	if (mms_next(&c, &id))
		for (size_t i = 0; i < id.size && i < 4; i++)
			number = number << 8 | id.data[i];
	told->id = 1 + number;
	while (mms_next(&c, &service))
		if (service.shape & MMS_CONTEXT) {
			mms_service(told, &service, pdu->number == REQUEST);
			return;
		}
	named(told, "service", GW_ACT_ENGINEER);
	told->partial = true;
}

static void read_pdu(struct pdu_told *told, struct sk_cursor *c)
{
	const struct pdu_row *row;
	struct mms_element pdu;

	if (!mms_next(c, &pdu) || (pdu.shape & ~MMS_CONSTRUCTED) != MMS_CONTEXT || sk_cursor_left(c)) {
		named(told, "service", GW_ACT_ENGINEER);
		told->partial = true;
		return;
	}
	if (pdu.number == REQUEST || pdu.number == ANSWER) {
		read_confirmed(told, &pdu);
		return;
	}
	row = pdu_row_find(kinds, pdu.number);
	named(told, row ? row->name : "service", row ? row->act : GW_ACT_ENGINEER);
	if (pdu.number == UNCONFIRMED)
		mms_objects(told, mms_inside(&pdu), 0);
}

/* The one value of presentation data, of context MMS or of another, as connections are ended with. */
static bool enter_presentation(struct sk_cursor *c)
{
	struct mms_element e;

	if (!mms_next(c, &e) || e.shape != (MMS_APPLICATION | MMS_CONSTRUCTED) || e.number != PRESENTATION || sk_cursor_left(c))
		return false;
	*c = mms_inside(&e);
	if (!mms_next(c, &e) || sk_cursor_left(c))
		return false;
	*c = mms_inside(&e);
	while (mms_next(c, &e))
		if (e.shape == (MMS_CONTEXT | MMS_CONSTRUCTED) && e.number == 0) {
			*c = mms_inside(&e);
			return !sk_cursor_left(c) || (c->data[0] & 0xe0) == 0xa0 || (c->data[0] & 0xe0) == 0x80;
		}
	return false;
}

static bool is_plain(const uint8_t *data, size_t size)
{
	return size >= 2 && (data[0] & 0xc0) == 0x80 && (data[0] & 0x1f) < KINDS;
}

/* False: nothing that is known stands there. */
static bool read_unit(struct pdu_told *told, const uint8_t *data, size_t size)
{
	struct sk_cursor c;

	sk_cursor_init(&c, data, size);
	if (is_plain(data, size)) {
		read_pdu(told, &c);
		return true;
	}
	if (data[0] != SESSION_DATA) {
		named(told, data[0] == SESSION_CONNECT || data[0] == SESSION_ACCEPT ? "associate" : "release", GW_ACT_SESSION);
		return data[0] >= 0x08 && data[0] <= 0x1a;
	}
	sk_get_u32(&c); /* give tokens, data transfer: both without parameters */
	if (size < 4 || data[1] || data[2] != SESSION_DATA || data[3])
		return false;
	if (!enter_presentation(&c))
		return false;
	read_pdu(told, &c);
	return true;
}

static void mms_read(struct gw_turn *turn, void *state, const struct pdu *pdu)
{
	struct tpkt_unit unit;
	struct pdu_told told;
	const char *name;

	tpkt_take(state, pdu, &unit);
	name = tpkt_name(unit.type);
	pdu_told_begin(&told, pdu, name ? name : "transport", GW_ACT_SESSION, false);
	if (unit.data && unit.size) {
		told.partial = unit.torn;
		if (!read_unit(&told, unit.data, unit.size)) {
			(void)turn->engine->odd(turn, pdu->dir, "mms-unknown");
			named(&told, "unknown", GW_ACT_ENGINEER);
			told.partial = true;
		}
		pdu_put_buffer(&told, "mms.pdu", unit.data, unit.size);
	}
	(void)pdu_say(turn, pdu, &told);
}

static bool knows(const uint8_t *data, size_t size)
{
	return size > 3 && (data[0] == SESSION_CONNECT || data[0] == SESSION_ACCEPT || (data[0] == SESSION_DATA && data[1] == 0 && data[2] == SESSION_DATA && data[3] == 0)
		|| (is_plain(data, size) && data[0] != 0x82));
}

static enum gw_guess mms_guess(const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	(void)dir;
	(void)midstream;
	return tpkt_guess(data, size, knows);
}

static const struct pdu_kind kind = {.odd = "mms-framing", .head = TPKT_HEAD, .sure = TPKT_HEAD, .keep = TPKT_KEEP, .size = tpkt_size, .sound = tpkt_sound,
	.read = mms_read};

static int mms_begin(void *state, const struct gw_turn *turn)
{
	return tpkt_begin(state, &kind, turn);
}

static const uint16_t ports[] = {102, 0};
static const char *const buffers[] = {"mms.pdu", NULL};
static const char *const odds[] = {"mms-framing", "mms-unknown", NULL};

const struct gw_proto gw_proto_mms = {.name = "mms", .over = GW_TCP, .ports = ports, .guess = mms_guess, .state_size = sizeof(struct tpkt),
	.budget = PDU_BUDGET(TPKT_KEEP) + 2 * TPKT_DATA_MAX, .begin = mms_begin, .end = tpkt_end, .data = pdu_data, .gap = pdu_gap, .fields = fields,
	.field_count = SK_ARRAY_SIZE(fields), .buffers = buffers, .odds = odds, .en = "MMS (IEC 61850): services, objects and values",
	.ja = "MMS（IEC 61850）：サービス、オブジェクト、値"};
