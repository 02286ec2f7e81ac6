// SPDX-License-Identifier: GPL-3.0-or-later
/* Bodies of BATCH, ACK, APPEND and EVENT; what is accepted is also decompressed and written back. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "wire/batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_batch(const struct sk_batch *batch, const uint8_t *body, size_t size)
{
	_cleanup_buf_ struct sk_buf raw = SK_BUF(SK_BATCH_MAX_RAW);
	uint8_t *again = sk_malloc(size);
	struct sk_writer w;

	sk_writer_init(&w, again, size);
	sk_batch_write(&w, batch);
	if (w.bad || w.at != size || memcmp(again, body, size) != 0)
		abort(); /* what was read is what would be written */
	free(again);
	if (sk_batch_unpack(batch, &raw, NULL) == 0 && raw.size != batch->raw_size)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char agent[SK_AGENT_ID_MAX + 1];
	struct sk_diag diag = {0};
	struct sk_batch batch;
	struct sk_ack ack;
	const char *text;
	uint8_t priority;
	size_t n;

	if (sk_batch_read(data, size, &batch, &diag) == 0)
		check_batch(&batch, data, size);
	sk_ack_read(data, size, &ack, &diag);
	if (sk_append_read(data, size, agent, &batch, &diag) == 0)
		check_batch(&batch, data + 2 + strlen(agent), size - 2 - strlen(agent));
	if (sk_event_read(data, size, &priority, &text, &n, &diag) == 0 && n != size - 1)
		abort();
	return 0;
}
