// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the files of gateway-rig share.
 */
#pragma once

#include "wire/kernel.h"

struct rig_policy {
	struct gw_table_prefix prefixes[256];
	struct gw_table_conduit conduits[256];
	struct gw_rule_entry rules[1024];
	struct gw_table_type types[64];
	struct gw_table table;
};

/* The rig's own small language, described in rig.c. False: it was told which line is wrong. */
bool rig_policy_read(const char *path, struct rig_policy *policy);
