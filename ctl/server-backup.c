// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho server backup FOLDER: everything a server is made of, while it runs. Each database is copied inside one read transaction of its own, so that it is
 * whole and no write waits; first beside the databases (where the same data lies anyway), then, sealed when that is asked for, onto the medium. The
 * manifest is written last: a folder without one is no backup.
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
#include "pass.h"
#include "server-box.h"
#include "server-call.h"
#include "server-files.h"
#include "server.h"

const struct server_file server_files[] = {
	{"events.db", SERVER_STORE "/events.db", .database = true},
	{"fleet.db", SERVER_FLEET "/fleet.db", .database = true},
	{"console.db", SERVER_WEB "/console.db", .database = true},
	{"ca.key", SERVER_FLEET "/ca.key", .required = true},
	{"ca.pem", SERVER_FLEET "/ca.pem", .required = true},
	{"server.pem", SERVER_FLEET "/server.pem", .required = true},
	{"site.pub", SERVER_FLEET "/site.pub", .required = true},
	{"intake.key", SERVER_INTAKE "/server.key", .required = true},
	{"intake.pem", SERVER_INTAKE "/server.pem", .required = true},
	{"intake-ca.pem", SERVER_INTAKE "/ca.pem", .required = true},
	{"server.yaml", "etc/sekisho/server.yaml"},
	{0}};

const struct server_file *server_file_find(const char *name)
{
	for (const struct server_file *f = server_files; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

struct backup {
	const struct ctl *ctl;
	int root, out;       /* folders */
	char temporary[128]; /* below the root: where databases are copied to first */
	struct box box;
};

/* ---- databases ---- */

/* Root opens what a duty owns: SQLite gives the -wal and -shm files it makes to the database's owner. */
static int open_source(const char *path, sqlite3 **ret_db)
{
	int r = sqlite3_open_v2(path, ret_db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL);

	if (r == SQLITE_OK)
		sqlite3_busy_timeout(*ret_db, 10000);
	return r;
}

/* All pages in one step: one view of the database, however much is written meanwhile. */
static int copy_pages(sqlite3 *from, sqlite3 *to)
{
	sqlite3_backup *copy = sqlite3_backup_init(to, "main", from, "main");

	if (!copy)
		return sqlite3_errcode(to);
	sqlite3_backup_step(copy, -1);
	return sqlite3_backup_finish(copy);
}

static int copy_database(struct backup *b, const struct server_file *file, const char *to_path)
{
	sqlite3 *from = NULL, *to = NULL;
	char path[4096];
	int r;

	snprintf(path, sizeof path, "%s/%s", b->ctl->root, file->path);
	r = open_source(path, &from);
	if (r == SQLITE_OK)
		r = sqlite3_open_v2(to_path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW, NULL);
	if (r == SQLITE_OK)
		r = sqlite3_exec(to, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", NULL, NULL, NULL);
	if (r == SQLITE_OK)
		r = copy_pages(from, to);
	sqlite3_close(from);
	sqlite3_close(to);
	if (r == SQLITE_OK)
		return CTL_OK;
	return ctl_fail(b->ctl, CTL_ENVIRONMENT, "%s: %s", path, sqlite3_errstr(r));
}

/* ---- one file ---- */

static int put(struct backup *b, const struct server_file *file, const char *from_path)
{
	struct box_file *entry = &b->box.files[b->box.count];
	_cleanup_close_ int from = -1;
	int r = sk_open_in(b->root, from_path, O_RDONLY, 0, &from);

	if (r == SK_NONE && !file->required)
		return CTL_OK;
	if (r > 0)
		return ctl_fail(b->ctl, CTL_ENVIRONMENT, CTL_T("%s cannot be read: is this a server?", "%s を読めません。ここはサーバーですか"), file->path);
	snprintf(entry->name, sizeof entry->name, "%s", file->name);
	snprintf(entry->path, sizeof entry->path, "%s", file->path);
	if (!r)
		r = box_put(&b->box, from, b->out, entry);
	if (r)
		return ctl_fail_errno(b->ctl, r < 0 ? r : -EEXIST, file->name);
	b->box.count++;
	return CTL_OK;
}

static int put_database(struct backup *b, const struct server_file *file)
{
	char copy[256], path[4096];
	struct stat st;
	int r;

	snprintf(path, sizeof path, "%s/%s", b->ctl->root, file->path);
	if (lstat(path, &st) < 0 && errno == ENOENT)
		return CTL_OK; /* a part that was never used */
	snprintf(copy, sizeof copy, "%s/%s", b->temporary, file->name);
	snprintf(path, sizeof path, "%s/%s", b->ctl->root, copy);
	r = copy_database(b, file, path);
	if (r == CTL_OK)
		r = put(b, file, copy);
	unlink(path);
	return r;
}

static int put_all(struct backup *b)
{
	int r = CTL_OK;

	for (const struct server_file *f = server_files; r == CTL_OK && f->name; f++)
		r = f->database ? put_database(b, f) : put(b, f, f->path);
	return r;
}

/* ---- the whole ---- */

static int tell(const struct backup *b, const char *folder)
{
	struct json_object *out;
	uint64_t bytes = 0;
	int r;

	for (size_t i = 0; i < b->box.count; i++)
		bytes += b->box.files[i].size;
	if (!b->ctl->json) {
		printf(CTL_T("%s: %zu files, %llu bytes%s\n", "%s: %zu ファイル、%llu バイト%s\n"), folder, b->box.count, (unsigned long long)bytes,
		       b->box.encrypted ? CTL_T(", encrypted", "、暗号化済み") : "");
		return CTL_OK;
	}
	out = json_object_new_object();
	r = sk_json_put_string(out, "folder", folder);
	if (!r)
		r = sk_json_put_u64(out, "files", b->box.count);
	if (!r)
		r = sk_json_put_u64(out, "bytes", bytes);
	if (!r)
		r = sk_json_put_bool(out, "encrypted", b->box.encrypted);
	return ctl_print_json(b->ctl, r ? sk_json_free(out) : out);
}

static int ask_pass(struct backup *b)
{
	char pass[SK_PASS_MAX + 1];
	int r;

	if (!ctl_option(b->ctl, "encrypt"))
		return ctl_option(b->ctl, "pass-file")
			       ? ctl_fail(b->ctl, CTL_USAGE, CTL_T("--pass-file goes with --encrypt", "--pass-file は --encrypt と併せて指定してください"))
			       : CTL_OK;
	r = ctl_pass(b->ctl, CTL_T("pass phrase of the backup", "バックアップのパスフレーズ"), true, pass);
	if (r == CTL_OK && box_key(&b->box, pass, false))
		r = ctl_fail_errno(b->ctl, -ENOMEM, "key");
	b->box.encrypted = true;
	sk_wipe(pass, sizeof pass);
	return r;
}

/* A new folder only: nothing is mixed with an older backup. */
static int open_folders(struct backup *b, const char *folder)
{
	int r = sk_dir_open(b->ctl->root, "", &b->root);

	if (r)
		return ctl_fail_errno(b->ctl, r < 0 ? r : -ENOENT, b->ctl->root);
	if (mkdir(folder, 0700) < 0)
		return ctl_fail_errno(b->ctl, -errno, folder);
	b->out = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (b->out < 0)
		return ctl_fail_errno(b->ctl, -errno, folder);
	snprintf(b->temporary, sizeof b->temporary, "var/lib/sekisho/.backup-%ld", (long)getpid());
	r = sk_dir_make(b->root, b->temporary, (uid_t)-1, (gid_t)-1, 0700);
	return r ? ctl_fail_errno(b->ctl, r < 0 ? r : -EACCES, b->temporary) : CTL_OK;
}

static int back_up(struct backup *b, const char *folder)
{
	int r = ask_pass(b);

	if (r == CTL_OK)
		r = open_folders(b, folder);
	if (r == CTL_OK)
		r = put_all(b);
	if (r != CTL_OK)
		return r;
	r = box_write_manifest(&b->box, b->out);
	return r ? ctl_fail_errno(b->ctl, r < 0 ? r : -EIO, "manifest.json") : tell(b, folder);
}

int server_run_backup(struct ctl *ctl)
{
	struct backup b = {.ctl = ctl, .root = -1, .out = -1, .box = {.made = sk_clock_ms()}};
	int r = back_up(&b, ctl->arguments[0]);

	if (b.temporary[0])
		unlinkat(b.root, b.temporary, AT_REMOVEDIR);
	sk_close_p(&b.root);
	sk_close_p(&b.out);
	sk_wipe(b.box.key, sizeof b.box.key);
	return r;
}
