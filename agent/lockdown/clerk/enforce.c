// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * From signed policy to the guard's orders. Nothing else changes what is enforced: not a call, not a draft. The store verifies; here the
 * result is carried over, once more refusing to enforce an empty list or an empty scope.
 *
 * Without any policy the guard observes nothing (no scope). When what is in force expires or its key is revoked, it stays in force.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "bpf/lockdown-scripts.h"
#include "bpf/lockdown.h"
#include "lockdown/clerk/clerk.h"
#include "lockdown/kernel/interp.h"
#include "lockdown/window/windows.h"
#include "os/file.h"

/* Organisation, site and asset as the enrolment said; a machine that is not enrolled has none. */
static void read_place(struct clerk *c)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(65536);
	_cleanup_json_ struct json_object *object = NULL;
	struct sk_json at;
	const char *word;

	if (gethostname(c->host, sizeof c->host) < 0)
		c->host[0] = 0;
	c->host[sizeof c->host - 1] = 0;
	if (sk_file_read(c->ctx->root_dir, SK_PLACE_FILE, 65536, &text) != 0 || sk_json_parse_object(text.data, text.size, 65536, &object, NULL) != 0)
		return;
	at = SK_JSON(object, "place", NULL);
	if (sk_json_string(&at, "org", 0, sizeof c->org - 1, &word) == 0)
		snprintf(c->org, sizeof c->org, "%s", word);
	if (sk_json_string(&at, "site", 0, sizeof c->site - 1, &word) == 0)
		snprintf(c->site, sizeof c->site, "%s", word);
	c->asset[0] = 0;
	if (json_object_object_get_ex(object, "asset", NULL) && sk_json_string(&at, "asset", 0, sizeof c->asset - 1, &word) == 0)
		snprintf(c->asset, sizeof c->asset, "%s", word);
}

struct sk_place lk_place(const struct clerk *c)
{
	return (struct sk_place){.org = c->org, .site = c->site, .asset = c->asset, .host = c->host};
}

struct sk_moment lk_moment(const struct clerk *c)
{
	uint64_t now = sk_clock_ms();

	return (struct sk_moment){.now = (int64_t)(now / 1000), .wrong = sk_clock_check(&c->clock, now) == SK_CLOCK_WRONG};
}

static void on_dates(void *arg)
{
	lk_enforce(arg);
}

int lk_enforce_open(struct clerk *c)
{
	int r = sk_clock_load(&c->clock, c->ctx->root_dir, "var/lib/sekisho/link/clock");

	if (r == 0)
		r = sk_store_open(c->ctx->root, LOCKDOWN_POLICY, &c->store);
	return r ? r : sk_watch_timer(c->loop, on_dates, c, &c->dates);
}

void lk_enforce_close(struct clerk *c)
{
	c->dates = sk_watch_free(c->dates);
	c->store = sk_store_close(c->store);
	c->now.origins = lk_origins_free(c->now.origins);
}

/* The files of the policy, then the folders, which end in a slash. */
static const char *name_of(const void *arg, uint32_t index)
{
	static char folder[LK_PATH];
	const struct sk_policy *policy = arg;
	size_t programs = policy->lockdown.programs.count;

	if (index < programs)
		return sk_policy_programs(policy)[index].name;
	snprintf(folder, sizeof folder, "%s/", policy->lockdown.folders.items[index - programs]);
	return folder;
}

static int put_list(struct clerk *c, const struct sk_policy *policy, const struct lk_orders *orders)
{
	_cleanup_free_ uint8_t *hashes = sk_calloc(policy->lockdown.programs.count + LK_PROVISIONAL_MAX, LK_HASH);
	_cleanup_free_ uint8_t *kinds = sk_calloc(policy->lockdown.programs.count + LK_PROVISIONAL_MAX, 1);
	const struct sk_program *programs = sk_policy_programs(policy);
	uint32_t count = (uint32_t)policy->lockdown.programs.count;

	if (!hashes || !kinds)
		return sk_origin(-ENOMEM);
	lk_interp_policy(&policy->lockdown, kinds);
	for (size_t i = 0; i < policy->lockdown.programs.count; i++)
		memcpy(hashes + i * LK_HASH, programs[i].sha256, LK_HASH);
	count += lk_windows_hashes(c, orders->serial, hashes + (size_t)count * LK_HASH, LK_PROVISIONAL_MAX);
	lk_names_put(c->shared, name_of, policy, (uint32_t)(policy->lockdown.programs.count + policy->lockdown.folders.count));
	return lk_orders_put_kinds(c->shared, orders, hashes, kinds, count);
}

/* Does something stop running with it that runs now? Then it may have to wait for the tool to be idle. */
static bool is_stricter(const struct clerk *c, const struct sk_policy *policy)
{
	const struct lk_orders *now = &c->shared->orders[c->shared->orders_count & 1];
	const struct lk_list *list = &c->shared->lists[c->shared->orders_count & 1];

	if (!c->now.any || policy->lockdown.mode != SK_MODE_ENFORCE)
		return false;
	if (c->now.orders.mode != LK_ENFORCE)
		return true;
	for (uint32_t i = 0; i < now->list_count; i++)
		if (!sk_policy_find_program(policy, list->entries[i].hash))
			return true;
	return false;
}

static void tell_mode(struct clerk *c, uint32_t from, uint32_t to)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	struct sk_event_stamp at = lk_stamp(c, 0);

	if (c->now.any && from != to && sk_event_mode_changed(&at, "lockdown", lk_mode_words[from], lk_mode_words[to], "policy", &text) == 0)
		lk_report(c, SK_EVENT_MODE_CHANGED, &text);
}

static void refuse(struct clerk *c, uint64_t serial, const uint8_t *hash, const char *why)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	struct sk_event_stamp at = lk_stamp(c, 0);

	snprintf(c->now.reason, sizeof c->now.reason, "%s", why);
	c->now.refused_serial = serial;
	sk_log(SK_LOG_WARNING, "policy %llu is refused: %s", (unsigned long long)serial, why);
	if (sk_event_policy(SK_EVENT_POLICY_REFUSED, &at, "lockdown", serial, hash, why, &text) == 0)
		lk_report(c, SK_EVENT_POLICY_REFUSED, &text);
}

static bool is_empty(const struct sk_policy *policy)
{
	return policy->lockdown.mode == SK_MODE_ENFORCE && (!policy->lockdown.programs.count || !policy->lockdown.scope.count);
}

/*
 * Whom the kernel side acts upon: the machine only when the policy is for all of it, and never from within a container, whose "/" is not the
 * machine's: it would kill the programs of all others.
 */
static uint32_t subject_of(const struct clerk *c, const struct sk_policy *policy)
{
	for (size_t i = 0; i < policy->lockdown.scope.count && !c->shared->kernel.contained; i++)
		if (!strcmp(policy->lockdown.scope.items[i], "/"))
			return SK_SUBJECT_MACHINE;
	return c->shared->kernel.cgroup[0] ? SK_SUBJECT_CGROUP : SK_SUBJECT_NONE;
}

/* A policy made before libraries were listed would stop every program of the machine that it lets start. */
static bool lists_libraries(const struct sk_lockdown *lockdown)
{
	const struct sk_program *programs = lockdown->programs.items;

	for (size_t i = 0; i < lockdown->programs.count; i++)
		if (programs[i].kind == SK_LIBRARY)
			return true;
	return false;
}

/* What the kernel side does beyond judging executions: enum sk_what of bpf/lockdown.h. */
static uint32_t what_of(const struct sk_lockdown *lockdown)
{
	uint32_t what = lockdown->memory_exec == SK_DENY ? SK_DO_MEMORY_DENY : 0;

	if (lockdown->protect)
		what |= SK_DO_PROTECT;
	if (lockdown->modules != SK_MODULES_ALLOW)
		what |= lockdown->modules == SK_MODULES_DENY ? SK_DO_MODULES_DENY : SK_DO_MODULES_LISTED;
	if (lockdown->interpreters.restrict_)
		what |= SK_DO_SCRIPTS;
	if (lockdown->mounts == SK_DENY)
		what |= SK_DO_MOUNTS_DENY;
	if (!lists_libraries(lockdown))
		what |= SK_DO_NOT_MAPS;
	return what | (lockdown->self_release ? SK_DO_SELF : 0);
}

/* Interpreters beyond what the kernel side holds would not start at all. */
static bool restricts_too_many(struct clerk *c, const struct sk_policy_answer *answer)
{
	const struct sk_lockdown *lockdown = &answer->policy.lockdown;
	unsigned count = 0;
	char why[128];
	int r = lockdown->interpreters.restrict_ ? lk_interp_fits(lockdown, &count) : 0;

	if (r == 0)
		return false;
	snprintf(why, sizeof why, "it lists %u interpreters: at most %d can be restricted", count, SK_INTERPRETERS);
	refuse(c, (uint64_t)answer->policy.serial, answer->hash, r == SK_FULL ? why : "no memory");
	return true;
}

static void carry_over(struct clerk *c, const struct sk_policy_answer *answer, enum sk_force force)
{
	const struct sk_policy *policy = &answer->policy;
	struct lk_orders orders = {.mode = (uint32_t)policy->lockdown.mode,
				   .failure = (uint32_t)policy->lockdown.failure,
				   .overload = (uint32_t)policy->lockdown.overload,
				   .deadline_us = (uint64_t)policy->lockdown.deadline_ms * 1000,
				   .serial = (uint64_t)policy->serial,
				   .subject = subject_of(c, policy),
				   .kernel_what = what_of(&policy->lockdown)};

	bool same = c->now.any && !memcmp(c->now.hash, answer->hash, sizeof c->now.hash);

	c->now.force = force;
	if (same)
		lk_interlock_forget(c, LK_WAITS_POLICY);
	if (same && !c->now.renew)
		return;
	if (is_empty(policy)) {
		refuse(c, orders.serial, answer->hash, "enforce with an empty allowlist or an empty scope");
		return;
	}
	if (restricts_too_many(c, answer))
		return;
	if (!same && is_stricter(c, policy) && lk_interlock_ask(c, LK_WAITS_POLICY, &policy->lockdown.interlock) == LK_NOT_YET)
		return; /* what is in force stays until the tool is idle */
	lk_windows_orders(c, &orders);
	if (put_list(c, policy, &orders) != 0 ||
	    lk_media_policy(c, policy) != 0) {
		refuse(c, orders.serial, answer->hash, "the guard has no room for it");
		return;
	}
	if (c->now.orders.mode != orders.mode)
		lk_cache_clear(&c->shared->cache); /* what is remembered is not told again; in another mode it is news */
	tell_mode(c, c->now.orders.mode, orders.mode);
	lk_interlock_terms(c, &policy->lockdown.interlock);
	c->now.renew = false;
	c->now.any = true;
	c->now.orders = orders;
	lk_origins_free(c->now.origins);
	c->now.origins = lk_origins_new(policy);
	c->now.jit = policy->lockdown.jit.count;
	c->now.exempt = policy->lockdown.interpreters.exempt.count;
	c->now.updaters = policy->lockdown.updaters.count;
	memcpy(c->now.hash, answer->hash, sizeof c->now.hash);
	c->now.awaited = atomic_load(&c->shared->wanted);
	c->now.reported = false;
	lk_media_rules(c, policy);
	sk_log(SK_LOG_NOTICE, "policy %llu is in force: %s, %zu programs, %zu file systems", (unsigned long long)orders.serial,
	       lk_mode_words[orders.mode], policy->lockdown.programs.count, policy->lockdown.scope.count);
}

void lk_enforce(struct clerk *c)
{
	_cleanup_answer_ struct sk_policy_answer answer = {0};
	struct sk_moment when = lk_moment(c);
	struct sk_place place = lk_place(c);
	enum sk_force force;
	int64_t next = 0;
	int r;

	read_place(c);
	r = sk_store_in_force(c->store, SK_PART_LOCKDOWN, &place, &when, &answer, &force, &next);
	if (r == 0)
		carry_over(c, &answer, force);
	if (next > when.now)
		sk_timer_arm(c->dates, (uint64_t)SK_MIN(next - when.now, (int64_t)86400) * 1000 + 50);
	if (lk_passes_renew(c)) /* revocations came, or a date has passed */
		lk_media_send(c);
	lk_enforce_report(c);
}

void lk_enforce_offer(struct clerk *c, const char *envelope, size_t size)
{
	struct sk_moment when = lk_moment(c);
	struct sk_place place;
	struct sk_offer offer = {0};
	char detail[400], why[300];
	int r;

	read_place(c);
	if (lk_windows_take(c, envelope, size))
		return;
	place = lk_place(c);
	r = sk_store_offer(c->store, envelope, size, &place, &when, &offer);
	if (offer.part != SK_PART_LOCKDOWN)
		return; /* another part's, which judges it and says so itself */
	c->now.reason[0] = 0;
	c->now.refused_serial = 0;
	if (r == SK_DENIED && offer.refusal != SK_REFUSED_NOT_YET) {
		sk_diag_format(&offer.diag, detail, sizeof detail);
		snprintf(why, sizeof why, "%s: %s%s%.200s", sk_refusal_code(offer.refusal), sk_refusal_text(offer.refusal, false),
			 offer.diag.text[0] ? ": " : "", offer.diag.text[0] ? detail : "");
		refuse(c, offer.serial, offer.hash, why);
	} else if (r < 0) {
		refuse(c, offer.serial, offer.hash, "it could not be kept");
	}
	c->now.reported = false;
	lk_enforce(c);
}

/* "" or what the marker could not do. */
static void scope_troubles(const struct clerk *c, char *out, size_t size)
{
	size_t at = 0;

	out[0] = 0;
	for (uint32_t i = 0; i < LK_SCOPE && at < size; i++) {
		const struct lk_scope *scope = &c->shared->scope[i];

		if (scope->wish == LK_WISH_GUARD && scope->error > 0)
			at += (size_t)snprintf(out + at, size - at, "%s%.120s: %s", at ? "; " : "", scope->path, strerror(scope->error));
	}
}

struct json_object *lk_policy_state(const struct clerk *c)
{
	struct json_object *body = json_object_new_object();
	bool refused = c->now.reason[0];
	const char *state = refused || !c->now.any ? "refused" : c->now.orders.mode == LK_ENFORCE ? "enforced" : "shadow";
	char reason[600];
	int r = body ? 0 : -ENOMEM;

	scope_troubles(c, reason, sizeof reason);
	if (refused)
		snprintf(reason, sizeof reason, "%s", c->now.reason);
	if (!r)
		r = sk_json_put_u64(body, "serial", refused ? c->now.refused_serial : c->now.orders.serial);
	if (!r && c->now.any)
		r = sk_json_put_hex(body, "hash", c->now.hash, sizeof c->now.hash);
	else if (!r)
		r = sk_json_put_string(body, "hash", "");
	if (!r)
		r = sk_json_put_string(body, "state", state);
	if (!r)
		r = sk_json_put_string(body, "reason", reason[0] ? reason : c->now.any || refused ? "" : "no policy was ever accepted");
	return r ? sk_json_free(body) : body;
}

void lk_enforce_report(struct clerk *c)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	struct sk_event_stamp at = lk_stamp(c, 0);
	enum sk_event_kind kind = c->now.orders.mode == LK_ENFORCE ? SK_EVENT_POLICY_ENFORCED : SK_EVENT_POLICY_SHADOW;
	char reason[600];

	if (c->now.reported || (int32_t)(atomic_load(&c->shared->applied) - c->now.awaited) < 0)
		return;
	c->now.reported = true;
	scope_troubles(c, reason, sizeof reason);
	if (c->now.any && !c->now.reason[0] &&
	    sk_event_policy(kind, &at, "lockdown", c->now.orders.serial, c->now.hash, reason[0] ? reason : NULL, &text) == 0)
		lk_report(c, kind, &text);
	lk_control_to_link(c, SK_F_POLICY_STATE, 0, lk_policy_state(c));
}
