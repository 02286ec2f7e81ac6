// SPDX-License-Identifier: GPL-3.0-or-later
/* The small pieces that pages are made of. See page.h. */
#include "web/page.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "os/clock.h"

static void local(int64_t ms, struct tm *tm)
{
	time_t t = (time_t)(ms / 1000);

	localtime_r(&t, tm);
}

const char *sk_zone_name(void)
{
	static char name[64];
	time_t now = time(NULL);
	char offset[8];
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(offset, sizeof offset, "%z", &tm);
	snprintf(name, sizeof name, "%s (UTC%.3s:%.2s)", tm.tm_zone, offset, offset + 3);
	return name;
}

void sk_show_time(struct sk_html *h, int64_t ms, bool brief)
{
	char utc[32], shown[64];
	struct tm at, now;

	if (ms <= 0)
		return;
	local(ms, &at);
	local((int64_t)sk_clock_ms(), &now);
	brief = brief && at.tm_year == now.tm_year && at.tm_yday == now.tm_yday;
	strftime(shown, sizeof shown, brief ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &at);
	sk_clock_text((uint64_t)ms, utc);
	sk_html_raw(h, "<time datetime=\"", 16);
	sk_html_text(h, utc);
	sk_html_raw(h, "\" title=\"", 9);
	sk_html_text(h, utc);
	sk_html_raw(h, "\">", 2);
	sk_html_text(h, shown);
	sk_html_raw(h, "</time>", 7);
}

void sk_show_ago(struct sk_html *h, int64_t ms)
{
	static const struct {
		int64_t below, unit;
		enum sk_text text;
	} steps[] = {{60, 1, T_ago_seconds}, {3600, 60, T_ago_minutes}, {172800, 3600, T_ago_hours}, {INT64_MAX, 86400, T_ago_days}};
	int64_t seconds = ((int64_t)sk_clock_ms() - ms) / 1000;
	char utc[32];
	size_t i = 0;

	if (ms <= 0) {
		sk_html_fill(h, T_never, NULL, NULL);
		return;
	}
	seconds = seconds < 0 ? 0 : seconds;
	while (seconds >= steps[i].below)
		i++;
	sk_html_raw(h, "<time title=\"", 13);
	sk_html_text(h, sk_clock_text((uint64_t)ms, utc));
	sk_html_raw(h, "\" datetime=\"", 12);
	sk_html_text(h, utc);
	sk_html_raw(h, "\">", 2);
	sk_html_fill(h, steps[i].text, sk_html_number(seconds / steps[i].unit), NULL);
	sk_html_raw(h, "</time>", 7);
}

void sk_show_bytes(struct sk_html *h, int64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	char text[32];
	size_t unit = 0;

	while (value >= 1024 && unit < SK_ARRAY_SIZE(units) - 1) {
		value /= 1024;
		unit++;
	}
	snprintf(text, sizeof text, value < 10 && unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
	sk_html_text(h, text);
}

void sk_show_number(struct sk_html *h, int64_t value)
{
	char digits[24], text[32];
	size_t n = (size_t)snprintf(digits, sizeof digits, "%" PRId64, value), out = 0;

	for (size_t i = 0; i < n; i++) {
		text[out++] = digits[i];
		if ((n - i - 1) % 3 == 0 && i + 1 < n && digits[i] != '-')
			text[out++] = ',';
	}
	text[out] = '\0';
	sk_html_text(h, text);
}

void sk_show_hash(struct sk_html *h, const char *hash)
{
	char brief[16];

	snprintf(brief, sizeof brief, "%.12s", hash);
	sk_html_raw(h, "<span class=\"hash\" title=\"", 26);
	sk_html_text(h, hash);
	sk_html_raw(h, "\">", 2);
	sk_html_text(h, brief);
	sk_html_raw(h, "</span>", 7);
}

void sk_show_place(struct sk_html *h, const char *org, const char *site)
{
	if (!org[0]) {
		sk_html_fill(h, T_everywhere, NULL, NULL);
		return;
	}
	sk_html_text(h, org);
	sk_html_raw(h, " / ", 3);
	if (site[0])
		sk_html_text(h, site);
	else
		sk_html_fill(h, T_all_sites, NULL, NULL);
}

void sk_show_badge(struct sk_html *h, const char *kind, enum sk_text text)
{
	sk_html_raw(h, "<span class=\"badge ", 19);
	sk_html_text(h, kind);
	sk_html_raw(h, "\">", 2);
	sk_html_fill(h, text, NULL, NULL);
	sk_html_raw(h, "</span>", 7);
}

void sk_show_severity(struct sk_html *h, int64_t severity)
{
	static const enum sk_text names[] = {T_severity_0, T_severity_1, T_severity_2, T_severity_3, T_severity_4, T_severity_5, T_severity_6};
	char kind[24];

	if (severity < 0 || severity > 6)
		severity = 0;
	snprintf(kind, sizeof kind, "sev sev-%d", (int)severity);
	sk_show_badge(h, kind, names[severity]);
}

void sk_show_mode(struct sk_html *h, const char *mode)
{
	if (mode[0])
		sk_show_word(h, "mode", mode);
	else
		sk_html_text(h, "–");
}

/* ---- what events are about ---- */

const char *sk_event_subject(json_object *event)
{
	static const char *const places[] = {"process.file.path", "evidences.0.file.path", "fab.request.id", "entity.name", "user.name", "fab.queue"};
	static char text[160];

	if (HAS(event, "dst_endpoint.ip")) { /* between two machines: what was said, and to whom */
		snprintf(text, sizeof text, "%.100s → %.48s", sk_field_text(event, HAS(event, "unmapped.sid") ? "message" : HAS(event, "fab.name") ? "fab.name" : "fab.word"),
			sk_field_text(event, "dst_endpoint.ip"));
		return text;
	}
	if (HAS(event, "fab.loss.first")) {
		snprintf(text, sizeof text, "%.20s – %.20s", sk_field_text(event, "fab.loss.first"), sk_field_text(event, "fab.loss.last"));
		return text;
	}
	if (HAS(event, "policy.version")) {
		snprintf(text, sizeof text, "%.40s #%.32s", sk_field_text(event, "policy.name"), sk_field_text(event, "policy.version"));
		return text;
	}
	for (size_t i = 0; i < SK_ARRAY_SIZE(places); i++)
		if (HAS(event, places[i]))
			return sk_field_text(event, places[i]);
	return "";
}

const char *sk_request_subject(json_object *request)
{
	static const char *const places[] = {"body.path", "body.name", "body.programs.0.path", "body.programs.0.name", "body.sha256"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(places); i++)
		if (HAS(request, places[i]))
			return sk_field_text(request, places[i]);
	return "";
}

void sk_show_event_name(struct sk_html *h, json_object *event)
{
	const char *code = sk_field_text(event, "metadata.event_code");

	if (sk_word_known("event", code))
		sk_show_word(h, "event", code);
	else
		sk_html_text(h, HAS(event, "message") ? sk_field_text(event, "message") : code);
}

/* ---- forms and the menu ---- */

void sk_show_csrf(struct sk_html *h, struct sk_req *q)
{
	sk_html_raw(h, "<input type=\"hidden\" name=\"csrf\" value=\"", 40);
	sk_html_text(h, q->who.csrf);
	sk_html_raw(h, "\">", 2);
}

void sk_show_done(struct sk_html *h, struct sk_req *q)
{
	const char *word = sk_form_text(&q->query, "done");

	/* Only words of ours: a link from outside cannot put a sentence on our page. */
	if (!word[0] || !sk_word_known("done", word))
		return;
	sk_html_raw(h, "<p class=\"notice good\" role=\"status\">", 37);
	sk_show_word(h, "done", word);
	sk_html_raw(h, "</p>", 4);
}

bool sk_here(const struct sk_req *q, const char *path)
{
	size_t n = strlen(path);

	if (strcmp(path, "/") == 0)
		return strcmp(q->path, "/") == 0 || strcmp(q->path, "/overview") == 0;
	return strncmp(q->path, path, n) == 0 && (q->path[n] == '\0' || q->path[n] == '/');
}

bool sk_chosen(const struct sk_form *form, const char *name, const char *value)
{
	return strcmp(sk_form_text(form, name), value) == 0;
}
