// SPDX-License-Identifier: GPL-3.0-or-later
/* Canonical JSON <-> object: the bounded JSON reader of lib/wire gives a tree, the table of lib/conf judges it. */
#include "policy/payload.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "conf/node.h"
#include "policy/envelope.h"
#include "wire/json.h"

static int convert(struct sk_arena *arena, struct sk_node *parent, const char *key, struct json_object *value, struct sk_node **ret_node);

static int convert_children(struct sk_arena *arena, struct sk_node *node, struct json_object *value)
{
	int r = 0;

	if (node->kind == SK_NODE_LIST) {
		for (size_t i = 0; i < json_object_array_length(value) && r == 0; i++)
			r = convert(arena, node, NULL, json_object_array_get_idx(value, i), NULL);
		return r;
	}
	json_object_object_foreach(value, key, child) {
		r = convert(arena, node, key, child, NULL);
		if (r != 0)
			break;
	}
	return r;
}

/* Keys and strings stay the JSON tree's. */
static int convert(struct sk_arena *arena, struct sk_node *parent, const char *key, struct json_object *value, struct sk_node **ret_node)
{
	static const enum sk_node_kind kinds[] = {[json_type_object] = SK_NODE_MAP, [json_type_array] = SK_NODE_LIST,
						  [json_type_string] = SK_NODE_TEXT, [json_type_int] = SK_NODE_WORD,
						  [json_type_boolean] = SK_NODE_WORD, [json_type_null] = SK_NODE_WORD,
						  [json_type_double] = SK_NODE_WORD};
	struct sk_node *node;
	char number[24];
	int r = sk_node_add(arena, parent, kinds[json_object_get_type(value)], &node);

	if (r != 0)
		return r;
	node->key = key;
	if (ret_node)
		*ret_node = node;
	if (node->kind == SK_NODE_LIST || node->kind == SK_NODE_MAP)
		return convert_children(arena, node, value);
	if (node->kind == SK_NODE_TEXT) {
		node->text = json_object_get_string(value);
		node->size = (uint32_t)json_object_get_string_len(value);
		return 0;
	}
	if (json_object_is_type(value, json_type_int)) {
		snprintf(number, sizeof number, "%" PRId64, json_object_get_int64(value));
		node->text = sk_arena_text(arena, number, strlen(number));
	} else {
		node->text = json_object_is_type(value, json_type_boolean) ? (json_object_get_boolean(value) ? "true" : "false") : "null";
	}
	node->size = node->text ? (uint32_t)strlen(node->text) : 0;
	return node->text ? 0 : sk_origin(-ENOMEM);
}

static int denied(enum sk_refusal refusal, enum sk_refusal *ret_refusal)
{
	*ret_refusal = refusal;
	return SK_DENIED;
}

int sk_payload_read(const struct sk_table *table, const char *text, size_t size, void *object, enum sk_refusal *ret_refusal,
		    struct sk_diag *diag)
{
	_cleanup_json_ struct json_object *json = NULL;
	_cleanup_arena_ struct sk_arena *arena = NULL;
	struct sk_node *root;
	int r;

	memset(object, 0, table->size);
	r = sk_json_parse_object(text, size, SK_PAYLOAD_MAX, &json, diag);
	if (r != 0)
		return r == SK_BAD ? denied(SK_REFUSED_MALFORMED, ret_refusal) : r;
	r = sk_json_check_canonical(json, text, size, diag);
	if (r != 0)
		return r == SK_BAD ? denied(SK_REFUSED_NOT_CANONICAL, ret_refusal) : r;
	r = sk_arena_new(&arena);
	if (r == 0)
		r = convert(arena, NULL, NULL, json, &root);
	if (r == SK_FULL)
		return denied(SK_REFUSED_TOO_LARGE, ret_refusal);
	if (r == 0)
		r = sk_node_apply(table, root, true, object, diag);
	return r == SK_BAD ? denied(SK_REFUSED_MALFORMED, ret_refusal) : r;
}

int sk_payload_write(const struct sk_table *table, const void *object, struct sk_buf *out)
{
	_cleanup_arena_ struct sk_arena *arena = NULL;
	struct sk_node *root;
	int r = sk_arena_new(&arena);

	if (r == 0)
		r = sk_node_from_object(arena, table, object, true, &root);
	return r != 0 ? r : sk_node_json(root, out);
}
