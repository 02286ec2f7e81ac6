// SPDX-License-Identifier: GPL-3.0-or-later
/* Object -> tree -> canonical JSON (RFC 8785) or YAML. */
#include "conf/node.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "conf/value.h"

static int add(struct sk_arena *arena, struct sk_node *parent, const char *key, enum sk_node_kind kind, const char *text,
	       struct sk_node **ret_node)
{
	struct sk_node *node = NULL;
	int r = sk_node_add(arena, parent, kind, &node);

	if (r != 0)
		return r == SK_FULL ? sk_origin(-E2BIG) : r;
	node->key = key;
	if (text) {
		node->size = (uint32_t)strlen(text);
		node->text = sk_arena_text(arena, text, node->size);
		if (!node->text)
			return sk_origin(-ENOMEM);
	}
	if (ret_node)
		*ret_node = node;
	return 0;
}

struct emitter {
	struct sk_arena *arena;
	bool exact;
};

static int emit_number(const struct emitter *e, struct sk_node *parent, const char *key, enum sk_kind kind, const void *member)
{
	char text[24];
	uint64_t value;

	memcpy(&value, member, sizeof value);
	if (!e->exact && kind == SK_KIND_SIZE)
		sk_size_text(value, text);
	else if (!e->exact && kind == SK_KIND_DURATION)
		sk_duration_text(value, text);
	else
		snprintf(text, sizeof text, "%" PRIu64, value);
	return add(e->arena, parent, key, SK_NODE_WORD, text, NULL);
}

static int emit_strings(const struct emitter *e, struct sk_node *parent, const char *key, const struct sk_setting *row,
			const struct sk_strings *list)
{
	struct sk_node *node = NULL;
	int r;

	if (list->count == 0 && !row->fallback) /* where there is a default, empty is not absent */
		return 0;
	r = add(e->arena, parent, key, SK_NODE_LIST, NULL, &node);
	for (size_t i = 0; i < list->count && r == 0; i++)
		r = add(e->arena, node, NULL, SK_NODE_TEXT, list->items[i], NULL);
	return r;
}

static int emit_pairs(const struct emitter *e, struct sk_node *parent, const char *key, const struct sk_pairs *list)
{
	struct sk_node *node = NULL;
	int r;

	if (list->count == 0)
		return 0;
	r = add(e->arena, parent, key, SK_NODE_MAP, NULL, &node);
	for (size_t i = 0; i < list->count && r == 0; i++)
		r = add(e->arena, node, list->items[i].key, SK_NODE_TEXT, list->items[i].value, NULL);
	return r;
}

static int emit_table(const struct emitter *e, const struct sk_table *table, const void *object, struct sk_node *node);

static int emit_records(const struct emitter *e, struct sk_node *parent, const char *key, const struct sk_setting *row,
			const struct sk_records *list)
{
	struct sk_node *node = NULL, *item = NULL;
	int r;

	if (list->count == 0)
		return 0;
	r = add(e->arena, parent, key, SK_NODE_LIST, NULL, &node);
	for (size_t i = 0; i < list->count && r == 0; i++) {
		r = add(e->arena, node, NULL, SK_NODE_MAP, NULL, &item);
		if (r == 0)
			r = emit_table(e, row->inner, (const char *)list->items + i * row->inner->size, item);
	}
	return r;
}

static int emit_value(const struct emitter *e, struct sk_node *parent, const char *key, const struct sk_setting *row, const void *member)
{
	char hex[65], time[21];

	switch (row->kind) {
	case SK_KIND_STRING:
	case SK_KIND_PATH:
	case SK_KIND_USER:
		return *(char *const *)member ? add(e->arena, parent, key, SK_NODE_TEXT, *(char *const *)member, NULL) : 0;
	case SK_KIND_ENUM:
		return add(e->arena, parent, key, SK_NODE_TEXT, row->names[*(const int *)member], NULL);
	case SK_KIND_BOOL:
		return add(e->arena, parent, key, SK_NODE_WORD, *(const bool *)member ? "true" : "false", NULL);
	case SK_KIND_INT:
	case SK_KIND_SIZE:
	case SK_KIND_DURATION:
		return emit_number(e, parent, key, row->kind, member);
	case SK_KIND_TIME:
		return *(const int64_t *)member ? add(e->arena, parent, key, SK_NODE_TEXT, sk_time_text(*(const int64_t *)member, time), NULL) : 0;
	case SK_KIND_HASH:
		return add(e->arena, parent, key, SK_NODE_TEXT, sk_hex(member, 32, hex), NULL);
	case SK_KIND_STRINGS:
	case SK_KIND_PATHS:
		return emit_strings(e, parent, key, row, member);
	case SK_KIND_PAIRS:
		return emit_pairs(e, parent, key, member);
	case SK_KIND_RECORDS:
		return emit_records(e, parent, key, row, member);
	}
	return sk_origin(-EINVAL);
}

/* The mapping for a key with dots, made when needed; *key becomes its last part. */
static int find_section(struct sk_arena *arena, struct sk_node *node, const char **key, struct sk_node **ret_node)
{
	const char *dot;

	while ((dot = strchr(*key, '.'))) {
		const char *name = sk_arena_text(arena, *key, (size_t)(dot - *key));
		struct sk_node *child = node->first;
		int r;

		if (!name)
			return sk_origin(-ENOMEM);
		while (child && strcmp(child->key, name) != 0)
			child = child->next;
		if (!child) {
			r = add(arena, node, name, SK_NODE_MAP, NULL, &child);
			if (r != 0)
				return r;
		}
		node = child;
		*key = dot + 1;
	}
	*ret_node = node;
	return 0;
}

/* Keys are ASCII, where RFC 8785's order of UTF-16 code units is the order of bytes. */
static void sort_map(struct sk_node *map)
{
	struct sk_node *sorted = NULL, *next;

	for (struct sk_node *node = map->first; node; node = next) {
		struct sk_node **at = &sorted;

		next = node->next;
		if (node->kind == SK_NODE_MAP)
			sort_map(node);
		while (*at && strcmp((*at)->key, node->key) < 0)
			at = &(*at)->next;
		node->next = *at;
		*at = node;
	}
	map->first = sorted;
	for (map->last = sorted; map->last && map->last->next; map->last = map->last->next)
		;
}

/* A quiet row whose value is what a reader who does not find the key assumes. Its default is one word that needs no unit. */
static bool is_default(const struct sk_setting *row, const void *member)
{
	char text[24];
	int64_t number;

	switch (row->kind) {
	case SK_KIND_ENUM:
		return strcmp(row->names[*(const int *)member], row->fallback ? row->fallback : row->names[0]) == 0;
	case SK_KIND_BOOL:
		return strcmp(*(const bool *)member ? "true" : "false", row->fallback ? row->fallback : "false") == 0;
	case SK_KIND_INT:
		memcpy(&number, member, sizeof number);
		snprintf(text, sizeof text, "%" PRId64, number);
		return strcmp(text, row->fallback ? row->fallback : "0") == 0;
	default:
		return false;
	}
}

static bool is_absent(const struct sk_setting *row, const void *member)
{
	static const char zero[32];

	if (row->quiet && is_default(row, member))
		return true;
	return row->kind != SK_KIND_ENUM && row->kind != SK_KIND_BOOL && row->kind != SK_KIND_INT && row->kind != SK_KIND_SIZE &&
	       row->kind != SK_KIND_DURATION && row->kind != SK_KIND_HASH && !row->fallback && memcmp(member, zero, sk_kind_size(row->kind)) == 0;
}

static int emit_table(const struct emitter *e, const struct sk_table *table, const void *object, struct sk_node *node)
{
	int r = 0;

	for (const struct sk_setting *row = table->rows; row->key && r == 0; row++) {
		const char *key = row->key, *member = (const char *)object + row->offset;
		struct sk_node *parent = NULL;

		if (is_absent(row, member))
			continue;
		r = find_section(e->arena, node, &key, &parent);
		if (r == 0)
			r = emit_value(e, parent, key, row, member);
	}
	if (r == 0)
		sort_map(node);
	return r;
}

int sk_node_from_object(struct sk_arena *arena, const struct sk_table *table, const void *object, bool exact, struct sk_node **ret_root)
{
	const struct emitter e = {arena, exact};
	struct sk_node *root = NULL;
	int r = add(arena, NULL, NULL, SK_NODE_MAP, NULL, &root);

	if (r == 0)
		r = emit_table(&e, table, object, root);
	if (r == 0)
		*ret_root = root;
	return r;
}

/* RFC 8785 section 3.2.2.2: the two-character escapes, \u00xx for other control characters, all else as it is. */
static int put_quoted(const char *text, struct sk_buf *out)
{
	int r = sk_buf_append_char(out, '"');

	for (; *text && r == 0; text++) {
		static const char from[] = "\b\t\n\f\r\"\\", to[] = "btnfr\"\\";
		const char *found = strchr(from, *text);

		if (found)
			r = sk_buf_printf(out, "\\%c", to[found - from]);
		else if ((unsigned char)*text < 0x20)
			r = sk_buf_printf(out, "\\u%04x", (unsigned)*text);
		else
			r = sk_buf_append_char(out, *text);
	}
	return r != 0 ? r : sk_buf_append_char(out, '"');
}

int sk_node_json(const struct sk_node *node, struct sk_buf *out)
{
	bool list = node->kind == SK_NODE_LIST;
	int r;

	if (node->kind == SK_NODE_TEXT)
		return put_quoted(node->text, out);
	if (node->kind == SK_NODE_WORD)
		return sk_buf_append_str(out, node->text);
	r = sk_buf_append_char(out, list ? '[' : '{');
	for (const struct sk_node *item = node->first; item && r == 0; item = item->next) {
		if (!list) {
			r = put_quoted(item->key, out);
			if (r == 0)
				r = sk_buf_append_char(out, ':');
		}
		if (r == 0)
			r = sk_node_json(item, out);
		if (r == 0 && item->next)
			r = sk_buf_append_char(out, ',');
	}
	return r != 0 ? r : sk_buf_append_char(out, list ? ']' : '}');
}

/* Words that every YAML reads as the same text: no number, no true, nothing with a meaning. */
static bool is_plain(const char *text)
{
	static const char *const taken[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";

	if (!isalpha((unsigned char)text[0]) && text[0] != '/')
		return false;
	for (size_t i = 0; i < SK_ARRAY_SIZE(taken); i++)
		if (strcasecmp(text, taken[i]) == 0)
			return false;
	return text[strspn(text, letters)] == '\0';
}

static int put_yaml(const struct sk_node *node, unsigned indent, bool first_inline, struct sk_buf *out);

static int put_yaml_item(const struct sk_node *item, const char *head, unsigned indent, bool in_list, struct sk_buf *out)
{
	int r;

	if (item->kind == SK_NODE_TEXT || item->kind == SK_NODE_WORD) {
		r = sk_buf_printf(out, "%s ", head);
		if (r == 0)
			r = item->kind == SK_NODE_WORD || is_plain(item->text) ? sk_buf_append_str(out, item->text) : put_quoted(item->text, out);
		return r != 0 ? r : sk_buf_append_char(out, '\n');
	}
	if (item->count == 0)
		return sk_buf_printf(out, "%s %s\n", head, item->kind == SK_NODE_LIST ? "[]" : "{}");
	if (in_list) { /* "- key: value", the others below the first */
		r = sk_buf_printf(out, "%s ", head);
		return r != 0 ? r : put_yaml(item, indent + 2, true, out);
	}
	r = sk_buf_printf(out, "%s\n", head);
	return r != 0 ? r : put_yaml(item, indent + 2, false, out);
}

static int put_yaml(const struct sk_node *node, unsigned indent, bool first_inline, struct sk_buf *out)
{
	int r = 0;

	for (const struct sk_node *item = node->first; item && r == 0; item = item->next) {
		bool list = node->kind == SK_NODE_LIST;
		char head[160];

		if (!first_inline || item != node->first)
			r = sk_buf_printf(out, "%*s", (int)indent, "");
		if (!list)
			snprintf(head, sizeof head, "%s:", item->key);
		if (r == 0)
			r = put_yaml_item(item, list ? "-" : head, indent, list, out);
	}
	return r;
}

int sk_node_yaml(const struct sk_node *root, struct sk_buf *out)
{
	return root->count ? put_yaml(root, 0, false, out) : sk_buf_append_str(out, "{}\n");
}
