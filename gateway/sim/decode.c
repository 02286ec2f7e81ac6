// SPDX-License-Identifier: GPL-3.0-or-later
/* `sekisho-tool-sim decode`: frames in hexadecimal, one a line on standard input, as JSON lines: head, items in order, and the bytes written again. */
#include "sim/decode.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "proto/hsms/frame.h"
#include "proto/hsms/item.h"

struct page {
	struct sk_buf items, again;
	const char *comma;
	bool open; /* a leaf, whose value is being written */
};

static void on_item(void *context, const struct secs_item *item)
{
	struct page *page = context;

	sk_buf_printf(&page->items, "%s{\"path\": \"", page->comma);
	for (unsigned i = 0; i < item->depth; i++)
		sk_buf_printf(&page->items, "%s%u", i ? "." : "", item->path[i]);
	sk_buf_printf(&page->items, "\", \"format\": \"%s\", \"code\": %d, \"length_bytes\": %d, \"length\": %u", secs_format_name(item->format),
		      (int)item->format, item->head_size - 1, item->length);
	page->comma = ", ";
	page->open = item->format != SECS_LIST;
	sk_buf_append_str(&page->items, page->open ? ", \"value\": \"" : "}");
	secs_put_head(&page->again, item->format, item->head_size - 1u, item->length);
}

static void on_bytes(void *context, const uint8_t *data, size_t size)
{
	struct page *page = context;

	for (size_t i = 0; i < size; i++)
		sk_buf_printf(&page->items, "%02x", data[i]);
	sk_buf_append(&page->again, data, size);
}

static void on_close(void *context, unsigned depth)
{
	struct page *page = context;

	(void)depth;
	if (page->open)
		sk_buf_append_str(&page->items, "\"}");
	page->open = false;
}

static void print_frame(const uint8_t *data, size_t size)
{
	static const struct secs_sink sink = {.item = on_item, .bytes = on_bytes, .close = on_close};
	struct page page = {SK_BUF(64 << 20), SK_BUF(16 << 20), "", false};
	const char *comma = "";
	struct hsms_head head;
	struct secs_reader reader;
	uint8_t raw[HSMS_HEAD];

	hsms_head_read(data, &head);
	secs_reader_begin(&reader, size - HSMS_HEAD);
	secs_reader_feed(&reader, data + HSMS_HEAD, size - HSMS_HEAD, &sink, &page);
	printf("{\"length\": %u, \"session\": %u, \"w\": %s, \"stream\": %u, \"function\": %u, \"ptype\": %u, \"stype\": %u, \"system\": %u, \"good\": %s, ",
	       head.length, head.session, hsms_wait(&head) ? "true" : "false", hsms_stream(&head), head.byte3, head.ptype, head.stype, head.system,
	       secs_reader_good(&reader) && head.length + 4 == size ? "true" : "false");
	printf("\"odd\": [");
	for (unsigned i = 0; secs_odds[i]; i++)
		if (reader.odd & 1u << i) {
			printf("%s\"%s\"", comma, secs_odds[i]);
			comma = ", ";
		}
	printf("], \"items\": [%s], \"again\": \"", page.items.data ? page.items.data : "");
	hsms_head_write(&head, raw);
	for (size_t i = 0; i < sizeof(raw); i++)
		printf("%02x", raw[i]);
	for (size_t i = 0; i < page.again.size; i++)
		printf("%02x", (uint8_t)page.again.data[i]);
	printf("\"}\n");
	sk_buf_done(&page.items);
	sk_buf_done(&page.again);
}

int sim_decode(void)
{
	char *line = NULL;
	size_t space = 0;
	ssize_t length;
	int bad = 0;

	while ((length = getline(&line, &space, stdin)) > 0) {
		size_t size = (size_t)length / 2;

		if (line[length - 1] == '\n')
			line[--length] = '\0';
		if (length % 2 || size < HSMS_HEAD || sk_unhex(line, line, size) != 0) {
			fprintf(stderr, "sekisho-tool-sim: not a frame in hexadecimal digits\n");
			bad = 1;
			continue;
		}
		print_frame((const uint8_t *)line, size);
	}
	free(line);
	return bad;
}
