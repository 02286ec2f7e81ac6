// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * SECS-II items (SEMI E5): a reader that takes the body of one message in pieces cut anywhere and tells each item as it comes, and the writer
 * of the same bytes.
 *
 * An item is a byte with its format (upper six bits) and the number of its length bytes (lower two: 1 to 3), then the length, then so many bytes,
 * or for a list so many items. The reader keeps nothing of the values. It never calls itself: lists lie on a stack of SECS_DEPTH. What is wrong it
 * names in `odd`; behind what cannot be read on from (SECS_ODD_STOPS) it takes the rest unread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum secs_format {
	SECS_LIST = 000, SECS_BINARY = 010, SECS_BOOLEAN = 011, SECS_ASCII = 020, SECS_JIS8 = 021, SECS_LOCAL = 022,
	SECS_I8 = 030, SECS_I1 = 031, SECS_I2 = 032, SECS_I4 = 034, SECS_F8 = 040, SECS_F4 = 044,
	SECS_U8 = 050, SECS_U1 = 051, SECS_U2 = 052, SECS_U4 = 054,
};

enum { SECS_DEPTH = 64 }; /* lists within lists; what fabs send has eight */
#define SECS_LENGTH_MAX 0xffffffu

/* Bits of secs_reader.odd; their words in the same order in secs_odds. */
enum secs_odd {
	SECS_ODD_FORMAT = 1 << 0,  /* a format code that E5 does not know */
	SECS_ODD_LENGTH = 1 << 1,  /* no length byte */
	SECS_ODD_DEEP = 1 << 2,    /* lists nested deeper than SECS_DEPTH */
	SECS_ODD_SHORT = 1 << 3,   /* an item that reaches beyond the message */
	SECS_ODD_BEHIND = 1 << 4,  /* bytes behind the one item of a message */
	SECS_ODD_MINIMAL = 1 << 5, /* more length bytes than the length needs */
	SECS_ODD_RAGGED = 1 << 6,  /* a length that is no multiple of its elements */
	SECS_ODD_STOPS = SECS_ODD_FORMAT | SECS_ODD_LENGTH | SECS_ODD_DEEP | SECS_ODD_SHORT | SECS_ODD_BEHIND,
};
extern const char *const secs_odds[]; /* "secs-format" ..., NULL ends */

struct secs_item {
	enum secs_format format;
	uint32_t length;     /* bytes, of a list items */
	unsigned depth;      /* 0 = the message's one item */
	const uint32_t *path; /* its place in each list around it, `depth` numbers */
	uint8_t head[4];     /* as it was sent */
	uint8_t head_size;
};

/* Each may be NULL. A leaf: item, bytes (any number of times), close. A list: item, its items, close. */
struct secs_sink {
	void (*item)(void *context, const struct secs_item *item);
	void (*bytes)(void *context, const uint8_t *data, size_t size);
	void (*close)(void *context, unsigned depth);
};

struct secs_reader {
	uint64_t left;       /* bytes of the message's body not yet given */
	unsigned odd;        /* SECS_ODD_* */
	bool seen;           /* an item was begun */
	bool stopped;        /* the rest is taken unread */
	uint8_t head[4], head_size;
	uint32_t value_left; /* of the leaf that is being read */
	bool in_value;
	unsigned depth;
	uint32_t path[SECS_DEPTH], items[SECS_DEPTH]; /* of each open list: the next item's place, and how many it has */
};

/* Before the first byte of a body of `size` bytes. */
void secs_reader_begin(struct secs_reader *reader, uint64_t size);
/* The next bytes; what is over the announced size is ignored. With the last byte of the body SECS_ODD_SHORT is known. */
void secs_reader_feed(struct secs_reader *reader, const uint8_t *data, size_t size, const struct secs_sink *sink, void *context);
/* Of a body whose size was not known at its beginning (secs_reader_begin() with more than will come): it has ended. */
void secs_reader_end(struct secs_reader *reader);
/* The body was read to its last byte and is one item, or nothing. */
bool secs_reader_good(const struct secs_reader *reader);

/* Bytes of one element; 0 for a list; 1 for text. */
unsigned secs_element_size(enum secs_format format);
bool secs_format_known(unsigned format);
/* "L", "A", "U4"; "?" for an unknown one. */
const char *secs_format_name(enum secs_format format);

/*
 * The writer. Each returns what sk_buf_append() does. `length_bytes` 0 takes as few as do; SK_BAD when the length does not fit.
 */
int secs_put_head(struct sk_buf *out, enum secs_format format, unsigned length_bytes, uint32_t length);
int secs_put_list(struct sk_buf *out, uint32_t items);
int secs_put_text(struct sk_buf *out, const char *text);
int secs_put_bytes(struct sk_buf *out, enum secs_format format, const void *data, size_t size);
/* One element of an integer format, SECS_BINARY or SECS_BOOLEAN. */
int secs_put_number(struct sk_buf *out, enum secs_format format, uint64_t value);
