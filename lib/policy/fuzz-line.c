// SPDX-License-Identifier: GPL-3.0-or-later
/* Message lines: what is taken is written and read again as the same. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "policy/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct sk_buf first = SK_BUF(1 << 16), second = SK_BUF(1 << 16);
	struct sk_line line, again;
	struct sk_diag diag = {0};
	char text[1024];

	if (size >= sizeof text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (sk_line_parse(text, &line, &diag) != 0) {
		if (!diag.text[0] || !diag.column)
			__builtin_trap();
		return 0;
	}
	if (sk_line_write(&line, &first) != 0 || sk_buf_append_char(&first, '\0') != 0)
		__builtin_trap();
	if (strlen(first.data) > SK_LINE_MAX)
		return 0; /* quotes and spaces made it longer than one may be */
	if (sk_line_parse(first.data, &again, &diag) != 0 || sk_line_write(&again, &second) != 0 || sk_buf_append_char(&second, '\0') != 0)
		__builtin_trap();
	if (strcmp(first.data, second.data) != 0)
		__builtin_trap();
	return 0;
}
