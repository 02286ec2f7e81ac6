// SPDX-License-Identifier: GPL-3.0-or-later
/* RFC 3339 times, UTC, whole seconds: the one way in which policies, delegations and revocations say when. */
#include "conf/conf.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"

/* Exactly `count` digits. */
static int digits(const char *text, unsigned count, int *ret_value)
{
	int value = 0;

	for (unsigned i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return SK_BAD;
		value = value * 10 + (text[i] - '0');
	}
	*ret_value = value;
	return 0;
}

int sk_time_parse(const char *text, int64_t *ret_seconds)
{
	struct tm tm = {0}, back;
	size_t size = strnlen(text, 21);
	time_t seconds;

	if ((size != 10 && size != 20) || text[4] != '-' || text[7] != '-' || digits(text, 4, &tm.tm_year) != 0 ||
	    digits(text + 5, 2, &tm.tm_mon) != 0 || digits(text + 8, 2, &tm.tm_mday) != 0)
		return SK_BAD;
	if (size == 20 && (text[10] != 'T' || text[13] != ':' || text[16] != ':' || text[19] != 'Z' || digits(text + 11, 2, &tm.tm_hour) != 0 ||
			   digits(text + 14, 2, &tm.tm_min) != 0 || digits(text + 17, 2, &tm.tm_sec) != 0))
		return SK_BAD;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	back = tm;
	seconds = timegm(&tm);
	/* timegm() carries the 31st of February over into March: what comes back must be what went in. */
	if (back.tm_year < 70 || tm.tm_year != back.tm_year || tm.tm_mon != back.tm_mon || tm.tm_mday != back.tm_mday ||
	    tm.tm_hour != back.tm_hour || tm.tm_min != back.tm_min || tm.tm_sec != back.tm_sec)
		return SK_BAD;
	*ret_seconds = seconds;
	return 0;
}

char *sk_time_text(int64_t seconds, char out[static 21])
{
	time_t time = seconds;
	struct tm tm;
	char text[64];

	if (seconds < 0 || seconds >= 253402300800 || !gmtime_r(&time, &tm))
		gmtime_r(&(time_t){0}, &tm);
	snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
		 tm.tm_sec);
	memcpy(out, text, 20);
	out[20] = '\0';
	return out;
}
