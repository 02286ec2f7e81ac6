// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Who may do what where: the one permission table (role, object, verb, reach). The console, its API and the sekisho command all ask here.
 *
 * A grant gives a person or a token one role in one place: everywhere (org ""), in an organisation (site ""), or at one site. A row of the table says
 * that a role may do a verb to an object, and how far the grant must reach for that: a row with SK_REACH_ORG does not count
 * for a grant of a single site. What no row allows is denied. Nothing here allocates.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum sk_role { SK_ROLE_ADMINISTRATOR, SK_ROLE_SECURITY, SK_ROLE_ENGINEER, SK_ROLE_ASSESSOR, SK_ROLE_VIEWER, SK_ROLES };

enum sk_object {
	SK_OBJECT_EVENT,    /* events and what is made of them */
	SK_OBJECT_ENDPOINT, /* agents: health, labels, revocation */
	SK_OBJECT_ASSET,    /* the list of equipment */
	SK_OBJECT_REQUEST,  /* what endpoints ask for */
	SK_OBJECT_POLICY,   /* published policies and drafts */
	SK_OBJECT_ENROLMENT,/* enrolment tokens */
	SK_OBJECT_SITE,     /* settings of a site: second approver */
	SK_OBJECT_USER,     /* people, their grants, their tokens */
	SK_OBJECT_AUDIT,    /* the audit trail */
	SK_OBJECTS
};

enum sk_verb {
	SK_VERB_READ,
	SK_VERB_WRITE,  /* make, change, import */
	SK_VERB_DECIDE, /* approve or reject */
	SK_VERB_REVOKE, /* take away: a certificate, a token, a person's access */
	SK_VERBS
};

enum sk_reach { SK_REACH_SITE, SK_REACH_ORG, SK_REACH_ALL };

#define SK_PLACE_MAX 64 /* bytes of an organisation's or a site's name, with the terminator */

struct sk_grant {
	enum sk_role role;
	char org[SK_PLACE_MAX];  /* "" = everywhere */
	char site[SK_PLACE_MAX]; /* "" = the whole organisation; always "" when org is */
};

struct sk_permission_row {
	enum sk_role role;
	enum sk_object object;
	unsigned verbs; /* bits 1 << verb */
	enum sk_reach reach;
};

extern const struct sk_permission_row sk_permission_table[];
extern const size_t sk_permission_rows;

/* May somebody with these grants do this there? org "" asks for everywhere, site "" for a whole organisation. */
bool sk_permitted(const struct sk_grant *grants, size_t count, enum sk_object object, enum sk_verb verb, const char *org,
		  const char *site);
/* Is there any place where they may? */
bool sk_permitted_anywhere(const struct sk_grant *grants, size_t count, enum sk_object object, enum sk_verb verb);

struct sk_place {
	const char *org, *site; /* point into the grants */
};
/*
 * The places where they may, for a filter: at most `count` are written to `ret_places`, which has that room. *ret_all: everywhere (then none is
 * written). Returns how many were written.
 */
size_t sk_permitted_places(const struct sk_grant *grants, size_t count, enum sk_object object, enum sk_verb verb,
			   struct sk_place *ret_places, bool *ret_all);
/* Does a place lie in another? ("" as above.) */
bool sk_place_covers(const char *org, const char *site, const char *in_org, const char *in_site);
/* Could somebody with these grants give this grant away? Never more than they have. */
bool sk_may_give(const struct sk_grant *grants, size_t count, const struct sk_grant *given);
/* Letters, digits, '.', '-', '_' and anything beyond ASCII, 1 to 63 bytes of UTF-8: the name of an organisation or a site. */
bool sk_place_name_valid(const char *name);

const char *sk_role_name(enum sk_role role);
const char *sk_object_name(enum sk_object object);
const char *sk_verb_name(enum sk_verb verb);
/* 0 or SK_BAD. */
int sk_role_find(const char *name, enum sk_role *ret_role);
