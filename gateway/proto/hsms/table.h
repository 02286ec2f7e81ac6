// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the messages of a fab mean: one row for each stream and function that SEMI E5 defines and a fab uses, with who sends it, what it does
 * and which fields lie where in its body. Policy, rules, learning, events and the manual know the fields by the names in hsms_fields.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "proto/proto.h"

/* X(id, name, kind, secret, learn, en, ja): the fields, in the order of enum hsms_field. */
#define HSMS_FIELDS(X) \
	X(SESSION, "session", GW_UINT, false, true, "session id, for a data message the device id", "セッション ID（データメッセージでは装置 ID）") \
	X(STYPE, "stype", GW_UINT, false, false, "SType: 0 for a SECS-II message", "SType（0 は SECS-II メッセージ）") \
	X(STREAM, "stream", GW_UINT, false, false, "stream", "ストリーム") \
	X(FUNCTION, "function", GW_UINT, false, false, "function", "ファンクション") \
	X(WAIT, "w", GW_UINT, false, false, "1 when an answer is due (W bit)", "応答が必要なら 1（W ビット）") \
	X(STATUS, "status", GW_UINT, false, false, "status or reason of a control message", "制御メッセージの状態または理由") \
	X(LENGTH, "length", GW_UINT, false, false, "bytes of the body", "本体のバイト数") \
	X(ACK, "ack", GW_UINT, false, false, "the answer's code: COMMACK, HCACK, ACKC5, ACKC6, ACKC7, ACKC10, EAC ...", "応答コード（COMMACK、HCACK、ACKC5、ACKC6、ACKC7、ACKC10、EAC など）") \
	X(MDLN, "mdln", GW_TEXT, false, false, "model (MDLN)", "装置の型式 (MDLN)") \
	X(SOFTREV, "softrev", GW_TEXT, false, false, "software revision (SOFTREV)", "ソフトウェアの版 (SOFTREV)") \
	X(SVID, "svid", GW_TEXT, false, false, "status variable", "状態変数の ID") \
	X(VID, "vid", GW_TEXT, false, false, "variable", "変数の ID") \
	X(ECID, "ecid", GW_TEXT, false, true, "equipment constant", "装置定数の ID") \
	X(ECV, "ecv", GW_TEXT, true, false, "value of an equipment constant", "装置定数の値") \
	X(RCMD, "rcmd", GW_TEXT, false, true, "remote command", "リモートコマンド") \
	X(CPNAME, "cpname", GW_TEXT, false, true, "name of a command's parameter", "コマンドのパラメータ名") \
	X(CPVAL, "cpval", GW_TEXT, true, false, "value of a command's parameter", "コマンドのパラメータ値") \
	X(DATAID, "dataid", GW_TEXT, false, false, "data id", "データ ID") \
	X(CEID, "ceid", GW_TEXT, false, false, "collected event", "収集イベントの ID") \
	X(RPTID, "rptid", GW_TEXT, false, false, "report", "レポートの ID") \
	X(TRID, "trid", GW_TEXT, false, false, "trace", "トレースの ID") \
	X(ALID, "alid", GW_TEXT, false, false, "alarm", "アラームの ID") \
	X(ALCD, "alcd", GW_UINT, false, false, "alarm code; 128 and above: set", "アラームコード（128 以上は発生）") \
	X(ALTX, "altx", GW_TEXT, false, false, "alarm text", "アラームの文") \
	X(PPID, "ppid", GW_TEXT, false, false, "process program or recipe", "プロセスプログラム（レシピ）の名") \
	X(RECIPE, "recipe.sha256", GW_TEXT, false, false, "SHA-256 of the recipe's body, 64 hexadecimal digits", "レシピ本体の SHA-256（16 進 64 桁）") \
	X(RECIPE_SIZE, "recipe.size", GW_UINT, false, false, "bytes of the recipe's body", "レシピ本体のバイト数") \
	X(TID, "tid", GW_TEXT, false, false, "terminal", "端末の番号") \
	X(TEXT, "text", GW_TEXT, false, false, "text for a terminal", "端末への文") \
	X(TIME, "time", GW_TEXT, false, false, "clock that is set or told", "設定・通知される時刻") \
	X(MHEAD, "mhead", GW_BYTES, false, false, "header of the message that was wrong", "誤りのあったメッセージのヘッダ") \
	X(ACTION, "action", GW_TEXT, false, true, "what is to be done with a carrier, port or job", "キャリア・ポート・ジョブへの操作") \
	X(CARRIERID, "carrierid", GW_TEXT, false, false, "carrier", "キャリアの ID") \
	X(PORT, "port", GW_TEXT, false, false, "load port", "ロードポート") \
	X(JOB, "job", GW_TEXT, false, false, "process job or control job", "プロセスジョブ・制御ジョブ") \
	X(OBJSPEC, "objspec", GW_TEXT, false, false, "object's owner", "オブジェクトの所有者") \
	X(OBJTYPE, "objtype", GW_TEXT, false, true, "type of an object", "オブジェクトの種別") \
	X(OBJID, "objid", GW_TEXT, false, false, "object", "オブジェクトの ID") \
	X(ATTRID, "attrid", GW_TEXT, false, true, "attribute", "属性の ID") \
	X(ATTRDATA, "attrdata", GW_TEXT, true, false, "value of an attribute", "属性の値") \
	X(MID, "mid", GW_TEXT, false, false, "material", "材料の ID") \
	X(DSNAME, "dsname", GW_TEXT, false, false, "data set", "データセット名")

enum hsms_field {
#define X(id, name, kind, secret, learn, en, ja) HSMS_F_##id,
	HSMS_FIELDS(X)
#undef X
	HSMS_FIELD_COUNT,
	/* not fields of a message, but where a recipe's body lies: it becomes recipe.sha256 and recipe.size */
	HSMS_BODY = HSMS_FIELD_COUNT, /* this item: of a list its bytes as sent, of a leaf its value */
	HSMS_LONGEST,                 /* the message's longest leaf of bytes or text */
};
extern const struct gw_field_def hsms_fields[HSMS_FIELD_COUNT];

enum hsms_by { BY_EITHER, BY_HOST, BY_EQUIPMENT };

/* How a gateway says no for whom the message was to: under the same system bytes, towards the host. */
enum hsms_no {
	NO_ABORT,    /* SxF0 */
	NO_CODE,     /* the answer is one byte, `code` */
	NO_CODE_LIST, /* a list of that byte and an empty list */
	NO_EMPTY,    /* the answer is an empty list */
};

struct hsms_where {
	const char *path; /* "" the item itself, "1.*.0": numbers from 0, any element of a list */
	int field;        /* enum hsms_field */
};

struct hsms_row {
	uint8_t stream, function;
	enum hsms_by by;
	enum gw_act act;
	uint8_t no, code;
	struct hsms_where at[7]; /* ends with a NULL path */
};

/* NULL when the table does not know it. */
const struct hsms_row *hsms_row_find(unsigned stream, unsigned function);
/* What a message does that the table does not know. */
enum gw_act hsms_act_unknown(unsigned stream, unsigned function, enum gw_role from);
