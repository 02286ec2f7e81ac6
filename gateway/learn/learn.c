// SPDX-License-Identifier: GPL-3.0-or-later
/* The table and how it is counted. Owns nothing: the table is the caller's memory, a row is never moved or taken away. */
#include "learn/learn.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { NO_ROW = 0xffff, IDENTITY = offsetof(struct gw_learn_row, count) };

#define NS 1000000000ull

static uint32_t mark_of(const struct gw_learn_row *row)
{
	const uint8_t *at = (const uint8_t *)row;
	uint32_t mark = 2166136261u;

	for (size_t i = 0; i < IDENTITY; i++)
		mark = (mark ^ at[i]) * 16777619u;
	return mark;
}

/* The slot of a row, or the empty one where it would stand. */
static uint32_t slot_of(const struct gw_learn *learn, const struct gw_learn_row *row)
{
	uint32_t at = mark_of(row) % GW_LEARN_SLOTS;

	while (learn->slots[at] != NO_ROW && memcmp(&learn->table->rows[learn->slots[at]], row, IDENTITY) != 0)
		at = (at + 1) % GW_LEARN_SLOTS;
	return at;
}

void gw_learn_begin(struct gw_learn *learn, struct gw_learn_table *table)
{
	uint32_t count = SK_MIN(atomic_load(&table->count), (uint32_t)GW_LEARN_ROWS);

	memset(learn->slots, 0xff, sizeof learn->slots);
	learn->table = table;
	for (uint32_t i = 0; i < count; i++)
		learn->slots[slot_of(learn, &table->rows[i])] = (uint16_t)i;
}

const struct gw_learn_row *gw_learn_find(const struct gw_learn *learn, const struct gw_learn_row *row)
{
	uint16_t found = learn->slots[slot_of(learn, row)];

	return found == NO_ROW ? NULL : &learn->table->rows[found];
}

/* NULL when the table is full. */
static struct gw_learn_row *row_for(struct gw_learn *learn, const struct gw_learn_row *identity, bool *ret_new)
{
	struct gw_learn_table *table = learn->table;
	uint32_t slot = slot_of(learn, identity), count = atomic_load(&table->count);

	*ret_new = learn->slots[slot] == NO_ROW;
	if (!*ret_new)
		return &table->rows[learn->slots[slot]];
	if (count >= GW_LEARN_ROWS)
		return NULL;
	memcpy(&table->rows[count], identity, IDENTITY);
	learn->slots[slot] = (uint16_t)count;
	atomic_store_explicit(&table->count, count + 1, memory_order_release);
	return &table->rows[count];
}

static void bump(_Atomic uint64_t *counter, uint64_t by)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + by, memory_order_relaxed);
}

static void count_row(struct gw_learn_row *row, const struct gw_learn_said *said)
{
	uint64_t second = said->time / NS;
	uint32_t day = (uint32_t)(second / 86400) + 1;

	bump(&row->count[SK_MIN(said->verdict, 2u)], 1);
	if (!atomic_load(&row->first))
		atomic_store(&row->first, second);
	if (second > atomic_load(&row->last))
		atomic_store(&row->last, second);
	if (day <= atomic_load(&row->day))
		return;
	atomic_store(&row->day, day);
	atomic_fetch_add(&row->days, 1);
}

/* Letters, digits and what is found in names: anything else cannot stand in a line. */
static bool is_plain(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (data[i] < 0x20 || data[i] > 0x7e || data[i] == '"' || data[i] == '\\')
			return false;
	return size > 0;
}

static bool put_value(const struct gw_field_def *def, const struct gw_field *field, char *out, size_t room)
{
	int n;

	if (def->kind == GW_UINT)
		n = snprintf(out, room, "%s=%" PRIu64, def->name, field->u);
	else if (def->kind == GW_INT)
		n = snprintf(out, room, "%s=%" PRId64, def->name, field->i);
	else if (def->kind == GW_TEXT && field->bytes.size < 48 && is_plain(field->bytes.data, field->bytes.size))
		n = snprintf(out, room, "%s=%.*s", def->name, (int)field->bytes.size, (const char *)field->bytes.data);
	else
		return false;
	return n > 0 && (size_t)n < room;
}

static bool has_value(const char *kind, const char *value)
{
	size_t size = strlen(value);

	for (const char *at = kind; *at; at += strcspn(at, "\t"), at += *at == '\t')
		if (strncmp(at, value, size) == 0 && (at[size] == '\t' || !at[size]))
			return true;
	return false;
}

/* 0 = nothing to learn by, 1 = written, -1 = it does not fit a row. */
static int put_kind(const struct gw_learn_said *said, char *out, size_t room)
{
	const struct gw_message *m = said->message;
	char value[80];
	size_t at = 0;

	for (size_t i = 0; i < m->field_count; i++) {
		const struct gw_field_def *def = m->fields[i].def < said->proto->field_count ? &said->proto->fields[m->fields[i].def] : NULL;

		if (!def || !def->learn || def->secret)
			continue;
		if (!put_value(def, &m->fields[i], value, sizeof value))
			return -1;
		if (has_value(out, value))
			continue;
		if (at + strlen(value) + 2 > room)
			return -1;
		at += (size_t)snprintf(out + at, room - at, "%s%s", at ? "\t" : "", value);
	}
	return m->partial ? -1 : at > 0;
}

static void identify(const struct gw_learn_said *said, struct gw_learn_row *row)
{
	const struct gw_message *m = said->message;

	memset(row, 0, sizeof *row);
	row->client = said->flow.client;
	row->server = said->flow.server;
	row->ip = said->flow.ip;
	row->transport = said->flow.transport;
	row->port = said->flow.port;
	row->vlan = said->flow.vlan;
	if (said->proto)
		snprintf(row->proto, sizeof row->proto, "%s", said->proto->name);
	if (!m)
		return;
	row->dir = (uint8_t)m->dir;
	row->from = (uint8_t)m->from;
	row->act = (uint8_t)m->act;
	row->answer = gw_policy_is_answer(m) || m->act == GW_ACT_SESSION;
	snprintf(row->name, sizeof row->name, "%.31s", m->name);
}

static void take_kind(struct gw_learn *learn, const struct gw_learn_said *said, struct gw_learn_row *identity, struct gw_learn_row *base)
{
	struct gw_learn_row *row = NULL;
	bool is_new = false;
	int kind = base->answer ? 0 : put_kind(said, identity->kind, sizeof identity->kind);

	if (kind == 0) {
		bump(&base->bare, 1);
		return;
	}
	if (kind > 0 && (atomic_load(&base->kinds) < GW_LEARN_KINDS || gw_learn_find(learn, identity)))
		row = row_for(learn, identity, &is_new);
	if (!row) {
		atomic_store(&base->many, 1);
		return;
	}
	if (is_new)
		atomic_fetch_add(&base->kinds, 1);
	count_row(row, said);
}

void gw_learn_take(struct gw_learn *learn, const struct gw_learn_said *said)
{
	struct gw_learn_row identity, *base;
	bool is_new;

	if (!said->flow.ip || (said->message && !said->proto))
		return;
	identify(said, &identity);
	base = row_for(learn, &identity, &is_new);
	if (!base) {
		bump(&learn->table->lost, 1);
		return;
	}
	count_row(base, said);
	if (said->message)
		take_kind(learn, said, &identity, base);
}

uint64_t gw_learn_total(const struct gw_learn_row *row)
{
	return atomic_load(&row->count[0]) + atomic_load(&row->count[1]) + atomic_load(&row->count[2]);
}

/* Two tables may have seen the same day: the later one's begins anew, and a day that both have seen counts once. */
static void add_days(struct gw_learn_row *to, const struct gw_learn_row *from)
{
	uint32_t days = atomic_load(&from->days), first = (uint32_t)(atomic_load(&from->first) / 86400) + 1;

	if (days && atomic_load(&to->day) == first)
		days--;
	atomic_fetch_add(&to->days, days);
	if (atomic_load(&from->day) > atomic_load(&to->day))
		atomic_store(&to->day, atomic_load(&from->day));
}

void gw_learn_add_row(struct gw_learn *learn, const struct gw_learn_row *from)
{
	uint64_t first = atomic_load(&from->first);
	struct gw_learn_row *row;
	bool is_new;

	row = row_for(learn, from, &is_new);
	if (!row) {
		bump(&learn->table->lost, gw_learn_total(from));
		return;
	}
	add_days(row, from);
	for (size_t i = 0; i < 3; i++)
		bump(&row->count[i], atomic_load(&from->count[i]));
	bump(&row->bare, atomic_load(&from->bare));
	if (is_new || (first && first < atomic_load(&row->first)))
		atomic_store(&row->first, first);
	if (atomic_load(&from->last) > atomic_load(&row->last))
		atomic_store(&row->last, atomic_load(&from->last));
	if (atomic_load(&from->kinds) > atomic_load(&row->kinds))
		atomic_store(&row->kinds, atomic_load(&from->kinds));
	if (atomic_load(&from->many))
		atomic_store(&row->many, 1);
}

/* Printable, ended, and nothing behind its end: rows are compared byte by byte. A tab only in a kind. */
static bool mend_text(char *text, size_t room)
{
	size_t size = strnlen(text, room - 1);

	memset(text + size, 0, room - size);
	for (size_t i = 0; i < size; i++)
		if ((text[i] < 0x20 && text[i] != '\t') || text[i] > 0x7e)
			return false;
	return true;
}

/* Another process wrote it, which may have been taken over. */
static bool mend_row(struct gw_learn_row *row)
{
	return mend_text(row->proto, sizeof row->proto) && mend_text(row->name, sizeof row->name) && mend_text(row->kind, sizeof row->kind) &&
	       (row->ip == 4 || row->ip == 6) && row->dir <= GW_TO_CLIENT && row->from <= GW_ROLE_EQUIPMENT && row->act < GW_ACTS && row->vlan < 4096 &&
	       (row->name[0] || !row->kind[0]);
}

void gw_learn_add(struct gw_learn *learn, const struct gw_learn_table *other)
{
	struct gw_learn_row row;

	uint32_t count = SK_MIN(atomic_load_explicit(&other->count, memory_order_acquire), (uint32_t)GW_LEARN_ROWS);

	for (uint32_t i = 0; i < count; i++) {
		memcpy((void *)&row, &other->rows[i], sizeof row);
		if (mend_row(&row))
			gw_learn_add_row(learn, &row);
	}
	bump(&learn->table->lost, atomic_load(&other->lost));
}
