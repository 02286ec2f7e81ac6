// SPDX-License-Identifier: GPL-3.0-or-later
/* The two ways to the kernel's random bytes. Keeps no state. */
#include "base/seed.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

int sk_seed(void *out, size_t size)
{
	_cleanup_close_ int fd = -1;

	if (getrandom(out, size, 0) == (ssize_t)size)
		return 0;
	if (errno != ENOSYS)
		return sk_origin_errno();
	fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, out, size) != (ssize_t)size)
		return sk_origin(-EIO);
	return 0;
}
