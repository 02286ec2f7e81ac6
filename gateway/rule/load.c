// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * From files to a set: lines are joined and rules read one by one; what is not honoured is named; the rest is sorted into the order of judging and
 * built into groups. Of several rules with one sid the highest revision stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"
#include "rule/draft.h"
#include "rule/limits.h"

struct loading {
	struct gw_rules *set;
	const struct gw_rules_setup *setup;
	struct gw_rules_count count;
	struct sk_diag *diag;
	struct sk_map *by_sid; /* gid and sid -> struct rule */
	struct draft *draft;
	uint32_t space;
	struct limit *limits, **limits_end; /* of threshold.config, as they came */
	const char *file;      /* in the set's arena */
	char *line;            /* RULE_BYTES_MAX + 1 */
};

static void name_it(const struct loading *l, const struct gw_rule_named *named)
{
	if (l->setup && l->setup->named)
		l->setup->named(l->setup->context, named);
}

static int append(struct loading *l, struct rule *rule)
{
	struct gw_rules *set = l->set;

	if (set->rule_count == RULE_COUNT_MAX)
		return sk_diag_line(l->diag, rule->info.line, 1, "more than %d rules", RULE_COUNT_MAX);
	if (set->rule_count == l->space) {
		uint32_t space = l->space ? 2 * l->space : 1024;
		struct rule **rules = sk_realloc_array(set->rules, space, sizeof *rules);

		if (!rules)
			return sk_origin(-ENOMEM);
		set->rules = rules;
		l->space = space;
	}
	set->rules[set->rule_count++] = rule;
	l->count.honoured++;
	return 0;
}

static void name_double(struct loading *l, const struct rule *rule)
{
	name_it(l, &(struct gw_rule_named){rule->info.file, rule->info.line, rule->info.sid, "sid", "another rule with this sid has the same or a higher revision"});
}

static int keep(struct loading *l, struct rule *rule)
{
	uint32_t key[2] = {rule->info.gid, rule->info.sid};
	struct rule *other = sk_map_get(l->by_sid, key, sizeof key), swap;
	int r;

	if (other) {
		if (other->info.rev < rule->info.rev) {
			swap = *other;
			*other = *rule;
			*rule = swap;
		}
		name_double(l, rule);
		return 0;
	}
	r = sk_map_put(l->by_sid, key, sizeof key, rule);
	if (r < 0)
		return r;
	return append(l, rule);
}

static int take_rule(struct loading *l, char *text, uint32_t line)
{
	struct draft *d = l->draft;
	const char *keyword = "";
	uint32_t sid = rule_sid_of(text);
	int r;

	l->count.enabled++;
	d->set = l->set;
	d->setup = l->setup;
	d->why = "";
	d->test_count = d->slot_count = d->fact_count = d->var_count = 0;
	d->slot = d->base64 = d->last_content = d->last_test = -1;
	d->decoded = d->packet_only = d->stream_only = d->frame_only = false;
	d->rule = arena_take(&l->set->arena, sizeof *d->rule);
	if (!d->rule)
		return sk_origin(-ENOMEM);
	d->rule->info = (struct gw_rule_info){.gid = 1, .priority = 3, .msg = "", .classtype = "", .file = l->file, .line = line};
	r = rule_read(d, text, &keyword);
	if (r == SK_BAD)
		name_it(l, &(struct gw_rule_named){l->file, line, sid, keyword, d->why});
	return r == SK_BAD ? 0 : r ? r : keep(l, d->rule);
}

static int take_limit(struct loading *l, char *text, uint32_t line)
{
	char keyword[16] = "";
	const char *why = "";
	struct limit *limit;
	int r;

	memcpy(keyword, text, SK_MIN(strcspn(text, " \t"), sizeof keyword - 1));
	r = limit_read(l->set, l->setup, text, &limit, &why);
	if (r == SK_BAD)
		name_it(l, &(struct gw_rule_named){l->file, line, 0, keyword, why, true});
	if (r)
		return r < 0 ? r : 0;
	limit->file = l->file;
	limit->line = line;
	*l->limits_end = limit;
	l->limits_end = &limit->next;
	return 0;
}

static int take_line(struct loading *l, char *text, uint32_t line)
{
	return limit_is(text) ? take_limit(l, text, line) : take_rule(l, text, line);
}

/* The rule that begins at *at, its lines joined into l->line; false when it is too long. */
static bool join_lines(struct loading *l, const char *text, size_t size, size_t *at, uint32_t *line)
{
	size_t used = 0;
	bool fits = true, more = true;

	while (more && *at < size) {
		const char *begin = text + *at, *end = memchr(begin, '\n', size - *at);
		size_t length = end ? (size_t)(end - begin) : size - *at;

		*at += length + 1;
		(*line)++;
		while (length && (begin[length - 1] == '\r' || begin[length - 1] == ' ' || begin[length - 1] == '\t'))
			length--;
		more = length && begin[length - 1] == '\\';
		length -= more;
		if (used + length > RULE_BYTES_MAX)
			fits = false;
		else if (length) {
			memcpy(l->line + used, begin, length);
			used += length;
		}
	}
	l->line[used] = 0;
	return fits;
}

static int take_text(struct loading *l, const char *text, size_t size)
{
	uint32_t line = 0;
	int r = 0;

	for (size_t at = 0; at < size && r == 0;) {
		uint32_t first = line + 1;
		size_t blank = at;
		bool fits;

		while (blank < size && (text[blank] == ' ' || text[blank] == '\t' || text[blank] == '\r'))
			blank++;
		if (blank == size || text[blank] == '\n' || text[blank] == '#') {
			const char *end = memchr(text + blank, '\n', size - blank);

			at = end ? (size_t)(end - text) + 1 : size;
			line++;
			continue;
		}
		fits = join_lines(l, text, size, &at, &line);
		if (!fits || strlen(l->line) == 0 || memchr(text + blank, 0, at - 1 < size ? at - 1 - blank : size - blank)) {
			l->count.enabled++;
			name_it(l, &(struct gw_rule_named){l->file, first, 0, "", fits ? "a zero byte, or nothing, in the rule" : "the rule is too long"});
			continue;
		}
		r = take_line(l, l->line + strspn(l->line, " \t"), first);
	}
	return r;
}

/* Passing rules first, then what drops; of equals, those that set a flowbit before those that ask for it, the graver first, then as they were written. */
static unsigned rank(const struct rule *rule)
{
	static const unsigned actions[] = {[GW_RULE_PASS] = 0, [GW_RULE_DROP] = 1, [GW_RULE_REJECT] = 2, [GW_RULE_ALERT] = 3, [GW_RULE_NONE] = 4};
	unsigned bits = 2;

	for (const struct bit *bit = rule->bits; bit; bit = bit->next)
		bits = bit->what < BIT_ISSET ? SK_MIN(bits, rule->bits->what >= BIT_ISSET ? 1u : 0u) : bits;
	return actions[rule->info.action] << 20 | bits << 16 | SK_MIN(rule->info.priority, 255u);
}

struct ranked {
	unsigned rank;
	uint32_t number;
	struct rule *rule;
};

static int by_rank(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

static int sort_rules(struct gw_rules *set)
{
	struct ranked *ranked = sk_calloc(set->rule_count + 1, sizeof *ranked);

	if (!ranked)
		return sk_origin(-ENOMEM);
	for (uint32_t i = 0; i < set->rule_count; i++)
		ranked[i] = (struct ranked){rank(set->rules[i]), i, set->rules[i]};
	qsort(ranked, set->rule_count, sizeof *ranked, by_rank);
	for (uint32_t i = 0; i < set->rule_count; i++)
		set->rules[i] = ranked[i].rule;
	free(ranked);
	return 0;
}

static void loading_done(struct loading *l)
{
	sk_map_free(l->by_sid);
	free(l->draft);
	free(l->line);
	gw_rules_free(l->set);
}

static int loading_new(struct loading *l)
{
	static _Atomic uint64_t serial;
	int r;

	l->set = sk_calloc(1, sizeof *l->set);
	l->draft = sk_calloc(1, sizeof *l->draft);
	l->line = sk_malloc(RULE_BYTES_MAX + 1);
	if (!l->set || !l->draft || !l->line)
		return sk_origin(-ENOMEM);
	l->set->serial = atomic_fetch_add(&serial, 1) + 1;
	l->limits_end = &l->limits;
	l->set->list_count = 1;
	l->set->lists[0] = (struct list){.buffer = "", .text = ""};
	if ((r = sk_map_new(RULE_COUNT_MAX, NULL, &l->by_sid)) == 0)
		r = sk_map_new(RULE_COUNT_MAX, NULL, &l->set->list_of_name);
	return r;
}

static int apply_limits(struct loading *l)
{
	for (const struct limit *limit = l->limits; limit; limit = limit->next) {
		bool used;
		int r = limit_apply(l->set, limit, &used);

		if (r)
			return r;
		if (!used)
			name_it(l, &(struct gw_rule_named){limit->file, limit->line, limit->sid, "sig_id", "no rule with this number, or it has a threshold of its own", true});
	}
	return 0;
}

static int loading_finish(struct loading *l, struct gw_rules **ret_rules, struct gw_rules_count *ret_count)
{
	int r = apply_limits(l);

	if (r == 0)
		r = sort_rules(l->set);

	l->set->interpreted = l->setup && l->setup->interpreted;
	if (r == 0)
		r = rules_build(l->set, l->diag);
	if (r)
		return r;
	if (ret_count)
		*ret_count = l->count;
	sk_mem_trim(); /* compiling takes several times what stays */
	*ret_rules = SK_TAKE(l->set);
	return 0;
}

static int take_named_text(struct loading *l, const char *name, const char *text, size_t size)
{
	l->file = arena_text(&l->set->arena, name, strlen(name));
	if (!l->file)
		return sk_origin(-ENOMEM);
	sk_diag_source(l->diag, name);
	return take_text(l, text, size);
}

static int read_whole(int fd, char *text, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t n = read(fd, text + at, size - at);

		if (n <= 0)
			return SK_BAD;
		at += (size_t)n;
	}
	return 0;
}

static int take_file(struct loading *l, const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *text = NULL;
	struct stat st;

	sk_diag_source(l->diag, path);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return sk_diag_offset(l->diag, 0, "cannot be read: %s", fd < 0 ? strerror(errno) : "not a file");
	if (st.st_size > RULE_FILE_MAX)
		return sk_diag_offset(l->diag, 0, "larger than %d bytes", RULE_FILE_MAX);
	text = sk_malloc((size_t)st.st_size + 1);
	if (!text)
		return sk_origin(-ENOMEM);
	if (read_whole(fd, text, (size_t)st.st_size))
		return sk_diag_offset(l->diag, 0, "became shorter while it was read");
	return take_named_text(l, path, text, (size_t)st.st_size);
}

int gw_rules_load(const struct gw_rules_setup *setup, const char *const *files, size_t file_count, struct gw_rules **ret_rules,
	struct gw_rules_count *ret_count, struct sk_diag *diag)
{
	_cleanup_(loading_done) struct loading l = {.setup = setup, .diag = diag};
	int r = loading_new(&l);

	for (size_t i = 0; i < file_count && r == 0; i++)
		r = take_file(&l, files[i]);
	return r ? r : loading_finish(&l, ret_rules, ret_count);
}

int gw_rules_load_text(const struct gw_rules_setup *setup, const char *name, const char *text, size_t size, struct gw_rules **ret_rules,
	struct gw_rules_count *ret_count, struct sk_diag *diag)
{
	_cleanup_(loading_done) struct loading l = {.setup = setup, .diag = diag};
	int r = loading_new(&l);

	if (r == 0)
		r = take_named_text(&l, name, text, size);
	return r ? r : loading_finish(&l, ret_rules, ret_count);
}

struct gw_rules *gw_rules_free(struct gw_rules *rules)
{
	if (!rules)
		return NULL;
	for (uint32_t i = 0; i < rules->db_count; i++)
		hs_free_database(rules->dbs[i]);
	for (uint32_t i = 0; i < rules->code_count; i++)
		pcre2_code_free(rules->codes[i]);
	for (struct dataset *set = rules->datasets; set; set = set->next)
		sk_map_free(set->map);
	free(rules->dbs);
	free(rules->codes);
	free(rules->rules);
	sk_map_free(rules->list_of_name);
	arena_done(&rules->arena);
	free(rules);
	return NULL;
}

void gw_rules_free_p(struct gw_rules **rules)
{
	*rules = gw_rules_free(*rules);
}
