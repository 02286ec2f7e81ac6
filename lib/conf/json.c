// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Canonical JSON -> tree, for what is signed. A list of mappings is not made into nodes: a policy of 100,000 programs would need hundreds of
 * megabytes for the moment in which it is judged. It is read to its end here, and read again item by item when its turn comes (sk_items_next()).
 */
#include "conf/node.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "conf/items.h"

static int skim(struct sk_lex *lex);

static int skim_members(struct sk_lex *lex)
{
	int r;

	while ((r = sk_lex_member(lex)) == 0) {
		r = skim(lex);
		if (r)
			return r;
	}
	return r;
}

/* One value, and nothing is made of it. */
static int skim(struct sk_lex *lex)
{
	struct sk_lex_value value;
	int r = sk_lex_value(lex, &value);

	if (r == 0 && value.kind == SK_LEX_OBJECT)
		r = skim_members(lex);
	else if (r == 0 && value.kind == SK_LEX_ARRAY)
		while ((r = sk_lex_item(lex)) == 0) {
			r = skim(lex);
			if (r)
				return r;
		}
	return r == SK_END ? 0 : r;
}

static int read_node(struct sk_lex *lex, struct sk_arena *arena, struct sk_node *parent, const char *key, struct sk_node **ret_node);

/* The list is entered. A first item that is a mapping makes it one of mappings. */
static int read_list(struct sk_lex *lex, struct sk_arena *arena, struct sk_node *list, size_t from)
{
	bool later = false;
	int r;

	while ((r = sk_lex_item(lex)) == 0) {
		if (!list->count)
			later = sk_lex_peek(lex) == '{';
		list->count += later;
		r = later ? skim(lex) : read_node(lex, arena, list, NULL, NULL);
		if (r)
			return r;
	}
	if (r == SK_END && later) {
		list->later = lex->text + from;
		list->later_size = lex->at - from;
	}
	return r == SK_END ? 0 : r;
}

static int read_map(struct sk_lex *lex, struct sk_arena *arena, struct sk_node *map)
{
	int r;

	while ((r = sk_lex_member(lex)) == 0) {
		const char *key = sk_lex_key(lex);

		key = sk_arena_text(arena, key, strlen(key));
		r = key ? read_node(lex, arena, map, key, NULL) : sk_origin(-ENOMEM);
		if (r)
			return r;
	}
	return r == SK_END ? 0 : r;
}

static int set_text(struct sk_arena *arena, struct sk_node *node, const char *text, size_t size)
{
	node->text = sk_arena_text(arena, text, size);
	node->size = (uint32_t)size;
	return node->text ? 0 : sk_origin(-ENOMEM);
}

static int set_word(struct sk_arena *arena, struct sk_node *node, const struct sk_lex_value *value)
{
	static const char *const words[] = {[SK_LEX_NULL] = "null", [SK_LEX_FALSE] = "false", [SK_LEX_TRUE] = "true"};
	char number[24];

	if (value->kind == SK_LEX_NUMBER) {
		snprintf(number, sizeof number, "%" PRId64, value->number);
		return set_text(arena, node, number, strlen(number));
	}
	node->text = words[value->kind];
	node->size = (uint32_t)strlen(node->text);
	return 0;
}

static int read_node(struct sk_lex *lex, struct sk_arena *arena, struct sk_node *parent, const char *key, struct sk_node **ret_node)
{
	static const enum sk_node_kind kinds[] = {[SK_LEX_NULL] = SK_NODE_WORD, [SK_LEX_FALSE] = SK_NODE_WORD, [SK_LEX_TRUE] = SK_NODE_WORD,
						  [SK_LEX_NUMBER] = SK_NODE_WORD, [SK_LEX_TEXT] = SK_NODE_TEXT, [SK_LEX_ARRAY] = SK_NODE_LIST,
						  [SK_LEX_OBJECT] = SK_NODE_MAP};
	struct sk_lex_value value;
	struct sk_node *node;
	int r = sk_lex_value(lex, &value);

	if (r == 0)
		r = sk_node_add(arena, parent, kinds[value.kind], &node);
	if (r)
		return r;
	node->key = key;
	if (ret_node)
		*ret_node = node;
	if (value.kind == SK_LEX_OBJECT)
		return read_map(lex, arena, node);
	if (value.kind == SK_LEX_ARRAY)
		return read_list(lex, arena, node, value.from);
	return value.kind == SK_LEX_TEXT ? set_text(arena, node, value.text, value.size) : set_word(arena, node, &value);
}

int sk_node_from_json(struct sk_arena *arena, const char *text, size_t size, size_t max, struct sk_node **ret_root, struct sk_diag *diag)
{
	_cleanup_lex_ struct sk_lex lex;
	int r = sk_lex_begin(&lex, text, size, max, diag);

	if (r == 0)
		r = read_node(&lex, arena, NULL, NULL, ret_root);
	if (r == 0)
		r = sk_lex_end(&lex);
	if (r != 0 || !lex.odd)
		return r;
	sk_diag_offset(diag, lex.odd - 1, "the text is not canonical JSON (RFC 8785) from here on");
	return SK_DENIED;
}

int sk_items_begin(struct sk_items *items, const struct sk_node *list)
{
	struct sk_lex_value value;
	int r;

	*items = (struct sk_items){.node = list->first};
	if (!list->later)
		return 0;
	r = sk_arena_new(&items->arena);
	if (r)
		return r;
	sk_lex_again(&items->lex, list->later, list->later_size);
	return sk_lex_value(&items->lex, &value);
}

int sk_items_next(struct sk_items *items, const struct sk_node **ret_item)
{
	struct sk_node *made;
	int r;

	if (!items->arena) {
		*ret_item = items->node;
		items->node = items->node ? items->node->next : NULL;
		return *ret_item ? 0 : SK_END;
	}
	sk_arena_clear(items->arena);
	r = sk_lex_item(&items->lex);
	if (r == 0)
		r = read_node(&items->lex, items->arena, NULL, NULL, &made);
	if (r == 0)
		*ret_item = made;
	return r;
}

void sk_items_done(struct sk_items *items)
{
	items->arena = sk_arena_free(items->arena);
	sk_lex_done(&items->lex);
}
