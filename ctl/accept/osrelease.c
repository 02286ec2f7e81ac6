// SPDX-License-Identifier: GPL-3.0-or-later
/* KEY=value, KEY="value" or KEY='value', a line each. In double quotes a backslash takes the next character as it is. */
#include "accept/osrelease.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"

enum { DAY = 86400 };

/* The value without its quotes; bytes that a terminal would act upon become '?'. False when it is not closed or does not fit. */
static bool read_value(const char *at, const char *end, char *out, size_t size)
{
	char quote = at < end && (*at == '"' || *at == '\'') ? *at++ : 0;
	size_t used = 0;

	for (; at < end && *at != quote; at++) {
		if (quote != '\'' && *at == '\\' && ++at == end)
			return false;
		if (!quote && (*at == ' ' || *at == '\t' || *at == '\r'))
			break;
		if (used + 1 >= size)
			return false;
		out[used++] = (unsigned char)*at < 0x20 || *at == 0x7f ? '?' : *at;
	}
	out[used] = 0;
	return !quote || at < end;
}

static bool is_date(const char *text)
{
	static const char form[] = "dddd-dd-dd";

	for (size_t i = 0; i < sizeof form - 1; i++)
		if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return false;
	return !text[sizeof form - 1];
}

static void take(struct accept_os *os, const char *line, const char *end)
{
	const struct {
		const char *key;
		char *out;
		size_t size;
	} rows[] = {{"ID=", os->id, sizeof os->id}, {"VERSION_ID=", os->version, sizeof os->version}, {"PRETTY_NAME=", os->name, sizeof os->name},
		    {"SUPPORT_END=", os->support_end, sizeof os->support_end}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++) {
		size_t size = strlen(rows[i].key);
		char value[128];

		if ((size_t)(end - line) < size || memcmp(line, rows[i].key, size) != 0)
			continue;
		if (!read_value(line + size, end, value, SK_MIN(sizeof value, rows[i].size)))
			value[0] = 0;
		if (rows[i].out == os->support_end && !is_date(value))
			value[0] = 0;
		snprintf(rows[i].out, rows[i].size, "%s", value);
	}
}

int accept_os_read(const char *text, size_t size, struct accept_os *ret_os)
{
	struct accept_os os = {0};

	for (const char *at = text, *stop = text + size; at < stop;) {
		const char *end = memchr(at, '\n', (size_t)(stop - at));

		take(&os, at, end ? end : stop);
		at = end ? end + 1 : stop;
	}
	if (!os.id[0] && !os.name[0])
		return SK_NONE;
	*ret_os = os;
	return 0;
}

int accept_os_days(const struct accept_os *os, int64_t today, int64_t *ret_days)
{
	struct tm end = {0};
	time_t last;

	if (!os->support_end[0] || sscanf(os->support_end, "%4d-%2d-%2d", &end.tm_year, &end.tm_mon, &end.tm_mday) != 3)
		return SK_NONE;
	end.tm_year -= 1900;
	end.tm_mon--;
	last = timegm(&end);
	if (last == (time_t)-1)
		return SK_NONE;
	*ret_days = ((int64_t)last + DAY - 1 - today) / DAY;
	if ((int64_t)last + DAY - 1 < today)
		*ret_days = -((today - (int64_t)last) / DAY);
	return 0;
}
