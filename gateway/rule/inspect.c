// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One slot's tests on one buffer, as Suricata orders them: each test begins where the one before it ended when it is relative; when a later
 * relative test fails, an earlier content or expression is looked for again behind its last place. The steps are bounded.
 *
 * Every access to the buffer is checked against its size here; numbers that rules or bytes supply are 64-bit and clamped before they become offsets.
 */
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "rule/set.h"

struct search {
	struct scratch *scratch;
	const struct slot *slot;
	unsigned end; /* tests up to here */
	const uint8_t *data;
	size_t size;
	int64_t *numbers;
};

#define NUMBER_MAX ((int64_t)1 << 40)

static bool hold(struct search *s, unsigned at, size_t from);

static int64_t number_of(const struct search *s, const struct number *n)
{
	int64_t value = n->variable < 0 ? n->value : s->numbers[n->variable];

	return value < -NUMBER_MAX ? -NUMBER_MAX : value > NUMBER_MAX ? NUMBER_MAX : value;
}

static size_t clamp(int64_t at, size_t size)
{
	return at < 0 ? 0 : (uint64_t)at > size ? size : (size_t)at;
}

static bool equal(const uint8_t *data, const struct content *c)
{
	if (!c->nocase)
		return memcmp(data, c->bytes, c->size) == 0;
	for (uint32_t i = 0; i < c->size; i++)
		if (tolower(data[i]) != c->bytes[i])
			return false;
	return true;
}

/* The first place from `low` on at which the content lies before `high`; SIZE_MAX = none. */
static size_t find(const uint8_t *data, size_t low, size_t high, const struct content *c)
{
	if (high < low || high - low < c->size)
		return SIZE_MAX;
	if (!c->nocase) {
		const uint8_t *at = memmem(data + low, high - low, c->bytes, c->size);

		return at ? (size_t)(at - data) : SIZE_MAX;
	}
	for (size_t i = low; i + c->size <= high; i++)
		if (tolower(data[i]) == c->bytes[0] && equal(data + i, c))
			return i;
	return SIZE_MAX;
}

/* Where the content may lie. */
static void content_span(const struct search *s, const struct content *c, size_t from, size_t *ret_low, size_t *ret_high)
{
	int64_t low = 0, high = (int64_t)s->size;

	if (c->has_distance || c->has_within) {
		low = (int64_t)from + (c->has_distance ? number_of(s, &c->distance) : 0);
		if (c->has_within)
			high = SK_MIN(high, low + number_of(s, &c->within));
	}
	if (c->has_offset)
		low = SK_MAX(low, number_of(s, &c->offset));
	if (c->has_depth)
		high = SK_MIN(high, (c->has_offset ? number_of(s, &c->offset) : 0) + number_of(s, &c->depth));
	*ret_low = clamp(low, s->size);
	*ret_high = clamp(high, s->size);
}

/* Does a later test of the slot begin where this one ended? Then another place may help. */
static bool next_relative(const struct search *s, unsigned at)
{
	return at + 1 < s->end && s->slot->tests[at + 1].relative;
}

static bool hold_content(struct search *s, unsigned at, size_t from)
{
	const struct test *t = &s->slot->tests[at];
	const struct content *c = &t->content;
	size_t low, high, place;

	content_span(s, c, from, &low, &high);
	if (c->endswith && s->size >= c->size) /* only the end counts */
		low = SK_MAX(low, s->size - c->size);
	place = find(s->data, low, high, c);
	if (c->endswith && place != SIZE_MAX && place + c->size != s->size)
		place = SIZE_MAX;
	if (t->negated)
		return place == SIZE_MAX && hold(s, at + 1, from);
	for (; place != SIZE_MAX; place = find(s->data, place + 1, high, c)) {
		if (hold(s, at + 1, place + c->size))
			return true;
		if (!next_relative(s, at) || ++s->scratch->steps > RULE_SEARCH_MAX)
			return false;
	}
	return false;
}

static bool hold_pcre(struct search *s, unsigned at, size_t from)
{
	const struct test *t = &s->slot->tests[at];
	size_t start = t->relative ? SK_MIN(from, s->size) : 0, base = start;
	struct scratch *scratch = s->scratch;

	for (;;) {
		int n = pcre2_match(t->pcre.code, s->data + base, s->size - base, start - base, 0, scratch->match, scratch->context);
		const PCRE2_SIZE *places = pcre2_get_ovector_pointer(scratch->match);
		size_t end;

		if (t->negated)
			return n == PCRE2_ERROR_NOMATCH && hold(s, at + 1, from);
		if (n < 0)
			return false;
		end = base + places[1];
		start = base + places[0] + 1;
		if (hold(s, at + 1, end))
			return true;
		if (!next_relative(s, at) || ++scratch->steps > RULE_SEARCH_MAX || start > s->size)
			return false;
	}
}

/* ---- numbers out of bytes */

static bool text_number(const uint8_t *data, size_t size, unsigned base, uint64_t *ret_value, size_t *ret_used)
{
	char text[24];
	char *end;
	size_t skip = 0;

	if (size >= sizeof text)
		size = sizeof text - 1;
	memcpy(text, data, size);
	text[size] = 0;
	while (text[skip] == ' ' || text[skip] == '\t')
		skip++;
	if (text[skip] == '-' || text[skip] == '+')
		return false;
	*ret_value = strtoull(text + skip, &end, (int)base);
	*ret_used = (size_t)(end - text);
	return end != text + skip;
}

/* The number at the test's place, masked; *ret_end is behind it. */
static bool take_number(const struct search *s, const struct bytes *b, size_t from, uint64_t *ret_value, size_t *ret_end)
{
	int64_t place = number_of(s, &b->offset) + (b->relative ? (int64_t)from : 0), count = number_of(s, &b->count);
	uint64_t value = 0;
	size_t used;

	if (place < 0 || count < 0 || (uint64_t)place > s->size || (uint64_t)count > s->size - (uint64_t)place)
		return false;
	used = (size_t)count;
	if (b->base != 1) {
		if (count == 0)
			used = SK_MIN(s->size - (size_t)place, (size_t)23);
		if (!text_number(s->data + place, used, b->base, &value, &used))
			return false;
		used = count ? (size_t)count : used;
	} else {
		if (count > 8)
			return false;
		for (int64_t i = 0; i < count; i++)
			value |= (uint64_t)s->data[place + i] << 8 * (b->little ? i : count - 1 - i);
	}
	if (b->bitmask)
		value = (value & b->bitmask) >> b->shift;
	*ret_value = value;
	*ret_end = (size_t)place + used;
	return true;
}

static bool hold_byte_test(struct search *s, unsigned at, size_t from)
{
	const struct test *t = &s->slot->tests[at];
	uint64_t value, with = (uint64_t)number_of(s, &t->bytes.value);
	size_t end;
	bool holds = false;

	if (t->bytes.value.variable < 0)
		with = (uint64_t)t->bytes.value.value;
	if (!take_number(s, &t->bytes, from, &value, &end))
		return false;
	switch (t->bytes.compare) {
	case CMP_EQ: holds = value == with; break;
	case CMP_LT: holds = value < with; break;
	case CMP_GT: holds = value > with; break;
	case CMP_LE: holds = value <= with; break;
	case CMP_GE: holds = value >= with; break;
	case CMP_AND: holds = (value & with) != 0; break;
	case CMP_OR: holds = (value ^ with) != 0; break;
	}
	return holds != t->negated && hold(s, at + 1, from);
}

static bool hold_byte_jump(struct search *s, unsigned at, size_t from)
{
	const struct bytes *b = &s->slot->tests[at].bytes;
	uint64_t value = 0;
	size_t end = from;
	int64_t to;

	if (!take_number(s, b, from, &value, &end))
		return false;
	if (value > INT32_MAX)
		return false;
	value *= b->multiplier;
	if (b->align && value % b->align_to)
		value += b->align_to - value % b->align_to;
	to = (int64_t)value + b->post + (b->from_beginning ? 0 : b->from_end ? (int64_t)s->size : (int64_t)end);
	if (to > (int64_t)s->size)
		return false;
	return hold(s, at + 1, clamp(to, s->size)); /* before the beginning: at the beginning */
}

static bool hold_byte_extract(struct search *s, unsigned at, size_t from)
{
	const struct bytes *b = &s->slot->tests[at].bytes;
	uint64_t value;
	size_t end;

	if (!take_number(s, b, from, &value, &end))
		return false;
	value *= b->multiplier;
	if (b->align && value % b->align_to)
		value += b->align_to - value % b->align_to;
	s->numbers[b->result] = (int64_t)SK_MIN(value, (uint64_t)INT64_MAX);
	return hold(s, at + 1, end);
}

static bool hold_byte_math(struct search *s, unsigned at, size_t from)
{
	const struct bytes *b = &s->slot->tests[at].bytes;
	uint64_t value, right = (uint64_t)number_of(s, &b->value);
	size_t end;

	if (!take_number(s, b, from, &value, &end))
		return false;
	switch (b->compare) {
	case '+': value += right; break;
	case '-': value -= right; break;
	case '*': value *= right; break;
	case '/':
		if (!right)
			return false;
		value /= right;
		break;
	case '<': value = right > 63 ? 0 : value << right; break;
	default: value = right > 63 ? 0 : value >> right;
	}
	s->numbers[b->result] = (int64_t)value;
	return hold(s, at + 1, end);
}

/* ---- the rest */

static bool in_range(uint8_t compare, uint64_t low, uint64_t high, uint64_t value)
{
	switch (compare) {
	case CMP_EQ: return value == low;
	case CMP_NE: return value != low;
	case CMP_LT: return value < low;
	case CMP_GT: return value > low;
	case CMP_LE: return value <= low;
	case CMP_GE: return value >= low;
	default: return value > low && value < high;
	}
}

static bool hold_isdataat(struct search *s, unsigned at, size_t from)
{
	const struct test *t = &s->slot->tests[at];
	int64_t place = number_of(s, &t->isdataat.at) + (t->relative ? (int64_t)from : 0);
	/* Relative: so many bytes more. Else: there is a byte at this place. */
	bool there = t->relative ? place <= (int64_t)s->size : place < (int64_t)s->size;

	return there != t->negated && hold(s, at + 1, from);
}

static int base64_of(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Decodes up to the first byte that is not of the alphabet; line ends and spaces are skipped. */
static size_t base64_decode(const uint8_t *data, size_t size, uint8_t *out, size_t space)
{
	size_t at = 0;
	uint32_t bits = 0;
	unsigned have = 0;

	for (size_t i = 0; i < size && at < space; i++) {
		int value = base64_of(data[i]);

		if (data[i] == '\r' || data[i] == '\n' || data[i] == ' ')
			continue;
		if (value < 0)
			break;
		bits = bits << 6 | (uint32_t)value;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[at++] = (uint8_t)(bits >> have);
		}
	}
	return at;
}

static bool hold_base64(struct search *s, unsigned at, size_t from)
{
	const struct test *t = &s->slot->tests[at];
	size_t start = clamp((int64_t)t->base64.offset + (t->relative ? (int64_t)from : 0), s->size), size = s->size - start;
	struct search inner = *s;

	if (t->base64.bytes)
		size = SK_MIN(size, (size_t)t->base64.bytes);
	inner.data = s->scratch->other;
	inner.size = base64_decode(s->data + start, size, s->scratch->other, RULE_SPACE);
	inner.end = s->slot->test_count;
	if (!inner.size)
		return false;
	if (t->base64.first && !hold(&inner, t->base64.first, 0))
		return false;
	return hold(s, at + 1, from);
}

static bool hold_dataset(const struct search *s, const struct test *t)
{
	uint32_t value;
	bool there = dataset_has(t->dataset.set, s->data, s->size, &value);

	return t->dataset.set->valued ? there && in_range(t->dataset.compare, t->dataset.value, t->dataset.value, value) : there != t->negated;
}

static bool hold(struct search *s, unsigned at, size_t from)
{
	const struct test *t;

	if (at >= s->end)
		return true;
	t = &s->slot->tests[at];
	switch (t->kind) {
	case TEST_CONTENT: return hold_content(s, at, from);
	case TEST_PCRE: return hold_pcre(s, at, from);
	case TEST_ISDATAAT: return hold_isdataat(s, at, from);
	case TEST_BSIZE: return in_range(t->size.compare, t->size.low, t->size.high, s->size) && hold(s, at + 1, from);
	case TEST_BYTE_TEST: return hold_byte_test(s, at, from);
	case TEST_BYTE_JUMP: return hold_byte_jump(s, at, from);
	case TEST_BYTE_EXTRACT: return hold_byte_extract(s, at, from);
	case TEST_BYTE_MATH: return hold_byte_math(s, at, from);
	case TEST_BASE64: return hold_base64(s, at, from);
	case TEST_DATASET: return hold_dataset(s, t) && hold(s, at + 1, from);
	}
	return false;
}

bool slot_holds(struct scratch *scratch, const struct slot *slot, const uint8_t *data, size_t size, int64_t *numbers)
{
	static const uint8_t nothing[1];
	struct search s = {.scratch = scratch, .slot = slot, .end = slot->test_count, .data = data ? data : nothing, .size = size, .numbers = numbers};

	for (unsigned i = 0; i < slot->test_count; i++)
		if (slot->tests[i].kind == TEST_BASE64 && slot->tests[i].base64.first)
			s.end = slot->tests[i].base64.first;
	scratch->steps = 0;
	return hold(&s, 0, 0);
}
