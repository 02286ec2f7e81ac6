// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * dataset and datarep: a whole buffer looked up in a list from a file beside the rules (one entry a line; of datarep with a value behind a comma). Lists are read
 * when the rules are loaded and do not change: what would write one is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "rule/draft.h"
#include "rule/ranges.h"

enum { LIST_BYTES_MAX = 32 << 20, LIST_ENTRIES_MAX = 1 << 20, KEY_MAX = 4096, PATH_SIZE = 1024 };

static const char *const types[] = {"string", "md5", "sha256", "ipv4", "ip", NULL};
enum { TYPE_STRING, TYPE_MD5, TYPE_SHA256, TYPE_IPV4, TYPE_IP };

/* An address as a range of one, so that it is written as rules write it. */
static size_t address_key(const char *text, uint8_t *out)
{
	struct ranges ranges;
	const char *why;
	size_t size = 0;

	if (strchr(text, '/') || ranges_parse(text, false, NULL, &ranges, &why) != 0)
		return 0;
	if (ranges.count == 1 && memcmp(ranges.at[0].low, ranges.at[0].high, 16) == 0) {
		memcpy(out, ranges.at[0].low, 16);
		size = 16;
	}
	ranges_done(&ranges);
	return size;
}

/* 0: no entry of this type. */
static size_t key_of_text(unsigned type, const char *text, uint8_t out[KEY_MAX])
{
	size_t size = strlen(text), digits = type == TYPE_MD5 ? 32 : 64;

	if (type == TYPE_STRING)
		return sk_unbase64(text, size, out, KEY_MAX, &size) == 0 ? size : 0;
	if (type == TYPE_MD5 || type == TYPE_SHA256)
		return size == digits && sk_unhex(text, out, digits / 2) == 0 ? digits / 2 : 0;
	return address_key(text, out);
}

bool dataset_has(const struct dataset *set, const uint8_t *data, size_t size, uint32_t *ret_value)
{
	uint8_t wide[16] = {[10] = 0xff, [11] = 0xff};
	const void *found;

	if (set->type >= TYPE_IPV4 && size == 4) {
		memcpy(wide + 12, data, 4);
		data = wide;
		size = sizeof wide;
	}
	found = sk_map_get(set->map, data, size);
	*ret_value = (uint32_t)((uintptr_t)found - (found != NULL));
	return found != NULL;
}

static int take_entry(struct dataset *set, char *line, bool valued)
{
	uint8_t key[KEY_MAX];
	char *rest = line, *text = word_next(&rest);
	int64_t value = 0;
	size_t size;
	int r;

	if (!*text)
		return 0;
	if (valued && (!rest || !word_number(word_trim(rest), 0, UINT16_MAX, &value)))
		return SK_BAD;
	if (!(size = key_of_text(set->type, text, key)))
		return SK_BAD;
	r = sk_map_put(set->map, key, size, (void *)(uintptr_t)(value + 1));
	return r;
}

static int read_list(struct draft *d, struct dataset *set, const char *path, bool valued)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	_cleanup_free_ char *text = NULL;
	struct stat st;
	int r = 0;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > LIST_BYTES_MAX)
		return draft_refuse(d, "the list %.150s cannot be read", path);
	text = sk_malloc((size_t)st.st_size + 1);
	if (!text)
		return sk_origin(-ENOMEM);
	if (read(fd, text, (size_t)st.st_size) != st.st_size)
		return draft_refuse(d, "the list %.150s cannot be read", path);
	text[st.st_size] = 0;
	for (char *rest = text, *line; r == 0 && (line = word_cut(&rest, '\n'));) {
		line[strcspn(line, "\r")] = 0;
		r = take_entry(set, line, valued);
	}
	return r == SK_BAD || r == SK_FULL ? draft_refuse(d, "the list %.150s has an entry that is not of its type, or too many", path) : r;
}

/* A list that several rules name is read once. */
static int dataset_of(struct draft *d, unsigned type, const char *path, bool valued, const struct dataset **ret_set)
{
	struct dataset *set;
	int r;

	for (set = d->set->datasets; set; set = set->next)
		if (set->type == type && set->valued == valued && strcmp(set->path, path) == 0) {
			*ret_set = set;
			return 0;
		}
	set = arena_take(&d->set->arena, sizeof *set);
	if (!set || !(set->path = arena_text(&d->set->arena, path, strlen(path))))
		return sk_origin(-ENOMEM);
	set->type = (uint8_t)type;
	set->valued = valued;
	if ((r = sk_map_new(LIST_ENTRIES_MAX, NULL, &set->map)))
		return r;
	if ((r = read_list(d, set, path, valued))) {
		set->map = sk_map_free(set->map);
		return r;
	}
	set->next = d->set->datasets;
	d->set->datasets = set;
	*ret_set = set;
	return 0;
}

/* Beside the file that names it. */
static bool path_of(const struct draft *d, const char *file, char out[PATH_SIZE])
{
	const char *rules = d->rule->info.file, *slash = strrchr(rules, '/');
	int size = *file == '/' || !slash ? snprintf(out, PATH_SIZE, "%s", file) : snprintf(out, PATH_SIZE, "%.*s/%s", (int)(slash - rules), rules, file);

	return size > 0 && size < PATH_SIZE;
}

/* type, load, and what is about memory; -1 = none of them. */
static int read_words(struct draft *d, char *rest, unsigned *ret_type, char path[PATH_SIZE])
{
	char *word;

	*path = 0;
	*ret_type = TYPE_IP + 1;
	while ((word = word_next(&rest))) {
		char *value = word + strcspn(word, " \t");
		unsigned type = 0;

		if (*value)
			*value++ = 0;
		value = word_trim(value);
		if (strcmp(word, "type") == 0) {
			while (types[type] && strcmp(types[type], value) != 0)
				type++;
			*ret_type = type;
		} else if (strcmp(word, "load") == 0 && *value) {
			if (!path_of(d, value, path))
				return draft_refuse(d, "too long a name of a file");
		} else if (strcmp(word, "memcap") != 0 && strcmp(word, "hashsize") != 0) {
			return draft_refuse(d, "\"%.40s\": lists are read and never written", word);
		}
	}
	return *ret_type > TYPE_IP || !*path ? draft_refuse(d, "needs a type (string, md5, sha256, ipv4, ip) and load with a file") : 0;
}

static int put_test(struct draft *d, char *rest, bool valued, struct test **ret_test)
{
	char path[PATH_SIZE];
	const struct dataset *set;
	unsigned type;
	int r = read_words(d, rest, &type, path);

	if (r || (r = dataset_of(d, type, path, valued, &set)) || (r = draft_test(d, TEST_DATASET, ret_test)))
		return r;
	(*ret_test)->dataset.set = set;
	return 0;
}

static int read_dataset(struct draft *d, const struct keyword *k, char *value)
{
	char *verb = word_next(&value), *name = word_next(&value);
	struct test *test;
	int r;

	if (!name || (strcmp(verb, "isset") != 0 && strcmp(verb, "isnotset") != 0))
		return draft_refuse(d, "neither isset nor isnotset: lists are read and never written");
	if ((r = put_test(d, value, false, &test)))
		return r;
	test->negated = strcmp(verb, "isnotset") == 0;
	return 0;
}

static int read_datarep(struct draft *d, const struct keyword *k, char *value)
{
	char *name = word_next(&value), *sign = word_next(&value), *number = word_next(&value), range[64];
	struct test *test;
	uint64_t low, high;
	uint8_t compare;
	int r;

	if (!number || !*name || (size_t)snprintf(range, sizeof range, "%s%s", sign, number) >= sizeof range || !word_range(range, UINT16_MAX, &compare, &low, &high))
		return draft_refuse(d, "not of the form name, operator, value");
	if ((r = put_test(d, value, true, &test)))
		return r;
	test->dataset.compare = compare;
	test->dataset.value = (uint32_t)low;
	return 0;
}

const struct keyword keywords_dataset[] = {{"dataset", read_dataset}, {"datarep", read_datarep}, {NULL}};
