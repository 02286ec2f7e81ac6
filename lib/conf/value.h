// SPDX-License-Identifier: GPL-3.0-or-later
/* What apply.c, value.c, emit.c and help.c share: one value of one row. Nobody else includes this. */
#pragma once

#include "conf/node.h"

/* Where we are, while a tree is judged. */
struct sk_applier {
	struct sk_diag *diag;
	bool exact;
	char path[96]; /* "lockdown.programs[3].sha256" */
};

/* Fills the diag with the place of `node` and the path; returns SK_BAD. */
int sk_apply_bad(const struct sk_applier *a, const struct sk_node *node, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Judges `node` by `row` and stores at `member`. What was there (a default) is freed. RECORDS are apply.c's. */
int sk_value_set(struct sk_applier *a, const struct sk_setting *row, const struct sk_node *node, void *member);
/* Appends to the path; gives the old length for sk_path_back(). */
size_t sk_path_add(struct sk_applier *a, const char *key);
size_t sk_path_index(struct sk_applier *a, size_t index);
void sk_path_back(struct sk_applier *a, size_t length);

/* Frees what one member owns, and zeroes it. */
void sk_value_done(const struct sk_setting *row, void *member);
size_t sk_kind_size(enum sk_kind kind);
/* "a number from 1 to 5", for errors and help. */
const char *sk_value_describe(const struct sk_setting *row, bool ja, char *out, size_t size);
/* 536870912 -> "512M"; 90000 -> "90s". Return `out`. */
const char *sk_size_text(uint64_t bytes, char out[static 24]);
const char *sk_duration_text(uint64_t ms, char out[static 24]);
/* The row's bound, or its kind's own. */
uint64_t sk_value_max(const struct sk_setting *row);
