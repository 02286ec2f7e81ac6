// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * S7comm as S7-300 and S7-400 speak it: jobs and their answers with the areas, addresses and values that are read and written, blocks, PI services, and
 * the system status lists (SZL) that tell order number, firmware and serial number. No specification is public: this follows what devices send.
 */
#include <stdio.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "proto/s7/s7.h"

enum { JOB = 1, ACK = 2, ACK_DATA = 3, USERDATA = 7, READ = 4, WRITE = 5, REQUEST_DOWNLOAD = 0x1a, DOWNLOAD_ENDED = 0x1c, START_UPLOAD = 0x1d, PI = 0x28, STOP = 0x29,
	ITEMS_MAX = 40, SYNTAX_ANY = 0x10, SYNTAX_DB = 0xb0 };

static const struct pdu_row jobs[] = {
	{0x00, "cpu-services", GW_ACT_READ}, {0x04, "read-var", GW_ACT_READ}, {0x05, "write-var", GW_ACT_WRITE}, {0x1a, "request-download", GW_ACT_ENGINEER},
	{0x1b, "download-block", GW_ACT_ENGINEER}, {0x1c, "download-ended", GW_ACT_ENGINEER}, {0x1d, "start-upload", GW_ACT_ENGINEER}, {0x1e, "upload", GW_ACT_ENGINEER},
	{0x1f, "end-upload", GW_ACT_ENGINEER}, {0x28, "pi-service", GW_ACT_ENGINEER}, {0x29, "plc-stop", GW_ACT_ENGINEER}, {0xf0, "setup-communication", GW_ACT_SESSION},
	{0, NULL, 0}};
/* Group and subfunction of user data; 0xff: any of the group. */
static const struct pdu_row services[] = {
	{0x0301, "list-blocks", GW_ACT_READ}, {0x0302, "list-blocks-of-type", GW_ACT_READ}, {0x0303, "block-info", GW_ACT_READ}, {0x0401, "read-szl", GW_ACT_READ},
	{0x0402, "message-service", GW_ACT_READ}, {0x0701, "read-clock", GW_ACT_READ}, {0x0702, "set-clock", GW_ACT_WRITE}, {0x0703, "read-clock-following", GW_ACT_READ},
	{0x0704, "set-clock-following", GW_ACT_WRITE}, {0x00ff, "mode-transition", GW_ACT_REPORT}, {0x01ff, "programmer-command", GW_ACT_ENGINEER},
	{0x02ff, "cyclic-data", GW_ACT_READ}, {0x03ff, "block-function", GW_ACT_ENGINEER}, {0x04ff, "cpu-function", GW_ACT_READ}, {0x05ff, "security", GW_ACT_ENGINEER},
	{0x06ff, "block-send", GW_ACT_WRITE}, {0x07ff, "time-function", GW_ACT_WRITE}, {0x0fff, "nc-programming", GW_ACT_ENGINEER}, {0, NULL, 0}};

struct items {
	unsigned bits[ITEMS_MAX]; /* of each item's value, 0 = more than one value */
	unsigned count;
};

static void put_area(struct pdu_told *told, unsigned area, unsigned db)
{
	static const struct {
		unsigned code;
		const char *name;
	} names[] = {{0x81, "I"}, {0x82, "Q"}, {0x83, "M"}, {0x86, "L"}, {0x87, "V"}, {0x80, "P"}, {0x1c, "C"}, {0x1d, "T"}};

	if (area == 0x84 || area == 0x85) {
		pdu_put_text(told, S7_AREA, "%s%u", area == 0x84 ? "DB" : "DI", db);
		return;
	}
	for (size_t i = 0; i < SK_ARRAY_SIZE(names); i++)
		if (names[i].code == area) {
			pdu_put_text(told, S7_AREA, "%s", names[i].name);
			return;
		}
	pdu_put_text(told, S7_AREA, "area.%02x", area);
}

/* Bits of one element of a transport size; 0 = nobody knows. */
static unsigned element_bits(unsigned transport)
{
	switch (transport) {
	case 1:
		return 1;
	case 2: case 3:
		return 8;
	case 4: case 5: case 9: case 0x0c: case 0x1c: case 0x1d:
		return 16;
	case 6: case 7: case 8: case 0x0a: case 0x0b:
		return 32;
	case 0x0f:
		return 64;
	default:
		return 0;
	}
}

static void read_any(struct pdu_told *told, struct sk_cursor *c, struct items *items)
{
	unsigned transport = sk_get_u8(c), count = sk_get_u16(c), db = sk_get_u16(c), area = sk_get_u8(c), bits = element_bits(transport);
	uint64_t at = (uint64_t)sk_get_u8(c) << 16;

	at |= sk_get_u16(c);
	if (!bits)
		told->partial = true;
	put_area(told, area, db);
	if (area == 0x1c || area == 0x1d)
		pdu_put_range(told, S7_ADDRESS, at, count);
	else
		pdu_put_range(told, S7_ADDRESS, at / 8, ((uint64_t)count * bits + at % 8 + 7) / 8);
	if (items->count < ITEMS_MAX)
		items->bits[items->count] = count == 1 ? bits : 0;
}

static void read_db(struct pdu_told *told, struct sk_cursor *c, struct items *items)
{
	for (unsigned n = sk_get_u8(c); n && !c->bad; n--) {
		unsigned size = sk_get_u8(c), db = sk_get_u16(c), at = sk_get_u16(c);

		put_area(told, 0x84, db);
		pdu_put_range(told, S7_ADDRESS, at, size);
	}
	if (items->count < ITEMS_MAX)
		items->bits[items->count] = 0;
}

static void read_items(struct pdu_told *told, struct sk_cursor *c, struct items *items)
{
	for (unsigned n = sk_get_u8(c); n && !c->bad; n--) {
		struct sk_cursor item;
		unsigned syntax;

		if (sk_get_u8(c) != 0x12)
			sk_cursor_fail(c);
		item = sk_get_window(c, sk_get_u8(c));
		syntax = sk_get_u8(&item);
		if (syntax == SYNTAX_ANY)
			read_any(told, &item, items);
		else if (syntax == SYNTAX_DB)
			read_db(told, &item, items);
		else
			told->partial = true;
		c->bad |= item.bad;
		items->count++;
		if (sk_cursor_left(c) && n > 1 && c->data[c->at] == 0) /* a fill byte after an odd length */
			sk_get_u8(c);
	}
}

static void read_values(struct pdu_told *told, struct sk_cursor *c, const struct items *items)
{
	for (unsigned i = 0; i < items->count && !c->bad; i++) {
		unsigned transport, length;
		const uint8_t *data;
		uint64_t value = 0;

		sk_get_u8(c);
		transport = sk_get_u8(c);
		length = sk_get_u16(c);
		if (transport >= 3 && transport <= 5)
			length = (length + 7) / 8;
		data = sk_get_bytes(c, length);
		if (length % 2 && i + 1 < items->count)
			sk_get_u8(c);
		if (!data || i >= ITEMS_MAX || items->bits[i] == 0 || length > 8 || length == 0)
			continue;
		for (unsigned b = 0; b < length; b++)
			value = value << 8 | data[b];
		pdu_put(told, S7_VALUE, value);
	}
	if (c->bad)
		told->partial = true;
}

static void read_job(struct pdu_told *told, unsigned function, struct sk_cursor *c, struct sk_cursor *data)
{
	struct items items = {.count = 0};

	switch (function) {
	case READ: case WRITE:
		read_items(told, c, &items);
		if (function == WRITE)
			read_values(told, data, &items);
		break;
	case REQUEST_DOWNLOAD: case REQUEST_DOWNLOAD + 1: case DOWNLOAD_ENDED: case START_UPLOAD: {
		size_t size;

		sk_get_bytes(c, 7);
		size = sk_get_u8(c);
		pdu_put_trimmed(told, S7_BLOCK, sk_get_bytes(c, size), size);
		break;
	}
	case PI: {
		size_t size;

		sk_get_bytes(c, 7);
		size = sk_get_u16(c);
		pdu_put_trimmed(told, S7_BLOCK, sk_get_bytes(c, size), size);
		size = sk_get_u8(c);
		pdu_put_trimmed(told, S7_SERVICE, sk_get_bytes(c, size), size);
		break;
	}
	case STOP: {
		size_t size;

		sk_get_bytes(c, 5);
		size = sk_get_u8(c);
		pdu_put_trimmed(told, S7_SERVICE, sk_get_bytes(c, size), size);
		break;
	}
	}
}

/* SZL 0x0011 has order numbers and firmware, 0x001c names and the serial number. */
static void read_szl(struct pdu_told *told, struct sk_cursor *c, bool answer)
{
	unsigned list, width, count;

	sk_get_bytes(c, 4);
	list = sk_get_u16(c);
	sk_get_u16(c);
	if (c->bad)
		return;
	pdu_put(told, S7_SZL, list);
	if (!answer)
		return;
	width = sk_get_u16(c);
	count = sk_get_u16(c);
	for (unsigned i = 0; i < count && !c->bad; i++) {
		struct sk_cursor entry = sk_get_window(c, width);
		unsigned index = sk_get_u16(&entry);

		if ((list & 0xff) == 0x11 && width >= 28) {
			if (index == 1)
				pdu_put_trimmed(told, S7_PRODUCT, entry.data + entry.at, 20);
			sk_get_bytes(&entry, 23);
			if (index == 7 && sk_cursor_left(&entry) >= 3)
				pdu_put_text(told, S7_REVISION, "V%u.%u.%u", entry.data[entry.at], entry.data[entry.at + 1], entry.data[entry.at + 2]);
		} else if ((list & 0xff) == 0x1c && width >= 26 && !entry.bad) {
			if (index == 5)
				pdu_put_trimmed(told, S7_SERIAL, entry.data + entry.at, 24);
			if (index == 2)
				pdu_put_trimmed(told, S7_NAME, entry.data + entry.at, 24);
		}
	}
}

static bool read_userdata(struct pdu_told *told, struct sk_cursor *c, struct sk_cursor *data)
{
	unsigned head = sk_get_u8(c) << 16, kind, sub;
	const struct pdu_row *row;

	head |= sk_get_u16(c);
	sk_get_u8(c);
	sk_get_u8(c);
	kind = sk_get_u8(c);
	sub = sk_get_u8(c);
	if (c->bad || head != 0x000112)
		return false;
	row = pdu_row_find(services, (kind & 15) << 8 | sub);
	if (!row)
		row = pdu_row_find(services, (kind & 15) << 8 | 0xff);
	snprintf(told->name, sizeof told->name, "%s", row ? row->name : "userdata");
	told->act = row ? row->act : GW_ACT_ENGINEER;
	told->request = kind >> 4 == 4;
	if (kind >> 4 == 0 && told->from == GW_ROLE_EQUIPMENT)
		told->act = GW_ACT_REPORT;
	pdu_put(told, S7_FUNCTION, (kind & 15) << 8 | sub);
	if ((kind & 15) == 4 && sub == 1 && sk_cursor_left(data) >= 8)
		read_szl(told, data, kind >> 4 == 8);
	return true;
}

bool s7_classic(struct pdu_told *told, const struct pdu *pdu, const uint8_t *bytes, size_t size)
{
	struct sk_cursor c, parameters, data;
	unsigned type, function, parameter_size, data_size;
	const struct pdu_row *row;

	sk_cursor_init(&c, bytes, size);
	sk_get_u8(&c);
	type = sk_get_u8(&c);
	sk_get_u16(&c);
	told->id = 1u + sk_get_u16(&c);
	parameter_size = sk_get_u16(&c);
	data_size = sk_get_u16(&c);
	pdu_put(told, S7_ROSCTR, type);
	if (type == ACK || type == ACK_DATA)
		pdu_put(told, S7_ERROR, sk_get_u16(&c));
	parameters = sk_get_window(&c, parameter_size);
	data = sk_get_window(&c, data_size);
	if (c.bad)
		told->partial = true;
	if (type == USERDATA)
		return read_userdata(told, &parameters, &data) || told->partial;
	if (type != JOB && type != ACK && type != ACK_DATA)
		return false;
	if (type == ACK && parameter_size == 0) {
		snprintf(told->name, sizeof told->name, "ack");
		told->act = GW_ACT_SESSION;
		return true;
	}
	function = sk_get_u8(&parameters);
	row = pdu_row_find(jobs, function);
	snprintf(told->name, sizeof told->name, "%s", row ? row->name : "function");
	told->act = row ? row->act : GW_ACT_ENGINEER;
	/* Of a download the device asks for the blocks: that answers to what was let pass. */
	told->request = type == JOB && pdu->dir == GW_TO_SERVER;
	pdu_put(told, S7_FUNCTION, function);
	if (type == JOB)
		read_job(told, function, &parameters, &data);
	if (parameters.bad)
		told->partial = true;
	return true;
}
