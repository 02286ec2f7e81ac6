// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * DNP3 (IEEE 1815) over TCP and UDP: link frames with their checksums, transport segments put together to application fragments, which app.c reads. Owns one
 * fragment for each direction.
 */
#include "proto/dnp3/dnp3.h"

#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/mem.h"

enum { HEAD = 10, FRAME_MAX = 292, BLOCK = 16, FIRST = 0x40, FINAL = 0x80, PRIMARY = 0x40 };

static const struct gw_field_def fields[] = {
	[DNP3_FUNCTION] = {"function", GW_UINT, .learn = true, .en = "function code", .ja = "ファンクションコード"},
	[DNP3_SOURCE] = {"source", GW_UINT, .learn = true, .en = "link address that sends", .ja = "送信元のリンクアドレス"},
	[DNP3_DESTINATION] = {"destination", GW_UINT, .learn = true, .en = "link address that is meant", .ja = "宛先のリンクアドレス"},
	[DNP3_GROUP] = {"group", GW_UINT, .learn = true, .en = "group of each object header", .ja = "各オブジェクトヘッダーのグループ"},
	[DNP3_VARIATION] = {"variation", GW_UINT, .en = "variation of each object header", .ja = "各オブジェクトヘッダーのバリエーション"},
	[DNP3_INDEX] = {"index", GW_RANGE, .learn = true, .en = "indexes of objects", .ja = "オブジェクトのインデックス"},
	[DNP3_CONTROL] = {"control", GW_UINT, .en = "control code of a relay output block: 1 pulse on, 3 latch on, 4 latch off, 65 close, 129 trip", .ja = "リレー出力ブロックの制御コード。1 パルスオン、3 ラッチオン、4 ラッチオフ、65 投入、129 開放"},
	[DNP3_VALUE] = {"value", GW_INT, .en = "value of an analog output, of 16 or 32 bits", .ja = "アナログ出力の値（16 または 32 ビット）"},
	[DNP3_IIN] = {"iin", GW_UINT, .en = "internal indications of an answer", .ja = "応答の内部表示（IIN）"},
};

struct half {
	struct sk_buf fragment;
	bool open, bent;
	uint8_t next; /* sequence number of the segment that continues it */
};

struct dnp3 {
	struct pdu_stream stream; /* first */
	struct half half[2];
};

/* CRC-16/DNP over `size` bytes is what follows them. */
static bool sum_good(const uint8_t *data, size_t size)
{
	uint16_t crc = 0;

	for (size_t i = 0; i < size; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xa6bc : crc >> 1;
	}
	crc = (uint16_t)~crc;
	return data[size] == (crc & 0xff) && data[size + 1] == crc >> 8;
}

static int64_t dnp3_size(const void *state, enum gw_dir dir, const uint8_t *head, size_t have)
{
	unsigned user;

	(void)state;
	(void)dir;
	(void)have;
	if (head[0] != 5 || head[1] != 0x64 || head[2] < 5 || !sum_good(head, 8))
		return 0;
	user = head[2] - 5u;
	return HEAD + (int64_t)user + 2 * ((user + BLOCK - 1) / BLOCK);
}

static bool dnp3_sound(const void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	(void)state;
	(void)dir;
	for (size_t at = HEAD; at < size; at += BLOCK + 2)
		if (size - at < 3 || !sum_good(data + at, SK_MIN((size_t)BLOCK, size - at - 2)))
			return false;
	return true;
}

/* User data without the checksums between. */
static size_t user_data(const struct pdu *pdu, uint8_t out[static FRAME_MAX])
{
	size_t used = 0;

	for (size_t at = HEAD; at + 2 < pdu->size; at += BLOCK + 2) {
		size_t n = SK_MIN((size_t)BLOCK, pdu->size - at - 2);

		memcpy(out + used, pdu->data + at, n);
		used += n;
	}
	return used;
}

static void add(struct half *half, const uint8_t *data, size_t size)
{
	if (sk_buf_append(&half->fragment, data, SK_MIN(size, DNP3_FRAGMENT_MAX - half->fragment.size)) != 0 || half->fragment.size == DNP3_FRAGMENT_MAX)
		half->bent = true;
}

/* Takes a segment. True: a fragment is whole. */
static bool take_segment(struct half *half, const uint8_t *data, size_t size, bool torn)
{
	uint8_t sequence = data[0] & 0x3f;

	if (data[0] & FIRST) {
		sk_buf_clear(&half->fragment);
		half->open = true;
		half->bent = false;
	} else if (!half->open || sequence != half->next) {
		half->bent = true;
	}
	half->bent |= torn;
	half->next = (sequence + 1) & 0x3f;
	add(half, data + 1, size - 1);
	if (!(data[0] & FINAL))
		return false;
	half->open = false;
	return true;
}

/* A fragment of which the beginning is not known may be any. */
static void read_bent(struct pdu_told *told, const struct half *half)
{
	if (!half->bent)
		return;
	told->partial = true;
	if (told->from == GW_ROLE_HOST)
		told->act = GW_ACT_ENGINEER;
}

static void dnp3_read(struct gw_turn *turn, void *state, const struct pdu *pdu)
{
	struct dnp3 *s = state;
	struct half *half = &s->half[pdu->dir];
	uint8_t user[FRAME_MAX];
	size_t size = user_data(pdu, user);
	bool good = !pdu->torn && dnp3_sound(NULL, pdu->dir, pdu->data, pdu->size);
	struct pdu_told told;

	pdu_told_begin(&told, pdu, size ? "segment" : "link", GW_ACT_SESSION, false);
	if (!good) {
		(void)turn->engine->odd(turn, pdu->dir, "dnp3-checksum");
		told.partial = true;
	}
	if (pdu->size < HEAD)
		return;
	pdu_put(&told, DNP3_DESTINATION, (unsigned)(pdu->data[4] | pdu->data[5] << 8));
	pdu_put(&told, DNP3_SOURCE, (unsigned)(pdu->data[6] | pdu->data[7] << 8));
	if (size && take_segment(half, user, size, !good)) {
		dnp3_application(&told, (const uint8_t *)half->fragment.data, half->fragment.size);
		read_bent(&told, half);
		pdu_put_buffer(&told, "dnp3.data", (const uint8_t *)half->fragment.data, half->fragment.size);
	}
	(void)pdu_say(turn, pdu, &told);
}

static const struct pdu_kind kind = {.odd = "dnp3-framing", .head = HEAD, .sure = HEAD, .keep = FRAME_MAX, .size = dnp3_size, .sound = dnp3_sound, .read = dnp3_read};

static int dnp3_begin(void *state, const struct gw_turn *turn)
{
	struct dnp3 *s = state;

	s->half[0].fragment = s->half[1].fragment = SK_BUF(DNP3_FRAGMENT_MAX);
	return pdu_begin(&s->stream, &kind, turn);
}

static void dnp3_end(void *state)
{
	struct dnp3 *s = state;

	sk_buf_done(&s->half[0].fragment);
	sk_buf_done(&s->half[1].fragment);
	pdu_end(state);
}

static void dnp3_gap(struct gw_turn *turn, void *state, enum gw_dir dir, uint64_t missing)
{
	((struct dnp3 *)state)->half[dir].bent = true;
	pdu_gap(turn, state, dir, missing);
}

static enum gw_guess dnp3_guess(const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	return pdu_guess(&kind, data, size, dir, midstream);
}

static const uint16_t ports[] = {20000, 0};
static const char *const buffers[] = {"dnp3.data", NULL};
static const char *const odds[] = {"dnp3-framing", "dnp3-checksum", NULL};

const struct gw_proto gw_proto_dnp3 = {.name = "dnp3", .over = GW_TCP | GW_UDP, .ports = ports, .guess = dnp3_guess, .state_size = sizeof(struct dnp3),
	.budget = PDU_BUDGET(FRAME_MAX) + 2 * DNP3_FRAGMENT_MAX, .begin = dnp3_begin, .end = dnp3_end, .data = pdu_data, .gap = dnp3_gap, .fields = fields,
	.field_count = SK_ARRAY_SIZE(fields), .buffers = buffers, .odds = odds, .en = "DNP3: functions, objects, indexes and commands",
	.ja = "DNP3：ファンクション、オブジェクト、インデックス、コマンド"};
