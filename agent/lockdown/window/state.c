// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * window.json: the state of the window, written by the clerk alone, durable and whole at each step; read by the recorder and after each start. So what is done
 * next never depends on what a process remembers.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "lockdown/window/window.h"
#include "os/file.h"

const char *const lk_window_phases[] = {"none",   "opening",      "open",	 "closing", "closed",
					"approved", "rolling-back", "rolled-back", NULL};

uint64_t lk_boot_ms(void)
{
	struct timespec up;

	clock_gettime(CLOCK_BOOTTIME, &up);
	return (uint64_t)up.tv_sec * 1000 + (uint64_t)up.tv_nsec / 1000000;
}

void lk_window_path(const struct lk_window_state *state, const char *name, char out[static 256])
{
	snprintf(out, 256, WINDOW_FOLDER "/%s%s%s", state->id, name[0] ? "/" : "", name);
}

void lk_window_state_done(struct lk_window_state *state)
{
	for (uint32_t i = 0; i < state->path_count; i++)
		free(state->paths[i]);
	state->path_count = 0;
}

/* --- the members, one table for reading and writing */

#define TEXT(member) {#member, offsetof(struct lk_window_state, member), sizeof((struct lk_window_state *)0)->member}
static const struct {
	const char *name;
	size_t at, size;
} texts[] = {TEXT(id), TEXT(source), TEXT(scope), TEXT(change), TEXT(owner), TEXT(consent), TEXT(closed_by), TEXT(decided_by), TEXT(boot),
	   TEXT(signed_id)};

#define NUMBER(member) {#member, offsetof(struct lk_window_state, member)}
static const struct {
	const char *name;
	size_t at;
} numbers[] = {NUMBER(opened_ms), NUMBER(until_ms), NUMBER(closed_ms), NUMBER(decided_ms), NUMBER(seconds), NUMBER(until_boot_ms), NUMBER(keep_max),
	       NUMBER(kept), NUMBER(kept_bytes), NUMBER(not_kept), NUMBER(added), NUMBER(changed), NUMBER(removed), NUMBER(not_restored), NUMBER(signed_until)};

static int read_members(const struct sk_json *at, struct lk_window_state *state)
{
	const char *text;
	size_t phase;
	int r = sk_json_word(at, "phase", lk_window_phases, &phase);

	state->phase = (enum lk_window_phase)phase;
	for (size_t i = 0; i < SK_ARRAY_SIZE(texts) && !r; i++) {
		if (!sk_json_has(at, texts[i].name)) /* an older agent's */
			continue;
		r = sk_json_string(at, texts[i].name, 0, 4096, &text);
		if (!r)
			snprintf((char *)state + texts[i].at, texts[i].size, "%s", text);
	}
	for (size_t i = 0; i < SK_ARRAY_SIZE(numbers) && !r; i++)
		if (sk_json_has(at, numbers[i].name))
			r = sk_json_u64(at, numbers[i].name, 0, SK_JSON_MAX_INT, (uint64_t *)((char *)state + numbers[i].at));
	if (!r && (!state->id[0] || state->id[strspn(state->id, "0123456789abcdefghijklmnopqrstuvwxyz-")]))
		r = sk_json_refuse(at, "id", "is none of ours");
	return r;
}

static int read_lists(const struct sk_json *at, struct lk_window_state *state)
{
	struct sk_json updaters, paths;
	const char *text;
	int r = sk_json_array(at, "updaters", LK_WINDOW_UPDATERS, &updaters);

	for (size_t i = 0; !r && i < sk_json_length(&updaters); i++) {
		r = sk_json_item_string(&updaters, i, 64, 64, &text);
		if (!r && sk_unhex(text, state->updaters[i], LK_HASH))
			r = sk_json_refuse(at, "updaters", "holds what is no hash");
		state->updater_count += !r;
	}
	if (!r)
		r = sk_json_array(at, "paths", LK_WINDOW_PATHS, &paths);
	for (size_t i = 0; !r && i < sk_json_length(&paths); i++) {
		r = sk_json_item_string(&paths, i, 1, 4096, &text);
		if (!r && !(state->paths[state->path_count] = sk_strdup(text)))
			r = sk_origin(-ENOMEM);
		state->path_count += !r;
	}
	return r;
}

int lk_window_load(int root, struct lk_window_state *ret_state)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(LK_WINDOW_STATE_MAX);
	_cleanup_json_ struct json_object *tree = NULL;
	struct lk_window_state state = {.phase = LK_WINDOW_NONE};
	struct sk_diag diag = {.source = WINDOW_STATE};
	struct sk_json at;
	char why[500];
	int r = sk_file_read(root, WINDOW_STATE, LK_WINDOW_STATE_MAX, &text);

	if (r == SK_NONE)
		return SK_NONE;
	if (r == 0)
		r = sk_json_parse_object(text.data, text.size, LK_WINDOW_STATE_MAX, &tree, &diag);
	at = SK_JSON(tree, "window", &diag);
	if (r == 0)
		r = read_members(&at, &state);
	if (r == 0)
		r = read_lists(&at, &state);
	if (r == 0) {
		*ret_state = state;
		return 0;
	}
	lk_window_state_done(&state);
	if (r > 0)
		sk_log(SK_LOG_ERROR, "the state of the maintenance window cannot be read: %s", sk_diag_format(&diag, why, sizeof why));
	return r < 0 ? r : SK_BAD;
}

int lk_window_save(int root, const struct lk_window_state *state)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(LK_WINDOW_STATE_MAX);
	_cleanup_json_ struct json_object *out = json_object_new_object();
	struct json_object *list;
	char hex[2 * LK_HASH + 1];
	int r = out ? sk_json_put_string(out, "phase", lk_window_phases[state->phase]) : sk_origin(-ENOMEM);

	for (size_t i = 0; i < SK_ARRAY_SIZE(texts) && !r; i++)
		r = sk_json_put_string(out, texts[i].name, (const char *)state + texts[i].at);
	for (size_t i = 0; i < SK_ARRAY_SIZE(numbers) && !r; i++)
		r = sk_json_put_u64(out, numbers[i].name, *(const uint64_t *)((const char *)state + numbers[i].at));
	if (!r)
		r = sk_json_put_array(out, "updaters", &list);
	for (uint32_t i = 0; i < state->updater_count && !r; i++)
		r = sk_json_append(list, json_object_new_string(sk_hex(state->updaters[i], LK_HASH, hex)));
	if (!r)
		r = sk_json_put_array(out, "paths", &list);
	for (uint32_t i = 0; i < state->path_count && !r; i++)
		r = sk_json_append(list, json_object_new_string(state->paths[i]));
	if (!r)
		r = sk_json_canonical(out, &text);
	return r ? r : LK_REPLACE("window.state", root, WINDOW_STATE, text.data, text.size);
}
