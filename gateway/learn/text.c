// SPDX-License-Identifier: GPL-3.0-or-later
/* A table as JSON, and back. What is read is judged as foreign: lengths, addresses and words are compared before a row is made. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "learn/learn.h"
#include "wire/json.h"

static const char *const role_words[] = {"", "host", "equipment", NULL};
static const char *const dir_words[] = {"to-server", "to-client", NULL};
static const char *const count_words[] = {"allowed", "would_refuse", "refused"};

/* --- writing */

static int put_addr(struct json_object *o, const char *key, const struct gw_addr *addr, uint8_t ip)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(ip == 6 ? AF_INET6 : AF_INET, addr->bytes, text, sizeof text);
	return sk_json_put_string(o, key, text);
}

static int put_said(struct json_object *o, const struct gw_learn_row *row)
{
	int r = sk_json_put_string(o, "message", row->name);

	if (!r && row->kind[0])
		r = sk_json_put_string(o, "kind", row->kind);
	if (!r)
		r = sk_json_put_string(o, "from", role_words[row->from % 3]);
	if (!r)
		r = sk_json_put_string(o, "dir", dir_words[row->dir % 2]);
	if (!r)
		r = sk_json_put_string(o, "act", gw_act_names[row->act % GW_ACTS]);
	return r ? r : sk_json_put_bool(o, "answer", row->answer);
}

static int put_counts(struct json_object *o, const struct gw_learn_row *row)
{
	int r = 0;

	for (size_t i = 0; i < 3 && !r; i++)
		if (atomic_load(&row->count[i]))
			r = sk_json_put_u64(o, count_words[i], atomic_load(&row->count[i]));
	if (!r && atomic_load(&row->bare))
		r = sk_json_put_u64(o, "bare", atomic_load(&row->bare));
	if (!r)
		r = sk_json_put_u64(o, "first", atomic_load(&row->first));
	if (!r)
		r = sk_json_put_u64(o, "last", atomic_load(&row->last));
	if (!r)
		r = sk_json_put_u64(o, "days", atomic_load(&row->days));
	if (!r)
		r = sk_json_put_u64(o, "kinds", atomic_load(&row->kinds));
	return r || !atomic_load(&row->many) ? r : sk_json_put_bool(o, "many", true);
}

static int put_row(struct json_object *list, const struct gw_learn_row *row)
{
	struct json_object *o = json_object_new_object();
	int r = sk_json_append(list, o);

	if (!r)
		r = put_addr(o, "client", &row->client, row->ip);
	if (!r)
		r = put_addr(o, "server", &row->server, row->ip);
	if (!r)
		r = sk_json_put_u64(o, "transport", row->transport);
	if (!r)
		r = sk_json_put_u64(o, "port", row->port);
	if (!r && row->vlan)
		r = sk_json_put_u64(o, "vlan", row->vlan);
	if (!r)
		r = sk_json_put_string(o, "protocol", row->proto);
	if (!r && row->name[0])
		r = put_said(o, row);
	return r ? r : put_counts(o, row);
}

static int by_identity(const void *a, const void *b)
{
	const struct gw_learn_row *const *x = a, *const *y = b;

	return memcmp(*x, *y, offsetof(struct gw_learn_row, count));
}

static int put_rows(struct json_object *o, const struct gw_learn_table *table)
{
	uint32_t count = SK_MIN(atomic_load_explicit(&table->count, memory_order_acquire), (uint32_t)GW_LEARN_ROWS);
	const struct gw_learn_row **sorted = sk_calloc(count + 1, sizeof *sorted);
	struct json_object *list = NULL;
	int r = sorted ? sk_json_put_array(o, "rows", &list) : sk_origin(-ENOMEM);

	for (uint32_t i = 0; i < count && !r; i++)
		sorted[i] = &table->rows[i];
	if (!r)
		qsort(sorted, count, sizeof *sorted, by_identity);
	for (uint32_t i = 0; i < count && !r; i++)
		r = put_row(list, sorted[i]);
	free(sorted);
	return r;
}

int gw_learn_write(const struct gw_learn_table *table, const struct gw_learn_marks *marks, struct sk_buf *out)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	int r = o ? sk_json_put_u64(o, "format", 1) : sk_origin(-ENOMEM);

	if (!r)
		r = sk_json_put_u64(o, "proposed", marks ? marks->proposed : 0);
	if (!r)
		r = sk_json_put_u64(o, "known", marks ? marks->known : 0);
	if (!r)
		r = sk_json_put_u64(o, "lost", atomic_load(&table->lost));
	if (!r)
		r = put_rows(o, table);
	return r ? r : sk_json_canonical(o, out);
}

/* --- reading */

static int get_addr(const struct sk_json *at, const char *key, struct gw_addr *addr, uint8_t *ip)
{
	const char *text;
	int r = sk_json_string(at, key, 2, INET6_ADDRSTRLEN - 1, &text);

	if (r)
		return r;
	*ip = strchr(text, ':') ? 6 : 4;
	return inet_pton(*ip == 6 ? AF_INET6 : AF_INET, text, addr->bytes) == 1 ? 0 : sk_json_refuse(at, key, "is no address");
}

static int get_text(const struct sk_json *at, const char *key, char *out, size_t room)
{
	const char *text;
	int r;

	if (!sk_json_has(at, key))
		return 0;
	r = sk_json_string(at, key, 0, room - 1, &text);
	if (!r)
		memcpy(out, text, strlen(text) + 1);
	return r;
}

static int get_number(const struct sk_json *at, const char *key, uint64_t max, uint64_t *ret_value)
{
	*ret_value = 0;
	return sk_json_has(at, key) ? sk_json_u64(at, key, 0, max, ret_value) : 0;
}

static int get_said(const struct sk_json *at, struct gw_learn_row *row)
{
	size_t from, dir, act;
	int r = get_text(at, "message", row->name, sizeof row->name);

	if (r || !row->name[0])
		return r;
	r = get_text(at, "kind", row->kind, sizeof row->kind);
	if (!r)
		r = sk_json_word(at, "from", role_words, &from);
	if (!r)
		r = sk_json_word(at, "dir", dir_words, &dir);
	if (!r)
		r = sk_json_word(at, "act", gw_act_names, &act);
	if (!r)
		r = sk_json_bool(at, "answer", &row->answer);
	if (r)
		return r;
	row->from = (uint8_t)from;
	row->dir = (uint8_t)dir;
	row->act = (uint8_t)act;
	return 0;
}

static int get_counts(const struct sk_json *at, struct gw_learn_row *row)
{
	uint64_t n[3], bare, first, last, days, kinds;
	bool many = false;
	int r = 0;

	for (size_t i = 0; i < 3 && !r; i++) {
		r = get_number(at, count_words[i], SK_JSON_MAX_INT, &n[i]);
		atomic_store(&row->count[i], r ? 0 : n[i]);
	}
	if (!r)
		r = get_number(at, "bare", SK_JSON_MAX_INT, &bare);
	if (!r)
		r = get_number(at, "first", SK_JSON_MAX_INT, &first);
	if (!r)
		r = get_number(at, "last", UINT32_MAX * 86400ull, &last);
	if (!r)
		r = get_number(at, "days", UINT32_MAX, &days);
	if (!r)
		r = get_number(at, "kinds", GW_LEARN_KINDS, &kinds);
	if (!r && sk_json_has(at, "many"))
		r = sk_json_bool(at, "many", &many);
	if (r)
		return r;
	atomic_store(&row->bare, bare);
	atomic_store(&row->first, first);
	atomic_store(&row->last, last);
	atomic_store(&row->days, (uint32_t)days);
	atomic_store(&row->day, (uint32_t)(last / 86400) + 1);
	atomic_store(&row->kinds, (uint32_t)kinds);
	atomic_store(&row->many, many);
	return 0;
}

static int get_row(const struct sk_json *at, struct gw_learn_row *row)
{
	uint64_t transport, port, vlan;
	uint8_t ip;
	int r;

	memset(row, 0, sizeof *row);
	r = get_addr(at, "client", &row->client, &row->ip);
	if (!r)
		r = get_addr(at, "server", &row->server, &ip);
	if (!r && ip != row->ip)
		r = sk_json_refuse(at, "server", "is of another kind than the client's address");
	if (!r)
		r = sk_json_u64(at, "transport", 0, 255, &transport);
	if (!r)
		r = sk_json_u64(at, "port", 0, 65535, &port);
	if (!r)
		r = get_number(at, "vlan", 4095, &vlan);
	if (!r)
		r = get_text(at, "protocol", row->proto, sizeof row->proto);
	if (!r)
		r = get_said(at, row);
	if (r)
		return r;
	row->transport = (uint8_t)transport;
	row->port = (uint16_t)port;
	row->vlan = (uint16_t)vlan;
	return get_counts(at, row);
}

int gw_learn_read(const char *text, size_t size, struct gw_learn *learn, struct gw_learn_marks *ret_marks, struct sk_diag *diag)
{
	_cleanup_json_ struct json_object *object = NULL;
	struct gw_learn_row row;
	struct sk_json at, list, item;
	uint64_t format, lost;
	int r = sk_json_parse_object(text, size, GW_LEARN_TEXT_MAX, &object, diag);

	if (r)
		return r;
	at = SK_JSON(object, "learnt", diag);
	r = sk_json_u64(&at, "format", 1, 1, &format);
	if (!r)
		r = get_number(&at, "proposed", SK_JSON_MAX_INT, &ret_marks->proposed);
	if (!r)
		r = get_number(&at, "known", SK_JSON_MAX_INT, &ret_marks->known);
	if (!r)
		r = get_number(&at, "lost", SK_JSON_MAX_INT, &lost);
	if (!r)
		r = sk_json_array(&at, "rows", GW_LEARN_ROWS, &list);
	for (size_t i = 0; !r && i < sk_json_length(&list); i++) {
		r = sk_json_item_object(&list, i, &item);
		if (!r)
			r = get_row(&item, &row);
		if (!r)
			gw_learn_add_row(learn, &row);
	}
	if (!r)
		atomic_fetch_add(&learn->table->lost, lost);
	return r;
}
