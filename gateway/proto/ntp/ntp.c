// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * NTP (RFC 5905), its control messages (RFC 9327) and the private ones of mode 7: who asks for the time, who tells it, and who asks the server itself for more than that. A
 * datagram is one message; what is behind the fixed part (extensions, a message authentication code) is not read.
 */
#include "base/mem.h"
#include "proto/pdu/pdu.h"

enum { TIME_SIZE = 48, CONTROL_SIZE = 12, PRIVATE_SIZE = 8, KEEP = 2048, MODE_CONTROL = 6, MODE_PRIVATE = 7, RESPONSE = 0x80 };

enum { F_VERSION, F_STRATUM, F_OPCODE, F_REQUEST };
static const struct gw_field_def fields[] = {
	[F_VERSION] = {"version", GW_UINT, .en = "version of the protocol", .ja = "プロトコルのバージョン"},
	[F_STRATUM] = {"stratum", GW_UINT, .learn = true, .en = "how far its sender is from a reference clock; 0 in an answer means: go away", .ja = "送信元の階層。応答の 0 は拒否を表す"},
	[F_OPCODE] = {"opcode", GW_UINT, .learn = true, .en = "what a control message asks for", .ja = "制御メッセージの操作"},
	[F_REQUEST] = {"request", GW_UINT, .learn = true, .en = "what a private message asks for (42: the list of who asked)", .ja = "プライベートメッセージの要求（42：利用者一覧）"},
};

/* By mode. */
static const struct pdu_row rows[] = {{1, "symmetric", GW_ACT_REPORT}, {2, "symmetric", GW_ACT_REPORT}, {3, "time", GW_ACT_READ}, {4, "time", GW_ACT_REPORT},
	{5, "broadcast", GW_ACT_REPORT}, {MODE_CONTROL, "control", GW_ACT_READ}, {MODE_PRIVATE, "private", GW_ACT_ENGINEER}, {0, NULL, 0}};

static int64_t ntp_size(const void *state, enum gw_dir dir, const uint8_t *head, size_t have)
{
	unsigned mode = head[0] & 7, version = head[0] >> 3 & 7;
	size_t least = mode == MODE_CONTROL ? CONTROL_SIZE : mode == MODE_PRIVATE ? PRIVATE_SIZE : TIME_SIZE;

	return mode == 0 || version == 0 || version > 4 || have < least ? 0 : (int64_t)have;
}

/* Reading status and variables changes nothing; everything else of a control message may. */
static enum gw_act control_act(uint8_t opcode, bool answer)
{
	if (answer)
		return GW_ACT_REPORT;
	return opcode <= 2 || opcode == 4 || opcode == 10 || opcode == 11 || opcode == 12 ? GW_ACT_READ : GW_ACT_ENGINEER;
}

static void ntp_read(struct gw_turn *turn, void *state, const struct pdu *pdu)
{
	const uint8_t *head = pdu->data;
	unsigned mode = head[0] & 7;
	const struct pdu_row *row = pdu_row_find(rows, mode);
	bool answer = mode == MODE_CONTROL ? head[1] & RESPONSE : mode == MODE_PRIVATE ? head[0] & RESPONSE : mode == 4;
	struct pdu_told told;

	pdu_told_begin(&told, pdu, row->name, row->act, mode == 3 || (mode >= MODE_CONTROL && !answer));
	pdu_put(&told, F_VERSION, head[0] >> 3 & 7);
	if (mode < MODE_CONTROL) {
		pdu_put(&told, F_STRATUM, head[1]);
	} else if (mode == MODE_CONTROL) {
		told.act = control_act(head[1] & 0x1f, answer);
		pdu_put(&told, F_OPCODE, head[1] & 0x1f);
	} else {
		told.act = answer ? GW_ACT_REPORT : GW_ACT_ENGINEER;
		pdu_put(&told, F_REQUEST, head[3]);
	}
	(void)pdu_say(turn, pdu, &told);
}

static const struct pdu_kind kind = {.odd = "ntp-framing", .head = PRIVATE_SIZE, .sure = PRIVATE_SIZE, .keep = KEEP, .size = ntp_size, .read = ntp_read};

static int ntp_begin(void *state, const struct gw_turn *turn)
{
	return pdu_begin(state, &kind, turn);
}

static const uint16_t ports[] = {123, 0};
static const char *const odds[] = {"ntp-framing", NULL};

const struct gw_proto gw_proto_ntp = {.name = "ntp", .over = GW_UDP, .ports = ports, .state_size = sizeof(struct pdu_stream), .budget = PDU_BUDGET(0),
	.begin = ntp_begin, .end = pdu_end, .data = pdu_data, .gap = pdu_gap, .fields = fields, .field_count = SK_ARRAY_SIZE(fields), .odds = odds,
	.en = "NTP: time, and control of its servers", .ja = "NTP：時刻と、時刻サーバーの制御"};
