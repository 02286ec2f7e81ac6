// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Sessions of browsers and tokens of programs. What the other side holds is 32 random bytes in hex; console.db keeps only their SHA-256, so that a
 * stolen copy of the file opens no session.
 *
 * A session ends 30 minutes after its last use, 12 hours after sign-in, at sign-out, and when the person is disabled or changes the password. Each
 * sign-in makes a new one (nothing a stranger set before survives). Its CSRF token is another 32 random bytes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "crypto/hash.h"
#include "web/user.h"

enum {
	SK_SECRET_TEXT = 65, /* 64 hex digits and the terminator */
	SK_SESSION_IDLE_MS = 30 * 60 * 1000,
	SK_SESSION_LIFE_MS = 12 * 3600 * 1000,
	SK_TOKEN_DAYS_MAX = 366,
};

/* Who asks. */
struct sk_who {
	struct sk_user user;             /* with a token: its maker, and the token's one grant */
	uint8_t key[SK_SHA256_SIZE];     /* of the session */
	char csrf[SK_SECRET_TEXT];       /* "" with a token */
	char token[64];                  /* name of the token; "" with a session */
	char actor[160];                 /* for the audit trail */
};

/* 32 random bytes in hex, and their hash. 0 or -EIO. */
int sk_secret_make(char ret_text[SK_SECRET_TEXT], uint8_t ret_key[SK_SHA256_SIZE]);
/* SK_BAD: not 64 hex digits. */
int sk_secret_key(const char *text, uint8_t ret_key[SK_SHA256_SIZE]);

int sk_web_session_start(struct sk_db *db, int64_t user, const char *address, int64_t now, char ret_secret[SK_SECRET_TEXT]);
/* Counts as a use. SK_NONE: no such session, over, or its person is disabled. */
int sk_web_session_find(struct sk_db *db, const char *secret, int64_t now, struct sk_who *ret_who);
/* Still there? For long answers; no use. 0 or SK_NONE. */
int sk_web_session_alive(struct sk_db *db, const uint8_t key[SK_SHA256_SIZE], int64_t now);
int sk_web_session_end(struct sk_db *db, const uint8_t key[SK_SHA256_SIZE]);
/* Removes what is over. */
int sk_web_session_sweep(struct sk_db *db, int64_t now);

/* A token with one grant, which its maker must be allowed to use: checked at every use against the maker's own grants of that moment. */
int sk_token_make(struct sk_db *db, int64_t user, const char *name, const struct sk_grant *grant, int64_t now, int64_t expires,
		  int64_t *ret_id, char ret_secret[SK_SECRET_TEXT + 3]);
/* "skt" and 64 digits. SK_NONE: unknown, revoked, expired, its maker is disabled or no longer has what it gives. */
int sk_token_find(struct sk_db *db, const char *secret, int64_t now, struct sk_who *ret_who);
/* SK_NONE: no such token, or not that person's (user 0 = anybody's). */
int sk_token_revoke(struct sk_db *db, int64_t id, int64_t user, int64_t now);
/* Array of {"id","name","user","role","org","site","created","expires","used","revoked"} of one person (0 = all). */
int sk_token_list(struct sk_db *db, int64_t user, json_object **ret_tokens);
