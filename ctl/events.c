// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho events: what happened, newest first, or as it happens. Text is one line an event; --json gives the events themselves, one a line, with
 * the id, endpoint, organisation and site they came under.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/clock.h"
#include "server-call.h"
#include "wire/store.h"

static const char *const severities[] = {"unknown", "informational", "low", "medium", "high", "critical", "fatal"};

/* ---- the question ---- */

/* "2026-11-23T10:00:00Z", "2026-11-23", or "15m", "2h", "7d" ago. */
static int put_time(const struct ctl *ctl, struct json_object *filter, const char *option)
{
	const char *text = ctl_option(ctl, option);
	uint64_t ms, ago;
	char whole[40];

	if (!text)
		return CTL_OK;
	if (sk_parse_duration(text, &ago) == 0) {
		ms = sk_clock_ms() > ago ? sk_clock_ms() - ago : 0;
	} else {
		snprintf(whole, sizeof whole, "%s%s", text, strlen(text) == 10 ? "T00:00:00Z" : "");
		if (sk_clock_parse(whole, &ms))
			return ctl_fail(ctl, CTL_USAGE, CTL_T("--%s %s: expected a UTC time such as 2026-11-23T10:00:00Z, or 15m, 2h, 7d ago",
							      "--%s %s: 2026-11-23T10:00:00Z のような UTC の日時か、15m、2h、7d（前）を指定してください"), option, text);
	}
	return sk_json_put_u64(filter, option, ms) ? ctl_fail_errno(ctl, -ENOMEM, option) : CTL_OK;
}

static int put_list(const struct ctl *ctl, struct json_object *filter, const char *option, const char *key, int64_t (*number)(const char *text))
{
	struct json_object *list = NULL;
	const char *text;
	int r = 0;

	for (size_t n = 0; !r && (text = ctl_option_at(ctl, option, n)); n++) {
		int64_t value = number ? number(text) : 0;

		if (value < 0)
			return ctl_fail(ctl, CTL_USAGE, CTL_T("--%s %s: not known", "--%s %s: 不明な値です"), option, text);
		if (!list)
			r = sk_json_put_array(filter, key, &list);
		if (!r)
			r = sk_json_append(list, number ? json_object_new_int64(value) : json_object_new_string(text));
	}
	return r ? ctl_fail_errno(ctl, r, option) : CTL_OK;
}

static int64_t class_number(const char *text)
{
	uint64_t value;

	return sk_parse_u64(text, UINT32_MAX, &value) ? -1 : (int64_t)value;
}

static int64_t severity_number(const char *text)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(severities); i++)
		if (strcmp(severities[i], text) == 0)
			return (int64_t)i;
	return text[0] >= '0' && text[0] <= '6' && !text[1] ? text[0] - '0' : strcmp(text, "99") == 0 ? 99 : -1;
}

static int put_text(const struct ctl *ctl, struct json_object *filter, const char *option)
{
	const char *text = ctl_option(ctl, option);

	return text && sk_json_put_string(filter, option, text) ? ctl_fail_errno(ctl, -ENOMEM, option) : CTL_OK;
}

static int make_filter(const struct ctl *ctl, struct json_object *question)
{
	struct json_object *filter;
	int r = sk_json_put_object(question, "filter", &filter) ? ctl_fail_errno(ctl, -ENOMEM, "filter") : CTL_OK;

	if (r == CTL_OK)
		r = put_time(ctl, filter, "since");
	if (r == CTL_OK)
		r = put_time(ctl, filter, "until");
	if (r == CTL_OK)
		r = put_list(ctl, filter, "endpoint", "endpoints", NULL);
	if (r == CTL_OK)
		r = put_list(ctl, filter, "class", "classes", class_number);
	if (r == CTL_OK)
		r = put_list(ctl, filter, "severity", "severities", severity_number);
	if (r == CTL_OK)
		r = put_text(ctl, filter, "path");
	return r == CTL_OK ? put_text(ctl, filter, "text") : r;
}

/* ---- the answer ---- */

struct printer {
	const struct ctl *ctl;
	uint64_t printed;
	char next[80];
};

/* Foreign text on a terminal: no byte of it may move the cursor. */
static void put_clean(const char *text)
{
	for (; *text; text++)
		putchar((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
}

static const char *path_of(struct json_object *event)
{
	struct json_object *file = server_member(server_member(event, "process"), "file");

	return server_text(file ? file : server_member(event, "file"), "path");
}

static void print_text(struct json_object *row)
{
	struct json_object *event = server_member(row, "event");
	int64_t severity = server_number(event, "severity_id");
	const char *host = server_text(row, "host");
	char when[24];

	printf("%s  %-13s  %-20s  ", server_time(server_number(event, "time"), when),
	       severity >= 0 && severity <= 6 ? severities[severity] : "other", host[0] ? host : server_text(row, "agent"));
	put_clean(server_text(event, "message"));
	if (path_of(event)[0]) {
		printf("  ");
		put_clean(path_of(event));
	}
	printf("  [%s]\n", server_text(row, "id"));
}

static int print_row(struct printer *p, const char *line, size_t size)
{
	_cleanup_json_ struct json_object *row = NULL;

	p->printed++;
	if (p->ctl->json)
		return fwrite(line, 1, size, stdout) == size && putchar('\n') != EOF ? 0 : -EIO;
	if (sk_json_parse_object(line, size, size, &row, NULL))
		return -EBADMSG;
	print_text(row);
	return ferror(stdout) ? -EIO : 0;
}

static int print_rows(struct printer *p, const struct sk_frame *frame)
{
	const char *at = (const char *)frame->body, *end = at + frame->size;
	int r = 0;

	while (!r && at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		if (!stop)
			return -EBADMSG;
		r = print_row(p, at, (size_t)(stop - at));
		at = stop + 1;
	}
	return r;
}

static int on_part(void *arg, const struct sk_frame *frame)
{
	struct printer *p = arg;
	_cleanup_json_ struct json_object *progress = NULL;
	int r = frame->type == SK_F_ROWS ? print_rows(p, frame) : 0;

	if (frame->type == SK_F_PROGRESS && sk_json_parse_object(frame->body, frame->size, frame->size, &progress, NULL) == 0 &&
	    server_member(progress, "skipped"))
		fprintf(stderr, CTL_T("sekisho: %" PRId64 " events passed by faster than they could be shown\n",
				      "sekisho: 表示が追いつかず %" PRId64 " 件を省略しました\n"), server_number(progress, "skipped"));
	fflush(stdout);
	return r ? r : ferror(stdout) ? -EIO : 0;
}

static int ask(struct printer *p, struct sk_call *call, uint16_t type, struct json_object *question, struct json_object **ret_end)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(64 << 10);
	struct sk_diag diag = {0};
	struct sk_frame end;
	int r = sk_json_canonical(question, &text);

	if (!r)
		r = sk_call_ask(call, type, text.data, text.size, type == SK_F_FOLLOW ? UINT64_MAX : SERVER_ASK_MS, on_part, p, &end, &diag);
	if (!r)
		r = sk_json_parse_object(end.body, end.size, end.size, ret_end, &diag);
	return r ? server_failed(p->ctl, r, &diag) : CTL_OK;
}

/* Pages until there are `limit` rows or no more. */
static int list(struct printer *p, struct sk_call *call, struct json_object *question, uint64_t limit)
{
	uint64_t damaged = 0;
	int r = CTL_OK;

	while (r == CTL_OK && p->printed < limit) {
		_cleanup_json_ struct json_object *end = NULL;
		uint64_t left = limit - p->printed;

		if (sk_json_put_u64(question, "limit", SK_MIN(left, (uint64_t)SK_STORE_LIMIT_MAX)))
			return ctl_fail_errno(p->ctl, -ENOMEM, "events");
		r = ask(p, call, SK_F_QUERY, question, &end);
		if (r == CTL_OK)
			damaged += (uint64_t)server_number(end, "damaged");
		if (r != CTL_OK || !server_member(end, "next"))
			break;
		if (sk_json_put_string(question, "after", server_text(end, "next")))
			return ctl_fail_errno(p->ctl, -ENOMEM, "events");
	}
	if (damaged)
		return ctl_fail(p->ctl, CTL_FOUND, CTL_T("%" PRIu64 " damaged blocks were passed over", "破損したブロック %" PRIu64 " 個を読み飛ばしました"), damaged);
	return r;
}

static int run(struct ctl *ctl)
{
	_cleanup_json_ struct json_object *question = json_object_new_object();
	_cleanup_call_ struct sk_call *call = NULL;
	_cleanup_json_ struct json_object *end = NULL;
	struct printer printer = {.ctl = ctl};
	unsigned long long limit;
	int r = ctl_option_number(ctl, "limit", 0, 1000000000, ctl_option(ctl, "follow") ? 10 : 100, &limit);

	if (r == CTL_OK)
		r = make_filter(ctl, question);
	if (r == CTL_OK)
		r = server_open(ctl, SK_PROTO_STORE, &call);
	if (r != CTL_OK)
		return r;
	if (ctl_option(ctl, "follow")) {
		if (sk_json_put_u64(question, "backlog", SK_MIN(limit, (unsigned long long)SK_STORE_LIMIT_MAX)))
			return ctl_fail_errno(ctl, -ENOMEM, "events");
		return ask(&printer, call, SK_F_FOLLOW, question, &end);
	}
	if (ctl_option(ctl, "oldest") && sk_json_put_string(question, "order", "oldest"))
		return ctl_fail_errno(ctl, -ENOMEM, "events");
	return list(&printer, call, question, limit);
}

static const struct ctl_option options[] = {
	{"follow", NULL, {"go on showing events as they come in", "新着を表示し続ける"}},
	{"since", "TIME", {"not before: 2026-11-23T10:00:00Z, or 15m, 2h, 7d ago", "この時刻以降: 2026-11-23T10:00:00Z、または 15m、2h、7d 前"}},
	{"until", "TIME", {"before", "この時刻より前"}},
	{"endpoint", "NAME", {"id or host name", "識別子かホスト名"}, .many = true},
	{"class", "NUMBER", {"class_uid, as in docs/events.md", "class_uid（docs/events.md を参照）"}, .many = true},
	{"severity", "NAME", {"informational, low, medium, high, critical, fatal; or 0 to 6", "informational、low、medium、high、critical、fatal、または 0～6"}, .many = true},
	{"path", "TEXT", {"somewhere in the path of a program or file", "プログラムかファイルのパスに含まれる文字列"}},
	{"text", "TEXT", {"somewhere in the event", "イベントに含まれる文字列"}},
	{"limit", "N", {"at most so many (100)", "最大件数（100）"}},
	{"oldest", NULL, {"oldest first", "古い順"}},
	{0}};

static const struct ctl_command commands[] = {
	{"", run, .help = {"events of all endpoints, newest first", "全エンドポイントのイベント（新しい順）"}, .options = options},
	{0}};

const struct ctl_family ctl_events = {
	.name = "events",
	.help = {"what happened on the endpoints", "エンドポイントで起きたこと"},
	.commands = commands,
};
