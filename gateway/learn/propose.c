// SPDX-License-Identifier: GPL-3.0-or-later
/* The draft: zones, one conduit for each group, a line for each message that needs one, the evidence before each as a comment. */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "learn/groups.h"
#include "policy/line.h"

enum { LINES_MAX = 120, RANGE_FROM = 12 };

/* One message of a group, from the rows of all its addresses. */
struct said {
	char name[32];
	uint8_t role, act; /* enum sk_line_role */
	uint64_t total, bare, refused, first;
	uint32_t days;
	bool many;
};

struct draft {
	struct gw_groups g;
	struct sk_buf *out;
	int r;
};

static void put(struct draft *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct draft *d, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (!d->r)
		d->r = sk_buf_vprintf(d->out, format, args);
	va_end(args);
}

/* A text as YAML has it in double quotes. */
static void put_quoted(struct draft *d, const char *text)
{
	put(d, "\"");
	for (; *text; text++)
		put(d, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	put(d, "\"");
}

static uint8_t role_of(const struct gw_learn_row *row)
{
	if (row->from == GW_ROLE_UNKNOWN)
		return row->dir == GW_TO_SERVER ? SK_LINE_HOST : SK_LINE_EQUIPMENT;
	return row->from == GW_ROLE_HOST ? SK_LINE_HOST : SK_LINE_EQUIPMENT;
}

/* --- zones and assets */

static const char *asset_name(const struct draft *d, const struct gw_group_addr *a)
{
	const struct sk_gateway *source = d->g.policy ? gw_policy_source(d->g.policy) : NULL;
	const struct sk_asset *list = source ? source->assets.items : NULL;
	char text[48];

	gw_learn_addr(&a->addr, a->ip, text);
	for (size_t i = 0; source && i < source->assets.count; i++)
		if (strcmp(list[i].address, text) == 0)
			return list[i].name;
	return NULL;
}

static void put_list(struct draft *d, const struct sk_strings *list)
{
	for (size_t i = 0; i < list->count; i++) {
		put(d, i ? ", " : "");
		put_quoted(d, list->items[i]);
	}
}

static void put_known_zone(struct draft *d, const struct sk_zone *zone)
{
	put(d, "    - name: ");
	put_quoted(d, zone->name);
	if (zone->addresses.count) {
		put(d, "\n      addresses: [");
		put_list(d, &zone->addresses);
		put(d, "]");
	}
	if (zone->vlans.count) {
		put(d, "\n      vlans: [");
		put_list(d, &zone->vlans);
		put(d, "]");
	}
	put(d, "\n");
}

static void put_made_zone(struct draft *d, size_t zone)
{
	char text[48];

	put(d, "    # made from what its addresses were heard to be; put them where they belong\n    - name: %s\n      addresses:\n", d->g.zones[zone].name);
	for (size_t i = 0; i < d->g.addr_count; i++) {
		const struct gw_group_addr *a = &d->g.addrs[i];

		if (a->zone != (int)zone || (i && d->g.addrs[i - 1].zone == (int)zone && memcmp(&d->g.addrs[i - 1].addr, &a->addr, sizeof a->addr) == 0))
			continue;
		put(d, "        - \"%s\"%s\n", gw_learn_addr(&a->addr, a->ip, text), a->host && a->equipment ? "   # speaks as host and as equipment" : "");
	}
}

static void put_zones(struct draft *d)
{
	const struct sk_gateway *source = d->g.policy ? gw_policy_source(d->g.policy) : NULL;

	put(d, "  zones:%s\n", d->g.zone_count ? "" : " []");
	for (size_t i = 0; i < d->g.zone_count; i++)
		if (d->g.zones[i].made)
			put_made_zone(d, i);
		else
			put_known_zone(d, (const struct sk_zone *)source->zones.items + i);
}

/* --- lines */

static int by_role(const void *a, const void *b)
{
	const struct said *x = a, *y = b;

	if (x->role != y->role)
		return x->role - y->role;
	return x->act != y->act ? x->act - y->act : strcmp(x->name, y->name);
}

static size_t gather(const struct draft *d, const struct gw_group *group, struct said *list, size_t room)
{
	size_t count = 0, at;

	for (uint32_t i = 0; i < d->g.row_count; i++) {
		const struct gw_learn_row *row = &d->g.table->rows[i];

		if (!row->name[0] || row->kind[0] || row->answer || !gw_group_has(&d->g, group, row))
			continue;
		for (at = 0; at < count; at++)
			if (list[at].role == role_of(row) && strcmp(list[at].name, row->name) == 0)
				break;
		if (at == room)
			continue;
		if (at == count) {
			list[count] = (struct said){.role = role_of(row), .act = row->act};
			memcpy(list[count++].name, row->name, sizeof row->name);
		}
		list[at].total += gw_learn_total(row);
		list[at].bare += atomic_load(&row->bare);
		list[at].refused += atomic_load(&row->count[1]) + atomic_load(&row->count[2]);
		list[at].days = SK_MAX(list[at].days, atomic_load(&row->days));
		list[at].many |= atomic_load(&row->many) != 0;
		if (!list[at].first || atomic_load(&row->first) < list[at].first)
			list[at].first = atomic_load(&row->first);
	}
	qsort(list, count, sizeof *list, by_role);
	return count;
}

static bool is_kind_of(const struct draft *d, const struct gw_group *group, const struct said *said, const struct gw_learn_row *row)
{
	return row->kind[0] && role_of(row) == said->role && strcmp(row->name, said->name) == 0 && gw_group_has(&d->g, group, row);
}

static bool names_field(const char *kind, const char *name, size_t size)
{
	for (const char *at = kind; *at; at += strcspn(at, "\t"), at += *at == '\t')
		if (strncmp(at, name, size) == 0 && at[size] == '=')
			return true;
	return false;
}

static bool in_every_kind(const struct draft *d, const struct gw_group *group, const struct said *said, const char *name, size_t size)
{
	for (uint32_t i = 0; i < d->g.row_count; i++) {
		const struct gw_learn_row *row = &d->g.table->rows[i];

		if (is_kind_of(d, group, said, row) && !names_field(row->kind, name, size))
			return false;
	}
	return true;
}

static struct sk_line_field *field_of(struct sk_line *line, const char *name, size_t size)
{
	struct sk_line_field *field;

	for (size_t i = 0; i < line->field_count; i++)
		if (strlen(line->fields[i].name) == size && strncmp(line->fields[i].name, name, size) == 0)
			return &line->fields[i];
	if (line->field_count == SK_LINE_FIELDS || size >= SK_LINE_WORD)
		return NULL;
	field = &line->fields[line->field_count++];
	snprintf(field->name, sizeof field->name, "%.*s", (int)size, name);
	field->first = line->value_count;
	field->count = 0;
	return field;
}

/* False when there are more values than a line may have. */
static bool add_value(struct sk_line *line, struct sk_line_field *field, const char *text, size_t size)
{
	struct sk_line_value value = {0};

	snprintf(value.text, sizeof value.text, "%.*s", (int)SK_MIN(size, sizeof value.text - 1), text);
	value.number = sk_parse_u64(value.text, UINT64_MAX, &value.low) == 0;
	value.high = value.low;
	for (size_t i = 0; i < field->count; i++)
		if (strcmp(line->values[field->first + i].text, value.text) == 0)
			return true;
	if (line->value_count == SK_LINE_VALUES || field->first + field->count != line->value_count)
		return false;
	line->values[line->value_count++] = value;
	field->count++;
	return true;
}

/* The values of one field over all kinds. */
static bool add_field(const struct draft *d, const struct gw_group *group, const struct said *said, struct sk_line *line, const char *name, size_t size)
{
	struct sk_line_field *field = field_of(line, name, size);

	for (uint32_t i = 0; field && i < d->g.row_count; i++) {
		const struct gw_learn_row *row = &d->g.table->rows[i];

		if (!is_kind_of(d, group, said, row))
			continue;
		for (const char *at = row->kind; *at; at += strcspn(at, "\t"), at += *at == '\t')
			if (strncmp(at, name, size) == 0 && at[size] == '=' && !add_value(line, field, at + size + 1, strcspn(at, "\t") - size - 1))
				return false;
	}
	return field != NULL;
}

static int by_value(const void *a, const void *b)
{
	const struct sk_line_value *x = a, *y = b;

	if (x->number && y->number)
		return x->low < y->low ? -1 : x->low > y->low;
	return x->number != y->number ? (x->number ? -1 : 1) : strcmp(x->text, y->text);
}

/* Numbers side by side become a range; so many that stand apart, too. */
static void join_values(struct sk_line *line)
{
	struct sk_line_field *field = &line->fields[line->field_count - 1];
	struct sk_line_value *values = &line->values[field->first];
	bool wide = field->count > RANGE_FROM;
	size_t kept = 0;

	qsort(values, field->count, sizeof *values, by_value);
	for (size_t i = 0; i < field->count; i++) {
		bool joins = kept && values[i].number && values[kept - 1].number && (wide || values[i].low <= values[kept - 1].high + 1);

		if (joins)
			values[kept - 1].high = values[i].high;
		else
			values[kept++] = values[i];
	}
	for (size_t i = 0; i < kept; i++)
		if (values[i].number && values[i].low != values[i].high)
			snprintf(values[i].text, sizeof values[i].text, "%" PRIu64 "-%" PRIu64, values[i].low, values[i].high);
	line->value_count = field->first + kept;
	field->count = kept;
}

/* Fields that each kind has, with all values that were heard. */
static void add_fields(const struct draft *d, const struct gw_group *group, const struct said *said, struct sk_line *line)
{
	const struct gw_learn_row *first = NULL;

	for (uint32_t i = 0; !first && i < d->g.row_count; i++)
		if (is_kind_of(d, group, said, &d->g.table->rows[i]))
			first = &d->g.table->rows[i];
	for (const char *at = first ? first->kind : ""; *at; at += strcspn(at, "\t"), at += *at == '\t') {
		struct sk_line before = *line;
		size_t size = strcspn(at, "=");

		if (strncmp(at, "session=", 8) == 0 || names_field(before.field_count ? before.fields[before.field_count - 1].name : "", at, size))
			continue;
		if (!in_every_kind(d, group, said, at, size) || !add_field(d, group, said, line, at, size))
			*line = before;
		else
			join_values(line);
	}
}

static void put_evidence(struct draft *d, const struct said *said, const struct sk_line *line)
{
	char number[32], date[16];

	put(d, "        # seen %s time%s on %u day%s since %s", gw_learn_number(said->total, number), said->total == 1 ? "" : "s", said->days, said->days == 1 ? "" : "s",
	    gw_learn_date(said->first, date));
	if (said->refused)
		put(d, ", %s of them refused or nearly: look twice", gw_learn_number(said->refused, number));
	if (said->many)
		put(d, "; of too many kinds to list");
	else if (said->bare && said->bare < said->total)
		put(d, "; %s of them without such fields", gw_learn_number(said->bare, number));
	put(d, "%s\n", line->field_count || said->act < GW_ACT_WRITE ? "" : "; nothing narrows it: is it to be said at any time?");
}

static void put_line(struct draft *d, const struct gw_group *group, const struct said *said)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_LINE_MAX + 1);
	struct sk_line line = {.role = (enum sk_line_role)said->role, .what_count = 1};

	line.whats[0].act = -1;
	memcpy(line.whats[0].name, said->name, sizeof said->name);
	if (!said->many && said->bare == 0)
		add_fields(d, group, said, &line);
	put_evidence(d, said, &line);
	if (sk_line_write(&line, &text) != 0) {
		sk_buf_clear(&text);
		line.field_count = line.value_count = 0;
		if (!d->r)
			d->r = sk_line_write(&line, &text);
	}
	put(d, "        - '");
	for (const char *at = text.data ? text.data : ""; *at; at++)
		put(d, *at == '\'' ? "''" : "%c", *at);
	put(d, "'\n");
}

/* --- conduits */

static const char *transport_name(uint8_t transport)
{
	return transport == IPPROTO_TCP ? "tcp" : transport == IPPROTO_UDP ? "udp" : transport == IPPROTO_ICMP || transport == IPPROTO_ICMPV6 ? "icmp" : NULL;
}

static void put_ports(struct draft *d, const struct gw_group *group)
{
	bool any = group->more_ports;

	for (size_t i = 0; i < group->port_count; i++)
		any |= transport_name(group->ports[i].transport) == NULL;
	if (any) {
		put(d, "      # so many ports, or transports without any, that all are named here\n");
		return;
	}
	put(d, "      ports: [");
	for (size_t i = 0; i < group->port_count; i++) {
		const char *name = transport_name(group->ports[i].transport);

		put(d, strcmp(name, "icmp") ? "%s%s/%u" : "%s%s", i ? ", " : "", name, group->ports[i].port);
	}
	put(d, "]\n");
}

static void put_lines(struct draft *d, const struct gw_group *group)
{
	struct said *list = sk_calloc(LINES_MAX, sizeof *list);
	size_t count = list ? gather(d, group, list, LINES_MAX) : 0;

	if (!list)
		d->r = sk_origin(-ENOMEM);
	if (count) {
		put(d, "      lines:\n");
		for (size_t i = 0; i < count; i++)
			put_line(d, group, &list[i]);
	}
	free(list);
}

static void put_conduit(struct draft *d, const struct gw_group *group)
{
	const char *from = d->g.zones[group->from].name, *to = d->g.zones[group->to].name;
	char a[32], b[32], first[16], last[16];

	put(d, "    # %s message%s, %s conversation%s that ended, on %u day%s, %s to %s\n", gw_learn_number(group->messages, a), group->messages == 1 ? "" : "s",
	    gw_learn_number(group->conversations, b), group->conversations == 1 ? "" : "s", group->days, group->days == 1 ? "" : "s", gw_learn_date(group->first, first),
	    gw_learn_date(group->last, last));
	put(d, "    - name: \"%.20s-%.20s-%s\"\n      from: ", from, to, group->proto[0] ? group->proto : "unknown");
	put_quoted(d, from);
	put(d, "\n      to: ");
	put_quoted(d, to);
	put(d, "\n");
	put_ports(d, group);
	if (group->proto[0])
		put(d, "      protocols: [%s]\n", group->proto);
	put(d, "      action: inspect\n      mode: shadow\n");
	if (group->proto[0])
		put_lines(d, group);
}

/* --- the rest of the policy that is in force: what learning says nothing of */

static void put_assets(struct draft *d)
{
	char text[48];
	size_t number = 0;

	put(d, "  assets:\n");
	for (size_t i = 0; i < d->g.addr_count; i++) {
		const struct gw_group_addr *a = &d->g.addrs[i];
		const char *name = asset_name(d, a);

		if (!a->equipment || (i && memcmp(&d->g.addrs[i - 1].addr, &a->addr, sizeof a->addr) == 0))
			continue;
		put(d, "    - {name: ");
		if (name)
			put_quoted(d, name);
		else
			put(d, "tool-%zu", ++number);
		put(d, ", address: \"%s\"}\n", gw_learn_addr(&a->addr, a->ip, text));
	}
}

static bool any_equipment(const struct draft *d)
{
	for (size_t i = 0; i < d->g.addr_count; i++)
		if (d->g.addrs[i].equipment)
			return true;
	return false;
}

static void put_rest(struct draft *d)
{
	const struct sk_gateway *source = d->g.policy ? gw_policy_source(d->g.policy) : NULL;

	put(d, "  otherwise: {action: drop, mode: shadow}\n");
	if (!source) { /* the first draft of all has what the package brings */
		put(d, "  rules: [virtual-patches.rules]\n");
		return;
	}
	if (source->rules.count) {
		put(d, "  rules: [");
		put_list(d, &source->rules);
		put(d, "]\n");
	}
	if (source->recipes.count || source->isolation.count)
		put(d, "  # %zu released recipes and %zu isolation sets of the policy in force are not here: take them over\n", source->recipes.count, source->isolation.count);
}

int gw_learn_propose(const struct gw_learn_table *table, const struct gw_policy *policy, struct sk_buf *out)
{
	struct draft d = {.out = out};
	char number[32];
	int r = gw_groups_make(table, policy, &d.g);

	if (r != 0)
		return r;
	put(&d, "# Proposed from what was learnt: %u rows", d.g.row_count);
	if (atomic_load(&table->lost))
		put(&d, "; %s MESSAGES FOUND NO ROOM AND ARE MISSING HERE", gw_learn_number(atomic_load(&table->lost), number));
	put(&d, "\n# Nothing here is in force before a person has read it and signed it: sekisho policy sign\npart: gateway\ngateway:\n");
	put_zones(&d);
	if (any_equipment(&d))
		put_assets(&d);
	put(&d, "  conduits:%s\n", d.g.count ? "" : " []");
	for (size_t i = 0; i < d.g.count; i++)
		put_conduit(&d, &d.g.groups[i]);
	put_rest(&d);
	gw_groups_done(&d.g);
	return d.r;
}
