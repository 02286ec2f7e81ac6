// SPDX-License-Identifier: GPL-3.0-or-later
/* Reader and writer of SECS-II items. The reader owns its stack of open lists and nothing else. */
#include "proto/hsms/item.h"

#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/mem.h"

const char *const secs_odds[] = {"secs-format", "secs-length", "secs-deep", "secs-short", "secs-behind", "secs-minimal", "secs-ragged", NULL};

static const struct {
	uint8_t format, size;
	const char *name;
} formats[] = {
	{SECS_LIST, 0, "L"}, {SECS_BINARY, 1, "B"}, {SECS_BOOLEAN, 1, "BOOLEAN"}, {SECS_ASCII, 1, "A"}, {SECS_JIS8, 1, "J"},
	{SECS_LOCAL, 1, "C2"}, {SECS_I8, 8, "I8"}, {SECS_I1, 1, "I1"}, {SECS_I2, 2, "I2"}, {SECS_I4, 4, "I4"}, {SECS_F8, 8, "F8"},
	{SECS_F4, 4, "F4"}, {SECS_U8, 8, "U8"}, {SECS_U1, 1, "U1"}, {SECS_U2, 2, "U2"}, {SECS_U4, 4, "U4"},
};

static int find_format(unsigned format)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(formats); i++)
		if (formats[i].format == format)
			return (int)i;
	return -1;
}

bool secs_format_known(unsigned format)
{
	return find_format(format) >= 0;
}

unsigned secs_element_size(enum secs_format format)
{
	int at = find_format(format);

	return at < 0 ? 1 : formats[at].size;
}

const char *secs_format_name(enum secs_format format)
{
	int at = find_format(format);

	return at < 0 ? "?" : formats[at].name;
}

void secs_reader_begin(struct secs_reader *reader, uint64_t size)
{
	memset(reader, 0, offsetof(struct secs_reader, path));
	reader->left = size;
}

static void stop(struct secs_reader *reader, unsigned odd)
{
	reader->odd |= odd;
	reader->stopped = true;
}

static void told_close(const struct secs_sink *sink, void *context, unsigned depth)
{
	if (sink->close)
		sink->close(context, depth);
}

/* An item has ended: the lists that end with it end, too. */
static void close_item(struct secs_reader *reader, const struct secs_sink *sink, void *context)
{
	reader->in_value = false;
	told_close(sink, context, reader->depth);
	while (reader->depth > 0 && ++reader->path[reader->depth - 1] == reader->items[reader->depth - 1])
		told_close(sink, context, --reader->depth);
}

static void open_list(struct secs_reader *reader, uint32_t items, const struct secs_sink *sink, void *context)
{
	if (items == 0) {
		close_item(reader, sink, context);
		return;
	}
	if (reader->depth == SECS_DEPTH) {
		stop(reader, SECS_ODD_DEEP);
		return;
	}
	reader->path[reader->depth] = 0;
	reader->items[reader->depth++] = items;
}

static uint32_t head_length(const struct secs_reader *reader)
{
	uint32_t length = 0;

	for (unsigned i = 1; i < reader->head_size; i++)
		length = length << 8 | reader->head[i];
	return length;
}

/* A whole head is here; reader->left counts from behind it. */
static void open_item(struct secs_reader *reader, const struct secs_sink *sink, void *context)
{
	struct secs_item item = {.format = reader->head[0] >> 2, .length = head_length(reader), .depth = reader->depth, .path = reader->path,
		.head_size = reader->head_size};
	unsigned element = secs_element_size(item.format);

	memcpy(item.head, reader->head, sizeof(item.head));
	if (item.head_size > 2 && reader->head[1] == 0)
		reader->odd |= SECS_ODD_MINIMAL;
	/* The smallest item of a list has two bytes. */
	if (item.length > (item.format == SECS_LIST ? reader->left / 2 : reader->left)) {
		stop(reader, SECS_ODD_SHORT);
		return;
	}
	if (element > 1 && item.length % element != 0)
		reader->odd |= SECS_ODD_RAGGED;
	reader->head_size = 0;
	if (sink->item)
		sink->item(context, &item);
	if (item.format == SECS_LIST) {
		open_list(reader, item.length, sink, context);
		return;
	}
	reader->value_left = item.length;
	reader->in_value = true;
	if (item.length == 0)
		close_item(reader, sink, context);
}

static void feed_head(struct secs_reader *reader, uint8_t byte, const struct secs_sink *sink, void *context)
{
	if (reader->head_size == 0) {
		if (reader->seen && reader->depth == 0)
			stop(reader, SECS_ODD_BEHIND);
		else if (!secs_format_known(byte >> 2))
			stop(reader, SECS_ODD_FORMAT);
		else if ((byte & 3) == 0)
			stop(reader, SECS_ODD_LENGTH);
		if (reader->stopped)
			return;
		reader->seen = true;
	}
	reader->head[reader->head_size++] = byte;
	if (reader->head_size == 1u + (reader->head[0] & 3))
		open_item(reader, sink, context);
}

static size_t feed_value(struct secs_reader *reader, const uint8_t *data, size_t size, const struct secs_sink *sink, void *context)
{
	size_t part = SK_MIN(size, (size_t)reader->value_left);

	if (sink->bytes)
		sink->bytes(context, data, part);
	reader->value_left -= part;
	reader->left -= part;
	if (reader->value_left == 0)
		close_item(reader, sink, context);
	return part;
}

void secs_reader_end(struct secs_reader *reader)
{
	reader->left = 0;
	if (!reader->stopped && reader->seen && (reader->depth > 0 || reader->head_size > 0 || reader->in_value))
		stop(reader, SECS_ODD_SHORT);
}

void secs_reader_feed(struct secs_reader *reader, const uint8_t *data, size_t size, const struct secs_sink *sink, void *context)
{
	struct sk_cursor in;

	sk_cursor_init(&in, data, size > reader->left ? (size_t)reader->left : size);
	while (sk_cursor_left(&in) > 0) {
		if (reader->stopped) {
			reader->left -= sk_cursor_left(&in);
			break;
		}
		if (reader->in_value) {
			(void)sk_get_bytes(&in, feed_value(reader, in.data + in.at, sk_cursor_left(&in), sink, context));
			continue;
		}
		reader->left--;
		feed_head(reader, sk_get_u8(&in), sink, context);
	}
	if (reader->left == 0)
		secs_reader_end(reader);
}

bool secs_reader_good(const struct secs_reader *reader)
{
	return reader->left == 0 && !reader->stopped;
}

int secs_put_head(struct sk_buf *out, enum secs_format format, unsigned length_bytes, uint32_t length)
{
	unsigned least = length > 0xffff ? 3 : length > 0xff ? 2 : 1;
	uint8_t head[4];
	struct sk_writer to;

	if (length_bytes == 0)
		length_bytes = least;
	if (length > SECS_LENGTH_MAX || length_bytes < least || length_bytes > 3)
		return SK_BAD;
	sk_writer_init(&to, head, sizeof(head));
	sk_put_u8(&to, (uint8_t)(format << 2 | length_bytes));
	for (unsigned i = length_bytes; i-- > 0;)
		sk_put_u8(&to, (uint8_t)(length >> (8 * i)));
	return sk_buf_append(out, head, to.at);
}

int secs_put_list(struct sk_buf *out, uint32_t items)
{
	return secs_put_head(out, SECS_LIST, 0, items);
}

int secs_put_bytes(struct sk_buf *out, enum secs_format format, const void *data, size_t size)
{
	int r = size > SECS_LENGTH_MAX ? SK_BAD : secs_put_head(out, format, 0, (uint32_t)size);

	return r ? r : sk_buf_append(out, data, size);
}

int secs_put_text(struct sk_buf *out, const char *text)
{
	return secs_put_bytes(out, SECS_ASCII, text, strlen(text));
}

int secs_put_number(struct sk_buf *out, enum secs_format format, uint64_t value)
{
	unsigned size = secs_element_size(format);
	uint8_t bytes[8];
	struct sk_writer to;

	sk_writer_init(&to, bytes, sizeof(bytes));
	for (unsigned i = size; i-- > 0;)
		sk_put_u8(&to, (uint8_t)(value >> (8 * i)));
	return secs_put_bytes(out, format, bytes, to.at);
}
