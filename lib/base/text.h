// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Text as foreign input: hexadecimal, base64 (RFC 4648 section 4, strict), decimal numbers, UTF-8 (RFC 3629).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lower-case, terminated; `out` has 2 * size + 1 bytes. Returns `out`. */
char *sk_hex(const void *data, size_t size, char *out);
/* Exactly 2 * size hex digits of either case and the end of the text. 0 or SK_BAD. */
int sk_unhex(const char *text, void *out, size_t size);

/* Bytes of base64 for `size` bytes, without the terminator. */
size_t sk_base64_size(size_t size);
/* `out` has sk_base64_size(size) + 1 bytes. Returns `out`. */
char *sk_base64(const void *data, size_t size, char *out);
/*
 * Strict: padding required, no white space, unused bits zero. 0 or SK_BAD (also when the result is over
 * `space`).
 */
int sk_unbase64(const char *text, size_t length, void *out, size_t space, size_t *ret_size);

/* Digits alone, no sign, no space, at most `max`. 0 or SK_BAD. */
int sk_parse_u64(const char *text, uint64_t max, uint64_t *ret_value);
/* "512", "64K", "10M", "2G" (powers of 1024). 0 or SK_BAD. */
int sk_parse_size(const char *text, uint64_t *ret_bytes);
/* "250ms", "30s", "5m", "12h", "7d", in milliseconds. 0 or SK_BAD. */
int sk_parse_duration(const char *text, uint64_t *ret_ms);

/*
 * True when the bytes are well-formed UTF-8 (no overlong form, no surrogate, at most U+10FFFF). *ret_at, when
 * given, is the first bad byte.
 */
bool sk_utf8_valid(const void *data, size_t size, size_t *ret_at);
