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
#include "bpf/lockdown.h"
#include "lockdown/clerk/clerk.h"
#include "lockdown/kernel/attach.h"
#include "lockdown/kernel/interp.h"
#include "lockdown/window/window.h"

static void add_hook(struct lk_protection *p, uint32_t bit, const char *name, int error)
{
	struct lk_hook *hook;

	if (p->hook_count == SK_ARRAY_SIZE(p->hooks))
		return;
	hook = &p->hooks[p->hook_count];
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

/* Hooks that act only where the policy says so. */
static uint32_t ordered(uint32_t what)
{
	uint32_t hooks = UINT32_MAX;

	if (!(what & SK_DO_PROTECT))
		hooks &= ~(uint32_t)(SK_HOOK_LSM_WRITE | SK_HOOK_TRACE_WRITE);
	if (!(what & (SK_DO_MODULES_LISTED | SK_DO_MODULES_DENY)))
		hooks &= ~(uint32_t)(SK_HOOK_LSM_KERNEL | SK_HOOK_TRACE_POWER);
	if (!(what & SK_DO_MOUNTS_DENY))
		hooks &= ~(uint32_t)SK_HOOK_LSM_MOUNT;
	if (!(what & SK_DO_SCRIPTS))
		hooks &= ~(uint32_t)(SK_HOOK_LSM_OPEN | SK_HOOK_TRACE_ARGUMENTS | SK_HOOK_TRACE_READ);
	if (what & SK_DO_NOT_MAPS)
		hooks &= ~(uint32_t)(SK_HOOK_TRACE_MAP | SK_HOOK_LSM_MAP);
	return what & SK_DO_SELF ? hooks : hooks & ~(uint32_t)SK_HOOK_LSM_SELF;
}

/* What is attached, and acts as soon as it is ordered: mappings are looked at when what is in use was judged, and what could not be attached again is not. */
static uint32_t able(const struct lk_shared *shared)
{
	uint32_t hooks = shared->kernel.attached & ~atomic_load(&shared->kernel.failed);

	if (lk_window_is_open())
		hooks &= ~(uint32_t)SK_HOOK_TRACE_WRITE; /* it cannot tell who updates */
	return atomic_load(&shared->maps_ready) ? hooks : hooks & ~(uint32_t)SK_HOOK_TRACE_MAP;
}

/* A kind of hooks of which a program was tried: attached when all of them are, else with the first error; waiting when it is attached only while it is needed, or not able yet. */
static void add_kind(struct lk_protection *p, const struct lk_shared *shared, uint32_t what, const struct sk_hook_name *kind)
{
	const struct lk_kernel *kernel = &shared->kernel;
	const uint32_t now = kernel->attached & able(shared) & (ordered(what) | ~(uint32_t)LK_LATER_HOOKS);
	int error = -2; /* not tried */

	for (uint32_t i = 0; i < kernel->hook_count && i < LK_HOOKS; i++)
		if (kernel->hooks[i].bit == kind->hook && error <= 0)
			error = now & kind->hook ? 0 : kernel->attached & kind->hook ? -1 : kernel->hooks[i].error;
	if (error != -2)
		add_hook(p, 0, kind->name, error);
}

/* What is attached, and in force when there is somebody to act upon. */
static void add_kernel(struct lk_protection *p, const struct clerk *c)
{
	static const char *const subjects[] = {[SK_SUBJECT_NONE] = "none", [SK_SUBJECT_MACHINE] = "machine", [SK_SUBJECT_CGROUP] = "cgroup"};
	const struct lk_kernel *kernel = &c->shared->kernel;
	uint32_t acting = atomic_load(&kernel->acting), what = c->now.orders.kernel_what;

	p->tier = kernel->tier < SK_TIERS ? (enum sk_tier)kernel->tier : SK_TIER_C;
	p->subject = acting < SK_ARRAY_SIZE(subjects) ? subjects[acting] : "none";
	for (unsigned i = 0; i < sk_hook_count; i++)
		add_kind(p, c->shared, what, &sk_hook_names[i]);
	if (acting == SK_SUBJECT_NONE || acting >= SK_ARRAY_SIZE(subjects))
		return;
	p->in_force |= able(c->shared) & ordered(what);
	if ((what & SK_DO_MEMORY_DENY) && (able(c->shared) & (SK_HOOK_TRACE_MAP | SK_HOOK_LSM_MAP)))
		p->in_force |= SK_HOOK_MEMORY;
}

void lk_protection_get(const struct clerk *c, struct lk_protection *ret_protection)
{
	struct lk_protection p = {.tier = SK_TIER_C, .subject = "none", .processes = c->shared->processes, .restrained = c->shared->restrained,
				  .jit = c->now.jit, .interpreters = c->now.exempt, .updaters = c->now.updaters, .in_force = SK_HOOK_RESTRAINTS};

	add_fanotify(&p, c->shared);
	add_kernel(&p, c);
	add_hook(&p, lk_media_closed(c) ? SK_HOOK_MEDIA : 0, "media", lk_media_there(c) ? 0 : -1);
	p.in_enforce = p.in_force;
	p.enforcing = c->now.any && c->now.orders.mode == LK_ENFORCE;
	if (!p.enforcing)
		p.in_force &= SK_HOOK_RESTRAINTS; /* every other mode lets everything start */
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

static int put_not_stopped(struct json_object *out, const char *key, const struct lk_protection *p, uint32_t hooks, bool texts)
{
	struct json_object *list;
	int r = sk_json_put_array(out, key, &list);

	for (unsigned i = 1; !r && i < SK_ATTACKS; i++) {
		enum sk_claim claim = sk_attack_claim((enum sk_attack)i, p->tier, hooks, NULL);

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
	if (!r)
		r = sk_json_put_u64(exceptions, "let_through", lk_interp_let_through());
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

/* What the policy orders and nothing here carries out, by the names of its settings. */
static int put_without_effect(struct json_object *out, const struct clerk *c, const struct lk_protection *p)
{
	static const struct {
		uint32_t what, hooks; /* any of these hooks carries it out */
		const char *name;
	} settings[] = {
		{SK_DO_MEMORY_DENY, SK_HOOK_MEMORY, "memory.exec"},
		{SK_DO_SCRIPTS, SK_HOOK_TRACE_ARGUMENTS | SK_HOOK_LSM_OPEN, "interpreters.restrict"},
		{SK_DO_PROTECT, SK_HOOK_LSM_WRITE | SK_HOOK_TRACE_WRITE, "protect"}, /* in tier B content alone: what else is done to known files stands under not_stopped */
		{SK_DO_MODULES_LISTED | SK_DO_MODULES_DENY, SK_HOOK_TRACE_POWER | SK_HOOK_LSM_KERNEL, "modules"},
		{SK_DO_MOUNTS_DENY, SK_HOOK_LSM_MOUNT, "mounts"},
	};
	struct json_object *list;
	int r = sk_json_put_array(out, "without_effect", &list);

	for (size_t i = 0; !r && c->now.any && i < SK_ARRAY_SIZE(settings); i++) {
		struct json_object *one;

		if (!(c->now.orders.kernel_what & settings[i].what) || (p->in_enforce & settings[i].hooks))
			continue;
		one = json_object_new_object();
		r = sk_json_append(list, one) ? -ENOMEM : sk_json_put_string(one, "id", settings[i].name);
	}
	return r;
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
		r = put_not_stopped(out, "not_stopped", &p, p.in_force, texts);
	if (!r && texts && !p.enforcing)
		r = put_not_stopped(out, "not_stopped_in_enforce", &p, p.in_enforce, texts);
	if (!r)
		r = put_without_effect(out, c, &p);
	if (!r)
		r = put_restraints(out, &p);
	return r ? r : put_exceptions(out, &p);
}
