// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * SMB over TCP 445 and over NetBIOS sessions on 139 (RFC 1002 section 4.3): frames out of the stream, wherever it was cut, and found again after a gap.
 *
 * A frame is read when its last byte is there; a long one is also told by its first 1,024 bytes. 64 KiB of it are kept.
 */
#include "proto/smb/inside.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"

enum { MESSAGE = 0, SESSION_ASK = 0x81, SESSION_YES, SESSION_NO, SESSION_ELSEWHERE, KEEP_ALIVE, MARK = 8 };

static bool is_magic(const uint8_t *data)
{
	return (data[0] == 0xff || data[0] == 0xfe || data[0] == 0xfd || data[0] == 0xfc) && memcmp(data + 1, "SMB", 3) == 0;
}

static size_t least(uint8_t magic)
{
	return magic == 0xff ? 35 : magic == 0xfe ? 64 : magic == 0xfd ? 52 : 16;
}

static uint32_t frame_size(const uint8_t *head)
{
	return (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
}

static int smb_begin(void *state, const struct gw_turn *turn)
{
	struct smb *s = state;

	for (int i = 0; i < 2; i++) {
		s->side[i].frame = SK_BUF(SMB_KEPT);
		s->side[i].lost = turn->midstream;
	}
	return 0;
}

static void smb_end(void *state)
{
	memo_end(state);
}

static void read_frame(struct gw_turn *turn, struct smb *s, enum gw_dir dir, size_t back, bool peek)
{
	struct smb_side *side = &s->side[dir];
	struct smb_view view = {.data = (const uint8_t *)side->frame.data, .size = side->frame.size};
	uint32_t size = peek ? SMB_EARLY : side->size;

	if (view.size < least(view.data[0])) {
		if (!peek)
			turn->engine->odd(turn, dir, "smb-torn");
		return;
	}
	if (view.data[0] == 0xff)
		smb1_read(s, turn, dir, &view, size, back, peek);
	else if (view.data[0] == 0xfe)
		smb2_read(s, turn, dir, &view, size, back, peek);
	else
		smb3_read_wrapped(s, turn, dir, &view, size, back, peek);
}

static void next_frame(struct smb_side *side)
{
	side->have = 0;
	side->left = side->size = 0;
	side->torn = side->early = false;
	sk_buf_clear(&side->frame);
}

static void lose(struct smb_side *side)
{
	next_frame(side);
	side->lost = true;
	side->sought = 0;
}

/* The four bytes before a message are there. False: this is no framing. */
static bool begin_frame(struct smb_side *side)
{
	uint8_t type = side->head[0];

	side->size = side->left = frame_size(side->head);
	if (type == KEEP_ALIVE || type == SESSION_YES)
		return side->size == 0;
	if (type == SESSION_NO || type == SESSION_ELSEWHERE)
		return side->size == 1 || side->size == 6;
	return type == SESSION_ASK ? side->size >= 4 && side->size <= 600 : type == MESSAGE;
}

/* Bytes of the frame in hand. */
static size_t take_body(struct gw_turn *turn, struct smb *s, enum gw_dir dir, const uint8_t *data, size_t size)
{
	struct smb_side *side = &s->side[dir];
	size_t used = SK_MIN(size, (size_t)side->left), kept;

	if (!side->early && side->size > SMB_LONG && side->frame.size < SMB_EARLY)
		used = SK_MIN(used, SMB_EARLY - side->frame.size);
	kept = SK_MIN(used, SMB_KEPT - side->frame.size);
	if (kept && sk_buf_append(&side->frame, data, kept))
		side->torn = true;
	side->left -= (uint32_t)used;
	if (side->head[0] != MESSAGE || side->torn)
		return used;
	if (side->frame.size >= 4 && !is_magic((const uint8_t *)side->frame.data))
		side->torn = true;
	else if (!side->early && side->size > SMB_LONG && side->frame.size == SMB_EARLY) {
		side->early = true;
		read_frame(turn, s, dir, size - used, true);
	}
	return used;
}

static void end_frame(struct gw_turn *turn, struct smb *s, enum gw_dir dir, size_t back)
{
	struct smb_side *side = &s->side[dir];

	if (side->head[0] == MESSAGE && side->size && !side->torn)
		read_frame(turn, s, dir, back, false);
	side->spoken = true;
	next_frame(side);
}

/* Looks for a frame's beginning: its length, and the mark behind it. Returns how many bytes are used up. */
static size_t seek(struct smb_side *side, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (side->sought == MARK) {
			memmove(side->seek, side->seek + 1, MARK - 1);
			side->sought--;
		}
		side->seek[side->sought++] = data[i];
		if (side->sought < MARK || side->seek[0] != MESSAGE || !is_magic(side->seek + 4) || frame_size(side->seek) < least(side->seek[4]))
			continue;
		side->lost = false;
		memcpy(side->head, side->seek, sizeof side->head);
		side->have = sizeof side->head;
		begin_frame(side);
		(void)sk_buf_append(&side->frame, side->seek + 4, 4);
		side->left -= 4;
		side->sought = 0;
		return i + 1;
	}
	return size;
}

static void strange(struct gw_turn *turn, struct smb *s, enum gw_dir dir)
{
	if (!turn->midstream && !s->side[0].spoken && !s->side[1].spoken) {
		turn->engine->not_mine(turn);
	} else {
		turn->engine->odd(turn, dir, "smb-framing");
	}
	lose(&s->side[dir]);
}

static void smb_data(struct gw_turn *turn, void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	struct smb *s = state;
	struct smb_side *side = &s->side[dir];

	while (size) {
		size_t used = 1;

		if (side->lost) {
			used = seek(side, data, size);
		} else if (side->have < sizeof side->head) {
			side->head[side->have++] = *data;
			if (side->have == sizeof side->head && !begin_frame(side))
				strange(turn, s, dir);
		} else {
			used = take_body(turn, s, dir, data, size);
			if (side->torn && side->head[0] == MESSAGE && !side->early && side->frame.size >= 4 && !is_magic((const uint8_t *)side->frame.data))
				strange(turn, s, dir);
		}
		data += used;
		size -= used;
		if (!side->lost && side->have == sizeof side->head && side->left == 0)
			end_frame(turn, s, dir, size);
	}
}

/* Missing bytes within the body of a frame: its end is known. Else frames are sought. What pipes were saying is torn in both cases. */
static void smb_gap(struct gw_turn *turn, void *state, enum gw_dir dir, uint64_t missing)
{
	struct smb *s = state;
	struct smb_side *side = &s->side[dir];

	for (unsigned i = 0; i < SMB_PIPES; i++)
		if (s->pipes[i].used)
			rpc_gap(&s->pipes[i].rpc, dir);
	if (side->lost || side->have < sizeof side->head || missing >= side->left) {
		lose(side);
		return;
	}
	side->torn = true;
	side->left -= (uint32_t)missing;
}

static enum gw_guess smb_guess(const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	if (size >= MARK && data[0] == MESSAGE && is_magic(data + 4) && frame_size(data) >= least(data[4]))
		return GW_YES;
	if (size >= 5 && data[0] == SESSION_ASK && data[1] == 0 && data[4] == 0x20)
		return GW_YES;
	if (size < MARK && size && (data[0] == MESSAGE || data[0] == SESSION_ASK || (dir == GW_TO_CLIENT && data[0] == SESSION_YES)))
		return GW_MORE;
	if (!midstream)
		return GW_NO;
	for (size_t at = 1; at + MARK <= size && at < 2048; at++)
		if (data[at] == MESSAGE && is_magic(data + at + 4) && frame_size(data + at) >= least(data[at + 4]))
			return GW_YES;
	return size < 2048 ? GW_MORE : GW_NO;
}

static const uint16_t ports[] = {445, 139, 0};
static const char *const buffers[] = {"smb.share", "smb.named_pipe", "smb.filename", "smb.ntlmssp_user", "smb.ntlmssp_domain", "file.data", "dcerpc.stub_data", NULL};
static const char *const odds[] = {"smb-framing", "smb-torn", "smb-long", "smb-compound", "smb-chain", "smb-command", "smb-transaction", "smb-pipe", "smb-direction", "dcerpc-fragment",
	"dcerpc-torn", "dcerpc-long", "dcerpc-direction", NULL};

extern const struct gw_proto gw_proto_dcerpc;

const struct gw_proto gw_proto_smb = {.name = "smb", .over = GW_TCP, .ports = ports, .guess = smb_guess, .state_size = sizeof(struct smb), .budget = SMB_BUDGET,
	.begin = smb_begin, .end = smb_end, .data = smb_data, .gap = smb_gap, .fields = smb_fields, .field_count = SMB_FIELDS, .buffers = buffers, .odds = odds,
	.carries = &gw_proto_dcerpc,
	.en = "SMB 1 to 3: shares, files, named pipes, and the DCE/RPC in them", .ja = "SMB 1～3：共有、ファイル、名前付きパイプと、その中の DCE/RPC"};
