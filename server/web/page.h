// SPDX-License-Identifier: GPL-3.0-or-later
/* What pages (server/web/pages/NAME.html) may call beside html.h: times, sizes, names of our words, small pieces of HTML. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "web/asset-file.h"
#include "web/req.h"
#include "web/route.h"

/* Walks an array member: `EACH(row, model, "rows") { ... }`. */
#define EACH(name, object, path)                                                                                                       \
	for (size_t name##_i = 0, name##_n = sk_field_count(object, path); name##_i < name##_n; name##_i++)                              \
		for (json_object *name = json_object_array_get_idx(sk_field_at(object, path), name##_i), *name##_once = name; name##_once;   \
		     name##_once = NULL)
#define IS(object, path, word) (strcmp(sk_field_text(object, path), word) == 0)
#define HAS(object, path) (sk_field_text(object, path)[0] != '\0')

/* <time> with the server's local time, the date left out when it is today's and `brief`; the title has UTC. Nothing for 0. */
void sk_show_time(struct sk_html *h, int64_t ms, bool brief);
/* "3 min ago" from now; the title has the time. */
void sk_show_ago(struct sk_html *h, int64_t ms);
void sk_show_bytes(struct sk_html *h, int64_t bytes);
/* First 12 digits of a hash; the title has all. */
void sk_show_hash(struct sk_html *h, const char *hash);
void sk_show_number(struct sk_html *h, int64_t value); /* 12,345 */
/* "acme / kumamoto"; "everywhere". */
void sk_show_place(struct sk_html *h, const char *org, const char *site);
/* <span class="badge KIND">text</span> */
void sk_show_badge(struct sk_html *h, const char *kind, enum sk_text text);
/* Words that come from the agent or from fleet, in the reader's language; an unknown word as it is. */
void sk_show_severity(struct sk_html *h, int64_t severity);
void sk_show_event_name(struct sk_html *h, json_object *event);
void sk_show_mode(struct sk_html *h, const char *mode);
void sk_show_word(struct sk_html *h, const char *group, const char *word);
/* What an attack class is, in the reader's language; an unknown one as it is. */
void sk_show_attack(struct sk_html *h, const char *id);
bool sk_word_known(const char *group, const char *word);
/* The text of a word, where no page shows it. */
enum sk_text sk_word_text(const char *group, const char *word, enum sk_text fallback);
/* What the event is about: a path, a policy, a range. */
const char *sk_event_subject(json_object *event);
const char *sk_request_subject(json_object *request);
/* A hidden CSRF field. */
void sk_show_csrf(struct sk_html *h, struct sk_req *q);
/* The notice that a redirect carries (?done=WORD). */
void sk_show_done(struct sk_html *h, struct sk_req *q);
const char *sk_zone_name(void);
/* The first part of the path, for the menu. */
bool sk_here(const struct sk_req *q, const char *path);
bool sk_chosen(const struct sk_form *form, const char *name, const char *value);
