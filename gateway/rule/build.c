// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The groups of a set and their databases: rules are sorted to where they can be asked (direction, class of transport, port, application, or a
 * protocol's buffer), and each place gets one database of the literals that make candidates. Ports that have the same rules share one.
 * The databases are compiled side by side; that changes nothing in them. For blocks of many literals the compiler takes 100 MB and more on its way (a thousand literals: a
 * quarter of a second and 140 MB; as a vector a twentieth of both), while scanning gains an eighth: blocks are for small groups, vectors of one piece for the others.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "rule/set.h"

enum { BY_PORT_MAX = 16, THREADS = 4, LITERAL_MAX = 240 /* of a longer one the prefilter looks for the beginning */,
	BLOCK_MAX = 64 /* literals */ };

struct place {
	struct group *group;
	uint32_t *rules; /* indexes; bit 31: has a literal */
	uint32_t count, space;
	bool stream;
	hs_compile_error_t *error;
	int result;
};

struct builder {
	struct gw_rules *set;
	struct place **places;
	uint32_t count, space;
	struct port_place {
		uint32_t key; /* stream, class, direction, port */
		struct place *place;
	} *ports;
	uint32_t port_count, port_space;
	_Atomic uint32_t next, next_code;
};

static struct place *place_new(struct builder *b)
{
	struct place *place;

	if (b->count == b->space) {
		uint32_t space = b->space ? 2 * b->space : 256;
		struct place **places = sk_realloc_array(b->places, space, sizeof *places);

		if (!places)
			return NULL;
		b->places = places;
		b->space = space;
	}
	place = sk_calloc(1, sizeof *place);
	if (!place)
		return NULL;
	place->group = arena_take(&b->set->arena, sizeof *place->group);
	b->places[b->count++] = place;
	return place->group ? place : NULL;
}

static struct place *place_of(struct builder *b, struct group **at)
{
	struct place *place;

	for (uint32_t i = 0; *at && i < b->count; i++)
		if (b->places[i]->group == *at)
			return b->places[i];
	place = place_new(b);
	if (place)
		*at = place->group;
	return place;
}

static int put(struct place *place, uint32_t index, bool literal)
{
	if (!place)
		return sk_origin(-ENOMEM);
	if (place->count && (place->rules[place->count - 1] & 0x7fffffff) == index)
		return 0;
	if (place->count == place->space) {
		uint32_t space = place->space ? 2 * place->space : 16;
		uint32_t *rules = sk_realloc_array(place->rules, space, sizeof *rules);

		if (!rules)
			return sk_origin(-ENOMEM);
		place->rules = rules;
		place->space = space;
	}
	place->rules[place->count++] = index | (literal ? 1u << 31 : 0);
	return 0;
}

/* ---- messages */

static int put_message(struct builder *b, uint32_t index, int dir)
{
	struct gw_rules *set = b->set;
	const struct rule *rule = set->rules[index];

	if (rule->fast_slot >= 0)
		return put(place_of(b, &set->messages[rule->slots[rule->fast_slot].list][dir]), index, true);
	for (unsigned i = 0; i < rule->slot_count; i++)
		if (rule->slots[i].list && !rule->slots[i].absent_ok)
			return put(place_of(b, &set->messages[rule->slots[i].list][dir]), index, false);
	return put(place_of(b, &set->bare[dir]), index, false);
}

/* ---- payloads */

static uint32_t port_total(const struct ports *ports)
{
	uint32_t total = 0;

	for (uint32_t i = 0; i < ports->count; i++)
		total += ports->ranges[i].high - ports->ranges[i].low + 1u;
	return total;
}

static struct place *port_place(struct builder *b, bool stream, int class, int dir, uint16_t port)
{
	uint32_t key = (uint32_t)stream << 20 | (uint32_t)class << 18 | (uint32_t)dir << 16 | port;

	for (uint32_t i = 0; i < b->port_count; i++)
		if (b->ports[i].key == key)
			return b->ports[i].place;
	if (b->port_count == b->port_space) {
		uint32_t space = b->port_space ? 2 * b->port_space : 256;
		struct port_place *ports = sk_realloc_array(b->ports, space, sizeof *b->ports);

		if (!ports)
			return NULL;
		b->ports = ports;
		b->port_space = space;
	}
	b->ports[b->port_count].key = key;
	b->ports[b->port_count].place = place_new(b);
	if (b->ports[b->port_count].place)
		b->ports[b->port_count].place->stream = stream;
	return b->ports[b->port_count++].place;
}

static int put_payload(struct builder *b, uint32_t index, bool stream, int class, int dir)
{
	struct gw_rules *set = b->set;
	const struct rule *rule = set->rules[index];
	const struct ports *ports = dir == GW_TO_SERVER ? rule->dport : rule->sport;
	struct payload_groups *groups = stream ? &set->stream[dir] : &set->packet[class][dir];
	struct place *place;

	if (rule->app == APP_ANY && !ports->any && !rule->both_ways && port_total(ports) <= BY_PORT_MAX) {
		for (uint32_t i = 0; i < ports->count; i++)
			for (uint32_t port = ports->ranges[i].low; port <= ports->ranges[i].high; port++) {
				int r = put(port_place(b, stream, class, dir, (uint16_t)port), index, rule->fast_slot >= 0);

				if (r)
					return r;
			}
		return 0;
	}
	place = place_of(b, rule->app == APP_ANY ? &groups->any : &groups->app[rule->app]);
	if (place)
		place->stream = stream;
	return put(place, index, rule->fast_slot >= 0);
}

static int put_rule(struct builder *b, uint32_t index)
{
	const struct rule *rule = b->set->rules[index];
	const unsigned classes[CLASSES] = {rule->protocols & HEAD_TCP, rule->protocols & HEAD_UDP, rule->protocols & (HEAD_ICMP | HEAD_ICMP6 | HEAD_REST)};
	int r = 0;

	if (rule->hooks & HOOK_FRAME)
		return put(place_of(b, &b->set->frame), index, false);
	if (rule->hooks & HOOK_FLOW)
		return put(place_of(b, &b->set->flow), index, false);
	for (int dir = 0; dir < 2 && r == 0; dir++) {
		if (rule->flow & (dir == GW_TO_SERVER ? FLOW_TO_CLIENT : FLOW_TO_SERVER))
			continue;
		if (rule->hooks & HOOK_MESSAGE)
			r = put_message(b, index, dir);
		for (int class = 0; class < CLASSES && r == 0; class++)
			if (rule->hooks & HOOK_PACKET && classes[class])
				r = put_payload(b, index, false, class, dir);
		if (r == 0 && rule->hooks & HOOK_STREAM && classes[CLASS_TCP])
			r = put_payload(b, index, true, CLASS_TCP, dir);
	}
	return r;
}

/* ---- a group's literals */

struct literal {
	const struct content *content;
	uint32_t rule;
};

static int by_literal(const void *left, const void *right)
{
	const struct literal *a = left, *b = right;
	uint32_t size = SK_MIN(a->content->size, b->content->size);
	int order = memcmp(a->content->bytes, b->content->bytes, size);

	if (order == 0)
		order = a->content->size < b->content->size ? -1 : a->content->size > b->content->size;
	if (order == 0)
		order = a->content->nocase - b->content->nocase;
	return order ? order : a->rule < b->rule ? -1 : a->rule > b->rule;
}

static bool same_literal(const struct literal *a, const struct literal *b)
{
	return a->content->size == b->content->size && a->content->nocase == b->content->nocase &&
		memcmp(a->content->bytes, b->content->bytes, a->content->size) == 0;
}

/* "\xHH" for each byte: hs_compile_lit_multi() would refuse a literal that begins with a zero byte. */
static char *expression(const struct content *content)
{
	static const char digits[] = "0123456789abcdef";
	uint32_t size = SK_MIN(content->size, (uint32_t)LITERAL_MAX);
	char *text = sk_malloc(4 * (size_t)size + 1), *to = text;

	for (uint32_t i = 0; text && i < size; i++) {
		*to++ = '\\';
		*to++ = 'x';
		*to++ = digits[content->bytes[i] >> 4];
		*to++ = digits[content->bytes[i] & 15];
	}
	if (text)
		*to = 0;
	return text;
}

static int compile(struct place *place, const struct literal *literals, uint32_t total, uint32_t distinct)
{
	char **texts = sk_calloc(distinct, sizeof *texts);
	unsigned *flags = sk_calloc(distinct, sizeof *flags), *ids = sk_calloc(distinct, sizeof *ids);
	int result = texts && flags && ids ? 0 : -ENOMEM;
	unsigned mode = distinct > BLOCK_MAX ? HS_MODE_VECTORED : HS_MODE_BLOCK;
	uint32_t at = 0;

	for (uint32_t i = 0; i < total && result == 0; i++) {
		if (i && same_literal(&literals[i], &literals[i - 1]))
			continue;
		ids[at] = at;
		flags[at] = (literals[i].content->nocase ? HS_FLAG_CASELESS : 0u) | (place->stream ? 0u : (unsigned)HS_FLAG_SINGLEMATCH);
		texts[at] = expression(literals[i].content);
		if (!texts[at++])
			result = -ENOMEM;
	}
	if (result == 0 && hs_compile_multi((const char *const *)texts, flags, ids, distinct, mode, NULL, &place->group->db, &place->error) != HS_SUCCESS)
		result = SK_BAD;
	for (uint32_t i = 0; texts && i < distinct; i++)
		free(texts[i]);
	place->group->vector = mode == HS_MODE_VECTORED;
	free(texts);
	free(flags);
	free(ids);
	return result;
}

/* Fills first[] and members[] (made by group_prepare) and compiles. */
static int group_fill(struct gw_rules *set, struct place *place)
{
	struct group *g = place->group;
	uint32_t total = 0, distinct = 0, always = 0;
	struct literal *literals = sk_calloc(place->count ? place->count : 1, sizeof *literals);
	int result;

	if (!literals)
		return -ENOMEM;
	for (uint32_t i = 0; i < place->count; i++) {
		uint32_t index = place->rules[i] & 0x7fffffff;
		const struct rule *rule = set->rules[index];

		if (place->rules[i] >> 31)
			literals[total++] = (struct literal){&rule->slots[rule->fast_slot].tests[rule->fast_test].content, index};
		else
			g->always[always++] = index;
	}
	qsort(literals, total, sizeof *literals, by_literal);
	for (uint32_t i = 0; i < total; i++) {
		if (!i || !same_literal(&literals[i], &literals[i - 1]))
			g->first[distinct++] = i;
		g->members[i] = literals[i].rule;
		if (literals[i].content->size > g->longest)
			g->longest = SK_MIN(literals[i].content->size, (uint32_t)LITERAL_MAX);
	}
	g->first[distinct] = total;
	g->literal_count = distinct;
	g->always_count = always;
	result = total ? compile(place, literals, total, distinct) : 0;
	free(literals);
	return result;
}

static int group_prepare(struct gw_rules *set, struct place *place)
{
	struct group *g = place->group;

	g->first = arena_take(&set->arena, (place->count + 1) * sizeof *g->first);
	g->members = arena_take(&set->arena, (place->count + 1) * sizeof *g->members);
	g->always = arena_take(&set->arena, (place->count + 1) * sizeof *g->always);
	return g->first && g->members && g->always ? 0 : sk_origin(-ENOMEM);
}

static void *work(void *arg)
{
	struct builder *b = arg;
	uint32_t i;

	while ((i = atomic_fetch_add(&b->next, 1)) < b->count)
		b->places[i]->result = group_fill(b->set, b->places[i]);
	/* Without JIT an expression matches all the same, only slower. */
	while (!b->set->interpreted && (i = atomic_fetch_add(&b->next_code, 1)) < b->set->code_count)
		pcre2_jit_compile(b->set->codes[i], PCRE2_JIT_COMPLETE);
	return NULL;
}

static int by_size(const void *a, const void *b)
{
	const struct place *x = *(struct place *const *)a, *y = *(struct place *const *)b;

	return x->count > y->count ? -1 : x->count < y->count;
}

static int compile_all(struct builder *b, struct sk_diag *diag)
{
	pthread_t threads[THREADS];
	int started = 0, r;

	for (uint32_t i = 0; i < b->count; i++)
		if ((r = group_prepare(b->set, b->places[i])))
			return r;
	if (b->count)
		qsort(b->places, b->count, sizeof *b->places, by_size);
	while (started < THREADS - 1 && pthread_create(&threads[started], NULL, work, b) == 0)
		started++;
	work(b);
	while (started)
		pthread_join(threads[--started], NULL);
	for (uint32_t i = 0; i < b->count; i++) {
		struct place *place = b->places[i];

		if (place->result == SK_BAD)
			return sk_diag_offset(diag, 0, "the literals cannot be compiled: %.150s", place->error ? place->error->message : "");
		if (place->result)
			return sk_origin(place->result);
		if ((r = group_by_hosts(b->set, place->group)))
			return r;
	}
	return 0;
}

/* ---- groups by port into their sorted tables */

static int by_port(const void *a, const void *b)
{
	return ((const struct port_group *)a)->port - ((const struct port_group *)b)->port;
}

static void share_alike(struct builder *b)
{
	for (uint32_t i = 0; i < b->port_count; i++)
		for (uint32_t j = 0; j < i; j++) {
			struct place *x = b->ports[i].place, *y = b->ports[j].place;

			if (b->ports[i].key >> 16 == b->ports[j].key >> 16 && x->count == y->count && memcmp(x->rules, y->rules, x->count * sizeof *x->rules) == 0) {
				if (x != y)
					x->count = 0; /* compiled as nothing */
				b->ports[i].place = y;
				break;
			}
		}
}

static int port_tables(struct builder *b)
{
	for (int stream = 0; stream < 2; stream++)
		for (int class = 0; class < (stream ? 1 : CLASSES); class++)
			for (int dir = 0; dir < 2; dir++) {
				struct payload_groups *groups = stream ? &b->set->stream[dir] : &b->set->packet[class][dir];
				uint32_t high = (uint32_t)stream << 4 | (uint32_t)class << 2 | (uint32_t)dir;

				groups->by_port = arena_take(&b->set->arena, (b->port_count + 1) * sizeof *groups->by_port);
				if (!groups->by_port)
					return sk_origin(-ENOMEM);
				for (uint32_t i = 0; i < b->port_count; i++)
					if (b->ports[i].key >> 16 == high)
						groups->by_port[groups->port_count++] = (struct port_group){(uint16_t)b->ports[i].key, b->ports[i].place->group};
				qsort(groups->by_port, groups->port_count, sizeof *groups->by_port, by_port);
			}
	return 0;
}

static int keep_databases(struct builder *b)
{
	struct gw_rules *set = b->set;

	set->dbs = sk_calloc(b->count ? b->count : 1, sizeof(hs_database_t *));
	if (!set->dbs) {
		for (uint32_t i = 0; i < b->count; i++)
			hs_free_database(b->places[i]->group->db);
		return sk_origin(-ENOMEM);
	}
	for (uint32_t i = 0; i < b->count; i++)
		if (b->places[i]->group->db)
			set->dbs[set->db_count++] = b->places[i]->group->db;
	return 0;
}

int rules_build(struct gw_rules *set, struct sk_diag *diag)
{
	struct builder b = {.set = set};
	int r = 0, kept;

	for (uint32_t i = 0; i < set->rule_count && r == 0; i++)
		r = put_rule(&b, i);
	for (uint32_t i = 0; r == 0 && i < b.port_count; i++)
		r = b.ports[i].place ? 0 : sk_origin(-ENOMEM);
	if (r == 0) {
		share_alike(&b);
		r = port_tables(&b);
	}
	if (r == 0)
		r = compile_all(&b, diag);
	kept = keep_databases(&b);
	for (uint32_t i = 0; i < b.count; i++) {
		if (b.places[i]->error)
			hs_free_compile_error(b.places[i]->error);
		free(b.places[i]->rules);
		free(b.places[i]);
	}
	free(b.places);
	free(b.ports);
	return r ? r : kept;
}
