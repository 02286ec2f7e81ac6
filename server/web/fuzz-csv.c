// SPDX-License-Identifier: GPL-3.0-or-later
/* The reader of CSV files under arbitrary bytes: it ends, and never gives out more than it took in. */
#include "web/csv.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_csv_ struct sk_csv csv;
	struct sk_diag diag = {0};
	size_t bytes = 0;

	if (sk_csv_open((const char *)data, size, &csv, &diag))
		return 0;
	while (sk_csv_row(&csv, &diag) == 0)
		for (size_t i = 0; i < csv.count; i++)
			bytes += strlen(csv.cells[i]);
	if (bytes > 3 * size + 3)
		__builtin_trap();
	return 0;
}
