// SPDX-License-Identifier: GPL-3.0-or-later
/* Asking the policy about every header, once for each policy; runs in the loader's thread. */
#include "main/heads.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

enum { FRAMINGS = 3 };
static_assert((int)GW_FRAMING_HSMS == (int)GW_FRAMED_HSMS && (int)GW_FRAMING_MODBUS == (int)GW_FRAMED_MODBUS, "the kernel side knows them by the same numbers");

static size_t count_ways(const struct gw_policy *policy)
{
	size_t count = 0;

	while (gw_policy_ways(policy, count))
		count++;
	return count;
}

static int place_for(struct gw_head_tables *t, const struct gw_heads *heads)
{
	for (uint32_t i = 0; i < t->count; i++)
		if (memcmp(&t->tables[i], heads, sizeof *heads) == 0)
			return (int)i;
	if (t->count == GW_HEADS)
		return -1;
	t->tables[t->count] = *heads;
	return (int)t->count++;
}

static void add(struct gw_head_tables *t, const struct gw_policy *policy, size_t i, const struct gw_proto *proto)
{
	const struct gw_ways *ways = gw_policy_ways(policy, i);
	struct gw_heads heads;
	bool any;

	if (!proto->by_header)
		return;
	any = gw_policy_headers(policy, ways, proto, GW_ROLE_HOST, heads.pass[0], sizeof heads.pass[0]);
	any |= gw_policy_headers(policy, ways, proto, GW_ROLE_EQUIPMENT, heads.pass[1], sizeof heads.pass[1]);
	if (any)
		t->of[i * FRAMINGS + proto->by_header->framing] = (int16_t)place_for(t, &heads);
}

int gw_head_tables_make(const struct gw_policy *policy, const struct gw_proto *const *protos, struct gw_head_tables *ret_tables)
{
	struct gw_head_tables t = {.ways = count_ways(policy)};

	t.tables = sk_calloc(GW_HEADS, sizeof *t.tables);
	t.of = sk_calloc(t.ways * FRAMINGS, sizeof *t.of);
	if (!t.tables || !t.of) {
		gw_head_tables_done(&t);
		return sk_origin(-ENOMEM);
	}
	memset(t.of, 0xff, t.ways * FRAMINGS * sizeof *t.of);
	for (size_t i = 0; i < t.ways; i++)
		for (const struct gw_proto *const *p = protos; *p; p++)
			add(&t, policy, i, *p);
	*ret_tables = t;
	return 0;
}

void gw_head_tables_done(struct gw_head_tables *tables)
{
	free(tables->tables);
	free(tables->of);
	*tables = (struct gw_head_tables){.tables = NULL};
}

int gw_head_tables_find(const struct gw_head_tables *tables, size_t ways, enum gw_framing framing)
{
	return tables->of && ways < tables->ways ? tables->of[ways * FRAMINGS + framing] : -1;
}
