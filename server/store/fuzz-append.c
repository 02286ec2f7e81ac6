// SPDX-License-Identifier: GPL-3.0-or-later
/* The body of APPEND: whatever the reader accepts, the writer writes so that the reader reads the same. */
#include <stdlib.h>
#include <string.h>

#include "store/append.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct sk_buf out = SK_BUF(4 << 20);
	struct sk_append a, b;
	struct sk_diag diag = {0};
	const uint8_t *block;

	if (sk_append_unpack(data, size, &a, &diag))
		return 0;
	block = a.batch.packed - SK_BATCH_HEADER;
	if (sk_append_pack(&a, block, (size_t)(data + size - block), &out) || sk_append_unpack(out.data, out.size, &b, &diag))
		abort();
	if (strcmp(a.agent, b.agent) != 0 || a.summary.tally_count != b.summary.tally_count || a.summary.filter_size != b.summary.filter_size ||
	    a.batch.first_seq != b.batch.first_seq || out.size != size)
		abort();
	sk_append_done(&a);
	sk_append_done(&b);
	return 0;
}
