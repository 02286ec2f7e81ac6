// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Isolation sets that people have thrown, each with an end. They stand in shared memory and on disk (var/lib/sekisho/gateway/isolated.json): neither a clerk that dies
 * nor a restart opens what was shut. A set that holds is part of the policy that kernel and engine get.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "main/clerk.h"
#include "os/file.h"
#include "segment/isolate.h"

enum { FILE_MAX = 16 << 10 };

static void tell(struct gw_clerk *c, const char *set, bool begins, const char *by)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	struct sk_event_stamp at = gw_stamp(c);
	char name[32];

	snprintf(name, sizeof name, "isolate %.20s", set);
	sk_log(SK_LOG_NOTICE, "isolation of \"%s\" %s, by %s", set, begins ? "begins" : "ends", by);
	if (sk_event_mode_changed(&at, "gateway", begins ? gw_usual_mode(c) : name, begins ? name : gw_usual_mode(c), by, &text) == 0)
		gw_report(c, SK_EVENT_MODE_CHANGED, &text);
}

static bool holds(const struct gw_isolated *one, uint64_t now)
{
	return atomic_load(&one->until) > now;
}

static struct json_object *list_of(const struct gw_clerk *c)
{
	struct json_object *list = json_object_new_array();
	uint64_t now = gw_now_ns();
	int r = list ? 0 : -ENOMEM;

	for (size_t i = 0; i < GW_ISOLATED && !r; i++) {
		const struct gw_isolated *one = &c->common->isolated[i];
		struct json_object *o = holds(one, now) ? json_object_new_object() : NULL;

		if (!o)
			continue;
		r = sk_json_append(list, o);
		if (!r)
			r = sk_json_put_string(o, "set", one->set);
		if (!r)
			r = sk_json_put_u64(o, "until", atomic_load(&one->until) / 1000000);
	}
	return r ? sk_json_free(list) : list;
}

struct json_object *gw_isolated_list(const struct gw_clerk *c)
{
	return list_of(c);
}

static void save(struct gw_clerk *c)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	_cleanup_buf_ struct sk_buf text = SK_BUF(FILE_MAX);
	int r = o ? sk_json_put(o, "sets", list_of(c)) : -ENOMEM;

	if (!r)
		r = sk_json_canonical(o, &text);
	if (!r)
		r = sk_file_replace("gateway.isolated", c->ctx->root_dir, GATEWAY_ISOLATED, text.data, text.size, 0600);
	if (r)
		sk_log(SK_LOG_ERROR, "what is isolated would not outlive a restart: %s", r < 0 ? strerror(-r) : "it is too long");
}

static struct gw_isolated *find(struct gw_clerk *c, const char *set, bool make)
{
	struct gw_isolated *room = NULL;

	for (size_t i = 0; i < GW_ISOLATED; i++) {
		struct gw_isolated *one = &c->common->isolated[i];

		if (atomic_load(&one->until) && strcmp(one->set, set) == 0)
			return one;
		if (!room && !atomic_load(&one->until))
			room = one;
	}
	return make ? room : NULL;
}

/* Puts the sets that hold into a policy that is about to be put in force. */
int gw_isolated_apply(struct gw_clerk *c, struct sk_gateway *gateway)
{
	uint64_t now = gw_now_ns();
	int r = 0;

	for (size_t i = 0; i < GW_ISOLATED && r >= 0; i++) {
		struct gw_isolated *one = &c->common->isolated[i];

		if (!holds(one, now))
			continue;
		r = gw_isolate(gateway, one->set);
		if (r == SK_NONE)
			sk_log(SK_LOG_ERROR, "the policy has no isolation set \"%s\": what it named is not isolated", one->set);
	}
	return r < 0 ? r : 0;
}

static void arm(struct gw_clerk *c)
{
	uint64_t now = gw_now_ns(), next = 0;

	for (size_t i = 0; i < GW_ISOLATED; i++) {
		uint64_t until = atomic_load(&c->common->isolated[i].until);

		if (until && (!next || until < next))
			next = until;
	}
	if (next)
		sk_timer_arm(c->isolating, next > now ? (next - now) / 1000000 + 1 : 1);
	else
		sk_timer_stop(c->isolating);
}

static void on_end(void *arg)
{
	struct gw_clerk *c = arg;
	uint64_t now = gw_now_ns();

	for (size_t i = 0; i < GW_ISOLATED; i++) {
		struct gw_isolated *one = &c->common->isolated[i];

		if (!atomic_load(&one->until) || holds(one, now))
			continue;
		atomic_store(&one->until, 0);
		tell(c, one->set, false, "time");
	}
	save(c);
	if (gw_enforce_again(c) != 0)
		sk_log(SK_LOG_ERROR, "what was isolated is still shut");
	arm(c);
}

int gw_isolate_for(struct gw_clerk *c, const char *set, uint64_t ms, const char *by)
{
	struct gw_policy *policy = gw_enforce_policy(c);
	bool known = policy && gw_isolation_named(gw_policy_source(policy), set);
	struct gw_isolated *one = find(c, set, ms != 0);
	bool was;

	gw_policy_free(policy);
	if (!one)
		return ms ? (known ? SK_FULL : SK_NONE) : (known ? 0 : SK_NONE);
	if (ms && !known)
		return SK_NONE;
	was = atomic_load(&one->until) != 0;
	snprintf(one->set, sizeof one->set, "%s", set);
	atomic_store(&one->until, ms ? gw_now_ns() + ms * 1000000 : 0);
	save(c);
	if (gw_enforce_again(c) != 0) {
		if (ms && !was)
			atomic_store(&one->until, 0);
		save(c);
		return SK_BAD;
	}
	if (was != (ms != 0))
		tell(c, set, ms != 0, by);
	arm(c);
	return 0;
}

static int read_file(struct gw_clerk *c)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(FILE_MAX + 1);
	_cleanup_json_ struct json_object *o = NULL;
	struct sk_json at, list, item;
	const char *set;
	uint64_t until;
	int r = sk_file_read(c->ctx->root_dir, GATEWAY_ISOLATED, FILE_MAX, &text);

	if (r)
		return r;
	r = sk_json_parse_object(text.data ? text.data : "", text.size, FILE_MAX, &o, NULL);
	at = SK_JSON(o, "isolated", NULL);
	if (!r)
		r = sk_json_array(&at, "sets", GW_ISOLATED, &list);
	for (size_t i = 0; !r && i < sk_json_length(&list); i++) {
		struct gw_isolated *one = &c->common->isolated[i];

		r = sk_json_item_object(&list, i, &item);
		if (!r)
			r = sk_json_string(&item, "set", 1, sizeof one->set - 1, &set);
		if (!r)
			r = sk_json_u64(&item, "until", 0, SK_JSON_MAX_INT, &until);
		if (r)
			break;
		snprintf(one->set, sizeof one->set, "%s", set);
		atomic_store(&one->until, until * 1000000);
	}
	return r;
}

int gw_isolated_open(struct gw_clerk *c)
{
	int r = sk_watch_timer(c->loop, on_end, c, &c->isolating);

	if (r)
		return r;
	if (!c->common->past_read) { /* nobody was here before us */
		int read = read_file(c);

		if (read && read != SK_NONE)
			sk_log(SK_LOG_ERROR, "%s cannot be read: nothing is isolated", GATEWAY_ISOLATED);
	}
	arm(c);
	return 0;
}
