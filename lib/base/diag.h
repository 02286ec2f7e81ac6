// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What is wrong with a piece of foreign input, and where: one fixed-size record that a parser fills and its
 * caller prints. A diag never allocates, so it works when memory is what ran out.
 *
 * Text inside a diag may quote the input; it is made printable (control bytes become '?') when formatted.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sk_diag {
	char source[160];  /* file name or kind of object: "policy.yaml", "batch", "frame"; "" when unknown */
	uint32_t line;     /* from 1; 0 = the place is a byte offset */
	uint32_t column;   /* from 1 */
	uint64_t offset;   /* byte offset from the start of the object, when line == 0 and has_offset */
	bool has_offset;
	char path[96];     /* place inside a tree: "programs[3].sha256"; "" when not in a tree */
	char text[256];    /* one sentence without a full stop */
};

/*
 * Each returns SK_BAD, so that a parser can `return sk_diag_at(...)`. `diag` may be NULL. `source` stays what
 * it was.
 */
int sk_diag_line(struct sk_diag *diag, uint32_t line, uint32_t column, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
int sk_diag_offset(struct sk_diag *diag, uint64_t offset, const char *format, ...) __attribute__((format(printf, 3, 4)));
int sk_diag_path(struct sk_diag *diag, const char *path, const char *format, ...) __attribute__((format(printf, 3, 4)));
void sk_diag_source(struct sk_diag *diag, const char *source);

/*
 * "source:line:column: text", "source: byte N: text", "source: path: text"; always terminated. Returns `out`.
 */
const char *sk_diag_format(const struct sk_diag *diag, char *out, size_t size);
