// SPDX-License-Identifier: GPL-3.0-or-later
/* What `sekisho gateway check-rules` prints: which rules of some files are honoured, and each that is not, with the keyword and the reason. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "rule/rule.h"

enum { RULE_REPORT_NAMED_MAX = 100000 };

/*
 * `json`: one object {"enabled", "honoured", "named": [{"file", "line", "sid", "keyword", "why"}]} on one line, the last of the output; else
 * a line for each rule that is not honoured and one with the count. 0; SK_BAD: a file cannot be read (diag); -errno.
 */
int gw_rules_report(const struct gw_rule_var *vars, size_t var_count, const char *const *files, size_t file_count, bool json, FILE *out,
	struct gw_rules_count *ret_count, struct sk_diag *diag);
