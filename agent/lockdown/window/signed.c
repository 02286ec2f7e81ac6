// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Signed windows: an envelope that a key with the use "exception" signed, from a file or over the link. Each opens once (window-used.json), until the time it
 * names and not a moment longer: measured from here on by the clock that nobody can set.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "lockdown/window/windows.h"
#include "os/file.h"
#include "os/point.h"
#include "policy/signed.h"

#define USED LOCKDOWN_FOLDER "/window-used.json"
enum { USED_SPACE = 65536, USED_MAX = 200 };

static int load_used(const struct clerk *c, struct json_object **ret_tree, struct json_object **ret_list)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(USED_SPACE);
	_cleanup_json_ struct json_object *tree = NULL;
	int r = sk_file_read(c->ctx->root_dir, USED, USED_SPACE, &text);

	if (r == 0 && sk_json_parse_object(text.data, text.size, USED_SPACE, &tree, NULL) == 0 && json_object_object_get_ex(tree, "used", ret_list) &&
	    json_object_is_type(*ret_list, json_type_array)) {
		*ret_tree = SK_TAKE(tree);
		return 0;
	}
	sk_json_free(tree);
	tree = json_object_new_object();
	r = tree ? sk_json_put_array(tree, "used", ret_list) : sk_origin(-ENOMEM);
	if (!r)
		*ret_tree = SK_TAKE(tree);
	return r;
}

/* A window that a restart of the machine ended may be opened once more in the next boot. Marks are "BOOT ID". */
static bool is_used(const struct clerk *c, struct json_object *list, const char *id)
{
	const struct lk_window_state *w = &c->windows->state;
	bool ended_by_restart = !strcmp(w->signed_id, id) && !strcmp(w->closed_by, "restart");
	char mark[256];

	snprintf(mark, sizeof mark, "%s %s", sk_clock_boot_id(), id);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *used = json_object_get_string(json_object_array_get_idx(list, i));

		if (!strcmp(used, mark) || (!ended_by_restart && strlen(used) > 37 && !strcmp(used + 37, id)))
			return true;
	}
	return false;
}

int lk_signed_check(const struct clerk *c, const char *id, struct sk_diag *diag)
{
	_cleanup_json_ struct json_object *tree = NULL;
	struct json_object *list = NULL;
	int r = load_used(c, &tree, &list);

	return !r && is_used(c, list, id) ? sk_diag_path(diag, "", "window %s was opened here before: each opens once", id) : r;
}

int lk_signed_use(const struct clerk *c)
{
	const struct lk_window_state *w = &c->windows->state;
	_cleanup_buf_ struct sk_buf text = SK_BUF(USED_SPACE);
	_cleanup_json_ struct json_object *tree = NULL;
	struct json_object *list = NULL;
	char mark[256];
	int r = w->signed_id[0] ? load_used(c, &tree, &list) : SK_NONE;

	snprintf(mark, sizeof mark, "%s %s", w->boot, w->signed_id);
	for (size_t i = 0; !r && i < json_object_array_length(list); i++)
		if (!strcmp(json_object_get_string(json_object_array_get_idx(list, i)), mark))
			return 0;
	while (!r && json_object_array_length(list) >= USED_MAX)
		json_object_array_del_idx(list, 0, 1);
	if (!r)
		r = sk_json_append(list, json_object_new_string(mark));
	if (!r)
		r = sk_json_canonical(tree, &text);
	if (!r)
		r = LK_REPLACE("window.used", c->ctx->root_dir, USED, text.data, text.size);
	return r > 0 ? 0 : r;
}

static void terms_of(const struct sk_signed_answer *answer, int64_t now, struct lk_window_terms *terms)
{
	const struct sk_window *window = &answer->object.window;
	const struct sk_hash_note *notes = window->updaters.items;

	*terms = (struct lk_window_terms){.source = "signed", .scope = "updaters"};
	terms->seconds = (uint64_t)(window->head.until - now);
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

