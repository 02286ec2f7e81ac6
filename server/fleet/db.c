// SPDX-License-Identifier: GPL-3.0-or-later
/* The tables of fleet.db. Organisation and site stand on every row that somebody may be allowed to see or not. Times are ms since 1970. */
#include "base/mem.h"
#include "fleet/inside.h"

static const char first_script[] =
	"CREATE TABLE token(id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, org TEXT NOT NULL, site TEXT NOT NULL, labels TEXT NOT NULL,"
	" note TEXT NOT NULL, by TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL, state INTEGER NOT NULL, agent TEXT);"
	"CREATE TABLE agent(id TEXT PRIMARY KEY, host TEXT NOT NULL, machine TEXT NOT NULL, org TEXT NOT NULL, site TEXT NOT NULL,"
	" labels TEXT NOT NULL, secret BLOB NOT NULL, enrolled INTEGER NOT NULL, revoked INTEGER NOT NULL, reason TEXT,"
	" last_seen INTEGER NOT NULL, version TEXT NOT NULL, address TEXT NOT NULL, health TEXT, health_at INTEGER NOT NULL, policy TEXT);"
	"CREATE TABLE certificate(fingerprint BLOB PRIMARY KEY, agent TEXT NOT NULL REFERENCES agent(id), serial TEXT NOT NULL,"
	" not_before INTEGER NOT NULL, not_after INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX certificate_agent ON certificate(agent);"
	"CREATE TABLE policy(hash TEXT PRIMARY KEY, part TEXT NOT NULL, serial INTEGER NOT NULL, labels TEXT NOT NULL, title TEXT NOT NULL,"
	" mode TEXT NOT NULL, programs INTEGER NOT NULL, keyid TEXT NOT NULL, not_before INTEGER NOT NULL, expires INTEGER NOT NULL,"
	" published INTEGER NOT NULL, by TEXT NOT NULL, envelope TEXT NOT NULL);"
	"CREATE INDEX policy_serial ON policy(part, serial DESC);"
	"CREATE TABLE revocations(serial INTEGER PRIMARY KEY, published INTEGER NOT NULL, by TEXT NOT NULL, envelope TEXT NOT NULL);"
	"CREATE TABLE request(number INTEGER PRIMARY KEY AUTOINCREMENT, agent TEXT NOT NULL REFERENCES agent(id), id TEXT NOT NULL,"
	" org TEXT NOT NULL, site TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, state INTEGER NOT NULL, created INTEGER NOT NULL,"
	" decided INTEGER, by TEXT, note TEXT, answered INTEGER, UNIQUE(agent, id));"
	"CREATE INDEX request_state ON request(state, number);"
	"CREATE TABLE draft(number INTEGER PRIMARY KEY AUTOINCREMENT, request INTEGER NOT NULL UNIQUE REFERENCES request(number),"
	" agent TEXT NOT NULL, org TEXT NOT NULL, site TEXT NOT NULL, programs TEXT NOT NULL, by TEXT NOT NULL, note TEXT NOT NULL,"
	" created INTEGER NOT NULL, serial INTEGER);"
	"CREATE TABLE command(number INTEGER PRIMARY KEY AUTOINCREMENT, agent TEXT NOT NULL REFERENCES agent(id), org TEXT NOT NULL,"
	" site TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, by TEXT NOT NULL, created INTEGER NOT NULL, sent INTEGER,"
	" done INTEGER, ok INTEGER, result TEXT);"
	"CREATE INDEX command_agent ON command(agent, number);";

/* Codes read over a telephone: who asked, who answered, and why. */
static const char codes_script[] =
	"CREATE TABLE code(number INTEGER PRIMARY KEY AUTOINCREMENT, agent TEXT NOT NULL REFERENCES agent(id), org TEXT NOT NULL,"
	" site TEXT NOT NULL, challenge TEXT NOT NULL, scope TEXT NOT NULL, minutes INTEGER NOT NULL, asked_by TEXT NOT NULL,"
	" by TEXT NOT NULL, why TEXT NOT NULL, created INTEGER NOT NULL);"
	"CREATE INDEX code_agent ON code(agent, number);";

/* Programs by hash, reviewed once for all endpoints of an organisation. */
static const char programs_script[] =
	"CREATE TABLE program(org TEXT NOT NULL, hash TEXT NOT NULL, name TEXT NOT NULL, publisher TEXT NOT NULL, package TEXT NOT NULL,"
	" version TEXT NOT NULL, provenance TEXT NOT NULL, kind TEXT NOT NULL, size INTEGER NOT NULL, decision TEXT NOT NULL, reviewer TEXT NOT NULL,"
	" note TEXT NOT NULL, first_agent TEXT NOT NULL, first_host TEXT NOT NULL, brought_by TEXT NOT NULL, created INTEGER NOT NULL,"
	" reviewed INTEGER, PRIMARY KEY(org, hash)) WITHOUT ROWID;"
	"CREATE TABLE program_at(org TEXT NOT NULL, hash TEXT NOT NULL, agent TEXT NOT NULL, seen INTEGER NOT NULL, PRIMARY KEY(org, hash, agent)) WITHOUT ROWID;"
	"CREATE TABLE program_review(number INTEGER PRIMARY KEY AUTOINCREMENT, org TEXT NOT NULL, hash TEXT NOT NULL, decision TEXT NOT NULL,"
	" by TEXT NOT NULL, note TEXT NOT NULL, created INTEGER NOT NULL);"
	"CREATE INDEX program_review_hash ON program_review(org, hash);";

const char *const sk_fleet_scripts[] = {first_script, codes_script, programs_script};
const int sk_fleet_script_count = SK_ARRAY_SIZE(sk_fleet_scripts);
