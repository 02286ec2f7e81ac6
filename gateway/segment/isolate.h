// SPDX-License-Identifier: GPL-3.0-or-later
/* Isolation sets, which a policy names in advance: what they stop, and the policy with one of them applied. */
#pragma once

#include "segment/policy.h"

/* NULL: there is none of that name. */
const struct sk_isolation *gw_isolation_named(const struct sk_gateway *gateway, const char *name);
/* Would this flow be stopped while the set holds? */
bool gw_isolation_stops(const struct gw_policy *policy, const struct sk_isolation *set, const struct gw_tuple *flow);
/*
 * Puts conduits that drop, enforced, before the others, and shuts those that the set names. Only what a conduit from an isolated zone to itself lets pass goes on.
 * 0; SK_NONE: no such set; -ENOMEM.
 */
int gw_isolate(struct sk_gateway *gateway, const char *set);
