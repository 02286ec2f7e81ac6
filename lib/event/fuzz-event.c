// SPDX-License-Identifier: GPL-3.0-or-later
/* Any bytes as an event: the scan and the full check agree that it is JSON, and what is completed can be scanned again. */
#include <stdlib.h>

#include "base/error.h"
#include "event/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sk_event_place place = {.agent = "a", .hostname = "h", .org = "o", .site = "s", .epoch = 1, .seq = 1};
	_cleanup_buf_ struct sk_buf full = SK_BUF(2 * SK_EVENT_MAX);
	struct sk_event_columns columns;
	struct sk_diag diag = {0};
	char plain[512];

	if (sk_event_scan((const char *)data, size, &columns, &diag)) {
		if (sk_event_validate((const char *)data, size, &diag) == 0)
			abort();
		return 0;
	}
	for (size_t i = 0; i < columns.path_count; i++)
		sk_pull_plain(&columns.paths[i], plain, sizeof plain, NULL);
	sk_event_validate((const char *)data, size, &diag);
	if (sk_event_complete((const char *)data, size, &place, &full, &diag) == 0 && full.size <= SK_EVENT_MAX &&
	    sk_event_scan(full.data, full.size, &columns, &diag))
		abort();
	return 0;
}
