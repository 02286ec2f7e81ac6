// SPDX-License-Identifier: GPL-3.0-or-later
/* People and their grants in console.db. See user.h. */
#include "web/user.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/password.h"
#include "os/clock.h"
#include "wire/json.h"

bool sk_user_name_valid(const char *name)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_@";
	size_t size = strlen(name);

	return size > 0 && size < SK_USER_NAME_MAX && strspn(name, set) == size && !strchr(".-_@", name[0]);
}

const char *sk_password_fault(const char *password, const char *name)
{
	size_t size = strlen(password);

	if (size < SK_PASSWORD_LEAST)
		return "short";
	if (size > SK_PASSWORD_MAX)
		return "long";
	return strcasestr(password, name) && size < strlen(name) + 6 ? "name" : NULL;
}

int sk_user_add(struct sk_db *db, const char *name, const char *display, const char *record, const char *language, bool must_change,
		int64_t *ret_id)
{
	int64_t taken = 0;
	int r;

	if (!sk_user_name_valid(name) || strlen(display) >= sizeof((struct sk_user *)0)->display)
		return SK_BAD;
	r = sk_db_number(db, 0, &taken, "SELECT id FROM user WHERE name=?", "s", name);
	if (r || taken)
		return r ? r : SK_BAD;
	r = sk_db_run(db, "INSERT INTO user(name, display, password, language, must_change, created) VALUES(?,?,?,?,?,?)", "ssssii", name,
		      display[0] ? display : name, record, strcmp(language, "ja") == 0 ? "ja" : "en", (int64_t)must_change,
		      (int64_t)sk_clock_ms());
	if (!r)
		*ret_id = sk_db_last_id(db);
	return r;
}

static int load_grants(struct sk_db *db, struct sk_user *user)
{
	_cleanup_rows_ sqlite3_stmt *rows = NULL;
	int r;

	user->grant_count = 0;
	r = sk_db_query(db, &rows, "SELECT role, org, site FROM user_grant WHERE user=? ORDER BY org, site, role", "i", user->id);
	while (!r) {
		struct sk_grant *g = &user->grants[user->grant_count];

		r = sk_db_row(rows);
		/* A role that this version does not know gives nothing. */
		if (r || user->grant_count == SK_USER_GRANTS_MAX || sk_role_find(sk_db_text(rows, 0), &g->role))
			continue;
		snprintf(g->org, sizeof g->org, "%s", sk_db_text(rows, 1));
		snprintf(g->site, sizeof g->site, "%s", sk_db_text(rows, 2));
		user->grant_count++;
	}
	return r == SK_END ? 0 : r;
}

int sk_user_load(struct sk_db *db, int64_t id, struct sk_user *ret_user)
{
	_cleanup_rows_ sqlite3_stmt *rows = NULL;
	struct sk_user u = {.id = id};
	int r;

	r = sk_db_query(db, &rows, "SELECT name, display, language, theme, disabled, must_change FROM user WHERE id=?", "i", id);
	r = r ? r : sk_db_row(rows);
	if (r)
		return r == SK_END ? SK_NONE : r;
	snprintf(u.name, sizeof u.name, "%s", sk_db_text(rows, 0));
	snprintf(u.display, sizeof u.display, "%s", sk_db_text(rows, 1));
	snprintf(u.language, sizeof u.language, "%s", sk_db_text(rows, 2));
	snprintf(u.theme, sizeof u.theme, "%s", sk_db_text(rows, 3));
	u.disabled = sk_db_int(rows, 4);
	u.must_change = sk_db_int(rows, 5);
	r = load_grants(db, &u);
	if (!r)
		*ret_user = u;
	return r;
}

int sk_user_lookup(struct sk_db *db, const char *name, int64_t *ret_id)
{
	int64_t id = 0;
	int r;

	r = sk_db_number(db, 0, &id, "SELECT id FROM user WHERE name=?", "s", name);
	if (r)
		return r;
	if (!id)
		return SK_NONE;
	*ret_id = id;
	return 0;
}

int sk_user_password(struct sk_db *db, const char *name, int64_t *ret_id, char *out)
{
	_cleanup_rows_ sqlite3_stmt *rows = NULL;
	int r;

	r = sk_db_query(db, &rows, "SELECT id, password FROM user WHERE name=? AND NOT disabled", "s", name);
	r = r ? r : sk_db_row(rows);
	if (r)
		return r == SK_END ? SK_NONE : r;
	*ret_id = sk_db_int(rows, 0);
	snprintf(out, SK_PASSWORD_RECORD_SIZE, "%s", sk_db_text(rows, 1));
	return 0;
}

int sk_user_set_password(struct sk_db *db, int64_t id, const char *record, bool must_change, const uint8_t *kept)
{
	static const uint8_t none[32];
	int r;

	r = sk_db_begin(db);
	if (r)
		return r;
	r = sk_db_run(db, "UPDATE user SET password=?, must_change=? WHERE id=?", "sii", record, (int64_t)must_change, id);
	r = r ? r : sk_db_run(db, "DELETE FROM session WHERE user=? AND key<>?", "ib", id, (const void *)(kept ? kept : none), sizeof none);
	return sk_db_end(db, r);
}

int sk_user_set_disabled(struct sk_db *db, int64_t id, bool disabled)
{
	int r;

	r = sk_db_begin(db);
	if (r)
		return r;
	r = sk_db_run(db, "UPDATE user SET disabled=? WHERE id=?", "ii", (int64_t)disabled, id);
	if (!r && disabled) {
		r = sk_db_run(db, "DELETE FROM session WHERE user=?", "i", id);
		r = r ? r : sk_db_run(db, "UPDATE token SET revoked=? WHERE user=? AND NOT revoked", "ii", (int64_t)sk_clock_ms(), id);
	}
	return sk_db_end(db, r);
}

int sk_user_set_choice(struct sk_db *db, int64_t id, const char *language, const char *theme)
{
	return sk_db_run(db, "UPDATE user SET language=coalesce(?, language), theme=coalesce(?, theme) WHERE id=?", "ssi", language, theme, id);
}

int sk_user_grant(struct sk_db *db, int64_t id, const struct sk_grant *grant)
{
	int64_t count = 0;
	int r;

	r = sk_db_number(db, 0, &count, "SELECT count(*) FROM user_grant WHERE user=?", "i", id);
	if (r || count >= SK_USER_GRANTS_MAX)
		return r ? r : SK_FULL;
	return sk_db_run(db, "INSERT OR IGNORE INTO user_grant(user, role, org, site) VALUES(?,?,?,?)", "isss", id, sk_role_name(grant->role),
			 grant->org, grant->site);
}

int sk_user_revoke(struct sk_db *db, int64_t id, const struct sk_grant *grant)
{
	int r;

	r = sk_db_run(db, "DELETE FROM user_grant WHERE user=? AND role=? AND org=? AND site=?", "isss", id, sk_role_name(grant->role), grant->org,
		      grant->site);
	return r ? r : sk_db_changes(db) ? 0 : SK_NONE;
}

int sk_grants_json(const struct sk_grant *grants, size_t count, json_object **ret_array)
{
	_cleanup_json_ json_object *array = json_object_new_array();
	int r = array ? 0 : sk_origin(-ENOMEM);

	for (size_t i = 0; !r && i < count; i++) {
		json_object *o = json_object_new_object();

		r = sk_json_append(array, o);
		r = r ? r : sk_json_put_string(o, "role", sk_role_name(grants[i].role));
		r = r ? r : sk_json_put_string(o, "org", grants[i].org);
		r = r ? r : sk_json_put_string(o, "site", grants[i].site);
	}
	if (!r)
		*ret_array = SK_TAKE(array);
	return r;
}

static int user_json(struct sk_db *db, sqlite3_stmt *rows, json_object *users)
{
	json_object *o = json_object_new_object(), *grants = NULL;
	struct sk_user user = {0};
	int r;

	r = sk_json_append(users, o);
	r = r ? r : sk_user_load(db, sk_db_int(rows, 0), &user);
	r = r ? r : sk_json_put_i64(o, "id", user.id);
	r = r ? r : sk_json_put_string(o, "name", user.name);
	r = r ? r : sk_json_put_string(o, "display", user.display);
	r = r ? r : sk_json_put_string(o, "language", user.language);
	r = r ? r : sk_json_put_bool(o, "disabled", user.disabled);
	r = r ? r : sk_json_put_bool(o, "must_change", user.must_change);
	r = r ? r : sk_json_put_i64(o, "created", sk_db_int(rows, 1));
	r = r ? r : sk_json_put_i64(o, "last_sign_in", sk_db_int(rows, 2));
	r = r ? r : sk_grants_json(user.grants, user.grant_count, &grants);
	return r ? r : sk_json_put(o, "grants", grants);
}

int sk_user_list(struct sk_db *db, json_object **ret_users)
{
	_cleanup_json_ json_object *users = json_object_new_array();
	_cleanup_rows_ sqlite3_stmt *rows = NULL;
	int r;

	if (!users)
		return sk_origin(-ENOMEM);
	r = sk_db_query(db, &rows, "SELECT id, created, last_sign_in FROM user ORDER BY name", "");
	while (!r) {
		r = sk_db_row(rows);
		if (!r)
			r = user_json(db, rows, users);
	}
	if (r != SK_END)
		return r;
	*ret_users = SK_TAKE(users);
	return 0;
}

/* ---- wrong passwords ---- */

int sk_lock_left(struct sk_db *db, const char *name, int64_t now, int64_t *ret_ms)
{
	int64_t until = 0;
	int r;

	r = sk_db_number(db, 0, &until, "SELECT until FROM failure WHERE name=?", "s", name);
	if (!r)
		*ret_ms = until > now ? SK_MIN(until - now, (int64_t)SK_LOCK_LONGEST_MS) : 0;
	return r;
}

int sk_lock_count(struct sk_db *db, const char *name, int64_t now, bool *ret_locked)
{
	int64_t count = 0, lock = 0;
	int r;

	/* A day without a wrong password forgets; and the table of names that strangers made up stays small. */
	r = sk_db_run(db, "DELETE FROM failure WHERE last < ?", "i", now - 86400000);
	r = r ? r : sk_db_run(db, "DELETE FROM failure WHERE name IN (SELECT name FROM failure ORDER BY last DESC LIMIT -1 OFFSET 10000)", "");
	r = r ? r : sk_db_number(db, 0, &count, "SELECT count FROM failure WHERE name=?", "s", name);
	if (r)
		return r;
	count++;
	if (count >= SK_LOCK_AFTER)
		lock = count - SK_LOCK_AFTER < 8 ? (int64_t)60000 << (count - SK_LOCK_AFTER) : SK_LOCK_LONGEST_MS;
	lock = SK_MIN(lock, (int64_t)SK_LOCK_LONGEST_MS);
	r = sk_db_run(db, "INSERT INTO failure(name, count, last, until) VALUES(?,?,?,?) ON CONFLICT(name) DO UPDATE SET count=excluded.count,"
		      " last=excluded.last, until=excluded.until", "siii", name, count, now, now + lock);
	if (!r)
		*ret_locked = lock > 0;
	return r;
}

int sk_lock_clear(struct sk_db *db, const char *name)
{
	return sk_db_run(db, "DELETE FROM failure WHERE name=?", "s", name);
}
