// SPDX-License-Identifier: GPL-3.0-or-later
/* Files of interpreters: refused with a sentence, or a row that judges anything. */
#include <stddef.h>
#include <stdint.h>

#include "interp/interp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const argv[] = {"x", "-abc", "--name=value", "+x", "-", "--", "/a", "-", NULL};
	struct sk_interp in;
	struct sk_row row;
	struct sk_diag diag = {0};

	if (sk_interp_parse((const char *)data, size, &in, &row, &diag) != 0) {
		if (!diag.text[0])
			__builtin_trap();
		return 0;
	}
	if (sk_interp_arguments(&row, argv, NULL) == SK_ARGV_MORE)
		__builtin_trap();
	sk_interp_done(&in);
	return 0;
}
