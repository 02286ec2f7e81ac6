// SPDX-License-Identifier: GPL-3.0-or-later
/* Reads a child's output to its end, within bounds of size and time. */
#include "accept/child.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/clock.h"

enum { PIECE = 1 << 18, ROUND_MS = 60000 };

bool accept_collect(int fd, uint64_t until_ms, struct sk_buf *text)
{
	for (;;) {
		struct pollfd poller = {.fd = fd, .events = POLLIN};
		uint64_t now = sk_clock_mono_ms();
		char *space;
		ssize_t n;

		if (now >= until_ms || (poll(&poller, 1, (int)SK_MIN(until_ms - now, (uint64_t)ROUND_MS)) < 0 && errno != EINTR))
			return false;
		if (!poller.revents)
			continue;
		if (sk_buf_reserve(text, PIECE, &space) != 0)
			return false;
		n = read(fd, space, PIECE);
		if (n <= 0)
			return n == 0;
		sk_buf_grown(text, (size_t)n);
	}
}
