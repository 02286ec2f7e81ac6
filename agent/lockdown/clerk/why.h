// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a record says to people: who asked, by which road, which rule decided, what would allow it. And what is the same again: refusals of one file, by one
 * road, for children of one parent are told once, and then counted.
 */
#pragma once

#include <stdint.h>

#include "event/make.h"
#include "lockdown/ring.h"

enum {
	LK_WHY_LINE = 4 * LK_RECORD_PATH + 4 * LK_RECORD_ACTOR + 256,
	LK_REPEATS = 64,
	LK_REPEAT_MS = 5000,       /* the first count is told after so long; the next after twice as long, and so on */
	LK_REPEAT_MAX_MS = 60000,
};

extern const char *const lk_rule_words[LK_RULES];

/* Texts point into the record or into this. */
struct lk_why {
	const char *road; /* NULL = not known */
	const char *rule, *remedy;
	char line[LK_WHY_LINE]; /* the command or policy line that would allow it; "" = there is none */
	struct sk_event_ancestor ancestry[LK_ANCESTORS];
	char tty[LK_ANCESTORS][24], container[LK_ANCESTORS][80];
};
void lk_why_of(const struct lk_record *record, struct lk_why *ret_why);
/* "docker 0123456789ab" for a control group of a container; "" for any other. */
void lk_container_of(const char *cgroup, char *out, size_t size);
void lk_tty_name(int32_t device, char *out, size_t size);

/* One file, road and parent. The record is the first of them, with the time of the last: the first knows best who stands above. */
struct lk_repeat {
	uint64_t key;              /* 0 = free */
	uint64_t from_ms, last_ms; /* of those that were not told yet; UTC as in the records */
	uint64_t due_ms;           /* CLOCK_MONOTONIC: the count is told then */
	uint64_t wait_ms, count;
	struct lk_record record;
};
struct lk_repeats {
	struct lk_repeat list[LK_REPEATS];
};

typedef void lk_repeat_tell(void *arg, const struct lk_record *record, uint64_t count, uint64_t from_ms, uint64_t to_ms);
/* True: the record is counted and not told by itself. When all places are taken the oldest gives way, and its count is told. */
bool lk_repeat_take(struct lk_repeats *repeats, const struct lk_record *record, uint64_t now_ms, lk_repeat_tell *tell, void *arg);
/* Tells the counts that are due (all of them when `all`). Returns when to come again, 0 = not before a record. */
uint64_t lk_repeat_due(struct lk_repeats *repeats, uint64_t now_ms, bool all, lk_repeat_tell *tell, void *arg);
