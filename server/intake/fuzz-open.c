// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A batch as an agent might send it. The first byte says how the rest is taken: as the body of BATCH itself, or as the text inside one, so that what lies
 * behind the decompression is reached too. What is accepted must come out of APPEND's reader as it went in.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "intake/open.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void try_body(const void *body, size_t size)
{
	static const struct sk_origin_of from = {"agent", "host", "org", "site", 7, 1790000000000};
	_cleanup_buf_ struct sk_buf space = SK_BUF(SK_BATCH_MAX_RAW + 1), out = SK_BUF(SK_APPEND_HEAD_MAX + SK_BATCH_MAX_PACKED + 4096);
	struct sk_append again;
	struct sk_batch batch;
	struct sk_diag diag = {0};
	int r = sk_open_batch(&from, body, size, &space, &out, &batch, &diag);

	must(r == 0 || (r == SK_BAD && diag.text[0]));
	if (r)
		return;
	must(sk_append_unpack(out.data, out.size, &again, &diag) == 0);
	must(strcmp(again.agent, "agent") == 0 && again.batch.count == batch.count && again.batch.first_seq == batch.first_seq);
	must(again.summary.time_min <= again.summary.time_max && again.summary.time_max <= from.received);
	sk_append_done(&again);
}

static void try_text(const uint8_t *text, size_t size)
{
	_cleanup_buf_ struct sk_buf body = SK_BUF(SK_BATCH_MAX_PACKED + SK_BATCH_HEADER);
	struct sk_diag diag = {0};
	uint32_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += text[i] == '\n';
	if (sk_batch_pack(7, 1, 1, count, text, size, &body, &diag) == 0)
		try_body(body.data, body.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] & 1)
		try_text(data + 1, size - 1);
	else
		try_body(data + 1, size - 1);
	return 0;
}
