// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Bounded cursors over bytes somebody else wrote (read) and over a fixed space of our own (write).
 *
 * A cursor goes bad once and stays bad: a reader reads a whole message without testing each step and asks at
 * the end. A read from a bad cursor gives zero. Integers are big-endian unless the name ends in _le. A cursor
 * owns nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"

struct sk_cursor {
	const uint8_t *data;
	size_t size;
	size_t at;      /* offset of the next byte; on failure, of the first byte that was missing or wrong */
	bool bad;
};

void sk_cursor_init(struct sk_cursor *c, const void *data, size_t size);
size_t sk_cursor_left(const struct sk_cursor *c);

uint8_t sk_get_u8(struct sk_cursor *c);
uint16_t sk_get_u16(struct sk_cursor *c);
uint32_t sk_get_u32(struct sk_cursor *c);
uint64_t sk_get_u64(struct sk_cursor *c);
uint16_t sk_get_u16_le(struct sk_cursor *c);
uint32_t sk_get_u32_le(struct sk_cursor *c);
/* `size` bytes inside the cursor's own data; NULL when there are fewer. */
const uint8_t *sk_get_bytes(struct sk_cursor *c, size_t size);
bool sk_get_copy(struct sk_cursor *c, void *out, size_t size);
/* A u16 length and that many bytes, at most `max`; sets *ret_size. */
const uint8_t *sk_get_counted16(struct sk_cursor *c, size_t max, size_t *ret_size);
/* A window of `size` bytes as a cursor of its own; the outer one moves past it. */
struct sk_cursor sk_get_window(struct sk_cursor *c, size_t size);
/* Marks the cursor bad at its present place: the reader found a value it cannot accept. */
void sk_cursor_fail(struct sk_cursor *c);
/*
 * 0 when every byte was read and none was missing; SK_BAD with "`what` is cut short" or "`what` has N bytes
 * too many" and the offset otherwise.
 */
int sk_cursor_end(const struct sk_cursor *c, const char *what, struct sk_diag *diag);

struct sk_writer {
	uint8_t *data;
	size_t size;
	size_t at;
	bool bad; /* something did not fit; nothing was written past the end */
};

void sk_writer_init(struct sk_writer *w, void *data, size_t size);
void sk_put_u8(struct sk_writer *w, uint8_t v);
void sk_put_u16(struct sk_writer *w, uint16_t v);
void sk_put_u32(struct sk_writer *w, uint32_t v);
void sk_put_u64(struct sk_writer *w, uint64_t v);
void sk_put_bytes(struct sk_writer *w, const void *data, size_t size);
/* u16 length, bytes; bad when size > 65535. */
void sk_put_counted16(struct sk_writer *w, const void *data, size_t size);
