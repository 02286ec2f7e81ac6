// SPDX-License-Identifier: GPL-3.0-or-later
/* The items of a list of mappings one after the other, whether they are nodes already or text that was read before. Inside lib/conf. */
#pragma once

#include "base/json-lex.h"
#include "conf/node.h"

struct sk_items {
	const struct sk_node *node; /* the next */
	struct sk_arena *arena;     /* of the present item; NULL when all are nodes already */
	struct sk_lex lex;
};

/* 0 or -ENOMEM. `items` is always to be done; the list and its text must stay until then. */
int sk_items_begin(struct sk_items *items, const struct sk_node *list);
/* 0: *ret_item is good until the next call; SK_END; SK_FULL: one item has more than SK_CONF_NODES; -ENOMEM. */
int sk_items_next(struct sk_items *items, const struct sk_node **ret_item);
void sk_items_done(struct sk_items *items);
#define _cleanup_items_ __attribute__((cleanup(sk_items_done)))
