// SPDX-License-Identifier: GPL-3.0-or-later
/* The permission table and the questions asked of it. See permission.h. */
#include "policy/permission.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

#define R (1u << SK_VERB_READ)
#define W (1u << SK_VERB_WRITE)
#define D (1u << SK_VERB_DECIDE)
#define X (1u << SK_VERB_REVOKE)

const struct sk_permission_row sk_permission_table[] = {
	/* runs the console; decides nothing about programs, so that giving roles and approving are two people's work */
	{SK_ROLE_ADMINISTRATOR, SK_OBJECT_EVENT, R, SK_REACH_SITE},
	{SK_ROLE_ADMINISTRATOR, SK_OBJECT_ENDPOINT, R | W | X, SK_REACH_SITE},
	{SK_ROLE_ADMINISTRATOR, SK_OBJECT_ASSET, R | W, SK_REACH_SITE},
	{SK_ROLE_ADMINISTRATOR, SK_OBJECT_REQUEST, R, SK_REACH_SITE},
	{SK_ROLE_ADMINISTRATOR, SK_OBJECT_POLICY, R, SK_REACH_SITE},
	{SK_ROLE_ADMINISTRATOR, SK_OBJECT_ENROLMENT, R | W | X, SK_REACH_SITE},
	{SK_ROLE_ADMINISTRATOR, SK_OBJECT_SITE, R | W, SK_REACH_SITE},
	{SK_ROLE_ADMINISTRATOR, SK_OBJECT_USER, R | W | X, SK_REACH_SITE},
	{SK_ROLE_ADMINISTRATOR, SK_OBJECT_AUDIT, R, SK_REACH_SITE},
	/* OT security and information security: watches, decides */
	{SK_ROLE_SECURITY, SK_OBJECT_EVENT, R, SK_REACH_SITE},
	{SK_ROLE_SECURITY, SK_OBJECT_ENDPOINT, R | W | X, SK_REACH_SITE},
	{SK_ROLE_SECURITY, SK_OBJECT_ASSET, R | W, SK_REACH_SITE},
	{SK_ROLE_SECURITY, SK_OBJECT_REQUEST, R | D, SK_REACH_SITE},
	{SK_ROLE_SECURITY, SK_OBJECT_POLICY, R | W, SK_REACH_SITE},
	{SK_ROLE_SECURITY, SK_OBJECT_ENROLMENT, R | W | X, SK_REACH_SITE},
	{SK_ROLE_SECURITY, SK_OBJECT_SITE, R, SK_REACH_SITE},
	{SK_ROLE_SECURITY, SK_OBJECT_AUDIT, R, SK_REACH_ORG},
	/* equipment engineer, field service: keeps the list of equipment, sees what its own machines say */
	{SK_ROLE_ENGINEER, SK_OBJECT_EVENT, R, SK_REACH_SITE},
	{SK_ROLE_ENGINEER, SK_OBJECT_ENDPOINT, R, SK_REACH_SITE},
	{SK_ROLE_ENGINEER, SK_OBJECT_ASSET, R | W, SK_REACH_SITE},
	{SK_ROLE_ENGINEER, SK_OBJECT_REQUEST, R, SK_REACH_SITE},
	{SK_ROLE_ENGINEER, SK_OBJECT_POLICY, R, SK_REACH_SITE},
	/* assessor: sees what is in scope, changes nothing */
	{SK_ROLE_ASSESSOR, SK_OBJECT_EVENT, R, SK_REACH_SITE},
	{SK_ROLE_ASSESSOR, SK_OBJECT_ENDPOINT, R, SK_REACH_SITE},
	{SK_ROLE_ASSESSOR, SK_OBJECT_ASSET, R, SK_REACH_SITE},
	{SK_ROLE_ASSESSOR, SK_OBJECT_REQUEST, R, SK_REACH_SITE},
	{SK_ROLE_ASSESSOR, SK_OBJECT_POLICY, R, SK_REACH_SITE},
	{SK_ROLE_ASSESSOR, SK_OBJECT_SITE, R, SK_REACH_SITE},
	{SK_ROLE_ASSESSOR, SK_OBJECT_AUDIT, R, SK_REACH_SITE},
	/* a screen on the wall, a report */
	{SK_ROLE_VIEWER, SK_OBJECT_EVENT, R, SK_REACH_SITE},
	{SK_ROLE_VIEWER, SK_OBJECT_ENDPOINT, R, SK_REACH_SITE},
	{SK_ROLE_VIEWER, SK_OBJECT_ASSET, R, SK_REACH_SITE},
};
const size_t sk_permission_rows = SK_ARRAY_SIZE(sk_permission_table);

static const char *const roles[SK_ROLES] = {"administrator", "security", "engineer", "assessor", "viewer"};
static const char *const objects[SK_OBJECTS] = {"event",     "endpoint", "asset", "request", "policy",
						"enrolment", "site",	  "user",  "audit"};
static const char *const verbs[SK_VERBS] = {"read", "write", "decide", "revoke"};

bool sk_place_covers(const char *org, const char *site, const char *in_org, const char *in_site)
{
	if (!org[0])
		return true;
	if (strcmp(org, in_org) != 0)
		return false;
	return !site[0] || strcmp(site, in_site) == 0;
}

static enum sk_reach reach_of(const struct sk_grant *grant)
{
	return !grant->org[0] ? SK_REACH_ALL : !grant->site[0] ? SK_REACH_ORG : SK_REACH_SITE;
}

static bool role_may(const struct sk_grant *grant, enum sk_object object, enum sk_verb verb)
{
	for (size_t i = 0; i < sk_permission_rows; i++) {
		const struct sk_permission_row *row = &sk_permission_table[i];

		if (row->role == grant->role && row->object == object && (row->verbs & 1u << verb) && reach_of(grant) >= row->reach)
			return true;
	}
	return false;
}

bool sk_permitted(const struct sk_grant *grants, size_t count, enum sk_object object, enum sk_verb verb, const char *org,
		  const char *site)
{
	for (size_t i = 0; i < count; i++)
		if (sk_place_covers(grants[i].org, grants[i].site, org, site) && role_may(&grants[i], object, verb))
			return true;
	return false;
}

bool sk_permitted_anywhere(const struct sk_grant *grants, size_t count, enum sk_object object, enum sk_verb verb)
{
	for (size_t i = 0; i < count; i++)
		if (role_may(&grants[i], object, verb))
			return true;
	return false;
}

size_t sk_permitted_places(const struct sk_grant *grants, size_t count, enum sk_object object, enum sk_verb verb,
			   struct sk_place *ret_places, bool *ret_all)
{
	size_t n = 0;

	*ret_all = sk_permitted(grants, count, object, verb, "", "");
	for (size_t i = 0; !*ret_all && i < count; i++)
		if (role_may(&grants[i], object, verb))
			ret_places[n++] = (struct sk_place){grants[i].org, grants[i].site};
	return n;
}

bool sk_may_give(const struct sk_grant *grants, size_t count, const struct sk_grant *given)
{
	/* Whoever may change people there may give any role there: the table, not the giver, keeps duties apart. */
	return sk_permitted(grants, count, SK_OBJECT_USER, SK_VERB_WRITE, given->org, given->site);
}

bool sk_place_name_valid(const char *name)
{
	size_t size = strlen(name);

	if (size == 0 || size >= SK_PLACE_MAX || !sk_utf8_valid(name, size, NULL))
		return false;
	for (; *name; name++)
		if (!(*name & 0x80) &&
		    !strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_", *name))
			return false;
	return true;
}

const char *sk_role_name(enum sk_role role)
{
	return roles[role];
}

const char *sk_object_name(enum sk_object object)
{
	return objects[object];
}

const char *sk_verb_name(enum sk_verb verb)
{
	return verbs[verb];
}

int sk_role_find(const char *name, enum sk_role *ret_role)
{
	for (size_t i = 0; i < SK_ROLES; i++) {
		if (strcmp(roles[i], name) == 0) {
			*ret_role = (enum sk_role)i;
			return 0;
		}
	}
	return SK_BAD;
}
