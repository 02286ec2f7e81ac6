// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A policy as the kernel side knows it: zone i of the policy is zone i + 1 there, what no prefix names is zone 0, and each pair of zones that some conduit joins has the
 * ports of all of its conduits, in their order, each with the mode and the failure setting of its conduit.
 */
#pragma once

#include "policy/gateway.h"
#include "wire/kernel.h"

struct gw_tables {
	struct gw_table table; /* points into what follows */
	struct gw_table_prefix *prefixes;
	struct gw_table_conduit *conduits;
	struct gw_rule_entry *rules;
	struct gw_table_type types[8];
};

/* 0; -E2BIG: more prefixes, pairs or ports than the kernel's tables hold; -ENOMEM. */
int gw_tables_make(const struct sk_gateway *gateway, struct gw_tables *ret_tables);
void gw_tables_done(struct gw_tables *tables);
