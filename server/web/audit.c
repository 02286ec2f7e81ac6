// SPDX-License-Identifier: GPL-3.0-or-later
/* Writing, walking and showing the chain. See audit.h. */
#include "web/audit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/clock.h"
#include "wire/json.h"

enum { LINE_MAX_SIZE = 64 << 10 };

static int chain(const uint8_t before[SK_SHA256_SIZE], const char *line, size_t size, uint8_t ret_hash[SK_SHA256_SIZE])
{
	_cleanup_buf_ struct sk_buf both = SK_BUF(SK_SHA256_SIZE + LINE_MAX_SIZE);
	int r;

	r = sk_buf_append(&both, before, SK_SHA256_SIZE);
	if (!r)
		r = sk_buf_append(&both, line, size);
	return r ? (r < 0 ? r : -E2BIG) : sk_sha256(both.data, both.size, ret_hash);
}

static int last(struct sk_db *db, int64_t *ret_seq, uint8_t ret_hash[SK_SHA256_SIZE])
{
	_cleanup_rows_ sqlite3_stmt *rows = NULL;
	int r;

	r = sk_db_query(db, &rows, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", "");
	if (!r)
		r = sk_db_row(rows);
	if (r < 0)
		return r;
	*ret_seq = 0;
	memset(ret_hash, 0, SK_SHA256_SIZE);
	if (r == 0) {
		*ret_seq = sk_db_int(rows, 0);
		if (sqlite3_column_bytes(rows, 1) == SK_SHA256_SIZE)
			memcpy(ret_hash, sqlite3_column_blob(rows, 1), SK_SHA256_SIZE);
	}
	return 0;
}

static int make_line(const struct sk_audit *e, int64_t seq, struct sk_buf *out)
{
	_cleanup_json_ json_object *o = json_object_new_object();
	int r;

	if (!o)
		return sk_origin(-ENOMEM);
	r = sk_json_put_i64(o, "seq", seq);
	r = r ? r : sk_json_put_i64(o, "time", (int64_t)sk_clock_ms());
	r = r ? r : sk_json_put_string(o, "actor", e->actor);
	r = r ? r : sk_json_put_string(o, "from", e->from);
	r = r ? r : sk_json_put_string(o, "action", e->action);
	r = r ? r : sk_json_put_string(o, "object", e->object);
	r = r ? r : sk_json_put_string(o, "org", e->org);
	r = r ? r : sk_json_put_string(o, "site", e->site);
	if (!r && e->detail)
		r = sk_json_put(o, "detail", json_object_get(e->detail));
	r = r ? r : sk_json_canonical(o, out);
	return r > 0 ? sk_origin(-E2BIG) : r;
}

int sk_audit_write(struct sk_db *db, const struct sk_audit *entry)
{
	_cleanup_buf_ struct sk_buf line = SK_BUF(LINE_MAX_SIZE);
	uint8_t before[SK_SHA256_SIZE], hash[SK_SHA256_SIZE];
	int64_t seq = 0;
	int r;

	r = sk_db_begin(db);
	if (r)
		return r;
	r = last(db, &seq, before);
	r = r ? r : make_line(entry, seq + 1, &line);
	r = r ? r : chain(before, line.data, line.size, hash);
	r = r ? r : sk_db_run(db, "INSERT INTO audit(seq, org, site, line, hash) VALUES(?,?,?,?,?)", "isssb", seq + 1, entry->org, entry->site,
			      line.data, (const void *)hash, sizeof hash);
	return sk_db_end(db, r);
}

static void broken(struct sk_audit_state *state, int64_t seq, const char *why)
{
	state->broken = seq;
	snprintf(state->why, sizeof state->why, "%s", why);
}

/* The columns by which lines are shown must say what the line says, or a line could be hidden from those who may see it. */
static bool columns_agree(sqlite3_stmt *rows)
{
	_cleanup_json_ json_object *line = json_tokener_parse(sk_db_text(rows, 3));
	json_object *seq = NULL, *org = NULL, *site = NULL;

	return json_object_object_get_ex(line, "seq", &seq) && json_object_object_get_ex(line, "org", &org) &&
	       json_object_object_get_ex(line, "site", &site) && json_object_get_int64(seq) == sk_db_int(rows, 0) &&
	       strcmp(json_object_get_string(org), sk_db_text(rows, 1)) == 0 &&
	       strcmp(json_object_get_string(site), sk_db_text(rows, 2)) == 0;
}

static int check_line(sqlite3_stmt *rows, struct sk_audit_state *state)
{
	uint8_t hash[SK_SHA256_SIZE];
	int64_t seq = sk_db_int(rows, 0), expected = state->entries + 1;
	int r;

	if (seq != expected) {
		broken(state, expected, "the line is missing");
		return 0;
	}
	r = chain(state->head, sk_db_text(rows, 3), (size_t)sqlite3_column_bytes(rows, 3), hash);
	if (r)
		return r;
	if (sqlite3_column_bytes(rows, 4) != SK_SHA256_SIZE || memcmp(sqlite3_column_blob(rows, 4), hash, sizeof hash) != 0)
		broken(state, seq, "the line or one before it was changed");
	else if (!columns_agree(rows))
		broken(state, seq, "the line is filed under another place");
	memcpy(state->head, hash, sizeof hash);
	state->entries = seq;
	return 0;
}

int sk_audit_verify(struct sk_db *db, struct sk_audit_state *ret_state)
{
	_cleanup_rows_ sqlite3_stmt *rows = NULL;
	struct sk_audit_state state = {0};
	int r;

	r = sk_db_query(db, &rows, "SELECT seq, org, site, line, hash FROM audit ORDER BY seq", "");
	while (!r && !state.broken) {
		r = sk_db_row(rows);
		if (!r)
			r = check_line(rows, &state);
	}
	if (r < 0)
		return r;
	*ret_state = state;
	return 0;
}

static bool visible(sqlite3_stmt *rows, const struct sk_place *places, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (sk_place_covers(places[i].org, places[i].site, sk_db_text(rows, 1), sk_db_text(rows, 2)))
			return true;
	return false;
}

static int add_line(sqlite3_stmt *rows, json_object *lines)
{
	json_object *line = json_tokener_parse(sk_db_text(rows, 0));
	int r;

	if (!line)
		return 0; /* verify names it; a damaged line must not hide the others */
	r = sk_json_append(lines, line);
	if (!r && sqlite3_column_bytes(rows, 3) == SK_SHA256_SIZE)
		r = sk_json_put_hex(line, "hash", sqlite3_column_blob(rows, 3), SK_SHA256_SIZE);
	return r;
}

int sk_audit_list(struct sk_db *db, const struct sk_place *places, size_t count, bool all, int64_t before, int64_t limit,
		  json_object **ret_lines)
{
	_cleanup_json_ json_object *lines = json_object_new_array();
	_cleanup_rows_ sqlite3_stmt *rows = NULL;
	int r;

	if (!lines)
		return sk_origin(-ENOMEM);
	r = sk_db_query(db, &rows, "SELECT line, org, site, hash FROM audit WHERE seq < ? ORDER BY seq DESC", "i", before ? before : INT64_MAX);
	while (!r && (int64_t)json_object_array_length(lines) < limit) {
		r = sk_db_row(rows);
		if (!r && (all || visible(rows, places, count)))
			r = add_line(rows, lines);
	}
	if (r < 0)
		return r;
	*ret_lines = SK_TAKE(lines);
	return 0;
}
