// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Reading elements of the Basic Encoding Rules out of a cursor, and the size that one will have.
 */
#include "proto/ber/ber.h"

#include <stdio.h>

int64_t ber_size(const uint8_t *head, size_t have)
{
	uint64_t length = 0;
	unsigned more;

	if (have < 2)
		return -2;
	if ((head[0] & 0x1f) == 0x1f)
		return 0;
	if (head[1] < 0x80)
		return 2 + head[1];
	more = head[1] & 0x7f;
	if (more == 0 || more > 4)
		return 0;
	if (have < 2 + (size_t)more)
		return -(int64_t)(2 + more);
	for (unsigned i = 0; i < more; i++)
		length = length << 8 | head[2 + i];
	return (int64_t)(2 + more + length);
}

bool ber_next(struct sk_cursor *c, uint8_t *ret_tag, struct sk_cursor *ret_content)
{
	const uint8_t *head = c->data + c->at;
	size_t left = sk_cursor_left(c);
	int64_t size;

	if (c->bad || left == 0)
		return false;
	size = ber_size(head, left);
	if (size <= 0 || (uint64_t)size > left) {
		sk_cursor_fail(c);
		return false;
	}
	*ret_tag = sk_get_u8(c);
	sk_get_bytes(c, head[1] < 0x80 ? 1 : 1 + (head[1] & 0x7f));
	*ret_content = sk_get_window(c, (size_t)size - (size_t)(c->data + c->at - head));
	return !c->bad;
}

struct sk_cursor ber_take(struct sk_cursor *c, uint8_t tag)
{
	struct sk_cursor content;
	uint8_t found;

	sk_cursor_init(&content, c->data, 0);
	if (!ber_next(c, &found, &content) || found != tag) {
		sk_cursor_fail(c);
		sk_cursor_fail(&content);
	}
	return content;
}

uint64_t ber_number(struct sk_cursor *c, uint8_t tag)
{
	struct sk_cursor content = ber_take(c, tag);
	size_t size = sk_cursor_left(&content);
	uint64_t value;

	if (content.bad || size == 0 || size > 9 || (size == 9 && content.data[content.at])) {
		sk_cursor_fail(c);
		return 0;
	}
	value = content.data[content.at] & 0x80 ? UINT64_MAX : 0;
	while (size--)
		value = value << 8 | sk_get_u8(&content);
	return value;
}

/* One arc: seven bits a byte, the last without the eighth. */
static bool next_arc(struct sk_cursor *c, uint64_t *ret_arc)
{
	uint64_t arc = 0;
	uint8_t byte;

	do {
		byte = sk_get_u8(c);
		if (c->bad || arc >> 57)
			return false;
		arc = arc << 7 | (byte & 0x7f);
	} while (byte & 0x80);
	*ret_arc = arc;
	return true;
}

size_t ber_oid_text(struct sk_cursor content, char *out, size_t room)
{
	size_t size = 0;
	uint64_t arc;

	while (sk_cursor_left(&content)) {
		uint64_t top;
		int n;

		if (!next_arc(&content, &arc))
			return 0;
		top = arc < 40 ? 0 : arc < 80 ? 1 : 2;
		n = size ? snprintf(out + size, room - size, ".%llu", (unsigned long long)arc)
			 : snprintf(out, room, "%llu.%llu", (unsigned long long)top, (unsigned long long)(arc - 40 * top));
		if (n < 0 || (size_t)n >= room - size)
			return 0;
		size += (size_t)n;
	}
	return size;
}
