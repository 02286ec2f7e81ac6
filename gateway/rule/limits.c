// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The lines of Suricata's threshold.config: suppress, threshold (event_filter) and rate_filter, each about a rule by its number, or about all of a generator
 * (sig_id 0) or all rules (gen_id 0). They stand in any of the files that are loaded, and hold for rules of all of them.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "rule/draft.h"
#include "rule/limits.h"
#include "rule/ranges.h"

static const struct {
	const char *word;
	enum limit_kind kind;
} kinds[] = {{"suppress", LIMIT_SUPPRESS}, {"threshold", LIMIT_THRESHOLD}, {"event_filter", LIMIT_THRESHOLD}, {"rate_filter", LIMIT_RATE}};

static int kind_of(const char *line, size_t *ret_size)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(kinds); i++) {
		size_t size = strlen(kinds[i].word);

		if (strncmp(line, kinds[i].word, size) == 0 && (line[size] == ' ' || line[size] == '\t')) {
			*ret_size = size;
			return (int)kinds[i].kind;
		}
	}
	return -1;
}

bool limit_is(const char *line)
{
	size_t size;

	return kind_of(line, &size) >= 0;
}

static bool one_of(const char *const *words, const char *text, uint8_t *ret_index)
{
	for (uint8_t i = 0; words[i]; i++)
		if (strcmp(words[i], text) == 0) {
			*ret_index = i;
			return true;
		}
	return false;
}

static bool number_word(struct limit *l, const char *name, const char *value)
{
	const struct {
		const char *name;
		int64_t least;
		uint32_t *to;
	} numbers[] = {{"gen_id", 0, &l->gid}, {"sig_id", 0, &l->sid}, {"count", 1, &l->threshold.count}, {"seconds", 1, &l->threshold.seconds}, {"timeout", 0, &l->timeout}};
	int64_t number;

	for (size_t i = 0; i < SK_ARRAY_SIZE(numbers); i++)
		if (strcmp(numbers[i].name, name) == 0 && word_number(value, numbers[i].least, UINT32_MAX, &number)) {
			*numbers[i].to = (uint32_t)number;
			return true;
		}
	return false;
}

static bool take_word(struct limit *l, char *word)
{
	static const char *const tracks[] = {"by_rule", "by_src", "by_dst", "by_both", "by_either", NULL}, *const types[] = {"", "limit", "threshold", "both", NULL},
		*const actions[] = {"", "alert", "drop", "reject", "pass", NULL};
	char *value = word + strcspn(word, " \t");
	uint8_t index;

	if (!*value)
		return false;
	*value = 0;
	value = word_trim(value + 1);
	if (strcmp(word, "track") == 0)
		return one_of(tracks, value, &l->track);
	if (strcmp(word, "type") == 0 && one_of(types, value, &index) && index)
		return l->threshold.type = index, true;
	if (strcmp(word, "new_action") == 0 && one_of(actions, value, &l->action) && l->action)
		return true;
	return number_word(l, word, value);
}

static int take_addresses(struct limit *l, struct gw_rules *set, const struct gw_rules_setup *setup, const char *text, const char **ret_why)
{
	struct ranges ranges;
	struct addresses *who = NULL;
	int r = ranges_parse(text, false, setup, &ranges, ret_why);

	if (r)
		return r;
	r = ranges_to_addresses(&ranges, &set->arena, &who);
	ranges_done(&ranges);
	l->who = who;
	return r;
}

static const char *missing(const struct limit *l)
{
	if (l->gid == UINT32_MAX || l->sid == UINT32_MAX)
		return "needs gen_id and sig_id";
	if (l->kind == LIMIT_SUPPRESS)
		return !l->who != (l->track == LIMIT_UNTRACKED) || (l->who && (l->track == TRACK_RULE || l->track == TRACK_BOTH)) ?
			"an ip needs track by_src, by_dst or by_either, and these an ip" : NULL;
	if (!l->threshold.count || !l->threshold.seconds || l->track == LIMIT_UNTRACKED || l->track == LIMIT_EITHER)
		return "needs track, count and seconds";
	if (l->kind == LIMIT_THRESHOLD)
		return l->threshold.type == THRESHOLD_NONE ? "needs a type" : NULL;
	return l->action ? NULL : "needs a new action";
}

int limit_read(struct gw_rules *set, const struct gw_rules_setup *setup, char *line, struct limit **ret_limit, const char **ret_why)
{
	struct limit *l = arena_take(&set->arena, sizeof *l);
	size_t size;
	char *rest, *ip, *word;
	int r = 0;

	if (!l)
		return sk_origin(-ENOMEM);
	l->kind = (uint8_t)kind_of(line, &size);
	l->gid = l->sid = UINT32_MAX;
	l->track = LIMIT_UNTRACKED;
	rest = line + size;
	ip = strstr(rest, " ip ");
	if (ip)
		*ip = 0; /* the list of addresses has commas of its own */
	while ((word = word_next(&rest)))
		if (*word && !take_word(l, word)) {
			*ret_why = "a word that is not known, or whose value is out of range";
			return SK_BAD;
		}
	if (ip)
		r = take_addresses(l, set, setup, word_trim(ip + 4), ret_why);
	if (r == 0 && (*ret_why = missing(l)))
		r = SK_BAD;
	l->threshold.track = l->track;
	*ret_limit = l;
	return r;
}

int limit_apply(struct gw_rules *set, const struct limit *limit, bool *ret_used)
{
	*ret_used = false;
	for (uint32_t i = 0; i < set->rule_count; i++) {
		struct rule *rule = set->rules[i];
		struct limit *own;

		if ((limit->gid && limit->gid != rule->info.gid) || (limit->sid && limit->sid != rule->info.sid))
			continue;
		if (limit->kind == LIMIT_THRESHOLD) {
			*ret_used |= rule->threshold.type == THRESHOLD_NONE;
			if (rule->threshold.type == THRESHOLD_NONE)
				rule->threshold = limit->threshold;
			continue;
		}
		own = arena_copy(&set->arena, limit, sizeof *limit);
		if (!own)
			return sk_origin(-ENOMEM);
		own->next = rule->limits;
		rule->limits = own;
		*ret_used = true;
	}
	return 0;
}

bool limit_suppresses(const struct rule *rule, const struct gw_rule_view *view)
{
	bool out = view->dir == GW_TO_SERVER;
	const struct gw_addr *src = out ? &view->client : &view->server, *dst = out ? &view->server : &view->client;

	for (const struct limit *l = rule->limits; l; l = l->next) {
		if (l->kind != LIMIT_SUPPRESS)
			continue;
		if (!l->who || (l->track != TRACK_DST && addresses_have(l->who, src, view->ip)) || (l->track != TRACK_SRC && addresses_have(l->who, dst, view->ip)))
			return true;
	}
	return false;
}
