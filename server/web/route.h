// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The table of addresses: one row a page or action, with what it does and the least that the asker must be allowed, somewhere. The handler then checks the place.
 */
#pragma once

#include "web/req.h"

typedef int (*sk_handler)(struct sk_req *q);
typedef void (*sk_template)(struct sk_html *h, struct sk_req *q);

enum sk_route_flags {
	SK_ROUTE_OPEN = 1,    /* without sign-in */
	SK_ROUTE_OWN = 2,     /* signed in is enough: one's own settings */
	SK_ROUTE_STREAM = 4,  /* answers by itself, in pieces */
	SK_ROUTE_NO_API = 8,
	SK_ROUTE_FILE = 16,   /* the model's "file" is the answer */
	SK_ROUTE_BROWSER = 32 /* not with a token */
};

struct sk_route {
	const char *path; /* "/events/{}": the last part may stand for anything */
	bool post;
	enum sk_object object;
	enum sk_verb verb;
	unsigned flags;
	sk_handler handler;
	sk_template page;     /* NULL: an action, goes somewhere */
	sk_template fragment; /* for htmx; NULL: the whole page */
	enum sk_text title;
};

extern const struct sk_route sk_routes[];
extern const size_t sk_route_count;

/* SK_NONE: no such address; SK_DENIED: the address is there, with the other method. `id` gets what stood for {}. */
int sk_route_find(const char *path, bool post, const struct sk_route **ret_route, char *id, size_t id_size);
