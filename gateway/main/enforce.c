// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * From signed policy to shared memory. The store verifies; here the policy is made once for a try, so that one that this gateway cannot carry out (a protocol it does
 * not know) is refused with its reason while the last good one stays in force.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "main/clerk.h"
#include "os/file.h"

/* Organisation, site and asset as the enrolment of the agent on this machine said. */
static void read_place(struct gw_clerk *c)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(65536);
	_cleanup_json_ struct json_object *object = NULL;
	struct sk_json at;
	const char *word;

	if (gethostname(c->host, sizeof c->host) < 0)
		c->host[0] = 0;
	c->host[sizeof c->host - 1] = 0;
	c->org[0] = c->site[0] = c->asset[0] = 0;
	if (sk_file_read(c->ctx->root_dir, SK_PLACE_FILE, 65536, &text) != 0 || sk_json_parse_object(text.data, text.size, 65536, &object, NULL) != 0)
		return;
	at = SK_JSON(object, "place", NULL);
	if (sk_json_string(&at, "org", 0, sizeof c->org - 1, &word) == 0)
		snprintf(c->org, sizeof c->org, "%s", word);
	if (sk_json_string(&at, "site", 0, sizeof c->site - 1, &word) == 0)
		snprintf(c->site, sizeof c->site, "%s", word);
	if (sk_json_has(&at, "asset") && sk_json_string(&at, "asset", 0, sizeof c->asset - 1, &word) == 0)
		snprintf(c->asset, sizeof c->asset, "%s", word);
}

static struct sk_place place_of(struct gw_clerk *c)
{
	read_place(c);
	return (struct sk_place){.org = c->org, .site = c->site, .asset = c->asset, .host = c->host};
}

static struct sk_moment moment(const struct gw_clerk *c)
{
	uint64_t now = sk_clock_ms();

	return (struct sk_moment){.now = (int64_t)(now / 1000), .wrong = sk_clock_check(&c->clock, now) == SK_CLOCK_WRONG};
}

static void on_dates(void *arg)
{
	gw_enforce(arg);
}

int gw_enforce_open(struct gw_clerk *c)
{
	int r = sk_clock_load(&c->clock, c->ctx->root_dir, "var/lib/sekisho/link/clock");

	if (r == 0)
		r = sk_store_open(c->ctx->root, GATEWAY_POLICY, &c->store);
	return r ? r : sk_watch_timer(c->loop, on_dates, c, &c->dates);
}

void gw_enforce_close(struct gw_clerk *c)
{
	c->dates = sk_watch_free(c->dates);
	c->store = sk_store_close(c->store);
}

static void refuse(struct gw_clerk *c, uint64_t serial, const uint8_t *hash, const char *why)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	struct sk_event_stamp at = gw_stamp(c);

	snprintf(c->reason, sizeof c->reason, "%s", why);
	c->refused_serial = serial;
	if (hash)
		memcpy(c->refused_hash, hash, sizeof c->refused_hash);
	sk_log(SK_LOG_WARNING, "policy %llu is refused: %s", (unsigned long long)serial, why);
	if (sk_event_policy(SK_EVENT_POLICY_REFUSED, &at, "gateway", serial, hash, why, &text) == 0)
		gw_report(c, SK_EVENT_POLICY_REFUSED, &text);
}

static bool enforces(const struct sk_gateway *gateway)
{
	const struct sk_conduit *list = gateway->conduits.items;

	for (size_t i = 0; i < gateway->conduits.count; i++)
		if (list[i].mode == SK_WATCH_ENFORCE)
			return true;
	return gateway->otherwise_mode == SK_WATCH_ENFORCE;
}

/* 0; SK_BAD: it was refused. */
static int put(struct gw_clerk *c, struct sk_policy_answer *answer)
{
	_cleanup_buf_ struct sk_buf payload = SK_BUF(SK_PAYLOAD_MAX);
	struct gw_policy *made = NULL;
	struct sk_diag diag = {.source = "policy"};
	char why[400];
	int r = gw_isolated_apply(c, &answer->policy.gateway);
	uint64_t serial = (uint64_t)answer->policy.serial;

	if (r == 0)
		r = sk_policy_write_payload(&answer->policy, &payload);
	if (r == 0)
		r = gw_policy_new(&answer->policy, gw_protos, &c->common->state, &made, &diag);
	if (r == 0)
		r = gw_common_put(c->common, payload.data, payload.size);
	if (r == 0) {
		c->now->enforcing = enforces(gw_policy_source(made));
		c->now->zones = gw_policy_source(made)->zones.count;
		c->now->conduits = gw_policy_source(made)->conduits.count;
		snprintf(c->now->certificate, sizeof c->now->certificate, "%s",
			 gw_policy_source(made)->capture_certificate ? gw_policy_source(made)->capture_certificate : "");
	}
	gw_policy_free(made);
	if (r == 0)
		return 0;
	refuse(c, serial, answer->hash, r == SK_BAD ? sk_diag_format(&diag, why, sizeof why) : "the gateway has no room for it");
	return SK_BAD;
}

/* --- the last good policy: a copy of its own, because the store keeps what is signed, of which the newest may be one that this gateway refuses */

static void keep_last(struct gw_clerk *c, uint64_t serial)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX + 1);
	char path[128];
	int r;

	snprintf(path, sizeof path, GATEWAY_POLICY "/gateway/%020llu.skp", (unsigned long long)serial);
	r = sk_file_read(c->ctx->root_dir, path, SK_ENVELOPE_MAX, &text);
	if (r == 0)
		r = sk_file_replace("gateway.last", c->ctx->root_dir, GATEWAY_LAST, text.data, text.size, 0600);
	if (r != 0)
		sk_log(SK_LOG_WARNING, "the policy is in force, but no copy of it is kept: %s", r < 0 ? strerror(-r) : "it is not in the store");
}

/* Time and revocation end nothing that is in force: it stays until a newer one comes. */
static bool stays(int r, const struct sk_policy_answer *answer)
{
	return r == 0 || (r == SK_DENIED && (answer->refusal == SK_REFUSED_EXPIRED || answer->refusal == SK_REFUSED_DELEGATION_EXPIRED ||
					     answer->refusal == SK_REFUSED_REVOKED));
}

static enum sk_force force_of(const struct sk_policy_answer *answer)
{
	if (answer->refusal != SK_ACCEPTED)
		return answer->refusal == SK_REFUSED_REVOKED ? SK_FORCE_REVOKED : SK_FORCE_EXPIRED;
	return answer->held != SK_ACCEPTED ? SK_FORCE_HELD : SK_FORCE_GOOD;
}

/* 0 with the copy verified anew; SK_NONE: there is none that may be believed. */
static int read_last(struct gw_clerk *c, const struct sk_moment *when, const struct sk_place *place, struct sk_policy_answer *answer)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX + 1);
	const struct sk_policy_question question = {.trust = sk_store_trust(c->store), .when = *when, .part = SK_PART_GATEWAY, .place = *place};
	int r = sk_file_read(c->ctx->root_dir, GATEWAY_LAST, SK_ENVELOPE_MAX, &text);

	if (r != 0)
		return SK_NONE;
	r = sk_policy_verify(&question, text.data ? text.data : "", text.size, answer);
	if (stays(r, answer))
		return 0;
	sk_log(SK_LOG_ERROR, "%s is not believed: %s", GATEWAY_LAST, r < 0 ? strerror(-r) : sk_refusal_text(answer->refusal, false));
	return SK_NONE;
}

static void tell(struct gw_clerk *c)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	struct sk_event_stamp at = gw_stamp(c);
	enum sk_event_kind kind = c->now->enforcing ? SK_EVENT_POLICY_ENFORCED : SK_EVENT_POLICY_SHADOW;

	sk_log(SK_LOG_NOTICE, "policy %llu is in force: %zu zones, %zu conduits", (unsigned long long)c->now->serial, c->now->zones, c->now->conduits);
	if (sk_event_policy(kind, &at, "gateway", c->now->serial, c->now->hash, NULL, &text) == 0)
		gw_report(c, kind, &text);
}

/* It is in force all the same, which a person must know: a date has passed, or its key was revoked. */
static void stand(struct gw_clerk *c, enum sk_force force)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	struct sk_event_stamp at = gw_stamp(c);
	char why[160];

	c->force = force;
	if (c->now->told_force == (uint32_t)force)
		return;
	c->now->told_force = (uint32_t)force;
	if (force != SK_FORCE_EXPIRED && force != SK_FORCE_REVOKED)
		return;
	snprintf(why, sizeof why, "%s: it stays in force until a newer one comes", sk_force_name(force));
	sk_log(SK_LOG_WARNING, "policy %llu: %s", (unsigned long long)c->now->serial, why);
	if (sk_event_policy(SK_EVENT_POLICY_REFUSED, &at, "gateway", c->now->serial, c->now->hash, why, &text) == 0)
		gw_report(c, SK_EVENT_POLICY_REFUSED, &text);
}

static int take(struct gw_clerk *c, struct sk_policy_answer *answer)
{
	uint64_t serial = (uint64_t)answer->policy.serial;

	if (put(c, answer) != 0)
		return SK_BAD;
	c->now->any = true;
	c->now->serial = serial;
	memcpy(c->now->hash, answer->hash, sizeof c->now->hash);
	gw_bell(c->bells->engine);
	gw_bell(c->bells->ports);
	tell(c);
	return 0;
}

static bool is_now(const struct gw_clerk *c, const struct sk_policy_answer *answer)
{
	return c->now->any && memcmp(c->now->hash, answer->hash, sizeof c->now->hash) == 0;
}

static void carry_over(struct gw_clerk *c, struct sk_policy_answer *answer, enum sk_force force)
{
	uint64_t serial = (uint64_t)answer->policy.serial;

	if (is_now(c, answer)) {
		stand(c, force);
		return;
	}
	if (c->reason[0] && memcmp(c->refused_hash, answer->hash, sizeof c->refused_hash) == 0)
		return; /* it was said */
	if (take(c, answer) != 0)
		return;
	c->reason[0] = 0;
	c->refused_serial = 0;
	keep_last(c, serial);
	gw_learnt_accepted(c);
	stand(c, force);
	gw_control_to_link(c, SK_F_HEALTH, gw_health(c));
}

/*
 * What the store has to offer cannot be enforced here. When nothing is in force: what was before the restart. Else what is in force goes on; its own dates, which the
 * store no longer speaks of, are looked at. *next is when to look again.
 */
static void fall_back(struct gw_clerk *c, const struct sk_moment *when, const struct sk_place *place, int64_t *next)
{
	_cleanup_answer_ struct sk_policy_answer answer = {0};
	enum sk_force force;

	if (read_last(c, when, place, &answer) != 0)
		return;
	force = force_of(&answer);
	if (answer.policy.expires > when->now && (*next <= when->now || answer.policy.expires < *next))
		*next = answer.policy.expires;
	if (is_now(c, &answer)) {
		stand(c, force);
		return;
	}
	if (c->now->any || take(c, &answer) != 0)
		return;
	sk_log(SK_LOG_NOTICE, "policy %llu was in force before, and is again", (unsigned long long)c->now->serial);
	stand(c, force);
	gw_control_to_link(c, SK_F_HEALTH, gw_health(c));
}

void gw_enforce(struct gw_clerk *c)
{
	_cleanup_answer_ struct sk_policy_answer answer = {0};
	struct sk_moment when = moment(c);
	struct sk_place place = place_of(c);
	enum sk_force force;
	int64_t next = 0;
	int r = sk_store_in_force(c->store, SK_PART_GATEWAY, &place, &when, &answer, &force, &next);

	if (r == 0)
		carry_over(c, &answer, force);
	if (r != 0 || !is_now(c, &answer))
		fall_back(c, &when, &place, &next);
	if (next > when.now)
		sk_timer_arm(c->dates, (uint64_t)SK_MIN(next - when.now, (int64_t)86400) * 1000 + 50);
	if (c->now->any || c->reason[0])
		gw_control_to_link(c, SK_F_POLICY_STATE, gw_enforce_state(c));
}

struct gw_policy *gw_enforce_policy(struct gw_clerk *c)
{
	_cleanup_answer_ struct sk_policy_answer answer = {0};
	struct sk_moment when = moment(c);
	struct sk_place place = place_of(c);
	struct gw_policy *policy = NULL;
	struct sk_diag diag = {0};

	if (!c->now->any || read_last(c, &when, &place, &answer) != 0 || !is_now(c, &answer))
		return NULL;
	return gw_policy_new(&answer.policy, gw_protos, &c->common->state, &policy, &diag) == 0 ? policy : NULL;
}

int gw_enforce_again(struct gw_clerk *c)
{
	_cleanup_answer_ struct sk_policy_answer answer = {0};
	struct sk_moment when = moment(c);
	struct sk_place place = place_of(c);

	if (!c->now->any)
		return 0;
	if (read_last(c, &when, &place, &answer) != 0 || !is_now(c, &answer) || put(c, &answer) != 0)
		return SK_BAD;
	gw_bell(c->bells->engine);
	gw_bell(c->bells->ports);
	gw_control_to_link(c, SK_F_HEALTH, gw_health(c));
	return 0;
}

void gw_enforce_offer(struct gw_clerk *c, const char *envelope, size_t size)
{
	struct sk_moment when = moment(c);
	struct sk_place place = place_of(c);
	struct sk_offer offer = {0};
	char detail[300], why[400];
	int r = sk_store_offer(c->store, envelope, size, &place, &when, &offer);

	if (r == 0 || offer.part == SK_PART_GATEWAY) {
		c->reason[0] = 0;
		c->refused_serial = 0;
	}
	if (offer.part != SK_PART_GATEWAY)
		r = r < 0 ? r : 0; /* not ours: the link hands on all that is signed */
	if (r == SK_DENIED && offer.refusal != SK_REFUSED_NOT_YET) {
		sk_diag_format(&offer.diag, detail, sizeof detail);
		snprintf(why, sizeof why, "%s: %s%s%.200s", sk_refusal_code(offer.refusal), sk_refusal_text(offer.refusal, false), offer.diag.text[0] ? ": " : "",
			 offer.diag.text[0] ? detail : "");
		refuse(c, offer.serial, offer.hash, why);
	} else if (r < 0) {
		refuse(c, offer.serial, offer.hash, "it could not be kept");
	}
	gw_enforce(c);
}

struct json_object *gw_enforce_state(const struct gw_clerk *c)
{
	struct json_object *body = json_object_new_object();
	bool refused = c->reason[0];
	int r = body ? sk_json_put_u64(body, "serial", refused ? c->refused_serial : c->now->serial) : -ENOMEM;

	if (!r && c->now->any)
		r = sk_json_put_hex(body, "hash", c->now->hash, sizeof c->now->hash);
	else if (!r)
		r = sk_json_put_string(body, "hash", "");
	if (!r)
		r = sk_json_put_string(body, "part", "gateway");
	if (!r)
		r = sk_json_put_string(body, "state", refused || !c->now->any ? "refused" : c->now->enforcing ? "enforced" : "shadow");
	if (!r)
		r = sk_json_put_string(body, "reason", refused ? c->reason : c->now->any ? "" : "no policy was ever accepted");
	return r ? sk_json_free(body) : body;
}
