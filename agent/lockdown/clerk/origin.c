// SPDX-License-Identifier: GPL-3.0-or-later
/* Two sorted arrays over one pool of texts. See origin.h. */
#include "lockdown/clerk/origin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"

enum { POOL_MAX = 16 << 20, TEXT = 512 };

struct __attribute__((packed)) origin {
	uint64_t key;      /* of the content or the name; that two share one only mixes up what people are told */
	uint32_t text;     /* in the pool: package, zero, publisher, zero */
};

struct lk_origins {
	struct sk_buf pool;
	struct origin *by_content, *by_name;
	uint32_t count;
};

static uint64_t key_of_hash(const uint8_t *hash)
{
	uint64_t key;

	memcpy(&key, hash, sizeof key);
	return key;
}

static uint64_t key_of_name(const char *name)
{
	uint64_t key = UINT64_C(14695981039346656037);

	for (; *name; name++)
		key = (key ^ (uint8_t)*name) * UINT64_C(1099511628211);
	return key;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = ((const struct origin *)a)->key, y = ((const struct origin *)b)->key;

	return x < y ? -1 : x > y;
}

/* "PACKAGE VERSION\0PUBLISHER": 0 = nothing is said. */
static size_t text_of(const struct sk_program *program, char out[2 * TEXT])
{
	const char *package = program->package ? program->package : "", *version = package[0] && program->version ? program->version : "";
	const char *publisher = program->publisher ? program->publisher : "";
	int size;

	if (!package[0] && !publisher[0])
		return 0;
	size = snprintf(out, TEXT, "%.255s%s%.200s", package, version[0] ? " " : "", version);
	size += 1 + snprintf(out + size + 1, TEXT, "%.500s", publisher);
	return (size_t)size + 1;
}

/* Each text stands once: the pool's place of it, plus one, is what the map holds. */
static int keep(struct lk_origins *o, struct sk_map *texts, const char *text, size_t size, uint32_t *ret_at)
{
	uintptr_t at = (uintptr_t)sk_map_get(texts, text, size);
	int r = 0;

	if (!at) {
		at = o->pool.size + 1;
		r = sk_buf_append(&o->pool, text, size);
		if (!r)
			r = sk_map_put(texts, text, size, (void *)at);
	}
	*ret_at = (uint32_t)(at - 1);
	return r;
}

static int fill(struct lk_origins *o, const struct sk_policy *policy, struct sk_map *texts)
{
	const struct sk_program *programs = sk_policy_programs(policy);

	for (size_t i = 0; i < policy->lockdown.programs.count; i++) {
		char text[2 * TEXT];
		size_t size = text_of(&programs[i], text);
		uint32_t at;
		int r = size ? keep(o, texts, text, size, &at) : 0;

		if (r)
			return r;
		if (!size)
			continue;
		o->by_content[o->count] = (struct origin){key_of_hash(programs[i].sha256), at};
		o->by_name[o->count++] = (struct origin){key_of_name(programs[i].name ? programs[i].name : ""), at};
	}
	qsort(o->by_content, o->count, sizeof *o->by_content, compare);
	qsort(o->by_name, o->count, sizeof *o->by_name, compare);
	return o->count ? 0 : SK_NONE;
}

struct lk_origins *lk_origins_new(const struct sk_policy *policy)
{
	size_t count = policy->lockdown.programs.count;
	_cleanup_map_ struct sk_map *texts = NULL;
	struct lk_origins *o = sk_calloc(1, sizeof *o);

	if (!o)
		return NULL;
	o->pool = SK_BUF(POOL_MAX);
	o->by_content = sk_calloc(count + 1, sizeof *o->by_content);
	o->by_name = sk_calloc(count + 1, sizeof *o->by_name);
	if (!o->by_content || !o->by_name || sk_map_new(count + 1, NULL, &texts) || fill(o, policy, texts))
		return lk_origins_free(o);
	return o;
}

struct lk_origins *lk_origins_free(struct lk_origins *o)
{
	if (o) {
		sk_buf_done(&o->pool);
		free(o->by_content);
		free(o->by_name);
		free(o);
	}
	return NULL;
}

static const struct origin *find(const struct origin *list, uint32_t count, uint64_t key)
{
	const struct origin wanted = {.key = key};

	return bsearch(&wanted, list, count, sizeof *list, compare);
}

bool lk_origin_of(const struct lk_origins *o, const uint8_t *hash, const char *name, struct lk_origin *ret_origin)
{
	const struct origin *found = o && hash ? find(o->by_content, o->count, key_of_hash(hash)) : NULL;
	const char *text;

	if (!found && o && name[0])
		found = find(o->by_name, o->count, key_of_name(name));
	if (!found)
		return false;
	text = o->pool.data + found->text;
	*ret_origin = (struct lk_origin){.package = text, .publisher = text + strlen(text) + 1};
	return true;
}
