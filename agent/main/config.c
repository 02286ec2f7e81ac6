// SPDX-License-Identifier: GPL-3.0-or-later
/* The settings of agent.yaml in one table: parser, checks, --help-config and the manual page come from it. */
#include "main/config.h"

#include <stdio.h>
#include <string.h>

static const struct sk_setting rows[] = {
	{"server", SK_KIND_STRING, SK_AT(struct agent_config, link.server), .max = 255,
	 .en = "HOST:PORT of the server, in place of the one given at enrolment.", .ja = "サーバーの HOST:PORT。登録時の値の代わりに使います。"},
	{"link.retry_max", SK_KIND_DURATION, SK_AT(struct agent_config, link.retry_max_ms), .fallback = "30s", .min = 200, .max = 3600000,
	 .en = "Longest pause between two attempts to reach the server.", .ja = "サーバーへの再接続を待つ最長時間。"},
	{"spool.max_bytes", SK_KIND_SIZE, SK_AT(struct agent_config, link.spool_bytes), .fallback = "256M", .min = 1 << 20, .max = 1ull << 40,
	 .en = "Limit of all events that wait for the server; beyond it the oldest of the least important priority are dropped, and said to be.",
	 .ja = "サーバーを待つイベントの上限。超えると重要度の低い古いものから破棄し、その範囲を記録します。"},
	{"spool.max_age", SK_KIND_DURATION, SK_AT(struct agent_config, link.spool_age_ms), .fallback = "90d",
	 .en = "Events that wait longer are dropped, and said to be; 0s keeps them without limit.",
	 .ja = "これより長く待つイベントは破棄し、その範囲を記録します。0s は無期限です。"},
	{"spool.segment_bytes", SK_KIND_SIZE, SK_AT(struct agent_config, link.segment_bytes), .fallback = "1M", .min = 128 << 10, .max = 64 << 20,
	 .en = "Size of one file of the spool: what is dropped at once.", .ja = "スプールのファイル 1 個の大きさ。破棄の単位です。"},
	{"lockdown.cgroup", SK_KIND_STRING, SK_AT(struct agent_config, cgroup), .max = 400,
	 .en = "Control group, below the cgroup2 mount, whose processes the kernel side of lockdown acts upon. Without it, it acts only when / is in a policy's scope.",
	 .ja = "ロックダウンのカーネル側が対象とする制御グループ（cgroup2 のマウント位置からの相対パス）。未設定の場合は、ポリシーの scope に / があるときだけ働きます。"},
	{"users.spool", SK_KIND_USER, SK_AT(struct agent_config, user_spool), .fallback = "sekisho-spool",
	 .en = "User of the process that keeps events.", .ja = "イベントを保管するプロセスのユーザー。"},
	{"users.link", SK_KIND_USER, SK_AT(struct agent_config, user_link), .fallback = "sekisho-link",
	 .en = "User of the process that talks to the server.", .ja = "サーバーと通信するプロセスのユーザー。"},
	{"media.images", SK_KIND_PATHS, SK_AT(struct agent_config, media.images), .max = 16,
	 .en = "Folders: a loop device over an image below one of them is a removable medium as a USB stick is.",
	 .ja = "この下にあるイメージのループデバイスを、USB メモリーと同じリムーバブル媒体として扱うフォルダー。"},
	{0}};

const struct sk_table agent_table = {"agent.yaml", sizeof(struct agent_config), rows, .en = "Settings of the agent on an endpoint.",
				     .ja = "エンドポイント上のエージェントの設定。"};

int agent_config_load(const char *root, struct agent_config *ret_config)
{
	struct sk_diag diag = {0};
	char path[4096], text[512];
	int r;

	snprintf(path, sizeof path, "%s/etc/sekisho/agent.yaml", strcmp(root, "/") == 0 ? "" : root);
	r = sk_conf_load(&agent_table, path, true, ret_config, &diag);
	if (r == 0)
		return 0;
	fprintf(stderr, "sekisho-agent: %s\n", r < 0 ? strerror(-r) : sk_diag_format(&diag, text, sizeof text));
	return r < 0 ? 3 : 2;
}
