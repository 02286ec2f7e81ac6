// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * FINS (Omron W227, W342, W421): FINS/TCP frames with their own head, and one FINS frame in each datagram of FINS/UDP. Commands with the memory they touch, which
 * command.c reads. Owns nothing but the framing.
 */
#include "proto/fins/fins.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"

enum { KEEP = 4096, TCP_HEAD = 16, FRAME = 12, FRAME_SEND = 2, GATEWAY = 0x80, ANSWER = 0x40, NO_ANSWER = 0x01, RELAYED = 0x80 };
static const char magic[4] = {'F', 'I', 'N', 'S'};

static const struct gw_field_def fields[] = {
	[FINS_COMMAND] = {"command", GW_UINT, .learn = true, .en = "main and sub request code in two bytes", .ja = "主と副の要求コード（2 バイト）"},
	[FINS_NETWORK] = {"network", GW_UINT, .learn = true, .en = "destination network", .ja = "宛先ネットワーク"},
	[FINS_NODE] = {"node", GW_UINT, .learn = true, .en = "destination node", .ja = "宛先ノード"},
	[FINS_UNIT] = {"unit", GW_UINT, .learn = true, .en = "destination unit, 0 the processor", .ja = "宛先ユニット。0 は CPU"},
	[FINS_AREA] = {"area", GW_TEXT, .learn = true, .en = "memory area: CIO, W, H, A, D, E0 ..., T (timers and counters), TK, IR, DR", .ja = "メモリーエリア。CIO、W、H、A、D、E0 など、T（タイマーとカウンター）、TK、IR、DR"},
	[FINS_ADDRESS] = {"address", GW_RANGE, .learn = true, .en = "words of the area", .ja = "エリア内のワード"},
	[FINS_BIT] = {"bit", GW_RANGE, .en = "bits, counted from the first word's bit 0, of an access to bits", .ja = "ビット単位のとき、最初のワードのビット 0 から数えたビット"},
	[FINS_VALUE] = {"value", GW_UINT, .en = "each value that is written or filled in; of bits 0 and 1", .ja = "書き込む値、または埋める値。ビットでは 0 と 1"},
	[FINS_END] = {"end_code", GW_UINT, .en = "end code of an answer, 0 when all is well", .ja = "応答の終了コード。正常は 0"},
	[FINS_PRODUCT] = {"product", GW_TEXT, .en = "model of the controller", .ja = "コントローラーの形式"},
	[FINS_REVISION] = {"revision", GW_TEXT, .en = "version of the controller", .ja = "コントローラーのバージョン"},
};

struct fins {
	struct pdu_stream stream; /* first */
	bool datagram;
};

/* The first byte has four bits that are always 0, the second is reserved, the third counts hops. */
static bool is_frame(const uint8_t *head)
{
	return (head[0] & ~(GATEWAY | ANSWER | NO_ANSWER)) == 0 && head[1] == 0 && head[2] < 8;
}

static int64_t fins_size(const void *state, enum gw_dir dir, const uint8_t *head, size_t have)
{
	const struct fins *s = state;
	struct sk_cursor c;
	uint32_t length, command;

	(void)dir;
	if (s && s->datagram)
		return is_frame(head) ? (int64_t)have : 0;
	if (memcmp(head, magic, sizeof magic) != 0)
		return 0;
	if (have < TCP_HEAD)
		return -TCP_HEAD;
	sk_cursor_init(&c, head, TCP_HEAD);
	sk_get_u32(&c);
	length = sk_get_u32(&c);
	command = sk_get_u32(&c);
	return command <= 6 && length >= 8 && length <= 8 + KEEP ? 8 + (int64_t)length : 0;
}

static bool fins_sound(const void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	(void)state;
	(void)dir;
	return data[11] != FRAME_SEND ? size <= TCP_HEAD + 8 : size >= TCP_HEAD + FRAME && is_frame(data + TCP_HEAD);
}

static void read_frame(struct pdu_told *told, const struct pdu *pdu, struct sk_cursor *c)
{
	unsigned flags = sk_get_u8(c), command;
	bool answer = flags & ANSWER;
	uint8_t network, node, unit;
	const struct pdu_row *row;

	sk_get_u16(c);
	network = sk_get_u8(c);
	node = sk_get_u8(c);
	unit = sk_get_u8(c);
	sk_get_bytes(c, 3);
	told->id = 1u + sk_get_u8(c);
	command = sk_get_u16(c);
	row = pdu_row_find(fins_rows, command);
	pdu_told_begin(told, pdu, row ? row->name : "command", row ? row->act : GW_ACT_ENGINEER, !answer && !(flags & NO_ANSWER));
	told->from = answer ? (pdu->dir == GW_TO_SERVER ? GW_ROLE_HOST : GW_ROLE_EQUIPMENT) : told->from;
	pdu_put(told, FINS_COMMAND, command);
	pdu_put(told, FINS_NETWORK, network);
	pdu_put(told, FINS_NODE, node);
	pdu_put(told, FINS_UNIT, unit);
	if (answer) {
		pdu_put(told, FINS_END, sk_get_u16(c) & ~(RELAYED << 8 | 0xc0));
		fins_answer(told, command, c);
	} else {
		fins_request(told, command, c);
	}
	told->partial |= c->bad;
}

static void fins_read(struct gw_turn *turn, void *state, const struct pdu *pdu)
{
	struct fins *s = state;
	struct pdu_told told;
	struct sk_cursor c;
	uint32_t command = FRAME_SEND;

	sk_cursor_init(&c, pdu->data, pdu->size);
	if (!s->datagram) {
		sk_get_u64(&c);
		command = sk_get_u32(&c);
		sk_get_u32(&c);
	}
	pdu_told_begin(&told, pdu, command == 3 ? "error" : "connect", GW_ACT_SESSION, pdu->dir == GW_TO_SERVER);
	if (command == FRAME_SEND && sk_cursor_left(&c) >= FRAME && is_frame(pdu->data + pdu->size - sk_cursor_left(&c))) {
		read_frame(&told, pdu, &c);
	} else if (command == FRAME_SEND) {
		pdu_told_begin(&told, pdu, "command", GW_ACT_ENGINEER, pdu->dir == GW_TO_SERVER);
		told.partial = true;
	}
	pdu_put_buffer(&told, "fins.pdu", pdu->data, pdu->size);
	(void)pdu_say(turn, pdu, &told);
}

static const struct pdu_kind kind = {.odd = "fins-framing", .head = FRAME, .sure = TCP_HEAD, .keep = KEEP + TCP_HEAD, .size = fins_size, .sound = fins_sound, .read = fins_read};

static int fins_begin(void *state, const struct gw_turn *turn)
{
	((struct fins *)state)->datagram = turn->datagram;
	return pdu_begin(state, &kind, turn);
}

/* A datagram's frame has too little that is its own: its port decides. */
static enum gw_guess fins_guess(const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	if (size >= FRAME && is_frame(data) && pdu_row_find(fins_rows, (unsigned)data[10] << 8 | data[11]))
		return GW_MORE;
	return pdu_guess(&kind, data, size, dir, midstream);
}

static const uint16_t ports[] = {9600, 0};
static const char *const buffers[] = {"fins.pdu", NULL};
static const char *const odds[] = {"fins-framing", NULL};

const struct gw_proto gw_proto_fins = {.name = "fins", .over = GW_TCP | GW_UDP, .ports = ports, .guess = fins_guess, .state_size = sizeof(struct fins),
	.budget = PDU_BUDGET(KEEP + TCP_HEAD), .begin = fins_begin, .end = pdu_end, .data = pdu_data, .gap = pdu_gap, .fields = fields,
	.field_count = SK_ARRAY_SIZE(fields), .buffers = buffers, .odds = odds, .en = "FINS (Omron): commands, memory areas, words and values",
	.ja = "FINS（オムロン）：コマンド、メモリーエリア、ワード、値"};
