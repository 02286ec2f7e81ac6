// SPDX-License-Identifier: GPL-3.0-or-later
/* Reading sets of addresses and ports, and asking whether a set has one. */
#include "rule/ranges.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

enum { DEPTH_MAX = 12, COUNT_MAX = 65536, ITEM_MAX = 100 };

/* What Suricata's own configuration says where a site says nothing. */
static const struct gw_rule_var address_defaults[] = {
	{"HOME_NET", "[192.168.0.0/16,10.0.0.0/8,172.16.0.0/12]"}, {"EXTERNAL_NET", "!$HOME_NET"}, {"HTTP_SERVERS", "$HOME_NET"},
	{"SMTP_SERVERS", "$HOME_NET"}, {"SQL_SERVERS", "$HOME_NET"}, {"DNS_SERVERS", "$HOME_NET"}, {"TELNET_SERVERS", "$HOME_NET"},
	{"AIM_SERVERS", "$EXTERNAL_NET"}, {"DC_SERVERS", "$HOME_NET"}, {"DNP3_SERVER", "$HOME_NET"}, {"DNP3_CLIENT", "$HOME_NET"},
	{"MODBUS_CLIENT", "$HOME_NET"}, {"MODBUS_SERVER", "$HOME_NET"}, {"ENIP_CLIENT", "$HOME_NET"}, {"ENIP_SERVER", "$HOME_NET"},
	{"BACNET_CLIENT", "$HOME_NET"}, {"BACNET_SERVER", "$HOME_NET"},
};
static const struct gw_rule_var port_defaults[] = {
	{"HTTP_PORTS", "80"}, {"SHELLCODE_PORTS", "!80"}, {"ORACLE_PORTS", "1521"}, {"SSH_PORTS", "22"}, {"DNP3_PORTS", "20000"},
	{"MODBUS_PORTS", "502"}, {"FILE_DATA_PORTS", "[$HTTP_PORTS,110,143]"}, {"FTP_PORTS", "21"}, {"GENEVE_PORTS", "6081"}, {"VXLAN_PORTS", "4789"},
	{"TEREDO_PORTS", "3544"},
};

struct reading {
	const struct gw_rules_setup *setup;
	bool ports;
	unsigned depth;
	const char *why;
};

void ranges_done(struct ranges *set)
{
	free(set->at);
	*set = (struct ranges){.ports = set->ports};
}

static int refuse(struct reading *r, const char *why)
{
	r->why = why;
	return SK_BAD;
}

static int add(struct ranges *set, const struct address_range *range)
{
	if (set->count == set->space) {
		uint32_t space = set->space ? 2 * set->space : 8;
		struct address_range *at = sk_realloc_array(set->at, space, sizeof *at);

		if (!at)
			return sk_origin(-ENOMEM);
		set->at = at;
		set->space = space;
	}
	set->at[set->count++] = *range;
	return 0;
}

static int by_low(const void *a, const void *b)
{
	return memcmp(((const struct address_range *)a)->low, ((const struct address_range *)b)->low, 16);
}

/* The next number; false when there is none. */
static bool up(uint8_t number[16])
{
	for (int i = 15; i >= 0; i--)
		if (++number[i])
			return true;
	return false;
}

static void down(uint8_t number[16])
{
	for (int i = 15; i >= 0; i--)
		if (number[i]--)
			return;
}

static void join(struct ranges *set)
{
	uint32_t kept = 0;

	if (set->count)
		qsort(set->at, set->count, sizeof *set->at, by_low);
	for (uint32_t i = 0; i < set->count; i++) {
		struct address_range *last = kept ? &set->at[kept - 1] : NULL;
		uint8_t next[16];

		if (last) {
			memcpy(next, last->high, 16);
			if (!up(next) || memcmp(set->at[i].low, next, 16) <= 0) {
				if (memcmp(set->at[i].high, last->high, 16) > 0)
					memcpy(last->high, set->at[i].high, 16);
				continue;
			}
		}
		set->at[kept++] = set->at[i];
	}
	set->count = kept;
}

static struct address_range everything(bool ports)
{
	struct address_range all = {0};

	memset(all.high + (ports ? 14 : 0), 0xff, ports ? 2 : 16);
	return all;
}

/* What is not in `set`, which is joined. */
static int complement(const struct ranges *set, struct ranges *out)
{
	struct address_range all = everything(set->ports), gap = all;
	int r;

	for (uint32_t i = 0; i < set->count; i++) {
		memcpy(gap.high, set->at[i].low, 16);
		if (memcmp(gap.low, set->at[i].low, 16) < 0) {
			down(gap.high);
			if ((r = add(out, &gap)) < 0)
				return r;
		}
		memcpy(gap.low, set->at[i].high, 16);
		if (memcmp(gap.low, all.high, 16) == 0 || !up(gap.low))
			return 0;
	}
	memcpy(gap.high, all.high, 16);
	return add(out, &gap);
}

/* Both joined. */
static int intersect(const struct ranges *a, const struct ranges *b, struct ranges *out)
{
	for (uint32_t i = 0, j = 0; i < a->count && j < b->count;) {
		const struct address_range *x = &a->at[i], *y = &b->at[j];
		struct address_range both;
		int r;

		memcpy(both.low, memcmp(x->low, y->low, 16) > 0 ? x->low : y->low, 16);
		memcpy(both.high, memcmp(x->high, y->high, 16) < 0 ? x->high : y->high, 16);
		if (memcmp(both.low, both.high, 16) <= 0 && (r = add(out, &both)) < 0)
			return r;
		if (memcmp(x->high, y->high, 16) < 0)
			i++;
		else
			j++;
	}
	return 0;
}

static bool read_address(const char *text, uint8_t out[16], unsigned *ret_bits)
{
	*ret_bits = 128;
	if (inet_pton(AF_INET6, text, out) == 1)
		return true;
	memset(out, 0, 16);
	out[10] = out[11] = 0xff;
	*ret_bits = 32;
	return inet_pton(AF_INET, text, out + 12) == 1;
}

static int one_address(struct reading *r, char *text, struct ranges *out)
{
	struct address_range range;
	char *slash = strchr(text, '/'), *dash = strchr(text, '-');
	uint64_t prefix;
	unsigned bits, other;

	if (slash)
		*slash = 0;
	else if (dash)
		*dash = 0;
	if (!read_address(text, range.low, &bits))
		return refuse(r, "not an address");
	memcpy(range.high, range.low, 16);
	if (dash && (!read_address(dash + 1, range.high, &other) || other != bits || memcmp(range.low, range.high, 16) > 0))
		return refuse(r, "not a range of addresses");
	if (slash) {
		if (sk_parse_u64(slash + 1, bits, &prefix))
			return refuse(r, "not a prefix length");
		for (unsigned bit = 128 - bits + (unsigned)prefix; bit < 128; bit++) {
			range.low[bit / 8] &= (uint8_t)~(0x80 >> bit % 8);
			range.high[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
		}
	}
	return add(out, &range);
}

static int one_port(struct reading *r, char *text, struct ranges *out)
{
	struct address_range range = {0};
	char *colon = strchr(text, ':');
	uint64_t low = 0, high = 65535;

	if (colon)
		*colon = 0;
	if ((*text || !colon) && sk_parse_u64(text, 65535, &low))
		return refuse(r, "not a port");
	if (!colon)
		high = low;
	else if (colon[1] && sk_parse_u64(colon + 1, 65535, &high))
		return refuse(r, "not a port");
	if (low > high)
		return refuse(r, "a range of ports that ends before it begins");
	range.low[14] = (uint8_t)(low >> 8), range.low[15] = (uint8_t)low;
	range.high[14] = (uint8_t)(high >> 8), range.high[15] = (uint8_t)high;
	return add(out, &range);
}

static const char *variable(const struct reading *r, const char *name)
{
	const struct gw_rule_var *defaults = r->ports ? port_defaults : address_defaults;
	size_t count = r->ports ? SK_ARRAY_SIZE(port_defaults) : SK_ARRAY_SIZE(address_defaults);

	for (size_t i = 0; r->setup && i < r->setup->var_count; i++)
		if (strcmp(r->setup->vars[i].name, name) == 0)
			return r->setup->vars[i].value;
	for (size_t i = 0; i < count; i++)
		if (strcmp(defaults[i].name, name) == 0)
			return defaults[i].value;
	return NULL;
}

static int read_set(struct reading *r, const char *text, size_t size, struct ranges *out);

static int read_plain(struct reading *r, const char *text, size_t size, struct ranges *out)
{
	char item[ITEM_MAX];

	if (size == 0 || size >= sizeof item)
		return refuse(r, "an empty or overlong item in a list");
	memcpy(item, text, size);
	item[size] = 0;
	if (strcmp(item, "any") == 0) {
		struct address_range all = everything(r->ports);

		return add(out, &all);
	}
	if (*item == '$') {
		const char *value = variable(r, item + 1);

		return value ? read_set(r, value, strlen(value), out) : refuse(r, "a variable that nobody has set");
	}
	return r->ports ? one_port(r, item, out) : one_address(r, item, out);
}

/* Where the item that begins at `at` ends: a comma outside of brackets, or the end. */
static size_t item_end(const char *text, size_t size, size_t at)
{
	unsigned deep = 0;

	for (; at < size && (deep || text[at] != ','); at++)
		deep += text[at] == '[' ? 1 : text[at] == ']' && deep ? -1u : 0;
	return at;
}

/* Those in the list that are not negated (or everything, when all are), without those that are. */
static int settle(struct ranges *with, struct ranges *without, struct ranges *out)
{
	struct ranges rest = {.ports = out->ports};
	struct address_range all = everything(out->ports);
	int r = 0;

	if (!with->count)
		r = add(with, &all);
	join(with);
	join(without);
	if (r == 0)
		r = complement(without, &rest);
	if (r == 0)
		r = intersect(with, &rest, out);
	ranges_done(&rest);
	return r;
}

static int read_list(struct reading *r, const char *text, size_t size, struct ranges *out)
{
	struct ranges with = {.ports = r->ports}, without = {.ports = r->ports};
	int error = 0;

	for (size_t at = 0; at <= size && error == 0;) {
		size_t end = item_end(text, size, at);
		bool negated = false;

		while (at < end && (text[at] == ' ' || text[at] == '!')) {
			negated ^= text[at] == '!';
			at++;
		}
		error = read_set(r, text + at, end - at, negated ? &without : &with);
		if (with.count + without.count > COUNT_MAX)
			error = refuse(r, "a list that is too long");
		at = end + 1;
	}
	if (error == 0)
		error = settle(&with, &without, out);
	ranges_done(&with);
	ranges_done(&without);
	return error;
}

static int read_set(struct reading *r, const char *text, size_t size, struct ranges *out)
{
	int error;

	while (size && text[0] == ' ')
		text++, size--;
	while (size && text[size - 1] == ' ')
		size--;
	if (++r->depth > DEPTH_MAX)
		return refuse(r, "lists or variables too deep in each other");
	if (size && *text == '[') {
		if (size < 2 || text[size - 1] != ']')
			return refuse(r, "a bracket that does not close");
		error = read_list(r, text + 1, size - 2, out);
	} else if (size && (*text == '!' || memchr(text, ',', size))) {
		error = read_list(r, text, size, out);
	} else {
		error = read_plain(r, text, size, out);
	}
	r->depth--;
	return error;
}

int ranges_parse(const char *text, bool ports, const struct gw_rules_setup *setup, struct ranges *ret_set, const char **ret_why)
{
	struct reading r = {.setup = setup, .ports = ports};
	struct ranges set = {.ports = ports};
	int error = read_set(&r, text, strlen(text), &set);

	if (error == 0) {
		join(&set);
		if (!set.count)
			error = refuse(&r, "a set that nothing can be in");
	}
	if (error) {
		ranges_done(&set);
		*ret_why = r.why;
		return error;
	}
	*ret_set = set;
	return 0;
}

static bool is_all(const struct ranges *set)
{
	struct address_range all = everything(set->ports);

	return set->count == 1 && memcmp(&set->at[0], &all, sizeof all) == 0;
}

int ranges_to_addresses(const struct ranges *set, struct arena *arena, struct addresses **ret_group)
{
	struct addresses *group = arena_take(arena, sizeof *group);

	if (!group || !(group->ranges = arena_copy(arena, set->at, set->count * sizeof *set->at)))
		return sk_origin(-ENOMEM);
	group->count = set->count;
	group->any = is_all(set);
	*ret_group = group;
	return 0;
}

int ranges_to_ports(const struct ranges *set, struct arena *arena, struct ports **ret_group)
{
	struct ports *group = arena_take(arena, sizeof *group);

	if (!group || !(group->ranges = arena_take(arena, set->count * sizeof *group->ranges)))
		return sk_origin(-ENOMEM);
	for (uint32_t i = 0; i < set->count; i++)
		group->ranges[i] = (struct port_range){(uint16_t)(set->at[i].low[14] << 8 | set->at[i].low[15]),
			(uint16_t)(set->at[i].high[14] << 8 | set->at[i].high[15])};
	group->count = set->count;
	group->any = is_all(set);
	*ret_group = group;
	return 0;
}

void address_widen(const struct gw_addr *addr, uint8_t ip, uint8_t ret_wide[16])
{
	memset(ret_wide, 0, 16);
	if (ip == 4) {
		ret_wide[10] = ret_wide[11] = 0xff;
		memcpy(ret_wide + 12, addr->bytes, 4);
	} else {
		memcpy(ret_wide, addr->bytes, 16);
	}
}

bool addresses_have(const struct addresses *group, const struct gw_addr *addr, uint8_t ip)
{
	uint8_t wide[16];
	uint32_t low = 0, high = group->count;

	if (group->any)
		return true;
	address_widen(addr, ip, wide);
	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (memcmp(wide, group->ranges[middle].low, 16) < 0)
			high = middle;
		else if (memcmp(wide, group->ranges[middle].high, 16) > 0)
			low = middle + 1;
		else
			return true;
	}
	return false;
}

bool ports_have(const struct ports *group, uint16_t port)
{
	if (group->any)
		return true;
	for (uint32_t i = 0; i < group->count; i++)
		if (port >= group->ranges[i].low && port <= group->ranges[i].high)
			return true;
	return false;
}
