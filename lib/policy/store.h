// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The signed objects that a machine holds, on disk: site.pub (pinned at enrolment), revocations.skr, delegations/KEYID.skd, and for each part a
 * folder of policies PART/SERIAL.skp; windows/HASH.skw are maintenance windows that a medium brought. Every file is written beside, synced, renamed, and the folder synced: killed at any point, a
 * start finds the old state or the new one. Nothing is believed because it lies there: opening verifies all of it again.
 *
 * Of the policies of a part the one in force is the newest whose time has come and has not passed; one that waits for its time stays beside it. When
 * all have expired (or their key was revoked) the last good one stays in force and its state says so: never open. One writer at a time (the duty
 * that enforces, or `sekisho policy import`): each offer locks the folder, and reads anew what is in it.
 */
#pragma once

#include "policy/policy.h"

/*
 * Beside the signed objects: {"org","site"}, what this machine is for labels. Written once by enrolment, as root; not the link's identity.json, because
 * whoever may change it decides which policies fit.
 */
#define SK_PLACE_FILE "var/lib/sekisho/policy/place.json"

#define SK_STORE_KEEP 4 /* policies of a part on disk, beside the one in force */

struct sk_policy_store;

/*
 * The folder ROOT/PATH ("var/lib/sekisho/policy"), made (0700) when absent. Reads what is in it; a damaged file is reported by the log
 * and ignored.
 */
int sk_store_open(const char *root, const char *path, struct sk_policy_store **ret_store);
struct sk_policy_store *sk_store_close(struct sk_policy_store *store);
void sk_store_close_p(struct sk_policy_store **store);
#define _cleanup_store_ __attribute__((cleanup(sk_store_close_p)))

/* Pins the site key. SK_DENIED when another one is pinned already; the same one again changes nothing. */
int sk_store_pin(struct sk_policy_store *store, const struct sk_public *site);
/* The pinned site key, NULL when there is none; what is delegated and revoked. */
const struct sk_trust *sk_store_trust(const struct sk_policy_store *store);

/* One signed object, whatever its type. Offering twice changes nothing the second time. */
struct sk_offer {
	enum sk_refusal refusal;
	bool changed;               /* false: it was here already */
	char type[64];
	int part;                   /* of a policy */
	uint64_t serial;
	uint8_t hash[SK_SHA256_SIZE];
	enum sk_refusal held;
	struct sk_diag diag;
};
/* 0 when taken (or here already); SK_DENIED with ret_offer->refusal (NOT_YET: kept, waits for its time); fatal. */
int sk_store_offer(struct sk_policy_store *store, const char *envelope, size_t size, const struct sk_place *place,
		   const struct sk_moment *when, struct sk_offer *ret_offer);

/* The maintenance windows that were offered and have not expired, each with what is said of it now; as sk_windows_each(). */
struct sk_signed_answer;
int sk_store_windows(struct sk_policy_store *store, const struct sk_place *place, const struct sk_moment *when,
		     int (*each)(void *arg, const struct sk_signed_answer *answer, const char *text, size_t size), void *arg);

enum sk_force { SK_FORCE_GOOD, SK_FORCE_EXPIRED, SK_FORCE_REVOKED, SK_FORCE_HELD };
const char *sk_force_name(enum sk_force force); /* "good", "expired", "revoked", "dates-held" */

/* The policy in force, verified again. 0; SK_NONE when there is none; fatal. Free `answer`. *ret_force says in what state it stands.
   *ret_next_change is when (seconds) another look is due because a date passes; 0 = never. */
int sk_store_in_force(struct sk_policy_store *store, int part, const struct sk_place *place, const struct sk_moment *when,
		      struct sk_policy_answer *answer, enum sk_force *ret_force, int64_t *ret_next_change);
