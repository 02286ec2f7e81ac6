// SPDX-License-Identifier: GPL-3.0-or-later
/* The settings of gateway.yaml in one table: parser, checks, --help-config and the manual page come from it. */
#include "main/config.h"

#include <stdio.h>
#include <string.h>

static const struct sk_setting pair_rows[] = {
	{"name", SK_KIND_STRING, SK_AT(struct gateway_pair, name), .required = true, .min = 1, .max = 12, .en = "Name of the pair; its bridge is sk-NAME.",
	 .ja = "ポート対の名前。ブリッジは sk-NAME です。"},
	{"a", SK_KIND_STRING, SK_AT(struct gateway_pair, a), .required = true, .min = 1, .max = 15, .en = "Interface of the protected side, the tool's.",
	 .ja = "保護する側（装置側）のインターフェース。"},
	{"b", SK_KIND_STRING, SK_AT(struct gateway_pair, b), .required = true, .min = 1, .max = 15, .en = "Interface of the other side.",
	 .ja = "反対側のインターフェース。"},
	{0}};
static const struct sk_table pair_table = {"pair", sizeof(struct gateway_pair), pair_rows, "A pair of ports.", "ポート対。"};

static const struct sk_setting rows[] = {
	{"pairs", SK_KIND_RECORDS, SK_AT(struct gateway_config, pairs), .max = 4, .inner = &pair_table,
	 .en = "The pairs of ports between which this gateway stands.", .ja = "このゲートウェイが入るポート対。"},
	{"engine.memory", SK_KIND_SIZE, SK_AT(struct gateway_config, memory), .fallback = "256M", .min = 16 << 20, .max = 64ull << 30,
	 .en = "Flows, streams and parsers together take no more.", .ja = "フロー、ストリーム、解析器が使うメモリーの合計の上限。"},
	{"engine.spin_us", SK_KIND_INT, SK_AT(struct gateway_config, spin_us), .max = 1000, .fallback = "0",
	 .en = "Microseconds that io and engine look for more before they sleep: a shorter way for processor time.",
	 .ja = "io とエンジンが休止する前に次を待つマイクロ秒。遅延が減る代わりに CPU 時間を使います。"},
	{"heartbeat", SK_KIND_DURATION, SK_AT(struct gateway_config, beat_ms), .fallback = "10ms", .min = 2, .max = 1000,
	 .en = "Without a sign of life for so long each conduit's failure setting holds.", .ja = "この間応答がなければ、各コンジットの failure の設定に従います。"},
	{"owed", SK_KIND_DURATION, SK_AT(struct gateway_config, owed_ms), .fallback = "4ms", .min = 1, .max = 1000,
	 .en = "A frame that the engine keeps longer goes by its conduit's failure setting.",
	 .ja = "エンジンがこれより長く保持したフレームは、コンジットの failure の設定に従います。"},
	{"events.waiting", SK_KIND_SIZE, SK_AT(struct gateway_config, events), .fallback = "4096", .min = 16, .max = 1 << 20,
	 .en = "Events that wait for the spool of the agent on this machine; more are counted and lost.",
	 .ja = "同じ機器のエージェントのスプールを待つイベントの数。超えた分は数えて破棄します。"},
	{"events.bytes", SK_KIND_SIZE, SK_AT(struct gateway_config, event_bytes), .fallback = "8M", .min = 64 << 10, .max = 1 << 30,
	 .en = "Their bytes.", .ja = "その合計バイト数。"},
	{"captures", SK_KIND_SIZE, SK_AT(struct gateway_config, captures), .fallback = "64M", .min = 64 << 10, .max = 64ull << 30,
	 .en = "Bytes of all captured packets around alerts; the oldest go first.", .ja = "アラート前後のキャプチャーの合計サイズ。古いものから削除します。"},
	{"users.io", SK_KIND_USER, SK_AT(struct gateway_config, user_io), .fallback = "sekisho-io", .en = "User of the process that moves frames.",
	 .ja = "フレームを転送するプロセスのユーザー。"},
	{"users.engine", SK_KIND_USER, SK_AT(struct gateway_config, user_engine), .fallback = "sekisho-engine",
	 .en = "User of the process that looks into them.", .ja = "フレームを検査するプロセスのユーザー。"},
	{"users.link", SK_KIND_USER, SK_AT(struct gateway_config, user_link), .fallback = "sekisho-link",
	 .en = "User of the link of the agent on this machine, which brings policies.", .ja = "ポリシーを届ける、同じ機器のエージェントの link のユーザー。"},
	{0}};

const struct sk_table gateway_table = {"gateway.yaml", sizeof(struct gateway_config), rows, .en = "Settings of the gateway.", .ja = "ゲートウェイの設定。"};

int gateway_config_load(const char *root, const char *path, struct gateway_config *ret_config)
{
	struct sk_diag diag = {0};
	char usual[4096], text[512];
	int r;

	snprintf(usual, sizeof usual, "%s/etc/sekisho/gateway.yaml", strcmp(root, "/") == 0 ? "" : root);
	r = sk_conf_load(&gateway_table, path ? path : usual, !path, ret_config, &diag);
	if (r == 0)
		return 0;
	fprintf(stderr, "sekisho-gateway: %s\n", r < 0 ? strerror(-r) : sk_diag_format(&diag, text, sizeof text));
	return r < 0 ? 3 : 2;
}
