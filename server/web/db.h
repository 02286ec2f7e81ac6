// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * console.db: what the console itself must remember - people, grants, sessions, tokens, assets, site settings, first approvals, the audit trail. Owned
 * by the web duty alone; nobody else opens the file. Events live in the store, endpoints and requests in fleet.
 *
 * Over sql/sql.h, with what pages need: statements that may be open at the same time as themselves, and nested transactions. Types in `binds`, one letter a
 * value: s text (const char *, NULL = null), i int64_t, b bytes (const void *, size_t). Results: 0, or negative (logged with SQLite's words).
 */
#pragma once

#include <stdint.h>

#include "sql/sql.h"

struct sk_db {
	struct sk_sql *sql;
	int depth; /* of nested sk_db_begin() */
};

/* Opens or makes it, and brings an older schema up to date. -EPROTO: a newer schema than this program knows. */
int sk_db_open(const char *path, struct sk_db *db);
void sk_db_close(struct sk_db *db);

int sk_db_run(struct sk_db *db, const char *sql, const char *binds, ...);
/* A prepared, bound statement for sk_db_row(); sqlite3_finalize() ends it (the cleanup attribute does). */
int sk_db_query(struct sk_db *db, sqlite3_stmt **ret_rows, const char *sql, const char *binds, ...);
/* 0: columns of the next row can be read; SK_END; -EIO. */
int sk_db_row(sqlite3_stmt *rows);
const char *sk_db_text(sqlite3_stmt *rows, int column); /* "" for null; until the next row */
int64_t sk_db_int(sqlite3_stmt *rows, int column);
/* One number of one row; `otherwise` when there is no row. */
int sk_db_number(struct sk_db *db, int64_t otherwise, int64_t *ret_value, const char *sql, const char *binds, ...);
int64_t sk_db_last_id(struct sk_db *db);
int sk_db_changes(struct sk_db *db);

/* A transaction; nested ones belong to the outermost. sk_db_end(): commits when `result` is 0, else rolls back; returns `result`, or -EIO. */
int sk_db_begin(struct sk_db *db);
int sk_db_end(struct sk_db *db, int result);

void sk_rows_done(sqlite3_stmt **rows);
#define _cleanup_rows_ __attribute__((cleanup(sk_rows_done)))
