// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Where a program comes from, as the policy in force has it: package and publisher of an entry, by content and by name. For records; decides nothing. The
 * policy itself is not kept in memory, so this is: twelve bytes an entry and kind of question, and each text once.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policy/policy.h"

struct lk_origins;

/* What is known of one file. Texts belong to the origins; "" = not known. */
struct lk_origin {
	const char *package; /* "openssl 3.0.11-1" */
	const char *publisher;
};

/* Of all entries that say anything. NULL when memory is out or nothing is said: then nothing is known. */
struct lk_origins *lk_origins_new(const struct sk_policy *policy);
struct lk_origins *lk_origins_free(struct lk_origins *origins);
/* By the content; else by the name, which says what a file of this name ought to be. False: nothing is known. `origins` may be NULL, and `hash`. */
bool lk_origin_of(const struct lk_origins *origins, const uint8_t *hash, const char *name, struct lk_origin *ret_origin);
