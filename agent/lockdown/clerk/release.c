// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A signed release: for its time the agent may be stopped, replaced and removed, where the policy (`self: {release: true}`) otherwise refuses that in the
 * kernel. A release is for one machine or for those its labels name, has an end, and is told when it begins and when it is refused.
 *
 * A clock that is wrong, or set back, must not lengthen it: what is left is counted on from here by the clock that nobody can set (CLOCK_BOOTTIME). And none comes
 * back with the clock: each counts once. release-used.json says which were used, in which boot, and until when.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "lockdown/clerk/clerk.h"
#include "lockdown/clerk/used.h"
#include "lockdown/kernel/lsm.h"
#include "os/file.h"
#include "policy/signed.h"

#define USED LOCKDOWN_FOLDER "/release-used.json"
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

/* It was used: what is left of it in this boot. */
static int use_again(const struct sk_json *was, uint64_t *seconds, struct sk_diag *diag)
{
	uint64_t until, now = since_boot_ns() / 1000000;
	const char *boot;

	if (sk_json_string(was, "boot", 0, 64, &boot) || sk_json_u64(was, "until", 0, SK_JSON_MAX_INT, &until) || strcmp(boot, sk_clock_boot_id()) || until <= now)
		return sk_diag_path(diag, "", "this release was used here before: each counts once, until the machine is started again");
	*seconds = SK_MIN(*seconds, (until - now + 999) / 1000);
	return 0;
}

/* Written down before it counts. A damaged book does not keep the agent on a machine for ever: it begins anew. */
static int use_once(struct clerk *c, const struct sk_signed_head *head, uint64_t *seconds, struct sk_diag *diag)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(LK_USED_BYTES);
	_cleanup_used_ struct lk_used book = {0};
	struct json_object *mark;
	int r = lk_used_load(c->ctx->root_dir, USED, &book);

	if (r < 0)
		return r;
	mark = lk_used_find(&book, head->id);
	if (mark)
		return use_again(&SK_JSON(mark, "used", NULL), seconds, diag);
	if (lk_used_make_room(&book, lk_moment(c).now))
		return sk_diag_path(diag, "", "%d releases were used here whose time is not over, and no more can be remembered", LK_USED_MAX);
	r = lk_used_mark(&book, head->id, sk_clock_boot_id(), head->until, &mark);
	r = r ? r : sk_json_put_u64(mark, "until", since_boot_ns() / 1000000 + *seconds * 1000);
	r = r ? r : lk_used_text(&book, &text);
	return r ? r : sk_file_replace("release.used", c->ctx->root_dir, USED, text.data, text.size, 0600);
}

uint64_t lk_release_left(const struct clerk *c)
{
	uint64_t now = since_boot_ns();

	return c->released_until_ns > now ? (c->released_until_ns - now) / UINT64_C(1000000000) : 0;
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
	r = use_once(c, &release->head, ret_seconds, diag);
	if (r == SK_BAD)
		tell(c, "release-refused", release->head.id);
	if (r)
		return r < 0 ? r : SK_BAD;
	c->released_until_ns = since_boot_ns() + *ret_seconds * UINT64_C(1000000000);
	lk_lsm_release(c->shared, since_boot_ns() + *ret_seconds * UINT64_C(1000000000));
	sk_log(SK_LOG_NOTICE, "release %s (%s): for %llu s the agent may be stopped and removed", release->head.id, release->head.change ? release->head.change : "-",
	       (unsigned long long)*ret_seconds);
	tell(c, "released", release->head.id);
	return 0;
}
