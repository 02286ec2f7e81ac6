// SPDX-License-Identifier: GPL-3.0-or-later
/* The pages of the list of equipment: looking, taking it out as CSV, and bringing a file in, in two steps: see what would change, then do it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/clock.h"
#include "web/asset.h"
#include "web/handlers.h"
#include "wire/json.h"

enum { AGENTS };
enum { SHOWN_MAX = 5000 };

/* "agent" of each asset: the endpoint that runs on it; how many have one, and how many cannot have one. */
static void join(struct sk_req *q, json_object *assets, const struct sk_map *index, const char *only)
{
	json_object *shown = sk_put_array(q->model, "assets");
	int64_t with = 0, gateway = 0, total = (int64_t)json_object_array_length(assets);

	for (int64_t i = 0; i < total; i++) {
		json_object *asset = json_object_array_get_idx(assets, (size_t)i), *agent = sk_asset_agent(asset, index);

		bool gateway_only = strcmp(sk_field_text(asset, "kind"), "gateway_only") == 0;

		with += agent != NULL;
		gateway += gateway_only;
		if (agent) {
			json_object *brief = sk_put_object(asset, "agent");

			sk_endpoint_judge(agent, (int64_t)sk_clock_ms());
			sk_put_s(brief, "agent", sk_field_text(agent, "agent"));
			sk_put_s(brief, "state_word", sk_field_text(agent, "state_word"));
		}
		if (!only[0] || strcmp(only, agent ? "yes" : gateway_only ? "gateway" : "no") == 0)
			json_object_array_add(shown, json_object_get(asset));
	}
	sk_put_i(q->model, "total", total);
	sk_put_i(q->model, "with_agent", with);
	sk_put_i(q->model, "gateway_only", gateway);
}

/* Endpoints that no asset names: the denominator lacks them. */
static void put_unknown(struct sk_req *q, json_object *assets)
{
	json_object *unknown = sk_put_array(q->model, "unknown");
	_cleanup_map_ struct sk_map *hosts = NULL;
	char key[512];

	if (sk_map_new(json_object_array_length(assets) + 1, NULL, &hosts))
		return;
	for (size_t i = 0; i < json_object_array_length(assets); i++) {
		json_object *asset = json_object_array_get_idx(assets, i);

		if (strcmp(sk_field_text(asset, "kind"), "gateway_only") != 0 && sk_agent_key(sk_field_text(asset, "org"), sk_field_text(asset, "host"), key))
			sk_map_put(hosts, key, strlen(key), asset);
	}
	for (size_t i = 0; i < (q->collected ? json_object_array_length(q->collected) : 0); i++) {
		json_object *agent = json_object_array_get_idx(q->collected, i);
		const char *org = sk_field_text(agent, "org");

		if (strcmp(sk_field_text(agent, "state"), "revoked") == 0 ||
		    (sk_agent_key(org, sk_field_text(agent, "host"), key) && sk_map_get(hosts, key, strlen(key))) ||
		    (sk_agent_key(org, sk_field_text(agent, "agent"), key) && sk_map_get(hosts, key, strlen(key))))
			continue;
		json_object_array_add(unknown, json_object_get(agent));
	}
}

static int load(struct sk_req *q, const char *search, json_object **ret_assets)
{
	sk_req_scope(q, SK_OBJECT_ASSET, SK_VERB_READ);
	return sk_asset_list(&q->web->db, q->places, q->place_count, q->all_places, search, SHOWN_MAX, ret_assets);
}

int sk_do_assets(struct sk_req *q)
{
	_cleanup_json_ json_object *assets = NULL;
	_cleanup_map_ struct sk_map *index = NULL;
	const char *search = sk_form_text(&q->query, "search"), *only = sk_form_text(&q->query, "agent");
	int r;

	if (sk_req_scope(q, SK_OBJECT_ENDPOINT, SK_VERB_READ)) {
		r = sk_req_all_agents(q, AGENTS);
		if (r < 0 || r == SK_AGAIN)
			return r;
	}
	sk_put_b(sk_req_model(q), "fleet_away", q->answers[AGENTS].code[0] != '\0');
	r = load(q, search, &assets);
	r = r ? r : sk_agent_index(q->collected, &index);
	if (r)
		return r;
	join(q, assets, index, only);
	if (!search[0])
		put_unknown(q, assets);
	sk_put_b(q->model, "may_write", sk_req_may_anywhere(q, SK_OBJECT_ASSET, SK_VERB_WRITE));
	sk_put_b(q->model, "cut", json_object_array_length(assets) >= SHOWN_MAX);
	return 0;
}

/* A cell in quotes. A cell that a spreadsheet would run as a formula gets an apostrophe first. */
static int put_cell(struct sk_buf *out, const char *text)
{
	int r = sk_buf_append_str(out, strchr("=+-@\t", text[0]) && text[0] ? "\"'" : "\"");

	for (; !r && *text; text++) {
		if (*text == '"')
			r = sk_buf_append_char(out, '"');
		r = r ? r : sk_buf_append_char(out, *text);
	}
	return r ? r : sk_buf_append_char(out, '"');
}

static int put_row(struct sk_buf *out, json_object *asset)
{
	int r = 0;

	for (int i = 0; !r && i < SK_ASSET_COLUMNS; i++) {
		const char *name = sk_asset_column_name((enum sk_asset_column)i);

		r = i ? sk_buf_append_char(out, ',') : 0;
		r = r ? r : put_cell(out, asset ? sk_field_text(asset, name) : name);
	}
	return r ? r : sk_buf_append_str(out, "\r\n");
}

int sk_do_assets_export(struct sk_req *q)
{
	_cleanup_json_ json_object *assets = NULL;
	_cleanup_buf_ struct sk_buf out = SK_BUF(SK_HTML_MAX);
	int r;

	r = load(q, "", &assets);
	/* The byte order mark is what makes Excel read UTF-8. */
	r = r ? r : sk_buf_append_str(&out, "\xef\xbb\xbf");
	r = r ? r : put_row(&out, NULL);
	for (size_t i = 0; !r && i < json_object_array_length(assets); i++)
		r = put_row(&out, json_object_array_get_idx(assets, i));
	if (r)
		return r;
	sk_put_s(sk_req_model(q), "file", out.data);
	sk_put_s(q->model, "file_name", "assets.csv");
	sk_put_s(q->model, "file_type", "text/csv; charset=utf-8");
	return 0;
}

/* ---- import ---- */

/* Organisations into which the asker may write: what the form offers. */
static void put_orgs(struct sk_req *q)
{
	json_object *orgs = sk_put_array(sk_req_model(q), "orgs");

	sk_req_scope(q, SK_OBJECT_ASSET, SK_VERB_WRITE);
	sk_put_b(q->model, "any_org", q->all_places);
	for (size_t i = 0; i < q->place_count; i++) {
		bool there = false;

		for (size_t k = 0; k < i; k++)
			there = there || strcmp(q->places[k].org, q->places[i].org) == 0;
		if (!there)
			json_object_array_add(orgs, json_object_new_string(q->places[i].org));
	}
}

static void put_import(struct sk_req *q, const struct sk_import *import)
{
	json_object *o = sk_put_object(sk_req_model(q), "import");

	sk_put_i(o, "rows", import->rows);
	sk_put_i(o, "added", import->added);
	sk_put_i(o, "changed", import->changed);
	sk_put_i(o, "same", import->same);
	sk_put_i(o, "bad", import->bad);
	sk_put_s(o, "encoding", import->encoding);
	sk_put_o(o, "errors", json_object_get(import->errors));
	sk_put_o(o, "preview", json_object_get(import->preview));
}

int sk_do_import_page(struct sk_req *q)
{
	put_orgs(q);
	return 0;
}

/* The page again, with what is wrong with the file. */
static int bad_file(struct sk_req *q, enum sk_text text, const struct sk_diag *diag)
{
	char place[400];

	put_orgs(q);
	q->fault = (int)text;
	q->status = 400;
	if (q->api)
		return SK_BAD;
	if (diag)
		sk_put_s(q->model, "fault_detail", sk_diag_format(diag, place, sizeof place));
	return 0;
}

static bool may_write_in(struct sk_req *q, const char *org)
{
	sk_req_scope(q, SK_OBJECT_ASSET, SK_VERB_WRITE);
	for (size_t i = 0; i < q->place_count; i++)
		if (strcmp(q->places[i].org, org) == 0)
			return true;
	return q->all_places;
}

/* Kept for an hour under a name nobody can guess, until its sender confirms it. */
static int keep_file(struct sk_req *q, const char *org, const char *data, size_t size)
{
	uint8_t key[SK_SHA256_SIZE];
	char id[SK_SECRET_TEXT];
	int r;

	r = sk_secret_make(id, key);
	/* One at a time a person: what was not confirmed makes room. */
	r = r ? r : sk_db_run(&q->web->db, "DELETE FROM import WHERE user=?", "i", q->who.user.id);
	r = r ? r : sk_db_run(&q->web->db, "INSERT INTO import(id, user, org, name, data, created) VALUES(?,?,?,?,?,?)", "sissbi", id,
			      q->who.user.id, org, q->form.file_name, (const void *)data, size, (int64_t)sk_clock_ms());
	if (!r)
		sk_put_s(sk_req_model(q), "import_id", id);
	return r;
}

int sk_do_import(struct sk_req *q)
{
	const char *org = sk_form_text(&q->form, "org"), *data = q->form.file;
	size_t size = q->form.file_size;
	struct sk_diag diag = {0};
	struct sk_import import;
	int r;

	if (!data && sk_form_get(&q->form, "csv")) { /* the API, or text pasted into the form */
		data = sk_form_text(&q->form, "csv");
		size = strlen(data);
	}
	if (!sk_place_name_valid(org))
		return bad_file(q, T_fault_place, NULL);
	if (!may_write_in(q, org))
		return SK_DENIED;
	if (!data || !size)
		return bad_file(q, T_fault_file, NULL);
	sk_diag_source(&diag, q->form.file_name[0] ? q->form.file_name : "csv");
	r = sk_asset_import(&q->web->db, org, sk_req_grants(q), q->who.user.grant_count, data, size, false, q->who.user.name, &import, &diag);
	if (r == SK_BAD)
		return bad_file(q, T_fault_csv, &diag);
	if (r)
		return r;
	put_import(q, &import);
	r = import.added + import.changed ? keep_file(q, org, data, size) : 0;
	sk_put_s(q->model, "file_name", q->form.file_name);
	put_orgs(q);
	sk_import_done(&import);
	return r;
}

static int write_import(struct sk_req *q, const char *org, const void *data, size_t size)
{
	_cleanup_json_ json_object *detail = json_object_new_object();
	struct sk_diag diag = {0};
	struct sk_import import;
	int r;

	r = sk_asset_import(&q->web->db, org, sk_req_grants(q), q->who.user.grant_count, data, size, true, q->who.user.name, &import, &diag);
	if (r)
		return r == SK_BAD ? SK_NONE : r;
	put_import(q, &import);
	sk_put_i(detail, "added", import.added);
	sk_put_i(detail, "changed", import.changed);
	sk_put_i(detail, "same", import.same);
	sk_put_i(detail, "bad", import.bad);
	sk_import_done(&import);
	return sk_req_audit(q, "asset.import", "", org, "", detail);
}

int sk_do_import_confirm(struct sk_req *q)
{
	_cleanup_rows_ sqlite3_stmt *rows = NULL;
	struct sk_db *db = &q->web->db;
	int r;

	r = sk_db_query(db, &rows, "SELECT org, data FROM import WHERE id=? AND user=?", "si", q->id, q->who.user.id);
	r = r ? r : sk_db_row(rows);
	if (r)
		return r == SK_END ? SK_NONE : r;
	r = sk_db_begin(db);
	if (r)
		return r;
	r = write_import(q, sk_db_text(rows, 0), sqlite3_column_blob(rows, 1), (size_t)sqlite3_column_bytes(rows, 1));
	r = r ? r : sk_db_run(db, "DELETE FROM import WHERE id=?", "s", q->id);
	r = sk_db_end(db, r);
	if (!r)
		sk_req_go(q, "/assets", "done", "imported");
	return r;
}
