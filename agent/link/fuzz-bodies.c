// SPDX-License-Identifier: GPL-3.0-or-later
/* Any bytes as each of the JSON bodies that the agent's link reads: what is accepted is within bounds. */
#include <stdlib.h>

#include "link/bodies.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct body_welcome welcome;
	struct body_error error;
	struct body_refused refused;
	struct body_read read;
	struct sk_diag diag = {0};

	if (body_read_read(data, size, &read, &diag) == 0 && read.priority >= SK_PRIORITIES)
		abort();
	if (body_refused_read(data, size, &refused, &diag) == 0 && (refused.priority >= SK_PRIORITIES || refused.first > refused.last || !refused.first))
		abort();
	if (body_welcome_read(data, size, &welcome, &diag) == 0)
		for (size_t i = 0; i < welcome.ack_count; i++)
			if (welcome.ack_count > WELCOME_ACKS_MAX || welcome.acks[i].priority >= SK_PRIORITIES)
				abort();
	body_error_read(data, size, &error, &diag);
	return 0;
}
