// SPDX-License-Identifier: GPL-3.0-or-later
/* Where a fatal error is born: the one place that logs it. */
#include "base/error.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"

int sk_origin_at(int error, const char *file, int line, const char *function)
{
	char text[128];

	if (error >= 0)
		error = -EIO; /* a caller lost its errno: still fatal, never success */
	sk_log(SK_LOG_ERROR, "%s:%d %s: %s", file, line, function, strerror_r(-error, text, sizeof text));
	return error;
}
