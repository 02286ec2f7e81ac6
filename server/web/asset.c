// SPDX-License-Identifier: GPL-3.0-or-later
/* Assets and their import from CSV. See asset.h. */
#include "web/asset.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/mem.h"
#include "os/clock.h"
#include "wire/json.h"

static const char *const names[SK_ASSET_COLUMNS] = {"equipment", "site", "bay",   "name",    "maker", "model",
						    "owner",	 "scope", "host", "address", "os",    "note"};

/* What people write at the head of a column, in either language; the first is ours. */
static const char *const heads[SK_ASSET_COLUMNS][5] = {
	{"equipment", "equipment id", "equipment_id", "装置ID", "設備番号"},
	{"site", "サイト", "拠点", "工場", NULL},
	{"bay", "ベイ", "場所", "設置場所", NULL},
	{"name", "名称", "装置名", "設備名", NULL},
	{"maker", "manufacturer", "メーカー", "メーカ", "製造元"},
	{"model", "機種", "型式", "型番", NULL},
	{"owner", "担当", "担当者", "管理者", NULL},
	{"scope", "区分", "範囲", NULL, NULL},
	{"host", "hostname", "host name", "ホスト名", "装置PC"},
	{"address", "ip", "ip address", "IPアドレス", "アドレス"},
	{"os", "operating system", "OS", "オペレーティングシステム", "基本ソフト"},
	{"note", "notes", "備考", "注記", NULL},
};

/* company IT, fab OT, product as shipped */
static const char *const scopes[][4] = {{"it", "IT", "会社IT", "社内IT"}, {"ot", "OT", "工場OT", "製造OT"}, {"product", "製品", "出荷製品", NULL}};

/* How names of systems begin, as people write them. A version may follow. */
static const char *const with_agent[] = {"linux", "debian", "ubuntu", "red hat", "redhat", "rhel", "centos", "rocky", "alma", "suse", "sles", "opensuse", "fedora",
					 "yocto", "raspbian", NULL};
static const char *const gateway_only[] = {"windows", "ウィンドウズ", "win", "ms-dos", "msdos", "pc-dos", "dos", "os/2", "solaris", "sunos", "vxworks", "qnx", "hp-ux", "hpux",
					   "aix", "irix", "tru64", "openvms", "vms", "lynxos", "psos", "rtems", "integrity", "rtx", "intime", "itron", "μitron",
					   "uitron", "t-kernel", "toppers", "freertos", "nucleus", "freebsd", "netbsd", "openbsd", "macos", "mac os", "plc",
					   "firmware", "ファームウェア", "none", "なし", NULL};

enum { CHANGED_SHOWN = 50 };

const char *sk_asset_column_name(enum sk_asset_column column)
{
	return names[column];
}

/* "windows 7" begins with "windows"; "winter" does not with "win". */
static bool begins(const char *os, const char *const *list)
{
	for (; *list; list++) {
		size_t size = strlen(*list);
		unsigned char next;

		if (strncasecmp(os, *list, size) != 0)
			continue;
		next = (unsigned char)os[size];
		if (!((next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z')))
			return true;
	}
	return false;
}

const char *sk_asset_kind(const char *os)
{
	return begins(os, with_agent) ? "agent" : begins(os, gateway_only) ? "gateway_only" : "unknown";
}

void sk_import_done(struct sk_import *import)
{
	import->errors = sk_json_free(import->errors);
	import->preview = sk_json_free(import->preview);
}

/* ---- reading a row ---- */

struct reader {
	struct sk_db *db;
	const char *org, *by;
	const struct sk_grant *grants;
	size_t grant_count;
	bool write;
	int place[SK_ASSET_COLUMNS]; /* which cell; -1 = the file has no such column */
	struct sk_csv csv;
	struct sk_import *import;
};

static int note_error(struct reader *in, const char *word, const char *value)
{
	json_object *o;
	int r;

	in->import->bad++;
	if (json_object_array_length(in->import->errors) >= SK_ASSET_ERRORS_SHOWN)
		return 0;
	o = json_object_new_object();
	r = sk_json_append(in->import->errors, o);
	r = r ? r : sk_json_put_i64(o, "line", in->csv.line);
	r = r ? r : sk_json_put_string(o, "text", word);
	return r ? r : sk_json_put_string(o, "value", value);
}

static void trimmed(const char *cell, const char **ret_from, size_t *ret_size)
{
	size_t size;

	cell += strspn(cell, " \t\r\n");
	size = strlen(cell);
	while (size && strchr(" \t\r\n", cell[size - 1]))
		size--;
	*ret_from = cell;
	*ret_size = size;
}

static int read_head(struct reader *in, struct sk_diag *diag)
{
	for (int column = 0; column < SK_ASSET_COLUMNS; column++) {
		in->place[column] = -1;
		for (size_t cell = 0; cell < in->csv.count && in->place[column] < 0; cell++) {
			const char *text;
			size_t size;

			trimmed(in->csv.cells[cell], &text, &size);
			for (int i = 0; i < 5 && heads[column][i]; i++)
				if (strlen(heads[column][i]) == size && strncasecmp(heads[column][i], text, size) == 0)
					in->place[column] = (int)cell;
		}
	}
	if (in->place[SK_ASSET_EQUIPMENT] < 0)
		return sk_diag_line(diag, in->csv.line, 1, "no column is called \"equipment\" or 装置ID");
	return 0;
}

static const char *scope_of(const char *text)
{
	if (!text[0])
		return "ot";
	for (size_t i = 0; i < SK_ARRAY_SIZE(scopes); i++)
		for (int k = 0; k < 4 && scopes[i][k]; k++)
			if (strcasecmp(scopes[i][k], text) == 0)
				return scopes[i][0];
	return NULL;
}

/* Fills the asset from the row; *ret_fault is NULL or the word of what is wrong, *ret_value the cell. */
static void read_cells(struct reader *in, struct sk_asset *asset, const char **ret_fault, const char **ret_value)
{
	*ret_fault = NULL;
	*ret_value = "";
	for (int column = 0; column < SK_ASSET_COLUMNS; column++) {
		const char *text = "";
		size_t size = 0;

		if (in->place[column] >= 0 && (size_t)in->place[column] < in->csv.count)
			trimmed(in->csv.cells[in->place[column]], &text, &size);
		if (size >= SK_ASSET_CELL_MAX) {
			*ret_fault = "long";
			*ret_value = names[column];
			return;
		}
		snprintf(asset->cells[column], SK_ASSET_CELL_MAX, "%.*s", (int)size, text);
	}
}

static const char *fault_of(struct reader *in, struct sk_asset *asset, const char **ret_value)
{
	const char *scope = scope_of(asset->cells[SK_ASSET_SCOPE]), *site = asset->cells[SK_ASSET_SITE];

	*ret_value = "";
	if (in->csv.count > SK_ASSET_COLUMNS + 20)
		return "columns";
	if (!asset->cells[SK_ASSET_EQUIPMENT][0])
		return "no_equipment";
	*ret_value = site;
	if (site[0] && !sk_place_name_valid(site))
		return "site_name";
	if (!sk_permitted(in->grants, in->grant_count, SK_OBJECT_ASSET, SK_VERB_WRITE, in->org, site))
		return "site_denied";
	*ret_value = asset->cells[SK_ASSET_SCOPE];
	if (!scope)
		return "scope";
	snprintf(asset->cells[SK_ASSET_SCOPE], SK_ASSET_CELL_MAX, "%s", scope);
	return NULL;
}

/* ---- writing a row ---- */

static int find_old(struct reader *in, const char *equipment, struct sk_asset *old, int64_t *ret_id)
{
	_cleanup_rows_ sqlite3_stmt *rows = NULL;
	int r;

	*ret_id = 0;
	r = sk_db_query(in->db, &rows, "SELECT id, equipment, site, bay, name, maker, model, owner, scope, host, address, os, note FROM asset"
				       " WHERE org=? AND equipment=?", "ss", in->org, equipment);
	r = r ? r : sk_db_row(rows);
	if (r)
		return r == SK_END ? 0 : r;
	*ret_id = sk_db_int(rows, 0);
	for (int i = 0; i < SK_ASSET_COLUMNS; i++)
		snprintf(old->cells[i], SK_ASSET_CELL_MAX, "%s", sk_db_text(rows, 1 + i));
	return 0;
}

/* A column that the file does not have keeps what the list has. */
static void keep_absent(const struct reader *in, struct sk_asset *asset, const struct sk_asset *old)
{
	for (int i = 0; i < SK_ASSET_COLUMNS; i++)
		if (in->place[i] < 0)
			memcpy(asset->cells[i], old->cells[i], SK_ASSET_CELL_MAX);
}

static bool same_cells(const struct sk_asset *a, const struct sk_asset *b)
{
	for (int i = 0; i < SK_ASSET_COLUMNS; i++)
		if (strcmp(a->cells[i], b->cells[i]) != 0)
			return false;
	return true;
}

static int put_cells(json_object *o, const struct sk_asset *asset)
{
	int r = 0;

	for (int i = 0; !r && i < SK_ASSET_COLUMNS; i++)
		r = sk_json_put_string(o, names[i], asset->cells[i]);
	return r;
}

static int note_change(struct reader *in, const struct sk_asset *asset, const struct sk_asset *old)
{
	json_object *o, *before;
	int r;

	if (json_object_array_length(in->import->preview) >= CHANGED_SHOWN)
		return 0;
	o = json_object_new_object();
	r = sk_json_append(in->import->preview, o);
	r = r ? r : sk_json_put_i64(o, "line", in->csv.line);
	r = r ? r : sk_json_put_string(o, "action", old ? "change" : "add");
	r = r ? r : put_cells(o, asset);
	if (r || !old)
		return r;
	r = sk_json_put_object(o, "before", &before);
	for (int i = 0; !r && i < SK_ASSET_COLUMNS; i++)
		if (strcmp(asset->cells[i], old->cells[i]) != 0)
			r = sk_json_put_string(before, names[i], old->cells[i]);
	return r;
}

static int upsert(struct reader *in, const struct sk_asset *a)
{
	return sk_db_run(in->db,
			 "INSERT INTO asset(org, equipment, site, bay, name, maker, model, owner, scope, host, address, os, note, updated, by)"
			 " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(org, equipment) DO UPDATE SET site=excluded.site, bay=excluded.bay,"
			 " name=excluded.name, maker=excluded.maker, model=excluded.model, owner=excluded.owner, scope=excluded.scope,"
			 " host=excluded.host, address=excluded.address, os=excluded.os, note=excluded.note, updated=excluded.updated, by=excluded.by",
			 "sssssssssssssis", in->org, a->cells[0], a->cells[1], a->cells[2], a->cells[3], a->cells[4], a->cells[5], a->cells[6],
			 a->cells[7], a->cells[8], a->cells[9], a->cells[10], a->cells[11], (int64_t)sk_clock_ms(), in->by);
}

static int take_row(struct reader *in)
{
	struct sk_asset asset = {0}, old = {0};
	const char *fault, *value;
	int64_t id;
	int r;

	in->import->rows++;
	read_cells(in, &asset, &fault, &value);
	if (fault)
		return note_error(in, fault, value);
	r = find_old(in, asset.cells[SK_ASSET_EQUIPMENT], &old, &id);
	if (r)
		return r;
	if (id)
		keep_absent(in, &asset, &old);
	fault = fault_of(in, &asset, &value);
	/* An asset cannot be taken over from a site that is not one's own. */
	if (!fault && id &&
	    !sk_permitted(in->grants, in->grant_count, SK_OBJECT_ASSET, SK_VERB_WRITE, in->org, old.cells[SK_ASSET_SITE])) {
		fault = "site_denied";
		value = asset.cells[SK_ASSET_EQUIPMENT];
	}
	if (fault)
		return note_error(in, fault, value);
	if (id && same_cells(&asset, &old)) {
		in->import->same++;
		return 0;
	}
	in->import->added += !id;
	in->import->changed += id != 0;
	r = note_change(in, &asset, id ? &old : NULL);
	/* Written in the preview too, and rolled back: a second row for the same equipment then counts as what it is, a change. */
	return r ? r : upsert(in, &asset);
}

static int take_rows(struct reader *in, struct sk_diag *diag)
{
	struct sk_diag row = {0};
	int r;

	r = sk_csv_row(&in->csv, diag);
	if (r)
		return r == SK_END ? sk_diag_line(diag, 1, 1, "the file is empty") : r;
	r = read_head(in, diag);
	while (!r) {
		r = sk_csv_row(&in->csv, &row);
		if (!r)
			r = take_row(in);
	}
	if (r == SK_BAD && row.line) {
		in->csv.line = row.line;
		in->import->rows++;
		return note_error(in, "syntax", row.text); /* nothing behind it can be told apart: the rows before it stand */
	}
	return r == SK_END ? 0 : r;
}

static int end_import(struct sk_db *db, bool write, int r)
{
	enum { ROLL_BACK = 100 };
	int ended = sk_db_end(db, r ? r : write ? 0 : ROLL_BACK);

	return ended == ROLL_BACK ? 0 : ended;
}

int sk_asset_import(struct sk_db *db, const char *org, const struct sk_grant *grants, size_t grant_count, const char *data, size_t size,
		    bool write, const char *by, struct sk_import *ret_import, struct sk_diag *diag)
{
	struct sk_import import = {.errors = json_object_new_array(), .preview = json_object_new_array()};
	struct reader in = {.db = db, .org = org, .by = by, .grants = grants, .grant_count = grant_count, .write = write, .import = &import};
	int r = import.errors && import.preview ? 0 : sk_origin(-ENOMEM);

	r = r ? r : sk_csv_open(data, size, &in.csv, diag);
	if (!r) {
		import.encoding = strcmp(in.csv.encoding, "UTF-8") == 0 ? "UTF-8" : "Shift_JIS";
		r = sk_db_begin(db);
		if (!r)
			r = end_import(db, write, take_rows(&in, diag));
		sk_csv_done(&in.csv);
	}
	if (r) {
		sk_import_done(&import);
		return r;
	}
	*ret_import = import;
	return 0;
}

/* ---- showing ---- */

static int add_asset(sqlite3_stmt *rows, json_object *assets)
{
	json_object *o = json_object_new_object();
	int r;

	r = sk_json_append(assets, o);
	r = r ? r : sk_json_put_i64(o, "id", sk_db_int(rows, 0));
	r = r ? r : sk_json_put_string(o, "org", sk_db_text(rows, 1));
	for (int i = 0; !r && i < SK_ASSET_COLUMNS; i++)
		r = sk_json_put_string(o, names[i], sk_db_text(rows, 2 + i));
	r = r ? r : sk_json_put_string(o, "kind", sk_asset_kind(sk_db_text(rows, 2 + SK_ASSET_OS)));
	r = r ? r : sk_json_put_i64(o, "updated", sk_db_int(rows, 2 + SK_ASSET_COLUMNS));
	return r ? r : sk_json_put_string(o, "by", sk_db_text(rows, 3 + SK_ASSET_COLUMNS));
}

static bool visible(sqlite3_stmt *rows, const struct sk_place *places, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (sk_place_covers(places[i].org, places[i].site, sk_db_text(rows, 1), sk_db_text(rows, 3)))
			return true;
	return false;
}

int sk_asset_list(struct sk_db *db, const struct sk_place *places, size_t count, bool all, const char *search, int64_t limit,
		  json_object **ret_assets)
{
	_cleanup_json_ json_object *assets = json_object_new_array();
	_cleanup_rows_ sqlite3_stmt *rows = NULL;
	int r;

	if (!assets)
		return sk_origin(-ENOMEM);
	r = sk_db_query(db, &rows, "SELECT id, org, equipment, site, bay, name, maker, model, owner, scope, host, address, os, note, updated, by"
				   " FROM asset WHERE ?='' OR instr(lower(equipment||' '||site||' '||bay||' '||name||' '||maker||' '||model||"
				   "' '||owner||' '||host||' '||address||' '||os||' '||note), lower(?)) ORDER BY org, site, bay, equipment", "ss", search, search);
	while (!r && (int64_t)json_object_array_length(assets) < limit) {
		r = sk_db_row(rows);
		if (!r && (all || visible(rows, places, count)))
			r = add_asset(rows, assets);
	}
	if (r < 0)
		return r;
	*ret_assets = SK_TAKE(assets);
	return 0;
}

/* "org\nhost" in lower case. False: does not fit, or no host. */
bool sk_agent_key(const char *org, const char *host, char out[512])
{
	int n = org && host && host[0] ? snprintf(out, 512, "%s\n%s", org, host) : 512;

	for (char *c = out; n < 512 && *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
	return n < 512;
}

static int index_by(struct sk_map *index, json_object *agent, const char *member)
{
	char key[512];
	int r;

	if (!sk_agent_key(json_object_get_string(json_object_object_get(agent, "org")), json_object_get_string(json_object_object_get(agent, member)), key))
		return 0;
	r = sk_map_put(index, key, strlen(key), agent);
	return r == SK_FULL ? 0 : r;
}

int sk_agent_index(json_object *agents, struct sk_map **ret_index)
{
	size_t count = agents ? json_object_array_length(agents) : 0;
	_cleanup_map_ struct sk_map *index = NULL;
	int r;

	r = sk_map_new(2 * count + 1, NULL, &index);
	for (size_t i = 0; !r && i < count; i++) {
		r = index_by(index, json_object_array_get_idx(agents, i), "agent");
		r = r ? r : index_by(index, json_object_array_get_idx(agents, i), "host");
	}
	if (!r)
		*ret_index = SK_TAKE(index);
	return r;
}

json_object *sk_asset_agent(json_object *asset, const struct sk_map *index)
{
	const char *os = json_object_get_string(json_object_object_get(asset, "os"));
	char key[512];

	if (os && strcmp(sk_asset_kind(os), "gateway_only") == 0)
		return NULL;
	if (!sk_agent_key(json_object_get_string(json_object_object_get(asset, "org")), json_object_get_string(json_object_object_get(asset, "host")), key))
		return NULL;
	return sk_map_get(index, key, strlen(key));
}
