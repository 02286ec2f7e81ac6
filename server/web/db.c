// SPDX-License-Identifier: GPL-3.0-or-later
/* The schema, and running statements. See db.h. */
#include "web/db.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/point.h"

static const char *const schemas[] = {
	"CREATE TABLE user(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE, display TEXT NOT NULL,"
	" password TEXT NOT NULL, language TEXT NOT NULL, theme TEXT NOT NULL DEFAULT 'auto', disabled INTEGER NOT NULL DEFAULT 0,"
	" must_change INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL, last_sign_in INTEGER NOT NULL DEFAULT 0) STRICT;"
	/* A place is never null: "" is everywhere, so that the primary key sees two equal grants as one. */
	"CREATE TABLE user_grant(user INTEGER NOT NULL REFERENCES user(id) ON DELETE CASCADE, role TEXT NOT NULL, org TEXT NOT NULL,"
	" site TEXT NOT NULL, PRIMARY KEY(user, role, org, site)) STRICT;"
	"CREATE TABLE session(key BLOB PRIMARY KEY, user INTEGER NOT NULL REFERENCES user(id) ON DELETE CASCADE, csrf TEXT NOT NULL,"
	" created INTEGER NOT NULL, used INTEGER NOT NULL, address TEXT NOT NULL) STRICT;"
	"CREATE TABLE token(id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, name TEXT NOT NULL, user INTEGER NOT NULL REFERENCES"
	" user(id) ON DELETE CASCADE, role TEXT NOT NULL, org TEXT NOT NULL, site TEXT NOT NULL, created INTEGER NOT NULL,"
	" expires INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0, revoked INTEGER NOT NULL DEFAULT 0) STRICT;"
	/* Wrong passwords by name, whether such a person exists or not: a lock must not tell which names are real. */
	"CREATE TABLE failure(name TEXT PRIMARY KEY COLLATE NOCASE, count INTEGER NOT NULL, last INTEGER NOT NULL, until INTEGER NOT NULL)"
	" STRICT;"
	"CREATE TABLE site(org TEXT NOT NULL, site TEXT NOT NULL, second_approver INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(org, site)) STRICT;"
	"CREATE TABLE approval(request TEXT PRIMARY KEY, user INTEGER NOT NULL, name TEXT NOT NULL, note TEXT NOT NULL,"
	" change TEXT NOT NULL, time INTEGER NOT NULL) STRICT;"
	"CREATE TABLE asset(id INTEGER PRIMARY KEY, org TEXT NOT NULL, equipment TEXT NOT NULL, site TEXT NOT NULL, bay TEXT NOT NULL,"
	" name TEXT NOT NULL, maker TEXT NOT NULL, model TEXT NOT NULL, owner TEXT NOT NULL, scope TEXT NOT NULL, host TEXT NOT NULL,"
	" address TEXT NOT NULL, note TEXT NOT NULL, updated INTEGER NOT NULL, by TEXT NOT NULL, UNIQUE(org, equipment)) STRICT;"
	"CREATE INDEX asset_host ON asset(host);"
	"CREATE TABLE import(id TEXT PRIMARY KEY, user INTEGER NOT NULL, org TEXT NOT NULL, name TEXT NOT NULL, data BLOB NOT NULL,"
	" created INTEGER NOT NULL) STRICT;"
	"CREATE TABLE audit(seq INTEGER PRIMARY KEY, org TEXT NOT NULL, site TEXT NOT NULL, line TEXT NOT NULL, hash BLOB NOT NULL) STRICT;"
	"CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'the audit trail only grows'); END;"
	"CREATE TRIGGER audit_fixed BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit trail only grows'); END;",
	/* What runs on it: an agent of ours cannot run on everything. */
	"ALTER TABLE asset ADD COLUMN os TEXT NOT NULL DEFAULT '';",
};

static int failed(struct sk_db *db, const char *what)
{
	sk_log(SK_LOG_ERROR, "console.db: %s: %s", what, sqlite3_errmsg(sk_sql_handle(db->sql)));
	return -EIO;
}

/* A full disk is no condition that a page could handle. */
static int final(int r)
{
	return r == SK_FULL ? sk_origin(-ENOSPC) : r > 0 ? sk_origin(-EIO) : r;
}

int sk_db_open(const char *path, struct sk_db *db)
{
	int r;

	memset(db, 0, sizeof *db);
	r = sk_sql_open(path, 0, &db->sql);
	r = r ? r : sk_sql_migrate(db->sql, schemas, (int)SK_ARRAY_SIZE(schemas));
	if (r)
		sk_db_close(db);
	return final(r);
}

void sk_db_close(struct sk_db *db)
{
	sk_sql_close(db->sql);
	memset(db, 0, sizeof *db);
}

static void bind(sqlite3_stmt *rows, const char *binds, va_list args)
{
	for (int i = 1; *binds; i++, binds++) {
		if (*binds == 's') {
			sqlite3_bind_text(rows, i, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
		} else if (*binds == 'i') {
			sqlite3_bind_int64(rows, i, va_arg(args, int64_t));
		} else {
			const void *data = va_arg(args, const void *);

			sqlite3_bind_blob64(rows, i, data, va_arg(args, size_t), SQLITE_TRANSIENT);
		}
	}
}

static int query(struct sk_db *db, sqlite3_stmt **ret_rows, const char *sql, const char *binds, va_list args)
{
	sqlite3_stmt *rows = NULL;

	if (sqlite3_prepare_v2(sk_sql_handle(db->sql), sql, -1, &rows, NULL) != SQLITE_OK)
		return failed(db, sql);
	bind(rows, binds, args);
	*ret_rows = rows;
	return 0;
}

int sk_db_query(struct sk_db *db, sqlite3_stmt **ret_rows, const char *sql, const char *binds, ...)
{
	va_list args;
	int r;

	va_start(args, binds);
	r = query(db, ret_rows, sql, binds, args);
	va_end(args);
	return r;
}

int sk_db_row(sqlite3_stmt *rows)
{
	int r = sqlite3_step(rows);

	if (r == SQLITE_ROW)
		return 0;
	if (r == SQLITE_DONE)
		return SK_END;
	sk_log(SK_LOG_ERROR, "console.db: %s", sqlite3_errmsg(sqlite3_db_handle(rows)));
	return -EIO;
}

int sk_db_run(struct sk_db *db, const char *sql, const char *binds, ...)
{
	_cleanup_rows_ sqlite3_stmt *rows = NULL;
	va_list args;
	int r;

	if (sk_point_failure("console.write"))
		return -EIO;
	va_start(args, binds);
	r = query(db, &rows, sql, binds, args);
	va_end(args);
	if (r)
		return r;
	r = sk_db_row(rows);
	return r == SK_END ? 0 : r;
}

int sk_db_number(struct sk_db *db, int64_t otherwise, int64_t *ret_value, const char *sql, const char *binds, ...)
{
	_cleanup_rows_ sqlite3_stmt *rows = NULL;
	va_list args;
	int r;

	va_start(args, binds);
	r = query(db, &rows, sql, binds, args);
	va_end(args);
	if (r)
		return r;
	r = sk_db_row(rows);
	if (r < 0)
		return r;
	*ret_value = r ? otherwise : sqlite3_column_int64(rows, 0);
	return 0;
}

const char *sk_db_text(sqlite3_stmt *rows, int column)
{
	const unsigned char *text = sqlite3_column_text(rows, column);

	return text ? (const char *)text : "";
}

int64_t sk_db_int(sqlite3_stmt *rows, int column)
{
	return sqlite3_column_int64(rows, column);
}

int64_t sk_db_last_id(struct sk_db *db)
{
	return sk_sql_last_id(db->sql);
}

int sk_db_changes(struct sk_db *db)
{
	return sk_sql_changes(db->sql);
}

int sk_db_begin(struct sk_db *db)
{
	int r = db->depth ? 0 : sk_sql_begin(db->sql);

	if (!r)
		db->depth++;
	return final(r);
}

int sk_db_end(struct sk_db *db, int result)
{
	if (--db->depth > 0)
		return result;
	if (result) {
		sk_sql_rollback(db->sql);
		return result;
	}
	SK_POINT("console.commit");
	return final(sk_sql_commit(db->sql));
}

void sk_rows_done(sqlite3_stmt **rows)
{
	sqlite3_finalize(*rows);
}
