// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Maintenance windows as the clerk decides them. Every step is on the disk (window.json, provisional.json) before it acts, in this order:
 *
 *   opening   state, then the recorder sets its marks and keeps what is there; then state "open"; then the guard is told
 *   closing   the guard is told first; then state "closing"; the recorder works out the difference; then state "closed"
 *   approval  provisional.json, then state, then the guard
 *
 * So a start after a power cut finds less permitted than there was, never more. A window of an earlier boot is closed by that.
 */
#include "lockdown/kernel-lsm.h"
#include "lockdown/windows.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/file.h"
#include "os/point.h"
#include "policy/signed.h"

#define PROVISIONAL LOCKDOWN_FOLDER "/provisional.json"
#define USED LOCKDOWN_FOLDER "/window-used.json"
enum { CHANGES_MAX = 64 << 20, NAMES_MAX = 64 << 20, PROVISIONAL_SPACE = 4 << 20, USED_MAX = 200, RETRY_MS = 5000 };
#define KEEP_MAX (UINT64_C(2) << 30)

/* --- telling */

void lk_windows_tell(struct clerk *c, enum sk_event_kind kind, const char *by, const char *reason)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	const struct lk_window_state *w = &c->windows->state;
	struct sk_event_stamp at = lk_stamp(c, 0);
	struct sk_event_window what = {.id = w->id, .change = w->change, .owner = w->owner, .consent = w->consent, .scope = w->scope, .source = w->source,
				       .from_ms = (int64_t)w->opened_ms, .until_ms = (int64_t)w->until_ms, .added = w->added, .changed = w->changed,
				       .removed = w->removed, .by = by, .reason = reason};

	if (sk_event_window(kind, &at, &what, &text) == 0)
		lk_report(c, kind, &text);
}

static void wake_recorder(void)
{
	if (lk_window)
		lk_wake(&lk_window->turn);
}

static int save(struct clerk *c)
{
	return lk_window_save(c->ctx->root_dir, &c->windows->state);
}

/* --- what counts */

static void permit(struct clerk *c)
{
	const struct lk_window_state *w = &c->windows->state;
	uint64_t now = lk_boot_ms(), left = w->until_boot_ms > now ? w->until_boot_ms - now : 0;

	if (!lk_window)
		return;
	atomic_store(&lk_window->until_us, lk_now_us() + left * 1000);
	atomic_store(&lk_window->open, left > 0);
	lk_lsm_maintenance(c->shared, left ? w->until_boot_ms * UINT64_C(1000000) : 0);
	sk_timer_arm(c->windows->end, left + 1);
}

static void forbid(struct clerk *c)
{
	lk_lsm_maintenance(c->shared, 0);
	if (lk_window)
		atomic_store(&lk_window->open, 0);
}

uint32_t lk_windows_mode(const struct clerk *c, uint32_t mode)
{
	const struct lk_window_state *w = &c->windows->state;

	return w->phase == LK_WINDOW_OPEN && !strcmp(w->scope, sk_phone_scopes[SK_PHONE_OBSERVE]) ? LK_OBSERVE : mode;
}

static bool is_provisional(const struct clerk *c, uint64_t serial)
{
	const struct lk_windows *w = c->windows;
	struct sk_moment when = lk_moment(c);

	return w->hash_count && serial <= w->provisional_serial && (when.wrong || (uint64_t)when.now * 1000 < w->provisional_until_ms);
}

uint32_t lk_windows_hashes(const struct clerk *c, uint64_t serial, uint8_t *hashes, uint32_t space)
{
	uint32_t count = is_provisional(c, serial) ? SK_MIN(c->windows->hash_count, space) : 0;

	if (count)
		memcpy(hashes, c->windows->hashes, (size_t)count * LK_HASH);
	return count;
}

/* The orders are put anew, and with them whatever was derived from the old ones. */
static void renew_orders(struct clerk *c)
{
	c->now.renew = true;
	lk_enforce(c);
}

/* --- what a window leaves: provisional.json */

static int load_provisional(struct clerk *c)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(PROVISIONAL_SPACE);
	_cleanup_json_ struct json_object *tree = NULL;
	struct lk_windows *w = c->windows;
	struct sk_json at, list;
	int r = sk_file_read(c->ctx->root_dir, PROVISIONAL, PROVISIONAL_SPACE, &text);

	w->hash_count = 0;
	if (r)
		return r < 0 ? r : 0;
	if (sk_json_parse_object(text.data, text.size, PROVISIONAL_SPACE, &tree, NULL) != 0)
		return 0;
	at = SK_JSON(tree, "provisional", NULL);
	if (sk_json_u64(&at, "until", 0, SK_JSON_MAX_INT, &w->provisional_until_ms) || sk_json_u64(&at, "serial", 0, SK_JSON_MAX_INT, &w->provisional_serial) ||
	    sk_json_array(&at, "hashes", LK_PROVISIONAL_MAX, &list))
		return 0;
	free(w->hashes);
	w->hashes = sk_calloc(sk_json_length(&list) + 1, LK_HASH);
	if (!w->hashes)
		return sk_origin(-ENOMEM);
	for (size_t i = 0; i < sk_json_length(&list); i++) {
		const char *hex;

		if (sk_json_item_string(&list, i, 64, 64, &hex) == 0 && sk_unhex(hex, w->hashes[w->hash_count], LK_HASH) == 0)
			w->hash_count++;
	}
	return 0;
}

/* Those approved before stay, as long as they count. */
static int put_old_hashes(struct clerk *c, struct json_object *list)
{
	char hex[2 * LK_HASH + 1];
	int r = 0;

	if (!is_provisional(c, c->now.orders.serial))
		return 0;
	for (uint32_t i = 0; !r && i < c->windows->hash_count; i++)
		r = sk_json_append(list, json_object_new_string(sk_hex(c->windows->hashes[i], LK_HASH, hex)));
	return r;
}

static int put_approved(const struct sk_json *changes, bool all, struct json_object *list, uint64_t *ret_count)
{
	struct sk_json items;
	int r = sk_json_array(changes, "items", LK_WINDOW_ITEMS * 2, &items);

	for (size_t i = 0; !r && i < sk_json_length(&items); i++) {
		struct sk_json one;
		uint8_t hash[LK_HASH];
		char hex[2 * LK_HASH + 1];
		bool trusted;

		if (sk_json_item_object(&items, i, &one) || !sk_json_has(&one, "sha256") || sk_json_bool(&one, "trusted", &trusted) || !(trusted || all) ||
		    sk_json_hex(&one, "sha256", hash, LK_HASH))
			continue;
		if (json_object_array_length(list) >= LK_PROVISIONAL_MAX)
			return SK_FULL;
		r = sk_json_append(list, json_object_new_string(sk_hex(hash, LK_HASH, hex)));
		*ret_count += !r;
	}
	return r;
}

static int read_changes(const struct clerk *c, struct json_object **ret_tree)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(CHANGES_MAX);
	char path[256];
	int r;

	lk_window_path(&c->windows->state, "changes.json", path);
	r = sk_file_read(c->ctx->root_dir, path, CHANGES_MAX, &text);
	return r ? r : sk_json_parse_object(text.data, text.size, CHANGES_MAX, ret_tree, NULL);
}

static int save_provisional(struct clerk *c, bool all, uint64_t *ret_count)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(PROVISIONAL_SPACE);
	_cleanup_json_ struct json_object *changes = NULL, *out = json_object_new_object();
	uint64_t until = sk_clock_ms() + (uint64_t)LK_PROVISIONAL_DAYS * 86400000;
	struct json_object *list;
	struct sk_json at;
	int r = read_changes(c, &changes);

	at = SK_JSON(changes, "changes", NULL);
	if (!r && !out)
		r = sk_origin(-ENOMEM);
	if (!r)
		r = sk_json_put_u64(out, "until", until);
	if (!r)
		r = sk_json_put_u64(out, "serial", c->now.orders.serial);
	if (!r)
		r = sk_json_put_string(out, "window", c->windows->state.id);
	if (!r)
		r = sk_json_put_array(out, "hashes", &list);
	if (!r)
		r = put_old_hashes(c, list);
	if (!r)
		r = put_approved(&at, all, list, ret_count);
	if (!r)
		r = sk_json_canonical(out, &text);
	return r ? r : LK_REPLACE("window.provisional", c->ctx->root_dir, PROVISIONAL, text.data, text.size);
}

/* --- opening */

/* Paths and hashes of what the policy knows: what the recorder keeps. */
static int write_names(struct clerk *c, const struct sk_policy *policy)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(NAMES_MAX);
	const struct sk_program *programs = sk_policy_programs(policy);
	int r = 0;

	for (size_t i = 0; !r && i < policy->lockdown.programs.count; i++) {
		_cleanup_json_ struct json_object *line = json_object_new_object();

		if (!programs[i].name || programs[i].name[0] != '/')
			continue;
		r = line ? sk_json_put_string(line, "path", programs[i].name) : sk_origin(-ENOMEM);
		if (!r)
			r = sk_json_put_hex(line, "sha256", programs[i].sha256, LK_HASH);
		if (!r)
			r = sk_json_canonical(line, &text);
		if (!r)
			r = sk_buf_append_char(&text, '\n');
	}
	return r ? r : LK_REPLACE("window.names", c->ctx->root_dir, WINDOW_NAMES, text.data ? text.data : "", text.size);
}

static void add_updaters(struct lk_window_state *state, const struct sk_records *list)
{
	const struct sk_hash_note *notes = list->items;

	for (size_t i = 0; i < list->count && state->updater_count < LK_WINDOW_UPDATERS; i++)
		memcpy(state->updaters[state->updater_count++], notes[i].sha256, LK_HASH);
}

/* Number of this window: the time and a little chance, so that none is ever used twice. */
static int new_id(char out[LK_WINDOW_ID + 1])
{
	uint8_t chance[3];
	char time[25], hex[7];
	int r = sk_random(chance, sizeof chance);

	if (r)
		return r;
	sk_clock_text(sk_clock_ms(), time);
	snprintf(out, LK_WINDOW_ID + 1, "%.4s%.2s%.2s-%.2s%.2s-%s", time, time + 5, time + 8, time + 11, time + 14, sk_hex(chance, 3, hex));
	return 0;
}

static int fill(struct clerk *c, const struct lk_window_terms *terms, const struct sk_policy *policy, struct lk_window_state *state)
{
	const struct sk_strings *scope = &policy->lockdown.scope;
	int r = new_id(state->id);

	snprintf(state->source, sizeof state->source, "%s", terms->source);
	snprintf(state->scope, sizeof state->scope, "%s", terms->scope);
	snprintf(state->change, sizeof state->change, "%s", terms->change);
	snprintf(state->owner, sizeof state->owner, "%s", terms->owner);
	snprintf(state->consent, sizeof state->consent, "%s", terms->consent);
	snprintf(state->boot, sizeof state->boot, "%s", sk_clock_boot_id());
	state->phase = LK_WINDOW_OPENING;
	state->opened_ms = sk_clock_ms();
	state->seconds = terms->seconds;
	state->until_ms = state->opened_ms + terms->seconds * 1000;
	state->until_boot_ms = lk_boot_ms() + terms->seconds * 1000;
	state->keep_max = KEEP_MAX;
	memcpy(state->updaters, terms->updaters, sizeof state->updaters);
	state->updater_count = terms->updater_count;
	add_updaters(state, &policy->lockdown.updaters);
	for (size_t i = 0; !r && i < scope->count && i < LK_WINDOW_PATHS; i++) {
		state->paths[i] = sk_strdup(scope->items[i]);
		r = state->paths[i] ? 0 : sk_origin(-ENOMEM);
		state->path_count += !r;
	}
	(void)c;
	return r;
}

static int start(struct clerk *c, const struct lk_window_terms *terms, struct sk_diag *diag)
{
	_cleanup_answer_ struct sk_policy_answer policy = {0};
	_cleanup_window_ struct lk_window_state state = {.phase = LK_WINDOW_NONE};
	struct sk_moment when = lk_moment(c);
	struct sk_place place = lk_place(c);
	enum sk_force force;
	int64_t next;
	int r = sk_store_in_force(c->store, SK_PART_LOCKDOWN, &place, &when, &policy, &force, &next);

	if (r > 0)
		return sk_diag_path(diag, "", "no policy is in force here: everything starts, no window is needed");
	if (!r)
		r = fill(c, terms, &policy.policy, &state);
	if (!r && !state.updater_count && strcmp(state.scope, sk_phone_scopes[SK_PHONE_OBSERVE]))
		return sk_diag_path(diag, "", "neither the policy nor the window names a trusted updater: nothing could become known (policy: lockdown.updaters)");
	if (!r)
		r = write_names(c, &policy.policy);
	if (!r)
		r = lk_window_save(c->ctx->root_dir, &state);
	if (r)
		return r < 0 ? r : sk_origin(-EFBIG);
	forbid(c);
	lk_window_state_done(&c->windows->state);
	c->windows->state = state;
	state.path_count = 0; /* they are the clerk's now */
	wake_recorder();
	sk_log(SK_LOG_NOTICE, "maintenance window %s is being opened: %s", c->windows->state.id, c->windows->state.change);
	return 0;
}

static bool is_busy(const struct lk_windows *w)
{
	return w->state.phase == LK_WINDOW_OPENING || w->state.phase == LK_WINDOW_OPEN || w->state.phase == LK_WINDOW_CLOSING ||
	       w->state.phase == LK_WINDOW_ROLLING_BACK;
}

int lk_windows_may_begin(const struct clerk *c, struct sk_diag *diag)
{
	const struct lk_windows *w = c->windows;

	if (!lk_window)
		return sk_diag_path(diag, "", "this agent has no recorder");
	if (is_busy(w))
		return sk_diag_path(diag, "", "a window is %s already", lk_window_phases[w->state.phase]);
	if (w->state.phase == LK_WINDOW_CLOSED)
		return sk_diag_path(diag, "", "the difference of the last window waits: approve it or roll it back first");
	return 0;
}

int lk_windows_begin(struct clerk *c, const struct lk_window_terms *terms, struct sk_diag *diag)
{
	struct lk_windows *w = c->windows;
	int r = lk_windows_may_begin(c, diag);

	if (r)
		return r;
	if (lk_interlock_ask(c, LK_WAITS_OPEN, NULL) == LK_READY) {
		w->has_pending = false;
		return start(c, terms, diag);
	}
	w->pending = *terms;
	w->has_pending = true;
	return 0;
}

static void opened(struct clerk *c)
{
	struct lk_window_state *w = &c->windows->state;
	_cleanup_buf_ struct sk_buf text = SK_BUF(65536);
	_cleanup_json_ struct json_object *tree = NULL;
	struct sk_json at;
	char path[256];

	lk_window_path(w, "kept.json", path);
	if (sk_file_read(c->ctx->root_dir, path, 65536, &text) != 0 || sk_json_parse_object(text.data, text.size, 65536, &tree, NULL) != 0)
		return;
	at = SK_JSON(tree, "kept", NULL);
	if (sk_json_u64(&at, "kept", 0, SK_JSON_MAX_INT, &w->kept) || sk_json_u64(&at, "kept_bytes", 0, SK_JSON_MAX_INT, &w->kept_bytes) ||
	    sk_json_u64(&at, "not_kept", 0, SK_JSON_MAX_INT, &w->not_kept))
		return;
	w->phase = LK_WINDOW_OPEN;
	/* its time begins when it is open: keeping may have taken a while */
	w->until_boot_ms = lk_boot_ms() + w->seconds * 1000;
	w->until_ms = sk_clock_ms() + w->seconds * 1000;
	if (save(c)) {
		w->phase = LK_WINDOW_OPENING;
		return;
	}
	permit(c);
	wake_recorder();
	lk_windows_tell(c, SK_EVENT_WINDOW_OPENED, w->owner, w->source);
	renew_orders(c);
	lk_control_to_link(c, SK_F_HEALTH, 0, lk_health(c));
}

/* --- closing */

static int close_now(struct clerk *c, const char *by)
{
	struct lk_window_state *w = &c->windows->state;
	int r;

	forbid(c);
	SK_POINT("window.forbid");
	w->phase = LK_WINDOW_CLOSING;
	w->closed_ms = sk_clock_ms();
	snprintf(w->closed_by, sizeof w->closed_by, "%s", by);
	r = save(c);
	c->windows->closing_waits = false;
	lk_interlock_forget(c, LK_WAITS_CLOSE);
	wake_recorder();
	renew_orders(c);
	return r;
}

int lk_windows_end(struct clerk *c, const char *by, struct sk_diag *diag)
{
	struct lk_windows *w = c->windows;

	if (w->has_pending) {
		w->has_pending = false;
		lk_interlock_forget(c, LK_WAITS_OPEN);
		return 0;
	}
	if (w->state.phase != LK_WINDOW_OPEN && w->state.phase != LK_WINDOW_OPENING)
		return sk_diag_path(diag, "", "no window is open");
	if (strcmp(by, "command") == 0 && lk_interlock_ask(c, LK_WAITS_CLOSE, NULL) == LK_NOT_YET) {
		w->closing_waits = true;
		return 0;
	}
	return close_now(c, by);
}

static void closed(struct clerk *c)
{
	_cleanup_json_ struct json_object *tree = NULL;
	struct lk_window_state *w = &c->windows->state;
	struct sk_json at;

	if (read_changes(c, &tree) != 0)
		return;
	at = SK_JSON(tree, "changes", NULL);
	if (sk_json_u64(&at, "added", 0, SK_JSON_MAX_INT, &w->added) || sk_json_u64(&at, "changed", 0, SK_JSON_MAX_INT, &w->changed) ||
	    sk_json_u64(&at, "removed", 0, SK_JSON_MAX_INT, &w->removed))
		return;
	w->phase = LK_WINDOW_CLOSED;
	if (save(c)) {
		w->phase = LK_WINDOW_CLOSING;
		return;
	}
	lk_windows_tell(c, SK_EVENT_WINDOW_CLOSED, NULL, w->closed_by);
	lk_control_to_link(c, SK_F_HEALTH, 0, lk_health(c));
}

/* --- the decision */

static int decided(struct clerk *c, enum lk_window_phase phase, const char *by)
{
	struct lk_window_state *w = &c->windows->state;

	w->phase = phase;
	w->decided_ms = sk_clock_ms();
	snprintf(w->decided_by, sizeof w->decided_by, "%s", by);
	return save(c);
}

int lk_windows_approve(struct clerk *c, bool all, const char *by, struct sk_diag *diag, uint64_t *ret_count)
{
	struct lk_window_state *w = &c->windows->state;
	int r;

	*ret_count = 0;
	if (w->phase != LK_WINDOW_CLOSED)
		return sk_diag_path(diag, "", "no difference waits for a decision (%s)", lk_window_phases[w->phase]);
	if (all && strcmp(w->scope, sk_phone_scopes[SK_PHONE_OBSERVE]))
		return sk_diag_path(diag, "", "this window was for trusted updaters: what others wrote takes a signed policy");
	r = save_provisional(c, all, ret_count);
	if (!r)
		r = load_provisional(c);
	if (!r)
		r = decided(c, LK_WINDOW_APPROVED, by);
	if (r)
		return r < 0 ? r : sk_diag_path(diag, "", "the difference is larger than can be accepted here: sign a policy");
	lk_windows_tell(c, SK_EVENT_WINDOW_DECIDED, by, "approved");
	renew_orders(c);
	lk_control_to_link(c, SK_F_HEALTH, 0, lk_health(c));
	return 0;
}

int lk_windows_roll_back(struct clerk *c, const char *by, struct sk_diag *diag)
{
	struct lk_window_state *w = &c->windows->state;
	int r;

	if (w->phase != LK_WINDOW_CLOSED)
		return sk_diag_path(diag, "", "no difference waits for a decision (%s)", lk_window_phases[w->phase]);
	r = decided(c, LK_WINDOW_ROLLING_BACK, by);
	if (!r)
		wake_recorder();
	return r;
}

static void rolled_back(struct clerk *c)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(65536);
	char path[256];

	lk_window_path(&c->windows->state, "restored.json", path);
	if (sk_file_read(c->ctx->root_dir, path, 65536, &text) != 0)
		return;
	c->windows->state.phase = LK_WINDOW_ROLLED_BACK;
	if (save(c)) {
		c->windows->state.phase = LK_WINDOW_ROLLING_BACK;
		return;
	}
	lk_windows_tell(c, SK_EVENT_WINDOW_DECIDED, c->windows->state.decided_by, "rolled-back");
	lk_control_to_link(c, SK_F_HEALTH, 0, lk_health(c));
}

/* --- signed windows */

static int load_used(const struct clerk *c, struct json_object **ret_tree, struct json_object **ret_list)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(65536);
	_cleanup_json_ struct json_object *tree = NULL;
	int r = sk_file_read(c->ctx->root_dir, USED, 65536, &text);

	if (r == 0 && sk_json_parse_object(text.data, text.size, 65536, &tree, NULL) == 0 && json_object_object_get_ex(tree, "used", ret_list) &&
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

/* "ID BOOT": within one boot an id opens one window; after a restart of the machine, which closed it, once more. */
static int use_id(struct clerk *c, const char *id, struct sk_diag *diag)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(65536);
	_cleanup_json_ struct json_object *tree = NULL;
	struct json_object *list = NULL;
	char mark[256];
	int r = load_used(c, &tree, &list);

	snprintf(mark, sizeof mark, "%s %s", sk_clock_boot_id(), id);
	for (size_t i = 0; !r && i < json_object_array_length(list); i++) {
		const char *used = json_object_get_string(json_object_array_get_idx(list, i));
		bool closed_by_restart = !strcmp(c->windows->state.closed_by, "restart");

		if (!strcmp(used, mark) || (!closed_by_restart && strlen(used) > 37 && !strcmp(used + 37, id)))
			return sk_diag_path(diag, "", "window %s was opened here before: each opens once", id);
	}
	while (!r && json_object_array_length(list) >= USED_MAX)
		json_object_array_del_idx(list, 0, 1);
	if (!r)
		r = sk_json_append(list, json_object_new_string(mark));
	if (!r)
		r = sk_json_canonical(tree, &text);
	return r ? r : LK_REPLACE("window.used", c->ctx->root_dir, USED, text.data, text.size);
}

static void terms_of(const struct sk_signed_answer *answer, int64_t now, struct lk_window_terms *terms)
{
	const struct sk_window *window = &answer->object.window;
	const struct sk_hash_note *notes = window->updaters.items;

	*terms = (struct lk_window_terms){.source = "signed", .scope = "updaters"};
	terms->seconds = (uint64_t)(window->head.until - now);
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
		r = use_id(c, terms.id, diag);
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

/* --- what happens */

void lk_windows_retry(struct clerk *c)
{
	struct lk_windows *w = c->windows;
	struct sk_diag diag = {0};
	enum lk_ready ready;

	if (w->has_pending) {
		ready = lk_interlock_ask(c, LK_WAITS_OPEN, NULL);
		w->has_pending = ready == LK_NOT_YET;
		if (ready == LK_READY && start(c, &w->pending, &diag))
			sk_log(SK_LOG_WARNING, "the window that waited is not opened: %s", diag.text);
	}
	if (w->closing_waits && lk_interlock_ask(c, LK_WAITS_CLOSE, NULL) != LK_NOT_YET)
		(void)close_now(c, "command");
}

void lk_windows_news(struct clerk *c)
{
	switch (c->windows->state.phase) {
	case LK_WINDOW_OPENING:
		opened(c);
		break;
	case LK_WINDOW_CLOSING:
		closed(c);
		break;
	case LK_WINDOW_ROLLING_BACK:
		rolled_back(c);
		break;
	default:
		break;
	}
}

static void on_end(void *arg)
{
	struct clerk *c = arg;
	const struct lk_window_state *w = &c->windows->state;

	if (w->phase != LK_WINDOW_OPEN)
		return;
	if (lk_boot_ms() >= w->until_boot_ms)
		(void)close_now(c, "expired");
	else
		permit(c);
}

/* After a start of the clerk: what the state says goes on, or was ended by a restart of the machine. */
int lk_windows_resume(struct clerk *c)
{
	struct lk_window_state *w = &c->windows->state;
	bool same_boot = !strcmp(w->boot, sk_clock_boot_id());
	int r = 0;

	if ((w->phase == LK_WINDOW_OPENING || w->phase == LK_WINDOW_OPEN) && !same_boot) {
		w->phase = LK_WINDOW_CLOSING;
		w->closed_ms = sk_clock_ms();
		snprintf(w->closed_by, sizeof w->closed_by, "restart");
		r = save(c);
	}
	if (w->phase == LK_WINDOW_OPEN)
		permit(c);
	wake_recorder();
	lk_windows_news(c);
	return r;
}

int lk_windows_open(struct clerk *c)
{
	int r;

	c->windows = sk_calloc(1, sizeof *c->windows);
	if (!c->windows)
		return sk_origin(-ENOMEM);
	r = sk_watch_timer(c->loop, on_end, c, &c->windows->end);
	if (!r)
		r = lk_window_load(c->ctx->root_dir, &c->windows->state);
	if (r > 0)
		c->windows->state.phase = LK_WINDOW_NONE;
	if (r >= 0)
		r = load_provisional(c);
	return r ? r : lk_codes_open(c);
}

void lk_windows_close(struct clerk *c)
{
	if (!c->windows)
		return;
	c->windows->end = sk_watch_free(c->windows->end);
	lk_window_state_done(&c->windows->state);
	free(c->windows->hashes);
	free(c->windows);
	c->windows = NULL;
}

struct json_object *lk_windows_state(const struct clerk *c)
{
	const struct lk_windows *w = c->windows;
	const struct lk_window_state *s = &w->state;
	struct json_object *out = json_object_new_object();
	uint64_t now = lk_boot_ms(), known = lk_window ? atomic_load(&lk_window->known_count) : 0;
	bool open = s->phase == LK_WINDOW_OPEN;
	int r = out ? sk_json_put_string(out, "phase", w->has_pending ? "waiting" : lk_window_phases[s->phase]) : -ENOMEM;
	const struct {
		const char *name, *value;
	} texts[] = {{"id", s->id}, {"source", s->source}, {"scope", s->scope}, {"change", s->change}, {"owner", s->owner}, {"consent", s->consent},
		     {"closed_by", s->closed_by}, {"decided_by", s->decided_by}};
	const struct {
		const char *name;
		uint64_t value;
	} numbers[] = {{"opened", s->opened_ms}, {"until", s->until_ms}, {"closed", s->closed_ms}, {"kept", s->kept}, {"kept_bytes", s->kept_bytes},
		       {"not_kept", s->not_kept}, {"added", s->added}, {"changed", s->changed}, {"removed", s->removed},
		       {"left_s", open && s->until_boot_ms > now ? (s->until_boot_ms - now) / 1000 : 0}, {"known", open ? known : 0},
		       {"provisional", is_provisional(c, c->now.orders.serial) ? w->hash_count : 0}, {"provisional_until", w->provisional_until_ms}};

	for (size_t i = 0; !r && i < SK_ARRAY_SIZE(texts); i++)
		r = sk_json_put_string(out, texts[i].name, texts[i].value);
	for (size_t i = 0; !r && i < SK_ARRAY_SIZE(numbers); i++)
		r = sk_json_put_u64(out, numbers[i].name, numbers[i].value);
	if (!r)
		r = sk_json_put_bool(out, "closing_waits", w->closing_waits);
	return r ? sk_json_free(out) : out;
}
