// SPDX-License-Identifier: GPL-3.0-or-later
/* Lines: cut anywhere, too long, after a loss. */
#include "proto/line/line.h"
#include "support/harness.h"

#include <stdio.h>
#include <string.h>

static void tell(char *out, struct line *line, const char *bytes, size_t size, size_t piece)
{
	for (size_t at = 0; at < size;) {
		size_t used;

		if (line_take(line, (const uint8_t *)bytes + at, at + piece < size ? piece : size - at, &used)) {
			snprintf(out + strlen(out), 200 - strlen(out), "%.*s/%d%s|", (int)(line->size < 20 ? line->size : 20), line->text, (int)line->bytes, line->torn ? "!" : "");
			line_reset(line);
		}
		at += used;
	}
}

static void test_lines(void **state)
{
	static const char bytes[] = "USER a\r\n\r\n\nPASS b\nno end";

	for (size_t piece = 1; piece < sizeof bytes; piece++) {
		struct line line = {.size = 0};
		char out[200] = "";

		tell(out, &line, bytes, sizeof bytes - 1, piece);
		assert_string_equal(out, "USER a/8|/2|/1|PASS b/7|");
	}
}

static void test_long(void **state)
{
	static char bytes[3 * LINE_KEPT];
	struct line line = {.size = 0};
	char out[200] = "";

	memset(bytes, 'x', sizeof bytes);
	memcpy(bytes + sizeof bytes - 6, "\nNOOP\n", 6);
	tell(out, &line, bytes, sizeof bytes, 100);
	assert_string_equal(out, "xxxxxxxxxxxxxxxxxxxx/6139!|NOOP/5|");
}

static void test_lost(void **state)
{
	struct line line = {.size = 0};
	char out[200] = "";

	line_lose(&line);
	tell(out, &line, "half\nwhole\n", 11, 3);
	assert_string_equal(out, "whole/6|");
}

SK_TEST_MAIN(cmocka_unit_test(test_lines), cmocka_unit_test(test_long), cmocka_unit_test(test_lost))
