// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Whom to believe: the pinned site key, what it delegated, what it revoked.
 *
 * The offline site key signs delegations (this key, for these uses, from, until, serial) and one list of revoked key ids whose serial may not go
 * down. A delegation travels inside each envelope; of each key the newest one seen is remembered and governs whatever the key signs, so
 * that an older, wider one cannot be replayed; of two with one serial the first governs, and the other is refused. Dates bind unless the clock is known to be wrong: then they are held and reported.
 */
#pragma once

#include "conf/conf.h"
#include "policy/envelope.h"
#include "policy/refusal.h"

enum sk_use { SK_USE_POLICY = 1, SK_USE_EXCEPTION = 2, SK_USE_RELEASE = 4, SK_USE_ACCEPT = 8 }; /* accept: passes of inspected things */
#define SK_USE_ANY (SK_USE_POLICY | SK_USE_EXCEPTION | SK_USE_RELEASE | SK_USE_ACCEPT)
#define SK_REVOKED_MAX 256
#define SK_DELEGATIONS_MAX 64 /* keys whose newest delegation is remembered */

struct sk_moment {
	int64_t now; /* seconds since the epoch, UTC */
	bool wrong;  /* what sk_clock_check() of os/clock.h said: then dates do not bind */
};

struct sk_delegation {
	struct sk_public key;
	unsigned uses; /* enum sk_use */
	int64_t serial;
	int64_t not_before, expires;
	char *holder;  /* who holds the key, for people; may be NULL */
};

struct sk_revoked {
	char *keyid;
	char *reason; /* may be NULL */
};

struct sk_revocations {
	int64_t serial;         /* 0 = none known */
	struct sk_records keys; /* of struct sk_revoked */
};

struct sk_trust {
	struct sk_public site;
	bool has_site;
	struct sk_revocations revocations;
	struct sk_delegation *known; /* newest delegation of each key */
	size_t known_count;
};

void sk_trust_init(struct sk_trust *trust, const struct sk_public *site); /* NULL: nothing is trusted */
void sk_trust_done(struct sk_trust *trust);

int sk_uses_parse(const char *text, unsigned *ret_uses); /* "policy,exception"; 0 or SK_BAD */
const char *sk_use_name(enum sk_use use);

/* Making, by the holder of the site key. 0, SK_BAD (terms), fatal. */
int sk_delegation_make(const struct sk_private *site, const struct sk_delegation *terms, struct sk_envelope **ret_envelope, struct sk_diag *diag);
int sk_revocations_make(const struct sk_private *site, const struct sk_revocations *list, struct sk_envelope **ret_envelope, struct sk_diag *diag);

/*
 * Reading. 0, or SK_DENIED with *ret_refusal and the diag; fatal. Dates are not judged here. Both check the site key's signature.
 */
int sk_delegation_read(const struct sk_trust *trust, const struct sk_envelope *envelope, struct sk_delegation *ret_delegation,
		       enum sk_refusal *ret_refusal, struct sk_diag *diag);
void sk_delegation_done(struct sk_delegation *delegation);
/* Takes a list into `trust`. The same serial with the same content changes nothing; a lower serial is SK_REFUSED_OLDER. */
int sk_trust_revoke(struct sk_trust *trust, const struct sk_envelope *envelope, enum sk_refusal *ret_refusal, struct sk_diag *diag);
void sk_revocations_done(struct sk_revocations *list);
const char *sk_trust_revoked(const struct sk_trust *trust, const char *keyid); /* the reason ("" when none given); NULL = not revoked */

/*
 * Is `envelope` signed by a key that the site delegated for `use`, now (or by the site key itself)? 0 fills *ret_delegation; SK_DENIED with the
 * reason: after REVOKED and the two DELEGATION dates the signature is good and *ret_delegation is filled all the same. With a wrong clock
 * dates do not refuse; *ret_held, when given, says which one would have. sk_delegation_done() in every case.
 */
int sk_trust_check(const struct sk_trust *trust, const struct sk_envelope *envelope, enum sk_use use, const struct sk_moment *when,
		   struct sk_delegation *ret_delegation, enum sk_refusal *ret_refusal, enum sk_refusal *ret_held, struct sk_diag *diag);
/*
 * Takes a delegation that was read. 0; SK_NONE: this or a newer one of its key is known, nothing changes; SK_FULL; -ENOMEM.
 */
int sk_trust_remember(struct sk_trust *trust, const struct sk_delegation *delegation);
