// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Lines of a direction, wherever the bytes were cut. A line ends with LF, and a CR before it does not belong to it. Of a longer one than LINE_KEPT the first bytes are
 * kept and it is told as torn. Bounded by itself; owns nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINE_KEPT = 2048 };

struct line {
	char text[LINE_KEPT];
	size_t size;     /* of `text` */
	uint64_t bytes;  /* of the line so far, its end included */
	bool torn;       /* longer than `text`, or bytes of it were lost */
	bool lost;       /* nothing is told until one has ended */
};

/* Takes bytes up to a line's end, or all. True: a line is whole, in `text` without its end; the next call begins another. `*ret_used` bytes were taken. */
bool line_take(struct line *line, const uint8_t *data, size_t size, size_t *ret_used);
void line_lose(struct line *line);
/* Before another line than that which line_take() has told. */
void line_reset(struct line *line);
