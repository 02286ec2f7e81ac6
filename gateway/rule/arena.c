// SPDX-License-Identifier: GPL-3.0-or-later
/* The memory of a rule set: taken in chunks, freed at once. Owns nothing but the chunks. */
#include <string.h>

#include "base/mem.h"
#include "rule/set.h"

enum { CHUNK = 256 << 10 };

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, size;
	_Alignas(16) uint8_t data[];
};

void *arena_take(struct arena *arena, size_t size)
{
	struct arena_chunk *chunk = arena->chunk;

	size = (size + 7) & ~(size_t)7;
	if (!chunk || chunk->size - chunk->used < size) {
		size_t space = SK_MAX(size, (size_t)CHUNK);

		chunk = sk_calloc(1, sizeof *chunk + space);
		if (!chunk)
			return NULL;
		chunk->size = space;
		chunk->next = arena->chunk;
		arena->chunk = chunk;
		arena->bytes += space;
	}
	chunk->used += size;
	return chunk->data + chunk->used - size;
}

char *arena_text(struct arena *arena, const char *text, size_t size)
{
	char *copy = arena_take(arena, size + 1);

	if (copy)
		memcpy(copy, text, size);
	return copy;
}

void *arena_copy(struct arena *arena, const void *data, size_t size)
{
	void *copy = arena_take(arena, size ? size : 1);

	if (copy && size)
		memcpy(copy, data, size);
	return copy;
}

void arena_done(struct arena *arena)
{
	while (arena->chunk) {
		struct arena_chunk *chunk = arena->chunk;

		arena->chunk = chunk->next;
		free(chunk);
	}
	arena->bytes = 0;
}
