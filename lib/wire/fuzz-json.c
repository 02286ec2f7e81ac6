// SPDX-License-Identifier: GPL-3.0-or-later
/* What is accepted has a canonical form, and that form is accepted and is its own canonical form. */
#include <stdlib.h>
#include <string.h>

#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(8 << 20), again = SK_BUF(8 << 20);
	_cleanup_json_ struct json_object *value = NULL, *back = NULL;
	struct sk_diag diag = {0};

	if (sk_json_parse(data, size, 1 << 20, &value, &diag))
		return 0;
	if (sk_json_canonical(value, &text) || sk_json_parse(text.data, text.size, text.size, &back, &diag))
		abort();
	if (sk_json_check_canonical(back, text.data, text.size, &diag))
		abort();
	if (sk_json_canonical(back, &again) || again.size != text.size || memcmp(again.data, text.data, text.size) != 0)
		abort();
	return 0;
}
