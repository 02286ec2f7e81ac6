// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Calls: the first byte chooses the row, the rest are words behind zero bytes, up to an empty one; then the environment. The machine must always come to an
 * end and to a verdict, and must never call harmless what a plain word of code alone makes refused.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "interp/interp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sk_interp_table table;

/* Splits the text into words. */
static size_t split(char *text, size_t size, const char **words, size_t max)
{
	size_t count = 0;

	for (size_t at = 0; at < size && count < max; at += strlen(text + at) + 1)
		words[count++] = text + at;
	words[count] = NULL;
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[8193];
	const char *words[130] = {NULL}, *script = NULL;
	struct sk_interp_answer a;
	const struct sk_row *row;
	enum sk_argv_verdict verdict;

	if (!table.count && sk_interp_load(NULL, &table, NULL) != 0)
		__builtin_trap();
	if (size < 2 || size > sizeof text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	split(text, size - 1, words, 128);
	row = &table.rows[data[0] % table.count];
	verdict = sk_interp_arguments(row, words, &script);
	if (verdict == SK_ARGV_MORE || verdict > SK_ARGV_UNPROVABLE || (verdict == SK_ARGV_SCRIPT && !script))
		__builtin_trap();
	/* What stands on its own as code stays code whatever follows. */
	if (row->letters['c' - ' '] == SK_A_CODE && words[0] && words[1] && strcmp(words[1], "-c") == 0 && verdict != SK_ARGV_INLINE)
		__builtin_trap();
	sk_interp_judge(&table, table.items[data[0] % table.count].programs.items[0], words, words, &a);
	return 0;
}
