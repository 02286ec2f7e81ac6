// SPDX-License-Identifier: GPL-3.0-or-later
/* What the tables of the part "gateway" cannot say: addresses, ports, lines, and names that refer to each other. */
#include "policy/gateway.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/seal.h"
#include "policy/line.h"

struct name_of {
	const struct sk_records *list;
	size_t size; /* of a record, which begins with its name */
};

static bool zero_behind(const uint8_t *bytes, unsigned bits, unsigned all)
{
	for (unsigned i = bits; i < all; i++)
		if (bytes[i / 8] & (0x80 >> i % 8))
			return false;
	return true;
}

int sk_prefix_parse(const char *text, struct sk_prefix *ret_prefix)
{
	struct sk_prefix prefix = {0};
	const char *slash = strchr(text, '/');
	char address[64];
	uint64_t bits;
	unsigned all;

	if ((size_t)snprintf(address, sizeof address, "%.*s", (int)(slash ? slash - text : (ptrdiff_t)strlen(text)), text) >= sizeof address)
		return SK_BAD;
	prefix.ip = strchr(address, ':') ? 6 : 4;
	all = prefix.ip == 6 ? 128 : 32;
	if (inet_pton(prefix.ip == 6 ? AF_INET6 : AF_INET, address, prefix.bytes) != 1)
		return SK_BAD;
	bits = all;
	if ((slash && sk_parse_u64(slash + 1, all, &bits) != 0) || !zero_behind(prefix.bytes, (unsigned)bits, all))
		return SK_BAD;
	prefix.bits = (uint8_t)bits;
	*ret_prefix = prefix;
	return 0;
}

/* "5" or "5-9". */
static int parse_range(const char *text, uint64_t min, uint64_t max, uint16_t *ret_low, uint16_t *ret_high)
{
	const char *dash = strchr(text, '-');
	char first[16];
	uint64_t low, high;

	if ((size_t)snprintf(first, sizeof first, "%.*s", (int)(dash ? dash - text : (ptrdiff_t)strlen(text)), text) >= sizeof first)
		return SK_BAD;
	if (sk_parse_u64(first, max, &low) != 0 || (dash && sk_parse_u64(dash + 1, max, &high) != 0))
		return SK_BAD;
	high = dash ? high : low;
	if (low < min || high < low)
		return SK_BAD;
	*ret_low = (uint16_t)low;
	*ret_high = (uint16_t)high;
	return 0;
}

int sk_vlan_range_parse(const char *text, uint16_t *ret_low, uint16_t *ret_high)
{
	return parse_range(text, 1, 4094, ret_low, ret_high);
}

int sk_port_range_parse(const char *text, struct sk_port_range *ret_range)
{
	static const struct {
		const char *name;
		int transport;
		bool ports;
	} words[] = {{"tcp", IPPROTO_TCP, true}, {"udp", IPPROTO_UDP, true}, {"icmp", IPPROTO_ICMP, false}, {"icmpv6", IPPROTO_ICMPV6, false}};
	size_t size = strcspn(text, "/");

	for (size_t i = 0; i < SK_ARRAY_SIZE(words); i++) {
		struct sk_port_range range = {words[i].transport, 0, UINT16_MAX};

		if (strlen(words[i].name) != size || strncmp(words[i].name, text, size) != 0)
			continue;
		if (text[size] && (!words[i].ports || parse_range(text + size + 1, 1, UINT16_MAX, &range.low, &range.high) != 0))
			return SK_BAD;
		*ret_range = range;
		return 0;
	}
	return SK_BAD;
}

static const char *name_at(const struct name_of *names, size_t i)
{
	return *(char *const *)((const char *)names->list->items + i * names->size);
}

static bool has_name(const struct name_of *names, const char *name)
{
	for (size_t i = 0; i < names->list->count; i++)
		if (strcmp(name_at(names, i), name) == 0)
			return true;
	return false;
}

/* Defined once each. */
static int check_names(const char *what, const struct name_of *names, struct sk_diag *diag)
{
	char path[64];

	for (size_t i = 0; i < names->list->count; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(name_at(names, i), name_at(names, j)) == 0) {
				snprintf(path, sizeof path, "gateway.%s[%zu].name", what, i);
				return sk_diag_path(diag, path, "\"%s\" is there twice", name_at(names, i));
			}
	return 0;
}

/* A path "gateway.LIST[i].KEY[j]" with a sentence; `j` < 0: no second index. */
static int bad_at(struct sk_diag *diag, const char *list, size_t i, const char *key, ssize_t j, const char *value, const char *why)
{
	char path[96];

	if (j < 0)
		snprintf(path, sizeof path, "gateway.%s[%zu].%s", list, i, key);
	else
		snprintf(path, sizeof path, "gateway.%s[%zu].%s[%zd]", list, i, key, j);
	return sk_diag_path(diag, path, "\"%.100s\" %s", value, why);
}

static int check_zone(const struct sk_zone *zone, size_t i, struct sk_diag *diag)
{
	struct sk_prefix prefix;
	uint16_t low, high;

	if (strcmp(zone->name, SK_GATEWAY_ANY) == 0)
		return bad_at(diag, "zones", i, "name", -1, zone->name, "is the word for every zone");
	if (zone->addresses.count == 0 && zone->vlans.count == 0)
		return bad_at(diag, "zones", i, "addresses", -1, zone->name, "has neither addresses nor VLANs");
	for (size_t j = 0; j < zone->addresses.count; j++)
		if (sk_prefix_parse(zone->addresses.items[j], &prefix) != 0)
			return bad_at(diag, "zones", i, "addresses", (ssize_t)j, zone->addresses.items[j],
				      "is no address or prefix (the bits behind the prefix are zero)");
	for (size_t j = 0; j < zone->vlans.count; j++)
		if (sk_vlan_range_parse(zone->vlans.items[j], &low, &high) != 0)
			return bad_at(diag, "zones", i, "vlans", (ssize_t)j, zone->vlans.items[j], "is no VLAN from 1 to 4094, and no range of them");
	return 0;
}

static int check_line(const struct sk_conduit *conduit, size_t i, size_t j, struct sk_diag *diag)
{
	struct sk_diag place = {0};
	struct sk_line line;
	char why[300];

	if (sk_line_parse(conduit->lines.items[j], &line, &place) == 0)
		return 0;
	snprintf(why, sizeof why, "column %u: %s", place.column, place.text);
	return bad_at(diag, "conduits", i, "lines", (ssize_t)j, conduit->lines.items[j], why);
}

static int check_conduit(const struct sk_gateway *gateway, size_t i, struct sk_diag *diag)
{
	const struct sk_conduit *conduit = (const struct sk_conduit *)gateway->conduits.items + i;
	const struct name_of zones = {&gateway->zones, sizeof(struct sk_zone)};
	struct sk_port_range range;
	int r = 0;

	if (strcmp(conduit->from, SK_GATEWAY_ANY) != 0 && !has_name(&zones, conduit->from))
		return bad_at(diag, "conduits", i, "from", -1, conduit->from, "is no zone of this policy");
	if (strcmp(conduit->to, SK_GATEWAY_ANY) != 0 && !has_name(&zones, conduit->to))
		return bad_at(diag, "conduits", i, "to", -1, conduit->to, "is no zone of this policy");
	for (size_t j = 0; j < conduit->ports.count; j++)
		if (sk_port_range_parse(conduit->ports.items[j], &range) != 0)
			return bad_at(diag, "conduits", i, "ports", (ssize_t)j, conduit->ports.items[j], "is not like tcp/5000, udp/161-162, tcp or icmp");
	if (conduit->lines.count && conduit->action != SK_FLOW_INSPECT)
		return bad_at(diag, "conduits", i, "lines", -1, conduit->name, "has message lines, which only action: inspect can hold");
	for (size_t j = 0; j < conduit->lines.count && r == 0; j++)
		r = check_line(conduit, i, j, diag);
	return r;
}

static int check_isolation(const struct sk_gateway *gateway, size_t i, struct sk_diag *diag)
{
	const struct sk_isolation *set = (const struct sk_isolation *)gateway->isolation.items + i;
	const struct name_of zones = {&gateway->zones, sizeof(struct sk_zone)}, conduits = {&gateway->conduits, sizeof(struct sk_conduit)};

	if (set->zones.count == 0 && set->conduits.count == 0)
		return bad_at(diag, "isolation", i, "zones", -1, set->name, "shuts nothing");
	for (size_t j = 0; j < set->zones.count; j++)
		if (!has_name(&zones, set->zones.items[j]))
			return bad_at(diag, "isolation", i, "zones", (ssize_t)j, set->zones.items[j], "is no zone of this policy");
	for (size_t j = 0; j < set->conduits.count; j++)
		if (!has_name(&conduits, set->conduits.items[j]))
			return bad_at(diag, "isolation", i, "conduits", (ssize_t)j, set->conduits.items[j], "is no conduit of this policy");
	return 0;
}

/* A name below etc/sekisho/rules, and no way out of it. */
static int check_rules(const struct sk_strings *rules, struct sk_diag *diag)
{
	char path[64];

	for (size_t i = 0; i < rules->count; i++)
		if (rules->items[i][0] == '/' || !rules->items[i][0] || strstr(rules->items[i], "..")) {
			snprintf(path, sizeof path, "gateway.rules[%zu]", i);
			return sk_diag_path(diag, path, "\"%.100s\" is no name below etc/sekisho/rules", rules->items[i]);
		}
	return 0;
}

static int check_all_names(const struct sk_gateway *g, struct sk_diag *diag)
{
	const struct {
		const char *what;
		struct name_of names;
	} lists[] = {{"pairs", {&g->pairs, sizeof(struct sk_port_pair)}}, {"zones", {&g->zones, sizeof(struct sk_zone)}},
		     {"assets", {&g->assets, sizeof(struct sk_asset)}}, {"conduits", {&g->conduits, sizeof(struct sk_conduit)}},
		     {"isolation", {&g->isolation, sizeof(struct sk_isolation)}}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(lists); i++)
		if (check_names(lists[i].what, &lists[i].names, diag) != 0)
			return SK_BAD;
	return 0;
}

/* Nothing of what people say to each other is kept in the clear. */
static int check_capture(const struct sk_gateway *gateway, struct sk_diag *diag)
{
	const char *certificate = gateway->capture_certificate;
	struct sk_diag why = {0};
	int r;

	if (!certificate)
		return gateway->capture == SK_CAPTURE_BODIES ? sk_diag_path(diag, "gateway.capture.certificate", "must be given: bodies are kept only encrypted for somebody") : 0;
	r = sk_seal_check(certificate, strlen(certificate), &why);
	return r == SK_BAD ? sk_diag_path(diag, "gateway.capture.certificate", "%s", why.text) : r;
}

int sk_gateway_check(const struct sk_gateway *gateway, struct sk_diag *diag)
{
	const struct sk_asset *assets = gateway->assets.items;
	struct sk_prefix prefix;
	int r = check_all_names(gateway, diag);

	for (size_t i = 0; i < gateway->zones.count && r == 0; i++)
		r = check_zone((const struct sk_zone *)gateway->zones.items + i, i, diag);
	for (size_t i = 0; i < gateway->assets.count && r == 0; i++)
		if (sk_prefix_parse(assets[i].address, &prefix) != 0 || prefix.bits != (prefix.ip == 6 ? 128 : 32))
			r = bad_at(diag, "assets", i, "address", -1, assets[i].address, "is no address");
	for (size_t i = 0; i < gateway->conduits.count && r == 0; i++)
		r = check_conduit(gateway, i, diag);
	for (size_t i = 0; i < gateway->isolation.count && r == 0; i++)
		r = check_isolation(gateway, i, diag);
	if (r == 0)
		r = check_capture(gateway, diag);
	return r ? r : check_rules(&gateway->rules, diag);
}
