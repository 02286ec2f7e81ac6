// SPDX-License-Identifier: GPL-3.0-or-later
/* The small words of keywords' values: lists, quotes, numbers and ranges. Changes the text in place and owns nothing. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "rule/draft.h"

char *word_trim(char *text)
{
	size_t size;

	while (*text == ' ' || *text == '\t')
		text++;
	size = strlen(text);
	while (size && (text[size - 1] == ' ' || text[size - 1] == '\t'))
		text[--size] = 0;
	return text;
}

char *word_cut(char **rest, char at)
{
	char *item = *rest, *end;

	if (!item)
		return NULL;
	end = strchr(item, at);
	if (end)
		*end = 0;
	*rest = end ? end + 1 : NULL;
	return word_trim(item);
}

char *word_next(char **rest)
{
	return word_cut(rest, ',');
}

int word_unquote(char **text, bool *ret_negated)
{
	char *t = word_trim(*text);
	size_t size;

	*ret_negated = *t == '!';
	if (*t == '!')
		t = word_trim(t + 1);
	size = strlen(t);
	if (size < 2 || *t != '"' || t[size - 1] != '"')
		return SK_BAD;
	t[size - 1] = 0;
	*text = t + 1;
	return 0;
}

bool word_number(const char *text, int64_t low, int64_t high, int64_t *ret_value)
{
	bool minus = *text == '-';
	uint64_t value = 0;

	if (*text == '-' || *text == '+')
		text++;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		size_t digits = strspn(text + 2, "0123456789abcdefABCDEF");

		if (!digits || digits > 15 || text[2 + digits])
			return false;
		for (text += 2; *text; text++)
			value = value << 4 | (uint64_t)(isdigit((unsigned char)*text) ? *text - '0' : (*text | 32) - 'a' + 10);
	} else if (sk_parse_u64(text, INT64_MAX, &value)) {
		return false;
	}
	*ret_value = minus ? -(int64_t)value : (int64_t)value;
	return *ret_value >= low && *ret_value <= high;
}

bool word_value(const struct draft *d, const char *text, int64_t low, int64_t high, struct number *ret_number)
{
	*ret_number = (struct number){.variable = -1};
	if (word_number(text, low, high, &ret_number->value))
		return true;
	for (unsigned i = 0; i < d->var_count; i++)
		if (strcmp(d->vars[i], text) == 0) {
			ret_number->variable = (int8_t)i;
			return true;
		}
	return false;
}

static bool two_numbers(char *text, char *between, uint64_t max, uint64_t *ret_low, uint64_t *ret_high)
{
	int64_t low, high;
	size_t skip = *between == '-' ? 1 : 2;

	*between = 0;
	if (!word_number(word_trim(text), 0, (int64_t)max, &low) || !word_number(word_trim(between + skip), 0, (int64_t)max, &high) || low > high)
		return false;
	*ret_low = (uint64_t)low;
	*ret_high = (uint64_t)high;
	return true;
}

bool word_range(const char *given, uint64_t max, uint8_t *ret_compare, uint64_t *ret_low, uint64_t *ret_high)
{
	static const struct {
		const char *sign;
		uint8_t compare;
	} signs[] = {{"<=", CMP_LE}, {">=", CMP_GE}, {"!=", CMP_NE}, {"<", CMP_LT}, {">", CMP_GT}, {"!", CMP_NE}, {"==", CMP_EQ}, {"=", CMP_EQ}};
	char text[80], *t, *between;
	int64_t value;

	if (strlen(given) >= sizeof text)
		return false;
	memcpy(text, given, strlen(given) + 1);
	t = word_trim(text);
	between = strstr(t, "<>");
	if (!between)
		between = strchr(t, '-');
	if (between && between != t) {
		*ret_compare = CMP_RANGE;
		return two_numbers(t, between, max, ret_low, ret_high);
	}
	*ret_compare = CMP_EQ;
	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		if (strncmp(t, signs[i].sign, strlen(signs[i].sign)) == 0) {
			*ret_compare = signs[i].compare;
			t += strlen(signs[i].sign);
			break;
		}
	if (!word_number(word_trim(t), 0, (int64_t)max, &value))
		return false;
	*ret_low = *ret_high = (uint64_t)value;
	return true;
}
