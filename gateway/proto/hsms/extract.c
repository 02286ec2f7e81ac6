// SPDX-License-Identifier: GPL-3.0-or-later
/* Taking the fields of a message out of its items. Owns the hasher of recipes, made when the first recipe comes. */
#include "proto/hsms/extract.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "base/text.h"

const char *const extract_odds[] = {"secs-type", "secs-long", "secs-many", NULL};

/* Whether a place matches "1.*.0". */
static bool path_matches(const char *pattern, const struct secs_item *item)
{
	for (unsigned i = 0; i < item->depth; i++) {
		uint32_t number = 0;

		if (!*pattern)
			return false;
		if (*pattern == '*') {
			pattern++;
		} else {
			while (*pattern >= '0' && *pattern <= '9')
				number = number * 10 + (uint32_t)(*pattern++ - '0');
			if (number != item->path[i])
				return false;
		}
		if (*pattern == '.')
			pattern++;
	}
	return !*pattern;
}

static bool is_text(enum secs_format format)
{
	return format == SECS_ASCII || format == SECS_JIS8 || format == SECS_LOCAL;
}

static struct gw_field *new_field(struct extract *extract, enum hsms_field field)
{
	if (extract->field_count == EXTRACT_FIELDS) {
		extract->odd |= EXTRACT_ODD_MANY;
		return NULL;
	}
	extract->fields[extract->field_count] = (struct gw_field){.def = (uint16_t)field};
	return &extract->fields[extract->field_count++];
}

void extract_put_number(struct extract *extract, enum hsms_field field, uint64_t value)
{
	struct gw_field *to = new_field(extract, field);

	if (to)
		to->u = value;
}

static void put_bytes(struct extract *extract, enum hsms_field field, const void *data, size_t size)
{
	struct gw_field *to;

	if (size > EXTRACT_TEXTS - extract->text_size) {
		extract->odd |= EXTRACT_ODD_MANY;
		return;
	}
	to = new_field(extract, field);
	if (!to)
		return;
	if (size)
		memcpy(extract->texts + extract->text_size, data, size);
	to->bytes.data = extract->texts + extract->text_size;
	to->bytes.size = size;
	extract->text_size += size;
}

/* One element of a numeric format as the number it is; sign-extended when it is signed. */
static uint64_t element(struct sk_cursor *in, enum secs_format format)
{
	unsigned size = secs_element_size(format);
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value = value << 8 | sk_get_u8(in);
	if (format >= SECS_I8 && format <= SECS_I4 && size < 8 && value >> (8 * size - 1))
		value |= ~UINT64_C(0) << (8 * size);
	return value;
}

static double as_float(enum secs_format format, uint64_t bits)
{
	uint32_t low = (uint32_t)bits;
	float single;
	double wide;

	memcpy(&single, &low, sizeof(single));
	memcpy(&wide, &bits, sizeof(wide));
	return format == SECS_F4 ? (double)single : wide;
}

/* A number as people write it: so a constant's id is the same word whether it is sent as U2, U4 or text. */
static void put_decimal(struct extract *extract, enum hsms_field field, enum secs_format format, uint64_t value)
{
	char text[40];
	int size;

	if (format == SECS_F4 || format == SECS_F8)
		size = snprintf(text, sizeof(text), format == SECS_F4 ? "%.9g" : "%.17g", as_float(format, value));
	else if (format >= SECS_I8 && format <= SECS_I4)
		size = snprintf(text, sizeof(text), "%" PRId64, (int64_t)value);
	else
		size = snprintf(text, sizeof(text), "%" PRIu64, value);
	put_bytes(extract, field, text, (size_t)size);
}

/* The leaf in `value` is whole. */
static void put_leaf(struct extract *extract)
{
	enum gw_kind kind = hsms_fields[extract->field].kind;
	struct sk_cursor in;

	if (extract->length > extract->value_size)
		extract->odd |= EXTRACT_ODD_LONG;
	if (kind == GW_BYTES || (kind == GW_TEXT && is_text(extract->format))) {
		put_bytes(extract, extract->field, extract->value, extract->value_size);
		return;
	}
	if (is_text(extract->format) || (kind == GW_UINT && (extract->format == SECS_F4 || extract->format == SECS_F8))) {
		extract->odd |= EXTRACT_ODD_TYPE;
		return;
	}
	sk_cursor_init(&in, extract->value, extract->value_size);
	while (sk_cursor_left(&in) >= secs_element_size(extract->format)) {
		uint64_t value = element(&in, extract->format);

		if (kind == GW_UINT)
			extract_put_number(extract, extract->field, value);
		else
			put_decimal(extract, extract->field, extract->format, value);
	}
}

static void begin_hash(struct extract *extract, const struct secs_item *item)
{
	if (!extract->hasher && sk_hasher_new(&extract->hasher) != 0)
		return; /* without a hash no recipe is a released one */
	if (sk_hasher_begin(extract->hasher) != 0)
		return;
	extract->hashing = true;
	extract->body_depth = item->depth;
	extract->body_size = 0;
}

static void hash_bytes(struct extract *extract, const uint8_t *data, size_t size)
{
	extract->body_size += size;
	if (sk_hasher_update(extract->hasher, data, size) != 0)
		extract->hashing = false;
}

static void end_hash(struct extract *extract)
{
	uint8_t hash[SK_SHA256_SIZE];

	extract->hashing = false;
	if (sk_hasher_finish(extract->hasher, hash) != 0)
		return;
	if (extract->longest && extract->hashed && extract->body_size <= extract->hashed_size)
		return;
	memcpy(extract->hash, hash, sizeof(hash));
	extract->hashed_size = extract->body_size;
	extract->hashed = true;
}

static void on_item(void *context, const struct secs_item *item)
{
	struct extract *extract = context;
	int body = 0;

	extract->field = -1;
	for (const struct hsms_where *at = extract->row ? extract->row->at : NULL; at && at->path; at++) {
		if (at->field == HSMS_LONGEST && (is_text(item->format) || item->format == SECS_BINARY))
			body = HSMS_LONGEST;
		else if (!path_matches(at->path, item))
			continue;
		else if (at->field == HSMS_BODY)
			body = HSMS_BODY;
		else if (at->field < HSMS_FIELD_COUNT && item->format != SECS_LIST && extract->field < 0)
			extract->field = at->field;
	}
	if (extract->hashing) /* within a body that is a list */
		hash_bytes(extract, item->head, item->head_size);
	else if (body && !(body == HSMS_BODY && extract->hashed))
		begin_hash(extract, item);
	extract->longest = body == HSMS_LONGEST;
	if (extract->hashing && extract->body_depth == item->depth && item->format == SECS_LIST && extract->body_size == 0)
		hash_bytes(extract, item->head, item->head_size);
	extract->format = item->format;
	extract->length = item->length;
	extract->value_size = 0;
}

static void on_bytes(void *context, const uint8_t *data, size_t size)
{
	struct extract *extract = context;
	size_t part = SK_MIN(size, EXTRACT_VALUE - extract->value_size);

	if (extract->hashing)
		hash_bytes(extract, data, size);
	if (extract->field < 0)
		return;
	memcpy(extract->value + extract->value_size, data, part);
	extract->value_size += part;
}

static void on_close(void *context, unsigned depth)
{
	struct extract *extract = context;

	if (extract->field >= 0)
		put_leaf(extract);
	extract->field = -1;
	if (extract->hashing && depth == extract->body_depth)
		end_hash(extract);
}

void extract_begin(struct extract *extract, const struct hsms_row *row, uint64_t size)
{
	extract->row = row;
	extract->field_count = 0;
	extract->text_size = 0;
	extract->odd = 0;
	extract->field = -1;
	extract->hashing = extract->hashed = false;
	secs_reader_begin(&extract->reader, size);
}

void extract_feed(struct extract *extract, const uint8_t *data, size_t size)
{
	static const struct secs_sink sink = {.item = on_item, .bytes = on_bytes, .close = on_close};

	secs_reader_feed(&extract->reader, data, size, &sink, extract);
}

void extract_end(struct extract *extract)
{
	char hex[2 * SK_SHA256_SIZE + 1];

	if (!extract->hashed)
		return;
	put_bytes(extract, HSMS_F_RECIPE, sk_hex(extract->hash, sizeof(extract->hash), hex), sizeof(hex) - 1);
	extract_put_number(extract, HSMS_F_RECIPE_SIZE, extract->hashed_size);
}

const struct gw_field *extract_get(const struct extract *extract, enum hsms_field field)
{
	for (size_t i = 0; i < extract->field_count; i++)
		if (extract->fields[i].def == field)
			return &extract->fields[i];
	return NULL;
}

void extract_done(struct extract *extract)
{
	extract->hasher = sk_hasher_free(extract->hasher);
}
