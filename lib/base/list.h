// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Intrusive doubly linked list: the link lives in the element, the list owns nothing and allocates nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct sk_list {
	struct sk_list *next, *previous;
};

static inline void sk_list_init(struct sk_list *list)
{
	list->next = list->previous = list;
}

static inline bool sk_list_empty(const struct sk_list *list)
{
	return list->next == list;
}

static inline void sk_list_append(struct sk_list *list, struct sk_list *link)
{
	link->previous = list->previous;
	link->next = list;
	list->previous->next = link;
	list->previous = link;
}

/* Afterwards the link is a list of its own: removing it again does nothing. */
static inline void sk_list_remove(struct sk_list *link)
{
	link->previous->next = link->next;
	link->next->previous = link->previous;
	sk_list_init(link);
}

#define sk_list_entry(link, type, member) ((type *)((char *)(link) - offsetof(type, member)))
/* The element `at` may be removed while walking. */
#define sk_list_each(at, list, type, member)                                                                                          \
	for (type *at = sk_list_entry((list)->next, type, member),                                                                    \
		  *at##_next = sk_list_entry(at->member.next, type, member);                                                           \
	     &at->member != (list); at = at##_next, at##_next = sk_list_entry(at##_next->member.next, type, member))
