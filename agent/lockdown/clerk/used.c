// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What was used and may not be used again (used.h). Pure but for reading: who uses the book writes it, under its own name and its own crash point.
 */
#include "lockdown/clerk/used.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/log.h"
#include "os/file.h"

enum { BOOT_TEXT = 36 };

void lk_used_done(struct lk_used *book)
{
	book->tree = sk_json_free(book->tree);
	book->list = NULL;
}

/* Marks of older agents were "BOOT ID". */
static int add_old(struct lk_used *book, const char *text)
{
	char boot[BOOT_TEXT + 1] = "";
	struct json_object *mark;

	if (strlen(text) <= BOOT_TEXT + 1)
		return 0;
	memcpy(boot, text, BOOT_TEXT);
	return lk_used_mark(book, text + BOOT_TEXT + 1, boot, 0, &mark);
}

static int take(struct lk_used *book, const struct sk_json *list)
{
	int r = 0;

	for (size_t i = 0; !r && i < sk_json_length(list); i++) {
		struct sk_json item = sk_json_item(list, i);

		if (json_object_is_type(item.value, json_type_string))
			r = add_old(book, json_object_get_string(item.value));
		else if (json_object_is_type(item.value, json_type_object))
			r = sk_json_append(book->list, json_object_get(item.value));
		else
			r = SK_BAD;
	}
	return r;
}

static int read_book(int root, const char *path, struct lk_used *book)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(LK_USED_BYTES);
	_cleanup_json_ struct json_object *tree = NULL;
	struct sk_json at, list;
	int r = sk_file_read(root, path, LK_USED_BYTES, &text);

	if (r)
		return r < 0 || r == SK_NONE ? r : SK_BAD;
	r = sk_json_parse_object(text.data, text.size, LK_USED_BYTES, &tree, NULL);
	at = SK_JSON(tree, "book", NULL);
	if (!r)
		r = sk_json_array(&at, "used", 2 * LK_USED_MAX, &list);
	return r ? r : take(book, &list);
}

int lk_used_load(int root, const char *path, struct lk_used *ret_book)
{
	struct lk_used book = {.tree = json_object_new_object()};
	int r = book.tree ? sk_json_put_array(book.tree, "used", &book.list) : sk_origin(-ENOMEM);

	if (!r)
		r = read_book(root, path, &book);
	if (r > 0 && r != SK_NONE)
		sk_log(SK_LOG_ERROR, "%s is damaged: what was used before is not known from it", path);
	if (r < 0)
		lk_used_done(&book);
	else
		*ret_book = book;
	return r == SK_NONE ? 0 : r < 0 ? r : r ? SK_BAD : 0;
}

static bool is_of(struct json_object *mark, const char *id)
{
	struct json_object *text;

	return json_object_object_get_ex(mark, "id", &text) && json_object_is_type(text, json_type_string) && !strcmp(json_object_get_string(text), id);
}

struct json_object *lk_used_find(const struct lk_used *book, const char *id)
{
	for (size_t i = 0; i < json_object_array_length(book->list); i++) {
		struct json_object *mark = json_object_array_get_idx(book->list, i);

		if (is_of(mark, id))
			return mark;
	}
	return NULL;
}

/* An older agent's mark has no end: it is over when there is no room, and not before. */
static bool is_over(struct json_object *mark, int64_t now)
{
	struct json_object *ends;

	return !json_object_object_get_ex(mark, "ends", &ends) || json_object_get_int64(ends) < now;
}

int lk_used_make_room(struct lk_used *book, int64_t now)
{
	for (size_t i = 0; json_object_array_length(book->list) >= LK_USED_MAX && i < json_object_array_length(book->list);) {
		if (is_over(json_object_array_get_idx(book->list, i), now))
			json_object_array_del_idx(book->list, i, 1);
		else
			i++;
	}
	return json_object_array_length(book->list) < LK_USED_MAX ? 0 : SK_FULL;
}

int lk_used_mark(struct lk_used *book, const char *id, const char *boot, int64_t ends, struct json_object **ret_mark)
{
	struct json_object *mark = lk_used_find(book, id);
	int r = 0;

	if (!mark) {
		if (json_object_array_length(book->list) >= LK_USED_MAX)
			return SK_FULL;
		mark = json_object_new_object();
		r = sk_json_append(book->list, mark);
	}
	if (!r)
		r = sk_json_put_string(mark, "id", id);
	if (!r)
		r = sk_json_put_string(mark, "boot", boot);
	if (!r)
		r = sk_json_put_i64(mark, "ends", ends);
	if (!r)
		*ret_mark = mark;
	return r;
}

int lk_used_text(const struct lk_used *book, struct sk_buf *text)
{
	return sk_json_canonical(book->tree, text);
}
