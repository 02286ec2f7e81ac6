// SPDX-License-Identifier: GPL-3.0-or-later
/* What a rule is called, how often it speaks, and what it asks of and tells to a flow: msg, sid, flow, flowbits, flowint, xbits, threshold ... */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "rule/draft.h"

#define LANGUAGE_VERSION UINT64_C(7000010) /* of Suricata, as requires: asks */

/* FNV-1a: names of bits, so that flows keep theirs when the rules are replaced. */
uint64_t rule_hash(const char *text, size_t size)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (uint8_t)text[i]) * 0x100000001b3;
	return hash;
}

static int read_msg(struct draft *d, const struct keyword *k, char *value)
{
	bool negated;
	char *to;

	if (!value || word_unquote(&value, &negated) || negated)
		return draft_refuse(d, "its value is not in quotes");
	to = value;
	for (const char *from = value; *from; from++) {
		if (*from == '\\' && from[1])
			from++;
		*to++ = *from;
	}
	*to = 0;
	d->rule->info.msg = arena_text(&d->set->arena, value, strlen(value));
	return d->rule->info.msg ? 0 : sk_origin(-ENOMEM);
}

static int read_number(struct draft *d, const struct keyword *k, char *value)
{
	struct gw_rule_info *info = &d->rule->info;
	int64_t number;

	if (!value || !word_number(value, 0, UINT32_MAX, &number))
		return draft_refuse(d, "not a number");
	*(k->number == 0 ? &info->sid : k->number == 1 ? &info->gid : k->number == 2 ? &info->rev : &info->priority) = (uint32_t)number;
	return 0;
}

static int read_classtype(struct draft *d, const struct keyword *k, char *value)
{
	if (!value)
		return draft_refuse(d, "needs a word");
	d->rule->info.classtype = arena_text(&d->set->arena, value, strlen(value));
	return d->rule->info.classtype ? 0 : sk_origin(-ENOMEM);
}

static int read_informative(struct draft *d, const struct keyword *k, char *value)
{
	return 0;
}

static int read_alert(struct draft *d, const struct keyword *k, char *value)
{
	d->rule->speaks = true;
	return value ? draft_refuse(d, "takes no value") : 0;
}

static int read_noalert(struct draft *d, const struct keyword *k, char *value)
{
	d->rule->noalert = true;
	return 0;
}

static int read_flow(struct draft *d, const struct keyword *k, char *value)
{
	static const struct {
		const char *word;
		uint8_t bits;
	} words[] = {{"established", FLOW_ESTABLISHED}, {"not_established", FLOW_NOT_ESTABLISHED}, {"to_server", FLOW_TO_SERVER},
		{"from_client", FLOW_TO_SERVER}, {"to_client", FLOW_TO_CLIENT}, {"from_server", FLOW_TO_CLIENT}, {"stateless", 0},
		{"no_stream", FLOW_NO_STREAM}, {"only_stream", FLOW_ONLY_STREAM}, {"no_frag", FLOW_NO_FRAG}, {"only_frag", FLOW_ONLY_FRAG}};
	char *word;

	while ((word = word_next(&value))) {
		size_t i;

		for (i = 0; i < SK_ARRAY_SIZE(words) && strcasecmp(words[i].word, word) != 0; i++)
			;
		if (i == SK_ARRAY_SIZE(words))
			return draft_refuse(d, "the word \"%.40s\" is not known", word);
		d->rule->flow |= words[i].bits;
	}
	if ((d->rule->flow & FLOW_TO_SERVER && d->rule->flow & FLOW_TO_CLIENT) ||
		(d->rule->flow & FLOW_ESTABLISHED && d->rule->flow & FLOW_NOT_ESTABLISHED))
		return draft_refuse(d, "words that contradict each other");
	d->packet_only |= (d->rule->flow & FLOW_NO_STREAM) != 0;
	d->stream_only |= (d->rule->flow & FLOW_ONLY_STREAM) != 0;
	return 0;
}

static int bit_new(struct draft *d, struct bit **ret_bit)
{
	struct bit *bit = arena_take(&d->set->arena, sizeof *bit), **end = &d->rule->bits;

	if (!bit)
		return sk_origin(-ENOMEM);
	while (*end)
		end = &(*end)->next;
	*end = *ret_bit = bit;
	return 0;
}

static bool bit_verb(const char *word, uint8_t *ret_what)
{
	static const char *const verbs[] = {"set", "unset", "toggle", "isset", "isnotset"};

	for (uint8_t i = 0; i < SK_ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i], word) == 0) {
			*ret_what = i;
			return true;
		}
	return false;
}

static int bit_names(struct draft *d, struct bit *bit, char *names)
{
	while (names) {
		char *bar = strchr(names, '|');

		if (bar)
			*bar = 0;
		names = word_trim(names);
		if (!*names || bit->names == SK_ARRAY_SIZE(bit->name) || (bit->names && bit->what < BIT_ISSET))
			return draft_refuse(d, "an empty name, or too many alternatives");
		bit->name[bit->names++] = rule_hash(names, strlen(names));
		names = bar ? bar + 1 : NULL;
	}
	return 0;
}

static int read_flowbits(struct draft *d, const struct keyword *k, char *value)
{
	char *verb = word_next(&value), *names = word_next(&value);
	struct bit *bit;
	int r;

	if (verb && strcmp(verb, "noalert") == 0)
		return read_noalert(d, k, NULL);
	if ((r = bit_new(d, &bit)))
		return r;
	bit->track = TRACK_FLOW;
	if (!names || value || !bit_verb(verb, &bit->what))
		return draft_refuse(d, "not of the form verb, name");
	return bit_names(d, bit, names);
}

static int read_xbits(struct draft *d, const struct keyword *k, char *value)
{
	char *verb = word_next(&value), *names = word_next(&value), *word;
	struct bit *bit;
	int64_t expire = 30;
	int r;

	if (verb && strcmp(verb, "noalert") == 0)
		return read_noalert(d, k, NULL);
	if ((r = bit_new(d, &bit)))
		return r;
	bit->track = TRACK_FLOW;
	if (!names || !bit_verb(verb, &bit->what))
		return draft_refuse(d, "not of the form verb, name, track");
	if ((r = bit_names(d, bit, names)))
		return r;
	while ((word = word_next(&value))) {
		if (strcmp(word, "track ip_src") == 0)
			bit->track = TRACK_SRC;
		else if (strcmp(word, "track ip_dst") == 0)
			bit->track = TRACK_DST;
		else if (strcmp(word, "track ip_pair") == 0)
			bit->track = TRACK_BOTH;
		else if (strncmp(word, "expire ", 7) != 0 || !word_number(word_trim(word + 7), 1, 86400 * 30, &expire))
			return draft_refuse(d, "the word \"%.40s\" is not known or its value is out of range", word);
	}
	bit->expire = (uint32_t)expire;
	return bit->track == TRACK_FLOW ? draft_refuse(d, "does not say what to track") : 0;
}

/* A host's bit for good: of the sender, unless it says otherwise. */
static int read_hostbits(struct draft *d, const struct keyword *k, char *value)
{
	static const uint64_t apart = 0x686f737462697473; /* from xbits of the same name */
	char *verb = word_next(&value), *names = word_next(&value), *whose = word_next(&value);
	struct bit *bit;
	int r;

	if (verb && strcmp(verb, "noalert") == 0)
		return read_noalert(d, k, NULL);
	if ((r = bit_new(d, &bit)))
		return r;
	bit->expire = UINT32_MAX;
	if (!names || value || !bit_verb(verb, &bit->what))
		return draft_refuse(d, "not of the form verb, name, direction");
	bit->track = !whose || strcmp(whose, "src") == 0 ? TRACK_SRC : strcmp(whose, "dst") == 0 ? TRACK_DST : strcmp(whose, "both") == 0 ? TRACK_BOTH : TRACK_FLOW;
	r = bit->track == TRACK_FLOW ? draft_refuse(d, "neither src nor dst nor both") : bit_names(d, bit, names);
	for (unsigned i = 0; i < bit->names; i++)
		bit->name[i] ^= apart;
	return r;
}

static bool flowint_sign(const char *text, char *ret_op)
{
	static const struct {
		const char *text;
		char op;
	} signs[] = {{"+", '+'}, {"-", '-'}, {"=", '='}, {"<", '<'}, {">", '>'}, {"!=", '!'}, {"<=", 'l'}, {">=", 'g'}, {"==", 'e'}, {"isset", 's'},
		{"notset", 'n'}, {"isnotset", 'n'}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(signs); i++)
		if (strcmp(signs[i].text, text) == 0) {
			*ret_op = signs[i].op;
			return true;
		}
	return false;
}

static int read_flowint(struct draft *d, const struct keyword *k, char *value)
{
	char *name = word_next(&value), *sign = word_next(&value), *number = word_next(&value);
	struct flowint *f = arena_take(&d->set->arena, sizeof *f), **end = &d->rule->ints;
	int64_t n = 0;

	if (!f)
		return sk_origin(-ENOMEM);
	if (!sign || !flowint_sign(sign, &f->op) || (!number && f->op != 's' && f->op != 'n'))
		return draft_refuse(d, "not of the form name, operator, value");
	f->name = rule_hash(name, strlen(name));
	if (number && !word_number(number, 0, UINT32_MAX, &n)) {
		f->by_name = true;
		f->other = rule_hash(number, strlen(number));
	}
	f->value = (uint32_t)n;
	while (*end)
		end = &(*end)->next;
	*end = f;
	return 0;
}

static bool threshold_word(struct threshold *t, const char *word)
{
	static const struct {
		const char *word;
		uint8_t type, track;
	} words[] = {{"type limit", THRESHOLD_LIMIT, 0}, {"type threshold", THRESHOLD_EVERY, 0}, {"type both", THRESHOLD_BOTH, 0},
		{"track by_src", 0, TRACK_SRC}, {"track by_dst", 0, TRACK_DST}, {"track by_both", 0, TRACK_BOTH}, {"track by_rule", 0, TRACK_RULE}};
	int64_t number;

	for (size_t i = 0; i < SK_ARRAY_SIZE(words); i++)
		if (strcmp(words[i].word, word) == 0) {
			if (words[i].type)
				t->type = words[i].type;
			else
				t->track = words[i].track;
			return true;
		}
	if (strncmp(word, "count ", 6) == 0 && word_number(word + 6, 1, UINT32_MAX, &number))
		return t->count = (uint32_t)number, true;
	if (strncmp(word, "seconds ", 8) == 0 && word_number(word + 8, 1, UINT32_MAX, &number))
		return t->seconds = (uint32_t)number, true;
	return false;
}

/* Several spaces become one, so that words can be compared whole. */
static void squeeze(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++)
		if (*from != ' ' || from[1] != ' ')
			*to++ = *from;
	*to = 0;
}

static int read_threshold(struct draft *d, const struct keyword *k, char *value)
{
	struct threshold *t = &d->rule->threshold;
	char *word;

	if (t->type != THRESHOLD_NONE)
		return draft_refuse(d, "a second threshold or detection_filter in the same rule");
	*t = (struct threshold){.type = k->number ? THRESHOLD_FILTER : THRESHOLD_NONE, .track = TRACK_FLOW};
	while ((word = word_next(&value))) {
		squeeze(word);
		if (!threshold_word(t, word))
			return draft_refuse(d, "the word \"%.40s\" is not known or its value is out of range", word);
	}
	if (t->type == THRESHOLD_NONE || t->track == TRACK_FLOW || !t->count || !t->seconds)
		return draft_refuse(d, "needs type, track, count and seconds");
	return 0;
}

/* "7.0.3" as one number; parts that are not there are 0. */
static bool version_of(const char *text, uint64_t *ret_version)
{
	uint64_t version = 0;
	unsigned parts = 0;

	while (*text >= '0' && *text <= '9' && parts < 3) {
		uint64_t part = 0;

		while (*text >= '0' && *text <= '9' && part < 1000)
			part = part * 10 + (uint64_t)(*text++ - '0');
		version = version * 1000 + part;
		parts++;
		text += *text == '.';
	}
	for (unsigned i = parts; i < 3; i++)
		version *= 1000;
	*ret_version = version;
	return parts && !*text;
}

/* ">= 7.0.3 < 8": each pair of it holds for the version whose language this is. */
static bool version_fits(char *text)
{
	static const uint64_t ours = LANGUAGE_VERSION;
	char *rest = text, *sign;

	while ((sign = word_cut(&rest, ' '))) {
		char *number = word_cut(&rest, ' ');
		uint64_t version;

		if (!number || !version_of(number, &version))
			return false;
		if (!(strcmp(sign, ">=") == 0 ? ours >= version : strcmp(sign, ">") == 0 ? ours > version : strcmp(sign, "<=") == 0 ? ours <= version :
			strcmp(sign, "<") == 0 && ours < version))
			return false;
	}
	return true;
}

static bool versions_fit(char *text)
{
	bool fits = false;
	char *one;

	squeeze(text);
	while ((one = word_cut(&text, '|')))
		fits |= version_fits(one);
	return fits;
}

static int read_requires(struct draft *d, const struct keyword *k, char *value)
{
	char *word;

	while ((word = word_next(&value))) {
		char *what = word_trim(word + strcspn(word, " "));
		bool fits;

		if (strncmp(word, "version ", 8) == 0)
			fits = versions_fit(what);
		else if (strncmp(word, "keyword ", 8) == 0)
			fits = keyword_known(what);
		else
			fits = strncmp(word, "feature ", 8) == 0 && (strcmp(what, "ja3") == 0 || strcmp(what, "ja4") == 0);
		if (!fits)
			return draft_refuse(d, "it is for something else than this: %.60s", word);
	}
	return 0;
}

const struct keyword keywords_meta[] = {
	{"msg", read_msg}, {"sid", read_number, NULL, 0}, {"gid", read_number, NULL, 1}, {"rev", read_number, NULL, 2}, {"priority", read_number, NULL, 3},
	{"classtype", read_classtype}, {"reference", read_informative}, {"metadata", read_informative}, {"target", read_informative},
	{"tag", read_informative}, {"noalert", read_noalert}, {"alert", read_alert}, {"hostbits", read_hostbits}, {"requires", read_requires},
	/* How to find the rule, and that a flow need not be looked at any more: here it is, all the same. */
	{"prefilter", read_informative}, {"bypass", read_informative}, {"flow", read_flow}, {"flowbits", read_flowbits},
	{"xbits", read_xbits}, {"flowint", read_flowint}, {"threshold", read_threshold, NULL, 0},
	{"detection_filter", read_threshold, NULL, 1}, {NULL}};
