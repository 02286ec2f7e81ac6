// SPDX-License-Identifier: GPL-3.0-or-later
/* Reading capture files, pcap and pcapng: it ends, time and sizes keep to their bounds, and each frame can be written to. */
#include <stdint.h>
#include <string.h>

#include "flow/capture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gw_capture *capture;
	struct sk_diag diag = {0};
	uint8_t *frame;
	uint32_t length;
	uint64_t time;
	size_t frames = 0;

	if (gw_capture_new(data, size, &capture, &diag) != 0)
		return 0;
	while (gw_capture_next(capture, &frame, &length, &time, &diag) == 0) {
		if (length > GW_CAPTURE_FRAME_MAX || frames++ > size)
			__builtin_trap();
		memset(frame, 0, length);
	}
	gw_capture_free(capture);
	return 0;
}
