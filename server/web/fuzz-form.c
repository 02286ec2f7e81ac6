// SPDX-License-Identifier: GPL-3.0-or-later
/* The first byte chooses the grammar: form, multipart (its first line is the content type), JSON, cookie. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "web/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct sk_form *form)
{
	for (size_t i = 0; i < form->count; i++)
		if (!sk_utf8_valid(form->fields[i].name, strlen(form->fields[i].name), NULL) ||
		    !sk_utf8_valid(form->fields[i].value, strlen(form->fields[i].value), NULL))
			__builtin_trap();
	if (form->file_size && !form->file)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_form_ struct sk_form form = {0};
	char *text, *line, out[64];

	if (size < 1)
		return 0;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	line = strchr(text, '\n');
	if (data[0] % 4 == 0) {
		sk_form_parse(text, size - 1, &form);
	} else if (data[0] % 4 == 1 && line) {
		*line = '\0';
		sk_form_parse_multipart(text, line + 1, size - 1 - (size_t)(line + 1 - text), &form);
	} else if (data[0] % 4 == 2) {
		sk_form_parse_json(text, size - 1, &form);
	} else {
		sk_cookie_get(text, "__Host-sekisho", out, sizeof out);
	}
	check(&form);
	sk_form_done(&form);
	free(text);
	return 0;
}
