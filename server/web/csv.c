// SPDX-License-Identifier: GPL-3.0-or-later
/* Reading CSV in place: a cell is unquoted where it stands. See csv.h; fuzzed by fuzz-csv.c. */
#include "web/csv.h"

#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

static iconv_t cp932 = (iconv_t)-1; /* one a process; conversion keeps no state between calls once reset */

int sk_csv_prepare(void)
{
	if (cp932 == (iconv_t)-1)
		cp932 = iconv_open("UTF-8", "CP932");
	return cp932 == (iconv_t)-1 ? sk_origin_errno() : 0;
}

static int convert(const char *data, size_t size, struct sk_csv *csv, struct sk_diag *diag)
{
	char *from = (char *)data, *to;
	size_t left = size, space = 3 * size;
	int r = sk_csv_prepare();

	if (r)
		return r;
	to = csv->text = sk_malloc(space + 1);
	if (!csv->text)
		return sk_origin(-ENOMEM);
	iconv(cp932, NULL, NULL, NULL, NULL);
	if (iconv(cp932, &from, &left, &to, &space) == (size_t)-1)
		return sk_diag_offset(diag, size - left, "neither UTF-8 nor Shift_JIS");
	csv->end = to;
	csv->encoding = "Shift_JIS";
	return 0;
}

static int copy(const char *data, size_t size, struct sk_csv *csv)
{
	bool mark = size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0;

	csv->text = sk_malloc(size + 1);
	if (!csv->text)
		return sk_origin(-ENOMEM);
	memcpy(csv->text, data + 3 * mark, size - 3 * (size_t)mark);
	csv->end = csv->text + size - 3 * mark;
	csv->encoding = "UTF-8";
	return 0;
}

static char guess_separator(const char *text, const char *end)
{
	static const char candidates[] = ",;\t";
	size_t best = 0;
	char separator = ',';

	for (const char *s = candidates; *s; s++) {
		size_t n = 0;

		for (const char *c = text; c < end && *c != '\n' && *c != '\r'; c++)
			n += *c == *s;
		if (n > best) {
			best = n;
			separator = *s;
		}
	}
	return separator;
}

int sk_csv_open(const char *data, size_t size, struct sk_csv *csv, struct sk_diag *diag)
{
	const char *zero = memchr(data, '\0', size);
	int r;

	memset(csv, 0, sizeof *csv);
	if (size > SK_CSV_SIZE_MAX)
		return sk_diag_offset(diag, SK_CSV_SIZE_MAX, "over %d MiB", SK_CSV_SIZE_MAX >> 20);
	if (zero)
		return sk_diag_offset(diag, (uint64_t)(zero - data), "a zero byte: not a text file");
	r = sk_utf8_valid(data, size, NULL) ? copy(data, size, csv) : convert(data, size, csv, diag);
	if (r) {
		sk_csv_done(csv);
		return r;
	}
	*csv->end = '\0';
	csv->at = csv->text;
	csv->next_line = 1;
	csv->separator = guess_separator(csv->text, csv->end);
	return 0;
}

void sk_csv_done(struct sk_csv *csv)
{
	free(csv->text);
	memset(csv, 0, sizeof *csv);
}

/* A cell in quotes, unquoted in place; csv->at ends behind the closing quote. */
static int quoted(struct sk_csv *csv, char **ret_end, struct sk_diag *diag)
{
	char *to = csv->at, *from = csv->at + 1;
	unsigned line = csv->next_line;

	for (; from < csv->end; from++) {
		if (*from == '\n')
			csv->next_line++;
		if (*from == '"') {
			if (from[1] != '"')
				break;
			from++;
		}
		*to++ = *from;
	}
	if (from >= csv->end)
		return sk_diag_line(diag, line, (uint32_t)csv->count + 1, "a quote is never closed");
	csv->at = from + 1;
	*ret_end = to;
	return 0;
}

static bool ends_cell(const struct sk_csv *csv, const char *at)
{
	return at >= csv->end || *at == csv->separator || *at == '\n' || *at == '\r';
}

static int read_cell(struct sk_csv *csv, struct sk_diag *diag)
{
	char *start = csv->at, *end = start;
	int r = 0;

	if (csv->count == SK_CSV_CELLS_MAX)
		return sk_diag_line(diag, csv->line, SK_CSV_CELLS_MAX + 1, "more than %d columns", SK_CSV_CELLS_MAX);
	if (csv->at < csv->end && *csv->at == '"') {
		r = quoted(csv, &end, diag);
		if (!r && !ends_cell(csv, csv->at))
			r = sk_diag_line(diag, csv->next_line, (uint32_t)csv->count + 1, "text behind a closing quote");
	} else {
		while (!ends_cell(csv, csv->at))
			csv->at++;
		end = csv->at;
	}
	if (r)
		return r;
	if (end - start > SK_CSV_CELL_MAX)
		return sk_diag_line(diag, csv->line, (uint32_t)csv->count + 1, "a cell over %d bytes", SK_CSV_CELL_MAX);
	csv->cells[csv->count++] = start;
	/* The cell's end is where the separator stands (or the text before it): remember what stood there, then terminate. */
	if (csv->at < csv->end && *csv->at == csv->separator) {
		*end = '\0';
		csv->at++;
		return 0;
	}
	if (csv->at < csv->end && *csv->at == '\r')
		csv->at++;
	if (csv->at < csv->end && *csv->at == '\n')
		csv->at++;
	csv->next_line++;
	*end = '\0';
	return SK_END;
}

static bool empty(const struct sk_csv *csv)
{
	for (size_t i = 0; i < csv->count; i++)
		if (csv->cells[i][strspn(csv->cells[i], " \t")])
			return false;
	return true;
}

int sk_csv_row(struct sk_csv *csv, struct sk_diag *diag)
{
	while (csv->at < csv->end) {
		int r;

		csv->line = csv->next_line;
		csv->count = 0;
		do
			r = read_cell(csv, diag);
		while (!r);
		if (r != SK_END)
			return r;
		if (!empty(csv))
			return 0;
	}
	return SK_END;
}
