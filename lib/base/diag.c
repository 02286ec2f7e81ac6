// SPDX-License-Identifier: GPL-3.0-or-later
/* Filling and printing the place of an error in foreign input. */
#include "base/diag.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"

__attribute__((format(printf, 2, 0))) static void set_text(struct sk_diag *diag, const char *format, va_list args)
{
	vsnprintf(diag->text, sizeof diag->text, format, args);
}

int sk_diag_line(struct sk_diag *diag, uint32_t line, uint32_t column, const char *format, ...)
{
	va_list args;

	if (!diag)
		return SK_BAD;
	diag->line = line;
	diag->column = column;
	diag->has_offset = false;
	va_start(args, format);
	set_text(diag, format, args);
	va_end(args);
	return SK_BAD;
}

int sk_diag_offset(struct sk_diag *diag, uint64_t offset, const char *format, ...)
{
	va_list args;

	if (!diag)
		return SK_BAD;
	diag->line = 0;
	diag->offset = offset;
	diag->has_offset = true;
	va_start(args, format);
	set_text(diag, format, args);
	va_end(args);
	return SK_BAD;
}

int sk_diag_path(struct sk_diag *diag, const char *path, const char *format, ...)
{
	va_list args;

	if (!diag)
		return SK_BAD;
	diag->line = 0;
	diag->has_offset = false;
	snprintf(diag->path, sizeof diag->path, "%s", path ? path : "");
	va_start(args, format);
	set_text(diag, format, args);
	va_end(args);
	return SK_BAD;
}

void sk_diag_source(struct sk_diag *diag, const char *source)
{
	if (diag)
		snprintf(diag->source, sizeof diag->source, "%s", source ? source : "");
}

/* Input is quoted in these sentences: no byte of it may move a terminal's cursor or forge a log line. */
static void make_printable(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++)
		if (*c < 0x20 || *c == 0x7f)
			*c = '?';
}

const char *sk_diag_format(const struct sk_diag *diag, char *out, size_t size)
{
	const char *source = diag->source[0] ? diag->source : "input";
	char place[64] = "";

	if (diag->line)
		snprintf(place, sizeof place, ":%" PRIu32 ":%" PRIu32, diag->line, diag->column);
	else if (diag->has_offset)
		snprintf(place, sizeof place, ": byte %" PRIu64, diag->offset);
	snprintf(out, size, "%s%s%s%s: %s", source, place, diag->path[0] ? ": " : "", diag->path, diag->text);
	make_printable(out);
	return out;
}
