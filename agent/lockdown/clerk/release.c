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
#include "lockdown/kernel/lsm.h"
#include "os/file.h"
#include "policy/signed.h"

#define USED LOCKDOWN_FOLDER "/release-used.json"
enum { RELEASE_MAX_S = 7 * 86400, USED_MAX = 200, USED_BYTES = 64 << 10 };

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

static int load_used(const struct clerk *c, struct json_object **ret_tree, struct json_object **ret_list)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(USED_BYTES);
	_cleanup_json_ struct json_object *tree = NULL;
	int r = sk_file_read(c->ctx->root_dir, USED, USED_BYTES, &text);

	if (r && r != SK_NONE)
		return r < 0 ? r : sk_origin(-EFBIG);
	if (r == 0 && sk_json_parse_object(text.data, text.size, USED_BYTES, &tree, NULL) == 0 && json_object_object_get_ex(tree, "used", ret_list) &&
	    json_object_is_type(*ret_list, json_type_array)) {
		*ret_tree = SK_TAKE(tree);
		return 0;
	}
	sk_json_free(tree);
	tree = json_object_new_object();
	r = tree ? sk_json_put_array(tree, "used", ret_list) : sk_origin(-ENOMEM);
	if (r == 0)
		*ret_tree = SK_TAKE(tree);
	return r;
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

/* Written down before it counts. */
static int use_once(struct clerk *c, const char *id, uint64_t *seconds, struct sk_diag *diag)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(USED_BYTES);
	_cleanup_json_ struct json_object *tree = NULL;
	struct json_object *list = NULL, *one;
	int r = load_used(c, &tree, &list);

	for (size_t i = 0; r == 0 && i < json_object_array_length(list); i++) {
		struct sk_json was = SK_JSON(json_object_array_get_idx(list, i), "used", NULL);
		const char *its;

		if (sk_json_string(&was, "id", 1, 128, &its) == 0 && strcmp(its, id) == 0)
			return use_again(&was, seconds, diag);
	}
	while (r == 0 && json_object_array_length(list) >= USED_MAX)
		json_object_array_del_idx(list, 0, 1);
	one = r ? NULL : json_object_new_object();
	r = r ? r : sk_json_append(list, one);
	r = r ? r : sk_json_put_string(one, "id", id);
	r = r ? r : sk_json_put_string(one, "boot", sk_clock_boot_id());
	r = r ? r : sk_json_put_u64(one, "until", since_boot_ns() / 1000000 + *seconds * 1000);
	r = r ? r : sk_json_canonical(tree, &text);
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
	r = use_once(c, release->head.id, ret_seconds, diag);
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
