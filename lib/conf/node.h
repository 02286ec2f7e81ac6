// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A document as a tree: what a YAML text or a JSON value becomes before a table judges it, and what an object becomes before it is written.
 *
 * Nodes and texts lie in an arena that is freed at once. Whoever builds a tree respects the bounds of conf.h; sk_node_add() does.
 */
#pragma once

#include "conf/conf.h"

enum sk_node_kind { SK_NODE_TEXT, SK_NODE_WORD, SK_NODE_LIST, SK_NODE_MAP };

/*
 * TEXT is quoted, WORD is not (number, true, false, null, or an unquoted YAML string). The element of a MAP has its `key`.
 */
struct sk_node {
	enum sk_node_kind kind;
	uint32_t line, column; /* 0 when the document has none */
	uint32_t size;         /* of `text` */
	uint32_t count;        /* of children */
	const char *key;       /* inside a MAP */
	const char *text;      /* terminated; no zero byte inside */
	struct sk_node *first, *last, *next;
	const char *later;     /* of a LIST of mappings in JSON: its text, of which there are no nodes; NULL when there are */
	size_t later_size;
};

struct sk_arena;

int sk_arena_new(struct sk_arena **ret_arena);
struct sk_arena *sk_arena_free(struct sk_arena *arena);
/* Forgets what lies in it and keeps a little of its memory. */
void sk_arena_clear(struct sk_arena *arena);
void sk_arena_free_p(struct sk_arena **arena);
#define _cleanup_arena_ __attribute__((cleanup(sk_arena_free_p)))
/* A copy that lives as long as the arena; NULL when memory is out. */
const char *sk_arena_text(struct sk_arena *arena, const char *text, size_t size);
/* A zeroed node, appended to `parent` (may be NULL). 0, SK_FULL (SK_CONF_NODES), -ENOMEM. */
int sk_node_add(struct sk_arena *arena, struct sk_node *parent, enum sk_node_kind kind, struct sk_node **ret_node);

/* YAML text -> tree. *ret_root is a MAP, LIST, TEXT or WORD; NULL when the text is empty. 0, SK_BAD with line:column, fatal. */
int sk_node_from_yaml(struct sk_arena *arena, const char *text, size_t size, struct sk_node **ret_root, struct sk_diag *diag);

/*
 * Canonical JSON (RFC 8785) -> tree, as strict as base/json-lex.h. Of a list whose first item is a mapping there is but the text, which must stay until the
 * tree has been judged. 0; SK_BAD: this is not JSON; SK_DENIED: it is, but not canonical; SK_FULL (SK_CONF_NODES); -ENOMEM.
 */
int sk_node_from_json(struct sk_arena *arena, const char *text, size_t size, size_t max, struct sk_node **ret_root, struct sk_diag *diag);

/*
 * Judges a tree by a table, as sk_conf_parse() does. `exact`: the tree is JSON, where a string is quoted, a size or duration is a number,
 * and nothing is guessed.
 */
int sk_node_apply(const struct sk_table *table, const struct sk_node *root, bool exact, void *object, struct sk_diag *diag);

/*
 * Object -> tree; keys sorted as RFC 8785 wants; what equals "absent" is left out. `exact`: for JSON, sizes and durations as numbers; else for
 * YAML, with units. 0 or fatal.
 */
int sk_node_from_object(struct sk_arena *arena, const struct sk_table *table, const void *object, bool exact, struct sk_node **ret_root);
/* Tree -> canonical JSON (RFC 8785). 0, SK_FULL, -ENOMEM. */
int sk_node_json(const struct sk_node *root, struct sk_buf *out);
/* Tree -> YAML that sk_node_from_yaml() reads back. Texts are quoted where YAML needs it. */
int sk_node_yaml(const struct sk_node *root, struct sk_buf *out);
