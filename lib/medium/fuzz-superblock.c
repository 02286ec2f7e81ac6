// SPDX-License-Identifier: GPL-3.0-or-later
/* The first bytes of any medium: never past their end, and the texts are always ended and printable. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "medium/superblock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Most of a window is zeros: an input is pieces {u24 offset, u8 length, bytes}. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t window[SK_SUPERBLOCK_WINDOW];
	struct sk_superblock found;
	size_t reach = 0;

	memset(window, 0, sizeof window);
	while (size > 4) {
		size_t at = ((size_t)data[0] << 16 | (size_t)data[1] << 8 | data[2]) % sizeof window, n = data[3];

		data += 4;
		size -= 4;
		n = n < size ? n : size;
		n = n < sizeof window - at ? n : sizeof window - at;
		memcpy(window + at, data, n);
		reach = at + n > reach ? at + n : reach;
		data += n;
		size -= n;
	}
	if (sk_superblock_read(window, reach, &found) != 0)
		return 0;
	if (!memchr(found.type, 0, sizeof found.type) || !memchr(found.uuid, 0, sizeof found.uuid))
		abort();
	for (const char *c = found.uuid; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			abort();
	return 0;
}
