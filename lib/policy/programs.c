// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The list of programs of a policy: sorted by hash, none twice. One more is put in its place, which moves what is behind it; many are collected at the
 * end and sorted once.
 */
#include "policy/programs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

int sk_program_by_hash(const void *a, const void *b)
{
	return memcmp(((const struct sk_program *)a)->sha256, ((const struct sk_program *)b)->sha256, SK_SHA256_SIZE);
}

/* Sorted, one of each hash: copies of one file need one entry. */
void sk_programs_normalise(struct sk_records *programs)
{
	struct sk_program *list = programs->items;
	size_t kept = 0;

	if (programs->count < 2)
		return;
	qsort(list, programs->count, sizeof *list, sk_program_by_hash);
	for (size_t i = 1; i < programs->count; i++)
		if (sk_program_by_hash(&list[kept], &list[i]) == 0)
			sk_conf_done(&sk_program_table, &list[i]);
		else
			list[++kept] = list[i];
	programs->count = kept + 1;
}

/* The place of a hash, or where it would go. */
static size_t place_of(const struct sk_policy *policy, const uint8_t *sha256, bool *ret_found)
{
	const struct sk_program *list = policy->lockdown.programs.items;
	size_t low = 0, high = policy->lockdown.programs.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = memcmp(list[middle].sha256, sha256, SK_SHA256_SIZE);

		if (order == 0) {
			*ret_found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_found = false;
	return low;
}

const struct sk_program *sk_policy_find_program(const struct sk_policy *policy, const uint8_t sha256[static SK_SHA256_SIZE])
{
	bool found;
	size_t at = place_of(policy, sha256, &found);

	return found ? (const struct sk_program *)policy->lockdown.programs.items + at : NULL;
}

static int copy_text(const char *from, char **to)
{
	*to = from ? sk_strdup(from) : NULL;
	return from && !*to ? sk_origin(-ENOMEM) : 0;
}

static int copy_program(const struct sk_program *from, struct sk_program *to)
{
	int r;

	*to = (struct sk_program){.kind = from->kind, .size = from->size};
	memcpy(to->sha256, from->sha256, SK_SHA256_SIZE);
	r = copy_text(from->name, &to->name);
	if (r == 0)
		r = copy_text(from->publisher, &to->publisher);
	if (r == 0)
		r = copy_text(from->package, &to->package);
	if (r == 0)
		r = copy_text(from->version, &to->version);
	if (r == 0)
		r = copy_text(from->provenance, &to->provenance);
	if (r == 0)
		r = copy_text(from->note, &to->note);
	if (r != 0)
		sk_conf_done(&sk_program_table, to);
	return r;
}

int sk_policy_add_program(struct sk_policy *policy, const struct sk_program *program)
{
	struct sk_records *list = &policy->lockdown.programs;
	struct sk_program copy, *grown;
	bool found;
	size_t at = place_of(policy, program->sha256, &found);
	int r;

	if (found)
		return SK_NONE;
	if (list->count >= SK_PROGRAMS_MAX)
		return SK_FULL;
	r = copy_program(program, &copy);
	if (r != 0)
		return r;
	grown = sk_realloc_array(list->items, list->count + 1, sizeof *grown);
	if (!grown) {
		sk_conf_done(&sk_program_table, &copy);
		return sk_origin(-ENOMEM);
	}
	list->items = grown;
	memmove(grown + at + 1, grown + at, (list->count - at) * sizeof *grown);
	grown[at] = copy;
	list->count++;
	return 0;
}

int sk_collect_begin(struct sk_collector *c, struct sk_policy *policy)
{
	const struct sk_program *list = policy->lockdown.programs.items;
	int r;

	*c = (struct sk_collector){.policy = policy, .space = policy->lockdown.programs.count};
	r = sk_map_new(SK_PROGRAMS_MAX, NULL, &c->seen);
	for (size_t i = 0; r == 0 && i < policy->lockdown.programs.count; i++)
		r = sk_map_put(c->seen, list[i].sha256, SK_SHA256_SIZE, policy);
	return r;
}

static int make_space(struct sk_collector *c, struct sk_records *list)
{
	size_t space = SK_MAX(c->space * 2, (size_t)64);
	void *grown;

	if (list->count < c->space)
		return 0;
	grown = sk_realloc_array(list->items, space, sizeof(struct sk_program));
	if (!grown)
		return sk_origin(-ENOMEM);
	list->items = grown;
	c->space = space;
	return 0;
}

int sk_collect_program(struct sk_collector *c, const struct sk_program *program)
{
	struct sk_records *list = &c->policy->lockdown.programs;
	int r;

	if (sk_map_get(c->seen, program->sha256, SK_SHA256_SIZE))
		return SK_NONE;
	if (list->count >= SK_PROGRAMS_MAX)
		return SK_FULL;
	r = make_space(c, list);
	if (r == 0)
		r = sk_map_put(c->seen, program->sha256, SK_SHA256_SIZE, c->policy);
	if (r == 0)
		r = copy_program(program, (struct sk_program *)list->items + list->count);
	list->count += r == 0;
	return r;
}

void sk_collect_end(struct sk_collector *c)
{
	if (c->seen)
		sk_programs_normalise(&c->policy->lockdown.programs);
	c->seen = sk_map_free(c->seen);
}
