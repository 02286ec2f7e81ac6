// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The frame header, big-endian: u32 body length, u16 type, u16 version (1), u32 id. Reader and writer.
 * The id correlates an answer with its request; 0 = nothing is asked or answered.
 */
#pragma once

#include "base/cursor.h"
#include "base/diag.h"
#include "wire/types.h"

struct sk_frame {
	uint16_t type;
	uint32_t id;
	const uint8_t *body; /* NULL when size == 0 */
	uint32_t size;
};

/*
 * Reads one header from exactly SK_FRAME_HEADER bytes and checks it against the table for `sender`. 0 or
 * SK_BAD. Sets type, id, size.
 */
int sk_frame_read_header(const uint8_t bytes[SK_FRAME_HEADER], enum sk_proto proto, enum sk_side sender, struct sk_frame *ret_frame,
			 struct sk_diag *diag);
/*
 * Reads a header and its body; the body points into the cursor's data. 0, SK_BAD, or SK_AGAIN: the frame is
 * not complete yet.
 */
int sk_frame_read(struct sk_cursor *c, enum sk_proto proto, enum sk_side sender, struct sk_frame *ret_frame, struct sk_diag *diag);
/* Writes header and body. */
void sk_frame_write(struct sk_writer *w, const struct sk_frame *frame);
void sk_frame_write_header(uint8_t ret_bytes[SK_FRAME_HEADER], uint16_t type, uint32_t id, uint32_t size);
