// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * IEC 60870-5-104 with the ASDUs of 60870-5-101: type, cause, station, information objects and the values of commands. Owns nothing but the framing.
 */
#include <stdio.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/mem.h"
#include "proto/pdu/pdu.h"

enum { START = 0x68, APDU_MAX = 255, SEQUENCE = 0x80, COUNT = 0x7f, TEST = 0x80, NEGATIVE = 0x40 };

enum { F_TYPE, F_CAUSE, F_ORIGINATOR, F_STATION, F_OBJECT, F_VALUE, F_QUALIFIER, F_TEST, F_NEGATIVE };
static const struct gw_field_def fields[] = {
	[F_TYPE] = {"type", GW_UINT, .learn = true, .en = "type identification of the ASDU", .ja = "ASDU の型識別"},
	[F_CAUSE] = {"cause", GW_UINT, .learn = true, .en = "cause of transmission, 0 to 63", .ja = "送信の理由（0 から 63）"},
	[F_ORIGINATOR] = {"originator", GW_UINT, .en = "originator address", .ja = "発信元アドレス"},
	[F_STATION] = {"station", GW_UINT, .learn = true, .en = "common address of the ASDU", .ja = "ASDU の共通アドレス"},
	[F_OBJECT] = {"object", GW_RANGE, .learn = true, .en = "information object addresses", .ja = "情報オブジェクトのアドレス"},
	[F_VALUE] = {"value", GW_INT, .en = "value of a command: state, step, scaled or normalized number, bits; of a short float rounded down", .ja = "コマンドの値。状態、段、正規化値やスケール値、ビット列。短い浮動小数点は切り捨て"},
	[F_QUALIFIER] = {"select", GW_UINT, .en = "1 when a command selects, 0 when it executes", .ja = "コマンドが選択なら 1、実行なら 0"},
	[F_TEST] = {"test", GW_UINT, .en = "1 in a test", .ja = "試験なら 1"},
	[F_NEGATIVE] = {"negative", GW_UINT, .en = "1 in a negative confirmation", .ja = "否定応答なら 1"},
};

/* How an object of a type is laid out: bytes behind its address; 0 = of any length, which ends the reading. */
struct type {
	uint8_t id, size;
	enum { NO_VALUE, BITS1, BITS2, SIGNED16, FLOATING, BITS32 } value;
	const char *name;
	enum gw_act act;
};
static const struct type types[] = {
	{1, 1, 0, "single-point", GW_ACT_REPORT}, {2, 4, 0, "single-point-time", GW_ACT_REPORT}, {3, 1, 0, "double-point", GW_ACT_REPORT},
	{4, 4, 0, "double-point-time", GW_ACT_REPORT}, {5, 2, 0, "step-position", GW_ACT_REPORT}, {6, 5, 0, "step-position-time", GW_ACT_REPORT},
	{7, 5, 0, "bitstring", GW_ACT_REPORT}, {8, 8, 0, "bitstring-time", GW_ACT_REPORT}, {9, 3, 0, "measured-normalized", GW_ACT_REPORT},
	{10, 6, 0, "measured-normalized-time", GW_ACT_REPORT}, {11, 3, 0, "measured-scaled", GW_ACT_REPORT}, {12, 6, 0, "measured-scaled-time", GW_ACT_REPORT},
	{13, 5, 0, "measured-float", GW_ACT_REPORT}, {14, 8, 0, "measured-float-time", GW_ACT_REPORT}, {15, 5, 0, "integrated-totals", GW_ACT_REPORT},
	{16, 8, 0, "integrated-totals-time", GW_ACT_REPORT}, {17, 6, 0, "protection-event", GW_ACT_REPORT}, {18, 7, 0, "protection-start", GW_ACT_REPORT},
	{19, 7, 0, "protection-output", GW_ACT_REPORT}, {20, 5, 0, "packed-single-point", GW_ACT_REPORT}, {21, 2, 0, "measured-no-quality", GW_ACT_REPORT},
	{30, 8, 0, "single-point-cp56", GW_ACT_REPORT}, {31, 8, 0, "double-point-cp56", GW_ACT_REPORT}, {32, 9, 0, "step-position-cp56", GW_ACT_REPORT},
	{33, 12, 0, "bitstring-cp56", GW_ACT_REPORT}, {34, 10, 0, "measured-normalized-cp56", GW_ACT_REPORT}, {35, 10, 0, "measured-scaled-cp56", GW_ACT_REPORT},
	{36, 12, 0, "measured-float-cp56", GW_ACT_REPORT}, {37, 12, 0, "integrated-totals-cp56", GW_ACT_REPORT}, {38, 10, 0, "protection-event-cp56", GW_ACT_REPORT},
	{39, 11, 0, "protection-start-cp56", GW_ACT_REPORT}, {40, 11, 0, "protection-output-cp56", GW_ACT_REPORT},
	{45, 1, BITS1, "single-command", GW_ACT_CONTROL}, {46, 1, BITS2, "double-command", GW_ACT_CONTROL}, {47, 1, BITS2, "step-command", GW_ACT_CONTROL},
	{48, 3, SIGNED16, "set-point-normalized", GW_ACT_WRITE}, {49, 3, SIGNED16, "set-point-scaled", GW_ACT_WRITE}, {50, 5, FLOATING, "set-point-float", GW_ACT_WRITE},
	{51, 4, BITS32, "bitstring-command", GW_ACT_CONTROL}, {58, 8, BITS1, "single-command-time", GW_ACT_CONTROL}, {59, 8, BITS2, "double-command-time", GW_ACT_CONTROL},
	{60, 8, BITS2, "step-command-time", GW_ACT_CONTROL}, {61, 10, SIGNED16, "set-point-normalized-time", GW_ACT_WRITE},
	{62, 10, SIGNED16, "set-point-scaled-time", GW_ACT_WRITE}, {63, 12, FLOATING, "set-point-float-time", GW_ACT_WRITE},
	{64, 11, BITS32, "bitstring-command-time", GW_ACT_CONTROL}, {70, 1, 0, "end-of-initialization", GW_ACT_REPORT}, {100, 1, 0, "interrogation", GW_ACT_READ},
	{101, 1, 0, "counter-interrogation", GW_ACT_READ}, {102, 0, 0, "read", GW_ACT_READ}, {103, 7, 0, "clock-synchronization", GW_ACT_WRITE},
	{104, 2, 0, "test", GW_ACT_SESSION}, {105, 1, 0, "reset-process", GW_ACT_ENGINEER}, {106, 2, 0, "delay-acquisition", GW_ACT_WRITE},
	{107, 9, 0, "test-time", GW_ACT_SESSION}, {110, 3, SIGNED16, "parameter-normalized", GW_ACT_WRITE}, {111, 3, SIGNED16, "parameter-scaled", GW_ACT_WRITE},
	{112, 5, FLOATING, "parameter-float", GW_ACT_WRITE}, {113, 1, 0, "parameter-activation", GW_ACT_WRITE}, {120, 0, 0, "file-ready", GW_ACT_ENGINEER},
	{121, 0, 0, "section-ready", GW_ACT_ENGINEER}, {122, 0, 0, "call-file", GW_ACT_ENGINEER}, {123, 0, 0, "last-section", GW_ACT_ENGINEER},
	{124, 0, 0, "acknowledge-file", GW_ACT_ENGINEER}, {125, 0, 0, "file-segment", GW_ACT_ENGINEER}, {126, 0, 0, "file-directory", GW_ACT_ENGINEER},
	{127, 0, 0, "query-log", GW_ACT_ENGINEER}};

static int64_t iec104_size(const void *state, enum gw_dir dir, const uint8_t *head, size_t have)
{
	(void)state;
	(void)dir;
	(void)have;
	if (head[0] != START || head[1] < 4 || head[1] > 253)
		return 0;
	if ((head[2] & 3) == 3 && (head[1] != 4 || head[3] || head[4] || head[5]))
		return 0;
	if ((head[2] & 3) == 1 && (head[1] != 4 || head[3] || head[4] & 1))
		return 0;
	if (!(head[2] & 1) && (head[1] < 10 || head[4] & 1))
		return 0;
	return 2 + (int64_t)head[1];
}

static const struct type *type_find(unsigned id)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(types); i++)
		if (types[i].id == id)
			return &types[i];
	return NULL;
}

static bool iec104_sound(const void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	(void)state;
	(void)dir;
	return data[2] & 1 || (size >= 12 && type_find(data[6]) && data[7] & COUNT && data[8] & 0x3f);
}

static uint32_t address(struct sk_cursor *c)
{
	uint32_t low = sk_get_u16_le(c);

	return low | (uint32_t)sk_get_u8(c) << 16;
}

static int64_t whole_number(uint32_t bits)
{
	union {
		uint32_t u;
		float f;
	} value = {.u = bits};

	if (!(value.f > -1e18f && value.f < 1e18f))
		return value.f > 0 ? INT64_MAX : INT64_MIN;
	return (int64_t)value.f - (value.f < (float)(int64_t)value.f);
}

static void put_value(struct pdu_told *told, const struct type *type, struct sk_cursor object)
{
	uint8_t first;

	switch (type->value) {
	case NO_VALUE:
		break;
	case BITS1: case BITS2:
		first = sk_get_u8(&object);
		pdu_put_int(told, F_VALUE, first & (type->value == BITS1 ? 1 : 3));
		pdu_put(told, F_QUALIFIER, first >> 7);
		break;
	case SIGNED16:
		pdu_put_int(told, F_VALUE, (int16_t)sk_get_u16_le(&object));
		if (type->id < 70)
			pdu_put(told, F_QUALIFIER, sk_get_u8(&object) >> 7);
		break;
	case FLOATING:
		pdu_put_int(told, F_VALUE, whole_number(sk_get_u32_le(&object)));
		if (type->id < 70)
			pdu_put(told, F_QUALIFIER, sk_get_u8(&object) >> 7);
		break;
	case BITS32:
		pdu_put_int(told, F_VALUE, sk_get_u32_le(&object));
		break;
	}
}

static void read_objects(struct pdu_told *told, const struct type *type, unsigned count, bool sequence, struct sk_cursor *c)
{
	for (unsigned i = 0; i < count && !c->bad; i++) {
		if (i == 0 && sequence)
			pdu_put_range(told, F_OBJECT, address(c), count);
		else if (!sequence)
			pdu_put_range(told, F_OBJECT, address(c), 1);
		if (!type || (type->size == 0 && type->id != 102)) {
			told->partial |= count > 1 && !sequence;
			return;
		}
		put_value(told, type, sk_get_window(c, type->size));
	}
	if (c->bad || sk_cursor_left(c))
		told->partial = true;
}

static void read_asdu(struct pdu_told *told, const struct pdu *pdu, struct sk_cursor *c)
{
	unsigned id = sk_get_u8(c), shape = sk_get_u8(c), cause = sk_get_u8(c);
	const struct type *type = type_find(id);

	snprintf(told->name, sizeof told->name, "%s", type ? type->name : "asdu");
	told->act = type ? type->act : GW_ACT_ENGINEER;
	told->request = pdu->dir == GW_TO_SERVER;
	pdu_put(told, F_TYPE, id);
	pdu_put(told, F_CAUSE, cause & 0x3f);
	if (cause & TEST)
		pdu_put(told, F_TEST, 1);
	if (cause & NEGATIVE)
		pdu_put(told, F_NEGATIVE, 1);
	pdu_put(told, F_ORIGINATOR, sk_get_u8(c));
	pdu_put(told, F_STATION, sk_get_u16_le(c));
	read_objects(told, type, shape & COUNT, shape & SEQUENCE, c);
}

static const char *control_name(uint8_t first)
{
	switch (first) {
	case 0x07:
		return "start-act";
	case 0x0b:
		return "start-con";
	case 0x13:
		return "stop-act";
	case 0x23:
		return "stop-con";
	case 0x43:
		return "test-act";
	case 0x83:
		return "test-con";
	default:
		return "control";
	}
}

static void iec104_read(struct gw_turn *turn, void *state, const struct pdu *pdu)
{
	struct pdu_told told;
	struct sk_cursor c;
	uint8_t first;

	(void)state;
	sk_cursor_init(&c, pdu->data, pdu->size);
	sk_get_u16(&c);
	first = sk_get_u8(&c);
	sk_get_u8(&c);
	sk_get_u16(&c);
	pdu_told_begin(&told, pdu, (first & 3) == 3 ? control_name(first) : "supervisory", GW_ACT_SESSION, false);
	if (!(first & 1)) {
		told.id = 0;
		read_asdu(&told, pdu, &c);
		pdu_put_buffer(&told, "iec104.asdu", pdu->data + 6, pdu->size - SK_MIN(pdu->size, (size_t)6));
	}
	if (c.bad)
		told.partial = true;
	(void)pdu_say(turn, pdu, &told);
}

static const struct pdu_kind kind = {.odd = "iec104-framing", .head = 6, .sure = 6, .keep = APDU_MAX, .size = iec104_size, .sound = iec104_sound, .read = iec104_read};

static int iec104_begin(void *state, const struct gw_turn *turn)
{
	return pdu_begin(state, &kind, turn);
}

static enum gw_guess iec104_guess(const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	return pdu_guess(&kind, data, size, dir, midstream);
}

static const uint16_t ports[] = {2404, 0};
static const char *const buffers[] = {"iec104.asdu", NULL};
static const char *const odds[] = {"iec104-framing", NULL};

const struct gw_proto gw_proto_iec104 = {.name = "iec104", .over = GW_TCP, .ports = ports, .guess = iec104_guess, .state_size = sizeof(struct pdu_stream),
	.budget = PDU_BUDGET(APDU_MAX), .begin = iec104_begin, .end = pdu_end, .data = pdu_data, .gap = pdu_gap, .fields = fields,
	.field_count = SK_ARRAY_SIZE(fields), .buffers = buffers, .odds = odds, .en = "IEC 60870-5-104: types, causes, stations, objects and commanded values",
	.ja = "IEC 60870-5-104：型、理由、局、オブジェクト、コマンドの値"};
