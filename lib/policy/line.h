// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A message line of a gateway's policy: one sentence that an engineer writes and a machine decides by.
 *
 *     host may S2F41 with RCMD START, STOP, PP-SELECT
 *     S2F15 never
 *     S7F3 only while maintenance and recipe released
 *     S7F6 never leaves
 *     modbus: host may write-single-register with address 100-199 and value 0-500
 *     equipment may report
 *
 *     line   = [PROTOCOL ":"] [("host" | "equipment") ["may"]] what {"," what} ["with" field {"and" field}] [end]
 *     what   = message | "S2F*" (all that begin so) | an act: session, read, report, write, control, engineer | "anything"
 *     field  = NAME value {"," value}          value = word | "quoted" | number | LOW-HIGH
 *     end    = "never" ["leaves" | "enters"] | "only" need {"and" need}
 *     need   = "while" "maintenance" | "recipe" "released"
 *
 * "never" refuses what fits, whatever else allows it; "only" allows what fits while its needs hold, and refuses it otherwise; every other line allows.
 * "leaves" is what the equipment says, "enters" what is said to it. Words of the grammar are of either case; values are exact.
 *
 * This is the grammar alone: which messages and fields a protocol has is the gateway's knowledge.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/diag.h"

#define SK_LINE_MAX 512 /* bytes */

enum { SK_LINE_WHATS = 16, SK_LINE_FIELDS = 8, SK_LINE_VALUES = 48, SK_LINE_WORD = 64 };

enum sk_line_role { SK_LINE_ANYBODY, SK_LINE_HOST, SK_LINE_EQUIPMENT };
enum sk_line_verdict { SK_LINE_MAY, SK_LINE_ONLY, SK_LINE_NEVER };
enum { SK_LINE_MAINTENANCE = 1, SK_LINE_RECIPE = 2 }; /* needs */

extern const char *const sk_line_acts[]; /* in the order of weight, as gateway/proto knows them; NULL ends */

struct sk_line_what {
	char name[SK_LINE_WORD]; /* of a message, or its beginning; "" when act >= 0, or for anything */
	int act;                 /* index into sk_line_acts; -1 = by name */
	bool prefix;             /* the name ended in "*"; with an empty name: anything */
};

struct sk_line_value {
	bool number;             /* low to high; else text */
	uint64_t low, high;
	char text[SK_LINE_WORD]; /* as written, also of a number: a text field is compared with this */
};

struct sk_line_field {
	char name[SK_LINE_WORD]; /* lower case */
	size_t first, count;     /* in `values` */
};

struct sk_line {
	char protocol[SK_LINE_WORD]; /* lower case; "" = any of the conduit's */
	enum sk_line_role role;
	enum sk_line_verdict verdict;
	unsigned needs;
	size_t what_count, field_count, value_count;
	struct sk_line_what whats[SK_LINE_WHATS];
	struct sk_line_field fields[SK_LINE_FIELDS];
	struct sk_line_value values[SK_LINE_VALUES];
};

/* 0; SK_BAD: `diag` says at which column (line 1) and what was expected. Allocates nothing. */
int sk_line_parse(const char *text, struct sk_line *ret_line, struct sk_diag *diag);
/* The line as it would be written; sk_line_parse() gives the same again. 0, SK_FULL, -ENOMEM. */
int sk_line_write(const struct sk_line *line, struct sk_buf *out);
