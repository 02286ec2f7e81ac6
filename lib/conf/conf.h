// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One declared table per part makes the parser, the validation, `--help-config`, the manual page and (for policies) the canonical form.
 *
 * A row names a key, its type, where its value goes in the part's own structure, its default and its bounds. A key with dots
 * ("users.spool") lies in nested mappings. A row of kind RECORDS holds a list of mappings, each described by a table of its own. What no row names is
 * an error with its place and, where one is near, "did you mean".
 *
 *     struct my_conf { char *listen; uint64_t cap; int level; };
 *     static const char *const levels[] = {"low", "high", NULL};
 *     static const struct sk_setting rows[] = {
 *             {"listen", SK_KIND_STRING, SK_AT(struct my_conf, listen), .fallback = "127.0.0.1:8443", .max = 64, .en = "...", .ja = "..."},
 *             {"spool.cap", SK_KIND_SIZE, SK_AT(struct my_conf, cap), .fallback = "512M", .min = 1 << 20, .max = 1ull << 40, .en = ...},
 *             {"level", SK_KIND_ENUM, SK_AT(struct my_conf, level), .names = levels, .fallback = "low", .en = ...},
 *             {0}};
 *     const struct sk_table my_table = {"agent.yaml", sizeof(struct my_conf), rows, .en = "...", .ja = "..."};
 *
 * The structure owns what was put in; sk_conf_done() frees it all. YAML 1.1 by libyaml, within bounds set before: no aliases, anchors,
 * tags or second document, no key twice, at most SK_CONF_DEPTH levels and SK_CONF_MAX bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/diag.h"

#define SK_CONF_MAX (48u << 20)
#define SK_CONF_DEPTH 12
#define SK_CONF_NODES 1300000   /* keys and values in one document */
#define SK_CONF_TEXT_MAX 65536 /* bytes of one scalar, whatever its row allows */

/* The C type at the offset is in brackets. Bounds `min` and `max` (0 = the kind's own) mean what is behind it. */
enum sk_kind {
	SK_KIND_STRING = 1, /* [char *] bytes. UTF-8 without control characters. NULL when absent and without default */
	SK_KIND_ENUM,       /* [int] index into `names` */
	SK_KIND_BOOL,       /* [bool] */
	SK_KIND_INT,        /* [int64_t] value; 0 to 2^53 - 1 */
	SK_KIND_SIZE,       /* [uint64_t] bytes; written "64K", "512M", "2G" or a plain number */
	SK_KIND_DURATION,   /* [uint64_t] milliseconds; written "250ms", "30s", "12h", "7d" */
	SK_KIND_TIME,       /* [int64_t] seconds since the epoch; written 2026-11-23T10:00:00Z or 2026-11-23. 0 = absent */
	SK_KIND_PATH,       /* [char *] absolute, without "." and ".." parts */
	SK_KIND_USER,       /* [char *] user name or number; sk_conf_user() turns it into ids */
	SK_KIND_HASH,       /* [uint8_t[32]] 64 hex digits, lower-case when written */
	SK_KIND_STRINGS,    /* [struct sk_strings] items; each within SK_CONF_TEXT_MAX. `item_max` = bytes of an item */
	SK_KIND_PATHS,      /* [struct sk_strings] items, each a PATH */
	SK_KIND_PAIRS,      /* [struct sk_pairs] a mapping from free keys to strings */
	SK_KIND_RECORDS     /* [struct sk_records] items, each described by `inner` */
};

struct sk_strings {
	char **items;
	size_t count;
};

struct sk_pair {
	char *key, *value;
};

struct sk_pairs {
	struct sk_pair *items;
	size_t count;
};

struct sk_records {
	void *items; /* an array of the inner table's structure */
	size_t count;
};

struct sk_table;

struct sk_setting {
	const char *key;
	enum sk_kind kind;
	size_t offset;
	size_t size;             /* of the member: checked against the kind by sk_table_check() */
	const char *fallback;    /* default, as written in YAML; NULL: all zero */
	bool required;
	bool quiet;              /* not written when it equals the default (number, word, true or false): a key that came later */
	uint64_t min, max;
	uint32_t item_max;
	const char *const *names;
	const struct sk_table *inner;
	const char *en, *ja;     /* one sentence for people */
};

#define SK_AT(type, member) .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)

struct sk_table {
	const char *name;              /* of the file or the object: "agent.yaml", "program" */
	size_t size;                   /* of the structure */
	const struct sk_setting *rows; /* ends with key NULL */
	const char *en, *ja;           /* what the file is for */
};

/*
 * Reads a YAML text. `object` (table->size bytes, any content) is filled with defaults and what the text says. 0; SK_BAD with
 * line and column; fatal. On anything but 0 `object` is all zero and owns nothing. An empty text is a mapping without keys.
 */
int sk_conf_parse(const struct sk_table *table, const char *text, size_t size, void *object, struct sk_diag *diag);
/* The same for a file. `optional`: a file that does not exist is an empty one. SK_NONE when it cannot be read (diag says why). */
int sk_conf_load(const struct sk_table *table, const char *path, bool optional, void *object, struct sk_diag *diag);
/* Defaults alone. */
int sk_conf_defaults(const struct sk_table *table, void *object, struct sk_diag *diag);
/* Frees what the object owns and zeroes it. */
void sk_conf_done(const struct sk_table *table, void *object);

/* SK_BAD with a sentence when the table itself is wrong (kind and member size, default outside the bounds, no help). For unit tests. */
int sk_table_check(const struct sk_table *table, struct sk_diag *diag);

/* A user row's ids. 0; SK_NONE when the machine has no such user; fatal. */
int sk_conf_user(const char *user, uid_t *ret_uid, gid_t *ret_gid);

/* `--help-config`: every key with type, default, bounds and sentence. `ja` chooses the language. */
int sk_conf_help(const struct sk_table *table, bool ja, struct sk_buf *out);
/* The manual page (mdoc), section 5, of the same table. `page` is "sekisho-agent.yaml". */
int sk_conf_manual(const struct sk_table *table, const char *page, struct sk_buf *out);
/* An example file: every key as a comment with its default. */
int sk_conf_example(const struct sk_table *table, bool ja, struct sk_buf *out);

enum sk_conf_form { SK_CONF_HELP, SK_CONF_EXAMPLE, SK_CONF_MANUAL };
/* One of the three on standard output, for the options of a program (`page` is for the manual alone). 0 or -errno. */
int sk_conf_print(const struct sk_table *table, enum sk_conf_form form, const char *page, bool ja);

/* RFC 3339 in UTC with whole seconds ("2026-11-23T10:00:00Z"), or a date alone (midnight). 0 or SK_BAD. Years 1970 to 9999. */
int sk_time_parse(const char *text, int64_t *ret_seconds);
/* `out` has 21 bytes. Returns `out`. */
char *sk_time_text(int64_t seconds, char out[static 21]);
