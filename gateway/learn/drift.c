// SPDX-License-Identifier: GPL-3.0-or-later
/* Rows as lines for people: what is new since a policy was learnt, and what an isolation set would stop. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "learn/groups.h"
#include "segment/isolate.h"

static const char *speaker(const struct gw_learn_row *row)
{
	if (row->from != GW_ROLE_UNKNOWN)
		return row->from == GW_ROLE_HOST ? "host" : "equipment";
	return row->dir == GW_TO_SERVER ? "client" : "server";
}

/* "hsms: host S2F41 with rcmd=START", "hsms: conversations" */
static int put_said(const struct gw_learn_row *row, struct sk_buf *out)
{
	char kind[sizeof row->kind];
	int r = sk_buf_printf(out, "%s: ", row->proto[0] ? row->proto : "unknown");

	if (r || !row->name[0])
		return r ? r : sk_buf_append_str(out, "conversations");
	r = sk_buf_printf(out, "%s %s", speaker(row), row->name);
	if (r || !row->kind[0])
		return r;
	memcpy(kind, row->kind, sizeof kind);
	for (char *at = kind; *at; at++)
		*at = *at == '\t' ? ' ' : *at;
	return sk_buf_printf(out, " with %s", kind);
}

static int put_row(const struct gw_learn_row *row, struct sk_buf *out)
{
	const char *transport = row->transport == IPPROTO_TCP ? "tcp" : row->transport == IPPROTO_UDP ? "udp" : "ip";
	char client[48], server[48], number[32], date[16];
	uint64_t total = gw_learn_total(row);
	uint32_t days = atomic_load(&row->days);
	int r = sk_buf_printf(out, "%s -> %s %s/%u  ", gw_learn_addr(&row->client, row->ip, client), gw_learn_addr(&row->server, row->ip, server), transport, row->port);

	if (!r)
		r = put_said(row, out);
	if (!r)
		r = sk_buf_printf(out, "  (%s time%s on %u day%s, first on %s)\n", gw_learn_number(total, number), total == 1 ? "" : "s", days, days == 1 ? "" : "s",
				  gw_learn_date(atomic_load(&row->first), date));
	return r;
}

static bool is_new(const struct gw_learn_row *row, uint64_t known, const struct gw_learn *other)
{
	return other ? !gw_learn_find(other, row) : atomic_load(&row->first) > known;
}

int gw_learn_drift(const struct gw_learn_table *table, uint64_t known, const struct gw_learn *other, struct sk_buf *out, size_t *ret_count)
{
	uint32_t count = SK_MIN(atomic_load_explicit(&table->count, memory_order_acquire), (uint32_t)GW_LEARN_ROWS);
	int r = 0;

	*ret_count = 0;
	for (uint32_t i = 0; i < count && r == 0; i++)
		if (is_new(&table->rows[i], known, other)) {
			r = put_row(&table->rows[i], out);
			++*ret_count;
		}
	return r;
}

/* --- rehearsal */

int gw_learn_rehearse(const struct gw_learn_table *table, const struct gw_policy *policy, const char *set, struct sk_buf *out, size_t *ret_count)
{
	uint32_t count = SK_MIN(atomic_load_explicit(&table->count, memory_order_acquire), (uint32_t)GW_LEARN_ROWS);
	const struct sk_isolation *isolation = gw_isolation_named(gw_policy_source(policy), set);
	int r = 0;

	if (!isolation)
		return SK_NONE;
	*ret_count = 0;
	for (uint32_t i = 0; i < count && r == 0; i++) {
		const struct gw_learn_row *row = &table->rows[i];
		const struct gw_tuple flow = {.ip = row->ip, .transport = row->transport, .vlan = row->vlan, .port = row->port, .client = row->client, .server = row->server};

		if (row->kind[0] || !gw_isolation_stops(policy, isolation, &flow))
			continue;
		r = put_row(row, out);
		++*ret_count;
	}
	return r;
}
