// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The list of equipment: what the fab has, whether or not an agent runs on it. It is the denominator of "how many of how many".
 *
 * An asset is known by its equipment id within its organisation. Importing a file changes or adds assets and never removes one; a row that cannot
 * be read is named by its line and leaves the others alone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "base/map.h"
#include "policy/permission.h"
#include "web/csv.h"
#include "web/db.h"

/* Columns in the order of the file's usual head; docs/console.md. */
enum sk_asset_column {
	SK_ASSET_EQUIPMENT, SK_ASSET_SITE, SK_ASSET_BAY, SK_ASSET_NAME, SK_ASSET_MAKER, SK_ASSET_MODEL, SK_ASSET_OWNER, SK_ASSET_SCOPE,
	SK_ASSET_HOST, SK_ASSET_ADDRESS, SK_ASSET_OS, SK_ASSET_NOTE, SK_ASSET_COLUMNS
};

enum { SK_ASSET_CELL_MAX = 256, SK_ASSET_ERRORS_SHOWN = 200 };

struct sk_asset {
	char cells[SK_ASSET_COLUMNS][SK_ASSET_CELL_MAX];
};

const char *sk_asset_column_name(enum sk_asset_column column); /* "equipment", "site", ... as in JSON */

/*
 * What can protect an asset, by what its column "os" says: "agent" (Linux), "gateway_only" (VxWorks, Solaris, Windows and whatever else no agent of ours runs
 * on), "unknown" (nothing is said, or nothing that we know). What is gateway only is never shown as protected, whoever has its name.
 */
const char *sk_asset_kind(const char *os);

/* What an import would do, or did. */
struct sk_import {
	int64_t rows, added, changed, same, bad;
	const char *encoding;
	json_object *errors;  /* array of {"line","text"(a word),"value"}; the first SK_ASSET_ERRORS_SHOWN */
	json_object *preview; /* array of {"line","action":"add"|"change"|"same", the columns, "before":{} }; the first 50 that change something */
};
void sk_import_done(struct sk_import *import);

/*
 * Reads a whole file as assets of `org`. Rows of sites that `grants` may not write are errors ("site_denied"). With `write` false nothing changes.
 * `by` is noted. 0; SK_BAD: not a CSV file, or its head lacks the equipment column (diag says it); -EIO.
 */
int sk_asset_import(struct sk_db *db, const char *org, const struct sk_grant *grants, size_t grant_count, const char *data, size_t size,
		    bool write, const char *by, struct sk_import *ret_import, struct sk_diag *diag);

/* Assets of these places whose text holds `search` (""= all), at most `limit`, as an array of objects with "id", "org", the columns and "kind". */
int sk_asset_list(struct sk_db *db, const struct sk_place *places, size_t count, bool all, const char *search, int64_t limit,
		  json_object **ret_assets);
/*
 * Which agent runs on which asset: same organisation, and the agent's host name or id is the asset's host (case does not matter). No agent runs on what is gateway
 * only. The index borrows from the array.
 */
/* "org\nhost" in lower case. False: does not fit, or no host. */
bool sk_agent_key(const char *org, const char *host, char out[512]);
int sk_agent_index(json_object *agents, struct sk_map **ret_index);
json_object *sk_asset_agent(json_object *asset, const struct sk_map *index); /* NULL: none. Borrowed */
