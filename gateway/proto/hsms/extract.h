// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * From the items of one message to its fields, as its row of the table says, and the hash of a recipe's body in passing.
 *
 * Keeps at most EXTRACT_FIELDS fields in EXTRACT_TEXTS bytes, of each value the first EXTRACT_VALUE bytes; what is over is named in `odd`. Nothing
 * of a recipe's body is kept but the state of its hash.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/hash.h"
#include "proto/hsms/item.h"
#include "proto/hsms/table.h"

enum { EXTRACT_FIELDS = 160, EXTRACT_TEXTS = 6144, EXTRACT_VALUE = 256 };

/* Bits of extract.odd; their words in the same order in extract_odds. */
enum extract_odd { EXTRACT_ODD_TYPE = 1 << 0, EXTRACT_ODD_LONG = 1 << 1, EXTRACT_ODD_MANY = 1 << 2 };
extern const char *const extract_odds[];

struct extract {
	const struct hsms_row *row;
	struct secs_reader reader;
	struct gw_field fields[EXTRACT_FIELDS];
	size_t field_count;
	uint8_t texts[EXTRACT_TEXTS];
	size_t text_size;
	unsigned odd;
	/* the leaf that is being taken */
	int field; /* enum hsms_field, -1 = not wanted */
	enum secs_format format;
	uint32_t length;
	uint8_t value[EXTRACT_VALUE];
	size_t value_size;
	/* the recipe's body */
	struct sk_hasher *hasher;
	bool hashing, hashed, longest;
	unsigned body_depth;
	uint64_t body_size, hashed_size;
	uint8_t hash[SK_SHA256_SIZE];
};

/* Before the body of `size` bytes of a message; `row` may be NULL. */
void extract_begin(struct extract *extract, const struct hsms_row *row, uint64_t size);
void extract_feed(struct extract *extract, const uint8_t *data, size_t size);
/* Behind the last byte: the recipe's hash becomes fields. */
void extract_end(struct extract *extract);
void extract_put_number(struct extract *extract, enum hsms_field field, uint64_t value);
/* The first field of that name, or NULL. */
const struct gw_field *extract_get(const struct extract *extract, enum hsms_field field);
void extract_done(struct extract *extract);
