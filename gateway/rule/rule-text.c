// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One rule's text: its head (action, protocol, addresses, ports, direction) and its options, each handed to the reader of its keyword. What is left in the
 * draft becomes the rule. A rule with anything that is not understood is refused whole: never kept without the part.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"
#include "rule/draft.h"
#include "rule/ranges.h"

int draft_refuse(struct draft *d, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(d->why_text, sizeof d->why_text, format, args);
	va_end(args);
	d->why = d->why_text;
	return SK_BAD;
}

int draft_fact(struct draft *d, enum fact_kind kind, struct fact **ret_fact)
{
	if (d->fact_count == RULE_FACTS_MAX)
		return draft_refuse(d, "more than %d conditions of this kind in one rule", RULE_FACTS_MAX);
	*ret_fact = &d->facts[d->fact_count++];
	**ret_fact = (struct fact){.kind = (uint8_t)kind};
	return 0;
}

/* The next word of the head: to a space outside of brackets. */
static char *head_word(char **rest)
{
	char *at = *rest + strspn(*rest, " \t"), *begin = at;
	unsigned deep = 0;

	for (; *at && (deep || (*at != ' ' && *at != '\t')); at++)
		deep += *at == '[' ? 1 : *at == ']' && deep ? -1u : 0;
	if (*at)
		*at++ = 0;
	*rest = at;
	return begin;
}

static int read_action(struct draft *d, const char *word)
{
	static const struct {
		const char *word;
		enum gw_rule_action action;
	} actions[] = {{"alert", GW_RULE_ALERT}, {"drop", GW_RULE_DROP}, {"pass", GW_RULE_PASS}, {"reject", GW_RULE_REJECT}, {"rejectsrc", GW_RULE_REJECT},
		{"rejectdst", GW_RULE_REJECT}, {"rejectboth", GW_RULE_REJECT}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(actions); i++)
		if (strcmp(actions[i].word, word) == 0) {
			d->rule->info.action = actions[i].action;
			return 0;
		}
	return draft_refuse(d, "the action \"%.40s\" is not known", word);
}

static int read_protocol(struct draft *d, const char *word)
{
	static const struct {
		const char *word;
		uint8_t heads, ip;
		bool packet, stream;
	} heads[] = {{"tcp", HEAD_TCP}, {"tcp-pkt", HEAD_TCP, 0, true}, {"tcp-stream", HEAD_TCP, 0, false, true}, {"udp", HEAD_UDP},
		{"icmp", HEAD_ICMP | HEAD_ICMP6}, {"icmpv4", HEAD_ICMP, 4}, {"icmpv6", HEAD_ICMP6, 6}, {"ip", HEAD_ALL}, {"any", HEAD_ALL}, {"ip4", HEAD_ALL, 4},
		{"ipv4", HEAD_ALL, 4}, {"ip6", HEAD_ALL, 6}, {"ipv6", HEAD_ALL, 6}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(heads); i++)
		if (strcmp(heads[i].word, word) == 0) {
			d->rule->protocols = heads[i].heads;
			d->rule->ip = heads[i].ip;
			d->packet_only |= heads[i].packet;
			d->stream_only |= heads[i].stream;
			return 0;
		}
	if (strcmp(word, "pkthdr") == 0) {
		d->rule->protocols = HEAD_ALL;
		d->frame_only = true;
		return 0;
	}
	d->rule->app = app_by_name(word);
	d->rule->proto = gw_proto_find(word);
	if (d->rule->app == APP_COUNT && d->rule->proto)
		d->rule->app = APP_OTHER;
	if (d->rule->app == APP_COUNT || d->rule->app == APP_FTP_DATA)
		return draft_refuse(d, "the protocol \"%.40s\" is not known", word);
	d->rule->protocols = HEAD_TCP | HEAD_UDP;
	return 0;
}

/* Sets written alike are kept once. */
static int read_ranges(struct draft *d, const char *text, bool ports, void *ret_group)
{
	struct ranges set;
	const char *why = "";
	char key[2] = {ports ? 'p' : 'a', 0};
	struct sk_map *known = d->set->list_of_name; /* keys begin with a byte that no buffer's name has */
	char buffer[512];
	int size = snprintf(buffer, sizeof buffer, "\x01%s%s", key, text), r;
	void *group = (size_t)size < sizeof buffer ? sk_map_get(known, buffer, (size_t)size) : NULL;

	if (group) {
		*(void **)ret_group = group;
		return 0;
	}
	r = ranges_parse(text, ports, d->setup, &set, &why);
	if (r)
		return r < 0 ? r : draft_refuse(d, "%s \"%.60s\": %s", ports ? "ports" : "addresses", text, why);
	r = ports ? ranges_to_ports(&set, &d->set->arena, (struct ports **)&group) : ranges_to_addresses(&set, &d->set->arena, (struct addresses **)&group);
	ranges_done(&set);
	if (r)
		return r;
	if ((size_t)size < sizeof buffer && sk_map_put(known, buffer, (size_t)size, group) == -ENOMEM)
		return -ENOMEM;
	*(void **)ret_group = group;
	return 0;
}

static int read_head(struct draft *d, char *head)
{
	const char *action = head_word(&head), *protocol = head_word(&head), *src = head_word(&head), *sport = head_word(&head);
	const char *arrow = head_word(&head), *dst = head_word(&head), *dport = head_word(&head);
	int r;

	if (!*dport || *head_word(&head))
		return draft_refuse(d, "the head has not seven words");
	if (strcmp(arrow, "->") != 0 && strcmp(arrow, "<>") != 0)
		return draft_refuse(d, "neither -> nor <>");
	d->rule->both_ways = *arrow == '<';
	if ((r = read_action(d, action)) || (r = read_protocol(d, protocol)))
		return r;
	if ((r = read_ranges(d, src, false, &d->rule->src)) || (r = read_ranges(d, dst, false, &d->rule->dst)))
		return r;
	if ((r = read_ranges(d, sport, true, &d->rule->sport)))
		return r;
	return read_ranges(d, dport, true, &d->rule->dport);
}

static const struct keyword *find_keyword(const char *name)
{
	static const struct keyword *const tables[] = {keywords_meta, keywords_content, keywords_bytes, keywords_packet, keywords_buffer, keywords_dataset};

	for (size_t i = 0; i < SK_ARRAY_SIZE(tables); i++)
		for (const struct keyword *k = tables[i]; k->name; k++)
			if (*k->name && strcmp(k->name, name) == 0)
				return k;
	return NULL;
}

bool keyword_known(const char *name)
{
	return find_keyword(name) != NULL || buffer_known(name);
}

/* A name with a dot, or of a buffer, that no table has: any protocol's declared buffer, text field (as a buffer) or number. */
static int read_dotted(struct draft *d, char *name, char *value)
{
	struct keyword k = {.name = name};
	const struct keyword *at = value ? keywords_packet : keywords_buffer;

	while (*at->name)
		at++;
	return at->read(d, &k, value);
}

static int read_option(struct draft *d, char *option, const char **ret_keyword)
{
	char *colon = strchr(option, ':'), *name, *value = NULL;
	const struct keyword *k;

	if (colon) {
		*colon = 0;
		value = word_trim(colon + 1);
	}
	name = word_trim(option);
	*ret_keyword = name;
	if (!*name)
		return 0;
	k = find_keyword(name);
	if (k)
		return k->read(d, k, value);
	if (strchr(name, '.'))
		return read_dotted(d, name, value);
	return draft_refuse(d, "the keyword is not known");
}

static char *option_end(char *at)
{
	char *end = strchr(at, ';');

	while (end && end != at && end[-1] == '\\')
		end = strchr(end + 1, ';');
	return end;
}

static int read_options(struct draft *d, char *at, const char **ret_keyword)
{
	for (;;) {
		char *end;
		int r;

		at += strspn(at, " \t");
		if (!*at)
			return 0;
		end = option_end(at);
		if (!end)
			return draft_refuse(d, "the last option does not end with a semicolon");
		*end = 0;
		if ((r = read_option(d, at, ret_keyword)))
			return r;
		at = end + 1;
	}
}

int rule_read(struct draft *d, char *text, const char **ret_keyword)
{
	char *open = strchr(text, '('), *close = strrchr(text, ')');
	int r;

	*ret_keyword = "";
	if (!open || !close || close < open || *word_trim(close + 1))
		return draft_refuse(d, "not of the form: head (options)");
	*open = *close = 0;
	if ((r = read_head(d, text)) || (r = draft_buffer(d, "")) || (r = read_options(d, open + 1, ret_keyword)))
		return r;
	*ret_keyword = "";
	if (!d->rule->info.sid)
		return draft_refuse(d, "it has no sid");
	return draft_finish(d);
}

uint32_t rule_sid_of(const char *text)
{
	uint64_t sid = 0;

	for (const char *at = text; (at = strstr(at, "sid:")); at += 4) {
		if (at != text && !strchr("; (\t", at[-1]))
			continue;
		for (at += 4 + strspn(at + 4, " "); *at >= '0' && *at <= '9' && sid < UINT32_MAX; at++)
			sid = sid * 10 + (uint64_t)(*at - '0');
		break;
	}
	return (uint32_t)SK_MIN(sid, (uint64_t)UINT32_MAX);
}
