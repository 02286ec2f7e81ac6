// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Cutting lines: the bytes of one are gathered until its end comes.
 */
#include "proto/line/line.h"

#include <string.h>

#include "base/mem.h"

void line_reset(struct line *line)
{
	line->size = 0;
	line->bytes = 0;
	line->torn = false;
}

void line_lose(struct line *line)
{
	line_reset(line);
	line->lost = true;
}

static void keep(struct line *line, const uint8_t *data, size_t size)
{
	size_t part = SK_MIN(size, LINE_KEPT - line->size);

	memcpy(line->text + line->size, data, part);
	line->size += part;
	line->torn |= part < size;
	line->bytes += size;
}

bool line_take(struct line *line, const uint8_t *data, size_t size, size_t *ret_used)
{
	const uint8_t *end = memchr(data, '\n', size);
	size_t part = end ? (size_t)(end - data) : size;

	*ret_used = end ? part + 1 : size;
	keep(line, data, part);
	if (!end)
		return false;
	line->bytes++;
	if (line->lost) {
		line_reset(line);
		line->lost = false;
		return false;
	}
	if (line->size && !line->torn && line->text[line->size - 1] == '\r')
		line->size--;
	return true;
}
