// SPDX-License-Identifier: GPL-3.0-or-later
/* byte_test, byte_jump, byte_extract, byte_math and base64_decode: tests that read numbers out of bytes. */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "rule/draft.h"

static int variable_new(struct draft *d, const char *name, int8_t *ret_variable)
{
	for (unsigned i = 0; i < d->var_count; i++)
		if (strcmp(d->vars[i], name) == 0) {
			*ret_variable = (int8_t)i;
			return 0;
		}
	if (d->var_count == RULE_VARS_MAX || !*name || strlen(name) >= sizeof d->vars[0])
		return draft_refuse(d, "more than %d variables, or an overlong name", RULE_VARS_MAX);
	memcpy(d->vars[d->var_count], name, strlen(name) + 1);
	*ret_variable = (int8_t)d->var_count++;
	return 0;
}

static bool set_word(struct bytes *b, const char *word)
{
	static const struct {
		const char *word;
		enum { RELATIVE, BIG, LITTLE, STRING, DEC, HEX, OCT, DCE, ALIGN, BEGINNING, END } what;
	} words[] = {{"relative", RELATIVE}, {"big", BIG}, {"little", LITTLE}, {"string", STRING}, {"dec", DEC}, {"hex", HEX}, {"oct", OCT},
		{"dce", DCE}, {"align", ALIGN}, {"from_beginning", BEGINNING}, {"from_end", END}, {"endian big", BIG}, {"endian little", LITTLE},
		{"string dec", DEC}, {"string hex", HEX}, {"string oct", OCT}};
	size_t i;

	for (i = 0; i < SK_ARRAY_SIZE(words) && strcmp(words[i].word, word) != 0; i++)
		;
	if (i == SK_ARRAY_SIZE(words))
		return false;
	switch (words[i].what) {
	case RELATIVE: b->relative = true; break;
	case BIG: b->little = false; break;
	case LITTLE: b->little = true; break;
	case STRING: b->base = b->base == 1 ? 0 : b->base; break;
	case DEC: b->base = 10; break;
	case HEX: b->base = 16; break;
	case OCT: b->base = 8; break;
	case DCE: b->dce = true; break;
	case ALIGN: b->align = true, b->align_to = 4; break;
	case BEGINNING: b->from_beginning = true; break;
	case END: b->from_end = true; break;
	}
	return true;
}

static int set_option(struct draft *d, struct bytes *b, char *word)
{
	char *value = strchr(word, ' ');
	int64_t number;

	if (set_word(b, word))
		return b->dce ? draft_refuse(d, "dce: the byte order of a DCE/RPC message is not known here") : 0;
	if (value)
		*value++ = 0;
	value = value ? word_trim(value) : NULL;
	if (value && strcmp(word, "multiplier") == 0 && word_number(value, 1, 65535, &number))
		b->multiplier = (uint32_t)number;
	else if (value && strcmp(word, "post_offset") == 0 && word_number(value, -65535, 65535, &number))
		b->post = (int32_t)number;
	else if (value && strcmp(word, "bitmask") == 0 && word_number(value, 1, UINT32_MAX, &number))
		b->bitmask = (uint64_t)number;
	else if (value && strcmp(word, "align") == 0 && word_number(value, 2, 4, &number) && number != 3)
		b->align = true, b->align_to = (uint8_t)number;
	else
		return draft_refuse(d, "the word \"%.40s\" is not known or its value is out of range", word);
	while (b->bitmask && !(b->bitmask >> b->shift & 1))
		b->shift++;
	return 0;
}

static int set_options(struct draft *d, struct bytes *b, char *rest)
{
	char *word;
	int r;

	while ((word = word_next(&rest)))
		if ((r = set_option(d, b, word)))
			return r;
	if (b->base == 1 && b->count.variable < 0 && b->count.value > 8)
		return draft_refuse(d, "more than 8 bytes make no number");
	return 0;
}

static int begin(struct draft *d, enum test_kind kind, struct test **ret_test)
{
	int r = draft_test(d, kind, ret_test);

	if (r == 0)
		(*ret_test)->bytes = (struct bytes){.base = 1, .multiplier = 1, .result = -1, .count.variable = -1, .offset.variable = -1, .value.variable = -1};
	return r;
}

static bool set_operator(struct test *test, char *word)
{
	static const struct {
		const char *sign;
		uint8_t compare;
	} signs[] = {{"=", CMP_EQ}, {"==", CMP_EQ}, {"<", CMP_LT}, {">", CMP_GT}, {"<=", CMP_LE}, {">=", CMP_GE}, {"&", CMP_AND}, {"^", CMP_OR}};

	test->negated = *word == '!';
	word = word_trim(word + test->negated);
	if (!*word && test->negated)
		word = (char *)"=";
	for (size_t i = 0; i < SK_ARRAY_SIZE(signs); i++)
		if (strcmp(signs[i].sign, word) == 0) {
			test->bytes.compare = signs[i].compare;
			return true;
		}
	return false;
}

static int read_byte_test(struct draft *d, const struct keyword *k, char *value)
{
	char *count = word_next(&value), *sign = word_next(&value), *number = word_next(&value), *offset = word_next(&value);
	struct test *test;
	struct bytes *b;
	int r = begin(d, TEST_BYTE_TEST, &test);

	if (r)
		return r;
	b = &test->bytes;
	if (!offset || !word_value(d, count, 0, 23, &b->count) || !set_operator(test, sign) || !word_value(d, number, 0, INT64_MAX, &b->value) ||
		!word_value(d, offset, -65535, 65535, &b->offset))
		return draft_refuse(d, "not of the form bytes, operator, value, offset");
	if ((r = set_options(d, b, value)))
		return r;
	test->relative = b->relative;
	return 0;
}

static int read_byte_jump(struct draft *d, const struct keyword *k, char *value)
{
	char *count = word_next(&value), *offset = word_next(&value);
	struct test *test;
	struct bytes *b;
	int r = begin(d, TEST_BYTE_JUMP, &test);

	if (r)
		return r;
	b = &test->bytes;
	if (!offset || !word_value(d, count, 0, 23, &b->count) || !word_value(d, offset, -65535, 65535, &b->offset))
		return draft_refuse(d, "not of the form bytes, offset");
	if ((r = set_options(d, b, value)))
		return r;
	test->relative = b->relative;
	return 0;
}

static int read_byte_extract(struct draft *d, const struct keyword *k, char *value)
{
	char *count = word_next(&value), *offset = word_next(&value), *name = word_next(&value);
	struct test *test;
	struct bytes *b;
	int r = begin(d, TEST_BYTE_EXTRACT, &test);

	if (r)
		return r;
	b = &test->bytes;
	if (!name || !word_value(d, count, 1, 23, &b->count) || !word_value(d, offset, -65535, 65535, &b->offset))
		return draft_refuse(d, "not of the form bytes, offset, name");
	if ((r = variable_new(d, name, &b->result)) || (r = set_options(d, b, value)))
		return r;
	test->relative = b->relative;
	return 0;
}

/* One word of byte_math: "NAME VALUE". 1 = it is none of them. */
static int math_word(struct draft *d, struct bytes *b, const char *word, char *value, unsigned *seen)
{
	static const char *const names[] = {"bytes", "offset", "oper", "rvalue", "result"};
	unsigned i;
	bool good = true;
	int r = 0;

	for (i = 0; i < SK_ARRAY_SIZE(names) && strcmp(names[i], word) != 0; i++)
		;
	switch (i) {
	case 0: good = word_value(d, value, 1, 10, &b->count); break;
	case 1: good = word_value(d, value, -65535, 65535, &b->offset); break;
	case 2:
		good = strchr("+-*/", value[0]) ? !value[1] : strcmp(value, "<<") == 0 || strcmp(value, ">>") == 0;
		b->compare = (uint8_t)value[0];
		break;
	case 3: good = word_value(d, value, 0, UINT32_MAX, &b->value); break;
	case 4: r = variable_new(d, value, &b->result); break;
	default: return SK_NONE;
	}
	*seen |= 1u << i;
	return good ? r : draft_refuse(d, "the value of %s is wrong", word);
}

static int read_byte_math(struct draft *d, const struct keyword *k, char *value)
{
	struct test *test;
	unsigned seen = 0;
	char *word;
	int r = begin(d, TEST_BYTE_MATH, &test);

	while (r == 0 && (word = word_next(&value))) {
		char *space = strchr(word, ' ');

		r = SK_NONE;
		if (space) {
			*space = 0;
			r = math_word(d, &test->bytes, word, word_trim(space + 1), &seen);
			*space = ' ';
		}
		if (r == SK_NONE)
			r = set_option(d, &test->bytes, word);
	}
	if (r == 0 && seen != 31)
		return draft_refuse(d, "needs bytes, offset, oper, rvalue and result");
	if (r == 0)
		test->relative = test->bytes.relative;
	return r;
}

static int read_base64(struct draft *d, const struct keyword *k, char *value)
{
	struct test *test;
	char *word;
	int64_t number;
	int r;

	if (d->base64 >= 0)
		return draft_refuse(d, "a second one in the same rule");
	if ((r = draft_test(d, TEST_BASE64, &test)))
		return r;
	d->base64 = d->last_test;
	while ((word = word_next(&value))) {
		if (strcmp(word, "relative") == 0)
			test->relative = test->base64.relative = true;
		else if (strncmp(word, "bytes ", 6) == 0 && word_number(word_trim(word + 6), 1, 65535, &number))
			test->base64.bytes = (uint32_t)number;
		else if (strncmp(word, "offset ", 7) == 0 && word_number(word_trim(word + 7), 0, 65535, &number))
			test->base64.offset = (uint32_t)number;
		else
			return draft_refuse(d, "the word \"%.40s\" is not known or its value is out of range", word);
	}
	return 0;
}

static int read_base64_data(struct draft *d, const struct keyword *k, char *value)
{
	if (d->base64 < 0)
		return draft_refuse(d, "no base64_decode before it");
	d->slot = d->slot_of[d->base64];
	d->decoded = true;
	d->last_content = -1;
	return 0;
}

const struct keyword keywords_bytes[] = {{"byte_test", read_byte_test}, {"byte_jump", read_byte_jump}, {"byte_extract", read_byte_extract},
	{"byte_math", read_byte_math}, {"base64_decode", read_base64}, {"base64_data", read_base64_data}, {NULL}};
