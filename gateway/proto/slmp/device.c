// SPDX-License-Identifier: GPL-3.0-or-later
/* The devices that an SLMP command reads or writes, as ranges of their numbers, and the values that are written. Owns nothing. */
#include "proto/slmp/slmp.h"

#include "base/mem.h"

enum { BIT_UNITS = 1, LONG_DEVICES = 2, EXTENDED = 0x80 };
enum shape { WORDS, BITS };

static const struct device {
	const char *name;
	uint16_t code;
	enum shape shape;
	bool hex; /* its numbers are hexadecimal in ASCII */
} devices[] = {
	{"SM", 0x91, BITS, false}, {"SD", 0xa9, WORDS, false}, {"X", 0x9c, BITS, true}, {"Y", 0x9d, BITS, true}, {"M", 0x90, BITS, false}, {"L", 0x92, BITS, false},
	{"F", 0x93, BITS, false}, {"V", 0x94, BITS, false}, {"B", 0xa0, BITS, true}, {"D", 0xa8, WORDS, false}, {"W", 0xb4, WORDS, true}, {"TS", 0xc1, BITS, false},
	{"TC", 0xc0, BITS, false}, {"TN", 0xc2, WORDS, false}, {"SS", 0xc7, BITS, false}, {"SC", 0xc6, BITS, false}, {"SN", 0xc8, WORDS, false}, {"CS", 0xc4, BITS, false},
	{"CC", 0xc3, BITS, false}, {"CN", 0xc5, WORDS, false}, {"SB", 0xa1, BITS, true}, {"SW", 0xb5, WORDS, true}, {"DX", 0xa2, BITS, true}, {"DY", 0xa3, BITS, true},
	{"S", 0x98, BITS, false}, {"Z", 0xcc, WORDS, false}, {"LZ", 0x62, WORDS, false}, {"R", 0xaf, WORDS, false}, {"ZR", 0xb0, WORDS, false}, {"RD", 0x2c, WORDS, false},
	{"LTS", 0x51, BITS, false}, {"LTC", 0x50, BITS, false}, {"LTN", 0x52, WORDS, false}, {"LSTS", 0x59, BITS, false}, {"LSTC", 0x58, BITS, false},
	{"LSTN", 0x5a, WORDS, false}, {"LCS", 0x55, BITS, false}, {"LCC", 0x54, BITS, false}, {"LCN", 0x56, WORDS, false}};

static uint32_t digits(struct slmp_reader *in, size_t count, unsigned base)
{
	const uint8_t *text = sk_get_bytes(&in->c, count);
	uint32_t value = 0;

	for (size_t i = 0; text && i < count; i++) {
		unsigned digit = text[i] >= '0' && text[i] <= '9' ? (unsigned)text[i] - '0' : text[i] >= 'A' && text[i] <= 'F' ? (unsigned)text[i] - 'A' + 10 : base;

		if (digit >= base)
			sk_cursor_fail(&in->c);
		value = value * base + digit % base;
	}
	return value;
}

uint32_t slmp_number(struct slmp_reader *in, unsigned bytes)
{
	uint32_t value = 0;

	if (in->ascii)
		return digits(in, 2 * (size_t)bytes, 16);
	for (unsigned i = 0; i < bytes; i++)
		value |= (uint32_t)sk_get_u8(&in->c) << 8 * i;
	return value;
}

/* "D*", "TN", "LSTN": the name ends with its letters. */
static bool is_named(const struct device *device, const uint8_t *text, size_t size)
{
	size_t i = 0;

	while (i < size && device->name[i] && device->name[i] == (char)text[i])
		i++;
	return !device->name[i] && (i == size || text[i] == '*');
}

static const struct device *get_device(struct slmp_reader *in, unsigned subcommand, uint32_t *ret_number)
{
	bool wide = subcommand & LONG_DEVICES;
	const struct device *found = NULL;
	const uint8_t *text = in->ascii ? sk_get_bytes(&in->c, wide ? 4 : 2) : NULL;
	uint32_t number = in->ascii ? 0 : slmp_number(in, wide ? 4 : 3), code = in->ascii ? 0 : slmp_number(in, wide ? 2 : 1);

	for (size_t i = 0; i < SK_ARRAY_SIZE(devices) && !found; i++)
		if (in->ascii ? text && is_named(&devices[i], text, wide ? 4 : 2) : devices[i].code == code)
			found = &devices[i];
	if (!found)
		sk_cursor_fail(&in->c);
	*ret_number = in->ascii ? digits(in, wide ? 8 : 6, found && found->hex ? 16 : 10) : number;
	return in->c.bad ? NULL : found;
}

/* `points` of the command's units from a device on; a word holds sixteen of a device of bits. */
static const struct device *put_device(struct pdu_told *told, struct slmp_reader *in, unsigned subcommand, unsigned points)
{
	uint32_t number;
	const struct device *device = get_device(in, subcommand, &number);

	if (!device)
		return NULL;
	pdu_put_text(told, SLMP_DEVICE, "%s", device->name);
	pdu_put_range(told, SLMP_ADDRESS, number, device->shape == BITS && !(subcommand & BIT_UNITS) ? 16 * (uint64_t)points : points);
	return device;
}

/* The points stand behind the device they belong to. */
static unsigned put_block(struct pdu_told *told, struct slmp_reader *in, unsigned subcommand)
{
	struct slmp_reader ahead = *in;
	uint32_t number;
	unsigned points;

	(void)get_device(&ahead, subcommand, &number);
	points = slmp_number(&ahead, 2);
	(void)put_device(told, in, subcommand, points);
	slmp_number(in, 2);
	return points;
}

static void put_values(struct pdu_told *told, struct slmp_reader *in, unsigned count, unsigned bytes)
{
	for (unsigned i = 0; i < count && !in->c.bad; i++)
		pdu_put(told, SLMP_VALUE, slmp_number(in, bytes));
}

/* Two bits in a byte, one in a digit. */
static void put_bits(struct pdu_told *told, struct slmp_reader *in, unsigned count)
{
	for (unsigned i = 0; i < count && !in->c.bad; i++) {
		uint8_t byte = sk_get_u8(&in->c);

		pdu_put_once(told, SLMP_VALUE, in->ascii ? byte & 1 : byte >> 4 & 1);
		if (!in->ascii && ++i < count)
			pdu_put_once(told, SLMP_VALUE, byte & 1);
	}
}

static void batch(struct pdu_told *told, struct slmp_reader *in, unsigned subcommand, bool write)
{
	unsigned points = put_block(told, in, subcommand);

	if (write && subcommand & BIT_UNITS)
		put_bits(told, in, points);
	else if (write)
		put_values(told, in, points, 2);
}

static void at_random(struct pdu_told *told, struct slmp_reader *in, unsigned subcommand, bool write)
{
	unsigned single = slmp_number(in, 1), twice = subcommand & BIT_UNITS ? 0 : slmp_number(in, 1);
	unsigned bytes = subcommand & BIT_UNITS ? (subcommand & LONG_DEVICES ? 2 : 1) : 2;

	for (unsigned i = 0; i < single + twice && !in->c.bad; i++) {
		(void)put_device(told, in, subcommand, i < single ? 1 : 2);
		if (write)
			put_values(told, in, 1, i < single ? bytes : 4);
	}
}

static void blocks(struct pdu_told *told, struct slmp_reader *in, unsigned subcommand, bool write)
{
	unsigned count = slmp_number(in, 1);

	count += slmp_number(in, 1);
	for (unsigned i = 0; i < count && !in->c.bad; i++) {
		unsigned points = put_block(told, in, subcommand);

		if (write)
			put_values(told, in, points, 2);
	}
}

/* Memory of a module: bytes or words from an address on. */
static void memory(struct pdu_told *told, struct slmp_reader *in)
{
	uint32_t at = slmp_number(in, 4);

	pdu_put_text(told, SLMP_DEVICE, "memory");
	pdu_put_range(told, SLMP_ADDRESS, at, slmp_number(in, 2));
}

void slmp_touches(struct pdu_told *told, struct slmp_reader *in, unsigned command, unsigned subcommand)
{
	bool write = command & 0x1000;

	switch (command) {
	case 0x0401: case 0x1401: case 0x0403: case 0x1402: case 0x0801: case 0x0406: case 0x1406:
		if (subcommand & EXTENDED) {
			told->partial = true;
			return;
		}
		if (command == 0x0401 || command == 0x1401)
			batch(told, in, subcommand, write);
		else if (command == 0x0406 || command == 0x1406)
			blocks(told, in, subcommand, write);
		else
			at_random(told, in, subcommand, write);
		told->partial |= sk_cursor_left(&in->c) != 0;
		break;
	case 0x0613: case 0x1613: case 0x0601: case 0x1601:
		memory(told, in);
		break;
	case 0x041a: case 0x141a: case 0x041c: case 0x141b: /* labels are names that the controller alone resolves */
		told->partial = true;
		break;
	}
	told->partial |= in->c.bad;
}
