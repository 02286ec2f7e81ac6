// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * ClamAV as a program: clamscan, run in a small box, its exit code and its output read strictly.
 *
 * The box: no network, no capability but reading, only the target and the database can be read and only a folder of its own written (Landlock), limits of
 * time, memory and file size. What it prints is judged, never shown as it is: a verdict comes from the exit code together with the output, and whatever
 * does not add up is "failed", never "clean".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum accept_scan {
	ACCEPT_NOT_SCANNED, /* there is no clamscan, or it was not asked for */
	ACCEPT_CLEAN,
	ACCEPT_INFECTED,
	ACCEPT_SCAN_FAILED, /* it ran and gave no verdict on everything: the reason says why */
};
extern const char *const accept_scan_words[]; /* "not-scanned", "clean", "infected", "failed" */

#define ACCEPT_HITS 256

struct accept_hit {
	char *path;      /* as clamscan printed it, made printable */
	char name[128];  /* of the malware */
};

struct accept_clam {
	enum accept_scan scan;
	char reason[256];    /* of NOT_SCANNED and FAILED */
	char engine[64];     /* its version: "1.4.3" */
	uint64_t signatures; /* that it knows */
	uint64_t scanned, infected; /* files, as the summary says */
	struct accept_hit hits[ACCEPT_HITS];
	size_t hit_count;    /* at most ACCEPT_HITS; `infected` has them all */
};

struct accept_clam_job {
	const char *program;  /* NULL = the first clamscan of a fixed list of folders */
	const char *database; /* file or folder; NULL = clamscan's own */
	const char *target;   /* folder or file, absolute */
	uint64_t time_ms;     /* then it is killed */
	uint64_t file_max;    /* bytes: larger files are not scanned to their end, which makes the verdict "failed" */
};

/* 0 whatever the verdict; -errno when the box could not be made. Free with accept_clam_done(). */
int accept_clam_run(const struct accept_clam_job *job, struct accept_clam *ret_clam);
void accept_clam_done(struct accept_clam *clam);

/* The verdict of an exit code (-1 = killed) and what was printed: for accept_clam_run() and tests. 0 or -ENOMEM. */
int accept_clam_read(int code, const char *text, size_t size, struct accept_clam *ret_clam);
