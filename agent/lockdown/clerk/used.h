// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A book of signed papers (windows, releases) that were used here, so that none counts twice: each with its number, the boot it was used in and the time it
 * ends by. A mark stays at least until that time. When LK_USED_MAX papers were used whose time is not over, the book is full, and nothing more may be used by
 * it: what is still valid is never forgotten to make room.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "wire/json.h"

enum { LK_USED_MAX = 200, LK_USED_BYTES = 256 << 10, LK_USED_ID = 128 };

struct lk_used {
	struct json_object *tree, *list;
};
#define _cleanup_used_ __attribute__((cleanup(lk_used_done)))
void lk_used_done(struct lk_used *book);

/* 0 (also when there is none yet: an empty one); SK_BAD: it is damaged, and the book is empty; fatal. */
int lk_used_load(int root, const char *path, struct lk_used *ret_book);
/* The mark of this number: {"boot", "ends" (seconds UTC), "id", ...}; NULL = it was not used. The book's. */
struct json_object *lk_used_find(const struct lk_used *book, const char *id);
/* Forgets, only when there is no more room, what ended before `now`. 0, or SK_FULL: there is none still. */
int lk_used_make_room(struct lk_used *book, int64_t now);
/* Marks it, or its mark anew; *ret_mark is the book's, for members of one's own. 0; SK_FULL; -ENOMEM. */
int lk_used_mark(struct lk_used *book, const char *id, const char *boot, int64_t ends, struct json_object **ret_mark);
/* The book as it is written. 0; SK_FULL; -ENOMEM. */
int lk_used_text(const struct lk_used *book, struct sk_buf *text);
