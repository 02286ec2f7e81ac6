// SPDX-License-Identifier: GPL-3.0-or-later
/* Sessions and tokens in console.db. See session.h. */
#include "web/session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "wire/json.h"

#define TOKEN_PREFIX "skt"

int sk_secret_key(const char *text, uint8_t ret_key[SK_SHA256_SIZE])
{
	uint8_t secret[32];
	int r;

	if (sk_unhex(text, secret, sizeof secret))
		return SK_BAD;
	r = sk_sha256(secret, sizeof secret, ret_key);
	sk_wipe(secret, sizeof secret);
	return r;
}

int sk_secret_make(char ret_text[SK_SECRET_TEXT], uint8_t ret_key[SK_SHA256_SIZE])
{
	uint8_t secret[32];
	int r;

	r = sk_random(secret, sizeof secret);
	if (r)
		return r;
	sk_hex(secret, sizeof secret, ret_text);
	sk_wipe(secret, sizeof secret);
	return sk_secret_key(ret_text, ret_key);
}

int sk_web_session_start(struct sk_db *db, int64_t user, const char *address, int64_t now, char ret_secret[SK_SECRET_TEXT])
{
	uint8_t key[SK_SHA256_SIZE], other[SK_SHA256_SIZE];
	char csrf[SK_SECRET_TEXT];
	int r;

	r = sk_secret_make(ret_secret, key);
	r = r ? r : sk_secret_make(csrf, other);
	if (r)
		return r;
	r = sk_db_begin(db);
	if (r)
		return r;
	r = sk_db_run(db, "INSERT INTO session(key, user, csrf, created, used, address) VALUES(?,?,?,?,?,?)", "bisiis", (const void *)key,
		      sizeof key, user, csrf, now, now, address);
	r = r ? r : sk_db_run(db, "UPDATE user SET last_sign_in=? WHERE id=?", "ii", now, user);
	return sk_db_end(db, r);
}

static bool over(int64_t created, int64_t used, int64_t now)
{
	/* A clock that was set back ends sessions instead of prolonging them. */
	return now < used - 60000 || now - used >= SK_SESSION_IDLE_MS || now - created >= SK_SESSION_LIFE_MS;
}

static int touch(struct sk_db *db, const uint8_t *key, int64_t used, int64_t now)
{
	/* Once a minute is enough for half an hour; not a durable write for each request. */
	if (now - used < 60000)
		return 0;
	return sk_db_run(db, "UPDATE session SET used=? WHERE key=?", "ib", now, (const void *)key, (size_t)SK_SHA256_SIZE);
}

int sk_web_session_find(struct sk_db *db, const char *secret, int64_t now, struct sk_who *ret_who)
{
	_cleanup_rows_ sqlite3_stmt *rows = NULL;
	struct sk_who who = {0};
	int r;

	if (sk_secret_key(secret, who.key))
		return SK_NONE;
	r = sk_db_query(db, &rows, "SELECT user, csrf, created, used FROM session WHERE key=?", "b", (const void *)who.key, sizeof who.key);
	r = r ? r : sk_db_row(rows);
	if (r)
		return r == SK_END ? SK_NONE : r;
	if (over(sk_db_int(rows, 2), sk_db_int(rows, 3), now))
		return SK_NONE;
	snprintf(who.csrf, sizeof who.csrf, "%s", sk_db_text(rows, 1));
	r = sk_user_load(db, sk_db_int(rows, 0), &who.user);
	if (!r && who.user.disabled)
		r = SK_NONE;
	r = r ? r : touch(db, who.key, sk_db_int(rows, 3), now);
	if (r)
		return r;
	snprintf(who.actor, sizeof who.actor, "%s", who.user.name);
	*ret_who = who;
	return 0;
}

int sk_web_session_alive(struct sk_db *db, const uint8_t key[SK_SHA256_SIZE], int64_t now)
{
	_cleanup_rows_ sqlite3_stmt *rows = NULL;
	int r;

	r = sk_db_query(db, &rows, "SELECT created, used FROM session WHERE key=?", "b", (const void *)key, (size_t)SK_SHA256_SIZE);
	r = r ? r : sk_db_row(rows);
	if (r)
		return r == SK_END ? SK_NONE : r;
	return over(sk_db_int(rows, 0), sk_db_int(rows, 1), now) ? SK_NONE : 0;
}

int sk_web_session_end(struct sk_db *db, const uint8_t key[SK_SHA256_SIZE])
{
	return sk_db_run(db, "DELETE FROM session WHERE key=?", "b", (const void *)key, (size_t)SK_SHA256_SIZE);
}

int sk_web_session_sweep(struct sk_db *db, int64_t now)
{
	int r;

	r = sk_db_run(db, "DELETE FROM session WHERE used < ? OR created < ?", "ii", now - SK_SESSION_IDLE_MS, now - SK_SESSION_LIFE_MS);
	return r ? r : sk_db_run(db, "DELETE FROM import WHERE created < ?", "i", now - 3600000);
}

int sk_token_make(struct sk_db *db, int64_t user, const char *name, const struct sk_grant *grant, int64_t now, int64_t expires,
		  int64_t *ret_id, char ret_secret[SK_SECRET_TEXT + 3])
{
	uint8_t key[SK_SHA256_SIZE];
	int r;

	memcpy(ret_secret, TOKEN_PREFIX, 3);
	r = sk_secret_make(ret_secret + 3, key);
	r = r ? r : sk_db_run(db, "INSERT INTO token(key, name, user, role, org, site, created, expires) VALUES(?,?,?,?,?,?,?,?)", "bsisssii",
			      (const void *)key, sizeof key, name, user, sk_role_name(grant->role), grant->org, grant->site, now, expires);
	if (!r)
		*ret_id = sk_db_last_id(db);
	return r;
}

/* Does the maker still have this very right: the same role in a place that covers the token's? */
static bool still_has(const struct sk_user *user, const struct sk_grant *grant)
{
	for (size_t i = 0; i < user->grant_count; i++)
		if (user->grants[i].role == grant->role &&
		    sk_place_covers(user->grants[i].org, user->grants[i].site, grant->org, grant->site))
			return true;
	return false;
}

static int token_user(struct sk_db *db, sqlite3_stmt *rows, int64_t now, struct sk_who *who)
{
	struct sk_grant grant = {0};
	int r;

	if (sk_db_int(rows, 6) || now >= sk_db_int(rows, 5) || sk_role_find(sk_db_text(rows, 2), &grant.role))
		return SK_NONE;
	snprintf(grant.org, sizeof grant.org, "%s", sk_db_text(rows, 3));
	snprintf(grant.site, sizeof grant.site, "%s", sk_db_text(rows, 4));
	r = sk_user_load(db, sk_db_int(rows, 1), &who->user);
	if (r)
		return r;
	if (who->user.disabled || !still_has(&who->user, &grant))
		return SK_NONE;
	who->user.grants[0] = grant;
	who->user.grant_count = 1;
	return 0;
}

int sk_token_find(struct sk_db *db, const char *secret, int64_t now, struct sk_who *ret_who)
{
	_cleanup_rows_ sqlite3_stmt *rows = NULL;
	struct sk_who who = {0};
	int r;

	if (strncmp(secret, TOKEN_PREFIX, 3) != 0 || sk_secret_key(secret + 3, who.key))
		return SK_NONE;
	r = sk_db_query(db, &rows, "SELECT name, user, role, org, site, expires, revoked, id, used FROM token WHERE key=?", "b",
			(const void *)who.key, sizeof who.key);
	r = r ? r : sk_db_row(rows);
	if (r)
		return r == SK_END ? SK_NONE : r;
	r = token_user(db, rows, now, &who);
	if (!r && now - sk_db_int(rows, 8) >= 60000)
		r = sk_db_run(db, "UPDATE token SET used=? WHERE id=?", "ii", now, sk_db_int(rows, 7));
	if (r)
		return r;
	snprintf(who.token, sizeof who.token, "%s", sk_db_text(rows, 0));
	snprintf(who.actor, sizeof who.actor, "%s (token %s)", who.user.name, who.token);
	*ret_who = who;
	return 0;
}

int sk_token_revoke(struct sk_db *db, int64_t id, int64_t user, int64_t now)
{
	int r;

	r = sk_db_run(db, "UPDATE token SET revoked=? WHERE id=? AND NOT revoked AND (?=0 OR user=?)", "iiii", now, id, user, user);
	return r ? r : sk_db_changes(db) ? 0 : SK_NONE;
}

static int token_json(sqlite3_stmt *rows, json_object *tokens)
{
	static const char *const texts[] = {"name", "user", "role", "org", "site"}, *const numbers[] = {"created", "expires", "used", "revoked"};
	json_object *o = json_object_new_object();
	int r;

	r = sk_json_append(tokens, o);
	r = r ? r : sk_json_put_i64(o, "id", sk_db_int(rows, 0));
	for (int i = 0; !r && i < 5; i++)
		r = sk_json_put_string(o, texts[i], sk_db_text(rows, 1 + i));
	for (int i = 0; !r && i < 4; i++)
		r = sk_json_put_i64(o, numbers[i], sk_db_int(rows, 6 + i));
	return r;
}

int sk_token_list(struct sk_db *db, int64_t user, json_object **ret_tokens)
{
	_cleanup_json_ json_object *tokens = json_object_new_array();
	_cleanup_rows_ sqlite3_stmt *rows = NULL;
	int r;

	if (!tokens)
		return sk_origin(-ENOMEM);
	r = sk_db_query(db, &rows, "SELECT t.id, t.name, u.name, t.role, t.org, t.site, t.created, t.expires, t.used, t.revoked"
				   " FROM token t JOIN user u ON u.id=t.user WHERE ?=0 OR t.user=? ORDER BY t.id DESC", "ii", user, user);
	while (!r) {
		r = sk_db_row(rows);
		if (!r)
			r = token_json(rows, tokens);
	}
	if (r != SK_END)
		return r;
	*ret_tokens = SK_TAKE(tokens);
	return 0;
}
