// SPDX-License-Identifier: GPL-3.0-or-later
/* Any exit code and any output of the scanner: clean only when both say so. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "accept/clamav.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct accept_clam clam;
	int code;

	if (!size)
		return 0;
	code = data[0] % 5 - 1;
	if (accept_clam_read(code, (const char *)data + 1, size - 1, &clam) == 0 && clam.scan == ACCEPT_CLEAN && (code != 0 || clam.infected || clam.hit_count))
		abort();
	accept_clam_done(&clam);
	return 0;
}
