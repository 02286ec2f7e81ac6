// SPDX-License-Identifier: GPL-3.0-or-later
/* The arena and the tree in it. Chunks double up to 1 MiB, which the C library returns to the kernel when the arena is freed. */
#include "conf/node.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

enum { CHUNK_FIRST = 8 << 10, CHUNK_LAST = 1 << 20, ALIGN = 16 };

struct chunk {
	struct chunk *next;
	size_t size, used;
	_Alignas(16) char space[];
};

struct sk_arena {
	struct chunk *chunks;
	size_t nodes;
};

int sk_arena_new(struct sk_arena **ret_arena)
{
	struct sk_arena *arena = sk_calloc(1, sizeof *arena);

	if (!arena)
		return sk_origin(-ENOMEM);
	*ret_arena = arena;
	return 0;
}

static void free_chunks(struct chunk *chunk)
{
	struct chunk *next;

	for (; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
}

struct sk_arena *sk_arena_free(struct sk_arena *arena)
{
	if (!arena)
		return NULL;
	free_chunks(arena->chunks);
	free(arena);
	return NULL;
}

void sk_arena_clear(struct sk_arena *arena)
{
	arena->nodes = 0;
	if (!arena->chunks)
		return;
	free_chunks(arena->chunks->next);
	arena->chunks->next = NULL;
	arena->chunks->used = 0;
}

void sk_arena_free_p(struct sk_arena **arena)
{
	*arena = sk_arena_free(*arena);
}

static void *take(struct sk_arena *arena, size_t size)
{
	struct chunk *c = arena->chunks;

	size = (size + ALIGN - 1) / ALIGN * ALIGN;
	if (!c || c->size - c->used < size) {
		size_t space = c ? SK_MIN(c->size * 2, (size_t)CHUNK_LAST) : CHUNK_FIRST;

		space = SK_MAX(space, size);
		c = sk_malloc(sizeof *c + space);
		if (!c)
			return NULL;
		*c = (struct chunk){.next = arena->chunks, .size = space};
		arena->chunks = c;
	}
	c->used += size;
	return c->space + c->used - size;
}

const char *sk_arena_text(struct sk_arena *arena, const char *text, size_t size)
{
	char *copy = take(arena, size + 1);

	if (!copy)
		return NULL;
	if (size)
		memcpy(copy, text, size);
	copy[size] = '\0';
	return copy;
}

int sk_node_add(struct sk_arena *arena, struct sk_node *parent, enum sk_node_kind kind, struct sk_node **ret_node)
{
	struct sk_node *node;

	if (arena->nodes >= SK_CONF_NODES)
		return SK_FULL;
	node = take(arena, sizeof *node);
	if (!node)
		return sk_origin(-ENOMEM);
	*node = (struct sk_node){.kind = kind, .text = ""};
	arena->nodes++;
	if (parent) {
		if (parent->last)
			parent->last->next = node;
		else
			parent->first = node;
		parent->last = node;
		parent->count++;
	}
	*ret_node = node;
	return 0;
}
