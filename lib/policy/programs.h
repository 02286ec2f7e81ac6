// SPDX-License-Identifier: GPL-3.0-or-later
/* The list of programs of a policy, as policy.c needs it. Used inside lib/policy. */
#pragma once

#include "policy/policy.h"

/* For qsort() and bsearch(). */
int sk_program_by_hash(const void *a, const void *b);
/* Sorted, one of each hash: copies of one file need one entry. */
void sk_programs_normalise(struct sk_records *programs);
