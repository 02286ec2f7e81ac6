// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Signing in and out. A wrong name costs the same work as a wrong password and gets the same words; tries are counted by address, and by name whether it exists
 * or not. Each sign-in makes a new session; what the browser held before is worth nothing.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "os/clock.h"
#include "web/guard.h"
#include "web/handlers.h"
#include "wire/json.h"

/* Where to go afterwards: a path of ours, never another machine. */
static const char *next_page(struct sk_req *q)
{
	const char *to = sk_form_text(q->post ? &q->form : &q->query, "to");

	return to[0] == '/' && to[1] != '/' && to[1] != '\\' && strlen(to) < 400 ? to : "/";
}

int sk_do_sign_in_page(struct sk_req *q)
{
	const char *cookies = q->ev ? evhttp_find_header(evhttp_request_get_input_headers(q->ev), "Cookie") : NULL;
	char token[SK_SECRET_TEXT];
	int r;

	if (q->signed_in) {
		sk_req_go(q, next_page(q), NULL, NULL);
		return 0;
	}
	r = sk_guard_before(q, cookies, token);
	if (r)
		return r;
	sk_put_s(sk_req_model(q), "csrf", token);
	sk_put_s(q->model, "to", next_page(q));
	sk_put_s(q->model, "name", sk_form_text(&q->form, "name"));
	return 0;
}

static int audit_sign_in(struct sk_req *q, const char *action, const char *name, const char *why)
{
	_cleanup_json_ json_object *detail = json_object_new_object();

	if (why)
		sk_put_s(detail, "why", why);
	return sk_req_audit(q, action, name, "", "", detail);
}

/* The page again, with the reason; the status says so too. */
static int again(struct sk_req *q, enum sk_text text, int status)
{
	int r = sk_do_sign_in_page(q);

	q->fault = (int)text;
	q->status = status;
	return r;
}

static int start_check(struct sk_req *q, const char *name)
{
	char record[SK_PASSWORD_RECORD_SIZE];
	int64_t now = (int64_t)sk_clock_ms(), wait = 0;
	int r;

	if (!sk_tries_count(q->web->tries, q->address, now))
		return again(q, T_sign_in_slow, 429);
	r = sk_lock_left(&q->web->db, name, now, &wait);
	if (r)
		return r;
	if (wait > 0)
		return again(q, T_sign_in_locked, 429);
	r = sk_user_password(&q->web->db, name, &q->scratch, record);
	if (r < 0)
		return r;
	r = sk_req_check_password(q, r ? NULL : record, sk_form_text(&q->form, "password"));
	sk_wipe(record, sizeof record);
	if (r == SK_FULL)
		return again(q, T_error_busy, 503);
	return r ? r : SK_AGAIN;
}

static int refuse(struct sk_req *q, const char *name)
{
	bool locked = false;
	int r;

	r = sk_lock_count(&q->web->db, name, (int64_t)sk_clock_ms(), &locked);
	r = r ? r : audit_sign_in(q, "sign-in.refused", name, locked ? "locked" : "password");
	return r ? r : again(q, locked ? T_sign_in_locked : T_sign_in_wrong, 401);
}

static int let_in(struct sk_req *q, const char *name)
{
	char secret[SK_SECRET_TEXT];
	struct sk_db *db = &q->web->db;
	int r;

	r = sk_db_begin(db);
	if (r)
		return r;
	snprintf(q->who.actor, sizeof q->who.actor, "%s", name);
	r = sk_lock_clear(db, name);
	if (!r && q->password.record[0])
		r = sk_db_run(db, "UPDATE user SET password=? WHERE id=?", "si", q->password.record, q->scratch);
	r = r ? r : sk_web_session_start(db, q->scratch, q->address, (int64_t)sk_clock_ms(), secret);
	r = r ? r : audit_sign_in(q, "sign-in", name, NULL);
	r = sk_db_end(db, r);
	if (r)
		return r;
	sk_req_set_cookie(q, 0, SK_COOKIE, secret, SK_SESSION_LIFE_MS / 1000, true);
	sk_req_set_cookie(q, 1, SK_COOKIE_BEFORE, "", 0, true);
	sk_req_go(q, next_page(q), NULL, NULL);
	sk_wipe(secret, sizeof secret);
	return 0;
}

int sk_do_sign_in(struct sk_req *q)
{
	const char *name = sk_form_text(&q->form, "name");

	/* Names that nobody can have share one count. */
	if (!sk_user_name_valid(name))
		name = "-";
	if (q->step == 0)
		return start_check(q, name);
	return q->password.result == 0 && q->scratch ? let_in(q, name) : refuse(q, name);
}

int sk_do_sign_out(struct sk_req *q)
{
	int r;

	r = sk_web_session_end(&q->web->db, q->who.key);
	r = r ? r : audit_sign_in(q, "sign-out", q->who.user.name, NULL);
	if (r)
		return r;
	sk_req_set_cookie(q, 0, SK_COOKIE, "", 0, true);
	sk_req_go(q, "/sign-in", "done", "out");
	return 0;
}
