// SPDX-License-Identifier: GPL-3.0-or-later
/* MMS's services by their tags, the objects they name and the values that are written (ISO 9506-2). Owns nothing. */
#include <string.h>

#include "base/mem.h"
#include "proto/mms/mms.h"

enum { IDENTIFY = 2, WRITE = 5, DEPTH = 12, NAME_MAX_SIZE = 129, DATA_BOOLEAN = 3, DATA_INTEGER = 5, DATA_UNSIGNED, DATA_FLOAT, DATA_TEXT = 10, VISIBLE = 26, GRAPHIC = 25 };

static const struct pdu_row rows[] = {
	{0, "status", GW_ACT_READ}, {1, "get-name-list", GW_ACT_READ}, {2, "identify", GW_ACT_READ}, {3, "rename", GW_ACT_ENGINEER}, {4, "read", GW_ACT_READ},
	{5, "write", GW_ACT_WRITE}, {6, "get-variable-attributes", GW_ACT_READ}, {7, "define-variable", GW_ACT_ENGINEER}, {8, "define-scattered", GW_ACT_ENGINEER},
	{9, "get-scattered-attributes", GW_ACT_READ}, {10, "delete-variable", GW_ACT_ENGINEER}, {11, "define-list", GW_ACT_ENGINEER}, {12, "get-list-attributes", GW_ACT_READ},
	{13, "delete-list", GW_ACT_ENGINEER}, {14, "define-type", GW_ACT_ENGINEER}, {15, "get-type-attributes", GW_ACT_READ}, {16, "delete-type", GW_ACT_ENGINEER},
	{17, "input", GW_ACT_WRITE}, {18, "output", GW_ACT_WRITE}, {19, "take-control", GW_ACT_CONTROL}, {20, "relinquish-control", GW_ACT_CONTROL},
	{21, "define-semaphore", GW_ACT_ENGINEER}, {22, "delete-semaphore", GW_ACT_ENGINEER}, {23, "report-semaphore", GW_ACT_READ}, {24, "report-pool", GW_ACT_READ},
	{25, "report-semaphore-entry", GW_ACT_READ}, {26, "initiate-download", GW_ACT_ENGINEER}, {27, "download-segment", GW_ACT_ENGINEER},
	{28, "terminate-download", GW_ACT_ENGINEER}, {29, "initiate-upload", GW_ACT_ENGINEER}, {30, "upload-segment", GW_ACT_ENGINEER}, {31, "terminate-upload", GW_ACT_ENGINEER},
	{32, "request-download", GW_ACT_ENGINEER}, {33, "request-upload", GW_ACT_ENGINEER}, {34, "load-domain", GW_ACT_ENGINEER}, {35, "store-domain", GW_ACT_ENGINEER},
	{36, "delete-domain", GW_ACT_ENGINEER}, {37, "get-domain-attributes", GW_ACT_READ}, {38, "create-program", GW_ACT_ENGINEER}, {39, "delete-program", GW_ACT_ENGINEER},
	{40, "start", GW_ACT_ENGINEER}, {41, "stop", GW_ACT_ENGINEER}, {42, "resume", GW_ACT_ENGINEER}, {43, "reset", GW_ACT_ENGINEER}, {44, "kill", GW_ACT_ENGINEER},
	{45, "get-program-attributes", GW_ACT_READ}, {46, "obtain-file", GW_ACT_ENGINEER}, {47, "define-event", GW_ACT_ENGINEER}, {48, "delete-event", GW_ACT_ENGINEER},
	{49, "get-event-attributes", GW_ACT_READ}, {50, "report-event-status", GW_ACT_READ}, {51, "alter-event-monitoring", GW_ACT_WRITE}, {52, "trigger-event", GW_ACT_CONTROL},
	{53, "define-event-action", GW_ACT_ENGINEER}, {54, "delete-event-action", GW_ACT_ENGINEER}, {57, "define-enrollment", GW_ACT_ENGINEER},
	{58, "delete-enrollment", GW_ACT_ENGINEER}, {59, "alter-enrollment", GW_ACT_WRITE}, {60, "report-enrollment-status", GW_ACT_READ},
	{61, "get-enrollment-attributes", GW_ACT_READ}, {62, "acknowledge-event", GW_ACT_WRITE}, {63, "get-alarm-summary", GW_ACT_READ},
	{64, "get-alarm-enrollment-summary", GW_ACT_READ}, {65, "read-journal", GW_ACT_READ}, {66, "write-journal", GW_ACT_WRITE}, {67, "initialize-journal", GW_ACT_WRITE},
	{68, "report-journal-status", GW_ACT_READ}, {69, "create-journal", GW_ACT_ENGINEER}, {70, "delete-journal", GW_ACT_ENGINEER}, {71, "get-capability-list", GW_ACT_READ},
	{72, "file-open", GW_ACT_ENGINEER}, {73, "file-read", GW_ACT_ENGINEER}, {74, "file-close", GW_ACT_ENGINEER}, {75, "file-rename", GW_ACT_ENGINEER},
	{76, "file-delete", GW_ACT_ENGINEER}, {77, "file-directory", GW_ACT_READ}, {0, NULL, 0}};

static size_t content_size(struct sk_cursor *c)
{
	uint8_t first = sk_get_u8(c);
	size_t size = 0;

	if (first < 0x80)
		return first;
	if (first == 0x80 || first > 0x84)
		sk_cursor_fail(c);
	for (unsigned i = 0; i < (first & 0x7fu) && !c->bad; i++)
		size = size << 8 | sk_get_u8(c);
	return size;
}

bool mms_next(struct sk_cursor *c, struct mms_element *ret_element)
{
	uint8_t first, more;

	if (c->bad || !sk_cursor_left(c))
		return false;
	first = sk_get_u8(c);
	ret_element->shape = first & MMS_SHAPE;
	ret_element->number = first & 0x1f;
	if (ret_element->number == 0x1f) {
		ret_element->number = 0;
		do {
			more = sk_get_u8(c);
			if (ret_element->number > 0xffff)
				sk_cursor_fail(c);
			ret_element->number = ret_element->number << 7 | (more & 0x7f);
		} while (more & 0x80 && !c->bad);
	}
	ret_element->size = content_size(c);
	ret_element->data = sk_get_bytes(c, ret_element->size);
	return !c->bad;
}

struct sk_cursor mms_inside(const struct mms_element *element)
{
	struct sk_cursor c;

	sk_cursor_init(&c, element->data, element->size);
	return c;
}

static bool is_name(const struct mms_element *e)
{
	return e->size && e->size < NAME_MAX_SIZE && ((e->shape == MMS_UNIVERSAL && (e->number == VISIBLE || e->number == GRAPHIC)));
}

/* A domain and an item within it. */
static bool put_pair(struct pdu_told *told, struct sk_cursor c)
{
	struct mms_element domain, item;

	if (!mms_next(&c, &domain) || !is_name(&domain) || !mms_next(&c, &item) || !is_name(&item) || sk_cursor_left(&c))
		return false;
	pdu_put_text(told, MMS_OBJECT, "%.*s/%.*s", (int)domain.size, (const char *)domain.data, (int)item.size, (const char *)item.data);
	/* IEC 61850's functional constraint of what is operated. */
	if (told->act == GW_ACT_WRITE && memmem(item.data, item.size, "$CO$", 4))
		told->act = GW_ACT_CONTROL;
	return true;
}

void mms_objects(struct pdu_told *told, struct sk_cursor c, int depth)
{
	struct mms_element e;

	if (depth > DEPTH) {
		told->partial = true;
		return;
	}
	while (mms_next(&c, &e)) {
		if (e.shape & MMS_CONSTRUCTED) {
			if (!put_pair(told, mms_inside(&e)))
				mms_objects(told, mms_inside(&e), depth + 1);
		} else if (is_name(&e) || (e.shape == MMS_CONTEXT && e.number == 0 && e.size > 1 && e.size < NAME_MAX_SIZE)) {
			pdu_put_bytes(told, MMS_OBJECT, e.data, e.size);
		}
	}
	told->partial |= c.bad;
}

static int64_t signed_number(const struct mms_element *e)
{
	uint64_t value = e->size && e->data[0] & 0x80 ? ~0ull : 0;

	for (size_t i = 0; i < e->size; i++)
		value = value << 8 | e->data[i];
	return (int64_t)value;
}

/* One byte with the width of the exponent, then the number as IEEE 754 has it. */
static int64_t real(const struct mms_element *e, bool *ret_good)
{
	struct mms_element rest = {.data = e->data + 1, .size = 4};
	uint32_t bits;
	float value;

	*ret_good = e->size == 5 && e->data[0] == 8;
	if (!*ret_good)
		return 0;
	bits = (uint32_t)signed_number(&rest);
	memcpy(&value, &bits, sizeof value);
	if (!(value > -1e18f && value < 1e18f))
		return value > 0 ? INT64_MAX : INT64_MIN;
	return (int64_t)value - (value < (float)(int64_t)value);
}

static void put_value(struct pdu_told *told, const struct mms_element *e)
{
	bool good = e->shape == MMS_CONTEXT && e->size > 0;
	int64_t value = 0;

	if (!good) {
		told->partial = true;
		return;
	}
	switch (e->number) {
	case DATA_BOOLEAN:
		value = e->data[0] != 0;
		break;
	case DATA_INTEGER: case DATA_UNSIGNED:
		good = e->size <= 9 - (size_t)(e->number == DATA_INTEGER) && (e->size < 9 || e->data[0] == 0);
		value = good ? signed_number(e) : 0;
		break;
	case DATA_FLOAT:
		value = real(e, &good);
		break;
	case DATA_TEXT:
		pdu_put_bytes(told, MMS_TEXT, e->data, e->size);
		return;
	default: /* strings of bits and bytes, and times, stand in each command and are not told */
		return;
	}
	told->partial |= !good;
	if (good)
		pdu_put_int(told, MMS_VALUE, value);
}

static void put_values(struct pdu_told *told, struct sk_cursor c, int depth)
{
	struct mms_element e;

	told->partial |= depth > DEPTH;
	while (depth <= DEPTH && mms_next(&c, &e)) {
		if (e.shape & MMS_CONSTRUCTED)
			put_values(told, mms_inside(&e), depth + 1);
		else
			put_value(told, &e);
	}
	told->partial |= c.bad;
}

/* What is written to, then the values. */
static void read_write(struct pdu_told *told, struct sk_cursor c)
{
	struct mms_element target, values;

	if (!mms_next(&c, &target) || !mms_next(&c, &values) || sk_cursor_left(&c)) {
		told->partial = true;
		return;
	}
	if (!put_pair(told, mms_inside(&target)))
		mms_objects(told, mms_inside(&target), 0);
	put_values(told, mms_inside(&values), 0);
}

static void read_identity(struct pdu_told *told, struct sk_cursor c)
{
	struct mms_element e;

	while (mms_next(&c, &e))
		if (e.shape == MMS_CONTEXT && e.number < 3)
			pdu_put_trimmed(told, MMS_VENDOR + e.number, e.data, e.size);
}

void mms_service(struct pdu_told *told, const struct mms_element *service, bool request)
{
	const struct pdu_row *row = (service->shape & ~MMS_CONSTRUCTED) == MMS_CONTEXT ? pdu_row_find(rows, service->number) : NULL;
	const char *name = row ? row->name : "service";

	memcpy(told->name, name, strlen(name) + 1);
	told->act = row ? row->act : GW_ACT_ENGINEER;
	told->request = request;
	pdu_put(told, MMS_SERVICE, service->number);
	if (!request && service->number == IDENTIFY)
		read_identity(told, mms_inside(service));
	if (!request)
		return;
	if (service->number == WRITE)
		read_write(told, mms_inside(service));
	else if (service->shape & MMS_CONSTRUCTED)
		mms_objects(told, mms_inside(service), 0);
	else if (service->size > 1 && service->size < NAME_MAX_SIZE)
		pdu_put_bytes(told, MMS_OBJECT, service->data, service->size);
}
