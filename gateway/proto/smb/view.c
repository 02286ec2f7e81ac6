// SPDX-License-Identifier: GPL-3.0-or-later
/* Reading numbers and text out of a message of SMB. */
#include <string.h>
#include <strings.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "proto/smb/inside.h"

static struct sk_cursor at_of(struct smb_view *v, size_t at)
{
	struct sk_cursor c;

	sk_cursor_init(&c, v->data, v->size);
	sk_get_bytes(&c, at);
	return c;
}

uint8_t smb_u8(struct smb_view *v, size_t at)
{
	struct sk_cursor c = at_of(v, at);
	uint8_t value = sk_get_u8(&c);

	v->torn |= c.bad;
	return value;
}

uint16_t smb_u16(struct smb_view *v, size_t at)
{
	struct sk_cursor c = at_of(v, at);
	uint16_t value = sk_get_u16_le(&c);

	v->torn |= c.bad;
	return value;
}

uint32_t smb_u32(struct smb_view *v, size_t at)
{
	struct sk_cursor c = at_of(v, at);
	uint32_t value = sk_get_u32_le(&c);

	v->torn |= c.bad;
	return value;
}

uint64_t smb_u64(struct smb_view *v, size_t at)
{
	uint64_t low = smb_u32(v, at);

	return low | (uint64_t)smb_u32(v, at + 4) << 32;
}

const uint8_t *smb_bytes(struct smb_view *v, size_t at, size_t size)
{
	struct sk_cursor c = at_of(v, at);
	const uint8_t *data = sk_get_bytes(&c, size);

	v->torn |= !data;
	return data;
}

const uint8_t *smb_clip(struct smb_view *v, size_t at, size_t size, size_t *ret_size)
{
	size_t there = at < v->size ? v->size - at : 0;

	v->torn |= size > there;
	*ret_size = SK_MIN(size, there);
	return *ret_size ? v->data + at : (const uint8_t *)"";
}

static size_t put_utf8(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static uint32_t next_unicode(struct sk_cursor *c)
{
	uint32_t high = sk_get_u16_le(c), low;

	if (high < 0xd800 || high > 0xdfff)
		return high;
	low = high < 0xdc00 && sk_cursor_left(c) >= 2 ? sk_get_u16_le(c) : 0;
	return low >= 0xdc00 && low <= 0xdfff ? 0x10000 + ((high - 0xd800) << 10 | (low - 0xdc00)) : 0xfffd;
}

size_t smb_text(const uint8_t *data, size_t size, bool unicode, char out[SMB_TEXT], size_t *ret_used)
{
	struct sk_cursor c;
	size_t length = 0;

	sk_cursor_init(&c, data, size);
	while (sk_cursor_left(&c) >= (unicode ? 2u : 1u)) {
		uint32_t one = unicode ? next_unicode(&c) : sk_get_u8(&c);

		if (one == 0)
			break;
		if (length + 5 < SMB_TEXT)
			length += put_utf8(out + length, one);
	}
	out[length] = 0;
	if (ret_used)
		*ret_used = c.at;
	return length;
}

const char *smb_base_name(const char *path)
{
	for (const char *slash; (slash = strpbrk(path, "\\/"));)
		path = slash + 1;
	return path;
}

/* "\PIPE\name" and "\name" are one; what else stands in a name stays. */
const char *smb_pipe_name(const char *path)
{
	path += strspn(path, "\\");
	return strncasecmp(path, "PIPE\\", 5) == 0 ? path + 5 : path;
}
