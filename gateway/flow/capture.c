// SPDX-License-Identifier: GPL-3.0-or-later
/* pcap ("draft-ietf-opsawg-pcap") and pcapng ("draft-ietf-opsawg-pcapng"): the blocks that hold packets; others are passed over. */
#include "flow/capture.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/mem.h"

enum { LINK_NULL = 0, LINK_ETHERNET = 1, LINK_RAW_BSD = 12, LINK_RAW = 101, LINK_COOKED = 113, LINK_IPV4 = 228, LINK_IPV6 = 229, INTERFACES_MAX = 64 };

struct interface {
	uint16_t link;
	uint64_t per_second; /* units of its time stamps */
};

struct gw_capture {
	struct sk_cursor c;
	bool ng, little;
	struct interface interfaces[INTERFACES_MAX];
	unsigned count;
	uint8_t frame[GW_CAPTURE_FRAME_MAX + 14];
};

static uint32_t u32(struct gw_capture *f, struct sk_cursor *c)
{
	return f->little ? sk_get_u32_le(c) : sk_get_u32(c);
}

static uint16_t u16(struct gw_capture *f, struct sk_cursor *c)
{
	return f->little ? sk_get_u16_le(c) : sk_get_u16(c);
}

static bool begin_classic(struct gw_capture *f, uint32_t magic)
{
	struct interface *i = &f->interfaces[0];

	f->little = magic == 0xd4c3b2a1 || magic == 0x4d3cb2a1;
	if (!f->little && magic != 0xa1b2c3d4 && magic != 0xa1b23c4d)
		return false;
	i->per_second = magic == 0xa1b23c4d || magic == 0x4d3cb2a1 ? 1000000000 : 1000000;
	sk_get_bytes(&f->c, 16);
	i->link = (uint16_t)u32(f, &f->c);
	f->count = 1;
	return true;
}

int gw_capture_new(const void *data, size_t size, struct gw_capture **ret_capture, struct sk_diag *diag)
{
	struct gw_capture *f = sk_calloc(1, sizeof *f);
	uint32_t magic;

	if (!f)
		return sk_origin(-ENOMEM);
	sk_cursor_init(&f->c, data, size);
	magic = sk_get_u32(&f->c);
	if (magic == 0x0a0d0d0a) {
		f->ng = true;
		sk_cursor_init(&f->c, data, size);
	} else if (!begin_classic(f, magic) || f->c.bad) {
		free(f);
		return sk_diag_offset(diag, 0, "this is neither a pcap nor a pcapng file");
	}
	*ret_capture = f;
	return 0;
}

struct gw_capture *gw_capture_free(struct gw_capture *f)
{
	free(f);
	return NULL;
}

static uint64_t nanoseconds(uint64_t stamp, uint64_t per_second)
{
	return stamp / per_second * 1000000000 + (uint64_t)((unsigned __int128)(stamp % per_second) * 1000000000 / per_second);
}

/* What stands before the network header of other link types, and which Ethernet type that means. Negative: not one of ours. */
static int link_header(uint16_t link, const uint8_t *data, uint32_t size, uint16_t *ret_type)
{
	uint8_t version;

	if (link == LINK_COOKED && size >= 16) {
		*ret_type = (uint16_t)(data[14] << 8 | data[15]);
		return 16;
	}
	if (link == LINK_NULL && size > 4) {
		*ret_type = data[4] >> 4 == 6 ? 0x86dd : 0x0800;
		return 4;
	}
	if ((link != LINK_RAW && link != LINK_RAW_BSD && link != LINK_IPV4 && link != LINK_IPV6) || size < 1)
		return -1;
	version = data[0] >> 4;
	*ret_type = version == 6 ? 0x86dd : 0x0800;
	return 0;
}

/* Copies a packet as an Ethernet frame; 0 = of a link type that is not read. */
static uint32_t take(struct gw_capture *f, uint16_t link, const uint8_t *data, uint32_t size)
{
	uint16_t type = 0;
	int head;

	if (link == LINK_ETHERNET) {
		memcpy(f->frame, data, size);
		return size;
	}
	head = link_header(link, data, size, &type);
	if (head < 0)
		return 0;
	memset(f->frame, 0, 12);
	f->frame[12] = (uint8_t)(type >> 8);
	f->frame[13] = (uint8_t)type;
	memcpy(f->frame + 14, data + head, size - (uint32_t)head);
	return size - (uint32_t)head + 14;
}

/* SK_AGAIN: a packet that is passed over. */
static int classic(struct gw_capture *f, uint32_t *ret_size, uint64_t *ret_time, struct sk_diag *diag)
{
	uint64_t seconds, part, at = f->c.at;
	const uint8_t *data;
	uint32_t size;

	if (!sk_cursor_left(&f->c))
		return SK_END;
	seconds = u32(f, &f->c);
	part = u32(f, &f->c);
	size = u32(f, &f->c);
	u32(f, &f->c);
	data = size <= GW_CAPTURE_FRAME_MAX ? sk_get_bytes(&f->c, size) : NULL;
	if (!data || f->c.bad)
		return sk_diag_offset(diag, at, "a packet is cut short or larger than %d bytes", GW_CAPTURE_FRAME_MAX);
	*ret_time = seconds * 1000000000 + nanoseconds(part, f->interfaces[0].per_second);
	*ret_size = take(f, f->interfaces[0].link, data, size);
	return *ret_size ? 0 : SK_AGAIN;
}

static uint64_t resolution(uint8_t value)
{
	uint64_t per_second = 1;

	if (value & 0x80)
		return (value & 0x7f) < 40 ? 1ull << (value & 0x7f) : 1000000;
	for (unsigned i = 0; i < value && value <= 12; i++)
		per_second *= 10;
	return value <= 12 ? per_second : 1000000;
}

static void interface_block(struct gw_capture *f, struct sk_cursor *block)
{
	struct interface *i;

	if (f->count == INTERFACES_MAX)
		return;
	i = &f->interfaces[f->count++];
	*i = (struct interface){.link = u16(f, block), .per_second = 1000000};
	sk_get_bytes(block, 6);
	while (sk_cursor_left(block) >= 4) {
		uint16_t code = u16(f, block), size = u16(f, block);
		const uint8_t *value = sk_get_bytes(block, size);

		if (code == 0 || !value)
			return;
		if (code == 9 && size == 1)
			i->per_second = resolution(value[0]);
		sk_get_bytes(block, (4 - size % 4) % 4);
	}
}

/* Enhanced packet (6) or simple packet (3). */
static int packet_block(struct gw_capture *f, struct sk_cursor *block, uint32_t type, uint32_t *ret_size, uint64_t *ret_time)
{
	uint32_t number = type == 6 ? u32(f, block) : 0, size;
	uint64_t stamp = 0;
	const uint8_t *data;

	if (type == 6) {
		stamp = (uint64_t)u32(f, block) << 32;
		stamp |= u32(f, block);
	}
	size = u32(f, block);
	if (type == 6)
		u32(f, block);
	else
		size = SK_MIN(size, (uint32_t)sk_cursor_left(block));
	if (number >= f->count || size > GW_CAPTURE_FRAME_MAX)
		return SK_BAD;
	data = sk_get_bytes(block, size);
	if (!data)
		return SK_BAD;
	*ret_time = nanoseconds(stamp, f->interfaces[number].per_second);
	*ret_size = take(f, f->interfaces[number].link, data, size);
	return *ret_size ? 0 : SK_AGAIN;
}

/* A section says its byte order in its first block, behind the length. */
static void section(struct gw_capture *f)
{
	struct sk_cursor peek = f->c;

	sk_get_bytes(&peek, 8);
	f->little = sk_get_u32(&peek) == 0x4d3c2b1a;
	f->count = 0;
}

static int block(struct gw_capture *f, uint32_t *ret_size, uint64_t *ret_time, struct sk_diag *diag)
{
	struct sk_cursor peek = f->c, body;
	uint64_t at = f->c.at;
	uint32_t type, size;

	if (!sk_cursor_left(&f->c))
		return SK_END;
	if (sk_get_u32(&peek) == 0x0a0d0d0a)
		section(f);
	type = u32(f, &f->c);
	size = u32(f, &f->c);
	if (f->c.bad || size < 12 || size % 4 || size - 8 > sk_cursor_left(&f->c))
		return sk_diag_offset(diag, at, "a block is cut short or has no length");
	body = sk_get_window(&f->c, size - 12);
	u32(f, &f->c);
	if (type == 1)
		interface_block(f, &body);
	if (type != 6 && type != 3)
		return SK_AGAIN;
	if (packet_block(f, &body, type, ret_size, ret_time) == SK_BAD)
		return sk_diag_offset(diag, at, "a packet's block says more than it holds, or an interface that is not described");
	return *ret_size ? 0 : SK_AGAIN;
}

int gw_capture_next(struct gw_capture *f, uint8_t **ret_frame, uint32_t *ret_size, uint64_t *ret_time, struct sk_diag *diag)
{
	int r;

	do {
		*ret_size = 0;
		r = f->ng ? block(f, ret_size, ret_time, diag) : classic(f, ret_size, ret_time, diag);
	} while (r == SK_AGAIN);
	if (r == 0)
		*ret_frame = f->frame;
	return r;
}

static int put(int fd, struct iovec *parts, int count, size_t size)
{
	ssize_t n = writev(fd, parts, count);

	if (n < 0)
		return sk_origin_errno();
	return (size_t)n == size ? 0 : sk_origin(-EIO);
}

int gw_capture_begin(int fd)
{
	uint32_t header[6] = {0xa1b23c4d, 4 << 16 | 2, 0, 0, GW_CAPTURE_FRAME_MAX, LINK_ETHERNET};

	return put(fd, &(struct iovec){header, sizeof header}, 1, sizeof header);
}

int gw_capture_put(int fd, uint64_t time, const uint8_t *frame, size_t size)
{
	uint32_t header[4] = {(uint32_t)(time / 1000000000), (uint32_t)(time % 1000000000), (uint32_t)size, (uint32_t)size};
	struct iovec parts[2] = {{header, sizeof header}, {(void *)(uintptr_t)frame, size}};

	return put(fd, parts, 2, sizeof header + size);
}
