// SPDX-License-Identifier: GPL-3.0-or-later
/* OPC UA's built-in types in their binary encoding (OPC 10000-6, 5.2.2). Owns nothing. */
#include <string.h>

#include "base/mem.h"
#include "proto/opcua/opcua.h"

enum { BOOLEAN = 1, SBYTE, BYTE, INT16, UINT16, INT32, UINT32, INT64, UINT64, FLOAT, DOUBLE, STRING, DATE_TIME, GUID, BYTES, XML, NODE, EXPANDED_NODE, STATUS, QUALIFIED,
	LOCALIZED, EXTENSION, DATA_VALUE, VARIANT };
enum { ARRAY = 0x80, DIMENSIONS = 0x40, HAS_URI = 0x80, HAS_SERVER = 0x40 };

uint64_t ua_u64(struct sk_cursor *c)
{
	uint64_t low = sk_get_u32_le(c);

	return low | (uint64_t)sk_get_u32_le(c) << 32;
}

const uint8_t *ua_string(struct sk_cursor *c, size_t *ret_size)
{
	int32_t size = (int32_t)sk_get_u32_le(c);

	*ret_size = 0;
	if (size < 0 || c->bad)
		return NULL;
	*ret_size = (size_t)size;
	return sk_get_bytes(c, (size_t)size);
}

void ua_skip_string(struct sk_cursor *c)
{
	size_t size;

	(void)ua_string(c, &size);
}

static void put_text_node(struct pdu_told *told, int def, struct sk_cursor *c, unsigned space, bool readable)
{
	size_t size;
	const uint8_t *text = ua_string(c, &size);

	if (def < 0 || c->bad)
		return;
	if (readable && text && size < 256)
		pdu_put_text(told, (unsigned)def, "ns=%u;s=%.*s", space, (int)size, (const char *)text);
	else
		told->partial = true;
}

static uint32_t put_number_node(struct pdu_told *told, int def, unsigned space, uint32_t id)
{
	if (def >= 0 && space)
		pdu_put_text(told, (unsigned)def, "ns=%u;i=%u", space, (unsigned)id);
	else if (def >= 0)
		pdu_put_text(told, (unsigned)def, "i=%u", (unsigned)id);
	return space ? 0 : id;
}

uint32_t ua_node(struct pdu_told *told, int def, struct sk_cursor *c)
{
	uint8_t kind = sk_get_u8(c);
	unsigned space = kind == 0 ? 0 : kind == 1 ? sk_get_u8(c) : sk_get_u16_le(c);

	switch (kind) {
	case 0:
		return put_number_node(told, def, 0, sk_get_u8(c));
	case 1:
		return put_number_node(told, def, space, sk_get_u16_le(c));
	case 2:
		return put_number_node(told, def, space, sk_get_u32_le(c));
	case 3: case 5:
		put_text_node(told, def, c, space, kind == 3);
		return 0;
	case 4:
		sk_get_bytes(c, 16);
		if (def >= 0)
			told->partial = true;
		return 0;
	default:
		sk_cursor_fail(c);
		return 0;
	}
}

static void skip_expanded(struct sk_cursor *c)
{
	struct sk_cursor ahead = *c;
	uint8_t kind = sk_get_u8(&ahead);
	uint8_t plain = kind & 0x3f;

	sk_get_u8(c);
	switch (plain) {
	case 0:
		sk_get_u8(c);
		break;
	case 1:
		sk_get_bytes(c, 3);
		break;
	case 2:
		sk_get_bytes(c, 6);
		break;
	case 3: case 5:
		sk_get_u16(c);
		ua_skip_string(c);
		break;
	case 4:
		sk_get_bytes(c, 18);
		break;
	default:
		sk_cursor_fail(c);
	}
	if (kind & HAS_URI)
		ua_skip_string(c);
	if (kind & HAS_SERVER)
		sk_get_u32(c);
}

void ua_skip_extension(struct sk_cursor *c)
{
	uint8_t encoding;

	skip_expanded(c);
	encoding = sk_get_u8(c);
	if (encoding == 1 || encoding == 2)
		ua_skip_string(c);
	else if (encoding)
		sk_cursor_fail(c);
}

static int64_t whole(double value)
{
	if (!(value > -1e18 && value < 1e18))
		return value > 0 ? INT64_MAX : INT64_MIN;
	return (int64_t)value - (value < (double)(int64_t)value);
}

static int64_t real(uint64_t bits, size_t size)
{
	uint32_t low = (uint32_t)bits;
	float single;
	double twice;

	memcpy(&single, &low, sizeof single);
	memcpy(&twice, &bits, sizeof twice);
	return whole(size == 4 ? (double)single : twice);
}

/* A number of a built-in type; false: it is none. */
static bool number(unsigned type, struct sk_cursor *c, int64_t *ret_value)
{
	switch (type) {
	case BOOLEAN: case BYTE:
		*ret_value = sk_get_u8(c);
		return true;
	case SBYTE:
		*ret_value = (int8_t)sk_get_u8(c);
		return true;
	case INT16:
		*ret_value = (int16_t)sk_get_u16_le(c);
		return true;
	case UINT16:
		*ret_value = sk_get_u16_le(c);
		return true;
	case INT32:
		*ret_value = (int32_t)sk_get_u32_le(c);
		return true;
	case UINT32: case STATUS:
		*ret_value = sk_get_u32_le(c);
		return true;
	case INT64:
		*ret_value = (int64_t)ua_u64(c);
		return true;
	case UINT64:
		*ret_value = (int64_t)SK_MIN(ua_u64(c), (uint64_t)INT64_MAX);
		return true;
	case FLOAT:
		*ret_value = real(sk_get_u32_le(c), 4);
		return true;
	case DOUBLE:
		*ret_value = real(ua_u64(c), 8);
		return true;
	default:
		return false;
	}
}

static void skip_localized(struct sk_cursor *c)
{
	uint8_t mask = sk_get_u8(c);

	if (mask & 1)
		ua_skip_string(c);
	if (mask & 2)
		ua_skip_string(c);
}

static void skip_other(struct pdu_told *told, unsigned type, struct sk_cursor *c, int depth)
{
	switch (type) {
	case DATE_TIME:
		ua_u64(c);
		break;
	case GUID:
		sk_get_bytes(c, 16);
		break;
	case STRING: case BYTES: case XML:
		ua_skip_string(c);
		break;
	case NODE: case EXPANDED_NODE:
		skip_expanded(c);
		break;
	case QUALIFIED:
		sk_get_u16(c);
		ua_skip_string(c);
		break;
	case LOCALIZED:
		skip_localized(c);
		break;
	case EXTENSION:
		ua_skip_extension(c);
		break;
	case DATA_VALUE:
		ua_data_value(told, false, c, depth + 1);
		break;
	case VARIANT:
		ua_variant(told, false, c, depth + 1);
		break;
	default:
		sk_cursor_fail(c);
	}
}

static void element(struct pdu_told *told, unsigned type, bool put, struct sk_cursor *c, int depth)
{
	int64_t value;
	size_t size;
	const uint8_t *text;

	if (number(type, c, &value)) {
		if (put && !c->bad)
			pdu_put_int(told, UA_VALUE, value);
		return;
	}
	if (type == STRING && put) {
		text = ua_string(c, &size);
		pdu_put_bytes(told, UA_TEXT, text, size);
		return;
	}
	told->partial |= put && type != DATE_TIME;
	skip_other(told, type, c, depth);
}

void ua_variant(struct pdu_told *told, bool put, struct sk_cursor *c, int depth)
{
	uint8_t mask = sk_get_u8(c);
	unsigned type = mask & 0x3f;
	int32_t count = 1;

	if (depth > UA_DEPTH || (!type && mask)) {
		sk_cursor_fail(c);
		return;
	}
	if (!type)
		return;
	if (mask & ARRAY)
		count = (int32_t)sk_get_u32_le(c);
	for (int32_t i = 0; i < count && !c->bad; i++)
		element(told, type, put, c, depth);
	if (mask & DIMENSIONS) {
		count = (int32_t)sk_get_u32_le(c);
		sk_get_bytes(c, count > 0 ? 4 * (size_t)count : 0);
	}
}

void ua_data_value(struct pdu_told *told, bool put, struct sk_cursor *c, int depth)
{
	uint8_t mask = sk_get_u8(c);

	if (depth > UA_DEPTH) {
		sk_cursor_fail(c);
		return;
	}
	if (mask & 1)
		ua_variant(told, put, c, depth + 1);
	if (mask & 2)
		sk_get_u32(c);
	if (mask & 4)
		sk_get_u64(c);
	if (mask & 0x10)
		sk_get_u16(c);
	if (mask & 8)
		sk_get_u64(c);
	if (mask & 0x20)
		sk_get_u16(c);
}
