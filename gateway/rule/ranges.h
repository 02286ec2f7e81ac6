// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Sets of addresses or ports as a rule writes them: "[10.0.0.0/8,!10.1.0.0/16]", "!$HOME_NET", "[80,8000:8080]". A set is kept as sorted ranges of 128-bit
 * numbers; ports use the last 16 bits. Variables are looked up among those given and then among the defaults.
 */
#pragma once

#include "rule/set.h"

struct ranges {
	struct address_range *at;
	uint32_t count, space;
	bool ports;
};
void ranges_done(struct ranges *set);

/* 0; SK_BAD: *ret_why is a constant sentence; -ENOMEM. `setup` may be NULL. */
int ranges_parse(const char *text, bool ports, const struct gw_rules_setup *setup, struct ranges *ret_set, const char **ret_why);

int ranges_to_addresses(const struct ranges *set, struct arena *arena, struct addresses **ret_group);
int ranges_to_ports(const struct ranges *set, struct arena *arena, struct ports **ret_group);
