// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What protects this machine and what does not: tier, hooks, subject, the attack classes that are not stopped. Part of `status` and of HEALTH.
 *
 * lk_protection_get() is the one place where the facts come together; what may be said about them is lib/event/attack.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "lockdown/clerk.h"

static void add_hook(struct lk_protection *p, uint32_t bit, const char *name, int error)
{
	struct lk_hook *hook = &p->hooks[p->hook_count];

	if (p->hook_count == SK_ARRAY_SIZE(p->hooks))
		return;
	*hook = (struct lk_hook){.name = name, .error = error};
	p->hook_count++;
	if (!error)
		p->in_force |= bit;
}

/* In force as soon as one file system of the scope is marked; else with what the first of them said. */
static void add_fanotify(struct lk_protection *p, const struct lk_shared *shared)
{
	int error = -1;

	for (uint32_t i = 0; i < LK_SCOPE && error; i++)
		if (shared->scope[i].wish == LK_WISH_GUARD)
			error = shared->scope[i].error == 0 ? 0 : error == -1 ? shared->scope[i].error : error;
	add_hook(p, SK_HOOK_FANOTIFY, "fanotify", error);
}

void lk_protection_get(const struct clerk *c, struct lk_protection *ret_protection)
{
	struct lk_protection p = {.tier = SK_TIER_C, .subject = "none", .processes = c->shared->processes, .restrained = c->shared->restrained};

	add_fanotify(&p, c->shared);
	*ret_protection = p;
}

static int put_hook(struct json_object *list, const struct lk_hook *hook)
{
	struct json_object *one = json_object_new_object();

	if (sk_json_append(list, one))
		return -ENOMEM;
	if (sk_json_put_string(one, "name", hook->name) || sk_json_put_string(one, "state", !hook->error ? "attached" : hook->error < 0 ? "waiting" : "failed"))
		return -ENOMEM;
	return hook->error > 0 ? sk_json_put_string(one, "error", strerror(hook->error)) : 0;
}

static int put_class(struct json_object *list, enum sk_attack attack, enum sk_claim claim, bool texts)
{
	struct json_object *one = json_object_new_object();

	if (sk_json_append(list, one))
		return -ENOMEM;
	if (sk_json_put_string(one, "id", sk_attacks[attack].id) || sk_json_put_string(one, "claim", sk_claim_names[claim]))
		return -ENOMEM;
	if (!texts)
		return 0;
	return sk_json_put_string(one, "en", sk_attacks[attack].en) ? -ENOMEM : sk_json_put_string(one, "ja", sk_attacks[attack].ja);
}

static int put_not_stopped(struct json_object *out, const struct lk_protection *p, bool texts)
{
	struct json_object *list;
	int r = sk_json_put_array(out, "not_stopped", &list);

	for (unsigned i = 1; !r && i < SK_ATTACKS; i++) {
		enum sk_claim claim = sk_attack_claim((enum sk_attack)i, p->tier, p->in_force, NULL);

		if (claim != SK_CLAIM_STOPPED)
			r = put_class(list, (enum sk_attack)i, claim, texts);
	}
	return r;
}

static int put_exceptions(struct json_object *out, const struct lk_protection *p)
{
	struct json_object *exceptions;
	int r = sk_json_put_object(out, "exceptions", &exceptions);

	if (!r)
		r = sk_json_put_u64(exceptions, "jit", p->jit);
	if (!r)
		r = sk_json_put_u64(exceptions, "interpreters", p->interpreters);
	return r ? r : sk_json_put_u64(exceptions, "updaters", p->updaters);
}

static int put_restraints(struct json_object *out, const struct lk_protection *p)
{
	struct json_object *restraints;
	int r = sk_json_put_object(out, "restraints", &restraints);

	if (!r)
		r = sk_json_put_bool(restraints, "counted", p->processes > 0);
	if (!r)
		r = sk_json_put_u64(restraints, "processes", p->processes);
	return r ? r : sk_json_put_u64(restraints, "restrained", p->restrained);
}

int lk_protection_put(const struct clerk *c, struct json_object *out, bool texts)
{
	struct json_object *hooks;
	struct lk_protection p;
	int r;

	lk_protection_get(c, &p);
	r = sk_json_put_string(out, "tier", sk_tier_names[p.tier]);
	if (!r)
		r = sk_json_put_string(out, "subject", p.subject);
	if (!r)
		r = sk_json_put_array(out, "hooks", &hooks);
	for (uint32_t i = 0; !r && i < p.hook_count; i++)
		r = put_hook(hooks, &p.hooks[i]);
	if (!r)
		r = put_not_stopped(out, &p, texts);
	if (!r)
		r = put_restraints(out, &p);
	return r ? r : put_exceptions(out, &p);
}
