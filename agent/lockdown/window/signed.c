// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Signed windows: an envelope that a key with the use "exception" signed, from a file or over the link. Each opens once (window-used.json, where its mark stays as long
 * as it is valid), until the time it names and not a moment longer: measured from here on by the clock that nobody can set.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "lockdown/clerk/used.h"
#include "lockdown/window/windows.h"
#include "os/point.h"
#include "policy/signed.h"

#define USED LOCKDOWN_FOLDER "/window-used.json"

/* A window that a restart of the machine ended may be opened once more in the next boot. */
static bool is_used(const struct clerk *c, const struct lk_used *book, const char *id)
{
	const struct lk_window_state *w = &c->windows->state;
	bool ended_by_restart = !strcmp(w->signed_id, id) && !strcmp(w->closed_by, "restart");
	struct json_object *mark = lk_used_find(book, id), *boot;

	return mark && !(ended_by_restart && json_object_object_get_ex(mark, "boot", &boot) && strcmp(json_object_get_string(boot), sk_clock_boot_id()));
}

int lk_signed_check(const struct clerk *c, const char *id, struct sk_diag *diag)
{
	_cleanup_used_ struct lk_used book = {0};
	int r = lk_used_load(c->ctx->root_dir, USED, &book);

	if (r == SK_BAD)
		return sk_diag_path(diag, "", "%s is damaged: which windows were opened here is not known, so no signed one is. Ask for a code", USED);
	if (r)
		return r;
	if (is_used(c, &book, id))
		return sk_diag_path(diag, "", "window %s was opened here before: each opens once", id);
	if (lk_used_make_room(&book, lk_moment(c).now) == SK_FULL)
		return sk_diag_path(diag, "", "%d signed windows were opened here whose time is not over, and no more can be remembered. Ask for a code", LK_USED_MAX);
	return 0;
}

static bool is_marked(const struct lk_used *book, const struct lk_window_state *w)
{
	struct json_object *mark = lk_used_find(book, w->signed_id), *boot;

	return mark && json_object_object_get_ex(mark, "boot", &boot) && !strcmp(json_object_get_string(boot), w->boot);
}

int lk_signed_use(const struct clerk *c)
{
	const struct lk_window_state *w = &c->windows->state;
	_cleanup_buf_ struct sk_buf text = SK_BUF(LK_USED_BYTES);
	_cleanup_used_ struct lk_used book = {0};
	struct json_object *mark;
	int r = w->signed_id[0] ? lk_used_load(c->ctx->root_dir, USED, &book) : SK_NONE;

	if (r || is_marked(&book, w))
		return r > 0 ? 0 : r;
	if (!lk_used_find(&book, w->signed_id))
		r = lk_used_make_room(&book, lk_moment(c).now);
	if (!r)
		r = lk_used_mark(&book, w->signed_id, w->boot, (int64_t)w->signed_until, &mark);
	if (!r)
		r = lk_used_text(&book, &text);
	if (!r)
		r = LK_REPLACE("window.used", c->ctx->root_dir, USED, text.data, text.size);
	if (r > 0)
		sk_log(SK_LOG_ERROR, "that window %s was opened is not written down: no room", w->signed_id);
	return r > 0 ? 0 : r;
}

static void terms_of(const struct sk_signed_answer *answer, int64_t now, struct lk_window_terms *terms)
{
	const struct sk_window *window = &answer->object.window;
	const struct sk_hash_note *notes = window->updaters.items;

	*terms = (struct lk_window_terms){.source = "signed", .scope = "updaters"};
	terms->seconds = (uint64_t)(window->head.until - now);
	terms->signed_until = (uint64_t)window->head.until;
	terms->until_boot_ms = lk_boot_ms() + terms->seconds * 1000; /* also when it waits for the tool until then */
	snprintf(terms->id, sizeof terms->id, "%s", window->head.id);
	snprintf(terms->change, sizeof terms->change, "%s", window->head.change ? window->head.change : window->head.id);
	snprintf(terms->owner, sizeof terms->owner, "%s", window->head.owner ? window->head.owner : "");
	snprintf(terms->consent, sizeof terms->consent, "%s", window->vendor_consent ? window->vendor_consent : "");
	for (size_t i = 0; i < window->updaters.count && terms->updater_count < LK_WINDOW_UPDATERS; i++)
		memcpy(terms->updaters[terms->updater_count++], notes[i].sha256, LK_HASH);
}

int lk_windows_offer(struct clerk *c, const char *envelope, size_t size, struct sk_diag *diag)
{
	_cleanup_signed_answer_ struct sk_signed_answer answer = {0};
	struct sk_signed_question question = {.trust = sk_store_trust(c->store), .when = lk_moment(c), .place = lk_place(c)};
	struct lk_window_terms terms;
	int r = sk_signed_verify(SK_SIGNED_WINDOW, &question, envelope, size, &answer);

	if (r == SK_DENIED) {
		*diag = answer.diag;
		return SK_BAD;
	}
	if (r)
		return r;
	if (question.when.wrong) /* its dates are what limits it */
		return sk_diag_path(diag, "", "the clock of this machine is wrong: a signed window is not opened by it. Set the clock, or ask for a code");
	terms_of(&answer, question.when.now, &terms);
	r = lk_windows_may_begin(c, diag);
	if (!r)
		r = lk_signed_check(c, terms.id, diag);
	return r ? r : lk_windows_begin(c, &terms, diag);
}

bool lk_windows_take(struct clerk *c, const char *envelope, size_t size)
{
	_cleanup_envelope_ struct sk_envelope *parsed = NULL;
	struct sk_diag diag = {.source = "window"};
	char why[400];

	if (sk_envelope_parse(envelope, size, &parsed, NULL) != 0 || strcmp(parsed->type, SK_TYPE_WINDOW))
		return false;
	if (lk_windows_offer(c, envelope, size, &diag)) {
		sk_log(SK_LOG_WARNING, "a signed window is not opened: %s", sk_diag_format(&diag, why, sizeof why));
		lk_windows_tell(c, SK_EVENT_WINDOW_REFUSED, NULL, diag.text);
	}
	return true;
}

