// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * CSV as spreadsheets write it (RFC 4180): comma, semicolon or tab (whichever the first line has most of), quotes, CRLF or LF, a byte order mark.
 * In UTF-8, or in Shift_JIS as Japanese Excel saves it (CP932), told apart by the bytes: what is well-formed UTF-8 is UTF-8.
 *
 * A reader goes row by row over text it owns; a row's cells are valid until the next row.
 */
#pragma once

#include <stddef.h>

#include "base/diag.h"

enum {
	SK_CSV_CELLS_MAX = 64,
	SK_CSV_CELL_MAX = 4096,   /* bytes of UTF-8 */
	SK_CSV_SIZE_MAX = 8 << 20 /* bytes of a file */
};

struct sk_csv {
	char *text, *at, *end;
	char separator;
	const char *encoding; /* "UTF-8" or "Shift_JIS" */
	unsigned line;        /* of the row last read, from 1; a quoted line break counts */
	unsigned next_line;
	size_t count;
	const char *cells[SK_CSV_CELLS_MAX];
};

/* Opens iconv's tables while files can still be opened; before the sandbox. 0 or -errno. */
int sk_csv_prepare(void);
/* Copies and, where needed, converts. 0; SK_BAD with what is wrong (neither encoding, too large, a zero byte); -ENOMEM. */
int sk_csv_open(const char *data, size_t size, struct sk_csv *csv, struct sk_diag *diag);
void sk_csv_done(struct sk_csv *csv);
#define _cleanup_csv_ __attribute__((cleanup(sk_csv_done)))
/* The next row that is not empty. 0; SK_END; SK_BAD with line and column (a quote never closed, text behind one, too many or too long cells). */
int sk_csv_row(struct sk_csv *csv, struct sk_diag *diag);
