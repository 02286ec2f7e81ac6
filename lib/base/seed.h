// SPDX-License-Identifier: GPL-3.0-or-later
/* Bytes nobody can guess, from the kernel: by getrandom(2), and from /dev/urandom on kernels before 3.17. */
#pragma once

#include <stddef.h>

/* Fills all of it. 0 or -errno. At most 256 bytes. */
int sk_seed(void *out, size_t size);
