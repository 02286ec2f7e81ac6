// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho lockdown harden, inside: what shall stand in files below the root (plan), and putting it there and back (carry out).
 *
 * Nothing running is touched: the files take effect when the machine starts the next time, or when somebody has them read. The one
 * exception is the immutable attribute, which is a property of files and holds at once.
 */
#pragma once

#include "lockdown.h"

enum { HARDEN_FILES = 160, HARDEN_NAMES = 64, HARDEN_FILE_MAX = 1 << 20 };

enum harden_kind {
	HARDEN_NEW,  /* a file of ours */
	HARDEN_EDIT, /* a file that was there, changed */
	HARDEN_LINK, /* a symbolic link of ours; content = where to */
};

struct harden_file {
	enum harden_kind kind;
	char path[512]; /* below the root, without a leading slash */
	struct sk_buf content;
};

struct harden_plan {
	struct harden_file files[HARDEN_FILES];
	size_t count;
	char **immutable; /* paths below the root, with a leading slash */
	size_t immutable_count;
};

/* From the options and what lies below the root. CTL_*; release it in any case. */
int harden_make_plan(const struct ctl *ctl, struct harden_plan *plan);
void harden_plan_done(struct harden_plan *plan);

enum harden_state { HARDEN_ABSENT, HARDEN_IN_PLACE, HARDEN_DIFFERENT };
/* Is this file as planned? 0 or -errno. */
int harden_look(const struct ctl *ctl, const struct harden_file *file, enum harden_state *ret_state);
/* 1 it is, 0 it is not, -errno. */
int harden_is_immutable(const char *path);

/* CTL_*, with the complaint printed. CTL_FOUND: applied already, or (undo) something was changed by others since and left alone. */
int harden_apply(const struct ctl *ctl, const struct harden_plan *plan);
int harden_undo(const struct ctl *ctl);
