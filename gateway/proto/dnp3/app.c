// SPDX-License-Identifier: GPL-3.0-or-later
/* DNP3's application layer (IEEE 1815 clauses 4 and 11): function, objects with their indexes, and what commands ask for. */
#include <stdio.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "proto/dnp3/dnp3.h"

enum { RESPONSE = 129, UNSOLICITED = 130, BIT = 250, TWO_BITS = 251 };

static const struct pdu_row functions[] = {
	{0, "confirm", GW_ACT_SESSION}, {1, "read", GW_ACT_READ}, {2, "write", GW_ACT_WRITE}, {3, "select", GW_ACT_CONTROL}, {4, "operate", GW_ACT_CONTROL},
	{5, "direct-operate", GW_ACT_CONTROL}, {6, "direct-operate-no-ack", GW_ACT_CONTROL}, {7, "freeze", GW_ACT_WRITE}, {8, "freeze-no-ack", GW_ACT_WRITE},
	{9, "freeze-clear", GW_ACT_WRITE}, {10, "freeze-clear-no-ack", GW_ACT_WRITE}, {11, "freeze-at-time", GW_ACT_WRITE}, {12, "freeze-at-time-no-ack", GW_ACT_WRITE},
	{13, "cold-restart", GW_ACT_ENGINEER}, {14, "warm-restart", GW_ACT_ENGINEER}, {15, "initialize-data", GW_ACT_ENGINEER},
	{16, "initialize-application", GW_ACT_ENGINEER}, {17, "start-application", GW_ACT_ENGINEER}, {18, "stop-application", GW_ACT_ENGINEER},
	{19, "save-configuration", GW_ACT_ENGINEER}, {20, "enable-unsolicited", GW_ACT_WRITE}, {21, "disable-unsolicited", GW_ACT_WRITE},
	{22, "assign-class", GW_ACT_WRITE}, {23, "delay-measure", GW_ACT_READ}, {24, "record-time", GW_ACT_WRITE}, {25, "open-file", GW_ACT_ENGINEER},
	{26, "close-file", GW_ACT_ENGINEER}, {27, "delete-file", GW_ACT_ENGINEER}, {28, "get-file-info", GW_ACT_READ}, {29, "authenticate-file", GW_ACT_ENGINEER},
	{30, "abort-file", GW_ACT_ENGINEER}, {31, "activate-configuration", GW_ACT_ENGINEER}, {32, "authentication-request", GW_ACT_SESSION},
	{33, "authentication-request-no-ack", GW_ACT_SESSION}, {RESPONSE, "response", GW_ACT_READ}, {UNSOLICITED, "unsolicited-response", GW_ACT_REPORT},
	{131, "authentication-response", GW_ACT_SESSION}, {0, NULL, 0}};

/* Bytes of one object by group and variation. */
static const struct {
	uint8_t group, variation, size;
} sizes[] = {{1, 1, BIT}, {1, 2, 1}, {2, 1, 1}, {2, 2, 7}, {2, 3, 3}, {3, 1, TWO_BITS}, {3, 2, 1}, {4, 1, 1}, {4, 2, 7}, {4, 3, 3}, {10, 1, BIT}, {10, 2, 1}, {11, 1, 1},
	{11, 2, 7}, {12, 1, 11}, {12, 2, 11}, {12, 3, BIT}, {13, 1, 1}, {13, 2, 7}, {20, 1, 5}, {20, 2, 3}, {20, 5, 4}, {20, 6, 2}, {21, 1, 5}, {21, 2, 3}, {21, 5, 11},
	{21, 6, 9}, {21, 9, 4}, {21, 10, 2}, {22, 1, 5}, {22, 2, 3}, {22, 5, 11}, {22, 6, 9}, {23, 1, 5}, {23, 2, 3}, {23, 5, 11}, {23, 6, 9}, {30, 1, 5}, {30, 2, 3},
	{30, 3, 4}, {30, 4, 2}, {30, 5, 5}, {30, 6, 9}, {31, 1, 5}, {31, 2, 3}, {32, 1, 5}, {32, 2, 3}, {32, 3, 11}, {32, 4, 9}, {32, 5, 5}, {32, 6, 9}, {32, 7, 11},
	{32, 8, 15}, {34, 1, 2}, {34, 2, 4}, {34, 3, 4}, {40, 1, 5}, {40, 2, 3}, {40, 3, 5}, {40, 4, 9}, {41, 1, 5}, {41, 2, 3}, {41, 3, 5}, {41, 4, 9}, {42, 1, 5},
	{42, 2, 3}, {42, 3, 11}, {42, 4, 9}, {42, 5, 5}, {42, 6, 9}, {42, 7, 11}, {42, 8, 15}, {43, 1, 5}, {43, 2, 3}, {50, 1, 6}, {50, 2, 10}, {50, 3, 6}, {50, 4, 11},
	{51, 1, 6}, {51, 2, 6}, {52, 1, 2}, {52, 2, 2}, {80, 1, BIT}};

/* -1: nobody knows. */
static int size_of(unsigned group, unsigned variation)
{
	if (group == 110 || group == 111)
		return (int)variation;
	if (group == 60)
		return 0;
	for (size_t i = 0; i < SK_ARRAY_SIZE(sizes); i++)
		if (sizes[i].group == group && sizes[i].variation == variation)
			return sizes[i].size;
	return -1;
}

static uint32_t number(struct sk_cursor *c, unsigned bytes)
{
	return bytes == 1 ? sk_get_u8(c) : bytes == 2 ? sk_get_u16_le(c) : bytes == 4 ? sk_get_u32_le(c) : 0;
}

static void put_command(struct pdu_told *told, unsigned group, unsigned variation, struct sk_cursor object)
{
	if (group == 12 && variation == 1)
		pdu_put(told, DNP3_CONTROL, sk_get_u8(&object));
	else if (group == 41 && variation == 1)
		pdu_put_int(told, DNP3_VALUE, (int32_t)sk_get_u32_le(&object));
	else if (group == 41 && variation == 2)
		pdu_put_int(told, DNP3_VALUE, (int16_t)sk_get_u16_le(&object));
}

struct header {
	unsigned group, variation, prefix;
	uint64_t count;
	bool data; /* objects follow */
	bool sized; /* each with its size before it */
};

static void read_object(struct pdu_told *told, const struct header *h, int size, struct sk_cursor *c)
{
	static const uint8_t widths[] = {0, 1, 2, 4, 1, 2, 4, 0};
	uint32_t prefix = number(c, widths[h->prefix & 7]);

	if (h->prefix >= 1 && h->prefix <= 3 && !c->bad)
		pdu_put_range(told, DNP3_INDEX, prefix, 1);
	if (!h->data)
		return;
	if (h->prefix >= 4)
		size = (int)SK_MIN(prefix, 65535u);
	put_command(told, h->group, h->variation, sk_get_window(c, (size_t)size));
}

static void read_list(struct pdu_told *told, const struct header *h, struct sk_cursor *c)
{
	int size = size_of(h->group, h->variation);

	if (h->data && h->prefix < 4 && (size < 0 || ((size == BIT || size == TWO_BITS) && h->prefix))) {
		sk_cursor_fail(c);
		return;
	}
	if (size == BIT || size == TWO_BITS) {
		if (h->data)
			sk_get_bytes(c, (size_t)((h->count * (size == BIT ? 1 : 2) + 7) / 8));
		return;
	}
	if (!h->prefix && !h->data)
		return;
	for (uint64_t i = 0; i < h->count && !c->bad; i++)
		read_object(told, h, size, c);
}

/* A range of indexes, a number of objects, or all. */
static void read_range(struct pdu_told *told, struct header *h, unsigned code, struct sk_cursor *c)
{
	unsigned width = code <= 2 ? 1u << code : code >= 7 && code <= 9 ? 1u << (code - 7) : code == 0x0b ? 1 : 0;
	uint64_t first;

	if (code <= 2) {
		first = number(c, width);
		h->count = number(c, width) + UINT64_C(1);
		if (h->count <= first)
			sk_cursor_fail(c);
		h->count -= c->bad ? h->count : first;
		pdu_put_range(told, DNP3_INDEX, first, h->count);
	} else if (width) {
		h->count = number(c, width);
	} else if (code != 6) {
		sk_cursor_fail(c);
	}
}

static bool carries_data(unsigned function, unsigned group)
{
	if (function == RESPONSE || function == UNSOLICITED || function == 131)
		return true;
	return (function >= 2 && function <= 6) || group == 50 || group == 51 || group == 70 || group == 120 || group == 85 || group == 86;
}

static void read_headers(struct pdu_told *told, unsigned function, struct sk_cursor *c)
{
	while (sk_cursor_left(c) && !c->bad) {
		struct header h = {.group = sk_get_u8(c)};
		unsigned qualifier;

		h.variation = sk_get_u8(c);
		qualifier = sk_get_u8(c);
		if (c->bad)
			break;
		pdu_put(told, DNP3_GROUP, h.group);
		pdu_put(told, DNP3_VARIATION, h.variation);
		h.prefix = qualifier >> 4 & 7;
		h.data = carries_data(function, h.group) && (qualifier & 15) != 6;
		read_range(told, &h, qualifier & 15, c);
		if (!c->bad)
			read_list(told, &h, c);
	}
	if (c->bad)
		told->partial = true;
}

void dnp3_application(struct pdu_told *told, const uint8_t *data, size_t size)
{
	struct sk_cursor c;
	unsigned control, function;
	const struct pdu_row *row;

	sk_cursor_init(&c, data, size);
	control = sk_get_u8(&c);
	function = sk_get_u8(&c);
	row = pdu_row_find(functions, function);
	snprintf(told->name, sizeof told->name, "%s", row ? row->name : "function");
	told->act = row ? row->act : GW_ACT_ENGINEER;
	told->request = function != 0 && function < RESPONSE;
	told->id = 1u + (control & 0x1f); /* sequence, and unsolicited or not */
	pdu_put(told, DNP3_FUNCTION, function);
	if (function >= RESPONSE)
		pdu_put(told, DNP3_IIN, sk_get_u16(&c));
	if (c.bad)
		told->partial = true;
	else
		read_headers(told, function, &c);
}
