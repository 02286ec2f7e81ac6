// SPDX-License-Identifier: GPL-3.0-or-later
/* The os-release of a target that somebody made: texts stay in their space, and days come out of dates alone. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "accept/osrelease.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct accept_os os;
	int64_t days = 0;

	if (accept_os_read((const char *)data, size, &os) != 0)
		return 0;
	if (!memchr(os.id, 0, sizeof os.id) || !memchr(os.version, 0, sizeof os.version) || !memchr(os.name, 0, sizeof os.name) ||
	    !memchr(os.support_end, 0, sizeof os.support_end))
		abort();
	if (accept_os_days(&os, 1800000000, &days) == 0 && (strlen(os.support_end) != 10 || days < -2000000 || days > 4000000))
		abort();
	return 0;
}
