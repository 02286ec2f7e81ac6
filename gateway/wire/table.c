// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A policy on its way into the kernel, and counts on their way out.
 *
 * The half that is not in force is written first; then one word puts it in force; then what only the old generation used is taken away, after every frame that
 * may still be judged by it is through.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "wire/kernel-own.h"

enum { GRACE_US = 20000, ADDRESS_BITS = 48 };

static int write_one(int map, uint32_t at, const void *value)
{
	return bpf_map_update_elem(map, &at, value, 0) < 0 ? -errno : 0;
}

static int write_zone(struct gw_kernel *kernel, uint32_t generation, const struct gw_table_prefix *prefix)
{
	struct gw_zone4 four = {.prefix = ADDRESS_BITS + prefix->bits, .generation = generation, .vlan = prefix->vlan};
	struct gw_zone6 six = {.prefix = ADDRESS_BITS + prefix->bits, .generation = generation, .vlan = prefix->vlan};

	if (prefix->bits > (prefix->ip == 4 ? 32 : 128) || prefix->zone >= GW_ZONES)
		return -E2BIG;
	memcpy(four.address, prefix->address, sizeof four.address);
	memcpy(six.address, prefix->address, sizeof six.address);
	if (bpf_map_update_elem(kernel->maps[prefix->ip == 4 ? GW_MAP_ZONES4 : GW_MAP_ZONES6], prefix->ip == 4 ? (void *)&four : (void *)&six, &prefix->zone, 0) < 0)
		return -errno;
	return 0;
}

/* What becomes of frames that no rule can be found for. */
static void sum_up(const struct gw_table *table, const struct gw_table_conduit *from, struct gw_conduit *conduit)
{
	bool has[GW_COURSES] = {false};

	has[from->otherwise] = true;
	conduit->odd_mode = (uint8_t)from->mode;
	conduit->odd_closed = from->closed;
	for (uint32_t i = 0; i < from->count; i++) {
		const struct gw_rule_entry *rule = &table->rules[from->first + i];

		has[rule->verdict] = true;
		conduit->odd_mode = SK_MIN(conduit->odd_mode, rule->mode);
		conduit->odd_closed |= rule->closed;
	}
	conduit->plain = !has[GW_DROP] && !has[GW_INSPECT];
	conduit->stray = has[GW_INSPECT] ? GW_INSPECT : has[GW_SWITCH] && !conduit->odd_closed ? GW_SWITCH : GW_DROP;
}

static int write_conduit(struct gw_kernel *kernel, const struct gw_table *table, uint32_t half, uint32_t number, const struct gw_table_conduit *from)
{
	struct gw_conduit conduit = {.first = from->first, .count = from->count, .otherwise = (uint8_t)from->otherwise,
				     .mode = (uint8_t)from->mode, .closed = from->closed, .present = 1};
	int error;

	if (from->count > GW_RULES_EACH || from->from >= GW_ZONES || from->to >= GW_ZONES)
		return -E2BIG;
	sum_up(table, from, &conduit);
	error = write_one(kernel->maps[GW_MAP_CONDUITS], half * GW_CONDUITS + number, &conduit);
	if (!error && number)
		error = write_one(kernel->maps[GW_MAP_PAIRS], half * GW_ZONES * GW_ZONES + from->from * GW_ZONES + from->to, &number);
	return error;
}

static int clear_pairs(struct gw_kernel *kernel, uint32_t half)
{
	uint32_t none = 0;
	int error = 0;

	for (uint32_t i = 0; i < GW_ZONES * GW_ZONES && !error; i++)
		error = write_one(kernel->maps[GW_MAP_PAIRS], half * GW_ZONES * GW_ZONES + i, &none);
	return error;
}

static int write_types(struct gw_kernel *kernel, uint32_t generation, const struct gw_table *table)
{
	for (uint32_t i = 0; i < table->type_count; i++) {
		struct gw_type_key key = {.generation = generation, .type = table->types[i].type};
		uint32_t verdict = table->types[i].verdict;

		if (bpf_map_update_elem(kernel->maps[GW_MAP_TYPES], &key, &verdict, 0) < 0)
			return -errno;
	}
	return 0;
}

static int write_table(struct gw_kernel *kernel, uint32_t generation, const struct gw_table *table)
{
	uint32_t half = generation & 1;
	int error = clear_pairs(kernel, half);

	for (uint32_t i = 0; i < table->rule_count && !error; i++)
		error = write_one(kernel->maps[GW_MAP_RULES], half * GW_RULES + i, &table->rules[i]);
	if (!error)
		error = write_conduit(kernel, table, half, 0, &table->none);
	for (uint32_t i = 0; i < table->conduit_count && !error; i++)
		error = write_conduit(kernel, table, half, i + 1, &table->conduits[i]);
	for (uint32_t i = 0; i < table->prefix_count && !error; i++)
		error = write_zone(kernel, generation, &table->prefixes[i]);
	return error ? error : write_types(kernel, generation, table);
}

/* Each key of a table that is not of this generation (which stands at `offset` of the key) goes. */
static void sweep(int map, size_t size, size_t offset, uint32_t generation)
{
	uint8_t key[32], next[32];
	uint32_t of;
	bool more = bpf_map_get_next_key(map, NULL, next) == 0;

	while (more) {
		memcpy(key, next, size);
		more = bpf_map_get_next_key(map, key, next) == 0;
		memcpy(&of, key + offset, sizeof of);
		if (of != generation)
			bpf_map_delete_elem(map, key);
	}
}

static void sweep_all(struct gw_kernel *kernel, uint32_t generation)
{
	sweep(kernel->maps[GW_MAP_ZONES4], sizeof(struct gw_zone4), offsetof(struct gw_zone4, generation), generation);
	sweep(kernel->maps[GW_MAP_ZONES6], sizeof(struct gw_zone6), offsetof(struct gw_zone6, generation), generation);
	sweep(kernel->maps[GW_MAP_TYPES], sizeof(struct gw_type_key), offsetof(struct gw_type_key, generation), generation);
}

int gw_kernel_put(struct gw_kernel *kernel, const struct gw_table *table)
{
	uint32_t next = kernel->live.generation + 1 ? kernel->live.generation + 1 : 2;
	int error;

	if (table->conduit_count >= GW_CONDUITS || table->rule_count > GW_RULES || table->prefix_count > GW_PREFIXES / 2 || table->type_count > GW_TYPES)
		return sk_origin(-E2BIG);
	error = write_table(kernel, next, table);
	if (error) {
		sweep_all(kernel, kernel->live.generation);
		return sk_origin(error);
	}
	kernel->live.generation = next;
	kernel->live.bits = table->bits;
	error = write_one(kernel->maps[GW_MAP_LIVE], 0, &kernel->live);
	if (error)
		return sk_origin(error);
	usleep(GRACE_US);
	sweep_all(kernel, next);
	return 0;
}

int gw_kernel_open(struct gw_kernel *kernel, uint64_t until_ns)
{
	int error;

	kernel->live.open_until = until_ns;
	error = write_one(kernel->maps[GW_MAP_LIVE], 0, &kernel->live);
	return error ? sk_origin(error) : 0;
}

/* --- counts */

/* Sums what each processor counted: `words` numbers of 64 bits. */
static int sum(int map, uint32_t at, size_t words, uint64_t *ret_sum)
{
	int processors = libbpf_num_possible_cpus();
	_cleanup_free_ uint64_t *all = processors > 0 ? sk_calloc((size_t)processors * words, sizeof *all) : NULL;

	if (!all)
		return sk_origin(-ENOMEM);
	if (bpf_map_lookup_elem(map, &at, all) < 0)
		return sk_origin_errno();
	for (size_t w = 0; w < words; w++)
		for (int p = 0; p < processors; p++)
			ret_sum[w] = (p ? ret_sum[w] : 0) + all[(size_t)p * words + w];
	return 0;
}

int gw_kernel_counts(struct gw_kernel *kernel, uint64_t ret_counts[GW_WHYS])
{
	int error = 0;

	for (uint32_t i = 0; i < GW_WHYS && !error; i++)
		error = sum(kernel->maps[GW_MAP_COUNTS], i, 1, &ret_counts[i]);
	return error;
}

int gw_kernel_tally(struct gw_kernel *kernel, uint32_t conduit, struct gw_tally *ret_tally)
{
	return sum(kernel->maps[GW_MAP_TALLIES], conduit, sizeof *ret_tally / sizeof(uint64_t), (uint64_t *)ret_tally);
}

static uint32_t entries_of(int map, size_t size)
{
	uint8_t key[64], next[64];
	uint32_t count = 0;
	bool more = bpf_map_get_next_key(map, NULL, next) == 0;

	while (more && count < 2 * GW_FLOWS) {
		count++;
		memcpy(key, next, size);
		more = bpf_map_get_next_key(map, key, next) == 0;
	}
	return count;
}

int gw_kernel_flows(struct gw_kernel *kernel, uint32_t *ret_flows, uint32_t *ret_pieces)
{
	*ret_flows = entries_of(kernel->maps[GW_MAP_FLOWS], sizeof(struct gw_flow_key));
	*ret_pieces = entries_of(kernel->maps[GW_MAP_PIECES], sizeof(struct gw_piece_key));
	return 0;
}
