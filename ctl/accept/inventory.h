// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What lies in a target: every file with its SHA-256, which of them could be run, and which programs lie inside archives.
 *
 * The looking is done by a child of its own: one capability (reading), Landlock on the target alone, no network, limits of memory and processor time; it
 * parses archives (libarchive) and is believed in nothing but what a list of files can say. The target is never executed and never written; symbolic
 * links are not followed; other file systems below it are not entered.
 *
 * A list line is "SHA256 SIZE KIND PATH": 64 hex digits, a decimal number, a word of accept_kind_words[], and the path below the target, in which each
 * byte that is not printable UTF-8, and each backslash, is \xHH. So a line is a line, whatever files are called.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/diag.h"
#include "crypto/hash.h"

enum accept_kind {
	ACCEPT_PROGRAM, ACCEPT_LIBRARY, ACCEPT_MODULE, ACCEPT_SCRIPT, /* could be run or be part of what runs */
	ACCEPT_DATA,
	ACCEPT_LINK,    /* symbolic; the hash is that of its text */
	ACCEPT_SPECIAL, /* device node, FIFO, socket; no hash */
	ACCEPT_KINDS
};
extern const char *const accept_kind_words[];
#define ACCEPT_IS_CODE(kind) ((kind) <= ACCEPT_SCRIPT)

struct accept_entry {
	char *path;
	enum accept_kind kind;
	bool member; /* inside an archive: PATH of the archive, "!/", its name there */
	uint8_t sha256[SK_SHA256_SIZE];
	uint64_t size;
};

/* What could not be looked at. */
struct accept_gap {
	char *path;
	char reason[32]; /* "unreadable", "too-large", "too-deep", "too-many", "archive-damaged", "archive-encrypted", "archive-too-large", "time" */
};

struct accept_bounds {
	uint64_t files;          /* entries, members included */
	uint64_t file_bytes;     /* of one file */
	uint64_t total_bytes;    /* hashed */
	uint64_t member_bytes;   /* of one member, unpacked */
	uint64_t unpacked_bytes; /* of all members together */
	unsigned depth;          /* folders below each other */
	unsigned nesting;        /* archives inside archives */
	uint64_t time_ms;
};
extern const struct accept_bounds accept_usual_bounds;

struct accept_inventory {
	struct accept_entry *entries; /* sorted by path (bytes) */
	size_t count, space;
	struct accept_gap *gaps;
	size_t gap_count, gap_space;
	uint64_t bytes, archives, members; /* looked at */
};

/* Looks at `target` (absolute; a folder or a file) in a child. 0 (gaps say what is missing), -errno. */
int accept_look(const char *target, const struct accept_bounds *bounds, struct accept_inventory *ret_inventory);
void accept_inventory_done(struct accept_inventory *inventory);
const struct accept_entry *accept_find(const struct accept_inventory *inventory, const char *path);

/* The child's side, without a child: for tests. Writes list lines and "! REASON PATH" lines to `out`. */
int accept_walk(const char *target, const struct accept_bounds *bounds, int out);

/* The list of what counts for the content's digest (members never; only code when `code_only`), and SHA-256 of it. 0, SK_FULL, -ENOMEM. */
int accept_list_write(const struct accept_inventory *inventory, bool code_only, struct sk_buf *out, uint8_t ret_digest[static SK_SHA256_SIZE]);
/* A list as written above (or as the child says it) into an inventory. 0, SK_BAD with the line, -ENOMEM. */
int accept_list_read(const char *text, size_t size, struct accept_inventory *ret_inventory, struct sk_diag *diag);

/* What a file is by its first bytes, its name and its mode. */
enum accept_kind accept_classify(const void *head, size_t size, const char *name, unsigned mode);
/* Do its first bytes say that programs may lie inside? */
bool accept_is_archive(const void *head, size_t size);
/* Appends a path as a list line has it. */
int accept_put_path(struct sk_buf *out, const char *path, size_t size);
