// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * YAML text -> tree, by libyaml's event parser. The bounds are kept here, before anything is built: size of the text, depth, number of nodes, size
 * of a scalar; aliases, anchors, tags and further documents are refused, so no text can grow beyond its own length.
 */
#include "conf/node.h"

#include <errno.h>
#include <string.h>

#include <yaml.h>

#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"

struct level {
	struct sk_node *node;
	const char *key;    /* read, waits for its value */
	struct sk_map *keys; /* of this mapping: finds the second */
};

struct reader {
	struct sk_arena *arena;
	struct sk_diag *diag;
	struct level levels[SK_CONF_DEPTH];
	unsigned depth;
	struct sk_node *root;
	bool second; /* a document has begun */
};

static int bad(const struct reader *r, const yaml_mark_t *mark, const char *text)
{
	return sk_diag_line(r->diag, (uint32_t)mark->line + 1, (uint32_t)mark->column + 1, "%s", text);
}

static int no_names(const struct reader *r, const yaml_event_t *e, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor)
		return bad(r, &e->start_mark, "anchors (&name) are not taken here");
	return tag ? bad(r, &e->start_mark, "tags (!name) are not taken here") : 0;
}

static int too_many(const struct reader *r, const yaml_event_t *e)
{
	return bad(r, &e->start_mark, "too many keys and values in one document");
}

/* Makes the node of `e` where it belongs. */
static int add(struct reader *r, const yaml_event_t *e, enum sk_node_kind kind, struct sk_node **ret_node)
{
	struct level *top = r->depth ? &r->levels[r->depth - 1] : NULL;
	int err;

	if (top && top->node->kind == SK_NODE_MAP && !top->key)
		return bad(r, &e->start_mark, "a key is a plain word here, not a list or a mapping");
	err = sk_node_add(r->arena, top ? top->node : NULL, kind, ret_node);
	if (err)
		return err == SK_FULL ? too_many(r, e) : err;
	(*ret_node)->line = (uint32_t)e->start_mark.line + 1;
	(*ret_node)->column = (uint32_t)e->start_mark.column + 1;
	if (top) {
		(*ret_node)->key = top->key;
		top->key = NULL;
	} else {
		r->root = *ret_node;
	}
	return 0;
}

static int begin(struct reader *r, const yaml_event_t *e, enum sk_node_kind kind)
{
	struct sk_node *node;
	struct level *level = &r->levels[r->depth];
	int err;

	if (r->depth == SK_CONF_DEPTH)
		return bad(r, &e->start_mark, "nested too deeply");
	err = add(r, e, kind, &node);
	if (err)
		return err;
	*level = (struct level){.node = node};
	r->depth++;
	return kind == SK_NODE_MAP ? sk_map_new(SK_CONF_NODES, NULL, &level->keys) : 0;
}

static void end(struct reader *r)
{
	struct level *level = &r->levels[--r->depth];

	level->keys = sk_map_free(level->keys);
}

static int take_key(struct reader *r, const yaml_event_t *e, struct level *top)
{
	const char *text = (const char *)e->data.scalar.value;
	size_t size = e->data.scalar.length;
	int err;

	if (size == 0)
		return bad(r, &e->start_mark, "a key is missing before the colon");
	if (sk_map_get(top->keys, text, size))
		return sk_diag_line(r->diag, (uint32_t)e->start_mark.line + 1, (uint32_t)e->start_mark.column + 1,
				    "the key \"%.64s\" is given twice", text);
	err = sk_map_put(top->keys, text, size, r);
	if (err)
		return err == SK_FULL ? too_many(r, e) : err;
	top->key = sk_arena_text(r->arena, text, size);
	return top->key ? 0 : sk_origin(-ENOMEM);
}

static int scalar(struct reader *r, const yaml_event_t *e)
{
	struct level *top = r->depth ? &r->levels[r->depth - 1] : NULL;
	bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	const char *text = (const char *)e->data.scalar.value;
	size_t size = e->data.scalar.length;
	struct sk_node *node;
	int err = no_names(r, e, e->data.scalar.anchor, e->data.scalar.tag);

	if (err)
		return err;
	if (size > SK_CONF_TEXT_MAX)
		return bad(r, &e->start_mark, "this text is too long");
	if (memchr(text, '\0', size))
		return bad(r, &e->start_mark, "a zero byte has no place in a text");
	if (top && top->node->kind == SK_NODE_MAP && !top->key)
		return take_key(r, e, top);
	err = add(r, e, plain ? SK_NODE_WORD : SK_NODE_TEXT, &node);
	if (err)
		return err;
	node->size = (uint32_t)size;
	node->text = sk_arena_text(r->arena, text, size);
	return node->text ? 0 : sk_origin(-ENOMEM);
}

static int event(struct reader *r, const yaml_event_t *e)
{
	int err;

	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (r->second)
			return bad(r, &e->start_mark, "one document alone is taken");
		r->second = true;
		return 0;
	case YAML_ALIAS_EVENT:
		return bad(r, &e->start_mark, "aliases (*name) are not taken here");
	case YAML_SCALAR_EVENT:
		return scalar(r, e);
	case YAML_SEQUENCE_START_EVENT:
		err = no_names(r, e, e->data.sequence_start.anchor, e->data.sequence_start.tag);
		return err ? err : begin(r, e, SK_NODE_LIST);
	case YAML_MAPPING_START_EVENT:
		err = no_names(r, e, e->data.mapping_start.anchor, e->data.mapping_start.tag);
		return err ? err : begin(r, e, SK_NODE_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		end(r);
		return 0;
	default:
		return 0;
	}
}

static int syntax_error(const struct reader *r, const yaml_parser_t *parser)
{
	const yaml_mark_t *mark = &parser->problem_mark;
	const char *problem = parser->problem ? parser->problem : "cannot be read";

	if (parser->error == YAML_MEMORY_ERROR)
		return sk_origin(-ENOMEM);
	if (parser->error == YAML_READER_ERROR)
		return sk_diag_offset(r->diag, parser->problem_offset, "%s", problem);
	return sk_diag_line(r->diag, (uint32_t)mark->line + 1, (uint32_t)mark->column + 1, "%s%s%s", problem,
			    parser->context ? ", " : "", parser->context ? parser->context : "");
}

static int run(struct reader *r, yaml_parser_t *parser)
{
	bool done = false;
	int err = 0;

	while (!done && err == 0) {
		yaml_event_t e;

		if (!yaml_parser_parse(parser, &e))
			return syntax_error(r, parser);
		done = e.type == YAML_STREAM_END_EVENT;
		err = event(r, &e);
		yaml_event_delete(&e);
	}
	return err;
}

/* The line and column of a byte, for what is wrong before YAML begins. */
static int bad_byte(struct sk_diag *diag, const char *text, size_t at, const char *why)
{
	uint32_t line = 1, column = 1;

	for (size_t i = 0; i < at; i++) {
		column = text[i] == '\n' ? 1 : column + 1;
		line += text[i] == '\n';
	}
	return sk_diag_line(diag, line, column, "%s", why);
}

int sk_node_from_yaml(struct sk_arena *arena, const char *text, size_t size, struct sk_node **ret_root, struct sk_diag *diag)
{
	struct reader r = {.arena = arena, .diag = diag};
	yaml_parser_t parser;
	size_t at;
	int err;

	if (size > SK_CONF_MAX)
		return sk_diag_offset(diag, SK_CONF_MAX, "larger than %u bytes", SK_CONF_MAX);
	if (size && !sk_utf8_valid(text, size, &at))
		return bad_byte(diag, text, at, "not UTF-8");
	if (size && memchr(text, '\0', size))
		return bad_byte(diag, text, (size_t)((const char *)memchr(text, '\0', size) - text), "a zero byte has no place in a text");
	if (!yaml_parser_initialize(&parser))
		return sk_origin(-ENOMEM);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)(size ? text : ""), size);
	err = run(&r, &parser);
	yaml_parser_delete(&parser);
	while (r.depth)
		end(&r);
	if (err)
		return err;
	*ret_root = r.root && r.root->kind == SK_NODE_WORD && r.root->size == 0 ? NULL : r.root;
	return 0;
}
