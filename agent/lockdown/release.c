// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A signed release: for its time the agent may be stopped, replaced and removed, where the policy (`self: {release: true}`) otherwise refuses that in the
 * kernel. A release is for one machine or for those its labels name, has an end, and is told when it begins and when it is refused.
 *
 * A clock that is wrong, or set back, must not lengthen it: what is left is counted on from here by the clock that nobody can set (CLOCK_BOOTTIME).
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "lockdown/clerk.h"
#include "lockdown/kernel-lsm.h"
#include "policy/signed.h"

enum { RELEASE_MAX_S = 7 * 86400 };

static uint64_t since_boot_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static void tell(struct clerk *c, const char *what, const char *id)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	struct sk_event_stamp at = lk_stamp(c, 0);

	if (sk_event_tampering(&at, "lockdown", what, id, &text) == 0)
		lk_report(c, SK_EVENT_TAMPERING, &text);
}

int lk_release_offer(struct clerk *c, const char *envelope, size_t size, uint64_t *ret_seconds, struct sk_diag *diag)
{
	_cleanup_signed_answer_ struct sk_signed_answer answer = {0};
	struct sk_signed_question question = {.trust = sk_store_trust(c->store), .when = lk_moment(c), .place = lk_place(c)};
	const struct sk_release *release = &answer.object.release;
	int r = sk_signed_verify(SK_SIGNED_RELEASE, &question, envelope, size, &answer);

	if (r == SK_DENIED) {
		tell(c, "release-refused", answer.has_object ? release->head.id : "");
		*diag = answer.diag;
		return SK_BAD;
	}
	if (r)
		return r;
	if (question.when.wrong)
		return sk_diag_path(diag, "", "the clock of this machine is wrong: set it first, a release ends by it");
	*ret_seconds = SK_MIN((uint64_t)(release->head.until - question.when.now), (uint64_t)RELEASE_MAX_S);
	lk_lsm_release(c->shared, since_boot_ns() + *ret_seconds * UINT64_C(1000000000));
	sk_log(SK_LOG_NOTICE, "release %s (%s): for %llu s the agent may be stopped and removed", release->head.id, release->head.change ? release->head.change : "-",
	       (unsigned long long)*ret_seconds);
	tell(c, "released", release->head.id);
	return 0;
}
