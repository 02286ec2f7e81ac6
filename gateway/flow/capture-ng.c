// SPDX-License-Identifier: GPL-3.0-or-later
/* Writing pcapng ("draft-ietf-opsawg-pcapng") into memory: one section, a few interfaces, packets that may be cut. In this machine's byte order, as the format has it. */
#include <string.h>

#include "base/mem.h"
#include "flow/capture.h"

enum { SECTION = 0x0a0d0d0a, INTERFACE = 1, PACKET = 6, OPTION_NAME = 2, OPTION_RESOLUTION = 9, ETHERNET = 1, NANOSECONDS = 9 };

static size_t padded(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

/* A block of `head` and then `size` bytes; its length stands at both ends. */
static int put_block(struct sk_buf *out, uint32_t type, const void *head, size_t head_size, const void *data, size_t size)
{
	static const uint8_t zeros[4];
	uint32_t length = (uint32_t)(12 + head_size + padded(size)), first[2] = {type, length};
	size_t before = out->size;
	int r = sk_buf_append(out, first, sizeof first);

	if (r == 0)
		r = sk_buf_append(out, head, head_size);
	if (r == 0 && size)
		r = sk_buf_append(out, data, size);
	if (r == 0)
		r = sk_buf_append(out, zeros, padded(size) - size);
	if (r == 0)
		r = sk_buf_append(out, &length, sizeof length);
	if (r != 0)
		sk_buf_drop_end(out, out->size - before);
	return r;
}

static int put_interface(struct sk_buf *out, const char *name)
{
	_cleanup_buf_ struct sk_buf options = SK_BUF(256);
	const uint16_t head[4] = {ETHERNET, 0, 0, 0}, of_name[2] = {OPTION_NAME, (uint16_t)strlen(name)}, of_resolution[2] = {OPTION_RESOLUTION, 1};
	const uint8_t resolution[4] = {NANOSECONDS}, zeros[4] = {0};
	int r = sk_buf_append(&options, of_name, sizeof of_name);

	if (r == 0)
		r = sk_buf_append(&options, name, of_name[1]);
	if (r == 0)
		r = sk_buf_append(&options, zeros, padded(of_name[1]) - of_name[1]);
	if (r == 0)
		r = sk_buf_append(&options, of_resolution, sizeof of_resolution);
	if (r == 0)
		r = sk_buf_append(&options, resolution, sizeof resolution);
	if (r == 0)
		r = sk_buf_append(&options, zeros, sizeof zeros);
	return r ? r : put_block(out, INTERFACE, head, sizeof head, options.data, options.size);
}

int gw_capture_ng_begin(struct sk_buf *out, const char *const *interfaces, size_t count)
{
	const uint32_t head[4] = {0x1a2b3c4d, 1, UINT32_MAX, UINT32_MAX}; /* version 1.0; a section of unknown length */
	size_t before = out->size;
	int r = put_block(out, SECTION, head, sizeof head, NULL, 0);

	for (size_t i = 0; i < count && r == 0; i++)
		r = put_interface(out, interfaces[i]);
	if (r != 0)
		sk_buf_drop_end(out, out->size - before);
	return r;
}

int gw_capture_ng_put(struct sk_buf *out, uint32_t interface, uint64_t time, const void *frame, size_t size, size_t whole)
{
	const uint32_t head[5] = {interface, (uint32_t)(time >> 32), (uint32_t)time, (uint32_t)size, (uint32_t)whole};

	return put_block(out, PACKET, head, sizeof head, frame, size);
}
