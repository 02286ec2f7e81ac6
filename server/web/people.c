// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * People of the console, for those who may change them. An administrator of one organisation or site sees the people who have a grant there, gives and takes
 * grants there, and may end or reset a person only when all that the person has lies there too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "web/handlers.h"
#include "wire/json.h"

static bool may(struct sk_req *q, enum sk_verb verb, const struct sk_grant *g)
{
	return sk_req_may(q, SK_OBJECT_USER, verb, g->org, g->site);
}

/* Does everything this person may do lie where the asker administrates? Nobody is above nobody: a person without grants is any administrator's. */
static bool wholly_mine(struct sk_req *q, const struct sk_user *user, enum sk_verb verb)
{
	for (size_t i = 0; i < user->grant_count; i++)
		if (!may(q, verb, &user->grants[i]))
			return false;
	return true;
}

static bool visible(struct sk_req *q, const struct sk_user *user)
{
	for (size_t i = 0; i < user->grant_count; i++)
		if (may(q, SK_VERB_READ, &user->grants[i]))
			return true;
	return user->grant_count == 0;
}

/* Only the grants that the asker may see. */
static void put_user(struct sk_req *q, json_object *o, const struct sk_user *user)
{
	json_object *grants = sk_put_array(o, "grants");

	sk_put_i(o, "id", user->id);
	sk_put_s(o, "name", user->name);
	sk_put_s(o, "display", user->display);
	sk_put_b(o, "disabled", user->disabled);
	sk_put_b(o, "must_change", user->must_change);
	sk_put_b(o, "mine", wholly_mine(q, user, SK_VERB_REVOKE));
	for (size_t i = 0; i < user->grant_count; i++) {
		json_object *g;

		if (!may(q, SK_VERB_READ, &user->grants[i]))
			continue;
		g = sk_add_object(grants);
		sk_put_s(g, "role", sk_role_name(user->grants[i].role));
		sk_put_s(g, "org", user->grants[i].org);
		sk_put_s(g, "site", user->grants[i].site);
	}
}

int sk_do_users(struct sk_req *q)
{
	_cleanup_json_ json_object *all = NULL;
	json_object *users = sk_put_array(sk_req_model(q), "users");
	int r = sk_user_list(&q->web->db, &all);

	for (size_t i = 0; !r && i < json_object_array_length(all); i++) {
		json_object *from = json_object_array_get_idx(all, i), *o;
		struct sk_user user;

		r = sk_user_load(&q->web->db, sk_field_int(from, "id"), &user);
		if (r || !visible(q, &user))
			continue;
		o = sk_add_object(users);
		put_user(q, o, &user);
		sk_put_i(o, "last_sign_in", sk_field_int(from, "last_sign_in"));
	}
	sk_put_b(q->model, "may_write", sk_req_may_anywhere(q, SK_OBJECT_USER, SK_VERB_WRITE));
	return r;
}

/* The person of the address, when the asker may see them. */
static int load(struct sk_req *q, struct sk_user *user)
{
	uint64_t id;
	int r;

	if (sk_parse_u64(q->id, INT64_MAX, &id))
		return SK_NONE;
	r = sk_user_load(&q->web->db, (int64_t)id, user);
	if (r)
		return r;
	return visible(q, user) ? 0 : SK_NONE;
}

int sk_do_user(struct sk_req *q)
{
	struct sk_user user;
	int r = load(q, &user);

	if (!r)
		put_user(q, sk_put_object(sk_req_model(q), "user"), &user);
	return r;
}

/* ---- changing ---- */

/* role, org, site of the form. */
static int read_grant(struct sk_req *q, struct sk_grant *grant)
{
	const char *org = sk_form_text(&q->form, "org"), *site = sk_form_text(&q->form, "site");

	*grant = (struct sk_grant){0};
	if (sk_role_find(sk_form_text(&q->form, "role"), &grant->role))
		return sk_fault(q, T_fault_role);
	if ((org[0] && !sk_place_name_valid(org)) || (site[0] && (!org[0] || !sk_place_name_valid(site))))
		return sk_fault(q, T_fault_place);
	snprintf(grant->org, sizeof grant->org, "%s", org);
	snprintf(grant->site, sizeof grant->site, "%s", site);
	return 0;
}

static int audit_grant(struct sk_req *q, const char *action, const char *name, const struct sk_grant *g)
{
	_cleanup_json_ json_object *detail = json_object_new_object();

	sk_put_s(detail, "role", sk_role_name(g->role));
	return sk_req_audit(q, action, name, g->org, g->site, detail);
}

static void go_user(struct sk_req *q, const char *done)
{
	char path[64];

	snprintf(path, sizeof path, "/users/%.32s", q->id);
	sk_req_go(q, path, "done", done);
}

static int add_user(struct sk_req *q, const char *name)
{
	struct sk_db *db = &q->web->db;
	struct sk_grant grant;
	int64_t id;
	int r;

	r = read_grant(q, &grant);
	if (r)
		return r;
	r = sk_db_begin(db);
	if (r)
		return r;
	r = sk_user_add(db, name, sk_form_text(&q->form, "display"), q->password.record, sk_form_text(&q->form, "language"), true, &id);
	if (r == SK_BAD)
		sk_fault(q, T_fault_name);
	r = r ? r : sk_user_grant(db, id, &grant);
	r = r ? r : audit_grant(q, "user.add", name, &grant);
	r = sk_db_end(db, r);
	if (!r)
		sk_req_go(q, "/users", "done", "saved");
	return r;
}

int sk_do_user_add(struct sk_req *q)
{
	const char *name = sk_form_text(&q->form, "name"), *password = sk_form_text(&q->form, "password");
	struct sk_grant grant;
	int r;

	if (q->step > 0)
		return q->password.result ? q->password.result : add_user(q, name);
	r = read_grant(q, &grant);
	if (r)
		return r;
	if (!sk_may_give(sk_req_grants(q), q->who.user.grant_count, &grant))
		return SK_DENIED;
	if (!sk_user_name_valid(name))
		return sk_fault(q, T_fault_name);
	if (sk_password_fault(password, name))
		return sk_fault(q, T_fault_password);
	r = sk_req_make_password(q, password);
	return r ? r : SK_AGAIN;
}

static int change_grant(struct sk_req *q, bool give)
{
	struct sk_grant grant;
	struct sk_user user;
	int r;

	r = load(q, &user);
	r = r ? r : read_grant(q, &grant);
	if (r)
		return r;
	if (give ? !sk_may_give(sk_req_grants(q), q->who.user.grant_count, &grant) : !may(q, SK_VERB_REVOKE, &grant))
		return SK_DENIED;
	r = sk_db_begin(&q->web->db);
	if (r)
		return r;
	r = give ? sk_user_grant(&q->web->db, user.id, &grant) : sk_user_revoke(&q->web->db, user.id, &grant);
	r = r ? r : audit_grant(q, give ? "user.grant" : "user.ungrant", user.name, &grant);
	r = sk_db_end(&q->web->db, r);
	if (!r)
		go_user(q, "saved");
	return r;
}

int sk_do_user_grant(struct sk_req *q)
{
	return change_grant(q, true);
}

int sk_do_user_ungrant(struct sk_req *q)
{
	return change_grant(q, false);
}

int sk_do_user_disable(struct sk_req *q)
{
	bool disable = strcmp(sk_form_text(&q->form, "disabled"), "no") != 0;
	struct sk_user user;
	int r;

	r = load(q, &user);
	if (r)
		return r;
	if (!wholly_mine(q, &user, SK_VERB_REVOKE))
		return SK_DENIED;
	if (user.id == q->who.user.id)
		return sk_fault(q, T_fault_self);
	r = sk_db_begin(&q->web->db);
	if (r)
		return r;
	r = sk_user_set_disabled(&q->web->db, user.id, disable);
	r = r ? r : sk_req_audit(q, disable ? "user.disable" : "user.enable", user.name, "", "", NULL);
	r = sk_db_end(&q->web->db, r);
	if (!r)
		go_user(q, "saved");
	return r;
}

static int set_password(struct sk_req *q, const struct sk_user *user)
{
	int r;

	if (q->password.result)
		return q->password.result;
	r = sk_db_begin(&q->web->db);
	if (r)
		return r;
	r = sk_user_set_password(&q->web->db, user->id, q->password.record, true, NULL);
	r = r ? r : sk_lock_clear(&q->web->db, user->name);
	r = r ? r : sk_req_audit(q, "user.password", user->name, "", "", NULL);
	r = sk_db_end(&q->web->db, r);
	if (!r)
		go_user(q, "saved");
	return r;
}

int sk_do_user_password(struct sk_req *q)
{
	const char *password = sk_form_text(&q->form, "password");
	struct sk_user user;
	int r;

	r = load(q, &user);
	if (r)
		return r;
	if (!wholly_mine(q, &user, SK_VERB_WRITE))
		return SK_DENIED;
	if (q->step > 0)
		return set_password(q, &user);
	if (sk_password_fault(password, user.name))
		return sk_fault(q, T_fault_password);
	r = sk_req_make_password(q, password);
	return r ? r : SK_AGAIN;
}
