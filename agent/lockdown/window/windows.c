// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Maintenance windows as the clerk decides them. Every step is on the disk (window.json, provisional.json) before it acts, in this order:
 *
 *   opening   state, then the recorder sets its marks and keeps what is there; then state "open"; then the guard is told
 *   closing   the guard is told first; then state "closing"; the recorder works out the difference; then state "closed"
 *   approval  provisional.json, then state, then the guard (window/left.c)
 *
 * So a start after a power cut finds less permitted than there was, never more. A window of an earlier boot is closed by that.
 */
#include "lockdown/kernel/lsm.h"
#include "lockdown/window/windows.h"

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

enum { CHANGES_MAX = 64 << 20, NAMES_MAX = 64 << 20, RETRY_MS = 5000 };
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
	lk_wake(&c->shared->orders_word);
	sk_timer_arm(c->windows->end, left + 1);
}

static void forbid(struct clerk *c)
{
	lk_lsm_maintenance(c->shared, 0);
	if (lk_window)
		atomic_store(&lk_window->open, 0);
	lk_wake(&c->shared->orders_word);
}

void lk_windows_orders(const struct clerk *c, struct lk_orders *orders)
{
	const struct lk_window_state *w = &c->windows->state;
	uint64_t now = lk_boot_ms();

	if (w->phase != LK_WINDOW_OPEN || strcmp(w->scope, sk_phone_scopes[SK_PHONE_OBSERVE]) || strcmp(w->boot, sk_clock_boot_id()) || now >= w->until_boot_ms)
		return;
	orders->mode_then = orders->mode;
	orders->until_us = lk_now_us() + (w->until_boot_ms - now) * 1000;
	orders->mode = LK_OBSERVE;
}

/* The orders are put anew, and with them whatever was derived from the old ones. */
static void renew_orders(struct clerk *c)
{
	c->now.renew = true;
	lk_enforce(c);
}

/* --- files of the recorder */

static int read_changes(const struct clerk *c, struct json_object **ret_tree)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(CHANGES_MAX);
	char path[256];
	int r;

	lk_window_path(&c->windows->state, "changes.json", path);
	r = sk_file_read(c->ctx->root_dir, path, CHANGES_MAX, &text);
	return r ? r : sk_json_parse_object(text.data, text.size, CHANGES_MAX, ret_tree, NULL);
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
	/* what was approved since the policy was signed, wherever it lies */
	for (uint32_t i = 0; !r && i < (lk_left_counts(c, c->now.orders.serial) ? c->windows->hash_count : 0); i++) {
		char hex[2 * LK_HASH + 1];

		r = sk_buf_printf(&text, "{\"sha256\":\"%s\"}\n", sk_hex(c->windows->hashes[i], LK_HASH, hex));
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

static int fill(const struct lk_window_terms *terms, uint64_t seconds, const struct sk_policy *policy, struct lk_window_state *state)
{
	const struct sk_strings *scope = &policy->lockdown.scope;
	int r = new_id(state->id);

	snprintf(state->source, sizeof state->source, "%s", terms->source);
	snprintf(state->scope, sizeof state->scope, "%s", terms->scope);
	snprintf(state->change, sizeof state->change, "%s", terms->change);
	snprintf(state->owner, sizeof state->owner, "%s", terms->owner);
	snprintf(state->consent, sizeof state->consent, "%s", terms->consent);
	snprintf(state->signed_id, sizeof state->signed_id, "%s", terms->id);
	state->signed_until = terms->signed_until;
	snprintf(state->boot, sizeof state->boot, "%s", sk_clock_boot_id());
	state->phase = LK_WINDOW_OPENING;
	state->opened_ms = sk_clock_ms();
	state->seconds = seconds;
	state->until_ms = state->opened_ms + seconds * 1000;
	state->until_boot_ms = lk_boot_ms() + seconds * 1000;
	state->keep_max = KEEP_MAX;
	memcpy(state->updaters, terms->updaters, sizeof state->updaters);
	state->updater_count = terms->updater_count;
	add_updaters(state, &policy->lockdown.updaters);
	for (size_t i = 0; !r && i < scope->count && i < LK_WINDOW_PATHS; i++) {
		state->paths[i] = sk_strdup(scope->items[i]);
		r = state->paths[i] ? 0 : sk_origin(-ENOMEM);
		state->path_count += !r;
	}
	return r;
}

static int start(struct clerk *c, const struct lk_window_terms *terms, struct sk_diag *diag)
{
	_cleanup_answer_ struct sk_policy_answer policy = {0};
	_cleanup_window_ struct lk_window_state state = {.phase = LK_WINDOW_NONE};
	struct sk_moment when = lk_moment(c);
	struct sk_place place = lk_place(c);
	enum sk_force force;
	uint64_t seconds = terms->seconds, now = lk_boot_ms();
	int64_t next;
	int r;

	if (terms->until_boot_ms)
		seconds = terms->until_boot_ms > now ? (terms->until_boot_ms - now) / 1000 : 0;
	if (!seconds)
		return sk_diag_path(diag, "", "its time was over before the tool was idle");
	r = sk_store_in_force(c->store, SK_PART_LOCKDOWN, &place, &when, &policy, &force, &next);

	if (r > 0)
		return sk_diag_path(diag, "", "no policy is in force here: everything starts, no window is needed");
	if (!r)
		r = fill(terms, seconds, &policy.policy, &state);
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
	(void)lk_signed_use(c); /* behind the state: cut short here, the next start puts it right, or the end of the window */
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
	if (w->has_pending)
		return sk_diag_path(diag, "", "a window waits for the tool to be idle already (change %s): close it first", w->pending.change);
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
	if (!w->signed_id[0]) { /* its time begins when it is open: keeping may have taken a while. A signed one ends when it says */
		w->until_boot_ms = lk_boot_ms() + w->seconds * 1000;
		w->until_ms = sk_clock_ms() + w->seconds * 1000;
	}
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
	(void)lk_signed_use(c);
	w->phase = LK_WINDOW_CLOSING;
	w->closed_ms = sk_clock_ms();
	snprintf(w->closed_by, sizeof w->closed_by, "%s", by);
	r = save(c);
	c->windows->unsaved = r != 0; /* a full disk: it is shut all the same, and the recorder begins when it is written */
	if (r)
		sk_timer_arm(c->windows->end, RETRY_MS);
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
	int r;

	w->phase = phase;
	w->decided_ms = sk_clock_ms();
	snprintf(w->decided_by, sizeof w->decided_by, "%s", by);
	r = save(c);
	if (r)
		w->phase = LK_WINDOW_CLOSED; /* as the disk has it: it can be decided again */
	return r;
}

int lk_windows_approve(struct clerk *c, bool all, const char *by, struct sk_diag *diag, uint64_t *ret_count)
{
	_cleanup_json_ struct json_object *changes = NULL;
	struct lk_window_state *w = &c->windows->state;
	struct sk_json at;
	int r;

	*ret_count = 0;
	if (w->phase != LK_WINDOW_CLOSED)
		return sk_diag_path(diag, "", "no difference waits for a decision (%s)", lk_window_phases[w->phase]);
	if (all && strcmp(w->scope, sk_phone_scopes[SK_PHONE_OBSERVE]))
		return sk_diag_path(diag, "", "this window was for trusted updaters: what others wrote takes a signed policy");
	r = read_changes(c, &changes);
	at = SK_JSON(changes, "changes", NULL);
	if (!r)
		r = lk_left_save(c, &at, all, ret_count);
	if (!r)
		r = decided(c, LK_WINDOW_APPROVED, by);
	if (!r)
		r = lk_left_load(c); /* they count from here on */
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
	_cleanup_json_ struct json_object *tree = NULL;
	struct lk_window_state *w = &c->windows->state;
	struct sk_json at;
	char path[256];

	lk_window_path(w, "restored.json", path);
	if (sk_file_read(c->ctx->root_dir, path, 65536, &text) != 0 || sk_json_parse_object(text.data, text.size, 65536, &tree, NULL) != 0)
		return;
	at = SK_JSON(tree, "restored", NULL);
	if (sk_json_u64(&at, "failed", 0, SK_JSON_MAX_INT, &w->not_restored) || lk_left_drop(c))
		return;
	w->phase = LK_WINDOW_ROLLED_BACK;
	if (save(c)) {
		w->phase = LK_WINDOW_ROLLING_BACK;
		return;
	}
	lk_windows_tell(c, SK_EVENT_WINDOW_DECIDED, c->windows->state.decided_by, "rolled-back");
	lk_control_to_link(c, SK_F_HEALTH, 0, lk_health(c));
}

/* --- what happens */

static bool is_too_late(const struct lk_windows *w)
{
	return w->pending.until_boot_ms && lk_boot_ms() >= w->pending.until_boot_ms;
}

void lk_windows_retry(struct clerk *c)
{
	struct lk_windows *w = c->windows;
	struct sk_diag diag = {0};
	enum lk_ready ready;

	if (w->has_pending) {
		ready = lk_interlock_ask(c, LK_WAITS_OPEN, NULL);
		w->has_pending = ready == LK_NOT_YET && !is_too_late(w);
		if (ready == LK_NOT_YET && !w->has_pending)
			lk_interlock_forget(c, LK_WAITS_OPEN);
		if (ready == LK_READY && start(c, &w->pending, &diag)) {
			sk_log(SK_LOG_WARNING, "the window that waited is not opened: %s", diag.text);
			lk_windows_tell(c, SK_EVENT_WINDOW_REFUSED, NULL, diag.text);
		}
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

	if (c->windows->unsaved) {
		c->windows->unsaved = save(c) != 0;
		if (c->windows->unsaved)
			sk_timer_arm(c->windows->end, RETRY_MS);
		else
			wake_recorder();
	}
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
	int r = w->phase == LK_WINDOW_NONE ? 0 : lk_signed_use(c);

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
		r = lk_left_load(c);
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
		       {"not_kept", s->not_kept}, {"not_restored", s->not_restored}, {"added", s->added}, {"changed", s->changed}, {"removed", s->removed},
		       {"left_s", open && s->until_boot_ms > now ? (s->until_boot_ms - now) / 1000 : 0}, {"known", open ? known : 0},
		       {"provisional", lk_left_counts(c, c->now.orders.serial) ? w->hash_count : 0}, {"provisional_until", w->provisional_until_ms}};

	for (size_t i = 0; !r && i < SK_ARRAY_SIZE(texts); i++)
		r = sk_json_put_string(out, texts[i].name, texts[i].value);
	for (size_t i = 0; !r && i < SK_ARRAY_SIZE(numbers); i++)
		r = sk_json_put_u64(out, numbers[i].name, numbers[i].value);
	if (!r)
		r = sk_json_put_bool(out, "closing_waits", w->closing_waits);
	return r ? sk_json_free(out) : out;
}
