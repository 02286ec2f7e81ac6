// SPDX-License-Identifier: GPL-3.0-or-later
/* Times. The build date comes from the build (SK_BUILD_TIME, seconds: SOURCE_DATE_EPOCH or the commit's). */
#include "os/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/file.h"

enum { HOUR_MS = 3600 * 1000 };

static uint64_t read_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t sk_clock_ms(void)
{
	return read_us(CLOCK_REALTIME) / 1000;
}

uint64_t sk_clock_mono_ms(void)
{
	return read_us(CLOCK_MONOTONIC) / 1000;
}

uint64_t sk_clock_mono_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

uint64_t sk_clock_build_ms(void)
{
	return (uint64_t)SK_BUILD_TIME * 1000;
}

const char *sk_clock_boot_id(void)
{
	static char id[37];

	if (!id[0]) {
		_cleanup_close_ int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

		if (fd < 0 || read(fd, id, 36) != 36)
			id[0] = '\0';
	}
	return id;
}

const char *sk_clock_state_name(enum sk_clock_state state)
{
	return state == SK_CLOCK_OK ? "ok" : "wrong";
}

int sk_clock_load(struct sk_clock *clock, int dir, const char *path)
{
	_cleanup_buf_ struct sk_buf buf = SK_BUF(64);
	uint64_t saved = 0;
	int r;

	*clock = (struct sk_clock){.floor_ms = sk_clock_build_ms()};
	r = sk_file_read(dir, path, 32, &buf);
	if (r == SK_NONE)
		return 0;
	if (r == 0) {
		if (buf.size && buf.data[buf.size - 1] == '\n')
			buf.data[--buf.size] = '\0';
		r = buf.size && strlen(buf.data) == buf.size ? sk_parse_u64(buf.data, UINT64_MAX / 2, &saved) : SK_BAD;
	}
	if (r) {
		sk_log(SK_LOG_WARNING, "%s does not hold a time; going on from the build date", path);
		return r == -ENOMEM ? r : 0;
	}
	clock->saved_ms = saved;
	clock->floor_ms = SK_MAX(clock->floor_ms, saved);
	return 0;
}

enum sk_clock_state sk_clock_check(const struct sk_clock *clock, uint64_t now_ms)
{
	return now_ms < clock->floor_ms ? SK_CLOCK_WRONG : SK_CLOCK_OK;
}

int sk_clock_trust(struct sk_clock *clock, int dir, const char *path, uint64_t trusted_ms)
{
	char text[32];
	int r;

	clock->floor_ms = SK_MAX(clock->floor_ms, trusted_ms);
	if (trusted_ms < clock->saved_ms + HOUR_MS)
		return 0;
	snprintf(text, sizeof text, "%" PRIu64 "\n", trusted_ms);
	r = sk_file_replace("clock.save", dir, path, text, strlen(text), 0600);
	if (r)
		return r;
	clock->saved_ms = trusted_ms;
	return 0;
}

char *sk_clock_text(uint64_t ms, char *out)
{
	time_t seconds = (time_t)(SK_MIN(ms, UINT64_C(253402300799999)) / 1000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(out, 25, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + strlen(out), 6, ".%03uZ", (unsigned)(ms % 1000));
	return out;
}

/* `n` digits at *at. */
static int take_digits(const char **at, int n, int min, int max, int *ret)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		char c = (*at)[i];

		if (c < '0' || c > '9')
			return SK_BAD;
		v = v * 10 + c - '0';
	}
	if (v < min || v > max)
		return SK_BAD;
	*at += n;
	*ret = v;
	return 0;
}

static int take_char(const char **at, char c)
{
	if (**at != c)
		return SK_BAD;
	(*at)++;
	return 0;
}

int sk_clock_parse(const char *text, uint64_t *ret_ms)
{
	struct tm tm = {0};
	const char *at = text;
	int fraction = 0, day;
	time_t seconds;

	if (take_digits(&at, 4, 1970, 9999, &tm.tm_year) || take_char(&at, '-') || take_digits(&at, 2, 1, 12, &tm.tm_mon) ||
	    take_char(&at, '-') || take_digits(&at, 2, 1, 31, &tm.tm_mday) || take_char(&at, 'T') ||
	    take_digits(&at, 2, 0, 23, &tm.tm_hour) || take_char(&at, ':') || take_digits(&at, 2, 0, 59, &tm.tm_min) ||
	    take_char(&at, ':') || take_digits(&at, 2, 0, 59, &tm.tm_sec))
		return SK_BAD;
	if (*at == '.' && (take_char(&at, '.') || take_digits(&at, 3, 0, 999, &fraction)))
		return SK_BAD;
	if (take_char(&at, 'Z') || *at)
		return SK_BAD;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	day = tm.tm_mday;
	seconds = timegm(&tm);
	/* 30 February comes back as another day. */
	if (tm.tm_mday != day)
		return SK_BAD;
	*ret_ms = (uint64_t)seconds * 1000 + (uint64_t)fraction;
	return 0;
}
