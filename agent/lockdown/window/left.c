// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a window leaves behind: contents that are known beside the policy because its difference was approved (provisional.json), until a newer signed policy
 * comes or their time is over. "hashes" were approved with earlier windows; "fresh" belong to "window" and count only when its state says approved too, so an
 * approval that was cut short, or could not be written whole, approves nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "lockdown/window/windows.h"
#include "os/file.h"
#include "os/point.h"

#define PROVISIONAL LOCKDOWN_FOLDER "/provisional.json"
enum { PROVISIONAL_SPACE = 4 << 20 };

bool lk_left_counts(const struct clerk *c, uint64_t serial)
{
	const struct lk_windows *w = c->windows;
	struct sk_moment when = lk_moment(c);

	return w->hash_count && serial <= w->provisional_serial && (when.wrong || (uint64_t)when.now * 1000 < w->provisional_until_ms);
}

uint32_t lk_windows_hashes(const struct clerk *c, uint64_t serial, uint8_t *hashes, uint32_t space)
{
	uint32_t count = lk_left_counts(c, serial) ? SK_MIN(c->windows->hash_count, space) : 0;

	if (count)
		memcpy(hashes, c->windows->hashes, (size_t)count * LK_HASH);
	return count;
}

/* Was the window decided that these came from? Another one that was begun since says so, too: it cannot begin before the decision. */
static bool is_approved(const struct clerk *c, const char *window)
{
	const struct lk_window_state *w = &c->windows->state;

	return strcmp(w->id, window) ? w->phase != LK_WINDOW_NONE : w->phase == LK_WINDOW_APPROVED;
}

static void add_hashes(struct lk_windows *w, const struct sk_json *list)
{
	for (size_t i = 0; i < sk_json_length(list); i++) {
		const char *hex;

		if (sk_json_item_string(list, i, 64, 64, &hex) == 0 && sk_unhex(hex, w->hashes[w->hash_count], LK_HASH) == 0)
			w->hash_count++;
	}
}

int lk_left_load(struct clerk *c)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(PROVISIONAL_SPACE);
	_cleanup_json_ struct json_object *tree = NULL;
	struct lk_windows *w = c->windows;
	struct sk_json at, list, fresh;
	const char *window;
	bool has_fresh;
	int r = sk_file_read(c->ctx->root_dir, PROVISIONAL, PROVISIONAL_SPACE, &text);

	w->hash_count = 0;
	if (r)
		return r < 0 ? r : 0;
	if (sk_json_parse_object(text.data, text.size, PROVISIONAL_SPACE, &tree, NULL) != 0)
		return 0;
	at = SK_JSON(tree, "provisional", NULL);
	if (sk_json_u64(&at, "until", 0, SK_JSON_MAX_INT, &w->provisional_until_ms) || sk_json_u64(&at, "serial", 0, SK_JSON_MAX_INT, &w->provisional_serial) ||
	    sk_json_string(&at, "window", 0, LK_WINDOW_ID, &window) || sk_json_array(&at, "hashes", LK_PROVISIONAL_MAX, &list))
		return 0;
	has_fresh = sk_json_has(&at, "fresh") && sk_json_array(&at, "fresh", LK_PROVISIONAL_MAX, &fresh) == 0 && is_approved(c, window);
	free(w->hashes);
	w->hashes = sk_calloc(sk_json_length(&list) + (has_fresh ? sk_json_length(&fresh) : 0) + 1, LK_HASH);
	if (!w->hashes)
		return sk_origin(-ENOMEM);
	add_hashes(w, &list);
	if (has_fresh)
		add_hashes(w, &fresh);
	return 0;
}

/* Those approved before stay, as long as they count. */
static int put_old_hashes(struct clerk *c, struct json_object *list)
{
	char hex[2 * LK_HASH + 1];
	int r = 0;

	if (!lk_left_counts(c, c->now.orders.serial))
		return 0;
	for (uint32_t i = 0; !r && i < c->windows->hash_count; i++)
		r = sk_json_append(list, json_object_new_string(sk_hex(c->windows->hashes[i], LK_HASH, hex)));
	return r;
}

static int put_approved(const struct sk_json *changes, bool all, struct json_object *list, size_t room, uint64_t *ret_count)
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
		if (json_object_array_length(list) >= room)
			return SK_FULL;
		r = sk_json_append(list, json_object_new_string(sk_hex(hash, LK_HASH, hex)));
		*ret_count += !r;
	}
	return r;
}

/* `changes`: of the window that is being approved; NULL = only what was approved before. */
static int write_left(struct clerk *c, const struct sk_json *changes, bool all, uint64_t *ret_count)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(PROVISIONAL_SPACE);
	_cleanup_json_ struct json_object *out = json_object_new_object();
	uint64_t until = changes ? sk_clock_ms() + (uint64_t)LK_PROVISIONAL_DAYS * 86400000 : c->windows->provisional_until_ms;
	struct json_object *list, *fresh;
	int r = out ? sk_json_put_u64(out, "until", until) : sk_origin(-ENOMEM);

	if (!r)
		r = sk_json_put_u64(out, "serial", c->now.orders.serial);
	if (!r)
		r = sk_json_put_string(out, "window", c->windows->state.id);
	if (!r)
		r = sk_json_put_array(out, "hashes", &list);
	if (!r)
		r = put_old_hashes(c, list);
	if (!r)
		r = sk_json_put_array(out, "fresh", &fresh);
	if (!r && changes)
		r = put_approved(changes, all, fresh, LK_PROVISIONAL_MAX - SK_MIN(json_object_array_length(list), (size_t)LK_PROVISIONAL_MAX), ret_count);
	if (!r)
		r = sk_json_canonical(out, &text);
	return r ? r : LK_REPLACE("window.provisional", c->ctx->root_dir, PROVISIONAL, text.data, text.size);
}

int lk_left_save(struct clerk *c, const struct sk_json *changes, bool all, uint64_t *ret_count)
{
	return write_left(c, changes, all, ret_count);
}

int lk_left_drop(struct clerk *c)
{
	_cleanup_close_ int fd = -1;

	/* nothing was ever approved: there is nothing to take out */
	if (sk_open_in(c->ctx->root_dir, PROVISIONAL, O_RDONLY, 0, &fd) == SK_NONE)
		return 0;
	return write_left(c, NULL, false, &(uint64_t){0});
}
