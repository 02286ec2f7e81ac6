// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Bodies of messages as the text engineers write (SML): `<L <A START> <L <L <A LOT> <U4 7>>>>`. Text with blanks stands in double quotes, bytes are numbers
 * (0x1f or 31). For the simulator's scripts and its output.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/diag.h"

/* Appends the bytes of one item. 0, SK_BAD, SK_FULL or -ENOMEM. */
int sml_read(const char *text, struct sk_buf *out, struct sk_diag *diag);
/* One line; of a long leaf the beginning and its length. What cannot be read ends with "...". */
int sml_write(const uint8_t *body, size_t size, struct sk_buf *out);
