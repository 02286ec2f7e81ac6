// SPDX-License-Identifier: GPL-3.0-or-later
/* Reader and writer of the frame header. */
#include "wire/frame.h"

#include "base/error.h"

static int check_header(const struct sk_frame *frame, uint16_t version, enum sk_proto proto, enum sk_side sender, uint64_t at,
			struct sk_diag *diag)
{
	const struct sk_frame_info *info = sk_frame_info(frame->type);

	if (version != SK_FRAME_VERSION)
		return sk_diag_offset(diag, at + 6, "frame version %u is not %d", version, SK_FRAME_VERSION);
	if (!info)
		return sk_diag_offset(diag, at + 4, "frame type %u is unknown", frame->type);
	if (!sk_frame_allowed(info, proto, sender))
		return sk_diag_offset(diag, at + 4, "a %s may not send %s here (%s)", sender == SK_CLIENT ? "client" : "server",
				      info->name, sk_proto_name(proto));
	if (frame->size > info->max_body)
		return sk_diag_offset(diag, at, "%s has a body of %u bytes, at most %u are allowed", info->name, frame->size,
				      info->max_body);
	return 0;
}

int sk_frame_read_header(const uint8_t bytes[SK_FRAME_HEADER], enum sk_proto proto, enum sk_side sender, struct sk_frame *ret_frame,
			 struct sk_diag *diag)
{
	struct sk_frame frame = {0};
	struct sk_cursor c;
	uint16_t version;
	int r;

	sk_cursor_init(&c, bytes, SK_FRAME_HEADER);
	frame.size = sk_get_u32(&c);
	frame.type = sk_get_u16(&c);
	version = sk_get_u16(&c);
	frame.id = sk_get_u32(&c);
	r = check_header(&frame, version, proto, sender, 0, diag);
	if (r)
		return r;
	*ret_frame = frame;
	return 0;
}

int sk_frame_read(struct sk_cursor *c, enum sk_proto proto, enum sk_side sender, struct sk_frame *ret_frame, struct sk_diag *diag)
{
	struct sk_cursor start = *c;
	struct sk_frame frame;
	const uint8_t *header;
	int r;

	if (sk_cursor_left(c) < SK_FRAME_HEADER)
		return SK_AGAIN;
	header = sk_get_bytes(c, SK_FRAME_HEADER);
	r = sk_frame_read_header(header, proto, sender, &frame, diag);
	if (r) {
		if (diag)
			diag->offset += start.at;
		*c = start;
		sk_cursor_fail(c);
		return r;
	}
	if (sk_cursor_left(c) < frame.size) {
		*c = start;
		return SK_AGAIN;
	}
	frame.body = frame.size ? sk_get_bytes(c, frame.size) : NULL;
	*ret_frame = frame;
	return 0;
}

static void put_header(struct sk_writer *w, uint16_t type, uint32_t id, uint32_t size)
{
	sk_put_u32(w, size);
	sk_put_u16(w, type);
	sk_put_u16(w, SK_FRAME_VERSION);
	sk_put_u32(w, id);
}

void sk_frame_write(struct sk_writer *w, const struct sk_frame *frame)
{
	put_header(w, frame->type, frame->id, frame->size);
	sk_put_bytes(w, frame->body, frame->size);
}

void sk_frame_write_header(uint8_t ret_bytes[SK_FRAME_HEADER], uint16_t type, uint32_t id, uint32_t size)
{
	struct sk_writer w;

	sk_writer_init(&w, ret_bytes, SK_FRAME_HEADER);
	put_header(&w, type, id, size);
}
