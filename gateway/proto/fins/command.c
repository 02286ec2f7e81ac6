// SPDX-License-Identifier: GPL-3.0-or-later
/* FINS commands by their two bytes, and what they touch: memory areas as ranges of words, and the values that are written. Owns nothing. */
#include "proto/fins/fins.h"

#include "base/mem.h"

enum { TEXT = 20 };

const struct pdu_row fins_rows[] = {
	{0x0101, "memory-read", GW_ACT_READ}, {0x0102, "memory-write", GW_ACT_WRITE}, {0x0103, "memory-fill", GW_ACT_WRITE}, {0x0104, "memory-read-multiple", GW_ACT_READ},
	{0x0105, "memory-transfer", GW_ACT_WRITE}, {0x0201, "parameter-read", GW_ACT_ENGINEER}, {0x0202, "parameter-write", GW_ACT_ENGINEER},
	{0x0203, "parameter-clear", GW_ACT_ENGINEER}, {0x0220, "data-link-read", GW_ACT_ENGINEER}, {0x0221, "data-link-write", GW_ACT_ENGINEER},
	{0x0304, "program-protect", GW_ACT_ENGINEER}, {0x0305, "program-protect-clear", GW_ACT_ENGINEER}, {0x0306, "program-read", GW_ACT_ENGINEER},
	{0x0307, "program-write", GW_ACT_ENGINEER}, {0x0308, "program-clear", GW_ACT_ENGINEER}, {0x0401, "run", GW_ACT_ENGINEER}, {0x0402, "stop", GW_ACT_ENGINEER},
	{0x0403, "reset", GW_ACT_ENGINEER}, {0x0501, "controller-data-read", GW_ACT_READ}, {0x0502, "connection-data-read", GW_ACT_READ}, {0x0601, "status-read", GW_ACT_READ},
	{0x0602, "network-status-read", GW_ACT_READ}, {0x0603, "data-link-status-read", GW_ACT_READ}, {0x0620, "cycle-time-read", GW_ACT_READ},
	{0x0701, "clock-read", GW_ACT_READ}, {0x0702, "clock-write", GW_ACT_WRITE}, {0x0801, "loopback-test", GW_ACT_SESSION}, {0x0802, "broadcast-results-read", GW_ACT_READ},
	{0x0803, "broadcast-test", GW_ACT_SESSION}, {0x0920, "message-read", GW_ACT_READ}, {0x0c01, "access-right-acquire", GW_ACT_ENGINEER},
	{0x0c02, "access-right-force", GW_ACT_ENGINEER}, {0x0c03, "access-right-release", GW_ACT_ENGINEER}, {0x2101, "error-clear", GW_ACT_CONTROL},
	{0x2102, "error-log-read", GW_ACT_READ}, {0x2103, "error-log-clear", GW_ACT_WRITE}, {0x2140, "write-access-log-read", GW_ACT_READ},
	{0x2141, "write-access-log-clear", GW_ACT_WRITE}, {0x2201, "file-name-read", GW_ACT_ENGINEER}, {0x2202, "file-read", GW_ACT_ENGINEER},
	{0x2203, "file-write", GW_ACT_ENGINEER}, {0x2204, "file-format", GW_ACT_ENGINEER}, {0x2205, "file-delete", GW_ACT_ENGINEER}, {0x2206, "volume-label", GW_ACT_ENGINEER},
	{0x2207, "file-copy", GW_ACT_ENGINEER}, {0x2208, "file-rename", GW_ACT_ENGINEER}, {0x2209, "file-check", GW_ACT_ENGINEER}, {0x220a, "file-memory-transfer", GW_ACT_ENGINEER},
	{0x220b, "file-parameter-transfer", GW_ACT_ENGINEER}, {0x220c, "file-program-transfer", GW_ACT_ENGINEER}, {0x2215, "directory-change", GW_ACT_ENGINEER},
	{0x2301, "force", GW_ACT_CONTROL}, {0x2302, "force-cancel", GW_ACT_CONTROL}, {0x230a, "force-status-read", GW_ACT_READ}, {0, NULL, 0}};

enum shape { WORD, BIT, FLAG };
static const struct area {
	uint8_t code;
	const char *name;
	enum shape shape;
} areas[] = {
	{0x30, "CIO", BIT}, {0x31, "W", BIT}, {0x32, "H", BIT}, {0x33, "A", BIT}, {0xb0, "CIO", WORD}, {0xb1, "W", WORD}, {0xb2, "H", WORD}, {0xb3, "A", WORD}, {0x00, "CIO", BIT},
	{0x80, "CIO", WORD}, {0x09, "T", FLAG}, {0x89, "T", WORD}, {0x01, "T", FLAG}, {0x81, "T", WORD}, {0x02, "D", BIT}, {0x82, "D", WORD}, {0x98, "E", WORD}, {0x0a, "E", BIT},
	{0x06, "TK", FLAG}, {0x46, "TK", FLAG}, {0xdc, "IR", WORD}, {0xbc, "DR", WORD}};

static bool find_area(uint8_t code, struct area *ret_area, unsigned *ret_bank)
{
	*ret_bank = 0;
	for (size_t i = 0; i < SK_ARRAY_SIZE(areas); i++)
		if (areas[i].code == code) {
			*ret_area = areas[i];
			return true;
		}
	*ret_area = (struct area){code, "E", (code & 0x80) ? WORD : BIT};
	*ret_bank = (code & 0x0f) + ((code & 0x70) == 0x60 || (code & 0x70) == 0x70 ? 16 : 0);
	/* Banks of extended data memory: words A0 to AF and 60 to 68, bits 20 to 2F and E0 to E8. */
	if ((code >= 0x60 && code <= 0x68) || (code >= 0xe0 && code <= 0xe8))
		ret_area->shape = code < 0x80 ? WORD : BIT;
	else if (!(code >= 0xa0 && code <= 0xaf) && !(code >= 0x20 && code <= 0x2f))
		return false;
	return true;
}

/* Area, word, bit. Tells the words that `count` elements from there lie in. */
static bool put_place(struct pdu_told *told, struct sk_cursor *c, unsigned count, struct area *ret_area)
{
	uint8_t code = sk_get_u8(c);
	unsigned word = sk_get_u16(c), bit = sk_get_u8(c), bank;

	if (c->bad || !find_area(code, ret_area, &bank)) {
		sk_cursor_fail(c);
		return false;
	}
	if (ret_area->name[0] == 'E' && code != 0x98 && code != 0x0a)
		pdu_put_text(told, FINS_AREA, "E%X", bank);
	else
		pdu_put_text(told, FINS_AREA, "%s", ret_area->name);
	pdu_put_range(told, FINS_ADDRESS, word, ret_area->shape == BIT && count ? (bit + (uint64_t)count - 1) / 16 + 1 : count);
	if (ret_area->shape == BIT)
		pdu_put_range(told, FINS_BIT, bit, count);
	return true;
}

/* The count stands behind the place. */
static unsigned put_span(struct pdu_told *told, struct sk_cursor *c, struct area *ret_area)
{
	struct sk_cursor ahead = *c;
	unsigned count;

	sk_get_u32(&ahead);
	count = sk_get_u16(&ahead);
	if (!put_place(told, c, count, ret_area))
		return 0;
	sk_get_u16(c);
	return count;
}

static void put_values(struct pdu_told *told, struct sk_cursor *c, const struct area *area, unsigned count)
{
	for (unsigned i = 0; i < count && !c->bad; i++) {
		if (area->shape == WORD)
			pdu_put(told, FINS_VALUE, sk_get_u16(c));
		else
			pdu_put_once(told, FINS_VALUE, sk_get_u8(c) & 1);
	}
}

/* Set, reset, force or release of bits. */
static void put_forced(struct pdu_told *told, struct sk_cursor *c)
{
	unsigned count = sk_get_u16(c);
	struct area area;

	for (unsigned i = 0; i < count && !c->bad; i++) {
		pdu_put_once(told, FINS_VALUE, sk_get_u16(c) & 1);
		(void)put_place(told, c, 1, &area);
	}
}

static void transfer(struct pdu_told *told, struct sk_cursor *c)
{
	struct sk_cursor ahead = *c;
	struct area area;
	unsigned count;

	sk_get_u64(&ahead);
	count = sk_get_u16(&ahead);
	(void)put_place(told, c, count, &area);
	(void)put_place(told, c, count, &area);
	sk_get_u16(c);
}

void fins_request(struct pdu_told *told, unsigned command, struct sk_cursor *c)
{
	struct area area;
	unsigned count;

	switch (command) {
	case 0x0101: case 0x0102: case 0x0103:
		count = put_span(told, c, &area);
		if (command != 0x0101 && !c->bad)
			put_values(told, c, &area, command == 0x0103 ? 1 : count);
		break;
	case 0x0104:
		while (sk_cursor_left(c) && put_place(told, c, 1, &area))
			;
		break;
	case 0x0105:
		transfer(told, c);
		break;
	case 0x2301:
		put_forced(told, c);
		break;
	default:
		return;
	}
	told->partial |= c->bad || sk_cursor_left(c);
}

void fins_answer(struct pdu_told *told, unsigned command, struct sk_cursor *c)
{
	if (command != 0x0501 || sk_cursor_left(c) < 2 * TEXT)
		return;
	pdu_put_trimmed(told, FINS_PRODUCT, sk_get_bytes(c, TEXT), TEXT);
	pdu_put_trimmed(told, FINS_REVISION, sk_get_bytes(c, TEXT), TEXT);
}
