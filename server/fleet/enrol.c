// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Enrolment: a token, once, for a certificate, the site's public key and a secret of the endpoint's own. Everything of it is one transaction: a token is
 * used exactly when the certificate exists.
 *
 * Wrong tokens are counted per address: after GUESSES in a minute nothing more is looked at from there until the minute is over. What was wrong with a
 * token (unknown, used, expired) is not said.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "fleet/inside.h"
#include "os/clock.h"
#include "os/point.h"

enum { GUESSES = 10, MINUTE_MS = 60000, SECRET = 32, BACKDATE_S = 3600 };

struct guesses {
	uint64_t since_ms;
	unsigned count;
};

struct enrolment {
	const char *token, *csr, *host, *machine, *address;
	char token_id[16];
	struct sk_fleet_agent *agent;
	uint8_t secret[SECRET];
	struct sk_cert *cert;
};

static bool guesses_too_much(struct sk_fleet *fleet, const char *address, bool wrong)
{
	uint64_t now = sk_clock_mono_ms();
	struct guesses *g = sk_map_get(fleet->guesses, address, strlen(address));

	if (g && now - g->since_ms > MINUTE_MS) {
		free(sk_map_take(fleet->guesses, address, strlen(address)));
		g = NULL;
	}
	if (!wrong)
		return g && g->count >= GUESSES;
	if (!g) {
		g = sk_calloc(1, sizeof *g);
		if (!g || sk_map_put(fleet->guesses, address, strlen(address), g)) {
			free(g);
			return true; /* no room to count: nobody guesses */
		}
		g->since_ms = now;
	}
	g->count++;
	return false;
}

static int read_question(const struct sk_json *at, struct enrolment *e)
{
	int r = SK_JSON_ONLY(at, "token", "csr", "host", "machine", "address");

	if (!r)
		r = sk_json_string(at, "token", 1, 128, &e->token);
	if (!r)
		r = sk_json_string(at, "csr", 1, SK_PEM_MAX, &e->csr);
	if (!r)
		r = sk_json_string(at, "host", 1, SK_FLEET_NAME_MAX, &e->host);
	if (!r)
		r = sk_json_string(at, "machine", 0, SK_FLEET_NAME_MAX, &e->machine);
	return r ? r : sk_json_string(at, "address", 0, 47, &e->address);
}

/* The token's row becomes the agent's organisation, site and labels. SK_DENIED when it is none, or no longer. */
static int take_token(struct sk_fleet *fleet, struct enrolment *e)
{
	uint8_t hash[SK_SHA256_SIZE];
	sqlite3_stmt *stmt;
	int r = sk_token_hash(e->token, hash);

	if (r)
		return r == SK_BAD ? SK_DENIED : r;
	r = sk_sql_use(fleet->sql, "SELECT id,org,site,labels FROM token WHERE hash=? AND state=0 AND expires>?", &stmt, "bi", hash, sizeof hash,
		       sk_fleet_now());
	if (!r)
		r = sk_sql_step(fleet->sql, stmt);
	if (r)
		return r == SK_NONE ? SK_DENIED : r;
	snprintf(e->token_id, sizeof e->token_id, "%s", sk_sql_text(stmt, 0));
	snprintf(e->agent->org, sizeof e->agent->org, "%s", sk_sql_text(stmt, 1));
	snprintf(e->agent->site, sizeof e->agent->site, "%s", sk_sql_text(stmt, 2));
	e->agent->labels = sk_fleet_column_json(stmt, 3);
	sk_sql_reset(stmt);
	return 0;
}

/* "host-1a2b3c4d": what people recognise, and what makes it unique. */
static int name_agent(struct enrolment *e)
{
	struct sk_fleet_agent *a = e->agent;
	uint8_t random[4];
	char hex[9], host[41];
	size_t n = 0;
	int r = sk_random(random, sizeof random);

	for (const char *p = e->host; *p && *p != '.' && n < sizeof host - 1; p++)
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '-' || *p == '_')
			host[n++] = *p;
	host[n] = '\0';
	snprintf(a->id, sizeof a->id, "%s-%s", n ? host : "endpoint", sk_hex(random, sizeof random, hex));
	snprintf(a->host, sizeof a->host, "%s", e->host);
	snprintf(a->machine, sizeof a->machine, "%s", e->machine);
	snprintf(a->address, sizeof a->address, "%s", e->address);
	a->enrolled = a->last_seen = sk_fleet_now();
	return r ? r : sk_random(e->secret, sizeof e->secret);
}

static int issue(struct sk_fleet *fleet, struct enrolment *e, struct sk_diag *diag)
{
	int64_t now = sk_fleet_now() / 1000;
	const struct sk_cert_terms terms = {.use = SK_CERT_CLIENT, .name = e->agent->id, .not_before = now - BACKDATE_S,
					    .not_after = now + fleet->conf.certificate_days * 86400};

	return sk_cert_issue(fleet->ca, fleet->ca_key, e->csr, strlen(e->csr), &terms, diag, &e->cert);
}

static int write_rows(struct sk_fleet *fleet, const struct enrolment *e)
{
	const struct sk_cert_info *info = sk_cert_info(e->cert);
	const struct sk_fleet_agent *a = e->agent;
	int r = sk_sql_run(fleet->sql,
			   "INSERT INTO agent(id,host,machine,org,site,labels,secret,enrolled,revoked,last_seen,version,address,health_at) "
			   "VALUES(?,?,?,?,?,?,?,?,0,?,'',?,0)",
			   "ttttttbiit", a->id, a->host, a->machine, a->org, a->site, sk_fleet_text_of(a->labels), e->secret, sizeof e->secret,
			   a->enrolled, a->last_seen, a->address);

	if (!r)
		r = sk_sql_run(fleet->sql, "INSERT INTO certificate VALUES(?,?,?,?,?)", "bttii", info->fingerprint, (size_t)SK_SHA256_SIZE, a->id,
			       info->serial, info->not_before * 1000, info->not_after * 1000);
	return r ? r : sk_sql_run(fleet->sql, "UPDATE token SET state=1,agent=? WHERE id=?", "tt", a->id, e->token_id);
}

static int enrol(struct sk_fleet *fleet, struct enrolment *e, struct sk_diag *diag)
{
	int r = sk_sql_begin(fleet->sql);

	if (!r)
		r = take_token(fleet, e);
	if (!r)
		r = name_agent(e);
	if (!r)
		r = issue(fleet, e, diag);
	if (!r)
		r = write_rows(fleet, e);
	if (!r) {
		SK_POINT("fleet.enrol");
		r = sk_sql_commit(fleet->sql);
	} else {
		sk_sql_rollback(fleet->sql);
	}
	return r;
}

static int put_pem(struct json_object *out, const char *key, const struct sk_cert *cert)
{
	_cleanup_buf_ struct sk_buf pem = SK_BUF(SK_PEM_MAX);
	int r = sk_cert_pem(cert, &pem);

	return r ? r : sk_json_put_string(out, key, pem.data);
}

static int write_answer(struct sk_fleet *fleet, const struct enrolment *e, struct sk_buf *text)
{
	_cleanup_json_ struct json_object *out = json_object_new_object();
	const struct sk_place place = sk_agent_place(e->agent);
	int r = out ? 0 : sk_origin(-ENOMEM);

	if (!r)
		r = sk_json_put_string(out, "agent", e->agent->id);
	if (!r)
		r = put_pem(out, "certificate", e->cert);
	if (!r)
		r = put_pem(out, "ca", fleet->ca);
	if (!r)
		r = sk_json_put_string(out, "site_key", fleet->site_text);
	if (!r)
		r = sk_json_put_string(out, "org", e->agent->org);
	if (!r)
		r = sk_json_put_string(out, "site", e->agent->site);
	if (!r)
		r = sk_json_put_string(out, "asset", place.asset ? place.asset : "");
	if (!r)
		r = sk_json_put_base64(out, "secret", e->secret, sizeof e->secret);
	return r ? r : sk_json_canonical(out, text);
}

static void welcome(struct sk_fleet_client *client, uint32_t id, struct enrolment *e)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(64 << 10);
	struct sk_fleet *fleet = client->fleet;

	if (write_answer(fleet, e, &text) || sk_agents_add(fleet, e->agent)) {
		sk_chan_send_error(client->chan, id, "failed", "the answer could not be written");
		return;
	}
	sk_log(SK_LOG_NOTICE, "%s (%s, %s) was enrolled from %s", e->agent->id, e->agent->org, e->agent->site, e->address);
	sk_agents_admit(fleet, e->agent, sk_cert_info(e->cert)->fingerprint);
	e->agent = NULL; /* the map's now */
	sk_chan_send(client->chan, SK_F_ENROLLED, id, text.data, text.size);
	sk_wipe(text.data, text.size);
	sk_fleet_changed(fleet, SK_TOPIC_AGENTS);
}

static void refuse(struct sk_fleet_client *client, uint32_t id, int r, const char *address, const struct sk_diag *diag)
{
	char text[512];

	if (r == SK_DENIED) {
		sk_log(SK_LOG_WARNING, "a wrong enrolment token from %s", address);
		guesses_too_much(client->fleet, address, true);
		sk_chan_send_error(client->chan, id, "denied", "this token is not valid: ask for a new one");
	} else if (r == SK_BAD) {
		sk_chan_send_error(client->chan, id, "bad", sk_diag_format(diag, text, sizeof text));
	} else {
		sk_chan_send_error(client->chan, id, r == SK_FULL ? "limit" : "failed", "the fleet cannot take it now: try again later");
	}
}

void sk_fleet_enrol(struct sk_fleet_client *client, uint32_t id, const struct sk_json *at)
{
	struct enrolment e = {.address = "?"};
	int r = read_question(at, &e);

	if (!r && guesses_too_much(client->fleet, e.address, false)) {
		sk_chan_send_error(client->chan, id, "limit", "too many wrong tokens: wait a minute");
		return;
	}
	if (!r && sk_map_size(client->fleet->agents) >= SK_FLEET_AGENTS_MAX)
		r = SK_FULL;
	e.agent = r ? NULL : sk_calloc(1, sizeof *e.agent);
	if (!r)
		r = e.agent ? enrol(client->fleet, &e, at->diag) : sk_origin(-ENOMEM);
	if (r)
		refuse(client, id, r, e.address, at->diag);
	else
		welcome(client, id, &e);
	sk_agent_free(e.agent);
	sk_cert_free(e.cert);
	sk_wipe(e.secret, sizeof e.secret);
}
