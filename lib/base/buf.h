// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A growing byte buffer that cannot be made without a maximum. Always followed by a zero byte that is not
 * counted, so that `data` is a C string when the content has no zero byte. Owns its memory; not thread-safe.
 *
 * Appending returns 0, SK_FULL (the maximum would be passed; the buffer is unchanged) or -ENOMEM (unchanged
 * as well).
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct sk_buf {
	char *data; /* NULL until the first byte */
	size_t size;
	size_t space;
	size_t max;
};

#define SK_BUF(maximum) ((struct sk_buf){.max = (maximum)})
#define _cleanup_buf_ __attribute__((cleanup(sk_buf_done)))

void sk_buf_done(struct sk_buf *buf); /* frees; the buffer is empty and usable again */
void sk_buf_clear(struct sk_buf *buf); /* keeps the memory */
int sk_buf_append(struct sk_buf *buf, const void *data, size_t size);
int sk_buf_append_str(struct sk_buf *buf, const char *text);
int sk_buf_append_char(struct sk_buf *buf, char c);
int sk_buf_printf(struct sk_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
int sk_buf_vprintf(struct sk_buf *buf, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
/* `size` writable bytes behind the content (*ret_space); call sk_buf_grown() with how many were used. */
int sk_buf_reserve(struct sk_buf *buf, size_t size, char **ret_space);
void sk_buf_grown(struct sk_buf *buf, size_t size);
/* Drops `size` bytes from the front. */
void sk_buf_drop(struct sk_buf *buf, size_t size);
/* The same from the end. */
void sk_buf_drop_end(struct sk_buf *buf, size_t size);
/*
 * The content as a string the caller frees; the buffer is empty afterwards. "" when nothing was appended;
 * NULL when memory is out.
 */
char *sk_buf_take(struct sk_buf *buf);
