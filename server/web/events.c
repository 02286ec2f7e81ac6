// SPDX-License-Identifier: GPL-3.0-or-later
/* Searching events, and one event with what happened around it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/clock.h"
#include "web/handlers.h"
#include "wire/json.h"
#include "wire/store.h"

enum { ROWS, AROUND };
enum { PAGE_ROWS = 100, AROUND_SECONDS = 300 };

/* "2026-11-23T10:00" as the browser's field writes it, or "2026-11-23", in the server's own time zone. */
static int local_time(const char *text, int64_t *ret_ms)
{
	struct tm tm = {.tm_isdst = -1};
	const char *end = strptime(text, "%Y-%m-%dT%H:%M", &tm);
	time_t t;

	if (!end) {
		memset(&tm, 0, sizeof tm);
		tm.tm_isdst = -1;
		end = strptime(text, "%Y-%m-%d", &tm);
	}
	if (!end || (*end && *end != ':'))
		return SK_BAD;
	t = mktime(&tm);
	if (t < 0)
		return SK_BAD;
	*ret_ms = (int64_t)t * 1000;
	return 0;
}

static int put_times(struct sk_req *q, json_object *filter)
{
	static const char *const names[] = {"since", "until"};
	int r = 0;

	for (int i = 0; !r && i < 2; i++) {
		const char *text = sk_form_text(&q->query, names[i]);
		int64_t ms;

		if (!text[0])
			continue;
		if (local_time(text, &ms))
			return sk_fault(q, T_fault_time);
		r = sk_json_put_i64(filter, names[i], ms);
	}
	return r;
}

static int put_severities(struct sk_req *q, json_object *filter)
{
	const char *text = sk_form_text(&q->query, "severity");
	json_object *list;
	uint64_t least;
	int r;

	if (!text[0])
		return 0;
	if (sk_parse_u64(text, 6, &least) || least == 0)
		return sk_fault(q, T_error_bad);
	r = sk_json_put_array(filter, "severities", &list);
	for (uint64_t s = least; !r && s <= 6; s++)
		r = sk_json_append(list, json_object_new_int64((int64_t)s));
	return r;
}

static int put_classes(struct sk_req *q, json_object *filter)
{
	const char *text = sk_form_text(&q->query, "class");
	json_object *list;
	uint64_t class;
	int r;

	if (!text[0])
		return 0;
	if (sk_parse_u64(text, 999999999, &class))
		return sk_fault(q, T_error_bad);
	r = sk_json_put_array(filter, "classes", &list);
	return r ? r : sk_json_append(list, json_object_new_int64((int64_t)class));
}

static int put_texts(struct sk_req *q, json_object *filter)
{
	static const char *const names[] = {"path", "text"};
	const char *endpoint = sk_form_text(&q->query, "endpoint");
	json_object *list;
	int r = 0;

	for (int i = 0; !r && i < 2; i++) {
		const char *text = sk_form_text(&q->query, names[i]);

		if (strlen(text) > SK_STORE_TEXT_MAX)
			return sk_fault(q, T_error_bad);
		if (text[0])
			r = sk_json_put_string(filter, names[i], text);
	}
	if (r || !endpoint[0])
		return r;
	r = sk_json_put_array(filter, "endpoints", &list);
	return r ? r : sk_json_append(list, json_object_new_string(endpoint));
}

json_object *sk_event_filter(struct sk_req *q)
{
	json_object *body = json_object_new_object(), *filter;
	int r;

	r = sk_json_put_object(body, "filter", &filter);
	r = r ? r : put_times(q, filter);
	r = r ? r : put_severities(q, filter);
	r = r ? r : put_classes(q, filter);
	r = r ? r : put_texts(q, filter);
	r = r ? r : sk_req_put_scopes(q, filter);
	return r ? sk_json_free(body) : body;
}

/* `path` with the filter as its query, and one value more; into the model under `key`. */
static void put_url(struct sk_req *q, const char *key, const char *path, const char *name, const char *value)
{
	static const char *const names[] = {"endpoint", "class", "severity", "path", "text", "since", "until"};
	struct sk_html h = SK_HTML(SK_EN);
	const char *mark = "?";

	sk_html_raw(&h, path, strlen(path));
	for (size_t i = 0; i <= SK_ARRAY_SIZE(names); i++) {
		const char *of = i < SK_ARRAY_SIZE(names) ? names[i] : name, *text = i < SK_ARRAY_SIZE(names) ? sk_form_text(&q->query, of) : value;

		if (!text[0])
			continue;
		sk_html_raw(&h, mark, 1);
		mark = "&";
		sk_html_url_text(&h, of);
		sk_html_raw(&h, "=", 1);
		sk_html_url_text(&h, text);
	}
	if (!h.error)
		sk_put_s(q->model, key, h.out.data);
	sk_buf_done(&h.out);
}

int sk_do_events(struct sk_req *q)
{
	json_object *body;
	int r;

	sk_req_scope(q, SK_OBJECT_EVENT, SK_VERB_READ);
	if (q->step == 0) {
		body = sk_event_filter(q);
		if (!body)
			return SK_BAD;
		r = sk_json_put_i64(body, "limit", PAGE_ROWS);
		if (!r && sk_form_text(&q->query, "after")[0])
			r = sk_json_put_string(body, "after", sk_form_text(&q->query, "after"));
		if (r) {
			sk_json_free(body);
			return r;
		}
		r = sk_req_ask(q, ROWS, q->web->store, SK_F_QUERY, body);
		return r ? r : SK_AGAIN;
	}
	r = sk_answer_result(&q->answers[ROWS]);
	if (r)
		return r;
	sk_put_o(sk_req_model(q), "events", sk_scoped(q, q->answers[ROWS].value, "rows"));
	sk_put_s(q->model, "next", sk_field_text(q->answers[ROWS].value, "next"));
	sk_put_b(q->model, "complete", sk_field_bool(q->answers[ROWS].value, "complete"));
	sk_put_i(q->model, "damaged", sk_field_int(q->answers[ROWS].value, "damaged"));
	if (sk_field_text(q->model, "next")[0])
		put_url(q, "next_url", "/events", "after", sk_field_text(q->model, "next"));
	put_url(q, "live_url", "/events/live", "", "");
	return 0;
}

/* ---- one ---- */

static int ask_one(struct sk_req *q)
{
	json_object *get = json_object_new_object(), *around = json_object_new_object();
	int r;

	r = sk_json_put_string(get, "id", q->id);
	r = r ? r : sk_req_put_scopes(q, get);
	r = r ? r : sk_json_put_string(around, "id", q->id);
	r = r ? r : sk_json_put_i64(around, "seconds", AROUND_SECONDS);
	r = r ? r : sk_json_put_i64(around, "limit", 200);
	r = r ? r : sk_req_put_scopes(q, around);
	r = r ? r : sk_req_ask(q, ROWS, q->web->store, SK_F_GET, SK_TAKE(get));
	r = r ? r : sk_req_ask(q, AROUND, q->web->store, SK_F_AROUND, SK_TAKE(around));
	sk_json_free(get);
	sk_json_free(around);
	return r ? r : SK_AGAIN;
}

int sk_do_event(struct sk_req *q)
{
	_cleanup_json_ json_object *rows = NULL;
	json_object *row;
	int r;

	sk_req_scope(q, SK_OBJECT_EVENT, SK_VERB_READ);
	if (q->step == 0)
		return ask_one(q);
	r = sk_answer_result(&q->answers[ROWS]);
	if (r)
		return r == SK_BAD ? SK_NONE : r;
	rows = sk_scoped(q, q->answers[ROWS].value, "rows");
	if (json_object_array_length(rows) != 1)
		return SK_NONE;
	row = json_object_array_get_idx(rows, 0);
	sk_event_why(q, row);
	sk_put_o(sk_req_model(q), "event", json_object_get(row));
	sk_put_o(q->model, "around", sk_scoped(q, q->answers[AROUND].value, "rows"));
	sk_put_b(q->model, "around_complete", sk_field_bool(q->answers[AROUND].value, "complete"));
	return 0;
}
