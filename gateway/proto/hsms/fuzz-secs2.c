// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * SECS-II bodies. The first byte says where the rest is cut. Cut and whole must tell the same, and what was read to its end must be the same bytes
 * when it is written again.
 */
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "proto/hsms/item.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_item(void *context, const struct secs_item *item)
{
	if (item->depth > SECS_DEPTH || secs_put_head(context, item->format, item->head_size - 1u, item->length) != 0)
		__builtin_trap();
}

static void on_bytes(void *context, const uint8_t *data, size_t size)
{
	if (sk_buf_append(context, data, size) != 0)
		__builtin_trap();
}

static void play(const uint8_t *data, size_t size, size_t cut, struct sk_buf *again, struct secs_reader *reader)
{
	static const struct secs_sink sink = {.item = on_item, .bytes = on_bytes};

	secs_reader_begin(reader, size);
	for (size_t at = 0; at < size; at += cut)
		secs_reader_feed(reader, data + at, SK_MIN(cut, size - at), &sink, again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct sk_buf whole = SK_BUF(1 << 22), pieces = SK_BUF(1 << 22);
	struct secs_reader first, second;
	uint8_t *copy;

	if (size < 2)
		return 0;
	copy = sk_malloc(size - 1); /* so that a byte too many is seen */
	if (!copy)
		return 0;
	memcpy(copy, data + 1, size - 1);
	play(copy, size - 1, size, &whole, &first);
	play(copy, size - 1, 1 + data[0] % 16, &pieces, &second);
	if (first.odd != second.odd || whole.size != pieces.size || (whole.size && memcmp(whole.data, pieces.data, whole.size) != 0))
		__builtin_trap();
	if (secs_reader_good(&first) && (whole.size != size - 1 || memcmp(whole.data, copy, whole.size) != 0))
		__builtin_trap();
	free(copy);
	return 0;
}
