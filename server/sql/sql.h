// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * SQLite as the server's duties use it: one writing connection a database, WAL, a commit that is on the disk when it returns, statements
 * prepared once. A connection belongs to one thread at a time.
 *
 * Results: 0; SK_FULL the disk is full (nothing was kept; roll back and try later); SK_NONE no row; SK_BAD a constraint refused the row;
 * negative anything else, -EIO or -EBADMSG for a damaged database, logged where it arises with SQLite's own words.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

struct sk_sql;

enum {
	SK_SQL_READ_ONLY = 1, /* a reader beside the writer; the file must exist */
	SK_SQL_BULK = 2,      /* large rows: bigger pages and cache, space given back by incremental vacuum */
};

int sk_sql_open(const char *path, unsigned flags, struct sk_sql **ret_sql);
struct sk_sql *sk_sql_close(struct sk_sql *sql);
void sk_sql_close_p(struct sk_sql **sql);
#define _cleanup_sql_ __attribute__((cleanup(sk_sql_close_p)))

/*
 * Brings the database to version `count`: scripts[i] leads from version i to i + 1, each in a transaction of its own. A database of a
 * later version than we know is refused (-EPROTO).
 */
int sk_sql_migrate(struct sk_sql *sql, const char *const *scripts, int count);
/* One statement or several, without results. */
int sk_sql_exec(struct sk_sql *sql, const char *text);
int sk_sql_begin(struct sk_sql *sql);    /* takes the write lock at once; a reader only its view */
int sk_sql_commit(struct sk_sql *sql);   /* after a failure the transaction is rolled back */
void sk_sql_rollback(struct sk_sql *sql); /* does nothing outside a transaction */

/*
 * The statement of `text`, which must be a string literal: it is prepared at its first use and kept with the connection (the pointer is the
 * key). Bound by `types`, one letter a parameter: i int64_t, t text or NULL, b blob (pointer, size_t), n null. What is bound must live
 * until the statement is stepped to its end or used again.
 */
int sk_sql_use(struct sk_sql *sql, const char *text, sqlite3_stmt **ret_stmt, const char *types, ...);
/* 0 a row is there; SK_NONE the end (the statement is reset). */
int sk_sql_step(struct sk_sql *sql, sqlite3_stmt *stmt);
/* sk_sql_use() and one step of a statement without rows. */
int sk_sql_run(struct sk_sql *sql, const char *text, const char *types, ...);
/* sk_sql_use() and the first column of its first row; SK_NONE without one. */
int sk_sql_number(struct sk_sql *sql, int64_t *ret_value, const char *text, const char *types, ...);
void sk_sql_reset(sqlite3_stmt *stmt);

int64_t sk_sql_last_id(struct sk_sql *sql);
int sk_sql_changes(struct sk_sql *sql);
sqlite3 *sk_sql_handle(struct sk_sql *sql);
/* Text of a column, "" when it is NULL. Lives until the next step. */
const char *sk_sql_text(sqlite3_stmt *stmt, int column);
