// SPDX-License-Identifier: GPL-3.0-or-later
/* content and its modifiers, pcre, isdataat, bsize: tests that look for bytes. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "rule/draft.h"

static int hex_of(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10 : -1;
}

/* Between two bars: pairs of hexadecimal digits, spaces anywhere. Returns past the second bar; NULL when wrong. */
static const char *read_hex(const char *at, uint8_t *out, size_t *size)
{
	int high = -1;

	for (; *at && *at != '|'; at++) {
		int digit = hex_of(*at);

		if (*at == ' ')
			continue;
		if (digit < 0 || *size >= RULE_CONTENT_MAX)
			return NULL;
		if (high < 0) {
			high = digit;
		} else {
			out[(*size)++] = (uint8_t)(high << 4 | digit);
			high = -1;
		}
	}
	return *at == '|' && high < 0 ? at + 1 : NULL;
}

/* 0 = wrong */
static size_t read_bytes(const char *at, uint8_t out[RULE_CONTENT_MAX])
{
	size_t size = 0;

	while (*at) {
		if (*at == '|') {
			if (!(at = read_hex(at + 1, out, &size)))
				return 0;
			continue;
		}
		if (*at == '\\' && at[1] && strchr("\";\\:", at[1]))
			at++;
		else if (*at == '"' || *at == '\\')
			return 0;
		if (size >= RULE_CONTENT_MAX)
			return 0;
		out[size++] = (uint8_t)*at++;
	}
	return size;
}

static int read_content(struct draft *d, const struct keyword *k, char *value)
{
	uint8_t bytes[RULE_CONTENT_MAX];
	struct test *test;
	bool negated;
	size_t size;
	int r;

	if (!value || word_unquote(&value, &negated))
		return draft_refuse(d, "its value is not in quotes");
	if (!(size = read_bytes(value, bytes)))
		return draft_refuse(d, "empty, over %d bytes, or wrongly escaped", RULE_CONTENT_MAX);
	if ((r = draft_test(d, TEST_CONTENT, &test)))
		return r;
	test->negated = negated;
	test->content.bytes = arena_copy(&d->set->arena, bytes, size);
	test->content.size = (uint32_t)size;
	if (!test->content.bytes)
		return sk_origin(-ENOMEM);
	d->last_content = d->last_test;
	return 0;
}

/* A content and the buffer it is for in one word. */
static int read_content_of(struct draft *d, const struct keyword *k, char *value)
{
	int r = read_content(d, k, value);

	return r ? r : draft_move_content(d, k->text);
}

static struct content *last_content(struct draft *d)
{
	return d->last_content < 0 ? NULL : &d->tests[d->last_content].content;
}

enum { MOD_NOCASE, MOD_STARTS, MOD_ENDS, MOD_FAST, MOD_RAW };

static int read_flag(struct draft *d, const struct keyword *k, char *value)
{
	struct content *c = last_content(d);

	if (!c)
		return draft_refuse(d, "no content before it");
	switch (k->number) {
	case MOD_NOCASE:
		c->nocase = true;
		for (uint32_t i = 0; i < c->size; i++)
			((uint8_t *)c->bytes)[i] = (uint8_t)tolower(c->bytes[i]);
		return 0;
	case MOD_STARTS:
		c->startswith = c->has_depth = true;
		c->depth = (struct number){.value = c->size, .variable = -1};
		return 0;
	case MOD_ENDS:
		c->endswith = true;
		return 0;
	case MOD_FAST:
		if (d->tests[d->last_content].negated)
			return 0; /* a negated literal cannot choose candidates; another one does */
		c->fast = true;
		c->fast_only = value && strcmp(value, "only") == 0;
		return 0;
	default:
		return 0; /* rawbytes: the payload is raw */
	}
}

enum { MOD_DEPTH, MOD_OFFSET, MOD_DISTANCE, MOD_WITHIN };

static int read_place(struct draft *d, const struct keyword *k, char *value)
{
	struct content *c = last_content(d);
	struct number number;

	if (!c)
		return draft_refuse(d, "no content before it");
	if (!value || !word_value(d, value, k->number == MOD_DISTANCE || k->number == MOD_WITHIN ? -65535 : 0, 1 << 20, &number))
		return draft_refuse(d, "not a number and not a variable made before it");
	if (number.variable < 0 && (k->number == MOD_DEPTH || k->number == MOD_WITHIN) && number.value < c->size)
		return draft_refuse(d, "less than the content is long, so it could never match");
	switch (k->number) {
	case MOD_DEPTH:
		c->has_depth = true;
		c->depth = number;
		break;
	case MOD_OFFSET:
		c->has_offset = true;
		c->offset = number;
		break;
	case MOD_DISTANCE:
		c->has_distance = true;
		c->distance = number;
		break;
	default:
		c->has_within = true;
		c->within = number;
	}
	d->tests[d->last_content].relative = c->has_distance || c->has_within;
	return 0;
}

int draft_regex(struct draft *d, const char *text, size_t size, uint32_t options, pcre2_code **ret_code)
{
	struct gw_rules *set = d->set;
	PCRE2_SIZE at;
	int error;

	if (set->code_count == set->code_space) {
		uint32_t space = set->code_space ? 2 * set->code_space : 1024;
		pcre2_code **codes = sk_realloc_array(set->codes, space, sizeof *codes);

		if (!codes)
			return sk_origin(-ENOMEM);
		set->codes = codes;
		set->code_space = space;
	}
	*ret_code = pcre2_compile((PCRE2_SPTR)text, size, options | PCRE2_NEVER_BACKSLASH_C, &error, &at, NULL);
	if (!*ret_code) {
		char why[120];

		pcre2_get_error_message(error, (PCRE2_UCHAR *)why, sizeof why);
		return draft_refuse(d, "PCRE at byte %zu: %s", (size_t)at, why);
	}
	set->codes[set->code_count++] = *ret_code;
	return 0;
}

struct pcre_flags {
	uint32_t options;
	bool relative;
	const char *buffer;
};

static bool pcre_flag(char flag, struct pcre_flags *f)
{
	static const struct {
		char flag;
		const char *buffer;
	} buffers[] = {{'U', "http.uri"}, {'I', "http.uri.raw"}, {'P', "http.request_body"}, {'Q', "http.response_body"}, {'H', "http.header"},
		{'D', "http.header.raw"}, {'M', "http.method"}, {'C', "http.cookie"}, {'S', "http.stat_code"}, {'Y', "http.stat_msg"},
		{'V', "http.user_agent"}, {'W', "http.host"}, {'Z', "http.host.raw"}};
	static const struct {
		char flag;
		uint32_t option;
	} options[] = {{'i', PCRE2_CASELESS}, {'m', PCRE2_MULTILINE}, {'s', PCRE2_DOTALL}, {'x', PCRE2_EXTENDED}, {'A', PCRE2_ANCHORED},
		{'E', PCRE2_DOLLAR_ENDONLY}, {'G', PCRE2_UNGREEDY}, {'O', 0}, {'B', 0}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(options); i++)
		if (options[i].flag == flag) {
			f->options |= options[i].option;
			return true;
		}
	for (size_t i = 0; i < SK_ARRAY_SIZE(buffers); i++)
		if (buffers[i].flag == flag) {
			f->buffer = buffers[i].buffer;
			return true;
		}
	f->relative |= flag == 'R';
	return flag == 'R';
}

static int read_pcre(struct draft *d, const struct keyword *k, char *value)
{
	struct pcre_flags flags = {0};
	struct test *test;
	char *end;
	bool negated;
	pcre2_code *code;
	int r, slot = d->slot;

	if (!value || word_unquote(&value, &negated) || *value != '/' || !(end = strrchr(value + 1, '/')))
		return draft_refuse(d, "not of the form \"/expression/flags\"");
	for (const char *flag = end + 1; *flag; flag++)
		if (!pcre_flag(*flag, &flags))
			return draft_refuse(d, "the flag or capture \"%.40s\" is not known", flag);
	if ((r = draft_regex(d, value + 1, (size_t)(end - value - 1), flags.options, &code)))
		return r;
	if (flags.buffer && (r = draft_buffer(d, flags.buffer)))
		return r;
	if ((r = draft_test(d, TEST_PCRE, &test)))
		return r;
	if (flags.buffer)
		d->slot = slot;
	test->negated = negated;
	test->relative = flags.relative;
	test->pcre.code = code;
	test->pcre.anchored = flags.options & PCRE2_ANCHORED;
	return 0;
}

static int read_isdataat(struct draft *d, const struct keyword *k, char *value)
{
	struct test *test;
	char *item;
	bool negated;
	struct number number;
	int r;

	if (!(item = word_next(&value)))
		return draft_refuse(d, "needs a number");
	negated = *item == '!';
	if (!word_value(d, word_trim(item + negated), 0, 65535, &number))
		return draft_refuse(d, "not a number and not a variable made before it");
	if ((r = draft_test(d, TEST_ISDATAAT, &test)))
		return r;
	test->negated = negated;
	test->isdataat.at = number;
	while ((item = word_next(&value)))
		if (strcmp(item, "relative") == 0)
			test->relative = true;
		else if (strcmp(item, "rawbytes") != 0)
			return draft_refuse(d, "the word \"%.40s\" is not known", item);
	return 0;
}

static int read_bsize(struct draft *d, const struct keyword *k, char *value)
{
	struct test *test;
	int r = draft_test(d, TEST_BSIZE, &test);

	if (r)
		return r;
	if (!value || !word_range(value, UINT32_MAX, &test->size.compare, &test->size.low, &test->size.high))
		return draft_refuse(d, "not a size or a range of sizes");
	return 0;
}

/* urilen:N[,raw|norm] is the size of the request's URI. */
static int read_urilen(struct draft *d, const struct keyword *k, char *value)
{
	char *range = word_next(&value), *which = word_next(&value);
	int slot = d->slot, r;

	if (which && strcmp(which, "raw") != 0 && strcmp(which, "norm") != 0)
		return draft_refuse(d, "neither raw nor norm");
	if ((r = draft_buffer(d, which && *which == 'r' ? "http.uri.raw" : "http.uri")) || (r = read_bsize(d, k, range)))
		return r;
	d->slot = slot;
	return 0;
}

const struct keyword keywords_content[] = {
	{"content", read_content}, {"uricontent", read_content_of, "http.uri"}, {"tls.subject", read_content_of, "tls.cert_subject"},
	{"tls.issuerdn", read_content_of, "tls.cert_issuer"}, {"tls.fingerprint", read_content_of, "tls.cert_fingerprint"},
	{"nocase", read_flag, NULL, MOD_NOCASE}, {"startswith", read_flag, NULL, MOD_STARTS}, {"endswith", read_flag, NULL, MOD_ENDS},
	{"fast_pattern", read_flag, NULL, MOD_FAST}, {"rawbytes", read_flag, NULL, MOD_RAW},
	{"depth", read_place, NULL, MOD_DEPTH}, {"offset", read_place, NULL, MOD_OFFSET}, {"distance", read_place, NULL, MOD_DISTANCE},
	{"within", read_place, NULL, MOD_WITHIN},
	{"pcre", read_pcre}, {"isdataat", read_isdataat}, {"bsize", read_bsize}, {"urilen", read_urilen}, {NULL}};
