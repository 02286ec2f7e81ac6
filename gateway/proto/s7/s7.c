// SPDX-License-Identifier: GPL-3.0-or-later
/* S7comm and S7comm-plus over ISO transport: units are told apart by their first byte and read by classic.c and plus.c. Owns what tpkt.h keeps. */
#include "proto/s7/s7.h"

#include "base/error.h"
#include "base/mem.h"
#include "proto/pdu/tpkt.h"

enum { CLASSIC = 0x32, PLUS = 0x72 };

static const struct gw_field_def fields[] = {
	[S7_ROSCTR] = {"rosctr", GW_UINT, .en = "kind: 1 job, 2 and 3 answers, 7 user data", .ja = "種別。1 ジョブ、2 と 3 応答、7 ユーザーデータ"},
	[S7_FUNCTION] = {"function", GW_UINT, .learn = true, .en = "function; of user data group and subfunction in two bytes", .ja = "ファンクション。ユーザーデータではグループとサブファンクションの 2 バイト"},
	[S7_AREA] = {"area", GW_TEXT, .learn = true, .en = "area of each item: I, Q, M, DB5, T, C ...", .ja = "各項目の領域。I、Q、M、DB5、T、C など"},
	[S7_ADDRESS] = {"address", GW_RANGE, .learn = true, .en = "bytes of each item in its area; of T and C their numbers", .ja = "各項目の領域内のバイト。T と C では番号"},
	[S7_VALUE] = {"value", GW_UINT, .en = "value that is written, of items with one element, unsigned", .ja = "要素が 1 つの項目に書き込む値（符号なし）"},
	[S7_SERVICE] = {"service", GW_TEXT, .learn = true, .en = "PI service or what is stopped: P_PROGRAM, _INSE, _DELE ...", .ja = "PI サービス、または停止の対象。P_PROGRAM、_INSE、_DELE など"},
	[S7_BLOCK] = {"block", GW_TEXT, .learn = true, .en = "block that is moved, or the service's parameters", .ja = "転送するブロック、またはサービスの引数"},
	[S7_SZL] = {"szl", GW_UINT, .learn = true, .en = "number of the system status list", .ja = "システム状態リスト（SZL）の番号"},
	[S7_ERROR] = {"error", GW_UINT, .en = "error class and code of an answer", .ja = "応答のエラークラスとコード"},
	[S7_VERSION] = {"version", GW_UINT, .en = "version byte of S7comm-plus", .ja = "S7comm-plus のバージョンバイト"},
	[S7_PRODUCT] = {"product", GW_TEXT, .en = "order number of the module (SZL 0x0011)", .ja = "モジュールの手配番号（SZL 0x0011）"},
	[S7_REVISION] = {"revision", GW_TEXT, .en = "firmware (SZL 0x0011)", .ja = "ファームウェア（SZL 0x0011）"},
	[S7_SERIAL] = {"serial", GW_TEXT, .en = "serial number (SZL 0x001c)", .ja = "製造番号（SZL 0x001c）"},
	[S7_NAME] = {"name", GW_TEXT, .en = "name of the module (SZL 0x001c)", .ja = "モジュール名（SZL 0x001c）"},
};

static void s7_read(struct gw_turn *turn, void *state, const struct pdu *pdu)
{
	struct tpkt_unit unit;
	struct pdu_told told;
	const char *name;
	bool known;

	tpkt_take(state, pdu, &unit);
	name = tpkt_name(unit.type);
	pdu_told_begin(&told, pdu, name ? name : "transport", GW_ACT_SESSION, pdu->dir == GW_TO_SERVER);
	if (unit.data && unit.size) {
		told.partial = unit.torn;
		known = unit.data[0] == CLASSIC ? s7_classic(&told, pdu, unit.data, unit.size) : unit.data[0] == PLUS && s7_plus(&told, pdu, unit.data, unit.size);
		if (!known) {
			(void)turn->engine->odd(turn, pdu->dir, "s7-unknown");
			pdu_told_begin(&told, pdu, "unknown", GW_ACT_ENGINEER, pdu->dir == GW_TO_SERVER);
			told.partial = true;
		}
		pdu_put_buffer(&told, "s7.pdu", unit.data, unit.size);
	}
	(void)pdu_say(turn, pdu, &told);
}

static bool knows(const uint8_t *data, size_t size)
{
	return size && (data[0] == CLASSIC || data[0] == PLUS);
}

static enum gw_guess s7_guess(const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	(void)dir;
	(void)midstream;
	return tpkt_guess(data, size, knows);
}

static const struct pdu_kind kind = {.odd = "s7-framing", .head = TPKT_HEAD, .sure = TPKT_HEAD, .keep = TPKT_KEEP, .size = tpkt_size, .sound = tpkt_sound,
	.read = s7_read};

static int s7_begin(void *state, const struct gw_turn *turn)
{
	return tpkt_begin(state, &kind, turn);
}

static const uint16_t ports[] = {102, 0};
static const char *const buffers[] = {"s7.pdu", NULL};
static const char *const odds[] = {"s7-framing", "s7-unknown", NULL};

const struct gw_proto gw_proto_s7 = {.name = "s7", .over = GW_TCP, .ports = ports, .guess = s7_guess, .state_size = sizeof(struct tpkt),
	.budget = PDU_BUDGET(TPKT_KEEP) + 2 * TPKT_DATA_MAX, .begin = s7_begin, .end = tpkt_end, .data = pdu_data, .gap = pdu_gap, .fields = fields,
	.field_count = SK_ARRAY_SIZE(fields), .buffers = buffers, .odds = odds, .en = "S7comm and S7comm-plus: functions, areas, addresses, blocks and services",
	.ja = "S7comm と S7comm-plus：ファンクション、領域、アドレス、ブロック、サービス"};
