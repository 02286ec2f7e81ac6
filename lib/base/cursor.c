// SPDX-License-Identifier: GPL-3.0-or-later
/* The one place where foreign bytes become integers. */
#include "base/cursor.h"

#include <string.h>

#include "base/error.h"

void sk_cursor_init(struct sk_cursor *c, const void *data, size_t size)
{
	*c = (struct sk_cursor){.data = data, .size = size};
}

size_t sk_cursor_left(const struct sk_cursor *c)
{
	return c->bad ? 0 : c->size - c->at;
}

void sk_cursor_fail(struct sk_cursor *c)
{
	c->bad = true;
}

const uint8_t *sk_get_bytes(struct sk_cursor *c, size_t size)
{
	const uint8_t *p;

	if (c->bad || size > sk_cursor_left(c)) {
		c->bad = true;
		return NULL;
	}
	p = c->data ? c->data + c->at : NULL;
	c->at += size;
	return p;
}

static uint64_t get_be(struct sk_cursor *c, size_t size)
{
	const uint8_t *p = sk_get_bytes(c, size);
	uint64_t v = 0;

	for (size_t i = 0; p && i < size; i++)
		v = v << 8 | p[i];
	return v;
}

static uint64_t get_le(struct sk_cursor *c, size_t size)
{
	const uint8_t *p = sk_get_bytes(c, size);
	uint64_t v = 0;

	for (size_t i = 0; p && i < size; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

uint8_t sk_get_u8(struct sk_cursor *c)
{
	return (uint8_t)get_be(c, 1);
}

uint16_t sk_get_u16(struct sk_cursor *c)
{
	return (uint16_t)get_be(c, 2);
}

uint32_t sk_get_u32(struct sk_cursor *c)
{
	return (uint32_t)get_be(c, 4);
}

uint64_t sk_get_u64(struct sk_cursor *c)
{
	return get_be(c, 8);
}

uint16_t sk_get_u16_le(struct sk_cursor *c)
{
	return (uint16_t)get_le(c, 2);
}

uint32_t sk_get_u32_le(struct sk_cursor *c)
{
	return (uint32_t)get_le(c, 4);
}

bool sk_get_copy(struct sk_cursor *c, void *out, size_t size)
{
	const uint8_t *p = sk_get_bytes(c, size);

	if (!p)
		return false;
	memcpy(out, p, size);
	return true;
}

const uint8_t *sk_get_counted16(struct sk_cursor *c, size_t max, size_t *ret_size)
{
	size_t start = c->at, size = sk_get_u16(c);
	const uint8_t *p;

	if (size > max) {
		c->at = start;
		c->bad = true;
	}
	p = sk_get_bytes(c, size);
	if (p)
		*ret_size = size;
	return p;
}

struct sk_cursor sk_get_window(struct sk_cursor *c, size_t size)
{
	struct sk_cursor inner = {0};
	const uint8_t *p = sk_get_bytes(c, size);

	if (p)
		sk_cursor_init(&inner, p, size);
	else
		inner.bad = true;
	return inner;
}

int sk_cursor_end(const struct sk_cursor *c, const char *what, struct sk_diag *diag)
{
	if (c->bad)
		return sk_diag_offset(diag, c->at, "%s is cut short or has a value out of range here", what);
	if (c->at != c->size)
		return sk_diag_offset(diag, c->at, "%s has %zu bytes too many", what, c->size - c->at);
	return 0;
}

void sk_writer_init(struct sk_writer *w, void *data, size_t size)
{
	*w = (struct sk_writer){.data = data, .size = size};
}

void sk_put_bytes(struct sk_writer *w, const void *data, size_t size)
{
	if (w->bad || size > w->size - w->at) {
		w->bad = true;
		return;
	}
	if (size)
		memcpy(w->data + w->at, data, size);
	w->at += size;
}

static void put_be(struct sk_writer *w, uint64_t v, size_t size)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(v >> (8 * (size - 1 - i)));
	sk_put_bytes(w, bytes, size);
}

void sk_put_u8(struct sk_writer *w, uint8_t v)
{
	put_be(w, v, 1);
}

void sk_put_u16(struct sk_writer *w, uint16_t v)
{
	put_be(w, v, 2);
}

void sk_put_u32(struct sk_writer *w, uint32_t v)
{
	put_be(w, v, 4);
}

void sk_put_u64(struct sk_writer *w, uint64_t v)
{
	put_be(w, v, 8);
}

void sk_put_counted16(struct sk_writer *w, const void *data, size_t size)
{
	if (size > UINT16_MAX) {
		w->bad = true;
		return;
	}
	sk_put_u16(w, (uint16_t)size);
	sk_put_bytes(w, data, size);
}
