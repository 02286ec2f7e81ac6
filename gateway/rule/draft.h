// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A rule while it is read. Each file kw-*.c reads one family of keywords into the draft and exports a table of them; rule-text.c splits the rule and
 * asks the tables; draft_finish() turns the draft into a rule of the set. A keyword's reader returns 0; SK_BAD after draft_refuse(); -ENOMEM.
 */
#pragma once

#include "rule/set.h"

struct draft_slot {
	uint16_t list;
	uint16_t count;
	struct test *tests; /* of RULE_TESTS_MAX, shared out of the draft's pool at the end */
};

struct draft {
	struct gw_rules *set;
	const struct gw_rules_setup *setup;
	struct rule *rule;
	const char *why;
	char why_text[240];
	/* tests in the order they were written, and the slot of each */
	struct test tests[RULE_TESTS_MAX];
	uint8_t slot_of[RULE_TESTS_MAX];
	unsigned test_count;
	uint16_t lists[RULE_SLOTS_MAX];
	unsigned slot_count;
	int slot;                /* tests go here; -1 = by `buffer` and `transforms`, at the next test */
	struct list pending;
	char pending_text[256];
	int base64;              /* test that decodes, -1 = none */
	bool decoded;            /* tests are on what it decoded */
	int last_content;        /* test; -1 = none */
	int last_test;
	struct fact facts[RULE_FACTS_MAX];
	unsigned fact_count;
	char vars[RULE_VARS_MAX][32];
	unsigned var_count;
	bool packet_only, stream_only, frame_only, wants_sid;
	const char *app_name;    /* the rule's protocol as it was written */
};

struct keyword {
	const char *name;
	int (*read)(struct draft *d, const struct keyword *k, char *value); /* value: trimmed, may be changed; NULL = none */
	const char *text; /* for the reader */
	int number;
};
extern const struct keyword keywords_meta[], keywords_content[], keywords_bytes[], keywords_packet[], keywords_buffer[], keywords_dataset[];

int draft_refuse(struct draft *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A new test in the slot that is current. */
int draft_test(struct draft *d, enum test_kind kind, struct test **ret_test);
int draft_fact(struct draft *d, enum fact_kind kind, struct fact **ret_fact);
/* Makes the slot of a buffer current, from its name in a rule. */
int draft_buffer(struct draft *d, const char *name);
/* The last content goes to another buffer (`content:"x"; http_uri;`). */
int draft_move_content(struct draft *d, const char *name);
/* A field of a protocol, "hsms.stream": true and its place. */
bool field_find(const char *name, const struct gw_proto **ret_proto, uint16_t *ret_def);
/* Some table, protocol's buffer or field has it. */
bool keyword_known(const char *name);
bool buffer_known(const char *name);
int draft_regex(struct draft *d, const char *text, size_t size, uint32_t options, pcre2_code **ret_code);
int draft_finish(struct draft *d);

/* ---- words of values (words.c) */
/* Cuts the next item at a comma, trimmed; NULL at the end. */
char *word_next(char **rest);
char *word_cut(char **rest, char at); /* at another character */
char *word_trim(char *text);
/* Takes the quotes off, and a "!" before them. SK_BAD when they do not pair. */
int word_unquote(char **text, bool *ret_negated);
/* Decimal, or hexadecimal after 0x; a sign where `low` < 0. */
bool word_number(const char *text, int64_t low, int64_t high, int64_t *ret_value);
/* A number, or a variable that byte_extract or byte_math made. */
bool word_value(const struct draft *d, const char *text, int64_t low, int64_t high, struct number *ret_number);
/* "5", "!5", "<5", ">=5", "1<>5" (5-1 exclusive). */
bool word_range(const char *text, uint64_t max, uint8_t *ret_compare, uint64_t *ret_low, uint64_t *ret_high);

/* Splits and reads one whole rule (its lines joined). 0; SK_BAD: named in *ret_keyword and d->why; -ENOMEM. */
int rule_read(struct draft *d, char *text, const char **ret_keyword);
uint32_t rule_sid_of(const char *text);
