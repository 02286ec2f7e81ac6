// SPDX-License-Identifier: GPL-3.0-or-later
/* sekisho server: what is done to a server rather than by it. */
#include "server.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "server-call.h"

static void print_size(const char *label, int64_t bytes)
{
	printf("%-22s %" PRId64 " MiB\n", label, bytes >> 20);
}

static void print_status(struct json_object *store, struct json_object *fleet)
{
	char oldest[24], newest[24];

	printf("%-22s %s\n", CTL_T("store", "保管"), strcmp(server_text(store, "state"), "full") == 0
							   ? CTL_T("the disk is full: nothing is acknowledged", "ディスクが満杯のため受領を止めています")
							   : "ok");
	printf("%-22s %" PRId64 "\n", CTL_T("events", "イベント"), server_number(store, "events"));
	printf("%-22s %s .. %s\n", CTL_T("from .. to", "期間"), server_time(server_number(store, "oldest"), oldest),
	       server_time(server_number(store, "newest"), newest));
	print_size(CTL_T("blocks", "ブロック"), server_number(store, "bytes"));
	print_size(CTL_T("free on the disk", "ディスクの空き"), server_number(store, "free_bytes"));
	printf("%-22s %" PRId64 " / %" PRId64 "\n", CTL_T("gaps open / lost", "欠番 未着 / 喪失"), server_number(store, "gaps"),
	       server_number(store, "lost"));
	printf("%-22s %" PRId64 "\n", CTL_T("removed by age, size", "保持期間・容量で削除"), server_number(server_member(store, "removed"), "events"));
	printf("%-22s %" PRId64 " / %" PRId64 "\n", CTL_T("endpoints connected", "接続中エンドポイント"), server_number(fleet, "connected"),
	       server_number(fleet, "agents"));
	printf("%-22s %" PRId64 "\n", CTL_T("requests waiting", "未処理の申請"), server_number(fleet, "pending"));
}

/* 1 when the store takes nothing or something was lost on the way. */
static int judge(struct json_object *store)
{
	return strcmp(server_text(store, "state"), "full") == 0 || server_number(store, "gaps") > 0 ? CTL_FOUND : CTL_OK;
}

int server_run_status(struct ctl *ctl)
{
	_cleanup_json_ struct json_object *store = NULL, *fleet = NULL;
	struct json_object *both;
	int r = server_call(ctl, SK_PROTO_STORE, server_verb("stats"), &store);

	if (r == CTL_OK)
		r = server_call(ctl, SK_PROTO_FLEET, server_verb("summary"), &fleet);
	if (r != CTL_OK)
		return r;
	if (!ctl->json) {
		print_status(store, fleet);
		return judge(store);
	}
	both = json_object_new_object();
	if (sk_json_put(both, "store", json_object_get(store)) || sk_json_put(both, "fleet", json_object_get(fleet)))
		both = sk_json_free(both);
	r = ctl_print_json(ctl, both);
	return r == CTL_OK ? judge(store) : r;
}

static const struct ctl_option init_options[] = {
	{"site-key", "FILE.pub", {"public half of the offline site key", "オフラインのサイト鍵の公開鍵"}, .required = true},
	{"name", "NAME", {"name or address by which endpoints reach this server (default: this machine's)",
			  "エンドポイントから見たサーバーの名前かアドレス（既定: このマシンの名前）"}, .many = true},
	{0}};

static const struct ctl_option backup_options[] = {
	{"encrypt", NULL, {"seal it with a pass phrase", "パスフレーズで暗号化"}},
	{"pass-file", "FILE", {"pass phrase in the first line of FILE", "パスフレーズを FILE の 1 行目から読む"}},
	{0}};
static const struct ctl_option restore_options[] = {
	{"replace", NULL, {"move the data that is here aside", "既存のデータを退避する"}},
	{"pass-file", "FILE", {"pass phrase in the first line of FILE", "パスフレーズを FILE の 1 行目から読む"}},
	{0}};

static const struct ctl_command commands[] = {
	{"init", server_run_init, .help = {"make this server's keys: certificate authority and its own certificate", "サーバーの鍵（認証局とサーバー証明書）を作成"},
	 .options = init_options},
	{"status", server_run_status, .help = {"what the running server has and does", "稼働中のサーバーの状態"}},
	{"backup", server_run_backup, "FOLDER", 1, 1, {"copy everything of this server to a new folder, while it runs", "稼働中のサーバー一式を新しいフォルダーに保存"},
	 backup_options},
	{"restore", server_run_restore, "FOLDER", 1, 1, {"make this server what it was when the backup was made", "バックアップ時点のサーバーに戻す"},
	 restore_options},
	{0}};

const struct ctl_family ctl_server = {
	.name = "server",
	.help = {"the server itself: keys, state, backup", "サーバー本体: 鍵、状態、バックアップ"},
	.commands = commands,
};
