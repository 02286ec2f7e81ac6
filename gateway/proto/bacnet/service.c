// SPDX-License-Identifier: GPL-3.0-or-later
/* BACnet's services, and the objects, properties and values that their requests name (ASHRAE 135, clause 20.2). Owns nothing. */
#include <string.h>

#include "base/mem.h"
#include "proto/bacnet/bacnet.h"

enum { TAG_BOOLEAN = 1, TAG_UNSIGNED, TAG_SIGNED, TAG_REAL, TAG_DOUBLE, TAG_ENUMERATED = 9, TAG_OBJECT = 12 };
enum { READ_FILE = 6, WRITE_FILE, ADD_LIST, REMOVE_LIST, CREATE, DELETE, READ_PROPERTY, READ_MULTIPLE = 14, WRITE_PROPERTY, WRITE_MULTIPLE, COMMUNICATION,
	REINITIALIZE = 20, READ_RANGE = 26, SUBSCRIBE = 5, SUBSCRIBE_PROPERTY = 28, I_AM = BAC_UNCONFIRMED };

const struct pdu_row bacnet_rows[] = {
	{0, "acknowledge-alarm", GW_ACT_WRITE}, {1, "cov-notification", GW_ACT_REPORT}, {2, "event-notification", GW_ACT_REPORT}, {3, "get-alarm-summary", GW_ACT_READ},
	{4, "get-enrollment-summary", GW_ACT_READ}, {5, "subscribe-cov", GW_ACT_READ}, {6, "read-file", GW_ACT_ENGINEER}, {7, "write-file", GW_ACT_ENGINEER},
	{8, "add-list-element", GW_ACT_WRITE}, {9, "remove-list-element", GW_ACT_WRITE}, {10, "create-object", GW_ACT_ENGINEER}, {11, "delete-object", GW_ACT_ENGINEER},
	{12, "read-property", GW_ACT_READ}, {13, "read-property-conditional", GW_ACT_READ}, {14, "read-property-multiple", GW_ACT_READ}, {15, "write-property", GW_ACT_WRITE},
	{16, "write-property-multiple", GW_ACT_WRITE}, {17, "device-communication-control", GW_ACT_ENGINEER}, {18, "private-transfer", GW_ACT_ENGINEER},
	{19, "text-message", GW_ACT_WRITE}, {20, "reinitialize-device", GW_ACT_ENGINEER}, {21, "vt-open", GW_ACT_ENGINEER}, {22, "vt-close", GW_ACT_ENGINEER},
	{23, "vt-data", GW_ACT_ENGINEER}, {24, "authenticate", GW_ACT_SESSION}, {25, "request-key", GW_ACT_SESSION}, {26, "read-range", GW_ACT_READ},
	{27, "life-safety-operation", GW_ACT_CONTROL}, {28, "subscribe-cov-property", GW_ACT_READ}, {29, "get-event-information", GW_ACT_READ},
	{30, "subscribe-cov-property-multiple", GW_ACT_READ}, {31, "cov-notification-multiple", GW_ACT_REPORT},
	{0x100, "i-am", GW_ACT_SESSION}, {0x101, "i-have", GW_ACT_SESSION}, {0x102, "unconfirmed-cov-notification", GW_ACT_REPORT},
	{0x103, "unconfirmed-event-notification", GW_ACT_REPORT}, {0x104, "unconfirmed-private-transfer", GW_ACT_ENGINEER}, {0x105, "unconfirmed-text-message", GW_ACT_WRITE},
	{0x106, "time-synchronization", GW_ACT_WRITE}, {0x107, "who-has", GW_ACT_SESSION}, {0x108, "who-is", GW_ACT_SESSION},
	{0x109, "utc-time-synchronization", GW_ACT_WRITE}, {0x10a, "write-group", GW_ACT_WRITE}, {0x10b, "unconfirmed-cov-notification-multiple", GW_ACT_REPORT}, {0, NULL, 0}};

struct tag {
	unsigned number;
	bool context, open, close;
	uint32_t length;          /* of the content; of a boolean's application tag its value */
	struct sk_cursor content;
};

static bool next_tag(struct sk_cursor *c, struct tag *tag)
{
	uint8_t first;

	if (c->bad || !sk_cursor_left(c))
		return false;
	first = sk_get_u8(c);
	*tag = (struct tag){.number = first >> 4, .context = first & 8, .length = first & 7};
	if (tag->number == 15)
		tag->number = sk_get_u8(c);
	tag->open = tag->context && tag->length == 6;
	tag->close = tag->context && tag->length == 7;
	if (tag->length == 5)
		tag->length = sk_get_u8(c);
	if (!tag->open && !tag->close && tag->length == 254)
		tag->length = sk_get_u16(c);
	else if (!tag->open && !tag->close && tag->length == 255)
		tag->length = sk_get_u32(c);
	tag->content = sk_get_window(c, tag->open || tag->close || (!tag->context && tag->number == TAG_BOOLEAN) ? 0 : tag->length);
	return !c->bad;
}

static uint64_t number(struct tag *tag)
{
	uint64_t value = 0;

	if (tag->length > 8)
		sk_cursor_fail(&tag->content);
	while (sk_cursor_left(&tag->content) && !tag->content.bad)
		value = value << 8 | sk_get_u8(&tag->content);
	return value;
}

static int64_t signed_number(struct tag *tag)
{
	unsigned bits = 8 * tag->length;
	uint64_t value = number(tag);

	return bits && bits < 64 && value >> (bits - 1) ? (int64_t)(value | ~0ull << bits) : (int64_t)value;
}

static int64_t whole(double value)
{
	if (!(value > -1e18 && value < 1e18))
		return value > 0 ? INT64_MAX : INT64_MIN;
	return (int64_t)value - (value < (double)(int64_t)value);
}

static int64_t real(struct tag *tag)
{
	uint32_t bits = (uint32_t)number(tag);
	float value;

	memcpy(&value, &bits, sizeof value);
	return whole((double)value);
}

static int64_t twice_real(struct tag *tag)
{
	uint64_t bits = number(tag);
	double value;

	memcpy(&value, &bits, sizeof value);
	return whole(value);
}

static void put_object(struct pdu_told *told, struct tag *tag)
{
	uint64_t id = number(tag);

	if (tag->length != 4)
		told->partial = true;
	pdu_put(told, BAC_TYPE, id >> 22);
	pdu_put(told, BAC_INSTANCE, id & 0x3fffff);
}

/* A value that is written. A null gives an output's priority back; what is no number is not told. */
static void put_value(struct pdu_told *told, struct tag *tag)
{
	if (tag->context) {
		told->partial = true;
		return;
	}
	switch (tag->number) {
	case 0:
		break;
	case TAG_BOOLEAN:
		pdu_put_int(told, BAC_VALUE, tag->length & 1);
		break;
	case TAG_UNSIGNED: case TAG_ENUMERATED:
		pdu_put_int(told, BAC_VALUE, (int64_t)SK_MIN(number(tag), (uint64_t)INT64_MAX));
		break;
	case TAG_SIGNED:
		pdu_put_int(told, BAC_VALUE, signed_number(tag));
		break;
	case TAG_REAL:
		pdu_put_int(told, BAC_VALUE, real(tag));
		break;
	case TAG_DOUBLE:
		pdu_put_int(told, BAC_VALUE, twice_real(tag));
		break;
	default:
		told->partial = true;
	}
	told->partial |= tag->content.bad;
}

/* Up to the closing tag that fits. */
static void put_values(struct pdu_told *told, struct sk_cursor *c)
{
	struct tag tag;
	unsigned depth = 1;

	while (depth && next_tag(c, &tag)) {
		if (tag.open)
			depth++;
		else if (tag.close)
			depth--;
		else
			put_value(told, &tag);
	}
	told->partial |= depth != 0;
}

/* Object, property, index, value and priority, of one property or of each in a list. */
static void properties(struct pdu_told *told, struct sk_cursor *c)
{
	bool list = false;
	struct tag tag;

	while (next_tag(c, &tag)) {
		unsigned place = tag.number + (list ? 1 : 0); /* a list's are one less, for its object stands before it */

		if (tag.close) {
			told->partial |= !list;
			list = false;
		} else if (tag.open && !list && tag.number == 1) {
			list = true;
		} else if (tag.open) {
			put_values(told, c);
		} else if (!tag.context || place > 4) {
			told->partial = true;
		} else if (place == 0) {
			put_object(told, &tag);
		} else if (place == 1) {
			pdu_put(told, BAC_PROPERTY, number(&tag));
		} else if (place == 4) {
			pdu_put(told, BAC_PRIORITY, number(&tag));
		}
	}
	told->partial |= list;
}

/* The first object that stands there, at any place. */
static void first_object(struct pdu_told *told, struct sk_cursor *c)
{
	struct tag tag;

	while (next_tag(c, &tag))
		if (tag.length == 4 && !tag.open && !tag.close && (tag.context ? tag.number == 1 : tag.number == TAG_OBJECT)) {
			put_object(told, &tag);
			return;
		}
}

static void state(struct pdu_told *told, struct sk_cursor *c, unsigned wanted)
{
	struct tag tag;

	while (next_tag(c, &tag))
		if (tag.context && tag.number == wanted)
			pdu_put(told, BAC_STATE, number(&tag));
}

static void i_am(struct pdu_told *told, struct sk_cursor *c)
{
	struct tag tag;

	if (next_tag(c, &tag) && tag.number == TAG_OBJECT)
		put_object(told, &tag);
	for (unsigned i = 0; i < 3 && next_tag(c, &tag); i++)
		if (i == 2)
			pdu_put(told, BAC_VENDOR, number(&tag));
}

void bacnet_request(struct pdu_told *told, unsigned service, struct sk_cursor *c)
{
	switch (service) {
	case ADD_LIST: case REMOVE_LIST: case READ_PROPERTY: case READ_MULTIPLE: case WRITE_PROPERTY: case WRITE_MULTIPLE:
		properties(told, c);
		break;
	case READ_FILE: case WRITE_FILE: case DELETE: case CREATE: case SUBSCRIBE: case SUBSCRIBE_PROPERTY:
		first_object(told, c);
		break;
	case READ_RANGE:
		told->partial = true;
		properties(told, c);
		break;
	case COMMUNICATION:
		state(told, c, 1);
		break;
	case REINITIALIZE:
		state(told, c, 0);
		break;
	case I_AM:
		i_am(told, c);
		break;
	}
	told->partial |= c->bad;
}
