// SPDX-License-Identifier: GPL-3.0-or-later
/* Reading what was learnt from a file: it ends, the table keeps to its room, its texts end, and it can be told again. */
#include <stdlib.h>
#include <string.h>

#include "learn/learn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge_row(const struct gw_learn_row *row)
{
	if (strnlen(row->proto, sizeof row->proto) == sizeof row->proto || strnlen(row->name, sizeof row->name) == sizeof row->name ||
	    strnlen(row->kind, sizeof row->kind) == sizeof row->kind)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gw_learn_table table;
	static struct gw_learn learn;
	_cleanup_buf_ struct sk_buf out = SK_BUF(2 * GW_LEARN_TEXT_MAX);
	struct gw_learn_marks marks = {0};
	struct sk_diag diag = {0};

	memset(&table, 0, sizeof table);
	memset(&learn, 0, sizeof learn);
	gw_learn_begin(&learn, &table);
	if (gw_learn_read((const char *)data, size, &learn, &marks, &diag) != 0)
		return 0;
	if (table.count > GW_LEARN_ROWS)
		__builtin_trap();
	for (size_t i = 0; i < table.count; i++)
		judge_row(&table.rows[i]);
	if (gw_learn_write(&table, &marks, &out) != 0 || gw_learn_propose(&table, NULL, &out) < 0)
		__builtin_trap();
	return 0;
}
