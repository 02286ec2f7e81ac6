// SPDX-License-Identifier: GPL-3.0-or-later
/* What a child of ours says on its output: of the look at a target, and of a scanner. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Until its end. False: it said more than `text` takes, or time (sk_clock_mono_ms()) is up; what it said until then is in `text`. */
bool accept_collect(int fd, uint64_t until_ms, struct sk_buf *text);
