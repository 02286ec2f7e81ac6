// SPDX-License-Identifier: GPL-3.0-or-later
/* One value of one row: judged, stored, freed, described. */
#include "conf/value.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

static const uint64_t max_exact = (1ull << 53) - 1; /* what a JSON number holds without loss */

size_t sk_path_add(struct sk_applier *a, const char *key)
{
	size_t length = strlen(a->path);

	snprintf(a->path + length, sizeof a->path - length, "%s%.64s", length ? "." : "", key);
	return length;
}

size_t sk_path_index(struct sk_applier *a, size_t index)
{
	size_t length = strlen(a->path);

	snprintf(a->path + length, sizeof a->path - length, "[%zu]", index);
	return length;
}

void sk_path_back(struct sk_applier *a, size_t length)
{
	a->path[length] = '\0';
}

int sk_apply_bad(const struct sk_applier *a, const struct sk_node *node, const char *format, ...)
{
	char text[sizeof a->diag->text];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	sk_diag_path(a->diag, a->path, "%s", text);
	if (a->diag && node && node->line)
		sk_diag_line(a->diag, node->line, node->column, "%s", text);
	return SK_BAD;
}

size_t sk_kind_size(enum sk_kind kind)
{
	switch (kind) {
	case SK_KIND_STRING:
	case SK_KIND_PATH:
	case SK_KIND_USER:
		return sizeof(char *);
	case SK_KIND_ENUM:
		return sizeof(int);
	case SK_KIND_BOOL:
		return sizeof(bool);
	case SK_KIND_INT:
	case SK_KIND_TIME:
		return sizeof(int64_t);
	case SK_KIND_SIZE:
	case SK_KIND_DURATION:
		return sizeof(uint64_t);
	case SK_KIND_HASH:
		return 32;
	case SK_KIND_STRINGS:
	case SK_KIND_PATHS:
		return sizeof(struct sk_strings);
	case SK_KIND_PAIRS:
		return sizeof(struct sk_pairs);
	case SK_KIND_RECORDS:
		return sizeof(struct sk_records);
	}
	return 0;
}

uint64_t sk_value_max(const struct sk_setting *row)
{
	if (row->max)
		return row->max;
	switch (row->kind) {
	case SK_KIND_STRING:
		return 1024;
	case SK_KIND_PATH:
		return 4095;
	case SK_KIND_USER:
		return 32;
	case SK_KIND_STRINGS:
	case SK_KIND_PATHS:
		return 1024;
	case SK_KIND_PAIRS:
		return 64;
	case SK_KIND_RECORDS:
		return 10000;
	default:
		return max_exact;
	}
}

static const char *describe_enum(const struct sk_setting *row, bool ja, char *out, size_t size)
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; row->names[i] && at < size; i++)
		at += (size_t)snprintf(out + at, size - at, "%s%s", i ? (ja ? "、" : ", ") : (ja ? "" : "one of "), row->names[i]);
	if (ja && at < size)
		snprintf(out + at, size - at, "のいずれか");
	return out;
}

/* 536870912 -> "512M" */
const char *sk_size_text(uint64_t bytes, char out[static 24])
{
	static const char units[] = {0, 'K', 'M', 'G'};
	unsigned unit = 0;

	while (unit < 3 && bytes && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	snprintf(out, 24, "%" PRIu64 "%.1s", bytes, unit ? &units[unit] : "");
	return out;
}

const char *sk_duration_text(uint64_t ms, char out[static 24])
{
	if (ms && ms % 86400000 == 0)
		snprintf(out, 24, "%" PRIu64 "d", ms / 86400000);
	else if (ms && ms % 3600000 == 0)
		snprintf(out, 24, "%" PRIu64 "h", ms / 3600000);
	else if (ms && ms % 60000 == 0)
		snprintf(out, 24, "%" PRIu64 "m", ms / 60000);
	else if (ms && ms % 1000 == 0)
		snprintf(out, 24, "%" PRIu64 "s", ms / 1000);
	else
		snprintf(out, 24, "%" PRIu64 "ms", ms);
	return out;
}

const char *sk_value_describe(const struct sk_setting *row, bool ja, char *out, size_t size)
{
	char low[24], high[24];
	uint64_t max = sk_value_max(row);

	switch (row->kind) {
	case SK_KIND_STRING:
		snprintf(out, size, ja ? "%" PRIu64 "～%" PRIu64 " バイトの文字列" : "text of %" PRIu64 " to %" PRIu64 " bytes", row->min, max);
		return out;
	case SK_KIND_ENUM:
		return describe_enum(row, ja, out, size);
	case SK_KIND_BOOL:
		snprintf(out, size, ja ? "true または false" : "true or false");
		return out;
	case SK_KIND_INT:
		snprintf(out, size, ja ? "%" PRIu64 "～%" PRIu64 " の整数" : "a whole number from %" PRIu64 " to %" PRIu64, row->min, max);
		return out;
	case SK_KIND_SIZE:
		snprintf(out, size, ja ? "%s～%s のサイズ（64K、512M、2G の形）" : "a size from %s to %s, such as 64K, 512M, 2G",
			 sk_size_text(row->min, low), sk_size_text(max, high));
		return out;
	case SK_KIND_DURATION:
		snprintf(out, size, ja ? "%s～%s の時間（250ms、30s、5m、12h、7d の形）" : "a time from %s to %s, such as 250ms, 30s, 5m, 12h, 7d",
			 sk_duration_text(row->min, low), sk_duration_text(max, high));
		return out;
	case SK_KIND_TIME:
		snprintf(out, size, ja ? "UTC の日時（2026-11-23T10:00:00Z の形）" : "a UTC time such as 2026-11-23T10:00:00Z");
		return out;
	case SK_KIND_PATH:
		snprintf(out, size, ja ? "絶対パス" : "an absolute path");
		return out;
	case SK_KIND_USER:
		snprintf(out, size, ja ? "ユーザー名または番号" : "a user name or number");
		return out;
	case SK_KIND_HASH:
		snprintf(out, size, ja ? "16 進 64 桁の SHA-256" : "SHA-256 as 64 hex digits");
		return out;
	case SK_KIND_STRINGS:
		snprintf(out, size, ja ? "文字列のリスト（最大 %" PRIu64 " 個）" : "a list of at most %" PRIu64 " texts", max);
		return out;
	case SK_KIND_PATHS:
		snprintf(out, size, ja ? "絶対パスのリスト（最大 %" PRIu64 " 個）" : "a list of at most %" PRIu64 " absolute paths", max);
		return out;
	case SK_KIND_PAIRS:
		snprintf(out, size, ja ? "キーと文字列の対応（最大 %" PRIu64 " 個）" : "a mapping of at most %" PRIu64 " keys to texts", max);
		return out;
	case SK_KIND_RECORDS:
		snprintf(out, size, ja ? "%s のリスト（最大 %" PRIu64 " 個）" : "a list of %s records, at most %" PRIu64, row->inner->name, max);
		return out;
	}
	return "";
}

static void strings_done(struct sk_strings *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct sk_strings){0};
}

static void pairs_done(struct sk_pairs *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].key);
		free(list->items[i].value);
	}
	free(list->items);
	*list = (struct sk_pairs){0};
}

static void records_done(const struct sk_table *inner, struct sk_records *list)
{
	for (size_t i = 0; i < list->count; i++)
		sk_conf_done(inner, (char *)list->items + i * inner->size);
	free(list->items);
	*list = (struct sk_records){0};
}

void sk_value_done(const struct sk_setting *row, void *member)
{
	switch (row->kind) {
	case SK_KIND_STRING:
	case SK_KIND_PATH:
	case SK_KIND_USER:
		free(*(char **)member);
		break;
	case SK_KIND_STRINGS:
	case SK_KIND_PATHS:
		strings_done(member);
		break;
	case SK_KIND_PAIRS:
		pairs_done(member);
		break;
	case SK_KIND_RECORDS:
		records_done(row->inner, member);
		break;
	default:
		break;
	}
	memset(member, 0, sk_kind_size(row->kind));
}

static bool is_path(const char *text)
{
	if (text[0] != '/')
		return false;
	for (const char *part = text; *part;) {
		size_t size;

		part += strspn(part, "/");
		size = strcspn(part, "/");
		if ((size == 1 && part[0] == '.') || (size == 2 && part[0] == '.' && part[1] == '.'))
			return false;
		part += size;
	}
	return true;
}

static bool is_user(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789-.";
	uint64_t number;

	if (isdigit((unsigned char)text[0]))
		return sk_parse_u64(text, UINT32_MAX - 1, &number) == 0;
	return text[0] && text[0] != '-' && text[strspn(text, letters)] == '\0';
}

/*
 * UTF-8 was checked with the whole document. Not text: control characters (also those of the upper half, which move terminals), and what YAML
 * takes for a line break or refuses when it is written out again: U+0085, U+2028, U+2029, U+FEFF, U+FFFE, U+FFFF.
 */
static bool is_text(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if ((*c < 0x20 && *c != '\n' && *c != '\t') || *c == 0x7f)
			return false;
		if ((c[0] == 0xc2 && c[1] < 0xa0) || (c[0] == 0xe2 && c[1] == 0x80 && (c[2] == 0xa8 || c[2] == 0xa9)) ||
		    (c[0] == 0xef && c[1] == 0xbb && c[2] == 0xbf) || (c[0] == 0xef && c[1] == 0xbf && c[2] >= 0xbe))
			return false;
	}
	return true;
}

/* Text kinds: is the scalar within the row? */
static int check_text(struct sk_applier *a, const struct sk_setting *row, enum sk_kind kind, uint64_t min, uint64_t max,
		      const struct sk_node *node)
{
	char what[160];

	if (node->kind != SK_NODE_TEXT && (a->exact || node->kind != SK_NODE_WORD))
		return sk_apply_bad(a, node, "expected %s", kind == SK_KIND_PATH ? "an absolute path" : "a text");
	if (node->size < min || node->size > max || !is_text(node->text))
		return sk_apply_bad(a, node, "expected text of %" PRIu64 " to %" PRIu64 " bytes without control characters", min, max);
	if (kind == SK_KIND_PATH && !is_path(node->text))
		return sk_apply_bad(a, node, "\"%.80s\" is not an absolute path without \".\" and \"..\"", node->text);
	if (kind == SK_KIND_USER && !is_user(node->text))
		return sk_apply_bad(a, node, "\"%.40s\" is not %s", node->text, sk_value_describe(row, false, what, sizeof what));
	return 0;
}

static int set_text(struct sk_applier *a, const struct sk_setting *row, const struct sk_node *node, char **member)
{
	int r = check_text(a, row, row->kind, row->min, sk_value_max(row), node);
	char *copy;

	if (r != 0)
		return r;
	copy = sk_strndup(node->text, node->size);
	if (!copy)
		return sk_origin(-ENOMEM);
	free(*member);
	*member = copy;
	return 0;
}

static int wrong(struct sk_applier *a, const struct sk_setting *row, const struct sk_node *node)
{
	char what[200];

	sk_value_describe(row, false, what, sizeof what);
	if (node->kind == SK_NODE_LIST || node->kind == SK_NODE_MAP)
		return sk_apply_bad(a, node, "expected %s, found a %s", what, node->kind == SK_NODE_LIST ? "list" : "mapping");
	return sk_apply_bad(a, node, "expected %s, found \"%.60s\"", what, node->text);
}

static int set_enum(struct sk_applier *a, const struct sk_setting *row, const struct sk_node *node, int *member)
{
	if (node->kind != SK_NODE_TEXT && (a->exact || node->kind != SK_NODE_WORD))
		return wrong(a, row, node);
	for (int i = 0; row->names[i]; i++)
		if (strcmp(row->names[i], node->text) == 0) {
			*member = i;
			return 0;
		}
	return wrong(a, row, node);
}

static int set_bool(struct sk_applier *a, const struct sk_setting *row, const struct sk_node *node, bool *member)
{
	if (node->kind != SK_NODE_WORD || (strcmp(node->text, "true") != 0 && strcmp(node->text, "false") != 0))
		return wrong(a, row, node);
	*member = node->text[0] == 't';
	return 0;
}

/* INT, SIZE, DURATION */
static int read_number(struct sk_applier *a, const struct sk_setting *row, const struct sk_node *node, uint64_t *ret_value)
{
	uint64_t value;
	int r;

	if (node->kind != SK_NODE_WORD)
		return wrong(a, row, node);
	if (a->exact || row->kind == SK_KIND_INT)
		r = sk_parse_u64(node->text, max_exact, &value);
	else
		r = row->kind == SK_KIND_SIZE ? sk_parse_size(node->text, &value) : sk_parse_duration(node->text, &value);
	if (r != 0 || value < row->min || value > sk_value_max(row))
		return wrong(a, row, node);
	*ret_value = value;
	return 0;
}

static int set_time(struct sk_applier *a, const struct sk_setting *row, const struct sk_node *node, int64_t *member)
{
	if (node->kind != SK_NODE_TEXT && (a->exact || node->kind != SK_NODE_WORD))
		return wrong(a, row, node);
	/* A signed object has one way to write a time: sk_time_text()'s. */
	if ((a->exact && node->size != 20) || sk_time_parse(node->text, member) != 0)
		return wrong(a, row, node);
	return 0;
}

static int set_hash(struct sk_applier *a, const struct sk_setting *row, const struct sk_node *node, uint8_t *member)
{
	if (node->kind != SK_NODE_TEXT && (a->exact || node->kind != SK_NODE_WORD))
		return wrong(a, row, node);
	if (sk_unhex(node->text, member, 32) != 0 || (a->exact && node->text[strcspn(node->text, "ABCDEF")]))
		return wrong(a, row, node);
	return 0;
}

static int fill_strings(struct sk_applier *a, const struct sk_setting *row, const struct sk_node *node, struct sk_strings *list)
{
	enum sk_kind kind = row->kind == SK_KIND_PATHS ? SK_KIND_PATH : SK_KIND_STRING;
	uint64_t max = row->item_max ? row->item_max : kind == SK_KIND_PATH ? 4095 : 1024;

	for (const struct sk_node *item = node->first; item; item = item->next) {
		size_t length = sk_path_index(a, list->count);
		int r = check_text(a, row, kind, 1, max, item);

		if (r != 0)
			return r;
		list->items[list->count] = sk_strndup(item->text, item->size);
		if (!list->items[list->count])
			return sk_origin(-ENOMEM);
		list->count++;
		sk_path_back(a, length);
	}
	return 0;
}

static int set_strings(struct sk_applier *a, const struct sk_setting *row, const struct sk_node *node, struct sk_strings *member)
{
	struct sk_strings list = {0};
	int r;

	if (node->kind != SK_NODE_LIST || node->later || node->count < row->min || node->count > sk_value_max(row))
		return wrong(a, row, node);
	list.items = sk_calloc(node->count, sizeof *list.items);
	if (!list.items)
		return sk_origin(-ENOMEM);
	r = fill_strings(a, row, node, &list);
	if (r != 0) {
		strings_done(&list);
		return r;
	}
	strings_done(member);
	*member = list;
	return 0;
}

static int fill_pairs(struct sk_applier *a, const struct sk_setting *row, const struct sk_node *node, struct sk_pairs *list)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789-.";

	for (const struct sk_node *item = node->first; item; item = item->next) {
		size_t length = sk_path_add(a, item->key);
		struct sk_pair *pair = &list->items[list->count];
		int r = check_text(a, row, SK_KIND_STRING, 0, row->item_max ? row->item_max : 1024, item);

		if (r != 0)
			return r;
		if (strlen(item->key) > 64 || item->key[strspn(item->key, letters)])
			return sk_apply_bad(a, item, "a key here is 1 to 64 letters, digits, and . - _");
		list->count++;
		pair->key = sk_strdup(item->key);
		pair->value = sk_strndup(item->text, item->size);
		if (!pair->key || !pair->value)
			return sk_origin(-ENOMEM);
		sk_path_back(a, length);
	}
	return 0;
}

static int set_pairs(struct sk_applier *a, const struct sk_setting *row, const struct sk_node *node, struct sk_pairs *member)
{
	struct sk_pairs list = {0};
	int r;

	if (node->kind != SK_NODE_MAP || node->count < row->min || node->count > sk_value_max(row))
		return wrong(a, row, node);
	list.items = sk_calloc(node->count, sizeof *list.items);
	if (!list.items)
		return sk_origin(-ENOMEM);
	r = fill_pairs(a, row, node, &list);
	if (r != 0) {
		pairs_done(&list);
		return r;
	}
	pairs_done(member);
	*member = list;
	return 0;
}

int sk_value_set(struct sk_applier *a, const struct sk_setting *row, const struct sk_node *node, void *member)
{
	uint64_t number = 0;
	int r;

	if (node->kind == SK_NODE_WORD && (node->size == 0 || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0))
		return sk_apply_bad(a, node, "has no value");
	switch (row->kind) {
	case SK_KIND_STRING:
	case SK_KIND_PATH:
	case SK_KIND_USER:
		return set_text(a, row, node, member);
	case SK_KIND_ENUM:
		return set_enum(a, row, node, member);
	case SK_KIND_BOOL:
		return set_bool(a, row, node, member);
	case SK_KIND_INT:
	case SK_KIND_SIZE:
	case SK_KIND_DURATION:
		r = read_number(a, row, node, &number);
		if (r == 0)
			memcpy(member, &number, sizeof number);
		return r;
	case SK_KIND_TIME:
		return set_time(a, row, node, member);
	case SK_KIND_HASH:
		return set_hash(a, row, node, member);
	case SK_KIND_STRINGS:
	case SK_KIND_PATHS:
		return set_strings(a, row, node, member);
	case SK_KIND_PAIRS:
		return set_pairs(a, row, node, member);
	case SK_KIND_RECORDS:
		break;
	}
	return sk_origin(-EINVAL);
}
