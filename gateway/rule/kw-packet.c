// SPDX-License-Identifier: GPL-3.0-or-later
/* Keywords about a packet's headers, a flow's sizes and a message's fields: facts, which need no search. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "rule/draft.h"

static int read_range(struct draft *d, const struct keyword *k, char *value)
{
	struct fact *fact;
	int r = draft_fact(d, (enum fact_kind)k->number, &fact);

	if (r)
		return r;
	if (!value || !word_range(value, UINT32_MAX, &fact->compare, &fact->low, &fact->high))
		return draft_refuse(d, "not a number or a range");
	if (k->number == FACT_ITYPE || k->number == FACT_ICODE)
		fact->high += fact->compare == CMP_RANGE; /* these two include both ends */
	return 0;
}

static int read_letters(struct draft *d, const char *text, const char *letters, const uint8_t *bits, uint64_t *ret_bits)
{
	for (*ret_bits = 0; *text; text++) {
		const char *at = strchr(letters, *text);

		if (!at)
			return draft_refuse(d, "the letter \"%c\" is not known", *text);
		*ret_bits |= bits[at - letters];
	}
	return 0;
}

/* The sign before the letters: exactly these, these and others (+), any of these (*), none of these (!). */
static char *read_sign(struct fact *fact, char *text)
{
	fact->compare = CMP_EQ;
	if (*text == '+')
		fact->compare = CMP_GE;
	else if (*text == '*')
		fact->compare = CMP_AND;
	else if (*text == '!')
		fact->compare = CMP_NE;
	return fact->compare == CMP_EQ ? text : word_trim(text + 1);
}

static int read_flags(struct draft *d, const struct keyword *k, char *value)
{
	static const char letters[] = "FSRPAUCE120";
	static const uint8_t bits[] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x80, 0x40, 0x80, 0x40, 0};
	char *which = word_next(&value), *ignore = word_next(&value);
	struct fact *fact;
	int r = draft_fact(d, FACT_FLAGS, &fact);

	if (r)
		return r;
	if (!which || !*which)
		return draft_refuse(d, "needs letters");
	which = read_sign(fact, which);
	if ((r = read_letters(d, which, letters, bits, &fact->low)))
		return r;
	return ignore ? read_letters(d, ignore, letters, bits, &fact->high) : 0;
}

static int read_fragbits(struct draft *d, const struct keyword *k, char *value)
{
	static const uint8_t bits[] = {0x20, 0x40, 0x80};
	struct fact *fact;
	int r = draft_fact(d, FACT_FRAGBITS, &fact);

	if (r)
		return r;
	if (!value || !*value)
		return draft_refuse(d, "needs letters");
	return read_letters(d, read_sign(fact, value), "MDR", bits, &fact->low);
}

static int read_ip_proto(struct draft *d, const struct keyword *k, char *value)
{
	static const struct {
		const char *name;
		const char *number;
	} names[] = {{"icmp", "1"}, {"igmp", "2"}, {"tcp", "6"}, {"udp", "17"}, {"gre", "47"}, {"esp", "50"}, {"ah", "51"}, {"ospf", "89"}, {"sctp", "132"}};
	char text[24];
	bool negated = value && *value == '!';

	for (size_t i = 0; value && i < SK_ARRAY_SIZE(names); i++)
		if (strcasecmp(value + negated, names[i].name) == 0) {
			text[0] = '!';
			memcpy(text + negated, names[i].number, strlen(names[i].number) + 1);
			return read_range(d, k, text);
		}
	return read_range(d, k, value);
}

static int read_nothing(struct draft *d, const struct keyword *k, char *value)
{
	struct fact *fact;

	return draft_fact(d, (enum fact_kind)k->number, &fact);
}

static int read_sum(struct draft *d, const struct keyword *k, char *value)
{
	static const struct {
		const char *name;
		uint8_t ip, transport;
	} sums[] = {{"ipv4-csum", 4, 0}, {"tcpv4-csum", 4, IPPROTO_TCP}, {"udpv4-csum", 4, IPPROTO_UDP}, {"icmpv4-csum", 4, IPPROTO_ICMP},
		{"tcpv6-csum", 6, IPPROTO_TCP}, {"udpv6-csum", 6, IPPROTO_UDP}, {"icmpv6-csum", 6, IPPROTO_ICMPV6}};
	struct fact *fact;
	int r = draft_fact(d, FACT_SUM, &fact);

	if (r)
		return r;
	if (!value || (strcmp(value, "valid") != 0 && strcmp(value, "invalid") != 0))
		return draft_refuse(d, "neither valid nor invalid");
	fact->negated = *value == 'v';
	for (size_t i = 0; i < SK_ARRAY_SIZE(sums); i++)
		if (strcmp(sums[i].name, k->name) == 0) {
			fact->ip = sums[i].ip;
			fact->transport = sums[i].transport;
		}
	return 0;
}

/* Suricata's names for what is noted of a frame. */
static int read_event(struct draft *d, const struct keyword *k, char *value)
{
	static const struct {
		const char *name;
		uint8_t ip;
		uint32_t note;
	} events[] = {{"ipv4.opt_invalid_len", 4, GW_NOTE_OPTION_LENGTH}, {"ipv6.hopopts_unknown_opt", 6, GW_NOTE_HOP_OPTION},
		{"ipv6.dstopts_unknown_opt", 6, GW_NOTE_DST_OPTION}, {"ipv6.exthdr_useless_fh", 6, GW_NOTE_ATOMIC}, {"ipv6.exthdr_dupl_fh", 6, GW_NOTE_FRAGMENT_TWICE},
		{"ipv6.trunc_exthdr", 6, GW_NOTE_EXTENSION_CUT}, {"ipv4.frag_pkt_too_large", 4, GW_NOTE_FRAGMENT_LONG}, {"ipv6.frag_pkt_too_large", 6, GW_NOTE_FRAGMENT_LONG},
		{"ipv6.frag_invalid_length", 6, GW_NOTE_FRAGMENT_UNEVEN}, {"ipv4.frag_overlap", 4, GW_NOTE_OVERLAP}, {"ipv6.frag_overlap", 6, GW_NOTE_OVERLAP}};
	struct fact *fact;
	int r = draft_fact(d, FACT_NOTE, &fact);

	for (size_t i = 0; r == 0 && value && i < SK_ARRAY_SIZE(events); i++)
		if (strcmp(events[i].name, value) == 0) {
			fact->low = events[i].note;
			d->rule->ip = events[i].ip;
			return 0;
		}
	return r ? r : draft_refuse(d, "the event \"%.60s\" is not noted", value ? value : "");
}

static int read_stream_size(struct draft *d, const struct keyword *k, char *value)
{
	static const char *const sides[] = {"client", "server", "both", "either"};
	char *side = word_next(&value), *sign = word_next(&value), *number = word_next(&value), text[64];
	struct fact *fact;
	int r = draft_fact(d, FACT_STREAM_SIZE, &fact);

	if (r)
		return r;
	for (size_t i = 0; side && i < SK_ARRAY_SIZE(sides); i++)
		if (strcmp(side, sides[i]) == 0)
			fact->side = (uint8_t)(i + 1);
	if (!fact->side || !number || strlen(sign) + strlen(number) >= sizeof text)
		return draft_refuse(d, "not of the form side, operator, number");
	memcpy(text, sign, strlen(sign));
	memcpy(text + strlen(sign), number, strlen(number) + 1);
	if (!word_range(text, UINT32_MAX, &fact->compare, &fact->low, &fact->high))
		return draft_refuse(d, "not a number");
	return 0;
}

static int read_app(struct draft *d, const struct keyword *k, char *value)
{
	bool negated = value && *value == '!';
	struct fact *fact;
	int r = draft_fact(d, FACT_APP, &fact);

	if (r)
		return r;
	fact->negated = negated;
	fact->app = value ? app_by_name(word_trim(value + negated)) : APP_COUNT;
	if (value && strcmp(value + negated, "unknown") == 0)
		fact->app = APP_UNKNOWN;
	return fact->app == APP_COUNT ? draft_refuse(d, "an application that is not recognised") : 0;
}

/* A number in a protocol's field: `k->text` names it, or the keyword itself does. */
static int read_field(struct draft *d, const struct keyword *k, char *value)
{
	const char *name = k->text ? k->text : k->name;
	struct fact *fact;
	const struct gw_proto *proto;
	uint16_t def;
	int r;

	if (!field_find(name, &proto, &def))
		return draft_refuse(d, "needs the field %s, which no protocol of this build has", name);
	if ((r = draft_fact(d, FACT_FIELD, &fact)))
		return r;
	fact->proto = proto;
	fact->def = def;
	if (!value || !*value)
		return draft_refuse(d, "needs a value");
	if (proto->fields[def].kind < GW_TEXT)
		return word_range(value, INT64_MAX, &fact->compare, &fact->low, &fact->high) ? 0 : draft_refuse(d, "not a number or a range");
	fact->negated = *value == '!';
	value = word_trim(value + fact->negated);
	if (*value == '"' && word_unquote(&value, &(bool){false}))
		return draft_refuse(d, "quotes that do not pair");
	fact->word = arena_text(&d->set->arena, value, strlen(value));
	return fact->word ? 0 : sk_origin(-ENOMEM);
}

/* A service, then its class, then the attribute: each names a field of the same message. */
static int read_cip(struct draft *d, const struct keyword *k, char *value)
{
	static const char *const names[] = {"enip.cip_service", "enip.class", "enip.attribute"};
	int r = 0;

	for (size_t i = 0; i < SK_ARRAY_SIZE(names) && !r && (i == 0 || value); i++) {
		struct keyword part = {.name = k->name, .text = names[i]};

		r = read_field(d, &part, word_next(&value));
	}
	return !r && value ? draft_refuse(d, "more than service, class and attribute") : r;
}

static int read_tls_version(struct draft *d, const struct keyword *k, char *value)
{
	static const struct {
		const char *text;
		const char *number;
	} versions[] = {{"1.0", "769"}, {"1.1", "770"}, {"1.2", "771"}, {"1.3", "772"}};
	char number[8];
	bool negated;

	if (value && *value == '"' && word_unquote(&value, &negated))
		return draft_refuse(d, "quotes that do not pair");
	for (size_t i = 0; value && i < SK_ARRAY_SIZE(versions); i++)
		if (strcmp(value, versions[i].text) == 0) {
			memcpy(number, versions[i].number, 4);
			return read_field(d, k, number);
		}
	return draft_refuse(d, "a version that is not 1.0 to 1.3");
}

const struct keyword keywords_packet[] = {
	{"flags", read_flags}, {"tcp.flags", read_flags}, {"fragbits", read_fragbits}, {"fragoffset", read_range, NULL, FACT_FRAGOFFSET},
	{"ttl", read_range, NULL, FACT_TTL}, {"tos", read_range, NULL, FACT_TOS}, {"id", read_range, NULL, FACT_ID}, {"seq", read_range, NULL, FACT_SEQ},
	{"tcp.seq", read_range, NULL, FACT_SEQ}, {"ack", read_range, NULL, FACT_ACK}, {"tcp.ack", read_range, NULL, FACT_ACK},
	{"window", read_range, NULL, FACT_WINDOW}, {"tcp.window", read_range, NULL, FACT_WINDOW}, {"dsize", read_range, NULL, FACT_DSIZE},
	{"itype", read_range, NULL, FACT_ITYPE}, {"icode", read_range, NULL, FACT_ICODE}, {"icmp_id", read_range, NULL, FACT_ICMP_ID},
	{"icmp_seq", read_range, NULL, FACT_ICMP_SEQ}, {"ip_proto", read_ip_proto, NULL, FACT_IP_PROTO}, {"sameip", read_nothing, NULL, FACT_SAMEIP},
	{"ipv4-csum", read_sum}, {"tcpv4-csum", read_sum}, {"udpv4-csum", read_sum}, {"icmpv4-csum", read_sum}, {"tcpv6-csum", read_sum}, {"udpv6-csum", read_sum},
	{"icmpv6-csum", read_sum}, {"decode-event", read_event}, {"stream_size", read_stream_size}, {"app-layer-protocol", read_app},
	{"tls.version", read_tls_version, "tls.version"}, {"dns.opcode", read_field, "dns.opcode"}, {"dns.rcode", read_field, "dns.rcode"},
	{"dns.rrtype", read_field, "dns.rrtype"}, {"enip_command", read_field, "enip.command"}, {"cip_service", read_cip},
	{"dnp3_func", read_field, "dnp3.function"}, {"dnp3.func", read_field, "dnp3.function"}, {"dcerpc.opnum", read_field, "dcerpc.opnum"},
	{"dce_opnum", read_field, "dcerpc.opnum"}, {"ike.exchtype", read_field, "ike.exchtype"}, {"", read_field}, {NULL}};
