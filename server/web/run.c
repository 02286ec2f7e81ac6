// SPDX-License-Identifier: GPL-3.0-or-later
/* Runs a handler step by step and turns what it left in the request into an answer: page, part of a page, JSON, file, redirect, error. */
#include <errno.h>
#include <event2/http.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "web-pages.gen.h"
#include "web/http.h"
#include "web/page.h"
#include "web/route.h"
#include "wire/json.h"

static void answer_html(struct sk_req *q, int status, sk_template page)
{
	struct sk_html h = SK_HTML(q->language);

	if (q->fragment && q->route && q->route->fragment && status == 200) {
		q->route->fragment(&h, q);
	} else {
		page_top(&h, q);
		page(&h, q);
		page_end(&h, q);
	}
	if (h.error)
		sk_http_answer(q, 500, "text/plain; charset=utf-8", NULL);
	else
		sk_http_answer(q, status, "text/html; charset=utf-8", &h.out);
	sk_buf_done(&h.out);
}

static void answer_json(struct sk_req *q, int status)
{
	const char *text = json_object_to_json_string_ext(sk_req_model(q), JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	struct sk_buf body = SK_BUF(SK_HTML_MAX);

	if (!text || sk_buf_append_str(&body, text) || sk_buf_append_char(&body, '\n')) {
		status = 500;
		sk_buf_clear(&body);
	}
	sk_http_answer(q, status, "application/json", &body);
	sk_buf_done(&body);
}

static void answer_file(struct sk_req *q)
{
	struct sk_buf body = SK_BUF(SK_HTML_MAX);
	char disposition[128];
	int r = sk_buf_append_str(&body, sk_field_text(q->model, "file"));

	snprintf(disposition, sizeof disposition, "attachment; filename=\"%s\"", sk_field_text(q->model, "file_name"));
	if (q->ev)
		evhttp_add_header(evhttp_request_get_output_headers(q->ev), "Content-Disposition", disposition);
	sk_http_answer(q, r ? 500 : 200, sk_field_text(q->model, "file_type"), &body);
	sk_buf_done(&body);
}

/* A word for programs and a sentence for people. */
static void put_error(struct sk_req *q, int status, enum sk_text text)
{
	static const struct {
		int status;
		const char *word;
	} words[] = {{400, "bad"}, {401, "sign-in"}, {403, "denied"}, {404, "none"}, {405, "method"}, {409, "conflict"},
		     {415, "type"}, {421, "host"}, {429, "later"}, {503, "away"}};
	const char *word = "failed";

	for (size_t i = 0; i < SK_ARRAY_SIZE(words); i++)
		if (words[i].status == status)
			word = words[i].word;
	sk_json_put_string(sk_req_model(q), "error", word);
	sk_json_put_string(sk_req_model(q), "text", sk_text_in(q->language, text));
}

static void show_error(struct sk_html *h, struct sk_req *q)
{
	page_error(h, q, sk_field_text(q->model, "text"));
}

void sk_req_fail(struct sk_req *q, int status, enum sk_text text)
{
	q->location[0] = '\0';
	q->status = status;
	put_error(q, status, text);
	if (q->api)
		answer_json(q, status);
	else
		answer_html(q, status, show_error);
	sk_req_free(q);
}

static void succeed(struct sk_req *q)
{
	int status = q->status ? q->status : 200;

	if (q->route->flags & SK_ROUTE_FILE)
		answer_file(q);
	else if (q->api && !q->route->page)
		q->location[0] = '\0', sk_json_put_bool(sk_req_model(q), "ok", true), answer_json(q, status);
	else if (q->api)
		answer_json(q, status);
	else if (q->location[0])
		sk_http_answer(q, 303, "text/plain", NULL);
	else
		answer_html(q, status, q->route->page);
	sk_req_free(q);
}

static void finish(struct sk_req *q, int r)
{
	enum sk_text fault = (enum sk_text)q->fault;

	if (r == 0)
		succeed(q);
	else if (r == SK_NONE)
		sk_req_fail(q, 404, T_error_none);
	else if (r == SK_DENIED)
		sk_req_fail(q, 403, T_error_denied);
	else if (r == SK_BAD)
		sk_req_fail(q, q->status ? q->status : 400, fault ? fault : T_error_bad);
	else if (r == SK_FULL)
		sk_req_fail(q, 429, fault ? fault : T_error_busy);
	else if (r == SK_END)
		sk_req_fail(q, 503, T_error_away);
	else
		sk_req_fail(q, 500, T_error_internal);
}

void sk_req_run(struct sk_req *q)
{
	int r;

	do {
		r = q->route->handler(q);
		q->step++;
	} while (r == SK_AGAIN && !q->waiting);
	if (r == SK_AGAIN)
		return;
	if (r == 0 && q->route->flags & SK_ROUTE_STREAM)
		return; /* it belongs to live.c now */
	finish(q, r);
}
