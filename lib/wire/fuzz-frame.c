// SPDX-License-Identifier: GPL-3.0-or-later
/* Bytes of a stream, cut into frames as each side of each protocol would. */
#include "base/error.h"
#include "wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (unsigned k = 0; k < 2 * SK_PROTO_COUNT; k++) {
		struct sk_diag diag = {0};
		struct sk_frame frame;
		struct sk_cursor c;
		unsigned sum = 0;
		char text[512];

		sk_cursor_init(&c, data, size);
		while (sk_frame_read(&c, k / 2, k & 1 ? SK_SERVER : SK_CLIENT, &frame, &diag) == 0)
			for (uint32_t i = 0; i < frame.size; i++)
				sum += frame.body[i];
		sk_diag_format(&diag, text, sizeof text);
		if (sum == 1 && text[0] == '\1')
			return 1; /* never: keeps the reads */
	}
	return 0;
}
