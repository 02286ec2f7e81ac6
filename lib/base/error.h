// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Two classes of error.
 *
 * A function that can fail returns an int:
 *   0            done; outputs (named ret_*) are written.
 *   negative     fatal: -errno. Nobody but the caller furthest out can do anything about it. It is logged once, where it arises, by
 *                sk_origin(), and forwarded unchanged.
 *   positive     a condition that the direct caller asked to know; its name is in the header of the function. Never forwarded blindly:
 *                a caller that cannot handle it turns it into something of its own.
 * Outputs are untouched on failure.
 */
#pragma once

enum {
	SK_BAD = 1,   /* foreign input is wrong; the sk_diag says where and why */
	SK_NONE = 2,  /* what was asked for does not exist */
	SK_FULL = 3,  /* a declared maximum is reached */
	SK_AGAIN = 4, /* not now; ask again when the loop says so */
	SK_END = 5,   /* the other side closed, or the input ended, between two items */
	SK_DENIED = 6 /* the policy or the permission table says no */
};

/* So that the compiler knows it, too: else it believes that outputs may be used that were not written. */
static inline int sk_negative(int error)
{
	if (error >= 0)
		__builtin_unreachable();
	return error;
}

/* Logs "file:line function: strerror" at level error and returns `error`, which must be negative. */
int sk_origin_at(int error, const char *file, int line, const char *function);
#define sk_origin(error) sk_negative(sk_origin_at((error), __FILE__, __LINE__, __func__))
/* The same for the errno a failed call left behind. */
#define sk_origin_errno() sk_negative(sk_origin_at(-errno, __FILE__, __LINE__, __func__))
