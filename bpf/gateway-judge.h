/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judging a segment by the headers of its messages, in the place of the engine.
 *
 * The engine hands a flow over with what it knows: for each side the next sequence number and how many bytes of a message's body are still to come, in one word. A segment is
 * decided here only when nothing about it is in doubt: plain headers with right checksums, the very next bytes, whole headers of messages whose verdict does not hang on
 * their bodies. Then the word moves on, in one step, a copy of the frame goes into the ring gw_mirror, and the frame itself on its way. The engine reads the copies in
 * their order before it reads the next frame it is lent: it sees every byte that was decided here, and stays the truth about the stream (what was sent first, who is
 * who, open transactions, what was counted). Anything else takes the flow back: this segment and all that follow are the engine's until it hands the flow over again.
 *
 * The copy is reserved before the word moves, and the engine spoils the word before it looks at the ring: what it does not find there was not decided here.
 */
#pragma once

enum { JUDGE_MESSAGES = 16, HSMS_HEAD = 14, MBAP = 8, PSH_ACK = 0x18 };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, GW_JUDGED);
	__type(key, __u32);
	__type(value, struct gw_judged);
} gw_judged SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, GW_HEADS);
	__type(key, __u32);
	__type(value, struct gw_heads);
} gw_heads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, GW_MIRROR_BYTES);
} gw_mirror SEC(".maps");

/* One segment, as it lies in the copy. */
struct piece {
	__u32 payload, size; /* where in the frame, how many bytes */
	__u32 seq, ack;
	__u32 left;          /* of a body, before and then behind this segment */
	__u32 heads;
	__u8 framing, role;
};

static __always_inline __u32 be32(const __u8 *at)
{
	return (__u32)at[0] << 24 | (__u32)at[1] << 16 | (__u32)at[2] << 8 | at[3];
}

static __always_inline __u32 be16(const __u8 *at)
{
	return (__u32)at[0] << 8 | at[1];
}

static __always_inline __u32 fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u32)((sum & 0xffff) + (sum >> 16));
}

/* Functions with loops are not static: the verifier looks at those once, not once a caller. */

/* The sum of RFC 1071 over `size` bytes of the copy from `at` on, words as they lie in memory. */
__noinline __u64 gw_add_up(struct gw_mirrored *copy, __u32 at, __u32 size)
{
	__u32 words = size / 4;
	__u64 sum = 0;

	if (!copy)
		return 0;
	for (__u32 i = 0; i < GW_MIRROR_FRAME / 4; i++) {
		if (i >= words || at > GW_MIRROR_FRAME - 8)
			break;
		sum += *(__u32 *)(copy->frame + at);
		at += 4;
	}
	if (at > GW_MIRROR_FRAME - 8)
		return 0;
	if (size & 2) {
		sum += *(__u16 *)(copy->frame + at);
		at += 2;
	}
	return size & 1 ? sum + copy->frame[at & (GW_MIRROR_FRAME - 1)] : sum;
}

static __always_inline int sums_fit(struct gw_mirrored *copy, const struct seen *seen, __u32 l3)
{
	const __u32 *a = (const void *)seen->source, *b = (const void *)seen->destination;
	__u64 sum = SWAP16(P_TCP) + (__u64)SWAP16((__u16)seen->room);

	if (seen->ip == 4 && fold(gw_add_up(copy, l3, 20)) != 0xffff)
		return 0;
#pragma unroll
	for (int i = 0; i < 4; i++)
		sum += (__u64)a[i] + b[i];
	return fold(sum + gw_add_up(copy, seen->l4, (__u32)seen->room)) == 0xffff;
}

/* Headers as an honest stack writes them, and nothing that the engine would have to change: no options but time stamps, no flag but ACK and PSH. */
static __always_inline int read_segment(struct gw_mirrored *copy, const struct seen *seen, __u32 size, struct piece *piece)
{
	__u32 l4 = seen->l4, room = (__u32)seen->room, header, l3 = seen->l3;
	const __u8 *tcp;

	if (l4 < 14 + 20 || l4 > 128 || l3 > 128 || seen->room < 20 || room > GW_MIRROR_FRAME - 256 || l4 + room > size)
		return 0;
	if (l4 - l3 != (seen->ip == 4 ? 20 : 40)) /* no options, no extension headers */
		return 0;
	tcp = copy->frame + l4;
	header = tcp[12] >> 4;
	if ((tcp[13] & 0x3f) != TCP_ACK && (tcp[13] & 0x3f) != PSH_ACK)
		return 0;
	if (header == 8) {
		if (be32(tcp + 20) != 0x0101080a)
			return 0;
	} else if (header != 5) {
		return 0;
	}
	if (room < header * 4 || !sums_fit(copy, seen, l3))
		return 0;
	piece->payload = l4 + header * 4;
	piece->size = room - header * 4;
	piece->seq = be32(tcp + 4);
	piece->ack = be32(tcp + 8);
	return 1;
}

static __always_inline int permitted(const struct piece *piece, __u32 code)
{
	__u32 at = piece->heads;
	struct gw_heads *heads = bpf_map_lookup_elem(&gw_heads, &at);

	return heads && code < GW_HEAD_CODES && heads->pass[piece->role & 1][code / 8 & (GW_HEAD_CODES / 8 - 1)] >> (code & 7) & 1;
}

/* The length of the body behind an HSMS head that passes by itself (proto/hsms/frame.h); -1: it does not. */
static __always_inline __s64 hsms_head(const struct piece *piece, const __u8 *head)
{
	__u32 length = be32(head), code;

	if (head[8] || length < 10 || length == 11 || length > GW_HSMS_MAX)
		return -1;
	if (head[9]) {
		code = head[9];
		return length == 10 && code < 128 && permitted(piece, code) ? 0 : -1;
	}
	if (be16(head + 4) == 0xffff || !(head[6] & 0x7f) || (head[6] & 0x7f) >= 32 || head[7] >= 128 || (head[6] & 0x80 && !(head[7] & 1)))
		return -1;
	code = (__u32)(head[6] & 0x7f) << 7 | head[7];
	return permitted(piece, code) ? (__s64)length - 10 : -1;
}

/* The same of Modbus/TCP: behind unit and function. */
static __always_inline __s64 modbus_head(const struct piece *piece, const __u8 *head)
{
	__u32 length = be16(head + 4);

	if (head[2] || head[3] || length < 2 || length > 254 || !permitted(piece, head[7]))
		return -1;
	return (__s64)length - 2;
}

/* Every message that begins in this segment, and what is left of the last one's body. */
__noinline int gw_read_messages(struct gw_mirrored *copy, struct piece *piece)
{
	__u32 at = 0, head, size, payload;

	if (!copy || !piece)
		return 0;
	head = piece->framing == GW_FRAMED_HSMS ? HSMS_HEAD : MBAP;
	size = piece->size & 2047;
	payload = piece->payload & 255;
	for (int i = 0; i <= JUDGE_MESSAGES; i++) {
		__u32 part = piece->left < size - at ? piece->left : size - at, place;
		__s64 body;

		at += part;
		piece->left -= part;
		if (at >= size)
			return 1;
		place = payload + at;
		if (size - at < head || place > GW_MIRROR_FRAME - 16)
			return 0;
		body = piece->framing == GW_FRAMED_HSMS ? hsms_head(piece, copy->frame + place) : modbus_head(piece, copy->frame + place);
		if (body < 0)
			return 0;
		at += head;
		piece->left = (__u32)body;
	}
	return 0;
}

/* In order, and by its headers. The word has moved on when this is true. */
static __always_inline int decide(struct gw_mirrored *copy, struct gw_judged *flow, __u32 who, struct piece *piece)
{
	struct gw_judged_side *side = &flow->side[who & 1], *other = &flow->side[!(who & 1)];
	__u64 word = *(volatile __u64 *)&side->at, theirs = *(volatile __u64 *)&other->at;
	__u32 next = (__u32)(word >> 32);

	if (word == GW_JUDGED_SPOILT || theirs == GW_JUDGED_SPOILT || (__s32)(piece->ack - (__u32)(theirs >> 32)) > 0)
		return 0;
	if (piece->size) {
		piece->left = (__u32)word;
		piece->role = side->role;
		piece->heads = flow->heads;
		piece->framing = flow->framing;
		if (piece->seq != next || next + piece->size - side->acked > GW_JUDGED_FLIGHT || !gw_read_messages(copy, piece))
			return 0;
		if (__sync_val_compare_and_swap(&side->at, word, (__u64)(next + piece->size) << 32 | piece->left) != word)
			return 0;
	}
	if ((__s32)(piece->ack - other->acked) > 0)
		other->acked = piece->ack;
	return 1;
}

static __always_inline int judge_copy(struct xdp_md *ctx, struct turn *turn, struct gw_judged *flow, struct gw_mirrored *copy)
{
	__u32 size = (__u32)(ctx->data_end - ctx->data), who = turn->opener != GW_OPENER_SENDER;
	struct piece piece = {.size = 0};

	if (size < 54 || size > GW_MIRROR_FRAME - 64 || flow->side[who & 1].port != turn->port.slot)
		return 0;
	if (bpf_xdp_load_bytes(ctx, 0, copy->frame, size) < 0 || !read_segment(copy, &turn->seen, size, &piece) || !decide(copy, flow, who, &piece))
		return 0;
	copy->time = turn->now;
	copy->flow = turn->flow;
	copy->size = size;
	copy->conduit = (__u16)turn->conduit;
	copy->port = (__u8)turn->port.slot;
	copy->opener = turn->opener;
	return 1;
}

/* True: it was decided here that this segment passes. */
__noinline int gw_by_header(struct xdp_md *ctx, struct turn *turn)
{
	struct gw_judged *now, *flow;
	struct gw_mirrored *copy;
	__u32 zero = 0, at;

	if (!turn)
		return 0;
	at = 1 + (__u32)(turn->flow % (GW_JUDGED - 1));
	now = bpf_map_lookup_elem(&gw_judged, &zero);
	flow = bpf_map_lookup_elem(&gw_judged, &at);
	if (!now || !flow || flow->flow != turn->flow || !flow->owned || flow->epoch != now->epoch || turn->now < flow->since)
		return 0;
	if (turn->seen.protocol != P_TCP || turn->seen.fragment || !turn->opener)
		goto back;
	copy = bpf_ringbuf_reserve(&gw_mirror, sizeof *copy, 0);
	if (!copy)
		goto back;
	if (judge_copy(ctx, turn, flow, copy)) {
		bpf_ringbuf_submit(copy, bpf_ringbuf_query(&gw_mirror, BPF_RB_AVAIL_DATA) > GW_MIRROR_BYTES / 4 ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
		return 1;
	}
	bpf_ringbuf_discard(copy, BPF_RB_NO_WAKEUP);
back:
	flow->owned = 0;
	count(GW_WHY_TAKEN_BACK);
	return 0;
}
