// SPDX-License-Identifier: GPL-3.0-or-later
/* Limits that a site puts on rules from outside of them, in the language of Suricata's threshold.config. */
#pragma once

#include "rule/set.h"

/* A line (its first word is not blank) is about limits. */
bool limit_is(const char *line);
/* 0; SK_BAD with a reason; -ENOMEM. `line` is changed. */
int limit_read(struct gw_rules *set, const struct gw_rules_setup *setup, char *line, struct limit **ret_limit, const char **ret_why);
/* Gives it to the rules it is about. Not used: there are none, or they have a threshold of their own. */
int limit_apply(struct gw_rules *set, const struct limit *limit, bool *ret_used);
/* What matches is told to nobody; what it asks for is done all the same. */
bool limit_suppresses(const struct rule *rule, const struct gw_rule_view *view);
