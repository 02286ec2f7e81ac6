// SPDX-License-Identifier: GPL-3.0-or-later
/* The settings of server.yaml in one table: parser, checks, --help-config and the manual page come from it. */
#include "main/config.h"

#include <stdio.h>
#include <string.h>

static const struct sk_setting rows[] = {
	{"intake.listen", SK_KIND_STRING, SK_AT(struct server_config, intake_listen), .fallback = "0.0.0.0:8443", .max = 64,
	 .en = "Address and port where endpoints connect.", .ja = "エンドポイントが接続するアドレスとポート。"},
	{"intake.max_connections", SK_KIND_INT, SK_AT(struct server_config, intake.max_connections), .fallback = "4096", .min = 1, .max = 30000,
	 .en = "Most connections at once; more wait until there is room.", .ja = "同時接続数の上限。超えた接続は空くまで待ちます。"},
	{"intake.max_per_address", SK_KIND_INT, SK_AT(struct server_config, intake.max_per_address), .fallback = "256", .min = 1, .max = 30000,
	 .en = "Most connections at once from one address.", .ja = "1 つのアドレスからの同時接続数の上限。"},
	{"intake.handshake", SK_KIND_DURATION, SK_AT(struct server_config, intake.handshake_ms), .fallback = "10s", .min = 100, .max = 120000,
	 .en = "Time from a connection to its first message; who is slower is disconnected.",
	 .ja = "接続から最初のメッセージまでの制限時間。超えると切断します。"},
	{"store.max_age", SK_KIND_DURATION, SK_AT(struct server_config, store.max_age_ms), .fallback = "365d",
	 .en = "Events older than this are removed, in whole blocks, and counted; 0s keeps them for ever.",
	 .ja = "これより古いイベントはブロック単位で削除し、件数を記録します。0s は無期限です。"},
	{"store.max_bytes", SK_KIND_SIZE, SK_AT(struct server_config, store.max_bytes), .fallback = "0",
	 .en = "Beyond this many bytes of compressed events the oldest of the least important priority are removed; 0 is no limit.",
	 .ja = "圧縮後のイベントがこのサイズを超えると、重要度の低い古いものから削除します。0 は無制限です。"},
	{"store.reserve", SK_KIND_SIZE, SK_AT(struct server_config, store.reserve), .fallback = "256M",
	 .en = "Bytes left free on the disk; below, nothing is acknowledged and endpoints keep their events.",
	 .ja = "ディスクに残す空き容量。下回ると受領を止め、イベントはエンドポイントに残ります。"},
	{"fleet.certificate_days", SK_KIND_INT, SK_AT(struct server_config, fleet.certificate_days), .fallback = "3650", .min = 1, .max = 36500,
	 .en = "Days an endpoint's certificate is good for; an endpoint is shut out at once by revoking it, not by waiting.",
	 .ja = "エンドポイント証明書の有効日数。締め出しは期限ではなく失効で即時に行います。"},
	{"web.listen", SK_KIND_STRING, SK_AT(struct server_config, web.address), .fallback = "127.0.0.1:8080", .max = 64,
	 .en = "Address and port of the console; away from loopback it needs web.certificate and web.key.",
	 .ja = "コンソールのアドレスとポート。ループバック以外では web.certificate と web.key が必要です。"},
	{"web.certificate", SK_KIND_PATH, SK_AT(struct server_config, web.certificate), .max = 4096,
	 .en = "The console's TLS certificate (PEM), a file in /etc/sekisho.", .ja = "コンソールの TLS 証明書（PEM）。/etc/sekisho 内のファイル。"},
	{"web.key", SK_KIND_PATH, SK_AT(struct server_config, web.key), .max = 4096,
	 .en = "Its private key (PEM), a file in /etc/sekisho that the console's user may read.",
	 .ja = "その秘密鍵（PEM）。コンソールのユーザーが読める /etc/sekisho 内のファイル。"},
	{"web.host", SK_KIND_STRING, SK_AT(struct server_config, web.host), .max = 253,
	 .en = "Host name by which browsers reach the console; other names are refused.",
	 .ja = "ブラウザーがコンソールに接続するときのホスト名。他の名前は拒否します。"},
	{"users.intake", SK_KIND_USER, SK_AT(struct server_config, user_intake), .fallback = "sekisho-intake",
	 .en = "User of the process that talks to endpoints.", .ja = "エンドポイントと通信するプロセスのユーザー。"},
	{"users.store", SK_KIND_USER, SK_AT(struct server_config, user_store), .fallback = "sekisho-store",
	 .en = "User of the process that keeps events.", .ja = "イベントを保管するプロセスのユーザー。"},
	{"users.fleet", SK_KIND_USER, SK_AT(struct server_config, user_fleet), .fallback = "sekisho-fleet",
	 .en = "User of the process that admits endpoints and publishes policies.",
	 .ja = "エンドポイントの登録とポリシーの公開を担うプロセスのユーザー。"},
	{"users.web", SK_KIND_USER, SK_AT(struct server_config, user_web), .fallback = "sekisho-web",
	 .en = "User of the process that serves the console.", .ja = "コンソールを提供するプロセスのユーザー。"},
	{0}};

const struct sk_table server_table = {"server.yaml", sizeof(struct server_config), rows, .en = "Settings of the server.", .ja = "サーバーの設定。"};

int server_config_load(const char *root, struct server_config *ret_config)
{
	struct sk_diag diag = {0};
	char path[4096], text[512];
	int r;

	snprintf(path, sizeof path, "%s/etc/sekisho/server.yaml", strcmp(root, "/") == 0 ? "" : root);
	r = sk_conf_load(&server_table, path, true, ret_config, &diag);
	if (r == 0) {
		sk_diag_source(&diag, "server.yaml");
		r = sk_web_check(&ret_config->web, &diag);
		if (r == 0)
			return 0;
		sk_conf_done(&server_table, ret_config);
	}
	fprintf(stderr, "sekisho-server: %s\n", r < 0 ? strerror(-r) : sk_diag_format(&diag, text, sizeof text));
	return r < 0 ? 3 : 2;
}
