// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The one place that knows SQLite's result codes and pragmas. Owns its connection and the statements prepared on it.
 *
 * synchronous=FULL with WAL: sqlite3_step("COMMIT") returns after the WAL is fsynced. The -wal and -shm files get the database's
 * owner even when root opens it (SQLite sees to that), so the sekisho command may read beside the duty.
 */
#include "sql/sql.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/point.h"

enum { STATEMENTS_MAX = 96 };

struct sk_sql {
	sqlite3 *db;
	bool read_only;
	size_t count;
	struct {
		const char *text;
		sqlite3_stmt *stmt;
	} kept[STATEMENTS_MAX];
};

static bool disk_is_full(struct sk_sql *sql, int code)
{
	int error = sqlite3_system_errno(sql->db);

	return (code & 0xff) == SQLITE_FULL || ((code & 0xff) == SQLITE_IOERR && (error == ENOSPC || error == EDQUOT));
}

static int failed(struct sk_sql *sql, const char *doing)
{
	int code = sqlite3_extended_errcode(sql->db);

	if (disk_is_full(sql, code))
		return SK_FULL;
	if ((code & 0xff) == SQLITE_CONSTRAINT)
		return SK_BAD;
	sk_log(SK_LOG_ERROR, "database: %s: %s (%d)", doing, sqlite3_errmsg(sql->db), code);
	switch (code & 0xff) {
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EBADMSG;
	case SQLITE_BUSY:
		return -EBUSY;
	default:
		return -EIO;
	}
}

static int set_up(struct sk_sql *sql, unsigned flags)
{
	int r;

	sqlite3_busy_timeout(sql->db, 10000);
	sqlite3_extended_result_codes(sql->db, 1);
	sqlite3_db_config(sql->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(sql->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	if (flags & SK_SQL_READ_ONLY)
		return sk_sql_exec(sql, "PRAGMA query_only=1; PRAGMA mmap_size=0; PRAGMA cache_size=-4096; PRAGMA temp_store=MEMORY");
	if (flags & SK_SQL_BULK) {
		r = sk_sql_exec(sql, "PRAGMA page_size=16384; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA cache_size=-8192");
		if (r)
			return r;
	}
	return sk_sql_exec(sql, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=1; PRAGMA temp_store=MEMORY;"
				"PRAGMA journal_size_limit=67108864");
}

int sk_sql_open(const char *path, unsigned flags, struct sk_sql **ret_sql)
{
	_cleanup_sql_ struct sk_sql *sql = sk_calloc(1, sizeof *sql);
	int mode = flags & SK_SQL_READ_ONLY ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, r;

	if (!sql)
		return sk_origin(-ENOMEM);
	sql->read_only = flags & SK_SQL_READ_ONLY;
	r = sqlite3_open_v2(path, &sql->db, mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
	if (!sql->db)
		return sk_origin(-ENOMEM);
	if (r != SQLITE_OK)
		return failed(sql, path);
	r = set_up(sql, flags);
	if (r)
		return r;
	*ret_sql = SK_TAKE(sql);
	return 0;
}

struct sk_sql *sk_sql_close(struct sk_sql *sql)
{
	if (!sql)
		return NULL;
	for (size_t i = 0; i < sql->count; i++)
		sqlite3_finalize(sql->kept[i].stmt);
	sqlite3_close_v2(sql->db);
	free(sql);
	return NULL;
}

void sk_sql_close_p(struct sk_sql **sql)
{
	*sql = sk_sql_close(*sql);
}

static int migrate_one(struct sk_sql *sql, const char *script, int version)
{
	char pragma[48];
	int r = sk_sql_begin(sql);

	if (r)
		return r;
	sqlite3_snprintf(sizeof pragma, pragma, "PRAGMA user_version=%d", version);
	r = sk_sql_exec(sql, script);
	if (!r)
		r = sk_sql_exec(sql, pragma);
	if (r) {
		sk_sql_rollback(sql);
		return r;
	}
	return sk_sql_commit(sql);
}

int sk_sql_migrate(struct sk_sql *sql, const char *const *scripts, int count)
{
	int64_t version;
	int r = sk_sql_number(sql, &version, "PRAGMA user_version", "");

	if (r)
		return r;
	if (version > count) {
		sk_log(SK_LOG_ERROR, "the database has version %lld, this program knows %d: it was written by a later release",
		       (long long)version, count);
		return sk_origin(-EPROTO);
	}
	for (int i = (int)version; i < count && !r; i++)
		r = migrate_one(sql, scripts[i], i + 1);
	return r;
}

int sk_sql_exec(struct sk_sql *sql, const char *text)
{
	return sqlite3_exec(sql->db, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(sql, text);
}

int sk_sql_begin(struct sk_sql *sql)
{
	return sk_sql_run(sql, sql->read_only ? "BEGIN" : "BEGIN IMMEDIATE", "");
}

int sk_sql_commit(struct sk_sql *sql)
{
	int r = sk_point_failure("sql.commit") ? SK_FULL : sk_sql_run(sql, "COMMIT", "");

	if (r)
		sk_sql_rollback(sql);
	return r;
}

void sk_sql_rollback(struct sk_sql *sql)
{
	if (!sqlite3_get_autocommit(sql->db))
		sqlite3_exec(sql->db, "ROLLBACK", NULL, NULL, NULL);
}

static int find(struct sk_sql *sql, const char *text, sqlite3_stmt **ret_stmt)
{
	for (size_t i = 0; i < sql->count; i++)
		if (sql->kept[i].text == text) {
			*ret_stmt = sql->kept[i].stmt;
			return 0;
		}
	if (sql->count == STATEMENTS_MAX)
		return sk_origin(-EOVERFLOW);
	if (sqlite3_prepare_v3(sql->db, text, -1, SQLITE_PREPARE_PERSISTENT, ret_stmt, NULL) != SQLITE_OK)
		return failed(sql, text);
	sql->kept[sql->count].text = text;
	sql->kept[sql->count++].stmt = *ret_stmt;
	return 0;
}

static int bind_blob(sqlite3_stmt *stmt, int at, va_list *args)
{
	const void *data = va_arg(*args, const void *);

	return sqlite3_bind_blob64(stmt, at, data ? data : "", va_arg(*args, size_t), SQLITE_STATIC);
}

static int bind(struct sk_sql *sql, sqlite3_stmt *stmt, const char *types, va_list *args)
{
	int r = SQLITE_OK;

	for (int at = 1; *types && r == SQLITE_OK; types++, at++) {
		if (*types == 'i')
			r = sqlite3_bind_int64(stmt, at, va_arg(*args, int64_t));
		else if (*types == 't')
			r = sqlite3_bind_text(stmt, at, va_arg(*args, const char *), -1, SQLITE_STATIC);
		else if (*types == 'b')
			r = bind_blob(stmt, at, args);
		else
			r = sqlite3_bind_null(stmt, at);
	}
	return r == SQLITE_OK ? 0 : failed(sql, "bind");
}

static int use(struct sk_sql *sql, const char *text, sqlite3_stmt **ret_stmt, const char *types, va_list *args)
{
	int r = find(sql, text, ret_stmt);

	if (r)
		return r;
	sqlite3_reset(*ret_stmt);
	return bind(sql, *ret_stmt, types, args);
}

int sk_sql_use(struct sk_sql *sql, const char *text, sqlite3_stmt **ret_stmt, const char *types, ...)
{
	va_list args;
	int r;

	va_start(args, types);
	r = use(sql, text, ret_stmt, types, &args);
	va_end(args);
	return r;
}

int sk_sql_step(struct sk_sql *sql, sqlite3_stmt *stmt)
{
	int code = sqlite3_step(stmt), r;

	if (code == SQLITE_ROW)
		return 0;
	r = code == SQLITE_DONE ? SK_NONE : failed(sql, sqlite3_sql(stmt));
	sqlite3_reset(stmt);
	return r;
}

int sk_sql_run(struct sk_sql *sql, const char *text, const char *types, ...)
{
	sqlite3_stmt *stmt;
	va_list args;
	int r;

	va_start(args, types);
	r = use(sql, text, &stmt, types, &args);
	va_end(args);
	if (r)
		return r;
	do
		r = sk_sql_step(sql, stmt);
	while (r == 0);
	return r == SK_NONE ? 0 : r;
}

int sk_sql_number(struct sk_sql *sql, int64_t *ret_value, const char *text, const char *types, ...)
{
	sqlite3_stmt *stmt;
	va_list args;
	int r;

	va_start(args, types);
	r = use(sql, text, &stmt, types, &args);
	va_end(args);
	if (!r)
		r = sk_sql_step(sql, stmt);
	if (r)
		return r;
	*ret_value = sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	return 0;
}

void sk_sql_reset(sqlite3_stmt *stmt)
{
	sqlite3_reset(stmt);
}

int64_t sk_sql_last_id(struct sk_sql *sql)
{
	return sqlite3_last_insert_rowid(sql->db);
}

int sk_sql_changes(struct sk_sql *sql)
{
	return sqlite3_changes(sql->db);
}

sqlite3 *sk_sql_handle(struct sk_sql *sql)
{
	return sql->db;
}

const char *sk_sql_text(sqlite3_stmt *stmt, int column)
{
	const unsigned char *text = sqlite3_column_text(stmt, column);

	return text ? (const char *)text : "";
}
