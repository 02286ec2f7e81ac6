// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Judges a tree by a table: unknown keys with the nearest known one, missing keys, lists of records; and the entry points for texts and files.
 */
#include "conf/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "conf/items.h"
#include "conf/value.h"

enum { ROWS_MAX = 128, KEY_MAX = 64, WORD_MAX = 32 };

static int apply_map(struct sk_applier *a, const struct sk_table *table, const char *prefix, const struct sk_node *map, void *object,
		     bool *seen);

static const struct sk_setting *find_row(const struct sk_table *table, const char *key)
{
	for (const struct sk_setting *row = table->rows; row->key; row++)
		if (strcmp(row->key, key) == 0)
			return row;
	return NULL;
}

static bool is_section(const struct sk_table *table, const char *key)
{
	size_t size = strlen(key);

	for (const struct sk_setting *row = table->rows; row->key; row++)
		if (strncmp(row->key, key, size) == 0 && row->key[size] == '.')
			return true;
	return false;
}

/* Levenshtein distance of two short words. */
static unsigned distance(const char *a, const char *b)
{
	size_t n = strnlen(a, WORD_MAX), m = strnlen(b, WORD_MAX);
	unsigned row[WORD_MAX + 1];

	for (size_t j = 0; j <= m; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned above = row[j], best = diagonal + (a[i - 1] != b[j - 1]);

			best = SK_MIN(best, above + 1);
			row[j] = SK_MIN(best, row[j - 1] + 1);
			diagonal = above;
		}
	}
	return row[m];
}

static int unknown_key(struct sk_applier *a, const struct sk_table *table, const char *prefix, const struct sk_node *node)
{
	size_t skip = strlen(prefix);
	char word[KEY_MAX], nearest[KEY_MAX] = "";
	unsigned best = (unsigned)SK_MIN(strlen(node->key) / 2, (size_t)3);

	for (const struct sk_setting *row = table->rows; row->key; row++) {
		if (strncmp(row->key, prefix, skip) != 0)
			continue;
		snprintf(word, sizeof word, "%.*s", (int)strcspn(row->key + skip, "."), row->key + skip);
		if (distance(word, node->key) <= best && (!*nearest || distance(word, node->key) < best)) {
			best = distance(word, node->key);
			memcpy(nearest, word, sizeof nearest);
		}
	}
	if (*nearest)
		return sk_apply_bad(a, node, "there is no such key; did you mean \"%s\"?", nearest);
	return sk_apply_bad(a, node, "there is no such key");
}

static int apply_record(struct sk_applier *a, const struct sk_table *table, const struct sk_node *node, void *object);

static int apply_records(struct sk_applier *a, const struct sk_setting *row, const struct sk_node *node, struct sk_records *member)
{
	_cleanup_items_ struct sk_items items = {0};
	struct sk_records list = {0};
	size_t size = row->inner->size;
	const struct sk_node *item;
	char what[128];
	int r;

	if (node->kind != SK_NODE_LIST || node->count < row->min || node->count > sk_value_max(row))
		return sk_apply_bad(a, node, "expected %s", sk_value_describe(row, false, what, sizeof what));
	list.items = sk_calloc(node->count, size);
	if (!list.items)
		return sk_origin(-ENOMEM);
	r = sk_items_begin(&items, node);
	while (r == 0 && (r = sk_items_next(&items, &item)) == 0) {
		size_t length = sk_path_index(a, list.count);

		r = apply_record(a, row->inner, item, (char *)list.items + list.count * size);
		if (r == 0) {
			list.count++;
			sk_path_back(a, length);
		}
	}
	if (r == SK_FULL)
		r = sk_apply_bad(a, node, "too many keys and values in one item");
	r = r == SK_END ? 0 : r;
	sk_value_done(row, r == 0 ? member : &list);
	if (r == 0)
		*member = list;
	return r;
}

static int apply_key(struct sk_applier *a, const struct sk_table *table, const char *prefix, const struct sk_node *node, void *object,
		     bool *seen)
{
	char key[KEY_MAX * 2];
	const struct sk_setting *row;
	void *member;

	if (strchr(node->key, '.') || (size_t)snprintf(key, sizeof key, "%s%s", prefix, node->key) >= sizeof key)
		return unknown_key(a, table, prefix, node);
	row = find_row(table, key);
	if (row) {
		member = (char *)object + row->offset;
		seen[row - table->rows] = true;
		return row->kind == SK_KIND_RECORDS ? apply_records(a, row, node, member) : sk_value_set(a, row, node, member);
	}
	if (!is_section(table, key) || strlen(key) + 2 > sizeof key)
		return unknown_key(a, table, prefix, node);
	if (!a->exact && node->kind == SK_NODE_WORD && !node->size)
		return 0; /* a heading whose settings are all commented out */
	if (node->kind != SK_NODE_MAP)
		return sk_apply_bad(a, node, "expected a mapping");
	memcpy(key + strlen(key), ".", 2);
	return apply_map(a, table, key, node, object, seen);
}

static int apply_map(struct sk_applier *a, const struct sk_table *table, const char *prefix, const struct sk_node *map, void *object,
		     bool *seen)
{
	for (const struct sk_node *node = map->first; node; node = node->next) {
		size_t length = sk_path_add(a, node->key);
		int r = apply_key(a, table, prefix, node, object, seen);

		if (r != 0)
			return r;
		sk_path_back(a, length);
	}
	return 0;
}

/* A default is written as in YAML: a word, or for a list of texts words between commas. */
static int apply_default(struct sk_applier *a, const struct sk_setting *row, void *member)
{
	struct sk_node items[8] = {{0}}, node = {.kind = SK_NODE_WORD, .text = row->fallback, .size = (uint32_t)strlen(row->fallback)};
	struct sk_applier loose = {.diag = a->diag};
	char copy[256], *rest = copy, *item;

	memcpy(loose.path, a->path, sizeof loose.path);
	sk_path_add(&loose, row->key);
	if (row->kind != SK_KIND_STRINGS && row->kind != SK_KIND_PATHS)
		return sk_value_set(&loose, row, &node, member);
	node = (struct sk_node){.kind = SK_NODE_LIST, .text = ""};
	snprintf(copy, sizeof copy, "%s", row->fallback);
	while ((item = strsep(&rest, ",")) && node.count < SK_ARRAY_SIZE(items)) {
		items[node.count] = (struct sk_node){.kind = SK_NODE_TEXT, .text = item, .size = (uint32_t)strlen(item)};
		if (node.count)
			items[node.count - 1].next = &items[node.count];
		node.count++;
	}
	node.first = items;
	return sk_value_set(&loose, row, &node, member);
}

static int apply_defaults(struct sk_applier *a, const struct sk_table *table, void *object)
{
	int r = 0;

	memset(object, 0, table->size);
	for (const struct sk_setting *row = table->rows; row->key && r == 0; row++)
		if (row->fallback)
			r = apply_default(a, row, (char *)object + row->offset);
	return r;
}

static int check_required(struct sk_applier *a, const struct sk_table *table, const struct sk_node *node, const bool *seen)
{
	for (const struct sk_setting *row = table->rows; row->key; row++)
		if (row->required && !seen[row - table->rows]) {
			sk_path_add(a, row->key);
			return sk_apply_bad(a, node, "is required");
		}
	return 0;
}

/* One mapping by one table. On failure `object` is all zero. */
static int apply_record(struct sk_applier *a, const struct sk_table *table, const struct sk_node *node, void *object)
{
	bool seen[ROWS_MAX] = {false};
	int r = apply_defaults(a, table, object);

	if (r == 0 && node && node->kind != SK_NODE_MAP)
		r = sk_apply_bad(a, node, "expected a mapping of keys to values");
	if (r == 0 && node)
		r = apply_map(a, table, "", node, object, seen);
	if (r == 0)
		r = check_required(a, table, node, seen);
	if (r != 0)
		sk_conf_done(table, object);
	return r;
}

int sk_node_apply(const struct sk_table *table, const struct sk_node *root, bool exact, void *object, struct sk_diag *diag)
{
	struct sk_applier a = {.diag = diag, .exact = exact};

	return apply_record(&a, table, root, object);
}

int sk_conf_parse(const struct sk_table *table, const char *text, size_t size, void *object, struct sk_diag *diag)
{
	_cleanup_arena_ struct sk_arena *arena = NULL;
	struct sk_node *root;
	int r;

	memset(object, 0, table->size);
	if (diag && !diag->source[0])
		sk_diag_source(diag, table->name);
	r = sk_arena_new(&arena);
	if (r == 0)
		r = sk_node_from_yaml(arena, text, size, &root, diag);
	return r != 0 ? r : sk_node_apply(table, root, false, object, diag);
}

int sk_conf_defaults(const struct sk_table *table, void *object, struct sk_diag *diag)
{
	return sk_conf_parse(table, "", 0, object, diag);
}

static int read_file(int fd, struct sk_buf *out)
{
	char *space;

	for (;;) {
		ssize_t n;
		int r = sk_buf_reserve(out, 16384, &space);

		if (r != 0)
			return r;
		n = read(fd, space, 16384);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return 0;
		if (n > 0)
			sk_buf_grown(out, (size_t)n);
	}
}

int sk_conf_load(const struct sk_table *table, const char *path, bool optional, void *object, struct sk_diag *diag)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_CONF_MAX + 65536);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int r = 0;

	memset(object, 0, table->size);
	sk_diag_source(diag, path);
	if (fd < 0 && errno == ENOENT && optional)
		return sk_conf_defaults(table, object, diag);
	if (fd < 0 || fstat(fd, &st) < 0)
		r = -errno;
	else
		r = S_ISREG(st.st_mode) ? read_file(fd, &text) : -EINVAL;
	if (r == SK_FULL)
		return sk_diag_offset(diag, SK_CONF_MAX, "larger than %u bytes", SK_CONF_MAX);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		char reason[128];

		sk_diag_path(diag, "", "%s", strerror_r(-r, reason, sizeof reason));
		return SK_NONE;
	}
	return sk_conf_parse(table, text.data, text.size, object, diag);
}

void sk_conf_done(const struct sk_table *table, void *object)
{
	for (const struct sk_setting *row = table->rows; row->key; row++)
		sk_value_done(row, (char *)object + row->offset);
	memset(object, 0, table->size);
}

int sk_conf_user(const char *user, uid_t *ret_uid, gid_t *ret_gid)
{
	char space[4096];
	struct passwd entry, *found = NULL;
	uint64_t number;
	int r;

	if (sk_parse_u64(user, UINT32_MAX - 1, &number) == 0) {
		*ret_uid = (uid_t)number;
		*ret_gid = (gid_t)number;
		return 0;
	}
	r = getpwnam_r(user, &entry, space, sizeof space, &found);
	if (!found)
		return r == 0 || r == ENOENT ? SK_NONE : sk_origin(-r);
	*ret_uid = entry.pw_uid;
	*ret_gid = entry.pw_gid;
	return 0;
}

static int check_row(const struct sk_table *table, const struct sk_setting *row, struct sk_diag *diag)
{
	struct sk_applier a = {.diag = diag};
	_Alignas(16) char member[64] = {0};
	int r = 0;

	if (strlen(row->key) >= KEY_MAX || !row->en || !row->ja)
		return sk_diag_path(diag, row->key, "needs a shorter key, or help in both languages");
	if (sk_kind_size(row->kind) == 0 || sk_kind_size(row->kind) != row->size || row->offset + row->size > table->size)
		return sk_diag_path(diag, row->key, "the member does not fit the kind");
	if ((row->kind == SK_KIND_ENUM && !row->names) || (row->kind == SK_KIND_RECORDS && !row->inner))
		return sk_diag_path(diag, row->key, "needs names, or an inner table");
	if (row->quiet && (row->required || (row->kind != SK_KIND_ENUM && row->kind != SK_KIND_BOOL && row->kind != SK_KIND_INT)))
		return sk_diag_path(diag, row->key, "only an optional number, word, true or false can be quiet");
	if (row->required && row->fallback)
		return sk_diag_path(diag, row->key, "is required and has a default");
	if (row->fallback) {
		r = apply_default(&a, row, member);
		sk_value_done(row, member);
	}
	return r != 0 || row->kind != SK_KIND_RECORDS ? r : sk_table_check(row->inner, diag);
}

int sk_table_check(const struct sk_table *table, struct sk_diag *diag)
{
	int r = 0;

	for (const struct sk_setting *row = table->rows; row->key && r == 0; row++) {
		if (row - table->rows >= ROWS_MAX || find_row(table, row->key) != row || is_section(table, row->key))
			return sk_diag_path(diag, row->key, "too many rows, or this key twice, or also a section");
		r = check_row(table, row, diag);
	}
	return r;
}
