// SPDX-License-Identifier: GPL-3.0-or-later
/* One's own settings: language, theme, password, tokens for programs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/clock.h"
#include "web/handlers.h"
#include "wire/json.h"

int sk_do_account(struct sk_req *q)
{
	json_object *tokens = NULL, *grants = NULL, *user = sk_put_object(sk_req_model(q), "user");
	int r;

	r = sk_token_list(&q->web->db, q->who.user.id, &tokens);
	r = r ? r : sk_grants_json(q->who.user.grants, q->who.user.grant_count, &grants);
	if (r)
		return r;
	sk_put_s(user, "name", q->who.user.name);
	sk_put_s(user, "display", q->who.user.display);
	sk_put_s(user, "language", q->who.user.language);
	sk_put_s(user, "theme", q->who.user.theme);
	sk_put_b(user, "must_change", q->who.user.must_change);
	sk_put_o(user, "grants", grants);
	sk_put_o(q->model, "tokens", tokens);
	return 0;
}

/* The page again with what is wrong. */
static int again(struct sk_req *q, enum sk_text text, int status)
{
	q->fault = (int)text;
	q->status = status;
	return q->api ? SK_BAD : sk_do_account(q);
}

static const char *one_of(const char *value, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(*words, value) == 0)
			return *words;
	return NULL;
}

int sk_do_choice(struct sk_req *q)
{
	static const char *const languages[] = {"en", "ja", NULL}, *const themes[] = {"auto", "light", "dark", NULL};
	const char *back = sk_form_text(&q->form, "back");
	int r;

	r = sk_user_set_choice(&q->web->db, q->who.user.id, one_of(sk_form_text(&q->form, "language"), languages),
			       one_of(sk_form_text(&q->form, "theme"), themes));
	if (!r)
		sk_req_go(q, back[0] == '/' && strlen(back) < 400 ? back : "/account", NULL, NULL);
	return r;
}

/* ---- password ---- */

static int start_password(struct sk_req *q)
{
	const char *fresh = sk_form_text(&q->form, "password_new");
	char record[SK_PASSWORD_RECORD_SIZE];
	int64_t id, wait = 0;
	int r;

	if (strcmp(fresh, sk_form_text(&q->form, "password_again")) != 0)
		return again(q, T_fault_again, 400);
	if (sk_password_fault(fresh, q->who.user.name))
		return again(q, T_fault_password, 400);
	r = sk_lock_left(&q->web->db, q->who.user.name, (int64_t)sk_clock_ms(), &wait);
	r = r ? r : sk_user_password(&q->web->db, q->who.user.name, &id, record);
	if (r)
		return r;
	if (wait)
		return again(q, T_sign_in_locked, 429);
	r = sk_req_check_password(q, record, sk_form_text(&q->form, "password"));
	sk_wipe(record, sizeof record);
	return r ? r : SK_AGAIN;
}

static int keep_password(struct sk_req *q)
{
	struct sk_db *db = &q->web->db;
	int r;

	if (q->password.result)
		return q->password.result;
	r = sk_db_begin(db);
	if (r)
		return r;
	r = sk_user_set_password(db, q->who.user.id, q->password.record, false, q->who.key);
	r = r ? r : sk_req_audit(q, "account.password", q->who.user.name, "", "", NULL);
	r = sk_db_end(db, r);
	if (!r)
		sk_req_go(q, "/account", "done", "password");
	return r;
}

int sk_do_password(struct sk_req *q)
{
	bool locked;
	int r;

	if (q->step == 0)
		return start_password(q);
	if (q->step == 2)
		return keep_password(q);
	if (q->password.result) {
		r = sk_lock_count(&q->web->db, q->who.user.name, (int64_t)sk_clock_ms(), &locked);
		return r ? r : again(q, T_fault_old_password, 400);
	}
	r = sk_req_make_password(q, sk_form_text(&q->form, "password_new"));
	return r ? r : SK_AGAIN;
}

/* ---- tokens ---- */

int sk_do_token_make(struct sk_req *q)
{
	const char *name = sk_form_text(&q->form, "name"), *org = sk_form_text(&q->form, "org"), *site = sk_form_text(&q->form, "site");
	int64_t now = (int64_t)sk_clock_ms(), id;
	char secret[SK_SECRET_TEXT + 3];
	struct sk_grant grant = {0};
	uint64_t days;
	bool has = false;
	int r;

	if (!name[0] || strlen(name) >= sizeof q->who.token)
		return again(q, T_fault_token_name, 400);
	if (sk_role_find(sk_form_text(&q->form, "role"), &grant.role))
		return again(q, T_fault_role, 400);
	if (sk_parse_u64(sk_form_text(&q->form, "days"), SK_TOKEN_DAYS_MAX, &days) || days == 0)
		return again(q, T_fault_days, 400);
	if ((org[0] && !sk_place_name_valid(org)) || (site[0] && (!org[0] || !sk_place_name_valid(site))))
		return again(q, T_fault_place, 400);
	snprintf(grant.org, sizeof grant.org, "%s", org);
	snprintf(grant.site, sizeof grant.site, "%s", site);
	for (size_t i = 0; i < q->who.user.grant_count; i++)
		has = has || (q->who.user.grants[i].role == grant.role &&
			      sk_place_covers(q->who.user.grants[i].org, q->who.user.grants[i].site, org, site));
	if (!has)
		return again(q, T_fault_token_grant, 403);
	r = sk_db_begin(&q->web->db);
	if (r)
		return r;
	r = sk_token_make(&q->web->db, q->who.user.id, name, &grant, now, now + (int64_t)days * 86400000, &id, secret);
	r = r ? r : sk_req_audit(q, "account.token", name, org, site, NULL);
	r = sk_db_end(&q->web->db, r);
	if (r)
		return r;
	sk_put_s(sk_req_model(q), "secret", secret);
	sk_wipe(secret, sizeof secret);
	return sk_do_account(q);
}

int sk_do_token_revoke(struct sk_req *q)
{
	uint64_t id;
	int r;

	if (sk_parse_u64(q->id, INT64_MAX, &id))
		return SK_NONE;
	r = sk_db_begin(&q->web->db);
	if (r)
		return r;
	r = sk_token_revoke(&q->web->db, (int64_t)id, q->who.user.id, (int64_t)sk_clock_ms());
	r = r ? r : sk_req_audit(q, "account.token.revoke", q->id, "", "", NULL);
	r = sk_db_end(&q->web->db, r);
	if (!r)
		sk_req_go(q, "/account", "done", "saved");
	return r;
}
