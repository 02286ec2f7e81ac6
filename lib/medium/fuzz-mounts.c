// SPDX-License-Identifier: GPL-3.0-or-later
/* A line of mountinfo with names that somebody else chose. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "medium/mounts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_mount_entry mount;

	if (sk_mount_read((const char *)data, size, &mount) != 0)
		return 0;
	if (!memchr(mount.point, 0, sizeof mount.point) || !memchr(mount.source, 0, sizeof mount.source) || !memchr(mount.type, 0, sizeof mount.type))
		abort();
	return 0;
}
