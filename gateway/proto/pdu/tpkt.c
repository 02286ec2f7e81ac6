// SPDX-License-Identifier: GPL-3.0-or-later
/* TPKT and COTP: where units begin and end, and user data put together from several DT units. */
#include "proto/pdu/tpkt.h"

#include "base/mem.h"

enum { TPKT_VERSION = 3, LAST_UNIT = 0x80 };

static bool known(uint8_t type)
{
	switch (type & 0xf0) {
	case COTP_CR: case COTP_CC: case COTP_DR: case COTP_DC: case COTP_DT: case 0x70: case 0x60: case 0x10: case 0x20:
		return true;
	default:
		return false;
	}
}

int64_t tpkt_size(const void *state, enum gw_dir dir, const uint8_t *head, size_t have)
{
	size_t size = (size_t)head[2] << 8 | head[3];

	(void)state;
	(void)dir;
	(void)have;
	return head[0] == TPKT_VERSION && head[1] == 0 && size >= 7 && head[4] >= 2 && (size_t)head[4] + 5 <= size && known(head[5]) ? (int64_t)size : 0;
}

bool tpkt_sound(const void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	(void)state;
	(void)dir;
	return size >= 7 && ((data[5] & 0xf0) != COTP_DT || data[4] == 2);
}

int tpkt_begin(struct tpkt *tpkt, const struct pdu_kind *kind, const struct gw_turn *turn)
{
	tpkt->part[0] = tpkt->part[1] = SK_BUF(TPKT_DATA_MAX);
	return pdu_begin(&tpkt->stream, kind, turn);
}

void tpkt_end(void *state)
{
	struct tpkt *tpkt = state;

	sk_buf_done(&tpkt->part[0]);
	sk_buf_done(&tpkt->part[1]);
	pdu_end(state);
}

void tpkt_take(struct tpkt *tpkt, const struct pdu *pdu, struct tpkt_unit *ret_unit)
{
	struct sk_buf *part = &tpkt->part[pdu->dir];
	bool *bent = &tpkt->bent[pdu->dir];
	struct sk_cursor c;
	size_t length;
	bool last;

	sk_cursor_init(&c, pdu->data, pdu->size);
	sk_get_bytes(&c, 4);
	length = sk_get_u8(&c);
	*ret_unit = (struct tpkt_unit){.type = sk_get_u8(&c) & 0xf0, .torn = pdu->torn};
	if (ret_unit->type != COTP_DT || c.bad)
		return;
	last = sk_get_u8(&c) & LAST_UNIT;
	sk_get_bytes(&c, length - 2);
	if (c.bad)
		return;
	*bent |= pdu->torn;
	if (last && part->size == 0) {
		ret_unit->data = c.data + c.at;
		ret_unit->size = sk_cursor_left(&c);
		ret_unit->torn = *bent;
		*bent = false;
		return;
	}
	if (sk_buf_append(part, c.data + c.at, SK_MIN(sk_cursor_left(&c), TPKT_DATA_MAX - part->size)) != 0 || part->size == TPKT_DATA_MAX)
		*bent = true;
	if (!last)
		return;
	ret_unit->data = (const uint8_t *)part->data;
	ret_unit->size = part->size;
	ret_unit->torn = *bent;
	part->size = 0;
	*bent = false;
}

enum gw_guess tpkt_guess(const uint8_t *data, size_t size, bool (*knows)(const uint8_t *data, size_t size))
{
	while (size >= TPKT_HEAD + 1) {
		int64_t unit = tpkt_size(NULL, GW_TO_SERVER, data, size);

		if (!unit)
			return GW_NO;
		if ((data[5] & 0xf0) == COTP_DT) {
			size_t have = SK_MIN((size_t)unit, size), head = 5 + (size_t)data[4];

			if ((size_t)unit > size && (size < TPKT_HEAD + 8 || size < head))
				return GW_MORE;
			return knows(data + head, have - head) ? GW_YES : data[6] & LAST_UNIT ? GW_NO : GW_MORE;
		}
		if ((size_t)unit >= size)
			return GW_MORE;
		data += unit;
		size -= (size_t)unit;
	}
	return size == 0 || data[0] == TPKT_VERSION ? GW_MORE : GW_NO;
}

const char *tpkt_name(uint8_t type)
{
	return type == COTP_CR || type == COTP_CC ? "connect" : type == COTP_DR || type == COTP_DC ? "disconnect" : NULL;
}
