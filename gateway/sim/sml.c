// SPDX-License-Identifier: GPL-3.0-or-later
/* SML to bytes and back. Reading calls itself for lists, at most 16 deep: its text is our own user's. */
#include "sim/sml.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "proto/hsms/item.h"

enum { DEEP = 16, SHOWN = 64, BODY_MAX = 16 << 20 };

struct text {
	const char *at, *begin;
	struct sk_diag *diag;
	unsigned depth;
};

static int wrong(const struct text *text, const char *what)
{
	return sk_diag_offset(text->diag, (uint64_t)(text->at - text->begin), "%s", what);
}

static void skip(struct text *text)
{
	while (isspace((unsigned char)*text->at))
		text->at++;
}

/* A word up to a blank or '>', or what stands in quotes. */
static int read_word(struct text *text, char *word, size_t size, bool *ret_quoted)
{
	size_t length = 0;

	*ret_quoted = *text->at == '"';
	text->at += *ret_quoted;
	while (*text->at && (*ret_quoted ? *text->at != '"' : !isspace((unsigned char)*text->at) && *text->at != '>')) {
		if (length + 1 >= size)
			return wrong(text, "the word is too long");
		word[length++] = *text->at++;
	}
	if (*ret_quoted && *text->at != '"')
		return wrong(text, "a quotation mark is missing");
	text->at += *ret_quoted;
	word[length] = '\0';
	return 0;
}

static int find_format(const char *name)
{
	for (int format = 0; format < 64; format++)
		if (secs_format_known((unsigned)format) && strcmp(secs_format_name((enum secs_format)format), name) == 0)
			return format;
	return -1;
}

static int put_value(enum secs_format format, const char *word, struct sk_buf *value)
{
	unsigned size = secs_element_size(format);
	uint64_t number;
	char *end;

	if (format == SECS_F4 || format == SECS_F8) {
		double wide = strtod(word, &end);
		float single = (float)wide;
		uint32_t bits = 0;

		memcpy(&number, &wide, sizeof(number));
		memcpy(&bits, &single, sizeof(bits));
		number = format == SECS_F4 ? bits : number;
	} else {
		number = *word == '-' ? (uint64_t)strtoll(word, &end, 0) : strtoull(word, &end, 0);
	}
	if (end == word || *end)
		return SK_BAD;
	for (unsigned i = size; i-- > 0;)
		if (sk_buf_append_char(value, (char)(number >> (8 * i))) != 0)
			return SK_FULL;
	return 0;
}

static int read_item(struct text *text, struct sk_buf *out);

static int read_list(struct text *text, struct sk_buf *out)
{
	_cleanup_buf_ struct sk_buf items = SK_BUF(BODY_MAX);
	uint32_t count = 0;
	int r;

	if (++text->depth > DEEP)
		return wrong(text, "lists are nested too deeply");
	for (skip(text); *text->at == '<'; skip(text), count++) {
		r = read_item(text, &items);
		if (r)
			return r;
	}
	text->depth--;
	r = secs_put_list(out, count);
	return r ? r : sk_buf_append(out, items.data, items.size);
}

static int read_leaf(struct text *text, enum secs_format format, struct sk_buf *out)
{
	_cleanup_buf_ struct sk_buf value = SK_BUF(BODY_MAX);
	bool is_text = format == SECS_ASCII || format == SECS_JIS8 || format == SECS_LOCAL, quoted;
	char word[4096];
	int r;

	for (skip(text); *text->at && *text->at != '>'; skip(text)) {
		r = read_word(text, word, sizeof(word), &quoted);
		if (r == 0)
			r = is_text ? sk_buf_append_str(&value, word) : put_value(format, word, &value);
		if (r)
			return wrong(text, "not a value of this format");
	}
	return secs_put_bytes(out, format, value.data, value.size);
}

static int read_item(struct text *text, struct sk_buf *out)
{
	char word[16];
	bool quoted;
	int format, r;

	skip(text);
	if (*text->at != '<')
		return wrong(text, "'<' expected");
	text->at++;
	skip(text);
	r = read_word(text, word, sizeof(word), &quoted);
	if (r)
		return r;
	format = find_format(word);
	if (format < 0)
		return wrong(text, "no such format");
	r = format == SECS_LIST ? read_list(text, out) : read_leaf(text, (enum secs_format)format, out);
	if (r)
		return r;
	skip(text);
	if (*text->at != '>')
		return wrong(text, "'>' expected");
	text->at++;
	return 0;
}

int sml_read(const char *text, struct sk_buf *out, struct sk_diag *diag)
{
	struct text in = {text, text, diag, 0};
	int r = read_item(&in, out);

	skip(&in);
	return r ? r : *in.at ? wrong(&in, "more than one item") : 0;
}

struct page {
	struct sk_buf *out;
	enum secs_format format;
	uint32_t length;
	bool list[SECS_DEPTH + 1];
	uint8_t value[SHOWN];
	size_t size;
};

static void on_item(void *context, const struct secs_item *item)
{
	struct page *page = context;

	page->list[item->depth] = item->format == SECS_LIST;
	page->format = item->format;
	page->length = item->length;
	page->size = 0;
	sk_buf_printf(page->out, "%s<%s", item->depth ? " " : "", secs_format_name(item->format));
}

static void on_bytes(void *context, const uint8_t *data, size_t size)
{
	struct page *page = context;
	size_t part = SK_MIN(size, SHOWN - page->size);

	memcpy(page->value + page->size, data, part);
	page->size += part;
}

static void write_number(struct page *page, const uint8_t *from)
{
	unsigned size = secs_element_size(page->format);
	uint64_t number = 0;
	float single;
	double wide;

	for (unsigned i = 0; i < size; i++)
		number = number << 8 | from[i];
	if (page->format >= SECS_I8 && page->format <= SECS_I4 && size < 8 && number >> (8 * size - 1))
		number |= ~UINT64_C(0) << (8 * size);
	memcpy(&wide, &number, sizeof(wide));
	if (page->format == SECS_F4) {
		uint32_t low = (uint32_t)number;

		memcpy(&single, &low, sizeof(single));
		wide = (double)single;
	}
	if (page->format == SECS_F4 || page->format == SECS_F8)
		sk_buf_printf(page->out, " %.17g", wide);
	else if (page->format >= SECS_I8 && page->format <= SECS_I4)
		sk_buf_printf(page->out, " %" PRId64, (int64_t)number);
	else
		sk_buf_printf(page->out, page->format == SECS_BINARY ? " 0x%02" PRIx64 : " %" PRIu64, number);
}

static void on_close(void *context, unsigned depth)
{
	struct page *page = context;
	bool is_text = page->format == SECS_ASCII || page->format == SECS_JIS8 || page->format == SECS_LOCAL;

	if (!page->list[depth]) {
		if (is_text)
			sk_buf_append_str(page->out, " \"");
		for (size_t i = 0; is_text && i < page->size; i++)
			sk_buf_append_char(page->out, page->value[i] >= ' ' && page->value[i] < 0x7f ? (char)page->value[i] : '?');
		if (is_text)
			sk_buf_append_str(page->out, "\"");
		for (size_t i = 0; !is_text && i + secs_element_size(page->format) <= page->size; i += secs_element_size(page->format))
			write_number(page, page->value + i);
		if (page->length > page->size)
			sk_buf_printf(page->out, " ... %u bytes", page->length);
	}
	sk_buf_append_str(page->out, ">");
}

int sml_write(const uint8_t *body, size_t size, struct sk_buf *out)
{
	static const struct secs_sink sink = {.item = on_item, .bytes = on_bytes, .close = on_close};
	struct page page = {.out = out};
	struct secs_reader reader;

	secs_reader_begin(&reader, size);
	secs_reader_feed(&reader, body, size, &sink, &page);
	return secs_reader_good(&reader) ? 0 : sk_buf_append_str(out, " ...");
}
