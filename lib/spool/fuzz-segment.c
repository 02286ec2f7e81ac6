// SPDX-License-Identifier: GPL-3.0-or-later
/* Any bytes as a segment and as a state file: nothing is read past the end, and what is found is within bounds. */
#include <stdlib.h>

#include "base/error.h"
#include "spool/segment.h"
#include "spool/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk_records(const uint8_t *data, size_t size)
{
	struct record r;
	uint64_t expect = 1;

	for (size_t at = 0; sk_record_find(data, size, at, expect, &at, &r) == 0; at += r.whole) {
		if (r.seq < expect || r.whole > size - at || r.size > SK_EVENT_MAX)
			abort();
		if (r.seq == UINT64_MAX)
			break;
		expect = r.seq + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct segment_header header;
	struct sk_diag diag = {0};
	struct state state;

	if (sk_segment_header_read(data, size, &header, &diag) == 0 && header.priority >= SK_PRIORITIES)
		abort();
	walk_records(data, size);
	if (sk_state_choose(data, size, &state, &diag) == 0 && state.tombstone_count > TOMBSTONES)
		abort();
	return 0;
}
