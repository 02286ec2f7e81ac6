// SPDX-License-Identifier: GPL-3.0-or-later
/* Putting a message together for the engine: fields, text that is made for them, and who speaks. What does not fit makes the message a partial one. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "proto/pdu/pdu.h"

void pdu_told_begin(struct pdu_told *told, const struct pdu *pdu, const char *name, enum gw_act act, bool request)
{
	size_t size = SK_MIN(strlen(name), sizeof told->name - 1);

	told->act = act;
	told->request = request;
	told->partial = pdu->torn;
	told->from = pdu->dir == GW_TO_SERVER ? GW_ROLE_HOST : GW_ROLE_EQUIPMENT;
	told->id = 0;
	told->field_count = told->buffer_count = told->text_used = 0;
	told->reply = GW_REPLY_SILENT;
	memcpy(told->name, name, size);
	told->name[size] = '\0';
}

static struct gw_field *next(struct pdu_told *told, unsigned def)
{
	struct gw_field *field;

	if (told->field_count == PDU_FIELDS) {
		told->partial = true;
		return NULL;
	}
	field = &told->fields[told->field_count++];
	field->def = (uint16_t)def;
	return field;
}

void pdu_put(struct pdu_told *told, unsigned def, uint64_t value)
{
	struct gw_field *field = next(told, def);

	if (field)
		field->u = value;
}

void pdu_put_int(struct pdu_told *told, unsigned def, int64_t value)
{
	struct gw_field *field = next(told, def);

	if (field)
		field->i = value;
}

void pdu_put_range(struct pdu_told *told, unsigned def, uint64_t low, uint64_t count)
{
	struct gw_field *field = count ? next(told, def) : NULL;

	if (field) {
		field->range.low = low;
		field->range.high = low + count - 1;
	}
}

void pdu_put_once(struct pdu_told *told, unsigned def, uint64_t value)
{
	for (size_t i = 0; i < told->field_count; i++)
		if (told->fields[i].def == def && told->fields[i].u == value)
			return;
	pdu_put(told, def, value);
}

void pdu_put_bytes(struct pdu_told *told, unsigned def, const uint8_t *data, size_t size)
{
	struct gw_field *field = data ? next(told, def) : NULL;

	if (field) {
		field->bytes.data = data;
		field->bytes.size = size;
	}
}

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\0';
}

void pdu_put_trimmed(struct pdu_told *told, unsigned def, const uint8_t *data, size_t size)
{
	while (data && size && blank(data[size - 1]))
		size--;
	while (data && size && blank(*data)) {
		data++;
		size--;
	}
	if (data && size)
		pdu_put_bytes(told, def, data, size);
}

void pdu_put_text(struct pdu_told *told, unsigned def, const char *format, ...)
{
	size_t room = sizeof told->text - told->text_used;
	char *at = told->text + told->text_used;
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(at, room, format, args);
	va_end(args);
	if (size < 0 || (size_t)size >= room) {
		told->partial = true;
		return;
	}
	told->text_used += (size_t)size + 1;
	pdu_put_bytes(told, def, (const uint8_t *)at, (size_t)size);
}

void pdu_put_buffer(struct pdu_told *told, const char *name, const uint8_t *data, size_t size)
{
	if (told->buffer_count < PDU_BUFFERS && data)
		told->buffers[told->buffer_count++] = (struct gw_buffer){.name = name, .data = data, .size = size};
}

enum gw_ruling pdu_say(struct gw_turn *turn, const struct pdu *pdu, struct pdu_told *told)
{
	struct gw_message message = {.name = told->name, .act = told->act, .dir = pdu->dir, .from = told->from, .request = told->request, .whole = true,
		.partial = told->partial, .id = told->id, .size = pdu->total, .back = pdu->back, .fields = told->fields, .field_count = told->field_count,
		.buffers = told->buffers, .buffer_count = told->buffer_count};

	return turn->engine->say(turn, &message, &told->reply);
}

const struct pdu_row *pdu_row_find(const struct pdu_row *rows, uint32_t code)
{
	for (; rows->name; rows++)
		if (rows->code == code)
			return rows;
	return NULL;
}
