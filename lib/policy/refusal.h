// SPDX-License-Identifier: GPL-3.0-or-later
/* Why a signed object is not taken. Each reason has a code (events, --json) and a sentence for people in two languages. */
#pragma once

#include <stdbool.h>

enum sk_refusal {
	SK_ACCEPTED = 0,
	SK_REFUSED_MALFORMED,       /* not the declared shape; the diag has the path */
	SK_REFUSED_NOT_CANONICAL,   /* the payload is not in canonical form */
	SK_REFUSED_TYPE,            /* a signed object of another type */
	SK_REFUSED_UNSIGNED,        /* no signature */
	SK_REFUSED_NO_SITE_KEY,     /* this machine has pinned no site key */
	SK_REFUSED_SIGNATURE,       /* a signature does not fit */
	SK_REFUSED_UNKNOWN_KEY,     /* signed by a key that is not the delegated one */
	SK_REFUSED_DELEGATION,      /* the delegation is missing or not the pinned site key's */
	SK_REFUSED_DELEGATION_NOT_YET,
	SK_REFUSED_DELEGATION_EXPIRED,
	SK_REFUSED_USE,             /* the key is not delegated for this use */
	SK_REFUSED_REVOKED,         /* the site key revoked the signing key, or took this use of it back */
	SK_REFUSED_OLDER,           /* the serial is below the one in force */
	SK_REFUSED_SAME_SERIAL,     /* the serial in force, but other content */
	SK_REFUSED_LABEL,           /* for other machines */
	SK_REFUSED_PART,            /* for another part */
	SK_REFUSED_NOT_YET,         /* kept, waits for its time */
	SK_REFUSED_EXPIRED,
	SK_REFUSED_EMPTY,           /* enforce with an empty allowlist or an empty scope */
	SK_REFUSED_TOO_LARGE,
	SK_REFUSAL_COUNT
};

const char *sk_refusal_code(enum sk_refusal refusal);            /* "older-serial" */
const char *sk_refusal_text(enum sk_refusal refusal, bool ja);   /* a sentence */
