// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho server restore FOLDER: a server as it was when the backup was made. Nothing is touched before every file was checked against the manifest, opened
 * and, when it is a database, looked through; a server that runs, or that has data, is refused (--replace moves its data aside).
 *
 * What happened after the backup is not in it. Endpoints send again what they still hold; what they had let go of is reported as lost (docs/operations.md).
 * Tokens that are open in the backup may have been used since, so they are cancelled.
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/peer.h"
#include "pass.h"
#include "server-box.h"
#include "server-call.h"
#include "server-files.h"
#include "server.h"

struct restore {
	const struct ctl *ctl;
	int root, from;
	char temporary[128]; /* below the root */
	struct box box;
};

static const char *const folders[] = {SERVER_STORE, SERVER_FLEET, SERVER_INTAKE, SERVER_WEB};

/* ---- may it be done? ---- */

static int refuse_live(const struct ctl *ctl)
{
	int fd, r = sk_peer_connect(ctl->root, "store.sock", &fd);

	if (r == 0)
		close(fd);
	if (r == 0 || r == SK_AGAIN || r == SK_DENIED)
		return ctl_fail(ctl, CTL_FOUND, CTL_T("a server runs here: stop it first", "サーバーが稼働中です。先に停止してください"));
	return CTL_OK;
}

static int refuse_data(struct restore *x)
{
	_cleanup_close_ int fd = -1;

	if (ctl_option(x->ctl, "replace") || sk_open_in(x->root, SERVER_FLEET "/ca.key", O_RDONLY, 0, &fd) != 0)
		return CTL_OK;
	return ctl_fail(x->ctl, CTL_FOUND, CTL_T("there is a server's data here: --replace moves it aside", "既存のサーバーのデータがあります。--replace で退避できます"));
}

/* ---- taking the files out of the backup ---- */

static int look_through(const struct ctl *ctl, const char *path, const char *name)
{
	sqlite3_stmt *stmt = NULL;
	sqlite3 *db = NULL;
	bool good = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL) == SQLITE_OK &&
		    sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW &&
		    strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;

	sqlite3_finalize(stmt);
	if (good && strcmp(name, "fleet.db") == 0)
		good = sqlite3_exec(db, "UPDATE token SET state=2 WHERE state=0", NULL, NULL, NULL) == SQLITE_OK;
	sqlite3_close(db);
	return good ? CTL_OK : ctl_fail(ctl, CTL_FOUND, CTL_T("%s: not a sound database", "%s: データベースが壊れています"), name);
}

static int take(struct restore *x, const struct box_file *entry)
{
	const struct server_file *file = server_file_find(entry->name);
	_cleanup_close_ int to = -1;
	struct sk_diag diag = {0};
	char path[4096], inside[256];
	int r;

	if (!file || strcmp(file->path, entry->path) != 0)
		return ctl_fail(x->ctl, CTL_FOUND, CTL_T("%s: not a file of a server", "%s: サーバーのファイルではありません"), entry->name);
	snprintf(inside, sizeof inside, "%s/%s", x->temporary, entry->name);
	r = sk_open_in(x->root, inside, O_RDWR | O_CREAT | O_EXCL, 0600, &to);
	if (!r)
		r = box_take(&x->box, x->from, entry, to, &diag);
	if (r == SK_BAD)
		return ctl_fail_diag(x->ctl, &diag);
	if (r)
		return ctl_fail_errno(x->ctl, r < 0 ? r : -EEXIST, entry->name);
	snprintf(path, sizeof path, "%s/%s", x->ctl->root, inside);
	return file->database ? look_through(x->ctl, path, entry->name) : CTL_OK;
}

static bool has(const struct box *box, const char *name)
{
	for (size_t i = 0; i < box->count; i++)
		if (strcmp(box->files[i].name, name) == 0)
			return true;
	return false;
}

static int take_all(struct restore *x)
{
	int r = sk_dir_make(x->root, x->temporary, (uid_t)-1, (gid_t)-1, 0700);

	if (r)
		return ctl_fail_errno(x->ctl, r < 0 ? r : -EACCES, x->temporary);
	for (const struct server_file *f = server_files; f->name; f++)
		if (f->required && !has(&x->box, f->name))
			return ctl_fail(x->ctl, CTL_FOUND, CTL_T("%s is missing in the backup", "バックアップに %s がありません"), f->name);
	for (size_t i = 0; i < x->box.count; i++) {
		r = take(x, &x->box.files[i]);
		if (r != CTL_OK)
			return r;
	}
	return CTL_OK;
}

/* ---- putting them in place ---- */

/* A folder with data becomes FOLDER.before-restore-TIME. */
static int move_aside(struct restore *x, uint64_t now)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(folders); i++) {
		char aside[160];

		snprintf(aside, sizeof aside, "%s.before-restore-%llu", folders[i], (unsigned long long)now);
		if (renameat(x->root, folders[i], x->root, aside) < 0 && errno != ENOENT)
			return ctl_fail_errno(x->ctl, -errno, folders[i]);
	}
	return CTL_OK;
}

static int place(struct restore *x, const struct box_file *entry)
{
	char inside[256], folder[128];

	snprintf(inside, sizeof inside, "%s/%s", x->temporary, entry->name);
	snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(entry->path, '/') - entry->path), entry->path);
	if (strcmp(entry->name, "server.yaml") == 0) {
		_cleanup_close_ int old = -1;

		if (sk_open_in(x->root, entry->path, O_RDONLY, 0, &old) == 0)
			return CTL_OK; /* this machine's own settings stay */
	}
	if (sk_dir_make(x->root, folder, (uid_t)-1, (gid_t)-1, strncmp(folder, "etc", 3) == 0 ? 0755 : 0700))
		return ctl_fail_errno(x->ctl, -EACCES, folder);
	if (renameat(x->root, inside, x->root, entry->path) < 0)
		return ctl_fail_errno(x->ctl, -errno, entry->path);
	sk_dir_sync(x->root, folder);
	return CTL_OK;
}

/* The CA's key last: before it is there, this is no server, and restore can be run again. */
static int place_all(struct restore *x)
{
	int r = move_aside(x, sk_clock_ms() / 1000);

	for (int last = 0; last < 2; last++)
		for (size_t i = 0; r == CTL_OK && i < x->box.count; i++)
			if ((strcmp(x->box.files[i].name, "ca.key") == 0) == (last == 1))
				r = place(x, &x->box.files[i]);
	return r;
}

/* ---- the whole ---- */

static int read_manifest(struct restore *x)
{
	char pass[SK_PASS_MAX + 1];
	struct sk_diag diag = {0};
	int r = box_read_manifest(x->from, NULL, &x->box, &diag);

	if (r == SK_NONE) {
		r = ctl_pass(x->ctl, CTL_T("pass phrase of the backup", "バックアップのパスフレーズ"), false, pass);
		if (r != CTL_OK)
			return r;
		r = box_read_manifest(x->from, pass, &x->box, &diag);
		sk_wipe(pass, sizeof pass);
	}
	if (r == SK_DENIED)
		return ctl_fail(x->ctl, CTL_FOUND, CTL_T("the pass phrase is not this backup's, or its manifest was changed",
							 "パスフレーズが違うか、目録が改変されています"));
	if (r == SK_BAD)
		return ctl_fail_diag(x->ctl, &diag);
	return r ? ctl_fail_errno(x->ctl, r < 0 ? r : -EIO, "manifest.json") : CTL_OK;
}

static int tell(const struct restore *x)
{
	struct json_object *out;
	char when[24];

	if (!x->ctl->json) {
		printf(CTL_T("The server is as it was at %s. Open tokens were cancelled; revoke again what was revoked since, and publish again what was published.\n",
			     "サーバーを %s の状態に戻しました。未使用トークンは取り消しました。以後に行った失効とポリシー公開はやり直してください。\n"),
		       server_time((int64_t)x->box.made, when));
		return CTL_OK;
	}
	out = json_object_new_object();
	if (sk_json_put_u64(out, "made", x->box.made) || sk_json_put_u64(out, "files", x->box.count))
		out = sk_json_free(out);
	return ctl_print_json(x->ctl, out);
}

static int restore(struct restore *x, const char *folder)
{
	int r = sk_dir_open(x->ctl->root, "", &x->root);

	if (r)
		return ctl_fail_errno(x->ctl, r < 0 ? r : -ENOENT, x->ctl->root);
	x->from = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (x->from < 0)
		return ctl_fail_errno(x->ctl, -errno, folder);
	r = refuse_live(x->ctl);
	if (r == CTL_OK)
		r = refuse_data(x);
	if (r == CTL_OK)
		r = read_manifest(x);
	if (r == CTL_OK)
		r = take_all(x);
	if (r == CTL_OK)
		r = refuse_live(x->ctl); /* it may have been started meanwhile */
	if (r == CTL_OK)
		r = place_all(x);
	return r == CTL_OK ? tell(x) : r;
}

static void clean(struct restore *x)
{
	char inside[256];

	for (size_t i = 0; i < x->box.count; i++) {
		snprintf(inside, sizeof inside, "%s/%s", x->temporary, x->box.files[i].name);
		unlinkat(x->root, inside, 0);
	}
	unlinkat(x->root, x->temporary, AT_REMOVEDIR);
}

int server_run_restore(struct ctl *ctl)
{
	struct restore x = {.ctl = ctl, .root = -1, .from = -1};
	int r;

	snprintf(x.temporary, sizeof x.temporary, "var/lib/sekisho/.restore-%ld", (long)getpid());
	r = restore(&x, ctl->arguments[0]);
	if (x.root >= 0)
		clean(&x);
	sk_close_p(&x.root);
	sk_close_p(&x.from);
	sk_wipe(x.box.key, sizeof x.box.key);
	return r;
}
