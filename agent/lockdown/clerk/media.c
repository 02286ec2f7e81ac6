// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The clerk's side of the duty media (agent/media): rules out, mount points and events in. It changes nothing by itself: the rules are the signed policy's, and
 * a mount point that is reported is guarded as those of the scope are.
 *
 *   CALL {"verb":"media"} -> PROGRESS {"mode","serial","default":{..},"rules":[..],"passes":[..]} now and at each change
 *   CALL {"verb":"media-mounts","paths":[{"path": base64}]} -> RESULT {}
 *   CALL {"verb":"media-event","kind",...} -> RESULT {} when it is on its way to the spool
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "lockdown/clerk/clerk.h"

static int put_terms(struct json_object *out, const struct sk_media_terms *terms)
{
	int r = sk_json_put_string(out, "mount", sk_mount_names[terms->mount]);

	if (r == 0)
		r = sk_json_put_bool(out, "execute", terms->execute);
	if (r == 0)
		r = sk_json_put_bool(out, "pass", terms->pass);
	return r ? r : sk_json_put_bool(out, "copy", terms->copy);
}

static int put_if(struct json_object *out, const char *key, const char *text)
{
	return text && *text ? sk_json_put_string(out, key, text) : 0;
}

static int put_rule(struct json_object *list, const struct sk_media *rule)
{
	struct json_object *one = json_object_new_object();

	if (!one || put_if(one, "vendor", rule->vendor) || put_if(one, "product", rule->product) || put_if(one, "serial", rule->serial) ||
	    put_if(one, "uuid", rule->uuid) || put_terms(one, &rule->terms))
		one = sk_json_free(one);
	return sk_json_append(list, one);
}

/* A policy that is in no force: everything as it would be without us. */
static struct json_object *make_rules(const struct sk_policy *policy, uint64_t serial)
{
	static const struct sk_media_terms open = {.mount = SK_MOUNT_RW, .execute = true, .copy = true};
	const struct sk_lockdown *lockdown = policy ? &policy->lockdown : NULL;
	const struct sk_media *rules = lockdown ? lockdown->media.items : NULL;
	struct json_object *out = json_object_new_object(), *list, *fallback;
	int r = out ? sk_json_put_string(out, "mode", lockdown ? sk_mode_names[lockdown->mode] : "observe") : -ENOMEM;

	if (!r)
		r = sk_json_put_u64(out, "serial", serial);
	if (!r)
		r = sk_json_put_object(out, "default", &fallback);
	if (!r)
		r = put_terms(fallback, lockdown ? &lockdown->media_default : &open);
	if (!r)
		r = sk_json_put_array(out, "rules", &list);
	for (size_t i = 0; lockdown && i < lockdown->media.count && !r; i++)
		r = put_rule(list, &rules[i]);
	return r ? sk_json_free(out) : out;
}

static void send_rules(struct clerk *c, struct lk_client *client)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(1 << 20);

	if (c->media.rules && sk_json_canonical(c->media.rules, &text) == 0)
		sk_chan_send(client->chan, SK_F_PROGRESS, client->media_id, text.data, text.size);
}

void lk_media_rules(struct clerk *c, const struct sk_policy *policy)
{
	struct json_object *rules = make_rules(policy, policy ? (uint64_t)policy->serial : 0);

	if (!rules)
		return;
	sk_json_free(c->media.rules);
	c->media.closed = policy && policy->lockdown.mode == SK_MODE_ENFORCE && policy->lockdown.media_default.mount == SK_MOUNT_DENY;
	c->media.rules = rules;
	lk_passes_renew(c);
	lk_media_send(c);
}

void lk_media_send(struct clerk *c)
{
	sk_list_each(client, &c->clients, struct lk_client, link)
		if (client->media_id)
			send_rules(c, client);
}

int lk_media_subscribe(struct clerk *c, struct lk_client *client, uint32_t id)
{
	client->media_id = id;
	if (!c->media.rules)
		lk_media_rules(c, NULL); /* to everybody, this one too */
	else
		send_rules(c, client);
	return 0;
}

bool lk_media_there(const struct clerk *c)
{
	sk_list_each(client, &c->clients, struct lk_client, link)
		if (client->media_id)
			return true;
	return false;
}

bool lk_media_closed(const struct clerk *c)
{
	return c->media.closed && lk_media_there(c);
}

/* --- mount points */

int lk_media_scope(struct clerk *c, const char *const *scope, uint32_t count)
{
	const char *all[LK_SCOPE];
	uint32_t n = 0;

	for (; n < count && n < LK_SCOPE; n++)
		all[n] = scope[n];
	for (uint32_t i = 0; i < c->media.count; i++) {
		bool there = false;

		for (uint32_t j = 0; j < n; j++)
			there |= strcmp(all[j], c->media.paths[i]) == 0;
		if (!there && n == LK_SCOPE)
			sk_log(SK_LOG_WARNING, "there is no room to guard the medium at %s", c->media.paths[i]);
		else if (!there)
			all[n++] = c->media.paths[i];
	}
	return lk_scope_put(c->shared, all, n);
}

static int keep_scope(struct clerk *c, const struct sk_strings *scope)
{
	char **copy = sk_calloc(scope->count + 1, sizeof *copy);
	size_t n = 0;

	for (; copy && n < scope->count && (copy[n] = sk_strdup(scope->items[n])); n++)
		;
	if (!copy || n < scope->count) {
		while (copy && n--)
			free(copy[n]);
		free(copy);
		return sk_origin(-ENOMEM);
	}
	for (uint32_t i = 0; i < c->media.scope_count; i++)
		free(c->media.scope[i]);
	free(c->media.scope);
	c->media.scope = copy;
	c->media.scope_count = (uint32_t)scope->count;
	return 0;
}

int lk_media_policy(struct clerk *c, const struct sk_policy *policy)
{
	int r = keep_scope(c, &policy->lockdown.scope);

	return r ? r : lk_media_scope(c, (const char *const *)c->media.scope, c->media.scope_count);
}

int lk_media_mounts(struct clerk *c, const struct sk_json *at)
{
	char paths[LK_MEDIA][LK_PATH] = {{0}};
	struct sk_json list, one;
	uint32_t n = 0;
	int r = sk_json_array(at, "paths", LK_MEDIA, &list);

	for (size_t i = 0; !r && i < sk_json_length(&list); i++) {
		size_t size = 0;

		r = sk_json_item_object(&list, i, &one);
		if (!r && sk_json_base64(&one, "path", paths[n], LK_PATH - 1, &size) == 0 && size && !memchr(paths[n], 0, size))
			paths[n++][size] = 0; /* a longer one is not guarded: the kernel side still is */
	}
	if (r)
		return r;
	memcpy(c->media.paths, paths, sizeof paths);
	c->media.count = n;
	return c->now.any ? lk_media_scope(c, (const char *const *)c->media.scope, c->media.scope_count) : 0;
}

/* --- events */

static const char *text_of(const struct sk_json *at, const char *key)
{
	const char *text = "";

	return sk_json_has(at, key) && sk_json_string(at, key, 0, 256, &text) == 0 ? text : "";
}

int lk_media_event(struct clerk *c, const struct sk_json *at)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	struct sk_event_stamp when = lk_stamp(c, 0);
	const struct sk_event_kind_row *row = sk_event_kind(text_of(at, "kind"));
	struct sk_event_medium medium = {.device = text_of(at, "device"), .kind = text_of(at, "class"), .vendor = text_of(at, "vendor"),
					 .product = text_of(at, "product"), .serial = text_of(at, "serial"), .uuid = text_of(at, "uuid"),
					 .file_system = text_of(at, "file_system"), .rule = text_of(at, "rule"), .pass = text_of(at, "pass"), .reason = text_of(at, "reason"),
					 .mode = c->now.any ? lk_mode_words[c->now.orders.mode] : "observe", .policy_serial = c->now.orders.serial};
	char mount[4097];
	size_t size = 0;
	enum sk_event_kind kind;
	int r;

	if (!row || row->class_uid != SK_CLASS_MEDIA)
		return sk_json_refuse(at, "kind", "is no event of media");
	if (sk_json_has(at, "mount") && sk_json_base64(at, "mount", mount, sizeof mount - 1, &size) == 0) {
		mount[size] = 0;
		medium.mount = mount;
	}
	kind = (enum sk_event_kind)(row - sk_event_kinds);
	r = sk_event_media(kind, &when, &medium, &text);
	if (r == 0)
		lk_report(c, kind, &text);
	return r < 0 ? r : 0;
}

void lk_media_close(struct clerk *c)
{
	c->media.pass_dates = sk_watch_free(c->media.pass_dates);
	c->media.rules = sk_json_free(c->media.rules);
	for (uint32_t i = 0; i < c->media.scope_count; i++)
		free(c->media.scope[i]);
	free(c->media.scope);
	c->media.scope = NULL;
	c->media.scope_count = 0;
}
