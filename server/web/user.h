// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * People of the console: their names, grants and choices, and how often somebody tried a wrong password.
 *
 * Passwords come here as records (crypto/password.h); making and checking them is slow work for web/hasher.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "policy/permission.h"
#include "web/db.h"

enum {
	SK_USER_NAME_MAX = 64,      /* bytes, with the terminator */
	SK_USER_GRANTS_MAX = 16,
	SK_PASSWORD_LEAST = 12,     /* characters (bytes of UTF-8) of a new password */
	SK_LOCK_AFTER = 5,          /* wrong passwords for a name until it is locked for a minute, then twice as long each time */
	SK_LOCK_LONGEST_MS = 900000,
};

struct sk_user {
	int64_t id;
	char name[SK_USER_NAME_MAX];
	char display[128];
	char language[4]; /* "en", "ja" */
	char theme[8];    /* "auto", "light", "dark" */
	bool disabled, must_change;
	struct sk_grant grants[SK_USER_GRANTS_MAX];
	size_t grant_count;
};

/* 1 to 63 of a-z, 0-9, '.', '-', '_', '@'; starts with a letter or digit. */
bool sk_user_name_valid(const char *name);
/* NULL, or what is wrong with a new password: "short", "long", "name". */
const char *sk_password_fault(const char *password, const char *name);

/* SK_BAD: the name is taken or not valid. */
int sk_user_add(struct sk_db *db, const char *name, const char *display, const char *record, const char *language, bool must_change,
		int64_t *ret_id);
/* SK_NONE. */
int sk_user_load(struct sk_db *db, int64_t id, struct sk_user *ret_user);
int sk_user_lookup(struct sk_db *db, const char *name, int64_t *ret_id);
/* The record of a person who may sign in, into `out` of SK_PASSWORD_RECORD_SIZE. SK_NONE: no such person, or disabled. */
int sk_user_password(struct sk_db *db, const char *name, int64_t *ret_id, char *out);
/* Also ends every session of that person but `kept` (32 bytes; NULL = all). */
int sk_user_set_password(struct sk_db *db, int64_t id, const char *record, bool must_change, const uint8_t *kept);
/* Ends sessions and revokes tokens when disabled. */
int sk_user_set_disabled(struct sk_db *db, int64_t id, bool disabled);
int sk_user_set_choice(struct sk_db *db, int64_t id, const char *language, const char *theme); /* NULL keeps */
/* SK_FULL: SK_USER_GRANTS_MAX. */
int sk_user_grant(struct sk_db *db, int64_t id, const struct sk_grant *grant);
int sk_user_revoke(struct sk_db *db, int64_t id, const struct sk_grant *grant);
/* Array of {"id","name","display","language","disabled","must_change","created","last_sign_in","grants":[{"role","org","site"}]}. */
int sk_user_list(struct sk_db *db, json_object **ret_users);
int sk_grants_json(const struct sk_grant *grants, size_t count, json_object **ret_array);

/* Milliseconds until a name may be tried again; 0 = now. */
int sk_lock_left(struct sk_db *db, const char *name, int64_t now, int64_t *ret_ms);
/* Counts a wrong password. *ret_locked: this one locked the name. */
int sk_lock_count(struct sk_db *db, const char *name, int64_t now, bool *ret_locked);
int sk_lock_clear(struct sk_db *db, const char *name);
