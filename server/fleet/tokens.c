// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Enrolment tokens: 100 random bits as 20 letters and digits that cannot be mistaken for each other (Crockford's base 32), in groups that can be read out.
 * Shown once, kept as SHA-256 (100 random bits need no slow hash), good for one endpoint and until they expire.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "fleet/inside.h"

enum { DIGITS = 20, OPEN = 0, USED = 1, CANCELLED = 2 };

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
static const char *const states[] = {"open", "used", "cancelled"};

/* One digit as people write it: either case, o for 0, i and l for 1. 0: none. */
static char digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		c |= 0x20;
	if (c == 'o')
		return '0';
	if (c == 'i' || c == 'l')
		return '1';
	return c && strchr(alphabet, c) ? c : '\0';
}

int sk_token_hash(const char *text, uint8_t ret_hash[SK_SHA256_SIZE])
{
	char digits[DIGITS];
	size_t count = 0;

	for (; *text; text++) {
		if (*text == '-' || *text == ' ')
			continue;
		if (count == DIGITS || !digit(*text))
			return SK_BAD;
		digits[count++] = digit(*text);
	}
	return count == DIGITS ? sk_sha256(digits, DIGITS, ret_hash) : SK_BAD;
}

static int draw(char out[SK_TOKEN_SIZE])
{
	uint8_t random[DIGITS];
	int r = sk_random(random, sizeof random), at = 0;

	for (int i = 0; !r && i < DIGITS; i++) {
		if (i && i % 5 == 0)
			out[at++] = '-';
		out[at++] = alphabet[random[i] & 31];
	}
	out[at] = '\0';
	sk_wipe(random, sizeof random);
	return r;
}

struct wanted {
	const char *org, *site, *note;
	uint64_t seconds;
	struct json_object *labels;
};

static int read_wanted(const struct sk_fleet_call *call, struct wanted *w)
{
	int r = SK_CALL_ONLY(call, "org", "site", "labels", "seconds", "note");

	*w = (struct wanted){.note = "", .seconds = 86400};
	if (!r)
		r = sk_json_string(call->at, "org", 1, SK_FLEET_NAME_MAX, &w->org);
	if (!r)
		r = sk_json_string(call->at, "site", 1, SK_FLEET_NAME_MAX, &w->site);
	if (!r && sk_json_has(call->at, "note"))
		r = sk_json_string(call->at, "note", 0, SK_FLEET_NOTE_MAX, &w->note);
	if (!r && sk_json_has(call->at, "seconds"))
		r = sk_json_u64(call->at, "seconds", 1, 30 * 86400, &w->seconds);
	if (!r && !sk_call_sees(call, w->org, w->site))
		return sk_json_refuse(call->at, "site", "outside of what you may manage");
	return r ? r : sk_fleet_read_labels(call->at, &w->labels);
}

static int insert(struct sk_fleet_call *call, const struct wanted *w, const char *id, const char *token)
{
	uint8_t hash[SK_SHA256_SIZE];
	int64_t now = sk_fleet_now(), expires = now + (int64_t)w->seconds * 1000;
	int r = sk_token_hash(token, hash);

	if (!r)
		r = sk_sql_run(call->fleet->sql, "INSERT INTO token VALUES(?,?,?,?,?,?,?,?,?,0,NULL)", "tbtttttii", id, hash, sizeof hash, w->org,
			       w->site, sk_fleet_text_of(w->labels), w->note, call->by, now, expires);
	if (!r)
		r = sk_json_put_string(call->out, "id", id);
	if (!r)
		r = sk_json_put_string(call->out, "token", token);
	if (!r)
		r = sk_json_put_i64(call->out, "expires", expires);
	return r ? r : sk_json_put_hex(call->out, "pin", sk_cert_info(call->fleet->server)->fingerprint, SK_SHA256_SIZE);
}

int sk_verb_token_create(struct sk_fleet_call *call)
{
	char token[SK_TOKEN_SIZE], id[16];
	uint8_t random[5];
	struct wanted wanted;
	int r = read_wanted(call, &wanted);

	if (!r)
		r = draw(token);
	if (!r)
		r = sk_random(random, sizeof random);
	if (!r)
		r = insert(call, &wanted, sk_hex(random, sizeof random, id), token);
	sk_json_free(wanted.labels);
	sk_wipe(token, sizeof token);
	return r;
}

static int put_token(struct sk_fleet_call *call, sqlite3_stmt *stmt, struct json_object *list)
{
	static const char *const texts[] = {"id", "org", "site", "note", "by", "agent", NULL};
	static const char *const numbers[] = {"created", "expires", NULL};
	struct json_object *one = json_object_new_object(), *labels = sk_fleet_column_json(stmt, 9);
	int state = sqlite3_column_int(stmt, 8);
	int r = one ? sk_json_append(list, one) : sk_origin(-ENOMEM);
	bool over = state == OPEN && sqlite3_column_int64(stmt, 7) <= sk_fleet_now();

	(void)call;
	if (!r)
		r = sk_fleet_put_texts(one, stmt, 0, texts);
	if (!r)
		r = sk_fleet_put_numbers(one, stmt, 6, numbers);
	if (!r)
		r = sk_json_put_string(one, "state", over ? "expired" : states[state]);
	return r ? r : sk_json_put(one, "labels", labels);
}

int sk_verb_token_list(struct sk_fleet_call *call)
{
	struct json_object *list;
	uint64_t limit, count = 0;
	sqlite3_stmt *stmt;
	int r = SK_CALL_ONLY(call, "limit");

	if (!r)
		r = sk_call_limit(call, &limit);
	if (!r)
		r = sk_json_put_array(call->out, "tokens", &list);
	if (!r)
		r = sk_sql_use(call->fleet->sql,
			       "SELECT id,org,site,note,by,ifnull(agent,''),created,expires,state,labels FROM token ORDER BY created DESC", &stmt, "");
	while (!r && count < limit && (r = sk_sql_step(call->fleet->sql, stmt)) == 0)
		if (sk_call_sees(call, sk_sql_text(stmt, 1), sk_sql_text(stmt, 2))) {
			r = put_token(call, stmt, list);
			count++;
		}
	return r == SK_NONE ? 0 : r;
}

int sk_verb_token_cancel(struct sk_fleet_call *call)
{
	sqlite3_stmt *stmt;
	const char *id;
	bool sees;
	int state, r = SK_CALL_ONLY(call, "id");

	if (!r)
		r = sk_json_string(call->at, "id", 1, 16, &id);
	if (!r)
		r = sk_sql_use(call->fleet->sql, "SELECT org,site,state FROM token WHERE id=?", &stmt, "t", id);
	if (!r)
		r = sk_sql_step(call->fleet->sql, stmt);
	if (r)
		return r;
	sees = sk_call_sees(call, sk_sql_text(stmt, 0), sk_sql_text(stmt, 1));
	state = sqlite3_column_int(stmt, 2);
	sk_sql_reset(stmt);
	if (!sees)
		return SK_NONE;
	if (state == USED)
		return sk_call_conflict(call, "the token was used: revoke the endpoint instead");
	return sk_sql_run(call->fleet->sql, "UPDATE token SET state=? WHERE id=?", "it", (int64_t)CANCELLED, id);
}
